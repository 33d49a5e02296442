/* net/datagram: a UDP endpoint whose peers are places of a table that is laid out when it is made. */
#define _GNU_SOURCE /* recvmmsg, sendmmsg */
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "address_posix.h"
#include "error_name.h"
#include "loop.h"
#include "native.h"
#include "mc.xs.h"

#define STATUS_AGAIN (-1)
#define STATUS_NO_MEMORY (-2)
#define STATUS_FAILED (-3)

#define WANT_BOTH 3
#define DEFAULT_PEERS 8
#define MOST_PEERS 256
/* Reports of the network taken at a time. */
#define MOST_REPORTS 32
/* Datagrams of one call of readMany, and what a script's table says of each: where it goes; its length, its source. */
#define MOST_AT_ONCE 32
#define ROW 3
/* What a script's table says of each datagram of writeMany: where it lies, its length, its peer, its traffic class. */
#define WRITE_ROW 4

typedef struct {
	Address address; /* family 0: a free place */
	uint64_t used; /* count of the last datagram from or to it */
	uint8_t pinned;
} Peer;

typedef struct {
	Native native;
	xsSlot onReadable;
	xsSlot onWritable;
	LoopWatch watch;
	int fd;
	int family;
	int source;
	int last; /* place of the last source: the next datagram is mostly from it */
	uint32_t truncated;
	uint32_t errors;
	uint64_t uses;
	uint8_t callbacks;
	uint8_t wanted;
	int count;
	Peer peers[];
} Datagram;

void fletcher_datagram_destructor(void *data)
{
	Datagram *datagram = data;
	if (!datagram)
		return;
	loopRemove(&datagram->watch);
	if (datagram->fd >= 0)
		close(datagram->fd);
	datagram->fd = -1;
	nativeFree(&datagram->native);
}

static void mark(xsMachine *the, void *data, xsMarkRoot markRoot)
{
	Datagram *datagram = data;
	(*markRoot)(the, &datagram->onReadable);
	(*markRoot)(the, &datagram->onWritable);
}

static const xsHostHooks hooks = { fletcher_datagram_destructor, mark, NULL };

static Datagram *datagramOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

static unsigned asked(const Datagram *datagram)
{
	return datagram->wanted & datagram->callbacks;
}

