import { Client, planClient } from "arrow/client";
import { EVENT_CLOSE, EVENT_CREDIT, EVENT_DATA, EVENT_NONE, EVENT_OPEN, SESSION_OPEN, STATE_CLOSED } from "arrow/constants";
import type { ServiceOptions } from "arrow/service";
import { configuredService } from "arrow/service";
import type { Session } from "arrow/session";
import type { ArrowSwitches } from "arrow/switches";
import { withSwitches } from "arrow/switches";
import type { ServiceTable } from "arrow/table";
import type { ArrowTimes } from "arrow/times";
import { withTimes } from "arrow/times";
import type { Arena } from "storage/arena";
import type { Discovery } from "discovery/result";
import { MemoryPlan } from "storage/plan";
import { FakeLocal } from "conformance/arrow/local";
import { Messages } from "conformance/arrow/messages";
import { formatHex, parseHex } from "wire/hex";

const INPUT = 70000;

export interface DriverOptions {
	services?: ServiceOptions[];
	window?: number;
	sessions?: number;
	gateway?: boolean;
	info?: string;
	/** Runs scans of at most 64 hosts with 32 ports. */
	discovery?: Discovery;
	/** Records of discovered services from an earlier run. */
	stored?: Uint8Array;
	dataLimit?: number;
	/** Bytes of the output region; default twice `dataLimit`. */
	output?: number;
	switches?: Partial<ArrowSwitches>;
	times?: Partial<ArrowTimes>;
	uuid?: string;
	key?: string;
	mac?: string;
}

/** The accepted answer to REGISTER. */
export const ACCEPT = "0200000000000000000008 0000 0000 00000000";
export const RTSP_LIVE: ServiceOptions = Object.freeze({ type: "rtsp", url: "rtsp://127.0.0.1:554/live" });

export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
	const plain = hex.split(" ").join("").split("|").join("");
	return parseHex(plain, plain.length / 2) as Uint8Array<ArrayBuffer>;
}

/** A state machine with a clock of the test's own, fed with bytes in hex; local sides are {@link FakeLocal}s. Does what the endpoint does. */
export class Driver {
	readonly client: Client;
	readonly table: ServiceTable;
	readonly arena: Arena;
	readonly locals: FakeLocal[] = [];
	/** Names of connection events, in order. */
	events = "";
	now = 1000;
	/** Bytes handed to the machine at a time; 0: all at once. */
	step = 0;
	readonly messages: Messages;
	readonly #input: number;

	constructor(options: DriverOptions = {}) {
		const services = [];
		for (const service of options.services ?? [RTSP_LIVE]) services.push(configuredService(service, "service"));
		const dataLimit = options.dataLimit ?? 8192;
		const clientOptions = {
			registration: {
				uuid: bytesOf(options.uuid ?? "0f1e2d3c4b5a46978877665544332211").buffer,
				key: bytesOf(options.key ?? "00112233445566778899aabbccddeeff").buffer,
				mac: bytesOf(options.mac ?? "020000123456").buffer,
				window: options.window ?? 8192,
				info: new Uint8Array(ArrayBuffer.fromString(options.info ?? "{}")),
			},
			services,
			gateway: options.gateway ?? false,
			sessions: options.sessions ?? 4,
			output: options.output ?? 2 * dataLimit,
			dataLimit,
			scans: options.discovery ? { hosts: 64, ports: 32 } : undefined,
			times: withTimes(options.times),
			switches: withSwitches(options.switches),
		};
		const plan = new MemoryPlan();
		planClient(plan, clientOptions);
		plan.reserve("test input", INPUT, "");
		this.client = new Client(plan, clientOptions, this.now, options.discovery, options.stored);
		this.table = this.client.table;
		this.arena = plan.allocate();
		this.#input = plan.offset("test input");
		this.messages = new Messages(this.arena);
		for (let i = 0; i < clientOptions.sessions; i++) this.locals.push(new FakeLocal(this.arena, this.client));
	}

	/** Opens a connection. */
	open(): this {
		this.client.open(this.now);
		this.turn();
		return this;
	}

