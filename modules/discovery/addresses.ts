import { parseDecimal } from "wire/address";

/** IPv4 addresses and networks as numbers of 0 .. 2^32 - 1. Cold paths. */

/** A network: its first address and the length of its prefix. */
export interface Network {
	readonly base: number;
	readonly prefix: number;
}

/** Reads a dotted address. @returns -1 when it is none. */
export function addressOf(text: string): number {
	const parts = text.split(".");
	if (parts.length !== 4) return -1;
	let address = 0;
	for (let i = 0; i < 4; i++) {
		const octet = parseDecimal(parts[i], 255);
		if (octet < 0) return -1;
		address = address * 256 + octet;
	}
	return address;
}

/** Writes it dotted. */
export function addressText(address: number): string {
	return (address >>> 24) + "." + ((address >>> 16) & 255) + "." + ((address >>> 8) & 255) + "." + (address & 255);
}

/** Reads `address` or `address/prefix`; bits behind the prefix are dropped. @returns undefined when it is neither. */
export function networkOf(text: string): Network | undefined {
	const mark = text.indexOf("/");
	const address = addressOf(mark < 0 ? text : text.slice(0, mark));
	const prefix = mark < 0 ? 32 : parseDecimal(text.slice(mark + 1), 32);
	if (address < 0 || prefix < 0) return undefined;
	return { base: baseOf(address, prefix), prefix };
}

export function networkText(base: number, prefix: number): string {
	return addressText(base) + "/" + prefix;
}

/** How many addresses a network has. */
export function sizeOf(prefix: number): number {
	return 2 ** (32 - prefix);
}

/** The first address of the network that an address is in. */
export function baseOf(address: number, prefix: number): number {
	return prefix === 0 ? 0 : (address & (0xffffffff << (32 - prefix))) >>> 0;
}
