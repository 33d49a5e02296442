import { Arena } from "storage/arena";

const ALIGNMENT = 8;

interface Entry {
	readonly name: string;
	readonly bytes: number;
	/** The configuration key that decides its size, "" when none does. */
	readonly key: string;
	/** Offset in the arena, -1 for memory that lies elsewhere. */
	readonly offset: number;
}

/**
 * All memory that a configuration needs, collected before any of it is allocated: it can be printed, compared with
 * a budget and refused. What was reserved then lies in one arena, in the order of the entries.
 */
export class MemoryPlan {
	readonly #entries: Entry[] = [];
	#arenaBytes = 0;
	#arena: Arena | undefined;

	/** Reserves `bytes` in the arena; `key` is the configuration key to change when it is too much. Names are unique. */
	reserve(name: string, bytes: number, key: string): void {
		if (this.#arena) throw new Error("memory plan: " + name + " reserved after allocation");
		this.#add(name, bytes, key, this.#arenaBytes);
		this.#arenaBytes += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
	}

	/** Lists memory that something else allocates: native buffers, the engine's heap. */
	note(name: string, bytes: number, key: string): void {
		this.#add(name, bytes, key, -1);
	}

	/** Bytes of the arena. */
	get arenaBytes(): number {
		return this.#arenaBytes;
	}

	/** Bytes of all entries. */
	get total(): number {
		let total = this.#arenaBytes;
		for (let i = 0; i < this.#entries.length; i++) if (this.#entries[i].offset < 0) total += this.#entries[i].bytes;
		return total;
	}

	/** Compares the total with `budget` bytes. @returns "" or a line that names the largest entry with a key and that key. */
	check(budget: number): string {
		const total = this.total;
		if (total <= budget) return "";
		let largest: Entry | undefined;
		for (let i = 0; i < this.#entries.length; i++) {
			const entry = this.#entries[i];
			if (entry.key !== "" && (!largest || entry.bytes > largest.bytes)) largest = entry;
		}
		let line = "memory plan: " + total + " bytes needed, " + budget + " allowed, " + (total - budget) + " too many";
		if (largest) line += "; change " + largest.key + " (" + largest.name + ": " + largest.bytes + " bytes)";
		return line;
	}

	/** How many entries there are, and what each is. */
	get count(): number {
		return this.#entries.length;
	}

	nameAt(index: number): string {
		return this.#entries[index].name;
	}

	bytesAt(index: number): number {
		return this.#entries[index].bytes;
	}

	keyAt(index: number): string {
		return this.#entries[index].key;
	}

	/** The key of the largest entry that has one, "" when none has. */
	get largestKey(): string {
		let largest: Entry | undefined;
		for (let i = 0; i < this.#entries.length; i++) {
			const entry = this.#entries[i];
			if (entry.key !== "" && (!largest || entry.bytes > largest.bytes)) largest = entry;
		}
		return largest ? largest.key : "";
	}

	/** One line per entry, then the sum: bytes right-aligned, name, key. */
	lines(): string[] {
		const lines: string[] = [];
		let padding = this.#arenaBytes;
		for (let i = 0; i < this.#entries.length; i++) {
			const entry = this.#entries[i];
			if (entry.offset >= 0) padding -= entry.bytes;
			lines.push(column(entry.bytes) + "  " + entry.name + (entry.key === "" ? "" : "  [" + entry.key + "]"));
		}
		if (padding > 0) lines.push(column(padding) + "  alignment");
		lines.push(column(this.total) + "  sum");
		return lines;
	}

	/** Makes the arena, once; later calls give the same one. `make` lets a host give memory of its own. */
	allocate(make?: (bytes: number) => ArrayBuffer): Arena {
		let arena = this.#arena;
		if (!arena) {
			arena = new Arena(make ? make(this.#arenaBytes) : this.#arenaBytes);
			this.#arena = arena;
		}
		return arena;
	}

	/** Arena offset of a reserved entry. @throws Error naming one that was not reserved. */
	offset(name: string): number {
		const entry = this.#find(name);
		if (!entry || entry.offset < 0) throw new Error("memory plan: nothing reserved as " + name);
		return entry.offset;
	}

	/** Bytes of an entry. @throws Error naming one that is not listed. */
	size(name: string): number {
		const entry = this.#find(name);
		if (!entry) throw new Error("memory plan: no entry " + name);
		return entry.bytes;
	}

	#find(name: string): Entry | undefined {
		for (let i = 0; i < this.#entries.length; i++) if (this.#entries[i].name === name) return this.#entries[i];
		return undefined;
	}

	#add(name: string, bytes: number, key: string, offset: number): void {
		if (this.#find(name)) throw new Error("memory plan: " + name + " twice");
		if (!(bytes >= 0) || bytes !== Math.floor(bytes)) throw new RangeError("memory plan: " + name + ": " + bytes + " bytes");
		this.#entries.push(Object.freeze({ name, bytes, key, offset }));
	}
}

function column(bytes: number): string {
	return String(bytes).padStart(10);
}
