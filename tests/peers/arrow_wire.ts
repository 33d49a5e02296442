/** Arrow v2 on the wire, seen from the service: constants, encoders and an incremental reader (reference sections 2.1, 2.2). */

export const VERSION = 2;
export const HEADER_BYTES = 11;
/** Bytes of msg_id and type before the data of a control message. */
export const CONTROL_BYTES = 4;
/** Largest control body this service reads: a scan report of 64 hosts and a full table are far below. */
export const CONTROL_LIMIT = 1 << 20;

export const Type = Object.freeze({
	ACK: 0,
	PING: 1,
	REGISTER: 2,
	REDIRECT: 3,
	UPDATE: 4,
	HUP: 5,
	RESET_SVC_TABLE: 6,
	SCAN_NETWORK: 7,
	GET_STATUS: 8,
	STATUS: 9,
	GET_SCAN_REPORT: 10,
	SCAN_REPORT: 11,
	DATA_ACK: 12,
	CONNECT: 13,
});

const TYPE_NAMES = new Map<number, string>(Object.entries(Type).map(([name, code]) => [code, name]));

/** The name of a message type, or its number in hexadecimal. */
export function typeName(type: number): string {
	return TYPE_NAMES.get(type) ?? `type ${type.toString(16).padStart(4, "0")}`;
}

export const Code = Object.freeze({
	NO_ERROR: 0,
	UNSUPPORTED_PROTOCOL_VERSION: 1,
	UNAUTHORIZED: 2,
	CONNECTION_ERROR: 3,
	UNSUPPORTED_METHOD: 4,
	INTERNAL_SERVER_ERROR: 0xffffffff,
});

export interface Header {
	readonly version: number;
	/** 0 = control message. */
	readonly service: number;
	readonly reserved: number;
	/** 24 bits. */
	readonly session: number;
	/** Bytes that follow the header. */
	readonly bodySize: number;
}

export function encodeHeader(header: Partial<Header>): Buffer {
	const bytes = Buffer.alloc(HEADER_BYTES);
	bytes.writeUInt8(header.version ?? VERSION, 0);
	bytes.writeUInt16BE(header.service ?? 0, 1);
	bytes.writeUInt8(header.reserved ?? 0, 3);
	bytes.writeUIntBE(header.session ?? 0, 4, 3);
	bytes.writeUInt32BE(header.bodySize ?? 0, 7);
	return bytes;
}

/** A whole control message. `header` overrides fields of the header, for bad input. */
export function encodeControl(id: number, type: number, data: Buffer = Buffer.alloc(0), header: Partial<Header> = {}): Buffer {
	const bytes = Buffer.alloc(CONTROL_BYTES + data.length);
	bytes.writeUInt16BE(id, 0);
	bytes.writeUInt16BE(type, 2);
	data.copy(bytes, CONTROL_BYTES);
	return Buffer.concat([encodeHeader({ bodySize: bytes.length, ...header }), bytes]);
}

/** Data of ACK: one code. */
export function encodeCode(code: number): Buffer {
	const data = Buffer.alloc(4);
	data.writeUInt32BE(code, 0);
	return data;
}

/** Data of HUP and DATA_ACK: reserved octet, session, 32-bit value. */
export function encodeSessionValue(session: number, value: number, reserved = 0): Buffer {
	const data = Buffer.alloc(8);
	data.writeUInt8(reserved, 0);
	data.writeUIntBE(session, 1, 3);
	data.writeUInt32BE(value, 4);
	return data;
}

/** Data of CONNECT. */
export function encodeConnect(service: number, session: number, reserved = 0): Buffer {
	const data = Buffer.alloc(6);
	data.writeUInt16BE(service, 0);
	data.writeUInt8(reserved, 2);
	data.writeUIntBE(session, 3, 3);
	return data;
}

/** Data of REDIRECT: `host:port` and its NUL. */
export function encodeRedirect(target: string): Buffer {
	return Buffer.from(`${target}\0`, "utf8");
}

/** What a `MessageReader` reports to. */
export interface MessageSink {
	control(header: Header, id: number, type: number, data: Buffer): void;
	/** A session message begins; its body follows in pieces, none if it is empty. */
	dataHeader(header: Header): void;
	dataBody(header: Header, piece: Buffer): void;
	/** The bytes cannot be read on; the reader takes no more. */
	broken(reason: string): void;
}

/** Cuts a byte stream, however it is split, into messages. Session bodies are passed on without being gathered. */
export class MessageReader {
	readonly #sink: MessageSink;
	readonly #head = Buffer.alloc(HEADER_BYTES);
	#headFill = 0;
	#header: Header | undefined;
	#left = 0;
	#parts: Buffer[] = [];
	#stopped = false;

	constructor(sink: MessageSink) {
		this.#sink = sink;
	}

	/** True while a message has begun and not ended. */
	get midway(): boolean {
		return this.#headFill > 0 || this.#header !== undefined;
	}

	stop(): void {
		this.#stopped = true;
	}

	push(chunk: Buffer): void {
		let offset = 0;
		while (!this.#stopped && offset < chunk.length) {
			if (this.#header === undefined) offset = this.#readHeader(chunk, offset);
			else offset = this.#readBody(this.#header, chunk, offset);
		}
	}

	#break(reason: string): void {
		this.#stopped = true;
		this.#sink.broken(reason);
	}

	#readHeader(chunk: Buffer, offset: number): number {
		const count = Math.min(HEADER_BYTES - this.#headFill, chunk.length - offset);
		chunk.copy(this.#head, this.#headFill, offset, offset + count);
		this.#headFill += count;
		if (this.#headFill < HEADER_BYTES) return offset + count;
		this.#headFill = 0;
		const header: Header = {
			version: this.#head.readUInt8(0),
			service: this.#head.readUInt16BE(1),
			reserved: this.#head.readUInt8(3),
			session: this.#head.readUIntBE(4, 3),
			bodySize: this.#head.readUInt32BE(7),
		};
		if (header.version !== VERSION) this.#break(`2.1: version ${header.version}, must be ${VERSION}`);
		else if (header.service !== 0) this.#beginData(header);
		else if (header.bodySize < CONTROL_BYTES) this.#break(`2.1: control body of ${header.bodySize} bytes, must be 4 or more`);
		else if (header.bodySize > CONTROL_LIMIT) this.#break(`2.1: control body of ${header.bodySize} bytes`);
		else this.#begin(header);
		return offset + count;
	}

	#begin(header: Header): void {
		this.#header = header;
		this.#left = header.bodySize;
	}

	#beginData(header: Header): void {
		if (header.bodySize > 0) this.#begin(header);
		this.#sink.dataHeader(header);
	}

	#readBody(header: Header, chunk: Buffer, offset: number): number {
		const end = Math.min(chunk.length, offset + this.#left);
		const piece = chunk.subarray(offset, end);
		this.#left -= piece.length;
		if (this.#left === 0) this.#header = undefined;
		if (header.service !== 0) {
			this.#sink.dataBody(header, piece);
			return end;
		}
		this.#parts.push(piece);
		if (this.#left === 0) {
			const body = this.#parts.length === 1 ? piece : Buffer.concat(this.#parts);
			this.#parts = [];
			this.#sink.control(header, body.readUInt16BE(0), body.readUInt16BE(2), body.subarray(CONTROL_BYTES));
		}
		return end;
	}
}
