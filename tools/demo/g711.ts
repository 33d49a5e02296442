/** G.711 µ-law: eight bits a sample, as telephones have it. */

const BIAS = 0x84;
const CLIP = 32_635;

export function encodeMuLaw(sample: number): number {
	const sign = sample < 0 ? 0x80 : 0;
	const magnitude = Math.min(CLIP, Math.abs(sample)) + BIAS;
	const exponent = Math.floor(Math.log2(magnitude)) - 7;
	const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
	return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

export function decodeMuLaw(code: number): number {
	const value = ~code & 0xff;
	const magnitude = ((((value & 0x0f) << 3) + BIAS) << ((value >> 4) & 7)) - BIAS;
	return (value & 0x80) !== 0 ? -magnitude : magnitude;
}
