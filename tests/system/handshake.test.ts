import assert from "node:assert/strict";
import { test } from "node:test";
import type { ArrowDevice } from "../peers/arrow_device.ts";
import { ArrowService } from "../peers/arrow_service.ts";
import { encodeConnect, encodeControl, encodeHeader, encodeRedirect, Type } from "../peers/arrow_wire.ts";
import { echo, poll, sink } from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import { openTunnel, startDevice, startService, tcp, testCertificate } from "./device.ts";

/** Each kind of retry has a time of its own here, so that a test sees which one was taken. */
const TIMES = { retry: 400, unpairedFast: 1_200, unsupported: 2_400, ack: 1_000, registerSpan: 1 };
/** Retries get up to a tenth more; a loaded machine takes its time. */
const SLACK_MS = 500;

const CODES: readonly (readonly [code: number, delay: number])[] = [
	[0xffffffff, TIMES.retry],
	[1, TIMES.unsupported],
	[2, TIMES.unpairedFast],
	[3, TIMES.retry],
	[4, TIMES.retry],
	[5, TIMES.retry],
];

for (const [code, delay] of CODES) {
	test(`ARROW-8 ARROW-37 C2 REGISTER answered by ACK ${code.toString(16)}: closed, next attempt by its own rule`, async (t) => {
		const service = await startService(t, { registerAck: code });
		const arrivals: ArrowDevice[] = [];
		service.on("connection", (device: ArrowDevice) => arrivals.push(device));
		const process = startDevice(t, { service: `localhost:${service.port}`, times: TIMES });
		await poll(
			() => arrivals.length === 2,
			delay + 5_000,
			() => `${arrivals.length} connections\n${process.tail()}`,
		);
		const [first, second] = arrivals;
		assert.ok(first !== undefined && second !== undefined);
		assert.ok(first.closed, "the device keeps a connection that was refused");
		const elapsed = second.openedAt - first.openedAt;
		assert.ok(elapsed >= delay - 50 && elapsed <= delay * 1.1 + SLACK_MS, `${Math.round(elapsed)} ms, ${delay} expected`);
		assert.deepEqual(service.violations, []);
	});
}

const BEFORE_ACK: readonly (readonly [name: string, data: Buffer])[] = [
	["PING", encodeControl(0xbeef, Type.PING)],
	["REDIRECT", encodeControl(1, Type.REDIRECT, encodeRedirect("localhost:9001"))],
	["CONNECT", encodeControl(1, Type.CONNECT, encodeConnect(1, 7))],
	["session data", Buffer.concat([encodeHeader({ service: 1, session: 7, bodySize: 3 }), Buffer.from("abc")])],
];

for (const [name, data] of BEFORE_ACK) {
	test(`ARROW-7 C3 ${name} before the ACK of REGISTER: closed without a reply`, async (t) => {
		const service = await startService(t, { registerAck: null });
		const arrival = service.waitFor<ArrowDevice>("connection", () => true);
		startDevice(t, { service: `localhost:${service.port}`, times: TIMES });
		const device = await arrival;
		await device.waitForMessage((one) => one.control?.type === Type.REGISTER);
		device.sendRaw(data);
		await device.waitForClose();
		assert.equal(device.messages.length, 1, "the device answered");
		assert.deepEqual(service.violations, []);
	});
}

test("ARROW-4 C15 a header of version 1 or 3: closed as soon as it is there", async (t) => {
	const { service, device } = await openTunnel(t, { times: TIMES });
	const back = service.waitFor<ArrowDevice>("device", () => true);
	device.sendRaw(encodeHeader({ version: 1, bodySize: 4 }));
	await device.waitForClose();
	const next = await back;
	next.sendRaw(encodeHeader({ version: 3, bodySize: 4 }));
	await next.waitForClose();
	assert.deepEqual(service.violations, []);
});

test("ARROW-13 C14 REDIRECT: FIN for the local service, REGISTER at the target in a second, later at the first address again", async (t) => {
	const local = await sink();
	const target = new ArrowService({ certificate: testCertificate() });
	await target.listen();
	atEnd(t, () => Promise.all([local.close(), target.close()]));
	const { service, device, idOf } = await openTunnel(t, { services: [tcp(local)], times: TIMES });
	const session = device.openSession(idOf(local.port));
	session.write("abc");
	await local.waitForBytes(3);
	const key = device.registration?.key;
	const start = performance.now();
	const again = service.waitFor<ArrowDevice>("device", () => true);
	device.redirect(`localhost:${target.port}`);
	const moved = await target.waitForDevice(device.uuid);
	assert.ok(performance.now() - start < 1_000);
	assert.equal(moved.registration?.key, key);
	await local.waitForEnd();
	assert.equal(session.hup, undefined);
	moved.cut();
	await again;
	assert.deepEqual([...service.violations, ...target.violations], []);
});

test("ARROW-13 a malformed REDIRECT: closed, then the configured address again", async (t) => {
	const { service, device } = await openTunnel(t, { times: TIMES });
	let connected = device;
	for (const text of ["", "localhost", "localhost:0", "localhost:65536", "localhost:9001\0tail", "[::1:9001", ":9001"]) {
		const back = service.waitFor<ArrowDevice>("device", () => true);
		connected.sendControl(Type.REDIRECT, encodeRedirect(text));
		await connected.waitForClose();
		connected = await back;
	}
	const back = service.waitFor<ArrowDevice>("device", () => true);
	connected.sendControl(Type.REDIRECT, Buffer.from("localhost:9001"));
	await connected.waitForClose();
	await back;
	assert.deepEqual(service.violations, []);
});

test("ARROW-23 a second CONNECT for a running session: HUP 3, and the first one goes on", async (t) => {
	const local = await echo();
	atEnd(t, () => local.close());
	const { device, idOf } = await openTunnel(t, { services: [tcp(local)] });
	const session = device.openSession(idOf(local.port), 7);
	session.write("one");
	assert.equal(String(await new Promise((resolve) => session.once("data", resolve))), "one");
	// The peer's own session must not take the HUP for its end: a connection of its own message log tells.
	const hups = (): number => device.messages.filter((one) => one.control?.type === Type.HUP).length;
	device.sessions.delete(7);
	device.sendRaw(encodeControl(0x7000, Type.CONNECT, encodeConnect(idOf(local.port), 7)));
	await poll(
		() => hups() === 1,
		2_000,
		() => `${hups()} HUPs`,
	);
	device.sessions.set(7, session);
	session.write("two");
	assert.equal(String(await new Promise((resolve) => session.once("data", resolve))), "two");
	assert.equal(local.accepted, 1);
});
