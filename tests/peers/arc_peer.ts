/**
 * `ArcPeer`: one end of a media session over a UDP socket, strict about what it gets, and able to be any kind of bad neighbour.
 * The keys are told by the test, as signalling would have done.
 */
import { randomBytes, randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { ControlReceiver, ControlSender } from "./arc_control.ts";
import type { ControlPacket } from "./arc_control.ts";
import type { StreamKeys } from "./arc_keys.ts";
import { ArcReceiver } from "./arc_receiver.ts";
import type { IncomingStream, Received } from "./arc_receiver.ts";
import { encodeContextFeedback, encodeNack, encodePli, encodeReceiverReport, middleOf } from "./arc_rtcp.ts";
import type { Control } from "./arc_rtcp.ts";
import { ArcRules } from "./arc_rules.ts";
import type { ArcRuleOptions } from "./arc_rules.ts";
import { ArcSender } from "./arc_sender.ts";
import type { OutgoingStream, Payload, Sent } from "./arc_sender.ts";
import { kindOf } from "./arc_wire.ts";

const RING_MS = 200;
const RESEND_TIMES = 3;
const REPORT_MS = 1000;
const TICK_MS = 10;
const KEPT = 4096;

export interface ArcPeerOptions {
	readonly rules?: Partial<ArcRuleOptions>;
	readonly onPacket?: (packet: Received) => void;
	readonly onControl?: (packet: ControlPacket) => void;
	/** False: no reports, no context feedback, no NACK; the test says all. Default true. */
	readonly feedback?: boolean;
	/** False: lost packets are not asked for. Default false. */
	readonly nack?: boolean;
}

interface Stored {
	readonly ssrc: number;
	readonly sequence: number;
	readonly packet: Buffer;
	readonly time: number;
	resent: number;
}

/** What a stream's report needs (RFC 3550 A.3, A.8). */
interface Reception {
	readonly stream: IncomingStream;
	/** Of the newest epoch. */
	keys: StreamKeys;
	first: number;
	received: number;
	expectedBefore: number;
	receivedBefore: number;
	transit: number | undefined;
	jitter: number;
	lsr: number;
	srAt: number;
	/** Indexes that are missing, with the time of the next request and the number of those made. */
	readonly missing: Map<number, { due: number; times: number }>;
}

export class ArcPeer {
	readonly violations: string[] = [];
	readonly sender = new ArcSender();
	readonly receiver = new ArcReceiver();
	readonly rules: ArcRules;
	readonly controlIn: ControlReceiver;
	readonly controlOut = new ControlSender();
	/** The last genuine packets. */
	readonly received: Received[] = [];
	readonly controls: Control[] = [];
	/** Every datagram that was sent, the last ones: for replays. */
	readonly sent: Buffer[] = [];
	resent = 0;
	/** Where packets go. Unless told it is learned from the first datagram. */
	target: { port: number; address: string } | undefined;
	readonly #options: ArcPeerOptions;
	readonly #socket: Socket = createSocket("udp4");
	readonly #outgoing = new Map<number, { stream: OutgoingStream; keys: StreamKeys }>();
	readonly #receptions = new Map<number, Reception>();
	#ring: Stored[] = [];
	#timer: NodeJS.Timeout | undefined;
	#reportAt = 0;
	#clock: () => number = () => performance.now();

	constructor(options: ArcPeerOptions = {}) {
		this.#options = options;
		const report = (text: string): void => {
			this.violations.push(text);
		};
		this.rules = new ArcRules(options.rules ?? {}, report);
		this.controlIn = new ControlReceiver(options.rules ?? {}, report);
	}

	/** @returns the port */
	async listen(port = 0): Promise<number> {
		await new Promise<void>((resolve) => this.#socket.bind(port, "127.0.0.1", resolve));
		this.#socket.on("error", () => undefined);
		this.#socket.on("message", (packet, from) => {
			this.target ??= { port: from.port, address: from.address };
			this.#took(packet);
		});
		this.#timer = setInterval(() => this.#tick(), TICK_MS);
		return this.port;
	}

	get port(): number {
		return this.#socket.address().port;
	}

	close(): void {
		clearInterval(this.#timer);
		this.#socket.close();
	}

	addOutgoing(stream: OutgoingStream): void {
		this.sender.add(stream);
		this.#outgoing.set(stream.ssrc, { stream, keys: stream.keys });
		this.controlIn.add(stream.ssrc, "out", stream.keys.auth);
	}

	addIncoming(stream: IncomingStream): void {
		this.receiver.add(stream);
		this.controlIn.add(stream.ssrc, "in", stream.keys.auth);
		const none = { first: -1, received: 0, expectedBefore: 0, receivedBefore: 0, transit: undefined, jitter: 0, lsr: 0, srAt: 0 };
		this.#receptions.set(stream.ssrc, { stream, keys: stream.keys, ...none, missing: new Map() });
	}

	/** The stream takes the keys of the next epoch. */
	rotateOutgoing(ssrc: number, keys: StreamKeys): void {
		this.sender.rotate(ssrc, keys);
		const outgoing = this.#outgoing.get(ssrc);
		if (outgoing !== undefined) outgoing.keys = keys;
		this.controlIn.rotate(ssrc, keys.auth, this.#clock());
	}

	rotateIncoming(ssrc: number, keys: StreamKeys): void {
		for (const packet of this.receiver.rotate(ssrc, keys, this.#clock())) this.#accept(packet);
		this.controlIn.rotate(ssrc, keys.auth, this.#clock());
		const reception = this.#receptions.get(ssrc);
		if (reception !== undefined) reception.keys = keys;
	}

	send(ssrc: number, what: Payload): Sent {
		const now = this.#clock();
		const sent = this.sender.send(ssrc, what, now);
		this.#ring.push({ ssrc, sequence: sent.index % 65_536, packet: sent.packet, time: now, resent: 0 });
		this.raw(sent.packet);
		return sent;
	}

	/** Any bytes. */
	raw(packet: Buffer): void {
		this.sent.push(packet);
		if (this.sent.length > KEPT) this.sent.splice(0, KEPT / 2);
		if (this.target !== undefined) this.#socket.send(packet, this.target.port, this.target.address);
	}

	control(ssrc: number, rtcp: Buffer): void {
		this.raw(this.controlOut.protect(rtcp, this.#keyOf(ssrc)));
	}

	pictureLost(ssrc: number): void {
		this.control(ssrc, encodePli(this.controlOut.ssrc, ssrc));
	}

	/** The last `count` datagrams once more. */
	replay(count: number): void {
		for (const packet of this.sent.slice(-count)) this.raw(packet);
	}

	/** A packet of a stream that this side sends as somebody without keys would make it. */
	forge(ssrc: number, kind: "tag" | "full" | "reduced" | "control" | "context"): void {
		const genuine = this.sent.filter((packet) => packet.length > 40 && kindOf(packet) !== "control").at(-1) ?? randomBytes(80);
		const packet = Buffer.from(genuine);
		const next = this.sender.next(ssrc);
		switch (kind) {
			case "tag":
				packet[packet.length - 1] = (packet.at(-1) as number) ^ 1;
				break;
			case "full":
			case "context":
				randomBytes(packet.length).copy(packet);
				Buffer.from([0x90, this.#outgoing.get(ssrc)?.stream.payloadType ?? 96]).copy(packet);
				packet.writeUInt16BE((next + randomInt(100)) & 0xffff, 2);
				packet.writeUInt32BE(ssrc, 8);
				packet.writeUInt32BE(kind === "full" ? 0xa0000000 : 0xa0200001, 12);
				break;
			case "reduced":
				randomBytes(packet.length).copy(packet);
				packet[0] = 0xc0 | (packet[0] as number);
				packet.writeUInt16BE((next + randomInt(100)) & 0xffff, 2);
				break;
			default:
				randomBytes(packet.length).copy(packet);
				Buffer.from([0x81, 201, 0, 7]).copy(packet);
		}
		this.raw(packet);
	}

	/** Forged packets of all kinds, `rate` a second. */
	async flood(ssrc: number, rate: number, ms: number): Promise<number> {
		const kinds = ["tag", "full", "reduced", "control", "context"] as const;
		const start = performance.now();
		let made = 0;
		for (let passed = 0; passed < ms; passed = performance.now() - start) {
			for (; made < (rate * passed) / 1000; made += 1) this.forge(ssrc, kinds[made % kinds.length] as "tag");
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
		return made;
	}

	#keyOf(ssrc: number): Buffer {
		const key = this.#receptions.get(ssrc)?.keys.auth ?? this.#outgoing.get(ssrc)?.keys.auth;
		if (key === undefined) throw new RangeError(`no stream ${ssrc}`);
		return key;
	}

	#took(packet: Buffer): void {
		const now = this.#clock();
		if (kindOf(packet) === "control") {
			const result = this.controlIn.receive(packet, now);
			if (typeof result === "string") return;
			this.#options.onControl?.(result);
			for (const control of result.controls) this.#controlled(control, now);
			return;
		}
		const result = this.receiver.receive(packet, now);
		if (typeof result !== "string") this.#accept(result);
	}

	#accept(packet: Received): void {
		this.rules.packet(packet);
		this.received.push(packet);
		if (this.received.length > KEPT) this.received.splice(0, KEPT / 2);
		const reception = this.#receptions.get(packet.stream.ssrc);
		if (reception !== undefined) this.#count(reception, packet);
		this.#options.onPacket?.(packet);
	}

	#count(reception: Reception, packet: Received): void {
		const { index, now, timestamp } = packet;
		const { clock, ssrc } = reception.stream;
		if (reception.first < 0) reception.first = index;
		reception.received += 1;
		const transit = (now * clock) / 1000 - timestamp;
		// Of the same stream, so the wrap of the timestamp only spoils one step.
		const change = reception.transit === undefined ? 0 : Math.abs(transit - reception.transit);
		if (change < 2 ** 31) reception.jitter += (change - reception.jitter) / 16;
		reception.transit = transit;
		if (this.#options.nack !== true || reception.stream.kind === "fec") return;
		reception.missing.delete(index);
		const newest = this.receiver.last(ssrc);
		for (let one = newest - 1; one > newest - 64 && one >= reception.first; one -= 1) {
			const seen = this.received.some((other) => other.stream.ssrc === ssrc && other.index === one);
			if (!seen && !reception.missing.has(one)) reception.missing.set(one, { due: now + 10, times: 0 });
		}
	}

	#controlled(control: Control, now: number): void {
		this.controls.push(control);
		switch (control.kind) {
			case "rr":
				for (const { ssrc, extendedSequence } of control.blocks) this.sender.reported(ssrc, extendedSequence);
				break;
			case "sr": {
				const reception = this.#receptions.get(control.sender);
				if (reception !== undefined) Object.assign(reception, { lsr: middleOf(control.info.ntp), srAt: now });
				break;
			}
			case "ctx_ack":
				this.sender.acknowledged(control.contexts);
				break;
			case "ctx_nack":
				this.sender.refused(control.contexts);
				break;
			case "nack":
				for (const sequence of control.lost) this.#resend(control.media, sequence, now);
				break;
			default:
		}
	}

	#resend(ssrc: number, sequence: number, now: number): void {
		const stored = this.#ring.find((one) => one.ssrc === ssrc && one.sequence === sequence && now - one.time <= RING_MS);
		if (stored === undefined || stored.resent >= RESEND_TIMES) return;
		stored.resent += 1;
		this.resent += 1;
		this.raw(stored.packet);
	}

	#tick(): void {
		const now = this.#clock();
		this.receiver.tick(now);
		this.#ring = this.#ring.filter((one) => now - one.time <= RING_MS);
		if (this.#options.feedback === false) return;
		const [first] = this.#receptions.keys();
		if (first === undefined) return;
		const { acks, nacks } = this.receiver.feedback(now);
		if (acks !== 0) {
			this.control(first, encodeContextFeedback("ctx_ack", this.controlOut.ssrc, acks));
			this.rules.acknowledged(acks);
		}
		if (nacks !== 0) this.control(first, encodeContextFeedback("ctx_nack", this.controlOut.ssrc, nacks));
		for (const reception of this.#receptions.values()) this.#request(reception, now);
		if (now < this.#reportAt) return;
		this.#reportAt = now + REPORT_MS;
		for (const reception of this.#receptions.values()) this.#reportOn(reception, now);
	}

	#request(reception: Reception, now: number): void {
		const lost: number[] = [];
		for (const [index, request] of reception.missing) {
			if (now < request.due) continue;
			if (request.times >= 3) {
				reception.missing.delete(index);
				continue;
			}
			request.times += 1;
			request.due = now + 20;
			lost.push(index);
		}
		if (lost.length === 0) return;
		const sequences = lost.sort((a, b) => a - b).map((index) => index % 65_536);
		this.control(reception.stream.ssrc, encodeNack(this.controlOut.ssrc, reception.stream.ssrc, sequences));
	}

	#reportOn(reception: Reception, now: number): void {
		const { stream, first } = reception;
		const last = this.receiver.last(stream.ssrc);
		if (last < 0) return;
		const expected = last - first + 1;
		const lately = expected - reception.expectedBefore;
		const lost = lately - (reception.received - reception.receivedBefore);
		reception.expectedBefore = expected;
		reception.receivedBefore = reception.received;
		const block = {
			ssrc: stream.ssrc,
			fraction: lately > 0 && lost > 0 ? Math.min(255, Math.floor((256 * lost) / lately)) : 0,
			lost: Math.max(-0x800000, Math.min(0x7fffff, expected - reception.received)),
			extendedSequence: last % 2 ** 32,
			jitter: Math.floor(reception.jitter),
			lsr: reception.lsr,
			dlsr: reception.lsr === 0 ? 0 : Math.round(((now - reception.srAt) * 65_536) / 1000),
		};
		this.control(stream.ssrc, encodeReceiverReport(this.controlOut.ssrc, [block]));
		this.rules.reported(stream.ssrc, last);
	}
}
