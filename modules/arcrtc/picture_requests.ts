import { PRIORITY_KEY } from "arcrtc/constants";

/** Words of a stream: when a request is due, Infinity: none; when the last one was sent; what was the newest packet when it was wanted. */
const DUE = 0;
const ASKED = 1;
const EXTENDED = 2;
const TIMESTAMP = 3;
const WORDS = 4;
/** Ms between requests for the same key frame, at least; a round trip more than this when it is long. */
const PAUSE = 200;

/** Requests for key frames (PLI): one at once, then again until a packet of a newer key frame comes. */
export class PictureRequests {
	readonly #table: Float64Array;
	/** Streams that wait for a key frame. */
	waiting = 0;

	constructor(places: number) {
		this.#table = new Float64Array(places * WORDS);
		for (let place = 0; place < places; place++) this.clear(place);
	}

	clear(place: number): void {
		const at = place * WORDS;
		if (this.#table[at + DUE] !== Infinity && this.waiting > 0) this.waiting--;
		this.#table[at + DUE] = Infinity;
		this.#table[at + ASKED] = -Infinity;
	}

	/** A key frame is wanted behind the packet that came last. */
	want(place: number, extended: number, timestamp: number, now: number): void {
		const table = this.#table;
		const at = place * WORDS;
		if (table[at + DUE] === Infinity) {
			const soonest = table[at + ASKED] + PAUSE;
			table[at + DUE] = soonest > now ? soonest : now;
			this.waiting++;
		}
		table[at + EXTENDED] = extended;
		table[at + TIMESTAMP] = timestamp;
	}

	/** A packet came: is it what was waited for? */
	received(place: number, extended: number, timestamp: number, priority: number): void {
		const table = this.#table;
		const at = place * WORDS;
		if (priority !== PRIORITY_KEY || table[at + DUE] === Infinity) return;
		if (extended <= table[at + EXTENDED] || timestamp === table[at + TIMESTAMP]) return;
		table[at + DUE] = Infinity;
		this.waiting--;
	}

	get deadline(): number {
		if (this.waiting === 0) return Infinity;
		const table = this.#table;
		let deadline = Infinity;
		for (let at = 0; at < table.length; at += WORDS) if (table[at + DUE] < deadline) deadline = table[at + DUE];
		return deadline;
	}

	/** Whether a request is to be sent now; the next one is due after a pause. */
	due(place: number, roundTrip: number, now: number): boolean {
		const table = this.#table;
		const at = place * WORDS;
		if (now < table[at + DUE]) return false;
		table[at + ASKED] = now;
		table[at + DUE] = now + PAUSE + (roundTrip > 0 ? roundTrip : 0);
		return true;
	}
}
