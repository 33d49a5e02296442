/* AES-128 in counter mode by OpenSSL 3 (EVP). */
#include "../primitives.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <stdlib.h>

struct CryptoCtr {
	EVP_CIPHER_CTX *context;
};

CryptoCtr *cryptoCtrNew(const uint8_t *key)
{
	CryptoCtr *ctr = calloc(1, sizeof *ctr);
	if (!ctr) return NULL;
	ctr->context = EVP_CIPHER_CTX_new();
	if (!ctr->context || EVP_CipherInit_ex(ctr->context, EVP_aes_128_ctr(), NULL, key, NULL, 1) != 1) {
		ERR_clear_error();
		cryptoCtrFree(ctr);
		return NULL;
	}
	return ctr;
}

int cryptoCtrSetKey(CryptoCtr *ctr, const uint8_t *key)
{
	return EVP_CipherInit_ex(ctr->context, NULL, NULL, key, NULL, 1) == 1;
}

int cryptoCtrApply(CryptoCtr *ctr, const uint8_t *counter, uint8_t *data, size_t length)
{
	int made = 0;
	/* A new counter also forgets what was left of the last block. */
	int ok = EVP_CipherInit_ex(ctr->context, NULL, NULL, NULL, counter, 1) == 1 &&
		(length == 0 || EVP_CipherUpdate(ctr->context, data, &made, data, (int)length) == 1);
	if (!ok) ERR_clear_error();
	return ok;
}

void cryptoCtrFree(CryptoCtr *ctr)
{
	/* Clears the key schedule too. */
	EVP_CIPHER_CTX_free(ctr->context);
	free(ctr);
}
