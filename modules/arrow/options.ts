import { DEFAULT_PORT, TABLE_LIMIT, WINDOW_LIMIT } from "arrow/constants";
import type { ArrowInfo } from "arrow/register";
import { formatInfo } from "arrow/register";
import type { ScanLimits } from "arrow/report";
import type { ServiceOptions } from "arrow/service";
import { configuredService, type Service } from "arrow/service";
import type { ArrowSwitches } from "arrow/switches";
import { withSwitches } from "arrow/switches";
import { same } from "arrow/table";
import type { ArrowTimes } from "arrow/times";
import { withTimes } from "arrow/times";
import { parseHex } from "wire/hex";
import type { HostPort } from "wire/host_port";
import { parseHostPort } from "wire/host_port";

/** Longest data message that goes out; largest buffer. */
const MESSAGE_LIMIT = 8192;
const BUFFER_LIMIT = 65536;

/** The configuration's `arrow` object, and who the device is. */
export interface ArrowOptions {
	/** Address of the Arrow service, `host[:port]`; port 8900 when it is left out. */
	readonly service: string;
	/** Path of a PEM file with the authorities that may sign the service's certificate. */
	readonly ca: string;
	readonly services: readonly ServiceOptions[];
	/** Bytes that may be under way to a local side, per session, 1..65536; also caps what goes out. Default 65536. */
	readonly window?: number;
	/** Sessions at a time, 1..1024. Default 64. */
	readonly sessions?: number;
	/** Bytes of a data message that goes out, 512..8192. Default 8192. */
	readonly message?: number;
	/** Bytes of each of the four buffers between network and services, twice `message` to 65536. Default: twice `message`, or four times when that is 8192. */
	readonly buffer?: number;
	/** Serve addresses of other hosts too. Default false. */
	readonly gateway?: boolean;
	/** MAC address that the service knows the device by: "02:00:00:12:34:56". */
	readonly mac: string;
	readonly info?: ArrowInfo;
	/** Offer DHE-RSA cipher suites to old services too. Default false. */
	readonly legacyCiphers?: boolean;
	readonly switches?: Partial<ArrowSwitches>;
	/** Given where scans can be run. */
	readonly scans?: ArrowScans;
}

/** What the client must know of scans. */
export interface ArrowScans extends ScanLimits {
	/** Milliseconds after which a service that no scan saw is hidden, at the end of a scan. */
	readonly expiry: number;
}

/** The secret part of who the device is: 16 octets each. */
export interface ArrowIdentity {
	readonly uuid: ArrayBuffer;
	readonly key: ArrayBuffer;
}

/** Checked options, with everything filled in. */
export interface ArrowSettings {
	readonly address: HostPort;
	readonly authorities: string;
	readonly legacyCiphers: boolean;
	readonly services: readonly Service[];
	readonly gateway: boolean;
	readonly window: number;
	readonly sessions: number;
	readonly message: number;
	readonly buffer: number;
	readonly mac: ArrayBuffer;
	readonly info: Uint8Array;
	readonly switches: ArrowSwitches;
	readonly scans: ArrowScans | undefined;
	readonly times: ArrowTimes;
}

/** Checks options. @throws RangeError naming the key and what it should be. `times` replaces timers, for tests. */
export function settingsOf(options: ArrowOptions, times?: Partial<ArrowTimes>): ArrowSettings {
	const address = parseHostPort(options.service, DEFAULT_PORT);
	if (!address) throw new RangeError("arrow.service: host[:port] expected, not " + options.service);
	const mac = parseHex(options.mac, 6);
	if (!mac) throw new RangeError("arrow.mac: six octets in hex expected, not " + options.mac);
	const switches = withSwitches(options.switches);
	const message = within(options.message ?? MESSAGE_LIMIT, 512, MESSAGE_LIMIT, "arrow.message");
	const buffer = options.buffer ?? (message === MESSAGE_LIMIT ? 4 * message : 2 * message);
	return {
		address,
		authorities: options.ca,
		legacyCiphers: options.legacyCiphers ?? false,
		services: servicesOf(options.services, switches),
		gateway: options.gateway ?? false,
		window: within(options.window ?? WINDOW_LIMIT, 1, WINDOW_LIMIT, "arrow.window"),
		sessions: within(options.sessions ?? 64, 1, 1024, "arrow.sessions"),
		message,
		buffer: within(buffer, 2 * message, BUFFER_LIMIT, "arrow.buffer"),
		mac: mac.buffer,
		info: formatInfo(options.info ?? {}),
		switches,
		scans: options.scans,
		times: withTimes(times),
	};
}

function servicesOf(list: readonly ServiceOptions[], switches: ArrowSwitches): Service[] {
	if (list.length > TABLE_LIMIT) throw new RangeError("arrow.services: more than " + TABLE_LIMIT);
	const services: Service[] = [];
	for (let i = 0; i < list.length; i++) {
		const key = "arrow.services[" + i + "]";
		const service = configuredService(list[i], key);
		if (switches.serviceIds === "config" && !service.fixed)
			throw new RangeError(key + ".id: expected, as arrow.switches.serviceIds is config");
		for (let j = 0; j < i; j++) {
			if (same(service, services[j])) throw new RangeError(key + ": the same service as arrow.services[" + j + "]");
			if (service.fixed && service.id === services[j].id)
				throw new RangeError(key + ".id: " + service.id + " is the id of arrow.services[" + j + "]");
		}
		services.push(service);
	}
	return services;
}

function within(value: number, low: number, high: number, key: string): number {
	if (!(value >= low && value <= high) || value !== Math.floor(value))
		throw new RangeError(key + ": " + low + ".." + high + " expected, not " + value);
	return value;
}
