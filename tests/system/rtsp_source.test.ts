/** A camera's own RTSP server as the source: GStreamer and VLC as such cameras, and peers that no camera would be. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { DeviceProcess, type LogEvent } from "../../tools/demo/device_process.ts";
import { atEnd } from "./at_end.ts";
import { executable, freePort, root, temporaryFolder } from "./device.ts";
import { run } from "./programs.ts";

const SCRIPT = fileURLToPath(new URL("rtsp_camera.py", import.meta.url));
/** The unit tests' executable has a program that sends on what an RTSP server sends. */
const UNIT = join(root, "build/linux64/unit");
const USER = "ann";
const PASSWORD = "s3cr/t@x";
const LOGIN = `${USER}:${encodeURIComponent(PASSWORD)}@`;
const NOBODY = "65534";

/** A process that goes with the test. */
class Camera {
	readonly child: ChildProcess;
	said = "";

	constructor(t: TestContext, command: readonly string[]) {
		const [program = "", ...args] = command;
		this.child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
		this.child.on("error", (error) => {
			this.said += error.message;
		});
		for (const stream of [this.child.stdout, this.child.stderr])
			stream?.on("data", (data: Buffer) => {
				this.said += data.toString();
			});
		atEnd(t, () => this.kill());
	}

	async kill(): Promise<void> {
		if (this.child.exitCode !== null || this.child.signalCode !== null) return;
		const ended = new Promise((resolve) => this.child.once("exit", resolve));
		this.child.kill("SIGKILL");
		await ended;
	}
}

/** A server of GStreamer at `port` that listens. */
async function gstreamer(t: TestContext, port: number, args: readonly string[]): Promise<Camera> {
	const camera = new Camera(t, ["/usr/bin/python3", SCRIPT, ...args, "--port", String(port)]);
	for (let i = 0; i < 1000 && !camera.said.includes(`${port}\n`); i++) await sleep(10);
	assert.ok(camera.said.includes(`${port}\n`), camera.said);
	return camera;
}

interface Figures {
	readonly memory: { readonly slots: { readonly used: number }; readonly descriptors: number };
	readonly camera: {
		readonly frames: number;
		readonly damaged: number;
		readonly oversized: number;
		readonly rtsp: {
			readonly state: string;
			readonly failures: number;
			readonly oversized: number;
			readonly strayFrames: number;
			readonly tracks: readonly { readonly packets: number; readonly missing: number }[];
		};
	};
}

interface Device {
	readonly url: string;
	readonly process: DeviceProcess;
	figures(): Promise<Figures>;
	/** Waits for an event of the log that comes after `from` others. */
	event(name: string, from?: number): Promise<LogEvent>;
	/** Waits until so many pictures more have come. */
	pictures(count: number): Promise<void>;
}

async function startDevice(t: TestContext, camera: object): Promise<Device> {
	const folder = temporaryFolder(t);
	const port = await freePort();
	const file = join(folder, "config.json");
	writeFileSync(file, JSON.stringify({ camera: { ...camera, http: { port } }, log: { format: "json", level: "debug" } }));
	const device = new DeviceProcess([executable], ["--config", file, "--state", join(folder, "state")]);
	atEnd(t, async () => {
		assert.deepEqual(await device.stop(), { code: 0, signal: null }, JSON.stringify(device.log.slice(-5)));
		const text = JSON.stringify(device.log);
		assert.ok(!text.includes("s3cr") && !text.includes(encodeURIComponent(PASSWORD)), "a password in the log");
	});
	const url = `http://127.0.0.1:${port}`;
	const figures = async (): Promise<Figures> => (await (await fetch(`${url}/metrics.json`)).json()) as Figures;
	const event = async (name: string, from = 0): Promise<LogEvent> => {
		for (let i = 0; i < 2000; i++) {
			const found = device.log.slice(from).find((one) => one.area === "rtsp" && one.event === name);
			if (found !== undefined) return found;
			await sleep(10);
		}
		throw new Error(`no event ${name}: ${JSON.stringify(device.log)}`);
	};
	const pictures = async (count: number): Promise<void> => {
		const before = (await figures()).camera.frames;
		for (let i = 0; i < 600; i++) {
			if ((await figures()).camera.frames - before >= count) return;
			await sleep(25);
		}
		throw new Error(`no ${count} pictures: ${JSON.stringify((await figures()).camera)} ${JSON.stringify(device.log)}`);
	};
	return { url, process: device, figures, event, pictures };
}

