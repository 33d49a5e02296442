import { ArrivalSequencer } from "media/voice/arrival_sequencer";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";
import { Dice } from "unit/voice_line";

const PER_MS = 48;

/** Sends `count` frames through a network that delays each by up to `jitter` ms, in order. @returns losses, and those that were seen at their place. */
function losses(frame: number, jitter: number, share: number, count: number): { lost: number; found: number; wrong: number } {
	const sequencer = new ArrivalSequencer(PER_MS);
	const dice = new Dice(99);
	let latest = 0;
	let lost = 0;
	let found = 0;
	let wrong = 0;
	let missing = 0;
	let before = -1;
	for (let i = 0; i < count; i++) {
		if (i > 0 && dice.fraction() < share) {
			missing++;
			lost++;
			continue;
		}
		latest = Math.max(latest, 1000 + i * frame + dice.fraction() * jitter);
		sequencer.accept(i, frame * PER_MS, latest);
		const step = before < 0 ? 1 : (sequencer.sequence - before) & 0xffff;
		if (step - 1 === missing) found += missing;
		else wrong++;
		before = sequencer.sequence;
		missing = 0;
	}
	return { lost, found, wrong };
}

function expectFound(check: Check, frame: number, jitter: number): void {
	const { lost, found, wrong } = losses(frame, jitter, 0.1, 5000);
	check.ok(lost > 400, "losses");
	// The first packets teach the phase.
	check.ok(wrong <= 3 && found >= lost - 3, `${frame} ms frames, ${jitter} ms: ${found} of ${lost} found, ${wrong} wrong`);
}

