/*
 * The loop of a node that serves: one thread, one meeting at a time.
 *
 * What it waits for: borrowers, callers, the local network, media. Each is optional
 * and none may end the loop: what fails is told, and the rest goes on.
 */
#include "serve_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often the wish to stop is looked for. */
#define SLICE_MS 500
#define FDS_MAX                                                                \
	(DLB_LEND_FDS_MAX + DLB_LISTENER_FDS_MAX + DLB_LAN_FDS_MAX             \
		+ DLB_MOUNTS_FDS_MAX + DLB_DIAL_FDS_MAX + DLB_LINK_FDS_MAX)

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
step(struct dlb_serve *s)
{
	struct dlb_waiting_box box;

	dlb_serve_step_lender(s);
	if (s->lan)
		dlb_serve_step_lan(s);
	if (s->mounts)
		dlb_serve_step_mounts(s);
	if (s->listener)
		dlb_serve_step_listener(s);
	if (!s->n)
		return;
	if (s->dial)
		dlb_serve_step_dial(s);
	if (s->peer)
		dlb_serve_step_peer(s);
	else if (!s->dial
		&& dlb_waiting_next(&s->boxes, &box, dlb_serve_now_ms(s)))
		dlb_serve_meet_box(s, &box);
	else if (!s->dial)
		dlb_serve_begin_call(s);
}

static int64_t
deadline(const struct dlb_serve *s)
{
	int64_t at = dlb_serve_now_ms(s) + SLICE_MS;

	if (s->listener)
		at = earlier(at, dlb_listener_deadline_ms(s->listener));
	if (s->lan)
		at = earlier(at, dlb_lan_deadline_ms(s->lan));
	if (s->mounts)
		at = earlier(at, dlb_mounts_deadline_ms(s->mounts));
	if (!s->n)
		return at;
	if (s->dial)
		at = earlier(at, dlb_dial_deadline_ms(s->dial));
	if (s->peer)
		return earlier(at, dlb_peer_deadline_ms(s->peer));
	at = earlier(at, dlb_waiting_deadline_ms(&s->boxes));
	return s->dial ? at : earlier(at, dlb_callees_deadline_ms(&s->callees));
}

static void
wait_for_something(struct dlb_serve *s)
{
	struct pollfd fds[FDS_MAX];
	unsigned n = 0;
	int64_t wait = deadline(s) - dlb_serve_now_ms(s);

	n += dlb_lender_poll(s->lender, fds + n);
	if (s->listener)
		n += dlb_listener_poll(s->listener, s->n && !s->peer, fds + n);
	if (s->lan)
		n += dlb_lan_poll(s->lan, fds + n);
	if (s->mounts)
		n += dlb_mounts_poll(s->mounts, fds + n);
	if (s->n && s->dial)
		n += dlb_dial_poll(s->dial, fds + n);
	if (s->n && s->peer)
		n += dlb_peer_poll(s->peer, fds + n);
	wait = wait < 0 ? 0 : wait > SLICE_MS ? SLICE_MS : wait;
	if (poll(fds, n, (int)wait) < 0 && errno != EINTR)
		/* Never in a circle at full speed. */
		poll(NULL, 0, SLICE_MS);
}

static enum dlb_status
set_up(struct dlb_serve *s, struct dlb_error *err)
{
	const struct dlb_serve_config *c = s->config;
	struct dlb_lan_config lan = {.browse = c->browse};
	struct dlb_mounts_config mounts = {
		.dirs = c->dirs, .dirs_n = c->dirs_n, .media = c->media};
	struct dlb_error why = {.status = DLB_OK};
	enum dlb_status st = dlb_lender_new(&s->lender, s->home, err);

	if (st == DLB_OK && c->listen)
		st = dlb_listener_new(&s->listener, s->env, c->address,
			c->port ? c->port : DLB_TCP_PORT, err);
	if (st == DLB_OK && (c->media || c->dirs_n > 0))
		st = dlb_mounts_new(&s->mounts, s->env, &mounts, err);
	if (st != DLB_OK || (!c->browse && !c->announce))
		return st;
	if (c->announce && s->listener)
		lan.announce_port = dlb_listener_port(s->listener);
	/* Without Avahi the rest goes on. */
	if (dlb_lan_new(&s->lan, s->env, &lan, &why) != DLB_OK)
		dlb_serve_tell_failed(s, "", &why);
	s->callees.announces = s->lan && lan.announce_port != 0;
	return DLB_OK;
}

static void
clean_up(struct dlb_serve *s)
{
	dlb_serve_end_peer(s);
	dlb_peer_free(s->peer);
	dlb_dial_free(s->dial);
	dlb_mounts_free(s->mounts);
	dlb_lan_free(s->lan);
	dlb_listener_free(s->listener);
	dlb_lender_free(s->lender);
	dlb_waiting_clear(&s->boxes);
	dlb_secret_free(s->key);
	dlb_node_close(s->n);
	free(s);
}

enum dlb_status
dlb_serve_run(struct dlb_node *n, const struct dlb_serve_config *config,
	void (*on)(void *ctx, const struct dlb_serve_event *event),
	bool (*stop)(void *ctx), void *ctx, struct dlb_error *err)
{
	struct dlb_serve *s = calloc(1, sizeof(*s));
	char where[32] = "";
	enum dlb_status st;

	if (s)
		s->key = dlb_secret_new(DLB_KEY_LEN);
	if (!s || !s->key) {
		free(s);
		dlb_node_close(n);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	s->n = n;
	s->env = n->env;
	s->config = config;
	s->on = on;
	s->stop = stop;
	s->ctx = ctx;
	memcpy(s->home, n->home, sizeof(s->home));
	dlb_letterbox_root(n->letterbox, s->key);
	if (stat(s->home, &s->home_is) != 0)
		s->home_is = (struct stat){0};
	st = set_up(s, err);
	if (st == DLB_OK && s->listener)
		snprintf(where, sizeof(where), "port %u",
			dlb_listener_port(s->listener));
	if (st == DLB_OK)
		dlb_serve_tell(s,
			(struct dlb_serve_event){
				.what = DLB_SERVE_READY, .where = where});
	while (st == DLB_OK && !stop(ctx)) {
		step(s);
		wait_for_something(s);
	}
	clean_up(s);
	return st;
}