for (const [transport, way] of [
	["tcp", "digest"],
	["udp", "basic"],
] as const)
	test(`rtsp source: JPEG of GStreamer over ${transport} with ${way} authentication is what the HTTP server shows`, async (t) => {
		const port = await freePort();
		await gstreamer(t, port, ["jpeg", "--auth", way, USER, PASSWORD]);
		const device = await startDevice(t, { source: `rtsp://${LOGIN}127.0.0.1:${port}/live`, transport });
		const playing = await device.event("playing");
		assert.deepEqual(
			[playing["host"], playing["port"], playing["codec"], playing["transport"]],
			["127.0.0.1", port, "JPEG", transport],
		);
		await device.pictures(30);
		const picture = join(temporaryFolder(t), "picture.jpg");
		writeFileSync(picture, Buffer.from(await (await fetch(`${device.url}/frame.jpg`)).arrayBuffer()));
		const { stdout, stderr } = await run("ffprobe", [
			"-v",
			"error",
			"-show_entries",
			"stream=codec_name,width,height",
			"-of",
			"csv=p=0",
			picture,
		]);
		assert.deepEqual([stdout.trim(), stderr], ["mjpeg,320,240", ""]);
		await run("ffmpeg", ["-v", "error", "-xerror", "-i", `${device.url}/video.mjpeg`, "-frames:v", "20", "-f", "null", "-"]);
		const { camera } = await device.figures();
		assert.deepEqual([camera.damaged, camera.oversized, camera.rtsp.failures, camera.rtsp.tracks[0]?.missing], [0, 0, 0, 0]);
	});

test("rtsp source: a server that is killed is asked until it is back, and its pictures go on", async (t) => {
	const port = await freePort();
	const source = `rtsp://${LOGIN}127.0.0.1:${port}/live`;
	const device = await startDevice(t, { source });
	await device.event("failed");
	let camera = await gstreamer(t, port, ["jpeg"]);
	await device.pictures(10);
	const before = await device.figures();
	for (let i = 0; i < 2; i++) {
		const known = device.process.log.length;
		await camera.kill();
		const failed = await device.event("failed", known);
		assert.ok((failed["retry"] as number) <= 9, JSON.stringify(failed));
		camera = await gstreamer(t, port, ["jpeg"]);
		await device.pictures(10);
	}
	const after = await device.figures();
	assert.equal(after.memory.descriptors, before.memory.descriptors);
});

test("rtsp source: wrong passwords, missing ones and H.264 without arcrtc are told so that a person knows what to do", async (t) => {
	const folder = temporaryFolder(t);
	const clip = join(folder, "clip.mp4");
	await makeClip("h264", clip, 5);
	const locked = await freePort();
	const h264 = await freePort();
	await gstreamer(t, locked, ["jpeg", "--auth", "digest", USER, PASSWORD]);
	await gstreamer(t, h264, ["h264", clip]);
	const reason = async (source: string): Promise<unknown> => {
		const device = await startDevice(t, { source });
		const failed = await device.event("failed");
		assert.equal(failed["retry"], 60);
		await device.process.stop();
		return failed["reason"];
	};
	assert.equal(
		await reason(`rtsp://127.0.0.1:${locked}/live`),
		"the server wants a user and a password: camera.source must have them",
	);
	assert.equal(
		await reason(`rtsp://ann:s3cret@127.0.0.1:${locked}/live`),
		"the server refuses the user or the password of camera.source",
	);
	assert.match(String(await reason(`rtsp://127.0.0.1:${h264}/live`)), /: H264; .*arcrtc/);
});

