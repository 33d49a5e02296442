import type { Discovery, FoundService, ScanResult } from "discovery/result";

/** A host that a scan found. */
export interface FakeHost {
	flags: number;
	address: string;
	mac: string;
	ports: number[];
}

export function found(type: string, address: string, port: number, path = "", mac = ""): FoundService {
	return { type, address, port, path, mac };
}

/** What a scan found, as a test says. */
export class FakeResult implements ScanResult {
	readonly #hosts: FakeHost[];
	readonly #services: FoundService[];

	constructor(services: FoundService[], hosts: FakeHost[] = []) {
		this.#services = services;
		this.#hosts = hosts;
	}

	get hostCount(): number {
		return this.#hosts.length;
	}

	hostFlags(host: number): number {
		return this.#hosts[host].flags;
	}

	hostAddress(host: number): string {
		return this.#hosts[host].address;
	}

	hostMAC(host: number): string {
		return this.#hosts[host].mac;
	}

	hostPortCount(host: number): number {
		return this.#hosts[host].ports.length;
	}

	hostPort(host: number, index: number): number {
		return this.#hosts[host].ports[index];
	}

	get serviceCount(): number {
		return this.#services.length;
	}

	serviceAt(index: number): FoundService {
		return this.#services[index];
	}
}

/** Runs no scans, but says what a test wants. */
export class FakeDiscovery implements Discovery {
	scanning = false;
	result: ScanResult | undefined;
	/** Scans asked for. */
	scans = 0;

	scan(): boolean {
		this.scans++;
		if (this.scanning) return false;
		this.scanning = true;
		return true;
	}
}
