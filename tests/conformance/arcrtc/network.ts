import { Numbers } from "fuzz/numbers";
import type { Arena } from "storage/arena";

/** Bytes of a place for one datagram under way. */
const PLACE = 1248;
const PARTS = 1 << 20;
/** A datagram that is held back so that others overtake it comes so many milliseconds later. */
const REORDER_MS = 25;

/** What one direction of the network does to datagrams. Probabilities are 0..1, times milliseconds. */
export interface Conditions {
	loss?: number;
	/** Mean number of datagrams lost in a row. Default 1: each for itself. */
	burst?: number;
	delay?: number;
	/** Further delay from 0 to this, each datagram for itself: with more than the distance between two they overtake each other. */
	jitter?: number;
	/** Probability that a datagram comes 25 ms later than it would have. */
	reorder?: number;
	duplicate?: number;
}

/**
 * One direction of a network in memory. Datagrams lie in a region of the arena that its two ends use, so nothing is allocated for one.
 * Chance comes from a seed, time from who calls.
 */
export class Line {
	/** Counted since the beginning. */
	taken = 0;
	lost = 0;
	duplicated = 0;
	/** Lost in a blackout. */
	cut = 0;
	arrived = 0;
	/** No room for it. */
	full = 0;
	/** When set, only datagrams for which it says so go through. */
	passes: ((offset: number, length: number) => boolean) | undefined;
	readonly #arena: Arena;
	readonly #start: number;
	readonly #lengths: Int32Array;
	/** When the datagram of a place arrives. */
	readonly #due: Float64Array;
	/** Places, those under way first, in the order in which they arrive; then the free ones. */
	readonly #order: Int16Array;
	#count = 0;
	readonly #numbers: Numbers;
	#loss = 0;
	#leave = 1;
	#delay = 0;
	#jitter = 0;
	#reorder = 0;
	#duplicate = 0;
	#losing = false;
	#cutFrom = Infinity;
	#cutUntil = -Infinity;

	/** The region is `lineBytes(places)` bytes at `offset`. */
	constructor(arena: Arena, offset: number, places: number, seed: number) {
		this.#arena = arena;
		this.#start = offset;
		this.#lengths = new Int32Array(places);
		this.#due = new Float64Array(places);
		this.#order = new Int16Array(places);
		for (let i = 0; i < places; i++) this.#order[i] = i;
		this.#numbers = new Numbers(seed);
	}

	set(conditions: Conditions): void {
		this.#loss = conditions.loss ?? 0;
		this.#leave = 1 / (conditions.burst ?? 1);
		this.#delay = conditions.delay ?? 0;
		this.#jitter = conditions.jitter ?? 0;
		this.#reorder = conditions.reorder ?? 0;
		this.#duplicate = conditions.duplicate ?? 0;
	}

	/** Nothing that is sent from `from` until `until` arrives. */
	blackout(from: number, until: number): void {
		this.#cutFrom = from;
		this.#cutUntil = until;
	}

	/** Takes the datagram at `offset` of the arena. */
	send(offset: number, length: number, now: number): void {
		this.taken++;
		if ((now >= this.#cutFrom && now < this.#cutUntil) || (this.passes !== undefined && !this.passes(offset, length))) {
			this.cut++;
			return;
		}
		if (this.#loses()) {
			this.lost++;
			return;
		}
		this.#put(offset, length, now);
		if (this.#chance(this.#duplicate)) {
			this.duplicated++;
			this.#put(offset, length, now);
		}
	}

	/** When the next datagram arrives; Infinity: none is under way. */
	get deadline(): number {
		return this.#count === 0 ? Infinity : this.#due[this.#order[0]];
	}

	/** Writes the datagram that has arrived first, if one has by `now`, to `to` of the arena. @returns its bytes, 0: none. */
	receive(to: number, now: number): number {
		const order = this.#order;
		const first = order[0];
		if (this.#count === 0 || this.#due[first] > now) return 0;
		order.copyWithin(0, 1, this.#count);
		order[--this.#count] = first;
		this.arrived++;
		const from = this.#start + first * PLACE;
		const length = this.#lengths[first];
		this.#arena.bytes.copyWithin(to, from, from + length);
		return length;
	}

	#put(offset: number, length: number, now: number): void {
		const due = this.#due;
		const order = this.#order;
		const place = order[this.#count];
		if (this.#count === order.length || length > PLACE) {
			this.full++;
			return;
		}
		let time = now + this.#delay + (this.#jitter * this.#numbers.below(PARTS)) / PARTS;
		if (this.#chance(this.#reorder)) time += REORDER_MS;
		let at = this.#count++;
		while (at > 0 && due[order[at - 1]] > time) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = place;
		due[place] = time;
		this.#lengths[place] = length;
		this.#arena.bytes.copyWithin(this.#start + place * PLACE, offset, offset + length);
	}

	/** Two states, so that losses come in runs and their share is still `loss`. */
	#loses(): boolean {
		const loss = this.#loss;
		if (loss <= 0) return false;
		if (loss >= 1) return true;
		const leave = this.#leave;
		if (leave >= 1) return this.#chance(loss);
		const enter = (leave * loss) / (1 - loss);
		this.#losing = this.#chance(this.#losing ? 1 - leave : enter);
		return this.#losing;
	}

	#chance(probability: number): boolean {
		return probability > 0 && this.#numbers.below(PARTS) < probability * PARTS;
	}
}

/** Bytes of the region of a line with so many datagrams under way at most. */
export function lineBytes(places: number): number {
	return places * PLACE;
}

/** A clock that is off: what it shows when the right time is `now`. */
export class Clock {
	readonly #offset: number;
	readonly #rate: number;

	/** `offset` ms ahead at 0, `ppm` millionths too fast. */
	constructor(offset: number, ppm: number) {
		this.#offset = offset;
		this.#rate = 1 + ppm / 1000000;
	}

	at(now: number): number {
		return this.#offset + now * this.#rate;
	}

	/** The right time at which it shows `time`. */
	when(time: number): number {
		return (time - this.#offset) / this.#rate;
	}
}
