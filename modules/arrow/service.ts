import {
	ADDRESS,
	AT_RECORD_ADDRESS,
	AT_RECORD_MAC,
	AT_RECORD_PATH,
	AT_RECORD_PORT,
	AT_RECORD_TYPE,
	AT_RECORD_VERSION,
	FOUND_PATH_LIMIT,
	MAC,
	RECORD,
	TYPE_HTTP,
	TYPE_LOCKED_MJPEG,
	TYPE_LOCKED_RTSP,
	TYPE_MJPEG,
	TYPE_RTSP,
	TYPE_TCP,
	TYPE_UNKNOWN_RTSP,
	TYPE_UNSUPPORTED_RTSP,
} from "arrow/constants";
import { fingerprint64 } from "arrow/fingerprint";
import { parseURL } from "arrow/url";
import type { FoundService } from "discovery/result";
import { parseAddress } from "wire/address";
import { parseHex } from "wire/hex";
import { putText, textLength } from "wire/text";
import { isPlain } from "wire/host_port";

/** A service as the configuration has it. */
export interface ServiceOptions {
	/** "rtsp", "locked-rtsp", "unknown-rtsp", "unsupported-rtsp", "http", "mjpeg", "locked-mjpeg" or "tcp". */
	readonly type: string;
	/** Where it is: `rtsp://host:port/path?query`; http:// for HTTP and MJPEG, tcp:// for TCP. User info makes RTSP and MJPEG "locked" and goes no further. */
	readonly url: string;
	/** The real MAC address of its host, "02:00:00:12:34:56"; default: see {@link Service}. */
	readonly mac?: string;
	/** A fixed id of 1..65535 in place of the fingerprint. */
	readonly id?: number;
}

interface Kind {
	readonly name: string;
	readonly type: number;
	/** Index in the fingerprint (section 2.4). */
	readonly index: number;
	readonly scheme: string;
	readonly port: number;
	readonly path: boolean;
	/** What user info makes of it. */
	readonly locked: number;
}

function kind(name: string, type: number, index: number, scheme: string, port: number, path: boolean, locked = type): Kind {
	return Object.freeze({ name, type, index, scheme, port, path, locked });
}

const KINDS: readonly Kind[] = Object.freeze([
	kind("rtsp", TYPE_RTSP, 1, "rtsp", 554, true, TYPE_LOCKED_RTSP),
	kind("locked-rtsp", TYPE_LOCKED_RTSP, 2, "rtsp", 554, true),
	kind("unknown-rtsp", TYPE_UNKNOWN_RTSP, 3, "rtsp", 554, false),
	kind("unsupported-rtsp", TYPE_UNSUPPORTED_RTSP, 4, "rtsp", 554, true),
	kind("http", TYPE_HTTP, 5, "http", 80, false),
	kind("mjpeg", TYPE_MJPEG, 6, "http", 80, true, TYPE_LOCKED_MJPEG),
	kind("locked-mjpeg", TYPE_LOCKED_MJPEG, 7, "http", 80, true),
	kind("tcp", TYPE_TCP, 8, "tcp", 0, false),
]);

/**
 * A service as it was configured, found or stored, on its way into a table; what the device keeps of it is its record there.
 * Without a known MAC the record has ff:ff and the last four octets of the address, or, for a host name, of the name's fingerprint:
 * so the id stays when the name's address changes.
 */
export class Service {
	/** Its table record (section 2.1); the id in it is the one that it has or wants, 0: the one of its fingerprint. */
	readonly record: Uint8Array;
	/** The configuration gives its id: no other service may take it. */
	readonly fixed: boolean;
	/** False for those of the configuration, which RESET_SVC_TABLE leaves. */
	readonly discovered: boolean;
	/** Its MAC stands for one that is not known. */
	readonly anyMAC: boolean;
	/** Host name that its address comes from, "" for a numeric one. */
	readonly name: string;

	constructor(record: Uint8Array, fixed: boolean, discovered: boolean, anyMAC: boolean, name: string) {
		this.record = record;
		this.fixed = fixed;
		this.discovered = discovered;
		this.anyMAC = anyMAC;
		this.name = name;
	}

