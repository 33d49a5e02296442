/** One channel of a KV server: a UDP socket that hands voice from each joined member to the others (reference 2.3). */
import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import type { KvRules } from "./kv_rules.ts";
import type { SystemFields, SystemPacket, WireOrders } from "./kv_wire.ts";
import { acknowledge, encodeSystem, isSystem, Operation, operationName, PACKET_BYTES, readSystem, readVoice } from "./kv_wire.ts";

const KEPT_TIMES = 64;

/** A member: joined by TCP; its address comes by UDP. */
export interface KvMember {
	readonly uid: bigint;
	/** Milliseconds of the process's monotonic clock, as all times here. */
	readonly joinedAt: number;
	address: string;
	/** 0: not known yet, so nothing is forwarded to it. */
	port: number;
	/** Times at which its address changed, the first one not counted. */
	moves: number;
	firstDatagram: number | undefined;
	/** The last one, or that a gap was already reported. */
	lastKeepalive: number | undefined;
	/** When it gave the last sign that counts against eviction. */
	lastSign: number;
	lastDatagram: number;
	keepaliveTimes: number[];
	keepalives: number;
	joins: number;
	leaves: number;
	/** Voice of it; voice sent to it. */
	voiceIn: number;
	voiceOut: number;
}

/** Datagrams that went nowhere, by reason. */
export interface KvDrops {
	size: number;
	checksum: number;
	operation: number;
	notJoined: number;
}

/** What a channel decides by and tells. */
export interface ChannelHost {
	readonly rules: KvRules;
	readonly orders: WireOrders;
	/** Milliseconds without a sign after which a member is removed. */
	readonly evictionMs: number;
	/** True: voice counts as a sign of life too; false: KEEPALIVE and SYS_JOIN alone. */
	readonly voiceKeepsAlive: boolean;
	/** True: a member hears itself as well. */
	readonly echo: boolean;
	/** True: the address is learned from SYS_JOIN alone. */
	readonly userJoin: boolean;
	/** False: nothing is acknowledged, as by the original server. */
	readonly acknowledges: boolean;
	/** A datagram of a uid that is no member. */
	stranger(channel: KvChannel, uid: bigint, kind: string): void;
	evicted(channel: KvChannel, member: KvMember): void;
	/** Every sound datagram of a member. */
	heard(channel: KvChannel, member: KvMember, datagram: Buffer, kind: string): void;
}

export class KvChannel {
	readonly id: bigint;
	readonly owner: bigint;
	readonly members = new Map<bigint, KvMember>();
	/** When each left, for datagrams that come too late. */
	readonly left = new Map<bigint, number>();
	readonly drops: KvDrops = { size: 0, checksum: 0, operation: 0, notJoined: 0 };
	/** Port that JOIN and GET_PORT tell; another one than `port` when something stands in between. */
	advertised = 0;
	/** True: it takes datagrams and answers none, forwards none. */
	mute = false;
	readonly #host: ChannelHost;
	readonly #timer: NodeJS.Timeout;
	#socket: Socket | undefined;
	#port = 0;

	constructor(id: bigint, owner: bigint, host: ChannelHost) {
		this.id = id;
		this.owner = owner;
		this.#host = host;
		this.#timer = setInterval(() => this.#look(), Math.min(250, host.evictionMs / 4));
	}

	/** The socket's own port. */
	get port(): number {
		return this.#port;
	}

