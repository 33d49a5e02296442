import { JitterBench, FRAME, TICKS } from "conformance/arcrtc/jitter_bench";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";
import { Dice } from "unit/voice_line";

/** 90 kHz. */
const VIDEO = 90_000;

interface Flight {
	readonly number: number;
	readonly due: number;
}

/** Sends packets every 20 ms from `number` on with delays of 0 to `spread` ms. @returns the next number. */
function stream(bench: JitterBench, number: number, count: number, from: number, spread: number, dice: Dice): number {
	const flights: Flight[] = [];
	for (let i = 0; i < count; i++) flights.push({ number: number + i, due: from + i * FRAME + dice.fraction() * spread });
	flights.sort((a, b) => a.due - b.due);
	for (let i = 0; i < count; i++) {
		const flight = flights[i] as Flight;
		bench.until(flight.due);
		bench.put(flight.number, flight.due);
	}
	return number + count;
}

/** Delays that make a jitter of `jitter` ms by RFC 3550: every second packet is late by so much. */
function alternate(bench: JitterBench, number: number, count: number, from: number, jitter: number): void {
	for (let i = 0; i < count; i++) {
		const now = from + i * FRAME + (i & 1) * jitter;
		bench.until(now);
		bench.put(number + i, now);
	}
}

function targetOf(check: Check, jitter: number, expected: number): void {
	const bench = new JitterBench();
	alternate(bench, 0, 300, 1000, jitter);
	const { target } = bench.jitter;
	check.ok(Math.abs(target - expected) < 0.01, `jitter ${jitter}: ${target}, not ${expected}`);
	check.ok(Math.abs(bench.jitter.jitter - jitter) < 0.01, `jitter ${bench.jitter.jitter}`);
}

