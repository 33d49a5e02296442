import { CONFIG, Form, Kind, type Rule } from "device/config_rules";
import { read, size } from "files/files";
import { isChannel, isUser } from "kv/options";
import { Sound, soundKind, soundLoops } from "media/audio/names";
import { isRTSP, parseRTSPURL } from "media/rtsp/url";
import { parseAddress } from "wire/address";
import { parseHex } from "wire/hex";
import { parseHostPort } from "wire/host_port";

export interface DeviceConfig {
	name?: string;
	category?: string;
	type?: string;
	vendor?: string;
	memory?: number;
}

export interface ServiceConfig {
	type: string;
	url: string;
	mac?: string;
	id?: number;
}

export interface ArrowConfig {
	service: string;
	authorities: string;
	services?: ServiceConfig[];
	window: number;
	sessions: number;
	message: number;
	buffer?: number;
	gateway: boolean;
	mac?: string;
	legacyCiphers: boolean;
	stateFile?: string;
	switches?: Record<string, string | number>;
	times?: Record<string, number>;
}

export interface CameraHTTPConfig {
	address: string;
	port: number;
	viewers: number;
	requestBytes: number;
	advertise: boolean;
}

export interface CameraConfig {
	source: string;
	transport: string;
	packetBytes: number;
	rate: number;
	width: number;
	height: number;
	frameBytes: number;
	buffers: number;
	http?: CameraHTTPConfig;
}

export interface KVConfig {
	server: string;
	register?: { administrator?: string; permissions?: string[] };
	uid?: string;
	channel?: string;
	channels?: string[];
	talk: string;
	cleanUp: boolean;
	switches?: Record<string, string | boolean>;
	times?: Record<string, number>;
}

export interface JitterConfig {
	minimum: number;
	maximum: number;
	packets: number;
}

export interface AudioConfig {
	input: string;
	output: string;
	rate: number;
	codec: string;
	frame: number;
	bitrate: number;
	complexity: number;
	fec: boolean;
	dtx: boolean;
	expectedLoss: number;
	jitter: JitterConfig;
	speakers: number;
	halfDuplex: boolean;
	gain: number;
}

export interface DiscoveryConfig {
	interfaces?: string[];
	networks?: string[];
	exclude?: string[];
	ports?: { rtsp?: number[]; http?: number[] };
	paths?: { rtsp?: string[]; mjpeg?: string[] };
	interval: number;
	expiry: number;
	sockets: number;
	rate: number;
	hosts: number;
	request: number;
	icmp: boolean;
}

export interface LogConfig {
	level: string;
	format: string;
	rate: number;
}

/** A checked configuration: what has a default is there. A protocol whose key is absent is not started and takes no memory. */
export interface Config {
	device: DeviceConfig;
	arrow?: ArrowConfig;
	camera?: CameraConfig;
	audio?: AudioConfig;
	discovery?: DiscoveryConfig;
	kv?: KVConfig;
	log: LogConfig;
}

export interface ConfigResult {
	config: Config | undefined;
	/** One line for each wrong key, beginning with its path; empty when there is none. */
	errors: string[];
}

/** Longest configuration in bytes. */
const MAXIMUM_BYTES = 65_536;
const MAXIMUM_ERRORS = 20;
/** Longest piece of a wrong value that a line shows. */
const MAXIMUM_SHOWN = 40;

/** Reads and checks a configuration file; each line of `errors` names it. `small` takes the defaults of devices of the ESP32's size. */
export function loadConfig(path: string, small: boolean): ConfigResult {
	let text: string;
	if (size(path) > MAXIMUM_BYTES) return { config: undefined, errors: [path + ": is larger than " + MAXIMUM_BYTES + " bytes"] };
	try {
		text = String.fromArrayBuffer(read(path, MAXIMUM_BYTES));
	} catch (error) {
		const message = (error as Error).message;
		return { config: undefined, errors: [message.indexOf(path) < 0 ? path + ": " + message : message] };
	}
	const result = parseConfig(text, small);
	for (let i = 0; i < result.errors.length; i++) result.errors[i] = path + ": " + result.errors[i];
	return result;
}

