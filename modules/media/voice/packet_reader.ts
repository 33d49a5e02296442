import { OpusMode, opusDuration, opusFrameTicks, opusMode } from "media/audio/opus_packet";

/** Media time of voice is counted in units of 1/48,000 s, as RTP does for Opus at any sample rate (RFC 7587 section 4.1). */
export const UNITS_PER_MS = 48;

/** Longest packet of a byte codec that is believed: 120 ms, as Opus has it. */
const LONGEST = 120 * UNITS_PER_MS;
/** A SILK frame is 20 ms at most: 40 and 60 ms are two and three of them. */
const SILK_FRAME = 960;
/** Section 3.2: how the frames are counted, and the second byte's bits. */
const CODE_MASK = 3;
const CODE_TWO_SIZES = 2;
const CODE_COUNTED = 3;
const COUNT_MASK = 0x3f;
const VARIABLE_FLAG = 0x80;
const PADDING_FLAG = 0x40;
/** One frame, then padding. */
const ONE_PADDED = 0x41;
/** Largest frame, section 3.2.1, with its first byte. */
const LARGEST = 1276;
/** A byte of the padding's length behind which another one follows. */
const PADDING_MORE = 0xff;
/** Lengths of frames from here on take two bytes (section 3.2.1). */
const LONG_LENGTH = 252;

/** What a packet is, told without decoding it. */
export interface PacketReader {
	/** How long it plays. @returns units of 1/48,000 s, 0: damaged. */
	duration(offset: number, length: number): number;
	/** It brings the frame before it as well (in-band FEC). */
	redundant(offset: number, length: number): boolean;
}

/** Opus: RFC 6716 section 3. */
export class OpusReader implements PacketReader {
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	duration(offset: number, length: number): number {
		const bytes = this.#bytes;
		const first = bytes[offset];
		// Nearly all packets are one frame, plain or padded: these are not worth a walk through all rules.
		if ((first & CODE_MASK) === 0 && length > 0 && length <= LARGEST) return opusFrameTicks(first);
		if ((first & CODE_MASK) === CODE_COUNTED && length > 4 && length <= LARGEST && bytes[offset + 1] === ONE_PADDED) {
			const padding = bytes[offset + 2];
			if (padding < PADDING_MORE) return padding + 3 <= length ? opusFrameTicks(first) : 0;
			const rest = bytes[offset + 3];
			if (rest < PADDING_MORE) return PADDING_MORE + 3 + rest <= length ? opusFrameTicks(first) : 0;
		}
		const units = opusDuration(this.#bytes, offset, length);
		return units > 0 ? units : 0;
	}

	/** Behind the VAD flags of its SILK frames the first frame says whether redundant ones follow (section 4.2.3). */
	redundant(offset: number, length: number): boolean {
		const bytes = this.#bytes;
		const first = bytes[offset];
		if (opusMode(first) === OpusMode.CELT) return false;
		const at = this.firstFrame(offset, offset + length);
		if (at < 0) return false;
		const ticks = opusFrameTicks(first);
		const frames = ticks > SILK_FRAME ? ticks / SILK_FRAME : 1;
		return ((bytes[at] >> (7 - frames)) & 1) !== 0;
	}

	/** Where the first frame begins: section 3.2. @returns -1 when it is empty or outside. */
	private firstFrame(offset: number, end: number): number {
		const bytes = this.#bytes;
		const code = bytes[offset] & CODE_MASK;
		let at = offset + 1;
		if (code === CODE_COUNTED) {
			const count = bytes[at++];
			if ((count & PADDING_FLAG) !== 0) while (at < end && bytes[at++] === PADDING_MORE);
			if ((count & VARIABLE_FLAG) !== 0)
				for (let i = 1; i < (count & COUNT_MASK) && at < end; i++) at += bytes[at] < LONG_LENGTH ? 1 : 2;
		} else if (code === CODE_TWO_SIZES) at += bytes[at] < LONG_LENGTH ? 1 : 2;
		return at < end ? at : -1;
	}
}

/** A codec of one byte a sample, such as G.711 at 8,000 samples a second. */
export class ByteReader implements PacketReader {
	readonly #units: number;

	/** @param rate bytes a second: divides 48,000. */
	constructor(rate: number) {
		this.#units = (UNITS_PER_MS * 1000) / rate;
	}

	duration(_offset: number, length: number): number {
		const units = length * this.#units;
		return units <= LONGEST ? units : 0;
	}

	redundant(): boolean {
		return false;
	}
}
