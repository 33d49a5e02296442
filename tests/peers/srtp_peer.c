/*
 * libsrtp2 as a peer of the tests and the benchmark: AES-GCM with a tag of 16 bytes (RFC 7714), and AES-CM with HMAC-SHA-1-80
 * (RFC 3711).
 *
 *   srtp_peer seal KEY        hexadecimal RTP packets, a line each, come back protected; "refused" for what cannot be
 *   srtp_peer open KEY        the reverse; KEY is the master key and salt in hexadecimal, 28 bytes for AES-128-GCM,
 *                             44 for AES-256-GCM, 30 for AES-CM with HMAC
 *   srtp_peer sink            reads datagrams and forgets them; prints "port N"
 *   srtp_peer send BYTES SECONDS PORT    protects packets of so many bytes of payload and sends them; PORT of this machine
 *   srtp_peer load BYTES PORT            the same until it is killed
 *   srtp_peer receive BYTES SECONDS      reads and unprotects what `load` sends; prints "port N"
 *
 * `send` and `receive` print "begin", "count N" (packets), "processor N" (microseconds, user and system), "end".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <srtp2/srtp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define HEADER 12
#define LONGEST 2048
#define KEY_BYTES 28 /* AES-128: key, and salt of 12 bytes */
#define LONG_KEY_BYTES 44
#define COUNTER_KEY_BYTES 30
#define BATCH 32
#define SSRC 0x00bc614e
/* Packets before the measurement. */
#define WARM 1000

/* A key for the benchmark: any. */
static uint8_t benchKey[KEY_BYTES] = "benchmark, not a secret key";

static void fail(const char *why)
{
	fprintf(stderr, "srtp_peer: %s\n", why);
	exit(1);
}

static srtp_t session(uint8_t *key, int bytes, srtp_ssrc_type_t direction)
{
	srtp_policy_t policy;
	srtp_t made = NULL;
	memset(&policy, 0, sizeof policy);
	if (bytes == KEY_BYTES) srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	else if (bytes == LONG_KEY_BYTES) srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
	else srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	policy.rtcp = policy.rtp;
	policy.ssrc.type = direction;
	policy.key = key;
	policy.window_size = 128;
	if (srtp_init() != srtp_err_status_ok || srtp_create(&made, &policy) != srtp_err_status_ok) fail("this libsrtp2 has no AES-GCM");
	return made;
}

static int unhex(const char *text, uint8_t *to, int limit)
{
	int length = 0;
	unsigned value;
	while (length < limit && sscanf(text + 2 * length, "%2x", &value) == 1) to[length++] = (uint8_t)value;
	return length;
}

/* Lines in, lines out. */
static int convert(char *keyText, int seal)
{
	static char line[2 * LONGEST + 2];
	static union { uint8_t bytes[LONGEST + SRTP_MAX_TRAILER_LEN]; uint32_t aligned; } packet;
	uint8_t key[LONG_KEY_BYTES];
	int keyBytes = unhex(keyText, key, LONG_KEY_BYTES);
	if (keyBytes != KEY_BYTES && keyBytes != LONG_KEY_BYTES && keyBytes != COUNTER_KEY_BYTES) fail("a key has 28, 44 or 30 bytes");
	srtp_t context = session(key, keyBytes, seal ? ssrc_any_outbound : ssrc_any_inbound);
	while (fgets(line, sizeof line, stdin)) {
		int length = unhex(line, packet.bytes, LONGEST);
		srtp_err_status_t status = seal ? srtp_protect(context, packet.bytes, &length) : srtp_unprotect(context, packet.bytes, &length);
		if (status == srtp_err_status_ok) for (int i = 0; i < length; i++) printf("%02x", packet.bytes[i]);
		else printf("refused %d", (int)status);
		printf("\n");
		fflush(stdout);
	}
	return 0;
}

