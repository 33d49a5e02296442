import { HMAC80_BYTES, OLD_KEY_MS } from "arcrtc/constants";
import { CONTROL_TRAILER, INDEX_BYTES } from "arcrtc/control_wire";
import type { HMAC } from "crypto/crypto";
import type { Arena } from "storage/arena";

/** What {@link ControlKeys.open} says. */
export const OPENED = 0;
export const CONTROL_FORMAT = -1;
export const CONTROL_UNKNOWN = -2;
export const CONTROL_OLD = -3;
export const CONTROL_REPLAY = -4;
export const CONTROL_AUTH = -5;

const INDEX_LIMIT = 0x80000000;
const WINDOW = 64;
/** Words of a window: highest index, then a bit for it and each of the 63 before it; no bit: nothing came yet. */
const WORDS = 3;
const RECENT = 1;
const EARLIER = 2;

/**
 * Authentication of control packets (sections 2.6 and 2.7): the SRTCP form of RFC 3711 section 3.4 with E = 0. A place is a stream of one
 * direction; it has the HMAC of its newest keys, for a time that of the keys before, and a window of the indexes that came.
 *
 * One index counts all packets that we send, so that a receiver may keep its window per sender, per stream or per key. It is not set
 * back by new keys (RFC 3711 section 3.2.1).
 */
export class ControlKeys {
	readonly #windows: Int32Array;
	readonly #view: DataView;
	readonly #buffer: ArrayBuffer;
	readonly #newest: (HMAC | undefined)[] = [];
	readonly #previous: (HMAC | undefined)[] = [];
	/** When the previous keys end; Infinity until something came under the newest. */
	readonly #ends: Float64Array;
	/** Index of the next packet that we send. */
	index = 0;

	constructor(arena: Arena, places: number) {
		this.#view = arena.view;
		this.#buffer = arena.buffer;
		this.#windows = new Int32Array(places * WORDS);
		this.#ends = new Float64Array(places);
		for (let place = 0; place < places; place++) {
			this.#newest.push(undefined);
			this.#previous.push(undefined);
		}
	}

	/** New keys of a place; those before stay valid until 1,000 ms after the first packet under the new ones. */
	install(place: number, auth: HMAC): void {
		this.#previous[place] = this.#newest[place];
		this.#newest[place] = auth;
		this.#ends[place] = Infinity;
	}

	/** A packet, of media or of control, came under the newest keys. */
	seen(place: number, now: number): void {
		if (this.#previous[place] !== undefined && this.#ends[place] === Infinity) this.#ends[place] = now + OLD_KEY_MS;
	}

	/** The previous keys are not used any more from here on. */
	retire(place: number): void {
		this.#previous[place] = undefined;
		this.#ends[place] = Infinity;
	}

	/** The stream is gone: keys and window are forgotten. */
	clear(place: number): void {
		this.#newest[place] = undefined;
		this.retire(place);
		const words = this.#windows;
		for (let word = 0; word < WORDS; word++) words[place * WORDS + word] = 0;
	}

	has(place: number): boolean {
		return this.#newest[place] !== undefined;
	}

	/** When the previous keys of a place end; Infinity: there are none, or nothing came under the newest ones. */
	ends(place: number): number {
		return this.#previous[place] === undefined ? Infinity : this.#ends[place];
	}

	/**
	 * Appends index and HMAC to `length` bytes at `offset`; 36 bytes behind them must be free, as the HMAC is cut off only then.
	 * @returns bytes of the datagram.
	 */
	seal(place: number, offset: number, length: number): number {
		const auth = this.#newest[place];
		if (auth === undefined) return 0;
		const index = this.index;
		this.#view.setUint32(offset + length, index);
		this.index = index + 1 === INDEX_LIMIT ? 0 : index + 1;
		const signed = length + INDEX_BYTES;
		auth.sign(this.#buffer, offset, signed, this.#buffer, offset + signed);
		return length + CONTROL_TRAILER;
	}

	/** Verifies a datagram against a place's keys and window, and moves the window when it is good. */
	open(place: number, offset: number, length: number, now: number): number {
		const auth = this.#newest[place];
		if (auth === undefined) return CONTROL_UNKNOWN;
		const tag = offset + length - HMAC80_BYTES;
		const index = this.#view.getUint32(tag - INDEX_BYTES);
		const verdict = this.judge(place * WORDS, index);
		if (verdict !== OPENED) return verdict;
		const buffer = this.#buffer;
		const signed = length - HMAC80_BYTES;
		if (auth.verify(buffer, offset, signed, tag, HMAC80_BYTES)) {
			this.seen(place, now);
		} else {
			const previous = this.#previous[place];
			if (previous === undefined || now >= this.#ends[place]) return CONTROL_AUTH;
			if (!previous.verify(buffer, offset, signed, tag, HMAC80_BYTES)) return CONTROL_AUTH;
		}
		this.accept(place * WORDS, index);
		return OPENED;
	}

	private judge(at: number, index: number): number {
		const words = this.#windows;
		const recent = words[at + RECENT];
		if (recent === 0) return OPENED;
		// Indexes have 31 bits and wrap.
		const behind = ((words[at] - index) << 1) >> 1;
		if (behind < 0) return OPENED;
		if (behind >= WINDOW) return CONTROL_OLD;
		const bits = behind < 32 ? recent >>> behind : words[at + EARLIER] >>> (behind - 32);
		return (bits & 1) !== 0 ? CONTROL_REPLAY : OPENED;
	}

	private accept(at: number, index: number): void {
		const words = this.#windows;
		const recent = words[at + RECENT];
		const step = recent === 0 ? WINDOW : ((index - words[at]) << 1) >> 1;
		if (step > 0) {
			words[at] = index;
			words[at + EARLIER] =
				step >= WINDOW ? 0 : step >= 32 ? recent << (step - 32) : (words[at + EARLIER] << step) | (recent >>> (32 - step));
			words[at + RECENT] = step >= 32 ? 1 : (recent << step) | 1;
		} else if (step > -32) words[at + RECENT] = recent | (1 << -step);
		else words[at + EARLIER] |= 1 << (-step - 32);
	}
}
