/* The functions of samples.js: takes arguments from the script, checks every bound, and calls samples.h. Creates nothing. */
#include "arguments.h"
#include "mc.xs.h"
#include "samples.h"

#include <string.h>

/* A whole number from low to high, else RangeError. */
static int32_t wholeArgument(xsMachine *the, int index, int32_t low, int32_t high)
{
	xsNumberValue value = (int)xsmcArgc > index ? xsmcToNumber(xsArg(index)) : low - 1.0;
	if (!(value >= low && value <= high))
		xsRangeError("argument %d must be %d to %d", index + 1, (int)low, (int)high);
	return (int32_t)value;
}

/* `count` samples at an even offset of the buffer that is argument 0. */
static int16_t *samplesArgument(xsMachine *the, size_t offset, size_t count, int writable)
{
	if (offset & 1)
		xsRangeError("samples lie at even offsets");
	if (count > 0x3FFFFFFF)
		xsRangeError("outside of the buffer");
	return (int16_t *)(void *)spanArgument(the, 0, offset, count * sizeof(int16_t), writable);
}

/* add(buffer, from, to, samples) */
void fletcher_samples_add(xsMachine *the)
{
	size_t from = sizeArgument(the, 1);
	size_t to = sizeArgument(the, 2);
	size_t samples = sizeArgument(the, 3);
	const int16_t *source = samplesArgument(the, from, samples, 0);
	samplesAdd(source, samplesArgument(the, to, samples, 1), samples);
}

/* sum(buffer, from, stride, count, to, samples) */
void fletcher_samples_sum(xsMachine *the)
{
	size_t from = sizeArgument(the, 1);
	size_t stride = sizeArgument(the, 2);
	size_t count = (size_t)wholeArgument(the, 3, 0, SAMPLES_SOURCES);
	size_t to = sizeArgument(the, 4);
	size_t samples = sizeArgument(the, 5);
	size_t span = samples;
	if (stride & 1)
		xsRangeError("samples lie at even offsets");
	if (count > 1) {
		if (stride > 0x3FFFFFFF / count)
			xsRangeError("outside of the buffer");
		span += (count - 1) * (stride / 2);
	}
	const int16_t *source = samplesArgument(the, from, count ? span : 0, 0);
	samplesSum(source, stride / 2, count, samplesArgument(the, to, samples, 1), samples);
}

/* gain(buffer, offset, samples, first, last = first) */
void fletcher_samples_gain(xsMachine *the)
{
	size_t offset = sizeArgument(the, 1);
	size_t samples = sizeArgument(the, 2);
	int32_t first = wholeArgument(the, 3, 0, 16 * SAMPLES_UNITY);
	int32_t last = hasArgument(the, 4) ? wholeArgument(the, 4, 0, 16 * SAMPLES_UNITY) : first;
	samplesGain(samplesArgument(the, offset, samples, 1), samples, first, last);
}

/* level(buffer, offset, samples) */
void fletcher_samples_level(xsMachine *the)
{
	size_t offset = sizeArgument(the, 1);
	size_t samples = sizeArgument(the, 2);
	xsmcSetNumber(xsResult, samplesLevel(samplesArgument(the, offset, samples, 0), samples));
}

/* peak(buffer, offset, samples) */
void fletcher_samples_peak(xsMachine *the)
{
	size_t offset = sizeArgument(the, 1);
	size_t samples = sizeArgument(the, 2);
	xsmcSetInteger(xsResult, samplesPeak(samplesArgument(the, offset, samples, 0), samples));
}

/* tone(buffer, offset, samples, phase, step, amplitude) */
void fletcher_samples_tone(xsMachine *the)
{
	size_t offset = sizeArgument(the, 1);
	size_t samples = sizeArgument(the, 2);
	xsNumberValue phase = (int)xsmcArgc > 3 ? xsmcToNumber(xsArg(3)) : -1;
	xsNumberValue step = (int)xsmcArgc > 4 ? xsmcToNumber(xsArg(4)) : -1;
	int amplitude = wholeArgument(the, 5, 0, INT16_MAX);
	if (!(phase >= 0 && phase < 1 && step >= 0 && step <= 0.5))
		xsRangeError("a phase is from 0 to 1, a step from 0 to 0.5 turns");
	uint32_t first = (uint32_t)(phase * 4294967296.0);
	uint32_t next = samplesTone(samplesArgument(the, offset, samples, 1), samples, first, (uint32_t)(step * 4294967296.0), amplitude);
	xsmcSetNumber(xsResult, (double)next / 4294967296.0);
}

/* convert(buffer, from, format, channels, to, frames) */
void fletcher_samples_convert(xsMachine *the)
{
	size_t from = sizeArgument(the, 1);
	SamplesFormat format = (SamplesFormat)wholeArgument(the, 2, 0, FORMAT_COUNT - 1);
	size_t channels = (size_t)wholeArgument(the, 3, 1, SAMPLES_CHANNELS);
	size_t to = sizeArgument(the, 4);
	size_t frames = sizeArgument(the, 5);
	size_t bytes = samplesFormatBytes(format) * channels;
	if (frames > 0x7FFFFFFF / bytes)
		xsRangeError("outside of the buffer");
	const uint8_t *source = spanArgument(the, 0, from, frames * bytes, 0);
	samplesConvert(source, format, channels, samplesArgument(the, to, frames, 1), frames);
}

