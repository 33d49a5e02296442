import { type Network, baseOf, networkText, sizeOf } from "discovery/addresses";
import { INTERFACE_BYTES, InterfaceField, InterfaceFlag } from "discovery/network";
import { type DiscoverySettings, LARGEST_PREFIX } from "discovery/settings";
import type { Arena } from "storage/arena";

/** Most addresses of own interfaces that are looked at. */
const INTERFACES = 16;
/** Most networks of one scan. */
export const NETWORKS = 16;
export const TARGETS_BYTES = INTERFACES * INTERFACE_BYTES;
const NAME_BYTES = 16;
/** Longest prefix whose network has addresses of its own at both ends. */
const EDGED_PREFIX = 30;

/** A network that is to be scanned. */
export interface Target extends Network {
	/** Index of its interface; 0: it lies behind a router. */
	readonly link: number;
	/** Its hosts are found by ARP. */
	readonly arp: boolean;
}

/** A network that is left out, in words. */
export interface Omission {
	readonly network: string;
	/** "" when it lies behind a router. */
	readonly link: string;
	readonly reason: string;
}

/** An interface as it is now. */
interface Link extends Network {
	readonly name: string;
	readonly index: number;
	readonly arp: boolean;
	readonly loopback: boolean;
	/** The configuration lets it be used. */
	readonly allowed: boolean;
	/** Why not, or "". */
	readonly reason: string;
}

/** Works out which networks a scan is about, from the interfaces as they are and what the configuration allows. Cold path. */
export class Targets {
	readonly targets: Target[] = [];
	readonly omissions: Omission[] = [];
	/** Why there is nothing to scan, naming the key to change; "" when there is something. */
	problem = "";
	readonly #settings: DiscoverySettings;
	readonly #arena: Arena;
	readonly #offset: number;
	#links: Link[] = [];
	#own: number[] = [];

	/** Uses TARGETS_BYTES bytes at `offset`. */
	constructor(arena: Arena, offset: number, settings: DiscoverySettings) {
		this.#arena = arena;
		this.#offset = offset;
		this.#settings = settings;
	}

	/** Begins anew. `list` writes the records of the interfaces (discovery/network). */
	prepare(list: (buffer: ArrayBuffer, offset: number, length: number) => number): void {
		this.targets.length = 0;
		this.omissions.length = 0;
		this.problem = "";
		this.#readLinks(list(this.#arena.buffer, this.#offset, TARGETS_BYTES));
		const { networks } = this.#settings;
		if (networks === undefined) for (let i = 0; i < this.#links.length; i++) this.#addLink(this.#links[i]);
		else for (let i = 0; i < networks.length; i++) this.#addNetwork(networks[i]);
		if (this.targets.length === 0) this.problem = this.#explain();
	}

	/** Whether nobody else can be at an address: it is this host's, or the first or last of a network. */
	isVacant(address: number): boolean {
		if (this.#own.indexOf(address) >= 0) return true;
		for (let i = 0; i < this.#links.length; i++) if (isEdge(this.#links[i], address)) return true;
		return false;
	}

	/** Whether an address is an end of a network behind a router. */
	isEdge(target: Target, address: number): boolean {
		return target.link === 0 && isEdge(target, address);
	}

	/** Whether an address belongs to a target in front of number `index`. */
	isEarlier(index: number, address: number): boolean {
		for (let i = 0; i < index; i++) if (holds(this.targets[i], address)) return true;
		return false;
	}

	#readLinks(count: number): void {
		const { bytes, view } = this.#arena;
		this.#links = [];
		this.#own = [];
		for (let i = 0; i < count; i++) {
			const at = this.#offset + i * INTERFACE_BYTES;
			const address = view.getUint32(at + InterfaceField.ADDRESS);
			const prefix = bytes[at + InterfaceField.PREFIX];
			const flags = bytes[at + InterfaceField.FLAGS];
			const name = nameAt(bytes, at + InterfaceField.NAME);
			const reason = this.#refusal(name, flags);
			this.#own.push(address);
			this.#links.push({
				name,
				index: view.getUint32(at + InterfaceField.INDEX),
				base: baseOf(address, prefix),
				prefix,
				arp: (flags & InterfaceFlag.ARP) !== 0,
				loopback: (flags & InterfaceFlag.LOOPBACK) !== 0,
				allowed: reason === "",
				reason,
			});
		}
	}

