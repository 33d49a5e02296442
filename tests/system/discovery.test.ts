/** Discovery in a home network of fake and real cameras, by the real executable, watched from outside. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import type { Target } from "../../tools/targets.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import { build } from "../../tools/build.ts";
import { EXCLUDED, MJPEG_PATHS, RTSP_PATHS } from "../peers/fake_cameras.ts";
import { atEnd } from "./at_end.ts";
import type { Packet } from "./capture.ts";
import { capture } from "./capture.ts";
import { temporaryFolder } from "./device.ts";
import { LAN, macOf, OTHER, whyNoNetwork } from "./netns.ts";
import type { Street } from "./street.ts";
import { openStreet } from "./street.ts";

const GOAL_MS = 30_000;
const EXCLUDED_NETWORK = `${LAN}48/29`;
/** Octets of EXCLUDED_NETWORK. */
const excludedOctets = [40, ...Array.from({ length: 8 }, (_, index) => 48 + index)];

/** What `--discover --json` prints. */
interface Found {
	readonly milliseconds: number;
	readonly sockets: number;
	readonly networks: readonly string[];
	readonly omitted: readonly { readonly network: string; readonly interface: string }[];
	readonly hosts: readonly {
		readonly address: string;
		readonly mac: string;
		readonly foundBy: readonly string[];
		readonly ports: readonly number[];
	}[];
	readonly services: readonly {
		readonly type: string;
		readonly address: string;
		readonly port: number;
		readonly path: string;
		readonly mac: string;
	}[];
}

interface Scan {
	readonly found: Found;
	readonly elapsed: number;
	/** The most sockets of TCP that were open at once. */
	readonly sockets: number;
	readonly said: string;
}

/** The `discovery` part of the configuration. */
function settings(sockets: number, rate: number, listed: boolean): Record<string, unknown> {
	return {
		exclude: [`${LAN}40`, EXCLUDED_NETWORK, macOf(60), "eth1", "up0"],
		...(listed ? { paths: { rtsp: RTSP_PATHS, mjpeg: MJPEG_PATHS } } : {}),
		sockets,
		rate,
	};
}

/** Open TCP sockets of a process. */
function tcpSockets(pid: number): number {
	const table = readFileSync(`/proc/${pid}/net/tcp`, "latin1").split("\n").slice(1);
	const known = new Set(table.map((line) => line.trim().split(/\s+/)[9]));
	let count = 0;
	for (const name of readdirSync(`/proc/${pid}/fd`)) {
		try {
			const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
			if (inode !== undefined && known.has(inode)) count += 1;
		} catch {
			// Closed since the folder was read.
		}
	}
	return count;
}

