import { PROBE_RTSP } from "discovery/verdict";
import type { Arena } from "storage/arena";

/** How far a scan is with a host. */
export const HOST_NONE = 0;
/** Its ports are tried. */
export const HOST_PORTS = 1;
/** RTSP and HTTP are looked for at its open ports, side by side. */
export const HOST_PROBES = 2;
export const HOST_DONE = 3;

/**
 * A host: address 4, open ports 4, tried ports 4 (bits by place), MAC 6, found 1, stage 1, answered 1, busy 1, silent 1, cursors 2 and
 * probes 2 (by kind), 1 unused.
 */
export const HOST_BYTES = 28;
const ADDRESS = 0;
const OPEN = 4;
const TRIED = 8;
const MAC = 12;
const FOUND = 18;
const STAGE = 19;
const ANSWERED = 20;
const BUSY = 21;
const SILENT = 22;
const CURSOR = 23;
const PROBES = 25;

const MAC_BYTES = 6;

/** The table of the hosts that a scan has found. A place is used for another host only when it turned out that nothing is there. */
export class Hosts {
	readonly limit: number;
	readonly bytes: Uint8Array;
	readonly #view: DataView;
	readonly #offset: number;

	/** Uses `limit` × HOST_BYTES bytes at `offset`. */
	constructor(arena: Arena, offset: number, limit: number) {
		this.limit = limit;
		this.bytes = arena.bytes;
		this.#view = arena.view;
		this.#offset = offset;
	}

	clear(): void {
		this.bytes.fill(0, this.#offset, this.#offset + this.limit * HOST_BYTES);
	}

	/** Takes a place, that of a host without open ports where all are taken. @returns its number, or -1. */
	add(address: number, found: number, answered: boolean): number {
		const host = this.#place();
		if (host < 0) return -1;
		const at = this.#at(host);
		this.bytes.fill(0, at, at + HOST_BYTES);
		this.#view.setUint32(at + ADDRESS, address);
		this.bytes[at + FOUND] = found;
		this.bytes[at + ANSWERED] = answered ? 1 : 0;
		this.bytes[at + STAGE] = HOST_PORTS;
		return host;
	}

	#place(): number {
		let spare = -1;
		for (let host = 0; host < this.limit; host++) {
			const stage = this.stage(host);
			if (stage === HOST_NONE) return host;
			if (spare < 0 && stage === HOST_DONE && this.open(host) === 0) spare = host;
		}
		return spare;
	}

	remove(host: number): void {
		const at = this.#at(host);
		this.bytes.fill(0, at, at + HOST_BYTES);
	}

	/** @returns the host with that address, -1 when there is none. */
	find(address: number): number {
		for (let host = 0; host < this.limit; host++)
			if (this.stage(host) !== HOST_NONE && this.address(host) === address) return host;
		return -1;
	}

	address(host: number): number {
		return this.#view.getUint32(this.#at(host) + ADDRESS);
	}

	/** Open ports, a bit for each place. */
	open(host: number): number {
		return this.#view.getUint32(this.#at(host) + OPEN);
	}

	isOpen(host: number, place: number): boolean {
		return ((this.open(host) >>> place) & 1) === 1;
	}

	setOpen(host: number, place: number): void {
		this.#view.setUint32(this.#at(host) + OPEN, (this.open(host) | (1 << place)) >>> 0);
	}

	/** The first place below `count` that was not tried, -1 when all were. */
	untried(host: number, count: number): number {
		const tried = this.#view.getUint32(this.#at(host) + TRIED);
		for (let place = 0; place < count; place++) if (((tried >>> place) & 1) === 0) return place;
		return -1;
	}

	setTried(host: number, place: number, tried: boolean): void {
		const at = this.#at(host) + TRIED;
		const bits = this.#view.getUint32(at);
		this.#view.setUint32(at, (tried ? bits | (1 << place) : bits & ~(1 << place)) >>> 0);
	}

	/** Sum of FOUND_… (discovery/result). */
	found(host: number): number {
		return this.bytes[this.#at(host) + FOUND];
	}

	addFound(host: number, flag: number): void {
		this.bytes[this.#at(host) + FOUND] |= flag;
	}

	/** It has answered something in this scan. */
	answered(host: number): boolean {
		return this.bytes[this.#at(host) + ANSWERED] === 1;
	}

	setAnswered(host: number): void {
		this.bytes[this.#at(host) + ANSWERED] = 1;
	}

	/** Where its six octets lie in `bytes`; all zero: not known. */
	mac(host: number): number {
		return this.#at(host) + MAC;
	}

	setMAC(host: number, bytes: Uint8Array, offset: number): void {
		const at = this.mac(host);
		for (let i = 0; i < MAC_BYTES; i++) this.bytes[at + i] = bytes[offset + i];
	}

	stage(host: number): number {
		return this.bytes[this.#at(host) + STAGE];
	}

	setStage(host: number, stage: number): void {
		this.bytes[this.#at(host) + STAGE] = stage;
	}

	/** The next port of the probes of a kind (PROBE constants), as its number in their order. */
	cursor(host: number, kind: number): number {
		return this.bytes[this.#at(host) + CURSOR + kind - PROBE_RTSP];
	}

	setCursor(host: number, kind: number, cursor: number): void {
		this.bytes[this.#at(host) + CURSOR + kind - PROBE_RTSP] = cursor;
	}

	/** A probe of that kind is at work. */
	probing(host: number, kind: number): boolean {
		return this.bytes[this.#at(host) + PROBES + kind - PROBE_RTSP] === 1;
	}

	setProbing(host: number, kind: number, probing: boolean): void {
		this.bytes[this.#at(host) + PROBES + kind - PROBE_RTSP] = probing ? 1 : 0;
	}

	/** Sockets used for it. */
	busy(host: number): number {
		return this.bytes[this.#at(host) + BUSY];
	}

	addBusy(host: number, change: number): void {
		this.bytes[this.#at(host) + BUSY] += change;
	}

	/** Connections that nobody answered. */
	silent(host: number): number {
		return this.bytes[this.#at(host) + SILENT];
	}

	addSilent(host: number): void {
		this.bytes[this.#at(host) + SILENT]++;
	}

	/** Moves a host to a place before its own. */
	move(from: number, to: number): void {
		const at = this.#at(from);
		this.bytes.copyWithin(this.#at(to), at, at + HOST_BYTES);
		this.remove(from);
	}

	#at(host: number): number {
		return this.#offset + host * HOST_BYTES;
	}
}
