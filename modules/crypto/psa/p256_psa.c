/* P-256 key agreement and signature check by the PSA Crypto API. */
#include "../primitives.h"

#include <psa/crypto.h>

#include <stdlib.h>

#define CURVE_BITS 256

struct CryptoPair {
	psa_key_id_t key;
};

CryptoPairResult cryptoPairNew(const uint8_t *privateKey, CryptoPair **made)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	CryptoPair *pair = calloc(1, sizeof *pair);
	psa_status_t status;
	if (!pair) return CRYPTO_PAIR_FAILED;
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_DERIVE | PSA_KEY_USAGE_EXPORT);
	psa_set_key_algorithm(&attributes, PSA_ALG_ECDH);
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_bits(&attributes, CURVE_BITS);
	status = psa_crypto_init();
	if (status == PSA_SUCCESS)
		status = privateKey ? psa_import_key(&attributes, privateKey, CRYPTO_SCALAR, &pair->key)
			: psa_generate_key(&attributes, &pair->key);
	if (status == PSA_SUCCESS) {
		*made = pair;
		return CRYPTO_PAIR_MADE;
	}
	free(pair);
	return status == PSA_ERROR_INVALID_ARGUMENT ? CRYPTO_PAIR_BAD_KEY : CRYPTO_PAIR_FAILED;
}

int cryptoPairPublic(CryptoPair *pair, uint8_t *point)
{
	size_t made = 0;
	return psa_export_public_key(pair->key, point, CRYPTO_POINT, &made) == PSA_SUCCESS && made == CRYPTO_POINT;
}

int cryptoPairPrivate(CryptoPair *pair, uint8_t *privateKey)
{
	size_t made = 0;
	return psa_export_key(pair->key, privateKey, CRYPTO_SCALAR, &made) == PSA_SUCCESS && made == CRYPTO_SCALAR;
}

int cryptoPairAgree(CryptoPair *pair, const uint8_t *point, uint8_t *secret)
{
	size_t made = 0;
	return psa_raw_key_agreement(PSA_ALG_ECDH, pair->key, point, CRYPTO_POINT, secret, CRYPTO_SCALAR, &made) == PSA_SUCCESS &&
		made == CRYPTO_SCALAR;
}

void cryptoPairFree(CryptoPair *pair)
{
	psa_destroy_key(pair->key);
	free(pair);
}

int cryptoVerify(const uint8_t *point, const uint8_t *digest, const uint8_t *signature)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_key_id_t key = 0;
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
	psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_bits(&attributes, CURVE_BITS);
	if (psa_crypto_init() != PSA_SUCCESS || psa_import_key(&attributes, point, CRYPTO_POINT, &key) != PSA_SUCCESS) return 0;
	int ok = psa_verify_hash(key, PSA_ALG_ECDSA(PSA_ALG_SHA_256), digest, CRYPTO_DIGEST, signature, CRYPTO_SIGNATURE) == PSA_SUCCESS;
	psa_destroy_key(key);
	return ok;
}