	/** A connection whose REGISTER was accepted; nothing of that is left in the output. */
	establish(): this {
		this.open();
		this.feed(ACCEPT);
		this.out();
		this.events = "";
		return this;
	}

	/** Hands bytes in hex to the machine and lets it work. */
	feed(hex: string): this {
		const bytes = bytesOf(hex);
		this.arena.bytes.set(bytes, this.#input);
		return this.#hand(bytes.byteLength);
	}

	/** Hands a data message of `length` bytes: pattern bytes from `from` on. */
	feedData(service: string, session: string, from: number, length: number, then = ""): this {
		const header = bytesOf("02" + service + session);
		const { bytes, view } = this.arena;
		bytes.set(header, this.#input);
		view.setUint32(this.#input + 7, length);
		for (let i = 0; i < length; i++) bytes[this.#input + 11 + i] = FakeLocal.pattern(from + i);
		const rest = bytesOf(then);
		bytes.set(rest, this.#input + 11 + length);
		return this.#hand(11 + length + rest.byteLength);
	}

	/** Lets time pass, up to the machine's deadlines one after the other. */
	wait(milliseconds: number): this {
		const end = this.now + milliseconds;
		while (this.client.deadline <= end) {
			if (this.client.deadline > this.now) this.now = this.client.deadline;
			this.client.tick(this.now);
			this.turn();
		}
		this.now = end;
		this.client.tick(this.now);
		this.turn();
		return this;
	}

	/** What was sent since the last call, a line of words per message, joined by ", ". */
	out(): string {
		this.turn();
		return this.messages.take();
	}

	/** The same as hex. */
	raw(): string {
		this.turn();
		return this.messages.takeRaw();
	}

	/** Handles events, moves bytes both ways, and takes what is to be sent, until nothing moves. */
	turn(): void {
		const { client } = this;
		const { sender } = client;
		for (;;) {
			let moved = this.#dispatch();
			if (client.state === STATE_CLOSED) return;
			sender.collect(this.now);
			if (this.#fill()) moved = true;
			if (sender.length > 0) {
				this.messages.add(sender.offset, sender.length);
				sender.sent(sender.length);
				moved = true;
			}
			if (!moved) return;
		}
	}

	#hand(length: number): this {
		let at = this.#input;
		const end = at + length;
		while (at < end) {
			const piece = this.step > 0 && end - at > this.step ? this.step : end - at;
			const taken = this.client.input(at, piece, this.now);
			at += taken;
			if (this.step > 0 || taken < piece) this.turn();
		}
		this.turn();
		return this;
	}

	#dispatch(): boolean {
		const { client } = this;
		let any = false;
		for (let event = client.poll(); event !== EVENT_NONE; event = client.poll()) {
			any = true;
			const session = client.session;
			const local = this.locals[session.index];
			if (event === EVENT_OPEN) local.open(session);
			else if (event === EVENT_CLOSE) local.close();
			else if (event === EVENT_DATA) local.write(session);
			else if (event === EVENT_CREDIT) local.resumed++;
			else this.events += (this.events ? " " : "") + event;
		}
		return any;
	}

	/** One message per session and round, as far as there is room; as many as fit when only one has something. */
	#fill(): boolean {
		const { sender, sessions } = this.client;
		let any = false;
		let busy = 0;
		for (const local of this.locals) if (local.hasNews) busy++;
		const alone = busy === 1;
		for (let i = 0; i < this.locals.length; i++) {
			const session: Session = sessions.table.sessions[i];
			const local = this.locals[i];
			if (session.state !== SESSION_OPEN || !local.hasNews) continue;
			const room = local.pending > 0 ? sender.reserve(session, alone) : 0;
			if (room > 0) {
				sender.commit(session, local.read(sender.place, room));
				any = true;
			} else if (local.pending === 0) {
				sessions.ended(session, local.takeEnd());
				any = true;
			}
		}
		return any;
	}

	/** Bytes of the arena in hex, for messages of failures. */
	dump(offset: number, length: number): string {
		return formatHex(this.arena.bytes, offset, length);
	}
}
