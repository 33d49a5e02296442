import { AUTH_AEAD, AUTH_AEAD_HMAC80 } from "arcrtc/constants";
import {
	AUTH_NAMES,
	KDF,
	KEY_TEXT,
	MEMBER,
	METHOD,
	PEER_ID_LIMIT,
	PROFILE,
	PROTOCOL_VERSION,
	SUITE_NAMES,
	TEXT,
} from "arcrtc/words";
import { type AsciiText, constantText } from "wire/ascii";
import type { JSONWriter } from "wire/json";
import { type JSONReader, KIND_ARRAY, KIND_OBJECT, KIND_TEXT } from "wire/json_reader";

/** What this end can do and wants, best first. Decided by the configuration. */
export interface Abilities {
	readonly audioCodecs: readonly string[];
	readonly videoCodecs: readonly string[];
	/** Numbers of suites, see `SUITE_NAMES`, and of modes of authentication. */
	readonly suites: readonly number[];
	readonly auths: readonly number[];
	readonly reduced: boolean;
	readonly fec: boolean;
	readonly nack: boolean;
	readonly resolutions: readonly string[];
}

/** What both ends can do (section 2.9): of each the first that the one who asks for the session has offered. */
export class Agreement {
	/** "" for none. */
	audio = "";
	video = "";
	suite = 0;
	auth = AUTH_AEAD;
	reduced = false;
	fec = false;
	nack = false;
	/** Of the other end. */
	peerId = "";
	publicKey = "";

	/**
	 * Reads a CONNECT. @returns "" when a session can be had, else the reason as CONNECT_ACK tells it; "missing" or "field" with
	 * {@link fault} for a message that is not whole.
	 */
	offered(json: JSONReader, own: Abilities): string {
		const { root } = json;
		const wrong = this.readPeer(json);
		if (wrong !== "") return wrong;
		const version = json.member(root, MEMBER.version);
		if (version < 0) return this.missing("version");
		const text = json.text(version, 16);
		if (text === undefined) return this.wrongField("version");
		if (!text.startsWith("1.")) return "version";
		const capabilities = json.member(root, MEMBER.capabilities);
		if (json.kind(capabilities) !== KIND_OBJECT)
			return capabilities < 0 ? this.missing("capabilities") : this.wrongField("capabilities");
		if (!has(json, json.member(capabilities, MEMBER.features), TEXT.profile)) return "profile";
		if (!has(json, json.member(capabilities, MEMBER.transport), TEXT.udp)) return "transport";
		const exchange = json.member(root, MEMBER.key_exchange);
		if (!json.isText(json.member(exchange, MEMBER.method), TEXT.method)) return "key";
		if (!this.readKey(json, exchange)) return "key";
		const codecs = json.member(capabilities, MEMBER.codecs);
		if (json.kind(codecs) !== KIND_ARRAY) return codecs < 0 ? this.missing("codecs") : this.wrongField("codecs");
		this.audio = firstOf(json, codecs, own.audioCodecs);
		this.video = firstOf(json, codecs, own.videoCodecs);
		if (this.audio === "" && this.video === "") return "codec";
		this.suite = suiteOf(json, json.member(capabilities, MEMBER.encryption), own.suites);
		if (this.suite === 0) return "suite";
		const auths = json.member(capabilities, MEMBER.auth);
		this.auth = AUTH_AEAD;
		if (json.kind(auths) === KIND_ARRAY) {
			const name = firstOf(
				json,
				auths,
				own.auths.map((auth) => AUTH_NAMES[auth]),
			);
			if (name === "") return "suite";
			this.auth = AUTH_NAMES.indexOf(name);
		}
		this.readFeatures(json, json.member(capabilities, MEMBER.features), own);
		return "";
	}

	/** Reads a CONNECT_ACK that accepts. @returns "", or the member that is missing or was not offered. */
	answered(json: JSONReader, own: Abilities): string {
		const { root } = json;
		const wrong = this.readPeer(json);
		if (wrong !== "") return "peer_id";
		const codecs = json.member(root, MEMBER.selected_codecs);
		this.audio = chosen(json, json.member(codecs, MEMBER.audio), own.audioCodecs);
		this.video = chosen(json, json.member(codecs, MEMBER.video), own.videoCodecs);
		if (this.audio === "" && this.video === "") return "selected_codecs";
		const encryption = json.member(root, MEMBER.encryption);
		const suite = chosen(json, json.member(encryption, MEMBER.algorithm), SUITE_NAMES);
		this.suite = SUITE_NAMES.indexOf(suite);
		if (suite === "" || own.suites.indexOf(this.suite) < 0) return "algorithm";
		const auth = json.member(encryption, MEMBER.auth);
		this.auth = auth < 0 ? AUTH_AEAD : AUTH_NAMES.indexOf(chosen(json, auth, AUTH_NAMES));
		if (own.auths.indexOf(this.auth) < 0) return "auth";
		if (!this.readKey(json, encryption)) return "public_key";
		this.readFeatures(json, json.member(root, MEMBER.features), own);
		return "";
	}

