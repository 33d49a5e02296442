/*
 * HMAC-SHA-256 and HKDF over the platform's SHA-256: the digests of the padded key are kept and copied for each tag,
 * which saves two blocks of four for a short message, allocates nothing, and is the same code on every platform.
 */
#include "primitives.h"

#include <stdlib.h>
#include <string.h>

/* RFC 2104 section 2. */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5C

struct CryptoHmac {
	CryptoHash *inner; /* after the block key XOR ipad */
	CryptoHash *outer; /* after the block key XOR opad */
	CryptoHash *work;
};

CryptoHmac *cryptoHmacNew(void)
{
	CryptoHmac *hmac = calloc(1, sizeof *hmac);
	if (!hmac) return NULL;
	hmac->inner = cryptoHashNew();
	hmac->outer = cryptoHashNew();
	hmac->work = cryptoHashNew();
	if (hmac->inner && hmac->outer && hmac->work) return hmac;
	cryptoHmacFree(hmac);
	return NULL;
}

static int padded(CryptoHash *hash, const uint8_t *key, uint8_t pad)
{
	uint8_t block[CRYPTO_BLOCK];
	for (size_t i = 0; i < CRYPTO_BLOCK; i++) block[i] = key[i] ^ pad;
	int ok = cryptoHashStart(hash) && cryptoHashUpdate(hash, block, CRYPTO_BLOCK);
	cryptoWipe(block, sizeof block);
	return ok;
}

int cryptoHmacSetKey(CryptoHmac *hmac, const uint8_t *key, size_t length)
{
	uint8_t block[CRYPTO_BLOCK] = {0};
	int ok = 1;
	if (length > CRYPTO_BLOCK)
		ok = cryptoHashStart(hmac->work) && cryptoHashUpdate(hmac->work, key, length) && cryptoHashFinish(hmac->work, block);
	else if (length > 0) memcpy(block, key, length);
	ok = ok && padded(hmac->inner, block, INNER_PAD) && padded(hmac->outer, block, OUTER_PAD) && cryptoHmacStart(hmac);
	cryptoWipe(block, sizeof block);
	return ok;
}

int cryptoHmacStart(CryptoHmac *hmac)
{
	return cryptoHashCopy(hmac->work, hmac->inner);
}

int cryptoHmacUpdate(CryptoHmac *hmac, const uint8_t *data, size_t length)
{
	return cryptoHashUpdate(hmac->work, data, length);
}

int cryptoHmacFinish(CryptoHmac *hmac, uint8_t *tag)
{
	uint8_t digest[CRYPTO_DIGEST];
	int ok = cryptoHashFinish(hmac->work, digest) && cryptoHashCopy(hmac->work, hmac->outer) &&
		cryptoHashUpdate(hmac->work, digest, CRYPTO_DIGEST) && cryptoHashFinish(hmac->work, tag);
	cryptoWipe(digest, sizeof digest);
	return ok;
}

void cryptoHmacFree(CryptoHmac *hmac)
{
	if (hmac->inner) cryptoHashFree(hmac->inner);
	if (hmac->outer) cryptoHashFree(hmac->outer);
	if (hmac->work) cryptoHashFree(hmac->work);
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
		if (ok) memcpy(output + done, block, piece);
	}
	cryptoWipe(block, sizeof block);
	return ok;
}
