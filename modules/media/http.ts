/* Reads the head of one HTTP/1.x request in place (RFC 9112): no allocation, every size bounded by the buffer. */

import { type AsciiText, constantText } from "wire/ascii";

export const Method = Object.freeze({ GET: 0, HEAD: 1 } as const);

/** Status codes the server answers (RFC 9110 section 15, RFC 6585). */
export const Status = Object.freeze({
	OK: 200,
	BAD_REQUEST: 400,
	NOT_FOUND: 404,
	METHOD_NOT_ALLOWED: 405,
	REQUEST_TIMEOUT: 408,
	URI_TOO_LONG: 414,
	HEADERS_TOO_LARGE: 431,
	UNAVAILABLE: 503,
	VERSION_NOT_SUPPORTED: 505,
} as const);

const REASONS = Object.freeze({
	OK: constantText("OK"),
	BAD_REQUEST: constantText("Bad Request"),
	NOT_FOUND: constantText("Not Found"),
	METHOD_NOT_ALLOWED: constantText("Method Not Allowed"),
	REQUEST_TIMEOUT: constantText("Request Timeout"),
	URI_TOO_LONG: constantText("URI Too Long"),
	HEADERS_TOO_LARGE: constantText("Request Header Fields Too Large"),
	UNAVAILABLE: constantText("Service Unavailable"),
	VERSION_NOT_SUPPORTED: constantText("HTTP Version Not Supported"),
});

/** The reason phrase of a {@link Status}. */
export function reasonOf(status: number): AsciiText {
	switch (status) {
		case Status.OK:
			return REASONS.OK;
		case Status.BAD_REQUEST:
			return REASONS.BAD_REQUEST;
		case Status.NOT_FOUND:
			return REASONS.NOT_FOUND;
		case Status.METHOD_NOT_ALLOWED:
			return REASONS.METHOD_NOT_ALLOWED;
		case Status.REQUEST_TIMEOUT:
			return REASONS.REQUEST_TIMEOUT;
		case Status.URI_TOO_LONG:
			return REASONS.URI_TOO_LONG;
		case Status.HEADERS_TOO_LARGE:
			return REASONS.HEADERS_TOO_LARGE;
		case Status.UNAVAILABLE:
			return REASONS.UNAVAILABLE;
		default:
			return REASONS.VERSION_NOT_SUPPORTED;
	}
}

const GET = constantText("GET ");
const HEAD = constantText("HEAD ");
const HTTP = constantText("HTTP/");
const MAJOR = constantText("1.");
const ABSOLUTE = constantText("http://");
const HOST = constantText("host");

/** The head is not complete yet. */
export const INCOMPLETE = 0;
/** Longest request target in bytes; a longer one is answered by 414. */
export const MAXIMUM_TARGET = 256;
/** Most header lines; more are answered by 431. */
const MAXIMUM_HEADERS = 64;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SLASH = 0x2f;
const COLON = 0x3a;
const QUESTION = 0x3f;
const DELETE = 0x7f;

/**
 * Looks whether the head of a request is complete and says what it asks for. It keeps nothing from one call to the next but the
 * result, so that one parser serves all connections; a head that comes in pieces is looked at anew from its start.
 */
export class RequestParser {
	method: number = Method.GET;
	/** Where the path lies in the buffer, without query. */
	pathOffset = 0;
	pathLength = 0;
	readonly #bytes: Uint8Array;
	#lines = 0;
	#hostSeen = false;
	#needsHost = false;

