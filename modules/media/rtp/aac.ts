import {
	DAMAGED,
	type Depacketizer,
	FormatCounters,
	FRAME,
	NOTHING,
	type Packetizer,
	REFUSED_DAMAGED,
	REFUSED_NOT,
} from "media/rtp/format";
import type { Arena } from "storage/arena";

/*
 * AAC in RTP, RFC 3640, mode AAC-hbr: sizeLength 13, indexLength 3, indexDeltaLength 3.
 *
 * | bits of AU headers, 16 | size 13 index 3 | … | access unit | … |
 */

const HEADERS_LENGTH = 2;
const AU_HEADER = 2;
const AU_HEADER_BITS = 16;
const SIZE_SHIFT = 3;
/** Bytes of an access unit at most. */
export const LARGEST_AAC = 8191;
/** Samples of an access unit, which are ticks of the clock. */
const AAC_TICKS = 1024;

/** An access unit a payload; one that is larger goes in fragments, each told the whole size (RFC 3640 3.3.6). */
export class AACPacketizer implements Packetizer {
	last = false;
	refusal = REFUSED_NOT;
	readonly ticks = 0;
	readonly key = false;
	readonly droppable = false;
	readonly #arena: Arena;
	#at = 0;
	#end = 0;
	#size = 0;

	constructor(arena: Arena) {
		this.#arena = arena;
	}

	/** Set with the end of an access unit, RFC 3640 3.1. */
	get marker(): boolean {
		return this.last;
	}

	begin(offset: number, length: number): boolean {
		const good = length > 0 && length <= LARGEST_AAC;
		this.last = false;
		this.refusal = good ? REFUSED_NOT : REFUSED_DAMAGED;
		this.#at = offset;
		this.#end = good ? offset + length : offset;
		this.#size = length;
		return good;
	}

	next(to: number, limit: number): number {
		const at = this.#at;
		const rest = this.#end - at;
		const head = HEADERS_LENGTH + AU_HEADER;
		const size = rest < limit - head ? rest : limit - head;
		if (size <= 0) return 0;
		const { bytes, view } = this.#arena;
		view.setUint32(to, (AU_HEADER_BITS << 16) | (this.#size << SIZE_SHIFT));
		bytes.copyWithin(to + head, at, at + size);
		this.#at = at + size;
		this.last = size === rest;
		return head + size;
	}
}

/** Gives the access units of a payload where they lie, one after the other by `more`; fragments are joined. */
export class AACDepacketizer implements Depacketizer {
	frameOffset = 0;
	frameLength = 0;
	timestamp = 0;
	readonly key = false;
	readonly droppable = false;
	readonly counters = new FormatCounters();
	readonly #arena: Arena;
	readonly #start: number;
	readonly #room: number;
	/** Bytes of a fragmented unit that came, -1: none; all of it. */
	#filled = -1;
	#size = 0;
	/** The AU header and the unit that come next of the last payload, and where headers end. */
	#header = 0;
	#headersEnd = 0;
	#unit = 0;
	#end = 0;

	/** Joins fragmented units of at most `size` bytes in the region of `size` bytes at `offset`. */
	constructor(arena: Arena, offset: number, size: number) {
		this.#arena = arena;
		this.#start = offset;
		this.#room = size;
	}

	push(offset: number, length: number, timestamp: number, _marker: boolean, lost: boolean): number {
		this.#header = this.#headersEnd = 0;
		let outcome = NOTHING;
		if (this.#filled >= 0 && (lost || timestamp !== this.timestamp)) outcome = this.giveUp();
		const { view } = this.#arena;
		if (length <= HEADERS_LENGTH + AU_HEADER) return this.wrong();
		const bits = view.getUint16(offset);
		const headersEnd = offset + HEADERS_LENGTH + (bits >> 3);
		const end = offset + length;
		if (bits === 0 || bits % AU_HEADER_BITS !== 0 || headersEnd >= end) return this.wrong();
		const size = view.getUint16(offset + HEADERS_LENGTH) >> SIZE_SHIFT;
		this.timestamp = timestamp;
		if (this.#filled >= 0 || (bits === AU_HEADER_BITS && size > end - headersEnd))
			return this.fragment(headersEnd, end, size, outcome);
		this.#header = offset + HEADERS_LENGTH;
		this.#headersEnd = headersEnd;
		this.#unit = headersEnd;
		this.#end = end;
		return this.unit();
	}

	more(): number {
		if (this.#header >= this.#headersEnd) return NOTHING;
		this.timestamp = (this.timestamp + AAC_TICKS) >>> 0;
		return this.unit();
	}

	reset(): void {
		this.#filled = -1;
		this.#header = this.#headersEnd = 0;
	}

	private unit(): number {
		const size = this.#arena.view.getUint16(this.#header) >> SIZE_SHIFT;
		const unit = this.#unit;
		if (size === 0 || size > this.#end - unit) {
			this.#header = this.#headersEnd = 0;
			this.counters.format++;
			return NOTHING;
		}
		this.#header += AU_HEADER;
		this.#unit = unit + size;
		return this.give(unit, size);
	}

	private fragment(from: number, end: number, size: number, outcome: number): number {
		if (this.#filled < 0) {
			if (outcome === DAMAGED) return outcome;
			this.#filled = 0;
			this.#size = size;
		} else if (size !== this.#size) return this.wrong();
		const filled = this.#filled + end - from;
		if (filled > size) return this.wrong();
		if (filled > this.#room) {
			this.counters.oversized++;
			return this.giveUp();
		}
		this.#arena.bytes.copyWithin(this.#start + this.#filled, from, end);
		this.#filled = filled;
		if (filled < size) return NOTHING;
		this.#filled = -1;
		return this.give(this.#start, size);
	}

	private give(offset: number, length: number): number {
		this.frameOffset = offset;
		this.frameLength = length;
		this.counters.frames++;
		return FRAME;
	}

	private wrong(): number {
		this.counters.format++;
		return this.#filled >= 0 ? this.giveUp() : NOTHING;
	}

	private giveUp(): number {
		this.#filled = -1;
		this.counters.damaged++;
		return DAMAGED;
	}
}
