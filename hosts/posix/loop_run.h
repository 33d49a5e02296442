/*
 * Running the event loop: what the program's entry needs of hosts/linux/loop_epoll.c besides loop.h.
 *
 * One turn: wait for a descriptor, a timer or loopWake; run the timers that are due, in the order of their times, those of the
 * same time in the order they were armed; then hand out at most 64 descriptors. A timer armed in a turn runs in a later one.
 * A descriptor that failed counts as ready for everything that is asked of it. When nothing is asked, LOOP_ERROR is told
 * once and then not again until something is asked, so that it cannot spin the loop.
 */
#ifndef FLETCHER_LOOP_RUN_H
#define FLETCHER_LOOP_RUN_H

/* Runs until loopStop. Returns 0, or an errno when the loop cannot be made. */
int loopRun(void);

/* Turns since the start, modulo 2^32. */
unsigned loopTurns(void);

/* Ends loopRun: nothing is dispatched afterwards. Before loopRun it ends it at once. Safe in a signal handler and in any thread. */
void loopStop(void);

#endif
