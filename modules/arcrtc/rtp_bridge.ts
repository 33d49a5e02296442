import { PRIORITY_AUDIO, PRIORITY_DELTA, PRIORITY_DROPPABLE, PRIORITY_KEY } from "arcrtc/constants";
import type { Header } from "arcrtc/header";
import { absSendTime } from "arcrtc/send_time";
import { isVideo } from "media/rtp/codecs";
import { UNIT_DROPPABLE, UNIT_KEY } from "media/rtp/nal_depacketizer";
import { PayloadKind } from "media/rtp/payload_kind";
import { RTPReader, writeRTP } from "media/rtp/rtp_header";
import type { Arena } from "storage/arena";

/**
 * ArcRTP to plain RTP (ARC-W3): of what an opener gave, the header is made anew before the payload, where it lies. The extension word
 * is gone, a reduced header is a whole one, the send time has 24 bits; Q and PR are left for whoever asks.
 *
 * ```
 * | … word, T, C | payload |        | reduced, 4 | payload |
 *     | RTP 12 (+ 8) | payload |      | RTP 12 (+ 8) | payload |    a reduced packet needs 20 free bytes before it
 * ```
 */
export class ToRTP {
	/** Id of the abs-send-time element (RFC 8285), 0: left out. */
	sendTimeId = 0;
	/** Bytes of the packet made last; what it was worth. */
	length = 0;
	quality = 0;
	priority = 0;
	readonly #view: DataView;

	constructor(arena: Arena) {
		this.#view = arena.view;
	}

	/**
	 * @param sequence extended or not: its low 16 bits are sent.
	 * @param payloadType of the other side, -1: as it is.
	 * @returns where the packet begins: at most LONGEST_RTP_HEADER bytes before `payload`.
	 */
	write(header: Header, sequence: number, payload: number, payloadLength: number, payloadType: number): number {
		/* A time since boot means nothing to others. */
		const timed = this.sendTimeId > 0 && header.sendSeconds >= 0 && !header.uptime;
		const start = writeRTP(
			this.#view,
			payload,
			payloadType < 0 ? header.payloadType : payloadType,
			header.marker,
			sequence % 0x10000,
			header.timestamp,
			header.ssrc,
			header.csrc,
			timed ? this.sendTimeId : 0,
			timed ? absSendTime(header.sendSeconds, header.sendFraction) : 0,
		);
		this.length = payload - start + payloadLength;
		this.quality = header.quality;
		this.priority = header.priority;
		return start;
	}
}

/** Of {@link FromRTP.read}. */
export const RTP_TAKEN = 0;
/** No RTP packet, or an empty one. */
export const RTP_FORMAT = -1;
/** Another stream or payload type. */
export const RTP_UNKNOWN = -2;
/** Older than the one before, or the same. */
export const RTP_OLD = -3;

/**
 * Plain RTP of one stream to what a sealer takes (ARC-W4): payload, time, marker, and the priority by what the payload is. Q is 0.
 * Packets must come in order; numbers that are missing are told, for the depacketizer or the counters.
 */
export class FromRTP {
	readonly rtp: RTPReader;
	/** PR of the packet read last, and how many are missing before it. */
	priority = 0;
	missing = 0;
	/** Packets refused, by reason. */
	format = 0;
	unknown = 0;
	old = 0;
	readonly #kind: PayloadKind;
	readonly #video: boolean;
	readonly #payloadType: number;
	#ssrc = -1;
	#sequence = -1;

	/** @param codec of media/rtp/codecs; `payloadType`: of the packets that are taken. */
	constructor(arena: Arena, codec: number, payloadType: number) {
		this.rtp = new RTPReader(arena);
		this.#kind = new PayloadKind(arena, codec);
		this.#video = isVideo(codec);
		this.#payloadType = payloadType;
	}

	/** Reads the packet. @returns one of RTP_; when it is taken, `rtp`, `priority` and `missing` tell of it. */
	read(offset: number, length: number): number {
		const { rtp } = this;
		if (!rtp.read(offset, length) || rtp.payloadLength === 0) {
			this.format++;
			return RTP_FORMAT;
		}
		if (rtp.payloadType !== this.#payloadType) {
			this.unknown++;
			return RTP_UNKNOWN;
		}
		let ahead = 1;
		if (rtp.ssrc === this.#ssrc) {
			ahead = (rtp.sequence - this.#sequence) & 0xffff;
			if (ahead === 0 || ahead >= 0x8000) {
				this.old++;
				return RTP_OLD;
			}
		}
		/* Another SSRC: the sender began anew. */
		this.#ssrc = rtp.ssrc;
		this.#sequence = rtp.sequence;
		this.missing = ahead - 1;
		this.priority = this.#video ? this.worth() : PRIORITY_AUDIO;
		return RTP_TAKEN;
	}

	private worth(): number {
		const { rtp } = this;
		const kind = this.#kind.read(rtp.payload, rtp.payloadLength, rtp.timestamp);
		return kind === UNIT_KEY ? PRIORITY_KEY : kind === UNIT_DROPPABLE ? PRIORITY_DROPPABLE : PRIORITY_DELTA;
	}
}
