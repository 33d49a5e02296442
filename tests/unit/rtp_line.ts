import type { Depacketizer, Packetizer } from "media/rtp/format";
import { FRAME } from "media/rtp/format";
import { Arena } from "storage/arena";
import type { Check } from "unit/suite";
import { formatHex, parseHex } from "wire/hex";

/** Where a frame lies in the arena of a line, and where payloads do. */
export const FRAME_AT = 64;
const PAYLOAD_ROOM = 2048;

/** One payload as it would be in a packet. */
export interface Payload {
	readonly hex: string;
	readonly marker: boolean;
	readonly ticks: number;
}

/** Frames to payloads and back, in one arena: a frame, a payload, then regions for whoever asks. */
export class Line {
	readonly arena: Arena;
	readonly payload: number;
	#free: number;

	constructor(frameBytes: number, regions: number) {
		this.payload = FRAME_AT + frameBytes + 16;
		this.#free = this.payload + PAYLOAD_ROOM;
		this.arena = new Arena(this.#free + regions);
		this.arena.bytes.fill(0xee);
	}

	/** A region of so many bytes. */
	region(bytes: number): number {
		const at = this.#free;
		this.#free = at + bytes;
		if (this.#free > this.arena.bytes.length) throw new Error("line: no room");
		return at;
	}

	/** Puts a frame at FRAME_AT. */
	frame(bytes: Uint8Array): void {
		this.arena.bytes.set(bytes, FRAME_AT);
	}

	/** All payloads of a frame that lies there; nothing behind `limit` may be written. */
	cut(check: Check, packetizer: Packetizer, length: number, limit: number): Payload[] {
		const { bytes } = this.arena;
		const payloads: Payload[] = [];
		check.ok(packetizer.begin(FRAME_AT, length), "begin, refused for " + packetizer.refusal);
		for (;;) {
			bytes.fill(0xee, this.payload, this.payload + PAYLOAD_ROOM);
			const size = packetizer.next(this.payload, limit);
			for (let i = size; i < PAYLOAD_ROOM; i++) if (bytes[this.payload + i] !== 0xee) check.fail("written behind a payload");
			if (size === 0) break;
			if (size > limit) check.fail("a payload of " + size + " bytes");
			payloads.push({ hex: formatHex(bytes, this.payload, size), marker: packetizer.marker, ticks: packetizer.ticks });
		}
		check.ok(packetizer.last, "last");
		return payloads;
	}

	/** Gives one payload to a depacketizer. */
	push(depacketizer: Depacketizer, hex: string, timestamp: number, marker: boolean, lost = false): number {
		const payload = bytesOf(hex);
		this.arena.bytes.set(payload, this.payload);
		return depacketizer.push(this.payload, payload.length, timestamp, marker, lost);
	}

	/** Gives all of them; the last one must make a frame, the others nothing. */
	join(check: Check, depacketizer: Depacketizer, payloads: readonly Payload[], timestamp: number): void {
		for (let i = 0; i < payloads.length; i++) {
			const { hex, marker } = payloads[i] as Payload;
			check.equal(this.push(depacketizer, hex, timestamp, marker), i + 1 === payloads.length ? FRAME : 0, "payload " + i);
		}
		check.equal(depacketizer.timestamp, timestamp);
	}

	/** The frame that a depacketizer gave. */
	joined(depacketizer: Depacketizer): Uint8Array {
		const { frameOffset, frameLength } = depacketizer;
		return this.arena.bytes.slice(frameOffset, frameOffset + frameLength);
	}
}

export function bytesOf(hex: string): Uint8Array {
	const plain = hex.split(" ").join("");
	return parseHex(plain, plain.length / 2) as Uint8Array;
}

/** Bytes of a pattern that never looks like a marker or a start code. */
export function pattern(length: number, seed: number): Uint8Array {
	const bytes = new Uint8Array(length);
	for (let i = 0; i < length; i++) bytes[i] = 2 + ((i * 7 + seed * 31 + (i >> 8)) % 250);
	return bytes;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
	return true;
}
