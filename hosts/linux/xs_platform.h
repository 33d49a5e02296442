/*
 * The XS engine on a plain Linux process: no GLib, no debugger, memory from memory.h.
 * The engine includes this through -DXSPLATFORM; the same header serves the byte code compiler.
 */
#ifndef FLETCHER_XS_PLATFORM_H
#define FLETCHER_XS_PLATFORM_H

#undef mxLinux
#define mxLinux 1

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "memory.h"

#define c_malloc memoryAllocate
#define c_malloc_uint32 memoryAllocate
#define c_calloc memoryAllocateZeroed
#define c_realloc memoryReallocate
#define c_free memoryFree
#define c_free_uint32 memoryFree

#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1

#define mxMachinePlatform \
	void *host; \
	int promiseJobs; \
	void *waiterCondition; \
	void *waiterData; \
	void *waiterLink;

#define mxUseDefaultBuildKeys 1
#define mxUseDefaultSharedChunks 1
#ifdef FLETCHER_COMPILER
	#define mxUseDefaultParseScript 1
#endif

#endif
