import { count, target, uncount } from "media/voice/timing";

/** Delays are counted in that many steps of the same width: floats, behind seven numbers (timing_voice.c). */
const STEPS = 40;
const TABLE = 7 * 8 + STEPS * 4;
/** Weight of what was assumed at the start, in packets. */
const FIRST_WEIGHT = 2;

/** How long packets have to be held so that nearly all of them are there when they are needed. Without I/O; times in ms. */
export interface DelayEstimate {
	/** A packet came `delay` ms after the earliest possible moment; `media` is its media time in ms. */
	observe(delay: number, media: number, now: number): void;
	/** Where it is a table of `timing`: packets are counted in it as they arrive, instead of with `observe`. */
	readonly counts?: ArrayBuffer;
	/** Milliseconds to be held. */
	readonly target: number;
	/** Media time begins anew: what was learnt still holds, but no interval reaches over this. */
	begin?(): void;
	/** A new stream: another sender or another way. */
	reset(): void;
}

/**
 * The delay in which 98 of 100 packets of the last 8 seconds came; one that was too late to be played counts five times, so it goes
 * up at once and down slowly. Instead of making all old counts smaller at each packet the new one weighs more than the one before, so
 * that a packet costs the same however many steps there are.
 */
export class PercentileDelay implements DelayEstimate {
	readonly counts = new ArrayBuffer(TABLE);
	readonly #width: number;
	readonly #first: number;

	/** @param first target until something is known; @param longest delay that is told apart. */
	constructor(first: number, longest: number) {
		this.#width = longest / STEPS;
		this.#first = first;
		this.reset();
	}

	get target(): number {
		return target(this.counts);
	}

	reset(): void {
		// The step that ends at what is assumed.
		const wanted = (this.#first / this.#width - 1 / 2) | 0;
		const step = wanted < STEPS ? wanted : STEPS - 1;
		uncount(this.counts, this.#width, step, FIRST_WEIGHT, this.#first);
	}

	observe(delay: number, _media: number, now: number): void {
		count(this.counts, delay, now);
	}
}
