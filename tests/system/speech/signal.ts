/** Arithmetic on sound that the speech tests measure by: transform, correlation, lag of one sound in another. */

/** In-place transform of a power of two of complex numbers; `inverse` divides by the length. */
export function fft(real: Float64Array, imaginary: Float64Array, inverse = false): void {
	const { length } = real;
	for (let index = 1, mirror = 0; index < length; index += 1) {
		let bit = length >> 1;
		for (; (mirror & bit) !== 0; bit >>= 1) mirror ^= bit;
		mirror ^= bit;
		if (index < mirror) {
			swap(real, index, mirror);
			swap(imaginary, index, mirror);
		}
	}
	const turns = turnsOf(length);
	for (let size = 2; size <= length; size *= 2) butterflies(real, imaginary, size, turns, inverse ? -1 : 1);
	if (!inverse) return;
	for (let index = 0; index < length; index += 1) {
		real[index] = (real[index] as number) / length;
		imaginary[index] = (imaginary[index] as number) / length;
	}
}

function swap(values: Float64Array, one: number, other: number): void {
	const kept = values[one] as number;
	values[one] = values[other] as number;
	values[other] = kept;
}

interface Turns {
	readonly cos: Float64Array;
	readonly sin: Float64Array;
}

const known = new Map<number, Turns>();

/** Cosine and negative sine of every half turn in `length` steps. */
function turnsOf(length: number): Turns {
	let turns = known.get(length);
	if (turns === undefined) {
		const of = (value: (angle: number) => number): Float64Array =>
			Float64Array.from({ length: length / 2 }, (_, index) => value((2 * Math.PI * index) / length));
		turns = { cos: of(Math.cos), sin: of((angle) => -Math.sin(angle)) };
		known.set(length, turns);
	}
	return turns;
}

function butterflies(real: Float64Array, imaginary: Float64Array, size: number, turns: Turns, sign: number): void {
	const half = size / 2;
	const step = real.length / size;
	for (let start = 0; start < real.length; start += size)
		for (let k = 0; k < half; k += 1) {
			const cos = turns.cos[k * step] as number;
			const sin = sign * (turns.sin[k * step] as number);
			const one = start + k;
			const other = one + half;
			const re = (real[other] as number) * cos - (imaginary[other] as number) * sin;
			const im = (real[other] as number) * sin + (imaginary[other] as number) * cos;
			real[other] = (real[one] as number) - re;
			imaginary[other] = (imaginary[one] as number) - im;
			real[one] = (real[one] as number) + re;
			imaginary[one] = (imaginary[one] as number) + im;
		}
}

function powerOfTwo(atLeast: number): number {
	return 2 ** Math.ceil(Math.log2(atLeast));
}

/** Correlation of `pattern` with `sound` at every lag from 0 to sound.length - pattern.length. */
export function correlate(sound: Float64Array, pattern: Float64Array): Float64Array {
	const size = powerOfTwo(sound.length + pattern.length);
	const [soundRe, soundIm] = [new Float64Array(size), new Float64Array(size)];
	const [patternRe, patternIm] = [new Float64Array(size), new Float64Array(size)];
	soundRe.set(sound);
	patternRe.set(pattern);
	fft(soundRe, soundIm);
	fft(patternRe, patternIm);
	for (let index = 0; index < size; index += 1) {
		const [a, b] = [soundRe[index] as number, soundIm[index] as number];
		const [c, d] = [patternRe[index] as number, patternIm[index] as number];
		soundRe[index] = a * c + b * d;
		soundIm[index] = b * c - a * d;
	}
	fft(soundRe, soundIm, true);
	return soundRe.slice(0, sound.length - pattern.length + 1);
}

export function energy(samples: Float64Array): number {
	let sum = 0;
	for (const sample of samples) sum += sample * sample;
	return sum;
}

export interface Lag {
	/** Samples into `sound` at which the pattern fits best. */
	readonly lag: number;
	/** Correlation there, from -1 to 1. */
	readonly fit: number;
}

/** Where a pattern lies in a sound that is at least as long. */
export function bestLag(sound: Float64Array, pattern: Float64Array): Lag {
	const products = correlate(sound, pattern);
	const own = energy(pattern);
	let window = energy(sound.subarray(0, pattern.length));
	let best: Lag = { lag: 0, fit: -1 };
	for (let lag = 0; lag < products.length; lag += 1) {
		const fit = (products[lag] as number) / Math.sqrt(own * window + 1e-12);
		if (fit > best.fit) best = { lag, fit };
		const [gone, come] = [sound[lag] as number, sound[lag + pattern.length] ?? 0];
		window = Math.max(0, window + come * come - gone * gone);
	}
	return best;
}
