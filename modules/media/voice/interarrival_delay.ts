import type { DelayEstimate } from "media/voice/delay_estimate";

/** Share of the jitter that a packet changes it by, RFC 3550 section 6.4.1. */
const GAIN = 1 / 16;

/** Delay as a multiple of the interarrival jitter of RFC 3550 (appendix A.8), for protocols that ask for that. */
export class InterarrivalDelay implements DelayEstimate {
	target: number;
	/** Interarrival jitter in ms. */
	jitter = 0;
	readonly #first: number;
	readonly #factor: number;
	#last = 0;
	#known = false;

	/** @param first target until two packets came; @param factor times the jitter is the target. */
	constructor(first: number, factor: number) {
		this.target = first;
		this.#first = first;
		this.#factor = factor;
	}

	reset(): void {
		this.jitter = 0;
		this.#known = false;
		this.target = this.#first;
	}

	begin(): void {
		this.#known = false;
	}

	observe(_delay: number, media: number, now: number): void {
		const transit = now - media;
		const change = transit - this.#last;
		this.#last = transit;
		if (!this.#known) {
			this.#known = true;
			return;
		}
		this.jitter += ((change < 0 ? -change : change) - this.jitter) * GAIN;
		this.target = this.jitter * this.#factor;
	}
}
