import { HELD_MS, HELD_PACKETS } from "arcrtc/constants";
import type { Arena } from "storage/arena";
import type { PacketPool } from "storage/pool";

/** Bytes that `Opener.open` uses before a packet. */
export const OPEN_HEADROOM = 12;

const WORDS = 3;
const LENGTH = 1;
const ARRIVAL = 2;

/** Packets of keys that are not there yet (section 2.6): at most 16, for at most 50 ms, in blocks of a pool that may be others' too. */
export class HeldPackets {
	/** Packets held. */
	count = 0;
	/** Of them, those to be tried now: keys came. */
	ready = 0;
	/** The packet that `next` took: valid until the next call of it. */
	offset = 0;
	length = 0;
	arrival = 0;
	readonly #arena: Arena;
	readonly #pool: PacketPool;
	readonly #most: number;
	readonly #table = new Int32Array(HELD_PACKETS * WORDS);
	#first = 0;
	#lent = -1;

	/**
	 * A block has to have room for a packet and {@link OPEN_HEADROOM} bytes. `most`: packets at a time. Where the pool is others' too it
	 * is less than all blocks: who has no keys can make packets that wait.
	 */
	constructor(arena: Arena, pool: PacketPool, most = HELD_PACKETS) {
		this.#arena = arena;
		this.#pool = pool;
		this.#most = most < HELD_PACKETS ? most : HELD_PACKETS;
	}

	/** Keeps a copy. @returns false when there is no room. */
	hold(offset: number, length: number, arrival: number): boolean {
		const pool = this.#pool;
		if (this.count >= this.#most || length + OPEN_HEADROOM > pool.size) return false;
		const block = pool.take();
		if (block < 0) return false;
		this.#arena.bytes.copyWithin(pool.offset(block) + OPEN_HEADROOM, offset, offset + length);
		const at = ((this.#first + this.count) % HELD_PACKETS) * WORDS;
		const table = this.#table;
		table[at] = block;
		table[at + LENGTH] = length;
		table[at + ARRIVAL] = arrival | 0;
		this.count++;
		return true;
	}

	/** Takes the oldest packet that is to be tried: see `offset`, `length`, `arrival`. @returns false when there is none. */
	next(now: number): boolean {
		this.release();
		if (this.ready === 0) return false;
		this.ready--;
		this.arrival = now - this.age(now);
		this.take();
		return true;
	}

	/** Drops what waited for too long. @returns packets dropped. */
	expire(now: number): number {
		let dropped = 0;
		while (this.count > 0 && this.age(now) >= HELD_MS) {
			this.release();
			this.take();
			dropped++;
		}
		this.release();
		if (this.ready > this.count) this.ready = this.count;
		return dropped;
	}

	/** Milliseconds until `expire` has something to do; Infinity: nothing is held. */
	left(now: number): number {
		if (this.count === 0) return Infinity;
		const left = HELD_MS - this.age(now);
		return left > 0 ? left : 0;
	}

	/** Drops everything. */
	clear(): void {
		this.ready = this.count;
		while (this.next(0));
	}

	private age(now: number): number {
		return ((now | 0) - this.#table[this.#first * WORDS + ARRIVAL]) | 0;
	}

	private take(): void {
		const table = this.#table;
		const at = this.#first * WORDS;
		this.#lent = table[at];
		this.offset = this.#pool.offset(table[at]) + OPEN_HEADROOM;
		this.length = table[at + LENGTH];
		this.#first = (this.#first + 1) % HELD_PACKETS;
		this.count--;
	}

	private release(): void {
		if (this.#lent < 0) return;
		this.#pool.release(this.#lent);
		this.#lent = -1;
	}
}
