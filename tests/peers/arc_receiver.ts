/** The receiving side of one direction of ArcRTC: contexts, epochs, reconstruction, held packets (reference 2.3, 2.5, 2.6). */
import type { StreamKeys, Suite } from "./arc_keys.ts";
import { estimateRollover, nearestRollover, openPacket, ReplayWindow, trailerBytes } from "./arc_srtp.ts";
import type { Auth } from "./arc_srtp.ts";
import { canonicalHeader, kindOf, readFull, readReduced, REDUCED_BYTES, timestampAt, unitsFrom } from "./arc_wire.ts";
import type { ContextWord, FullHeader, ReducedHeader, Reference } from "./arc_wire.ts";

export const OLD_KEY_MS = 1000;
export const HELD_PACKETS = 16;
export const HELD_MS = 50;
const FAILURES = 6;
const FAILURE_MS = 500;
const FEEDBACK_MS = 50;

export interface IncomingStream {
	readonly ssrc: number;
	readonly payloadTypes: readonly number[];
	readonly clock: number;
	readonly kind: "audio" | "video" | "fec";
	readonly suite: Suite;
	readonly auth: Auth;
	/** Of epoch 0. */
	readonly keys: StreamKeys;
	/** As STREAM_START announces it. Default 0. */
	readonly rollover?: number;
	readonly window?: number;
}

export type Reason = "format" | "unknown" | "old" | "replay" | "auth" | "held";

/** A packet that was genuine. */
export interface Received {
	readonly stream: IncomingStream;
	readonly form: "full" | "reduced";
	readonly epoch: number;
	/** ROC * 65536 + SEQ. */
	readonly index: number;
	readonly payloadType: number;
	readonly marker: boolean;
	readonly timestamp: number;
	readonly quality: number;
	readonly priority: number;
	readonly csrc: readonly number[];
	/** Of a reduced packet, or of the C word. */
	readonly cid?: number;
	readonly tsl?: number;
	readonly context?: ContextWord;
	readonly header?: FullHeader;
	/** Without padding. */
	readonly payload: Buffer;
	/** AEAD calls that it took. */
	readonly tries: number;
	/** As it came. */
	readonly wire: Buffer;
	readonly now: number;
}

interface Epoch {
	readonly number: number;
	readonly keys: StreamKeys;
	readonly window: ReplayWindow;
}

/** One stream as it stands. */
interface Incoming {
	readonly stream: IncomingStream;
	epoch: Epoch;
	/** Keys that are there, and no packet of them yet. */
	next: Epoch | undefined;
	previous: Epoch | undefined;
	previousUntil: number;
	/** Highest index that was genuine; -1: none yet. */
	last: number;
	reference: Reference | undefined;
}

interface Bound {
	readonly stream: Incoming;
	readonly payloadType: number;
	readonly quality: number;
	readonly priority: number;
	readonly tsu: number;
	failures: number;
	firstFailure: number;
}

interface Opened {
	readonly epoch: Epoch;
	readonly index: number;
	readonly payload: Buffer;
}

export class ArcReceiver {
	readonly counters: Record<Reason, number> = { format: 0, unknown: 0, old: 0, replay: 0, auth: 0, held: 0 };
	heldDropped = 0;
	/** Attempts to open, whatever the suite. */
	aeadCalls = 0;
	#streams = new Map<number, Incoming>();
	#contexts: (Bound | undefined)[] = [];
	#held: { readonly packet: Buffer; readonly until: number }[] = [];
	#acks = 0;
	#nacks = 0;
	#lastAck = -Infinity;
	#lastNack = -Infinity;
	#tries = 0;

