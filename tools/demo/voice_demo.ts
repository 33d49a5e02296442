/**
 * The demo's second half: two devices that talk in one KV channel, with a bad network between them.
 *
 * The camera of the first half is the one at the gate; the one in the house is started here. Server and network are those of the tests.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { freePort } from "../../tests/peers/arrow_service.ts";
import { ImpairedUdp } from "../../tests/peers/impaired_udp.ts";
import type { Conditions } from "../../tests/peers/impaired_udp.ts";
import type { KvChannel } from "../../tests/peers/kv_channel.ts";
import { KvServer } from "../../tests/peers/kv_server.ts";
import { DeviceProcess } from "./device_process.ts";
import { decodeMuLaw } from "./g711.ts";
import { SoundTail } from "./sound_tail.ts";
import { writeWav } from "./wav.ts";

export const PLACES = ["gate", "house"] as const;
export type Place = (typeof PLACES)[number];

const CLIP_RATE = 8_000;
const RATE = 16_000;
const LEVELS_MS = 250;
const OUTAGE_MS = 3_000;
/** The network's own delay when the demo starts, so that there is something to see. */
const FIRST: Partial<Conditions> = Object.freeze({ loss: 0.05, delay: 60, jitter: 30 });
/** Addresses of this machine between which the device's one changes. */
const ADDRESSES = ["127.0.0.1", "127.0.0.7"] as const;

/** What can be set from the page, and how far. */
export const NETWORK_LIMITS = Object.freeze({ loss: 0.4, delay: 500, jitter: 150 });
export type NetworkKey = keyof typeof NETWORK_LIMITS;

/** The part of `/metrics.json` that is about one speaker. */
export interface SpeakerFigures {
	readonly level: number;
	readonly received: number;
	readonly played: number;
	readonly lost: number;
	readonly late: number;
	readonly concealed: number;
	readonly recovered: number;
	readonly delayMicroseconds: number;
}

interface VoiceFigures {
	readonly sent: { readonly packets: number; readonly level: number };
	readonly heard: { readonly level: number };
	readonly speakers: readonly SpeakerFigures[];
}

/** One end, as the page shows it. */
export interface EndState {
	readonly process: number;
	/** Voice packets sent. */
	readonly sent: number;
	/** The other one, as heard here; undefined before its first packet. */
	readonly speaker: SpeakerFigures | undefined;
	/** Part of the frames of the last seconds that were made up or put together from the packet behind. */
	readonly mended: number;
	readonly listeners: number;
}

export interface VoiceState {
	readonly server: string;
	readonly channel: string | undefined;
	readonly members: number;
	readonly violations: number;
	readonly cut: boolean;
	readonly network: Readonly<Record<NetworkKey, number>>;
	/** What the network did in the last seconds: share lost, mean delay in milliseconds, packets a second. */
	readonly measured: { readonly loss: number; readonly delay: number; readonly rate: number };
	readonly ends: Readonly<Record<Place, EndState>>;
}

/** What each says and hears now, 0 to 1. */
export type Levels = Readonly<Record<Place, { readonly says: number; readonly hears: number }>>;

const WINDOW_MS = 3_000;

/** Differences of counters over the last few seconds. */
class Recent {
	readonly #samples: { readonly at: number; readonly values: readonly number[] }[] = [];

