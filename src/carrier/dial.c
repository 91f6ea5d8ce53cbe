/*
 * One call to one host, which may have many addresses: each is tried a little after
 * the one before, or at once when that has failed; the first that answers is kept.
 */
#include "tcp_internal.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dlb_dial {
	const struct dlb_env *env;
	char name[DLB_TCP_WHERE_MAX + 1]; /* for messages */
	uint16_t port;
	uint32_t timeout_ms;
	int64_t deadline_ms;
	int64_t next_ms; /* when the next address is tried */
	struct lookup *lookup;
	struct address list[DLB_TCP_ADDRESSES_MAX];
	int fds[DLB_TCP_ADDRESSES_MAX]; /* -1: not tried or failed */
	size_t n, tried;
	int worst; /* the errno that says most */
};

static int64_t
now(const struct dlb_dial *d)
{
	return d->env->monotonic_ms(d->env->ctx);
}

/* A machine that answers "no" says more than a network that does not answer. */
static int
weight(int failed)
{
	static const int order[] = {0, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT};

	for (size_t i = 0; i < DLB_ARRAY_LEN(order); i++)
		if (failed == order[i])
			return (int)i;
	return failed == ECONNREFUSED ? 100 : 50;
}

static enum dlb_status
no_such_name(const struct dlb_dial *d, int failed, int sys_errno,
	struct dlb_error *err)
{
	switch (failed) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return dlb_fail(err, DLB_NOT_FOUND,
			"no host is called %.200s: check the spelling, or give "
			"its address; `dlb nearby` shows who announces here",
			d->name);
	case EAI_SYSTEM:
		return dlb_fail_errno(err, sys_errno,
			"the name %.200s could not be looked up", d->name);
	default:
		return dlb_fail(err, DLB_IO,
			"the name %.200s could not be looked up (%s): is this "
			"machine on a network? Its address works without",
			d->name, gai_strerror(failed));
	}
}

static enum dlb_status
unreached(const struct dlb_dial *d, struct dlb_error *err)
{
	enum dlb_status s;

	switch (d->worst) {
	case ECONNREFUSED:
		s = dlb_fail(err, DLB_IO,
			"nothing answers at %.200s on port %u: is `dlb serve` "
			"running there, on this port?",
			d->name, d->port);
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		s = dlb_fail(err, DLB_IO,
			"there is no way to %.200s: are both machines on the "
			"network?",
			d->name);
		break;
	case ETIMEDOUT:
		s = dlb_fail(err, DLB_IO,
			"%.200s did not answer within %u s: is it on, and does a "
			"firewall keep port %u shut?",
			d->name, (d->timeout_ms + 999) / 1000, d->port);
		break;
	case EINVAL:
		s = dlb_fail(err, DLB_IO,
			"%.200s can not be called as it is: an address that "
			"starts with fe80 needs its interface, as in "
			"fe80::1%%eth0",
			d->name);
		break;
	default:
		(void)!dlb_fail_errno(err, d->worst,
			"%.200s could not be reached on port %u", d->name,
			d->port);
		s = DLB_IO;
	}
	err->status = s;
	err->sys_errno = d->worst;
	return s;
}

static void
note_failure(struct dlb_dial *d, int failed)
{
	if (d->worst == 0 || weight(failed) > weight(d->worst))
		d->worst = failed;
	d->next_ms = now(d);
}

static struct dlb_dial *
dial_alloc(const struct dlb_env *env, const struct dlb_tcp_where *where,
	uint32_t timeout_ms)
{
	struct dlb_dial *d = calloc(1, sizeof(*d));
	char text[DLB_TCP_WHERE_MAX + 1];
	struct dlb_tcp_where host = *where;

	if (!d)
		return NULL;
	d->env = env;
	d->port = where->port;
	host.port = DLB_TCP_PORT; /* the port is said where it matters */
	dlb_tcp_text(text, &host);
	dlb_printable(d->name, sizeof(d->name), text, strlen(text));
	d->timeout_ms = timeout_ms ? timeout_ms : DLB_DIAL_MS;
	d->next_ms = now(d);
	d->deadline_ms = d->next_ms + d->timeout_ms;
	for (size_t i = 0; i < DLB_ARRAY_LEN(d->fds); i++)
		d->fds[i] = -1;
	return d;
}

enum dlb_status
dial_new_with(struct dlb_dial **out, const struct dlb_env *env,
	const struct dlb_tcp_where *where, uint32_t timeout_ms,
	const struct resolver *with, struct dlb_error *err)
{
	struct dlb_dial *d = dial_alloc(env, where, timeout_ms);
	enum dlb_status s = DLB_OK;

	*out = NULL;
	if (!d)
		return dlb_fail(err, DLB_NO_MEMORY, "no memory for a call");
	if (address_parse(&d->list[0], where))
		d->n = 1;
	else if (strchr(where->host, ':'))
		s = dlb_fail(err, DLB_USAGE,
			"%.200s is no address: is there such an interface on "
			"this machine? (`ip address` lists them)",
			d->name);
	else
		s = lookup_start(&d->lookup, with, where, err);
	if (s != DLB_OK) {
		dlb_dial_free(d);
		return s;
	}
	*out = d;
	return DLB_OK;
}

