import { accept, number, strange } from "media/voice/timing";

/** Bytes of its table, and the word of it that the media time is; see timing_voice.c. */
const TABLE = 112;
const MEDIA = 18;

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
	readonly #table = new ArrayBuffer(TABLE);
	readonly #words = new Int32Array(this.#table);
	readonly #perMs: number;
	/** Of the packet that was numbered last: its number, 16 bits, and its media time, 32 bits. */
	sequence = 0;
	media = 0;
	/** Copies of packets. */
	copies = 0;

	constructor(unitsPerMs: number) {
		this.#perMs = unitsPerMs;
		strange(this.#table, unitsPerMs);
	}

	/** Another sender. */
	reset(): void {
		strange(this.#table, this.#perMs);
		this.copies = 0;
	}

	/** Numbers a packet that has no number; it is `units` long. @returns false: a copy of one that came already. */
	accept(print: number, units: number, now: number): boolean {
		const sequence = accept(this.#table, print, units, now);
		if (sequence < 0) {
			this.copies++;
			return false;
		}
		this.sequence = sequence;
		this.media = this.#words[MEDIA];
		return true;
	}

	/** A packet that has a number but no media time: the time follows from the number, and from the pauses in between. */
	number(sequence: number, units: number, now: number): void {
		this.sequence = number(this.#table, sequence, units, now);
		this.media = this.#words[MEDIA];
	}
}
