import { collectGarbage } from "host/host";
import { Datagram, DatagramStatus } from "net/datagram";
import { Want } from "net/stream";
import Timer from "time/timer";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";

const LOCAL = "127.0.0.1";

/** A datagram socket that a test polls. Loopback delivers at once. */
function local(peers: number): Datagram {
	return new Datagram({ address: LOCAL, peers });
}

function closeAll(list: readonly Datagram[]): void {
	for (let i = 0; i < list.length; i++) (list[i] as Datagram).close();
}

/** Sends one byte from `from` to `to` and gives the number under which it arrives. */
function arrival(from: Datagram, to: Datagram): number {
	const buffer = new ArrayBuffer(1);
	const peer = from.peer(LOCAL, to.port);
	if (from.write(buffer, 0, 1, peer) !== 1) return -100;
	return to.read(buffer, 0, 1) === 1 ? to.source : -200;
}

function echoes(check: Check, done: () => void): void {
	const allocation = new Allocation();
	const buffer = new ArrayBuffer(2048);
	const view = new DataView(buffer);
	let rounds = 0;
	const server = new Datagram({
		address: LOCAL,
		onReadable(): void {
			const length = server.read(buffer, 0, 512);
			if (length > 0) server.write(buffer, 0, length, server.source);
		},
	});
	const client = new Datagram({
		address: LOCAL,
		receiveBuffer: 65536,
		onReadable(): void {
			const length = client.read(buffer, 1024, 512);
			if (length !== 512 || view.getUint32(1024) !== rounds) {
				check.fail(`round ${rounds}: length ${length}`);
				return;
			}
			if (rounds === 10) allocation.begin();
			if (++rounds < 1000) {
				send();
				return;
			}
			allocation.expectNone(check);
			check.equal(client.errors + server.errors + client.truncated + server.truncated, 0);
			client.close();
			server.close();
			done();
		},
	});
	const peer = client.peer(LOCAL, server.port);
	const send = (): void => {
		view.setUint32(0, rounds);
		client.write(buffer, 0, 512, peer);
	};
	send();
}

function wanted(check: Check, done: () => void): void {
	const buffer = new ArrayBuffer(8);
	let readable = 0;
	let writable = 0;
	let waiting = 2;
	const settled = (): void => {
		if (--waiting === 0) second.schedule(10);
	};
	const server = new Datagram({
		address: LOCAL,
		onReadable(): void {
			readable++;
			// Level: told again while one waits.
			if (readable === 3) {
				check.equal(server.read(buffer, 0, 8), 8);
				settled();
			}
		},
		onWritable(): void {
			if (++writable < 2) return;
			server.want(Want.READ);
			settled();
		},
	});
	server.want(Want.NOTHING);
	const client = local(1);
	client.write(buffer, 0, 8, client.peer(LOCAL, server.port));
	const first = new Timer({
		onTimer(): void {
			first.close();
			check.equal(readable, 0, "nothing wanted");
			check.equal(writable, 0, "nothing wanted");
			server.want(Want.BOTH);
		},
	});
	const second = new Timer({
		onTimer(): void {
			second.close();
			check.equal(readable, 3, "onReadable");
			check.equal(writable, 2, "onWritable");
			client.close();
			server.close();
			done();
		},
	});
	first.schedule(10);
}

