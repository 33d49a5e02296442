/** Sound devices: ALSA with plugins that stand in for a card, and a library that stands in for ALSA and fails on demand. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build, root } from "../../tools/build.ts";
import { type Target, targetReady, targets } from "../../tools/targets.ts";
import { sincTable } from "../../tools/sinc_table.ts";

const RATE = 16_000;

async function probe(target: string, name: string, environment: Record<string, string>): Promise<string[]> {
	const unit = (await build({ target, app: "unit", quiet: true })).executable;
	const result = spawnSync(unit, ["--probe", name], {
		encoding: "utf8",
		timeout: 20_000,
		env: { ...process.env, ...environment },
	});
	assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
	assert.equal(result.stderr, "", "libasound's own complaints must not reach the log");
	return result.stdout.trimEnd().split("\n");
}

/** Builds the library that stands in for ALSA. @returns the folder it is in. */
function standIn(folder: string, ...flags: string[]): string {
	const args = ["-shared", "-fPIC", "-Wall", "-Werror", ...flags, "-o", join(folder, "libasound.so.2")];
	const built = spawnSync("gcc", [...args, join(root, "tests/tools/faulty_asound.c")], { encoding: "utf8" });
	assert.equal(built.status, 0, built.stderr);
	return folder;
}

/** 16-bit samples of a sine. */
function sine(rate: number, seconds: number, channels: number): Buffer {
	const data = Buffer.alloc(rate * seconds * 2 * channels);
	for (let i = 0; i < rate * seconds * channels; i++)
		data.writeInt16LE(Math.round(9000 * Math.sin((2 * Math.PI * 500 * Math.floor(i / channels)) / rate)), 2 * i);
	return data;
}

/** Amplitude of the 500 Hz in samples. */
function amplitude(data: Buffer, rate: number, channels: number): number {
	let c = 0;
	let s = 0;
	const count = Math.floor(data.length / 2 / channels);
	for (let i = 0; i < count; i++) {
		const turn = (2 * Math.PI * 500 * i) / rate;
		c += data.readInt16LE(2 * i * channels) * Math.cos(turn);
		s += data.readInt16LE(2 * i * channels) * Math.sin(turn);
	}
	return (2 * Math.hypot(c, s)) / count;
}

for (const target of ["linux64", "linux32"]) {
	const skip = targetReady(targets[target] as Target) ? false : `what the ${target} build needs is not there`;

	/* Not tried: another rate of a microphone, where the file plugin gives gaps to arecord too. */
	test(`${target}: ALSA's file plugin as microphone and loudspeaker, as they are and converted`, {
		skip,
	}, async (t) => {
		const folder = mkdtempSync(join(tmpdir(), "fletcher-sound-"));
		t.after(() => rmSync(folder, { recursive: true }));
		writeFileSync(join(folder, "in"), sine(RATE, 2, 1));
		writeFileSync(join(folder, "in2"), sine(RATE, 2, 2));
		const file = (name: string, rate: number, channels: number, more: string): string =>
			`pcm.${name} { type plug slave { rate ${rate} channels ${channels} format S16_LE pcm { type file slave.pcm { type null } format raw ${more} } } }\n`;
		writeFileSync(
			join(folder, "alsa.conf"),
			file("mic", RATE, 1, `file "/dev/null" infile "${folder}/in"`) +
				file("mic2", RATE, 2, `file "/dev/null" infile "${folder}/in2"`) +
				file("speaker", RATE, 1, `file "${folder}/out"`) +
				file("speaker48", 48_000, 2, `file "${folder}/out48"`),
		);
		const lines = await probe(target, "sound-plugins", { ALSA_CONFIG_PATH: join(folder, "alsa.conf") });
		assert.equal(lines.length, 4, lines.join("\n"));
		for (const [index, name] of ["mic", "mic2"].entries()) {
			const found = new RegExp(`^${name}: 16000 samples, amplitude (\\d+), rest (\\d+)$`).exec(lines[index] as string);
			assert.ok(found, lines[index]);
			assert.ok(Math.abs(Number(found[1]) - 9000) < 200, lines[index]);
			assert.ok(Number(found[2]) < 5, lines[index]);
		}
		assert.deepEqual(lines.slice(2), ["speaker: 16000 samples taken", "speaker48: 16000 samples taken"]);
		const out = readFileSync(join(folder, "out"));
		assert.ok(out.length >= 2 * RATE, `${out.length} bytes`);
		assert.ok(Math.abs(amplitude(out.subarray(0, 2 * RATE), RATE, 1) - 9000) < 100);
		const converted = readFileSync(join(folder, "out48"));
		assert.ok(converted.length >= 4 * 47_000, `${converted.length} bytes`);
		assert.ok(Math.abs(amplitude(converted.subarray(0, 4 * 47_000), 48_000, 2) - 9000) < 300);
	});
}

