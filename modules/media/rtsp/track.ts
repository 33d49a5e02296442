import { CODEC_NONE } from "media/rtsp/codecs";

/** What became of a packet that was given to {@link RTSPTrack.take}. */
export const TAKE_PACKET = 0;
/** No RTP of version 2, or one whose fields leave it. */
export const TAKE_MALFORMED = 1;
/** Of another payload type. */
export const TAKE_FOREIGN = 2;
/** Older than one that was given on. */
export const TAKE_LATE = 3;

/* RFC 3550 5.1 */
const HEADER = 12;
const VERSION = 2;
const PADDING = 0x2000;
const EXTENSION = 0x1000;
const MARKER = 0x80;
/** Sequence numbers that jump further than this begin anew (RFC 3550 A.1). */
const DROPOUT = 3000;
const MISORDER = 100;
const UNKNOWN = -1;

/** One medium that a server sends: its format, the packet under way, and the figures of RFC 3550. */
export class RTSPTrack {
	/** Its format, from the session description: one of the CODEC constants, clock in Hz. */
	codec = CODEC_NONE;
	payloadType = 0;
	clock = 90_000;
	channels = 1;
	readonly video: boolean;
	/** Parameter sets of the description (H.264: SPS, PPS; H.265: VPS, SPS, PPS) in the arena: each 16 bits of length, then the NAL unit. */
	readonly setsOffset: number;
	setsLength = 0;

	/** The packet under way: payload in the arena, sequence number extended by what wrapped. */
	offset = 0;
	length = 0;
	sequence = 0;
	timestamp = 0;
	marker = false;
	/** Packets are missing between this one and the one before, or a new source begins. */
	lost = false;

	/** Channels of a TCP connection, ports of the server. */
	channel = 0;
	controlChannel = 1;
	port = 0;
	controlPort = 0;

	/** Sender of the packets, -1: none yet. */
	ssrc = UNKNOWN;
	/** Of the last sender report: 32.32 bits of NTP, and the RTP timestamp of that moment. Zeros: there was none. */
	ntpHigh = 0;
	ntpLow = 0;
	ntpTimestamp = 0;
	/** Its time here (ms). */
	reported = 0;

	/** Since the start: packets and bytes of payload given on, missing, late, malformed, of another payload type; new sources. */
	packets = 0;
	bytes = 0;
	missing = 0;
	late = 0;
	malformed = 0;
	foreign = 0;
	restarts = 0;
	/** RFC 3550 A.8, in clock units. */
	jitter = 0;
	/** Of this source: first sequence number, packets; and what both were at the last report. */
	private base = 0;
	private received = 0;
	private expectedBefore = 0;
	private receivedBefore = 0;
	private arrival = 0;

	constructor(video: boolean, setsOffset: number) {
		this.video = video;
		this.setsOffset = setsOffset;
	}

	/** No format yet. */
	clear(): void {
		this.codec = CODEC_NONE;
		this.payloadType = UNKNOWN;
		this.setsLength = 0;
		this.restart();
	}

	/** Another source begins. */
	restart(): void {
		this.ssrc = UNKNOWN;
		this.ntpHigh = 0;
		this.ntpLow = 0;
		this.ntpTimestamp = 0;
		this.jitter = 0;
	}

	/** Where it comes from: channels of the connection, ports of the server; below 0: not told. */
	place(channel: number, controlChannel: number, port: number, controlPort: number): void {
		this.channel = channel;
		this.controlChannel = controlChannel >= 0 ? controlChannel : channel + 1;
		this.port = port > 0 ? port : 0;
		this.controlPort = controlPort > 0 ? controlPort : 0;
	}

	/** Reads the RTP packet of `length` bytes at `offset`. @returns one of the TAKE constants; the packet's fields are set for TAKE_PACKET alone. */
	take(view: DataView, offset: number, length: number, now: number): number {
		if (length < HEADER) return this.refuse();
		const first = view.getUint16(offset);
		let head = HEADER + ((first >> 6) & 0x3c);
		let end = length;
		if (first >> 14 !== VERSION) return this.refuse();
		if (first & EXTENSION) {
			if (head + 4 > length) return this.refuse();
			head += 4 + 4 * view.getUint16(offset + head + 2);
		}
		if (first & PADDING) {
			end -= view.getUint8(offset + length - 1);
			if (end === length) return this.refuse();
		}
		if (head > end) return this.refuse();
		if ((first & 0x7f) !== this.payloadType) {
			this.foreign++;
			return TAKE_FOREIGN;
		}
		const timestamp = view.getUint32(offset + 4);
		const ssrc = view.getUint32(offset + 8);
		if (!this.follow(view.getUint16(offset + 2), ssrc)) {
			this.late++;
			return TAKE_LATE;
		}
		if (this.received > 0) {
			const step = ((now - this.arrival) * this.clock) / 1000 - ((timestamp - this.timestamp) | 0);
			this.jitter += ((step < 0 ? -step : step) - this.jitter) / 16;
		}
		this.arrival = now;
		this.received++;
		this.packets++;
		this.bytes += end - head;
		this.timestamp = timestamp;
		this.marker = (first & MARKER) !== 0;
		this.offset = offset + head;
		this.length = end - head;
		return TAKE_PACKET;
	}

	/** Fraction of packets lost since the last call, in 1/256 (RFC 3550 A.3). */
	lostShare(): number {
		const expected = this.sequence - this.base + 1;
		const span = expected - this.expectedBefore;
		const lost = span - (this.received - this.receivedBefore);
		this.expectedBefore = expected;
		this.receivedBefore = this.received;
		return span <= 0 || lost <= 0 ? 0 : Math.floor((lost * 256) / span) & 255;
	}

	/** Packets of this source that are missing, below 0 when some came twice. */
	get lostTotal(): number {
		return this.sequence - this.base + 1 - this.received;
	}

	private refuse(): number {
		this.malformed++;
		return TAKE_MALFORMED;
	}

	/** Extends the sequence number. @returns false when it is one of the past. */
	private follow(number: number, ssrc: number): boolean {
		const step = (number - this.sequence) & 0xffff;
		if (ssrc !== this.ssrc) {
			if (this.ssrc !== UNKNOWN) this.restarts++;
			this.restart();
			this.ssrc = ssrc;
		} else if (step !== 0 && step < DROPOUT) {
			this.lost = step > 1;
			this.missing += step - 1;
			this.sequence += step;
			return true;
		} else if (step === 0 || step > 0x10000 - MISORDER) return false;
		else this.restarts++;
		this.sequence = number;
		this.base = number;
		this.received = 0;
		this.expectedBefore = 0;
		this.receivedBefore = 0;
		this.lost = true;
		return true;
	}
}
