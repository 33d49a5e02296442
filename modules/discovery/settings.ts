import { baseOf, type Network, networkOf, networkText } from "discovery/addresses";
import { Exclusions, isInterfaceName } from "discovery/exclusions";
import { MJPEG_PATHS, RTSP_PATHS } from "discovery/paths";
import { Ports } from "discovery/ports";
import { pathFault } from "discovery/request";

/** Largest network that is scanned (section 2.7): its prefix. */
export const LARGEST_PREFIX = 22;

/** What the configuration says of discovery; what is left out has a default. */
export interface DiscoveryOptions {
	readonly interfaces?: readonly string[];
	readonly networks?: readonly string[];
	readonly exclude?: readonly string[];
	readonly ports?: { readonly rtsp?: readonly number[]; readonly http?: readonly number[] };
	readonly paths?: { readonly rtsp?: readonly string[]; readonly mjpeg?: readonly string[] };
	readonly interval: number;
	readonly expiry: number;
	readonly sockets: number;
	readonly rate: number;
	readonly hosts: number;
	readonly request: number;
	readonly icmp: boolean;
}

/** Checked, with all defaults. */
export interface DiscoverySettings {
	/** Names of the interfaces that may be used; undefined: all. */
	readonly interfaces: readonly string[] | undefined;
	/** Networks that may be scanned; undefined: those of the interfaces. */
	readonly networks: readonly Network[] | undefined;
	readonly exclusions: Exclusions;
	readonly ports: Ports;
	readonly rtspPaths: readonly string[];
	readonly mjpegPaths: readonly string[];
	/** H.265 counts as RTSP. */
	readonly h265: boolean;
	/** Milliseconds from the end of a scan to the next, and until a service unseen becomes invisible. */
	readonly interval: number;
	readonly expiry: number;
	/** Connections at a time. */
	readonly sockets: number;
	/** Packets a second that begin something: connects, echo and ARP requests. */
	readonly rate: number;
	/** Hosts that a report holds. */
	readonly hosts: number;
	/** Milliseconds that a camera has for an answer. */
	readonly request: number;
	readonly icmp: boolean;
}

/** @throws RangeError naming the key and what it should be. */
export function discoverySettings(options: DiscoveryOptions, h265 = true, key = "discovery"): DiscoverySettings {
	const { interfaces, ports, paths } = options;
	for (let i = 0; interfaces !== undefined && i < interfaces.length; i++)
		if (!isInterfaceName(interfaces[i]))
			throw new RangeError(key + ".interfaces[" + i + "]: " + interfaces[i] + " is no name of an interface");
	return Object.freeze({
		interfaces: interfaces?.slice(),
		networks: networksOf(options.networks, key + ".networks"),
		exclusions: new Exclusions(options.exclude ?? [], key + ".exclude"),
		ports: new Ports(ports?.rtsp, ports?.http, key + ".ports"),
		rtspPaths: pathsOf(paths?.rtsp, RTSP_PATHS, key + ".paths.rtsp"),
		mjpegPaths: pathsOf(paths?.mjpeg, MJPEG_PATHS, key + ".paths.mjpeg"),
		h265,
		interval: options.interval,
		expiry: options.expiry,
		sockets: options.sockets,
		rate: options.rate,
		hosts: options.hosts,
		request: options.request,
		icmp: options.icmp,
	});
}

/** Whether a host may be looked at, as far as its address and the MAC at `mac` of `bytes` tell: not by which interface it is reached. */
export function mayScan(settings: DiscoverySettings, address: number, bytes: Uint8Array, mac: number): boolean {
	const { exclusions, networks } = settings;
	if (exclusions.excludesAddress(address) || exclusions.excludesMAC(bytes, mac)) return false;
	if (networks === undefined) return true;
	for (let i = 0; i < networks.length; i++) if (baseOf(address, networks[i].prefix) === networks[i].base) return true;
	return false;
}

function networksOf(texts: readonly string[] | undefined, key: string): Network[] | undefined {
	if (texts === undefined) return undefined;
	const networks: Network[] = [];
	for (let i = 0; i < texts.length; i++) {
		const network = networkOf(texts[i]);
		if (network === undefined)
			throw new RangeError(key + "[" + i + "]: " + texts[i] + ' is no IPv4 network, like "192.168.1.0/24"');
		const first = Math.floor(network.base / 0x1000000);
		if (first === 0 || first >= 224)
			throw new RangeError(key + "[" + i + "]: no hosts are in " + networkText(network.base, network.prefix));
		networks.push(network);
	}
	return networks;
}

function pathsOf(paths: readonly string[] | undefined, fallback: readonly string[], key: string): readonly string[] {
	if (paths === undefined) return fallback;
	for (let i = 0; i < paths.length; i++) {
		const fault = pathFault(paths[i]);
		if (fault !== "") throw new RangeError(key + "[" + i + "]: " + fault);
	}
	return paths.slice();
}
