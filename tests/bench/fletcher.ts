/** The device under measurement, and what stands behind it. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceProcess } from "../../tools/demo/device_process.ts";
import { issue, makeAuthority } from "../peers/certificates.ts";
import { startService } from "./native_service.ts";

/** As many as the Arrow service of the benchmarks has. */
export const SESSIONS = 16;
const root = fileURLToPath(new URL("../../", import.meta.url));
const executable = process.env["FLETCHER"] ?? join(root, "build/linux64/fletcher");

/** What stands behind the tunnels. @returns its process and its port. */
export async function startEndpoint(): Promise<{ child: ChildProcess; port: number }> {
	const child = fork(fileURLToPath(new URL("endpoint.ts", import.meta.url)), { execArgv: ["--import", "tsx"] });
	const port = await new Promise<number>((resolve, reject) => {
		child.once("message", resolve);
		child.once("exit", () => reject(new Error("endpoint.ts ended early")));
	});
	return { child, port };
}

export interface FletcherTunnel {
	/** Where viewers connect. */
	readonly port: number;
	/** Process of the device and of the service. */
	readonly near: number;
	readonly far: number;
	close(): Promise<void>;
}

export interface FletcherOptions {
	readonly window?: number;
	/** Gives the port of a relay to the service, for a device that is to come through one. */
	readonly between?: (service: number) => Promise<number>;
}

/** Fletcher between the benchmark's Arrow service in C and a local port. */
export async function startFletcher(folder: string, target: number, options: FletcherOptions = {}): Promise<FletcherTunnel> {
	const authority = makeAuthority(join(folder, "certificates"), "bench");
	const names = { name: "localhost", dns: ["localhost"], ips: ["127.0.0.1"], issuer: authority };
	const certificate = issue(join(folder, "certificates"), names);
	const service = startService(certificate.chain, certificate.key);
	const listening = await service.next();
	const config = join(folder, "config.json");
	const arrow = {
		service: `localhost:${(await options.between?.(listening)) ?? listening}`,
		authorities: authority.cert,
		window: options.window ?? 65_536,
		sessions: SESSIONS,
		services: [{ type: "tcp", url: `tcp://127.0.0.1:${target}` }],
	};
	writeFileSync(config, JSON.stringify({ device: { name: "bench" }, arrow, log: { format: "json", level: "info" } }));
	const device = new DeviceProcess([executable], ["--config", config, "--state", join(folder, "state")]);
	const failed = device.ended.then(() => {
		throw new Error(`the device ended: ${device.log.at(-1)?.event}`);
	});
	failed.catch(() => undefined);
	const port = await Promise.race([service.next(), failed]);
	return {
		port,
		near: device.pid,
		far: service.pid,
		close: async () => {
			service.close();
			await device.stop();
		},
	};
}
