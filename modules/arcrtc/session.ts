import { type Abilities, Agreement, writeChoice, writeOffer } from "arcrtc/agreement";
import {
	HEARTBEATS_LOST,
	JSON_BYTES,
	JSON_DEPTH,
	JSON_TEXT,
	MATERIAL_BYTES,
	REQUEST_TIMES,
	SECRET_BYTES,
	SILENCE_MS,
} from "arcrtc/constants";
import { deriveStream, wipe } from "arcrtc/key_derivation";
import { KeyExchange } from "arcrtc/key_exchange";
import { KeyRotation } from "arcrtc/key_rotation";
import type { MediaSession } from "arcrtc/media_session";
import type { ReceiveKeys } from "arcrtc/receive_keys";
import {
	REASONS,
	ROTATION_BAD_KEY,
	ROTATION_BAD_STATE,
	ROTATION_GAVE_UP,
	ROTATION_INSTALL,
	ROTATION_NOTHING,
	ROTATION_RECONNECT,
	ROTATION_SEND_ANSWER,
	ROTATION_SEND_REQUEST,
} from "arcrtc/rotation_words";
import { OfferedStream, type SentAudio, type SentVideo, type StreamIds, clockOf, writeStream } from "arcrtc/stream_terms";
import {
	ERROR_JSON,
	ERROR_KEY,
	ERROR_LIMIT,
	ERROR_MISSING,
	ERROR_STATE,
	ERROR_TIMEOUT,
	ERROR_TYPE,
	KEY_TEXT,
	MEMBER,
	TYPE_CONNECT,
	TYPE_CONNECT_ACK,
	TYPE_DISCONNECT,
	TYPE_ERROR,
	TYPE_HEARTBEAT,
	TYPE_HEARTBEAT_ACK,
	TYPE_KEY_ROTATE,
	TYPE_KEY_ROTATE_ACK,
	TYPE_METRICS,
	TYPE_NAMES,
	TYPE_QUALITY_ADAPT,
	TYPE_STREAM_START,
	TYPE_STREAM_STOP,
	TYPE_TEXTS,
	TYPE_UNKNOWN,
} from "arcrtc/words";
import { random } from "crypto/crypto";
import type { Arena } from "storage/arena";
import { type AsciiText, constantText } from "wire/ascii";
import { formatHex } from "wire/hex";
import { JSONWriter } from "wire/json";
import { JSON_FINE, JSONReader } from "wire/json_reader";

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

/** Bytes of the longest message that is made, and of where it is made. */
export const MESSAGE_ROOM = 2048;
const ID_BYTES = 8;
const MOST_ERRORS = 3;
const ERRORS_MS = 10_000;
/** Characters of a numeric address at most. */
const ADDRESS_TEXT = 48;

export interface SessionSettings {
	readonly sessionId: string;
	readonly peerId: string;
	/** Whether this end asks (CONNECT) or waits to be asked. */
	readonly offers: boolean;
	readonly abilities: Abilities;
	readonly audio?: SentAudio;
	readonly video?: SentVideo;
	readonly reducedVideo: boolean;
	readonly qualityMap: readonly number[];
	readonly heartbeat: { readonly streaming: number; readonly idle: number };
	readonly oneSided: boolean;
}

/** Who carries messages, and is told of what they bring. Cold paths. */
export interface SessionOwner {
	/** A message lies at `offset` of the arena, to be sent as it is. */
	message(offset: number, length: number): void;
	/** Address of this end, as the peer can reach it; port 0: not known. */
	readonly localAddress: string;
	readonly localPort: number;
	/** Where the peer says that it can be reached; once for each address. */
	candidate(address: string, port: number): void;
	/** Keys are there; media may begin. */
	opened(agreement: Agreement, master: ArrayBuffer): void;
	/** The peer sends a stream from now on, or does not any more. */
	streamStarted(stream: OfferedStream): void;
	streamStopped(streamId: string): void;
	/** It is over; `reason` in words. */
	closed(reason: string): void;
	/** Unix ms; below 0: not known. */
	wall(): number;
}

/** A stream of the peer. */
interface Receiving {
	readonly streamId: string;
	keys: ReceiveKeys;
}

