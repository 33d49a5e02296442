#include "address_posix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mappedPrefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static int isMapped(const struct in6_addr *address)
{
	return memcmp(address->s6_addr, mappedPrefix, sizeof(mappedPrefix)) == 0;
}

static uint32_t scopeOf(const char *name)
{
	char *end;
	unsigned long number = strtoul(name, &end, 10);
	if (*name && !*end && number <= UINT32_MAX)
		return (uint32_t)number;
	return if_nametoindex(name);
}

int addressParse(Address *address, const char *text, int port)
{
	char plain[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');
	size_t length = scope ? (size_t)(scope - text) : strlen(text);

	memset(address, 0, sizeof(*address));
	if (port < 0 || port > 65535 || length >= sizeof(plain))
		return 0;
	memcpy(plain, text, length);
	plain[length] = 0;
	if (!scope && inet_pton(AF_INET, plain, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((uint16_t)port);
		return 1;
	}
	if (inet_pton(AF_INET6, plain, &address->v6.sin6_addr) != 1)
		return 0;
	if (!scope && isMapped(&address->v6.sin6_addr)) {
		struct in_addr v4;
		memcpy(&v4, address->v6.sin6_addr.s6_addr + sizeof(mappedPrefix), sizeof(v4));
		memset(address, 0, sizeof(*address));
		address->v4.sin_family = AF_INET;
		address->v4.sin_addr = v4;
		address->v4.sin_port = htons((uint16_t)port);
		return 1;
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons((uint16_t)port);
	if (scope) {
		address->v6.sin6_scope_id = scopeOf(scope + 1);
		if (!address->v6.sin6_scope_id)
			return 0;
	}
	return 1;
}

void addressText(const Address *address, char text[ADDRESS_TEXT])
{
	text[0] = 0;
	if (address->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address->v4.sin_addr, text, ADDRESS_TEXT);
	else if (address->any.sa_family == AF_INET6 && isMapped(&address->v6.sin6_addr))
		inet_ntop(AF_INET, address->v6.sin6_addr.s6_addr + sizeof(mappedPrefix), text, ADDRESS_TEXT);
	else if (address->any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &address->v6.sin6_addr, text, INET6_ADDRSTRLEN)) {
		if (address->v6.sin6_scope_id) {
			size_t length = strlen(text);
			text[length] = '%';
			if (!if_indextoname(address->v6.sin6_scope_id, text + length + 1))
				text[length] = 0;
		}
	}
}

int addressPort(const Address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohs(address->v4.sin_port);
	if (address->any.sa_family == AF_INET6)
		return ntohs(address->v6.sin6_port);
	return 0;
}

socklen_t addressLength(const Address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

int addressEqual(const Address *a, const Address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return 0;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
		memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

void addressWiden(Address *address)
{
	if (address->any.sa_family != AF_INET)
		return;
	Address wide;
	memset(&wide, 0, sizeof(wide));
	wide.v6.sin6_family = AF_INET6;
	wide.v6.sin6_port = address->v4.sin_port;
	memcpy(wide.v6.sin6_addr.s6_addr, mappedPrefix, sizeof(mappedPrefix));
	memcpy(wide.v6.sin6_addr.s6_addr + sizeof(mappedPrefix), &address->v4.sin_addr, sizeof(address->v4.sin_addr));
	*address = wide;
}

int addressSocket(const Address *address, int type)
{
	return socket(address->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int socketError(int fd)
{
	int code = 0;
	socklen_t length = sizeof(code);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
		return errno;
	return code;
}
