import type { Agreement } from "arcrtc/agreement";
import { DATAGRAM_LIMIT, FIRST_RTP, FRAME_LENGTH, HEADROOM, LAST_STUN, SIGNALLING } from "arcrtc/constants";
import { DirectPath, type PathWriter } from "arcrtc/direct_path";
import type { MediaPacket } from "arcrtc/media_packet";
import type { ArcIO } from "arcrtc/io";
import type { JitterBuffer } from "arcrtc/jitter_buffer";
import { OPEN_HEADROOM } from "arcrtc/held_packets";
import { derivePath } from "arcrtc/key_derivation";
import { type MediaOwner, MediaSession } from "arcrtc/media_session";
import type { ArcOwner, EndpointOptions } from "arcrtc/endpoint_options";
import { RECEIVED_BLOCK } from "arcrtc/media_shape";
import { type ArcSettings, PLAN_INBOX, PLAN_MESSAGE, PLAN_OUTBOX, PLAN_PATH, PLAN_RECEIVED, PLAN_REST } from "arcrtc/options";
import { SESSION_OPEN, Session } from "arcrtc/session";
import type { SessionOwner } from "arcrtc/session_options";
import { type LinkOwner, SignallingLink } from "arcrtc/signalling_link";
import type { OfferedStream } from "arcrtc/stream_terms";
import { SUITE_NAMES } from "arcrtc/words";
import { random } from "crypto/crypto";
import { LEVEL_INFO, LEVEL_WARNING, type Logger } from "host/logger";
import type { Packetizer } from "media/rtp/format";
import { type Datagram, DatagramStatus } from "net/datagram";
import type { DatagramWriter } from "net/packet_queue";
import { type PacketHandler, PacketReceiver } from "net/packet_receiver";
import { PacketPool } from "storage/pool";
import { Backoff } from "time/backoff";
import type Timer from "time/timer";

/** Ways of media. */
export const PATH_NONE = 0;
export const PATH_DIRECT = 1;
export const PATH_TCP = 2;
export const PATH_TEXT = Object.freeze(["none", "direct", "tcp"]);

/** The connection is made within so many ms, or is tried again later. */
const CONNECT_MS = 5000;
/** Share of a pause by which it may be shorter or longer. */
const SPREAD = 0.2;

/** Both ends change from the connection to a direct way within so many ms. */
const CROSSING_MS = 500;
const BROKEN = "three broken messages in 10 s";

/** Addresses that the socket remembers: more than are read at a time. */
const PEERS = 40;

