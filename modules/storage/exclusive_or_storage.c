/* storage/exclusive_or: one range of bytes into another one of the same buffer. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "xsmc.h"
#include "mc.xs.h"

/* An offset or a length: 0 to 2^31 - 1, else RangeError. */
static size_t number(xsMachine *the, int index)
{
	xsNumberValue value = -1;
	if ((int)xsmcArgc > index) {
		xsType type = xsmcTypeOf(xsArg(index));
		if (type == xsIntegerType)
			value = xsmcToInteger(xsArg(index));
		else if (type == xsNumberType)
			value = xsmcToNumber(xsArg(index));
	}
	if (!(value >= 0 && value <= 0x7fffffff))
		xsRangeError("argument %d is not an offset or a length", index + 1);
	return (size_t)value;
}

void fletcher_exclusive_or(xsMachine *the)
{
	void *data = NULL;
	xsUnsignedValue size = 0;
	uint64_t a, b;
	size_t to = number(the, 1);
	size_t from = number(the, 2);
	size_t length = number(the, 3);
	xsmcGetBufferWritable(xsArg(0), &data, &size);
	if (length > size || to > size - length || from > size - length)
		xsRangeError("%u bytes at %u and %u: outside of a buffer of %u", (unsigned)length, (unsigned)to, (unsigned)from, (unsigned)size);
	uint8_t *target = (uint8_t *)data + to;
	const uint8_t *source = (const uint8_t *)data + from;
	for (; length >= sizeof(a); length -= sizeof(a), target += sizeof(a), source += sizeof(a)) {
		memcpy(&a, target, sizeof(a));
		memcpy(&b, source, sizeof(b));
		a ^= b;
		memcpy(target, &a, sizeof(a));
	}
	for (size_t i = 0; i < length; i++)
		target[i] ^= source[i];
}
