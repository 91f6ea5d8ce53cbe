/*
 * The network.
 */
#include "pool_internal.h"

#include "meeting.h"
#include "own_stripes.h"

#include <stdlib.h>
#include <string.h>

#define LIFETIME_MS (12 * DLB_WEEK_MS)
/* Letters that are written later may not have come yet. */
#define LAST_WEEKS 8

static uint32_t
below(struct pool_world *w, uint32_t bound)
{
	return dlb_random_below(&w->env.env, bound);
}

static bool
is_here(const struct pool_world *w, unsigned node)
{
	const struct pool_store *s = &w->stores[node];

	return s->kind != SIM_POOL_LOST || w->now_ms < s->lost_ms;
}

/* ---- letters ------------------------------------------------------------------------ */

static bool
writes(const struct pool_world *w, unsigned node)
{
	return !pools(w, node) && node % 2 == 0;
}

static uint32_t
write_letter(struct pool_world *w, unsigned from, unsigned to, unsigned cells)
{
	struct pool_letter *l = &w->letters[w->letters_n];
	struct pool_store *s = &w->stores[from];

	if (w->letters_n == w->letters_cap || w->cells_n + cells > w->cells_cap)
		return NONE;
	if (s->queue_n == s->queue_cap) {
		unsigned cap = s->queue_cap ? 2 * s->queue_cap : 16;
		uint32_t *p = realloc(s->queue, cap * sizeof(*p));

		if (!p) {
			w->failed = true;
			return NONE;
		}
		s->queue = p;
		s->queue_cap = cap;
	}
	*l = (struct pool_letter){.from = (uint16_t)from,
		.to = (uint16_t)to,
		.first = w->cells_n,
		.left = cells,
		.sealed_ms = w->now_ms};
	for (unsigned i = 0; i < cells; i++) {
		l->given[i] = NOBODY;
		w->cells[w->cells_n++] =
			(struct pool_cell){.letter = w->letters_n,
				.maker = (uint16_t)from,
				.seen_from = NOBODY};
	}
	s->queue[s->queue_n++] = w->letters_n;
	return w->letters_n++;
}

static void
write_letters(struct pool_world *w, unsigned week)
{
	for (unsigned i = w->c->pooling; i < w->c->nodes; i++) {
		unsigned to;
		uint32_t l;

		if (!writes(w, i) || !is_here(w, i)
			|| below(w, 1000000) >= w->c->letters * 1000000)
			continue;
		do {
			to = w->c->pooling
				+ below(w, w->c->nodes - w->c->pooling);
		} while (to == i || (to / 2) % 2 != 0);
		l = write_letter(w, i, to, w->c->of);
		if (l != NONE)
			w->letters[l].counts = week + LAST_WEEKS < w->c->weeks
				&& w->stores[i].kind == SIM_POOL_HONEST
				&& w->stores[to].kind == SIM_POOL_HONEST;
	}
}

/* Whoever is met is given one at once, that is for them or, as often, for another. */
static void
write_bait(struct pool_world *w, unsigned from, unsigned to)
{
	uint32_t l;

	if (!pools(w, from) || pools(w, to) || w->now_ms < 4 * DLB_WEEK_MS
		|| w->baits_n == w->c->pooling * w->c->baits)
		return;
	l = write_letter(w, from,
		below(w, 2)
			? to
			: w->c->pooling + below(w, w->c->nodes - w->c->pooling),
		1);
	if (l == NONE)
		return;
	w->bait[(size_t)w->baits_n * w->c->nodes + to].suspect = true;
	w->baits[w->baits_n++] = l;
}

static unsigned
cells_of(const struct pool_world *w, const struct pool_letter *l)
{
	return (l == &w->letters[w->letters_n - 1] ? w->cells_n : l[1].first)
		- l->first;
}

/* ---- stores ------------------------------------------------------------------------- */

static void
drop_at(struct pool_store *s, unsigned i)
{
	s->has[s->cells[i]] = 0;
	s->cells[i] = s->cells[--s->n];
	s->copies[i] = s->copies[s->n];
}

static void
make_room(struct pool_world *w, struct pool_store *s)
{
	unsigned at;

	if (s->n < w->c->store)
		return;
	at = below(w, s->n);
	for (unsigned i = 0; i < 24; i++)
		if (w->cells[s->cells[(at + i) % s->n]].born_ms + LIFETIME_MS
			< w->now_ms) {
			drop_at(s, (at + i) % s->n);
			return;
		}
	drop_at(s, at);
}

/* A receipt is a letter of one cell. */
static void
came(struct pool_world *w, struct pool_cell *c)
{
	struct pool_letter *l = &w->letters[c->letter];
	unsigned need = w->c->need, cells = cells_of(w, l);

	c->came = true;
	if (++l->came < (cells < need ? cells : need) || l->done)
		return;
	l->done = true;
	if (l->counts || pools(w, l->from))
		write_letter(w, l->to, l->from, 1);
}

