import type { AudioSink } from "media/audio/audio";
import { gain, UNITY } from "media/audio/samples";

/** Plays louder or softer: a sink before another one. What is written is changed where it lies. */
export class GainSink implements AudioSink {
	readonly #sink: AudioSink;
	readonly #gain: number;
	/** What the sink did not take and is changed already: it comes again. */
	#offset = 0;
	#left = 0;

	/** @param loudness 0..16; 1 changes nothing. */
	constructor(sink: AudioSink, loudness: number) {
		this.#sink = sink;
		this.#gain = Math.round(loudness * UNITY);
	}

	start(): void {
		this.#sink.start();
	}

	get queued(): number {
		return this.#sink.queued;
	}

	get capacity(): number {
		return this.#sink.capacity;
	}

	get starved(): number {
		return this.#sink.starved;
	}

	get error(): string {
		return this.#sink.error ?? "";
	}

	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (offset !== this.#offset || samples !== this.#left) gain(buffer, offset, samples, this.#gain);
		const taken = this.#sink.write(buffer, offset, samples);
		const count = taken > 0 ? taken : 0;
		this.#offset = offset + 2 * count;
		this.#left = samples - count;
		return taken;
	}

	close(): void {
		this.#sink.close();
	}
}
