import { DeviceSink } from "media/audio/device_sink";
import { DeviceSource } from "media/audio/device_source";
import { exit, print } from "host/host";
import { OpusDecoder, opusDecoderBytes, OpusEncoder, opusEncoderBytes } from "media/audio/opus";
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
	resample,
	resamplerNeed,
	resamplerStart,
	sum,
	tone,
} from "media/audio/samples";
import { monotonic } from "time/clock";
import { fitTone } from "unit/audio_signals";

/** Programs for a test that chooses the sound library or its configuration: they print what happened, a line each. */

const RATE = 8000;
const FRAME = 80;

/** Samples, 0 or -1 of each of `count` calls; equal ones that follow each other are counted. */
function runs(count: number, call: () => number): string {
	let text = "";
	let last = Number.NaN;
	let times = 0;
	for (let i = 0; i <= count; i++) {
		const value = i < count ? call() : Number.NaN;
		if (value === last) {
			times++;
			continue;
		}
		if (times > 0) text += (text === "" ? "" : " ") + last + (times > 1 ? "x" + times : "");
		last = value;
		times = 1;
	}
	return text;
}

function faults(): void {
	let now = 0;
	const clock = (): number => now;
	const buffer = new ArrayBuffer(4096);
	for (const name of [
		"plain",
		"overrun@10",
		"interrupted@10",
		"sleep@10",
		"lost-sleep@10",
		"unplugged@10",
		"stuck@10",
		"gone@10",
	]) {
		const source = new DeviceSource(name, RATE, clock);
		source.start();
		const read = (): number => {
			now += 10;
			return source.read(buffer, 0, FRAME);
		};
		print("in " + name + ": " + runs(20, read) + ", lost " + source.lost + ", error '" + source.error + "'");
		if (source.outages > 0)
			for (let i = 0; i < 2; i++) {
				now += 5000;
				print("later: " + runs(4, read) + ", outages " + source.outages + ", error '" + source.error + "'");
			}
		source.close();
		const sink = new DeviceSink(name, RATE, clock);
		sink.start();
		const write = (): number => {
			now += 10;
			return sink.write(buffer, 0, FRAME);
		};
		print("out " + name + ": " + runs(20, write) + ", starved " + sink.starved + ", error '" + sink.error + "'");
		if (sink.outages > 0)
			for (let i = 0; i < 2; i++) {
				now += 5000;
				print("later: " + runs(4, write) + ", outages " + sink.outages + ", error '" + sink.error + "'");
			}
		sink.close();
	}
	const late = new DeviceSink("late@4", RATE, clock);
	late.start();
	for (let i = 0; i < 10; i++) {
		now += 10;
		late.write(buffer, 0, 100);
	}
	print("late: starved " + late.starved + ", queued " + late.queued);
	for (const name of ["busy", "denied", "format", "channels", "rate", "buffer", "software", "start"]) {
		try {
			new DeviceSource(name, RATE, clock).start();
			print(name + ": opened");
		} catch (error) {
			print(name + ": " + (error as Error).message);
		}
	}
}

/** One second from "mic" and to "speaker", devices that a configuration of ALSA defines. */
function plugins(): void {
	let now = 0;
	const clock = (): number => now;
	const buffer = new ArrayBuffer(65536);
	for (const name of ["mic", "mic2"]) {
		const source = new DeviceSource(name, 16000, clock);
		source.start();
		let made = 0;
		for (let i = 0; i < 60 && made < 16000; i++) {
			now += 20;
			if (source.read(buffer, 2 * made, 320) === 320) made += 320;
		}
		const fit = fitTone(new Int16Array(buffer), 1000, 14000, 500 / 16000);
		print(name + ": " + made + " samples, amplitude " + Math.round(fit.amplitude) + ", rest " + Math.round(fit.rest));
		source.close();
	}
	for (const name of ["speaker", "speaker48"]) {
		const sink = new DeviceSink(name, 16000, clock);
		sink.start();
		let phase = 0;
		let taken = 0;
		for (let i = 0; i < 50; i++) {
			phase = tone(buffer, 0, 320, phase, 500 / 16000, 9000);
			taken += sink.write(buffer, 0, 320);
			now += 20;
		}
		sink.close();
		print(name + ": " + taken + " samples taken");
	}
}

function open(): void {
	try {
		new DeviceSource("default", RATE, () => 0).start();
		print("opened");
	} catch (error) {
		print((error as Error).message);
	}
}

/** Prints ns a sample of `call`, which works on `samples` of them. */
function time(what: string, samples: number, call: () => void): void {
	let calls = 0;
	const start = monotonic();
	let end = start;
	for (; end - start < 200; end = monotonic()) {
		for (let i = 0; i < 20; i++) call();
		calls += 20;
	}
	print(what + ": " + (((end - start) * 1e6) / (calls * samples)).toFixed(2) + " ns a sample");
}

/** What the arithmetic costs, call included, with 320 samples (20 ms at 16 kHz), and Opus with a frame of them. */
function speed(): void {
	const buffer = new ArrayBuffer(65536);
	tone(buffer, 0, 2000, 0, 0.02, 9000);
	tone(buffer, 8192, 2000, 0, 0.03, 9000);
	time("add", 320, () => add(buffer, 0, 16384, 320));
	time("sum of 4", 320, () => sum(buffer, 0, 2048, 4, 16384, 320));
	time("gain", 320, () => gain(buffer, 8192, 320, 4000, 4010));
	time("level", 320, () => level(buffer, 0, 320));
	time("peak", 320, () => peak(buffer, 0, 320));
	time("tone", 320, () => tone(buffer, 16384, 320, 0.1, 0.01, 9000));
	time("convert, 2 channels of 24 bits", 320, () => convert(buffer, 0, Format.S24, 2, 16384, 320));
	time("A-law encode", 320, () => alawEncode(buffer, 0, 16384, 320));
	time("A-law decode", 320, () => alawDecode(buffer, 0, 16384, 320));
	time("mu-law encode", 320, () => mulawEncode(buffer, 0, 16384, 320));
	time("mu-law decode", 320, () => mulawDecode(buffer, 0, 16384, 320));
	for (const [from, to] of [
		[16000, 16008],
		[8000, 16000],
		[48000, 16000],
		[16000, 48000],
	] as const) {
		const ratio = from / to;
		resamplerStart(buffer, 32768, ratio);
		time("resample " + from + " to " + to + " (out)", 320, () => {
			resample(buffer, 32768, 0, resamplerNeed(buffer, 32768, 320, ratio), 16384, 320, ratio);
		});
	}
	const decoder = new OpusDecoder(16000);
	for (const complexity of [0, 5, 10]) {
		const encoder = new OpusEncoder({ rate: 16000, bitrate: 24000, complexity, fec: true, expectedLoss: 5 });
		let length = 0;
		time("Opus encode, complexity " + complexity, 320, () => {
			length = encoder.encode(buffer, 0, 320, 16384, 504);
		});
		if (complexity === 5) time("Opus decode", 320, () => decoder.decode(buffer, 16384, length, 24576, 320));
		encoder.close();
	}
	time("Opus conceal", 320, () => decoder.conceal(buffer, 0, 0, 24576, 320));
	decoder.close();
	print("states: encoder " + opusEncoderBytes() + ", decoder " + opusDecoderBytes() + " bytes");
}

/** Runs the program `name`. @returns false when there is none. */
export function runAudioProbe(name: string): boolean {
	if (name === "sound-faults") faults();
	else if (name === "sound-plugins") plugins();
	else if (name === "sound-open") open();
	else if (name === "sound-speed") speed();
	else return false;
	exit(0);
	return true;
}
