/*
 * What a cryptographic platform gives. openssl/ and psa/ implement it; crypto_script.c and crypto_hmac.c stand on it.
 * Pointers are checked by the caller. Functions give 1 for success and 0 for failure unless they say otherwise.
 * Everything is allocated by the ...New functions; the others leave the heap as it was.
 */
#ifndef FLETCHER_PRIMITIVES_H
#define FLETCHER_PRIMITIVES_H

#include <stddef.h>
#include <stdint.h>

#define CRYPTO_AES_128_GCM 1
#define CRYPTO_AES_256_GCM 2
#define CRYPTO_CHACHA20_POLY1305 3

#define CRYPTO_TAG 16
#define CRYPTO_NONCE 12
#define CRYPTO_DIGEST 32
#define CRYPTO_BLOCK 64 /* of SHA-256 */
#define CRYPTO_SCALAR 32 /* P-256 */
#define CRYPTO_POINT 65 /* uncompressed: 04 | x | y */
#define CRYPTO_SIGNATURE 64 /* r | s */

/* Bytes of the key of a cipher, 0 for a number that names none. */
static inline size_t cryptoKeyLength(size_t cipher)
{
	if (cipher == CRYPTO_AES_128_GCM) return 16;
	return cipher == CRYPTO_AES_256_GCM || cipher == CRYPTO_CHACHA20_POLY1305 ? 32 : 0;
}

/* Overwrites secrets in a way that the compiler keeps. */
void cryptoWipe(void *data, size_t length);

/* 0 when the system has no randomness: the caller must not go on. */
int cryptoRandom(uint8_t *data, size_t length);

typedef struct CryptoAead CryptoAead;
/* NULL when the platform has no memory or lacks the cipher. */
CryptoAead *cryptoAeadNew(int cipher, const uint8_t *key);
size_t cryptoAeadKeyLength(const CryptoAead *aead);
int cryptoAeadSetKey(CryptoAead *aead, const uint8_t *key);
/* In place; writes the tag behind the data. */
int cryptoAeadSeal(CryptoAead *aead, const uint8_t *nonce, const uint8_t *aad, size_t aadLength, uint8_t *data, size_t length);
/* In place; length without the tag, which lies behind. What data holds after a failure is for the caller to wipe. */
int cryptoAeadOpen(CryptoAead *aead, const uint8_t *nonce, const uint8_t *aad, size_t aadLength, uint8_t *data, size_t length);
/* Wipes the key. */
void cryptoAeadFree(CryptoAead *aead);

#define CRYPTO_CTR_KEY 16
#define CRYPTO_COUNTER 16 /* the first counter block */
/* AES-128 in counter mode (SP 800-38A section 6.5): no authentication of its own. */
typedef struct CryptoCtr CryptoCtr;
CryptoCtr *cryptoCtrNew(const uint8_t *key);
int cryptoCtrSetKey(CryptoCtr *ctr, const uint8_t *key);
/* In place, both ways. */
int cryptoCtrApply(CryptoCtr *ctr, const uint8_t *counter, uint8_t *data, size_t length);
/* Wipes the key. */
void cryptoCtrFree(CryptoCtr *ctr);

/* SHA-256. Ready for the first piece when made and after cryptoHashStart. */
typedef struct CryptoHash CryptoHash;
CryptoHash *cryptoHashNew(void);
int cryptoHashStart(CryptoHash *hash);
int cryptoHashUpdate(CryptoHash *hash, const uint8_t *data, size_t length);
int cryptoHashFinish(CryptoHash *hash, uint8_t *digest);
/* Goes on from where `from` is, which stays as it is. */
int cryptoHashCopy(CryptoHash *hash, const CryptoHash *from);
void cryptoHashFree(CryptoHash *hash);

/* HMAC-SHA-256 (RFC 2104), crypto_hmac.c. Ready for the first piece after cryptoHmacSetKey and cryptoHmacStart. */
typedef struct CryptoHmac CryptoHmac;
CryptoHmac *cryptoHmacNew(void);
int cryptoHmacSetKey(CryptoHmac *hmac, const uint8_t *key, size_t length);
int cryptoHmacStart(CryptoHmac *hmac);
int cryptoHmacUpdate(CryptoHmac *hmac, const uint8_t *data, size_t length);
int cryptoHmacFinish(CryptoHmac *hmac, uint8_t *tag);
void cryptoHmacFree(CryptoHmac *hmac);
/* In constant time for one length. */
int cryptoSame(const uint8_t *a, const uint8_t *b, size_t length);

#define CRYPTO_HKDF_LONGEST (255 * CRYPTO_DIGEST)
/* HKDF-SHA-256 (RFC 5869) with an HMAC that it may re-key; length 1..CRYPTO_HKDF_LONGEST. */
int cryptoHkdf(CryptoHmac *hmac, const uint8_t *secret, size_t secretLength, const uint8_t *salt, size_t saltLength,
	const uint8_t *info, size_t infoLength, uint8_t *output, size_t length);

/* A P-256 key pair. */
typedef struct CryptoPair CryptoPair;
typedef enum { CRYPTO_PAIR_MADE, CRYPTO_PAIR_BAD_KEY, CRYPTO_PAIR_FAILED } CryptoPairResult;
/* From a private key of 32 bytes, or a random one when it is NULL. */
CryptoPairResult cryptoPairNew(const uint8_t *privateKey, CryptoPair **pair);
int cryptoPairPublic(CryptoPair *pair, uint8_t *point);
int cryptoPairPrivate(CryptoPair *pair, uint8_t *privateKey);
/* The x coordinate; 0 when the point is not on the curve. */
int cryptoPairAgree(CryptoPair *pair, const uint8_t *point, uint8_t *secret);
void cryptoPairFree(CryptoPair *pair);

/* ECDSA P-256 (FIPS 186-4 section 6.4): 1 when the signature is good. */
int cryptoVerify(const uint8_t *point, const uint8_t *digest, const uint8_t *signature);

#endif
