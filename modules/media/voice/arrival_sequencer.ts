/** Fingerprints of the last packets that copies are looked for among. */
const REMEMBERED = 8;
/** A packet with the bytes of an earlier one is a copy when it comes that much (in frames) before one is due ... */
const EARLY = 1 / 2;
/** ... or less early, but at the heels of another packet: within so many frames. */
const HEELS = 1 / 4;
/** The sender's phase is the earliest arrival of this time (ms) and the one before it. */
const WINDOW = 2_000;
/** After that long (ms) without a packet nothing is known of the sender's phase. */
const LONGEST_PAUSE = 2_000;
/** A packet that is this late (ms, and frames) comes after a pause and not after losses. */
const PAUSE = 160;
const PAUSE_FRAMES = 4;
/** A gap of nearly a frame is one: the phase is known to a part of a frame. */
const SLACK = 1 / 8;
/** A packet that comes half a frame too early shows that a gap was none: that much more is needed for the next one, in frames. */
const DOUBT = 1 / 2;
const MOST_DOUBT = 3;
const DOUBT_FADES = 0.998;
const LEAST_DOUBT = 1e-3;
/** A number that is further away begins another stream. */
const LONGEST_STEP = 1_000;

/**
 * Numbers packets that bring no number: their frames follow one another at the sender's pace, so that a packet which comes a whole
 * frame later than the sender's phase says is the one after a lost one. The phase is that of the fastest packet of the last seconds.
 * As long as packets are delayed by less than a frame against the fastest one, every loss is seen at its place. With more delay
 * than that losses and delays look alike: the sequencer learns it from packets that come too early, and then counts losses only
 * that are longer; what it misses shifts the stream by a frame, which the jitter buffer sets right.
 *
 * A copy of a packet is known by its fingerprint and its time: it comes where no packet is due. Frames of digital silence or of a
 * tone are the same bytes, too, but come on schedule.
 */
export class ArrivalSequencer {
	// Fields are found one after the other: private ones first, and of those the ones used for each packet.
	#expected = 0;
	readonly #perMs: number;
	#last = -Infinity;
	/** Arrival minus media time of the fastest packet, in ms: of the last window and of this one. */
	#base = 0;
	/** Highest number given, and the media time behind its packet, in units since the first. */
	#number = 0;
	readonly #prints = new Int32Array(REMEMBERED);
	#print = 0;
	#began = 0;
	#earlier = 0;
	#current = 0;
	/** Frames that a packet must be late beyond one before a gap is believed. */
	#doubt = 0;
	/** Of the packet that was numbered last: its number, 16 bits, and its media time, 32 bits. */
	sequence = 0;
	media = 0;
	/** Copies of packets. */
	copies = 0;

	constructor(unitsPerMs: number) {
		this.#perMs = unitsPerMs;
	}

	/** Another sender. */
	reset(): void {
		this.#last = -Infinity;
		this.#doubt = 0;
		this.copies = 0;
	}

	/** Numbers a packet that has no number; it is `units` long. @returns false: a copy of one that came already. */
	accept(print: number, units: number, now: number): boolean {
		const prints = this.#prints;
		const number = this.#number + 1;
		if (now - this.#last > LONGEST_PAUSE) this.begin(number & 0xffff, now);
		else {
			const frames = ((now - this.#base) * this.#perMs - this.#expected) / units;
			if (prints.indexOf(print) >= 0 && this.untimely(frames, units, now)) {
				this.copies++;
				return false;
			}
			// Nearly all packets are the next one, at their time.
			const plain = frames >= -1 / 2 && frames + SLACK < 1 && this.#doubt === 0;
			this.#number = (plain ? number : number + this.gap(frames, units)) & 0xffff;
		}
		const at = this.#print;
		prints[at] = print;
		this.#print = (at + 1) & (REMEMBERED - 1);
		this.place(units, now);
		return true;
	}

	/** A packet that has a number but no media time: the time follows from the number, and from the pauses in between. */
	number(sequence: number, units: number, now: number): void {
		const step = ((sequence - this.#number) << 16) >> 16;
		if (now - this.#last > LONGEST_PAUSE || step > LONGEST_STEP || step < -LONGEST_STEP) this.begin(sequence, now);
		else if (step <= 0) {
			this.sequence = sequence;
			this.media = (this.#expected + (step - 1) * units) | 0;
			return;
		} else {
			this.#expected += (step - 1) * units;
			this.pause((this.lateness(now) * this.#perMs) / units, units);
		}
		this.#number = sequence;
		this.place(units, now);
	}

	private begin(number: number, now: number): void {
		const base = now - this.#expected / this.#perMs;
		this.#number = number;
		this.#prints.fill(-1);
		this.#base = base;
		this.#began = now;
		this.#earlier = base;
		this.#current = base;
	}

	/** Milliseconds by which the next packet is later than the sender's phase says. */
	private lateness(now: number): number {
		return now - this.#base - this.#expected / this.#perMs;
	}

	/** @returns whether no packet is due when it is `frames` late. */
	private untimely(frames: number, units: number, now: number): boolean {
		if (frames < -EARLY) return true;
		return frames < -SLACK && (now - this.#last) * this.#perMs < HEELS * units;
	}

	/** @returns packets lost before the one that is `frames` late. */
	private gap(frames: number, units: number): number {
		if (this.pause(frames, units)) return 0;
		if (frames < -1 / 2 && this.#doubt < MOST_DOUBT) this.#doubt += DOUBT;
		const doubt = this.#doubt * DOUBT_FADES;
		this.#doubt = doubt > LEAST_DOUBT ? doubt : 0;
		if (frames + SLACK < 1 + this.#doubt) return 0;
		const lost = Math.floor(frames + SLACK);
		this.#expected += lost * units;
		return lost;
	}

	/** @returns true when the sender was silent; its media time went on. */
	private pause(frames: number, units: number): boolean {
		if (frames < PAUSE_FRAMES || frames * units < PAUSE * this.#perMs) return false;
		this.#expected += Math.floor(frames) * units;
		return true;
	}

	private place(units: number, now: number): void {
		const expected = this.#expected;
		const transit = now - expected / this.#perMs;
		if (now - this.#began > WINDOW) {
			this.#began = now;
			this.#earlier = this.#current;
			this.#current = transit;
		} else if (transit < this.#current) this.#current = transit;
		const current = this.#current;
		const earlier = this.#earlier;
		this.#base = current < earlier ? current : earlier;
		this.#last = now;
		this.sequence = this.#number;
		this.media = expected | 0;
		this.#expected = expected + units;
	}
}
