/** The sending side of one direction of ArcRTC: headers, contexts, sealing (reference 2.2, 2.3, 2.5). */
import { randomInt } from "node:crypto";
import type { StreamKeys, Suite } from "./arc_keys.ts";
import { sealPacket } from "./arc_srtp.ts";
import type { Auth } from "./arc_srtp.ts";
import { canonicalHeader, encodeFull, encodeReduced, UNITS } from "./arc_wire.ts";
import type { ContextWord, FullFields } from "./arc_wire.ts";

const CONFIRMING = 3;
const REFRESH_PACKETS = 100;
const REFRESH_MS = 1000;

export interface OutgoingStream {
	readonly ssrc: number;
	readonly payloadType: number;
	readonly kind: "audio" | "video" | "fec";
	readonly suite: Suite;
	readonly auth: Auth;
	readonly keys: StreamKeys;
	/** Ticks of a unit; 0: full headers only. */
	readonly tsu: number;
	/** First sequence number and rollover counter. Default: random, 0. */
	readonly sequence?: number;
	readonly rollover?: number;
	readonly csrc?: readonly number[];
}

export interface Payload {
	readonly payload: Buffer;
	readonly timestamp: number;
	readonly marker?: boolean;
	readonly priority: number;
	readonly quality?: number;
	readonly requested?: number;
	readonly sendTime?: bigint;
	/** Bytes of padding, which only a full header can say. */
	readonly padding?: number;
	/** A full header with C, whatever the rules ask for. */
	readonly full?: boolean;
	/** First packet of a key frame. */
	readonly keyFrame?: boolean;
}

interface Context {
	readonly cid: number;
	readonly ssrc: number;
	readonly priority: number;
	quality: number;
	/** Full packets with C that are still to be sent before the context counts as confirmed by number. */
	unconfirmed: number;
	confirmed: boolean;
	/** Index of the last C packet. */
	index: number;
	sinceRefresh: number;
	refreshedAt: number;
	forced: boolean;
}

interface Outgoing {
	readonly stream: OutgoingStream;
	keys: StreamKeys;
	epoch: number;
	next: number;
	timestamp: number | undefined;
	/** Running count of units. */
	units: number;
}

export interface Sent {
	readonly packet: Buffer;
	readonly form: "full" | "reduced";
	readonly index: number;
	/** As a reader of RFC 3550 has it without the extension; FEC is made of it. */
	readonly canonical: Buffer;
}

export class ArcSender {
	readonly #streams = new Map<number, Outgoing>();
	readonly #contexts: Context[] = [];

	add(stream: OutgoingStream): void {
		const sequence = stream.sequence ?? randomInt(0x8000);
		const next = (stream.rollover ?? 0) * 65_536 + sequence;
		this.#streams.set(stream.ssrc, { stream, keys: stream.keys, epoch: 0, next, timestamp: undefined, units: 0 });
	}

	/** Index of the next packet. A test may move it ahead, as if packets between had been lost. */
	next(ssrc: number): number {
		return this.#outgoing(ssrc).next;
	}

	skip(ssrc: number, packets: number): void {
		this.#outgoing(ssrc).next += packets;
	}

	/** Keys of the next epoch, from the next packet on. */
	rotate(ssrc: number, keys: StreamKeys): void {
		const outgoing = this.#outgoing(ssrc);
		outgoing.keys = keys;
		outgoing.epoch += 1;
		this.#force(ssrc);
	}

