/** `--discover` as a black box, on loopback. Networks of fake cameras are in network namespaces. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { executable, temporaryFolder } from "./device.ts";

interface Result {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs beside the servers of this process. */
function discover(...args: string[]): Promise<Result> {
	return new Promise((resolve, reject) => {
		const child = spawn(executable, ["--discover", ...args]);
		let stdout = "";
		let stderr = "";
		child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
		child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
		child.on("error", reject);
		child.on("close", (code) => resolve({ code, stdout, stderr }));
	});
}

/** A server that says the same to everybody. */
function serve(address: string, answer: string): Promise<Server> {
	const server = createServer((socket) => {
		socket.on("data", () => socket.write(answer));
		socket.on("error", () => socket.destroy());
	});
	return new Promise((resolve) => server.listen(0, address, () => resolve(server)));
}

function portOf(server: Server): number {
	return (server.address() as { port: number }).port;
}

const SDP = "v=0\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
const PICTURES = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=x\r\n\r\n--x\r\n";

test("ARROW-42 --discover finds cameras without a connection to anything else, as a table and as JSON", async (t) => {
	const folder = temporaryFolder(t);
	const camera = await serve("127.0.0.2", `RTSP/1.0 200 OK\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`);
	const pictures = await serve("127.0.0.3", PICTURES);
	t.after(() => {
		camera.close();
		pictures.close();
	});
	const rtsp = portOf(camera);
	const http = portOf(pictures);
	const file = join(folder, "config.json");
	const paths = { rtsp: ["/live"], mjpeg: ["/video"] };
	const discovery = { networks: ["127.0.0.0/29"], exclude: ["127.0.0.4/30"], ports: { rtsp: [rtsp], http: [http] }, paths };
	writeFileSync(file, JSON.stringify({ discovery }));

	const json = await discover("--json", "--config", file);
	assert.equal(json.code, 0, json.stderr);
	const found = JSON.parse(json.stdout) as { hosts: { address: string; ports: number[] }[]; services: Record<string, unknown>[] };
	assert.deepEqual(
		found.hosts.map(({ address, ports }) => [address, ports]),
		[
			["127.0.0.2", [rtsp]],
			["127.0.0.3", [http]],
		],
	);
	assert.deepEqual(
		found.services.map(({ type, url }) => `${type} ${url}`),
		[
			`rtsp rtsp://127.0.0.2:${rtsp}/live`,
			`tcp tcp://127.0.0.2:${rtsp}`,
			`http http://127.0.0.3:${http}/`,
			`mjpeg http://127.0.0.3:${http}/video`,
		],
	);

	const table = await discover("--config", file);
	assert.equal(table.code, 0);
	assert.match(table.stdout, /^ADDRESS +MAC +FOUND BY +OPEN PORTS\n127\.0\.0\.2 /);
	assert.match(table.stdout, new RegExp(`    rtsp +rtsp://127\\.0\\.0\\.2:${rtsp}/live\n`));
	assert.match(table.stderr, /^scanning 127\.0\.0\.0\/29\n2 hosts, 4 services in \d+\.\d s\n$/);
});

test("ARROW-42 --discover says in words which key leaves nothing to scan, exit code 2", (t) => {
	const file = join(temporaryFolder(t), "config.json");
	const cases: readonly [unknown, RegExp][] = [
		[{ interfaces: ["nothing0"] }, /discovery\.interfaces/],
		[
			{ exclude: ["lo"], networks: ["127.0.0.0/29"] },
			/127\.0\.0\.0\/29 of lo is left out, its interface is in discovery\.exclude/,
		],
		[{ networks: ["127.0.0.0/16"] }, /larger than \/22 \(65536 addresses\): name a part of it in discovery\.networks/],
		[{ networks: ["10.0.0.0/x"] }, /discovery\.networks\[0\]: 10\.0\.0\.0\/x is no IPv4 network/],
		[{ exclude: ["10.0.0.0/40"] }, /discovery\.exclude\[0\]: 10\.0\.0\.0\/40 is no/],
		[{ paths: { rtsp: ["live"] } }, /discovery\.paths\.rtsp\[0\]: must begin with \//],
	];
	for (const [discovery, expected] of cases) {
		writeFileSync(file, JSON.stringify({ discovery }));
		const { status, stdout, stderr } = spawnSync(executable, ["--discover", "--config", file], {
			encoding: "utf8",
			timeout: 10_000,
		});
		assert.deepEqual([status, stdout], [2, ""], stderr);
		assert.match(stderr, expected);
	}
	const { status, stderr } = spawnSync(executable, ["--json", "--config", file], { encoding: "utf8", timeout: 10_000 });
	assert.deepEqual([status, stderr], [2, "fletcher: --json goes with --discover; see --help\n"]);
});

test("ARROW-42 --discover ends at once when it is told to, exit code 1", async (t) => {
	const file = join(temporaryFolder(t), "config.json");
	writeFileSync(file, JSON.stringify({ discovery: { networks: ["127.0.0.0/24"], rate: 1, icmp: false } }));
	const child = spawn(executable, ["--discover", "--config", file]);
	let stderr = "";
	child.stderr.on("data", (chunk: Buffer) => {
		stderr += chunk.toString();
		if (stderr.includes("scanning")) child.kill("SIGINT");
	});
	const code = await new Promise((resolve) => child.on("close", resolve));
	assert.equal(code, 1);
	assert.match(stderr, /stopped before the scan was over\n$/);
});
