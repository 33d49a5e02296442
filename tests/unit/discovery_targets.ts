import { addressOf, addressText, networkOf, networkText } from "discovery/addresses";
import { Exclusions } from "discovery/exclusions";
import { InterfaceFlag } from "discovery/network";
import { Pace } from "discovery/pace";
import { Ports } from "discovery/ports";
import type { DiscoveryOptions } from "discovery/settings";
import { TARGETS_BYTES, Targets } from "discovery/targets";
import { Arena } from "storage/arena";
import { ETHERNET, type FakeLink, fakeInterfaces, fakeSettings } from "unit/discovery_world";
import type { Suite } from "unit/suite";

const LOOPBACK: FakeLink = { name: "lo", address: "127.0.0.1", prefix: 8, flags: InterfaceFlag.UP | InterfaceFlag.LOOPBACK };
const DOCKER: FakeLink = { name: "docker0", address: "172.17.0.1", prefix: 16 };
const WIRELESS: FakeLink = { name: "wlan0", address: "10.0.0.7", prefix: 23 };
const DOWN: FakeLink = { name: "eth1", address: "10.1.0.7", prefix: 24, flags: InterfaceFlag.ARP };
const TUNNEL: FakeLink = { name: "tun0", address: "10.8.0.2", prefix: 32, flags: InterfaceFlag.UP };

function targetsOf(change: Partial<DiscoveryOptions>, ...links: FakeLink[]): Targets {
	const targets = new Targets(new Arena(TARGETS_BYTES), 0, fakeSettings(change));
	targets.prepare(fakeInterfaces(links));
	return targets;
}

/** "192.168.1.0/24 1 arp", and what was left out behind "|". */
function show(targets: Targets): string {
	let text = "";
	for (const { base, prefix, link, arp } of targets.targets)
		text += (text === "" ? "" : ", ") + networkText(base, prefix) + " " + link + (arp ? " arp" : "");
	for (const { network, link } of targets.omissions) text += " | " + network + " " + link;
	return text;
}

