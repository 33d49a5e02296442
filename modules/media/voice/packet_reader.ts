import { duration, redundant } from "media/audio/opus_parse";

/** Media time of voice is counted in units of 1/48,000 s, as RTP does for Opus at any sample rate (RFC 7587 section 4.1). */
export const UNITS_PER_MS = 48;

/** Longest packet of a byte codec that is believed: 120 ms, as Opus has it. */
const LONGEST = 120 * UNITS_PER_MS;
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
		const units = duration(this.#bytes, offset, length);
		return units > 0 ? units : 0;
	}

	redundant(offset: number, length: number): boolean {
		return redundant(this.#bytes, offset, length);
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
