import { File, FileWriter, read } from "files/files";
import { Format, level, mulawEncode, tone } from "media/audio/samples";
import { readWavHeader, WAV_HEADER, WavLayout, writeWavHeader } from "media/audio/wav";
import { WavSink } from "media/audio/wav_sink";
import { WavSource, wavSourceBytes } from "media/audio/wav_source";
import { Allocation } from "unit/allocation";
import { decibels, fitTone } from "unit/audio_signals";
import { Scratch } from "unit/scratch";
import type { Check, Suite } from "unit/suite";

/** Where a source's memory lies, and where it reads to. */
const STATE = 64;
const OUT = 16384;

/** A clock that a test sets. */
class Hand {
	now = 1000;
	readonly clock = (): number => this.now;
}

interface Shape {
	readonly tag: number;
	readonly bits: number;
	readonly channels: number;
	readonly rate: number;
}

/** A WAV file: a head of the shape, `before` bytes of other chunks, and the sound. `size` is what the data chunk says. */
function wav(shape: Shape, sound: Uint8Array, size = sound.length, before = 0): Uint8Array {
	const bytes = new Uint8Array(44 + (before > 0 ? 8 + before + (before & 1) : 0) + sound.length);
	const view = new DataView(bytes.buffer);
	writeWavHeader(view, shape.rate, 0);
	view.setUint16(20, shape.tag, true);
	view.setUint16(22, shape.channels, true);
	view.setUint16(34, shape.bits, true);
	let at = 36;
	if (before > 0) {
		view.setUint32(at, 0x5453494c, true); // LIST
		view.setUint32(at + 4, before, true);
		at += 8 + before + (before & 1);
	}
	view.setUint32(at, 0x61746164, true);
	view.setUint32(at + 4, size, true);
	bytes.set(sound, at + 8);
	return bytes;
}

/** A tone of `frequency` in the form of a file, the same in all channels. */
function sound(shape: Shape, format: number, frequency: number, frames: number): Uint8Array {
	const buffer = new ArrayBuffer(2 * frames);
	const pcm = new Int16Array(buffer);
	tone(buffer, 0, frames, 0, frequency / shape.rate, 12000);
	const width = shape.bits / 8;
	const bytes = new Uint8Array(frames * shape.channels * width);
	const view = new DataView(bytes.buffer);
	const law = new ArrayBuffer(2 * frames);
	new Int16Array(law).set(pcm);
	mulawEncode(law, 0, 0, frames);
	for (let i = 0; i < frames * shape.channels; i++) {
		const value = pcm[Math.floor(i / shape.channels)] as number;
		const at = i * width;
		if (format === Format.U8) view.setUint8(at, (value >> 8) + 128);
		else if (format === Format.S16) view.setInt16(at, value, true);
		else if (format === Format.S24) {
			view.setUint8(at, 7);
			view.setInt16(at + 1, value, true);
		} else if (format === Format.S32) view.setInt32(at, value * 65536, true);
		else if (format === Format.F32) view.setFloat32(at, value / 32768, true);
		else view.setUint8(at, new Uint8Array(law)[Math.floor(i / shape.channels)] as number);
	}
	return bytes;
}

class Rig {
	readonly hand = new Hand();
	readonly buffer = new ArrayBuffer(65536);
	readonly out = new Int16Array(this.buffer, OUT);
	readonly source: WavSource;

	constructor(path: string, rate: number, loop = false) {
		this.source = new WavSource({ path, rate, loop, offset: STATE, clock: this.hand.clock });
	}

	/** Reads `samples` in frames of 20 ms at the pace of the clock. @returns samples read. */
	play(samples: number, rate: number): number {
		const frame = rate / 50;
		let made = 0;
		while (made + frame <= samples) {
			this.hand.now += 20;
			const count = this.source.read(this.buffer, OUT + 2 * made, frame);
			if (count !== frame) return made;
			made += frame;
		}
		return made;
	}
}

