import assert from "node:assert/strict";
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SoundTail } from "../../tools/demo/sound_tail.ts";
import { wavHead } from "../../tools/demo/wav.ts";
import { atEnd } from "./at_end.ts";
import { temporaryFolder } from "./device.ts";

const RATE = 16_000;
const CHUNK = 640;
const KEEP = 20_000;

test("DEMO sound is handed on sample by sample while the file grows, a long silence is left out, and the disk keeps little of it", async (t) => {
	const path = join(temporaryFolder(t), "record.wav");
	const tail = new SoundTail(path, KEEP);
	atEnd(t, () => tail.close());
	const file = openSync(path, "w");
	atEnd(t, () => closeSync(file));
	let written = 0;
	/** As the device does: at a place of the file, and the head now and then. */
	const write = (): void => {
		const data = Buffer.alloc(CHUNK);
		for (let index = 0; index < CHUNK; index += 2) data.writeUInt16LE((((written + index) / 2) % 65_535) + 1, index);
		writeSync(file, data, 0, CHUNK, 44 + written);
		written += CHUNK;
		if (written % (10 * CHUNK) === 0) writeSync(file, wavHead(RATE, written), 0, 44, 0);
	};
	writeSync(file, wavHead(RATE, 0), 0, 44, 0);
	await sleep(100);
	assert.equal(tail.rate, RATE);
	const heard: Buffer[] = [];
	const stream = tail.listen();
	stream.on("data", (chunk: Buffer) => heard.push(chunk));
	for (let count = 0; count < 100; count += 1) {
		write();
		if (count % 2 === 1) await sleep(15);
	}
	await sleep(150);
	const all = Buffer.concat(heard);
	assert.equal(all.length, 100 * CHUNK);
	for (let index = 0; index < all.length; index += 2) assert.equal(all.readUInt16LE(index), ((index / 2) % 65_535) + 1);
	assert.ok(statSync(path).blocks * 512 < 100 * CHUNK, "the past is still on the disk");

	heard.length = 0;
	written += 3 * 2 * RATE;
	write();
	await sleep(100);
	const after = Buffer.concat(heard).length;
	assert.ok(after >= CHUNK && after < RATE, `${after} bytes after three seconds that were leapt over`);
	stream.destroy();
	await sleep(20);
	assert.equal(tail.listeners, 0);
});
