/* net/stream, Listener: a listening TCP socket. */
#include <errno.h>
#include <unistd.h>

#include "address_posix.h"
#include "error_name.h"
#include "loop.h"
#include "native.h"
#include "stream_posix.h"
#include "mc.xs.h"

#define DEFAULT_BACKLOG 8
/* Connections that died in the queue are passed over, so many at one call. */
#define ABORTED_AT_ONCE 16
/* Milliseconds without asking after the host had no descriptor or memory for a connection: it stays in the queue meanwhile. */
#define EXHAUSTED_PAUSE 100

typedef struct {
	Native native;
	xsSlot onReadable;
	LoopWatch watch;
	LoopTimer pause;
	int fd;
	uint8_t hasReadable;
	uint8_t wanted;
} Listener;

void fletcher_listener_destructor(void *data)
{
	Listener *listener = data;
	if (!listener)
		return;
	loopTimerClear(&listener->pause);
	loopRemove(&listener->watch);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
	nativeFree(&listener->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Listener *listener = data;
	(*markRoot)(the, &listener->onReadable);
}

static const xsHostHooks hooks = { fletcher_listener_destructor, mark, NULL };

static Listener *listenerOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

static unsigned asked(const Listener *listener)
{
	return listener->hasReadable && !listener->pause.armed ? listener->wanted : 0;
}

static void ready(LoopWatch *watch, unsigned events)
{
	Listener *listener = nativeOwner(Listener, watch, watch);
	if (!(events & LOOP_READ))
		return;
	nativeEnter(&listener->native);
	callScript(listener->native.the, &listener->onReadable, &listener->native.self);
	nativeLeave(&listener->native);
}

static void paused(LoopTimer *timer)
{
	Listener *listener = nativeOwner(Listener, pause, timer);
	loopChange(&listener->watch, asked(listener));
}

/* Binds and listens. Returns 0 or an errno. */
static int serve(Listener *listener, const Address *address, int backlog)
{
	int on = 1, off = 0;
	listener->fd = addressSocket(address, SOCK_STREAM);
	if (listener->fd < 0)
		return errno;
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->any.sa_family == AF_INET6)
		setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(listener->fd, &address->any, addressLength(address)) < 0 || listen(listener->fd, backlog) < 0)
		return errno;
	return loopAdd(&listener->watch, listener->fd, asked(listener), ready);
}

void fletcher_listener(xsMachine *the)
{
	char text[ADDRESS_TEXT];
	Address address;
	nativeNeed(the, 1);
	xsmcVars(1);
	Listener *listener = nativeNew(the, sizeof(Listener), &hooks);
	listener->fd = -1;
	listener->wanted = LOOP_READ;
	listener->hasReadable = (uint8_t)nativeCallback(the, xsID_onReadable, &listener->onReadable);
	int port = nativeInteger(the, xsID_port, "port", 0, 0, 65535);
	int backlog = nativeInteger(the, xsID_backlog, "backlog", DEFAULT_BACKLOG, 1, 4096);
	xsmcGet(xsVar(0), xsArg(0), xsID_address);
	if (!nativeText(the, &xsVar(0), text, sizeof(text)) || !addressParse(&address, text, port))
		xsUnknownError("cannot listen on \"%s\" port %d: not a numeric address", text, port);
	int code = serve(listener, &address, backlog);
	if (code && listener->fd >= 0) {
		close(listener->fd);
		listener->fd = -1;
	}
	if (code)
		xsUnknownError("cannot listen on %s port %d: %s (%s)", text, port, strerror(code), errorName(code));
	nativePin(the, &listener->native, &xsThis);
}

void fletcher_listener_accept(xsMachine *the)
{
	Listener *listener = listenerOf(the);
	int accepted = 0;
	nativeNeed(the, 1);
	streamExpectClosed(the, &xsArg(0));
	for (int i = 0; listener && !accepted && i < ABORTED_AT_ONCE; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int code = fd < 0 ? errno : streamAdopt(the, &xsArg(0), fd);
		if (!code)
			accepted = 1;
		else if (fd >= 0)
			close(fd);
		else if (code == EAGAIN || code == EWOULDBLOCK)
			break;
		else if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM) {
			loopTimerSet(&listener->pause, EXHAUSTED_PAUSE, paused);
			loopChange(&listener->watch, 0);
			break;
		}
	}
	xsmcSetBoolean(xsResult, accepted);
}

void fletcher_listener_want(xsMachine *the)
{
	Listener *listener = listenerOf(the);
	nativeNeed(the, 1);
	int events = xsmcToInteger(xsArg(0)) & LOOP_READ;
	if (!listener)
		return;
	listener->wanted = (uint8_t)events;
	loopChange(&listener->watch, asked(listener));
}

void fletcher_listener_close(xsMachine *the)
{
	Listener *listener = listenerOf(the);
	if (!listener)
		return;
	xsmcSetHostData(xsThis, NULL);
	nativeUnpin(the, &listener->native);
	fletcher_listener_destructor(listener);
}

void fletcher_listener_get_port(xsMachine *the)
{
	Listener *listener = listenerOf(the);
	Address address;
	socklen_t length = sizeof(address);
	memset(&address, 0, sizeof(address));
	if (listener)
		getsockname(listener->fd, &address.any, &length);
	xsmcSetInteger(xsResult, addressPort(&address));
}
