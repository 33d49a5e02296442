import type { AsciiText } from "wire/ascii";
import { getText, isText } from "wire/text";

/** What {@link JSONReader.check} says of a text. */
export const JSON_FINE = 0;
/** It is no JSON (RFC 8259), or no UTF-8. */
export const JSON_BROKEN = 1;
/** Longer, or nested deeper, or a string in it longer than allowed. */
export const JSON_BEYOND_LIMITS = 2;

/** Kinds of values. */
export const KIND_NONE = 0;
export const KIND_OBJECT = 1;
export const KIND_ARRAY = 2;
export const KIND_TEXT = 3;
export const KIND_NUMBER = 4;
export const KIND_BOOLEAN = 5;
export const KIND_NULL = 6;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const LETTER_E = 0x65;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_U = 0x75;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** Characters after a backslash, and what they stand for. */
const ESCAPES = Object.freeze([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]);
const MEANINGS = Object.freeze([0x22, 0x5c, 0x2f, 0x08, 0x0c, 0x0a, 0x0d, 0x09]);
const TRUE = Object.freeze([0x74, 0x72, 0x75, 0x65]);
const FALSE = Object.freeze([0x66, 0x61, 0x6c, 0x73, 0x65]);
const NULL = Object.freeze([0x6e, 0x75, 0x6c, 0x6c]);
/** Digits that are exact as a number whatever they are. */
const EXACT_DIGITS = 15;
const NONE = -1;

export interface JSONLimits {
	/** Bytes of a text, and of a string in it with its escapes. */
	readonly bytes: number;
	readonly text: number;
	/** Objects and lists within each other, at most 30. */
	readonly depth: number;
}

/**
 * Reads JSON where it lies. A text is checked whole, once, against the grammar and its limits; after that values are offsets, and
 * asking for members costs no memory: nothing that a peer sends makes an object in the engine's heap.
 */
export class JSONReader {
	readonly #bytes: Uint8Array;
	readonly #limits: JSONLimits;
	#end = 0;
	/** Character that was decoded last. */
	#code = 0;

	constructor(bytes: Uint8Array, limits: JSONLimits) {
		this.#bytes = bytes;
		this.#limits = limits;
	}

