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
const COUNT = 0x3f;
const PADDED = 0x40;
const VARIABLE = 0x80;
/** Longest frame in bytes (R2), longest packet in ticks: 120 ms (R5). */
const LONGEST_FRAME = 1275;
const LONGEST_PACKET = 5760;
/** A length byte of the padding that says: 254 bytes, and another length byte follows. */
const MORE = 255;
/** Lengths of frames from here on take two bytes. */
const TWO_BYTES = 252;

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
	if (length < 1) return -1; // R1
	switch (bytes[at] & CODE) {
		case ONE_FRAME:
			return length - 1 <= LONGEST_FRAME ? 1 : -1;
		case TWO_EQUAL: // R3
			return (length & 1) === 1 && length - 1 <= 2 * LONGEST_FRAME ? 2 : -1;
		case TWO_DIFFERENT: // R4
			return lengthsFit(bytes, at + 1, at + length, 2) ? 2 : -1;
		default:
			return countedFrames(bytes, at, length);
	}
}

/** @returns ticks of 1/48,000 s that a packet plays, 120 to 5760, or -1. */
export function opusDuration(bytes: Uint8Array, at: number, length: number): number {
	const frames = opusFrames(bytes, at, length);
	return frames < 0 ? -1 : frames * opusFrameTicks(bytes[at]);
}

/** @returns bytes of padding at the end of a packet (0 without), or -1. */
export function paddingLength(bytes: Uint8Array, at: number, length: number): number {
	if (length < 1) return -1;
	if ((bytes[at] & CODE) !== ANY_NUMBER) return 0;
	if (length < 2) return -1;
	if ((bytes[at + 1] & PADDED) === 0) return 0;
	const end = at + length;
	let padding = 0;
	for (let i = at + 2; i < end; i++) {
		const more = bytes[i] === MORE;
		padding += more ? MORE - 1 : bytes[i];
		if (padding > end - i - 1) return -1;
		if (!more) return padding;
	}
	return -1;
}

/**
 * Where the padding of a packet begins. Decoders do not look at it and {@link padTo} makes it zero, so a protocol may put there what
 * the packet has no other place for (KV: a sequence number), as long as its peers are known to do the same.
 * @returns the offset in `bytes`; `at + length` without padding, -1.
 */
export function paddingOffset(bytes: Uint8Array, at: number, length: number): number {
	const padding = paddingLength(bytes, at, length);
	return padding < 0 ? -1 : at + length - padding;
}

/**
 * Makes a packet exactly `size` bytes long, where it lies. Codes 1 and 2 become code 3; padding that it had is made anew.
 * @param limit bytes from `at` on that may be written, `size` at least.
 * @returns `size`, or -1 when the packet breaks a rule, is larger, or `limit` is smaller.
 */
export function padTo(bytes: Uint8Array, at: number, length: number, size: number, limit: number): number {
	if (size > limit || length > limit || at + limit > bytes.length || opusFrames(bytes, at, length) < 0) return -1;
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
	const frames = opusFrames(bytes, at, length);
	if (frames < 0) return -1;
	if ((bytes[at] & CODE) !== ANY_NUMBER) return length;
	const kind = bytes[at + 1];
	const end = paddingOffset(bytes, at, length);
	let from = at + 2;
	if ((kind & PADDED) !== 0) while (bytes[from++] === MORE);
	let to = at + 1;
	if (frames > 2) bytes[to++] = kind & ~PADDED;
	else bytes[at] ^= frames === 1 ? ANY_NUMBER : (kind & VARIABLE) === 0 ? ANY_NUMBER ^ TWO_EQUAL : ANY_NUMBER ^ TWO_DIFFERENT;
	bytes.copyWithin(to, from, end);
	return to - at + end - from;
}

/** Code 3: R5 to R7. */
function countedFrames(bytes: Uint8Array, at: number, length: number): number {
	const padding = paddingLength(bytes, at, length);
	if (padding < 0) return -1;
	const kind = bytes[at + 1];
	const frames = kind & COUNT;
	if (frames === 0 || frames * opusFrameTicks(bytes[at]) > LONGEST_PACKET) return -1;
	const end = at + length - padding;
	let from = at + 2;
	if ((kind & PADDED) !== 0) while (bytes[from++] === MORE);
	if ((kind & VARIABLE) !== 0) return lengthsFit(bytes, from, end, frames) ? frames : -1;
	const size = (end - from) / frames;
	return size === Math.floor(size) && size <= LONGEST_FRAME ? frames : -1;
}

/** Whether the lengths of all frames but the last, and then the frames, lie between `from` and `end`. Section 3.2.1. */
function lengthsFit(bytes: Uint8Array, from: number, end: number, frames: number): boolean {
	let position = from;
	let sum = 0;
	for (let i = 1; i < frames; i++) {
		if (position >= end) return false;
		let size = bytes[position++];
		if (size >= TWO_BYTES) {
			if (position >= end) return false;
			size += 4 * bytes[position++];
		}
		sum += size;
	}
	const last = end - position - sum;
	return last >= 0 && last <= LONGEST_FRAME;
}
