import { FileWriter } from "files/files";
import type { AudioSink } from "media/audio/audio";
import { SINK_CAPACITY } from "media/audio/null_sink";
import { type Clock, SinkPace } from "media/audio/pace";
import { WAV_HEADER, WAV_LONGEST, writeWavHeader } from "media/audio/wav";

export interface WavSinkOptions {
	path: string;
	rate: number;
	clock: Clock;
	/** Bytes of sound at most, default and maximum 4 GiB - 1: then the recording stops, and playing goes on. */
	limit?: number;
}

/**
 * Records to a WAV file what a loudspeaker would play, at the pace of the clock: where nothing came there is silence, so that the
 * place in the file is the time since the start. The sizes in its header are right once a second: what a killed process leaves can
 * be played.
 */
export class WavSink implements AudioSink {
	readonly capacity: number;
	/** Why the recording has stopped, "" while it goes on. */
	error = "";
	readonly #path: string;
	readonly #rate: number;
	readonly #limit: number;
	readonly #pace: SinkPace;
	readonly #header = new DataView(new ArrayBuffer(WAV_HEADER));
	#file: FileWriter | undefined;
	/** Bytes of sound in the file, and in its header. */
	#bytes = 0;
	#stated = 0;
	/** Samples of silence that are in the file. */
	#silence = 0;

	constructor(options: WavSinkOptions) {
		this.#path = options.path;
		this.#rate = options.rate;
		this.#limit = 2 * Math.floor(Math.min(options.limit ?? WAV_LONGEST, WAV_LONGEST) / 2);
		this.#pace = new SinkPace(options.rate, SINK_CAPACITY, options.clock);
		this.capacity = this.#pace.capacity;
	}

	start(): void {
		this.close();
		const file = new FileWriter(this.#path);
		this.#bytes = 0;
		this.#silence = this.#pace.starved;
		this.error = "";
		if (!this.#state(file)) {
			file.close();
			throw new Error(this.#path + " cannot be written: is the disk full?");
		}
		this.#file = file;
		this.#pace.start();
	}

	get queued(): number {
		return this.#pace.queued;
	}

	get starved(): number {
		return this.#pace.starved;
	}

	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		const count = this.#pace.accept(samples);
		if (this.#file && count > 0) this.#record(this.#file, buffer, offset, 2 * count);
		return count;
	}

	close(): void {
		if (!this.#file) return;
		this.#state(this.#file);
		this.#file.close();
		this.#file = undefined;
	}

	#record(file: FileWriter, buffer: ArrayBuffer, offset: number, bytes: number): void {
		/* What is passed over reads as zeros. */
		const at = this.#bytes + 2 * (this.#pace.starved - this.#silence);
		this.#silence = this.#pace.starved;
		if (at + bytes > this.#limit) this.#stop(" has reached its limit of " + this.#limit + " bytes");
		else if (!file.write(buffer, offset, bytes, WAV_HEADER + at)) this.#stop(" cannot be written: is the disk full?");
		else {
			this.#bytes = at + bytes;
			if (this.#bytes - this.#stated >= 2 * this.#rate) this.#state(file);
		}
	}

	#stop(why: string): void {
		this.close();
		this.error = this.#path + why;
	}

	/** Writes the header anew. */
	#state(file: FileWriter): boolean {
		writeWavHeader(this.#header, this.#rate, this.#bytes);
		this.#stated = this.#bytes;
		return file.write(this.#header.buffer as ArrayBuffer, 0, WAV_HEADER, 0);
	}
}