function reading(suite: Suite): void {
	suite.test("audio WAV: every form, rate and number of channels is played as one channel of the wanted rate", (check) => {
		const scratch = new Scratch();
		const forms: [number, number, number][] = [
			[1, 8, Format.U8],
			[1, 16, Format.S16],
			[1, 24, Format.S24],
			[1, 32, Format.S32],
			[3, 32, Format.F32],
			[7, 8, Format.MULAW],
		];
		for (const [tag, bits, format] of forms)
			for (const [rate, channels, wanted] of [
				[16000, 1, 16000],
				[44100, 2, 16000],
				[8000, 1, 48000],
				[192000, 1, 8000],
			] as const) {
				const shape = { tag, bits, channels, rate };
				const path = scratch.write("form.wav", wav(shape, sound(shape, format, 500, Math.floor(rate / 4)), undefined, 7));
				const rig = new Rig(path, wanted);
				rig.source.start();
				const made = rig.play(wanted / 5, wanted);
				const what = format + " at " + rate + " to " + wanted + ": ";
				check.equal(made, wanted / 5, what + "samples");
				const fit = fitTone(rig.out, 100, made - 200, 500 / wanted);
				const coarse = bits === 8;
				check.ok(Math.abs(decibels(fit.amplitude / 12000)) < (coarse ? 0.3 : 0.1), what + fit.amplitude);
				check.ok(fit.rest < (coarse ? 400 : 20), what + "rest " + fit.rest);
				rig.source.close();
			}
		scratch.remove();
	});

	suite.test("audio WAV: a source gives at the pace of the clock, whole frames only, then -1 at the end", (check) => {
		const scratch = new Scratch();
		const shape = { tag: 1, bits: 16, channels: 1, rate: 8000 };
		const rig = new Rig(scratch.write("a.wav", wav(shape, sound(shape, Format.S16, 500, 400))), 8000);
		check.equal(rig.source.read(rig.buffer, OUT, 160), -1, "before the start");
		rig.source.start();
		check.equal(rig.source.read(rig.buffer, OUT, 160), 0);
		rig.hand.now += 19.8;
		check.equal(rig.source.read(rig.buffer, OUT, 160), 0);
		rig.hand.now += 0.2;
		check.equal(rig.source.read(rig.buffer, OUT, 160), 160);
		check.equal(rig.source.read(rig.buffer, OUT, 160), 0);
		rig.hand.now += 50;
		check.equal(rig.source.read(rig.buffer, OUT, 160), 160);
		check.equal(rig.source.read(rig.buffer, OUT, 160), 160, "the rest, and zeros");
		check.ok(rig.out[79] !== 0 || rig.out[78] !== 0, "the end of the file");
		check.equal(level(rig.buffer, OUT + 160, 80), 0);
		rig.hand.now += 100;
		check.equal(rig.source.read(rig.buffer, OUT, 160), -1);
		rig.source.start();
		rig.hand.now += 20;
		check.equal(rig.source.read(rig.buffer, OUT, 160), 160, "from the beginning");
		rig.source.close();
		rig.source.close();
		scratch.remove();
	});

	suite.test("audio WAV: a loop goes on without a gap; what nobody reads in time is lost and counted", (check) => {
		const scratch = new Scratch();
		const shape = { tag: 1, bits: 16, channels: 1, rate: 16000 };
		/* 800 samples are 25 turns: the loop has no seam. */
		const rig = new Rig(scratch.write("a.wav", wav(shape, sound(shape, Format.S16, 500, 800))), 16000, true);
		rig.source.start();
		const made = rig.play(8000, 16000);
		check.equal(made, 8000);
		check.ok(fitTone(rig.out, 0, made, 500 / 16000).rest < 2, "rest " + fitTone(rig.out, 0, made, 500 / 16000).rest);
		check.equal(rig.source.lost, 0);
		rig.hand.now += 2500;
		check.equal(rig.source.read(rig.buffer, OUT, 320), 320);
		check.equal(rig.source.lost, 32000);
		rig.source.close();
		scratch.remove();
	});

	suite.test("audio WAV: a file that was cut off or never finished is played as far as it goes", (check) => {
		const scratch = new Scratch();
		const shape = { tag: 1, bits: 16, channels: 2, rate: 16000 };
		const content = sound(shape, Format.S16, 500, 100);
		const layout = new WavLayout();
		for (const [size, frames] of [
			[0, 100],
			[0xffffffff, 100],
			[400, 100],
			[401, 100],
			[399, 99],
			[40, 10],
		] as const) {
			const file = new File(scratch.write("cut.wav", wav(shape, content, size)));
			check.equal(readWavHeader(file, layout), "");
			check.equal(layout.frames, frames, "size " + size);
			file.close();
		}
		scratch.remove();
	});

	suite.test("audio WAV: what cannot be played is refused with the file's name and the reason", (check) => {
		const scratch = new Scratch();
		const good = { tag: 1, bits: 16, channels: 1, rate: 16000 };
		const content = sound(good, Format.S16, 500, 100);
		const refuse = (bytes: Uint8Array, why: string): void => {
			const path = scratch.write("bad.wav", bytes);
			const rig = new Rig(path, 16000);
			check.throws(() => rig.source.start(), "bad.wav " + why);
			check.equal(rig.source.read(rig.buffer, OUT, 160), -1);
		};
		refuse(new Uint8Array(0), "is no WAV file");
		refuse(new Uint8Array(100), "is no WAV file");
		refuse(wav(good, new Uint8Array(0)), "is a WAV file without sound");
		refuse(wav(good, content).slice(0, 36), "is a WAV file without sound");
		refuse(wav(good, content).slice(0, 30), "is a damaged WAV file");
		refuse(wav({ ...good, tag: 2 }, content), "holds sound of format 2 with 16 bits");
		refuse(wav({ ...good, bits: 12 }, content), "holds sound of format 1 with 12 bits");
		refuse(wav({ ...good, channels: 0 }, content), "has 0 channels");
		refuse(wav({ ...good, channels: 9 }, content), "has 9 channels");
		refuse(wav({ ...good, rate: 999 }, content), "has a sample rate of 999");
		refuse(wav({ ...good, rate: 192001 }, content), "has a sample rate of 192001");
		const without = wav(good, content);
		without[12] = 0x46;
		refuse(without, "is a WAV file without a format");
		const rig = new Rig(scratch.path + "/none.wav", 16000);
		check.throws(() => rig.source.start(), "none.wav");
		scratch.remove();
	});

	suite.test("audio WAV: random heads never lead out of anything", (check) => {
		const scratch = new Scratch();
		const shape = { tag: 1, bits: 16, channels: 1, rate: 16000 };
		const bytes = wav(shape, sound(shape, Format.S16, 500, 200), undefined, 20);
		let seed = 3;
		let played = 0;
		for (let i = 0; i < 300; i++) {
			const copy = bytes.slice();
			for (let k = 0; k < 3; k++) {
				seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
				copy[(seed >> 8) % 72] = seed >> 20;
			}
			const rig = new Rig(scratch.write("random.wav", copy), 16000);
			try {
				rig.source.start();
			} catch {
				continue;
			}
			if (rig.play(1600, 16000) > 0) played++;
			rig.source.close();
		}
		check.ok(played > 10 && played < 290, "played " + played);
		scratch.remove();
	});
}

