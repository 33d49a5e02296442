/** Monotonic milliseconds. */
export type Clock = () => number;

/** Samples that a source holds for somebody who is late, in ms of sound: then the oldest are lost, as a microphone's are. */
const BACKLOG = 500;

/** Lets a source that could give everything at once give it as a microphone does: so many samples a second. */
export class SourcePace {
	/** Samples that nobody took in time. */
	lost = 0;
	readonly #rate: number;
	readonly #clock: Clock;
	#start = 0;
	/** Samples since the start that were taken or lost. */
	#gone = 0;

	constructor(rate: number, clock: Clock) {
		this.#rate = rate;
		this.#clock = clock;
	}

	start(): void {
		this.#start = this.#clock();
		this.#gone = 0;
	}

	/** Samples that were lost since the last call. */
	overrun(): number {
		const skipped = Math.floor(this.#waiting() - (BACKLOG / 1000) * this.#rate);
		if (skipped <= 0) return 0;
		this.lost += skipped;
		this.#gone += skipped;
		return skipped;
	}

	/** Takes `samples` when they are there. */
	take(samples: number): boolean {
		if (this.#waiting() < samples) return false;
		this.#gone += samples;
		return true;
	}

	#waiting(): number {
		return Math.floor(((this.#clock() - this.#start) * this.#rate) / 1000) - this.#gone;
	}
}

/** Lets a sink play so many samples a second, and counts what it had to play without having it. */
export class SinkPace {
	/** Samples of silence played. */
	starved = 0;
	readonly capacity: number;
	readonly #rate: number;
	readonly #clock: Clock;
	#start = 0;
	/** Samples played since the start, silence included. */
	#played = 0;
	#queued = 0;

	/** `milliseconds` of sound wait at most. */
	constructor(rate: number, milliseconds: number, clock: Clock) {
		this.#rate = rate;
		this.#clock = clock;
		this.capacity = Math.floor((rate * milliseconds) / 1000);
	}

	start(): void {
		this.#start = this.#clock();
		this.#played = 0;
		this.#queued = 0;
	}

	get queued(): number {
		this.#play();
		return this.#queued;
	}

	/** @returns how many of `samples` there is room for; they are queued. */
	accept(samples: number): number {
		this.#play();
		const count = Math.min(samples, this.capacity - this.#queued);
		this.#queued += count;
		return count;
	}

	#play(): void {
		const due = Math.floor(((this.#clock() - this.#start) * this.#rate) / 1000) - this.#played;
		if (due <= 0) return;
		this.#played += due;
		if (due > this.#queued) {
			this.starved += due - this.#queued;
			this.#queued = 0;
		} else this.#queued -= due;
	}
}
