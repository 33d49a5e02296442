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

/** Events that wait, each kind once per stream; bitmaps of contexts add up. There is always room. */
export class ControlEvents {
	/** For each kind the bits that wait. */
	readonly #waiting = new Uint8Array(KINDS);
	#any = false;
	place = 0;
	value = 0;

	/** @param bits of places, or of contexts. */
	add(event: number, bits: number): void {
		this.#waiting[event] |= bits;
		this.#any = true;
	}

	/** What happened to the stream is not told any more. */
	drop(event: number, place: number): void {
		this.#waiting[event] &= ~(1 << place);
	}

	/** The next one, told once. */
	take(): number {
		if (!this.#any) return EVENT_NONE;
		const waiting = this.#waiting;
		for (let event = 1; event < KINDS; event++) {
			const bits = waiting[event];
			if (bits === 0) continue;
			if (event === EVENT_CONTEXT_ACK || event === EVENT_CONTEXT_NACK) {
				this.value = bits;
				waiting[event] = 0;
			} else {
				this.place = 31 - Math.clz32(bits & -bits);
				waiting[event] = bits & (bits - 1);
			}
			return event;
		}
		this.#any = false;
		return EVENT_NONE;
	}
}
