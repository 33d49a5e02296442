import { LEVEL_INFO, LEVEL_WARNING, type Logger } from "host/logger";
import { RTSPClient } from "media/rtsp/client";
import { clientBytes, tracksOf } from "media/rtsp/memory";
import type { RTSPLink } from "media/rtsp/link";
import { ORDER_CLOSE, ORDER_NOTHING, ORDER_OPEN, STATE_OPENING, STATE_TEXT } from "media/rtsp/states";
import { CODEC_NONE, codecName } from "media/rtsp/codecs";
import { Failure } from "media/rtsp/failure";
import type { RTSPHandler } from "media/rtsp/handler";
import type { RTSPIO } from "media/rtsp/io";
import type { RTSPSettings } from "media/rtsp/settings";
import { TEXT_SOURCE } from "media/rtsp/texts";
import type { RTSPTrack } from "media/rtsp/track";
import { UDP_TRACK_BYTES, UDPTrack } from "media/rtsp/udp_track";
import type Resolver from "net/resolver";
import type { Stream } from "net/stream";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";
import type { RandomSource } from "time/backoff";
import type Timer from "time/timer";
import { parseAddress } from "wire/address";
import { constantText } from "wire/ascii";
import type { Figures } from "wire/figures";

const PLAN_CLIENT = "RTSP client";
const PLAN_UDP = "RTSP packets (UDP)";
const PLAN_NATIVE = "RTSP sockets (native)";
/** Records of C: stream, resolver, timer, SHA-256; each socket of UDP. */
const NATIVE_BYTES = 2048;
const NATIVE_SOCKET = 512;
/** Reads of a turn of the loop, at most. */
const READS = 8;

/* As net/stream has them. */
const WANT_READ = 1;
const WANT_BOTH = 3;
const END = -1;

const KEY = Object.freeze({
	bytes: constantText("bytes"),
	codec: constantText("codec"),
	failures: constantText("failures"),
	foreign: constantText("foreign"),
	late: constantText("late"),
	malformed: constantText("malformed"),
	missing: constantText("missing"),
	oversized: constantText("oversized"),
	packets: constantText("packets"),
	plays: constantText("plays"),
	restarts: constantText("restarts"),
	rtsp: constantText("rtsp"),
	state: constantText("state"),
	strangers: constantText("strangers"),
	strayFrames: constantText("strayFrames"),
	tracks: constantText("tracks"),
});
const STATES = Object.freeze(STATE_TEXT.map((text) => constantText(text)));
const CODECS = Object.freeze([0, 1, 2, 3, 4, 5, 6, 7, 8].map((codec) => constantText(codecName(codec))));

/** Bytes of the figures at most. */
export const RTSP_FIGURES_BYTES = 800;

/** Reserves what an {@link RTSPEndpoint} needs. */
export function planRTSP(plan: MemoryPlan, settings: RTSPSettings): void {
	const sockets = settings.udp ? 2 * tracksOf(settings) : 0;
	plan.reserve(PLAN_CLIENT, clientBytes(settings), "camera.packetBytes");
	if (settings.udp) plan.reserve(PLAN_UDP, tracksOf(settings) * UDP_TRACK_BYTES, "camera.transport");
	plan.note(PLAN_NATIVE, NATIVE_BYTES + sockets * NATIVE_SOCKET, "");
}

/** Gets a stream from an RTSP server over the host's sockets, again and again. Everything is made at boot. */
export class RTSPEndpoint implements RTSPLink, RTSPHandler {
	readonly client: RTSPClient;
	readonly #io: RTSPIO;
	readonly #settings: RTSPSettings;
	readonly #logger: Logger;
	readonly #handler: RTSPHandler;
	readonly #arena: Arena;
	readonly #stream: Stream;
	readonly #resolver: Resolver;
	readonly #timer: Timer;
	readonly #sockets: UDPTrack[] = [];
	/** What the timer is armed for. */
	#armed = Infinity;
	#address = "";
	/** Attempts whose failure was told. */
	#told = 0;
	#writes = false;
	#given = false;
	#done: (() => void) | undefined;

