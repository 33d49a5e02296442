import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import { freePort } from "../peers/arrow_service.ts";
import { flood, poll } from "../peers/local_services.ts";
import { atEnd } from "../system/at_end.ts";
import { metricsCamera, openTunnel, startDevice, tcp, testCertificate } from "../system/device.ts";
import type { Sample } from "./flat.ts";
import { assertFlat, sample } from "./flat.ts";

const KILLS = 50;
const CUTS = 150;
/** Cycles in which allocators of the libraries find their size. */
const WARM_UP = 10;

/** Starts the service, waits until a stream flows, kills it. @returns the violations it found. */
async function kill(port: number, tail: () => string): Promise<string[]> {
	const { chain, key } = testCertificate();
	const script = fileURLToPath(new URL("service_process.ts", import.meta.url));
	const child = fork(script, [String(port), chain, key], { execArgv: ["--import", "tsx"] });
	const ended = new Promise((resolve) => child.once("exit", resolve));
	const said: string[] = [];
	child.on("message", (text) => said.push(String(text)));
	try {
		await poll(
			() => said.includes("flowing") || child.exitCode !== null,
			20_000,
			() => `${said.join(", ")}\n${tail()}`,
		);
	} finally {
		child.kill("SIGKILL");
		await ended;
	}
	return said.filter((text) => text !== "up" && text !== "flowing");
}

test("ARROW-37 ARROW-38 the service is killed in mid-stream 50 times: the device is back by itself, its memory where it was", async (t) => {
	const local = await flood();
	atEnd(t, () => local.close());
	const port = await freePort();
	const { camera, metrics } = await metricsCamera();
	const device = startDevice(t, { service: `localhost:${port}`, services: [tcp(local)], camera });
	const violations: string[] = [];
	const samples: Sample[] = [];
	for (let count = 0; count < KILLS; count += 1) {
		violations.push(...(await kill(port, () => device.tail())));
		await poll(
			() => local.connections.size === 0,
			5_000,
			() => `${local.connections.size} local connections are still open`,
		);
		samples.push(sample(device.pid, await metrics()));
	}
	assert.ok(device.alive);
	assert.deepEqual(violations, []);
	t.diagnostic(assertFlat(samples, WARM_UP));
});

for (const target of Object.values(targets).filter((one) => one.runner.length === 0 && targetReady(one))) {
	test(`ARROW-38 ${target.name}: the connection is cut in mid-stream 150 times; memory, slots and descriptors stay`, async (t) => {
		const local = await flood();
		atEnd(t, () => local.close());
		const { executable } = await build({ target: target.name, quiet: true });
		const { camera, metrics } = await metricsCamera();
		const small = { window: 8_192, sessions: 4, times: { retry: 20, registerSpan: 1 } };
		const { service, process, idOf } = await openTunnel(t, { services: [tcp(local)], camera, executable, ...small });
		const samples: Sample[] = [];
		for (let count = 0; count < CUTS; count += 1) {
			const device = await service.waitForDevice();
			const session = device.openSession(idOf(local.port));
			session.resume();
			await poll(
				() => session.bytesIn > 100_000,
				5_000,
				() => `${session.bytesIn} bytes`,
			);
			const back = service.waitFor("device", () => true);
			device.cut();
			await back;
			samples.push(sample(process.pid, await metrics()));
		}
		assert.deepEqual(service.violations, []);
		t.diagnostic(assertFlat(samples, WARM_UP));
	});
}
