/** A thousand lost connections, and ten thousand sessions that end in every way: afterwards the device is where it was. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { build } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import type { ArrowDevice } from "../peers/arrow_device.ts";
import type { ArrowService } from "../peers/arrow_service.ts";
import { encodeHeader } from "../peers/arrow_wire.ts";
import type { ArrowSession } from "../peers/arrow_session.ts";
import type { LocalService } from "../peers/local_services.ts";
import * as local from "../peers/local_services.ts";
import { atEnd } from "../system/at_end.ts";
import type { Tunnel } from "../system/device.ts";
import { metricsCamera, openTunnel, tcp } from "../system/device.ts";
import type { Sample } from "./flat.ts";
import { assertFlat, assertCost, sample } from "./flat.ts";

const RECONNECTS = 1_000;
const SESSIONS = 10_000;
/** Samples of either; each tells only as much as happens between two collections. */
const RECONNECT_SAMPLES = 250;
const SESSION_SAMPLES = 100;
/** The part of them in which allocators of the libraries find their size. */
const WARM_UP = 0.2;
/** Chunk bytes that a session may take, to be collected some day: the text of the address that is connected to. */
const SESSION_GARBAGE = 256;
const WINDOW = 8_192;

/** What stands behind the device, one of each kind. */
interface Locals {
	readonly echo: LocalService;
	readonly sink: local.Sink;
	readonly flood: LocalService;
	readonly stall: LocalService;
	readonly ending: LocalService;
	readonly resetting: LocalService;
	readonly reset: LocalService;
	readonly refuse: LocalService;
}

interface Soak extends Tunnel {
	readonly locals: Locals;
	take(): Promise<Sample>;
}

async function soak(t: TestContext, target: string, sessions: number): Promise<Soak> {
	const locals: Locals = {
		echo: await local.echo(),
		sink: await local.sink(),
		flood: await local.flood(),
		stall: await local.stall(),
		ending: await local.speakAndEnd(local.pattern(3_000)),
		resetting: await local.speakAndReset(Buffer.from("abc"), 1),
		reset: await local.reset(),
		refuse: await local.refuse(),
	};
	const all: LocalService[] = Object.values(locals);
	atEnd(t, () => Promise.all(all.map((one) => one.close())));
	const { executable } = await build({ target, quiet: true });
	const { camera, metrics } = await metricsCamera();
	const times = { retry: 5, flush: 200, registerSpan: 1 };
	const tunnel = await openTunnel(t, { services: all.map(tcp), camera, executable, window: WINDOW, sessions, times });
	return { ...tunnel, locals, take: async () => sample(tunnel.process.pid, await metrics()) };
}

/** Every local connection of the device has ended. */
async function quiet({ locals }: Soak): Promise<void> {
	// What does not read does not see its end either.
	for (const socket of locals.stall.connections) socket.destroy();
	const open = (): string[] => Object.entries(locals).flatMap(([name, one]) => (one.connections.size > 0 ? [name] : []));
	await local.poll(
		() => open().length === 0,
		5_000,
		() => `connections to ${open().join(", ")} stay open`,
	);
}

// ---- ways in which a connection is lost --------------------------------------------------------------------------

const LOSSES: readonly ((device: ArrowDevice, service: ArrowService) => void)[] = [
	(device) => device.cut(),
	(device) => device.close(),
	(device) => device.sendRaw(encodeHeader({ version: 3, bodySize: 4 })),
	(device) => {
		// A message that ends in its middle.
		device.sendRaw(encodeHeader({ service: 0x4242, session: 9, bodySize: 5_000 }));
		device.cut();
	},
	(device, service) => device.redirect(`localhost:${service.port}`),
];

/** Sessions in three states: full towards the service, full towards the local side, in mid-word. */
async function busy(device: ArrowDevice, { idOf, locals }: Soak): Promise<void> {
	const flooded = device.openSession(idOf(locals.flood.port));
	flooded.autoAck = false;
	device.openSession(idOf(locals.stall.port)).sendMessage(Buffer.alloc(WINDOW));
	const talking = device.openSession(idOf(locals.echo.port));
	talking.write("x");
	await new Promise((resolve) => talking.once("data", resolve));
}

// ---- ways in which a session ends --------------------------------------------------------------------------------

type Way = (device: ArrowDevice, { idOf, locals }: Soak) => Promise<void>;

/** Reads to the end. @returns the code of the HUP. */
async function read(session: ArrowSession): Promise<number> {
	session.resume();
	return session.waitForHup();
}