export type { ArcOwner, EndpointOptions };

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
	#connectBy = Infinity;
	#switchedAt = 0;
	/** Of the last heartbeat that media were told of, ms; -1: none on this path. */
	#roundTrip = -1;
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
		// What is random is added to the shortest.
		const { first, limit } = settings.retry;
		const shortest = 1 - SPREAD;
		this.#backoff = new Backoff({
			first: first * shortest,
			limit: limit * shortest,
			jitter: (2 * SPREAD) / shortest,
			random: options.random,
		});
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
			inbox: plan.offset(PLAN_INBOX) + OPEN_HEADROOM,
			inboxBytes: plan.size(PLAN_INBOX) - OPEN_HEADROOM,
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
		if (length >= 2 && first >= FIRST_RTP) {
			if (this.take(offset, length, now)) this.direct.heard = now;
		} else if (length > 0 && first <= LAST_STUN) {
			if (this.direct.received(offset, length, source, now)) this.found(now);
			// Who only receives learns nothing of it by reports.
			if (this.path === PATH_DIRECT) this.media.feedback.observeRoundTrip(this.direct.roundTrip);
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

	keep(peer: number): number {
		return this.#datagram.peer(this.#datagram.peerAddress(peer), this.#datagram.peerPort(peer));
	}

	forget(peer: number): void {
		this.#datagram.forget(peer);
	}

	linkUp(): void {
		this.#connectBy = Infinity;
		if (!this.#running) {
			this.link.drop();
			return;
		}
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
			if (!this.session.received(offset, length, now)) this.linkEnds(BROKEN);
			const { roundTrip } = this.session;
			if (roundTrip !== this.#roundTrip) this.media.feedback.observeRoundTrip(roundTrip);
			this.#roundTrip = roundTrip;
		} else if (first >= FIRST_RTP && length >= 2) {
			if (this.take(offset, length, now)) this.heardOverLink(now);
		} else this.media.drops.format++;
	}

	framesEnded(): void {
		this.turn();
	}

	tooLong(first: number): void {
		if (first !== SIGNALLING) this.media.drops.format++;
		else if (!this.session.tooLong(this.#io.monotonic())) this.linkEnds(BROKEN);
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
		this.#told = "";
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

	ended(): void {
		this.path = PATH_NONE;
		this.#fallbackAt = Infinity;
		this.direct.end();
		this.#owner.ended();
	}

	closed(reason: string): void {
		// Of a peer that told its addresses and got no session.
		this.direct.end();
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

	private take(offset: number, length: number, now: number): boolean {
		if (!this.media.received(offset, length, now)) return false;
		this.session.heard(now);
		return true;
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
		this.use(PATH_DIRECT, now);
	}

	private use(path: number, now: number): void {
		if (this.path === path) return;
		this.path = path;
		this.#switchedAt = now;
		this.switches++;
		this.#fallbackAt = Infinity;
		this.media.pathChanged(path === PATH_TCP, now);
		this.#roundTrip = -1;
		this.#log.log(LEVEL_INFO, "arcrtc", "path", { path: PATH_TEXT[path] });
	}

	private linkEnds(reason: string): void {
		this.link.drop();
		if (this.session.state === SESSION_OPEN) this.session.lost(reason);
		this.again(reason);
	}

	/** Tries again after a while; one that listens only waits. */
	private again(reason: string): void {
		this.#connectBy = Infinity;
		if (!this.#running || this.#retryAt !== Infinity) return;
		const connects = this.#settings.connect !== undefined;
		const wait = connects ? this.#backoff.next() : 0;
		if (connects) this.#retryAt = this.#io.monotonic() + wait;
		if (reason !== this.#told) this.#log.log(LEVEL_WARNING, "arcrtc", "closed", { reason, retry: Math.round(wait) / 1000 });
		this.#told = reason;
		this.arm(this.#io.monotonic());
	}

	private turn(): void {
		const now = this.#io.monotonic();
		if (now >= this.#retryAt) {
			this.#retryAt = Infinity;
			this.#connectBy = now + CONNECT_MS;
			this.link.connect();
		}
		if (now >= this.#connectBy) {
			this.#connectBy = Infinity;
			this.link.fail("no answer");
		}
		this.session.tick(now);
		if (this.session.state === SESSION_OPEN) {
			this.direct.tick(now);
			this.watchPath(now);
			this.media.turn(now, this.#io.wall());
		}
		this.arm(now);
	}

	/** Media came over the connection: the peer has no direct way, so that ours leads nowhere. What was under way as it found one does not count. */
	private heardOverLink(now: number): void {
		if (this.path === PATH_DIRECT && now - this.#switchedAt > CROSSING_MS) this.loseDirect(now);
	}

	/** Sound and pictures go on over the connection while another way is looked for. */
	private loseDirect(now: number): void {
		this.direct.search(now);
		this.use(PATH_TCP, now);
	}

	private watchPath(now: number): void {
		if (now >= this.#fallbackAt) {
			this.#fallbackAt = Infinity;
			if (this.path === PATH_NONE) this.use(PATH_TCP, now);
		}
		if (this.path === PATH_DIRECT && now - this.direct.heard >= this.#settings.pathDead) this.loseDirect(now);
	}

	private arm(now: number): void {
		let deadline = this.#retryAt < this.#connectBy ? this.#retryAt : this.#connectBy;
		let other = this.session.deadline;
		if (other < deadline) deadline = other;
		if (this.session.state === SESSION_OPEN) {
			other = this.media.deadline(now);
			if (other < deadline) deadline = other;
			other = this.direct.deadline;
			if (other < deadline) deadline = other;
			if (this.#fallbackAt < deadline) deadline = this.#fallbackAt;
			if (this.path === PATH_DIRECT) {
				other = this.direct.heard + this.#settings.pathDead;
				if (other < deadline) deadline = other;
			}
		}
		if (deadline === this.#armed) return;
		this.#armed = deadline;
		if (deadline === Infinity) this.#timer.cancel();
		else this.#timer.schedule(deadline > now ? deadline - now : 0);
	}
}
