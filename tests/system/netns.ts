/**
 * A home network in namespaces of the kernel: cameras with addresses and MAC addresses of their own on a bridge, the device beside them,
 * an uplink to this process, and a second network that the device must leave alone.
 *
 *      fl-PID-lan                                             fl-PID-dev             the tests' own namespace
 *      cHOST 192.168.77.HOST ── pHOST ─┐
 *      cHOST 192.168.77.HOST ── pHOST ─┼─ br0 ── pdev ═══════ eth0 192.168.77.250
 *      …                               ┘         pother ═════ eth1 192.168.78.250
 *                                                             up0 198.19.N.2 ═══════ flPID 198.19.N.1
 *
 * All cameras live in one namespace, so that one process can be all of them: routes by source address and strict ARP settings let
 * each answer by its own interface.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { atEnd } from "./at_end.ts";

export const LAN = "192.168.77.";
export const OTHER = "192.168.78.";
const DEVICE = 250;
const PREFIX = "fl-";

/** A host of the network. */
export interface Host {
	/** Last octet of its address, and of its MAC address. */
	readonly host: number;
	readonly noPing?: boolean;
	/** TCP ports whose packets disappear. */
	readonly blackHoles?: readonly number[];
}

/** Why no network can be made here; undefined when one can. */
export function whyNoNetwork(): string | undefined {
	if (process.getuid?.() !== 0) return "network namespaces need root";
	for (const program of ["/usr/sbin/ip", "/usr/sbin/nft", "/usr/bin/tcpdump"])
		if (!existsSync(program) && !existsSync(program.replace("/usr/bin", "/usr/sbin")))
			return `${program} is missing: apt-get install --no-install-recommends iproute2 nftables tcpdump`;
	const name = `${PREFIX}${process.pid}-probe`;
	const made = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
	if (made.status !== 0) return `network namespaces need CAP_SYS_ADMIN: ${made.stderr.trim()}`;
	const veth = spawnSync("ip", ["-n", name, "link", "add", "name", "fl-a", "type", "veth", "peer", "name", "fl-b"], {
		encoding: "utf8",
	});
	spawnSync("ip", ["netns", "delete", name]);
	return veth.status === 0 ? undefined : `interfaces need CAP_NET_ADMIN: ${veth.stderr.trim()}`;
}

/** The MAC address of a host. */
export function macOf(host: number): string {
	return `02:00:00:00:4d:${host.toString(16).padStart(2, "0")}`;
}

function ip(args: readonly string[], input?: string): string {
	return execFileSync("ip", args, { encoding: "utf8", ...(input === undefined ? {} : { input }) });
}

/** Ends what runs in a namespace and removes it. */
function remove(name: string): void {
	const { stdout } = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" });
	for (const pid of (stdout ?? "").split("\n").filter((line) => line !== "")) {
		try {
			process.kill(Number(pid), "SIGKILL");
		} catch {
			// It ended by itself.
		}
	}
	spawnSync("ip", ["netns", "delete", name]);
}

/** Namespaces of test runs that were killed. */
function removeStale(): void {
	for (const line of ip(["netns", "list"]).split("\n")) {
		const found = /^fl-(\d+)-\w+/.exec(line);
		if (found !== null && !existsSync(`/proc/${found[1]}`)) remove(found[0]);
	}
}

export class Network {
	readonly lan = `${PREFIX}${process.pid}-lan`;
	readonly device = `${PREFIX}${process.pid}-dev`;
	/** Addresses of the uplink: of this process, and of the device. */
	readonly here: string;
	readonly there: string;
	readonly deviceAddress = `${LAN}${DEVICE}`;
	readonly #uplink = `fl${process.pid}`;

