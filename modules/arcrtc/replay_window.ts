/** Verdicts of {@link ReplayWindow.check}. */
export const FRESH = 0;
/** Before the window. */
export const OLD = 1;
/** Seen before. */
export const REPLAY = 2;

const BITS = 32;

/**
 * Which of the last packets under one key of one stream were accepted (section 2.5), by their 48-bit index. Bit n of the region stands
 * for the indices that are n modulo the region's size, so the window may be made wider at any time, up to that size.
 */
export class ReplayWindow {
	/** Highest index accepted; -1: none yet. */
	top = -1;
	readonly #words: Int32Array;
	readonly #start: number;
	readonly #mask: number;
	#size: number;

	/** `capacity` bits (a power of two, 64 or more) from `start` of `words` on, `size` of them in use. */
	constructor(words: Int32Array, start: number, capacity: number, size: number) {
		if (capacity < 64 || (capacity & (capacity - 1)) !== 0 || start + capacity / BITS > words.length)
			throw new RangeError("replay window: 64, 128, 256, .. bits");
		this.#words = words;
		this.#start = start;
		this.#mask = capacity - 1;
		this.#size = 64;
		this.size = size;
	}

	/** Packets that the window reaches back, the newest included. */
	get size(): number {
		return this.#size;
	}

	set size(packets: number) {
		this.#size = packets < 64 ? 64 : packets > this.#mask ? this.#mask + 1 : packets;
	}

	/** Forgets everything: a new key. */
	reset(): void {
		this.top = -1;
		this.#words.fill(0, this.#start, this.#start + (this.#mask + 1) / BITS);
	}

	/** May a packet be accepted, if it authenticates? */
	check(index: number): number {
		const top = this.top;
		if (index > top) return FRESH;
		if (top - index >= this.#size) return OLD;
		const bit = index & this.#mask;
		return (this.#words[this.#start + (bit >>> 5)] >>> (bit & 31)) & 1 ? REPLAY : FRESH;
	}

	/** A packet that `check` found fresh was authenticated. */
	accept(index: number): void {
		const words = this.#words;
		const top = this.top;
		if (index > top) {
			if (index !== top + 1) this.clear(top + 1, index);
			this.top = index;
		}
		const bit = index & this.#mask;
		words[this.#start + (bit >>> 5)] |= 1 << (bit & 31);
	}

	/** Clears the bits of the indices from `from` on that lie before `to`; that of `to` is set by the caller. */
	private clear(from: number, to: number): void {
		const words = this.#words;
		const mask = this.#mask;
		const start = this.#start;
		let count = to - from;
		if (from === 0 || count >= mask) {
			words.fill(0, start, start + (mask + 1) / BITS);
			return;
		}
		for (let index = from & mask; count > 0; count--) {
			words[start + (index >>> 5)] &= ~(1 << (index & 31));
			index = (index + 1) & mask;
		}
	}
}

/**
 * Packets that a window has to reach back when lost packets are sent again (section 2.5): a power of two of at least the configured
 * size, 128, and twice the packets of a round trip; at most 1024.
 */
export function windowForResends(configured: number, packetsPerSecond: number, roundTrip: number): number {
	const wanted = (2 * packetsPerSecond * roundTrip) / 1000;
	let size = 128;
	while (size < 1024 && (size < configured || size < wanted)) size *= 2;
	return size;
}
