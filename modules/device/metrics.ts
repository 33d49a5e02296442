import type { Part } from "device/part";
import { Counter, readCounters, target } from "host/host";
import type { MemoryPlan } from "storage/plan";
import { type AsciiText, type AsciiWriter, constantText } from "wire/ascii";
import { Figures } from "wire/figures";

/** Keys of the figures, in ROM: writing them costs nothing. */
const KEY = Object.freeze({
	aliases: constantText("aliases"),
	bytes: constantText("bytes"),
	chunks: constantText("chunks"),
	collections: constantText("collections"),
	descriptors: constantText("descriptors"),
	key: constantText("key"),
	keys: constantText("keys"),
	memory: constantText("memory"),
	name: constantText("name"),
	peak: constantText("peak"),
	plan: constantText("plan"),
	planned: constantText("planned"),
	resident: constantText("resident"),
	rom: constantText("rom"),
	slotSize: constantText("slotSize"),
	slots: constantText("slots"),
	stack: constantText("stack"),
	tables: constantText("tables"),
	target: constantText("target"),
	total: constantText("total"),
	uptime: constantText("uptime"),
	used: constantText("used"),
});

const NONE: readonly Part[] = Object.freeze([]);

/** The device's figures as one JSON object. Numbers and names; no secrets. */
export class Metrics {
	/** Set when they are made: each writes its own member. */
	parts: readonly Part[] = NONE;
	readonly #plan: MemoryPlan;
	readonly #monotonic: () => number;
	readonly #counters = new Int32Array(Counter.COUNT);
	readonly #target = target();
	readonly #start: number;
	#figures: Figures | undefined;

	constructor(plan: MemoryPlan, monotonic: () => number) {
		this.#plan = plan;
		this.#monotonic = monotonic;
		this.#start = monotonic();
	}

	/** Writes all figures. Costs the engine two slots for each name that is not a constant. */
	write(writer: AsciiWriter): void {
		if (this.#figures === undefined) this.#figures = new Figures(writer);
		const figures = this.#figures;
		figures.begin(writer);
		figures.open();
		figures.text(KEY.target, this.#target);
		figures.number(KEY.uptime, (this.#monotonic() - this.#start) / 1000);
		this.#writeMemory(figures);
		for (let i = 0; i < this.parts.length; i++) this.parts[i].writeFigures(figures);
		figures.close();
	}

	#writeMemory(figures: Figures): void {
		const counters = this.#counters;
		const plan = this.#plan;
		readCounters(counters);
		figures.open(KEY.memory);
		figures.number(KEY.slotSize, counters[Counter.SLOT_SIZE]);
		usage(figures, KEY.slots, counters[Counter.SLOTS], counters[Counter.SLOTS_TOTAL], counters[Counter.SLOTS_PEAK]);
		usage(figures, KEY.chunks, counters[Counter.CHUNKS], counters[Counter.CHUNKS_TOTAL], counters[Counter.CHUNKS_PEAK]);
		figures.number(KEY.collections, counters[Counter.COLLECTIONS]);
		figures.number(KEY.stack, counters[Counter.STACK_TOTAL]);
		figures.number(KEY.keys, counters[Counter.KEYS]);
		figures.number(KEY.aliases, counters[Counter.ALIASES]);
		figures.number(KEY.tables, counters[Counter.TABLES]);
		figures.number(KEY.rom, counters[Counter.ROM_SLOTS] * counters[Counter.SLOT_SIZE] + counters[Counter.ROM_CHUNKS]);
		figures.number(KEY.resident, counters[Counter.RESIDENT]);
		figures.number(KEY.descriptors, counters[Counter.DESCRIPTORS]);
		figures.number(KEY.planned, plan.total);
		figures.openList(KEY.plan);
		for (let i = 0; i < plan.count; i++) {
			figures.open();
			figures.text(KEY.name, plan.nameAt(i));
			figures.number(KEY.bytes, plan.bytesAt(i));
			figures.text(KEY.key, plan.keyAt(i));
			figures.close();
		}
		figures.closeList();
		figures.close();
	}
}

function usage(figures: Figures, key: AsciiText, used: number, total: number, peak: number): void {
	figures.open(key);
	figures.number(KEY.used, used);
	figures.number(KEY.total, total);
	figures.number(KEY.peak, peak);
	figures.close();
}
