/* The engine as the host's own files see it, without the engine's private headers. */
#ifndef FLETCHER_ENGINE_H
#define FLETCHER_ENGINE_H

#include <stdint.h>

/* Exit code when the engine's fixed memory is full or a promise is rejected unseen. */
#define EXIT_ENGINE 71

struct sxMachine;
/* Makes the device's machine in the arena, sized by the manifest's creation. */
struct sxMachine *engineClone(struct sxMachine *root);
/* Fills the engine's part of the counters (hosts/posix/counters.h). */
void engineCounters(struct sxMachine *the, struct sxMachine *root, int32_t *counters);
/*
 * After a collection: gives the kernel back what the chunks do not use, and pages that were only filled with zeros, as those of buffers
 * that nobody has written to yet.
 */
void engineGiveBack(struct sxMachine *the);

#endif
