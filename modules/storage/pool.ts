import type { Arena } from "storage/arena";

const TAKEN = -2;
const LAST = -1;

/** A fixed number of blocks of one size in a region of an arena, for packets that wait. Blocks are small integers. */
export class PacketPool {
	readonly count: number;
	/** Bytes of a block. */
	readonly size: number;
	/** Blocks in use now, and the most ever. */
	used = 0;
	peak = 0;
	/** How often `take` found no block. */
	exhausted = 0;
	/** Bytes in use of each block: the owner's to set. */
	readonly lengths: Int32Array;
	readonly #next: Int32Array;
	readonly #start: number;
	#free = 0;

	/** The region is `offset .. offset + count * size`. */
	constructor(arena: Arena, offset: number, count: number, size: number) {
		if (count < 1 || size < 1 || offset < 0 || offset + count * size > arena.buffer.byteLength)
			throw new RangeError("pool: region outside of the arena");
		this.count = count;
		this.size = size;
		this.lengths = new Int32Array(count);
		this.#next = new Int32Array(count);
		this.#start = offset;
		for (let block = 0; block < count; block++) this.#next[block] = block + 1 < count ? block + 1 : LAST;
	}

	/** @returns a block, or -1 when all are in use. */
	take(): number {
		const block = this.#free;
		if (block < 0) {
			this.exhausted++;
			return -1;
		}
		this.#free = this.#next[block];
		this.#next[block] = TAKEN;
		this.lengths[block] = 0;
		const used = this.used + 1;
		this.used = used;
		if (used > this.peak) this.peak = used;
		return block;
	}

	/** Arena offset of a block. */
	offset(block: number): number {
		return this.#start + block * this.size;
	}

	/** Gives a block back. @throws RangeError when it was not taken: a fault of the program. */
	release(block: number): void {
		if (this.#next[block] !== TAKEN) throw new RangeError("pool: block was not taken");
		this.#next[block] = this.#free;
		this.#free = block;
		this.used--;
	}
}
