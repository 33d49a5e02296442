/** What can happen to a server and a channel, and the defined outcome of each at the device: log events, figures, what is on the wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, ErrorCode, Operation } from "../peers/kv_wire.ts";
import {
	acknowledged,
	hearsMore,
	joinPeer,
	numbered,
	SCALED,
	SCALED_EVICTION,
	startImpairedServer,
	startKvDevice,
	startKvServer,
	startScaledServer,
} from "./kv.ts";

/** What stands for ten minutes when all times are scaled: ten looks at the list, thirty KEEPALIVEs. */
const TEN_MINUTES_MS = 6_000;

test("KV-1 KV-6 KV-12 KV-20 a device registers, creates a channel, joins, speaks, and leaves when it is stopped", async (t) => {
	const server = await startKvServer(t, { firstChannel: 0xffff_fffe_0000_0001n });
	server.users.prepare(0x8000_0000_0000_0001n);
	const device = await startKvDevice(t, { server });
	const [member] = await server.located(1);
	assert.equal(member?.uid, 0x8000_0000_0000_0001n);
	const joined = await device.process.waitForLog("kv", "joined");
	assert.equal(joined["uid"], "0x8000000000000001");
	assert.equal(joined["channel"], "0xfffffffe00000001");
	const peer = await joinPeer(t, server);
	await hearsMore(peer, 50);
	assert.ok(peer.received.every(({ uid }) => uid === member?.uid));
	for (let count = 0; count < 25; count += 1) {
		peer.speak(numbered(count));
		await sleep(20);
	}
	await server.until("voice at the device", () => (server.channel.members.get(0x8000_0000_0000_0001n)?.voiceOut ?? 0) >= 25);
	const { packetsIn, state } = await device.channel();
	assert.deepEqual([packetsIn, state], [25, "joined"]);
	assert.deepEqual(server.requests.map(({ type }) => type).slice(0, 3), [Command.REGISTER, Command.CREATE, Command.JOIN]);
	await device.process.stopOrderly();
	assert.equal(server.asked(Command.LEAVE).length, 1);
	assert.equal(server.asked(Command.LEAVE)[0]?.status, 1n);
	await device.process.waitForLog("kv", "stopped");
	const heard = peer.received.length;
	await sleep(500);
	assert.equal(peer.received.length, heard, "nothing on the wire after LEAVE");
});

for (const userJoin of [false, true])
	test(`KV-12 KV-13 interoperability: le-quirk ports, KEEPALIVE big-endian, padded requests, ${userJoin ? "profile 27eb5b6" : "no SYS_JOIN"}`, async (t) => {
		const server = await startKvServer(t, {
			portOrder: "le-quirk",
			userJoin,
			orders: { keepaliveUid: "be" },
			rules: { shape: "padded36" },
		});
		const switches = userJoin
			? { profile: "27eb5b6", requestShape: "padded36" }
			: { portOrder: "le-quirk", keepaliveUidOrder: "be", requestShape: "padded36" };
		await startKvDevice(t, { server, switches });
		await server.located(1);
		await server.until("voice", () => [...server.channel.members.values()].some((member) => member.voiceIn > 25));
	});

test("KV-12 KV-17 a server that acknowledges nothing: joined once, KEEPALIVE in time, voice flows, no loss is made up", async (t) => {
	const server = await startScaledServer(t, { acknowledges: false });
	const device = await startKvDevice(t, { server, times: SCALED });
	await server.located(1);
	const peer = await joinPeer(t, server, server.channel.id, 200);
	await hearsMore(peer, 100);
	const { joins, losses, state, acks } = await device.channel();
	assert.deepEqual([joins, losses, state, acks], [1, 0, "joined", 0]);
});

test("KV-19 server killed and started again: registered anew, another channel, voice flows; no old id on the wire", async (t) => {
	const server = await startScaledServer(t);
	const device = await startKvDevice(t, { server, times: SCALED });
	await server.located(1);
	await hearsMore(await joinPeer(t, server));
	const [before] = server.channels.keys();
	const { port } = server;
	await server.kill();
	await device.process.waitForLog("kv", "lost");
	await sleep(1_500);
	await server.listen(port);
	await device.process.waitForLog("kv", "joined", 10_000, 2);
	await server.located(1);
	assert.ok(!server.channels.has(before as bigint));
	await hearsMore(await joinPeer(t, server));
	const attempts = device.process.log.filter(({ area, event }) => area === "kv" && event === "lost");
	assert.ok(attempts.length >= 2 && attempts.length < 30, `${attempts.length} attempts`);
	const { joins, losses, state } = await device.channel();
	assert.deepEqual([joins, losses, state], [2, 1, "joined"]);
});

