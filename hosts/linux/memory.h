/*
 * Where the engine's memory lies. Three places:
 * - the root region, at a fixed address: the read-only machine with all built-ins and modules (ROM of this host);
 * - the arena: the device's own machine, of fixed size, laid out at boot;
 * - the C heap: short-lived buffers of the engine (JSON text, compilation), freed at once.
 */
#ifndef FLETCHER_MEMORY_H
#define FLETCHER_MEMORY_H

#include <stddef.h>

/* Address of the root region, on every target; the linker puts the finished image there. */
#define ROOT_ADDRESS 0x48000000UL

typedef enum { MEMORY_HEAP, MEMORY_ROOT, MEMORY_ARENA } MemoryPlace;

/* Where memoryAllocate takes from, from now on. */
void memoryUse(MemoryPlace place);

void *memoryAllocate(size_t size);
void *memoryAllocateZeroed(size_t count, size_t size);
void *memoryReallocate(void *address, size_t size);
/* Memory of the root region and of the arena is never given back; freeing it does nothing. */
void memoryFree(void *address);

/* Reserves the root region for making a root: `tables` bytes for records and tables, then `slots`, then `chunks`. Returns 0 or an errno. */
int memoryReserveRoot(size_t tables, size_t slots, size_t chunks);
void *memoryRootSlots(size_t size);
void *memoryRootChunks(size_t size);

/* Makes the whole root region read-only; a write to it is a fault from then on. */
void memoryProtectRoot(void);

/* Reserves the arena. Returns 0 or an errno. */
int memoryReserveArena(size_t size);
/* Bytes of the arena taken so far. */
size_t memoryArenaUsed(void);

/*
 * Gives the kernel back the pages between `start` and `end` that hold zeros only, and all of those from `used` on: what lies there
 * is not needed. They are zeros when they are used again.
 */
void memoryGiveBack(void *start, void *used, void *end);

#endif
