/**
 * Packets of ArcRTP sealed and sent, received and opened, next to libsrtp2 on the same machine and in the same run, and what an Opus
 * packet takes on the wire in each form. Prints figures and ratios and judges nothing.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { build } from "../../tools/build.ts";
import { convert, srtpPeer } from "../peers/srtp_peer.ts";

const SECONDS = 2;
const ROUNDS = 3;
/** Bytes of payload. */
const SIZES = [200, 1200];
/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10;
const RTP_HEADER = 12;
const OPUS_BYTES = 60;
const IP_UDP_BYTES = 28;

/** One end that is measured, and what it needs at the other. */
interface Program {
	readonly label: string;
	command(bytes: number, port: number): readonly string[];
	/** What feeds it; undefined: it sends, to a sink. */
	load?(bytes: number, port: number): readonly string[];
}

interface Figures {
	/** Packets a second of the processor's time, and of the clock. */
	readonly possible: number;
	readonly passed: number;
	/** Microseconds of the processor a packet, in the program and in the kernel. */
	readonly user: number;
	readonly system: number;
	readonly garbage: string;
}

/** Milliseconds of the processor that a process has used, in itself and in the kernel. */
function used(child: ChildProcess): { user: number; system: number } {
	const fields = readFileSync(`/proc/${child.pid}/stat`, "latin1")
		.replace(/^.*\) /s, "")
		.split(" ");
	return { user: Number(fields[11]) * TICK_MS, system: Number(fields[12]) * TICK_MS };
}

