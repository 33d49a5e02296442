import { AUTH_AEAD, AUTH_AEAD_HMAC80 } from "arcrtc/constants";
import {
	AUTH_NAMES,
	ERROR_FIELD,
	ERROR_MISSING,
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

const MAJOR = "1.";
const VERSION_LIMIT = 16;

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

	/** The member that is missing or wrong; "" when nothing is, or it is a choice that cannot be. */
	fault = "";

	/**
	 * Reads a CONNECT. @returns "" when a session can be had, else the reason as CONNECT_ACK tells it; with {@link fault}: a code of
	 * ERROR, the message is not whole.
	 */
	offered(json: JSONReader, own: Abilities): string {
		const { root } = json;
		const version = json.member(root, MEMBER.version);
		const text = json.text(version, VERSION_LIMIT);
		if (text === undefined) return this.lacks(version, "version");
		// What another major version's messages look like is not known.
		if (!text.startsWith(MAJOR)) return "version";
		const wrong = this.readPeer(json);
		if (wrong !== "") return wrong;
		const capabilities = json.member(root, MEMBER.capabilities);
		if (json.kind(capabilities) !== KIND_OBJECT) return this.lacks(capabilities, "capabilities");
		const codecs = json.member(capabilities, MEMBER.codecs);
		if (json.kind(codecs) !== KIND_ARRAY) return this.lacks(codecs, "codecs");
		const suites = json.member(capabilities, MEMBER.encryption);
		if (json.kind(suites) !== KIND_ARRAY) return this.lacks(suites, "encryption");
		const transports = json.member(capabilities, MEMBER.transport);
		if (json.kind(transports) !== KIND_ARRAY) return this.lacks(transports, "transport");
		const network = json.member(root, MEMBER.network_info);
		if (json.kind(network) !== KIND_OBJECT) return this.lacks(network, "network_info");
		const features = json.member(capabilities, MEMBER.features);
		if (!has(json, features, TEXT.profile)) return "profile";
		if (!has(json, transports, TEXT.udp)) return "transport";
		const exchange = json.member(root, MEMBER.key_exchange);
		if (json.kind(exchange) !== KIND_OBJECT) return this.lacks(exchange, "key_exchange");
		const key = json.member(exchange, MEMBER.public_key);
		if (json.kind(key) !== KIND_TEXT) return this.lacks(key, "public_key");
		if (!json.isText(json.member(exchange, MEMBER.method), TEXT.method) || !this.readKey(json, key)) return "key";
		const kdfs = json.member(capabilities, MEMBER.kdf);
		if (kdfs >= 0 && !has(json, kdfs, TEXT.kdf)) return "key";
		this.audio = firstOf(json, codecs, own.audioCodecs);
		this.video = firstOf(json, codecs, own.videoCodecs);
		if (this.audio === "" && this.video === "") return "codec";
		this.suite = suiteOf(json, suites, own.suites);
		if (this.suite === 0) return "suite";
		const auths = json.member(capabilities, MEMBER.auth);
		this.auth = auths < 0 ? AUTH_AEAD : AUTH_NAMES.indexOf(firstOf(json, auths, AUTH_NAMES, own.auths));
		if (own.auths.indexOf(this.auth) < 0) return "suite";
		this.readFeatures(json, features, own);
		return "";
	}

	/** Reads a CONNECT_ACK that accepts. @returns "", or a code of ERROR with {@link fault}: a member is missing, or was not offered. */
	answered(json: JSONReader, own: Abilities): string {
		const { root } = json;
		const wrong = this.readPeer(json);
		if (wrong !== "") return wrong;
		const codecs = json.member(root, MEMBER.selected_codecs);
		if (json.kind(codecs) !== KIND_OBJECT) return this.lacks(codecs, "selected_codecs");
		this.audio = chosen(json, json.member(codecs, MEMBER.audio), own.audioCodecs);
		this.video = chosen(json, json.member(codecs, MEMBER.video), own.videoCodecs);
		if (this.audio === "" && this.video === "") return this.lacks(codecs, "selected_codecs");
		const features = json.member(root, MEMBER.features);
		if (!has(json, features, TEXT.profile)) return this.lacks(features, "features");
		const encryption = json.member(root, MEMBER.encryption);
		if (json.kind(encryption) !== KIND_OBJECT) return this.lacks(encryption, "encryption");
		const algorithm = json.member(encryption, MEMBER.algorithm);
		this.suite = SUITE_NAMES.indexOf(chosen(json, algorithm, SUITE_NAMES));
		if (own.suites.indexOf(this.suite) < 0) return this.lacks(algorithm, "algorithm");
		const auth = json.member(encryption, MEMBER.auth);
		this.auth = auth < 0 ? AUTH_AEAD : AUTH_NAMES.indexOf(chosen(json, auth, AUTH_NAMES));
		if (own.auths.indexOf(this.auth) < 0) return this.lacks(auth, "auth");
		const kdf = json.member(encryption, MEMBER.kdf);
		if (kdf >= 0 && !json.isText(kdf, TEXT.kdf)) return this.lacks(kdf, "kdf");
		const key = json.member(encryption, MEMBER.public_key);
		if (!this.readKey(json, key)) return this.lacks(key, "public_key");
		this.readFeatures(json, features, own);
		return "";
	}

	private readPeer(json: JSONReader): string {
		const peer = json.member(json.root, MEMBER.peer_id);
		const id = json.text(peer, PEER_ID_LIMIT);
		if (id === undefined || id === "") return this.lacks(peer, "peer_id");
		this.peerId = id;
		return "";
	}

	private readKey(json: JSONReader, key: number): boolean {
		this.publicKey = json.text(key, KEY_TEXT) ?? "";
		return this.publicKey.length === KEY_TEXT;
	}

	private readFeatures(json: JSONReader, features: number, own: Abilities): void {
		this.reduced = own.reduced && has(json, features, TEXT.reduced);
		this.fec = own.fec && has(json, features, TEXT.fec);
		this.nack = own.nack && has(json, features, TEXT.nack);
	}

	private lacks(value: number, field: string): string {
		this.fault = field;
		return value < 0 ? ERROR_MISSING : ERROR_FIELD;
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

/** First text of a list that is one of `own`, or of those of `own` that have a number of `only`; "" for none. */
function firstOf(json: JSONReader, list: number, own: readonly string[], only?: readonly number[]): string {
	for (let item = json.first(list); item >= 0; item = json.next(item)) {
		const name = chosen(json, item, own);
		if (name !== "" && (only === undefined || only.indexOf(own.indexOf(name)) >= 0)) return name;
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
	const name = firstOf(json, list, SUITE_NAMES, own);
	return name === "" ? 0 : SUITE_NAMES.indexOf(name);
}
