/**
 * Arithmetic on 16-bit samples where they lie: one buffer, offsets in bytes (of samples: even), counts in samples.
 * Nothing is allocated. A span that leaves the buffer throws RangeError: a mistake of the program.
 */

/** The gain that changes nothing. */
export const UNITY = 4096;

/** Forms of samples in files and devices, little-endian. */
export declare const Format: {
	readonly U8: 0;
	readonly S16: 1;
	/** Three bytes. */
	readonly S24: 2;
	readonly S32: 3;
	/** -1 to 1. */
	readonly F32: 4;
	/** G.711. */
	readonly ALAW: 5;
	readonly MULAW: 6;
};

/** Mixes: adds `samples` samples at `from` to those at `to`, clipped. */
export function add(buffer: ArrayBuffer, from: number, to: number, samples: number): void;

/** Mixes `count` (at most 256) sources, which lie `stride` bytes apart from `from` on, into `to`: clipped once, at the end. None gives silence. */
export function sum(buffer: ArrayBuffer, from: number, stride: number, count: number, to: number, samples: number): void;

/** Multiplies by a gain in 1/4096 (at most 16 × {@link UNITY}), clipped. With `last` the gain moves evenly from `first`, where the piece before ended, to `last`, which the last sample has. */
export function gain(buffer: ArrayBuffer, offset: number, samples: number, first: number, last?: number): void;

/** Root of the mean square, 0 to 32,768; a full sine has 23,170. */
export function level(buffer: ArrayBuffer, offset: number, samples: number): number;

/** The largest magnitude, 0 to 32,768. */
export function peak(buffer: ArrayBuffer, offset: number, samples: number): number;

/** Writes a sine. `phase` (0 to below 1) and `step` (frequency / sample rate, at most 0.5) in turns. @returns the phase of the sample that comes next. */
export function tone(
	buffer: ArrayBuffer,
	offset: number,
	samples: number,
	phase: number,
	step: number,
	amplitude: number,
): number;

/** Makes `frames` samples of one channel from as many frames of `channels` (1 to 8) samples: their mean. Both may begin at the same place. */
export function convert(buffer: ArrayBuffer, from: number, format: number, channels: number, to: number, frames: number): void;

/** ITU-T G.711, one byte a sample. Both may begin at the same place. */
export function alawEncode(buffer: ArrayBuffer, from: number, to: number, samples: number): void;
export function alawDecode(buffer: ArrayBuffer, from: number, to: number, samples: number): void;
export function mulawEncode(buffer: ArrayBuffer, from: number, to: number, samples: number): void;
export function mulawDecode(buffer: ArrayBuffer, from: number, to: number, samples: number): void;

/**
 * Bytes of the state of a resampler for ratios up to `ratio` (input rate / output rate, 1/24 to 24): 204 up to 1, 524 for 6.
 * It lies in the caller's buffer at an offset that 4 divides.
 */
export function resamplerBytes(ratio: number): number;

/** Begins anew, for ratios up to `ratio` (a little more where a clock is to be followed). The output lags 16 samples of the lower rate behind the input. */
export function resamplerStart(buffer: ArrayBuffer, state: number, ratio: number): void;

/** @returns samples of input, as few as possible, from which {@link resample} makes `samples` samples; 0 when it has them. */
export function resamplerNeed(buffer: ArrayBuffer, state: number, samples: number, ratio: number): number;

/**
 * Takes all of the `samples` samples at `from` and writes what they give to `to`; the spans must not overlap.
 * @param limit room at `to` in samples. RangeError when it is too small: samples / ratio + 2 always do, and so does the number that
 * {@link resamplerNeed} was asked for.
 * @param ratio may differ a little from call to call, to follow a clock.
 * @returns samples written.
 */
export function resample(
	buffer: ArrayBuffer,
	state: number,
	from: number,
	samples: number,
	to: number,
	limit: number,
	ratio: number,
): number;
