import { DatagramStatus } from "net/datagram";
import type { DatagramWriter } from "net/packet_queue";
import { DROPPED, PacketQueue, QUEUED, SENT } from "net/packet_queue";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";

const SIZE = 16;
const BLOCKS = 4;

/** A host whose answer the test sets. */
class Host implements DatagramWriter {
	/** undefined: takes everything. */
	answer: number | undefined;
	/** Takes so many, then `answer`. */
	takes = 0;
	calls = 0;
	/** First bytes of what was sent, and peers. */
	sent = "";
	write(buffer: ArrayBuffer, offset: number, length: number, peer: number): number {
		this.calls++;
		if (this.answer !== undefined && this.takes-- <= 0) return this.answer;
		this.sent += `${new DataView(buffer).getUint8(offset)}/${length}>${peer} `;
		return length;
	}
}

/** A host that costs nothing to ask. */
class Mute implements DatagramWriter {
	turn = 0;
	write(_buffer: ArrayBuffer, _offset: number, length: number): number {
		const turn = this.turn++ % 7;
		return turn === 3 ? DatagramStatus.AGAIN : turn === 5 ? DatagramStatus.NO_MEMORY : length;
	}
}

class Bench {
	readonly arena = new Arena(BLOCKS * SIZE + SIZE);
	readonly pool = new PacketPool(this.arena, 0, BLOCKS, SIZE);
	readonly host = new Host();
	readonly queue = new PacketQueue({ arena: this.arena, pool: this.pool, writer: this.host, batch: 8, age: 1000 });
	readonly scratch = BLOCKS * SIZE;

	send(mark: number, priority: number, now: number, length = 10): number {
		this.arena.bytes[this.scratch] = mark;
		return this.queue.send(this.scratch, length, priority + 10, priority, now);
	}
}