	#refusal(name: string, flags: number): string {
		const { interfaces, exclusions } = this.#settings;
		/* An alias ("eth0:1") belongs to its interface. */
		const mark = name.indexOf(":");
		const plain = mark < 0 ? name : name.slice(0, mark);
		if (exclusions.excludesInterface(plain)) return "its interface is in discovery.exclude";
		if (interfaces !== undefined && interfaces.indexOf(plain) < 0) return "its interface is not in discovery.interfaces";
		return flags & InterfaceFlag.UP ? "" : "its interface is down";
	}

	/** The network of an interface. */
	#addLink(link: Link): void {
		const { interfaces } = this.#settings;
		if (link.loopback && (interfaces === undefined || interfaces.indexOf(link.name) < 0)) return;
		/* A point-to-point link has nobody but its other end. */
		if (link.prefix >= 32) return;
		this.#add(link, link);
	}

	/** A configured network: what of it is an interface's, or else as it is, behind a router. */
	#addNetwork(network: Network): void {
		let found = false;
		for (let i = 0; i < this.#links.length; i++) {
			const link = this.#links[i];
			if (!holds(link, network.base) && !holds(network, link.base)) continue;
			/* The default network of a tunnel, of one address, says nothing of what lies behind it. */
			if (link.prefix >= 32 && network.prefix < 32) continue;
			found = true;
			this.#add(link.prefix > network.prefix ? link : network, link);
		}
		if (!found) this.#add(network, undefined);
	}

	#add(network: Network, link: Link | undefined): void {
		const { base, prefix } = network;
		let reason = "";
		if (link !== undefined && !link.allowed) reason = link.reason;
		else if (prefix < LARGEST_PREFIX)
			reason = "larger than /" + LARGEST_PREFIX + " (" + sizeOf(prefix) + " addresses): name a part of it in discovery.networks";
		else if (this.targets.length === NETWORKS) reason = "more than " + NETWORKS + " networks";
		if (reason !== "") this.omissions.push({ network: networkText(base, prefix), link: link?.name ?? "", reason });
		else if (!this.#known(network)) this.targets.push({ base, prefix, link: link?.index ?? 0, arp: link?.arp ?? false });
	}

	#known(network: Network): boolean {
		for (let i = 0; i < this.targets.length; i++)
			if (this.targets[i].base === network.base && this.targets[i].prefix === network.prefix) return true;
		return false;
	}

	#explain(): string {
		const { interfaces, networks } = this.#settings;
		if (this.omissions.length > 0) {
			const { network, link, reason } = this.omissions[0];
			return "nothing to scan: " + network + (link === "" ? "" : " of " + link) + " is left out, " + reason;
		}
		if (interfaces !== undefined) return "nothing to scan: no interface of discovery.interfaces is there; " + this.#names();
		if (networks !== undefined) return "nothing to scan: discovery.networks is empty";
		return "nothing to scan: no interface has an IPv4 network; name one in discovery.networks";
	}

	#names(): string {
		let names = "";
		for (let i = 0; i < this.#links.length; i++) names += (i > 0 ? ", " : "") + this.#links[i].name;
		return names === "" ? "there are none" : "there are " + names;
	}
}

function nameAt(bytes: Uint8Array, offset: number): string {
	let name = "";
	for (let i = 0; i < NAME_BYTES && bytes[offset + i] !== 0; i++) name += String.fromCharCode(bytes[offset + i]);
	return name;
}

function holds(network: Network, address: number): boolean {
	return baseOf(address, network.prefix) === network.base;
}

function isEdge(network: Network, address: number): boolean {
	if (network.prefix > EDGED_PREFIX || !holds(network, address)) return false;
	return address === network.base || address === network.base + sizeOf(network.prefix) - 1;
}
