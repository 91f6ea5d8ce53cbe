/*
 * Waiting for callers. Whoever connects costs a link until the handshake is done or
 * has failed: there are so many places and no more. A place is given to a newcomer
 * when its holder has had the time that an honest one on a slow network needs; so
 * who keeps places without speaking must call anew all the time, and honest callers
 * get through between.
 */
#include "tcp_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 64
/* Without descriptors or memory for a caller: how long none is looked for. */
#define PAUSE_MS 1000
#define RATE_MS 1000

struct half {
	struct dlb_link *link; /* NULL: free */
	int64_t since_ms;
	char from[DLB_TCP_WHERE_MAX + 1];
};

struct dlb_listener {
	const struct dlb_env *env;
	int fd;
	uint16_t port;
	int64_t pause_ms;  /* until then */
	int64_t second_ms; /* since then so many were let in */
	unsigned this_second;
	struct half half[DLB_LISTENER_HALF_OPEN];
	struct dlb_listener_stats stats;
};

static int64_t
now(const struct dlb_listener *l)
{
	return l->env->monotonic_ms(l->env->ctx);
}

static enum dlb_status
can_not_listen(
	const char *address, uint16_t port, int failed, struct dlb_error *err)
{
	enum dlb_status s;
	char shown[128];

	dlb_printable(shown, sizeof(shown), address, strlen(address));
	switch (failed) {
	case EADDRINUSE:
		s = dlb_fail(err, DLB_BUSY,
			"port %u is in use on this machine: another `dlb serve`, "
			"or another program, has it; end that or choose another "
			"port",
			port);
		break;
	case EACCES:
	case EPERM:
		s = dlb_fail(err, DLB_USAGE,
			"this user may not listen on port %u: choose one above "
			"1023",
			port);
		break;
	case EADDRNOTAVAIL:
		s = dlb_fail(err, DLB_USAGE,
			"%s is no address of this machine: `ip address` lists "
			"those it has",
			shown);
		break;
	default:
		return dlb_fail_errno(
			err, failed, "can not listen on port %u", port);
	}
	if (err)
		err->sys_errno = failed;
	return s;
}

/* A socket that listens; -1 with errno. */
static int
open_socket(const struct address *a)
{
	int fd = socket(a->addr.ss_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0, failed;

	if (fd < 0)
		return -1;
	(void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->addr.ss_family == AF_INET6)
		(void)!setsockopt(
			fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (const struct sockaddr *)&a->addr, a->len) == 0
		&& listen(fd, BACKLOG) == 0)
		return fd;
	failed = errno;
	close(fd);
	errno = failed;
	return -1;
}

/* All addresses of both families, or of IPv4 where there is no IPv6. */
static int
open_any(uint16_t port)
{
	struct dlb_tcp_where any = {.host = "::", .port = port};
	struct address a;
	int fd = -1;

	if (address_parse(&a, &any))
		fd = open_socket(&a);
	if (fd >= 0 || errno == EADDRINUSE || errno == EACCES)
		return fd;
	any = (struct dlb_tcp_where){.host = "0.0.0.0", .port = port};
	return address_parse(&a, &any) ? open_socket(&a) : -1;
}

enum dlb_status
dlb_listener_new(struct dlb_listener **out, const struct dlb_env *env,
	const char *address, uint16_t port, struct dlb_error *err)
{
	struct dlb_tcp_where where = {.port = port};
	struct dlb_listener *l;
	struct address a;
	int fd, failed;

	*out = NULL;
	if (address) {
		size_t n = strlen(address);

		if (n < sizeof(where.host))
			memcpy(where.host, address, n + 1);
		if (!address_parse(&a, &where))
			return can_not_listen(
				address, port, EADDRNOTAVAIL, err);
	}
	fd = address ? open_socket(&a) : open_any(port);
	failed = errno;
	if (fd < 0)
		return can_not_listen(
			address ? address : "", port, failed, err);
	l = calloc(1, sizeof(*l));
	if (!l) {
		close(fd);
		return dlb_fail(err, DLB_NO_MEMORY, "no memory to listen");
	}
	l->env = env;
	l->fd = fd;
	l->pause_ms = l->second_ms = now(l);
	a.len = sizeof(a.addr);
	if (getsockname(fd, (struct sockaddr *)&a.addr, &a.len) == 0)
		address_where(&where, &a);
	l->port = where.port;
	*out = l;
	return DLB_OK;
}

void
dlb_listener_free(struct dlb_listener *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < DLB_ARRAY_LEN(l->half); i++)
		dlb_link_free(l->half[i].link);
	close(l->fd);
	free(l);
}

uint16_t
dlb_listener_port(const struct dlb_listener *l)
{
	return l->port;
}

