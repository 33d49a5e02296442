import { Counter, collectGarbage, readCounters } from "host/host";
import { Listener, Stream, StreamStatus, Want } from "net/stream";
import { monotonic } from "time/clock";
import { Allocation } from "unit/allocation";
import { after, closeBoth, connectPeers, drain, Peer } from "unit/peers";
import type { Check, Suite } from "unit/suite";

/** A length that no buffer size of the host is a multiple of. */
const PATTERN = 65521;

function patternBuffer(): ArrayBuffer {
	const bytes = new Uint8Array(PATTERN);
	for (let i = 0; i < PATTERN; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
	return bytes.buffer as ArrayBuffer;
}

function backPressure(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const pattern = patternBuffer();
	const expected = new Uint8Array(pattern);
	const buffer = new ArrayBuffer(50000);
	const bytes = new Uint8Array(buffer);
	const extra = 1000000;
	let sent = 0;
	let goal = 0;
	let received = 0;
	let wrong = 0;

	const write = (): number => {
		const offset = sent % PATTERN;
		const count = client.stream.write(pattern, offset, Math.min(PATTERN - offset, goal ? goal - sent : PATTERN));
		if (count > 0) sent += count;
		return count;
	};
	connectPeers(client, server, () => {
		let count = 1;
		for (let i = 0; i < 10000 && count > 0; i++) count = write();
		check.equal(count, StreamStatus.AGAIN, "the host takes no more");
		goal = sent + extra;
		client.onWritable = () => {
			while (sent < goal && write() > 0);
			if (sent < goal) return;
			client.stream.want(Want.NOTHING);
			client.stream.shutdown();
		};
		client.stream.want(Want.WRITE);
		server.onReadable = () => {
			const got = server.stream.read(buffer, 0, buffer.byteLength);
			if (got > 0) {
				if (bytes[0] !== expected[received % PATTERN]) wrong++;
				received += got;
				if (bytes[got - 1] !== expected[(received - 1) % PATTERN]) wrong++;
				return;
			}
			check.equal(got, StreamStatus.END);
			check.equal(received, goal, "bytes");
			check.equal(wrong, 0, "wrong bytes");
			closeBoth(client, server);
			done();
		};
		// Only after a while: meanwhile the writer must not be told that it can write.
		after(30, () => {
			check.ok(sent < goal, "written while the reader paused");
			server.stream.want(Want.READ);
		});
	});
}

function reuse(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(16);
	const before = new Int32Array(Counter.COUNT);
	const now = new Int32Array(Counter.COUNT);
	let rounds = 0;
	let echoes = 0;
	const listener = new Listener({
		address: "127.0.0.1",
		port: 0,
		onReadable(): void {
			if (server.stream.opened) return;
			listener.accept(server.stream);
			server.stream.want(Want.READ);
		},
	});
	const connect = (): void => {
		client.stream.connect("127.0.0.1", listener.port);
	};
	client.onWritable = () => {
		client.stream.want(Want.READ);
		client.stream.write(buffer, 0, 16);
	};
	client.onReadable = () => {
		if (client.stream.read(buffer, 0, 16) === 16) echoes++;
		// By turns the one, the other end closes first, or resets.
		if (rounds % 3 === 0) client.stream.close();
		else if (rounds % 3 === 1) client.stream.abort();
		else server.stream.close();
	};
	server.onReadable = () => {
		const count = server.stream.read(buffer, 0, 16);
		if (count > 0) {
			server.stream.write(buffer, 0, count);
			if (rounds % 3 !== 2) return;
			server.stream.want(Want.NOTHING);
			after(0, next);
			return;
		}
		next();
	};
	const next = (): void => {
		after(0, () => {
			client.stream.close();
			server.stream.close();
			rounds++;
			if (rounds === 20) {
				collectGarbage();
				readCounters(before);
			}
			if (rounds < 1000) {
				connect();
				return;
			}
			collectGarbage();
			readCounters(now);
			check.ok(echoes > 600, "echoes");
			check.equal(now[Counter.DESCRIPTORS], before[Counter.DESCRIPTORS], "descriptors");
			check.ok((now[Counter.CHUNKS] as number) <= (before[Counter.CHUNKS] as number), "chunk bytes");
			check.ok((now[Counter.SLOTS] as number) <= (before[Counter.SLOTS] as number), "slots");
			listener.close();
			done();
		});
	};
	connect();
}

function collected(check: Check, done: () => void): void {
	const before = new Int32Array(Counter.COUNT);
	const now = new Int32Array(Counter.COUNT);
	let rounds = 0;
	const round = (): void => {
		const client = new Peer();
		const server = new Peer();
		connectPeers(client, server, () => {
			closeBoth(client, server);
			after(0, next);
		});
	};
	const next = (): void => {
		if (rounds === 5 || rounds === 25) {
			collectGarbage();
			readCounters(rounds === 5 ? before : now);
		}
		if (++rounds < 26) {
			round();
			return;
		}
		// A pair takes about 50 slots; the last ones may still be held by the call under way.
		check.ok((now[Counter.SLOTS] as number) - (before[Counter.SLOTS] as number) < 100, "slots");
		check.equal(now[Counter.DESCRIPTORS], before[Counter.DESCRIPTORS], "descriptors");
		done();
	};
	next();
}

function zeroAllocation(check: Check, done: () => void): void {
	const allocation = new Allocation();
	const buffer = new ArrayBuffer(1024);
	let rounds = 0;
	let server: Stream | undefined;
	const client = new Stream({
		onReadable(): void {
			if (client.read(buffer, 0, 1024) !== 64) return;
			if (++rounds === 20) allocation.begin();
			if (rounds < 1000) {
				client.want(Want.BOTH);
				return;
			}
			allocation.expectNone(check);
			client.close();
			server?.close();
			listener.close();
			done();
		},
		onWritable(): void {
			client.want(Want.READ);
			client.write(buffer, 64, 64);
		},
	});
	const listener = new Listener({
		address: "127.0.0.1",
		port: 0,
		onReadable(): void {
			const stream = new Stream({
				onReadable(): void {
					const count = stream.read(buffer, 256, 768);
					if (count > 0) stream.write(buffer, 256, count);
				},
			});
			listener.accept(stream);
			stream.want(Want.READ);
			server = stream;
		},
	});
	client.connect("127.0.0.1", listener.port);
}

function noDelay(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(4);
	let rounds = 0;
	let start = 0;
	let pending = 0;
	const ask = (): void => {
		// With Nagle's algorithm the second write waits for the delayed acknowledgement of the first: about 40 ms a round.
		client.stream.write(buffer, 0, 1);
		client.stream.write(buffer, 0, 1);
	};
	connectPeers(client, server, () => {
		server.onReadable = () => {
			pending += drain(server.stream, buffer).total;
			if (pending < 2) return;
			pending -= 2;
			server.stream.write(buffer, 0, 1);
			server.stream.write(buffer, 0, 1);
		};
		let answered = 0;
		client.onReadable = () => {
			answered += drain(client.stream, buffer).total;
			if (answered < 2) return;
			answered -= 2;
			if (++rounds < 20) {
				ask();
				return;
			}
			check.ok(monotonic() - start < 20 * 20, "20 rounds in under 20 ms each");
			closeBoth(client, server);
			done();
		};
		client.stream.want(Want.READ);
		server.stream.want(Want.READ);
		start = monotonic();
		ask();
	});
}

function names(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	check.equal(client.stream.localAddress, "");
	check.equal(client.stream.remotePort, 0);
	check.equal(client.stream.error, "");
	connectPeers(client, server, () => {
		check.equal(client.stream.opened && server.stream.opened, true);
		check.equal(client.stream.localAddress, "127.0.0.1");
		check.equal(client.stream.remoteAddress, "127.0.0.1");
		check.equal(server.stream.remotePort, client.stream.localPort);
		check.equal(server.stream.localPort, client.stream.remotePort);
		check.throws(() => client.stream.connect("127.0.0.1", 9), "is open");
		closeBoth(client, server);
		closeBoth(client, server);
		check.equal(client.stream.localPort, 0);
		check.equal(client.stream.read(new ArrayBuffer(1), 0, 1), StreamStatus.FAILED, "read when closed");
		check.equal(client.stream.write(new ArrayBuffer(1), 0, 1), StreamStatus.FAILED, "write when closed");
		done();
	});
}

function nothingWanted(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(10);
	let calls = 0;
	let later = 0;
	connectPeers(client, server, () => {
		client.onReadable = () => {
			calls++;
		};
		client.onWritable = () => {
			calls++;
		};
		server.stream.write(buffer, 0, 10);
		after(10, () => {
			check.equal(calls, 0, "callbacks");
			client.onReadable = () => {
				// Level: it comes again as long as something is there.
				if (++later < 3) return;
				check.equal(drain(client.stream, buffer).total, 10);
				after(10, () => {
					check.equal(later, 3, "not when all is read");
					closeBoth(client, server);
					done();
				});
			};
			client.stream.want(Want.READ);
		});
	});
}

function closedInside(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(10);
	let writable = 0;
	connectPeers(client, server, () => {
		server.stream.write(buffer, 0, 10);
		after(5, () => {
			client.onReadable = () => {
				// Both are due in this turn: after close neither may come.
				client.stream.close();
				collectGarbage();
			};
			client.onWritable = () => {
				writable++;
			};
			client.stream.want(Want.BOTH);
			after(10, () => {
				check.equal(writable, 0, "onWritable after close");
				server.stream.close();
				done();
			});
		});
	});
}

function staleEvent(check: Check, done: () => void): void {
	// Two streams become readable in one turn. The first to be told closes both and takes a silent connection on their descriptors.
	const peers = [new Peer(), new Peer()] as const;
	const remotes = [new Peer(), new Peer()] as const;
	const silent = new Peer();
	const buffer = new ArrayBuffer(10);
	const listener = new Listener({ address: "127.0.0.1", port: 0 });
	let served = 0;
	const serve = (): void => {
		if (served++) return;
		closeBoth(peers[0], peers[1]);
		check.ok(listener.accept(peers[0].stream), "a connection waits");
		peers[0].stream.want(Want.READ);
		after(10, () => {
			check.equal(served, 1, "callbacks");
			closeBoth(remotes[0], remotes[1]);
			closeBoth(silent, peers[0]);
			listener.close();
			done();
		});
	};
	peers[0].onReadable = serve;
	peers[1].onReadable = serve;
	silent.stream.connect("127.0.0.1", listener.port);
	connectPeers(peers[0], remotes[0], () => {
		connectPeers(peers[1], remotes[1], () => {
			remotes[0].stream.write(buffer, 0, 10);
			remotes[1].stream.write(buffer, 0, 10);
			after(5, () => {
				peers[0].stream.want(Want.READ);
				peers[1].stream.want(Want.READ);
			});
		});
	});
}

export default function (suite: Suite): void {
	suite.asyncTest("stream: back-pressure, and every byte arrives in order", 10000, backPressure);
	suite.asyncTest("stream: one object serves 1,000 connections without growth", 20000, reuse);
	suite.asyncTest("stream: closed streams that nobody holds are collected", 5000, collected);
	suite.asyncTest("stream: 1,000 echoes cost no slot and no chunk", 5000, zeroAllocation);
	suite.asyncTest("stream: small writes go out at once, on both ends", 5000, noDelay);
	suite.asyncTest("stream: addresses, ports and states", 2000, names);
	suite.asyncTest("stream: callbacks come as wanted and while they hold", 2000, nothingWanted);
	suite.asyncTest("stream: closed in its callback, nothing more comes", 2000, closedInside);
	suite.asyncTest("stream: no event of an old connection reaches a new one", 4000, staleEvent);

	suite.test("stream: an address that is none is refused with a reason", (check) => {
		const stream = new Stream({});
		const bad = ["", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4%lo", ":::", "fe80::1%nowhere", "1".repeat(500)];
		for (let i = 0; i < bad.length; i++) {
			check.equal(stream.connect(bad[i] as string, 80), StreamStatus.FAILED, bad[i]);
			check.equal(stream.error, "EINVAL", bad[i]);
		}
		check.equal(stream.connect("127.0.0.1", 0), StreamStatus.FAILED, "port 0");
		check.equal(stream.connect("127.0.0.1", 65536), StreamStatus.FAILED, "port 65536");
		check.equal(stream.connect("127.0.0.1", -1), StreamStatus.FAILED, "port -1");
		check.equal(stream.opened, false);
		stream.close();
	});

	suite.test("stream: a span outside the buffer throws", (check) => {
		const stream = new Stream({});
		const buffer = new ArrayBuffer(10);
		check.throws(() => stream.read(buffer, 0, 11), "outside a buffer");
		check.throws(() => stream.read(buffer, -1, 5), "outside a buffer");
		check.throws(() => stream.read(buffer, 11, 0), "outside a buffer");
		check.throws(() => stream.write(buffer, 5, 6), "outside a buffer");
		check.throws(() => stream.write(buffer, 2147483647, 2147483647), "outside a buffer");
		check.throws(() => stream.write(buffer, 5, -1), "outside a buffer");
		check.throws(() => stream.read({} as ArrayBuffer, 0, 1), "");
		check.throws(() => Stream.prototype.read.call({} as Stream, buffer, 0, 1), "");
	});
}
