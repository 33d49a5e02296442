import type { KVTimes } from "kv/times";

/** Looks at the list that may fail in a row while the channel is heard. */
const FAILURES_LIMIT = 3;
/** Between looks that something odd asks for (ms), and after one that failed. */
const PAUSE = 2000;
const AGAIN = 5000;
/** The pause between JOINs of a member that hears nothing grows up to so many checks. */
const PATIENCE_LIMIT = 16;

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
	/** When it was last sure that the server takes us for a member, and how long that is believed. */
	#sureAt = 0;
	#patience: number;

	constructor(times: KVTimes) {
		this.#times = times;
		this.#patience = times.check;
	}

	/** Joined. */
	open(now: number): void {
		this.#checkAt = now + this.#times.check;
		this.#silenceAt = Infinity;
		this.#failures = 0;
		this.#closing = NOT_CLOSED;
		this.#sureAt = now;
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

	/** The channel was heard at `heardAt` for the last time. @returns whether it is to be asked for membership: at most once in a check's time. */
	doubts(heardAt: number, now: number): boolean {
		if (heardAt > this.#sureAt) {
			this.#sureAt = heardAt;
			this.#patience = this.#times.check;
		}
		return now - this.#sureAt >= this.#patience;
	}

	/** The server has answered a member's JOIN. One that does not welcome it is asked less and less often, until something is heard. */
	reassured(welcome: boolean, now: number): void {
		const { check } = this.#times;
		this.#sureAt = now;
		if (welcome) this.#patience = check;
		else if (this.#patience < PATIENCE_LIMIT * check) this.#patience *= 2;
	}
}
