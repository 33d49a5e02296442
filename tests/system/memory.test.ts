/** What the 32-bit twin of an ESP32 takes of memory: the figures that the README shows. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { targets } from "../../tools/targets.ts";
import { root, temporaryFolder, testAuthority } from "./device.ts";

/** Bytes of slots and chunks that the device's machine may use after boot, pools excepted. */
const HEAP_GOAL = 24 * 1024;
/** Bytes of everything but the TLS library's records and the pictures, which a camera's driver holds on a board. */
const PLAN_GOAL = 128 * 1024;

for (const name of ["linux32", "armhf"]) {
	const target = targets[name];
	const executable = join(root, "build", name, "fletcher");
	const skip = target && existsSync(executable) ? false : `build/${name}/fletcher is not there`;

	test(`${name}: four sessions of 8 KiB and a camera fit, printed line by line`, { skip }, (t) => {
		const folder = temporaryFolder(t);
		const file = join(folder, "config.json");
		const config = {
			arrow: { service: "localhost", authorities: testAuthority().cert, window: 8192, sessions: 4 },
			camera: { source: join(root, "demo/clip.mjpeg"), http: { port: 8081 } },
		};
		writeFileSync(file, JSON.stringify(config));
		const [runner, ...args] = [...(target?.runner ?? []), executable, "--config", file, "--print-memory"];
		const { status, stdout, stderr } = spawnSync(runner as string, args, { encoding: "utf8", timeout: 30_000 });
		assert.equal(status, 0, stderr);
		const bytes = (words: RegExp): number => {
			const line = stdout.split("\n").find((it) => words.test(it));
			assert.ok(line, `no line of ${words} in\n${stdout}`);
			return Number.parseInt(line, 10);
		};
		assert.match(stdout, /^ROM: the read-only root, an image made at build time$/m);
		const heap = bytes(/sum of the heap/);
		assert.equal(heap, bytes(/ slots in use/) + bytes(/ chunks in use/));
		assert.ok(heap < HEAP_GOAL, `the heap takes ${heap} bytes after boot`);
		const engine = bytes(/sum of the engine/);
		assert.equal(engine, heap + bytes(/ stack,/) + bytes(/ tables of keys/) + bytes(/ aliases,/));
		const all = bytes(/sum of engine and plan/);
		assert.equal(all, engine + bytes(/^ +\d+ {2}sum$/));
		const rest = all - bytes(/arrow TLS engine/) - bytes(/camera frames/);
		assert.ok(rest < PLAN_GOAL, `engine and pools take ${rest} bytes`);
	});
}
