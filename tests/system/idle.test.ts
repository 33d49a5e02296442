/** What a device does when nothing is asked of it: each wake-up costs a battery, or a processor that could sleep. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { targetReady, targets } from "../../tools/targets.ts";
import { build } from "../../tools/build.ts";
import { echo } from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import { freePort, openTunnel, root, startDevice, tcp } from "./device.ts";
import type { TestDevice } from "./device.ts";
import { startKvServer } from "./kv.ts";

const WATCHED_MS = 20_000;
/** Wake-ups a second. */
const GOAL = 1;
const PICTURES = 10;
/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

interface Account {
	readonly at: number;
	/** Times that a thread of the process went to sleep and was woken. */
	readonly wakeups: number;
	/** Milliseconds of processor time. */
	readonly processor: number;
}

function account(pid: number): Account {
	let wakeups = 0;
	for (const thread of readdirSync(`/proc/${pid}/task`)) {
		const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
		wakeups += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
	}
	const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
		.replace(/^.*\) /s, "")
		.split(" ");
	return { at: performance.now(), wakeups, processor: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
}

/** Watches for a while. @returns wake-ups a second, and the part of a processor that was used. */
async function watch(device: TestDevice): Promise<{ wakeups: number; processor: number }> {
	const before = account(device.pid);
	await sleep(WATCHED_MS);
	const after = account(device.pid);
	const elapsed = after.at - before.at;
	return {
		wakeups: ((after.wakeups - before.wakeups) / elapsed) * 1_000,
		processor: (after.processor - before.processor) / elapsed,
	};
}

// All at once: each watches its own process, and most of the time nothing happens.
describe("idle", { concurrency: true }, () => {
	for (const target of Object.values(targets).filter((one) => one.runner.length === 0 && targetReady(one))) {
		test(`ARROW-11 ${target.name}: an established tunnel with nothing to do wakes the device at most once a second`, async (t) => {
			const local = await echo();
			atEnd(t, () => local.close());
			const { executable } = await build({ target: target.name, quiet: true });
			const limits = { window: 8_192, sessions: 4, times: {} };
			const { service, device, process, idOf } = await openTunnel(t, { services: [tcp(local)], executable, ...limits });
			// An open session that is silent counts as idle too.
			const session = device.openSession(idOf(local.port));
			session.write("x");
			await new Promise((resolve) => session.once("data", resolve));
			await sleep(500);
			const { wakeups, processor } = await watch(process);
			t.diagnostic(`${wakeups.toFixed(2)} wake-ups a second, ${(processor * 100).toFixed(2)} % of a processor`);
			assert.ok(wakeups <= GOAL, `${wakeups.toFixed(2)} wake-ups a second`);
			// It is awake all the same.
			assert.ok((await device.ping(1_000)) < 100);
			assert.deepEqual(service.violations, []);
		});
	}

	for (const [what, talk, input] of [
		["push to talk", "pushToTalk", "tone:440"],
		["no microphone", "always", "null"],
	] as const) {
		test(`KV-13 a member of a channel in which nobody speaks, ${what}: at most one wake-up a second`, async (t) => {
			const server = await startKvServer(t);
			const configuration = { audio: { input, output: "null" }, kv: { server: `127.0.0.1:${server.port}`, talk } };
			const device = startDevice(t, { configuration });
			await server.located(1);
			await sleep(3_000);
			const { wakeups, processor } = await watch(device);
			t.diagnostic(`${wakeups.toFixed(2)} wake-ups a second, ${(processor * 100).toFixed(2)} % of a processor`);
			assert.ok(wakeups <= GOAL, `${wakeups.toFixed(2)} wake-ups a second`);
			assert.equal(server.channel.members.size, 1, "still a member");
		});
	}

	test(`an idle tunnel and a camera of ${PICTURES} pictures a second without viewers: a few wake-ups a picture`, async (t) => {
		const camera = {
			source: join(root, "demo/clip.mjpeg"),
			rate: PICTURES,
			http: { address: "127.0.0.1", port: await freePort() },
		};
		const { service, process } = await openTunnel(t, { camera, times: {} });
		await sleep(500);
		const { wakeups, processor } = await watch(process);
		t.diagnostic(`${wakeups.toFixed(2)} wake-ups a second, ${(processor * 100).toFixed(2)} % of a processor`);
		assert.ok(wakeups <= GOAL + 3 * PICTURES, `${wakeups.toFixed(2)} wake-ups a second`);
		assert.deepEqual(service.violations, []);
	});
});
