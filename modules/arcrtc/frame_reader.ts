import { FRAME_LENGTH } from "arcrtc/constants";
import type { Arena } from "storage/arena";

/** What {@link FrameReader.next} has found. */
export const FRAME_NONE = 0;
/** A frame lies at `offset`, with `length` bytes. */
export const FRAME_WHOLE = 1;
/** One that is longer than the room, with `length` bytes: its first byte is `first`; it is passed over. */
export const FRAME_TOO_LONG = 2;

/**
 * Frames of a TCP connection (RFC 4571, section 2.8): a length of 16 bits, then a packet or a message. Bytes are received into a fixed
 * room and frames are handed out where they lie, however the stream cuts or joins them. Empty ones are keep-alives and are passed over.
 */
export class FrameReader {
	/** Where a frame lies and how long it is. It is good until the next call of `room`. */
	offset = 0;
	length = 0;
	/** First byte of the frame that was found, which says what it is (section 2.1). */
	first = 0;
	/** Keep-alives, and frames that were longer than the room. */
	empty = 0;
	tooLong = 0;
	/** Where the next bytes of the stream go. */
	writeOffset: number;
	readonly #arena: Arena;
	readonly #start: number;
	readonly #end: number;
	/** Where the frame begins that was not handed out yet. */
	#at: number;
	/** Bytes of a frame that is passed over which are still to come. */
	#skip = 0;

	/** The room is `size` bytes at `offset`: the longest frame and its length. */
	constructor(arena: Arena, offset: number, size: number) {
		if (size < FRAME_LENGTH + 1 || offset < 0 || offset + size > arena.buffer.byteLength)
			throw new RangeError("frame reader: region outside of the arena");
		this.#arena = arena;
		this.#start = offset;
		this.#end = offset + size;
		this.#at = offset;
		this.writeOffset = offset;
	}

	/** A new connection: what the old one left is of no use. */
	reset(): void {
		this.#at = this.#start;
		this.writeOffset = this.#start;
		this.#skip = 0;
	}

	/** Bytes that can be received at `writeOffset`, at least 1 when all frames were taken. What was handed out is overwritten. */
	room(): number {
		const at = this.#at;
		const start = this.#start;
		if (at !== start) {
			this.#arena.bytes.copyWithin(start, at, this.writeOffset);
			this.writeOffset -= at - start;
			this.#at = start;
		}
		return this.#end - this.writeOffset;
	}

	/** `count` bytes were put at `writeOffset`. */
	received(count: number): void {
		this.writeOffset += count;
	}

	/** The next frame that is there. @returns FRAME_WHOLE, FRAME_TOO_LONG, or FRAME_NONE: receive more. */
	next(): number {
		const { view } = this.#arena;
		for (;;) {
			const there = this.writeOffset - this.#at;
			if (this.#skip > 0) {
				const passed = there < this.#skip ? there : this.#skip;
				this.#at += passed;
				this.#skip -= passed;
				if (this.#skip > 0) return FRAME_NONE;
				continue;
			}
			if (there < FRAME_LENGTH) return FRAME_NONE;
			const at = this.#at + FRAME_LENGTH;
			const length = view.getUint16(this.#at);
			if (length === 0) {
				this.empty++;
				this.#at = at;
				continue;
			}
			const left = there - FRAME_LENGTH;
			this.length = length;
			if (length > this.#end - this.#start - FRAME_LENGTH) {
				// Its first byte says whether somebody has to be told.
				if (left === 0) return FRAME_NONE;
				this.first = view.getUint8(at);
				this.tooLong++;
				this.#at = at;
				this.#skip = length;
				return FRAME_TOO_LONG;
			}
			if (left < length) return FRAME_NONE;
			this.first = view.getUint8(at);
			this.offset = at;
			this.#at = at + length;
			return FRAME_WHOLE;
		}
	}
}
