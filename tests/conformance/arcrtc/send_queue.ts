import { SendQueue, type SendQueueOptions } from "arcrtc/send_queue";
import { DatagramStatus } from "net/datagram";
import type { DatagramWriter } from "net/packet_queue";
import { DROPPED, QUEUED, SENT } from "net/packet_queue";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";

const SIZE = 16;
const AUDIO = 0;
const KEY = 1;
const DELTA = 2;
const DROPPABLE = 3;
/** Streams. */
const VOICE = 0;
const PICTURE = 1;
const OTHER = 2;

/** A host that takes so many packets and gives `answer` then. */
class Host implements DatagramWriter {
	takes = Infinity;
	answer: number = DatagramStatus.AGAIN;
	/** Marks of the packets sent, and of those of one call in brackets; traffic classes; calls. */
	sent = "";
	classes = "";
	calls = 0;
	/** How many of each priority, by the marks: 1000 for each. */
	readonly counts = [0, 0, 0, 0];
	text = true;

	write(buffer: ArrayBuffer, offset: number, length: number, peer: number, trafficClass?: number): number {
		this.calls++;
		if (this.takes <= 0) return this.answer;
		this.takes--;
		this.note(buffer, offset, peer, trafficClass ?? 0);
		return length;
	}

	private note(buffer: ArrayBuffer, offset: number, peer: number, trafficClass: number): void {
		const mark = new DataView(buffer).getUint16(offset);
		this.counts[(mark / 10000) | 0]++;
		if (peer !== 3) throw new RangeError(`peer ${peer}`);
		if (!this.text) return;
		this.sent += `${mark} `;
		this.classes += `${trafficClass} `;
	}

	writeMany(buffer: ArrayBuffer, table: ArrayBuffer, count: number): number {
		const rows = new Int32Array(table);
		this.calls++;
		if (this.takes <= 0) return this.answer;
		this.sent += "( ";
		let done = 0;
		for (; done < count && this.takes > 0; done++, this.takes--)
			this.note(buffer, rows[done * 4] as number, rows[done * 4 + 2] as number, rows[done * 4 + 3] as number);
		this.sent += ") ";
		return done;
	}
}

class Bench {
	readonly arena: Arena;
	readonly pool: PacketPool;
	readonly host = new Host();
	readonly queue: SendQueue;
	now = 0;
	#next = 0;

	constructor(blocks = 4, options: Partial<SendQueueOptions> = {}) {
		const arena = new Arena((blocks + 40) * SIZE);
		this.arena = arena;
		this.pool = new PacketPool(arena, 0, blocks, SIZE);
		this.queue = new SendQueue({ arena, pool: this.pool, writer: this.host, ...options });
	}

