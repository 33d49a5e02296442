import type { Counters } from "discovery/counters";
import { HOST_DONE, HOST_NONE, HOST_PORTS, HOST_PROBES, type Hosts } from "discovery/hosts";
import type { Pace } from "discovery/pace";
import type { Ports } from "discovery/ports";
import { NEXT_CONNECT, NEXT_DONE, NEXT_SEND, type Probe } from "discovery/probe";
import { type Report, SERVICE_TCP } from "discovery/report";
import type { DiscoverySettings } from "discovery/settings";
import { BLOCKED, CONNECTED, DIALING, SLOT_PORT, SLOT_PROBE, type Slots } from "discovery/slots";
import { FAILURE_REFUSED, FAILURE_ROOM, STEP_CONNECT, STEP_NONE, STEP_SEND } from "discovery/steps";
import { PROBE_HTTP, PROBE_RTSP, VERDICT_HTTP, VERDICT_NOTHING } from "discovery/verdict";
import { addressText } from "discovery/addresses";

/** A probe as it is used here: its public members. */
export type ProbeFace = Pick<Probe, keyof Probe>;

/** Connections to one host at a time. */
const PER_HOST = 4;
/** How long (ms) a connect may take, and at a host that has left so many unanswered. */
const CONNECT_TIME = 2000;
const SILENT_TIME = 1000;
const SILENT = 4;
/** When (ms) to try again where this host had no room for a connection. */
const ROOM_TIME = 100;

/**
 * Finds out what hosts offer. Of each host: which ports are open (up to PER_HOST connects at a time), then, a probe each side by side,
 * which of them speaks RTSP (by priority, the first counts) and which HTTP:
 *
 *     HOST_PORTS ──all tried──▶ HOST_PROBES: RTSP until found or all asked, HTTP until all asked ──both──▶ HOST_DONE
 */
export class Inquiry {
	/** With the step. */
	address = 0;
	port = 0;
	slot = -1;
	offset = 0;
	length = 0;
	/** It waits for leave to send a packet. */
	held = false;
	/** When it goes on by itself, besides the slots' deadlines. */
	deadline = Infinity;
	readonly #settings: DiscoverySettings;
	readonly #ports: Ports;
	readonly #slots: Slots;
	readonly #pace: Pace;
	readonly #counters: Counters;
	readonly #probes: readonly ProbeFace[];
	/** Probes at work, a bit for each. */
	#probing = 0;
	#report: Report;
	#hosts: Hosts;
	/** The host whose turn it is first. */
	#turn = 0;

	constructor(
		settings: DiscoverySettings,
		slots: Slots,
		pace: Pace,
		counters: Counters,
		probes: readonly ProbeFace[],
		report: Report,
	) {
		this.#settings = settings;
		this.#ports = settings.ports;
		this.#slots = slots;
		this.#pace = pace;
		this.#counters = counters;
		this.#probes = probes;
		this.#report = report;
		this.#hosts = report.hosts;
	}

	/** Begins a scan, which fills `report`. */
	reset(report: Report): void {
		this.#report = report;
		this.#hosts = report.hosts;
		this.#turn = 0;
		this.deadline = Infinity;
	}

	/** Whether nothing is left to be done for the hosts that are there. */
	get idle(): boolean {
		const hosts = this.#hosts;
		for (let host = 0; host < hosts.limit; host++) {
			const stage = hosts.stage(host);
			if (stage !== HOST_NONE && stage !== HOST_DONE) return false;
		}
		return true;
	}