static void
put(struct pool_world *w, unsigned node, uint32_t cell, uint8_t copies)
{
	struct pool_store *s = &w->stores[node];
	struct pool_cell *c = &w->cells[cell];
	bool mine = c->letter != NONE && w->letters[c->letter].to == node;

	if (mine && !c->came)
		came(w, c);
	if (s->kind == SIM_POOL_DROP || (mine && w->c->leak == SIM_LEAK_READER))
		return;
	make_room(w, s);
	s->cells[s->n] = cell;
	s->copies[s->n++] = copies;
	s->has[cell] = 1;
}

/* ---- own cells ---------------------------------------------------------------------- */

/* Which cell of the letter goes to the peer; -1: none. */
static int
next_of(struct pool_world *w, const struct pool_letter *l, unsigned peer)
{
	struct dlb_stripes_out out = {.n = cells_of(w, l),
		.sealed_ms = l->sealed_ms,
		.now_ms = w->now_ms};

	for (unsigned i = 0; i < out.n; i++) {
		bool given = l->given[i] != NOBODY;

		if (!given && (!w->c->stripes || out.n == 1))
			return (int)i;
		out.of[i].waits = !given;
		out.of[i].given = given;
		out.of[i].given_ms = l->given_ms[i];
		out.of[i].mine = given && l->given[i] == peer;
		out.of[i].mine_ms = l->given_ms[i];
	}
	return w->c->stripes ? dlb_stripe_for(&out) : DLB_STRIPE_NONE;
}

static uint32_t
next_own(struct pool_world *w, struct pool_store *s, unsigned peer)
{
	for (unsigned i = 0; i < s->queue_n; i++) {
		struct pool_letter *l = &w->letters[s->queue[i]];
		int stripe = next_of(w, l, peer);

		if (stripe < 0)
			continue;
		l->given[stripe] = (uint16_t)peer;
		l->given_ms[stripe] = w->now_ms;
		if (--l->left == 0)
			memmove(&s->queue[i], &s->queue[i + 1],
				(--s->queue_n - i) * sizeof(*s->queue));
		return l->first + (uint32_t)stripe;
	}
	return NONE;
}

static void
add_own(struct pool_world *w, unsigned node, unsigned peer)
{
	for (unsigned i = 0; i < w->c->own; i++) {
		uint32_t cell = next_own(w, &w->stores[node], peer);
		uint8_t copies = dlb_copies_start(&w->env.env);

		if (cell == NONE) {
			if (w->c->leak == SIM_LEAK_NO_COVER
				|| w->cells_n == w->cells_cap)
				return;
			/* Between letters: a letter's cells are counted. */
			cell = --w->cells_cap;
			w->cells[cell] = (struct pool_cell){.letter = NONE,
				.maker = (uint16_t)node,
				.seen_from = NOBODY};
		} else if (w->c->leak == SIM_LEAK_COPIES) {
			copies = DLB_COPIES_MAX;
		}
		w->cells[cell].born_ms = w->now_ms;
		put(w, node, cell, copies);
	}
}

/* ---- meetings ----------------------------------------------------------------------- */

static bool
has_cell(void *ctx, const uint8_t name[static 16])
{
	const struct pool_store *s = ctx;
	uint32_t cell;

	memcpy(&cell, name, sizeof(cell));
	return s->has[cell];
}

static size_t
plan(struct pool_world *w, const struct pool_store *s, struct pool_store *t)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct pool_cell *c = &w->cells[s->cells[i]];
		struct dlb_plan_cell *p = &w->list[i];

		memset(p, 0, sizeof(*p));
		p->number = i;
		memcpy(p->name, &s->cells[i], sizeof(s->cells[i]));
		p->expiry_week =
			(uint16_t)((c->born_ms + LIFETIME_MS) / DLB_WEEK_MS);
		p->copies = s->copies[i];
	}
	return dlb_plan(w->moves, w->list, s->n, w->c->contact,
		(uint16_t)(w->now_ms / DLB_WEEK_MS), has_cell, t, &w->env.env);
}

/* The leak: with one cell of a letter its others go. */
static void
give_others(
	struct pool_world *w, struct pool_store *s, unsigned to, uint32_t cell)
{
	const struct pool_letter *l = &w->letters[w->cells[cell].letter];
	unsigned n = cells_of(w, l);

	for (uint32_t i = l->first; i < l->first + n; i++)
		if (s->has[i] && !w->stores[to].has[i])
			put(w, to, i, 1);
}

