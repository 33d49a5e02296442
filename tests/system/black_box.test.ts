/** The executable as a black box: arguments, configuration, memory, state, exit codes. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DeviceProcess } from "../../tools/demo/device_process.ts";
import { bad, good } from "../unit/config_cases.ts";
import { atEnd } from "./at_end.ts";
import { executable, freePort, root, temporaryFolder, testAuthority } from "./device.ts";

interface Result {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

function fletcher(...args: string[]): Result {
	const { status, stdout, stderr } = spawnSync(executable, args, { encoding: "utf8", timeout: 10_000 });
	return { code: status, stdout, stderr };
}

/** Writes a configuration. @returns its path. */
function configure(folder: string, config: unknown): string {
	const file = join(folder, "config.json");
	writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
	return file;
}

/** A device that is only its identity: it starts in milliseconds. */
function start(folder: string, state = join(folder, "state"), config: unknown = { log: { format: "json" } }): DeviceProcess {
	return new DeviceProcess([executable], ["--config", configure(folder, config), "--state", state]);
}

async function startedUuid(device: DeviceProcess): Promise<string> {
	for (let i = 0; i < 500; i++) {
		const started = device.log.find((one) => one.event === "started");
		if (started !== undefined) return String(started["uuid"]);
		if (device.exit !== undefined) break;
		await sleep(10);
	}
	throw new Error(`not started: ${JSON.stringify(device.log)}`);
}

test("black box: --version, --help and wrong arguments", () => {
	const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
	assert.match(fletcher("--version").stdout, new RegExp(`^fletcher ${version.replaceAll(".", "\\.")} \\w+\n$`));
	const help = fletcher("--help");
	assert.equal(help.code, 0);
	for (const name of ["--config", "--state", "--check-config", "--print-memory", "--version", "--help"])
		assert.ok(help.stdout.includes(name), name);
	for (const args of [[], ["--config"], ["--nonsense"], ["--config", "x", "more"]]) {
		const { code, stderr, stdout } = fletcher(...args);
		assert.deepEqual([code, stdout], [2, ""], args.join(" "));
		assert.match(stderr, /^fletcher: .*; see --help\n$/);
	}
});

test("black box: --check-config takes what is right, and names the key of what is not, with exit code 2", (t) => {
	const folder = temporaryFolder(t);
	const authorities = testAuthority().cert;
	for (const text of good) {
		const config = JSON.parse(text) as { arrow?: { authorities: string } };
		if (config.arrow !== undefined) config.arrow.authorities = authorities;
		const { code, stderr } = fletcher("--config", configure(folder, config), "--check-config");
		/* A small target has no room for all of them, but that is another complaint. */
		if (!/^fletcher: .*: memory plan: pools of/.test(stderr)) assert.deepEqual([code, stderr], [0, ""], text);
	}
	for (const [text, line] of bad) {
		const file = configure(folder, text);
		const { code, stderr, stdout } = fletcher("--config", file, "--check-config");
		assert.deepEqual([code, stdout], [2, ""], text);
		assert.equal(stderr.split("\n")[0], `fletcher: ${file}: ${line}`);
		assert.equal(fletcher("--config", file, "--state", join(folder, "state")).code, 2, "neither does it start");
	}
	assert.deepEqual(readdirSync(folder), ["config.json"], "no state was written");
});

test("black box: configurations that are no JSON, not there, too large, or whose files are not there", (t) => {
	const folder = temporaryFolder(t);
	const check = (config: unknown): Result => fletcher("--config", configure(folder, config), "--check-config");
	for (const text of ["", "{", '{"log":}', "nonsense", '{"log":{}}}', "\u0000", '{"log":{"level":"info"'])
		assert.match(check(text).stderr, /^fletcher: .*config\.json: is not JSON: .+\n$/, JSON.stringify(text));
	writeFileSync(join(folder, "config.json"), Buffer.from([0x7b, 0xff, 0xfe, 0x7d]));
	assert.equal(fletcher("--config", join(folder, "config.json"), "--check-config").code, 2, "no UTF-8");
	assert.match(check(`{"log":{}${" ".repeat(70_000)}}`).stderr, /config\.json.*65536/);
	assert.match(fletcher("--config", join(folder, "none.json"), "--check-config").stderr, /none\.json.*ENOENT/);
	assert.match(fletcher("--config", folder, "--check-config").stderr, /^fletcher: .+\n$/);
	const arrow = { service: "localhost", authorities: testAuthority().cert };
	const missing = check({ arrow: { ...arrow, authorities: join(folder, "none.pem") } });
	assert.equal(missing.code, 2);
	assert.match(missing.stderr, /none\.pem/);
	assert.match(
		check({ arrow: { ...arrow, services: [{ type: "rtsp", url: "http://127.0.0.1/" }] } }).stderr,
		/arrow\.services\[0\]\.url: rtsp:/,
	);
});

