/* Numeric IPv4 and IPv6 addresses between text and socket form. */
#ifndef FLETCHER_ADDRESS_POSIX_H
#define FLETCHER_ADDRESS_POSIX_H

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

typedef union {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} Address;

/* Longest text with its end: "fe80::...%interface". */
#define ADDRESS_TEXT (INET6_ADDRSTRLEN + 1 + IF_NAMESIZE)

/* Parses a numeric address; an IPv4 one in IPv6 form ("::ffff:192.0.2.1") becomes plain IPv4. Returns 0 when it is none. */
int addressParse(Address *address, const char *text, int port);

/* Writes the text, IPv4 in IPv6 form as plain IPv4; "" when it is no such address. */
void addressText(const Address *address, char text[ADDRESS_TEXT]);

int addressPort(const Address *address);
socklen_t addressLength(const Address *address);
int addressEqual(const Address *a, const Address *b);

/* An IPv4 address in the form that an IPv6 socket takes. */
void addressWiden(Address *address);

/* A socket of the address's family, non-blocking and closed in child processes. Returns -1 with errno. */
int addressSocket(const Address *address, int type);

/* What failed on a socket since the last time this was asked, as an errno; 0 for nothing. */
int socketError(int fd);

#endif
