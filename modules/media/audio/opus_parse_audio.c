/* The framing of Opus packets, RFC 6716 section 3, see opus_parse.d.ts and opus_packet.ts. Nothing is kept. */
#include <stddef.h>
#include <stdint.h>

#include "xsmc.h"
#include "mc.xs.h"

#define CODE 3
#define ONE_FRAME 0
#define TWO_EQUAL 1
#define TWO_DIFFERENT 2
#define ANY_NUMBER 3
/* Of the second byte of code 3. */
#define COUNT 0x3f
#define PADDED 0x40
#define VARIABLE 0x80
/* Longest frame in bytes (R2), longest packet in ticks: 120 ms (R5). */
#define LONGEST_FRAME 1275
#define LONGEST_PACKET 5760
/* A length byte of the padding that says: 254 bytes, and another length byte follows. */
#define MORE 255
/* Lengths of frames from here on take two bytes. */
#define TWO_BYTES 252
/* Configurations from here on are hybrid, and CELT only (section 3.1). */
#define HYBRID 12
#define CELT 16
/* A SILK frame is 20 ms at most: 40 and 60 ms are two and three of them. */
#define SILK_FRAME 960

/* The packet (bytes, at, length); length 0 when it does not lie in the bytes. */
static const uint8_t *packet(xsMachine *the, int *length)
{
	void *data = NULL;
	xsUnsignedValue size = 0;
	if (xsmcArgc < 3)
		xsRangeError("bytes, offset and length are needed");
	xsIntegerValue at = xsmcToInteger(xsArg(1));
	xsIntegerValue count = xsmcToInteger(xsArg(2));
	xsmcGetBufferReadable(xsArg(0), &data, &size);
	int outside = at < 0 || count < 0 || (xsUnsignedValue)at > size || (xsUnsignedValue)count > size - (xsUnsignedValue)at;
	*length = outside ? 0 : (int)count;
	return outside ? NULL : (const uint8_t *)data + at;
}

/* Ticks of a frame of a packet with this first byte: 2.5 to 60 ms. */
static int frameTicks(int toc)
{
	int config = toc >> 3;
	if (config >= CELT)
		return 120 << (config & 3);
	if (config >= HYBRID)
		return 480 << (config & 1);
	return (config & 3) == 3 ? 2880 : 480 << (config & 3);
}

/* Bytes of padding at the end, or -1; *first is where the lengths or the frames begin. */
static int paddingOf(const uint8_t *data, int length, int *first)
{
	int padding = 0;
	int i = 2;
	*first = 2;
	if (length < 2)
		return -1;
	if (!(data[1] & PADDED))
		return 0;
	while (i < length) {
		int byte = data[i++];
		padding += byte == MORE ? MORE - 1 : byte;
		if (padding > length - i)
			return -1;
		*first = i;
		if (byte != MORE)
			return padding;
	}
	return -1;
}

/* Whether the lengths of all frames but the last, and then the frames, lie between `at` and `end`. Section 3.2.1. */
static int lengthsFit(const uint8_t *data, int at, int end, int frames)
{
	int sum = 0;
	for (int i = 1; i < frames; i++) {
		if (at >= end)
			return 0;
		int size = data[at++];
		if (size >= TWO_BYTES) {
			if (at >= end)
				return 0;
			size += 4 * data[at++];
		}
		sum += size;
	}
	int last = end - at - sum;
	return last >= 0 && last <= LONGEST_FRAME;
}

/* Code 3: R5 to R7. */
static int countedFrames(const uint8_t *data, int length)
{
	int at;
	int padding = paddingOf(data, length, &at);
	if (padding < 0)
		return -1;
	int frames = data[1] & COUNT;
	if (frames == 0 || frames * frameTicks(data[0]) > LONGEST_PACKET)
		return -1;
	int end = length - padding;
	if (data[1] & VARIABLE)
		return lengthsFit(data, at, end, frames) ? frames : -1;
	return (end - at) % frames == 0 && (end - at) / frames <= LONGEST_FRAME ? frames : -1;
}

static int framesOf(const uint8_t *data, int length)
{
	if (length < 1) /* R1 */
		return -1;
	switch (data[0] & CODE) {
	case ONE_FRAME:
		return length - 1 <= LONGEST_FRAME ? 1 : -1;
	case TWO_EQUAL: /* R3 */
		return (length & 1) && length - 1 <= 2 * LONGEST_FRAME ? 2 : -1;
	case TWO_DIFFERENT: /* R4 */
		return lengthsFit(data, 1, length, 2) ? 2 : -1;
	default:
		return countedFrames(data, length);
	}
}

void fletcher_opus_frames(xsMachine *the)
{
	int length;
	const uint8_t *data = packet(the, &length);
	xsmcSetInteger(xsResult, framesOf(data, length));
}

void fletcher_opus_duration(xsMachine *the)
{
	int length;
	const uint8_t *data = packet(the, &length);
	int frames = framesOf(data, length);
	xsmcSetInteger(xsResult, frames < 0 ? -1 : frames * frameTicks(data[0]));
}

void fletcher_opus_padding(xsMachine *the)
{
	int length, first;
	const uint8_t *data = packet(the, &length);
	xsmcSetInteger(xsResult, length < 1 ? -1 : (data[0] & CODE) != ANY_NUMBER ? 0 : paddingOf(data, length, &first));
}

/* Where the first frame begins, `length` or more: it is empty or outside. */
static int firstFrame(const uint8_t *data, int length)
{
	int at = 1;
	int code = data[0] & CODE;
	if (code == TWO_DIFFERENT)
		return length > 1 && data[1] >= TWO_BYTES ? 3 : 2;
	if (code != ANY_NUMBER)
		return at;
	if (paddingOf(data, length, &at) < 0)
		return length;
	if (data[1] & VARIABLE)
		for (int i = 1; i < (data[1] & COUNT) && at < length; i++)
			at += data[at] < TWO_BYTES ? 1 : 2;
	return at;
}

void fletcher_opus_redundant(xsMachine *the)
{
	int length;
	const uint8_t *data = packet(the, &length);
	int there = 0;
	if (length > 0 && data[0] >> 3 < CELT) {
		int at = firstFrame(data, length);
		int ticks = frameTicks(data[0]);
		int frames = ticks > SILK_FRAME ? ticks / SILK_FRAME : 1;
		there = at < length && (data[at] >> (7 - frames) & 1);
	}
	xsmcSetBoolean(xsResult, there);
}
