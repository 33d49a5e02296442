/*
 * A GPIO chip of 32 lines where a machine has none: preloaded by tests. The folder FAKE_GPIO stands for it: its file `level` holds
 * what a line reads (0 or 1, already with the inversion that was asked for; no file: the chip is gone), its FIFO `events` wakes who
 * watches, and `request` is written with what was asked for. Line 5 is somebody else's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define CHIP "/dev/gpiochip7"
#define LINES 32
#define TAKEN 5

static const char *place(const char *name)
{
	static char path[512];
	const char *folder = getenv("FAKE_GPIO");
	snprintf(path, sizeof path, "%s/%s", folder ? folder : "/nowhere", name);
	return path;
}

int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	va_list list;
	va_start(list, flags);
	mode_t mode = va_arg(list, mode_t);
	va_end(list);
	return real(strcmp(path, CHIP) == 0 ? place(".") : path, flags, mode);
}

static int fail(int code)
{
	errno = code;
	return -1;
}

static int takeLine(struct gpio_v2_line_request *wanted)
{
	if (wanted->offsets[0] == TAKEN)
		return fail(EBUSY);
	FILE *file = fopen(place("request"), "w");
	unsigned debounce = wanted->config.num_attrs == 1 && wanted->config.attrs[0].attr.id == GPIO_V2_LINE_ATTR_ID_DEBOUNCE &&
			wanted->config.attrs[0].mask == 1
		? wanted->config.attrs[0].attr.debounce_period_us
		: 0;
	if (file) {
		fprintf(file, "line %u of %u%s%s%s%s debounced %u us for %s", wanted->offsets[0], wanted->num_lines,
			wanted->config.flags & GPIO_V2_LINE_FLAG_INPUT ? " input" : "",
			wanted->config.flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW ? " active-low" : "",
			wanted->config.flags & GPIO_V2_LINE_FLAG_BIAS_PULL_UP ? " pull-up" : "",
			wanted->config.flags & GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN ? " pull-down" : "", debounce, wanted->consumer);
		fclose(file);
	}
	wanted->fd = open(place("events"), O_RDWR | O_CLOEXEC);
	return wanted->fd < 0 ? -1 : 0;
}

static int readLevel(struct gpio_v2_line_values *values)
{
	char level = 0;
	int file = open(place("level"), O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return fail(ENODEV);
	if (read(file, &level, 1) != 1)
		level = '0';
	close(file);
	values->bits = level == '1';
	return 0;
}

int ioctl(int fd, unsigned long code, ...)
{
	int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	va_list list;
	va_start(list, code);
	void *argument = va_arg(list, void *);
	va_end(list);
	switch (code) {
	case GPIO_GET_CHIPINFO_IOCTL:
		((struct gpiochip_info *)argument)->lines = LINES;
		return 0;
	case GPIO_V2_GET_LINEINFO_IOCTL:
		snprintf(((struct gpio_v2_line_info *)argument)->consumer, GPIO_MAX_NAME_SIZE, "door bell");
		return 0;
	case GPIO_V2_GET_LINE_IOCTL:
		return takeLine(argument);
	case GPIO_V2_LINE_GET_VALUES_IOCTL:
		return readLevel(argument);
	default:
		return real(fd, code, argument);
	}
}