const WAYS: readonly Way[] = [
	async (device, { idOf, locals }) => device.openSession(idOf(locals.echo.port)).hangUp(),
	async (device, { idOf, locals }) => {
		const session = device.openSession(idOf(locals.echo.port));
		session.write("word");
		await new Promise((resolve) => session.once("data", resolve));
		session.hangUp();
	},
	async (device, { idOf, locals }) => {
		const session = device.openSession(idOf(locals.sink.port));
		const closed = new Promise((resolve) => session.once("close", resolve));
		session.resume().end(local.pattern(5_000));
		await closed;
	},
	async (device, { idOf, locals }) => assert.equal(await read(device.openSession(idOf(locals.ending.port))), 0),
	async (device, { idOf, locals }) => assert.equal(await read(device.openSession(idOf(locals.resetting.port))), 3),
	async (device, { idOf, locals }) => assert.equal(await read(device.openSession(idOf(locals.reset.port))), 3),
	async (device, { idOf, locals }) => assert.equal(await read(device.openSession(idOf(locals.refuse.port))), 3),
	async (device) => assert.equal(await read(device.openSession(0x4242)), 3),
	async (device, { idOf, locals }) => {
		// DATA and HUP in one burst.
		const session = device.openSession(idOf(locals.sink.port));
		session.sendMessage(local.pattern(WINDOW));
		session.hangUp();
	},
	async (device, { idOf, locals }) => {
		// The window stands full when it ends.
		const session = device.openSession(idOf(locals.flood.port));
		session.autoAck = false;
		session.resume();
		await local.poll(
			() => session.bytesIn === WINDOW,
			5_000,
			() => `${session.bytesIn} bytes`,
		);
		session.hangUp();
	},
];

// ------------------------------------------------------------------------------------------------------------------

for (const target of Object.values(targets).filter((one) => one.runner.length === 0 && targetReady(one))) {
	test(`ARROW-38 ${target.name}: ${RECONNECTS} reconnects with busy sessions; memory, descriptors and sessions are where they were`, async (t) => {
		const tunnel = await soak(t, target.name, 4);
		const { service } = tunnel;
		const samples: Sample[] = [];
		let device = tunnel.device;
		for (let count = 1; count <= RECONNECTS; count += 1) {
			await busy(device, tunnel);
			const back = service.waitFor<ArrowDevice>("device", (one) => one !== device);
			LOSSES[count % LOSSES.length]?.(device, service);
			device = await back.catch((error: Error) => {
				throw new Error(`after reconnect ${count}: ${error.message}\n${tunnel.process.tail()}`);
			});
			if (count % (RECONNECTS / RECONNECT_SAMPLES) === 0) {
				await quiet(tunnel);
				samples.push(await tunnel.take());
			}
		}
		assert.deepEqual(service.violations, []);
		assert.equal((await device.getStatus()).sessions, 0);
		t.diagnostic(assertFlat(samples, RECONNECT_SAMPLES * WARM_UP));
	});

	test(`ARROW-31 ${target.name}: ${SESSIONS} sessions that end in ten ways; memory, descriptors and sessions are where they were`, async (t) => {
		const atOnce = target.name === "linux64" ? 12 : 4;
		const tunnel = await soak(t, target.name, atOnce);
		const { service, device } = tunnel;
		const samples = [await tunnel.take(), await tunnel.take()];
		let opened = 0;
		const worker = async (until: number): Promise<void> => {
			while (opened < until) {
				const way = WAYS[opened % WAYS.length] as Way;
				opened += 1;
				await way(device, tunnel);
				// Its place is free once the device has seen the end, which a PING behind it tells.
				if (opened % 4 === 0) await device.ping();
			}
		};
		for (let round = 1; round <= SESSION_SAMPLES; round += 1) {
			const until = round * (SESSIONS / SESSION_SAMPLES);
			await Promise.all(Array.from({ length: atOnce - 1 }, () => worker(until)));
			await device.ping();
			await quiet(tunnel);
			samples.push(await tunnel.take());
		}
		assert.equal(opened, SESSIONS);
		assert.equal(device.sessionsOpened, SESSIONS);
		assert.deepEqual(service.violations, []);
		assert.equal((await device.getStatus()).sessions, 0);
		t.diagnostic(assertCost(samples, SESSION_SAMPLES * WARM_UP, SESSIONS / SESSION_SAMPLES, SESSION_GARBAGE));
	});
}
