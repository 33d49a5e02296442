/** Sound at another rate. */

const HALF_TAPS = 24;

/** The same sound at another rate, band limited by a windowed sinc. */
export function resample(samples: Float64Array, from: number, to: number): Float64Array {
	if (from === to) return samples;
	const divisor = common(from, to);
	const [step, phases] = [from / divisor, to / divisor];
	const filters = Array.from({ length: phases }, (_, phase) =>
		filter(((phase * step) % phases) / phases, Math.min(1, to / from)),
	);
	const result = new Float64Array(Math.floor((samples.length * to) / from));
	for (let index = 0; index < result.length; index += 1) {
		const taps = filters[index % phases] as Float64Array;
		const first = Math.floor((index * step) / phases) - (taps.length - 1) / 2;
		let sum = 0;
		for (let tap = Math.max(0, -first); tap < taps.length && first + tap < samples.length; tap += 1)
			sum += (samples[first + tap] as number) * (taps[tap] as number);
		result[index] = sum;
	}
	return result;
}

function common(one: number, other: number): number {
	return other === 0 ? one : common(other, one % other);
}

/** Weights of the samples around one that lies `fraction` of a sample after the middle one. */
function filter(fraction: number, cutoff: number): Float64Array {
	const reach = Math.ceil(HALF_TAPS / cutoff) + 1;
	return Float64Array.from({ length: 2 * reach + 1 }, (_, tap) => {
		const distance = tap - reach - fraction;
		if (Math.abs(distance) >= reach - 1) return 0;
		const x = Math.PI * distance * cutoff;
		const sinc = x === 0 ? 1 : Math.sin(x) / x;
		return sinc * cutoff * (0.5 + 0.5 * Math.cos((Math.PI * distance) / (reach - 1)));
	});
}
