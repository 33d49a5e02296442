import { Counter, readCounters } from "host/host";
import { Listener, StreamStatus, Want } from "net/stream";
import { after, connectPeers, drain, Peer } from "unit/peers";
import type { Check, Suite } from "unit/suite";

function refused(check: Check, done: () => void): void {
	const free = new Listener({ address: "127.0.0.1", port: 0 });
	const port = free.port;
	free.close();
	const peer = new Peer();
	let writable = 0;
	peer.onWritable = () => {
		writable++;
	};
	peer.onError = () => {
		check.equal(peer.stream.error, "ECONNREFUSED");
		check.equal(peer.stream.opened, true);
		peer.stream.close();
		check.equal(peer.stream.opened, false);
		check.equal(peer.stream.error, "ECONNREFUSED", "the reason stays");
		after(20, () => {
			check.equal(writable, 0, "onWritable");
			check.equal(peer.errors, 1, "onError");
			done();
		});
	};
	check.equal(peer.stream.connect("127.0.0.1", port), 0);
}

function endNotReset(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(100);
	connectPeers(client, server, () => {
		server.stream.write(buffer, 0, 10);
		server.stream.close();
		client.onReadable = () => {
			const { total, status } = drain(client.stream, buffer);
			check.equal(status, StreamStatus.END);
			check.equal(total, 10, "bytes");
			check.equal(client.stream.error, "");
			client.stream.close();
			check.equal(client.errors, 0, "onError");
			done();
		};
		client.stream.want(Want.READ);
	});
}

function resetNotEnd(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(100);
	connectPeers(client, server, () => {
		let status = 0;
		server.stream.abort();
		check.equal(server.stream.opened, false);
		client.onReadable = () => {
			status = client.stream.read(buffer, 0, 100);
		};
		client.onError = () => {
			check.equal(status, StreamStatus.FAILED);
			check.equal(client.stream.error, "ECONNRESET");
			check.equal(client.stream.read(buffer, 0, 100), StreamStatus.FAILED, "again");
			check.equal(client.stream.write(buffer, 0, 100), StreamStatus.FAILED, "write");
			after(10, () => {
				check.equal(client.errors, 1, "onError");
				client.stream.close();
				done();
			});
		};
		client.stream.want(Want.READ);
	});
}

function dataBeforeReset(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(3000);
	connectPeers(client, server, () => {
		check.equal(server.stream.write(buffer, 0, 3000), 3000);
		after(5, () => {
			server.stream.abort();
			after(10, () => {
				check.equal(client.errors, 0, "not before the bytes were read");
				// A write that meets the reset must not turn it into an end.
				check.equal(client.stream.write(buffer, 0, 10), StreamStatus.FAILED);
				after(5, () => {
					check.equal(client.errors, 0, "not before the bytes were read, after a write");
					const { total, status } = drain(client.stream, buffer);
					check.equal(total, 3000, "bytes before the reset");
					check.equal(status, StreamStatus.FAILED);
					check.equal(client.stream.error, "ECONNRESET");
					after(5, () => {
						check.equal(client.errors, 1, "onError");
						client.stream.close();
						done();
					});
				});
			});
		});
	});
}

function resetUnwanted(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	connectPeers(client, server, () => {
		client.onError = () => {
			check.equal(client.stream.error, "ECONNRESET");
			client.stream.close();
			done();
		};
		server.stream.abort();
	});
}

function halfClose(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(100);
	let received = 0;
	connectPeers(client, server, () => {
		server.onReadable = () => {
			check.equal(server.stream.read(buffer, 0, 100), StreamStatus.END);
			server.stream.want(Want.NOTHING);
			check.equal(server.stream.write(buffer, 0, 100), 100);
			after(5, () => server.stream.close());
		};
		client.onReadable = () => {
			const { total, status } = drain(client.stream, buffer);
			received += total;
			if (status !== StreamStatus.END) return;
			check.equal(received, 100, "bytes after the own end");
			check.equal(client.stream.write(buffer, 0, 1), StreamStatus.FAILED, "write after shutdown");
			client.stream.close();
			check.equal(client.errors + server.errors, 0, "onError");
			done();
		};
		client.stream.shutdown();
		client.stream.shutdown();
		client.stream.want(Want.READ);
		server.stream.want(Want.READ);
	});
}

