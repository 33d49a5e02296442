/**
 * KV's voice packets through the device's voice path, on one machine over the loopback network: how many a second, how much of the
 * processor each stage takes, and how late sound comes out at the other end. Prints figures and judges nothing.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { build } from "../../tools/build.ts";

const SECONDS = 4;
const ROUNDS = 3;
const DELAY_SECONDS = 40;
/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10;

interface Figures {
	/** Packets a second that came through, and that the processor's time would be enough for. */
	readonly passed: number;
	readonly possible: number;
	/** Microseconds of processor time for each, in the program and in the kernel. */
	readonly user: number;
	readonly system: number;
	readonly garbage: string;
}

const STAGES = [
	["echo", "receive, parse, send"],
	["packets", "+ jitter buffer"],
	["sound", "+ mixer, sink, source, without codec"],
	["opus", "+ Opus, 16 kHz, 20 ms, complexity 5"],
] as const;

/** Milliseconds of the processor that a process has used, in itself and in the kernel. */
function used(child: ChildProcess): { user: number; system: number } {
	const fields = readFileSync(`/proc/${child.pid}/stat`, "latin1")
		.replace(/^.*\) /s, "")
		.split(" ");
	return { user: Number(fields[11]) * TICK_MS, system: Number(fields[12]) * TICK_MS };
}

async function stage(unit: string, mode: string): Promise<Figures> {
	const device = spawn(unit, ["--probe", "voice-device", mode, String(SECONDS)], { stdio: ["ignore", "pipe", "inherit"] });
	let load: ChildProcess | undefined;
	let before = { user: 0, system: 0 };
	let after = before;
	const said = new Map<string, string>();
	try {
		for await (const line of createInterface({ input: device.stdout })) {
			const [word = "", ...rest] = line.split(" ");
			said.set(word, rest.join(" "));
			if (word === "port") load = spawn(unit, ["--probe", "voice-load", rest[0] ?? ""], { stdio: "ignore" });
			if (word === "begin") before = used(device);
			if (word === "end") after = used(device);
		}
	} finally {
		load?.kill();
		device.kill();
	}
	const count = Number(said.get("count"));
	const user = ((after.user - before.user) * 1000) / count;
	const system = ((after.system - before.system) * 1000) / count;
	return { passed: count / SECONDS, possible: 1e6 / (user + system), user, system, garbage: said.get("garbage") ?? "?" };
}

async function delay(unit: string): Promise<Map<string, string>> {
	const program = spawn(unit, ["--probe", "voice-delay", String(DELAY_SECONDS)], { stdio: ["ignore", "pipe", "inherit"] });
	const said = new Map<string, string>();
	for await (const line of createInterface({ input: program.stdout })) {
		const [word = "", value = ""] = line.split(" ");
		said.set(word, value);
	}
	return said;
}

/** The round in the middle by its processor time. */
function middle(rounds: readonly Figures[]): Figures {
	const sorted = [...rounds].sort((a, b) => a.possible - b.possible);
	return sorted[Math.floor(sorted.length / 2)] as Figures;
}

function line(label: string, cells: readonly string[]): string {
	return `  ${label.padEnd(40)}${cells.map((cell) => cell.padStart(13)).join("")}`;
}

export default async function voice(): Promise<void> {
	const unit = (await build({ app: "unit", quiet: true })).executable;
	console.log(
		`voice: 512-byte packets, one back for each; median of ${ROUNDS} rounds of ${SECONDS} s, ${availableParallelism()} processors`,
	);
	console.log(line("", ["packets/s", "packets/s*", "program", "kernel", "in kernel", "garbage"]));
	console.log(line("", ["", "", "µs/packet", "µs/packet", "%", ""]));
	const results: Figures[] = [];
	for (const [mode, label] of STAGES) {
		const rounds: Figures[] = [];
		for (let round = 0; round < ROUNDS; round += 1) rounds.push(await stage(unit, mode));
		const it = middle(rounds);
		results.push(it);
		console.log(
			line(label, [
				it.passed.toFixed(0),
				it.possible.toFixed(0),
				it.user.toFixed(1),
				it.system.toFixed(1),
				((it.system * 100) / (it.user + it.system)).toFixed(0),
				it.garbage,
			]),
		);
	}
	console.log("  *  when the processor did nothing else: 1 s divided by the processor time of a packet");
	const [echo, packets, sound, opus] = results as [Figures, Figures, Figures, Figures];
	const cost = (it: Figures): number => it.user + it.system;
	console.log(
		`  of ${cost(opus).toFixed(1)} µs with Opus: network ${cost(echo).toFixed(1)}, jitter buffer ${(cost(packets) - cost(echo)).toFixed(1)}, ` +
			`sound ${(cost(sound) - cost(packets)).toFixed(1)}, codec ${(cost(opus) - cost(sound)).toFixed(1)}`,
	);
	const said = await delay(unit);
	const rest = Number(said.get("p50")) - Number(said.get("frame")) - Number(said.get("jitter"));
	console.log(
		`  source to sink over the loopback network, frames of 20 ms, no codec: p50 ${said.get("p50")} ms, p99 ${said.get("p99")} ms ` +
			`(${said.get("bursts")} bursts); ${said.get("ticks")} wake-ups/s`,
	);
	console.log(
		`  of the p50: until a frame is full ${said.get("frame")} ms, jitter buffer ${said.get("jitter")} ms (wanted ${said.get("wanted")}), ` +
			`sink and wake-ups ${rest.toFixed(1)} ms`,
	);
}
