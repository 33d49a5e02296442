import type { Arena } from "storage/arena";
import {
	REFUSED_CODING,
	REFUSED_DAMAGED,
	REFUSED_HUFFMAN,
	REFUSED_NOT,
	REFUSED_QUANTISATION,
	REFUSED_SAMPLING,
	REFUSED_SIZE,
} from "media/rtp/format";
import { huffmanTable, huffmanTableBytes, QUANTISER_BYTES } from "media/rtp/jpeg_tables";

/* Markers, ITU-T T.81 table B.1. */
const PREFIX = 0xff;
const SOF0 = 0xc0;
const DHT = 0xc4;
const JPG = 0xc8;
const DAC = 0xcc;
const SOF15 = 0xcf;
const RST0 = 0xd0;
const SOI = 0xffd8;
const EOI = 0xffd9;
const SOS = 0xda;
const DQT = 0xdb;
const DRI = 0xdd;
const APP0 = 0xe0;

/** Width and height that RFC 2435 can tell: 255 units of 8 pixels. */
export const LARGEST_SIDE = 2040;
/** The fragment offset has 24 bits. */
const LARGEST_SCAN = 0xffffff;
const TABLES = 4;
const COMPONENTS = 3;
/** Y of 2 x 1 and 2 x 2 samples, the others of one. */
const SAMPLING_422 = 0x21;
const SAMPLING_420 = 0x22;
const SAMPLING_CHROMA = 0x11;

/** Reads the head of a JPEG picture where it lies: what RFC 2435 tells of it, and where the scan is. */
export class JPEGHeader {
	/** In pixels. */
	width = 0;
	height = 0;
	/** RFC 2435 4.1: 0 for 4:2:2, 1 for 4:2:0. */
	type = 0;
	/** Restart interval in MCUs, 0: none. */
	restart = 0;
	/** Where the 64 values of quantisation of luminance and of chrominance lie. */
	luminance = 0;
	chrominance = 0;
	/** Entropy-coded bytes: where they begin and end, EOI left out. */
	scan = 0;
	scanEnd = 0;
	/** One of REFUSED_. */
	refusal = REFUSED_NOT;
	readonly #arena: Arena;
	readonly #huffman: number;
	/** Offsets of tables by number, and of components: first their numbers of tables. */
	readonly #tables = new Int32Array(TABLES);
	#selected = 0;

	/** The standard Huffman segments lie at `huffman`. */
	constructor(arena: Arena, huffman: number) {
		this.#arena = arena;
		this.#huffman = huffman;
	}

	/** @returns whether the picture can be sent; `refusal` says why not. */
	read(offset: number, length: number): boolean {
		const refusal = this.segments(offset, offset + length);
		this.refusal = refusal;
		return refusal === REFUSED_NOT;
	}

	private segments(start: number, end: number): number {
		const { bytes, view } = this.#arena;
		this.#tables.fill(0);
		this.#selected = -1;
		this.restart = 0;
		if (end - start < 4 || view.getUint16(start) !== SOI) return REFUSED_DAMAGED;
		let at = start + 2;
		for (;;) {
			if (at + 4 > end || bytes[at] !== PREFIX) return REFUSED_DAMAGED;
			const code = bytes[at + 1];
			if (code === PREFIX) {
				at++;
				continue;
			}
			const to = at + 2 + view.getUint16(at + 2);
			if (code < SOF0 || (code >= RST0 && code < SOS) || to > end || to < at + 4) return REFUSED_DAMAGED;
			const refusal = code === SOS ? this.begin(at + 4, to) : code < APP0 ? this.segment(code, at + 4, to) : REFUSED_NOT;
			if (refusal !== REFUSED_NOT) return refusal;
			at = to;
			if (code === SOS) return this.found(at, end);
		}
	}

	private segment(code: number, from: number, to: number): number {
		if (code === DQT) return this.quantisers(from, to);
		if (code === SOF0) return this.frame(from, to);
		if (code === DHT) return this.huffman(from, to);
		if (code === DRI) {
			if (to - from !== 2) return REFUSED_DAMAGED;
			this.restart = this.#arena.view.getUint16(from);
			return REFUSED_NOT;
		}
		return code <= SOF15 && code !== JPG ? REFUSED_CODING : code === DAC ? REFUSED_CODING : REFUSED_NOT;
	}

