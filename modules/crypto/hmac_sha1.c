/* The function of hmac_sha1.js: arguments and bounds. */
#include "arguments.h"
#include "hmac_sha1.h"
#include "mc.xs.h"

void fletcher_hmac_sha1(xsMachine *the)
{
	size_t keyOffset = sizeArgument(the, 1);
	size_t keyLength = sizeArgument(the, 2);
	size_t offset = sizeArgument(the, 4);
	size_t length = sizeArgument(the, 5);
	size_t to = sizeArgument(the, 7);
	const uint8_t *key = readArgument(the, 0, keyOffset, keyLength);
	const uint8_t *data = readArgument(the, 3, offset, length);
	uint8_t *output = writeArgument(the, 6, to, CRYPTO_SHA1);
	if (!cryptoHmacSha1(key, keyLength, data, length, output)) xsUnknownError("the cryptographic platform failed");
}
