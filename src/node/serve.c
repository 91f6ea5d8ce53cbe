/*
 * The loop of a node that serves: one thread, one meeting at a time.
 *
 * What it waits for: borrowers, callers, the local network, media. Each is optional
 * and none may end the loop: what fails is told, and the rest goes on.
 */
#include "serve.h"

#include "callees.h"
#include "lend.h"
#include "mounts.h"
#include "node_internal.h"
#include "tcp.h"
#include "waiting.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* How often the wish to stop is looked for. */
#define SLICE_MS 500
/* One that another process is meeting is tried again after so long, so often. */
#define BUSY_MS 5000
#define BUSY_TRIES 60
/* A home that did not open when it came back is tried again so often. */
#define REOPEN_MS 2000
#define FDS_MAX                                                                \
	(DLB_LEND_FDS_MAX + DLB_LISTENER_FDS_MAX + DLB_LAN_FDS_MAX             \
		+ DLB_MOUNTS_FDS_MAX + DLB_DIAL_FDS_MAX + DLB_LINK_FDS_MAX)

struct serve {
	struct dlb_node *n; /* NULL while it is lent */
	const struct dlb_env *env;
	char home[3072];
	uint8_t *key; /* opens the home; in guarded memory */
	const struct dlb_serve_config *config;
	void (*on)(void *ctx, const struct dlb_serve_event *event);
	bool (*stop)(void *ctx);
	void *ctx;
	struct dlb_lender *lender;
	struct dlb_listener *listener;
	struct dlb_lan *lan;
	struct dlb_mounts *mounts;
	bool lent; /* a borrower has it; else, where n is NULL, it did not open */
	struct stat home_is; /* as it was opened */
	bool clock_doubted;  /* was told */
	int64_t reopen_ms;
	struct dlb_callees callees;
	char calling[DLB_LAN_NAME_MAX
		+ 1]; /* whom we dial, or met by calling */
	struct dlb_dial *dial;
	struct dlb_peer *peer;
	char where[DLB_TCP_WHERE_MAX + 1]; /* of the peer */
	struct dlb_waiting boxes;
};

/* ---- telling ------------------------------------------------------------------------ */

static void
tell(struct serve *s, struct dlb_serve_event event)
{
	if (!event.where)
		event.where = "";
	if (!event.who)
		event.who = "";
	s->on(s->ctx, &event);
}

static void
tell_failed(struct serve *s, const char *where, const struct dlb_error *why)
{
	tell(s,
		(struct dlb_serve_event){
			.what = DLB_SERVE_FAILED, .where = where, .why = why});
}