function start(command: readonly string[]): ChildProcess & { stdout: NonNullable<ChildProcess["stdout"]> } {
	const [program = "", ...words] = command;
	return spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The port that a program prints first. */
async function portOf(child: ReturnType<typeof start>): Promise<number> {
	for await (const line of createInterface({ input: child.stdout })) if (line.startsWith("port ")) return Number(line.slice(5));
	throw new Error("a program of the benchmark ended early");
}

async function measure(program: Program, bytes: number): Promise<Figures> {
	const others: ChildProcess[] = [];
	let port = 0;
	if (program.load === undefined) {
		const sink = start([srtpPeer(), "sink"]);
		others.push(sink);
		port = await portOf(sink);
	}
	const child = start(program.command(bytes, port));
	const said = new Map<string, string>();
	let before = { user: 0, system: 0 };
	let after = before;
	try {
		for await (const line of createInterface({ input: child.stdout })) {
			const [word = "", ...rest] = line.split(" ");
			said.set(word, rest.join(" "));
			if (word === "port" && program.load !== undefined) others.push(start(program.load(bytes, Number(rest[0]))));
			if (word === "begin") before = used(child);
			if (word === "end") after = used(child);
		}
	} finally {
		for (const other of others) other.kill("SIGKILL");
		child.kill("SIGKILL");
	}
	const count = Number(said.get("count"));
	const user = ((after.user - before.user) * 1000) / count;
	const system = ((after.system - before.system) * 1000) / count;
	return { possible: 1e6 / (user + system), passed: count / SECONDS, user, system, garbage: said.get("garbage") ?? "-" };
}

/** The round in the middle by its processor time. */
function middle(rounds: readonly Figures[]): Figures {
	const sorted = [...rounds].sort((a, b) => a.possible - b.possible);
	return sorted[Math.floor(sorted.length / 2)] as Figures;
}

function line(label: string, cells: readonly string[]): string {
	return `  ${label.padEnd(44)}${cells.map((cell) => cell.padStart(12)).join("")}`;
}

async function race(title: string, bytes: number, programs: readonly Program[]): Promise<void> {
	const rounds = programs.map((): Figures[] => []);
	// In turns: what else the machine does meets all alike.
	for (let round = 0; round < ROUNDS; round += 1)
		for (const [index, program] of programs.entries()) rounds[index]?.push(await measure(program, bytes));
	const reference = middle(rounds[0] as Figures[]);
	console.log(line(`${title}, ${bytes} bytes of payload`, []).trimEnd());
	for (const [index, program] of programs.entries()) {
		const it = middle(rounds[index] as Figures[]);
		console.log(
			line(`  ${program.label}`, [
				it.possible.toFixed(0),
				(it.possible / reference.possible).toFixed(2),
				it.user.toFixed(2),
				it.system.toFixed(2),
				it.passed.toFixed(0),
				it.garbage,
			]),
		);
	}
}

/** Bytes of an Opus packet as RTP, and as libsrtp2 protects it. */
function srtpSize(keyBytes: number): number {
	const packet = Buffer.alloc(RTP_HEADER + OPUS_BYTES);
	packet.writeUInt8(0x80, 0);
	if (keyBytes === 0) return packet.length + IP_UDP_BYTES;
	const [made] = convert("seal", Buffer.alloc(keyBytes, 1), [packet]);
	return (made?.length ?? Number.NaN) + IP_UDP_BYTES;
}

function wire(unit: string): void {
	console.log("  bytes on the wire of an Opus packet, 24 kbps, 20 ms, IPv4 and UDP included");
	console.log(line("", ["bytes", "overhead %", "kbit/s", "on average"]));
	const row = (label: string, bytes: number, average: number): void =>
		console.log(
			line(`  ${label}`, [
				String(bytes),
				(((bytes - OPUS_BYTES) * 100) / bytes).toFixed(1),
				((average * 8 * 50) / 1000).toFixed(1),
				average.toFixed(1),
			]),
		);
	for (const [label, keyBytes] of [
		["RTP", 0],
		["SRTP, AES-CM with HMAC-SHA-1-80 (libsrtp2)", 30],
		["SRTP, AES-128-GCM (libsrtp2)", 28],
	] as const)
		row(label, srtpSize(keyBytes), srtpSize(keyBytes));
	for (const said of execFileSync(unit, ["--probe", "srtp-sizes"], { encoding: "utf8" }).trim().split("\n")) {
		const [bytes = "", average = "", ...form] = said.split(" ");
		row(form.join(" "), Number(bytes), Number(average));
	}
}

export default async function arcrtp(): Promise<void> {
	const unit = (await build({ app: "unit", quiet: true })).executable;
	const peer = srtpPeer();
	const probe = (name: string, ...words: readonly unknown[]): readonly string[] => [unit, "--probe", name, ...words.map(String)];
	const library = (name: string, ...words: readonly unknown[]): readonly string[] => [peer, name, ...words.map(String)];
	const forms = ["full", "reduced"] as const;
	console.log(
		`arcrtp: AES-128-GCM over the loopback network, one stream; median of ${ROUNDS} rounds of ${SECONDS} s, each side by its own processor time`,
	);
	console.log(line("", ["packets/s*", "of libsrtp2", "program µs", "kernel µs", "packets/s", "garbage"]));
	for (const bytes of SIZES) {
		await race("seal and send", bytes, [
			{ label: "libsrtp2: protect, sendto", command: (size, port) => library("send", size, SECONDS, port) },
			...forms.map((form) => ({
				label: `Fletcher: seal, write; ${form}`,
				command: (size: number, port: number) => probe("arcrtp-send", size, SECONDS, port, form),
			})),
		]);
		await race("receive and open", bytes, [
			{
				label: "libsrtp2: recvmmsg, unprotect",
				command: (size) => library("receive", size, SECONDS),
				load: (size, port) => library("load", size, port),
			},
			...forms.map((form) => ({
				label: `Fletcher: readMany, open; ${form}`,
				command: (size: number) => probe("arcrtp-receive", size, SECONDS, form),
				load: (size: number, port: number) => probe("arcrtp-load", size, port, form),
			})),
		]);
	}
	console.log("  *  when the processor did nothing else: 1 s divided by the processor time of a packet");
	wire(unit);
}
