import { FRAME_NONE, FRAME_TOO_LONG, FRAME_WHOLE, FrameReader } from "arcrtc/frame_reader";
import { FrameWriter, type StreamWriter } from "arcrtc/frame_writer";
import { DatagramStatus } from "net/datagram";
import { PacketQueue, QUEUED, SENT } from "net/packet_queue";
import { StreamStatus } from "net/stream";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";
import { FRAMING } from "vectors/arcrtc";
import { formatHex, parseHex } from "wire/hex";
import { getText } from "wire/text";

const HEARTBEAT = FRAMING.signalling_frame;
/** ARC-C12: a keep-alive, `{}` with a line feed, a keep-alive that is cut, a message. */
const STREAM = "0000" + "00037b7d0a" + "0000" + HEARTBEAT;

class World {
	readonly arena: Arena;
	readonly reader: FrameReader;
	readonly #at: number;

	constructor(size: number) {
		this.arena = new Arena(size + 64);
		this.arena.bytes.fill(0xee);
		this.#at = 32;
		this.reader = new FrameReader(this.arena, this.#at, size);
	}

	/** What the frames are that come of the stream when it comes in pieces of that many bytes. */
	feed(hex: string, piece: number): string[] {
		const bytes = parseHex(hex, hex.length / 2) as Uint8Array;
		const { reader, arena } = this;
		const frames: string[] = [];
		let from = 0;
		while (from < bytes.length) {
			const room = reader.room();
			const count = Math.min(room, piece, bytes.length - from);
			for (let i = 0; i < count; i++) arena.bytes[reader.writeOffset + i] = bytes[from + i];
			from += count;
			reader.received(count);
			for (let outcome = reader.next(); outcome !== FRAME_NONE; outcome = reader.next())
				frames.push(
					outcome === FRAME_TOO_LONG
						? "long " + reader.length + " " + reader.first
						: formatHex(arena.bytes, reader.offset, reader.length),
				);
		}
		return frames;
	}

	untouched(): boolean {
		const { bytes } = this.arena;
		for (let i = 0; i < this.#at; i++) if (bytes[i] !== 0xee || bytes[bytes.length - 1 - i] !== 0xee) return false;
		return true;
	}
}

/** A connection that takes so many bytes at a time, and notes them. */
class Line implements StreamWriter {
	text = "";
	/** Bytes that it takes before it is full; a status when negative. */
	takes = Infinity;

	write(buffer: ArrayBuffer, offset: number, length: number): number {
		if (this.takes < 0) return this.takes;
		const count = length < this.takes ? length : this.takes;
		this.takes -= count;
		this.text += formatHex(new Uint8Array(buffer), offset, count);
		return count;
	}
}

export default function framing(suite: Suite): void {
	suite.test("ARC-G13 ARC-C12 frames come whole however the stream is cut or joined, keep-alives are passed over", (check) => {
		for (let piece = 1; piece <= STREAM.length / 2; piece++) {
			const world = new World(256);
			const frames = world.feed(STREAM, piece);
			check.equal(frames.length, 2, "pieces of " + piece);
			check.equal(frames[0], "7b7d0a");
			check.equal(frames[1], HEARTBEAT.slice(4));
			check.equal(world.reader.empty, 2);
			check.ok(world.untouched());
		}
		const world = new World(256);
		world.feed(HEARTBEAT, 999);
		check.equal(getText(world.arena.bytes, world.reader.offset, world.reader.length), FRAMING.signalling_frame_ascii);
		check.equal(world.reader.first, 0x7b);
	});
	suite.test("ARC-G13 ten frames in one read", (check) => {
		let hex = "";
		for (let i = 0; i < 10; i++) hex += "0003" + "c0000" + i;
		const frames = new World(64).feed(hex, 64);
		check.equal(frames.length, 10);
		for (let i = 0; i < 10; i++) check.equal(frames[i], "c0000" + i);
	});
	suite.test("ARC-G16 a frame that is too long is told once and passed over, the next one is right", (check) => {
		const hex = "000e" + "80".repeat(14) + "000f" + "7b".repeat(15) + "0002c001" + "0030" + "41".repeat(48) + "0001aa";
		for (let piece = 1; piece < 70; piece++) {
			const world = new World(16);
			const frames = world.feed(hex, piece);
			check.equal(frames.join(" "), "80".repeat(14) + " long 15 123 c001 long 48 65 aa", "pieces of " + piece);
			check.equal(world.reader.tooLong, 2);
			check.ok(world.untouched());
		}
	});
	suite.test("ARC-G16 the longest frame that a length can tell is passed over", (check) => {
		const { arena, reader } = new World(16);
		arena.view.setUint16(reader.writeOffset, 0xffff);
		arena.bytes[reader.writeOffset + 2] = 0x41;
		reader.received(3);
		check.equal(reader.next(), FRAME_TOO_LONG);
		check.equal(reader.length, 0xffff);
		check.equal(reader.next(), FRAME_NONE);
		for (let left = 0xffff - 1; left > 0; ) {
			const room = reader.room();
			const count = left < room ? left : room;
			reader.received(count);
			left -= count;
			check.equal(reader.next(), FRAME_NONE);
		}
		reader.room();
		arena.view.setUint32(reader.writeOffset, 0x0001aa00);
		reader.received(3);
		check.equal(reader.next(), FRAME_WHOLE);
		check.equal(reader.first, 0xaa);
	});
	suite.test("ARC-N3 a new connection begins with a new frame", (check) => {
		const world = new World(16);
		world.feed("0005aabb", 9);
		world.reader.reset();
		check.equal(world.feed("0001cc", 9).join(), "cc");
		world.feed("00ff01", 9);
		world.reader.reset();
		check.equal(world.feed("0001dd", 9).join(), "dd");
	});
	suite.test("ARC-N3 packets are sent as frames; the rest of one goes first, whatever the queue drops", (check) => {
		const arena = new Arena(512);
		const writer = new FrameWriter(arena, 0, 64);
		const pool = new PacketPool(arena, 64, 2, 64);
		const queue = new PacketQueue({ arena, pool, writer, age: 100 });
		const line = new Line();
		const send = (byte: number, now: number): number => {
			arena.bytes.fill(byte, 300, 304);
			return queue.send(300, 4, 0, 0, now);
		};
		check.equal(writer.write(arena.buffer, 300, 4, 0), DatagramStatus.FAILED, "no connection");
		writer.attach(line);
		check.equal(send(0x11, 0), SENT);
		check.equal(line.text, "0004" + "11".repeat(4));
		line.takes = 3;
		check.equal(send(0x22, 1), SENT, "a part is with the host, the rest waits");
		check.ok(writer.waiting);
		check.equal(writer.parted, 1);
		check.equal(send(0x33, 2), QUEUED);
		check.ok(queue.wantsWritable);
		// What has waited for too long is dropped, but a frame that has begun is not.
		line.takes = 2;
		check.ok(!writer.flush());
		line.takes = Infinity;
		check.ok(writer.flush());
		queue.flush(200);
		check.equal(send(0x44, 201), SENT);
		check.equal(line.text, "0004" + "11".repeat(4) + "0004" + "22".repeat(4) + "0004" + "44".repeat(4));
		check.equal(queue.counters[0].stale, 1);
	});
	suite.test("ARC-N3 a broken connection refuses, and the next one begins with a whole frame", (check) => {
		const arena = new Arena(128);
		const writer = new FrameWriter(arena, 0, 16);
		const line = new Line();
		line.takes = 1;
		writer.attach(line);
		check.equal(writer.write(arena.buffer, 64, 4, 0), 4);
		line.takes = StreamStatus.FAILED;
		check.ok(!writer.flush());
		check.equal(writer.write(arena.buffer, 64, 4, 0), DatagramStatus.AGAIN);
		const next = new Line();
		writer.attach(next);
		check.ok(!writer.waiting);
		arena.bytes.fill(0x55, 64, 68);
		check.equal(writer.write(arena.buffer, 64, 4, 0), 4);
		check.equal(next.text, "0004" + "55".repeat(4));
		next.takes = StreamStatus.FAILED;
		check.equal(writer.write(arena.buffer, 64, 4, 0), DatagramStatus.FAILED);
		check.equal(writer.write(arena.buffer, 64, 15, 0), DatagramStatus.FAILED, "longer than a frame may be");
		writer.attach(undefined);
		check.equal(writer.write(arena.buffer, 64, 4, 0), DatagramStatus.FAILED);
	});
	suite.test("ARC-P10 frames cost no memory", (check) => {
		const world = new World(64);
		const { reader, arena } = world;
		const bytes = parseHex("0004c0010203" + "0000" + "0003aabbcc", 13) as Uint8Array;
		const pass = (): number => {
			reader.room();
			for (let i = 0; i < 13; i++) arena.bytes[reader.writeOffset + i] = bytes[i];
			reader.received(13);
			let count = 0;
			while (reader.next() === FRAME_WHOLE) count++;
			return count;
		};
		check.equal(pass(), 2);
		const allocation = new Allocation();
		allocation.begin();
		for (let i = 0; i < 100; i++) pass();
		allocation.expectNone(check);
	});
}