test("black box: --print-memory lists ROM and RAM line by line, and the sums are right", (t) => {
	const folder = temporaryFolder(t);
	const arrow = { service: "localhost", authorities: testAuthority().cert, sessions: 4, window: 8192, message: 2048 };
	const camera = { source: "x", frameBytes: 24_576, buffers: 3, http: { viewers: 2, requestBytes: 1024 } };
	const { code, stdout } = fletcher("--config", configure(folder, { arrow, camera }), "--print-memory");
	assert.equal(code, 0);
	const rows = stdout.split("\n").map((line) => /^ *(\d+) {2}(.+)$/.exec(line));
	const bytes = (what: string): number => Number(rows.find((row) => row?.[2]?.startsWith(what))?.[1] ?? Number.NaN);
	assert.equal(bytes("sum of ROM"), bytes("slots, ") + bytes("chunks"), "ROM");
	assert.equal(bytes("sum of the heap"), bytes("slots in use") + bytes("chunks in use"), "heap");
	assert.equal(
		bytes("sum of the engine"),
		bytes("sum of the heap") + bytes("stack") + bytes("tables") + bytes("aliases"),
		"engine",
	);
	assert.equal(bytes("arrow session rings"), 4 * 8192);
	const first = rows.findIndex((row) => row?.[2]?.startsWith("arrow session rings"));
	const last = rows.findIndex((row) => row?.[2] === "sum");
	const plan = rows.slice(first, last).reduce((sum, row) => sum + Number(row?.[1]), 0);
	assert.equal(bytes("sum of engine and plan"), bytes("sum of the engine") + plan, "RAM");
});

test("black box: a plan over device.memory, or over the engine's heap, is refused with the sum and the key to change", (t) => {
	const folder = temporaryFolder(t);
	const camera = { source: "x", frameBytes: 100_000, buffers: 4 };
	const budget = fletcher(
		"--config",
		configure(folder, { device: { memory: 300_000 }, camera }),
		"--state",
		join(folder, "state"),
	);
	assert.equal(budget.code, 2);
	assert.match(budget.stderr, /device\.memory: .*40\d{4} bytes needed, 300000 allowed, .*change camera\.frameBytes/);
	const heap = fletcher(
		"--config",
		configure(folder, { camera: { ...camera, frameBytes: 4_194_304, buffers: 16 } }),
		"--print-memory",
	);
	assert.equal(heap.code, 2);
	assert.match(heap.stderr, /pools of \d+ bytes needed, the engine's heap has \d+; change camera\.frameBytes/);
});

test("black box: SIGTERM and SIGINT stop it in order, within two seconds, with exit code 0", async (t) => {
	const folder = temporaryFolder(t);
	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		const device = start(folder);
		await startedUuid(device);
		const begun = performance.now();
		device.child.kill(signal);
		assert.deepEqual(await device.ended, { code: 0, signal: null });
		assert.ok(performance.now() - begun < 2_000);
		assert.deepEqual(
			device.log.slice(-2).map((one) => one.event),
			["stopping", "stopped"],
		);
	}
});

test("black box: a taken port is one clear line and exit code 1", async (t) => {
	const folder = temporaryFolder(t);
	const port = await freePort();
	const config = { camera: { source: join(root, "demo/clip.mjpeg"), http: { port } }, log: { format: "json" } };
	const first = start(folder, join(folder, "a"), config);
	atEnd(t, () => first.stop());
	await startedUuid(first);
	const second = start(folder, join(folder, "b"), config);
	assert.deepEqual(await second.ended, { code: 1, signal: null });
	assert.match(String(second.log.find((one) => one.event === "start-failed")?.["reason"]), new RegExp(`${port}.*EADDRINUSE`));
});

