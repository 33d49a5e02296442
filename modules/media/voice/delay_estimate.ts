/** Delays are counted in that many steps of the same width. */
const STEPS = 40;
/** This share of packets comes in time, or more. */
const IN_TIME = 0.98;
/** Delays are forgotten with this time constant, in ms. */
const MEMORY = 8_000;
/** One that came so late that it could not be played counts as so many: up at once, down slowly. */
const LATE_WEIGHT = 5;
/** Weight of what was assumed at the start, in packets. */
const FIRST_WEIGHT = 2;
/** A packet that comes after a pause ages what was learnt by this at most, in ms. */
const LONGEST_STEP = 200;
const HEAVY = 1e9;

/** How long packets have to be held so that nearly all of them are there when they are needed. Without I/O; times in ms. */
export interface DelayEstimate {
	/** A packet came `delay` ms after the earliest possible moment; `media` is its media time. */
	observe(delay: number, media: number, now: number): void;
	/** Milliseconds to be held. */
	readonly target: number;
	/** Media time begins anew: what was learnt still holds, but no interval reaches over this. */
	begin?(): void;
	/** A new stream: another sender or another way. */
	reset(): void;
}

/**
 * A percentile of the delays of the last seconds. Instead of making all old counts smaller at each packet the new one weighs more
 * than the one before, so that a packet costs the same however many steps there are.
 */
export class PercentileDelay implements DelayEstimate {
	// Fields are found one after the other: private ones first, and of those the ones used for each packet.
	readonly #width: number;
	readonly #counts = new Float32Array(STEPS);
	/** Weight of the next packet, of all counted, and of those in steps above `#step`. */
	#weight = 1;
	#total = 0;
	#above = 0;
	#step = 0;
	#last = 0;
	readonly #first: number;
	target: number;

	/** @param first target until something is known; @param longest delay that is told apart. */
	constructor(first: number, longest: number) {
		this.#width = longest / STEPS;
		this.#first = first;
		this.target = first;
		this.reset();
	}

	reset(): void {
		// The step that ends at what is assumed.
		const wanted = (this.#first / this.#width - 1 / 2) | 0;
		const step = wanted < STEPS ? wanted : STEPS - 1;
		this.#counts.fill(0);
		this.#counts[step] = FIRST_WEIGHT;
		this.#total = FIRST_WEIGHT;
		this.#above = 0;
		this.#weight = 1;
		this.#step = step;
		this.#last = 0;
		this.target = this.#first;
	}

	observe(delay: number, _media: number, now: number): void {
		const passed = now - this.#last;
		this.#last = now;
		let weight = this.#weight * (1 + (passed < LONGEST_STEP ? passed : LONGEST_STEP) / MEMORY);
		this.#weight = weight;
		let at = this.#step;
		const width = this.#width;
		let step = (delay / width) | 0;
		if (step >= STEPS) step = STEPS - 1;
		else if (step < 0) step = 0;
		if (step > at + 1) weight *= LATE_WEIGHT;
		const counts = this.#counts;
		counts[step] += weight;
		const total = this.#total + weight;
		this.#total = total;
		let above = this.#above;
		if (step > at) above += weight;
		const allowed = total * (1 - IN_TIME);
		while (above > allowed && at < STEPS - 1) above -= counts[++at];
		while (at > 0 && above + counts[at] <= allowed) above += counts[at--];
		this.#above = above;
		this.#step = at;
		this.target = (at + 1) * width;
		if (weight > HEAVY) this.lighten();
	}

	/** Makes all weights small again, and their sums exact. */
	private lighten(): void {
		const weight = this.#weight;
		const counts = this.#counts;
		let total = 0;
		let above = 0;
		for (let i = 0; i < STEPS; i++) {
			const count = counts[i] / weight;
			counts[i] = count;
			total += count;
			if (i > this.#step) above += count;
		}
		this.#weight = 1;
		this.#total = total;
		this.#above = above;
	}
}
