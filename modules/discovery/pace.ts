/** So that what is lost in rounding never makes a packet too many. */
const ROUNDING = 0.9999;
/** A token, but for what is lost in rounding: else the time that was told for it could come a trifle too early, again and again. */
const WHOLE = 1 - 1e-6;

/**
 * Lets through at most `rate` packets in any second: a bucket of a tenth of that, filled with what is left over, so that a burst
 * never comes on top of a full second. Time is the caller's.
 */
export class Pace {
	readonly #capacity: number;
	/** Packets a millisecond. */
	readonly #refill: number;
	#tokens = 0;
	#time = 0;

	/** @param rate packets a second, at least 1. */
	constructor(rate: number) {
		this.#capacity = Math.max(1, Math.floor(rate / 10));
		this.#refill = ((rate - this.#capacity + 1) / 1000) * ROUNDING;
	}

	begin(now: number): void {
		this.#time = now;
		this.#tokens = this.#capacity;
	}

	/** Whether a packet may go now. */
	ready(now: number): boolean {
		this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#time) * this.#refill);
		this.#time = now;
		return this.#tokens >= WHOLE;
	}

	/** One has gone. Only after `ready`. */
	take(): void {
		this.#tokens--;
	}

	/** When the next may go. Only after `ready`. */
	get next(): number {
		return this.#tokens >= WHOLE ? this.#time : this.#time + (1 - this.#tokens) / this.#refill;
	}
}
