/*
 * A lean Arrow v2 service for benchmarks: one device, its first service, and a loopback port for viewers of that.
 * usage: arrow_service CERT_CHAIN KEY
 * Prints the port for the device and, once it has registered, the port for viewers. Ends by SIGTERM, with its parent, and with a
 * line on stderr when the device is gone or breaks a rule. Linux only: epoll, edge-triggered, as changing a watch costs a call.
 */
#define _GNU_SOURCE
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* The longest plaintext of a TLS record (RFC 8446 section 5.1), which is what is sent at once. */
#define RECORD 16384
/* The longest data message towards the device, header included: two fill a record. */
#define MESSAGE 8192
/* Plaintext read before it is passed on: some records, so that a viewer gets them by one call. */
#define INPUT 65536
#define SESSIONS 16
#define LONGEST_WINDOW 65536
#define PIECES 16

/* Arrow v2: header, control messages. */
enum { VERSION = 2, HEADER = 11, CONTROL = 4, REGISTER_FIXED = 44, WINDOW_AT = 38, RECORD_FIXED = 30 };
enum { ACK = 0, PING = 1, REGISTER = 2, HUP = 5, DATA_ACK = 12, CONNECT = 13 };
enum { NO_ERROR = 0, CONNECTION_ERROR = 3 };

typedef enum {
	FREE,
	OPEN,
	ENDING, /* HUP came: the viewer gets what is left, then its end */
	GONE, /* the viewer is: HUP is to be sent */
} State;

typedef struct {
	State state;
	int fd;
	uint32_t id; /* slot in the low bits, a count above: data under way to an old session reaches no new one */
	uint32_t code; /* of the HUP that came or is to be sent */
	bool connected; /* CONNECT is sent */
	bool readable;
	bool last; /* the viewer has ended its direction: no further edge will tell */
	uint32_t credit; /* bytes the device takes */
	uint32_t room; /* bytes the device may send */
	uint32_t accepted; /* by the viewer's socket, not yet acknowledged */
	uint32_t first, held; /* of the bytes the viewer's socket did not take yet */
	uint8_t bytes[LONGEST_WINDOW];
} Session;

static Session sessions[SESSIONS];
static uint32_t generation, turn;

static struct {
	SSL *ssl;
	bool readable, writable;
	uint16_t service; /* 0 until it has registered */
	uint32_t window;
	uint16_t nextId;
	bool asked; /* REGISTER or PING came, whose ACK is to be sent */
	uint32_t request; /* its message id */
} device;

/* Input: messages begin at the front; a data message is passed on as it comes, `left` bytes of its body are still to come. */
static uint8_t input[INPUT];
static size_t have, left;
static uint32_t receiver;
static struct {
	Session *session;
	struct iovec pieces[PIECES];
	int count;
} run; /* neighbouring data of one session, for one call */

static uint8_t output[RECORD];
static size_t outputStart, outputEnd;

static int epoll, listener;

static size_t least(size_t one, size_t other) { return one < other ? one : other; }
static uint32_t get16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }
static uint32_t get24(const uint8_t *at) { return (uint32_t)at[0] << 16 | get16(at + 1); }
static uint32_t get32(const uint8_t *at) { return get16(at) << 16 | get16(at + 2); }

/* Sockets. A tag is a session's slot, or: */
enum { LISTENER = SESSIONS, DEVICE, TAGS };

static void watch(int fd, uint32_t events, uint32_t tag)
{
	struct epoll_event event = { .events = events, .data = { .u32 = tag } };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) err(1, "epoll");
}

/* On a port of loopback, which it prints. */
static void listenForOthers(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, SESSIONS) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		err(1, "no listening socket");
	watch(listener, EPOLLIN, LISTENER);
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
}

