import type { Arena } from "storage/arena";

/**
 * A byte queue in a region of an arena. Readers and writers see contiguous parts of it at arena offsets, so that
 * a socket can read into it and write from it without a copy. It never grows: what does not fit is not taken.
 */
export class ByteRing {
	/** Bytes held. */
	length = 0;
	/** Arena offset of the first byte held. */
	readOffset: number;
	/** Arena offset where the next byte goes. */
	writeOffset: number;
	readonly capacity: number;
	readonly #bytes: Uint8Array;
	readonly #start: number;
	readonly #end: number;

	/** @param capacity bytes, 1 or more; the region is `offset .. offset + capacity` of `arena`. */
	constructor(arena: Arena, offset: number, capacity: number) {
		if (capacity < 1 || offset < 0 || offset + capacity > arena.buffer.byteLength)
			throw new RangeError("ring: region outside of the arena");
		this.readOffset = offset;
		this.writeOffset = offset;
		this.capacity = capacity;
		this.#bytes = arena.bytes;
		this.#start = offset;
		this.#end = offset + capacity;
	}

	/** Bytes that still fit. */
	get free(): number {
		return this.capacity - this.length;
	}

	/** Bytes that can be read in one piece at `readOffset`; 0 only when the ring is empty. */
	get readLength(): number {
		const toEnd = this.#end - this.readOffset;
		return this.length < toEnd ? this.length : toEnd;
	}

	/** Bytes that can be written in one piece at `writeOffset`; 0 only when the ring is full. */
	get writeLength(): number {
		const toEnd = this.#end - this.writeOffset;
		const free = this.capacity - this.length;
		return free < toEnd ? free : toEnd;
	}

	/** Copies up to `length` bytes from `offset` of the same arena. @returns bytes taken, fewer when it is full. */
	write(offset: number, length: number): number {
		const free = this.capacity - this.length;
		const count = length < free ? length : free;
		const at = this.writeOffset;
		const toEnd = this.#end - at;
		if (count < toEnd) {
			this.#bytes.copyWithin(at, offset, offset + count);
			this.writeOffset = at + count;
		} else {
			this.#bytes.copyWithin(at, offset, offset + toEnd);
			this.#bytes.copyWithin(this.#start, offset + toEnd, offset + count);
			this.writeOffset = this.#start + count - toEnd;
		}
		this.length += count;
		return count;
	}

	/** `count` bytes were put at `writeOffset`; at most `writeLength`. */
	produced(count: number): void {
		if (count < 0 || count > this.writeLength) throw new RangeError("ring: produced more than fits");
		const at = this.writeOffset + count;
		this.writeOffset = at === this.#end ? this.#start : at;
		this.length += count;
	}

	/** `count` bytes at `readOffset` are done with; at most `readLength`. */
	consumed(count: number): void {
		const left = this.length - count;
		if (left === 0) {
			// An empty ring starts over: the next burst is in one piece and in warm memory.
			this.readOffset = this.#start;
			this.writeOffset = this.#start;
			this.length = 0;
			return;
		}
		const at = this.readOffset + count;
		if (left < 0 || count < 0 || at > this.#end) throw new RangeError("ring: consumed more than it holds");
		this.readOffset = at === this.#end ? this.#start : at;
		this.length = left;
	}

	/** Drops what it holds. */
	clear(): void {
		this.readOffset = this.#start;
		this.writeOffset = this.#start;
		this.length = 0;
	}
}
