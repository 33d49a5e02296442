/** Base64 for addresses and names, RFC 4648 section 5, without padding. Cold paths. */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Text of `length` bytes. */
export function formatBase64URL(bytes: Uint8Array, offset: number, length: number): string {
	const end = offset + length;
	let text = "";
	for (let at = offset; at < end; at += 3) {
		const left = end - at;
		const group = (bytes[at] << 16) | (left > 1 ? bytes[at + 1] << 8 : 0) | (left > 2 ? bytes[at + 2] : 0);
		text += DIGITS[group >> 18] + DIGITS[(group >> 12) & 63];
		if (left > 1) text += DIGITS[(group >> 6) & 63];
		if (left > 2) text += DIGITS[group & 63];
	}
	return text;
}

function digit(code: number): number {
	if (code >= 0x41 && code <= 0x5a) return code - 0x41;
	if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26;
	if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52;
	if (code === 0x2d) return 62;
	return code === 0x5f ? 63 : -1;
}

/**
 * Writes exactly `length` bytes at `offset`. @returns false when the text stands for another number of bytes, holds another character
 * (padding, blanks, "+", "/") or has bits set behind its last byte: one value has one text. The bytes are undefined then.
 */
export function parseBase64URL(text: string, bytes: Uint8Array, offset: number, length: number): boolean {
	if (text.length !== Math.ceil((length * 4) / 3)) return false;
	const end = offset + length;
	let at = offset;
	let bits = 0;
	let held = 0;
	for (let i = 0; i < text.length; i++) {
		const value = digit(text.charCodeAt(i));
		if (value < 0) return false;
		bits = ((bits << 6) | value) & 0xfff;
		held += 6;
		if (held < 8) continue;
		held -= 8;
		if (at >= end) return false;
		bytes[at++] = bits >> held;
	}
	return at === end && (bits & ((1 << held) - 1)) === 0;
}
