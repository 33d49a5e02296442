/**
 * Payload formats against ffmpeg: what Fletcher sends (sealed, opened, and converted to plain RTP) is decoded by it without a word of
 * complaint, and what it sends is joined by Fletcher to the same bytes; pictures are compared by checksums.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { build } from "../../tools/build.ts";
import { atEnd } from "./at_end.ts";
import { run } from "./programs.ts";

const SIZE = "320x240";
const FRAMES = 60;
/** What a decoder that joined in the middle of the end may not have given yet. */
const TAIL = 6;
const TIME_MS = 60_000;

/** A codec as ffmpeg encodes it into a plain file, and how the file falls into frames. */
interface Format {
	readonly name: string;
	readonly type: number;
	/** Arguments of the encoder, the muxer last. */
	readonly encoder: readonly string[];
	readonly split: (file: Buffer) => Buffer[];
	/** Frames that are key frames. */
	readonly keys: number;
	/** Of the session description. */
	readonly fmtp?: string;
}

const formats: readonly Format[] = [
	{
		name: "JPEG",
		type: 26,
		encoder: ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-huffman", "default", "-q:v", "4", "-f", "mjpeg"],
		split: (file) => parts(file, Buffer.from([0xff, 0xd8, 0xff])),
		keys: FRAMES,
	},
	{
		name: "H264",
		type: 96,
		encoder: ["-c:v", "libx264", "-g", "20", "-pix_fmt", "yuv420p", "-x264-params", "aud=1:slices=2:bframes=0", "-f", "h264"],
		split: (file) => parts(file, Buffer.from([0, 0, 0, 1, 9])),
		keys: 3,
		fmtp: "packetization-mode=1",
	},
	{
		name: "H265",
		type: 100,
		encoder: [
			"-c:v",
			"libx265",
			"-pix_fmt",
			"yuv420p",
			"-x265-params",
			"aud=1:bframes=0:keyint=20:min-keyint=20:log-level=none",
			"-f",
			"hevc",
		],
		split: (file) => parts(file, Buffer.from([0, 0, 0, 1, 0x46, 1])),
		keys: 3,
	},
];

let unit = "";
before(async () => {
	unit = (await build({ target: "linux64", app: "unit", quiet: true })).executable;
});

/** The pieces of a file that begin with `mark`. */
function parts(file: Buffer, mark: Buffer): Buffer[] {
	const found: Buffer[] = [];
	for (let at = file.indexOf(mark); at >= 0; ) {
		const next = file.indexOf(mark, at + mark.length);
		found.push(file.subarray(at, next < 0 ? file.length : next));
		at = next;
	}
	return found;
}

function framed(frames: readonly Buffer[]): Buffer {
	return Buffer.concat(
		frames.flatMap((frame) => {
			const head = Buffer.alloc(4);
			head.writeUInt32BE(frame.length);
			return [head, frame];
		}),
	);
}

function unframed(file: Buffer): Buffer[] {
	const frames: Buffer[] = [];
	for (let at = 0; at < file.length; ) {
		const length = file.readUInt32BE(at);
		frames.push(file.subarray(at + 4, at + 4 + length));
		at += 4 + length;
	}
	return frames;
}

function folder(test: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "fletcher-rtp-"));
	atEnd(test, () => rmSync(path, { recursive: true }));
	return path;
}

/** A file of moving pictures. */
async function encode(path: string, format: Format): Promise<void> {
	const source = ["-f", "lavfi", "-i", `testsrc2=size=${SIZE}:rate=25`, "-frames:v", String(FRAMES)];
	await run("ffmpeg", ["-loglevel", "error", "-y", ...source, ...format.encoder, path]);
}

/** Checksums of the pictures of an input. */
async function checksums(input: readonly string[]): Promise<string[]> {
	const { stdout, stderr } = await run(
		"ffmpeg",
		["-loglevel", "warning", ...input, "-vsync", "passthrough", "-f", "framemd5", "-"],
		TIME_MS,
	);
	assert.equal(complaints(stderr), "");
	return stdout
		.split("\n")
		.filter((line) => /^0,/.test(line))
		.map((line) => line.split(",").pop()?.trim() ?? "");
}

/** What ffmpeg says besides words about clocks and colours. */
function complaints(text: string): string {
	return text
		.split("\n")
		.filter(
			(line) =>
				line.trim() !== "" &&
				!/deprecated pixel format|-vsync is deprecated|Passing a number to -vsync|Timestamps are unset|pts has no value|Stream HEVC is not hvc1|Estimating duration/.test(
					line,
				),
		)
		.join("\n");
}

