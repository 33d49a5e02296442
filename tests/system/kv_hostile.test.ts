/** A conversation goes on while others send rubbish, the clock is set, and the network is what networks are. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeSystem, encodeVoice, Operation, PACKET_BYTES } from "../peers/kv_wire.ts";
import { SeededRandom } from "../peers/random.ts";
import { atEnd } from "./at_end.ts";
import { executable, root, temporaryFolder } from "./device.ts";
import { hearsMore, joinPeer, numbered, startKvDevice, startKvServer } from "./kv.ts";

const GARBAGE_PER_SECOND = 1_000;
const SECONDS = 8;

test("KV-11 KV-15 KV-17 a thousand garbage datagrams a second from anywhere and from the channel itself: voice survives, all is counted", async (t) => {
	const server = await startKvServer(t);
	const device = await startKvDevice(t, { server });
	const [member] = await server.located(1);
	assert.ok(member);
	const peer = await joinPeer(t, server);
	await hearsMore(peer);
	const before = await device.metrics();
	const stranger = createSocket("udp4");
	atEnd(t, () => stranger.close());
	const random = new SeededRandom(5);
	const uid = member.uid;
	/** What the device has to drop, by way of its figures. */
	const kinds: readonly (() => Buffer)[] = [
		() => random.bytes(Math.floor(random.next() * 1_400)),
		() => random.bytes(PACKET_BYTES),
		() => encodeVoice(uid, numbered(0)),
		() => encodeVoice(0xffff_ffff_0000_0000n, numbered(0)),
		() => encodeSystem({ operation: Operation.ACK, uid, ackid: 99 }),
		() => encodeSystem({ operation: Operation.CLOSE, uid, checksum: 1 }),
		() => encodeSystem({ operation: 0x8000_0077, uid }),
		() => Buffer.alloc(0),
	];
	const sent = { stranger: 0, channel: 0, peer: 0 };
	const start = performance.now();
	const heardBefore = peer.received.length;
	let spoken = 0;
	while (performance.now() - start < SECONDS * 1_000) {
		const due = ((performance.now() - start) / 1_000) * GARBAGE_PER_SECOND;
		while (sent.stranger + sent.channel < due) {
			const datagram = (kinds[Math.floor(random.next() * kinds.length)] as () => Buffer)();
			if (random.chance(0.5)) {
				stranger.send(datagram, member.port, member.address);
				sent.stranger += 1;
			} else {
				server.channel.send(uid, datagram);
				sent.channel += 1;
			}
		}
		if (performance.now() - start > spoken * 20) {
			peer.speak(numbered(spoken));
			spoken += 1;
		}
		await sleep(2);
	}
	await sleep(200);
	const after = await device.metrics();
	const heard = peer.received.length - heardBefore;
	assert.ok(heard > SECONDS * 50 * 0.95, `${heard} voice packets from the device in ${SECONDS} s`);
	const [channel, earlier] = [after.kv.channels[0], before.kv.channels[0]];
	assert.ok(channel && earlier);
	const dropped = Object.entries(channel.dropped).map(
		([name, count]) => [name, count - earlier.dropped[name as keyof typeof earlier.dropped]] as const,
	);
	const sum = dropped.reduce((total, [, count]) => total + count, 0);
	const taken = channel.packetsIn - earlier.packetsIn;
	assert.ok(
		sum + taken >= (sent.stranger + sent.channel + spoken) * 0.98,
		`${JSON.stringify(dropped)} of ${JSON.stringify(sent)}`,
	);
	for (const name of ["wrongSize", "wrongSource", "ownPackets", "illegalUid", "wrongChecksum", "unknownOperation", "strayAcks"])
		assert.ok((dropped.find(([one]) => one === name)?.[1] ?? 0) > 0, `nothing counted as ${name}: ${JSON.stringify(dropped)}`);
	assert.ok(taken >= spoken, `${taken} of ${spoken} voice packets of the peer were taken`);
	assert.deepEqual([channel.joins, channel.losses, channel.state], [1, 0, "joined"]);
	assert.equal(after.memory.collections, before.memory.collections, "garbage made garbage");
	assert.equal(after.memory.descriptors, before.memory.descriptors);
});

/** The shim has other calls in 32 bits. */
const skip = readFileSync(executable)[4] === 2 ? false : "the stepped clock is made for 64-bit programs";

test("KV-13 the clock of the day is set by a day, and back by a year: nothing but the log's times changes", {
	skip,
}, async (t) => {
	const folder = temporaryFolder(t);
	const shim = join(folder, "stepped_clock.so");
	execFileSync("gcc", ["-shared", "-fPIC", "-O1", "-o", shim, join(root, "tests/system/stepped_clock.c")]);
	const clock = join(folder, "clock");
	writeFileSync(clock, "0");
	const server = await startKvServer(t, { rules: { keepaliveLimit: 1_200 }, evictionMs: 2_400 });
	const device = await startKvDevice(t, {
		server,
		times: { keepalive: 500 },
		own: { environment: { LD_PRELOAD: shim, STEPPED_CLOCK: clock } },
	});
	await server.located(1);
	const peer = await joinPeer(t, server, server.channel.id, 300);
	await hearsMore(peer);
	const before = await device.metrics();
	for (const seconds of [86_400, -31_536_000, 0]) {
		// In one step: a file that is truncated first reads as 0.
		writeFileSync(`${clock}.new`, String(seconds));
		execFileSync("mv", [`${clock}.new`, clock]);
		const from = peer.received.length;
		const start = performance.now();
		await sleep(2_000);
		const expected = ((performance.now() - start) / 1_000) * 50;
		const heard = peer.received.length - from;
		assert.ok(
			Math.abs(heard - expected) < 12,
			`${heard} packets where ${expected.toFixed(0)} are due after a step to ${seconds} s`,
		);
		const spoken = from;
		for (let count = 0; count < 5; count += 1) peer.speak(numbered(spoken + count));
	}
	const after = await device.metrics();
	assert.equal(after.kv.channels[0]?.joins, 1);
	assert.equal(after.kv.channels[0]?.losses, 0);
	assert.equal(after.memory.collections, before.memory.collections);
	// The shim was at work: the device's log has the times of the clock that was set.
	writeFileSync(clock, "-31536000");
	await device.process.stopOrderly();
	const last = device.process.log.at(-1);
	const year = new Date(String(last?.time)).getUTCFullYear();
	assert.ok(year < new Date().getUTCFullYear(), `the log's last line is of ${year}`);
});
