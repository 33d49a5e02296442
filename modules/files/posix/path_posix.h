/* Paths from scripts and what is said about them: shared by the C files of this folder. */
#ifndef FLETCHER_PATH_POSIX_H
#define FLETCHER_PATH_POSIX_H

#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "xsmc.h"

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

/* Besides errno values: a path that is there is neither a file nor a folder. */
#define NOT_REGULAR (-1)

typedef struct {
	char text[PATH_MAX];
} Path;

/* The path in argument `index`; 0 when it is too long for the host. */
int pathOf(xsMachine *the, int index, Path *path);

/* 0 for a regular file, EISDIR, or NOT_REGULAR. */
int pathRegular(const struct stat *status);

/* Throws "cannot WHAT PATH: reason (ENAME)". */
void XS_FUNCTION_NORETURN pathThrow(xsMachine *the, const char *what, const Path *path, int code);

/* Sets xsResult to the name of an errno, "" for 0. */
void setReason(xsMachine *the, int code);

/* Sets xsResult to a size in bytes. */
void setSize(xsMachine *the, off_t size);

#endif
