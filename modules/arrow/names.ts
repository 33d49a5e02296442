import type { ArrowIO } from "arrow/io";
import type { ServiceTable } from "arrow/table";
import type Resolver from "net/resolver";

/** How long an address is taken as the name's, and how long a failed look-up is not repeated, in milliseconds. */
const FRESH = 60000;
const PAUSE = 30000;
/* What is known of a name, as a sum: a look-up is wanted; it has had an address. */
const WANTED = 1;
const KNOWN = 2;
/** Bytes that the host holds for a resolver. */
const RESOLVER_MEMORY = 480;

/** What {@link Names} needs outside the arena when `count` services have host names. */
export function namesMemory(count: number): number {
	return count > 0 ? RESOLVER_MEMORY : 0;
}

/** Who is told that a look-up has ended. */
export interface NamesOwner {
	/** A look-up of host name `name` ended; the table has its address, when one is known. `changed`: another one than before. */
	nameResolved(name: number, changed: boolean): void;
}

/**
 * The host names of configured services: looked up one at a time, at the start, when a CONNECT finds an address that is not fresh, and
 * when a connect failed. An address stays in the table until another takes its place. A name that never had one is tried again by itself.
 */
export class Names {
	/** When `tick` is needed; Infinity: not at all. */
	deadline = Infinity;
	readonly #table: ServiceTable;
	readonly #owner: NamesOwner;
	readonly #io: ArrowIO;
	readonly #resolver: Resolver | undefined;
	/** By name: until when its address, or its failure, is taken as it is; then what is known of it, from `#count` on. */
	readonly #names: Float64Array;
	readonly #count: number;
	/** The name that is being looked up, -1: none. */
	#current = -1;

	constructor(io: ArrowIO, table: ServiceTable, owner: NamesOwner) {
		const count = table.names.length;
		this.#io = io;
		this.#table = table;
		this.#owner = owner;
		this.#count = count;
		this.#names = new Float64Array(2 * count).fill(-Infinity, 0, count);
		if (count > 0) this.#resolver = new io.Resolver({ onResolved: (address) => this.#resolved(address) });
	}

	/** Looks all of them up. */
	start(): void {
		for (let i = 0; i < this.#count; i++) this.#set(i, WANTED);
		this.#next();
	}

	/** Whether the table's address of a name may be used now. When not, it is being looked up, and the owner is told. */
	fresh(name: number): boolean {
		const now = this.#io.monotonic();
		if (now < this.#names[name]) return true;
		this.#set(name, WANTED);
		const current = this.#current;
		if (current >= 0 && current !== name && !this.#has(current, KNOWN)) {
			// A name that leads nowhere, and may take long to say so, does not hold up one that is in use.
			this.#resolver?.cancel();
			this.#failed(current, now);
			this.#current = -1;
		}
		this.#next();
		return false;
	}

	/** Nothing was reached at a name's address: it is looked up at the next use. */
	doubt(name: number): void {
		if (this.#has(name, KNOWN)) this.#names[name] = -Infinity;
	}

	/** Looks up what is due by time. */
	tick(now: number): void {
		if (now < this.deadline) return;
		this.deadline = Infinity;
		for (let i = 0; i < this.#count; i++) {
			if (this.#has(i, KNOWN)) continue;
			if (this.#names[i] <= now) this.#set(i, WANTED);
			else if (this.#names[i] < this.deadline) this.deadline = this.#names[i];
		}
		this.#next();
	}

	/** Ends a look-up under way. */
	stop(): void {
		this.#resolver?.cancel();
		for (let i = 0; i < this.#count; i++) this.#clear(i, WANTED);
		this.#current = -1;
		this.deadline = Infinity;
	}

	/** Frees what is native. */
	close(): void {
		this.#resolver?.close();
	}

	#next(): void {
		if (this.#current >= 0 || this.#resolver === undefined) return;
		let name = 0;
		while (name < this.#count && !this.#has(name, WANTED)) name++;
		if (name === this.#count) return;
		this.#current = name;
		this.#resolver.resolve(this.#table.names[name]);
	}

	#resolved(address: string | undefined): void {
		const name = this.#current;
		if (name < 0) return;
		const now = this.#io.monotonic();
		this.#current = -1;
		const changed = address !== undefined && this.#table.resolved(name, address);
		if (address === undefined) this.#failed(name, now);
		else {
			this.#clear(name, WANTED);
			this.#set(name, KNOWN);
			this.#names[name] = now + FRESH;
		}
		this.#owner.nameResolved(name, changed);
		this.#next();
	}

	/** A name has no address now: not asked for again at once, but by itself when it never had one. */
	#failed(name: number, now: number): void {
		this.#clear(name, WANTED);
		this.#names[name] = now + PAUSE;
		if (!this.#has(name, KNOWN) && this.#names[name] < this.deadline) this.deadline = this.#names[name];
	}

	#has(name: number, flag: number): boolean {
		return (this.#names[this.#count + name] & flag) !== 0;
	}

	#set(name: number, flag: number): void {
		this.#names[this.#count + name] |= flag;
	}

	#clear(name: number, flag: number): void {
		this.#names[this.#count + name] &= ~flag;
	}
}
