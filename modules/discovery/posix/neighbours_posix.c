/*
 * discovery/network: the neighbour table over netlink (rtnetlink(7)). The kernel answers while it is asked, so nothing here waits.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native.h"
#include "mc.xs.h"

/* A record, as in network.d.ts. */
#define RECORD 12
#define FIELD_STATE 4
#define FIELD_MAC 6
#define MAC_SIZE 6

#define STATE_SILENT 0
#define STATE_STALE 1
#define STATE_LIVE 2

#define SOLICIT_SENT 0
#define SOLICIT_AGAIN (-1)
#define SOLICIT_DENIED (-2)

/* The kernel's pieces of a table are no larger. */
#define PIECE 8192

typedef struct {
	int fd; /* -1: closed */
	int dumping; /* more pieces come */
	int whole; /* the table was read to its end */
	uint32_t sequence;
	size_t length; /* of the piece */
	size_t position; /* of the message in it */
	union {
		struct nlmsghdr header;
		uint8_t bytes[PIECE];
	} piece;
} Neighbours;

static void disconnect(Neighbours *table)
{
	if (table->fd >= 0)
		close(table->fd);
	table->fd = -1;
	table->dumping = 0;
}

void fletcher_neighbours_destructor(void *data)
{
	Neighbours *table = data;
	if (!table)
		return;
	disconnect(table);
	free(table);
}

static const xsHostHooks hooks = { fletcher_neighbours_destructor, NULL, NULL };

static Neighbours *tableOf(xsMachine *the)
{
	return xsmcGetHostDataValidate(xsThis, (void *)&hooks);
}

void fletcher_neighbours(xsMachine *the)
{
	Neighbours *table = calloc(1, sizeof(Neighbours));
	if (!table)
		xsUnknownError("no memory");
	table->fd = -1;
	xsmcSetHostData(xsThis, table);
	xsSetHostHooks(xsThis, &hooks);
}

static int connectKernel(Neighbours *table)
{
	if (table->fd < 0)
		table->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	return table->fd >= 0;
}

static int transmit(Neighbours *table, struct nlmsghdr *message)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	message->nlmsg_seq = ++table->sequence;
	ssize_t count;
	do
		count = sendto(table->fd, message, message->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (count < 0 && errno == EINTR);
	return count == (ssize_t)message->nlmsg_len;
}

/* Takes the next piece; what another process sent, or what was cut off, is none. */
static int receive(Neighbours *table)
{
	struct sockaddr_nl source = { 0 };
	struct iovec part = { .iov_base = table->piece.bytes, .iov_len = sizeof(table->piece.bytes) };
	struct msghdr message = { .msg_name = &source, .msg_namelen = sizeof(source), .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t count;
	do
		count = recvmsg(table->fd, &message, 0);
	while (count < 0 && errno == EINTR);
	table->position = 0;
	table->length = count > 0 ? (size_t)count : 0;
	return count > 0 && source.nl_pid == 0 && !(message.msg_flags & MSG_TRUNC);
}

void fletcher_neighbours_open(xsMachine *the)
{
	Neighbours *table = tableOf(the);
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
	} request;
	memset(&request, 0, sizeof(request));
	request.header.nlmsg_len = sizeof(request);
	request.header.nlmsg_type = RTM_GETNEIGH;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request.body.ndm_family = AF_INET;
	/* What is left of a table that was not read to its end goes with its socket. */
	if (!table->whole)
		disconnect(table);
	table->whole = 0;
	table->length = table->position = 0;
	table->dumping = connectKernel(table) && transmit(table, &request.header);
	xsmcSetBoolean(xsResult, table->dumping);
}

static uint8_t stateOf(unsigned state)
{
	if (state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP))
		return STATE_LIVE;
	return state & (NUD_STALE | NUD_DELAY | NUD_PROBE) ? STATE_STALE : STATE_SILENT;
}

/* Writes what a message tells of a neighbour; 0 when it tells of none. */
static int putRecord(uint8_t *record, struct nlmsghdr *message)
{
	struct ndmsg *neighbour = NLMSG_DATA(message);
	int known = 0;
	if (message->nlmsg_type != RTM_NEWNEIGH || message->nlmsg_len < NLMSG_LENGTH(sizeof(*neighbour)) || neighbour->ndm_family != AF_INET)
		return 0;
	memset(record, 0, RECORD);
	record[FIELD_STATE] = stateOf(neighbour->ndm_state);
	struct rtattr *attribute = (void *)((uint8_t *)neighbour + NLMSG_ALIGN(sizeof(*neighbour)));
	int rest = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof(*neighbour)));
	for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest)) {
		if (attribute->rta_type == NDA_DST && RTA_PAYLOAD(attribute) == 4) {
			memcpy(record, RTA_DATA(attribute), 4);
			known = 1;
		} else if (attribute->rta_type == NDA_LLADDR && RTA_PAYLOAD(attribute) == MAC_SIZE && record[FIELD_STATE] != STATE_SILENT)
			memcpy(record + FIELD_MAC, RTA_DATA(attribute), MAC_SIZE);
	}
	return known;
}

