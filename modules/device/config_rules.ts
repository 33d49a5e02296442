/**
 * What the configuration may hold, as a table that the checker walks. schema/config.schema.json says the same with descriptions,
 * and a test compares the two; documentation is made from the schema.
 */

export const Kind = Object.freeze({ OBJECT: 0, LIST: 1, WHOLE: 2, NUMBER: 3, FLAG: 4, TEXT: 5, CHOICE: 6 } as const);

/** Forms of texts that are checked beyond their length. */
export const Form = Object.freeze({
	ANY: 0,
	/** Numeric IPv4 or IPv6 address. */
	ADDRESS: 1,
	/** `host[:port]`, `[IPv6][:port]`. */
	HOST_PORT: 2,
	/** Six octets in hex with ":" between. */
	MAC: 3,
	/** User id of KV: hex with "0x" or decimal, 64 bits. */
	KV_USER: 4,
	/** "create", or the id of a channel of KV. */
	KV_CHANNEL: 5,
	/** Where sound comes from, where it goes. */
	SOUND_INPUT: 6,
	SOUND_OUTPUT: 7,
	/** Where pictures come from: a path, or a URL of RTSP. */
	PICTURE_SOURCE: 8,
} as const);

export interface Rule {
	readonly kind: number;
	/** Bounds of a number, of a text's length, of a list's length. */
	readonly low: number;
	readonly high: number;
	/** What stands for a key that is absent; `smallFallback` on devices of the ESP32's size. */
	readonly fallback?: string | number | boolean;
	readonly smallFallback?: number;
	readonly required: boolean;
	readonly form: number;
	readonly choices: readonly (string | number)[];
	/** An object that is there, with its defaults, also when it is left out. */
	readonly always?: boolean;
	/** Of an object. */
	readonly members: readonly Member[];
	/** Of a list. */
	readonly item?: Rule;
}

export interface Member {
	readonly name: string;
	readonly rule: Rule;
}

const NOTHING: readonly never[] = Object.freeze([]);
const BASE = Object.freeze({ low: 0, high: 0, required: false, form: Form.ANY, choices: NOTHING, members: NOTHING });

function whole(low: number, high: number, fallback?: number, smallFallback?: number): Rule {
	return Object.freeze({ ...BASE, kind: Kind.WHOLE, low, high, fallback, smallFallback });
}

function number(low: number, high: number, fallback: number): Rule {
	return Object.freeze({ ...BASE, kind: Kind.NUMBER, low, high, fallback });
}

function flag(fallback: boolean): Rule {
	return Object.freeze({ ...BASE, kind: Kind.FLAG, fallback });
}

function text(low: number, high: number, form: number = Form.ANY, fallback?: string): Rule {
	return Object.freeze({ ...BASE, kind: Kind.TEXT, low, high, form, fallback });
}

function choice(fallback: string | undefined, ...choices: string[]): Rule {
	return Object.freeze({ ...BASE, kind: Kind.CHOICE, choices: Object.freeze(choices), fallback });
}

function oneOf(fallback: number, ...choices: number[]): Rule {
	return Object.freeze({ ...BASE, kind: Kind.CHOICE, choices: Object.freeze(choices), fallback });
}

function always(rule: Rule): Rule {
	return Object.freeze({ ...rule, always: true });
}

function object(members: Record<string, Rule>): Rule {
	const list: Member[] = [];
	for (const name of Object.keys(members)) list.push(Object.freeze({ name, rule: members[name] }));
	return Object.freeze({ ...BASE, kind: Kind.OBJECT, members: Object.freeze(list) });
}

function list(high: number, item: Rule): Rule {
	return Object.freeze({ ...BASE, kind: Kind.LIST, high, item });
}

function required(rule: Rule): Rule {
	return Object.freeze({ ...rule, required: true });
}

/** Milliseconds: up to a week. */
const SPAN = whole(1, 604_800_000);
const PATH_LENGTH = 1000;

const DEVICE = object({
	name: text(0, 64),
	category: text(0, 64),
	type: text(0, 64),
	vendor: text(0, 64),
	memory: whole(1024, 2_147_483_647),
});

const SERVICE = object({
	type: required(
		choice(undefined, "rtsp", "locked-rtsp", "unknown-rtsp", "unsupported-rtsp", "http", "mjpeg", "locked-mjpeg", "tcp"),
	),
	url: required(text(1, 512)),
	mac: text(17, 17, Form.MAC),
	id: whole(1, 65_535),
});

const ARROW_SWITCHES = object({
	unknownMethod: choice(undefined, "ack4", "close"),
	strayAck: choice(undefined, "ignore", "close"),
	shortTail: choice(undefined, "ignore", "close"),
	scanReport: choice(undefined, "report", "ack4"),
	hupFlush: choice(undefined, "flush", "drop"),
	redirectLimit: whole(0, 1000),
	retryJitter: Object.freeze({ ...BASE, kind: Kind.NUMBER, low: 0, high: 1 }),
	pairingClock: choice(undefined, "restart", "boot"),
	pairingEnd: choice(undefined, "slow", "suspend"),
	h265: choice(undefined, "rtsp", "unsupported"),
	serviceIds: choice(undefined, "fingerprint", "config"),
});

const ARROW_TIMES = object({
	connect: SPAN,
	ack: SPAN,
	ping: SPAN,
	update: SPAN,
	localConnect: SPAN,
	flush: SPAN,
	tail: SPAN,
	retry: SPAN,
	unpairedFast: SPAN,
	unpaired: SPAN,
	unpairedSlow: SPAN,
	pairingFast: SPAN,
	pairingEnd: SPAN,
	unsupported: SPAN,
	redirectSpan: SPAN,
	registerSpan: SPAN,
});

