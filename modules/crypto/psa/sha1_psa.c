/* HMAC-SHA-1 by the PSA Crypto API. */
#include "../hmac_sha1.h"

#include <psa/crypto.h>

#include <string.h>

#define BLOCK 64

/* RFC 2104 over PSA's hashes: importing a key for one tag would take a key slot, and an empty key is none to PSA. */
static int digestOfTwo(const uint8_t *first, size_t firstLength, const uint8_t *second, size_t secondLength, uint8_t *digest)
{
	psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
	size_t made = 0;
	int ok = psa_hash_setup(&operation, PSA_ALG_SHA_1) == PSA_SUCCESS &&
		psa_hash_update(&operation, first, firstLength) == PSA_SUCCESS &&
		psa_hash_update(&operation, second, secondLength) == PSA_SUCCESS &&
		psa_hash_finish(&operation, digest, CRYPTO_SHA1, &made) == PSA_SUCCESS;
	psa_hash_abort(&operation);
	return ok;
}

int cryptoHmacSha1(const uint8_t *key, size_t keyLength, const uint8_t *data, size_t length, uint8_t *tag)
{
	uint8_t block[BLOCK] = {0}, inner[CRYPTO_SHA1] = {0};
	size_t made = 0;
	int ok = psa_crypto_init() == PSA_SUCCESS;
	/* Not the whole block: PSA fills what is left of its output. */
	if (keyLength > BLOCK) ok = ok && psa_hash_compute(PSA_ALG_SHA_1, key, keyLength, block, CRYPTO_SHA1, &made) == PSA_SUCCESS;
	else if (keyLength > 0) memcpy(block, key, keyLength);
	for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36;
	ok = ok && digestOfTwo(block, BLOCK, data, length, inner);
	for (int i = 0; i < BLOCK; i++) block[i] ^= 0x36 ^ 0x5C;
	ok = ok && digestOfTwo(block, BLOCK, inner, CRYPTO_SHA1, tag);
	/* Not through memset, which a compiler may leave out for what is not read again. */
	volatile uint8_t *secret = block;
	for (int i = 0; i < BLOCK; i++) secret[i] = 0;
	return ok;
}
