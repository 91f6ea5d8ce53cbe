/*
 * A set of ids that are waited for: open addressing. A peer can make ids up, so
 * where one lies is a multiplication by a secret odd number.
 */
#include "engine_internal.h"

#include <string.h>

static size_t
home_of(const struct dlb_ids *t, uint64_t id)
{
	return (size_t)((id * t->key) >> 32) & (t->cap - 1);
}

static size_t
place_of(const struct dlb_ids *t, uint64_t id)
{
	size_t at = home_of(t, id);

	while (t->slots[at] && t->slots[at] != id)
		at = (at + 1) & (t->cap - 1);
	return at;
}

static bool
grow(struct dlb_ids *t, struct dlb_budget *b)
{
	struct dlb_ids bigger = {.cap = t->cap ? 2 * t->cap : 64,
		.n = t->n,
		.key = t->key,
		.zero = t->zero};

	bigger.slots = dlb_budget_take(b, bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i])
			bigger.slots[place_of(&bigger, t->slots[i])] =
				t->slots[i];
	dlb_budget_give(b, t->slots, t->cap, sizeof(*t->slots));
	*t = bigger;
	return true;
}

bool
dlb_ids_add(struct dlb_ids *t, struct dlb_budget *b, uint64_t id)
{
	size_t at;

	if (id == 0) {
		if (t->zero)
			return false;
		t->zero = true;
		t->n++;
		return true;
	}
	if (2 * (t->n + 1) > t->cap && !grow(t, b))
		return false;
	at = place_of(t, id);
	if (t->slots[at])
		return false;
	t->slots[at] = id;
	t->n++;
	return true;
}

/* Closes the gap: what comes behind it and is not at home moves up. */
static void
close_gap(struct dlb_ids *t, size_t gap)
{
	size_t mask = t->cap - 1;

	for (size_t at = (gap + 1) & mask; t->slots[at]; at = (at + 1) & mask) {
		size_t home = home_of(t, t->slots[at]);

		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		t->slots[gap] = t->slots[at];
		gap = at;
	}
	t->slots[gap] = 0;
}

bool
dlb_ids_remove(struct dlb_ids *t, uint64_t id)
{
	size_t at;

	if (id == 0) {
		bool was = t->zero;

		t->zero = false;
		t->n -= was;
		return was;
	}
	if (!t->cap)
		return false;
	at = place_of(t, id);
	if (!t->slots[at])
		return false;
	close_gap(t, at);
	t->n--;
	return true;
}

void
dlb_ids_free(struct dlb_ids *t, struct dlb_budget *b)
{
	dlb_budget_give(b, t->slots, t->cap, sizeof(*t->slots));
	memset(t, 0, sizeof(*t));
}
