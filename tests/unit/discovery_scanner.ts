import { NeighbourState } from "discovery/network";
import { addressOf } from "discovery/addresses";
import { FOUND_ARP, FOUND_ICMP, type ScanResult } from "discovery/result";
import { PROBE_RTSP, VERDICT_HTTP, VERDICT_LOCKED_RTSP, VERDICT_MJPEG, VERDICT_NOTHING, VERDICT_RTSP } from "discovery/verdict";
import { busiestSecond, ETHERNET, World } from "unit/discovery_world";
import type { Check, Suite } from "unit/suite";

const CAMERA = Object.freeze({ open: Object.freeze([554, 80]) });

function hostsOf(result: ScanResult): string {
	const list: string[] = [];
	for (let i = 0; i < result.hostCount; i++) list.push(result.hostAddress(i));
	return list.join(" ");
}

function servicesOf(result: ScanResult): string {
	const list: string[] = [];
	for (let i = 0; i < result.serviceCount; i++) {
		const { type, address, port, path } = result.serviceAt(i);
		list.push(type + " " + address + ":" + port + path);
	}
	return list.join(", ");
}

function cameras(world: World, count: number, firewalled = false): void {
	for (let i = 0; i < count; i++) world.put("192.168.1." + (20 + i), { open: [554, 80], firewalled });
}

/** The ways a host may let the device look for others. */
function eachWay(check: Check, body: (make: (world: World) => World, name: string) => void): void {
	const ways: readonly [string, boolean, boolean, boolean][] = [
		["ARP requests", true, true, true],
		["echo requests and the ARP table", false, true, true],
		["the ARP table", false, false, true],
		["echo requests", false, true, false],
		["nothing but TCP", false, false, false],
	];
	for (const [name, solicit, echo, table] of ways) {
		try {
			body((world) => {
				world.maySolicit = solicit;
				world.mayEcho = echo;
				world.hasTable = table;
				return world;
			}, name);
		} catch (error) {
			check.fail("by " + name + ": " + (error as Error).message);
		}
	}
}

