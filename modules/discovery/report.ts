import { addressText } from "discovery/addresses";
import { HOST_BYTES, HOST_NONE, Hosts } from "discovery/hosts";
import type { FoundService, ScanResult } from "discovery/result";
import type { DiscoverySettings } from "discovery/settings";
import { typeOf } from "discovery/verdict";
import type { Arena } from "storage/arena";
import { formatHex } from "wire/hex";

/** Type of a service besides the VERDICT constants. */
export const SERVICE_TCP = 255;

/** Services for each host of the table. */
const SERVICES_PER_HOST = 4;
/** A service: type 1, host 1, port 2, path 2, 2 unused. */
const SERVICE_BYTES = 8;
const TYPE = 0;
const HOST = 1;
const PORT = 2;
const PATH = 4;

/* Paths besides the numbers of those in the lists, RTSP's before MJPEG's. */
const PATH_NONE = 0xffff;
const PATH_ROOT = 0xfffe;
const ROOT = "/";

const MAC_BYTES = 6;

/** Bytes that a report needs of the arena. */
export function reportBytes(hosts: number): number {
	return hosts * (HOST_BYTES + SERVICES_PER_HOST * SERVICE_BYTES);
}

/** What a scan finds: filled while it runs, then read through {@link ScanResult}. */
export class Report implements ScanResult {
	readonly hosts: Hosts;
	/** How long the scan took, in milliseconds. */
	duration = 0;
	readonly #view: DataView;
	readonly #services: number;
	readonly #limit: number;
	readonly #settings: DiscoverySettings;
	#hostCount = 0;
	#serviceCount = 0;

	/** Uses `reportBytes(settings.hosts)` bytes at `offset`. */
	constructor(arena: Arena, offset: number, settings: DiscoverySettings) {
		this.hosts = new Hosts(arena, offset, settings.hosts);
		this.#view = arena.view;
		this.#services = offset + settings.hosts * HOST_BYTES;
		this.#limit = settings.hosts * SERVICES_PER_HOST;
		this.#settings = settings;
	}

	/** Begins to be filled. */
	clear(): void {
		this.hosts.clear();
		this.#hostCount = 0;
		this.#serviceCount = 0;
	}

	/** @param type a VERDICT constant or SERVICE_TCP. @returns false when there is no room. */
	addService(type: number, host: number, port: number, path: string): boolean {
		if (this.#serviceCount === this.#limit) return false;
		const at = this.#at(this.#serviceCount++);
		this.#view.setUint8(at + TYPE, type);
		this.#view.setUint8(at + HOST, host);
		this.#view.setUint16(at + PORT, port);
		this.#view.setUint16(at + PATH, this.#pathNumber(path));
		return true;
	}

	/** Drops a host and what was found there. */
	removeHost(host: number): void {
		let kept = 0;
		for (let i = 0; i < this.#serviceCount; i++) {
			if (this.#view.getUint8(this.#at(i) + HOST) === host) continue;
			if (kept < i) this.#moveService(i, kept);
			kept++;
		}
		this.#serviceCount = kept;
		this.hosts.remove(host);
	}

	/** Ends the filling: hosts come to stand side by side. */
	finish(): void {
		const { hosts } = this;
		let count = 0;
		for (let host = 0; host < hosts.limit; host++) {
			if (hosts.stage(host) === HOST_NONE) continue;
			if (count < host) {
				hosts.move(host, count);
				this.#renumber(host, count);
			}
			count++;
		}
		this.#hostCount = count;
	}

	get hostCount(): number {
		return this.#hostCount;
	}

	hostFlags(host: number): number {
		return this.hosts.found(host);
	}

	hostAddress(host: number): string {
		return addressText(this.hosts.address(host));
	}

	hostMAC(host: number): string {
		const { bytes } = this.hosts;
		const at = this.hosts.mac(host);
		for (let i = 0; i < MAC_BYTES; i++) if (bytes[at + i] !== 0) return formatHex(bytes, at, MAC_BYTES, ":");
		return "";
	}

	hostPortCount(host: number): number {
		let count = 0;
		for (let bits = this.hosts.open(host); bits !== 0; bits = (bits & (bits - 1)) >>> 0) count++;
		return count;
	}

	hostPort(host: number, index: number): number {
		const { ports } = this.#settings;
		for (let place = 0; place < ports.count; place++) if (this.hosts.isOpen(host, place) && index-- === 0) return ports.at(place);
		return 0;
	}

	get serviceCount(): number {
		return this.#serviceCount;
	}

	serviceAt(index: number): FoundService {
		const at = this.#at(index);
		const type = this.#view.getUint8(at + TYPE);
		const host = this.#view.getUint8(at + HOST);
		return {
			type: type === SERVICE_TCP ? "tcp" : typeOf(type),
			address: this.hostAddress(host),
			port: this.#view.getUint16(at + PORT),
			path: this.#pathAt(this.#view.getUint16(at + PATH)),
			mac: this.hostMAC(host),
		};
	}

	#pathNumber(path: string): number {
		if (path === "") return PATH_NONE;
		const { rtspPaths, mjpegPaths } = this.#settings;
		const rtsp = rtspPaths.indexOf(path);
		if (rtsp >= 0) return rtsp;
		const mjpeg = mjpegPaths.indexOf(path);
		if (mjpeg >= 0) return rtspPaths.length + mjpeg;
		return path === ROOT ? PATH_ROOT : PATH_NONE;
	}

	#pathAt(number: number): string {
		const { rtspPaths, mjpegPaths } = this.#settings;
		if (number === PATH_ROOT) return ROOT;
		if (number === PATH_NONE) return "";
		return number < rtspPaths.length ? rtspPaths[number] : mjpegPaths[number - rtspPaths.length];
	}

	#renumber(from: number, to: number): void {
		for (let i = 0; i < this.#serviceCount; i++) {
			const at = this.#at(i) + HOST;
			if (this.#view.getUint8(at) === from) this.#view.setUint8(at, to);
		}
	}

	#moveService(from: number, to: number): void {
		const source = this.#at(from);
		const target = this.#at(to);
		this.#view.setUint32(target, this.#view.getUint32(source));
		this.#view.setUint32(target + 4, this.#view.getUint32(source + 4));
	}

	#at(index: number): number {
		return this.#services + index * SERVICE_BYTES;
	}
}
