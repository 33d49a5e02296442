import type { RandomSource } from "time/backoff";
import { Backoff, withJitter } from "time/backoff";
import type { Suite } from "unit/suite";

function always(fraction: number): RandomSource {
	return { fraction: () => fraction };
}

export default function backoff(suite: Suite): void {
	suite.test("backoff: delays grow by the factor up to the limit, for ever", (check) => {
		const backoff = new Backoff({ first: 100, limit: 1000, factor: 3, random: always(0) });
		let delays = "";
		for (let i = 0; i < 6; i++) delays += backoff.next() + " ";
		check.equal(delays, "100 300 900 1000 1000 1000 ");
		check.equal(backoff.attempts, 6);
	});
	suite.test("backoff: starts again after a success", (check) => {
		const backoff = new Backoff({ first: 100, limit: 1000, random: always(0) });
		backoff.next();
		backoff.next();
		backoff.reset();
		check.equal(backoff.attempts, 0);
		check.equal(backoff.next(), 100);
	});
	suite.test("backoff: the random part is added, a share of the delay at most", (check) => {
		check.equal(new Backoff({ first: 100, limit: 100, jitter: 0.5, random: always(0.5) }).next(), 125);
		check.equal(withJitter(1000, 0.1, always(0)), 1000);
		check.ok(Math.abs(withJitter(1000, 0.1, always(0.999)) - 1099.9) < 0.001);
	});
	suite.test("backoff: impossible options are refused", (check) => {
		check.throws(() => new Backoff({ first: 0, limit: 10, random: always(0) }), "backoff");
		check.throws(() => new Backoff({ first: 20, limit: 10, random: always(0) }), "backoff");
		check.throws(() => new Backoff({ first: 1, limit: 10, factor: 0.5, random: always(0) }), "backoff");
		check.throws(() => new Backoff({ first: 1, limit: 10, jitter: 2, random: always(0) }), "backoff");
	});
}
