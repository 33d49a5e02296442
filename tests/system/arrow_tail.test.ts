/** The end of a local service behind a shut window, with real sockets: ARROW-30. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { test } from "node:test";
import type { ArrowSession } from "../peers/arrow_session.ts";
import type { LocalService } from "../peers/local_services.ts";
import * as local from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import type { TestDevice } from "./device.ts";
import { openTunnel, QUICK, tcp } from "./device.ts";

const WINDOW = 8_192;
const TAIL_MS = 1_500;

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A session that acknowledges nothing by itself. */
async function unacknowledged(t: TestContext, service: LocalService): Promise<{ session: ArrowSession; process: TestDevice }> {
	atEnd(t, () => service.close());
	const tunnel = await openTunnel(t, { services: [tcp(service)], window: WINDOW, times: { ...QUICK, tail: TAIL_MS } });
	atEnd(t, () => assert.deepEqual(tunnel.service.violations, []));
	const session = tunnel.device.openSession(tunnel.idOf(service.port));
	session.autoAck = false;
	session.on("error", () => undefined);
	session.resume();
	return { session, process: tunnel.process };
}

/** How often the process was put to sleep or interrupted, and clock ticks that it ran. */
function activity(process: TestDevice): { switches: number; ticks: number } {
	const status = readFileSync(`/proc/${process.pid}/status`, "latin1");
	const stat = readFileSync(`/proc/${process.pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
	const switches = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
	return { switches, ticks: Number(stat[11]) + Number(stat[12]) };
}

test("ARROW-30 bytes and FIN behind a shut window: given up after the tail's time by HUP 3, and the device rests meanwhile", async (t) => {
	const size = WINDOW + 4_464;
	const { session, process } = await unacknowledged(t, await local.flood(size, local.pattern(size)));
	const start = performance.now();
	await wait(500);
	assert.equal(session.bytesIn, WINDOW);
	const before = activity(process);
	await wait(700);
	const after = activity(process);
	assert.ok(after.ticks - before.ticks <= 2, `${after.ticks - before.ticks} clock ticks in 700 ms`);
	assert.ok(after.switches - before.switches <= 10, `${after.switches - before.switches} wake-ups in 700 ms`);
	assert.equal(session.hup, undefined);
	await local.poll(
		() => session.hup !== undefined,
		TAIL_MS,
		() => "no HUP",
	);
	assert.equal(session.hup, 3);
	assert.ok(performance.now() - start >= TAIL_MS - 50);
	assert.equal(session.bytesIn, WINDOW);
});

test("ARROW-30 a tail that gets some credit within the time is sent whole, then HUP 0", async (t) => {
	const size = WINDOW + 4_464;
	const { session } = await unacknowledged(t, await local.flood(size, local.pattern(size)));
	for (let left = 4_464; left > 0; left -= 1_116) {
		await wait(TAIL_MS / 2);
		session.acknowledge(1_116);
	}
	await local.poll(
		() => session.hup !== undefined,
		TAIL_MS,
		() => "no HUP",
	);
	assert.equal(session.hup, 0);
	assert.equal(session.bytesIn, size);
});

test("ARROW-16 FIN behind exactly the window needs no credit: HUP 0 at once", async (t) => {
	const { session } = await unacknowledged(t, await local.flood(WINDOW, local.pattern(WINDOW)));
	await local.poll(
		() => session.hup !== undefined,
		TAIL_MS / 2,
		() => "no HUP",
	);
	assert.equal(session.hup, 0);
	assert.equal(session.bytesIn, WINDOW);
});
