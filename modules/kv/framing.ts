import { PAYLOAD_SIZE } from "kv/constants";
import type { KVSwitches } from "kv/switches";
import { padTo, paddingLength } from "media/audio/opus_packet";
import type { Arena } from "storage/arena";

/**
 * The extension `padding: "sequence"` (section 2.5): the last bytes of the padding hold a mark, the packet's number and its media time.
 * Any Opus decoder passes over them.
 */
const MARK = 0x464b5651;
const MARK_SIZE = 10;
const AT_SEQUENCE = 4;
const AT_TIMESTAMP = 6;

/** Packets of the codec in the 504 bytes of a datagram, and back (section 2.4). */
export class Framing {
	/** What `read` has found: number of the packet (16 bits) and media time (32 bits); -1: the sender does not tell. */
	sequence = -1;
	timestamp = -1;
	readonly #arena: Arena;
	readonly #opus: boolean;
	readonly #mark: boolean;

	constructor(arena: Arena, switches: KVSwitches) {
		this.#arena = arena;
		this.#opus = switches.payload === "opusPad";
		this.#mark = this.#opus && switches.padding === "sequence";
	}

	/**
	 * Makes 504 bytes of a packet of `length` bytes at `at`, where it lies: all up to 504 behind its start is free.
	 * @returns false when no datagram holds it, or it is no packet of Opus.
	 */
	frame(at: number, length: number, sequence: number, timestamp: number): boolean {
		const { bytes, view } = this.#arena;
		if (length > PAYLOAD_SIZE || length < 1) return false;
		if (!this.#opus) {
			bytes.fill(0, at + length, at + PAYLOAD_SIZE);
			return true;
		}
		if (length === PAYLOAD_SIZE) return true;
		if (padTo(bytes, at, length, PAYLOAD_SIZE, PAYLOAD_SIZE) < 0) return false;
		if (!this.#mark || paddingLength(bytes, at, PAYLOAD_SIZE) < MARK_SIZE) return true;
		const mark = at + PAYLOAD_SIZE - MARK_SIZE;
		view.setUint32(mark, MARK);
		view.setUint16(mark + AT_SEQUENCE, sequence);
		view.setUint32(mark + AT_TIMESTAMP, timestamp);
		return true;
	}

	/** Looks for number and time in a payload. */
	read(at: number): void {
		const { bytes, view } = this.#arena;
		const mark = at + PAYLOAD_SIZE - MARK_SIZE;
		this.sequence = -1;
		this.timestamp = -1;
		if (!this.#opus || view.getUint32(mark) !== MARK || paddingLength(bytes, at, PAYLOAD_SIZE) < MARK_SIZE) return;
		this.sequence = view.getUint16(mark + AT_SEQUENCE);
		this.timestamp = view.getUint32(mark + AT_TIMESTAMP);
	}
}
