import { ADDRESS, HOST_RECORD, MAC, REPORT_FIXED } from "arrow/constants";
import { putUnknownMAC } from "arrow/service";
import { SERVICE_FOUND, type ServiceTable } from "arrow/table";
import type { Discovery, ScanResult } from "discovery/result";
import type { Arena } from "storage/arena";
import { parseAddress } from "wire/address";
import { parseHex } from "wire/hex";

/** What a scan finds at most: `hosts`, each with `ports` open ones. */
export interface ScanLimits {
	readonly hosts: number;
	readonly ports: number;
}

/** Bytes that a {@link ScanReport} needs; `tableBytes` is the longest table. */
export function reportSize(limits: ScanLimits, tableBytes: number): number {
	return REPORT_FIXED + limits.hosts * (HOST_RECORD + 2 * limits.ports) + tableBytes;
}

/**
 * The data of SCAN_REPORT: hosts and services of the last finished scan; empty before the first. Hosts that the region has no room for are
 * left out. Cold: it allocates the texts that it reads.
 */
export class ScanReport {
	readonly offset: number;
	readonly #arena: Arena;
	readonly #limit: number;
	readonly #tableBytes: number;
	readonly #table: ServiceTable;
	readonly #discovery: Discovery | undefined;

	/** The region is `offset .. limit`, see {@link reportSize}. */
	constructor(
		arena: Arena,
		offset: number,
		limit: number,
		tableBytes: number,
		table: ServiceTable,
		discovery: Discovery | undefined,
	) {
		this.offset = offset;
		this.#arena = arena;
		this.#limit = limit;
		this.#tableBytes = tableBytes;
		this.#table = table;
		this.#discovery = discovery;
	}

	/** Writes the data for request `request` at `offset`. @returns bytes. */
	write(request: number): number {
		const { view } = this.#arena;
		const result = this.#discovery?.result;
		let at = this.offset + REPORT_FIXED;
		let hosts = 0;
		if (result)
			for (let i = 0; i < result.hostCount; i++) {
				const length = this.#host(result, i, at);
				if (length > 0) hosts++;
				at += length;
			}
		view.setUint16(this.offset, request);
		view.setUint32(this.offset + 2, hosts);
		return at + this.#table.put(at, this.#limit, SERVICE_FOUND) - this.offset;
	}

	/** One host record (section 2.7). @returns bytes; 0 when it has no room or no address. */
	#host(result: ScanResult, host: number, at: number): number {
		const { bytes, view } = this.#arena;
		const ports = result.hostPortCount(host);
		const length = HOST_RECORD + 2 * ports;
		if (at + length + this.#tableBytes > this.#limit) return 0;
		const version = parseAddress(result.hostAddress(host), bytes, at + 8);
		if (version === 0) return 0;
		bytes[at] = result.hostFlags(host);
		bytes[at + 7] = version;
		const text = result.hostMAC(host);
		const mac = text === "" ? undefined : parseHex(text, MAC);
		if (mac) bytes.set(mac, at + 1);
		else putUnknownMAC(bytes, at + 1, at + 8, version);
		view.setUint16(at + 8 + ADDRESS, ports);
		for (let i = 0; i < ports; i++) view.setUint16(at + HOST_RECORD + 2 * i, result.hostPort(host, i));
		return length;
	}
}
