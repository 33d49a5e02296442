import { DAMAGED, type Depacketizer, FormatCounters, FRAME, NOTHING } from "media/rtp/format";
import type { Arena } from "storage/arena";

/* AV1 in RTP, the payload format of AOMedia 1.0. Aggregation header, 4.4: */

const CONTINUES = 0x80;
const GOES_ON = 0x40;
const NEW_SEQUENCE = 0x08;
/** Of an OBU's header (AV1 5.3.2). */
const FORBIDDEN = 0x80;
const TYPE_SHIFT = 3;
const TYPE = 0x0f;
const EXTENDED = 0x04;
const SIZED = 0x02;
const TEMPORAL_DELIMITER = 2;
const TILE_LIST = 8;
/** Sizes are written with so many bytes, more than most need: they are known when all has come (AV1 4.10.5 allows it). */
const SIZE_BYTES = 4;
const LARGEST = 0x0fffffff;
const LEB_BYTES = 8;

/** Joins payloads to temporal units as files have them (AV1 section 5: OBUs with sizes, behind a temporal delimiter). */
export class AV1Depacketizer implements Depacketizer {
	frameOffset: number;
	frameLength = 0;
	timestamp = 0;
	key = false;
	readonly droppable = false;
	readonly counters = new FormatCounters();
	readonly #arena: Arena;
	readonly #limit: number;
	/** End of what came of the unit; the region's start while none is joined. */
	#end: number;
	#time = 0;
	#key = false;
	/** Where the size of the OBU that is joined is written, -1: none. */
	#sizeAt = -1;
	/** It is left out (delimiters, tile lists). */
	#skipped = false;
	/** The OBU goes on with the next payload. */
	#open = false;
	#passed = -1;
	/** Behind a number that `number` read. */
	#next = 0;

	/** Joins units of at most `size` bytes, sizes included, in the region of `size` bytes at `offset`. */
	constructor(arena: Arena, offset: number, size: number) {
		this.#arena = arena;
		this.frameOffset = this.#end = offset;
		this.#limit = offset + size;
	}

	push(offset: number, length: number, timestamp: number, marker: boolean, lost: boolean): number {
		let outcome = NOTHING;
		if (this.#end > this.frameOffset && (lost || timestamp !== this.#time)) outcome = this.giveUp(this.#time);
		if (timestamp === this.#passed) return outcome;
		const { view } = this.#arena;
		if (length < 2) return this.wrong(timestamp);
		const head = view.getUint8(offset);
		if (this.#end === this.frameOffset) {
			/* The beginning was lost. */
			if ((head & CONTINUES) !== 0) return this.giveUp(timestamp);
			this.#time = timestamp;
			this.#key = false;
			if (this.frameOffset + 2 > this.#limit) return this.giveUp(timestamp);
			view.setUint16(this.frameOffset, 0x1200);
			this.#end = this.frameOffset + 2;
		}
		if ((head & NEW_SEQUENCE) !== 0) this.#key = true;
		const { oversized } = this.counters;
		if (!this.elements(head, offset + 1, offset + length))
			return this.counters.oversized > oversized ? this.giveUp(timestamp) : this.wrong(timestamp);
		if (!marker) return outcome;
		if (this.#open) return this.wrong(timestamp);
		this.frameLength = this.#end - this.frameOffset;
		this.timestamp = timestamp;
		this.key = this.#key;
		this.#end = this.frameOffset;
		this.counters.frames++;
		return FRAME;
	}

	more(): number {
		return NOTHING;
	}

	reset(): void {
		this.#end = this.frameOffset;
		this.#open = false;
		this.#passed = -1;
	}

	/** The OBU elements of a payload: with W of 1 to 3 so many, the last without a length. */
	private elements(head: number, from: number, end: number): boolean {
		const wanted = (head >> 4) & 3;
		let at = from;
		let continues = (head & CONTINUES) !== 0;
		if (continues !== this.#open) return false;
		let count = 0;
		do {
			count++;
			let size = end - at;
			if (wanted === 0 || count < wanted) {
				size = this.number(at, end);
				at = this.#next;
				if (size < 0 || size > end - at) return false;
			}
			const last = at + size === end && (wanted === 0 || count === wanted);
			const open = last && (head & GOES_ON) !== 0;
			if (continues) {
				if (!this.add(at, size)) return false;
			} else if (size === 0 ? open : !this.begin(at, size)) return false;
			if (!open && (size > 0 || continues)) this.close();
			this.#open = open;
			continues = false;
			at += size;
			if (wanted !== 0 && count === wanted && at < end) return false;
		} while (at < end || (wanted !== 0 && count < wanted));
		return true;
	}

	/** The header of an OBU, with a size to come; its own size, where it has one, is left out. */
	private begin(from: number, length: number): boolean {
		const { bytes } = this.#arena;
		const head = bytes[from];
		const extended = (head & EXTENDED) !== 0;
		const end = from + length;
		let at = from + (extended ? 2 : 1);
		if ((head & FORBIDDEN) !== 0 || at > end) return false;
		if ((head & SIZED) !== 0) {
			if (this.number(at, end) < 0) return false;
			at = this.#next;
		}
		const type = (head >> TYPE_SHIFT) & TYPE;
		this.#skipped = type === TEMPORAL_DELIMITER || type === TILE_LIST;
		if (this.#skipped) return true;
		let to = this.#end;
		if (to + 2 + SIZE_BYTES > this.#limit) return this.full();
		bytes[to++] = head | SIZED;
		if (extended) bytes[to++] = bytes[from + 1];
		this.#sizeAt = to;
		this.#end = to + SIZE_BYTES;
		return this.add(at, end - at);
	}

	private add(from: number, length: number): boolean {
		if (this.#skipped) return true;
		const to = this.#end;
		if (to + length > this.#limit || to + length - this.#sizeAt > LARGEST) return this.full();
		this.#arena.bytes.copyWithin(to, from, from + length);
		this.#end = to + length;
		return true;
	}

	private close(): void {
		if (this.#skipped) return;
		const size = this.#end - this.#sizeAt - SIZE_BYTES;
		/* leb128, AV1 4.10.5: 7 bits a byte, the least first. */
		this.#arena.view.setUint32(
			this.#sizeAt,
			(((size & 0x7f) | 0x80) << 24) |
				((((size >> 7) & 0x7f) | 0x80) << 16) |
				((((size >> 14) & 0x7f) | 0x80) << 8) |
				(size >> 21),
		);
	}

	/** A leb128 number; `#next` is behind it. @returns -1: there is none. */
	private number(from: number, end: number): number {
		const { bytes } = this.#arena;
		let value = 0;
		let factor = 1;
		for (let i = 0; i < LEB_BYTES && from + i < end; i++) {
			const byte = bytes[from + i];
			value += (byte & 0x7f) * factor;
			if (byte < 0x80) {
				this.#next = from + i + 1;
				return value > LARGEST ? -1 : value;
			}
			factor *= 128;
		}
		return -1;
	}

	private full(): boolean {
		this.counters.oversized++;
		return false;
	}

	private wrong(timestamp: number): number {
		this.counters.format++;
		return this.giveUp(timestamp);
	}

	private giveUp(timestamp: number): number {
		this.#end = this.frameOffset;
		this.#open = false;
		this.#passed = timestamp;
		this.counters.damaged++;
		return DAMAGED;
	}
}