	/** After a switch of the path: each context begins with a full packet. */
	refresh(): void {
		for (const context of this.#contexts) context.forced = true;
	}

	acknowledged(contexts: number): void {
		for (const context of this.#contexts) if (contexts & (1 << context.cid)) context.confirmed = true;
	}

	refused(contexts: number): void {
		for (const context of this.#contexts)
			if (contexts & (1 << context.cid)) {
				context.confirmed = false;
				context.unconfirmed = CONFIRMING;
			}
	}

	/** A receiver report has come. */
	reported(ssrc: number, extendedSequence: number): void {
		for (const context of this.#contexts)
			if (context.ssrc === ssrc && context.unconfirmed < CONFIRMING && extendedSequence > context.index) context.confirmed = true;
	}

	send(ssrc: number, what: Payload, now: number): Sent {
		const outgoing = this.#outgoing(ssrc);
		const { stream } = outgoing;
		const index = outgoing.next;
		outgoing.next += 1;
		const whole = this.#advance(outgoing, what.timestamp);
		const context = stream.tsu > 0 && stream.kind !== "fec" ? this.#context(ssrc, what) : undefined;
		const mustBeFull =
			context === undefined ||
			what.full === true ||
			what.keyFrame === true ||
			what.padding !== undefined ||
			what.requested !== undefined ||
			what.sendTime !== undefined ||
			stream.csrc !== undefined ||
			!whole ||
			context.forced ||
			!(context.confirmed || context.unconfirmed === 0) ||
			Math.floor(index / 65_536) !== Math.floor(context.index / 65_536) ||
			context.sinceRefresh >= REFRESH_PACKETS - 1 ||
			now - context.refreshedAt >= REFRESH_MS;
		return mustBeFull ? this.#full(outgoing, context, what, index, now) : this.#reduced(outgoing, context, what, index);
	}

	#full(outgoing: Outgoing, context: Context | undefined, what: Payload, index: number, now: number): Sent {
		const { stream } = outgoing;
		const roc4 = Math.floor(index / 65_536) & 15;
		let word: ContextWord | undefined;
		if (context !== undefined) {
			word = { cid: context.cid, roc4, tsl: outgoing.units % UNITS, tsu: stream.tsu };
			context.index = index;
			context.forced = false;
			context.sinceRefresh = 0;
			context.refreshedAt = now;
			context.unconfirmed = Math.max(0, context.unconfirmed - 1);
		}
		const fields: FullFields = {
			payloadType: stream.payloadType,
			marker: what.marker ?? false,
			sequence: index % 65_536,
			timestamp: what.timestamp,
			ssrc: stream.ssrc,
			csrc: stream.csrc ?? [],
			padding: what.padding !== undefined,
			quality: what.quality ?? 0,
			priority: what.priority,
			phase: outgoing.epoch & 1,
			...(what.sendTime === undefined ? {} : { sendTime: what.sendTime }),
			...(what.requested === undefined ? {} : { requested: what.requested }),
			...(word === undefined ? {} : { context: word }),
		};
		const padding = Buffer.alloc(what.padding ?? 0);
		if (padding.length > 0) padding[padding.length - 1] = padding.length;
		const payload = Buffer.concat([what.payload, padding]);
		const packet = sealPacket({ ...stream, keys: outgoing.keys, index, header: encodeFull(fields) }, payload);
		return { packet, form: "full", index, canonical: this.#canonical(outgoing, what, index) };
	}

	#reduced(outgoing: Outgoing, context: Context, what: Payload, index: number): Sent {
		const { stream } = outgoing;
		context.sinceRefresh += 1;
		const header = encodeReduced({
			cid: context.cid,
			marker: what.marker ?? false,
			phase: outgoing.epoch & 1,
			tsl: outgoing.units % UNITS,
			sequence: index % 65_536,
		});
		const whole = this.#canonical(outgoing, what, index);
		const canonical = whole.subarray(0, 12);
		const packet = sealPacket({ ...stream, keys: outgoing.keys, index, header, canonical }, what.payload);
		return { packet, form: "reduced", index, canonical: whole };
	}

	#canonical(outgoing: Outgoing, what: Payload, index: number): Buffer {
		const { payloadType, ssrc } = outgoing.stream;
		return Buffer.concat([
			canonicalHeader(what.marker ?? false, payloadType, index % 65_536, what.timestamp, ssrc),
			what.payload,
		]);
	}

	/** Moves the count of units. @returns false when the step is no whole number of them */
	#advance(outgoing: Outgoing, timestamp: number): boolean {
		const { tsu } = outgoing.stream;
		const step = outgoing.timestamp === undefined ? 0 : (timestamp - outgoing.timestamp) >>> 0;
		outgoing.timestamp = timestamp;
		if (tsu === 0) return false;
		// Backwards too, as B frames go.
		const signed = step > 0x7fffffff ? step - 4_294_967_296 : step;
		outgoing.units = (((outgoing.units + Math.floor(signed / tsu)) % UNITS) + UNITS) % UNITS;
		return signed % tsu === 0;
	}

	#context(ssrc: number, what: Payload): Context {
		const { priority, quality = 0 } = what;
		let context = this.#contexts.find((one) => one.ssrc === ssrc && one.priority === priority);
		if (context === undefined) {
			const cid = this.#contexts.length;
			if (cid > 7) throw new RangeError("more than 8 contexts");
			context = { cid, ssrc, priority, quality, ...fresh() };
			this.#contexts.push(context);
		} else if (context.quality !== quality) Object.assign(context, { quality }, fresh());
		return context;
	}

	#force(ssrc: number): void {
		for (const context of this.#contexts) if (context.ssrc === ssrc) context.forced = true;
	}

	#outgoing(ssrc: number): Outgoing {
		const outgoing = this.#streams.get(ssrc);
		if (outgoing === undefined) throw new RangeError(`no stream ${ssrc}`);
		return outgoing;
	}
}

function fresh() {
	const none = { unconfirmed: CONFIRMING, confirmed: false, index: -1, forced: true };
	return { ...none, sinceRefresh: 0, refreshedAt: -Infinity };
}
