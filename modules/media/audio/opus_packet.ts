import { duration, frames, padding } from "media/audio/opus_parse";

/**
 * The framing of Opus packets, RFC 6716 section 3, in place and without decoding: what a packet holds, whether it is well-formed,
 * and padding it to an exact size (code 3 padding, section 3.2.5) and back.
 *
 * ```
 * code 0: | toc | frame |                    code 1: | toc | frame | frame of the same size |
 * code 2: | toc | length | frame | frame |
 * code 3: | toc | v p count | length of the padding | lengths of frames but the last, when v | frames | padding |
 * ```
 *
 * `at` is where a packet begins in `bytes`, `length` how long it is. -1 stands for a packet that breaks a rule of section 3.4.
 */

/** Ticks of durations in a second, for every sample rate. */
export const OPUS_CLOCK = 48_000;

/** Which coder a packet is for, section 3.1, table 2. */
export const OpusMode = Object.freeze({ SILK: 0, HYBRID: 1, CELT: 2 } as const);

const CODE = 3;
const ONE_FRAME = 0;
const TWO_EQUAL = 1;
const TWO_DIFFERENT = 2;
const ANY_NUMBER = 3;
/** Of the second byte of code 3. */
const PADDED = 0x40;
const VARIABLE = 0x80;
/** A length byte of the padding that says: 254 bytes, and another length byte follows. */
const MORE = 255;
/** The coder of a packet with this first byte. */
export function opusMode(toc: number): number {
	const config = toc >> 3;
	if (config < 12) return OpusMode.SILK;
	return config < 16 ? OpusMode.HYBRID : OpusMode.CELT;
}

/** Ticks of 1/48,000 s of each frame of a packet with this first byte: 2.5 to 60 ms. */
export function opusFrameTicks(toc: number): number {
	const config = toc >> 3;
	if (config >= 16) return 120 << (config & 3);
	if (config >= 12) return 480 << (config & 1);
	return (config & 3) === 3 ? 2880 : 480 << (config & 3);
}

/** @returns frames in a packet, 1 to 48, or -1. */
export function opusFrames(bytes: Uint8Array, at: number, length: number): number {
	return frames(bytes, at, length);
}

/** @returns ticks of 1/48,000 s that a packet plays, 120 to 5760, or -1. */
export function opusDuration(bytes: Uint8Array, at: number, length: number): number {
	return duration(bytes, at, length);
}

/** @returns bytes of padding at the end of a packet (0 without), or -1. */
export function paddingLength(bytes: Uint8Array, at: number, length: number): number {
	return padding(bytes, at, length);
}

/**
 * Where the padding of a packet begins. Decoders do not look at it and {@link padTo} makes it zero, so a protocol may put there what
 * the packet has no other place for (KV: a sequence number), as long as its peers are known to do the same.
 * @returns the offset in `bytes`; `at + length` without padding, -1.
 */
export function paddingOffset(bytes: Uint8Array, at: number, length: number): number {
	const count = padding(bytes, at, length);
	return count < 0 ? -1 : at + length - count;
}

/**
 * Makes a packet exactly `size` bytes long, where it lies. Codes 1 and 2 become code 3; padding that it had is made anew.
 * @param limit bytes from `at` on that may be written, `size` at least.
 * @returns `size`, or -1 when the packet breaks a rule, is larger, or `limit` is smaller.
 */
export function padTo(bytes: Uint8Array, at: number, length: number, size: number, limit: number): number {
	if (size > limit || length > limit || at + limit > bytes.length || frames(bytes, at, length) < 0) return -1;
	if (length === size) return size;
	let count = unpad(bytes, at, length);
	if (count > size) return -1;
	if (count === size) return size;
	const code = bytes[at] & CODE;
	if (code !== ANY_NUMBER) {
		bytes.copyWithin(at + 2, at + 1, at + count);
		bytes[at] |= ANY_NUMBER;
		bytes[at + 1] = code === ONE_FRAME ? 1 : code === TWO_EQUAL ? 2 : VARIABLE | 2;
		count++;
	}
	const missing = size - count;
	if (missing === 0) return size;
	/* One length byte, and one more for each 254 bytes of padding: so `missing` can be any number. */
	const full = Math.floor((missing - 1) / MORE);
	const rest = missing - 1 - full * MORE;
	bytes.copyWithin(at + 3 + full, at + 2, at + count);
	bytes[at + 1] |= PADDED;
	bytes.fill(MORE, at + 2, at + 2 + full);
	bytes[at + 2 + full] = rest;
	bytes.fill(0, at + size - (MORE - 1) * full - rest, at + size);
	return size;
}

/**
 * Takes the padding out, where the packet lies, and makes it as short as it can be: one frame becomes code 0, two codes 1 and 2.
 * @returns the new length, or -1 with the packet as it was.
 */
export function unpad(bytes: Uint8Array, at: number, length: number): number {
	const count = frames(bytes, at, length);
	if (count < 0) return -1;
	if ((bytes[at] & CODE) !== ANY_NUMBER) return length;
	const kind = bytes[at + 1];
	const end = paddingOffset(bytes, at, length);
	let from = at + 2;
	if ((kind & PADDED) !== 0) while (bytes[from++] === MORE);
	let to = at + 1;
	if (count > 2) bytes[to++] = kind & ~PADDED;
	else bytes[at] ^= count === 1 ? ANY_NUMBER : (kind & VARIABLE) === 0 ? ANY_NUMBER ^ TWO_EQUAL : ANY_NUMBER ^ TWO_DIFFERENT;
	bytes.copyWithin(to, from, end);
	return to - at + end - from;
}
