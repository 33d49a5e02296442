/* discovery/network: the host's interfaces with their IPv4 addresses. */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>

#include "native.h"
#include "mc.xs.h"

/* A record, as in network.d.ts. */
#define RECORD 32
#define FIELD_ADDRESS 16
#define FIELD_PREFIX 20
#define FIELD_FLAGS 21
#define FIELD_MAC 22
#define FIELD_INDEX 28
#define NAME_SIZE 16

#define FLAG_UP 1
#define FLAG_LOOPBACK 2
#define FLAG_ARP 4

#define MAC_SIZE 6

static int flagsOf(unsigned flags)
{
	int result = 0;
	if ((flags & IFF_UP) && (flags & IFF_RUNNING))
		result |= FLAG_UP;
	if (flags & IFF_LOOPBACK)
		result |= FLAG_LOOPBACK;
	if ((flags & IFF_BROADCAST) && !(flags & (IFF_NOARP | IFF_LOOPBACK | IFF_POINTOPOINT)))
		result |= FLAG_ARP;
	return result;
}

static uint8_t prefixOf(const struct sockaddr *mask)
{
	uint8_t prefix = 0;
	if (!mask)
		return 32;
	for (uint32_t bits = ntohl(((const struct sockaddr_in *)(const void *)mask)->sin_addr.s_addr); bits & 0x80000000u; bits <<= 1)
		prefix++;
	return prefix;
}

/* The link's own entry of the list holds MAC and index. An alias ("eth0:1") has none of its own. */
static void putLink(uint8_t *record, const struct ifaddrs *list, const char *name)
{
	size_t length = strcspn(name, ":");
	for (; list; list = list->ifa_next) {
		if (!list->ifa_addr || list->ifa_addr->sa_family != AF_PACKET)
			continue;
		if (strncmp(list->ifa_name, name, length) != 0 || list->ifa_name[length])
			continue;
		const struct sockaddr_ll *link = (const void *)list->ifa_addr;
		uint32_t index = htonl((uint32_t)link->sll_ifindex);
		if (link->sll_halen == MAC_SIZE)
			memcpy(record + FIELD_MAC, link->sll_addr, MAC_SIZE);
		memcpy(record + FIELD_INDEX, &index, sizeof(index));
		return;
	}
}

static void putRecord(uint8_t *record, const struct ifaddrs *list, const struct ifaddrs *entry)
{
	const struct sockaddr_in *address = (const void *)entry->ifa_addr;
	memset(record, 0, RECORD);
	memcpy(record, entry->ifa_name, strnlen(entry->ifa_name, NAME_SIZE));
	memcpy(record + FIELD_ADDRESS, &address->sin_addr.s_addr, sizeof(address->sin_addr.s_addr));
	record[FIELD_PREFIX] = prefixOf(entry->ifa_netmask);
	record[FIELD_FLAGS] = (uint8_t)flagsOf(entry->ifa_flags);
	putLink(record, list, entry->ifa_name);
}

void fletcher_network_interfaces(xsMachine *the)
{
	struct ifaddrs *list = NULL;
	uint32_t room;
	uint32_t used = 0;
	uint8_t *data = nativeSpan(the, 0, 1, &room);
	if (getifaddrs(&list) == 0) {
		for (const struct ifaddrs *entry = list; entry && room - used >= RECORD; entry = entry->ifa_next) {
			if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET)
				continue;
			putRecord(data + used, list, entry);
			used += RECORD;
		}
		freeifaddrs(list);
	}
	xsmcSetInteger(xsResult, (xsIntegerValue)(used / RECORD));
}
