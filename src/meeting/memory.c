/*
 * The budget: every byte that a meeting allocates is counted here, so that no peer
 * makes it grow beyond what it was given.
 */
#include "engine_internal.h"

#include <stdlib.h>

bool
dlb_budget_reserve(struct dlb_budget *b, size_t n)
{
	if (n > b->limit - b->used)
		return false;
	b->used += n;
	if (b->used > b->peak)
		b->peak = b->used;
	return true;
}

void
dlb_budget_release(struct dlb_budget *b, size_t n)
{
	b->used -= n;
}

void *
dlb_budget_take(struct dlb_budget *b, size_t n, size_t size)
{
	void *p;

	if (n > (b->limit - b->used) / size)
		return NULL;
	p = calloc(n ? n : 1, size);
	if (p && !dlb_budget_reserve(b, n * size)) {
		free(p);
		return NULL;
	}
	return p;
}

void
dlb_budget_give(struct dlb_budget *b, void *p, size_t n, size_t size)
{
	if (p)
		b->used -= n * size;
	free(p);
}
