import { Counter, collectGarbage, readCounters } from "host/host";
import type { LogFields } from "host/logger";
import type { MemoryPlan } from "storage/plan";

/** Bytes that the heap of chunks keeps free for what comes and goes: log lines, error texts, names of hosts. */
const CHUNK_RESERVE = 8192;

/** What the engine and the plan take, for people: line by line with sums. */
export class MemoryReport {
	readonly #counters = new Int32Array(Counter.COUNT);
	readonly #plan: MemoryPlan;

	/** Reads the counters now: call it when everything is made, after a collection. */
	constructor(plan: MemoryPlan) {
		this.#plan = plan;
		readCounters(this.#counters);
	}

	/** Bytes of the read-only root. */
	get rom(): number {
		return this.#slots(Counter.ROM_SLOTS) + this.#counters[Counter.ROM_CHUNKS];
	}

	/** Bytes of objects and chunks in use, without the arena of the plan, which lies among the chunks. */
	get heap(): number {
		return this.#slots(Counter.SLOTS) + this.#chunks;
	}

	/** Bytes of stack, name tables and aliases. */
	get tables(): number {
		return this.#slots(Counter.STACK_TOTAL) + this.#counters[Counter.TABLES] + this.#aliases;
	}

	/** Bytes of RAM in use: engine and plan. */
	get ram(): number {
		return this.heap + this.tables + this.#plan.total;
	}

	/** The sums, for one line of the log: bytes. */
	summary(): LogFields {
		return { rom: this.rom, heap: this.heap, tables: this.tables, planned: this.#plan.total, ram: this.ram };
	}

	/** Everything, line by line. */
	print(line: (text: string) => void): void {
		const counters = this.#counters;
		const slot = counters[Counter.SLOT_SIZE];
		line(
			"ROM: the read-only root, " +
				(counters[Counter.ROM_IMAGE] ? "an image made at build time" : "made at boot, then protected"),
		);
		add(line, this.#slots(Counter.ROM_SLOTS), "slots, " + counters[Counter.ROM_SLOTS] + " of " + slot + " bytes");
		add(line, counters[Counter.ROM_CHUNKS], "chunks");
		add(line, this.rom, "sum of ROM");
		line("RAM of the engine after boot");
		add(
			line,
			this.#slots(Counter.SLOTS),
			"slots in use, " + counters[Counter.SLOTS] + " of " + counters[Counter.SLOTS_TOTAL] + ", " + slot + " bytes each",
		);
		add(line, this.#chunks, "chunks in use, without the pools, of " + counters[Counter.CHUNKS_TOTAL]);
		add(line, this.heap, "sum of the heap");
		add(line, this.#slots(Counter.STACK_TOTAL), "stack, " + counters[Counter.STACK_TOTAL] + " slots");
		add(
			line,
			counters[Counter.TABLES],
			"tables of keys (" + counters[Counter.KEYS] + " of " + counters[Counter.KEYS_TOTAL] + " in use) and names, machine",
		);
		add(line, this.#aliases, "aliases, " + counters[Counter.ALIASES]);
		add(line, this.heap + this.tables, "sum of the engine");
		line("RAM of the plan: pools and native buffers, with the key that decides their size");
		const plan = this.#plan.lines();
		for (let i = 0; i < plan.length; i++) line(plan[i]);
		line("RAM");
		add(line, this.ram, "sum of engine and plan");
	}

	get #chunks(): number {
		return this.#counters[Counter.CHUNKS] - this.#plan.arenaBytes;
	}

	get #aliases(): number {
		/* One pointer each; a slot is four pointers on every target. */
		return (this.#counters[Counter.ALIASES] * this.#counters[Counter.SLOT_SIZE]) / 4;
	}

	#slots(counter: number): number {
		return this.#counters[counter] * this.#counters[Counter.SLOT_SIZE];
	}
}

function add(line: (text: string) => void, bytes: number, what: string): void {
	line(String(bytes).padStart(10) + "  " + what);
}

/**
 * Whether a plan fits the configured budget, and its arena what the engine's heap has left. Before `allocate`.
 * @returns "" or a line with the sums and the key to change.
 */
export function checkMemory(plan: MemoryPlan, budget: number | undefined): string {
	const excess = budget === undefined ? "" : plan.check(budget);
	return excess === "" ? checkHeap(plan) : "device.memory: " + excess;
}

function checkHeap(plan: MemoryPlan): string {
	const counters = new Int32Array(Counter.COUNT);
	/* What reading the configuration left behind is room, too. */
	collectGarbage();
	readCounters(counters);
	const room = counters[Counter.CHUNKS_TOTAL] - counters[Counter.CHUNKS] - CHUNK_RESERVE;
	if (plan.arenaBytes <= room) return "";
	return (
		"memory plan: pools of " +
		plan.arenaBytes +
		" bytes needed, the engine's heap has " +
		Math.max(0, room) +
		"; change " +
		plan.largestKey
	);
}
