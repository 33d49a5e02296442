import { FEC_COLUMNS_MOST, FEC_HEADER } from "arcrtc/constants";
import { FEC_BASE, FEC_D, FEC_FIXED, FEC_L, FEC_LENGTH, FEC_TIME, FEC_TYPE } from "arcrtc/fec_header";
import type { MediaPacket } from "arcrtc/media_packet";
import {
	BLOCK_INFO,
	BLOCK_LENGTH,
	BLOCK_TIME,
	BLOCK_WORDS,
	INFO_MARKER,
	INFO_PRIORITY_SHIFT,
	INFO_QUALITY_SHIFT,
	INFO_TYPE,
	type ReceivedPackets,
} from "arcrtc/received_packets";
import type { Arena } from "storage/arena";
import { exclusiveOr } from "storage/exclusive_or";

/** A repair packet waits that long (ms) for packets of its row. */
const LONGEST_WAIT = 200;
/** Words of a repair packet that waits: bytes (0: none), number of its row's first packet, packets of the row, when it came (ms). */
const WORDS = 4;
const BASE = 1;
const COUNT = 2;
const TIME = 3;

/** Bytes of a decoder's region: `repairs` repair packets that wait, for media payloads of `limit` bytes at most. */
export function fecDecoderBytes(repairs: number, limit: number): number {
	return repairs * (FEC_HEADER + limit);
}

export interface FecDecoderOptions {
	readonly arena: Arena;
	/** {@link fecDecoderBytes} long. */
	readonly offset: number;
	/** Repair packets that may wait, 1 or more: packets may come after the one that repairs them. */
	readonly repairs: number;
	/** Bytes of a media payload at most. */
	readonly limit: number;
	/** The stream's packets, filled by its jitter buffer, or by whoever plays it. */
	readonly packets: ReceivedPackets;
	/** Of a recovered packet that has no neighbour to take it from. */
	readonly priority: number;
}

/** What became of repair packets. Plain numbers for the device's metrics. */
export class FecCounters {
	/** Repair packets; those that are none, or of another form; those whose row had all packets. */
	received = 0;
	format = 0;
	needless = 0;
	/** Packets made; rows given up, as two or more were lost. */
	recovered = 0;
	unrecovered = 0;
}

/**
 * Makes a lost packet from the others of its row and the row's repair packet (RFC 8627, fixed form, row parity; section 2.8). Two that
 * are lost stay lost. After `receive` or `noticed` gave true the recovered packet is this object, until the next call.
 */
export class FecDecoder implements MediaPacket {
	readonly #arena: Arena;
	readonly #offset: number;
	readonly #size: number;
	readonly #packets: ReceivedPackets;
	readonly #priority: number;
	readonly #table: Int32Array;
	readonly #repairs: number;
	/** Repair packets that wait. */
	waiting = 0;
	readonly counters = new FecCounters();
	/** The recovered packet. */
	payload = 0;
	payloadLength = 0;
	extendedSequence = 0;
	timestamp = 0;
	marker = false;
	payloadType = 0;
	priority = 0;
	quality = 0;

	/** @throws RangeError when the region lies outside of the arena. */
	constructor(options: FecDecoderOptions) {
		const { arena, offset, repairs, limit } = options;
		if (repairs < 1 || offset < 0 || offset + fecDecoderBytes(repairs, limit) > arena.buffer.byteLength)
			throw new RangeError("FEC decoder: region outside of the arena");
		this.#arena = arena;
		this.#offset = offset;
		this.#size = FEC_HEADER + limit;
		this.#packets = options.packets;
		this.#priority = options.priority;
		this.#repairs = repairs;
		this.#table = new Int32Array(repairs * WORDS);
	}

	/**
	 * The payload of a repair packet of this stream; it is copied when it is needed.
	 * @param newest extended sequence number of the stream's newest packet.
	 * @returns true: a packet was recovered, to be given on as if it had come, once.
	 */
	receive(payload: number, length: number, newest: number, now: number): boolean {
		const { view } = this.#arena;
		const counters = this.counters;
		counters.received++;
		if (
			length < FEC_HEADER ||
			length > this.#size ||
			view.getUint8(payload) !== FEC_FIXED ||
			view.getUint8(payload + FEC_D) !== 0
		) {
			counters.format++;
			return false;
		}
		const count = view.getUint8(payload + FEC_L);
		if (count < 1 || count > FEC_COLUMNS_MOST) {
			counters.format++;
			return false;
		}
		const base = newest + (((view.getUint16(payload + FEC_BASE) - newest) << 16) >> 16);
		const lost = this.missing(base, count);
		if (lost === 0) {
			counters.needless++;
			return false;
		}
		const slot = this.slot(now);
		const at = slot * WORDS;
		const table = this.#table;
		const to = this.#offset + slot * this.#size;
		this.#arena.bytes.copyWithin(to, payload, payload + length);
		table[at] = length;
		table[at + BASE] = base;
		table[at + COUNT] = count;
		table[at + TIME] = now;
		this.waiting++;
		return lost === 1 && this.recover(slot, newest);
	}

