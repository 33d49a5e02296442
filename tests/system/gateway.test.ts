/** A camera that is a gateway to those around it: discovery and tunnel of one device, against the Arrow service and a home network. */
import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "../../tools/build.ts";
import type { Target } from "../../tools/targets.ts";
import { targetReady, targets } from "../../tools/targets.ts";
import type { ArrowDevice } from "../peers/arrow_device.ts";
import { ArrowService } from "../peers/arrow_service.ts";
import { fingerprintId } from "../peers/arrow_service_id.ts";
import type { ServiceRecord } from "../peers/arrow_table.ts";
import { ServiceType } from "../peers/arrow_table.ts";
import { Type } from "../peers/arrow_wire.ts";
import type { Camera } from "../peers/fake_cameras.ts";
import { MJPEG_PATHS, RTSP_PATHS } from "../peers/fake_cameras.ts";
import { poll } from "../peers/local_services.ts";
import { atEnd } from "./at_end.ts";
import { capture } from "./capture.ts";
import type { DeviceOptions } from "./device.ts";
import { QUICK, TestDevice, temporaryFolder, testCertificate } from "./device.ts";
import { LAN, macOf, whyNoNetwork } from "./netns.ts";
import { run } from "./programs.ts";
import type { Street } from "./street.ts";
import { GSTREAMER_H264, openStreet } from "./street.ts";

const skip = whyNoNetwork() ?? false;
const SCAN_MS = 30_000;
/** The first 32 addresses: the sweep is short. */
const NETWORK = `${LAN}0/27`;
const TYPES: Readonly<Record<string, number>> = {
	rtsp: ServiceType.RTSP,
	"locked-rtsp": ServiceType.LOCKED_RTSP,
	"unknown-rtsp": ServiceType.UNKNOWN_RTSP,
	"unsupported-rtsp": ServiceType.UNSUPPORTED_RTSP,
	http: ServiceType.HTTP,
	mjpeg: ServiceType.MJPEG,
	"locked-mjpeg": ServiceType.LOCKED_MJPEG,
};

/** The targets that run here, each with the limits of a device of its kind. */
const DEVICES: readonly { readonly target: string; readonly limits: Pick<DeviceOptions, "window" | "sessions"> }[] = [
	{ target: "linux64", limits: {} },
	{ target: "linux32", limits: { window: 8_192, sessions: 4 } },
];

interface Field {
	readonly street: Street;
	readonly service: ArrowService;
	readonly folder: string;
	/** Starts the device; the same state folder each time. */
	start(options: Partial<DeviceOptions>): TestDevice;
}

async function openField(t: TestContext): Promise<Field> {
	const folder = temporaryFolder(t);
	chmodSync(folder, 0o755);
	const street = await openStreet(t, folder);
	const { network } = street;
	const service = new ArrowService({ certificate: testCertificate(network.here) });
	await service.listen(0, network.here);
	atEnd(t, () => service.close());
	const discovery = {
		networks: [NETWORK],
		interfaces: ["eth0"],
		paths: { rtsp: RTSP_PATHS, mjpeg: MJPEG_PATHS },
		rate: 1_000,
		interval: 3_600_000,
	};
	return {
		street,
		service,
		folder,
		start: (options) => {
			const inside = network.inside(network.device);
			const times = { ...QUICK, update: 200 };
			const device = new TestDevice(folder, { service: `${network.here}:${service.port}`, inside, times, discovery, ...options });
			atEnd(t, () => device.stop());
			return device;
		},
	};
}

/** What makes a service the same one: type, MAC, port, path. */
function key(record: Pick<ServiceRecord, "type" | "mac" | "port" | "path">): string {
	return `${record.type} ${record.mac} ${record.port} ${record.path}`;
}

/** The keys of all that a camera has, TCP records of RTSP ports included. */
function keysOf(camera: Camera): string[] {
	const mac = macOf(camera.host);
	return camera.found.flatMap((text) => {
		const [type = "", port = "", path = ""] = text.split(" ");
		const own = key({ type: TYPES[type] ?? -1, mac, port: Number(port), path });
		return type.includes("rtsp") ? [own, key({ type: ServiceType.TCP, mac, port: Number(port), path: "" })] : [own];
	});
}

