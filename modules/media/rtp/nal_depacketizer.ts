import type { Arena } from "storage/arena";
import { DAMAGED, type Depacketizer, FormatCounters, FRAME, NOTHING } from "media/rtp/format";

/** What stands before each unit of a frame: its length, 4 bytes; or 00 00 00 01 (ITU-T H.264 annex B). */
export const PREFIX_LENGTHS = 0;
export const PREFIX_START_CODES = 1;
export const PREFIX_BYTES = 4;

/** What a unit is for its frame. */
export const UNIT_OTHER = 0;
/** Part of the picture; and of one that no other needs, or that needs no other. */
export const UNIT_SLICE = 1;
export const UNIT_DROPPABLE = 2;
export const UNIT_KEY = 3;
/** Without it no key frame can be decoded, but it is no part of the picture. */
export const UNIT_PARAMETERS = 4;

/**
 * Joins the NAL units of one timestamp to an access unit, whole or not at all. It ends with the marker, or, for senders that set none,
 * with the next timestamp; a later unit then lies behind it and is moved to the front by the next call. Units without a picture
 * (parameter sets) that are sent as if they were a frame go with the frame that follows.
 */
export abstract class NALDepacketizer implements Depacketizer {
	frameOffset: number;
	frameLength = 0;
	timestamp = 0;
	key = false;
	droppable = false;
	readonly counters = new FormatCounters();
	protected readonly arena: Arena;
	readonly #prefix: number;
	readonly #start: number;
	readonly #limit: number;
	/** The frame that is joined: where it begins and ends; its timestamp. */
	#begin: number;
	#end: number;
	#time = 0;
	/** Offset of the unit whose fragments come, -1: none. */
	#unit = -1;
	/** It has a slice; one of them is of a key frame; all of them are droppable. */
	#slices = 0;
	#key = false;
	#droppable = true;
	/** What still comes of timestamp `#time` is passed over. */
	#passing = false;
	/** Packets were lost before this frame: its first slice must be the picture's first. */
	#doubt = false;
	/** It is complete, behind one that was given just now. */
	#second = false;

	/** Joins frames of at most `size` bytes, prefixes included, in the region of `size` bytes at `offset`. */
	constructor(arena: Arena, offset: number, size: number, prefix: number) {
		this.arena = arena;
		this.#prefix = prefix;
		this.#start = offset;
		this.#limit = offset + size;
		this.frameOffset = this.#begin = this.#end = offset;
	}

	/** Takes the units of a payload by `take`, `open`, `add` and `close`. @returns whether it keeps to the format. */
	protected abstract payload(offset: number, length: number): boolean;
	/** What the unit of this header is: one of UNIT_. */
	protected abstract kind(header: number): number;
	/** Bytes of a unit's header. */
	protected abstract readonly header: number;

	reset(): void {
		this.empty();
		this.#passing = false;
		this.#doubt = false;
	}

	push(offset: number, length: number, timestamp: number, marker: boolean, lost: boolean): number {
		this.front();
		const { counters } = this;
		const { damaged } = counters;
		let outcome = NOTHING;
		if (timestamp !== this.#time) {
			if (this.#unit >= 0 || (lost && this.#end > this.#begin)) this.giveUp();
			else if (this.#slices > 0) outcome = this.complete();
			this.#passing = false;
			this.#time = timestamp;
		} else if (lost && this.#end > this.#begin) this.giveUp();
		if (lost) this.#doubt = true;
		if (!this.#passing) {
			if (!this.payload(offset, length)) {
				counters.format++;
				if (!this.#passing) this.giveUp();
			}
			if (marker && !this.#passing) {
				if (this.#unit >= 0) this.giveUp();
				else if (this.#slices > 0 && outcome === FRAME) this.#second = true;
				else if (this.#slices > 0) outcome = this.complete();
			}
		}
		if (marker) this.#passing = false;
		return outcome === NOTHING && counters.damaged !== damaged ? DAMAGED : outcome;
	}

	more(): number {
		if (!this.#second) return NOTHING;
		this.#second = false;
		this.front();
		return this.complete();
	}

	/* The rest of a frame that was given up is passed over: these give false for nothing but a breach of the format. */

	/** A whole unit. */
	protected take(offset: number, length: number): boolean {
		return this.open(offset, length) && this.close();
	}

	/** The first part of a unit, its header included. */
	protected open(offset: number, length: number): boolean {
		if (this.#passing) return true;
		if (length < this.header) return false;
		if (this.#unit >= 0) return this.refuse();
		const { view } = this.arena;
		const kind = this.kind(this.header === 1 ? view.getUint8(offset) : view.getUint16(offset));
		if (kind !== UNIT_OTHER && kind !== UNIT_PARAMETERS) {
			/* The first bit behind the header: this slice begins the picture (H.264 7.3.3: first_mb_in_slice is 0; H.265 7.3.6.1). */
			if (this.#doubt && this.#slices === 0 && (length <= this.header || view.getUint8(offset + this.header) < 0x80))
				return this.refuse();
			this.#slices++;
			if (kind === UNIT_KEY) this.#key = true;
			if (kind !== UNIT_DROPPABLE) this.#droppable = false;
		}
		const unit = this.#end;
		if (unit + PREFIX_BYTES > this.#limit) return this.full();
		this.#unit = unit;
		this.#end = unit + PREFIX_BYTES;
		return this.add(offset, length);
	}

	/** A further part of it. */
	protected add(offset: number, length: number): boolean {
		if (this.#passing) return true;
		if (this.#unit < 0) return this.refuse();
		const end = this.#end;
		if (end + length > this.#limit) return this.full();
		this.arena.bytes.copyWithin(end, offset, offset + length);
		this.#end = end + length;
		return true;
	}

	/** It is whole. */
	protected close(): boolean {
		if (this.#passing) return true;
		const unit = this.#unit;
		if (unit < 0) return this.refuse();
		this.arena.view.setUint32(unit, this.#prefix === PREFIX_LENGTHS ? this.#end - unit - PREFIX_BYTES : 1);
		this.#unit = -1;
		return true;
	}

	/** Gives what was joined; the next frame begins behind it. */
	private complete(): number {
		this.frameOffset = this.#begin;
		this.frameLength = this.#end - this.#begin;
		this.timestamp = this.#time;
		this.key = this.#key;
		this.droppable = this.#droppable;
		this.counters.frames++;
		this.#begin = this.#end;
		this.empty();
		this.#doubt = false;
		return FRAME;
	}

	/** What lies behind a frame that was given moves to the front. */
	private front(): void {
		const start = this.#start;
		const distance = this.#begin - start;
		if (distance === 0) return;
		this.arena.bytes.copyWithin(start, this.#begin, this.#end);
		this.#begin = start;
		this.#end -= distance;
		if (this.#unit >= 0) this.#unit -= distance;
		/* Nobody asked for the second frame. */
		if (this.#second) {
			this.#second = false;
			this.giveUp();
			this.#passing = false;
		}
	}

	private full(): boolean {
		this.counters.oversized++;
		return this.refuse();
	}

	private refuse(): boolean {
		this.giveUp();
		return true;
	}

	/** What was joined, and what still comes of it. */
	private giveUp(): void {
		this.empty();
		this.#passing = true;
		this.counters.damaged++;
	}

	private empty(): void {
		this.#end = this.#begin;
		this.#unit = -1;
		this.#slices = 0;
		this.#key = false;
		this.#droppable = true;
		this.#second = false;
	}
}
