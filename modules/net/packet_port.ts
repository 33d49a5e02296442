import type { DatagramOptions } from "net/datagram";
import { Datagram } from "net/datagram";
import type { PacketQueueOptions } from "net/packet_queue";
import { PacketQueue } from "net/packet_queue";
import type { PacketHandler } from "net/packet_receiver";
import { PacketReceiver } from "net/packet_receiver";
import { Want } from "net/stream";
import type { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { monotonic } from "time/clock";
import Timer from "time/timer";

export interface PacketPortOptions {
	readonly arena: Arena;
	/** Start of its region, {@link packetPortBytes} long. */
	readonly offset: number;
	/** Blocks that datagrams are received into, 1 or more: those that the handler may keep, and one, or `ahead`. */
	readonly receive: number;
	/** Packets that may wait to be sent. */
	readonly send: number;
	/** Bytes of a block, head room included. */
	readonly size: number;
	/** Bytes free before a received datagram. Default 0. */
	readonly headroom?: number;
	readonly handler: PacketHandler;
	/** Datagrams received in one turn, at most. Default 32. */
	readonly batch?: number;
	/** Datagrams read from the host at a time, 1 to 32; the socket should have so many peers and one. Default 1. */
	readonly ahead?: number;
	/** Milliseconds after which a packet that waits is of no use. Default 100. */
	readonly age?: number;
	/** Makes the send queue, for an owner that has one of its own kind. */
	makeQueue?(options: PacketQueueOptions): PacketQueue;
	/** Of the socket; callbacks are the port's. */
	readonly socket: Pick<DatagramOptions, "address" | "port" | "peers" | "receiveBuffer">;
}

/** Bytes of a port's region. */
export function packetPortBytes(receive: number, send: number, size: number): number {
	return (receive + send) * size;
}

/** A UDP socket with its {@link PacketReceiver} and {@link PacketQueue}, on the event loop. `close` and a new one for another address. */
export class PacketPort {
	readonly datagram: Datagram;
	readonly receiver: PacketReceiver;
	readonly queue: PacketQueue;
	/** Blocks of received datagrams, for handlers that keep some. */
	readonly received: PacketPool;
	/** Blocks of packets that wait to be sent. */
	readonly outgoing: PacketPool;
	readonly #timer: Timer;
	#armed = Infinity;
	#writable = false;
	#closed = false;

	/** @throws Error naming the address and the host's reason when it cannot bind. */
	constructor(options: PacketPortOptions) {
		const { arena, offset, receive, send, size, socket } = options;
		this.received = new PacketPool(arena, offset, receive, size);
		this.outgoing = new PacketPool(arena, offset + receive * size, send, size);
		this.datagram = new Datagram({
			address: socket.address,
			port: socket.port,
			peers: socket.peers,
			receiveBuffer: socket.receiveBuffer,
			onReadable: () => {
				this.receiver.drain(monotonic());
			},
			onWritable: () => this.#flush(),
		});
		const { headroom, handler, batch, ahead, age } = options;
		this.receiver = new PacketReceiver({ arena, pool: this.received, headroom, reader: this.datagram, handler, batch, ahead });
		const queue: PacketQueueOptions = { arena, pool: this.outgoing, writer: this.datagram, age };
		this.queue = options.makeQueue ? options.makeQueue(queue) : new PacketQueue(queue);
		this.#timer = new Timer({ onTimer: () => this.#due() });
	}

	/** Sends a packet from where it lies, or a copy of it later. @returns as {@link PacketQueue.send}. */
	send(offset: number, length: number, peer: number, priority: number, now: number): number {
		const outcome = this.queue.send(offset, length, peer, priority, now);
		if (this.queue.waiting > 0) this.#arm(now);
		return outcome;
	}

	/** As {@link PacketQueue.commit}. */
	commit(block: number, offset: number, length: number, peer: number, priority: number, now: number): number {
		const outcome = this.queue.commit(block, offset, length, peer, priority, now);
		if (this.queue.waiting > 0) this.#arm(now);
		return outcome;
	}

	/** What was given to `queue` itself is looked after from now on. */
	attend(now: number): void {
		if (this.queue.waiting > 0) this.#arm(now);
	}

	/** Safe twice. */
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.receiver.stop();
		this.queue.clear();
		this.#timer.close();
		this.datagram.close();
	}

	#due(): void {
		this.#armed = Infinity;
		this.#flush();
	}

	#flush(): void {
		const now = monotonic();
		this.queue.flush(now);
		this.#arm(now);
	}

	#arm(now: number): void {
		const { wantsWritable, deadline } = this.queue;
		if (wantsWritable !== this.#writable) {
			this.#writable = wantsWritable;
			this.datagram.want(wantsWritable ? Want.BOTH : Want.READ);
		}
		if (deadline === this.#armed || deadline === Infinity) return;
		this.#armed = deadline;
		this.#timer.schedule(deadline > now ? deadline - now : 0);
	}
}
