import { Arena } from "storage/arena";
import { exclusiveOr } from "storage/exclusive_or";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";

export default function (suite: Suite): void {
	suite.test("exclusive or: ranges of 0 to 40 bytes at any alignment, and nothing beside them", (check) => {
		const arena = new Arena(128);
		const { buffer, bytes } = arena;
		for (let length = 0; length <= 40; length++)
			for (let shift = 0; shift < 8; shift++) {
				for (let i = 0; i < 128; i++) bytes[i] = i * 29 + length;
				exclusiveOr(buffer, 3, 64 + shift, length);
				for (let i = 0; i < 128; i++) {
					const before = (i * 29 + length) & 0xff;
					const inside = i >= 3 && i < 3 + length;
					const other = ((i - 3 + 64 + shift) * 29 + length) & 0xff;
					if (bytes[i] !== (inside ? before ^ other : before)) check.fail(`length ${length}, shift ${shift}, byte ${i}`);
				}
			}
		exclusiveOr(buffer, 10, 10, 20);
		check.hex(buffer, 10, "00".repeat(20), "a range into itself");
	});

	suite.test("exclusive or: bounds are checked, and a call costs nothing", (check) => {
		const { buffer } = new Arena(64);
		exclusiveOr(buffer, 64, 0, 0);
		exclusiveOr(buffer, 32, 0, 32);
		check.throws(() => exclusiveOr(buffer, 33, 0, 32), "outside");
		check.throws(() => exclusiveOr(buffer, 0, 33, 32), "outside");
		check.throws(() => exclusiveOr(buffer, 0, 0, 65), "outside");
		check.throws(() => exclusiveOr(buffer, -1, 0, 1), "not an offset");
		check.throws(() => exclusiveOr(buffer, 0, 0, -1), "not an offset");
		check.throws(() => exclusiveOr(buffer, 0, 0, Number.NaN), "not an offset");
		check.throws(() => exclusiveOr(buffer, 0x7fffffff, 0, 0x7fffffff), "outside");
		const allocation = new Allocation();
		allocation.begin();
		for (let i = 0; i < 100; i++) exclusiveOr(buffer, 0, 32, 32);
		allocation.expectNone(check);
	});
}
