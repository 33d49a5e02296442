import type { MediaPacket } from "arcrtc/media_packet";
import type { Arena } from "storage/arena";

/** What is known of a number: nothing, its packet waits, was played and is still there, or had to go for more important ones. */
export const UNKNOWN = 0;
export const HELD = 1;
export const PLAYED = 2;
export const DROPPED = 3;

/** Words of a block in {@link ReceivedPackets.table}, at `block * BLOCK_WORDS`. */
export const BLOCK_WORDS = 6;
export const BLOCK_NUMBER = 0;
export const BLOCK_TIME = 1;
export const BLOCK_LENGTH = 2;
export const BLOCK_INFO = 3;
/** The owner's, as it gave it. */
export const BLOCK_ARRIVAL = 4;
const BLOCK_NEXT = 5;
/** BLOCK_INFO: payload type, marker, priority, quality, recovered, state. */
export const INFO_TYPE = 0x7f;
export const INFO_MARKER = 0x80;
export const INFO_PRIORITY_SHIFT = 8;
export const INFO_QUALITY_SHIFT = 10;
export const INFO_RECOVERED = 0x1000;
const INFO_STATE_SHIFT = 13;
const INFO_STATE = 3 << INFO_STATE_SHIFT;

const NONE = -1;
const GONE = -1;
/** Numbers that are told apart, for each block. */
const SPREAD = 2;

/** Bytes of a region for `count` payloads of at most `size` bytes. */
export function receivedPacketsBytes(count: number, size: number): number {
	return count * size;
}

/**
 * The last packets of one stream, by their numbers (32 bits of the extended sequence): those that wait to be played, and those that
 * were played, until their blocks are needed, as FEC makes lost packets from the ones around them. Bounded in packets and bytes; a
 * packet is copied once, into its block. One that found no room counts as dropped: nobody waits for it.
 */
export class ReceivedPackets {
	/** Words of the blocks; behind them a word for each place of a number: block + 1, 0: none, -1: dropped. */
	readonly table: Int32Array;
	readonly #places: number;
	readonly #mask: number;
	readonly #bytes: Uint8Array;
	readonly #start: number;
	/** Bytes of a block. */
	readonly size: number;
	readonly count: number;
	#free = 0;
	/** Played ones, oldest first. */
	#head = NONE;
	#tail = NONE;
	/** Blocks whose packets wait, and the most ever. */
	held = 0;
	peak = 0;

	/** @throws RangeError for less than 2 or more than 512 packets, or a region outside of the arena. */
	constructor(arena: Arena, offset: number, count: number, size: number) {
		if (count < 2 || count > 512 || size < 1 || offset < 0 || offset + count * size > arena.buffer.byteLength)
			throw new RangeError("received packets: 2 to 512, in the arena");
		let places = 2;
		while (places < count * SPREAD) places *= 2;
		this.#bytes = arena.bytes;
		this.#start = offset;
		this.#mask = places - 1;
		this.#places = count * BLOCK_WORDS;
		this.table = new Int32Array(count * BLOCK_WORDS + places);
		this.size = size;
		this.count = count;
		this.clear();
	}

	/** Numbers within which held packets must lie. */
	get span(): number {
		return this.#mask + 1;
	}

	/** Arena offset of a block. */
	offset(block: number): number {
		return this.#start + block * this.size;
	}

