/*
 * shown: what a satchel carries, as the plan of a meeting sees it; and which of it
 * is bound for a box whose key is at hand.
 *
 * A box's cells are known by their tag, a MAC of what the cell is (docs/cell.md,
 * section 3): one MAC a cell and box, of what the table says, without reading cells.
 */
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

struct tagging {
	struct dlb_node *n;
	struct dlb_satchel *where;
	struct dlb_shown *shown;
	const struct dlb_tag_key *keys;
	size_t keys_n;
};

static void
match_tag(void *ctx, size_t i, unsigned worker)
{
	struct tagging *t = ctx;
	struct dlb_shown *cell = &t->shown[i];
	struct dlb_entry_details d;
	uint8_t tag[DLB_BOX_TAG_LEN];

	if (dlb_satchel_details(
		    t->where, cell->entry.number, &d, t->n->aead[worker], NULL)
		!= DLB_OK)
		return;
	for (size_t k = 0; k < t->keys_n && cell->box == 0; k++) {
		dlb_box_tag(tag, t->keys[k].key, d.core);
		if (dlb_equal(tag, d.box_tag, sizeof(tag)))
			cell->box = t->keys[k].ref;
	}
}

void
dlb_node_match_tags(struct dlb_node *n, struct dlb_satchel *where,
	const struct dlb_tag_key *keys, size_t keys_n, struct dlb_shown *shown,
	size_t shown_n)
{
	struct tagging t = {.n = n,
		.where = where,
		.shown = shown,
		.keys = keys,
		.keys_n = keys_n};

	if (keys_n > 0)
		dlb_pool_run(shown_n, match_tag, &t);
}

enum dlb_status
dlb_node_list_shown(const struct dlb_satchel *where, size_t more,
	struct dlb_shown **shown, size_t *shown_n, struct dlb_error *err)
{
	struct dlb_satchel_info info;
	size_t count = 0;

	dlb_satchel_info(where, &info);
	*shown_n = 0;
	*shown = calloc((size_t)info.shown + more + 1, sizeof(**shown));
	if (!*shown)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t at = 0; count < info.shown
		&& dlb_satchel_next(
			where, at, DLB_SHOWN, &(*shown)[count].entry);
		count++)
		at = (*shown)[count].entry.number + 1;
	*shown_n = count;
	return DLB_OK;
}
