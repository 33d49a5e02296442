import { Counter, collectGarbage, readCounters, target } from "host/host";
import type { Suite } from "unit/suite";

const table = [1, 2, 3];
const frozen = { inner: { value: 1 } };
class Thing {
	static count = 0;
	#value = 1;
	get value(): number {
		return this.#value;
	}
}

function onLinux(): boolean {
	return target() !== "lin" && target() !== "esp32";
}

function assign(target: object, key: string, value: unknown): void {
	(target as Record<string, unknown>)[key] = value;
}

/** The first line number of this file in a stack; 0 when there is none. */
function lineIn(stack: string | undefined): number {
	const name = "tests/unit/engine.ts:";
	const at = (stack ?? "").indexOf(name);
	return at < 0 ? 0 : Number.parseInt((stack ?? "").slice(at + name.length), 10);
}

export default function (suite: Suite): void {
	suite.test("engine: an index loop with DataView costs no slot and no chunk", (check) => {
		const view = new DataView(new ArrayBuffer(64));
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		readCounters(before);
		readCounters(after);
		readCounters(before);
		for (let i = 0; i < 10000; i++) view.setUint32(i & 60, (view.getUint32(0) + i) >>> 0);
		readCounters(after);
		check.equal(after[Counter.SLOTS], before[Counter.SLOTS], "slots");
		check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks");
		check.equal(after[Counter.COLLECTIONS], before[Counter.COLLECTIONS], "collections");
	});

	suite.test("engine: the counters see what is allocated and collected", (check) => {
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		collectGarbage();
		readCounters(before);
		let kept = new Uint8Array(1000);
		readCounters(after);
		check.ok((after[Counter.CHUNKS] as number) - (before[Counter.CHUNKS] as number) >= 1000, "chunks");
		check.ok((after[Counter.SLOTS] as number) > (before[Counter.SLOTS] as number), "slots");
		kept = new Uint8Array(0);
		collectGarbage();
		readCounters(after);
		check.equal((after[Counter.COLLECTIONS] as number) - (before[Counter.COLLECTIONS] as number), 1, "collections");
		check.ok((after[Counter.CHUNKS] as number) - (before[Counter.CHUNKS] as number) < 1000, "freed");
		check.equal(kept.length, 0);
	});

	suite.test("engine: a string literal and the code of a closure lie in ROM", (check) => {
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		let matches = 0;
		let state = "going";
		readCounters(before);
		for (let i = 0; i < 1000; i++) {
			if (state !== "done") matches++;
			state = "this literal is long enough to be seen";
		}
		readCounters(after);
		check.equal(matches, 1000);
		// In its debug builds the SDK's linker leaves literals as they were.
		if (!onLinux()) return;
		check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks");
		readCounters(before);
		const closure = (a: number, b: number): number => a * 31 + b * 17 + matches;
		readCounters(after);
		check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks of a closure");
		check.equal(closure(1, 1), 1048);
	});

	suite.test("engine: what a module defines is read-only, as in ROM", (check) => {
		// Under the SDK's linker a write into what is not frozen makes a copy in RAM instead: it warns of each such place when it links.
		if (onLinux()) {
			check.throws(() => assign(table, "0", 9), "");
			check.throws(() => table.push(4), "");
			check.throws(() => assign(frozen.inner, "value", 2), "");
		}
		check.throws(() => {
			Thing.count = 1;
		}, "");
		check.throws(() => assign(Array.prototype, "mine", 1), "");
		check.equal(new Thing().value, 1);
		check.equal(table.length, 3);
	});

	suite.test("engine: an error names the file and the line", (check) => {
		const here = lineIn(new Error().stack);
		let there = 0;
		try {
			(undefined as unknown as { x: () => void }).x();
		} catch (error) {
			there = lineIn((error as Error).stack);
		}
		check.ok(here > 0, "line of a new error");
		check.equal(there - here, 3, "lines between them");
	});

	suite.test("engine: there is no parser on the device", (check) => {
		// The SDK's linker leaves it out only when no module names it, as this one does.
		if (onLinux()) check.throws(() => new Function("return 1"), "");
		else check.equal(target(), "lin");
	});

	suite.test("engine: garbage collections leave constants of the root intact", (check) => {
		for (let i = 0; i < 50; i++) {
			const text = `piece ${i}`.repeat(20);
			check.equal(text.length > 0, true);
			collectGarbage();
		}
		check.equal(`${frozen.inner.value}${table.join("-")}`, "11-2-3");
		check.equal(["linux64", "linux32", "armhf", "lin", "esp32"].indexOf(target()) >= 0, true);
	});
}
