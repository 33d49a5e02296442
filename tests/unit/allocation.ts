import { Counter, readCounters } from "host/host";
import type { Check } from "unit/suite";

/** Shows that a piece of a test costs the engine nothing: no slot, no chunk byte, no collection. */
export class Allocation {
	readonly #before = new Int32Array(Counter.COUNT);
	readonly #after = new Int32Array(Counter.COUNT);

	constructor() {
		// The first call makes what later ones only use.
		readCounters(this.#before);
		readCounters(this.#after);
	}

	begin(): void {
		readCounters(this.#before);
	}

	/** States that nothing was allocated since `begin`. */
	expectNone(check: Check): void {
		readCounters(this.#after);
		check.equal(this.#after[Counter.SLOTS], this.#before[Counter.SLOTS], "slots");
		check.equal(this.#after[Counter.CHUNKS], this.#before[Counter.CHUNKS], "chunk bytes");
		check.equal(this.#after[Counter.COLLECTIONS], this.#before[Counter.COLLECTIONS], "collections");
	}

	/** What was allocated since `begin`, in words; "" for nothing. */
	spent(): string {
		readCounters(this.#after);
		const slots = (this.#after[Counter.SLOTS] as number) - (this.#before[Counter.SLOTS] as number);
		const chunks = (this.#after[Counter.CHUNKS] as number) - (this.#before[Counter.CHUNKS] as number);
		const collections = (this.#after[Counter.COLLECTIONS] as number) - (this.#before[Counter.COLLECTIONS] as number);
		return slots || chunks || collections ? `${slots} slots, ${chunks} chunk bytes, ${collections} collections` : "";
	}
}
