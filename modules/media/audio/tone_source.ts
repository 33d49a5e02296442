import type { AudioSource } from "media/audio/audio";
import { type Clock, SourcePace } from "media/audio/pace";
import { tone } from "media/audio/samples";

/** A sine for ever. */
export class ToneSource implements AudioSource {
	readonly #pace: SourcePace;
	/** Turns a sample. */
	readonly #step: number;
	readonly #amplitude: number;
	#phase = 0;

	/** `frequency` in Hz, at most half of `rate`; `amplitude` 0 (silence) to 32,767. */
	constructor(frequency: number, amplitude: number, rate: number, clock: Clock) {
		this.#pace = new SourcePace(rate, clock);
		this.#step = frequency / rate;
		this.#amplitude = amplitude;
	}

	start(): void {
		this.#pace.start();
	}

	get lost(): number {
		return this.#pace.lost;
	}

	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		this.#pace.overrun();
		if (!this.#pace.take(samples)) return 0;
		this.#phase = tone(buffer, offset, samples, this.#phase, this.#step, this.#amplitude);
		return samples;
	}

	close(): void {}
}