function closeDelivers(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(100000);
	let sent = 0;
	let received = 0;
	connectPeers(client, server, () => {
		check.equal(server.stream.write(buffer, 0, 5000), 5000, "left unread by the client");
		after(5, () => {
			// Until the host takes no more: a part is still in the sender's queue when it closes.
			for (;;) {
				const count = client.stream.write(buffer, 0, 100000);
				if (count <= 0) break;
				sent += count;
			}
			client.stream.close();
			server.onReadable = () => {
				const { total, status } = drain(server.stream, buffer);
				received += total;
				if (status === StreamStatus.AGAIN) return;
				check.equal(status, StreamStatus.END);
				check.ok(sent > 100000);
				check.equal(received, sent, "bytes");
				server.stream.close();
				done();
			};
			after(5, () => server.stream.want(Want.READ));
		});
	});
}

/** Turns of the loop since the start. */
function turns(): number {
	const counters = new Int32Array(Counter.COUNT);
	readCounters(counters);
	return counters[Counter.TURNS] as number;
}

/** FIN, or a reset, behind bytes that stay unread: told once, and the loop rests afterwards. */
function endBehindBytes(how: "close" | "abort"): (check: Check, done: () => void) => void {
	return (check, done) => {
		const client = new Peer();
		const server = new Peer();
		const buffer = new ArrayBuffer(3000);
		let ends = 0;
		client.onEnd = () => {
			ends++;
		};
		connectPeers(client, server, () => {
			client.stream.want(Want.END);
			check.equal(server.stream.write(buffer, 0, 3000), 3000);
			after(20, () => {
				check.equal(ends, 0, "bytes are no end");
				check.equal(client.stream.unread, 3000);
				server.stream[how]();
				after(20, () => {
					const before = turns();
					check.equal(ends, 1, "told");
					client.stream.want(Want.NOTHING);
					client.stream.want(Want.END);
					after(200, () => {
						check.equal(ends, 1, "once");
						check.ok(turns() - before <= 5, `${turns() - before} turns`);
						check.equal(client.errors, 0, "onError");
						check.equal(client.stream.unread, 3000);
						const { total, status } = drain(client.stream, buffer);
						check.equal(total, 3000);
						check.equal(status, how === "close" ? StreamStatus.END : StreamStatus.FAILED);
						check.equal(client.stream.unread, 0);
						after(5, () => {
							check.equal(client.errors, how === "close" ? 0 : 1, "onError at last");
							client.stream.close();
							done();
						});
					});
				});
			});
		});
	};
}

/** The end is told before it is read, next to reading; without END wanted it is not told; for each connection anew. */
function endNextToReading(check: Check, done: () => void): void {
	const client = new Peer();
	const server = new Peer();
	const buffer = new ArrayBuffer(100);
	let ends = 0;
	let rounds = 0;
	client.onEnd = () => {
		ends++;
	};
	const round = (): void => {
		connectPeers(client, server, () => {
			client.stream.want(rounds === 1 ? Want.READ : Want.READ + Want.END);
			client.onReadable = () => {
				if (drain(client.stream, buffer).status !== StreamStatus.END) return;
				client.stream.want(rounds === 1 ? Want.NOTHING : Want.END);
				after(10, () => {
					client.stream.close();
					rounds++;
					check.equal(ends, rounds === 1 ? 1 : rounds - 1, `round ${rounds}`);
					if (rounds < 3) round();
					else done();
				});
			};
			server.stream.write(buffer, 0, 10);
			server.stream.close();
		});
	};
	round();
}

/** How connections fail and end. */
export default function (suite: Suite): void {
	suite.asyncTest("stream: a refused connection is told once, by name", 2000, refused);
	suite.asyncTest("stream: close is an end to the peer", 2000, endNotReset);
	suite.asyncTest("stream: abort is a reset to the peer", 2000, resetNotEnd);
	suite.asyncTest("stream: what came before a reset is read before it is told", 2000, dataBeforeReset);
	suite.asyncTest("stream: a reset is told though nothing is wanted", 2000, resetUnwanted);
	suite.asyncTest("ARROW-30 stream: an end behind unread bytes is told once, the loop rests", 2000, endBehindBytes("close"));
	suite.asyncTest("ARROW-30 stream: a reset behind unread bytes is told once, the loop rests", 2000, endBehindBytes("abort"));
	suite.asyncTest("stream: an end is told where it is wanted, for each connection anew", 2000, endNextToReading);
	suite.asyncTest("stream: half close, the other way goes on", 2000, halfClose);
	suite.asyncTest("stream: close sends what was written though bytes were left unread", 2000, closeDelivers);
}
