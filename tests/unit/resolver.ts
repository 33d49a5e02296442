import Resolver from "net/resolver";
import Timer from "time/timer";
import type { Check, Suite } from "unit/suite";

/** Resolves `name` and states the answer, and the reason where there is none. */
function expectAnswer(check: Check, done: () => void, name: string, address: string | undefined, error: string): void {
	let called = false;
	const resolver = new Resolver({
		onResolved(answer): void {
			check.ok(called, "not before resolve has returned");
			check.equal(answer, address);
			check.equal(resolver.error, error);
			check.equal(resolver.addresses, address ?? "");
			resolver.close();
			resolver.close();
			done();
		},
	});
	resolver.resolve(name);
	called = true;
}

function cancelled(check: Check, done: () => void): void {
	let answers = 0;
	const names = ["127.0.0.1", "localhost", "name.invalid"];
	const resolvers: Resolver[] = [];
	for (let i = 0; i < names.length; i++) {
		const resolver = new Resolver({
			onResolved(): void {
				answers++;
			},
		});
		resolver.resolve(names[i] as string);
		resolver.cancel();
		resolver.cancel();
		resolvers.push(resolver);
	}
	const timer = new Timer({
		onTimer(): void {
			timer.close();
			check.equal(answers, 0);
			for (let i = 0; i < resolvers.length; i++) (resolvers[i] as Resolver).close();
			done();
		},
	});
	timer.schedule(100);
}

function replaced(check: Check, done: () => void): void {
	let answers = 0;
	const resolver = new Resolver({
		onResolved(address): void {
			answers++;
			check.equal(address, "192.0.2.7");
		},
	});
	resolver.resolve("localhost");
	resolver.resolve("192.0.2.9");
	resolver.resolve("192.0.2.7");
	const timer = new Timer({
		onTimer(): void {
			timer.close();
			check.equal(answers, 1);
			resolver.close();
			done();
		},
	});
	timer.schedule(100);
}

function many(check: Check, done: () => void): void {
	let answers = 0;
	for (let i = 0; i < 12; i++) {
		const resolver = new Resolver({
			onResolved(address): void {
				check.equal(address, "127.0.0.1");
				resolver.close();
				if (++answers === 12) done();
			},
		});
		resolver.resolve("localhost");
	}
}

function again(check: Check, done: () => void): void {
	let answers = 0;
	const resolver = new Resolver({
		onResolved(address): void {
			check.equal(address, answers % 2 ? "127.0.0.1" : undefined);
			if (++answers === 6) {
				resolver.close();
				done();
				return;
			}
			resolver.resolve(answers % 2 ? "localhost" : "name.invalid");
		},
	});
	resolver.resolve("name.invalid");
}

export default function (suite: Suite): void {
	suite.asyncTest("resolver: localhost is 127.0.0.1", 5000, (check, done) =>
		expectAnswer(check, done, "localhost", "127.0.0.1", ""),
	);
	suite.asyncTest("resolver: a numeric IPv4 address is its own answer", 2000, (check, done) =>
		expectAnswer(check, done, "192.0.2.1", "192.0.2.1", ""),
	);
	suite.asyncTest("resolver: a numeric IPv6 address is answered in its short form", 2000, (check, done) =>
		expectAnswer(check, done, "2001:DB8:0:0::1", "2001:db8::1", ""),
	);
	suite.asyncTest("resolver: a name that cannot be has a reason", 2000, (check, done) =>
		expectAnswer(check, done, "name.invalid", undefined, "host not found"),
	);
	suite.asyncTest("resolver: no name has a reason", 2000, (check, done) =>
		expectAnswer(check, done, "", undefined, "not a host name"),
	);
	suite.asyncTest("resolver: an endless name has a reason", 2000, (check, done) =>
		expectAnswer(check, done, "a.".repeat(2000), undefined, "not a host name"),
	);
	suite.asyncTest("resolver: a cancelled look-up says nothing", 2000, cancelled);
	suite.asyncTest("resolver: a new look-up replaces one under way", 2000, replaced);
	suite.asyncTest("resolver: more look-ups than threads are all answered", 5000, many);
	suite.asyncTest("resolver: one object looks up again and again, from its callback too", 5000, again);
	suite.test("resolver: refuses to be made without a callback", (check) => {
		check.throws(() => new Resolver({} as { onResolved(): void }), "onResolved");
	});
}
