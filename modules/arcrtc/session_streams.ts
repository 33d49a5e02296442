import type { Agreement } from "arcrtc/agreement";
import { MATERIAL_BYTES } from "arcrtc/constants";
import { deriveStream, wipe } from "arcrtc/key_derivation";
import type { KeyRotation } from "arcrtc/key_rotation";
import type { MediaSession } from "arcrtc/media_session";
import type { SendTerms } from "arcrtc/outgoing_media";
import type { ReceiveKeys } from "arcrtc/receive_keys";
import type { SessionSettings } from "arcrtc/session_options";
import { clockOf, OfferedStream, type StreamIds } from "arcrtc/stream_terms";
import { random } from "crypto/crypto";
import { formatHex } from "wire/hex";
import type { JSONReader } from "wire/json_reader";

/** What becomes of a STREAM_START of the peer. */
export const STREAM_TAKEN = 0;
/** ERROR: `offered.code` and `offered.fault`. */
export const STREAM_FAULTY = 1;
/** STREAM_STOP(error): an SSRC or the stream_id was used, the peer begins again under others. */
export const STREAM_REFUSED = 2;
/** STREAM_STOP(user_request): this end has no use for it. */
export const STREAM_UNWANTED = 3;

const ID_BYTES = 8;
/** Ids that are tried: one that is taken already is as good as impossible. */
const TRIES = 4;
/** Times in a row that the peer may refuse our ids. */
const REFUSALS = 3;

/** A stream of the peer. */
export interface Receiving {
	readonly streamId: string;
	readonly keys: ReceiveKeys;
}

/** The streams of one session, both ways, and their keys (sections 2.4, 2.9). No I/O, cold paths. */
export class SessionStreams {
	/** Streams that the peer sends. */
	readonly receiving: Receiving[] = [];
	/** What this end sends; undefined: nothing. */
	sending: StreamIds | undefined;
	readonly offered = new OfferedStream();
	readonly #settings: SessionSettings;
	readonly #media: MediaSession;
	#refusals = 0;

	constructor(settings: SessionSettings, media: MediaSession) {
		this.#settings = settings;
		this.#media = media;
	}

