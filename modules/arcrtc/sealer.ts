import {
	CONTEXT_BYTES,
	FIRST_SEQUENCE_LIMIT,
	PACKETS_PER_KEY,
	PRIORITY_DELTA,
	PRIORITY_KEY,
	REDUCED_HEADER,
	RTP_HEADER,
	SEND_TIME_BYTES,
	WORD_BYTES,
	WORD_CONTEXT,
	WORD_KEY_PHASE,
	WORD_MARK,
	WORD_PRIORITY_SHIFT,
	WORD_QUALITY_SHIFT,
	WORD_REQUEST,
	WORD_REQUESTED_SHIFT,
	WORD_SEND_TIME,
	WORD_UPTIME,
} from "arcrtc/constants";
import { contextWord } from "arcrtc/header";
import { NONCE_BYTES } from "arcrtc/packet_cipher";
import type { SendContext } from "arcrtc/send_contexts";
import { SendContexts } from "arcrtc/send_contexts";
import type { SendStreamOptions } from "arcrtc/send_stream";
import { SEND_TIME_ALL, SEND_TIME_OFF, SEND_TIME_USUAL, SendStream } from "arcrtc/send_stream";
import { ntpFraction, ntpSeconds, uptimeSeconds } from "arcrtc/send_time";
import type { UsedSources } from "arcrtc/used_sources";
import { random } from "crypto/crypto";
import type { Arena } from "storage/arena";

/** Bits of the first word of a full header, of a reduced header, and of a binding. */
const MARKER = 0x800000;
const EXTENSION = 0x10000000;
const ONE_CSRC = 0x1000000;
const REDUCED_MARKER = 0x4000000;
const QUALITY = 23;
const PRIORITY = 25;
/** Packets of audio between those that carry their send time. */
const TIMED_AUDIO = 7;
/** A request for another quality is on so many full packets. */
const REQUESTS = 3;
/** A timestamp that moved by more than `LEAP` units and is off the clock by more than `STRAY`: the receiver would not find it. */
const LEAP = 64;
const STRAY = 128;
/** Scratch for a random sequence number. */
const RANDOM_BYTES = 8;

/** Bytes of the arena that a sealer of so many streams needs. */
export function sealerBytes(streams: number): number {
	return streams * NONCE_BYTES + RANDOM_BYTES;
}

export interface SealerOptions {
	readonly arena: Arena;
	/** Start of its region, {@link sealerBytes} long. */
	readonly offset: number;
	/** Streams at most, 1 to 4. */
	readonly streams: number;
	/** SSRCs of the session, shared with the opener. */
	readonly sources: UsedSources;
}

/**
 * Makes protected packets around payloads that lie in the arena (sections 2.2 to 2.5): chooses the form, counts, encrypts in place.
 * No nonce is made twice: only here is a sequence number taken, each is used once whatever becomes of the packet, a stream stops for
 * good at 2^31 packets under one key, and no SSRC of the session is taken twice. A packet that is to be sent again is sent as it is.
 */
export class Sealer {
	readonly #view: DataView;
	/** Where the last packet begins. */
	start = 0;
	/** Packets refused: no keys, or 2^31 under the key. */
	refused = 0;
	readonly #contexts = new SendContexts();
	readonly #streams: SendStream[] = [];
	readonly #sources: UsedSources;
	readonly #arena: Arena;
	readonly #scratch: number;

	constructor(options: SealerOptions) {
		const { arena, offset, streams } = options;
		for (let i = 0; i < streams; i++) this.#streams.push(new SendStream(i, offset + i * NONCE_BYTES));
		this.#view = arena.view;
		this.#arena = arena;
		this.#scratch = offset + streams * NONCE_BYTES;
		this.#sources = options.sources;
	}