test("sound devices: overruns, interruptions, sleep and unplugging are recovered from, counted or told", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-sound-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const lines = await probe("linux64", "sound-faults", { LD_LIBRARY_PATH: standIn(folder) });
	const back = "";
	/** A device goes; five and ten seconds later it is looked for: what happened to it then, or `back`. */
	const outage = (name: string, reason: string, missed: number, first: string, second: string): string[] => {
		const error = (why: string): string => (why === back ? "''" : `'sound device ${name} ${why}'`);
		const later = (why: string, samples: string): string => `later: ${samples}, outages 1, error ${error(why)}`;
		const heard = (why: string): string => (why === back ? "80x4" : "0x4");
		return [
			`in ${name}: 80x9 0x11, lost ${missed}, error ${error(reason)}`,
			later(first, heard(first)),
			later(second, heard(second)),
			/* The clock of a loudspeaker goes on while it is not there. */
			`out ${name}: 80x9 0 80x10, starved ${260 + missed}, error ${error(reason)}`,
			later(first, "80x4"),
			later(second, "80x4"),
		];
	};
	const help = 'does "plughw:" in place of "hw:" help?';
	/* The card plays 100 samples at each look, the program has 80: 20 of silence each time, and 100 before the first. */
	assert.deepEqual(lines, [
		"in plain: 80x20, lost 0, error ''",
		"out plain: 80x20, starved 480, error ''",
		"in overrun@10: 80x9 0 80x10, lost 1000, error ''",
		"out overrun@10: 80x9 0 80x10, starved 1540, error ''",
		"in interrupted@10: 80x9 0 80x10, lost 0, error ''",
		"out interrupted@10: 80x9 0 80x10, starved 460, error ''",
		"in sleep@10: 80x9 0x3 80x8, lost 0, error ''",
		"out sleep@10: 80x9 0x3 80x8, starved 420, error ''",
		"in lost-sleep@10: 80x9 0 80x10, lost 1000, error ''",
		"out lost-sleep@10: 80x9 0 80x10, starved 1540, error ''",
		...outage("unplugged@10", "was unplugged (No such device)", 0, back, back),
		...outage("stuck@10", "does not start (Input/output error)", 1000, back, back),
		...outage("gone@10", "was unplugged (No such device)", 0, "is not there", back),
		"late: starved 5100, queued 277",
		"busy: sound device busy is in use by another program (Device or resource busy)",
		"denied: sound device denied cannot be opened (Permission denied)",
		`format: sound device format has no samples of 16 bits: ${help} (Invalid argument)`,
		`channels: sound device channels has no single channel: ${help} (Invalid argument)`,
		`rate: sound device rate refuses the sample rate: ${help} (Invalid argument)`,
		"buffer: sound device buffer refuses the buffer (Invalid argument)",
		"software: sound device software refuses its settings (Invalid argument)",
		"start: sound device start does not start (Input/output error)",
	]);
});

test("sound devices: a library that is too old is refused with a reason, not a crash", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-sound-"));
	t.after(() => rmSync(folder, { recursive: true }));
	const lines = await probe("linux64", "sound-open", { LD_LIBRARY_PATH: standIn(folder, "-DWITHOUT_LAST") });
	assert.deepEqual(lines, ["sound device default needs a newer libasound.so.2"]);
	writeFileSync(join(folder, "libasound.so.2"), "no library");
	const none = await probe("linux64", "sound-open", { LD_LIBRARY_PATH: folder });
	assert.deepEqual(none, ["sound device default needs libasound.so.2, which is not installed"]);
});

test("resampler: its table is what tools/sinc_table.ts makes", () => {
	assert.equal(readFileSync(join(root, "modules/media/audio/sinc_table.h"), "utf8"), sincTable());
});
