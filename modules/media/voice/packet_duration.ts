/** Media time of voice is counted in units of 1/48,000 s, as RTP does for Opus at any sample rate (RFC 7587 section 4.1). */
export const UNITS_PER_MS = 48;

/** Longest packet, RFC 6716 section 3.2.5: 120 ms. */
const LONGEST = 120 * UNITS_PER_MS;
/** Frames of a packet by the two low bits of its first byte; 3: the second byte says it (section 3.1). */
const CODE_MASK = 3;
const CODE_COUNTED = 3;
const COUNT_MASK = 0x3f;
/** Configurations from here on are hybrid and CELT (section 3.1, table 2). */
const FIRST_HYBRID = 12;
const FIRST_CELT = 16;

/** How long a packet plays, told without decoding it. */
export interface PacketDuration {
	/** @returns units of 1/48,000 s, 0: damaged. */
	of(offset: number, length: number): number;
}

/** Opus: RFC 6716 section 3.1. */
export class OpusDuration implements PacketDuration {
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	of(offset: number, length: number): number {
		if (length < 1) return 0;
		const first = this.#bytes[offset];
		const code = first & CODE_MASK;
		if (code === CODE_COUNTED && length < 2) return 0;
		const count = code === 0 ? 1 : code < CODE_COUNTED ? 2 : this.#bytes[offset + 1] & COUNT_MASK;
		const units = frameUnits(first >> 3) * count;
		return units <= LONGEST ? units : 0;
	}
}

function frameUnits(configuration: number): number {
	if (configuration >= FIRST_CELT) return 120 << (configuration & 3);
	if (configuration >= FIRST_HYBRID) return 480 << (configuration & 1);
	const size = configuration & 3;
	return size === 3 ? 2880 : 480 << size;
}

/** A codec of one byte a sample, such as G.711 at 8,000 samples a second. */
export class ByteDuration implements PacketDuration {
	readonly #units: number;

	/** @param rate bytes a second: divides 48,000. */
	constructor(rate: number) {
		this.#units = (UNITS_PER_MS * 1000) / rate;
	}

	of(_offset: number, length: number): number {
		const units = length * this.#units;
		return units <= LONGEST ? units : 0;
	}
}
