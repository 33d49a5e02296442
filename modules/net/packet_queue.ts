import { DatagramStatus } from "net/datagram";
import type { Arena } from "storage/arena";
import type { PacketPool } from "storage/pool";

/** Priorities are 0 (dropped last) to 3 (dropped first). */
export const PRIORITIES = 4;

/** Outcomes of {@link PacketQueue.send}, which are also states of a block given to {@link PacketQueue.commit}. */
export const SENT = 1;
/** It waits. */
export const QUEUED = 0;
/** There was no room for it, or the host refused it: counted. */
export const DROPPED = -1;

/** Waits when the host has no memory, in ms: the first, and the longest. */
const FIRST_WAIT = 2;
const LONGEST_WAIT = 64;
const NONE = -1;
/** Table of the queue: first block of each priority, last block of each, then the words of each block. */
const TAILS = PRIORITIES;
const ENTRIES = 2 * PRIORITIES;
const WORDS = 4;
/** Words of a block: the block behind it, where its packet lies, the peer, when it came (whole ms, 32 bits). */
const START = 1;
const PEER = 2;
const TIME = 3;

/** Bits of a peer's number; what stands above them in a `peer` given here is the caller's own, and comes back in `PacketQueue.gone`. */
export const PEER_BITS = 8;
const PEER_MASK = (1 << PEER_BITS) - 1;

/** The part of a `Datagram` that sends. */
export interface DatagramWriter {
	write(buffer: ArrayBuffer, offset: number, length: number, peer: number, trafficClass?: number): number;
	writeMany?(buffer: ArrayBuffer, table: ArrayBuffer, count: number): number;
}

export interface PacketQueueOptions {
	readonly arena: Arena;
	/** Blocks for packets that wait; the queue's own. */
	readonly pool: PacketPool;
	readonly writer: DatagramWriter;
	/** A packet that has waited for so long (ms) is of no use any more. Default 100. */
	readonly age?: number;
	/** Packets sent at one call of `flush`, at most. Default 32. */
	readonly batch?: number;
	/** Priorities in use, 1 to {@link PRIORITIES}: each costs 7 slots. Default all. */
	readonly priorities?: number;
	/** Traffic class of each priority, see `Datagram.write`. Default: the host's. */
	readonly classes?: readonly number[];
}

/** What became of the packets of one priority. */
export class QueueCounters {
	sent = 0;
	/** Had to wait. */
	queued = 0;
	/** No room, or pushed out by more important ones. */
	dropped = 0;
	/** Waited for too long. */
	stale = 0;
	/** The host refused it: no route, for instance. */
	failed = 0;
}

/**
 * Sends datagrams, and keeps them while the host cannot take them. When all blocks are in use the oldest packet of the lowest
 * priority has to go. A packet that can be sent at once is written from where it lies, without a copy; those that wait are sent in
 * the order of their priorities, each in the order in which they came.
 *
 * No busy loop: after EAGAIN it waits for `flush` from `onWritable` (`wantsWritable`), after ENOMEM for `deadline`, 2 ms, then 4 .. 64.
 */
export class PacketQueue {
	/** One for each priority. */
	readonly counters: readonly QueueCounters[];
	/** Packets that wait. */
	waiting = 0;
	/** The host's queue is full: call `flush` when it takes datagrams again. */
	wantsWritable = false;
	/** When to call `flush`; Infinity: no need to. */
	deadline = Infinity;
	/** How often the host had no memory; how many datagrams it refused since it took one. */
	shortages = 0;
	failures = 0;
	readonly #arena: Arena;
	readonly #pool: PacketPool;
	readonly #writer: DatagramWriter;
	readonly #age: number;
	readonly #batch: number;
	/** First and last block of each priority; then four words for each block. One array, as each one costs seven slots. */
	readonly #table: Int32Array;
	readonly #classes: readonly number[] | undefined;
	#wait = FIRST_WAIT;

