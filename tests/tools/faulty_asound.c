/*
 * Stands in for libasound: a sound card that does what the device's name says, at a moment that the name says.
 * "EVENT@N": the Nth time that it is asked what waits, EVENT happens. The clock is the number of times it was asked: each time
 * 100 more samples wait, or are played.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	char event[32];
	int moment;
	int output;
	int asked;
	int resumes;
	int broken;
	long position; /* of the hardware */
	long application; /* of the program */
} Card;

#define CAPACITY 1000
#define STEP 100

static Card card;
/* Times that it will not be found: it was taken away. */
static int absent;

int snd_pcm_open(void **pcm, const char *name, int stream, int mode)
{
	(void)mode;
	memset(&card, 0, sizeof(card));
	const char *at = strchr(name, '@');
	size_t length = at ? (size_t)(at - name) : strlen(name);
	memcpy(card.event, name, length < sizeof(card.event) ? length : sizeof(card.event) - 1);
	card.moment = at ? atoi(at + 1) : 0;
	card.output = stream == 0;
	*pcm = &card;
	if (absent > 0) {
		absent--;
		return -ENOENT;
	}
	if (!strcmp(card.event, "busy"))
		return -EBUSY;
	if (!strcmp(card.event, "denied"))
		return -EACCES;
	return 0;
}

static int fails(const char *event, int code)
{
	return strcmp(card.event, event) ? 0 : code;
}

int snd_pcm_close(void *pcm) { (void)pcm; return 0; }
int snd_pcm_hw_params_malloc(void **it) { *it = malloc(8); return 0; }
void snd_pcm_hw_params_free(void *it) { free(it); }
int snd_pcm_hw_params_any(void *pcm, void *it) { (void)pcm; (void)it; return 1; }
int snd_pcm_hw_params_set_access(void *pcm, void *it, int access) { (void)pcm; (void)it; (void)access; return 0; }
int snd_pcm_hw_params_set_format(void *pcm, void *it, int format) { (void)pcm; (void)it; (void)format; return fails("format", -EINVAL); }
int snd_pcm_hw_params_set_channels(void *pcm, void *it, unsigned count) { (void)pcm; (void)it; (void)count; return fails("channels", -EINVAL); }
int snd_pcm_hw_params_set_rate_resample(void *pcm, void *it, unsigned on) { (void)pcm; (void)it; (void)on; return 0; }
int snd_pcm_hw_params_set_rate(void *pcm, void *it, unsigned rate, int direction) { (void)pcm; (void)it; (void)rate; (void)direction; return fails("rate", -EINVAL); }
int snd_pcm_hw_params_set_buffer_time_near(void *pcm, void *it, unsigned *time, int *direction) { (void)pcm; (void)it; (void)time; (void)direction; return fails("buffer", -EINVAL); }
int snd_pcm_hw_params_set_period_time_near(void *pcm, void *it, unsigned *time, int *direction) { (void)pcm; (void)it; (void)time; (void)direction; return 0; }
int snd_pcm_hw_params(void *pcm, void *it) { (void)pcm; (void)it; return 0; }
int snd_pcm_hw_params_get_buffer_size(const void *it, unsigned long *size) { (void)it; *size = CAPACITY; return 0; }
int snd_pcm_sw_params_malloc(void **it) { *it = malloc(8); return 0; }
void snd_pcm_sw_params_free(void *it) { free(it); }
int snd_pcm_sw_params_current(void *pcm, void *it) { (void)pcm; (void)it; return 0; }
int snd_pcm_sw_params_get_boundary(const void *it, unsigned long *boundary) { (void)it; *boundary = 1L << 30; return 0; }
int snd_pcm_sw_params_set_start_threshold(void *pcm, void *it, unsigned long value) { (void)pcm; (void)it; (void)value; return 0; }
int snd_pcm_sw_params_set_stop_threshold(void *pcm, void *it, unsigned long value) { (void)pcm; (void)it; (void)value; return 0; }
int snd_pcm_sw_params_set_silence_threshold(void *pcm, void *it, unsigned long value) { (void)pcm; (void)it; (void)value; return 0; }
int snd_pcm_sw_params_set_silence_size(void *pcm, void *it, unsigned long value) { (void)pcm; (void)it; (void)value; return 0; }
int snd_pcm_sw_params(void *pcm, void *it) { (void)pcm; (void)it; return fails("software", -EINVAL); }

int snd_pcm_prepare(void *pcm)
{
	(void)pcm;
	card.broken = 0;
	card.position = card.application = 0;
	return card.asked >= card.moment ? fails("stuck", -EIO) : 0;
}

int snd_pcm_start(void *pcm) { (void)pcm; return fails("start", -EIO); }
int snd_pcm_drop(void *pcm) { (void)pcm; return 0; }

/* A machine that slept goes on at the third try, one that cannot must be prepared. */
int snd_pcm_resume(void *pcm)
{
	(void)pcm;
	if (!strcmp(card.event, "lost-sleep"))
		return -ENOSYS;
	if (++card.resumes < 3)
		return -EAGAIN;
	card.broken = 0;
	return 0;
}

long snd_pcm_avail_update(void *pcm)
{
	(void)pcm;
	if (++card.asked == card.moment) {
		card.broken = fails("overrun", -EPIPE) | fails("stuck", -EPIPE) | fails("unplugged", -ENODEV) | fails("sleep", -ESTRPIPE) |
			fails("lost-sleep", -ESTRPIPE) | fails("interrupted", -EINTR);
		if (fails("gone", 1)) {
			absent = 1;
			card.broken = -ENODEV;
		}
		if (fails("late", 1))
			card.position += 5 * CAPACITY;
	}
	if (card.broken) {
		int code = card.broken;
		if (code == -EINTR)
			card.broken = 0;
		return code;
	}
	card.position += STEP;
	return card.output ? CAPACITY + card.position - card.application : card.position - card.application;
}

long snd_pcm_forward(void *pcm, unsigned long count) { (void)pcm; card.application += (long)count; return (long)count; }

long snd_pcm_readi(void *pcm, void *data, unsigned long count)
{
	(void)pcm;
	for (unsigned long i = 0; i < count; i++)
		((short *)data)[i] = (short)(card.application + (long)i);
	card.application += (long)count;
	return (long)count;
}

long snd_pcm_writei(void *pcm, const void *data, unsigned long count) { (void)pcm; (void)data; card.application += (long)count; return (long)count; }
const char *snd_strerror(int code) { return strerror(-code); }
int snd_lib_error_set_handler(void *handler) { (void)handler; return 0; }
#ifndef WITHOUT_LAST
int snd_config_update_free_global(void) { return 0; }
#endif
