import type { ArrowIO } from "arrow/io";
import { parseURL } from "arrow/url";
import type { ServiceConfig } from "device/config";
import { connectionWords } from "device/diagnosis_words";
import type Resolver from "net/resolver";
import type { Stream } from "net/stream";
import type Timer from "time/timer";
import { isLoopback, parseAddress } from "wire/address";

/** Milliseconds for a name and a connection. */
const CHECK_TIME = 5000;
const SCHEME_PORTS = Object.freeze({ rtsp: 554, http: 80 } as Readonly<Record<string, number>>);
const URL_WIDTH = 44;
const RESULT_WIDTH = 8;

export interface ServiceCheckOptions {
	readonly services: readonly ServiceConfig[];
	/** The device's own address, "" when it is not known. */
	readonly ownAddress: string;
	readonly gateway: boolean;
	readonly io: ArrowIO;
	readonly print: (text: string) => void;
	done(): void;
}

/** Says of each configured service whether its host is known, something answers there, and the device may open it. One at a time. */
export class ServiceCheck {
	readonly #options: ServiceCheckOptions;
	readonly #resolver: Resolver;
	readonly #stream: Stream;
	readonly #timer: Timer;
	readonly #octets = new Uint8Array(16);
	#index = -1;
	#shown = "";
	#port = 0;
	#address = "";
	#busy = false;

	constructor(options: ServiceCheckOptions) {
		const { io } = options;
		this.#options = options;
		this.#resolver = new io.Resolver({ onResolved: (address) => this.#resolved(address) });
		this.#stream = new io.Stream({
			onWritable: () => this.#say("ok", "answers"),
			onError: () => this.#say("FAILED", connectionWords(this.#stream.error)),
		});
		this.#timer = new io.Timer({ onTimer: () => this.#next() });
	}

	start(): void {
		if (this.#options.services.length > 0) this.#options.print("Configured services");
		this.#next();
	}

	/** The time of one service is over, or the next one's comes. */
	#next(): void {
		if (this.#busy) {
			this.#say("FAILED", this.#address === "" ? "the name server does not answer" : "no answer in " + CHECK_TIME / 1000 + " s");
			return;
		}
		const service = this.#options.services[++this.#index];
		if (service === undefined) {
			this.#resolver.close();
			this.#stream.close();
			this.#timer.close();
			this.#options.done();
			return;
		}
		const url = parseURL(service.url, SCHEME_PORTS[service.url.slice(0, service.url.indexOf(":"))] ?? 0);
		if (url === undefined) {
			this.#next();
			return;
		}
		this.#busy = true;
		this.#address = "";
		this.#port = url.port;
		// User and password are no one's business.
		const host = url.host.indexOf(":") < 0 ? url.host : "[" + url.host + "]";
		this.#shown = (service.type + " " + host + ":" + url.port + (url.path === "/" ? "" : url.path)).padEnd(URL_WIDTH);
		this.#timer.schedule(CHECK_TIME);
		this.#resolver.resolve(url.host);
	}

	#resolved(address: string | undefined): void {
		if (!this.#busy) return;
		if (address === undefined) {
			this.#say("FAILED", "its name leads to no address: " + this.#resolver.error);
			return;
		}
		this.#address = address;
		if (this.#stream.connect(address, this.#port) < 0) this.#say("FAILED", connectionWords(this.#stream.error));
	}

	/** Ends one service; the next one comes at the next turn of the loop. */
	#say(result: string, words: string): void {
		if (!this.#busy) return;
		this.#busy = false;
		this.#resolver.cancel();
		this.#stream.close();
		const refused = this.#isForeign() ? "; on another host: the device opens it only with arrow.gateway" : "";
		this.#options.print("  " + this.#shown + " " + result.padEnd(RESULT_WIDTH) + words + refused);
		this.#timer.schedule(0);
	}

	/** Whether CONNECT to it is refused (ARROW-36). */
	#isForeign(): boolean {
		const { gateway, ownAddress } = this.#options;
		if (gateway || this.#address === "" || this.#address === ownAddress) return false;
		return !isLoopback(parseAddress(this.#address, this.#octets, 0), this.#octets, 0);
	}
}