export interface SessionOptions {
	readonly settings: SessionSettings;
	readonly arena: Arena;
	/** Offset of {@link MESSAGE_ROOM} bytes. */
	readonly room: number;
	readonly media: MediaSession;
	readonly owner: SessionOwner;
}

/**
 * One ArcRTC session (section 2.9), without I/O: messages and the time in, messages, keys and streams out.
 *
 * ```
 *            start, offers            CONNECT_ACK accepted
 *  IDLE ------------------> OFFERED --------------------------> OPEN ---- DISCONNECT, silence, keys used up, stop ---> CLOSED
 *    \                                 CONNECT, ACK accepted     ^
 *     `---- start ---------> WAITING ----------------------------'         refused, no answer in 7 s --------------->
 * ```
 */
export class Session {
	state = SESSION_IDLE;
	/** Why it is over; "" before. */
	ended = "";
	readonly agreement = new Agreement();
	/** Round trip of signalling in ms by the last heartbeat; -1: none came back. */
	roundTrip = -1;
	/** Messages that came, and those that were wrong. */
	messages = 0;
	errors = 0;
	rotation: KeyRotation | undefined;
	/** Streams that the peer sends. */
	readonly receiving: Receiving[] = [];
	/** What this end sends; undefined: nothing. */
	sending: StreamIds | undefined;
	readonly #settings: SessionSettings;
	readonly #room: number;
	readonly #media: MediaSession;
	readonly #owner: SessionOwner;
	readonly #json: JSONReader;
	readonly #writer: JSONWriter;
	readonly #sessionId: AsciiText;
	readonly #stream = new OfferedStream();
	readonly #material = new ArrayBuffer(MATERIAL_BYTES);
	#exchange: KeyExchange | undefined;
	#nextId = 1;
	/** Of the CONNECT that was taken: it is answered again. */
	#connectId = -1;
	/** The request that waits for an answer: its kind, when it was made, attempts, its id. */
	#request = TYPE_UNKNOWN;
	#begun = 0;
	#attempt = 0;
	#requestId = 0;
	#beat = 0;
	#beatAt = Infinity;
	#beatSent = 0;
	#unanswered = 0;
	#heard = 0;
	#wrong = 0;
	#wrongSince = -Infinity;

	constructor(options: SessionOptions) {
		const { settings, arena } = options;
		this.#settings = settings;
		this.#room = options.room;
		this.#media = options.media;
		this.#owner = options.owner;
		this.#json = new JSONReader(arena.bytes, { bytes: JSON_BYTES, text: JSON_TEXT, depth: JSON_DEPTH });
		this.#writer = new JSONWriter(arena.bytes);
		this.#sessionId = constantText(settings.sessionId);
	}

	/** Messages can be carried from now on. */
	start(now: number): void {
		this.reset();
		this.#heard = now;
		this.#exchange = new KeyExchange();
		if (this.#settings.offers) {
			this.state = SESSION_OFFERED;
			this.ask(TYPE_CONNECT, now);
		} else this.state = SESSION_WAITING;
	}

	/** Ends the session in order: the peer is told. */
	stop(reason: string): void {
		if (this.state === SESSION_OPEN || this.state === SESSION_OFFERED)
			this.send(this.begin(TYPE_DISCONNECT).value("reason", reason));
		this.close(reason);
	}

	/** Messages are not carried any more. */
	lost(reason: string): void {
		this.close(reason);
	}

	/** Something authentic came on the media path. */
	heard(now: number): void {
		this.#heard = now;
	}

