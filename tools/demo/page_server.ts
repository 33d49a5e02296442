/** The page over HTTP on loopback: static files, picture, sound, events, and commands. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { listenOn } from "../../tests/peers/arrow_service.ts";
import type { Demo } from "./demo.ts";
import { pictures } from "./jpeg_stream.ts";
import { PlainError } from "./plain_error.ts";
import { NETWORK_LIMITS, PLACES } from "./voice_demo.ts";
import type { NetworkKey } from "./voice_demo.ts";

const STATE_MS = 500;
const BOUNDARY = "fletcher-page";
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
	"/": ["index.html", "text/html; charset=utf-8"],
	"/page.css": ["page.css", "text/css; charset=utf-8"],
	"/panels.css": ["panels.css", "text/css; charset=utf-8"],
	"/voice.css": ["voice.css", "text/css; charset=utf-8"],
	"/page.js": ["page.js", "text/javascript; charset=utf-8"],
	"/voice.js": ["voice.js", "text/javascript; charset=utf-8"],
};

export class PageServer {
	readonly #demo: Demo;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();
	readonly #listeners = new Set<ServerResponse>();
	readonly #timer: NodeJS.Timeout;
	#port = 0;

	constructor(demo: Demo) {
		this.#demo = demo;
		this.#server = createServer((request, response) => {
			this.#serve(request, response).catch((error: Error) => reply(response, 503, { error: error.message }));
		});
		this.#server.on("connection", (socket) => {
			this.#sockets.add(socket);
			socket.on("close", () => this.#sockets.delete(socket));
		});
		this.#demo.onLog = (event) => this.#publish("log", event);
		this.#demo.onChange = () => this.#publish("state", this.#demo.state());
		this.#demo.voice.onLevels = (levels) => this.#publish("levels", levels);
		this.#timer = setInterval(() => this.#publish("state", this.#demo.state()), STATE_MS);
	}

	/** Port 0: any. @throws PlainError when the port is taken. */
	async listen(port: number): Promise<number> {
		try {
			this.#port = await listenOn(this.#server, port);
		} catch (error) {
			const code = (error as NodeJS.ErrnoException).code;
			if (code === "EADDRINUSE") throw new PlainError(`port ${port} is taken: give another one with --port`);
			throw new PlainError(`port ${port} cannot be used: ${code}`);
		}
		return this.#port;
	}

	close(): void {
		clearInterval(this.#timer);
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { pathname: path, searchParams } = new URL(request.url ?? "/", "http://localhost");
		if (!this.#ours(request)) reply(response, 403, { error: "this page is for this machine alone" });
		else if (request.method === "POST" && path.startsWith("/voice/")) this.#voiceCommand(path, searchParams, response);
		else if (request.method === "POST") await this.#command(path, response);
		else if (request.method !== "GET") reply(response, 405, { error: "GET or POST" });
		else if (path === "/events") this.#events(response);
		else if (path === "/live.mjpeg") await this.#picture(response);
		else if (path.startsWith("/voice/heard/")) await this.#sound(path, response);
		else this.#file(path, response);
	}

	/** Other sites open in the same browser have no business here. */
	#ours(request: IncomingMessage): boolean {
		const names = [`localhost:${this.#port}`, `127.0.0.1:${this.#port}`];
		const origin = request.headers.origin;
		return names.includes(request.headers.host ?? "") && (origin === undefined || names.includes(origin.replace("http://", "")));
	}

	#file(path: string, response: ServerResponse): void {
		const entry = FILES[path];
		if (entry === undefined) {
			reply(response, 404, { error: "there is nothing here" });
			return;
		}
		const [file, type] = entry;
		response.writeHead(200, { "content-type": type, "cache-control": "no-cache" });
		response.end(readFileSync(new URL(file, import.meta.url)));
	}

	#events(response: ServerResponse): void {
		response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
		response.write(message("state", this.#demo.state()));
		for (const event of this.#demo.device?.log.slice(-200) ?? []) response.write(message("log", event));
		this.#listeners.add(response);
		response.on("close", () => this.#listeners.delete(response));
	}

	async #picture(response: ServerResponse): Promise<void> {
		const stream = await this.#demo.openPicture();
		if (response.destroyed) {
			stream.destroy();
			return;
		}
		response.writeHead(200, { "content-type": `multipart/x-mixed-replace; boundary=${BOUNDARY}`, "cache-control": "no-store" });
		await pipeline(Readable.from(parts(stream)), response).catch(() => undefined);
		stream.destroy();
	}

	/** What is heard at a place, as 16-bit samples without an end. */
	async #sound(path: string, response: ServerResponse): Promise<void> {
		const place = PLACES.find((one) => path === `/voice/heard/${one}`);
		if (place === undefined) {
			reply(response, 404, { error: "there is nothing here" });
			return;
		}
		const { rate, samples } = this.#demo.voice.listen(place);
		response.writeHead(200, { "content-type": `audio/l16;rate=${rate};endian=little`, "cache-control": "no-store" });
		response.flushHeaders();
		await pipeline(samples, response).catch(() => undefined);
	}

	#voiceCommand(path: string, values: URLSearchParams, response: ServerResponse): void {
		const { voice } = this.#demo;
		if (path === "/voice/cut") voice.cut();
		else if (path === "/voice/move") voice.move();
		else if (path === "/voice/network") {
			for (const key of Object.keys(NETWORK_LIMITS) as NetworkKey[]) {
				const value = values.get(key);
				if (value !== null && value.trim() !== "") voice.set(key, Number(value));
			}
		} else {
			reply(response, 404, { error: "there is nothing here" });
			return;
		}
		reply(response, 200, voice.state().network);
	}

	async #command(path: string, response: ServerResponse): Promise<void> {
		const tunnel = this.#demo.tunnel;
		if (path !== "/cut" && path !== "/ping") reply(response, 404, { error: "there is nothing here" });
		else if (tunnel === undefined) reply(response, 503, { error: "The tunnel is down." });
		else if (path === "/ping") reply(response, 200, { milliseconds: await tunnel.ping() });
		else {
			this.#demo.cut();
			reply(response, 200, {});
		}
	}

	#publish(name: string, data: unknown): void {
		const text = message(name, data);
		for (const listener of this.#listeners) {
			// A page that does not read (a sleeping tab) misses events instead of filling memory.
			if (!listener.writableNeedDrain) listener.write(text);
		}
	}
}

/** Whole pictures only, and a proper end: when the tunnel goes, the browser keeps the last one. */
async function* parts(stream: IncomingMessage): AsyncGenerator<Buffer> {
	yield Buffer.from(`--${BOUNDARY}\r\n`);
	try {
		for await (const picture of pictures(stream)) {
			const head = Buffer.from(`Content-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
			yield Buffer.concat([head, picture, Buffer.from(`\r\n--${BOUNDARY}\r\n`)]);
		}
	} catch {
		// The stream broke off: so does the answer.
	}
}

function message(name: string, data: unknown): string {
	return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
	if (response.headersSent) {
		response.destroy();
		return;
	}
	response.writeHead(status, { "content-type": "application/json" });
	response.end(JSON.stringify(body));
}
