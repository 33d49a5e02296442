import { type End, TwoEnds } from "conformance/arcrtc/two_ends";
import { DatagramStatus } from "net/datagram";
import type { Check, Suite } from "unit/suite";

const MINUTES = 10;
/** Turns of a second at most: nothing to do is asked for more often than this. */
const TURNS = 60;
/** Timers of the host are whole milliseconds at best. */
const LEAST = 0.01;

/** Drives a session by its own deadline for so long. @returns turns; fails when it never waits. */
function drive(check: Check, end: End, from: number, ms: number): number {
	const { session } = end;
	let now = from;
	let turns = 0;
	const most = (ms / 1000) * TURNS;
	while (now < from + ms && turns <= most) {
		session.turn(now, 1.7e12 + now);
		turns++;
		const deadline = session.deadline(now);
		now = deadline > now + LEAST ? deadline : now + LEAST;
	}
	check.ok(turns <= most, turns + " turns until " + (now - from) + " ms");
	return turns;
}

export default function idle(suite: Suite): void {
	const long = MINUTES * 60_000;

	suite.test(
		"ARC-E9 a session without streams, and one without media, is no busy loop: 10 minutes by its own deadlines",
		(check) => {
			const world = new TwoEnds(31);
			world.cut = true;
			drive(check, world.a, world.now, long);
			world.start();
			drive(check, world.a, world.now, long);
		},
	);

	suite.test("ARC-E9 nor is one whose peer is gone, on either side, nor one that ended", (check) => {
		const world = new TwoEnds(32);
		world.start();
		world.pass(700, 9000);
		world.cut = true;
		drive(check, world.a, world.now, long);
		drive(check, world.b, world.now, long);
		world.b.session.clear();
		drive(check, world.b, world.now + long, long);
	});

	suite.test("ARC-E9 nor is one that waits for lost packets and a key frame", (check) => {
		const world = new TwoEnds(33);
		world.start();
		world.loss = 0.4;
		world.pass(900, 9000, 5);
		world.cut = true;
		drive(check, world.b, world.now, long);
	});

	suite.test("ARC-E9 a host that takes nothing, or has no memory, brings about no busy loop, with room and without", (check) => {
		for (const status of [DatagramStatus.AGAIN, DatagramStatus.NO_MEMORY, DatagramStatus.FAILED])
			for (const full of [false, true]) {
				const world = new TwoEnds(34);
				const { a } = world;
				world.start();
				world.pass(700, 9000);
				a.status = status;
				world.cut = true;
				// A packet that is longer than a block can never wait.
				if (!full) for (let i = 0; i < 30; i++) a.makeSound(world.now);
				drive(check, a, world.now, long);
				if (full) a.session.queue.send(a.inbox, 1300, 0, 0, world.now + long);
				drive(check, a, world.now + long, long);
			}
	});

	suite.test("ARC-E9 the same behind 24.8 and 49.7 days: times of 32 bits wrap", (check) => {
		let usual = 0;
		for (const from of [10_000, 2 ** 29, 2 ** 31, 2 ** 32]) {
			const world = new TwoEnds(35);
			world.now = from - 1500;
			world.delay = 5;
			world.start();
			world.loss = 0.02;
			world.pass(3000, 9000);
			world.loss = 0;
			const { b } = world;
			const heard = b.heardCount;
			world.pass(500, 9000);
			check.ok(b.heardCount >= heard + 24, "heard " + (b.heardCount - heard));
			check.equal(b.heardWrong + b.seenWrong, 0);
			if (usual === 0) usual = b.seenCount;
			check.ok(usual > 70 && Math.abs(b.seenCount - usual) <= 2, b.seenCount + " pictures of " + usual + " from " + from);
			world.cut = true;
			drive(check, b, world.now, long);
		}
	});
}
