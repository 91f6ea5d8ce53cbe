/*
 * TCP: reaching a host by its name or address, and waiting to be reached.
 *
 * Asking for a name tells the resolver which host is called; an address tells no
 * one but the network in between.
 */
#ifndef DLB_TCP_H
#define DLB_TCP_H

#include "link.h"

/* No service is registered for it (29170 to 29998 are unassigned), and Linux draws
 * no outgoing port there. */
#define DLB_TCP_PORT 29486
#define DLB_TCP_HOST_MAX 255
#define DLB_TCP_WHERE_MAX (DLB_TCP_HOST_MAX + 9) /* "[host]:65535" */
/* Of a name's addresses more are not tried. */
#define DLB_TCP_ADDRESSES_MAX 16
#define DLB_DIAL_MS 20000

/* "host", "host:port", "address", "address:port", "[v6]", "[v6]:port"; a v6
 * address of the link with its interface: "fe80::1%eth0". */
struct dlb_tcp_where {
	char host[DLB_TCP_HOST_MAX + 1];
	uint16_t port; /* DLB_TCP_PORT where none is given */
};
enum dlb_status dlb_tcp_parse(struct dlb_tcp_where *out, const char *text,
	struct dlb_error *err) DLB_MUST_CHECK;
/* The other way; the port is left out where it is the usual one. */
void dlb_tcp_text(char out[static DLB_TCP_WHERE_MAX + 1],
	const struct dlb_tcp_where *where);

/* One call: looks the name up (in a thread, as resolvers block), then tries all
 * addresses, the two families in turn, each a little after the one before, and
 * keeps the first that answers (after RFC 8305). */
struct dlb_dial;
#define DLB_DIAL_FDS_MAX DLB_TCP_ADDRESSES_MAX

/* timeout_ms for all of it; 0: DLB_DIAL_MS. */
enum dlb_status dlb_dial_new(struct dlb_dial **out, const struct dlb_env *env,
	const struct dlb_tcp_where *where, uint32_t timeout_ms,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Ways to one host, where they are known already (lan.h): addresses, no names. */
enum dlb_status dlb_dial_new_list(struct dlb_dial **out,
	const struct dlb_env *env, const struct dlb_tcp_where *where, size_t n,
	uint32_t timeout_ms, struct dlb_error *err) DLB_MUST_CHECK;
unsigned dlb_dial_poll(
	const struct dlb_dial *d, struct pollfd out[static DLB_DIAL_FDS_MAX]);
int64_t dlb_dial_deadline_ms(const struct dlb_dial *d);
/* *fd: -1 while it goes on; else connected and the caller's. An error is the end:
 * DLB_NOT_FOUND where there is no such name, DLB_IO with sys_errno otherwise. */
enum dlb_status dlb_dial_step(
	struct dlb_dial *d, int *fd, struct dlb_error *err) DLB_MUST_CHECK;
void dlb_dial_free(struct dlb_dial *d);

/* Waits for callers, on IPv6 and IPv4 alike, and hands out links on which the
 * handshake is done. At most DLB_LISTENER_HALF_OPEN are in between; when so many
 * are, a newcomer takes the place of the one that has taken longest, if that has
 * had DLB_LISTENER_GRACE_MS, and waits in the kernel otherwise. No more than
 * DLB_LISTENER_RATE are let in a second: each costs a key and a certificate. */
struct dlb_listener;
#define DLB_LISTENER_HALF_OPEN 16
#define DLB_LISTENER_RATE 32
#define DLB_LISTENER_GRACE_MS 2000
#define DLB_LISTENER_FDS_MAX (1 + DLB_LISTENER_HALF_OPEN * DLB_LINK_FDS_MAX)

/* address: NULL for all of this machine's, else one of its addresses. port 0: any
 * (dlb_listener_port tells). DLB_BUSY where the port is in use. */
enum dlb_status dlb_listener_new(struct dlb_listener **out,
	const struct dlb_env *env, const char *address, uint16_t port,
	struct dlb_error *err) DLB_MUST_CHECK;
uint16_t dlb_listener_port(const struct dlb_listener *l);
/* accepting: false leaves newcomers in the kernel's queue (no link would be taken
 * now). */
unsigned dlb_listener_poll(const struct dlb_listener *l, bool accepting,
	struct pollfd out[static DLB_LISTENER_FDS_MAX]);
int64_t dlb_listener_deadline_ms(const struct dlb_listener *l);
/* *link: the caller's, or NULL: none now; call again until it is. from: where it
 * called from, for a person. DLB_OK also when callers failed (counted): an error
 * is one of the listener's own, and after it one may go on. */
enum dlb_status dlb_listener_step(struct dlb_listener *l, bool accepting,
	struct dlb_link **link, char from[static DLB_TCP_WHERE_MAX + 1],
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_listener_free(struct dlb_listener *l);

struct dlb_listener_stats {
	uint64_t accepted;
	uint64_t failed; /* no TLS, too slow, gone */
	uint64_t pushed; /* out by newcomers */
	unsigned half_open;
};
struct dlb_listener_stats dlb_listener_stats(const struct dlb_listener *l);

#endif
