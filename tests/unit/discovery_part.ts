import { DiscoveryPart } from "device/discovery_part";
import { planDiscovery } from "discovery/endpoint";
import type { ScanResult } from "discovery/result";
import type { DiscoveryOptions } from "discovery/settings";
import { MemoryPlan } from "storage/plan";
import Timer from "time/timer";
import { fakeSettings } from "unit/discovery_world";
import { after } from "unit/peers";
import { Quiet } from "unit/quiet";
import type { Check, Suite } from "unit/suite";
import { AsciiWriter } from "wire/ascii";
import { Figures } from "wire/figures";

function partOf(change: Partial<DiscoveryOptions>, log: Quiet): DiscoveryPart {
	const settings = fakeSettings(change);
	const plan = new MemoryPlan();
	planDiscovery(plan, settings);
	return new DiscoveryPart(settings, plan, log);
}

function figuresOf(part: DiscoveryPart): Record<string, number> {
	const bytes = new Uint8Array(2048);
	const writer = new AsciiWriter(bytes);
	const figures = new Figures(writer);
	writer.begin(0, bytes.byteLength);
	figures.begin(writer);
	figures.open();
	part.writeFigures(figures);
	figures.close();
	const text = String.fromArrayBuffer(bytes.buffer, 0, writer.position);
	return (JSON.parse(text) as { discovery: Record<string, number> }).discovery;
}

function count(log: Quiet, event: string): number {
	let found = 0;
	for (const one of log.events) if (one === event) found++;
	return found;
}

/** Stops a part as the device does. */
function end(check: Check, part: DiscoveryPart): void {
	let ended = false;
	part.stop(() => {
		ended = true;
	});
	check.ok(ended, "stopped at once");
	part.close();
}

export default function (suite: Suite): void {
	suite.asyncTest(
		"ARROW-42 the device scans at its start and at intervals, tells of each scan, and counts",
		10_000,
		(check, done) => {
			const log = new Quiet();
			const part = partOf({ networks: ["127.0.0.2"], interval: 50, exclude: ["127.0.0.9"] }, log);
			const results: ScanResult[] = [];
			part.onFinished = (result) => {
				results.push(result);
				if (results.length < 2) return;
				check.equal(part.result, result);
				check.equal(result.hostCount, 1);
				check.equal(count(log, "discovery scan-started"), 2);
				check.equal(count(log, "discovery scan-finished"), 2);
				check.equal(count(log, "discovery host-found"), 2);
				const figures = figuresOf(part);
				check.equal(figures.scans, 2);
				check.equal(figures.hosts, 1);
				check.equal(figures.scanning, 0);
				check.equal(figures.sockets, 0);
				check.equal(figures.packets, figures.connects + figures.echoes + figures.solicits);
				check.ok(figures.connects >= 26 && figures.socketsPeak > 0 && figures.socketsPeak <= 32);
				end(check, part);
				done();
			};
			check.equal(figuresOf(part).scans, 0);
			part.start();
		},
	);

	suite.asyncTest("ARROW-18 a scan on demand begins unless one runs, and puts off the next of itself", 10_000, (check, done) => {
		const log = new Quiet();
		const part = partOf({ networks: ["127.0.0.2"], interval: 600 }, log);
		check.ok(!part.scanning);
		check.ok(part.scan());
		check.ok(part.scanning && !part.scan());
		check.equal(figuresOf(part).scanning, 1);
		part.onFinished = () => {
			check.ok(!part.scanning);
			part.onFinished = undefined;
			after(300, () => {
				check.equal(count(log, "discovery scan-started"), 1, "not yet again");
				end(check, part);
				check.equal(count(log, "discovery scan-started"), 1);
				done();
			});
		};
	});

	suite.asyncTest(
		"ARROW-42 networks that are left out are told of once, and that nothing is left to scan",
		5000,
		(check, done) => {
			const log = new Quiet();
			const part = partOf({ networks: ["10.0.0.0/8"], interval: 20 }, log);
			let scans = 0;
			part.onFinished = (result) => {
				check.equal(result.hostCount, 0);
				if (++scans < 3) return;
				check.equal(count(log, "discovery network-omitted"), 1);
				check.equal(count(log, "discovery nothing-to-scan"), 3);
				check.equal(figuresOf(part).networksOmitted, 1);
				end(check, part);
				done();
			};
			part.start();
		},
	);

	suite.asyncTest("ARROW-42 a device that stops in the middle of a scan ends it", 5000, (check, done) => {
		const part = partOf({ networks: ["192.0.2.0/24"] }, new Quiet());
		part.onFinished = () => check.fail("there is no result");
		part.start();
		const later = new Timer({
			onTimer: () => {
				later.close();
				check.ok(part.scanning);
				end(check, part);
				check.ok(!part.scanning);
				done();
			},
		});
		later.schedule(200);
	});
}
