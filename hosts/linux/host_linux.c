/* The natives of modules/host on Linux. */
#include "xsmc.h"
#include "mc.xs.h"
#include "entry.h"
#include "process_figures.h"
#include "engine.h"
#include "counters.h"
#include "host_linux.h"
#include "loop.h"
#include "loop_run.h"
#include "root.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#ifndef FLETCHER_TARGET
#error the builder defines FLETCHER_TARGET
#endif

Host gHost;

void fletcher_host_args(xsMachine *the)
{
	xsmcVars(1);
	xsResult = xsNewArray(0);
	for (int i = 1; i < gHost.argc; i++) {
		xsmcSetString(xsVar(0), gHost.argv[i]);
		xsmcSetIndex(xsResult, i - 1, xsVar(0));
	}
}

static void writeAll(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);
		if (written < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		text += written;
		length -= (size_t)written;
	}
}

static void printLine(xsMachine *the, int fd)
{
	/* One write for a line, so that lines of several processes do not mix. */
	char buffer[2048];
	const char *text = xsmcToString(xsArg(0));
	size_t length = strlen(text);
	if (length < sizeof(buffer)) {
		memcpy(buffer, text, length);
		buffer[length] = '\n';
		writeAll(fd, buffer, length + 1);
	}
	else {
		writeAll(fd, text, length);
		writeAll(fd, "\n", 1);
	}
}

void fletcher_host_print(xsMachine *the)
{
	printLine(the, STDOUT_FILENO);
}

void fletcher_host_print_error(xsMachine *the)
{
	printLine(the, STDERR_FILENO);
}

void fletcher_host_exit(xsMachine *the)
{
	gHost.exitCode = xsmcToInteger(xsArg(0)) & 0xFF;
	loopStop();
}

void fletcher_host_on_stop(xsMachine *the)
{
	if (gHost.stopWanted)
		xsForget(gHost.stopHandler);
	gHost.stopHandler = xsArg(0);
	xsRemember(gHost.stopHandler);
	gHost.stopWanted = 1;
}

void fletcher_host_target(xsMachine *the)
{
	xsmcSetString(xsResult, FLETCHER_TARGET);
}

void fletcher_host_collect_garbage(xsMachine *the)
{
	xsCollectGarbage();
	engineGiveBack((struct sxMachine *)the);
}

void fletcher_host_read_counters(xsMachine *the)
{
	int32_t counters[COUNTER_COUNT] = { 0 };
	void *view;
	xsUnsignedValue size;
	/* Before anything else: reading must not count itself. */
	engineCounters((struct sxMachine *)the, gHost.root, counters);
	counters[COUNTER_COLLECTIONS] = gHost.collections;
	counters[COUNTER_RESIDENT] = processResident();
	counters[COUNTER_DESCRIPTORS] = processDescriptors();
	counters[COUNTER_ROM_IMAGE] = rootIsImage();
	counters[COUNTER_TURNS] = (int32_t)loopTurns();
	xsmcVars(1);
	xsmcGet(xsVar(0), xsArg(0), xsID_buffer);
	xsmcGetBufferWritable(xsVar(0), &view, &size);
	if (size < sizeof(counters))
		xsRangeError("view: at least Counter.COUNT elements");
	memcpy(view, counters, sizeof(counters));
}

/* The engine marks each live host object once a collection. */
static void countCollection(xsMachine *the, void *it, xsMarkRoot markRoot)
{
	(void)the;
	(void)it;
	(void)markRoot;
	gHost.collections++;
}

static const xsHostHooks gCollectionHooks = { .marker = countCollection };

void hostCountCollections(xsMachine *the)
{
	static xsSlot object;
	object = xsNewHostObject(NULL);
	xsmcSetHostData(object, &gHost);
	xsSetHostHooks(object, &gCollectionHooks);
	xsRemember(object);
}

typedef struct {
	LoopWatch watch;
	xsMachine *the;
} SignalWatch;

static void signalReady(LoopWatch *watch, unsigned events)
{
	SignalWatch *it = (SignalWatch *)watch;
	struct signalfd_siginfo info;
	(void)events;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (gHost.stopWanted) {
		xsSlot none;
		xsMachine *the = it->the;
		xsmcSetUndefined(none);
		callScript(the, &gHost.stopHandler, &none);
	}
	else {
		gHost.exitCode = 0;
		loopStop();
	}
}

void hostWatchSignals(xsMachine *the)
{
	static SignalWatch watch;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* A button's (media/voice/button), blocked before there are threads that one could end the process by; without a button they do nothing. */
	sigset_t button;
	sigemptyset(&button);
	sigaddset(&button, SIGUSR1);
	sigaddset(&button, SIGUSR2);
	sigprocmask(SIG_BLOCK, &button, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	watch.the = the;
	if (fd >= 0)
		loopAdd(&watch.watch, fd, LOOP_READ, signalReady);
}
