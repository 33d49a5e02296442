/** Devices, a server and a network for the tests of KV voice. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ImpairedUdp } from "../peers/impaired_udp.ts";
import type { Conditions } from "../peers/impaired_udp.ts";
import { KvClient } from "../peers/kv_client.ts";
import type { KvVoice } from "../peers/kv_client.ts";
import { KvServer } from "../peers/kv_server.ts";
import type { KvServerOptions } from "../peers/kv_server.ts";
import { padOpus } from "../peers/kv_opus.ts";
import { Permission } from "../peers/kv_wire.ts";
import { atEnd } from "./at_end.ts";
import { freePort, root, startDevice } from "./device.ts";
import type { Metrics, OwnOptions, TestDevice } from "./device.ts";

/** Every time of the device divided by a hundred or so: a minute is half a second. */
export const SCALED = Object.freeze({
	answer: 1_000,
	keepalive: 200,
	check: 600,
	silence: 300,
	join: 150,
	ack: 250,
	retry: 60,
	retryLimit: 600,
	life: 600,
	refused: 2_000,
});
/** What the server allows then: KEEPALIVE within 30 s, eviction after 60 s, divided in the same way and with room for a busy machine. */
export const SCALED_EVICTION = 900;
export const SCALED_RULES = Object.freeze({ keepaliveLimit: 450, slack: 250 });

export interface KvDeviceOptions {
	readonly server: KvServer;
	readonly channel?: bigint | "create";
	/** A user that the server knows; else the device registers. */
	readonly uid?: bigint;
	readonly administrator?: bigint;
	readonly permissions?: readonly string[];
	readonly talk?: "always" | "pushToTalk" | "never";
	/** Further members of `audio`; null: no sound at all. */
	readonly audio?: Readonly<Record<string, unknown>> | null;
	readonly times?: Readonly<Record<string, number>>;
	readonly switches?: Readonly<Record<string, unknown>>;
	/** Further members of `kv`. */
	readonly kv?: Readonly<Record<string, unknown>>;
	readonly own?: Partial<OwnOptions>;
	/** Level of the log; default debug. */
	readonly level?: string;
}

/** One channel of the device at /metrics.json. */
export interface ChannelMetrics {
	readonly state: string;
	readonly port: number;
	readonly packetsIn: number;
	readonly packetsOut: number;
	readonly acks: number;
	readonly ackTimeouts: number;
	readonly joins: number;
	readonly losses: number;
	readonly rejoins: number;
	readonly refusals: number;
	readonly closes: number;
	readonly forgedCloses: number;
	readonly checks: number;
	readonly checksFailed: number;
	readonly dropped: Readonly<
		Record<
			| "wrongSize"
			| "wrongSource"
			| "ownPackets"
			| "illegalUid"
			| "wrongChecksum"
			| "unknownOperation"
			| "strayAcks"
			| "notJoined",
			number
		>
	>;
}

export interface SpeakerMetrics {
	readonly level: number;
	readonly received: number;
	readonly played: number;
	readonly lost: number;
	readonly late: number;
	readonly concealed: number;
	readonly recovered: number;
	readonly restarts: number;
	readonly delayMicroseconds: number;
}

export interface KvMetrics extends Omit<Metrics, "arrow"> {
	readonly kv: {
		readonly joined: number;
		/** 1: what the device hears may be sent. */
		readonly talking: number;
		readonly requests: number;
		readonly refused: number;
		readonly connectFailures: number;
		readonly timeouts: number;
		readonly resets: number;
		readonly truncated: number;
		readonly malformed: number;
		readonly channels: readonly ChannelMetrics[];
	};
	readonly voice: {
		readonly sent: { readonly packets: number; readonly level: number };
		readonly heard: { readonly level: number; readonly dry: number };
		readonly speakers: readonly SpeakerMetrics[];
	};
}

export interface KvDevice {
	readonly process: TestDevice;
	metrics(): Promise<KvMetrics>;
	/** The figures of its only channel. */
	channel(): Promise<ChannelMetrics>;
}

const id = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;

/** A server that goes with the test, which ends with no violation found. */
export async function startKvServer(test: TestContext, options: KvServerOptions = {}): Promise<KvServer> {
	const server = new KvServer({ everybody: Permission.ADD_CHANNEL, ...options });
	await server.listen();
	atEnd(test, async () => {
		await server.close();
		assert.deepEqual(server.violations, []);
	});
	return server;
}