export default function (suite: Suite): void {
	suite.test("ARROW-42 whatever a host allows, a scan finds who is there, with MAC and ports, in under 30 s", (check) => {
		eachWay(check, (make, name) => {
			const world = make(new World());
			cameras(world, 20);
			world.put("192.168.1.200", {});
			const time = world.run(check);
			check.ok(time < 30_000, name + ": " + time + " ms");
			check.equal(world.report.hostCount, 21, "hosts");
			const first = hostsOf(world.report).split(" ").indexOf("192.168.1.20");
			check.equal(world.report.hostPortCount(first), 2);
			check.equal(world.report.hostPort(first, 0) + world.report.hostPort(first, 1), 634);
			check.equal(world.report.hostMAC(first), world.hasTable ? "02:00:00:00:00:14" : "", "MAC");
			const flags = (world.hasTable ? FOUND_ARP : 0) | (world.mayEcho ? FOUND_ICMP : 0);
			check.equal(world.report.hostFlags(first), flags, "flags");
		});
	});

	suite.test(
		"ARROW-42 at an empty /24 each address is asked once by ARP, and gets no packet where ARP requests are allowed",
		(check) => {
			const world = new World();
			check.ok(world.run(check) < 5000, "time");
			check.equal(world.asked.size, 253);
			check.equal(world.touched.size, 0);
			check.equal(world.report.hostCount, 0);
		},
	);

	suite.test("ARROW-42 in any second at most `rate` packets begin something", (check) => {
		for (const rate of [1, 2, 9, 10, 50, 200, 1000]) {
			const world = new World({ rate }, [{ ...ETHERNET, prefix: rate < 50 ? 28 : 24 }]);
			world.put("192.168.1.5", CAMERA);
			world.put("192.168.1.6", CAMERA);
			cameras(world, 20);
			world.run(check);
			check.ok(busiestSecond(world.times) <= rate, rate + ": " + busiestSecond(world.times));
			check.ok(busiestSecond(world.times) >= Math.min(rate, 20) * 0.9, rate + " is used: " + busiestSecond(world.times));
		}
	});

	suite.test(
		"ARROW-42 at most `sockets` connections are open at a time, and the configured number is enough for any network",
		(check) => {
			for (const sockets of [1, 2, 4, 32]) {
				const world = new World({ sockets }, undefined, (kind) => (kind === PROBE_RTSP ? VERDICT_RTSP : VERDICT_HTTP));
				cameras(world, 20, true);
				world.run(check);
				check.ok(world.mostSockets <= sockets && world.mostSockets >= Math.min(sockets, 8), sockets + ": " + world.mostSockets);
				check.equal(world.scanner.counters.socketsPeak, world.mostSockets);
				check.equal(world.report.hostCount, 20);
				check.equal(world.report.serviceCount, 60, "rtsp, tcp and http of each");
			}
		},
	);

	suite.test("ARROW-42 excluded addresses and networks get no packet, not even an ARP request", (check) => {
		eachWay(check, (make) => {
			const world = make(new World({ exclude: ["192.168.1.21", "192.168.1.32/29"] }));
			cameras(world, 20);
			world.run(check);
			check.equal(world.report.hostCount, 11);
			for (const last of [21, 32, 33, 34, 35, 36, 37, 38, 39])
				check.equal(world.packetsTo("192.168.1." + last) + world.requestsFor("192.168.1." + last), 0, String(last));
			check.equal(world.scanner.counters.excluded, 9);
		});
	});

	suite.test("ARROW-42 an excluded MAC address that the neighbour table knows gets no packet", (check) => {
		for (const solicit of [true, false]) {
			const world = new World({ exclude: ["02:00:00:00:00:77"] });
			world.maySolicit = solicit;
			cameras(world, 3);
			world.put("192.168.1.21", { open: [554], mac: 0x77 });
			world.neighbours.set(addressOf("192.168.1.21"), NeighbourState.STALE);
			world.run(check);
			check.equal(world.packetsTo("192.168.1.21") + world.requestsFor("192.168.1.21"), 0);
			check.equal(hostsOf(world.report), "192.168.1.20 192.168.1.22");
		}
	});

	suite.test(
		"ARROW-42 an excluded MAC address that is not known gets an ARP request only, or one echo request where that is not allowed",
		(check) => {
			const world = new World({ exclude: ["02:00:00:00:00:77"] });
			world.put("192.168.1.21", { open: [554], mac: 0x77 });
			world.run(check);
			check.equal(world.packetsTo("192.168.1.21"), 0);
			check.equal(world.requestsFor("192.168.1.21"), 1);
			const other = new World({ exclude: ["02:00:00:00:00:77"] });
			other.maySolicit = false;
			other.put("192.168.1.21", { open: [554], mac: 0x77 });
			other.run(check);
			check.equal(other.packetsTo("192.168.1.21"), 1);
			check.equal(world.report.hostCount + other.report.hostCount, 0);
		},
	);

	suite.test("ARROW-42 where MAC addresses are excluded and the ARP table cannot be read, nobody gets a packet", (check) => {
		for (const solicit of [true, false]) {
			const world = new World({ exclude: ["02:00:00:00:00:77"] });
			world.hasTable = false;
			world.maySolicit = solicit;
			world.put("192.168.1.21", { open: [554], mac: 0x77 });
			cameras(world, 1);
			world.run(check);
			check.equal(world.touched.size + world.asked.size, 0);
			check.equal(world.report.hostCount, 0);
			world.hasTable = true;
			world.run(check);
			check.equal(hostsOf(world.report), "192.168.1.20", "when it can");
		}
	});

	suite.test("ARROW-42 own addresses and the ends of networks get no packet", (check) => {
		eachWay(check, (make) => {
			const links = [ETHERNET, { name: "eth0:1", address: "192.168.1.9", prefix: 24 }];
			const world = make(new World({}, links));
			for (const last of [0, 1, 9, 255]) world.put("192.168.1." + last, CAMERA);
			world.run(check);
			check.equal(world.report.hostCount, 0);
			for (const last of [0, 1, 9, 255])
				check.equal(world.packetsTo("192.168.1." + last) + world.requestsFor("192.168.1." + last), 0, String(last));
		});
	});

	suite.test("ARROW-42 twenty cameras that drop what they do not serve are found in under 30 s", (check) => {
		eachWay(check, (make, name) => {
			const world = make(new World());
			for (let i = 0; i < 20; i++) world.put("192.168.1." + (20 + i), { open: [554, 80], firewalled: true, icmp: false });
			const time = world.run(check);
			check.ok(time < 30_000, name + ": " + time + " ms");
			check.equal(world.report.hostCount, 20);
		});
	});

	suite.test("ARROW-42 a /24 of black holes behind a router ends, each address asked at two ports only", (check) => {
		const world = new World({ networks: ["10.9.8.0/24"] });
		const time = world.run(check);
		check.ok(time < 20_000, time + " ms");
		check.equal(world.packetsTo("10.9.8.7"), 3, "an echo request and two connects");
		check.equal(world.packetsTo("10.9.8.0") + world.packetsTo("10.9.8.255"), 0, "its ends");
		check.equal(world.report.hostCount, 0);
	});

	suite.test("ARROW-42 of 300 hosts on a /22, the 64 that a report holds are those with open ports", (check) => {
		const world = new World({}, [{ name: "eth0", address: "10.0.0.1", prefix: 22 }]);
		for (let i = 0; i < 300; i++)
			world.put("10.0." + (i % 4) + "." + (20 + (i >> 2)), i >= 240 ? { open: [554] } : i % 2 ? {} : { firewalled: true });
		const time = world.run(check);
		check.equal(world.report.hostCount, 64);
		let open = 0;
		for (let i = 0; i < 64; i++) open += world.report.hostPortCount(i);
		check.equal(open, 60, "all that have an open port");
		check.ok(time < 150_000, time + " ms");
		check.equal(world.asked.size, 1021);
	});

	suite.test("ARROW-42 hosts beyond the table are counted, and the scan ends", (check) => {
		const world = new World({ hosts: 4 });
		cameras(world, 10);
		world.run(check);
		check.equal(world.report.hostCount, 4);
		check.equal(world.scanner.counters.hostsOver, 6);
	});

	suite.test("ARROW-42 a scan reports what it has seen itself: a host that is gone is not in the next", (check) => {
		const world = new World();
		cameras(world, 3);
		world.run(check);
		const first = world.report;
		world.remove("192.168.1.21");
		/* The table of the host remembers it. */
		world.neighbours.set(addressOf("192.168.1.21"), NeighbourState.STALE);
		world.run(check);
		check.equal(hostsOf(world.report), "192.168.1.20 192.168.1.22");
		check.equal(hostsOf(first), "192.168.1.20 192.168.1.21 192.168.1.22", "the report before is as it was");
		world.put("192.168.1.21", CAMERA);
		world.run(check);
		check.equal(world.report.hostCount, 3);
	});

	suite.test("ARROW-42 of each host the RTSP port of the highest priority counts, and it is published as TCP too", (check) => {
		const world = new World({}, undefined, (kind, _address, port) => {
			if (kind === PROBE_RTSP) return port === 554 ? VERDICT_NOTHING : port === 8554 ? VERDICT_RTSP : VERDICT_LOCKED_RTSP;
			return port === 80 ? VERDICT_MJPEG : VERDICT_HTTP;
		});
		world.put("192.168.1.20", { open: [554, 8554, 10554, 80, 8090] });
		world.run(check);
		const at = "192.168.1.20:";
		check.equal(
			servicesOf(world.report),
			"http " + at + "80, mjpeg " + at + "80/, rtsp " + at + "8554/, tcp " + at + "8554, http " + at + "8090",
		);
	});

	suite.test("ARROW-42 RTSP and HTTP of one host are looked for side by side, each kind at one port at a time", (check) => {
		const world = new World({}, undefined, (kind) => (kind === PROBE_RTSP ? VERDICT_NOTHING : VERDICT_HTTP));
		world.answering = 1000;
		world.put("192.168.1.20", { open: [554, 8554, 10554, 80, 8090] });
		const time = world.run(check);
		check.equal(world.report.serviceCount, 2);
		check.equal(world.scanner.counters.malformed, 6, "one of each fake probe");
		check.equal(world.mostSockets, 4, "of the look at the ports");
		check.ok(time >= 4000 && time < 8000, "four ports of RTSP and two of HTTP: " + time + " ms");
	});

	suite.test("ARROW-42 networks that overlap are scanned once", (check) => {
		const world = new World({ networks: ["192.168.1.16/28", "192.168.1.0/24", "192.168.1.16/29"] });
		cameras(world, 20);
		world.run(check);
		check.equal(world.report.hostCount, 20);
		check.equal(world.requestsFor("192.168.1.20"), 1);
	});

	suite.test(
		"ARROW-42 where this host has no room for a connection or a packet, it is tried again, and not for ever",
		(check) => {
			for (const few of [true, false]) {
				const world = new World();
				cameras(world, 2);
				world.roomless = few ? 5 : 100_000;
				world.crowded = 7;
				world.run(check);
				check.equal(world.report.hostCount, 2);
				check.equal(world.report.hostPortCount(0), few ? 2 : 0);
				check.ok(world.scanner.counters.noRoom >= (few ? 5 : 200));
			}
			const scouting = new World();
			scouting.maySolicit = scouting.mayEcho = false;
			cameras(scouting, 2);
			scouting.roomless = 5;
			scouting.run(check);
			check.equal(scouting.report.hostCount, 2);
		},
	);

	suite.test("ARROW-42 a scan that is ended leaves nothing behind, and the next one is whole", (check) => {
		const world = new World();
		cameras(world, 5);
		world.begin();
		for (let i = 0; i < 5; i++) world.scanner.next(world.now);
		world.scanner.abort();
		check.equal(world.scanner.next(world.now), 0);
		check.equal(world.scanner.deadline, Infinity);
		world.run(check);
		check.equal(world.report.hostCount, 5);
	});

	suite.test("ARROW-42 a scan that is ended while its probes are at work has them all back for the next one", (check) => {
		for (const sockets of [1, 32]) {
			const world = new World({ sockets }, undefined, (kind) => (kind === PROBE_RTSP ? VERDICT_RTSP : VERDICT_HTTP));
			cameras(world, 20);
			for (let i = 0; i < 3; i++) {
				world.begin();
				world.work(check, 5);
				world.abort();
			}
			world.run(check, 60_000);
			check.equal(world.report.serviceCount, 60, sockets + " sockets");
		}
	});
}
