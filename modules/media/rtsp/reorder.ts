/** What is to be done with a packet that was offered. */
export const OFFER_NOW = 0;
export const OFFER_HELD = 1;
/** Behind what was given already: given on as it is, to be counted. */
export const OFFER_LATE = 2;

/** ms that a packet waits for one that is missing before it: on a local network they overtake by less, or are lost. */
const WAIT = 20;
/** Jumps of more are no gap to be waited at. */
const REACH = 64;
const FREE = -1;

/** Puts packets of UDP that overtook each other back in order; those that wait stay in the blocks they were received into. */
export class Reorder {
	/** Packets that wait. */
	held = 0;
	readonly #blocks: Int16Array;
	readonly #numbers: Uint16Array;
	readonly #times: Float64Array;
	/** The sequence number that comes next, -1: any. */
	#next = -1;

	/** `places` packets may wait. */
	constructor(places: number) {
		this.#blocks = new Int16Array(places).fill(FREE);
		this.#numbers = new Uint16Array(places);
		this.#times = new Float64Array(places);
	}

	/** Another stream begins. Blocks that wait must have been taken back by `flush`. */
	begin(): void {
		this.#next = -1;
	}

	/** A packet came in `block`. After OFFER_NOW and OFFER_HELD ask `take` for others. */
	offer(number: number, block: number, now: number): number {
		const ahead = this.#next < 0 ? 0 : (number - this.#next) & 0xffff;
		if (ahead === 0 || (ahead >= REACH && ahead < 0x10000 - REACH)) {
			if (ahead !== 0 && this.held > 0) return this.hold(number, block, now);
			this.#next = (number + 1) & 0xffff;
			return OFFER_NOW;
		}
		if (ahead >= REACH) return OFFER_LATE;
		return this.hold(number, block, now);
	}

	/** The block of a packet whose turn it is: nothing is missing before it, or it has waited enough, or all places are taken. @returns -1: none. */
	take(now: number): number {
		if (this.held === 0) return FREE;
		const blocks = this.#blocks;
		let best = -1;
		let nearest = 0x10000;
		for (let i = 0; i < blocks.length; i++) {
			if (blocks[i] === FREE) continue;
			const ahead = (this.#numbers[i] - this.#next) & 0xffff;
			if (ahead >= nearest) continue;
			nearest = ahead;
			best = i;
		}
		if (nearest !== 0 && this.held < blocks.length && now < this.#times[best] + WAIT) return FREE;
		return this.release(best);
	}

	/** A block that waits, whatever its turn. @returns -1: none. */
	flush(): number {
		for (let i = 0; i < this.#blocks.length; i++) if (this.#blocks[i] !== FREE) return this.release(i);
		return FREE;
	}

	/** When `take` gives what waits, whatever comes; Infinity: nothing waits. */
	get deadline(): number {
		let due = Infinity;
		if (this.held === 0) return due;
		for (let i = 0; i < this.#blocks.length; i++)
			if (this.#blocks[i] !== FREE && this.#times[i] + WAIT < due) due = this.#times[i] + WAIT;
		return due;
	}

	private hold(number: number, block: number, now: number): number {
		const blocks = this.#blocks;
		for (let i = 0; i < blocks.length; i++) {
			if (blocks[i] !== FREE) continue;
			blocks[i] = block;
			this.#numbers[i] = number;
			this.#times[i] = now;
			this.held++;
			return OFFER_HELD;
		}
		return OFFER_LATE;
	}

	private release(place: number): number {
		const block = this.#blocks[place];
		this.#blocks[place] = FREE;
		this.held--;
		this.#next = (this.#numbers[place] + 1) & 0xffff;
		return block;
	}
}
