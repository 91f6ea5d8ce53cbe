/*
 * Where a peer on the local network is, from what it says. A record may hold any
 * address; called is only what can be a neighbour, so that nobody makes this machine
 * knock at others' doors, or its own.
 */
#include "lan_internal.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Below, the system's own services listen. */
#define PORT_MIN 1024

static bool
is_neighbour_v4(AvahiIfIndex interface, uint32_t address,
	const struct own_address *own, size_t own_n)
{
	bool near = false;

	for (size_t i = 0; i < own_n; i++) {
		uint32_t mine = own[i].address.data.ipv4.address;
		uint32_t mask = own[i].mask;
		uint32_t host = ntohl(address & ~mask), all = ntohl(~mask);

		if (own[i].address.proto != AVAHI_PROTO_INET)
			continue;
		if (address == mine)
			return false;
		/* Neither the network itself nor all of it (RFC 3021: in one of
		 * two both are hosts). */
		near |= own[i].interface == interface && mask != 0
			&& (address & mask) == (mine & mask)
			&& (all <= 1 || (host != 0 && host != all));
	}
	return near;
}

static bool
is_neighbour_v6(
	const uint8_t address[16], const struct own_address *own, size_t own_n)
{
	if (address[0] != 0xfe || (address[1] & 0xc0) != 0x80)
		return false;
	for (size_t i = 0; i < own_n; i++)
		if (own[i].address.proto == AVAHI_PROTO_INET6
			&& memcmp(own[i].address.data.ipv6.address, address, 16)
				== 0)
			return false;
	return true;
}

bool
lan_where(struct dlb_tcp_where *out, AvahiIfIndex interface,
	const AvahiAddress *a, uint16_t port, const struct own_address *own,
	size_t own_n)
{
	char text[INET6_ADDRSTRLEN], name[IF_NAMESIZE];

	if (port < PORT_MIN)
		return false;
	*out = (struct dlb_tcp_where){.port = port};
	if (a->proto == AVAHI_PROTO_INET)
		return is_neighbour_v4(
			       interface, a->data.ipv4.address, own, own_n)
			&& inet_ntop(AF_INET, &a->data.ipv4, out->host,
				sizeof(out->host));
	if (a->proto != AVAHI_PROTO_INET6
		|| !is_neighbour_v6(a->data.ipv6.address, own, own_n)
		|| !if_indextoname((unsigned)interface, name)
		|| !inet_ntop(AF_INET6, &a->data.ipv6, text, sizeof(text)))
		return false;
	snprintf(out->host, sizeof(out->host), "%s%%%s", text, name);
	return true;
}
