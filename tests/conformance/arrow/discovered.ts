import { FOUND_RECORDS_LIMIT } from "arrow/constants";
import { configuredService, foundService, type Service, type ServiceOptions } from "arrow/service";
import { SERVICE_VISIBLE, ServiceTable, tableMemory } from "arrow/table";
import { ACCEPT, Driver } from "conformance/arrow/driver";
import { FakeDiscovery, FakeResult, found } from "conformance/arrow/scans";
import { Scene } from "conformance/arrow/scene";
import type { FoundService } from "discovery/result";
import { Arena } from "storage/arena";
import type { Suite } from "unit/suite";

const MAC = "02:00:00:aa:bb:cc";
const SCANS = { hosts: 64, ports: 32, expiry: 1200000 };
const RTSP = found("rtsp", "10.0.0.9", 554, "/1", MAC);
const MINUTE = 60000;

/** A table with room for discovered services, in memory of its own. */
function table(options: ServiceOptions[] = [], stored?: Uint8Array): { table: ServiceTable; arena: Arena } {
	const services = options.map((each, i) => configuredService(each, "services[" + i + "]"));
	const size = tableMemory(services, true);
	const arena = new Arena(size + FOUND_RECORDS_LIMIT);
	const made = new ServiceTable(arena, 0, size, false);
	made.fill(services, stored);
	return { table: made, arena };
}

function service(each: FoundService): Service {
	return foundService(each) as Service;
}

/** What a device would find in its file after a restart. */
function stored(made: { table: ServiceTable; arena: Arena }): Uint8Array {
	const at = made.arena.buffer.byteLength - FOUND_RECORDS_LIMIT;
	return made.arena.bytes.slice(at, at + made.table.store(at));
}

/** Ids with their addresses, ascending; hidden ones in brackets. */
function listing(of: ServiceTable): string {
	let text = "";
	for (let entry = of.first; entry < of.end; entry = of.after(entry)) {
		const one = of.id(entry) + "@" + of.host(entry);
		text += (text ? " " : "") + (of.has(entry, SERVICE_VISIBLE) ? one : "(" + one + ")");
	}
	return text;
}

function scanned(scene: Scene, ...services: FoundService[]): string {
	scene.world.service.take();
	scene.endpoint.scanFinished(new FakeResult(services));
	scene.world.run(5000);
	return scene.world.service.take();
}

function scene(): { scene: Scene; discovery: FakeDiscovery } {
	const discovery = new FakeDiscovery();
	const made = new Scene({ scans: SCANS, gateway: true, services: [] }, { ping: 1e9 }, discovery);
	return { scene: made.establish(), discovery };
}

