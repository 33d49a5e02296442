import type { AudioSink, AudioSource } from "media/audio/audio";
import { Sound, soundKind, soundLoops, soundPath } from "media/audio/names";
import { openSink, openSource, planSound } from "media/audio/open";
import { MemoryPlan } from "storage/plan";
import { Allocation } from "unit/allocation";
import { fitTone } from "unit/audio_signals";
import type { Suite } from "unit/suite";

const RATE = 16000;

function source(input: string, clock: () => number): AudioSource {
	const plan = new MemoryPlan();
	const settings = { input, output: "null", rate: RATE };
	planSound(plan, settings);
	plan.allocate();
	return openSource(settings, plan, clock);
}

function sink(output: string, clock: () => number): AudioSink {
	return openSink({ input: "null", output, rate: RATE }, clock);
}

export default function open(suite: Suite): void {
	suite.test("audio open: texts of the configuration name what they should", (check) => {
		for (const [text, kind] of [
			["null", Sound.NULL],
			["tone:440", Sound.TONE],
			["tone:1", Sound.TONE],
			["tone:4000", Sound.TONE],
			["tone:0", Sound.UNKNOWN],
			["tone:4001", Sound.UNKNOWN],
			["tone:a", Sound.UNKNOWN],
			["tone:1e3", Sound.UNKNOWN],
			["tone:0440", Sound.UNKNOWN],
			["tone:440.5", Sound.UNKNOWN],
			["tone:", Sound.UNKNOWN],
			["alsa:default", Sound.DEVICE],
			["alsa:plughw:1,0", Sound.DEVICE],
			["alsa:", Sound.UNKNOWN],
			["alsa:" + "x".repeat(63), Sound.DEVICE],
			["alsa:" + "x".repeat(64), Sound.UNKNOWN],
			["clip.wav", Sound.WAV],
			["/a/b/CLIP.WAV", Sound.WAV],
			["loop:clip.wav", Sound.WAV],
			[".wav", Sound.UNKNOWN],
			["loop:.wav", Sound.UNKNOWN],
			["clip.mp3", Sound.UNKNOWN],
			["", Sound.UNKNOWN],
		] as const)
			check.equal(soundKind(text), kind, text);
		check.equal(soundPath("loop:a.wav"), "a.wav");
		check.equal(soundPath("a.wav"), "a.wav");
		check.equal(soundLoops("loop:a.wav"), true);
		check.equal(soundLoops("a.wav"), false);
	});

	suite.test("audio open: what cannot be opened is refused with the key's name", (check) => {
		const clock = (): number => 0;
		check.throws(() => source("clip.mp3", clock), "audio.input: clip.mp3");
		check.throws(() => sink("tone:440", clock), "audio.output: tone:440");
		check.throws(() => sink("loop:a.wav", clock), "audio.output: loop:a.wav");
		check.throws(() => sink("", clock), "audio.output");
	});

	suite.test("audio open: memory is planned for what needs it", (check) => {
		const bytes = (input: string, output: string): number => {
			const plan = new MemoryPlan();
			planSound(plan, { input, output, rate: RATE });
			return plan.total;
		};
		check.equal(bytes("null", "null"), 0);
		check.equal(bytes("tone:440", "x.wav"), 0);
		check.ok(bytes("x.wav", "null") > 2048 && bytes("x.wav", "null") < 4096, "WAV: " + bytes("x.wav", "null"));
		check.ok(bytes("null", "alsa:default") > 6400, "loudspeaker: " + bytes("null", "alsa:default"));
		check.ok(bytes("alsa:default", "null") > 6400, "microphone");
	});

	suite.test("audio open: a tone comes at the pace of the clock, and from nowhere nothing", (check) => {
		let now = 50;
		const clock = (): number => now;
		const buffer = new ArrayBuffer(2048);
		const pcm = new Int16Array(buffer);
		const input = source("tone:440", clock);
		input.start();
		check.equal(input.read(buffer, 0, 320), 0);
		now += 20;
		check.equal(input.read(buffer, 0, 320), 320);
		check.equal(input.read(buffer, 640, 320), 0);
		now += 20;
		check.equal(input.read(buffer, 640, 320), 320);
		const fit = fitTone(pcm, 0, 640, 440 / RATE);
		check.ok(Math.abs(fit.amplitude - 8192) < 2 && fit.rest < 1, fit.amplitude + ", " + fit.rest);
		now += 1500;
		check.equal(input.read(buffer, 0, 320), 320);
		check.equal(input.lost, RATE);
		input.close();
		const silence = source("null", clock);
		silence.start();
		now += 20;
		check.equal(silence.read(buffer, 0, 320), -1, "nobody needs to look again");
	});

	suite.test("audio open: the null sink plays by the clock, and counts what it lacked", (check) => {
		let now = 50;
		const buffer = new ArrayBuffer(16384);
		const output = sink("null", () => now);
		output.start();
		check.equal(output.capacity, 3200);
		check.equal(output.write(buffer, 0, 4000), 3200);
		now += 100;
		check.equal(output.queued, 1600);
		now += 200;
		check.equal(output.queued, 0);
		check.equal(output.starved, 1600);
		output.close();
	});

	suite.test("audio open: 10,000 frames of tones into the null sink allocate nothing", (check) => {
		let now = 50;
		const clock = (): number => now;
		const buffer = new ArrayBuffer(2048);
		const input = source("tone:440", clock);
		const output = sink("null", clock);
		input.start();
		output.start();
		const allocation = new Allocation();
		for (let turn = 0; turn < 2; turn++) {
			allocation.begin();
			for (let i = 0; i < 10_000; i++) {
				now += 2.5;
				if (input.read(buffer, 0, 40) !== 40 || output.write(buffer, 0, 40) !== 40) check.fail("frame " + i);
				if (output.queued > 80 || output.starved > 100) check.fail("pace");
			}
		}
		allocation.expectNone(check);
	});
}
