import type { LineReader } from "wire/line_reader";
import { constantText } from "wire/ascii";

/** How far an answer is. */
export const ANSWER_READING = 0;
/** The head is whole; the body, if any, comes now. */
export const ANSWER_HEAD = 1;
/** Over a limit, or not understood: the connection is of no more use. */
export const ANSWER_BAD = 2;
/** It speaks, but another protocol. */
export const ANSWER_FOREIGN = 3;

/** Types of a body. */
export const TYPE_UNKNOWN = 0;
export const TYPE_PICTURE = 1;
export const TYPE_OTHER = 2;

/** Most lines of a head (section 2.7), those skipped in front of it counted too. */
export const HEADER_LIMIT = 64;

const RTSP = constantText("rtsp/");
const HTTP = constantText("http/");
const CONTENT_LENGTH = constantText("content-length");
const CONTENT_TYPE = constantText("content-type");
const CONNECTION = constantText("connection");
const CLOSE = constantText("close");
const KEEP = constantText("keep-alive");
const SEQUENCE = constantText("cseq");
const SERVER = constantText("server");
/** What a body must be to be pictures (section 2.7). */
const PICTURES = Object.freeze([
	constantText("multipart/x-mixed-replace"),
	constantText("image/jpeg"),
	constantText("image/jpg"),
]);
/** Servers that say 200 to any path (section 2.7, quirk). */
const HIPCAMS = Object.freeze([constantText("hiipcam/v100r003 vodserver/1.0.0"), constantText("hipcam realserver/v1.0")]);

const COMMA = 0x2c;
const DOLLAR = 0x24;
const SEMICOLON = 0x3b;
/** Bytes of the head of an interleaved frame (RFC 2326 10.12): "$", a channel, 16 bits of length. */
const FRAME_HEAD = 4;

/**
 * Reads the head of an RTSP or HTTP answer that comes in pieces, and keeps of it what a probe asks about.
 * In front of an RTSP answer it skips interleaved frames and lines that are none of it (the rest of a body without length).
 */
export class Answer {
	/** One of the ANSWER constants. */
	state = ANSWER_READING;
	/** 100 .. 999, 0 before the first line. */
	status = 0;
	/** Of the body, -1: not told. */
	length = -1;
	/** One of the TYPE constants. */
	type = TYPE_UNKNOWN;
	/** CSeq, -1: none. */
	sequence = -1;
	/** The peer will close the connection behind it. */
	closes = false;
	/** The peer says that it will not. */
	keeps = false;
	/** It comes from a server of the Hipcam kind. */
	hipcam = false;
	readonly #line: LineReader;
	#rtsp = false;
	#lines = 0;
	/** Bytes of an interleaved frame still to skip; its head so far. */
	#skip = 0;
	#frameHead = 0;
	#frameLength = 0;

	constructor(line: LineReader) {
		this.#line = line;
	}

	/** The next bytes are those of an answer of RTSP, or of HTTP. */
	begin(rtsp: boolean): void {
		this.#rtsp = rtsp;
		this.#lines = 0;
		this.#skip = 0;
		this.#frameHead = 0;
		this.#clear();
		this.#line.begin();
	}

	/** Takes bytes up to the end of the head. @returns bytes taken. */
	take(bytes: Uint8Array, offset: number, length: number): number {
		let at = 0;
		while (at < length && this.state === ANSWER_READING) {
			if (this.#skip > 0) {
				const count = Math.min(this.#skip, length - at);
				this.#skip -= count;
				at += count;
			} else if (this.#frameHead > 0 || (this.#isBetween() && bytes[offset + at] === DOLLAR)) {
				this.#takeFrameHead(bytes[offset + at++]);
			} else {
				at += this.#line.take(offset + at, length - at);
				if (this.#line.tooLong) this.state = ANSWER_BAD;
				else if (this.#line.complete) this.#takeLine();
			}
		}
		return at;
	}

	#clear(): void {
		this.state = ANSWER_READING;
		this.status = 0;
		this.length = -1;
		this.type = TYPE_UNKNOWN;
		this.sequence = -1;
		this.closes = false;
		this.keeps = false;
		this.hipcam = false;
	}

	/** In front of the first line, where an interleaved frame may stand. */
	#isBetween(): boolean {
		return this.#rtsp && this.status === 0 && this.#line.atStart;
	}

	#takeFrameHead(byte: number): void {
		this.#frameHead++;
		if (this.#frameHead === FRAME_HEAD - 1) this.#frameLength = byte << 8;
		else if (this.#frameHead === FRAME_HEAD) {
			this.#skip = this.#frameLength | byte;
			this.#frameHead = 0;
		}
	}

	#takeLine(): void {
		const line = this.#line;
		if (this.status === 0) {
			this.#takeFirst();
			if (this.status !== 0 || this.state !== ANSWER_READING) return;
		} else if (line.length === 0) {
			this.state = ANSWER_HEAD;
			return;
		} else this.#takeField();
		if (++this.#lines > HEADER_LIMIT) this.state = ANSWER_BAD;
	}

	/** Protocol "/" digit "." digit, a blank, three digits; an RTSP answer may have other lines in front. */
	#takeFirst(): void {
		const line = this.#line;
		const http = line.holds(0, HTTP);
		if (this.#rtsp ? line.holds(0, RTSP) : http) {
			const at = line.nextBlank(0);
			const status = line.number(line.afterBlanks(at));
			if (status >= 100 && status <= 999) this.status = status;
			else this.state = ANSWER_BAD;
		} else if (this.#rtsp ? http : line.length > 0) this.state = ANSWER_FOREIGN;
	}

	/** name ":" value (RFC 9112 5, RFC 2326 12); unknown ones and lines that are none are of no interest. */
	#takeField(): void {
		const line = this.#line;
		const length = line.field(CONTENT_LENGTH);
		const type = line.field(CONTENT_TYPE);
		const connection = line.field(CONNECTION);
		const sequence = line.field(SEQUENCE);
		const server = line.field(SERVER);
		if (length >= 0) this.length = line.number(length);
		else if (type >= 0) this.type = this.#isPicture(type) ? TYPE_PICTURE : TYPE_OTHER;
		else if (connection >= 0) {
			this.closes = line.holds(connection, CLOSE);
			this.keeps = line.holds(connection, KEEP);
		} else if (sequence >= 0) this.sequence = line.number(sequence);
		else if (server >= 0) this.hipcam = this.#isHipcam(server);
	}

	#isPicture(at: number): boolean {
		const line = this.#line;
		for (let i = 0; i < PICTURES.length; i++) {
			if (!line.holds(at, PICTURES[i])) continue;
			const end = at + PICTURES[i].length;
			const next = line.at(line.afterBlanks(end));
			if (next === 0 || next === SEMICOLON || next === COMMA) return true;
		}
		return false;
	}

	#isHipcam(at: number): boolean {
		for (let i = 0; i < HIPCAMS.length; i++) if (this.#line.holds(at, HIPCAMS[i])) return true;
		return false;
	}
}