/** A UDP port of loopback with a free one above it, as RTP likes them. */
async function freePort(): Promise<number> {
	for (;;) {
		const port = await new Promise<number>((resolve) => {
			const socket = createSocket("udp4");
			socket.bind(0, "127.0.0.1", () => {
				const { port } = socket.address();
				socket.close(() => resolve(port & ~1));
			});
		});
		if (!bound(port) && !bound(port + 1)) return port;
	}
}

function bound(port: number): boolean {
	const hex = port.toString(16).toUpperCase().padStart(4, "0");
	return readFileSync("/proc/net/udp", "utf8").includes(`:${hex} `);
}

async function untilBound(port: number): Promise<void> {
	const end = Date.now() + 20_000;
	while (!bound(port)) {
		if (Date.now() > end) throw new Error(`nobody listens on ${port}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

for (const format of formats)
	test(`ARC-D2 ARC-D3 ARC-W3 ${format.name}: sealed, opened and sent on as plain RTP, it is decoded by ffmpeg without an error`, async (context) => {
		const path = folder(context);
		const source = join(path, "source");
		await encode(source, format);
		const frames = format.split(readFileSync(source));
		assert.equal(frames.length, FRAMES);
		writeFileSync(join(path, "frames"), framed(frames));
		const port = await freePort();
		const description = [
			"v=0",
			"o=- 0 0 IN IP4 127.0.0.1",
			"s=-",
			"c=IN IP4 127.0.0.1",
			"t=0 0",
			`m=video ${port} RTP/AVP ${format.type}`,
			`a=rtpmap:${format.type} ${format.name}/90000`,
			...(format.fmtp === undefined ? [] : [`a=fmtp:${format.type} ${format.fmtp}`]),
			"a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
		];
		writeFileSync(join(path, "session.sdp"), `${description.join("\r\n")}\r\n`);
		const wanted = FRAMES - TAIL;
		const input = ["-protocol_whitelist", "file,udp,rtp", "-buffer_size", "4000000", "-i", join(path, "session.sdp")];
		const send = async (): Promise<string> => {
			await untilBound(port);
			return (await run(unit, ["--probe", "rtp-send", format.name, join(path, "frames"), String(port)])).stdout;
		};
		const [seen, stdout] = await Promise.all([checksums([...input, "-frames:v", String(wanted)]), send()]);
		const [, sent, keys, packets, reduced] =
			/^(\d+) frames (\d+) keys (\d+) packets (\d+) reduced/.exec(stdout)?.map(Number) ?? [];
		assert.equal(sent, FRAMES);
		assert.equal(keys, format.keys);
		assert.ok((packets ?? 0) > FRAMES && (reduced ?? 0) > 0, stdout);
		const expected = await checksums([
			"-f",
			format.name === "JPEG" ? "mjpeg" : format.name === "H264" ? "h264" : "hevc",
			"-i",
			source,
		]);
		assert.equal(seen.length, wanted);
		assert.deepEqual(seen, expected.slice(0, wanted));
	});

/** A program that prints its port, and then what it did. */
function receiver(codec: string, file: string): { port: Promise<number>; said: Promise<string>; child: ChildProcess } {
	const child = spawn(unit, ["--probe", "rtp-receive", codec, file], { stdio: ["ignore", "pipe", "inherit"], timeout: TIME_MS });
	let text = "";
	let named: (port: number) => void = () => {};
	const port = new Promise<number>((resolve) => {
		named = resolve;
	});
	child.stdout.on("data", (chunk: Buffer) => {
		text += chunk.toString();
		const first = /^(\d+)\n/.exec(text)?.[1];
		if (first !== undefined) named(Number(first));
	});
	const said = new Promise<string>((resolve, reject) => {
		child.once("exit", (code) =>
			code === 0 ? resolve(text.split("\n")[1] ?? "") : reject(new Error(`probe ended with ${code}: ${text}`)),
		);
	});
	return { port, said, child };
}

for (const format of formats)
	test(`ARC-D2 ARC-D3 ${format.name}: RTP of ffmpeg is joined to the frames it was made of`, async (context) => {
		const path = folder(context);
		const source = join(path, "source");
		await encode(source, format);
		const probe = receiver(format.name, join(path, "frames"));
		atEnd(context, () => probe.child.kill("SIGKILL"));
		const port = await probe.port;
		const kind = format.name === "JPEG" ? "mjpeg" : format.name === "H264" ? "h264" : "hevc";
		const target = ["-c", "copy", "-payload_type", String(format.type), "-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=1200`];
		await run("ffmpeg", ["-loglevel", "error", "-readrate", "4", "-r", "25", "-f", kind, "-i", source, ...target], TIME_MS);
		const said = await probe.said;
		assert.match(
			said,
			new RegExp(`^${FRAMES} frames ${format.keys} keys 0 damaged 0 format 0 oversized 0 missing 0 priorities`),
			said,
		);
		const frames = unframed(readFileSync(join(path, "frames")));
		assert.equal(frames.length, FRAMES);
		writeFileSync(join(path, "joined"), Buffer.concat(frames));
		const expected = await checksums(["-f", kind, "-i", source]);
		assert.deepEqual(await checksums(["-f", kind, "-i", join(path, "joined")]), expected);
	});

