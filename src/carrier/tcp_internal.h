/*
 * The inside of tcp.h: where.c writes and reads what a person types, resolve.c asks
 * for a name without waiting, dial.c tries addresses, listener.c is tried.
 */
#ifndef DLB_CARRIER_TCP_INTERNAL_H
#define DLB_CARRIER_TCP_INTERNAL_H

#include "tcp.h"

#include <netdb.h>
#include <sys/socket.h>

/* RFC 8305 section 5: the pause before the next address is tried beside. */
#define DIAL_STAGGER_MS 250

struct address {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* getaddrinfo and freeaddrinfo, or a test's. */
struct resolver {
	int (*get)(const char *host, const char *port,
		const struct addrinfo *hints, struct addrinfo **out);
	void (*free)(struct addrinfo *list);
};
extern const struct resolver resolver_system;

/* A name that is being looked up. The thread outlives the lookup that nobody waits
 * for any more, and frees what it holds. */
struct lookup;
enum dlb_status lookup_start(struct lookup **out, const struct resolver *with,
	const struct dlb_tcp_where *where, struct dlb_error *err)
	DLB_MUST_CHECK;
int lookup_fd(const struct lookup *l); /* POLLIN: done */
/* False while it goes on; then *failed is 0 or getaddrinfo's EAI_ code. */
bool lookup_done(struct lookup *l, struct address *out, size_t cap, size_t *n,
	int *failed, int *sys_errno);
void lookup_free(struct lookup *l);

/* Without asking anybody: false where host is no address. */
bool address_parse(struct address *out, const struct dlb_tcp_where *where);
/* IPv4 that came through IPv6 shows as IPv4. */
void address_where(struct dlb_tcp_where *out, const struct address *address);
/* Takes turns between the families, in the order given otherwise. */
void addresses_interleave(struct address *list, size_t n);

enum dlb_status dial_new_with(struct dlb_dial **out, const struct dlb_env *env,
	const struct dlb_tcp_where *where, uint32_t timeout_ms,
	const struct resolver *with, struct dlb_error *err) DLB_MUST_CHECK;

#endif
