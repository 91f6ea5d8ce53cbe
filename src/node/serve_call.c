/*
 * Who calls a node that serves, and whom it calls: those that it finds on the local
 * network. One call at a time.
 */
#include "serve_internal.h"

#include <string.h>

void
dlb_serve_step_listener(struct dlb_serve *s)
{
	struct dlb_link *link = NULL;
	struct dlb_error err = {.status = DLB_OK};
	char from[DLB_TCP_WHERE_MAX + 1] = "";
	bool accepting = s->n && !s->peer;

	if (dlb_listener_step(s->listener, accepting, &link, from, &err)
		!= DLB_OK)
		dlb_serve_tell_failed(s, "", &err);
	if (!link)
		return;
	/* Who calls us is there; whom we are calling may not be. */
	dlb_dial_free(s->dial);
	s->dial = NULL;
	dlb_serve_end_call(s, false);
	memcpy(s->where, from, sizeof(s->where));
	dlb_serve_begin_peer(s, link, false);
}

void
dlb_serve_begin_call(struct dlb_serve *s)
{
	struct dlb_callee *callee =
		dlb_callees_due(&s->callees, dlb_serve_now_ms(s));
	struct dlb_error err = {.status = DLB_OK};

	if (!callee)
		return;
	memcpy(s->calling, callee->peer.name, sizeof(s->calling));
	dlb_tcp_text(s->where, &callee->peer.ways[0]);
	if (dlb_dial_new_list(&s->dial, s->env, callee->peer.ways,
		    callee->peer.ways_n, 0, &err)
		== DLB_OK)
		return;
	dlb_serve_tell_failed(s, s->where, &err);
	dlb_serve_end_call(s, false);
}

void
dlb_serve_step_dial(struct dlb_serve *s)
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
		dlb_serve_begin_peer(s, link, true);
		return;
	}
	dlb_serve_tell_failed(s, s->where, &err);
	dlb_serve_end_call(s, false);
}

void
dlb_serve_step_lan(struct dlb_serve *s)
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
			dlb_serve_tell_failed(s, "", &e.why);
			continue;
		default:
			continue;
		}
		dlb_serve_tell(s, event);
	}
}
