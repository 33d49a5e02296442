import { Counter, exit, print, readCounters } from "host/host";
import type { LogFields } from "host/logger";
import { AUDIO_CODECS, codecName, VIDEO_CODECS } from "media/rtsp/codecs";
import { planRTSP, RTSPEndpoint } from "media/rtsp/endpoint";
import type { RTSPHandler } from "media/rtsp/handler";
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

/** Counts what comes, and sends the video's packets on as plain RTP. */
class Watcher implements RTSPHandler {
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
	#sequence = 0;

	constructor(arena: Arena, port: number) {
		this.#arena = arena;
		if (port > 0) this.#socket = new Datagram({ address: "127.0.0.1" });
		this.#peer = this.#socket === undefined ? -1 : this.#socket.peer("127.0.0.1", port);
	}

	began(): void {
		this.begins++;
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

	packet(track: RTSPTrack, offset: number, length: number): void {
		if (!track.video) {
			this.audio++;
			return;
		}
		this.video++;
		if (track.lost) this.lost++;
		if (track.marker) this.markers++;
		if (this.#socket === undefined) return;
		const { view, buffer } = this.#arena;
		view.setUint16(offset - 12, 0x8000 | (track.marker ? 0x80 : 0) | track.payloadType);
		view.setUint16(offset - 10, this.#sequence++);
		view.setUint32(offset - 8, track.timestamp);
		view.setUint32(offset - 4, 1);
		this.#socket.write(buffer, offset - 12, length + 12, this.#peer);
	}

	ended(): void {
		this.ends++;
		print("ended");
	}
}

/** `--probe rtsp URL tcp|udp MILLISECONDS [PORT]`: gets a stream, tells what came, sends the video on to PORT. @returns false when it is another probe. */
export function runRTSPProbe(name: string, list: readonly string[]): boolean {
	if (name !== "rtsp") return false;
	const [source, transport, time, port] = list;
	const settings = rtspSettings({ source, transport, packetBytes: 16384 }, VIDEO_CODECS, AUDIO_CODECS);
	const plan = new MemoryPlan();
	planRTSP(plan, settings);
	const watcher = new Watcher(plan.allocate(), Number(port ?? 0));
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
