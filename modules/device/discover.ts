import { type DiscoveryConfig, parseConfig } from "device/config";
import { discoveryIO, portList } from "device/discovery_part";
import { checkMemory } from "device/memory_report";
import { Exit } from "device/options";
import { networkText } from "discovery/addresses";
import { DiscoveryEndpoint, type DiscoveryOwner, planDiscovery } from "discovery/endpoint";
import type { Report } from "discovery/report";
import { FOUND_ARP, FOUND_ICMP, type FoundService } from "discovery/result";
import { type DiscoverySettings, discoverySettings } from "discovery/settings";
import type { Target } from "discovery/targets";
import { exit, onStop, print, printError } from "host/host";
import { MemoryPlan } from "storage/plan";

/** Widths of columns, the blank behind each counted in. */
const ADDRESS_WIDTH = 16;
const MAC_WIDTH = 19;
const FOUND_WIDTH = 10;
const TYPE_WIDTH = 18;

/** What the configuration says where it says nothing of discovery. */
export function defaultDiscovery(small: boolean): DiscoveryConfig {
	return parseConfig('{"discovery":{}}', small).config?.discovery as DiscoveryConfig;
}

/**
 * `--discover`: one scan without the cloud, then the program ends. The result goes to standard output, as a table or as one JSON
 * document, all else to standard error. @returns "" when it is under way, else what keeps it from that.
 */
export function discover(config: DiscoveryConfig, h265: boolean, json: boolean): string {
	const plan = new MemoryPlan();
	try {
		const settings = discoverySettings(config, h265);
		planDiscovery(plan, settings);
		const excess = checkMemory(plan, undefined);
		return excess === "" ? new SingleScan(settings, plan, json).start() : excess;
	} catch (error) {
		return (error as Error).message;
	}
}

class SingleScan implements DiscoveryOwner {
	readonly #endpoint: DiscoveryEndpoint;
	readonly #json: boolean;

	constructor(settings: DiscoverySettings, plan: MemoryPlan, json: boolean) {
		this.#endpoint = new DiscoveryEndpoint(settings, plan, discoveryIO(), this);
		this.#json = json;
	}

	start(): string {
		const endpoint = this.#endpoint;
		endpoint.scan();
		const { omissions, problem } = endpoint.targets;
		if (problem !== "") {
			endpoint.close();
			return problem;
		}
		for (let i = 0; i < omissions.length; i++) {
			const { network, link, reason } = omissions[i];
			printError("left out: " + network + (link === "" ? "" : " of " + link) + ": " + reason);
		}
		onStop(() => {
			endpoint.close();
			printError("stopped before the scan was over");
			exit(Exit.FAILED);
		});
		return "";
	}

	networkBegun(target: Target): void {
		printError("scanning " + networkText(target.base, target.prefix) + (target.link === 0 ? " through the router" : ""));
	}

	finished(report: Report): void {
		if (this.#json) this.#printJSON(report);
		else printTable(report);
		const { hostsOver, servicesOver } = this.#endpoint.counters;
		if (hostsOver > 0) printError(hostsOver + " more hosts had no room: raise discovery.hosts");
		if (servicesOver > 0) printError(servicesOver + " more services had no room: raise discovery.hosts");
		printError(
			report.hostCount + " hosts, " + report.serviceCount + " services in " + (report.duration / 1000).toFixed(1) + " s",
		);
		this.#endpoint.close();
		exit(Exit.OK);
	}

	/** One document, an item a line: as a whole it would be the largest object of the program. */
	#printJSON(report: Report): void {
		const { targets, omissions } = this.#endpoint.targets;
		const { packets, socketsPeak, excluded } = this.#endpoint.counters;
		const { duration, hostCount, serviceCount } = report;
		print('{"milliseconds":' + Math.round(duration) + ',"packets":' + packets + ',"sockets":' + socketsPeak + ",");
		print('"excluded":' + excluded + ',"networks":[');
		for (let i = 0; i < targets.length; i++)
			print(JSON.stringify(networkText(targets[i].base, targets[i].prefix)) + comma(i, targets.length));
		print('],"omitted":[');
		for (let i = 0; i < omissions.length; i++) {
			const { network, link, reason } = omissions[i];
			print(JSON.stringify({ network, interface: link, reason }) + comma(i, omissions.length));
		}
		print('],"hosts":[');
		const order = sorted(report);
		for (let i = 0; i < hostCount; i++) print(hostJSON(report, order[i]) + comma(i, hostCount));
		print('],"services":[');
		let printed = 0;
		for (let i = 0; i < hostCount; i++)
			for (let j = 0; j < serviceCount; j++) {
				const service = report.serviceAt(j);
				if (service.address === report.hostAddress(order[i])) print(serviceJSON(service) + comma(printed++, serviceCount));
			}
		print("]}");
	}
}

function comma(index: number, count: number): string {
	return index < count - 1 ? "," : "";
}

/** Numbers of the hosts in the order of their addresses. */
function sorted(report: Report): Uint8Array {
	const order = new Uint8Array(report.hostCount);
	for (let i = 0; i < order.length; i++) {
		let at = i;
		for (; at > 0 && report.hosts.address(order[at - 1]) > report.hosts.address(i); at--) order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
}

function hostJSON(report: Report, host: number): string {
	const flags = report.hostFlags(host);
	const found: string[] = [];
	if (flags & FOUND_ARP) found.push("arp");
	if (flags & FOUND_ICMP) found.push("icmp");
	const address = JSON.stringify(report.hostAddress(host));
	const mac = JSON.stringify(report.hostMAC(host));
	return (
		'{"address":' +
		address +
		',"mac":' +
		mac +
		',"foundBy":' +
		JSON.stringify(found) +
		',"ports":[' +
		portList(report, host) +
		"]}"
	);
}

function serviceJSON(service: FoundService): string {
	const { type, address, port, path, mac } = service;
	return JSON.stringify({ type, address, port, path, mac, url: urlOf(service) });
}

function printTable(report: Report): void {
	if (report.hostCount === 0) return;
	print("ADDRESS".padEnd(ADDRESS_WIDTH) + "MAC".padEnd(MAC_WIDTH) + "FOUND BY".padEnd(FOUND_WIDTH) + "OPEN PORTS");
	const order = sorted(report);
	for (let i = 0; i < order.length; i++) {
		const address = report.hostAddress(order[i]);
		const mac = report.hostMAC(order[i]);
		const found = foundBy(report.hostFlags(order[i]));
		const ports = portList(report, order[i]);
		print(
			address.padEnd(ADDRESS_WIDTH) +
				(mac === "" ? "-" : mac).padEnd(MAC_WIDTH) +
				found.padEnd(FOUND_WIDTH) +
				(ports === "" ? "-" : ports),
		);
		for (let j = 0; j < report.serviceCount; j++) {
			const service = report.serviceAt(j);
			if (service.address === address) print("    " + service.type.padEnd(TYPE_WIDTH) + urlOf(service));
		}
	}
}

function foundBy(flags: number): string {
	if (flags === 0) return "TCP";
	return (flags & FOUND_ARP ? "ARP" : "") + (flags === (FOUND_ARP | FOUND_ICMP) ? "+" : "") + (flags & FOUND_ICMP ? "ICMP" : "");
}

/** Where a service is, to be put into a player or a browser. */
function urlOf(service: FoundService): string {
	const { type, address, port, path } = service;
	const place = "://" + address + ":" + port;
	if (type.indexOf("rtsp") >= 0) return "rtsp" + place + path;
	return type === "tcp" ? "tcp" + place : "http" + place + (path === "" ? "/" : path);
}
