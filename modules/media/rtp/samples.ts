import {
	type Depacketizer,
	FormatCounters,
	FRAME,
	NOTHING,
	type Packetizer,
	REFUSED_DAMAGED,
	REFUSED_NOT,
} from "media/rtp/format";
import type { Arena } from "storage/arena";

/*
 * Formats without structure, RFC 3551 4.5: bytes that follow each other, each tick of the clock as many as another.
 *
 * PCMU, PCMA   1 byte  a tick (8 kHz)
 * G722         1 byte  a tick: 16,000 samples a second in 4 bits each, but the clock is 8 kHz (RFC 3551 4.5.2)
 * L16          2 bytes a tick and channel, big-endian, channels in turn
 */

/** Bytes of a tick. */
export const G711_TICK = 1;
export const G722_TICK = 1;
export const L16_TICK = 2;

/** Cuts sound at whole ticks. */
export class SamplePacketizer implements Packetizer {
	last = false;
	marker = false;
	ticks = 0;
	refusal = REFUSED_NOT;
	readonly key = false;
	readonly droppable = false;
	/** Set it when nothing was sent for a while: the next payload has the marker (RFC 3551 4.1). */
	silent = true;
	readonly #bytes: Uint8Array;
	readonly #tick: number;
	#start = 0;
	#at = 0;
	#end = 0;

	/** @param tick bytes of a tick of the clock, of all channels. */
	constructor(arena: Arena, tick: number) {
		this.#bytes = arena.bytes;
		this.#tick = tick;
	}

	begin(offset: number, length: number): boolean {
		const good = length > 0 && length % this.#tick === 0;
		this.last = false;
		this.refusal = good ? REFUSED_NOT : REFUSED_DAMAGED;
		this.#start = this.#at = offset;
		this.#end = good ? offset + length : offset;
		return good;
	}

	next(to: number, limit: number): number {
		const at = this.#at;
		const rest = this.#end - at;
		const size = rest <= limit ? rest : limit - (limit % this.#tick);
		if (size <= 0) return 0;
		this.#bytes.copyWithin(to, at, at + size);
		this.ticks = (at - this.#start) / this.#tick;
		this.#at = at + size;
		this.last = size === rest;
		this.marker = this.silent;
		this.silent = false;
		return size;
	}
}

/** Gives each payload of whole ticks where it lies. */
export class SampleDepacketizer implements Depacketizer {
	frameOffset = 0;
	frameLength = 0;
	timestamp = 0;
	readonly key = false;
	readonly droppable = false;
	readonly counters = new FormatCounters();
	readonly #tick: number;

	/** @param tick bytes of a tick of the clock, of all channels. */
	constructor(tick: number) {
		this.#tick = tick;
	}

	push(offset: number, length: number, timestamp: number): number {
		if (length < 1 || length % this.#tick !== 0) {
			this.counters.format++;
			return NOTHING;
		}
		this.frameOffset = offset;
		this.frameLength = length;
		this.timestamp = timestamp;
		this.counters.frames++;
		return FRAME;
	}

	more(): number {
		return NOTHING;
	}

	reset(): void {}
}
