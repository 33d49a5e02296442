import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import { freePort } from "../peers/arrow_service.ts";
import { flood, poll } from "../peers/local_services.ts";
import { atEnd } from "../system/at_end.ts";
import type { Metrics } from "../system/device.ts";
import { metricsCamera, openTunnel, startDevice, tcp, testCertificate } from "../system/device.ts";

const KILLS = 50;
const CUTS = 150;
/** Cycles in which allocators of the libraries find their size. */
const WARM_UP = 10;
const GROWTH_BYTES = 65_536;

/** Slots by which two samples differ anyway. */
const LEAST_SLOTS = 400;

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

/** Resident bytes besides the engine's heap, which is of fixed size and is touched bit by bit until its first compaction. */
const outside = (figures: Metrics): number => figures.memory.resident - figures.memory.chunks.peak;

/** The fewest slots in use that were seen: what a collection left. */
const least = (figures: readonly Metrics[]): number => Math.min(...figures.map((one) => one.memory.slots.used));

/** The most slots that one cycle takes before they are collected. */
function largestStep(figures: readonly Metrics[]): number {
	let largest = 0;
	for (const [index, { memory }] of figures.entries()) {
		const before = figures[index - 1]?.memory;
		if (before?.collections === memory.collections) largest = Math.max(largest, memory.slots.used - before.slots.used);
	}
	return largest;
}

/** Fails when the later half of the cycles has more memory in use than the earlier one. */
function assertFlat(figures: readonly Metrics[]): void {
	const settled = figures.slice(WARM_UP);
	const [first, last] = [settled[0], settled.at(-1)];
	assert.ok(first !== undefined && last !== undefined);
	const half = settled.length >> 1;
	assert.ok(last.memory.collections - first.memory.collections >= 4, "too few collections to tell anything");
	// A sample is taken up to a cycle after the collection before it.
	const grown = least(settled.slice(half)) - least(settled.slice(0, half));
	assert.ok(grown <= Math.max(largestStep(settled), LEAST_SLOTS), `${grown} slots more in use over ${half} cycles`);
	const growth = outside(last) - outside(first);
	assert.ok(growth <= GROWTH_BYTES, `the resident set grew by ${growth} bytes over ${settled.length} cycles`);
	assert.equal(last.memory.descriptors, first.memory.descriptors, "open descriptors");
}

test("ARROW-37 ARROW-38 the service is killed in mid-stream 50 times: the device is back by itself, its memory where it was", async (t) => {
	const local = await flood();
	atEnd(t, () => local.close());
	const port = await freePort();
	const { camera, metrics } = await metricsCamera();
	const device = startDevice(t, { service: `localhost:${port}`, services: [tcp(local)], camera });
	const violations: string[] = [];
	const figures: Metrics[] = [];
	for (let count = 0; count < KILLS; count += 1) {
		violations.push(...(await kill(port, () => device.tail())));
		await poll(
			() => local.connections.size === 0,
			5_000,
			() => `${local.connections.size} local connections are still open`,
		);
		figures.push(await metrics());
	}
	assert.ok(device.alive);
	assert.deepEqual(violations, []);
	assertFlat(figures);
});

for (const target of Object.values(targets).filter((one) => one.runner.length === 0 && targetReady(one))) {
	test(`ARROW-38 ${target.name}: the connection is cut in mid-stream 150 times; memory, slots and descriptors stay`, async (t) => {
		const local = await flood();
		atEnd(t, () => local.close());
		const { executable } = await build({ target: target.name, quiet: true });
		const { camera, metrics } = await metricsCamera();
		const small = { window: 8_192, sessions: 4, times: { retry: 20, registerSpan: 1 } };
		const { service, idOf } = await openTunnel(t, { services: [tcp(local)], camera, executable, ...small });
		const figures: Metrics[] = [];
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
			figures.push(await metrics());
		}
		assert.deepEqual(service.violations, []);
		assertFlat(figures);
	});
}
