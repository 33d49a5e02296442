import { DATAGRAM_LIMIT, REDUCED_HEADER, REPLAY_WINDOW } from "arcrtc/constants";
import type { DropCounters } from "arcrtc/counters";
import { FailureRate } from "arcrtc/failure_rate";
import { Header, paddingOf } from "arcrtc/header";
import type { HeldPackets } from "arcrtc/held_packets";
import { NONCE_BYTES } from "arcrtc/packet_cipher";
import { ReceiveContexts } from "arcrtc/receive_contexts";
import type { ReceiveKeys } from "arcrtc/receive_keys";
import type { ReceiveStreamOptions } from "arcrtc/receive_stream";
import { PAYLOAD_TYPES, ReceiveStream } from "arcrtc/receive_stream";
import { Units } from "arcrtc/reduced";
import { FRESH, OLD, ReplayWindow } from "arcrtc/replay_window";
import { estimateRoc, nearestRoc } from "arcrtc/roc";
import type { UsedSources } from "arcrtc/used_sources";
import type { Arena } from "storage/arena";

/** Outcomes of {@link Opener.open} besides the place of a stream. Each has its counter. */
export const OPEN_FORMAT = -1;
export const OPEN_UNKNOWN = -2;
export const OPEN_OLD = -3;
export const OPEN_REPLAY = -4;
export const OPEN_AUTH = -5;
/** The packet is of a key that is not there yet; a copy waits, if there is room. */
export const OPEN_HELD = -6;
/** Of {@link Opener.openHeld}: no more. */
export const OPEN_NOTHING = -7;

/** Bits of the first words of headers. */
const VERSION = 0x80000000 | 0;
const REDUCED = 0x40000000;
const REDUCED_MARKER = 0x4000000;
const TYPES = 0x7f0000;
/** Fields of a binding. */
const QUALITY = 23;
const PRIORITY = 25;
const STREAM = 27;
/** Units between what the clock expects and TSL within which there is one candidate only. */
const SURE = 255;

export interface OpenerOptions {
	readonly arena: Arena;
	/** Start of its region, {@link openerBytes} long. */
	readonly offset: number;
	/** Streams at most, 1 to 4. */
	readonly streams: number;
	/** SSRCs of the session, shared with the sealer. */
	readonly sources: UsedSources;
	readonly counters: DropCounters;
	/** Packets that replay windows reach back at first (default 64), and that they have room for: a power of two (default the same). */
	readonly replayWindow?: number;
	readonly replayCapacity?: number;
	/** Place for packets of keys that are not there yet; default none: they are dropped. */
	readonly held?: HeldPackets;
}

/** Bytes of the arena that an opener of so many streams needs. */
export function openerBytes(streams: number): number {
	return streams * NONCE_BYTES + DATAGRAM_LIMIT;
}

/**
 * Opens protected packets in place (sections 2.2 to 2.6): length, first byte, SSRC or context, rollover counter, replay, tag, in this
 * order, at most two tries a packet. What does not open changes nothing but counters.
 */
export class Opener {
	readonly #view: DataView;
	readonly #contexts = new ReceiveContexts();
	readonly #table: Int32Array;
	/** Fields of the packet that was opened last. */
	readonly header = new Header();
	/** Its payload, padding left out, and its extended sequence number: ROC * 65536 + SEQ. */
	payload = 0;
	payloadLength = 0;
	extendedSequence = 0;
	/** All places for streams, used or not: what `open` gives is an index of it. */
	readonly streams: readonly ReceiveStream[];
	readonly failures = new FailureRate();
	/** A packet was opened, ever. */
	succeeded = false;
	/** Fields that a reduced header has not are as they should be. */
	#cleared = false;
	readonly #counters: DropCounters;
	readonly #bytes: Uint8Array;
	readonly #units = new Units();
	readonly #held: HeldPackets | undefined;
	readonly #sources: UsedSources;
	/** Where the ciphertext of a packet is kept while the first candidate is tried. */
	readonly #copy: number;
	readonly #replayWindow: number;