test("rtsp source: a configuration that is wrong is refused without a letter of its password", async (t) => {
	const folder = temporaryFolder(t);
	const file = join(folder, "config.json");
	for (const source of [
		"rtsp://a:s3cret@",
		"rtsps://a:s3cret@h/",
		"rtsp://a:s3cret@h:99999/",
		"http://a:s3cret@h/",
		"rtsp://a:s3cret%@h/",
	]) {
		writeFileSync(file, JSON.stringify({ camera: { source } }));
		await assert.rejects(run(executable, ["--config", file, "--check-config"]), (error: Error) => {
			assert.match(error.message, /camera\.source: must be/);
			assert.ok(!error.message.includes("s3cret"), error.message);
			return true;
		});
	}
});

async function makeClip(codec: "h264" | "h265", file: string, seconds: number): Promise<void> {
	const encoder =
		codec === "h264"
			? ["-c:v", "libx264", "-preset", "ultrafast"]
			: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1"];
	await run("ffmpeg", [
		...["-v", "error", "-f", "lavfi", "-i", "testsrc=size=640x480:rate=25", "-t", String(seconds)],
		...[...encoder, "-bf", "0", "-g", "25", "-pix_fmt", "yuv420p", file],
	]);
}

/** Gets a stream with the probe, which sends its packets on to ffmpeg. @returns what the probe said, decoded frames, ffmpeg's complaints. */
async function decode(
	t: TestContext,
	codec: string,
	url: string,
	transport: string,
): Promise<{ probe: string; frames: number; complaints: string }> {
	const folder = temporaryFolder(t);
	const port = await freePort();
	const sdp = join(folder, "stream.sdp");
	const lines = [`v=0`, `o=- 0 0 IN IP4 127.0.0.1`, `s=-`, `c=IN IP4 127.0.0.1`, `t=0 0`];
	writeFileSync(sdp, [...lines, `m=video ${port} RTP/AVP 96`, `a=rtpmap:96 ${codec}/90000`, ""].join("\r\n"));
	const viewer = run("ffmpeg", [
		...["-v", "error", "-protocol_whitelist", "file,udp,rtp", "-i", sdp],
		...["-fps_mode", "passthrough", "-frames:v", "50", "-f", "framemd5", "-"],
	]);
	await sleep(700);
	const probe = await run(UNIT, ["--probe", "rtsp", url, transport, "5000", String(port)]);
	const { stdout, stderr } = await viewer;
	return { probe: probe.stdout, frames: stdout.split("\n").filter((line) => /^\d/.test(line)).length, complaints: stderr };
}

for (const codec of ["h264", "h265"] as const)
	for (const transport of ["tcp", "udp"])
		test(`rtsp source: ${codec} of GStreamer over ${transport} goes on as RTP that ffmpeg decodes without a complaint`, async (t) => {
			const clip = join(temporaryFolder(t), "clip.mp4");
			await makeClip(codec, clip, 20);
			const port = await freePort();
			await gstreamer(t, port, [codec, clip, "--sound"]);
			const { probe, frames, complaints } = await decode(t, codec.toUpperCase(), `rtsp://127.0.0.1:${port}/live`, transport);
			assert.deepEqual([frames, complaints], [50, ""], probe);
			assert.match(probe, new RegExp(`began ${codec.toUpperCase()} 96 90000 sets [1-9]\\d* sound PCMU 0 8000`));
			assert.match(probe, /missing 0 late 0 reports 1/);
			assert.match(probe, /slots 0 chunks 0/);
			assert.match(probe, /audio [1-9]/);
		});

