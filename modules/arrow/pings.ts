/** PINGs without an ACK at a time; when there are more, none goes out until one is answered. */
const LIMIT = 8;
const SENT = LIMIT;
const IDS = 2 * LIMIT;
const UNSENT = -1;
const ANSWERED = -2;

/** The own PINGs that wait for their ACKs: each has a deadline of its own, which those behind it do not move. */
export class Pings {
	/** Milliseconds from the last PING that was answered to its ACK, -1: none yet. */
	roundTrip = -1;
	/** When the oldest one's ACK must be there; Infinity: none is waited for. */
	deadline = Infinity;
	/** One is to be sent. */
	due = false;
	readonly #wait: number;
	/** Deadlines, then the times at which they were sent, then ids. The oldest at the head. */
	readonly #pings = new Float64Array(3 * LIMIT);
	#head = 0;
	#count = 0;

	/** `wait` milliseconds for each ACK. */
	constructor(wait: number) {
		this.#wait = wait;
	}

	/** Forgets all of them. */
	clear(): void {
		this.#count = 0;
		this.due = false;
		this.deadline = Infinity;
	}

	/** One is to be sent, unless one already is or too many wait. */
	ask(now: number): void {
		if (this.due || this.#count === LIMIT) return;
		const place = (this.#head + this.#count++) % LIMIT;
		this.due = true;
		this.#pings[IDS + place] = UNSENT;
		this.#pings[place] = now + this.#wait;
		this.deadline = this.#pings[this.#head];
	}

	/** The one to be sent was sent. */
	sent(id: number, now: number): void {
		const place = (this.#head + this.#count - 1) % LIMIT;
		this.due = false;
		this.#pings[IDS + place] = id;
		this.#pings[SENT + place] = now;
	}

	/** ACK with `id`. @returns whether it was waited for. */
	answered(id: number, now: number): boolean {
		for (let i = 0; i < this.#count; i++) {
			const place = (this.#head + i) % LIMIT;
			if (this.#pings[IDS + place] !== id) continue;
			this.#pings[IDS + place] = ANSWERED;
			this.roundTrip = now - this.#pings[SENT + place];
			while (this.#count > 0 && this.#pings[IDS + this.#head] === ANSWERED) {
				this.#head = (this.#head + 1) % LIMIT;
				this.#count--;
			}
			this.deadline = this.#count > 0 ? this.#pings[this.#head] : Infinity;
			return true;
		}
		return false;
	}
}
