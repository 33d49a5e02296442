import type { Arena } from "storage/arena";
import type { Packetizer } from "media/rtp/format";
import { JPEGHeader } from "media/rtp/jpeg_header";
import { HUFFMAN_BYTES, QUANTISER_BYTES, QUANTISERS_BYTES, qualityOf, writeBase, writeHuffman } from "media/rtp/jpeg_tables";

/** Bytes of the arena that a {@link JPEGPacketizer} takes: the standard tables, and the last ones that came. */
export const JPEG_PACKETIZER_BYTES = HUFFMAN_BYTES + 2 * QUANTISERS_BYTES;

/** RFC 2435 3.1: header; 3.1.7: restart; 3.1.8: head of the tables. */
export const JPEG_HEADER = 8;
export const RESTART_HEADER = 4;
export const QUANTISERS_HEADER = 4;
/** Types with a restart header are so much higher. */
export const WITH_RESTART = 64;
/** First and last of its restart interval, which is not counted: the receiver joins the whole frame. */
const WHOLE_FRAME = 0xffff;
/** Tables come with every frame. */
export const OWN_TABLES = 255;

/** JPEG pictures to payloads of RFC 2435. Every picture is a key frame. */
export class JPEGPacketizer implements Packetizer {
	last = false;
	refusal = 0;
	readonly ticks = 0;
	readonly key = true;
	readonly droppable = false;
	/** RFC 2435 4.2: 1 to 99 while the picture's tables are the standard ones of that quality, which are not sent; 255 with its own. */
	quality = 0;
	readonly #arena: Arena;
	readonly #header: JPEGHeader;
	readonly #base: number;
	readonly #known: number;
	#at = 0;

	/** Its region of {@link JPEG_PACKETIZER_BYTES} begins at `offset`. */
	constructor(arena: Arena, offset: number) {
		this.#arena = arena;
		this.#base = offset + HUFFMAN_BYTES;
		this.#known = this.#base + QUANTISERS_BYTES;
		this.#header = new JPEGHeader(arena, offset);
		writeHuffman(arena.bytes, offset);
		writeBase(arena.bytes, this.#base);
	}

	get marker(): boolean {
		return this.last;
	}

	/** In pixels; those of the frame that was begun. */
	get width(): number {
		return this.#header.width;
	}

	get height(): number {
		return this.#header.height;
	}

	begin(offset: number, length: number): boolean {
		const header = this.#header;
		this.last = false;
		const good = header.read(offset, length);
		this.refusal = header.refusal;
		if (!good) {
			header.scan = header.scanEnd = this.#at = 0;
			return false;
		}
		this.#at = header.scan;
		if (this.quality === 0 || !this.unchanged(header.luminance, header.chrominance))
			this.look(header.luminance, header.chrominance);
		return true;
	}

	next(to: number, limit: number): number {
		const header = this.#header;
		const at = this.#at;
		const rest = header.scanEnd - at;
		if (rest <= 0) return 0;
		const { bytes, view } = this.#arena;
		const { restart } = header;
		const { quality } = this;
		let data = to + JPEG_HEADER;
		view.setUint32(to, at - header.scan);
		view.setUint32(
			to + 4,
			((header.type + (restart > 0 ? WITH_RESTART : 0)) << 24) |
				(quality << 16) |
				(((header.width + 7) >> 3) << 8) |
				((header.height + 7) >> 3),
		);
		if (restart > 0) {
			view.setUint32(data, (restart << 16) | WHOLE_FRAME);
			data += RESTART_HEADER;
		}
		if (at === header.scan && quality === OWN_TABLES) {
			view.setUint32(data, QUANTISERS_BYTES);
			bytes.copyWithin(data + QUANTISERS_HEADER, this.#known, this.#known + QUANTISERS_BYTES);
			data += QUANTISERS_HEADER + QUANTISERS_BYTES;
		}
		const room = to + limit - data;
		if (room <= 0) return 0;
		const size = rest < room ? rest : room;
		bytes.copyWithin(data, at, at + size);
		this.#at = at + size;
		this.last = size === rest;
		return data - to + size;
	}

	/** The tables are those of the picture before. */
	private unchanged(luminance: number, chrominance: number): boolean {
		const { view } = this.#arena;
		const known = this.#known;
		for (let i = 0; i < QUANTISER_BYTES; i += 4) {
			if (view.getUint32(luminance + i) !== view.getUint32(known + i)) return false;
			if (view.getUint32(chrominance + i) !== view.getUint32(known + QUANTISER_BYTES + i)) return false;
		}
		return true;
	}

	private look(luminance: number, chrominance: number): void {
		const { bytes } = this.#arena;
		const known = this.#known;
		bytes.copyWithin(known, luminance, luminance + QUANTISER_BYTES);
		bytes.copyWithin(known + QUANTISER_BYTES, chrominance, chrominance + QUANTISER_BYTES);
		const quality = qualityOf(bytes, this.#base, luminance, chrominance);
		this.quality = quality > 0 ? quality : OWN_TABLES;
	}
}
