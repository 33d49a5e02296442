import { AsciiWriter, type AsciiText, constantText } from "wire/ascii";

/** Longest path of a request in characters. */
export const PATH_LIMIT = 255;
/** Bytes of the longest request. */
export const REQUEST_BYTES = 512;

const OPTIONS = constantText("OPTIONS rtsp://");
const DESCRIBE = constantText("DESCRIBE rtsp://");
const GET = constantText("GET ");
const RTSP_VERSION = constantText(" RTSP/1.0\r\nCSeq: ");
const HTTP_VERSION = constantText(" HTTP/1.0\r\nHost: ");
const AGENT = constantText("\r\nUser-Agent: Fletcher\r\n");
const ACCEPT_SDP = constantText("Accept: application/sdp\r\n");
const ACCEPT_ALL = constantText("Accept: */*\r\nConnection: keep-alive\r\n");
const END = constantText("\r\n");
const ROOT = constantText("/");

const COLON = 0x3a;
const OPENING = 0x5b;
const CLOSING = 0x5d;

/** Writes the requests of a probe at an offset. */
export class RequestWriter {
	/** Bytes of the request written last. */
	length = 0;
	readonly #writer: AsciiWriter;
	readonly #offset: number;

	/** Uses the REQUEST_BYTES bytes at `offset`. */
	constructor(bytes: Uint8Array, offset: number) {
		this.#writer = new AsciiWriter(bytes);
		this.#offset = offset;
	}

	/** OPTIONS of the server (RFC 2326 10.1). */
	options(address: string, port: number, sequence: number): void {
		this.#rtsp(OPTIONS, address, port, ROOT);
		this.#endRTSP(sequence);
		this.#finish();
	}

	/** DESCRIBE of a path (RFC 2326 10.2). */
	describe(address: string, port: number, path: AsciiText, sequence: number): void {
		this.#rtsp(DESCRIBE, address, port, path);
		this.#endRTSP(sequence);
		this.#writer.text(ACCEPT_SDP);
		this.#finish();
	}

	/** GET of a path (RFC 9110 9.3.1), of HTTP/1.0 so that the answer comes without chunks. */
	get(address: string, port: number, path: AsciiText): void {
		this.#writer.begin(this.#offset, REQUEST_BYTES);
		this.#writer.text(GET);
		this.#writer.text(path);
		this.#writer.text(HTTP_VERSION);
		this.#place(address, port);
		this.#writer.text(AGENT);
		this.#writer.text(ACCEPT_ALL);
		this.#finish();
	}

	#rtsp(method: AsciiText, address: string, port: number, path: AsciiText): void {
		this.#writer.begin(this.#offset, REQUEST_BYTES);
		this.#writer.text(method);
		this.#place(address, port);
		this.#writer.text(path);
	}

	#endRTSP(sequence: number): void {
		this.#writer.text(RTSP_VERSION);
		this.#writer.integer(sequence);
		this.#writer.text(AGENT);
	}

	/** An IPv6 address stands in brackets. */
	#place(address: string, port: number): void {
		const v6 = address.indexOf(":") >= 0;
		if (v6) this.#writer.byte(OPENING);
		this.#writer.text(address);
		if (v6) this.#writer.byte(CLOSING);
		this.#writer.byte(COLON);
		this.#writer.integer(port);
	}

	#finish(): void {
		this.#writer.text(END);
		this.length = this.#writer.position - this.#offset;
	}
}

/** Why `path` cannot be asked for, "" when it can. */
export function pathFault(path: string): string {
	if (path[0] !== "/") return "must begin with /";
	if (path.length > PATH_LIMIT) return "is longer than " + PATH_LIMIT + " characters";
	for (let i = 0; i < path.length; i++) {
		const code = path.charCodeAt(i);
		if (code <= 0x20 || code >= 0x7f) return "holds a character that no path can hold";
	}
	return "";
}
