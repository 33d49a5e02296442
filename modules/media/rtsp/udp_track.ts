import type { RTSPClient } from "media/rtsp/client";
import type { RTSPIO } from "media/rtsp/io";
import { OFFER_HELD, OFFER_NOW, Reorder } from "media/rtsp/reorder";
import type { RTSPTrack } from "media/rtsp/track";
import { type Datagram, DatagramStatus } from "net/datagram";
import { type PacketHandler, PacketReceiver } from "net/packet_receiver";
import type { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";

/** Packets that may wait for one that was overtaken. */
const HELD = 4;
/** Bytes of a datagram at most: an Ethernet frame's. One byte more tells that it was longer. */
const LIMIT = 1500;
/** Free before and behind a packet, with its own 12 bytes of header: who seals it needs no copy. */
const BEFORE = 24;
const BEHIND = 32;
const BLOCK = BEFORE + LIMIT + 4 + BEHIND;
const CONTROL_BYTES = 1024;
/** Key frames come in bursts: bytes of the host's receive queue. */
const RECEIVE_BUFFER = 262_144;
const PEERS = 4;
const TRIES = 64;

/** Bytes of the arena for one track. */
export const UDP_TRACK_BYTES = (HELD + 1) * BLOCK + CONTROL_BYTES;

/** The two sockets of a track by UDP: RTP at an even port, RTCP at the next (RFC 3550 11). Bound at boot, for ever. */
export class UDPTrack implements PacketHandler {
	/** Datagrams of others, and such that are too long. */
	strangers = 0;
	oversized = 0;
	readonly #client: RTSPClient;
	readonly #track: RTSPTrack;
	readonly #arena: Arena;
	readonly #pool: PacketPool;
	readonly #reorder = new Reorder(HELD);
	readonly #receiver: PacketReceiver;
	readonly #media: Datagram;
	readonly #control: Datagram;
	readonly #controlOffset: number;
	readonly #io: RTSPIO;
	readonly #changed: () => void;
	/** The server, as the sockets number it; -1: not known. */
	#peer = -1;
	#controlPeer = -1;
	/** Its address, while no packet came from an expected port: some servers send from another one than they say. */
	#address = "";

	/**
	 * Uses UDP_TRACK_BYTES bytes at `offset`; `changed` is called after packets were given to the client.
	 * @throws Error when no pair of ports can be had.
	 */
	constructor(
		io: RTSPIO,
		arena: Arena,
		offset: number,
		client: RTSPClient,
		track: RTSPTrack,
		local: string,
		changed: () => void,
	) {
		this.#io = io;
		this.#client = client;
		this.#track = track;
		this.#arena = arena;
		this.#changed = changed;
		this.#controlOffset = offset + (HELD + 1) * BLOCK;
		this.#pool = new PacketPool(arena, offset, HELD + 1, BLOCK);
		const onMedia = (): void => this.drain();
		const onControl = (): void => this.readControl();
		let media: Datagram | undefined;
		let control: Datagram | undefined;
		for (let tries = 0; control === undefined; tries++) {
			media = new io.Datagram({ address: local, peers: PEERS, receiveBuffer: RECEIVE_BUFFER, onReadable: onMedia });
			try {
				if ((media.port & 1) === 0)
					control = new io.Datagram({ address: local, port: media.port + 1, peers: PEERS, onReadable: onControl });
			} catch (error) {
				if (tries >= TRIES) {
					media.close();
					throw error;
				}
			}
			if (control === undefined) media.close();
			if (tries >= TRIES && control === undefined) throw new Error("no two ports in a row are free for UDP");
		}
		this.#media = media as Datagram;
		this.#control = control;
		this.#receiver = new PacketReceiver({
			arena,
			pool: this.#pool,
			headroom: BEFORE,
			limit: LIMIT + 1,
			reader: this.#media,
			handler: this,
		});
	}

	/** The port of RTP. */
	get port(): number {
		return this.#media.port;
	}

	/** When `tick` wants to be called. */
	get deadline(): number {
		return this.#reorder.deadline;
	}

	/** The server's ports are known, 0: not. A first datagram opens the way through firewalls. @returns false when it cannot be reached. */
	locate(address: string, port: number, controlPort: number): boolean {
		this.release();
		this.#address = address;
		if (port > 0) this.#peer = this.#media.peer(address, port);
		if (controlPort > 0) this.#controlPeer = this.#control.peer(address, controlPort);
		if (port > 0 && this.#peer < 0) return false;
		const { view } = this.#arena;
		/* An empty receiver report, which both sockets' firewalls see go out. */
		view.setUint32(this.#controlOffset, 0x80c90001);
		view.setUint32(this.#controlOffset + 4, 0);
		if (this.#peer >= 0) this.#media.write(this.#arena.buffer, this.#controlOffset, 8, this.#peer);
		if (this.#controlPeer >= 0) this.#control.write(this.#arena.buffer, this.#controlOffset, 8, this.#controlPeer);
		return true;
	}

	/** The server is gone. */
	release(): void {
		if (this.#peer >= 0) this.#media.forget(this.#peer);
		if (this.#controlPeer >= 0) this.#control.forget(this.#controlPeer);
		this.#peer = -1;
		this.#controlPeer = -1;
		this.#address = "";
		for (let block = this.#reorder.flush(); block >= 0; block = this.#reorder.flush()) this.#pool.release(block);
		this.#reorder.begin();
	}

	report(offset: number, length: number): void {
		if (this.#controlPeer >= 0) this.#control.write(this.#arena.buffer, offset, length, this.#controlPeer);
	}

	/** Gives on what has waited enough. */
	tick(now: number): void {
		for (let block = this.#reorder.take(now); block >= 0; block = this.#reorder.take(now)) {
			this.give(block, now);
			this.#pool.release(block);
		}
	}

	/** For the receiver: a datagram. */
	received(block: number, offset: number, length: number, source: number, now: number): number {
		if (source !== this.#peer && !this.isServer(source)) {
			this.strangers++;
			return block;
		}
		if (length > LIMIT) {
			this.oversized++;
			return block;
		}
		if (length < 4) {
			this.#track.malformed++;
			return block;
		}
		const outcome = this.#reorder.offer(this.#arena.view.getUint16(offset + 2), block, now);
		if (outcome === OFFER_HELD) {
			this.tick(now);
			return this.#pool.take();
		}
		this.give(block, now);
		if (outcome === OFFER_NOW && this.#reorder.held > 0) this.tick(now);
		return block;
	}

	close(): void {
		this.#receiver.stop();
		this.#media.close();
		this.#control.close();
	}

	private give(block: number, now: number): void {
		this.#client.reception.packet(this.#track, this.#pool.offset(block) + BEFORE, this.#pool.lengths[block], now);
	}

	/** The server may send from a port that it did not name: the first that it sends from counts. */
	private isServer(source: number): boolean {
		if (this.#address === "" || source < 0 || this.#track.ssrc >= 0) return false;
		if (this.#media.peerAddress(source) !== this.#address) return false;
		if (this.#peer >= 0) this.#media.forget(this.#peer);
		this.#peer = this.#media.peer(this.#address, this.#media.peerPort(source));
		return this.#peer >= 0;
	}

	private drain(): void {
		const now = this.#io.monotonic();
		if (this.#receiver.drain(now) > 0) this.#changed();
	}

	/** One control packet in a turn: they are seldom. */
	private readControl(): void {
		const control = this.#control;
		const length = control.read(this.#arena.buffer, this.#controlOffset, CONTROL_BYTES);
		if (length === DatagramStatus.AGAIN || length < 0) return;
		if (control.source !== this.#controlPeer && (this.#address === "" || control.peerAddress(control.source) !== this.#address)) {
			this.strangers++;
			return;
		}
		this.#client.control(this.#track, this.#controlOffset, length, this.#io.monotonic());
		this.#changed();
	}
}