export default function (suite: Suite): void {
	suite.test("ARROW-42 addresses and networks are read and written; what is none is refused", (check) => {
		for (const text of ["0.0.0.0", "10.0.0.1", "192.168.1.255", "255.255.255.255"])
			check.equal(addressText(addressOf(text)), text);
		for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.04", "a.b.c.d", "::1"])
			check.equal(addressOf(text), -1, text);
		check.equal(networkText(networkOf("192.168.1.77/26")?.base ?? 0, 26), "192.168.1.64/26");
		check.equal(networkOf("10.1.2.3")?.prefix, 32);
		check.equal(networkOf("10.1.2.3/0")?.base, 0);
		for (const text of ["10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "/8", "10.0.0.0/8/8"])
			check.equal(networkOf(text), undefined, text);
	});

	suite.test(
		"ARROW-42 the networks of the interfaces are scanned: not loopback, not those that are down or too large",
		(check) => {
			const targets = targetsOf({}, LOOPBACK, ETHERNET, DOCKER, WIRELESS, DOWN, TUNNEL);
			check.equal(show(targets), "192.168.1.0/24 2 arp, 10.0.0.0/23 4 arp | 172.17.0.0/16 docker0 | 10.1.0.0/24 eth1");
			check.equal(targets.problem, "");
			check.equal(show(targetsOf({}, { ...ETHERNET, prefix: 22 })), "192.168.0.0/22 1 arp");
			check.equal(show(targetsOf({}, { ...ETHERNET, prefix: 21 })), " | 192.168.0.0/21 eth0");
		},
	);

	suite.test("ARROW-42 `interfaces` and `exclude` decide which interfaces are used", (check) => {
		check.equal(show(targetsOf({ interfaces: ["wlan0"] }, ETHERNET, WIRELESS)), "10.0.0.0/23 2 arp | 192.168.1.0/24 eth0");
		check.equal(show(targetsOf({ exclude: ["wlan0"] }, ETHERNET, WIRELESS)), "192.168.1.0/24 1 arp | 10.0.0.0/23 wlan0");
		const alias = { ...ETHERNET, name: "eth0:1", address: "192.168.7.1" };
		check.equal(show(targetsOf({ exclude: ["eth0"] }, alias, WIRELESS)), "10.0.0.0/23 2 arp | 192.168.7.0/24 eth0:1");
	});

	suite.test("ARROW-42 `networks` names parts of large networks, and networks behind a router", (check) => {
		check.equal(show(targetsOf({ networks: ["172.17.4.0/22"] }, ETHERNET, DOCKER)), "172.17.4.0/22 2 arp");
		check.equal(
			show(targetsOf({ networks: ["192.168.0.0/16"] }, ETHERNET)),
			"192.168.1.0/24 1 arp",
			"the part that is an interface's",
		);
		check.equal(show(targetsOf({ networks: ["10.5.0.0/24"] }, ETHERNET)), "10.5.0.0/24 0");
		check.equal(show(targetsOf({ networks: ["10.5.0.0/16"] }, ETHERNET)), " | 10.5.0.0/16 ");
		check.equal(show(targetsOf({ networks: ["192.168.1.7"] }, ETHERNET)), "192.168.1.7/32 1 arp");
		check.equal(show(targetsOf({ networks: ["127.0.0.0/29"] }, LOOPBACK)), "127.0.0.0/29 1");
		check.equal(show(targetsOf({ networks: ["172.17.4.0/24"], exclude: ["docker0"] }, DOCKER)), " | 172.17.4.0/24 docker0");
	});

	suite.test("ARROW-42 when nothing is left to scan, the key to change is named", (check) => {
		const problem = (change: Partial<DiscoveryOptions>, ...links: FakeLink[]): string => targetsOf(change, ...links).problem;
		check.ok(problem({ interfaces: ["eth7"] }, ETHERNET, WIRELESS).includes("discovery.interfaces"));
		check.ok(problem({ interfaces: ["eth7"] }).includes("there are none"));
		check.ok(
			problem({ exclude: ["eth0"] }, ETHERNET).includes(
				"192.168.1.0/24 of eth0 is left out, its interface is in discovery.exclude",
			),
		);
		check.ok(problem({}, DOCKER).includes("larger than /22 (65536 addresses): name a part of it in discovery.networks"));
		check.ok(problem({}, LOOPBACK).includes("discovery.networks"));
		check.ok(problem({ networks: [] }, ETHERNET).includes("discovery.networks is empty"));
		check.ok(problem({}, DOWN).includes("its interface is down"));
	});

	suite.test("ARROW-42 own addresses, the ends of networks and what a network before holds are left alone", (check) => {
		const targets = targetsOf({ networks: ["192.168.1.0/25", "10.5.0.0/24", "192.168.1.0/24"] }, ETHERNET);
		for (const text of ["192.168.1.0", "192.168.1.1", "192.168.1.255"]) check.ok(targets.isVacant(addressOf(text)), text);
		for (const text of ["192.168.1.2", "192.168.1.127", "192.168.1.128"]) check.ok(!targets.isVacant(addressOf(text)), text);
		check.ok(targets.isEdge(targets.targets[1], addressOf("10.5.0.255")));
		check.ok(!targets.isEdge(targets.targets[0], addressOf("192.168.1.127")));
		check.ok(targets.isEarlier(2, addressOf("192.168.1.5")) && !targets.isEarlier(2, addressOf("192.168.1.200")));
		const pair = targetsOf({ networks: ["10.5.0.8/31"] });
		check.ok(!pair.isEdge(pair.targets[0], addressOf("10.5.0.8")), "both of a /31 are hosts");
	});

	suite.test("ARROW-42 exclusions: addresses, networks, MAC addresses, interfaces; what is none of them is named", (check) => {
		const exclusions = new Exclusions(["10.0.0.1", "10.0.1.0/24", "02:00:00:aa:BB:cc", "wlan0"], "discovery.exclude");
		check.ok(exclusions.excludesAddress(addressOf("10.0.0.1")) && exclusions.excludesAddress(addressOf("10.0.1.255")));
		check.ok(!exclusions.excludesAddress(addressOf("10.0.0.2")) && !exclusions.excludesAddress(addressOf("10.0.2.0")));
		check.ok(exclusions.excludesMAC(new Uint8Array([9, 2, 0, 0, 0xaa, 0xbb, 0xcc]), 1));
		check.ok(!exclusions.excludesMAC(new Uint8Array([2, 0, 0, 0xaa, 0xbb, 0xcd]), 0));
		check.ok(exclusions.excludesInterface("wlan0") && !exclusions.excludesInterface("wlan1"));
		for (const wrong of ["10.0.0.256", "10.0.0.0/33", "fe80::1", "02:00:00:aa:bb", "", "a b", "sixteen-letters-x", "300"])
			check.throws(() => new Exclusions(["10.0.0.1", wrong], "discovery.exclude"), "discovery.exclude[1]: ");
	});

	suite.test("ARROW-42 settings that only discovery knows to be wrong are named by their key", (check) => {
		const many: number[] = [];
		for (let i = 1; i <= 30; i++) many.push(1000 + i);
		check.throws(() => fakeSettings({ networks: ["192.168.1.0"], interfaces: ["eth0/1"] }), "discovery.interfaces[0]");
		check.throws(() => fakeSettings({ networks: ["10.0.0.0/24", "fe80::/64"] }), "discovery.networks[1]");
		check.throws(() => fakeSettings({ networks: ["224.0.0.0/24"] }), "discovery.networks[0]");
		check.throws(() => fakeSettings({ ports: { rtsp: many } }), "discovery.ports: more than 32");
		check.throws(() => fakeSettings({ ports: { rtsp: [], http: [] } }), "discovery.ports: there are none");
		check.throws(() => fakeSettings({ paths: { rtsp: ["/a", "b"] } }), "discovery.paths.rtsp[1]");
		check.throws(() => fakeSettings({ paths: { mjpeg: ["/a b"] } }), "discovery.paths.mjpeg[0]");
	});

	suite.test("ARROW-42 ports: each once, RTSP's in their order first, HTTP's found again by place", (check) => {
		const ports = new Ports();
		check.equal([ports.count, ports.rtspCount, ports.httpCount].join(), "13,10,5");
		check.equal([0, 1, 2, 3, 4].map((index) => ports.at(ports.httpAt(index))).join(), "80,81,8080,8081,8090");
		check.equal([ports.at(ports.scout(0)), ports.at(ports.scout(1)), ports.scouts].join(), "554,80,2");
		const web = new Ports([], [8000, 8000]);
		check.equal([web.count, web.rtspCount, web.httpCount, web.scouts].join(), "1,0,1,1");
	});

	suite.test("ARROW-42 the pace: a burst of a tenth, then evenly, and never more than the rate in a second", (check) => {
		const pace = new Pace(100);
		pace.begin(0);
		let sent = 0;
		for (let now = 0; now < 1000; now++) while (pace.ready(now) && ++sent) pace.take();
		check.ok(sent <= 100 && sent >= 98, String(sent));
		/* After a rest no more than the burst is there. */
		let burst = 0;
		while (pace.ready(60_000) && ++burst) pace.take();
		check.equal(burst, 10);
		check.ok(pace.next > 60_000 && pace.next < 60_020, String(pace.next));
	});
}
