import { type HostPort, isPlain, parseHostPort } from "wire/host_port";

/** The parts of a service's URL that matter here. */
export interface ServiceURL extends HostPort {
	readonly scheme: string;
	/** User and password were given. */
	readonly credentials: boolean;
	/** Path and query; "/" when there is none. */
	readonly path: string;
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
