import type { Arena } from "storage/arena";

/** What {@link Interleaved.next} found. */
/** Nothing more can be taken before more bytes come. */
export const PIECE_NOTHING = 0;
/** A whole frame: `channel`, `length` bytes at `offset`. It is done with at the next call. */
export const PIECE_FRAME = 1;
/** Bytes of messages: `length` bytes at `offset`; what was taken of them is told to `consumed`. */
export const PIECE_TEXT = 2;

const DOLLAR = 0x24;
/** Bytes of a frame's head: "$", the channel, 16 bits of length. */
const HEAD = 4;

/**
 * What comes over a connection of RTSP (RFC 2326 10.12): frames between messages. Bytes are read to `room` and looked at in place;
 * a frame that is larger than the memory is passed over and counted.
 */
export class Interleaved {
	channel = 0;
	offset = 0;
	length = 0;
	/** Frames that were larger than the memory. */
	oversized = 0;
	readonly #arena: Arena;
	readonly #start: number;
	readonly #limit: number;
	/** Where bytes are that were not looked at, and where they end. */
	#from: number;
	#to: number;
	/** Bytes of an oversized frame still to come. */
	#skip = 0;

	/** Uses `size` bytes at `offset`. */
	constructor(arena: Arena, offset: number, size: number) {
		this.#arena = arena;
		this.#start = offset;
		this.#limit = offset + size;
		this.#from = offset;
		this.#to = offset;
	}

	/** Where bytes are read to, and how many fit. */
	get roomOffset(): number {
		return this.#to;
	}

	get room(): number {
		return this.#limit - this.#to;
	}

	/** A new connection. */
	begin(): void {
		this.#from = this.#start;
		this.#to = this.#start;
		this.#skip = 0;
	}

	/** `count` bytes were read. */
	produced(count: number): void {
		this.#to += count;
	}

	/** What comes next; `between`: no message is under way, so it can be a frame. */
	next(between: boolean): number {
		let from = this.#from;
		if (this.#skip > 0) {
			const count = this.#skip < this.#to - from ? this.#skip : this.#to - from;
			this.#skip -= count;
			from += count;
			this.#from = from;
		}
		const held = this.#to - from;
		if (held === 0) return this.settle();
		const { view } = this.#arena;
		if (!between || view.getUint8(from) !== DOLLAR) {
			this.offset = from;
			this.length = held;
			return PIECE_TEXT;
		}
		if (held < HEAD) return this.settle();
		const length = view.getUint16(from + 2);
		if (held < HEAD + length) {
			if (HEAD + length <= this.#limit - this.#start) return this.settle();
			this.oversized++;
			this.#skip = HEAD + length - held;
			this.#from = this.#to;
			return this.settle();
		}
		this.channel = view.getUint8(from + 1);
		this.offset = from + HEAD;
		this.length = length;
		this.#from = from + HEAD + length;
		return PIECE_FRAME;
	}

	/** `count` bytes of a PIECE_TEXT were taken. */
	consumed(count: number): void {
		this.#from += count;
	}

	/** What is left moves to the front, so that there is room for the rest of it. */
	private settle(): number {
		const held = this.#to - this.#from;
		if (this.#from !== this.#start) {
			if (held > 0) this.#arena.bytes.copyWithin(this.#start, this.#from, this.#to);
			this.#from = this.#start;
			this.#to = this.#start + held;
		}
		return PIECE_NOTHING;
	}
}
