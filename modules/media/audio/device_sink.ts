import type { AudioSink } from "media/audio/audio";
import { DeviceOutput } from "media/audio/device";
import { DEVICE_BUFFER, FASTEST } from "media/audio/device_source";
import type { Clock } from "media/audio/pace";

/** The host's loudspeaker. After a -1 `start` opens it again. */
export class DeviceSink implements AudioSink {
	readonly #device: string;
	readonly #rate: number;
	readonly #clock: Clock;
	#output: DeviceOutput | undefined;
	#capacity = 0;
	/** Starved in outputs that were closed. */
	#starved = 0;
	/** Samples that wait if the device plays as fast as one can, as of `#time`: a plugin that takes all at once is no clock. */
	#waiting = 0;
	#time = 0;

	constructor(device: string, rate: number, clock: Clock) {
		this.#device = device;
		this.#rate = rate;
		this.#clock = clock;
		this.#capacity = Math.floor((rate * DEVICE_BUFFER) / 1000);
	}

	start(): void {
		this.close();
		this.#output = new DeviceOutput({ device: this.#device, rate: this.#rate, buffer: DEVICE_BUFFER });
		this.#capacity = this.#output.capacity;
		this.#waiting = 0;
		this.#time = this.#clock();
	}

	get capacity(): number {
		return this.#capacity;
	}

	get queued(): number {
		this.#play();
		const queued = this.#output ? this.#output.queued : 0;
		return Math.max(queued, Math.ceil(this.#waiting));
	}

	get starved(): number {
		return this.#starved + (this.#output?.starved ?? 0);
	}

	/** Why it takes nothing any more, "" while it does. */
	get error(): string {
		return this.#output?.error ?? "";
	}

	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (!this.#output) return -1;
		this.#play();
		const room = Math.floor(this.#capacity - this.#waiting);
		const count = room > 0 ? this.#output.write(buffer, offset, Math.min(samples, room)) : 0;
		if (count > 0) this.#waiting += count;
		return count;
	}

	close(): void {
		if (!this.#output) return;
		this.#starved += this.#output.starved;
		this.#output.close();
		this.#output = undefined;
		this.#waiting = 0;
	}

	#play(): void {
		const now = this.#clock();
		this.#waiting = Math.max(0, this.#waiting - ((now - this.#time) * this.#rate * FASTEST) / 1000);
		this.#time = now;
	}
}