/** A server whose times are those of devices with SCALED. */
export function startScaledServer(test: TestContext, options: KvServerOptions = {}): Promise<KvServer> {
	return startKvServer(test, { evictionMs: SCALED_EVICTION, ...options, rules: { ...SCALED_RULES, ...options.rules } });
}

export interface ImpairedServer {
	readonly server: KvServer;
	/** What stands before the channel that was opened last; it goes with the test. */
	readonly network: () => ImpairedUdp;
}

/** A server behind a network; `conditions` are those of the way to the server, so that each packet meets them once. */
export async function startImpairedServer(
	test: TestContext,
	conditions: Partial<Conditions> = {},
	options: KvServerOptions = {},
	seed = 1,
): Promise<ImpairedServer> {
	let network: ImpairedUdp | undefined;
	const route: KvServerOptions["route"] = async (channel) => {
		const made = new ImpairedUdp({ target: { port: channel.port }, seed });
		made.set(conditions, "up");
		atEnd(test, () => made.close());
		network = made;
		return made.listen();
	};
	const server = await startKvServer(test, { route, ...options, rules: { lossless: false, ...options.rules } });
	return {
		server,
		network: () => {
			assert.ok(network, "no channel yet");
			return network;
		},
	};
}

/** A device with its figures at an HTTP server of its own; the test ends it in order. */
export async function startKvDevice(test: TestContext, options: KvDeviceOptions): Promise<KvDevice> {
	const port = await freePort();
	const { channel = "create", uid, administrator, permissions } = options;
	const register = {
		...(administrator === undefined ? {} : { administrator: id(administrator) }),
		...(permissions && { permissions }),
	};
	const configuration = {
		device: { name: "device under test" },
		camera: { source: join(root, "demo/clip.mjpeg"), rate: 1, http: { address: "127.0.0.1", port } },
		...(options.audio === null ? {} : { audio: { input: "tone:440", output: "null", frame: 20, ...options.audio } }),
		kv: {
			server: `127.0.0.1:${options.server.port}`,
			...(uid === undefined ? { register } : { uid: id(uid) }),
			channel: channel === "create" ? channel : id(channel),
			talk: options.talk ?? "always",
			...(options.times && { times: options.times }),
			...(options.switches && { switches: options.switches }),
			...options.kv,
		},
		log: { format: "json", level: options.level ?? "debug" },
	};
	const device = startDevice(test, { configuration, ...options.own });
	const metrics = async (): Promise<KvMetrics> => {
		const response = await fetch(`http://127.0.0.1:${port}/metrics.json`, { signal: AbortSignal.timeout(3_000) });
		assert.equal(response.status, 200);
		return (await response.json()) as KvMetrics;
	};
	return {
		process: device,
		metrics,
		channel: async () => {
			const [first] = (await metrics()).kv.channels;
			assert.ok(first, "the device is in no channel");
			return first;
		},
	};
}

/** Resolves once the device knows that its server acknowledges. */
export async function acknowledged(device: KvDevice, timeoutMs = 3_000): Promise<void> {
	const end = performance.now() + timeoutMs;
	while ((await device.channel()).acks === 0) {
		assert.ok(performance.now() < end, `no acknowledgement within ${timeoutMs} ms`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}

/** Another member of a channel, made by the test: hears and may speak. */
export async function joinPeer(
	test: TestContext,
	server: KvServer,
	channel = server.channel.id,
	keepaliveMs = 5_000,
): Promise<KvVoice> {
	const client = new KvClient(server.port);
	const voice = await client.open(await client.register(), channel);
	atEnd(test, () => voice.close());
	voice.keepAlive(keepaliveMs);
	await server.until("the peer", () => (server.channels.get(channel)?.members.get(voice.uid)?.port ?? 0) > 0);
	return voice;
}

/** Frames of silence of SILK, 20 ms each, numbered; decoders take them. */
export function numbered(count: number): Buffer {
	return padOpus(Buffer.from([0x48, count & 0xff, 0x55, 0xaa]));
}

/** Resolves once so much more voice has come to a peer than now. */
export async function hearsMore(voice: KvVoice, count = 25, timeoutMs = 5_000): Promise<void> {
	await voice.heard(voice.received.length + count, timeoutMs);
}
