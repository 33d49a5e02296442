/** The camera's HTTP server in the real executable, with real and with ill-behaved viewers. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DeviceProcess } from "../../tools/demo/device_process.ts";
import { atEnd } from "./at_end.ts";
import { executable, freePort, root, temporaryFolder } from "./device.ts";
import { run } from "./programs.ts";

const CLIP = join(root, "demo/clip.mjpeg");

interface Figures {
	readonly memory: { readonly slots: { readonly used: number }; readonly collections: number; readonly descriptors: number };
	readonly camera: {
		readonly frames: number;
		readonly viewers: number;
		readonly framesSent: number;
		readonly skipped: number;
		readonly starved: number;
		readonly http: { readonly connections: number; readonly refused: number; readonly timeouts: number };
	};
}

interface Camera {
	readonly port: number;
	readonly url: string;
	readonly device: DeviceProcess;
	figures(): Promise<Figures>;
}

async function startCamera(t: TestContext, camera: object = {}, http: object = {}): Promise<Camera> {
	const folder = temporaryFolder(t);
	const port = await freePort();
	const file = join(folder, "config.json");
	writeFileSync(
		file,
		JSON.stringify({ camera: { source: CLIP, rate: 25, ...camera, http: { port, ...http } }, log: { format: "json" } }),
	);
	const device = new DeviceProcess([executable], ["--config", file, "--state", join(folder, "state")]);
	atEnd(t, async () => {
		assert.deepEqual(await device.stop(), { code: 0, signal: null }, JSON.stringify(device.log.slice(-5)));
	});
	const url = `http://127.0.0.1:${port}`;
	for (let i = 0; i < 500 && !device.log.some((one) => one.event === "opened" || one.event === "failed"); i++) await sleep(10);
	return { port, url, device, figures: async () => (await (await fetch(`${url}/metrics.json`)).json()) as Figures };
}

/** Sends bytes, and resolves with everything that came until the end of the connection. */
function talk(port: number, bytes: string): Promise<string> {
	return new Promise((resolve, reject) => {
		let answer = "";
		const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
		socket.on("data", (data) => {
			answer += data.toString("latin1");
		});
		socket.on("end", () => resolve(answer));
		socket.on("error", reject);
	});
}

/** A viewer that takes nothing after its first bytes. */
function sleeper(t: TestContext, port: number): Promise<Socket> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1", () => socket.write("GET /video.mjpeg HTTP/1.1\r\nHost: x\r\n\r\n"));
		socket.on("error", () => {});
		socket.once("data", () => {
			socket.pause();
			resolve(socket);
		});
		atEnd(t, () => socket.destroy());
	});
}

test("camera: the single picture is one of the clip, byte for byte", async (t) => {
	const { url } = await startCamera(t);
	const clip = readFileSync(CLIP);
	for (let i = 0; i < 10; i++) {
		const response = await fetch(`${url}/frame.jpg`);
		assert.equal(response.headers.get("content-type"), "image/jpeg");
		assert.ok(clip.includes(Buffer.from(await response.arrayBuffer())));
	}
});

test("camera: ffmpeg decodes the stream without a complaint, four viewers at once", async (t) => {
	const { url } = await startCamera(t, { buffers: 4 }, { viewers: 4 });
	const view = (): Promise<{ stdout: string; stderr: string }> =>
		run("ffmpeg", [
			"-v",
			"warning",
			"-xerror",
			"-err_detect",
			"explode",
			"-f",
			"mpjpeg",
			"-i",
			`${url}/video.mjpeg`,
			"-frames:v",
			"50",
			"-f",
			"framemd5",
			"-",
		]);
	for (const { stdout, stderr } of await Promise.all([view(), view(), view(), view()])) {
		assert.equal(stderr.trim(), "");
		assert.equal(stdout.split("\n").filter((line) => /^\d/.test(line)).length, 50);
	}
});

test("camera: viewers that take nothing are skipped and then dropped; the others get every frame", async (t) => {
	const { url, port, figures } = await startCamera(t, { buffers: 4 }, { viewers: 4 });
	for (let i = 0; i < 3; i++) await sleeper(t, port);
	await sleep(3_000); /* until the host's socket buffers are full */
	const before = (await figures()).camera;
	const started = performance.now();
	await run("curl", ["-sS", "-m", "4", "-o", "/dev/null", `${url}/video.mjpeg`]).catch(() => undefined);
	const seconds = (performance.now() - started) / 1_000;
	const { camera } = await figures();
	const sent = camera.framesSent - before.framesSent;
	assert.ok(sent > 25 * seconds * 0.9 - 5, `${sent} frames in ${seconds.toFixed(1)} s`);
	for (let i = 0; i < 150 && (await figures()).camera.viewers > 0; i++) await sleep(100);
	const after = (await figures()).camera;
	assert.equal(after.viewers, 0, "those that took nothing are gone");
	assert.ok(after.http.timeouts >= 3);
});

