/** Two devices as ArcRTC peers, the real executables: sound and pictures from one to the other, and out of it as plain RTP to ffmpeg. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { targets } from "../../tools/targets.ts";
import { atEnd } from "./at_end.ts";
import { freePort, root, startDevice, TestDevice, temporaryFolder } from "./device.ts";

const SCRIPT = fileURLToPath(new URL("rtsp_camera.py", import.meta.url));
const CLIP = join(root, "demo/clip.mjpeg");
/** Seconds of forged packets; the tests take fewer. */
const FLOOD_SECONDS = Number(process.env["FLOOD_SECONDS"] ?? 15);
const FORGED_A_SECOND = 2000;

interface Figures {
	readonly memory: { readonly slots: { readonly used: number } };
	readonly arcrtc: {
		readonly state: string;
		readonly path: string;
		readonly sessions: number;
		readonly roundTripMicroseconds: number;
		readonly sent: { readonly sounds: number; readonly pictures: number; readonly refused: number };
		readonly received: { readonly sounds: number; readonly pictures: number };
		readonly dropped: Readonly<Record<"format" | "unknown" | "old" | "replay" | "auth" | "held", number>>;
	};
}

interface Pair {
	readonly camera: TestDevice;
	readonly viewer: TestDevice;
	/** UDP port of the viewer. */
	readonly port: number;
	readonly signalling: number;
	figures(which: "camera" | "viewer"): Promise<Figures>;
	/** Waits for an event of both. */
	both(event: string): Promise<void>;
}

interface PairOptions {
	/** The camera's pictures and how they are coded. */
	readonly source: object;
	readonly codec?: string;
	readonly output?: object;
	readonly switches?: object;
	/** The viewer is not to end in order: the test kills it. */
	readonly mortal?: boolean;
}

/** A device with a camera and a microphone that waits, and one that connects, listens and sends what it sees on. */
async function startPair(t: TestContext, options: PairOptions): Promise<Pair> {
	const signalling = await freePort();
	const port = await freePort();
	const web = { camera: await freePort(), viewer: await freePort() };
	const switches = { allowPlain: true, ...options.switches };
	const log = { format: "json", level: "debug" };
	const audio = { frame: 20, rate: 16_000 };
	const codec = options.codec ?? "jpeg";
	const camera = startDevice(t, {
		configuration: {
			camera: { ...options.source, http: { port: web.camera } },
			audio: { ...audio, input: "tone:440" },
			arcrtc: { session: "garden-gate", peer: "camera", listen: `127.0.0.1:${signalling}`, codec, switches },
			log,
		},
	});
	const viewing = {
		configuration: {
			// Its own pictures are for its figures alone.
			camera: { source: CLIP, rate: 1, http: { port: web.viewer } },
			audio: { ...audio, input: "tone:300" },
			arcrtc: {
				session: "garden-gate",
				peer: "viewer",
				connect: `127.0.0.1:${signalling}`,
				port,
				video: "receive",
				output: options.output,
				switches,
			},
			log,
		},
	};
	const viewer = options.mortal ? new TestDevice(temporaryFolder(t), viewing) : startDevice(t, viewing);
	if (options.mortal)
		atEnd(t, () => {
			viewer.child.kill("SIGKILL");
		});
	const figures = async (which: "camera" | "viewer"): Promise<Figures> =>
		(await (await fetch(`http://127.0.0.1:${web[which]}/metrics.json`)).json()) as Figures;
	const both = async (event: string): Promise<void> => {
		await Promise.all([camera.waitForLog("arcrtc", event), viewer.waitForLog("arcrtc", event)]);
	};
	return { camera, viewer, port, signalling, figures, both };
}

/** Waits until somebody listens on a UDP port of this machine. */
async function listened(port: number): Promise<void> {
	const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
	for (let i = 0; i < 1000; i++) {
		if ((readFileSync("/proc/net/udp", "latin1") + readFileSync("/proc/net/udp6", "latin1")).includes(local)) return;
		await sleep(10);
	}
	throw new Error(`nobody listens on ${port}`);
}

