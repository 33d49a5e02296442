import { peak, resample, resamplerBytes, resamplerNeed, resamplerStart, tone } from "media/audio/samples";
import { Allocation } from "unit/allocation";
import { decibels, fitTone, toneQuality } from "unit/audio_signals";
import type { Suite } from "unit/suite";

/** Arena of a test: the state, then the input, then the output. */
const INPUT = 4096;
const OUTPUT = 65536;
const ROOM = 32768;

class Rig {
	readonly buffer = new ArrayBuffer(OUTPUT + 2 * ROOM);
	readonly pcm = new Int16Array(this.buffer);
	readonly out = new Int16Array(this.buffer, OUTPUT);
	readonly ratio: number;

	constructor(ratio: number, largest = ratio) {
		this.ratio = ratio;
		resamplerStart(this.buffer, 8, largest);
	}

	/** Runs a tone (turns an input sample) through in pieces of an uneven size. @returns samples made. */
	run(frequency: number, amplitude: number, samples: number): number {
		let made = 0;
		let phase = 0;
		for (let done = 0, piece = 1; done < samples; done += piece) {
			piece = Math.min(samples - done, 1 + ((done * 7) % 501));
			phase = tone(this.buffer, INPUT, piece, phase, frequency, amplitude);
			made += resample(this.buffer, 8, INPUT, piece, OUTPUT + 2 * made, ROOM - made, this.ratio);
		}
		return made;
	}
}

/** Pairs of rates, and a clock that runs 0.05 % off. */
const RATES: readonly (readonly [number, number])[] = Object.freeze([
	[8000, 16000],
	[8000, 48000],
	[16000, 48000],
	[16000, 8000],
	[48000, 16000],
	[48000, 8000],
	[24000, 16000],
	[44100, 16000],
	[22050, 48000],
	[16000, 16008],
	[16008, 16000],
] as const);

