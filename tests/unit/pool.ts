import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import type { Suite } from "unit/suite";

export default function pool(suite: Suite): void {
	suite.test("pool: every block once, apart from each other, then none", (check) => {
		const pool = new PacketPool(new Arena(100), 10, 3, 30);
		const seen = [false, false, false];
		for (let i = 0; i < 3; i++) {
			const block = pool.take();
			check.ok(!seen[block]);
			seen[block] = true;
			check.equal(pool.offset(block), 10 + block * 30);
		}
		check.equal(pool.take(), -1);
		check.equal(pool.exhausted, 1);
		check.equal(pool.used, 3);
	});
	suite.test("pool: a released block is taken again, its length is 0 then", (check) => {
		const pool = new PacketPool(new Arena(100), 0, 2, 50);
		const first = pool.take();
		pool.take();
		pool.lengths[first] = 17;
		pool.release(first);
		check.equal(pool.used, 1);
		check.equal(pool.take(), first);
		check.equal(pool.lengths[first], 0);
		check.equal(pool.peak, 2);
	});
	suite.test("pool: a program's mistakes are refused", (check) => {
		const arena = new Arena(100);
		check.throws(() => new PacketPool(arena, 0, 3, 40), "region");
		const pool = new PacketPool(arena, 0, 2, 50);
		check.throws(() => pool.release(0), "not taken");
		check.throws(() => pool.release(7), "not taken");
		const block = pool.take();
		pool.release(block);
		check.throws(() => pool.release(block), "not taken");
	});
}
