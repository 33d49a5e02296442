import { parseDecimal } from "wire/address";

/** A host and a port as people write them. */
export interface HostPort {
	/** Name or numeric address, without brackets. */
	readonly host: string;
	readonly port: number;
}

/** The parts of a service's URL that matter here. */
export interface ServiceURL extends HostPort {
	readonly scheme: string;
	/** User and password were given. */
	readonly credentials: boolean;
	/** Path and query; "/" when there is none. */
	readonly path: string;
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

/** Splits `scheme://[user[:password]@]host[:port][/path][?query]`. `port` stands for a missing one. */
export function parseURL(text: string, port: number): ServiceURL | undefined {
	const mark = text.indexOf("://");
	if (mark < 1) return undefined;
	const scheme = text.slice(0, mark).toLowerCase();
	let rest = text.slice(mark + 3);
	let end = rest.length;
	for (let i = 0; i < rest.length; i++) {
		if (rest[i] === "/" || rest[i] === "?" || rest[i] === "#") {
			end = i;
			break;
		}
	}
	let path = rest.slice(end);
	rest = rest.slice(0, end);
	const fragment = path.indexOf("#");
	if (fragment >= 0) path = path.slice(0, fragment);
	if (path[0] !== "/") path = "/" + path;
	const user = rest.lastIndexOf("@");
	const place = parseHostPort(user < 0 ? rest : rest.slice(user + 1), port);
	if (!place || !isPlain(path)) return undefined;
	return { scheme, credentials: user >= 0, host: place.host, port: place.port, path };
}

/** Neither blanks nor control characters. */
export function isPlain(text: string): boolean {
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code <= 0x20 || code === 0x7f) return false;
	}
	return true;
}
