/**
 * Speaks the demo's dialogue at the gate and packs it as G.711 µ-law, 8,000 samples a second, two channels: who stands at the gate on
 * the left, who is in the house on the right. espeak-ng lends both voices.
 *
 * usage: npx tsx demo/make_speech.ts [OUTPUT]     (default demo/dialogue.ulaw)
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeMuLaw } from "../tools/demo/g711.ts";
import { resample } from "../tools/demo/resample.ts";
import { speak } from "../tools/demo/speech.ts";
import { readWav } from "../tools/demo/wav.ts";

const RATE = 8_000;
/** Words a minute. */
const SPEED = 168;
/** Seconds between one's last word and the other's first. */
const PAUSE = 0.3;
const END = 0.7;
const SILENT = 0.004;
const PEAK = 0.6;

const DIALOGUE: readonly (readonly [speaker: 0 | 1, text: string])[] = [
	[0, "Hello, this is the front gate. I have a parcel for you."],
	[1, "Thank you. Please put it under the roof, beside the door."],
	[0, "It is rather heavy. Could you open the gate for me?"],
	[1, "Of course. Mind the dog, it is friendly but curious."],
	[0, "I can see it already. Have a good day!"],
];
const VOICES = ["en+f3", "en+m3"] as const;

/** A line without silence at its ends. */
function say(folder: string, text: string, voice: string): Float64Array {
	const path = join(folder, "line.wav");
	if (!speak(path, text, voice, SPEED)) throw new Error("espeak-ng is missing");
	const { rate, samples } = readWav(path);
	const line = resample(samples, rate, RATE);
	const loud = (sample: number): boolean => Math.abs(sample) > SILENT;
	const cut = line.subarray(line.findIndex(loud), line.findLastIndex(loud) + 1);
	const top = cut.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
	return cut.map((sample) => (sample * PEAK) / top);
}

const output = process.argv[2] ?? fileURLToPath(new URL("dialogue.ulaw", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "speech-"));
const lines = DIALOGUE.map(([speaker, text]) => ({ speaker, samples: say(folder, text, VOICES[speaker]) }));
rmSync(folder, { recursive: true });
const length = lines.reduce((sum, { samples }) => sum + samples.length + PAUSE * RATE, (END - PAUSE) * RATE);
const packed = Buffer.alloc(2 * Math.ceil(length), encodeMuLaw(0));
let at = 0;
for (const { speaker, samples } of lines) {
	for (const [index, sample] of samples.entries()) packed[2 * (at + index) + speaker] = encodeMuLaw(Math.round(sample * 32_767));
	at += samples.length + PAUSE * RATE;
}
writeFileSync(output, packed);
console.log(`${output}: ${packed.length} bytes, ${(packed.length / 2 / RATE).toFixed(1)} s`);
