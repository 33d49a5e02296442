/** Old keys are nowhere in the memory of the process. On each crypto backend that this machine can build. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { createInterface } from "node:readline";
import { before, test } from "node:test";
import { build } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";

const executables = new Map<string, string>();

before(async () => {
	for (const name of ["linux64", "linux32"]) {
		const target = targets[name];
		if (target !== undefined && targetReady(target))
			executables.set(name, (await build({ target: name, app: "unit", quiet: true })).executable);
	}
});

/** Everything that a process can write to, region by region. */
function* memoryOf(pid: number): Generator<{ name: string; bytes: Buffer }> {
	const file = openSync(`/proc/${pid}/mem`, "r");
	try {
		for (const line of readFileSync(`/proc/${pid}/maps`, "latin1").split("\n")) {
			const [, from, to, name = ""] = /^([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
			if (from === undefined || to === undefined) continue;
			const start = Number.parseInt(from, 16);
			const bytes = Buffer.alloc(Number.parseInt(to, 16) - start);
			let count = 0;
			try {
				count = readSync(file, bytes, 0, bytes.length, start);
			} catch {
				// Pages of the kernel's own ([vvar]).
			}
			yield { name, bytes: bytes.subarray(0, count) };
		}
	} finally {
		closeSync(file);
	}
}

/** Bytes of a secret that are looked for: a part of it is as bad as half. */
const PIECE = 8;

function found(pid: number, secret: Buffer): string[] {
	const places: string[] = [];
	for (const { name, bytes } of memoryOf(pid))
		for (let from = 0; from < secret.length; from += PIECE) {
			const piece = secret.subarray(from, from + PIECE);
			for (let at = bytes.indexOf(piece); at >= 0; at = bytes.indexOf(piece, at + 1))
				places.push(`byte ${from}: ${name === "" ? "anonymous" : name}+${at.toString(16)} of ${bytes.length.toString(16)}`);
		}
	return places;
}

for (const name of ["linux64", "linux32"])
	test(`ARC-K8 a second after new keys the old ones are nowhere in memory (${name})`, async (context) => {
		const executable = executables.get(name);
		if (executable === undefined) return context.skip(`the packages of ${name} are not installed`);
		const child = spawn(executable, ["--probe", "old-keys"], { stdio: ["ignore", "pipe", "inherit"] });
		try {
			const old: [string, Buffer][] = [];
			const present: Buffer[] = [];
			for await (const line of createInterface({ input: child.stdout })) {
				if (line === "look") break;
				const [word = "", hex = ""] = line.split(" ");
				if (word === "present") present.push(Buffer.from(hex, "hex"));
				else old.push([word, Buffer.from(hex, "hex")]);
			}
			assert.equal(old.length, 8);
			assert.equal(present.length, 1);
			const pid = child.pid as number;
			// What is in use is found, at both ends, and nowhere else: no collection of garbage left a copy.
			for (const secret of present) assert.equal(found(pid, secret).length, (2 * secret.length) / PIECE);
			for (const [word, secret] of old) assert.deepEqual(found(pid, secret), [], word);
		} finally {
			child.kill("SIGKILL");
		}
	});
