import AudioIn from "embedded:io/audio/in";
import AudioOut from "embedded:io/audio/out";
import type { DeviceOptions } from "media/audio/audio";

/*
 * Written against the classes of the Moddable SDK 8.2.3 (modules/io/audioin, modules/io/audioout) and not yet run on a board. They
 * take a whole view, so one is made for each place that is read or written: a voice path has one of each, whose first call makes it.
 */

/** Bytes that the driver buffers of a microphone, and of a loudspeaker at most (6 DMA buffers of 240 frames). */
const INPUT_BYTES = 16_384;
const OUTPUT_SAMPLES = 1440;

export function deviceBytes(): number {
	return INPUT_BYTES;
}

/** Both have it; the SDK's declaration of AudioOut forgets it. */
interface Closable {
	close(): void;
}

/** A view that is made again only when it must lie elsewhere. */
class Place {
	#view = new Uint8Array(0);

	at(buffer: ArrayBuffer, offset: number, bytes: number): Uint8Array {
		if (this.#view.buffer !== buffer || this.#view.byteOffset !== offset || this.#view.length !== bytes)
			this.#view = new Uint8Array(buffer, offset, bytes);
		return this.#view;
	}
}

export class DeviceInput {
	readonly lost = 0;
	readonly capacity = INPUT_BYTES / 4;
	error = "";
	readonly #place = new Place();
	#input: AudioIn | undefined;
	/** Bytes that wait, as the driver said last. */
	#waiting = 0;

	constructor(options: DeviceOptions) {
		this.#input = new AudioIn({
			sampleRate: options.rate,
			channels: 1,
			bitsPerSample: 16,
			onReadable: (bytes) => {
				this.#waiting = bytes;
			},
		});
		this.#input.start();
	}

	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (!this.#input) return -1;
		const bytes = 2 * samples;
		if (this.#waiting < bytes) return 0;
		try {
			this.#input.read(this.#place.at(buffer, offset, bytes));
		} catch {
			/* Fewer than it said: it will say again. */
			this.#waiting = 0;
			return 0;
		}
		this.#waiting -= bytes;
		return samples;
	}

	close(): void {
		this.#input?.close();
		this.#input = undefined;
	}
}

export class DeviceOutput {
	readonly starved = 0;
	readonly capacity = OUTPUT_SAMPLES;
	error = "";
	readonly #place = new Place();
	#output: AudioOut | undefined;
	/** Bytes there is room for, as the driver said last. */
	#room = 0;

	constructor(options: DeviceOptions) {
		this.#output = new AudioOut({
			sampleRate: options.rate,
			channels: 1,
			bitsPerSample: 16,
			onWritable: (bytes) => {
				this.#room = bytes;
			},
		});
		this.#output.start();
	}

	/** The driver plays silence where nothing was written. */
	get queued(): number {
		return Math.max(0, this.capacity - (this.#room >> 1));
	}

	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (!this.#output) return -1;
		const count = Math.min(samples, this.#room >> 1);
		if (count === 0) return 0;
		try {
			this.#output.write(this.#place.at(buffer, offset, 2 * count));
		} catch {
			this.#room = 0;
			return 0;
		}
		this.#room -= 2 * count;
		return count;
	}

	close(): void {
		(this.#output as Closable | undefined)?.close();
		this.#output = undefined;
	}
}
