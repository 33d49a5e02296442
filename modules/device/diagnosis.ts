import { Client, type ClientOptions, planClient } from "arrow/client";
import {
	CLOSE_NO_ACK,
	CLOSE_REDIRECT,
	CLOSE_REFUSED,
	CLOSE_TEXT,
	CLOSE_UNAUTHORIZED,
	CLOSE_UNSUPPORTED_VERSION,
	EVENT_CLOSED,
	EVENT_ESTABLISHED,
	EVENT_NONE,
	STATE_CLOSED,
} from "arrow/constants";
import type { ArrowIO } from "arrow/io";
import {
	LINK_CONNECTING,
	LINK_OPEN,
	LINK_RESOLVING,
	LINK_SECURING,
	Link,
	type LinkOptions,
	type LinkOwner,
	planLink,
} from "arrow/link";
import type { ArrowIdentity, ArrowSettings } from "arrow/options";
import { clientOptions } from "arrow/plan";
import { advice, connectionWords, type DiagnosisFacts, tlsFault } from "device/diagnosis_words";
import { Exit } from "device/options";
import type { MemoryPlan } from "storage/plan";
import type Timer from "time/timer";
import type { HostPort } from "wire/host_port";

const PLAN_INPUT = "diagnosis input";
const INPUT_BYTES = 4096;
/** Bytes of each of the buffers on the way; REGISTER goes out in as many pieces as it takes. */
const BUFFER_BYTES = 4096;
/** A service that only passes devices on does so at once: it is waited for so long (ms) after the registration. */
const REDIRECT_TIME = 1000;
const REDIRECT_LIMIT = 5;
/** Columns of a line: step, result, words. */
const STEP_WIDTH = 12;
const RESULT_WIDTH = 8;

export interface DiagnosisOptions {
	readonly settings: ArrowSettings;
	readonly identity: ArrowIdentity;
	readonly facts: DiagnosisFacts;
	readonly io: ArrowIO;
	/** The plan that {@link planDiagnosis} was given. */
	readonly plan: MemoryPlan;
	readonly print: (text: string) => void;
	/** It is over; `code` is the exit status, `address` the device's own address as the service sees it leave, "" when unknown. */
	done(code: number, address: string): void;
}

/** Sessions are not opened: one is laid out, as a client has at least one. */
function diagnosisOptions(settings: ArrowSettings, identity: ArrowIdentity): ClientOptions {
	return { ...clientOptions(settings, identity), sessions: 1, scans: undefined };
}

function linkOptions(settings: ArrowSettings): LinkOptions {
	return { authorities: settings.authorities, legacyCiphers: settings.legacyCiphers, buffer: BUFFER_BYTES };
}

/** Reserves what a {@link Diagnosis} needs. @throws Error naming the authorities' file when it is of no use. */
export function planDiagnosis(plan: MemoryPlan, settings: ArrowSettings, identity: ArrowIdentity, io: ArrowIO): void {
	planClient(plan, diagnosisOptions(settings, identity));
	planLink(plan, linkOptions(settings), io);
	plan.reserve(PLAN_INPUT, INPUT_BYTES, "");
}

/**
 * One attempt to reach the Arrow service, told step by step in words. It registers as the device does, waits a second for a
 * redirect, which it follows, and leaves. It opens no session, keeps nothing, and tries nothing twice.
 */
export class Diagnosis implements LinkOwner {
	readonly #options: DiagnosisOptions;
	readonly #io: ArrowIO;
	readonly #client: Client;
	readonly #link: Link;
	readonly #timer: Timer;
	readonly #input: number;
	#target: HostPort;
	/** How far the link came, and when that began. */
	#step = LINK_RESOLVING;
	#began = 0;
	#address = "";
	#ownAddress = "";
	#redirects = 0;
	#over = false;
	#code: number = Exit.OK;

