/** Fletcher's full packets are SRTP as libsrtp2 knows it (RFC 7714), and the reverse. On each crypto backend that this machine can build. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { build } from "../../tools/build.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import { convert, sessionKeys } from "../peers/srtp_peer.ts";

const PACKETS = 300;
const executables = new Map<string, string>();

before(async () => {
	for (const name of ["linux64", "linux32"]) {
		const target = targets[name];
		if (target !== undefined && targetReady(target))
			executables.set(name, (await build({ target: name, app: "unit", quiet: true })).executable);
	}
});

interface Suite {
	readonly name: string;
	/** Number of Fletcher's. */
	readonly number: number;
	readonly keyBytes: number;
}

const SUITES: readonly Suite[] = [
	{ name: "AES-128-GCM", number: 1, keyBytes: 16 },
	{ name: "AES-256-GCM", number: 2, keyBytes: 32 },
];

/** A master key, and what the keys under it look like to Fletcher. */
function keysOf(suite: Suite): { master: Buffer; material: string } {
	const master = Buffer.from(Array.from({ length: suite.keyBytes + 12 }, (_, index) => (index * 73 + 5) & 0xff));
	const { key, salt } = sessionKeys(master);
	return { master, material: Buffer.concat([key, Buffer.alloc(64 - key.length), salt]).toString("hex") };
}

function probe(executable: string, words: readonly string[]): string[] {
	return execFileSync(executable, ["--probe", ...words], {
		encoding: "utf8",
		maxBuffer: 1 << 26,
		timeout: 60_000,
		killSignal: "SIGKILL",
	})
		.trimEnd()
		.split("\n");
}

function both(title: string, body: (executable: string, suite: Suite) => void): void {
	for (const name of ["linux64", "linux32"])
		for (const suite of SUITES)
			test(`${title}: ${suite.name} (${name})`, (context) => {
				const executable = executables.get(name);
				if (executable === undefined) context.skip(`the packages of ${name} are not installed`);
				else body(executable, suite);
			});
}

both("ARC-R1 full packets open in libsrtp2, over the wrap of the sequence number", (executable, suite) => {
	const { master, material } = keysOf(suite);
	const lines = probe(executable, ["srtp-seal", String(suite.number), material, String(PACKETS)]).map((line) => line.split(" "));
	const packets = lines.map(([, hex = ""]) => Buffer.from(hex, "hex"));
	const opened = convert("open", master, packets);
	assert.equal(opened.length, PACKETS);
	const forms = new Set<number>();
	const sequences = new Set<number>();
	opened.forEach((plain, index) => {
		const packet = packets[index] as Buffer;
		assert.ok(plain, `packet ${index} was refused`);
		const csrcs = packet.readUInt8(0) & 15;
		const header = 16 + 4 * csrcs + 4 * packet.readUInt16BE(14 + 4 * csrcs);
		assert.equal(plain.subarray(0, header).toString("hex"), packet.subarray(0, header).toString("hex"), "the header as it was");
		assert.equal(plain.subarray(header).toString("hex"), lines[index]?.[0], `payload ${index}`);
		forms.add((packet.readUInt8(0) << 8) | (packet.readUInt16BE(12 + 4 * csrcs) & 0x68));
		sequences.add(packet.readUInt16BE(2));
	});
	assert.ok(forms.size >= 6, `${forms.size} forms of header`);
	assert.ok(sequences.has(0xffff) && sequences.has(0));
	// A damaged one does not, and neither does one that was opened.
	const damaged = packets.slice(0, 3).map((packet, index) => {
		const copy = Buffer.from(packet);
		const at = [13, 3, copy.length - 1][index] as number;
		copy[at] = (copy[at] as number) ^ 1;
		return copy;
	});
	assert.deepEqual(convert("open", master, damaged), [undefined, undefined, undefined]);
	assert.equal(convert("open", master, [packets[0] as Buffer, packets[0] as Buffer])[1], undefined);
});

/** A full packet by section 2.2 of the reference, with send time (T) and context (C) when they are wanted. */
function plainPacket(index: number): { packet: Buffer; expected: string } {
	const ssrcs = [0x00bc614e, 0xdeadbeef, 0x80000001];
	const types = [96, 111, 97];
	const place = index % 3;
	const sequence = 65_500 + Math.floor(index / 3);
	const timestamp = (0xffff_f000 + 960 * index) % 2 ** 32;
	const marker = index % 7 === 0;
	const quality = index & 3;
	const priority = (index >> 2) & 3;
	const timed = index % 5 === 0;
	const bound = place !== 2 && index % 4 === 0;
	const csrc = place === 2;
	const words = (timed ? 2 : 0) + (bound ? 1 : 0);
	const header = Buffer.alloc(16 + (csrc ? 4 : 0) + 4 * words);
	header.writeUInt8(0x90 | (csrc ? 1 : 0), 0);
	header.writeUInt8((marker ? 0x80 : 0) | (types[place] as number), 1);
	header.writeUInt16BE(sequence & 0xffff, 2);
	header.writeUInt32BE(timestamp, 4);
	header.writeUInt32BE(ssrcs[place] as number, 8);
	let at = 12;
	if (csrc) at = header.writeUInt32BE(ssrcs[0] as number, at);
	at = header.writeUInt16BE(0xa000 | (quality << 10) | (priority << 8) | (timed ? 0x40 : 0) | (bound ? 0x20 : 0), at);
	at = header.writeUInt16BE(words, at);
	if (timed) at = header.writeBigUInt64BE(0xed0037801f7ced91n, at);
	if (bound) header.writeUInt32BE((place << 29) | ((sequence >> 16) << 25) | ((index & 0x1ff) << 16) | 960, at);
	const payload = Buffer.from(Array.from({ length: (index * 53) % 1100 }, (_, i) => (index * 17 + i) & 0xff));
	return {
		packet: Buffer.concat([header, payload]),
		expected: `${place} ${sequence} ${timestamp} ${marker ? 1 : 0} ${quality} ${priority} ${payload.toString("hex")}`,
	};
}

both("ARC-R1 packets that libsrtp2 sealed open, over the wrap of the sequence number", (executable, suite) => {
	const { master, material } = keysOf(suite);
	const plain = Array.from({ length: PACKETS }, (_, index) => plainPacket(index));
	const sealed = convert(
		"seal",
		master,
		plain.map(({ packet }) => packet),
	).map((packet, index) => {
		assert.ok(packet, `libsrtp2 refused packet ${index}`);
		return packet;
	});
	const folder = mkdtempSync(join(tmpdir(), "fletcher-srtp-"));
	try {
		const file = join(folder, "packets");
		const damaged = sealed.slice(-3).map((packet) => {
			const copy = Buffer.from(packet);
			copy.writeUInt16BE((copy.readUInt16BE(2) + 1) & 0xffff, 2);
			return copy;
		});
		const all = [...sealed, ...damaged, ...sealed.slice(-3)];
		writeFileSync(file, all.map((packet) => packet.toString("hex")).join("\n"));
		const lines = probe(executable, ["srtp-open", String(suite.number), material, file]);
		assert.deepEqual(
			lines.map((line) => line.trimEnd()),
			[
				...plain.map(({ expected }) => expected.trimEnd()),
				// Not authentic, and seen before.
				...["refused -5", "refused -5", "refused -5", "refused -4", "refused -4", "refused -4"],
			],
		);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
