import {
	STUN_COOKIE,
	STUN_ERROR_CODE,
	STUN_FINGERPRINT,
	STUN_HEADER,
	STUN_INTEGRITY,
	STUN_OPTIONAL,
	STUN_USERNAME,
	STUN_USERNAME_LIMIT,
	STUN_XOR_MAPPED_ADDRESS,
} from "arcrtc/constants";
import { hmacSHA1, SHA1_LENGTH } from "crypto/hmac_sha1";
import type { Arena } from "storage/arena";
import { crc32 } from "wire/crc32";

const ATTRIBUTE = 4;
const TRANSACTION_AT = 8;
const FINGERPRINT_XOR = 0x5354554e;
const FAMILY_IPV4 = 1;
const FAMILY_IPV6 = 2;
const NONE = -1;

/**
 * Reads STUN messages (section 2.8, RFC 8489) where they lie. What was found is in the fields, -1 for what is not there. Nothing in a
 * message may be believed before {@link verify} with the key of its sender.
 */
export class StunReader {
	type = 0;
	/** Where the transaction's 12 bytes lie. */
	transaction = NONE;
	username = NONE;
	usernameLength = 0;
	/** XOR-MAPPED-ADDRESS: 4 or 6, 0 without; its octets stand in `octets` from 0 on. */
	version = 0;
	port = 0;
	readonly octets = new Uint8Array(16);
	/** ERROR-CODE, 300 to 699. */
	errorCode = NONE;
	/** An attribute that has to be understood and is not: no answer but an error is right. */
	strange = false;
	readonly #arena: Arena;
	#start = 0;
	#length = 0;
	/** Where MESSAGE-INTEGRITY begins. */
	#integrity = NONE;
	/** A tag that is compared. */
	readonly #tag = new Uint8Array(SHA1_LENGTH);

	constructor(arena: Arena) {
		this.#arena = arena;
	}

	/** Whether `length` bytes at `offset` are a STUN message: lengths that fit, the cookie, and the fingerprint right if there is one. */
	read(offset: number, length: number): boolean {
		const { view } = this.#arena;
		this.clear();
		if (length < STUN_HEADER || (length & 3) !== 0) return false;
		const type = view.getUint16(offset);
		if (type > 0x3fff || view.getUint16(offset + 2) !== length - STUN_HEADER || view.getUint32(offset + 4) !== STUN_COOKIE)
			return false;
		this.type = type;
		this.transaction = offset + TRANSACTION_AT;
		this.#start = offset;
		this.#length = length;
		return this.readAttributes(offset + STUN_HEADER, offset + length);
	}

	/** Whether the message carries a MESSAGE-INTEGRITY that the key at `keyOffset` of `key` makes. */
	verify(key: ArrayBuffer, keyOffset: number, keyLength: number): boolean {
		const at = this.#integrity;
		if (at < 0) return false;
		const { view, buffer, bytes } = this.#arena;
		const start = this.#start;
		const expected = this.#tag;
		// The length that was signed ends with this attribute (section 14.5).
		view.setUint16(start + 2, at - start - STUN_HEADER + ATTRIBUTE + SHA1_LENGTH);
		hmacSHA1(key, keyOffset, keyLength, buffer, start, at - start, expected.buffer as ArrayBuffer, 0);
		view.setUint16(start + 2, this.#length - STUN_HEADER);
		let difference = 0;
		for (let i = 0; i < SHA1_LENGTH; i++) difference |= expected[i] ^ bytes[at + ATTRIBUTE + i];
		return difference === 0;
	}

	/** Whether the message's transaction is that of the 12 bytes at `offset`. */
	answers(offset: number): boolean {
		const { bytes } = this.#arena;
		for (let i = 0; i < 12; i++) if (bytes[this.transaction + i] !== bytes[offset + i]) return false;
		return true;
	}

	private clear(): void {
		this.transaction = NONE;
		this.username = NONE;
		this.usernameLength = 0;
		this.version = 0;
		this.port = 0;
		this.errorCode = NONE;
		this.strange = false;
		this.#integrity = NONE;
	}

	private readAttributes(from: number, end: number): boolean {
		const { view, bytes } = this.#arena;
		let at = from;
		while (at < end) {
			const type = view.getUint16(at);
			const length = view.getUint16(at + 2);
			const value = at + ATTRIBUTE;
			const next = value + ((length + 3) & ~3);
			if (next > end) return false;
			if (type === STUN_FINGERPRINT) {
				// It is the last one, and covers all before it.
				if (length !== 4 || next !== end) return false;
				return view.getUint32(value) === (crc32(bytes, this.#start, at - this.#start) ^ FINGERPRINT_XOR) >>> 0;
			}
			// What follows the integrity is not covered by it and does not count.
			if (this.#integrity < 0 && !this.readAttribute(type, at, length)) return false;
			at = next;
		}
		return true;
	}

	private readAttribute(type: number, at: number, length: number): boolean {
		const { view } = this.#arena;
		const value = at + ATTRIBUTE;
		if (type === STUN_INTEGRITY) {
			this.#integrity = at;
			return length === SHA1_LENGTH;
		}
		if (type === STUN_USERNAME) {
			this.username = value;
			this.usernameLength = length;
			return length <= STUN_USERNAME_LIMIT;
		}
		if (type === STUN_XOR_MAPPED_ADDRESS) return this.readAddress(value, length);
		if (type === STUN_ERROR_CODE) {
			if (length < 4) return false;
			this.errorCode = (view.getUint8(value + 2) & 7) * 100 + view.getUint8(value + 3);
			return true;
		}
		if (type < STUN_OPTIONAL) this.strange = true;
		return true;
	}

	private readAddress(at: number, length: number): boolean {
		const { view, bytes } = this.#arena;
		const { octets } = this;
		if (length < 8) return false;
		const family = view.getUint8(at + 1);
		const size = family === FAMILY_IPV4 ? 4 : family === FAMILY_IPV6 ? 16 : 0;
		if (length !== 4 + size) return false;
		octets.fill(0);
		for (let i = 0; i < size; i++) octets[i] = bytes[at + 4 + i] ^ bytes[this.#start + 4 + i];
		this.port = view.getUint16(at + 2) ^ (STUN_COOKIE >>> 16);
		this.version = size === 4 ? 4 : 6;
		return true;
	}
}
