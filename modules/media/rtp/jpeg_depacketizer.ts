import type { Arena } from "storage/arena";
import { DAMAGED, type Depacketizer, FormatCounters, FRAME, NOTHING, setHex } from "media/rtp/format";
import { JPEG_HEADER, OWN_TABLES, QUANTISERS_HEADER, RESTART_HEADER, WITH_RESTART } from "media/rtp/jpeg_packetizer";
import {
	HUFFMAN_BYTES,
	QUANTISER_BYTES,
	QUANTISERS_BYTES,
	scaleQuantisers,
	writeBase,
	writeHuffman,
} from "media/rtp/jpeg_tables";

/*
 * The head that is put before a scan (RFC 2435 appendix B). It stands before the scan for ever, only what changes is written:
 *
 * 0 SOI  2 DRI  8 DQT 0  77 DQT 1  146 SOF0  165 DHT x 4  597 SOS  611 scan .. EOI
 *
 * Without a restart interval it begins at 6, with SOI there.
 */
const AT_DRI = 2;
const PLAIN = 6;
const AT_DQT = 8;
const TABLE_SEGMENT = 5 + QUANTISER_BYTES;
const AT_SOF = AT_DQT + 2 * TABLE_SEGMENT;
const AT_DHT = AT_SOF + 19;
const AT_SOS = AT_DHT + HUFFMAN_BYTES;
const HEAD = AT_SOS + 14;
const SOI = 0xffd8;
/** DQT of one table, before its number. */
const DQT_SEGMENT = 0xffdb0043;
const EOI = 0xffd9;
const SAMPLING_422 = 0x21;
const SAMPLING_420 = 0x22;
/** Qualities with tables of the stream's own, and those that are none. */
const FIRST_OWN = 128;
const LAST_QUALITY = 99;

/** Bytes of the arena that a {@link JPEGDepacketizer} takes for scans of `scanBytes`. */
export function jpegDepacketizerBytes(scanBytes: number): number {
	return QUANTISERS_BYTES + HEAD + scanBytes + 2;
}

/** Payloads of RFC 2435 to JPEG pictures that any viewer reads. */
export class JPEGDepacketizer implements Depacketizer {
	frameOffset = 0;
	frameLength = 0;
	timestamp = 0;
	readonly key = true;
	readonly droppable = false;
	readonly counters = new FormatCounters();
	/** In pixels, of the last picture. */
	width = 0;
	height = 0;
	readonly #arena: Arena;
	readonly #base: number;
	readonly #head: number;
	readonly #scan: number;
	readonly #room: number;
	/** Bytes of the scan that came, -1 while no frame is joined. */
	#filled = -1;
	/** Second word of the header (type, Q, width, height), and the restart interval. */
	#description = 0;
	#restart = 0;
	/** Q of the tables in the head. */
	#quality = 0;
	/** Timestamp of a frame that was given up: what still comes of it is passed over. */
	#passed = -1;

	/** Its region of `jpegDepacketizerBytes(scanBytes)` begins at `offset`. */
	constructor(arena: Arena, offset: number, scanBytes: number) {
		this.#arena = arena;
		this.#base = offset;
		const head = offset + QUANTISERS_BYTES;
		this.#head = head;
		this.#scan = head + HEAD;
		this.#room = scanBytes;
		const { bytes } = arena;
		writeBase(bytes, offset);
		const { view } = arena;
		view.setUint32(head + AT_DQT, DQT_SEGMENT);
		view.setUint8(head + AT_DQT + 4, 0);
		view.setUint32(head + AT_DQT + TABLE_SEGMENT, DQT_SEGMENT);
		view.setUint8(head + AT_DQT + TABLE_SEGMENT + 4, 1);
		setHex(bytes, head + AT_SOF, "ffc000110800000000030100000211010311" + "01");
		writeHuffman(bytes, head + AT_DHT);
		setHex(bytes, head + AT_SOS, "ffda000c03010002110311003f00");
	}

	more(): number {
		return NOTHING;
	}

	reset(): void {
		this.#filled = -1;
		this.#passed = -1;
		this.#quality = 0;
	}

