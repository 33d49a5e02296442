import { TSL_UNITS } from "arcrtc/constants";

/** Fields of a reduced header (section 2.3), which is read as a signed 32-bit number. */
const REDUCED = 0xc0000000 | 0;
const MASK = TSL_UNITS - 1;
const HALF = TSL_UNITS / 2;

/** The four bytes of a reduced header as a signed number. */
export function reducedWord(cid: number, marker: boolean, phase: number, tsl: number, sequence: number): number {
	return REDUCED | (cid << 27) | (marker ? 0x4000000 : 0) | (phase << 25) | ((tsl & MASK) << 16) | sequence;
}

/** Ticks since the reference's timestamp that a TSL may stand for, in units; of two candidates the tag decides. */
export class Units {
	first = 0;
	/** Equal to `first` when there is no other. */
	second = 0;

	/**
	 * For a packet newer than the reference, `difference` = TSL - TSL of the reference; `expected`: units by the time that has passed,
	 * to any fraction. First the candidate nearest to it, then the one of 0..511.
	 */
	newer(difference: number, expected: number): void {
		const low = difference & MASK;
		const gap = Math.floor(expected + 0.5) - low;
		this.second = low;
		// A tie takes the smaller.
		this.first = low + TSL_UNITS * Math.ceil((gap - HALF) / TSL_UNITS);
	}

	/** For an older one, late or sent again: first the candidate of -511..0, then the one nearest to 0. */
	older(difference: number): void {
		const low = difference & MASK;
		this.first = low === 0 ? 0 : low - TSL_UNITS;
		this.second = low < HALF ? low : low - TSL_UNITS;
	}
}
