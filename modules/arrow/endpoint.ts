import { Client } from "arrow/client";
import {
	CLOSE_LOST,
	CLOSE_REDIRECT,
	CLOSE_STOPPED,
	CLOSE_TEXT,
	CLOSE_UNAUTHORIZED,
	EVENT_CLOSE,
	EVENT_CLOSED,
	EVENT_CREDIT,
	EVENT_DATA,
	EVENT_ESTABLISHED,
	EVENT_NONE,
	EVENT_OPEN,
	EVENT_RESET,
	EVENT_SCAN,
	STATE_CLOSED,
	STATE_ESTABLISHED,
} from "arrow/constants";
import type { ArrowIO } from "arrow/io";
import type { LinkOwner } from "arrow/link";
import { LINK_OPEN, Link } from "arrow/link";
import type { LocalsOwner } from "arrow/locals";
import { Locals } from "arrow/locals";
import type { NamesOwner } from "arrow/names";
import { Names } from "arrow/names";
import type { ArrowState, EndpointOptions } from "arrow/plan";
import { clientOptions, linkOptions, PLAN_PLAIN } from "arrow/plan";
import { Retry } from "arrow/retry";
import { foundService } from "arrow/service";
import type { Discovery, ScanResult } from "discovery/result";
import type { Logger } from "host/logger";
import { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING } from "host/logger";
import type Timer from "time/timer";
import { type AsciiText, constantText } from "wire/ascii";
import type { HostPort } from "wire/host_port";

const AREA = "arrow";

/** Reads of one buffer each, and writes of one output region, before others get their turn. */
const READS = 2;
const WRITES = 4;
/** Time to send what waits at a stop, in milliseconds. */
const STOP_TIME = 1500;
const NONE = constantText("");

/**
 * Joins the Arrow client to the network: connects, carries bytes between the TLS connection, the client's state machine and the local
 * services, and tries again for ever. Everything is made in the constructor; each turn of the event loop does a bounded piece of work.
 */
export class Endpoint implements LinkOwner, LocalsOwner, NamesOwner {
	readonly #client: Client;
	readonly #link: Link;
	readonly #locals: Locals;
	readonly #names: Names;
	readonly #plain: number;
	readonly #plainSize: number;
	/** Plaintext that the client has not taken: answers had to go out first. */
	#plainAt = 0;
	#plainEnd = 0;
	readonly #io: ArrowIO;
	readonly #timer: Timer;
	readonly #again: Timer;
	/** What the timer is armed for. */
	#armed = Infinity;
	/** When the attempt under way is given up, the next one begins, or a stop is forced. */
	#phaseDeadline = Infinity;
	readonly #retry: Retry;
	readonly #address: HostPort;
	readonly #connectTime: number;
	readonly #expiry: number;
	readonly #logger: Logger;
	readonly #discovery: Discovery | undefined;
	readonly #onState: EndpointOptions["onState"];
	readonly #onServices: EndpointOptions["onServices"];
	#target: HostPort | undefined;
	/** The address of this attempt. */
	#current: HostPort;
	#waiting = false;
	#stopping = false;
	#ended = false;
	#stopped: (() => void) | undefined;
	#state: ArrowState = "connecting";
	#started = false;
	/** Attempts to connect since boot. */
	attempts = 0;
	/** Of the last connection: the service's numeric address, TLS version and cipher suite. */
	address: AsciiText = NONE;
	security: AsciiText = NONE;

