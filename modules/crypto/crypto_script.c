/*
 * The classes of crypto.js: takes arguments from the script, checks every bound, and calls the platform (primitives.h).
 * Sealing, opening, signing and digesting create nothing in the engine's heap.
 */
#include "arguments.h"
#include "mc.xs.h"
#include "primitives.h"

#include <string.h>

static void done(xsMachine *the, int ok)
{
	if (!ok) xsUnknownError("the cryptographic platform failed");
}

/* AEAD */

void fletcher_aead_destructor(void *data)
{
	if (data) cryptoAeadFree(data);
}

void fletcher_aead(xsMachine *the)
{
	size_t cipher = sizeArgument(the, 0);
	size_t offset = sizeArgument(the, 2);
	size_t length = cryptoKeyLength(cipher);
	if (!length) xsRangeError("unknown cipher %d", (int)cipher);
	CryptoAead *aead = cryptoAeadNew((int)cipher, readArgument(the, 1, offset, length));
	done(the, aead != NULL);
	xsmcSetHostData(xsThis, aead);
}

void fletcher_aead_set_key(xsMachine *the)
{
	CryptoAead *aead = openRecord(the, fletcher_aead_destructor);
	size_t offset = sizeArgument(the, 1);
	done(the, cryptoAeadSetKey(aead, readArgument(the, 0, offset, cryptoAeadKeyLength(aead))));
}

void fletcher_aead_seal(xsMachine *the)
{
	CryptoAead *aead = openRecord(the, fletcher_aead_destructor);
	size_t nonceOffset = sizeArgument(the, 1);
	size_t aadOffset = sizeArgument(the, 2);
	size_t aadLength = sizeArgument(the, 3);
	size_t offset = sizeArgument(the, 4);
	size_t length = sizeArgument(the, 5);
	const uint8_t *nonce = readArgument(the, 0, nonceOffset, CRYPTO_NONCE);
	const uint8_t *aad = readArgument(the, 0, aadOffset, aadLength);
	uint8_t *data = writeArgument(the, 0, offset, length + CRYPTO_TAG);
	int ok = cryptoAeadSeal(aead, nonce, aad, aadLength, data, length);
	xsmcSetInteger(xsResult, ok ? (xsIntegerValue)(length + CRYPTO_TAG) : -1);
}

void fletcher_aead_open(xsMachine *the)
{
	CryptoAead *aead = openRecord(the, fletcher_aead_destructor);
	size_t nonceOffset = sizeArgument(the, 1);
	size_t aadOffset = sizeArgument(the, 2);
	size_t aadLength = sizeArgument(the, 3);
	size_t offset = sizeArgument(the, 4);
	size_t length = sizeArgument(the, 5);
	const uint8_t *nonce = readArgument(the, 0, nonceOffset, CRYPTO_NONCE);
	const uint8_t *aad = readArgument(the, 0, aadOffset, aadLength);
	uint8_t *data = writeArgument(the, 0, offset, length);
	int ok = length >= CRYPTO_TAG && cryptoAeadOpen(aead, nonce, aad, aadLength, data, length - CRYPTO_TAG);
	if (!ok) memset(data, 0, length);
	xsmcSetInteger(xsResult, ok ? (xsIntegerValue)(length - CRYPTO_TAG) : -1);
}

void fletcher_aead_close(xsMachine *the)
{
	fletcher_aead_destructor(takeRecord(the, fletcher_aead_destructor));
}

/* AES-128-CTR */

void fletcher_ctr_destructor(void *data)
{
	if (data) cryptoCtrFree(data);
}

void fletcher_ctr(xsMachine *the)
{
	size_t offset = sizeArgument(the, 1);
	CryptoCtr *ctr = cryptoCtrNew(readArgument(the, 0, offset, CRYPTO_CTR_KEY));
	done(the, ctr != NULL);
	xsmcSetHostData(xsThis, ctr);
}

void fletcher_ctr_set_key(xsMachine *the)
{
	CryptoCtr *ctr = openRecord(the, fletcher_ctr_destructor);
	size_t offset = sizeArgument(the, 1);
	done(the, cryptoCtrSetKey(ctr, readArgument(the, 0, offset, CRYPTO_CTR_KEY)));
}

