/** Marsaglia's xorshift of 32 bits: the same numbers for the same seed everywhere. */
export class Numbers {
	#state: number;

	constructor(seed: number) {
		/* Neighbouring seeds must not give neighbouring numbers, and 0 would stay 0. */
		this.#state = Math.imul(seed ^ (seed >>> 16), 0x9e3779b1) | 1;
	}

	/** An integer of 0 .. limit - 1. */
	below(limit: number): number {
		let state = this.#state;
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		this.#state = state;
		return (state >>> 0) % limit;
	}
}
