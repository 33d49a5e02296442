import {
	AT_ACK,
	AT_CHECKSUM,
	AT_OPERATION,
	AT_UID,
	CHECKSUM_SEED,
	COMMAND_FIELDS,
	MAGIC,
	OPERATION_KEEPALIVE,
	OPERATION_LEAVE,
	REQUEST_SIZE,
} from "kv/constants";
import type { Id } from "kv/id";
import type { KVSwitches } from "kv/switches";

/**
 * Writes a request: type and body (section 1.1), in the padded shape with a zero tail. REQUEST_SIZE bytes at `offset` must be there.
 * @returns its bytes.
 */
export function writeRequest(
	view: DataView,
	offset: number,
	command: number,
	first: Id,
	second: Id,
	third: Id,
	padded: boolean,
): number {
	const fields = COMMAND_FIELDS[command];
	for (let i = 0; i < REQUEST_SIZE; i += 4) view.setUint32(offset + i, 0);
	view.setUint32(offset, command);
	if (fields > 0) writeId(view, offset + 4, first);
	if (fields > 1) writeId(view, offset + 12, second);
	if (fields > 2) writeId(view, offset + 20, third);
	return padded ? REQUEST_SIZE : 4 + 8 * fields;
}

function writeId(view: DataView, offset: number, id: Id): void {
	view.setUint32(offset, id.high);
	view.setUint32(offset + 4, id.low);
}

/** The port that a status of `high` and `low` means (section 1.4); `auto` reads it as it is written. @returns 0 when it means none. */
export function portOf(high: number, low: number, order: KVSwitches["portOrder"]): number {
	if (high !== 0 || low > 0xffff) return 0;
	return order === "le-quirk" ? swapped(low) : low;
}

/** A port with its octets swapped. */
export function swapped(port: number): number {
	return ((port & 0xff) << 8) | (port >>> 8);
}

/** The checksum of a system packet (section 2.3), from the low half of the user id as it lies there. */
export function checksum(low: number, ack: number): number {
	return ((low << 8) ^ CHECKSUM_SEED ^ ack) >>> 0;
}

/** Whether a datagram is a system packet; else it is voice. */
export function isSystem(view: DataView, offset: number): boolean {
	return view.getUint32(offset) === MAGIC && view.getUint8(offset + AT_OPERATION) >= 0x80;
}

/** System and voice packets in the orders that the switches ask for (section 2). */
export class PacketWire {
	/** User id, acknowledgement id and checksum lie little-endian. */
	readonly little: boolean;
	readonly #swap: boolean;

	constructor(switches: KVSwitches) {
		this.little = switches.udpOrder === "le";
		this.#swap = this.little && switches.keepaliveUidOrder === "be";
	}

	/** Writes the first 24 bytes of a system packet; the rest is the caller's to keep zero. */
	writeSystem(view: DataView, offset: number, operation: number, uid: Id, ack: number): void {
		const little = this.little;
		view.setUint32(offset, MAGIC);
		view.setUint32(offset + AT_OPERATION, operation);
		if (this.#swap && (operation === OPERATION_KEEPALIVE || operation === OPERATION_LEAVE)) writeId(view, offset + AT_UID, uid);
		else this.writeUid(view, offset + AT_UID, uid);
		view.setUint32(offset + AT_ACK, ack, little);
		view.setUint32(offset + AT_CHECKSUM, checksum(this.low(view, offset), ack), little);
	}

	/** Whether the checksum of a system packet is right. */
	checks(view: DataView, offset: number): boolean {
		const { little } = this;
		const sum = checksum(this.low(view, offset), view.getUint32(offset + AT_ACK, little));
		return view.getUint32(offset + AT_CHECKSUM, little) === sum;
	}

	/** Whether the system packet at `offset` bears this user id, in the order in which it was sent. */
	bears(view: DataView, offset: number, uid: Id): boolean {
		const at = offset + AT_UID;
		if (this.is(view, at, uid, this.little)) return true;
		return this.#swap && this.is(view, at, uid, false);
	}

	writeUid(view: DataView, offset: number, uid: Id): void {
		if (this.little) {
			view.setUint32(offset, uid.low, true);
			view.setUint32(offset + 4, uid.high, true);
		} else writeId(view, offset, uid);
	}

	/** Reads the user id of a voice packet into `uid`. */
	readUid(view: DataView, offset: number, uid: Id): void {
		if (this.little) {
			uid.low = view.getUint32(offset, true);
			uid.high = view.getUint32(offset + 4, true);
		} else {
			uid.high = view.getUint32(offset);
			uid.low = view.getUint32(offset + 4);
		}
	}

	private is(view: DataView, at: number, uid: Id, little: boolean): boolean {
		const first = view.getUint32(at, little);
		const second = view.getUint32(at + 4, little);
		return little ? first === uid.low && second === uid.high : first === uid.high && second === uid.low;
	}

	/** The half of the user id that goes into the checksum. */
	private low(view: DataView, offset: number): number {
		return this.little ? view.getUint32(offset + AT_UID, true) : view.getUint32(offset + AT_UID + 4);
	}
}
