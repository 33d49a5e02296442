/*
 * What the native classes share: a record that outlives the call it is used in, callbacks out of an options object,
 * checked spans of buffers, bounded copies of strings. Header only; nothing here allocates in the engine.
 */
#ifndef FLETCHER_NATIVE_H
#define FLETCHER_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xsmc.h"
#include "entry.h"

/*
 * Begins every record that the loop calls back. While it is pinned the script object stays alive though no script holds it.
 * While `calling` is above 0 the record stays, even when the script closes or loses the object: leave frees it then.
 */
typedef struct {
	xsMachine *the;
	xsSlot self;
	uint8_t pinned;
	uint8_t dead;
	uint8_t calling;
} Native;

#define nativeOwner(TYPE, MEMBER, POINTER) ((TYPE *)(void *)((char *)(POINTER) - offsetof(TYPE, MEMBER)))

static inline void nativePin(xsMachine *the, Native *native, xsSlot *self)
{
	if (native->pinned)
		return;
	native->the = the;
	native->self = *self;
	xsRemember(native->self);
	native->pinned = 1;
}

static inline void nativeUnpin(xsMachine *the, Native *native)
{
	if (!native->pinned)
		return;
	xsForget(native->self);
	native->pinned = 0;
}

static inline void nativeEnter(Native *native)
{
	native->calling++;
}

static inline void nativeLeave(Native *native)
{
	native->calling--;
	if (native->dead && native->calling == 0)
		free(native);
}

static inline void nativeFree(Native *native)
{
	if (native->calling)
		native->dead = 1;
	else
		free(native);
}

/* Makes the record of xsThis, zeroed; from here on the destructor owns it. */
static inline void *nativeNew(xsMachine *the, size_t size, const xsHostHooks *hooks)
{
	Native *native = calloc(1, size);
	if (!native)
		xsUnknownError("no memory");
	native->the = the;
	xsmcSetHostData(xsThis, native);
	xsSetHostHooks(xsThis, hooks);
	return native;
}

/* Option `id` of xsArg(0) as a callback, 1 when it is given. Uses xsVar(0). */
static inline int nativeCallback(xsMachine *the, xsIdentifier id, xsSlot *function)
{
	xsmcGet(xsVar(0), xsArg(0), id);
	if (xsmcTypeOf(xsVar(0)) != xsReferenceType)
		return 0;
	*function = xsVar(0);
	return 1;
}

/* Option `id` of xsArg(0) as an integer from low to high. Uses xsVar(0). */
static inline int nativeInteger(xsMachine *the, xsIdentifier id, const char *name, int fallback, int low, int high)
{
	xsmcGet(xsVar(0), xsArg(0), id);
	if (xsmcTypeOf(xsVar(0)) == xsUndefinedType)
		return fallback;
	double value = xsmcToNumber(xsVar(0));
	if (!(value >= low && value <= high))
		xsRangeError("%s must be %d to %d", name, low, high);
	return (int)value;
}

/* Copies a string; 0 when it does not fit. */
static inline int nativeText(xsMachine *the, xsSlot *slot, char *text, size_t size)
{
	const char *string = xsmcToString(*slot);
	size_t length = strlen(string);
	text[0] = 0;
	if (length >= size)
		return 0;
	memcpy(text, string, length + 1);
	return 1;
}

/*
 * The bytes that the arguments (buffer, offset, length) from number `first` name. A span outside the buffer is a mistake of the
 * program and throws. The pointer holds until anything allocates.
 */
static inline uint8_t *nativeSpan(xsMachine *the, int first, int writable, uint32_t *length)
{
	void *data;
	xsUnsignedValue size;
	if (xsmcArgc < first + 3)
		xsRangeError("buffer, offset and length are needed");
	xsIntegerValue offset = xsmcToInteger(xsArg(first + 1));
	xsIntegerValue count = xsmcToInteger(xsArg(first + 2));
	if (writable)
		xsmcGetBufferWritable(xsArg(first), &data, &size);
	else
		xsmcGetBufferReadable(xsArg(first), &data, &size);
	if (offset < 0 || count < 0 || (xsUnsignedValue)offset > size || (xsUnsignedValue)count > size - (xsUnsignedValue)offset)
		xsRangeError("offset %d, length %d outside a buffer of %u bytes", (int)offset, (int)count, (unsigned)size);
	*length = (uint32_t)count;
	return (uint8_t *)data + offset;
}

static inline void nativeNeed(xsMachine *the, int count)
{
	if (xsmcArgc < count)
		xsRangeError("%d arguments are needed", count);
}

#endif
