import { Datagram, DatagramStatus } from "net/datagram";
import { PacketPort, packetPortBytes } from "net/packet_port";
import type { DatagramReader, PacketHandler } from "net/packet_receiver";
import { PacketReceiver } from "net/packet_receiver";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";

const SIZE = 32;

/** A socket in which `waiting` datagrams wait, each of which holds its number. */
class Socket implements DatagramReader {
	source = 5;
	waiting = 0;
	/** What is answered when none waits. */
	empty: number = DatagramStatus.AGAIN;
	reads = 0;
	read(buffer: ArrayBuffer, offset: number, length: number): number {
		this.reads++;
		if (this.waiting === 0) return this.empty;
		const number = this.waiting--;
		new DataView(buffer).setUint8(offset, number);
		return number < length ? number : length;
	}
}

/** The same, of which several are read at a time; each comes from another source. */
class Crowd extends Socket {
	asked = "";
	readMany(buffer: ArrayBuffer, table: ArrayBuffer, count: number, limit: number): number {
		const words = new Int32Array(table);
		this.asked += `${count} `;
		let row = 0;
		for (; row < count && this.waiting > 0; row++) {
			words[row * 3 + 2] = this.waiting;
			words[row * 3 + 1] = this.read(buffer, words[row * 3] as number, limit);
		}
		return row > 0 ? row : this.empty;
	}
}

/** Keeps the datagrams with an even number. */
class Keeper implements PacketHandler {
	readonly #pool: PacketPool;
	readonly kept: number[] = [];
	turns = 0;
	seen = "";
	constructor(pool: PacketPool) {
		this.#pool = pool;
	}
	received(block: number, offset: number, length: number, source: number): number {
		this.seen += `${offset - this.#pool.offset(block)}:${length}<${source} `;
		if (length % 2 !== 0) return block;
		const other = this.#pool.take();
		if (other < 0) return block;
		this.kept.push(block);
		return other;
	}
	turnEnded(): void {
		this.turns++;
	}
}

function receiver(blocks: number, batch: number) {
	const arena = new Arena(blocks * SIZE);
	const pool = new PacketPool(arena, 0, blocks, SIZE);
	const reader = new Socket();
	const handler = new Keeper(pool);
	return { arena, pool, reader, handler, receiver: new PacketReceiver({ arena, pool, headroom: 8, reader, handler, batch }) };
}

/** One who sends back what it gets, as often as asked. */
function echoes(check: Check, done: () => void, ahead: number): void {
	const rounds = 100_000;
	const allocation = new Allocation();
	let count = 0;
	const make = (handler: PacketHandler, offset: number): PacketPort =>
		new PacketPort({
			arena,
			offset,
			receive: 1 + ahead,
			ahead,
			send: 4,
			size: 64,
			headroom: 8,
			handler,
			socket: { address: "127.0.0.1", receiveBuffer: 65536 },
		});
	const half = packetPortBytes(1 + ahead, 4, 64);
	const arena = new Arena(half * 2 + 64);
	const { view } = arena;
	const server = make(
		{
			received(block, offset, length, source, now) {
				view.setUint32(offset - 8, 0x01020304);
				server.send(offset - 8, length + 8, source, 0, now);
				return block;
			},
		},
		0,
	);
	const client = make(
		{
			received(block, offset, length, _source, now) {
				if (length !== 28 || view.getUint32(offset) !== 0x01020304 || view.getUint32(offset + 8) !== count) {
					check.fail(`round ${count}: ${length} bytes`);
				}
				if (count === 100) allocation.begin();
				if (++count < rounds + 100) {
					view.setUint32(half * 2, count);
					client.send(half * 2, 20, peer, 0, now);
					return block;
				}
				allocation.expectNone(check);
				check.equal(server.receiver.datagrams, count);
				check.equal(server.receiver.bytes, count * 20);
				check.equal(client.queue.counters[0].sent, count);
				client.close();
				client.close();
				server.close();
				done();
				return block;
			},
		},
		half,
	);
	const peer = client.datagram.peer("127.0.0.1", server.datagram.port);
	client.send(half * 2, 20, peer, 0, 0);
}

