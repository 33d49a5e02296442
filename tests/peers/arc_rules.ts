/** What a sender of ArcRTC must keep, as far as its genuine packets show. Each breach is reported with its requirement. */
import { createHash } from "node:crypto";
import type { Received } from "./arc_receiver.ts";
import { rolloverOf } from "./arc_srtp.ts";
import { DATAGRAM_LIMIT, UNITS } from "./arc_wire.ts";

export interface ArcRuleOptions {
	/** True: every packet arrives, once and in order, so what should have come can be missed. */
	readonly lossless: boolean;
	/** True: reduced headers have been agreed on for this kind. */
	readonly reduced: { readonly audio: boolean; readonly video: boolean };
	/** True: video that has no contexts carries a send time on the first packet of each frame, audio on every 8th. */
	readonly sendTime: boolean;
	/** Milliseconds that the machine or the way between may add to any bound. */
	readonly slack: number;
	/** Unix milliseconds of the receiver's clock, for send times; undefined: they are not compared. */
	readonly wall?: () => number;
	/** True: the initial sequence number is seen. */
	readonly fromStart: boolean;
}

const FIRST_SEQUENCE_LIMIT = 0x8000;
const CONFIRMING = 3;
const REFRESH_PACKETS = 100;
const REFRESH_MS = 1000;
const AUDIO_SEND_TIME = 8;
const CLOCK_ERROR_MS = 5000;
const FEEDBACK_ALLOWANCE_MS = 1;

interface ContextSeen {
	readonly ssrc: number;
	readonly payloadType: number;
	readonly quality: number;
	readonly priority: number;
	readonly tsu: number;
	/** Full packets with this binding. */
	seen: number;
	acknowledged: boolean;
	index: number;
	arrival: number;
	reducedSince: number;
}

interface StreamSeen {
	packets: number;
	/** The newest packet. */
	last: Received | undefined;
	lastTimed: Received | undefined;
	sinceSendTime: number;
	/** Last packet whose TSL is known. */
	counted: Received | undefined;
	countedTsu: number;
	/** Key epoch of the newest packet. */
	epoch: number;
	/** Level and number of packets that asked for it. */
	asked: number | undefined;
	askedTimes: number;
}

export class ArcRules {
	readonly options: ArcRuleOptions;
	/** Packets with a full and with a reduced header. */
	readonly forms = { full: 0, reduced: 0 };
	readonly #report: (text: string) => void;
	readonly #contexts: (ContextSeen | undefined)[] = [];
	readonly #streams = new Map<number, StreamSeen>();
	/** Digest of each packet by key and nonce. */
	readonly #nonces = new Map<string, string>();

	constructor(options: Partial<ArcRuleOptions>, report: (text: string) => void) {
		const none = { lossless: false, reduced: { audio: false, video: false }, sendTime: false, slack: 0, fromStart: false };
		this.options = { ...none, ...options };
		this.#report = report;
	}

	/** Distinct nonces of all keys. */
	get nonces(): number {
		return this.#nonces.size;
	}

