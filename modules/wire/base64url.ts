/** Base64 for addresses and names, RFC 4648 section 5, without padding. Cold paths. */

/** Text of `length` bytes. */
export function formatBase64URL(bytes: Uint8Array, offset: number, length: number): string {
	const size = Math.ceil((length * 4) / 3);
	const text = new Uint8Array(size);
	let bits = 0;
	let held = 0;
	let from = offset;
	for (let at = 0; at < size; at++) {
		if (held < 6) {
			bits = ((bits << 8) | (from < offset + length ? bytes[from++] : 0)) & 0xffff;
			held += 8;
		}
		held -= 6;
		text[at] = letter((bits >> held) & 63);
	}
	return String.fromArrayBuffer(text.buffer);
}

function letter(digit: number): number {
	if (digit < 26) return digit + 0x41;
	if (digit < 52) return digit - 26 + 0x61;
	if (digit < 62) return digit - 52 + 0x30;
	return digit === 62 ? 0x2d : 0x5f;
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
