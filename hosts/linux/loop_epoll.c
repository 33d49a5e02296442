/* The event loop over epoll, eventfd and a sorted list of timers. */
#include "loop.h"
#include "loop_run.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Descriptors handed out in one turn: timers come between two turns, so this bounds how long they wait. */
#define EVENTS_PER_TURN 64
/* Longest sleep in milliseconds: epoll counts in an int. */
#define LONGEST_SLEEP (24 * 3600 * 1000)

static struct {
	int epoll;
	volatile int wake;
	volatile sig_atomic_t stopping;
	struct epoll_event events[EVENTS_PER_TURN];
	int count; /* of events collected in this turn */
	unsigned serial;
	unsigned turn;
	unsigned turns;
	LoopTimer *first, *last;
	pthread_mutex_t lock; /* for the wakers only */
	LoopWaker *firstWoken, *lastWoken;
} loop = { .epoll = -1, .wake = -1, .turn = 1, .lock = PTHREAD_MUTEX_INITIALIZER };

/* Marks a watch that was taken out of epoll after it failed while nothing was asked. */
static char parked;

double loopNow(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000;
}

static void ring(void)
{
	uint64_t one = 1;
	int fd = loop.wake;
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0) {
		/* Only EAGAIN is possible: it is ringing already. */
	}
}

static int loopOpen(void)
{
	if (loop.epoll >= 0)
		return 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return errno;
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = NULL } };
	if (wake < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) < 0) {
		int code = errno;
		if (wake >= 0)
			close(wake);
		close(epoll);
		return code;
	}
	loop.epoll = epoll;
	pthread_mutex_lock(&loop.lock);
	loop.wake = wake;
	if (loop.firstWoken)
		ring();
	pthread_mutex_unlock(&loop.lock);
	return 0;
}

/* Descriptors */

static int control(LoopWatch *watch, int operation)
{
	struct epoll_event event = { .events = 0, .data = { .ptr = watch } };
	if (watch->events & LOOP_READ)
		event.events |= EPOLLIN;
	if (watch->events & LOOP_WRITE)
		event.events |= EPOLLOUT;
	if (watch->events & LOOP_END)
		event.events |= EPOLLRDHUP;
	return epoll_ctl(loop.epoll, operation, watch->fd, &event) < 0 ? errno : 0;
}

int loopAdd(LoopWatch *watch, int fd, unsigned events, LoopReady ready)
{
	int code = loopOpen();
	if (code)
		return code;
	watch->fd = fd;
	watch->events = events;
	watch->ready = ready;
	watch->backend = NULL;
	code = control(watch, EPOLL_CTL_ADD);
	if (code)
		return code;
	if (++loop.serial == 0)
		loop.serial = 1;
	watch->serial = loop.serial;
	return 0;
}

int loopChange(LoopWatch *watch, unsigned events)
{
	if (!watch->serial)
		return EBADF;
	if (watch->events == events)
		return 0;
	watch->events = events;
	if (watch->backend) {
		watch->backend = NULL;
		return control(watch, EPOLL_CTL_ADD);
	}
	return control(watch, EPOLL_CTL_MOD);
}

void loopRemove(LoopWatch *watch)
{
	if (!watch->serial)
		return;
	watch->serial = 0;
	if (!watch->backend)
		control(watch, EPOLL_CTL_DEL);
	watch->backend = NULL;
	/* What this turn has already collected for it is void: the record and the descriptor may soon be another's. */
	for (int i = 0; i < loop.count; i++) {
		if (loop.events[i].data.ptr == watch)
			loop.events[i].events = 0;
	}
}

static void dispatch(struct epoll_event *event)
{
	LoopWatch *watch = event->data.ptr;
	unsigned ready = 0;
	if (event->events & EPOLLIN)
		ready |= LOOP_READ;
	if (event->events & EPOLLOUT)
		ready |= LOOP_WRITE;
	if (event->events & EPOLLRDHUP)
		ready |= LOOP_END;
	if (event->events & (EPOLLERR | EPOLLHUP))
		ready |= LOOP_ERROR | LOOP_READ | LOOP_WRITE;
	ready &= watch->events | LOOP_ERROR;
	if (!ready)
		return;
	watch->ready(watch, ready);
	/* event->events is 0 when the watch was removed meanwhile, and its record perhaps freed. */
	if ((ready & LOOP_ERROR) && event->events && watch->events == 0 && !watch->backend) {
		control(watch, EPOLL_CTL_DEL);
		watch->backend = &parked;
	}
}

