/*
 * Hosts and ports as a person types them, and addresses as the kernel has them.
 */
#include "tcp_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static enum dlb_status
not_a_host(const char *text, const char *why, struct dlb_error *err)
{
	char shown[128];

	dlb_printable(shown, sizeof(shown), text, strlen(text));
	return dlb_fail(err, DLB_USAGE,
		"\"%s\" %s: name a host as in example.org, 192.168.1.20, "
		"192.168.1.20:%u or [fe80::1%%eth0]:%u",
		shown, why, DLB_TCP_PORT, DLB_TCP_PORT);
}

static bool
parse_port(uint16_t *out, const char *text)
{
	uint32_t port = 0;
	size_t n = 0;

	for (; text[n] >= '0' && text[n] <= '9' && n < 5; n++)
		port = port * 10 + (uint32_t)(text[n] - '0');
	if (n == 0 || text[n] != '\0' || port == 0 || port > 65535)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* What names and addresses are made of; anything else is a slip. */
static bool
host_valid(const char *host)
{
	for (const char *p = host; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '/'
			|| *p == '@' || *p == '[' || *p == ']')
			return false;
	return host[0] != '\0' && host[0] != '-';
}

enum dlb_status
dlb_tcp_parse(
	struct dlb_tcp_where *out, const char *text, struct dlb_error *err)
{
	struct dlb_tcp_where where = {.port = DLB_TCP_PORT};
	const char *host = text, *end = text + strlen(text), *port = NULL;
	const char *colon = strrchr(text, ':');

	if (text[0] == '[') {
		host = text + 1;
		end = strchr(host, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return not_a_host(text, "has no end of its [ ]", err);
		if (end[1] == ':')
			port = end + 2;
		/* Of which each has two colons at least. */
		if (memchr(host, ':', (size_t)(end - host))
			== memrchr(host, ':', (size_t)(end - host)))
			return not_a_host(
				text, "has no IPv6 address in its [ ]", err);
	} else if (colon && strchr(text, ':') == colon) {
		end = colon;
		port = colon + 1;
	}
	if (end - host > DLB_TCP_HOST_MAX)
		return not_a_host(text, "is too long", err);
	memcpy(where.host, host, (size_t)(end - host));
	if (!host_valid(where.host))
		return not_a_host(text, "is no host", err);
	if (port && !parse_port(&where.port, port))
		return not_a_host(
			text, "has a port that is not 1 to 65535", err);
	*out = where;
	return DLB_OK;
}

void
dlb_tcp_text(char out[static DLB_TCP_WHERE_MAX + 1],
	const struct dlb_tcp_where *where)
{
	bool v6 = strchr(where->host, ':') != NULL;

	if (where->port == DLB_TCP_PORT)
		snprintf(out, DLB_TCP_WHERE_MAX + 1, "%s", where->host);
	else
		snprintf(out, DLB_TCP_WHERE_MAX + 1, v6 ? "[%s]:%u" : "%s:%u",
			where->host, where->port);
}

bool
address_parse(struct address *out, const struct dlb_tcp_where *where)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *list;
	char port[8];
	bool fits;

	snprintf(port, sizeof(port), "%u", where->port);
	if (getaddrinfo(where->host, port, &hints, &list) != 0)
		return false;
	fits = list->ai_addrlen <= sizeof(out->addr);
	if (fits) {
		*out = (struct address){.len = list->ai_addrlen};
		memcpy(&out->addr, list->ai_addr, list->ai_addrlen);
	}
	freeaddrinfo(list);
	return fits;
}

void
address_where(struct dlb_tcp_where *out, const struct address *address)
{
	const struct sockaddr_in6 *v6 =
		(const struct sockaddr_in6 *)&address->addr;
	const struct sockaddr_in *v4 =
		(const struct sockaddr_in *)&address->addr;

	*out = (struct dlb_tcp_where){0};
	if (address->addr.ss_family == AF_INET)
		out->port = ntohs(v4->sin_port);
	else if (address->addr.ss_family == AF_INET6)
		out->port = ntohs(v6->sin6_port);
	if (address->addr.ss_family == AF_INET6
		&& IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out->host,
			sizeof(out->host));
	else if (getnameinfo((const struct sockaddr *)&address->addr,
			 address->len, out->host, sizeof(out->host), NULL, 0,
			 NI_NUMERICHOST)
		!= 0)
		snprintf(out->host, sizeof(out->host), "?");
}

void
addresses_interleave(struct address *list, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		sa_family_t before = list[i - 1].addr.ss_family;
		struct address other;
		size_t j = i;

		while (j < n && list[j].addr.ss_family == before)
			j++;
		if (j == n)
			return;
		other = list[j];
		memmove(list + i + 1, list + i, (j - i) * sizeof(*list));
		list[i] = other;
	}
}
