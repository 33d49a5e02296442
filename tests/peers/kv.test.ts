import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { exchange, KvClient, KvError } from "./kv_client.ts";
import { opusFault, padOpus, readOpus } from "./kv_opus.ts";
import { KvServer } from "./kv_server.ts";
import type { KvServerOptions } from "./kv_server.ts";
import {
	Command,
	DATA_BYTES,
	encodeFailure,
	encodeList,
	encodeRequest,
	encodeStatus,
	encodeSystem,
	encodeVoice,
	ErrorCode,
	legalUid,
	Operation,
	Permission,
	portStatus,
	readSystem,
	systemChecksum,
} from "./kv_wire.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const hex = (data: Buffer): string => data.toString("hex");
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const frame = (number: number): Buffer => padOpus(Buffer.from([0x08, number, 0xaa]));

interface Bench {
	readonly server: KvServer;
	readonly client: KvClient;
}

/** A server that goes with the test, and a client of it. Anybody may create channels. */
async function bench(t: TestContext, options: KvServerOptions = {}): Promise<Bench> {
	const server = new KvServer({ everybody: Permission.ADD_CHANNEL, ...options });
	await server.listen();
	t.after(() => server.close());
	const client = new KvClient(server.port, {
		...(options.portOrder === undefined ? {} : { portOrder: options.portOrder }),
		...(options.orders === undefined ? {} : { orders: options.orders }),
	});
	return { server, client };
}

async function failed(answer: Promise<unknown>, code: number | undefined): Promise<void> {
	await assert.rejects(answer, (error) => error instanceof KvError && error.code === code);
}

test("KV-B1 what server and client write are the bytes of section 7", () => {
	assert.equal(hex(encodeRequest(Command.REGISTER, [0n, 0n])), hex(bytes("00000004 0000000000000000 0000000000000000")));
	assert.equal(
		hex(encodeRequest(Command.REGISTER, [0n, 0n], "padded36")),
		hex(Buffer.concat([bytes("00000004"), Buffer.alloc(32)])),
	);
	const channel = 0x7fbb_f903_e6c0n;
	assert.equal(
		hex(encodeRequest(Command.JOIN, [4n, 4n, channel])),
		hex(bytes("00000002 0000000000000004 0000000000000004 00007fbbf903e6c0")),
	);
	assert.equal(hex(encodeList([channel])), hex(bytes("0000000000000001 00007fbbf903e6c0 0000000000000000")));
	assert.equal(hex(encodeList([])), hex(Buffer.alloc(16)));
	assert.equal(hex(encodeFailure(ErrorCode.ACCESS)), hex(bytes("0000000000000000 00000004")));
	assert.equal(hex(encodeFailure()), hex(Buffer.alloc(8)));
	assert.equal(hex(encodeStatus(portStatus(50_190, "le-quirk"))), "0000000000000ec4");
	assert.equal(hex(encodeStatus(portStatus(50_190, "be"))), "000000000000c40e");
	for (const [operation, uid, text] of [
		[Operation.KEEPALIVE, 1n, "ffffffff 80000000 0100000000000000 00000000 00d5cd0a"],
		[Operation.JOIN, 4n, "ffffffff 80000001 0400000000000000 00000000 00d0cd0a"],
		[Operation.LEAVE, 1n, "ffffffff 80000002 0100000000000000 00000000 00d5cd0a"],
	] as const) {
		const packet = encodeSystem({ operation, uid });
		assert.equal(hex(packet), hex(Buffer.concat([bytes(text), Buffer.alloc(488)])));
		assert.deepEqual(readSystem(packet), { operation, uid, ackid: 0, sound: true });
	}
	assert.equal(hex(encodeVoice(4n, Buffer.alloc(3, 7)).subarray(0, 12)), hex(bytes("0400000000000000 07070700")));
});