typedef void (*Encode)(const int16_t *from, uint8_t *to, size_t samples);
typedef void (*Decode)(const uint8_t *from, int16_t *to, size_t samples);

static void encode(xsMachine *the, Encode law)
{
	size_t from = sizeArgument(the, 1);
	size_t to = sizeArgument(the, 2);
	size_t samples = sizeArgument(the, 3);
	const int16_t *source = samplesArgument(the, from, samples, 0);
	(*law)(source, spanArgument(the, 0, to, samples, 1), samples);
}

static void decode(xsMachine *the, Decode law)
{
	size_t from = sizeArgument(the, 1);
	size_t to = sizeArgument(the, 2);
	size_t samples = sizeArgument(the, 3);
	const uint8_t *source = spanArgument(the, 0, from, samples, 0);
	(*law)(source, samplesArgument(the, to, samples, 1), samples);
}

/* alawEncode(buffer, from, to, samples), and so the others */
void fletcher_samples_alaw_encode(xsMachine *the)
{
	encode(the, alawEncode);
}

void fletcher_samples_mulaw_encode(xsMachine *the)
{
	encode(the, mulawEncode);
}

void fletcher_samples_alaw_decode(xsMachine *the)
{
	decode(the, alawDecode);
}

void fletcher_samples_mulaw_decode(xsMachine *the)
{
	decode(the, mulawDecode);
}

/* Resampling. The state lies in the caller's buffer, where a script may write: it is checked at each call. */

static double ratioArgument(xsMachine *the, int index)
{
	xsNumberValue ratio = (int)xsmcArgc > index ? xsmcToNumber(xsArg(index)) : 0;
	if (!(ratio >= 1.0 / RESAMPLE_LARGEST && ratio <= RESAMPLE_LARGEST))
		xsRangeError("a ratio is from 1/%d to %d", RESAMPLE_LARGEST, RESAMPLE_LARGEST);
	return ratio;
}

static uint64_t fixedRatio(double ratio)
{
	return (uint64_t)(ratio * 4294967296.0 + 0.5);
}

static void stateOffset(xsMachine *the, size_t offset)
{
	if (offset & 3)
		xsRangeError("a resampler's state lies at offsets that 4 divides");
}

/* The record at argument 1, whose history can hold what `ratio` needs. Returns where it lies. */
static uint8_t *stateArgument(xsMachine *the, size_t offset, double ratio, Resampler *state)
{
	stateOffset(the, offset);
	memcpy(state, readArgument(the, 0, offset, sizeof(Resampler)), sizeof(Resampler));
	if (!resampleValid(state))
		xsRangeError("no resampler was started there");
	if (resampleReach(ratio) > state->reach)
		xsRangeError("the resampler was started for a smaller ratio");
	return spanArgument(the, 0, offset, resampleBytes(state->reach), 1);
}

/* resamplerBytes(ratio) */
void fletcher_samples_resampler_bytes(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)resampleBytes(resampleReach(ratioArgument(the, 0))));
}

/* resamplerStart(buffer, state, ratio) */
void fletcher_samples_resampler_start(xsMachine *the)
{
	Resampler state;
	size_t offset = sizeArgument(the, 1);
	uint32_t reach = resampleReach(ratioArgument(the, 2));
	stateOffset(the, offset);
	uint8_t *data = spanArgument(the, 0, offset, resampleBytes(reach), 1);
	resampleStart(&state, (int16_t *)(void *)(data + sizeof(Resampler)), reach);
	memcpy(data, &state, sizeof(state));
}

/* resamplerNeed(buffer, state, samples, ratio) */
void fletcher_samples_resampler_need(xsMachine *the)
{
	Resampler state;
	size_t offset = sizeArgument(the, 1);
	size_t samples = sizeArgument(the, 2);
	double ratio = ratioArgument(the, 3);
	stateArgument(the, offset, ratio, &state);
	xsmcSetNumber(xsResult, (double)resampleNeed(&state, samples, fixedRatio(ratio)));
}

/* resample(buffer, state, from, samples, to, limit, ratio) */
void fletcher_samples_resample(xsMachine *the)
{
	Resampler state;
	size_t offset = sizeArgument(the, 1);
	size_t from = sizeArgument(the, 2);
	size_t samples = sizeArgument(the, 3);
	size_t to = sizeArgument(the, 4);
	size_t limit = sizeArgument(the, 5);
	double ratio = ratioArgument(the, 6);
	uint64_t fixed = fixedRatio(ratio);
	uint8_t *data = stateArgument(the, offset, ratio, &state);
	if (!resampleFits(&state, samples, limit, fixed))
		xsRangeError("resample: no room for what %d samples make", (int)samples);
	const int16_t *source = samplesArgument(the, from, samples, 0);
	int16_t *target = samplesArgument(the, to, limit, 1);
	size_t made = resample(&state, (int16_t *)(void *)(data + sizeof(Resampler)), source, samples, target, limit, fixed);
	memcpy(data, &state, sizeof(state));
	xsmcSetInteger(xsResult, (xsIntegerValue)made);
}
