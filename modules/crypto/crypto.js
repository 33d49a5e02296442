export { backend } from "crypto/backend";

export const Cipher = Object.freeze({ AES_128_GCM: 1, AES_256_GCM: 2, CHACHA20_POLY1305: 3 });

export const TAG_LENGTH = 16;
export const NONCE_LENGTH = 12;
export const DIGEST_LENGTH = 32;
export const POINT_LENGTH = 65;
export const COUNTER_LENGTH = 16;

export class AEAD @ "fletcher_aead_destructor" {
	constructor(cipher, key, offset) @ "fletcher_aead"
	setKey(key, offset) @ "fletcher_aead_set_key"
	seal(buffer, nonceOffset, aadOffset, aadLength, offset, length) @ "fletcher_aead_seal"
	open(buffer, nonceOffset, aadOffset, aadLength, offset, length) @ "fletcher_aead_open"
	close() @ "fletcher_aead_close"
}

export class CTR @ "fletcher_ctr_destructor" {
	constructor(key, offset) @ "fletcher_ctr"
	setKey(key, offset) @ "fletcher_ctr_set_key"
	apply(buffer, counterOffset, offset, length) @ "fletcher_ctr_apply"
	close() @ "fletcher_ctr_close"
}

export class HMAC @ "fletcher_hmac_destructor" {
	constructor(key, offset, length) @ "fletcher_hmac"
	setKey(key, offset, length) @ "fletcher_hmac_set_key"
	sign(buffer, offset, length, output, to) @ "fletcher_hmac_sign"
	verify(buffer, offset, length, tagOffset, tagLength) @ "fletcher_hmac_verify"
	close() @ "fletcher_hmac_close"
}

export class SHA256 @ "fletcher_sha256_destructor" {
	constructor() @ "fletcher_sha256"
	update(buffer, offset, length) @ "fletcher_sha256_update"
	digest(output, to) @ "fletcher_sha256_digest"
	close() @ "fletcher_sha256_close"
}

export function hkdf(secret, salt, info, output, to, length) @ "fletcher_hkdf";

export class ECDH @ "fletcher_ecdh_destructor" {
	constructor(privateKey, offset) @ "fletcher_ecdh"
	publicKey(output, to) @ "fletcher_ecdh_public_key"
	privateKey(output, to) @ "fletcher_ecdh_private_key"
	agree(point, offset, output, to) @ "fletcher_ecdh_agree"
	close() @ "fletcher_ecdh_close"
}

export function verify(point, digest, signature) @ "fletcher_ecdsa_verify";

export function random(buffer, offset, length) @ "fletcher_random";
