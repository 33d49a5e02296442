import { PercentileDelay } from "media/voice/delay_estimate";
import { InterarrivalDelay } from "media/voice/interarrival_delay";
import { JitterBuffer, TAKE_CONCEAL, TAKE_NOTHING, TAKE_PACKET } from "media/voice/jitter_buffer";
import { Arena } from "storage/arena";
import { PacketPool } from "storage/pool";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";
import { Dice } from "unit/voice_line";

const FRAME = 20;
const UNITS = FRAME * 48;
const SIZE = 8;
const BLOCKS = 16;

class Bench {
	readonly arena = new Arena(BLOCKS * SIZE);
	readonly pool = new PacketPool(this.arena, 0, BLOCKS, SIZE);
	readonly jitter: JitterBuffer;

	constructor(first = 40, minimum = 10, maximum = 200, packets = 12) {
		const estimate = new PercentileDelay(first, maximum);
		this.jitter = new JitterBuffer({ pool: this.pool, packets, minimum, maximum, unitsPerMs: 48, estimate });
	}

	/** Packet `number`, sent `number` frames after the first one, `FRAME` long. */
	put(number: number, now: number, media = number * UNITS): boolean {
		const block = this.pool.take();
		if (block < 0) return false;
		this.arena.view.setInt32(this.pool.offset(block), number);
		this.pool.lengths[block] = 4;
		const kept = this.jitter.insert(block, number & 0xffff, media | 0, UNITS, now);
		if (!kept) this.pool.release(block);
		return kept;
	}

	/** "-": nothing, "5": packet 5, "x": made up, "x6": made up with packet 6 at hand. */
	take(due: number): string {
		const { jitter } = this;
		const what = jitter.take(due);
		if (what === TAKE_NOTHING) return "-";
		const number = jitter.length > 0 ? String(this.arena.view.getInt32(jitter.offset)) : "";
		return what === TAKE_PACKET ? number : `x${number}`;
	}

	/** What is played in `count` frames from `due` on. */
	play(due: number, count: number): string {
		let played = "";
		for (let i = 0; i < count; i++) played += `${this.take(due + i * FRAME)} `;
		return played;
	}
}