export default function (suite: Suite): void {
	suite.test("packet queue: what the host takes goes out from where it lies", (check) => {
		const bench = new Bench();
		check.equal(bench.send(1, 0, 0), SENT);
		check.equal(bench.host.sent, "1/10>10 ");
		check.equal(bench.pool.peak, 0, "blocks");
		check.equal(bench.queue.deadline, Infinity);
	});

	suite.test(
		"packet queue: EAGAIN keeps packets until the socket is writable; important ones go first, each kind in order",
		(check) => {
			const bench = new Bench();
			bench.host.answer = DatagramStatus.AGAIN;
			check.equal(bench.send(1, 2, 0), QUEUED);
			check.ok(bench.queue.wantsWritable, "wants to know");
			check.equal(bench.queue.deadline, Infinity, "no timer");
			check.equal(bench.send(2, 2, 0), QUEUED);
			check.equal(bench.send(3, 0, 0), QUEUED);
			check.equal(bench.host.calls, 1, "not asked again in between");
			bench.host.answer = undefined;
			bench.queue.flush(1);
			check.equal(bench.host.sent, "3/10>10 1/10>12 2/10>12 ");
			check.equal(bench.pool.used, 0);
			check.equal(bench.queue.waiting, 0);
			check.ok(!bench.queue.wantsWritable);
			check.equal(bench.queue.counters[2].queued, 2);
		},
	);

	suite.test("packet queue: a full one drops the oldest packet of the lowest priority, counted for that priority", (check) => {
		const bench = new Bench();
		bench.host.answer = DatagramStatus.AGAIN;
		bench.send(1, 3, 0);
		bench.send(2, 3, 0);
		bench.send(3, 1, 0);
		bench.send(4, 1, 0);
		check.equal(bench.send(5, 0, 0), QUEUED, "pushes out 1");
		check.equal(bench.send(6, 2, 0), QUEUED, "pushes out 2");
		check.equal(bench.send(7, 3, 0), DROPPED, "everything is more important");
		check.equal(bench.send(8, 2, 0), QUEUED, "pushes out 6");
		bench.host.answer = undefined;
		bench.queue.flush(0);
		check.equal(bench.host.sent, "5/10>10 3/10>11 4/10>11 8/10>12 ");
		check.equal(bench.queue.counters[3].dropped, 3);
		check.equal(bench.queue.counters[2].dropped, 1);
		check.equal(bench.queue.counters[0].dropped + bench.queue.counters[1].dropped, 0);
	});

	suite.test("packet queue: ENOMEM waits 2, 4 .. 64 ms, and 2 again once one was sent; nothing is asked in between", (check) => {
		const bench = new Bench();
		bench.host.answer = DatagramStatus.NO_MEMORY;
		bench.send(1, 0, 0);
		let now = 0;
		let waits = "";
		for (let i = 0; i < 7; i++) {
			waits += `${bench.queue.deadline - now} `;
			const calls = bench.host.calls;
			bench.queue.flush(bench.queue.deadline - 0.5);
			check.equal(bench.host.calls, calls, "calls before its time");
			now = bench.queue.deadline;
			bench.queue.flush(now);
		}
		check.equal(waits, "2 4 8 16 32 64 64 ");
		bench.host.takes = 1;
		now = bench.queue.deadline;
		bench.queue.flush(now);
		check.equal(bench.host.sent, "1/10>10 ");
		check.equal(bench.queue.deadline, Infinity);
		bench.send(2, 0, now);
		check.equal(bench.queue.deadline - now, 2, "after one was sent");
		check.equal(bench.queue.shortages, 9);
	});

	suite.test("packet queue: what waited for too long, and what the host refuses, goes and is counted", (check) => {
		const bench = new Bench();
		bench.host.answer = DatagramStatus.AGAIN;
		bench.send(1, 1, 0);
		bench.send(2, 1, 60);
		bench.host.answer = undefined;
		bench.queue.flush(1001);
		check.equal(bench.host.sent, "2/10>11 ");
		check.equal(bench.queue.counters[1].stale, 1);
		bench.host.answer = DatagramStatus.FAILED;
		check.equal(bench.send(3, 1, 102), DROPPED);
		check.equal(bench.send(4, 1, 102), DROPPED);
		check.equal(bench.queue.failures, 2, "in a row");
		check.equal(bench.queue.counters[1].failed, 2);
		bench.host.answer = undefined;
		bench.send(5, 1, 103);
		check.equal(bench.queue.failures, 0);
		check.equal(bench.pool.used, 0);
	});

	suite.test("packet queue: one turn sends a bounded number, the rest comes in the next", (check) => {
		const arena = new Arena(20 * SIZE);
		const host = new Host();
		const pool = new PacketPool(arena, 0, 20, SIZE);
		const queue = new PacketQueue({ arena, pool, writer: host, batch: 8 });
		host.answer = DatagramStatus.AGAIN;
		for (let i = 0; i < 20; i++) queue.commit(queue.take(1), i * SIZE, 4, 0, 1, 0);
		host.answer = undefined;
		queue.flush(5);
		check.equal(queue.waiting, 12);
		check.equal(queue.deadline, 5, "at once, in a turn of its own");
		queue.flush(5);
		queue.flush(5);
		check.equal(queue.waiting, 0);
		check.equal(queue.deadline, Infinity);
		check.equal(pool.used, 0);
	});

	suite.test("packet queue: a block made in place goes out without a copy, or waits where it is", (check) => {
		const bench = new Bench();
		const block = bench.queue.take(0);
		const at = bench.pool.offset(block);
		bench.arena.bytes[at + 4] = 42;
		bench.host.answer = DatagramStatus.AGAIN;
		check.equal(bench.queue.commit(block, at + 4, 7, 3, 0, 0), QUEUED);
		bench.host.answer = undefined;
		bench.queue.flush(1);
		check.equal(bench.host.sent, "42/7>3 ");
		check.equal(bench.send(1, 0, 0, SIZE + 1), SENT, "longer than a block, at once");
		bench.host.answer = DatagramStatus.AGAIN;
		check.equal(bench.send(1, 0, 0, SIZE + 1), DROPPED, "longer than a block, and it would have to wait");
		check.equal(bench.pool.used, 0);
	});

	suite.test("packet queue: 100,000 packets through shortages cost no slot and no chunk", (check) => {
		const arena = new Arena((BLOCKS + 1) * SIZE);
		const pool = new PacketPool(arena, 0, BLOCKS, SIZE);
		const queue = new PacketQueue({ arena, pool, writer: new Mute() });
		const allocation = new Allocation();
		for (let i = 0; i < 100_100; i++) {
			if (i === 100) allocation.begin();
			queue.send(BLOCKS * SIZE, 10, 1, i & 3, i);
			if (i % 3 === 0) queue.flush(i);
		}
		allocation.expectNone(check);
		queue.clear();
		check.equal(pool.used, 0);
	});
}
