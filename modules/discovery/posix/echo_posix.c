/*
 * discovery/echo: ICMP echo (RFC 792). An unprivileged "ping" socket where net.ipv4.ping_group_range lets this process have one: the
 * kernel then puts in identifier and checksum and gives only answers to this socket. Else a raw socket, where these are done here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address_posix.h"
#include "loop.h"
#include "native.h"
#include "mc.xs.h"

/* Option of raw sockets (raw(7)): a word of the types that are kept out. The kernel's header clashes with the C library's. */
#define FILTER_OPTION 1

#define STATUS_SENT 0
#define STATUS_AGAIN (-1)
#define STATUS_FAILED (-2)

/* From a raw socket also answers to other programs come: so many are looked at in one read. */
#define LOOKS 64
#define COOKIE_SIZE 8
#define HEADER 8
#define LARGEST_IP_HEADER 60

typedef struct {
	Native native;
	xsSlot onReadable;
	LoopWatch watch;
	int fd; /* -1: closed */
	int raw;
	uint16_t identifier;
	uint16_t sequence;
	uint8_t cookie[COOKIE_SIZE];
} Echo;

static void disconnect(Echo *echo)
{
	loopRemove(&echo->watch);
	if (echo->fd >= 0)
		close(echo->fd);
	echo->fd = -1;
}

void fletcher_echo_destructor(void *data)
{
	Echo *echo = data;
	if (!echo)
		return;
	disconnect(echo);
	nativeFree(&echo->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Echo *echo = data;
	(*markRoot)(the, &echo->onReadable);
}

static const xsHostHooks hooks = { fletcher_echo_destructor, mark, NULL };

static Echo *echoOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

void fletcher_echo(xsMachine *the)
{
	nativeNeed(the, 1);
	xsmcVars(1);
	Echo *echo = nativeNew(the, sizeof(Echo), &hooks);
	echo->fd = -1;
	if (!nativeCallback(the, xsID_onReadable, &echo->onReadable))
		xsTypeError("an echo needs onReadable");
}

static void ready(LoopWatch *watch, unsigned events)
{
	Echo *echo = nativeOwner(Echo, watch, watch);
	nativeEnter(&echo->native);
	/* A report of the network about something sent: taking it keeps it from coming at every turn. */
	if (events & LOOP_ERROR)
		(void)socketError(echo->fd);
	if (events & LOOP_READ)
		callScript(echo->native.the, &echo->onReadable, &echo->native.self);
	nativeLeave(&echo->native);
}

static int openSocket(Echo *echo)
{
	uint32_t filter = ~(1u << ICMP_ECHOREPLY);
	echo->raw = 0;
	echo->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	if (echo->fd >= 0)
		return 1;
	echo->raw = 1;
	echo->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	if (echo->fd < 0)
		return 0;
	setsockopt(echo->fd, SOL_RAW, FILTER_OPTION, &filter, sizeof(filter));
	return 1;
}

/* Tells own requests from those of others; nothing depends on that it cannot be guessed. */
static void makeCookie(Echo *echo)
{
	uint64_t bits = ((uint64_t)getpid() << 32) ^ (uint64_t)(loopNow() * 1000) ^ (uint64_t)(uintptr_t)echo;
	bits *= 0x9E3779B97F4A7C15u;
	memcpy(echo->cookie, &bits, COOKIE_SIZE);
	echo->identifier = (uint16_t)(bits >> 48);
}

void fletcher_echo_open(xsMachine *the)
{
	Echo *echo = echoOf(the);
	int opened = echo->fd >= 0;
	if (!opened && openSocket(echo)) {
		makeCookie(echo);
		opened = loopAdd(&echo->watch, echo->fd, LOOP_READ, ready) == 0;
		if (opened)
			nativePin(the, &echo->native, &xsThis);
		else
			disconnect(echo);
	}
	xsmcSetBoolean(xsResult, opened);
}

/* RFC 1071, of an even number of bytes. */
static uint16_t checksum(const uint8_t *data, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *data, unsigned value)
{
	data[0] = (uint8_t)(value >> 8);
	data[1] = (uint8_t)value;
}

static int transmit(Echo *echo, uint32_t address)
{
	uint8_t message[HEADER + COOKIE_SIZE] = { ICMP_ECHO };
	struct sockaddr_in target = { .sin_family = AF_INET, .sin_addr = { .s_addr = htonl(address) } };
	ssize_t count;
	put16(message + 4, echo->identifier);
	put16(message + 6, ++echo->sequence);
	memcpy(message + HEADER, echo->cookie, COOKIE_SIZE);
	put16(message + 2, checksum(message, sizeof(message)));
	do
		count = sendto(echo->fd, message, sizeof(message), MSG_NOSIGNAL, (struct sockaddr *)&target, sizeof(target));
	while (count < 0 && errno == EINTR);
	if (count >= 0)
		return STATUS_SENT;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM ? STATUS_AGAIN : STATUS_FAILED;
}

void fletcher_echo_send(xsMachine *the)
{
	Echo *echo = echoOf(the);
	nativeNeed(the, 1);
	double address = xsmcToNumber(xsArg(0));
	int known = echo->fd >= 0 && address >= 0 && address <= 0xffffffffu;
	xsmcSetInteger(xsResult, known ? transmit(echo, (uint32_t)address) : STATUS_FAILED);
}

/* Whether a message is an answer to a request of this object. */
static int isOwn(const Echo *echo, const uint8_t *data, size_t length)
{
	if (echo->raw) {
		size_t header = length > 0 ? (size_t)(data[0] & 15) * 4 : 0;
		if (header < 20 || length < header)
			return 0;
		data += header;
		length -= header;
	}
	if (length < HEADER + COOKIE_SIZE || data[0] != ICMP_ECHOREPLY)
		return 0;
	if (echo->raw && (data[4] << 8 | data[5]) != echo->identifier)
		return 0;
	return memcmp(data + HEADER, echo->cookie, COOKIE_SIZE) == 0;
}

/* The address of the next answer, or -1. */
static double receive(Echo *echo)
{
	uint8_t message[LARGEST_IP_HEADER + HEADER + COOKIE_SIZE];
	for (int i = 0; i < LOOKS; i++) {
		struct sockaddr_in source;
		socklen_t size = sizeof(source);
		ssize_t count = recvfrom(echo->fd, message, sizeof(message), 0, (struct sockaddr *)&source, &size);
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return -1;
		if (count > 0 && isOwn(echo, message, (size_t)count))
			return (double)ntohl(source.sin_addr.s_addr);
	}
	return -1;
}

void fletcher_echo_read(xsMachine *the)
{
	Echo *echo = echoOf(the);
	xsmcSetNumber(xsResult, echo->fd >= 0 ? receive(echo) : -1);
}

void fletcher_echo_close(xsMachine *the)
{
	Echo *echo = echoOf(the);
	disconnect(echo);
	nativeUnpin(the, &echo->native);
}
