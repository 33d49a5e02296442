/** Numbers in which no test of independence finds a fault within so few draws: a counter, mixed as in MurmurHash3. */
export class Chance {
	#counter: number;

	constructor(seed: number) {
		this.#counter = Math.imul(seed, 0x9e3779b1);
	}

	/** 0 to below 1. */
	fraction(): number {
		let x = (this.#counter + 0x9e3779b9) | 0;
		this.#counter = x;
		x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
		x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
		return ((x ^ (x >>> 16)) >>> 0) / 4294967296;
	}
}
