/*
 * Opus by Espressif's component esp_audio_codec, written against its headers of version 2.6.0 and not yet run on a board.
 *
 * Other than with libopus: the expected loss of packets cannot be set, a lost packet is concealed but not taken out of the next one's
 * FEC copy, and the bit rate has a narrower range, which depends on rate and frame. The component allocates its states itself.
 */
#include "opus_codec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "decoder/impl/esp_opus_dec.h"
#include "encoder/impl/esp_opus_enc.h"

/* What its makers measured for two channels at 48 kHz: 29.4 and 26.6 KB. */
#define ENCODER_BYTES 30106
#define DECODER_BYTES 27239
/* Of a packet: DTX makes nothing larger. */
#define SILENT 2

struct OpusVoiceEncoder {
	void *handle;
	size_t frameBytes;
	int dtx;
};

struct OpusVoiceDecoder {
	void *handle;
	size_t frameSamples; /* of the last packet: what its makers' concealment makes up */
};

size_t opusVoiceEncoderBytes(void)
{
	return sizeof(OpusVoiceEncoder) + ENCODER_BYTES;
}

size_t opusVoiceDecoderBytes(void)
{
	return sizeof(OpusVoiceDecoder) + DECODER_BYTES;
}

static const char *reasonOf(esp_audio_err_t code)
{
	switch (code) {
	case ESP_AUDIO_ERR_MEM_LACK: return "no memory";
	case ESP_AUDIO_ERR_INVALID_PARAMETER: return "esp_audio_codec refuses the settings; is the bit rate right for the frame?";
	default: return "esp_audio_codec failed";
	}
}

static esp_opus_enc_frame_duration_t durationOf(int frame)
{
	switch (frame) {
	case 25: return ESP_OPUS_ENC_FRAME_DURATION_2_5_MS;
	case 50: return ESP_OPUS_ENC_FRAME_DURATION_5_MS;
	case 100: return ESP_OPUS_ENC_FRAME_DURATION_10_MS;
	case 400: return ESP_OPUS_ENC_FRAME_DURATION_40_MS;
	case 600: return ESP_OPUS_ENC_FRAME_DURATION_60_MS;
	default: return ESP_OPUS_ENC_FRAME_DURATION_20_MS;
	}
}

OpusVoiceEncoder *opusVoiceEncoderNew(const OpusSettings *settings, const char **reason)
{
	esp_opus_enc_config_t configuration = ESP_OPUS_ENC_CONFIG_DEFAULT();
	OpusVoiceEncoder *encoder = calloc(1, sizeof(OpusVoiceEncoder));
	if (!encoder) {
		*reason = "no memory";
		return NULL;
	}
	configuration.sample_rate = settings->rate;
	configuration.channel = 1;
	configuration.bits_per_sample = 16;
	configuration.bitrate = settings->bitrate;
	configuration.frame_duration = durationOf(settings->frame);
	configuration.application_mode = ESP_OPUS_ENC_APPLICATION_VOIP;
	configuration.complexity = settings->complexity;
	configuration.enable_fec = settings->fec;
	configuration.enable_dtx = settings->dtx;
	configuration.enable_vbr = true;
	esp_audio_err_t code = esp_opus_enc_open(&configuration, sizeof(configuration), &encoder->handle);
	if (code != ESP_AUDIO_ERR_OK) {
		*reason = reasonOf(code);
		free(encoder);
		return NULL;
	}
	encoder->frameBytes = (size_t)settings->rate * (size_t)settings->frame / 10000 * sizeof(int16_t);
	encoder->dtx = settings->dtx;
	return encoder;
}

void opusVoiceEncoderFree(OpusVoiceEncoder *encoder)
{
	esp_opus_enc_close(encoder->handle);
	free(encoder);
}

int opusVoiceEncoderSet(OpusVoiceEncoder *encoder, int bitrate, int expectedLoss)
{
	(void)expectedLoss;
	return esp_opus_enc_set_bitrate(encoder->handle, bitrate) == ESP_AUDIO_ERR_OK;
}

