import {
	NACK_DELTA_OUTSTANDING,
	NACK_FIRST_MS,
	NACK_LATER_PACKETS,
	NACK_LONGEST_MS,
	NACK_TRIES,
	PRIORITY_AUDIO,
	PRIORITY_DELTA,
	PRIORITY_DROPPABLE,
} from "arcrtc/constants";
import { appendLost } from "arcrtc/control_wire";

/** Words of a missing packet: low 32 bits of its extended number; when it was missed, when it was asked for last; its state. */
const EXTENDED = 0;
const FOUND = 1;
const ASKED = 2;
const STATE = 3;
const WORDS = 4;

/** State: place, priority, tries, flags, and packets of the stream that had come when it was missed (low 23 bits). */
const PLACE_MASK = 7;
const PRIORITY_SHIFT = 3;
const PRIORITY_MASK = 3;
const TRIES_SHIFT = 5;
const TRIES_MASK = 3;
/** Enough later packets came; it has to wait, as others of its priority are asked for. */
const OVERTAKEN = 0x80;
const WAITS = 0x100;
const MARK_SHIFT = 9;
const MARK_MASK = 0x7fffff;

/** Times in the table are quarters of a ms in 32 bits: only differences count. */
const PER_MS = 4;
/** What comes within this share of the round trip after it was asked for was only late: a copy takes longer. */
const SOONEST = 0.8;
/** A round trip that is not known yet, for the time between requests. */
const UNKNOWN_ROUND_TRIP = 30;
/** Ms between a packet that is sent again and its play-out at least; ms that it may take longer than a round trip. */
const MARGIN = 5;
const GRACE = 20;
/** Behind the packets: for each stream the ms from when one is missed to its play-out; as many: it is of use whenever it comes. */
const NO_PLAYOUT = 1_000_000;

/** What {@link NackRequests.arrived} says of a late packet. */
export const NOT_MISSED = 0;
export const OUT_OF_ORDER = 1;
export const SENT_AGAIN = 2;

/**
 * Packets that are missing and when to ask for them (section 2.7). Of a fixed number, in the order in which they were missed. No I/O.
 *
 *   missing --10 ms or more than 2 later packets--> asked 1 --max(RTT, 10 ms)--> asked 2 --> asked 3
 *      any of them -- it comes (late, sent again, by FEC) --> gone
 *   its play-out is over, or 100 ms (asked: and a round trip behind the last request) --> given up
 *
 * It is not asked for when RTT + 5 ms is more than the time to its play-out, or when NACK was not negotiated for its stream: then it may
 * come late, or by FEC, as long as it is of use.
 */
export class NackRequests {
	/** Packets missing now. */
	count = 0;
	readonly #table: Int32Array;
	readonly #limit: number;
	/** Round trip in ms; -1: not known yet. */
	#roundTrip = -1;
	/** Bits of places whose losses may be asked for. */
	asking = 0;
	/** Bits of places that gave up a packet of pictures since this was last set to 0. */
	unrepaired = 0;
	givenUp = 0;
	/** Packets that the last `collect` asked for. */
	asked = 0;

	/** @param limit packets that may be missing at a time. */
	constructor(places: number, limit: number) {
		this.#table = new Int32Array(limit * WORDS + places).fill(NO_PLAYOUT);
		this.#limit = limit;
	}

	/** The round trip in ms; -1: not known. */
	setRoundTrip(ms: number): void {
		this.#roundTrip = ms < 0 ? -1 : Math.ceil(ms * PER_MS) / PER_MS;
	}

	/** Ms that are left for a packet of the stream once it is missed; Infinity: it is of use whenever it comes. */
	setPlayout(place: number, ms: number): void {
		this.#table[this.#limit * WORDS + place] = ms < NO_PLAYOUT ? ms : NO_PLAYOUT;
	}

