import type { Control } from "kv/control";
import {
	AT_PAYLOAD,
	DATAGRAM_SIZE,
	EVENT_ALIVE,
	EVENT_CANCEL,
	EVENT_CLOSED,
	EVENT_CLOSE_IGNORED,
	EVENT_CREATED,
	EVENT_GONE,
	EVENT_JOINED,
	EVENT_LOST,
	EVENT_NONE,
	EVENT_PORT,
	EVENT_REFUSED,
	EVENT_REGISTERED,
	EVENT_REQUEST,
	EVENT_SEND,
	EVENT_STOPPED,
	PACKET_VOICE,
	REASON_REQUEST,
	REASON_TEXT,
} from "kv/constants";
import type { Framing } from "kv/framing";
import type { Id } from "kv/id";
import type { KVIO } from "kv/io";
import type { KVSettings } from "kv/options";
import type { Request } from "kv/request";
import { Session } from "kv/session";
import { type Logger, type LogFields, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING } from "host/logger";
import type { Voice } from "media/voice/voice";
import { type Datagram, DatagramStatus } from "net/datagram";
import { DROPPED, SENT } from "net/packet_queue";
import { Want } from "net/stream";
import type { Arena } from "storage/arena";
import type { RandomSource } from "time/backoff";

const AREA = "kv";
/** Upper halves of user ids. */
const KEYS = 0x1_0000_0000;
/** Datagrams read in one turn before others get theirs (section 4). */
const READS = 32;
/** What is read from the network, and system packets on their way out. One byte more than a datagram may have tells the longer ones. */
export const PACKET_SIZE = DATAGRAM_SIZE + 1;
/** The channel's two possible ports, and strangers. */
const PEERS = 4;
/** Priorities of packets that wait for the host: the oldest voice has to go first. */
export const PRIORITY_SYSTEM = 0;
export const PRIORITY_VOICE = 1;
export const PRIORITY_COUNT = 2;
/** Where a packet goes: this times the channel's index, and 0 for its port, 1 for the other one that is tried. */
export const TARGETS = 2;
const EVERYWHERE = "::";
const EVERYWHERE_4 = "0.0.0.0";

/** Who is told what a channel needs. */
export interface ChannelOwner {
	readonly control: Control;
	/** The server's numeric address as the last request used it. */
	readonly address: string;
	/** Sends DATAGRAM_SIZE bytes at `at` to a target of a channel, now or when the host takes them. @returns as `PacketQueue.send`. */
	sendPacket(at: number, target: number, priority: number, now: number): number;
	/** A socket takes packets again. */
	writable(): void;
	/** A request is to be made, as soon as the queue takes it. */
	submit(request: Request): void;
	cancel(request: Request): void;
	channelJoined(): void;
	/** It is not joined and tries again later. */
	channelLost(): void;
	channelStopped(): void;
	/** Something happened: deadlines may be others. */
	turn(): void;
}

/** What all channels of an endpoint have in common. */
export interface ChannelOptions {
	readonly settings: KVSettings;
	readonly io: KVIO;
	readonly arena: Arena;
	/** Offset of PACKET_SIZE bytes that all share: nothing stays in them. */
	readonly packet: number;
	readonly framing: Framing;
	readonly voice: Voice | undefined;
	readonly log: Logger;
	readonly random: RandomSource;
}

/** One channel on the network: its session, and the socket that its packets go through. */
export class Channel {
	readonly index: number;
	readonly session: Session;
	readonly #options: ChannelOptions;
	readonly #owner: ChannelOwner;
	readonly #datagram: Datagram;
	readonly #buffer: ArrayBuffer;
	readonly #packet: number;
	/** The channel's ports as the socket numbers them. */
	#peer = -1;
	#other = -1;
	/** The socket's errors so far. */
	#refused = 0;
	/** The channel's own address: another look-up does not change it. */
	#address = "";