	/** Checks the text of `length` bytes at `offset`. @returns JSON_FINE: `root` may be asked; else why not. */
	check(offset: number, length: number): number {
		this.root = NONE;
		if (length > this.#limits.bytes) return JSON_BEYOND_LIMITS;
		if (!isText(this.#bytes, offset, length)) return JSON_BROKEN;
		this.#end = offset + length;
		const start = this.space(offset);
		const outcome = this.checkValue(start);
		if (outcome === JSON_FINE) this.root = start;
		return outcome;
	}

	/** The text's value; -1 unless the text that was checked last is fine. */
	root = NONE;

	/** What the value at an offset is; KIND_NONE for -1, so that members of members can be asked for without looking. */
	kind(at: number): number {
		if (at < 0) return KIND_NONE;
		const byte = this.#bytes[at];
		if (byte === OPEN) return KIND_OBJECT;
		if (byte === OPEN_LIST) return KIND_ARRAY;
		if (byte === QUOTE) return KIND_TEXT;
		if (byte === LETTER_T || byte === LETTER_F) return KIND_BOOLEAN;
		return byte === LETTER_N ? KIND_NULL : KIND_NUMBER;
	}

	/** The member of an object; the last one of that name. -1: there is none, or it is no object. */
	member(object: number, name: AsciiText): number {
		if (this.kind(object) !== KIND_OBJECT) return NONE;
		const bytes = this.#bytes;
		let found = NONE;
		let at = this.space(object + 1);
		while (bytes[at] === QUOTE) {
			const same = this.isText(at, name);
			at = this.space(this.space(this.afterText(at)) + 1);
			if (same) found = at;
			at = this.space(this.after(at));
			if (bytes[at] === COMMA) at = this.space(at + 1);
		}
		return found;
	}

	/** First item of a list; -1: it is empty, or no list. */
	first(list: number): number {
		if (this.kind(list) !== KIND_ARRAY) return NONE;
		const at = this.space(list + 1);
		return this.#bytes[at] === CLOSE_LIST ? NONE : at;
	}

	/** The item behind an item; -1: it was the last. */
	next(item: number): number {
		const at = this.space(this.after(item));
		return this.#bytes[at] === COMMA ? this.space(at + 1) : NONE;
	}

	/** Whether the value is that text. */
	isText(at: number, text: AsciiText): boolean {
		if (this.kind(at) !== KIND_TEXT) return false;
		const bytes = this.#bytes;
		const { length } = text;
		let from = at + 1;
		for (let i = 0; i < length; i++) {
			let code = bytes[from];
			if (code === QUOTE) return false;
			if (code === BACKSLASH) {
				from = this.decode(from);
				code = this.#code;
			} else from++;
			if (code !== text.charCodeAt(i)) return false;
		}
		return bytes[from] === QUOTE;
	}

	/**
	 * Copies a text as UTF-8, without its escapes, to `to`.
	 * @returns its bytes; -1: it is none, or has more than `limit`.
	 */
	copyText(at: number, to: number, limit: number): number {
		if (this.kind(at) !== KIND_TEXT) return NONE;
		const bytes = this.#bytes;
		let from = at + 1;
		let put = to;
		const end = to + limit;
		for (;;) {
			let code = bytes[from];
			if (code === QUOTE) return put - to;
			if (code !== BACKSLASH) {
				if (put >= end) return NONE;
				bytes[put++] = code;
				from++;
				continue;
			}
			from = this.decode(from);
			code = this.#code;
			const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
			if (put + size > end) return NONE;
			if (size === 1) bytes[put] = code;
			else {
				for (let i = size - 1; i > 0; i--, code >>= 6) bytes[put + i] = 0x80 | (code & 0x3f);
				bytes[put] = ((0xf00 >> size) & 0xff) | code;
			}
			put += size;
		}
	}

	/** A text without escapes as a string of at most `limit` bytes; makes one. @returns undefined: it is none, or longer, or has escapes. */
	text(at: number, limit: number): string | undefined {
		if (this.kind(at) !== KIND_TEXT) return undefined;
		const length = this.afterText(at) - at - 2;
		if (length > limit) return undefined;
		for (let i = 1; i <= length; i++) if (this.#bytes[at + i] === BACKSLASH) return undefined;
		return length === 0 ? "" : getText(this.#bytes, at + 1, length);
	}

	/** A number; NaN: it is none. */
	number(at: number): number {
		if (this.kind(at) !== KIND_NUMBER) return Number.NaN;
		const bytes = this.#bytes;
		const negative = bytes[at] === MINUS;
		let value = 0;
		let from = negative ? at + 1 : at;
		const start = from;
		for (; from < this.#end && bytes[from] >= ZERO && bytes[from] <= NINE; from++) value = value * 10 + bytes[from] - ZERO;
		const next = from < this.#end ? bytes[from] : 0;
		if (from - start <= EXACT_DIGITS && next !== DOT && (next | 0x20) !== LETTER_E) return negative ? -value : value;
		return Number(getText(bytes, at, this.after(at) - at));
	}

	/** A whole number of `least` to `most`; `otherwise` when it is none. */
	integer(at: number, least: number, most: number, otherwise: number): number {
		const value = this.number(at);
		return value >= least && value <= most && value === Math.floor(value) ? value : otherwise;
	}

	/** Whether the value is `true`. */
	isTrue(at: number): boolean {
		return at >= 0 && this.#bytes[at] === LETTER_T;
	}

	/** Where a value of a text that is fine ends. */
	after(at: number): number {
		const bytes = this.#bytes;
		const end = this.#end;
		let depth = 0;
		let from = at;
		do {
			const byte = bytes[from];
			if (byte === QUOTE) from = this.afterText(from);
			else {
				if (byte === OPEN || byte === OPEN_LIST) depth++;
				else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
				else if (depth === 0) return this.afterWord(from);
				from++;
			}
		} while (depth > 0 && from < end);
		return from;
	}

	private afterWord(at: number): number {
		const bytes = this.#bytes;
		let from = at;
		for (; from < this.#end; from++) {
			const byte = bytes[from];
			if (byte <= 0x20 || byte === COMMA || byte === CLOSE || byte === CLOSE_LIST) break;
		}
		return from;
	}

	private afterText(at: number): number {
		const bytes = this.#bytes;
		let from = at + 1;
		while (bytes[from] !== QUOTE) from += bytes[from] === BACKSLASH ? 2 : 1;
		return from + 1;
	}

	private space(at: number): number {
		const bytes = this.#bytes;
		let from = at;
		for (; from < this.#end; from++) {
			const byte = bytes[from];
			if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
		}
		return from;
	}

	/** Decodes the escape at a backslash into `#code`; where it ends. */
	private decode(at: number): number {
		const bytes = this.#bytes;
		const letter = bytes[at + 1];
		if (letter !== LETTER_U) {
			this.#code = MEANINGS[ESCAPES.indexOf(letter)];
			return at + 2;
		}
		const code = this.hex(at + 2);
		if (code < 0xd800 || code > 0xdbff) {
			this.#code = code;
			return at + 6;
		}
		this.#code = 0x10000 + ((code & 0x3ff) << 10) + (this.hex(at + 8) & 0x3ff);
		return at + 12;
	}

	/** Four hexadecimal digits; -1: they are none. */
	private hex(at: number): number {
		if (at + 4 > this.#end) return NONE;
		let value = 0;
		for (let i = 0; i < 4; i++) {
			const byte = this.#bytes[at + i];
			const letter = byte | 0x20;
			if (byte >= ZERO && byte <= NINE) value = (value << 4) | (byte - ZERO);
			else if (letter >= 0x61 && letter <= 0x66) value = (value << 4) | (letter - 0x57);
			else return NONE;
		}
		return value;
	}

	/** The grammar, without recursion: a bit for each level tells objects from lists. */
	private checkValue(start: number): number {
		const bytes = this.#bytes;
		const end = this.#end;
		let at = start;
		let levels = 0;
		let depth = 0;
		for (;;) {
			const byte = at < end ? bytes[at] : 0;
			if (byte === OPEN || byte === OPEN_LIST) {
				if (++depth > this.#limits.depth) return JSON_BEYOND_LIMITS;
				levels = (levels << 1) | (byte === OPEN ? 1 : 0);
				at = this.space(at + 1);
				if (at < end && bytes[at] === (byte === OPEN ? CLOSE : CLOSE_LIST)) {
					at++;
					levels >>>= 1;
					depth--;
				} else if (byte === OPEN) {
					at = this.checkName(at);
					if (at < 0) return -at;
					continue;
				} else continue;
			} else {
				at = byte === QUOTE ? this.checkText(at) : this.checkWord(at, byte);
				if (at < 0) return -at;
			}
			// A value has ended; so may what it is in.
			for (;;) {
				at = this.space(at);
				if (depth === 0) return at === end ? JSON_FINE : JSON_BROKEN;
				const mark = at < end ? bytes[at] : 0;
				const object = (levels & 1) === 1;
				if (mark === COMMA) {
					at = this.space(at + 1);
					if (object) at = this.checkName(at);
					if (at < 0) return -at;
					break;
				}
				if (mark !== (object ? CLOSE : CLOSE_LIST)) return JSON_BROKEN;
				at++;
				levels >>>= 1;
				depth--;
			}
		}
	}

	/** A member's name and colon; where its value begins, or the negative outcome. */
	private checkName(at: number): number {
		if (at >= this.#end || this.#bytes[at] !== QUOTE) return -JSON_BROKEN;
		const after = this.checkText(at);
		if (after < 0) return after;
		const colon = this.space(after);
		if (colon >= this.#end || this.#bytes[colon] !== COLON) return -JSON_BROKEN;
		return this.space(colon + 1);
	}

	private checkText(at: number): number {
		const bytes = this.#bytes;
		const end = this.#end;
		let from = at + 1;
		while (from < end) {
			const byte = bytes[from];
			if (byte === QUOTE) return from - at - 1 > this.#limits.text ? -JSON_BEYOND_LIMITS : from + 1;
			if (byte < 0x20) return -JSON_BROKEN;
			if (byte !== BACKSLASH) from++;
			else {
				const letter = from + 1 < end ? bytes[from + 1] : 0;
				if (letter === LETTER_U) {
					const code = this.hex(from + 2);
					if (code < 0 || (code >= 0xdc00 && code <= 0xdfff)) return -JSON_BROKEN;
					from += 6;
					if (code < 0xd800 || code > 0xdbff) continue;
					// The second half of a pair has to follow.
					const second = from + 1 < end && bytes[from] === BACKSLASH && bytes[from + 1] === LETTER_U ? this.hex(from + 2) : NONE;
					if (second < 0xdc00 || second > 0xdfff) return -JSON_BROKEN;
					from += 6;
				} else if (ESCAPES.indexOf(letter) < 0) return -JSON_BROKEN;
				else from += 2;
			}
		}
		return -JSON_BROKEN;
	}

	private checkWord(at: number, byte: number): number {
		if (byte === LETTER_T) return this.checkLetters(at, TRUE);
		if (byte === LETTER_F) return this.checkLetters(at, FALSE);
		if (byte === LETTER_N) return this.checkLetters(at, NULL);
		return this.checkNumber(at);
	}

	private checkLetters(at: number, letters: readonly number[]): number {
		if (at + letters.length > this.#end) return -JSON_BROKEN;
		for (let i = 0; i < letters.length; i++) if (this.#bytes[at + i] !== letters[i]) return -JSON_BROKEN;
		return at + letters.length;
	}

	private checkNumber(start: number): number {
		const bytes = this.#bytes;
		const end = this.#end;
		let at = bytes[start] === MINUS ? start + 1 : start;
		const whole = at;
		at = this.digits(at);
		if (at === whole || (bytes[whole] === ZERO && at > whole + 1)) return -JSON_BROKEN;
		if (at < end && bytes[at] === DOT) {
			const fraction = at + 1;
			at = this.digits(fraction);
			if (at === fraction) return -JSON_BROKEN;
		}
		if (at < end && (bytes[at] | 0x20) === LETTER_E) {
			let exponent = at + 1;
			if (exponent < end && (bytes[exponent] === PLUS || bytes[exponent] === MINUS)) exponent++;
			at = this.digits(exponent);
			if (at === exponent) return -JSON_BROKEN;
		}
		return at - start > this.#limits.text ? -JSON_BEYOND_LIMITS : at;
	}

	private digits(at: number): number {
		let from = at;
		while (from < this.#end && this.#bytes[from] >= ZERO && this.#bytes[from] <= NINE) from++;
		return from;
	}
}
