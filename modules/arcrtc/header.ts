import {
	CONTEXT_BYTES,
	FIRST_CHANNEL_DATA,
	FIRST_RTCP,
	LAST_CHANNEL_DATA,
	LAST_RTCP,
	LAST_STUN,
	REDUCED_MARK,
	RTP_HEADER,
	SEND_TIME_BYTES,
	SIGNALLING,
	WORD_BYTES,
	WORD_CONTEXT,
	WORD_KEY_PHASE,
	WORD_MARK,
	WORD_PRIORITY_SHIFT,
	WORD_QUALITY_SHIFT,
	WORD_REQUEST,
	WORD_REQUESTED_SHIFT,
	WORD_SEND_TIME,
	WORD_UPTIME,
} from "arcrtc/constants";

/** What a datagram or frame is by its first two bytes (section 2.1). */
export const KIND_NONE = 0;
export const KIND_STUN = 1;
export const KIND_CHANNEL_DATA = 2;
export const KIND_SIGNALLING = 3;
export const KIND_FULL = 4;
export const KIND_RTCP = 5;
export const KIND_REDUCED = 6;

/** Kind of what begins with these bytes: KIND_NONE is to be dropped. KIND_SIGNALLING is right in TCP frames only. */
export function kindOf(first: number, second: number): number {
	if (first >= REDUCED_MARK) return KIND_REDUCED;
	if (first >= 0x80) return second >= FIRST_RTCP && second <= LAST_RTCP ? KIND_RTCP : KIND_FULL;
	if (first <= LAST_STUN) return KIND_STUN;
	if (first >= FIRST_CHANNEL_DATA && first <= LAST_CHANNEL_DATA) return KIND_CHANNEL_DATA;
	return first === SIGNALLING ? KIND_SIGNALLING : KIND_NONE;
}

/** No CSRC, no request, no context, no send time. */
const NONE = -1;
const MARK = WORD_MARK >>> 12;
const MOST_CSRC = 15;
/** Of the first word: V = 2, P, X. */
const VERSION = 0x80000000 | 0;
const PADDING = 0x20000000;
const EXTENSION = 0x10000000;

/**
 * Fields of a full header (section 2.2), read from a packet or to be written to one. The same object serves packet after packet.
 * Numbers are unsigned; what is not there is -1.
 */
export class Header {
	marker = false;
	payloadType = 0;
	sequence = 0;
	timestamp = 0;
	ssrc = 0;
	quality = 0;
	/** PR, 0 to 3. */
	priority = 0;
	/** K: parity of the key's epoch. */
	phase = 0;
	/** Level that is asked for, RQ. */
	requested = NONE;
	/** Context C: its number, low 4 bits of ROC, low 9 bits of the count of units, and the unit. */
	cid = NONE;
	roc = 0;
	tsl = 0;
	tsu = 0;
	/** T: NTP seconds and fraction; `uptime`: since boot instead of UTC. */
	sendSeconds = NONE;
	sendFraction = 0;
	uptime = false;
	/** First CSRC, and how many there are. Those that are written are all the same. */
	csrc = NONE;
	csrcs = 0;
	/** P: the payload ends with padding and its count. */
	padded = false;
	/** There is an extension word of ArcRTP. */
	extended = false;

	/**
	 * Reads the header at `offset` of a packet of `length` bytes. `plain`: RTP without the word is allowed, as in clear on a bridge.
	 * @returns bytes of the header, 0 when it is none.
	 */
	read(view: DataView, offset: number, length: number, plain: boolean): number {
		if (length < RTP_HEADER) return 0;
		const head = view.getInt32(offset);
		if (head >>> 30 !== 2) return 0;
		this.marker = (head & 0x800000) !== 0;
		this.payloadType = (head >>> 16) & 0x7f;
		this.sequence = head & 0xffff;
		this.timestamp = view.getUint32(offset + 4);
		this.ssrc = view.getUint32(offset + 8);
		this.padded = (head & PADDING) !== 0;
		const csrcs = (head >>> 24) & 15;
		this.csrcs = csrcs;
		let bytes = RTP_HEADER;
		if (csrcs === 0) this.csrc = NONE;
		else {
			bytes += 4 * csrcs;
			if (bytes > length) return 0;
			this.csrc = view.getUint32(offset + RTP_HEADER);
		}
		const extended = (head & EXTENSION) !== 0;
		if (!extended || bytes + WORD_BYTES > length) return plain && !extended ? this.bare(bytes) : 0;
		const word = view.getInt32(offset + bytes);
		const at = bytes + WORD_BYTES;
		bytes = at + 4 * (word & 0xffff);
		if (bytes > length) return 0;
		if (word >>> 28 !== MARK) return plain ? this.bare(bytes) : 0;
		this.extended = true;
		this.quality = (word >>> (WORD_QUALITY_SHIFT + 16)) & 3;
		this.priority = (word >>> (WORD_PRIORITY_SHIFT + 16)) & 3;
		this.phase = (word >>> 23) & 1;
		this.requested = word & (WORD_REQUEST << 16) ? (word >>> (WORD_REQUESTED_SHIFT + 16)) & 3 : NONE;
		this.sendSeconds = this.cid = NONE;
		if (word & ((WORD_SEND_TIME | WORD_CONTEXT) << 16) && !this.readMore(view, offset, at, bytes, word >>> 16)) return 0;
		return bytes;
	}

