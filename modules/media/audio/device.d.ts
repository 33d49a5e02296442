import type { DeviceOptions } from "media/audio/audio";

/* The microphone and the loudspeaker of the host, as they are: 16 bits, one channel. ALSA on Linux, I2S or PDM on the ESP32. */

/** Native bytes of one device, without what the host's driver and library take. */
export function deviceBytes(): number;

export declare class DeviceInput {
	/** Opens and starts. @throws Error naming the device and what is wrong with it. */
	constructor(options: DeviceOptions);
	/** Takes exactly `samples` samples to `offset` when they are there. @returns `samples`, 0, or -1: the device is gone, `error` says how. */
	read(buffer: ArrayBuffer, offset: number, samples: number): number;
	/** Samples lost because nobody read in time, at least. */
	readonly lost: number;
	/** Samples the device's buffer holds. */
	readonly capacity: number;
	readonly error: string;
	close(): void;
}

export declare class DeviceOutput {
	/** Opens and starts, with silence. @throws Error naming the device and what is wrong with it. */
	constructor(options: DeviceOptions);
	/** @returns how many of `samples` samples were taken, or -1: the device is gone, `error` says how. */
	write(buffer: ArrayBuffer, offset: number, samples: number): number;
	/** Samples not played yet. */
	readonly queued: number;
	readonly capacity: number;
	/** Samples of silence played because nothing was there. */
	readonly starved: number;
	readonly error: string;
	close(): void;
}
