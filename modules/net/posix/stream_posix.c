/*
 * net/stream: a TCP connection on the loop. See modules/net/README.md for its states.
 *
 * Nothing that arrived before a reset is lost: the failure is told when everything before it has been read.
 */
#include "stream_posix.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "address_posix.h"
#include "error_name.h"
#include "loop.h"
#include "native.h"
#include "mc.xs.h"

#define STATUS_AGAIN 0
#define STATUS_END (-1)
#define STATUS_FAILED (-2)

#define WANT_ALL 7
#define WANT_END 4

/* Bytes thrown away at most at close, so that the host sends FIN and not RST. */
#define DRAIN_STEP 4096
#define DRAIN_STEPS 64

typedef struct {
	Native native;
	xsSlot onReadable;
	xsSlot onWritable;
	xsSlot onError;
	xsSlot onEnd;
	LoopWatch watch;
	LoopTimer later; /* tells a failure that was met outside the loop's call */
	int fd; /* -1: closed */
	int code; /* the last failure, an errno */
	unsigned connection; /* tells after a callback whether it is still the same one */
	uint8_t callbacks; /* READ, WRITE and END that have a callback, as the loop's events */
	uint8_t hasError;
	uint8_t wanted;
	uint8_t connecting;
	uint8_t finished; /* shutdown was called */
	uint8_t failed; /* nothing more can be read or written */
	uint8_t unsendable; /* nothing more can be written */
	uint8_t reported; /* onError was called */
	uint8_t ended; /* onEnd was called */
} Stream;

static void disconnect(Stream *stream)
{
	loopTimerClear(&stream->later);
	loopRemove(&stream->watch);
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
	stream->connection++;
}

