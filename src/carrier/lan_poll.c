/*
 * Avahi's library waits through a table of functions. This one keeps what is to be
 * waited for, so that the caller's loop can wait for all. A callback may free or make
 * watches and time-outs, its own included: what is freed is taken out after the
 * callbacks.
 */
#include "lan_internal.h"

#include <stdlib.h>
#include <sys/time.h>

struct AvahiWatch {
	struct AvahiWatch *next;
	int fd;
	AvahiWatchEvent events, happened;
	AvahiWatchCallback call;
	void *userdata;
	bool dead;
};

struct AvahiTimeout {
	struct AvahiTimeout *next;
	struct lan_poll *poll;
	int64_t at_ms; /* INT64_MAX: disabled */
	AvahiTimeoutCallback call;
	void *userdata;
	bool dead;
};

static AvahiWatch *
watch_new(const AvahiPoll *api, int fd, AvahiWatchEvent events,
	AvahiWatchCallback call, void *userdata)
{
	struct lan_poll *p = api->userdata;
	struct AvahiWatch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct AvahiWatch){.next = p->watches,
		.fd = fd,
		.events = events,
		.call = call,
		.userdata = userdata};
	p->watches = w;
	return w;
}

static void
watch_update(AvahiWatch *w, AvahiWatchEvent events)
{
	w->events = events;
}

static AvahiWatchEvent
watch_get_events(AvahiWatch *w)
{
	return w->happened;
}

static void
watch_free(AvahiWatch *w)
{
	w->dead = true;
}

/* A wall-clock time, which may be set at any moment: only the distance counts. */
static int64_t
at_ms(const struct lan_poll *p, const struct timeval *tv)
{
	struct timeval now;
	int64_t ms;

	if (!tv)
		return INT64_MAX;
	gettimeofday(&now, NULL);
	ms = ((int64_t)tv->tv_sec - (int64_t)now.tv_sec) * 1000
		+ ((int64_t)tv->tv_usec - (int64_t)now.tv_usec) / 1000;
	return p->env->monotonic_ms(p->env->ctx) + (ms > 0 ? ms : 0);
}

static AvahiTimeout *
timeout_new(const AvahiPoll *api, const struct timeval *tv,
	AvahiTimeoutCallback call, void *userdata)
{
	struct lan_poll *p = api->userdata;
	struct AvahiTimeout *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct AvahiTimeout){.next = p->timeouts,
		.poll = p,
		.at_ms = at_ms(p, tv),
		.call = call,
		.userdata = userdata};
	p->timeouts = t;
	return t;
}

static void
timeout_update(AvahiTimeout *t, const struct timeval *tv)
{
	t->at_ms = at_ms(t->poll, tv);
}

static void
timeout_free(AvahiTimeout *t)
{
	t->dead = true;
}

void
lan_poll_init(struct lan_poll *p, const struct dlb_env *env)
{
	*p = (struct lan_poll){.env = env,
		.api = {.userdata = p,
			.watch_new = watch_new,
			.watch_update = watch_update,
			.watch_get_events = watch_get_events,
			.watch_free = watch_free,
			.timeout_new = timeout_new,
			.timeout_update = timeout_update,
			.timeout_free = timeout_free}};
}

/* all: those in use as well. */
static void
sweep(struct lan_poll *p, bool all)
{
	struct AvahiWatch **w = &p->watches;
	struct AvahiTimeout **t = &p->timeouts;

	while (*w) {
		struct AvahiWatch *this = *w;

		if (!all && !this->dead) {
			w = &this->next;
			continue;
		}
		*w = this->next;
		free(this);
	}
	while (*t) {
		struct AvahiTimeout *this = *t;

		if (!all && !this->dead) {
			t = &this->next;
			continue;
		}
		*t = this->next;
		free(this);
	}
}

void
lan_poll_clear(struct lan_poll *p)
{
	sweep(p, true);
}

unsigned
lan_poll_fds(const struct lan_poll *p, struct pollfd *out, unsigned cap)
{
	unsigned n = 0;

	for (const struct AvahiWatch *w = p->watches; w; w = w->next) {
		unsigned i = 0;

		if (w->dead || w->events == 0)
			continue;
		while (i < n && out[i].fd != w->fd)
			i++;
		if (i == cap)
			continue;
		if (i == n)
			out[n++] = (struct pollfd){.fd = w->fd};
		out[i].events = (short)(out[i].events | (short)w->events);
	}
	return n;
}

int64_t
lan_poll_deadline_ms(const struct lan_poll *p)
{
	int64_t first = INT64_MAX;

	for (const struct AvahiTimeout *t = p->timeouts; t; t = t->next)
		if (!t->dead && t->at_ms < first)
			first = t->at_ms;
	return first;
}

void
lan_poll_dispatch(struct lan_poll *p)
{
	int64_t now = p->env->monotonic_ms(p->env->ctx);

	for (struct AvahiWatch *w = p->watches; w; w = w->next) {
		struct pollfd fd = {.fd = w->fd, .events = (short)w->events};

		if (w->dead || w->events == 0 || poll(&fd, 1, 0) <= 0)
			continue;
		w->happened = (AvahiWatchEvent)fd.revents;
		w->call(w, w->fd, w->happened, w->userdata);
		w->happened = 0;
	}
	for (struct AvahiTimeout *t = p->timeouts; t; t = t->next) {
		if (t->dead || t->at_ms > now)
			continue;
		t->at_ms = INT64_MAX;
		t->call(t, t->userdata);
	}
	sweep(p, false);
}