	/** @throws Error naming the authorities' file when it is of no use. */
	constructor(options: EndpointOptions) {
		const { settings, io, plan, discovery } = options;
		const arena = plan.allocate();
		const client = new Client(plan, clientOptions(settings, options.identity), io.monotonic(), discovery, options.stored);
		// The rest of options and settings is garbage after boot.
		this.#address = settings.address;
		this.#connectTime = settings.times.connect;
		this.#expiry = settings.scans?.expiry ?? 0;
		this.#logger = options.log;
		this.#discovery = discovery;
		this.#onState = options.onState;
		this.#onServices = options.onServices;
		this.#io = io;
		this.#current = settings.address;
		this.#client = client;
		this.#link = new Link(io, plan, linkOptions(settings), this);
		this.#names = new Names(io, client.table, this);
		this.#locals = new Locals(io, arena.buffer, client, this.#names, this);
		this.#plain = plan.offset(PLAN_PLAIN);
		this.#plainSize = plan.size(PLAN_PLAIN);
		this.#retry = new Retry(settings.times, settings.switches, options.random, io.monotonic());
		this.#timer = new io.Timer({
			onTimer: () => {
				this.#armed = Infinity;
				this.#due();
			},
		});
		this.#again = new io.Timer({ onTimer: () => this.linkReadable() });
	}

	/** Begins to connect, and keeps connected until `stop`. */
	start(): void {
		if (this.#started) return;
		this.#started = true;
		this.#attempt();
		this.#names.start();
	}

	/** Someone pairs the device now: the pairing clock starts anew and the next attempt is made at once. */
	pair(): void {
		this.#retry.pair(this.#io.monotonic());
		if (this.#waiting) this.#attempt();
	}

	/** A scan is finished: what it found is shown, what no scan has seen for long is hidden; UPDATE follows when that changed anything. */
	scanFinished(result: ScanResult): void {
		const now = this.#io.monotonic();
		const { table } = this.#client;
		table.scanned();
		/* Hosts may share a MAC, behind a repeater for one: those that are known stay, whatever the order. */
		for (let i = 0; i < result.serviceCount; i++) {
			const service = foundService(result.serviceAt(i));
			if (service) table.confirm(service, now);
			else table.dropped++;
		}
		for (let i = 0; i < result.serviceCount; i++) {
			const service = foundService(result.serviceAt(i));
			if (service) table.found(service, now);
		}
		table.expire(now, this.#expiry);
		this.#client.tableChanged(now);
		this.#onServices?.(false);
		this.#arm();
	}

	/** Takes services from an earlier run that could not be read at the start: those that are not there by now are added. */
	restoreServices(stored: Uint8Array): void {
		const now = this.#io.monotonic();
		this.#client.table.restore(stored, now);
		this.#client.tableChanged(now);
		this.#arm();
	}

	/** Writes the records of discovered services at `offset` of the arena: at most FOUND_RECORDS_LIMIT bytes. @returns bytes written. */
	storeServices(offset: number): number {
		return this.#client.table.store(offset);
	}

	/** Sends what waits, ends TLS and the local connections, and calls `done`: at once when nothing is connected, else within 2 s. */
	stop(done: () => void): void {
		if (this.#stopping) return;
		this.#stopping = true;
		this.#stopped = done;
		this.#waiting = false;
		this.#names.stop();
		if (this.#client.state !== STATE_ESTABLISHED) {
			this.#end(CLOSE_STOPPED, "");
			return;
		}
		this.#locals.drain();
		this.#phaseDeadline = this.#io.monotonic() + STOP_TIME;
		this.#turn();
	}

	/** Frees what is native. After `stop`. */
	close(): void {
		this.#timer.close();
		this.#again.close();
		this.#locals.dispose();
		this.#link.dispose();
		this.#names.close();
	}

	get state(): ArrowState {
		return this.#state;
	}

	/** The machine, for figures. */
	get client(): Client {
		return this.#client;
	}

	get congested(): boolean {
		return this.#link.blocked;
	}

	linkOpened(): void {
		const now = this.#io.monotonic();
		this.#phaseDeadline = Infinity;
		this.#client.table.setOwnAddress(this.#link.localAddress);
		this.#plainAt = 0;
		this.#plainEnd = 0;
		this.#retry.registered(now);
		this.#client.open(now);
		const { address, security } = this.#link;
		this.address = constantText(address);
		this.security = constantText(security);
		this.#log(LEVEL_DEBUG, "secured", { address, tls: security });
		this.#turn();
	}

	linkReadable(): void {
		if (this.#link.state !== LINK_OPEN) return;
		const now = this.#io.monotonic();
		let reads = READS;
		while (this.#takeInput(now) && reads > 0) {
			const count = this.#link.read(this.#plain, this.#plainSize);
			if (count <= 0) break;
			this.#plainAt = this.#plain;
			this.#plainEnd = this.#plain + count;
			reads--;
		}
		// Bytes may wait in the TLS engine, of which the loop knows nothing.
		if (reads === 0) this.#again.schedule(0);
		this.#turn();
	}

	linkWritable(): void {
		if (this.#plainAt === this.#plainEnd) this.#turn();
		else {
			this.#link.reading(true);
			this.linkReadable();
		}
	}

	linkFailed(reason: string): void {
		this.#end(CLOSE_LOST, reason);
	}

	localReady(): void {
		this.#turn();
	}

	nameResolved(name: number, changed: boolean): void {
		this.#locals.resolved(name, changed);
		this.#client.tableChanged(this.#io.monotonic());
		this.#turn();
	}

	/** Gives the client plaintext that waits. @returns false when it cannot take all of it before answers went out. */
	#takeInput(now: number): boolean {
		let length = this.#plainEnd - this.#plainAt;
		while (length > 0) {
			const taken = this.#client.input(this.#plainAt, length, now);
			this.#plainAt += taken;
			length -= taken;
			if (length === 0) break;
			this.#send(now);
			if (this.#client.sender.full) {
				this.#link.reading(false);
				return false;
			}
		}
		return this.#client.state !== STATE_CLOSED;
	}

	/** Does what events and waiting bytes ask for, then arms the timer. */
	#turn(): void {
		const now = this.#io.monotonic();
		this.#dispatch();
		do this.#send(now);
		while (this.#dispatch());
		if (this.#stopping) this.#tryStop();
		const open = this.#client.state === STATE_ESTABLISHED && !this.#link.blocked;
		if (open && (this.#locals.waiting > 0 || this.#waits)) this.#again.schedule(0);
		this.#arm();
	}

	/** Control messages, then data, until there are none or the way out takes no more; one write to the network for all of it. */
	#send(now: number): void {
		const { sender } = this.#client;
		const link = this.#link;
		for (let rounds = 0; rounds < WRITES && !link.blocked && this.#client.state !== STATE_CLOSED; rounds++) {
			sender.collect(now);
			this.#locals.fill(now);
			// A local side that ended without further bytes leaves a HUP for the next round.
			if (sender.length === 0 && !this.#waits) break;
			sender.sent(link.write(sender.offset, sender.length));
			if (sender.length > 0) link.flush();
		}
		if (!link.blocked) link.flush();
	}

	/** Sessions have a DATA_ACK or HUP to send. */
	get #waits(): boolean {
		return this.#client.sessions.table.dues > 0;
	}

	/** Handles what the client reports. @returns whether there was anything. */
	#dispatch(): boolean {
		const client = this.#client;
		let event = client.poll();
		if (event === EVENT_NONE) return false;
		for (; event !== EVENT_NONE; event = client.poll()) {
			const session = client.session;
			switch (event) {
				case EVENT_DATA:
					this.#locals.write(session);
					break;
				case EVENT_CREDIT:
					this.#locals.resume(session);
					break;
				case EVENT_OPEN:
					this.#locals.open(session);
					break;
				case EVENT_CLOSE:
					this.#locals.close(session);
					break;
				case EVENT_ESTABLISHED:
					this.#retry.established();
					this.#log(LEVEL_INFO, "registered", { host: this.#current.host, port: this.#current.port, tls: this.#link.security });
					this.#enter("connected");
					break;
				case EVENT_CLOSED:
					this.#end(client.reason, "");
					break;
				case EVENT_RESET:
				case EVENT_SCAN:
					this.#requested(event);
					break;
			}
		}
		return true;
	}

	/** What the service asked for holds also when the connection ended behind it. */
	#requested(event: number): void {
		if (event === EVENT_RESET) this.#onServices?.(true);
		else if (!this.#stopping) this.#discovery?.scan();
	}

	/** A connection, or an attempt at one, is over. */
	#end(reason: number, detail: string): void {
		const client = this.#client;
		const now = this.#io.monotonic();
		client.fail(reason);
		this.#link.close();
		this.#again.cancel();
		let event = client.poll();
		for (; event !== EVENT_NONE; event = client.poll()) {
			if (event === EVENT_CLOSE) this.#locals.close(client.session);
			else if (event === EVENT_RESET || event === EVENT_SCAN) this.#requested(event);
		}
		this.#plainAt = 0;
		this.#plainEnd = 0;
		if (this.#stopping) {
			this.#finishStop();
			return;
		}
		if (this.#waiting) return;
		this.#waiting = true;
		const next = this.#retry.next(reason, client.established, now);
		client.established = false;
		this.#target = reason === CLOSE_REDIRECT && next <= now ? client.target : undefined;
		this.#phaseDeadline = next;
		const text = detail === "" ? CLOSE_TEXT[reason] : detail;
		const seconds = next === Infinity ? -1 : Math.round(next - now) / 1000;
		this.#log(LEVEL_WARNING, "closed", { host: this.#current.host, port: this.#current.port, reason: text, retry: seconds });
		if (this.#retry.slow) this.#enter("slow");
		else if (reason === CLOSE_UNAUTHORIZED) this.#enter("unauthorized");
		else this.#enter("connecting");
		this.#arm();
	}

	#attempt(): void {
		const now = this.#io.monotonic();
		this.#waiting = false;
		this.#current = this.#target ?? this.#address;
		this.#target = undefined;
		this.#phaseDeadline = now + this.#connectTime;
		this.#retry.attempt(now);
		this.attempts++;
		this.#log(LEVEL_DEBUG, "connect", { host: this.#current.host, port: this.#current.port });
		this.#link.connect(this.#current.host, this.#current.port);
		this.#arm();
	}

	/** The timer's call. */
	#due(): void {
		const now = this.#io.monotonic();
		if (now >= this.#phaseDeadline) {
			this.#phaseDeadline = Infinity;
			if (this.#stopping) this.#end(CLOSE_STOPPED, "");
			else if (this.#waiting) this.#attempt();
			else this.#end(CLOSE_LOST, "no connection in time");
		}
		// What the time ends is handled here too: the client says so as an event.
		const open = this.#client.state !== STATE_CLOSED;
		this.#names.tick(now);
		this.#client.tick(now);
		if (open) this.#turn();
		this.#arm();
	}

	#arm(): void {
		let at = this.#client.deadline;
		if (this.#phaseDeadline < at) at = this.#phaseDeadline;
		if (this.#names.deadline < at) at = this.#names.deadline;
		if (at >= this.#armed) return;
		this.#armed = at;
		const delay = at - this.#io.monotonic();
		this.#timer.schedule(delay > 0 ? Math.ceil(delay) : 0);
	}

	/** Goes on with a stop as far as nothing waits any more. */
	#tryStop(): void {
		if (this.#client.state !== STATE_ESTABLISHED) return;
		const sessions = this.#client.sessions.table.sessions;
		for (let i = 0; i < sessions.length; i++) if (sessions[i].connected && sessions[i].inbound.length > 0) return;
		if (this.#client.sender.length > 0 || this.#link.blocked) return;
		if (!this.#ended) {
			this.#ended = true;
			this.#link.end();
		}
		if (!this.#link.blocked) this.#end(CLOSE_STOPPED, "");
	}

	#finishStop(): void {
		const done = this.#stopped;
		this.#stopped = undefined;
		this.#phaseDeadline = Infinity;
		this.#link.close();
		this.#timer.cancel();
		this.#again.cancel();
		if (done) {
			this.#log(LEVEL_INFO, "stopped", {});
			done();
		}
	}

	#enter(state: ArrowState): void {
		if (state === this.#state) return;
		this.#state = state;
		this.#log(LEVEL_INFO, "state", { state });
		this.#onState?.(state);
	}

	#log(level: number, event: string, fields: Record<string, string | number | boolean>): void {
		this.#logger.log(level, AREA, event, fields);
	}
}
