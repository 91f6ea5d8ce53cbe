/*
 * What those who pool see, and the guesses that they make of it.
 */
#include "pool_internal.h"

#include <stdlib.h>
#include <string.h>

#define BAIT_MS (4 * DLB_WEEK_MS)

static bool *
seen_at(const struct pool_world *w, uint32_t cell)
{
	return &w->seen[(size_t)cell * w->c->nodes];
}

void
pool_see(struct pool_world *w, unsigned node)
{
	struct pool_store *s = &w->stores[node];
	unsigned fresh = 0;

	for (unsigned i = 0; i < s->n; i++) {
		struct pool_cell *c = &w->cells[s->cells[i]];

		seen_at(w, s->cells[i])[node] = true;
		if (c->seen_from != NOBODY)
			continue;
		c->seen_from = (uint16_t)node;
		c->seen_copies = s->copies[i];
		c->seen_meeting = w->meeting;
		/* Own new ones come first, with a counter of their own. */
		c->seen_new = c->maker == node && c->born_ms == w->now_ms;
		fresh += c->seen_new;
	}
	s->met++;
	s->fresh += fresh;
	for (unsigned i = 0; i < w->baits_n; i++) {
		struct pool_bait *b = &w->bait[(size_t)i * w->c->nodes + node];

		if (!b->given || w->now_ms - b->given_ms > BAIT_MS)
			continue;
		b->met++;
		b->had += s->has[w->letters[w->baits[i]].first] != 0;
		b->fresh += fresh;
	}
}

void
pool_gave(struct pool_world *w, unsigned to, uint32_t cell)
{
	uint32_t letter = w->cells[cell].letter;

	for (unsigned i = 0; letter != NONE && i < w->baits_n; i++) {
		struct pool_bait *b = &w->bait[(size_t)i * w->c->nodes + to];

		if (w->baits[i] != letter || b->given)
			continue;
		b->given = true;
		b->given_ms = w->now_ms;
	}
}

/* ---- numbers that may tell ---------------------------------------------------------- */

struct numbers {
	double *a, *b;
	size_t a_n, b_n, cap;
};

static bool
numbers_init(struct numbers *n, size_t cap)
{
	n->a_n = n->b_n = 0;
	n->cap = cap;
	n->a = calloc(cap + 1, sizeof(*n->a));
	n->b = calloc(cap + 1, sizeof(*n->b));
	return n->a && n->b;
}

static void
numbers_add(struct numbers *n, bool is_a, double v)
{
	if (is_a && n->a_n < n->cap)
		n->a[n->a_n++] = v;
	else if (!is_a && n->b_n < n->cap)
		n->b[n->b_n++] = v;
}

static struct sim_auc
numbers_end(struct numbers *n)
{
	struct sim_auc r = {.auc = 0.5};

	if (n->a && n->b)
		r = sim_auc_of(n->a, n->a_n, n->b, n->b_n);
	free(n->a);
	free(n->b);
	return r;
}

/* ---- guesses ------------------------------------------------------------------------ */

/* Who writes shows fewer new cells, or as many. */
static bool
guess_sender(const struct pool_world *w, struct sim_pool_result *out)
{
	struct numbers n;
	bool there = numbers_init(&n, w->c->nodes);

	for (unsigned i = w->c->pooling; there && i < w->c->nodes; i++)
		if (w->stores[i].met > 0)
			numbers_add(&n, i % 2 != 0,
				(double)w->stores[i].fresh / w->stores[i].met);
	out->sender = numbers_end(&n);
	return there;
}

