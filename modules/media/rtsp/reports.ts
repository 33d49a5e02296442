import type { RTSPTrack } from "media/rtsp/track";
import type { Arena } from "storage/arena";

/* RTCP (RFC 3550 6): what a receiver needs to read and to say. */

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const DESCRIPTION = 202;
const GOODBYE = 203;
const HEADER = 4;
const CNAME = 1;
/** Words of a report with one block, less one, and of the description behind it. */
const REPORT_WORDS = 7;
const DESCRIPTION_WORDS = 4;
/** "fletcher", 8 bytes. */
const NAME_HIGH = 0x666c6574;
const NAME_LOW = 0x63686572;
const NAME_LENGTH = 8;

/** Bytes of what {@link writeReport} writes. */
export const REPORT_BYTES = 52;

/** Reads a compound packet of RTCP about `track`; what is not understood is passed over by its length. @returns false when the sender says goodbye. */
export function readControl(view: DataView, offset: number, length: number, track: RTSPTrack, now: number): boolean {
	const end = offset + length;
	let at = offset;
	while (at + HEADER <= end) {
		const type = view.getUint8(at + 1);
		const size = HEADER + 4 * view.getUint16(at + 2);
		if (view.getUint8(at) >> 6 !== 2 || at + size > end) break;
		if (type === SENDER_REPORT && size >= 28 && isFrom(view, at, track)) {
			track.ntpHigh = view.getUint32(at + 8);
			track.ntpLow = view.getUint32(at + 12);
			track.ntpTimestamp = view.getUint32(at + 16);
			track.reported = now;
		} else if (type === GOODBYE && size >= 8 && isFrom(view, at, track)) return false;
		at += size;
	}
	return true;
}

function isFrom(view: DataView, at: number, track: RTSPTrack): boolean {
	return track.ssrc >= 0 && view.getUint32(at + 4) === track.ssrc;
}

/** Writes a receiver report of `ssrc` about `track`, and who it is from, to `to`: REPORT_BYTES bytes. */
export function writeReport(arena: Arena, to: number, track: RTSPTrack, ssrc: number, now: number): void {
	const { view } = arena;
	const lost = track.lostTotal;
	view.setUint16(to, 0x8100 | RECEIVER_REPORT);
	view.setUint16(to + 2, REPORT_WORDS);
	view.setUint32(to + 4, ssrc);
	view.setUint32(to + 8, track.ssrc);
	view.setUint32(
		to + 12,
		(track.lostShare() << 24) | ((lost < -0x800000 ? -0x800000 : lost > 0x7fffff ? 0x7fffff : lost) & 0xffffff),
	);
	view.setUint32(to + 16, track.sequence);
	view.setUint32(to + 20, track.jitter);
	const reported = track.ntpHigh !== 0;
	view.setUint32(to + 24, reported ? ((track.ntpHigh & 0xffff) << 16) | (track.ntpLow >>> 16) : 0);
	view.setUint32(to + 28, reported ? (now - track.reported) * 65.536 : 0);
	view.setUint16(to + 32, 0x8100 | DESCRIPTION);
	view.setUint16(to + 34, DESCRIPTION_WORDS);
	view.setUint32(to + 36, ssrc);
	view.setUint8(to + 40, CNAME);
	view.setUint8(to + 41, NAME_LENGTH);
	view.setUint32(to + 42, NAME_HIGH);
	view.setUint32(to + 46, NAME_LOW);
	view.setUint16(to + 50, 0);
}
