import { PAYLOAD_LIMIT } from "arcrtc/constants";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import type { MediaPacket } from "arcrtc/media_packet";
import { codecOfName } from "arcrtc/codecs";
import { replace } from "files/files";
import { encodingOf } from "media/rtp/codecs";
import { RTP_HEADER, writeRTP } from "media/rtp/rtp_header";
import { Datagram } from "net/datagram";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";
import type { HostPort } from "wire/host_port";

const PLAN_OUTPUT = "arcrtc plain RTP";
const ROOM = RTP_HEADER + PAYLOAD_LIMIT;

export interface RTPTarget {
	readonly video: HostPort | undefined;
	readonly audio: HostPort | undefined;
	/** File that describes the streams for players (RFC 8866); "" for none. */
	readonly description: string;
}

export function planRTPOutput(plan: MemoryPlan): void {
	plan.reserve(PLAN_OUTPUT, ROOM, "arcrtc.output");
}

/**
 * What an ArcRTC peer sends, as plain RTP to a player or a recorder beside the device (ARC-W3): numbers and times go on as they
 * are, payloads too. A file says what comes, so that `ffplay` and others can play it.
 */
export class RTPOutput {
	/** Packets sent, and those that the host refused: nobody listens. */
	packets = 0;
	refused = 0;
	readonly #arena: Arena;
	readonly #at: number;
	readonly #socket: Datagram;
	readonly #target: RTPTarget;
	readonly #video: number;
	readonly #audio: number;
	#videoSource = 1;

	constructor(target: RTPTarget, plan: MemoryPlan) {
		this.#arena = plan.allocate();
		this.#at = plan.offset(PLAN_OUTPUT) + RTP_HEADER;
		this.#target = target;
		this.#socket = new Datagram({});
		this.#socket.want(0);
		this.#video = target.video === undefined ? -1 : this.#socket.peer(target.video.host, target.video.port);
		this.#audio = target.audio === undefined ? -1 : this.#socket.peer(target.audio.host, target.audio.port);
	}

	/** A stream of the peer begins: its codecs, "" for none, as signalled; sound has `channels`. @returns "" or why the file cannot be written. */
	began(video: string, videoType: number, audio: string, audioType: number): string {
		const { description, video: to, audio: heard } = this.#target;
		this.#videoSource = (this.#videoSource % 0xffff) + 1;
		if (description === "") return "";
		let text = "v=0\r\no=- 0 " + this.#videoSource + " IN IP4 127.0.0.1\r\ns=Fletcher\r\nt=0 0\r\n";
		if (video !== "" && to !== undefined) text += media("video", to, videoType, encodingOf(codecOfName(video)) + "/90000");
		if (audio !== "" && heard !== undefined)
			text += media("audio", heard, audioType, encodingOf(codecOfName(audio)) + "/48000/2");
		const bytes = ArrayBuffer.fromString(text);
		return replace(description, bytes, 0, bytes.byteLength, 0o644);
	}

	video(jitter: JitterBuffer): void {
		const { offset, length, payloadType, marker, number, timestamp } = jitter;
		if (this.#video >= 0) this.send(this.#video, offset, length, payloadType, marker, number, timestamp, this.#videoSource);
	}

	audio(packet: MediaPacket): void {
		if (this.#audio < 0) return;
		const { payload, payloadLength, payloadType, marker, extendedSequence, timestamp } = packet;
		this.send(
			this.#audio,
			payload,
			payloadLength,
			payloadType,
			marker,
			extendedSequence % 0x10000,
			timestamp,
			0x10000 + this.#videoSource,
		);
	}

	close(): void {
		this.#socket.close();
	}

	private send(
		peer: number,
		offset: number,
		length: number,
		type: number,
		marker: boolean,
		sequence: number,
		timestamp: number,
		ssrc: number,
	): void {
		const { bytes, view, buffer } = this.#arena;
		const at = this.#at;
		bytes.copyWithin(at, offset, offset + length);
		const start = writeRTP(view, at, type, marker, sequence & 0xffff, timestamp, ssrc, -1, 0, 0);
		if (this.#socket.write(buffer, start, at - start + length, peer) < 0) this.refused++;
		else this.packets++;
	}
}

function media(kind: string, to: HostPort, type: number, encoding: string): string {
	const lines = "m=" + kind + " " + to.port + " RTP/AVP " + type + "\r\nc=IN IP4 " + to.host + "\r\n";
	return lines + "a=rtpmap:" + type + " " + encoding + "\r\n";
}