	/** Block of a number's packet, whether it waits or was played; -1: it is not here. */
	find(number: number): number {
		const table = this.table;
		const block = table[this.#places + (number & this.#mask)] - 1;
		return block >= 0 && table[block * BLOCK_WORDS + BLOCK_NUMBER] === number ? block : NONE;
	}

	/** Block of a packet that waits at the place of a number, which must lie within `span` of all that wait; -1: none does. */
	waiting(number: number): number {
		const table = this.table;
		const block = table[this.#places + (number & this.#mask)] - 1;
		if (block < 0) return NONE;
		return (table[block * BLOCK_WORDS + BLOCK_INFO] & INFO_STATE) === HELD << INFO_STATE_SHIFT ? block : NONE;
	}

	/** What is known of a number. `DROPPED` holds only while it lies within `span` of those that wait. */
	state(number: number): number {
		const table = this.table;
		const place = table[this.#places + (number & this.#mask)];
		if (place === GONE) return DROPPED;
		if (place === 0) return UNKNOWN;
		const entry = (place - 1) * BLOCK_WORDS;
		if (table[entry + BLOCK_NUMBER] !== number) return UNKNOWN;
		return (table[entry + BLOCK_INFO] & INFO_STATE) >> INFO_STATE_SHIFT;
	}

	/**
	 * Copies a packet whose number is not here. When no block is free the oldest played one goes, then the oldest of the least
	 * important of those that wait, unless all of them are more important than this one.
	 * @returns its block, or -1: too long, or no room.
	 */
	store(number: number, packet: MediaPacket, arrival: number, recovered: boolean): number {
		const length = packet.payloadLength;
		const priority = packet.priority;
		const table = this.table;
		const place = this.#places + (number & this.#mask);
		while (table[place] > 0 && this.#head >= 0) this.forget();
		if (table[place] > 0) return NONE;
		if (length > this.size || (this.#free < 0 && this.#head < 0 && !this.makeRoom(priority))) {
			table[place] = GONE;
			return NONE;
		}
		if (this.#free < 0) this.forget();
		const block = this.#free;
		const entry = block * BLOCK_WORDS;
		this.#free = table[entry + BLOCK_NEXT];
		table[place] = block + 1;
		table[entry + BLOCK_NUMBER] = number;
		table[entry + BLOCK_TIME] = packet.timestamp;
		table[entry + BLOCK_LENGTH] = length;
		let info = packet.payloadType | (priority << INFO_PRIORITY_SHIFT) | (packet.quality << INFO_QUALITY_SHIFT);
		info |= HELD << INFO_STATE_SHIFT;
		if (packet.marker) info |= INFO_MARKER;
		if (recovered) info |= INFO_RECOVERED;
		table[entry + BLOCK_INFO] = info;
		table[entry + BLOCK_ARRIVAL] = arrival;
		table[entry + BLOCK_NEXT] = NONE;
		const payload = packet.payload;
		const to = this.#start + block * this.size;
		this.#bytes.copyWithin(to, payload, payload + length);
		const held = this.held + 1;
		this.held = held;
		if (held > this.peak) this.peak = held;
		return block;
	}

	/** A packet that waited was played: it stays until its block is needed. */
	played(block: number): void {
		const table = this.table;
		const entry = block * BLOCK_WORDS;
		table[entry + BLOCK_INFO] += (PLAYED - HELD) << INFO_STATE_SHIFT;
		const tail = this.#tail;
		if (tail < 0) this.#head = block;
		else table[tail * BLOCK_WORDS + BLOCK_NEXT] = block;
		this.#tail = block;
		this.held--;
	}

	/** A number is over: that its packet was dropped need not be known any more. */
	over(number: number): void {
		const place = this.#places + (number & this.#mask);
		if (this.table[place] === GONE) this.table[place] = 0;
	}

	/** Forgets all. */
	clear(): void {
		const table = this.table;
		table.fill(0);
		for (let block = 0; block < this.count; block++)
			table[block * BLOCK_WORDS + BLOCK_NEXT] = block + 1 < this.count ? block + 1 : NONE;
		this.#free = 0;
		this.#head = NONE;
		this.#tail = NONE;
		this.held = 0;
	}

	/** The oldest played one goes. */
	private forget(): void {
		const table = this.table;
		const block = this.#head;
		const entry = block * BLOCK_WORDS;
		const next = table[entry + BLOCK_NEXT];
		this.#head = next;
		if (next < 0) this.#tail = NONE;
		this.release(block, 0);
	}

	/** One that waits goes: the oldest of the least important ones. @returns false when all are more important than `priority`. */
	private makeRoom(priority: number): boolean {
		const table = this.table;
		let found = NONE;
		let worst = priority;
		let number = 0;
		for (let block = 0; block < this.count; block++) {
			const entry = block * BLOCK_WORDS;
			const its = (table[entry + BLOCK_INFO] >> INFO_PRIORITY_SHIFT) & 3;
			if (its < worst) continue;
			const at = table[entry + BLOCK_NUMBER];
			if (found >= 0 && its === worst && ((at - number) | 0) > 0) continue;
			found = block;
			worst = its;
			number = at;
		}
		if (found < 0) return false;
		this.held--;
		this.release(found, GONE);
		return true;
	}

	private release(block: number, mark: number): void {
		const table = this.table;
		const entry = block * BLOCK_WORDS;
		const place = this.#places + (table[entry + BLOCK_NUMBER] & this.#mask);
		if (table[place] === block + 1) table[place] = mark;
		table[entry + BLOCK_INFO] = 0;
		table[entry + BLOCK_NEXT] = this.#free;
		this.#free = block;
	}
}
