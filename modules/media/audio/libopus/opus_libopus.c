/* Opus by libopus, its state behind a small record in one block. A call takes nothing from the heap; see README.md for the stack. */
#include "opus_codec.h"

#include <opus/opus.h>
#include <stdlib.h>

struct OpusVoiceEncoder {
	int dtx;
	OpusEncoder *state;
};

struct OpusVoiceDecoder {
	OpusDecoder *state;
};

/* Both states want the alignment of malloc. */
#define RECORD 16

size_t opusVoiceEncoderBytes(void)
{
	return RECORD + (size_t)opus_encoder_get_size(1);
}

size_t opusVoiceDecoderBytes(void)
{
	return RECORD + (size_t)opus_decoder_get_size(1);
}

OpusVoiceEncoder *opusVoiceEncoderNew(const OpusSettings *settings, const char **reason)
{
	OpusVoiceEncoder *encoder = malloc(opusVoiceEncoderBytes());
	if (!encoder) {
		*reason = "no memory";
		return NULL;
	}
	encoder->dtx = settings->dtx;
	encoder->state = (OpusEncoder *)(void *)((char *)encoder + RECORD);
	int result = opus_encoder_init(encoder->state, settings->rate, 1, OPUS_APPLICATION_VOIP);
	if (result == OPUS_OK)
		result = opus_encoder_ctl(encoder->state, OPUS_SET_BITRATE(settings->bitrate));
	if (result == OPUS_OK)
		result = opus_encoder_ctl(encoder->state, OPUS_SET_COMPLEXITY(settings->complexity));
	if (result == OPUS_OK)
		result = opus_encoder_ctl(encoder->state, OPUS_SET_INBAND_FEC(settings->fec));
	if (result == OPUS_OK)
		result = opus_encoder_ctl(encoder->state, OPUS_SET_DTX(settings->dtx));
	if (result == OPUS_OK)
		result = opus_encoder_ctl(encoder->state, OPUS_SET_PACKET_LOSS_PERC(settings->expectedLoss));
	if (result != OPUS_OK) {
		*reason = opus_strerror(result);
		free(encoder);
		return NULL;
	}
	return encoder;
}

void opusVoiceEncoderFree(OpusVoiceEncoder *encoder)
{
	free(encoder);
}

int opusVoiceEncoderSet(OpusVoiceEncoder *encoder, int bitrate, int expectedLoss)
{
	return opus_encoder_ctl(encoder->state, OPUS_SET_BITRATE(bitrate)) == OPUS_OK &&
		opus_encoder_ctl(encoder->state, OPUS_SET_PACKET_LOSS_PERC(expectedLoss)) == OPUS_OK;
}

int opusVoiceEncode(OpusVoiceEncoder *encoder, const int16_t *from, size_t samples, uint8_t *to, size_t limit)
{
	int length = opus_encode(encoder->state, from, (int)samples, to, (opus_int32)limit);
	if (length < 0)
		return -1;
	/* "2 bytes or less" is how libopus says that a frame need not be sent. */
	return encoder->dtx && length <= 2 ? 0 : length;
}

OpusVoiceDecoder *opusVoiceDecoderNew(int rate, const char **reason)
{
	OpusVoiceDecoder *decoder = malloc(opusVoiceDecoderBytes());
	if (!decoder) {
		*reason = "no memory";
		return NULL;
	}
	decoder->state = (OpusDecoder *)(void *)((char *)decoder + RECORD);
	int result = opus_decoder_init(decoder->state, rate, 1);
	if (result != OPUS_OK) {
		*reason = opus_strerror(result);
		free(decoder);
		return NULL;
	}
	return decoder;
}

void opusVoiceDecoderFree(OpusVoiceDecoder *decoder)
{
	free(decoder);
}

int opusVoiceDecode(OpusVoiceDecoder *decoder, const uint8_t *from, size_t length, int16_t *to, size_t limit)
{
	int samples = opus_decode(decoder->state, from, (opus_int32)length, to, (int)limit, 0);
	return samples < 0 ? -1 : samples;
}

int opusVoiceConceal(OpusVoiceDecoder *decoder, const uint8_t *from, size_t length, int16_t *to, size_t samples)
{
	if (length && opus_decode(decoder->state, from, (opus_int32)length, to, (int)samples, 1) == (int)samples)
		return 1;
	return opus_decode(decoder->state, NULL, 0, to, (int)samples, 0) == (int)samples;
}

void opusVoiceReset(OpusVoiceDecoder *decoder)
{
	opus_decoder_ctl(decoder->state, OPUS_RESET_STATE);
}
