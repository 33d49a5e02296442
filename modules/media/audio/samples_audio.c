/* Mixing, loudness, levels, tones, and what files hold as one channel of 16 bits. */
#include "samples.h"

#include <math.h>
#include <string.h>

void samplesAdd(const int16_t *from, int16_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++)
		to[i] = samplesClip((int32_t)to[i] + from[i]);
}

/* Clips the sum once: adding one source after another would clip what a later one takes back. */
void samplesSum(const int16_t *from, size_t stride, size_t count, int16_t *to, size_t samples)
{
	for (size_t i = 0; i < samples; i++) {
		int32_t sum = 0;
		for (size_t source = 0; source < count; source++)
			sum += from[source * stride + i];
		to[i] = samplesClip(sum);
	}
}

/* Gains go up to 16 (65,536), so a product needs 32 bits and a sign. */
static int16_t scaled(int16_t sample, int32_t gain)
{
	return samplesClip((int32_t)(((int64_t)sample * gain + SAMPLES_UNITY / 2) >> 12));
}

void samplesGain(int16_t *data, size_t samples, int32_t first, int32_t last)
{
	if (first == last) {
		if (first == SAMPLES_UNITY)
			return;
		for (size_t i = 0; i < samples; i++)
			data[i] = scaled(data[i], first);
		return;
	}
	int64_t gain = (int64_t)first << 16;
	int64_t step = (((int64_t)last - first) << 16) / (int64_t)(samples ? samples : 1);
	for (size_t i = 0; i < samples; i++) {
		gain += step;
		data[i] = scaled(data[i], (int32_t)(gain >> 16));
	}
}

double samplesLevel(const int16_t *data, size_t samples)
{
	uint64_t sum = 0;
	if (!samples)
		return 0;
	for (size_t i = 0; i < samples; i++)
		sum += (uint32_t)((int32_t)data[i] * data[i]);
	return sqrt((double)sum / (double)samples);
}

int samplesPeak(const int16_t *data, size_t samples)
{
	int peak = 0;
	for (size_t i = 0; i < samples; i++) {
		int size = data[i] < 0 ? -data[i] : data[i];
		if (size > peak)
			peak = size;
	}
	return peak;
}

uint32_t samplesTone(int16_t *data, size_t samples, uint32_t phase, uint32_t step, int amplitude)
{
	const float turn = 6.2831853f / 4294967296.0f;
	for (size_t i = 0; i < samples; i++) {
		data[i] = samplesClip((int32_t)lrintf((float)amplitude * sinf((float)(int32_t)phase * turn)));
		phase += step;
	}
	return phase;
}

size_t samplesFormatBytes(SamplesFormat format)
{
	switch (format) {
	case FORMAT_S16: return 2;
	case FORMAT_S24: return 3;
	case FORMAT_S32:
	case FORMAT_F32: return 4;
	default: return 1;
	}
}

static int32_t floatSample(const uint8_t *data)
{
	float value;
	uint32_t bits = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
	memcpy(&value, &bits, sizeof(value));
	if (!(value > -1)) /* also what is no number */
		return value <= -1 ? INT16_MIN : 0;
	return value < 1 ? (int32_t)(value * 32768) : INT16_MAX;
}

static int32_t sampleAt(const uint8_t *data, SamplesFormat format)
{
	switch (format) {
	case FORMAT_U8: return ((int32_t)data[0] - 128) * 256;
	case FORMAT_S16: return (int16_t)(data[0] | data[1] << 8);
	case FORMAT_S24: return (int16_t)(data[1] | data[2] << 8);
	case FORMAT_S32: return (int16_t)(data[2] | data[3] << 8);
	case FORMAT_F32: return floatSample(data);
	case FORMAT_ALAW: return ofAlaw(data[0]);
	default: return ofMulaw(data[0]);
	}
}

static int16_t frameAt(const uint8_t *data, SamplesFormat format, size_t bytes, size_t channels)
{
	int32_t sum = 0;
	for (size_t channel = 0; channel < channels; channel++)
		sum += sampleAt(data + channel * bytes, format);
	return (int16_t)(channels == 1 ? sum : sum / (int32_t)channels);
}

void samplesConvert(const uint8_t *from, SamplesFormat format, size_t channels, int16_t *to, size_t frames)
{
	size_t bytes = samplesFormatBytes(format);
	size_t stride = bytes * channels;
	if (stride < sizeof(int16_t))
		/* The result is longer than what it is made of: from the end, so that both may begin at one place. */
		for (size_t i = frames; i > 0; i--)
			to[i - 1] = frameAt(from + (i - 1) * stride, format, bytes, channels);
	else
		for (size_t i = 0; i < frames; i++)
			to[i] = frameAt(from + i * stride, format, bytes, channels);
}