export default function (suite: Suite): void {
	suite.test("packet receiver: at most a batch in one turn, then it yields", (check) => {
		const bench = receiver(2, 32);
		bench.reader.waiting = 70;
		check.equal(bench.receiver.drain(0), 32);
		check.equal(bench.reader.reads, 32, "not even a read more");
		check.equal(bench.receiver.full, 1);
		check.equal(bench.receiver.drain(0), 32);
		check.equal(bench.receiver.drain(0), 6);
		check.equal(bench.receiver.full, 2);
		check.equal(bench.receiver.datagrams, 70);
		check.equal(bench.handler.turns, 3);
		check.equal(bench.receiver.drain(0), 0);
		check.equal(bench.handler.turns, 3, "a turn without a datagram is none");
	});

	suite.test("packet receiver: a handler keeps a datagram by giving another block for it; there is room before it", (check) => {
		const bench = receiver(3, 32);
		bench.reader.waiting = 6;
		bench.receiver.drain(0);
		check.equal(bench.handler.seen, "8:6<5 8:5<5 8:4<5 8:3<5 8:2<5 8:1<5 ");
		check.equal(bench.handler.kept.length, 2, "6 and 4; for 2 there was no other block");
		check.equal(bench.arena.bytes[bench.pool.offset(bench.handler.kept[0]) + 8], 6);
		check.equal(bench.arena.bytes[bench.pool.offset(bench.handler.kept[1]) + 8], 4);
		check.equal(bench.pool.used, 3);
	});

	suite.test("packet receiver: a socket that fails for ever holds a turn for a batch, no longer", (check) => {
		const bench = receiver(1, 32);
		bench.reader.empty = DatagramStatus.FAILED;
		check.equal(bench.receiver.drain(0), 0);
		check.equal(bench.receiver.failures, 32);
		bench.reader.empty = DatagramStatus.NO_MEMORY;
		bench.receiver.drain(0);
		check.equal(bench.receiver.failures, 33, "no memory ends the turn");
		check.throws(() => receiver(1, 1) && new PacketReceiver({ ...bench, headroom: SIZE }), "no room");
	});

	suite.test("packet receiver: several at a time, each in its block; kept ones are swapped, a turn is a batch", (check) => {
		const arena = new Arena(5 * SIZE);
		const pool = new PacketPool(arena, 0, 5, SIZE);
		const reader = new Crowd();
		const handler = new Keeper(pool);
		const it = new PacketReceiver({ arena, pool, headroom: 8, reader, handler, batch: 8, ahead: 3 });
		check.equal(pool.used, 3);
		reader.waiting = 11;
		check.equal(it.drain(0), 8);
		check.equal(reader.asked, "3 3 2 ");
		check.equal(handler.seen, "8:11<11 8:10<10 8:9<9 8:8<8 8:7<7 8:6<6 8:5<5 8:4<4 ");
		check.equal(handler.kept.length, 2, "10 and 8; then there was no other block");
		check.equal(arena.bytes[pool.offset(handler.kept[0] as number) + 8], 10);
		check.equal(arena.bytes[pool.offset(handler.kept[1] as number) + 8], 8);
		check.equal(pool.lengths[handler.kept[0] as number], 10);
		check.equal(`${it.full} ${it.bytes} ${handler.turns}`, "1 60 1");
		check.equal(it.drain(0), 3);
		check.equal(it.full, 1);
		reader.waiting = 2;
		it.stop();
		check.equal(it.drain(0), 0);
		check.equal(reader.waiting, 2, "nothing is read any more");
		check.throws(() => new PacketReceiver({ arena, pool, reader, handler, ahead: 3 }), "block");
	});

	suite.asyncTest("packet port: 100,000 echoes framed in place cost no slot and no chunk", 60_000, (check, done) =>
		echoes(check, done, 1),
	);
	suite.asyncTest("packet port: and 100,000 that are read several at a time", 60_000, (check, done) => echoes(check, done, 4));

	suite.asyncTest(
		"packet port: a full socket makes it wait for the socket, and everything arrives in order",
		10_000,
		(check, done) => {
			const blocks = 64;
			const size = 1024;
			const arena = new Arena(packetPortBytes(1, blocks, size) + size);
			const sink = new Datagram({ address: "127.0.0.1", receiveBuffer: 1 << 20 });
			sink.want(0);
			const port = new PacketPort({
				arena,
				offset: 0,
				receive: 1,
				send: blocks,
				size,
				handler: { received: (block) => block },
				age: 5000,
				socket: { address: "127.0.0.1" },
			});
			const at = packetPortBytes(1, blocks, size);
			const peer = port.datagram.peer("127.0.0.1", sink.port);
			let refused = 0;
			for (let i = 0; i < 60; i++) {
				arena.view.setUint32(at, i);
				if (port.send(at, 900, peer, 0, 0) < 0) refused++;
			}
			check.equal(refused, 0);
			let next = 0;
			const buffer = new ArrayBuffer(size);
			const view = new DataView(buffer);
			for (;;) {
				const length = sink.read(buffer, 0, size);
				if (length < 0) break;
				check.equal(view.getUint32(0), next++, "order");
			}
			check.equal(next + port.queue.waiting, 60);
			port.close();
			sink.close();
			done();
		},
	);
}
