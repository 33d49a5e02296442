import { CameraPart, planCamera } from "device/camera_part";
import { type Config, parseConfig } from "device/config";
import { checkMemory, MemoryReport } from "device/memory_report";
import { Metrics } from "device/metrics";
import { Counter, readCounters } from "host/host";
import { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import { Quiet } from "unit/quiet";
import type { Suite } from "unit/suite";
import { AsciiWriter, constantText } from "wire/ascii";

const KEY = constantText("constant");

function configured(text: string): Config {
	return parseConfig(text, true).config as Config;
}

export default function (suite: Suite): void {
	suite.test("ascii: texts and numbers are written in place", (check) => {
		const bytes = new Uint8Array(64);
		const writer = new AsciiWriter(bytes);
		writer.begin(3, 60);
		for (const text of ["a", KEY]) writer.text(text);
		for (const number of [
			0,
			7,
			-7,
			10,
			99,
			100,
			65_535,
			-2_147_483_648,
			4_294_967_295,
			9_007_199_254_740_991,
			1.9,
			-0.5,
			Number.NaN,
			Infinity,
		]) {
			writer.begin(3, 60);
			writer.integer(number);
			const expected = String(Number.isFinite(number) ? Math.trunc(number) + 0 : 0);
			check.equal(String.fromArrayBuffer(bytes.buffer, 3, writer.position - 3), expected);
		}
	});

	suite.test("ascii: what does not fit is left out whole", (check) => {
		const bytes = new Uint8Array(16);
		const writer = new AsciiWriter(bytes);
		writer.begin(2, 4);
		writer.text("abc");
		check.equal(writer.overflowed, false);
		writer.integer(12);
		check.equal(writer.overflowed, true);
		check.equal(writer.position, 5);
		writer.integer(1);
		writer.byte(1);
		check.equal(writer.position, 6);
		check.equal(bytes[6], 0);
	});

	suite.test("ascii: constant texts and numbers cost no slot and no chunk", (check) => {
		const writer = new AsciiWriter(new Uint8Array(64));
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		readCounters(before);
		for (let i = 0; i < 1000; i++) {
			writer.begin(0, 64);
			writer.text(KEY);
			writer.integer(i * 1e9);
		}
		readCounters(after);
		check.equal(after[Counter.SLOTS], before[Counter.SLOTS], "slots");
		check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks");
	});

	suite.test("metrics: the figures are JSON, with those of the camera", (check) => {
		const plan = new MemoryPlan();
		const config = configured('{"camera":{"source":"/nowhere","frameBytes":1024,"http":{"port":0,"viewers":1}}}');
		if (config.camera === undefined) throw new Error("no camera");
		planCamera(plan, config.camera);
		const metrics = new Metrics(plan, monotonic);
		const part = new CameraPart(config.camera, plan, new Quiet(), (to) => metrics.write(to));
		metrics.parts = [part];
		const bytes = new Uint8Array(6144);
		const writer = new AsciiWriter(bytes);
		writer.begin(0, 6144);
		metrics.write(writer);
		check.equal(writer.overflowed, false);
		const figures = JSON.parse(String.fromArrayBuffer(bytes.buffer, 0, writer.position)) as {
			memory: { slots: { used: number }; planned: number; plan: { name: string; bytes: number; key: string }[] };
			camera: { frames: number; viewers: number; skipped: number; http: { accepted: number } };
			arrow?: unknown;
		};
		check.ok(figures.memory.slots.used > 0);
		check.equal(figures.memory.planned, plan.total);
		check.equal(figures.memory.plan[0].name, "camera frames");
		check.equal(figures.memory.plan[0].key, "camera.frameBytes");
		check.equal(figures.camera.viewers, 0);
		check.equal(figures.camera.http.accepted, 0);
		check.equal(figures.arrow, undefined, "an absent part is left out");
		part.close();
	});

	suite.test("metrics: writing them again and again costs little and is collected", (check) => {
		const plan = new MemoryPlan();
		plan.reserve("a", 100, "b.c");
		const metrics = new Metrics(plan, monotonic);
		const writer = new AsciiWriter(new Uint8Array(2048));
		const before = new Int32Array(Counter.COUNT);
		const after = new Int32Array(Counter.COUNT);
		readCounters(before);
		for (let i = 0; i < 10; i++) {
			writer.begin(0, 2048);
			metrics.write(writer);
		}
		readCounters(after);
		check.equal(after[Counter.CHUNKS], before[Counter.CHUNKS], "chunks");
		check.ok(after[Counter.SLOTS] - before[Counter.SLOTS] <= 10 * 8, "slots: names of the plan only");
	});

	suite.test("memory report: the sums are those of the lines, and a plan that is too large names the key", (check) => {
		const plan = new MemoryPlan();
		plan.reserve("rings", 4096, "arrow.window");
		check.equal(checkMemory(plan, undefined), "");
		check.equal(checkMemory(plan, 4096), "");
		const lines: string[] = [];
		plan.allocate();
		new MemoryReport(plan).print((line) => lines.push(line));
		let sum = 0;
		let sums = 0;
		for (const line of lines) {
			if (line.indexOf("  sum of ROM") > 0 || line.indexOf("  sum of the heap") > 0) {
				check.equal(Number(line.slice(0, 10)), sum, line);
				sums++;
				sum = 0;
			} else if (/^ +\d/.test(line)) sum += Number(line.slice(0, 10));
			else sum = 0;
		}
		check.equal(sums, 2);
		const large = new MemoryPlan();
		large.reserve("rings", 1e9, "arrow.window");
		large.reserve("frames", 1e6, "camera.frameBytes");
		const line = checkMemory(large, undefined);
		check.ok(line.startsWith("memory plan: pools of 1001000000 bytes needed, the engine's heap has "), line);
		check.ok(line.endsWith("; change arrow.window"), line);
		const budget = checkMemory(plan, 4095);
		check.equal(
			budget,
			"device.memory: memory plan: 4096 bytes needed, 4095 allowed, 1 too many; change arrow.window (rings: 4096 bytes)",
		);
	});
}
