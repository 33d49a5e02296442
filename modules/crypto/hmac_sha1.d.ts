/** Bytes of a tag. */
export declare const SHA1_LENGTH: 20;

/**
 * HMAC-SHA-1 (RFC 2104), for protocols that ask for it by name (STUN, RFC 8489 section 14.5): writes 20 bytes at `to` of `output`.
 * Offsets and lengths that leave a buffer throw RangeError. Cold path: the platform may allocate.
 */
export function hmacSHA1(
	key: ArrayBuffer,
	keyOffset: number,
	keyLength: number,
	buffer: ArrayBuffer,
	offset: number,
	length: number,
	output: ArrayBuffer,
	to: number,
): void;
