import {
	add,
	alawDecode,
	alawEncode,
	convert,
	Format,
	gain,
	level,
	mulawDecode,
	mulawEncode,
	peak,
	sum,
	tone,
	UNITY,
} from "media/audio/samples";
import { Allocation } from "unit/allocation";
import { fitTone } from "unit/audio_signals";
import type { Check, Suite } from "unit/suite";

/** Where things lie: not at 0, so that a forgotten offset shows. */
const A = 64;
const B = 1064;

function fill(pcm: Int16Array, offset: number, values: readonly number[]): void {
	for (let i = 0; i < values.length; i++) pcm[offset / 2 + i] = values[i] as number;
}

function expect(check: Check, pcm: Int16Array, offset: number, values: readonly number[]): void {
	for (let i = 0; i < values.length; i++) check.equal(pcm[offset / 2 + i], values[i], "sample " + i);
}

function mixing(suite: Suite): void {
	const buffer = new ArrayBuffer(4096);
	const pcm = new Int16Array(buffer);

	suite.test("audio samples: add mixes and clips at both ends", (check) => {
		pcm.fill(77);
		fill(pcm, A, [1, -1, 30000, -30000, 32767, -32768]);
		fill(pcm, B, [2, -2, 2767, -2768, 1, -1]);
		add(buffer, A, B, 6);
		expect(check, pcm, B, [3, -3, 32767, -32768, 32767, -32768]);
		check.equal(pcm[B / 2 + 6], 77, "behind it");
		check.equal(pcm[A / 2], 1, "the source stays");
	});

	suite.test("audio samples: sum of speakers is clipped once, at the end", (check) => {
		pcm.fill(0);
		fill(pcm, A, [30000, 30000, -32768]);
		fill(pcm, A + 100, [30000, 30000, -32768]);
		fill(pcm, A + 200, [-30000, 1, 5]);
		sum(buffer, A, 100, 3, B, 3);
		expect(check, pcm, B, [30000, 32767, -32768]);
		sum(buffer, A, 100, 0, B, 3);
		expect(check, pcm, B, [0, 0, 0]);
	});

	suite.test("audio samples: gain scales, rounds and clips, and moves without a step", (check) => {
		fill(pcm, A, [100, -100, 3, 20000, -20000]);
		gain(buffer, A, 5, UNITY / 2);
		expect(check, pcm, A, [50, -50, 2, 10000, -10000]);
		gain(buffer, A, 5, 4 * UNITY);
		expect(check, pcm, A, [200, -200, 8, 32767, -32768]);
		gain(buffer, A, 5, UNITY);
		expect(check, pcm, A, [200, -200, 8, 32767, -32768]);
		pcm.fill(10000, A / 2, A / 2 + 101);
		gain(buffer, A, 100, UNITY, 0);
		for (let i = 1; i < 100; i++) {
			const step = (pcm[A / 2 + i - 1] as number) - (pcm[A / 2 + i] as number);
			/* A step of the gain is 10000 / 4096. */
			check.ok(step >= 97 && step <= 103, "step " + step);
		}
		check.equal(pcm[A / 2 + 99], 0, "the last");
		check.equal(pcm[A / 2 + 100], 10000, "behind it");
	});

	suite.test("audio samples: a tone has the level, the peak and the frequency it should have", (check) => {
		const phase = tone(buffer, A, 480, 0, 1000 / 48000, 20000);
		check.ok(Math.abs(phase - Math.round(phase)) < 1e-6, "ten turns: " + phase);
		check.ok(Math.abs(level(buffer, A, 480) - 20000 / Math.SQRT2) < 1, "level " + level(buffer, A, 480));
		check.equal(peak(buffer, A, 480), 20000);
		const fit = fitTone(pcm, A / 2, 480, 1000 / 48000);
		check.ok(Math.abs(fit.amplitude - 20000) < 1 && fit.rest < 0.5, fit.amplitude + ", rest " + fit.rest);
		const first = tone(buffer, A, 100, 0.25, 0.01, 1000);
		tone(buffer, A + 200, 50, first, 0.01, 1000);
		check.ok(fitTone(pcm, A / 2, 150, 0.01).rest < 0.5, "goes on where it stopped");
		check.equal(level(buffer, A, 0), 0);
		pcm[A / 2] = -32768;
		check.equal(peak(buffer, A, 1), 32768);
		check.equal(level(buffer, A, 1), 32768);
	});

	suite.test("audio samples: a span outside the buffer, odd offsets and wrong numbers are refused", (check) => {
		check.throws(() => add(buffer, 0, 4096 - 10, 6), "outside");
		check.throws(() => add(buffer, 4096 - 10, 0, 6), "outside");
		check.throws(() => add(buffer, 1, 0, 6), "even");
		check.throws(() => add(buffer, 0, -2, 6), "offset");
		check.throws(() => add(buffer, 0, 0, 2 ** 31), "length");
		check.throws(() => add(buffer, 0, 0, 2 ** 30), "outside");
		check.throws(() => add(buffer, 0, 0, Number.NaN), "length");
		check.throws(() => sum(buffer, 0, 1000, 6, 0, 4), "outside");
		check.throws(() => sum(buffer, 0, 2 ** 30, 4, 0, 4), "outside");
		check.throws(() => sum(buffer, 0, 3, 2, 0, 4), "even");
		check.throws(() => sum(buffer, 0, 0, 257, 0, 4), "256");
		check.throws(() => gain(buffer, 4094, 2, 1), "outside");
		check.throws(() => gain(buffer, 0, 2, -1), "argument 4");
		check.throws(() => gain(buffer, 0, 2, 65537), "65536");
		check.throws(() => level(buffer, 4096, 1), "outside");
		check.throws(() => peak(buffer, 4096, 1), "outside");
		check.throws(() => tone(buffer, 4090, 4, 0, 0.1, 1), "outside");
		check.throws(() => tone(buffer, 0, 4, 1, 0.1, 1), "phase");
		check.throws(() => tone(buffer, 0, 4, 0, 0.6, 1), "step");
		check.throws(() => alawEncode(buffer, 0, 4090, 7), "outside");
		check.throws(() => mulawDecode(buffer, 4090, 0, 7), "outside");
		check.throws(() => alawDecode(buffer, 0, 4090, 4), "outside");
	});
}

