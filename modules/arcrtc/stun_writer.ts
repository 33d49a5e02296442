import {
	STUN_COOKIE,
	STUN_ERROR_CODE,
	STUN_FINGERPRINT,
	STUN_HEADER,
	STUN_INTEGRITY,
	STUN_TRANSACTION,
	STUN_USERNAME,
	STUN_XOR_MAPPED_ADDRESS,
} from "arcrtc/constants";
import { hmacSHA1, SHA1_LENGTH } from "crypto/hmac_sha1";
import type { Arena } from "storage/arena";
import { crc32 } from "wire/crc32";

const ATTRIBUTE = 4;
const FINGERPRINT_XOR = 0x5354554e;
const FAMILY_IPV4 = 1;
const FAMILY_IPV6 = 2;

/** Makes STUN messages (section 2.8, RFC 8489) where they are sent from. The room is the caller's to give: 256 bytes hold all of them. */
export class StunWriter {
	readonly #arena: Arena;
	#start = 0;
	#at = 0;

	constructor(arena: Arena) {
		this.#arena = arena;
	}

	/** Begins a message at `offset`; its transaction's 12 bytes lie at `transaction` of the arena. */
	begin(offset: number, type: number, transaction: number): void {
		const { view, bytes } = this.#arena;
		bytes.copyWithin(offset + STUN_HEADER - STUN_TRANSACTION, transaction, transaction + STUN_TRANSACTION);
		view.setUint16(offset, type);
		view.setUint16(offset + 2, 0);
		view.setUint32(offset + 4, STUN_COOKIE);
		this.#start = offset;
		this.#at = offset + STUN_HEADER;
	}

	/** USERNAME: `length` bytes at `from`, at most 193. */
	username(from: number, length: number): void {
		const at = this.attribute(STUN_USERNAME, length);
		this.#arena.bytes.copyWithin(at, from, from + length);
	}

	/** XOR-MAPPED-ADDRESS: `version` 4 or 6, octets at `from` of `octets` as `wire/address` has them. */
	mappedAddress(version: number, octets: Uint8Array, from: number, port: number): void {
		const size = version === 6 ? 16 : 4;
		const at = this.attribute(STUN_XOR_MAPPED_ADDRESS, 4 + size);
		const { view, bytes } = this.#arena;
		view.setUint16(at, version === 6 ? FAMILY_IPV6 : FAMILY_IPV4);
		view.setUint16(at + 2, port ^ (STUN_COOKIE >>> 16));
		// The cookie and the transaction follow each other in the header.
		for (let i = 0; i < size; i++) bytes[at + 4 + i] = octets[from + i] ^ bytes[this.#start + 4 + i];
	}

	/** ERROR-CODE, 300 to 699, without words. */
	errorCode(code: number): void {
		const at = this.attribute(STUN_ERROR_CODE, 4);
		this.#arena.view.setUint32(at, (((code / 100) | 0) << 8) | (code % 100));
	}

	/** MESSAGE-INTEGRITY with the key at `keyOffset` of `key`. */
	integrity(key: ArrayBuffer, keyOffset: number, keyLength: number): void {
		const { buffer } = this.#arena;
		const covered = this.#at - this.#start;
		const at = this.attribute(STUN_INTEGRITY, SHA1_LENGTH);
		hmacSHA1(key, keyOffset, keyLength, buffer, this.#start, covered, buffer, at);
	}

	/** Ends the message with FINGERPRINT. @returns its bytes. */
	end(): number {
		const { view, bytes } = this.#arena;
		const covered = this.#at - this.#start;
		const at = this.attribute(STUN_FINGERPRINT, 4);
		view.setUint32(at, crc32(bytes, this.#start, covered) ^ FINGERPRINT_XOR);
		return this.#at - this.#start;
	}

	/** Adds an attribute and sets the message's length; where its value goes. */
	private attribute(type: number, length: number): number {
		const { view, bytes } = this.#arena;
		const at = this.#at;
		const padded = (length + 3) & ~3;
		view.setUint16(at, type);
		view.setUint16(at + 2, length);
		bytes.fill(0, at + ATTRIBUTE + length, at + ATTRIBUTE + padded);
		this.#at = at + ATTRIBUTE + padded;
		view.setUint16(this.#start + 2, this.#at - this.#start - STUN_HEADER);
		return at + ATTRIBUTE;
	}
}