	constructor(options: PacketQueueOptions) {
		const { pool } = options;
		const counters: QueueCounters[] = [];
		const priorities = options.priorities ?? PRIORITIES;
		for (let i = 0; i < priorities; i++) counters.push(new QueueCounters());
		this.counters = counters;
		this.#arena = options.arena;
		this.#pool = pool;
		this.#writer = options.writer;
		this.#age = options.age ?? 100;
		this.#batch = options.batch ?? 32;
		this.#classes = options.classes;
		this.#table = new Int32Array(ENTRIES + pool.count * WORDS);
		this.#table.fill(NONE, 0, ENTRIES);
	}

	/** A packet at `offset`; it is copied when it has to wait. @returns SENT, QUEUED or DROPPED. */
	send(offset: number, length: number, peer: number, priority: number, now: number): number {
		if (this.waiting === 0 && ((this.deadline === Infinity && !this.wantsWritable) || this.open(now))) {
			const outcome = this.write(offset, length, peer, priority, now);
			if (outcome !== QUEUED) return outcome;
		}
		if (length > this.#pool.size) {
			this.counters[priority].dropped++;
			return DROPPED;
		}
		const block = this.take(priority);
		if (block < 0) return DROPPED;
		const start = this.#pool.offset(block);
		this.#arena.bytes.copyWithin(start, offset, offset + length);
		this.append(block, start, length, peer, priority, now);
		return QUEUED;
	}

	/** A block to make a packet in, to be given to `commit` or back to the pool; -1 when nothing less important can go for it: counted as dropped. */
	take(priority: number): number {
		const pool = this.#pool;
		if (pool.used === pool.count && !this.makeRoom(priority)) {
			this.counters[priority].dropped++;
			return -1;
		}
		return pool.take();
	}

	/** Sends the packet at `offset` of a block that was taken; from now on the block is the queue's. @returns as `send`. */
	commit(block: number, offset: number, length: number, peer: number, priority: number, now: number): number {
		if (this.waiting === 0 && this.open(now)) {
			const outcome = this.write(offset, length, peer, priority, now);
			if (outcome !== QUEUED) {
				this.#pool.release(block);
				return outcome;
			}
		}
		this.append(block, offset, length, peer, priority, now);
		return QUEUED;
	}

