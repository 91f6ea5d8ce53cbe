/*
 * Who announces on the local network, by the machine's own Avahi (mDNS, RFC 6762
 * and 6763).
 *
 * Announcing tells everyone on the network that this machine runs the program. It
 * is done under a service name and a host name that are drawn for this
 * announcement and mean nothing, with an empty text record and the addresses of
 * this link only (IPv4, and IPv6's link-local). But a network also sees who sent a
 * packet, and a running avahi-daemon tells the machine's host name by itself
 * (`publish-addresses=no` in its configuration stops that). Looking asks the
 * network aloud for the service's type: it tells as much as announcing does, but
 * not the port.
 *
 * Who is found is a neighbour: an address of the same link and a port above 1023; what
 * else somebody announces is not called.
 *
 * Questions to the daemon wait for its answer, which it gives at once or, where it
 * hangs, after the message bus's time-out.
 *
 * Built where Avahi's client library was found (meson option `avahi`); else
 * dlb_lan_new says so with DLB_UNSUPPORTED, and all else works without.
 */
#ifndef DLB_LAN_H
#define DLB_LAN_H

#include "tcp.h"

/* Says nothing to a person who lists services; not registered. */
#define DLB_LAN_TYPE "_qvx._tcp"
#define DLB_LAN_FDS_MAX 8
#define DLB_LAN_PEERS_MAX 128
#define DLB_LAN_WAYS_MAX 8
#define DLB_LAN_NAME_MAX 63

struct dlb_lan;

/* Not ourselves. */
struct dlb_lan_peer {
	char name[DLB_LAN_NAME_MAX + 1]; /* safe to print */
	size_t ways_n;
	struct dlb_tcp_where ways[DLB_LAN_WAYS_MAX]; /* for dlb_dial_new_list */
};

enum dlb_lan_event_kind {
	DLB_LAN_NONE,
	DLB_LAN_FOUND, /* a peer, with one way at least; more may be added */
	DLB_LAN_LOST,  /* no way to it is left */
	DLB_LAN_UP,    /* the daemon is there */
	DLB_LAN_DOWN, /* it is not (yet, or any more): message; goes on trying */
	DLB_LAN_ANNOUNCED, /* under peer.name */
	DLB_LAN_UNHEARD,   /* announcing failed: message */
};

struct dlb_lan_event {
	enum dlb_lan_event_kind kind;
	struct dlb_lan_peer peer;
	struct dlb_error why;
};

struct dlb_lan_config {
	bool browse;
	uint16_t announce_port; /* 0: do not announce */
};

/* A daemon that does not run is no error: DLB_LAN_DOWN follows. */
enum dlb_status dlb_lan_new(struct dlb_lan **out, const struct dlb_env *env,
	const struct dlb_lan_config *config, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Takes the announcement back. */
void dlb_lan_free(struct dlb_lan *l);
unsigned dlb_lan_poll(
	const struct dlb_lan *l, struct pollfd out[static DLB_LAN_FDS_MAX]);
int64_t dlb_lan_deadline_ms(const struct dlb_lan *l);
/* One event at a time: call until it is DLB_LAN_NONE. */
void dlb_lan_step(struct dlb_lan *l, struct dlb_lan_event *event);
/* All that are there now, with all their ways; valid until the next step. */
const struct dlb_lan_peer *const *dlb_lan_peers(struct dlb_lan *l, size_t *n);
/* Switches announcing on, off, or to another port; a new name each time. */
void dlb_lan_announce(struct dlb_lan *l, uint16_t port);

#endif
