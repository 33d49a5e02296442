import { JSON_BYTES, JSON_DEPTH, JSON_TEXT } from "arcrtc/constants";
import { ERROR_FIELD, ERROR_JSON, ERROR_LIMIT, ERROR_MISSING, ERROR_TYPE, MEMBER, TYPE_TEXTS, TYPE_UNKNOWN } from "arcrtc/words";
import { type AsciiText, constantText } from "wire/ascii";
import { JSON_BROKEN, JSON_FINE, JSONReader, KIND_TEXT } from "wire/json_reader";

/** What {@link MessageReader.read} has found. A message of this session, its members are still to be looked at. */
export const MESSAGE_FINE = 0;
/** It is of another session: dropped. */
export const MESSAGE_FOREIGN = 1;
/** `code` and `field` say what is wrong with it. */
export const MESSAGE_WRONG = 2;
/** It is no JSON, or beyond the limits. */
export const MESSAGE_BROKEN = 3;

const NONE = -1;
/** Addresses of the peer that are looked at, and characters of one. */
const ADDRESSES = 4;
const ADDRESS_TEXT = 48;

/** Reads what all messages have in common (section 2.9), where they lie. */
export class MessageReader {
	readonly json: JSONReader;
	/** A TYPE_ of `words`; TYPE_UNKNOWN while it is not known. */
	type = TYPE_UNKNOWN;
	/** Number of the message, and of the request that it answers; -1: it has none. */
	id = NONE;
	re = NONE;
	/** What is wrong, as ERROR tells it: a code, and the member that it is about or "". */
	code = "";
	field = "";
	readonly #sessionId: AsciiText;

	constructor(bytes: Uint8Array, sessionId: string) {
		this.json = new JSONReader(bytes, { bytes: JSON_BYTES, text: JSON_TEXT, depth: JSON_DEPTH });
		this.#sessionId = constantText(sessionId);
	}

	/** Looks at the message of `length` bytes at `offset`. @returns one of MESSAGE_. */
	read(offset: number, length: number): number {
		const { json } = this;
		this.type = TYPE_UNKNOWN;
		this.id = this.re = NONE;
		this.code = this.field = "";
		const outcome = json.check(offset, length);
		if (outcome !== JSON_FINE) {
			this.code = outcome === JSON_BROKEN ? ERROR_JSON : ERROR_LIMIT;
			return MESSAGE_BROKEN;
		}
		this.id = this.integer(MEMBER.id);
		const type = this.member(MEMBER.type);
		if (json.kind(type) !== KIND_TEXT) return this.lacks(type, "type");
		const session = this.member(MEMBER.session_id);
		const ours = json.isText(session, this.#sessionId);
		if (!ours && json.kind(session) === KIND_TEXT) return MESSAGE_FOREIGN;
		for (let i = 0; i < TYPE_TEXTS.length && this.type === TYPE_UNKNOWN; i++) if (json.isText(type, TYPE_TEXTS[i])) this.type = i;
		if (this.type === TYPE_UNKNOWN) {
			this.code = ERROR_TYPE;
			return MESSAGE_WRONG;
		}
		if (!ours) return this.lacks(session, "session_id");
		this.re = this.integer(MEMBER.re);
		if (this.id < 0 && this.member(MEMBER.id) >= 0) return this.lacks(0, "id");
		return this.re < 0 && this.member(MEMBER.re) >= 0 ? this.lacks(0, "re") : MESSAGE_FINE;
	}

	/** The member of that name of the message itself; -1: there is none. */
	member(name: AsciiText): number {
		return this.json.member(this.json.root, name);
	}

	/** A text of the message of at most `limit` bytes; undefined: there is none, or `fault` would name it. */
	text(name: AsciiText, limit: number): string | undefined {
		return this.json.text(this.member(name), limit);
	}

	/** A whole number, 0 or more, of the message; -1: there is none. */
	integer(name: AsciiText): number {
		return this.json.integer(this.member(name), 0, Number.MAX_SAFE_INTEGER, NONE);
	}

	/** Tells where the peer can be reached, as CONNECT and CONNECT_ACK say it: the same address may come twice. */
	addresses(to: { candidate(address: string, port: number): void }): void {
		const { json } = this;
		const info = this.member(MEMBER.network_info);
		this.address(info, MEMBER.public_ip, MEMBER.public_port, to);
		let item = json.first(json.member(info, MEMBER.local));
		for (let i = 0; item >= 0 && i < ADDRESSES; item = json.next(item), i++) this.address(item, MEMBER.ip, MEMBER.port, to);
	}

	private address(object: number, ip: AsciiText, port: AsciiText, to: { candidate(address: string, port: number): void }): void {
		const { json } = this;
		const address = json.text(json.member(object, ip), ADDRESS_TEXT);
		const number = json.integer(json.member(object, port), 1, 65_535, 0);
		if (address !== undefined && address !== "" && number > 0) to.candidate(address, number);
	}

	/** The member `field`, at `at`, is missing (-1), or not what it has to be. @returns MESSAGE_WRONG. */
	lacks(at: number, field: string): number {
		this.code = at < 0 ? ERROR_MISSING : ERROR_FIELD;
		this.field = field;
		return MESSAGE_WRONG;
	}

	/** As `lacks`, of a member of the message itself. @returns false. */
	lacksMember(name: AsciiText, field: string): false {
		this.lacks(this.member(name), field);
		return false;
	}

	/** The member `field` is what it has to be, and cannot be taken. @returns false. */
	refuses(code: string, field: string): false {
		this.code = code;
		this.field = field;
		return false;
	}
}