	/** @throws Error when the kernel does not let it; see {@link whyNoNetwork}. */
	constructor(test: TestContext, hosts: readonly Host[]) {
		const net = process.pid % 255;
		this.here = `198.19.${net}.1`;
		this.there = `198.19.${net}.2`;
		removeStale();
		atEnd(test, () => this.remove());
		this.remove();
		for (const name of [this.lan, this.device]) {
			ip(["netns", "add", name]);
			// Neighbour discovery and listeners' reports of IPv6 would be packets that the device did not send.
			this.run(name, ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"]);
		}
		this.#makeDevice();
		this.#makeLan(hosts);
		this.run(this.lan, ["nft", "-f", "-"], rules(hosts));
	}

	/** Runs a program in a namespace to its end. */
	run(name: string, command: readonly string[], input?: string): string {
		return ip(["netns", "exec", name, ...command], input);
	}

	/** What stands in front of a command to start it in a namespace; the process keeps its id. */
	inside(name: string): readonly string[] {
		return ["ip", "netns", "exec", name];
	}

	/** A host gets another address, as by DHCP. */
	readdress(host: number, octet: number): void {
		const lines = [
			`address delete ${LAN}${host}/32 dev c${host}`,
			`address add ${LAN}${octet}/32 dev c${host}`,
			routes(host, octet),
		];
		ip(["-n", this.lan, "-batch", "-"], lines.join("\n"));
	}

	remove(): void {
		for (const name of [this.device, this.lan]) if (existsSync(`/run/netns/${name}`)) remove(name);
		// It goes with its other end, but not at once.
		spawnSync("ip", ["link", "delete", this.#uplink]);
	}

	#makeDevice(): void {
		const pair = ["link", "add", this.#uplink, "type", "veth", "peer", "name", "up0", "netns", this.device];
		ip(pair);
		ip(["-batch", "-"], `address add ${this.here}/30 dev ${this.#uplink}\nlink set ${this.#uplink} up\n`);
		const lines = [
			"link set lo up",
			`address add ${this.there}/30 dev up0`,
			"link set up0 up",
			`link add eth0 address ${macOf(DEVICE)} type veth peer name pdev netns ${this.lan}`,
			`link add eth1 type veth peer name pother netns ${this.lan}`,
			`address add ${this.deviceAddress}/24 dev eth0`,
			`address add ${OTHER}${DEVICE}/24 dev eth1`,
			"link set eth0 up",
			"link set eth1 up",
		];
		ip(["-n", this.device, "-batch", "-"], lines.join("\n"));
	}

	#makeLan(hosts: readonly Host[]): void {
		const settings = ["arp_ignore=1", "arp_announce=2", "rp_filter=0"];
		const keys = settings.flatMap((setting) => ["all", "default"].map((where) => `net.ipv4.conf.${where}.${setting}`));
		this.run(this.lan, ["sysctl", "-qw", ...keys]);
		const lines = ["link set lo up", "link add br0 type bridge", "link set br0 up", "link set pdev master br0 up"];
		lines.push(`address add ${OTHER}10/24 dev pother`, "link set pother up");
		for (const { host } of hosts) {
			lines.push(
				`link add c${host} address ${macOf(host)} type veth peer name p${host}`,
				`link set p${host} master br0 up`,
				`link set c${host} up`,
				`address add ${LAN}${host}/32 dev c${host}`,
				routes(host, host),
			);
		}
		ip(["-n", this.lan, "-batch", "-"], lines.join("\n"));
	}
}

/** Lines for `ip -batch`: what comes from an address leaves by its host's interface. */
function routes(host: number, octet: number): string {
	const table = 1_000 + octet;
	return [
		`rule add from ${LAN}${octet} table ${table}`,
		`route replace ${LAN}0/24 dev c${host} scope link src ${LAN}${octet} table ${table}`,
		"",
	].join("\n");
}

function rules(hosts: readonly Host[]): string {
	const lines = hosts.flatMap(({ host, noPing, blackHoles }) => [
		...(noPing === true ? [`ip daddr ${LAN}${host} icmp type echo-request drop`] : []),
		...(blackHoles === undefined ? [] : [`ip daddr ${LAN}${host} tcp dport { ${blackHoles.join(", ")} } drop`]),
	]);
	return `table inet cameras {\n chain input {\n type filter hook input priority 0;\n ${lines.join("\n ")}\n }\n}\n`;
}
