/**
 * A TCP service reached through Fletcher and, in the same run on the same machine, through `ssh -R`.
 * Prints MB/s each way, the round trip of 64 bytes, and the ratios. Judges nothing.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceProcess } from "../../tools/demo/device_process.ts";
import { issue, makeAuthority } from "../peers/certificates.ts";
import type { Figures, Way } from "./measure.ts";
import { measure, middle } from "./measure.ts";
import { sshTunnel } from "./ssh.ts";

const ROUNDS = 3;
const BYTES = 100_000_000;
const ECHOES = 1_000;
const root = fileURLToPath(new URL("../../", import.meta.url));
const executable = process.env["FLETCHER"] ?? join(root, "build/linux64/fletcher");

/** A script in a process of its own; `next` gives each number it sends. */
function start(script: string, args: readonly string[] = []): { child: ChildProcess; next(): Promise<number> } {
	const child = fork(fileURLToPath(new URL(script, import.meta.url)), [...args], { execArgv: ["--import", "tsx"] });
	const numbers: number[] = [];
	const waiting: ((value: number) => void)[] = [];
	child.on("message", (value: number) => {
		const taker = waiting.shift();
		if (taker === undefined) numbers.push(value);
		else taker(value);
	});
	const next = (): Promise<number> => {
		const known = numbers.shift();
		if (known !== undefined) return Promise.resolve(known);
		return new Promise((resolve, reject) => {
			waiting.push(resolve);
			child.once("exit", () => reject(new Error(`${script} ended early`)));
		});
	};
	return { child, next };
}

/** Fletcher between the Arrow service and the endpoint. @returns the viewer's port and what ends it. */
async function fletcher(
	folder: string,
	target: number,
): Promise<{ port: number; near: number; far: number; close(): Promise<void> }> {
	const authority = makeAuthority(join(folder, "certificates"), "bench");
	const options = { name: "localhost", dns: ["localhost"], ips: ["127.0.0.1"], issuer: authority };
	const certificate = issue(join(folder, "certificates"), options);
	const service = start("service.ts", [certificate.chain, certificate.key]);
	const config = join(folder, "config.json");
	const arrow = {
		service: `localhost:${await service.next()}`,
		authorities: authority.cert,
		window: 65_536,
		sessions: 8,
		services: [{ type: "tcp", url: `tcp://127.0.0.1:${target}` }],
	};
	writeFileSync(config, JSON.stringify({ device: { name: "bench" }, arrow, log: { format: "json", level: "info" } }));
	const device = new DeviceProcess([executable], ["--config", config, "--state", join(folder, "state")]);
	const failed = device.ended.then(() => {
		throw new Error(`the device ended: ${device.log.at(-1)?.event}`);
	});
	failed.catch(() => undefined);
	const port = await Promise.race([service.next(), failed]);
	return {
		port,
		near: device.pid,
		far: service.child.pid ?? 0,
		close: async () => {
			await device.stop();
			service.child.kill();
		},
	};
}

const LABEL = 34;
const HEAD = [
	["to viewer", "from viewer", "64 B echo", "p99", "CPU device", "CPU viewer"],
	["MB/s", "MB/s", "ms", "ms", "ms/100 MB*", "ms/100 MB*"],
];

function line(label: string, cells: readonly string[]): string {
	return `  ${label.padEnd(LABEL)}${cells.map((cell) => cell.padStart(13)).join("")}`;
}

function row(label: string, figures: Figures): string {
	const { down, up, median, p99, near, far } = figures;
	return line(label, [down.toFixed(1), up.toFixed(1), median.toFixed(3), p99.toFixed(3), near.toFixed(0), far.toFixed(0)]);
}

function ratio(label: string, ours: Figures, theirs: Figures): string {
	const pairs = [ours.down / theirs.down, ours.up / theirs.up, ours.median / theirs.median, ours.p99 / theirs.p99];
	return line(
		label,
		[...pairs, ours.near / theirs.near, ours.far / theirs.far].map((value) => `× ${value.toFixed(2)}`),
	);
}

function print(ways: readonly Way[], figures: readonly (readonly Figures[])[]): void {
	const results = figures.map(middle);
	const [, ours, chacha, aes] = results;
	if (ours === undefined || chacha === undefined || aes === undefined) throw new Error("a way is missing");
	console.log(
		`tunnel: median of ${ROUNDS} rounds of ${BYTES / 1e6} MB each way and ${ECHOES} echoes, ${availableParallelism()} processors`,
	);
	for (const cells of HEAD) console.log(line("", cells));
	for (const [index, way] of ways.entries()) console.log(row(way.label, results[index] as Figures));
	console.log(ratio("Fletcher / ssh -R (ChaCha20)", ours, chacha));
	console.log(ratio("Fletcher / ssh -R (AES-128-GCM)", ours, aes));
	console.log("  each round:");
	for (let round = 0; round < ROUNDS; round += 1) {
		for (const [index, way] of ways.entries())
			console.log(row(`  ${round + 1} ${way.label}`, figures[index]?.[round] as Figures));
	}
	console.log(
		"  * processor time for 100 MB each way: at the device's end Fletcher or ssh, at the viewer's end the Arrow service on Node or sshd",
	);
}

export default async function tunnel(): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-bench-"));
	const endpoint = start("endpoint.ts");
	const closing: (() => unknown)[] = [() => endpoint.child.kill(), () => rmSync(folder, { recursive: true, force: true })];
	try {
		const target = await endpoint.next();
		mkdirSync(join(folder, "fletcher"));
		const ours = await fletcher(join(folder, "fletcher"), target);
		closing.unshift(() => ours.close());
		const chacha = await sshTunnel(join(folder, "chacha"), target, "chacha20-poly1305@openssh.com");
		closing.unshift(() => chacha.close());
		const aes = await sshTunnel(join(folder, "aes"), target, "aes128-gcm@openssh.com");
		closing.unshift(() => aes.close());
		const ways: readonly Way[] = [
			{ label: "no tunnel", port: target, near: 0, far: 0 },
			{ label: "Fletcher (TLS 1.3)", ...ours },
			{ label: "ssh -R (its default, ChaCha20)", port: chacha.port, near: chacha.client, far: chacha.server },
			{ label: "ssh -R (AES-128-GCM)", port: aes.port, near: aes.client, far: aes.server },
		];
		const figures = ways.map((): Figures[] => []);
		for (let round = 0; round < ROUNDS; round += 1) {
			for (const [index, way] of ways.entries()) figures[index]?.push(await measure(way, BYTES, ECHOES));
		}
		print(ways, figures);
	} finally {
		for (const step of closing) await step();
	}
}
