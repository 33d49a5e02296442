/** Octets as people write them. Cold paths. */

const DIGITS = "0123456789abcdef";

/** Lower case hex of `length` bytes, `separator` between octets. */
export function formatHex(bytes: Uint8Array, offset: number, length: number, separator = ""): string {
	let text = "";
	for (let i = 0; i < length; i++) {
		const octet = bytes[offset + i];
		if (i > 0) text += separator;
		text += DIGITS[octet >> 4] + DIGITS[octet & 15];
	}
	return text;
}

/** 8-4-4-4-12 form of the 16 octets of a UUID. */
export function formatUUID(bytes: Uint8Array, offset: number): string {
	const hex = formatHex(bytes, offset, 16);
	return hex.slice(0, 8) + "-" + hex.slice(8, 12) + "-" + hex.slice(12, 16) + "-" + hex.slice(16, 20) + "-" + hex.slice(20);
}

/** Reads exactly `length` octets written in hex, "-" and ":" between octets ignored. @returns undefined when it is anything else. */
export function parseHex(text: string, length: number): Uint8Array<ArrayBuffer> | undefined {
	const bytes = new Uint8Array(length);
	let digits = 0;
	for (let i = 0; i < text.length; i++) {
		const char = text[i];
		if ((char === "-" || char === ":") && (digits & 1) === 0) continue;
		const value = DIGITS.indexOf(char.toLowerCase());
		if (value < 0 || digits >= 2 * length) return undefined;
		bytes[digits >> 1] |= digits & 1 ? value : value << 4;
		digits++;
	}
	return digits === 2 * length ? bytes : undefined;
}
