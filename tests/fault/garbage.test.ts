import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { ArrowService, freePort, listenOn } from "../peers/arrow_service.ts";
import { encodeCode, encodeControl, encodeHeader, Type } from "../peers/arrow_wire.ts";
import { poll } from "../peers/local_services.ts";
import { atEnd } from "../system/at_end.ts";
import type { TestDevice } from "../system/device.ts";
import { metricsCamera, startDevice, testCertificate } from "../system/device.ts";
import { sample } from "./flat.ts";

/** Times a test can wait for; a retry follows at once. */
const TIMES = { connect: 600, ack: 600, retry: 100, registerSpan: 1 };
/** Attempts of the device that one kind of garbage answers. */
const ATTEMPTS = 4;
const GROWTH_BYTES = 131_072;

type Behaviour = (socket: Socket) => void;

interface Kind {
	readonly name: string;
	/** True: the bytes travel inside TLS. */
	readonly tls: boolean;
	/** True: the device counts it as bad input of the protocol. */
	readonly counted?: boolean;
	readonly behave: Behaviour;
}

/** Writes as fast as it is read. */
function pour(socket: Socket, make: () => Buffer, limit = Number.POSITIVE_INFINITY): void {
	let sent = 0;
	const write = (): void => {
		while (!socket.destroyed && sent < limit) {
			const data = make();
			sent += data.length;
			if (!socket.write(data)) return;
		}
	};
	socket.on("drain", write);
	write();
}

/** Bytes one by one, each in a record of its own. */
function drip(socket: Socket, data: Buffer): void {
	let offset = 0;
	const next = (): void => {
		if (offset === data.length || socket.destroyed) return;
		offset += 1;
		socket.write(data.subarray(offset - 1, offset), next);
	};
	next();
}

const ack = encodeControl(0, Type.ACK, encodeCode(0));
const zeros = Buffer.alloc(65_536);
const afterRegister =
	(answer: Behaviour): Behaviour =>
	(socket) => {
		socket.once("data", () => answer(socket));
	};

const KINDS: readonly Kind[] = [
	{ name: "random bytes without TLS", tls: false, behave: (socket) => pour(socket, () => randomBytes(16_384), 1 << 20) },
	{ name: "an HTTP server without TLS", tls: false, behave: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
	{ name: "half-open: TCP and then silence", tls: false, behave: (socket) => socket.resume() },
	{ name: "TCP and reset", tls: false, behave: (socket) => socket.resetAndDestroy() },
	{ name: "TLS and then silence", tls: true, behave: (socket) => socket.resume() },
	{ name: "TLS and reset", tls: true, behave: (socket) => socket.destroy() },
	{ name: "TLS and FIN", tls: true, behave: (socket) => socket.end() },
	{ name: "random bytes", tls: true, counted: true, behave: (socket) => pour(socket, () => randomBytes(16_384), 1 << 24) },
	{ name: "random bytes one by one", tls: true, counted: true, behave: (socket) => drip(socket, randomBytes(4_096)) },
	{
		name: "a control body of 1 GiB in the handshake",
		tls: true,
		counted: true,
		behave: afterRegister((socket) => {
			socket.write(encodeHeader({ bodySize: 1 << 30 }));
			pour(socket, () => zeros, 1 << 26);
		}),
	},
	{
		name: "a control body of 1 GiB after the ACK",
		tls: true,
		counted: true,
		behave: afterRegister((socket) => {
			socket.write(Buffer.concat([ack, encodeHeader({ bodySize: 1 << 30 })]));
			pour(socket, () => zeros, 1 << 26);
		}),
	},
	{
		name: "a data body of 1 GiB after the ACK",
		tls: true,
		counted: true,
		behave: afterRegister((socket) => {
			socket.write(Buffer.concat([ack, encodeHeader({ service: 0x4242, session: 7, bodySize: 1 << 30 })]));
			pour(socket, () => zeros, 1 << 26);
		}),
	},
	{ name: "a message that ends in its middle", tls: true, behave: afterRegister((socket) => socket.end(ack.subarray(0, 12))) },
	{
		name: "PING before the ACK",
		tls: true,
		counted: true,
		behave: afterRegister((socket) => socket.write(encodeControl(1, Type.PING))),
	},
	{
		name: "an ACK with another id",
		tls: true,
		counted: true,
		behave: afterRegister((socket) => socket.write(encodeControl(1, Type.ACK, encodeCode(0)))),
	},
	{
		name: "protocol version 3",
		tls: true,
		counted: true,
		behave: afterRegister((socket) => socket.write(encodeHeader({ version: 3, bodySize: 4 }))),
	},
];

interface Garbage {
	connections: number;
	close(): Promise<void>;
}

async function serve(kind: Kind, port: number): Promise<Garbage> {
	const sockets = new Set<Socket>();
	const hold = (socket: Socket): void => {
		sockets.add(socket);
		socket.on("error", () => undefined);
		socket.on("close", () => sockets.delete(socket));
	};
	const certificate = testCertificate();
	const server: Server = kind.tls
		? createTlsServer({ cert: readFileSync(certificate.chain), key: readFileSync(certificate.key) }, (socket) => {
				hold(socket);
				kind.behave(socket);
			})
		: createServer(kind.behave);
	const garbage: Garbage = {
		connections: 0,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of sockets) socket.destroy();
			}),
	};
	server.on("connection", (socket) => {
		garbage.connections += 1;
		hold(socket);
	});
	server.on("tlsClientError", () => undefined);
	await listenOn(server, port);
	return garbage;
}

async function registers(t: TestContext, device: TestDevice, port: number): Promise<void> {
	const service = new ArrowService({ certificate: testCertificate() });
	atEnd(t, () => service.close());
	await service.listen(port);
	const connected = await service.waitForDevice(undefined, 5_000).catch((error: Error) => {
		throw new Error(`${error.message}\n${device.tail()}`);
	});
	await connected.ping(1_000);
	assert.deepEqual(service.violations, []);
	await service.close();
}

for (const kind of KINDS) {
	test(`ARROW-5 ARROW-7 instead of a service: ${kind.name}; the device says why, counts, tries again and registers at a real one`, async (t) => {
		const port = await freePort();
		const { camera, metrics } = await metricsCamera();
		const device = startDevice(t, { service: `localhost:${port}`, times: TIMES, camera });
		const garbage = await serve(kind, port);
		atEnd(t, () => garbage.close());
		await poll(
			() => garbage.connections >= 2,
			10_000,
			() => `${garbage.connections} attempts\n${device.tail()}`,
		);
		const before = sample(device.pid, await metrics());
		await poll(
			() => garbage.connections >= 2 + ATTEMPTS,
			10_000,
			() => `${garbage.connections} attempts\n${device.tail()}`,
		);
		assert.ok(device.alive, device.tail());
		const figures = sample(device.pid, await metrics());
		const growth = figures.outside - before.outside;
		assert.ok(growth <= GROWTH_BYTES, `the process has ${growth} bytes more`);
		const reasons = device.log.filter((one) => one.area === "arrow" && one.event === "closed").map((one) => one["reason"]);
		assert.ok(reasons.length >= ATTEMPTS, device.tail());
		assert.ok(
			reasons.every((reason) => typeof reason === "string" && reason !== ""),
			device.tail(),
		);
		if (kind.counted === true) assert.ok(figures.arrow.garbage >= ATTEMPTS, `counted: ${figures.arrow.garbage}`);
		await garbage.close();
		await registers(t, device, port);
	});
}
