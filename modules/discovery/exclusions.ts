import { type Network, baseOf, networkOf } from "discovery/addresses";
import { parseHex } from "wire/hex";

const MAC_BYTES = 6;
const MAC_TEXT = 17;
/** Longest name of an interface. */
const NAME_LIMIT = 15;

/** Who is never to get a packet: addresses, networks, MAC addresses, interfaces. */
export class Exclusions {
	readonly #networks: Network[] = [];
	readonly #macs: Uint8Array[] = [];
	readonly #names: string[] = [];

	/** @throws RangeError naming the entry that is none of these. */
	constructor(entries: readonly string[], key: string) {
		for (let i = 0; i < entries.length; i++) this.#add(entries[i], key + "[" + i + "]");
		Object.freeze(this.#networks);
	}

	#add(entry: string, key: string): void {
		const network = networkOf(entry);
		const mac = entry.length === MAC_TEXT ? parseHex(entry, MAC_BYTES) : undefined;
		if (network !== undefined) this.#networks.push(network);
		else if (mac !== undefined) this.#macs.push(new Uint8Array(mac));
		else if (isInterfaceName(entry)) this.#names.push(entry);
		else throw new RangeError(key + ": " + entry + " is no IPv4 address, network, MAC address or name of an interface");
	}

	excludesAddress(address: number): boolean {
		const networks = this.#networks;
		for (let i = 0; i < networks.length; i++) if (baseOf(address, networks[i].prefix) === networks[i].base) return true;
		return false;
	}

	/** Whether MAC addresses are excluded. */
	get hasMACs(): boolean {
		return this.#macs.length > 0;
	}

	/** @param offset of six octets. */
	excludesMAC(bytes: Uint8Array, offset: number): boolean {
		const macs = this.#macs;
		for (let i = 0; i < macs.length; i++) if (sameMAC(macs[i], bytes, offset)) return true;
		return false;
	}

	excludesInterface(name: string): boolean {
		return this.#names.indexOf(name) >= 0;
	}
}

/** Whether a text can be the name of an interface: what is mistyped as an address cannot. */
export function isInterfaceName(text: string): boolean {
	if (text.length < 1 || text.length > NAME_LIMIT) return false;
	let letters = 0;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code <= 0x20 || code >= 0x7f || code === 0x2f || code === 0x3a) return false;
		if (code > 0x39) letters++;
	}
	return letters > 0;
}

function sameMAC(mac: Uint8Array, bytes: Uint8Array, offset: number): boolean {
	for (let i = 0; i < MAC_BYTES; i++) if (mac[i] !== bytes[offset + i]) return false;
	return true;
}