	/** Bytes that `write` makes. */
	get length(): number {
		let bytes = RTP_HEADER + 4 * this.csrcs;
		if (!this.extended) return bytes;
		bytes += WORD_BYTES;
		if (this.sendSeconds >= 0) bytes += SEND_TIME_BYTES;
		return this.cid >= 0 ? bytes + CONTEXT_BYTES : bytes;
	}

	/** Writes the header at `offset`. @returns its bytes. */
	write(view: DataView, offset: number): number {
		const csrcs = this.csrcs & MOST_CSRC;
		let head = VERSION | (csrcs << 24) | ((this.payloadType & 0x7f) << 16) | (this.sequence & 0xffff);
		if (this.marker) head |= 0x800000;
		if (this.padded) head |= PADDING;
		if (this.extended) head |= EXTENSION;
		view.setInt32(offset, head);
		view.setUint32(offset + 4, this.timestamp);
		view.setUint32(offset + 8, this.ssrc);
		let at = offset + RTP_HEADER;
		for (let i = 0; i < csrcs; i++, at += 4) view.setUint32(at, this.csrc);
		if (!this.extended) return at - offset;
		const timed = this.sendSeconds >= 0;
		const bound = this.cid >= 0;
		let word = WORD_MARK | ((this.quality & 3) << WORD_QUALITY_SHIFT) | ((this.priority & 3) << WORD_PRIORITY_SHIFT);
		if (this.phase) word |= WORD_KEY_PHASE;
		if (this.requested >= 0) word |= WORD_REQUEST | ((this.requested & 3) << WORD_REQUESTED_SHIFT);
		if (timed) word |= this.uptime ? WORD_SEND_TIME | WORD_UPTIME : WORD_SEND_TIME;
		if (bound) word |= WORD_CONTEXT;
		view.setUint16(at, word);
		view.setUint16(at + 2, (timed ? 2 : 0) + (bound ? 1 : 0));
		at += WORD_BYTES;
		if (timed) {
			view.setUint32(at, this.sendSeconds);
			view.setUint32(at + 4, this.sendFraction);
			at += SEND_TIME_BYTES;
		}
		if (bound) {
			view.setInt32(at, contextWord(this.cid, this.roc, this.tsl, this.tsu));
			at += CONTEXT_BYTES;
		}
		return at - offset;
	}

	/** RTP without the word: Q 0, PR of nothing known. */
	private bare(bytes: number): number {
		this.extended = this.uptime = false;
		this.quality = this.priority = this.phase = 0;
		this.requested = this.sendSeconds = this.cid = NONE;
		return bytes;
	}

	/** Send time and context, `at` bytes from `offset`. */
	private readMore(view: DataView, offset: number, at: number, bytes: number, word: number): boolean {
		let next = at;
		if (word & WORD_SEND_TIME) {
			next += SEND_TIME_BYTES;
			if (next > bytes) return false;
			this.sendSeconds = view.getUint32(offset + at);
			this.sendFraction = view.getUint32(offset + at + 4);
			this.uptime = (word & WORD_UPTIME) !== 0;
		}
		if (word & WORD_CONTEXT) {
			if (next + CONTEXT_BYTES > bytes) return false;
			const context = view.getInt32(offset + next);
			this.tsu = context & 0xffff;
			// A unit of nothing would stand for every timestamp.
			if (this.tsu === 0) return false;
			this.cid = context >>> 29;
			this.roc = (context >>> 25) & 15;
			this.tsl = (context >>> 16) & 0x1ff;
		}
		return true;
	}
}

/** The word C: number of the context, low 4 bits of ROC, low 9 bits of the count of units, ticks of a unit. */
export function contextWord(cid: number, roc: number, tsl: number, tsu: number): number {
	return (cid << 29) | ((roc & 15) << 25) | ((tsl & 0x1ff) << 16) | tsu;
}

/** Bytes of padding that end a payload of `length` bytes at `offset`, by its last byte; -1 when that cannot be. */
export function paddingOf(bytes: Uint8Array, offset: number, length: number): number {
	if (length < 1) return -1;
	const count = bytes[offset + length - 1];
	return count === 0 || count > length ? -1 : count;
}
