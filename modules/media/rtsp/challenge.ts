import { TEXT_NONCE, TEXT_OPAQUE, TEXT_REALM, type Texts } from "media/rtsp/texts";
import { type AsciiText, constantText } from "wire/ascii";
import type { LineReader } from "wire/line_reader";

/** Ways to say who one is, the better the higher. */
export const WAY_NONE = 0;
export const WAY_BASIC = 1;
export const WAY_MD5 = 2;
export const WAY_SHA256 = 3;

const BASIC = constantText("basic");
const DIGEST = constantText("digest");
const REALM = constantText("realm");
const NONCE = constantText("nonce");
const OPAQUE = constantText("opaque");
const ALGORITHM = constantText("algorithm");
const QOP = constantText("qop");
const STALE = constantText("stale");
const MD5 = constantText("md5");
const SHA256 = constantText("sha-256");
const AUTH = constantText("auth");
const TRUE = constantText("true");

const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** What a server asks for with 401 (RFC 7617, RFC 7616): the best of what it offers, kept in the client's texts. */
export class Challenge {
	/** One of the WAY constants; WAY_NONE: nothing that is known was offered. */
	way = WAY_NONE;
	/** With "qop=auth"; without it as RFC 2069 has it. */
	qop = false;
	/** The nonce was right once and is too old. */
	stale = false;
	/** Times that the nonce was used. */
	uses = 0;
	readonly #texts: Texts;

	constructor(texts: Texts) {
		this.#texts = texts;
	}

	/** An answer of 401 begins: what was offered before no longer counts. */
	begin(): void {
		this.way = WAY_NONE;
		this.stale = false;
	}

	/** Takes the challenges of a line, the first of which begins at `index`. */
	take(line: LineReader, index: number): void {
		let at = index;
		while (at < line.length) at = this.takeOne(line, at);
	}

	/** scheme name=value, name="value" ... up to the next scheme. @returns where that begins. */
	private takeOne(line: LineReader, index: number): number {
		let end = line.nextBlank(index);
		const basic = isToken(line, index, end, BASIC);
		let way = basic ? WAY_BASIC : isToken(line, index, end, DIGEST) ? WAY_MD5 : WAY_NONE;
		let realm = -1;
		let realmEnd = 0;
		let nonce = -1;
		let nonceEnd = 0;
		let opaque = -1;
		let opaqueEnd = 0;
		let stale = false;
		let asks = false;
		let qop = false;
		let at = skip(line, end);
		while (at < line.length) {
			const equals = line.find(EQUALS, at);
			if (line.nextBlank(at) < equals && line.at(line.afterBlanks(line.nextBlank(at))) !== EQUALS) break;
			let from = line.afterBlanks(equals + 1);
			const quoted = line.at(from) === QUOTE;
			if (quoted) from++;
			end = quoted ? quoteEnd(line, from) : line.find(COMMA, from, line.nextBlank(from));
			if (line.holds(at, REALM)) {
				realm = from;
				realmEnd = end;
			} else if (line.holds(at, NONCE)) {
				nonce = from;
				nonceEnd = end;
			} else if (line.holds(at, OPAQUE)) {
				opaque = from;
				opaqueEnd = end;
			} else if (line.holds(at, STALE)) stale = line.holds(from, TRUE);
			else if (line.holds(at, QOP)) {
				asks = true;
				qop = offers(line, from, end);
			} else if (line.holds(at, ALGORITHM) && !basic) {
				if (isToken(line, from, end, SHA256)) way = WAY_SHA256;
				else if (!isToken(line, from, end, MD5)) way = WAY_NONE;
			}
			at = skip(line, quoted ? end + 1 : end);
		}
		/* With "auth-int" alone the body would have to be digested too: no server of cameras asks for it. */
		if (way <= this.way || (asks && !qop) || (!basic && nonce < 0)) return at;
		this.keep(line, TEXT_OPAQUE, opaque, opaqueEnd);
		const kept = this.keep(line, TEXT_REALM, realm, realmEnd) && this.keep(line, TEXT_NONCE, nonce, nonceEnd);
		this.way = kept ? way : WAY_NONE;
		this.qop = qop;
		this.stale = stale;
		this.uses = 0;
		return at;
	}

	private keep(line: LineReader, text: number, from: number, end: number): boolean {
		if (from < 0) {
			this.#texts.clear(text);
			return true;
		}
		return this.#texts.keep(text, line.offset + from, end - from);
	}
}

function isToken(line: LineReader, from: number, end: number, text: AsciiText): boolean {
	return end - from === text.length && line.holds(from, text);
}

/** Behind commas and blanks. */
function skip(line: LineReader, index: number): number {
	let at = line.afterBlanks(index);
	while (line.at(at) === COMMA) at = line.afterBlanks(at + 1);
	return at;
}

function quoteEnd(line: LineReader, from: number): number {
	let at = from;
	while (at < line.length && line.at(at) !== QUOTE) at += line.at(at) === BACKSLASH ? 2 : 1;
	return Math.min(at, line.length);
}

/** Whether a list of qop has "auth". */
function offers(line: LineReader, from: number, end: number): boolean {
	let at = from;
	while (at < end) {
		const next = line.find(COMMA, at, end);
		if (isToken(line, at, Math.min(next, line.nextBlank(at)), AUTH)) return true;
		at = line.afterBlanks(next + 1);
	}
	return false;
}