	/** A packet of the stream came, and is in `packets`: the last but one that a row waited for? @returns as `receive`. */
	noticed(extendedSequence: number, now: number): boolean {
		if (this.waiting === 0) return false;
		const table = this.#table;
		for (let slot = 0, at = 0; slot < this.#repairs; slot++, at += WORDS) {
			if (table[at] === 0) continue;
			if (((now - table[at + TIME]) | 0) > LONGEST_WAIT) {
				this.giveUp(slot);
				continue;
			}
			const behind = (extendedSequence - table[at + BASE]) | 0;
			if (behind < 0 || behind >= table[at + COUNT]) continue;
			const lost = this.missing(table[at + BASE], table[at + COUNT]);
			if (lost === 1) return this.recover(slot, extendedSequence);
			if (lost > 1) continue;
			this.counters.needless++;
			table[at] = 0;
			this.waiting--;
		}
		return false;
	}

	/** Another stream: what waits is of no use. */
	clear(): void {
		this.#table.fill(0);
		this.waiting = 0;
	}

	/** @returns packets of a row that are not there; more than one is 2. */
	private missing(base: number, count: number): number {
		const packets = this.#packets;
		let lost = 0;
		for (let i = 0; i < count; i++) if (packets.find((base + i) | 0) < 0 && ++lost > 1) return lost;
		return lost;
	}

	/** A free place for a repair packet, or the oldest one's. */
	private slot(now: number): number {
		const table = this.#table;
		let oldest = 0;
		for (let slot = 0, at = 0; slot < this.#repairs; slot++, at += WORDS) {
			if (table[at] === 0) return slot;
			if (((now - table[at + TIME]) | 0) > ((now - table[oldest * WORDS + TIME]) | 0)) oldest = slot;
		}
		this.giveUp(oldest);
		return oldest;
	}

	private giveUp(slot: number): void {
		this.#table[slot * WORDS] = 0;
		this.waiting--;
		this.counters.unrecovered++;
	}

	/** One packet of the row is not there: the XOR of all others. */
	private recover(slot: number, near: number): boolean {
		const { buffer, view } = this.#arena;
		const table = this.#table;
		const packets = this.#packets;
		const words = packets.table;
		const at = slot * WORDS;
		const repair = this.#offset + slot * this.#size;
		const to = repair + FEC_HEADER;
		const longest = table[at] - FEC_HEADER;
		const base = table[at + BASE];
		const count = table[at + COUNT];
		let type = view.getUint8(repair + FEC_TYPE);
		let length = view.getUint16(repair + FEC_LENGTH);
		let time = view.getInt32(repair + FEC_TIME);
		let neighbour = -1;
		let number = base;
		for (let i = 0; i < count; i++) {
			const block = packets.find((base + i) | 0);
			if (block < 0) {
				number = (base + i) | 0;
				continue;
			}
			const entry = block * BLOCK_WORDS;
			const bytes = words[entry + BLOCK_LENGTH];
			if (bytes > longest) {
				// No packet of the row is longer than what repairs it.
				this.drop(slot);
				return false;
			}
			exclusiveOr(buffer, to, packets.offset(block), bytes);
			length ^= bytes;
			type ^= words[entry + BLOCK_INFO] & (INFO_TYPE | INFO_MARKER);
			time ^= words[entry + BLOCK_TIME];
			neighbour = entry;
		}
		table[at] = 0;
		this.waiting--;
		if (length > longest) {
			this.counters.format++;
			return false;
		}
		const info = neighbour < 0 ? this.#priority << INFO_PRIORITY_SHIFT : words[neighbour + BLOCK_INFO];
		this.payload = to;
		this.payloadLength = length;
		this.extendedSequence = near + ((number - near) | 0);
		this.timestamp = time >>> 0;
		this.marker = (type & INFO_MARKER) !== 0;
		this.payloadType = type & INFO_TYPE;
		this.priority = (info >> INFO_PRIORITY_SHIFT) & 3;
		this.quality = (info >> INFO_QUALITY_SHIFT) & 3;
		this.counters.recovered++;
		return true;
	}

	private drop(slot: number): void {
		this.#table[slot * WORDS] = 0;
		this.waiting--;
		this.counters.format++;
	}
}