/** Table 1a of G.711: the decision values in 1/4096 of full scale, where each of the 128 steps begins. */
function alawSteps(): number[] {
	const steps: number[] = [];
	for (let n = 0; n < 32; n++) steps.push(2 * n);
	for (let width = 4; width <= 128; width *= 2) {
		const start = 16 * width;
		for (let n = 0; n < 16; n++) steps.push(start + n * width);
	}
	steps.push(4096);
	return steps;
}

/** Table 2a, in 1/8159 of full scale. */
function mulawSteps(): number[] {
	const steps = [0];
	for (let n = 1, at = 1; n <= 128; n++) {
		steps.push(at);
		at += n < 16 ? 2 : 4 * 2 ** Math.floor((n - 16) / 16);
	}
	return steps;
}

/** Encodes all 65,536 samples; each code must be that of the step in which the sample lies. */
function checkCodes(check: Check, encode: typeof alawEncode, steps: readonly number[], unit: number, line: number): void {
	const buffer = new ArrayBuffer(65536 * 3);
	const pcm = new Int16Array(buffer, 0, 65536);
	const codes = new Uint8Array(buffer, 131072);
	for (let i = 0; i < 65536; i++) pcm[i] = i - 32768;
	encode(buffer, 0, 131072, 65536);
	let step = 0;
	for (let size = 0; size < 32768; size++) {
		while (step < 127 && size >= (steps[step + 1] as number) * unit) step++;
		/* Bit 8 is 1 for positive samples. */
		if (codes[32768 + size] !== ((step | 128) ^ line)) check.fail("sample " + size + " is " + codes[32768 + size]);
		if (codes[32767 - size] !== (step ^ line)) check.fail("sample " + (-1 - size) + " is " + codes[32767 - size]);
	}
	check.equal(step, 127);
}

/** Decodes all codes; `value` says what step n stands for. */
function checkValues(check: Check, decode: typeof alawDecode, value: (n: number) => number, line: number): void {
	const buffer = new ArrayBuffer(512);
	const pcm = new Int16Array(buffer);
	const codes = new Uint8Array(buffer);
	for (let i = 0; i < 256; i++) codes[i] = i;
	decode(buffer, 0, 0, 256);
	for (let n = 0; n < 128; n++) {
		check.equal(pcm[(n | 128) ^ line], value(n), "step " + n);
		check.equal(pcm[n ^ line], value(n) === 0 ? 0 : -value(n), "step -" + n);
	}
}

