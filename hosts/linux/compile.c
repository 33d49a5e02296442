/*
 * Compiles JavaScript modules to byte code, at build time, with the engine's own parser, so that the device needs none.
 *
 * usage: compile ARCHIVE < LIST
 * LIST has a line for each module: its name, the JavaScript file, and the path reports shall show, separated by tabs.
 * The archive is read by archive.c; its layout stands in archive.h.
 */
#include "xsAll.h"
#include "xsScript.h"
#include "archive.h"

/* The parser numbers functions in a machine; nothing else of it is used. */
static txMachine gMachine;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "compile: %s: %s\n", what, why);
	exit(1);
}

static void putNumber(FILE *output, uint32_t value)
{
	uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24) };
	fwrite(bytes, 1, 4, output);
}

static void putBlock(FILE *output, const void *data, size_t size)
{
	putNumber(output, (uint32_t)size);
	fwrite(data, 1, size, output);
}

static void reportError(void *console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	fprintf(stderr, "%s:%d: ", path ? path : "", (int)line);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

static txScript *compileFile(const char *file, const char *shown)
{
	txParser parser;
	txParserJump jump;
	FILE *input = fopen(file, "r");
	txString map = NULL;
	txScript *script = NULL;
	char path[C_PATH_MAX];

	if (!input)
		fail(file, strerror(errno));
	fxInitializeParser(&parser, &gMachine, 1024 * 1024, 1993);
	parser.firstJump = &jump;
	parser.reportError = reportError;
	if (c_setjmp(jump.jmp_buf) == 0) {
		parser.path = fxNewParserSymbol(&parser, (txString)file);
		fxParserTree(&parser, input, (txGetter)fgetc, mxCFlag | mxStrictFlag | mxDebugFlag, &map);
		fclose(input);
		input = NULL;
		if (parser.errorCount == 0 && map) {
			/* The source map turns lines of the emitted JavaScript into lines of the TypeScript file. */
			snprintf(path, sizeof(path), "%s.map", file);
			input = fopen(path, "r");
			if (input) {
				fxParserSourceMap(&parser, input, (txGetter)fgetc, mxCFlag | mxStrictFlag | mxDebugFlag, &map);
				fclose(input);
				input = NULL;
			}
		}
		if (parser.errorCount == 0) {
			parser.path = fxNewParserSymbol(&parser, (txString)shown);
			if (!parser.lines)
				parser.source = parser.path;
			parser.flags |= mxDebugFlag;
			fxParserHoist(&parser);
			fxParserBind(&parser);
			script = fxParserCode(&parser);
		}
	}
	if (input)
		fclose(input);
	if (parser.errorCount || !script)
		fail(shown, "does not compile");
	fxTerminateParser(&parser);
	return script;
}

/* Host functions are named by the code as @ "c_name"; the archive lists them with their own names and argument counts. */
static void putHosts(FILE *output, txScript *script, const char **symbols)
{
	txByte *p = script->hostsBuffer;
	txID count = 0;
	if (p)
		mxDecodeID(p, count);
	putNumber(output, count);
	for (txID i = 0; i < count; i++) {
		txID id;
		int8_t length = *p++;
		mxDecodeID(p, id);
		const char *name = id == XS_NO_ID ? "" : symbols[id];
		putNumber(output, (uint32_t)(int32_t)length);
		putBlock(output, name, strlen(name) + 1);
		putBlock(output, p, strlen((char *)p) + 1);
		p += strlen((char *)p) + 1;
	}
}

int main(int argc, char *argv[])
{
	static char line[3 * C_PATH_MAX];
	if (argc != 2)
		fail("usage", "compile ARCHIVE < LIST");
	FILE *output = fopen(argv[1], "wb");
	if (!output)
		fail(argv[1], strerror(errno));
	fwrite(ARCHIVE_MAGIC, 1, 4, output);
	while (fgets(line, sizeof(line), stdin)) {
		char *name = strtok(line, "\t\n"), *file = strtok(NULL, "\t\n"), *shown = strtok(NULL, "\t\n");
		if (!name || !file || !shown)
			fail("list", "a line needs name, file and path");
		txScript *script = compileFile(file, shown);
		txByte *p = script->symbolsBuffer;
		txID count;
		mxDecodeID(p, count);
		const char **symbols = calloc(count, sizeof(char *));
		for (txID i = 1; i < count; i++) {
			symbols[i] = (char *)p;
			p += strlen((char *)p) + 1;
		}
		putBlock(output, name, strlen(name) + 1);
		putBlock(output, script->symbolsBuffer, (size_t)script->symbolsSize);
		putBlock(output, script->codeBuffer, (size_t)script->codeSize);
		putHosts(output, script, symbols);
		free(symbols);
		fxDeleteScript(script);
	}
	putNumber(output, 0);
	if (fclose(output))
		fail(argv[1], strerror(errno));
	return 0;
}

/* What the parser asks of a machine, for a program that has none. */
void fxCreateMachinePlatform(txMachine *the) { (void)the; }
void fxDeleteMachinePlatform(txMachine *the) { (void)the; }
void fxQueuePromiseJobs(txMachine *the) { (void)the; }
txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot) { (void)the; (void)realm; (void)moduleID; (void)slot; return XS_NO_ID; }
void fxLoadModule(txMachine *the, txSlot *module, txID moduleID) { (void)the; (void)module; (void)moduleID; }
void *fxAllocateChunks(txMachine *the, txSize size) { (void)the; return malloc((size_t)size); }
void fxFreeChunks(txMachine *the, void *chunks) { (void)the; free(chunks); }
txSlot *fxAllocateSlots(txMachine *the, txSize count) { (void)the; return malloc((size_t)count * sizeof(txSlot)); }
void fxFreeSlots(txMachine *the, void *slots) { (void)the; free(slots); }
void fxAbort(txMachine *the, int status) { (void)the; exit(status); }
