/** What tests need to judge sound: how much of it is the wanted tone. */

/** Decibels of a ratio of amplitudes. */
export function decibels(ratio: number): number {
	return (20 * Math.log(ratio)) / Math.LN10;
}

/** The tone of `frequency` (in turns a sample) in `count` samples: its amplitude, and the root of the mean square of all that is not it. */
export interface ToneFit {
	readonly amplitude: number;
	readonly rest: number;
}

/** Fits a sine of any phase and a constant by least squares. */
export function fitTone(samples: Int16Array, from: number, count: number, frequency: number): ToneFit {
	const turn = 2 * Math.PI * frequency;
	let cc = 0;
	let ss = 0;
	let cs = 0;
	let xc = 0;
	let xs = 0;
	for (let i = 0; i < count; i++) {
		const c = Math.cos(turn * i);
		const s = Math.sin(turn * i);
		const x = samples[from + i] as number;
		cc += c * c;
		ss += s * s;
		cs += c * s;
		xc += x * c;
		xs += x * s;
	}
	const determinant = cc * ss - cs * cs;
	const a = (xc * ss - xs * cs) / determinant;
	const b = (xs * cc - xc * cs) / determinant;
	let rest = 0;
	for (let i = 0; i < count; i++) {
		const difference = (samples[from + i] as number) - a * Math.cos(turn * i) - b * Math.sin(turn * i);
		rest += difference * difference;
	}
	return { amplitude: Math.sqrt(a * a + b * b), rest: Math.sqrt(rest / count) };
}

/** Signal to noise of a tone in decibels. */
export function toneQuality(samples: Int16Array, from: number, count: number, frequency: number): number {
	const fit = fitTone(samples, from, count, frequency);
	return decibels(fit.amplitude / Math.SQRT2 / fit.rest);
}
