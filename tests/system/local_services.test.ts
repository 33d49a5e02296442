import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { atEnd } from "./at_end.ts";
import type { TestContext } from "node:test";
import type { ArrowSession } from "../peers/arrow_session.ts";
import { encodeConnect, encodeControl, encodeHeader, encodeSessionValue, Type } from "../peers/arrow_wire.ts";
import type { LocalService } from "../peers/local_services.ts";
import * as local from "../peers/local_services.ts";
import { openTunnel, tcp } from "./device.ts";
import type { DeviceOptions, Tunnel } from "./device.ts";

/** A tunnel to one local service, which goes with the test. */
async function tunnelTo(
	t: TestContext,
	service: LocalService,
	options: Partial<DeviceOptions> = {},
): Promise<Tunnel & { id: number }> {
	atEnd(t, () => service.close());
	const tunnel = await openTunnel(t, { services: [tcp(service)], ...options });
	return { ...tunnel, id: tunnel.idOf(service.port) };
}

async function readAll(session: ArrowSession): Promise<string> {
	let text = "";
	try {
		for await (const data of session) text += data;
	} catch {
		// How it ended is told by session.hup.
	}
	return text;
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("ARROW-21 echo: two sessions to one service carry data of their own", async (t) => {
	const { service, device, id } = await tunnelTo(t, await local.echo());
	const texts = ["first", "second"];
	const sessions = texts.map((text) => {
		const session = device.openSession(id);
		session.write(text);
		return session;
	});
	for (const [index, session] of sessions.entries()) {
		const [data] = await Promise.all([new Promise<Buffer>((resolve) => session.once("data", resolve))]);
		assert.equal(data.toString(), texts[index]);
		session.hangUp();
	}
	await device.ping();
	assert.equal((await device.getStatus()).sessions, 0);
	assert.deepEqual(service.violations, []);
});

test("ARROW-24 sink: data that follows CONNECT in the same burst arrives whole and in order", async (t) => {
	const sink = await local.sink();
	const { service, device, id } = await tunnelTo(t, sink);
	const data = local.pattern(5_000_000);
	device.openSession(id).end(data);
	await sink.waitForBytes(data.length, 20_000);
	await sink.waitForEnd();
	assert.equal(sink.digest(), createHash("sha256").update(data).digest("hex"));
	assert.deepEqual(service.violations, []);
});

test("ARROW-16 ARROW-30 flood: 20 MB and FIN arrive whole, then HUP 0", async (t) => {
	const { service, device, id } = await tunnelTo(t, await local.flood(20_000_000, local.pattern(20_000_000)));
	const session = device.openSession(id);
	const hash = createHash("sha256");
	for await (const data of session) hash.update(data as Buffer);
	assert.equal(session.hup, 0);
	assert.equal(hash.digest("hex"), createHash("sha256").update(local.pattern(20_000_000)).digest("hex"));
	assert.deepEqual(service.violations, []);
});

test("ARROW-16 C10 what a service said before FIN arrives with HUP 0, before RST with HUP 3", async (t) => {
	const ending = await local.speakAndEnd(Buffer.from("abc"));
	const resetting = await local.speakAndReset(Buffer.from("abc"));
	atEnd(t, () => Promise.all([ending.close(), resetting.close()]));
	const { service, device, idOf } = await openTunnel(t, { services: [tcp(ending), tcp(resetting)] });
	for (const [port, code] of [
		[ending.port, 0],
		[resetting.port, 3],
	] as const) {
		const session = device.openSession(idOf(port));
		assert.equal(await readAll(session), "abc");
		assert.equal(session.hup, code);
	}
	assert.deepEqual(service.violations, []);
});

test("ARROW-22 C7 refused, reset and unknown services earn HUP 3 each, others go on", async (t) => {
	const refusing = await local.refuse();
	const resetting = await local.reset();
	const working = await local.echo();
	atEnd(t, () => Promise.all([resetting.close(), working.close()]));
	const { service, device, idOf } = await openTunnel(t, { services: [refusing, resetting, working].map(tcp) });
	assert.equal(await device.openSession(idOf(refusing.port)).waitForHup(), 3);
	assert.equal(await device.openSession(idOf(resetting.port)).waitForHup(), 3);
	assert.equal(await device.openSession(0x4242).waitForHup(), 3);
	assert.equal(await device.openSession(0).waitForHup(), 3);
	const session = device.openSession(idOf(working.port));
	session.write("still here");
	assert.equal(String(await new Promise((resolve) => session.once("data", resolve))), "still here");
	assert.deepEqual(service.violations, []);
});

test("ARROW-19 ARROW-22 C6 black hole: counted while it connects, HUP 3 when the time is over", async (t) => {
	const times = { localConnect: 700, retry: 200, registerSpan: 1 };
	const { service, device, id } = await tunnelTo(t, await local.blackHole(), { times });
	const session = device.openSession(id);
	await wait(200);
	assert.equal((await device.getStatus()).sessions, 1);
	assert.equal(await session.waitForHup(3_000), 3);
	assert.equal((await device.getStatus()).sessions, 0);
	assert.deepEqual(service.violations, []);
});

test("ARROW-28 C11 without DATA_ACK exactly the window arrives, then exactly what is acknowledged", async (t) => {
	const window = 8_192;
	const { service, device, id } = await tunnelTo(t, await local.flood(300_000), { window });
	const session = device.openSession(id);
	session.autoAck = false;
	session.resume();
	await wait(700);
	assert.equal(session.bytesIn, window);
	for (const more of [1_000, 0, 1]) {
		const before: number = session.bytesIn;
		session.acknowledge(more);
		await wait(200);
		assert.equal(session.bytesIn - before, more);
		assert.ok((await device.ping(1_000)) < 100);
	}
	session.hangUp();
	assert.deepEqual(service.violations, []);
});

test("ARROW-27 C12 the window in one message is taken, one byte more is HUP 3 and reaches nobody", async (t) => {
	const window = 8_192;
	const stalled = await local.stall();
	const other = await local.echo();
	atEnd(t, () => Promise.all([stalled.close(), other.close()]));
	const { device, idOf } = await openTunnel(t, { services: [tcp(stalled), tcp(other)], window });
	const beside = device.openSession(idOf(other.port));

	const over = device.openSession(idOf(stalled.port));
	over.sendMessage(Buffer.alloc(window + 1));
	assert.equal(await over.waitForHup(), 3);

	// What the local side does not read first fills its own buffers; the ring fills behind them.
	const full = device.openSession(idOf(stalled.port));
	await wait(100);
	full.sendMessage(Buffer.alloc(window));
	await device.ping();
	assert.equal(full.hup, undefined);
	full.hangUp();

	beside.write("untouched");
	assert.equal(String(await new Promise((resolve) => beside.once("data", resolve))), "untouched");
});

test("ARROW-29 a stalled local side stops the sender, and nothing is lost when it reads again", async (t) => {
	const stalled = await local.stall();
	const { service, device, id } = await tunnelTo(t, stalled, { window: 8_192 });
	const session = device.openSession(id);
	const data = local.pattern(16_000_000);
	session.write(data);
	await wait(500);
	const before = session.bytesOut;
	await wait(300);
	assert.equal(session.bytesOut, before, "bytes are acknowledged though nobody reads");
	assert.ok(before < data.length, "the local buffers took everything: the test shows nothing");
	assert.ok((await device.ping(1_000)) < 100);
	let read = 0;
	const hash = createHash("sha256");
	for (const socket of stalled.connections) {
		socket.on("data", (piece: Buffer) => {
			read += piece.length;
			hash.update(piece);
		});
	}
	stalled.release();
	await local.poll(
		() => read === data.length,
		20_000,
		() => `${read} of ${data.length} bytes`,
	);
	assert.equal(hash.digest("hex"), createHash("sha256").update(data).digest("hex"));
	assert.deepEqual(service.violations, []);
});

test("ARROW-31 one session above the limit is refused, the others go on", async (t) => {
	const { service, device, id } = await tunnelTo(t, await local.echo(), { sessions: 4 });
	const sessions = Array.from({ length: 4 }, () => device.openSession(id));
	assert.equal(await device.openSession(id).waitForHup(), 3);
	for (const [index, session] of sessions.entries()) {
		session.write(`number ${index}`);
		assert.equal(String(await new Promise((resolve) => session.once("data", resolve))), `number ${index}`);
	}
	sessions[0]?.hangUp();
	const again = device.openSession(id);
	again.write("room again");
	assert.equal(String(await new Promise((resolve) => again.once("data", resolve))), "room again");
	assert.deepEqual(service.violations, []);
});

test("ARROW-25 ARROW-32 ARROW-33 C9 C13 stray data, reserved octets and an id used again", async (t) => {
	const { device, id } = await tunnelTo(t, await local.echo());
	const hup = (session: number): Buffer => encodeSessionValue(session, 3);
	const hups = (session: number): number =>
		device.messages.filter((one) => one.control?.type === Type.HUP && one.control.data.equals(hup(session))).length;
	device.sendRaw(Buffer.concat([encodeHeader({ service: id, session: 0x55, bodySize: 3 }), Buffer.from("abc")]));
	await local.poll(
		() => hups(0x55) === 1,
		2_000,
		() => `${hups(0x55)} HUPs`,
	);
	device.sendRaw(encodeHeader({ service: id, session: 0x55, bodySize: 0 }));
	await local.poll(
		() => hups(0x55) === 2,
		2_000,
		() => `${hups(0x55)} HUPs`,
	);

	// CONNECT with a reserved octet, then the same id again in the same write, right after HUP.
	const session = device.openSession(id, 7);
	session.write("one");
	assert.equal(String(await new Promise((resolve) => session.once("data", resolve))), "one");
	session.hangUp();
	const again = device.openSession(id, 7);
	again.write("two");
	assert.equal(String(await new Promise((resolve) => again.once("data", resolve))), "two");
	device.sendRaw(encodeControl(0x7777, Type.CONNECT, encodeConnect(id, 9, 0xaa)));
	device.sendRaw(encodeControl(0x7778, Type.HUP, encodeSessionValue(9, 0, 0xff)));
	await device.ping();
	assert.equal((await device.getStatus()).sessions, 1);
	assert.equal(hups(9), 0);
});

test("ARROW-B2 an endless MJPEG stream runs while other sessions come and go", async (t) => {
	const picture = Buffer.alloc(20_000, 0x55);
	const stream = await local.mjpeg([picture], 5);
	const other = await local.echo();
	atEnd(t, () => Promise.all([stream.close(), other.close()]));
	const { service, device, idOf } = await openTunnel(t, { services: [tcp(stream), tcp(other)] });
	const watching = device.openSession(idOf(stream.port));
	watching.write("GET / HTTP/1.1\r\nHost: camera\r\n\r\n");
	watching.resume();
	for (let count = 0; count < 100; count += 1) {
		const session = device.openSession(idOf(other.port));
		session.write("x");
		await new Promise((resolve) => session.once("data", resolve));
		session.hangUp();
	}
	assert.ok(watching.bytesIn > 5 * picture.length, `${watching.bytesIn} bytes of the stream`);
	assert.ok((await device.ping()) < 100);
	assert.deepEqual(service.violations, []);
});
