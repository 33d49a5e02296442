/*
 * The natives of modules/host/host.d.ts in the Moddable simulator, on XS 17 of the SDK.
 * Under hosts/simulator/loader the program's arguments and exit code are the process's; in mcsim there are no arguments,
 * and `exit` stops the machine and leaves its window open.
 */
#include "xsAll.h"
#include "xsmc.h"
#include "mc.xs.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "counters.h"
#include "entry.h"
#include "process_figures.h"
#include "loop_run.h"
#include "screen.h"

/* The loader's, when it is the loader that runs this. */
extern void loaderExit(int code) __attribute__((weak));
extern int loaderArguments(char ***arguments) __attribute__((weak));

static xsMachine *stopMachine;
static xsSlot stopHandler;
static guint stopSources[2];
static int32_t collections; /* since the first look at the counters */
static int counting;

/* The SDK's platform runs the jobs of promises on the main loop by itself. */
void hostRunJobs(xsMachine *the)
{
	(void)the;
}

/* For the loader, whose last act it is: what no script caught. */
void hostReport(xsMachine *the)
{
	xsBeginHost(the);
	xsTry {
		reportException(the);
	}
	xsCatch {
	}
	xsEndHost(the);
}

void fletcher_host_args(xsMachine *the)
{
	char **arguments = NULL;
	int count = loaderArguments ? loaderArguments(&arguments) : 0;
	xsmcVars(1);
	xsResult = xsmcNewArray(0);
	for (int i = 0; i < count; i++) {
		xsmcSetString(xsVar(0), arguments[i]);
		xsmcSetIndex(xsResult, i, xsVar(0));
	}
}

static void writeLine(FILE *stream, const char *text)
{
	fputs(text, stream);
	fputc('\n', stream);
	fflush(stream);
}

void fletcher_host_print(xsMachine *the)
{
	writeLine(stdout, xsmcToString(xsArg(0)));
}

void fletcher_host_print_error(xsMachine *the)
{
	writeLine(stderr, xsmcToString(xsArg(0)));
}

void fletcher_host_exit(xsMachine *the)
{
	int code = xsmcToInteger(xsArg(0)) & 255;
	loopStop();
	if (loaderExit)
		loaderExit(code);
	else {
		txScreen *screen = ((txMachine *)the)->host;
		xsLog("fletcher: exit %d\n", code);
		screen->abort(screen, XS_DEBUGGER_EXIT);
	}
}

static gboolean onSignal(gpointer data)
{
	(void)data;
	callScript(stopMachine, &stopHandler, &stopHandler);
	return G_SOURCE_CONTINUE;
}

void fletcher_host_on_stop(xsMachine *the)
{
	if (stopMachine)
		xsForget(stopHandler);
	else {
		stopSources[0] = g_unix_signal_add(SIGTERM, onSignal, NULL);
		stopSources[1] = g_unix_signal_add(SIGINT, onSignal, NULL);
	}
	stopMachine = the;
	stopHandler = xsArg(0);
	xsRemember(stopHandler);
}

/* mcsim unloads this code between two programs. */
__attribute__((destructor)) static void hostEnd(void)
{
	if (stopMachine) {
		g_source_remove(stopSources[0]);
		g_source_remove(stopSources[1]);
	}
}

/* The engine marks each live host object once a collection: so collections are counted without an instrumented build. */
static void countCollection(xsMachine *the, void *it, xsMarkRoot markRoot)
{
	(void)the;
	(void)it;
	(void)markRoot;
	collections++;
}

static const xsHostHooks collectionHooks = { NULL, countCollection, "collections" };

static void beginCounting(xsMachine *the)
{
	static xsSlot object;
	if (counting)
		return;
	counting = 1;
	object = xsNewHostObject(NULL);
	xsmcSetHostData(object, &collections);
	xsSetHostHooks(object, (xsHostHooks *)&collectionHooks);
	xsRemember(object);
}

void fletcher_host_read_counters(xsMachine *the)
{
	txMachine *machine = (txMachine *)the;
	txPreparation *root = machine->preparation;
	int32_t counters[COUNTER_COUNT] = { 0 };
	beginCounting(the);
	counters[COUNTER_SLOTS] = machine->currentHeapCount;
	counters[COUNTER_SLOTS_TOTAL] = machine->maximumHeapCount;
	counters[COUNTER_SLOTS_PEAK] = machine->peakHeapCount;
	counters[COUNTER_CHUNKS] = machine->currentChunksSize;
	counters[COUNTER_CHUNKS_TOTAL] = machine->maximumChunksSize;
	counters[COUNTER_CHUNKS_PEAK] = machine->peakChunksSize;
	counters[COUNTER_COLLECTIONS] = collections;
	counters[COUNTER_STACK_TOTAL] = (int32_t)(machine->stackTop - machine->stackBottom);
	counters[COUNTER_KEYS] = machine->keyIndex - machine->keyOffset;
	counters[COUNTER_KEYS_TOTAL] = machine->keyCount - machine->keyOffset;
	counters[COUNTER_ALIASES] = machine->aliasCount;
	counters[COUNTER_SLOT_SIZE] = sizeof(txSlot);
	counters[COUNTER_TABLES] = (int32_t)(sizeof(txMachine) + (machine->nameModulo + machine->symbolModulo) * sizeof(txSlot *));
	if (root) {
		counters[COUNTER_ROM_SLOTS] = root->heapCount;
		counters[COUNTER_ROM_IMAGE] = 1; /* xsl wrote it into the program's constants */
	}
	counters[COUNTER_RESIDENT] = processResident();
	counters[COUNTER_DESCRIPTORS] = processDescriptors();
	counters[COUNTER_TURNS] = (int32_t)loopTurns();

	/* XS 17 lends C the bytes of a typed array of bytes only: hence the array's own buffer. */
	void *data;
	xsUnsignedValue length;
	xsmcVars(2);
	xsmcGet(xsVar(0), xsArg(0), xsID_buffer);
	xsmcGet(xsVar(1), xsArg(0), xsID_byteOffset);
	xsUnsignedValue offset = (xsUnsignedValue)xsmcToInteger(xsVar(1));
	xsmcGetBufferWritable(xsVar(0), &data, &length);
	if (offset > length || length - offset < sizeof(counters))
		xsRangeError("view: at least Counter.COUNT elements");
	c_memcpy((uint8_t *)data + offset, counters, sizeof(counters));
}

void fletcher_host_collect_garbage(xsMachine *the)
{
	xsCollectGarbage();
}

void fletcher_host_target(xsMachine *the)
{
	xsmcSetString(xsResult, "lin");
}