	/**
	 * `count` packets before the one with number `extended` did not come. @param priority the more important of the packets around them.
	 * @param received packets of the stream that came, the one behind the gap included.
	 */
	missing(place: number, extended: number, count: number, priority: number, received: number, now: number): void {
		if (priority === PRIORITY_DROPPABLE || (priority === PRIORITY_AUDIO && ((this.asking >> place) & 1) === 0)) return;
		let free = this.#limit - this.count;
		if (count > this.#limit || free === 0) free = 0;
		const taken = count < free ? count : free;
		if (taken < count) this.lose(place, priority, count - taken);
		const table = this.#table;
		const found = (now * PER_MS) | 0;
		const state = place | (priority << PRIORITY_SHIFT) | ((received & MARK_MASK) << MARK_SHIFT);
		let at = this.count * WORDS;
		for (let back = taken; back > 0; back--, at += WORDS) {
			table[at + EXTENDED] = extended - back;
			table[at + FOUND] = found;
			table[at + ASKED] = found;
			table[at + STATE] = state;
		}
		this.count += taken;
	}

	/** A newer packet of the stream came, `received` in all. @returns true when something is to be asked for now. */
	later(place: number, received: number): boolean {
		const table = this.#table;
		const end = this.count * WORDS;
		let found = false;
		for (let at = 0; at < end; at += WORDS) {
			const state = table[at + STATE];
			if ((state & PLACE_MASK) !== place || (state & (OVERTAKEN | (TRIES_MASK << TRIES_SHIFT))) !== 0) continue;
			if (((received - (state >>> MARK_SHIFT)) & MARK_MASK) < NACK_LATER_PACKETS) continue;
			table[at + STATE] = state | OVERTAKEN;
			found = true;
		}
		return found;
	}

	/** A packet below the highest came, or FEC brought it. @returns what it is. */
	arrived(place: number, extended: number, now: number): number {
		const at = this.find(place, extended | 0);
		if (at < 0) return NOT_MISSED;
		const table = this.#table;
		const tries = (table[at + STATE] >>> TRIES_SHIFT) & TRIES_MASK;
		const since = ((((now * PER_MS) | 0) - table[at + ASKED]) | 0) / PER_MS;
		this.remove(at);
		const roundTrip = this.#roundTrip;
		if (tries === 0 || roundTrip < 0) return OUT_OF_ORDER;
		return tries > 1 || since >= SOONEST * roundTrip ? SENT_AGAIN : OUT_OF_ORDER;
	}

	/** The stream is gone. */
	clear(place: number): void {
		this.setPlayout(place, NO_PLAYOUT);
		this.asking &= ~(1 << place);
		const table = this.#table;
		for (let at = this.count * WORDS - WORDS; at >= 0; at -= WORDS)
			if ((table[at + STATE] & PLACE_MASK) === place) this.remove(at);
	}

	/** When `due` is to be asked next; `now` not long ago. */
	deadline(now: number): number {
		const end = this.count * WORDS;
		const time = (now * PER_MS) | 0;
		let soonest = Infinity;
		for (let at = 0; at < end; at += WORDS) {
			const left = this.ends(at, time);
			if (left < soonest) soonest = left;
			if (this.open(at, time)) {
				const wait = this.wait(at, time);
				if (wait < soonest) soonest = wait;
			}
		}
		return soonest > 0 ? now + soonest : now;
	}

	/** Gives up what comes too late. @returns a place that has something to ask for now, -1: none. */
	due(now: number): number {
		const time = (now * PER_MS) | 0;
		let due = -1;
		for (let at = 0; at < this.count * WORDS; ) {
			const state = this.#table[at + STATE];
			if (this.ends(at, time) <= 0) {
				this.lose(state & PLACE_MASK, (state >>> PRIORITY_SHIFT) & PRIORITY_MASK, 1);
				this.remove(at);
				continue;
			}
			if (due < 0 && this.open(at, time) && this.wait(at, time) <= 0) {
				if (this.permitted(state, this.outstanding())) due = state & PLACE_MASK;
				else this.postpone(at, time);
			}
			at += WORDS;
		}
		return due;
	}

	/** Adds all packets of the stream that are due to the NACK of `bytes` bytes at `to`. @returns its bytes now. */
	collect(place: number, view: DataView, to: number, bytes: number, now: number): number {
		const table = this.#table;
		const end = this.count * WORDS;
		const time = (now * PER_MS) | 0;
		let outstanding = this.outstanding();
		let asked = 0;
		for (let at = 0; at < end; at += WORDS) {
			const state = table[at + STATE];
			if ((state & PLACE_MASK) !== place || !this.open(at, time) || this.wait(at, time) > 0) continue;
			if (!this.permitted(state, outstanding)) {
				this.postpone(at, time);
				continue;
			}
			if (((state >>> TRIES_SHIFT) & TRIES_MASK) === 0 && ((state >>> PRIORITY_SHIFT) & PRIORITY_MASK) === PRIORITY_DELTA)
				outstanding++;
			table[at + STATE] = (state + (1 << TRIES_SHIFT)) & ~WAITS;
			table[at + ASKED] = time;
			bytes = appendLost(view, to, bytes, table[at + EXTENDED] & 0xffff);
			asked++;
		}
		this.asked = asked;
		return bytes;
	}

	/** Packets of pictures that are no key frames, asked for and not there. */
	private outstanding(): number {
		const table = this.#table;
		const end = this.count * WORDS;
		let count = 0;
		for (let at = 0; at < end; at += WORDS) {
			const state = table[at + STATE];
			if (((state >>> PRIORITY_SHIFT) & PRIORITY_MASK) === PRIORITY_DELTA && ((state >>> TRIES_SHIFT) & TRIES_MASK) > 0) count++;
		}
		return count;
	}

	/** Of pictures that are no key frames only some are asked for at a time. */
	private permitted(state: number, outstanding: number): boolean {
		if (((state >>> PRIORITY_SHIFT) & PRIORITY_MASK) !== PRIORITY_DELTA || ((state >>> TRIES_SHIFT) & TRIES_MASK) > 0)
			return true;
		return outstanding < NACK_DELTA_OUTSTANDING;
	}

	private postpone(at: number, time: number): void {
		this.#table[at + STATE] |= WAITS;
		this.#table[at + ASKED] = time;
	}

	/** It may be asked for (again): there are tries left, and what is sent again would be here in time. */
	private open(at: number, time: number): boolean {
		const table = this.#table;
		const state = table[at + STATE];
		if (((state >>> TRIES_SHIFT) & TRIES_MASK) >= NACK_TRIES || ((this.asking >> (state & PLACE_MASK)) & 1) === 0) return false;
		const age = ((time - table[at + FOUND]) | 0) / PER_MS;
		const playout = table[this.#limit * WORDS + (state & PLACE_MASK)];
		const roundTrip = this.#roundTrip;
		if (((state >>> PRIORITY_SHIFT) & PRIORITY_MASK) === PRIORITY_AUDIO && (roundTrip < 0 || roundTrip >= playout)) return false;
		return age < NACK_LONGEST_MS && (roundTrip < 0 ? 0 : roundTrip) + MARGIN <= playout - age;
	}

	/** Ms until it is asked for, when it may be. */
	private wait(at: number, time: number): number {
		const table = this.#table;
		const state = table[at + STATE];
		if ((state & (WAITS | (TRIES_MASK << TRIES_SHIFT))) === 0) {
			if ((state & OVERTAKEN) !== 0) return 0;
			return NACK_FIRST_MS - ((time - table[at + FOUND]) | 0) / PER_MS;
		}
		const since = ((time - table[at + ASKED]) | 0) / PER_MS;
		if ((state & (TRIES_MASK << TRIES_SHIFT)) === 0) return NACK_FIRST_MS - since;
		const roundTrip = this.#roundTrip < 0 ? UNKNOWN_ROUND_TRIP : this.#roundTrip;
		return (roundTrip > NACK_FIRST_MS ? roundTrip : NACK_FIRST_MS) - since;
	}

	/** Ms until it is given up: what was asked for may come for a round trip more. */
	private ends(at: number, time: number): number {
		const table = this.#table;
		const state = table[at + STATE];
		const age = ((time - table[at + FOUND]) | 0) / PER_MS;
		const left = table[this.#limit * WORDS + (state & PLACE_MASK)] - age;
		let end = NACK_LONGEST_MS - age;
		if (((state >>> TRIES_SHIFT) & TRIES_MASK) > 0) {
			const under =
				(this.#roundTrip < 0 ? UNKNOWN_ROUND_TRIP : this.#roundTrip) + GRACE - ((time - table[at + ASKED]) | 0) / PER_MS;
			if (under > end) end = under;
		}
		return end < left ? end : left;
	}

	private find(place: number, extended: number): number {
		const table = this.#table;
		const end = this.count * WORDS;
		for (let at = 0; at < end; at += WORDS)
			if (table[at + EXTENDED] === extended && (table[at + STATE] & PLACE_MASK) === place) return at;
		return -1;
	}

	private lose(place: number, priority: number, count: number): void {
		this.givenUp += count;
		if (priority !== PRIORITY_AUDIO) this.unrepaired |= 1 << place;
	}

	private remove(at: number): void {
		const end = this.count * WORDS;
		this.#table.copyWithin(at, at + WORDS, end);
		this.count--;
	}
}
