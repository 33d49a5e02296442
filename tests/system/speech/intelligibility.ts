/**
 * How well speech has survived a way, in three figures: STOI, the short-time objective intelligibility measure (C. H. Taal,
 * R. C. Hendriks, R. Heusdens, J. Jensen, IEEE TASLP 19(7), 2011), the plain correlation of the waveforms, and how the delay moved.
 * The record is aligned with the original second by second before anything is compared, as a jitter buffer changes the delay.
 */
import { resample } from "../../../tools/demo/resample.ts";
import type { Sound } from "../../../tools/demo/wav.ts";
import { bestLag, correlate, energy, fft } from "./signal.ts";

const STOI_RATE = 10_000;
const FRAME = 256;
const HOP = 128;
const TRANSFORM = 512;
/** Third-octave bands from this centre on. */
const FIRST_BAND_HZ = 150;
const BANDS = 15;
/** Frames of a short-time segment: 384 ms. */
const SEGMENT = 30;
/** Frames that are so far below the loudest are silence. */
const SILENCE_DB = 40;
/** Lower bound of the signal-to-distortion ratio of a cell. */
const CLIP_DB = -15;

/** Seconds that are aligned as one piece, and how far their delay may be from the whole record's. */
const PIECE_S = 1;
const SEARCH_S = 0.4;
/** Pieces that fit worse than this keep the delay of the piece before. */
const TRUSTED_FIT = 0.3;
/** The lag of the whole record is looked for at this rate. */
const COARSE_RATE = 4_000;
/** Pieces quieter than this share of the mean are left out of the plain correlation. */
const QUIET = 0.05;

export interface Survival {
	/** 0 to 1; above 0.75 nearly every word is understood. */
	readonly stoi: number;
	/** Mean correlation of the aligned pieces, 0 to 1. */
	readonly correlation: number;
	/** Seconds of the original that are in the record. */
	readonly seconds: number;
	/** Seconds into the original at which the record begins; below 0: the record is longer in front. */
	readonly start: number;
	/** Milliseconds between the smallest and the largest delay of a piece that was recognised. */
	readonly delaySpread: number;
}

/** Compares a record with the original, of which it holds a part. */
export function measure(original: Sound, record: Sound): Survival {
	const { rate } = original;
	const heard = resample(record.samples, record.rate, rate);
	const lag = coarseLag(original.samples, heard, rate);
	const { reference, aligned, seconds, correlation, delaySpread } = align(original.samples, heard, lag, rate);
	const value = stoi(resample(reference, rate, STOI_RATE), resample(aligned, rate, STOI_RATE));
	return { stoi: value, correlation, seconds, start: -lag / rate, delaySpread };
}

/** Samples to add to a position in the original for the position in the record. */
function coarseLag(original: Float64Array, record: Float64Array, rate: number): number {
	const short = resample(original, rate, COARSE_RATE);
	const long = resample(record, rate, COARSE_RATE);
	const padded = new Float64Array(long.length + 2 * short.length);
	padded.set(long, short.length);
	return Math.round(((peak(padded, short) - short.length) * rate) / COARSE_RATE);
}

/** The highest product, not normalised by what the window holds: a few samples at an edge would always fit. */
function peak(sound: Float64Array, pattern: Float64Array): number {
	const products = correlate(sound, pattern);
	let lag = 0;
	for (let index = 0; index < products.length; index += 1)
		if ((products[index] as number) > (products[lag] as number)) lag = index;
	return lag;
}

interface Aligned {
	readonly reference: Float64Array;
	readonly aligned: Float64Array;
	readonly seconds: number;
	readonly correlation: number;
	readonly delaySpread: number;
}

/** Cuts the original into pieces and takes each from where the record has it. */
function align(original: Float64Array, record: Float64Array, lag: number, rate: number): Aligned {
	const size = PIECE_S * rate;
	const reach = SEARCH_S * rate;
	const mean = energy(original) / original.length;
	const references: Float64Array[] = [];
	const pieces: Float64Array[] = [];
	const fits: number[] = [];
	const lags: number[] = [];
	let current = lag;
	for (let start = 0; start + size <= original.length; start += size) {
		const from = start + lag - reach;
		if (from < 0 || from + size + 2 * reach > record.length) continue;
		const piece = original.subarray(start, start + size);
		const found = bestLag(record.subarray(from, from + size + 2 * reach), piece);
		if (found.fit > TRUSTED_FIT) {
			current = lag - reach + found.lag;
			lags.push(current);
		}
		references.push(piece);
		pieces.push(record.subarray(start + current, start + current + size));
		if (energy(piece) / size > mean * QUIET) fits.push(found.fit);
	}
	return {
		reference: join(references),
		aligned: join(pieces),
		seconds: references.length * PIECE_S,
		correlation: fits.reduce((sum, fit) => sum + fit, 0) / Math.max(1, fits.length),
		delaySpread: lags.length === 0 ? 0 : ((Math.max(...lags) - Math.min(...lags)) / rate) * 1_000,
	};
}

