/*
 * search: cells of the home satchel that were not tried yet. These are heads of
 * strangers' letters that came when there was no room for them, and what a courier's
 * home carried before it got a letterbox.
 *
 * New finding keys are no reason to try a cell again: nobody can have sealed to a
 * key before it was made.
 */
#include "finding.h"

#include <stdlib.h>

/* Entries without a search; *numbers is malloc'ed. */
static enum dlb_status
list_unsearched(struct dlb_node *n, uint32_t **numbers, size_t *numbers_n,
	struct dlb_error *err)
{
	struct dlb_satchel_info info;
	struct dlb_entry e;

	*numbers_n = 0;
	dlb_satchel_info(n->satchel, &info);
	*numbers = calloc((size_t)info.used + 1, sizeof(**numbers));
	if (!*numbers)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t at = 0; *numbers_n < info.used
		&& dlb_satchel_next(n->satchel, at, DLB_SHOWN | DLB_HELD, &e);
		at = e.number + 1)
		if (e.searched == 0)
			(*numbers)[(*numbers_n)++] = e.number;
	return DLB_OK;
}

/* All were tried, but for those hits that were refused; both lists are ascending. */
static enum dlb_status
mark_searched(struct dlb_node *n, const uint32_t *numbers, size_t numbers_n,
	const struct dlb_hit *hits, size_t hits_n, struct dlb_error *err)
{
	uint16_t generation = dlb_letterbox_generation(n->letterbox);
	struct dlb_satchel_change *changes =
		calloc(numbers_n, sizeof(*changes));
	size_t changes_n = 0, hit = 0;
	struct dlb_entry e;
	enum dlb_status st;

	if (!changes)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < numbers_n; i++) {
		while (hit < hits_n && hits[hit].number < numbers[i])
			hit++;
		if ((hit < hits_n && hits[hit].number == numbers[i]
			    && hits[hit].refused)
			|| !dlb_satchel_entry(n->satchel, numbers[i], &e))
			continue;
		changes[changes_n++] =
			(struct dlb_satchel_change){.number = e.number,
				.flags = e.flags,
				.copies = e.copies,
				.searched = generation};
	}
	st = dlb_satchel_update(n->satchel, changes, changes_n, err);
	free(changes);
	return st;
}

enum dlb_status
dlb_wanted_search_home(struct dlb_wanted *w, uint64_t *letters_new,
	uint64_t *letters_refused, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	struct dlb_node *n = dlb_wanted_node(w);
	struct dlb_hit *hits = NULL;
	uint32_t *numbers = NULL;
	size_t numbers_n, hits_n = 0;
	enum dlb_status st = list_unsearched(n, &numbers, &numbers_n, err);

	if (st != DLB_OK || numbers_n == 0)
		goto out;
	st = dlb_node_trial(n, n->satchel, numbers, numbers_n, w, &hits,
		&hits_n, progress, err);
	if (st == DLB_OK)
		st = dlb_wanted_add_hits(w, n->satchel, hits, hits_n,
			letters_new, letters_refused, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	/* Written down before holds are given: those change the flags too. */
	if (st == DLB_OK)
		st = mark_searched(n, numbers, numbers_n, hits, hits_n, err);
out:
	free(hits);
	free(numbers);
	return st;
}
