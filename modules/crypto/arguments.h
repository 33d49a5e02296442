/*
 * Arguments of a native call, checked: numbers and buffers that scripts give.
 * Convert all numbers first and take the pointers last: a pointer into a buffer holds until something allocates,
 * and nothing here does unless it throws.
 */
#ifndef FLETCHER_ARGUMENTS_H
#define FLETCHER_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "xsmc.h"

/* True when the argument was given and is not undefined. */
static inline int hasArgument(xsMachine *the, int index)
{
	return (int)xsmcArgc > index && xsmcTypeOf(xsArg(index)) != xsUndefinedType;
}

/* An offset or a length: a whole number from 0 to 2^31 - 1, else RangeError. */
static inline size_t sizeArgument(xsMachine *the, int index)
{
	xsNumberValue value = -1;
	if ((int)xsmcArgc > index) {
		xsType type = xsmcTypeOf(xsArg(index));
		if (type == xsIntegerType) value = xsmcToInteger(xsArg(index));
		else if (type == xsNumberType) value = xsmcToNumber(xsArg(index));
	}
	if (!(value >= 0 && value <= 0x7FFFFFFF) || value != (xsNumberValue)(uint32_t)value)
		xsRangeError("argument %d is not an offset or a length", index + 1);
	return (size_t)value;
}

/* The `length` bytes at `offset` of the buffer that is argument `index`; RangeError when they do not lie in it. */
static inline uint8_t *spanArgument(xsMachine *the, int index, size_t offset, size_t length, int writable)
{
	void *data = NULL;
	xsUnsignedValue size = 0;
	if ((int)xsmcArgc <= index) xsTypeError("argument %d is missing", index + 1);
	if (writable) xsmcGetBufferWritable(xsArg(index), &data, &size);
	else xsmcGetBufferReadable(xsArg(index), &data, &size);
	if (offset > size || length > size - offset) xsRangeError("argument %d: outside of the buffer", index + 1);
	return (uint8_t *)data + offset;
}

static inline const uint8_t *readArgument(xsMachine *the, int index, size_t offset, size_t length)
{
	return spanArgument(the, index, offset, length, 0);
}

static inline uint8_t *writeArgument(xsMachine *the, int index, size_t offset, size_t length)
{
	return spanArgument(the, index, offset, length, 1);
}

/* The native record behind `this`, whose class is known by its destructor; throws when it was closed. */
static inline void *openRecord(xsMachine *the, xsDestructor destructor)
{
	void *record = xsmcGetHostDataValidate(xsThis, (void *)destructor);
	if (!record) xsUnknownError("used after close");
	return record;
}

/* Takes the record away from `this`, for the caller to free; NULL when it was closed before. */
static inline void *takeRecord(xsMachine *the, xsDestructor destructor)
{
	void *record = xsmcGetHostDataValidate(xsThis, (void *)destructor);
	if (record) xsmcSetHostData(xsThis, NULL);
	return record;
}

#endif
