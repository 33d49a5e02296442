/*
 * Boot on Linux: the root machine (ROM), the device's machine in its arena (RAM), the script, the loop.
 * Exit codes: the script's own, 70 when it threw, 71 when the engine's fixed memory was full, 2 and others as the script decides.
 */
#include "xsmc.h"
#include "mc.xs.h"
#include "creation.h"
#include "engine.h"
#include "entry.h"
#include "host_linux.h"
#include "loop_run.h"
#include "memory.h"
#include "root.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

xsIdentifier gHostIDs[HOST_ID_COUNT];

static void readIDs(xsMachine *the)
{
	static const char *names[] = { HOST_ID_NAMES };
	for (unsigned i = 0; i < HOST_ID_COUNT; i++)
		gHostIDs[i] = xsID(names[i]);
}

/* The build asks a fresh executable for the image of its root: `FLETCHER_WRITE_ROOT=file`; it prints the slots it took. */
static void writeRoot(const char *path)
{
	int error = rootWrite(path);
	if (error) {
		fprintf(stderr, "%s: %s\n", path, strerror(error));
		exit(1);
	}
	printf("%u\n", rootSlots());
	exit(0);
}

static void runMain(xsMachine *the)
{
	xsBeginHost(the);
	{
		xsmcVars(1);
		xsTry {
			xsVar(0) = xsAwaitImport(CREATION_MAIN, XS_IMPORT_DEFAULT);
			xsCallFunction0(xsVar(0), xsUndefined);
		}
		xsCatch {
			reportException(the);
			_exit(EXIT_SCRIPT);
		}
	}
	xsEndHost(the);
	hostRunJobs((struct sxMachine *)the);
}

int main(int argc, char *argv[])
{
	gHost.argc = argc;
	gHost.argv = argv;
	gHost.root = rootOpen();
	const char *image = getenv("FLETCHER_WRITE_ROOT");
	if (image && !rootIsImage())
		writeRoot(image);

	xsMachine *the = (xsMachine *)engineClone(gHost.root);
	xsBeginHost(the);
	readIDs(the);
	hostCountCollections(the);
	xsEndHost(the);
	hostWatchSignals(the);
	runMain(the);
	loopRun();
	return gHost.exitCode;
}
