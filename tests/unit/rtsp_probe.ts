import { Counter, exit, print, readCounters } from "host/host";
import type { LogFields } from "host/logger";
import { AUDIO_CODECS, codecName, VIDEO_CODECS } from "media/rtsp/codecs";
import { planRTSP, RTSPEndpoint } from "media/rtsp/endpoint";
import type { RTSPHandler } from "media/rtsp/handler";
import type { Packetizer } from "media/rtp/format";
import { PictureRelay, type PictureSink } from "unit/rtsp_relay";
import { rtspSettings } from "media/rtsp/settings";
import type { RTSPTrack } from "media/rtsp/track";
import { Datagram } from "net/datagram";
import Resolver from "net/resolver";
import { Stream } from "net/stream";
import { MemoryPlan } from "storage/plan";
import type { Arena } from "storage/arena";
import { monotonic } from "time/clock";
import Timer from "time/timer";

/** Numbers from a seed, for what must not be the same everywhere. */
class Fractions {
	#state = 1;

	fraction(): number {
		this.#state = (Math.imul(this.#state, 1103515245) + 12345) & 0x7fffffff;
		return this.#state / 0x80000000;
	}
}

/** Largest payload of pictures that are cut anew: what fits into a packet of ArcRTC. */
const PAYLOAD = 1126;
const PICTURE_BYTES = 500_000;

/** Counts what comes, and sends the video on as plain RTP: its packets, or its pictures in smaller ones. */
class Watcher implements RTSPHandler, PictureSink {
	endpoint: RTSPEndpoint | undefined;
	video = 0;
	audio = 0;
	lost = 0;
	markers = 0;
	begins = 0;
	ends = 0;
	readonly #arena: Arena;
	readonly #socket: Datagram | undefined;
	readonly #peer: number;
	readonly #relay: PictureRelay | undefined;
	/** Where packets of pictures are made. */
	readonly #packet: number;
	#sequence = 0;
	#type = 96;

	/** Pictures, if they are to be cut anew, and their packets are made in the memory at `offset`. */
	constructor(arena: Arena, port: number, offset: number, anew: boolean) {
		this.#arena = arena;
		this.#packet = offset + PICTURE_BYTES;
		if (anew) this.#relay = new PictureRelay(arena, offset, PICTURE_BYTES, this);
		if (port > 0) this.#socket = new Datagram({ address: "127.0.0.1" });
		this.#peer = this.#socket === undefined ? -1 : this.#socket.peer("127.0.0.1", port);
	}

	began(): void {
		this.begins++;
		this.#relay?.began();
		const { video, audio } = this.endpoint as RTSPEndpoint;
		const sound = audio === undefined ? "none" : codecName(audio.codec) + " " + audio.payloadType + " " + audio.clock;
		print(
			"began " +
				codecName(video.codec) +
				" " +
				video.payloadType +
				" " +
				video.clock +
				" sets " +
				video.setsLength +
				" sound " +
				sound,
		);
	}

	packet(track: RTSPTrack, offset: number, length: number, now: number): void {
		if (!track.video) {
			this.audio++;
			return;
		}
		this.video++;
		if (track.lost) this.lost++;
		if (track.marker) this.markers++;
		this.#type = track.payloadType;
		if (this.#relay !== undefined) this.#relay.packet(track, offset, length, now);
		else this.send(offset, length, track.timestamp, track.marker);
	}

	picturesBegan(codec: number): void {
		print("pictures of " + codecName(codec));
	}

	picture(packetizer: Packetizer, offset: number, length: number, timestamp: number): void {
		const at = this.#packet + 12;
		if (!packetizer.begin(offset, length)) return;
		for (let bytes = packetizer.next(at, PAYLOAD); bytes > 0; bytes = packetizer.next(at, PAYLOAD))
			this.send(at, bytes, timestamp, packetizer.marker);
	}

	picturesEnded(): void {
		print("pictures end");
	}

	private send(offset: number, length: number, timestamp: number, marker: boolean): void {
		if (this.#socket === undefined) return;
		const { view, buffer } = this.#arena;
		view.setUint16(offset - 12, 0x8000 | (marker ? 0x80 : 0) | this.#type);
		view.setUint16(offset - 10, this.#sequence++);
		view.setUint32(offset - 8, timestamp);
		view.setUint32(offset - 4, 1);
		this.#socket.write(buffer, offset - 12, length + 12, this.#peer);
	}

	ended(): void {
		this.ends++;
		this.#relay?.ended(monotonic());
		print("ended");
	}
}

/**
 * `--probe rtsp URL tcp|udp MILLISECONDS [PORT [anew]]`: gets a stream, tells what came, sends the video on to PORT, with "anew" in packets of
 * another size. @returns false when it is another probe.
 */
export function runRTSPProbe(name: string, list: readonly string[]): boolean {
	if (name !== "rtsp") return false;
	const [source, transport, time, port, anew] = list;
	const settings = rtspSettings({ source, transport, packetBytes: 16384 }, VIDEO_CODECS, AUDIO_CODECS);
	const plan = new MemoryPlan();
	planRTSP(plan, settings);
	plan.reserve("pictures", PICTURE_BYTES + 1500, "");
	const watcher = new Watcher(plan.allocate(), Number(port ?? 0), plan.offset("pictures"), anew === "anew");
	const logger = {
		log(_level: number, area: string, event: string, fields?: LogFields): void {
			print(area + " " + event + " " + JSON.stringify(fields ?? {}));
		},
	};
	const io = { Stream, Datagram, Resolver, Timer, monotonic };
	const endpoint = new RTSPEndpoint(settings, plan, io, logger, new Fractions(), watcher);
	watcher.endpoint = endpoint;
	const before = new Int32Array(Counter.COUNT);
	const after = new Int32Array(Counter.COUNT);
	endpoint.start();
	new Timer({ onTimer: () => readCounters(before) }).schedule(Number(time) / 2);
	new Timer({
		onTimer() {
			readCounters(after);
			const { video } = endpoint;
			print("video " + watcher.video + " markers " + watcher.markers + " lost " + watcher.lost + " audio " + watcher.audio);
			print(
				"bytes " + video.bytes + " missing " + video.missing + " late " + video.late + " reports " + (video.ntpHigh > 0 ? 1 : 0),
			);
			print(
				"slots " + (after[Counter.SLOTS] - before[Counter.SLOTS]) + " chunks " + (after[Counter.CHUNKS] - before[Counter.CHUNKS]),
			);
			endpoint.stop(() => {
				print("left");
				endpoint.close();
				exit(0);
			});
		},
	}).schedule(Number(time));
	return true;
}
