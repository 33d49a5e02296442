import type { Challenge } from "media/rtsp/challenge";
import type { Description } from "media/rtsp/description";
import { TEXT_BASE, TEXT_LOCATION, TEXT_SESSION, TEXT_SOURCE, type Texts } from "media/rtsp/texts";
import { constantText } from "wire/ascii";
import type { LineReader } from "wire/line_reader";

/** How far a message is. */
export const MESSAGE_READING = 0;
export const MESSAGE_WHOLE = 1;
/** Over a limit, or not understood: the connection is of no more use. */
export const MESSAGE_BAD = 2;

/** Most lines of a head, those passed over in front of it counted too; bytes of a body. */
const LINE_LIMIT = 64;
const BODY_LIMIT = 0x10000;

const RTSP = constantText("rtsp/");
const LENGTH = constantText("content-length");
const CONTENT_BASE = constantText("content-base");
const CONTENT_LOCATION = constantText("content-location");
const LOCATION = constantText("location");
const SEQUENCE = constantText("cseq");
const SESSION = constantText("session");
const TIMEOUT = constantText("timeout");
const TRANSPORT = constantText("transport");
const INTERLEAVED = constantText("interleaved");
const SERVER_PORT = constantText("server_port");
const SOURCE = constantText("source");
const AUTHENTICATE = constantText("www-authenticate");
const PUBLIC = constantText("public");
const GET_PARAMETER = constantText("get_parameter");

const DASH = 0x2d;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const OK = 200;
const UNAUTHORIZED = 401;
/** Seconds of a session when the server does not say (RFC 2326 12.37), and the fewest and most that are believed. */
const TIMEOUT_UNSAID = 60;
const TIMEOUT_LEAST = 2;
const TIMEOUT_MOST = 3600;

/**
 * Reads the messages of a server, one after the other, from bytes that come in pieces, and keeps what a client needs of each:
 * its answers, and requests that it makes itself.
 */
export class Message {
	/** One of the MESSAGE constants. */
	state = MESSAGE_READING;
	/** 100 .. 999 of an answer; 0 of a request. */
	status = 0;
	/** CSeq, -1: none. */
	sequence = -1;
	/** Seconds after which the session ends when nothing is said. */
	timeout = TIMEOUT_UNSAID;
	/** GET_PARAMETER is among the methods that it knows. */
	getParameter = false;
	/** Of a transport: channels of this connection, ports of the server; -1: not told. */
	channel = -1;
	controlChannel = -1;
	port = -1;
	controlPort = -1;
	/** The answer to this request may hold a session description. */
	describes = false;
	/** CSeq of the request whose answer is waited for. */
	expected = 0;
	readonly #line: LineReader;
	readonly #texts: Texts;
	readonly #challenge: Challenge;
	readonly #description: Description;
	#begun = false;
	#lines = 0;
	#inBody = false;
	/** Bytes of the body still to come. */
	#left = 0;
	#describing = false;
	/** The session description was long enough to be read to its end. */
	#described = false;

	constructor(line: LineReader, texts: Texts, challenge: Challenge, description: Description) {
		this.#line = line;
		this.#texts = texts;
		this.#challenge = challenge;
		this.#description = description;
	}

	/** The next byte may be that of an interleaved frame. */
	get isBetween(): boolean {
		return !this.#begun && !this.#inBody && this.#line.atStart;
	}

	/** The session description of the request was read. */
	get described(): boolean {
		return this.#described;
	}

	/** The next bytes are those of a message. */
	begin(): void {
		this.state = MESSAGE_READING;
		this.status = 0;
		this.sequence = -1;
		this.timeout = TIMEOUT_UNSAID;
		this.getParameter = false;
		this.channel = -1;
		this.controlChannel = -1;
		this.port = -1;
		this.controlPort = -1;
		this.#begun = false;
		this.#lines = 0;
		this.#inBody = false;
		this.#left = 0;
		this.#describing = false;
		this.#described = false;
		this.#line.begin();
	}

	/** Takes bytes up to the end of the message. @returns bytes taken. */
	take(offset: number, length: number): number {
		let at = 0;
		while (at < length && this.state === MESSAGE_READING)
			at += this.#inBody ? this.takeBody(offset + at, length - at) : this.takeHead(offset + at, length - at);
		return at;
	}

