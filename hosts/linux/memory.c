#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define ALIGNMENT 16
#define PAGE 4096

typedef struct {
	uint8_t *start;
	size_t used;
	size_t size;
} Area;

static struct {
	MemoryPlace place;
	Area tables; /* the root region, from its start */
	Area slots;
	Area chunks;
	Area arena;
} gMemory;

/* Buffer of the engine's last jump, see xs_platform.h. */
extern _Thread_local struct __jmp_buf_tag *gJumped;
_Thread_local struct __jmp_buf_tag *gJumped;

static size_t roundUp(size_t size, size_t unit)
{
	return (size + unit - 1) & ~(unit - 1);
}

static void *take(Area *area, size_t size)
{
	size = roundUp(size, ALIGNMENT);
	if (size > area->size - area->used)
		return NULL;
	void *result = area->start + area->used;
	area->used += size;
	return result;
}

static int holds(const Area *area, const void *address)
{
	const uint8_t *it = address;
	return area->start && it >= area->start && it < area->start + area->size;
}

void memoryUse(MemoryPlace place)
{
	gMemory.place = place;
}

void *memoryAllocate(size_t size)
{
	switch (gMemory.place) {
	case MEMORY_ROOT:
		return take(&gMemory.tables, size);
	case MEMORY_ARENA:
		return take(&gMemory.arena, size);
	default:
		return malloc(size);
	}
}

void *memoryAllocateZeroed(size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	void *result = memoryAllocate(count * size);
	if (result)
		memset(result, 0, count * size);
	return result;
}

void *memoryReallocate(void *address, size_t size)
{
	Area *area = holds(&gMemory.tables, address) ? &gMemory.tables : holds(&gMemory.arena, address) ? &gMemory.arena : NULL;
	if (!area)
		return realloc(address, size);
	/* The old size is not kept: what lies behind it in the area may be copied too, and is never looked at. */
	uint8_t *result = take(area, size);
	if (result) {
		size_t copy = (size_t)(result - (uint8_t *)address);
		memcpy(result, address, copy < size ? copy : size);
	}
	return result;
}

void memoryFree(void *address)
{
	if (!holds(&gMemory.tables, address) && !holds(&gMemory.arena, address))
		free(address);
}

int memoryReserveRoot(size_t tables, size_t slots, size_t chunks)
{
	tables = roundUp(tables, PAGE);
	slots = roundUp(slots, PAGE);
	chunks = roundUp(chunks, PAGE);
	void *region = mmap((void *)ROOT_ADDRESS, tables + slots + chunks, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		return errno;
	if (region != (void *)ROOT_ADDRESS) {
		munmap(region, tables + slots + chunks);
		return EEXIST;
	}
	gMemory.tables = (Area){ region, 0, tables };
	gMemory.slots = (Area){ gMemory.tables.start + tables, 0, slots };
	gMemory.chunks = (Area){ gMemory.slots.start + slots, 0, chunks };
	return 0;
}

void *memoryRootSlots(size_t size)
{
	return take(&gMemory.slots, size);
}

void *memoryRootChunks(size_t size)
{
	return take(&gMemory.chunks, size);
}

void memoryProtectRoot(void)
{
	size_t size = gMemory.tables.size + gMemory.slots.size + gMemory.chunks.size;
	if (size)
		mprotect(gMemory.tables.start, size, PROT_READ);
}

int memoryReserveArena(size_t size)
{
	size = roundUp(size, PAGE);
	void *region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region == MAP_FAILED)
		return errno;
	gMemory.arena = (Area){ region, 0, size };
	return 0;
}

size_t memoryArenaUsed(void)
{
	return gMemory.arena.used;
}

/* Whether the memory holds zeros only. */
static int isZero(const uint8_t *page)
{
	return page[0] == 0 && !memcmp(page, page + 1, PAGE - 1);
}

void memoryGiveBack(void *start, void *used, void *end)
{
	uint8_t *page = (uint8_t *)roundUp((uintptr_t)start, PAGE);
	uint8_t *last = (uint8_t *)((uintptr_t)end & ~(uintptr_t)(PAGE - 1));
	unsigned char resident;
	for (; page < last; page += PAGE)
		if (mincore(page, PAGE, &resident) == 0 && (resident & 1) && (page >= (uint8_t *)used || isZero(page)))
			madvise(page, PAGE, MADV_DONTNEED);
}