static void
give(struct pool_world *w, unsigned from, unsigned to)
{
	struct pool_store *s = &w->stores[from];
	size_t n;

	if (pools(w, to) && !pools(w, from))
		pool_see(w, from);
	if (s->kind == SIM_POOL_HOARD)
		return;
	n = plan(w, s, &w->stores[to]);
	/* What is given pushes nothing out here. */
	for (size_t i = 0; i < n && s->kind != SIM_POOL_COPY; i++)
		s->copies[w->moves[i].number] = w->moves[i].keep;
	for (size_t i = 0; i < n; i++) {
		uint32_t cell = s->cells[w->moves[i].number];

		if (w->stores[to].has[cell])
			continue; /* the leak was quicker */
		put(w, to, cell,
			s->kind == SIM_POOL_COPY ? DLB_COPIES_MAX
						 : w->moves[i].give);
		if (pools(w, from))
			pool_gave(w, to, cell);
		if (w->c->leak == SIM_LEAK_TOGETHER
			&& w->cells[cell].letter != NONE)
			give_others(w, s, to, cell);
	}
}

static void
meet(struct pool_world *w)
{
	unsigned a = below(w, w->c->nodes), b = below(w, w->c->nodes);

	if (a == b || !is_here(w, a) || !is_here(w, b))
		return;
	w->meeting++;
	write_bait(w, a, b);
	write_bait(w, b, a);
	add_own(w, a, b);
	add_own(w, b, a);
	give(w, a, b);
	give(w, b, a);
}

/* ---- the whole ---------------------------------------------------------------------- */

static void
world_free(struct pool_world *w)
{
	for (unsigned i = 0; w->stores && i < w->c->nodes; i++) {
		free(w->stores[i].cells);
		free(w->stores[i].copies);
		free(w->stores[i].has);
		free(w->stores[i].queue);
	}
	free(w->stores);
	free(w->cells);
	free(w->letters);
	free(w->baits);
	free(w->bait);
	free(w->seen);
	free(w->list);
	free(w->moves);
}

/* Those who are bad are not among those who pool. */
static bool
stores_init(struct pool_world *w)
{
	const struct sim_pool *c = w->c;

	for (unsigned i = 0; i < c->nodes; i++) {
		struct pool_store *s = &w->stores[i];

		s->cells = calloc(c->store, sizeof(*s->cells));
		s->copies = calloc(c->store, 1);
		s->has = calloc(w->cells_cap, 1);
		if (!s->cells || !s->copies || !s->has)
			return false;
	}
	for (unsigned n = 0; n < c->bad;) {
		struct pool_store *s = &w->stores[c->pooling
			+ below(w, c->nodes - c->pooling)];

		if (s->kind != SIM_POOL_HONEST)
			continue;
		s->kind = c->kind;
		s->lost_ms = (int64_t)(1 + below(w, c->weeks)) * DLB_WEEK_MS;
		n++;
	}
	return true;
}

static bool
world_init(struct pool_world *w, const struct sim_pool *c, uint64_t seed)
{
	size_t baits = (size_t)c->pooling * c->baits + 1;

	memset(w, 0, sizeof(*w));
	w->c = c;
	dlb_env_seeded_init(&w->env, seed, 0);
	w->letters_cap = c->nodes * c->weeks * 2 + (uint32_t)baits * 2;
	w->cells_cap = c->nodes * c->meetings * c->weeks * c->own
		+ w->letters_cap * c->of;
	w->stores = calloc(c->nodes, sizeof(*w->stores));
	w->cells = calloc(w->cells_cap, sizeof(*w->cells));
	w->letters = calloc(w->letters_cap + 1, sizeof(*w->letters));
	w->baits = calloc(baits, sizeof(*w->baits));
	w->bait = calloc(baits * c->nodes, sizeof(*w->bait));
	w->seen = calloc((size_t)w->cells_cap * c->nodes, 1);
	w->list = calloc(c->store, sizeof(*w->list));
	w->moves = calloc(c->store, sizeof(*w->moves));
	return w->stores && w->cells && w->letters && w->baits && w->bait
		&& w->seen && w->list && w->moves && stores_init(w);
}

enum dlb_status
sim_pool_run(struct sim_pool_result *out, const struct sim_pool *config,
	uint64_t seed, struct dlb_error *err)
{
	struct pool_world w = {.c = config};
	unsigned n = config->nodes * config->meetings / 2;
	bool good =
		config->of <= POOL_STRIPES_MAX && world_init(&w, config, seed);

	for (unsigned week = 0; good && week < config->weeks; week++) {
		w.now_ms = (week + 1) * DLB_WEEK_MS;
		write_letters(&w, week);
		for (unsigned i = 0; i < n; i++) {
			w.now_ms = (week + 1) * DLB_WEEK_MS
				+ (int64_t)i * DLB_WEEK_MS / n;
			meet(&w);
		}
		good = !w.failed;
	}
	good = good && pool_guess(&w, out);
	for (uint32_t i = 0; good && i < w.letters_n; i++) {
		out->sent += w.letters[i].counts;
		out->delivered += w.letters[i].counts && w.letters[i].done;
	}
	world_free(&w);
	return good ? DLB_OK : dlb_fail(err, DLB_NO_MEMORY, "out of memory");
}