	/** Begins to send what is configured and agreed on, under new ids. @returns false when there is nothing, or the peer has refused too often. */
	send(agreement: Agreement, rotation: KeyRotation, now: number): boolean {
		const { audio, video } = this.#settings;
		const media = this.#media;
		const sound = audio !== undefined && agreement.audio === audio.codec;
		const pictures = video !== undefined && agreement.video === video.codec;
		if ((!sound && !pictures) || this.#refusals >= REFUSALS) return false;
		for (let tries = 0; tries < TRIES; tries++) {
			const ids = makeIds(sound, pictures, agreement.fec);
			const material = this.derive(agreement, rotation, ids.streamId);
			const started = media.send(this.terms(agreement, ids), material, rotation.epoch, now);
			wipe(material);
			if (!started) continue;
			this.sending = ids;
			return true;
		}
		return false;
	}

	/** The peer has taken what is sent. */
	taken(): void {
		this.#refusals = 0;
	}

	/** The peer cannot take what is sent: an id of it was used. */
	refused(): void {
		this.#refusals++;
		this.stopSending();
	}

	/** No packet is sent from here on. */
	stopSending(): void {
		this.#media.outgoing.stop();
		this.#media.queue.clear();
		this.sending = undefined;
	}

	/** Whether the peer sends a stream of that id. */
	has(streamId: string): boolean {
		return this.find(streamId) >= 0;
	}

	/** A STREAM_START of the peer under an id that is not known. @returns one of STREAM_. */
	take(json: JSONReader, agreement: Agreement, rotation: KeyRotation): number {
		const { offered } = this;
		const media = this.#media;
		if (!offered.read(json, agreement)) return STREAM_FAULTY;
		if (offered.streamId === this.sending?.streamId) return STREAM_REFUSED;
		const { terms, streamId } = offered;
		const { receivesAudio, receivesVideo } = media.shape;
		const audio = receivesAudio ? terms.audio : undefined;
		const video = receivesVideo ? terms.video : undefined;
		if (audio === undefined && video === undefined) return STREAM_UNWANTED;
		// There is one stream of a kind: the one that plays is not harmed by another.
		const { incoming } = media;
		if ((audio !== undefined && incoming.audio !== undefined) || (video !== undefined && incoming.video !== undefined)) {
			offered.limit();
			return STREAM_FAULTY;
		}
		const material = this.derive(agreement, rotation, streamId);
		const fec = video === undefined ? undefined : terms.fec;
		const keys = media.receive({ nack: terms.nack, audio, video, fec }, material, rotation.epoch);
		wipe(material);
		if (keys === undefined) return STREAM_REFUSED;
		this.receiving.push({ streamId, keys });
		return STREAM_TAKEN;
	}

	/** The peer does not send a stream any more. @returns false when there is none of that id. */
	drop(streamId: string): boolean {
		const place = this.find(streamId);
		if (place < 0) return false;
		this.#media.stopReceiving(this.receiving[place].keys);
		this.receiving.splice(place, 1);
		return true;
	}

	/** Keys of the newest epoch for all streams. @returns false when one cannot take them: both ends are out of step. */
	rekey(agreement: Agreement, rotation: KeyRotation, now: number): boolean {
		const media = this.#media;
		let fine = true;
		for (let i = 0; i < this.receiving.length; i++) {
			const { streamId, keys } = this.receiving[i];
			const material = this.derive(agreement, rotation, streamId);
			if (!media.rekeyReceiving(keys, material, rotation.epoch, now)) fine = false;
			wipe(material);
		}
		const { sending } = this;
		if (sending !== undefined) {
			const material = this.derive(agreement, rotation, sending.streamId);
			if (!media.rekeySending(material, rotation.epoch, now)) fine = false;
			wipe(material);
		}
		return fine;
	}

	/** Whether a packet under the newest keys came, or none can come. */
	get turned(): boolean {
		const { receiving } = this;
		if (receiving.length === 0) return true;
		for (let i = 0; i < receiving.length; i++) if (receiving[i].keys.phase === receiving[i].keys.newest) return true;
		return false;
	}

	/** Keys before the newest are overwritten. */
	forget(): void {
		const { receiving } = this;
		for (let i = 0; i < receiving.length; i++) receiving[i].keys.forgetOlder();
		this.#media.sendKeys.forget();
	}

	/** The session is over. */
	clear(): void {
		this.receiving.length = 0;
		this.sending = undefined;
		this.#refusals = 0;
		this.#media.clear();
	}

	private find(streamId: string): number {
		for (let i = 0; i < this.receiving.length; i++) if (this.receiving[i].streamId === streamId) return i;
		return -1;
	}

	private derive(agreement: Agreement, rotation: KeyRotation, streamId: string): ArrayBuffer {
		const material = new ArrayBuffer(MATERIAL_BYTES);
		deriveStream(rotation.master, streamId, agreement.suite, material);
		return material;
	}

	private terms(agreement: Agreement, ids: StreamIds): SendTerms {
		const { audio, video, reducedVideo, qualityMap } = this.#settings;
		const { reduced, nack } = agreement;
		const clock = audio === undefined ? 0 : clockOf(audio.codec, audio.rate);
		return {
			audio:
				audio === undefined || ids.audio === 0
					? undefined
					: { ssrc: ids.audio, payloadType: audio.payloadType, clock, unit: (clock / 1000) * audio.frame },
			video: video === undefined || ids.video === 0 ? undefined : { ssrc: ids.video, payloadType: video.payloadType },
			fec: video === undefined || ids.fec === 0 ? undefined : { ssrc: ids.fec, payloadType: video.fecType },
			reduced,
			reducedVideo: reduced && reducedVideo,
			nack,
			qualityMap,
		};
	}
}

function makeIds(audio: boolean, video: boolean, fec: boolean): StreamIds {
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
