/*
 * The archive of byte code that compile.c writes and archive.c reads.
 *
 *   "FARC"
 *   for each module: block name, block symbols, block code, number of host functions,
 *                    for each: number (arguments, or -1 for a destructor), block name or "", block C name
 *   number 0
 *
 * A number is 4 bytes, little-endian; a block is a number and that many bytes; strings end with a zero byte.
 */
#ifndef FLETCHER_ARCHIVE_H
#define FLETCHER_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_MAGIC "FARC"

typedef struct {
	const char *name;
	const uint8_t *symbols;
	uint32_t symbolsSize;
	const uint8_t *code;
	uint32_t codeSize;
	const uint8_t *hosts;
} ArchiveModule;

/* Names the archive that modules come from; it stays where it is. */
void archiveOpen(const uint8_t *archive);
/* The module at `index`, in order. Returns 0 behind the last. */
int archiveModule(unsigned index, ArchiveModule *module);
/* Bytes of the root region that the code of all modules takes. */
size_t archiveCodeSize(void);

/* A C function that scripts name by @ "name"; the builder writes the table of all of them. */
typedef struct {
	const char *name;
	void *callback;
} HostFunction;
extern const HostFunction gHostFunctions[];
extern const unsigned gHostFunctionCount;

#endif
