import { peak } from "media/audio/samples";
import type { VoiceSettings } from "media/voice/voice";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";
import { Line, PITCH, SETTINGS } from "unit/voice_line";

const MINUTE = 60_000;
/** Largest step between two samples of the line's tone (amplitude 8,000, 8 kHz), and a little for fades. */
const STEP = 8000 * 2 * Math.PI * (PITCH / 8000) * 1.3;

/** Looks at every sample played: steps between neighbours that no tone makes. */
class Ear {
	clicks = 0;
	heard = 0;
	silent = 0;
	#last = Number.NaN;
	readonly #view: DataView;

	constructor(line: Line) {
		this.#view = line.arena.view;
		line.sink.onWrite = (buffer, offset, samples) => {
			if (peak(buffer, offset, samples) === 0) this.silent += samples;
			else this.heard += samples;
			for (let i = 0; i < samples; i++) {
				const sample = this.#view.getInt16(offset + i * 2, true);
				if (Math.abs(sample - this.#last) > STEP) this.clicks++;
				this.#last = sample;
			}
		};
	}
}

/** Ten minutes with clocks that differ: the sink never runs dry, nothing piles up, counters agree with the network. */
function steady(check: Check, numbered: boolean, loss: number, jitter: number, drift: number): void {
	const what = `loss ${loss} jitter ${jitter} drift ${drift}: `;
	const line = new Line({ numbered, loss, jitter, drift, sinkDrift: -drift / 2, ordered: !numbered, seed: 5 });
	line.run(5000);
	const starved = line.sink.starved;
	let longest = 0;
	for (let i = 0; i < 595; i++) {
		line.run(1000);
		if (line.jitterBuffer.delay > longest) longest = line.jitterBuffer.delay;
	}
	const { counters, target, delay } = line.jitterBuffer;
	check.equal(line.sink.starved - starved, 0, what + "samples that were missing");
	check.equal(line.listener.dry, 0, what + "sink ran dry");
	check.equal(line.decoder.disorder, 0, what + "order");
	check.ok(Math.abs(delay - target) < 25, what + `delay ${delay}, wanted ${target}`);
	check.ok(longest < jitter + 60, what + `longest delay ${longest}`);
	check.ok(Math.abs(counters.lost - line.lost) <= 3, what + `${counters.lost} lost, the network lost ${line.lost}`);
	check.ok(counters.late <= line.sent / 50, what + `${counters.late} late`);
	check.ok(counters.dropped <= 3, what + `${counters.dropped} dropped`);
	check.ok(line.listener.pool.peak <= 12, what + "packets");
}

function alike(check: Check, settings: VoiceSettings): void {
	const line = new Line({ settings, numbered: false, loss: 0.02, jitter: settings.frame / 2, seed: 3 });
	const ear = new Ear(line);
	line.run(20_000);
	const { counters } = line.jitterBuffer;
	check.ok(Math.abs(counters.lost - line.lost) <= 2, `${settings.frame} ms: ${counters.lost} lost of ${line.lost}`);
	check.ok(counters.played > (19_000 / settings.frame) * 0.95, `${settings.frame} ms: ${counters.played} played`);
	check.equal(ear.clicks, 0, `${settings.frame} ms`);
}

export default function (suite: Suite): void {
	suite.test("voice: without a network's faults every packet is played once, in order, without a click", (check) => {
		const line = new Line({});
		const ear = new Ear(line);
		line.run(30_000);
		const { counters } = line.jitterBuffer;
		check.equal(line.decoder.disorder, 0);
		check.ok(counters.played >= line.sent - 3, `${counters.played} of ${line.sent}`);
		check.equal(counters.lost + counters.late + counters.dropped + counters.concealed, 0);
		check.equal(ear.clicks, 0);
		check.equal(line.listener.dry, 0);
	});

	for (const numbered of [true, false])
		suite.test(
			`voice: 10 minutes, ${numbered ? "with" : "without"} numbers, with losses, jitter and drifting clocks: neither dry nor piling up`,
			(check) => {
				for (const drift of [-200, 200]) {
					steady(check, numbered, 0, 0, drift);
					steady(check, numbered, 0.05, numbered ? 40 : 14, drift);
				}
				steady(check, numbered, 0.1, 0, 0);
			},
		);

	suite.test("voice: reordered packets and copies are put right and counted", (check) => {
		const line = new Line({ jitter: 40, duplicates: 0.1 });
		line.run(MINUTE);
		const { counters } = line.jitterBuffer;
		check.equal(line.decoder.disorder, 0);
		check.ok(counters.reordered > 100, `${counters.reordered} reordered`);
		check.ok(Math.abs(counters.duplicates - line.copied) <= 2, `${counters.duplicates} copies of ${line.copied}`);
		check.equal(counters.lost, 0);
		check.ok(counters.played >= line.sent - 10, `${counters.played} of ${line.sent}`);
	});

	suite.test("voice: a blackout of 12 s fades out, counts its packets as lost and ends without a click", (check) => {
		const line = new Line({});
		line.run(5000);
		const ear = new Ear(line);
		line.cut = true;
		line.run(12_000);
		check.equal(line.listener.deadline, Infinity, "nothing wakes it up meanwhile");
		line.cut = false;
		line.run(5000);
		const { counters } = line.jitterBuffer;
		check.equal(counters.lost, line.lost, "lost");
		check.equal(counters.restarts, 1);
		check.equal(ear.clicks, 0);
		check.ok(counters.played >= line.sent - line.lost - 4, `${counters.played} played`);
	});

	suite.test("voice: short blackouts, pauses of the sender and sudden detours are survived", (check) => {
		for (const numbered of [true, false]) {
			const line = new Line({ numbered, jitter: 10, ordered: true });
			const ear = new Ear(line);
			for (let i = 0; i < 20; i++) {
				line.run(3000);
				line.cut = i % 4 === 0;
				line.paused = i % 4 === 2;
				line.run(100 * (i + 1));
				line.cut = false;
				line.paused = false;
				line.jitter = i % 5 === 0 ? 80 : 10;
			}
			line.jitter = 10;
			line.run(20_000);
			check.equal(line.decoder.disorder, 0, `order, numbered ${numbered}`);
			check.equal(ear.clicks, 0, `clicks, numbered ${numbered}`);
			check.ok(line.jitterBuffer.delay < 60, `delay ${line.jitterBuffer.delay}, numbered ${numbered}`);
			check.ok(line.listener.pool.used - line.jitterBuffer.held <= 1, "blocks: one is being played");
		}
	});

	suite.test("KV-16: frames of 10, 20, 40 and 60 ms alike", (check) => {
		for (const frame of [10, 20, 40, 60]) alike(check, { ...SETTINGS, frame });
	});

	suite.test("voice: a speaker who falls silent lets the device sleep; the next word wakes it up", (check) => {
		const line = new Line({});
		line.run(2000);
		check.ok(line.listener.deadline < Infinity);
		line.paused = true;
		line.run(1000);
		check.equal(line.listener.deadline, Infinity);
		const pieces = line.listener.pieces;
		line.run(MINUTE);
		check.equal(line.listener.pieces, pieces, "pieces mixed in a minute of silence");
		line.paused = false;
		line.run(1000);
		check.ok(line.listener.pieces > pieces + 80, "heard again");
		check.equal(line.jitterBuffer.counters.lost, 0);
	});

	suite.test("voice: a sink that breaks does not stop the clock: packets go on being used up", (check) => {
		const line = new Line({});
		line.run(2000);
		line.sink.broken = true;
		line.run(MINUTE);
		check.ok(line.jitterBuffer.counters.played > 3000, `${line.jitterBuffer.counters.played} played`);
		check.ok(line.jitterBuffer.counters.dropped < 10, `${line.jitterBuffer.counters.dropped} dropped`);
	});

	suite.test("voice: the whole incoming path costs no slot and no chunk over 100,000 packets with all faults", (check) => {
		for (const numbered of [true, false]) {
			const line = new Line({ numbered, loss: 0.05, jitter: 30, duplicates: 0.02, drift: 100 });
			const allocation = new Allocation();
			line.run(10_000);
			allocation.begin();
			line.run(100_000 * 10);
			check.equal(allocation.spent(), "", `numbered ${numbered}`);
			check.ok(line.sent > 50_000);
		}
	});
}