export default function (suite: Suite): void {
	suite.asyncTest("datagram: 1,000 echoes of 512 bytes cost no slot and no chunk", 5000, echoes);
	suite.asyncTest("datagram: callbacks come as wanted and while they hold", 2000, wanted);

	suite.test("datagram: nothing to read is AGAIN, an empty datagram is 0", (check) => {
		const a = local(2);
		const b = local(2);
		const buffer = new ArrayBuffer(4);
		check.equal(a.read(buffer, 0, 4), DatagramStatus.AGAIN);
		check.equal(a.source, -1);
		check.equal(b.write(buffer, 0, 0, b.peer(LOCAL, a.port)), 0);
		check.equal(a.read(buffer, 0, 4), 0);
		check.equal(a.peerAddress(a.source), LOCAL);
		check.equal(a.peerPort(a.source), b.port);
		closeAll([a, b]);
	});

	suite.test("datagram: a longer one is truncated and counted", (check) => {
		const a = local(2);
		const b = local(2);
		const buffer = new ArrayBuffer(32);
		const bytes = new Uint8Array(buffer);
		for (let i = 0; i < 10; i++) bytes[i] = i + 1;
		b.write(buffer, 0, 10, b.peer(LOCAL, a.port));
		b.write(buffer, 0, 4, b.peer(LOCAL, a.port));
		check.equal(a.read(buffer, 16, 4), 4);
		check.hex(buffer, 16, "01 02 03 04 00 00");
		check.equal(a.truncated, 1);
		check.equal(a.read(buffer, 16, 4), 4);
		check.equal(a.truncated, 1, "one that fits exactly is whole");
		closeAll([a, b]);
	});

	suite.test("datagram: many are read in one call, each with its length and source", (check) => {
		const server = local(4);
		const [a, b] = [local(1), local(1)];
		const buffer = new ArrayBuffer(64);
		const bytes = new Uint8Array(buffer);
		const table = new Int32Array([40, 0, 0, 16, 0, 0, 24, 0, 0]);
		check.equal(server.readMany(buffer, table.buffer, 3, 4), DatagramStatus.AGAIN);
		for (let i = 0; i < 5; i++) {
			const from = i % 2 ? b : a;
			bytes[0] = i + 1;
			from.write(buffer, 0, i === 2 ? 6 : i, from.peer(LOCAL, server.port));
		}
		check.equal(server.readMany(buffer, table.buffer, 3, 4), 3);
		check.equal(`${table[1]} ${table[4]} ${table[7]}`, "0 1 4");
		check.equal(`${bytes[40]} ${bytes[16]} ${bytes[24]}`, "0 2 3");
		check.equal(server.peerPort(table[2] as number), a.port);
		check.equal(server.peerPort(table[5] as number), b.port);
		check.equal(table[8], table[2]);
		check.equal(server.truncated, 1);
		server.peer(LOCAL, 9);
		check.equal(server.readMany(buffer, table.buffer, 3, 4), 2, "what is there");
		check.equal(server.readMany(buffer, table.buffer, 3, 4), DatagramStatus.AGAIN);
		check.throws(() => server.readMany(buffer, table.buffer, 4, 4), "3 words");
		check.throws(() => server.readMany(buffer, table.buffer, 0, 4), "1 to 32");
		check.throws(() => server.readMany(buffer, table.buffer, 3, 25), "outside a buffer");
		closeAll([server, a, b]);
		check.equal(server.readMany(buffer, table.buffer, 3, 4), DatagramStatus.FAILED);
	});

	suite.test("datagram: read at once are never more than there are places to keep them apart", (check) => {
		const server = local(3);
		const list = [local(1), local(1), local(1)];
		const buffer = new ArrayBuffer(4);
		const table = new Int32Array(9);
		for (const from of list) from.write(buffer, 0, 1, from.peer(LOCAL, server.port));
		check.equal(server.readMany(buffer, table.buffer, 3, 4), 2);
		check.equal(server.peerPort(table[2] as number), (list[0] as Datagram).port);
		check.equal(server.peerPort(table[5] as number), (list[1] as Datagram).port);
		server.peer(LOCAL, 9);
		check.equal(server.readMany(buffer, table.buffer, 3, 4), 1);
		closeAll([server, ...list]);
	});

	suite.test("datagram: many are sent in one call, each to its peer, with a traffic class or without", (check) => {
		for (const [address, to] of [
			[LOCAL, LOCAL],
			["::", LOCAL],
			["::", "::1"],
		]) {
			const sender = new Datagram({ address, peers: 4 });
			const [a, b] = [new Datagram({ address: to }), new Datagram({ address: to })];
			const [toA, toB] = [sender.peer(to, a.port), sender.peer(to, b.port)];
			const buffer = new ArrayBuffer(64);
			const bytes = new Uint8Array(buffer);
			for (let i = 0; i < 64; i++) bytes[i] = i;
			const table = new Int32Array([8, 4, toA, 184, 40, 24, toB, 0, 0, 0, toA, 32]);
			check.equal(sender.writeMany(buffer, table.buffer, 3), 3, `${address} to ${to}`);
			check.equal(sender.write(buffer, 3, 1, toB, 136), 1);
			check.equal(a.read(buffer, 0, 8), 4);
			check.hex(buffer, 0, "08 09 0a 0b");
			check.equal(a.read(buffer, 0, 8), 0);
			check.equal(b.read(buffer, 0, 32), 24);
			check.hex(buffer, 22, "3e 3f 18", "no more than that");
			check.equal(b.read(buffer, 0, 32), 1);
			table[6] = 3;
			check.equal(sender.writeMany(buffer, table.buffer, 3), 1, "up to the one that has no such peer");
			table[2] = -1;
			check.equal(sender.writeMany(buffer, table.buffer, 3), DatagramStatus.FAILED);
			check.equal(sender.errors, 1);
			check.throws(() => sender.writeMany(buffer, table.buffer, 4), "4 words");
			check.throws(() => sender.writeMany(buffer, table.buffer, 0), "1 to 32");
			table[1] = 57;
			check.throws(() => sender.writeMany(buffer, table.buffer, 3), "outside a buffer");
			table[1] = -1;
			check.throws(() => sender.writeMany(buffer, table.buffer, 3), "outside a buffer");
			closeAll([sender, a, b]);
			check.equal(sender.writeMany(buffer, new Int32Array(4).buffer, 1), DatagramStatus.FAILED);
		}
	});

	suite.test("datagram: a peer keeps its number, the longest unused gives its place", (check) => {
		const server = local(2);
		const [a, b, c] = [local(1), local(1), local(1)];
		const first = arrival(a, server);
		const second = arrival(b, server);
		check.ok(first >= 0 && second >= 0 && first !== second);
		check.equal(arrival(a, server), first, "a again");
		check.equal(arrival(c, server), second, "c takes b's place");
		check.equal(server.peerPort(second), c.port);
		check.equal(arrival(b, server), first, "b takes a's place");
		// Sending counts as use.
		check.equal(server.write(new ArrayBuffer(1), 0, 1, second), 1);
		check.equal(arrival(a, server), first, "a takes b's place");
		closeAll([server, a, b, c]);
	});

	suite.test("datagram: a pinned peer stays until it is forgotten", (check) => {
		const server = local(2);
		const [a, b, c] = [local(1), local(1), local(1)];
		const pinned = server.peer(LOCAL, a.port);
		check.equal(server.peer(LOCAL, a.port), pinned, "the same number");
		const other = arrival(b, server);
		check.ok(other >= 0 && other !== pinned);
		for (let i = 0; i < 10; i++) check.equal(arrival(i % 2 ? b : c, server), other);
		check.equal(arrival(a, server), pinned);
		check.equal(server.peer(LOCAL, c.port), other);
		check.equal(arrival(b, server), -1, "every place is pinned");
		check.equal(server.peer(LOCAL, b.port), -1, "every place is pinned");
		check.equal(arrival(a, server), pinned);
		server.forget(pinned);
		check.equal(arrival(a, server), pinned, "remembered still");
		check.equal(arrival(b, server), pinned, "recycled");
		server.forget(-1);
		server.forget(2);
		closeAll([server, a, b, c]);
	});

	suite.test("datagram: what cannot be sent fails with a number and is counted", (check) => {
		const a = local(2);
		const buffer = new ArrayBuffer(70000);
		const peer = a.peer(LOCAL, 9);
		check.equal(a.write(buffer, 0, 1, 1), DatagramStatus.FAILED, "an unused place");
		check.equal(a.write(buffer, 0, 1, -1), DatagramStatus.FAILED, "no peer");
		check.equal(a.write(buffer, 0, 1, 256), DatagramStatus.FAILED, "out of range");
		check.equal(a.write(buffer, 0, 70000, peer), DatagramStatus.FAILED, "larger than UDP takes");
		check.equal(a.errors, 4);
		check.throws(() => a.write(buffer, 0, 70001, peer), "outside a buffer");
		check.throws(() => a.read(buffer, 70000, 1), "outside a buffer");
		a.close();
	});

	suite.asyncTest(
		"datagram: what nobody takes is reported by the network, counted, and wakes nobody twice",
		2000,
		(check, done) => {
			for (const [address, to] of [
				[LOCAL, LOCAL],
				["::", LOCAL],
				["::", "::1"],
			]) {
				const buffer = new ArrayBuffer(16);
				const gone = new Datagram({ address: to });
				const { port } = gone;
				gone.close();
				let readable = 0;
				const a = new Datagram({ address, onReadable: () => readable++ });
				const peer = a.peer(to, port);
				for (let i = 0; i < 4; i++) check.equal(a.write(buffer, 0, 16, peer), 16, "packets go out all the same");
				const before = a.errors;
				check.ok(before >= 1, `${before} reports to ${to} from ${address}`);
				check.equal(a.read(buffer, 0, 16), DatagramStatus.AGAIN);
				const timer = new Timer({
					onTimer(): void {
						timer.close();
						check.ok(a.errors <= 4, `${a.errors} errors`);
						check.ok(readable <= 1, `${readable} wake-ups`);
						a.close();
						if (address === "::" && to === "::1") done();
					},
				});
				timer.schedule(50);
			}
		},
	);

	suite.test("datagram: addresses that are none have no number", (check) => {
		const a = local(8);
		check.equal(a.peer("localhost", 9), -1);
		check.equal(a.peer("", 9), -1);
		check.equal(a.peer("1.2.3", 9), -1);
		check.equal(a.peer("::1", 9), -1, "IPv6 on an IPv4 socket");
		check.equal(a.peer(LOCAL, 0), -1);
		check.equal(a.peer(LOCAL, 65536), -1);
		check.equal(a.peer("::ffff:127.0.0.1", 9), a.peer(LOCAL, 9), "IPv4 in IPv6 form is IPv4");
		check.equal(a.peerAddress(7), "");
		check.equal(a.peerPort(7), 0);
		a.close();
	});

	suite.test("datagram: what cannot be bound throws with the reason", (check) => {
		const a = local(1);
		check.throws(() => new Datagram({ address: LOCAL, port: a.port }), "EADDRINUSE");
		check.throws(() => new Datagram({ address: LOCAL, port: a.port }), `datagrams on ${LOCAL} port ${a.port}`);
		check.throws(() => new Datagram({ address: "192.0.2.1" }), "EADDRNOTAVAIL");
		check.throws(() => new Datagram({ address: "example" }), "not a numeric address");
		check.throws(() => new Datagram({ peers: 0 }), "peers must be 1 to 256");
		check.throws(() => new Datagram({ peers: 257 }), "peers must be 1 to 256");
		check.throws(() => new Datagram({ port: -1 }), "port must be 0 to 65535");
		a.close();
	});

	suite.test("datagram: closed, it answers and does nothing", (check) => {
		const a = new Datagram({ onReadable(): void {} });
		const buffer = new ArrayBuffer(4);
		check.ok(a.port > 0);
		a.close();
		a.close();
		collectGarbage();
		check.equal(a.read(buffer, 0, 4), DatagramStatus.FAILED);
		check.equal(a.write(buffer, 0, 4, 0), DatagramStatus.FAILED);
		check.equal(a.peer(LOCAL, 9), -1);
		check.equal(a.port, 0);
		check.equal(a.source, -1);
		a.want(Want.BOTH);
		a.forget(0);
	});
}