test("KV-B1 checksums are those of section 7, in each byte order", () => {
	for (const [uid, ackid, sum] of [
		[0n, 0, 0x0acd_d400],
		[1n, 0, 0x0acd_d500],
		[4n, 0, 0x0acd_d000],
		[4n, 0x0102_0304, 0x0bcf_d304],
		[0x0123_4567_89ab_cdefn, 0, 0xa100_3b00],
		[0xdead_beefn, 0, 0xa773_3b00],
	] as const)
		assert.equal(systemChecksum(uid, ackid), sum);
	for (const orders of [
		{ udp: "be", keepaliveUid: "le" },
		{ udp: "le", keepaliveUid: "be" },
	] as const)
		for (const operation of [Operation.KEEPALIVE, Operation.JOIN]) {
			const packet = encodeSystem({ operation, uid: 0x0123_4567_89ab_cdefn, ackid: 9 }, orders);
			assert.deepEqual(readSystem(packet, orders), { operation, uid: 0x0123_4567_89ab_cdefn, ackid: 9, sound: true });
			packet.writeUInt8(packet.readUInt8(20) ^ 1, 20);
			assert.equal(readSystem(packet, orders).sound, false);
		}
});

test("KV-B1 padded Opus is read to the last byte, and every break of it found", () => {
	assert.equal(hex(padOpus(bytes("08aabb"))), hex(Buffer.concat([bytes("0b41fff4aabb"), Buffer.alloc(498)])));
	assert.equal(hex(padOpus(Buffer.concat([bytes("08"), Buffer.alloc(501, 0xf0)])).subarray(0, 4)), "0b4100f0");
	for (let size = 1; size <= DATA_BYTES; size += 1) {
		const packet = Buffer.alloc(size, 0x5a);
		packet.writeUInt8(0x48, 0);
		const padded = padOpus(packet);
		assert.equal(padded.length, DATA_BYTES);
		const read = readOpus(padded);
		assert.ok(typeof read === "object", `${size}: ${JSON.stringify(read)}`);
		assert.equal(read.frames.length, 1);
		assert.deepEqual(read.frames[0], packet.subarray(1));
		assert.deepEqual([read.configuration, read.frameMs], [9, 20]);
	}
	const broken = (text: string): string =>
		String(opusFault(Buffer.concat([bytes(text), Buffer.alloc(DATA_BYTES - bytes(text).length)])));
	assert.match(broken("0b40"), /no frame/);
	assert.match(broken("0b7f"), /bytes for 63 frames/);
	assert.match(broken(`0b41${"ff".repeat(502)}`), /beyond the end/);
	assert.match(broken("0b41fffaaabb"), /more padding/);
	assert.match(broken("0bc2fcff"), /beyond the end/);
	assert.match(broken(`0b41fff4aabb${"00".repeat(200)}01`), /not zero/);
	assert.match(broken("1b43"), /frames of 60 ms|bytes for/);
	assert.match(broken("09"), /code 1 with an odd|undefined/);
	assert.match(String(opusFault(Buffer.alloc(503))), /must be 504/);
});

test("KV-B1 uids with 32 ones in a half are illegal", () => {
	for (const uid of [0xffff_ffff_0000_0001n, 0x0000_0001_ffff_ffffn, 0xffff_ffff_ffff_ffffn]) assert.ok(!legalUid(uid));
	for (const uid of [1n, 0xffff_fffe_ffff_fffen, 0x8000_0000_0000_0001n]) assert.ok(legalUid(uid));
});

for (const shape of ["exact", "padded36"] as const)
	test(`KV-B1 KV-B2 all eight commands, ids of 64 bits, requests of shape ${shape}`, async (t) => {
		const { server } = await bench(t, { firstChannel: 0xffff_fffe_0000_0001n, rules: { shape } });
		const client = new KvClient(server.port, { shape });
		server.users.prepare(0x8000_0000_0000_0001n);
		const uid = await client.register();
		assert.equal(uid, 0x8000_0000_0000_0001n);
		const channel = await client.create(uid);
		assert.equal(channel, 0xffff_fffe_0000_0001n);
		assert.deepEqual(await client.getChannels(), [channel]);
		assert.equal(await client.getPort(channel), server.channel.port);
		assert.equal(await client.join(uid, channel), server.channel.port);
		assert.equal(await client.leave(uid, channel), 1n);
		assert.equal(await client.delete(uid, channel), channel);
		assert.deepEqual(await client.getChannels(), []);
		assert.equal(await client.unregister(uid, uid), uid);
		assert.deepEqual(server.violations, []);
		assert.equal(server.requests.length, 9);
	});

