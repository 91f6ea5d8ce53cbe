/*
 * trial: which cells are heads for the reader here: one scalar multiplication a
 * cell and finding key (docs/cell.md, section 4), over the first bytes alone.
 */
#include "following.h"

#include <stdlib.h>

struct trial {
	struct dlb_node *n;
	struct dlb_satchel *where;
	const struct dlb_wanted *known;
	const uint32_t *numbers;
	struct dlb_hit
		*hits; /* one a number; .number is DLB_NO_ENTRY for none */
};

bool
dlb_node_try(struct dlb_node *n, const uint8_t prefix[static DLB_TRIAL_LEN],
	uint16_t expiry_week, uint8_t shared[static DLB_POINT_LEN])
{
	const uint8_t *secrets[DLB_FINDING_MAX];
	size_t secrets_n = dlb_letterbox_finding(
		n->letterbox, expiry_week, secrets, DLB_FINDING_MAX);

	for (size_t k = 0; k < secrets_n; k++)
		if (dlb_find(shared, prefix, secrets[k],
			    dlb_letterbox_identity(n->letterbox))
			== DLB_OK)
			return true;
	return false;
}

static void
try_one(void *ctx, size_t i, unsigned worker)
{
	struct trial *t = ctx;
	uint8_t prefix[DLB_PEEK_LEN];
	struct dlb_entry e;

	t->hits[i].number = DLB_NO_ENTRY;
	if (!dlb_satchel_entry(t->where, t->numbers[i], &e)
		|| dlb_satchel_peek(t->where, t->numbers[i], prefix,
			   sizeof(prefix), t->n->aead[worker], NULL)
			!= DLB_OK)
		return;
	/* At a handle of bulletins there may be several heads. Of others that are
	 * wanted nobody knows what a head's maker has to know. */
	if ((t->known && dlb_wanted_bulletin(t->known, prefix, &t->hits[i]))
		|| (!(t->known
			    && dlb_wanted_may_be(
				    t->known, prefix + DLB_WAYBILL_LEN))
			&& dlb_node_try(t->n, prefix, e.expiry_week,
				t->hits[i].shared)))
		t->hits[i].number = t->numbers[i];
}

/* Trials between two looks at the clock and at the user's wish to stop. */
#define TRIAL_STEP 4096

enum dlb_status
dlb_node_trial(struct dlb_node *n, struct dlb_satchel *where,
	const uint32_t *numbers, size_t numbers_n,
	const struct dlb_wanted *known, struct dlb_hit **hits, size_t *hits_n,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct trial t = {.n = n, .where = where, .known = known};
	size_t kept = 0;

	*hits = NULL;
	*hits_n = 0;
	if (!dlb_node_looks(n) || numbers_n == 0)
		return DLB_OK;
	t.hits = calloc(numbers_n, sizeof(*t.hits));
	if (!t.hits)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	*hits = t.hits;
	for (size_t at = 0; at < numbers_n; at += TRIAL_STEP) {
		size_t part = numbers_n - at < TRIAL_STEP ? numbers_n - at
							  : TRIAL_STEP;

		t.numbers = numbers + at;
		t.hits = *hits + at;
		dlb_pool_run(part, try_one, &t);
		if (!dlb_progress_step(
			    progress, "searching", at + part, numbers_n)) {
			free(*hits);
			*hits = NULL;
			return dlb_fail(err, DLB_CANCELLED,
				"interrupted; what was done is kept");
		}
	}
	for (size_t i = 0; i < numbers_n; i++)
		if ((*hits)[i].number != DLB_NO_ENTRY)
			(*hits)[kept++] = (*hits)[i];
	*hits_n = kept;
	return DLB_OK;
}
