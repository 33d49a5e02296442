/*
 * HMAC-SHA-256 and HKDF over the platform's SHA-256. EVP_MAC and psa_mac allocate at each use; this does not,
 * and is the same code on every platform.
 */
#include "primitives.h"

#include <stdlib.h>
#include <string.h>

/* RFC 2104 section 2. */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5C

struct CryptoHmac {
	CryptoHash *hash;
	uint8_t inner[CRYPTO_BLOCK]; /* key XOR ipad */
	uint8_t outer[CRYPTO_BLOCK]; /* key XOR opad */
};

CryptoHmac *cryptoHmacNew(void)
{
	CryptoHmac *hmac = calloc(1, sizeof *hmac);
	if (hmac && !(hmac->hash = cryptoHashNew())) {
		free(hmac);
		return NULL;
	}
	return hmac;
}

int cryptoHmacSetKey(CryptoHmac *hmac, const uint8_t *key, size_t length)
{
	uint8_t block[CRYPTO_BLOCK] = {0};
	int ok = 1;
	if (length > CRYPTO_BLOCK)
		ok = cryptoHashStart(hmac->hash) && cryptoHashUpdate(hmac->hash, key, length) && cryptoHashFinish(hmac->hash, block);
	else if (length > 0) memcpy(block, key, length);
	for (size_t i = 0; i < CRYPTO_BLOCK; i++) {
		hmac->inner[i] = block[i] ^ INNER_PAD;
		hmac->outer[i] = block[i] ^ OUTER_PAD;
	}
	cryptoWipe(block, sizeof block);
	return ok && cryptoHmacStart(hmac);
}

int cryptoHmacStart(CryptoHmac *hmac)
{
	return cryptoHashStart(hmac->hash) && cryptoHashUpdate(hmac->hash, hmac->inner, CRYPTO_BLOCK);
}

int cryptoHmacUpdate(CryptoHmac *hmac, const uint8_t *data, size_t length)
{
	return cryptoHashUpdate(hmac->hash, data, length);
}

int cryptoHmacFinish(CryptoHmac *hmac, uint8_t *tag)
{
	uint8_t digest[CRYPTO_DIGEST];
	int ok = cryptoHashFinish(hmac->hash, digest) && cryptoHashStart(hmac->hash) &&
		cryptoHashUpdate(hmac->hash, hmac->outer, CRYPTO_BLOCK) && cryptoHashUpdate(hmac->hash, digest, CRYPTO_DIGEST) &&
		cryptoHashFinish(hmac->hash, tag);
	cryptoWipe(digest, sizeof digest);
	return ok;
}

void cryptoHmacFree(CryptoHmac *hmac)
{
	cryptoHashFree(hmac->hash);
	cryptoWipe(hmac, sizeof *hmac);
	free(hmac);
}

int cryptoSame(const uint8_t *a, const uint8_t *b, size_t length)
{
	/* volatile: the compiler must not leave the loop early. */
	volatile uint8_t difference = 0;
	for (size_t i = 0; i < length; i++) difference |= a[i] ^ b[i];
	return difference == 0;
}

int cryptoHkdf(CryptoHmac *hmac, const uint8_t *secret, size_t secretLength, const uint8_t *salt, size_t saltLength,
	const uint8_t *info, size_t infoLength, uint8_t *output, size_t length)
{
	uint8_t block[CRYPTO_DIGEST];
	/* Extract (section 2.2): the pseudorandom key becomes the HMAC's key. An empty salt is one of zeros, as HMAC pads it. */
	int ok = cryptoHmacSetKey(hmac, salt, saltLength) && cryptoHmacUpdate(hmac, secret, secretLength) &&
		cryptoHmacFinish(hmac, block) && cryptoHmacSetKey(hmac, block, CRYPTO_DIGEST);
	/* Expand (section 2.3): T(n) = HMAC(T(n-1) | info | n). */
	uint8_t counter = 0;
	for (size_t done = 0; ok && done < length; done += CRYPTO_DIGEST) {
		size_t piece = length - done < CRYPTO_DIGEST ? length - done : CRYPTO_DIGEST;
		ok = cryptoHmacStart(hmac) && (counter == 0 || cryptoHmacUpdate(hmac, block, CRYPTO_DIGEST));
		counter++;
		ok = ok && cryptoHmacUpdate(hmac, info, infoLength) && cryptoHmacUpdate(hmac, &counter, 1) && cryptoHmacFinish(hmac, block);
		memcpy(output + done, block, piece);
	}
	cryptoWipe(block, sizeof block);
	return ok;
}
