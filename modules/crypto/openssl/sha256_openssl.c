/*
 * SHA-256 by OpenSSL's plain functions. OpenSSL 3 marks them as deprecated in favour of EVP, which makes and frees a context
 * at each start of a digest (3.0) or copy of one; these work in place, and a copy is an assignment.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "../primitives.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <stdlib.h>

struct CryptoHash {
	SHA256_CTX state;
};

CryptoHash *cryptoHashNew(void)
{
	CryptoHash *hash = calloc(1, sizeof *hash);
	if (hash) cryptoHashStart(hash);
	return hash;
}

int cryptoHashStart(CryptoHash *hash)
{
	return SHA256_Init(&hash->state) == 1;
}

int cryptoHashUpdate(CryptoHash *hash, const uint8_t *data, size_t length)
{
	return SHA256_Update(&hash->state, data, length) == 1;
}

int cryptoHashFinish(CryptoHash *hash, uint8_t *digest)
{
	return SHA256_Final(digest, &hash->state) == 1;
}

int cryptoHashCopy(CryptoHash *hash, const CryptoHash *from)
{
	hash->state = from->state;
	return 1;
}

void cryptoHashFree(CryptoHash *hash)
{
	OPENSSL_cleanse(hash, sizeof *hash);
	free(hash);
}
