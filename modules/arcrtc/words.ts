import { constantText } from "wire/ascii";

/** Words of signalling (section 2.9): kinds of messages, members, errors. */

export const PROTOCOL_VERSION = "1.0";
export const METHOD = "ecdh-p256";
export const KDF = "arc-hkdf-1";
export const PROFILE = "arc-1";
/** Names of suites by their number, from 1 on. */
export const SUITE_NAMES = Object.freeze(["", "aes-128-gcm", "aes-256-gcm", "chacha20-poly1305", "aes-128-ctr-hmac80"]);
export const AUTH_NAMES = Object.freeze(["aead", "aead+hmac80"]);

/** Kinds of messages; {@link TYPE_NAMES} has their names. */
export const TYPE_UNKNOWN = -1;
export const TYPE_CONNECT = 0;
export const TYPE_CONNECT_ACK = 1;
export const TYPE_STREAM_START = 2;
export const TYPE_STREAM_STOP = 3;
export const TYPE_HEARTBEAT = 4;
export const TYPE_HEARTBEAT_ACK = 5;
export const TYPE_KEY_ROTATE = 6;
export const TYPE_KEY_ROTATE_ACK = 7;
export const TYPE_DISCONNECT = 8;
export const TYPE_ERROR = 9;
export const TYPE_QUALITY_ADAPT = 10;
export const TYPE_METRICS = 11;
export const TYPE_NAMES = Object.freeze([
	"CONNECT",
	"CONNECT_ACK",
	"STREAM_START",
	"STREAM_STOP",
	"HEARTBEAT",
	"HEARTBEAT_ACK",
	"KEY_ROTATE",
	"KEY_ROTATE_ACK",
	"DISCONNECT",
	"ERROR",
	"QUALITY_ADAPT",
	"METRICS",
]);
export const TYPE_TEXTS = Object.freeze(TYPE_NAMES.map((name) => constantText(name)));

/** Members that are asked for; names as they are signalled. */
export const MEMBER = Object.freeze({
	accepted: constantText("accepted"),
	algorithm: constantText("algorithm"),
	audio: constantText("audio"),
	auth: constantText("auth"),
	bitrate: constantText("bitrate"),
	capabilities: constantText("capabilities"),
	channels: constantText("channels"),
	code: constantText("code"),
	codec: constantText("codec"),
	codecs: constantText("codecs"),
	encryption: constantText("encryption"),
	epoch: constantText("epoch"),
	fec: constantText("fec"),
	features: constantText("features"),
	field: constantText("field"),
	id: constantText("id"),
	ip: constantText("ip"),
	kdf: constantText("kdf"),
	key_exchange: constantText("key_exchange"),
	local: constantText("local"),
	message: constantText("message"),
	method: constantText("method"),
	nack: constantText("nack"),
	name: constantText("name"),
	network_info: constantText("network_info"),
	original_timestamp: constantText("original_timestamp"),
	payload_type: constantText("payload_type"),
	peer_id: constantText("peer_id"),
	port: constantText("port"),
	ptime: constantText("ptime"),
	public_ip: constantText("public_ip"),
	public_key: constantText("public_key"),
	public_port: constantText("public_port"),
	quality_map: constantText("quality_map"),
	re: constantText("re"),
	reason: constantText("reason"),
	roc: constantText("roc"),
	sample_rate: constantText("sample_rate"),
	selected_codecs: constantText("selected_codecs"),
	sequence: constantText("sequence"),
	session_id: constantText("session_id"),
	ssrc: constantText("ssrc"),
	ssrcs: constantText("ssrcs"),
	start: constantText("start"),
	stream_id: constantText("stream_id"),
	stream_type: constantText("stream_type"),
	timestamp: constantText("timestamp"),
	transport: constantText("transport"),
	type: constantText("type"),
	version: constantText("version"),
	video: constantText("video"),
});

/** Feature names, and stream types, as they are compared. */
export const TEXT = Object.freeze({
	profile: constantText(PROFILE),
	reduced: constantText("reduced"),
	fec: constantText("fec"),
	nack: constantText("nack"),
	udp: constantText("udp"),
	audio: constantText("audio"),
	video: constantText("video"),
	both: constantText("both"),
	method: constantText(METHOD),
	kdf: constantText(KDF),
});

/** Codes of ERROR. */
export const ERROR_JSON = "json";
export const ERROR_TYPE = "type";
export const ERROR_MISSING = "missing";
export const ERROR_FIELD = "field";
export const ERROR_SESSION = "session";
export const ERROR_STATE = "state";
export const ERROR_CODEC = "codec";
export const ERROR_SUITE = "suite";
export const ERROR_KEY = "key";
export const ERROR_TIMEOUT = "timeout";
export const ERROR_LIMIT = "limit";

/** Bytes of ids at most; bytes of a base64url public key. */
export const SESSION_ID_LIMIT = 128;
export const PEER_ID_LIMIT = 64;
export const STREAM_ID_LIMIT = 64;
export const KEY_TEXT = 87;
