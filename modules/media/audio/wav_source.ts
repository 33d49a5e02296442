import { File } from "files/files";
import type { AudioSource } from "media/audio/audio";
import { type Clock, SourcePace } from "media/audio/pace";
import { convert, gain, resample, resamplerBytes, resamplerNeed, resamplerStart } from "media/audio/samples";
import { readWavHeader, WAV_FASTEST, WavLayout } from "media/audio/wav";

/** Bytes of the file that are in memory at a time. */
const PIECE = 2048;

/** Bytes that a {@link WavSource} needs in the arena, whatever the file's sample rate is. */
export function wavSourceBytes(rate: number): number {
	return PIECE + resamplerBytes(WAV_FASTEST / rate);
}

export interface WavSourceOptions {
	path: string;
	/** Samples a second that it gives. */
	rate: number;
	/** Begins anew at the end. */
	loop: boolean;
	/** Where its {@link wavSourceBytes} lie, a multiple of 4, in the buffer into which all sound is read. */
	offset: number;
	clock: Clock;
}

/** The sound of a WAV file, read piece by piece as it is played. */
export class WavSource implements AudioSource {
	readonly #path: string;
	readonly #rate: number;
	readonly #loop: boolean;
	readonly #piece: number;
	readonly #state: number;
	readonly #pace: SourcePace;
	readonly #layout = new WavLayout();
	#file: File | undefined;
	/** Rate of the file to ours. */
	#ratio = 1;
	/** Frames of the file that were played. */
	#played = 0;
	/** The resampler was not started yet: its state lies in a buffer that only `read` brings. */
	#fresh = true;

	constructor(options: WavSourceOptions) {
		this.#path = options.path;
		this.#rate = options.rate;
		this.#loop = options.loop;
		this.#piece = options.offset;
		this.#state = options.offset + PIECE;
		this.#pace = new SourcePace(options.rate, options.clock);
	}

	start(): void {
		this.close();
		const file = new File(this.#path);
		this.#file = file;
		const problem = readWavHeader(file, this.#layout);
		if (problem !== "") {
			this.close();
			throw new Error(this.#path + " " + problem);
		}
		this.#ratio = this.#layout.rate / this.#rate;
		this.#played = 0;
		this.#fresh = true;
		this.#pace.start();
	}

	get lost(): number {
		return this.#pace.lost;
	}

	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (!this.#file) return -1;
		const skipped = this.#pace.overrun();
		if (skipped > 0) this.#move(Math.round(skipped * this.#ratio));
		if (!this.#loop && this.#played >= this.#layout.frames) return -1;
		if (!this.#pace.take(samples)) return 0;
		if (this.#fresh && this.#ratio !== 1) resamplerStart(buffer, this.#state, this.#ratio);
		this.#fresh = false;
		for (let made = 0; made < samples; ) {
			const to = offset + 2 * made;
			const count = this.#ratio === 1 ? this.#take(buffer, to, samples - made) : this.#takeResampled(buffer, to, samples - made);
			if (count < 0) {
				this.close();
				return -1;
			}
			made += count;
		}
		return samples;
	}

	close(): void {
		this.#file?.close();
		this.#file = undefined;
	}

	#takeResampled(buffer: ArrayBuffer, to: number, samples: number): number {
		const need = resamplerNeed(buffer, this.#state, samples, this.#ratio);
		/* Samples have two bytes, also where the file's have one. */
		const count = need > 0 ? this.#take(buffer, this.#piece, Math.min(need, PIECE / 2)) : 0;
		if (count < 0) return -1;
		return resample(buffer, this.#state, this.#piece, count, to, samples, this.#ratio);
	}

	/** Reads at most `samples` samples of the file to `to`, zeros behind its end. @returns how many, -1 when it cannot be read. */
	#take(buffer: ArrayBuffer, to: number, samples: number): number {
		const layout = this.#layout;
		if (this.#played >= layout.frames) {
			if (!this.#loop) {
				gain(buffer, to, samples, 0);
				return samples;
			}
			this.#played = 0;
		}
		const room = Math.floor(PIECE / layout.frameBytes);
		const frames = Math.min(samples, room, layout.frames - this.#played);
		const bytes = frames * layout.frameBytes;
		const position = layout.start + this.#played * layout.frameBytes;
		if ((this.#file as File).read(buffer, this.#piece, bytes, position) !== bytes) return -1;
		convert(buffer, this.#piece, layout.format, layout.channels, to, frames);
		this.#played += frames;
		return frames;
	}

	#move(frames: number): void {
		this.#played += frames;
		if (this.#loop) this.#played %= this.#layout.frames;
	}
}
