import { type Config, type KVConfig, parseConfig } from "device/config";
import { KV_FRAMING, KVPart, kvFiguresBytes, kvSettings, planKV } from "device/kv_part";
import { VoicePart, planVoicePart, voiceFiguresBytes } from "device/voice_part";
import type { AudioSink } from "media/audio/audio";
import { GainSink } from "media/audio/gain_sink";
import { MemoryPlan } from "storage/plan";
import { Allocation } from "unit/allocation";
import type { Check, Suite } from "unit/suite";
import { AsciiWriter } from "wire/ascii";
import { Figures } from "wire/figures";

const LOG = Object.freeze({ log: () => {} });
const ROOM = 8192;

function configOf(check: Check, text: string): Config {
	const { config, errors } = parseConfig(text, true);
	check.equal(errors.join(), "", text);
	return config as Config;
}

/** A sink that takes as much as it has room for. */
class Room implements AudioSink {
	queued = 0;
	capacity = 100;
	starved = 0;
	room = 0;
	taken: number[] = [];

	start(): void {}

	write(buffer: ArrayBuffer, offset: number, samples: number): number {
		const count = Math.min(samples, this.room);
		for (const sample of new Int16Array(buffer, offset, count)) this.taken.push(sample);
		this.room -= count;
		return count;
	}

	close(): void {}
}

export default function (suite: Suite): void {
	suite.test(
		"KV-22 the figures of KV and voice are JSON, cost nothing, and fit into the room that is planned for them",
		(check) => {
			const config = configOf(check, '{"kv":{"server":"192.0.2.1","channels":["create","7"],"talk":"never"},"audio":{}}');
			const settings = kvSettings(config.kv as KVConfig);
			const plan = new MemoryPlan();
			planKV(plan, settings);
			if (!config.audio) return check.fail("no audio");
			planVoicePart(plan, config.audio, KV_FRAMING);
			plan.reserve("figures", ROOM, "");
			const { bytes, buffer } = plan.allocate();
			const sound = new VoicePart(config.audio, KV_FRAMING, plan, LOG);
			const part = new KVPart(config.kv as KVConfig, settings, plan, LOG, sound.voice);
			check.ok(!sound.voice.talking, "talk: never");
			const counters: Record<string, number> = part.endpoint.channels[1].session.counters as unknown as Record<string, number>;
			for (const key of Object.keys(counters)) counters[key] = 4_000_000_000;
			const writer = new AsciiWriter(bytes);
			const figures = new Figures(writer);
			const allocation = new Allocation();
			const start = plan.offset("figures");
			for (let i = 0; i < 3; i++) {
				allocation.begin();
				writer.begin(start, ROOM);
				figures.begin(writer);
				figures.open();
				part.writeFigures(figures);
				sound.writeFigures(figures);
				figures.close();
			}
			allocation.expectNone(check);
			check.ok(!writer.overflowed);
			const length = writer.position - start;
			check.ok(length < kvFiguresBytes(2) + voiceFiguresBytes(2), length + " bytes");
			const all = JSON.parse(String.fromArrayBuffer(buffer, start, length));
			check.equal(all.kv.channels.length, 2);
			check.equal(all.kv.channels[0].state, "idle");
			check.equal(all.kv.channels[1].dropped.wrongChecksum, 4_000_000_000);
			check.equal(all.voice.speakers.length, 0);
			part.close();
			sound.close();
		},
	);

	suite.test("KV-23 what only KV knows to be wrong is named by its key", (check) => {
		const settings = (kv: string) => () => kvSettings(configOf(check, '{"kv":{"server":"a",' + kv + "}}").kv as KVConfig);
		check.throws(settings('"uid":"7","register":{}'), "kv.uid");
		check.throws(settings('"channel":"7","channels":["8"]'), "kv.channels");
		check.throws(settings('"channels":["8","0x8"]'), "kv.channels[1]");
		check.throws(settings('"times":{"retry":70000}'), "kv.times.retry: ");
	});

	suite.test(
		"audio: every jitter buffer that the configuration lets through can be made, others are named by their key",
		(check) => {
			const part = (jitter: string) => {
				const { audio } = configOf(check, '{"audio":{"speakers":1,"jitter":' + jitter + "}}");
				if (!audio) return check.fail("no audio");
				const plan = new MemoryPlan();
				planVoicePart(plan, audio, KV_FRAMING);
				new VoicePart(audio, KV_FRAMING, plan, LOG).close();
			};
			part('{"packets":2,"minimum":20,"maximum":20}');
			part('{"packets":64,"minimum":0,"maximum":2000}');
			check.throws(() => part('{"minimum":500,"maximum":499}'), "audio.jitter.minimum: ");
			check.ok(parseConfig('{"audio":{"jitter":{"packets":65}}}', true).errors.join().includes("audio.jitter.packets"));
		},
	);

	suite.test("audio: gain changes each sample once, also when the sink takes a piece in parts", (check) => {
		const room = new Room();
		const sink = new GainSink(room, 0.5);
		const buffer = new ArrayBuffer(16);
		const samples = new Int16Array(buffer);
		for (let piece = 0; piece < 2; piece++) {
			for (let i = 0; i < 8; i++) samples[i] = 100 * (i + 1);
			let done = 0;
			for (const size of [3, 0, 4, 5]) {
				room.room = size;
				done += sink.write(buffer, 2 * done, 8 - done);
			}
			check.equal(done, 8);
			check.equal(room.taken.join(), "50,100,150,200,250,300,350,400");
			room.taken = [];
		}
	});
}
