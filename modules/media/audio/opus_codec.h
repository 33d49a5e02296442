/* What a platform's Opus codec has to give to opus_script.c: one channel, samples of 16 bits. */
#ifndef FLETCHER_OPUS_CODEC_H
#define FLETCHER_OPUS_CODEC_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	int rate; /* 8000, 12000, 16000, 24000, 48000 */
	int frame; /* in 1/10 ms: 25, 50, 100, 200, 400, 600 */
	int bitrate; /* 6000 to 510000 */
	int complexity; /* 0 to 10 */
	int expectedLoss; /* per cent */
	int fec;
	int dtx;
} OpusSettings;

typedef struct OpusVoiceEncoder OpusVoiceEncoder;
typedef struct OpusVoiceDecoder OpusVoiceDecoder;

/* Bytes that one takes while it is open. */
size_t opusVoiceEncoderBytes(void);
size_t opusVoiceDecoderBytes(void);

/* NULL and a reason, when it cannot be made. */
OpusVoiceEncoder *opusVoiceEncoderNew(const OpusSettings *settings, const char **reason);
void opusVoiceEncoderFree(OpusVoiceEncoder *encoder);
/* Both may change while it runs; 0 where the platform cannot. */
int opusVoiceEncoderSet(OpusVoiceEncoder *encoder, int bitrate, int expectedLoss);
/* Bytes, 0: nothing to be sent (DTX), -1. */
int opusVoiceEncode(OpusVoiceEncoder *encoder, const int16_t *from, size_t samples, uint8_t *to, size_t limit);

OpusVoiceDecoder *opusVoiceDecoderNew(int rate, const char **reason);
void opusVoiceDecoderFree(OpusVoiceDecoder *decoder);
/* Samples or -1. */
int opusVoiceDecode(OpusVoiceDecoder *decoder, const uint8_t *from, size_t length, int16_t *to, size_t limit);
/* For a lost packet: out of the next one when length is not 0. 1, or 0 when the codec cannot. */
int opusVoiceConceal(OpusVoiceDecoder *decoder, const uint8_t *from, size_t length, int16_t *to, size_t samples);
void opusVoiceReset(OpusVoiceDecoder *decoder);

#endif
