/* The classes of opus.js: takes arguments from the script, checks every bound, and calls the platform's codec (opus_codec.h). */
#include "arguments.h"
#include "mc.xs.h"
#include "opus_codec.h"

#include <string.h>

/* 120 ms at 48 kHz, the longest that a packet can hold. */
#define LONGEST 5760
/* A packet of three frames of the largest size; more room is not looked at. */
#define LARGEST 4000

static int setting(xsMachine *the, xsIdentifier id, const char *name, int fallback, int low, int high)
{
	xsmcGet(xsVar(0), xsArg(0), id);
	if (xsmcTypeOf(xsVar(0)) == xsUndefinedType)
		return fallback;
	xsNumberValue value = xsmcToNumber(xsVar(0));
	if (!(value >= low && value <= high))
		xsRangeError("opus: %s must be %d to %d", name, low, high);
	return (int)value;
}

static int rateOf(xsMachine *the, int rate)
{
	if (rate != 8000 && rate != 12000 && rate != 16000 && rate != 24000 && rate != 48000)
		xsRangeError("opus: rate must be 8000, 12000, 16000, 24000 or 48000");
	return rate;
}

static int frameOf(xsMachine *the)
{
	static const int frames[] = { 25, 50, 100, 200, 400, 600 };
	xsmcGet(xsVar(0), xsArg(0), xsID_frame);
	xsNumberValue value = xsmcTypeOf(xsVar(0)) == xsUndefinedType ? 20 : xsmcToNumber(xsVar(0));
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		if (value * 10 == frames[i])
			return frames[i];
	xsRangeError("opus: frame must be 2.5, 5, 10, 20, 40 or 60 ms");
	return 0;
}

/* An even offset of the buffer that is argument 0, with room for `count` samples. */
static int16_t *pcm(xsMachine *the, size_t offset, size_t count, int writable)
{
	if (offset & 1)
		xsRangeError("samples lie at even offsets");
	return (int16_t *)(void *)spanArgument(the, 0, offset, count * sizeof(int16_t), writable);
}

static size_t pcmCount(xsMachine *the, int index)
{
	size_t count = sizeArgument(the, index);
	return count > LONGEST ? LONGEST : count;
}

void fletcher_opus_encoder_destructor(void *data)
{
	if (data)
		opusVoiceEncoderFree(data);
}

void fletcher_opus_encoder(xsMachine *the)
{
	OpusSettings settings;
	const char *reason = "";
	if (!hasArgument(the, 0))
		xsTypeError("opus: options are missing");
	xsmcVars(1);
	settings.rate = rateOf(the, setting(the, xsID_rate, "rate", 16000, 8000, 48000));
	settings.frame = frameOf(the);
	settings.bitrate = setting(the, xsID_bitrate, "bitrate", 24000, 6000, 510000);
	settings.complexity = setting(the, xsID_complexity, "complexity", 5, 0, 10);
	settings.expectedLoss = setting(the, xsID_expectedLoss, "expectedLoss", 0, 0, 100);
	xsmcGet(xsVar(0), xsArg(0), xsID_fec);
	settings.fec = xsmcTest(xsVar(0));
	xsmcGet(xsVar(0), xsArg(0), xsID_dtx);
	settings.dtx = xsmcTest(xsVar(0));
	OpusVoiceEncoder *encoder = opusVoiceEncoderNew(&settings, &reason);
	if (!encoder)
		xsUnknownError("opus: no encoder: %s", reason);
	xsmcSetHostData(xsThis, encoder);
}

/* encode(buffer, from, samples, to, limit) */
void fletcher_opus_encode(xsMachine *the)
{
	OpusVoiceEncoder *encoder = openRecord(the, fletcher_opus_encoder_destructor);
	size_t from = sizeArgument(the, 1);
	size_t samples = sizeArgument(the, 2);
	size_t to = sizeArgument(the, 3);
	size_t limit = sizeArgument(the, 4);
	int result = -1;
	if (samples <= LONGEST) {
		const int16_t *source = pcm(the, from, samples, 0);
		uint8_t *packet = writeArgument(the, 0, to, limit);
		result = limit ? opusVoiceEncode(encoder, source, samples, packet, limit < LARGEST ? limit : LARGEST) : -1;
	}
	xsmcSetInteger(xsResult, result);
}

/* tune(bitrate, expectedLoss) */
void fletcher_opus_tune(xsMachine *the)
{
	OpusVoiceEncoder *encoder = openRecord(the, fletcher_opus_encoder_destructor);
	size_t bitrate = sizeArgument(the, 0);
	size_t loss = sizeArgument(the, 1);
	if (bitrate < 6000 || bitrate > 510000 || loss > 100)
		xsRangeError("opus: bitrate must be 6000 to 510000, expectedLoss 0 to 100");
	xsmcSetBoolean(xsResult, opusVoiceEncoderSet(encoder, (int)bitrate, (int)loss));
}

void fletcher_opus_encoder_close(xsMachine *the)
{
	fletcher_opus_encoder_destructor(takeRecord(the, fletcher_opus_encoder_destructor));
}

void fletcher_opus_decoder_destructor(void *data)
{
	if (data)
		opusVoiceDecoderFree(data);
}

/* new OpusDecoder(rate) */
void fletcher_opus_decoder(xsMachine *the)
{
	const char *reason = "";
	int rate = rateOf(the, (int)sizeArgument(the, 0));
	OpusVoiceDecoder *decoder = opusVoiceDecoderNew(rate, &reason);
	if (!decoder)
		xsUnknownError("opus: no decoder: %s", reason);
	xsmcSetHostData(xsThis, decoder);
}

/* decode(buffer, from, length, to, limit) */
void fletcher_opus_decode(xsMachine *the)
{
	OpusVoiceDecoder *decoder = openRecord(the, fletcher_opus_decoder_destructor);
	size_t from = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	size_t to = sizeArgument(the, 3);
	size_t limit = pcmCount(the, 4);
	const uint8_t *packet = readArgument(the, 0, from, length);
	int16_t *target = pcm(the, to, limit, 1);
	xsmcSetInteger(xsResult, length ? opusVoiceDecode(decoder, packet, length, target, limit) : -1);
}

/* conceal(buffer, from, length, to, samples) */
void fletcher_opus_conceal(xsMachine *the)
{
	OpusVoiceDecoder *decoder = openRecord(the, fletcher_opus_decoder_destructor);
	size_t from = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	size_t to = sizeArgument(the, 3);
	size_t samples = pcmCount(the, 4);
	const uint8_t *packet = readArgument(the, 0, from, length);
	int16_t *target = pcm(the, to, samples, 1);
	if (samples && !opusVoiceConceal(decoder, packet, length, target, samples))
		memset(target, 0, samples * sizeof(int16_t));
	xsmcSetInteger(xsResult, (xsIntegerValue)samples);
}

void fletcher_opus_reset(xsMachine *the)
{
	opusVoiceReset(openRecord(the, fletcher_opus_decoder_destructor));
}

void fletcher_opus_decoder_close(xsMachine *the)
{
	fletcher_opus_decoder_destructor(takeRecord(the, fletcher_opus_decoder_destructor));
}

void fletcher_opus_encoder_bytes(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)opusVoiceEncoderBytes());
}

void fletcher_opus_decoder_bytes(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)opusVoiceDecoderBytes());
}