test("KV-B1 permissions: each command is refused without its bit and done with it", async (t) => {
	const { server, client } = await bench(t, { everybody: Permission.NONE });
	const { users } = server;
	const user = async (permissions: bigint): Promise<bigint> => {
		const uid = await client.register();
		users.add(uid, permissions);
		return uid;
	};
	const nobody = await client.register(0n, Permission.ADMIN);
	assert.equal(users.permissions(nobody), Permission.NONE, "a wish of auid 0 is ignored");
	const other = await user(Permission.NONE);
	const channel = (await server.addChannel()).id;
	const all = Permission.ADMIN;
	for (const [bit, command] of [
		[Permission.REGISTER_USER, (uid: bigint) => client.register(uid, Permission.ADD_CHANNEL)],
		[Permission.ADD_CHANNEL, (uid: bigint) => client.create(uid)],
		[Permission.RM_CHANNEL, async (uid: bigint) => client.delete(uid, (await server.addChannel(other)).id)],
		[Permission.ADD_USER, (uid: bigint) => client.join(uid, channel, other)],
		[Permission.KICK_USER, (uid: bigint) => client.leave(uid, channel, other)],
		[Permission.DELETE_USER, async (uid: bigint) => client.unregister(uid, await user(Permission.NONE))],
	] as const) {
		server.tolerate(/KV-9/);
		await failed(command(await user(all & ~bit)), ErrorCode.ACCESS);
		await command(await user(bit));
	}
	// What belongs to oneself needs no right.
	await client.join(nobody, channel);
	await client.leave(nobody, channel);
	const own = await server.addChannel(nobody);
	await client.delete(nobody, own.id);
	const registered = await client.register(await user(Permission.REGISTER_USER), Permission.KICK_USER);
	assert.equal(users.permissions(registered), Permission.KICK_USER);
	assert.deepEqual(server.violations, []);
});

test("KV-B1 errors: unknown user, channel, member; GET_PORT gives no reason", async (t) => {
	const { server, client } = await bench(t);
	server.tolerate(/KV-6/);
	const uid = await client.register();
	await failed(client.create(99n), ErrorCode.ACCESS);
	await failed(client.join(uid, 5n), ErrorCode.PARAM);
	await failed(client.leave(uid, (await server.addChannel()).id), ErrorCode.PARAM);
	await failed(client.delete(uid, 5n), ErrorCode.PARAM);
	await failed(client.getPort(5n), undefined);
	assert.equal(server.tolerated.length, 4, server.tolerated.join("\n"));
	assert.deepEqual(server.violations, []);
});

test("KV-C7 bad input of the control port has the outcomes of section 6", async (t) => {
	const { server, client } = await bench(t, { readMs: 700 });
	server.tolerate(/KV-[12]:/);
	for (const type of [0xffff_ffff, 0x40, 8])
		assert.equal(hex(await exchange(server.port, [encodeRequest(type, [])])), hex(encodeFailure(ErrorCode.PARAM)));
	const create = encodeRequest(Command.CREATE, [1n]);
	assert.equal(hex(await exchange(server.port, [create.subarray(0, 11)], { fin: true })), hex(encodeFailure(ErrorCode.INVAL)));
	assert.equal(hex(await exchange(server.port, [create.subarray(0, 3)], { fin: true })), hex(encodeFailure(ErrorCode.INVAL)));
	// Nothing for the time of the limit: closed, and others are served meanwhile.
	const start = performance.now();
	const silent = exchange(server.port, [Buffer.alloc(0)], { timeoutMs: 3_000 });
	for (let count = 0; count < 20; count += 1) await client.getChannels();
	assert.ok(performance.now() - start < 700, "others waited for the silent one");
	assert.equal((await silent).length, 0);
	assert.ok(performance.now() - start >= 650);
	assert.equal(server.timeouts, 1);
	// A tail of any content: the answer, no RST.
	const padded = Buffer.concat([encodeRequest(Command.GET_CHANNELS, []), Buffer.alloc(32, 0xee)]);
	assert.equal(hex(await exchange(server.port, [padded])), hex(encodeList([])));
	assert.equal(hex(await exchange(server.port, [padded.subarray(0, 20), padded.subarray(20)])), hex(encodeList([])));
	// A megabyte: closed, this time without manners.
	const flood = exchange(server.port, [Buffer.concat([encodeRequest(Command.GET_CHANNELS, []), Buffer.alloc(1 << 20)])], {
		timeoutMs: 2_000,
	});
	await flood.then(
		(answer) => assert.equal(hex(answer), hex(encodeList([]))),
		(error: NodeJS.ErrnoException) => assert.match(String(error.code), /ECONNRESET|EPIPE/),
	);
	assert.deepEqual(await client.getChannels(), []);
	const read = Number(/GET_CHANNELS of (\d+) bytes, must be 4/.exec(server.tolerated.at(-1) ?? "")?.[1]);
	assert.ok(read > 65_536 && read < 262_144, server.tolerated.at(-1));
	assert.ok(server.tolerated.length >= 8, server.tolerated.join("\n"));
	assert.deepEqual(server.violations, []);
});

