import type { AudioSink } from "media/audio/audio";
import { type Clock, SinkPace } from "media/audio/pace";

/** Milliseconds of sound that a sink without a device holds. */
export const SINK_CAPACITY = 200;

/** Plays to nobody, at the pace of the clock. */
export class NullSink implements AudioSink {
	readonly capacity: number;
	readonly #pace: SinkPace;

	constructor(rate: number, clock: Clock) {
		this.#pace = new SinkPace(rate, SINK_CAPACITY, clock);
		this.capacity = this.#pace.capacity;
	}

	start(): void {
		this.#pace.start();
	}

	get queued(): number {
		return this.#pace.queued;
	}

	get starved(): number {
		return this.#pace.starved;
	}

	write(_buffer: ArrayBuffer, _offset: number, samples: number): number {
		return this.#pace.accept(samples);
	}

	close(): void {}
}
