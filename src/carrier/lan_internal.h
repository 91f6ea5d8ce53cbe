/*
 * The inside of lan.h: lan.c speaks to the daemon, lan_peers.c keeps who was found,
 * lan_announce.c is found, lan_poll.c lets Avahi's library wait without a loop of
 * its own.
 */
#ifndef DLB_CARRIER_LAN_INTERNAL_H
#define DLB_CARRIER_LAN_INTERNAL_H

#include "lan.h"

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/watch.h>

/* The daemon, the bus or an announcement failed: tried again after this. */
#define LAN_RETRY_MS 10000
/* Addresses of this machine changed: more changes follow at once. */
#define LAN_SETTLE_MS 2000
#define LAN_RANDOM_LEN 12
#define LAN_ADDRESSES_MAX 32

/* ---- waiting ------------------------------------------------------------------- */

/* Handed to Avahi's library as its way to wait. */
struct lan_poll {
	AvahiPoll api;
	const struct dlb_env *env;
	struct AvahiWatch *watches;
	struct AvahiTimeout *timeouts;
};
void lan_poll_init(struct lan_poll *p, const struct dlb_env *env);
void lan_poll_clear(struct lan_poll *p);
unsigned lan_poll_fds(
	const struct lan_poll *p, struct pollfd *out, unsigned cap);
int64_t lan_poll_deadline_ms(const struct lan_poll *p);
/* Calls back what is ready. */
void lan_poll_dispatch(struct lan_poll *p);

/* All zero where nothing is said, so that lists can be compared. */
struct own_address {
	AvahiIfIndex interface;
	AvahiAddress address;
	uint32_t mask; /* of IPv4, in network order */
};

/* Where somebody says that they are: false where that is not on this interface's own
 * link, is this machine itself, or is a port of the system's. Strangers choose what
 * is called here. */
bool lan_where(struct dlb_tcp_where *out, AvahiIfIndex interface,
	const AvahiAddress *address, uint16_t port,
	const struct own_address *own, size_t own_n);

/* ---- who was found ------------------------------------------------------------- */

struct way {
	AvahiIfIndex interface;
	AvahiProtocol protocol;
	AvahiServiceResolver *resolver;
	bool resolved;
	struct dlb_tcp_where where;
};

struct peer {
	struct dlb_lan_peer seen;        /* what is shown of it */
	char name[DLB_LAN_NAME_MAX + 1]; /* as it is */
	struct way ways[DLB_LAN_WAYS_MAX];
	size_t ways_n;
	bool told;
};

struct lan_peers {
	struct peer *list[DLB_LAN_PEERS_MAX];
	const struct dlb_lan_peer *shown[DLB_LAN_PEERS_MAX];
	size_t n;
};

/* NULL where there is no room. The way is new. */
struct way *peers_add(struct lan_peers *p, const char *name,
	AvahiIfIndex interface, AvahiProtocol protocol);
struct way *peers_find(const struct lan_peers *p, const char *name,
	AvahiIfIndex interface, AvahiProtocol protocol);
void peers_remove(struct lan_peers *p, const char *name, AvahiIfIndex interface,
	AvahiProtocol protocol);
void peers_resolved(struct lan_peers *p, struct way *way,
	const struct dlb_tcp_where *where);
/* All ways are gone; the resolvers have been freed by their client if `freed`. */
void peers_forget(struct lan_peers *p, bool freed);
/* The next to tell; false: none. */
bool peers_event(struct lan_peers *p, struct dlb_lan_event *event);
void peers_free(struct lan_peers *p);

/* ---- being found --------------------------------------------------------------- */

struct announcement {
	uint16_t port; /* 0: none is wanted */
	AvahiEntryGroup *group;
	char name[LAN_RANDOM_LEN + 1];   /* of the service; "" before */
	char before[LAN_RANDOM_LEN + 1]; /* the one before: not a peer either */
	struct own_address addresses[LAN_ADDRESSES_MAX];
	size_t addresses_n;
	int changes; /* a socket on which the kernel tells of addresses; -1 */
	int64_t again_ms; /* when it is to be looked at; INT64_MAX: not */
	bool anew; /* then it is made anew, whether addresses changed or not */
};

struct dlb_lan {
	const struct dlb_env *env;
	struct lan_poll poll;
	AvahiClient *client;
	AvahiServiceBrowser *browser;
	bool browse;
	bool up, told_up, told_down;
	bool restart;     /* the client is of no use any more */
	int64_t retry_ms; /* when a client is made again; INT64_MAX: not */
	struct lan_peers peers;
	struct announcement own;
	enum dlb_lan_event_kind waits; /* ANNOUNCED or UNHEARD, to be told */
	struct dlb_error why_down, why_unheard;
};

/* Addresses that are announced: of interfaces that are up and reach others. */
size_t announce_addresses(struct own_address *out, size_t cap);
void announce_init(struct dlb_lan *l);
/* A new announcement under a new name, where one is wanted and can be. */
void announce_make(struct dlb_lan *l);
void announce_withdraw(struct dlb_lan *l);
/* Looks whether addresses changed and whether it is time. */
void announce_step(struct dlb_lan *l);
void announce_free(struct dlb_lan *l);
bool announce_is_own(const struct dlb_lan *l, const char *name);

#endif
