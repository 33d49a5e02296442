import { DAMAGED, type Depacketizer, FormatCounters, FRAME, NOTHING } from "media/rtp/format";
import type { Arena } from "storage/arena";

/* VP9 in RTP, RFC 9628. Payload descriptor, 4.2: */

const PICTURE_ID = 0x80;
const INTER_PREDICTED = 0x40;
const LAYERS = 0x20;
const FLEXIBLE = 0x10;
const BEGIN = 0x08;
const STRUCTURE = 0x02;
const LONG_ID = 0x80;
/** Of a reference: another one follows. RFC 9628: three at most. */
const ANOTHER = 0x01;
const MOST_REFERENCES = 3;
/** Of the layer byte. */
const SPATIAL = 0x0e;
/** Of the scalability structure: layers - 1 in the top 3 bits; sizes; groups. */
const SIZES = 0x10;
const GROUPS = 0x08;
/** Of a frame's first byte (VP9 6.2): profile 3 has a bit more; then show_existing_frame and frame_type, 0 for a key frame. */
const PROFILE = 0x30;
const FRAME_MARKER = 0xc0;
const IS_FRAME = 0x80;
const NO_KEY = 0x0c;
const NO_KEY_PROFILE_3 = 0x06;

/** Reads payload descriptors. */
export class VP9Descriptor {
	/** Where the frame's bytes begin in the payload. */
	data = 0;
	/** The first payload of a layer's frame. */
	begins = false;
	/** Of the first payload: it needs no picture before it. */
	key = false;
	/** It is of the lowest spatial layer. */
	base = false;
	readonly #bytes: Uint8Array;

	constructor(arena: Arena) {
		this.#bytes = arena.bytes;
	}

	/** @returns whether it keeps to the format, and bytes follow it. */
	read(offset: number, length: number): boolean {
		const bytes = this.#bytes;
		const end = offset + length;
		if (length < 2) return false;
		const first = bytes[offset];
		let at = offset + 1;
		if ((first & PICTURE_ID) !== 0) at += (bytes[at] & LONG_ID) !== 0 ? 2 : 1;
		this.base = true;
		if ((first & LAYERS) !== 0) {
			if (at >= end) return false;
			this.base = (bytes[at] & SPATIAL) === 0;
			at += (first & FLEXIBLE) !== 0 ? 1 : 2;
		}
		if ((first & FLEXIBLE) !== 0 && (first & INTER_PREDICTED) !== 0) {
			let references = 0;
			do {
				if (at >= end || ++references > MOST_REFERENCES) return false;
			} while ((bytes[at++] & ANOTHER) !== 0);
		}
		if ((first & STRUCTURE) !== 0) {
			at = this.structure(at, end);
			if (at < 0) return false;
		}
		if (at >= end) return false;
		this.data = at;
		this.begins = (first & BEGIN) !== 0;
		const frame = bytes[at];
		this.key =
			this.begins &&
			this.base &&
			(first & INTER_PREDICTED) === 0 &&
			(frame & FRAME_MARKER) === IS_FRAME &&
			(frame & ((frame & PROFILE) === PROFILE ? NO_KEY_PROFILE_3 : NO_KEY)) === 0;
		return true;
	}

	/** @returns the offset behind it, or -1. */
	private structure(from: number, end: number): number {
		const bytes = this.#bytes;
		if (from >= end) return -1;
		const head = bytes[from];
		let at = from + 1;
		if ((head & SIZES) !== 0) at += 4 * ((head >> 5) + 1);
		if ((head & GROUPS) === 0) return at;
		if (at >= end) return -1;
		for (let groups = bytes[at++]; groups > 0; groups--) {
			if (at >= end) return -1;
			at += 1 + ((bytes[at] >> 2) & 3);
		}
		return at;
	}
}

/** Joins payloads to pictures: the frames of its layers one behind the other. A picture ends with the marker. */
export class VP9Depacketizer implements Depacketizer {
	frameOffset: number;
	frameLength = 0;
	timestamp = 0;
	key = false;
	readonly droppable = false;
	readonly counters = new FormatCounters();
	readonly #bytes: Uint8Array;
	readonly #descriptor: VP9Descriptor;
	readonly #size: number;
	/** Bytes of the picture that came, 0 while none is joined. */
	#filled = 0;
	#time = 0;
	#key = false;
	/** What still comes of this timestamp is passed over; -1: none. */
	#passed = -1;

	/** Joins pictures of at most `size` bytes in the region of `size` bytes at `offset`. */
	constructor(arena: Arena, offset: number, size: number) {
		this.#bytes = arena.bytes;
		this.#descriptor = new VP9Descriptor(arena);
		this.frameOffset = offset;
		this.#size = size;
	}

	push(offset: number, length: number, timestamp: number, marker: boolean, lost: boolean): number {
		let outcome = NOTHING;
		if (this.#filled > 0 && (lost || timestamp !== this.#time)) outcome = this.giveUp(this.#time);
		const descriptor = this.#descriptor;
		if (!descriptor.read(offset, length)) {
			this.counters.format++;
			return timestamp === this.#passed ? outcome : this.giveUp(timestamp);
		}
		if (timestamp === this.#passed) return outcome;
		if (this.#filled === 0) {
			if (!descriptor.begins || !descriptor.base) return this.giveUp(timestamp);
			this.#time = timestamp;
			this.#key = descriptor.key;
		}
		const size = offset + length - descriptor.data;
		const filled = this.#filled + size;
		if (filled > this.#size) {
			this.counters.oversized++;
			return this.giveUp(timestamp);
		}
		this.#bytes.copyWithin(this.frameOffset + this.#filled, descriptor.data, descriptor.data + size);
		this.#filled = filled;
		if (!marker) return outcome;
		this.frameLength = filled;
		this.timestamp = timestamp;
		this.key = this.#key;
		this.#filled = 0;
		this.counters.frames++;
		return FRAME;
	}

	more(): number {
		return NOTHING;
	}

	reset(): void {
		this.#filled = 0;
		this.#passed = -1;
	}

	private giveUp(timestamp: number): number {
		this.#filled = 0;
		this.#passed = timestamp;
		this.counters.damaged++;
		return DAMAGED;
	}
}