	/** @throws Error when UDP is wanted and its ports cannot be had. */
	constructor(settings: RTSPSettings, plan: MemoryPlan, io: RTSPIO, logger: Logger, random: RandomSource, handler: RTSPHandler) {
		const arena = plan.allocate();
		this.#io = io;
		this.#settings = settings;
		this.#logger = logger;
		this.#handler = handler;
		this.#arena = arena;
		this.client = new RTSPClient(arena, plan.offset(PLAN_CLIENT), settings, this, this, random);
		this.#timer = new io.Timer({ onTimer: () => this.due() });
		this.#resolver = new io.Resolver({ onResolved: (address) => this.resolved(address) });
		this.#stream = new io.Stream({
			onReadable: () => this.readable(),
			onWritable: () => this.writable(),
			onError: () => this.broken(),
		});
		if (!settings.udp) return;
		const local = settings.url.host.indexOf(":") >= 0 ? "::" : "0.0.0.0";
		const { tracks } = this.client;
		const changed = (): void => this.obey();
		for (let i = 0; i < tracks.length; i++) {
			const at = plan.offset(PLAN_UDP) + i * UDP_TRACK_BYTES;
			this.#sockets.push(new UDPTrack(io, arena, at, this.client, tracks[i], local, changed));
		}
	}

	/** The video's format and figures. */
	get video(): RTSPTrack {
		return this.client.tracks[0];
	}

	/** Those of the sound; undefined when none is wanted or offered. */
	get audio(): RTSPTrack | undefined {
		const track: RTSPTrack | undefined = this.client.tracks[1];
		return track === undefined || track.codec === CODEC_NONE ? undefined : track;
	}

	start(): void {
		this.client.start(this.#io.monotonic());
		this.obey();
	}

	/** Says goodbye; `done` comes at once, or within a second. */
	stop(done: () => void): void {
		this.#done = done;
		this.client.stop(this.#io.monotonic());
		this.obey();
	}

	close(): void {
		this.#timer.close();
		this.#resolver.close();
		this.#stream.close();
		for (let i = 0; i < this.#sockets.length; i++) this.#sockets[i].close();
		this.client.close();
	}

	writeFigures(figures: Figures): void {
		const { client } = this;
		figures.open(KEY.rtsp);
		figures.text(KEY.state, STATES[client.state]);
		figures.number(KEY.plays, client.reception.plays);
		figures.number(KEY.failures, client.failures);
		figures.number(KEY.strayFrames, client.reception.strayFrames);
		let oversized = client.input.oversized;
		let strangers = 0;
		for (let i = 0; i < this.#sockets.length; i++) {
			oversized += this.#sockets[i].oversized;
			strangers += this.#sockets[i].strangers;
		}
		figures.number(KEY.oversized, oversized);
		figures.number(KEY.strangers, strangers);
		figures.openList(KEY.tracks);
		for (let i = 0; i < client.tracks.length; i++) {
			const track = client.tracks[i];
			figures.open();
			figures.text(KEY.codec, CODECS[track.codec]);
			figures.number(KEY.packets, track.packets);
			figures.number(KEY.bytes, track.bytes);
			figures.number(KEY.missing, track.missing);
			figures.number(KEY.late, track.late);
			figures.number(KEY.malformed, track.malformed);
			figures.number(KEY.foreign, track.foreign);
			figures.number(KEY.restarts, track.restarts);
			figures.close();
		}
		figures.closeList();
		figures.close();
	}

	/* For the client: what it tells its owner goes on to the handler. */

	began(now: number): void {
		const { host, port } = this.client;
		const codec = codecName(this.video.codec);
		this.#logger.log(LEVEL_INFO, "rtsp", "playing", { host, port, codec, transport: this.#settings.udp ? "udp" : "tcp" });
		this.#handler.began(now);
	}

	packet(track: RTSPTrack, offset: number, length: number, now: number): void {
		this.#given = true;
		this.#handler.packet(track, offset, length, now);
	}

	ended(now: number): void {
		for (let i = 0; i < this.#sockets.length; i++) this.#sockets[i].release();
		this.#handler.ended(now);
	}

	port(track: number): number {
		return this.#sockets[track].port;
	}

	located(index: number): boolean {
		const { texts, tracks } = this.client;
		let address = this.#address;
		/* Another address for the packets counts when it is one: some servers name a host, or 0.0.0.0. */
		if (texts.length(TEXT_SOURCE) > 0) {
			const source = texts.text(TEXT_SOURCE);
			const octets = new Uint8Array(16);
			if (parseAddress(source, octets, 0) === 4 && octets[0] !== 0) address = source;
		}
		const { port, controlPort } = tracks[index];
		return port < 0x10000 && controlPort < 0x10000 && this.#sockets[index].locate(address, port, controlPort);
	}

	report(track: number, offset: number, length: number): void {
		this.#sockets[track].report(offset, length);
	}

	left(): void {
		const done = this.#done;
		this.#done = undefined;
		if (done !== undefined) done();
	}

	/** Does what the client wants by now. */
	private obey(): void {
		const { client } = this;
		const now = this.#io.monotonic();
		if (this.#given) {
			this.#given = false;
			this.#handler.turnEnded?.(now);
		}
		if (client.order !== ORDER_NOTHING) this.change(now);
		if (client.outputLength > 0 && !this.#writes) this.flush(now);
		if (this.#told !== client.failures) this.tell();
		this.arm(now);
	}

	private change(now: number): void {
		const { client } = this;
		const { order } = client;
		client.order = ORDER_NOTHING;
		this.#resolver.cancel();
		this.#stream.close();
		this.#writes = false;
		if (order === ORDER_CLOSE) {
			for (let i = 0; i < this.#sockets.length; i++) this.#sockets[i].release();
			return;
		}
		if (order === ORDER_OPEN) this.#resolver.resolve(client.host);
		if (client.order !== ORDER_NOTHING) this.change(now);
	}

	private resolved(address: string | undefined): void {
		const { client } = this;
		if (client.state !== STATE_OPENING || this.#stream.opened) return;
		const now = this.#io.monotonic();
		if (address === undefined) client.lost(Failure.NAME, now);
		else {
			this.#address = address;
			if (this.#stream.connect(address, client.port) < 0) client.lost(Failure.CONNECT, now);
		}
		this.obey();
	}

	private writable(): void {
		const now = this.#io.monotonic();
		if (this.client.state === STATE_OPENING) {
			this.#stream.want(WANT_READ);
			this.client.opened(now);
		} else this.flush(now);
		this.obey();
	}

	/** Sends what the client has written; what the host does not take now goes when it can. */
	private flush(now: number): void {
		const { client } = this;
		while (client.outputLength > 0) {
			const count = this.#stream.write(this.#arena.buffer, client.outputOffset, client.outputLength);
			if (count <= 0) break;
			client.sent(count, now);
		}
		const waits = client.outputLength > 0;
		if (waits === this.#writes) return;
		this.#writes = waits;
		this.#stream.want(waits ? WANT_BOTH : WANT_READ);
	}

	private readable(): void {
		const { client } = this;
		const { input } = client;
		const now = this.#io.monotonic();
		for (let i = 0; i < READS && client.order === ORDER_NOTHING; i++) {
			const { room } = input;
			const count = this.#stream.read(this.#arena.buffer, input.roomOffset, room);
			if (count > 0) client.received(count, now);
			else if (count < 0) client.lost(count === END ? Failure.ENDED : Failure.LOST, now);
			if (count < room) break;
		}
		this.obey();
	}

	private broken(): void {
		const { client } = this;
		client.lost(client.state === STATE_OPENING ? Failure.CONNECT : Failure.LOST, this.#io.monotonic());
		this.obey();
	}

	private due(): void {
		const now = this.#io.monotonic();
		this.#armed = Infinity;
		for (let i = 0; i < this.#sockets.length; i++) this.#sockets[i].tick(now);
		if (now >= this.client.deadline) this.client.tick(now);
		this.obey();
	}

	/** Never the URL: user, password and path stay out of logs. */
	private tell(): void {
		const { client } = this;
		this.#told = client.failures;
		const { host, port } = client;
		this.#logger.log(LEVEL_WARNING, "rtsp", "failed", {
			host,
			port,
			reason: client.reason,
			retry: Math.round(client.retry / 1000),
		});
	}

	private arm(now: number): void {
		let due = this.client.deadline;
		for (let i = 0; i < this.#sockets.length; i++) {
			const { deadline } = this.#sockets[i];
			if (deadline < due) due = deadline;
		}
		if (due === this.#armed) return;
		this.#armed = due;
		if (due === Infinity) this.#timer.cancel();
		else this.#timer.schedule(due > now ? due - now : 0);
	}
}
