/**
 * The tunnel at several windows, numbers of sessions and delays, and `ssh -R` through the same delays in the same run: MB/s each way,
 * processor time, the round trip of 64 bytes, memory. Prints tables in Markdown. Judges nothing. Takes about two minutes.
 * The Arrow service is the lean one in C; the delay is that of a relay with full bandwidth (tests/peers/delayed_tcp.ts).
 */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { startDelayed } from "../peers/delayed_tcp.ts";
import { startEndpoint, startFletcher } from "./fletcher.ts";
import type { Flow } from "./flow.ts";
import { flow, resident } from "./flow.ts";
import { echo } from "./measure.ts";
import { sshTunnel } from "./ssh.ts";

const WINDOWS = [4_096, 16_384, 65_536] as const;
const CONNECTIONS = [1, 4, 16] as const;
/** Round trips in milliseconds. */
const DELAYS = [0, 40] as const;
const ECHOES = { 0: 1_000, 40: 40 } as const;
/** Times that each way is measured, one way after the other; the best counts: what else the machine does slows down and never speeds up. */
const ROUNDS = { 0: 2, 40: 1 } as const;
const CIPHERS = [
	["ssh -R, ChaCha20", "chacha20-poly1305@openssh.com"],
	["ssh -R, AES-128-GCM", "aes128-gcm@openssh.com"],
] as const;

type Delay = (typeof DELAYS)[number];

/** One tunnel under measurement; ssh has no window. */
interface Tunnel {
	readonly label: string;
	readonly window: number;
	readonly port: number;
	readonly near: number;
}

interface Row {
	readonly label: string;
	readonly window: number;
	readonly delay: number;
	/** By number of connections. */
	readonly toLocal: readonly Flow[];
	readonly toService: readonly Flow[];
	readonly echo: { readonly median: number; readonly p99: number };
	/** Before any session, and after all of them. */
	readonly idle: { readonly all: number; readonly own: number };
	readonly after: { readonly all: number; readonly own: number };
}

async function measure({ port, near, label, window }: Tunnel, endpoint: ChildProcess, delay: Delay): Promise<Row> {
	const idle = resident(near);
	await echo(port, 20);
	const trip = await echo(port, ECHOES[delay]);
	const toLocal: Flow[] = [];
	const toService: Flow[] = [];
	for (const connections of CONNECTIONS) {
		toLocal.push(await flow(port, near, endpoint, connections, false, delay));
		toService.push(await flow(port, near, endpoint, connections, true, delay));
	}
	return { label, window, delay, toLocal, toService, echo: trip, idle, after: resident(near) };
}

/** The best of each figure; memory as it was at first idle, and at last. */
function best(one: Row, other: Row): Row {
	const flows = (pick: (row: Row) => readonly Flow[]): Flow[] =>
		pick(one).map((first, index) => {
			const second = pick(other)[index] ?? first;
			return { rate: Math.max(first.rate, second.rate), processor: Math.min(first.processor, second.processor) };
		});
	const trip = one.echo.median < other.echo.median ? one.echo : other.echo;
	return {
		...one,
		toLocal: flows((row) => row.toLocal),
		toService: flows((row) => row.toService),
		echo: trip,
		after: other.after,
	};
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
	const widths = head.map((cell, index) => Math.max(cell.length, ...rows.map((row) => row[index]?.length ?? 0)));
	const line = (cells: readonly string[]): string =>
		`| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(" | ")} |`;
	console.log(line(head));
	console.log(`| ${widths.map((width, index) => (index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`);
	for (const row of rows) console.log(line(row));
	console.log("");
}

const kibibytes = (bytes: number): string => `${bytes / 1_024} KiB`;
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const rate = (value: number): string => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0));

function print(rows: readonly Row[]): void {
	const [near, far] = DELAYS;
	const name = (row: Row): string => (row.window > 0 ? `Fletcher, ${kibibytes(row.window)}` : row.label);
	for (const delay of DELAYS) {
		console.log(`MB/s by ${CONNECTIONS.join(", ")} sessions, ${delay} ms of round trip:\n`);
		const directions = ["service → local", "local → service"];
		const head = ["window", ...directions.flatMap((way) => CONNECTIONS.map((count) => `${way}, ${count}`))];
		const bounded = delay === near ? [] : CONNECTIONS.map((count) => `window / RTT, ${count}`);
		const lines = rows
			.filter((row) => row.delay === delay)
			.map((row) => [
				name(row),
				...[...row.toLocal, ...row.toService].map((one) => rate(one.rate)),
				...bounded.map((_, index) => (row.window > 0 ? rate(((CONNECTIONS[index] ?? 0) * row.window) / delay / 1_000) : "")),
			]);
		table([...head, ...bounded], lines);
	}
	console.log("Round trip of 64 bytes, processor time at the device's end (one session, no delay), memory of the process:\n");
	const lines = rows
		.filter((row) => row.delay === near)
		.map((row) => {
			const delayed = rows.find((one) => one.delay === far && one.label === row.label && one.window === row.window);
			const milliseconds = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(3));
			return [
				name(row),
				milliseconds(row.echo.median),
				milliseconds(row.echo.p99),
				milliseconds(delayed?.echo.median),
				(row.toLocal[0]?.processor ?? 0).toFixed(2),
				(row.toService[0]?.processor ?? 0).toFixed(2),
				megabytes(row.idle.all),
				megabytes(row.after.all),
				megabytes(row.after.own),
			];
		});
	table(
		[
			"window",
			"echo, ms",
			"p99",
			`echo at ${far} ms`,
			"CPU ms/MB to local",
			"CPU ms/MB to service",
			"RSS idle, MB",
			"RSS after 16 sessions",
			"of it its own",
		],
		lines,
	);
}

export default async function arrow(): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-bench-"));
	const endpoint = await startEndpoint();
	const closing: (() => unknown)[] = [() => endpoint.child.kill(), () => rmSync(folder, { recursive: true, force: true })];
	const start = performance.now();
	try {
		const rows: Row[] = [];
		for (const delay of DELAYS) {
			const between = async (port: number): Promise<number> => {
				if (delay === 0) return port;
				const relay = await startDelayed(port, delay);
				closing.unshift(() => relay.close());
				return relay.port;
			};
			const tunnels: Tunnel[] = [];
			const place = (): string => {
				const path = join(folder, `${delay}-${tunnels.length}`);
				mkdirSync(path);
				return path;
			};
			for (const window of WINDOWS) {
				const tunnel = await startFletcher(place(), endpoint.port, { window, between });
				closing.unshift(() => tunnel.close());
				tunnels.push({ ...tunnel, label: "Fletcher", window });
			}
			for (const [label, cipher] of CIPHERS) {
				const tunnel = await sshTunnel(place(), endpoint.port, cipher, between);
				closing.unshift(() => tunnel.close());
				tunnels.push({ port: tunnel.port, near: tunnel.client, label, window: 0 });
			}
			const found: Row[] = [];
			for (let round = 0; round < ROUNDS[delay]; round += 1) {
				for (const [index, tunnel] of tunnels.entries()) {
					const row = await measure(tunnel, endpoint.child, delay);
					const before = found[index];
					found[index] = before === undefined ? row : best(before, row);
				}
			}
			rows.push(...found);
		}
		const seconds = ((performance.now() - start) / 1_000).toFixed(0);
		console.log(
			`arrow: spans of a second, best of ${ROUNDS[0]} without delay, ${availableParallelism()} processors, ${seconds} s in all\n`,
		);
		print(rows);
	} finally {
		for (const step of closing) await step();
	}
}
