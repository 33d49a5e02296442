/*
 * hosts/posix/loop.h over GLib's default main context, which the simulator's own window, timers and promises share: its owner
 * runs it, so of loop_run.h only loopStop is here. A turn is as described there.
 *
 * One GSource polls every watched descriptor and carries the nearest timer as its ready time; a second one is fired from other
 * threads by loopWake. What poll found is collected before anything is dispatched: a watch that is removed meanwhile loses
 * its place and with it its event.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glib.h>
#include <poll.h>

#include "loop.h"
#include "loop_run.h"

/* Descriptors watched at a time; loopAdd says EMFILE when they are used up. */
#define WATCHES 256
/* GLib counts time in microseconds, the loop in milliseconds. */
#define MICROSECONDS 1000.0

typedef struct {
	LoopWatch *watch; /* NULL: free */
	gpointer tag; /* NULL: parked, it failed while nothing was asked */
	unsigned ready;
} Place;

static Place places[WATCHES];
static unsigned placeCount; /* places ever used: those behind are free */
static LoopTimer *firstTimer;
static unsigned turn = 1; /* never 0: a timer keeps it in `armed` */
static unsigned turns;
static gboolean stopped;

static GMutex wakersMutex;
static LoopWaker *wakers;

static GSource *source;
static GSource *wakeSource;

double loopNow(void)
{
	return (double)g_get_monotonic_time() / MICROSECONDS;
}

unsigned loopTurns(void)
{
	return turns;
}

void loopStop(void)
{
	stopped = TRUE;
}

static GIOCondition toCondition(unsigned events)
{
	/* GLib has no name for POLLRDHUP, but hands its conditions to poll as they are. */
	return (GIOCondition)(((events & LOOP_READ) ? G_IO_IN : 0) | ((events & LOOP_WRITE) ? G_IO_OUT : 0)
		| ((events & LOOP_END) ? POLLRDHUP : 0));
}

static void setReadyTime(void)
{
	if (source)
		g_source_set_ready_time(source, firstTimer ? (gint64)(firstTimer->due * MICROSECONDS) : -1);
}

int loopAdd(LoopWatch *watch, int fd, unsigned events, LoopReady ready)
{
	unsigned i = 0;
	while (i < WATCHES && places[i].watch)
		i++;
	if (i == WATCHES)
		return EMFILE;
	Place *place = &places[i];
	place->tag = g_source_add_unix_fd(source, fd, toCondition(events));
	place->watch = watch;
	place->ready = 0;
	if (i >= placeCount)
		placeCount = i + 1;
	watch->fd = fd;
	watch->events = events;
	watch->ready = ready;
	watch->backend = place;
	return 0;
}

int loopChange(LoopWatch *watch, unsigned events)
{
	Place *place = watch->backend;
	if (!place)
		return EBADF;
	if (watch->events == events)
		return 0;
	watch->events = events;
	if (place->tag)
		g_source_modify_unix_fd(source, place->tag, toCondition(events));
	else
		place->tag = g_source_add_unix_fd(source, watch->fd, toCondition(events));
	return 0;
}

void loopRemove(LoopWatch *watch)
{
	Place *place = watch->backend;
	if (!place)
		return;
	watch->backend = NULL;
	place->watch = NULL;
	place->ready = 0;
	if (place->tag)
		g_source_remove_unix_fd(source, place->tag);
	place->tag = NULL;
}

void loopTimerSet(LoopTimer *timer, double delay, LoopDue ready)
{
	loopTimerClear(timer);
	timer->due = loopNow() + (delay > 0 ? delay : 0);
	timer->ready = ready;
	timer->armed = turn;
	LoopTimer *previous = NULL;
	LoopTimer *next = firstTimer;
	while (next && next->due <= timer->due) {
		previous = next;
		next = next->next;
	}
	timer->previous = previous;
	timer->next = next;
	if (next)
		next->previous = timer;
	if (previous)
		previous->next = timer;
	else {
		firstTimer = timer;
		setReadyTime();
	}
}

