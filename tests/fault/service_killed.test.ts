import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../peers/arrow_service.ts";
import { flood, poll } from "../peers/local_services.ts";
import { atEnd } from "../system/at_end.ts";
import { startDevice, tcp, testCertificate } from "../system/device.ts";

const CYCLES = 50;
/** Cycles in which allocators of the libraries find their size. */
const WARM_UP = 10;
const GROWTH_BYTES = 131_072;

/** Starts the service, waits until a stream flows, kills it. @returns what it reported besides. */
async function cycle(port: number, tail: () => string): Promise<string[]> {
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

test("ARROW-37 ARROW-38 the service is killed in mid-stream 50 times: the device is back each time, its memory where it was", async (t) => {
	const local = await flood();
	atEnd(t, () => local.close());
	const port = await freePort();
	const device = startDevice(t, { service: `localhost:${port}`, services: [tcp(local)] });
	const sockets = (): number => readdirSync(`/proc/${device.pid}/fd`).length;
	const violations: string[] = [];
	let resident = 0;
	let descriptors = 0;
	for (let count = 1; count <= CYCLES; count += 1) {
		violations.push(...(await cycle(port, () => device.tail())));
		await poll(
			() => local.connections.size === 0,
			5_000,
			() => `${local.connections.size} local connections are still open`,
		);
		if (count === WARM_UP) {
			resident = device.resident;
			descriptors = sockets();
		}
	}
	assert.ok(device.alive);
	assert.deepEqual(violations, []);
	assert.equal(sockets(), descriptors, "open descriptors");
	const growth = device.resident - resident;
	assert.ok(growth <= GROWTH_BYTES, `the resident set grew by ${growth} bytes over ${CYCLES - WARM_UP} cycles`);
});
