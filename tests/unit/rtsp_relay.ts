import { type Depacketizer, DAMAGED, FRAME, type Packetizer } from "media/rtp/format";
import { H264Depacketizer, H264Packetizer } from "media/rtp/h264";
import { H265Depacketizer, H265Packetizer } from "media/rtp/h265";
import { PREFIX_LENGTHS } from "media/rtp/nal_depacketizer";
import type { NALPacketizer } from "media/rtp/nal_packetizer";
import { CODEC_H264, CODEC_H265 } from "media/rtsp/codecs";
import type { RTSPHandler } from "media/rtsp/handler";
import type { RTSPTrack } from "media/rtsp/track";
import type { Arena } from "storage/arena";

/** Codecs whose pictures are relayed, as a sum of bits. */
export const RELAYED_CODECS = (1 << CODEC_H264) | (1 << CODEC_H265);

/** Who sends the pictures on. */
export interface PictureSink {
	/** The server plays a codec that is relayed. */
	picturesBegan(codec: number, now: number): void;
	/**
	 * A picture (access unit) of `length` bytes at `offset` of the arena, as the packetizer of its codec takes it: valid until this returns.
	 * `timestamp` is the server's, of 90 kHz. Key frames bring their parameter sets, from the session description when the stream has none.
	 */
	picture(packetizer: Packetizer, offset: number, length: number, timestamp: number, now: number): void;
	/** No more come, until others begin. */
	picturesEnded(now: number): void;
}

/**
 * Joins the packets of H.264 or H.265 to pictures, so that they can be cut anew into packets of another size: cameras send up to 1,500
 * bytes, and tunnels take fewer. Nothing is decoded. A picture of which packets are missing is left out.
 */
export class PictureRelay implements RTSPHandler {
	/** Pictures given on, and such that were damaged. */
	pictures = 0;
	damaged = 0;
	readonly #sink: PictureSink;
	readonly #h264: H264Depacketizer;
	readonly #h265: H265Depacketizer;
	readonly #h264Packetizer: H264Packetizer;
	readonly #h265Packetizer: H265Packetizer;
	#codec = 0;
	/** Its parameter sets are told to the packetizer with the first packet. */
	#fresh = false;

	/** Uses `size` bytes at `offset`, which the largest picture must fit into. */
	constructor(arena: Arena, offset: number, size: number, sink: PictureSink) {
		this.#sink = sink;
		this.#h264 = new H264Depacketizer(arena, offset, size, PREFIX_LENGTHS);
		this.#h265 = new H265Depacketizer(arena, offset, size, PREFIX_LENGTHS);
		this.#h264Packetizer = new H264Packetizer(arena, PREFIX_LENGTHS);
		this.#h265Packetizer = new H265Packetizer(arena, PREFIX_LENGTHS);
	}

	/** Pictures that were larger than the memory. */
	get oversized(): number {
		return this.#h264.counters.oversized + this.#h265.counters.oversized;
	}

	began(): void {
		this.#fresh = true;
	}

	packet(track: RTSPTrack, offset: number, length: number, now: number): void {
		if (!track.video || (RELAYED_CODECS & (1 << track.codec)) === 0) return;
		if (this.#fresh) this.begin(track, now);
		const h265 = track.codec === CODEC_H265;
		const depacketizer: Depacketizer = h265 ? this.#h265 : this.#h264;
		let outcome = depacketizer.push(offset, length, track.timestamp, track.marker, track.lost);
		while (outcome === FRAME) {
			this.pictures++;
			const packetizer: Packetizer = h265 ? this.#h265Packetizer : this.#h264Packetizer;
			this.#sink.picture(packetizer, depacketizer.frameOffset, depacketizer.frameLength, depacketizer.timestamp, now);
			outcome = depacketizer.more();
		}
		if (outcome === DAMAGED) this.damaged++;
	}

	ended(now: number): void {
		this.#fresh = false;
		if (this.#codec === 0) return;
		this.#codec = 0;
		this.#sink.picturesEnded(now);
	}

	private begin(track: RTSPTrack, now: number): void {
		const packetizer: NALPacketizer = track.codec === CODEC_H265 ? this.#h265Packetizer : this.#h264Packetizer;
		this.#fresh = false;
		this.#codec = track.codec;
		this.#h264.reset();
		this.#h265.reset();
		packetizer.parameterSets(track.setsOffset, track.setsLength);
		this.#sink.picturesBegan(track.codec, now);
	}
}