	/** Requests lie in `bytes`. */
	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** Looks at the `length` bytes received so far at `base`, where there is room for `size`. @returns INCOMPLETE, OK, or the {@link Status} to refuse it with. */
	parse(base: number, length: number, size: number): number {
		const received = base + length;
		let line = base;
		this.method = Method.GET;
		this.#lines = 0;
		this.#hostSeen = false;
		for (let at = base; at < received; at++) {
			if (this.#bytes[at] !== LF) continue;
			const status = this.#takeLine(line, at > line && this.#bytes[at - 1] === CR ? at - 1 : at);
			if (status !== INCOMPLETE) return status;
			line = at + 1;
		}
		if (this.#lines === 0 && received - line > MAXIMUM_TARGET + 16) return this.#tooLong(line, received);
		return length < size ? INCOMPLETE : Status.HEADERS_TOO_LARGE;
	}

	/** Whether the path of the complete head is `path` (ASCII). */
	isPath(path: AsciiText): boolean {
		if (path.length !== this.pathLength) return false;
		for (let i = 0; i < path.length; i++) if (this.#bytes[this.pathOffset + i] !== path.charCodeAt(i)) return false;
		return true;
	}

	/** A first line without end in sight: its target is too long, unless it does not look like a request at all. */
	#tooLong(line: number, to: number): number {
		const method = this.#token(line, to);
		return method > line && this.#bytes[method] === SPACE ? Status.URI_TOO_LONG : Status.BAD_REQUEST;
	}

	#takeLine(from: number, to: number): number {
		if (from === to) {
			if (this.#lines === 0) return INCOMPLETE; /* RFC 9112 2.2: an empty line before the request is skipped */
			return this.#needsHost && !this.#hostSeen ? Status.BAD_REQUEST : Status.OK;
		}
		this.#lines++;
		if (this.#lines === 1) return this.#takeRequest(from, to);
		if (this.#lines > MAXIMUM_HEADERS + 1) return Status.HEADERS_TOO_LARGE;
		return this.#takeHeader(from, to);
	}

	/** method SP target SP HTTP/1.x */
	#takeRequest(from: number, to: number): number {
		const method = this.#token(from, to);
		if (method === from || method === to || this.#bytes[method] !== SPACE) return Status.BAD_REQUEST;
		let target = method + 1;
		while (target < to && this.#bytes[target] > SPACE && this.#bytes[target] < DELETE) target++;
		if (target - method - 1 > MAXIMUM_TARGET) return Status.URI_TOO_LONG;
		if (target === method + 1 || target === to || this.#bytes[target] !== SPACE) return Status.BAD_REQUEST;
		const version = target + 1;
		if (to - version !== 8 || !this.#holds(version, HTTP)) return Status.BAD_REQUEST;
		if (!this.#holds(version + 5, MAJOR)) return Status.VERSION_NOT_SUPPORTED;
		this.#needsHost = this.#bytes[version + 7] !== 0x30;
		if (!this.#takeTarget(method + 1, target)) return Status.BAD_REQUEST;
		if (this.#holds(from, GET)) this.method = Method.GET;
		else if (this.#holds(from, HEAD)) this.method = Method.HEAD;
		else return Status.METHOD_NOT_ALLOWED;
		return INCOMPLETE;
	}

	/** Origin form, or absolute form whose authority is ignored (RFC 9112 3.2). */
	#takeTarget(from: number, to: number): boolean {
		let path = from;
		if (this.#bytes[path] !== SLASH) {
			if (!this.#holds(from, ABSOLUTE)) return false;
			path = from + 7;
			while (path < to && this.#bytes[path] !== SLASH) path++;
			if (path === to) return false;
		}
		let end = path;
		while (end < to && this.#bytes[end] !== QUESTION) end++;
		this.pathOffset = path;
		this.pathLength = end - path;
		return true;
	}

	/** name ":" value; the values are of no interest here, but that they are text. */
	#takeHeader(from: number, to: number): number {
		const name = this.#token(from, to);
		if (name === from || name === to || this.#bytes[name] !== COLON) return Status.BAD_REQUEST;
		for (let i = name + 1; i < to; i++) {
			const byte = this.#bytes[i];
			if ((byte < SPACE && byte !== TAB) || byte === DELETE) return Status.BAD_REQUEST;
		}
		if (name - from === 4 && this.#isHost(from)) {
			if (this.#hostSeen) return Status.BAD_REQUEST;
			this.#hostSeen = true;
		}
		return INCOMPLETE;
	}

	#isHost(from: number): boolean {
		for (let i = 0; i < 4; i++) if ((this.#bytes[from + i] | 0x20) !== HOST.charCodeAt(i)) return false;
		return true;
	}

	/** The end of the token (RFC 9110 5.6.2) at `from`. */
	#token(from: number, to: number): number {
		let at = from;
		while (at < to && isTokenByte(this.#bytes[at])) at++;
		return at;
	}

	#holds(offset: number, text: AsciiText): boolean {
		for (let i = 0; i < text.length; i++) if (this.#bytes[offset + i] !== text.charCodeAt(i)) return false;
		return true;
	}
}

/** "!#$%&'*+-.^_`|~", letters and digits. */
function isTokenByte(byte: number): boolean {
	if (byte >= 0x61 && byte <= 0x7a) return true;
	if (byte >= 0x41 && byte <= 0x5a) return true;
	if (byte >= 0x30 && byte <= 0x39) return true;
	return (
		byte === 0x21 ||
		(byte >= 0x23 && byte <= 0x27) ||
		byte === 0x2a ||
		byte === 0x2b ||
		byte === 0x2d ||
		byte === 0x2e ||
		byte === 0x5e ||
		byte === 0x5f ||
		byte === 0x60 ||
		byte === 0x7c ||
		byte === 0x7e
	);
}