const expectedKeys = ({ cameras }: Street): string[] => cameras.flatMap(keysOf).sort();
const shownKeys = (records: readonly ServiceRecord[]): string[] => records.map(key).sort();
const updates = (device: ArrowDevice): number => device.messages.filter((one) => one.control?.type === Type.UPDATE).length;

/** Waits until the scan that runs, or is about to, is over. */
async function scanned(device: ArrowDevice, process: TestDevice, nth: number): Promise<void> {
	await process.waitForLog("discovery", "scan-finished", SCAN_MS, nth);
	assert.equal((await device.getStatus()).scanning, false);
}

/** The device, once it is established. */
function connected(service: ArrowService, process: TestDevice): Promise<ArrowDevice> {
	return service.waitForDevice(undefined, 10_000).catch((error: Error) => {
		throw new Error(`${error.message}\n${process.tail()}`);
	});
}

async function assertReport(device: ArrowDevice, { cameras }: Street): Promise<void> {
	const report = await device.getScanReport();
	assert.deepEqual(report.hosts.map((host) => host.address).sort(), cameras.map((camera) => `${LAN}${camera.host}`).sort());
	for (const camera of cameras) {
		const host = report.hosts.find((one) => one.address === `${LAN}${camera.host}`);
		assert.equal(host?.mac, macOf(camera.host), camera.name);
		assert.equal(host.flags, camera.noPing === true ? 1 : 3, camera.name);
		const known = [...Object.keys(camera.ports ?? {}), ...camera.found.map((text) => text.split(" ")[1] ?? "")];
		assert.deepEqual([...host.ports].sort(), [...new Set(known.map(Number))].sort(), camera.name);
	}
	assert.deepEqual(shownKeys(report.services), cameras.flatMap(keysOf).sort());
	assert.ok(report.services.every((one) => device.services.some((other) => other.id === one.id && key(other) === key(one))));
}

/** Plays so many pictures of a service through the tunnel. */
async function play(service: ArrowService, device: ArrowDevice, record: ServiceRecord, input: readonly string[]): Promise<void> {
	const exposed = await service.expose(device, record.id);
	const scheme = record.type === ServiceType.RTSP ? "rtsp" : "http";
	const url = `${scheme}://127.0.0.1:${exposed.port}${record.path}`;
	const { stdout } = await run("ffmpeg", ["-v", "error", ...input, "-i", url, "-frames:v", "25", "-f", "framemd5", "-"], 30_000);
	assert.equal(stdout.split("\n").filter((line) => /^\d/.test(line)).length, 25, url);
	await exposed.close();
}

function find(device: ArrowDevice, camera: number, type: number): ServiceRecord {
	const record = device.services.find((one) => one.mac === macOf(camera) && one.type === type);
	assert.ok(record, `camera ${camera} is not shown`);
	return record;
}

