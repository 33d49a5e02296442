/** As many sessions as a Linux device has, all at once, through real sockets. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ArrowSession } from "../peers/arrow_session.ts";
import type { LocalService } from "../peers/local_services.ts";
import * as local from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import type { DeviceOptions, Tunnel } from "./device.ts";
import { openTunnel, tcp } from "./device.ts";

const SESSIONS = 64;
const WINDOW = 16_384;
const FLOW_MS = 2_000;
/** Part of the mean by which a share may differ (ARROW-26). */
const TOLERANCE = 0.2;
const PING_MS = 100;

async function tunnelTo(
	t: TestContext,
	services: readonly LocalService[],
	options: Partial<DeviceOptions> = {},
): Promise<Tunnel> {
	atEnd(t, () => Promise.all(services.map((one) => one.close())));
	return openTunnel(t, { services: services.map(tcp), sessions: SESSIONS, window: WINDOW, ...options });
}

test(`ARROW-10 ARROW-26 ${SESSIONS} sessions flood at once: each gets its share within 20 %, and PINGs their ACK within 100 ms`, async (t) => {
	const flood = await local.flood();
	const { service, device, idOf } = await tunnelTo(t, [flood]);
	const sessions = Array.from({ length: SESSIONS }, () => device.openSession(idOf(flood.port)).resume());
	await sleep(500);
	const before = sessions.map((session) => session.bytesIn);
	const end = performance.now() + FLOW_MS;
	const trips: number[] = [];
	while (performance.now() < end) {
		trips.push(await device.ping(1_000));
		await sleep(20);
	}
	const shares = sessions.map((session, index) => session.bytesIn - (before[index] ?? 0));
	const mean = shares.reduce((sum, one) => sum + one, 0) / SESSIONS;
	const [least, most] = [Math.min(...shares) / mean, Math.max(...shares) / mean];
	trips.sort((a, b) => a - b);
	t.diagnostic(
		`${((mean * SESSIONS) / FLOW_MS / 1_000).toFixed(0)} MB/s; shares ${least.toFixed(3)} to ${most.toFixed(3)} of the mean; ` +
			`${trips.length} PINGs, median ${trips[trips.length >> 1]?.toFixed(1)} ms, longest ${trips.at(-1)?.toFixed(1)} ms`,
	);
	assert.ok(mean > 10 * WINDOW, `${mean} bytes a session: too few to tell anything`);
	assert.ok(least >= 1 - TOLERANCE && most <= 1 + TOLERANCE, `shares of ${least} to ${most} of the mean`);
	// A machine that is busy with other things may keep one or the other waiting.
	const late = trips[Math.floor(trips.length * 0.95)] ?? 0;
	assert.ok(late < PING_MS, `one of twenty PINGs took ${late} ms and more`);
	assert.deepEqual(service.violations, []);
});

test("ARROW-26 a busy session and one that says a word now and then: the word is not kept waiting", async (t) => {
	const flood = await local.flood();
	const echo = await local.echo();
	const { service, device, idOf } = await tunnelTo(t, [flood, echo]);
	for (let count = 0; count < 8; count += 1) device.openSession(idOf(flood.port)).resume();
	const session = device.openSession(idOf(echo.port));
	const times: number[] = [];
	for (let count = 0; count < 50; count += 1) {
		const start = performance.now();
		session.write("a word");
		await new Promise((resolve) => session.once("data", resolve));
		times.push(performance.now() - start);
		await sleep(10);
	}
	times.sort((a, b) => a - b);
	t.diagnostic(`median ${times[25]?.toFixed(1)} ms, longest ${times.at(-1)?.toFixed(1)} ms`);
	assert.ok((times[25] ?? 0) < PING_MS, `median of ${times[25]} ms`);
	assert.deepEqual(service.violations, []);
});