void loopTimerClear(LoopTimer *timer)
{
	if (!timer->armed)
		return;
	timer->armed = 0;
	if (timer->next)
		timer->next->previous = timer->previous;
	if (timer->previous)
		timer->previous->next = timer->next;
	else {
		firstTimer = timer->next;
		setReadyTime();
	}
	timer->next = NULL;
	timer->previous = NULL;
}

void loopWake(LoopWaker *waker)
{
	g_mutex_lock(&wakersMutex);
	if (!waker->state) {
		LoopWaker **end = &wakers;
		while (*end)
			end = &(*end)->next;
		waker->state = 1;
		waker->next = NULL;
		*end = waker;
		g_source_set_ready_time(wakeSource, 0);
	}
	g_mutex_unlock(&wakersMutex);
}

/* What poll said about each watched descriptor, before any callback can change anything. */
static void collect(void)
{
	for (unsigned i = 0; i < placeCount; i++) {
		Place *place = &places[i];
		place->ready = 0;
		if (!place->watch || !place->tag)
			continue;
		GIOCondition condition = g_source_query_unix_fd(source, place->tag);
		if (condition & G_IO_IN)
			place->ready |= LOOP_READ;
		if (condition & G_IO_OUT)
			place->ready |= LOOP_WRITE;
		if (condition & POLLRDHUP)
			place->ready |= LOOP_END;
		if (condition & (G_IO_ERR | G_IO_HUP | G_IO_NVAL))
			place->ready |= LOOP_ERROR | LOOP_READ | LOOP_WRITE;
	}
}

static void dispatch(Place *place)
{
	LoopWatch *watch = place->watch;
	unsigned ready = place->ready;
	place->ready = 0;
	if (!watch)
		return;
	ready &= watch->events | LOOP_ERROR;
	if (!ready)
		return;
	watch->ready(watch, ready);
	/* The place is another's, or nobody's, when the watch was removed meanwhile; its record is perhaps freed. */
	if ((ready & LOOP_ERROR) && place->watch == watch && watch->events == 0 && place->tag) {
		g_source_remove_unix_fd(source, place->tag);
		place->tag = NULL;
	}
}

static void runTimers(void)
{
	double now = loopNow();
	LoopTimer *timer = firstTimer;
	while (timer && timer->due <= now && !stopped) {
		if (timer->armed == turn) {
			/* Armed by a timer of this turn: its turn is the next one. */
			timer = timer->next;
			continue;
		}
		loopTimerClear(timer);
		timer->ready(timer);
		timer = firstTimer;
	}
}

static gboolean onSource(GSource *self, GSourceFunc callback, gpointer data)
{
	(void)self;
	(void)callback;
	(void)data;
	turns++;
	if (++turn == 0)
		turn = 1;
	collect();
	runTimers();
	for (unsigned i = 0; i < placeCount && !stopped; i++)
		dispatch(&places[i]);
	setReadyTime();
	return G_SOURCE_CONTINUE;
}

static gboolean onWake(GSource *self, GSourceFunc callback, gpointer data)
{
	(void)callback;
	(void)data;
	g_mutex_lock(&wakersMutex);
	g_source_set_ready_time(self, -1);
	LoopWaker *waker = wakers;
	wakers = NULL;
	while (waker && !stopped) {
		LoopWaker *next = waker->next;
		waker->state = 0;
		g_mutex_unlock(&wakersMutex);
		waker->ready(waker);
		g_mutex_lock(&wakersMutex);
		waker = next;
	}
	g_mutex_unlock(&wakersMutex);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs sourceFuncs = { .dispatch = onSource };
static GSourceFuncs wakeFuncs = { .dispatch = onWake };

/* The sources live as long as the shared object that holds this code. */
__attribute__((constructor)) static void loopBegin(void)
{
	source = g_source_new(&sourceFuncs, sizeof(GSource));
	g_source_attach(source, NULL);
	wakeSource = g_source_new(&wakeFuncs, sizeof(GSource));
	g_source_attach(wakeSource, NULL);
}

__attribute__((destructor)) static void loopEnd(void)
{
	stopped = TRUE;
	g_source_destroy(source);
	g_source_unref(source);
	g_source_destroy(wakeSource);
	g_source_unref(wakeSource);
	source = NULL;
	wakeSource = NULL;
}