test("KV-B1 the read limit is five seconds when nothing else is said, and forty clients are served at once", async (t) => {
	const { server } = await bench(t);
	server.tolerate(/KV-2: the connection ended after 0 bytes/);
	const start = performance.now();
	const silent = exchange(server.port, [Buffer.alloc(0)], { timeoutMs: 7_000 });
	const clients = Array.from({ length: 40 }, () => new KvClient(server.port));
	const uids = await Promise.all(clients.map((client) => client.register()));
	assert.equal(new Set(uids).size, 40);
	await silent;
	const elapsed = performance.now() - start;
	assert.ok(elapsed > 4_900 && elapsed < 6_500, `${elapsed} ms`);
	assert.deepEqual(server.violations, []);
});

for (const userJoin of [false, true])
	for (const portOrder of ["be", "le-quirk"] as const)
		test(`KV-C9 fifty frames each way, ports ${portOrder}, ${userJoin ? "SYS_JOIN" : "KEEPALIVE alone"}; traffic follows a new port`, async (t) => {
			const { server, client } = await bench(t, { userJoin, portOrder });
			const owner = await client.register();
			const channel = await client.create(owner);
			const one = await client.open(owner, channel);
			const two = await client.open(await client.register(), channel);
			t.after(() => one.close());
			t.after(() => two.close());
			for (const voice of [one, two]) {
				voice.keepAlive();
				if (userJoin) voice.system(Operation.JOIN, { ackid: 7 });
			}
			await server.located(2);
			const ports: number[] = [];
			one.on("voice", (_uid, _data, port: number) => ports.push(port));
			for (let number = 0; number < 50; number += 1) {
				one.speak(frame(number));
				two.speak(frame(number));
				await sleep(2);
			}
			await one.heard(50);
			await two.heard(50);
			assert.deepEqual(
				one.received.map(({ data }) => data),
				Array.from({ length: 50 }, (_, number) => frame(number)),
			);
			assert.ok(one.received.every(({ uid }) => uid === two.uid) && two.received.every(({ uid }) => uid === one.uid));
			assert.ok(ports.every((port) => port === server.channel.port));
			if (userJoin) assert.deepEqual(one.operations, [Operation.ACK]);

			await two.bind();
			one.speak(frame(98));
			await sleep(30);
			assert.equal(two.received.length, 50, "the old port gets what is said before the new one is known");
			two.keepAlive();
			if (userJoin) two.system(Operation.JOIN);
			await server.until("the move", () => server.channel.members.get(two.uid)?.moves === 1);
			one.speak(frame(99));
			await two.heard(51);
			assert.deepEqual(server.violations, []);
		});

test("KV-B1 a member that gives no sign is removed; one that does stays; voice counts only if told so", async (t) => {
	const { server, client } = await bench(t, { evictionMs: 600 });
	const owner = await client.register();
	const channel = await client.create(owner);
	const keeper = await client.open(owner, channel);
	const talker = await client.open(await client.register(), channel);
	t.after(() => keeper.close());
	t.after(() => talker.close());
	keeper.keepAlive(150);
	talker.system(Operation.KEEPALIVE);
	for (let count = 0; count < 30; count += 1) {
		talker.speak(frame(count));
		await sleep(30);
	}
	await server.until("eviction", () => server.evictions === 1);
	assert.deepEqual([...server.channel.members.keys()], [owner]);
	const before = server.channel.drops.notJoined;
	talker.speak(frame(0));
	talker.system(Operation.KEEPALIVE);
	await server.until("drops", () => server.channel.drops.notJoined >= before + 2);
	assert.deepEqual(server.violations, []);

	const lenient = await bench(t, { evictionMs: 300, voiceKeepsAlive: true });
	const uid = await lenient.client.register();
	const voice = await lenient.client.open(uid, await lenient.client.create(uid));
	t.after(() => voice.close());
	voice.system(Operation.KEEPALIVE);
	for (let count = 0; count < 20; count += 1) {
		voice.speak(frame(count));
		await sleep(30);
	}
	assert.equal(lenient.server.evictions, 0);
	await lenient.server.until("eviction", () => lenient.server.evictions === 1);
});

