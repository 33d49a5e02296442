/**
 * SSRCs that were ever used in a session, in either direction: none is given to a second stream (section 2.4), so no two streams ever
 * make the same nonce. `clear` at the start of a session, when all keys are new.
 */
export class UsedSources {
	readonly #sources: Int32Array;
	#count = 0;

	/** `most`: SSRCs of one session; when it had so many no more are taken. */
	constructor(most: number) {
		this.#sources = new Int32Array(most);
	}

	get count(): number {
		return this.#count;
	}

	has(ssrc: number): boolean {
		const sources = this.#sources;
		const word = ssrc | 0;
		for (let i = 0; i < this.#count; i++) if (sources[i] === word) return true;
		return false;
	}

	/** @returns false when it was used, or there is no room. */
	claim(ssrc: number): boolean {
		const sources = this.#sources;
		if (this.#count === sources.length || this.has(ssrc)) return false;
		sources[this.#count++] = ssrc | 0;
		return true;
	}

	clear(): void {
		this.#count = 0;
	}
}