static int takeConnection(void)
{
	int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) err(1, "accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* Viewers */

/* What the viewer did not take yet is lost: it is not there to take it. */
static void viewerGone(Session *session, uint32_t code)
{
	close(session->fd);
	session->state = session->state == ENDING ? FREE : GONE;
	session->code = code;
}

/* After HUP and the last byte: FIN for an end, RST for an error. */
static void endViewer(Session *session)
{
	struct linger reset = { .l_onoff = session->code != NO_ERROR, .l_linger = 0 };
	setsockopt(session->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(session->fd);
	session->state = FREE;
}

/* Gives the viewer what its socket takes: that count, or -1 when the viewer is gone. */
static ssize_t give(Session *session, const struct iovec *pieces, int count)
{
	ssize_t taken = writev(session->fd, pieces, count);
	if (taken < 0 && errno == EAGAIN) return 0;
	if (taken < 0) viewerGone(session, CONNECTION_ERROR);
	else session->accepted += (uint32_t)taken;
	return taken;
}

static void giveHeld(Session *session)
{
	struct iovec piece = { .iov_base = session->bytes + session->first, .iov_len = session->held };
	ssize_t taken = give(session, &piece, 1);
	if (taken < 0) return;
	session->first += (uint32_t)taken;
	session->held -= (uint32_t)taken;
	if (session->held == 0 && session->state == ENDING) endViewer(session);
}

static void hold(Session *session, const uint8_t *bytes, size_t length)
{
	if (session->first + session->held + length > sizeof(session->bytes)) {
		memmove(session->bytes, session->bytes + session->first, session->held);
		session->first = 0;
	}
	/* Fits: `room` counts these bytes until they are acknowledged. */
	memcpy(session->bytes + session->first + session->held, bytes, length);
	session->held += (uint32_t)length;
}

static void giveRun(void)
{
	Session *session = run.session;
	run.session = NULL;
	if (!session || session->state != OPEN) return;
	ssize_t taken = session->held == 0 ? give(session, run.pieces, run.count) : 0;
	for (int i = 0; taken >= 0 && i < run.count; i++) {
		struct iovec *piece = &run.pieces[i];
		size_t skip = least((size_t)taken, piece->iov_len);
		taken -= (ssize_t)skip;
		hold(session, (uint8_t *)piece->iov_base + skip, piece->iov_len - skip);
	}
}

static void deliver(Session *session, uint8_t *bytes, size_t length)
{
	if (length > session->room) errx(1, "the device sends more than a window");
	session->room -= (uint32_t)length;
	if (run.session != session || run.count == PIECES) {
		giveRun();
		run.session = session;
		run.count = 0;
	}
	run.pieces[run.count++] = (struct iovec){ .iov_base = bytes, .iov_len = length };
}

/* With no session free the viewer is turned away. */
static void acceptViewer(void)
{
	int fd = takeConnection();
	uint32_t slot = 0;
	while (slot < SESSIONS && sessions[slot].state != FREE) slot++;
	if (slot == SESSIONS) {
		close(fd);
		return;
	}
	Session *session = &sessions[slot];
	memset(session, 0, offsetof(Session, bytes));
	session->state = OPEN;
	session->fd = fd;
	session->id = (++generation * SESSIONS + slot) & 0xffffff;
	session->credit = session->room = device.window;
	watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, slot);
}

/* From the device */

static Session *find(uint32_t id)
{
	Session *session = &sessions[id % SESSIONS];
	return session->state == OPEN && session->id == id ? session : NULL;
}

/* The shape of REGISTER: fixed part, text, records that end in a path, a terminator that ends with the message. */
static void registerDevice(const uint8_t *data, size_t size)
{
	size_t at = REGISTER_FIXED;
	const uint8_t *zero = size > at ? memchr(data + at, 0, size - at) : NULL;
	while (zero) {
		at = (size_t)(zero - data) + 1;
		if (size - at < RECORD_FIXED || (get16(data + at) == 0 && get16(data + at + 2) == 0)) break;
		if (device.service == 0) device.service = (uint16_t)get16(data + at);
		/* The last byte of the fixed part is the zero of an empty path. */
		at += RECORD_FIXED - 1;
		zero = memchr(data + at, 0, size - at);
	}
	if (!zero || size - at != RECORD_FIXED) errx(1, "REGISTER is malformed");
	if (device.service == 0) errx(1, "the device shows no service");
	device.window = get16(data + WINDOW_AT) + 1;
}

/* A control message of the device, `size` bytes behind message id and type. */
static void control(uint32_t id, uint32_t type, const uint8_t *data, size_t size)
{
	if (device.service == 0) {
		if (type != REGISTER || id != 0) errx(1, "the device's first message is not REGISTER");
		registerDevice(data, size);
		listenForOthers();
		type = PING; /* the answer is the same: ACK 0 */
	}
	if (type == PING) {
		if (device.asked) errx(1, "the device sends PINGs without reading the answers");
		device.asked = true;
		device.request = id;
	}
	/* ACKs, tables and reports tell nothing that is needed here. */
	if (type != HUP && type != DATA_ACK) return;
	if (size < 8) errx(1, "a message of type %u is too short", type);
	giveRun();
	Session *session = find(get24(data + 1));
	uint32_t value = get32(data + 4);
	if (session && type == DATA_ACK) {
		if (value > device.window - session->credit) errx(1, "the device acknowledges more than was sent");
		session->credit += value;
	}
	else if (session) {
		session->state = ENDING;
		session->code = value;
		if (session->held == 0) endViewer(session);
	}
}

/* Passes on what the input holds; a piece of a header or of a control message stays. */
static void parse(void)
{
	size_t at = 0;
	for (;;) {
		if (left) {
			size_t length = least(have - at, left);
			/* Data under way when the viewer went has no receiver. */
			Session *session = find(receiver);
			if (session && length) deliver(session, input + at, length);
			at += length;
			left -= length;
			if (left) break;
		}
		if (have - at < HEADER) break;
		const uint8_t *header = input + at;
		size_t size = get32(header + 7);
		if (header[0] != VERSION) errx(1, "version %u of the protocol", header[0]);
		if (get16(header + 1)) {
			if (device.service == 0) errx(1, "data comes before REGISTER");
			receiver = get24(header + 4);
			left = size;
			at += HEADER;
			continue;
		}
		if (size < CONTROL || size > INPUT / 2) errx(1, "a control message of %zu bytes", size);
		if (have - at < HEADER + size) break;
		control(get16(header + HEADER), get16(header + HEADER + 2), header + HEADER + CONTROL, size - CONTROL);
		at += HEADER + size;
	}
	giveRun();
	have -= at;
	memmove(input, input + at, have);
}

/* TLS took or gave nothing: it has to wait, or the connection is over. */
static void checkTls(int result)
{
	int error = SSL_get_error(device.ssl, result);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	errx(1, "TLS: %s", reason ? reason : "the device is gone");
}

static void receive(void)
{
	while (device.readable && have < INPUT) {
		int count = SSL_read(device.ssl, input + have, (int)(INPUT - have));
		device.readable = count > 0;
		if (count > 0) have += (size_t)count;
		else checkTls(count);
	}
	parse();
}

/* To the device */

static uint8_t *put(uint8_t *at, uint32_t value, int size)
{
	for (int i = size - 1; i >= 0; i--, value >>= 8) at[i] = (uint8_t)value;
	return at + size;
}

static uint8_t *putHeader(uint8_t *at, uint32_t service, uint32_t session, size_t size)
{
	return put(put(put(put(at, VERSION, 1), service, 2), session, 4), (uint32_t)size, 4);
}

/* A control message with up to two fields; the output has room for all that one turn can ask for. */
static void putControl(uint32_t id, uint32_t type, uint32_t first, int firstSize, uint32_t second, int secondSize)
{
	uint8_t *at = putHeader(output + outputEnd, 0, 0, (size_t)(CONTROL + firstSize + secondSize));
	at = put(put(at, id, 2), type, 2);
	at = put(put(at, first, firstSize), second, secondSize);
	outputEnd = (size_t)(at - output);
}

static void putControls(void)
{
	if (device.asked) putControl(device.request, ACK, NO_ERROR, 4, 0, 0);
	device.asked = false;
	for (Session *session = sessions; session < sessions + SESSIONS; session++) {
		if (session->state == FREE || session->state == ENDING) continue;
		if (!session->connected) {
			putControl(device.nextId++, CONNECT, device.service, 2, session->id, 4);
			session->connected = true;
		}
		if (session->state == GONE) {
			putControl(device.nextId++, HUP, session->id, 4, session->code, 4);
			session->state = FREE;
		}
		/* Four a window keep the device going and cost it little. */
		else if (session->accepted > 0 && session->accepted >= device.window / 4) {
			putControl(device.nextId++, DATA_ACK, session->id, 4, session->accepted, 4);
			session->room += session->accepted;
			session->accepted = 0;
		}
	}
}

/* Reads from the viewer into messages, straight behind the places of their headers. */
static void putData(Session *session)
{
	uint8_t *at = output + outputEnd;
	size_t space = RECORD - outputEnd, credit = session->credit, asked = 0;
	struct iovec pieces[RECORD / MESSAGE + 1];
	int count = 0;
	while (space > HEADER && credit > 0) {
		size_t length = least(least(space, MESSAGE) - HEADER, credit);
		pieces[count++] = (struct iovec){ .iov_base = at + HEADER, .iov_len = length };
		at += HEADER + length;
		space -= HEADER + length;
		credit -= length;
		asked += length;
	}
	if (count == 0) return;
	ssize_t result = readv(session->fd, pieces, count);
	bool empty = result < 0 && errno == EAGAIN;
	/* Arrow has no half-close: the end of one direction is the session's end. */
	if (result <= 0 && !empty) viewerGone(session, result < 0 ? CONNECTION_ERROR : NO_ERROR);
	size_t got = result > 0 ? (size_t)result : 0;
	if (empty || (got < asked && !session->last)) session->readable = false;
	session->credit -= (uint32_t)got;
	for (int i = 0; i < count && got > 0; i++) {
		size_t length = least(got, pieces[i].iov_len);
		putHeader(output + outputEnd, device.service, session->id, length);
		outputEnd += HEADER + length;
		got -= length;
	}
}

static void fillOutput(void)
{
	/* Messages of a few bytes, for the rest of a window, would cost both sides more than they bring. */
	size_t worth = least(device.window / 4 + 1, MESSAGE - HEADER);
	outputStart = outputEnd = 0;
	putControls();
	turn++;
	for (uint32_t i = 0; i < SESSIONS; i++) {
		Session *session = &sessions[(turn + i) % SESSIONS];
		if (session->state == OPEN && session->readable && session->credit >= worth) putData(session);
	}
	/* A viewer found gone is told of at once, as nothing else may happen for long. */
	if (outputEnd == 0) putControls();
}

static void sendAll(void)
{
	while (device.writable) {
		if (outputStart == outputEnd) fillOutput();
		if (outputEnd == 0) return;
		int count = SSL_write(device.ssl, output + outputStart, (int)(outputEnd - outputStart));
		device.writable = count > 0;
		if (count > 0) outputStart += (size_t)count;
		else checkTls(count);
	}
}

/* The loop */

static SSL_CTX *makeContext(const char *chain, const char *key)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
		SSL_CTX_use_certificate_chain_file(context, chain) != 1 ||
		SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		errx(1, "the certificate or its key: %s", ERR_reason_error_string(ERR_peek_error()));
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Several records by one call. */
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, INPUT);
	return context;
}

