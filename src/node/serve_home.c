/*
 * The home of a node that serves: lent to other processes, opened anew when it comes
 * back, and looked at before each meeting.
 */
#include "serve_internal.h"

/* A home that did not open when it came back is tried again so often. */
#define REOPEN_MS 2000

static void
lend(struct dlb_serve *s)
{
	struct dlb_error err = {.status = DLB_OK};

	if (s->peer && dlb_peer_pause(s->peer, &err) != DLB_OK)
		dlb_serve_tell_failed(s, s->where, &err);
	dlb_node_close(s->n);
	s->n = NULL;
	s->lent = true;
	dlb_serve_tell(s, (struct dlb_serve_event){.what = DLB_SERVE_LENT});
	dlb_lender_give(s->lender, s->key);
}

static void
reopen(struct dlb_serve *s)
{
	struct dlb_unlock unlock = {DLB_UNLOCK_ROOT, s->key, DLB_KEY_LEN};
	struct dlb_error err = {.status = DLB_OK};
	enum dlb_status st =
		dlb_node_open(&s->n, s->home, &unlock, REOPEN_MS, s->env, &err);

	if (st == DLB_OK && s->peer)
		dlb_peer_resume(s->peer, s->n);
	if (st != DLB_OK)
		dlb_serve_tell_failed(s, s->home, &err);
	s->reopen_ms = dlb_serve_now_ms(s) + REOPEN_MS;
	if (s->n && stat(s->home, &s->home_is) != 0)
		s->home_is = (struct stat){0};
	if (s->n)
		dlb_serve_tell(
			s, (struct dlb_serve_event){.what = DLB_SERVE_BACK});
}

void
dlb_serve_step_lender(struct dlb_serve *s)
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
	if (!s->n && !s->lent && dlb_serve_now_ms(s) >= s->reopen_ms)
		reopen(s);
}

enum dlb_status
dlb_serve_look_around(struct dlb_serve *s, struct dlb_error *err)
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
		dlb_serve_tell_failed(s, "", &doubt);
	s->clock_doubted = doubted;
	return DLB_OK;
}
