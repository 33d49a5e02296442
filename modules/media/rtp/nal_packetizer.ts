import type { Arena } from "storage/arena";
import { type Packetizer, REFUSED_DAMAGED, REFUSED_NOT } from "media/rtp/format";
import { PREFIX_BYTES, PREFIX_LENGTHS, UNIT_DROPPABLE, UNIT_KEY, UNIT_OTHER, UNIT_PARAMETERS } from "media/rtp/nal_depacketizer";

/** A start code without the zero that may stand before it. */
const START_CODE = 3;
/** Of a parameter set that a session description told: its length. */
const SET_PREFIX = 2;
/** Of the header of a fragment. */
export const FIRST_FRAGMENT = 0x80;
export const LAST_FRAGMENT = 0x40;

/**
 * Cuts access units into payloads: a unit that fits is a payload, a larger one is fragmented. Units lie as a depacketizer joins
 * them, or as a file or an encoder has them, with start codes of 3 or 4 bytes; then one byte behind the frame is written to.
 */
export abstract class NALPacketizer implements Packetizer {
	last = false;
	key = false;
	droppable = false;
	refusal = REFUSED_NOT;
	readonly ticks = 0;
	protected readonly arena: Arena;
	readonly #prefix: number;
	#start = 0;
	#end = 0;
	/** Parameter sets for key frames that bring none; they are what is sent now. */
	#sets = 0;
	#setsEnd = 0;
	#inSets = false;
	/** The unit that is sent (-1: none), its end, how far it was sent, and where the next one's prefix may be. */
	#unit = -1;
	#unitEnd = 0;
	#sent = 0;
	#after = 0;

	/** @param prefix PREFIX_LENGTHS or PREFIX_START_CODES. */
	constructor(arena: Arena, prefix: number) {
		this.arena = arena;
		this.#prefix = prefix;
	}

	/** Bytes of a unit's header, and of what stands before each fragment. */
	protected abstract readonly header: number;
	protected abstract readonly fragmentHeader: number;
	/** What the unit of this header is: one of UNIT_. */
	protected abstract kind(header: number): number;
	/** Writes what stands before a fragment of the unit of `header`; `flags`: FIRST_FRAGMENT, LAST_FRAGMENT. */
	protected abstract fragment(to: number, header: number, flags: number): void;

	get marker(): boolean {
		return this.last;
	}

	/**
	 * Some cameras tell their parameter sets in the session description alone. These here, each behind its length of 16 bits, are sent
	 * before every key frame that has none; they must stay where they are. `length` 0: there are none.
	 */
	parameterSets(offset: number, length: number): void {
		this.#sets = offset;
		this.#setsEnd = offset + length;
	}

	begin(offset: number, length: number): boolean {
		this.#start = offset;
		this.#end = offset + length;
		this.#inSets = false;
		this.last = false;
		this.key = false;
		this.droppable = false;
		const good = this.open(offset);
		this.refusal = good ? REFUSED_NOT : REFUSED_DAMAGED;
		if (!good) return false;
		const first = this.#unit;
		let complete = false;
		/* All slices of a picture are alike in this. */
		do {
			const kind = this.kind(this.headerOf(this.#unit));
			if (kind === UNIT_PARAMETERS) complete = true;
			if (kind === UNIT_PARAMETERS || kind === UNIT_OTHER) continue;
			this.key = kind === UNIT_KEY;
			this.droppable = kind === UNIT_DROPPABLE;
			break;
		} while (this.open(this.#after));
		if (this.key && !complete && this.#setsEnd > this.#sets) {
			this.#inSets = true;
			this.open(this.#sets);
		} else if (this.#unit !== first) this.open(offset);
		return true;
	}

	next(to: number, limit: number): number {
		const unit = this.#unit;
		if (unit < 0) return 0;
		const { bytes } = this.arena;
		const end = this.#unitEnd;
		let from = this.#sent;
		let size = end - from;
		let head = 0;
		if (from > unit || size > limit) {
			head = this.fragmentHeader;
			if (limit <= head) return 0;
			let flags = 0;
			if (from === unit) {
				flags = FIRST_FRAGMENT;
				from += this.header;
			}
			size = end - from;
			if (size > limit - head) size = limit - head;
			else flags |= LAST_FRAGMENT;
			this.fragment(to, this.headerOf(unit), flags);
		}
		bytes.copyWithin(to + head, from, from + size);
		this.#sent = from + size;
		if (from + size === end && !this.open(this.#after)) this.last = true;
		return head + size;
	}

	private headerOf(unit: number): number {
		return this.header === 1 ? this.arena.view.getUint8(unit) : this.arena.view.getUint16(unit);
	}

	/** Goes on with the unit whose prefix is at `from`, or behind it. @returns whether there is one. */
	private open(from: number): boolean {
		if (this.#inSets) {
			if (this.openSet(from)) return true;
			this.#inSets = false;
			return this.open(this.#start);
		}
		const end = this.#end;
		this.#unit = -1;
		if (this.#prefix === PREFIX_LENGTHS) {
			if (from + PREFIX_BYTES > end) return false;
			const size = this.arena.view.getUint32(from);
			const unit = from + PREFIX_BYTES;
			if (size < this.header || size > end - unit) return false;
			this.#unit = this.#sent = unit;
			this.#unitEnd = this.#after = unit + size;
			return true;
		}
		const code = this.startCode(from);
		if (code < 0) return false;
		const unit = code + START_CODE;
		const next = this.startCode(unit);
		const { bytes } = this.arena;
		let to = next < 0 ? end : next;
		this.#after = to;
		/* No unit ends with a zero: they belong to the next start code. */
		while (to > unit && bytes[to - 1] === 0) to--;
		if (to - unit < this.header) return false;
		this.#unit = this.#sent = unit;
		this.#unitEnd = to;
		return true;
	}

	private openSet(from: number): boolean {
		const unit = from + SET_PREFIX;
		if (unit > this.#setsEnd) return false;
		const size = this.arena.view.getUint16(from);
		if (size < this.header || size > this.#setsEnd - unit) return false;
		this.#unit = this.#sent = unit;
		this.#unitEnd = this.#after = unit + size;
		return true;
	}

	/** @returns where the next 00 00 01 begins, from `from` on, or -1. */
	private startCode(from: number): number {
		const { bytes } = this.arena;
		const end = this.#end;
		bytes[end] = 1;
		let at = bytes.indexOf(1, from + 2);
		while (at >= 0 && at < end) {
			if (bytes[at - 1] === 0 && bytes[at - 2] === 0) return at - 2;
			at = bytes.indexOf(1, at + 1);
		}
		return -1;
	}
}
