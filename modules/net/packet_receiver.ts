import { DatagramStatus } from "net/datagram";
import type { Arena } from "storage/arena";
import type { PacketPool } from "storage/pool";

/** The part of a `Datagram` that receives. */
export interface DatagramReader {
	read(buffer: ArrayBuffer, offset: number, length: number): number;
	readonly source: number;
}

/** Who the datagrams are for. */
export interface PacketHandler {
	/**
	 * A datagram of `length` bytes lies at `offset`, in `block` of the receiver's pool; `source` is its sender's peer number.
	 * @returns the block that the next datagram goes to: `block` when this one is done with or was copied; another block of the same
	 * pool, which is the receiver's from now on, when the handler keeps it.
	 */
	received(block: number, offset: number, length: number, source: number, now: number): number;
	/** All datagrams of a turn were given: what they caused can be sent in one go. */
	turnEnded?(now: number): void;
}

export interface PacketReceiverOptions {
	readonly arena: Arena;
	/** Blocks for datagrams; the receiver always has one of them. */
	readonly pool: PacketPool;
	/** Bytes left free at the start of a block, for headers. Default 0. */
	readonly headroom?: number;
	/** Bytes of a datagram at most; default what is left of a block. A longer one is cut off there by the host. */
	readonly limit?: number;
	readonly reader: DatagramReader;
	readonly handler: PacketHandler;
	/** Datagrams in one turn, at most. Default 32. */
	readonly batch?: number;
}

/**
 * Receives datagrams into the blocks of a pool, in batches: after so many it yields, and as sockets are level-triggered the rest
 * comes in the next turn. Nothing is copied: a handler that wants to keep a datagram swaps its block for another.
 */
export class PacketReceiver {
	/** Datagrams, and their bytes; reads that failed (an ICMP answer to what was sent, no memory); turns that ended at the bound. */
	datagrams = 0;
	bytes = 0;
	failures = 0;
	full = 0;
	readonly #buffer: ArrayBuffer;
	readonly #pool: PacketPool;
	readonly #headroom: number;
	readonly #limit: number;
	readonly #reader: DatagramReader;
	readonly #handler: PacketHandler;
	readonly #batch: number;
	#block: number;

	/** @throws RangeError when the pool has no block or a block has no room. */
	constructor(options: PacketReceiverOptions) {
		const { pool } = options;
		const headroom = options.headroom ?? 0;
		const limit = options.limit ?? pool.size - headroom;
		const block = pool.take();
		if (block < 0 || limit < 1 || headroom < 0 || headroom + limit > pool.size)
			throw new RangeError("packet receiver: a block of the pool has no room for a datagram");
		this.#buffer = options.arena.buffer;
		this.#pool = pool;
		this.#headroom = headroom;
		this.#limit = limit;
		this.#reader = options.reader;
		this.#handler = options.handler;
		this.#batch = options.batch ?? 32;
		this.#block = block;
	}

	/** Takes what waits. For `onReadable`. @returns datagrams received. */
	drain(now: number): number {
		const pool = this.#pool;
		const reader = this.#reader;
		const handler = this.#handler;
		const batch = this.#batch;
		let block = this.#block;
		let count = 0;
		let tries = 0;
		for (; tries < batch; tries++) {
			const offset = pool.offset(block) + this.#headroom;
			const length = reader.read(this.#buffer, offset, this.#limit);
			if (length >= 0) {
				count++;
				this.bytes += length;
				pool.lengths[block] = length;
				block = handler.received(block, offset, length, reader.source, now);
			} else if (length === DatagramStatus.FAILED) this.failures++;
			else {
				if (length === DatagramStatus.NO_MEMORY) this.failures++;
				break;
			}
		}
		this.#block = block;
		this.datagrams += count;
		if (tries === batch) this.full++;
		if (count > 0) handler.turnEnded?.(now);
		return count;
	}
}
