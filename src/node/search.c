/*
 * search: the whole home, for a reader who has new keys: what no meeting tried.
 */
#include "node_internal.h"

#include <stdlib.h>

enum dlb_status
dlb_node_search(struct dlb_node *n, uint64_t *letters_new,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	uint16_t generation = dlb_letterbox_generation(n->letterbox);
	struct dlb_satchel_change *changes = NULL;
	struct dlb_wanted *w = NULL;
	struct dlb_hit *hits = NULL;
	struct dlb_satchel_info info;
	uint32_t *numbers = NULL;
	uint64_t complete = 0, refused = 0;
	size_t numbers_n = 0, hits_n = 0;
	struct dlb_entry e;
	enum dlb_status st;

	*letters_new = 0;
	if (!dlb_letterbox_is_person(n->letterbox))
		return DLB_OK;
	dlb_satchel_info(n->satchel, &info);
	numbers = calloc((size_t)info.used + 1, sizeof(*numbers));
	changes = calloc((size_t)info.used + 1, sizeof(*changes));
	if (!numbers || !changes) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	for (uint32_t at = 0; dlb_satchel_next(n->satchel, at,
		     DLB_SHOWN | DLB_HELD, &e);
		at = e.number + 1) {
		if (e.searched >= generation || numbers_n >= info.used)
			continue;
		changes[numbers_n] = (struct dlb_satchel_change){
			e.number, e.flags, e.copies, generation};
		numbers[numbers_n++] = e.number;
	}
	if (numbers_n == 0) {
		st = DLB_OK;
		goto out;
	}
	st = dlb_node_trial(
		n, n->satchel, numbers, numbers_n, &hits, &hits_n, progress, err);
	if (st == DLB_OK)
		st = dlb_wanted_new(&w, n, err);
	if (st == DLB_OK)
		st = dlb_wanted_add_hits(
			w, n->satchel, hits, hits_n, letters_new, &refused, err);
	/* Searched first: holding changes the flags that this would write. */
	if (st == DLB_OK)
		st = dlb_satchel_update(n->satchel, changes, numbers_n, err);
	if (st == DLB_OK)
		st = dlb_wanted_finish(w, &complete, err);
out:
	dlb_wanted_free(w);
	free(hits);
	free(numbers);
	free(changes);
	return st;
}
