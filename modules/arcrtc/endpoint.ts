import type { Agreement } from "arcrtc/agreement";
import { DATAGRAM_LIMIT, FIRST_RTP, FRAME_LENGTH, HEADROOM, LAST_STUN, SIGNALLING } from "arcrtc/constants";
import { DirectPath, type PathWriter } from "arcrtc/direct_path";
import type { MediaPacket } from "arcrtc/media_packet";
import type { ArcIO } from "arcrtc/io";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import { derivePath } from "arcrtc/key_derivation";
import { type MediaOwner, MediaSession } from "arcrtc/media_session";
import { RECEIVED_BLOCK } from "arcrtc/media_shape";
import { type ArcSettings, PLAN_INBOX, PLAN_MESSAGE, PLAN_OUTBOX, PLAN_PATH, PLAN_RECEIVED, PLAN_REST } from "arcrtc/options";
import { SESSION_OPEN, Session, type SessionOwner } from "arcrtc/session";
import { type LinkOwner, SignallingLink } from "arcrtc/signalling_link";
import type { OfferedStream } from "arcrtc/stream_terms";
import { SUITE_NAMES } from "arcrtc/words";
import { random } from "crypto/crypto";
import { LEVEL_INFO, LEVEL_WARNING, type Logger } from "host/logger";
import type { Packetizer } from "media/rtp/format";
import { type Datagram, DatagramStatus } from "net/datagram";
import type { DatagramWriter } from "net/packet_queue";
import { type PacketHandler, PacketReceiver } from "net/packet_receiver";
import type { MemoryPlan } from "storage/plan";
import { PacketPool } from "storage/pool";
import { Backoff, type RandomSource } from "time/backoff";
import type Timer from "time/timer";

/** Ways of media. */
export const PATH_NONE = 0;
export const PATH_DIRECT = 1;
export const PATH_TCP = 2;
export const PATH_TEXT = Object.freeze(["none", "direct", "tcp"]);

/** Addresses that the socket remembers: more than are read at a time. */
const PEERS = 40;

/** Who plays what comes and makes what is sent. */
export interface ArcOwner {
	/** A packet of sound, good during the call. */
	heard(packet: MediaPacket, now: number): void;
	/** The next packet of the video, in order, and that all were given that are due. */
	seen(jitter: JitterBuffer, now: number): void;
	seenAll(now: number): void;
	/** The session is open, the peer sends; it does not any more. */
	opened(agreement: Agreement): void;
	streamStarted(stream: OfferedStream): void;
	ended(): void;
	/** The peer needs a key frame; another quality is wanted, a number of `LEVELS`. */
	keyFrameWanted(): void;
	qualityWanted(level: number): void;
}

export interface EndpointOptions {
	readonly settings: ArcSettings;
	readonly plan: MemoryPlan;
	readonly io: ArcIO;
	readonly log: Logger;
	readonly random: RandomSource;
	readonly owner: ArcOwner;
}

/**
 * An ArcRTC peer on the network: one connection for messages, one UDP socket for media, one timer. It keeps its session for ever: what is
 * lost begins anew after a pause that grows. Everything is made in the constructor.
 */
export class Endpoint implements SessionOwner, MediaOwner, LinkOwner, PathWriter, DatagramWriter, PacketHandler {
	readonly media: MediaSession;
	readonly session: Session;
	readonly link: SignallingLink;
	readonly direct: DirectPath;
	readonly receiver: PacketReceiver;
	/** PATH_NONE, PATH_DIRECT or PATH_TCP. */
	path = PATH_NONE;
	/** Sessions that were opened, and connections that failed; changes of the path. */
	sessions = 0;
	failures = 0;
	switches = 0;
	readonly #settings: ArcSettings;
	readonly #io: ArcIO;
	readonly #log: Logger;
	readonly #owner: ArcOwner;
	readonly #datagram: Datagram;
	readonly #timer: Timer;
	readonly #backoff: Backoff;
	readonly #bytes: Uint8Array;
	readonly #buffer: ArrayBuffer;
	#armed = Infinity;
	/** When to connect again; when media take another way. */
	#retryAt = Infinity;
	#fallbackAt = Infinity;
	/** When something authentic came last over the path. */
	#heard = 0;
	#running = false;
	#told = "";

