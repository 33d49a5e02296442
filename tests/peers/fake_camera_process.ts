/**
 * Runs the cameras of fake_cameras.ts in the network namespace it is started in: fake_camera_process.ts PREFIX CLIP, with PREFIX like
 * "192.168.77." in front of a camera's host number. Prints "ready" once all listen, then a line for each request: "HOST PORT LINE".
 * A line "HOST OCTET" of standard input makes a camera listen at another address, which it answers by "moved". Ends with its standard input.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import type { Socket } from "node:net";
import type { Camera, Port } from "./fake_cameras.ts";
import { CAMERAS, EXCLUDED } from "./fake_cameras.ts";
import { speakHttp } from "./fake_http.ts";
import { speakRtsp } from "./fake_rtsp.ts";

const [prefix = "127.0.0.", clip = ""] = process.argv.slice(2);

/** The first picture of an MJPEG file. */
function firstPicture(file: string): Buffer {
	const data = readFileSync(file);
	return data.subarray(0, data.indexOf(Buffer.from([0xff, 0xd9])) + 2);
}

const picture = firstPicture(clip);

function speak(socket: Socket, port: Port, report: (line: string) => void): void {
	if (port.rtsp !== undefined) speakRtsp(socket, port.rtsp, report);
	else if (port.http !== undefined) speakHttp(socket, port.http, picture, report);
	else socket.resume();
	if (port.garbage !== true) return;
	const noise = Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 197 + (index >> 3)) & 0xff));
	const pour = (): void => {
		while (!socket.destroyed && socket.write(noise));
	};
	socket.on("drain", pour);
	pour();
}

function listen(camera: Camera, number: number, port: Port, octet = camera.host): Promise<void> {
	const server = createServer({ noDelay: true }, (socket) => {
		socket.on("error", () => undefined);
		speak(socket, port, (line) => process.stdout.write(`${camera.host} ${number} ${line}\n`));
	});
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(number, `${prefix}${octet}`, resolve);
	});
}

function listenAll(camera: Camera, octet = camera.host): Promise<void>[] {
	return Object.entries(camera.ports ?? {}).map(([number, port]) => listen(camera, Number(number), port, octet));
}

const cameras = [...CAMERAS, ...EXCLUDED];
createInterface({ input: process.stdin })
	.on("line", (line) => {
		const [host, octet] = line.split(" ").map(Number);
		const moved = cameras.filter((camera) => camera.host === host).flatMap((camera) => listenAll(camera, octet));
		void Promise.all(moved).then(() => process.stdout.write("moved\n"));
	})
	.on("close", () => process.exit(0));
await Promise.all(cameras.flatMap((camera) => listenAll(camera)));
process.stdout.write("ready\n");
