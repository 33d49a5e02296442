/* AES-128 in counter mode by the PSA Crypto API. */
#include "../primitives.h"

#include <psa/crypto.h>

#include <stdlib.h>
#include <string.h>

#define BLOCK 16

struct CryptoCtr {
	psa_key_id_t key;
};

CryptoCtr *cryptoCtrNew(const uint8_t *key)
{
	CryptoCtr *ctr = calloc(1, sizeof *ctr);
	if (!ctr) return NULL;
	if (psa_crypto_init() != PSA_SUCCESS || !cryptoCtrSetKey(ctr, key)) {
		cryptoCtrFree(ctr);
		return NULL;
	}
	return ctr;
}

int cryptoCtrSetKey(CryptoCtr *ctr, const uint8_t *key)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT);
	psa_set_key_algorithm(&attributes, PSA_ALG_CTR);
	psa_set_key_type(&attributes, PSA_KEY_TYPE_AES);
	psa_set_key_bits(&attributes, CRYPTO_CTR_KEY * 8);
	if (ctr->key) psa_destroy_key(ctr->key);
	ctr->key = 0;
	return psa_import_key(&attributes, key, CRYPTO_CTR_KEY, &ctr->key) == PSA_SUCCESS;
}

int cryptoCtrApply(CryptoCtr *ctr, const uint8_t *counter, uint8_t *data, size_t length)
{
	psa_cipher_operation_t operation = PSA_CIPHER_OPERATION_INIT;
	uint8_t tail[BLOCK];
	size_t rest = length % BLOCK;
	size_t whole = length - rest;
	size_t made = 0;
	int ok = psa_cipher_encrypt_setup(&operation, ctr->key, PSA_ALG_CTR) == PSA_SUCCESS &&
		psa_cipher_set_iv(&operation, counter, CRYPTO_COUNTER) == PSA_SUCCESS &&
		(whole == 0 || (psa_cipher_update(&operation, data, whole, data, whole, &made) == PSA_SUCCESS && made == whole));
	/* The last piece by way of a copy: Mbed TLS refuses to work in place on what is not whole blocks. */
	if (ok && rest > 0) {
		memcpy(tail, data + whole, rest);
		ok = psa_cipher_update(&operation, tail, rest, data + whole, rest, &made) == PSA_SUCCESS && made == rest;
		cryptoWipe(tail, sizeof tail);
	}
	/* Nothing is left to be finished in this mode. */
	psa_cipher_abort(&operation);
	return ok;
}

void cryptoCtrFree(CryptoCtr *ctr)
{
	if (ctr->key) psa_destroy_key(ctr->key);
	free(ctr);
}
