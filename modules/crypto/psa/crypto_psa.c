/*
 * SHA-256, authenticated encryption and randomness by the PSA Crypto API (Mbed TLS 2.28 to 4).
 * A key of PSA takes one of its key slots (32 by default, MBEDTLS_PSA_KEY_SLOT_COUNT).
 */
#include "../primitives.h"

#include <mbedtls/platform_util.h>
#include <psa/crypto.h>

#include <stdlib.h>

void cryptoWipe(void *data, size_t length)
{
	mbedtls_platform_zeroize(data, length);
}

int cryptoRandom(uint8_t *data, size_t length)
{
	/* Initialising again is harmless and cheap; nothing else here can know that it was done. */
	return psa_crypto_init() == PSA_SUCCESS && psa_generate_random(data, length) == PSA_SUCCESS;
}

struct CryptoAead {
	int cipher;
	psa_algorithm_t algorithm;
	psa_key_id_t key;
};

CryptoAead *cryptoAeadNew(int cipher, const uint8_t *key)
{
	CryptoAead *aead = calloc(1, sizeof *aead);
	if (!aead) return NULL;
	aead->cipher = cipher;
	aead->algorithm = cipher == CRYPTO_CHACHA20_POLY1305 ? PSA_ALG_CHACHA20_POLY1305 : PSA_ALG_GCM;
	if (psa_crypto_init() != PSA_SUCCESS || !cryptoAeadSetKey(aead, key)) {
		cryptoAeadFree(aead);
		return NULL;
	}
	return aead;
}

size_t cryptoAeadKeyLength(const CryptoAead *aead)
{
	return cryptoKeyLength((size_t)aead->cipher);
}

int cryptoAeadSetKey(CryptoAead *aead, const uint8_t *key)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	size_t length = cryptoAeadKeyLength(aead);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT | PSA_KEY_USAGE_DECRYPT);
	psa_set_key_algorithm(&attributes, aead->algorithm);
	psa_set_key_type(&attributes, aead->cipher == CRYPTO_CHACHA20_POLY1305 ? PSA_KEY_TYPE_CHACHA20 : PSA_KEY_TYPE_AES);
	psa_set_key_bits(&attributes, length * 8);
	if (aead->key) psa_destroy_key(aead->key);
	aead->key = 0;
	return psa_import_key(&attributes, key, length, &aead->key) == PSA_SUCCESS;
}

int cryptoAeadSeal(CryptoAead *aead, const uint8_t *nonce, const uint8_t *aad, size_t aadLength, uint8_t *data, size_t length)
{
	size_t made = 0;
	return psa_aead_encrypt(aead->key, aead->algorithm, nonce, CRYPTO_NONCE, aad, aadLength, data, length, data,
		length + CRYPTO_TAG, &made) == PSA_SUCCESS && made == length + CRYPTO_TAG;
}

int cryptoAeadOpen(CryptoAead *aead, const uint8_t *nonce, const uint8_t *aad, size_t aadLength, uint8_t *data, size_t length)
{
	size_t made = 0;
	return psa_aead_decrypt(aead->key, aead->algorithm, nonce, CRYPTO_NONCE, aad, aadLength, data, length + CRYPTO_TAG,
		data, length, &made) == PSA_SUCCESS && made == length;
}

void cryptoAeadFree(CryptoAead *aead)
{
	if (aead->key) psa_destroy_key(aead->key);
	free(aead);
}

struct CryptoHash {
	psa_hash_operation_t operation;
};

CryptoHash *cryptoHashNew(void)
{
	CryptoHash *hash = calloc(1, sizeof *hash);
	if (!hash) return NULL;
	hash->operation = psa_hash_operation_init();
	if (psa_crypto_init() != PSA_SUCCESS || !cryptoHashStart(hash)) {
		cryptoHashFree(hash);
		return NULL;
	}
	return hash;
}

int cryptoHashStart(CryptoHash *hash)
{
	return psa_hash_abort(&hash->operation) == PSA_SUCCESS && psa_hash_setup(&hash->operation, PSA_ALG_SHA_256) == PSA_SUCCESS;
}

int cryptoHashUpdate(CryptoHash *hash, const uint8_t *data, size_t length)
{
	return psa_hash_update(&hash->operation, data, length) == PSA_SUCCESS;
}

int cryptoHashFinish(CryptoHash *hash, uint8_t *digest)
{
	size_t made = 0;
	return psa_hash_finish(&hash->operation, digest, CRYPTO_DIGEST, &made) == PSA_SUCCESS;
}

int cryptoHashCopy(CryptoHash *hash, const CryptoHash *from)
{
	return psa_hash_abort(&hash->operation) == PSA_SUCCESS && psa_hash_clone(&from->operation, &hash->operation) == PSA_SUCCESS;
}

void cryptoHashFree(CryptoHash *hash)
{
	psa_hash_abort(&hash->operation);
	free(hash);
}