	/** The id that it wants; 0: the one of its fingerprint. */
	get id(): number {
		return (this.record[0] << 8) | this.record[1];
	}

	/** The id that its identity gives (section 2.4), 0..65535; a table resolves 0 and collisions. */
	fingerprint(): number {
		const record = this.record;
		const path = record.length - RECORD;
		const bytes = new Uint8Array(28 + path + 1);
		const view = new DataView(bytes.buffer);
		view.setUint32(0, findIndex((record[AT_RECORD_TYPE] << 8) | record[AT_RECORD_TYPE + 1]), true);
		view.setUint32(4, 1, true);
		view.setUint32(8, MAC, true);
		for (let i = 0; i < MAC; i++) bytes[12 + i] = record[AT_RECORD_MAC + i];
		view.setUint32(18, 1, true);
		view.setUint16(22, (record[AT_RECORD_PORT] << 8) | record[AT_RECORD_PORT + 1], true);
		let length = 28;
		if (path > 0) {
			view.setUint32(24, 1, true);
			for (let i = 0; i < path; i++) bytes[length++] = record[AT_RECORD_PATH + i];
			bytes[length++] = 0xff;
		}
		return Number(fingerprint64(view, length) & 0xffffn);
	}
}

/**
 * A service of the configuration; `key` names it in messages: "arrow.services[0]".
 * @throws RangeError naming the key and what it should be.
 */
export function configuredService(options: ServiceOptions, key: string): Service {
	const described = findKind(options.type, key);
	const url = parseURL(options.url, described.port);
	if (!url || url.scheme !== described.scheme)
		throw new RangeError(
			key + ".url: " + described.scheme + "://host:port" + (described.path ? "/path" : "") + " expected, not " + options.url,
		);
	const lower = url.host.toLowerCase();
	const host = lower === "localhost" ? "127.0.0.1" : lower;
	const record = newRecord(url.credentials ? described.locked : described.type, described.path ? url.path : "", url.port);
	const version = parseAddress(host, record, AT_RECORD_ADDRESS);
	if (version === 0 && !isName(host)) throw new RangeError(key + ".url: address or host name expected, not " + url.host);
	record[AT_RECORD_VERSION] = version === 6 ? 6 : 4;
	if (options.mac !== undefined) {
		const mac = parseHex(options.mac, MAC);
		if (!mac) throw new RangeError(key + ".mac: six octets in hex expected, not " + options.mac);
		record.set(mac, AT_RECORD_MAC);
	} else if (version === 0) putNameMAC(record, host);
	else putAddressMAC(record, version);
	const id = options.id ?? 0;
	if (id !== (id & 0xffff) || options.id === 0) throw new RangeError(key + ".id: 1..65535 expected");
	record[0] = id >> 8;
	record[1] = id & 255;
	return new Service(record, id !== 0, false, options.mac === undefined, version === 0 ? host : "");
}

/** A service that a scan found; undefined when it cannot be one. */
export function foundService(found: FoundService): Service | undefined {
	let described: Kind | undefined;
	for (let i = 0; i < KINDS.length; i++) if (KINDS[i].name === found.type) described = KINDS[i];
	const { path, port } = found;
	if (!described || port < 1 || port > 65535 || textLength(path) > FOUND_PATH_LIMIT || !isPlain(path)) return undefined;
	const record = newRecord(described.type, path, port);
	const version = parseAddress(found.address, record, AT_RECORD_ADDRESS);
	if (version === 0) return undefined;
	record[AT_RECORD_VERSION] = version;
	const mac = found.mac === "" ? undefined : parseHex(found.mac, MAC);
	if (mac) record.set(mac, AT_RECORD_MAC);
	else putAddressMAC(record, version);
	return new Service(record, false, true, mac === undefined, "");
}