void fletcher_stream_destructor(void *data)
{
	Stream *stream = data;
	if (!stream)
		return;
	disconnect(stream);
	nativeFree(&stream->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Stream *stream = data;
	(*markRoot)(the, &stream->onReadable);
	(*markRoot)(the, &stream->onWritable);
	(*markRoot)(the, &stream->onError);
	(*markRoot)(the, &stream->onEnd);
}

static const xsHostHooks hooks = { fletcher_stream_destructor, mark, NULL };

static Stream *streamOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

/*
 * What the loop is asked for. A connection that takes no bytes any more is always "writable", one that has ended always ended:
 * not asked again, they would spin.
 */
static unsigned asked(const Stream *stream)
{
	unsigned possible = LOOP_READ;
	if (stream->connecting)
		return LOOP_WRITE;
	if (!stream->unsendable)
		possible |= LOOP_WRITE;
	if (!stream->ended)
		possible |= LOOP_END;
	return stream->wanted & stream->callbacks & possible;
}

static int unread(const Stream *stream)
{
	int count = 0;
	return ioctl(stream->fd, FIONREAD, &count) == 0 ? count : 0;
}

static void reportLater(LoopTimer *timer);

static void fail(Stream *stream, int code)
{
	if (!stream->code)
		stream->code = code;
	if (!stream->reported && stream->hasError)
		loopTimerSet(&stream->later, 0, reportLater);
}

/* Tells a failure once, when nothing that came before it waits to be read. */
static void report(Stream *stream)
{
	if (stream->reported || !stream->hasError || stream->fd < 0)
		return;
	if (!stream->failed && unread(stream) > 0)
		return;
	if (!stream->code)
		stream->code = socketError(stream->fd);
	if (!stream->code)
		return;
	stream->failed = 1;
	stream->reported = 1;
	loopTimerClear(&stream->later);
	loopRemove(&stream->watch);
	callScript(stream->native.the, &stream->onError, &stream->native.self);
}

static void reportLater(LoopTimer *timer)
{
	Stream *stream = nativeOwner(Stream, later, timer);
	nativeEnter(&stream->native);
	report(stream);
	nativeLeave(&stream->native);
}

static void sendFinish(Stream *stream)
{
	shutdown(stream->fd, SHUT_WR);
}

/* The connection is made or has failed. */
static void settleConnect(Stream *stream, unsigned events)
{
	int code = socketError(stream->fd);
	if (!code && !(events & LOOP_WRITE))
		return;
	stream->connecting = 0;
	if (code) {
		stream->code = code;
		stream->failed = 1;
		report(stream);
		return;
	}
	if (stream->finished)
		sendFinish(stream);
	loopChange(&stream->watch, asked(stream));
}

static void serve(Stream *stream, unsigned events)
{
	unsigned connection = stream->connection;
	if (stream->connecting) {
		settleConnect(stream, events);
		if (connection != stream->connection || stream->reported || stream->connecting)
			return;
	}
	if (events & asked(stream) & LOOP_READ) {
		callScript(stream->native.the, &stream->onReadable, &stream->native.self);
		if (connection != stream->connection)
			return;
	}
	if (events & asked(stream) & LOOP_WRITE) {
		callScript(stream->native.the, &stream->onWritable, &stream->native.self);
		if (connection != stream->connection)
			return;
	}
	if (events & LOOP_ERROR) {
		report(stream);
		if (connection != stream->connection || stream->reported)
			return;
	}
	if (events & asked(stream) & LOOP_END) {
		stream->ended = 1;
		loopChange(&stream->watch, asked(stream));
		callScript(stream->native.the, &stream->onEnd, &stream->native.self);
	}
}

static void ready(LoopWatch *watch, unsigned events)
{
	Stream *stream = nativeOwner(Stream, watch, watch);
	nativeEnter(&stream->native);
	serve(stream, events);
	nativeLeave(&stream->native);
}

/* Resets what belongs to one connection and begins to watch fd. Returns 0 or an errno. */
static int begin(Stream *stream, int fd, int connecting, int wanted)
{
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	stream->code = 0;
	stream->wanted = (uint8_t)wanted;
	stream->connecting = (uint8_t)connecting;
	stream->finished = stream->failed = stream->unsendable = stream->reported = stream->ended = 0;
	int code = loopAdd(&stream->watch, fd, asked(stream), ready);
	if (code)
		return code;
	stream->fd = fd;
	stream->connection++;
	return 0;
}

void fletcher_stream(xsMachine *the)
{
	nativeNeed(the, 1);
	xsmcVars(1);
	Stream *stream = nativeNew(the, sizeof(Stream), &hooks);
	stream->fd = -1;
	if (nativeCallback(the, xsID_onReadable, &stream->onReadable))
		stream->callbacks |= LOOP_READ;
	if (nativeCallback(the, xsID_onWritable, &stream->onWritable))
		stream->callbacks |= LOOP_WRITE;
	if (nativeCallback(the, xsID_onEnd, &stream->onEnd))
		stream->callbacks |= LOOP_END;
	stream->hasError = (uint8_t)nativeCallback(the, xsID_onError, &stream->onError);
}

/* Connects `address`; returns 0 or an errno. */
static int dial(Stream *stream, const Address *address)
{
	int fd = addressSocket(address, SOCK_STREAM);
	if (fd < 0)
		return errno;
	int code = connect(fd, &address->any, addressLength(address)) < 0 ? errno : 0;
	if (code == EINPROGRESS || code == EINTR)
		code = 0;
	if (!code)
		code = begin(stream, fd, 1, LOOP_WRITE);
	if (code)
		close(fd);
	return code;
}

void fletcher_stream_connect(xsMachine *the)
{
	Stream *stream = streamOf(the);
	char text[ADDRESS_TEXT];
	Address address;
	nativeNeed(the, 2);
	int port = xsmcToInteger(xsArg(1));
	int known = nativeText(the, &xsArg(0), text, sizeof(text)) && addressParse(&address, text, port) && port > 0;
	if (stream->fd >= 0)
		xsUnknownError("connect on a stream that is open");
	int code = known ? dial(stream, &address) : EINVAL;
	if (code)
		stream->code = code;
	else
		nativePin(the, &stream->native, &xsThis);
	xsmcSetInteger(xsResult, code ? STATUS_FAILED : 0);
}

void streamExpectClosed(xsMachine *the, xsSlot *slot)
{
	Stream *stream = xsmcGetHostDataValidate(*slot, (void *)&hooks);
	if (stream->fd >= 0)
		xsUnknownError("accept into a stream that is open");
}

int streamAdopt(xsMachine *the, xsSlot *slot, int fd)
{
	Stream *stream = xsmcGetHostDataValidate(*slot, (void *)&hooks);
	int code = begin(stream, fd, 0, 0);
	if (code)
		stream->code = code;
	else
		nativePin(the, &stream->native, slot);
	return code;
}

static int receive(Stream *stream, uint8_t *data, size_t length)
{
	ssize_t count;
	if (stream->fd < 0 || stream->failed)
		return STATUS_FAILED;
	if (stream->connecting || length == 0)
		return STATUS_AGAIN;
	do
		count = recv(stream->fd, data, length, 0);
	while (count < 0 && errno == EINTR);
	if (count > 0)
		return (int)count;
	if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return STATUS_AGAIN;
	/* The host tells a reset once: where it told it to write, reading ends as if by FIN. EPIPE says that FIN had come before. */
	if (count == 0 && (!stream->code || stream->code == EPIPE))
		return STATUS_END;
	stream->failed = 1;
	fail(stream, errno);
	return STATUS_FAILED;
}

void fletcher_stream_read(xsMachine *the)
{
	Stream *stream = streamOf(the);
	uint32_t length;
	uint8_t *data = nativeSpan(the, 0, 1, &length);
	xsmcSetInteger(xsResult, receive(stream, data, length));
}

static int transmit(Stream *stream, const uint8_t *data, size_t length)
{
	ssize_t count;
	if (stream->fd < 0 || stream->failed || stream->unsendable || stream->finished)
		return STATUS_FAILED;
	if (stream->connecting || length == 0)
		return STATUS_AGAIN;
	do
		count = send(stream->fd, data, length, MSG_NOSIGNAL);
	while (count < 0 && errno == EINTR);
	if (count >= 0)
		return (int)count;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM)
		return STATUS_AGAIN;
	fail(stream, errno);
	stream->unsendable = 1;
	loopChange(&stream->watch, asked(stream));
	return STATUS_FAILED;
}

