import { DatagramStatus } from "net/datagram";
import type { Arena } from "storage/arena";
import type { PacketPool } from "storage/pool";

/** The part of a `Datagram` that receives. */
export interface DatagramReader {
	read(buffer: ArrayBuffer, offset: number, length: number): number;
	readonly source: number;
	readMany?(buffer: ArrayBuffer, table: ArrayBuffer, count: number, limit: number): number;
}

/** Words of a datagram in the table of `Datagram.readMany`. */
const ROW = 3;
const LENGTH = 1;
const SOURCE = 2;
/** Rows at most. */
const MOST_AHEAD = 32;

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
	/** Blocks for datagrams; the receiver always has one of them, or `ahead`. */
	readonly pool: PacketPool;
	/** Bytes left free at the start of a block, for headers. Default 0. */
	readonly headroom?: number;
	/** Bytes of a datagram at most; default what is left of a block. A longer one is cut off there by the host. */
	readonly limit?: number;
	readonly reader: DatagramReader;
	readonly handler: PacketHandler;
	/** Datagrams in one turn, at most. Default 32. */
	readonly batch?: number;
	/** Datagrams read from the host at a time, 1 to 32, each into a block of its own. Default 1. */
	readonly ahead?: number;
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
	/** A row for each datagram that is read at a time, and its block; one row: they are read one by one. */
	readonly #table: Int32Array;
	readonly #blocks: Int32Array;
	#rows = 1;

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
		const ahead = options.reader.readMany === undefined ? 1 : (options.ahead ?? 1);
		if (ahead < 1 || ahead > MOST_AHEAD) throw new RangeError("packet receiver: 1 to 32 datagrams ahead");
		this.#rows = ahead;
		this.#table = new Int32Array(ahead * ROW);
		this.#blocks = new Int32Array(ahead);
		for (let row = 0; row < ahead; row++) {
			const it = row === 0 ? block : pool.take();
			if (it < 0) throw new RangeError("packet receiver: too few blocks");
			this.#blocks[row] = it;
			this.#table[row * ROW] = pool.offset(it) + headroom;
		}
	}

	/** Nothing is given to the handler any more, not even what was read already. */
	stop(): void {
		this.#rows = 0;
	}

	/** Takes what waits. For `onReadable`. @returns datagrams received. */
	drain(now: number): number {
		if (this.#rows !== 1) return this.drainMany(now);
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

	private drainMany(now: number): number {
		const table = this.#table;
		const batch = this.#batch;
		const reader = this.#reader as Required<DatagramReader>;
		let count = 0;
		let tries = 0;
		while (tries < batch && this.#rows > 0) {
			const left = batch - tries;
			const wanted = left < this.#rows ? left : this.#rows;
			const got = reader.readMany(this.#buffer, table.buffer as ArrayBuffer, wanted, this.#limit);
			if (got >= 0) {
				this.give(got, now);
				count += got;
				tries += got;
				if (got < wanted) break;
			} else if (got === DatagramStatus.FAILED) {
				this.failures++;
				tries++;
			} else {
				if (got === DatagramStatus.NO_MEMORY) this.failures++;
				break;
			}
		}
		this.datagrams += count;
		if (tries >= batch) this.full++;
		if (count > 0) this.#handler.turnEnded?.(now);
		return count;
	}

	/** What stands in the first rows of the table goes to the handler. */
	private give(rows: number, now: number): void {
		const table = this.#table;
		const blocks = this.#blocks;
		const pool = this.#pool;
		const lengths = pool.lengths;
		const handler = this.#handler;
		let bytes = 0;
		for (let row = 0, at = 0; row < rows && this.#rows > 0; row++, at += ROW) {
			const block = blocks[row];
			const length = table[at + LENGTH];
			lengths[block] = length;
			bytes += length;
			const next = handler.received(block, table[at], length, table[at + SOURCE], now);
			if (next === block) continue;
			blocks[row] = next;
			table[at] = pool.offset(next) + this.#headroom;
		}
		this.bytes += bytes;
	}
}