static const struct half *
oldest(const struct dlb_listener *l)
{
	const struct half *old = &l->half[0];

	for (size_t i = 1; i < DLB_ARRAY_LEN(l->half); i++)
		if (l->half[i].since_ms < old->since_ms)
			old = &l->half[i];
	return old;
}

/* When the next caller may be let in. */
static int64_t
open_from_ms(const struct dlb_listener *l)
{
	int64_t from = l->stats.half_open < DLB_LISTENER_HALF_OPEN
		? INT64_MIN
		: oldest(l)->since_ms + DLB_LISTENER_GRACE_MS;

	if (l->this_second >= DLB_LISTENER_RATE
		&& from < l->second_ms + RATE_MS)
		from = l->second_ms + RATE_MS;
	return from > l->pause_ms ? from : l->pause_ms;
}

unsigned
dlb_listener_poll(const struct dlb_listener *l, bool accepting,
	struct pollfd out[static DLB_LISTENER_FDS_MAX])
{
	unsigned n = 0;

	if (accepting && now(l) >= open_from_ms(l))
		out[n++] = (struct pollfd){.fd = l->fd, .events = POLLIN};
	for (size_t i = 0; i < DLB_ARRAY_LEN(l->half); i++)
		if (l->half[i].link)
			n += dlb_link_poll(l->half[i].link, false, out + n);
	return n;
}

int64_t
dlb_listener_deadline_ms(const struct dlb_listener *l)
{
	int64_t first = open_from_ms(l);

	if (now(l) >= first)
		first = INT64_MAX;
	for (size_t i = 0; i < DLB_ARRAY_LEN(l->half); i++)
		if (l->half[i].link) {
			int64_t t = dlb_link_deadline_ms(l->half[i].link);

			first = t < first ? t : first;
		}
	return first;
}

static void
vacate(struct dlb_listener *l, struct half *h)
{
	dlb_link_free(h->link);
	h->link = NULL;
	l->stats.half_open--;
}

static void
let_in(struct dlb_listener *l, int fd, const struct address *a)
{
	struct half *h = NULL;
	struct dlb_link_config config = {.read_fd = fd, .write_fd = fd};
	struct dlb_tcp_where where;

	if (now(l) >= l->second_ms + RATE_MS) {
		l->second_ms = now(l);
		l->this_second = 0;
	}
	l->this_second++;
	if (l->stats.half_open == DLB_LISTENER_HALF_OPEN) {
		h = &l->half[oldest(l) - l->half];
		vacate(l, h);
		l->stats.pushed++;
	}
	for (size_t i = 0; !h; i++)
		h = l->half[i].link ? NULL : &l->half[i];
	address_where(&where, a);
	dlb_tcp_text(h->from, &where);
	config.name = h->from;
	h->since_ms = now(l);
	l->stats.accepted++;
	if (dlb_link_new(&h->link, l->env, &config, NULL) != DLB_OK)
		l->stats.failed++;
	else
		l->stats.half_open++;
}

static enum dlb_status
let_callers_in(struct dlb_listener *l, struct dlb_error *err)
{
	while (now(l) >= open_from_ms(l)) {
		struct address a = {.len = sizeof(a.addr)};
		int fd = accept4(l->fd, (struct sockaddr *)&a.addr, &a.len,
			SOCK_CLOEXEC);

		if (fd >= 0) {
			let_in(l, fd, &a);
			continue;
		}
		switch (errno) {
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			l->pause_ms = now(l) + PAUSE_MS;
			return dlb_fail_errno(err, errno,
				"a caller could not be let in: it is tried again "
				"in a second");
		case EAGAIN:
			return DLB_OK;
		default: /* of that caller's connection, as accept(2) says */
			if (errno == EBADF || errno == EINVAL
				|| errno == ENOTSOCK || errno == EOPNOTSUPP)
				return dlb_fail_errno(
					err, errno, "can not listen any more");
		}
	}
	return DLB_OK;
}

enum dlb_status
dlb_listener_step(struct dlb_listener *l, bool accepting,
	struct dlb_link **link, char from[static DLB_TCP_WHERE_MAX + 1],
	struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	*link = NULL;
	from[0] = '\0';
	if (accepting)
		s = let_callers_in(l, err);
	for (size_t i = 0; i < DLB_ARRAY_LEN(l->half); i++) {
		struct half *h = &l->half[i];

		if (!h->link)
			continue;
		if (dlb_link_step(h->link, NULL) != DLB_OK) {
			l->stats.failed++;
			vacate(l, h);
		} else if (dlb_link_state(h->link) == DLB_LINK_OPEN && !*link) {
			*link = h->link;
			memcpy(from, h->from, sizeof(h->from));
			h->link = NULL;
			l->stats.half_open--;
		}
	}
	return s;
}

struct dlb_listener_stats
dlb_listener_stats(const struct dlb_listener *l)
{
	return l->stats;
}
