import { DeviceInput, DeviceOutput } from "media/audio/device";
import { DeviceSink } from "media/audio/device_sink";
import { DeviceSource } from "media/audio/device_source";
import { level, tone } from "media/audio/samples";
import { read } from "files/files";
import { Allocation } from "unit/allocation";
import { Scratch } from "unit/scratch";
import type { Suite } from "unit/suite";

/** Plugins of ALSA itself: no sound card is needed. `null` takes and gives everything at once, `file` writes to a file what it takes. */
export default function alsa(suite: Suite): void {
	suite.test("audio ALSA: a device opens, gives and takes; at the pace of the clock though it is no real one", (check) => {
		let now = 5;
		const clock = (): number => now;
		const buffer = new ArrayBuffer(65536);
		const source = new DeviceSource("null", 16000, clock);
		const sink = new DeviceSink("null", 16000, clock);
		source.start();
		sink.start();
		check.ok(sink.capacity >= 1600 && sink.capacity <= 6400, "capacity " + sink.capacity);
		let given = 0;
		let taken = 0;
		for (let i = 0; i < 500; i++) {
			for (let k = 0; k < 3; k++) if (source.read(buffer, 0, 160) > 0) given += 160;
			taken += Math.max(0, sink.write(buffer, 0, 480));
			check.ok(sink.queued <= sink.capacity, "queued " + sink.queued);
			now += 10;
		}
		check.ok(given >= 80_000 && given <= 80_000 + 4000, "given in 5 s: " + given);
		check.ok(taken >= 80_000 && taken <= 80_000 + 400 + sink.capacity, "taken in 5 s: " + taken);
		source.close();
		sink.close();
		check.equal(source.read(buffer, 0, 160), -1);
		check.equal(sink.write(buffer, 0, 160), -1);
		check.equal(sink.queued, 0);
		source.start();
		now += 300;
		check.equal(source.read(buffer, 0, 160), 160, "opened again");
		source.close();
		source.close();
	});

	suite.test("audio ALSA: what is written reaches the device sample for sample", (check) => {
		const scratch = new Scratch();
		let now = 0;
		const path = scratch.path + "/o";
		const buffer = new ArrayBuffer(640);
		const sink = new DeviceSink("file:" + path + ",raw", 8000, () => now);
		sink.start();
		let phase = 0;
		const expected: number[] = [];
		for (let i = 0; i < 20; i++) {
			phase = tone(buffer, 0, 160, phase, 0.03, 9000);
			const count = sink.write(buffer, 0, 160);
			check.equal(count, 160);
			const pcm = new Int16Array(buffer);
			for (let k = 0; k < 160; k++) expected.push(pcm[k] as number);
			now += 20;
		}
		sink.close();
		const bytes = read(path, 100_000);
		const written = new Int16Array(bytes);
		check.ok(written.length >= expected.length, "samples: " + written.length);
		/* The plugin may begin with what the device played before anything was written: silence. */
		let from = 0;
		while (from < written.length && written[from] === 0) from++;
		let first = 0;
		while (expected[first] === 0) first++;
		for (let i = first; i < expected.length; i++)
			if (written[from + i - first] !== expected[i]) check.fail("sample " + i + " is " + written[from + i - first]);
		scratch.remove();
	});

	suite.test("audio ALSA: what is not there or cannot be is refused with the device's name", (check) => {
		check.throws(() => new DeviceInput({ device: "nosuch", rate: 16000, buffer: 200 }), "sound device nosuch is not there");
		check.throws(() => new DeviceOutput({ device: "nosuch", rate: 16000, buffer: 200 }), "sound device nosuch is not there");
		check.throws(() => new DeviceOutput({ device: "hw:31", rate: 16000, buffer: 200 }), "sound device hw:31");
		check.throws(() => new DeviceOutput({ device: "null", rate: 7999, buffer: 200 }), "rate must be");
		check.throws(() => new DeviceOutput({ device: "null", rate: 16000, buffer: 10 }), "buffer must be");
		check.throws(() => new DeviceOutput({ device: "x".repeat(64), rate: 16000, buffer: 100 }), "too long");
		const output = new DeviceOutput({ device: "null", rate: 16000, buffer: 200 });
		const buffer = new ArrayBuffer(64);
		check.throws(() => output.write(buffer, 0, 33), "outside");
		check.throws(() => output.write(buffer, 1, 3), "even");
		output.close();
		output.close();
		check.equal(output.write(buffer, 0, 10), -1);
		const input = new DeviceInput({ device: "null", rate: 16000, buffer: 200 });
		check.throws(() => input.read(buffer, 60, 3), "outside");
		new Uint8Array(buffer).fill(7);
		check.equal(input.read(buffer, 0, 32), 32);
		check.equal(level(buffer, 0, 32), 0);
		check.equal(input.error, "");
		input.close();
		check.equal(input.read(buffer, 0, 10), -1);
	});

	suite.test("audio ALSA: 10,000 reads and writes allocate nothing", (check) => {
		let now = 0;
		const clock = (): number => now;
		const buffer = new ArrayBuffer(2048);
		const source = new DeviceSource("null", 16000, clock);
		const sink = new DeviceSink("null", 16000, clock);
		source.start();
		sink.start();
		const allocation = new Allocation();
		for (let turn = 0; turn < 2; turn++) {
			allocation.begin();
			for (let i = 0; i < 10_000; i++) {
				now += 2.5;
				if (source.read(buffer, 0, 40) !== 40 || sink.write(buffer, 0, 40) !== 40) check.fail("frame " + i);
				if (sink.queued + sink.starved + source.lost > 1e9) check.fail("figures");
			}
		}
		allocation.expectNone(check);
		source.close();
		sink.close();
	});
}
