import type { KVTimes } from "kv/times";

/** Looks at the list that may fail in a row while the channel is heard. */
const FAILURES_LIMIT = 3;
/** Between looks that something odd asks for (ms), and after one that failed. */
const PAUSE = 2000;
const AGAIN = 5000;

/* How far CLOSE is proved. */
const NOT_CLOSED = 0;
const CLOSE_CAME = 1;
/** One look has found the channel: the server may tell its members before it takes the channel from its list. */
const LOOKED_ONCE = 2;

/** When a look at the server's list of channels is due, and what to make of its outcome (KV-21). */
export class Watch {
	readonly #times: KVTimes;
	/** The regular look, and the one that silence asks for. */
	#checkAt = Infinity;
	#silenceAt = Infinity;
	#lookedAt = -Infinity;
	#failures = 0;
	#closing = NOT_CLOSED;

	constructor(times: KVTimes) {
		this.#times = times;
	}

	/** Joined. */
	open(now: number): void {
		this.#checkAt = now + this.#times.check;
		this.#silenceAt = Infinity;
		this.#failures = 0;
		this.#closing = NOT_CLOSED;
	}

	/** When a look is due; Infinity: one is under way. */
	get deadline(): number {
		return this.#silenceAt < this.#checkAt ? this.#silenceAt : this.#checkAt;
	}

	/** CLOSE came and is not disproved yet. */
	get closing(): boolean {
		return this.#closing !== NOT_CLOSED;
	}

	/** Voice came. */
	heard(now: number): void {
		this.#silenceAt = now + this.#times.silence;
	}

	/** CLOSE came. @returns false when it is being proved already. */
	closed(now: number): boolean {
		if (this.#closing !== NOT_CLOSED) return false;
		this.#closing = CLOSE_CAME;
		this.urge(now);
		return true;
	}

	/** A look is due as soon as it may be. */
	urge(now: number): void {
		const at = this.#lookedAt + PAUSE > now ? this.#lookedAt + PAUSE : now;
		if (at < this.#checkAt) this.#checkAt = at;
	}

	/** A look begins. */
	begin(now: number): void {
		this.#checkAt = Infinity;
		this.#silenceAt = Infinity;
		this.#lookedAt = now;
	}

	/** The list has come. */
	answered(): void {
		this.#failures = 0;
	}

	/** No list has come. @returns whether to give up; otherwise there is another look. */
	failed(alive: boolean, now: number): boolean {
		this.#failures++;
		if (!alive || this.#failures >= FAILURES_LIMIT) return true;
		this.#checkAt = now + AGAIN;
		return false;
	}

	/** The channel is where it was. @returns whether a CLOSE is disproved by that. */
	found(now: number): boolean {
		this.#checkAt = now + this.#times.check;
		if (this.#closing === NOT_CLOSED) return false;
		if (this.#closing === LOOKED_ONCE) {
			this.#closing = NOT_CLOSED;
			return true;
		}
		this.#closing = LOOKED_ONCE;
		this.urge(now);
		return false;
	}
}