void fletcher_ctr_apply(xsMachine *the)
{
	CryptoCtr *ctr = openRecord(the, fletcher_ctr_destructor);
	size_t counterOffset = sizeArgument(the, 1);
	size_t offset = sizeArgument(the, 2);
	size_t length = sizeArgument(the, 3);
	const uint8_t *counter = readArgument(the, 0, counterOffset, CRYPTO_COUNTER);
	uint8_t *data = writeArgument(the, 0, offset, length);
	xsmcSetBoolean(xsResult, cryptoCtrApply(ctr, counter, data, length));
}

void fletcher_ctr_close(xsMachine *the)
{
	fletcher_ctr_destructor(takeRecord(the, fletcher_ctr_destructor));
}

/* HMAC */

void fletcher_hmac_destructor(void *data)
{
	if (data) cryptoHmacFree(data);
}

void fletcher_hmac(xsMachine *the)
{
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	const uint8_t *key = readArgument(the, 0, offset, length);
	CryptoHmac *hmac = cryptoHmacNew();
	done(the, hmac != NULL);
	xsmcSetHostData(xsThis, hmac);
	done(the, cryptoHmacSetKey(hmac, key, length));
}

void fletcher_hmac_set_key(xsMachine *the)
{
	CryptoHmac *hmac = openRecord(the, fletcher_hmac_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	done(the, cryptoHmacSetKey(hmac, readArgument(the, 0, offset, length), length));
}

void fletcher_hmac_sign(xsMachine *the)
{
	CryptoHmac *hmac = openRecord(the, fletcher_hmac_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	size_t to = sizeArgument(the, 4);
	const uint8_t *data = readArgument(the, 0, offset, length);
	uint8_t *output = writeArgument(the, 3, to, CRYPTO_DIGEST);
	done(the, cryptoHmacStart(hmac) && cryptoHmacUpdate(hmac, data, length) && cryptoHmacFinish(hmac, output));
}

void fletcher_hmac_verify(xsMachine *the)
{
	CryptoHmac *hmac = openRecord(the, fletcher_hmac_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	size_t tagOffset = sizeArgument(the, 3);
	size_t tagLength = sizeArgument(the, 4);
	uint8_t expected[CRYPTO_DIGEST];
	if (tagLength < 4 || tagLength > CRYPTO_DIGEST) xsRangeError("a tag has 4 to 32 bytes");
	const uint8_t *data = readArgument(the, 0, offset, length);
	const uint8_t *tag = readArgument(the, 0, tagOffset, tagLength);
	int ok = cryptoHmacStart(hmac) && cryptoHmacUpdate(hmac, data, length) && cryptoHmacFinish(hmac, expected) &&
		cryptoSame(tag, expected, tagLength);
	cryptoWipe(expected, sizeof expected);
	xsmcSetBoolean(xsResult, ok);
}

void fletcher_hmac_close(xsMachine *the)
{
	fletcher_hmac_destructor(takeRecord(the, fletcher_hmac_destructor));
}

/* SHA-256 */

void fletcher_sha256_destructor(void *data)
{
	if (data) cryptoHashFree(data);
}

void fletcher_sha256(xsMachine *the)
{
	CryptoHash *hash = cryptoHashNew();
	done(the, hash != NULL);
	xsmcSetHostData(xsThis, hash);
}

void fletcher_sha256_update(xsMachine *the)
{
	CryptoHash *hash = openRecord(the, fletcher_sha256_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	done(the, cryptoHashUpdate(hash, readArgument(the, 0, offset, length), length));
}

void fletcher_sha256_digest(xsMachine *the)
{
	CryptoHash *hash = openRecord(the, fletcher_sha256_destructor);
	size_t to = sizeArgument(the, 1);
	done(the, cryptoHashFinish(hash, writeArgument(the, 0, to, CRYPTO_DIGEST)) && cryptoHashStart(hash));
}

void fletcher_sha256_close(xsMachine *the)
{
	fletcher_sha256_destructor(takeRecord(the, fletcher_sha256_destructor));
}

/* HKDF */

static const uint8_t *wholeArgument(xsMachine *the, int index, size_t *length)
{
	void *data = NULL;
	xsUnsignedValue size = 0;
	if ((int)xsmcArgc <= index) xsTypeError("argument %d is missing", index + 1);
	xsmcGetBufferReadable(xsArg(index), &data, &size);
	*length = size;
	return data;
}

void fletcher_hkdf(xsMachine *the)
{
	size_t to = sizeArgument(the, 4);
	size_t length = sizeArgument(the, 5);
	if (length < 1 || length > CRYPTO_HKDF_LONGEST) xsRangeError("HKDF gives 1 to 8160 bytes");
	size_t secretLength, saltLength, infoLength;
	const uint8_t *secret = wholeArgument(the, 0, &secretLength);
	const uint8_t *salt = wholeArgument(the, 1, &saltLength);
	const uint8_t *info = wholeArgument(the, 2, &infoLength);
	uint8_t *output = writeArgument(the, 3, to, length);
	CryptoHmac *hmac = cryptoHmacNew();
	int ok = hmac && cryptoHkdf(hmac, secret, secretLength, salt, saltLength, info, infoLength, output, length);
	if (hmac) cryptoHmacFree(hmac);
	done(the, ok);
}

/* P-256 */

void fletcher_ecdh_destructor(void *data)
{
	if (data) cryptoPairFree(data);
}

void fletcher_ecdh(xsMachine *the)
{
	const uint8_t *privateKey = NULL;
	CryptoPair *pair = NULL;
	if (hasArgument(the, 0)) {
		size_t offset = hasArgument(the, 1) ? sizeArgument(the, 1) : 0;
		privateKey = readArgument(the, 0, offset, CRYPTO_SCALAR);
	}
	CryptoPairResult result = cryptoPairNew(privateKey, &pair);
	if (result == CRYPTO_PAIR_BAD_KEY) xsRangeError("not a P-256 private key");
	done(the, result == CRYPTO_PAIR_MADE);
	xsmcSetHostData(xsThis, pair);
}

void fletcher_ecdh_public_key(xsMachine *the)
{
	CryptoPair *pair = openRecord(the, fletcher_ecdh_destructor);
	size_t to = sizeArgument(the, 1);
	done(the, cryptoPairPublic(pair, writeArgument(the, 0, to, CRYPTO_POINT)));
}

void fletcher_ecdh_private_key(xsMachine *the)
{
	CryptoPair *pair = openRecord(the, fletcher_ecdh_destructor);
	size_t to = sizeArgument(the, 1);
	done(the, cryptoPairPrivate(pair, writeArgument(the, 0, to, CRYPTO_SCALAR)));
}

void fletcher_ecdh_agree(xsMachine *the)
{
	CryptoPair *pair = openRecord(the, fletcher_ecdh_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t to = sizeArgument(the, 3);
	const uint8_t *point = readArgument(the, 0, offset, CRYPTO_POINT);
	uint8_t *secret = writeArgument(the, 2, to, CRYPTO_SCALAR);
	xsmcSetBoolean(xsResult, cryptoPairAgree(pair, point, secret));
}

void fletcher_ecdh_close(xsMachine *the)
{
	fletcher_ecdh_destructor(takeRecord(the, fletcher_ecdh_destructor));
}

void fletcher_ecdsa_verify(xsMachine *the)
{
	const uint8_t *point = readArgument(the, 0, 0, CRYPTO_POINT);
	const uint8_t *digest = readArgument(the, 1, 0, CRYPTO_DIGEST);
	const uint8_t *signature = readArgument(the, 2, 0, CRYPTO_SIGNATURE);
	xsmcSetBoolean(xsResult, cryptoVerify(point, digest, signature));
}

void fletcher_random(xsMachine *the)
{
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	if (!cryptoRandom(writeArgument(the, 0, offset, length), length)) xsUnknownError("the system gives no randomness");
}
