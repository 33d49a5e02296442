import type { PacketCipher } from "arcrtc/packet_cipher";
import type { SendContext } from "arcrtc/send_contexts";
import type { SendKeys } from "arcrtc/send_keys";

/** When packets carry their send time: never; first packet of a video frame, every 8th of audio, with reduced headers the refreshes; always. */
export const SEND_TIME_OFF = 0;
export const SEND_TIME_USUAL = 1;
export const SEND_TIME_ALL = 2;

/** Contexts that a stream wants: video tells key frames from others. */
export const AUDIO_CONTEXTS = 1;
export const VIDEO_CONTEXTS = 2;

export interface SendStreamOptions {
	/** Keys of its stream_id. */
	readonly keys: SendKeys;
	readonly ssrc: number;
	/** 0 to 127, but not 64 to 95, which would look like RTCP. */
	readonly payloadType: number;
	/** Ticks of a second of its timestamps. */
	readonly clock: number;
	readonly video: boolean;
	/** Unit of timestamps in ticks when reduced headers were agreed on; all timestamps should be whole units apart. 0: full headers only. */
	readonly tsu: number;
	/** SSRC of the stream that it repairs (FEC): its packets carry it and have full headers. */
	readonly csrc?: number;
	readonly sendTime?: number;
	/** Index into the quality map at first. Default 0. */
	readonly quality?: number;
	/** First sequence number; default random below 2^15. Rollover counter and packets under the first keys, default 0: for tests. */
	readonly sequence?: number;
	readonly roc?: number;
	readonly packets?: number;
}

/**
 * One SSRC that is sent. The sealer alone counts its packets: a sequence number is used once. Made with the sealer and filled in by
 * `Sealer.add`, so that a session takes no memory of its own.
 */
export class SendStream {
	// Fields are found one after the other: those of every packet first.
	cipher!: PacketCipher;
	/** Epoch of its last packet, -2 before the first. */
	epoch = -2;
	/** Packets under the keys of that epoch. */
	packets = 0;
	/** Sequence number of the next packet; 65536: it rolls over. */
	next = 0;
	/** Where its nonce lies in the arena. */
	nonce = 0;
	/** Timestamp of the last packet, its time, and units counted (low 9 bits). */
	timestamp = 0;
	units = 0;
	tsu = 0;
	sentAt = 0;
	/** Q of the packets that come: the owner's to set. */
	quality = 0;
	/** Unit, payload type and place as a context binds them. */
	base = 0;
	/** Contexts of packets of PR 0 and 1, and of PR 2. */
	keyContext: SendContext | undefined;
	deltaContext: SendContext | undefined;
	/** Packets that still ask for level `requested` of the other side's stream. */
	requests = 0;
	/** First word of its canonical headers without marker and sequence number; SSRC as a signed word; K as a bit of the reduced header. */
	head = 0;
	word = 0;
	phase = 0;
	roc = 0;
	/** Bytes of payload ever sent, for sender reports. */
	octets = 0;
	requested = 0;
	sendTime = SEND_TIME_USUAL;
	csrc = -1;
	video = false;
	clock = 0;
	keys!: SendKeys;
	/** In use. A stream that was removed seals nothing. */
	live = false;
	/** A packet was sent. */
	begun = false;
	/** Extended sequence number of the first packet. */
	first = 0;
	readonly index: number;

	/** `index`: its place in the sealer. */
	constructor(index: number, nonce: number) {
		this.index = index;
		this.nonce = nonce;
	}

	get ssrc(): number {
		return this.word >>> 0;
	}

	get payloadType(): number {
		return (this.head >>> 16) & 0x7f;
	}

	/** Another payload type from the next packet on. */
	set payloadType(type: number) {
		if (type < 0 || type > 127 || (type >= 64 && type <= 95)) throw new RangeError("send stream: payload type " + type);
		this.head = 0x80000000 | (type << 16) | 0;
		this.base = this.tsu | (type << 16) | ((this.index + 1) << 27);
	}

	/** Extended sequence number (ROC and SEQ) of the last packet; one less than that of the first before it. */
	get extendedSequence(): number {
		return this.roc * 0x10000 + this.next - 1;
	}

	/** Packets ever sent. */
	get total(): number {
		return this.extendedSequence + 1 - this.first;
	}
}