/* The frame was chosen when the encoder was made. */
int opusVoiceEncode(OpusVoiceEncoder *encoder, const int16_t *from, size_t samples, uint8_t *to, size_t limit)
{
	esp_audio_enc_in_frame_t input = { .buffer = (uint8_t *)(uintptr_t)from, .len = (uint32_t)encoder->frameBytes };
	esp_audio_enc_out_frame_t output = { .buffer = to, .len = (uint32_t)limit };
	if (samples * sizeof(int16_t) != encoder->frameBytes)
		return -1;
	if (esp_opus_enc_process(encoder->handle, &input, &output) != ESP_AUDIO_ERR_OK || output.encoded_bytes > limit)
		return -1;
	return encoder->dtx && output.encoded_bytes <= SILENT ? 0 : (int)output.encoded_bytes;
}

OpusVoiceDecoder *opusVoiceDecoderNew(int rate, const char **reason)
{
	esp_opus_dec_cfg_t configuration = ESP_OPUS_DEC_CONFIG_DEFAULT();
	OpusVoiceDecoder *decoder = calloc(1, sizeof(OpusVoiceDecoder));
	if (!decoder) {
		*reason = "no memory";
		return NULL;
	}
	configuration.sample_rate = (uint32_t)rate;
	configuration.channel = 1;
	/* Peers choose their frames: the longest packet has to have room. */
	configuration.frame_duration = ESP_OPUS_DEC_FRAME_DURATION_120_MS;
	configuration.self_delimited = false;
	esp_audio_err_t code = esp_opus_dec_open(&configuration, sizeof(configuration), &decoder->handle);
	if (code != ESP_AUDIO_ERR_OK) {
		*reason = reasonOf(code);
		free(decoder);
		return NULL;
	}
	return decoder;
}

void opusVoiceDecoderFree(OpusVoiceDecoder *decoder)
{
	esp_opus_dec_close(decoder->handle);
	free(decoder);
}

static int decode(OpusVoiceDecoder *decoder, const uint8_t *from, size_t length, int16_t *to, size_t limit, esp_audio_dec_recovery_t recovery)
{
	esp_audio_dec_in_raw_t input = { .buffer = (uint8_t *)(uintptr_t)from, .len = (uint32_t)length, .frame_recover = recovery };
	esp_audio_dec_out_frame_t output = { .buffer = (uint8_t *)to, .len = (uint32_t)(limit * sizeof(int16_t)) };
	esp_audio_dec_info_t info;
	memset(&info, 0, sizeof(info));
	if (esp_opus_dec_decode(decoder->handle, &input, &output, &info) != ESP_AUDIO_ERR_OK || output.decoded_size > output.len)
		return -1;
	return (int)(output.decoded_size / sizeof(int16_t));
}

int opusVoiceDecode(OpusVoiceDecoder *decoder, const uint8_t *from, size_t length, int16_t *to, size_t limit)
{
	int samples = decode(decoder, from, length, to, limit, ESP_AUDIO_DEC_RECOVERY_NONE);
	if (samples > 0)
		decoder->frameSamples = (size_t)samples;
	return samples;
}

int opusVoiceConceal(OpusVoiceDecoder *decoder, const uint8_t *from, size_t length, int16_t *to, size_t samples)
{
	(void)from;
	(void)length;
	if (decoder->frameSamples == 0)
		return 0;
	/* In pieces of the last packet's length; what is shorter than one is silence. */
	for (size_t done = 0; done < samples;) {
		int count = decode(decoder, NULL, 0, to + done, samples - done, ESP_AUDIO_DEC_RECOVERY_PLC);
		if (count <= 0) {
			memset(to + done, 0, (samples - done) * sizeof(int16_t));
			return done > 0;
		}
		done += (size_t)count;
	}
	return 1;
}

void opusVoiceReset(OpusVoiceDecoder *decoder)
{
	esp_opus_dec_reset(decoder->handle);
	decoder->frameSamples = 0;
}
