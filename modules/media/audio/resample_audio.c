/*
 * Another sample rate by band-limited interpolation: an output sample is the sum of the input samples around its place, weighed by a
 * windowed sinc (sinc_table.h) that lies over them. Any ratio, also one that changes from call to call (drift of a peer's clock).
 * Where the rate goes down the sinc is stretched, so that what the lower rate cannot hold is taken out.
 *
 * history:  | reach - 1 samples | the sample at or before the next output sample | reach samples | more, while a call works
 */
#include "samples.h"
#include "sinc_table.h"

#include <string.h>

#define ONE 4294967296.0

uint32_t resampleReach(double ratio)
{
	double reach = SINC_CROSSINGS * (ratio > 1 ? ratio : 1);
	uint32_t whole = (uint32_t)reach;
	return whole < reach ? whole + 1 : whole;
}

static uint32_t capacity(uint32_t reach)
{
	return 2 * reach + RESAMPLE_BLOCK;
}

size_t resampleBytes(uint32_t reach)
{
	return sizeof(Resampler) + capacity(reach) * sizeof(int16_t);
}

/* Silence before the first sample, so that output sample 0 lies on input sample 0. */
void resampleStart(Resampler *state, int16_t *history, uint32_t reach)
{
	memset(history, 0, capacity(reach) * sizeof(int16_t));
	state->reach = reach;
	state->count = reach - 1;
	state->fraction = 0;
}

int resampleValid(const Resampler *state)
{
	return state->reach >= SINC_CROSSINGS && state->reach <= SINC_CROSSINGS * RESAMPLE_LARGEST && state->count <= 2 * state->reach;
}

uint64_t resampleNeed(const Resampler *state, uint64_t samples, uint64_t ratio)
{
	if (!samples)
		return 0;
	/* In two parts: the product has more than 64 bits when both are large. */
	uint64_t low = (uint64_t)(uint32_t)ratio * (samples - 1) + state->fraction;
	uint64_t end = 2 * (uint64_t)state->reach + (ratio >> 32) * (samples - 1) + (low >> 32);
	return end > state->count ? end - state->count : 0;
}

/* What one more output sample needs may come, but nothing behind it: there the history ends. */
int resampleFits(const Resampler *state, uint64_t samples, uint64_t limit, uint64_t ratio)
{
	return samples <= resampleNeed(state, limit + 1, ratio);
}

/* One wing: samples from `data` on in steps of `direction`, the first at `distance` from the middle (in table steps, 1/2^16). */
static int64_t wing(const int16_t *data, int direction, uint32_t distance, uint32_t step, uint32_t most)
{
	int64_t sum = 0;
	for (; most && distance < (uint32_t)(SINC_CROSSINGS * SINC_STEPS) << 16; most--) {
		const int16_t *entry = &sincTable[distance >> 16];
		int32_t weight = entry[0] * 16 + (((entry[1] - entry[0]) * (int32_t)(distance >> 4 & 0xFFF)) >> 8);
		sum += (int64_t)weight * *data;
		data += direction;
		distance += step;
	}
	return sum;
}

static int16_t interpolate(const int16_t *data, uint32_t fraction, uint32_t step, uint32_t reach)
{
	uint32_t left = (uint32_t)((uint64_t)fraction * step >> 32);
	int64_t sum = wing(data, -1, left, step, reach) + wing(data + 1, 1, step - left, step, reach);
	/* The stretched sinc weighs more samples, each the less. */
	sum = (sum >> 4) * (int64_t)step / ((int64_t)SINC_STEPS << 16);
	return samplesClip((int32_t)((sum + 16384) >> 15));
}

size_t resample(Resampler *state, int16_t *history, const int16_t *from, size_t samples, int16_t *to, size_t limit, uint64_t ratio)
{
	uint32_t reach = state->reach;
	uint32_t room = capacity(reach);
	uint32_t step = SINC_STEPS << 16;
	size_t made = 0;
	if (ratio >> 32)
		step = (uint32_t)(((uint64_t)SINC_STEPS << 48) / ratio);
	for (;;) {
		uint32_t part = room - state->count < samples ? room - state->count : (uint32_t)samples;
		memcpy(history + state->count, from, part * sizeof(int16_t));
		state->count += part;
		from += part;
		samples -= part;
		uint32_t place = reach - 1;
		while (made < limit && place + reach < state->count) {
			to[made++] = interpolate(history + place, state->fraction, step, reach);
			uint64_t next = (uint64_t)state->fraction + (uint32_t)ratio;
			place += (uint32_t)(ratio >> 32) + (uint32_t)(next >> 32);
			state->fraction = (uint32_t)next;
		}
		/* A step is less than reach: there is always something behind what the next place does not reach back to. */
		uint32_t done = place - (reach - 1);
		state->count -= done;
		memmove(history, history + done, state->count * sizeof(int16_t));
		if (!samples)
			return made;
	}
}
