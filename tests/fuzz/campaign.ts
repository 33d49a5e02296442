import type { Fuzzer } from "fuzz/fuzzer";
import { Counter, collectGarbage, readCounters } from "host/host";

/** Blocks in which the engine and the C library find their size. */
const WARM_UP = 16;
/** Blocks whose least figures are compared: what a block leaves for the next one to replace differs from block to block. */
const COMPARED = 8;
/** What two samples may differ by anyway: the block's own report, keys of messages. */
export const GROWTH_SLOTS = 64;
export const GROWTH_CHUNKS = 1024;
/** Linux counts pages for each processor apart and tells the sum when 32 or more have changed. */
export const GROWTH_RESIDENT = 262144;

/** A run of many blocks: how much was fed, and whether memory stayed where it was. */
export class Campaign {
	/** Damaged messages, by state and in all. */
	readonly messages: Int32Array;
	total = 0;
	blocks = 0;
	/** The first thing that did not hold, with its seed; "": everything held. */
	fault = "";
	/** Counters of the engine (host/host) after garbage was collected, the least of some blocks: of the first, and of the last. */
	readonly before = new Int32Array(Counter.COUNT);
	readonly after = new Int32Array(Counter.COUNT);
	/** Those of the last COMPARED blocks, in turn. */
	readonly #samples: Int32Array[] = [];
	readonly #fuzzer: Fuzzer;
	readonly #first: number;

	/** Blocks have the seeds `seed`, `seed` + 1 and so on. */
	constructor(fuzzer: Fuzzer, seed: number) {
		this.#fuzzer = fuzzer;
		this.#first = seed;
		this.messages = new Int32Array(fuzzer.states.length);
		for (let i = 0; i < COMPARED; i++) this.#samples.push(new Int32Array(Counter.COUNT));
	}

	/** Runs blocks until `count` messages were fed in all and they suffice to tell whether memory grows, or one fails. */
	run(count: number): void {
		while (this.fault === "" && (this.total < count || !this.judged)) this.next();
		this.#least(this.after);
	}

	/** Runs one block. */
	next(): void {
		const seed = this.#first + this.blocks;
		const { messages, fault } = this.#fuzzer.block(seed);
		for (let i = 0; i < messages.length; i++) {
			this.messages[i] += messages[i];
			this.total += messages[i];
		}
		if (fault !== "") this.fault = this.#fuzzer.name + " seed " + seed + ": " + fault;
		collectGarbage();
		readCounters(this.#samples[this.blocks % COMPARED]);
		if (++this.blocks === WARM_UP) this.#least(this.before);
	}

	/** Long enough to tell whether memory grows. */
	get judged(): boolean {
		return this.blocks >= WARM_UP + COMPARED;
	}

	/** What grew, "" when nothing did. */
	get growth(): string {
		if (!this.judged) return "";
		const { before, after } = this;
		const grown = (counter: number): number => after[counter] - before[counter];
		if (grown(Counter.SLOTS) > GROWTH_SLOTS) return grown(Counter.SLOTS) + " slots more";
		if (grown(Counter.CHUNKS) > GROWTH_CHUNKS) return grown(Counter.CHUNKS) + " chunk bytes more";
		if (grown(Counter.RESIDENT) - this.#untouched > GROWTH_RESIDENT) return grown(Counter.RESIDENT) + " resident bytes more";
		if (grown(Counter.DESCRIPTORS) !== 0) return grown(Counter.DESCRIPTORS) + " descriptors more";
		return "";
	}

	/** Bytes of the fixed heap that were touched for the first time: it is reserved at boot, and resident as it is used. */
	get #untouched(): number {
		const { before, after } = this;
		const slots = (after[Counter.SLOTS_PEAK] - before[Counter.SLOTS_PEAK]) * after[Counter.SLOT_SIZE];
		return slots + after[Counter.CHUNKS_PEAK] - before[Counter.CHUNKS_PEAK];
	}

	#least(counters: Int32Array): void {
		counters.set(this.#samples[0]);
		for (let i = 1; i < COMPARED; i++)
			for (let k = 0; k < Counter.COUNT; k++) counters[k] = Math.min(counters[k], this.#samples[i][k]);
	}
}
