import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ImpairedUdp } from "./impaired_udp.ts";
import type { Conditions } from "./impaired_udp.ts";

/** Datagrams in a row, fewer than a turn of the loop reads from a socket. */
const BURST = 16;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Came {
	readonly number: number;
	readonly at: number;
	readonly from: RemoteInfo;
}

interface End {
	readonly socket: Socket;
	readonly port: number;
	readonly came: Came[];
}

async function end(t: TestContext): Promise<End> {
	const socket = createSocket("udp4");
	await new Promise<void>((resolve) => {
		socket.bind(0, "127.0.0.1", resolve);
	});
	t.after(() => socket.close());
	const came: Came[] = [];
	socket.on("message", (datagram, from) => came.push({ number: datagram.readUInt32BE(0), at: performance.now(), from }));
	return { socket, port: socket.address().port, came };
}

async function network(
	t: TestContext,
	conditions: Partial<Conditions> = {},
): Promise<{ net: ImpairedUdp; client: End; target: End }> {
	const [client, target] = [await end(t), await end(t)];
	const net = new ImpairedUdp({ target: { port: target.port }, seed: 42, conditions });
	await net.listen();
	t.after(() => net.close());
	return { net, client, target };
}

function number(value: number): Buffer {
	const datagram = Buffer.alloc(64);
	datagram.writeUInt32BE(value, 0);
	return datagram;
}

/** Numbered datagrams at intervals. @returns when each was sent */
async function stream(from: Socket, port: number, count: number, gapMs: number): Promise<number[]> {
	const sent: number[] = [];
	for (let value = 0; value < count; value += 1) {
		sent.push(performance.now());
		from.send(number(value), port, "127.0.0.1");
		if (gapMs > 0) await sleep(gapMs);
		else if (value % BURST === BURST - 1) await sleep(1);
	}
	return sent;
}

const numbers = (came: readonly Came[]): number[] => came.map((one) => one.number);

test("impaired network: a clear one passes everything in order, both ways", async (t) => {
	const { net, client, target } = await network(t);
	await stream(client.socket, net.port, 200, 0);
	await sleep(50);
	assert.deepEqual(numbers(target.came), [...Array(200).keys()]);
	const back = target.came[0]?.from.port ?? 0;
	await stream(target.socket, back, 200, 0);
	await sleep(50);
	assert.deepEqual(numbers(client.came), [...Array(200).keys()]);
	assert.ok(client.came.every(({ from }) => from.port === net.port));
});

test("impaired network: losses have their share and their runs, and are the same with the same seed", async (t) => {
	const runs = async (conditions: Partial<Conditions>): Promise<number[]> => {
		const { net, client, target } = await network(t, conditions);
		await stream(client.socket, net.port, 2_000, 0);
		await sleep(50);
		assert.equal(target.came.length, net.up.figures.sent);
		assert.equal(net.up.figures.lost + net.up.figures.sent, 2_000);
		return numbers(target.came);
	};
	const first = await runs({ loss: 0.1 });
	assert.ok(first.length > 1_720 && first.length < 1_880, `${first.length} of 2000`);
	assert.deepEqual(await runs({ loss: 0.1 }), first);
	const bursts = await runs({ loss: 0.1, burst: 4 });
	const gaps = bursts.map((value, index) => value - (bursts[index - 1] ?? -1) - 1).filter((gap) => gap > 0);
	const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
	assert.ok(mean > 2.8 && mean < 5.2, `runs of ${mean}`);
	assert.ok(bursts.length > 1_640 && bursts.length < 1_930, `${bursts.length} of 2000`);
});

test("impaired network: delay and jitter stay within bounds and keep the order; settable while it runs", async (t) => {
	const { net, client, target } = await network(t, { delay: 40, jitter: 30 });
	const sent = await stream(client.socket, net.port, 100, 5);
	await sleep(120);
	assert.deepEqual(numbers(target.came), [...Array(100).keys()]);
	const delays = target.came.map(({ at }, index) => at - (sent[index] as number)).sort((a, b) => a - b);
	assert.ok((delays[0] as number) > 38, `${delays[0]} ms`);
	const median = delays[50] as number;
	assert.ok(median > 48 && median < 85, `median ${median} ms`);
	net.set({ delay: 0, jitter: 0 });
	target.came.length = 0;
	const [start = 0] = await stream(client.socket, net.port, 1, 30);
	assert.ok((target.came[0]?.at ?? Number.POSITIVE_INFINITY) - start < 25);
});

test("impaired network: duplicates and exchanged places are counted", async (t) => {
	const { net, client, target } = await network(t, { duplicate: 0.2, reorder: 0.1 });
	await stream(client.socket, net.port, 500, 1);
	await sleep(100);
	const { duplicated, reordered, sent } = net.up.figures;
	assert.ok(duplicated > 60 && duplicated < 140 && reordered > 20 && reordered < 80, `${duplicated}, ${reordered}`);
	assert.equal(target.came.length, sent);
	assert.equal(new Set(numbers(target.came)).size, 500);
	const back = numbers(target.came).filter((value, index, all) => value < (all[index - 1] ?? 0)).length;
	assert.ok(back > 20, `${back} places exchanged`);
});

test("impaired network: a cut line passes nothing; a new mapping has another port or address and answers still arrive", async (t) => {
	const { net, client, target } = await network(t);
	net.cut(true);
	await stream(client.socket, net.port, 10, 1);
	assert.equal(target.came.length, 0);
	net.cut(false);
	await stream(client.socket, net.port, 1, 20);
	const before = target.came[0]?.from;
	net.rebind("127.0.0.9");
	await stream(client.socket, net.port, 1, 20);
	const after = target.came[1]?.from;
	assert.notEqual(after?.port, before?.port);
	assert.equal(after?.address, "127.0.0.9");
	target.socket.send(number(7), after?.port ?? 0, after?.address);
	target.socket.send(number(8), before?.port ?? 0, before?.address);
	await sleep(30);
	assert.deepEqual(numbers(client.came), [7]);
	assert.equal(net.clients.length, 1);
});

test("impaired network: two clients never hear each other's answers", async (t) => {
	const { net, client, target } = await network(t);
	const other = await end(t);
	client.socket.send(number(1), net.port, "127.0.0.1");
	other.socket.send(number(2), net.port, "127.0.0.1");
	await sleep(30);
	for (const { number: value, from } of target.came) target.socket.send(number(value + 10), from.port, from.address);
	await sleep(30);
	assert.deepEqual(numbers(client.came), [11]);
	assert.deepEqual(numbers(other.came), [12]);
});
