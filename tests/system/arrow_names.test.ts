/** Services by host name, the tunnel's state file and its figures, with the real executable and the host's own resolver. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { DeviceProcess } from "../../tools/demo/device_process.ts";
import * as local from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import type { Metrics } from "./device.ts";
import { executable, metricsCamera, QUICK, startService, temporaryFolder, testAuthority } from "./device.ts";

const NAME = "camera.fletcher.test";
/** As many as the heap of the smallest target has room for. */
const SESSIONS = 12;

interface Named extends DeviceProcess {
	readonly stateFile: string;
	/** Gives the name another address. */
	point(address: string): void;
}

/** A device that sees a hosts file of the test's own, in a mount namespace; NAME is at `address`. Runs as root. */
function startNamed(test: TestContext, port: number, address: string, arrow: Record<string, unknown>, camera?: unknown): Named {
	const folder = temporaryFolder(test);
	const hosts = join(folder, "hosts");
	const stateFile = join(folder, "tunnel");
	const config = join(folder, "config.json");
	const point = (to: string): void => writeFileSync(hosts, `127.0.0.1 localhost\n${to} ${NAME}\n`);
	point(address);
	writeFileSync(
		config,
		JSON.stringify({
			arrow: {
				service: `localhost:${port}`,
				authorities: testAuthority().cert,
				times: QUICK,
				stateFile,
				...arrow,
			},
			...(camera === undefined ? {} : { camera }),
			log: { format: "json", level: "debug" },
		}),
	);
	const mounted = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, executable];
	const device = new DeviceProcess(mounted, ["--config", config, "--state", join(folder, "state")]);
	atEnd(test, async () => {
		assert.deepEqual(await device.stop(3_000), { code: 0, signal: null });
		assert.equal(readFileSync(stateFile, "latin1"), "stopped\n", "ARROW-40 after an orderly stop");
	});
	return Object.assign(device, { stateFile, point });
}

/** Answers with its own address, and is gone when asked. */
async function listen(test: TestContext, address: string, port: number): Promise<{ port: number; close(): Promise<void> }> {
	const server: Server = createServer((socket) => {
		socket.on("error", () => undefined);
		socket.end(`at ${address}`);
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, address, resolve);
	});
	const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
	atEnd(test, close);
	return { port: (server.address() as AddressInfo).port, close };
}

async function answer(session: AsyncIterable<unknown>): Promise<string> {
	let text = "";
	try {
		for await (const data of session) text += String(data);
	} catch {
		// A refused session says nothing.
	}
	return text;
}

test("ARROW-14 ARROW-34 ARROW-36 a service by host name follows the name, keeps its id, and never leads to another host", async (t) => {
	const first = await listen(t, "127.0.0.1", 0);
	const service = await startService(t);
	const services = [{ type: "tcp", url: `tcp://${NAME}:${first.port}` }];
	const process = startNamed(t, service.port, "127.0.0.1", { services });
	const device = await service.waitForDevice();
	const seen = (address: string) => (): boolean => device.services[0]?.address === address;
	await local.poll(seen("127.0.0.1"), 5_000, () => JSON.stringify(device.services));
	const id = device.services[0]?.id ?? 0;
	assert.equal(await answer(device.openSession(id)), "at 127.0.0.1");

	// The camera has moved: the old address refuses, the new one answers in the same session.
	await first.close();
	const second = await listen(t, "127.0.0.2", first.port);
	process.point("127.0.0.2");
	assert.equal(await answer(device.openSession(id)), "at 127.0.0.2");
	await local.poll(seen("127.0.0.2"), 5_000, () => JSON.stringify(device.services));
	assert.equal(device.services[0]?.id, id);

	// The name is made to lead to another host: without gateway mode it is not opened.
	await second.close();
	process.point("192.0.2.77");
	const refused = device.openSession(id);
	assert.equal(await answer(refused), "");
	assert.equal(refused.hup, 3);
	assert.deepEqual(service.violations, []);
});

test("ARROW-22 a name that is not found is not offered, and other services are", async (t) => {
	const echo = await local.echo();
	atEnd(t, () => echo.close());
	const service = await startService(t);
	const services = [
		{ type: "tcp", url: "tcp://nobody.fletcher.test:22" },
		{ type: "tcp", url: `tcp://127.0.0.1:${echo.port}` },
	];
	startNamed(t, service.port, "127.0.0.1", { services });
	const device = await service.waitForDevice();
	await device.ping();
	assert.deepEqual(
		device.services.map((one) => one.port),
		[echo.port],
	);
	assert.deepEqual(service.violations, []);
});

test("ARROW-40 the state file says connected only after ACK 0, and is not written at every attempt", async (t) => {
	let code = 2;
	let registrations = 0;
	const service = await startService(t, {
		registerAck: () => {
			registrations += 1;
			return code;
		},
	});
	const times = { ...QUICK, unpairedFast: 100 };
	const process = startNamed(t, service.port, "127.0.0.1", { times });
	const content = (): string => (existsSync(process.stateFile) ? readFileSync(process.stateFile, "latin1") : "");
	await local.poll(() => content() === "unauthorized\n", 5_000, content);
	const written = statSync(process.stateFile, { bigint: true });
	const before = registrations;
	await local.poll(
		() => registrations >= before + 10,
		10_000,
		() => `${registrations} attempts`,
	);
	const later = statSync(process.stateFile, { bigint: true });
	assert.equal(later.mtimeNs, written.mtimeNs, "written again");
	assert.equal(later.ino, written.ino, "replaced again");
	code = 0;
	await local.poll(() => content() === "connected\n", 5_000, content);
});

test("metrics: the connection, each session with its windows, and each kind of malformed message", async (t) => {
	const stalled = await local.stall();
	atEnd(t, () => stalled.close());
	const { camera, metrics } = await metricsCamera();
	const service = await startService(t);
	const services = [{ type: "tcp", url: `tcp://127.0.0.1:${stalled.port}` }];
	startNamed(t, service.port, "127.0.0.1", { services, window: 10_000, sessions: SESSIONS }, camera);
	const device = await service.waitForDevice();
	const id = device.services.find((one) => one.port === stalled.port)?.id ?? 0;
	for (let i = 0; i < SESSIONS; i++) device.openSession(id).write("x".repeat(100));
	await device.ping();
	await new Promise((resolve) => setTimeout(resolve, 200));
	const { arrow } = (await metrics()) as Metrics & { arrow: Figures };
	assert.equal(arrow.sessionList.length, SESSIONS);
	for (const session of arrow.sessionList) {
		assert.equal(session.service, id);
		assert.equal(session.state, "open");
		assert.equal(session.bytesIn, 100);
		assert.equal(session.windowOut, 10_000);
		assert.equal(session.windowIn + session.queued, 10_000);
	}
	assert.equal(arrow.connection?.bytesIn, 100 * SESSIONS);
	assert.ok(arrow.connection.tls.startsWith("TLSv1."), arrow.connection.tls);
	assert.equal(arrow.connection.address, "127.0.0.1");
	assert.equal(
		Object.values(arrow.malformed).reduce((sum, count) => sum + count),
		arrow.garbage,
	);
});

interface Figures {
	readonly garbage: number;
	readonly malformed: Readonly<Record<string, number>>;
	readonly connection?: { readonly bytesIn: number; readonly tls: string; readonly address: string };
	readonly sessionList: readonly {
		readonly service: number;
		readonly state: string;
		readonly bytesIn: number;
		readonly windowIn: number;
		readonly windowOut: number;
		readonly queued: number;
	}[];
}
