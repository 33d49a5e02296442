/** libsrtp2 as a peer: srtp_peer.c, built when it is missing or out of date. */
import { spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("srtp_peer.c", import.meta.url));
const program = fileURLToPath(new URL("../../build/peers/srtp_peer", import.meta.url));

function time(path: string): number {
	return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** @returns its path. @throws Error saying what is missing. */
export function srtpPeer(): string {
	if (time(program) > time(source)) return program;
	mkdirSync(dirname(program), { recursive: true });
	const made = join(dirname(program), `srtp_peer.${process.pid}`);
	const result = spawnSync("cc", ["-O2", "-Wall", "-Wextra", "-o", made, source, "-lsrtp2"], { encoding: "utf8" });
	if (result.status !== 0) {
		const reason = result.error?.message ?? result.stderr.split("\n").find((line) => line.includes("error")) ?? "cc failed";
		throw new Error(`the SRTP peer needs gcc and libsrtp2-dev: ${reason}`);
	}
	renameSync(made, program);
	return program;
}

/** Protects (`seal`) or opens packets. @returns one for each, undefined for what libsrtp2 refused. */
export function convert(way: "seal" | "open", key: Buffer, packets: readonly Buffer[]): (Buffer | undefined)[] {
	const input = packets.map((packet) => `${packet.toString("hex")}\n`).join("");
	const result = spawnSync(srtpPeer(), [way, key.toString("hex")], { input, encoding: "utf8", maxBuffer: 1 << 26 });
	if (result.status !== 0) throw new Error(`srtp_peer: ${result.stderr}`);
	return result.stdout
		.split("\n")
		.slice(0, packets.length)
		.map((line) => (line.startsWith("refused") ? undefined : Buffer.from(line, "hex")));
}

/** Session key and salt of SRTP as libsrtp2 derives them from a master key with its salt of 12 bytes (RFC 3711 4.3, RFC 7714 11). */
export function sessionKeys(master: Buffer): { key: Buffer; salt: Buffer } {
	const key = master.subarray(0, master.length - 12);
	const derive = (label: number, length: number): Buffer => {
		const counter = Buffer.alloc(16);
		master.copy(counter, 0, master.length - 12);
		counter[7] = (counter[7] as number) ^ label;
		return createCipheriv(key.length === 16 ? "aes-128-ctr" : "aes-256-ctr", key, counter).update(Buffer.alloc(length));
	};
	return { key: derive(0, key.length), salt: derive(2, 12) };
}
