import { parseDecimal } from "wire/address";

/** A host and a port as people write them. */
export interface HostPort {
	/** Name or numeric address, without brackets. */
	readonly host: string;
	readonly port: number;
}

const NAME_LIMIT = 253;

/** Splits `host:port` or `[v6]:port`. `port` stands for a missing one; 0: it must be there. @returns undefined when it is neither. */
export function parseHostPort(text: string, port: number): HostPort | undefined {
	let end: number;
	let host: string;
	if (text[0] === "[") {
		end = text.indexOf("]");
		if (end < 0) return undefined;
		host = text.slice(1, end);
		if (host.indexOf(":") < 0) return undefined;
		end++;
	} else {
		end = text.indexOf(":");
		if (end < 0) end = text.length;
		host = text.slice(0, end);
	}
	if (host.length < 1 || host.length > NAME_LIMIT || !isPlain(host)) return undefined;
	let number = port;
	if (end < text.length) {
		if (text[end] !== ":") return undefined;
		number = parseDecimal(text.slice(end + 1), 65535);
	}
	return number < 1 ? undefined : { host, port: number };
}

/** No blanks and no control characters. */
export function isPlain(text: string): boolean {
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code <= 0x20 || code === 0x7f) return false;
	}
	return true;
}
