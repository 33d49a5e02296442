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

/** Throws at the depth of `levels`, through functions that catch and throw again; at depth 0 it gives `value`. */
function deep(levels: number, value: number): number {
	if (levels === 0) return value;
	try {
		if (levels === 1) throw new Error("level " + value);
		return deep(levels - 1, value) + 1;
	} catch (error) {
		const message = (error as Error).message;
		throw new Error(message);
	}
}

/** What the sum of the test below is, told without a throw. */
function expected(): number {
	let sum = 0;
	for (let i = 0; i < 300; i++) {
		sum += i % 7 === 0 ? i : ("level " + i).length;
		sum += 1 + (i % 7);
	}
	return sum;
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

	suite.test("engine: whatever is thrown wherever, what was begun around it goes on with its own variables", (check) => {
		const list = [1, 2, 3, 4, 5, 6, 7];
		let sum = 0;
		let caught = 0;
		let ended = 0;
		for (let i = 0; i < 300; i++) {
			const kept = i * 3;
			try {
				try {
					sum += deep(i % 7, i);
				} finally {
					ended++;
				}
			} catch (error) {
				caught++;
				sum += (error as Error).message.length;
			}
			// Thrown by the engine's own functions, in callbacks of theirs.
			try {
				list.forEach((value) => {
					if (value === 1 + (i % 7)) throw new RangeError(String(value));
				});
			} catch (error) {
				sum += Number((error as Error).message);
			}
			try {
				list.sort((a, b) => (i % 5 === 0 ? deep(3, a) : a - b));
			} catch {
				caught++;
			}
			if (kept !== i * 3) check.fail("a variable has changed");
		}
		check.equal([sum, caught, ended].join(), [expected(), 300 - 43 + 60, 300].join());
	});

	suite.test("engine: generators throw, catch and go on", (check) => {
		const told: string[] = [];
		function* steps(): Generator<number, string, string> {
			for (let i = 0; ; i++) {
				try {
					const answer = yield i;
					if (answer === "throw") throw new Error("own");
					if (answer === "end") return "end " + i;
					told.push(answer + i);
				} catch (error) {
					told.push((error as Error).message + i);
					try {
						deep(2, i);
					} catch {
						told.push("inner" + i);
					}
				} finally {
					told.push("finally" + i);
				}
			}
		}
		const it = steps();
		it.next();
		it.next("a");
		it.next("throw");
		it.throw(new Error("given"));
		it.next("b");
		check.equal(it.next("end").value, "end 4");
		check.equal(told.join(" "), "a0 finally0 own1 inner1 finally1 given2 inner2 finally2 b3 finally3 finally4");
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