const ARROW = object({
	service: required(text(1, 260, Form.HOST_PORT)),
	authorities: required(text(1, PATH_LENGTH)),
	services: list(64, SERVICE),
	window: whole(1, 65_536, 65_536, 8192),
	sessions: whole(1, 1024, 64, 4),
	message: whole(512, 8192, 8192, 2048),
	buffer: whole(1024, 65_536),
	gateway: flag(false),
	mac: text(17, 17, Form.MAC),
	legacyCiphers: flag(false),
	stateFile: text(1, PATH_LENGTH),
	switches: ARROW_SWITCHES,
	times: ARROW_TIMES,
});

const CAMERA_HTTP = object({
	address: text(1, 45, Form.ADDRESS, "127.0.0.1"),
	port: whole(0, 65_535, 8080),
	viewers: whole(1, 32, 4, 2),
	requestBytes: whole(1024, 16_384, 2048, 1024),
	advertise: flag(true),
});

const CAMERA = object({
	source: required(text(1, PATH_LENGTH, Form.PICTURE_SOURCE)),
	transport: choice("tcp", "tcp", "udp"),
	packetBytes: whole(2048, 65_540, 16_384, 4096),
	rate: number(0.1, 60, 10),
	width: whole(16, 16_384, 640),
	height: whole(16, 16_384, 480),
	frameBytes: whole(1024, 4_194_304, 65_536, 32_768),
	buffers: whole(3, 16, 4, 3),
	http: CAMERA_HTTP,
});

/** Longest id as text: 20 decimal digits. */
const ID_LENGTH = 20;

const KV_REGISTER = object({
	administrator: text(1, ID_LENGTH, Form.KV_USER),
	permissions: list(
		7,
		choice(undefined, "register_user", "delete_user", "add_channel", "rm_channel", "add_user", "kick_user", "admin"),
	),
});

const KV_SWITCHES = object({
	profile: choice(undefined, "document", "27eb5b6"),
	portOrder: choice(undefined, "be", "le-quirk", "auto"),
	userJoin: Object.freeze({ ...BASE, kind: Kind.FLAG }),
	keepaliveUidOrder: choice(undefined, "le", "be"),
	udpOrder: choice(undefined, "le", "be"),
	requestShape: choice(undefined, "exact", "padded36"),
	payload: choice(undefined, "opusPad", "raw504"),
	padding: choice(undefined, "zero", "sequence"),
	refused: choice(undefined, "slow", "never"),
});

const KV_TIMES = object({
	connect: SPAN,
	answer: SPAN,
	keepalive: SPAN,
	check: SPAN,
	silence: SPAN,
	join: SPAN,
	ack: SPAN,
	retry: SPAN,
	retryLimit: SPAN,
	life: SPAN,
	refused: SPAN,
	leave: SPAN,
});

const KV = object({
	server: required(text(1, 260, Form.HOST_PORT)),
	register: KV_REGISTER,
	uid: text(1, ID_LENGTH, Form.KV_USER),
	channel: text(1, ID_LENGTH, Form.KV_CHANNEL),
	channels: list(4, text(1, ID_LENGTH, Form.KV_CHANNEL)),
	talk: choice("always", "always", "pushToTalk", "never"),
	cleanUp: flag(false),
	switches: KV_SWITCHES,
	times: KV_TIMES,
});

const AUDIO = object({
	input: text(1, PATH_LENGTH, Form.SOUND_INPUT, "null"),
	output: text(1, PATH_LENGTH, Form.SOUND_OUTPUT, "null"),
	rate: oneOf(16_000, 8000, 16_000, 48_000),
	codec: choice("opus", "opus"),
	frame: oneOf(60, 10, 20, 40, 60),
	bitrate: whole(6000, 200_000, 24_000),
	complexity: whole(0, 10, 5, 0),
	fec: flag(true),
	dtx: flag(false),
	expectedLoss: whole(0, 100, 10),
	jitter: always(
		object({
			minimum: whole(0, 1000, 20),
			maximum: whole(20, 2000, 300),
			packets: whole(2, 64, 32, 16),
		}),
	),
	speakers: whole(1, 16, 4, 2),
	halfDuplex: flag(false),
	gain: number(0, 16, 1),
});

const DISCOVERY = object({
	interfaces: list(16, text(1, 15)),
	networks: list(16, text(7, 18)),
	exclude: list(64, text(1, 18)),
	ports: object({
		rtsp: list(32, whole(1, 65_535)),
		http: list(32, whole(1, 65_535)),
	}),
	paths: object({
		rtsp: list(256, text(1, 255)),
		mjpeg: list(256, text(1, 255)),
	}),
	interval: whole(1000, 604_800_000, 300_000),
	expiry: whole(1000, 604_800_000, 1_200_000),
	sockets: whole(1, 256, 32, 4),
	rate: whole(1, 10_000, 200),
	hosts: whole(1, 255, 64),
	request: whole(100, 60_000, 2000),
	icmp: flag(true),
});

const LOG = object({
	level: choice("info", "error", "warning", "info", "debug"),
	format: choice("text", "text", "json"),
	rate: whole(1, 100_000, 200),
});

export const CONFIG: Rule = object({
	device: DEVICE,
	arrow: ARROW,
	camera: CAMERA,
	audio: AUDIO,
	discovery: DISCOVERY,
	kv: KV,
	log: LOG,
});
