/* HMAC-SHA-1 by OpenSSL 3. */
#include "../hmac_sha1.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits.h>
#include <string.h>

int cryptoHmacSha1(const uint8_t *key, size_t keyLength, const uint8_t *data, size_t length, uint8_t *tag)
{
	uint8_t made[EVP_MAX_MD_SIZE];
	unsigned int count = 0;
	if (keyLength > INT_MAX) return 0;
	/* OpenSSL takes a key that is NULL for the one before. */
	if (!HMAC(EVP_sha1(), keyLength ? (const void *)key : "", (int)keyLength, data, length, made, &count) || count != CRYPTO_SHA1) {
		ERR_clear_error();
		return 0;
	}
	memcpy(tag, made, CRYPTO_SHA1);
	return 1;
}
