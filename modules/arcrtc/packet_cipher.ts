import {
	AUTH_AEAD_HMAC80,
	HMAC80_BYTES,
	MATERIAL_AUTHENTICATION,
	MATERIAL_ENCRYPTION,
	MATERIAL_SALT,
	SUITE_AES_128_CTR_HMAC80,
} from "arcrtc/constants";
import { AEAD, CTR, DIGEST_LENGTH, HMAC, TAG_LENGTH } from "crypto/crypto";
import type { Arena } from "storage/arena";

/** Bytes of scratch that ciphers share, and of the nonce of one stream. */
export const CIPHER_SCRATCH = 48;
export const NONCE_BYTES = 16;

const AUTHENTICATION_BYTES = 32;
const FIRST_COUNT = 2;

/**
 * Seals and opens packets under the keys of one stream_id and one epoch (section 2.5). Made when the suite is known; `setKeys` and
 * `wipe` change the keys in place. The associated data of a packet always lie right before its payload: the header as it is on the
 * wire, or the canonical 12 bytes and the reduced header behind them; so the HMAC of `aead+hmac80` begins there too.
 */
export class PacketCipher {
	/** Epoch of the keys; -1: none. */
	epoch = -1;
	/** Salt as three signed words; the low 16 bits of the last one. */
	salt0 = 0;
	salt1 = 0;
	salt2 = 0;
	saltTail = 0;
	readonly #aead: AEAD | undefined;
	readonly #buffer: ArrayBuffer;
	readonly #hmac80: boolean;
	readonly #ctr: CTR | undefined;
	/** HMAC under the stream's authentication key: of control packets too. */
	auth: HMAC;
	/** Bytes that a packet grows by behind its payload. */
	readonly overhead: number;
	/** Calls of the cipher, to seal and to open. */
	calls = 0;
	readonly #arena: Arena;
	readonly #scratch: number;

	/** `scratch`: {@link CIPHER_SCRATCH} bytes of the arena, which all ciphers may share. */
	constructor(arena: Arena, scratch: number, suite: number, auth: number) {
		const { buffer, bytes } = arena;
		const counting = suite === SUITE_AES_128_CTR_HMAC80;
		bytes.fill(0, scratch, scratch + CIPHER_SCRATCH);
		this.#arena = arena;
		this.#buffer = buffer;
		this.#scratch = scratch;
		this.#hmac80 = counting || auth === AUTH_AEAD_HMAC80;
		this.#aead = counting ? undefined : new AEAD(suite, buffer, scratch);
		this.#ctr = counting ? new CTR(buffer, scratch) : undefined;
		this.auth = new HMAC(buffer, scratch, AUTHENTICATION_BYTES);
		this.overhead = (counting ? 0 : TAG_LENGTH) + (this.#hmac80 ? HMAC80_BYTES : 0);
	}

	/** Takes the keys of an epoch: encryption, authentication and salt as `constants` lays them out. */
	setKeys(material: ArrayBuffer, epoch: number): void {
		const view = new DataView(material);
		this.#aead?.setKey(material, MATERIAL_ENCRYPTION);
		this.#ctr?.setKey(material, MATERIAL_ENCRYPTION);
		this.auth.setKey(material, MATERIAL_AUTHENTICATION, AUTHENTICATION_BYTES);
		this.salt0 = view.getInt32(MATERIAL_SALT);
		this.salt1 = view.getInt32(MATERIAL_SALT + 4);
		this.salt2 = view.getInt32(MATERIAL_SALT + 8);
		this.saltTail = this.salt2 & 0xffff;
		this.epoch = epoch;
	}

	/** Overwrites the keys. */
	wipe(): void {
		const { bytes } = this.#arena;
		const scratch = this.#scratch;
		bytes.fill(0, scratch, scratch + CIPHER_SCRATCH);
		this.#aead?.setKey(this.#buffer, scratch);
		this.#ctr?.setKey(this.#buffer, scratch);
		this.auth.setKey(this.#buffer, scratch, AUTHENTICATION_BYTES);
		this.salt0 = this.salt1 = this.salt2 = this.saltTail = 0;
		this.epoch = -1;
	}

	close(): void {
		this.epoch = -1;
		this.#aead?.close();
		this.#ctr?.close();
		this.auth.close();
	}

	/**
	 * Writes at `nonce` what all packets of one SSRC and one rollover counter have in common; `ssrc` is a signed word. The sequence
	 * number, xor `saltTail`, goes to the last two of its 12 bytes; the counter of CTR follows, which begins as GCM's does.
	 */
	prepareNonce(nonce: number, ssrc: number, roc: number): void {
		const { view } = this.#arena;
		view.setInt32(nonce, this.salt0 ^ (ssrc >>> 16));
		view.setInt32(nonce + 4, this.salt1 ^ ((ssrc << 16) | (roc >>> 16)));
		view.setInt32(nonce + 8, this.salt2 ^ (roc << 16));
		view.setInt32(nonce + 12, FIRST_COUNT);
	}

	/**
	 * Encrypts `length` bytes at `offset` in place; the associated data reach from `aad` to `offset`.
	 * @returns bytes at `offset` now, -1 when the platform failed.
	 */
	seal(nonce: number, aad: number, offset: number, length: number, roc: number): number {
		this.calls++;
		const aead = this.#aead;
		if (aead === undefined)
			return this.#ctr?.apply(this.#buffer, nonce, offset, length) ? this.sign(aad, offset, length, roc) : -1;
		const sealed = aead.seal(this.#buffer, nonce, aad, offset - aad, offset, length);
		return this.#hmac80 && sealed >= 0 ? this.sign(aad, offset, sealed, roc) : sealed;
	}

	/** Decrypts in place `length` bytes at `offset`, tags included. @returns bytes of the plaintext, -1: not authentic, the bytes are lost. */
	open(nonce: number, aad: number, offset: number, length: number, roc: number): number {
		let sealed = length;
		if (this.#hmac80) {
			sealed -= HMAC80_BYTES;
			if (sealed < 0 || !this.verify(aad, offset + sealed, roc)) return -1;
		}
		this.calls++;
		const aead = this.#aead;
		if (aead === undefined) return this.#ctr?.apply(this.#buffer, nonce, offset, sealed) ? sealed : -1;
		return aead.open(this.#buffer, nonce, aad, offset - aad, offset, sealed);
	}

	/** Appends 10 bytes of the HMAC over what reaches from `aad` to the end, and ROC. */
	private sign(aad: number, offset: number, length: number, roc: number): number {
		const { view, bytes } = this.#arena;
		const scratch = this.#scratch;
		const end = offset + length;
		view.setInt32(end, roc | 0);
		this.auth.sign(this.#buffer, aad, end + 4 - aad, this.#buffer, scratch);
		bytes.copyWithin(end, scratch, scratch + HMAC80_BYTES);
		return length + HMAC80_BYTES;
	}

	/** The 10 bytes at `end` give way to ROC while they are compared. */
	private verify(aad: number, end: number, roc: number): boolean {
		const { view, bytes } = this.#arena;
		const tag = this.#scratch + DIGEST_LENGTH;
		bytes.copyWithin(tag, end, end + HMAC80_BYTES);
		view.setInt32(end, roc | 0);
		const same = this.auth.verify(this.#buffer, aad, end + 4 - aad, tag, HMAC80_BYTES);
		bytes.copyWithin(end, tag, tag + HMAC80_BYTES);
		return same;
	}
}
