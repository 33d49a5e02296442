import { EVENT_CONTEXT_ACK, EVENT_CONTEXT_NACK, EVENT_NONE, EVENT_REPORT } from "arcrtc/control_events";
import type { ControlAuth } from "arcrtc/control_keys";
import { DropCounters } from "arcrtc/counters";
import { CONTROL_ROOM, Feedback } from "arcrtc/feedback";
import { HMAC } from "crypto/crypto";
import { Arena } from "storage/arena";
import { HKDF } from "vectors/arcrtc";
import { formatHex, parseHex } from "wire/hex";

/** Our stream and the sender of feedback in the known answers. */
export const SSRC = 12345678;
export const FEEDBACK_SSRC = 0x5eed0001;
/** RTCP about that stream: PLI, CTX_ACK of contexts 0 and 7, CTX_NACK of 1 and 2, RR without a block. */
export const PICTURE_LOSS = "81ce0002 5eed0001 00bc614e";
export const CONTEXT_ACK = "82cc0003 5eed0001 41524358 81000000";
export const CONTEXT_NACK = "81cc0003 5eed0001 41524358 06000000";
export const EMPTY_REPORT = "80c90001 5eed0001";

/** Where the parts of an end's arena are. */
const ROOM = 0;
const RING = CONTROL_ROOM;
const INBOX_BYTES = 1500;

/** An HMAC under the published key of a stream, or under another one that begins with `first`. */
export function hmac(first?: number): HMAC {
	const key = bytes(HKDF.video.auth);
	if (first !== undefined) key[0] = first;
	return new HMAC(key.buffer, 0, 32);
}

/** Keys of one epoch or, after `turn`, of two. */
export class Keys implements ControlAuth {
	epoch = 0;
	auth: HMAC;
	older: HMAC | undefined;
	/** When the older ones end. */
	until = Infinity;

	constructor(first?: number) {
		this.auth = hmac(first);
	}

	turn(first: number): void {
		this.older = this.auth;
		this.auth = hmac(first);
		this.epoch++;
	}

	olderAuth(now: number): HMAC | undefined {
		return now < this.until ? this.older : undefined;
	}
}

export function bytes(hex: string): Uint8Array<ArrayBuffer> {
	return parseHex(hex, hex.length / 2) as Uint8Array<ArrayBuffer>;
}

/** RTCP as a datagram with that index, made by the reference alone. */
export function sealed(auth: HMAC, index: number, rtcp: string): string {
	const packets = bytes(rtcp.split(" ").join(""));
	const { length } = packets;
	const arena = new Arena(length + 4 + 32);
	arena.bytes.set(packets);
	arena.view.setUint32(length, index);
	auth.sign(arena.buffer, 0, length + 4, arena.buffer, length + 4);
	return formatHex(arena.bytes, 0, length + 14);
}

/** One end: a Feedback with an arena of its own and what it did. */
export class End {
	readonly arena: Arena;
	readonly feedback: Feedback;
	readonly drops = new DropCounters();
	/** Where a test puts what comes in, and media packets before they are sent. */
	readonly inbox: number;
	readonly outbox: number;
	/** Events since `heard` was asked: code, ":" place, "=" value. */
	readonly events: string[] = [];

	constructor(ssrc: number, ringBytes: number) {
		this.inbox = RING + ringBytes;
		this.outbox = this.inbox + INBOX_BYTES;
		this.arena = new Arena(this.outbox + INBOX_BYTES);
		this.feedback = new Feedback({ arena: this.arena, room: ROOM, ring: RING, ringBytes, ssrc, drops: this.drops });
	}

	/** The control packets that are due, as text. */
	due(now: number, wall = -1): string[] {
		const packets: string[] = [];
		for (;;) {
			const length = this.feedback.next(now, wall);
			if (length === 0) break;
			packets.push(formatHex(this.arena.bytes, this.feedback.offset, length));
		}
		this.listen();
		return packets;
	}

	/** The packets to send again, as text. */
	resends(): string[] {
		const packets: string[] = [];
		while (this.feedback.nextResend()) packets.push(formatHex(this.arena.bytes, this.feedback.offset, this.feedback.length));
		return packets;
	}

	/** A control packet comes. */
	open(packet: string, now: number): number {
		this.arena.bytes.set(bytes(packet), this.inbox);
		const verdict = this.feedback.open(this.inbox, packet.length / 2, now);
		this.listen();
		return verdict;
	}

	openAll(packets: readonly string[], now: number): void {
		for (let i = 0; i < packets.length; i++) this.open(packets[i], now);
	}

	/** A media packet of that number and size is sent; its bytes are its number, again and again. @returns it as text. */
	send(place: number, extended: number, timestamp: number, size: number, priority: number, now: number): string {
		const { view, bytes: all } = this.arena;
		for (let at = 0; at < size; at++) all[this.outbox + at] = at & 1 ? extended : extended >>> 8;
		view.setUint8(this.outbox, 0x90 + place);
		this.feedback.sent(place, extended & 0xffff, timestamp, this.outbox, size, size - 32, priority, now);
		return formatHex(all, this.outbox, size);
	}

	/** Events since this was asked last. */
	heard(): string {
		const text = this.events.join(" ");
		this.events.length = 0;
		return text;
	}

	private listen(): void {
		for (;;) {
			const event = this.feedback.event();
			if (event === EVENT_NONE) break;
			const contexts = event === EVENT_CONTEXT_ACK || event === EVENT_CONTEXT_NACK;
			let text = contexts ? event + "" : event + ":" + this.feedback.place;
			if (contexts || event === EVENT_REPORT) text += "=" + this.feedback.value;
			this.events.push(text);
		}
	}
}