	/** @throws Error naming the authorities' file when it is of no use. */
	constructor(options: DiagnosisOptions) {
		const { io, plan, settings } = options;
		this.#options = options;
		this.#io = io;
		this.#client = new Client(plan, diagnosisOptions(settings, options.identity), io.monotonic());
		this.#link = new Link(io, plan, linkOptions(settings), this);
		this.#timer = new io.Timer({ onTimer: () => this.#due() });
		this.#input = plan.offset(PLAN_INPUT);
		this.#target = settings.address;
	}

	start(): void {
		this.#connect(this.#target);
	}

	linkAdvanced(): void {
		const { host, port } = this.#target;
		if (this.#link.state === LINK_CONNECTING) {
			this.#address = this.#link.address;
			this.#say("name", "ok", host === this.#address ? host + " is an address" : this.#nameWords());
		} else {
			this.#ownAddress = this.#link.localAddress;
			this.#say(
				"connection",
				"ok",
				place(this.#address, port) + " answers " + this.#elapsed() + "; the device is " + this.#ownAddress,
			);
		}
		this.#step = this.#link.state;
		this.#began = this.#io.monotonic();
	}

	linkOpened(): void {
		const { settings } = this.#options;
		const now = this.#io.monotonic();
		this.#say("TLS", "ok", this.#link.security + ", certificate checked against " + settings.authorities);
		this.#step = LINK_OPEN;
		this.#began = now;
		this.#client.open(now);
		this.#turn(now);
		this.#arm();
	}

	linkReadable(): void {
		const now = this.#io.monotonic();
		while (!this.#over && this.#link.state === LINK_OPEN) {
			const count = this.#link.read(this.#input, INPUT_BYTES);
			if (count <= 0) break;
			this.#take(count, now);
			this.#turn(now);
		}
		if (!this.#over) this.#arm();
	}

	linkWritable(): void {
		this.#turn(this.#io.monotonic());
	}

	/** By the step that the link had reached. */
	linkFailed(reason: string): void {
		if (this.#over) return;
		switch (this.#step) {
			case LINK_RESOLVING:
				this.#fail("name", Exit.NO_NAME, reason);
				break;
			case LINK_CONNECTING:
				this.#fail("connection", Exit.NO_CONNECTION, reason, place(this.#address, this.#target.port) + ": ");
				break;
			case LINK_SECURING: {
				const plain = reason.indexOf("TLS: ") === 0 ? reason.slice(5) : reason;
				this.#fail("TLS", tlsFault(plain), plain);
				break;
			}
			default:
				this.#fail("REGISTER", Exit.NO_ANSWER, reason, this.#client.established ? "accepted, then " : "no answer; ");
		}
	}

	#connect(target: HostPort): void {
		this.#target = target;
		this.#step = LINK_RESOLVING;
		this.#began = this.#io.monotonic();
		this.#options.print("Arrow service " + place(target.host, target.port));
		this.#timer.schedule(this.#options.settings.times.connect);
		this.#link.connect(target.host, target.port);
	}

	/** Gives the client what came; answers go out between. */
	#take(count: number, now: number): void {
		let at = this.#input;
		const end = at + count;
		while (at < end) {
			const taken = this.#client.input(at, end - at, now);
			at += taken;
			if (taken === 0) break;
			this.#send(now);
		}
	}

