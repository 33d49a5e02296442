import type { AudioDecoder } from "media/audio/audio";
import { tone } from "media/audio/samples";
import { Listener, listenerBytes } from "media/voice/listener";
import { OpusReader } from "media/voice/packet_reader";
import { fingerprint, stretch } from "media/voice/signal";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";
import { Arena } from "storage/arena";
import { ClockedSink, Dice, SETTINGS } from "unit/voice_line";

const RATE = 16000;
const SAMPLES = 320;
const ROOM = 500;

/** Whatever a packet says, its samples are all the same. */
class Constant implements AudioDecoder {
	readonly #view: DataView;
	readonly #value: number;
	constructor(arena: Arena, value: number) {
		this.#view = arena.view;
		this.#value = value;
	}
	decode(_buffer: ArrayBuffer, _from: number, _length: number, to: number): number {
		for (let i = 0; i < 160; i++) this.#view.setInt16(to + i * 2, this.#value, true);
		return 160;
	}
	conceal(buffer: ArrayBuffer, _from: number, _length: number, to: number, samples: number): number {
		new Uint8Array(buffer).fill(0, to, to + samples * 2);
		return samples;
	}
	reset(): void {}
	close(): void {}
}

/** What is heard at the end of half a second in which four speakers, or some of them, give these values. */
function mixed(values: readonly number[]): number {
	const settings = { ...SETTINGS, speakers: 4, jitter: { minimum: 10, maximum: 20, packets: 12 } };
	const size = listenerBytes(settings);
	const arena = new Arena(size + 40);
	const sink = new ClockedSink(8000, 800);
	const decoders: Constant[] = [];
	for (let i = 0; i < 4; i++) decoders.push(new Constant(arena, values[i] ?? 0));
	const listener = new Listener({ settings, arena, offset: 0, sink, decoders, reader: new OpusReader(arena.bytes) });
	let last = 0;
	sink.onWrite = (_buffer, offset) => {
		last = arena.view.getInt16(offset, true);
	};
	arena.bytes[size] = 0x48;
	for (let i = 0; i < values.length; i++) listener.speaker(i + 1, 0, 0);
	for (let now = 0; now < 500; now += 10) {
		sink.pass(now);
		for (let i = 0; i < values.length && now % 20 === 0; i++) {
			if (values[i] === 0) continue;
			arena.view.setInt32(size + 4, now);
			listener.receive(listener.speaker(i + 1, 0, now), size, 40, now, now / 20, now * 48);
		}
		listener.play(now);
	}
	return last;
}

/** Largest step between neighbours. */
function roughness(samples: Int16Array, count: number): number {
	let largest = 0;
	for (let i = 1; i < count; i++) {
		const step = Math.abs((samples[i] as number) - (samples[i - 1] as number));
		if (step > largest) largest = step;
	}
	return largest;
}