test("ARROW-2 the identity is made once, readable by its user only, and never shown but for the UUID", async (t) => {
	const folder = temporaryFolder(t);
	const state = join(folder, "deep/state");
	const uuids: string[] = [];
	const output: string[] = [];
	for (let boot = 0; boot < 3; boot++) {
		const device = start(folder, state);
		uuids.push(await startedUuid(device));
		await device.stop();
		output.push(JSON.stringify(device.log));
	}
	assert.equal(new Set(uuids).size, 1);
	assert.match(uuids[0] ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	for (const name of ["identity", "identity.backup"]) assert.equal(statSync(join(state, name)).mode & 0o777, 0o600, name);
	assert.equal(statSync(state).mode & 0o077, 0);
	const key = readFileSync(join(state, "identity")).subarray(24, 72);
	for (const part of [key.subarray(0, 16), key.subarray(16)])
		for (const form of [part.toString("hex"), part.toString("base64")]) assert.ok(!output.join().includes(form));
});

test("ARROW-2 killed at any moment of its first boot, it comes up with one identity and keeps it", async (t) => {
	const folder = temporaryFolder(t);
	let interrupted = 0;
	for (let round = 0; round < 60; round++) {
		const state = join(folder, `state-${round}`);
		const victim = spawn(executable, ["--config", configure(folder, {}), "--state", state], { stdio: "ignore" });
		await sleep(round % 20);
		victim.kill("SIGKILL");
		await new Promise((resolve) => victim.once("exit", resolve));
		const left = statSync(state, { throwIfNoEntry: false }) ? readdirSync(state) : [];
		const kept = left.includes("identity") ? readFileSync(join(state, "identity")).toString("hex") : undefined;
		if (kept === undefined) interrupted++;
		const device = start(folder, state);
		await startedUuid(device);
		await device.stop();
		const now = readFileSync(join(state, "identity")).toString("hex");
		if (kept !== undefined) assert.equal(now, kept, `round ${round}`);
		assert.equal(readFileSync(join(state, "identity.backup")).toString("hex"), now);
		assert.ok(!device.log.some((one) => one.event === "identity-lost"));
		assert.deepEqual(
			readdirSync(state).filter((name) => name.includes("damaged")),
			[],
		);
	}
	assert.ok(interrupted > 0, "no round was early enough to interrupt the first boot");
});

test("ARROW-2 a damaged identity is set aside and restored; with both copies damaged it stops with exit code 3 and says what to do", async (t) => {
	const folder = temporaryFolder(t);
	const state = join(folder, "state");
	const first = start(folder);
	const uuid = await startedUuid(first);
	await first.stop();
	const good = readFileSync(join(state, "identity"));
	writeFileSync(join(state, "identity"), good.subarray(0, 60));
	const second = start(folder);
	assert.equal(await startedUuid(second), uuid);
	await second.stop();
	const notes = second.log.filter((one) => one.event === "identity-note").map((one) => String(one["note"]));
	assert.ok(
		notes.some((note) => note.includes("is damaged")) && notes.some((note) => note.includes("set aside as")),
		notes.join("\n"),
	);
	assert.deepEqual(readFileSync(join(state, "identity")), good);
	writeFileSync(join(state, "identity"), "x");
	writeFileSync(join(state, "identity.backup"), "");
	for (let boot = 0; boot < 2; boot++) {
		const third = start(folder);
		assert.deepEqual(await third.ended, { code: 3, signal: null });
		assert.match(
			String(third.log.find((one) => one.event === "identity-lost")?.["reason"]),
			/Restore .* or, to give up the old identity, remove/,
		);
	}
	assert.deepEqual(readdirSync(state), ["identity.damaged-1", "identity.damaged-2", "identity.damaged-3"]);
});

test("black box: a state folder that cannot be written is one clear line and exit code 3", async (t) => {
	if (process.getuid?.() === 0) {
		const device = start(temporaryFolder(t), "/proc/fletcher");
		assert.deepEqual(await device.ended, { code: 3, signal: null });
		assert.match(String(device.log.at(-1)?.["reason"]), /\/proc\/fletcher cannot be made .*--state/);
		return;
	}
	const folder = temporaryFolder(t);
	const state = join(folder, "state");
	mkdirSync(state);
	chmodSync(state, 0o500);
	const device = start(folder, state);
	assert.deepEqual(await device.ended, { code: 3, signal: null });
	rmSync(state, { recursive: true, force: true });
});
