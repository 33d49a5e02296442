import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { atEnd } from "./at_end.ts";
import { fileURLToPath } from "node:url";
import { build } from "../../tools/build.ts";
import type { Target } from "../../tools/targets.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import { ServiceType } from "../peers/arrow_table.ts";
import { files, pattern } from "../peers/local_services.ts";
import type { DeviceOptions } from "./device.ts";
import { freePort, http, openTunnel, root, temporaryFolder } from "./device.ts";
import { run, server } from "./programs.ts";

const FILE_BYTES = 50_000_000;
const SESSIONS = 8;

/** The targets that run here, each with the limits of a device of its kind. */
const CAMERAS: readonly { readonly target: string; readonly limits: Pick<DeviceOptions, "window" | "sessions"> }[] = [
	{ target: "linux64", limits: {} },
	{ target: "linux32", limits: { window: 8_192, sessions: 4 } },
];

for (const { target, limits } of CAMERAS.filter((one) => targets[one.target] && targetReady(targets[one.target] as Target))) {
	test(`ARROW-21 ${target}: ffmpeg reads 100 frames of the camera's MJPEG stream through the tunnel and all decode`, async (t) => {
		const camera = { source: join(root, "demo/clip.mjpeg"), rate: 25, http: { address: "127.0.0.1", port: await freePort() } };
		const { executable } = await build({ target, quiet: true });
		const { service, device } = await openTunnel(t, { camera, executable, ...limits });
		const record = device.service(ServiceType.MJPEG);
		const exposed = await service.expose(device, record.id);
		const url = `http://127.0.0.1:${exposed.port}${record.path}`;
		// Every message of the decoder is an error here, and any ends it with a code other than 0.
		const { stdout, stderr } = await run("ffmpeg", [
			...["-v", "warning", "-xerror", "-err_detect", "explode", "-f", "mpjpeg", "-i", url],
			...["-frames:v", "100", "-f", "framemd5", "-"],
		]);
		const frames = stdout.split("\n").filter((line) => /^\d/.test(line));
		assert.equal(frames.length, 100);
		assert.ok(new Set(frames.map((line) => line.split(",").at(-1))).size > 20, "the picture does not move");
		assert.equal(stderr.trim(), "");
		assert.deepEqual(service.violations, []);
	});
}

test("ARROW-26 curl fetches a 50 MB file with the same SHA-256, alone and eight at once", async (t) => {
	const folder = temporaryFolder(t);
	const data = pattern(FILE_BYTES);
	writeFileSync(join(folder, "file"), data);
	const expected = createHash("sha256").update(data).digest("hex");
	const local = await files(folder);
	atEnd(t, () => local.close());
	const { service, device, idOf, process } = await openTunnel(t, { services: [http(local)], sessions: SESSIONS });
	const exposed = await service.expose(device, idOf(local.port));
	const fetchOnce = async (): Promise<string> => {
		const { stdout } = await run("sh", ["-c", `curl -sSf http://127.0.0.1:${exposed.port}/file | sha256sum`], 120_000);
		return stdout.slice(0, 64);
	};
	assert.equal(await fetchOnce(), expected);
	const resident = process.resident;
	const all = await Promise.all(Array.from({ length: SESSIONS }, fetchOnce));
	assert.deepEqual(
		all,
		Array.from({ length: SESSIONS }, () => expected),
	);
	assert.ok(process.resident - resident < 1_000_000, `resident set grew from ${resident} to ${process.resident}`);
	assert.deepEqual(service.violations, []);
});

test("ARROW-24 curl sends 50 MB into the tunnel and they arrive with the same SHA-256", async (t) => {
	const { createServer } = await import("node:http");
	const folder = temporaryFolder(t);
	const data = pattern(FILE_BYTES);
	writeFileSync(join(folder, "file"), data);
	const hash = createHash("sha256");
	const local = createServer((request, response) => {
		request.on("data", (piece: Buffer) => hash.update(piece));
		request.on("end", () => response.end(hash.digest("hex")));
	});
	await new Promise<void>((resolve) => {
		local.listen(0, "127.0.0.1", resolve);
	});
	atEnd(t, () => local.close());
	const address = local.address();
	assert.ok(typeof address === "object" && address !== null);
	const { service, device, idOf } = await openTunnel(t, { services: [http(address)] });
	const exposed = await service.expose(device, idOf(address.port));
	const { stdout } = await run("curl", [
		"-sSf",
		"-H",
		"Expect:",
		"--data-binary",
		`@${folder}/file`,
		`http://127.0.0.1:${exposed.port}/`,
	]);
	assert.equal(stdout, createHash("sha256").update(data).digest("hex"));
	assert.deepEqual(service.violations, []);
});

test("ARROW-35 a GStreamer RTSP server behind the tunnel plays in ffprobe and ffmpeg over TCP interleaving", async (t) => {
	const folder = temporaryFolder(t);
	const clip = join(folder, "clip.mp4");
	await run("ffmpeg", [
		...["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-t", "30"],
		...["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", clip],
	]);
	const script = fileURLToPath(new URL("rtsp_server.py", import.meta.url));
	const port = await server(t, "/usr/bin/python3", [script, clip]);
	const { service, device } = await openTunnel(t, { services: [{ type: "rtsp", url: `rtsp://127.0.0.1:${port}/live` }] });
	const exposed = await service.expose(device, device.service(ServiceType.RTSP).id);
	const url = `rtsp://127.0.0.1:${exposed.port}/live`;
	const probe = await run("ffprobe", [
		"-v",
		"error",
		"-rtsp_transport",
		"tcp",
		"-show_entries",
		"stream=codec_name,width,height",
		"-of",
		"csv=p=0",
		url,
	]);
	assert.equal(probe.stdout.trim(), "h264,320,240");
	const { stdout } = await run("ffmpeg", [
		"-v",
		"error",
		"-rtsp_transport",
		"tcp",
		"-i",
		url,
		"-frames:v",
		"100",
		"-f",
		"framemd5",
		"-",
	]);
	assert.equal(stdout.split("\n").filter((line) => /^\d/.test(line)).length, 100);
	assert.deepEqual(service.violations, []);
});
