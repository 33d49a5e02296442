/*
 * Arithmetic on 16-bit samples, without the engine: each function works on memory that its caller has checked.
 * `samples` counts samples of one channel.
 */
#ifndef FLETCHER_SAMPLES_H
#define FLETCHER_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* Loudness 1 of a gain. */
#define SAMPLES_UNITY 4096
/* Sources of samplesSum at most: their sum fits 32 bits. */
#define SAMPLES_SOURCES 256
/* Channels of samplesConvert at most. */
#define SAMPLES_CHANNELS 8

static inline int16_t samplesClip(int32_t value)
{
	return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : (int16_t)value;
}

void samplesAdd(const int16_t *from, int16_t *to, size_t samples);
void samplesSum(const int16_t *from, size_t stride, size_t count, int16_t *to, size_t samples);
void samplesGain(int16_t *data, size_t samples, int32_t first, int32_t last);
double samplesLevel(const int16_t *data, size_t samples);
int samplesPeak(const int16_t *data, size_t samples);
uint32_t samplesTone(int16_t *data, size_t samples, uint32_t phase, uint32_t step, int amplitude);

/* What a file or a device holds; all little-endian. */
typedef enum { FORMAT_U8, FORMAT_S16, FORMAT_S24, FORMAT_S32, FORMAT_F32, FORMAT_ALAW, FORMAT_MULAW, FORMAT_COUNT } SamplesFormat;

size_t samplesFormatBytes(SamplesFormat format);
/* Frames of `channels` samples become samples of one channel, their mean. `from` and `to` may be the same place. */
void samplesConvert(const uint8_t *from, SamplesFormat format, size_t channels, int16_t *to, size_t frames);

/* g711_audio.c: ITU-T G.711. `from` and `to` may be the same place. */
uint8_t alawOf(int16_t sample);
uint8_t mulawOf(int16_t sample);
int16_t ofAlaw(uint8_t code);
int16_t ofMulaw(uint8_t code);
void alawEncode(const int16_t *from, uint8_t *to, size_t samples);
void mulawEncode(const int16_t *from, uint8_t *to, size_t samples);
void alawDecode(const uint8_t *from, int16_t *to, size_t samples);
void mulawDecode(const uint8_t *from, int16_t *to, size_t samples);

/* resample_audio.c: a ratio is input rate : output rate in 1/2^32. */
#define RESAMPLE_LARGEST 24
#define RESAMPLE_BLOCK 64

typedef struct {
	uint32_t reach; /* input samples on each side of an output sample */
	uint32_t count; /* samples in the history */
	uint32_t fraction; /* of the next output sample's place, in 1/2^32 */
} Resampler;

/* Input samples on each side that a ratio (at least 1) needs. */
uint32_t resampleReach(double ratio);
/* Bytes of a state: the record and behind it the history. */
size_t resampleBytes(uint32_t reach);
void resampleStart(Resampler *state, int16_t *history, uint32_t reach);
/* 0 when the record cannot be one that these functions left. */
int resampleValid(const Resampler *state);
/* Input samples that the next `samples` output samples need. */
uint64_t resampleNeed(const Resampler *state, uint64_t samples, uint64_t ratio);
/* Whether resample can take all of `samples` and give no more than `limit`. */
int resampleFits(const Resampler *state, uint64_t samples, uint64_t limit, uint64_t ratio);
/* Takes all of `samples`, which fit; `to` has room for `limit`. Returns how many it made. */
size_t resample(Resampler *state, int16_t *history, const int16_t *from, size_t samples, int16_t *to, size_t limit, uint64_t ratio);

#endif