test("KV-19 a server that is there again within a second, with other users: noticed by silence, no old id on the wire", async (t) => {
	const server = await startScaledServer(t);
	const device = await startKvDevice(t, { server, times: SCALED });
	const [member] = await server.located(1);
	await hearsMore(await joinPeer(t, server));
	await server.restart();
	await device.process.waitForLog("kv", "channel-gone", 5_000);
	await device.process.waitForLog("kv", "joined", 5_000, 2);
	const [again] = await server.located(1);
	assert.notEqual(again?.uid, member?.uid);
	await hearsMore(await joinPeer(t, server));
});

test("KV-21 KV-C10 channel deleted: silence, the list without it, channel-gone, no KEEPALIVE any more; joined when it is there again", async (t) => {
	const server = await startScaledServer(t);
	const made = await server.addChannel(0n, 0x1234_5678_9abc_def0n);
	const device = await startKvDevice(t, { server, channel: made.id, times: SCALED });
	await server.located(1);
	const peer = await joinPeer(t, server);
	for (let count = 0; count < 10; count += 1) peer.speak(numbered(count));
	await hearsMore(peer);
	const deleted = performance.now();
	server.deleteChannel();
	await device.process.waitForLog("kv", "channel-gone", 5_000);
	assert.ok(performance.now() - deleted < 600 + 300 + 400, "it took too long to notice");
	const { packetsOut } = await device.channel();
	await sleep(800);
	assert.equal((await device.channel()).packetsOut, packetsOut, "voice goes to nobody");
	assert.ok(
		server.asked(Command.JOIN).every(({ error }) => error === undefined),
		"no attempt to join what is not listed",
	);
	await server.addChannel(0n, made.id);
	await device.process.waitForLog("kv", "joined", 5_000, 2);
	await server.located(1);
	await hearsMore(await joinPeer(t, server));
});

test("KV-17 channel closed by CLOSE: channel-closed, asked for, channel-gone; a forged CLOSE changes nothing", async (t) => {
	const server = await startScaledServer(t, { announceClose: true });
	const device = await startKvDevice(t, { server, times: SCALED });
	const [member] = await server.located(1);
	server.channel.sendSystem(member?.uid ?? 0n, { operation: Operation.CLOSE });
	await device.process.waitForLog("kv", "close-ignored", 8_000);
	const peer = await joinPeer(t, server);
	await hearsMore(peer);
	assert.equal((await device.channel()).joins, 1);
	const { users } = server;
	const owner = member?.uid ?? 0n;
	assert.ok(users.knows(owner));
	server.deleteChannel();
	await device.process.waitForLog("kv", "channel-gone", 5_000);
	const events = device.process.log.filter(({ area }) => area === "kv").map(({ event }) => event);
	assert.ok(events.lastIndexOf("channel-closed") < events.indexOf("channel-gone"), events.join(" "));
	// It was its own channel: it makes another one.
	await device.process.waitForLog("kv", "joined", 5_000, 2);
	await server.located(1);
});

test("KV-19 port of the channel changed: noticed, joined at the new one", async (t) => {
	const server = await startScaledServer(t);
	const device = await startKvDevice(t, { server, times: SCALED });
	await server.located(1);
	const before = server.channel.port;
	const peer = await joinPeer(t, server);
	await hearsMore(peer);
	const port = await server.movePort();
	assert.notEqual(port, before);
	peer.port = port;
	peer.keepAlive(200);
	const lost = await device.process.waitForLog("kv", "lost", 5_000);
	assert.match(String(lost["reason"]), /port changed/);
	const joined = await device.process.waitForLog("kv", "joined", 5_000, 2);
	assert.equal(joined["port"], port);
	await hearsMore(peer);
	assert.equal((await device.channel()).port, port);
});

test("KV-13 the device's address changes on the way: the server follows the next KEEPALIVE, nobody rejoins", async (t) => {
	const { server, network } = await startImpairedServer(t);
	const device = await startKvDevice(t, { server, times: { keepalive: 1_000 } });
	const [member] = await server.located(1);
	assert.ok(member);
	const peer = await joinPeer(t, server, server.channel.id, 300);
	await hearsMore(peer);
	const before = [member.address, member.port];
	network().rebind("127.0.0.5");
	await server.until("the move", () => member.moves > 0, 3_000);
	assert.equal(member.address, "127.0.0.5");
	assert.notDeepEqual([member.address, member.port], before);
	await hearsMore(peer);
	const heard = (await device.channel()).packetsIn;
	for (let count = 0; count < 10; count += 1) peer.speak(numbered(count));
	await server.until("voice back", () => member.voiceOut >= heard + 10);
	await sleep(100);
	const { packetsIn, joins, losses } = await device.channel();
	assert.deepEqual([packetsIn, joins, losses], [heard + 10, 1, 0]);
});

