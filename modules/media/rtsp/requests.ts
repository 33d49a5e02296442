import type { Authorization } from "media/rtsp/authorization";
import { TEXT_BASE, TEXT_SESSION, type Texts } from "media/rtsp/texts";
import type { Arena } from "storage/arena";
import { AsciiWriter, type AsciiText, constantText } from "wire/ascii";

/** Methods (RFC 2326 10), as numbers; KEEP is GET_PARAMETER. */
export const Method = Object.freeze({ OPTIONS: 0, DESCRIBE: 1, SETUP: 2, PLAY: 3, KEEP: 4, TEARDOWN: 5 } as const);

/** Bytes of a URL, of the longest request. */
export const URL_BYTES = 512;
export const REQUEST_BYTES = 2304;

const METHOD_NAMES = Object.freeze(["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "TEARDOWN"]);
const METHODS: readonly AsciiText[] = Object.freeze(METHOD_NAMES.map((name) => constantText(name)));
const VERSION = constantText(" RTSP/1.0\r\nCSeq: ");
const AGENT = constantText("\r\nUser-Agent: Fletcher\r\n");
const SESSION = constantText("Session: ");
const ACCEPT = constantText("Accept: application/sdp\r\n");
const RANGE = constantText("Range: npt=0.000-\r\n");
const TCP = constantText("Transport: RTP/AVP/TCP;unicast;interleaved=");
const UDP = constantText("Transport: RTP/AVP;unicast;client_port=");
const NOT_IMPLEMENTED = constantText("RTSP/1.0 501 Not Implemented\r\nCSeq: ");
const LINE_END = constantText("\r\n");
const SCHEME = constantText("rtsp://");
const END = constantText("\r\n\r\n");

const SPACE = 0x20;
const DASH = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;

/** The name of a method, for people. */
export function methodName(method: number): string {
	return METHOD_NAMES[method];
}

/** Writes requests, and answers to the server's own, at an offset. */
export class Requests {
	/** Bytes of what was written last; 0: it did not fit. */
	length = 0;
	/** Where it lies. */
	readonly offset: number;
	readonly #arena: Arena;
	readonly #texts: Texts;
	readonly #authorization: Authorization;
	readonly #writer: AsciiWriter;
	readonly #url: number;

	/** Uses REQUEST_BYTES bytes at `offset`, in which the authorization is worked out too, and URL_BYTES at `url`. */
	constructor(arena: Arena, offset: number, url: number, texts: Texts, authorization: Authorization) {
		this.#arena = arena;
		this.offset = offset;
		this.#url = url;
		this.#texts = texts;
		this.#authorization = authorization;
		this.#writer = new AsciiWriter(arena.bytes);
	}

	/**
	 * Writes a request for the URL that the text `control` names; where that is empty, for the base.
	 * `first` and `first` + 1: channels of TCP, or ports of UDP, of a SETUP.
	 */
	write(method: number, control: number, sequence: number, udp: boolean, first: number): void {
		const writer = this.#writer;
		const name = METHODS[method];
		const length = this.writeURL(control);
		if (length === 0) {
			this.length = 0;
			return;
		}
		this.#authorization.prepare(writer, name, this.#url, length);
		writer.begin(this.offset, REQUEST_BYTES);
		writer.text(name);
		writer.byte(SPACE);
		writer.copy(this.#url, length);
		writer.text(VERSION);
		writer.integer(sequence);
		writer.text(AGENT);
		const session = this.#texts.length(TEXT_SESSION);
		if (session > 0) {
			writer.text(SESSION);
			writer.copy(this.#texts.offset(TEXT_SESSION), session);
			writer.text(LINE_END);
		}
		this.#authorization.write(writer, this.#url, length);
		if (method === Method.DESCRIBE) writer.text(ACCEPT);
		else if (method === Method.PLAY) writer.text(RANGE);
		else if (method === Method.SETUP) {
			writer.text(udp ? UDP : TCP);
			writer.integer(first);
			writer.byte(DASH);
			writer.integer(first + 1);
			writer.text(LINE_END);
		}
		writer.text(LINE_END);
		this.length = writer.overflowed ? 0 : writer.position - this.offset;
	}

	/** Writes the answer to a request of the server. */
	refuse(sequence: number): void {
		const writer = this.#writer;
		writer.begin(this.offset, REQUEST_BYTES);
		writer.text(NOT_IMPLEMENTED);
		writer.integer(Math.max(0, sequence));
		writer.text(END);
		this.length = writer.position - this.offset;
	}

	/** An absolute URL as it is; a relative one behind the base, with "/" between; "*" and nothing are the base. @returns its length, 0: too long. */
	private writeURL(control: number): number {
		const texts = this.#texts;
		const writer = this.#writer;
		const { bytes } = this.#arena;
		const at = texts.offset(control);
		const length = texts.length(control);
		writer.begin(this.#url, URL_BYTES);
		if (!isAbsolute(bytes, at, length)) {
			writer.copy(texts.offset(TEXT_BASE), texts.length(TEXT_BASE));
			if (length === 0 || (length === 1 && bytes[at] === STAR) || control === TEXT_BASE) return this.urlLength();
			if (bytes[writer.position - 1] !== SLASH && bytes[at] !== SLASH) writer.byte(SLASH);
		}
		writer.copy(at, length);
		return this.urlLength();
	}

	private urlLength(): number {
		return this.#writer.overflowed ? 0 : this.#writer.position - this.#url;
	}
}

function isAbsolute(bytes: Uint8Array, at: number, length: number): boolean {
	if (length < SCHEME.length) return false;
	for (let i = 0; i < SCHEME.length; i++) if ((bytes[at + i] | (i < 4 ? 0x20 : 0)) !== SCHEME.charCodeAt(i)) return false;
	return true;
}
