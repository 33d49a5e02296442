import { AT_DATA, AT_SIZE, FLAG_GATEWAY, HEADER, REGISTER, REGISTER_FIXED } from "arrow/constants";
import type { ServiceTable } from "arrow/table";
import { putControl } from "arrow/wire";
import type { Arena } from "storage/arena";
import { JSONWriter } from "wire/json";

const INFO_LIMIT = 1024;

/** Who the device is, as REGISTER's extended info tells it. What is missing is sent as null. */
export interface ArrowInfo {
	readonly client?: { readonly id?: string; readonly version?: string; readonly vendor?: string };
	readonly device?: { readonly category?: string; readonly type?: string; readonly vendor?: string };
}

/** What REGISTER says besides the table. */
export interface Registration {
	/** 16 octets each. */
	readonly uuid: ArrayBuffer;
	readonly key: ArrayBuffer;
	/** 6 octets. */
	readonly mac: ArrayBuffer;
	readonly window: number;
	/** UTF-8 of {@link formatInfo}. */
	readonly info: Uint8Array;
}

/** UTF-8 JSON of the extended info. @throws RangeError when it is too long. */
export function formatInfo(info: ArrowInfo): Uint8Array {
	const bytes = new Uint8Array(INFO_LIMIT);
	const json = new JSONWriter(bytes).begin(0, INFO_LIMIT).object();
	json
		.object("client")
		.value("id", info.client?.id)
		.value("version", info.client?.version)
		.value("vendor", info.client?.vendor)
		.endObject();
	json
		.object("device")
		.value("category", info.device?.category)
		.value("type", info.device?.type)
		.value("vendor", info.device?.vendor)
		.endObject();
	const length = json.endObject().end();
	if (length < 0) throw new RangeError("arrow.info: more than " + INFO_LIMIT + " bytes as JSON");
	return bytes.slice(0, length);
}

/** Bytes that a {@link RegisterMessage} needs, with `tail` bytes for what is written behind its fields. */
export function registerSize(info: Uint8Array, tail: number): number {
	return AT_DATA + REGISTER_FIXED + info.byteLength + 1 + tail;
}

/**
 * REGISTER, ready to be sent, in a region of its own; its last part is the service table, which UPDATE sends too (sections 2.2, 2.3).
 * A scan report is written to the place of the table: the three are never under way at once.
 */
export class RegisterMessage {
	/** Where the message, and its table, begin in the arena. */
	readonly offset: number;
	readonly tableOffset: number;
	/** Bytes of the table as written last. */
	tableLength = 0;
	readonly #arena: Arena;
	readonly #limit: number;
	readonly #table: ServiceTable;
	#digest = 0;

	/** The region is `offset .. offset + size`, see {@link registerSize}. @throws RangeError naming what has the wrong length. */
	constructor(arena: Arena, offset: number, size: number, registration: Registration, table: ServiceTable) {
		if (registration.uuid.byteLength !== 16) throw new RangeError("arrow uuid: 16 octets expected");
		if (registration.key.byteLength !== 16) throw new RangeError("arrow key: 16 octets expected");
		if (registration.mac.byteLength !== 6) throw new RangeError("arrow.mac: 6 octets expected");
		const { bytes, view } = arena;
		const at = offset + AT_DATA;
		bytes.set(new Uint8Array(registration.uuid), at);
		bytes.set(new Uint8Array(registration.key), at + 16);
		bytes.set(new Uint8Array(registration.mac), at + 32);
		view.setUint16(at + 38, registration.window - 1);
		view.setUint32(at + 40, table.gateway ? FLAG_GATEWAY : 0);
		bytes.set(registration.info, at + REGISTER_FIXED);
		const end = at + REGISTER_FIXED + registration.info.byteLength;
		view.setUint8(end, 0);
		this.offset = offset;
		this.tableOffset = end + 1;
		this.#arena = arena;
		this.#limit = offset + size;
		this.#table = table;
	}

	/** Writes REGISTER with message id `id`. @returns bytes at `offset`. */
	register(id: number): number {
		this.refresh();
		const length = this.tableOffset - this.offset + this.tableLength;
		putControl(this.#arena.view, this.offset, id, REGISTER, 0);
		this.#arena.view.setUint32(this.offset + AT_SIZE, length - HEADER);
		return length;
	}

	/** Writes the visible table anew. Not while a message of this region is being sent. @returns whether it differs from the one before. */
	refresh(): boolean {
		const before = this.#digest;
		const length = this.#table.put(this.tableOffset, this.#limit);
		const bytes = this.#arena.bytes;
		// FNV-1a: tells apart two tables of one device, nothing more is asked of it.
		let digest = 0x811c9dc5;
		for (let i = 0; i < length; i++) digest = Math.imul(digest ^ bytes[this.tableOffset + i], 0x01000193);
		this.#digest = digest;
		const changed = digest !== before || length !== this.tableLength;
		this.tableLength = length;
		return changed;
	}
}
