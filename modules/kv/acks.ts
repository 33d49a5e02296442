/** Acknowledgements that may be pending at a time (section 4). */
const PENDING = 8;
const NONE = 0;

/** Acknowledgement ids under way. Id 0 asks for no answer, so it is never given. */
export class Acks {
	/** Milliseconds of the last round trip; -1: none yet. */
	roundTrip = -1;
	/** Ids, then when they were given. */
	readonly #table = new Float64Array(2 * PENDING);
	readonly #limit: number;
	#last = 0;
	#pending = 0;

	/** @param limit milliseconds until an id is given up. */
	constructor(limit: number) {
		this.#limit = limit;
	}

	get pending(): number {
		return this.#pending;
	}

	/** A new id for a packet that goes out now; 0 when as many as may be are pending. */
	take(now: number): number {
		for (let i = 0; i < PENDING; i++) {
			if (this.#table[i] !== NONE) continue;
			const id = this.#last === 0xffffffff ? 1 : this.#last + 1;
			this.#last = id;
			this.#table[i] = id;
			this.#table[PENDING + i] = now;
			this.#pending++;
			return id;
		}
		return NONE;
	}

	/** An answer came. @returns whether it was waited for. */
	resolve(id: number, now: number): boolean {
		if (id === NONE) return false;
		for (let i = 0; i < PENDING; i++) {
			if (this.#table[i] !== id) continue;
			this.#table[i] = NONE;
			this.#pending--;
			this.roundTrip = now - this.#table[PENDING + i];
			return true;
		}
		return false;
	}

	/** Gives up those that wait too long. @returns how many. */
	expire(now: number): number {
		if (this.#pending === 0) return 0;
		let count = 0;
		for (let i = 0; i < PENDING; i++) {
			if (this.#table[i] === NONE || now - this.#table[PENDING + i] < this.#limit) continue;
			this.#table[i] = NONE;
			count++;
		}
		this.#pending -= count;
		return count;
	}

	/** When the next one is given up; Infinity: none is pending. */
	get deadline(): number {
		if (this.#pending === 0) return Infinity;
		let deadline = Infinity;
		for (let i = 0; i < PENDING; i++) {
			const at = this.#table[PENDING + i] + this.#limit;
			if (this.#table[i] !== NONE && at < deadline) deadline = at;
		}
		return deadline;
	}

	clear(): void {
		this.#table.fill(NONE);
		this.#pending = 0;
	}
}
