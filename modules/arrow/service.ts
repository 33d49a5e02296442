import {
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
import { isLoopback, parseAddress } from "wire/address";
import { parseHex } from "wire/hex";
import { putText, textLength } from "wire/text";

/** A service as the configuration has it. */
export interface ServiceOptions {
	/** "rtsp", "locked-rtsp", "unknown-rtsp", "unsupported-rtsp", "http", "mjpeg", "locked-mjpeg" or "tcp". */
	readonly type: string;
	/** Where it is: `rtsp://host:port/path?query`; http:// for HTTP and MJPEG, tcp:// for TCP. User info makes RTSP and MJPEG "locked" and goes no further. */
	readonly url: string;
	/** The real MAC address of its host, "02:00:00:12:34:56"; default ff:ff and the last four octets of its address. */
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

/** Octets of an address field. */
const ADDRESS = 16;

/** One service that the device offers. Made at boot or when it is discovered. */
export class Service {
	/** Its id in the table; 0 until a table gave it one. */
	id = 0;
	/** Whether the table shows it and CONNECT finds it. */
	visible = true;
	readonly type: number;
	/** Numeric address to connect to. */
	readonly host: string;
	readonly port: number;
	readonly path: string;
	/** False for those of the configuration, which RESET_SVC_TABLE leaves. */
	readonly discovered: boolean;
	/** An id that the configuration demands, or 0. */
	readonly fixedId: number;
	/** Reached without leaving this host. */
	readonly loopback: boolean;
	/** Bytes of its table record. */
	readonly recordLength: number;
	/** Address, left-aligned in 16 octets, then MAC. */
	readonly #octets = new Uint8Array(ADDRESS + 6);
	readonly #ipVersion: number;

	/**
	 * @param path of the configuration key, for messages: "arrow.services[0]".
	 * @throws RangeError naming the key and what it should be.
	 */
	constructor(options: ServiceOptions, key: string, discovered = false) {
		const described = findKind(options.type, key);
		const url = parseURL(options.url, described.port);
		if (!url || url.scheme !== described.scheme)
			throw new RangeError(
				key + ".url: " + described.scheme + "://address:port" + (described.path ? "/path" : "") + " expected, not " + options.url,
			);
		this.type = url.credentials ? described.locked : described.type;
		this.host = url.host === "localhost" ? "127.0.0.1" : url.host;
		this.port = url.port;
		this.path = described.path ? url.path : "";
		this.discovered = discovered;
		this.#ipVersion = parseAddress(this.host, this.#octets, 0);
		if (this.#ipVersion === 0) throw new RangeError(key + ".url: numeric address expected, not " + url.host);
		this.loopback = isLoopback(this.#ipVersion, this.#octets, 0);
		putMAC(options.mac, key, this.#octets, this.#ipVersion);
		this.fixedId = options.id ?? 0;
		if (this.fixedId !== (this.fixedId & 0xffff) || options.id === 0) throw new RangeError(key + ".id: 1..65535 expected");
		this.recordLength = RECORD + textLength(this.path);
	}

	/** The same type, MAC, port and path: one service, whatever its address. */
	same(other: Service): boolean {
		if (this.type !== other.type || this.port !== other.port || this.path !== other.path) return false;
		for (let i = ADDRESS; i < ADDRESS + 6; i++) if (this.#octets[i] !== other.#octets[i]) return false;
		return true;
	}

	/** Whether it is reached at `address`, numeric: a service of the device's own when that is one of its addresses. */
	isAt(address: string): boolean {
		const octets = new Uint8Array(ADDRESS);
		if (parseAddress(address, octets, 0) !== this.#ipVersion) return false;
		for (let i = 0; i < ADDRESS; i++) if (octets[i] !== this.#octets[i]) return false;
		return true;
	}

	/** The id that its identity gives (section 2.4), 0..65535; a table resolves 0 and collisions. */
	fingerprint(): number {
		const bytes = new Uint8Array(28 + textLength(this.path) + 1);
		const view = new DataView(bytes.buffer);
		view.setUint32(0, findIndex(this.type), true);
		view.setUint32(4, 1, true);
		view.setUint32(8, 6, true);
		for (let i = 0; i < 6; i++) bytes[12 + i] = this.#octets[ADDRESS + i];
		view.setUint32(18, 1, true);
		view.setUint16(22, this.port, true);
		let length = 28;
		if (this.path !== "") {
			view.setUint32(24, 1, true);
			length += putText(bytes, 28, bytes.length, this.path);
			bytes[length++] = 0xff;
		}
		return Number(fingerprint64(view, length) & 0xffffn);
	}

	/** Writes its table record of `recordLength` bytes. */
	put(view: DataView, bytes: Uint8Array, at: number): void {
		view.setUint16(at, this.id);
		view.setUint16(at + 2, this.type);
		for (let i = 0; i < 6; i++) bytes[at + 4 + i] = this.#octets[ADDRESS + i];
		view.setUint8(at + 10, this.#ipVersion);
		for (let i = 0; i < ADDRESS; i++) bytes[at + 11 + i] = this.#octets[i];
		view.setUint16(at + 27, this.port);
		putText(bytes, at + 29, at + this.recordLength, this.path);
		view.setUint8(at + this.recordLength - 1, 0);
	}
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

/** Puts the MAC, or what stands for one that is not known, behind the address. */
function putMAC(text: string | undefined, key: string, octets: Uint8Array, ipVersion: number): void {
	if (text !== undefined) {
		const mac = parseHex(text, 6);
		if (!mac) throw new RangeError(key + ".mac: six octets in hex expected, not " + text);
		octets.set(mac, ADDRESS);
		return;
	}
	const first = ipVersion === 4 ? 0 : ADDRESS - 4;
	octets[ADDRESS] = 0xff;
	octets[ADDRESS + 1] = 0xff;
	for (let i = 0; i < 4; i++) octets[ADDRESS + 2 + i] = octets[first + i];
}