/** Starts to decode what a description says, before it is sent; `ended` has what ffmpeg complained of and the frames that it decoded. */
function decode(t: TestContext, description: string, frames: number): Promise<{ complaints: string; frames: number }> {
	const file = join(temporaryFolder(t), "stream.sdp");
	writeFileSync(file, description);
	const args = ["-hide_banner", "-v", "warning", "-nostats", "-progress", "pipe:1", "-protocol_whitelist", "file,udp,rtp"];
	const player = spawn("ffmpeg", [...args, "-i", file, "-frames:v", String(frames), "-f", "null", "-"], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	let complaints = "";
	let progress = "";
	player.stderr.on("data", (data: Buffer) => {
		complaints += data.toString();
	});
	player.stdout.on("data", (data: Buffer) => {
		progress += data.toString();
	});
	atEnd(t, () => {
		player.kill("SIGKILL");
	});
	return new Promise((resolve) => {
		player.on("exit", () => {
			const counts = [...progress.matchAll(/frame=\s*(\d+)/g)];
			resolve({ complaints, frames: Number(counts.at(-1)?.[1] ?? 0) });
		});
	});
}

function describe(port: number, type: number, encoding: string, more = ""): string {
	const media = `m=video ${port} RTP/AVP ${type}\r\nc=IN IP4 127.0.0.1\r\na=rtpmap:${type} ${encoding}/90000\r\n`;
	return `v=0\r\no=- 0 1 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\n${media}${more}`;
}

test("ARC-D3 ARC-W3 JPEG of the camera reaches the other device and plays in ffmpeg, sound goes both ways", async (t) => {
	const port = await freePort();
	const ended = decode(t, describe(port, 26, "JPEG"), 60);
	await listened(port);
	const file = join(temporaryFolder(t), "out.sdp");
	const pair = await startPair(t, {
		source: { source: CLIP, rate: 15 },
		output: { video: `127.0.0.1:${port}`, sdp: file },
	});
	await pair.both("path");
	const { complaints, frames } = await ended;
	assert.equal(complaints, "");
	assert.ok(frames >= 60, `${frames} pictures`);
	const camera = (await pair.figures("camera")).arcrtc;
	const viewer = (await pair.figures("viewer")).arcrtc;
	assert.deepEqual([camera.state, camera.path, viewer.path, viewer.sessions], ["open", "direct", "direct", 1]);
	assert.ok(camera.sent.pictures >= 60 && camera.sent.refused === 0, JSON.stringify(camera));
	assert.ok(viewer.received.sounds > 150 && camera.received.sounds > 150, JSON.stringify([camera, viewer]));
	assert.ok(camera.roundTripMicroseconds >= 0 && camera.roundTripMicroseconds < 50_000, JSON.stringify(camera));
	for (const one of [camera, viewer])
		assert.ok(
			Object.values(one.dropped).every((count) => count === 0),
			JSON.stringify(one),
		);
	assert.match(readFileSync(file, "latin1"), new RegExp(`m=video ${port} RTP/AVP 26`));
});

for (const [codec, encoder] of [
	["h264", "libx264"],
	["h265", "libx265"],
] as const)
	test(`ARC-D2 ${codec} of an RTSP camera goes RTSP, ArcRTC, RTP, and decodes without a complaint`, async (t) => {
		const film = join(temporaryFolder(t), "film.mp4");
		const size = "testsrc2=size=640x360:rate=25:duration=20";
		const parameters =
			codec === "h265" ? ["-x265-params", "log-level=none:keyint=25:bframes=0", "-tag:v", "hvc1"] : ["-g", "25", "-bf", "0"];
		const made = spawnSync("ffmpeg", [
			"-v",
			"error",
			"-f",
			"lavfi",
			"-i",
			size,
			"-c:v",
			encoder,
			"-preset",
			"ultrafast",
			...parameters,
			film,
		]);
		assert.equal(made.status, 0, made.stderr.toString());
		const rtsp = await freePort();
		const server = spawn("/usr/bin/python3", [SCRIPT, codec, film, "--port", String(rtsp)], {
			stdio: ["ignore", "pipe", "pipe"],
		});
		atEnd(t, () => {
			server.kill("SIGKILL");
		});
		await new Promise<void>((resolve) => server.stdout.once("data", () => resolve()));
		const port = await freePort();
		const ended = decode(t, describe(port, codec === "h264" ? 96 : 100, codec.toUpperCase()), 100);
		await listened(port);
		const pair = await startPair(t, {
			source: { source: `rtsp://127.0.0.1:${rtsp}/live`, frameBytes: 262_144 },
			codec,
			output: { video: `127.0.0.1:${port}` },
		});
		await pair.both("path");
		const { complaints, frames } = await ended;
		assert.equal(complaints, "");
		assert.ok(frames >= 100, `${frames} pictures`);
	});

test("ARC-E7 a device that is killed is missed, and the session is there again when it is back", async (t) => {
	const pair = await startPair(t, { source: { source: CLIP, rate: 5 }, mortal: true });
	await pair.both("path");
	const state = pair.viewer.state;
	pair.viewer.child.kill("SIGKILL");
	await pair.camera.waitForLog("arcrtc", "closed");
	const again = startDevice(t, {
		configuration: {
			arcrtc: {
				session: "garden-gate",
				peer: "viewer",
				connect: `127.0.0.1:${pair.signalling}`,
				video: "receive",
				switches: { allowPlain: true },
			},
			log: { format: "json", level: "debug" },
		},
		state,
	});
	await again.waitForLog("arcrtc", "path");
	await pair.camera.waitForLog("arcrtc", "path", 10_000, 2);
	assert.equal((await pair.figures("camera")).arcrtc.sessions, 2);
});

test(`ARC-R9 ${FORGED_A_SECOND} forged packets a second for ${FLOOD_SECONDS} s: the stream plays on, all are counted, the processor has time`, async (t) => {
	const pair = await startPair(t, { source: { source: CLIP, rate: 10 } });
	await pair.both("path");
	await sleep(1000);
	const socket = createSocket("udp4");
	atEnd(t, () => socket.close());
	const used = (): number => {
		const fields = readFileSync(`/proc/${pair.viewer.pid}/stat`, "latin1")
			.replace(/^.*\) /s, "")
			.split(" ");
		return (Number(fields[11]) + Number(fields[12])) * 10;
	};
	const before = await pair.figures("viewer");
	const usedBefore = used();
	const start = performance.now();
	let forged = 0;
	while (performance.now() - start < FLOOD_SECONDS * 1000) {
		const due = ((performance.now() - start) / 1000) * FORGED_A_SECOND;
		for (; forged < due; forged++) {
			const packet = Buffer.alloc(60 + (forged % 900), forged & 0xff);
			// Full and reduced headers, control packets, STUN, and what is nothing.
			packet.writeUInt16BE([0x906f, 0xcc00, 0x81c9, 0x0001, 0x906f, 0xd400, 0x1616, 0xc400][forged % 8] as number, 0);
			packet.writeUInt16BE(forged & 0xffff, 2);
			socket.send(packet, pair.port, "127.0.0.1");
		}
		await sleep(2);
	}
	const seconds = (performance.now() - start) / 1000;
	const busy = (used() - usedBefore) / 1000 / seconds;
	await sleep(300);
	const after = await pair.figures("viewer");
	const sounds = after.arcrtc.received.sounds - before.arcrtc.received.sounds;
	assert.ok(sounds > seconds * 50 * 0.95, `${sounds} packets of sound in ${seconds} s`);
	assert.ok(after.arcrtc.received.pictures - before.arcrtc.received.pictures > seconds * 10 * 5, "pictures");
	const dropped = (one: Figures): number => Object.values(one.arcrtc.dropped).reduce((sum, count) => sum + count, 0);
	const counted = dropped(after) - dropped(before);
	// STUN is refused by the path, whose counter is another one.
	assert.ok(counted >= forged * 0.8 && counted <= forged * 1.01, `${counted} of ${forged} counted`);
	assert.deepEqual([after.arcrtc.path, after.arcrtc.sessions], ["direct", 1]);
	assert.ok(busy < 0.5, `the processor is used by ${(busy * 100).toFixed(0)} %`);
});

for (const name of ["linux32", "armhf"]) {
	const target = targets[name];
	const executable = join(root, "build", name, "fletcher");
	const skip = target && existsSync(executable) ? false : `build/${name}/fletcher is not there`;
	test(`ARC-P11 ${name}: sound both ways and pictures out take less than 50 KB of pools and native memory`, { skip }, (t) => {
		const file = join(temporaryFolder(t), "config.json");
		const arcrtc = { session: "garden-gate", peer: "camera", listen: "127.0.0.1:7000", switches: { allowPlain: true } };
		writeFileSync(file, JSON.stringify({ camera: { source: CLIP }, audio: { frame: 20 }, arcrtc }));
		const [runner, ...args] = [...(target?.runner ?? []), executable, "--config", file, "--print-memory"];
		const { status, stdout, stderr } = spawnSync(runner as string, args, { encoding: "utf8", timeout: 30_000 });
		assert.equal(status, 0, stderr);
		let sum = 0;
		for (const line of stdout.split("\n")) if (line.includes("  arcrtc ")) sum += Number.parseInt(line, 10);
		assert.ok(sum > 30_000 && sum < 50 * 1024, `${sum} bytes:\n${stdout}`);
	});
}
