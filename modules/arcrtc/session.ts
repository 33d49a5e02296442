import { Agreement } from "arcrtc/agreement";
import { Heartbeat } from "arcrtc/heartbeat";
import type { KeyRotation } from "arcrtc/key_rotation";
import type { MediaSession } from "arcrtc/media_session";
import { MESSAGE_BROKEN, MESSAGE_FINE, MESSAGE_FOREIGN, MessageReader } from "arcrtc/message_reader";
import { MESSAGE_ROOM, MessageWriter, STOP_ERROR, STOP_TIMEOUT, STOP_USER } from "arcrtc/message_writer";
import { REQUEST_AGAIN, REQUEST_FAILED, Request } from "arcrtc/request";
import { SessionKeys, type SharedKeys } from "arcrtc/session_keys";
import type { SessionOptions, SessionOwner, SessionSettings } from "arcrtc/session_options";
import { type Receiving, SessionStreams, STREAM_FAULTY, STREAM_TAKEN, STREAM_UNWANTED } from "arcrtc/session_streams";
import type { StreamIds } from "arcrtc/stream_terms";
import {
	ERROR_KEY,
	ERROR_LIMIT,
	ERROR_STATE,
	ERROR_TIMEOUT,
	MEMBER,
	STREAM_ID_LIMIT,
	TYPE_CONNECT,
	TYPE_CONNECT_ACK,
	TYPE_DISCONNECT,
	TYPE_ERROR,
	TYPE_HEARTBEAT,
	TYPE_HEARTBEAT_ACK,
	TYPE_KEY_ROTATE,
	TYPE_KEY_ROTATE_ACK,
	TYPE_QUALITY_ADAPT,
	TYPE_STREAM_START,
	TYPE_STREAM_STOP,
	TYPE_UNKNOWN,
} from "arcrtc/words";
import type { AsciiText } from "wire/ascii";
import { KIND_BOOLEAN } from "wire/json_reader";

export type { SessionOptions, SessionOwner, SessionSettings };
export { MESSAGE_ROOM };

/** States of a session. */
export const SESSION_IDLE = 0;
/** CONNECT was sent, or is waited for. */
export const SESSION_OFFERED = 1;
export const SESSION_WAITING = 2;
/** Keys are there. */
export const SESSION_OPEN = 3;
/** It is over: `ended` says why. */
export const SESSION_CLOSED = 4;
export const SESSION_TEXT = Object.freeze(["idle", "offered", "waiting", "open", "closed"]);

/** The connection is closed when the last of three broken messages comes so soon after the first. */
const ERRORS_MS = 10_000;
/** CONNECT is waited for so long, as the answer to it is. */
const WAIT_MS = 7000;

/**
 * One ArcRTC session (section 2.9), without I/O: messages and the time in, messages, keys and streams out.
 *
 * ```
 *            start, offers            CONNECT_ACK accepted
 *  IDLE ------------------> OFFERED --------------------------> OPEN ---- DISCONNECT, silence, keys used up, stop ---> CLOSED
 *    \                                 CONNECT, ACK accepted     ^ |
 *     `---- start ---------> WAITING ----------------------------' | another CONNECT that is accepted: a new session
 *                                                                `-'           refused, no CONNECT or answer in 7 s -->
 * ```
 */
export class Session {
	state = SESSION_IDLE;
	/** Why it is over; "" before. */
	ended = "";
	agreement = new Agreement();
	/** Messages that came, and those that were wrong, ours or the peer's. */
	messages = 0;
	errors = 0;
	readonly heartbeat = new Heartbeat();
	readonly writer: MessageWriter;
	readonly #settings: SessionSettings;
	readonly #media: MediaSession;
	readonly #owner: SessionOwner;
	readonly #reader: MessageReader;
	readonly #streams: SessionStreams;
	readonly #request = new Request();
	readonly #keys: SessionKeys;
	/** Number of the CONNECT that opened the session. */
	#connectId = -1;
	#waitUntil = Infinity;
	/** When the last two broken messages came. */
	#broken = -Infinity;
	#brokenBefore = -Infinity;

	constructor(options: SessionOptions) {
		const { settings, arena, owner, media } = options;
		this.#settings = settings;
		this.#media = media;
		this.#owner = owner;
		this.#reader = new MessageReader(arena.bytes, settings.sessionId);
		this.writer = new MessageWriter(arena, options.room, settings, owner);
		this.#streams = new SessionStreams(settings, media);
		this.#keys = new SessionKeys(settings, media, this.#streams, this.writer);
	}

