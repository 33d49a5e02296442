import { Driver } from "conformance/arrow/driver";
import { FakeDiscovery, type FakeHost, FakeResult, found } from "conformance/arrow/scans";
import { foundService, type Service } from "arrow/service";
import type { Suite } from "unit/suite";

const TERMINATOR = "00".repeat(10) + "04" + "00".repeat(19);
const HOST = "01020000aabbcc04c0a80117000000000000000000000000" + "0002022a0050";
const CAMERA: FakeHost = { flags: 1, address: "192.168.1.23", mac: "02:00:00:aa:bb:cc", ports: [554, 80] };

function ask(id: string): string {
	return "02 0000 00000000 00000004" + id + "000a";
}

function many(hosts: number, ports: number): FakeHost[] {
	const list: FakeHost[] = [];
	for (let i = 0; i < hosts; i++) {
		const open: number[] = [];
		for (let j = 0; j < ports; j++) open.push(1000 + j);
		list.push({ flags: 2, address: "10.0.0." + i, mac: "", ports: open });
	}
	return list;
}

export default function report(suite: Suite): void {
	suite.test("ARROW-20 a report of the last scan: the host record of the vector, the services found with their ids", (check) => {
		const discovery = new FakeDiscovery();
		const driver = new Driver({ discovery }).establish();
		const camera = found("rtsp", "192.168.1.23", 554, "/1", CAMERA.mac);
		driver.table.scanned();
		driver.table.found(foundService(camera) as Service, 0);
		discovery.result = new FakeResult([camera], [CAMERA]);
		const id = driver.table.id(driver.table.match(foundService(camera) as Service)).toString(16);
		const record = id + "0001" + "020000aabbcc" + "04c0a80117" + "00".repeat(12) + "022a" + "2f3100";
		check.equal(driver.feed(ask("0078")).out(), "REPORT 0078" + "00000001" + HOST + record + TERMINATOR);
		driver.table.scanned();
		discovery.result = new FakeResult([], []);
		check.equal(driver.feed(ask("0079")).out(), "REPORT 0079" + "00000000" + TERMINATOR, "the next scan found nothing");
		check.equal(driver.messages.fault, "");
	});
	suite.test("ARROW-20 a host of unknown MAC, and one of IPv6", (check) => {
		const discovery = new FakeDiscovery();
		const driver = new Driver({ discovery }).establish();
		discovery.result = new FakeResult(
			[],
			[
				{ flags: 0, address: "192.168.1.7", mac: "", ports: [] },
				{ flags: 3, address: "fe80::1", mac: CAMERA.mac, ports: [80] },
			],
		);
		check.equal(
			driver.feed(ask("0001")).out(),
			"REPORT 0001" +
				"00000002" +
				"00ffffc0a8010704c0a80107000000000000000000000000" +
				"0000" +
				"03020000aabbcc06fe800000000000000000000000000001" +
				"00010050" +
				TERMINATOR,
		);
	});
	suite.test("ARROW-20 a report longer than the output goes out in parts, whole, before what was asked behind it", (check) => {
		const discovery = new FakeDiscovery();
		const driver = new Driver({ discovery, dataLimit: 512 }).establish();
		discovery.result = new FakeResult([], many(64, 32));
		const lines = driver
			.feed(ask("0001") + ask("0002") + "02 0000 00000000 00000004 beef 0001")
			.out()
			.split(", ");
		check.equal(lines.length, 3);
		for (let i = 0; i < 2; i++) {
			check.equal(lines[i].slice(0, 19), "REPORT 000" + (i + 1) + "00000040");
			check.equal((lines[i].length - 7) / 2, 6 + 64 * 90 + 30);
			check.equal(lines[i].slice(-60), TERMINATOR);
			check.equal(lines[i].slice(19 + 63 * 180, 19 + 63 * 180 + 24), "02ffff0a00003f040a00003f");
		}
		check.equal(lines[2], "ACK beef 0");
		check.equal(driver.messages.fault, "");
	});
	suite.test("ARROW-20 hosts that the plan has no room for are left out; a report does not disturb UPDATE", (check) => {
		const discovery = new FakeDiscovery();
		const driver = new Driver({ discovery }).establish();
		discovery.result = new FakeResult([], many(200, 40));
		const line = driver.feed(ask("0001")).out();
		const hosts = parseInt(line.slice(11, 19), 16);
		check.ok(hosts >= 50 && hosts < 64, String(hosts));
		check.equal((line.length - 7) / 2, 6 + hosts * 106 + 30);
		driver.wait(5000);
		driver.client.tableChanged(driver.now);
		check.equal(driver.out(), "");
		driver.table.show(driver.table.find(0x429a), false);
		driver.client.tableChanged(driver.now);
		driver.wait(1000);
		check.equal(driver.out(), "UPDATE " + TERMINATOR);
	});
	suite.test("ARROW-18 ARROW-19 ARROW-20 without discovery there is an empty report, and no scan in STATUS", (check) => {
		const driver = new Driver().establish();
		check.equal(driver.feed(ask("0078")).out(), "REPORT 0078" + "00000000" + TERMINATOR);
		const discovery = new FakeDiscovery();
		const able = new Driver({ discovery }).establish();
		check.equal(able.feed("02 0000 00000000 00000004 0077 0008").out(), "STATUS 0077 0 0");
		discovery.scanning = true;
		check.equal(able.feed("02 0000 00000000 00000004 0078 0008").out(), "STATUS 0078 1 0");
	});
}
