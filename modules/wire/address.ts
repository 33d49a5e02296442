/** Numeric IP addresses as octets. Cold paths. */

/** Reads a dotted IPv4 or an IPv6 address into 16 octets at `offset`, left-aligned, the rest zero. @returns 4, 6, or 0 when it is neither. */
export function parseAddress(text: string, bytes: Uint8Array, offset: number): number {
	bytes.fill(0, offset, offset + 16);
	if (text.indexOf(":") < 0) return parseIPv4(text, bytes, offset) ? 4 : 0;
	if (parseIPv6(text, bytes, offset)) return 6;
	bytes.fill(0, offset, offset + 16);
	return 0;
}

/** Writes 16 octets as of {@link parseAddress} as people, and `connect`, take them. `version` is 4 or 6. */
export function formatAddress(version: number, bytes: Uint8Array, offset: number): string {
	if (version === 4) return bytes[offset] + "." + bytes[offset + 1] + "." + bytes[offset + 2] + "." + bytes[offset + 3];
	let text = "";
	for (let i = 0; i < 16; i += 2) text += (i > 0 ? ":" : "") + ((bytes[offset + i] << 8) | bytes[offset + i + 1]).toString(16);
	return text;
}

/** Whether 16 octets as of {@link parseAddress} are a loopback address. */
export function isLoopback(version: number, bytes: Uint8Array, offset: number): boolean {
	if (version === 4) return bytes[offset] === 127;
	for (let i = 0; i < 15; i++) if (bytes[offset + i] !== 0) return false;
	return bytes[offset + 15] === 1;
}

function parseIPv4(text: string, bytes: Uint8Array, offset: number): boolean {
	const parts = text.split(".");
	if (parts.length !== 4) return false;
	for (let i = 0; i < 4; i++) {
		const value = parseDecimal(parts[i], 255);
		if (value < 0) {
			bytes.fill(0, offset, offset + 4);
			return false;
		}
		bytes[offset + i] = value;
	}
	return true;
}

function parseIPv6(text: string, bytes: Uint8Array, offset: number): boolean {
	const halves = text.split("::");
	if (halves.length > 2) return false;
	const head = halves[0] === "" ? [] : halves[0].split(":");
	const tail = halves.length === 1 || halves[1] === "" ? [] : halves[1].split(":");
	const last = tail.length > 0 ? tail : head;
	const mapped = last.length > 0 && last[last.length - 1].indexOf(".") > 0 ? 2 : 0;
	const groups = head.length + tail.length + (mapped ? 1 : 0);
	if (halves.length === 1 ? groups !== 8 : groups > 7) return false;
	if (mapped && halves.length === 2 && tail.length === 0) return false;
	if (!putGroups(head, bytes, offset)) return false;
	return putGroups(tail, bytes, offset + 16 - 2 * (tail.length + (mapped && tail.length > 0 ? 1 : 0)));
}

function putGroups(groups: string[], bytes: Uint8Array, offset: number): boolean {
	for (let i = 0; i < groups.length; i++) {
		if (i === groups.length - 1 && groups[i].indexOf(".") > 0) return parseIPv4(groups[i], bytes, offset + 2 * i);
		const value = parseGroup(groups[i]);
		if (value < 0) return false;
		bytes[offset + 2 * i] = value >> 8;
		bytes[offset + 2 * i + 1] = value & 255;
	}
	return true;
}

function parseGroup(text: string): number {
	if (text.length < 1 || text.length > 4) return -1;
	let value = 0;
	for (let i = 0; i < text.length; i++) {
		const digit = "0123456789abcdef".indexOf(text[i].toLowerCase());
		if (digit < 0) return -1;
		value = value * 16 + digit;
	}
	return value;
}

/** A decimal number of 0 .. `limit` without sign, blanks or leading zeros. @returns -1 when it is anything else. */
export function parseDecimal(text: string, limit: number): number {
	if (text.length < 1 || text.length > 10 || (text.length > 1 && text[0] === "0")) return -1;
	let value = 0;
	for (let i = 0; i < text.length; i++) {
		const digit = text.charCodeAt(i) - 48;
		if (digit < 0 || digit > 9) return -1;
		value = value * 10 + digit;
	}
	return value <= limit ? value : -1;
}