export default function jitter(suite: Suite): void {
	suite.test("ARC-J1 the first packet is played 10 ms after it came, ± 1 ms", (check) => {
		for (const options of [{}, { repaired: true }, { clock: VIDEO }]) {
			const bench = new JitterBench(options);
			check.equal(bench.jitter.deadline, Infinity);
			bench.put(5, 1000.25);
			check.ok(Math.abs(bench.jitter.deadline - 1010.25) < 1, `${bench.jitter.deadline}`);
			check.equal(bench.take(1009.2), "");
			check.equal(bench.take(bench.jitter.deadline), "5 ");
			check.equal(bench.jitter.deadline, Infinity);
		}
	});

	suite.test("ARC-J2 the target is twice the jitter, 5 to 30 ms", (check) => {
		targetOf(check, 1, 5);
		targetOf(check, 8, 16);
		targetOf(check, 40, 30);
		targetOf(check, 0, 5);
		targetOf(check, 14.9, 29.8);
	});

	suite.test(
		"ARC-C11 ARC-J2 jitter of 40 ms for 5 s, then of 1 ms: 30 ms, then 5 ms within 5 s; nothing is held for more than 50 ms",
		(check) => {
			for (const repaired of [false, true]) {
				const bench = new JitterBench({ repaired });
				const dice = new Dice(99);
				alternate(bench, 0, 250, 1000, 40);
				check.equal(bench.jitter.target, 30);
				let highest = 0;
				for (let i = 0; i < 250; i++) {
					const now = 6000 + i * FRAME + (i & 1);
					bench.until(now);
					bench.put(250 + i, now);
					if (bench.jitter.target > highest) highest = bench.jitter.target;
				}
				check.equal(bench.jitter.target, 5, "after 5 s");
				check.ok(highest <= 30, `${highest}`);
				// Delays of all sizes, with losses of order.
				const next = stream(bench, 500, 250, 11_000, 80, dice);
				check.ok(bench.jitter.target <= 30 && bench.jitter.target > 20, `${bench.jitter.target}`);
				stream(bench, next, 250, 16_000, 2, dice);
				check.equal(bench.jitter.target, 5);
				bench.until(30_000);
				check.ok(bench.longest <= 50, `held for ${bench.longest}`);
				check.equal(bench.disorder, 0);
				const { counters } = bench.jitter;
				check.equal(counters.taken + counters.late, counters.received);
				check.equal(counters.lost, 0, "what was given up came late, and is lost no more");
			}
		},
	);

	suite.test(
		"ARC-J3 behind a gap a packet waits for 50 ms at most; the missing one is dropped and counted when it is late by 51 ms",
		(check) => {
			for (const late of [10, 30, 49, 51, 80]) {
				const bench = new JitterBench({ repaired: true });
				for (let i = 0; i < 10; i++) {
					bench.put(i, 1000 + i * FRAME);
					bench.until(1000 + i * FRAME + FRAME - 1);
				}
				const missing = 1000 + 10 * FRAME;
				const arrival = missing + late;
				let given = "";
				for (const number of [11, 12, 13]) {
					const now = 1000 + number * FRAME;
					if (now > arrival) break;
					given += bench.until(now);
					bench.put(number, now);
				}
				given += bench.until(arrival);
				const kept = bench.put(10, arrival);
				given += bench.until(arrival + 100);
				const { counters } = bench.jitter;
				check.equal(kept, late <= 50, `late by ${late}: ${given}`);
				check.equal(counters.late, late <= 50 ? 0 : 1);
				check.equal(counters.lost, 0, "late, and lost no more");
				check.ok(bench.longest <= 50, `held for ${bench.longest}`);
				check.equal(bench.disorder, 0);
				check.equal(given.split(" ")[0], late <= 50 ? "10" : "!1");
			}
		},
	);

	suite.test("ARC-J3 no packet is held for more than 50 ms, whatever its media time says", (check) => {
		const bench = new JitterBench({ repaired: true });
		const dice = new Dice(5);
		let now = 1000;
		for (let i = 0; i < 3000; i++) {
			now += dice.fraction() * 20;
			bench.until(now);
			// Swapped pairs, losses, and media times out of the blue.
			const number = i ^ (i % 5 === 2 ? 1 : 0);
			if (dice.fraction() < 0.1) continue;
			const wild = dice.fraction() < 0.3 ? (dice.fraction() * 4294967296) | 0 : number * TICKS;
			bench.put(number, now, wild);
		}
		bench.until(now + 1000);
		check.ok(bench.longest <= 50, `held for ${bench.longest}`);
		check.ok(bench.longest > 40, `${bench.longest}: the test makes some wait`);
		check.equal(bench.disorder, 0);
		check.equal(bench.jitter.held, 0);
	});

	suite.test("ARC-J3 a packet behind one that came late and would wait is not held for more than 50 ms either", (check) => {
		const bench = new JitterBench({ repaired: true });
		bench.put(0, 1000);
		bench.until(1019);
		bench.put(2, 1030);
		// Its media time says that it is to wait.
		bench.put(1, 1055, 10 * TICKS);
		check.equal(bench.until(1079.9), "");
		check.equal(bench.until(1080), "1 2 ");
		check.equal(bench.longest, 50);
	});

	suite.test("ARC-J4 in 1, 3, 2, 2, out 1, 2, 3; a copy of what was played is one too", (check) => {
		const bench = new JitterBench();
		bench.put(1, 1000);
		bench.put(3, 1001);
		check.ok(bench.put(2, 1002));
		check.ok(!bench.put(2, 1003));
		check.equal(bench.until(1100), "1 2 3 ");
		check.ok(!bench.put(3, 1110));
		const { counters } = bench.jitter;
		check.equal(counters.duplicates, 2);
		check.equal(counters.reordered, 1);
		check.equal(counters.lost + counters.late, 0);
	});

	suite.test("ARC-J4 the first packet may be overtaken by the second, but nothing comes before what was played", (check) => {
		const bench = new JitterBench();
		bench.put(8, 1000);
		bench.put(7, 1002);
		check.equal(bench.until(1100), "7 8 ");
		check.ok(!bench.put(6, 1101));
		check.equal(bench.jitter.counters.late, 1);
		check.equal(bench.take(1200), "");
	});

	suite.test("ARC-J4 numbers wrap at 2^16 and at 2^32, media time at 2^32", (check) => {
		for (const base of [65530, 4294967290, 65536 * 65536 * 3 - 6]) {
			const bench = new JitterBench();
			let given = "";
			for (let i = 0; i < 12; i++) {
				const now = 1000 + i * FRAME;
				given += bench.until(now);
				if (i !== 7) bench.put(base + i, now, (0xffffffff - 5 * TICKS + i * TICKS) >>> 0);
			}
			given += bench.until(2000);
			let expected = "";
			for (let i = 0; i < 12; i++) if (i !== 7) expected += `${i === 8 ? "!1 " : ""}${(base + i) | 0} `;
			check.equal(given, expected);
			check.equal(bench.jitter.counters.jumps, 0);
		}
	});

	suite.test(
		"ARC-J4 a packet that FEC made is given once; the real one that comes later is a duplicate, before and after",
		(check) => {
			for (const before of [true, false]) {
				const bench = new JitterBench({ repaired: true });
				bench.put(0, 1000);
				bench.put(2, 1040);
				check.ok(bench.put(1, 1041, TICKS, true));
				if (before) check.ok(!bench.put(1, 1041.5));
				check.equal(bench.until(1200), "0 1 2 ");
				if (!before) check.ok(!bench.put(1, 1201));
				check.equal(bench.jitter.counters.duplicates, 1);
				check.equal(bench.jitter.counters.recovered, 1);
				check.equal(bench.jitter.counters.lost, 0);
			}
		},
	);

	suite.test("ARC-J4 3 s without a packet: what was lost is counted, and told with the next one", (check) => {
		const bench = new JitterBench({ repaired: true });
		for (let i = 0; i < 10; i++) {
			bench.put(i, 1000 + i * FRAME);
			bench.until(1000 + i * FRAME + FRAME - 1);
		}
		bench.put(160, 1000 + 160 * FRAME);
		check.equal(bench.until(1000 + 160 * FRAME + 50), "!150 160 ");
		check.equal(bench.jitter.counters.lost, 150);
	});

	suite.test("ARC-J5 a flood: packets and bytes are bounded, the oldest of the least important ones goes first", (check) => {
		const bench = new JitterBench({}, 8);
		const { media, jitter } = bench;
		const priorities = [1, 3, 2, 0, 3, 2, 1, 0];
		for (let i = 0; i < 8; i++) {
			media.priority = priorities[i] as number;
			bench.put(i, 1000);
		}
		media.priority = 2;
		check.ok(bench.put(8, 1000), "for 1, the oldest droppable one");
		check.ok(bench.put(9, 1000), "for 4, the other one");
		check.ok(bench.put(10, 1000), "for 2, the oldest delta");
		media.priority = 3;
		check.ok(!bench.put(11, 1000), "all others are more important");
		check.equal(bench.until(1100), "0 !2 3 !1 5 6 7 8 9 10 ");
		check.equal(jitter.counters.dropped, 4);
		check.equal(jitter.counters.lost, 0, "what was pushed out is counted as that");
		check.equal(jitter.held, 0);
	});

	suite.longTest(
		"ARC-J5 50,000 packets in no time: 0 slots, 0 chunk bytes, held at most as many as there are blocks",
		(check) => {
			const bench = new JitterBench({ repaired: true }, 8);
			const { media, jitter } = bench;
			const dice = new Dice(3);
			const allocation = new Allocation();
			let taken = 0;
			for (let i = 0; i < 50_100; i++) {
				if (i === 100) allocation.begin();
				media.priority = i & 3;
				const number = i + ((dice.fraction() * 40) | 0) - 20;
				const now = 1000 + i * 0.1;
				jitter.insert(media.make(number < 0 ? 0 : number, number * 90, 8), now);
				while (jitter.take(now)) taken++;
			}
			check.equal(allocation.spent(), "");
			check.ok(bench.packets.peak <= 8);
			check.ok(jitter.held <= 8);
			const { counters } = jitter;
			check.equal(taken + jitter.held + counters.late + counters.duplicates + counters.dropped, counters.received);
		},
	);

	suite.test("ARC-J6 silence is no loss: the sender pauses, and its media time goes on or stands still", (check) => {
		for (const stands of [false, true]) {
			const bench = new JitterBench();
			let now = 1000;
			let time = 0;
			let number = 0;
			for (let talk = 0; talk < 5; talk++) {
				for (let i = 0; i < 20; i++, number++, now += FRAME, time += TICKS) {
					bench.put(number, now, time);
					check.ok(bench.jitter.deadline <= now + 10.1, `${number}: in time after a pause`);
					bench.until(now + FRAME - 1);
				}
				const pause = talk & 1 ? 12_000 : 500;
				now += pause;
				if (!stands) time += pause * 48;
			}
			const { counters } = bench.jitter;
			check.equal(counters.lost + counters.late + counters.dropped, 0);
			check.equal(counters.taken, 100);
			check.equal(bench.jitter.target, 5, "a pause is no jitter");
			check.equal(counters.jumps, stands ? 4 : 0);
		}
	});

	suite.test("ARC-J6 media time that jumps forwards or backwards is no loss either", (check) => {
		const bench = new JitterBench();
		let jump = 0;
		for (let i = 0; i < 100; i++) {
			const now = 1000 + i * FRAME;
			if (i === 30) jump = 0x40000000;
			if (i === 60) jump = -0x30000000;
			bench.put(i, now, i * TICKS + jump);
			bench.until(now + FRAME - 1);
		}
		const { counters } = bench.jitter;
		check.equal(counters.lost + counters.late + counters.dropped, 0);
		check.equal(counters.taken, 100);
		check.equal(counters.jumps, 2);
		check.equal(bench.jitter.target, 5);
	});

	suite.test("ARC-J3 the packets of a large frame that come over 80 ms are given as they come, and none is dropped", (check) => {
		const bench = new JitterBench({ clock: VIDEO, repaired: true }, 64);
		const { jitter } = bench;
		let number = 0;
		for (let frame = 0; frame < 20; frame++) {
			const at = 1000 + frame * 100;
			// Two of them change places.
			for (let i = 0; i < 40; i++) {
				const place = i === 30 ? 31 : i === 31 ? 30 : i;
				const now = at + i * 2;
				bench.until(now);
				bench.put(number + place, now, frame * 9000);
			}
			number += 40;
			bench.until(at + 99);
		}
		const { counters } = jitter;
		check.equal(counters.taken, 800);
		check.equal(counters.late + counters.lost + counters.dropped, 0);
		check.equal(bench.disorder, 0);
		check.ok(jitter.jitter < 1, "what a frame's length makes is no jitter");
	});

	suite.test("ARC-J2 what is never empty for days keeps its times", (check) => {
		const hold = 5_000_000;
		const bench = new JitterBench({ first: hold, least: hold, most: hold, limit: hold * 2 });
		const step = 1_000_000;
		for (let i = 0; i < 60; i++) {
			const now = 1000 + i * step;
			bench.until(now - 1);
			if (i > 6) check.ok(Math.abs(bench.jitter.waited - hold) < 0.1, `${i}: held for ${bench.jitter.waited}`);
			bench.put(i, now, i * step * 48);
			check.ok(bench.jitter.held > 0);
		}
		check.equal(bench.disorder, 0);
		check.equal(bench.jitter.counters.taken, 54);
	});

	suite.test("ARC-E2 what asks again knows how much time there is", (check) => {
		const bench = new JitterBench({ repaired: true });
		const { jitter } = bench;
		for (let i = 0; i < 5; i++) {
			bench.put(i, 1000 + i * FRAME);
			bench.until(1000 + i * FRAME + FRAME - 1);
		}
		check.equal(jitter.playOut(3), -Infinity, "taken");
		check.equal(jitter.playOut(5), Infinity, "nothing behind it has come");
		bench.put(6, 1120);
		check.equal(jitter.playOut(6), -Infinity, "here");
		const end = jitter.playOut(5);
		check.ok(end > 1140 && end <= 1170, `${end}`);
		check.equal(jitter.deadline, end);
		check.equal(bench.take(end - 0.1), "");
		check.equal(bench.take(end), "!1 6 ");
		check.equal(jitter.playOut(5), -Infinity, "given up");
	});

	suite.longTest("ARC-J5 jitter buffer: 100,000 packets with losses and reordering cost no slot and no chunk", (check) => {
		const bench = new JitterBench({ repaired: true });
		const { jitter, media } = bench;
		const dice = new Dice(77);
		const allocation = new Allocation();
		let taken = 0;
		for (let i = 0; i < 100_100; i++) {
			if (i === 100) allocation.begin();
			const now = 1000 + i * FRAME;
			while (jitter.deadline <= now) if (jitter.take(jitter.deadline)) taken++;
			if (dice.fraction() < 0.05) continue;
			const number = i % 50 === 10 ? i + 1 : i % 50 === 11 ? i - 1 : i;
			jitter.insert(media.make(number, number * TICKS, 8), now);
		}
		check.equal(allocation.spent(), "");
		check.ok(taken > 94_000, `${taken}`);
	});
}