static int bound(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int size = 1 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("no socket");
	getsockname(fd, (struct sockaddr *)&address, &length);
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static int64_t clockTime(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int64_t processorTime(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

/* Counts packets between WARM and the end of the time. */
static struct {
	int64_t count, processor, until, period;
} meter;

static int metered(void)
{
	meter.count++;
	if (meter.count == WARM) {
		printf("begin\n");
		fflush(stdout);
		meter.until = clockTime() + meter.period;
		meter.processor = processorTime();
	}
	if (meter.count % 64 || meter.until == 0 || clockTime() < meter.until) return 1;
	printf("count %lld\nprocessor %lld\nend\n", (long long)(meter.count - WARM), (long long)(processorTime() - meter.processor));
	fflush(stdout);
	return 0;
}

static int sending(int bytes, int seconds, int port)
{
	static union { uint8_t bytes[LONGEST + SRTP_MAX_TRAILER_LEN]; uint32_t aligned; } packet;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
	srtp_t context = session(benchKey, KEY_BYTES, ssrc_any_outbound);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	uint32_t number = 0;
	if (bytes < 1 || bytes > LONGEST - HEADER) fail("bytes of a payload");
	meter.period = seconds * 1000000LL;
	for (;;) {
		/* As a sender does: header and payload are written anew for each packet. */
		int length = HEADER + bytes;
		uint8_t *at = packet.bytes;
		at[0] = 0x80;
		at[1] = 96;
		*(uint16_t *)(at + 2) = htons((uint16_t)number);
		*(uint32_t *)(at + 4) = htonl(number * 960);
		*(uint32_t *)(at + 8) = htonl(SSRC);
		number++;
		if (srtp_protect(context, at, &length) != srtp_err_status_ok) fail("protect");
		sendto(fd, at, (size_t)length, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
		if (seconds > 0 && !metered()) return 0;
	}
}

/* Reads up to 32 datagrams with one call, as Fletcher does. */
static int receiving(int bytes, int seconds, int open)
{
	static union { uint8_t bytes[LONGEST]; uint32_t aligned; } blocks[BATCH];
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_in sources[BATCH];
	srtp_t context = open ? session(benchKey, KEY_BYTES, ssrc_any_inbound) : NULL;
	int fd = bound();
	int64_t failures = 0;
	meter.period = seconds * 1000000LL;
	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		poll(&waiting, 1, -1);
		memset(messages, 0, sizeof messages);
		for (int i = 0; i < BATCH; i++) {
			pieces[i].iov_base = blocks[i].bytes;
			pieces[i].iov_len = LONGEST;
			messages[i].msg_hdr = (struct msghdr){.msg_name = &sources[i], .msg_namelen = sizeof sources[i], .msg_iov = &pieces[i], .msg_iovlen = 1};
		}
		int count = recvmmsg(fd, messages, BATCH, 0, NULL);
		for (int i = 0; open && i < count; i++) {
			int length = (int)messages[i].msg_len;
			if (srtp_unprotect(context, blocks[i].bytes, &length) != srtp_err_status_ok || length != HEADER + bytes) {
				if (++failures > WARM) fail("unprotect");
				continue;
			}
			if (!metered()) return 0;
		}
	}
}

int main(int count, char **words)
{
	const char *mode = count > 1 ? words[1] : "";
	if (count == 3 && !strcmp(mode, "seal")) return convert(words[2], 1);
	if (count == 3 && !strcmp(mode, "open")) return convert(words[2], 0);
	if (count == 2 && !strcmp(mode, "sink")) return receiving(0, 0, 0);
	if (count == 5 && !strcmp(mode, "send")) return sending(atoi(words[2]), atoi(words[3]), atoi(words[4]));
	if (count == 4 && !strcmp(mode, "load")) return sending(atoi(words[2]), 0, atoi(words[3]));
	if (count == 4 && !strcmp(mode, "receive")) return receiving(atoi(words[2]), atoi(words[3]), 1);
	fail("see the head of srtp_peer.c");
}
