/* time/timer over the loop's timers. The object is pinned from its making to close: an armed timer fires though nobody holds it. */
#include "native.h"
#include "loop.h"
#include "mc.xs.h"

typedef struct {
	Native native;
	xsSlot onTimer;
	LoopTimer timer;
} Timer;

void fletcher_timer_destructor(void *data)
{
	Timer *timer = data;
	if (!timer)
		return;
	loopTimerClear(&timer->timer);
	nativeFree(&timer->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Timer *timer = data;
	(*markRoot)(the, &timer->onTimer);
}

static const xsHostHooks hooks = { fletcher_timer_destructor, mark, NULL };

static Timer *timerOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

static void due(LoopTimer *loopTimer)
{
	Timer *timer = nativeOwner(Timer, timer, loopTimer);
	nativeEnter(&timer->native);
	callScript(timer->native.the, &timer->onTimer, &timer->native.self);
	nativeLeave(&timer->native);
}

void fletcher_timer(xsMachine *the)
{
	nativeNeed(the, 1);
	xsmcVars(1);
	Timer *timer = nativeNew(the, sizeof(Timer), &hooks);
	if (!nativeCallback(the, xsID_onTimer, &timer->onTimer))
		xsTypeError("a timer needs onTimer");
	nativePin(the, &timer->native, &xsThis);
}

void fletcher_timer_schedule(xsMachine *the)
{
	Timer *timer = timerOf(the);
	nativeNeed(the, 1);
	double delay = xsmcToNumber(xsArg(0));
	if (timer)
		loopTimerSet(&timer->timer, delay, due);
}

void fletcher_timer_cancel(xsMachine *the)
{
	Timer *timer = timerOf(the);
	if (timer)
		loopTimerClear(&timer->timer);
}

void fletcher_timer_close(xsMachine *the)
{
	Timer *timer = timerOf(the);
	if (!timer)
		return;
	xsmcSetHostData(xsThis, NULL);
	nativeUnpin(the, &timer->native);
	fletcher_timer_destructor(timer);
}
