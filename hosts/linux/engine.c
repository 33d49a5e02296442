#include "xsAll.h"
#include "creation.h"
#include "memory.h"
#include "engine.h"
#include "counters.h"
#include "entry.h"

/* Keys, tables and records besides slots, chunks and stack, with room for what alignment takes. */
#define ARENA_TABLES (64 * 1024)

txMachine *engineClone(txMachine *root)
{
	txCreation creation = {
		.initialChunkSize = CREATION_CHUNKS,
		.incrementalChunkSize = 0,
		.initialHeapCount = CREATION_SLOTS,
		.incrementalHeapCount = 0,
		.stackCount = CREATION_STACK,
		.initialKeyCount = CREATION_KEYS,
		.incrementalKeyCount = 0,
		.nameModulo = CREATION_NAMES,
		.symbolModulo = CREATION_SYMBOLS,
	};
	size_t size = CREATION_CHUNKS + (size_t)(CREATION_SLOTS + CREATION_STACK) * sizeof(txSlot)
		+ (size_t)(CREATION_KEYS + CREATION_NAMES + CREATION_SYMBOLS + root->aliasCount) * sizeof(void *) + ARENA_TABLES;
	int error = memoryReserveArena(size);
	if (error) {
		fprintf(stderr, "the arena of %lu bytes: %s\n", (unsigned long)size, strerror(error));
		exit(EXIT_ENGINE);
	}
	memoryUse(MEMORY_ARENA);
	txMachine *the = fxCloneMachine(&creation, root, "device", NULL);
	memoryUse(MEMORY_HEAP);
	if (!the) {
		fprintf(stderr, "the device's machine does not fit its arena\n");
		exit(EXIT_ENGINE);
	}
	return the;
}

void engineCounters(txMachine *the, txMachine *root, int32_t *counters)
{
	counters[COUNTER_SLOTS] = the->currentHeapCount;
	counters[COUNTER_SLOTS_TOTAL] = the->maximumHeapCount;
	counters[COUNTER_SLOTS_PEAK] = the->peakHeapCount;
	counters[COUNTER_CHUNKS] = the->currentChunksSize;
	counters[COUNTER_CHUNKS_TOTAL] = the->maximumChunksSize;
	counters[COUNTER_CHUNKS_PEAK] = the->peakChunksSize;
	counters[COUNTER_STACK_TOTAL] = (int32_t)(the->stackTop - the->stackBottom);
	counters[COUNTER_KEYS] = the->keyIndex - the->keyOffset;
	counters[COUNTER_KEYS_TOTAL] = the->keyCount - the->keyOffset;
	counters[COUNTER_ALIASES] = the->aliasCount;
	counters[COUNTER_ROM_SLOTS] = root->currentHeapCount;
	counters[COUNTER_ROM_CHUNKS] = root->currentChunksSize + (int32_t)(intptr_t)root->context;
	counters[COUNTER_SLOT_SIZE] = sizeof(txSlot);
	counters[COUNTER_TABLES] = (int32_t)(sizeof(txMachine) + (size_t)(the->nameModulo + the->symbolModulo + the->keyCount - the->keyOffset) * sizeof(void *));
}

void engineGiveBack(txMachine *the)
{
	for (txBlock *block = the->firstBlock; block; block = block->nextBlock)
		memoryGiveBack(block + 1, block->current, block->limit);
}

/* What the engine asks of its platform. */

void fxCreateMachinePlatform(txMachine *the)
{
	the->host = NULL;
	the->promiseJobs = 0;
}

void fxDeleteMachinePlatform(txMachine *the)
{
	(void)the;
}

void fxQueuePromiseJobs(txMachine *the)
{
	the->promiseJobs = 1;
}

void hostRunJobs(txMachine *the)
{
	while (the->promiseJobs) {
		the->promiseJobs = 0;
		fxRunPromiseJobs(the);
	}
}

/* The device has no parser: eval, Function and JSON modules that would need one throw. */
txScript *fxParseScript(txMachine *the, void *stream, txGetter getter, txUnsigned flags)
{
	(void)stream;
	(void)getter;
	(void)flags;
	mxSyntaxError("no parser on the device");
	return NULL;
}

void fxAbort(txMachine *the, int status)
{
	const char *why = "unknown";
	(void)the;
	switch (status) {
	case XS_STACK_OVERFLOW_EXIT:
		why = "the stack is full (creation.stack in manifest.json)";
		break;
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		why = "the heap is full (creation.heap or creation.chunk in manifest.json)";
		break;
	case XS_NO_MORE_KEYS_EXIT:
		why = "too many names (creation.keys in manifest.json)";
		break;
	case XS_UNHANDLED_EXCEPTION_EXIT:
		why = "unhandled exception";
		break;
	case XS_UNHANDLED_REJECTION_EXIT:
		why = "unhandled rejection of a promise";
		break;
	}
	fprintf(stderr, "fletcher: engine: %s\n", why);
	_exit(EXIT_ENGINE);
}
