/** Damaged messages through real TLS, to the real executable with real local services behind it. `tests/fuzz` feeds a hundred times as many. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createServer } from "node:tls";
import type { TLSSocket } from "node:tls";
import { build } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import { ArrowService, listenOn } from "../peers/arrow_service.ts";
import { fingerprintId } from "../peers/arrow_service_id.ts";
import { ServiceType } from "../peers/arrow_table.ts";
import {
	encodeCode,
	encodeConnect,
	encodeControl,
	encodeHeader,
	encodeRedirect,
	encodeSessionValue,
	Type,
} from "../peers/arrow_wire.ts";
import * as local from "../peers/local_services.ts";
import { atEnd } from "../system/at_end.ts";
import { metricsCamera, startDevice, tcp, testCertificate } from "../system/device.ts";
import type { Sample } from "./flat.ts";
import { assertFlat, sample } from "./flat.ts";

const MESSAGES = 20_000;
const SAMPLES = 200;
const WARM_UP = 100;
/** Sequences of one connection, if it lives that long. */
const SEQUENCES = 10;
const SEED = 20_260;
const EDGES = [0, 1, 2, 3, 4, 11, 12, 15, 16, 127, 128, 254, 255];

/** Numbers that are the same in each run (mulberry32). */
function numbers(seed: number): (limit: number) => number {
	let state = seed;
	return (limit) => {
		state = (state + 0x6d2b79f5) | 0;
		let value = Math.imul(state ^ (state >>> 15), 1 | state);
		value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
		return ((value ^ (value >>> 14)) >>> 0) % limit;
	};
}

/** What a service may say, to three services of the device and sessions 1 to 4. */
function valid(below: (limit: number) => number, services: readonly number[]): Buffer {
	const id = below(65_536);
	const session = 1 + below(4);
	const service = services[below(services.length)] ?? 0;
	switch (below(10)) {
		case 0:
			return encodeControl(id, Type.PING);
		case 1:
			return encodeControl(id, Type.GET_STATUS);
		case 2:
			return encodeControl(id, Type.GET_SCAN_REPORT);
		case 3:
			return encodeControl(id, Type.HUP, encodeSessionValue(session, 0));
		case 4:
			return encodeControl(id, Type.DATA_ACK, encodeSessionValue(session, below(70_000)));
		case 5:
			return below(8) === 0 ? encodeControl(id, Type.REDIRECT, encodeRedirect("localhost:1")) : encodeControl(id, 0x00ff);
		case 6:
		case 7:
			return encodeControl(id, Type.CONNECT, encodeConnect(service, session));
		default: {
			const body = local.pattern(below(2_000));
			return Buffer.concat([encodeHeader({ service, session, bodySize: body.length }), body]);
		}
	}
}

function damaged(below: (limit: number) => number, messages: readonly Buffer[]): Buffer {
	let data = Buffer.concat(messages);
	for (let count = 1 + below(3); count > 0 && data.length > 0; count -= 1) {
		// Headers are where damage tells: most of it goes near the front of some message.
		const place =
			below(2) === 0 ? below(data.length) : Buffer.concat(messages.slice(0, below(messages.length))).length + below(16);
		const at = Math.min(place, data.length - 1);
		const size = 1 + below(24);
		switch (below(5)) {
			case 0:
				data[at] = (data[at] ?? 0) ^ (1 << below(8));
				break;
			case 1:
				data[at] = EDGES[below(EDGES.length)] ?? 0;
				break;
			case 2:
				data = Buffer.concat([data.subarray(0, at), data.subarray(at + size)]);
				break;
			case 3:
				data = Buffer.concat([data.subarray(0, at + size), data.subarray(at)]);
				break;
			default:
				data = Buffer.concat([
					data.subarray(0, at),
					data.subarray(at + size, at + 2 * size),
					data.subarray(at, at + size),
					data.subarray(at + 2 * size),
				]);
		}
	}
	return data;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

for (const target of Object.values(targets).filter((one) => one.runner.length === 0 && targetReady(one))) {
	test(`ARROW-5 ARROW-38 ${target.name}: ${MESSAGES} damaged messages through TLS; the device lives, registers again, and its memory stays`, async (t) => {
		const locals = [await local.echo(), await local.sink(), await local.flood()];
		atEnd(t, () => Promise.all(locals.map((one) => one.close())));
		const below = numbers(SEED);
		const mac = "ff:ff:7f:00:00:01";
		const services = locals.map(({ port }) => fingerprintId({ type: ServiceType.TCP, mac, port, path: "" }));
		let fed = 0;
		let connections = 0;
		const sockets = new Set<TLSSocket>();
		const talk = async (socket: TLSSocket): Promise<void> => {
			connections += 1;
			await new Promise((resolve) => socket.once("data", resolve).once("close", resolve));
			socket.resume();
			// One of eight stays in the handshake.
			if (below(8) > 0) socket.write(encodeControl(0, Type.ACK, encodeCode(0)));
			for (let count = 0; count < SEQUENCES && !socket.destroyed && !socket.readableEnded; count += 1) {
				const messages = Array.from({ length: 1 + below(8) }, () => valid(below, services));
				socket.write(damaged(below, messages));
				fed += messages.length;
				await pause();
			}
			socket.destroy();
		};
		const certificate = testCertificate();
		const server = createServer({ cert: readFileSync(certificate.chain), key: readFileSync(certificate.key) }, (socket) => {
			sockets.add(socket);
			socket.on("error", () => undefined);
			socket.on("close", () => sockets.delete(socket));
			void talk(socket);
		});
		server.on("tlsClientError", () => undefined);
		const close = (): Promise<void> =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			});
		const port = await listenOn(server, 0);
		atEnd(t, close);
		const { camera, metrics } = await metricsCamera();
		const { executable } = await build({ target: target.name, quiet: true });
		const times = { retry: 1, ack: 500, flush: 100, registerSpan: 1 };
		const device = startDevice(t, {
			service: `localhost:${port}`,
			services: locals.map(tcp),
			camera,
			executable,
			times,
			window: 8_192,
			sessions: 4,
		});
		const samples: Sample[] = [];
		for (let round = 1; round <= SAMPLES; round += 1) {
			const until = (round * MESSAGES) / SAMPLES;
			await local.poll(
				() => fed >= until || !device.alive,
				20_000,
				() => `${fed} messages over ${connections} connections\n${device.tail()}`,
			);
			assert.ok(device.alive, `ended after ${fed} messages of seed ${SEED}:\n${device.tail()}`);
			samples.push(sample(device.pid, await metrics()));
		}
		await close();
		const service = new ArrowService({ certificate });
		atEnd(t, () => service.close());
		await service.listen(port);
		const registered = await service.waitForDevice(undefined, 10_000);
		await registered.ping(1_000);
		assert.equal((await registered.getStatus()).sessions, 0);
		samples.push(sample(device.pid, await metrics()));
		assert.deepEqual(service.violations, []);
		t.diagnostic(`${fed} messages over ${connections} connections; ${assertMemory(samples)}`);
	});
}

/** Samples are taken in mid-conversation: descriptors come and go, all but those of the last one, which is quiet. */
function assertMemory(samples: readonly Sample[]): string {
	const last = samples.at(-1);
	assert.ok(last !== undefined);
	const settled = samples.map((one) => ({ ...one, memory: { ...one.memory, descriptors: last.memory.descriptors } }));
	assert.ok(last.memory.descriptors <= 12, `${last.memory.descriptors} descriptors are open`);
	return assertFlat(settled, WARM_UP);
}
