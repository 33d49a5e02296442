import type { ClientOptions } from "arrow/client";
import { planClient } from "arrow/client";
import type { ArrowIO } from "arrow/io";
import type { LinkOptions } from "arrow/link";
import { planLink } from "arrow/link";
import { namesMemory } from "arrow/names";
import type { ArrowIdentity, ArrowSettings } from "arrow/options";
import type { Discovery } from "discovery/result";
import type { Logger } from "host/logger";
import type { MemoryPlan } from "storage/plan";
import type { RandomSource } from "time/backoff";

/** What other programs and people see of the connection (ARROW-40). */
export type ArrowState = "connecting" | "unauthorized" | "connected" | "slow";

export interface EndpointOptions {
	readonly settings: ArrowSettings;
	readonly identity: ArrowIdentity;
	readonly io: ArrowIO;
	/** The plan that {@link planEndpoint} was given. */
	readonly plan: MemoryPlan;
	readonly log: Logger;
	readonly random: RandomSource;
	/** The state changed; not called for what is as it was. */
	onState?(state: ArrowState): void;
	/** Discovered services may have changed; `reset`: RESET_SVC_TABLE came. What `Endpoint.storeServices` writes is to be kept. */
	onServices?(reset: boolean): void;
	/** What runs scans, where they can be run. */
	readonly discovery?: Discovery;
	/** Records of discovered services from an earlier run, as `Endpoint.storeServices` wrote them. */
	readonly stored?: Uint8Array;
}

export const PLAN_PLAIN = "arrow input";
/** What TLS adds to a full output region: with it, one turn is one write. */
const RECORD_ROOM = 1024;

export function clientOptions(settings: ArrowSettings, identity: ArrowIdentity): ClientOptions {
	const { uuid, key } = identity;
	const { mac, window, info, services, gateway, sessions, message, scans, times, switches } = settings;
	return {
		registration: { uuid, key, mac, window, info },
		services,
		gateway,
		sessions,
		output: settings.buffer,
		dataLimit: message,
		scans,
		times,
		switches,
	};
}

export function linkOptions(settings: ArrowSettings): LinkOptions {
	return { authorities: settings.authorities, legacyCiphers: settings.legacyCiphers, buffer: settings.buffer + RECORD_ROOM };
}

/** Reserves what an endpoint needs. @throws Error naming the authorities' file when it is of no use. */
export function planEndpoint(plan: MemoryPlan, settings: ArrowSettings, identity: ArrowIdentity, io: ArrowIO): void {
	planClient(plan, clientOptions(settings, identity));
	planLink(plan, linkOptions(settings), io);
	plan.reserve(PLAN_PLAIN, settings.buffer, "arrow.buffer");
	const { services } = settings;
	let names = 0;
	for (let i = 0; i < services.length; i++) if (services[i].name !== "") names++;
	if (names > 0) plan.note("arrow resolver", namesMemory(names), "arrow.services");
}
