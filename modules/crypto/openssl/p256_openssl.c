/* P-256 key agreement and signature check by OpenSSL 3 (EVP). Cold paths: OpenSSL allocates here and frees again. */
#include "../primitives.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <stdlib.h>
#include <string.h>

#define UNCOMPRESSED 4 /* SEC 1 section 2.3.3 */

struct CryptoPair {
	EVP_PKEY *key;
};

/* Builds a key from what is given; privateKey may be NULL. NULL when the point is not on the curve. */
static EVP_PKEY *keyFrom(const uint8_t *point, const BIGNUM *privateKey)
{
	EVP_PKEY *key = NULL;
	OSSL_PARAM *parameters = NULL;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	int selection = privateKey ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
	if (builder && context && point[0] == UNCOMPRESSED &&
		OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
		OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, CRYPTO_POINT) &&
		(!privateKey || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, privateKey)) &&
		(parameters = OSSL_PARAM_BLD_to_param(builder)) && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, selection, parameters);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* The public point of a private key; 0 when that is not from 1 to the group's order - 1. */
static int pointOf(const BIGNUM *privateKey, uint8_t *point)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *product = group ? EC_POINT_new(group) : NULL;
	int ok = product && !BN_is_zero(privateKey) && BN_cmp(privateKey, EC_GROUP_get0_order(group)) < 0 &&
		EC_POINT_mul(group, product, privateKey, NULL, NULL, NULL) == 1 &&
		EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, CRYPTO_POINT, NULL) == CRYPTO_POINT;
	EC_POINT_free(product);
	EC_GROUP_free(group);
	return ok;
}

CryptoPairResult cryptoPairNew(const uint8_t *privateKey, CryptoPair **made)
{
	CryptoPairResult result = CRYPTO_PAIR_FAILED;
	CryptoPair *pair = calloc(1, sizeof *pair);
	if (!pair) return result;
	if (privateKey) {
		uint8_t point[CRYPTO_POINT];
		BIGNUM *scalar = BN_secure_new();
		if (scalar && BN_bin2bn(privateKey, CRYPTO_SCALAR, scalar)) {
			BN_set_flags(scalar, BN_FLG_CONSTTIME);
			if (!pointOf(scalar, point)) result = CRYPTO_PAIR_BAD_KEY;
			else pair->key = keyFrom(point, scalar);
		}
		BN_clear_free(scalar);
	} else {
		pair->key = EVP_EC_gen("P-256");
	}
	ERR_clear_error();
	if (!pair->key) {
		free(pair);
		return result;
	}
	*made = pair;
	return CRYPTO_PAIR_MADE;
}

int cryptoPairPublic(CryptoPair *pair, uint8_t *point)
{
	size_t length = 0;
	return EVP_PKEY_get_octet_string_param(pair->key, OSSL_PKEY_PARAM_PUB_KEY, point, CRYPTO_POINT, &length) == 1 &&
		length == CRYPTO_POINT;
}

int cryptoPairPrivate(CryptoPair *pair, uint8_t *privateKey)
{
	BIGNUM *scalar = NULL;
	int ok = EVP_PKEY_get_bn_param(pair->key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
		BN_bn2binpad(scalar, privateKey, CRYPTO_SCALAR) == CRYPTO_SCALAR;
	BN_clear_free(scalar);
	return ok;
}

int cryptoPairAgree(CryptoPair *pair, const uint8_t *point, uint8_t *secret)
{
	EVP_PKEY *peer = keyFrom(point, NULL);
	EVP_PKEY_CTX *context = peer ? EVP_PKEY_CTX_new(pair->key, NULL) : NULL;
	size_t length = CRYPTO_SCALAR;
	/* Setting the peer checks its point against the curve. */
	int ok = context && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
		EVP_PKEY_derive(context, secret, &length) == 1 && length == CRYPTO_SCALAR;
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer);
	ERR_clear_error();
	return ok;
}

void cryptoPairFree(CryptoPair *pair)
{
	/* Clears the private number. */
	EVP_PKEY_free(pair->key);
	free(pair);
}

/* Appends one number as a DER INTEGER: no leading zeros but the one that keeps it positive. */
static size_t derInteger(uint8_t *to, const uint8_t *number)
{
	size_t skip = 0;
	while (skip < CRYPTO_SCALAR - 1 && number[skip] == 0) skip++;
	size_t pad = number[skip] >> 7;
	size_t length = CRYPTO_SCALAR - skip;
	to[0] = 0x02;
	to[1] = (uint8_t)(length + pad);
	to[2] = 0;
	memcpy(to + 2 + pad, number + skip, length);
	return 2 + pad + length;
}

int cryptoVerify(const uint8_t *point, const uint8_t *digest, const uint8_t *signature)
{
	uint8_t der[2 + 2 * (3 + CRYPTO_SCALAR)];
	size_t length = derInteger(der + 2, signature);
	length += derInteger(der + 2 + length, signature + CRYPTO_SCALAR);
	der[0] = 0x30; /* SEQUENCE */
	der[1] = (uint8_t)length;
	EVP_PKEY *key = keyFrom(point, NULL);
	EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	int ok = context && EVP_PKEY_public_check(context) == 1 && EVP_PKEY_verify_init(context) == 1 &&
		EVP_PKEY_verify(context, der, length + 2, digest, CRYPTO_DIGEST) == 1;
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok;
}
