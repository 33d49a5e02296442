#include "xsAll.h"
#include "archive.h"
#include "memory.h"
#include "root.h"
#include "creation.h"

#include <errno.h>
#include <sys/mman.h>

#define ROOT_TABLES (192 * 1024)
#define ROOT_CHUNKS (16 * 1024 * 1024)
#define ROOT_STACK 2048
#define ROOT_KEYS 12288

static txMachine *gRoot;
static int gImage;

int rootIsImage(void)
{
	return gImage;
}

unsigned rootSlots(void)
{
	return (unsigned)gRoot->peakHeapCount;
}


/* Nothing of a module may change once it is loaded: what a module wants to change is made in a constructor, in RAM. */
static void freezeInstance(txMachine *the, txSlot *instance)
{
	instance->flag |= XS_DONT_PATCH_FLAG;
	for (txSlot *property = instance->next; property; property = property->next) {
		property->flag |= XS_DONT_DELETE_FLAG;
		if (property->kind != XS_ACCESSOR_KIND)
			property->flag |= XS_DONT_SET_FLAG;
		if (property->kind == XS_ARRAY_KIND) {
			txIndex length = fxGetIndexSize(the, property);
			for (txIndex i = 0; i < length; i++)
				property->value.array.address[i].flag |= XS_DONT_DELETE_FLAG | XS_DONT_SET_FLAG;
		}
	}
}

static void freezeAll(txMachine *the)
{
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++) {
			if (slot->kind == XS_INSTANCE_KIND)
				freezeInstance(the, slot);
			else if (slot->kind == XS_CLOSURE_KIND)
				slot->value.closure->flag |= XS_DONT_SET_FLAG;
		}
}

/*
 * A device's machine copies strings, keys, big integers and code of the root by reference. Their constant kinds (X) tell its
 * garbage collector that the bytes are not its own to mark or move.
 */
static void makeConstant(txSlot *slot)
{
	switch (slot->kind) {
	case XS_STRING_KIND:
		slot->kind = XS_STRING_X_KIND;
		break;
	case XS_KEY_KIND:
		slot->kind = XS_KEY_X_KIND;
		break;
	case XS_BIGINT_KIND:
		slot->kind = XS_BIGINT_X_KIND;
		break;
	case XS_CODE_KIND:
		slot->kind = XS_CODE_X_KIND;
		break;
	default:
		break;
	}
}

static void makeAllConstant(txMachine *the)
{
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++) {
			makeConstant(slot);
			if (slot->kind == XS_ARRAY_KIND && slot->value.array.address) {
				txIndex length = fxGetIndexSize(the, slot);
				for (txIndex i = 0; i < length; i++)
					makeConstant(slot->value.array.address + i);
			}
		}
	for (txSlot *slot = the->stack; slot < the->stackTop; slot++)
		makeConstant(slot);
}

static void loadAll(txMachine *the)
{
	ArchiveModule module;
	for (unsigned i = 0; archiveModule(i, &module); i++) {
		mxTry(the) {
			mxPushStringC((txString)module.name);
			fxAwaitImport(the, XS_IMPORT_NAMESPACE);
			mxPop();
		}
		mxCatch(the) {
			fprintf(stderr, "%s: cannot be loaded\n", module.name);
			mxPush(mxException);
			mxDub();
			mxGetID(mxID(_stack));
			fprintf(stderr, "%s\n", fxToString(the, the->stack));
			exit(1);
		}
		fxCollectGarbage(the);
	}
	while (the->promiseJobs) {
		the->promiseJobs = 0;
		fxRunPromiseJobs(the);
	}
}

/* The global object keeps a table of its built-ins that it fills as they are first used: filled here, as it cannot be later. */
static void fillGlobals(txMachine *the)
{
	txSlot *global = mxGlobal.value.reference;
	for (txID id = XS_SYMBOL_ID_COUNT; id < XS_INTRINSICS_COUNT; id++)
		mxBehaviorGetProperty(the, global, id, 0, XS_ANY);
}

/* FLETCHER_ROOT_SLOTS is set by the build's second pass, which knows how many slots the first one took. */
static txSize slotsWanted(void)
{
	const char *text = getenv("FLETCHER_ROOT_SLOTS");
	return text ? (txSize)atoi(text) : 256 * 1024;
}

static void make(void)
{
	static const char *names[] = { HOST_ID_NAMES };
	txSize slots = slotsWanted();
	txCreation creation = {
		.initialChunkSize = ROOT_CHUNKS - 64,
		.initialHeapCount = slots,
		.stackCount = ROOT_STACK,
		.initialKeyCount = ROOT_KEYS,
		.nameModulo = CREATION_NAMES,
		.symbolModulo = CREATION_SYMBOLS,
	};
	archiveOpen(gRootSection);
	int error = memoryReserveRoot(ROOT_TABLES + archiveCodeSize(), ((size_t)slots + ROOT_STACK + 16) * sizeof(txSlot), ROOT_CHUNKS);
	if (error) {
		fprintf(stderr, "the root region at %#lx: %s\n", ROOT_ADDRESS, strerror(error));
		exit(1);
	}
	/* Counts machines, so it must not lie in the region that becomes read-only. */
	fxInitializeSharedCluster();
	memoryUse(MEMORY_ROOT);
	gRoot = (txMachine *)ROOT_ADDRESS;
	txMachine *the = fxCreateMachine(&creation, "root", NULL, XS_NO_ID);
	memoryUse(MEMORY_HEAP);
	if (the != gRoot) {
		fprintf(stderr, "the root machine cannot be made\n");
		exit(1);
	}
	the = fxBeginHost(the);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (*names[i])
			fxNewNameC(the, (txString)names[i]);
	loadAll(the);
	fillGlobals(the);
	the = gRoot;
	fxEndHost(the);
	freezeAll(the);
	fxShareMachine(the);
	makeAllConstant(the);
	/* For the counters: code is ROM too, but lies in no chunk. */
	the->context = (void *)archiveCodeSize();
	the->firstJump = NULL;
	the->cRoot = NULL;
}

txMachine *rootOpen(void)
{
	if (gRootSection == (const uint8_t *)ROOT_ADDRESS) {
		gImage = 1;
		gRoot = (txMachine *)ROOT_ADDRESS;
	}
	else {
		make();
		if (!getenv("FLETCHER_ROOT_SLOTS"))
			memoryProtectRoot();
	}
	return gRoot;
}

int rootWrite(const char *path)
{
	const uint8_t *start = (const uint8_t *)ROOT_ADDRESS;
	FILE *file = fopen(path, "wb");
	if (!file)
		return errno;
	size_t size = (size_t)(gRoot->firstBlock->current - (txByte *)start);
	size_t written = fwrite(start, 1, size, file);
	return fclose(file) || written != size ? EIO : 0;
}

/* The engine's own allocation of heaps. The root takes them from its region; the device's machine once, from its arena. */
void *fxAllocateChunks(txMachine *the, txSize size)
{
	return the == gRoot ? memoryRootChunks((size_t)size) : memoryAllocate((size_t)size);
}

void fxFreeChunks(txMachine *the, void *chunks)
{
	(void)the;
	memoryFree(chunks);
}

txSlot *fxAllocateSlots(txMachine *the, txSize count)
{
	size_t size = (size_t)count * sizeof(txSlot);
	return the == gRoot ? memoryRootSlots(size) : memoryAllocate(size);
}

void fxFreeSlots(txMachine *the, void *slots)
{
	(void)the;
	memoryFree(slots);
}
