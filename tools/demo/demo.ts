/** The demo without its page: certificates, the Arrow service, the device with its camera and its voice, and figures about all of it. */
import { mkdirSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join, relative } from "node:path";
import { issue, makeAuthority } from "../../tests/peers/certificates.ts";
import type { ArrowDevice } from "../../tests/peers/arrow_device.ts";
import type { RoundTrip } from "../../tests/peers/arrow_requests.ts";
import { ArrowService } from "../../tests/peers/arrow_service.ts";
import { ServiceType } from "../../tests/peers/arrow_table.ts";
import type { ServiceRecord } from "../../tests/peers/arrow_table.ts";
import { DeviceProcess } from "./device_process.ts";
import type { LogEvent } from "./device_process.ts";
import { PlainError } from "./plain_error.ts";
import { tunnelFetch, tunnelRequest } from "./tunnel_http.ts";
import { VoiceDemo } from "./voice_demo.ts";
import type { VoiceState } from "./voice_demo.ts";

const METRICS_MS = 1_000;
const PING_MS = 500;
/** How long the service stays away after a cut. */
const OUTAGE_MS = 2_500;
const PICTURES_PER_SECOND = 10;

/** What the page shows, twice a second. */
export interface DemoState {
	readonly tunnel: {
		readonly state: "connected" | "down";
		readonly seconds: number;
		readonly connects: number;
		readonly address: string;
		readonly uuid: string | undefined;
		readonly encryption: string | undefined;
		readonly window: number;
	};
	readonly services: readonly ServiceRecord[];
	readonly sessions: readonly { id: number; service: number; in: number; out: number; seconds: number }[];
	readonly sessionsOpened: number;
	readonly traffic: { readonly in: number; readonly out: number; readonly rateIn: number; readonly rateOut: number };
	readonly roundTrip: RoundTrip | undefined;
	readonly picture: { readonly viewers: number };
	readonly camera: string;
	readonly metrics: unknown;
	readonly process: number;
	readonly violations: number;
	readonly voice: VoiceState;
}

/** What a device that ended said last, in a line. */
export function lastWords(device: DeviceProcess): string {
	const last = device.log.at(-1);
	if (last === undefined) return "it said nothing";
	const reason = last["reason"];
	return typeof reason === "string" ? `${last.event}: ${reason}` : last.event;
}

export class Demo {
	readonly service: ArrowService;
	readonly voice: VoiceDemo;
	device: DeviceProcess | undefined;
	/** Takes each event of the device's log. */
	onLog: (event: LogEvent) => void = () => undefined;
	/** The tunnel came or went. */
	onChange: () => void = () => undefined;
	readonly #root: string;
	readonly #folder: string;
	readonly #certificates: string;
	readonly #born = new Map<object, number>();
	readonly #timers: NodeJS.Timeout[] = [];
	readonly #viewers = new Set<IncomingMessage>();
	#connects = 0;
	#sessionsOpened = 0;
	#pastIn = 0;
	#pastOut = 0;
	#metrics: unknown;
	#rate = { at: 0, in: 0, out: 0, rateIn: 0, rateOut: 0 };
	#polling = false;