/* For whom a bait is: it is there later, or new cells are. */
static bool
guess_reader(const struct pool_world *w, struct sim_pool_result *out)
{
	size_t all = (size_t)w->baits_n * w->c->nodes;
	struct numbers had, fresh;
	bool there = numbers_init(&had, all) && w->c->nodes > 0;

	there &= numbers_init(&fresh, all);
	for (size_t i = 0; there && i < all; i++) {
		const struct pool_bait *b = &w->bait[i];
		unsigned node = (unsigned)(i % w->c->nodes);
		uint32_t letter = w->baits[i / w->c->nodes];
		bool is_it = w->letters[letter].to == node;

		if (!b->given || b->met == 0 || !b->suspect)
			continue;
		numbers_add(&had, is_it, (double)b->had / b->met);
		numbers_add(&fresh, !is_it, (double)b->fresh / b->met);
	}
	out->reader = numbers_end(&had);
	out->answer = numbers_end(&fresh);
	return there;
}

static unsigned
hands(const struct pool_world *w, uint32_t cell)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->c->nodes; i++)
		n += seen_at(w, cell)[i];
	return n;
}

static bool
guess_cover(const struct pool_world *w, struct sim_pool_result *out)
{
	struct numbers copies, many;
	size_t all =
		(size_t)w->c->nodes * w->c->meetings * w->c->weeks * w->c->own;
	bool there = numbers_init(&copies, all);

	there &= numbers_init(&many, all);
	/* Cells that were new when they were seen. */
	for (uint32_t i = 0;
		there && i < (uint32_t)all + w->letters_cap * w->c->of; i++) {
		const struct pool_cell *c = &w->cells[i];

		if (!c->seen_new)
			continue;
		numbers_add(&copies, c->letter == NONE, c->seen_copies);
		numbers_add(&many, c->letter == NONE, hands(w, i));
	}
	out->counter = numbers_end(&copies);
	out->cover = numbers_end(&many);
	return there;
}

/* How many hands two cells share, of those that either was in. */
static double
shared(const struct pool_world *w, uint32_t x, uint32_t y)
{
	unsigned both = 0, either = 0;

	for (unsigned i = 0; i < w->c->nodes; i++) {
		both += seen_at(w, x)[i] && seen_at(w, y)[i];
		either += seen_at(w, x)[i] || seen_at(w, y)[i];
	}
	return either ? (double)both / either : 0;
}

/* A cell that was seen when it was new. */
struct seen_cell {
	uint32_t meeting, cell;
};

static int
by_meeting(const void *a, const void *b)
{
	const struct seen_cell *x = a, *y = b;

	if (x->meeting != y->meeting)
		return x->meeting < y->meeting ? -1 : 1;
	return (x->cell > y->cell) - (x->cell < y->cell);
}

static bool
guess_links(const struct pool_world *w, struct sim_pool_result *out)
{
	size_t all = (size_t)w->c->nodes * w->c->meetings * w->c->weeks
			* w->c->own
		+ (size_t)w->letters_cap * w->c->of,
	       n = 0;
	struct seen_cell *list = calloc(all + 1, sizeof(*list));
	struct numbers pairs;
	bool there = numbers_init(&pairs, all * 8) && list;

	for (uint32_t i = 0; there && i < all; i++) {
		const struct pool_cell *c = &w->cells[i];

		if (c->seen_new)
			list[n++] = (struct seen_cell){c->seen_meeting, i};
	}
	if (there)
		qsort(list, n, sizeof(*list), by_meeting);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && k < i + 9
			&& list[k].meeting == list[i].meeting;
			k++) {
			const struct pool_cell *x = &w->cells[list[i].cell];
			const struct pool_cell *y = &w->cells[list[k].cell];
			bool linked =
				x->letter != NONE && x->letter == y->letter;

			numbers_add(&pairs, !linked,
				shared(w, list[i].cell, list[k].cell));
		}
	out->linked = numbers_end(&pairs);
	free(list);
	return there;
}

bool
pool_guess(const struct pool_world *w, struct sim_pool_result *out)
{
	memset(out, 0, sizeof(*out));
	if (w->c->pooling == 0)
		return true;
	return guess_sender(w, out) && guess_reader(w, out)
		&& guess_cover(w, out) && guess_links(w, out);
}
