import type { Arena } from "storage/arena";

/*
 *  0                   1                   2                   3
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * |                   CSRC, CC times, mostly none                 |
 * |  profile of the extension     |   words that follow           |   if X
 */

/** RFC 3550 5.1. */
export const RTP_HEADER = 12;
const VERSION = 2;
const PADDING = 0x20;
const EXTENSION = 0x10;
const SOURCES = 0x0f;
const MARKER = 0x80;
const PAYLOAD_TYPE = 0x7f;
/** RFC 5761: payload types 64 to 95 with the marker are types of RTCP. */
const FIRST_RTCP = 192;
const LAST_RTCP = 223;
/** RFC 8285 4.2: elements of one byte of id and length; id 0 is padding, 15 ends the list. */
const ONE_BYTE = 0xbede;
const LAST_ELEMENT = 15;
const EXTENSION_HEAD = 4;

/** Reads the header of a plain RTP packet where it lies. */
export class RTPReader {
	/** In the arena. */
	payload = 0;
	payloadLength = 0;
	payloadType = 0;
	marker = false;
	sequence = 0;
	timestamp = 0;
	ssrc = 0;
	/** The first contributing source, -1: none. */
	csrc = -1;
	/** 24 bits of abs-send-time: seconds and fractions, 6.18; -1: none. */
	sendTime = -1;
	/** Id of the abs-send-time element (RFC 8285), 0: not agreed upon. */
	sendTimeId = 0;
	readonly #view: DataView;

	constructor(arena: Arena) {
		this.#view = arena.view;
	}

	/** @returns whether this is an RTP packet; what it tells is valid then. */
	read(offset: number, length: number): boolean {
		if (length < RTP_HEADER) return false;
		const view = this.#view;
		const head = view.getUint32(offset);
		const first = head >>> 24;
		const second = (head >>> 16) & 0xff;
		if (first >> 6 !== VERSION || (second >= FIRST_RTCP && second <= LAST_RTCP)) return false;
		const end = offset + length;
		let at = offset + RTP_HEADER;
		this.csrc = -1;
		this.sendTime = -1;
		const sources = first & SOURCES;
		if (sources > 0) {
			if (at + 4 * sources > end) return false;
			this.csrc = view.getUint32(at);
			at += 4 * sources;
		}
		if ((first & EXTENSION) !== 0) {
			if (at + EXTENSION_HEAD > end) return false;
			const extension = view.getUint32(at);
			at += EXTENSION_HEAD;
			const size = 4 * (extension & 0xffff);
			if (at + size > end) return false;
			if (extension >>> 16 === ONE_BYTE && this.sendTimeId > 0) this.elements(at, at + size);
			at += size;
		}
		let padding = 0;
		if ((first & PADDING) !== 0) {
			if (at === end) return false;
			padding = view.getUint8(end - 1);
			if (padding === 0 || padding > end - at) return false;
		}
		this.payload = at;
		this.payloadLength = end - at - padding;
		this.payloadType = second & PAYLOAD_TYPE;
		this.marker = (second & MARKER) !== 0;
		this.sequence = head & 0xffff;
		this.timestamp = view.getUint32(offset + 4);
		this.ssrc = view.getUint32(offset + 8);
		return true;
	}

	private elements(from: number, end: number): void {
		const view = this.#view;
		let at = from;
		while (at < end) {
			const head = view.getUint8(at++);
			if (head === 0) continue;
			const id = head >> 4;
			const size = (head & 15) + 1;
			if (id === LAST_ELEMENT || at + size > end) return;
			if (id === this.sendTimeId && size === 3) this.sendTime = (view.getUint8(at) << 16) | view.getUint16(at + 1);
			at += size;
		}
	}
}

/** Bytes that {@link writeRTP} puts before a payload at most. */
export const LONGEST_RTP_HEADER = RTP_HEADER + 4 + EXTENSION_HEAD + 4;

/**
 * Writes a header so that it ends at `payload`.
 * @param csrc -1: none.
 * @param sendTimeId id of the abs-send-time element, 0: none; `sendTime`: its 24 bits.
 * @returns where it begins.
 */
export function writeRTP(
	view: DataView,
	payload: number,
	payloadType: number,
	marker: boolean,
	sequence: number,
	timestamp: number,
	ssrc: number,
	csrc: number,
	sendTimeId: number,
	sendTime: number,
): number {
	let at = payload;
	let first = VERSION << 6;
	if (sendTimeId > 0) {
		at -= EXTENSION_HEAD + 4;
		first |= EXTENSION;
		view.setUint32(at, (ONE_BYTE << 16) | 1);
		view.setUint32(at + EXTENSION_HEAD, (sendTimeId << 28) | (2 << 24) | sendTime);
	}
	if (csrc >= 0) {
		at -= 4;
		first |= 1;
		view.setUint32(at, csrc);
	}
	at -= RTP_HEADER;
	view.setUint16(at, (first << 8) | (marker ? MARKER : 0) | payloadType);
	view.setUint16(at + 2, sequence);
	view.setUint32(at + 4, timestamp);
	view.setUint32(at + 8, ssrc);
	return at;
}
