import { OLD_KEY_MS } from "arcrtc/constants";
import { PacketCipher } from "arcrtc/packet_cipher";
import { HMAC } from "crypto/crypto";
import type { Arena } from "storage/arena";

/**
 * Keys of one stream_id that is sent, for all its SSRCs. There is one set: a rotation replaces it at once, as the next packet of each
 * SSRC is of the new epoch (section 2.6); only the HMAC key of before is kept for 1,000 ms, for control packets about the stream.
 */
export class SendKeys {
	readonly cipher: PacketCipher;
	/** Of the last keys, wiped or not. */
	#last = -1;
	#older: HMAC;
	#olderUntil = -Infinity;
	readonly #arena: Arena;
	readonly #scratch: number;

	/** `scratch`: as {@link PacketCipher} takes it. */
	constructor(arena: Arena, scratch: number, suite: number, auth: number) {
		this.cipher = new PacketCipher(arena, scratch, suite, auth);
		this.#older = new HMAC(arena.buffer, scratch, 32);
		this.#arena = arena;
		this.#scratch = scratch;
	}

	/** -1: there are no keys, or they were wiped; grows by one with each rotation. */
	get epoch(): number {
		return this.cipher.epoch;
	}

	/** Takes keys of a later epoch (`KEY_MATERIAL`, as `constants` lays it out). @returns false when it is not later, or the HMAC key of before is still kept. */
	install(material: ArrayBuffer, epoch: number, now: number): boolean {
		if (epoch <= this.#last || now < this.#olderUntil) return false;
		const { cipher } = this;
		if (this.epoch >= 0) {
			const auth = cipher.auth;
			cipher.auth = this.#older;
			this.#older = auth;
			this.#olderUntil = now + OLD_KEY_MS;
		}
		cipher.setKeys(material, epoch);
		this.#last = epoch;
		return true;
	}

	/** HMAC of the newest epoch: of control packets about streams under these keys. */
	get auth(): HMAC {
		return this.cipher.auth;
	}

	/** HMAC of the epoch before; undefined when it is gone. */
	olderAuth(now: number): HMAC | undefined {
		return now < this.#olderUntil ? this.#older : undefined;
	}

	/** When `tick` has something to do; Infinity: never. */
	get deadline(): number {
		return this.#olderUntil === -Infinity ? Infinity : this.#olderUntil;
	}

	/** Overwrites the old HMAC key when its time is over. */
	tick(now: number): void {
		if (now >= this.#olderUntil) this.forget();
	}

	/** Overwrites the old HMAC key now. */
	forget(): void {
		if (this.#olderUntil === -Infinity) return;
		this.#olderUntil = -Infinity;
		this.forgetOlder();
	}

	/** Overwrites all keys. Streams under them send nothing until `install`; its epoch has to be later still. */
	wipe(): void {
		this.#olderUntil = -Infinity;
		this.cipher.wipe();
		this.forgetOlder();
	}

	/** Overwrites all keys, for another stream_id or session: epochs count anew. No stream may be left under them. */
	restart(): void {
		this.wipe();
		this.#last = -1;
	}

	close(): void {
		this.cipher.close();
		this.#older.close();
	}

	private forgetOlder(): void {
		const scratch = this.#scratch;
		this.#arena.bytes.fill(0, scratch, scratch + 32);
		this.#older.setKey(this.#arena.buffer, scratch, 32);
	}
}
