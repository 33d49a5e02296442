import type { AudioSink } from "media/audio/audio";
import { DeviceOutput } from "media/audio/device";
import { DEVICE_BUFFER, DEVICE_RETRY, FASTEST } from "media/audio/device_source";
import type { Clock } from "media/audio/pace";

/**
 * The host's loudspeaker. When it is unplugged its clock goes on, nobody hears what is written, and it is looked for every five
 * seconds.
 */
export class DeviceSink implements AudioSink {
	/** Why nobody hears anything, "" while the device is there. */
	error = "";
	/** Times that the device went. */
	outages = 0;
	readonly #device: string;
	readonly #rate: number;
	readonly #clock: Clock;
	#output: DeviceOutput | undefined;
	#started = false;
	#capacity = 0;
	/** Starved in outputs that were closed. */
	#starved = 0;
	/** Samples that wait if the device plays as fast as one can, as of `#time`: a plugin that takes all at once is no clock. */
	#waiting = 0;
	#time = 0;
	/** When a device that is gone is looked for. */
	#retry = 0;

	constructor(device: string, rate: number, clock: Clock) {
		this.#device = device;
		this.#rate = rate;
		this.#clock = clock;
		this.#capacity = Math.floor((rate * DEVICE_BUFFER) / 1000);
	}

	start(): void {
		this.close();
		this.#open();
		this.#capacity = (this.#output as DeviceOutput).capacity;
		this.#time = this.#clock();
		this.#started = true;
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

	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (!this.#started) return -1;
		this.#play();
		const room = Math.floor(this.#capacity - this.#waiting);
		let count = room < samples ? room : samples;
		if (count <= 0) return 0;
		const output = this.#output ?? this.#look();
		if (output) count = output.write(buffer, offset, count);
		if (count < 0) {
			this.error = (output as DeviceOutput).error;
			this.outages++;
			this.#drop();
			return 0;
		}
		this.#waiting += count;
		return count;
	}

	close(): void {
		this.#started = false;
		this.#drop();
		this.#waiting = 0;
	}

	/** The capacity stays that of the first one: others count on it, and a device of the same name has it. */
	#open(): void {
		this.#output = new DeviceOutput({ device: this.#device, rate: this.#rate, buffer: DEVICE_BUFFER });
		this.error = "";
	}

	#look(): DeviceOutput | undefined {
		if (this.#clock() < this.#retry) return undefined;
		this.#retry = this.#clock() + DEVICE_RETRY;
		try {
			this.#open();
		} catch (error) {
			this.error = (error as Error).message;
		}
		return this.#output;
	}

	#drop(): void {
		if (!this.#output) return;
		this.#starved += this.#output.starved;
		this.#output.close();
		this.#output = undefined;
		this.#retry = this.#clock() + DEVICE_RETRY;
	}

	#play(): void {
		const now = this.#clock();
		this.#waiting = Math.max(0, this.#waiting - ((now - this.#time) * this.#rate * FASTEST) / 1000);
		this.#time = now;
	}
}