	/** The next step, STEP_NONE when nothing is to be done now. */
	next(now: number): number {
		this.held = false;
		const step = this.#serveProbes(now);
		if (step !== STEP_NONE) return step;
		if (this.#rests(now)) return STEP_NONE;
		const limit = this.#hosts.limit;
		for (let i = 0; i < limit && this.#slots.used < this.#slots.count; i++) {
			const host = (this.#turn + i) % limit;
			const result = this.#serveHost(host, now);
			if (result === STEP_NONE) continue;
			this.#turn = (host + 1) % limit;
			return result;
		}
		/* A probe that was begun just now dials. */
		return this.#serveProbes(now);
	}

	/** The connection of a slot is up. */
	opened(slot: number, now: number): void {
		const host = this.#slots.subject(slot);
		this.#hosts.setAnswered(host);
		if (this.#slots.use(slot) === SLOT_PROBE) {
			this.#slots.setState(slot, CONNECTED);
			this.#probe(slot).connected(now);
			return;
		}
		this.#hosts.setOpen(host, this.#slots.place(slot));
		this.#leave(slot);
	}

	/** It failed, or broke. */
	failed(slot: number, failure: number, now: number): void {
		const host = this.#slots.subject(slot);
		if (failure === FAILURE_REFUSED) this.#hosts.setAnswered(host);
		if (failure === FAILURE_ROOM) this.deadline = now + ROOM_TIME;
		if (this.#slots.use(slot) === SLOT_PROBE) {
			this.#slots.setState(slot, 0);
			this.#slots.setDeadline(slot, Infinity);
			if (failure !== FAILURE_ROOM) this.#probe(slot).failed(now);
			return;
		}
		if (failure === FAILURE_ROOM) this.#hosts.setTried(host, this.#slots.place(slot), false);
		else if (failure !== FAILURE_REFUSED) this.#hosts.addSilent(host);
		this.#leave(slot);
	}

	/** Nothing came in time. */
	expired(slot: number, failure: number, now: number): void {
		if (this.#slots.use(slot) === SLOT_PROBE && (this.#slots.state(slot) & DIALING) === 0) this.#probe(slot).expire(now);
		else this.failed(slot, failure, now);
	}

	received(slot: number, offset: number, length: number, now: number): void {
		if (this.#slots.state(slot) & CONNECTED) this.#probe(slot).received(offset, length, now);
	}

	ended(slot: number, now: number): void {
		if (this.#slots.state(slot) & CONNECTED) this.#probe(slot).ended(now);
	}

	/** So many of the bytes have gone; 0: none can go before `writable`. */
	sent(slot: number, count: number, now: number): void {
		if (count > 0) this.#probe(slot).sent(count, now);
		else this.#slots.setState(slot, this.#slots.state(slot) | BLOCKED);
	}

	writable(slot: number): void {
		this.#slots.setState(slot, this.#slots.state(slot) & ~BLOCKED);
	}

	/** Ends what is under way at a host that is to be left alone. */
	abandon(host: number): void {
		for (let slot = 0; slot < this.#slots.count; slot++) {
			const use = this.#slots.use(slot);
			if ((use !== SLOT_PORT && use !== SLOT_PROBE) || this.#slots.subject(slot) !== host) continue;
			if (use === SLOT_PROBE) this.#freeProbe(slot);
			this.#leave(slot);
		}
	}

	/** What the probes want, and what they have found. */
	#serveProbes(now: number): number {
		if (this.#probing === 0) return STEP_NONE;
		for (let slot = 0; slot < this.#slots.count; slot++) {
			if (this.#slots.use(slot) !== SLOT_PROBE) continue;
			const step = this.#serveProbe(slot, now);
			if (step !== STEP_NONE) return step;
		}
		return STEP_NONE;
	}

	#serveProbe(slot: number, now: number): number {
		const slots = this.#slots;
		const probe = this.#probe(slot);
		switch (probe.next) {
			case NEXT_CONNECT:
				return slots.state(slot) & DIALING ? STEP_NONE : this.#dial(slot, now);
			case NEXT_SEND:
				slots.setDeadline(slot, probe.deadline);
				if (slots.state(slot) & BLOCKED) return STEP_NONE;
				this.slot = slot;
				this.offset = probe.outputOffset;
				this.length = probe.outputLength;
				return STEP_SEND;
			case NEXT_DONE:
				this.#conclude(slot);
				return STEP_NONE;
			default:
				slots.setDeadline(slot, probe.deadline);
				return STEP_NONE;
		}
	}

	#dial(slot: number, now: number): number {
		/* What came before is over; the time for this connection runs from when it is begun. */
		this.#slots.setState(slot, 0);
		this.#slots.setDeadline(slot, Infinity);
		if (this.#rests(now) || !this.#mayGo(now)) return STEP_NONE;
		const host = this.#slots.subject(slot);
		this.#slots.setState(slot, DIALING);
		this.#slots.setDeadline(slot, now + this.#settings.request);
		return this.#connect(slot, host, this.#slots.place(slot));
	}

	#serveHost(host: number, now: number): number {
		for (;;) {
			const stage = this.#hosts.stage(host);
			const step = this.#serveStage(host, now);
			if (step !== STEP_NONE || this.#hosts.stage(host) === stage) return step;
		}
	}

	#serveStage(host: number, now: number): number {
		const hosts = this.#hosts;
		switch (hosts.stage(host)) {
			case HOST_PORTS:
				return this.#tryPort(host, now);
			case HOST_PROBES:
				this.#ask(PROBE_RTSP, host, now);
				this.#ask(PROBE_HTTP, host, now);
				if (hosts.busy(host) === 0 && this.#allAsked(PROBE_RTSP, host) && this.#allAsked(PROBE_HTTP, host))
					hosts.setStage(host, HOST_DONE);
				return STEP_NONE;
			default:
				return STEP_NONE;
		}
	}

	#tryPort(host: number, now: number): number {
		const hosts = this.#hosts;
		const place = hosts.untried(host, this.#ports.count);
		if (place < 0) {
			if (hosts.busy(host) === 0) hosts.setStage(host, HOST_PROBES);
			return STEP_NONE;
		}
		if (hosts.busy(host) >= PER_HOST || !this.#mayGo(now)) return STEP_NONE;
		const silent = hosts.silent(host) >= SILENT;
		const slot = this.#slots.take(SLOT_PORT, host, place, now + (silent ? SILENT_TIME : CONNECT_TIME));
		hosts.setTried(host, place, true);
		hosts.addBusy(host, 1);
		return this.#connect(slot, host, place);
	}

	/** Begins a probe of `kind` at the next of the host's open ports that it is looked for at, unless one is at work. */
	#ask(kind: number, host: number, now: number): void {
		const hosts = this.#hosts;
		if (hosts.probing(host, kind)) return;
		while (!this.#allAsked(kind, host)) {
			const cursor = hosts.cursor(host, kind);
			const place = kind === PROBE_RTSP ? cursor : this.#ports.httpAt(cursor);
			if (hosts.isOpen(host, place) && !this.#begin(kind, host, place, now)) return;
			hosts.setCursor(host, kind, cursor + 1);
			if (hosts.probing(host, kind)) return;
		}
	}

	#allAsked(kind: number, host: number): boolean {
		return this.#hosts.cursor(host, kind) >= (kind === PROBE_RTSP ? this.#ports.rtspCount : this.#ports.httpCount);
	}

	/** @returns false when all probes or sockets are at work. */
	#begin(kind: number, host: number, place: number, now: number): boolean {
		let number = 0;
		while (number < this.#probes.length && (this.#probing & (1 << number)) !== 0) number++;
		if (number === this.#probes.length) return false;
		const slot = this.#slots.take(SLOT_PROBE, host, place, Infinity);
		if (slot < 0) return false;
		this.#slots.setProbe(slot, number, kind);
		this.#probing |= 1 << number;
		this.#hosts.setProbing(host, kind, true);
		this.#hosts.addBusy(host, 1);
		this.#probes[number].begin(kind, addressText(this.#hosts.address(host)), this.#ports.at(place), false, now);
		return true;
	}

	/** A probe has its verdict. */
	#conclude(slot: number): void {
		const { verdict, path, malformed } = this.#probe(slot);
		this.#counters.malformed += malformed;
		const host = this.#slots.subject(slot);
		const port = this.#ports.at(this.#slots.place(slot));
		if (verdict !== VERDICT_NOTHING) {
			if (verdict < VERDICT_HTTP) {
				this.#add(verdict, host, port, path);
				this.#add(SERVICE_TCP, host, port, "");
				this.#hosts.setCursor(host, PROBE_RTSP, this.#ports.rtspCount);
			} else {
				this.#add(VERDICT_HTTP, host, port, "");
				if (verdict !== VERDICT_HTTP) this.#add(verdict, host, port, path);
			}
		}
		this.#freeProbe(slot);
		this.#leave(slot);
	}

	#add(type: number, host: number, port: number, path: string): void {
		if (!this.#report.addService(type, host, port, path)) this.#counters.servicesOver++;
	}

	#freeProbe(slot: number): void {
		const number = this.#slots.probe(slot);
		this.#probes[number].cancel();
		this.#probing &= ~(1 << number);
		this.#hosts.setProbing(this.#slots.subject(slot), this.#slots.kind(slot), false);
	}

	/** A slot's work is over. */
	#leave(slot: number): void {
		this.#hosts.addBusy(this.#slots.subject(slot), -1);
		this.#slots.close(slot);
	}

	#probe(slot: number): ProbeFace {
		return this.#probes[this.#slots.probe(slot)];
	}

	/** This host had no room a moment ago. */
	#rests(now: number): boolean {
		if (this.deadline === Infinity) return false;
		if (now < this.deadline) return true;
		this.deadline = Infinity;
		return false;
	}

	#mayGo(now: number): boolean {
		if (this.#pace.ready(now)) return true;
		this.held = true;
		return false;
	}

	#connect(slot: number, host: number, place: number): number {
		this.#pace.take();
		this.slot = slot;
		this.address = this.#hosts.address(host);
		this.port = this.#ports.at(place);
		return STEP_CONNECT;
	}
}