	/** @returns how much each value has grown within the window, and the window's length in seconds. */
	add(values: readonly number[]): { readonly grown: readonly number[]; readonly seconds: number } {
		const now = performance.now();
		const last = this.#samples.at(-1);
		// A counter that fell belongs to another stream.
		if (last?.values.some((value, index) => value > (values[index] as number)) === true) this.#samples.length = 0;
		this.#samples.push({ at: now, values });
		while ((this.#samples[0]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
		const first = this.#samples[0] as { at: number; values: readonly number[] };
		return { grown: values.map((value, index) => value - (first.values[index] as number)), seconds: (now - first.at) / 1_000 };
	}
}

interface End {
	/** HTTP port of the device's figures. */
	readonly port: number;
	readonly sound: SoundTail;
	readonly recent: Recent;
	figures: VoiceFigures | undefined;
	polling: boolean;
}

export class VoiceDemo {
	readonly server: KvServer;
	house: DeviceProcess | undefined;
	onLevels: (levels: Levels) => void = () => undefined;
	readonly #root: string;
	readonly #folder: string;
	readonly #ends = new Map<Place, End>();
	readonly #recent = new Recent();
	readonly #timers: NodeJS.Timeout[] = [];
	#network: ImpairedUdp | undefined;
	#channel: KvChannel | undefined;
	#gateProcess: () => number = () => 0;

	/** `root` is the folder of the repository; files go into `folder`. */
	constructor(root: string, folder: string) {
		this.#root = root;
		this.#folder = folder;
		this.server = new KvServer({ route: (channel) => this.#route(channel), rules: { lossless: false, anyPadding: true } });
	}

	/** Starts server and network and writes what the devices say. */
	async prepare(): Promise<void> {
		mkdirSync(this.#folder, { recursive: true });
		await this.server.listen();
		this.#channel = await this.server.addChannel();
		const clip = readFileSync(join(this.#root, "demo/dialogue.ulaw"));
		for (const [index, place] of PLACES.entries()) {
			const samples = Float64Array.from(
				{ length: clip.length / 2 },
				(_, at) => decodeMuLaw(clip[2 * at + index] ?? 0xff) / 32_768,
			);
			writeWav(this.#file(place, "says"), { rate: CLIP_RATE, samples });
			rmSync(this.#file(place, "hears"), { force: true });
			const sound = new SoundTail(this.#file(place, "hears"));
			this.#ends.set(place, { port: await freePort(), sound, recent: new Recent(), figures: undefined, polling: false });
		}
	}

	/** Port of the HTTP server that the device at `place` is to have. */
	port(place: Place): number {
		return this.#end(place).port;
	}

	/** The members `audio` and `kv` of a device's configuration. */
	configuration(place: Place): { readonly audio: unknown; readonly kv: unknown } {
		return {
			audio: {
				input: `loop:${this.#file(place, "says")}`,
				output: this.#file(place, "hears"),
				rate: RATE,
				codec: "opus",
				frame: 20,
				bitrate: 24_000,
				fec: true,
				expectedLoss: 10,
				jitter: { minimum: 20, maximum: 400 },
			},
			kv: {
				server: `127.0.0.1:${this.server.port}`,
				channel: `0x${(this.#channel as KvChannel).id.toString(16)}`,
				// Both ends are of the same make: numbers in the padding tell losses from delays.
				switches: { padding: "sequence" },
				// People who look on wait for a quarter of a minute at most.
				times: { retry: 500, retryLimit: 4_000, keepalive: 5_000, silence: 4_000, check: 15_000 },
			},
		};
	}

	/** Starts the device in the house. */
	async start(executable: string, gateProcess: () => number): Promise<void> {
		this.#gateProcess = gateProcess;
		const file = join(this.#folder, "house.json");
		const configuration = {
			device: { name: "house" },
			...this.configuration("house"),
			camera: {
				source: join(this.#root, "demo/clip.mjpeg"),
				rate: 1,
				http: { address: "127.0.0.1", port: this.port("house"), viewers: 4 },
			},
			log: { format: "json", level: "info" },
		};
		writeFileSync(file, `${JSON.stringify(configuration, undefined, "\t")}\n`);
		this.house = new DeviceProcess([executable], ["--config", file, "--state", join(this.#folder, "house")]);
		this.#timers.push(setInterval(() => this.#poll(), LEVELS_MS));
	}

	/** Resolves once each has heard the other. @throws Error when that takes longer */
	async bothHeard(packets: number, timeoutMs: number): Promise<void> {
		const end = performance.now() + timeoutMs;
		const count = (place: Place): number => this.#end(place).figures?.speakers[0]?.played ?? 0;
		while (PLACES.some((place) => count(place) < packets)) {
			if (performance.now() > end) {
				const said = PLACES.map((place) => `${count(place)} at the ${place}`).join(", ");
				throw new Error(`${said} within ${timeoutMs / 1_000} s`);
			}
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}

	/** Changes the network; values out of range are put into it. */
	set(key: NetworkKey, value: number): void {
		if (Number.isFinite(value)) this.#network?.set({ [key]: Math.max(0, Math.min(NETWORK_LIMITS[key], value)) }, "up");
	}

	/** Nothing passes for a while. */
	cut(): void {
		this.#network?.cut(true);
		this.#timers.push(setTimeout(() => this.#network?.cut(false), OUTAGE_MS));
	}

	/** The devices come from another address and other ports, as after a router was started again. */
	move(): void {
		const current = this.#channel?.members.values().next().value?.address;
		this.#network?.rebind(current === ADDRESSES[0] ? ADDRESSES[1] : ADDRESSES[0]);
	}

	/** What is heard at a place, from now on, and its rate. @throws Error before anything was heard */
	listen(place: Place): { readonly rate: number; readonly samples: Readable } {
		const { sound } = this.#end(place);
		if (sound.rate === 0) throw new Error("nothing was heard there yet");
		return { rate: sound.rate, samples: sound.listen() };
	}

	state(): VoiceState {
		const network = this.#network;
		const figures = network?.up.figures;
		const { grown, seconds } = this.#recent.add([
			figures?.received ?? 0,
			figures?.lost ?? 0,
			figures?.cut ?? 0,
			figures?.sent ?? 0,
			figures?.delaySum ?? 0,
		]);
		const [received = 0, lost = 0, cut = 0, sent = 0, delay = 0] = grown;
		const { loss = 0, delay: base = 0, jitter = 0 } = network?.up.conditions ?? {};
		return {
			server: `localhost:${this.server.port}`,
			channel: this.#channel?.id.toString(16),
			members: this.#channel?.members.size ?? 0,
			violations: this.server.violations.length,
			cut: network?.up.cut ?? false,
			network: { loss, delay: base, jitter },
			measured: {
				loss: received === 0 ? 0 : (lost + cut) / received,
				delay: sent === 0 ? 0 : delay / sent,
				rate: seconds === 0 ? 0 : received / seconds,
			},
			ends: { gate: this.#endState("gate"), house: this.#endState("house") },
		};
	}

	async stop(): Promise<void> {
		for (const timer of this.#timers) clearInterval(timer);
		await this.house?.stop();
		for (const { sound } of this.#ends.values()) sound.close();
		await this.server.close();
		this.#network?.close();
	}

	async #route(channel: KvChannel): Promise<number> {
		this.#network = new ImpairedUdp({ target: { port: channel.port } });
		this.#network.set(FIRST, "up");
		return this.#network.listen();
	}

	#file(place: Place, what: string): string {
		return join(this.#folder, `${place}_${what}.wav`);
	}

	#end(place: Place): End {
		const end = this.#ends.get(place);
		if (end === undefined) throw new Error("the voice demo is not prepared");
		return end;
	}

	#endState(place: Place): EndState {
		const end = this.#ends.get(place);
		const speaker = end?.figures?.speakers[0];
		const { played = 0, concealed = 0 } = speaker ?? {};
		const [playedNow = 0, concealedNow = 0] = end?.recent.add([played, concealed]).grown ?? [];
		return {
			process: place === "gate" ? this.#gateProcess() : (this.house?.pid ?? 0),
			sent: end?.figures?.sent.packets ?? 0,
			speaker,
			mended: playedNow + concealedNow === 0 ? 0 : concealedNow / (playedNow + concealedNow),
			listeners: end?.sound.listeners ?? 0,
		};
	}

	#poll(): void {
		for (const end of this.#ends.values()) {
			if (end.polling) continue;
			end.polling = true;
			fetchVoice(end.port)
				.then((figures) => {
					end.figures = figures;
				})
				.catch(() => {
					end.figures = undefined;
				})
				.finally(() => {
					end.polling = false;
				});
		}
		const of = (place: Place): { says: number; hears: number } => {
			const figures = this.#ends.get(place)?.figures;
			return { says: loudness(figures?.sent.level), hears: loudness(figures?.heard.level) };
		};
		this.onLevels({ gate: of("gate"), house: of("house") });
	}
}

async function fetchVoice(port: number): Promise<VoiceFigures | undefined> {
	const response = await fetch(`http://127.0.0.1:${port}/metrics.json`, { signal: AbortSignal.timeout(1_000) });
	return ((await response.json()) as { voice?: VoiceFigures }).voice;
}

/** A level of the device on the scale of a meter: 0 for -50 dB and less, 1 for the loudest. */
function loudness(level = 0): number {
	if (level <= 0) return 0;
	return Math.max(0, Math.min(1, 1 + (20 * Math.log10(level / 32_767)) / 50));
}
