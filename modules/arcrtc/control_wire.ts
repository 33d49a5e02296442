import {
	APP_NAME,
	FIRST_RTCP,
	FMT_NACK,
	FMT_PLI,
	HMAC80_BYTES,
	LAST_RTCP,
	RTCP_APP,
	RTCP_PSFB,
	RTCP_RR,
	RTCP_RTPFB,
	RTCP_SR,
} from "arcrtc/constants";

/** Control packets (section 2.7): RTCP of RFC 3550 section 6.4 and RFC 4585 section 6, written and read in place. */

/** Bytes of a packet's head with the sender's SSRC, of sender information, of a report block, of a NACK's and a PLI's head, of an APP. */
export const CONTROL_HEADER = 8;
export const SENDER_BYTES = 20;
export const BLOCK_BYTES = 24;
export const FEEDBACK_BYTES = 12;
export const APP_BYTES = 16;
/** Behind the RTCP packets of a datagram: the index and the HMAC. */
export const INDEX_BYTES = 4;
export const CONTROL_TRAILER = INDEX_BYTES + HMAC80_BYTES;

const VERSION = 0x80;
const VERSION_MASK = 0xc0;
const PADDING = 0x20;
const COUNT_MASK = 0x1f;
/** What follows a packet id in one pair of a NACK. */
const MASK_PACKETS = 16;
const NTP_EPOCH_SECONDS = 2_208_988_800;
const TWO_32 = 0x100000000;
/** Most and least that the 24 bits of the packets lost can say. */
const MOST_LOST = 0x7fffff;
const LEAST_LOST = -0x800000;

/** Writes the head of a packet of `bytes` bytes, a multiple of 4. */
function head(view: DataView, at: number, count: number, type: number, bytes: number, ssrc: number): void {
	view.setUint8(at, VERSION | count);
	view.setUint8(at + 1, type);
	view.setUint16(at + 2, (bytes >> 2) - 1);
	view.setUint32(at + 4, ssrc);
}

/**
 * Receiver report with one block. `fraction` in 1/256, `highest` the extended sequence number, `jitter` in ticks, `lsr` the middle bits
 * of the NTP time of the last sender report, `dlsr` how long ago it came in 1/65536 s. @returns its bytes.
 */
export function writeReceiverReport(
	view: DataView,
	at: number,
	sender: number,
	ssrc: number,
	fraction: number,
	lost: number,
	highest: number,
	jitter: number,
	lsr: number,
	dlsr: number,
): number {
	const most = lost > MOST_LOST ? MOST_LOST : lost < LEAST_LOST ? LEAST_LOST : lost;
	head(view, at, 1, RTCP_RR, CONTROL_HEADER + BLOCK_BYTES, sender);
	view.setUint32(at + 8, ssrc);
	view.setUint32(at + 12, (fraction << 24) | (most & 0xffffff));
	view.setUint32(at + 16, highest);
	view.setUint32(at + 20, jitter);
	view.setUint32(at + 24, lsr);
	view.setUint32(at + 28, dlsr);
	return CONTROL_HEADER + BLOCK_BYTES;
}

/** Sender report without blocks. `milliseconds` is the time in Unix ms that `timestamp` stands for. @returns its bytes. */
export function writeSenderReport(
	view: DataView,
	at: number,
	ssrc: number,
	milliseconds: number,
	timestamp: number,
	packets: number,
	octets: number,
): number {
	const seconds = Math.floor(milliseconds / 1000);
	head(view, at, 0, RTCP_SR, CONTROL_HEADER + SENDER_BYTES, ssrc);
	view.setUint32(at + 8, seconds + NTP_EPOCH_SECONDS);
	view.setUint32(at + 12, Math.floor((milliseconds / 1000 - seconds) * TWO_32));
	view.setUint32(at + 16, timestamp);
	view.setUint32(at + 20, packets);
	view.setUint32(at + 24, octets);
	return CONTROL_HEADER + SENDER_BYTES;
}

/** The middle 32 bits of the NTP time of the sender report at `at`: what a receiver gives back as LSR. */
export function middleOfNtp(view: DataView, at: number): number {
	return view.getUint32(at + 10);
}

/** A NACK that asks for nothing yet; `appendLost` adds to it. @returns its bytes. */
export function writeNack(view: DataView, at: number, sender: number, media: number): number {
	head(view, at, FMT_NACK, RTCP_RTPFB, FEEDBACK_BYTES, sender);
	view.setUint32(at + 8, media);
	return FEEDBACK_BYTES;
}

/** Adds a sequence number, newer than those before, to the NACK of `bytes` bytes at `at`. @returns its bytes now. */
export function appendLost(view: DataView, at: number, bytes: number, sequence: number): number {
	const end = at + bytes;
	if (bytes > FEEDBACK_BYTES) {
		const step = (sequence - view.getUint16(end - 4)) & 0xffff;
		if (step === 0) return bytes;
		if (step <= MASK_PACKETS) {
			view.setUint16(end - 2, view.getUint16(end - 2) | (1 << (step - 1)));
			return bytes;
		}
	}
	view.setUint16(end, sequence);
	view.setUint16(end + 2, 0);
	const longer = bytes + 4;
	view.setUint16(at + 2, (longer >> 2) - 1);
	return longer;
}

/** Picture loss: asks for a key frame. @returns its bytes. */
export function writePictureLoss(view: DataView, at: number, sender: number, media: number): number {
	head(view, at, FMT_PLI, RTCP_PSFB, FEEDBACK_BYTES, sender);
	view.setUint32(at + 8, media);
	return FEEDBACK_BYTES;
}

/** CTX_NACK or CTX_ACK by `subtype` for the contexts in `bitmap`. @returns its bytes. */
export function writeContexts(view: DataView, at: number, sender: number, subtype: number, bitmap: number): number {
	head(view, at, subtype, RTCP_APP, APP_BYTES, sender);
	view.setUint32(at + 8, APP_NAME);
	view.setUint32(at + 12, bitmap << 24);
	return APP_BYTES;
}

/** The five bits of a packet's head that are a count, a format or a subtype. */
export function countOf(view: DataView, at: number): number {
	return view.getUint8(at) & COUNT_MASK;
}

/** Bytes of the packet at `at`, its length field believed: look at it with {@link wellFormed} first. */
export function bytesOf(view: DataView, at: number): number {
	return (view.getUint16(at + 2) + 1) << 2;
}

/** Bytes of the packet at `at` without padding. */
export function unpadded(view: DataView, at: number): number {
	const bytes = bytesOf(view, at);
	return (view.getUint8(at) & PADDING) === 0 ? bytes : bytes - view.getUint8(at + bytes - 1);
}

/** Packets of RTCP fill `at .. end` to the byte: each of version 2 and with a sender, padding only in the last (RFC 3550 A.2). */
export function wellFormed(view: DataView, at: number, end: number): boolean {
	if (end - at < CONTROL_HEADER) return false;
	while (at < end) {
		if (end - at < CONTROL_HEADER) return false;
		const first = view.getUint8(at);
		const type = view.getUint8(at + 1);
		const bytes = bytesOf(view, at);
		if ((first & VERSION_MASK) !== VERSION || type < FIRST_RTCP || type > LAST_RTCP) return false;
		if (bytes < CONTROL_HEADER || bytes > end - at) return false;
		if ((first & PADDING) !== 0) {
			const padding = view.getUint8(at + bytes - 1);
			if (at + bytes !== end || padding === 0 || (padding & 3) !== 0 || padding > bytes - CONTROL_HEADER) return false;
		}
		at += bytes;
	}
	return true;
}
