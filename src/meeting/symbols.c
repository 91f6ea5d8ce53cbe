/*
 * A group told as symbols: between groups.c and the reconciliation (reconcile.h),
 * which knows ids and nothing of meetings. Here its memory is counted: what it may
 * use at most is reserved before it is asked to do anything.
 */
#include "engine_internal.h"

#include <string.h>

/* What it takes for a moment while it grows, beyond what it keeps. */
static size_t
need(const struct dlb_symbols *s, size_t symbols)
{
	size_t ids = s->own ? sizeof(*s->own) : 0;

	return dlb_recon_memory(s->n, symbols, s->hears) + 8 * (size_t)s->n
		+ 16 * symbols + ids * s->n;
}

/* Room in the budget for so many symbols; false where there is none. */
static bool
reserve(struct dlb_meeting *m, struct dlb_symbols *s, size_t symbols)
{
	size_t n = need(s, symbols);

	if (n <= s->reserved)
		return true;
	if (!dlb_budget_reserve(&m->budget, n - s->reserved))
		return false;
	s->reserved = n;
	return true;
}

/* The ids of the group, ascending: a part of the set as it is, where all that lies
 * there belongs to the group. */
static bool
gather(struct dlb_meeting *m, struct dlb_symbols *s, const struct dlb_group *g)
{
	const uint64_t *ids = m->set.ids + g->begin;
	uint64_t *own;

	s->n = g->n;
	s->ids = ids;
	if (g->n == g->end - g->begin)
		return true;
	own = dlb_budget_take(&m->budget, g->n, sizeof(*own));
	if (!own)
		return false;
	for (uint32_t i = g->begin, n = 0; i < g->end; i++)
		if (dlb_group_has(m, g, i))
			own[n++] = m->set.ids[i];
	s->ids = s->own = own;
	return true;
}

bool
dlb_symbols_open(
	struct dlb_meeting *m, struct dlb_group *g, uint32_t peer_n, bool hears)
{
	struct dlb_symbols *s = &g->symbols;

	s->hears = hears;
	if (!gather(m, s, g) || !reserve(m, s, 0))
		return false;
	if (dlb_recon_set_init(&s->set, m->symbol_key, s->ids, s->n) != DLB_OK)
		return false;
	if (hears)
		dlb_recon_decoder_init(
			&s->decoder, &s->set, DLB_SYMBOLS_MAX, peer_n);
	return true;
}

void
dlb_symbols_close(struct dlb_meeting *m, struct dlb_group *g)
{
	struct dlb_symbols *s = &g->symbols;

	if (s->hears)
		dlb_recon_decoder_free(&s->decoder);
	dlb_recon_set_free(&s->set);
	dlb_budget_give(&m->budget, s->own, s->n, sizeof(*s->own));
	dlb_budget_release(&m->budget, s->reserved);
	memset(s, 0, sizeof(*s));
}

bool
dlb_symbols_grow(struct dlb_meeting *m, struct dlb_group *g, uint32_t to)
{
	return reserve(m, &g->symbols, to)
		&& dlb_recon_grow(&g->symbols.set, to) == DLB_OK;
}

enum dlb_status
dlb_symbols_hear(struct dlb_meeting *m, struct dlb_group *g,
	const uint8_t *symbols, uint32_t n, uint32_t left)
{
	struct dlb_symbols *s = &g->symbols;
	size_t to = s->decoder.heard + n + left;

	if (!dlb_recon_done(&s->decoder)
		&& !dlb_symbols_grow(m, g, (uint32_t)to))
		return DLB_NO_MEMORY;
	return dlb_recon_add(&s->decoder, symbols, n);
}