export default function discovered(suite: Suite): void {
	suite.test("ARROW-18 SCAN_NETWORK starts a scan, in silence; the reply of the one that runs is silence, too", (check) => {
		const { scene: made, discovery } = scene();
		check.equal(made.tell("02 0000 00000000 00000004 0078 0007"), "");
		check.equal(discovery.scans, 1);
		check.equal(discovery.scanning, true);
		check.equal(made.tell("02 0000 00000000 00000004 0079 0007"), "");
		check.equal(made.tell("02 0000 00000000 00000004 0077 0008").slice(-20), "0077" + "00000001" + "00000000");
	});
	suite.test("ARROW-17 ARROW-18 a scan and a reset that came right before REDIRECT are carried out", (check) => {
		const { scene: made, discovery } = scene();
		scanned(made, RTSP);
		const before = made.stores;
		made.tell(
			"02 0000 00000000 00000004 0078 0007" + "02 0000 00000000 00000004 0001 0006" + "02 0000 00000000 00000006 0001 0005 7800",
		);
		check.equal(discovery.scans, 1);
		check.equal(made.stores, before + 1);
	});
	suite.test("ARROW-14 ARROW-42 what a scan found is told by one UPDATE within 5 s, and not when nothing changed", (check) => {
		const { scene: made } = scene();
		const update = scanned(made, RTSP, found("tcp", "10.0.0.9", 554, "", MAC));
		check.equal(update.slice(26, 30), "0004");
		check.equal(update.split("020000aabbcc04").length, 3, "two records, one UPDATE");
		check.equal(made.stores, 1);
		check.equal(scanned(made, RTSP, found("tcp", "10.0.0.9", 554, "", MAC)), "");
		check.equal(made.endpoint.client.table.count, 2);
	});
	suite.test(
		"ARROW-14 ARROW-42 of two hosts with one MAC the one that was known stays, whichever a scan tells first",
		(check) => {
			const { scene: made } = scene();
			const behind = found("rtsp", "10.0.0.10", 554, "/1", MAC);
			scanned(made, RTSP, behind);
			const { table: of } = made.endpoint.client;
			const before = listing(of);
			check.ok(before.endsWith("@10.0.0.9"));
			for (const order of [
				[behind, RTSP],
				[RTSP, behind],
				[behind, RTSP],
			])
				check.equal(scanned(made, ...order), "", "no UPDATE");
			check.equal(listing(of), before);
			check.ok(scanned(made, behind).length > 0);
			check.ok(listing(of).endsWith("@10.0.0.10"), "it is there alone");
		},
	);
	suite.test("ARROW-14 ARROW-17 RESET_SVC_TABLE that takes hidden services only is followed by no UPDATE", (check) => {
		const { scene: made } = scene();
		scanned(made, RTSP);
		made.world.run(21 * MINUTE);
		scanned(made);
		check.equal(made.endpoint.client.table.count, 1, "hidden");
		check.equal(made.tell("02 0000 00000000 00000004 0001 0006"), "");
		check.equal(made.endpoint.client.table.count, 0);
		made.world.run(5000);
		check.equal(made.world.service.take(), "");
	});
	suite.test("ARROW-34 ARROW-42 a discovered service keeps its id when DHCP gives its host another address", (check) => {
		const { scene: made } = scene();
		scanned(made, RTSP);
		const { table: of } = made.endpoint.client;
		const id = of.id(of.first);
		const update = scanned(made, found("rtsp", "10.0.0.200", 554, "/1", MAC));
		check.equal(listing(of), id + "@10.0.0.200");
		check.equal(parseInt(update.slice(30, 34), 16), id);
		made.tell("020000000000000000000a 0001000d" + (0x10000 + id).toString(16).slice(1) + "00000007");
		check.ok((made.world.connects[1] as string).startsWith("10.0.0.200:554@"));
	});
	suite.test(
		"ARROW-42 a service unseen for 1,200 s is hidden at the end of a scan, and is the same one when it is back",
		(check) => {
			const { scene: made } = scene();
			scanned(made, RTSP);
			const { table: of } = made.endpoint.client;
			const before = listing(of);
			made.world.run(19 * MINUTE);
			check.equal(scanned(made), "", "unseen for 19 minutes");
			made.world.run(2 * MINUTE);
			check.equal(listing(of), before, "not without a scan");
			check.equal(scanned(made).slice(30), "00".repeat(10) + "04" + "00".repeat(19), "UPDATE without it");
			check.equal(listing(of), "(" + before + ")");
			const connect = "020000000000000000000a 0001000d" + (0x10000 + of.id(of.first)).toString(16).slice(1) + "00000007";
			check.ok(made.tell(connect).endsWith("00050000000700000003"), "hidden: refused");
			scanned(made, RTSP);
			check.equal(listing(of), before);
		},
	);
	suite.test("ARROW-42 a configured service stands for an equal discovered one: by its MAC, or by its address", (check) => {
		const byAddress = table([{ type: "rtsp", url: "rtsp://10.0.0.9/1" }]).table;
		byAddress.found(service(RTSP), 0);
		check.equal(byAddress.count, 1);
		const byMAC = table([{ type: "rtsp", url: "rtsp://10.0.0.50/1", mac: MAC }]).table;
		byMAC.found(service(RTSP), 0);
		check.equal(listing(byMAC).split("@")[1], "10.0.0.50", "configured addresses stay");
		for (const other of [
			found("rtsp", "10.0.0.9", 554, "/2", MAC),
			found("rtsp", "10.0.0.9", 555, "/1", MAC),
			found("locked-rtsp", "10.0.0.9", 554, "/1", MAC),
			found("rtsp", "10.0.0.10", 554, "/1", MAC),
		]) {
			const one = table([{ type: "rtsp", url: "rtsp://10.0.0.9/1" }]).table;
			one.found(service(other), 0);
			check.equal(one.count, 2, other.type + other.address + other.port + other.path);
		}
	});
	suite.test("ARROW-42 a host of unknown MAC that is known already is the known one", (check) => {
		const of = table().table;
		of.found(service(RTSP), 0);
		of.found(service(found("rtsp", "10.0.0.9", 554, "/1")), 0);
		check.equal(of.count, 1);
	});
	suite.test("ARROW-42 at most 64 services: configured ones stay, hidden discovered ones give way, the oldest first", (check) => {
		const options: ServiceOptions[] = [];
		for (let i = 0; i < 10; i++) options.push({ type: "tcp", url: "tcp://127.0.0.1:" + (i + 1) });
		const of = table(options).table;
		for (let i = 0; i < 100; i++) of.found(service(found("tcp", "10.0.1." + i, 22)), i * 1000);
		check.equal(of.count, 64);
		check.equal(of.dropped, 46);
		check.equal(listing(of).indexOf("10.0.1.54"), -1);
		of.expire(1201000, 1200000);
		check.equal(listing(of).split("(").length - 1, 2, "those seen at 0 and 1 s");
		of.found(service(found("tcp", "10.0.1.90", 22)), 1202000);
		check.equal(listing(of).indexOf("10.0.1.0)"), -1, "the longest unseen gave way");
		check.ok(listing(of).indexOf("10.0.1.1)") > 0);
		for (let i = 0; i < 10; i++) check.ok(of.match(configuredService(options[i], "s")) >= 0);
		const long = table().table;
		for (let i = 0; i < 64; i++) long.found(service(found("mjpeg", "10.0.1." + i, 80, "/" + "x".repeat(200))), 0);
		check.equal(long.count, Math.floor(FOUND_RECORDS_LIMIT / 231));
	});
	suite.test("ARROW-42 what cannot be a service is left out", (check) => {
		for (const bad of [
			found("ftp", "10.0.0.9", 21),
			found("rtsp", "camera", 554, "/1"),
			found("rtsp", "10.0.0.9", 0, "/1"),
			found("rtsp", "10.0.0.9", 65536, "/1"),
			found("rtsp", "10.0.0.9", 554, "/a\0b"),
			found("rtsp", "10.0.0.9", 554, "/" + "x".repeat(255)),
		])
			check.equal(foundService(bad), undefined, bad.type + bad.address + bad.port);
	});
	suite.test("ARROW-34 ids that were given before stay after a restart, also those that made way for another", (check) => {
		const first = table();
		const one = service(RTSP);
		first.table.add(new (one.constructor as typeof Service)(one.record, false, true, false, ""), 0);
		// Another service whose fingerprint is the same one: it got the next id.
		const other = service(found("rtsp", "10.0.0.10", 554, "/1", "02:00:00:00:00:01"));
		other.record[0] = one.fingerprint() >> 8;
		other.record[1] = one.fingerprint() & 255;
		first.table.add(other, 0);
		const before = listing(first.table);
		check.equal(before, one.fingerprint() + "@10.0.0.9 " + (one.fingerprint() + 1) + "@10.0.0.10");
		check.equal(listing(table([], stored(first)).table), before);
		// The first one is gone: the other one does not take its place.
		const record = stored(first);
		const second = table([], record.slice(record.length / 2));
		check.equal(listing(second.table), one.fingerprint() + 1 + "@10.0.0.10");
		// A service that is configured since then does not take an id that is given, but one with a configured id does.
		const id = one.fingerprint();
		const free = { type: "tcp", url: "tcp://127.0.0.1:5", id };
		check.equal(listing(table([free], stored(first)).table).split(" ")[0], id + "@127.0.0.1");
	});
	suite.test("ARROW-34 a stored service that is configured since then is the configured one, with the same id", (check) => {
		const first = table();
		first.table.found(service(RTSP), 0);
		const again = table([{ type: "rtsp", url: "rtsp://10.0.0.9/1", mac: MAC }], stored(first));
		check.equal(listing(again.table), listing(first.table));
		check.equal(again.table.store(again.arena.buffer.byteLength - FOUND_RECORDS_LIMIT), 0);
	});
	suite.test("ARROW-17 ARROW-34 stored services are in REGISTER after a restart, and gone after RESET_SVC_TABLE", (check) => {
		const first = table();
		first.table.found(service(RTSP), 0);
		const driver = new Driver({ services: [], discovery: new FakeDiscovery(), stored: stored(first) });
		check.ok(driver.open().out().indexOf("020000aabbcc040a000009") > 0);
		driver.feed(ACCEPT + "02 0000 00000000 00000004 0001 0006");
		check.equal(driver.table.store(driver.arena.buffer.byteLength - FOUND_RECORDS_LIMIT), 0);
		driver.wait(5000);
		check.equal(driver.out(), "UPDATE " + "00".repeat(10) + "04" + "00".repeat(19));
		const { scene: made } = scene();
		scanned(made, RTSP);
		made.tell("02 0000 00000000 00000004 0001 0006");
		check.equal(made.stores, 2, "the store is told");
		made.world.run(5000);
		check.equal(made.endpoint.client.table.count, 0);
	});
	suite.test("ARROW-34 stored bytes that are no records end the reading and break nothing", (check) => {
		const first = table();
		for (let i = 0; i < 5; i++) first.table.found(service(found("mjpeg", "10.0.0." + i, 80, "/v")), 0);
		const whole = stored(first);
		for (let length = 0; length < whole.length; length++) {
			const made = table([], whole.slice(0, length)).table;
			check.equal(made.count, Math.floor(length / 32), "cut at " + length);
		}
		for (let i = 0; i < whole.length; i++) {
			const wrong = whole.slice();
			wrong[i] ^= 0xff;
			check.ok(table([], wrong).table.count <= 5);
		}
	});
}
