import type { Counters } from "discovery/counters";
import { NeighbourState } from "discovery/network";
import type { Pace } from "discovery/pace";
import { FOUND_ARP, FOUND_ICMP } from "discovery/result";
import { SLOT_SCOUT, type Slots } from "discovery/slots";
import {
	AGAIN,
	DENIED,
	DONE,
	FAILURE_REFUSED,
	FAILURE_ROOM,
	STEP_CONNECT,
	STEP_ECHO,
	STEP_NEIGHBOURS,
	STEP_NONE,
	STEP_SOLICIT,
} from "discovery/steps";
import type { Arena } from "storage/arena";

/** Addresses that are swept together: few enough for a host's neighbour table. */
export const BLOCK = 256;

/** How long (ms) an ARP request, with one repetition by the host, and an echo request may take. */
const ARP_TIME = 1500;
const ECHO_TIME = 1000;
/** How long (ms) an address that nothing is known of may take to answer a connect. */
const SCOUT_TIME = 1000;
/** When (ms) to try again where the host had no room. */
const ROOM_TIME = 20;

/* What is known of an address, as a sum. */
/** Nothing is sent to it. */
const LEFT_OUT = 1;
/** It answered an ARP request. */
const LIVE = 2;
/** It answered one some time ago. */
const STALE = 4;
const ECHOED = 8;
/** It answered a connect. */
const ANSWERED = 16;
/** Nobody is there. */
const DEAD = 32;
/** It had its turn in this phase. */
const TRIED = 64;
const SOMEBODY = LIVE | STALE | ECHOED | ANSWERED;

/** Where a sweep is. */
const Phase = Object.freeze({
	IDLE: 0,
	/** Who is known already? What is excluded by MAC must be known before anything is sent. */
	KNOWN: 1,
	SOLICIT: 2,
	SOLICIT_WAIT: 3,
	SOLICITED: 4,
	ECHO: 5,
	ECHO_WAIT: 6,
	ECHOED: 7,
	SCOUT: 8,
	SCOUTED: 9,
	DONE: 10,
} as const);

/**
 * Finds out at which of up to BLOCK addresses somebody is, with as few packets as the host allows:
 *
 *     KNOWN ──▶ SOLICIT ──▶ wait ──▶ SOLICITED ──▶ ECHO ──asked by ARP already──────▶ DONE
 *                  │ not allowed                    ▲ │ └──▶ wait ──▶ ECHOED ─┐        ▲
 *     no ARP there └───────────────────────────────▶│ └ not allowed ──────────┴▶ SCOUT ┘
 *
 * KNOWN, SOLICITED and ECHOED read the neighbour table, SCOUT does so after each of its two ports.
 */
export class Sweep {
	/** With the step: its address, the place of its port. */
	address = 0;
	place = 0;
	slot = -1;
	/** When it goes on by itself. */
	deadline = Infinity;
	/** It waits for leave to send a packet. */
	held = false;
	/** Echo requests may not be sent; found out at the first. */
	echoes: boolean;
	readonly #slots: Slots;
	readonly #pace: Pace;
	readonly #counters: Counters;
	readonly #state: Uint8Array;
	readonly #offset: number;
	#phase: number = Phase.IDLE;
	#base = 0;
	#count = 0;
	#next = 0;
	#round = 0;
	#rounds = 0;
	/** The neighbour table tells of these addresses; ARP requests may be asked for. */
	#arp = false;
	#solicits = false;
	#solicited = false;

	/** Uses BLOCK bytes at `offset`. */
	constructor(arena: Arena, offset: number, slots: Slots, pace: Pace, counters: Counters, echoes: boolean) {
		this.#state = arena.bytes;
		this.#offset = offset;
		this.#slots = slots;
		this.#pace = pace;
		this.#counters = counters;
		this.echoes = echoes;
	}

	/** Begins a scan: what was not allowed may be by now. */
	reset(echoes: boolean): void {
		this.#solicits = true;
		this.echoes = echoes;
		this.#phase = Phase.IDLE;
	}

	/** Begins with `count` addresses from `base` on. `rounds`: ports that are tried where nothing else tells. */
	begin(base: number, count: number, arp: boolean, rounds: number): void {
		this.#base = base;
		this.#count = count;
		this.#arp = arp;
		this.#rounds = rounds;
		this.#solicited = false;
		this.#state.fill(0, this.#offset, this.#offset + BLOCK);
		this.#enter(arp ? Phase.KNOWN : Phase.ECHO);
	}

