/** A strict Arrow v2 service for tests and for the demo (ARROW-B1), written from the reference alone. */
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo, Server as NetServer } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { createServer } from "node:tls";
import type { Server, TLSSocket, TlsOptions } from "node:tls";
import { ArrowDevice } from "./arrow_device.ts";
import type { DeviceHandling } from "./arrow_device.ts";
import { expose } from "./arrow_proxy.ts";
import type { ExposedService } from "./arrow_proxy.ts";
import type { Registration } from "./arrow_table.ts";

const DEFAULT_WAIT_MS = 10_000;

export interface ArrowServiceOptions {
	/** Paths of PEM files: what the server sends, and its key (`issue` of certificates.ts gives both). */
	readonly certificate: { readonly chain: string; readonly key: string };
	/** Further settings of the TLS server. */
	readonly tls?: TlsOptions;
	/** Code of the REGISTER ACK, fixed or decided per device; null: no answer at all. Default 0. */
	readonly registerAck?: number | null | ((registration: Registration, device: ArrowDevice) => number | null);
	/** False: service ids may be fixed by configuration. Default true. */
	readonly derivedIds?: boolean;
	/** False: PING of a device stays unanswered. Default true. */
	readonly answerPings?: boolean;
	/** Sends everything as one TLS record a byte. */
	readonly byteWise?: boolean;
}

export interface Violation {
	readonly uuid: string | undefined;
	/** "requirement: what was wrong". */
	readonly text: string;
}

/**
 * Events: "connection" (ArrowDevice, before REGISTER), "device" (ArrowDevice, established), "gone" (ArrowDevice),
 * "violation" (Violation), "refused" (text: a TLS handshake that failed).
 */
export class ArrowService extends EventEmitter implements DeviceHandling {
	/** Established devices by UUID; a later connection takes the place of an earlier one. */
	readonly devices = new Map<string, ArrowDevice>();
	/** Every breach of the reference, in order. */
	readonly found: Violation[] = [];
	/** Reasons of failed TLS handshakes. */
	readonly refusals: string[] = [];
	/** TCP connections taken, TLS or not; REGISTERs read. */
	connections = 0;
	registrations = 0;
	/** False: TCP connections are reset as they come, as by a service that is down. */
	accepting = true;
	readonly derivedIds: boolean;
	readonly answerPings: boolean;
	readonly #options: ArrowServiceOptions;
	readonly #server: Server;
	readonly #open = new Set<ArrowDevice>();
	readonly #keys = new Map<string, string>();
	readonly #exposed = new Set<ExposedService>();