	/** The session's keys and their changes; undefined while it is not open. */
	get rotation(): KeyRotation | undefined {
		return this.#keys.rotation;
	}

	/** Streams that the peer sends. */
	get receiving(): readonly Receiving[] {
		return this.#streams.receiving;
	}

	/** What this end sends; undefined: nothing. */
	get sending(): StreamIds | undefined {
		return this.#streams.sending;
	}

	/** Round trip of signalling in ms by the last heartbeat; -1: none came back. */
	get roundTrip(): number {
		return this.heartbeat.roundTrip;
	}

	/** Messages can be carried from now on. */
	start(now: number): void {
		this.leave();
		this.ended = "";
		this.#broken = this.#brokenBefore = -Infinity;
		if (this.#settings.offers) {
			this.#keys.offer();
			this.state = SESSION_OFFERED;
			this.ask(TYPE_CONNECT, now);
			this.#connectId = this.#request.id;
		} else {
			this.state = SESSION_WAITING;
			this.#waitUntil = now + WAIT_MS;
		}
	}

	/** Ends the session in order: the peer is told. */
	stop(reason: string): void {
		if (this.state === SESSION_OPEN || this.state === SESSION_OFFERED) this.writer.disconnect(reason);
		this.close(reason);
	}

	/** Messages are not carried any more. */
	lost(reason: string): void {
		this.close(reason);
	}

	/** Something authentic came on the media path. */
	heard(now: number): void {
		this.heartbeat.heard = now;
	}

	/** A message of the peer. @returns false when the connection should be closed: three were broken in 10 s. */
	received(offset: number, length: number, now: number): boolean {
		const reader = this.#reader;
		const outcome = reader.read(offset, length);
		this.messages++;
		if (outcome === MESSAGE_FINE) {
			this.heartbeat.heard = now;
			this.handle(now);
		} else if (outcome !== MESSAGE_FOREIGN) this.fault();
		return outcome !== MESSAGE_BROKEN || this.bears(now);
	}

	/** A message came that is longer than there is room for. @returns as `received`. */
	tooLong(now: number): boolean {
		this.messages++;
		this.refuse(ERROR_LIMIT, -1, "");
		return this.bears(now);
	}