	constructor(options: OpenerOptions) {
		const { arena, offset } = options;
		const count = options.streams;
		const size = options.replayWindow ?? REPLAY_WINDOW;
		let capacity = 64;
		while (capacity < size || capacity < (options.replayCapacity ?? 0)) capacity *= 2;
		const words = new Int32Array((count * 2 * capacity) / 32);
		const streams: ReceiveStream[] = [];
		for (let i = 0; i < count; i++) {
			const at = (i * 2 * capacity) / 32;
			const even = new ReplayWindow(words, at, capacity, size);
			const odd = new ReplayWindow(words, at + capacity / 32, capacity, size);
			streams.push(new ReceiveStream(i, offset + i * NONCE_BYTES, even, odd));
		}
		this.#view = arena.view;
		this.#bytes = arena.bytes;
		this.#table = this.#contexts.table;
		this.streams = streams;
		this.#counters = options.counters;
		this.#held = options.held;
		this.#sources = options.sources;
		this.#copy = offset + count * NONCE_BYTES;
		this.#replayWindow = size;
	}

	/** @returns a new stream; undefined when its SSRC was used in this session before, or all places are taken. */
	add(options: ReceiveStreamOptions): ReceiveStream | undefined {
		const { streams } = this;
		const types = options.payloadTypes;
		let place = 0;
		while (place < streams.length && streams[place].live) place++;
		if (place === streams.length || types.length < 1 || types.length > PAYLOAD_TYPES) return undefined;
		if (!this.#sources.claim(options.ssrc)) return undefined;
		const stream = streams[place];
		stream.sequence = 0;
		stream.roc = options.roc ?? 0;
		stream.newest = stream.reference = stream.nonceFor = -1;
		stream.keys = options.keys;
		stream.timestamp = stream.tsl = stream.arrival = 0;
		stream.ticksPerMs = options.clock / 1000;
		stream.word = options.ssrc | 0;
		stream.even.reset();
		stream.odd.reset();
		stream.replayWindow = options.replayWindow ?? this.#replayWindow;
		stream.begun = false;
		stream.payloadType = types[0];
		stream.payloadTypes = types;
		stream.video = options.video;
		stream.live = true;
		return stream;
	}

	/** Ends a stream: its packets are unknown from now on. */
	remove(stream: ReceiveStream): void {
		if (!stream.live) return;
		stream.live = false;
		this.#contexts.forget(stream.index);
	}

	/** Keys of the next epoch for all streams under `keys`; packets that waited for them may be opened by `openHeld`. @returns as {@link ReceiveKeys.install}. */
	install(keys: ReceiveKeys, material: ArrayBuffer, epoch: number): boolean {
		if (!keys.install(material, epoch)) return false;
		const { streams } = this;
		for (let i = 0; i < streams.length; i++) {
			const stream = streams[i];
			if (!stream.live || stream.keys !== keys) continue;
			stream.nonceFor = -1;
			((epoch & 1) === 0 ? stream.even : stream.odd).reset();
		}
		const held = this.#held;
		if (held !== undefined) held.ready = held.count;
		return true;
	}

	/**
	 * Opens in place the packet of `length` bytes at `offset`; {@link OPEN_HEADROOM} bytes before it are used. `now`: when it came, ms.
	 * @returns the place of its stream, 0 or more, or one of the OPEN_ reasons; its bytes are lost when it did not authenticate.
	 */
	open(offset: number, length: number, now: number): number {
		if (length < REDUCED_HEADER) return this.malformed();
		const view = this.#view;
		const word = view.getInt32(offset);
		if (word >= 0) return this.malformed();
		if ((word & REDUCED) === 0) return this.openFull(offset, length, now);
		const cid = (word >>> 27) & 7;
		let binding = this.#table[cid];
		if (binding === 0) {
			this.#contexts.unknown(cid);
			this.#counters.unknown++;
			return OPEN_UNKNOWN;
		}
		const stream = this.streams[(binding >>> STREAM) - 1];
		const sequence = word & 0xffff;
		const last = stream.sequence;
		let roc = stream.roc;
		if (sequence <= last || sequence - last >= 0x8000) {
			roc = estimateRoc(roc, last, sequence);
			if (roc < 0) return this.old();
		}
		const index = roc * 0x10000 + sequence;
		const newer = index > stream.reference;
		if (!newer) {
			binding = this.#contexts.late(cid, index);
			if (binding === 0) {
				this.#counters.unknown++;
				return OPEN_UNKNOWN;
			}
		}
		const keys = stream.keys;
		const phase = (word >>> 25) & 1;
		if (phase !== keys.phase) keys.tick(now);
		const cipher = phase === 0 ? keys.even : keys.odd;
		if (cipher.epoch < 0) return this.hold(offset, length, now);
		const sealed = length - REDUCED_HEADER;
		if (sealed < cipher.overhead) return this.malformed();
		const window = phase === 0 ? stream.even : stream.odd;
		if (index <= window.top) {
			const verdict = window.check(index);
			if (verdict !== FRESH) return this.seen(verdict);
		}
		const tsu = binding & 0xffff;
		const tsl = (word >>> 16) & 0x1ff;
		let units = (tsl - stream.tsl) & 0x1ff;
		let other = units;
		if (newer) {
			const expected = ((now - stream.arrival) * stream.ticksPerMs) / tsu;
			const gap = expected - units;
			if (gap > SURE || gap < -SURE) {
				const candidates = this.#units;
				candidates.newer(units, expected);
				units = candidates.first;
				other = candidates.second;
			}
		} else {
			const candidates = this.#units;
			candidates.older(units);
			units = candidates.first;
			other = candidates.second;
		}
		const nonceFor = roc * 2 + phase;
		const nonce = stream.nonce;
		if (stream.nonceFor !== nonceFor) {
			cipher.prepareNonce(nonce, stream.word, roc);
			stream.nonceFor = nonceFor;
		}
		view.setUint16(nonce + 10, sequence ^ cipher.saltTail);
		const aad = offset + REDUCED_HEADER - 16;
		const payload = offset + REDUCED_HEADER;
		let timestamp = (stream.timestamp + units * tsu) >>> 0;
		view.setInt32(aad, VERSION | ((word >>> 3) & 0x800000) | (binding & TYPES) | sequence);
		view.setUint32(aad + 4, timestamp);
		view.setInt32(aad + 8, stream.word);
		const two = other !== units && sealed <= DATAGRAM_LIMIT;
		const bytes = this.#bytes;
		if (two) bytes.copyWithin(this.#copy, payload, payload + sealed);
		let plain = cipher.open(nonce, aad, payload, sealed, roc);
		if (plain < 0) {
			if (two) {
				bytes.copyWithin(payload, this.#copy, this.#copy + sealed);
				units = other;
				timestamp = (stream.timestamp + units * tsu) >>> 0;
				view.setUint32(aad + 4, timestamp);
				plain = cipher.open(nonce, aad, payload, sealed, roc);
			}
			if (plain < 0) {
				this.#contexts.failed(cid, now);
				return this.failed(now);
			}
		}
		window.accept(index);
		if (phase !== keys.phase) keys.turn(phase, now);
		if (newer) {
			stream.timestamp = timestamp;
			stream.tsl = tsl;
			stream.reference = index;
			stream.arrival = now;
		}
		if (index > stream.newest) {
			stream.newest = index;
			stream.sequence = sequence;
			stream.roc = roc;
		}
		if (this.#contexts.failing !== 0) this.#contexts.opened(cid);
		const header = this.header;
		header.marker = (word & REDUCED_MARKER) !== 0;
		header.payloadType = (binding >>> 16) & 0x7f;
		header.sequence = sequence;
		header.timestamp = timestamp;
		header.ssrc = stream.word >>> 0;
		header.quality = (binding >>> QUALITY) & 3;
		header.priority = (binding >>> PRIORITY) & 3;
		header.phase = phase;
		if (!this.#cleared) this.clear();
		this.payload = payload;
		this.payloadLength = plain;
		this.extendedSequence = index;
		return stream.index;
	}

	/** Opens the next of the packets that waited for keys, if they are there now. @returns as `open`, or OPEN_NOTHING. */
	openHeld(now: number): number {
		const held = this.#held;
		if (held === undefined || !held.next(now)) return OPEN_NOTHING;
		return this.open(held.offset, held.length, held.arrival);
	}

	/** Overwrites old keys and drops held packets whose time is over. */
	tick(now: number): void {
		const { streams } = this;
		for (let i = 0; i < streams.length; i++) if (streams[i].live) streams[i].keys.tick(now);
		const held = this.#held;
		if (held !== undefined && held.count > 0) this.#counters.heldDropped += held.expire(now);
	}

	/** When `tick` has something to do; Infinity: never. */
	deadline(now: number): number {
		const { streams } = this;
		let deadline = Infinity;
		for (let i = 0; i < streams.length; i++) {
			const stream = streams[i];
			if (stream.live && stream.keys.deadline < deadline) deadline = stream.keys.deadline;
		}
		const held = this.#held;
		if (held === undefined || held.count === 0) return deadline;
		const left = now + held.left(now);
		return left < deadline ? left : deadline;
	}

	/** Takes the bitmap of the CTX_ACK, of the CTX_NACK that may be sent now, at most one of each in 50 ms; 0: none. */
	takeAcks(now: number): number {
		return this.#contexts.takeAcks(now);
	}

	takeNacks(now: number): number {
		return this.#contexts.takeNacks(now);
	}

	/** When one of them may be sent: -Infinity: at once, Infinity: none is due. */
	get feedbackDeadline(): number {
		return this.#contexts.deadline;
	}

	/** So many packets failed in the last second that new keys are due (section 2.6). */
	attacked(now: number): boolean {
		return this.succeeded && this.failures.attacked(now);
	}

	private openFull(offset: number, length: number, now: number): number {
		const header = this.header;
		const view = this.#view;
		this.#cleared = false;
		const bytes = header.read(view, offset, length, false);
		if (bytes === 0) return this.malformed();
		const { streams } = this;
		const { ssrc, payloadType, sequence, phase, cid } = header;
		const word = ssrc | 0;
		let place = 0;
		while (place < streams.length && !(streams[place].word === word && streams[place].live)) place++;
		if (place === streams.length) return this.unknown();
		const stream = streams[place];
		if (payloadType !== stream.payloadType && !stream.allows(payloadType)) return this.unknown();
		const keys = stream.keys;
		if (phase !== keys.phase) keys.tick(now);
		const cipher = phase === 0 ? keys.even : keys.odd;
		if (cipher.epoch < 0) return this.hold(offset, length, now);
		const sealed = length - bytes;
		if (sealed < cipher.overhead) return this.malformed();
		let roc = stream.roc;
		if (stream.begun) roc = estimateRoc(roc, stream.sequence, sequence);
		if (cid >= 0) roc = nearestRoc(roc, header.roc);
		if (roc < 0) return this.old();
		const index = roc * 0x10000 + sequence;
		const window = phase === 0 ? stream.even : stream.odd;
		const verdict = window.check(index);
		if (verdict !== FRESH) return this.seen(verdict);
		const nonceFor = roc * 2 + phase;
		const nonce = stream.nonce;
		if (stream.nonceFor !== nonceFor) {
			cipher.prepareNonce(nonce, word, roc);
			stream.nonceFor = nonceFor;
		}
		view.setUint16(nonce + 10, sequence ^ cipher.saltTail);
		const payload = offset + bytes;
		let plain = cipher.open(nonce, offset, payload, sealed, roc);
		if (plain < 0) return this.failed(now);
		window.accept(index);
		if (phase !== keys.phase) keys.turn(phase, now);
		if (index > stream.newest) {
			stream.newest = index;
			stream.sequence = sequence;
			stream.roc = roc;
			stream.begun = this.succeeded = true;
		}
		stream.payloadType = payloadType;
		if (cid >= 0) {
			const binding =
				header.tsu | (payloadType << 16) | (header.quality << QUALITY) | (header.priority << PRIORITY) | ((place + 1) << STREAM);
			this.#contexts.bind(cid, binding, index);
			if (index > stream.reference) {
				stream.timestamp = header.timestamp;
				stream.tsl = header.tsl;
				stream.reference = index;
				stream.arrival = now;
			}
		}
		if (header.padded) {
			const padding = paddingOf(this.#bytes, payload, plain);
			if (padding < 0) return this.malformed();
			plain -= padding;
		}
		this.payload = payload;
		this.payloadLength = plain;
		this.extendedSequence = index;
		return place;
	}

	/** Fields of the header that a reduced one has not. */
	private clear(): void {
		const { header } = this;
		header.requested = header.sendSeconds = header.cid = header.csrc = -1;
		header.csrcs = 0;
		header.padded = header.uptime = false;
		header.extended = true;
		this.#cleared = true;
	}

	private hold(offset: number, length: number, now: number): number {
		const held = this.#held;
		if (held?.hold(offset, length, now)) this.#counters.held++;
		else this.#counters.heldDropped++;
		return OPEN_HELD;
	}

	private failed(now: number): number {
		this.#counters.auth++;
		this.failures.add(now);
		return OPEN_AUTH;
	}

	private malformed(): number {
		this.#counters.format++;
		return OPEN_FORMAT;
	}

	private unknown(): number {
		this.#counters.unknown++;
		return OPEN_UNKNOWN;
	}

	private old(): number {
		this.#counters.old++;
		return OPEN_OLD;
	}

	private seen(verdict: number): number {
		if (verdict === OLD) return this.old();
		this.#counters.replay++;
		return OPEN_REPLAY;
	}
}