void fletcher_stream_write(xsMachine *the)
{
	Stream *stream = streamOf(the);
	uint32_t length;
	uint8_t *data = nativeSpan(the, 0, 0, &length);
	xsmcSetInteger(xsResult, transmit(stream, data, length));
}

void fletcher_stream_want(xsMachine *the)
{
	Stream *stream = streamOf(the);
	nativeNeed(the, 1);
	int events = xsmcToInteger(xsArg(0)) & WANT_ALL;
	if (stream->fd < 0)
		return;
	stream->wanted = (uint8_t)((events & (LOOP_READ | LOOP_WRITE)) | ((events & WANT_END) ? LOOP_END : 0));
	if (!stream->reported)
		loopChange(&stream->watch, asked(stream));
}

void fletcher_stream_shutdown(xsMachine *the)
{
	Stream *stream = streamOf(the);
	if (stream->fd < 0 || stream->finished)
		return;
	stream->finished = 1;
	if (!stream->connecting)
		sendFinish(stream);
}

void fletcher_stream_close(xsMachine *the)
{
	Stream *stream = streamOf(the);
	if (stream->fd >= 0 && !stream->connecting && !stream->failed) {
		/* Unread bytes at close would make the host reset the connection and drop what it has still to send. */
		uint8_t waste[DRAIN_STEP];
		int steps = DRAIN_STEPS;
		shutdown(stream->fd, SHUT_WR);
		while (steps-- > 0 && recv(stream->fd, waste, sizeof(waste), 0) > 0)
			continue;
	}
	disconnect(stream);
	nativeUnpin(the, &stream->native);
}

void fletcher_stream_abort(xsMachine *the)
{
	Stream *stream = streamOf(the);
	if (stream->fd >= 0) {
		struct linger linger = { .l_onoff = 1, .l_linger = 0 };
		setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	}
	disconnect(stream);
	nativeUnpin(the, &stream->native);
}

void fletcher_stream_get_opened(xsMachine *the)
{
	xsmcSetBoolean(xsResult, streamOf(the)->fd >= 0);
}

void fletcher_stream_get_unread(xsMachine *the)
{
	Stream *stream = streamOf(the);
	xsmcSetInteger(xsResult, stream->fd >= 0 && !stream->connecting && !stream->failed ? unread(stream) : 0);
}

void fletcher_stream_get_error(xsMachine *the)
{
	xsmcSetString(xsResult, (xsStringValue)errorName(streamOf(the)->code));
}

typedef int (*NameOf)(int fd, struct sockaddr *address, socklen_t *length);

/* One end's address; its family is 0 when there is none. */
static void endOf(xsMachine *the, NameOf nameOf, Address *address)
{
	socklen_t length = sizeof(*address);
	Stream *stream = streamOf(the);
	memset(address, 0, sizeof(*address));
	if (stream->fd >= 0 && nameOf(stream->fd, &address->any, &length) < 0)
		address->any.sa_family = 0;
}

static void setAddress(xsMachine *the, NameOf nameOf)
{
	Address address;
	char text[ADDRESS_TEXT];
	endOf(the, nameOf, &address);
	addressText(&address, text);
	xsmcSetString(xsResult, text);
}

static void setPort(xsMachine *the, NameOf nameOf)
{
	Address address;
	endOf(the, nameOf, &address);
	xsmcSetInteger(xsResult, addressPort(&address));
}

void fletcher_stream_get_localAddress(xsMachine *the)
{
	setAddress(the, getsockname);
}

void fletcher_stream_get_localPort(xsMachine *the)
{
	setPort(the, getsockname);
}

void fletcher_stream_get_remoteAddress(xsMachine *the)
{
	setAddress(the, getpeername);
}

void fletcher_stream_get_remotePort(xsMachine *the)
{
	setPort(the, getpeername);
}