function g711(suite: Suite): void {
	suite.test("audio G.711: A-law is that of ITU-T tables 1a and 1b for every sample and every code", (check) => {
		const steps = alawSteps();
		check.equal(steps.length, 129);
		checkCodes(check, alawEncode, steps, 8, 0x55);
		checkValues(check, alawDecode, (n) => (((steps[n] as number) + (steps[n + 1] as number)) / 2) * 8, 0x55);
	});

	suite.test("audio G.711: mu-law is that of ITU-T tables 2a and 2b for every sample and every code", (check) => {
		const steps = mulawSteps();
		check.equal(steps[128], 8159);
		checkCodes(check, mulawEncode, steps, 4, 0x7f);
		checkValues(check, mulawDecode, (n) => (n === 0 ? 0 : (((steps[n] as number) + (steps[n + 1] as number)) / 2) * 4), 0x7f);
	});

	suite.test("audio G.711: encodes in place", (check) => {
		const buffer = new ArrayBuffer(8);
		new Int16Array(buffer).set([0, -1, 32767, -32768]);
		alawEncode(buffer, 0, 0, 4);
		check.hex(buffer, 0, "d555aa2a");
		new Int16Array(buffer).set([0, -1, 32767, -32768]);
		mulawEncode(buffer, 0, 0, 4);
		check.hex(buffer, 0, "ff7f8000");
	});
}

function conversion(suite: Suite): void {
	suite.test("audio samples: what files hold becomes 16 bits in one channel", (check) => {
		const buffer = new ArrayBuffer(64);
		const pcm = new Int16Array(buffer);
		const view = new DataView(buffer);
		const bytes = new Uint8Array(buffer);
		bytes.set([0, 128, 255]);
		convert(buffer, 0, Format.U8, 1, 0, 3);
		expect(check, pcm, 0, [-32768, 0, 32512]);
		view.setInt16(0, 1000, true);
		view.setInt16(2, -400, true);
		view.setInt16(4, 32767, true);
		view.setInt16(6, 32767, true);
		convert(buffer, 0, Format.S16, 2, 0, 2);
		expect(check, pcm, 0, [300, 32767]);
		bytes.set([0xff, 0x34, 0x12, 0, 0, 0x80]);
		convert(buffer, 0, Format.S24, 1, 32, 2);
		expect(check, pcm, 32, [0x1234, -32768]);
		view.setInt32(0, 0x12345678, true);
		convert(buffer, 0, Format.S32, 1, 32, 1);
		expect(check, pcm, 32, [0x1234]);
		const floats = [0.5, -0.25, 1, -1, 7, -7, Number.NaN];
		for (let i = 0; i < floats.length; i++) view.setFloat32(4 * i, floats[i] as number, true);
		convert(buffer, 0, Format.F32, 1, 32, 7);
		expect(check, pcm, 32, [16384, -8192, 32767, -32768, 32767, -32768, 0]);
		bytes.set([0xd5, 0x55, 0xaa]);
		convert(buffer, 0, Format.ALAW, 1, 0, 3);
		expect(check, pcm, 0, [8, -8, 32256]);
		bytes.set([0xff, 0x80, 0x00, 0x80]);
		convert(buffer, 0, Format.MULAW, 2, 32, 2);
		expect(check, pcm, 32, [16062, 0]);
		check.throws(() => convert(buffer, 0, 7, 1, 0, 1), "argument 3");
		check.throws(() => convert(buffer, 0, Format.S16, 9, 0, 1), "argument 4");
		check.throws(() => convert(buffer, 0, Format.S32, 8, 32, 3), "outside");
		check.throws(() => convert(buffer, 0, Format.S32, 8, 0, 2 ** 28), "outside");
	});

	suite.test("audio samples: 10,000 calls of each allocate nothing", (check) => {
		const buffer = new ArrayBuffer(4096);
		const allocation = new Allocation();
		for (let turn = 0; turn < 2; turn++) {
			allocation.begin();
			let phase = 0.1;
			for (let i = 0; i < 10_000; i++) {
				phase = tone(buffer, 0, 20, phase, 0.01, 10000);
				add(buffer, 0, 1024, 20);
				sum(buffer, 0, 64, 3, 512, 20);
				gain(buffer, 0, 20, 4000, 4100);
				if (level(buffer, 0, 20) + peak(buffer, 0, 20) < 0) check.fail("level");
				alawEncode(buffer, 0, 2048, 20);
				alawDecode(buffer, 2048, 0, 20);
				mulawEncode(buffer, 0, 2048, 20);
				mulawDecode(buffer, 2048, 0, 20);
				convert(buffer, 0, Format.F32, 2, 3000, 5);
			}
		}
		allocation.expectNone(check);
	});
}

export default function samples(suite: Suite): void {
	mixing(suite);
	g711(suite);
	conversion(suite);
}