test("ARC-D2 VP9: RTP of ffmpeg is joined to the frames it was made of, key frames are told", async (context) => {
	const path = folder(context);
	const source = join(path, "source.ivf");
	const input = ["-f", "lavfi", "-i", `testsrc2=size=${SIZE}:rate=25`, "-frames:v", String(FRAMES)];
	const encoder = [
		"-c:v",
		"libvpx-vp9",
		"-deadline",
		"realtime",
		"-cpu-used",
		"8",
		"-g",
		"20",
		"-b:v",
		"500k",
		"-lag-in-frames",
		"0",
	];
	await run("ffmpeg", ["-loglevel", "error", "-y", ...input, ...encoder, source]);
	const probe = receiver("VP9", join(path, "frames"));
	atEnd(context, () => probe.child.kill("SIGKILL"));
	const port = await probe.port;
	const target = ["-c", "copy", "-strict", "-2", "-payload_type", "98", "-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=1200`];
	await run("ffmpeg", ["-loglevel", "error", "-readrate", "4", "-i", source, ...target], TIME_MS);
	const said = await probe.said;
	assert.match(said, /0 damaged 0 format 0 oversized 0 missing/, said);
	const expected: Buffer[] = [];
	const file = readFileSync(source);
	for (let at = 32; at < file.length; ) {
		const length = file.readUInt32LE(at);
		expected.push(file.subarray(at + 12, at + 12 + length));
		at += 12 + length;
	}
	const frames = unframed(readFileSync(join(path, "frames")));
	assert.equal(frames.length, expected.length);
	for (let i = 0; i < frames.length; i++) assert.ok(frames[i]?.equals(expected[i] as Buffer), `frame ${i}`);
	/* frame_type is 0 in key frames (VP9 6.2). */
	const keys = expected.filter((frame) => ((frame[0] as number) & 0x0c) === 0).length;
	assert.match(said, new RegExp(`^${expected.length} frames ${keys} keys `), said);
});

/** OBUs of a file, without their sizes, by temporal unit (AV1 5.3). */
function temporalUnits(file: Buffer): Buffer[][] {
	const found: Buffer[][] = [];
	for (let at = 0; at < file.length; ) {
		const head = file[at] as number;
		const extended = (head & 4) !== 0;
		let next = at + (extended ? 2 : 1);
		let size = 0;
		for (let shift = 0; ; shift += 7) {
			const byte = file[next++] as number;
			size += (byte & 0x7f) << shift;
			if (byte < 0x80) break;
		}
		if (((head >> 3) & 15) === 2) found.push([]);
		else {
			const bare = Buffer.concat([file.subarray(at, at + (extended ? 2 : 1)), file.subarray(next, next + size)]);
			bare[0] = head & ~2;
			found[found.length - 1]?.push(bare);
		}
		at = next + size;
	}
	return found;
}

/** Payloads of one unit: all OBUs in one, with lengths, or each in fragments. */
function payloads(unit: readonly Buffer[], limit: number): Buffer[] {
	const fresh = unit.some((obu) => (((obu[0] as number) >> 3) & 15) === 1) ? 8 : 0;
	if (unit.reduce((sum, obu) => sum + obu.length + 2, 1) <= limit) {
		const parts = unit.flatMap((obu) => [Buffer.from([(obu.length & 0x7f) | 0x80, obu.length >> 7]), obu]);
		return [Buffer.concat([Buffer.from([fresh]), ...parts])];
	}
	const cut: Buffer[] = [];
	for (const obu of unit)
		for (let at = 0; at < obu.length; at += limit - 1) {
			const part = obu.subarray(at, at + limit - 1);
			const head = 0x10 | (at > 0 ? 0x80 : 0) | (at + part.length < obu.length ? 0x40 : 0) | (cut.length === 0 ? fresh : 0);
			cut.push(Buffer.concat([Buffer.from([head]), part]));
		}
	return cut;
}

test("ARC-D2 AV1: units in payloads, whole and in fragments, are joined to what a decoder takes", async (context) => {
	const path = folder(context);
	const source = join(path, "source.obu");
	const input = ["-f", "lavfi", "-i", `testsrc2=size=${SIZE}:rate=25`, "-frames:v", "20"];
	const encoder = ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "10", "-b:v", "1M", "-f", "obu"];
	await run("ffmpeg", ["-loglevel", "error", "-y", ...input, ...encoder, source]);
	const probe = receiver("AV1", join(path, "frames"));
	atEnd(context, () => probe.child.kill("SIGKILL"));
	const port = await probe.port;
	const socket = createSocket("udp4");
	atEnd(context, () => socket.close());
	let sequence = 65530;
	const units = temporalUnits(readFileSync(source));
	let fragmented = 0;
	for (const [index, unit] of units.entries()) {
		const all = payloads(unit, 1000);
		if (all.length > 1) fragmented++;
		for (const [place, payload] of all.entries()) {
			const head = Buffer.alloc(12);
			head.writeUInt16BE(0x8063 | (place + 1 === all.length ? 0x80 : 0), 0);
			head.writeUInt16BE(sequence++ & 0xffff, 2);
			head.writeUInt32BE(index * 3600, 4);
			head.writeUInt32BE(7, 8);
			socket.send(Buffer.concat([head, payload]), port, "127.0.0.1");
		}
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
	assert.ok(fragmented > 0 && fragmented < units.length, `${fragmented} of ${units.length}`);
	assert.match(await probe.said, /^20 frames 2 keys 0 damaged 0 format 0 oversized 0 missing 0 priorities/);
	writeFileSync(join(path, "joined.obu"), Buffer.concat(unframed(readFileSync(join(path, "frames")))));
	const expected = await checksums(["-f", "obu", "-i", source]);
	assert.equal(expected.length, 20);
	assert.deepEqual(await checksums(["-f", "obu", "-i", join(path, "joined.obu")]), expected);
});

/** Sound: encoder, container of the file, payload type; whether packets of the codec are kept as they are. */
const sounds = [
	{
		name: "opus",
		type: 111,
		encoder: ["-ar", "48000", "-ac", "2", "-c:a", "libopus", "-b:a", "48k"],
		file: "source.mka",
		packets: true,
	},
	{
		name: "mpeg4-generic",
		type: 101,
		encoder: ["-ar", "48000", "-ac", "2", "-c:a", "aac", "-b:a", "96k"],
		file: "source.mka",
		packets: true,
	},
	{
		name: "PCMU",
		type: 0,
		encoder: ["-ar", "8000", "-ac", "1", "-c:a", "pcm_mulaw", "-f", "mulaw"],
		file: "source.mulaw",
		packets: false,
	},
	{
		name: "L16",
		type: 10,
		encoder: ["-ar", "44100", "-ac", "2", "-c:a", "pcm_s16be", "-f", "s16be"],
		file: "source.l16",
		packets: false,
	},
];

for (const sound of sounds)
	test(`ARC-D1 ${sound.name}: RTP of ffmpeg is joined to the sound it was made of`, async (context) => {
		const path = folder(context);
		const source = join(path, sound.file);
		await run("ffmpeg", [
			"-loglevel",
			"error",
			"-y",
			"-f",
			"lavfi",
			"-i",
			"sine=frequency=440:duration=2",
			...sound.encoder,
			source,
		]);
		const probe = receiver(sound.name, join(path, "frames"));
		atEnd(context, () => probe.child.kill("SIGKILL"));
		const port = await probe.port;
		const raw: Record<string, string[]> = {
			PCMU: ["-f", "mulaw", "-ar", "8000"],
			L16: ["-f", "s16be", "-ar", "44100", "-ac", "2"],
		};
		const input = [...(raw[sound.name] ?? []), "-i", source];
		const target = ["-c", "copy", "-payload_type", String(sound.type), "-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=1200`];
		await run("ffmpeg", ["-loglevel", "error", "-readrate", "4", ...input, ...target], TIME_MS);
		const said = await probe.said;
		assert.match(said, / 0 keys 0 damaged 0 format 0 oversized 0 missing 0 priorities /, said);
		const frames = unframed(readFileSync(join(path, "frames")));
		if (!sound.packets) {
			assert.ok(Buffer.concat(frames).equals(readFileSync(source)));
			return;
		}
		const { stdout } = await run("ffmpeg", ["-loglevel", "error", ...input, "-c", "copy", "-f", "framemd5", "-"]);
		const expected = stdout
			.split("\n")
			.filter((line) => /^0,/.test(line))
			.map((line) => line.split(",").pop()?.trim());
		/* The sender keeps what does not fill its last packet; of the last packet of Opus it counts what is to be left out besides. */
		const sent = frames.slice(0, -1).map((frame) => createHash("md5").update(frame).digest("hex"));
		assert.ok(sent.length > 80 && sent.length > expected.length - 8, `${sent.length} of ${expected.length}`);
		assert.deepEqual(sent, expected.slice(0, sent.length));
	});