export default function (suite: Suite): void {
	suite.test("signal: a voice gets shorter and longer by whole periods of its pitch, without a step", (check) => {
		for (const pitch of [110, 147, 200, 333])
			for (const direction of [-1, 1]) {
				const samples = new Int16Array(ROOM);
				tone(samples.buffer, 0, SAMPLES, 0, pitch / RATE, 10_000);
				const before = roughness(samples, SAMPLES);
				const change = stretch(samples.buffer, 0, SAMPLES, RATE, direction, 90);
				const periods = (change * pitch) / RATE;
				check.ok(change * direction > 0, `${pitch} Hz: ${change}`);
				check.ok(Math.abs(change) >= 40 && Math.abs(change) <= 160, `${pitch} Hz: ${change} samples are 2.5 to 10 ms`);
				check.ok(Math.abs(periods - Math.round(periods)) < 0.03, `${pitch} Hz: ${periods} periods`);
				check.ok(roughness(samples, SAMPLES + change) <= before * 1.05, `${pitch} Hz: smooth`);
				check.equal(samples[SAMPLES + (direction > 0 ? change : 0) + 1], 0, "nothing behind it");
			}
	});

	suite.test("signal: what does not look alike is left as it is unless it must be, and then faded", (check) => {
		const samples = new Int16Array(ROOM);
		for (let i = 0; i < SAMPLES; i++) samples[i] = 60 * i - 9600;
		const copy = new Int16Array(samples);
		check.equal(stretch(samples.buffer, 0, SAMPLES, RATE, -1, 99), 0);
		for (let i = 0; i < ROOM; i++) check.equal(samples[i], copy[i]);
		const change = stretch(samples.buffer, 0, SAMPLES, RATE, -1, 0);
		check.ok(change < 0, "it must be");
		check.ok(roughness(samples, SAMPLES + change) < 200, `${roughness(samples, SAMPLES + change)}: faded, not cut`);
	});

	suite.test("signal: silence is always alike; too few samples are left alone; spans are checked", (check) => {
		const samples = new Int16Array(ROOM);
		const dice = new Dice(8);
		for (let i = 0; i < SAMPLES; i++) samples[i] = dice.fraction() * 60 - 30;
		check.ok(stretch(samples.buffer, 0, SAMPLES, RATE, -1, 100) < 0);
		check.equal(stretch(samples.buffer, 0, 70, RATE, -1, 0), 0);
		check.equal(stretch(samples.buffer, 0, SAMPLES, RATE, 0, 0), 0);
		check.throws(() => stretch(samples.buffer, 1, SAMPLES, RATE, -1, 0), "odd");
		check.throws(() => stretch(samples.buffer, 0, ROOM, RATE, 1, 0), "outside");
		check.throws(() => stretch(samples.buffer, -2, SAMPLES, RATE, 1, 0), "outside");
		check.throws(() => fingerprint(samples.buffer, 990, 11), "outside");
		check.throws(() => fingerprint(samples.buffer, 0, -1), "outside");
	});

	suite.test("voice: several speakers are added up and clipped once, whoever of them is silent", (check) => {
		const cases: readonly (readonly number[])[] = [
			[9000],
			[0, 0, 0, 700],
			[100, 0, 20],
			[30_000, 30_000, -30_000],
			[-30_000, 30_000, 30_000, 1],
			[-20_000, -20_000, 15_000, -5],
			[30_000, 0, 30_000],
		];
		const sums = [9000, 700, 120, 30_000, 30_001, -25_005, 32_767];
		for (let i = 0; i < cases.length; i++) check.equal(mixed(cases[i]), sums[i], cases[i].join());
	});

	suite.test("signal: fingerprints tell packets apart, every byte and the length count", (check) => {
		const bytes = new Uint8Array(504);
		const dice = new Dice(2);
		for (let i = 0; i < 504; i++) bytes[i] = dice.fraction() * 256;
		const whole = fingerprint(bytes.buffer, 0, 504);
		check.ok(whole >= 0);
		check.equal(fingerprint(bytes.buffer, 0, 504), whole);
		let same = 0;
		for (let i = 0; i < 504; i++) {
			bytes[i] ^= 1;
			if (fingerprint(bytes.buffer, 0, 504) === whole) same++;
			bytes[i] ^= 1;
		}
		bytes[503] = 0;
		if (fingerprint(bytes.buffer, 0, 504) === fingerprint(bytes.buffer, 0, 503)) same++;
		check.equal(same, 0);
	});

	suite.test("signal: costs no slot and no chunk", (check) => {
		const samples = new Int16Array(ROOM);
		const buffer = samples.buffer;
		const allocation = new Allocation();
		allocation.begin();
		for (let i = 0; i < 1000; i++) {
			fingerprint(buffer, 0, 504);
			stretch(buffer, 0, SAMPLES, RATE, i % 2 === 0 ? -1 : 1, 90);
		}
		allocation.expectNone(check);
	});
}