	/** A packet with a mark; 40 of them lie next to one another. */
	give(mark: number, priority: number, stream = PICTURE, first = false): number {
		const offset = (this.pool.count + this.#next) * SIZE;
		this.#next = (this.#next + 1) % 40;
		this.arena.view.setUint16(offset, mark);
		return this.queue.give(offset, 10, 3, priority, stream, first, this.now);
	}

	flush(): string {
		this.host.sent = "";
		this.host.takes = Infinity;
		this.queue.flush(this.now);
		return this.host.sent;
	}
}

/** A link that takes `rate` packets a second, and a little more at once. */
class Link implements DatagramWriter {
	readonly counts = [0, 0, 0, 0];
	#credit = 4;
	#at = 0;
	readonly #rate: number;
	constructor(rate: number) {
		this.#rate = rate;
	}
	pass(now: number): boolean {
		this.#credit = Math.min(4, this.#credit + ((now - this.#at) / 1000) * this.#rate);
		this.#at = now;
		return this.#credit >= 1;
	}
	write(buffer: ArrayBuffer, offset: number, length: number): number {
		if (this.#credit < 1) return DatagramStatus.AGAIN;
		this.#credit--;
		this.counts[new Uint8Array(buffer)[offset] as number]++;
		return length;
	}
}

export default function sendQueue(suite: Suite): void {
	suite.test("ARC-P8 datagrams bear the DSCP of their priority: 46, 34, 36, 8", (check) => {
		for (const marked of [true, false]) {
			const bench = new Bench(4, { marked });
			bench.give(1, AUDIO, VOICE);
			bench.give(2, KEY, PICTURE, true);
			bench.give(3, DELTA);
			bench.give(4, DROPPABLE);
			bench.queue.begin();
			bench.give(5, DELTA);
			bench.give(6, AUDIO, VOICE);
			bench.queue.end(0);
			check.equal(bench.host.classes, marked ? "184 136 144 32 144 184 " : "0 0 0 0 0 0 ");
		}
	});

	suite.test("ARC-P8 droppable goes first, then deltas, all up to the next key frame; a key frame before audio", (check) => {
		const bench = new Bench(4);
		bench.host.takes = 0;
		bench.give(10, KEY, PICTURE, true);
		bench.give(11, DELTA);
		bench.give(12, DELTA);
		bench.give(13, DROPPABLE);
		check.equal(bench.give(14, AUDIO, VOICE), QUEUED, "in place of 13");
		check.equal(bench.queue.broken, 0);
		check.equal(bench.give(15, AUDIO, VOICE), QUEUED, "in place of 11");
		check.equal(bench.queue.broken, 1 << PICTURE);
		check.equal(bench.queue.withheld, 1, "12, which builds on 11");
		check.equal(bench.give(16, DELTA), DROPPED, "up to the next key frame");
		check.equal(bench.give(17, DELTA, OTHER), QUEUED, "another stream");
		check.equal(bench.give(18, KEY, PICTURE, true), QUEUED, "in place of 17");
		check.equal(bench.queue.broken, 1 << OTHER);
		check.equal(bench.give(19, DELTA), DROPPED, "everything is more important");
		check.equal(bench.queue.broken, (1 << OTHER) | (1 << PICTURE));
		check.equal(bench.flush(), "14 15 10 18 ");
		check.equal(bench.give(20, DELTA), DROPPED);
		check.equal(bench.give(21, KEY, PICTURE, true), SENT);
		check.equal(bench.give(22, DELTA), SENT);
		check.equal(bench.queue.broken, 1 << OTHER);
	});

	suite.test(
		"ARC-P8 a key frame that lost one packet is of no use: the rest of it and what builds on it goes too, a later one stays",
		(check) => {
			const bench = new Bench(5);
			bench.host.takes = 0;
			bench.give(10, KEY, PICTURE, true);
			bench.give(11, KEY);
			bench.give(20, KEY, PICTURE, true);
			bench.give(21, DELTA);
			bench.give(12, AUDIO, VOICE);
			// 21 goes, which is the least important; then 10, and 11 with it.
			check.equal(bench.give(13, AUDIO, VOICE), QUEUED);
			check.equal(bench.give(14, AUDIO, VOICE), QUEUED);
			check.equal(bench.flush(), "12 13 14 20 ");
			check.equal(bench.queue.withheld, 1);
			check.equal(bench.queue.broken, 1 << PICTURE, "21 was lost");
		},
	);

	suite.test("ARC-P8 what waited for 100 ms takes with it what builds on it", (check) => {
		const bench = new Bench(8);
		bench.host.takes = 0;
		bench.give(10, DELTA);
		bench.now = 60;
		bench.give(11, DELTA);
		bench.give(12, AUDIO, VOICE);
		bench.now = 101;
		check.equal(bench.flush(), "12 ");
		check.equal(bench.queue.counters[DELTA].stale, 1);
		check.equal(bench.queue.withheld, 1);
		check.equal(bench.queue.broken, 1 << PICTURE);
		check.equal(bench.pool.used, 0);
	});

	suite.test(
		"ARC-P8 a saturated link for 60 s: no audio is lost, key frames less than deltas, deltas less than droppable packets",
		(check) => {
			const arena = new Arena(24 * 32);
			const pool = new PacketPool(arena, 0, 16, 32);
			// 200 packets a second where 50 + 10 + 232 + 90 are sent.
			const link = new Link(200);
			const queue = new SendQueue({ arena, pool, writer: link });
			const given = [0, 0, 0, 0];
			const scratch = 16 * 32;
			const give = (priority: number, stream: number, first: boolean, now: number): void => {
				arena.bytes[scratch] = priority;
				given[priority]++;
				queue.give(scratch, 20, 0, priority, stream, first, now);
			};
			for (let ms = 0; ms < 60_000; ms++) {
				if (link.pass(ms)) queue.flush(ms);
				if (ms % 20 === 0) give(AUDIO, VOICE, true, ms);
				if (ms % 33 !== 0) continue;
				const frame = ms / 33;
				const key = frame % 30 === 0;
				for (let i = 0; i < (key ? 10 : 8); i++) give(key ? KEY : DELTA, PICTURE, i === 0, ms);
				for (let i = 0; i < 3; i++) give(DROPPABLE, PICTURE, false, ms);
			}
			const lost = given.map((count, priority) => (count - (link.counts[priority] as number)) / count);
			check.equal(link.counts[AUDIO], given[AUDIO], "audio");
			const text = lost.join(", ");
			check.ok((lost[KEY] as number) < (lost[DELTA] as number), text);
			check.ok((lost[DELTA] as number) < (lost[DROPPABLE] as number), text);
			check.ok((lost[KEY] as number) < 0.02, text);
			check.ok((lost[DELTA] as number) > 0.2, text);
		},
	);

	suite.test(
		"ARC-E9 3 s without memory in the host: nothing is thrown, audio goes first afterwards, and all is well again",
		(check) => {
			const bench = new Bench(8);
			const { host, queue } = bench;
			host.answer = DatagramStatus.NO_MEMORY;
			let waits = "";
			let last = 0;
			for (let ms = 0; ms < 4000; ms++) {
				bench.now = ms;
				host.takes = ms < 500 || ms >= 3500 ? Infinity : 0;
				if (queue.deadline <= ms) {
					if (ms >= 500 && waits.length < 12) waits += `${ms - last} `;
					last = ms;
					if (ms >= 3500) host.sent = "";
					queue.flush(ms);
					if (ms >= 3500) break;
				}
				if (ms % 20 === 0) bench.give(1000 + ms, AUDIO, VOICE, true);
				if (ms % 100 === 50) {
					if (ms === 550) last = ms;
					for (let i = 0; i < 3; i++) bench.give(20_000 + ms, ms % 1000 === 50 ? KEY : DELTA, PICTURE, i === 0);
				}
			}
			check.ok(queue.shortages > 40 && queue.shortages < 80, `${queue.shortages}: asked at most every 64 ms`);
			const first = Number.parseInt(host.sent, 10);
			check.ok(first >= 1000 && first < 20_000, `audio first: ${host.sent}`);
			check.ok(first >= 1000 + 3400, `and nothing that is old: ${host.sent}`);
			check.equal(queue.waiting, 0);
			check.equal(queue.deadline, Infinity);
			check.equal(bench.pool.used, 0);
			bench.now = 4000;
			check.equal(bench.give(1, AUDIO, VOICE), SENT);
			check.equal(bench.give(2, KEY, PICTURE, true), SENT);
			check.equal(bench.give(3, DELTA), SENT);
		},
	);

	suite.test("ARC-P11 the packets of a frame go to the host in one call, from where they lie", (check) => {
		const bench = new Bench(4);
		const { host, queue } = bench;
		queue.begin();
		for (let i = 0; i < 10; i++) check.equal(bench.give(i, KEY, PICTURE, i === 0), QUEUED);
		check.equal(host.calls, 0);
		queue.end(0);
		check.equal(host.sent, "( 0 1 2 3 4 5 6 7 8 9 ) ");
		check.equal(queue.counters[KEY].sent, 10);
		check.equal(bench.pool.peak, 0, "blocks");
		host.sent = "";
		queue.begin();
		for (let i = 0; i < 20; i++) bench.give(i, DELTA, PICTURE, i === 0);
		queue.end(0);
		check.equal(host.sent, "( 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 ) ( 16 17 18 19 ) ", "16 at a time");
		queue.begin();
		queue.end(0);
		check.equal(host.calls, 3, "none is no call");
	});

	suite.test("ARC-P11 what the host does not take of a frame waits, in order, and is bounded", (check) => {
		const bench = new Bench(4);
		const { host, queue } = bench;
		for (const answer of [DatagramStatus.AGAIN, DatagramStatus.NO_MEMORY]) {
			host.sent = "";
			host.takes = 3;
			host.answer = answer;
			queue.begin();
			for (let i = 0; i < 6; i++) bench.give(i, KEY, PICTURE, i === 0);
			queue.end(bench.now);
			check.equal(host.sent, "( 0 1 2 ) ");
			check.equal(queue.waiting, 3);
			check.equal(queue.wantsWritable, answer === DatagramStatus.AGAIN);
			queue.begin();
			check.equal(bench.give(6, DELTA), QUEUED, "behind what waits");
			check.equal(bench.give(7, DELTA), QUEUED, "in place of 6");
			queue.end(bench.now);
			bench.now += 10;
			check.equal(bench.flush(), answer === DatagramStatus.AGAIN ? "3 4 5 7 " : "3 4 5 7 ");
			bench.now += 10;
		}
	});

	suite.test("ARC-P11 one of a frame that the host refuses for ever is counted, and the next one goes", (check) => {
		const bench = new Bench(4);
		const { host, queue } = bench;
		host.takes = 0;
		host.answer = DatagramStatus.FAILED;
		queue.begin();
		for (let i = 0; i < 3; i++) bench.give(i, KEY, PICTURE, i === 0);
		queue.end(0);
		check.equal(queue.counters[KEY].failed, 3);
		check.equal(queue.waiting, 0);
		check.equal(queue.broken, 1 << PICTURE);
	});

	suite.longTest(
		"ARC-P11 100,000 packets, in frames and alone, through shortages: 0 slots, 0 chunk bytes, no more blocks than there are",
		(check) => {
			const arena = new Arena(16 * 32);
			const pool = new PacketPool(arena, 0, 8, 32);
			const host: DatagramWriter & { turn: number } = {
				turn: 0,
				write(_buffer, _offset, length) {
					const turn = this.turn++ % 7;
					return turn === 3 ? -1 : turn === 5 ? -2 : turn === 6 ? -3 : length;
				},
				writeMany(_buffer, _table, count) {
					const turn = this.turn++ % 5;
					return turn === 3 ? -1 : turn === 4 ? -3 : turn === 2 ? 1 : count;
				},
			};
			const queue = new SendQueue({ arena, pool, writer: host });
			const allocation = new Allocation();
			for (let i = 0; i < 100_100; i++) {
				if (i === 100) allocation.begin();
				if (i % 10 === 0) queue.begin();
				queue.give(8 * 32, 10, 1, i & 3, (i >> 2) & 3, i % 5 === 0, i);
				if (i % 10 === 6) queue.end(i);
				if (i % 3 === 0) queue.flush(i);
			}
			check.equal(allocation.spent(), "");
			queue.clear();
			check.equal(pool.used, 0);
			check.equal(queue.waiting, 0);
		},
	);
}