test("rtsp source: H.264 of VLC over UDP, which is all that it knows; asked for TCP it says so", {
	skip: !existsSync("/usr/bin/cvlc"),
}, async (t) => {
	const folder = temporaryFolder(t);
	const clip = join(folder, "clip.mp4");
	await makeClip("h264", clip, 30);
	await run("chmod", ["-R", "a+rX", folder]);
	const port = await freePort();
	const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "env", "HOME=/tmp"];
	const own = process.getuid?.() === 0 ? user : [];
	const output = `#rtp{sdp=rtsp://127.0.0.1:${port}/live}`;
	const vlc = new Camera(t, [...own, "cvlc", "-I", "dummy", "--no-audio", "--loop", "--sout", output, "--sout-keep", clip]);
	const url = `rtsp://127.0.0.1:${port}/live`;
	let told = "";
	for (let i = 0; i < 20 && !told.includes("change camera.transport"); i++) {
		told = (await run(UNIT, ["--probe", "rtsp", url, "tcp", "500"])).stdout;
		await sleep(100);
	}
	assert.match(told, /does not send this way: change camera\.transport/, vlc.said);
	const { probe, frames } = await decode(t, "H264", url, "udp");
	assert.equal(frames, 50, probe);
	assert.match(probe, /missing 0/);
});

/** A server that is no camera: `serve` gets each connection. */
async function hostile(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on("error", () => undefined);
		socket.on("close", () => sockets.delete(socket));
		serve(socket);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	atEnd(t, () => {
		for (const socket of sockets) socket.destroy();
		server.close();
	});
	const address = server.address();
	assert.ok(typeof address === "object" && address !== null);
	return address.port;
}

test("rtsp source: a server that floods, says nonsense or hangs up costs nothing but its own stream", async (t) => {
	let connections = 0;
	let taken = 0;
	const port = await hostile(t, (socket) => {
		const kind = connections++ % 3;
		if (kind === 0) {
			const noise = Buffer.alloc(65_536, "RTSP/1.0 200 OK\r\nCSeq: 1\r\nX: y\r\n");
			const pour = (): void => {
				while (!socket.destroyed && socket.write(noise)) taken += noise.length;
			};
			socket.on("drain", pour);
			pour();
		} else if (kind === 1) socket.write(Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 7919) & 255)));
		else socket.destroy();
	});
	const device = await startDevice(t, { source: `rtsp://${LOGIN}127.0.0.1:${port}/live` });
	await device.event("failed");
	const before = await device.figures();
	await sleep(4000);
	const after = await device.figures();
	assert.ok(after.camera.rtsp.failures >= 2);
	assert.ok(taken < 50_000_000, String(taken));
	assert.ok(after.memory.slots.used - before.memory.slots.used < 1000, "slots");
	assert.ok(after.memory.descriptors <= before.memory.descriptors + 1);
});

test("rtsp source: a camera that pours frames without end does not keep the device from others", async (t) => {
	const port = await hostile(t, (socket) => {
		let text = "";
		socket.on("data", (data: Buffer) => {
			text += data.toString("latin1");
			for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
				const request = text.slice(0, end);
				text = text.slice(end + 4);
				const sequence = /CSeq: (\d+)/.exec(request)?.[1] ?? "";
				const head = `RTSP/1.0 200 OK\r\nCSeq: ${sequence}\r\nSession: 1\r\n`;
				const sdp = "v=0\r\nm=video 0 RTP/AVP 26\r\na=control:1\r\n";
				if (request.startsWith("DESCRIBE")) socket.write(`${head}Content-Length: ${sdp.length}\r\n\r\n${sdp}`);
				else socket.write(`${head}\r\n`);
				if (!request.startsWith("PLAY")) continue;
				const packet = Buffer.alloc(1404, 0x55);
				packet.set([0x24, 0, 1400 >> 8, 1400 & 255, 0x80, 26, 0, 0]);
				const block = Buffer.concat(Array.from({ length: 64 }, () => packet));
				const pour = (): void => {
					while (!socket.destroyed && socket.write(block));
				};
				socket.on("drain", pour);
				pour();
			}
		});
	});
	const device = await startDevice(t, { source: `rtsp://127.0.0.1:${port}/live` });
	await device.event("playing");
	let slowest = 0;
	for (let i = 0; i < 20; i++) {
		const began = performance.now();
		await device.figures();
		slowest = Math.max(slowest, performance.now() - began);
		await sleep(50);
	}
	assert.ok(slowest < 500, `${slowest} ms`);
	assert.equal((await device.figures()).camera.frames, 0);
});
