import { SHA256 } from "crypto/crypto";
import { type Challenge, WAY_BASIC, WAY_MD5, WAY_NONE } from "media/rtsp/challenge";
import { md5 } from "media/rtsp/md5";
import {
	TEXT_DIGEST,
	TEXT_NONCE,
	TEXT_OPAQUE,
	TEXT_PASSWORD,
	TEXT_REALM,
	TEXT_SECOND_DIGEST,
	TEXT_USER,
	type Texts,
} from "media/rtsp/texts";
import type { Arena } from "storage/arena";
import type { RandomSource } from "time/backoff";
import { type AsciiText, type AsciiWriter, constantText } from "wire/ascii";
import { encodeBase64 } from "wire/base64";

/** Bytes that must be free where an authorization is worked out: what is digested, and its padding. */
export const WORK_BYTES = 768;

const BASIC = constantText("Authorization: Basic ");
const USER = constantText('Authorization: Digest username="');
const REALM = constantText('", realm="');
const NONCE = constantText('", nonce="');
const URI = constantText('", uri="');
const RESPONSE = constantText('", response="');
const OPAQUE = constantText('", opaque="');
const QUOTE_END = constantText('"');
const SHA_256 = constantText(", algorithm=SHA-256");
const QOP = constantText(", qop=auth, nc=");
const CNONCE = constantText(', cnonce="');
const QOP_AUTH = constantText(":auth:");
const LINE_END = constantText("\r\n");

const COLON = 0x3a;
const HEX = constantText("0123456789abcdef");
const CNONCE_BYTES = 16;
const COUNT_BYTES = 8;
const DIGEST_LENGTH = 32;
const MD5_LENGTH = 16;

/** Writes the field "Authorization" of requests (RFC 7617, RFC 7616 3.4, with RFC 2069 for servers without qop). */
export class Authorization {
	readonly #arena: Arena;
	readonly #texts: Texts;
	readonly #challenge: Challenge;
	readonly #random: RandomSource;
	readonly #sha256: SHA256;
	/** Where the digests are worked out. */
	readonly #work: number;
	/** The client's nonce, as digits. */
	#cnonce = 0;
	/** Bytes of user and password in Base64. */
	#encoded = 0;

	/** Uses the WORK_BYTES bytes at `work` while it writes. */
	constructor(arena: Arena, work: number, texts: Texts, challenge: Challenge, random: RandomSource) {
		this.#arena = arena;
		this.#texts = texts;
		this.#challenge = challenge;
		this.#random = random;
		this.#work = work;
		this.#sha256 = new SHA256();
	}

	/**
	 * Works out what `write` then writes: the answer to the challenge for this request. `uri` lies where `write`'s text does not go.
	 * The writer is one on the arena, and begins anew.
	 */
	prepare(writer: AsciiWriter, method: AsciiText, uri: number, uriLength: number): void {
		const { way, qop } = this.#challenge;
		if (way === WAY_NONE) return;
		this.#challenge.uses++;
		this.begin(writer);
		this.copy(writer, TEXT_USER);
		writer.byte(COLON);
		if (way === WAY_BASIC) {
			this.copy(writer, TEXT_PASSWORD);
			this.encode(writer);
			return;
		}
		this.copy(writer, TEXT_REALM);
		writer.byte(COLON);
		this.copy(writer, TEXT_PASSWORD);
		this.digest(writer, TEXT_DIGEST);
		this.begin(writer);
		writer.text(method);
		writer.byte(COLON);
		writer.copy(uri, uriLength);
		this.digest(writer, TEXT_SECOND_DIGEST);
		this.begin(writer);
		this.copy(writer, TEXT_DIGEST);
		writer.byte(COLON);
		this.copy(writer, TEXT_NONCE);
		if (qop) {
			this.#cnonce = Math.floor(this.#random.fraction() * 0x1_0000_0000);
			writer.byte(COLON);
			digits(writer, this.#challenge.uses, COUNT_BYTES);
			writer.byte(COLON);
			digits(writer, this.#cnonce, CNONCE_BYTES);
			writer.text(QOP_AUTH);
		} else writer.byte(COLON);
		this.copy(writer, TEXT_SECOND_DIGEST);
		this.digest(writer, TEXT_DIGEST);
	}

	/** Writes the field with its line end: what `prepare` worked out. */
	write(writer: AsciiWriter, uri: number, uriLength: number): void {
		const { way, qop } = this.#challenge;
		if (way === WAY_NONE) return;
		if (way === WAY_BASIC) {
			writer.text(BASIC);
			writer.copy(this.#texts.offset(TEXT_DIGEST), this.#encoded);
			writer.text(LINE_END);
			return;
		}
		writer.text(USER);
		this.copy(writer, TEXT_USER);
		writer.text(REALM);
		this.copy(writer, TEXT_REALM);
		writer.text(NONCE);
		this.copy(writer, TEXT_NONCE);
		writer.text(URI);
		writer.copy(uri, uriLength);
		writer.text(RESPONSE);
		this.copy(writer, TEXT_DIGEST);
		if (this.#texts.length(TEXT_OPAQUE) > 0) {
			writer.text(OPAQUE);
			this.copy(writer, TEXT_OPAQUE);
		}
		writer.text(QUOTE_END);
		if (way !== WAY_MD5) writer.text(SHA_256);
		if (qop) {
			writer.text(QOP);
			digits(writer, this.#challenge.uses, COUNT_BYTES);
			writer.text(CNONCE);
			digits(writer, this.#cnonce, CNONCE_BYTES);
			writer.text(QUOTE_END);
		}
		writer.text(LINE_END);
	}

	close(): void {
		this.#sha256.close();
	}

	private begin(writer: AsciiWriter): void {
		writer.begin(this.#work, WORK_BYTES);
	}

	private copy(writer: AsciiWriter, text: number): void {
		writer.copy(this.#texts.offset(text), this.#texts.length(text));
	}

	/** What was written, in Base64, takes the place of the digests, which Basic has none of: 172 of their 176 bytes at most. */
	private encode(writer: AsciiWriter): void {
		const { bytes } = this.#arena;
		const length = writer.position - this.#work;
		this.#encoded = encodeBase64(bytes, this.#work, length, this.#texts.offset(TEXT_DIGEST));
		bytes.fill(0, this.#work, this.#work + length);
	}

	/** The digest of what was written, in hex, becomes `text`; what was written is wiped. */
	private digest(writer: AsciiWriter, text: number): void {
		const { buffer, bytes, view } = this.#arena;
		const length = writer.position - this.#work;
		const to = this.#texts.offset(text);
		let size = MD5_LENGTH;
		if (this.#challenge.way === WAY_MD5) md5(view, this.#work, length, to);
		else {
			size = DIGEST_LENGTH;
			this.#sha256.update(buffer, this.#work, length);
			this.#sha256.digest(buffer, to);
		}
		bytes.fill(0, this.#work, this.#work + length);
		for (let i = size - 1; i >= 0; i--) {
			const byte = bytes[to + i];
			bytes[to + 2 * i] = HEX.charCodeAt(byte >> 4);
			bytes[to + 2 * i + 1] = HEX.charCodeAt(byte & 15);
		}
		this.#texts.resize(text, 2 * size);
	}
}

/** A whole number in hex with leading zeros. */
function digits(writer: AsciiWriter, value: number, count: number): void {
	for (let i = count - 1; i >= 0; i--) writer.byte(HEX.charCodeAt(i > 7 ? 0 : (value >>> (4 * i)) & 15));
}
