/* HMAC-SHA-1 of the platform (openssl/ or psa/): 1 for success, 0 for failure. The tag may lie in or behind the data. */
#ifndef FLETCHER_HMAC_SHA1_H
#define FLETCHER_HMAC_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define CRYPTO_SHA1 20

int cryptoHmacSha1(const uint8_t *key, size_t keyLength, const uint8_t *data, size_t length, uint8_t *tag);

#endif
