import type { MediaPacket } from "arcrtc/media_packet";
import type { Arena } from "storage/arena";
import { parseHex } from "wire/hex";

/** A packet as one that was opened would be. */
export class Media implements MediaPacket {
	payload: number;
	payloadLength = 0;
	extendedSequence = 0;
	timestamp = 0;
	marker = false;
	payloadType = 96;
	priority = 2;
	quality = 0;
	readonly #arena: Arena;

	/** Payloads are made at `payload` of the arena. */
	constructor(arena: Arena, payload: number) {
		this.#arena = arena;
		this.payload = payload;
	}

	/** Takes on a packet in its canonical form: 12 bytes of header, and the payload. @param rollover counter of the number. */
	canonical(hex: string, rollover: number): void {
		const bytes = parseHex(hex, hex.length / 2) as Uint8Array<ArrayBuffer>;
		const view = new DataView(bytes.buffer);
		this.marker = (bytes[1] & 0x80) !== 0;
		this.payloadType = bytes[1] & 0x7f;
		this.extendedSequence = rollover * 65536 + view.getUint16(2);
		this.timestamp = view.getUint32(4);
		this.payloadLength = bytes.length - 12;
		this.#arena.bytes.set(bytes.subarray(12), this.payload);
	}

	/** A payload that says which packet it is of, `length` bytes long: the number, and bytes that follow from it. */
	make(number: number, timestamp: number, length: number): this {
		const { bytes, view } = this.#arena;
		this.extendedSequence = number;
		this.timestamp = timestamp >>> 0;
		this.payloadLength = length;
		view.setInt32(this.payload, number | 0);
		for (let i = 4; i < length; i++) bytes[this.payload + i] = number * 7 + i * 13;
		return this;
	}
}

/** Whether the bytes at `offset` are those of {@link Media.make}. */
export function isMade(arena: Arena, offset: number, length: number, number: number): boolean {
	if (arena.view.getInt32(offset) !== (number | 0)) return false;
	for (let i = 4; i < length; i++) if (arena.bytes[offset + i] !== ((number * 7 + i * 13) & 0xff)) return false;
	return true;
}