	push(offset: number, length: number, timestamp: number, marker: boolean, lost: boolean): number {
		let outcome = NOTHING;
		if (this.#filled >= 0 && (lost || timestamp !== this.timestamp)) outcome = this.damaged(this.timestamp);
		const { view } = this.#arena;
		if (length < JPEG_HEADER) return this.wrong(outcome);
		const first = view.getUint32(offset);
		const description = view.getUint32(offset + 4);
		const type = description >>> 24;
		let data = offset + JPEG_HEADER;
		const end = offset + length;
		/* Fields of interlaced pictures, types that only other protocols explain, pictures larger than can be told. */
		if (first >>> 24 !== 0 || (type & ~WITH_RESTART) > 1 || (description & 0xff00) === 0 || (description & 0xff) === 0)
			return this.wrong(outcome);
		let restart = 0;
		if (type >= WITH_RESTART) {
			if (data + RESTART_HEADER > end) return this.wrong(outcome);
			restart = view.getUint16(data);
			data += RESTART_HEADER;
		}
		if (first === 0) {
			if (this.#filled >= 0) outcome = this.damaged(this.timestamp);
			data = this.tables((description >>> 16) & 0xff, data, end);
			if (data < 0) return this.wrong(outcome);
			this.#filled = 0;
			this.#description = description;
			this.#restart = restart;
			this.timestamp = timestamp;
		} else if (this.#filled < 0) return timestamp === this.#passed ? outcome : this.damaged(timestamp);
		else if (description !== this.#description || restart !== this.#restart) return this.wrong(outcome);
		else if (first !== this.#filled) return this.damaged(this.timestamp);
		const size = end - data;
		if (size < 1) return this.wrong(outcome);
		const filled = this.#filled + size;
		if (filled > this.#room) {
			this.counters.oversized++;
			return this.damaged(this.timestamp);
		}
		this.#arena.bytes.copyWithin(this.#scan + this.#filled, data, end);
		this.#filled = filled;
		return marker ? this.complete(filled) : outcome;
	}

	/** The first payload's tables. @returns where its data begins, -1: it breaks the rules. */
	private tables(quality: number, from: number, end: number): number {
		const { bytes, view } = this.#arena;
		const luminance = this.#head + AT_DQT + 5;
		const chrominance = luminance + TABLE_SEGMENT;
		if (quality < FIRST_OWN) {
			if (quality === 0 || quality > LAST_QUALITY) return -1;
			if (quality !== this.#quality) {
				scaleQuantisers(bytes, this.#base, luminance, quality);
				bytes.copyWithin(chrominance, luminance + QUANTISER_BYTES, luminance + QUANTISERS_BYTES);
				view.setUint32(chrominance - 5, DQT_SEGMENT);
				view.setUint8(chrominance - 1, 1);
				this.#quality = quality;
			}
			return from;
		}
		let at = from + QUANTISERS_HEADER;
		if (at > end || bytes[from + 1] !== 0) return -1;
		const size = view.getUint16(from + 2);
		if (size === 0) return quality !== OWN_TABLES && quality === this.#quality ? at : -1;
		if ((size !== QUANTISER_BYTES && size !== QUANTISERS_BYTES) || at + size > end) return -1;
		bytes.copyWithin(luminance, at, at + QUANTISER_BYTES);
		/* One table is for all components. */
		at += size - QUANTISER_BYTES;
		bytes.copyWithin(chrominance, at, at + QUANTISER_BYTES);
		this.#quality = quality;
		return at + QUANTISER_BYTES;
	}

	private complete(filled: number): number {
		const { view } = this.#arena;
		const head = this.#head;
		const description = this.#description;
		const start = this.#restart > 0 ? head : head + PLAIN;
		view.setUint16(start, SOI);
		if (this.#restart > 0) {
			view.setUint32(head + AT_DRI, 0xffdd0004);
			view.setUint16(head + AT_DRI + 4, this.#restart);
		}
		this.width = (description & 0xff00) >> 5;
		this.height = (description & 0xff) << 3;
		view.setUint16(head + AT_SOF + 5, this.height);
		view.setUint16(head + AT_SOF + 7, this.width);
		view.setUint8(head + AT_SOF + 11, ((description >>> 24) & 1) === 0 ? SAMPLING_422 : SAMPLING_420);
		let end = this.#scan + filled;
		if (filled < 2 || view.getUint16(end - 2) !== EOI) {
			view.setUint16(end, EOI);
			end += 2;
		}
		this.frameOffset = start;
		this.frameLength = end - start;
		this.#filled = -1;
		this.counters.frames++;
		return FRAME;
	}

	/** A payload that breaks the rules; the frame it came into is given up. */
	private wrong(outcome: number): number {
		this.counters.format++;
		return this.#filled >= 0 ? this.damaged(this.timestamp) : outcome;
	}

	private damaged(timestamp: number): number {
		this.#filled = -1;
		this.#passed = timestamp;
		this.counters.damaged++;
		return DAMAGED;
	}
}