	/** @returns a new stream; undefined when its SSRC was used in this session before, or all streams are in use. @throws RangeError for a payload type that cannot be. */
	add(options: SendStreamOptions): SendStream | undefined {
		const stream = this.free();
		if (stream === undefined) return undefined;
		const { keys, ssrc, tsu } = options;
		if (tsu < 0 || tsu > 0xffff) throw new RangeError("sealer: TSU " + tsu);
		const reducible = tsu > 0 && options.csrc === undefined;
		stream.tsu = reducible ? tsu : 0;
		stream.payloadType = options.payloadType;
		if (!this.#sources.claim(ssrc)) return undefined;
		stream.keys = keys;
		stream.cipher = keys.cipher;
		stream.epoch = -2;
		stream.packets = options.packets ?? 0;
		stream.next = options.sequence ?? this.firstSequence();
		stream.roc = options.roc ?? 0;
		stream.first = stream.extendedSequence + 1;
		stream.timestamp = stream.units = stream.requests = stream.octets = 0;
		stream.quality = options.quality ?? 0;
		stream.word = ssrc | 0;
		stream.sendTime = options.sendTime ?? SEND_TIME_USUAL;
		stream.csrc = options.csrc ?? -1;
		stream.video = options.video;
		stream.clock = options.clock;
		stream.keyContext = reducible ? this.#contexts.take() : undefined;
		stream.deltaContext = reducible && options.video ? this.#contexts.take() : undefined;
		stream.begun = false;
		stream.live = true;
		return stream;
	}

	/** Ends a stream; its SSRC stays used. */
	remove(stream: SendStream): void {
		if (!stream.live) return;
		stream.live = false;
		stream.epoch = -2;
		this.#contexts.release(stream.keyContext);
		this.#contexts.release(stream.deltaContext);
		stream.keyContext = stream.deltaContext = undefined;
	}

	/**
	 * Makes a packet of the `length` bytes at `offset`, encrypted where they lie, with HEADROOM bytes before and TAILROOM behind them.
	 * `now` is ms of a monotonic clock, `wall` ms since 1970, negative when that is not known.
	 * @returns bytes of the packet, which begins at `start`; -1: refused.
	 */
	seal(
		stream: SendStream,
		offset: number,
		length: number,
		timestamp: number,
		marker: boolean,
		priority: number,
		now: number,
		wall: number,
	): number {
		const cipher = stream.cipher;
		if (cipher.epoch !== stream.epoch && !this.turn(stream)) return this.refuse();
		const packets = stream.packets;
		if (packets >= PACKETS_PER_KEY) return this.refuse();
		stream.packets = packets + 1;
		let sequence = stream.next;
		if (sequence > 0xffff) sequence = this.rollOver(stream);
		stream.next = sequence + 1;
		const view = this.#view;
		const nonce = stream.nonce;
		view.setUint16(nonce + 10, sequence ^ cipher.saltTail);
		const moved = (timestamp - stream.timestamp) | 0;
		const tsu = stream.tsu;
		if (moved !== 0) {
			stream.timestamp = timestamp;
			if (tsu !== 0) {
				const units = moved % tsu === 0 ? moved / tsu : LEAP + 1;
				if (units > LEAP || units < -LEAP) this.leap(stream, moved, now);
				else stream.units = (stream.units + units) & 0x1ff;
			}
		}
		stream.sentAt = now;
		stream.octets += length;
		const context = priority === PRIORITY_DELTA ? stream.deltaContext : priority <= PRIORITY_KEY ? stream.keyContext : undefined;
		const binding = stream.base | (stream.quality << QUALITY) | (priority << PRIORITY);
		if (context !== undefined && context.reducible === binding && stream.requests === 0) {
			const left = context.left - 1;
			if (left >= 0 && now < context.refreshAt && (priority !== PRIORITY_KEY || moved === 0)) {
				context.left = left;
				const start = offset - REDUCED_HEADER;
				let head = stream.head | sequence;
				let word = context.head | stream.phase | (stream.units << 16) | sequence;
				if (marker) {
					head |= MARKER;
					word |= REDUCED_MARKER;
				}
				view.setInt32(start, word);
				view.setInt32(start - 12, head);
				view.setUint32(start - 8, timestamp);
				view.setInt32(start - 4, stream.word);
				this.start = start;
				const sealed = cipher.seal(nonce, start - RTP_HEADER, offset, length, stream.roc);
				return sealed < 0 ? -1 : sealed + REDUCED_HEADER;
			}
		}
		if (context !== undefined && context.binding !== binding) this.#contexts.bind(context, binding, now);
		const bytes = this.writeFull(stream, context, offset, sequence, marker, priority, moved !== 0 || !stream.begun, now, wall);
		const start = offset - bytes;
		this.start = start;
		stream.begun = true;
		if (context !== undefined) context.carried(stream.roc * 0x10000 + sequence, now);
		const sealed = cipher.seal(nonce, start, offset, length, stream.roc);
		return sealed < 0 ? -1 : sealed + bytes;
	}

	/** The next packet of each context is a refresh: the path changed. */
	forceRefresh(): void {
		this.#contexts.refresh();
	}

	/** CTX_ACK came with this bitmap. */
	confirmed(bitmap: number): void {
		this.#contexts.answered(bitmap, true);
	}

	/** CTX_NACK came: three packets of each of these contexts carry C. */
	refusedContexts(bitmap: number): void {
		this.#contexts.answered(bitmap, false);
	}

	/** An RR names the highest extended sequence number (32 bits) that came of a stream. */
	reported(stream: SendStream, extendedSequence: number): void {
		stream.keyContext?.reported(extendedSequence);
		stream.deltaContext?.reported(extendedSequence);
	}

	/** Asks the other side for level `level` of its stream, on the next three packets; -1: not any more. */
	requestQuality(stream: SendStream, level: number): void {
		stream.requested = level & 3;
		stream.requests = level < 0 ? 0 : REQUESTS;
	}

	/** Most packets that a stream under `keys` sent in their epoch: new keys are due at 2^31 - 2^20. */
	mostPackets(keys: object): number {
		const streams = this.#streams;
		let most = 0;
		for (let i = 0; i < streams.length; i++) {
			const stream = streams[i];
			if (stream.live && stream.keys === keys && stream.packets > most) most = stream.packets;
		}
		return most;
	}

	/** Writes a full header that ends at `offset`. @returns its bytes. */
	private writeFull(
		stream: SendStream,
		context: SendContext | undefined,
		offset: number,
		sequence: number,
		marker: boolean,
		priority: number,
		first: boolean,
		now: number,
		wall: number,
	): number {
		const view = this.#view;
		let head = stream.head | EXTENSION | sequence;
		if (marker) head |= MARKER;
		let word = WORD_MARK | (stream.quality << WORD_QUALITY_SHIFT) | (priority << WORD_PRIORITY_SHIFT);
		if (stream.phase !== 0) word |= WORD_KEY_PHASE;
		let at = offset;
		if (context !== undefined) {
			word |= WORD_CONTEXT;
			at -= CONTEXT_BYTES;
			view.setInt32(at, contextWord(context.cid, stream.roc, stream.units, stream.tsu));
		}
		const { sendTime } = stream;
		if (
			sendTime === SEND_TIME_ALL ||
			(sendTime !== SEND_TIME_OFF &&
				(stream.tsu !== 0 ? context !== undefined : stream.video ? first : ((stream.packets - 1) & TIMED_AUDIO) === 0))
		) {
			word |= wall < 0 ? WORD_SEND_TIME | WORD_UPTIME : WORD_SEND_TIME;
			at -= SEND_TIME_BYTES;
			view.setUint32(at, wall < 0 ? uptimeSeconds(now) : ntpSeconds(wall));
			view.setUint32(at + 4, ntpFraction(wall < 0 ? now : wall));
		}
		if (stream.requests > 0) {
			stream.requests--;
			word |= WORD_REQUEST | (stream.requested << WORD_REQUESTED_SHIFT);
		}
		const words = (offset - at) >>> 2;
		at -= WORD_BYTES;
		view.setInt32(at, (word << 16) | words);
		if (stream.csrc >= 0) {
			at -= 4;
			view.setUint32(at, stream.csrc);
			head |= ONE_CSRC;
		}
		at -= RTP_HEADER;
		view.setInt32(at, head);
		view.setUint32(at + 4, stream.timestamp);
		view.setInt32(at + 8, stream.word);
		return offset - at;
	}

	private refuse(): number {
		this.refused++;
		return -1;
	}

	/** New keys: K flips, the count begins anew, contexts are refreshed. @returns false when there are none. */
	private turn(stream: SendStream): boolean {
		const { cipher } = stream;
		if (!stream.live || cipher.epoch < 0) return false;
		// Packets before the first keys: what the options said.
		if (stream.epoch >= 0) stream.packets = 0;
		stream.epoch = cipher.epoch;
		stream.phase = (cipher.epoch & 1) << 25;
		this.renew(stream);
		return true;
	}

	/** SEQ begins again at 0. */
	private rollOver(stream: SendStream): number {
		stream.roc++;
		this.renew(stream);
		return 0;
	}

	/** The nonce and the contexts for another rollover counter or key. */
	private renew(stream: SendStream): void {
		stream.cipher.prepareNonce(stream.nonce, stream.word, stream.roc);
		stream.keyContext?.refresh();
		stream.deltaContext?.refresh();
	}

	/** The timestamp moved far, or by part of a unit. When the receiver could not follow, both contexts start again. */
	private leap(stream: SendStream, moved: number, now: number): void {
		if (!stream.begun) return;
		const { tsu } = stream;
		const units = Math.round(moved / tsu);
		stream.units = (stream.units + units) & 0x1ff;
		const expected = ((now - stream.sentAt) * stream.clock) / 1000 / tsu;
		if (moved % tsu === 0 && Math.abs(expected - units) < STRAY) return;
		stream.keyContext?.doubt();
		stream.deltaContext?.doubt();
	}

	private free(): SendStream | undefined {
		const streams = this.#streams;
		for (let i = 0; i < streams.length; i++) if (!streams[i].live) return streams[i];
		return undefined;
	}

	private firstSequence(): number {
		random(this.#arena.buffer, this.#scratch, 2);
		return this.#view.getUint16(this.#scratch) & (FIRST_SEQUENCE_LIMIT - 1);
	}
}
