import { arrive, lateness } from "media/voice/timing";

/** Numbers of its table, as timing_voice.c has them. */
const NUMBERS = 14;
const PER_MS = 0;
const REFERENCE = 1;
const MEDIA = 2;
const BASE = 3;
const LAST = 4;
/** Behind it: when the window began, and the base of the one before and of this one. */
const CURRENT = 7;
/** Ends of the line whose slope is the drift: time and base, of old and of half as old; and the base of the window before. */
const OLD_TIME = 8;
const OLD_BASE = 9;
const MID_TIME = 10;
const MID_BASE = 11;
const LAST_BASE = 12;
const DRIFT = 13;

/**
 * Media time of a stream against the clock of arrival. The packet that was fastest through the network within the last 2 to 4 seconds
 * is the base: others are late against it. The base follows the drift of the sender's clock: its slope is told from half a minute on,
 * over five to ten minutes, and anew when it jumps by more than 8 ms, which is another way through the network.
 */
export class TransitClock {
	readonly #numbers = new Float64Array(NUMBERS);
	/** For `lateness` and `arrive`, which are `delay` and `observe`. */
	readonly times: ArrayBuffer;

	constructor(unitsPerMs: number) {
		this.times = this.#numbers.buffer as ArrayBuffer;
		this.#numbers[PER_MS] = unitsPerMs;
		this.reset();
	}

	/** Arrival time minus media time of the fastest packet, in ms. */
	get base(): number {
		return this.#numbers[BASE];
	}

	/** Media time of the last packet in ms since the stream began. */
	get media(): number {
		return this.#numbers[MEDIA];
	}

	/** Arrival of the last packet; -Infinity before the first. */
	get last(): number {
		return this.#numbers[LAST];
	}

	/** By how many millionths the sender's clock is fast; 0 while unknown. */
	get drift(): number {
		return this.#numbers[DRIFT];
	}

	reset(): void {
		this.#numbers[LAST] = -Infinity;
		this.#numbers[DRIFT] = 0;
	}

	/** A stream begins: its media time 0 is now. */
	begin(media: number, now: number): void {
		const numbers = this.#numbers;
		numbers[MEDIA] = 0;
		numbers[REFERENCE] = media;
		for (let i = BASE; i <= CURRENT; i++) numbers[i] = now;
		numbers[LAST_BASE] = now;
		numbers[OLD_TIME] = now;
		numbers[OLD_BASE] = now;
		numbers[MID_TIME] = now;
		numbers[MID_BASE] = now;
	}

	/** How late a packet would be, in ms; below 0: it is the fastest. */
	delay(media: number, now: number): number {
		return lateness(this.times, media, now);
	}

	/** A packet has come. @returns how late it is, >= 0. */
	observe(media: number, now: number): number {
		return arrive(this.times, media, now);
	}
}
