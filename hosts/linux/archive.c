/* Modules of the archive, for the machine that runs them once to become the root. */
#include "xsAll.h"
#include "xsScript.h"
#include "archive.h"
#include "code.h"

static const uint8_t *gArchive;
/* Host functions of the module that is being resolved; fxRunScript calls buildHosts at once. */
static const uint8_t *gHosts;

static uint32_t readNumber(const uint8_t **p)
{
	const uint8_t *it = *p;
	*p += 4;
	return (uint32_t)it[0] | (uint32_t)it[1] << 8 | (uint32_t)it[2] << 16 | (uint32_t)it[3] << 24;
}

static const uint8_t *readBlock(const uint8_t **p, uint32_t *size)
{
	*size = readNumber(p);
	const uint8_t *result = *p;
	*p += *size;
	return result;
}

void archiveOpen(const uint8_t *archive)
{
	gArchive = archive + 4;
}

static int readModule(const uint8_t **p, ArchiveModule *module)
{
	uint32_t size;
	module->name = (const char *)readBlock(p, &size);
	if (!size)
		return 0;
	module->symbols = readBlock(p, &module->symbolsSize);
	module->code = readBlock(p, &module->codeSize);
	module->hosts = *p;
	uint32_t count = readNumber(p);
	while (count--) {
		readNumber(p);
		readBlock(p, &size);
		readBlock(p, &size);
	}
	return 1;
}

size_t archiveCodeSize(void)
{
	ArchiveModule module;
	size_t size = 0;
	for (unsigned i = 0; archiveModule(i, &module); i++)
		size += (module.codeSize + 15) & ~15u;
	return size;
}

int archiveModule(unsigned index, ArchiveModule *module)
{
	const uint8_t *p = gArchive;
	if (!p)
		return 0;
	do {
		if (!readModule(&p, module))
			return 0;
	} while (index--);
	return 1;
}

static int findModule(const char *name, ArchiveModule *module)
{
	for (unsigned i = 0; archiveModule(i, module); i++)
		if (!strcmp(module->name, name))
			return 1;
	return 0;
}

static txCallback findHostFunction(const char *name)
{
	for (unsigned i = 0; i < gHostFunctionCount; i++)
		if (!strcmp(gHostFunctions[i].name, name))
			return (txCallback)gHostFunctions[i].callback;
	return NULL;
}

static void buildHosts(txMachine *the)
{
	const uint8_t *p = gHosts;
	uint32_t count = readNumber(&p), size;
	txHostFunctionBuilder *builders = calloc(count ? count : 1, sizeof(*builders));
	for (uint32_t i = 0; i < count; i++) {
		int32_t length = (int32_t)readNumber(&p);
		const char *name = (const char *)readBlock(&p, &size);
		const char *function = (const char *)readBlock(&p, &size);
		builders[i].callback = findHostFunction(function);
		builders[i].length = length;
		builders[i].id = *name ? fxNewNameC(the, (txString)name) : XS_NO_ID;
		if (!builders[i].callback) {
			fprintf(stderr, "no C function %s\n", function);
			exit(1);
		}
	}
	fxBuildHosts(the, (txInteger)count, builders);
	mxPullSlot(mxResult);
	free(builders);
}

txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	char name[256];
	ArchiveModule module;
	(void)realm;
	(void)moduleID;
	fxToStringBuffer(the, slot, name, sizeof(name));
	/* The device has no archive when its root is an image: there every module is loaded, so its name is a key. */
	if (!gArchive)
		return fxFindName(the, name);
	return findModule(name, &module) ? fxNewNameC(the, name) : XS_NO_ID;
}

/*
 * The code stays where it is for ever, so that functions and string literals can point into it. By default the engine copies
 * both into the heap: each closure its code when it is made, each literal its text whenever it is evaluated.
 */
static void shareCode(txByte *code, txSize size)
{
	txByte *end = code + size;
	for (txByte *p = code; p < end; p = codeNext(p)) {
		txU1 *opcode = (txU1 *)p;
		switch (*opcode) {
		case XS_CODE_CODE_1:
		case XS_CODE_CODE_2:
		case XS_CODE_CODE_4:
			*opcode += XS_CODE_CODE_ARCHIVE_1 - XS_CODE_CODE_1;
			break;
		case XS_CODE_STRING_1:
		case XS_CODE_STRING_2:
		case XS_CODE_STRING_4:
			*opcode += XS_CODE_STRING_ARCHIVE_1 - XS_CODE_STRING_1;
			break;
		}
	}
}

void fxLoadModule(txMachine *the, txSlot *slot, txID moduleID)
{
	ArchiveModule module;
	if (!gArchive || !findModule(fxGetKeyName(the, moduleID), &module))
		return;
	/* The engine maps names in the code to its own keys, and frees behind the run what is not in the root region. */
	txScript *script = calloc(1, sizeof(txScript));
	script->symbolsBuffer = malloc(module.symbolsSize);
	script->symbolsSize = (txSize)module.symbolsSize;
	memcpy(script->symbolsBuffer, module.symbols, module.symbolsSize);
	memoryUse(MEMORY_ROOT);
	script->codeBuffer = memoryAllocate(module.codeSize);
	memoryUse(MEMORY_HEAP);
	if (!script->codeBuffer)
		fxAbort(the, XS_NOT_ENOUGH_MEMORY_EXIT);
	script->codeSize = (txSize)module.codeSize;
	memcpy(script->codeBuffer, module.code, module.codeSize);
	shareCode(script->codeBuffer, script->codeSize);
	script->callback = buildHosts;
	script->path = (txString)module.name;
	gHosts = module.hosts;
	fxResolveModule(the, slot, moduleID, script, NULL, NULL);
}
