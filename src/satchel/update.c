/*
 * Changes of many entries at once.
 *
 * A claim that is added needs room like a newcomer's: cells of strangers give way
 * to SHOWN; there is no more room for HELD than the reserve.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

struct update {
	struct dlb_change *changes; /* room for twice n: who gives way, too */
	struct dlb_edit *edits;
	size_t n;
	size_t pinned; /* so many of changes are */
};

static int
change_order(const void *a, const void *b)
{
	const struct dlb_change *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static enum dlb_status
take_in(struct dlb_satchel *s, struct update *u,
	const struct dlb_satchel_change *changes, size_t n,
	struct dlb_error *err)
{
	struct dlb_entry e;

	for (size_t i = 0; i < n; i++) {
		struct dlb_change *c = &u->changes[i];

		if (!dlb_satchel_entry(s, changes[i].number, &e))
			return dlb_fail(err, DLB_NOT_FOUND,
				"there is no cell at entry %u",
				changes[i].number);
		*c = dlb_change_of(s, changes[i].number);
		c->flags = dlb_flags_tidy(changes[i].flags);
		c->copies = changes[i].copies;
		c->searched = changes[i].searched;
	}
	qsort(u->changes, n, sizeof(*u->changes), change_order);
	for (size_t i = 1; i < n; i++)
		if (u->changes[i].number == u->changes[i - 1].number)
			return dlb_fail(err, DLB_USAGE,
				"entry %u is changed twice at once",
				u->changes[i].number);
	u->n = n;
	return DLB_OK;
}

/* By how many more the changes leave a claim than there are. */
static int64_t
claim_growth(const struct dlb_satchel *s, const struct update *u, uint8_t claim)
{
	int64_t growth = 0;

	for (size_t i = 0; i < u->n; i++) {
		bool has = u->changes[i].flags & claim;
		bool had = s->index.records[u->changes[i].number].flags & claim;

		growth += has - had;
	}
	return growth;
}

/* How many of one's own come to be shown, as they went out: these are not to be kept
 * back by what others brought, or no meeting would end well in a satchel that known
 * origins have filled. */
static int64_t
own_growth(const struct dlb_satchel *s, const struct update *u)
{
	int64_t growth = 0;

	for (size_t i = 0; i < u->n; i++) {
		uint8_t was = s->index.records[u->changes[i].number].flags;

		growth += (was & DLB_OWN) && !(was & DLB_SHOWN)
			&& (u->changes[i].flags & DLB_SHOWN);
	}
	return growth;
}

static enum dlb_status
make_room(struct dlb_satchel *s, struct update *u, struct dlb_error *err)
{
	int64_t shown = claim_growth(s, u, DLB_SHOWN);
	int64_t held = claim_growth(s, u, DLB_HELD);
	int64_t own = own_growth(s, u);

	if (held > (int64_t)dlb_quota_held_left(s))
		return dlb_fail(err, DLB_FULL,
			"no room for %lld more held cells", (long long)held);
	for (; u->pinned < u->n; u->pinned++)
		dlb_index_pin(&s->index, u->changes[u->pinned].number, true);
	for (shown -= dlb_quota_shown_left(s); shown > 0; shown--) {
		uint32_t number = shown <= own ? dlb_quota_victim_of_own(s)
					       : dlb_quota_victim(s, 0, 0);

		if (number == DLB_NO_ENTRY)
			return dlb_fail(err, DLB_FULL,
				"no room for that many shown cells");
		u->changes[u->n] = dlb_change_of(s, number);
		dlb_change_evict(&u->changes[u->n]);
		u->pinned = ++u->n;
	}
	return DLB_OK;
}

enum dlb_status
dlb_satchel_update(struct dlb_satchel *s,
	const struct dlb_satchel_change *changes, size_t n,
	struct dlb_error *err)
{
	struct update u = {0};
	enum dlb_status st;

	/* Which is what a read-only one allows. */
	if (n == 0)
		return DLB_OK;
	st = dlb_satchel_check_writable(s, err);
	if (st == DLB_OK)
		st = dlb_satchel_commit(s, err);
	if (st != DLB_OK)
		return st;
	if (n > s->layout.entries)
		return dlb_fail(err, DLB_USAGE, "more changes than entries");
	u.changes = calloc(2 * n, sizeof(*u.changes));
	u.edits = calloc(2 * n, sizeof(*u.edits));
	if (!u.changes || !u.edits) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	st = take_in(s, &u, changes, n, err);
	if (st == DLB_OK)
		st = make_room(s, &u, err);
	if (st == DLB_OK)
		st = dlb_change_edits(s, u.edits, u.changes, u.n, err);
	if (st == DLB_OK)
		st = dlb_table_commit(s, u.edits, u.n, err);
	for (size_t i = 0; i < u.pinned; i++)
		dlb_index_pin(&s->index, u.changes[i].number, false);
	if (st == DLB_OK)
		dlb_change_apply(s, u.changes, u.n);
out:
	free(u.changes);
	free(u.edits);
	return st;
}
