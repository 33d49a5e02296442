/** Acknowledgements that may be pending at a time (section 4). */
const PENDING = 8;
const NONE = 0;

/** Acknowledgement ids under way. Id 0 asks for no answer, so it is never given. */
export class Acks {
	/** Milliseconds of the last round trip; -1: none yet. */
	roundTrip = -1;
	readonly #ids = new Uint32Array(PENDING);
	readonly #times = new Float64Array(PENDING);
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
			if (this.#ids[i] !== NONE) continue;
			const id = this.#last === 0xffffffff ? 1 : this.#last + 1;
			this.#last = id;
			this.#ids[i] = id;
			this.#times[i] = now;
			this.#pending++;
			return id;
		}
		return NONE;
	}

	/** An answer came. @returns whether it was waited for. */
	resolve(id: number, now: number): boolean {
		if (id === NONE) return false;
		for (let i = 0; i < PENDING; i++) {
			if (this.#ids[i] !== id) continue;
			this.#ids[i] = NONE;
			this.#pending--;
			this.roundTrip = now - this.#times[i];
			return true;
		}
		return false;
	}

	/** Gives up those that wait too long. @returns how many. */
	expire(now: number): number {
		if (this.#pending === 0) return 0;
		let count = 0;
		for (let i = 0; i < PENDING; i++) {
			if (this.#ids[i] === NONE || now - this.#times[i] < this.#limit) continue;
			this.#ids[i] = NONE;
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
			const at = this.#times[i] + this.#limit;
			if (this.#ids[i] !== NONE && at < deadline) deadline = at;
		}
		return deadline;
	}

	clear(): void {
		this.#ids.fill(NONE);
		this.#pending = 0;
	}
}