function join(pieces: readonly Float64Array[]): Float64Array {
	const whole = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
	let offset = 0;
	for (const piece of pieces) {
		whole.set(piece, offset);
		offset += piece.length;
	}
	return whole;
}

// ---- STOI -----------------------------------------------------------------------------------------------------

const HANN = Float64Array.from({ length: FRAME }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 1)) / (FRAME + 1)));

/** Both sounds have 10,000 samples a second and the same length, and are aligned. */
export function stoi(clean: Float64Array, heard: Float64Array): number {
	const [reference, degraded] = withoutSilence(clean, heard);
	const x = bands(reference);
	const y = bands(degraded);
	const clip = 1 + 10 ** (-CLIP_DB / 20);
	let sum = 0;
	let count = 0;
	for (let band = 0; band < BANDS; band += 1) {
		const own = x[band] as Float64Array;
		const other = y[band] as Float64Array;
		for (let end = SEGMENT; end <= own.length; end += 1) {
			sum += segment(own, other, end - SEGMENT, clip);
			count += 1;
		}
	}
	if (count === 0) throw new Error("too little speech to measure");
	return sum / count;
}

const limited = new Float64Array(SEGMENT);

/** Correlation of one band over one segment, the degraded one brought to the same energy and limited. */
function segment(own: Float64Array, other: Float64Array, start: number, clip: number): number {
	let ownEnergy = 0;
	let otherEnergy = 0;
	let ownMean = 0;
	for (let index = 0; index < SEGMENT; index += 1) {
		const [a, b] = [own[start + index] as number, other[start + index] as number];
		ownEnergy += a * a;
		otherEnergy += b * b;
		ownMean += a / SEGMENT;
	}
	const scale = Math.sqrt(ownEnergy / (otherEnergy + 1e-30));
	let mean = 0;
	for (let index = 0; index < SEGMENT; index += 1) {
		limited[index] = Math.min((other[start + index] as number) * scale, (own[start + index] as number) * clip);
		mean += (limited[index] as number) / SEGMENT;
	}
	let product = 0;
	let first = 0;
	let second = 0;
	for (let index = 0; index < SEGMENT; index += 1) {
		const [p, q] = [(own[start + index] as number) - ownMean, (limited[index] as number) - mean];
		product += p * q;
		first += p * p;
		second += q * q;
	}
	return product / (Math.sqrt(first * second) + 1e-30);
}

/** Drops from both what is silence in the clean one; what is left overlaps as before. */
function withoutSilence(clean: Float64Array, heard: Float64Array): [Float64Array, Float64Array] {
	const starts: number[] = [];
	const levels: number[] = [];
	for (let start = 0; start + FRAME <= clean.length; start += HOP) {
		starts.push(start);
		let level = 0;
		for (let index = 0; index < FRAME; index += 1) level += ((clean[start + index] as number) * (HANN[index] as number)) ** 2;
		levels.push(10 * Math.log10(level + 1e-20));
	}
	const floor = levels.reduce((top, level) => Math.max(top, level), Number.NEGATIVE_INFINITY) - SILENCE_DB;
	const kept = starts.filter((_, index) => (levels[index] as number) > floor);
	const length = kept.length === 0 ? 0 : (kept.length - 1) * HOP + FRAME;
	const result: [Float64Array, Float64Array] = [new Float64Array(length), new Float64Array(length)];
	kept.forEach((start, place) => {
		for (let index = 0; index < FRAME; index += 1) {
			const to = place * HOP + index;
			const weight = HANN[index] as number;
			result[0][to] = (result[0][to] as number) + (clean[start + index] as number) * weight;
			result[1][to] = (result[1][to] as number) + (heard[start + index] as number) * weight;
		}
	});
	return result;
}

/** Bins of each band: from the first to before the second. */
const EDGES = Array.from({ length: BANDS }, (_, band) => {
	const bin = (exponent: number): number => Math.round((FIRST_BAND_HZ * 2 ** exponent * TRANSFORM) / STOI_RATE);
	return [bin((2 * band - 1) / 6), bin((2 * band + 1) / 6)] as const;
});

/** The loudness of each band over time. */
function bands(samples: Float64Array): Float64Array[] {
	const frames = Math.max(0, Math.floor((samples.length - FRAME) / HOP) + 1);
	const loudness = EDGES.map(() => new Float64Array(frames));
	const real = new Float64Array(TRANSFORM);
	const imaginary = new Float64Array(TRANSFORM);
	for (let frame = 0; frame < frames; frame += 1) {
		real.fill(0);
		imaginary.fill(0);
		for (let index = 0; index < FRAME; index += 1)
			real[index] = (samples[frame * HOP + index] as number) * (HANN[index] as number);
		fft(real, imaginary);
		EDGES.forEach(([from, to], band) => {
			let power = 0;
			for (let bin = from; bin < to; bin += 1) power += (real[bin] as number) ** 2 + (imaginary[bin] as number) ** 2;
			(loudness[band] as Float64Array)[frame] = Math.sqrt(power);
		});
	}
	return loudness;
}
