/** What control packets bring about; `place` and `value` of {@link ControlEvents} go with it. */
export const EVENT_NONE = 0;
/** The peer lost pictures of our stream `place`: make a key frame. */
export const EVENT_PICTURE_LOSS = 1;
/** A report about our stream `place`: figures in `Transmission`; `value` is the extended number that came (32 bits). */
export const EVENT_REPORT = 2;
/** The peer has bound, or does not know, our contexts in the bitmap `value`. */
export const EVENT_CONTEXT_ACK = 3;
export const EVENT_CONTEXT_NACK = 4;
/** A packet of pictures of the peer's stream `place` will not come any more, unless FEC has brought it. */
export const EVENT_UNREPAIRED = 5;
/** The peer reported on its stream `place`: `Reception.captured` is good. */
export const EVENT_SENDER_REPORT = 6;

const KINDS = 7;
/** Bits of a kind, one for each place. */
const PLACES = 4;
const PLACES_MASK = 0xf;

/** Events that wait, each kind once per stream; bitmaps of contexts add up. There is always room. */
export class ControlEvents {
	/** Kinds with places that wait; contexts that wait. */
	#waiting = 0;
	#acks = 0;
	#nacks = 0;
	place = 0;
	value = 0;

	/** @param bits of places, or of contexts. */
	add(event: number, bits: number): void {
		if (event === EVENT_CONTEXT_ACK) this.#acks |= bits;
		else if (event === EVENT_CONTEXT_NACK) this.#nacks |= bits;
		else this.#waiting |= bits << (event * PLACES);
	}

	/** What happened to the stream is not told any more. */
	drop(event: number, place: number): void {
		this.#waiting &= ~(1 << (event * PLACES + place));
	}

	/** The next one, told once. */
	take(): number {
		const acks = this.#acks;
		if (acks !== 0) {
			this.value = acks;
			this.#acks = 0;
			return EVENT_CONTEXT_ACK;
		}
		const nacks = this.#nacks;
		if (nacks !== 0) {
			this.value = nacks;
			this.#nacks = 0;
			return EVENT_CONTEXT_NACK;
		}
		const waiting = this.#waiting;
		if (waiting === 0) return EVENT_NONE;
		for (let event = 1; event < KINDS; event++) {
			const bits = (waiting >>> (event * PLACES)) & PLACES_MASK;
			if (bits === 0) continue;
			const lowest = bits & -bits;
			this.place = 31 - Math.clz32(lowest);
			this.#waiting = waiting & ~(lowest << (event * PLACES));
			return event;
		}
		return EVENT_NONE;
	}
}
