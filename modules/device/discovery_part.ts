import type { Part } from "device/part";
import Echo from "discovery/echo";
import { DiscoveryEndpoint, type DiscoveryOwner } from "discovery/endpoint";
import type { DiscoveryIO } from "discovery/io";
import { Neighbours, interfaces } from "discovery/network";
import type { Report } from "discovery/report";
import type { Discovery, ScanResult } from "discovery/result";
import type { DiscoverySettings } from "discovery/settings";
import { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, type Logger } from "host/logger";
import { Stream } from "net/stream";
import type { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { constantText } from "wire/ascii";
import type { Figures } from "wire/figures";

const KEY = Object.freeze({
	connects: constantText("connects"),
	discovery: constantText("discovery"),
	echoes: constantText("echoes"),
	excluded: constantText("excluded"),
	hosts: constantText("hosts"),
	hostsOver: constantText("hostsOver"),
	malformed: constantText("malformed"),
	milliseconds: constantText("milliseconds"),
	networksOmitted: constantText("networksOmitted"),
	noRoom: constantText("noRoom"),
	packets: constantText("packets"),
	scanning: constantText("scanning"),
	scans: constantText("scans"),
	services: constantText("services"),
	servicesOver: constantText("servicesOver"),
	sockets: constantText("sockets"),
	socketsPeak: constantText("socketsPeak"),
	solicits: constantText("solicits"),
});

/** What scans of this host are made of. */
export function discoveryIO(): DiscoveryIO {
	return { Stream, Timer, Echo, Neighbours, interfaces, monotonic };
}

/** Scans for cameras at the start, then `interval` after the end of each scan, and when it is asked to. */
export class DiscoveryPart implements Part, Discovery, DiscoveryOwner {
	/** Called with each finished scan. */
	onFinished: ((result: ScanResult) => void) | undefined;
	readonly endpoint: DiscoveryEndpoint;
	readonly #interval: number;
	readonly #log: Logger;
	readonly #timer: Timer;
	/** Networks left out in the last scan: they are told of when they change. */
	#omitted = "";
	#duration = 0;

	/** Needs what `planDiscovery` reserves. */
	constructor(settings: DiscoverySettings, plan: MemoryPlan, log: Logger) {
		this.#interval = settings.interval;
		this.#log = log;
		this.endpoint = new DiscoveryEndpoint(settings, plan, discoveryIO(), this);
		this.#timer = new Timer({ onTimer: () => void this.scan() });
	}

	start(): void {
		this.#timer.schedule(0);
	}

	stop(done: () => void): void {
		this.#timer.cancel();
		this.endpoint.abort();
		done();
	}

	close(): void {
		this.#timer.close();
		this.endpoint.close();
	}

	get scanning(): boolean {
		return this.endpoint.scanning;
	}

	get result(): ScanResult | undefined {
		return this.endpoint.result;
	}

	scan(): boolean {
		if (!this.endpoint.scan()) return false;
		this.#timer.cancel();
		const { targets, omissions, problem } = this.endpoint.targets;
		this.#tellOmissions();
		if (problem !== "") this.#log.log(LEVEL_WARNING, "discovery", "nothing-to-scan", { reason: problem });
		this.#log.log(LEVEL_INFO, "discovery", "scan-started", { networks: targets.length, omitted: omissions.length });
		return true;
	}

	finished(result: Report): void {
		const { hostCount, serviceCount, duration } = result;
		this.#duration = duration;
		this.#log.log(LEVEL_INFO, "discovery", "scan-finished", {
			hosts: hostCount,
			services: serviceCount,
			ms: Math.round(duration),
		});
		for (let i = 0; i < hostCount; i++) this.#tellHost(result, i);
		this.#timer.schedule(this.#interval);
		this.onFinished?.(result);
	}

	writeFigures(figures: Figures): void {
		const { endpoint } = this;
		const { counters, result } = endpoint;
		figures.open(KEY.discovery);
		figures.number(KEY.scanning, endpoint.scanning ? 1 : 0);
		figures.number(KEY.scans, counters.scans);
		figures.number(KEY.hosts, result === undefined ? 0 : result.hostCount);
		figures.number(KEY.services, result === undefined ? 0 : result.serviceCount);
		figures.number(KEY.milliseconds, this.#duration);
		figures.number(KEY.connects, counters.connects);
		figures.number(KEY.echoes, counters.echoes);
		figures.number(KEY.solicits, counters.solicits);
		figures.number(KEY.packets, counters.packets);
		figures.number(KEY.sockets, endpoint.sockets);
		figures.number(KEY.socketsPeak, counters.socketsPeak);
		figures.number(KEY.excluded, counters.excluded);
		figures.number(KEY.networksOmitted, endpoint.targets.omissions.length);
		figures.number(KEY.hostsOver, counters.hostsOver);
		figures.number(KEY.servicesOver, counters.servicesOver);
		figures.number(KEY.malformed, counters.malformed);
		figures.number(KEY.noRoom, counters.noRoom);
		figures.close();
	}

	#tellOmissions(): void {
		const { omissions } = this.endpoint.targets;
		let all = "";
		for (let i = 0; i < omissions.length; i++) all += omissions[i].network + omissions[i].link + omissions[i].reason;
		if (all === this.#omitted) return;
		this.#omitted = all;
		for (let i = 0; i < omissions.length; i++) {
			const { network, link, reason } = omissions[i];
			this.#log.log(LEVEL_INFO, "discovery", "network-omitted", { network, interface: link, reason });
		}
	}

	#tellHost(result: ScanResult, host: number): void {
		this.#log.log(LEVEL_DEBUG, "discovery", "host-found", {
			address: result.hostAddress(host),
			mac: result.hostMAC(host),
			flags: result.hostFlags(host),
			ports: portList(result, host),
		});
	}
}

/** The open ports of a host: "554,80". */
export function portList(result: ScanResult, host: number): string {
	let text = "";
	for (let i = 0; i < result.hostPortCount(host); i++) text += (i > 0 ? "," : "") + result.hostPort(host, i);
	return text;
}