	/** `root` is the folder of the repository. Makes certificates; nothing runs before `start`. */
	constructor(root: string) {
		this.#root = root;
		this.#folder = join(root, "build/demo");
		this.#certificates = join(this.#folder, "certificates");
		this.voice = new VoiceDemo(root, join(this.#folder, "voice"));
		const authority = makeAuthority(this.#certificates, "demo");
		const certificate = issue(this.#certificates, {
			name: "localhost",
			dns: ["localhost"],
			ips: ["127.0.0.1", "::1"],
			issuer: authority,
		});
		this.service = new ArrowService({ certificate });
		this.service.on("device", () => {
			this.#connects += 1;
			this.onChange();
		});
		this.service.on("gone", (device: ArrowDevice) => {
			this.#left(device);
			this.onChange();
		});
	}

	/** The device's connection while there is one. */
	get tunnel(): ArrowDevice | undefined {
		return [...this.service.devices.values()][0];
	}

	/** Starts the services and both devices from the executable. @throws PlainError when the device does not come up. */
	async start(executable: string): Promise<void> {
		await this.service.listen();
		await this.voice.prepare();
		mkdirSync(this.#folder, { recursive: true });
		const file = join(this.#folder, "config.json");
		writeFileSync(file, `${JSON.stringify(this.#configuration(), undefined, "\t")}\n`);
		const device = new DeviceProcess([executable], ["--config", file, "--state", join(this.#folder, "state")]);
		this.device = device;
		device.on("log", (event: LogEvent) => this.onLog(event));
		const failed = device.ended.then((exit) => {
			throw new PlainError(`the device ended with ${exit.signal ?? `code ${exit.code}`}: ${lastWords(device)}`);
		});
		await Promise.race([this.service.waitForDevice(undefined, 15_000), failed]).catch((error: Error) => {
			throw error instanceof PlainError ? error : new PlainError(`the device did not register: ${error.message}`);
		});
		failed.catch(() => undefined);
		await this.voice.start(executable, () => device.pid);
		this.#timers.push(
			setInterval(() => this.#pollMetrics(), METRICS_MS),
			setInterval(() => this.#ping(), PING_MS),
		);
		this.#pollMetrics();
		this.#ping();
	}

	/** The stream through a session of its own; `destroy` of it ends the session. */
	async openPicture(): Promise<IncomingMessage> {
		const tunnel = this.tunnel;
		if (tunnel === undefined) throw new Error("the tunnel is down");
		const service = tunnel.service(ServiceType.MJPEG);
		const response = await tunnelRequest(tunnel, service.id, service.path);
		this.#viewers.add(response);
		response.once("close", () => this.#viewers.delete(response));
		return response;
	}

	/** Ends the connection and keeps the service away for a while. */
	cut(): void {
		this.service.accepting = false;
		this.tunnel?.cut();
		this.#timers.push(
			setTimeout(() => {
				this.service.accepting = true;
			}, OUTAGE_MS),
		);
	}

	state(): DemoState {
		const tunnel = this.tunnel;
		const now = performance.now();
		const total = this.#totals(tunnel);
		this.#measure(now, total);
		const cipher = tunnel?.socket.getCipher();
		return {
			tunnel: {
				state: tunnel === undefined ? "down" : "connected",
				seconds: tunnel === undefined ? 0 : (now - tunnel.openedAt) / 1_000,
				connects: this.#connects,
				address: `localhost:${this.service.port}`,
				uuid: tunnel?.uuid,
				encryption:
					cipher &&
					`${tunnel?.socket.getProtocol()?.replace("v", " ")}, ${cipher.standardName.replace("TLS_", "").replaceAll("_", "-")}`,
				window: tunnel?.window ?? 0,
			},
			services: tunnel?.services ?? [],
			sessions: [...(tunnel?.sessions.values() ?? [])].map((session) => ({
				id: session.id,
				service: session.service,
				in: session.bytesIn,
				out: session.bytesOut,
				seconds: (now - this.#bornAt(session, now)) / 1_000,
			})),
			sessionsOpened: this.#sessionsOpened + (tunnel?.sessionsOpened ?? 0),
			traffic: { ...total, rateIn: this.#rate.rateIn, rateOut: this.#rate.rateOut },
			roundTrip: tunnel?.roundTrip,
			picture: { viewers: this.#viewers.size },
			camera: `demo/clip.mjpeg, ${PICTURES_PER_SECOND} pictures a second`,
			metrics: this.#metrics,
			process: this.device?.pid ?? 0,
			violations: this.service.found.length,
			voice: this.voice.state(),
		};
	}

	/** Ends the devices and then the services. */
	async stop(): Promise<void> {
		for (const timer of this.#timers) clearInterval(timer);
		for (const viewer of this.#viewers) viewer.destroy();
		await Promise.all([this.device?.stop(), this.voice.stop()]);
		await this.service.close();
	}

	#configuration(): unknown {
		const port = this.voice.port("gate");
		return {
			device: { name: "demo camera" },
			arrow: {
				service: `localhost:${this.service.port}`,
				authorities: join(this.#certificates, "demo.cert.pem"),
				window: 65_536,
				sessions: 8,
				services: [{ type: "http", url: `http://127.0.0.1:${port}/` }],
				// A minute, which is the default, is long for somebody who looks on.
				times: { retry: 1_500 },
			},
			camera: {
				source: relative(process.cwd(), join(this.#root, "demo/clip.mjpeg")),
				rate: PICTURES_PER_SECOND,
				http: { address: "127.0.0.1", port, viewers: 8 },
			},
			...this.voice.configuration("gate"),
			log: { format: "json", level: "info" },
		};
	}

	#left(device: ArrowDevice): void {
		this.#pastIn += device.bytesIn;
		this.#pastOut += device.bytesOut;
		this.#sessionsOpened += device.sessionsOpened;
	}

	#totals(tunnel: ArrowDevice | undefined): { in: number; out: number } {
		return { in: this.#pastIn + (tunnel?.bytesIn ?? 0), out: this.#pastOut + (tunnel?.bytesOut ?? 0) };
	}

	/** Rates over the time since the last look, at most twice a second however many pages look. */
	#measure(now: number, total: { in: number; out: number }): void {
		const last = this.#rate;
		const seconds = (now - last.at) / 1_000;
		if (seconds < 0.4) return;
		const per = (bytes: number): number => (last.at === 0 ? 0 : Math.max(0, bytes / seconds));
		this.#rate = { at: now, ...total, rateIn: per(total.in - last.in), rateOut: per(total.out - last.out) };
	}

	#bornAt(session: object, now: number): number {
		const born = this.#born.get(session) ?? now;
		const open = new Set<object>(this.tunnel?.sessions.values() ?? []);
		for (const one of this.#born.keys()) if (!open.has(one)) this.#born.delete(one);
		this.#born.set(session, born);
		return born;
	}

	#ping(): void {
		this.tunnel?.ping().catch(() => undefined);
	}

	#pollMetrics(): void {
		const tunnel = this.tunnel;
		if (tunnel === undefined || this.#polling) return;
		this.#polling = true;
		this.#fetchMetrics(tunnel)
			.catch(() => undefined)
			.finally(() => {
				this.#polling = false;
			});
	}

	async #fetchMetrics(tunnel: ArrowDevice): Promise<void> {
		const text = await tunnelFetch(tunnel, tunnel.service(ServiceType.HTTP).id, "/metrics.json");
		this.#metrics = JSON.parse(text.toString("utf8"));
	}
}