for (const { target, limits } of DEVICES.filter((one) => targetReady(targets[one.target] as Target))) {
	test(`ARROW-14 ARROW-17 ARROW-18 ARROW-19 ARROW-20 ARROW-34 ARROW-42 ${target}: a gateway: cameras found are told, reported, played, kept over a reboot, and forgotten when told so`, {
		skip,
	}, async (t) => {
		const { street, service, start } = await openField(t);
		const { executable } = await build({ target, quiet: true });
		const options = { gateway: true, executable, ...limits };
		let process = start(options);
		let device: ArrowDevice = await connected(service, process);
		assert.equal(device.registration?.gateway, true);
		assert.equal(device.services.length, 0);
		assert.deepEqual(await device.getStatus(), { scanning: true, sessions: 0 });
		assert.deepEqual((await device.getScanReport()).hosts, [], "a report before the first scan is over");

		// The first scan: one UPDATE soon after its end.
		await scanned(device, process, 1);
		await poll(
			() => updates(device) > 0,
			5_000,
			() => "no UPDATE",
		);
		assert.deepEqual(shownKeys(device.services), expectedKeys(street));
		await assertReport(device, street);

		// Another one, asked for: no ACK, no UPDATE as nothing has changed; asked for again while it runs: silence.
		const count = updates(device);
		device.scanNetwork();
		await device.ping();
		assert.equal((await device.getStatus()).scanning, true);
		device.scanNetwork();
		await play(service, device, find(device, GSTREAMER_H264.host, ServiceType.RTSP), ["-rtsp_transport", "tcp"]);
		await play(service, device, find(device, 23, ServiceType.MJPEG), ["-f", "mpjpeg"]);
		await scanned(device, process, 2);
		await sleep(1_000);
		assert.equal(updates(device), count, "an UPDATE though nothing changed");
		await assertReport(device, street);

		// Reboot, and a camera has another address: the ids stay, before the first scan and after it.
		const ids = new Map(device.services.map((one) => [key(one), one.id]));
		await process.stopOrderly();
		await street.move(11, 9);
		process = start(options);
		device = await connected(service, process);
		const same = (): void => assert.deepEqual(new Map(device.services.map((one) => [key(one), one.id])), ids);
		same();
		assert.equal(find(device, 11, ServiceType.RTSP).address, `${LAN}11`);
		await scanned(device, process, 1);
		await poll(
			() => find(device, 11, ServiceType.RTSP).address === `${LAN}9`,
			5_000,
			() => `the camera is shown at ${find(device, 11, ServiceType.RTSP).address}`,
		);
		same();
		const moved = device.openSession(find(device, 11, ServiceType.TCP).id);
		moved.write(`OPTIONS rtsp://${LAN}9:554/ RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
		assert.match(String(await new Promise((resolve) => moved.once("data", resolve))), /^RTSP\/1\.0 200 OK/);

		// Forgotten: the table is empty, the session lives on, and after a reboot nothing is remembered.
		const emptied = new Promise<readonly ServiceRecord[]>((resolve) => device.once("update", resolve));
		device.resetServiceTable();
		assert.deepEqual(await emptied, []);
		moved.write(`OPTIONS rtsp://${LAN}9:554/ RTSP/1.0\r\nCSeq: 2\r\n\r\n`);
		assert.match(String(await new Promise((resolve) => moved.once("data", resolve))), /CSeq: 2/);
		assert.equal(await device.openSession(ids.get(keysOf(GSTREAMER_H264)[0] ?? "") ?? 0).waitForHup(), 3);
		assert.ok((await device.ping()) < 1_000);
		await process.stopOrderly();
		process = start(options);
		device = await connected(service, process);
		assert.deepEqual(device.registration?.services, [], "RESET_SVC_TABLE left services on disk");
		await process.stopOrderly();
		assert.deepEqual(service.violations, []);
	});
}

test("ARROW-36 C18 without the gateway flag no camera around is reached, configured or found", { skip }, async (t) => {
	const { street, service, folder, start } = await openField(t);
	const url = `rtsp://${LAN}${GSTREAMER_H264.host}/live`;
	const process = start({ services: [{ type: "rtsp", url }] });
	const device = await connected(service, process);
	assert.equal(device.registration?.gateway, false);
	// What is configured is shown, as its owner wants it; what is found would be a promise that nobody can keep.
	assert.deepEqual(
		device.services.map((one) => `${one.address} ${one.port}`),
		[`${LAN}${GSTREAMER_H264.host} 554`],
	);
	await scanned(device, process, 1);
	await sleep(1_000);
	const near = await capture(t, street.network, "pdev", folder);
	const octets = [192, 168, 77, GSTREAMER_H264.host].map((octet) => octet.toString(16).padStart(2, "0"));
	const [type, port, path] = [ServiceType.RTSP, 554, "/live"] as const;
	for (const mac of [`ff:ff:${octets.join(":")}`, macOf(GSTREAMER_H264.host)])
		assert.equal(await device.openSession(fingerprintId({ type, mac, port, path })).waitForHup(), 3);
	const sent = (await near.stop()).filter((packet) => packet.from === macOf(250) && packet.kind === "tcp");
	assert.deepEqual(sent, [], "packets to a camera");
	await process.stopOrderly();
	assert.deepEqual(service.violations, []);
});
