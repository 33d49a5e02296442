import type { Endpoint } from "arcrtc/endpoint";
import { LEVEL_WARNING, type Logger } from "host/logger";
import type { Frame } from "media/frames";
import { FRAME, type Packetizer, refusalWords } from "media/rtp/format";
import { H264Depacketizer, H264Packetizer } from "media/rtp/h264";
import { H265Depacketizer, H265Packetizer } from "media/rtp/h265";
import { JPEG_PACKETIZER_BYTES, JPEGPacketizer } from "media/rtp/jpeg_packetizer";
import { PREFIX_LENGTHS } from "media/rtp/nal_depacketizer";
import type { NALPacketizer } from "media/rtp/nal_packetizer";
import { CODEC_H264, CODEC_H265 } from "media/rtsp/codecs";
import type { RTSPHandler } from "media/rtsp/handler";
import type { RTSPTrack } from "media/rtsp/track";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";

const PLAN_TABLES = "arcrtc JPEG";
const PLAN_UNITS = "arcrtc picture from RTSP";
const TICKS_PER_MS = 90;

/** Reserves what the feed needs: access units of H.264 and H.265 are joined first. */
export function planPictureFeed(plan: MemoryPlan, codec: string, frameBytes: number): void {
	if (codec === "jpeg") plan.reserve(PLAN_TABLES, JPEG_PACKETIZER_BYTES, "");
	else plan.reserve(PLAN_UNITS, frameBytes, "camera.frameBytes");
}

/**
 * The camera's pictures to the ArcRTC peer, as they are: JPEG frames of the camera, or access units of an RTSP server's H.264 or H.265,
 * which are cut anew for smaller packets and not decoded.
 */
export class PictureFeed implements RTSPHandler {
	/** Why the last picture was refused, in words; "" when it was not. */
	refusal = "";
	readonly #endpoint: Endpoint;
	readonly #log: Logger;
	readonly #packetizer: Packetizer;
	readonly #units: NALPacketizer | undefined;
	readonly #depacketizer: H264Depacketizer | H265Depacketizer | undefined;
	readonly #codec: number;
	/** The peer has to begin with a key frame. */
	#waitsForKey = false;

	constructor(codec: string, endpoint: Endpoint, plan: MemoryPlan, log: Logger) {
		const arena: Arena = plan.allocate();
		this.#endpoint = endpoint;
		this.#log = log;
		this.#codec = codec === "h264" ? CODEC_H264 : CODEC_H265;
		if (codec === "jpeg") {
			this.#packetizer = new JPEGPacketizer(arena, plan.offset(PLAN_TABLES));
			return;
		}
		const at = plan.offset(PLAN_UNITS);
		const size = plan.size(PLAN_UNITS);
		const units = codec === "h264" ? new H264Packetizer(arena, PREFIX_LENGTHS) : new H265Packetizer(arena, PREFIX_LENGTHS);
		this.#units = units;
		this.#packetizer = units;
		this.#depacketizer =
			codec === "h264"
				? new H264Depacketizer(arena, at, size, PREFIX_LENGTHS)
				: new H265Depacketizer(arena, at, size, PREFIX_LENGTHS);
	}

	/** A picture of the camera. */
	frame(frame: Frame): void {
		if (this.#depacketizer !== undefined) return;
		this.give(frame.offset, frame.length, frame.time * TICKS_PER_MS, frame.time);
	}

	/** A session begins: what builds on pictures that the peer has not is of no use. */
	restart(): void {
		this.#waitsForKey = this.#depacketizer !== undefined;
	}

	began(): void {
		this.#depacketizer?.reset();
	}

	packet(track: RTSPTrack, offset: number, length: number, now: number): void {
		const depacketizer = this.#depacketizer;
		if (depacketizer === undefined || track.codec !== this.#codec) return;
		this.#units?.parameterSets(track.setsOffset, track.setsLength);
		let outcome = depacketizer.push(offset, length, track.timestamp, track.marker, track.lost);
		while (outcome === FRAME) {
			if (depacketizer.key) this.#waitsForKey = false;
			if (!this.#waitsForKey) this.give(depacketizer.frameOffset, depacketizer.frameLength, depacketizer.timestamp, now);
			outcome = depacketizer.more();
		}
	}

	ended(): void {}

	private give(offset: number, length: number, timestamp: number, now: number): void {
		const sent = this.#endpoint.sendPicture(this.#packetizer, offset, length, timestamp >>> 0, now);
		// What builds on one that was not sent is of no use either.
		if (!sent && this.#depacketizer !== undefined) this.#waitsForKey = true;
		const refusal = sent ? "" : refusalWords(this.#packetizer.refusal);
		if (refusal !== "" && refusal !== this.refusal)
			this.#log.log(LEVEL_WARNING, "arcrtc", "picture-refused", { reason: refusal });
		this.refusal = refusal;
	}
}
