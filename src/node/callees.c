/*
 * Whom to call. Times are of the clock that never goes back.
 */
#include "callees.h"

#include <stdio.h>
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

/* Whose turn it is, by the names. */
static void
decide(const struct dlb_callees *c, struct dlb_callee *callee,
	const struct dlb_env *env)
{
	bool ours = strcmp(c->own_name, callee->peer.name) < 0;

	callee->undecided = c->announces && !c->own_name[0];
	callee->next_ms = monotonic(env)
		+ (ours && !callee->undecided ? 0 : DLB_CALL_TURN_MS)
		+ dlb_random_below(env, DLB_CALL_SOON_MS);
}

static bool
has_host(const struct dlb_lan_peer *peer, const char *host)
{
	for (size_t k = 0; k < peer->ways_n; k++)
		if (strcmp(peer->ways[k].host, host) == 0)
			return true;
	return false;
}

static bool
has_called(const struct dlb_callees *c, const struct dlb_lan_peer *peer,
	int64_t now_ms)
{
	for (size_t i = 0; i < DLB_CALLERS_MAX; i++)
		if (now_ms < c->callers[i].until_ms
			&& has_host(peer, c->callers[i].host))
			return true;
	return false;
}

void
dlb_callees_found(struct dlb_callees *c, const struct dlb_lan_peer *peer,
	const struct dlb_env *env)
{
	struct dlb_callee *callee = find(c, peer->name);

	if (callee) {
		callee->peer = *peer;
	} else {
		callee = place(c);
		if (!callee)
			return;
		*callee = (struct dlb_callee){.peer = *peer};
		decide(c, callee, env);
		if (has_called(c, peer, monotonic(env)))
			dlb_callees_called(callee, true, env);
	}
	callee->there = true;
}

void
dlb_callees_announced(
	struct dlb_callees *c, const char *name, const struct dlb_env *env)
{
	snprintf(c->own_name, sizeof(c->own_name), "%s", name);
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].undecided)
			decide(c, &c->list[i], env);
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

	callee->undecided = false;
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
	struct dlb_caller *caller = &c->callers[0];

	for (size_t i = 0; i < c->n; i++)
		if (has_host(&c->list[i].peer, host))
			dlb_callees_called(&c->list[i], true, env);
	/* Its announcement may still be under way. */
	for (size_t i = 1; i < DLB_CALLERS_MAX; i++)
		if (c->callers[i].until_ms < caller->until_ms)
			caller = &c->callers[i];
	snprintf(caller->host, sizeof(caller->host), "%s", host);
	caller->until_ms = monotonic(env) + DLB_CALL_FOUND_MS;
}
