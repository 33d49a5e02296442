import type { AudioSource } from "media/audio/audio";
import { DeviceInput } from "media/audio/device";
import type { Clock } from "media/audio/pace";

/** Milliseconds of sound in a device's buffer. */
export const DEVICE_BUFFER = 200;
/** No clock of a device is faster than the processor's by more: what gives more is no device but a plugin that gives all at once. */
export const FASTEST = 1.005;

/** The host's microphone. After a -1 `start` opens it again. */
export class DeviceSource implements AudioSource {
	readonly #device: string;
	readonly #rate: number;
	readonly #clock: Clock;
	#input: DeviceInput | undefined;
	/** Lost by inputs that were closed. */
	#lost = 0;
	#start = 0;
	#taken = 0;

	constructor(device: string, rate: number, clock: Clock) {
		this.#device = device;
		this.#rate = rate;
		this.#clock = clock;
	}

	start(): void {
		this.close();
		this.#input = new DeviceInput({ device: this.#device, rate: this.#rate, buffer: DEVICE_BUFFER });
		this.#start = this.#clock();
		this.#taken = 0;
	}

	get lost(): number {
		return this.#lost + (this.#input?.lost ?? 0);
	}

	/** Why it gives nothing any more, "" while it does. */
	get error(): string {
		return this.#input?.error ?? "";
	}

	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		if (!this.#input) return -1;
		const possible = (((this.#clock() - this.#start) * FASTEST + DEVICE_BUFFER) * this.#rate) / 1000;
		if (this.#taken + samples > possible) return 0;
		const count = this.#input.read(buffer, offset, samples);
		if (count > 0) this.#taken += count;
		return count;
	}

	close(): void {
		if (!this.#input) return;
		this.#lost += this.#input.lost;
		this.#input.close();
		this.#input = undefined;
	}
}