/** A discovered service that was stored, from its record at `at`; undefined when there is none before `end`. */
export function storedService(bytes: Uint8Array, at: number, end: number): Service | undefined {
	let last = at + AT_RECORD_PATH;
	while (last < end && bytes[last] !== 0) last++;
	if (last >= end || last - at - AT_RECORD_PATH > FOUND_PATH_LIMIT) return undefined;
	const record = bytes.slice(at, last + 1);
	const version = record[AT_RECORD_VERSION];
	const type = (record[AT_RECORD_TYPE] << 8) | record[AT_RECORD_TYPE + 1];
	if ((version !== 4 && version !== 6) || findIndex(type) === 0) return undefined;
	return new Service(record, false, true, false, "");
}

/**
 * Whether two records are of one service: the same type, port and path, and the same MAC or, when the MAC of one stands for
 * one that is not known, the same address.
 */
export function sameService(a: Uint8Array, at: number, b: Uint8Array, bt: number, length: number, anyMAC: boolean): boolean {
	if (!sameBytes(a, at + AT_RECORD_TYPE, b, bt + AT_RECORD_TYPE, 2)) return false;
	if (!sameBytes(a, at + AT_RECORD_PORT, b, bt + AT_RECORD_PORT, length - AT_RECORD_PORT)) return false;
	if (sameBytes(a, at + AT_RECORD_MAC, b, bt + AT_RECORD_MAC, MAC)) return true;
	return anyMAC && sameBytes(a, at + AT_RECORD_VERSION, b, bt + AT_RECORD_VERSION, 1 + ADDRESS);
}

export function sameBytes(a: Uint8Array, at: number, b: Uint8Array, bt: number, length: number): boolean {
	for (let i = 0; i < length; i++) if (a[at + i] !== b[bt + i]) return false;
	return true;
}

/** A MAC that stands for one that is not known: ff:ff and the last four octets of an address. */
export function putUnknownMAC(bytes: Uint8Array, at: number, addressAt: number, version: number): void {
	const first = version === 6 ? addressAt + ADDRESS - 4 : addressAt;
	bytes[at] = 0xff;
	bytes[at + 1] = 0xff;
	for (let i = 0; i < 4; i++) bytes[at + 2 + i] = bytes[first + i];
}

function putAddressMAC(record: Uint8Array, version: number): void {
	putUnknownMAC(record, AT_RECORD_MAC, AT_RECORD_ADDRESS, version);
}

/** ff:ff and the low 32 bits of the fingerprint of the name in lower case. */
function putNameMAC(record: Uint8Array, name: string): void {
	const text = ArrayBuffer.fromString(name);
	const low = Number(fingerprint64(new DataView(text), text.byteLength) & 0xffffffffn);
	record[AT_RECORD_MAC] = 0xff;
	record[AT_RECORD_MAC + 1] = 0xff;
	for (let i = 0; i < 4; i++) record[AT_RECORD_MAC + 2 + i] = (low >>> (24 - 8 * i)) & 255;
}

function newRecord(type: number, path: string, port: number): Uint8Array {
	const record = new Uint8Array(RECORD + textLength(path));
	record[AT_RECORD_TYPE] = type >> 8;
	record[AT_RECORD_TYPE + 1] = type & 255;
	record[AT_RECORD_PORT] = port >> 8;
	record[AT_RECORD_PORT + 1] = port & 255;
	putText(record, AT_RECORD_PATH, record.length, path);
	return record;
}

function findKind(name: string, key: string): Kind {
	let names = "";
	for (let i = 0; i < KINDS.length; i++) {
		if (KINDS[i].name === name) return KINDS[i];
		names += (i ? ", " : "") + KINDS[i].name;
	}
	throw new RangeError(key + ".type: one of " + names + " expected, not " + name);
}

function findIndex(type: number): number {
	for (let i = 0; i < KINDS.length; i++) if (KINDS[i].type === type) return KINDS[i].index;
	return 0;
}

/** Letters, digits, "-", "_" and ".", and not only digits and dots: those are a mistyped address. */
function isName(text: string): boolean {
	let letters = 0;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if ((code >= 0x61 && code <= 0x7a) || code === 0x2d || code === 0x5f) letters++;
		else if (code !== 0x2e && (code < 0x30 || code > 0x39)) return false;
	}
	return letters > 0 && text[0] !== "." && text.indexOf("..") < 0;
}
