/*
 * The other node that a node which serves is meeting: one at a time.
 */
#include "serve_internal.h"

#include <poll.h>
#include <string.h>

void
dlb_serve_end_call(struct dlb_serve *s, bool met)
{
	for (size_t i = 0; s->calling[0] && i < s->callees.n; i++)
		if (strcmp(s->callees.list[i].peer.name, s->calling) == 0)
			dlb_callees_called(&s->callees.list[i], met, s->env);
	s->calling[0] = '\0';
}

void
dlb_serve_begin_peer(struct dlb_serve *s, struct dlb_link *link, bool caller)
{
	struct dlb_peer_options options = {.policy = s->config->policy,
		.as_box = s->config->as_box,
		.by_itself = true,
		.limit_ms = s->config->limit_ms};
	struct dlb_error err = {.status = DLB_OK};
	enum dlb_status st = dlb_serve_look_around(s, &err);

	if (st == DLB_OK)
		st = dlb_peer_new(&s->peer, s->n, link, caller, &options, &err);
	else
		dlb_link_free(link);
	if (st == DLB_OK) {
		dlb_serve_tell(s,
			(struct dlb_serve_event){
				.what = DLB_SERVE_MEETING, .where = s->where});
		return;
	}
	dlb_serve_tell_failed(s, s->where, &err);
	dlb_serve_end_call(s, false);
}

void
dlb_serve_step_peer(struct dlb_serve *s)
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
		dlb_serve_tell_failed(s, s->where, &err);
	else
		dlb_serve_tell(s,
			(struct dlb_serve_event){.what = DLB_SERVE_MET,
				.where = s->where,
				.peer = &result,
				.why = st == DLB_OK ? NULL : &err});
	if (!s->calling[0] && st == DLB_OK
		&& dlb_tcp_parse(&where, s->where, NULL) == DLB_OK)
		dlb_callees_met_host(&s->callees, where.host, s->env);
	dlb_serve_end_call(s, st == DLB_OK || st == DLB_PARTLY);
}

void
dlb_serve_end_peer(struct dlb_serve *s)
{
	int64_t until = dlb_serve_now_ms(s) + 2000;

	if (!s->peer || !s->n)
		return;
	dlb_peer_stop(s->peer);
	while (s->peer && dlb_serve_now_ms(s) < until) {
		struct pollfd fds[DLB_LINK_FDS_MAX];
		unsigned n = dlb_peer_poll(s->peer, fds);

		poll(fds, n, 50);
		dlb_serve_step_peer(s);
	}
}
