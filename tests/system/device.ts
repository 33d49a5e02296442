/** The real executable under test: a state folder of its own, its log, and an orderly end that every test asks for. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { atEnd } from "./at_end.ts";
import { fileURLToPath } from "node:url";
import type { LogEvent } from "../../tools/demo/device_process.ts";
import { DeviceProcess } from "../../tools/demo/device_process.ts";
import type { ArrowDevice } from "../peers/arrow_device.ts";
import type { ArrowServiceOptions } from "../peers/arrow_service.ts";
import { ArrowService, freePort } from "../peers/arrow_service.ts";
import type { Authority, Certificate } from "../peers/certificates.ts";
import { issue, makeAuthority } from "../peers/certificates.ts";

export { freePort };

export const root = fileURLToPath(new URL("../../", import.meta.url));
/** The executable; FLETCHER names another one, of another target for one. */
export const executable = process.env["FLETCHER"] ?? join(root, "build/linux64/fletcher");
const STOP_MS = 2_000;

/** Retry at once instead of after a minute; other times as they are. */
export const QUICK = Object.freeze({ retry: 200, registerSpan: 1 });

export interface ServiceUrl {
	readonly type: string;
	readonly url: string;
}

export interface DeviceOptions {
	/** "localhost:PORT" of the Arrow service. */
	readonly service: string;
	readonly services?: readonly ServiceUrl[];
	readonly window?: number;
	readonly sessions?: number;
	/** Milliseconds, see modules/arrow/times.ts. */
	readonly times?: Readonly<Record<string, number>>;
	/** The `camera` part of the configuration. */
	readonly camera?: unknown;
	/** State folder of an earlier device. */
	readonly state?: string;
	/** The executable, for another target. */
	readonly executable?: string;
	/** What stands in front of the command: to start it in another namespace, for one. */
	readonly inside?: readonly string[];
	readonly gateway?: boolean;
	/** The `discovery` part of the configuration. */
	readonly discovery?: unknown;
}

/** A device whose whole configuration is the test's. */
export interface OwnOptions {
	readonly configuration: unknown;
	readonly state?: string;
	readonly executable?: string;
	readonly environment?: NodeJS.ProcessEnv;
}

/** What the camera's HTTP server tells at /metrics.json, as far as tests look at it. */
export interface Metrics {
	readonly memory: {
		readonly slots: { readonly used: number; readonly total: number };
		readonly chunks: { readonly used: number; readonly peak: number };
		readonly collections: number;
		readonly resident: number;
		readonly descriptors: number;
	};
	readonly arrow: { readonly state: string; readonly sessions: number; readonly garbage: number; readonly losses: number };
}

let authority: Authority | undefined;

/** The authority that devices under test trust. */
export function testAuthority(): Authority {
	authority ??= makeAuthority(join(root, "build/certificates"), "test");
	return authority;
}

/** The certificate of a service on this machine, at loopback or another address of it. */
export function testCertificate(address = "127.0.0.1"): Certificate {
	const name = address === "127.0.0.1" ? "localhost" : address;
	return issue(join(root, "build/certificates"), { name, dns: ["localhost"], ips: [address], issuer: testAuthority() });
}

