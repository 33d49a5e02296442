/* How the listener hands a connection to a stream. */
#ifndef FLETCHER_STREAM_POSIX_H
#define FLETCHER_STREAM_POSIX_H

#include <stddef.h>

#include "xsmc.h"

/* Throws when `slot` is no stream or one that is open. */
void streamExpectClosed(xsMachine *the, xsSlot *slot);

/* Gives an established, non-blocking connection to the closed stream. Returns 0 or an errno; fd is the caller's then. */
int streamAdopt(xsMachine *the, xsSlot *slot, int fd);

#endif
