import { bytesOf, hexOf, plain, reversed, zeros } from "conformance/kv/packets";
import { type FakeDatagram, World } from "conformance/kv/world";
import type { LogFields } from "host/logger";
import { COMMAND_TEXT } from "kv/constants";
import { Endpoint, planEndpoint } from "kv/endpoint";
import { type KVOptions, settingsOf } from "kv/options";
import type { KVTimes } from "kv/times";
import type { Voice, VoiceTransport } from "media/voice/voice";
import { MemoryPlan } from "storage/plan";

export const PORT = "000000000000c40e";
const ROOM = 1200;
const HEADROOM = 16;

/** Hears and says what the test wants. */
export class FakeVoice implements Voice {
	talking = true;
	listening = false;
	transport: VoiceTransport | undefined;
	/** Packets as "key: start of the payload #sequence". */
	heard: string[] = [];
	/** How often everybody was forgotten. */
	forgotten = 0;
	/** Speakers by number. */
	readonly keys: string[] = [];
	readonly #buffer: ArrayBuffer;
	places = 4;

	constructor(buffer: ArrayBuffer) {
		this.#buffer = buffer;
	}

	attach(transport: VoiceTransport | undefined): void {
		this.transport = transport;
	}

	speaker(low: number, high: number): number {
		const key = hex(high) + hex(low);
		const known = this.keys.indexOf(key);
		if (known >= 0) return known;
		if (this.keys.length === this.places) return -1;
		this.keys.push(key);
		return this.keys.length - 1;
	}

	receive(speaker: number, offset: number, length: number, _now: number, sequence: number, timestamp: number): void {
		const start = hexOf(this.#buffer, offset, 4);
		this.heard.push(this.keys[speaker] + ": " + start + " of " + length + " #" + sequence + " @" + timestamp);
	}

	forget(): void {}

	forgetAll(): void {
		this.forgotten++;
	}

	writeFigures(): void {}
}

function hex(half: number): string {
	return half.toString(16).padStart(8, "0");
}

/** A server by the document: users 8000000000000001 and up, one channel. */
export class FakeServer {
	users = 0;
	channels: string[] = ["fffffffe00000001"];
	port = PORT;
	/** Answers in place of the usual ones, by the name of the command. */
	instead: Record<string, string> = {};
	/** Names of commands in order. */
	commands: string[] = [];

	answer(request: string): string {
		const command = Number("0x" + request.slice(0, 8));
		const name = COMMAND_TEXT[command];
		this.commands.push(name);
		const instead = this.instead[name];
		if (instead !== undefined) return instead;
		const channel = request.slice(-16);
		switch (name) {
			case "REGISTER":
				return "80000000" + hex(++this.users) + " FIN";
			case "CREATE": {
				const made = "fffffffe" + hex(this.channels.length + 1);
				this.channels.push(made);
				return made + " FIN";
			}
			case "JOIN":
			case "GET_PORT":
				return this.channels.indexOf(channel) < 0 ? zeros(8) + "00000002 FIN" : this.port + " FIN";
			case "GET_CHANNELS":
				return "00000000" + hex(this.channels.length) + this.channels.join("") + zeros(8) + " FIN";
			default:
				return "0000000000000001 FIN";
		}
	}

	/** Commands since the last call. */
	take(): string {
		const text = this.commands.join(" ");
		this.commands = [];
		return text;
	}
}

export interface SceneOptions {
	/** The host has no IPv6. */
	readonly only4?: boolean;
	readonly talks?: boolean;
}

/** An endpoint in a world of its own, with a server. */
export class Scene {
	readonly world = new World();
	readonly server = new FakeServer();
	readonly endpoint: Endpoint;
	readonly voice: FakeVoice;
	/** Log events in order, and the fields of the last one of each. */
	events: string[] = [];
	readonly fields: Record<string, LogFields> = {};
	readonly plan = new MemoryPlan();
	readonly #buffer: ArrayBuffer;
	readonly #at: number;

	constructor(changes: Partial<KVOptions> = {}, times?: Partial<KVTimes>, options: SceneOptions = {}) {
		const settings = settingsOf({ server: "kv.example", channel: "0xfffffffe00000001", ...changes }, times);
		this.world.only4 = options.only4 ?? false;
		planEndpoint(this.plan, settings);
		this.plan.reserve("test", ROOM, "");
		const { buffer } = this.plan.allocate();
		this.#buffer = buffer;
		this.#at = this.plan.offset("test") + HEADROOM;
		this.voice = new FakeVoice(buffer);
		this.world.answer = (request) => this.server.answer(request);
		const io = this.world.io();
		this.endpoint = new Endpoint({
			settings,
			io,
			plan: this.plan,
			voice: this.voice,
			talks: options.talks,
			log: {
				log: (_level, area, event, fields) => {
					this.events.push(area + "." + event);
					if (fields) this.fields[event] = fields;
				},
			},
			random: { fraction: () => 0.5 },
		});
	}

	get socket(): FakeDatagram {
		return this.world.sockets[0];
	}

	/** Joined, and acknowledged by the channel. */
	join(): this {
		this.endpoint.start();
		this.world.run();
		return this;
	}

	/** A frame of the codec is sent. @returns what `sendVoice` says. */
	say(frame: string, sequence = 0): number {
		const bytes = bytesOf(frame);
		const target = new Uint8Array(this.#buffer);
		for (let i = 0; i < bytes.length; i++) target[this.#at + i] = bytes[i];
		return this.endpoint.sendVoice(this.#at, bytes.length, sequence, 320 * sequence, this.world.now);
	}

	/** The channel sends, the loop runs. */
	hear(datagram: string, from?: string): this {
		this.socket.give(datagram, from);
		this.world.run();
		return this;
	}

	/** What the device says of a user id of 16 digits, in a datagram. */
	static uid(hex16: string): string {
		return reversed(plain(hex16));
	}
}
