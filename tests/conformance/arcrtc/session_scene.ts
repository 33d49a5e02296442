import type { Agreement } from "arcrtc/agreement";
import { FRAME_LENGTH, JSON_BYTES } from "arcrtc/constants";
import { type MediaOwner, MediaSession } from "arcrtc/media_session";
import { type MediaShape, planMedia } from "arcrtc/media_shape";
import { MESSAGE_ROOM } from "arcrtc/message_writer";
import { SESSION_TEXT, Session } from "arcrtc/session";
import type { SessionOwner, SessionSettings } from "arcrtc/session_options";
import type { OfferedStream } from "arcrtc/stream_terms";
import { Numbers } from "fuzz/numbers";
import { collectGarbage } from "host/host";
import type { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";
import { getText, putText } from "wire/text";

export const SESSION_ID = "0b7c3f52-session";
/** Unix ms of the scenes' clock at 0. */
export const EPOCH = 1_767_225_600_000;

export const SMALL: MediaShape = Object.freeze({
	sendsAudio: true,
	sendsVideo: false,
	receivesAudio: true,
	receivesVideo: false,
	nack: true,
	fec: false,
	videoRate: 100,
	burst: 1,
	reorder: 8,
	waiting: 2,
	replayWindow: 64,
});

/** A message as a test makes and reads it. */
export type Message = Record<string, unknown>;

export function settings(peerId: string, offers: boolean, changes: Partial<SessionSettings> = {}): SessionSettings {
	return {
		sessionId: SESSION_ID,
		peerId,
		offers,
		abilities: {
			audioCodecs: ["opus"],
			videoCodecs: ["h264", "jpeg"],
			suites: [1, 2, 3],
			auths: [0],
			reduced: true,
			fec: false,
			nack: true,
			resolutions: ["640x480"],
		},
		audio: { codec: "opus", bitrate: 24_000, rate: 48_000, channels: 1, frame: 20, payloadType: 111 },
		reducedVideo: false,
		qualityMap: [1, 2, 3, 4],
		heartbeat: { streaming: 1000, idle: 15_000 },
		oneSided: false,
		...changes,
	};
}

/** One end of a session: what it says is kept as messages, what happens as words. */
export class Peer implements SessionOwner, MediaOwner {
	readonly session: Session;
	readonly media: MediaSession;
	readonly arena: Arena;
	readonly localAddress = "192.0.2.7";
	readonly localPort = 5004;
	/** What it sent since the last `take`. */
	sent: Message[] = [];
	/** What it was told: "opened", "stream opus/", "stopped ID", "ended", "closed WHY". */
	events: string[] = [];
	candidates: string[] = [];
	/** Whether messages go to the other end. */
	carry: ((message: Message) => void) | undefined;
	/** What it says is kept in `sent`; heartbeats too. */
	keeps = true;
	keepsBeats = true;
	/** By how many ms its wall clock is wrong. */
	clockOffset = 0;
	now = 0;
	readonly #inbox: number;

	constructor(own: SessionSettings, ssrc: number, shape: MediaShape = SMALL) {
		// Keys of earlier ones are native, and few fit on some platforms.
		collectGarbage();
		const plan = new MemoryPlan();
		planMedia(plan, shape);
		plan.reserve("message", FRAME_LENGTH + MESSAGE_ROOM, "");
		plan.reserve("inbox", JSON_BYTES + 64, "");
		this.arena = plan.allocate();
		this.#inbox = plan.offset("inbox");
		const writer = { write: (_buffer: ArrayBuffer, _offset: number, length: number) => length };
		this.media = new MediaSession({ shape, plan, suite: 1, auth: 0, writer, owner: this, ssrc });
		const room = plan.offset("message") + FRAME_LENGTH;
		this.session = new Session({ settings: own, arena: this.arena, room, media: this.media, owner: this });
	}

	get state(): string {
		return SESSION_TEXT[this.session.state];
	}

	/** A message of the other end, as an object or as it is. @returns as `Session.received`. */
	give(message: Message | string): boolean {
		const text = typeof message === "string" ? message : JSON.stringify(message);
		const length = putText(this.arena.bytes, this.#inbox, this.#inbox + JSON_BYTES + 64, text);
		if (length < 0) throw new RangeError("a message without room");
		return this.session.received(this.#inbox, length, this.now);
	}

	/** Bytes of the other end, from `bytes`. */
	giveBytes(bytes: Uint8Array, length: number): boolean {
		this.arena.bytes.set(bytes.subarray(0, length), this.#inbox);
		return this.session.received(this.#inbox, length, this.now);
	}

	/** What it sent since the last call. */
	take(): Message[] {
		const { sent } = this;
		this.sent = [];
		return sent;
	}

	/** The same in words: kinds of messages, with the reason or code. */
	said(): string {
		return this.take().map(wordsOf).join(", ");
	}

	/** What it was told since the last call. */
	told(): string {
		const text = this.events.join(", ");
		this.events = [];
		return text;
	}

	message(offset: number, length: number): void {
		if (!this.keeps) return;
		const message = JSON.parse(getText(this.arena.bytes, offset, length) ?? "") as Message;
		if (this.keepsBeats || !(message.type as string).startsWith("HEARTBEAT")) this.sent.push(message);
		this.carry?.(message);
	}

	candidate(address: string, port: number): void {
		this.candidates.push(address + ":" + port);
	}

	opened(agreement: Agreement): void {
		this.events.push("opened " + agreement.audio + "/" + agreement.video);
	}

	streamStarted(stream: OfferedStream): void {
		this.events.push("stream " + stream.audioCodec + "/" + stream.videoCodec);
	}

	streamStopped(): void {
		this.events.push("stopped");
	}

	ended(): void {
		this.events.push("ended");
	}

	closed(reason: string): void {
		this.events.push("closed: " + reason);
	}

	wall(): number {
		return EPOCH + this.now + this.clockOffset;
	}

	heard(): void {}
	seen(): void {}
	keyFrameWanted(): void {}
}

function wordsOf(message: Message): string {
	const more = message.code ?? (message.accepted === true ? "accepted" : message.reason);
	const field = message.field === undefined ? "" : "(" + message.field + ")";
	return message.type + (more === undefined ? "" : " " + more + field);
}

/** A message that is under way. */
interface Flying {
	readonly to: Peer;
	readonly at: number;
	readonly message: Message;
}

/** Two sessions and what carries their messages, on a clock of their own. */
export class Scene {
	/** The one that asks, and the one that waits. */
	readonly a: Peer;
	readonly b: Peer;
	now = 1000;
	delay = 5;
	/** Share of messages that are lost, that come twice, and ms by which they may be late: a carrier worse than TCP. */
	loss = 0;
	twice = 0;
	jitter = 0;
	/** Messages of a kind that are lost, for each end. */
	lostOfA = "";
	lostOfB = "";
	readonly #numbers: Numbers;
	#flying: Flying[] = [];

	constructor(a: Partial<SessionSettings> = {}, b: Partial<SessionSettings> = {}, seed = 1, shape: MediaShape = SMALL) {
		this.#numbers = new Numbers(seed);
		this.a = new Peer(settings("alpha", true, a), 0xaaaa0001, shape);
		this.b = new Peer(settings("beta", false, b), 0xbbbb0001, shape);
		this.a.carry = (message) => this.#fly(this.b, message, this.lostOfA);
		this.b.carry = (message) => this.#fly(this.a, message, this.lostOfB);
	}

	start(): this {
		this.#clock();
		this.b.session.start(this.now);
		this.a.session.start(this.now);
		return this;
	}

	/** Both have a session and their streams. */
	open(): this {
		this.start().pass(200);
		if (this.a.state !== "open" || this.b.state !== "open")
			throw new Error("no session: " + this.a.told() + "; " + this.b.told());
		this.a.take();
		this.b.take();
		this.a.told();
		this.b.told();
		return this;
	}

	/** Time passes, from one thing that is due to the next. */
	pass(ms: number): this {
		const end = this.now + ms;
		for (let steps = 0; steps < 200_000; steps++) {
			let next = Math.min(this.a.session.deadline, this.b.session.deadline);
			for (let i = 0; i < this.#flying.length; i++) next = Math.min(next, this.#flying[i].at);
			if (next > end) {
				this.now = end;
				this.#clock();
				return this;
			}
			if (next > this.now) this.now = next;
			this.#clock();
			const due = this.#flying.filter((one) => one.at <= this.now);
			this.#flying = this.#flying.filter((one) => one.at > this.now);
			for (let i = 0; i < due.length; i++) due[i].to.give(due[i].message);
			this.a.session.tick(this.now);
			this.b.session.tick(this.now);
		}
		throw new Error("time stands still");
	}

	/** What is under way is lost. */
	drop(): void {
		this.#flying = [];
	}

	#clock(): void {
		this.a.now = this.b.now = this.now;
	}

	#fly(to: Peer, message: Message, lost: string): void {
		if (message.type === lost) return;
		const numbers = this.#numbers;
		const chance = (share: number): boolean => numbers.below(1000) < share * 1000;
		if (chance(this.loss)) return;
		const copies = chance(this.twice) ? 2 : 1;
		for (let i = 0; i < copies; i++)
			this.#flying.push({ to, at: this.now + this.delay + (this.jitter > 0 ? numbers.below(this.jitter) : 0), message });
	}
}