/** Checks a configuration's text. */
export function parseConfig(text: string, small: boolean): ConfigResult {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		return { config: undefined, errors: ["is not JSON: " + lineOf((error as Error).message)] };
	}
	const errors: string[] = [];
	check(value, CONFIG, "", errors);
	if (errors.length > 0) return { config: undefined, errors };
	const config = value as Partial<Config>;
	if (config.device === undefined) config.device = {};
	if (config.log === undefined) config.log = {} as LogConfig;
	fill(config as Table, CONFIG, small);
	return { config: config as Config, errors };
}

/** The engine's message begins with the number of the line. */
function lineOf(message: string): string {
	const mark = message.indexOf(": ");
	return mark > 0 && Number.isInteger(Number(message.slice(0, mark))) ? "line " + message : message;
}

type Table = Record<string, unknown>;

function isTable(value: unknown): value is Table {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function report(errors: string[], path: string, problem: string): void {
	if (errors.length < MAXIMUM_ERRORS) errors.push((path === "" ? "the configuration" : path) + ": " + problem);
}

/** Adds a line for each thing that is wrong with `value`. */
function check(value: unknown, rule: Rule, path: string, errors: string[]): void {
	if (rule.kind === Kind.OBJECT) {
		if (isTable(value)) checkMembers(value, rule, path, errors);
		else report(errors, path, "must be an object, is " + show(value));
	} else if (rule.kind === Kind.LIST) {
		if (!Array.isArray(value) || value.length > rule.high)
			report(
				errors,
				path,
				"must be a list of at most " + rule.high + ", is " + (Array.isArray(value) ? "one of " + value.length : show(value)),
			);
		else for (let i = 0; i < value.length; i++) check(value[i], rule.item as Rule, path + "[" + i + "]", errors);
	} else {
		const wanted = checkScalar(value, rule);
		if (wanted !== "") report(errors, path, "must be " + wanted + (isSecret(value, rule) ? "" : ", is " + show(value)));
	}
}

function checkMembers(table: Table, rule: Rule, path: string, errors: string[]): void {
	const prefix = path === "" ? "" : path + ".";
	const names = Object.keys(table);
	for (let i = 0; i < names.length; i++) {
		const member = memberOf(rule, names[i]);
		if (member === undefined) report(errors, prefix + names[i], "unknown key; known are " + knownNames(rule));
		else check(table[names[i]], member, prefix + names[i], errors);
	}
	for (let i = 0; i < rule.members.length; i++) {
		const member = rule.members[i];
		if (member.rule.required && table[member.name] === undefined) report(errors, prefix + member.name, "is missing");
	}
}

function memberOf(rule: Rule, name: string): Rule | undefined {
	for (let i = 0; i < rule.members.length; i++) if (rule.members[i].name === name) return rule.members[i].rule;
	return undefined;
}

function knownNames(rule: Rule): string {
	let names = "";
	for (let i = 0; i < rule.members.length; i++) names += (i > 0 ? ", " : "") + rule.members[i].name;
	return names;
}

/** @returns "" when it is right, else what it must be. */
function checkScalar(value: unknown, rule: Rule): string {
	switch (rule.kind) {
		case Kind.WHOLE:
			if (Number.isInteger(value) && (value as number) >= rule.low && (value as number) <= rule.high) return "";
			return "a whole number from " + rule.low + " to " + rule.high;
		case Kind.NUMBER:
			if (typeof value === "number" && value >= rule.low && value <= rule.high) return "";
			return "a number from " + rule.low + " to " + rule.high;
		case Kind.FLAG:
			return typeof value === "boolean" ? "" : "true or false";
		case Kind.CHOICE:
			return rule.choices.indexOf(value as string) >= 0 ? "" : "one of " + quoted(rule.choices);
		default:
			return checkText(value, rule);
	}
}

function checkText(value: unknown, rule: Rule): string {
	if (typeof value !== "string") return "a text";
	if (rule.form === Form.ADDRESS && parseAddress(value, new Uint8Array(16), 0) === 0) return "a numeric IPv4 or IPv6 address";
	if (rule.form === Form.HOST_PORT && parseHostPort(value, 1) === undefined)
		return "host or host:port, an IPv6 address in brackets";
	if (rule.form === Form.MAC && !isMAC(value)) return 'six octets in hex with ":" between, like "02:00:00:12:34:56"';
	if (rule.form === Form.KV_USER && !isUser(value))
		return 'a user id of 64 bits, decimal or hex with "0x", no half of it all ones';
	if (rule.form === Form.KV_CHANNEL && !isChannel(value)) return '"create", or a channel id of 64 bits, decimal or hex with "0x"';
	if (rule.form === Form.PICTURE_SOURCE) {
		const wanted = sourceFault(value);
		if (wanted !== "") return wanted;
	}
	if (rule.form === Form.SOUND_INPUT && !isSound(value, true))
		return '"null", "tone:440", "alsa:default" or the path of a .wav file, with "loop:" before it or without';
	if (rule.form === Form.SOUND_OUTPUT && !isSound(value, false)) return '"null", "alsa:default" or the path of a .wav file';
	if (value.length >= rule.low && value.length <= rule.high && value.indexOf("\0") < 0) return "";
	return "a text of " + rule.low + " to " + rule.high + " characters";
}

/** URLs may hold passwords, which nothing may show. */
function isSecret(value: unknown, rule: Rule): boolean {
	return rule.form === Form.PICTURE_SOURCE && typeof value === "string" && value.indexOf(":") >= 0;
}

/** What a source of pictures must be, "" when it is that. */
function sourceFault(text: string): string {
	if (text.indexOf("://") < 0 || text.indexOf("/") < text.indexOf("://")) return "";
	if (!isRTSP(text)) return "a file, a folder, a device or a URL that begins with rtsp://";
	const url = parseRTSPURL(text);
	return typeof url === "string" ? "a URL that " + url : "";
}

function isSound(text: string, input: boolean): boolean {
	const kind = soundKind(text);
	return kind !== Sound.UNKNOWN && (input || (kind !== Sound.TONE && !soundLoops(text)));
}

function isMAC(text: string): boolean {
	if (text.length !== 17 || parseHex(text, 6) === undefined) return false;
	for (let i = 2; i < 17; i += 3) if (text[i] !== ":") return false;
	return true;
}

function quoted(choices: readonly (string | number)[]): string {
	let text = "";
	for (let i = 0; i < choices.length; i++) text += (i > 0 ? ", " : "") + JSON.stringify(choices[i]);
	return text;
}

function show(value: unknown): string {
	if (Array.isArray(value)) return "a list";
	if (isTable(value)) return "an object";
	const text = JSON.stringify(value);
	return text.length > MAXIMUM_SHOWN ? text.slice(0, MAXIMUM_SHOWN) + "..." : text;
}

/** Puts in the defaults of a table that is right, and of the tables in it. */
function fill(table: Table, rule: Rule, small: boolean): void {
	for (let i = 0; i < rule.members.length; i++) {
		const member = rule.members[i];
		const value = table[member.name];
		if (value === undefined && member.rule.always) {
			table[member.name] = {};
			fill(table[member.name] as Table, member.rule, small);
		} else if (value === undefined) {
			const fallback = small && member.rule.smallFallback !== undefined ? member.rule.smallFallback : member.rule.fallback;
			if (fallback !== undefined) table[member.name] = fallback;
		} else if (member.rule.kind === Kind.OBJECT) fill(value as Table, member.rule, small);
	}
}
