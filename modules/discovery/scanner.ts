import { sizeOf } from "discovery/addresses";
import { Counters } from "discovery/counters";
import { HOST_NONE, type Hosts } from "discovery/hosts";
import { Inquiry, type ProbeFace } from "discovery/inquiry";
import { NeighbourState } from "discovery/network";
import { Pace } from "discovery/pace";
import type { Report } from "discovery/report";
import { FOUND_ARP, FOUND_ICMP } from "discovery/result";
import type { DiscoverySettings } from "discovery/settings";
import { SLOT_BYTES, SLOT_CLOSING, SLOT_FREE, SLOT_SCOUT, Slots } from "discovery/slots";
import {
	FAILURE_ROOM,
	FAILURE_SILENT,
	STEP_CLOSE,
	STEP_CONNECT,
	STEP_FINISHED,
	STEP_NEIGHBOURS,
	STEP_NETWORK,
	STEP_NONE,
} from "discovery/steps";
import { BLOCK, Sweep } from "discovery/sweep";
import type { Target, Targets } from "discovery/targets";
import type { Arena } from "storage/arena";

/** How often in a scan a connection that this host has no room for is tried again. */
const ROOM_LIMIT = 200;

const MAC_BYTES = 6;

/** Where a scan is. */
const Phase = Object.freeze({ IDLE: 0, NETWORK: 1, SWEEP: 2, INQUIRY: 3, CONFIRM: 4, FINISHED: 5 } as const);

/** Bytes that a scanner needs of the arena, reports and probes not counted. */
export function scannerBytes(sockets: number): number {
	return sockets * SLOT_BYTES + BLOCK;
}

/**
 * A scan (section 2.7), without I/O: events and the time in, steps and the next deadline out. Ask `next` for steps and do them until it
 * says STEP_NONE; do so again after each event and at `deadline`.
 *
 *     begin ─▶ NETWORK ─▶ SWEEP: who is there? ─▶ INQUIRY: what do they offer? ─▶ CONFIRM: whose MAC, who is there really? ─┐
 *                ▲ next network, or the next 256 addresses of this one                                                     │
 *                └──────────────────────────────────────────────────────────────────────────────────────────────────────────┴▶ FINISHED
 */
export class Scanner {
	readonly counters = new Counters();
	readonly targets: Targets;
	/** When `next` is due though nothing happens; Infinity: not at all. */
	deadline = Infinity;
	/** With the step. */
	address = 0;
	port = 0;
	slot = -1;
	offset = 0;
	length = 0;
	/** The network that is scanned. */
	target = 0;
	readonly #settings: DiscoverySettings;
	readonly #pace: Pace;
	readonly #slots: Slots;
	readonly #sweep: Sweep;
	readonly #inquiry: Inquiry;
	#report: Report;
	#hosts: Hosts;
	#phase: number = Phase.IDLE;
	/** Addresses of the target that are done; -1: it was not told of. */
	#position = -1;
	/** The next place of the block to look for a host at. */
	#candidate = 0;
	#roomless = 0;
	#begun = 0;

	/** Uses `scannerBytes(settings.sockets)` bytes at `offset`; the first scan will fill `report`. */
	constructor(
		arena: Arena,
		offset: number,
		settings: DiscoverySettings,
		targets: Targets,
		probes: readonly ProbeFace[],
		report: Report,
	) {
		const { counters } = this;
		this.targets = targets;
		this.#settings = settings;
		this.#report = report;
		this.#hosts = report.hosts;
		this.#pace = new Pace(settings.rate);
		this.#slots = new Slots(arena, offset, settings.sockets);
		this.#sweep = new Sweep(arena, offset + settings.sockets * SLOT_BYTES, this.#slots, this.#pace, counters, settings.icmp);
		this.#inquiry = new Inquiry(settings, this.#slots, this.#pace, counters, probes, report);
	}

	get running(): boolean {
		return this.#phase !== Phase.IDLE;
	}

	/** Sockets in use. */
	get sockets(): number {
		return this.#slots.used;
	}

	/** Begins a scan of the targets as they are now, into `report`. `echoes`: ICMP echo requests may be sent. */
	begin(report: Report, echoes: boolean, now: number): void {
		report.clear();
		this.#report = report;
		this.#hosts = report.hosts;
		this.#pace.begin(now);
		this.#sweep.reset(echoes);
		this.#inquiry.reset(report);
		this.target = 0;
		this.#position = -1;
		this.#roomless = 0;
		this.#begun = now;
		this.#phase = Phase.NETWORK;
		this.counters.scans++;
	}

