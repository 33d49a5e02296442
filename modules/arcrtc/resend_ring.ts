import { RESEND_MS, RESEND_SHARE, RESEND_TIMES } from "arcrtc/constants";
import type { ControlCounters } from "arcrtc/control_counters";
import type { Arena } from "storage/arena";

/** Words of a packet: place and sequence number; arena offset; bytes, priority and state; when it was sent, in quarters of a ms. */
const KEY = 0;
const OFFSET = 1;
const STATE = 2;
const SENT = 3;
const WORDS = 4;
const PLACE_SHIFT = 16;
const LENGTH_MASK = 0xffff;
const PRIORITY_SHIFT = 16;
const PRIORITY_MASK = 3;
const TIMES_SHIFT = 18;
const TIMES_MASK = 3;
const WANTED = 0x100000;
const PER_MS = 4;
/** Bytes of the ring for each packet that can be named, and how many at least and at most. */
const BYTES_PER_PACKET = 256;
const LEAST_PACKETS = 16;
const MOST_PACKETS = 512;
/** Of each byte that is sent so much of the first allowance is taken back. */
const REPAID = 0.02;

/**
 * The last packets as they were sent, to be sent again bit by bit (section 2.7): the oldest make room for the newest. Bytes lie in a region
 * of the arena, each packet in one piece.
 *
 * What is sent again is at most a tenth of what was sent. Of that half a ring can be saved up: a tenth of a second, as the ring holds
 * 200 ms. So that a loss among the very first packets can be made good, as much is advanced, and taken back from what follows.
 */
export class ResendRing {
	readonly #bytes: Uint8Array;
	readonly #table: Int32Array;
	readonly #places: number;
	#write: number;
	#first = 0;
	/** Packets held. */
	count = 0;
	/** Bytes that may be sent again, and those that are only advanced. */
	#allowed = 0;
	#advance: number;
	readonly #most: number;
	readonly #start: number;
	readonly #end: number;
	/** Packets held that were asked for. */
	wanted = 0;
	readonly #counters: ControlCounters;
	/** What `take` found. */
	offset = 0;
	length = 0;
	priority = 0;

	/** The region is `offset .. offset + bytes`. */
	constructor(arena: Arena, offset: number, bytes: number, counters: ControlCounters) {
		if (offset < 0 || bytes < 0 || offset + bytes > arena.buffer.byteLength)
			throw new RangeError("resend ring: region outside of the arena");
		this.#bytes = arena.bytes;
		this.#counters = counters;
		this.#start = offset;
		this.#write = offset;
		this.#end = offset + bytes;
		this.#most = bytes / 2;
		this.#advance = bytes / 2;
		this.#places = packetsOf(bytes);
		this.#table = new Int32Array(this.#places * WORDS);
	}