	/** Nothing is to be sent to the address. @returns false when that was known, or it is none of these. */
	leaveOut(address: number): boolean {
		const index = this.#index(address);
		if (index < 0 || (this.#get(index) & LEFT_OUT) !== 0) return false;
		this.#add(index, LEFT_OUT);
		return true;
	}

	/** Nothing is to be sent to any of these addresses. @returns how many there were left. */
	leaveOutAll(): number {
		let count = 0;
		for (let index = 0; index < this.#count; index++) if (this.leaveOut(this.#base + index)) count++;
		return count;
	}

	get done(): boolean {
		return this.#phase === Phase.DONE;
	}

	/** The next address, from place `from` of the block on, at which somebody is. @returns its place, -1 when there is none. */
	findHost(from: number): number {
		for (let index = from; index < this.#count; index++) {
			const state = this.#get(index);
			if ((state & (LEFT_OUT | DEAD)) === 0 && (state & SOMEBODY) !== 0) return index;
		}
		return -1;
	}

	addressAt(index: number): number {
		return this.#base + index;
	}

	/** Sum of FOUND_… */
	foundAt(index: number): number {
		const state = this.#get(index);
		return (state & LIVE ? FOUND_ARP : 0) | (state & ECHOED ? FOUND_ICMP : 0);
	}

	/** Whether it has answered something besides ARP. */
	answeredAt(index: number): boolean {
		return (this.#get(index) & (ECHOED | ANSWERED)) !== 0;
	}

	/** The next step, STEP_NONE when nothing is to be done now. */
	next(now: number): number {
		this.held = false;
		for (;;) {
			switch (this.#phase) {
				case Phase.KNOWN:
				case Phase.SOLICITED:
				case Phase.ECHOED:
				case Phase.SCOUTED:
					return STEP_NEIGHBOURS;
				case Phase.SOLICIT:
					if (this.#findUnasked(LEFT_OUT | LIVE)) return this.#step(STEP_SOLICIT, now);
					this.#wait(Phase.SOLICIT_WAIT, now + ARP_TIME);
					break;
				case Phase.ECHO:
					if (this.echoes && this.#findUnasked(LEFT_OUT | DEAD | ECHOED)) return this.#step(STEP_ECHO, now);
					if (this.#solicited) this.#enter(Phase.DONE);
					else if (!this.echoes) this.#enter(Phase.SCOUT);
					else this.#wait(Phase.ECHO_WAIT, now + (this.#arp ? ARP_TIME : ECHO_TIME));
					break;
				case Phase.SOLICIT_WAIT:
				case Phase.ECHO_WAIT:
					if (now < this.deadline) return STEP_NONE;
					if (this.#phase === Phase.ECHO_WAIT && !this.#arp) this.#enter(Phase.SCOUT);
					else this.#wait(this.#phase === Phase.SOLICIT_WAIT ? Phase.SOLICITED : Phase.ECHOED, Infinity);
					break;
				case Phase.SCOUT:
					if (this.#round < this.#rounds && this.#findUnasked(LEFT_OUT | DEAD | SOMEBODY)) return this.#scout(now);
					if (this.#scouting) return STEP_NONE;
					this.#endRound();
					break;
				default:
					return STEP_NONE;
			}
		}
	}

	/** How the ARP request went. */
	solicited(result: number, now: number): void {
		if (result === DENIED) {
			this.#solicits = false;
			this.#solicited = false;
			this.#enter(Phase.ECHO);
			return;
		}
		this.#tried(result, now);
		if (result === DONE) this.#solicited = true;
	}

	/** How the echo request went. */
	echoed(result: number, now: number): void {
		this.#tried(result, now);
	}

	/** Somebody answered an echo request. @returns whether it is one of these addresses. */
	answered(address: number): boolean {
		const index = this.#index(address);
		if (index < 0) return false;
		this.#add(index, ECHOED);
		return true;
	}

	/** The neighbour table has the address. */
	neighbour(address: number, state: number): void {
		const index = this.#index(address);
		if (index < 0) return;
		this.#drop(index, LIVE | STALE);
		if (state === NeighbourState.LIVE) this.#add(index, LIVE);
		else if (state === NeighbourState.STALE) this.#add(index, STALE);
	}

	/** All neighbours were told, or the table cannot be read. */
	neighboursTold(readable: boolean): void {
		if (!readable) {
			this.#arp = false;
			this.#solicited = false;
		}
		const phase = this.#phase;
		if (phase === Phase.KNOWN) {
			this.#enter(this.#arp && this.#solicits ? Phase.SOLICIT : Phase.ECHO);
			return;
		}
		if (this.#arp) this.#bury();
		if (phase === Phase.SOLICITED) this.#enter(Phase.ECHO);
		else if (phase === Phase.ECHOED) this.#enter(Phase.SCOUT);
		else if (phase === Phase.SCOUTED) this.#beginRound(this.#round + 1);
	}

	/** A connect to an address was answered. */
	scoutAnswered(index: number): void {
		this.#add(index, ANSWERED);
	}

	scoutFailed(index: number, failure: number, now: number): void {
		if (failure === FAILURE_REFUSED) this.#add(index, ANSWERED);
		else if (failure === FAILURE_ROOM) {
			this.#drop(index, TRIED);
			this.#next = Math.min(this.#next, index);
			this.deadline = now + ROOM_TIME;
		}
	}

	/** A packet of the last step may not go yet, or it goes. */
	#step(step: number, now: number): number {
		if (this.#rests(now)) return STEP_NONE;
		if (!this.#pace.ready(now)) {
			this.held = true;
			return STEP_NONE;
		}
		this.#pace.take();
		this.address = this.#base + this.#next;
		if (step === STEP_ECHO) this.#counters.echoes++;
		else this.#counters.solicits++;
		return step;
	}

	/** The host had no room a moment ago. */
	#rests(now: number): boolean {
		if (this.deadline === Infinity) return false;
		if (now < this.deadline) return true;
		this.deadline = Infinity;
		return false;
	}

	#tried(result: number, now: number): void {
		if (result === AGAIN) this.deadline = now + ROOM_TIME;
		else if (result === DONE) this.#add(this.#next, TRIED);
		else this.#next++;
	}

	#scout(now: number): number {
		if (this.#slots.used === this.#slots.count || this.#rests(now)) return STEP_NONE;
		if (!this.#pace.ready(now)) {
			this.held = true;
			return STEP_NONE;
		}
		this.#pace.take();
		this.#add(this.#next, TRIED);
		this.slot = this.#slots.take(SLOT_SCOUT, this.#next, this.#round, now + SCOUT_TIME);
		this.address = this.#base + this.#next;
		this.place = this.#round;
		return STEP_CONNECT;
	}

	get #scouting(): boolean {
		for (let slot = 0; slot < this.#slots.count; slot++) if (this.#slots.use(slot) === SLOT_SCOUT) return true;
		return false;
	}

	#endRound(): void {
		if (this.#round >= this.#rounds) this.#enter(Phase.DONE);
		else if (this.#arp) this.#wait(Phase.SCOUTED, Infinity);
		else this.#beginRound(this.#round + 1);
	}

	#beginRound(round: number): void {
		this.#enter(Phase.SCOUT);
		this.#round = round;
	}

	/** Moves on to the next address that has none of `flags` and had no turn. @returns false when there is none. */
	#findUnasked(flags: number): boolean {
		while (this.#next < this.#count) {
			if ((this.#get(this.#next) & (flags | TRIED)) === 0) return true;
			this.#next++;
		}
		return false;
	}

	/** Who was asked for by ARP and did not answer is not there. */
	#bury(): void {
		for (let index = 0; index < this.#count; index++) {
			const state = this.#get(index);
			if ((state & TRIED) !== 0 && (state & SOMEBODY) === 0) this.#add(index, DEAD);
		}
	}

	#enter(phase: number): void {
		this.#phase = phase;
		this.#next = 0;
		this.#round = 0;
		this.deadline = Infinity;
		for (let index = 0; index < this.#count; index++) this.#drop(index, TRIED);
	}

	#wait(phase: number, deadline: number): void {
		this.#phase = phase;
		this.deadline = deadline;
	}

	#index(address: number): number {
		const index = address - this.#base;
		return index >= 0 && index < this.#count ? index : -1;
	}

	#get(index: number): number {
		return this.#state[this.#offset + index];
	}

	#add(index: number, flags: number): void {
		this.#state[this.#offset + index] |= flags;
	}

	#drop(index: number, flags: number): void {
		this.#state[this.#offset + index] &= ~flags;
	}
}