	/** The receiver has sent a CTX_ACK. */
	acknowledged(contexts: number): void {
		this.#contexts.forEach((context, cid) => {
			if (context !== undefined && contexts & (1 << cid)) context.acknowledged = true;
		});
	}

	/** The receiver has reported this stream up to `extendedSequence`. */
	reported(ssrc: number, extendedSequence: number): void {
		for (const context of this.#contexts)
			if (context?.ssrc === ssrc && extendedSequence > context.index) context.acknowledged = true;
	}

	/** Bytes that came again: a resend must be the stored ones. `index` is what they claim to be, of one key. */
	packet(packet: Received): void {
		this.#nonce(packet);
		this.#common(packet);
		const stream = this.#stream(packet.stream.ssrc);
		const newest = stream.last === undefined || packet.index > stream.last.index;
		if (packet.form === "full") this.#full(packet, stream, newest);
		else this.#reducedPacket(packet, stream, newest);
		this.#units(packet, stream);
		stream.packets += 1;
		if (newest) stream.last = packet;
		stream.epoch = Math.max(stream.epoch, packet.epoch);
	}

	/** ARC-R7: under one key each nonce has one packet. */
	#nonce({ stream, epoch, index, wire }: Received): void {
		const name = `${stream.ssrc} ${epoch} ${index}`;
		const digest = createHash("sha256").update(wire).digest("base64");
		const before = this.#nonces.get(name);
		if (before !== undefined && before !== digest) this.#report(`ARC-R7: two packets under nonce ${name}`);
		this.#nonces.set(name, digest);
	}

	#common(packet: Received): void {
		const { stream, wire, payloadType, priority, quality, index } = packet;
		this.forms[packet.form] += 1;
		if (wire.length > DATAGRAM_LIMIT) this.#report(`ARC-P1: a packet of ${wire.length} bytes`);
		if (!stream.payloadTypes.includes(payloadType)) this.#report(`ARC-P1: payload type ${payloadType} of no one`);
		if (stream.kind === "audio" && priority !== 0) this.#report(`ARC-P8: audio of priority ${priority}`);
		if (stream.kind === "video" && priority === 0) this.#report("ARC-P8: video of priority 0");
		if (stream.kind === "fec" && priority !== 3) this.#report(`ARC-P8: FEC of priority ${priority}`);
		if (stream.kind === "fec" && packet.csrc.length !== 1) this.#report(`ARC-E4: FEC with ${packet.csrc.length} CSRCs`);
		if (quality > 3) this.#report(`ARC-P2: quality ${quality}`);
		if (rolloverOf(index) > 0xffffffff) this.#report("ARC-R6: beyond the last rollover counter");
	}

	#full(packet: Received, stream: StreamSeen, newest: boolean): void {
		const { header } = packet;
		if (header === undefined) return;
		for (const oddity of header.oddities) this.#report(`ARC-P2: ${oddity}`);
		const before = stream.last;
		if (this.options.fromStart && this.options.lossless && before === undefined && packet.epoch === 0) {
			const sequence = packet.index % 65_536;
			if (sequence >= FIRST_SEQUENCE_LIMIT) this.#report(`ARC-R6: the first sequence number is ${sequence}`);
		}
		if (newest && before !== undefined && packet.epoch > before.epoch && this.#reduces(packet) && header.context === undefined)
			this.#report("ARC-C7: the first packet of new keys without C");
		this.#sendTime(packet, stream);
		this.#asked(packet, stream);
		if (header.context !== undefined) this.#bind(packet);
	}

	#reduces(packet: Received): boolean {
		const { kind } = packet.stream;
		return kind !== "fec" && this.options.reduced[kind];
	}

	#bind(packet: Received): void {
		const { context, stream, payloadType, quality, priority, index, now } = packet;
		if (context === undefined) return;
		if (!this.#reduces(packet)) this.#report(`ARC-P4: a context for ${stream.kind}, which was not agreed on`);
		if (stream.kind === "fec") this.#report("ARC-P4: a context for FEC");
		if (context.roc4 !== (rolloverOf(index) & 15)) this.#report(`ARC-P4: ROC ${context.roc4} in C, it is ${rolloverOf(index)}`);
		const before = this.#contexts[context.cid];
		const { tsu } = context;
		const same =
			before?.ssrc === stream.ssrc &&
			before.payloadType === payloadType &&
			before.quality === quality &&
			before.priority === priority &&
			before.tsu === tsu;
		if (same) {
			before.seen += 1;
			if (index > before.index) Object.assign(before, { index, arrival: now, reducedSince: 0 });
			return;
		}
		if (before !== undefined && before.ssrc === stream.ssrc && index < before.index) return;
		const binding = { ssrc: stream.ssrc, payloadType, quality, priority, tsu };
		this.#contexts[context.cid] = { ...binding, seen: 1, acknowledged: false, index, arrival: now, reducedSince: 0 };
	}

	#reducedPacket(packet: Received, stream: StreamSeen, newest: boolean): void {
		const { cid = 0, now, index } = packet;
		const context = this.#contexts[cid];
		if (!this.#reduces(packet)) this.#report(`ARC-P4: a reduced header for ${packet.stream.kind}, which was not agreed on`);
		if (packet.stream.kind === "fec") this.#report("ARC-P4: FEC with a reduced header");
		if (context === undefined) {
			this.#report(`ARC-P5: a reduced packet on context ${cid}, which was never bound`);
			return;
		}
		context.reducedSince += 1;
		if (!newest || !this.options.lossless) return;
		if (context.seen < CONFIRMING && !context.acknowledged)
			this.#report(`ARC-P5: context ${cid} is used after ${context.seen} full packets and no word from here`);
		if (context.reducedSince >= REFRESH_PACKETS) this.#report(`ARC-P5: ${context.reducedSince} packets without a refresh`);
		const age = now - context.arrival;
		if (age > REFRESH_MS + this.options.slack + FEEDBACK_ALLOWANCE_MS)
			this.#report(`ARC-P5: ${Math.round(age)} ms without a refresh of context ${cid}`);
		if (rolloverOf(index) !== rolloverOf(context.index)) this.#report(`ARC-P5: no refresh of context ${cid} after the rollover`);
		if (stream.last !== undefined && packet.epoch > stream.last.epoch)
			this.#report("ARC-C7: the first packet of new keys has a reduced header");
		if (packet.stream.kind === "video" && packet.priority === 1 && stream.last?.timestamp !== packet.timestamp)
			this.#report("ARC-P5: a key frame begins with a reduced header");
	}

	/** Neighbours in one unit differ in TSL by as many units as their timestamps do. */
	#units(packet: Received, stream: StreamSeen): void {
		const tsu = packet.context?.tsu ?? this.#contexts[packet.cid ?? 8]?.tsu;
		if (tsu === undefined || packet.tsl === undefined || tsu === 0) {
			if (stream.counted !== undefined && packet.index > stream.counted.index) stream.counted = undefined;
			return;
		}
		const before = stream.counted;
		if (before !== undefined && stream.countedTsu === tsu && packet.index === before.index + 1) {
			const ticks = (packet.timestamp - before.timestamp) | 0;
			const units = (((packet.tsl - (before.tsl ?? 0)) % UNITS) + UNITS) % UNITS;
			const wanted = (((ticks / tsu) % UNITS) + UNITS) % UNITS;
			if (ticks % tsu === 0 && units !== wanted)
				this.#report(`ARC-P4: TSL moved by ${units} units, the timestamp by ${ticks / tsu}`);
		}
		if (before === undefined || packet.index > before.index) {
			stream.counted = packet;
			stream.countedTsu = tsu;
		}
	}

	#sendTime(packet: Received, stream: StreamSeen): void {
		const { header } = packet;
		if (header?.sendTime !== undefined) {
			const { wall } = this.options;
			if (wall !== undefined && !header.uptime) {
				const seconds = Number(header.sendTime >> 32n) + Number(header.sendTime & 0xffffffffn) / 4_294_967_296 - 2_208_988_800;
				const error = wall() - 1000 * seconds;
				if (Math.abs(error) > CLOCK_ERROR_MS) this.#report(`ARC-P6: a send time ${Math.round(error)} ms off`);
			}
			stream.sinceSendTime = 0;
			return;
		}
		stream.sinceSendTime += 1;
		if (!this.options.sendTime || !this.options.lossless || this.#reduces(packet)) return;
		const { kind } = packet.stream;
		if (kind === "audio" && stream.sinceSendTime >= AUDIO_SEND_TIME && stream.packets >= AUDIO_SEND_TIME)
			this.#report(`ARC-P6: ${stream.sinceSendTime} audio packets without a send time`);
		if (kind === "video" && stream.last?.timestamp !== packet.timestamp)
			this.#report("ARC-P6: the first packet of a frame without a send time");
	}

	#asked(packet: Received, stream: StreamSeen): void {
		const level = packet.header?.requested;
		if (level === undefined) return;
		if (level !== stream.asked) Object.assign(stream, { asked: level, askedTimes: 0 });
		stream.askedTimes += 1;
	}

	#stream(ssrc: number): StreamSeen {
		let stream = this.#streams.get(ssrc);
		if (stream === undefined) {
			const none = { last: undefined, lastTimed: undefined, counted: undefined, asked: undefined };
			stream = { packets: 0, ...none, sinceSendTime: 0, countedTsu: 0, epoch: 0, askedTimes: 0 };
			this.#streams.set(ssrc, stream);
		}
		return stream;
	}
}
