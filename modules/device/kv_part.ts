import type { KVConfig } from "device/config";
import type { Part } from "device/part";
import { DeviceRandom } from "device/random";
import { LEVEL_INFO, LEVEL_WARNING, type Logger } from "host/logger";
import { type Channel, PRIORITY_SYSTEM, PRIORITY_VOICE } from "kv/channel";
import { AT_PAYLOAD, PAYLOAD_SIZE, STATE_TEXT } from "kv/constants";
import { Endpoint, planEndpoint } from "kv/endpoint";
import type { KVIO } from "kv/io";
import { type KVSettings, settingsOf } from "kv/options";
import { Button, buttonBytes } from "media/voice/button";
import type { Voice } from "media/voice/voice";
import { Datagram } from "net/datagram";
import type { QueueCounters } from "net/packet_queue";
import Resolver from "net/resolver";
import { Stream } from "net/stream";
import type { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { type AsciiText, constantText } from "wire/ascii";
import type { Figures } from "wire/figures";

const KEY = Object.freeze({
	ackTimeouts: constantText("ackTimeouts"),
	acks: constantText("acks"),
	channels: constantText("channels"),
	checks: constantText("checks"),
	checksFailed: constantText("checksFailed"),
	closes: constantText("closes"),
	connectFailures: constantText("connectFailures"),
	dropped: constantText("dropped"),
	failed: constantText("failed"),
	forgedCloses: constantText("forgedCloses"),
	illegalUid: constantText("illegalUid"),
	joined: constantText("joined"),
	joins: constantText("joins"),
	kv: constantText("kv"),
	losses: constantText("losses"),
	malformed: constantText("malformed"),
	notJoined: constantText("notJoined"),
	ownPackets: constantText("ownPackets"),
	packetsIn: constantText("packetsIn"),
	packetsOut: constantText("packetsOut"),
	port: constantText("port"),
	queued: constantText("queued"),
	refusals: constantText("refusals"),
	refused: constantText("refused"),
	rejoins: constantText("rejoins"),
	requests: constantText("requests"),
	resets: constantText("resets"),
	roundTripMicroseconds: constantText("roundTripMicroseconds"),
	sendErrors: constantText("sendErrors"),
	sending: constantText("sending"),
	sent: constantText("sent"),
	shortages: constantText("shortages"),
	stale: constantText("stale"),
	state: constantText("state"),
	strayAcks: constantText("strayAcks"),
	system: constantText("system"),
	talking: constantText("talking"),
	systemIn: constantText("systemIn"),
	systemOut: constantText("systemOut"),
	timeouts: constantText("timeouts"),
	tooLong: constantText("tooLong"),
	truncated: constantText("truncated"),
	unknownOperation: constantText("unknownOperation"),
	unsent: constantText("unsent"),
	voice: constantText("voice"),
	waiting: constantText("waiting"),
	wrongChecksum: constantText("wrongChecksum"),
	wrongSize: constantText("wrongSize"),
	wrongSource: constantText("wrongSource"),
});

/** What a datagram does to packets of the codec. */
export const KV_FRAMING = Object.freeze({ packetBytes: PAYLOAD_SIZE, headroom: AT_PAYLOAD });
/** Names of states, in ROM. */
const STATES = Object.freeze(STATE_TEXT.map((text) => constantText(text)));

const PUSH_TO_TALK = "pushToTalk";

/** Bytes of the figures at most: those of requests, and of each channel. */
const FIXED_BYTES = 656;
const CHANNEL_BYTES = 900;

/** Bytes of the figures of so many channels, at most. */
export function kvFiguresBytes(channels: number): number {
	return FIXED_BYTES + CHANNEL_BYTES * channels;
}

/** Checks what the configuration says of KV beyond types and ranges. @throws RangeError naming the key and what it should be. */
export function kvSettings(config: KVConfig): KVSettings {
	return settingsOf(config, config.times);
}

/** Reserves what a {@link KVPart} needs. */
export function planKV(plan: MemoryPlan, settings: KVSettings, talk?: string): void {
	planEndpoint(plan, settings);
	if (talk === PUSH_TO_TALK) plan.note("push to talk", buttonBytes(), "");
}

/** The device's place in KV channels. Made at boot, started once. */
export class KVPart implements Part {
	readonly endpoint: Endpoint;
	readonly #voice: Voice | undefined;
	readonly #config: KVConfig;
	readonly #log: Logger;
	#button: Button | undefined;

	/** @param voice who speaks and hears; undefined: the device is a silent member. @throws Error when there is no socket to be had. */
	constructor(config: KVConfig, settings: KVSettings, plan: MemoryPlan, log: Logger, voice: Voice | undefined) {
		const io: KVIO = { Stream, Datagram, Resolver, Timer, monotonic };
		const talks = config.talk !== "never";
		this.#voice = voice;
		this.#config = config;
		this.#log = log;
		if (voice) voice.talking = config.talk === "always";
		this.endpoint = new Endpoint({ settings, io, plan, log, random: new DeviceRandom(), voice, talks });
	}

	/** Push to talk: whether the device's sound is sent. */
	talk(on: boolean): void {
		const voice = this.#voice;
		if (voice === undefined || voice.talking === on) return;
		voice.talking = on;
		if (on) this.#log.log(LEVEL_INFO, "kv", "talk-began");
		else this.#log.log(LEVEL_INFO, "kv", "talk-ended");
	}

	/** @throws Error naming the button that cannot be used. */
	start(): void {
		const { talk, button, buttonActive, buttonDebounce } = this.#config;
		if (talk === PUSH_TO_TALK && this.#voice !== undefined) {
			this.#button = new Button({
				name: button,
				activeLow: buttonActive === "low",
				debounce: buttonDebounce,
				onChange: () => this.#pressed(),
			});
			this.#pressed();
		}
		this.endpoint.start();
	}

	stop(done: () => void): void {
		this.#button?.close();
		this.#button = undefined;
		this.endpoint.stop(done);
	}

	close(): void {
		this.#button?.close();
		this.#button = undefined;
		this.endpoint.close();
	}

	#pressed(): void {
		const button = this.#button;
		if (button === undefined) return;
		this.talk(button.pressed);
		if (button.error !== "") this.#log.log(LEVEL_WARNING, "kv", "button-lost", { reason: button.error });
	}

	writeFigures(figures: Figures): void {
		const { endpoint } = this;
		const { counters } = endpoint.control;
		figures.open(KEY.kv);
		figures.number(KEY.joined, endpoint.joined);
		figures.number(KEY.talking, this.#voice?.talking ? 1 : 0);
		figures.number(KEY.requests, counters.requests);
		figures.number(KEY.refused, counters.refused);
		figures.number(KEY.connectFailures, counters.connectFailures);
		figures.number(KEY.timeouts, counters.timeouts);
		figures.number(KEY.resets, counters.resets);
		figures.number(KEY.truncated, counters.truncated);
		figures.number(KEY.malformed, counters.malformed);
		const { queue } = endpoint;
		figures.open(KEY.sending);
		figures.number(KEY.waiting, queue.waiting);
		figures.number(KEY.shortages, queue.shortages);
		writeQueue(figures, KEY.system, queue.counters[PRIORITY_SYSTEM]);
		writeQueue(figures, KEY.voice, queue.counters[PRIORITY_VOICE]);
		figures.close();
		figures.openList(KEY.channels);
		for (let i = 0; i < endpoint.channels.length; i++) writeChannel(figures, endpoint.channels[i]);
		figures.closeList();
		figures.close();
	}
}

