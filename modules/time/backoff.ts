/** A source of random numbers for spreading load, not for keys. */
export interface RandomSource {
	/** A number of 0 (included) to 1 (excluded). */
	fraction(): number;
}

export interface BackoffOptions {
	/** Milliseconds of the first delay. */
	first: number;
	/** Longest delay before jitter, in milliseconds. */
	limit: number;
	/** What each delay is multiplied with for the next. Default 2. */
	factor?: number;
	/** Share of a delay that is added at random, 0..1. Default 0.1. */
	jitter?: number;
	random: RandomSource;
}

/** `delay` plus a random part of it: 0 up to `share` × `delay`. */
export function withJitter(delay: number, share: number, random: RandomSource): number {
	return delay + delay * share * random.fraction();
}

/** Growing delays between attempts, for ever. The time is the caller's. */
export class Backoff {
	/** Attempts since the start or the last `reset`. */
	attempts = 0;
	readonly #first: number;
	readonly #limit: number;
	readonly #factor: number;
	readonly #jitter: number;
	readonly #random: RandomSource;
	#delay: number;

	constructor(options: BackoffOptions) {
		this.#first = options.first;
		this.#limit = options.limit;
		this.#factor = options.factor ?? 2;
		this.#jitter = options.jitter ?? 0.1;
		this.#random = options.random;
		if (!(this.#first > 0) || !(this.#limit >= this.#first) || !(this.#factor >= 1) || !(this.#jitter >= 0 && this.#jitter <= 1))
			throw new RangeError("backoff: 0 < first <= limit, factor >= 1, 0 <= jitter <= 1");
		this.#delay = this.#first;
	}

	/** Milliseconds to wait before the next attempt. */
	next(): number {
		const delay = this.#delay;
		const longer = delay * this.#factor;
		this.#delay = longer < this.#limit ? longer : this.#limit;
		this.attempts++;
		return withJitter(delay, this.#jitter, this.#random);
	}

	/** An attempt has succeeded: the next delay is the first one again. */
	reset(): void {
		this.#delay = this.#first;
		this.attempts = 0;
	}
}
