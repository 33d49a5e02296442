import type { AudioSource } from "media/audio/audio";
import { DeviceInput } from "media/audio/device";
import type { Clock } from "media/audio/pace";

/** Milliseconds of sound in a device's buffer. */
export const DEVICE_BUFFER = 200;
/** No clock of a device is faster than the processor's by more: what gives more is no device but a plugin that gives all at once. */
export const FASTEST = 1.005;
/** Milliseconds between two tries to open a device that is gone. */
export const DEVICE_RETRY = 5000;

/** The host's microphone. When it is unplugged nothing comes until it is there again: it is looked for every five seconds. */
export class DeviceSource implements AudioSource {
	/** Why nothing comes, "" while the device is there. */
	error = "";
	/** Times that the device went. */
	outages = 0;
	readonly #device: string;
	readonly #rate: number;
	readonly #clock: Clock;
	#input: DeviceInput | undefined;
	#started = false;
	/** Lost by inputs that were closed. */
	#lost = 0;
	#start = 0;
	#taken = 0;
	/** When a device that is gone is looked for. */
	#retry = 0;

	constructor(device: string, rate: number, clock: Clock) {
		this.#device = device;
		this.#rate = rate;
		this.#clock = clock;
	}

	start(): void {
		this.close();
		this.#open();
		this.#started = true;
	}

	get lost(): number {
		return this.#lost + (this.#input?.lost ?? 0);
	}

	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (!this.#started) return -1;
		const input = this.#input ?? this.#look();
		if (!input) return 0;
		const possible = (((this.#clock() - this.#start) * FASTEST + DEVICE_BUFFER) * this.#rate) / 1000;
		if (this.#taken + samples > possible) return 0;
		const count = input.read(buffer, offset, samples);
		if (count < 0) {
			this.error = input.error;
			this.outages++;
			this.#drop();
			return 0;
		}
		this.#taken += count;
		return count;
	}

	close(): void {
		this.#started = false;
		this.#drop();
	}

	#open(): void {
		this.#input = new DeviceInput({ device: this.#device, rate: this.#rate, buffer: DEVICE_BUFFER });
		this.#start = this.#clock();
		this.#taken = 0;
		this.error = "";
	}

	#look(): DeviceInput | undefined {
		if (this.#clock() < this.#retry) return undefined;
		this.#retry = this.#clock() + DEVICE_RETRY;
		try {
			this.#open();
		} catch (error) {
			this.error = (error as Error).message;
		}
		return this.#input;
	}

	#drop(): void {
		if (!this.#input) return;
		this.#lost += this.#input.lost;
		this.#input.close();
		this.#input = undefined;
		this.#retry = this.#clock() + DEVICE_RETRY;
	}
}
