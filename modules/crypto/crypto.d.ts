/**
 * Cryptography of the platform (OpenSSL 3 or PSA) behind integers and offsets: nothing is allocated per call,
 * and nothing here throws for what a peer can send. Offsets and lengths that leave a buffer throw RangeError: a programming error.
 */

export declare const Cipher: {
	readonly AES_128_GCM: 1;
	readonly AES_256_GCM: 2;
	readonly CHACHA20_POLY1305: 3;
};

/** Bytes of the tag that `seal` appends, of the nonce, of a SHA-256 digest, of an uncompressed P-256 point, of a counter block. */
export declare const TAG_LENGTH: 16;
export declare const NONCE_LENGTH: 12;
export declare const DIGEST_LENGTH: 32;
export declare const POINT_LENGTH: 65;
export declare const COUNTER_LENGTH: 16;

/** Authenticated encryption under one key. */
export class AEAD {
	/** `key`: 16 bytes for AES_128_GCM, else 32, at `offset`. */
	constructor(cipher: number, key: ArrayBuffer, offset: number);
	/** Changes the key in place; the same length. */
	setKey(key: ArrayBuffer, offset: number): void;
	/**
	 * Encrypts `length` bytes at `offset` in place and appends the 16-byte tag; the buffer needs room for it.
	 * The 12-byte nonce lies at `nonceOffset` and the `aadLength` bytes of associated data at `aadOffset` of the same buffer.
	 * @returns length + 16, or -1 when the platform failed.
	 */
	seal(buffer: ArrayBuffer, nonceOffset: number, aadOffset: number, aadLength: number, offset: number, length: number): number;
	/** Decrypts `length` bytes (tag included) at `offset` in place. @returns length - 16, or -1 when it does not authenticate; the bytes are zeroed then. */
	open(buffer: ArrayBuffer, nonceOffset: number, aadOffset: number, aadLength: number, offset: number, length: number): number;
	close(): void;
}

/** AES-128 in counter mode (SP 800-38A) under one key: encrypts only, so what it carries is authenticated by other means (`HMAC`). */
export class CTR {
	/** `key`: 16 bytes at `offset`. */
	constructor(key: ArrayBuffer, offset: number);
	/** Changes the key in place. */
	setKey(key: ArrayBuffer, offset: number): void;
	/**
	 * Encrypts or decrypts `length` bytes at `offset` in place. The 16-byte block with which counting begins lies at `counterOffset` of
	 * the same buffer and stays as it is; it counts up as one big-endian number.
	 * @returns false when the platform failed.
	 */
	apply(buffer: ArrayBuffer, counterOffset: number, offset: number, length: number): boolean;
	close(): void;
}

/** HMAC-SHA-256 under one key. */
export class HMAC {
	constructor(key: ArrayBuffer, offset: number, length: number);
	setKey(key: ArrayBuffer, offset: number, length: number): void;
	/** Writes 32 bytes at `to` of `output`. */
	sign(buffer: ArrayBuffer, offset: number, length: number, output: ArrayBuffer, to: number): void;
	/** Compares `tagLength` (4..32) bytes at `tagOffset` of `buffer` with the tag of the bytes at `offset`, in constant time. */
	verify(buffer: ArrayBuffer, offset: number, length: number, tagOffset: number, tagLength: number): boolean;
	close(): void;
}

/** SHA-256 in pieces. `digest` writes 32 bytes and begins anew. */
export class SHA256 {
	constructor();
	update(buffer: ArrayBuffer, offset: number, length: number): void;
	digest(output: ArrayBuffer, to: number): void;
	close(): void;
}

/** HKDF-SHA-256 (RFC 5869), extract then expand, to `length` (1..8160) bytes at `to` of `output`. `salt` may be empty. Cold path: arguments are whole buffers. */
export function hkdf(
	secret: ArrayBuffer,
	salt: ArrayBuffer,
	info: ArrayBuffer,
	output: ArrayBuffer,
	to: number,
	length: number,
): void;

/** A P-256 key pair for key agreement. */
export class ECDH {
	/** A new random pair, or the one whose 32-byte private key lies at `offset` of `privateKey`. @throws RangeError when that is not a key. */
	constructor(privateKey?: ArrayBuffer, offset?: number);
	/** Writes the uncompressed point, 65 bytes. */
	publicKey(output: ArrayBuffer, to: number): void;
	/** Writes the private key, 32 bytes: for storage only. */
	privateKey(output: ArrayBuffer, to: number): void;
	/** Writes the 32-byte shared secret (x coordinate). @returns false when the peer's 65-byte point is not on the curve. */
	agree(point: ArrayBuffer, offset: number, output: ArrayBuffer, to: number): boolean;
	close(): void;
}

/** ECDSA P-256 with SHA-256: 65-byte point, 32-byte digest, 64-byte signature r | s, each at the start of its buffer. */
export function verify(point: ArrayBuffer, digest: ArrayBuffer, signature: ArrayBuffer): boolean;

/** Fills `length` bytes from the platform's cryptographic random source. @throws Error when it has none: never goes on with less. */
export function random(buffer: ArrayBuffer, offset: number, length: number): void;

/** What the platform is made of. */
export declare const backend: "openssl" | "psa";
