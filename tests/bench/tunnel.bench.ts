/**
 * A TCP service reached through Fletcher and, in the same run on the same machine, through `ssh -R`.
 * Prints MB/s each way, the round trip of 64 bytes, what the ends cost the processor, and the ratios. Judges nothing.
 * The Arrow service is a lean one in C, as sshd is, so that the figures are the device's and not its peer's.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { startEndpoint, startFletcher } from "./fletcher.ts";
import type { Figures, Way } from "./measure.ts";
import { measure, middle } from "./measure.ts";
import { sshTunnel } from "./ssh.ts";

const ROUNDS = 5;
const BYTES = 100_000_000;
const ECHOES = 1_000;

const LABEL = 34;
const HEAD = [
	["to viewer", "from viewer", "64 B echo", "p99", "CPU*", "CPU both**"],
	["MB/s", "MB/s", "ms", "ms", "s/GB", "s/GB"],
];

function line(label: string, cells: readonly string[]): string {
	return `  ${label.padEnd(LABEL)}${cells.map((cell) => cell.padStart(13)).join("")}`;
}

function row(label: string, figures: Figures): string {
	const { down, up, median, p99, near, both } = figures;
	return line(label, [down.toFixed(1), up.toFixed(1), median.toFixed(3), p99.toFixed(3), near.toFixed(2), both.toFixed(2)]);
}

function ratio(label: string, ours: Figures, theirs: Figures): string {
	const pairs = [ours.down / theirs.down, ours.up / theirs.up, ours.median / theirs.median, ours.p99 / theirs.p99];
	return line(
		label,
		[...pairs, ours.near / theirs.near, ours.both / theirs.both].map((value) => `× ${value.toFixed(2)}`),
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
	console.log("  *  processor time at the device's end alone: Fletcher, or the ssh client; the mean of both ways");
	console.log("  ** with the other end: the benchmark's Arrow service in C, or sshd");
}

export default async function tunnel(): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-bench-"));
	const endpoint = await startEndpoint();
	const closing: (() => unknown)[] = [() => endpoint.child.kill(), () => rmSync(folder, { recursive: true, force: true })];
	try {
		const target = endpoint.port;
		mkdirSync(join(folder, "fletcher"));
		const ours = await startFletcher(join(folder, "fletcher"), target);
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
