/** The earliest arrival is looked for in this time (ms) and the one before it. */
const WINDOW = 2_000;
/** A base that moves by more (ms) from one window to the next is another way through the network and no drift. */
const JUMP = 8;
/** Drift is told from that long a time on (ms), and from at most twice `DRIFT_LONGEST`. */
const DRIFT_SHORTEST = 30_000;
const DRIFT_LONGEST = 300_000;

/**
 * Media time of a stream against the clock of arrival. The packet that was fastest through the network within the last seconds is
 * the base: others are late against it. The base follows the drift of the sender's clock.
 */
export class TransitClock {
	// Fields are found one after the other: private ones first, and of those the ones used for each packet.
	readonly #perMs: number;
	/** The same in its own units. */
	#reference = 0;
	#began = 0;
	#earlier = 0;
	#current = 0;
	/** Ends of the line whose slope is the drift: time and base, of old and of half as old. */
	#oldTime = 0;
	#oldBase = 0;
	#midTime = 0;
	#midBase = 0;
	#lastBase = 0;
	/** Arrival time minus media time of the fastest packet, in ms. */
	base = 0;
	/** Media time of the last packet in ms since the stream began. */
	media = 0;
	/** Arrival of the last packet; -Infinity before the first. */
	last = -Infinity;
	/** By how many millionths the sender's clock is fast; 0 while unknown. */
	drift = 0;

	constructor(unitsPerMs: number) {
		this.#perMs = unitsPerMs;
	}

	reset(): void {
		this.last = -Infinity;
		this.drift = 0;
	}

	/** A stream begins: its media time 0 is now. */
	begin(media: number, now: number): void {
		this.media = 0;
		this.#reference = media;
		this.last = now;
		this.base = now;
		this.#began = now;
		this.#earlier = now;
		this.#current = now;
		this.anchor(now);
	}

	/** How late a packet would be, in ms; below 0: it is the fastest. */
	delay(media: number, now: number): number {
		return now - this.base - this.media - ((media - this.#reference) | 0) / this.#perMs;
	}

	/** A packet has come. @returns how late it is, >= 0. */
	observe(media: number, now: number): number {
		const ms = this.media + ((media - this.#reference) | 0) / this.#perMs;
		this.media = ms;
		this.#reference = media;
		this.last = now;
		const transit = now - ms;
		if (now - this.#began > WINDOW) this.roll(transit, now);
		else if (transit < this.#current) this.#current = transit;
		const current = this.#current;
		const earlier = this.#earlier;
		const base = current < earlier ? current : earlier;
		this.base = base;
		return transit - base;
	}

	/** A new window begins with a packet. */
	private roll(transit: number, now: number): void {
		const base = this.#current;
		this.#began = now;
		this.#earlier = base;
		this.#current = transit;
		const change = base - this.#lastBase;
		this.#lastBase = base;
		if (change > JUMP || change < -JUMP) {
			this.anchor(now);
			return;
		}
		const passed = now - this.#oldTime;
		if (passed >= DRIFT_SHORTEST) this.drift = ((this.#oldBase - base) / passed) * 1e6;
		if (now - this.#midTime < DRIFT_LONGEST) return;
		this.#oldTime = this.#midTime;
		this.#oldBase = this.#midBase;
		this.#midTime = now;
		this.#midBase = base;
	}

	private anchor(now: number): void {
		const base = this.#current;
		this.#lastBase = base;
		this.#oldTime = now;
		this.#oldBase = base;
		this.#midTime = now;
		this.#midBase = base;
	}
}