export default function (suite: Suite): void {
	suite.test("KV-16: without numbers every loss is found at its place while the jitter is less than a frame", (check) => {
		expectFound(check, 20, 10);
		expectFound(check, 40, 30);
		expectFound(check, 60, 30);
		expectFound(check, 60, 50);
	});

	suite.test("KV-16: with more jitter than that losses are missed rather than invented", (check) => {
		const { wrong } = losses(20, 40, 0, 5000);
		check.ok(wrong < 50, `${wrong} of 5,000 numbers are wrong without any loss`);
	});

	suite.test("arrival: numbers and media time go on by frames, 16 and 32 bits", (check) => {
		const sequencer = new ArrivalSequencer(PER_MS);
		let media = 0;
		for (let i = 0; i < 80_000; i++) {
			sequencer.accept(i, 2880, 1000 + i * 60);
			if (i === 0) media = sequencer.media;
			else media = (media + 2880) | 0;
			if (sequencer.media !== media || sequencer.sequence !== ((1 + i) & 0xffff)) check.fail(`packet ${i}`);
		}
		check.equal(sequencer.copies, 0);
	});

	suite.test("arrival: drift of the sender's clock is followed", (check) => {
		for (const ppm of [-200, 200]) {
			const sequencer = new ArrivalSequencer(PER_MS);
			const dice = new Dice(3);
			let wrong = 0;
			for (let i = 0; i < 30_000; i++) {
				sequencer.accept(i, 960, 1000 + (i * 20) / (1 + ppm / 1e6) + dice.fraction() * 10);
				if (sequencer.sequence !== ((i + 1) & 0xffff)) wrong++;
			}
			check.equal(wrong, 0, `${ppm} ppm over 10 minutes`);
		}
	});

	suite.test("arrival: copies are known by their bytes, where no packet is due", (check) => {
		const sequencer = new ArrivalSequencer(PER_MS);
		check.ok(sequencer.accept(11, 960, 1000));
		check.ok(!sequencer.accept(11, 960, 1001));
		check.ok(sequencer.accept(12, 960, 1020));
		check.ok(!sequencer.accept(11, 960, 1021), "of an older one");
		check.ok(sequencer.accept(13, 960, 1040));
		check.ok(!sequencer.accept(13, 960, 1049), "late");
		check.ok(sequencer.accept(14, 960, 1075), "itself late");
		check.ok(!sequencer.accept(14, 960, 1076), "of a late one");
		check.equal(sequencer.copies, 4);
		check.equal(sequencer.sequence, 4);
	});

	suite.test("arrival: silence, a tone and sounds that come again on schedule are no copies, with jitter and losses", (check) => {
		for (const period of [1, 3]) {
			const sequencer = new ArrivalSequencer(PER_MS);
			const dice = new Dice(5);
			let latest = 0;
			let kept = 0;
			let sent = 0;
			for (let i = 0; i < 3000; i++) {
				if (i % 50 === 49) continue;
				sent++;
				latest = Math.max(latest, 1000 + i * 60 + dice.fraction() * 25);
				if (sequencer.accept(i % period, 2880, latest)) kept++;
				if (i % 10 === 5 && sequencer.accept(i % period, 2880, latest + 1)) kept++;
			}
			check.ok(sent - kept <= 1 && kept <= sent, `period ${period}: ${kept} of ${sent}`);
			const away = 3000 - (sequencer.sequence & 0xffff);
			check.ok(away >= 0 && away <= 2, `period ${period}: losses are seen, number ${sequencer.sequence} of 3000`);
		}
	});

	suite.test("arrival: frames of silence that are all the same are frames", (check) => {
		const sequencer = new ArrivalSequencer(PER_MS);
		let kept = 0;
		for (let i = 0; i < 100; i++) if (sequencer.accept(i < 10 ? i : 77, 960, 1000 + i * 20)) kept++;
		check.equal(kept, 100);
		check.equal(sequencer.copies, 0);
		check.equal(sequencer.media, (99 * 960) | 0, "no time is lost");
		sequencer.accept(500, 960, 3000);
		check.equal(sequencer.media, (100 * 960) | 0);
	});

	suite.test("arrival: after a pause the media time goes on and nothing counts as lost", (check) => {
		const sequencer = new ArrivalSequencer(PER_MS);
		for (let i = 0; i < 10; i++) sequencer.accept(i, 960, 1000 + i * 20);
		const number = sequencer.sequence;
		sequencer.accept(50, 960, 1000 + 30 * 20 + 5);
		check.equal(sequencer.sequence, number + 1);
		check.equal(sequencer.media, 30 * 960);
		sequencer.accept(51, 960, 9000);
		check.equal(sequencer.sequence, number + 2, "a long pause");
	});

	suite.test("arrival: a number that is known decides: losses, order, pauses", (check) => {
		const sequencer = new ArrivalSequencer(PER_MS);
		for (let i = 0; i < 5; i++) sequencer.number(65533 + i > 65535 ? i - 3 : 65533 + i, 960, 1000 + i * 20);
		const first = sequencer.media - 4 * 960;
		check.equal(sequencer.sequence, 1);
		sequencer.number(4, 960, 1000 + 7 * 20 + 18);
		check.equal(sequencer.media - first, 7 * 960, "2 and 3 are missing");
		sequencer.number(3, 960, 1000 + 7 * 20 + 19);
		check.equal(sequencer.media - first, 6 * 960, "3 came behind 4");
		sequencer.number(5, 960, 1000 + 8 * 20);
		check.equal(sequencer.media - first, 8 * 960);
		sequencer.number(6, 960, 1000 + 40 * 20);
		check.equal(sequencer.media - first, 40 * 960, "a pause: its number is the next one");
	});

	suite.test("arrival: 100,000 packets cost no slot and no chunk", (check) => {
		const sequencer = new ArrivalSequencer(PER_MS);
		const allocation = new Allocation();
		for (let i = 0; i < 100_100; i++) {
			if (i === 100) allocation.begin();
			if (i % 13 !== 0) sequencer.accept(i, 960, 1000 + i * 20 + (i % 5));
		}
		allocation.expectNone(check);
	});
}
