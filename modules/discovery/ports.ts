/** Ports of RTSP servers by priority (section 2.7): the first that speaks RTSP counts. */
export const RTSP_PORTS: readonly number[] = Object.freeze([554, 88, 81, 555, 7447, 8554, 7070, 10554, 80, 6667]);
/** Ports of HTTP servers. */
export const HTTP_PORTS: readonly number[] = Object.freeze([80, 81, 8080, 8081, 8090]);

/** Most ports of both lists together: open ones are bits of a word, and a host has at most 32 (section 2.7, bounds). */
export const PORT_LIMIT = 32;

/** The ports to look at, each once; a port's place is its number in here. RTSP ports come first, in their order. */
export class Ports {
	readonly #ports: number[] = [];
	/** How many ports RTSP is looked for at: places 0 and up. */
	readonly rtspCount: number;
	/** Places of the ports that HTTP is looked for at, in their order. */
	readonly #http: number[] = [];

	/** @throws RangeError naming the key when there are too many. */
	constructor(rtsp: readonly number[] = RTSP_PORTS, http: readonly number[] = HTTP_PORTS, key = "ports") {
		for (let i = 0; i < rtsp.length; i++) this.#place(rtsp[i], key);
		this.rtspCount = this.#ports.length;
		for (let i = 0; i < http.length; i++) {
			const place = this.#place(http[i], key);
			if (this.#http.indexOf(place) < 0) this.#http.push(place);
		}
		if (this.#ports.length === 0) throw new RangeError(key + ": there are none");
	}

	#place(port: number, key: string): number {
		const known = this.#ports.indexOf(port);
		if (known >= 0) return known;
		if (this.#ports.length === PORT_LIMIT) throw new RangeError(key + ": more than " + PORT_LIMIT + " different ones");
		this.#ports.push(port);
		return this.#ports.length - 1;
	}

	get count(): number {
		return this.#ports.length;
	}

	at(place: number): number {
		return this.#ports[place];
	}

	get httpCount(): number {
		return this.#http.length;
	}

	/** The place of the HTTP port that comes as number `index`. */
	httpAt(index: number): number {
		return this.#http[index];
	}

	/** A port that nearly every camera has: it is tried first, at hosts that nothing is known of. `round` 0 or 1. @returns its place. */
	scout(round: number): number {
		if (round === 0 || this.#http.length === 0) return 0;
		return this.#http[0];
	}

	/** How many different ports {@link Ports.scout} gives. */
	get scouts(): number {
		return this.#http.length > 0 && this.#http[0] !== 0 ? 2 : 1;
	}
}
