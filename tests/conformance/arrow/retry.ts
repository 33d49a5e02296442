import { CLOSE_LOST, CLOSE_REDIRECT, CLOSE_UNAUTHORIZED, CLOSE_UNSUPPORTED_VERSION } from "arrow/constants";
import { Retry } from "arrow/retry";
import type { ArrowSwitches } from "arrow/switches";
import { withSwitches } from "arrow/switches";
import { TIMES } from "arrow/times";
import type { Suite } from "unit/suite";

function retry(switches: Partial<ArrowSwitches> = {}, fraction = 0): Retry {
	return new Retry(TIMES, withSwitches(switches), { fraction: () => fraction }, 0);
}

const MINUTE = 60000;

export default function retries(suite: Suite): void {
	suite.test(
		"ARROW-37 ARROW-C2 other failures: 60 s after the start of the attempt, plus up to 10 %; at once when that is past",
		(check) => {
			const plain = retry();
			plain.attempt(1000);
			check.equal(plain.next(CLOSE_LOST, false, 6000), 61000);
			check.equal(plain.next(CLOSE_LOST, false, 60999), 61000);
			check.equal(plain.next(CLOSE_LOST, true, 70000), 70000);
			const random = retry({}, 0.999999);
			random.attempt(0);
			const at = random.next(CLOSE_LOST, false, 10);
			check.ok(at > 65999 && at <= 66000);
			const exact = retry({ retryJitter: 0 }, 0.9);
			exact.attempt(0);
			check.equal(exact.next(CLOSE_LOST, false, 10), 60000);
		},
	);
	suite.test("ARROW-37 not authorized: 10 s in the first 10 minutes, 30 s until 20, then every 10 minutes, for ever", (check) => {
		const plain = retry();
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 0), 10000);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 10 * MINUTE - 1), 10 * MINUTE - 1 + 10000);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 10 * MINUTE), 10 * MINUTE + 30000);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 20 * MINUTE - 1), 20 * MINUTE - 1 + 30000);
		check.equal(plain.slow, false);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 20 * MINUTE), 30 * MINUTE);
		check.equal(plain.slow, true);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 100000 * MINUTE), 100010 * MINUTE);
	});
	suite.test("ARROW-37 the pairing clock starts again by pair, and when an established connection is lost", (check) => {
		const plain = retry();
		plain.next(CLOSE_UNAUTHORIZED, false, 30 * MINUTE);
		plain.pair(31 * MINUTE);
		check.equal(plain.slow, false);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 32 * MINUTE), 32 * MINUTE + 10000);
		plain.established();
		plain.attempt(99 * MINUTE);
		check.equal(plain.next(CLOSE_LOST, true, 100 * MINUTE), 100 * MINUTE);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 105 * MINUTE), 105 * MINUTE + 10000);
		const boot = retry({ pairingClock: "boot" });
		boot.next(CLOSE_LOST, true, 100 * MINUTE);
		check.equal(boot.next(CLOSE_UNAUTHORIZED, false, 105 * MINUTE), 115 * MINUTE);
	});
	suite.test("ARROW-37 unsupported version: every hour", (check) => {
		const plain = retry();
		check.equal(plain.next(CLOSE_UNSUPPORTED_VERSION, false, 5000), 5000 + 60 * MINUTE);
		check.equal(plain.slow, true);
		plain.established();
		check.equal(plain.slow, false);
	});
	suite.test("ARROW-37 switch pairingEnd: suspend until pair", (check) => {
		const plain = retry({ pairingEnd: "suspend" });
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 20 * MINUTE), Infinity);
		check.equal(plain.next(CLOSE_UNSUPPORTED_VERSION, false, MINUTE), Infinity);
		plain.pair(30 * MINUTE);
		check.equal(plain.next(CLOSE_UNAUTHORIZED, false, 30 * MINUTE), 30 * MINUTE + 10000);
	});
	suite.test("ARROW-13 redirects are followed at once, five in 60 s, then as other failures", (check) => {
		const plain = retry();
		for (let i = 0; i < 5; i++) {
			plain.attempt(i * 1000);
			check.equal(plain.next(CLOSE_REDIRECT, true, i * 1000 + 500), i * 1000 + 500);
		}
		plain.attempt(5000);
		check.equal(plain.next(CLOSE_REDIRECT, true, 5500), 65000);
		plain.attempt(60500);
		check.equal(plain.next(CLOSE_REDIRECT, true, 60600), 60600);
		const free = retry({ redirectLimit: 0 });
		free.attempt(0);
		for (let i = 0; i < 20; i++) check.equal(free.next(CLOSE_REDIRECT, true, i), i);
	});
	suite.test("ARROW-37 at most 100 REGISTERs in any 20 minutes, whatever the reasons", (check) => {
		const plain = retry({ redirectLimit: 0 });
		for (let i = 0; i < 100; i++) {
			plain.attempt(i * 100);
			plain.registered(i * 100);
			if (i < 99) check.equal(plain.next(CLOSE_REDIRECT, true, i * 100 + 50), i * 100 + 50);
		}
		check.equal(plain.next(CLOSE_REDIRECT, true, 10000), 20 * MINUTE);
		plain.registered(20 * MINUTE);
		check.equal(plain.next(CLOSE_REDIRECT, true, 20 * MINUTE), 20 * MINUTE + 1000);
		// After years, too, to the second.
		const old = retry({ redirectLimit: 0 });
		const years = 86400000 * 365 * 5 + 1000;
		for (let i = 0; i < 100; i++) old.registered(years);
		check.equal(old.next(CLOSE_REDIRECT, true, years), years + 20 * MINUTE);
	});
}
