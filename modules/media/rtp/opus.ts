import { opusFrames } from "media/audio/opus_packet";
import {
	type Depacketizer,
	FormatCounters,
	FRAME,
	NOTHING,
	type Packetizer,
	REFUSED_DAMAGED,
	REFUSED_NOT,
	REFUSED_PACKET,
} from "media/rtp/format";
import type { Arena } from "storage/arena";

/* Opus in RTP, RFC 7587: a payload is a packet of the codec, the clock is 48 kHz whatever the sample rate. */

export class OpusPacketizer implements Packetizer {
	last = false;
	marker = false;
	refusal = REFUSED_NOT;
	readonly ticks = 0;
	readonly key = false;
	readonly droppable = false;
	/** Set it when nothing was sent for a while (DTX): the next payload begins a spurt of talk, and has the marker (RFC 7587 4.1). */
	silent = true;
	readonly #arena: Arena;
	#offset = 0;
	#length = 0;

	constructor(arena: Arena) {
		this.#arena = arena;
	}

	begin(offset: number, length: number): boolean {
		const good = opusFrames(this.#arena.bytes, offset, length) > 0;
		this.last = false;
		this.refusal = good ? REFUSED_NOT : REFUSED_DAMAGED;
		this.#offset = offset;
		this.#length = good ? length : 0;
		return good;
	}

	/** A packet is not cut: one larger than `limit` is refused. */
	next(to: number, limit: number): number {
		const length = this.#length;
		if (length === 0) return 0;
		this.#length = 0;
		if (length > limit) {
			this.refusal = REFUSED_PACKET;
			return 0;
		}
		this.#arena.bytes.copyWithin(to, this.#offset, this.#offset + length);
		this.last = true;
		this.marker = this.silent;
		this.silent = false;
		return length;
	}
}

/** Gives each well-formed packet where it lies. */
export class OpusDepacketizer implements Depacketizer {
	frameOffset = 0;
	frameLength = 0;
	timestamp = 0;
	readonly key = false;
	readonly droppable = false;
	readonly counters = new FormatCounters();
	readonly #bytes: Uint8Array;

	constructor(arena: Arena) {
		this.#bytes = arena.bytes;
	}

	push(offset: number, length: number, timestamp: number): number {
		if (opusFrames(this.#bytes, offset, length) < 1) {
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
