import type { Arena } from "storage/arena";

/** What a socket is used for. */
export const SLOT_FREE = 0;
/** Finding out whether somebody is at an address. */
export const SLOT_SCOUT = 1;
/** Finding out whether a host's port is open. */
export const SLOT_PORT = 2;
/** Finding out what speaks there. */
export const SLOT_PROBE = 3;
/** To be closed. */
export const SLOT_CLOSING = 4;

/* State of a probe's connection, as a sum. */
/** It was asked for, and neither came nor failed yet. */
export const DIALING = 1;
export const CONNECTED = 2;
/** It takes no bytes now. */
export const BLOCKED = 4;

/** A slot: deadline 8 (float), subject 2, use 1, port's place 1, probe 1, state 1, kind of probe 1, 1 unused. */
export const SLOT_BYTES = 16;
const DEADLINE = 0;
const SUBJECT = 8;
const USE = 10;
const PLACE = 11;
const PROBE = 12;
const STATE = 13;
const KIND = 14;

/** The sockets that a scan may use, and what each is used for. */
export class Slots {
	readonly count: number;
	/** In use, closing ones too. */
	used = 0;
	peak = 0;
	readonly #view: DataView;
	readonly #offset: number;

	/** Uses `count` × SLOT_BYTES bytes at `offset`, a multiple of 8. */
	constructor(arena: Arena, offset: number, count: number) {
		this.count = count;
		this.#view = arena.view;
		this.#offset = offset;
		for (let slot = 0; slot < count; slot++) this.free(slot);
		this.used = 0;
	}

	/** Takes one into use. @returns its number, -1 when all are in use. */
	take(use: number, subject: number, place: number, deadline: number): number {
		if (this.used === this.count) return -1;
		let slot = 0;
		while (this.use(slot) !== SLOT_FREE) slot++;
		const at = this.#at(slot);
		this.#view.setUint8(at + USE, use);
		this.#view.setUint16(at + SUBJECT, subject);
		this.#view.setUint8(at + PLACE, place);
		this.#view.setUint8(at + PROBE, 0);
		this.#view.setUint8(at + STATE, 0);
		this.setDeadline(slot, deadline);
		this.used++;
		if (this.used > this.peak) this.peak = this.used;
		return slot;
	}

	/** What it was used for is over; it is free when it is closed. */
	close(slot: number): void {
		if (this.use(slot) === SLOT_FREE) return;
		this.#view.setUint8(this.#at(slot) + USE, SLOT_CLOSING);
		this.setDeadline(slot, Infinity);
	}

	free(slot: number): void {
		this.#view.setUint8(this.#at(slot) + USE, SLOT_FREE);
		this.setDeadline(slot, Infinity);
		this.used--;
	}

	use(slot: number): number {
		return this.#view.getUint8(this.#at(slot) + USE);
	}

	/** Number of the address in its block (SLOT_SCOUT), or of the host. */
	subject(slot: number): number {
		return this.#view.getUint16(this.#at(slot) + SUBJECT);
	}

	/** The port, as its place in the list. */
	place(slot: number): number {
		return this.#view.getUint8(this.#at(slot) + PLACE);
	}

	/** Number of the probe (SLOT_PROBE). */
	probe(slot: number): number {
		return this.#view.getUint8(this.#at(slot) + PROBE);
	}

	/** What it looks for, one of the PROBE constants (SLOT_PROBE). */
	kind(slot: number): number {
		return this.#view.getUint8(this.#at(slot) + KIND);
	}

	setProbe(slot: number, probe: number, kind: number): void {
		this.#view.setUint8(this.#at(slot) + PROBE, probe);
		this.#view.setUint8(this.#at(slot) + KIND, kind);
	}

	/** Of a probe's connection. */
	state(slot: number): number {
		return this.#view.getUint8(this.#at(slot) + STATE);
	}

	setState(slot: number, state: number): void {
		this.#view.setUint8(this.#at(slot) + STATE, state);
	}

	deadline(slot: number): number {
		return this.#view.getFloat64(this.#at(slot) + DEADLINE);
	}

	setDeadline(slot: number, deadline: number): void {
		this.#view.setFloat64(this.#at(slot) + DEADLINE, deadline);
	}

	#at(slot: number): number {
		return this.#offset + slot * SLOT_BYTES;
	}
}
