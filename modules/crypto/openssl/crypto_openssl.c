/* Authenticated encryption and randomness by OpenSSL 3 (EVP). */
#include "../primitives.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <limits.h>
#include <stdlib.h>

void cryptoWipe(void *data, size_t length)
{
	OPENSSL_cleanse(data, length);
}

int cryptoRandom(uint8_t *data, size_t length)
{
	/* RAND_bytes counts in int. */
	while (length > 0) {
		int piece = length > INT_MAX ? INT_MAX : (int)length;
		if (RAND_bytes(data, piece) != 1) {
			ERR_clear_error();
			return 0;
		}
		data += piece;
		length -= (size_t)piece;
	}
	return 1;
}

/* One context serves both directions: only the key schedule is kept between calls. */
struct CryptoAead {
	EVP_CIPHER_CTX *context;
};

static const EVP_CIPHER *cipherOf(int cipher)
{
	switch (cipher) {
	case CRYPTO_AES_128_GCM: return EVP_aes_128_gcm();
	case CRYPTO_AES_256_GCM: return EVP_aes_256_gcm();
	default: return EVP_chacha20_poly1305();
	}
}

CryptoAead *cryptoAeadNew(int cipher, const uint8_t *key)
{
	CryptoAead *aead = calloc(1, sizeof *aead);
	if (!aead) return NULL;
	aead->context = EVP_CIPHER_CTX_new();
	if (!aead->context || EVP_CipherInit_ex(aead->context, cipherOf(cipher), NULL, key, NULL, 1) != 1) {
		ERR_clear_error();
		cryptoAeadFree(aead);
		return NULL;
	}
	return aead;
}

size_t cryptoAeadKeyLength(const CryptoAead *aead)
{
	return (size_t)EVP_CIPHER_CTX_get_key_length(aead->context);
}

int cryptoAeadSetKey(CryptoAead *aead, const uint8_t *key)
{
	return EVP_CipherInit_ex(aead->context, NULL, NULL, key, NULL, 1) == 1;
}

int cryptoAeadSeal(CryptoAead *aead, const uint8_t *nonce, const uint8_t *aad, size_t aadLength, uint8_t *data, size_t length)
{
	EVP_CIPHER_CTX *context = aead->context;
	int made = 0;
	int ok = EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, 1) == 1 &&
		(aadLength == 0 || EVP_CipherUpdate(context, NULL, &made, aad, (int)aadLength) == 1) &&
		(length == 0 || EVP_CipherUpdate(context, data, &made, data, (int)length) == 1) &&
		EVP_CipherFinal_ex(context, data + length, &made) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CRYPTO_TAG, data + length) == 1;
	if (!ok) ERR_clear_error();
	return ok;
}

int cryptoAeadOpen(CryptoAead *aead, const uint8_t *nonce, const uint8_t *aad, size_t aadLength, uint8_t *data, size_t length)
{
	EVP_CIPHER_CTX *context = aead->context;
	int made = 0;
	int ok = EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, 0) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CRYPTO_TAG, data + length) == 1 &&
		(aadLength == 0 || EVP_CipherUpdate(context, NULL, &made, aad, (int)aadLength) == 1) &&
		(length == 0 || EVP_CipherUpdate(context, data, &made, data, (int)length) == 1) &&
		EVP_CipherFinal_ex(context, data + length, &made) == 1;
	if (!ok) ERR_clear_error();
	return ok;
}

void cryptoAeadFree(CryptoAead *aead)
{
	/* Clears the key schedule too. */
	EVP_CIPHER_CTX_free(aead->context);
	free(aead);
}