/* Ends a dump: when it is not whole, what the kernel may still send of it goes with the socket. */
static void finish(Neighbours *table, int whole)
{
	table->dumping = 0;
	table->whole = whole;
	if (!whole)
		disconnect(table);
}

/* "Done" carries 0, or the kernel's reason why there is no more. */
static int doneWell(struct nlmsghdr *message)
{
	int32_t code = 0;
	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(code)))
		memcpy(&code, NLMSG_DATA(message), sizeof(code));
	return message->nlmsg_type == NLMSG_DONE && code >= 0;
}

/* The next message of the dump; NULL behind the last, and when it breaks off: cut, refused, or the table changed under it. */
static struct nlmsghdr *nextMessage(Neighbours *table)
{
	while (table->dumping) {
		struct nlmsghdr *message = (void *)(table->piece.bytes + table->position);
		size_t rest = table->length - table->position;
		if (rest < sizeof(*message) || !NLMSG_OK(message, rest)) {
			if (!receive(table))
				finish(table, 0);
			continue;
		}
		size_t step = NLMSG_ALIGN(message->nlmsg_len);
		table->position += step < rest ? step : rest;
		if (message->nlmsg_seq != table->sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			finish(table, 0);
		else if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			finish(table, doneWell(message));
		else
			return message;
	}
	return NULL;
}

void fletcher_neighbours_next(xsMachine *the)
{
	Neighbours *table = tableOf(the);
	void *data;
	xsUnsignedValue size;
	struct nlmsghdr *message;
	int found = 0;
	nativeNeed(the, 2);
	xsIntegerValue offset = xsmcToInteger(xsArg(1));
	xsmcGetBufferWritable(xsArg(0), &data, &size);
	if (offset < 0 || size < RECORD || (xsUnsignedValue)offset > size - RECORD)
		xsRangeError("offset %d: no room for a record in a buffer of %u bytes", (int)offset, (unsigned)size);
	while (!found && (message = nextMessage(table)))
		found = putRecord((uint8_t *)data + offset, message);
	xsmcSetBoolean(xsResult, found);
}

/* "Use" of a neighbour makes the kernel resolve it: it sends ARP requests and nothing else. */
static int solicit(Neighbours *table, int index, uint32_t address)
{
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
		struct rtattr attribute;
		uint32_t address;
	} request;
	memset(&request, 0, sizeof(request));
	request.header.nlmsg_len = sizeof(request);
	request.header.nlmsg_type = RTM_NEWNEIGH;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
	request.body.ndm_family = AF_INET;
	request.body.ndm_ifindex = index;
	request.body.ndm_state = NUD_NONE;
	request.body.ndm_flags = NTF_USE;
	request.attribute.rta_type = NDA_DST;
	request.attribute.rta_len = RTA_LENGTH(sizeof(address));
	request.address = htonl(address);
	if (!connectKernel(table))
		return SOLICIT_DENIED;
	if (!transmit(table, &request.header))
		return errno == ENOBUFS || errno == EAGAIN ? SOLICIT_AGAIN : SOLICIT_DENIED;
	while (receive(table)) {
		struct nlmsgerr *answer = NLMSG_DATA(&table->piece.header);
		if (table->length < NLMSG_LENGTH(sizeof(*answer)) || table->piece.header.nlmsg_type != NLMSG_ERROR)
			return SOLICIT_DENIED;
		if (table->piece.header.nlmsg_seq != table->sequence)
			continue;
		if (answer->error == -ENOBUFS || answer->error == -ENOMEM)
			return SOLICIT_AGAIN;
		return answer->error ? SOLICIT_DENIED : SOLICIT_SENT;
	}
	return SOLICIT_DENIED;
}

void fletcher_neighbours_solicit(xsMachine *the)
{
	Neighbours *table = tableOf(the);
	nativeNeed(the, 2);
	int index = xsmcToInteger(xsArg(0));
	double address = xsmcToNumber(xsArg(1));
	int known = index > 0 && address >= 0 && address <= 0xffffffffu && !table->dumping;
	xsmcSetInteger(xsResult, known ? solicit(table, index, (uint32_t)address) : SOLICIT_DENIED);
}

void fletcher_neighbours_get_whole(xsMachine *the)
{
	xsmcSetBoolean(xsResult, tableOf(the)->whole);
}

void fletcher_neighbours_close(xsMachine *the)
{
	disconnect(tableOf(the));
}