	/** @throws Error naming the address that cannot be bound. */
	constructor(options: EndpointOptions) {
		const { settings, plan, io, log, owner } = options;
		const arena = plan.allocate();
		this.#settings = settings;
		this.#io = io;
		this.#log = log;
		this.#owner = owner;
		this.#bytes = arena.bytes;
		this.#buffer = arena.buffer;
		this.#backoff = new Backoff({ ...settings.retry, jitter: 0.2, random: options.random });
		const source = new DataView(new ArrayBuffer(4));
		random(source.buffer as ArrayBuffer, 0, 4);
		const { shape, session } = settings;
		this.media = new MediaSession({
			shape,
			plan,
			suite: session.abilities.suites[0],
			auth: session.abilities.auths[0],
			writer: this,
			owner: this,
			ssrc: source.getUint32(0) || 1,
		});
		this.session = new Session({
			settings: session,
			arena,
			room: plan.offset(PLAN_MESSAGE) + FRAME_LENGTH,
			media: this.media,
			owner: this,
		});
		this.link = new SignallingLink({
			io,
			arena,
			inbox: plan.offset(PLAN_INBOX),
			inboxBytes: plan.size(PLAN_INBOX),
			rest: plan.offset(PLAN_REST),
			restBytes: plan.size(PLAN_REST),
			outbox: plan.offset(PLAN_OUTBOX),
			remote: settings.connect,
			listen: settings.listen,
			owner: this,
		});
		this.link.onDrained = () => this.drained();
		this.direct = new DirectPath(arena, plan.offset(PLAN_PATH), this);
		this.#datagram = new io.Datagram({
			port: settings.port,
			peers: PEERS,
			onReadable: () => this.readable(),
			onWritable: () => this.drained(),
		});
		const pool = new PacketPool(arena, plan.offset(PLAN_RECEIVED), settings.ahead, RECEIVED_BLOCK);
		this.receiver = new PacketReceiver({
			arena,
			pool,
			headroom: HEADROOM,
			limit: DATAGRAM_LIMIT,
			reader: this.#datagram,
			handler: this,
			ahead: settings.ahead,
		});
		this.#timer = new io.Timer({
			onTimer: () => {
				this.#armed = Infinity;
				this.turn();
			},
		});
	}

	/** Begins to look for the peer, for ever. */
	start(): void {
		this.#running = true;
		this.#retryAt = this.#io.monotonic();
		this.turn();
	}

	/** Ends the session in order. */
	stop(): void {
		this.#running = false;
		this.session.stop("user_request");
		this.link.drop();
	}

	/** Frees what is native. */
	close(): void {
		this.stop();
		this.#timer.close();
		this.link.close();
		this.#datagram.close();
		this.media.close();
	}

	/** UDP port of media. */
	get port(): number {
		return this.#datagram.port;
	}

	/** Sends a packet of sound, see `OutgoingMedia.sendAudio`. */
	sendAudio(offset: number, length: number, timestamp: number, now: number): boolean {
		if (this.path === PATH_NONE) return false;
		const sent = this.media.outgoing.sendAudio(offset, length, timestamp, now, this.#io.wall());
		if (this.media.queue.deadline < this.#armed) this.arm(now);
		return sent;
	}

	/** Sends a picture, see `OutgoingMedia.sendPicture`. */
	sendPicture(packetizer: Packetizer, offset: number, length: number, timestamp: number, now: number): boolean {
		if (this.path === PATH_NONE) return false;
		const sent = this.media.outgoing.sendPicture(packetizer, offset, length, timestamp, now, this.#io.wall());
		if (this.media.queue.deadline < this.#armed) this.arm(now);
		return sent;
	}

	/* What the media session sends, on the way that is used. */

	write(buffer: ArrayBuffer, offset: number, length: number, peer: number, trafficClass = 0): number {
		if (this.path === PATH_DIRECT) {
			const result = this.#datagram.write(buffer, offset, length, this.direct.peer, trafficClass);
			if (result === DatagramStatus.AGAIN) this.#datagram.want(3);
			return result;
		}
		if (this.path !== PATH_TCP) return DatagramStatus.FAILED;
		const result = this.link.idle ? this.link.writer.write(buffer, offset, length, peer) : DatagramStatus.AGAIN;
		if (result === DatagramStatus.AGAIN || this.link.writer.waiting) this.link.wantWritable();
		return result;
	}

	/* What comes over UDP. */

	received(block: number, offset: number, length: number, source: number, now: number): number {
		const first = this.#bytes[offset];
		if (length >= 2 && first >= FIRST_RTP) this.take(offset, length, now);
		else if (length > 0 && first <= LAST_STUN) {
			if (this.direct.received(offset, length, source, now)) this.found(now);
		} else this.media.drops.format++;
		return block;
	}

	turnEnded(): void {
		this.turn();
	}

	check(offset: number, length: number, peer: number): void {
		this.#datagram.write(this.#buffer, offset, length, peer);
	}

	peerAddress(peer: number): string {
		return this.#datagram.peerAddress(peer);
	}

	peerPort(peer: number): number {
		return this.#datagram.peerPort(peer);
	}

	/* The connection. */

	linkUp(): void {
		this.#told = "";
		this.session.start(this.#io.monotonic());
		this.turn();
	}

	linkDown(reason: string): void {
		this.failures++;
		this.session.lost(reason);
		this.again(reason);
	}

	frame(offset: number, length: number, first: number): void {
		const now = this.#io.monotonic();
		if (first === SIGNALLING) {
			if (!this.session.received(offset, length, now)) this.linkEnds("three broken messages in 10 s");
		} else if (first >= FIRST_RTP && length >= 2) this.take(offset, length, now);
		else this.media.drops.format++;
	}

	framesEnded(): void {
		this.turn();
	}

	tooLong(first: number): void {
		if (first !== SIGNALLING) this.media.drops.format++;
		else this.session.tooLong();
	}

	/* The session. */

	message(offset: number, length: number): void {
		this.link.message(offset, length);
	}

	get localAddress(): string {
		return this.link.localAddress;
	}

	get localPort(): number {
		return this.#datagram.port;
	}

	candidate(address: string, port: number): void {
		this.direct.candidate(this.#datagram.peer(address, port));
	}

	opened(agreement: Agreement, master: ArrayBuffer): void {
		const now = this.#io.monotonic();
		const { sessionId, peerId } = this.#settings.session;
		const key = new ArrayBuffer(32);
		derivePath(master, key);
		this.direct.begin(key, sessionId + ":" + peerId, sessionId + ":" + agreement.peerId, now);
		new Uint8Array(key).fill(0);
		this.sessions++;
		this.#backoff.reset();
		this.#heard = now;
		this.#fallbackAt = now + this.#settings.fallback;
		this.#log.log(LEVEL_INFO, "arcrtc", "opened", {
			peer: agreement.peerId,
			suite: SUITE_NAMES[agreement.suite],
			audio: agreement.audio,
			video: agreement.video,
		});
		this.#owner.opened(agreement);
	}

	streamStarted(stream: OfferedStream): void {
		this.#log.log(LEVEL_INFO, "arcrtc", "stream-started", { audio: stream.audioCodec, video: stream.videoCodec });
		this.#owner.streamStarted(stream);
	}

	streamStopped(): void {
		this.#log.log(LEVEL_INFO, "arcrtc", "stream-stopped");
	}

	closed(reason: string): void {
		this.path = PATH_NONE;
		this.#fallbackAt = Infinity;
		this.direct.end();
		this.media.queue.clear();
		this.#owner.ended();
		this.linkEnds(reason);
	}

	wall(): number {
		return this.#io.wall();
	}

	/* Media. */

	heard(packet: MediaPacket, now: number): void {
		this.#owner.heard(packet, now);
	}

	seen(jitter: JitterBuffer, now: number): void {
		this.#owner.seen(jitter, now);
	}

	seenAll(now: number): void {
		this.#owner.seenAll(now);
	}

	keyFrameWanted(): void {
		this.#owner.keyFrameWanted();
	}

	qualityWanted(level: number): void {
		this.#owner.qualityWanted(level);
	}

	private take(offset: number, length: number, now: number): void {
		if (!this.media.received(offset, length, now)) return;
		this.#heard = now;
		this.session.heard(now);
	}

	private readable(): void {
		this.receiver.drain(this.#io.monotonic());
	}

	/** The host takes packets again. */
	private drained(): void {
		const now = this.#io.monotonic();
		this.#datagram.want(1);
		this.media.queue.flush(now);
		this.turn();
	}

	/** The direct way was found. */
	private found(now: number): void {
		this.#heard = now;
		this.use(PATH_DIRECT, now);
	}

	private use(path: number, now: number): void {
		if (this.path === path) return;
		this.path = path;
		this.switches++;
		this.#fallbackAt = Infinity;
		this.media.pathChanged(path === PATH_TCP, now);
		this.#log.log(LEVEL_INFO, "arcrtc", "path", { path: PATH_TEXT[path] });
	}

	private linkEnds(reason: string): void {
		this.link.drop();
		if (this.session.state === SESSION_OPEN) this.session.lost(reason);
		this.again(reason);
	}

	/** Tries again after a while; one that listens only waits. */
	private again(reason: string): void {
		if (!this.#running || this.#retryAt !== Infinity) return;
		const wait = this.#backoff.next();
		if (this.#settings.connect !== undefined) this.#retryAt = this.#io.monotonic() + wait;
		if (reason !== this.#told) this.#log.log(LEVEL_WARNING, "arcrtc", "closed", { reason, retry: Math.round(wait) / 1000 });
		this.#told = reason;
		this.arm(this.#io.monotonic());
	}

	private turn(): void {
		const now = this.#io.monotonic();
		if (now >= this.#retryAt) {
			this.#retryAt = Infinity;
			this.link.connect();
		}
		this.session.tick(now);
		if (this.session.state === SESSION_OPEN) {
			this.direct.tick(now);
			this.watchPath(now);
			this.media.turn(now, this.#io.wall());
		}
		this.arm(now);
	}

	private watchPath(now: number): void {
		if (now >= this.#fallbackAt) {
			this.#fallbackAt = Infinity;
			if (this.path === PATH_NONE) this.use(PATH_TCP, now);
		}
		if (this.path !== PATH_DIRECT) return;
		const heard = this.direct.heard > this.#heard ? this.direct.heard : this.#heard;
		if (now - heard < this.#settings.pathDead) return;
		// Sound and pictures go on over the connection while another way is looked for.
		this.direct.search(now);
		this.use(PATH_TCP, now);
	}

	private arm(now: number): void {
		let deadline = this.#retryAt;
		let other = this.session.deadline;
		if (other < deadline) deadline = other;
		if (this.session.state === SESSION_OPEN) {
			other = this.media.deadline(now);
			if (other < deadline) deadline = other;
			other = this.direct.deadline;
			if (other < deadline) deadline = other;
			if (this.#fallbackAt < deadline) deadline = this.#fallbackAt;
			if (this.path === PATH_DIRECT) {
				other = this.#heard + this.#settings.pathDead;
				if (other < now + 1) other = now + 100;
				if (other < deadline) deadline = other;
			}
		}
		if (deadline === this.#armed) return;
		this.#armed = deadline;
		if (deadline === Infinity) this.#timer.cancel();
		else this.#timer.schedule(deadline > now ? deadline - now : 0);
	}
}
