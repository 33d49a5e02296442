/* time/clock over clock_gettime. */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#if _FILE_OFFSET_BITS == 64 && !defined(_TIME_BITS)
#define _TIME_BITS 64 /* 32-bit hosts: wall time beyond 2038 */
#endif

#include <time.h>

#include "xsmc.h"

static double milliseconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000;
}

void fletcher_clock_monotonic(xsMachine *the)
{
	xsmcSetNumber(xsResult, milliseconds(CLOCK_MONOTONIC));
}

void fletcher_clock_wall(xsMachine *the)
{
	xsmcSetNumber(xsResult, milliseconds(CLOCK_REALTIME));
}