/** Runs `--discover --json` in the device's namespace. */
async function discover(t: TestContext, street: Street, executable: string, config: object): Promise<Scan> {
	const file = join(temporaryFolder(t), "config.json");
	writeFileSync(file, JSON.stringify({ discovery: config }));
	const { network } = street;
	const [program = "", ...before] = network.inside(network.device);
	const start = performance.now();
	const child = spawn(program, [...before, executable, "--discover", "--json", "--config", file], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	let output = "";
	let said = "";
	child.stdout.on("data", (text: Buffer) => {
		output += text.toString();
	});
	child.stderr.on("data", (text: Buffer) => {
		said += text.toString();
	});
	let sockets = 0;
	const timer = setInterval(() => {
		try {
			if (child.pid !== undefined) sockets = Math.max(sockets, tcpSockets(child.pid));
		} catch {
			// It is about to end.
		}
	}, 10);
	atEnd(t, () => child.kill("SIGKILL"));
	const code = await new Promise((resolve) => child.once("close", resolve));
	clearInterval(timer);
	const elapsed = performance.now() - start;
	assert.equal(code, 0, `${said}${output}`);
	return { found: JSON.parse(output) as Found, elapsed, sockets, said };
}

/** Compares what was found with what is there, camera by camera. */
function assertAllFound({ cameras }: Street, found: Found): void {
	for (const camera of cameras) {
		const address = `${LAN}${camera.host}`;
		const host = found.hosts.find((one) => one.address === address);
		assert.ok(host, `${camera.name} at ${address} was not found`);
		assert.equal(host.mac, macOf(camera.host), camera.name);
		assert.ok(host.foundBy.includes("arp"), `${camera.name}: found by ${host.foundBy.join()}`);
		assert.equal(host.foundBy.includes("icmp"), camera.noPing !== true, `${camera.name}: found by ${host.foundBy.join()}`);
		const services = found.services.filter((one) => one.address === address);
		const shown = services.filter((one) => one.type !== "tcp").map((one) => `${one.type} ${one.port} ${one.path}`);
		assert.deepEqual(shown.sort(), [...camera.found].sort(), `${camera.name} at ${address}`);
		assert.ok(services.every((one) => one.mac === macOf(camera.host)));
		// Each RTSP endpoint is published as TCP too.
		for (const one of services.filter((service) => service.type.includes("rtsp")))
			assert.ok(
				services.some((other) => other.type === "tcp" && other.port === one.port),
				`${camera.name}: no TCP record`,
			);
		const open = camera.ports === undefined ? [] : Object.keys(camera.ports).map(Number);
		for (const port of open) assert.ok(host.ports.includes(port), `${camera.name}: port ${port} is not in ${host.ports.join()}`);
	}
	const known = new Set(cameras.map((camera) => `${LAN}${camera.host}`));
	assert.deepEqual(
		found.hosts.filter((host) => !known.has(host.address)),
		[],
		"hosts that are not there, or not to be found",
	);
}

/** No packet to what is excluded, of any kind. */
function assertUntouched(network: Street["network"], packets: readonly Packet[]): void {
	const own = packets.filter((packet) => packet.from === macOf(250));
	assert.ok(own.length > 500, `${own.length} packets of the device: the capture shows nothing`);
	const excluded = new Set(excludedOctets.map((octet) => `${LAN}${octet}`));
	for (const packet of own) {
		assert.ok(!excluded.has(packet.target), `${packet.kind} to ${packet.target}`);
		assert.notEqual(packet.target, `${LAN}0`);
		assert.notEqual(packet.target, `${LAN}255`);
		assert.ok(packet.kind === "arp" || packet.target.startsWith(LAN), `${packet.kind} to ${packet.target}`);
	}
	// The MAC address of a host shows only in the answer to an ARP request: nothing but that may have gone there.
	const beyond = own.filter((packet) => packet.target === `${LAN}60` && packet.kind !== "arp");
	assert.deepEqual(beyond, [], "packets to the host excluded by its MAC address");
	assert.ok(excluded.has(`${LAN}${EXCLUDED[1]?.host}`));
	assert.ok(
		own.some((packet) => packet.target === `${LAN}41`),
		"the neighbours of excluded hosts are not looked at",
	);
	assert.equal(network.deviceAddress, `${LAN}250`);
}

/** Seconds in which the kernel may repeat an ARP request or a SYN that nobody answers. */
const REPETITION = 4;
/** A packet leaves up to some milliseconds after it was begun. */
const TOLERANCE = 1.05;
/** Times that the kernel asks for a host that does not answer (net.ipv4.neigh.default.mcast_solicit), a second apart. */
const REPEATED = 3;

/** The most packets in any second that begin something (connects, echo and ARP requests) and are no repetitions of the kernel's. */
function busiest(packets: readonly Packet[], repetitions: boolean): { readonly count: number; readonly what: string } {
	const last = new Map<string, number>();
	const begun = packets.filter((packet) => {
		if (packet.from !== macOf(250) || !packet.begins) return false;
		if (repetitions) return true;
		// A known neighbour is asked by its own address whether it is still there: by the kernel, too.
		if (packet.kind === "arp" && packet.to !== "ff:ff:ff:ff:ff:ff") return false;
		const key = `${packet.kind} ${packet.target} ${packet.targetPort} ${packet.sourcePort}`;
		const before = last.get(key) ?? Number.NEGATIVE_INFINITY;
		last.set(key, packet.time);
		return packet.kind === "icmp" || packet.time - before > REPETITION;
	});
	let best = { count: 0, what: "none" };
	for (let first = 0, end = 0; end < begun.length; end += 1) {
		while ((begun[end]?.time ?? 0) - (begun[first]?.time ?? 0) >= 1) first += 1;
		if (end - first + 1 <= best.count) continue;
		const kinds = begun.slice(first, end + 1).map((packet) => packet.kind);
		const of = (kind: string): number => kinds.filter((one) => one === kind).length;
		best = { count: end - first + 1, what: `${of("arp")} ARP, ${of("icmp")} ICMP, ${of("tcp")} TCP` };
	}
	return best;
}

const skip = whyNoNetwork() ?? false;
const CASES = [
	{ target: "linux64", sockets: 32, rate: 200, listed: true },
	{ target: "linux64", sockets: 32, rate: 200, listed: false },
	{ target: "linux32", sockets: 4, rate: 100, listed: true },
] as const;

for (const { target, sockets, rate, listed } of CASES.filter((one) => targetReady(targets[one.target] as Target))) {
	test(`ARROW-42 ${target}: every camera of a /24 is found and named right, with ${sockets} sockets and ${listed ? "listed" : "all usual"} paths, and who is excluded gets no packet`, {
		skip,
	}, async (t) => {
		const folder = temporaryFolder(t);
		chmodSync(folder, 0o755);
		const street = await openStreet(t, folder);
		const near = await capture(t, street.network, "pdev", folder);
		const other = await capture(t, street.network, "pother", folder);
		const executable = process.env["FLETCHER"] ?? (await build({ target, quiet: true })).executable;
		const scan = await discover(t, street, executable, settings(sockets, rate, listed));
		const packets = await near.stop();
		const elsewhere = (await other.stop()).filter((packet) => packet.source.startsWith(OTHER) && packet.source.endsWith(".250"));
		const busy = busiest(packets, false);
		const all = busiest(packets, true);
		t.diagnostic(
			`${scan.found.hosts.length} hosts, ${scan.found.services.length} services in ${(scan.elapsed / 1_000).toFixed(1)} s; ` +
				`at most ${scan.sockets} of ${sockets} sockets seen, ${scan.found.sockets} told; ${packets.filter((one) => one.from === macOf(250)).length} packets sent, ` +
				`at most ${busy.count} of ${rate} a second that begin something (${busy.what}), with the kernel's repetitions ${all.count} (${all.what})`,
		);
		assertAllFound(street, scan.found);
		assertUntouched(street.network, packets);
		assert.deepEqual(elsewhere, [], "the excluded interface was used");
		assert.ok(scan.elapsed < GOAL_MS, `${scan.elapsed} ms`);
		assert.ok(scan.sockets <= sockets, `${scan.sockets} sockets`);
		assert.ok(scan.sockets >= Math.min(sockets, 4) - 1, `only ${scan.sockets} sockets seen: the count shows nothing`);
		assert.ok(busy.count <= rate * TOLERANCE, `${busy.count} packets in a second: ${busy.what}`);
		assert.ok(all.count <= REPEATED * rate, `${all.count} packets in a second, repetitions included: ${all.what}`);
		assert.deepEqual(
			street.requests.filter((line) => line.includes(" ! ")),
			[],
			"requests that are none",
		);
		assert.ok(!existsSync(join(folder, "state")));
	});
}
