/*
 * Being found: a service under a random name on a host of a random name, which is
 * none but this announcement's. Avahi would take the machine's name for it; so the
 * addresses are registered here, without entries from address to name. On another
 * network (other addresses) it is another announcement under other names.
 */
#include "lan_internal.h"

#include <arpa/inet.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
reaches_others(const struct ifaddrs *i)
{
	unsigned need = IFF_UP | IFF_RUNNING | IFF_MULTICAST;

	return i->ifa_addr && (i->ifa_flags & need) == need
		&& !(i->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT));
}

static bool
take_address(struct own_address *out, const struct ifaddrs *i)
{
	const struct sockaddr_in *v4 = (const void *)i->ifa_addr;
	const struct sockaddr_in6 *v6 = (const void *)i->ifa_addr;

	memset(out, 0, sizeof(*out));
	out->interface = (AvahiIfIndex)if_nametoindex(i->ifa_name);
	if (out->interface <= 0)
		return false;
	if (i->ifa_addr->sa_family == AF_INET) {
		out->address.proto = AVAHI_PROTO_INET;
		out->address.data.ipv4.address = v4->sin_addr.s_addr;
		if (i->ifa_netmask) {
			v4 = (const void *)i->ifa_netmask;
			out->mask = v4->sin_addr.s_addr;
		}
		return true;
	}
	/* One that is valid on this link alone is enough, and tells the least. */
	if (i->ifa_addr->sa_family != AF_INET6
		|| !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
		return false;
	out->address.proto = AVAHI_PROTO_INET6;
	memcpy(out->address.data.ipv6.address, &v6->sin6_addr, 16);
	return true;
}

size_t
announce_addresses(struct own_address *out, size_t cap)
{
	struct ifaddrs *list;
	size_t n = 0;

	if (getifaddrs(&list) != 0)
		return 0;
	for (const struct ifaddrs *i = list; i && n < cap; i = i->ifa_next)
		if (reaches_others(i) && take_address(&out[n], i))
			n++;
	freeifaddrs(list);
	return n;
}

static void
draw_name(const struct dlb_env *env, char out[static LAN_RANDOM_LEN + 1])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < LAN_RANDOM_LEN; i++)
		out[i] = letters[dlb_random_below(env, sizeof(letters) - 1)];
	out[LAN_RANDOM_LEN] = '\0';
}

static void
later(struct dlb_lan *l, int64_t ms, bool anew)
{
	l->own.again_ms = l->env->monotonic_ms(l->env->ctx) + ms;
	l->own.anew |= anew;
}

static void
unheard(struct dlb_lan *l, const char *why)
{
	l->waits = DLB_LAN_UNHEARD;
	(void)!dlb_fail(&l->why_unheard, DLB_IO,
		"this node could not be announced (%s): others do not find it "
		"by themselves; it is tried again",
		why);
	later(l, LAN_RETRY_MS, true);
}

void
announce_init(struct dlb_lan *l)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK,
		.nl_groups =
			RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK};

	l->own.again_ms = INT64_MAX;
	l->own.changes = socket(AF_NETLINK,
		SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (l->own.changes < 0)
		return; /* changes are not noticed */
	if (bind(l->own.changes, (const struct sockaddr *)&a, sizeof(a)) != 0) {
		close(l->own.changes);
		l->own.changes = -1;
	}
}

static void
group_changed(AvahiEntryGroup *group, AvahiEntryGroupState state, void *arg)
{
	struct dlb_lan *l = arg;

	switch (state) {
	case AVAHI_ENTRY_GROUP_ESTABLISHED:
		l->waits = DLB_LAN_ANNOUNCED;
		break;
	case AVAHI_ENTRY_GROUP_COLLISION: /* somebody's doing: draw again */
		later(l, LAN_SETTLE_MS, true);
		break;
	case AVAHI_ENTRY_GROUP_FAILURE:
		unheard(l,
			avahi_strerror(avahi_client_errno(
				avahi_entry_group_get_client(group))));
		break;
	case AVAHI_ENTRY_GROUP_UNCOMMITED:
	case AVAHI_ENTRY_GROUP_REGISTERING:
		break;
	}
}

/* 0 or Avahi's error. */
static int
fill_group(struct dlb_lan *l)
{
	struct announcement *a = &l->own;
	char host[LAN_RANDOM_LEN + sizeof(".local")], drawn[LAN_RANDOM_LEN + 1];
	int failed = 0;

	draw_name(l->env, drawn);
	snprintf(host, sizeof(host), "%s.local", drawn);
	for (size_t i = 0; i < a->addresses_n && failed == 0; i++)
		failed = avahi_entry_group_add_address(a->group,
			a->addresses[i].interface, AVAHI_PROTO_UNSPEC,
			AVAHI_PUBLISH_NO_REVERSE, host,
			&a->addresses[i].address);
	if (failed == 0)
		failed = avahi_entry_group_add_service(a->group,
			AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
			AVAHI_PUBLISH_NO_COOKIE, a->name, DLB_LAN_TYPE, "local",
			host, a->port, (const char *)NULL);
	return failed == 0 ? avahi_entry_group_commit(a->group) : failed;
}

void
announce_make(struct dlb_lan *l)
{
	struct announcement *a = &l->own;
	int failed;

	announce_withdraw(l);
	a->again_ms = INT64_MAX;
	a->anew = false;
	if (a->port == 0 || !l->up)
		return;
	a->addresses_n =
		announce_addresses(a->addresses, DLB_ARRAY_LEN(a->addresses));
	if (a->addresses_n == 0) {
		unheard(l, "this machine is on no network");
		return;
	}
	draw_name(l->env, a->name);
	a->group = avahi_entry_group_new(l->client, group_changed, l);
	failed = a->group ? fill_group(l) : avahi_client_errno(l->client);
	if (failed != 0) {
		announce_withdraw(l);
		unheard(l, avahi_strerror(failed));
	}
}

void
announce_withdraw(struct dlb_lan *l)
{
	struct announcement *a = &l->own;

	if (a->group)
		avahi_entry_group_free(a->group);
	a->group = NULL;
	if (a->name[0])
		memcpy(a->before, a->name, sizeof(a->before));
	a->name[0] = '\0';
}

static bool
addresses_changed(const struct announcement *a)
{
	struct own_address now[LAN_ADDRESSES_MAX];
	size_t n = announce_addresses(now, DLB_ARRAY_LEN(now));

	return n != a->addresses_n
		|| memcmp(now, a->addresses, n * sizeof(now[0])) != 0;
}

void
announce_step(struct dlb_lan *l)
{
	struct announcement *a = &l->own;
	char news[8192];
	bool told = false;

	while (a->changes >= 0
		&& (recv(a->changes, news, sizeof(news), MSG_DONTWAIT) > 0
			|| errno == ENOBUFS))
		told = true; /* what changed is looked up, not read here */
	if (told && a->port != 0 && a->again_ms == INT64_MAX)
		later(l, LAN_SETTLE_MS, false);
	if (l->env->monotonic_ms(l->env->ctx) < a->again_ms)
		return;
	a->again_ms = INT64_MAX;
	if (l->up && a->port != 0 && (a->anew || addresses_changed(a)))
		announce_make(l);
}

void
announce_free(struct dlb_lan *l)
{
	announce_withdraw(l);
	if (l->own.changes >= 0)
		close(l->own.changes);
}

bool
announce_is_own(const struct dlb_lan *l, const char *name)
{
	return strcmp(name, l->own.name) == 0
		|| strcmp(name, l->own.before) == 0;
}
