import { Codec, isVideo } from "media/rtp/codecs";
import { h264Kind } from "media/rtp/h264";
import { h265Kind } from "media/rtp/h265";
import { UNIT_DROPPABLE, UNIT_KEY, UNIT_OTHER, UNIT_PARAMETERS, UNIT_SLICE } from "media/rtp/nal_depacketizer";
import { VP9Descriptor } from "media/rtp/vp9";
import type { Arena } from "storage/arena";

/* H.264 (RFC 6184) and H.265 (RFC 7798): types of payloads. */
const STAP_A = 24;
const FU_A = 28;
const AP = 48;
const FU = 49;
/** VP8 (RFC 7741 4.2): the descriptor, and the frame's first bit. */
const VP8_EXTENDED = 0x80;
const VP8_NOT_REFERENCED = 0x20;
const VP8_BEGIN = 0x10;
const VP8_PARTITION = 0x07;
const VP8_PICTURE_ID = 0x80;
const VP8_TL0 = 0x40;
const VP8_LAYER_OR_KEY_INDEX = 0x30;
const VP8_NO_KEY = 0x01;
/** AV1, aggregation header. */
const AV1_CONTINUES = 0x80;
const AV1_NEW_SEQUENCE = 0x08;

/**
 * Tells what the payloads of a video stream are worth, one by one and without joining them: part of a key frame, of a frame that
 * others need, of one that no other needs. Formats that say it in a frame's first payload only are remembered by the timestamp.
 */
export class PayloadKind {
	readonly #arena: Arena;
	readonly #codec: number;
	readonly #vp9: VP9Descriptor;
	/** Of the frame that was begun last. */
	#time = -1;
	#kind = UNIT_SLICE;

	constructor(arena: Arena, codec: number) {
		this.#arena = arena;
		this.#codec = codec;
		this.#vp9 = new VP9Descriptor(arena);
	}

	/** @returns UNIT_KEY, UNIT_SLICE, UNIT_DROPPABLE; UNIT_OTHER for sound, and for what is not of the format. */
	read(offset: number, length: number, timestamp: number): number {
		const codec = this.#codec;
		if (length < 1 || !isVideo(codec)) return UNIT_OTHER;
		switch (codec) {
			case Codec.JPEG:
				return UNIT_KEY;
			case Codec.H264:
				return this.h264(offset, length);
			case Codec.H265:
				return this.h265(offset, length);
			default:
				return this.remembered(offset, length, timestamp);
		}
	}

	private h264(offset: number, length: number): number {
		const { bytes, view } = this.#arena;
		const type = bytes[offset] & 0x1f;
		if (type === FU_A) return length < 2 ? UNIT_OTHER : h264Worth((bytes[offset] & 0xe0) | (bytes[offset + 1] & 0x1f));
		if (type !== STAP_A) return h264Worth(bytes[offset]);
		let best = UNIT_OTHER;
		const end = offset + length;
		for (let at = offset + 1; at + 2 < end; ) {
			best = better(best, h264Worth(bytes[at + 2]));
			at += 2 + view.getUint16(at);
		}
		return best;
	}

	private h265(offset: number, length: number): number {
		const { bytes, view } = this.#arena;
		if (length < 3) return UNIT_OTHER;
		const type = (bytes[offset] >> 1) & 0x3f;
		if (type === FU) return h265Worth(bytes[offset + 2] << 9);
		if (type !== AP) return h265Worth(view.getUint16(offset));
		let best = UNIT_OTHER;
		const end = offset + length;
		for (let at = offset + 2; at + 3 < end; ) {
			best = better(best, h265Worth(view.getUint16(at + 2)));
			at += 2 + view.getUint16(at);
		}
		return best;
	}

	private remembered(offset: number, length: number, timestamp: number): number {
		if (timestamp !== this.#time) {
			this.#time = timestamp;
			this.#kind = UNIT_SLICE;
		}
		if (this.#codec === Codec.VP9) {
			if (this.#vp9.read(offset, length) && this.#vp9.key) this.#kind = UNIT_KEY;
		} else if (this.#codec === Codec.AV1) {
			const head = this.#arena.bytes[offset];
			if ((head & (AV1_NEW_SEQUENCE | AV1_CONTINUES)) === AV1_NEW_SEQUENCE) this.#kind = UNIT_KEY;
		} else this.vp8(offset, length);
		return this.#kind;
	}

	private vp8(offset: number, length: number): void {
		const { bytes } = this.#arena;
		const end = offset + length;
		const first = bytes[offset];
		let at = offset + 1;
		if ((first & VP8_EXTENDED) !== 0) {
			if (at >= end) return;
			const more = bytes[at++];
			if ((more & VP8_PICTURE_ID) !== 0) at += at < end && bytes[at] >= 0x80 ? 2 : 1;
			if ((more & VP8_TL0) !== 0) at++;
			if ((more & VP8_LAYER_OR_KEY_INDEX) !== 0) at++;
		}
		if ((first & VP8_NOT_REFERENCED) !== 0) this.#kind = UNIT_DROPPABLE;
		else if ((first & VP8_BEGIN) !== 0 && (first & VP8_PARTITION) === 0 && at < end && (bytes[at] & VP8_NO_KEY) === 0)
			this.#kind = UNIT_KEY;
	}
}

function h264Worth(header: number): number {
	return worth(h264Kind(header));
}

function h265Worth(header: number): number {
	return worth(h265Kind(header));
}

/** Parameter sets are worth as much as the key frame that needs them. */
function worth(kind: number): number {
	return kind === UNIT_PARAMETERS ? UNIT_KEY : kind;
}

/** What an aggregate is worth: its best. */
function better(a: number, b: number): number {
	if (a === UNIT_KEY || b === UNIT_KEY) return UNIT_KEY;
	if (a === UNIT_SLICE || b === UNIT_SLICE) return UNIT_SLICE;
	return a === UNIT_DROPPABLE || b === UNIT_DROPPABLE ? UNIT_DROPPABLE : UNIT_OTHER;
}