	add(stream: IncomingStream): void {
		const window = new ReplayWindow(stream.window ?? 128);
		this.#streams.set(stream.ssrc, {
			stream,
			epoch: { number: 0, keys: stream.keys, window },
			next: undefined,
			previous: undefined,
			previousUntil: Infinity,
			last: -1,
			reference: undefined,
		});
	}

	remove(ssrc: number): void {
		this.#streams.delete(ssrc);
		this.#contexts = this.#contexts.map((bound) => (bound?.stream.stream.ssrc === ssrc ? undefined : bound));
	}

	/** Keys of the next epoch. @returns packets that had been held for them */
	rotate(ssrc: number, keys: StreamKeys, now: number): Received[] {
		const incoming = this.#streams.get(ssrc);
		if (incoming === undefined) throw new RangeError(`no stream ${ssrc}`);
		const window = new ReplayWindow(incoming.stream.window ?? 128);
		incoming.next = { number: incoming.epoch.number + 1, keys, window };
		this.tick(now);
		const held = this.#held;
		this.#held = [];
		return held.map(({ packet }) => this.receive(packet, now)).filter((result) => typeof result !== "string");
	}

	/** A binding that a test puts there itself, as if its full packet had come. */
	bound(cid: number): boolean {
		return this.#contexts[cid] !== undefined;
	}

	/** Highest extended index of a stream, ROC * 65536 + SEQ; -1: nothing came. */
	last(ssrc: number): number {
		return this.#streams.get(ssrc)?.last ?? -1;
	}

	tick(now: number): void {
		const held = this.#held.filter(({ until }) => now <= until);
		this.heldDropped += this.#held.length - held.length;
		this.#held = held;
		for (const incoming of this.#streams.values()) {
			if (incoming.previous === undefined || now <= incoming.previousUntil) continue;
			for (const key of Object.values(incoming.previous.keys) as Buffer[]) key.fill(0);
			incoming.previous = undefined;
			incoming.previousUntil = Infinity;
		}
	}

	/** Maps of CIDs that CTX_ACK and CTX_NACK are due for, 0 for none; taken with the call. */
	feedback(now: number): { acks: number; nacks: number } {
		const due = { acks: 0, nacks: 0 };
		if (this.#acks !== 0 && now >= this.#lastAck + FEEDBACK_MS) {
			due.acks = this.#acks;
			this.#acks = 0;
			this.#lastAck = now;
		}
		if (this.#nacks !== 0 && now >= this.#lastNack + FEEDBACK_MS) {
			due.nacks = this.#nacks;
			this.#nacks = 0;
			this.#lastNack = now;
		}
		return due;
	}

	receive(packet: Buffer, now: number): Received | Reason {
		this.tick(now);
		this.#tries = 0;
		const kind = kindOf(packet);
		const result = kind === "full" ? this.#full(packet, now) : kind === "reduced" ? this.#reduced(packet, now) : "format";
		if (typeof result === "string") this.counters[result] += 1;
		return result;
	}

	#full(packet: Buffer, now: number): Received | Reason {
		const header = readFull(packet);
		if (typeof header === "string") return "format";
		const incoming = this.#streams.get(header.ssrc);
		if (incoming === undefined || !incoming.stream.payloadTypes.includes(header.payloadType)) return "unknown";
		if (packet.length < header.length + trailerBytes(incoming.stream.suite, incoming.stream.auth)) return "format";
		let rollover = this.#rollover(incoming, header.sequence);
		if (header.context !== undefined) rollover = nearestRollover(Math.max(0, rollover), header.context.roc4);
		if (rollover < 0) return "old";
		const opened = this.#open(incoming, header.phase, rollover, header.sequence, packet, header.length, undefined, now);
		if (typeof opened === "string") return opened;
		const payload = header.padding ? withoutPadding(opened.payload) : opened.payload;
		if (payload === undefined) return "format";
		const newer = opened.index > incoming.last;
		this.#accepted(incoming, opened, now);
		if (header.context !== undefined) this.#bind(incoming, header, header.context, newer, now);
		return { ...this.#common(incoming, opened, packet, now), ...fieldsOf(header), form: "full", payload, header };
	}

	#reduced(packet: Buffer, now: number): Received | Reason {
		const header = readReduced(packet);
		if (typeof header === "string") return "format";
		const bound = this.#contexts[header.cid];
		const reference = bound?.stream.reference;
		if (bound === undefined || reference === undefined) {
			this.#nacks |= 1 << header.cid;
			return "unknown";
		}
		const { stream: incoming, tsu } = bound;
		if (packet.length < REDUCED_BYTES + trailerBytes(incoming.stream.suite, incoming.stream.auth)) return "format";
		const rollover = this.#rollover(incoming, header.sequence);
		if (rollover < 0) return "old";
		const units = unitsFrom(reference, incoming.stream.clock, tsu, header.tsl, header.sequence, now);
		let result: Opened | Reason = "auth";
		let timestamp = 0;
		for (const unit of units) {
			timestamp = timestampAt(reference, unit, tsu);
			const canonical = canonicalHeader(header.marker, bound.payloadType, header.sequence, timestamp, incoming.stream.ssrc);
			result = this.#open(incoming, header.phase, rollover, header.sequence, packet, REDUCED_BYTES, canonical, now);
			if (result !== "auth") break;
		}
		if (typeof result === "string") {
			if (result === "auth") this.#failed(header, bound, now);
			return result;
		}
		bound.failures = 0;
		const newer = result.index > incoming.last;
		this.#accepted(incoming, result, now);
		if (newer) incoming.reference = { timestamp, tsl: header.tsl, sequence: header.sequence, arrival: now };
		const { payloadType, quality, priority } = bound;
		return {
			...this.#common(incoming, result, packet, now),
			form: "reduced",
			payloadType,
			quality,
			priority,
			marker: header.marker,
			timestamp,
			csrc: [],
			cid: header.cid,
			tsl: header.tsl,
			payload: result.payload,
		};
	}

	#common(incoming: Incoming, opened: Opened, wire: Buffer, now: number) {
		return { stream: incoming.stream, epoch: opened.epoch.number, index: opened.index, tries: this.#tries, wire, now };
	}

	#rollover(incoming: Incoming, sequence: number): number {
		if (incoming.last < 0) return incoming.stream.rollover ?? 0;
		return estimateRollover(incoming.last % 65_536, Math.floor(incoming.last / 65_536), sequence);
	}

	/** Which epoch bit K means: the present one, the one that is announced, the one that has just ended. */
	#epochOf(incoming: Incoming, phase: number): Epoch | undefined {
		if ((incoming.epoch.number & 1) === phase) return incoming.epoch;
		return incoming.next ?? incoming.previous;
	}

	#open(
		incoming: Incoming,
		phase: number,
		rollover: number,
		sequence: number,
		packet: Buffer,
		headerLength: number,
		canonical: Buffer | undefined,
		now: number,
	): Opened | Reason {
		const { stream } = incoming;
		const epoch = this.#epochOf(incoming, phase);
		if (epoch === undefined) {
			if (this.#held.length < HELD_PACKETS) this.#held.push({ packet: Buffer.from(packet), until: now + HELD_MS });
			else this.heldDropped += 1;
			return "held";
		}
		const index = rollover * 65_536 + sequence;
		const verdict = epoch.window.check(index);
		if (verdict !== "accept") return verdict === "reject-old" ? "old" : "replay";
		this.aeadCalls += 1;
		this.#tries += 1;
		const seal = { ...stream, keys: epoch.keys, index, header: packet.subarray(0, headerLength) };
		const payload = openPacket(canonical === undefined ? seal : { ...seal, canonical }, packet);
		return payload === undefined ? "auth" : { epoch, index, payload };
	}

	#accepted(incoming: Incoming, { epoch, index }: Opened, now: number): void {
		epoch.window.mark(index);
		incoming.last = Math.max(incoming.last, index);
		if (epoch !== incoming.next) return;
		incoming.previous = incoming.epoch;
		incoming.previousUntil = now + OLD_KEY_MS;
		incoming.epoch = epoch;
		incoming.next = undefined;
	}

	/** A C word binds, or binds anew; where nothing changes it only moves the reference. Packets that are late change nothing. */
	#bind(incoming: Incoming, header: FullHeader, context: ContextWord, newer: boolean, now: number): void {
		const { timestamp, sequence, payloadType, quality, priority } = header;
		if (newer) incoming.reference = { timestamp, tsl: context.tsl, sequence, arrival: now };
		const before = this.#contexts[context.cid];
		if (before !== undefined && !newer) return;
		const same =
			before?.stream === incoming &&
			before.payloadType === payloadType &&
			before.quality === quality &&
			before.priority === priority &&
			before.tsu === context.tsu;
		if (same) {
			before.failures = 0;
			return;
		}
		const bound = { stream: incoming, payloadType, quality, priority, tsu: context.tsu, failures: 0, firstFailure: 0 };
		this.#contexts[context.cid] = bound;
		this.#acks |= 1 << context.cid;
		this.#nacks &= ~(1 << context.cid);
	}

	#failed(header: ReducedHeader, bound: Bound, now: number): void {
		if (bound.failures === 0 || now - bound.firstFailure > FAILURE_MS) {
			bound.failures = 0;
			bound.firstFailure = now;
		}
		bound.failures += 1;
		if (bound.failures < FAILURES) return;
		this.#contexts[header.cid] = undefined;
		this.#nacks |= 1 << header.cid;
	}
}

function fieldsOf(header: FullHeader) {
	const { payloadType, marker, timestamp, quality, priority, csrc, context } = header;
	const common = { payloadType, marker, timestamp, quality, priority, csrc };
	return context === undefined ? common : { ...common, context, cid: context.cid, tsl: context.tsl };
}

function withoutPadding(payload: Buffer): Buffer | undefined {
	const count = payload.at(-1) ?? 0;
	return count === 0 || count > payload.length ? undefined : payload.subarray(0, payload.length - count);
}