/** A folder that goes with the test. */
export function temporaryFolder(test: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "fletcher-"));
	atEnd(test, () => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

export class TestDevice extends DeviceProcess {
	readonly state: string;

	constructor(folder: string, options: DeviceOptions | OwnOptions) {
		const state = options.state ?? join(folder, "state");
		const file = join(folder, "config.json");
		const own = "configuration" in options;
		writeFileSync(file, JSON.stringify(own ? options.configuration : configuration(options)));
		const inside = own ? [] : (options.inside ?? []);
		const environment = { ...process.env, ...(own ? options.environment : {}) };
		super([...inside, options.executable ?? executable], ["--config", file, "--state", state], environment);
		this.state = state;
	}

	/** Bytes of the resident set. */
	get resident(): number {
		const pages = Number(readFileSync(`/proc/${this.pid}/statm`, "latin1").split(" ")[1]);
		return pages * 4_096;
	}

	/** True while the process runs. */
	get alive(): boolean {
		return this.exit === undefined;
	}

	/** The `nth` event of this name, from the start of the log. */
	async waitForLog(area: string, event: string, timeoutMs = 10_000, nth = 1): Promise<LogEvent> {
		const found = (): LogEvent | undefined => this.log.filter((one) => one.area === area && one.event === event)[nth - 1];
		const end = performance.now() + timeoutMs;
		for (;;) {
			const match = found();
			if (match !== undefined) return match;
			if (!this.alive || performance.now() > end) {
				const why = this.alive ? `within ${timeoutMs} ms` : `before it ended (${JSON.stringify(this.exit)})`;
				throw new Error(`no ${area}/${event} in the log ${why}:\n${this.tail()}`);
			}
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	}

	/** The last lines of the log, for messages. */
	tail(): string {
		return this.log
			.slice(-15)
			.map((one) => JSON.stringify(one))
			.join("\n");
	}

	/** SIGTERM must end it with code 0 within two seconds. */
	async stopOrderly(): Promise<void> {
		const start = performance.now();
		const exit = await this.stop(STOP_MS + 1_000);
		assert.deepEqual(exit, { code: 0, signal: null }, `the device ended out of order:\n${this.tail()}`);
		assert.ok(performance.now() - start < STOP_MS, "the device took too long to stop");
	}
}

function configuration(options: DeviceOptions): unknown {
	return {
		device: { name: "device under test" },
		arrow: {
			service: options.service,
			authorities: testAuthority().cert,
			window: options.window ?? 65_536,
			sessions: options.sessions ?? 16,
			services: options.services ?? [],
			times: options.times ?? QUICK,
			gateway: options.gateway ?? false,
		},
		...(options.discovery === undefined ? {} : { discovery: options.discovery }),
		...(options.camera === undefined ? {} : { camera: options.camera }),
		log: { format: "json", level: "debug" },
	};
}

/** A device that the test ends in order. */
export function startDevice(test: TestContext, options: DeviceOptions | OwnOptions): TestDevice {
	const device = new TestDevice(temporaryFolder(test), options);
	atEnd(test, () => device.stopOrderly());
	return device;
}

/** A service that goes with the test. */
export async function startService(test: TestContext, options: Partial<ArrowServiceOptions> = {}): Promise<ArrowService> {
	const service = new ArrowService({ certificate: testCertificate(), ...options });
	await service.listen();
	atEnd(test, () => service.close());
	return service;
}

export interface Tunnel {
	readonly service: ArrowService;
	readonly process: TestDevice;
	/** The device's first connection. */
	readonly device: ArrowDevice;
	/** The service id of what listens on this port. */
	idOf(port: number): number;
}

/** A service and a device that is registered there. The test ends with no violation found. */
export async function openTunnel(
	test: TestContext,
	options: Omit<DeviceOptions, "service">,
	serviceOptions: Partial<ArrowServiceOptions> = {},
): Promise<Tunnel> {
	const service = await startService(test, serviceOptions);
	const process = startDevice(test, { ...options, service: `localhost:${service.port}` });
	const device = await service.waitForDevice().catch((error: Error) => {
		throw new Error(`${error.message}\n${process.tail()}`);
	});
	return {
		service,
		process,
		device,
		idOf: (port) => {
			const record = device.services.find((one) => one.port === port);
			assert.ok(record, `no service with port ${port} is registered`);
			return record.id;
		},
	};
}

/** A camera for devices whose figures are looked at: one picture a second. */
export async function metricsCamera(): Promise<{ camera: unknown; metrics(): Promise<Metrics> }> {
	const port = await freePort();
	return {
		camera: { source: join(root, "demo/clip.mjpeg"), rate: 1, http: { address: "127.0.0.1", port } },
		metrics: async () => {
			const response = await fetch(`http://127.0.0.1:${port}/metrics.json`);
			assert.equal(response.status, 200);
			return (await response.json()) as Metrics;
		},
	};
}

/** A plain TCP service of the device's own host. */
export function tcp(service: { readonly port: number }): ServiceUrl {
	return { type: "tcp", url: `tcp://127.0.0.1:${service.port}` };
}

/** An HTTP service of the device's own host. */
export function http(service: { readonly port: number }): ServiceUrl {
	return { type: "http", url: `http://127.0.0.1:${service.port}/` };
}
