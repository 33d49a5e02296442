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

/*
 * The interpreter's loop calls setjmp for a script's `try`, and gcc keeps all variables of a function that calls it in memory: the
 * loop would take a fifth longer. So there (FLETCHER_RUN) setjmp has a name that gcc does not know. What runs behind its second
 * return takes the state from the machine and its jump; the two variables that it needs besides are never changed while the loop runs,
 * are kept in a part of the buffer that is free as no signal mask is saved, and are read from there. On x86 alone: for ARM gcc keeps
 * more than these two over the call. tests/unit/engine.ts throws in every way there is.
 */
extern _Thread_local struct __jmp_buf_tag *gJumped;
#define c_longjmp(BUFFER, VALUE) (gJumped = (BUFFER), longjmp(BUFFER, VALUE))
#if defined(FLETCHER_RUN) && defined(__GLIBC__) && (defined(__x86_64__) || defined(__i386__))
	int setRunJump(jmp_buf buffer) __asm__("_setjmp");
	#define mxKept(BUFFER, INDEX) (((void **)(void *)&(BUFFER)->__saved_mask)[INDEX])
	#define c_setjmp(BUFFER) \
		({ \
			mxKept(BUFFER, 0) = the; \
			mxKept(BUFFER, 1) = yieldJump; \
			int jumped = setRunJump(BUFFER); \
			if (jumped) { \
				the = mxKept(gJumped, 0); \
				yieldJump = mxKept(gJumped, 1); \
			} \
			jumped; \
		})
	/* For the one other function of that file that has none. */
	static struct sxJump *yieldJump;
#endif

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
