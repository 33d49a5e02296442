import type { LogFields, Logger } from "host/logger";
import type { AudioEncoder, AudioSource } from "media/audio/audio";
import { tone } from "media/audio/samples";
import { Listener, listenerBytes } from "media/voice/listener";
import { OpusReader } from "media/voice/packet_reader";
import { Talker, talkerBytes } from "media/voice/talker";
import type { VoiceSettings, VoiceTransport } from "media/voice/voice";
import { planVoice, VoicePath } from "media/voice/voice_path";
import { Arena } from "storage/arena";
import { MemoryPlan } from "storage/plan";
import Timer from "time/timer";
import { Allocation } from "unit/allocation";
import type { Suite } from "unit/suite";
import { ClockedSink, SETTINGS, ToneDecoder } from "unit/voice_line";
import { AsciiWriter } from "wire/ascii";
import { Figures } from "wire/figures";
import { monotonic } from "time/clock";

/** A source that has samples for as long as the test's clock went on. */
class ClockedSource implements AudioSource {
	lost = 0;
	now = 0;
	ended = false;
	starts = 0;
	closed = 0;
	reads = 0;
	loud = true;
	/** Runs so much faster than the clock. */
	speed = 1;
	#taken = 0;
	#phase = 0;
	broken = false;
	start(): void {
		if (this.broken) throw new Error("no microphone");
		this.starts++;
		this.ended = false;
		this.#taken = this.now * 8;
	}
	read(buffer: ArrayBuffer, offset: number, samples: number): number {
		this.reads++;
		if (this.ended) return -1;
		if ((this.#taken + samples) / 8 > this.now * this.speed + 1e-6) return 0;
		this.#taken += samples;
		this.#phase = tone(buffer, offset, samples, this.#phase, 0.05, this.loud ? 8000 : 0);
		return samples;
	}
	/** What came until then is lost. */
	skip(now: number): void {
		this.now = now;
		this.#taken = now * 8;
	}
	close(): void {
		this.closed++;
	}
}

class CountingEncoder implements AudioEncoder {
	answer = 30;
	calls = 0;
	closed = 0;
	encode(buffer: ArrayBuffer, _from: number, _samples: number, to: number, limit: number): number {
		this.calls++;
		if (this.answer > limit) return -1;
		if (this.answer > 0) new Uint8Array(buffer, to, this.answer).fill(7);
		return this.answer;
	}
	close(): void {
		this.closed++;
	}
}

class Bench {
	readonly settings: VoiceSettings;
	readonly arena: Arena;
	readonly source = new ClockedSource();
	readonly encoder = new CountingEncoder();
	readonly talker: Talker;
	sent = 0;
	late = 0;

	constructor(settings: VoiceSettings = SETTINGS) {
		this.settings = settings;
		this.arena = new Arena(talkerBytes(settings));
		this.talker = new Talker({ settings, arena: this.arena, offset: 0, source: this.source, encoder: this.encoder });
	}

	/** Runs from `from` to `to` in steps of a timer that is exact to `step` ms. */
	run(from: number, to: number, step = 1): void {
		for (let now = from; now < to; now += step) {
			this.source.now = now;
			while (this.talker.deadline <= now) {
				if (this.talker.next(now) > 0) this.sent++;
			}
		}
	}
}

class Told implements Logger {
	#lines: string[] = [];
	log(_level: number, area: string, event: string, fields?: LogFields): void {
		this.#lines.push(area + " " + event + (fields ? ": " + fields.reason : ""));
	}
	take(): string {
		const text = this.#lines.join("; ");
		this.#lines = [];
		return text;
	}
}

class Sent implements VoiceTransport {
	packets = 0;
	sequence = -1;
	gaps = 0;
	offset = 0;
	sendVoice(offset: number, _length: number, sequence: number): void {
		if (this.packets > 0 && sequence !== ((this.sequence + 1) & 0xffff)) this.gaps++;
		this.sequence = sequence;
		this.offset = offset;
		this.packets++;
	}
}

function listener(settings: VoiceSettings): Listener {
	const size = listenerBytes(settings);
	const arena = new Arena(size + 512);
	const decoders: ToneDecoder[] = [];
	for (let i = 0; i < settings.speakers; i++) decoders.push(new ToneDecoder(arena, settings.rate));
	const sink = new ClockedSink(settings.rate, settings.rate / 5);
	const it = new Listener({ settings, arena, offset: 0, sink, decoders, reader: new OpusReader(arena.bytes) });
	arena.bytes[size] = 0x48;
	return it;
}

export default function (suite: Suite): void {
	suite.test("talker: a packet for each frame, at the source's heels, looked for in vain one time in ten", (check) => {
		const bench = new Bench();
		bench.talker.start(0);
		bench.run(0, 10_001);
		check.ok(bench.sent === 499 || bench.sent === 500, `${bench.sent} packets`);
		check.equal(bench.talker.packets, bench.sent);
		check.equal(bench.talker.sequence, bench.sent - 1);
		check.equal(bench.talker.timestamp, (bench.sent - 1) * 960);
		check.ok(bench.source.reads < 600, `${bench.source.reads} looks`);
		check.ok(bench.talker.level > 5000 && bench.talker.level < 6000, `level ${bench.talker.level}`);
	});

	suite.test("talker: a source whose clock is 500 ppm fast or slow is followed without skipping", (check) => {
		for (const speed of [0.9995, 1.0005]) {
			const bench = new Bench();
			bench.source.speed = speed;
			bench.talker.start(0);
			bench.run(0, 100_000);
			check.ok(Math.abs(bench.sent - 5000 * speed) < 2, `${bench.sent} packets`);
			check.equal(bench.talker.skipped, 0);
		}
	});

	suite.test("talker: held up for a second it skips what is old and goes on", (check) => {
		const bench = new Bench();
		bench.talker.start(0);
		bench.run(0, 1000);
		const before = bench.sent;
		bench.run(2000, 3000);
		check.ok(bench.talker.skipped >= 45, `${bench.talker.skipped} skipped`);
		check.ok(bench.sent - before <= 50 + 6, `${bench.sent - before} sent`);
		check.equal(bench.talker.frames, bench.talker.packets + bench.talker.skipped);
		check.equal(bench.talker.timestamp, (bench.talker.frames - 1) * 960, "media time goes on");
	});

	suite.test(
		"talker: push to talk, half duplex, DTX, an encoder that fails: nothing is sent, each is counted, time goes on",
		(check) => {
			const bench = new Bench();
			const { talker } = bench;
			talker.start(0);
			talker.talking = false;
			bench.run(0, 1000);
			check.equal(bench.sent, 0);
			check.equal(bench.encoder.calls, 0, "not even encoded");
			check.ok(talker.withheld >= 49, `${talker.withheld} withheld`);
			check.ok(talker.level > 5000, "the meter shows it");
			talker.talking = true;
			talker.muted = true;
			bench.run(1000, 2000);
			check.equal(bench.sent, 0);
			talker.muted = false;
			bench.encoder.answer = 0;
			bench.run(2000, 3000);
			check.ok(talker.quiet >= 49, `${talker.quiet} quiet`);
			bench.encoder.answer = 1000;
			bench.run(3000, 4000);
			check.ok(talker.failed >= 49, `${talker.failed} failed`);
			bench.encoder.answer = 30;
			bench.run(4000, 4500);
			check.ok(bench.sent >= 24, `${bench.sent} sent`);
			check.equal(talker.sequence, bench.sent - 1, "numbers count packets");
			check.equal(talker.timestamp, (talker.frames - 1) * 960, "media time counts frames");
		},
	);

	suite.test("talker: a source that gives nothing is looked at less and less, one that ended no more", (check) => {
		const bench = new Bench();
		bench.talker.start(0);
		bench.source.speed = 0;
		bench.run(0, 10_000);
		check.ok(bench.source.reads < 520, `${bench.source.reads} looks in 10 s`);
		bench.source.ended = true;
		bench.run(10_000, 11_000);
		check.ok(bench.talker.ended);
		check.equal(bench.talker.deadline, Infinity);
	});

	suite.test("listener: places are kept for those who spoke lately, then given to somebody new", (check) => {
		const it = listener({ ...SETTINGS, speakers: 2, silence: 3000 });
		check.equal(it.speaker(1, 0, 0), 0);
		check.equal(it.speaker(1, 1, 0), 1, "the high half counts");
		check.equal(it.speaker(1, 0, 100), 0);
		check.equal(it.speaker(3, 0, 1000), -1);
		check.equal(it.refused, 1);
		const packet = listenerBytes({ ...SETTINGS, speakers: 2 });
		it.receive(0, packet, 40, 2000, 0, 0);
		check.equal(it.speaker(3, 0, 4000), 1, "the one who was silent for longest");
		check.equal(it.speaker(1, 1, 4000), -1, "it is gone");
		it.forget(0);
		check.equal(it.pool.used, 0);
		check.equal(it.speaker(1, 1, 4000), 0);
	});

	suite.test("listener: packets that are none, are too long or come for nobody are counted and dropped", (check) => {
		const it = listener(SETTINGS);
		const packet = listenerBytes(SETTINGS);
		it.receive(0, packet, 40, 0, 0, 0);
		it.speaker(1, 2, 0);
		it.receive(0, packet, 40, 0, 0, 0);
		it.receive(0, packet, 0, 0, 0, 0);
		it.receive(0, packet, SETTINGS.packetBytes + 1, 0, 0, 0);
		it.receive(7, packet, 40, 0, 0, 0);
		check.equal(it.speakers[0].damaged, 2);
		check.equal(it.pool.used, 1);
		it.receive(0, packet, 40, 0, 1, 960);
		check.equal(it.pool.used, 2);
	});

	suite.test("KV-15 listener: a thousand users who send nothing but garbage keep nobody out", (check) => {
		const it = listener({ ...SETTINGS, speakers: 2 });
		const packet = listenerBytes({ ...SETTINGS, speakers: 2 });
		for (let user = 1; user <= 1000; user++) {
			const place = it.speaker(user, 0x80000000, user);
			if (place >= 0) it.receive(place, packet, 0, user, -1, -1);
		}
		check.equal(it.damaged, 1000);
		check.equal(it.refused, 0);
		const place = it.speaker(7, 7, 1001);
		check.ok(place >= 0, "there is a place for a speaker");
		it.receive(place, packet, 40, 1001, -1, -1);
		check.equal(it.pool.used, 1);
	});

	suite.test("talker: media time goes on while nothing is taken: push to talk, a source that is away for long", (check) => {
		const bench = new Bench();
		const { talker } = bench;
		talker.start(0);
		bench.run(0, 1001);
		const before = talker.timestamp;
		talker.stop();
		bench.source.skip(2000);
		talker.start(2000);
		bench.run(2000, 2041);
		const passed = (talker.timestamp - before) / 48;
		check.ok(passed >= 1000 && passed <= 1060, `${passed} ms between the packets`);
		bench.run(2041, 3000);
		const later = talker.timestamp;
		bench.source.skip(60_000);
		bench.run(60_000, 60_100);
		check.ok(Math.abs((talker.timestamp - later) / 48 - 57_100) < 100, `${(talker.timestamp - later) / 48} ms while it was away`);
		check.equal(talker.sequence, bench.sent - 1);
	});

	suite.asyncTest(
		"voice path: half duplex keeps silent while somebody is heard and for its hang-over; idle it does not wake up",
		10_000,
		(check, done) => {
			const settings: VoiceSettings = { ...SETTINGS, halfDuplex: true, hangover: 200 };
			const plan = new MemoryPlan();
			planVoice(plan, settings);
			plan.reserve("test", 1024, "");
			const arena = plan.allocate();
			const source = new ClockedSource();
			const sink = new ClockedSink(8000, 1600);
			const encoder = new CountingEncoder();
			const decoder = new ToneDecoder(arena, 8000);
			const told = new Told();
			const path = new VoicePath({ settings, plan, source, sink, encoder, decoders: [decoder], log: told, again: 50 });
			const sent = new Sent();
			const began = monotonic();
			path.start();
			let during = 0;
			let ticks = 0;
			let number = 0;
			let step = 0;
			const packet = plan.offset("test");
			const timer = new Timer({
				onTimer(): void {
					const now = monotonic();
					source.now = now - began;
					sink.pass(now);
					step++;
					if (step === 20) {
						check.equal(path.ticks, 0, "nothing attached, nobody heard");
						check.equal(source.starts - source.closed, 0, "the microphone was tried and closed");
						source.broken = true;
						path.attach(sent);
						check.equal(path.talker.missing, 1);
						check.equal(told.take(), "audio input-lost: no microphone");
						check.equal(path.talker.deadline, Infinity, "a microphone that is gone");
					}
					if (step === 35) {
						check.ok(path.talker.missing >= 2 && path.talker.missing <= 4, `${path.talker.missing} tries`);
						check.equal(told.take(), "", "told once");
						source.broken = false;
					}
					if (step === 45) {
						check.equal(source.starts, 2, "found by itself");
						check.equal(told.take(), "audio input-back");
						path.talking = false;
						check.equal(path.talker.deadline, Infinity, "push to talk: nobody looks at the microphone");
						ticks = path.ticks;
					}
					if (step === 65) {
						check.ok(path.ticks <= ticks + 1, `${path.ticks - ticks} ticks while it may not talk`);
						path.talking = true;
						check.equal(source.starts, 3);
					}
					// Somebody speaks from step 100 to 300: 10 ms each.
					if (step >= 100 && step < 300 && step % 2 === 0) {
						arena.bytes[packet] = 0x48;
						arena.view.setInt32(packet + 4, ++number);
						path.receive(path.speaker(5, 6, now), packet, 40, now, number, number * 960);
					}
					if (step === 110) sink.error = "sound device x was unplugged";
					if (step === 120) {
						check.equal(told.take(), "audio output-lost: sound device x was unplugged", "told once");
						sink.error = "";
					}
					if (step === 130) check.equal(told.take(), "audio output-back");
					if (step === 100) check.ok(sent.packets >= 10, `${sent.packets} before`);
					if (step === 140) {
						check.ok(path.listening);
						during = sent.packets;
					}
					if (step === 300) check.equal(sent.packets, during, "sent meanwhile");
					if (step === 400) {
						check.ok(!path.listening);
						check.ok(sent.packets > during + 10, "speaks again");
						check.equal(sent.gaps, 0);
						path.attach(undefined);
						check.equal(source.closed, source.starts, "closed while nobody is there");
						ticks = path.ticks;
					}
					if (step === 430) {
						check.ok(path.ticks <= ticks + 1, "asleep");
						const writer = new AsciiWriter(arena.bytes);
						writer.begin(packet, 1024);
						const figures = new Figures(writer);
						figures.begin(writer);
						const allocation = new Allocation();
						allocation.begin();
						path.writeFigures(figures);
						check.equal(allocation.spent(), "", "figures");
						check.ok(!writer.overflowed);
						let text = "";
						for (let i = packet; i < writer.position; i++) text += String.fromCharCode(arena.bytes[i]);
						const voice = JSON.parse(`{${text}}`).voice;
						check.equal(voice.sent.packets, sent.packets);
						check.equal(voice.speakers[0].received, number);
						check.equal(voice.speakers[0].lost, 0);
						path.close();
						path.close();
						check.ok(source.closed > 0 && sink.closed && encoder.closed > 0 && decoder.closed, "all closed");
						timer.close();
						done();
						return;
					}
					timer.schedule(10);
				},
			});
			timer.schedule(10);
		},
	);
}