	/** A message of the peer. @returns false when the connection should be closed: three were broken in 10 s. */
	received(offset: number, length: number, now: number): boolean {
		const json = this.#json;
		const outcome = json.check(offset, length);
		this.messages++;
		if (outcome !== JSON_FINE) {
			this.refuse(outcome === 1 ? ERROR_JSON : ERROR_LIMIT, -1, "");
			if (now - this.#wrongSince > ERRORS_MS) {
				this.#wrongSince = now;
				this.#wrong = 0;
			}
			return ++this.#wrong < MOST_ERRORS;
		}
		const { root } = json;
		const id = json.integer(json.member(root, MEMBER.id), 0, Number.MAX_SAFE_INTEGER, -1);
		const member = json.member(root, MEMBER.type);
		if (member < 0) {
			this.refuse(ERROR_MISSING, id, "type");
			return true;
		}
		const type = typeOf(json, member);
		if (type === TYPE_UNKNOWN) {
			this.refuse(ERROR_TYPE, id, "");
			return true;
		}
		const session = json.member(root, MEMBER.session_id);
		if (session < 0) this.refuse(ERROR_MISSING, id, "session_id");
		else if (json.isText(session, this.#sessionId)) {
			this.#heard = now;
			this.handle(type, id, now);
		}
		return true;
	}

	/** A message came that is longer than there is room for. */
	tooLong(): void {
		this.refuse(ERROR_LIMIT, -1, "");
	}

	/** Does what is due. */
	tick(now: number): void {
		if (this.#request !== TYPE_UNKNOWN) this.retry(now);
		if (this.state !== SESSION_OPEN) return;
		if (this.#unanswered >= HEARTBEATS_LOST && now - this.#heard >= SILENCE_MS) {
			this.close("the peer is silent");
			return;
		}
		if (now >= this.#beatAt) this.beat(now);
		const { rotation } = this;
		if (rotation === undefined) return;
		rotation.counted(this.#media.sealer.mostPackets(this.#media.sendKeys), now);
		if (this.#media.opener.attacked(now)) rotation.attacked(now);
		if (now >= rotation.deadline) rotation.tick(now);
		this.rotate(now);
	}

	get deadline(): number {
		let deadline = this.state === SESSION_OPEN ? this.#beatAt : Infinity;
		if (this.#request !== TYPE_UNKNOWN) {
			const due = this.#begun + REQUEST_TIMES[this.#attempt + 1];
			if (due < deadline) deadline = due;
		}
		const { rotation } = this;
		return rotation !== undefined && rotation.deadline < deadline ? rotation.deadline : deadline;
	}

	/** New keys by hand. */
	rekey(now: number): void {
		this.rotation?.rotate(now);
		this.rotate(now);
	}

	private handle(type: number, id: number, now: number): void {
		const { state } = this;
		if (type === TYPE_CONNECT) {
			this.connected(id, now);
			return;
		}
		if (type === TYPE_CONNECT_ACK) {
			if (state === SESSION_OFFERED) this.answered(now);
			return;
		}
		if (type === TYPE_DISCONNECT) {
			if (state === SESSION_OPEN || state === SESSION_OFFERED) this.close("the peer has ended the session");
			return;
		}
		if (type === TYPE_ERROR) {
			this.failed(now);
			return;
		}
		if (state !== SESSION_OPEN) {
			this.refuse(ERROR_STATE, id, "");
			return;
		}
		if (type === TYPE_STREAM_START) this.streamStart(id, now);
		else if (type === TYPE_STREAM_STOP) this.streamStop();
		else if (type === TYPE_HEARTBEAT) this.heartbeat(id);
		else if (type === TYPE_HEARTBEAT_ACK) this.beaten();
		else if (type === TYPE_KEY_ROTATE) this.keyRotate(id, now);
		else if (type === TYPE_KEY_ROTATE_ACK) this.keyRotated(id, now);
		else if (type === TYPE_QUALITY_ADAPT) this.refuse(ERROR_STATE, id, "");
		else if (type !== TYPE_METRICS) this.refuse(ERROR_TYPE, id, "");
	}

	/** CONNECT: a first one opens the session, the same again is answered again, another one begins anew. */
	private connected(id: number, now: number): void {
		const { agreement } = this;
		if (this.state === SESSION_OFFERED) {
			// Both ask: that cannot be in one session.
			this.refuse(ERROR_STATE, id, "");
			return;
		}
		if (this.state === SESSION_OPEN && id === this.#connectId) {
			this.accept(id);
			return;
		}
		if (this.state === SESSION_OPEN) {
			this.reset();
			this.#exchange = new KeyExchange();
			this.state = SESSION_WAITING;
		}
		if (this.state !== SESSION_WAITING) return;
		const reason = agreement.offered(this.#json, this.#settings.abilities);
		if (reason === "missing" || reason === "field") {
			this.refuse(reason, id, agreement.fault);
			return;
		}
		if (reason !== "" || !this.agree(now)) {
			const json = this.begin(TYPE_CONNECT_ACK).value("re", id).value("peer_id", this.#settings.peerId);
			this.send(json.value("accepted", false).value("reason", reason === "" ? "key" : reason));
			this.errors++;
			return;
		}
		this.#connectId = id;
		this.readAddresses();
		this.accept(id);
		this.open(now);
	}

	private accept(id: number): void {
		const json = this.begin(TYPE_CONNECT_ACK).value("re", id).value("peer_id", this.#settings.peerId).value("accepted", true);
		writeChoice(json, this.agreement, this.#exchange?.publicKey ?? "");
		this.writeAddresses(json);
		this.send(json);
	}

	/** CONNECT_ACK. */
	private answered(now: number): void {
		const json = this.#json;
		const { root } = json;
		if (!json.isTrue(json.member(root, MEMBER.accepted))) {
			this.close("the peer refuses: " + (json.text(json.member(root, MEMBER.reason), 64) ?? "without a reason"));
			return;
		}
		const fault = this.agreement.answered(json, this.#settings.abilities);
		if (fault !== "" || !this.agree(now)) {
			const id = json.integer(json.member(root, MEMBER.id), 0, Number.MAX_SAFE_INTEGER, -1);
			this.refuse(fault === "" ? ERROR_KEY : "field", id, fault === "" ? "public_key" : fault);
			this.close("the peer's answer cannot be: " + (fault === "" ? "public_key" : fault));
			return;
		}
		this.#request = TYPE_UNKNOWN;
		this.readAddresses();
		this.open(now);
	}

	/** Makes the master of both public keys. @returns false when the peer's cannot be. */
	private agree(now: number): boolean {
		const { sessionId, peerId, oneSided } = this.#settings;
		const exchange = this.#exchange;
		if (exchange === undefined) return false;
		const secret = new ArrayBuffer(SECRET_BYTES);
		if (!exchange.agree(this.agreement.publicKey, secret)) return false;
		wipe(secret);
		const { peerId: remoteId, publicKey: remoteKey } = this.agreement;
		this.rotation = new KeyRotation({ sessionId, peerId, remoteId, exchange, remoteKey, oneSided, now });
		return true;
	}

	private open(now: number): void {
		const { agreement, rotation } = this;
		if (rotation === undefined) return;
		this.state = SESSION_OPEN;
		this.#unanswered = 0;
		this.#media.clear();
		this.#media.renew(agreement.suite, agreement.auth);
		this.#owner.opened(agreement, rotation.master);
		this.#beatAt = now + this.#settings.heartbeat.streaming;
		this.sendStreams(now);
	}

	/** Begins to send what is configured and agreed on. */
	private sendStreams(now: number): void {
		const { agreement, rotation } = this;
		const settings = this.#settings;
		const audio = settings.audio !== undefined && agreement.audio === settings.audio.codec ? settings.audio : undefined;
		const video = settings.video !== undefined && agreement.video === settings.video.codec ? settings.video : undefined;
		if (rotation === undefined || (audio === undefined && video === undefined)) return;
		for (let tries = 0; tries < 4; tries++) {
			const ids = this.makeIds(audio !== undefined, video !== undefined, agreement.fec);
			deriveStream(rotation.master, ids.streamId, agreement.suite, this.#material);
			const started = this.#media.send(
				{
					audio: audio && {
						ssrc: ids.audio,
						payloadType: audio.payloadType,
						clock: clockOf(audio.codec, audio.rate),
						unit: (clockOf(audio.codec, audio.rate) / 1000) * audio.frame,
					},
					video: video && { ssrc: ids.video, payloadType: video.payloadType },
					fec: video && agreement.fec ? { ssrc: ids.fec, payloadType: video.fecType } : undefined,
					reduced: agreement.reduced,
					reducedVideo: agreement.reduced && settings.reducedVideo,
					nack: agreement.nack,
					qualityMap: settings.qualityMap,
				},
				this.#material,
				rotation.epoch,
				now,
			);
			wipe(this.#material);
			if (!started) continue;
			this.sending = ids;
			this.ask(TYPE_STREAM_START, now);
			return;
		}
	}

	private makeIds(audio: boolean, video: boolean, fec: boolean): StreamIds {
		const bytes = new Uint8Array(ID_BYTES + 12);
		random(bytes.buffer, 0, bytes.length);
		const view = new DataView(bytes.buffer);
		return {
			streamId: formatHex(bytes, 0, ID_BYTES),
			audio: audio ? view.getUint32(ID_BYTES) || 1 : 0,
			video: video ? view.getUint32(ID_BYTES + 4) || 2 : 0,
			fec: video && fec ? view.getUint32(ID_BYTES + 8) || 3 : 0,
		};
	}

	private streamStart(id: number, now: number): void {
		const json = this.#json;
		const stream = this.#stream;
		const own = this.sending;
		const streamId = json.text(json.member(json.root, MEMBER.stream_id), 64);
		if (own !== undefined && streamId === own.streamId) {
			// Our own id comes back as the answer.
			if (this.#request === TYPE_STREAM_START) this.#request = TYPE_UNKNOWN;
			return;
		}
		for (let i = 0; i < this.receiving.length; i++)
			if (this.receiving[i].streamId === streamId) {
				this.echo(streamId, id);
				return;
			}
		const { agreement, rotation } = this;
		const fault = stream.read(json, agreement);
		if (fault !== "" || rotation === undefined) {
			this.refuse(fault, id, stream.fault);
			return;
		}
		deriveStream(rotation.master, stream.streamId, agreement.suite, this.#material);
		const keys = this.#media.receive(stream.terms, this.#material, rotation.epoch);
		wipe(this.#material);
		if (keys === undefined) {
			// An SSRC that was used, or no place: the sender begins again under others (section 2.4).
			this.send(this.begin(TYPE_STREAM_STOP).value("stream_id", stream.streamId).value("reason", "error"));
			return;
		}
		this.receiving.push({ streamId: stream.streamId, keys });
		this.echo(stream.streamId, id);
		this.#owner.streamStarted(stream);
		this.#beatAt = Math.min(this.#beatAt, now + this.#settings.heartbeat.streaming);
	}

	private echo(streamId: string, id: number): void {
		this.send(this.begin(TYPE_STREAM_START).value("stream_id", streamId).value("re", id));
	}

	private streamStop(): void {
		const json = this.#json;
		const streamId = json.text(json.member(json.root, MEMBER.stream_id), 64);
		if (this.sending !== undefined && streamId === this.sending.streamId) {
			// The peer could not take it: another one, if it was for an SSRC.
			this.#media.outgoing.stop();
			this.sending = undefined;
			if (this.#request === TYPE_STREAM_START) this.#request = TYPE_UNKNOWN;
			return;
		}
		for (let i = 0; i < this.receiving.length; i++) {
			const it = this.receiving[i];
			if (it.streamId !== streamId) continue;
			this.#media.stopReceiving(it.keys);
			this.receiving.splice(i, 1);
			this.#owner.streamStopped(it.streamId);
			return;
		}
	}

	private beat(now: number): void {
		const { streaming, idle } = this.#settings.heartbeat;
		const busy = this.sending !== undefined || this.receiving.length > 0;
		this.#beat++;
		this.#unanswered++;
		this.#beatAt = now + (busy ? streaming : idle);
		this.#beatSent = now;
		this.send(this.begin(TYPE_HEARTBEAT).value("sequence", this.#beat));
	}

	private heartbeat(id: number): void {
		const json = this.#json;
		const original = json.number(json.member(json.root, MEMBER.timestamp));
		const sequence = json.number(json.member(json.root, MEMBER.sequence));
		const wall = this.#owner.wall();
		const answer = this.begin(TYPE_HEARTBEAT_ACK)
			.value("re", id)
			.value("sequence", sequence)
			.value("original_timestamp", original);
		this.send(answer.value("response_timestamp", wall).value("latency_ms", wall > original ? wall - original : 0));
	}

	private beaten(): void {
		const json = this.#json;
		const sequence = json.number(json.member(json.root, MEMBER.sequence));
		if (sequence !== this.#beat) return;
		this.#unanswered = 0;
		this.roundTrip = this.#heard - this.#beatSent;
	}

	private keyRotate(id: number, now: number): void {
		const json = this.#json;
		const { rotation } = this;
		const epoch = json.integer(json.member(json.root, MEMBER.epoch), 0, 0xffff_ffff, -1);
		const key = json.text(json.member(json.root, MEMBER.public_key), KEY_TEXT);
		if (rotation === undefined) return;
		if (epoch < 0 || key === undefined) {
			this.refuse(epoch < 0 ? ERROR_MISSING : ERROR_KEY, id, epoch < 0 ? "epoch" : "public_key");
			return;
		}
		const reason = REASONS.indexOf((json.text(json.member(json.root, MEMBER.reason), 16) ?? "") as (typeof REASONS)[number]);
		const outcome = rotation.requested(epoch, key, id, now, reason < 0 ? 0 : reason);
		if (outcome === ROTATION_BAD_KEY) this.refuse(ERROR_KEY, id, "public_key");
		else if (outcome === ROTATION_BAD_STATE) this.refuse(ERROR_STATE, id, "epoch");
		this.rotate(now);
	}

	private keyRotated(id: number, now: number): void {
		const json = this.#json;
		const epoch = json.integer(json.member(json.root, MEMBER.epoch), 0, 0xffff_ffff, -1);
		const key = json.text(json.member(json.root, MEMBER.public_key), KEY_TEXT);
		const outcome = this.rotation?.acknowledged(epoch, key, now);
		if (outcome === ROTATION_BAD_KEY) this.refuse(ERROR_KEY, id, "public_key");
		else if (outcome === ROTATION_BAD_STATE) this.refuse(ERROR_STATE, id, "epoch");
		this.rotate(now);
	}

	/** Does what the rotation wants. */
	private rotate(now: number): void {
		const { rotation } = this;
		if (rotation === undefined) return;
		for (let event = rotation.poll(); event !== ROTATION_NOTHING; event = rotation.poll()) {
			if (event === ROTATION_SEND_REQUEST) {
				const json = this.begin(TYPE_KEY_ROTATE).value("epoch", rotation.requestEpoch);
				this.send(json.value("reason", REASONS[rotation.requestReason]).value("public_key", rotation.requestKey));
			} else if (event === ROTATION_SEND_ANSWER) {
				const json = this.begin(TYPE_KEY_ROTATE_ACK).value("re", rotation.answerTo).value("epoch", rotation.answerEpoch);
				if (rotation.answerKey !== "") json.value("public_key", rotation.answerKey);
				this.send(json);
			} else if (event === ROTATION_INSTALL) this.install(rotation, now);
			else if (event === ROTATION_RECONNECT) this.close("the keys are used up");
			else if (event === ROTATION_GAVE_UP) this.errors++;
		}
	}

	private install(rotation: KeyRotation, now: number): void {
		const material = this.#material;
		const { suite } = this.agreement;
		for (let i = 0; i < this.receiving.length; i++) {
			const it = this.receiving[i];
			deriveStream(rotation.master, it.streamId, suite, material);
			this.#media.rekeyReceiving(it.keys, material, rotation.epoch, now);
		}
		if (this.sending !== undefined) {
			deriveStream(rotation.master, this.sending.streamId, suite, material);
			this.#media.rekeySending(material, rotation.epoch, now);
		}
		wipe(material);
	}

	/** ERROR of the peer: what was asked for is not to be had. */
	private failed(now: number): void {
		const json = this.#json;
		const re = json.integer(json.member(json.root, MEMBER.re), 0, Number.MAX_SAFE_INTEGER, -1);
		const code = json.text(json.member(json.root, MEMBER.code), 32) ?? "";
		this.errors++;
		if (re < 0 || re !== this.#requestId || this.#request === TYPE_UNKNOWN) {
			if (code === ERROR_KEY || code === ERROR_STATE) this.rotation?.refused(now);
			return;
		}
		const request = this.#request;
		this.#request = TYPE_UNKNOWN;
		if (request === TYPE_CONNECT) this.close("the peer refuses: " + code);
		else {
			this.#media.outgoing.stop();
			this.sending = undefined;
		}
	}

	private ask(type: number, now: number): void {
		this.#request = type;
		this.#begun = now;
		this.#attempt = 0;
		this.#requestId = this.#nextId++;
		this.askAgain();
	}

	private retry(now: number): void {
		const passed = now - this.#begun;
		if (passed < REQUEST_TIMES[this.#attempt + 1]) return;
		this.#attempt++;
		if (this.#attempt < REQUEST_TIMES.length - 1) {
			this.askAgain();
			return;
		}
		const request = this.#request;
		this.#request = TYPE_UNKNOWN;
		this.refuse(ERROR_TIMEOUT, this.#requestId, "");
		if (request === TYPE_CONNECT) this.close("the peer does not answer");
		else {
			this.#media.outgoing.stop();
			this.sending = undefined;
		}
	}

	/** Sends the request that waits, under its id. */
	private askAgain(): void {
		const settings = this.#settings;
		const json = this.begin(this.#request, this.#requestId);
		if (this.#request === TYPE_CONNECT) {
			json.value("peer_id", settings.peerId);
			writeOffer(json, settings.abilities, this.#exchange?.publicKey ?? "");
			this.writeAddresses(json);
		} else if (this.sending !== undefined) {
			const audio = this.sending.audio === 0 ? undefined : settings.audio;
			const video = this.sending.video === 0 ? undefined : settings.video;
			writeStream(json, this.sending, audio, video, this.agreement, settings.qualityMap);
		}
		this.send(json);
	}

	private writeAddresses(json: JSONWriter): void {
		const { localAddress, localPort } = this.#owner;
		json.object("network_info").value("public_ip", localAddress).value("public_port", localPort).value("nat_type", "unknown");
		json.array("local").object().value("ip", localAddress).value("port", localPort).endObject().endArray();
		json.endObject();
	}

	private readAddresses(): void {
		const json = this.#json;
		const info = json.member(json.root, MEMBER.network_info);
		this.readAddress(info, MEMBER.public_ip, MEMBER.public_port);
		let item = json.first(json.member(info, MEMBER.local));
		for (let count = 0; item >= 0 && count < 4; item = json.next(item), count++) this.readAddress(item, MEMBER.ip, MEMBER.port);
	}

	private readAddress(object: number, ip: AsciiText, port: AsciiText): void {
		const json = this.#json;
		const address = json.text(json.member(object, ip), ADDRESS_TEXT);
		const number = json.integer(json.member(object, port), 1, 65_535, 0);
		if (address !== undefined && address !== "" && number > 0) this.#owner.candidate(address, number);
	}

	/** Begins a message: its kind, session, number and time. */
	private begin(type: number, id = -1): JSONWriter {
		const json = this.#writer.begin(this.#room, MESSAGE_ROOM).object();
		json.value("type", TYPE_NAMES[type]).value("session_id", this.#settings.sessionId);
		return json.value("id", id < 0 ? this.#nextId++ : id).value("timestamp", this.#owner.wall());
	}

	private send(json: JSONWriter): void {
		const length = json.endObject().end();
		if (length > 0) this.#owner.message(this.#room, length);
	}

	private refuse(code: string, re: number, field: string): void {
		this.errors++;
		const json = this.begin(TYPE_ERROR);
		if (re >= 0) json.value("re", re);
		json.value("code", code).value("message", field === "" ? code : code + ": " + field);
		if (field !== "") json.value("field", field);
		this.send(json);
	}

	private close(reason: string): void {
		if (this.state === SESSION_CLOSED || this.state === SESSION_IDLE) return;
		this.reset();
		this.state = SESSION_CLOSED;
		this.ended = reason;
		this.#owner.closed(reason);
	}

	/** Forgets all of a session: keys are overwritten. */
	private reset(): void {
		this.#media.clear();
		this.rotation?.close();
		this.#exchange?.close();
		this.rotation = undefined;
		this.#exchange = undefined;
		this.receiving.length = 0;
		this.sending = undefined;
		this.#request = TYPE_UNKNOWN;
		this.#connectId = -1;
		this.#beatAt = Infinity;
		this.#unanswered = 0;
		this.roundTrip = -1;
		this.state = SESSION_IDLE;
	}
}

function typeOf(json: JSONReader, member: number): number {
	for (let type = 0; type < TYPE_TEXTS.length; type++) if (json.isText(member, TYPE_TEXTS[type])) return type;
	return TYPE_UNKNOWN;
}
