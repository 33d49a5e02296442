import type { Agreement } from "arcrtc/agreement";
import { KeyExchange } from "arcrtc/key_exchange";
import { KeyRotation } from "arcrtc/key_rotation";
import type { MediaSession } from "arcrtc/media_session";
import type { MessageReader } from "arcrtc/message_reader";
import type { MessageWriter } from "arcrtc/message_writer";
import {
	REASONS,
	ROTATION_BAD_KEY,
	ROTATION_BAD_STATE,
	ROTATION_FORGET,
	ROTATION_GAVE_UP,
	ROTATION_GRACE,
	ROTATION_INSTALL,
	ROTATION_NOTHING,
	ROTATION_RECONNECT,
	ROTATION_SEND_ANSWER,
	ROTATION_SEND_REQUEST,
} from "arcrtc/rotation_words";
import type { SessionSettings } from "arcrtc/session_options";
import type { SessionStreams } from "arcrtc/session_streams";
import { ERROR_KEY, ERROR_STATE, KEY_TEXT, MEMBER } from "arcrtc/words";

const MOST_EPOCH = 0xffff_ffff;
const NONE = -1;

/** The keys of one session: its pair, what both ends make of theirs, and changes by KEY_ROTATE (section 2.6). Cold path. */
export class SessionKeys {
	/** Undefined while there is no session. */
	rotation: KeyRotation | undefined;
	/** Requests that nobody answered. */
	givenUp = 0;
	readonly #settings: SessionSettings;
	readonly #media: MediaSession;
	readonly #streams: SessionStreams;
	readonly #writer: MessageWriter;
	/** The pair of the CONNECT or CONNECT_ACK; after a rotation only its public key is of use. */
	#exchange: KeyExchange | undefined;
	#agreement: Agreement | undefined;
	/** Number of the KEY_ROTATE that is out. */
	#request = NONE;

	constructor(settings: SessionSettings, media: MediaSession, streams: SessionStreams, writer: MessageWriter) {
		this.#settings = settings;
		this.#media = media;
		this.#streams = streams;
		this.#writer = writer;
	}

	/** The public key that CONNECT or CONNECT_ACK tells. */
	get publicKey(): string {
		return this.#exchange?.publicKey ?? "";
	}

	/** Makes the pair of a CONNECT. */
	offer(): void {
		this.#exchange = new KeyExchange();
	}

	/** Makes of the pair that was offered, or of a new one, and the peer's key what both share. @returns undefined when the peer's cannot be. */
	agree(agreement: Agreement, now: number): SharedKeys | undefined {
		const { sessionId, peerId, oneSided } = this.#settings;
		const { peerId: remoteId, publicKey: remoteKey } = agreement;
		const offered = this.rotation === undefined ? this.#exchange : undefined;
		const exchange = offered ?? new KeyExchange();
		try {
			// Agreeing takes long on a small processor: it is tried once, not asked before.
			return { exchange, rotation: new KeyRotation({ sessionId, peerId, remoteId, exchange, remoteKey, oneSided, now }) };
		} catch {
			if (exchange !== offered) exchange.close();
			return undefined;
		}
	}

	/** A session begins with what `agree` has made. */
	open(shared: SharedKeys, agreement: Agreement): void {
		this.#exchange = shared.exchange;
		this.rotation = shared.rotation;
		this.#agreement = agreement;
	}

	/** The session is over: keys are overwritten. */
	close(): void {
		this.rotation?.close();
		this.#exchange?.close();
		this.rotation = undefined;
		this.#exchange = undefined;
		this.#agreement = undefined;
		this.#request = NONE;
	}

	/** KEY_ROTATE. @returns false: the reader's `code` says what is wrong with it. */
	requested(reader: MessageReader, now: number): boolean {
		const { rotation } = this;
		const epoch = epochOf(reader);
		const key = reader.text(MEMBER.public_key, KEY_TEXT);
		if (reader.id < 0) return reader.lacksMember(MEMBER.id, "id");
		if (epoch < 0) return reader.lacksMember(MEMBER.epoch, "epoch");
		if (key === undefined) return reader.lacksMember(MEMBER.public_key, "public_key");
		const reason = REASONS.indexOf((reader.text(MEMBER.reason, 16) ?? "") as (typeof REASONS)[number]);
		return rotation === undefined || judged(reader, rotation.requested(epoch, key, reader.id, now, reason < 0 ? 0 : reason));
	}

	/** KEY_ROTATE_ACK. @returns as `requested`. */
	acknowledged(reader: MessageReader, now: number): boolean {
		const { rotation } = this;
		const epoch = epochOf(reader);
		const key = reader.text(MEMBER.public_key, KEY_TEXT);
		if (epoch < 0) return reader.lacksMember(MEMBER.epoch, "epoch");
		// Without one the peer keeps its pair; one that is no key is something else.
		if (key === undefined && reader.member(MEMBER.public_key) >= 0) return reader.lacksMember(MEMBER.public_key, "public_key");
		return rotation === undefined || judged(reader, rotation.acknowledged(epoch, key, now));
	}

	/** ERROR about the message `re` came. */
	refused(re: number, now: number): void {
		if (re === this.#request) this.rotation?.refused(now);
	}

	/** Does what is due. @returns as `turn`. */
	tick(now: number): string {
		const { rotation } = this;
		if (rotation === undefined) return "";
		const media = this.#media;
		rotation.counted(media.sealer.mostPackets(media.sendKeys), now);
		if (media.opener.attacked(now)) rotation.attacked(now);
		if (rotation.state === ROTATION_GRACE && this.#streams.turned) rotation.received(now);
		if (now >= rotation.deadline) rotation.tick(now);
		return this.turn(now);
	}

	/** Does what the rotation wants. @returns why the session has to end; "": it goes on. */
	turn(now: number): string {
		const { rotation } = this;
		const agreement = this.#agreement;
		const writer = this.#writer;
		if (rotation === undefined || agreement === undefined) return "";
		for (let event = rotation.poll(); event !== ROTATION_NOTHING; event = rotation.poll()) {
			if (event === ROTATION_FORGET) this.#streams.forget();
			else if (event === ROTATION_SEND_REQUEST) {
				if (rotation.attempt === 0) this.#request = writer.takeId();
				writer.keyRotate(this.#request, rotation);
			} else if (event === ROTATION_SEND_ANSWER) writer.keyRotateAck(rotation);
			else if (event === ROTATION_INSTALL) {
				if (!this.#streams.rekey(agreement, rotation, now)) return "the keys are out of step";
			} else if (event === ROTATION_GAVE_UP) this.givenUp++;
			else if (event === ROTATION_RECONNECT) return "the keys are used up";
		}
		return "";
	}

	get deadline(): number {
		return this.rotation === undefined ? Infinity : this.rotation.deadline;
	}
}

/** A pair, and what it shares with the peer's. */
export interface SharedKeys {
	readonly exchange: KeyExchange;
	readonly rotation: KeyRotation;
}

function epochOf(reader: MessageReader): number {
	return reader.json.integer(reader.member(MEMBER.epoch), 0, MOST_EPOCH, NONE);
}

function judged(reader: MessageReader, outcome: number): boolean {
	if (outcome === ROTATION_BAD_KEY) return reader.refuses(ERROR_KEY, "public_key");
	return outcome !== ROTATION_BAD_STATE || reader.refuses(ERROR_STATE, "epoch");
}