export default function (suite: Suite): void {
	suite.test("jitter buffer: play-out begins one target after the first packet, and goes on frame by frame", (check) => {
		const bench = new Bench(40);
		bench.put(0, 1000);
		check.equal(bench.take(1039.9), "-");
		bench.put(1, 1020);
		bench.put(2, 1040);
		check.equal(bench.take(1040), "0");
		bench.put(3, 1060);
		check.equal(bench.play(1060, 3), "1 2 3 ");
		check.equal(bench.jitter.counters.played, 4);
		check.equal(bench.jitter.counters.lost + bench.jitter.counters.concealed, 0);
	});

	suite.test("jitter buffer: 3, 1, 2, 2 come out as 1, 2, 3; reordered and duplicates are counted", (check) => {
		const bench = new Bench(80);
		bench.put(3, 1000);
		check.ok(bench.put(1, 1001));
		check.ok(bench.put(2, 1002));
		check.ok(!bench.put(2, 1003), "a copy that waits");
		check.equal(bench.play(1100, 3), "1 2 3 ");
		check.ok(!bench.put(3, 1150), "a copy of what was played");
		const { counters } = bench.jitter;
		check.equal(counters.reordered, 2);
		check.equal(counters.duplicates, 2);
		check.equal(counters.received, 5);
		check.equal(counters.lost + counters.late, 0);
		bench.take(1160);
		check.equal(bench.pool.used, 0);
	});

	suite.test(
		"jitter buffer: a lost packet is made up, with the one behind it at hand; when it comes after all it is late and not lost",
		(check) => {
			const bench = new Bench(60);
			bench.jitter.redundant = true;
			for (const number of [0, 1, 3, 4, 7]) bench.put(number, 1000 + number * FRAME);
			check.equal(bench.play(1060, 8), "0 1 x3 3 4 x x7 7 ");
			const { counters } = bench.jitter;
			check.equal(counters.lost, 3);
			check.equal(counters.concealed, 3);
			check.equal(counters.recovered, 2);
			check.ok(!bench.put(5, 1230));
			check.equal(counters.lost, 2);
			check.equal(counters.late, 1);
			check.ok(!bench.put(5, 1231), "a copy of the late one");
			check.equal(counters.duplicates, 1);
			check.equal(counters.late, 1);
		},
	);

	suite.test("jitter buffer: numbers and media time wrap", (check) => {
		const bench = new Bench(40);
		const media = 0x7fffffff - 1500;
		for (let i = 0; i < 6; i++) bench.put(65533 + i, 1000 + i * FRAME, media + i * UNITS);
		check.equal(bench.play(1040, 6), "65533 65534 65535 65536 65537 65538 ");
		check.equal(bench.jitter.counters.strange + bench.jitter.counters.restarts, 0);
	});

	suite.test("jitter buffer: a pause of the sender is no loss and what was made up in it does not count", (check) => {
		const bench = new Bench(40);
		for (let i = 0; i < 3; i++) bench.put(i, 1000 + i * FRAME);
		check.equal(bench.play(1040, 10), "0 1 2 x x x x x - - ");
		check.equal(bench.jitter.counters.concealed, 5);
		bench.put(3, 1400, 20 * UNITS);
		bench.put(4, 1420, 21 * UNITS);
		check.equal(bench.take(1439), "-", "waits for its time again");
		check.equal(bench.play(1440, 2), "3 4 ");
		const { counters } = bench.jitter;
		check.equal(counters.lost, 0);
		check.equal(counters.concealed, 0);
		check.equal(counters.pauses, 1);
	});

	suite.test("jitter buffer: packets that were held up are played, not dropped; the stream asks to be made shorter", (check) => {
		const bench = new Bench(40);
		for (let i = 0; i < 3; i++) bench.put(i, 1000 + i * FRAME);
		check.equal(bench.play(1040, 5), "0 1 2 x x ");
		for (let i = 3; i < 8; i++) bench.put(i, 1145);
		check.equal(bench.play(1150, 5), "3 4 5 6 7 ");
		check.ok(bench.jitter.delay > 80, "later than before");
		check.equal(bench.jitter.counters.lost, 0);
	});

	suite.test("jitter buffer: what would be held longer than the maximum is dropped", (check) => {
		const bench = new Bench(40, 10, 60);
		for (let i = 0; i < 4; i++) bench.put(i, 1000 + i * FRAME);
		check.equal(bench.take(1130), "3", "packets 0 to 2 would be 130, 110 and 90 ms late");
		check.equal(bench.jitter.counters.dropped, 3);
		check.equal(bench.jitter.counters.lost, 0);
	});

	suite.test("jitter buffer: bounded in packets: the oldest go", (check) => {
		const bench = new Bench(200, 10, 200, 5);
		for (let i = 0; i < 9; i++) bench.put(i, 1000 + i);
		check.equal(bench.jitter.held, 5);
		check.equal(bench.pool.used, 5);
		check.equal(bench.jitter.counters.dropped, 4);
		bench.put(60, 1010, 60 * UNITS);
		check.equal(bench.jitter.held, 1, "far ahead: the places are its");
		check.equal(bench.jitter.counters.lost, 60 - 9 - 7, "seven may still come");
		bench.jitter.clear();
		check.equal(bench.pool.used, 0);
	});

	suite.test("jitter buffer: one strange packet is ignored, a second one that agrees begins the stream anew", (check) => {
		const bench = new Bench(40);
		for (let i = 0; i < 4; i++) bench.put(i, 1000 + i * FRAME);
		check.ok(!bench.put(30000, 1080, 5));
		check.ok(bench.put(4, 1085));
		check.ok(!bench.put(30001, 1090, UNITS), "the one before it did not agree");
		check.equal(bench.jitter.counters.strange, 2);
		bench.jitter.restarted = false;
		check.ok(bench.put(30002, 1110, 2 * UNITS));
		check.ok(bench.jitter.restarted);
		check.equal(bench.jitter.held, 1);
		check.equal(bench.jitter.counters.restarts, 1);
		bench.put(30003, 1130, 3 * UNITS);
		check.equal(bench.play(1150, 2), "30002 30003 ");
	});

	suite.test("jitter buffer: after 12 s without packets it begins anew; those that the numbers say were lost", (check) => {
		const bench = new Bench(40);
		for (let i = 0; i < 4; i++) bench.put(i, 1000 + i * FRAME);
		check.equal(bench.play(1040, 11), "0 1 2 3 x x x x x - - ");
		bench.put(604, 1000 + 604 * FRAME);
		bench.put(605, 1000 + 605 * FRAME);
		check.equal(bench.play(1040 + 604 * FRAME, 2), "604 605 ");
		check.equal(bench.jitter.counters.lost, 600);
		check.equal(bench.jitter.counters.restarts, 1);
		// A sender that began anew says nothing of losses.
		bench.put(20000, 60000, 77);
		check.equal(bench.jitter.counters.lost, 600);
	});

	suite.test("jitter buffer: the delay follows the packets: up within a second, down slowly", (check) => {
		const bench = new Bench(60, 10, 200);
		const dice = new Dice(77);
		let number = 0;
		const run = (seconds: number, jitter: number): number => {
			for (let i = 0; i < seconds * 50; i++, number++) {
				const sent = 1000 + number * FRAME;
				bench.put(number, sent + dice.fraction() * jitter);
				bench.take(sent + 300 - FRAME);
			}
			return bench.jitter.target;
		};
		check.ok(run(20, 4) <= 15, `calm: ${bench.jitter.target}`);
		const up = run(1, 80);
		check.ok(up >= 60, `up after 1 s: ${up}`);
		const high = run(20, 80);
		check.ok(high >= 75 && high <= 90, `98 of 100 come in time: ${high}`);
		const soon = run(2, 4);
		check.ok(soon >= 60, `not down after 2 s: ${soon}`);
		const low = run(60, 4);
		check.ok(low <= 20, `down after a minute: ${low}`);
	});

	suite.test("jitter buffer: the limits of the delay hold", (check) => {
		const bench = new Bench(60, 30, 100);
		for (let i = 0; i < 500; i++) bench.put(i, 1000 + i * FRAME) && bench.take(1500 + i * FRAME);
		check.equal(bench.jitter.target, 30);
		const dice = new Dice(3);
		for (let i = 500; i < 1500; i++) {
			bench.put(i, 1000 + i * FRAME + dice.fraction() * 400);
			bench.take(1500 + i * FRAME);
		}
		check.equal(bench.jitter.target, 100);
	});

	suite.test("jitter buffer: losses hold the stream a frame longer while packets are redundant", (check) => {
		const bench = new Bench(40, 40, 200);
		bench.jitter.redundant = true;
		let i = 0;
		for (; i < 400; i++) {
			if (i % 20 !== 7) bench.put(i, 1000 + i * FRAME);
			bench.take(1060 + i * FRAME);
		}
		check.equal(bench.jitter.target, 40 + FRAME);
		for (; i < 2000; i++) {
			bench.put(i, 1000 + i * FRAME);
			bench.take(1060 + i * FRAME);
		}
		check.equal(bench.jitter.target, 40, "no more losses");
	});

	suite.test("jitter buffer: drift of the sender's clock is measured", (check) => {
		for (const ppm of [-200, 150]) {
			const bench = new Bench(40);
			const dice = new Dice(9);
			for (let i = 0; i < 30000; i++) {
				const sent = 1000 + (i * FRAME) / (1 + ppm / 1e6);
				bench.put(i, sent + dice.fraction() * 20);
				bench.take(sent + 40);
			}
			check.ok(Math.abs(bench.jitter.drift - ppm) < 10, `${ppm} ppm, measured ${bench.jitter.drift}`);
		}
	});

	suite.test("ARC-J2: the delay as twice the interarrival jitter of RFC 3550, up at once and down within 5 s", (check) => {
		const delay = new InterarrivalDelay(10, 2);
		const dice = new Dice(5);
		let now = 1000;
		const run = (seconds: number, jitter: number): number => {
			for (let i = 0; i < seconds * 50; i++) {
				now += FRAME;
				delay.observe(0, now, now + (i % 2) * jitter + dice.fraction() * 0.01);
			}
			return delay.target;
		};
		check.equal(delay.target, 10);
		check.ok(Math.abs(run(10, 8) - 16) < 1, `jitter 8 ms: ${delay.target}`);
		check.ok(run(5, 40) > 60, `jitter 40 ms: ${delay.target}`);
		check.ok(run(5, 1) < 5, `jitter 1 ms, 5 s later: ${delay.target}`);
	});

	suite.test(
		"jitter buffer: every packet is played, dropped, late, strange or a copy, whatever comes, and no block is lost",
		(check) => {
			const bench = new Bench(40, 10, 120, 8);
			const dice = new Dice(4711);
			let base = 0;
			for (let i = 0; i < 50_000; i++) {
				const now = 1000 + i * 7;
				if (dice.fraction() < 0.001) base += Math.floor(dice.fraction() * 70000) - 35000;
				const number = base + Math.floor(i / 3 + dice.fraction() * 12 - 6);
				bench.put(number, now, dice.fraction() < 0.01 ? dice.fraction() * 4e9 : number * UNITS);
				if (dice.fraction() < 0.45) bench.take(now);
				if (dice.fraction() < 0.0005) bench.jitter.clear();
			}
			const it = bench.jitter.counters;
			bench.take(2e6);
			const cleared = it.received - it.duplicates - it.strange - it.late - it.dropped - it.played - bench.jitter.held;
			check.ok(cleared >= 0 && cleared < 400, `held when the stream began anew: ${cleared}`);
			bench.jitter.clear();
			check.equal(bench.pool.used, 0);
			check.ok(it.played > 3000 && it.strange > 10 && it.late > 100 && it.duplicates > 100 && it.dropped > 100, "all happened");
		},
	);

	suite.test("jitter buffer: 100,000 packets cost no slot and no chunk", (check) => {
		const bench = new Bench(40);
		const allocation = new Allocation();
		for (let i = 0; i < 100_100; i++) {
			if (i === 100) allocation.begin();
			if (i % 11 !== 0) bench.put(i, 1000 + i * FRAME + (i % 7));
			const what = bench.jitter.take(1060 + i * FRAME);
			if (what !== TAKE_PACKET && what !== TAKE_CONCEAL && i > 10) check.fail(`nothing at ${i}`);
		}
		allocation.expectNone(check);
	});
}
