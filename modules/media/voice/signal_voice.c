/*
 * Samples and packets of the voice path, see signal.d.ts. Everything is done where it lies; nothing is kept.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "xsmc.h"
#include "mc.xs.h"

/* Shortest and longest period that is taken away or added: pitches of 400 to 100 Hz. */
#define SHORTEST_US 2500
#define LONGEST_US 10000
/* Mean square below which nobody hears what is done to it: about -50 dBFS. */
#define QUIET 10000
/* Alike pieces are looked for in at most that many samples a second. */
#define SEARCH_RATE 8000

static int number(xsMachine *the, int index)
{
	if ((int)xsmcArgc <= index)
		xsRangeError("argument %d is missing", index + 1);
	return xsmcToInteger(xsArg(index));
}

/* `length` bytes at `offset` of the buffer that is the first argument; RangeError when they do not lie in it. */
static uint8_t *span(xsMachine *the, int offset, double length, int writable)
{
	void *data = NULL;
	xsUnsignedValue size = 0;
	if (writable)
		xsmcGetBufferWritable(xsArg(0), &data, &size);
	else
		xsmcGetBufferReadable(xsArg(0), &data, &size);
	if (offset < 0 || !(length >= 0) || (double)offset + length > (double)size)
		xsRangeError("offset %d outside a buffer of %u bytes", offset, (unsigned)size);
	return (uint8_t *)data + offset;
}

static int16_t *sampleSpan(xsMachine *the, int offset, double samples)
{
	if (offset & 1)
		xsRangeError("offset %d is odd", offset);
	return (int16_t *)(void *)span(the, offset, samples * 2, 1);
}

static uint32_t mixed(uint32_t hash, uint32_t word)
{
	word *= 0xCC9E2D51u;
	word = word << 15 | word >> 17;
	hash ^= word * 0x1B873593u;
	hash = hash << 13 | hash >> 19;
	return hash * 5 + 0xE6546B64u;
}

static uint32_t wordOf(const uint8_t *data)
{
	uint32_t word;
	memcpy(&word, data, sizeof(word));
	return word;
}

/* As MurmurHash3, in four lanes, which do not wait for each other; the last word is filled up with zeros. */
void fletcher_signal_fingerprint(xsMachine *the)
{
	int offset = number(the, 1);
	int length = number(the, 2);
	const uint8_t *data = span(the, offset, length, 0);
	uint32_t hash = (uint32_t)length, second = 1, third = 2, fourth = 3;
	uint32_t word = 0;
	for (; length >= 16; length -= 16, data += 16) {
		hash = mixed(hash, wordOf(data));
		second = mixed(second, wordOf(data + 4));
		third = mixed(third, wordOf(data + 8));
		fourth = mixed(fourth, wordOf(data + 12));
	}
	hash = mixed(mixed(mixed(hash, second), third), fourth);
	for (; length >= 4; length -= 4, data += 4)
		hash = mixed(hash, wordOf(data));
	memcpy(&word, data, (size_t)length);
	hash = mixed(hash, word);
	hash ^= hash >> 16;
	hash *= 0x85EBCA6Bu;
	hash ^= hash >> 13;
	hash *= 0xC2B2AE35u;
	hash ^= hash >> 16;
	xsmcSetInteger(xsResult, (xsIntegerValue)(hash & 0x7FFFFFFF));
}

typedef struct {
	double product, near, far;
} Likeness;

static Likeness compare(const int16_t *samples, int lag, int window, int step)
{
	int64_t product = 0, near = 0, far = 0;
	for (int i = 0; i < window; i += step) {
		int32_t a = samples[i], b = samples[i + lag];
		product += a * b;
		near += a * a;
		far += b * b;
	}
	Likeness likeness = { (double)product, (double)near, (double)far };
	return likeness;
}

/* The lag at which the first `window` samples look most like those behind them; *score is the squared correlation, 0..1. */
static int bestLag(const int16_t *samples, int shortest, int longest, int window, int step, double *score)
{
	int best = shortest;
	*score = -1;
	for (int lag = shortest; lag <= longest; lag += step) {
		Likeness it = compare(samples, lag, window, step);
		double square = it.product > 0 ? it.product * it.product / (it.near * it.far + 1) : 0;
		if (square <= *score)
			continue;
		*score = square;
		best = lag;
	}
	return best;
}

/* Fades `from` out and `to` in over `count` samples; `out` may be either. */
static void blend(int16_t *out, const int16_t *from, const int16_t *to, int count)
{
	for (int i = 0; i < count; i++)
		out[i] = (int16_t)((from[i] * (count - i) + to[i] * i) / count);
}

void fletcher_signal_stretch(xsMachine *the)
{
	int offset = number(the, 1);
	int count = number(the, 2);
	int rate = number(the, 3);
	int direction = number(the, 4);
	int likeness = number(the, 5);
	int shortest = (int)((int64_t)rate * SHORTEST_US / 1000000);
	int longest = (int)((int64_t)rate * LONGEST_US / 1000000);
	int step = rate / SEARCH_RATE;
	double score;
	if (longest > count / 2)
		longest = count / 2;
	xsmcSetInteger(xsResult, 0);
	if (shortest < 1 || longest < shortest * 2 || direction == 0)
		return;
	int16_t *samples = sampleSpan(the, offset, (double)count + (direction > 0 ? longest : 0));
	int lag = bestLag(samples, shortest, longest, longest, step < 1 ? 1 : step, &score);
	Likeness whole = compare(samples, 0, lag * 2, 1);
	if (score * 10000 < (double)likeness * likeness && whole.near > (double)QUIET * lag * 2)
		return;
	if (direction < 0) {
		blend(samples, samples, samples + lag, lag);
		memmove(samples + lag, samples + lag * 2, (size_t)(count - lag * 2) * 2);
		xsmcSetInteger(xsResult, -lag);
		return;
	}
	/* a b c becomes a (b into a) b c */
	memmove(samples + lag * 2, samples + lag, (size_t)(count - lag) * 2);
	blend(samples + lag, samples + lag * 2, samples, lag);
	xsmcSetInteger(xsResult, lag);
}
