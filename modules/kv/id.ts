const DIGITS = "0123456789abcdef";
const HALF = 0x100000000;

/**
 * A 64-bit user or channel id in two halves of 32 bits: opaque, exact, and without cost in packet paths. As text it is hex with "0x" and
 * 16 digits; decimal is understood too.
 */
export class Id {
	high = 0;
	low = 0;

	set(high: number, low: number): this {
		this.high = high;
		this.low = low;
		return this;
	}

	copy(other: Id): this {
		this.high = other.high;
		this.low = other.low;
		return this;
	}

	equals(other: Id): boolean {
		return this.high === other.high && this.low === other.low;
	}

	get zero(): boolean {
		return this.high === 0 && this.low === 0;
	}

	/** Whether it may be a user's: a half of all ones would make voice look like a system packet (section 2.2). */
	get legal(): boolean {
		return isLegal(this.high, this.low);
	}

	/** "0x000000000000002a". Cold path. */
	toString(): string {
		return "0x" + hex(this.high) + hex(this.low);
	}
}

/** No id: zero. */
export const NO_ID: Id = Object.freeze(new Id());

export function isLegal(high: number, low: number): boolean {
	return high !== 0xffffffff && low !== 0xffffffff;
}

/** Reads "0x" and up to 16 hex digits, or decimal digits, of at most 64 bits. @returns undefined when it is neither. Cold path. */
export function parseId(text: string): Id | undefined {
	const prefix = text.startsWith("0x") || text.startsWith("0X");
	const radix = prefix ? 16 : 10;
	let high = 0;
	let low = 0;
	let i = prefix ? 2 : 0;
	if (i === text.length || text.length > 20) return undefined;
	for (; i < text.length; i++) {
		const digit = DIGITS.indexOf(text[i].toLowerCase());
		if (digit < 0 || digit >= radix) return undefined;
		const sum = low * radix + digit;
		low = sum % HALF;
		high = high * radix + Math.floor(sum / HALF);
		if (high >= HALF) return undefined;
	}
	return new Id().set(high, low);
}

function hex(half: number): string {
	let text = "";
	for (let shift = 28; shift >= 0; shift -= 4) text += DIGITS[(half >>> shift) & 15];
	return text;
}