test("KV-9 KV-19 uid unregistered: missed ACKs tell it, the device registers anew and joins", async (t) => {
	const server = await startScaledServer(t);
	const channel = (await server.addChannel()).id;
	const device = await startKvDevice(t, { server, channel, times: SCALED });
	const [member] = await server.located(1);
	const peer = await joinPeer(t, server, channel, 200);
	await hearsMore(peer);
	await acknowledged(device);
	server.unregister(member?.uid ?? 0n);
	const lost = await device.process.waitForLog("kv", "lost", 8_000);
	assert.match(String(lost["reason"]), /no member any more/);
	await device.process.waitForLog("kv", "joined", 8_000, 2);
	await server.until("the new user", () => server.channel.members.size === 2);
	assert.ok(!server.channel.members.has(member?.uid ?? 0n));
	await hearsMore(peer);
});

test("KV-13 KV-21 dropped by a server that acknowledges nothing, while nobody speaks: joined again; the user unregistered: registered anew", async (t) => {
	const server = await startScaledServer(t, { acknowledges: false });
	const channel = (await server.addChannel()).id;
	const device = await startKvDevice(t, { server, channel, times: SCALED });
	const [member] = await server.located(1);
	const uid = member?.uid ?? 0n;
	server.channel.members.delete(uid);
	await server.until("the member again", () => server.channel.members.has(uid), 5_000);
	const peer = await joinPeer(t, server, channel, 200);
	await hearsMore(peer);
	const { joins, losses, rejoins } = await device.channel();
	assert.deepEqual([joins, losses], [1, 0]);
	assert.ok(rejoins >= 1);
	server.unregister(uid);
	await device.process.waitForLog("kv", "lost", 8_000);
	await device.process.waitForLog("kv", "joined", 8_000, 2);
	await hearsMore(peer);
});

test("KV-9 a given uid that is unregistered: refused, told, and not asked for again soon", async (t) => {
	const server = await startScaledServer(t);
	server.users.add(0x2aan, 0n);
	const channel = (await server.addChannel()).id;
	const device = await startKvDevice(t, { server, channel, uid: 0x2aan, times: SCALED });
	await server.located(1);
	await acknowledged(device);
	server.unregister(0x2aan);
	const refused = await device.process.waitForLog("kv", "refused", 8_000);
	assert.match(String(refused["reason"]), /ACCESS/);
	const joins = server.asked(Command.JOIN).length;
	await sleep(1_000);
	assert.equal(server.asked(Command.JOIN).length, joins, "one request after ACCESS");
	assert.equal((await device.channel()).state, "refused");
	// The slow rate: the one repetition that KV-9 allows to a device nobody attends to.
	server.tolerate(/KV-9: JOIN .* comes again after ACCESS/);
	server.users.add(0x2aan, 0n);
	await device.process.waitForLog("kv", "joined", 8_000, 2);
	await server.located(1);
});

test("KV-13 KV-21 ten minutes of silence: nobody is evicted, the list is looked at each minute, memory stays where it was", async (t) => {
	const server = await startScaledServer(t);
	const channel = (await server.addChannel()).id;
	const times = { ...SCALED, join: 1_000 };
	const devices = [
		await startKvDevice(t, { server, channel, talk: "never", times, level: "info" }),
		await startKvDevice(t, { server, channel, talk: "never", times, level: "info" }),
	];
	const members = await server.located(2);
	await sleep(500);
	const before = await Promise.all(devices.map((device) => device.metrics()));
	const asked = server.asked(Command.GET_CHANNELS).length;
	const keepalives = members.map((member) => member.keepalives);
	await sleep(TEN_MINUTES_MS);
	const after = await Promise.all(devices.map((device) => device.metrics()));
	assert.equal(server.evictions, 0);
	const looks = server.asked(Command.GET_CHANNELS).length - asked;
	assert.ok(looks >= 16 && looks <= 22, `${looks} looks at the list of two devices in ten intervals`);
	for (const [index, member] of members.entries()) {
		const sent = member.keepalives - (keepalives[index] as number);
		assert.ok(sent >= 26 && sent <= 34, `${sent} KEEPALIVEs in 30 intervals`);
		assert.equal(member.voiceIn, 0);
		assert.equal(after[index]?.kv.channels[0]?.joins, 1);
		assert.equal(after[index]?.memory.collections, before[index]?.memory.collections);
		assert.equal(after[index]?.memory.descriptors, before[index]?.memory.descriptors);
	}
});

