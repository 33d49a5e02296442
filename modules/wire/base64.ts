import type { AsciiText } from "wire/ascii";
import { constantText } from "wire/ascii";

/* Base64 (RFC 4648 4) in place of memory, without allocating. */

const ALPHABET: AsciiText = constantText("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PAD = 0x3d;

/** Bytes of the text for so many bytes. */
export function base64Length(length: number): number {
	return Math.ceil(length / 3) * 4;
}

/** Writes the text of the `length` bytes at `from` to `to`, which must not overlap. @returns bytes of the text. */
export function encodeBase64(bytes: Uint8Array, from: number, length: number, to: number): number {
	let at = to;
	for (let i = 0; i < length; i += 3) {
		const left = length - i;
		const group = (bytes[from + i] << 16) | ((left > 1 ? bytes[from + i + 1] : 0) << 8) | (left > 2 ? bytes[from + i + 2] : 0);
		bytes[at++] = ALPHABET.charCodeAt(group >> 18);
		bytes[at++] = ALPHABET.charCodeAt((group >> 12) & 63);
		bytes[at++] = left > 1 ? ALPHABET.charCodeAt((group >> 6) & 63) : PAD;
		bytes[at++] = left > 2 ? ALPHABET.charCodeAt(group & 63) : PAD;
	}
	return at - to;
}

/**
 * Writes what the text of `length` bytes at `from` stands for to `to`, at most `room` bytes. Missing padding is taken, as cameras leave it out.
 * @returns bytes written, or -1 when it is no Base64 or does not fit.
 */
export function decodeBase64(bytes: Uint8Array, from: number, length: number, to: number, room: number): number {
	let end = from + length;
	while (end > from && end > from + length - 2 && bytes[end - 1] === PAD) end--;
	if ((end - from) % 4 === 1) return -1;
	let group = 0;
	let bits = 0;
	let count = 0;
	for (let at = from; at < end; at++) {
		const value = sextet(bytes[at]);
		if (value < 0) return -1;
		group = ((group << 6) | value) & 0xffff;
		bits += 6;
		if (bits < 8) continue;
		bits -= 8;
		if (count === room) return -1;
		bytes[to + count++] = group >> bits;
	}
	return count;
}

function sextet(byte: number): number {
	if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
	if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
	if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
	if (byte === 0x2b) return 62;
	return byte === 0x2f ? 63 : -1;
}