test("KV-B1 what a client does wrong by UDP is dropped and reported", async (t) => {
	const { server, client } = await bench(t, { rules: { slack: 40, keepaliveLimit: 200 } });
	const uid = await client.register();
	const voice = await client.open(uid, await client.create(uid));
	t.after(() => voice.close());
	const expect = async (pattern: RegExp, act: () => unknown): Promise<void> => {
		const from = server.violations.length;
		await act();
		await server.until(String(pattern), () => server.violations.slice(from).some((text) => pattern.test(text)), 1_500);
	};
	await expect(/KV-12: voice before the first KEEPALIVE/, () => voice.speak(frame(1)));
	await expect(/KV-11: a datagram of 511 bytes/, () => voice.send(Buffer.alloc(511)));
	await expect(/KV-18/, () => voice.system(Operation.KEEPALIVE, { checksum: 1 }));
	await expect(/KV-17: CLOSE from a device/, () => voice.system(Operation.CLOSE));
	await expect(/KV-17: operation 80000009/, () => voice.system(0x8000_0009));
	await expect(/KV-12: SYS_JOIN/, () => voice.system(Operation.JOIN));
	await expect(/KV-16/, () => voice.speak(Buffer.from([0x0b])));
	await expect(/KV-6: voice of uid 63/, () => voice.send(encodeVoice(99n, frame(1))));
	await expect(/KV-10/, () => voice.send(encodeVoice(0xffff_ffff_0000_0000n, frame(1))));
	await expect(/KV-11: KEEPALIVE with bytes after/, () => {
		const packet = encodeSystem({ operation: Operation.KEEPALIVE, uid });
		packet.writeUInt8(1, 511);
		voice.send(packet);
	});
	await expect(/KV-13: \d+ KEEPALIVEs/, () => {
		for (let count = 0; count < 12; count += 1) voice.system(Operation.KEEPALIVE);
	});
	await expect(/KV-13: no KEEPALIVE for/, () => undefined);
	await client.leave(uid, server.channel.id);
	await expect(/KV-20: voice/, async () => {
		await sleep(80);
		voice.speak(frame(2));
	});
	assert.deepEqual(server.channel.drops, { size: 1, checksum: 1, operation: 2, notJoined: 3 });
});