function writeQueue(figures: Figures, key: AsciiText, counters: QueueCounters): void {
	figures.open(key);
	figures.number(KEY.sent, counters.sent);
	figures.number(KEY.queued, counters.queued);
	figures.number(KEY.dropped, counters.dropped);
	figures.number(KEY.stale, counters.stale);
	figures.number(KEY.failed, counters.failed);
	figures.close();
}

function writeChannel(figures: Figures, channel: Channel): void {
	const { state, presence, counters } = channel.session;
	const { roundTrip } = presence.acks;
	figures.open();
	figures.text(KEY.state, STATES[state]);
	figures.number(KEY.port, presence.port);
	figures.number(KEY.packetsIn, counters.packetsIn);
	figures.number(KEY.packetsOut, counters.packetsOut);
	figures.number(KEY.unsent, counters.unsent);
	figures.number(KEY.tooLong, counters.tooLong);
	figures.number(KEY.systemIn, counters.systemIn);
	figures.number(KEY.systemOut, counters.systemOut);
	figures.number(KEY.acks, counters.acks);
	figures.number(KEY.ackTimeouts, counters.ackTimeouts);
	figures.number(KEY.roundTripMicroseconds, roundTrip < 0 ? -1 : roundTrip * 1000);
	figures.number(KEY.joins, counters.joins);
	figures.number(KEY.losses, counters.losses);
	figures.number(KEY.rejoins, counters.rejoins);
	figures.number(KEY.refusals, counters.refusals);
	figures.number(KEY.closes, counters.closes);
	figures.number(KEY.forgedCloses, counters.forgedCloses);
	figures.number(KEY.checks, counters.checks);
	figures.number(KEY.checksFailed, counters.checksFailed);
	figures.number(KEY.sendErrors, counters.sendErrors);
	figures.open(KEY.dropped);
	figures.number(KEY.wrongSize, counters.wrongSize);
	figures.number(KEY.wrongSource, counters.wrongSource);
	figures.number(KEY.ownPackets, counters.ownPackets);
	figures.number(KEY.illegalUid, counters.illegalUid);
	figures.number(KEY.wrongChecksum, counters.wrongChecksum);
	figures.number(KEY.unknownOperation, counters.unknownOperation);
	figures.number(KEY.strayAcks, counters.strayAcks);
	figures.number(KEY.notJoined, counters.notJoined);
	figures.close();
	figures.close();
}
