import { monotonic, wall } from "time/clock";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";

/** 2024-01-01: a host whose clock was never set shows an earlier time. */
const PLAUSIBLE = 1704067200000;

export default function (suite: Suite): void {
	suite.test("clock: monotonic never goes back and has a fraction", (check) => {
		let last = monotonic();
		let fractions = 0;
		let backwards = 0;
		for (let i = 0; i < 10000; i++) {
			const now = monotonic();
			if (now < last) backwards++;
			if (now !== Math.floor(now)) fractions++;
			last = now;
		}
		check.equal(backwards, 0, "steps back");
		check.ok(fractions > 9000, "fractions");
	});

	suite.test("clock: wall is the time of day in milliseconds", (check) => {
		check.ok(wall() > PLAUSIBLE, "after 2024");
		check.ok(Math.abs(wall() - Date.now()) < 1000, "agrees with Date");
	});

	suite.test("clock: reading costs no slot and no chunk", (check) => {
		const allocation = new Allocation();
		let sum = 0;
		allocation.begin();
		for (let i = 0; i < 10000; i++) sum += monotonic() + wall();
		allocation.expectNone(check);
		check.ok(sum > 0);
	});
}
