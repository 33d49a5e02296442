import { NALDepacketizer, UNIT_DROPPABLE, UNIT_KEY, UNIT_OTHER, UNIT_PARAMETERS, UNIT_SLICE } from "media/rtp/nal_depacketizer";
import { NALPacketizer } from "media/rtp/nal_packetizer";

/* H.265 in RTP, RFC 7798, without decoding order numbers (sprop-max-don-diff 0). */

/** Of the header of a unit, 16 bits (ITU-T H.265 7.3.1.2). */
const TYPE_SHIFT = 9;
const TYPE = 0x3f;
const TYPE_BITS = 0x7e00;
/** Types of slices; of those up to here even ones are of pictures that no other of their layer needs; IRAP pictures. */
const LAST_SLICE = 31;
const LAST_REFERENCE_TYPE = 15;
const FIRST_IRAP = 16;
const LAST_IRAP = 23;
/** VPS, SPS, PPS follow the slices. */
const LAST_PARAMETERS = 34;
/** RFC 7798 4.4. PACI packets must be agreed upon: refused. */
const AP = 48;
const FU = 49;
const AP_SIZE = 2;
const HEADER = 2;
const FU_HEADER = 3;

/** What a unit is for its frame. */
export function h265Kind(header: number): number {
	const type = (header >>> TYPE_SHIFT) & TYPE;
	if (type > LAST_SLICE) return type <= LAST_PARAMETERS ? UNIT_PARAMETERS : UNIT_OTHER;
	if (type >= FIRST_IRAP && type <= LAST_IRAP) return UNIT_KEY;
	return type <= LAST_REFERENCE_TYPE && (type & 1) === 0 ? UNIT_DROPPABLE : UNIT_SLICE;
}

export class H265Packetizer extends NALPacketizer {
	protected readonly header = HEADER;
	protected readonly fragmentHeader = FU_HEADER;

	protected kind(header: number): number {
		return h265Kind(header);
	}

	/** RFC 7798 4.4.3. */
	protected fragment(to: number, header: number, flags: number): void {
		const { view } = this.arena;
		view.setUint16(to, (header & ~TYPE_BITS) | (FU << TYPE_SHIFT));
		view.setUint8(to + HEADER, flags | ((header >>> TYPE_SHIFT) & TYPE));
	}
}

/** Single units, AP and FU to access units. */
export class H265Depacketizer extends NALDepacketizer {
	protected readonly header = HEADER;

	protected kind(header: number): number {
		return h265Kind(header);
	}

	protected payload(offset: number, length: number): boolean {
		if (length < HEADER) return false;
		const type = (this.arena.view.getUint16(offset) >>> TYPE_SHIFT) & TYPE;
		if (type === FU) return this.fragment(offset, length);
		if (type === AP) return this.aggregate(offset + HEADER, offset + length);
		return type < AP && this.take(offset, length);
	}

	/** RFC 7798 4.4.2. */
	private aggregate(from: number, end: number): boolean {
		const { view } = this.arena;
		let at = from;
		do {
			if (at + AP_SIZE > end) return false;
			const size = view.getUint16(at);
			at += AP_SIZE;
			if (at + size > end || !this.take(at, size)) return false;
			at += size;
		} while (at < end);
		return true;
	}

	/** RFC 7798 4.4.3. */
	private fragment(offset: number, length: number): boolean {
		if (length <= FU_HEADER) return false;
		const { bytes, view } = this.arena;
		const head = bytes[offset + HEADER];
		const type = head & TYPE;
		if (type >= AP) return false;
		if ((head & 0x80) !== 0) {
			/* The unit's header stands before its first part for as long as it is taken. */
			const outer = view.getUint16(offset);
			view.setUint16(offset + 1, (outer & ~TYPE_BITS) | (type << TYPE_SHIFT));
			const good = this.open(offset + 1, length - 1);
			view.setUint8(offset + HEADER, head);
			view.setUint16(offset, outer);
			if (!good) return false;
		} else if (!this.add(offset + FU_HEADER, length - FU_HEADER)) return false;
		return (head & 0x40) === 0 || this.close();
	}
}