/* Timers */

void loopTimerSet(LoopTimer *timer, double delay, LoopDue ready)
{
	loopTimerClear(timer);
	timer->due = loopNow() + (delay > 0 ? delay : 0);
	timer->ready = ready;
	timer->armed = loop.turn;
	LoopTimer *before = loop.last;
	while (before && before->due > timer->due)
		before = before->previous;
	timer->previous = before;
	timer->next = before ? before->next : loop.first;
	if (timer->next)
		timer->next->previous = timer;
	else
		loop.last = timer;
	if (before)
		before->next = timer;
	else
		loop.first = timer;
}

void loopTimerClear(LoopTimer *timer)
{
	if (!timer->armed)
		return;
	if (timer->previous)
		timer->previous->next = timer->next;
	else
		loop.first = timer->next;
	if (timer->next)
		timer->next->previous = timer->previous;
	else
		loop.last = timer->previous;
	timer->next = timer->previous = NULL;
	timer->armed = 0;
}

static int sleepTime(void)
{
	if (loop.stopping)
		return 0;
	if (!loop.first)
		return -1;
	double rest = ceil(loop.first->due - loopNow());
	if (rest <= 0)
		return 0;
	return rest < LONGEST_SLEEP ? (int)rest : LONGEST_SLEEP;
}

static void runTimers(void)
{
	double now = loopNow();
	LoopTimer *timer = loop.first;
	if (++loop.turn == 0)
		loop.turn = 1;
	while (timer && timer->due <= now && !loop.stopping) {
		if (timer->armed == loop.turn) {
			/* Armed by a timer of this turn: its turn is the next one. */
			timer = timer->next;
			continue;
		}
		loopTimerClear(timer);
		timer->ready(timer);
		timer = loop.first;
	}
}

/* Wakers */

void loopWake(LoopWaker *waker)
{
	pthread_mutex_lock(&loop.lock);
	if (!waker->state) {
		waker->state = 1;
		waker->next = NULL;
		if (loop.lastWoken)
			loop.lastWoken->next = waker;
		else
			loop.firstWoken = waker;
		loop.lastWoken = waker;
	}
	ring();
	pthread_mutex_unlock(&loop.lock);
}

static void runWoken(void)
{
	uint64_t count;
	if (read(loop.wake, &count, sizeof(count)) < 0) {
		/* Nothing rang: the list below is empty then. */
	}
	pthread_mutex_lock(&loop.lock);
	LoopWaker *waker = loop.firstWoken;
	loop.firstWoken = loop.lastWoken = NULL;
	while (waker && !loop.stopping) {
		LoopWaker *next = waker->next;
		waker->state = 0;
		pthread_mutex_unlock(&loop.lock);
		waker->ready(waker);
		pthread_mutex_lock(&loop.lock);
		waker = next;
	}
	pthread_mutex_unlock(&loop.lock);
}

/* Turns */

unsigned loopTurns(void)
{
	return loop.turns;
}

void loopStop(void)
{
	loop.stopping = 1;
	ring();
}

int loopRun(void)
{
	int code = loopOpen();
	while (!code && !loop.stopping) {
		int count = epoll_wait(loop.epoll, loop.events, EVENTS_PER_TURN, sleepTime());
		if (count < 0 && errno != EINTR)
			code = errno;
		loop.count = count > 0 ? count : 0;
		loop.turns++;
		runTimers();
		for (int i = 0; i < loop.count && !loop.stopping; i++) {
			struct epoll_event *event = &loop.events[i];
			if (!event->data.ptr)
				runWoken();
			else if (event->events)
				dispatch(event);
		}
		loop.count = 0;
	}
	loop.stopping = 0;
	return code;
}