test(`ARROW-15 a whole window and HUP in one burst, ${SESSIONS} sessions at once: every byte arrives, then FIN`, async (t) => {
	const got = new Map<string, { readonly digest: string; readonly length: number }>();
	const { createServer } = await import("node:net");
	const ended: string[] = [];
	const server = createServer((socket) => {
		const hash = createHash("sha256");
		const name = `${socket.remotePort}`;
		let length = 0;
		socket.on("data", (data: Buffer) => {
			length += data.length;
			hash.update(data);
		});
		socket.on("end", () => {
			got.set(name, { digest: hash.digest("hex"), length });
			ended.push(name);
		});
		socket.on("error", () => undefined);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	atEnd(t, () => server.close());
	const address = server.address();
	assert.ok(typeof address === "object" && address !== null);
	const { service, device, idOf } = await openTunnel(t, { services: [tcp(address)], sessions: SESSIONS, window: WINDOW });
	const data = local.pattern(WINDOW);
	const expected = createHash("sha256").update(data).digest("hex");
	for (let round = 0; round < 3; round += 1) {
		// CONNECT, the data and HUP are on their way before the device has begun to connect.
		const sessions = Array.from({ length: SESSIONS }, () => device.openSession(idOf(address.port)));
		for (const session of sessions) session.sendMessage(data);
		for (const session of sessions) session.hangUp();
		await local.poll(
			() => ended.length === SESSIONS * (round + 1),
			5_000,
			() => `${ended.length} of ${SESSIONS * (round + 1)} ends`,
		);
	}
	for (const one of got.values()) assert.deepEqual(one, { digest: expected, length: WINDOW });
	assert.equal((await device.getStatus()).sessions, 0);
	assert.deepEqual(service.violations, []);
});

test(`ARROW-22 ARROW-31 the ${SESSIONS + 1}th CONNECT is refused while ${SESSIONS} sessions talk, and its place is there once one has ended`, async (t) => {
	const echo = await local.echo();
	const { service, device, idOf } = await tunnelTo(t, [echo]);
	const say = (session: ArrowSession, text: string): Promise<string> => {
		session.write(text);
		return new Promise((resolve) => session.once("data", (data: Buffer) => resolve(data.toString())));
	};
	const sessions = Array.from({ length: SESSIONS }, () => device.openSession(idOf(echo.port)));
	const texts = sessions.map((_, index) => `number ${index}`);
	assert.deepEqual(await Promise.all(sessions.map((session, index) => say(session, texts[index] ?? ""))), texts);
	for (let count = 0; count < 5; count += 1) assert.equal(await device.openSession(idOf(echo.port)).waitForHup(), 3);
	assert.equal((await device.getStatus()).sessions, SESSIONS);
	assert.deepEqual(await Promise.all(sessions.map((session, index) => say(session, texts[index] ?? ""))), texts);
	sessions[10]?.hangUp();
	assert.equal(await say(device.openSession(idOf(echo.port)), "again"), "again");
	assert.deepEqual(service.violations, []);
});

test("ARROW-15 ARROW-22 HUP for a session whose local connect hangs: it is gone at once, and its place free", async (t) => {
	const hole = await local.blackHole();
	const echo = await local.echo();
	const { service, device, process, idOf } = await tunnelTo(t, [hole, echo], { sessions: 2 });
	for (let round = 0; round < 20; round += 1) {
		const pending = [device.openSession(idOf(hole.port)), device.openSession(idOf(hole.port))];
		assert.equal((await device.getStatus()).sessions, 2);
		for (const session of pending) session.hangUp();
		assert.equal((await device.getStatus()).sessions, 0);
		const session = device.openSession(idOf(echo.port));
		session.write("free");
		assert.equal(String(await new Promise((resolve) => session.once("data", resolve))), "free");
		session.hangUp();
		await device.ping();
	}
	assert.ok(process.alive);
	assert.deepEqual(service.violations, []);
});

test("ARROW-29 a slow local side slows its own session down and no other", async (t) => {
	const { createServer } = await import("node:net");
	// Takes 64 KiB, rests, and so on.
	let slow = 0;
	const server = createServer({ highWaterMark: 65_536 }, (socket) => {
		socket.on("error", () => undefined);
		socket.on("data", (data: Buffer) => {
			slow += data.length;
			socket.pause();
			setTimeout(() => socket.resume(), 20);
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	const sink = await local.sink();
	atEnd(t, () => Promise.all([sink.close(), server.close()]));
	const address = server.address();
	assert.ok(typeof address === "object" && address !== null);
	const { service, device, idOf } = await openTunnel(t, { services: [tcp(address), tcp(sink)], window: WINDOW });
	const held = device.openSession(idOf(address.port));
	held.write(local.pattern(50_000_000));
	const free = device.openSession(idOf(sink.port));
	const start = performance.now();
	free.write(local.pattern(20_000_000));
	await sink.waitForBytes(20_000_000, 20_000);
	const rate = 20 / ((performance.now() - start) / 1_000);
	t.diagnostic(`${rate.toFixed(0)} MB/s beside a session of ${(slow / (performance.now() - start) / 1_000).toFixed(1)} MB/s`);
	assert.ok(slow < 20_000_000, "the slow side was not slow");
	assert.ok(held.outstandingOut <= WINDOW);
	held.hangUp();
	free.hangUp();
	assert.deepEqual(service.violations, []);
});