	#send(now: number): void {
		const { sender } = this.#client;
		const link = this.#link;
		while (!link.blocked && link.state === LINK_OPEN && this.#client.state !== STATE_CLOSED) {
			sender.collect(now);
			if (sender.length === 0) break;
			sender.sent(link.write(sender.offset, sender.length));
			link.flush();
		}
	}

	#turn(now: number): void {
		this.#send(now);
		for (let event = this.#client.poll(); event !== EVENT_NONE && !this.#over; event = this.#client.poll()) {
			if (event === EVENT_ESTABLISHED) this.#registered();
			else if (event === EVENT_CLOSED) this.#closed();
		}
	}

	#registered(): void {
		this.#say("REGISTER", "ok", "accepted " + this.#elapsed());
		this.#timer.schedule(REDIRECT_TIME);
	}

	/** The client ended the connection: the service's answer was none that it goes on with. */
	#closed(): void {
		const { reason, answer, target } = this.#client;
		const text = CLOSE_TEXT[reason];
		switch (reason) {
			case CLOSE_UNAUTHORIZED:
				this.#fail("REGISTER", Exit.NOT_PAIRED, "the service does not know this device yet: it is not paired");
				break;
			case CLOSE_UNSUPPORTED_VERSION:
				this.#fail("REGISTER", Exit.NO_SUCH_VERSION, "the service does not support version 2 of the protocol");
				break;
			case CLOSE_REFUSED:
				this.#fail("REGISTER", Exit.REFUSED, "refused with the code " + answer.toString(16) + meaningOf(answer));
				break;
			case CLOSE_NO_ACK:
				this.#fail("REGISTER", Exit.NO_ANSWER, "no answer in " + this.#options.settings.times.ack / 1000 + " s");
				break;
			case CLOSE_REDIRECT:
				if (target !== undefined) this.#redirect(target);
				break;
			default:
				this.#fail(
					this.#client.established ? "protocol" : "REGISTER",
					Exit.NO_ARROW,
					"what answers does not speak Arrow: " + text,
				);
		}
	}

	#redirect(target: HostPort): void {
		const words = "the service sends the device on to " + place(target.host, target.port);
		if (++this.#redirects > REDIRECT_LIMIT) {
			this.#fail("redirect", Exit.REDIRECTS, words + ", for the " + this.#redirects + "th time");
			return;
		}
		this.#say("redirect", "ok", words);
		this.#link.close();
		this.#connect(target);
	}

	/** The timer's call: a step takes too long, or the registration has held. */
	#due(): void {
		if (this.#over) this.#done();
		else if (this.#step !== LINK_OPEN) {
			this.#link.close();
			this.linkFailed("no answer in " + this.#options.settings.times.connect / 1000 + " s");
		} else if (this.#client.established) this.#finish(Exit.OK);
		else {
			const now = this.#io.monotonic();
			this.#client.tick(now);
			this.#turn(now);
			if (!this.#over) this.#arm();
		}
	}

	/** Waits for the answer to REGISTER. */
	#arm(): void {
		if (this.#step !== LINK_OPEN || this.#client.established) return;
		const delay = this.#client.deadline - this.#io.monotonic();
		this.#timer.schedule(delay > 0 ? Math.ceil(delay) : 0);
	}

	#fail(step: string, code: number, reason: string, before = ""): void {
		this.#say(step, "FAILED", before + connectionWords(reason));
		const lines = advice(code, reason, this.#options.facts);
		for (let i = 0; i < lines.length; i++) this.#say("", "", lines[i]);
		this.#finish(code);
	}

	/** Leaves the service; the rest waits for the next turn of the loop, as this may be a call of the link's. */
	#finish(code: number): void {
		this.#over = true;
		this.#code = code;
		if (this.#link.state === LINK_OPEN) this.#link.end();
		this.#link.close();
		this.#timer.schedule(0);
	}

	#done(): void {
		this.#link.dispose();
		this.#timer.close();
		this.#options.done(this.#code, this.#ownAddress);
	}

	#say(step: string, result: string, words: string): void {
		this.#options.print("  " + step.padEnd(STEP_WIDTH) + result.padEnd(RESULT_WIDTH) + words);
	}

	#nameWords(): string {
		const { addresses } = this.#link;
		const others = addresses.indexOf(", ") < 0 ? "" : ", taken from " + addresses;
		return this.#target.host + " is " + this.#address + others;
	}

	#elapsed(): string {
		return "in " + Math.round(this.#io.monotonic() - this.#began) + " ms";
	}
}

function place(host: string, port: number): string {
	return (host.indexOf(":") < 0 ? host : "[" + host + "]") + ":" + port;
}

/** What the protocol calls a code (section 2.1). */
function meaningOf(code: number): string {
	switch (code) {
		case 3:
			return " (connection error)";
		case 4:
			return " (unsupported method)";
		case 0xffffffff:
			return " (internal server error)";
		default:
			return "";
	}
}
