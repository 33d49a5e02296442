/** What stands behind the tunnel in tests (ARROW-B2): one small server per way in which a local service can behave. */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { resolve as resolvePath, sep } from "node:path";

export interface LocalService {
	readonly port: number;
	/** Connections open now. */
	readonly connections: ReadonlySet<Socket>;
	/** Connections ever taken. */
	readonly accepted: number;
	/** Ends it and every connection. */
	close(): Promise<void>;
}

/** A server on a loopback port that keeps account of its connections. */
async function serve(server: Server): Promise<LocalService> {
	const connections = new Set<Socket>();
	let accepted = 0;
	server.on("connection", (socket) => {
		accepted += 1;
		connections.add(socket);
		socket.on("error", () => undefined);
		socket.on("close", () => connections.delete(socket));
	});
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(0, "127.0.0.1", resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		connections,
		get accepted() {
			return accepted;
		},
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const socket of connections) socket.destroy();
			}),
	};
}

/** Sends back what comes in; FIN for FIN. */
export function echo(): Promise<LocalService> {
	return serve(createServer({ noDelay: true }, (socket) => socket.pipe(socket)));
}

export interface Sink extends LocalService {
	/** Bytes read on all connections, and their SHA-256 in order of arrival. */
	readonly bytes: number;
	digest(): string;
	/** Resolves once so many bytes were read. */
	waitForBytes(count: number, timeoutMs?: number): Promise<void>;
	/** Resolves when the connection count falls to 0 by FIN of the device. */
	waitForEnd(timeoutMs?: number): Promise<void>;
}

/** Reads and counts. */
export async function sink(): Promise<Sink> {
	const hash: Hash = createHash("sha256");
	let bytes = 0;
	let ended = 0;
	const server = createServer((socket) => {
		socket.on("data", (chunk: Buffer) => {
			bytes += chunk.length;
			hash.update(chunk);
		});
		socket.on("end", () => {
			ended += 1;
		});
	});
	const service = await serve(server);
	return {
		...service,
		get accepted() {
			return service.accepted;
		},
		get bytes() {
			return bytes;
		},
		digest: () => hash.copy().digest("hex"),
		waitForBytes: (count, timeoutMs = 5_000) =>
			poll(
				() => bytes >= count,
				timeoutMs,
				() => `${bytes} of ${count} bytes`,
			),
		waitForEnd: (timeoutMs = 5_000) =>
			poll(
				() => ended > 0 && service.connections.size === 0,
				timeoutMs,
				() => `${ended} ends, ${service.connections.size} open`,
			),
	};
}

/** Writes a pattern for ever, or `total` bytes and then FIN. */
export function flood(total = Number.POSITIVE_INFINITY, chunk: Buffer = pattern(65_536)): Promise<LocalService> {
	return serve(
		createServer((socket) => {
			let left = total;
			const write = (): void => {
				while (left > 0 && !socket.destroyed) {
					const piece = left >= chunk.length ? chunk : chunk.subarray(0, left);
					left -= piece.length;
					if (!socket.write(piece)) return;
				}
				socket.end();
			};
			socket.on("drain", write);
			socket.resume();
			write();
		}),
	);
}

/** Writes `data` and closes by FIN. */
export function speakAndEnd(data: Buffer): Promise<LocalService> {
	return serve(createServer((socket) => socket.resume().end(data)));
}

/** Writes `data` and resets; the data has time to go out first. */
export function speakAndReset(data: Buffer, delayMs = 50): Promise<LocalService> {
	return serve(
		createServer((socket) => {
			socket.resume().write(data, () => setTimeout(() => socket.resetAndDestroy(), delayMs));
		}),
	);
}

/** Resets each connection as it comes. */
export function reset(): Promise<LocalService> {
	return serve(createServer((socket) => socket.resetAndDestroy()));
}

/** Takes connections and neither reads nor writes; `release` starts the reading. */
export async function stall(): Promise<LocalService & { release(): void }> {
	const server = createServer({ pauseOnConnect: true });
	const service = await serve(server);
	return {
		...service,
		get accepted() {
			return service.accepted;
		},
		release: () => {
			for (const socket of service.connections) socket.resume();
		},
	};
}

/** A port on which nothing listens: connects are refused. */
export async function refuse(): Promise<LocalService> {
	const service = await serve(createServer());
	await service.close();
	return { ...service, accepted: 0, close: () => Promise.resolve() };
}

/**
 * A port that answers no SYN: its accept queue is full for as long as this service lives.
 * A connect to it stays pending until the connecting side gives up.
 */
export async function blackHole(): Promise<LocalService> {
	const { spawn } = await import("node:child_process");
	// Node accepts at once; only a process that never does leaves the queue full.
	const script = [
		"import os, socket, sys",
		"s = socket.socket()",
		"s.bind(('127.0.0.1', 0))",
		"s.listen(0)",
		"fill = [socket.socket() for _ in range(4)]",
		"for one in fill:",
		"    one.setblocking(False)",
		"    one.connect_ex(s.getsockname())",
		"print(s.getsockname()[1], flush=True)",
		"sys.stdin.read()",
	].join("\n");
	const child = spawn("/usr/bin/python3", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
	const port = await new Promise<number>((resolve, reject) => {
		child.once("error", reject);
		child.stdout.once("data", (text: Buffer) => resolve(Number(text.toString())));
	});
	return {
		port,
		connections: new Set(),
		accepted: 0,
		close: () =>
			new Promise((resolve) => {
				child.once("exit", () => resolve());
				child.stdin.end();
			}),
	};
}

/** `multipart/x-mixed-replace` without end: `frames` in turn, one every `intervalMs`. */
export function mjpeg(frames: readonly Buffer[], intervalMs = 40): Promise<LocalService> {
	return serve(
		createHttpServer((_request, response) => {
			response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame", connection: "close" });
			let index = 0;
			const timer = setInterval(() => {
				const frame = frames[index % frames.length];
				index += 1;
				// A viewer that does not keep up misses frames; none are queued for it.
				if (frame === undefined || response.writableNeedDrain) return;
				response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${frame.length}\r\n\r\n`);
				response.write(frame);
				response.write("\r\n");
			}, intervalMs);
			response.on("close", () => clearInterval(timer));
		}),
	);
}

/** Files of a folder over HTTP. */
export function files(folder: string): Promise<LocalService> {
	const root = resolvePath(folder);
	return serve(
		createHttpServer((request, response) => {
			const path = resolvePath(root, `.${decodeURIComponent(new URL(request.url ?? "/", "http://local").pathname)}`);
			const size = path.startsWith(root + sep) ? sizeOf(path) : undefined;
			if (size === undefined) {
				response.writeHead(404).end();
				return;
			}
			response.writeHead(200, { "content-length": size, "content-type": "application/octet-stream" });
			createReadStream(path, { highWaterMark: 262_144 }).pipe(response);
		}),
	);
}

function sizeOf(path: string): number | undefined {
	const found = statSync(path, { throwIfNoEntry: false });
	return found?.isFile() === true ? found.size : undefined;
}

/** Bytes that show any loss, doubling or exchange of 4-byte words: each word is its own index. */
export function pattern(length: number): Buffer {
	const data = Buffer.alloc(Math.ceil(length / 4) * 4);
	for (let offset = 0; offset < data.length; offset += 4) data.writeUInt32BE(offset >>> 2, offset);
	return data.subarray(0, length);
}

/** Waits until `done`, looking every 5 ms; the error tells how far it came. */
export async function poll(done: () => boolean, timeoutMs: number, state: () => string): Promise<void> {
	const end = performance.now() + timeoutMs;
	while (!done()) {
		if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${state()}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
