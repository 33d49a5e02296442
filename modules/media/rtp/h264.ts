import { NALDepacketizer, UNIT_DROPPABLE, UNIT_KEY, UNIT_OTHER, UNIT_PARAMETERS, UNIT_SLICE } from "media/rtp/nal_depacketizer";
import { NALPacketizer } from "media/rtp/nal_packetizer";

/* H.264 in RTP, RFC 6184. */

/** Of the header of a unit (ITU-T H.264 7.3.1): forbidden bit and nal_ref_idc; nal_ref_idc; type. */
const TOP = 0xe0;
const REFERENCE = 0x60;
const TYPE = 0x1f;
const FIRST_SLICE = 1;
const IDR = 5;
const LAST_SLICE = 5;
const SPS = 7;
const PPS = 8;
const LAST_UNIT = 23;
/** RFC 6184 table 1. Interleaved packets are for a mode that must be agreed upon: refused. */
const STAP_A = 24;
const FU_A = 28;
const STAP_SIZE = 2;
const FU_HEADER = 2;

/** What a unit is for its frame. */
export function h264Kind(header: number): number {
	const type = header & TYPE;
	if (type < FIRST_SLICE || type > LAST_SLICE) return type === SPS || type === PPS ? UNIT_PARAMETERS : UNIT_OTHER;
	if (type === IDR) return UNIT_KEY;
	return (header & REFERENCE) === 0 ? UNIT_DROPPABLE : UNIT_SLICE;
}

export class H264Packetizer extends NALPacketizer {
	protected readonly header = 1;
	protected readonly fragmentHeader = FU_HEADER;

	protected kind(header: number): number {
		return h264Kind(header);
	}

	/** RFC 6184 5.8. */
	protected fragment(to: number, header: number, flags: number): void {
		this.arena.view.setUint16(to, (((header & TOP) | FU_A) << 8) | flags | (header & TYPE));
	}
}

/** Single units, STAP-A and FU-A to access units. */
export class H264Depacketizer extends NALDepacketizer {
	protected readonly header = 1;

	protected kind(header: number): number {
		return h264Kind(header);
	}

	protected payload(offset: number, length: number): boolean {
		if (length < 1) return false;
		const type = this.arena.bytes[offset] & TYPE;
		if (type === FU_A) return this.fragment(offset, length);
		if (type === STAP_A) return this.aggregate(offset + 1, offset + length);
		return type > 0 && type <= LAST_UNIT && this.take(offset, length);
	}

	/** RFC 6184 5.7.1. */
	private aggregate(from: number, end: number): boolean {
		const { view } = this.arena;
		let at = from;
		do {
			if (at + STAP_SIZE > end) return false;
			const size = view.getUint16(at);
			at += STAP_SIZE;
			if (at + size > end || !this.take(at, size)) return false;
			at += size;
		} while (at < end);
		return true;
	}

	/** RFC 6184 5.8. */
	private fragment(offset: number, length: number): boolean {
		if (length <= FU_HEADER) return false;
		const { bytes } = this.arena;
		const head = bytes[offset + 1];
		const type = head & TYPE;
		if (type === 0 || type > LAST_UNIT) return false;
		if ((head & 0x80) !== 0) {
			/* The unit's header stands before its first part for as long as it is taken. */
			bytes[offset + 1] = (bytes[offset] & TOP) | type;
			const good = this.open(offset + 1, length - 1);
			bytes[offset + 1] = head;
			if (!good) return false;
		} else if (!this.add(offset + FU_HEADER, length - FU_HEADER)) return false;
		return (head & 0x40) === 0 || this.close();
	}
}