	/** Sends what waits, as far as the host takes it. For `onWritable`, and at `deadline`. */
	flush(now: number): void {
		this.wantsWritable = false;
		if (this.deadline !== Infinity && now < this.deadline) return;
		this.deadline = Infinity;
		let left = this.#batch;
		for (let priority = 0; priority < this.counters.length && left > 0; priority++) {
			while (left > 0) {
				const table = this.#table;
				const block = table[priority];
				if (block < 0) break;
				const entry = ENTRIES + block * WORDS;
				left--;
				if (((now - table[entry + TIME]) | 0) > this.#age) {
					this.counters[priority].stale++;
					this.discard(priority);
					continue;
				}
				const peer = table[entry + PEER];
				const outcome = this.write(table[entry + START], this.#pool.lengths[block], peer, priority, now);
				if (outcome === QUEUED) return;
				this.#pool.release(this.remove(priority));
				if (outcome === DROPPED) this.gone(peer, priority);
			}
		}
		// The rest comes in the next turn.
		if (this.waiting > 0) this.deadline = now;
	}

	/** Drops what waits. */
	clear(): void {
		for (let priority = 0; priority < this.counters.length; priority++)
			while (this.#table[priority] >= 0) {
				this.counters[priority].dropped++;
				this.#pool.release(this.remove(priority));
			}
		this.wantsWritable = false;
		this.deadline = Infinity;
		this.#wait = FIRST_WAIT;
	}

	/** A packet that waited was given up: for others, or for its age, or the host refused it. @param peer as it was given with the packet. */
	protected gone(_peer: number, _priority: number): void {}

	/** Drops those of a priority that wait and whose `peer` has `tag` under `mask`. @returns how many. */
	protected purge(priority: number, mask: number, tag: number): number {
		const table = this.#table;
		let count = 0;
		let before = NONE;
		let block = table[priority];
		while (block >= 0) {
			const entry = ENTRIES + block * WORDS;
			const next = table[entry];
			if ((table[entry + PEER] & mask) === tag) {
				if (before < 0) table[priority] = next;
				else table[ENTRIES + before * WORDS] = next;
				if (next < 0) table[TAILS + priority] = before;
				this.#pool.release(block);
				count++;
			} else before = block;
			block = next;
		}
		this.counters[priority].dropped += count;
		this.waiting -= count;
		if (this.waiting === 0) this.deadline = Infinity;
		return count;
	}

	/** The host may be asked. */
	protected open(now: number): boolean {
		return !this.wantsWritable && (this.deadline === Infinity || now >= this.deadline);
	}

	private write(offset: number, length: number, peer: number, priority: number, now: number): number {
		const classes = this.#classes;
		const buffer = this.#arena.buffer;
		const result =
			classes === undefined
				? this.#writer.write(buffer, offset, length, peer & PEER_MASK)
				: this.#writer.write(buffer, offset, length, peer & PEER_MASK, classes[priority]);
		const counters = this.counters[priority];
		if (result >= 0) {
			counters.sent++;
			if (this.failures > 0 || this.deadline !== Infinity || this.#wait !== FIRST_WAIT) this.taken();
			return SENT;
		}
		return this.refused(result, counters, now);
	}

	/** The host took a packet. */
	protected taken(): void {
		this.failures = 0;
		this.#wait = FIRST_WAIT;
		this.deadline = Infinity;
	}

	/** The host took none, for the reason `result`. @returns QUEUED: ask again later, or DROPPED: it will never take it; counted. */
	protected refused(result: number, counters: QueueCounters, now: number): number {
		if (result === DatagramStatus.AGAIN) {
			this.wantsWritable = true;
			return QUEUED;
		}
		if (result === DatagramStatus.NO_MEMORY) {
			this.shortages++;
			this.deadline = now + this.#wait;
			this.#wait = this.#wait * 2 < LONGEST_WAIT ? this.#wait * 2 : LONGEST_WAIT;
			return QUEUED;
		}
		counters.failed++;
		this.failures++;
		return DROPPED;
	}

	private append(block: number, offset: number, length: number, peer: number, priority: number, now: number): void {
		this.#pool.lengths[block] = length;
		const table = this.#table;
		const entry = ENTRIES + block * WORDS;
		table[entry] = NONE;
		table[entry + START] = offset;
		table[entry + PEER] = peer;
		table[entry + TIME] = now;
		const tail = table[TAILS + priority];
		if (tail < 0) table[priority] = block;
		else table[ENTRIES + tail * WORDS] = block;
		table[TAILS + priority] = block;
		this.waiting++;
		this.counters[priority].queued++;
		if (!this.wantsWritable && this.deadline === Infinity) this.deadline = now;
	}

	private remove(priority: number): number {
		const table = this.#table;
		const block = table[priority];
		const next = table[ENTRIES + block * WORDS];
		table[priority] = next;
		if (next < 0) table[TAILS + priority] = NONE;
		this.waiting--;
		if (this.waiting === 0) this.deadline = Infinity;
		return block;
	}

	/** The first packet of a priority is given up; it was counted. */
	private discard(priority: number): void {
		const peer = this.#table[ENTRIES + this.#table[priority] * WORDS + PEER];
		this.#pool.release(this.remove(priority));
		this.gone(peer, priority);
	}

	/** The oldest packet of the lowest priority goes, if it is not more important than `priority`. */
	private makeRoom(priority: number): boolean {
		for (let lowest = this.counters.length - 1; lowest >= priority; lowest--) {
			if (this.#table[lowest] < 0) continue;
			this.counters[lowest].dropped++;
			this.discard(lowest);
			return true;
		}
		return false;
	}
}
