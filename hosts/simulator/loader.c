/*
 * Runs a program built for the Moddable simulator without a display: loads the shared object that mcconfig makes,
 * starts its machine and turns GLib's main loop until the program or the engine ends it.
 *
 *     loader mc.so [argument...]
 *
 * The exit code is the program's own (`exit` of module host/host); 100 + the engine's abort status when XS gave up;
 * 2 when the file cannot be loaded.
 */
#include <dlfcn.h>
#include <glib.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

#define EXIT_USAGE 2
#define EXIT_ENGINE 100
/* The engine's abort status for an exception that no script caught. */
#define UNHANDLED_EXCEPTION 5

static GMainLoop *mainLoop;
static int exitCode;
static char **programArguments;
static int programArgumentCount;
static void (*report)(void *machine);

/* What host_simulator.c looks for in the executable that loaded it. */
void loaderExit(int code);
int loaderArguments(char ***arguments);

void loaderExit(int code)
{
	exitCode = code;
	g_main_loop_quit(mainLoop);
}

int loaderArguments(char ***arguments)
{
	*arguments = programArguments;
	return programArgumentCount;
}

/* The engine's end: nothing of the machine may run after it, so the process ends here. */
static void onAbort(txScreen *screen, int status)
{
	fflush(NULL);
	if (status == UNHANDLED_EXCEPTION && report)
		report(screen->machine);
	fprintf(stderr, "the engine stopped with status %d\n", status);
	fflush(NULL);
	_Exit(EXIT_ENGINE + status);
}

static void onNothing(txScreen *screen)
{
	(void)screen;
}

static void onStart(txScreen *screen, double interval)
{
	(void)screen;
	(void)interval;
}

static void onPost(txScreen *screen, char *buffer, int size)
{
	(void)screen;
	(void)buffer;
	(void)size;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: loader mc.so [argument...]\n");
		return EXIT_USAGE;
	}
	programArguments = argv + 2;
	programArgumentCount = argc - 2;
	void *library = dlopen(argv[1], RTLD_NOW);
	txScreenLaunchProc launch = library ? (txScreenLaunchProc)dlsym(library, "fxScreenLaunch") : NULL;
	if (!launch) {
		fprintf(stderr, "%s\n", dlerror());
		return EXIT_USAGE;
	}
	report = (void (*)(void *))dlsym(library, "hostReport");

	txScreen *screen = calloc(1, sizeof(txScreen));
	if (!screen)
		return EXIT_USAGE;
	screen->width = 0;
	screen->height = 0;
	screen->abort = onAbort;
	screen->bufferChanged = onNothing;
	screen->formatChanged = onNothing;
	screen->post = onPost;
	screen->start = onStart;
	screen->stop = onNothing;
	pthread_mutex_init(&screen->workersMutex, NULL);

	mainLoop = g_main_loop_new(NULL, FALSE);
	/* A program that ends while it starts quits a loop that does not run yet: so the start is the loop's first event. */
	g_idle_add_once((GSourceOnceFunc)launch, screen);
	g_main_loop_run(mainLoop);
	fflush(NULL);
	/* The machine is left to the system, as a device's is when it restarts. */
	_Exit(exitCode);
}