test("KV-B1 what a client does wrong by TCP is reported", async (t) => {
	const { server, client } = await bench(t, { rules: { slack: 0 } });
	const found = async (pattern: RegExp, act: Promise<unknown>): Promise<void> => {
		await act.catch(() => undefined);
		await server.until(String(pattern), () => server.violations.some((text) => pattern.test(text)), 1_500);
	};
	const register = encodeRequest(Command.REGISTER, [0n, 0n]);
	await found(
		/KV-1: the request came in pieces, 4 of 20/,
		exchange(server.port, [register.subarray(0, 4), register.subarray(4)]),
	);
	await found(/KV-2: REGISTER of 36 bytes, must be 20/, new KvClient(server.port, { shape: "padded36" }).register());
	await found(
		/KV-2: GET_CHANNELS of 8 bytes/,
		exchange(server.port, [Buffer.concat([Buffer.alloc(3), Buffer.from([7]), Buffer.alloc(4)])]),
	);
	await found(/KV-6: CREATE uid=4d2: uid 4d2 was never given/, client.create(0x4d2n));
	await found(/KV-6: GET_PORT chid=5: chid 5/, client.getPort(5n));
	await found(/KV-10/, client.create(0xffff_ffffn));
	const uid = await client.register();
	server.users.add(uid, 0n);
	await found(
		/KV-9: CREATE uid=3 comes again after ACCESS/,
		client.create(uid).catch(() => client.create(uid)),
	);
	const slow = exchange(server.port, [encodeRequest(Command.GET_CHANNELS, [])], { lingerMs: 200 });
	await found(/KV-1: the socket was closed \d+ ms after the answer/, slow);
	await server.restart();
	await found(/KV-19: CREATE uid=3: a uid of the server's earlier life/, client.create(uid));
});

test("KV-B1 faults: split, cut, silent, reset and wrong answers come as told and once", async (t) => {
	const { server, client } = await bench(t);
	server.tolerate(/KV-/);
	const uid = await client.register();
	const start = performance.now();
	server.spoil({ pieces: [1, 3], gapMs: 50 });
	assert.deepEqual(await client.getChannels(), []);
	assert.ok(performance.now() - start > 90);
	server.spoil({ command: Command.CREATE, cut: 5 });
	assert.deepEqual(await client.getChannels(), []);
	assert.equal((await client.raw(Command.CREATE, uid)).length, 5);
	server.spoil({ error: ErrorCode.ACCESS });
	const channels = server.channels.size;
	await failed(client.create(uid), ErrorCode.ACCESS);
	assert.equal(server.channels.size, channels, "the command is not carried out");
	server.spoil({ status: 70_000n });
	assert.equal(await client.command(Command.GET_PORT, server.channel.id), 70_000n);
	server.spoil({ bytes: bytes("00000000ffffffff") });
	assert.equal(hex(await client.raw(Command.GET_CHANNELS)), "00000000ffffffff");
	server.spoil({ reset: true });
	await assert.rejects(client.getChannels(), /ECONNRESET/);
	server.spoil({ silent: true });
	await assert.rejects(exchange(server.port, [encodeRequest(Command.GET_CHANNELS, [])], { timeoutMs: 300 }), /no end/);
	server.spoil({ delayMs: 120 });
	const asked = performance.now();
	await client.getChannels();
	assert.ok(performance.now() - asked > 110);
	assert.equal((await client.getChannels()).length, 1);
});

test("KV-B1 killed and started again: the same TCP port, other uids, chids and UDP ports", async (t) => {
	const { server, client } = await bench(t);
	const uid = await client.register();
	const channel = await client.create(uid);
	const { port } = server;
	const udp = server.channel.port;
	await server.kill();
	await assert.rejects(client.getChannels(), /ECONNREFUSED/);
	await server.listen(port);
	assert.deepEqual(await client.getChannels(), []);
	const again = await client.register();
	assert.notEqual(again, uid);
	assert.notEqual(await client.create(again), channel);
	assert.notEqual(server.channel.port, udp);
	assert.deepEqual(server.violations, []);
});

test("KV-B1 a deleted channel is silent, or says CLOSE if told so; a moved one has another port", async (t) => {
	for (const announceClose of [false, true]) {
		const { server, client } = await bench(t, { announceClose });
		const uid = await client.register();
		const channel = await client.create(uid);
		const voice = await client.open(uid, channel);
		t.after(() => voice.close());
		voice.keepAlive();
		await server.located(1);
		const before = await client.getPort(channel);
		const after = await server.movePort();
		assert.notEqual(after, before);
		assert.equal(await client.getPort(channel), after);
		voice.port = after;
		voice.system(Operation.KEEPALIVE, { ackid: 3 });
		await server.until("the ACK", () => voice.operations.length === 1);
		server.deleteChannel();
		await sleep(60);
		assert.deepEqual(voice.operations, announceClose ? [Operation.ACK, Operation.CLOSE] : [Operation.ACK]);
		assert.deepEqual(await client.getChannels(), []);
		assert.deepEqual(server.violations, []);
	}
});

test("KV-B1 random datagrams and requests end nothing", async (t) => {
	const { server, client } = await bench(t);
	server.tolerate(/KV-/);
	const uid = await client.register();
	const voice = await client.open(uid, await client.create(uid));
	voice.keepAlive();
	t.after(() => voice.close());
	const socket = createSocket("udp4");
	t.after(() => socket.close());
	const { SeededRandom } = await import("./random.ts");
	const random = new SeededRandom(7);
	for (let count = 0; count < 2_000; count += 1) {
		const datagram = random.bytes(count % 2 === 0 ? 512 : Math.floor(random.next() * 600));
		if (count % 4 === 0) datagram.fill(0xff, 0, 5);
		socket.send(datagram, server.channel.port, "127.0.0.1");
		if (count % 100 === 0) await exchange(server.port, [random.bytes(40)], { fin: true }).catch(() => undefined);
	}
	voice.system(Operation.KEEPALIVE, { ackid: 1 });
	await server.until("the ACK", () => voice.operations.length > 0);
	assert.equal(server.channel.members.size, 1);
});
