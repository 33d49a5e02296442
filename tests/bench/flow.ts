/** Bytes a second through a tunnel by several connections at once, in a span of steady flow. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { command, open, processorTime } from "./measure.ts";
import { pump } from "./pump.ts";

/** More than any measurement moves. */
const ENDLESS = 1e15;
const WARM_UP_MS = 250;
const MEASURED_MS = 900;
/** What is under way when connections break off is gone by then. */
const REST_MS = 200;

export interface Flow {
	/** MB/s (10^6 bytes). */
	readonly rate: number;
	/** Milliseconds of processor time at the device's end for a MB. */
	readonly processor: number;
}

/** Bytes that came to the endpoint so far. */
function uploaded(endpoint: ChildProcess): Promise<number> {
	return new Promise((resolve) => {
		endpoint.once("message", (count) => resolve(Number(count)));
		endpoint.send("count");
	});
}

/** `near` is the process at the device's end. `toService`: from the local service to the viewers, else the other way. */
export async function flow(
	port: number,
	near: number,
	endpoint: ChildProcess,
	connections: number,
	toService: boolean,
	roundTrip: number,
): Promise<Flow> {
	let downloaded = 0;
	const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
	for (const socket of sockets) {
		socket.on("error", () => undefined);
		socket.on("data", (data: Buffer) => {
			downloaded += data.length;
		});
		socket.write(command(toService ? "D" : "U", ENDLESS));
		if (!toService) pump(socket, ENDLESS);
	}
	const count = (): Promise<number> => (toService ? Promise.resolve(downloaded) : uploaded(endpoint));
	await sleep(WARM_UP_MS + 4 * roundTrip);
	const before = { bytes: await count(), time: performance.now(), processor: processorTime(near) };
	await sleep(MEASURED_MS);
	const bytes = (await count()) - before.bytes;
	const elapsed = performance.now() - before.time;
	const processor = processorTime(near) - before.processor;
	// A reset drops what sockets of the kernel hold, megabytes; an end would let it go through the tunnel first.
	for (const socket of sockets) socket.resetAndDestroy();
	await sleep(REST_MS + 4 * roundTrip);
	return { rate: bytes / elapsed / 1_000, processor: processor / (bytes / 1e6) };
}

/** Resident bytes of a process: all, and its own memory alone. */
export function resident(pid: number): { readonly all: number; readonly own: number } {
	const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
	const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1_024;
	return { all: of("Rss"), own: of("Anonymous") };
}
