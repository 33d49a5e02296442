/** The Linux host itself: what a script's fault and a full heap look like from outside, and that the root is read-only. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build, root } from "../../tools/build.ts";

let unit = "";
const children: ChildProcess[] = [];

before(async () => {
	unit = (await build({ app: "unit" })).executable;
});
after(() => {
	for (const child of children) child.kill("SIGKILL");
});

function probe(name: string): { code: number | null; text: string } {
	const result = spawnSync(unit, ["--probe", name], { encoding: "utf8", timeout: 20_000 });
	return { code: result.status, text: result.stdout + result.stderr };
}

test("a script that throws ends the process with 70 and says file and line", () => {
	const { code, text } = probe("throw");
	assert.equal(code, 70);
	assert.match(text, /Error: thrown by main\s+at runProbe \(tests\/unit\/probes\.ts:\d+\)/);
});

test("a callback that throws ends the process with 70 and says file and line", () => {
	const { code, text } = probe("throw-later");
	assert.equal(code, 70);
	assert.match(text, /RangeError: thrown by a timer\s+at onTimer \(tests\/unit\/probes\.ts:\d+\)/);
});

for (const [name, words] of [
	["heap", "creation.heap"],
	["chunks", "creation.chunk"],
	["keys", "creation.keys"],
	["stack", "creation.stack"],
] as const)
	test(`fixed memory that is full (${name}) ends the process with 71 and names the manifest's key`, () => {
		const { code, text } = probe(name);
		assert.equal(code, 71, text);
		assert.ok(text.includes(words), text);
	});

test("a rejection that nobody handles ends the process with 71", () => {
	const { code, text } = probe("reject");
	assert.equal(code, 71, text);
	assert.match(text, /rejection/);
});

test("the root is an image that the process cannot write to", async () => {
	const child = spawn(unit, ["--probe", "idle"]);
	children.push(child);
	await new Promise((resolve) => setTimeout(resolve, 300));
	const maps = readFileSync(`/proc/${child.pid}/maps`, "utf8").split("\n");
	const lines = maps.filter((line) => line.startsWith("48000000-"));
	assert.equal(lines.length, 1);
	assert.match(lines[0] as string, /^48000000-[0-9a-f]+ r--p .*unit$/);
	child.kill("SIGTERM");
	const code = await new Promise((resolve) => child.on("exit", resolve));
	assert.equal(code, 0, "SIGTERM without a handler is an orderly end");
});

test("where there is no image, the root made at boot is protected and every test on XS passes with it", () => {
	const stage1 = join(root, "build/linux64/obj/unit/stage1");
	const result = spawnSync(stage1, ["engine"], { encoding: "utf8", timeout: 60_000 });
	assert.match(result.stdout, /[1-9]\d* passed, 0 failed\n$/);
	assert.equal(result.status, 0);
});

test("a second build changes nothing", async () => {
	const before = statSync(unit).mtimeMs;
	await build({ app: "unit" });
	assert.equal(statSync(unit).mtimeMs, before);
});
