/*
 * The one place of policy: how many cells there may be, and who gives way to
 * whom. Decides and writes nothing.
 *
 * Nothing here looks at HELD or OWN, as what a node shows must not depend on its
 * letterbox: a held cell's SHOWN claim gives way like any other's. And which cell
 * gives way is chosen at random within what may, so that nobody can push out a
 * certain one.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

uint32_t
dlb_quota_shown_max(const struct dlb_satchel *s)
{
	return s->layout.slots - s->super.reserve;
}

/* A satchel that another hand wrote may hold more than it may. */
uint32_t
dlb_quota_shown_left(const struct dlb_satchel *s)
{
	uint32_t max = dlb_quota_shown_max(s);
	uint32_t taken = s->index.shown + s->pending.shown;

	return taken < max ? max - taken : 0;
}

uint32_t
dlb_quota_held_left(const struct dlb_satchel *s)
{
	uint32_t max = s->super.reserve;
	uint32_t taken = s->index.held + s->pending.held;

	return taken < max ? max - taken : 0;
}

static bool
is_expired(const struct dlb_record *r, uint16_t week)
{
	return week && (r->flags & DLB_SHOWN) && r->expiry_week < week;
}

static bool
is_stale_look(const struct dlb_record *r, uint16_t week)
{
	return week && (r->flags & DLB_SHOWN) && (r->flags & DLB_LOOK)
		&& r->arrived_week + DLB_SATCHEL_LOOK_WEEKS < week;
}

/* ---- what has had its time -------------------------------------------------------------- */

static void
shuffle(uint32_t *list, uint32_t n, const struct dlb_env *env)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = dlb_random_below(env, i), v = list[i - 1];

		list[i - 1] = list[j];
		list[j] = v;
	}
}

static void
sweep_clear(struct dlb_sweep *sweep)
{
	free(sweep->expired);
	free(sweep->looks);
	memset(sweep, 0, sizeof(*sweep));
}

/* Once a week it is looked through all; what comes to be meanwhile waits for the
 * next. Without memory for the lists there is only the choice at random. */
static void
sweep_make(struct dlb_satchel *s, uint16_t week)
{
	struct dlb_sweep *sweep = &s->sweep;
	const struct dlb_record *r = s->index.records;
	uint32_t expired = 0, looks = 0;

	if (sweep->made && sweep->week == week)
		return;
	sweep_clear(sweep);
	sweep->made = true;
	sweep->week = week;
	for (uint32_t i = 0; i < s->index.entries; i++) {
		expired += is_expired(&r[i], week);
		looks += !is_expired(&r[i], week) && is_stale_look(&r[i], week);
	}
	sweep->expired = calloc(expired + 1, sizeof(uint32_t));
	sweep->looks = calloc(looks + 1, sizeof(uint32_t));
	if (!sweep->expired || !sweep->looks)
		return;
	for (uint32_t i = 0; i < s->index.entries; i++) {
		if (is_expired(&r[i], week))
			sweep->expired[sweep->expired_n++] = i;
		else if (is_stale_look(&r[i], week))
			sweep->looks[sweep->looks_n++] = i;
	}
	shuffle(sweep->expired, sweep->expired_n, s->env);
	shuffle(sweep->looks, sweep->looks_n, s->env);
}

/* The last of a list for which the reason still holds; drops those for which it
 * does not. */
static uint32_t
sweep_take(struct dlb_satchel *s, uint32_t *list, uint32_t *n,
	bool (*holds)(const struct dlb_record *, uint16_t))
{
	for (uint32_t i = *n; i-- > 0;) {
		uint32_t number = list[i];
		const struct dlb_record *r = &s->index.records[number];

		if (r->flags & DLB_REC_PINNED)
			continue;
		list[i] = list[--*n];
		if (holds(r, s->sweep.week))
			return number;
	}
	return DLB_NO_ENTRY;
}

/* ---- the choice ----------------------------------------------------------------------------- */