export default function resampling(suite: Suite): void {
	suite.test("audio resample: a tone keeps its loudness and comes out at least 66 dB above all else", (check) => {
		for (const [from, to] of RATES) {
			const lower = Math.min(from, to);
			for (const part of [0.05, 0.2, 0.37]) {
				const frequency = part * lower;
				const rig = new Rig(from / to);
				const made = rig.run(frequency / from, 16000, Math.min(6000, Math.floor((6000 * from) / to)));
				const skip = 200;
				const fit = fitTone(rig.out, skip, made - skip, frequency / to);
				const quality = toneQuality(rig.out, skip, made - skip, frequency / to);
				const what = from + " to " + to + ", " + frequency + " Hz: ";
				check.ok(quality >= 66, what + quality.toFixed(1) + " dB");
				check.ok(Math.abs(decibels(fit.amplitude / 16000)) < 0.1, what + "loudness " + fit.amplitude.toFixed(0));
			}
		}
	});

	suite.test("audio resample: what the lower rate cannot hold is 55 dB down", (check) => {
		for (const [from, to] of [
			[48000, 16000],
			[48000, 8000],
			[16000, 8000],
			[44100, 16000],
		] as const)
			for (const part of [0.53, 0.61, 0.8, 0.99]) {
				const frequency = part * to;
				if (frequency > from / 2) continue;
				const rig = new Rig(from / to);
				const made = rig.run(frequency / from, 16000, Math.floor((6000 * from) / to));
				const left = decibels(peak(rig.buffer, OUTPUT + 400, made - 200) / 16000);
				check.ok(left < -55, from + " to " + to + ", " + frequency + " Hz: " + left.toFixed(1) + " dB");
			}
	});

	suite.test("audio resample: sample 0 comes out as sample 0, and silence stays silent", (check) => {
		const rig = new Rig(1 / 3);
		rig.pcm.fill(0, INPUT / 2, INPUT / 2 + 100);
		rig.pcm[INPUT / 2 + 20] = 20000;
		const made = resample(rig.buffer, 8, INPUT, 100, OUTPUT, ROOM, 1 / 3);
		check.ok(made === 3 * (100 - 16) || made === 3 * (100 - 16) + 1, "it waits for 16 samples: " + made);
		let largest = 0;
		for (let i = 0; i < made; i++) if ((rig.out[i] as number) > (rig.out[largest] as number)) largest = i;
		check.equal(largest, 60);
		check.equal(rig.out[0], 0);
	});

	suite.test("audio resample: resamplerNeed is exact, for any ratio and piece", (check) => {
		for (const [from, to] of RATES) {
			const rig = new Rig(from / to, 6.1);
			for (let turn = 0; turn < 50; turn++) {
				const wanted = 1 + ((turn * 37) % 320);
				/* The clock of a peer is followed. */
				const ratio = rig.ratio * (1 + ((turn % 7) - 3) * 1e-4);
				const need = resamplerNeed(rig.buffer, 8, wanted, ratio);
				const what = from + " to " + to + ", " + wanted + " of " + need;
				if (need > 1) {
					check.throws(() => resample(rig.buffer, 8, INPUT, need + 1 + Math.ceil(ratio), OUTPUT, wanted, ratio), "no room");
					const first = resample(rig.buffer, 8, INPUT, need - 1, OUTPUT, wanted, ratio);
					check.ok(first < wanted, what + ": one fewer gives " + first);
					check.equal(resample(rig.buffer, 8, INPUT, 1, OUTPUT, wanted - first, ratio), wanted - first, what);
				} else check.equal(resample(rig.buffer, 8, INPUT, need, OUTPUT, wanted, ratio), wanted, what);
			}
		}
	});

	suite.test("audio resample: a state that was overwritten, a larger ratio and too little room are refused", (check) => {
		const rig = new Rig(1);
		const bytes = new Uint8Array(rig.buffer);
		check.throws(() => resample(rig.buffer, 8, INPUT, 100, OUTPUT, 82, 1), "no room");
		check.equal(resample(rig.buffer, 8, INPUT, 100, OUTPUT, 84, 1), 84);
		check.throws(() => resample(rig.buffer, 8, INPUT, 100, OUTPUT, ROOM, 2), "smaller ratio");
		check.throws(() => resample(rig.buffer, 8, INPUT, 100, OUTPUT, ROOM, 0), "1/24 to 24");
		check.throws(() => resample(rig.buffer, 8, INPUT, 100, OUTPUT, ROOM, Number.NaN), "1/24 to 24");
		check.throws(() => resample(rig.buffer, 6, INPUT, 100, OUTPUT, ROOM, 1), "4 divides");
		check.throws(() => resample(rig.buffer, 8, OUTPUT + 2 * ROOM - 10, 6, OUTPUT, ROOM, 1), "outside");
		check.throws(() => resample(rig.buffer, 8, INPUT, 100, OUTPUT, ROOM + 1, 1), "outside");
		check.throws(() => resamplerStart(rig.buffer, rig.buffer.byteLength - 200, 1), "outside");
		check.throws(() => resamplerNeed(rig.buffer, 2000, 10, 1), "no resampler");
		check.ok(resamplerBytes(1) <= 256 && resamplerBytes(6) <= 600, resamplerBytes(1) + ", " + resamplerBytes(6));
		let refused = 0;
		for (let seed = 1; seed < 2000; seed++) {
			resamplerStart(rig.buffer, 8, 1);
			for (let i = 0; i < 3; i++) bytes[8 + ((seed * (i + 3)) % 12)] = (seed * 31 * (i + 1)) & 255;
			try {
				resample(rig.buffer, 8, INPUT, 50, OUTPUT, ROOM, 1);
			} catch {
				refused++;
			}
		}
		check.ok(refused > 500, "refused " + refused);
	});

	suite.test("audio resample: 10,000 calls allocate nothing", (check) => {
		const rig = new Rig(3);
		const allocation = new Allocation();
		for (let turn = 0; turn < 2; turn++) {
			allocation.begin();
			for (let i = 0; i < 10_000; i++) {
				const need = resamplerNeed(rig.buffer, 8, 10, 3);
				resample(rig.buffer, 8, INPUT, need, OUTPUT, 10, 3);
			}
		}
		allocation.expectNone(check);
	});
}
