/*
 * A sound device of ALSA that is never waited for. The loudspeaker runs freely: where nothing was written it plays silence and goes
 * on, so that its clock never stops; what it played too much is counted and passed over. A microphone that nobody read in time has
 * stopped, and is started again.
 */
#include "alsa_posix.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libasound.so.2"
/* The device is looked at in steps of 10 ms. */
#define PERIOD 10000

static int describe(Alsa *alsa, const char *what, int code)
{
	const char *reason = code && alsa->library.snd_strerror ? alsa->library.snd_strerror(code) : "";
	snprintf(alsa->error, sizeof(alsa->error), "sound device %s %s%s%s%s", alsa->name, what, *reason ? " (" : "", reason, *reason ? ")" : "");
	return 0;
}

/* libasound writes its complaints to standard error, where they break the log; the reason is given in `error`. */
static void quiet(const char *file, int line, const char *function, int code, const char *format, ...)
{
	(void)file;
	(void)line;
	(void)function;
	(void)code;
	(void)format;
}

static int load(Alsa *alsa)
{
	alsa->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!alsa->handle)
		return describe(alsa, "needs " LIBRARY ", which is not installed", 0);
#define ALSA_LOAD(NAME) \
	*(void **)&alsa->library.NAME = dlsym(alsa->handle, #NAME); \
	if (!alsa->library.NAME) \
		return describe(alsa, "needs a newer " LIBRARY, 0);
	ALSA_FUNCTIONS(ALSA_LOAD)
#undef ALSA_LOAD
	alsa->library.snd_lib_error_set_handler(quiet);
	return 1;
}

static int setHardware(Alsa *alsa, snd_pcm_hw_params_t *parameters)
{
	const AlsaLibrary *library = &alsa->library;
	unsigned bufferTime = (unsigned)alsa->milliseconds * 1000;
	unsigned periodTime = PERIOD;
	int code = library->snd_pcm_hw_params_any(alsa->pcm, parameters);
	if (code < 0)
		return describe(alsa, "has no configuration", code);
	code = library->snd_pcm_hw_params_set_access(alsa->pcm, parameters, SND_PCM_ACCESS_RW_INTERLEAVED);
	if (code >= 0)
		code = library->snd_pcm_hw_params_set_format(alsa->pcm, parameters, SND_PCM_FORMAT_S16);
	if (code < 0)
		return describe(alsa, "has no samples of 16 bits: does \"plughw:\" in place of \"hw:\" help?", code);
	code = library->snd_pcm_hw_params_set_channels(alsa->pcm, parameters, 1);
	if (code < 0)
		return describe(alsa, "has no single channel: does \"plughw:\" in place of \"hw:\" help?", code);
	library->snd_pcm_hw_params_set_rate_resample(alsa->pcm, parameters, 1);
	code = library->snd_pcm_hw_params_set_rate(alsa->pcm, parameters, (unsigned)alsa->rate, 0);
	if (code < 0)
		return describe(alsa, "refuses the sample rate: does \"plughw:\" in place of \"hw:\" help?", code);
	code = library->snd_pcm_hw_params_set_buffer_time_near(alsa->pcm, parameters, &bufferTime, NULL);
	if (code >= 0)
		code = library->snd_pcm_hw_params_set_period_time_near(alsa->pcm, parameters, &periodTime, NULL);
	if (code >= 0)
		code = library->snd_pcm_hw_params(alsa->pcm, parameters);
	if (code >= 0)
		code = library->snd_pcm_hw_params_get_buffer_size(parameters, &alsa->capacity);
	return code < 0 ? describe(alsa, "refuses the buffer", code) : 1;
}

static int setSoftware(Alsa *alsa, snd_pcm_sw_params_t *parameters)
{
	const AlsaLibrary *library = &alsa->library;
	snd_pcm_uframes_t boundary = 0;
	int code = library->snd_pcm_sw_params_current(alsa->pcm, parameters);
	if (code >= 0)
		code = library->snd_pcm_sw_params_get_boundary(parameters, &boundary);
	/* It is started by hand. */
	if (code >= 0)
		code = library->snd_pcm_sw_params_set_start_threshold(alsa->pcm, parameters, boundary);
	if (code >= 0 && alsa->output)
		code = library->snd_pcm_sw_params_set_stop_threshold(alsa->pcm, parameters, boundary);
	if (code >= 0 && alsa->output)
		code = library->snd_pcm_sw_params_set_silence_threshold(alsa->pcm, parameters, 0);
	if (code >= 0 && alsa->output)
		code = library->snd_pcm_sw_params_set_silence_size(alsa->pcm, parameters, boundary);
	if (code >= 0)
		code = library->snd_pcm_sw_params(alsa->pcm, parameters);
	return code < 0 ? describe(alsa, "refuses its settings", code) : 1;
}