	private takeHead(offset: number, length: number): number {
		const line = this.#line;
		const count = line.take(offset, length);
		if (line.tooLong) this.state = MESSAGE_BAD;
		else if (line.complete) {
			if (++this.#lines > LINE_LIMIT) this.state = MESSAGE_BAD;
			else if (!this.#begun) this.takeFirst();
			else if (line.length > 0) this.takeField();
			else this.endHead();
		}
		return count;
	}

	/** "RTSP/1.0 200 OK", or "METHOD URL RTSP/1.0"; what is neither, as the rest of a body without length, is passed over. */
	private takeFirst(): void {
		const line = this.#line;
		if (line.holds(0, RTSP)) {
			const status = line.number(line.afterBlanks(line.nextBlank(0)));
			if (status < 100 || status > 999) this.state = MESSAGE_BAD;
			else this.status = status;
			if (status === UNAUTHORIZED) this.#challenge.begin();
			this.#begun = true;
		} else {
			const url = line.afterBlanks(line.nextBlank(0));
			this.#begun = line.holds(line.afterBlanks(line.nextBlank(url)), RTSP);
		}
	}

	private takeField(): void {
		const line = this.#line;
		const letter = line.at(0) | 0x20;
		/* The first letter decides which names can stand there. */
		if (letter === 0x63) this.takeContent();
		else if (letter === 0x73) this.takeSession(line.field(SESSION));
		else if (letter === 0x74) this.takeTransport(line.field(TRANSPORT));
		else if (letter === 0x6c) this.keepURL(TEXT_LOCATION, line.field(LOCATION));
		else if (letter === 0x77) {
			const at = line.field(AUTHENTICATE);
			if (at >= 0 && this.status === UNAUTHORIZED && !line.cut) this.#challenge.take(line, at);
		} else if (letter === 0x70 && line.field(PUBLIC) >= 0) this.getParameter = this.lists(line.field(PUBLIC));
	}

	private takeContent(): void {
		const line = this.#line;
		const length = line.field(LENGTH);
		const sequence = line.field(SEQUENCE);
		if (length >= 0) this.#left = line.number(length);
		else if (sequence >= 0) this.sequence = line.number(sequence);
		else if (this.describes) {
			this.keepURL(TEXT_BASE, line.field(CONTENT_BASE));
			this.keepURL(TEXT_BASE, line.field(CONTENT_LOCATION));
		}
	}

	/** Keeps a URL; one that is no good leaves what was there. */
	private keepURL(text: number, at: number): void {
		const line = this.#line;
		if (at < 0 || line.cut || this.status === 0 || (text === TEXT_BASE && this.status !== OK)) return;
		const length = line.nextBlank(at) - at;
		if (length > 0 && this.#texts.fits(text, line.offset + at, length)) this.#texts.keep(text, line.offset + at, length);
	}

	/** id ";timeout=" seconds (RFC 2326 12.37) */
	private takeSession(at: number): void {
		const line = this.#line;
		if (at < 0 || this.status === 0) return;
		const end = line.valueEnd(at);
		if (!this.#texts.keep(TEXT_SESSION, line.offset + at, end - at)) this.state = MESSAGE_BAD;
		const timeout = line.parameter(line.find(SEMICOLON, at) + 1, TIMEOUT);
		if (timeout < 0) return;
		const seconds = line.number(timeout);
		if (seconds >= 0) this.timeout = Math.min(Math.max(seconds, TIMEOUT_LEAST), TIMEOUT_MOST);
	}

	/** RTP/AVP;unicast;interleaved=0-1;server_port=6970-6971;source=... (RFC 2326 12.39) */
	private takeTransport(at: number): void {
		const line = this.#line;
		if (at < 0) return;
		const interleaved = line.parameter(at, INTERLEAVED);
		const port = line.parameter(at, SERVER_PORT);
		const source = line.parameter(at, SOURCE);
		if (interleaved >= 0) {
			this.channel = line.number(interleaved);
			this.controlChannel = this.second(interleaved, this.channel + 1);
		}
		if (port >= 0) {
			this.port = line.number(port);
			this.controlPort = this.second(port, this.port + 1);
		}
		this.#texts.clear(TEXT_SOURCE);
		if (source >= 0) this.#texts.keep(TEXT_SOURCE, line.offset + source, line.valueEnd(source) - source);
	}

	/** The second of two numbers with "-" between, `otherwise` when there is one alone. */
	private second(at: number, otherwise: number): number {
		const line = this.#line;
		const end = line.valueEnd(at);
		const dash = line.find(DASH, at, end);
		return dash === end ? otherwise : line.number(dash + 1);
	}

	/** Whether the list of methods has GET_PARAMETER. */
	private lists(index: number): boolean {
		const line = this.#line;
		let at = index;
		while (at < line.length) {
			if (line.holds(at, GET_PARAMETER)) return true;
			at = line.afterBlanks(line.find(COMMA, at) + 1);
		}
		return false;
	}

	private endHead(): void {
		this.#describing = this.describes && this.status === OK && (this.sequence < 0 || this.sequence === this.expected);
		if (this.#left > BODY_LIMIT || (this.#left < 0 && this.#describing)) this.state = MESSAGE_BAD;
		else if (this.#left <= 0) this.state = MESSAGE_WHOLE;
		else {
			this.#inBody = true;
			this.#line.begin();
			if (this.#describing) this.#description.begin();
		}
	}

	private takeBody(offset: number, length: number): number {
		let count = Math.min(this.#left, length);
		if (this.#describing) {
			count = this.#line.take(offset, count);
			if (this.#line.tooLong) this.state = MESSAGE_BAD;
			else if (this.#line.complete) this.#description.take(this.#line);
		}
		this.#left -= count;
		if (this.#left > 0 || this.state !== MESSAGE_READING) return count;
		if (this.#describing) {
			if (this.#line.end()) this.#description.take(this.#line);
			this.#description.end();
			this.#described = true;
		}
		this.state = MESSAGE_WHOLE;
		return count;
	}
}
