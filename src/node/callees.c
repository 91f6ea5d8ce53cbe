/*
 * Whom to call. Times are of the clock that never goes back.
 */
#include "callees.h"

#include <string.h>

static int64_t
monotonic(const struct dlb_env *env)
{
	return env->monotonic_ms(env->ctx);
}

static struct dlb_callee *
find(struct dlb_callees *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->list[i].peer.name, name) == 0)
			return &c->list[i];
	return NULL;
}

/* A new place, or that of one that is gone and longest due. */
static struct dlb_callee *
place(struct dlb_callees *c)
{
	struct dlb_callee *oldest = NULL;

	if (c->n < DLB_CALLEES_MAX)
		return &c->list[c->n++];
	for (size_t i = 0; i < c->n; i++)
		if (!c->list[i].there
			&& (!oldest || c->list[i].next_ms < oldest->next_ms))
			oldest = &c->list[i];
	return oldest;
}

void
dlb_callees_found(struct dlb_callees *c, const struct dlb_lan_peer *peer,
	const struct dlb_env *env)
{
	struct dlb_callee *callee = find(c, peer->name);
	bool ours = !c->own_name[0] || strcmp(c->own_name, peer->name) < 0;

	if (!callee) {
		callee = place(c);
		if (!callee)
			return;
		memset(callee, 0, sizeof(*callee));
		callee->next_ms = monotonic(env) + (ours ? 0 : DLB_CALL_TURN_MS)
			+ dlb_random_below(env, DLB_CALL_SOON_MS);
	}
	callee->peer = *peer;
	callee->there = true;
}

void
dlb_callees_lost(struct dlb_callees *c, const char *name)
{
	struct dlb_callee *callee = find(c, name);

	if (callee)
		callee->there = false;
}

struct dlb_callee *
dlb_callees_due(struct dlb_callees *c, int64_t now_ms)
{
	struct dlb_callee *first = NULL;

	for (size_t i = 0; i < c->n; i++) {
		struct dlb_callee *callee = &c->list[i];

		if (callee->there && callee->next_ms <= now_ms
			&& (!first || callee->next_ms < first->next_ms))
			first = callee;
	}
	return first;
}

int64_t
dlb_callees_deadline_ms(const struct dlb_callees *c)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].there && c->list[i].next_ms < at)
			at = c->list[i].next_ms;
	return at;
}

void
dlb_callees_called(
	struct dlb_callee *callee, bool met, const struct dlb_env *env)
{
	int64_t wait = DLB_CALL_AGAIN_MS;

	if (met) {
		callee->failures = 0;
	} else {
		wait = DLB_CALL_RETRY_MS;
		for (unsigned i = 0;
			i < callee->failures && wait < DLB_CALL_RETRY_MAX_MS;
			i++)
			wait *= 2;
		if (wait > DLB_CALL_RETRY_MAX_MS)
			wait = DLB_CALL_RETRY_MAX_MS;
		callee->failures++;
	}
	/* Never in step with another node. */
	callee->next_ms = monotonic(env) + wait
		+ dlb_random_below(env, (uint32_t)wait / 4);
}

void
dlb_callees_met_host(
	struct dlb_callees *c, const char *host, const struct dlb_env *env)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->list[i].peer.ways_n; k++)
			if (strcmp(c->list[i].peer.ways[k].host, host) == 0) {
				dlb_callees_called(&c->list[i], true, env);
				break;
			}
}
