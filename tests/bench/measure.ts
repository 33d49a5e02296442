/** What is measured of a tunnel: bytes a second each way, and the round trip of a small message. */
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { pump } from "./pump.ts";

const ECHO_BYTES = 64;

/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10;

export interface Way {
	readonly label: string;
	/** The viewer's end of the tunnel. */
	readonly port: number;
	/** Process at the device's end, and at the viewer's end; 0: none. */
	readonly near: number;
	readonly far: number;
}

export interface Figures {
	/** MB/s (10^6 bytes) from the device's service to the viewer. */
	readonly down: number;
	/** MB/s from the viewer to the device's service. */
	readonly up: number;
	/** Milliseconds of the 64-byte echo. */
	readonly median: number;
	readonly p99: number;
	/** Seconds of processor time for a GB (10^9 bytes), half of it each way: at the device's end, and at both ends. */
	readonly near: number;
	readonly both: number;
}

/** Processor time of a process and of all that it started, in milliseconds. */
export function processorTime(leader: number): number {
	const parents = new Map<number, { parent: number; time: number }>();
	for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
		try {
			const fields = readFileSync(`/proc/${name}/stat`, "latin1")
				.replace(/^.*\) /s, "")
				.split(" ");
			parents.set(Number(name), { parent: Number(fields[1]), time: (Number(fields[11]) + Number(fields[12])) * TICK_MS });
		} catch {
			// It ended while its folder was read.
		}
	}
	let sum = 0;
	for (const [pid, { time }] of parents) {
		let above = pid;
		while (above > 1 && above !== leader) above = parents.get(above)?.parent ?? 0;
		if (leader > 0 && above === leader) sum += time;
	}
	return sum;
}

export function open(port: number): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
		socket.once("error", reject);
	});
}

export function command(letter: string, length: number): Buffer {
	const bytes = Buffer.alloc(9);
	bytes.write(letter, 0, "latin1");
	bytes.writeBigUInt64BE(BigInt(length), 1);
	return bytes;
}

async function download(port: number, length: number): Promise<number> {
	const socket = await open(port);
	const start = performance.now();
	await new Promise<void>((resolve, reject) => {
		let left = length;
		socket.on("data", (data: Buffer) => {
			left -= data.length;
			if (left === 0) resolve();
		});
		socket.on("close", () => reject(new Error(`the tunnel closed ${left} bytes before the end`)));
		socket.write(command("D", length));
	});
	const seconds = (performance.now() - start) / 1_000;
	socket.destroy();
	return length / 1e6 / seconds;
}

async function upload(port: number, length: number): Promise<number> {
	const socket = await open(port);
	const start = performance.now();
	await new Promise<void>((resolve, reject) => {
		socket.once("data", () => resolve());
		socket.on("close", () => reject(new Error("the tunnel closed before all bytes were taken")));
		socket.write(command("U", length));
		pump(socket, length);
	});
	const seconds = (performance.now() - start) / 1_000;
	socket.destroy();
	return length / 1e6 / seconds;
}

export async function echo(port: number, count: number): Promise<{ median: number; p99: number }> {
	const socket = await open(port);
	socket.write("E");
	const message = Buffer.alloc(ECHO_BYTES, 0x3c);
	const times: number[] = [];
	let left = 0;
	let arrived: () => void = () => undefined;
	socket.on("data", (data: Buffer) => {
		left -= data.length;
		if (left === 0) arrived();
	});
	for (let index = 0; index < count; index += 1) {
		const start = performance.now();
		left = ECHO_BYTES;
		await new Promise<void>((resolve, reject) => {
			arrived = resolve;
			socket.once("error", reject);
			socket.write(message);
		});
		socket.removeAllListeners("error");
		times.push(performance.now() - start);
	}
	socket.destroy();
	times.sort((a, b) => a - b);
	return { median: times[Math.floor(count / 2)] ?? 0, p99: times[Math.floor(count * 0.99)] ?? 0 };
}

/** One round through a tunnel. */
export async function measure(way: Way, bytes: number, echoes: number): Promise<Figures> {
	await echo(way.port, Math.ceil(echoes / 10));
	const trip = await echo(way.port, echoes);
	const before = [processorTime(way.near), processorTime(way.far)] as const;
	const down = await download(way.port, bytes);
	const up = await upload(way.port, bytes);
	const perGB = 1e9 / (2 * bytes) / 1_000;
	const near = (processorTime(way.near) - before[0]) * perGB;
	const far = (processorTime(way.far) - before[1]) * perGB;
	return { down, up, ...trip, near, both: near + far };
}

/** The median of each figure over the rounds. */
export function middle(rounds: readonly Figures[]): Figures {
	const of = (pick: (one: Figures) => number): number => {
		const sorted = rounds.map(pick).sort((a, b) => a - b);
		return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
	};
	return {
		down: of((one) => one.down),
		up: of((one) => one.up),
		median: of((one) => one.median),
		p99: of((one) => one.p99),
		near: of((one) => one.near),
		both: of((one) => one.both),
	};
}