	/** Does what is due. */
	tick(now: number): void {
		const { heartbeat, state } = this;
		if (this.#request.type !== TYPE_UNKNOWN) this.retry(now);
		if (state === SESSION_WAITING && now >= this.#waitUntil) this.close("the peer does not ask");
		if (this.state !== SESSION_OPEN) return;
		if (heartbeat.dead(now)) {
			this.close("the peer is silent");
			return;
		}
		if (heartbeat.beat(now, this.interval)) this.writer.heartbeat(heartbeat.sequence);
		this.keep(this.#keys.tick(now));
	}

	get deadline(): number {
		const { state } = this;
		let deadline = this.#request.deadline;
		if (state === SESSION_WAITING && this.#waitUntil < deadline) deadline = this.#waitUntil;
		if (state !== SESSION_OPEN) return deadline;
		const beat = this.heartbeat.deadline;
		if (beat < deadline) deadline = beat;
		const rotate = this.#keys.deadline;
		return rotate < deadline ? rotate : deadline;
	}

	/** New keys by hand. */
	rekey(now: number): void {
		this.rotation?.rotate(now);
		this.keep(this.#keys.turn(now));
	}

	private get interval(): number {
		const { sending, receiving } = this.#streams;
		const { streaming, idle } = this.#settings.heartbeat;
		return sending !== undefined || receiving.length > 0 ? streaming : idle;
	}

	private handle(now: number): void {
		const { type } = this.#reader;
		if (type === TYPE_CONNECT) this.connected(now);
		else if (type === TYPE_CONNECT_ACK) this.answered(now);
		else if (type === TYPE_DISCONNECT) {
			if (this.state !== SESSION_WAITING) this.close("the peer has ended the session");
		} else if (type === TYPE_ERROR) this.failed(now);
		else if (this.state !== SESSION_OPEN) this.refuse(ERROR_STATE, this.#reader.id, "");
		else if (type === TYPE_STREAM_START) this.streamStart(now);
		else if (type === TYPE_STREAM_STOP) this.streamStop(now);
		else if (type === TYPE_HEARTBEAT) this.beaten();
		else if (type === TYPE_HEARTBEAT_ACK) this.heartbeat.answered(this.#reader.integer(MEMBER.sequence), now);
		else if (type === TYPE_KEY_ROTATE) this.keysAnswered(this.#keys.requested(this.#reader, now), now);
		else if (type === TYPE_KEY_ROTATE_ACK) this.keysAnswered(this.#keys.acknowledged(this.#reader, now), now);
		else if (type === TYPE_QUALITY_ADAPT) this.refuse(ERROR_STATE, this.#reader.id, "");
	}

	/** CONNECT: a first one opens the session, the same again is answered again, another one that can be opens a new session. */
	private connected(now: number): void {
		const { id, json } = this.#reader;
		if (this.#settings.offers) {
			// Both ask: that cannot be in one session.
			this.refuse(ERROR_STATE, id, "");
			return;
		}
		if (id < 0) {
			this.lacks(MEMBER.id, "id");
			return;
		}
		if (this.state === SESSION_OPEN && id === this.#connectId) {
			this.writer.accept(id, this.agreement, this.#keys.publicKey);
			return;
		}
		const agreement = new Agreement();
		let reason = agreement.offered(json, this.#settings.abilities);
		if (agreement.fault !== "") {
			this.refuse(reason, id, agreement.fault);
			return;
		}
		const shared = reason === "" ? this.#keys.agree(agreement, now) : undefined;
		if (shared === undefined) {
			if (reason === "") reason = ERROR_KEY;
			this.errors++;
			this.writer.reject(id, reason);
			return;
		}
		this.leave();
		this.#connectId = id;
		this.writer.accept(id, agreement, shared.exchange.publicKey);
		this.open(agreement, shared, now);
	}

	private answered(now: number): void {
		const { id, re, json } = this.#reader;
		if (this.state !== SESSION_OFFERED) {
			// The CONNECT was sent twice and is answered twice.
			if (re !== this.#connectId || re < 0) this.refuse(ERROR_STATE, id, "");
			return;
		}
		if (!this.#request.answers(TYPE_CONNECT, re)) return;
		const accepted = this.#reader.member(MEMBER.accepted);
		if (json.kind(accepted) !== KIND_BOOLEAN) {
			this.lacks(MEMBER.accepted, "accepted");
			return;
		}
		if (!json.isTrue(accepted)) {
			this.close("the peer refuses: " + (this.#reader.text(MEMBER.reason, 64) ?? "without a reason"));
			return;
		}
		// One that cannot be is told; until another one comes the request goes on.
		const agreement = new Agreement();
		const fault = agreement.answered(json, this.#settings.abilities);
		if (fault !== "") {
			this.refuse(fault, id, agreement.fault);
			return;
		}
		const shared = this.#keys.agree(agreement, now);
		if (shared === undefined) this.refuse(ERROR_KEY, id, "public_key");
		else this.open(agreement, shared, now);
	}

	private open(agreement: Agreement, shared: SharedKeys, now: number): void {
		this.#request.end();
		this.#waitUntil = Infinity;
		this.agreement = agreement;
		this.#keys.open(shared, agreement);
		this.state = SESSION_OPEN;
		this.#reader.addresses(this.#owner);
		this.#media.renew(agreement.suite, agreement.auth);
		this.#owner.opened(agreement, shared.rotation.master);
		this.heartbeat.begin(now, this.#settings.heartbeat.idle);
		this.sendStreams(now);
		this.heartbeat.hurry(now, this.interval);
	}

	private sendStreams(now: number): void {
		const { agreement, rotation } = this;
		if (rotation !== undefined && this.#streams.send(agreement, rotation, now)) this.ask(TYPE_STREAM_START, now);
	}

	private streamStart(now: number): void {
		const { id, re, json } = this.#reader;
		const streams = this.#streams;
		const streamId = this.#reader.text(MEMBER.stream_id, STREAM_ID_LIMIT);
		if (streamId === undefined || streamId === "") {
			this.lacks(MEMBER.stream_id, "stream_id");
			return;
		}
		if (re >= 0) {
			// One to a stream that was given up already is of no use.
			if (streamId !== streams.sending?.streamId || !this.#request.answers(TYPE_STREAM_START, re)) return;
			this.#request.end();
			streams.taken();
			return;
		}
		if (id < 0) {
			this.lacks(MEMBER.id, "id");
			return;
		}
		if (streams.has(streamId)) {
			this.writer.echo(id, streamId);
			return;
		}
		const { agreement, rotation } = this;
		if (rotation === undefined) return;
		const outcome = streams.take(json, agreement, rotation);
		const { offered } = streams;
		if (outcome === STREAM_FAULTY) this.refuse(offered.code, id, offered.fault);
		else if (outcome !== STREAM_TAKEN) this.writer.streamStop(streamId, outcome === STREAM_UNWANTED ? STOP_USER : STOP_ERROR);
		else {
			this.writer.echo(id, streamId);
			this.heartbeat.hurry(now, this.interval);
			this.#owner.streamStarted(offered);
		}
	}

	private streamStop(now: number): void {
		const streams = this.#streams;
		const streamId = this.#reader.text(MEMBER.stream_id, STREAM_ID_LIMIT);
		if (streamId === undefined) this.lacks(MEMBER.stream_id, "stream_id");
		else if (streamId === streams.sending?.streamId) {
			// The peer cannot take it, or does not want it.
			if (this.#request.type === TYPE_STREAM_START) this.#request.end();
			if (this.#reader.text(MEMBER.reason, 16) === STOP_ERROR) {
				this.errors++;
				streams.refused();
				this.sendStreams(now);
			} else streams.stopSending();
		} else if (streams.drop(streamId)) this.#owner.streamStopped(streamId);
	}

	private beaten(): void {
		const { json, id } = this.#reader;
		const sequence = this.#reader.integer(MEMBER.sequence);
		const original = json.number(this.#reader.member(MEMBER.timestamp));
		if (sequence < 0) this.lacks(MEMBER.sequence, "sequence");
		else if (!Number.isFinite(original)) this.lacks(MEMBER.timestamp, "timestamp");
		else this.writer.heartbeatAck(id, sequence, original);
	}

	/** A message about keys was looked at. */
	private keysAnswered(fine: boolean, now: number): void {
		if (!fine) this.fault();
		this.keep(this.#keys.turn(now));
	}

	private keep(reason: string): void {
		if (reason !== "") this.close(reason);
	}

	/** ERROR of the peer: what was asked for is not to be had. */
	private failed(now: number): void {
		const { re } = this.#reader;
		const request = this.#request;
		const { type } = request;
		const code = this.#reader.text(MEMBER.code, 32) ?? "without a code";
		this.errors++;
		// One about time is about a request of the peer's own.
		if (re < 0 || code === ERROR_TIMEOUT) return;
		this.#keys.refused(re, now);
		if (type === TYPE_UNKNOWN || re !== request.id) return;
		request.end();
		if (type === TYPE_CONNECT) this.close("the peer refuses: " + code);
		else this.#streams.stopSending();
	}

	private ask(type: number, now: number): void {
		this.#request.begin(type, this.writer.takeId(), now);
		this.sendRequest();
	}

	private retry(now: number): void {
		const request = this.#request;
		const outcome = request.tick(now);
		if (outcome === REQUEST_AGAIN) this.sendRequest();
		if (outcome !== REQUEST_FAILED) return;
		const { type } = request;
		request.end();
		this.refuse(ERROR_TIMEOUT, request.id, "");
		if (type === TYPE_CONNECT) this.close("the peer does not answer");
		else {
			// It may have taken the stream, and only its answers were lost.
			if (this.sending !== undefined) this.writer.streamStop(this.sending.streamId, STOP_TIMEOUT);
			this.#streams.stopSending();
		}
	}

	private sendRequest(): void {
		const { sending } = this;
		const { type, id } = this.#request;
		if (type === TYPE_CONNECT) this.writer.connect(id, this.#keys.publicKey);
		else if (sending !== undefined) this.writer.streamStart(id, sending, this.agreement);
	}

	/** What the reader says is wrong with the message. An ERROR is never answered by another. */
	private fault(): void {
		const { type, id, code, field } = this.#reader;
		if (type === TYPE_ERROR) this.errors++;
		else this.refuse(code, id, field);
	}

	private lacks(name: AsciiText, field: string): void {
		this.#reader.lacksMember(name, field);
		this.fault();
	}

	private refuse(code: string, re: number, field: string): void {
		this.errors++;
		this.writer.error(code, re, field);
	}

	/** A broken message came. @returns whether the connection may go on. */
	private bears(now: number): boolean {
		const first = this.#brokenBefore;
		this.#brokenBefore = this.#broken;
		this.#broken = now;
		return now - first > ERRORS_MS;
	}

	private close(reason: string): void {
		if (this.state === SESSION_CLOSED || this.state === SESSION_IDLE) return;
		this.leave();
		this.state = SESSION_CLOSED;
		this.ended = reason;
		this.#owner.closed(reason);
	}

	/** Forgets all of a session: keys are overwritten. */
	private leave(): void {
		const open = this.state === SESSION_OPEN;
		this.state = SESSION_IDLE;
		this.#streams.clear();
		this.#keys.close();
		this.#request.end();
		this.heartbeat.end();
		this.#connectId = -1;
		this.#waitUntil = Infinity;
		if (open) this.#owner.ended();
	}
}
