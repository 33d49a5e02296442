import { parseHostPort } from "wire/host_port";

/** Longest user name and password in bytes, longest rest of a URL. */
export const CREDENTIAL_LIMIT = 64;
export const TARGET_LIMIT = 384;
/** RTSP's port (RFC 2326 3.2). */
const PORT = 554;

const SCHEME = "rtsp://";
const PERCENT = 0x25;
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** A URL of RTSP, taken apart. */
export interface RTSPURL {
	/** Name or numeric address, without brackets. */
	readonly host: string;
	readonly port: number;
	/** The URL as requests carry it: without user and password. */
	readonly target: string;
	/** Bytes, percent-decoded; undefined: none is given. */
	readonly user: Uint8Array | undefined;
	readonly password: Uint8Array | undefined;
}

/** Whether the text is meant to be a URL of RTSP. */
export function isRTSP(text: string): boolean {
	return text.slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

/** Takes `rtsp://[user[:password]@]host[:port][/path]` apart. @returns what is wrong with it: never a part of it, as it may hold a password. */
export function parseRTSPURL(text: string): RTSPURL | string {
	if (!isRTSP(text)) return "begins with rtsp://";
	const rest = text.slice(SCHEME.length);
	const slash = firstOf(rest, "/", "?");
	const place = rest.slice(0, slash);
	let path = rest.slice(slash);
	if (path[0] !== "/") path = "/" + path;
	/* Passwords with "@" in them are common. */
	const at = place.lastIndexOf("@");
	const hostPort = parseHostPort(place.slice(at + 1), PORT);
	if (hostPort === undefined) return "names a host, or host:port, an IPv6 address in brackets";
	const v6 = hostPort.host.indexOf(":") >= 0;
	const target = SCHEME + (v6 ? "[" + hostPort.host + "]" : hostPort.host) + ":" + hostPort.port + path;
	if (target.length > TARGET_LIMIT) return "is at most " + TARGET_LIMIT + " characters long, without user and password";
	if (!isPrintable(target)) return "holds no blanks, and no characters beyond ASCII: those are written as %20";
	if (at < 0) return { ...hostPort, target, user: undefined, password: undefined };
	const colon = place.slice(0, at).indexOf(":");
	const user = decode(place.slice(0, colon < 0 ? at : colon));
	const password = decode(colon < 0 ? "" : place.slice(colon + 1, at));
	if (user === undefined || password === undefined) return 'has a user and a password of at most 64 bytes; "%" is written as %25';
	if (!isUser(user)) return 'has a user name without ":", quotes and control characters';
	return { ...hostPort, target, user, password };
}

function firstOf(text: string, one: string, other: string): number {
	let first = text.length;
	const a = text.indexOf(one);
	const b = text.indexOf(other);
	if (a >= 0) first = a;
	if (b >= 0 && b < first) first = b;
	return first;
}

function isPrintable(text: string): boolean {
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code <= 0x20 || code >= 0x7f) return false;
	}
	return true;
}

/** Bytes of a text in which %XX stand for any byte. @returns undefined when one stands for none, or there are too many. */
function decode(text: string): Uint8Array | undefined {
	const from = new Uint8Array(ArrayBuffer.fromString(text));
	const to = new Uint8Array(from.length);
	let length = 0;
	for (let i = 0; i < from.length; i++) {
		let byte = from[i];
		if (byte === PERCENT) {
			const high = digit(from, i + 1);
			const low = digit(from, i + 2);
			if (high < 0 || low < 0) return undefined;
			byte = (high << 4) | low;
			i += 2;
		}
		to[length++] = byte;
	}
	return length > CREDENTIAL_LIMIT ? undefined : to.slice(0, length);
}

function digit(bytes: Uint8Array, at: number): number {
	if (at >= bytes.length) return -1;
	return "0123456789abcdef".indexOf(String.fromCharCode(bytes[at]).toLowerCase());
}

function isUser(user: Uint8Array): boolean {
	for (let i = 0; i < user.length; i++) {
		const byte = user[i];
		if (byte < 0x20 || byte === 0x7f || byte === QUOTE || byte === COLON || byte === BACKSLASH) return false;
	}
	return true;
}