static void acceptDevice(SSL_CTX *context)
{
	int fd = takeConnection();
	device.ssl = SSL_new(context);
	if (!device.ssl || SSL_set_fd(device.ssl, fd) != 1) errx(1, "no memory for TLS");
	SSL_set_accept_state(device.ssl);
	watch(fd, EPOLLIN | EPOLLOUT | EPOLLET, DEVICE);
	/* No further one: the next listener is the viewers'. */
	close(listener);
}

static void viewerReady(Session *session, uint32_t events)
{
	if (session->state != OPEN && session->state != ENDING) return;
	if (events & EPOLLERR) {
		/* A reset: what its socket still holds goes nowhere. */
		viewerGone(session, CONNECTION_ERROR);
		return;
	}
	session->last |= (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
	session->readable |= session->last || (events & EPOLLIN) != 0;
	if ((events & EPOLLOUT) && session->held > 0) giveHeld(session);
}

int main(int argc, char **argv)
{
	if (argc != 3) errx(2, "usage: arrow_service CERT_CHAIN KEY");
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	SSL_CTX *context = makeContext(argv[1], argv[2]);
	listenForOthers();
	for (;;) {
		struct epoll_event events[TAGS];
		int count = epoll_wait(epoll, events, TAGS, device.readable ? 0 : -1);
		for (int i = 0; i < count; i++) {
			uint32_t tag = events[i].data.u32;
			if (tag == DEVICE) {
				device.readable = true;
				device.writable |= (events[i].events & EPOLLOUT) != 0;
			}
			else if (tag < SESSIONS)
				viewerReady(&sessions[tag], events[i].events);
			else if (device.ssl)
				acceptViewer();
			else
				acceptDevice(context);
		}
		if (device.readable) receive();
		if (device.service != 0) sendAll();
	}
}
