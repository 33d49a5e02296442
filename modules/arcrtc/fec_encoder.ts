import {
	FEC_COLUMNS_LEAST,
	FEC_COLUMNS_MOST,
	FEC_HEADER,
	FEC_HEAVY_COLUMNS,
	FEC_HEAVY_LOSS,
	FEC_LIGHT_COLUMNS,
	FEC_LIGHT_LOSS,
	HEADROOM,
	TAILROOM,
} from "arcrtc/constants";
import { FEC_FIXED } from "arcrtc/fec_header";
import type { Arena } from "storage/arena";
import { exclusiveOr } from "storage/exclusive_or";

/** Media packets to one repair packet at a share of loss, 0..1 (section 2.8); 0: none are sent. */
export function fecColumns(loss: number): number {
	return loss < FEC_LIGHT_LOSS ? 0 : loss <= FEC_HEAVY_LOSS ? FEC_LIGHT_COLUMNS : FEC_HEAVY_COLUMNS;
}

/** Bytes of an encoder's region for media payloads of `limit` bytes at most. */
export function fecEncoderBytes(limit: number): number {
	return HEADROOM + FEC_HEADER + limit + TAILROOM;
}

export interface FecEncoderOptions {
	readonly arena: Arena;
	/** {@link fecEncoderBytes} long. */
	readonly offset: number;
	/** Bytes of a media payload at most. */
	readonly limit: number;
}

/**
 * Row parity of RFC 8627 in its fixed form, over the packets of one stream before they are encrypted (section 2.8): of each the 12
 * bytes of a plain RTP header, without extension, and the payload. What it gives is the payload of one packet of the FEC stream; it
 * is sealed where it lies, with room for header and tag around it, and is overwritten by the first packet of the next row.
 */
export class FecEncoder {
	readonly #arena: Arena;
	/** Of the repair payload. */
	readonly offset: number;
	readonly #limit: number;
	/** Packets in the row so far, and the bytes of the longest. */
	#count = 0;
	#longest = 0;
	/** XOR of marker and payload type, of lengths, of times. */
	#type = 0;
	#lengths = 0;
	#times = 0;
	#next = 0;
	#base = 0;
	/** Packets of a row, 2..10; 0: off. Takes effect at the next row. */
	columns = 0;
	#row = 0;
	/** Rows given, and packets that did not follow the one before: their row ended early. */
	rows = 0;
	broken = 0;

	/** @throws RangeError when the region lies outside of the arena. */
	constructor(options: FecEncoderOptions) {
		const { arena, offset, limit } = options;
		if (offset < 0 || offset + fecEncoderBytes(limit) > arena.buffer.byteLength)
			throw new RangeError("FEC encoder: region outside of the arena");
		this.#arena = arena;
		this.#limit = limit;
		this.offset = offset + HEADROOM;
	}

	/** A packet is about to be sealed: to be called before, as its payload is encrypted in place. Nothing follows it in its row until `full` or `finish`. */
	add(sequence: number, timestamp: number, marker: boolean, payloadType: number, payload: number, length: number): void {
		if (length > this.#limit || this.columns === 0) {
			this.#count = 0;
			return;
		}
		const { buffer, bytes } = this.#arena;
		const to = this.offset + FEC_HEADER;
		const type = marker ? payloadType | 0x80 : payloadType;
		if (this.#count > 0 && (sequence & 0xffff) !== this.#next) {
			this.broken++;
			this.#count = 0;
		}
		this.#next = (sequence + 1) & 0xffff;
		if (this.#count === 0) {
			this.#row = this.rowLength();
			this.#base = sequence & 0xffff;
			this.#type = type;
			this.#lengths = length;
			this.#times = timestamp | 0;
			this.#longest = length;
			this.#count = 1;
			bytes.copyWithin(to, payload, payload + length);
			return;
		}
		const longest = this.#longest;
		exclusiveOr(buffer, to, payload, length < longest ? length : longest);
		if (length > longest) {
			bytes.copyWithin(to + longest, payload + longest, payload + length);
			this.#longest = length;
		}
		this.#type ^= type;
		this.#lengths ^= length;
		this.#times ^= timestamp;
		this.#count++;
	}

	/** The row has all of its packets: call `finish`. */
	get full(): boolean {
		return this.#count > 0 && this.#count >= this.#row;
	}

	/** Ends the row: at `full`, and, shorter, behind the last packet of a key frame. @returns bytes of the repair payload at `offset`; 0: no packet was added. */
	finish(): number {
		const count = this.#count;
		if (count === 0) return 0;
		const { view } = this.#arena;
		const offset = this.offset;
		view.setUint32(offset, ((FEC_FIXED << 24) | (this.#type << 16) | this.#lengths) >>> 0);
		view.setUint32(offset + 4, this.#times >>> 0);
		view.setUint32(offset + 8, ((this.#base << 16) | (count << 8)) >>> 0);
		this.#count = 0;
		this.rows++;
		return FEC_HEADER + this.#longest;
	}

	/** What was added and not given is forgotten: packets after these are not protected. */
	clear(): void {
		this.#count = 0;
	}

	private rowLength(): number {
		const { columns } = this;
		return columns < FEC_COLUMNS_LEAST ? FEC_COLUMNS_LEAST : columns > FEC_COLUMNS_MOST ? FEC_COLUMNS_MOST : columns;
	}
}
