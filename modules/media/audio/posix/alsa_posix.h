/* ALSA as the natives of alsa_script see it. */
#ifndef FLETCHER_ALSA_POSIX_H
#define FLETCHER_ALSA_POSIX_H

#include <alsa/asoundlib.h>

/* What is used of libasound, which is loaded when a device is opened: the program also runs where it is not installed. */
#define ALSA_FUNCTIONS(X) \
	X(snd_pcm_open) \
	X(snd_pcm_close) \
	X(snd_pcm_hw_params_malloc) \
	X(snd_pcm_hw_params_free) \
	X(snd_pcm_hw_params_any) \
	X(snd_pcm_hw_params_set_access) \
	X(snd_pcm_hw_params_set_format) \
	X(snd_pcm_hw_params_set_channels) \
	X(snd_pcm_hw_params_set_rate_resample) \
	X(snd_pcm_hw_params_set_rate) \
	X(snd_pcm_hw_params_set_buffer_time_near) \
	X(snd_pcm_hw_params_set_period_time_near) \
	X(snd_pcm_hw_params) \
	X(snd_pcm_hw_params_get_buffer_size) \
	X(snd_pcm_sw_params_malloc) \
	X(snd_pcm_sw_params_free) \
	X(snd_pcm_sw_params_current) \
	X(snd_pcm_sw_params_get_boundary) \
	X(snd_pcm_sw_params_set_start_threshold) \
	X(snd_pcm_sw_params_set_stop_threshold) \
	X(snd_pcm_sw_params_set_silence_threshold) \
	X(snd_pcm_sw_params_set_silence_size) \
	X(snd_pcm_sw_params) \
	X(snd_pcm_prepare) \
	X(snd_pcm_start) \
	X(snd_pcm_resume) \
	X(snd_pcm_drop) \
	X(snd_pcm_avail_update) \
	X(snd_pcm_forward) \
	X(snd_pcm_readi) \
	X(snd_pcm_writei) \
	X(snd_strerror) \
	X(snd_lib_error_set_handler) \
	X(snd_config_update_free_global)

typedef struct {
#define ALSA_POINTER(NAME) __typeof__(NAME) *NAME;
	ALSA_FUNCTIONS(ALSA_POINTER)
#undef ALSA_POINTER
} AlsaLibrary;

#define ALSA_NAME 64

typedef struct {
	AlsaLibrary library;
	void *handle;
	snd_pcm_t *pcm;
	int output;
	int rate;
	int milliseconds;
	snd_pcm_uframes_t capacity;
	/* Samples lost or starved. */
	double missed;
	char name[ALSA_NAME];
	char error[ALSA_NAME + 96];
} Alsa;

/* Opens and starts what name, output, rate and milliseconds say. 0 with `error` set when it cannot. */
int alsaOpen(Alsa *alsa);
void alsaClose(Alsa *alsa);
/* `samples`, 0 when there are fewer, -1. */
int alsaRead(Alsa *alsa, int16_t *data, size_t samples);
/* Samples taken, or -1. */
int alsaWrite(Alsa *alsa, const int16_t *data, size_t samples);
size_t alsaQueued(Alsa *alsa);

#endif
