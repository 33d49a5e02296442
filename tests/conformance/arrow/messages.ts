import type { Arena } from "storage/arena";
import { FakeLocal } from "conformance/arrow/local";
import { formatHex } from "wire/hex";

const NAMES = Object.freeze([
	"ACK",
	"PING",
	"REGISTER",
	"REDIRECT",
	"UPDATE",
	"HUP",
	"RESET",
	"SCAN",
	"GET_STATUS",
	"STATUS",
	"GET_REPORT",
	"REPORT",
	"DATA_ACK",
	"CONNECT",
]);
/** Data up to this length is shown in hex, else as "#length". */
const SHOWN = 32;
const HEADER = 11;

/** Reads what the machine sends, strictly and by the wire alone, and tells it in words. Counts data instead of keeping it; what is too long to be shown must be the pattern of {@link FakeLocal}. */
export class Messages {
	/** Bytes of data messages, and sums of DATA_ACKs, by session id, since the start. */
	readonly data: number[] = [];
	readonly acknowledged: number[] = [];
	/** Longest data message. */
	longest = 0;
	/** The id that the next own control message must have; -1: not checked. */
	nextId = 0;
	/** Data of an id is the pattern from its first byte on: not when ids are used again. */
	checkData = true;
	/** What was wrong. */
	fault = "";
	#wrong = 0;
	#lines: string[] = [];
	#raw = "";
	readonly #arena: Arena;
	/** A message that is not complete yet, in hex: REGISTER and UPDATE may come in parts. */
	#rest = "";

	constructor(arena: Arena) {
		this.#arena = arena;
	}

	/** Whole or partial messages at `offset`. */
	add(offset: number, length: number): void {
		const { view } = this.#arena;
		let at = offset;
		const end = offset + length;
		if (this.#rest !== "") {
			this.#continue(at, end);
			return;
		}
		while (at < end) {
			const size = end - at < HEADER ? Infinity : view.getUint32(at + 7);
			if (at + HEADER + size > end) {
				this.#rest = formatHex(this.#arena.bytes, at, end - at);
				return;
			}
			if (view.getUint16(at + 1) === 0) this.#control(formatHex(this.#arena.bytes, at, HEADER + size));
			else this.#data(at, size);
			at += HEADER + size;
		}
	}

	take(): string {
		const lines = this.#lines.join(", ");
		this.#lines = [];
		this.#raw = "";
		return lines;
	}

	takeRaw(): string {
		const raw = this.#raw;
		this.#lines = [];
		this.#raw = "";
		return raw;
	}

	#continue(offset: number, end: number): void {
		const rest = this.#rest;
		const missing = HEADER + parseInt(rest.slice(14, 22), 16) - rest.length / 2;
		const count = Math.min(missing, end - offset);
		this.#rest = rest + formatHex(this.#arena.bytes, offset, count);
		if (count < missing) return;
		this.#control(this.#rest);
		this.#rest = "";
		this.add(offset + count, end - offset - count);
	}

	#data(at: number, size: number): void {
		const { view, bytes } = this.#arena;
		const session = view.getUint32(at + 3);
		if (view.getUint8(at) !== 2) this.fault += " version";
		if (session > 0xffffff) this.fault += " reserved octet";
		if (size === 0) this.fault += " empty data";
		const before = this.data[session] ?? 0;
		if (this.checkData && size > SHOWN)
			for (let i = 0; i < size; i++) if (bytes[at + HEADER + i] !== FakeLocal.pattern(before + i)) this.#wrong++;
		if (this.#wrong > 0) this.fault = " data";
		this.data[session] = before + size;
		if (size > this.longest) this.longest = size;
		const shown = size <= SHOWN ? formatHex(bytes, at + HEADER, size) : "#" + size;
		this.#lines.push("DATA " + view.getUint16(at + 1).toString(16) + " " + session.toString(16) + " " + shown);
		if (size <= SHOWN) this.#raw += formatHex(bytes, at, HEADER + size);
	}

	#control(hex: string): void {
		this.#raw += hex;
		if (hex.slice(0, 14) !== "02000000000000") this.fault += " header " + hex.slice(0, 22);
		const id = parseInt(hex.slice(22, 26), 16);
		const type = parseInt(hex.slice(26, 30), 16);
		const data = hex.slice(30);
		const name = NAMES[type] ?? "type " + type;
		if (type === 0) {
			this.#lines.push("ACK " + hex.slice(22, 26) + " " + word(data, 0));
			return;
		}
		if (this.nextId >= 0) {
			if (id !== this.nextId) this.fault += " id " + id + " in place of " + this.nextId;
			this.nextId = (id + 1) & 0xffff;
		}
		if (type === 5) this.#lines.push("HUP " + word(data, 0) + " " + word(data, 8));
		else if (type === 12) {
			const session = parseInt(data.slice(0, 8), 16);
			const count = parseInt(data.slice(8), 16);
			this.acknowledged[session] = (this.acknowledged[session] ?? 0) + count;
			this.#lines.push("DATA_ACK " + word(data, 0) + " " + count);
		} else if (type === 9) this.#lines.push("STATUS " + data.slice(0, 4) + " " + word(data, 4) + " " + word(data, 12));
		else if (type === 1) this.#lines.push(data === "" ? "PING" : "PING with data");
		else this.#lines.push(name + " " + data);
	}
}

/** 32 bits at a place of hex text, as hex without leading zeros. */
function word(hex: string, at: number): string {
	return parseInt(hex.slice(at, at + 8), 16).toString(16);
}