enum dlb_status
dlb_dial_new(struct dlb_dial **out, const struct dlb_env *env,
	const struct dlb_tcp_where *where, uint32_t timeout_ms,
	struct dlb_error *err)
{
	return dial_new_with(
		out, env, where, timeout_ms, &resolver_system, err);
}

enum dlb_status
dlb_dial_new_list(struct dlb_dial **out, const struct dlb_env *env,
	const struct dlb_tcp_where *where, size_t n, uint32_t timeout_ms,
	struct dlb_error *err)
{
	struct dlb_dial *d;

	*out = NULL;
	if (n == 0)
		return dlb_fail(err, DLB_USAGE, "there is no way to call it");
	d = dial_alloc(env, where, timeout_ms);
	if (!d)
		return dlb_fail(err, DLB_NO_MEMORY, "no memory for a call");
	for (size_t i = 0; i < n && d->n < DLB_ARRAY_LEN(d->list); i++)
		if (address_parse(&d->list[d->n], where + i))
			d->n++;
	if (d->n == 0) {
		(void)!dlb_fail(
			err, DLB_USAGE, "%.200s is no address", d->name);
		dlb_dial_free(d);
		return DLB_USAGE;
	}
	addresses_interleave(d->list, d->n);
	*out = d;
	return DLB_OK;
}

void
dlb_dial_free(struct dlb_dial *d)
{
	if (!d)
		return;
	lookup_free(d->lookup);
	for (size_t i = 0; i < DLB_ARRAY_LEN(d->fds); i++)
		if (d->fds[i] >= 0)
			close(d->fds[i]);
	free(d);
}

unsigned
dlb_dial_poll(
	const struct dlb_dial *d, struct pollfd out[static DLB_DIAL_FDS_MAX])
{
	unsigned n = 0;

	if (d->lookup)
		out[n++] = (struct pollfd){
			.fd = lookup_fd(d->lookup), .events = POLLIN};
	for (size_t i = 0; i < d->tried && !d->lookup; i++)
		if (d->fds[i] >= 0)
			out[n++] = (struct pollfd){
				.fd = d->fds[i], .events = POLLOUT};
	return n;
}

int64_t
dlb_dial_deadline_ms(const struct dlb_dial *d)
{
	bool more = !d->lookup && d->tried < d->n;

	return more && d->next_ms < d->deadline_ms ? d->next_ms
						   : d->deadline_ms;
}

static enum dlb_status
look_up(struct dlb_dial *d, struct dlb_error *err)
{
	int failed, sys_errno;

	if (!lookup_done(d->lookup, d->list, DLB_ARRAY_LEN(d->list), &d->n,
		    &failed, &sys_errno)) {
		d->n = 0;
		return DLB_OK;
	}
	lookup_free(d->lookup);
	d->lookup = NULL;
	if (failed)
		return no_such_name(d, failed, sys_errno, err);
	if (d->n == 0)
		return no_such_name(d, EAI_NODATA, 0, err);
	addresses_interleave(d->list, d->n);
	d->next_ms = now(d);
	return DLB_OK;
}

/* Of the calls under way: *fd where one was answered. */
static void
hear(struct dlb_dial *d, int *fd)
{
	for (size_t i = 0; i < d->tried; i++) {
		struct pollfd p = {.fd = d->fds[i], .events = POLLOUT};
		socklen_t len = sizeof(int);
		int failed = 0;

		if (p.fd < 0 || poll(&p, 1, 0) <= 0)
			continue;
		if (getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0)
			failed = errno;
		d->fds[i] = -1;
		if (failed == 0) {
			*fd = p.fd;
			return;
		}
		close(p.fd);
		note_failure(d, failed);
	}
}

static void
call(struct dlb_dial *d, size_t i)
{
	const struct address *a = &d->list[i];
	int fd = socket(a->addr.ss_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	d->next_ms = now(d) + DIAL_STAGGER_MS;
	if (fd < 0) {
		note_failure(d, errno);
		return;
	}
	if (connect(fd, (const struct sockaddr *)&a->addr, a->len) == 0
		|| errno == EINPROGRESS || errno == EINTR) {
		d->fds[i] = fd;
		return;
	}
	note_failure(d, errno);
	close(fd);
}

static bool
waiting(const struct dlb_dial *d)
{
	for (size_t i = 0; i < d->tried; i++)
		if (d->fds[i] >= 0)
			return true;
	return d->lookup != NULL || d->tried < d->n;
}

enum dlb_status
dlb_dial_step(struct dlb_dial *d, int *fd, struct dlb_error *err)
{
	struct dlb_error own = {0};
	enum dlb_status s = DLB_OK;

	*fd = -1;
	err = err ? err : &own;
	if (d->lookup)
		s = look_up(d, err);
	if (s != DLB_OK)
		return s;
	hear(d, fd);
	while (*fd < 0 && !d->lookup && d->tried < d->n
		&& now(d) >= d->next_ms) {
		size_t i = d->tried++;

		call(d, i);
	}
	if (*fd >= 0)
		return DLB_OK;
	if (now(d) >= d->deadline_ms) {
		if (d->lookup)
			return no_such_name(d, EAI_AGAIN, 0, err);
		note_failure(d, ETIMEDOUT);
		return unreached(d, err);
	}
	return waiting(d) ? DLB_OK : unreached(d, err);
}