#define ANY_ORIGIN 0

/* One of a known origin's own, from a random place on. */
static uint32_t
own_victim(struct dlb_satchel *s, uint32_t origin, bool dear)
{
	uint32_t n = s->index.entries, start = dlb_random_below(s->env, n);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = (uint32_t)(((uint64_t)start + i) % n);
		const struct dlb_record *r = &s->index.records[number];

		if ((r->flags & DLB_SHOWN)
			&& (origin == ANY_ORIGIN || r->origin == origin)
			&& !(r->flags & DLB_REC_PINNED)
			&& dlb_index_is_dear(&s->index, number) == dear)
			return number;
	}
	return DLB_NO_ENTRY;
}

uint32_t
dlb_quota_victim(struct dlb_satchel *s, uint32_t origin, uint16_t now_week)
{
	uint32_t number = DLB_NO_ENTRY;

	if (now_week) {
		struct dlb_sweep *w = &s->sweep;

		sweep_make(s, now_week);
		number = sweep_take(s, w->expired, &w->expired_n, is_expired);
		if (number == DLB_NO_ENTRY)
			number = sweep_take(
				s, w->looks, &w->looks_n, is_stale_look);
	}
	/* Who says what is dear is not to have all of it. */
	if (number == DLB_NO_ENTRY
		&& dlb_index_group_len(&s->index, DLB_GROUP_DEAR)
			> dlb_quota_shown_max(s) / DLB_SATCHEL_DEAR_PART)
		number = dlb_index_pick(&s->index, DLB_GROUP_DEAR, s->env);
	if (number == DLB_NO_ENTRY)
		number = dlb_index_pick(&s->index, DLB_GROUP_STRANGERS, s->env);
	if (number == DLB_NO_ENTRY)
		number = dlb_index_pick(&s->index, DLB_GROUP_DEAR, s->env);
	for (int dear = 0; dear <= 1 && number == DLB_NO_ENTRY && origin != 0;
		dear++)
		number = own_victim(s, origin, dear);
	if (number != DLB_NO_ENTRY)
		dlb_index_pin(&s->index, number, true);
	return number;
}

uint32_t
dlb_quota_victim_of_own(struct dlb_satchel *s)
{
	uint32_t number = dlb_quota_victim(s, 0, 0);

	for (int dear = 0; dear <= 1 && number == DLB_NO_ENTRY; dear++)
		number = own_victim(s, ANY_ORIGIN, dear);
	if (number != DLB_NO_ENTRY)
		dlb_index_pin(&s->index, number, true);
	return number;
}

uint32_t
dlb_satchel_room(
	const struct dlb_satchel *s, uint32_t origin, uint16_t now_week)
{
	uint32_t room = dlb_quota_shown_left(s);

	for (uint32_t i = 0; i < s->index.entries; i++) {
		const struct dlb_record *r = &s->index.records[i];

		if ((r->flags & DLB_SHOWN)
			&& (r->origin == 0 || r->origin == origin
				|| is_expired(r, now_week)
				|| is_stale_look(r, now_week)))
			room++;
	}
	return room;
}

void
dlb_satchel_dear_none(struct dlb_satchel *s)
{
	for (uint32_t i = 0; s->index.dear && i < s->index.entries; i++)
		if (dlb_index_is_dear(&s->index, i)
			&& dlb_index_set_dear(&s->index, i, false) != DLB_OK)
			return; /* takes no memory */
}

enum dlb_status
dlb_satchel_dear(struct dlb_satchel *s, uint32_t number, struct dlb_error *err)
{
	return dlb_index_set_dear(&s->index, number, true) == DLB_OK
		? DLB_OK
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");
}

uint32_t
dlb_satchel_room_held(const struct dlb_satchel *s)
{
	return dlb_quota_held_left(s);
}

void
dlb_quota_free(struct dlb_satchel *s)
{
	sweep_clear(&s->sweep);
}
