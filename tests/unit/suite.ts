/** What a test may state. A false statement ends the test with a message that shows both values. */
export interface Check {
	equal(actual: unknown, expected: unknown, what?: string): void;
	ok(value: unknown, what?: string): void;
	/** The bytes at `offset` of `buffer` are those of `hex` (blanks ignored). */
	hex(buffer: ArrayBuffer, offset: number, hex: string, what?: string): void;
	/** `body` throws an error whose message holds `part`. */
	throws(body: () => void, part: string): void;
	fail(why: string): never;
}

/** Where a test file registers its tests. */
export interface Suite {
	/** An emulated processor or a debugging engine runs the tests: what only takes long is left out or made shorter. */
	readonly short: boolean;
	test(title: string, body: (check: Check) => void): void;
	/** A test whose point is its length; left out when tests are to be short. */
	longTest(title: string, body: (check: Check) => void): void;
	/** Passes when `done` is called in time, fails at a false statement or after `timeout` milliseconds. */
	asyncTest(title: string, timeout: number, body: (check: Check, done: () => void) => void): void;
}
