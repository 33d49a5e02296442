import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { atEnd } from "./at_end.ts";
import { ServiceType } from "../peers/arrow_table.ts";
import { Type } from "../peers/arrow_wire.ts";
import { echo } from "../peers/local_services.ts";
import { http, openTunnel, startDevice, startService, TestDevice, tcp, temporaryFolder } from "./device.ts";

test("ARROW-6 ARROW-35 the device registers with its services, window and info, and keeps every rule of the layout", async (t) => {
	const local = await echo();
	atEnd(t, () => local.close());
	const services = [
		tcp(local),
		http(local),
		{ type: "rtsp", url: "rtsp://127.0.0.1:8554/live?channel=1" },
		{ type: "rtsp", url: "rtsp://user:secret@127.0.0.1/locked" },
		{ type: "mjpeg", url: "http://127.0.0.1:8090/video.mjpeg" },
	];
	const { service, device } = await openTunnel(t, { services, window: 8_192 });
	assert.deepEqual(service.violations, []);
	assert.equal(device.window, 8_192);
	assert.equal(device.registration?.gateway, false);
	const shown = device.services.map((one) => [one.type, one.address, one.port, one.path].join(" ")).sort();
	assert.deepEqual(
		shown,
		[
			`${ServiceType.TCP} 127.0.0.1 ${local.port} `,
			`${ServiceType.HTTP} 127.0.0.1 ${local.port} `,
			`${ServiceType.RTSP} 127.0.0.1 8554 /live?channel=1`,
			`${ServiceType.LOCKED_RTSP} 127.0.0.1 554 /locked`,
			`${ServiceType.MJPEG} 127.0.0.1 8090 /video.mjpeg`,
		].sort(),
	);
	assert.ok(!JSON.stringify(device.registration).includes("secret"));
});

test("ARROW-2 uuid and key outlive a restart and lie in a file that only their owner reads", async (t) => {
	const service = await startService(t);
	const address = `localhost:${service.port}`;
	const folder = temporaryFolder(t);
	const first = new TestDevice(folder, { service: address });
	atEnd(t, () => first.stop());
	const before = (await service.waitForDevice()).registration;
	const gone = service.waitFor("gone", () => true);
	await first.stopOrderly();
	await gone;
	const files = readdirSync(first.state).map((name) => join(first.state, name));
	assert.ok(files.length > 0, "the state folder is empty");
	for (const file of files) assert.equal(statSync(file).mode & 0o077, 0, `${file} can be read by others`);
	startDevice(t, { service: address, state: first.state });
	const after = (await service.waitForDevice()).registration;
	assert.equal(after?.uuid, before?.uuid);
	assert.equal(after?.key, before?.key);
	assert.deepEqual(service.violations, []);
});

test("ARROW-10 ARROW-12 ARROW-19 ARROW-20 pings, unknown types, status and scan reports are answered", async (t) => {
	const { service, device } = await openTunnel(t, {});
	for (let count = 0; count < 20; count += 1) assert.ok((await device.ping(1_000)) < 100, "a PING took 100 ms");
	const unknown = device.sendControl(0x00ff);
	const update = device.sendControl(Type.UPDATE);
	for (const id of [unknown, update]) {
		const answer = await device.waitForMessage((one) => one.control?.type === Type.ACK && one.control.id === id);
		assert.equal(answer.control?.data.readUInt32BE(0), 4);
	}
	device.sendControl(Type.PING, undefined, { header: { session: 0x123456, reserved: 0xff } });
	await device.ping();
	assert.deepEqual(await device.getStatus(), { scanning: false, sessions: 0 });
	assert.deepEqual((await device.getScanReport()).hosts, []);
	assert.deepEqual(service.violations, []);
});

test("ARROW-11 the device pings by itself and closes a connection that does not answer", async (t) => {
	const times = { ping: 500, ack: 300, retry: 100, registerSpan: 1 };
	const { service, device } = await openTunnel(t, { times }, { answerPings: false });
	const next = service.waitFor("device", () => true);
	await device.waitForMessage((one) => one.control?.type === Type.PING);
	await device.waitForClose();
	await next;
	assert.deepEqual(service.violations, []);
});

test("ARROW-3 one byte a TLS record gives the same conversation", async (t) => {
	const local = await echo();
	atEnd(t, () => local.close());
	const { service, device, idOf } = await openTunnel(t, { services: [tcp(local)] }, { byteWise: true });
	await device.ping();
	const session = device.openSession(idOf(local.port));
	session.write("byte by byte");
	let text = "";
	for await (const data of session) {
		text += data;
		if (text.length === 12) break;
	}
	assert.equal(text, "byte by byte");
	assert.deepEqual(service.violations, []);
});
