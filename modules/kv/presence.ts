import { Acks } from "kv/acks";
import {
	AT_ACK,
	AT_OPERATION,
	DATAGRAM_SIZE,
	OPERATION_ACK,
	OPERATION_CLOSE,
	OPERATION_JOIN,
	OPERATION_KEEPALIVE,
	OPERATION_LEAVE,
	PACKET_ACK,
	PACKET_CLOSE,
	PACKET_DROPPED,
	PACKET_VOICE,
	SYSTEM_SIZE,
} from "kv/constants";
import type { ChannelCounters } from "kv/counters";
import { Id } from "kv/id";
import type { KVSettings } from "kv/options";
import type { KVTimes } from "kv/times";
import { isSystem, type PacketWire, swapped } from "kv/wire";
import type { Arena } from "storage/arena";

/** Packets to be sent, one bit each, in this order. */
const KEEPALIVE = 1;
const JOIN = 2;
const LEAVE = 4;
const ANSWER = 8;

/** KEEPALIVEs after the first, in ms since the join, while nothing has come (section 4). */
const REPEATS = Object.freeze([500, 1000, 2000]);
/** Acknowledgements missed in a row that mean more than packets lost. */
export const MISSED_LIMIT = 6;
/** A KEEPALIVE that the host did not take, and a port tried in vain: the next one after (ms). */
const AGAIN = 1000;
const PROBE = 1000;

/**
 * A member's presence in a channel, without I/O: KEEPALIVEs, the repeats until the channel is heard, acknowledgements, and which of two
 * ports answers. A packet to be sent is written to `offset` by `compose`.
 */
export class Presence {
	/** Where system packets are written: DATAGRAM_SIZE bytes, free in between. */
	readonly offset: number;
	/** The channel's port, and the one that is tried too; 0: none. */
	port = 0;
	otherPort = 0;
	/** Where the packet at `offset` goes: 0 `port`, 1 `otherPort`. */
	target = 0;
	/** Something came from the channel since the join. */
	alive = false;
	/** When the last packet came; -Infinity: none since the join. */
	heardAt = -Infinity;
	/** Acknowledgements missed in a row, of a channel that has given some. */
	missed = 0;
	/** The channel has acknowledged since the join: it tells by that whether we are in. */
	acknowledges = false;
	readonly acks: Acks;
	/** Who sent the voice packet that `datagram` took last. */
	readonly speaker = new Id();
	#joined = false;
	#sends = 0;
	/** KEEPALIVEs ask for an acknowledgement: all but the very first. */
	#ask = false;
	#keepaliveAt = Infinity;
	#repeatAt = Infinity;
	#repeats = 0;
	#joinedAt = 0;
	#probeAt = Infinity;
	/** What an answer to a system packet of the channel carries. */
	#answer = 0;
	readonly #uid: Id;
	readonly #wire: PacketWire;
	readonly #view: DataView;
	readonly #bytes: Uint8Array;
	readonly #counters: ChannelCounters;
	readonly #times: KVTimes;
	/** Joining and leaving are told by system packets too; both orders of the port are tried. */
	readonly #userJoin: boolean;
	readonly #both: boolean;

	constructor(arena: Arena, offset: number, uid: Id, wire: PacketWire, counters: ChannelCounters, settings: KVSettings) {
		this.#view = arena.view;
		this.#bytes = arena.bytes;
		this.offset = offset;
		this.#uid = uid;
		this.#wire = wire;
		this.#counters = counters;
		this.#times = settings.times;
		this.#userJoin = settings.switches.userJoin;
		this.#both = settings.switches.portOrder === "auto";
		this.acks = new Acks(settings.times.ack);
	}

	/** Joined: the channel is at `port`. */
	open(port: number, now: number): void {
		this.close();
		this.port = port;
		this.#joined = true;
		this.#joinedAt = now;
		this.#repeatAt = now + REPEATS[0];
		this.#ask = false;
		if (this.#both && swapped(port) !== port) {
			this.otherPort = swapped(port);
			this.#probeAt = now + PROBE;
			this.#ask = true;
		}
		this.announce(now);
	}

	/** Joined no more: nothing is sent. */
	close(): void {
		this.#joined = false;
		this.#sends = 0;
		this.otherPort = 0;
		this.target = 0;
		this.alive = false;
		this.heardAt = -Infinity;
		this.missed = 0;
		this.acks.clear();
		this.acknowledges = false;
		this.#keepaliveAt = Infinity;
		this.#repeatAt = Infinity;
		this.#repeats = 0;
		this.#probeAt = Infinity;
	}

