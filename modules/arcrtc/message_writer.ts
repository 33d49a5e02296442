import { type Agreement, writeChoice, writeOffer } from "arcrtc/agreement";
import type { KeyRotation } from "arcrtc/key_rotation";
import { REASONS } from "arcrtc/rotation_words";
import type { MessageCarrier, SessionSettings } from "arcrtc/session_options";
import { type StreamIds, writeStream } from "arcrtc/stream_terms";
import {
	TYPE_CONNECT,
	TYPE_CONNECT_ACK,
	TYPE_DISCONNECT,
	TYPE_ERROR,
	TYPE_HEARTBEAT,
	TYPE_HEARTBEAT_ACK,
	TYPE_KEY_ROTATE,
	TYPE_KEY_ROTATE_ACK,
	TYPE_NAMES,
	TYPE_STREAM_START,
	TYPE_STREAM_STOP,
} from "arcrtc/words";
import type { Arena } from "storage/arena";
import { JSONWriter } from "wire/json";

/** Bytes of the longest message that is made, and of where it is made. */
export const MESSAGE_ROOM = 1536;
/** Reasons of STREAM_STOP. */
export const STOP_USER = "user_request";
export const STOP_ERROR = "error";
export const STOP_TIMEOUT = "timeout";

/** Makes the messages of a session (section 2.9) in one place, one after the other, and gives them to who carries them. Cold path. */
export class MessageWriter {
	/** Messages that were longer than the room: they were not sent. */
	tooLong = 0;
	readonly #json: JSONWriter;
	readonly #room: number;
	readonly #settings: SessionSettings;
	readonly #carrier: MessageCarrier;
	#nextId = 1;

	constructor(arena: Arena, room: number, settings: SessionSettings, carrier: MessageCarrier) {
		this.#json = new JSONWriter(arena.bytes);
		this.#room = room;
		this.#settings = settings;
		this.#carrier = carrier;
	}

	/** A number for a request, which all its repetitions have. */
	takeId(): number {
		return this.#nextId++;
	}

	connect(id: number, publicKey: string): void {
		const { peerId, abilities } = this.#settings;
		const json = this.begin(TYPE_CONNECT, id).value("peer_id", peerId);
		writeOffer(json, abilities, publicKey);
		this.writeAddresses(json);
		this.send(json);
	}

	/** CONNECT_ACK to the CONNECT `re`. */
	accept(re: number, agreement: Agreement, publicKey: string): void {
		const json = this.answer(TYPE_CONNECT_ACK, re).value("peer_id", this.#settings.peerId).value("accepted", true);
		writeChoice(json, agreement, publicKey);
		this.writeAddresses(json);
		this.send(json);
	}

	reject(re: number, reason: string): void {
		const json = this.answer(TYPE_CONNECT_ACK, re).value("peer_id", this.#settings.peerId);
		this.send(json.value("accepted", false).value("reason", reason));
	}

	streamStart(id: number, ids: StreamIds, agreement: Agreement): void {
		const { audio, video, qualityMap } = this.#settings;
		const json = this.begin(TYPE_STREAM_START, id);
		writeStream(json, ids, ids.audio === 0 ? undefined : audio, ids.video === 0 ? undefined : video, agreement, qualityMap);
		this.send(json);
	}

	/** The answer to STREAM_START. */
	echo(re: number, streamId: string): void {
		this.send(this.answer(TYPE_STREAM_START, re).value("stream_id", streamId));
	}

	streamStop(streamId: string, reason: string): void {
		this.send(this.begin(TYPE_STREAM_STOP).value("stream_id", streamId).value("reason", reason));
	}

	heartbeat(sequence: number): void {
		this.send(this.begin(TYPE_HEARTBEAT).value("sequence", sequence));
	}

	heartbeatAck(re: number, sequence: number, original: number): void {
		const wall = this.wall();
		const json = this.answer(TYPE_HEARTBEAT_ACK, re).value("sequence", sequence).value("original_timestamp", original);
		this.send(json.value("response_timestamp", wall).value("latency_ms", wall > original ? wall - original : 0));
	}

	keyRotate(id: number, rotation: KeyRotation): void {
		const json = this.begin(TYPE_KEY_ROTATE, id).value("epoch", rotation.requestEpoch);
		this.send(json.value("reason", REASONS[rotation.requestReason]).value("public_key", rotation.requestKey));
	}

	keyRotateAck(rotation: KeyRotation): void {
		const json = this.answer(TYPE_KEY_ROTATE_ACK, rotation.answerTo).value("epoch", rotation.answerEpoch);
		if (rotation.answerKey !== "") json.value("public_key", rotation.answerKey);
		this.send(json);
	}

	disconnect(reason: string): void {
		this.send(this.begin(TYPE_DISCONNECT).value("reason", reason));
	}

	/** `re`: the message that it is about, -1: not known; `field`: the member that it is about, or "". */
	error(code: string, re: number, field: string): void {
		const json = this.answer(TYPE_ERROR, re)
			.value("code", code)
			.value("message", field === "" ? code : code + ": " + field);
		if (field !== "") json.value("field", field);
		this.send(json);
	}

	private writeAddresses(json: JSONWriter): void {
		const { localAddress, localPort } = this.#carrier;
		json.object("network_info").value("public_ip", localAddress).value("public_port", localPort).value("nat_type", "unknown");
		json.array("local").object().value("ip", localAddress).value("port", localPort).endObject().endArray();
		json.endObject();
	}

	/** What all messages begin with: kind, session, number, time. */
	private begin(type: number, id = this.#nextId++): JSONWriter {
		const json = this.#json.begin(this.#room, MESSAGE_ROOM).object();
		json.value("type", TYPE_NAMES[type]).value("session_id", this.#settings.sessionId);
		return json.value("id", id).value("timestamp", this.wall());
	}

	private answer(type: number, re: number): JSONWriter {
		const json = this.begin(type);
		return re < 0 ? json : json.value("re", re);
	}

	private send(json: JSONWriter): void {
		const length = json.endObject().end();
		if (length > 0) this.#carrier.message(this.#room, length);
		else this.tooLong++;
	}

	/** Unix ms; 0: not known. */
	private wall(): number {
		const wall = this.#carrier.wall();
		return wall < 0 ? 0 : Math.floor(wall);
	}
}