static int setUp(Alsa *alsa)
{
	const AlsaLibrary *library = &alsa->library;
	snd_pcm_hw_params_t *hardware = NULL;
	snd_pcm_sw_params_t *software = NULL;
	int done = 0;
	if (library->snd_pcm_hw_params_malloc(&hardware) < 0 || library->snd_pcm_sw_params_malloc(&software) < 0)
		describe(alsa, "cannot be opened: no memory", 0);
	else
		done = setHardware(alsa, hardware) && setSoftware(alsa, software);
	if (hardware)
		library->snd_pcm_hw_params_free(hardware);
	if (software)
		library->snd_pcm_sw_params_free(software);
	return done;
}

static int begin(Alsa *alsa)
{
	int code = alsa->library.snd_pcm_prepare(alsa->pcm);
	if (code >= 0)
		code = alsa->library.snd_pcm_start(alsa->pcm);
	return code < 0 ? describe(alsa, "does not start", code) : 1;
}

static int openDevice(Alsa *alsa)
{
	int code = alsa->library.snd_pcm_open(&alsa->pcm, alsa->name, alsa->output ? SND_PCM_STREAM_PLAYBACK : SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK);
	if (code >= 0)
		return 1;
	alsa->pcm = NULL;
	if (code == -ENOENT)
		return describe(alsa, "is not there", 0);
	return describe(alsa, code == -EBUSY ? "is in use by another program" : "cannot be opened", code);
}

int alsaOpen(Alsa *alsa)
{
	if (!load(alsa))
		return 0;
	int done = openDevice(alsa) && setUp(alsa) && begin(alsa);
	/* The parsed configuration of all devices takes a hundred kilobytes and more, and is not needed any more. */
	alsa->library.snd_config_update_free_global();
	return done;
}

/* The library stays loaded: it cannot be taken out safely, and opening it again finds it. */
void alsaClose(Alsa *alsa)
{
	if (!alsa->pcm)
		return;
	alsa->library.snd_pcm_drop(alsa->pcm);
	alsa->library.snd_pcm_close(alsa->pcm);
	alsa->pcm = NULL;
}

/* After a failed call: 0 when the device goes on, -1 when it is gone. */
static int recover(Alsa *alsa, int code)
{
	if (code == -EAGAIN || code == -EINTR)
		return 0;
	if (code == -ESTRPIPE) {
		/* The machine has slept. Not every driver can go on where it was. */
		code = alsa->library.snd_pcm_resume(alsa->pcm);
		if (code == -EAGAIN)
			return 0;
		if (code < 0)
			code = -EPIPE;
	}
	if (code == -EPIPE || code == -EBADFD) {
		alsa->missed += (double)alsa->capacity;
		if (begin(alsa))
			return 0;
	} else if (code < 0)
		describe(alsa, code == -ENODEV ? "was unplugged" : "failed", code);
	else
		return 0;
	alsaClose(alsa);
	return -1;
}

int alsaRead(Alsa *alsa, int16_t *data, size_t samples)
{
	if (!alsa->pcm)
		return -1;
	snd_pcm_sframes_t waiting = alsa->library.snd_pcm_avail_update(alsa->pcm);
	if (waiting < 0)
		return recover(alsa, (int)waiting);
	if ((size_t)waiting < samples)
		return 0;
	/* Silence where it gives fewer than it said, and for plugins that write nothing. */
	memset(data, 0, samples * sizeof(int16_t));
	snd_pcm_sframes_t count = alsa->library.snd_pcm_readi(alsa->pcm, data, samples);
	return count < 0 ? recover(alsa, (int)count) : (int)samples;
}

/* Room for samples; passes over what was played without them. -1 when the device is gone. */
static snd_pcm_sframes_t room(Alsa *alsa)
{
	snd_pcm_sframes_t free = alsa->library.snd_pcm_avail_update(alsa->pcm);
	if (free < 0)
		return recover(alsa, (int)free);
	if ((snd_pcm_uframes_t)free <= alsa->capacity)
		return free;
	snd_pcm_uframes_t late = (snd_pcm_uframes_t)free - alsa->capacity;
	snd_pcm_sframes_t passed = alsa->library.snd_pcm_forward(alsa->pcm, late);
	if (passed < 0)
		return recover(alsa, (int)passed);
	alsa->missed += (double)passed;
	return (snd_pcm_sframes_t)alsa->capacity;
}

int alsaWrite(Alsa *alsa, const int16_t *data, size_t samples)
{
	if (!alsa->pcm)
		return -1;
	snd_pcm_sframes_t free = room(alsa);
	if (free <= 0)
		return (int)free;
	size_t count = samples < (size_t)free ? samples : (size_t)free;
	snd_pcm_sframes_t taken = alsa->library.snd_pcm_writei(alsa->pcm, data, count);
	return taken < 0 ? recover(alsa, (int)taken) : (int)taken;
}

size_t alsaQueued(Alsa *alsa)
{
	snd_pcm_sframes_t free = alsa->pcm ? room(alsa) : -1;
	return free < 0 ? 0 : alsa->capacity - (size_t)free;
}
