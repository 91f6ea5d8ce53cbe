/*
 * Looking a name up without waiting for it. getaddrinfo blocks as long as the
 * resolver likes, so it runs in a thread of its own. What the two share is counted:
 * whoever lets go last frees it, so that nobody has to wait for a thread that waits.
 */
#include "tcp_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

const struct resolver resolver_system = {getaddrinfo, freeaddrinfo};

struct lookup {
	const struct resolver *with;
	char host[DLB_TCP_HOST_MAX + 1];
	char port[8];
	int fd;
	pthread_mutex_t lock;
	unsigned users;
	bool done;
	int failed, sys_errno;
	size_t n;
	struct address found[DLB_TCP_ADDRESSES_MAX];
};

static void
let_go(struct lookup *l)
{
	bool last;

	pthread_mutex_lock(&l->lock);
	last = --l->users == 0;
	pthread_mutex_unlock(&l->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&l->lock);
	close(l->fd);
	free(l);
}

static void *
work(void *arg)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	struct lookup *l = arg;
	struct addrinfo *list = NULL;
	int failed = l->with->get(l->host, l->port, &hints, &list);
	int sys_errno = failed == EAI_SYSTEM ? errno : 0;
	uint64_t one = 1;

	pthread_mutex_lock(&l->lock);
	for (const struct addrinfo *a = failed ? NULL : list;
		a && l->n < DLB_TCP_ADDRESSES_MAX; a = a->ai_next) {
		struct address *to = &l->found[l->n];

		if (a->ai_addrlen > sizeof(to->addr))
			continue;
		memcpy(&to->addr, a->ai_addr, a->ai_addrlen);
		to->len = a->ai_addrlen;
		l->n++;
	}
	l->failed = failed;
	l->sys_errno = sys_errno;
	l->done = true;
	pthread_mutex_unlock(&l->lock);
	if (!failed)
		l->with->free(list);
	(void)!write(l->fd, &one, sizeof(one));
	let_go(l);
	return NULL;
}

enum dlb_status
lookup_start(struct lookup **out, const struct resolver *with,
	const struct dlb_tcp_where *where, struct dlb_error *err)
{
	struct lookup *l = calloc(1, sizeof(*l));
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int failed;

	*out = NULL;
	if (!l)
		return dlb_fail(err, DLB_NO_MEMORY, "no memory for a name");
	l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->fd < 0) {
		free(l);
		return dlb_fail_errno(
			err, errno, "a name can not be looked up");
	}
	l->with = with;
	l->users = 2;
	snprintf(l->host, sizeof(l->host), "%s", where->host);
	snprintf(l->port, sizeof(l->port), "%u", where->port);
	pthread_mutex_init(&l->lock, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are for the threads that know of them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, &attr, work, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (failed) {
		l->users = 1;
		let_go(l);
		return dlb_fail_errno(
			err, failed, "a name can not be looked up");
	}
	*out = l;
	return DLB_OK;
}

int
lookup_fd(const struct lookup *l)
{
	return l->fd;
}

bool
lookup_done(struct lookup *l, struct address *out, size_t cap, size_t *n,
	int *failed, int *sys_errno)
{
	bool done;

	pthread_mutex_lock(&l->lock);
	done = l->done;
	*n = l->n < cap ? l->n : cap;
	memcpy(out, l->found, *n * sizeof(*out));
	*failed = l->failed;
	*sys_errno = l->sys_errno;
	pthread_mutex_unlock(&l->lock);
	return done;
}

void
lookup_free(struct lookup *l)
{
	if (l)
		let_go(l);
}
