/*
 * media/voice/button on Linux: a line of a GPIO chip through version 2 of the character device (linux/gpio.h), which also inverts,
 * pulls and debounces it, or the signals SIGUSR1 and SIGUSR2.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "error_name.h"
#include "loop.h"
#include "native.h"
#include "mc.xs.h"

#define NAME_SIZE 80
#define MOST_DEBOUNCE 10000
/* Changes taken at a time. */
#define EVENTS 16

typedef struct {
	Native native;
	xsSlot onChange;
	LoopWatch watch;
	int fd;
	uint8_t isSignal;
	uint8_t pressed;
	char name[NAME_SIZE];
	char error[NAME_SIZE + 160];
} Button;

void fletcher_button_destructor(void *data)
{
	Button *button = data;
	if (!button)
		return;
	loopRemove(&button->watch);
	if (button->fd >= 0)
		close(button->fd);
	button->fd = -1;
	nativeFree(&button->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Button *button = data;
	(*markRoot)(the, &button->onChange);
}

static const xsHostHooks hooks = { fletcher_button_destructor, mark, NULL };

static Button *buttonOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

static int request(int fd, unsigned long code, void *argument)
{
	int result;
	do
		result = ioctl(fd, code, argument);
	while (result < 0 && errno == EINTR);
	return result;
}

/* "gpiochip0:17 <what>" and, when code is not 0, the host's name for it. Returns 0, as all steps of the opening do that fail. */
static int describe(Button *button, const char *what, int code)
{
	snprintf(button->error, sizeof(button->error), "button %s %s%s%s%s", button->name, what, code ? " (" : "",
		code ? errorName(code) : "", code ? ")" : "");
	return 0;
}

/* The state that the line has now. Returns 0 or an errno. */
static int readLine(const Button *button, uint8_t *pressed)
{
	struct gpio_v2_line_values values = { .mask = 1 };
	if (request(button->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0)
		return errno;
	*pressed = values.bits & 1;
	return 0;
}

/* Takes the changes that wait; which they were does not matter, as the line is read after them. Returns 0 or an errno. */
static int readEvents(const Button *button)
{
	struct gpio_v2_line_event events[EVENTS];
	ssize_t count;
	do
		count = read(button->fd, events, sizeof(events));
	while (count == (ssize_t)sizeof(events) || (count < 0 && errno == EINTR));
	return count < 0 && errno != EAGAIN ? errno : count == 0 ? EIO : 0;
}

static void change(Button *button, uint8_t pressed)
{
	if (pressed == button->pressed)
		return;
	button->pressed = pressed;
	callScript(button->native.the, &button->onChange, &button->native.self);
}

static void lineReady(Button *button)
{
	uint8_t pressed = 0;
	int code = readEvents(button);
	if (!code)
		code = readLine(button, &pressed);
	if (!code) {
		change(button, pressed);
		return;
	}
	describe(button, "is gone", code);
	loopRemove(&button->watch);
	button->pressed = 0;
	callScript(button->native.the, &button->onChange, &button->native.self);
}

static void signalReady(Button *button)
{
	struct signalfd_siginfo info;
	/* Each is told, so that a short press is one. */
	while (button->fd >= 0 && read(button->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		change(button, info.ssi_signo == SIGUSR1);
}

static void ready(LoopWatch *watch, unsigned events)
{
	Button *button = nativeOwner(Button, watch, watch);
	(void)events;
	nativeEnter(&button->native);
	if (button->isSignal)
		signalReady(button);
	else
		lineReady(button);
	nativeLeave(&button->native);
}

static int openSignals(Button *button)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	button->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return button->fd >= 0 ? 1 : describe(button, "cannot be opened", errno);
}

/* Who has the line already, for the reason of EBUSY. */
static int describeBusy(Button *button, int chip, uint32_t line)
{
	struct gpio_v2_line_info info;
	char text[GPIO_MAX_NAME_SIZE + 32];
	memset(&info, 0, sizeof(info));
	info.offset = line;
	if (request(chip, GPIO_V2_GET_LINEINFO_IOCTL, &info) < 0 || !info.consumer[0])
		return describe(button, "is in use", EBUSY);
	snprintf(text, sizeof(text), "is in use by \"%.*s\"", GPIO_MAX_NAME_SIZE, info.consumer);
	return describe(button, text, EBUSY);
}

static int openLine(Button *button, int chip, uint32_t line, int activeLow, int debounce)
{
	struct gpiochip_info info;
	struct gpio_v2_line_request wanted;
	char text[48];
	memset(&info, 0, sizeof(info));
	if (request(chip, GPIO_GET_CHIPINFO_IOCTL, &info) < 0)
		return describe(button, "is on no GPIO chip", errno);
	if (line >= info.lines) {
		snprintf(text, sizeof(text), "is not there: the chip has %u lines", info.lines);
		return describe(button, text, 0);
	}
	memset(&wanted, 0, sizeof(wanted));
	wanted.offsets[0] = line;
	wanted.num_lines = 1;
	snprintf(wanted.consumer, sizeof(wanted.consumer), "fletcher push to talk");
	wanted.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING |
		(activeLow ? GPIO_V2_LINE_FLAG_ACTIVE_LOW | GPIO_V2_LINE_FLAG_BIAS_PULL_UP : GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN);
	if (debounce > 0) {
		wanted.config.num_attrs = 1;
		wanted.config.attrs[0].mask = 1;
		wanted.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
		wanted.config.attrs[0].attr.debounce_period_us = (uint32_t)debounce * 1000;
	}
	if (request(chip, GPIO_V2_GET_LINE_IOCTL, &wanted) < 0) {
		if (errno == EBUSY)
			return describeBusy(button, chip, line);
		return describe(button, errno == EINVAL || errno == ENOTTY ? "cannot be had: the kernel has no second version of the GPIO interface, or the line is no input"
			: "cannot be had", errno);
	}
	button->fd = wanted.fd;
	if (fcntl(button->fd, F_SETFL, fcntl(button->fd, F_GETFL) | O_NONBLOCK) < 0)
		return describe(button, "cannot be watched", errno);
	int code = readLine(button, &button->pressed);
	return code ? describe(button, "cannot be read", code) : 1;
}

/* "gpiochip0:17" */
static int openChip(Button *button, int activeLow, int debounce)
{
	char path[NAME_SIZE + 8];
	const char *colon = strrchr(button->name, ':');
	char *end = NULL;
	long line = colon ? strtol(colon + 1, &end, 10) : -1;
	if (!colon || end == colon + 1 || *end || line < 0 || line > 0xffff || colon == button->name)
		return describe(button, "is neither \"signal\" nor a line such as \"gpiochip0:17\"", 0);
	snprintf(path, sizeof(path), "/dev/%.*s", (int)(colon - button->name), button->name);
	int chip = open(path, O_RDONLY | O_CLOEXEC);
	if (chip < 0)
		return describe(button, errno == ENOENT ? "is not there: the machine has no such GPIO chip"
			: errno == EACCES ? "may not be opened: is the user in the group \"gpio\"?" : "cannot be opened", errno);
	int opened = openLine(button, chip, (uint32_t)line, activeLow, debounce);
	close(chip);
	return opened;
}

void fletcher_button(xsMachine *the)
{
	nativeNeed(the, 1);
	xsmcVars(1);
	int debounce = nativeInteger(the, xsID_debounce, "debounce", 0, 0, MOST_DEBOUNCE);
	xsmcGet(xsVar(0), xsArg(0), xsID_activeLow);
	int activeLow = xsmcToBoolean(xsVar(0));
	Button *button = nativeNew(the, sizeof(Button), &hooks);
	button->fd = -1;
	if (!nativeCallback(the, xsID_onChange, &button->onChange))
		xsRangeError("onChange is missing");
	xsmcGet(xsVar(0), xsArg(0), xsID_name);
	if (!nativeText(the, &xsVar(0), button->name, sizeof(button->name)))
		xsRangeError("name: at most %d characters", NAME_SIZE - 1);
	button->isSignal = strcmp(button->name, "signal") == 0;
	int opened = button->isSignal ? openSignals(button) : openChip(button, activeLow, debounce);
	int code = opened ? loopAdd(&button->watch, button->fd, LOOP_READ, ready) : 0;
	if (code)
		opened = describe(button, "cannot be watched", code);
	if (!opened) {
		if (button->fd >= 0)
			close(button->fd);
		button->fd = -1;
		xsUnknownError("%s", button->error);
	}
	nativePin(the, &button->native, &xsThis);
}

void fletcher_button_bytes(xsMachine *the)
{
	xsmcSetInteger(xsResult, sizeof(Button));
}

void fletcher_button_get_pressed(xsMachine *the)
{
	Button *button = buttonOf(the);
	xsmcSetBoolean(xsResult, button && button->pressed);
}

void fletcher_button_get_error(xsMachine *the)
{
	Button *button = buttonOf(the);
	xsmcSetString(xsResult, button ? button->error : "");
}

void fletcher_button_close(xsMachine *the)
{
	Button *button = buttonOf(the);
	if (!button)
		return;
	xsmcSetHostData(xsThis, NULL);
	nativeUnpin(the, &button->native);
	fletcher_button_destructor(button);
}