	/** Opens the socket, or another one in its place. Port 0: any. @returns the port */
	async open(port: number, address: string): Promise<number> {
		const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4" });
		await new Promise<void>((resolve, reject) => {
			socket.once("error", reject);
			socket.bind(port, address, () => {
				socket.off("error", reject);
				resolve();
			});
		});
		// A member that is gone answers by ICMP; its datagrams are lost, no more.
		socket.on("error", () => undefined);
		socket.on("message", (datagram, from) => this.#receive(datagram, from));
		this.#socket?.close();
		this.#socket = socket;
		this.#port = socket.address().port;
		this.advertised = this.#port;
		return this.#port;
	}

	close(): void {
		clearInterval(this.#timer);
		this.#socket?.close();
		this.#socket = undefined;
	}

	/** By TCP JOIN; one that is there stays as it is. */
	join(uid: bigint): void {
		this.left.delete(uid);
		if (this.members.has(uid)) return;
		const now = performance.now();
		this.members.set(uid, {
			uid,
			joinedAt: now,
			address: "",
			port: 0,
			moves: 0,
			firstDatagram: undefined,
			lastKeepalive: undefined,
			lastSign: now,
			lastDatagram: 0,
			keepaliveTimes: [],
			keepalives: 0,
			joins: 0,
			leaves: 0,
			voiceIn: 0,
			voiceOut: 0,
		});
	}

	/** By TCP LEAVE. @returns false when it was no member */
	leave(uid: bigint): boolean {
		this.left.set(uid, performance.now());
		return this.members.delete(uid);
	}

	/** Any bytes to a member, from the channel's own address. */
	send(uid: bigint, datagram: Buffer): void {
		const member = this.members.get(uid);
		if (member === undefined || member.port === 0) throw new Error(`${uid.toString(16)} has no address in this channel`);
		this.#socket?.send(datagram, member.port, member.address);
	}

	/** A system packet to a member, right or forged. */
	sendSystem(uid: bigint, fields: Partial<SystemFields> & { readonly operation: number }): void {
		this.send(uid, encodeSystem({ uid, ...fields }, this.#host.orders));
	}

	/** Tells all members that the channel ends. */
	announceClose(): void {
		for (const member of this.members.values())
			if (member.port !== 0) this.sendSystem(member.uid, { operation: Operation.CLOSE });
	}

	#receive(datagram: Buffer, from: RemoteInfo): void {
		if (datagram.length !== PACKET_BYTES) {
			this.drops.size += 1;
			this.#host.rules.size(datagram.length, `${from.address}:${from.port}`);
		} else if (isSystem(datagram)) this.#system(datagram, from);
		else this.#voice(datagram);
	}

	#member(uid: bigint, kind: string): KvMember | undefined {
		const member = this.members.get(uid);
		if (member === undefined) {
			this.drops.notJoined += 1;
			const left = this.left.get(uid);
			if (left === undefined) this.#host.stranger(this, uid, kind);
			else this.#host.rules.afterLeave(kind, performance.now() - left);
			return undefined;
		}
		const now = performance.now();
		if (member.firstDatagram === undefined) {
			member.firstDatagram = now;
			this.#host.rules.first(member, kind, now);
		}
		member.lastDatagram = now;
		return member;
	}

	#system(datagram: Buffer, from: RemoteInfo): void {
		const packet = readSystem(datagram, this.#host.orders);
		this.#host.rules.system(packet, datagram);
		if (!packet.sound) {
			this.drops.checksum += 1;
			return;
		}
		const kind = operationName(packet.operation);
		const member = this.#member(packet.uid, kind);
		if (member === undefined) return;
		if (packet.operation === Operation.KEEPALIVE) this.#keepalive(member, from);
		else if (packet.operation === Operation.JOIN) {
			member.joins += 1;
			this.#located(member, from);
		} else if (packet.operation === Operation.LEAVE) {
			member.leaves += 1;
			member.port = 0;
		} else {
			if (packet.operation !== Operation.ACK) this.drops.operation += 1;
			return;
		}
		if (packet.operation !== Operation.LEAVE) member.lastSign = performance.now();
		this.#host.heard(this, member, datagram, kind);
		this.#acknowledge(packet, datagram, from);
	}

	#acknowledge(packet: SystemPacket, datagram: Buffer, from: RemoteInfo): void {
		if (packet.ackid === 0 || this.mute || !this.#host.acknowledges) return;
		this.#socket?.send(acknowledge(datagram), from.port, from.address);
	}

	#keepalive(member: KvMember, from: RemoteInfo): void {
		const now = performance.now();
		member.keepalives += 1;
		member.lastKeepalive = now;
		member.keepaliveTimes.push(now);
		if (member.keepaliveTimes.length > KEPT_TIMES) member.keepaliveTimes.shift();
		this.#host.rules.keepalive(member, now);
		if (!this.#host.userJoin) this.#located(member, from);
	}

	#located(member: KvMember, from: RemoteInfo): void {
		if (member.port === from.port && member.address === from.address) return;
		if (member.port !== 0) member.moves += 1;
		member.address = from.address;
		member.port = from.port;
	}

	#voice(datagram: Buffer): void {
		const packet = readVoice(datagram, this.#host.orders);
		const member = this.#member(packet.uid, "voice");
		if (member === undefined) return;
		member.voiceIn += 1;
		if (this.#host.voiceKeepsAlive) member.lastSign = member.lastDatagram;
		this.#host.rules.voice(member, packet.data);
		this.#host.heard(this, member, datagram, "voice");
		if (this.mute) return;
		for (const other of this.members.values()) {
			if (other.port === 0 || (other === member && !this.#host.echo)) continue;
			other.voiceOut += 1;
			this.#socket?.send(datagram, other.port, other.address);
		}
	}

	/** Removes those that gave no sign, and looks for missing KEEPALIVEs. */
	#look(): void {
		const now = performance.now();
		for (const member of this.members.values()) {
			if (this.#host.rules.gap(member, now)) member.lastKeepalive = now;
			if (now - member.lastSign < this.#host.evictionMs) continue;
			this.members.delete(member.uid);
			this.#host.evicted(this, member);
		}
	}
}
