import { bytesOf, digits, hexOf, nameOf, system } from "conformance/kv/packets";
import {
	COMMAND_TEXT,
	COMMAND_FIELDS,
	EVENT_REQUEST,
	EVENT_SEND,
	EVENT_NONE,
	PACKET_VOICE,
	RESULT_ERROR,
	RESULT_OK,
	STATE_TEXT,
} from "kv/constants";
import { type KVOptions, settingsOf } from "kv/options";
import { Session } from "kv/session";
import type { KVTimes } from "kv/times";
import { portOf } from "kv/wire";
import { Arena } from "storage/arena";

/** As on a device, what comes and what goes share their place. */
const AT = 8;
const SPACE = 2048;

const EVENTS: Readonly<Record<number, string>> = Object.freeze({
	1: "cancel",
	2: "registered",
	4: "created",
	8: "port",
	16: "joined",
	32: "alive",
	64: "closed",
	128: "ignored",
	256: "gone",
	512: "lost",
	1024: "refused",
	8192: "stopped",
});

/** A session whose control side and channel are the test. Its clock is the test's. */
export class Driver {
	readonly session: Session;
	now = 1000;
	/** Requests as "JOIN uid uid chid" without leading zeros, in order. */
	requests: string[] = [];
	/** System packets as "KEEPALIVE 0", with "@time", and "*" when to the second port. */
	sent: string[] = [];
	/** The last of them, as it is. */
	packet = "";
	/** Events but requests and packets, in order. */
	events = "";
	/** Whether packets are taken by the host. */
	takes = true;
	readonly #arena = new Arena(SPACE);
	readonly #auto: boolean;

	constructor(options: Partial<KVOptions> = {}, times?: Partial<KVTimes>) {
		const settings = settingsOf({ server: "kv.example", ...options }, times);
		this.#auto = settings.switches.portOrder === "le-quirk";
		this.session = new Session({
			settings,
			channel: settings.channels[0],
			arena: this.#arena,
			offset: AT,
			random: { fraction: () => 0.5 },
			done: () => {},
		});
	}

	get state(): string {
		return STATE_TEXT[this.session.state];
	}

	start(): this {
		this.session.start(this.now);
		return this.turn();
	}

	/** Registered as `uid`, channel created or given, joined at port 50190. */
	join(uid = "1", channel = "7fbbf903e6c0"): this {
		this.start();
		while (this.state !== "joined") {
			const last = this.requests[this.requests.length - 1];
			if (last.startsWith("REGISTER")) this.say(uid);
			else if (last.startsWith("CREATE")) this.say(channel);
			else this.say("c40e");
		}
		return this;
	}

	/** The server answers the request with a status in hex; GET_CHANNELS: with or without the channel. */
	say(status: string): this {
		const { request } = this.session;
		request.clear();
		request.result = RESULT_OK;
		const text = status.padStart(16, "0");
		request.status.set(parseInt(text.slice(0, 8), 16), parseInt(text.slice(8), 16));
		request.port = portOf(request.status.high, request.status.low, this.#auto ? "le-quirk" : "be");
		return this.#answered();
	}

	/** The list comes, with or without the channel. */
	list(listed: boolean): this {
		this.session.request.clear();
		this.session.request.result = RESULT_OK;
		this.session.request.listed = listed;
		return this.#answered();
	}

	/** The server refuses with a code. */
	deny(code: number): this {
		this.session.request.clear();
		this.session.request.error = code;
		return this.fail(RESULT_ERROR);
	}

	/** The request ends with another result. */
	fail(result: number): this {
		this.session.request.result = result;
		return this.#answered();
	}

	/** Time passes, deadline by deadline. */
	wait(milliseconds: number): this {
		const end = this.now + milliseconds;
		for (let i = 0; i < 100000; i++) {
			const { deadline } = this.session;
			if (deadline > end) {
				this.now = end;
				return this;
			}
			if (deadline > this.now) this.now = deadline;
			this.session.tick(this.now);
			this.turn();
		}
		throw new Error("the session never comes to rest");
	}

	/** A datagram comes. @returns whether it was voice. */
	give(hex: string, source = 0): boolean {
		const bytes = bytesOf(hex);
		for (let i = 0; i < bytes.length; i++) this.#arena.bytes[AT + i] = bytes[i];
		const what = this.session.datagram(AT, bytes.length, source, this.now);
		this.turn();
		return what === PACKET_VOICE;
	}

	stop(): this {
		this.session.stop(this.now);
		return this.turn();
	}

	/** What was sent since the last call: "KEEPALIVE 0@1000 ...". */
	take(): string {
		const text = this.sent.join(" ");
		this.sent = [];
		return text;
	}

	/** Requests since the last call. */
	asked(): string {
		const text = this.requests.join(", ");
		this.requests = [];
		return text;
	}

	/** Events since the last call. */
	happened(): string {
		const text = this.events.trim();
		this.events = "";
		return text;
	}

	turn(): this {
		const { session } = this;
		for (let event = session.poll(this.now); event !== EVENT_NONE; event = session.poll(this.now)) {
			if (event === EVENT_REQUEST) this.requests.push(this.#requestText());
			else if (event === EVENT_SEND) {
				this.packet = hexOf(this.#arena.buffer, session.presence.offset, 512);
				if (this.takes) this.sent.push(nameOf(this.packet) + "@" + this.now + (session.presence.target === 0 ? "" : "*"));
				session.sent(this.takes, this.now);
			} else this.events += EVENTS[event] + " ";
		}
		return this;
	}

	#answered(): this {
		this.session.answered(this.now);
		return this.turn();
	}

	#requestText(): string {
		const { request } = this.session;
		const ids = [request.first, request.second, request.third];
		let text = COMMAND_TEXT[request.command];
		for (let i = 0; i < COMMAND_FIELDS[request.command]; i++) text += " " + short(digits(ids[i]));
		return text;
	}
}

function short(hex: string): string {
	let at = 0;
	while (at < 15 && hex[at] === "0") at++;
	return hex.slice(at);
}

/** Acknowledges the last packet that asked for it. */
export function acknowledge(driver: Driver): string {
	const last = driver.sent[driver.sent.length - 1];
	const ack = Number(last.slice(last.indexOf(" ") + 1, last.indexOf("@")));
	driver.give(system(3, digits(driver.session.uid), ack));
	return last;
}
