/*
 * The event loop as the POSIX modules see it. hosts/linux gives it over epoll, hosts/simulator over GLib.
 * Everything is level-triggered and runs on the loop's thread, but loopWake, which any thread may call.
 * Records are embedded in their owner, who zeroes them first; the loop allocates nothing.
 */
#ifndef FLETCHER_LOOP_H
#define FLETCHER_LOOP_H

#include <stdint.h>

#define LOOP_READ 1
#define LOOP_WRITE 2
/* Reported besides READ and WRITE, never asked for: the descriptor has failed or hung up. */
#define LOOP_ERROR 4
/* The peer has ended its sending side, though bytes of it may wait to be read. Holds for ever once it does: ask until it was told. */
#define LOOP_END 8

typedef struct LoopWatch LoopWatch;
typedef void (*LoopReady)(LoopWatch *watch, unsigned events);
struct LoopWatch {
	int fd;
	unsigned events; /* what is asked for now */
	LoopReady ready;
	void *backend;
	unsigned serial; /* the loop's own: lets it drop events of a watch that was removed in the same turn */
};

/* Begins to watch fd. Returns 0 or an errno. */
int loopAdd(LoopWatch *watch, int fd, unsigned events, LoopReady ready);
/* Changes what is asked for; no system call when it is the same. Returns 0 or an errno. */
int loopChange(LoopWatch *watch, unsigned events);
/* Stops watching. No callback comes afterwards, not even one already collected in this turn. Does not close fd. Safe twice. */
void loopRemove(LoopWatch *watch);

typedef struct LoopTimer LoopTimer;
typedef void (*LoopDue)(LoopTimer *timer);
struct LoopTimer {
	double due; /* milliseconds of loopNow */
	LoopDue ready;
	LoopTimer *next;
	LoopTimer *previous;
	unsigned armed;
	void *backend;
};

/* One-shot, replacing what was armed. delay in milliseconds, 0: next turn. */
void loopTimerSet(LoopTimer *timer, double delay, LoopDue ready);
void loopTimerClear(LoopTimer *timer);

/* Something another thread finished. loopWake may be called from any thread and only once until ready came. */
typedef struct LoopWaker LoopWaker;
typedef void (*LoopWoken)(LoopWaker *waker);
struct LoopWaker {
	LoopWoken ready;
	LoopWaker *next;
	unsigned state;
};
void loopWake(LoopWaker *waker);

/* Monotonic milliseconds with fraction. */
double loopNow(void);

#endif