static int64_t
monotonic(const struct serve *s)
{
	return s->env->monotonic_ms(s->env->ctx);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- the home, lent and back ----------------------------------------------------------- */

static void
lend(struct serve *s)
{
	struct dlb_error err = {.status = DLB_OK};

	if (s->peer && dlb_peer_pause(s->peer, &err) != DLB_OK)
		tell_failed(s, s->where, &err);
	dlb_node_close(s->n);
	s->n = NULL;
	s->lent = true;
	tell(s, (struct dlb_serve_event){.what = DLB_SERVE_LENT});
	dlb_lender_give(s->lender, s->key);
}

static void
reopen(struct serve *s)
{
	struct dlb_unlock unlock = {DLB_UNLOCK_ROOT, s->key, DLB_KEY_LEN};
	struct dlb_error err = {.status = DLB_OK};
	enum dlb_status st =
		dlb_node_open(&s->n, s->home, &unlock, REOPEN_MS, s->env, &err);

	if (st == DLB_OK && s->peer)
		dlb_peer_resume(s->peer, s->n);
	if (st != DLB_OK)
		tell_failed(s, s->home, &err);
	s->reopen_ms = monotonic(s) + REOPEN_MS;
	if (s->n && stat(s->home, &s->home_is) != 0)
		s->home_is = (struct stat){0};
	if (s->n)
		tell(s, (struct dlb_serve_event){.what = DLB_SERVE_BACK});
}

static void
step_lender(struct serve *s)
{
	enum dlb_lend_event e;

	while ((e = dlb_lender_step(s->lender)) != DLB_LEND_NONE) {
		if (e == DLB_LEND_BACK) {
			s->lent = false;
			reopen(s);
		} else if (s->n) {
			lend(s);
		} else {
			dlb_lender_refuse(s->lender);
		}
	}
	if (!s->n && !s->lent && monotonic(s) >= s->reopen_ms)
		reopen(s);
}

/* ---- a peer ----------------------------------------------------------------------------- */

static void
end_call(struct serve *s, bool met)
{
	for (size_t i = 0; s->calling[0] && i < s->callees.n; i++)
		if (strcmp(s->callees.list[i].peer.name, s->calling) == 0)
			dlb_callees_called(&s->callees.list[i], met, s->env);
	s->calling[0] = '\0';
}

/* Before a meeting: what came into a home that was taken away would be lost with it. */
static enum dlb_status
look_around(struct serve *s, struct dlb_error *err)
{
	struct dlb_error doubt;
	struct stat home;
	bool doubted;
	enum dlb_status st;
	bool there = stat(s->home, &home) == 0;

	/* It was gone for a moment when it was to be noted which one it is. */
	if (there && s->home_is.st_ino == 0)
		s->home_is = home;
	if (!there || home.st_ino != s->home_is.st_ino
		|| home.st_dev != s->home_is.st_dev)
		return dlb_fail(err, DLB_NOT_FOUND,
			"the home is not in %s any more: put it back, or end "
			"this and start it with the right DLB_HOME; nothing is "
			"met until then",
			s->home);
	st = dlb_node_look_at_clock(s->n, err);
	if (st != DLB_OK)
		return st;
	doubted = dlb_clock_doubt(&s->n->clock, &doubt) != DLB_OK;
	if (doubted && !s->clock_doubted)
		tell_failed(s, "", &doubt);
	s->clock_doubted = doubted;
	return DLB_OK;
}

static void
begin_peer(struct serve *s, struct dlb_link *link, bool caller)
{
	struct dlb_peer_options options = {.policy = s->config->policy,
		.as_box = s->config->as_box,
		.by_itself = true,
		.limit_ms = s->config->limit_ms};
	struct dlb_error err = {.status = DLB_OK};
	enum dlb_status st = look_around(s, &err);

	if (st == DLB_OK)
		st = dlb_peer_new(&s->peer, s->n, link, caller, &options, &err);
	else
		dlb_link_free(link);
	if (st == DLB_OK) {
		tell(s,
			(struct dlb_serve_event){
				.what = DLB_SERVE_MEETING, .where = s->where});
		return;
	}
	tell_failed(s, s->where, &err);
	end_call(s, false);
}

static void
step_peer(struct serve *s)
{
	struct dlb_peer_result result;
	struct dlb_error err = {.status = DLB_OK};
	bool over;
	enum dlb_status st = dlb_peer_step(s->peer, &over, &err);
	struct dlb_tcp_where where;

	if (!over)
		return;
	dlb_peer_result(s->peer, &result);
	dlb_peer_free(s->peer);
	s->peer = NULL;
	/* Nobody was there, or not one that speaks this. */
	if (st != DLB_OK && !result.names[0] && !result.stranger)
		tell_failed(s, s->where, &err);
	else
		tell(s,
			(struct dlb_serve_event){.what = DLB_SERVE_MET,
				.where = s->where,
				.peer = &result,
				.why = st == DLB_OK ? NULL : &err});
	if (!s->calling[0] && st == DLB_OK
		&& dlb_tcp_parse(&where, s->where, NULL) == DLB_OK)
		dlb_callees_met_host(&s->callees, where.host, s->env);
	end_call(s, st == DLB_OK || st == DLB_PARTLY);
}

static void
step_listener(struct serve *s)
{
	struct dlb_link *link = NULL;
	struct dlb_error err = {.status = DLB_OK};
	char from[DLB_TCP_WHERE_MAX + 1] = "";
	bool accepting = s->n && !s->peer;

	if (dlb_listener_step(s->listener, accepting, &link, from, &err)
		!= DLB_OK)
		tell_failed(s, "", &err);
	if (!link)
		return;
	/* Who calls us is there; whom we are calling may not be. */
	dlb_dial_free(s->dial);
	s->dial = NULL;
	end_call(s, false);
	memcpy(s->where, from, sizeof(s->where));
	begin_peer(s, link, false);
}

/* ---- calling ------------------------------------------------------------------------------ */

static void
begin_call(struct serve *s)
{
	struct dlb_callee *callee = dlb_callees_due(&s->callees, monotonic(s));
	struct dlb_error err = {.status = DLB_OK};

	if (!callee)
		return;
	memcpy(s->calling, callee->peer.name, sizeof(s->calling));
	dlb_tcp_text(s->where, &callee->peer.ways[0]);
	if (dlb_dial_new_list(&s->dial, s->env, callee->peer.ways,
		    callee->peer.ways_n, 0, &err)
		== DLB_OK)
		return;
	tell_failed(s, s->where, &err);
	end_call(s, false);
}

static void
step_dial(struct serve *s)
{
	struct dlb_error err = {.status = DLB_OK};
	struct dlb_link_config config = {.caller = true, .name = s->where};
	struct dlb_link *link = NULL;
	int fd = -1;
	enum dlb_status st = dlb_dial_step(s->dial, &fd, &err);

	if (st == DLB_OK && fd < 0)
		return;
	dlb_dial_free(s->dial);
	s->dial = NULL;
	config.read_fd = config.write_fd = fd;
	if (st == DLB_OK)
		st = dlb_link_new(&link, s->env, &config, &err);
	if (st == DLB_OK) {
		begin_peer(s, link, true);
		return;
	}
	tell_failed(s, s->where, &err);
	end_call(s, false);
}

static void
step_lan(struct serve *s)
{
	struct dlb_lan_event e;

	for (;;) {
		struct dlb_serve_event event = {0};

		dlb_lan_step(s->lan, &e);
		event.who = e.peer.name;
		switch (e.kind) {
		case DLB_LAN_NONE:
			return;
		case DLB_LAN_FOUND:
			dlb_callees_found(&s->callees, &e.peer, s->env);
			event.what = DLB_SERVE_FOUND;
			break;
		case DLB_LAN_LOST:
			dlb_callees_lost(&s->callees, e.peer.name);
			event.what = DLB_SERVE_LOST;
			break;
		case DLB_LAN_ANNOUNCED:
			dlb_callees_announced(&s->callees, e.peer.name, s->env);
			event.what = DLB_SERVE_ANNOUNCED;
			break;
		case DLB_LAN_DOWN:
		case DLB_LAN_UNHEARD:
			tell_failed(s, "", &e.why);
			continue;
		default:
			continue;
		}
		tell(s, event);
	}
}

/* ---- boxes ---------------------------------------------------------------------------------- */

static void
step_mounts(struct serve *s)
{
	struct dlb_mounts_event e;

	for (;;) {
		dlb_mounts_step(s->mounts, &e);
		switch (e.kind) {
		case DLB_MOUNTS_NONE:
			return;
		case DLB_MOUNTS_APPEARED:
			dlb_waiting_add(&s->boxes,
				(struct dlb_waiting_box){
					.medium = e.medium, .again = e.again},
				e.path);
			break;
		case DLB_MOUNTS_GONE:
			dlb_waiting_forget(&s->boxes, e.path);
			break;
		case DLB_MOUNTS_LIMIT:
			tell_failed(s, e.path, &e.why);
			break;
		}
	}
}

static bool
go_on(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct serve *s = ctx;

	(void)what;
	(void)done;
	(void)total;
	return !s->stop(s->ctx);
}

static void
box_was_met(struct serve *s, const struct dlb_waiting_box *box,
	const struct dlb_meet_result *result)
{
	dlb_mounts_met(s->mounts, box->path, (size_t)result->objects);
	if (box->again && result->given + result->taken + result->refused == 0)
		return;
	tell(s,
		(struct dlb_serve_event){.what = DLB_SERVE_BOX_MET,
			.where = box->path,
			.box = result,
			.medium = box->medium});
}

static void
box_was_not_met(struct serve *s, struct dlb_waiting_box *box,
	const struct dlb_error *why)
{
	struct dlb_error later;

	if (why->status == DLB_BUSY && box->busy++ < BUSY_TRIES) {
		if (box->busy == 1
			&& dlb_fail(&later, DLB_BUSY,
				   "%.400s: it is tried again in a while",
				   why->msg)
				!= DLB_OK)
			tell_failed(s, box->path, &later);
		box->again = false;
		box->from_ms = monotonic(s) + BUSY_MS;
		dlb_waiting_add(&s->boxes, *box, box->path);
		return;
	}
	/* Said once; its key may become known. */
	if (why->status == DLB_WRONG_KEY) {
		dlb_mounts_leave(s->mounts, box->path);
		if (box->again)
			return;
	}
	tell_failed(s, box->path, why);
}

static void
meet_box(struct serve *s, struct dlb_waiting_box *box)
{
	struct dlb_meet_result *result = calloc(1, sizeof(*result));
	struct dlb_meet_options options = {
		.where = box->path, .by_itself = true};
	struct dlb_progress progress = {.ctx = s, .step = go_on};
	struct dlb_error err = {
		.status = DLB_NO_MEMORY, .msg = "out of memory"};
	enum dlb_status st = DLB_NO_MEMORY;

	if (!box->again && box->busy == 0)
		tell(s,
			(struct dlb_serve_event){.what = DLB_SERVE_BOX_MEETING,
				.where = box->path,
				.medium = box->medium});
	if (result)
		st = look_around(s, &err);
	if (st == DLB_OK)
		st = dlb_node_meet(s->n, &options, result, &progress, &err);
	if (st == DLB_OK)
		box_was_met(s, box, result);
	else
		box_was_not_met(s, box, &err);
	free(box->path);
	free(result);
}

/* ---- the loop ----------------------------------------------------------------------------------- */

static void
step(struct serve *s)
{
	struct dlb_waiting_box box;

	step_lender(s);
	if (s->lan)
		step_lan(s);
	if (s->mounts)
		step_mounts(s);
	if (s->listener)
		step_listener(s);
	if (!s->n)
		return;
	if (s->dial)
		step_dial(s);
	if (s->peer)
		step_peer(s);
	else if (!s->dial && dlb_waiting_next(&s->boxes, &box, monotonic(s)))
		meet_box(s, &box);
	else if (!s->dial)
		begin_call(s);
}

static int64_t
deadline(const struct serve *s)
{
	int64_t at = monotonic(s) + SLICE_MS;

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
wait_for_something(struct serve *s)
{
	struct pollfd fds[FDS_MAX];
	unsigned n = 0;
	int64_t wait = deadline(s) - monotonic(s);

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

/* Lets a meeting that is under way write down what came, and ends it. */
static void
end_peer(struct serve *s)
{
	int64_t until = monotonic(s) + 2000;

	if (!s->peer || !s->n)
		return;
	dlb_peer_stop(s->peer);
	while (s->peer && monotonic(s) < until) {
		struct pollfd fds[DLB_LINK_FDS_MAX];
		unsigned n = dlb_peer_poll(s->peer, fds);

		poll(fds, n, 50);
		step_peer(s);
	}
}

static enum dlb_status
set_up(struct serve *s, struct dlb_error *err)
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
		tell_failed(s, "", &why);
	s->callees.announces = s->lan && lan.announce_port != 0;
	return DLB_OK;
}

static void
clean_up(struct serve *s)
{
	end_peer(s);
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
	struct serve *s = calloc(1, sizeof(*s));
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
		tell(s,
			(struct dlb_serve_event){
				.what = DLB_SERVE_READY, .where = where});
	while (st == DLB_OK && !stop(ctx)) {
		step(s);
		wait_for_something(s);
	}
	clean_up(s);
	return st;
}