	/** The member that {@link offered} found missing or wrong. */
	fault = "";

	private readPeer(json: JSONReader): string {
		const peer = json.member(json.root, MEMBER.peer_id);
		if (peer < 0) return this.missing("peer_id");
		const id = json.text(peer, PEER_ID_LIMIT);
		if (id === undefined || id === "") return this.wrongField("peer_id");
		this.peerId = id;
		return "";
	}

	private readKey(json: JSONReader, object: number): boolean {
		const key = json.text(json.member(object, MEMBER.public_key), KEY_TEXT);
		if (key === undefined || key.length !== KEY_TEXT) return false;
		this.publicKey = key;
		return true;
	}

	private readFeatures(json: JSONReader, features: number, own: Abilities): void {
		this.reduced = own.reduced && has(json, features, TEXT.reduced);
		this.fec = own.fec && has(json, features, TEXT.fec);
		this.nack = own.nack && has(json, features, TEXT.nack);
	}

	private missing(field: string): string {
		this.fault = field;
		return "missing";
	}

	private wrongField(field: string): string {
		this.fault = field;
		return "field";
	}
}

/** Writes the members of CONNECT that tell what this end can do, and its public key. */
export function writeOffer(json: JSONWriter, own: Abilities, publicKey: string): void {
	json.value("version", PROTOCOL_VERSION);
	json.object("capabilities");
	writeList(json, "codecs", own.audioCodecs, own.videoCodecs);
	writeList(json, "resolutions", own.resolutions);
	writeList(
		json,
		"encryption",
		own.suites.map((suite) => SUITE_NAMES[suite]),
	);
	writeList(json, "transport", ["udp", "tcp"]);
	writeFeatures(json, own);
	writeList(json, "kdf", [KDF]);
	writeList(
		json,
		"auth",
		own.auths.map((auth) => AUTH_NAMES[auth]),
	);
	json.endObject();
	json.object("key_exchange").value("method", METHOD).value("public_key", publicKey).endObject();
}

/** Writes the members of a CONNECT_ACK that accepts. */
export function writeChoice(json: JSONWriter, agreement: Agreement, publicKey: string): void {
	json.object("selected_codecs");
	json.value("audio", agreement.audio === "" ? null : agreement.audio);
	json.value("video", agreement.video === "" ? null : agreement.video);
	json.endObject();
	writeFeatures(json, agreement);
	json.object("encryption");
	json.value("algorithm", SUITE_NAMES[agreement.suite]).value("key_exchange", METHOD).value("public_key", publicKey);
	json.value("auth", AUTH_NAMES[agreement.auth === AUTH_AEAD_HMAC80 ? AUTH_AEAD_HMAC80 : AUTH_AEAD]).value("kdf", KDF);
	json.endObject();
}

function writeFeatures(
	json: JSONWriter,
	own: { readonly reduced: boolean; readonly fec: boolean; readonly nack: boolean },
): void {
	json.array("features").value(undefined, PROFILE);
	if (own.reduced) json.value(undefined, "reduced");
	if (own.fec) json.value(undefined, "fec");
	if (own.nack) json.value(undefined, "nack");
	json.endArray();
}

function writeList(json: JSONWriter, key: string, items: readonly string[], more: readonly string[] = []): void {
	json.array(key);
	for (let i = 0; i < items.length; i++) json.value(undefined, items[i]);
	for (let i = 0; i < more.length; i++) json.value(undefined, more[i]);
	json.endArray();
}

/** Whether a list has a text. */
function has(json: JSONReader, list: number, text: AsciiText): boolean {
	for (let item = json.first(list); item >= 0; item = json.next(item)) if (json.isText(item, text)) return true;
	return false;
}

/** First text of a list that is one of `own`; "" for none. */
function firstOf(json: JSONReader, list: number, own: readonly string[]): string {
	for (let item = json.first(list); item >= 0; item = json.next(item)) {
		const name = chosen(json, item, own);
		if (name !== "") return name;
	}
	return "";
}

/** The one of `own` that a value is; "" for none. */
function chosen(json: JSONReader, value: number, own: readonly string[]): string {
	if (json.kind(value) !== KIND_TEXT) return "";
	for (let i = 0; i < own.length; i++) if (own[i] !== "" && json.isText(value, constantText(own[i]))) return own[i];
	return "";
}

function suiteOf(json: JSONReader, list: number, own: readonly number[]): number {
	const name = firstOf(
		json,
		list,
		own.map((suite) => SUITE_NAMES[suite]),
	);
	return name === "" ? 0 : SUITE_NAMES.indexOf(name);
}
