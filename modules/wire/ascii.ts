/** Text to be written: a string, or what {@link constantText} made of it, which costs nothing to look into. */
export interface AsciiText {
	readonly length: number;
	charCodeAt(index: number): number;
}

/** Text that lies in ROM as an object: looking into a plain string costs the engine two slots each time. For constants of modules. */
export function constantText(text: string): AsciiText {
	return Object.freeze(Object(text)) as AsciiText;
}

/**
 * Writes ASCII text and numbers at offsets of a piece of memory without allocating (a plain string costs two slots).
 * What does not fit is left out whole, and `overflowed` tells.
 */
export class AsciiWriter {
	readonly bytes: Uint8Array;
	/** Where the next byte goes. */
	position = 0;
	/** Something did not fit since `begin`. */
	overflowed = false;
	#end = 0;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
	}

	/** Begins a text of at most `size` bytes at `offset`. */
	begin(offset: number, size: number): void {
		this.position = offset;
		this.#end = offset + size;
		this.overflowed = false;
	}

	/** ASCII characters; another one becomes "?". */
	text(text: AsciiText): void {
		const letters = Object(text) as AsciiText;
		const length = letters.length;
		if (!this.#fits(length)) return;
		for (let i = 0; i < length; i++) {
			const code = letters.charCodeAt(i);
			this.bytes[this.position + i] = code < 0x80 ? code : 0x3f;
		}
		this.position += length;
	}

	byte(byte: number): void {
		if (this.#fits(1)) this.bytes[this.position++] = byte;
	}

	/** The `length` bytes at `offset` of the same memory, as they are. */
	copy(offset: number, length: number): void {
		if (!this.#fits(length)) return;
		this.bytes.copyWithin(this.position, offset, offset + length);
		this.position += length;
	}

	/** A whole number of at most 2^53 - 1 either way; a fraction is cut off, what is no finite number is written as 0. */
	integer(value: number): void {
		let rest = Number.isFinite(value) ? Math.trunc(Math.abs(value)) : 0;
		const negative = value < 0 && rest > 0;
		const digits = digitsOf(rest);
		if (!this.#fits(negative ? digits + 1 : digits)) return;
		if (negative) this.bytes[this.position++] = 0x2d;
		for (let at = this.position + digits - 1; at >= this.position; at--) {
			this.bytes[at] = 0x30 + (rest % 10);
			rest = Math.floor(rest / 10);
		}
		this.position += digits;
	}

	#fits(length: number): boolean {
		if (this.position + length <= this.#end) return true;
		this.overflowed = true;
		return false;
	}
}

/** How many digits a whole number >= 0 has. */
export function digitsOf(value: number): number {
	let digits = 1;
	for (let limit = 10; value >= limit; limit *= 10) digits++;
	return digits;
}