	/** Ends a scan at once; what is open must be closed. */
	abort(): void {
		for (let host = 0; host < this.#hosts.limit; host++) if (this.#hosts.stage(host) !== HOST_NONE) this.#inquiry.abandon(host);
		for (let slot = 0; slot < this.#slots.count; slot++) if (this.#slots.use(slot) !== SLOT_FREE) this.#slots.free(slot);
		this.#phase = Phase.IDLE;
		this.deadline = Infinity;
	}

	/** What is to be done next. */
	next(now: number): number {
		if (this.#phase === Phase.IDLE) return STEP_NONE;
		this.#expire(now);
		let step: number = STEP_NONE;
		do step = this.#closing() ? STEP_CLOSE : this.#step(now);
		while (step === STEP_NONE && this.#isClosing);
		if (step === STEP_NONE) this.#setDeadline();
		else this.#count(step);
		return step;
	}

	/** The connection of a slot is up. */
	opened(slot: number, now: number): void {
		if (!this.#isAtWork(slot)) return;
		if (this.#slots.use(slot) === SLOT_SCOUT) {
			this.#sweep.scoutAnswered(this.#slots.subject(slot));
			this.#slots.close(slot);
		} else this.#inquiry.opened(slot, now);
	}

	/** It could not be made, or broke: one of the FAILURE constants. */
	failed(slot: number, failure: number, now: number): void {
		if (!this.#isAtWork(slot)) return;
		let cause = failure;
		if (failure === FAILURE_ROOM) {
			this.counters.noRoom++;
			if (++this.#roomless > ROOM_LIMIT) cause = FAILURE_SILENT;
		}
		if (this.#slots.use(slot) === SLOT_SCOUT) {
			this.#sweep.scoutFailed(this.#slots.subject(slot), cause, now);
			this.#slots.close(slot);
		} else this.#inquiry.failed(slot, cause, now);
	}

	received(slot: number, offset: number, length: number, now: number): void {
		if (this.#isAtWork(slot)) this.#inquiry.received(slot, offset, length, now);
	}

	/** The peer has closed its sending side. */
	ended(slot: number, now: number): void {
		if (this.#isAtWork(slot)) this.#inquiry.ended(slot, now);
	}

	sent(slot: number, count: number, now: number): void {
		if (this.#isAtWork(slot)) this.#inquiry.sent(slot, count, now);
	}

	writable(slot: number): void {
		if (this.#isAtWork(slot)) this.#inquiry.writable(slot);
	}

	/** How the ARP request or the echo request went: DONE, AGAIN or DENIED. */
	solicited(result: number, now: number): void {
		this.#sweep.solicited(result, now);
	}

	echoed(result: number, now: number): void {
		this.#sweep.echoed(result, now);
	}

	/** Somebody answered an echo request. */
	answered(address: number): void {
		if (this.#phase === Phase.IDLE || !this.#sweep.answered(address)) return;
		const host = this.#hosts.find(address);
		if (host < 0) return;
		this.#hosts.addFound(host, FOUND_ICMP);
		this.#hosts.setAnswered(host);
	}

	/** The neighbour table has `address` in one of the states, its MAC at `offset` of `bytes`. */
	neighbour(address: number, state: number, bytes: Uint8Array, offset: number): void {
		const host = this.#hosts.find(address);
		if (state !== NeighbourState.SILENT && this.#settings.exclusions.excludesMAC(bytes, offset)) {
			if (this.#sweep.leaveOut(address)) this.counters.excluded++;
			if (host >= 0) this.#drop(host);
			return;
		}
		this.#sweep.neighbour(address, state);
		if (host < 0 || state === NeighbourState.SILENT) return;
		if (state === NeighbourState.LIVE) this.#hosts.addFound(host, FOUND_ARP);
		if (hasMAC(bytes, offset)) this.#hosts.setMAC(host, bytes, offset);
	}

	/** All neighbours were told; `readable`: there is a table. */
	neighboursTold(readable: boolean): void {
		if (this.#phase === Phase.SWEEP) this.#sweep.neighboursTold(readable);
		else if (this.#phase === Phase.CONFIRM) this.#confirm();
	}

	#step(now: number): number {
		for (;;) {
			let step: number = STEP_NONE;
			switch (this.#phase) {
				case Phase.NETWORK:
					if (this.#beginBlock()) return STEP_NETWORK;
					continue;
				case Phase.SWEEP:
					step = this.#sweep.next(now);
					if (step === STEP_NONE && this.#sweep.done) {
						this.#phase = Phase.INQUIRY;
						this.#candidate = 0;
						continue;
					}
					this.#takeSweepStep();
					return step;
				case Phase.INQUIRY:
					this.#admit();
					step = this.#inquiry.next(now);
					if (step === STEP_NONE && this.#inquiry.idle) {
						/* Hosts that turned out to offer nothing may have made room for others. */
						if (!this.#admit()) this.#phase = Phase.CONFIRM;
						continue;
					}
					this.#takeInquiryStep();
					return step;
				case Phase.CONFIRM:
					if (this.#current.arp) return STEP_NEIGHBOURS;
					this.#confirm();
					continue;
				default:
					/* What is not closed yet is on its way to be. */
					if (this.#slots.used > 0) return STEP_NONE;
					this.#finish(now);
					return STEP_FINISHED;
			}
		}
	}

	get #current(): Target {
		return this.targets.targets[this.target];
	}

	/** Begins with the next addresses, or ends the scan. @returns whether a network has begun: its addresses come with the next call. */
	#beginBlock(): boolean {
		if (this.target === this.targets.targets.length) {
			this.#phase = Phase.FINISHED;
			return false;
		}
		if (this.#position < 0) {
			this.#position = 0;
			return true;
		}
		const { base, prefix, arp } = this.#current;
		const first = base + this.#position;
		const count = Math.min(BLOCK, sizeOf(prefix) - this.#position);
		this.#sweep.begin(first, count, arp, this.#settings.ports.scouts);
		for (let address = first; address < first + count; address++) {
			const { targets, target } = this;
			if (targets.isVacant(address) || targets.isEdge(this.#current, address) || targets.isEarlier(target, address))
				this.#sweep.leaveOut(address);
			else if (this.#settings.exclusions.excludesAddress(address) && this.#sweep.leaveOut(address)) this.counters.excluded++;
		}
		this.#phase = Phase.SWEEP;
		return false;
	}

	/** Takes hosts of the sweep into the table, as many as have room. @returns whether it took one. */
	#admit(): boolean {
		const sweep = this.#sweep;
		let taken = false;
		for (;;) {
			const place = sweep.findHost(this.#candidate);
			if (place < 0) return taken;
			const host = this.#hosts.add(sweep.addressAt(place), sweep.foundAt(place), sweep.answeredAt(place));
			if (host < 0) {
				if (!this.#inquiry.idle) return taken;
				this.counters.hostsOver++;
			} else taken = true;
			this.#candidate = place + 1;
		}
	}

	/** Drops hosts that the neighbour table knew and that answered nothing, not even ARP; then goes on. */
	#confirm(): void {
		const hosts = this.#hosts;
		for (let host = 0; host < hosts.limit; host++) {
			if (hosts.stage(host) === HOST_NONE || hosts.answered(host) || hosts.found(host) !== 0) continue;
			this.#report.removeHost(host);
		}
		this.#position += BLOCK;
		if (this.#position >= sizeOf(this.#current.prefix)) {
			this.target++;
			this.#position = -1;
		}
		this.#phase = Phase.NETWORK;
	}

	#finish(now: number): void {
		this.#report.duration = now - this.#begun;
		this.#report.finish();
		this.#phase = Phase.IDLE;
		this.deadline = Infinity;
	}

	/** Leaves a host alone from now on, and forgets it. */
	#drop(host: number): void {
		this.#inquiry.abandon(host);
		this.#report.removeHost(host);
	}

	/** Takes one socket that is to be closed: it counts as free when the step is done. */
	#closing(): boolean {
		for (let slot = 0; slot < this.#slots.count; slot++) {
			if (this.#slots.use(slot) !== SLOT_CLOSING) continue;
			this.#slots.free(slot);
			this.slot = slot;
			return true;
		}
		return false;
	}

	get #isClosing(): boolean {
		for (let slot = 0; slot < this.#slots.count; slot++) if (this.#slots.use(slot) === SLOT_CLOSING) return true;
		return false;
	}

	/** Ends what is overdue. */
	#expire(now: number): void {
		for (let slot = 0; slot < this.#slots.count; slot++) {
			if (this.#slots.deadline(slot) > now) continue;
			this.#slots.setDeadline(slot, Infinity);
			if (this.#slots.use(slot) === SLOT_SCOUT) this.failed(slot, FAILURE_SILENT, now);
			else this.#inquiry.expired(slot, FAILURE_SILENT, now);
		}
	}

	#setDeadline(): void {
		const sweeping = this.#phase === Phase.SWEEP;
		let deadline = sweeping ? this.#sweep.deadline : this.#inquiry.deadline;
		if (sweeping ? this.#sweep.held : this.#inquiry.held) deadline = Math.min(deadline, this.#pace.next);
		for (let slot = 0; slot < this.#slots.count; slot++) deadline = Math.min(deadline, this.#slots.deadline(slot));
		this.deadline = deadline;
	}

	#isAtWork(slot: number): boolean {
		const use = this.#slots.use(slot);
		return use !== SLOT_FREE && use !== SLOT_CLOSING;
	}

	#takeSweepStep(): void {
		const { ports } = this.#settings;
		this.address = this.#sweep.address;
		this.slot = this.#sweep.slot;
		this.port = ports.at(ports.scout(this.#sweep.place));
	}

	#takeInquiryStep(): void {
		this.slot = this.#inquiry.slot;
		this.address = this.#inquiry.address;
		this.port = this.#inquiry.port;
		this.offset = this.#inquiry.offset;
		this.length = this.#inquiry.length;
	}

	#count(step: number): void {
		if (step === STEP_CONNECT) this.counters.connects++;
		this.counters.socketsPeak = Math.max(this.counters.socketsPeak, this.#slots.peak);
	}
}

function hasMAC(bytes: Uint8Array, offset: number): boolean {
	for (let i = 0; i < MAC_BYTES; i++) if (bytes[offset + i] !== 0) return true;
	return false;
}
