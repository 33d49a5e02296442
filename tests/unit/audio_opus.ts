import { level, tone } from "media/audio/samples";
import { OpusDecoder, opusDecoderBytes, OpusEncoder, opusEncoderBytes } from "media/audio/opus";
import { Allocation } from "unit/allocation";
import { decibels, fitTone } from "unit/audio_signals";
import type { Suite } from "unit/suite";

const PCM = 0;
const PACKET = 16384;
const OUT = 20480;
const LIMIT = 4000;

class Rig {
	readonly buffer = new ArrayBuffer(40960);
	readonly out = new Int16Array(this.buffer, OUT);
	readonly bytes = new Uint8Array(this.buffer);
	#phase = 0;

	/** A frame of a tone whose loudness swings, so that it is not noise to a coder of speech. */
	tone(rate: number, samples: number, amplitude = 12000): void {
		this.#phase = tone(this.buffer, PCM, samples, this.#phase, 400 / rate, amplitude);
	}
}

export default function opus(suite: Suite): void {
	suite.test("audio opus: every rate and frame: a tone goes through", (check) => {
		for (const rate of [8000, 12000, 16000, 24000, 48000])
			for (const frame of [2.5, 5, 10, 20, 40, 60]) {
				const rig = new Rig();
				const encoder = new OpusEncoder({ rate, frame, bitrate: 48000, complexity: 3 });
				const decoder = new OpusDecoder(rate);
				const samples = (rate * frame) / 1000;
				let decoded = 0;
				for (let i = 0; i < 300 / frame; i++) {
					rig.tone(rate, samples);
					const length = encoder.encode(rig.buffer, PCM, samples, PACKET, LIMIT);
					check.ok(length > 2, rate + "/" + frame + ": " + length);
					decoded = decoder.decode(rig.buffer, PACKET, length, OUT, 5760);
					check.equal(decoded, samples);
				}
				const fit = fitTone(rig.out, 0, decoded, 400 / rate);
				check.ok(Math.abs(decibels(fit.amplitude / 12000)) < 3, rate + "/" + frame + ": loudness " + fit.amplitude);
				encoder.close();
				decoder.close();
			}
	});

	suite.test("audio opus: the bit rate of the settings is kept, and changes when told", (check) => {
		const rig = new Rig();
		const encoder = new OpusEncoder({ rate: 16000, bitrate: 16000 });
		const average = (): number => {
			let bytes = 0;
			for (let i = 0; i < 100; i++) {
				rig.tone(16000, 320);
				bytes += encoder.encode(rig.buffer, PCM, 320, PACKET, LIMIT);
			}
			return (bytes * 8) / 2;
		};
		const low = average();
		check.ok(low > 6000 && low < 20000, low + " bit/s");
		check.equal(encoder.tune(64000, 0), true);
		const high = average();
		check.ok(high > 2 * low, high + " bit/s");
		encoder.close();
	});

	suite.test("audio opus: DTX gives 0 bytes for most of a silence, and goes on with speech", (check) => {
		const rig = new Rig();
		const encoder = new OpusEncoder({ rate: 16000, bitrate: 24000, dtx: true });
		let sent = 0;
		for (let i = 0; i < 150; i++) if (encoder.encode(rig.buffer, PCM, 320, PACKET, LIMIT) > 0) sent++;
		check.ok(sent < 50, "sent of 150: " + sent);
		rig.tone(16000, 320);
		check.ok(encoder.encode(rig.buffer, PCM, 320, PACKET, LIMIT) > 2);
		encoder.close();
		const plain = new OpusEncoder({ rate: 16000, bitrate: 24000 });
		rig.bytes.fill(0, PCM, 1000);
		for (let i = 0; i < 50; i++) check.ok(plain.encode(rig.buffer, PCM, 320, PACKET, LIMIT) > 0, "without DTX");
		plain.close();
	});

	suite.test("audio opus: a lost packet is concealed, and better so out of the next packet's FEC", (check) => {
		/* A tone that begins in the lost frame: concealment cannot know it, FEC does. */
		const levels: number[] = [];
		for (const fec of [false, true]) {
			const rig = new Rig();
			const encoder = new OpusEncoder({ rate: 16000, bitrate: 32000, complexity: 5, fec: true, expectedLoss: 20 });
			const decoder = new OpusDecoder(16000);
			for (let i = 0; i < 12; i++) {
				if (i < 8) rig.bytes.fill(0, PCM, 640);
				else rig.tone(16000, 320);
				const length = encoder.encode(rig.buffer, PCM, 320, PACKET, LIMIT);
				if (i === 9) continue;
				if (i === 10) {
					check.equal(decoder.conceal(rig.buffer, PACKET, fec ? length : 0, OUT, 320), 320);
					levels.push(level(rig.buffer, OUT, 320));
				}
				check.equal(decoder.decode(rig.buffer, PACKET, length, OUT, 5760), 320);
			}
			encoder.close();
			decoder.close();
		}
		check.ok((levels[1] as number) > 5000, "FEC: " + levels[1]);
		check.ok((levels[0] as number) > 100, "concealment: " + levels[0]);
	});

	suite.test("audio opus: concealment fades out, reset forgets, other lengths give silence", (check) => {
		const rig = new Rig();
		const encoder = new OpusEncoder({ rate: 16000 });
		const decoder = new OpusDecoder(16000);
		for (let i = 0; i < 10; i++) {
			rig.tone(16000, 320);
			decoder.decode(rig.buffer, PACKET, encoder.encode(rig.buffer, PCM, 320, PACKET, LIMIT), OUT, 5760);
		}
		check.equal(decoder.conceal(rig.buffer, 0, 0, OUT, 320), 320);
		const first = level(rig.buffer, OUT, 320);
		for (let i = 0; i < 20; i++) decoder.conceal(rig.buffer, 0, 0, OUT, 320);
		check.ok(first > 1000 && level(rig.buffer, OUT, 320) < first / 10, first + " to " + level(rig.buffer, OUT, 320));
		rig.out.fill(99);
		check.equal(decoder.conceal(rig.buffer, 0, 0, OUT, 321), 321);
		check.equal(level(rig.buffer, OUT, 321), 0);
		check.equal(rig.out[321], 99);
		decoder.reset();
		decoder.conceal(rig.buffer, 0, 0, OUT, 320);
		check.equal(level(rig.buffer, OUT, 320), 0);
		encoder.close();
		decoder.close();
	});

	suite.test("audio opus: damaged packets, too little room and no frame give -1", (check) => {
		const rig = new Rig();
		const encoder = new OpusEncoder({ rate: 16000 });
		const decoder = new OpusDecoder(16000);
		rig.tone(16000, 320);
		check.equal(encoder.encode(rig.buffer, PCM, 321, PACKET, LIMIT), -1);
		check.equal(encoder.encode(rig.buffer, PCM, 0, PACKET, LIMIT), -1);
		check.equal(encoder.encode(rig.buffer, PCM, 6000, PACKET, LIMIT), -1);
		check.equal(encoder.encode(rig.buffer, PCM, 320, PACKET, 0), -1);
		const length = encoder.encode(rig.buffer, PCM, 320, PACKET, LIMIT);
		check.equal(decoder.decode(rig.buffer, PACKET, 0, OUT, 5760), -1);
		check.equal(decoder.decode(rig.buffer, PACKET, length, OUT, 319), -1);
		rig.bytes[PACKET] = 0x0b;
		rig.bytes[PACKET + 1] = 0;
		check.equal(decoder.decode(rig.buffer, PACKET, length, OUT, 5760), -1, "code 3 without frames");
		let seed = 1;
		for (let i = 0; i < 3000; i++) {
			for (let k = 0; k < 60; k++) {
				seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
				rig.bytes[PACKET + k] = seed >> 16;
			}
			const samples = decoder.decode(rig.buffer, PACKET, 1 + (i % 60), OUT, 1920);
			check.ok(samples === -1 || (samples > 0 && samples <= 1920), "random: " + samples);
		}
		check.throws(() => encoder.encode(rig.buffer, 40960 - 600, 320, PACKET, LIMIT), "outside");
		check.throws(() => encoder.encode(rig.buffer, 1, 320, PACKET, LIMIT), "even");
		check.throws(() => encoder.encode(rig.buffer, PCM, 320, 40000, LIMIT), "outside");
		check.throws(() => decoder.decode(rig.buffer, 40960, 1, OUT, 320), "outside");
		check.throws(() => decoder.decode(rig.buffer, PACKET, 10, 40960 - 600, 320), "outside");
		check.throws(() => decoder.conceal(rig.buffer, PACKET, 10, 40960 - 600, 320), "outside");
		encoder.close();
		encoder.close();
		decoder.close();
		decoder.close();
		check.throws(() => encoder.encode(rig.buffer, PCM, 320, PACKET, LIMIT), "after close");
		check.throws(() => decoder.decode(rig.buffer, PACKET, 10, OUT, 320), "after close");
	});

	suite.test("audio opus: settings out of range are refused with their name", (check) => {
		check.throws(() => new OpusEncoder({ rate: 11025 }), "rate must be");
		check.throws(() => new OpusEncoder({ rate: 16000, frame: 30 }), "frame must be");
		check.throws(() => new OpusEncoder({ rate: 16000, bitrate: 5999 }), "bitrate must be");
		check.throws(() => new OpusEncoder({ rate: 16000, complexity: 11 }), "complexity must be");
		check.throws(() => new OpusEncoder({ rate: 16000, expectedLoss: 101 }), "expectedLoss must be");
		check.throws(() => new OpusDecoder(44100), "rate must be");
		check.ok(opusEncoderBytes() > 10_000 && opusEncoderBytes() < 60_000, opusEncoderBytes() + " bytes");
		check.ok(opusDecoderBytes() > 10_000 && opusDecoderBytes() < 40_000, opusDecoderBytes() + " bytes");
	});

	suite.test("audio opus: 10,000 frames encoded, decoded and concealed allocate nothing", (check) => {
		const rig = new Rig();
		const encoder = new OpusEncoder({ rate: 8000, frame: 2.5, complexity: 0, fec: true, expectedLoss: 5, dtx: true });
		const decoder = new OpusDecoder(8000);
		const allocation = new Allocation();
		let lost = 0;
		for (let turn = 0; turn < 2; turn++) {
			allocation.begin();
			for (let i = 0; i < 10_000; i++) {
				if (i % 2000 === 0) rig.tone(8000, 20);
				const length = encoder.encode(rig.buffer, PCM, 20, PACKET, LIMIT);
				if (length <= 0 || i % 10 === 0) {
					decoder.conceal(rig.buffer, PACKET, length > 0 ? length : 0, OUT, 20);
					lost++;
				} else if (decoder.decode(rig.buffer, PACKET, length, OUT, 20) !== 20) check.fail("frame " + i);
			}
		}
		allocation.expectNone(check);
		check.ok(lost >= 2000 && lost < 20_000, "lost " + lost);
		encoder.close();
		decoder.close();
	});
}