test("camera: one viewer too many gets 503, and a place as soon as one is left", async (t) => {
	const { url, port } = await startCamera(t, {}, { viewers: 2 });
	const first = await sleeper(t, port);
	await sleeper(t, port);
	assert.equal((await fetch(`${url}/video.mjpeg`)).status, 503);
	first.destroy();
	await sleep(200);
	const third = await fetch(`${url}/video.mjpeg`);
	assert.equal(third.status, 200);
	await third.body?.cancel();
});

test("camera: bad requests get their status and leave nothing behind", async (t) => {
	const { url, port, figures } = await startCamera(t);
	const before = await figures();
	for (const [bytes, status] of [
		["GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"],
		["DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"],
		["GET / HTTP/1.1\r\n\r\n", "400 Bad Request"],
		["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", "400 Bad Request"],
		[`GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, "414 URI Too Long"],
		[`GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(100_000)}\r\n\r\n`, "431 Request Header Fields Too Large"],
		["GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505 HTTP Version Not Supported"],
	] as const)
		assert.ok((await talk(port, bytes)).startsWith(`HTTP/1.1 ${status}\r\n`), status);
	const page = await (await fetch(`${url}/`)).text();
	assert.ok(page.includes('src="video.mjpeg"'));
	await sleep(100);
	const after = await figures();
	assert.equal(after.camera.http.refused - before.camera.http.refused, 7);
	assert.equal(after.camera.http.connections, 1);
	assert.equal(after.memory.descriptors, before.memory.descriptors);
});

test("camera: a request that never ends, byte by byte, is ended after ten seconds", async (t) => {
	const { port } = await startCamera(t);
	const started = performance.now();
	const answer = await new Promise<string>((resolve) => {
		let text = "";
		const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\n"));
		const timer = setInterval(() => socket.write("X"), 300);
		socket.on("data", (data) => {
			text += data.toString("latin1");
		});
		socket.on("error", () => {});
		socket.on("close", () => {
			clearInterval(timer);
			resolve(text);
		});
	});
	const seconds = (performance.now() - started) / 1_000;
	assert.ok(answer.startsWith("HTTP/1.1 408 Request Timeout\r\n"), answer);
	assert.ok(seconds > 9 && seconds < 14, `${seconds} s`);
});

test("camera: a thousand connections, half of them broken off, leave memory where it was", async (t) => {
	const { url, port, figures } = await startCamera(t);
	const cycle = async (count: number): Promise<void> => {
		for (let i = 0; i < count; i++) {
			if (i % 2 === 0) await (await fetch(`${url}/frame.jpg`)).arrayBuffer();
			else
				await new Promise<void>((resolve) => {
					const socket = connect(port, "127.0.0.1", () => socket.write("GET /video.mjpeg HTTP/1.1\r\nHost: x\r\n\r\n"));
					socket.once("data", () => socket.resetAndDestroy());
					socket.on("error", () => {});
					socket.on("close", () => resolve());
				});
		}
		await sleep(200);
	};
	await cycle(20);
	const before = await figures();
	await cycle(1_000);
	const after = await figures();
	assert.equal(after.memory.descriptors, before.memory.descriptors);
	assert.equal(after.camera.viewers, 0);
	assert.equal(after.memory.collections, before.memory.collections, "garbage was collected");
	assert.ok(
		after.memory.slots.used - before.memory.slots.used < 200,
		`${before.memory.slots.used} → ${after.memory.slots.used} slots`,
	);
});

test("camera: one that is not there is named in the log and tried again; the device runs", async (t) => {
	const { url, device } = await startCamera(t, { source: "/dev/video-none" });
	const failed = device.log.find((one) => one.event === "failed");
	assert.match(String(failed?.["reason"]), /\/dev\/video-none is not there: no camera is connected/);
	assert.equal(failed?.["retry"], 1);
	assert.equal((await fetch(`${url}/frame.jpg`)).status, 503);
});
