/**
 * Speech from one real executable to another through the KV server and a network that loses and jitters.
 *
 * The sender says a WAV file of espeak-ng's, the receiver writes what it hears into another one. Both are compared by
 * speech/intelligibility.ts: STOI, which predicts the share of words that people understand (0.75 and more: nearly all), and the plain
 * correlation of the waveforms. A minute each, all at the same time. The bars, and why they are where they are: speech/README.md.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { resample } from "../../tools/demo/resample.ts";
import { speak } from "../../tools/demo/speech.ts";
import { readWav, writeWav } from "../../tools/demo/wav.ts";
import type { Conditions } from "../peers/impaired_udp.ts";
import { temporaryFolder } from "./device.ts";
import { startImpairedServer, startKvDevice } from "./kv.ts";
import { measure } from "./speech/intelligibility.ts";

const RATE = 16_000;
const RECORDED_S = 62;
/** Seconds of the original that must be in the record. */
const MEASURED_S = 58;

interface Way {
	readonly name: string;
	readonly conditions: Partial<Conditions>;
	/** Least STOI, and least correlation. */
	readonly stoi: number;
	readonly correlation?: number;
	readonly audio?: Readonly<Record<string, unknown>>;
	readonly switches?: Readonly<Record<string, unknown>>;
}

const jitter = (loss: number): Partial<Conditions> => ({ loss, delay: 20, jitter: 30 });
/** Loss, and the least STOI of frames with numbers and without. */
const LOSSES: readonly (readonly [loss: number, numbered: number, plain: number])[] = [
	[0, 0.86, 0.85],
	[0.02, 0.86, 0.83],
	[0.05, 0.85, 0.8],
	[0.1, 0.83, 0.76],
];

const WAYS: readonly Way[] = [
	{ name: "20 ms, a clear network", conditions: {}, stoi: 0.86, correlation: 0.75 },
	// The wire of the document, frames longer than the jitter.
	...LOSSES.map(([loss, _, bar]): Way => {
		return { name: `60 ms, ${loss * 100} % loss, 30 ms jitter`, conditions: jitter(loss), stoi: bar, audio: { frame: 60 } };
	}),
	// Short frames, numbered in their padding.
	...LOSSES.map(([loss, bar]): Way => {
		const switches = { padding: "sequence" };
		return { name: `20 ms with numbers, ${loss * 100} % loss, 30 ms jitter`, conditions: jitter(loss), stoi: bar, switches };
	}),
	// Short frames without numbers: a loss looks like a delay.
	{ name: "20 ms without numbers, 10 % loss, 30 ms jitter", conditions: jitter(0.1), stoi: 0.6 },
];

test("KV-14 KV-16 speech of a minute is understood at the other end", async (t) => {
	const folder = temporaryFolder(t);
	const path = join(folder, "speech.wav");
	assert.ok(speak(path), "espeak-ng is missing: see the Debian packages in the README");
	const spoken = readWav(path);
	const original = { rate: RATE, samples: resample(spoken.samples, spoken.rate, RATE) };
	assert.ok(original.samples.length > (RECORDED_S + 3) * RATE, "the text is too short");
	writeWav(path, original);

	/** Records; what is left is to compare, when all have recorded: it takes the processor from the networks, which live here. */
	const run = async (way: Way, index: number): Promise<() => void> => {
		const { server, network } = await startImpairedServer(
			t,
			way.conditions,
			{ rules: { anyPadding: way.switches !== undefined } },
			100 + index,
		);
		const channel = (await server.addChannel()).id;
		const record = join(folder, `record${index}.wav`);
		const audio = { rate: RATE, codec: "opus", frame: 20, bitrate: 24_000, fec: true, expectedLoss: 10, ...way.audio };
		const { switches = {} } = way;
		const listener = await startKvDevice(t, {
			server,
			channel,
			switches,
			talk: "never",
			audio: { ...audio, input: "null", output: record },
			level: "info",
		});
		await server.located(1);
		const talker = await startKvDevice(t, {
			server,
			channel,
			switches,
			audio: { ...audio, input: path, output: "null" },
			level: "info",
		});
		await server.located(2);
		await sleep(RECORDED_S * 1_000);
		const { voice } = await listener.metrics();
		const figures = network().up.figures;
		await Promise.all([talker.process.stopOrderly(), listener.process.stopOrderly()]);
		const share = figures.lost / Math.max(1, figures.received);
		return () => {
			const result = measure(original, readWav(record));
			const text =
				`${way.name}: STOI ${result.stoi.toFixed(3)}, correlation ${result.correlation.toFixed(3)}, ${result.seconds} s, ` +
				`delay within ${result.delaySpread.toFixed(0)} ms; ${(share * 100).toFixed(1)} % of ${figures.received} packets lost, ` +
				`${JSON.stringify(voice.speakers[0])}`;
			t.diagnostic(text);
			if (way.conditions.loss !== undefined) assert.ok(Math.abs(share - way.conditions.loss) < 0.02, text);
			assert.ok(result.seconds >= MEASURED_S, text);
			assert.ok(result.stoi >= way.stoi, `below ${way.stoi}: ${text}`);
			assert.ok(result.correlation >= (way.correlation ?? 0), `below ${way.correlation}: ${text}`);
		};
	};
	const failures: string[] = [];
	for (const compare of await Promise.all(WAYS.map(run)))
		try {
			compare();
		} catch (error) {
			failures.push((error as Error).message);
		}
	assert.deepEqual(failures, []);
});
