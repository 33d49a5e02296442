/* The classes of device.js on Linux: takes arguments from the script, checks every bound, and calls alsa_posix.c. */
#include "alsa_posix.h"

#include <stdlib.h>

#include "arguments.h"
#include "native.h"
#include "mc.xs.h"

/* 2 s at 48 kHz: more is asked for by mistake only. */
#define LONGEST 96000

static void destroy(Alsa *alsa)
{
	if (!alsa)
		return;
	alsaClose(alsa);
	free(alsa);
}

void fletcher_alsa_input_destructor(void *data)
{
	destroy(data);
}

void fletcher_alsa_output_destructor(void *data)
{
	destroy(data);
}

static void make(xsMachine *the, int output)
{
	nativeNeed(the, 1);
	xsmcVars(1);
	Alsa *alsa = calloc(1, sizeof(Alsa));
	if (!alsa)
		xsUnknownError("no memory");
	/* From here on the destructor owns it. */
	xsmcSetHostData(xsThis, alsa);
	alsa->output = output;
	alsa->rate = nativeInteger(the, xsID_rate, "rate", 16000, 8000, 48000);
	alsa->milliseconds = nativeInteger(the, xsID_buffer, "buffer", 200, 20, 1000);
	xsmcGet(xsVar(0), xsArg(0), xsID_device);
	if (!nativeText(the, &xsVar(0), alsa->name, sizeof(alsa->name)))
		xsRangeError("the name of the sound device is too long");
	if (!alsaOpen(alsa)) {
		alsaClose(alsa);
		xsUnknownError("%s", alsa->error);
	}
}

void fletcher_alsa_input(xsMachine *the)
{
	make(the, 0);
}

void fletcher_alsa_output(xsMachine *the)
{
	make(the, 1);
}

static Alsa *input(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)fletcher_alsa_input_destructor);
}

static Alsa *output(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)fletcher_alsa_output_destructor);
}

/* (buffer, offset, samples) */
static int16_t *samplesOf(xsMachine *the, size_t *samples, int writable)
{
	size_t offset = sizeArgument(the, 1);
	*samples = sizeArgument(the, 2);
	if (offset & 1)
		xsRangeError("samples lie at even offsets");
	if (*samples > LONGEST)
		xsRangeError("more samples than a device ever has");
	return (int16_t *)(void *)spanArgument(the, 0, offset, *samples * sizeof(int16_t), writable);
}

void fletcher_alsa_read(xsMachine *the)
{
	size_t samples;
	Alsa *alsa = input(the);
	int16_t *data = samplesOf(the, &samples, 1);
	xsmcSetInteger(xsResult, alsa ? alsaRead(alsa, data, samples) : -1);
}

void fletcher_alsa_write(xsMachine *the)
{
	size_t samples;
	Alsa *alsa = output(the);
	const int16_t *data = samplesOf(the, &samples, 0);
	xsmcSetInteger(xsResult, alsa ? alsaWrite(alsa, data, samples) : -1);
}

void fletcher_alsa_get_queued(xsMachine *the)
{
	Alsa *alsa = output(the);
	xsmcSetInteger(xsResult, alsa ? (xsIntegerValue)alsaQueued(alsa) : 0);
}

static void getCapacity(xsMachine *the, const Alsa *alsa)
{
	xsmcSetInteger(xsResult, alsa ? (xsIntegerValue)alsa->capacity : 0);
}

static void getMissed(xsMachine *the, const Alsa *alsa)
{
	xsmcSetNumber(xsResult, alsa ? alsa->missed : 0);
}

static void getError(xsMachine *the, Alsa *alsa)
{
	xsmcSetString(xsResult, alsa ? alsa->error : (char *)"");
}

void fletcher_alsa_input_get_capacity(xsMachine *the)
{
	getCapacity(the, input(the));
}

void fletcher_alsa_output_get_capacity(xsMachine *the)
{
	getCapacity(the, output(the));
}

void fletcher_alsa_input_get_missed(xsMachine *the)
{
	getMissed(the, input(the));
}

void fletcher_alsa_output_get_missed(xsMachine *the)
{
	getMissed(the, output(the));
}

void fletcher_alsa_input_get_error(xsMachine *the)
{
	getError(the, input(the));
}

void fletcher_alsa_output_get_error(xsMachine *the)
{
	getError(the, output(the));
}

void fletcher_alsa_input_close(xsMachine *the)
{
	destroy(takeRecord(the, fletcher_alsa_input_destructor));
}

void fletcher_alsa_output_close(xsMachine *the)
{
	destroy(takeRecord(the, fletcher_alsa_output_destructor));
}

void fletcher_alsa_bytes(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)sizeof(Alsa));
}