	constructor(options: ArrowServiceOptions) {
		super();
		this.setMaxListeners(0);
		this.#options = options;
		this.derivedIds = options.derivedIds ?? true;
		this.answerPings = options.answerPings ?? true;
		this.#server = createServer(
			{
				cert: readFileSync(options.certificate.chain),
				key: readFileSync(options.certificate.key),
				// The device knows which cipher its processor is good at.
				honorCipherOrder: false,
				...options.tls,
			},
			(socket) => this.#accept(socket),
		);
		this.#server.on("connection", (socket) => {
			this.connections += 1;
			if (!this.accepting) socket.resetAndDestroy();
		});
		this.#server.on("tlsClientError", (error) => {
			this.refusals.push(error.message);
			this.emit("refused", error.message);
		});
	}

	/** "requirement: what was wrong", in order. Empty after a test means the device kept every rule that was looked at. */
	get violations(): string[] {
		return this.found.map((one) => one.text);
	}

	/** The port; 0 before it listens. */
	get port(): number {
		return (this.#server.address() as AddressInfo | null)?.port ?? 0;
	}

	/** Listens on loopback and gives the port. Errors of the socket reject, EADDRINUSE for one. */
	listen(port = 0, host = "127.0.0.1"): Promise<number> {
		return listenOn(this.#server, port, host);
	}

	/** The device once it is established; any device if no UUID is given. */
	waitForDevice(uuid?: string, timeoutMs = DEFAULT_WAIT_MS): Promise<ArrowDevice> {
		const fits = (device: ArrowDevice): boolean => uuid === undefined || device.uuid === uuid;
		const present = [...this.devices.values()].find(fits);
		if (present !== undefined) return Promise.resolve(present);
		return this.waitFor("device", fits, timeoutMs);
	}

	/** The next event of this name whose argument is wanted; only events from now on count. */
	waitFor<Argument>(event: string, wanted: (argument: Argument) => boolean, timeoutMs = DEFAULT_WAIT_MS): Promise<Argument> {
		const answer = new Promise<Argument>((resolve, reject) => {
			const look = (argument: Argument): void => {
				if (!wanted(argument)) return;
				clearTimeout(timer);
				this.off(event, look);
				resolve(argument);
			};
			const timer = setTimeout(() => {
				this.off(event, look);
				reject(new Error(`the service saw no "${event}" within ${timeoutMs} ms${this.#hint()}`));
			}, timeoutMs);
			this.on(event, look);
		});
		// A test that fails before it awaits this has its own error to show.
		answer.catch(() => undefined);
		return answer;
	}

	/** Tunnels a loopback port to a service of a device, over reconnects of it. Port 0: any. */
	async expose(device: ArrowDevice, service: number, port = 0): Promise<ExposedService> {
		const uuid = device.uuid;
		const exposed = await expose(() => (uuid === undefined ? undefined : this.devices.get(uuid)), service, port);
		this.#exposed.add(exposed);
		return exposed;
	}

	/** Ends all of it; no HUP travels. */
	async close(): Promise<void> {
		for (const exposed of this.#exposed) await exposed.close();
		this.#exposed.clear();
		for (const device of this.#open) device.cut();
		await new Promise<void>((resolve) => {
			this.#server.close(() => resolve());
		});
	}

	// ---- handling of devices ---------------------------------------------------------------------------------

	registered(device: ArrowDevice, registration: Registration): number | null {
		this.registrations += 1;
		const key = this.#keys.get(registration.uuid);
		if (key !== undefined && key !== registration.key) this.violation(device, "ARROW-2: the same UUID comes with another key");
		this.#keys.set(registration.uuid, registration.key);
		const answer = this.#options.registerAck ?? 0;
		if (this.#options.registerAck === null) return null;
		return typeof answer === "function" ? answer(registration, device) : answer;
	}

	established(device: ArrowDevice): void {
		const uuid = device.uuid;
		if (uuid === undefined) return;
		const earlier = this.devices.get(uuid);
		this.devices.set(uuid, device);
		if (earlier !== undefined && earlier !== device) earlier.cut();
		this.emit("device", device);
	}

	closed(device: ArrowDevice): void {
		this.#open.delete(device);
		if (device.uuid !== undefined && this.devices.get(device.uuid) === device) this.devices.delete(device.uuid);
		this.emit("gone", device);
	}

	violation(device: ArrowDevice, text: string): void {
		const violation = { uuid: device.uuid, text };
		this.found.push(violation);
		this.emit("violation", violation);
	}

	#accept(socket: TLSSocket): void {
		const device = new ArrowDevice(socket, this);
		device.byteWise = this.#options.byteWise ?? false;
		this.#open.add(device);
		this.emit("connection", device);
	}

	#hint(): string {
		const parts = [`${this.connections} connections`, `${this.registrations} registrations`];
		if (this.refusals.length > 0) parts.push(`last TLS failure: ${this.refusals.at(-1)}`);
		if (this.found.length > 0) parts.push(`last violation: ${this.found.at(-1)?.text}`);
		return ` (${parts.join(", ")})`;
	}
}

/** Listens and gives the port, or rejects with the socket's error. */
export function listenOn(server: NetServer, port: number, host = "127.0.0.1"): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, host, () => {
			server.off("error", reject);
			resolve((server.address() as AddressInfo).port);
		});
	});
}

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
	const server = createTcpServer();
	const port = await listenOn(server, 0);
	await new Promise((resolve) => server.close(resolve));
	return port;
}
