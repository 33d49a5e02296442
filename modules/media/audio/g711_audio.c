/*
 * ITU-T G.711: eight bits a sample on a logarithmic scale, as the tables 1a to 2b of the recommendation say.
 * Linear samples have 16 bits here; A-law looks at the upper 13 of them, µ-law at the upper 14.
 * A-law has every second bit inverted on the line, µ-law all.
 */
#include "samples.h"

#define SIGN 0x80
#define ALAW_LINE 0x55
/* Added to a magnitude of 14 bits so that the segments of µ-law begin at powers of two. */
#define MULAW_BIAS 33
#define MULAW_LARGEST 8191

/* Number of the highest bit that is set. */
static int highest(unsigned value)
{
	return 31 - __builtin_clz(value);
}

uint8_t alawOf(int16_t sample)
{
	/* The magnitude of negative samples is that of their ones' complement: both signs have a step next to zero. */
	unsigned size = (unsigned)(sample < 0 ? ~sample : sample) >> 4;
	unsigned code = size;
	if (size >= 32) {
		int segment = highest(size) - 4;
		code = (unsigned)(segment + 1) << 4 | (size >> segment & 15);
	}
	return (uint8_t)((sample < 0 ? code : code | SIGN) ^ ALAW_LINE);
}

int16_t ofAlaw(uint8_t code)
{
	unsigned bits = code ^ ALAW_LINE;
	int segment = bits >> 4 & 7;
	/* The middle of the step: half a step more than its beginning. */
	int size = (int)(bits & 15) << 4 | 8;
	if (segment)
		size = (size + 256) << (segment - 1);
	return (int16_t)(bits & SIGN ? size : -size);
}

uint8_t mulawOf(int16_t sample)
{
	unsigned size = ((unsigned)(sample < 0 ? ~sample : sample) >> 2) + MULAW_BIAS;
	if (size > MULAW_LARGEST)
		size = MULAW_LARGEST;
	int segment = highest(size) - 5;
	unsigned code = (unsigned)segment << 4 | (size >> (segment + 1) & 15);
	return (uint8_t)~(sample < 0 ? code | SIGN : code);
}

int16_t ofMulaw(uint8_t code)
{
	unsigned bits = (uint8_t)~code;
	int segment = bits >> 4 & 7;
	int size = ((((int)(bits & 15) << 1 | MULAW_BIAS) << segment) - MULAW_BIAS) << 2;
	return (int16_t)(bits & SIGN ? -size : size);
}

void alawEncode(const int16_t *from, uint8_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++)
		to[i] = alawOf(from[i]);
}

void mulawEncode(const int16_t *from, uint8_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++)
		to[i] = mulawOf(from[i]);
}

/* From the end, as the result is longer. */
void alawDecode(const uint8_t *from, int16_t *to, size_t samples)
{
	for (size_t i = samples; i > 0; i--)
		to[i - 1] = ofAlaw(from[i - 1]);
}

void mulawDecode(const uint8_t *from, int16_t *to, size_t samples)
{
	for (size_t i = samples; i > 0; i--)
		to[i - 1] = ofMulaw(from[i - 1]);
}
