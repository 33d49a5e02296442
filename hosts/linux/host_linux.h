/* What main.c hands to the natives of modules/host. */
#ifndef FLETCHER_HOST_LINUX_H
#define FLETCHER_HOST_LINUX_H

#include "xs.h"

typedef struct {
	int argc;
	char **argv;
	struct sxMachine *root;
	/* Garbage collections of the device's machine, counted by a host object that each of them marks. */
	int32_t collections;
	/* The script's handler of onStop, remembered. */
	xsSlot stopHandler;
	int stopWanted;
	int exitCode;
} Host;

extern Host gHost;

/* Makes the object that counts collections. */
void hostCountCollections(xsMachine *the);
/* Begins to turn SIGTERM and SIGINT into the script's stop handler, on the loop. */
void hostWatchSignals(xsMachine *the);

#endif