/* Takes reports of the network about what was sent (ICMP) and counts them: one that is left wakes the loop at every turn. */
static int takeReports(Datagram *datagram)
{
	int count = 0;
	char byte; /* qemu gives back 0 at once for a message without room */
	struct iovec part = { &byte, sizeof(byte) };
	struct msghdr message;
	memset(&message, 0, sizeof(message));
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	while (count < MOST_REPORTS && recvmsg(datagram->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
		count++;
	if (socketError(datagram->fd) && !count)
		count++;
	datagram->errors += (uint32_t)count;
	return count;
}

/* Whether a call that failed is to be made again: it was interrupted, or what failed is something sent before. */
static int again(Datagram *datagram, int *reports)
{
	int code = errno;
	if (code == EINTR)
		return 1;
	if (code == EAGAIN || code == EWOULDBLOCK || code == ENOMEM || code == ENOBUFS || *reports)
		return 0;
	*reports = takeReports(datagram);
	errno = code;
	return *reports;
}

static void ready(LoopWatch *watch, unsigned events)
{
	Datagram *datagram = nativeOwner(Datagram, watch, watch);
	nativeEnter(&datagram->native);
	if (events & LOOP_ERROR)
		takeReports(datagram);
	if (events & asked(datagram) & LOOP_READ)
		callScript(datagram->native.the, &datagram->onReadable, &datagram->native.self);
	if (datagram->fd >= 0 && (events & asked(datagram) & LOOP_WRITE))
		callScript(datagram->native.the, &datagram->onWritable, &datagram->native.self);
	nativeLeave(&datagram->native);
}

/* Opens, binds and watches. Returns 0 or an errno. */
static int serve(Datagram *datagram, const Address *address, int receiveBuffer)
{
	int off = 0;
	int on = 1;
	datagram->fd = addressSocket(address, SOCK_DGRAM);
	if (datagram->fd < 0)
		return errno;
	if (address->any.sa_family == AF_INET6)
		setsockopt(datagram->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* Where the host cannot report what became of packets, nobody is told. */
	setsockopt(datagram->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	if (address->any.sa_family == AF_INET6)
		setsockopt(datagram->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	if (receiveBuffer)
		setsockopt(datagram->fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof(receiveBuffer));
	if (bind(datagram->fd, &address->any, addressLength(address)) < 0)
		return errno;
	datagram->family = address->any.sa_family;
	return loopAdd(&datagram->watch, datagram->fd, asked(datagram), ready);
}

void fletcher_datagram(xsMachine *the)
{
	char text[ADDRESS_TEXT] = "0.0.0.0";
	Address address;
	nativeNeed(the, 1);
	xsmcVars(1);
	int peers = nativeInteger(the, xsID_peers, "peers", DEFAULT_PEERS, 1, MOST_PEERS);
	Datagram *datagram = nativeNew(the, sizeof(Datagram) + (size_t)peers * sizeof(Peer), &hooks);
	datagram->fd = -1;
	datagram->source = -1;
	datagram->count = peers;
	datagram->wanted = LOOP_READ;
	if (nativeCallback(the, xsID_onReadable, &datagram->onReadable))
		datagram->callbacks |= LOOP_READ;
	if (nativeCallback(the, xsID_onWritable, &datagram->onWritable))
		datagram->callbacks |= LOOP_WRITE;
	int port = nativeInteger(the, xsID_port, "port", 0, 0, 65535);
	int receiveBuffer = nativeInteger(the, xsID_receiveBuffer, "receiveBuffer", 0, 0, 0x7fffffff);
	xsmcGet(xsVar(0), xsArg(0), xsID_address);
	int known = xsmcTypeOf(xsVar(0)) == xsUndefinedType || nativeText(the, &xsVar(0), text, sizeof(text));
	if (!known || !addressParse(&address, text, port))
		xsUnknownError("cannot open datagrams on \"%s\" port %d: not a numeric address", text, port);
	int code = serve(datagram, &address, receiveBuffer);
	if (code && datagram->fd >= 0) {
		close(datagram->fd);
		datagram->fd = -1;
	}
	if (code)
		xsUnknownError("cannot open datagrams on %s port %d: %s (%s)", text, port, strerror(code), errorName(code));
	nativePin(the, &datagram->native, &xsThis);
}

/* Place of an address, or a place for it: a free one, else the longest unused that is not pinned; -1 when all are pinned. */
static int placeOf(Datagram *datagram, const Address *address)
{
	int place = -1;
	if (addressEqual(&datagram->peers[datagram->last].address, address))
		place = datagram->last;
	else {
		for (int i = 0; i < datagram->count; i++) {
			Peer *peer = &datagram->peers[i];
			if (addressEqual(&peer->address, address)) {
				place = i;
				break;
			}
			/* A free place was used at 0, before all others. */
			if (!peer->pinned && (place < 0 || peer->used < datagram->peers[place].used))
				place = i;
		}
	}
	if (place < 0)
		return -1;
	datagram->peers[place].address = *address;
	datagram->peers[place].used = ++datagram->uses;
	datagram->last = place;
	return place;
}

/* What a call that gave -1 means. */
static int failure(Datagram *datagram)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return STATUS_AGAIN;
	if (errno == ENOMEM || errno == ENOBUFS)
		return STATUS_NO_MEMORY;
	datagram->errors++;
	return STATUS_FAILED;
}

static int receive(Datagram *datagram, uint8_t *data, size_t length)
{
	Address address;
	struct iovec part = { .iov_base = data, .iov_len = length };
	struct msghdr message;
	ssize_t count;
	int reports = 0;
	datagram->source = -1;
	memset(&address, 0, sizeof(address));
	do {
		memset(&message, 0, sizeof(message));
		message.msg_name = &address;
		message.msg_namelen = sizeof(address);
		message.msg_iov = &part;
		message.msg_iovlen = 1;
		count = recvmsg(datagram->fd, &message, 0);
	} while (count < 0 && again(datagram, &reports));
	if (count < 0)
		return failure(datagram);
	if (message.msg_flags & MSG_TRUNC)
		datagram->truncated++;
	datagram->source = placeOf(datagram, &address);
	return (int)count;
}

void fletcher_datagram_read(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	uint32_t length;
	uint8_t *data = nativeSpan(the, 0, 1, &length);
	xsmcSetInteger(xsResult, datagram ? receive(datagram, data, length) : STATUS_FAILED);
}

/*
 * Datagrams read in one call, so that each has its own place: those that came first keep it while the handler answers them,
 * and it may ask for one place more.
 */
static int atOnce(const Datagram *datagram, int wanted)
{
	int free = -1;
	for (int i = 0; i < datagram->count && free < wanted; i++)
		free += !datagram->peers[i].pinned;
	return free < 1 ? 1 : free < wanted ? free : wanted;
}

#ifdef __linux__

static int receiveMany(Datagram *datagram, uint8_t *data, int32_t *table, int wanted, size_t limit)
{
	Address addresses[MOST_AT_ONCE];
	struct iovec parts[MOST_AT_ONCE];
	struct mmsghdr messages[MOST_AT_ONCE];
	int count;
	int reports = 0;
	memset(addresses, 0, (size_t)wanted * sizeof(Address));
	memset(messages, 0, (size_t)wanted * sizeof(struct mmsghdr));
	for (int i = 0; i < wanted; i++) {
		struct msghdr *header = &messages[i].msg_hdr;
		parts[i] = (struct iovec){ .iov_base = data + table[i * ROW], .iov_len = limit };
		header->msg_name = &addresses[i];
		header->msg_namelen = sizeof(Address);
		header->msg_iov = &parts[i];
		header->msg_iovlen = 1;
	}
	do
		count = recvmmsg(datagram->fd, messages, (unsigned)wanted, 0, NULL);
	while (count < 0 && again(datagram, &reports));
	if (count < 0)
		return failure(datagram);
	for (int i = 0; i < count; i++) {
		if (messages[i].msg_hdr.msg_flags & MSG_TRUNC)
			datagram->truncated++;
		table[i * ROW + 1] = (int32_t)messages[i].msg_len;
		table[i * ROW + 2] = placeOf(datagram, &addresses[i]);
	}
	return count;
}

#else

static int receiveMany(Datagram *datagram, uint8_t *data, int32_t *table, int wanted, size_t limit)
{
	for (int i = 0; i < wanted; i++) {
		int length = receive(datagram, data + table[i * ROW], limit);
		if (length < 0)
			return i > 0 ? i : length;
		table[i * ROW + 1] = length;
		table[i * ROW + 2] = datagram->source;
	}
	return wanted;
}

#endif

void fletcher_datagram_readMany(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	void *data, *table;
	xsUnsignedValue size, tableSize;
	nativeNeed(the, 4);
	int wanted = xsmcToInteger(xsArg(2));
	int limit = xsmcToInteger(xsArg(3));
	xsmcGetBufferWritable(xsArg(0), &data, &size);
	xsmcGetBufferWritable(xsArg(1), &table, &tableSize);
	if (wanted < 1 || wanted > MOST_AT_ONCE || (xsUnsignedValue)wanted * ROW * sizeof(int32_t) > tableSize)
		xsRangeError("%d datagrams: 1 to %d, with %d words of the table each", wanted, MOST_AT_ONCE, ROW);
	for (int i = 0; i < wanted; i++) {
		int32_t offset = ((int32_t *)table)[i * ROW];
		if (offset < 0 || limit < 0 || (xsUnsignedValue)offset > size || (xsUnsignedValue)limit > size - (xsUnsignedValue)offset)
			xsRangeError("offset %d, length %d outside a buffer of %u bytes", (int)offset, limit, (unsigned)size);
	}
	xsmcSetInteger(xsResult,
		datagram ? receiveMany(datagram, data, table, atOnce(datagram, wanted), (size_t)limit) : STATUS_FAILED);
}

/* The peer of a number that a script gave; NULL when there is none. */
static Peer *peerOf(Datagram *datagram, int place)
{
	if (!datagram || place < 0 || place >= datagram->count || datagram->peers[place].address.any.sa_family == 0)
		return NULL;
	return &datagram->peers[place];
}

/* Room for the control message that holds a traffic class. */
typedef union {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
} ClassMessage;

/* Marks a message with a traffic class (RFC 2474: DSCP << 2); IPv4 peers of an IPv6 socket are marked as IPv4. */
static void classify(struct msghdr *message, ClassMessage *control, const Address *address, int trafficClass)
{
	int plain = address->any.sa_family != AF_INET6 || IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = sizeof(control->bytes);
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	header->cmsg_level = plain ? IPPROTO_IP : IPPROTO_IPV6;
	header->cmsg_type = plain ? IP_TOS : IPV6_TCLASS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &trafficClass, sizeof(int));
}

/* Fills in a message for a peer; trafficClass 0: the host's own. */
static void addressTo(struct msghdr *message, struct iovec *part, ClassMessage *control, Peer *peer, int trafficClass)
{
	memset(message, 0, sizeof(*message));
	message->msg_name = &peer->address;
	message->msg_namelen = addressLength(&peer->address);
	message->msg_iov = part;
	message->msg_iovlen = 1;
	if (trafficClass)
		classify(message, control, &peer->address, trafficClass);
}

static ssize_t sendOne(Datagram *datagram, const uint8_t *data, size_t length, Peer *peer, int trafficClass)
{
	ClassMessage control;
	struct msghdr message;
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = length };
	if (!trafficClass)
		return sendto(datagram->fd, data, length, MSG_NOSIGNAL, &peer->address.any, addressLength(&peer->address));
	addressTo(&message, &part, &control, peer, trafficClass);
	return sendmsg(datagram->fd, &message, MSG_NOSIGNAL);
}

static int transmit(Datagram *datagram, const uint8_t *data, size_t length, int place, int trafficClass)
{
	Peer *peer = peerOf(datagram, place);
	ssize_t count;
	int reports = 0;
	if (!peer) {
		datagram->errors++;
		return STATUS_FAILED;
	}
	peer->used = ++datagram->uses;
	do
		count = sendOne(datagram, data, length, peer, trafficClass);
	while (count < 0 && again(datagram, &reports));
	return count < 0 ? failure(datagram) : (int)count;
}

void fletcher_datagram_write(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	uint32_t length;
	nativeNeed(the, 4);
	int place = xsmcToInteger(xsArg(3));
	int trafficClass = (int)xsmcArgc > 4 ? xsmcToInteger(xsArg(4)) & 0xff : 0;
	uint8_t *data = nativeSpan(the, 0, 0, &length);
	xsmcSetInteger(xsResult, datagram ? transmit(datagram, data, length, place, trafficClass) : STATUS_FAILED);
}

#ifdef __linux__

static int transmitMany(Datagram *datagram, uint8_t *data, const int32_t *table, int wanted)
{
	ClassMessage controls[MOST_AT_ONCE];
	struct iovec parts[MOST_AT_ONCE];
	struct mmsghdr messages[MOST_AT_ONCE];
	int count;
	int known = 0;
	int reports = 0;
	for (; known < wanted; known++, table += WRITE_ROW) {
		Peer *peer = peerOf(datagram, table[2]);
		if (!peer)
			break;
		peer->used = ++datagram->uses;
		parts[known] = (struct iovec){ .iov_base = data + table[0], .iov_len = (size_t)table[1] };
		addressTo(&messages[known].msg_hdr, &parts[known], &controls[known], peer, table[3] & 0xff);
	}
	if (known == 0) {
		datagram->errors++;
		return STATUS_FAILED;
	}
	do
		count = sendmmsg(datagram->fd, messages, (unsigned)known, MSG_NOSIGNAL);
	while (count < 0 && again(datagram, &reports));
	return count < 0 ? failure(datagram) : count;
}

#else

static int transmitMany(Datagram *datagram, uint8_t *data, const int32_t *table, int wanted)
{
	for (int i = 0; i < wanted; i++, table += WRITE_ROW) {
		int result = transmit(datagram, data + table[0], (size_t)table[1], table[2], table[3] & 0xff);
		if (result < 0)
			return i > 0 ? i : result;
	}
	return wanted;
}

#endif

void fletcher_datagram_writeMany(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	void *data, *table;
	xsUnsignedValue size, tableSize;
	nativeNeed(the, 3);
	int wanted = xsmcToInteger(xsArg(2));
	xsmcGetBufferReadable(xsArg(0), &data, &size);
	xsmcGetBufferReadable(xsArg(1), &table, &tableSize);
	if (wanted < 1 || wanted > MOST_AT_ONCE || (xsUnsignedValue)wanted * WRITE_ROW * sizeof(int32_t) > tableSize)
		xsRangeError("%d datagrams: 1 to %d, with %d words of the table each", wanted, MOST_AT_ONCE, WRITE_ROW);
	for (int i = 0; i < wanted; i++) {
		int32_t offset = ((int32_t *)table)[i * WRITE_ROW];
		int32_t length = ((int32_t *)table)[i * WRITE_ROW + 1];
		if (offset < 0 || length < 0 || (xsUnsignedValue)offset > size || (xsUnsignedValue)length > size - (xsUnsignedValue)offset)
			xsRangeError("offset %d, length %d outside a buffer of %u bytes", (int)offset, (int)length, (unsigned)size);
	}
	xsmcSetInteger(xsResult, datagram ? transmitMany(datagram, data, table, wanted) : STATUS_FAILED);
}

void fletcher_datagram_peer(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	char text[ADDRESS_TEXT];
	Address address;
	int place = -1;
	nativeNeed(the, 2);
	int port = xsmcToInteger(xsArg(1));
	if (nativeText(the, &xsArg(0), text, sizeof(text)) && datagram && port > 0 && addressParse(&address, text, port)) {
		if (datagram->family == AF_INET6)
			addressWiden(&address);
		if (address.any.sa_family == datagram->family)
			place = placeOf(datagram, &address);
	}
	if (place >= 0)
		datagram->peers[place].pinned = 1;
	xsmcSetInteger(xsResult, place);
}

void fletcher_datagram_forget(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	nativeNeed(the, 1);
	Peer *peer = peerOf(datagram, xsmcToInteger(xsArg(0)));
	if (peer)
		peer->pinned = 0;
}

void fletcher_datagram_peerAddress(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	char text[ADDRESS_TEXT] = "";
	nativeNeed(the, 1);
	Peer *peer = peerOf(datagram, xsmcToInteger(xsArg(0)));
	if (peer)
		addressText(&peer->address, text);
	xsmcSetString(xsResult, text);
}

void fletcher_datagram_peerPort(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	nativeNeed(the, 1);
	Peer *peer = peerOf(datagram, xsmcToInteger(xsArg(0)));
	xsmcSetInteger(xsResult, peer ? addressPort(&peer->address) : 0);
}

void fletcher_datagram_want(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	nativeNeed(the, 1);
	int events = xsmcToInteger(xsArg(0)) & WANT_BOTH;
	if (!datagram)
		return;
	datagram->wanted = (uint8_t)events;
	loopChange(&datagram->watch, asked(datagram));
}

void fletcher_datagram_close(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	if (!datagram)
		return;
	xsmcSetHostData(xsThis, NULL);
	nativeUnpin(the, &datagram->native);
	fletcher_datagram_destructor(datagram);
}

void fletcher_datagram_get_source(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	xsmcSetInteger(xsResult, datagram ? datagram->source : -1);
}

void fletcher_datagram_get_port(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	Address address;
	socklen_t length = sizeof(address);
	memset(&address, 0, sizeof(address));
	if (datagram)
		getsockname(datagram->fd, &address.any, &length);
	xsmcSetInteger(xsResult, addressPort(&address));
}

void fletcher_datagram_get_truncated(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	xsmcSetInteger(xsResult, datagram ? (xsIntegerValue)(datagram->truncated & 0x7fffffff) : 0);
}

void fletcher_datagram_get_errors(xsMachine *the)
{
	Datagram *datagram = datagramOf(the);
	xsmcSetInteger(xsResult, datagram ? (xsIntegerValue)(datagram->errors & 0x7fffffff) : 0);
}
