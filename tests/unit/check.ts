import type { Check } from "unit/suite";

const HEX = "0123456789abcdef";

/** Why a test failed; thrown by a check and caught by the runner. */
export class Failure extends Error {}

function show(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(value);
	if (typeof value === "number" && value === 0 && 1 / value < 0) return "-0";
	return String(value);
}

function hexOf(buffer: ArrayBuffer, offset: number, length: number): string {
	const bytes = new Uint8Array(buffer);
	let text = "";
	for (let i = offset; i < offset + length && i < bytes.length; i++) {
		const byte = bytes[i] as number;
		text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
	}
	return text;
}

/** The statements of one test. Counts them, so that a test that states nothing can be told. */
export class Checks implements Check {
	#count = 0;

	get count(): number {
		return this.#count;
	}

	equal(actual: unknown, expected: unknown, what?: string): void {
		this.#count++;
		if (!Object.is(actual, expected)) this.#fail(`is ${show(actual)}, must be ${show(expected)}`, what);
	}

	ok(value: unknown, what?: string): void {
		this.#count++;
		if (!value) this.#fail(`is ${show(value)}, must hold`, what);
	}

	hex(buffer: ArrayBuffer, offset: number, hex: string, what?: string): void {
		this.#count++;
		const expected = hex.split(" ").join("").toLowerCase();
		const actual = hexOf(buffer, offset, expected.length / 2);
		if (actual !== expected) this.#fail(`is ${actual}, must be ${expected}`, what);
	}

	throws(body: () => void, part: string): void {
		this.#count++;
		try {
			body();
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			if (message.indexOf(part) < 0) this.#fail(`throws "${message}", must say "${part}"`);
			return;
		}
		this.#fail(`throws nothing, must say "${part}"`);
	}

	fail(why: string): never {
		return this.#fail(why);
	}

	#fail(why: string, what?: string): never {
		throw new Failure(what === undefined ? why : `${what}: ${why}`);
	}
}