	/** About to leave: one last packet where the channel wants it. */
	leave(): void {
		this.close();
		if (this.#userJoin) this.#sends = LEAVE;
	}

	/** Our address may be another one, or packets were lost: KEEPALIVE goes out at once. */
	refresh(now: number): void {
		this.#sends |= KEEPALIVE;
		this.#keepaliveAt = now + this.#times.keepalive;
	}

	/** JOIN was answered once more: the channel is told at once that we are there. */
	rejoined(now: number): void {
		if (!this.alive && this.#repeats >= REPEATS.length) this.#repeatAt = now + this.#times.join;
		this.announce(now);
	}

	/** The host did not take a packet. */
	unsent(now: number): void {
		if (this.#keepaliveAt > now + AGAIN) this.#keepaliveAt = now + AGAIN;
	}

	get deadline(): number {
		let deadline = this.acks.deadline;
		if (this.#keepaliveAt < deadline) deadline = this.#keepaliveAt;
		if (this.#repeatAt < deadline) deadline = this.#repeatAt;
		if (this.#probeAt < deadline) deadline = this.#probeAt;
		return deadline;
	}

	tick(now: number): void {
		if (now >= this.#probeAt) this.probe(now);
		if (now >= this.#repeatAt) {
			this.#repeats++;
			this.#ask = true;
			this.#repeatAt = this.#repeats < REPEATS.length ? this.#joinedAt + REPEATS[this.#repeats] : now + this.#times.join;
			if (this.otherPort === 0) this.announce(now);
		}
		if (now >= this.#keepaliveAt) {
			this.#ask = true;
			this.refresh(now);
		}
		const expired = this.acks.expire(now);
		if (expired > 0) {
			this.#counters.ackTimeouts += expired;
			if (this.acknowledges) {
				this.missed += expired;
				if (this.missed < MISSED_LIMIT) this.refresh(now);
			}
		}
	}

	/** As {@link Session.datagram}. */
	datagram(at: number, length: number, source: number, now: number): number {
		const counters = this.#counters;
		if (source < 0) counters.wrongSource++;
		else if (length !== DATAGRAM_SIZE) counters.wrongSize++;
		else if (!this.#joined) counters.notJoined++;
		else if (isSystem(this.#view, at)) return this.system(at, source, now);
		else {
			const { speaker } = this;
			this.#wire.readUid(this.#view, at, speaker);
			if (!speaker.legal) counters.illegalUid++;
			else if (speaker.equals(this.#uid)) counters.ownPackets++;
			else {
				counters.packetsIn++;
				this.heard(source, now);
				return PACKET_VOICE;
			}
		}
		return PACKET_DROPPED;
	}

	/** Writes the next packet that is to be sent. @returns false when there is none. */
	compose(now: number): boolean {
		const sends = this.#sends;
		if (sends === 0) return false;
		const bit = sends & -sends;
		this.#sends = sends ^ bit;
		let operation = OPERATION_ACK;
		let ack = this.#answer;
		if (bit === KEEPALIVE) {
			operation = OPERATION_KEEPALIVE;
			ack = this.#ask ? this.acks.take(now) : 0;
		} else if (bit !== ANSWER) {
			operation = bit === JOIN ? OPERATION_JOIN : OPERATION_LEAVE;
			ack = 0;
		}
		this.#bytes.fill(0, this.offset + SYSTEM_SIZE, this.offset + DATAGRAM_SIZE);
		this.#wire.writeSystem(this.#view, this.offset, operation, this.#uid, ack);
		return true;
	}

	private system(at: number, source: number, now: number): number {
		const view = this.#view;
		const counters = this.#counters;
		if (!this.#wire.checks(view, at)) {
			counters.wrongChecksum++;
			return PACKET_DROPPED;
		}
		const operation = view.getUint32(at + AT_OPERATION);
		const ack = view.getUint32(at + AT_ACK, this.#wire.little);
		if (operation === OPERATION_CLOSE) {
			counters.systemIn++;
			if (ack !== 0) {
				this.#answer = ack;
				this.#sends |= ANSWER;
			}
			return PACKET_CLOSE;
		}
		if (operation !== OPERATION_ACK) {
			counters.unknownOperation++;
			return PACKET_DROPPED;
		}
		if (!this.#wire.bears(view, at, this.#uid) || !this.acks.resolve(ack, now)) {
			counters.strayAcks++;
			return PACKET_DROPPED;
		}
		counters.systemIn++;
		counters.acks++;
		this.acknowledges = true;
		this.heard(source, now);
		return PACKET_ACK;
	}

	/** The channel is there, and we are in it. */
	private heard(source: number, now: number): void {
		this.heardAt = now;
		this.missed = 0;
		if (!this.alive) this.settle(source, now);
	}

	private announce(now: number): void {
		this.refresh(now);
		if (this.#userJoin) this.#sends |= JOIN;
	}

	/** The port asked first has not answered: the other one is asked, and when that is silent too, the first one it is. */
	private probe(now: number): void {
		if (this.target === 0) {
			this.target = 1;
			this.#probeAt = now + PROBE;
		} else {
			this.target = 0;
			this.otherPort = 0;
			this.#probeAt = Infinity;
		}
		this.announce(now);
	}

	/** The channel is heard, from port number `source`. */
	private settle(source: number, now: number): void {
		this.alive = true;
		this.#repeatAt = Infinity;
		this.#probeAt = Infinity;
		if (this.otherPort === 0) return;
		const moved = source !== this.target;
		if (source === 1) this.port = this.otherPort;
		this.otherPort = 0;
		this.target = 0;
		if (moved) this.refresh(now);
	}
}