	/** A packet was sent, and is kept when `keep` says so: its bytes are copied. */
	sent(place: number, sequence: number, offset: number, length: number, priority: number, keep: boolean, now: number): void {
		const advance = this.#advance;
		if (advance > 0) this.#advance = advance - length * REPAID;
		const allowed = this.#allowed + length * RESEND_SHARE;
		this.#allowed = allowed < this.#most ? allowed : this.#most;
		if (!keep || length > this.#end - this.#start || length > LENGTH_MASK) return;
		const at = this.room(length);
		this.#bytes.copyWithin(at, offset, offset + length);
		const places = this.#places;
		let index = this.#first + this.count;
		if (index >= places) index -= places;
		index *= WORDS;
		const table = this.#table;
		table[index + KEY] = (place << PLACE_SHIFT) | (sequence & 0xffff);
		table[index + OFFSET] = at;
		table[index + STATE] = length | (priority << PRIORITY_SHIFT);
		table[index + SENT] = (now * PER_MS) | 0;
		this.count++;
		this.#write = at + length;
	}

	/** The packet `sequence` and those behind it that have a bit in `mask` (bit 0: the next one) are to be sent again. */
	request(place: number, sequence: number, mask: number, now: number): void {
		const table = this.#table;
		const places = this.#places;
		const time = (now * PER_MS) | 0;
		let left = 1;
		for (let bits = mask; bits !== 0; bits &= bits - 1) left++;
		let index = this.#first;
		for (let count = this.count; count > 0 && left > 0; count--) {
			const at = index * WORDS;
			if (++index === places) index = 0;
			const key = table[at + KEY];
			if (key >>> PLACE_SHIFT !== place) continue;
			const step = (key - sequence) & 0xffff;
			if (step !== 0 && (step > 16 || ((mask >> (step - 1)) & 1) === 0)) continue;
			if (((time - table[at + SENT]) | 0) > RESEND_MS * PER_MS) continue;
			left--;
			const state = table[at + STATE];
			if ((state & WANTED) !== 0) continue;
			if (((state >>> TIMES_SHIFT) & TIMES_MASK) >= RESEND_TIMES) {
				this.#counters.resendOften++;
				continue;
			}
			table[at + STATE] = state | WANTED;
			this.wanted++;
		}
		this.#counters.resendGone += left;
	}

	/** Finds the next packet to send again: the most important, the oldest of those. @returns false when there is none. */
	take(): boolean {
		while (this.wanted > 0) {
			const table = this.#table;
			const at = this.best();
			const state = table[at + STATE];
			const length = state & LENGTH_MASK;
			this.wanted--;
			const advance = this.#advance;
			if (this.#allowed + (advance > 0 ? advance : 0) < length) {
				table[at + STATE] = state & ~WANTED;
				this.#counters.resendOver++;
				continue;
			}
			this.#allowed -= length;
			table[at + STATE] = (state & ~WANTED) + (1 << TIMES_SHIFT);
			this.offset = table[at + OFFSET];
			this.length = length;
			this.priority = (state >>> PRIORITY_SHIFT) & PRIORITY_MASK;
			this.#counters.resent++;
			this.#counters.resentBytes += length;
			return true;
		}
		return false;
	}

	/** The packets of a stream that is gone are not sent again. */
	clear(place: number): void {
		const table = this.#table;
		let index = this.#first;
		for (let count = this.count; count > 0; count--) {
			const at = index * WORDS;
			if (++index === this.#places) index = 0;
			if (table[at + KEY] >>> PLACE_SHIFT !== place) continue;
			if ((table[at + STATE] & WANTED) !== 0) this.wanted--;
			table[at + STATE] &= ~WANTED;
			table[at + KEY] = -1;
		}
	}

	/** Word index of the packet to send again; one is wanted. */
	private best(): number {
		const table = this.#table;
		let best = -1;
		let lowest = PRIORITY_MASK + 1;
		let index = this.#first;
		for (let count = this.count; count > 0; count--) {
			const at = index * WORDS;
			if (++index === this.#places) index = 0;
			const state = table[at + STATE];
			if ((state & WANTED) === 0) continue;
			const priority = (state >>> PRIORITY_SHIFT) & PRIORITY_MASK;
			if (priority >= lowest) continue;
			lowest = priority;
			best = at;
		}
		return best;
	}

	/** Makes room for `length` bytes in one piece, and for one more packet. @returns where. */
	private room(length: number): number {
		if (this.count === this.#places) this.drop();
		let at = this.#write;
		if (at + length > this.#end) {
			// What lies behind here is of the last round, and the oldest.
			while (this.count > 0 && this.#table[this.#first * WORDS + OFFSET] >= at) this.drop();
			at = this.#start;
			this.#write = at;
		}
		const end = at + length;
		while (this.count > 0) {
			const oldest = this.#table[this.#first * WORDS + OFFSET];
			if (oldest < at || oldest >= end) break;
			this.drop();
		}
		return at;
	}

	private drop(): void {
		const first = this.#first;
		if ((this.#table[first * WORDS + STATE] & WANTED) !== 0) this.wanted--;
		this.#first = first + 1 === this.#places ? 0 : first + 1;
		this.count--;
	}
}

function packetsOf(bytes: number): number {
	const packets = Math.floor(bytes / BYTES_PER_PACKET);
	return packets < LEAST_PACKETS ? LEAST_PACKETS : packets > MOST_PACKETS ? MOST_PACKETS : packets;
}