/** What a file that a sink wrote holds. */
function recorded(check: Check, path: string): Int16Array {
	const file = new File(path);
	const layout = new WavLayout();
	check.equal(readWavHeader(file, layout), "");
	check.equal(layout.format, Format.S16);
	check.equal(layout.channels, 1);
	const bytes = new ArrayBuffer(2 * layout.frames);
	check.equal(file.read(bytes, 0, 2 * layout.frames, layout.start), 2 * layout.frames);
	file.close();
	return new Int16Array(bytes);
}

function writing(suite: Suite): void {
	suite.test("audio WAV: a sink records what a loudspeaker would play, silence included", (check) => {
		const scratch = new Scratch();
		const hand = new Hand();
		const buffer = new ArrayBuffer(1000);
		const pcm = new Int16Array(buffer);
		for (let i = 0; i < 500; i++) pcm[i] = i + 1;
		const path = scratch.path + "/out.wav";
		const sink = new WavSink({ path, rate: 8000, clock: hand.clock });
		check.equal(sink.capacity, 1600);
		sink.start();
		check.equal(sink.queued, 0);
		hand.now += 10;
		check.equal(sink.starved, 0);
		check.equal(sink.queued, 0);
		check.equal(sink.starved, 80);
		check.equal(sink.write(buffer, 0, 160), 160);
		check.equal(sink.queued, 160);
		hand.now += 5;
		check.equal(sink.queued, 120);
		check.equal(sink.write(buffer, 320, 160), 160);
		hand.now += 50;
		check.equal(sink.queued, 0);
		check.equal(sink.starved, 200);
		check.equal(sink.write(buffer, 640, 100), 100);
		sink.close();
		sink.close();
		const out = recorded(check, path);
		check.equal(out.length, 80 + 160 + 160 + 120 + 100);
		for (let i = 0; i < 80; i++) if (out[i] !== 0) check.fail("silence before");
		for (let i = 0; i < 320; i++) if (out[80 + i] !== i + 1) check.fail("sample " + i);
		for (let i = 0; i < 120; i++) if (out[400 + i] !== 0) check.fail("silence between");
		for (let i = 0; i < 100; i++) if (out[520 + i] !== 321 + i) check.fail("sample " + (320 + i));
		scratch.remove();
	});

	suite.test("audio WAV: a sink takes no more than it can hold, and goes on as the clock does", (check) => {
		const scratch = new Scratch();
		const hand = new Hand();
		const buffer = new ArrayBuffer(8000);
		const sink = new WavSink({ path: scratch.path + "/out.wav", rate: 8000, clock: hand.clock });
		sink.start();
		check.equal(sink.write(buffer, 0, 4000), 1600);
		check.equal(sink.write(buffer, 0, 4000), 0);
		hand.now += 20;
		check.equal(sink.write(buffer, 0, 4000), 160);
		sink.close();
		scratch.remove();
	});

	suite.test(
		"audio WAV: while it records, the header is right to a second: a killed process leaves a file that can be played",
		(check) => {
			const scratch = new Scratch();
			const hand = new Hand();
			const buffer = new ArrayBuffer(320);
			tone(buffer, 0, 160, 0, 0.05, 9000);
			const path = scratch.path + "/out.wav";
			const sink = new WavSink({ path, rate: 8000, clock: hand.clock });
			sink.start();
			check.equal(read(path, 1000).byteLength, WAV_HEADER);
			for (let i = 0; i < 175; i++) {
				sink.write(buffer, 0, 160);
				hand.now += 20;
			}
			const out = recorded(check, path);
			check.ok(out.length >= 20_000 && out.length <= 28_000, "samples: " + out.length);
			sink.close();
			check.equal(recorded(check, path).length, 28_000);
			scratch.remove();
		},
	);

	suite.test("audio WAV: at its limit, or when the disk is full, recording ends and playing goes on", (check) => {
		const scratch = new Scratch();
		const hand = new Hand();
		const buffer = new ArrayBuffer(320);
		const path = scratch.path + "/out.wav";
		const sink = new WavSink({ path, rate: 8000, clock: hand.clock, limit: 1000 });
		sink.start();
		for (let i = 0; i < 10; i++) {
			check.equal(sink.write(buffer, 0, 160), 160);
			hand.now += 20;
		}
		check.ok(sink.error.indexOf("limit of 1000 bytes") > 0, sink.error);
		check.equal(recorded(check, path).length, 480);
		const full = new WavSink({ path: "/dev/full", rate: 8000, clock: hand.clock });
		check.throws(() => full.start(), "/dev/full");
		const none = new WavSink({ path: scratch.path + "/none/x.wav", rate: 8000, clock: hand.clock });
		check.throws(() => none.start(), "ENOENT");
		check.equal(none.write(buffer, 0, 160), 160);
		scratch.remove();
	});

	suite.test("files: a FileWriter writes anywhere, and empties what was there", (check) => {
		const scratch = new Scratch();
		const path = scratch.write("x", new Uint8Array(100));
		const writer = new FileWriter(path);
		const bytes = new Uint8Array([1, 2, 3, 4]);
		check.equal(writer.write(bytes.buffer, 1, 2, 3), true);
		check.equal(writer.write(bytes.buffer, 0, 1, 0), true);
		check.hex(read(path, 100), 0, "0100000203");
		check.equal(read(path, 100).byteLength, 5);
		check.throws(() => writer.write(bytes.buffer, 3, 2, 0), "outside");
		writer.close();
		writer.close();
		check.equal(writer.write(bytes.buffer, 0, 1, 0), false);
		check.throws(() => new FileWriter(scratch.path), "EISDIR");
		check.throws(() => new FileWriter("/dev/null"), "not a regular file");
		scratch.remove();
	});

	suite.test("audio WAV: 10,000 frames played and recorded allocate nothing", (check) => {
		const scratch = new Scratch();
		const shape = { tag: 1, bits: 16, channels: 2, rate: 44100 };
		const rig = new Rig(scratch.write("a.wav", wav(shape, sound(shape, Format.S16, 500, 4410))), 8000, true);
		const sink = new WavSink({ path: scratch.path + "/out.wav", rate: 8000, clock: rig.hand.clock, limit: 1_000_000 });
		rig.source.start();
		sink.start();
		const allocation = new Allocation();
		for (let turn = 0; turn < 2; turn++) {
			allocation.begin();
			for (let i = 0; i < 10_000; i++) {
				rig.hand.now += 2.5;
				const count = rig.source.read(rig.buffer, OUT, 20);
				if (count !== 20 || sink.write(rig.buffer, OUT, 20) !== 20) check.fail("frame " + i);
				if (sink.queued > 40) check.fail("queued");
			}
		}
		allocation.expectNone(check);
		check.ok(wavSourceBytes(8000) < 4096 && wavSourceBytes(48000) < 2700, wavSourceBytes(8000) + " bytes");
		rig.source.close();
		sink.close();
		scratch.remove();
	});
}

export default function wavFiles(suite: Suite): void {
	reading(suite);
	writing(suite);
}
