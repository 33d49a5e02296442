import type { Arena } from "storage/arena";
import type { AsciiText } from "wire/ascii";

/** Longest line in bytes; a longer one makes what it belongs to worthless. */
export const LINE_LIMIT = 4096;
/** Bytes of a line that are usually kept to be looked at: what matters stands in front. */
export const LINE_KEPT = 256;
/** Greater numbers are read as this one: it is over every limit. */
const NUMBER_LIMIT = 0x7fffffff;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** Cuts bytes that come in pieces into lines and keeps the first bytes of the line under way; reads fields of heads in it (RFC 2326, RFC 9112). */
export class LineReader {
	/** Bytes kept of the line, its end not among them. */
	length = 0;
	/** The line is whole: look at it before the next `take`. */
	complete = false;
	/** The line is over LINE_LIMIT. */
	tooLong = false;
	/** Where the kept bytes lie in the arena. */
	readonly offset: number;
	readonly #bytes: Uint8Array;
	readonly #kept: number;
	#size = 0;

	/** Uses the `kept` bytes at `offset`. */
	constructor(arena: Arena, offset: number, kept = LINE_KEPT) {
		this.#bytes = arena.bytes;
		this.offset = offset;
		this.#kept = kept;
	}

	/** Forgets the line under way. */
	begin(): void {
		this.length = 0;
		this.complete = false;
		this.tooLong = false;
		this.#size = 0;
	}

	/** Takes bytes up to the end of a line. @returns bytes taken. */
	take(offset: number, length: number): number {
		if (this.complete) this.begin();
		const bytes = this.#bytes;
		for (let i = 0; i < length; i++) {
			const byte = bytes[offset + i];
			if (byte === LF) {
				this.#finish();
				return i + 1;
			}
			if (this.length < this.#kept) bytes[this.offset + this.length++] = byte;
			if (++this.#size > LINE_LIMIT) {
				this.tooLong = true;
				return i + 1;
			}
		}
		return length;
	}

	/** The bytes end here: what is there counts as a line. @returns whether there is any. */
	end(): boolean {
		if (this.complete || this.#size === 0) return false;
		this.#finish();
		return true;
	}

	/** The line is longer than what is kept of it. */
	get cut(): boolean {
		return this.#size > this.#kept;
	}

	/** Nothing was taken of a line. */
	get atStart(): boolean {
		return this.complete || this.#size === 0;
	}

	/** A byte of the line, 0 behind its end. */
	at(index: number): number {
		return index < this.length ? this.#bytes[this.offset + index] : 0;
	}

	/** Whether `text` (lower case) stands at `index`, in either case. */
	holds(index: number, text: AsciiText): boolean {
		const length = text.length;
		if (index + length > this.length) return false;
		const from = this.offset + index;
		for (let i = 0; i < length; i++) if (lower(this.#bytes[from + i]) !== text.charCodeAt(i)) return false;
		return true;
	}

	/** The place of the first byte at or behind `index` that is no blank. */
	afterBlanks(index: number): number {
		let at = index;
		while (at < this.length && isBlank(this.#bytes[this.offset + at])) at++;
		return at;
	}

	/** The place of the first blank at or behind `index`, `length` when there is none. */
	nextBlank(index: number): number {
		let at = index;
		while (at < this.length && !isBlank(this.#bytes[this.offset + at])) at++;
		return at;
	}

	/** A decimal number at `index`, at most NUMBER_LIMIT. @returns -1 when there is none. */
	number(index: number): number {
		let value = -1;
		for (let at = index; at < this.length; at++) {
			const digit = this.#bytes[this.offset + at] - 0x30;
			if (digit < 0 || digit > 9) break;
			value = Math.min((value < 0 ? 0 : value * 10) + digit, NUMBER_LIMIT);
		}
		return value;
	}

	/** The place of `byte` at or behind `index` and before `end`, `end` when there is none. */
	find(byte: number, index: number, end = this.length): number {
		let at = index;
		while (at < end && this.#bytes[this.offset + at] !== byte) at++;
		return at;
	}

	/** name ":" value: where the value of the field `name` (lower case) begins, -1 when the line is another one. */
	field(name: AsciiText): number {
		if (!this.holds(0, name)) return -1;
		const colon = this.afterBlanks(name.length);
		return this.at(colon) === COLON ? this.afterBlanks(colon + 1) : -1;
	}

	/** Where the value of the parameter `name` (lower case) of a list `a=b; c=d` from `index` on begins, -1 when there is none. Ends at {@link valueEnd}. */
	parameter(index: number, name: AsciiText): number {
		let at = this.afterBlanks(index);
		while (at < this.length) {
			if (this.holds(at, name) && this.at(at + name.length) === EQUALS) return at + name.length + 1;
			at = this.afterBlanks(this.find(SEMICOLON, at) + 1);
		}
		return -1;
	}

	/** Behind the value of a parameter at `index`: the next semicolon, blank, or the end. */
	valueEnd(index: number): number {
		return this.find(SEMICOLON, index, this.nextBlank(index));
	}

	#finish(): void {
		if (this.length > 0 && this.#bytes[this.offset + this.length - 1] === CR) this.length--;
		this.complete = true;
	}
}

function isBlank(byte: number): boolean {
	return byte === SPACE || byte === TAB;
}

/** Letters of A-Z in lower case. */
function lower(byte: number): number {
	return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