	/** @param index 0 for the first channel. @param id of the channel, undefined: one of its own. */
	constructor(index: number, id: Id | undefined, options: ChannelOptions, owner: ChannelOwner) {
		const { settings, io, arena, random } = options;
		this.index = index;
		this.#options = options;
		this.#owner = owner;
		this.#buffer = arena.buffer;
		this.#packet = options.packet;
		this.#datagram = openDatagram(io, settings.address.host, this);
		this.session = new Session({
			settings,
			channel: id,
			arena,
			offset: options.packet,
			random,
			done: () => {
				this.session.answered(io.monotonic());
				this.dispatch(io.monotonic());
			},
		});
	}

	get localPort(): number {
		return this.#datagram.port;
	}

	/** Sends the 504 bytes at `payload` as voice; 8 bytes before them are written. @returns whether they are sent, or wait to be. */
	send(payload: number, now: number): boolean {
		const { session } = this;
		const at = payload - AT_PAYLOAD;
		session.wire.writeUid(this.#options.arena.view, at, session.uid);
		const taken = this.submit(at, 0, PRIORITY_VOICE, now);
		if (taken) session.counters.packetsOut++;
		else session.counters.unsent++;
		return taken;
	}

	/** Handles what the session reports. */
	dispatch(now: number): void {
		const { session } = this;
		for (let event = session.poll(now); event !== EVENT_NONE; event = session.poll(now)) {
			if (event === EVENT_SEND) {
				if (this.submit(session.presence.offset, session.presence.target, PRIORITY_SYSTEM, now)) session.counters.systemOut++;
			} else this.handle(event, now);
		}
	}

	/** Gives a packet to the host. @returns as `Datagram.write`. */
	write(at: number, target: number): number {
		const peer = target === 0 ? this.#peer : this.#other;
		if (peer < 0) return DatagramStatus.FAILED;
		const result = this.#datagram.write(this.#buffer, at, DATAGRAM_SIZE, peer);
		if (result === DatagramStatus.AGAIN) this.#datagram.want(Want.BOTH);
		return result;
	}

	/** The host takes packets again. */
	writable(): void {
		this.#datagram.want(Want.READ);
		this.#owner.writable();
	}

	/** Frees what is native. */
	dispose(): void {
		this.#datagram.close();
	}

	private handle(event: number, now: number): void {
		const { session } = this;
		const owner = this.#owner;
		switch (event) {
			case EVENT_REQUEST:
				owner.submit(session.request);
				break;
			case EVENT_CANCEL:
				owner.cancel(session.request);
				break;
			case EVENT_PORT:
				this.bind();
				break;
			case EVENT_REGISTERED:
				this.log(LEVEL_INFO, "registered", { uid: session.uid.toString() });
				break;
			case EVENT_CREATED:
				this.log(LEVEL_INFO, "created", { channel: session.channel.toString(), uid: session.uid.toString() });
				break;
			case EVENT_JOINED:
				this.log(LEVEL_INFO, "joined", {
					channel: session.channel.toString(),
					uid: session.uid.toString(),
					address: this.#address,
					port: session.presence.port,
				});
				owner.channelJoined();
				break;
			case EVENT_ALIVE:
				this.log(LEVEL_DEBUG, "heard", { channel: session.channel.toString(), port: session.presence.port });
				break;
			case EVENT_CLOSED:
				this.log(LEVEL_WARNING, "channel-closed", { channel: session.channel.toString() });
				break;
			case EVENT_CLOSE_IGNORED:
				this.log(LEVEL_WARNING, "close-ignored", { channel: session.channel.toString() });
				break;
			case EVENT_GONE:
				this.log(LEVEL_WARNING, "channel-gone", { channel: session.channel.toString() });
				break;
			case EVENT_LOST:
				this.log(LEVEL_WARNING, "lost", this.end(now));
				owner.channelLost();
				break;
			case EVENT_REFUSED:
				this.log(LEVEL_WARNING, "refused", this.end(now));
				owner.channelLost();
				break;
			case EVENT_STOPPED:
				this.unbind();
				owner.channelStopped();
		}
	}

	/** Not joined, for now. @returns what the log says of it. */
	private end(now: number): LogFields {
		const { session } = this;
		this.unbind();
		return {
			channel: session.channel.toString(),
			reason: session.reason === REASON_REQUEST ? session.request.text : REASON_TEXT[session.reason],
			retry: session.retryAt === Infinity ? -1 : Math.round(session.retryAt - now) / 1000,
		};
	}

	/** The ports of the channel are known, or other ones. */
	private bind(): void {
		const { presence } = this.session;
		const address = this.#address === "" ? this.#owner.address : this.#address;
		this.unbind();
		this.#address = address;
		this.#peer = this.#datagram.peer(address, presence.port);
		if (presence.otherPort !== 0) this.#other = this.#datagram.peer(address, presence.otherPort);
	}

	private unbind(): void {
		if (this.#peer >= 0) this.#datagram.forget(this.#peer);
		if (this.#other >= 0) this.#datagram.forget(this.#other);
		this.#peer = -1;
		this.#other = -1;
		this.#address = "";
	}

	private submit(at: number, target: number, priority: number, now: number): boolean {
		const outcome = this.#owner.sendPacket(at, this.index * TARGETS + target, priority, now);
		// That nobody takes a packet (ICMP) is known when one of the next is sent.
		const { errors } = this.#datagram;
		const refused = errors !== this.#refused;
		this.#refused = errors;
		if (outcome === SENT || outcome === DROPPED || refused) this.session.sent(outcome === SENT && !refused, now);
		return outcome !== DROPPED;
	}

	/** Datagrams wait: as many as one turn may have. */
	readable(): void {
		const { session } = this;
		const datagram = this.#datagram;
		const now = this.#options.io.monotonic();
		for (let i = 0; i < READS; i++) {
			const length = datagram.read(this.#buffer, this.#packet, PACKET_SIZE);
			if (length < 0) break;
			const from = datagram.source;
			const source = from < 0 ? -1 : from === this.#peer ? 0 : from === this.#other ? 1 : -1;
			if (session.datagram(this.#packet, length, source, now) === PACKET_VOICE) this.hear(now);
		}
		this.dispatch(now);
		this.#owner.turn();
	}

	/** Gives the voice packet just taken to the listener. */
	private hear(now: number): void {
		const { voice, framing } = this.#options;
		if (!voice) return;
		const { speaker } = this.session.presence;
		// The same user in two channels is two streams: the key's upper half goes on above 32 bits, so no two of them are alike.
		const number = voice.speaker(speaker.low, speaker.high + this.index * KEYS, now);
		if (number < 0) return;
		const payload = this.#packet + AT_PAYLOAD;
		framing.read(payload);
		voice.receive(number, payload, DATAGRAM_SIZE - AT_PAYLOAD, now, framing.sequence, framing.timestamp);
	}

	private log(level: number, event: string, fields: LogFields): void {
		this.#options.log.log(level, AREA, event, fields);
	}
}

/** A socket for the server's family of addresses; for a name, for both where the host has both. */
function openDatagram(io: KVIO, host: string, channel: Channel): Datagram {
	const onReadable = () => channel.readable();
	const onWritable = () => channel.writable();
	if (isDotted(host)) return new io.Datagram({ address: EVERYWHERE_4, peers: PEERS, onReadable, onWritable });
	try {
		return new io.Datagram({ address: EVERYWHERE, peers: PEERS, onReadable, onWritable });
	} catch {
		return new io.Datagram({ address: EVERYWHERE_4, peers: PEERS, onReadable, onWritable });
	}
}

function isDotted(host: string): boolean {
	for (let i = 0; i < host.length; i++) {
		const char = host[i];
		if (char !== "." && (char < "0" || char > "9")) return false;
	}
	return true;
}