test("KV-15 a channel that is mute for a while: the device stays or comes back, and is heard as soon as it speaks again", async (t) => {
	const server = await startScaledServer(t);
	const device = await startKvDevice(t, { server, times: SCALED });
	await server.located(1);
	const peer = await joinPeer(t, server, server.channel.id, 200);
	await hearsMore(peer);
	// Without an answer it takes itself for one who was put out, and waits before it joins again.
	server.tolerate(/KV-13: no KEEPALIVE/);
	server.channel.mute = true;
	await sleep(TEN_MINUTES_MS / 2);
	assert.ok(device.process.alive);
	server.channel.mute = false;
	await hearsMore(peer);
	const requests = server.requests.length;
	assert.ok(requests < 120, `${requests} requests in five minutes`);
});

test("KV-13 the line is cut for less than the eviction: nothing but the gap; for more: evicted, noticed, joined again", async (t) => {
	const { server, network } = await startImpairedServer(t, {}, { evictionMs: SCALED_EVICTION });
	const device = await startKvDevice(t, { server, times: SCALED });
	const [member] = await server.located(1);
	const peer = await joinPeer(t, server, server.channel.id, 300);
	await hearsMore(peer);
	await acknowledged(device);
	network().cut(true);
	await sleep(300);
	network().cut(false);
	await hearsMore(peer);
	assert.equal((await device.channel()).joins, 1);
	assert.equal(server.evictions, 0);
	network().cut(true);
	await server.until("eviction", () => server.evictions > 0, 5_000);
	network().cut(false);
	const again = await joinPeer(t, server, server.channel.id, 300);
	await device.process.waitForLog("kv", "joined", 10_000, 2);
	await hearsMore(again);
	assert.ok(server.channel.members.has(member?.uid ?? 0n) || server.channel.members.size > 1);
});

test("KV-3 KV-4 KV-5 KV-7 KV-8 KV-9 KV-10 answers of every bad kind: a typed reason in the log, and joined in the end", async (t) => {
	const server = await startScaledServer(t);
	server.users.add(7n, 8n);
	const kinds: readonly (readonly [name: string, fault: Parameters<typeof server.spoil>[0], reason: RegExp])[] = [
		["reset", { command: Command.CREATE, reset: true }, /reset/],
		["truncated", { command: Command.CREATE, cut: 5 }, /truncated/],
		["silent", { command: Command.CREATE, silent: true }, /time/],
		["error SERV", { command: Command.CREATE, error: ErrorCode.SERV }, /SERV/],
		["error 42", { command: Command.CREATE, error: 42 }, /code 42/],
		["ACCESS", { command: Command.CREATE, error: ErrorCode.ACCESS }, /ACCESS/],
		["no reason", { command: Command.CREATE, bytes: Buffer.alloc(8) }, /PARAM/],
		["port 0", { command: Command.JOIN, bytes: Buffer.alloc(8) }, /PARAM/],
		["port 70000", { command: Command.JOIN, status: 70_000n }, /port/],
	];
	server.tolerate(/KV-9: (CREATE|JOIN)/);
	for (const [name, fault, reason] of kinds) {
		server.heal();
		server.spoil(fault);
		const device = await startKvDevice(t, { server, uid: 7n, times: { ...SCALED, refused: 300, answer: 400 }, audio: null });
		await device.process.waitForLog("kv", "joined", 10_000).catch((error: Error) => {
			throw new Error(`${name}: ${error.message}`);
		});
		const told = device.process.log
			.filter(({ event }) => event === "lost" || event === "refused")
			.map((one) => String(one["reason"]));
		assert.ok(
			told.some((text) => reason.test(text)),
			`${name}: ${told.join("; ")}`,
		);
		await device.process.stopOrderly();
	}
	server.spoil({ command: Command.CREATE, pieces: [1, 3], gapMs: 50 });
	const split = await startKvDevice(t, { server, uid: 7n, times: SCALED, audio: null });
	await split.process.waitForLog("kv", "joined");
	assert.equal((await split.metrics()).kv.refused, 0);
});

test("KV-10 an illegal uid from REGISTER: refused, and nothing is sent by UDP", async (t) => {
	const server = await startScaledServer(t);
	server.users.prepare(0xffff_ffff_0000_0001n, 0x0000_0001_ffff_ffffn);
	const channel = (await server.addChannel()).id;
	const device = await startKvDevice(t, { server, channel, times: { ...SCALED, refused: 400 }, audio: null });
	const refused = await device.process.waitForLog("kv", "refused", 5_000, 2);
	assert.match(String(refused["reason"]), /illegal user id/);
	// The third uid is a legal one.
	await device.process.waitForLog("kv", "joined", 5_000);
});