	private quantisers(from: number, to: number): number {
		const { bytes } = this.#arena;
		let at = from;
		while (at < to) {
			const id = bytes[at];
			if (id >= TABLES) return id >> 4 === 1 ? REFUSED_QUANTISATION : REFUSED_DAMAGED;
			this.#tables[id] = at + 1;
			at += 1 + QUANTISER_BYTES;
		}
		return at === to ? REFUSED_NOT : REFUSED_DAMAGED;
	}

	private frame(from: number, to: number): number {
		const { bytes, view } = this.#arena;
		if (to - from < 6 || this.#selected >= 0) return REFUSED_DAMAGED;
		if (bytes[from] !== 8) return REFUSED_CODING;
		const height = view.getUint16(from + 1);
		const width = view.getUint16(from + 3);
		if (height === 0 || width === 0) return REFUSED_DAMAGED;
		if (height > LARGEST_SIDE || width > LARGEST_SIDE) return REFUSED_SIZE;
		if (bytes[from + 5] !== COMPONENTS) return REFUSED_SAMPLING;
		if (to - from !== 6 + 3 * COMPONENTS) return REFUSED_DAMAGED;
		const sampling = bytes[from + 7];
		if (sampling !== SAMPLING_422 && sampling !== SAMPLING_420) return REFUSED_SAMPLING;
		if (bytes[from + 10] !== SAMPLING_CHROMA || bytes[from + 13] !== SAMPLING_CHROMA) return REFUSED_SAMPLING;
		const luminance = bytes[from + 8];
		const blue = bytes[from + 11];
		const red = bytes[from + 14];
		if (luminance >= TABLES || blue >= TABLES || red >= TABLES) return REFUSED_DAMAGED;
		if (blue !== red) return REFUSED_QUANTISATION;
		this.#selected = (luminance << 2) | blue;
		this.width = width;
		this.height = height;
		this.type = sampling === SAMPLING_422 ? 0 : 1;
		return REFUSED_NOT;
	}

	private huffman(from: number, to: number): number {
		const { bytes } = this.#arena;
		let at = from;
		while (at < to) {
			const standard = huffmanTable(bytes[at]);
			if (standard < 0) return REFUSED_HUFFMAN;
			const size = huffmanTableBytes(bytes[at]);
			/* A shorter table that ends early reads on into what follows: it differs, or is beyond the segment. */
			if (at + size > to || !this.equal(at, this.#huffman + standard, size)) return REFUSED_HUFFMAN;
			at += size;
		}
		return REFUSED_NOT;
	}

	private equal(a: number, b: number, size: number): boolean {
		const { bytes, view } = this.#arena;
		let i = 0;
		for (; i + 4 <= size; i += 4) if (view.getUint32(a + i) !== view.getUint32(b + i)) return false;
		for (; i < size; i++) if (bytes[a + i] !== bytes[b + i]) return false;
		return true;
	}

	/** The head of the scan. */
	private begin(from: number, to: number): number {
		const { bytes } = this.#arena;
		if (this.#selected < 0 || to - from < 4) return REFUSED_DAMAGED;
		if (bytes[from] !== COMPONENTS) return REFUSED_CODING;
		if (to - from !== 4 + 2 * COMPONENTS) return REFUSED_DAMAGED;
		if (bytes[from + 2] !== 0 || bytes[from + 4] !== 0x11 || bytes[from + 6] !== 0x11) return REFUSED_HUFFMAN;
		const luminance = this.#tables[this.#selected >> 2];
		const chrominance = this.#tables[this.#selected & 3];
		if (luminance === 0 || chrominance === 0) return REFUSED_QUANTISATION;
		this.luminance = luminance;
		this.chrominance = chrominance;
		return REFUSED_NOT;
	}

	/** The scan lies between `from` and `end`, with EOI and what a driver pads it with. */
	private found(from: number, end: number): number {
		const { bytes, view } = this.#arena;
		let to = end;
		while (to > from && bytes[to - 1] === 0) to--;
		this.scan = from;
		this.scanEnd = to - from >= 2 && view.getUint16(to - 2) === EOI ? to - 2 : end;
		if (this.scanEnd === from) return REFUSED_DAMAGED;
		return this.scanEnd - from > LARGEST_SCAN ? REFUSED_SIZE : REFUSED_NOT;
	}
}
