import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { resample } from "../../../tools/demo/resample.ts";
import { speak } from "../../../tools/demo/speech.ts";
import { readWav, writeWav } from "../../../tools/demo/wav.ts";
import { SeededRandom } from "../../peers/random.ts";
import { temporaryFolder } from "../device.ts";
import { measure } from "./intelligibility.ts";
import { bestLag, fft } from "./signal.ts";

const RATE = 16_000;

test("speech measure: transform, resampling and lag are right", () => {
	const real = Float64Array.from({ length: 64 }, (_, index) => Math.cos((2 * Math.PI * 5 * index) / 64));
	const imaginary = new Float64Array(64);
	fft(real, imaginary);
	for (let bin = 0; bin < 64; bin += 1) assert.ok(Math.abs((real[bin] as number) - (bin === 5 || bin === 59 ? 32 : 0)) < 1e-9);
	fft(real, imaginary, true);
	assert.ok(Math.abs((real[7] as number) - Math.cos((2 * Math.PI * 35) / 64)) < 1e-12);
	const tone = Float64Array.from({ length: 4_410 }, (_, index) => Math.sin((2 * Math.PI * 1_000 * index) / 22_050));
	const other = resample(tone, 22_050, RATE);
	for (let index = 200; index < 3_000; index += 1)
		assert.ok(Math.abs((other[index] as number) - Math.sin((2 * Math.PI * 1_000 * index) / RATE)) < 0.01);
	const random = new SeededRandom(3);
	const noise = Float64Array.from({ length: 5_000 }, () => random.next() - 0.5);
	const { lag, fit } = bestLag(noise, noise.subarray(1_234, 2_234));
	assert.equal(lag, 1_234);
	assert.ok(fit > 0.999);
});

test("speech measure: 1 for the same, less for noise and losses the more there is, whatever the delay does", (t) => {
	const path = join(temporaryFolder(t), "speech.wav");
	assert.ok(speak(path), "espeak-ng is missing: see the Debian packages in the README");
	const spoken = readWav(path);
	const samples = resample(spoken.samples, spoken.rate, RATE).subarray(0, 24 * RATE);
	const original = { rate: RATE, samples };
	writeWav(path, original);
	assert.ok(readWav(path).samples.every((sample, index) => Math.abs(sample - (samples[index] as number)) < 1e-4));

	/** The record: so many samples in front, and from the middle on so many more. */
	const recorded = (change: (sample: number, index: number) => number, front = 3_000, later = 0): Float64Array => {
		const record = new Float64Array(samples.length + front + later);
		const middle = samples.length / 2;
		samples.forEach((sample, index) => {
			record[index + front + (index >= middle ? later : 0)] = change(sample, index);
		});
		return record;
	};
	const of = (record: Float64Array): ReturnType<typeof measure> => measure(original, { rate: RATE, samples: record });

	const same = of(recorded((sample) => sample));
	assert.ok(same.stoi > 0.999 && same.correlation > 0.999, JSON.stringify(same));
	assert.ok(Math.abs(same.start + 3_000 / RATE) < 0.001, JSON.stringify(same));
	const cut = of(samples.slice(5 * RATE));
	assert.ok(cut.stoi > 0.99 && Math.abs(cut.start - 5) < 0.001 && cut.seconds >= 17, JSON.stringify(cut));
	const shifted = of(recorded((sample) => sample, 8_000, 960));
	assert.ok(shifted.stoi > 0.99 && Math.abs(shifted.delaySpread - 60) < 1, JSON.stringify(shifted));

	const random = new SeededRandom(11);
	const level = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
	const noisy = (db: number): number => {
		const scale = level * Math.sqrt(12) * 10 ** (-db / 20);
		return of(recorded((sample) => sample + scale * (random.next() - 0.5))).stoi;
	};
	const lossy = (share: number): number => {
		let lost = false;
		return of(
			recorded((sample, index) => {
				if (index % 320 === 0) lost = random.chance(share);
				return lost ? 0 : sample;
			}),
		).stoi;
	};
	const noise = [noisy(20), noisy(5), noisy(-5)] as const;
	const losses = [lossy(0.02), lossy(0.1), lossy(0.4)] as const;
	for (const [good, middle, bad] of [noise, losses])
		assert.ok(good > middle && middle > bad && bad < 0.75, `${noise}; ${losses}`);
	t.diagnostic(`noise of 20, 5, -5 dB: ${noise}; silence for 2, 10, 40 % of frames: ${losses}`);
});
