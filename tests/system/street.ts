/** The cameras of tests/peers/fake_cameras.ts, and real programs as cameras, in the namespaces of a {@link Network}. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Camera } from "../peers/fake_cameras.ts";
import { CAMERAS, EXCLUDED } from "../peers/fake_cameras.ts";
import { poll } from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import { root } from "./device.ts";
import { LAN, Network } from "./netns.ts";
import { run, server } from "./programs.ts";

/** Who a program runs as that refuses to be root. */
const NOBODY = "65534";

/** Real programs. VLC is no camera of tests where it is not there. */
export const GSTREAMER_H264: Camera = { name: "GStreamer, H.264", host: 2, found: ["rtsp 554 /live"] };
export const GSTREAMER_H265: Camera = { name: "GStreamer, H.265", host: 3, found: ["rtsp 8554 /live"] };
export const VLC: Camera = { name: "VLC, MPEG-4", host: 4, found: ["rtsp 7447 /stream"] };

export interface Street {
	readonly network: Network;
	/** Those that discovery is to find. */
	readonly cameras: readonly Camera[];
	/** Request lines that the fake cameras got: "HOST PORT LINE". */
	readonly requests: readonly string[];
	/** A fake camera gets another address, as by DHCP. */
	move(host: number, octet: number): Promise<void>;
}

function here(file: string): string {
	return fileURLToPath(new URL(file, import.meta.url));
}

/** A clip of moving test pictures. */
async function clip(folder: string, name: string, codec: readonly string[]): Promise<string> {
	const file = join(folder, name);
	const source = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-t", "20"];
	await run("ffmpeg", ["-v", "error", ...source, ...codec, "-g", "25", "-pix_fmt", "yuv420p", file]);
	return file;
}

/** Starts a program in the cameras' namespace that ends with the test. @returns its input, once it said what `ready` looks for. */
function begin(
	test: TestContext,
	network: Network,
	command: readonly string[],
	ready: RegExp,
	take?: (line: string) => void,
): Promise<Writable> {
	const [program = "", ...args] = [...network.inside(network.lan), ...command];
	const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
	const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
	atEnd(test, async () => {
		child.kill("SIGKILL");
		await ended;
	});
	return new Promise((resolve, reject) => {
		let said = "";
		const look = (line: string): void => {
			take?.(line);
			if (said.length < 4_000) said += `${line}\n`;
			if (ready.test(line)) resolve(child.stdin);
		};
		createInterface({ input: child.stdout }).on("line", look);
		createInterface({ input: child.stderr }).on("line", look);
		child.once("error", reject);
		child.once("close", () => reject(new Error(`${command[0]} ended:\n${said}`)));
		setTimeout(() => reject(new Error(`${command[0]} was not ready in time:\n${said}`)), 15_000).unref();
	});
}

/** VLC refuses to run as root, and waits for a picture before it listens. */
async function startVlc(test: TestContext, network: Network, folder: string): Promise<void> {
	const file = await clip(folder, "vlc.mp4", ["-c:v", "mpeg4", "-q:v", "5"]);
	const home = join(folder, "vlc");
	mkdirSync(home, { mode: 0o777 });
	const output = `#rtp{sdp=rtsp://${LAN}${VLC.host}:7447/stream}`;
	const options = ["-I", "dummy", "--no-audio", "--loop", "--sout", output, "--sout-keep", file];
	const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "env", `HOME=${home}`];
	begin(test, network, [...user, "cvlc", ...options], /^$/).catch(() => undefined);
	for (let tries = 0; tries < 100; tries += 1) {
		if (network.run(network.lan, ["ss", "-Htln", `src ${LAN}${VLC.host}:7447 or sport = :7447`]).trim() !== "") return;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	throw new Error("cvlc does not listen");
}

/** A network with every camera there is. `folder` is for the programs' files and must be readable by all. */
export async function openStreet(test: TestContext, folder: string): Promise<Street> {
	const real = [GSTREAMER_H264, GSTREAMER_H265, ...(existsSync("/usr/bin/cvlc") ? [VLC] : [])];
	const network = new Network(test, [...CAMERAS, ...EXCLUDED, ...real]);
	const requests: string[] = [];
	const script = here("../peers/fake_camera_process.ts");
	const fakes = [process.execPath, "--import", "tsx", script, LAN, join(root, "demo/clip.mjpeg")];
	const gstreamer = async (camera: Camera, port: number, codec: string, encoder: readonly string[]): Promise<void> => {
		const file = await clip(folder, `${codec}.mp4`, encoder);
		const [program = "", ...args] = network.inside(network.lan);
		await server(test, program, [
			...args,
			"/usr/bin/python3",
			here("rtsp_server.py"),
			file,
			`${LAN}${camera.host}`,
			String(port),
			codec,
		]);
	};
	const [input] = await Promise.all([
		begin(test, network, fakes, /^ready$/, (line) => requests.push(line)),
		gstreamer(GSTREAMER_H264, 554, "h264", ["-c:v", "libx264", "-preset", "ultrafast"]),
		gstreamer(GSTREAMER_H265, 8554, "h265", [
			"-c:v",
			"libx265",
			"-preset",
			"ultrafast",
			"-x265-params",
			"log-level=error",
			"-tag:v",
			"hvc1",
		]),
		...(real.includes(VLC) ? [startVlc(test, network, folder)] : []),
	]);
	return {
		network,
		cameras: [...real, ...CAMERAS],
		requests,
		move: async (host, octet) => {
			network.readdress(host, octet);
			const before = requests.length;
			input.write(`${host} ${octet}\n`);
			await poll(
				() => requests.indexOf("moved", before) >= 0,
				5_000,
				() => "the camera did not move",
			);
		},
	};
}
