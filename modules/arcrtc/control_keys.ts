import { HMAC80_BYTES } from "arcrtc/constants";
import { CONTROL_TRAILER, INDEX_BYTES } from "arcrtc/control_wire";
import type { HMAC } from "crypto/crypto";
import type { Arena } from "storage/arena";

/** What {@link ControlKeys.verify} says; what Opener says of media has the same numbers. */
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

/** Keys of a stream_id in one direction as control packets need them: SendKeys, ReceiveKeys. */
export interface ControlAuth {
	/** The newest epoch; -1: there are no keys. */
	readonly epoch: number;
	/** HMAC of the newest epoch, and of the one before as long as it is good. */
	readonly auth: HMAC;
	olderAuth(now: number): HMAC | undefined;
}

/**
 * Authentication of control packets (sections 2.6 and 2.7): the SRTCP form of RFC 3711 section 3.4 with E = 0. Places 0..`ours` - 1 are
 * our streams, those behind them the peer's.
 *
 * A peer's feedback has one SSRC and so one index, whatever it is about: our streams that share keys share a window, else a packet that
 * names none of them could come once for each. A peer's own streams have windows of their own, as their reports have their SSRCs.
 *
 * One index counts all packets that we send, so that a receiver may keep its window per sender, per stream or per key. It is not set
 * back by new keys (RFC 3711 section 3.2.1).
 */
export class ControlKeys {
	readonly #windows: Int32Array;
	readonly #view: DataView;
	readonly #buffer: ArrayBuffer;
	readonly #keys: (ControlAuth | undefined)[] = [];
	/** Window of each place. */
	readonly #slots: Uint8Array;
	readonly #ours: number;
	/** Index of the next packet that we send. */
	index = 0;

	constructor(arena: Arena, ours: number, places: number) {
		this.#view = arena.view;
		this.#buffer = arena.buffer;
		this.#windows = new Int32Array(places * WORDS);
		this.#slots = new Uint8Array(places);
		this.#ours = ours;
		for (let place = 0; place < places; place++) this.#keys.push(undefined);
	}

	/** A stream begins. */
	open(place: number, auth: ControlAuth): void {
		const keys = this.#keys;
		keys[place] = auth;
		if (place < this.#ours) {
			for (let other = 0; other < this.#ours; other++) {
				if (other === place || keys[other] !== auth) continue;
				this.#slots[place] = this.#slots[other];
				return;
			}
		}
		let slot = 0;
		while (this.taken(slot, place)) slot++;
		this.#slots[place] = slot;
		this.#windows.fill(0, slot * WORDS, (slot + 1) * WORDS);
	}

	close(place: number): void {
		this.#keys[place] = undefined;
	}

	has(place: number): boolean {
		const keys = this.#keys[place];
		return keys !== undefined && keys.epoch >= 0;
	}

	/**
	 * Appends index and HMAC to `length` bytes at `offset`; 36 bytes behind them must be free, as the HMAC is cut off only then.
	 * @returns bytes of the datagram.
	 */
	seal(place: number, offset: number, length: number): number {
		const keys = this.#keys[place];
		if (keys === undefined || keys.epoch < 0) return 0;
		const index = this.index;
		this.#view.setUint32(offset + length, index);
		this.index = index + 1 === INDEX_LIMIT ? 0 : index + 1;
		const signed = length + INDEX_BYTES;
		keys.auth.sign(this.#buffer, offset, signed, this.#buffer, offset + signed);
		return length + CONTROL_TRAILER;
	}

	/** Verifies a datagram against a place's keys and window, and moves the window when it is good. */
	verify(place: number, offset: number, length: number, now: number): number {
		const keys = this.#keys[place];
		if (keys === undefined || keys.epoch < 0) return CONTROL_UNKNOWN;
		const tag = offset + length - HMAC80_BYTES;
		const index = this.#view.getUint32(tag - INDEX_BYTES);
		const window = this.#slots[place] * WORDS;
		const verdict = this.judge(window, index);
		if (verdict !== OPENED) return verdict;
		const buffer = this.#buffer;
		const signed = length - HMAC80_BYTES;
		if (!keys.auth.verify(buffer, offset, signed, tag, HMAC80_BYTES)) {
			const older = keys.olderAuth(now);
			if (older === undefined || !older.verify(buffer, offset, signed, tag, HMAC80_BYTES)) return CONTROL_AUTH;
		}
		this.accept(window, index);
		return OPENED;
	}

	/** Whether a place other than this one has that window. */
	private taken(slot: number, but: number): boolean {
		for (let place = 0; place < this.#slots.length; place++)
			if (place !== but && this.#keys[place] !== undefined && this.#slots[place] === slot) return true;
		return false;
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
