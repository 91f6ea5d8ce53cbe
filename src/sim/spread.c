/*
 * The network of stores. A cell is a number; its name is that number, spread out so
 * that the plan sees names.
 */
#include "spread.h"

#include "meeting.h"

#include <stdlib.h>
#include <string.h>

#define LIFETIME_WEEKS 12
#define WITHOUT_END 255

struct kept {
	uint32_t cell;
	uint16_t arrived;
	uint8_t copies;
};

struct store {
	struct kept *kept;
	unsigned n, cap;
	uint8_t *has;     /* by cell */
	unsigned waiting; /* letters that have not been added yet */
};

struct cell {
	uint16_t born;
	uint16_t reader; /* UINT16_MAX: cover */
	bool came;
};

struct network {
	const struct sim_spread *c;
	struct dlb_env_seeded env;
	struct store *stores; /* nodes, then places */
	unsigned stores_n;
	struct cell *cells;
	unsigned cells_n, cells_cap;
	uint16_t week;
	uint64_t transfers;
	unsigned sent;
	/* for the plan */
	struct dlb_plan_cell *list;
	struct dlb_plan_move *moves;
};

static uint32_t
below(struct network *w, uint32_t bound)
{
	return dlb_random_below(&w->env.env, bound);
}

/* ---- stores ------------------------------------------------------------------------- */

static void
drop(struct store *s, unsigned i)
{
	s->has[s->kept[i].cell] = 0;
	s->kept[i] = s->kept[--s->n];
}

static bool
has_had_its_time(const struct network *w, const struct kept *k)
{
	const struct cell *c = &w->cells[k->cell];

	return c->born + LIFETIME_WEEKS < w->week
		|| (k->copies == 0 && k->arrived + DLB_LOOK_WEEKS < w->week);
}

/* Room for one more: what has had its time goes first, then chance. */
static void
make_room(struct network *w, struct store *s)
{
	if (s->n < s->cap)
		return;
	for (unsigned tries = 0, at = below(w, s->n); tries < s->n; tries++)
		if (has_had_its_time(w, &s->kept[(at + tries) % s->n])) {
			drop(s, (at + tries) % s->n);
			return;
		}
	drop(s, below(w, s->n));
}

static void
put(struct network *w, unsigned store, uint32_t cell, uint8_t copies)
{
	struct store *s = &w->stores[store];
	struct cell *c = &w->cells[cell];

	make_room(w, s);
	s->kept[s->n++] = (struct kept){cell, w->week, copies};
	s->has[cell] = 1;
	if (c->reader == store)
		c->came = true;
}

/* ---- new cells ---------------------------------------------------------------------- */

static uint8_t
first_copies(struct network *w)
{
	unsigned n = w->c->copies;

	return n == 0 ? WITHOUT_END : (uint8_t)(below(w, 2) ? 2 * n : n);
}

/* Letters that wait first, cover for the rest. */
static void
add_own(struct network *w, unsigned node)
{
	struct store *s = &w->stores[node];

	for (unsigned i = 0; i < w->c->own && w->cells_n < w->cells_cap; i++) {
		struct cell *c = &w->cells[w->cells_n];
		bool real = s->waiting > 0;

		*c = (struct cell){.born = w->week, .reader = UINT16_MAX};
		if (real) {
			s->waiting--;
			w->sent++;
			do {
				c->reader = (uint16_t)below(w, w->c->nodes);
			} while (c->reader == node);
		}
		put(w, node, w->cells_n++, first_copies(w));
	}
}

static void
write_letters(struct network *w)
{
	if (w->week >= w->c->weeks / 2)
		return;
	for (unsigned i = 0; i < w->c->nodes; i++) {
		unsigned whole = (unsigned)w->c->letters;
		double part = w->c->letters - whole;

		w->stores[i].waiting +=
			whole + (below(w, 1000000) < part * 1000000);
	}
}

/* ---- meetings ------------------------------------------------------------------------- */

static bool
has_cell(void *ctx, const uint8_t name[static 16])
{
	const struct store *s = ctx;
	uint32_t cell;

	memcpy(&cell, name, sizeof(cell));
	return s->has[cell] != 0;
}

static size_t
plan(struct network *w, const struct store *from, struct store *to)
{
	for (unsigned i = 0; i < from->n; i++) {
		const struct kept *k = &from->kept[i];
		struct dlb_plan_cell *p = &w->list[i];

		memset(p, 0, sizeof(*p));
		p->number = k->cell;
		memcpy(p->name, &k->cell, sizeof(k->cell));
		p->expiry_week =
			(uint16_t)(w->cells[k->cell].born + LIFETIME_WEEKS);
		p->copies = k->copies;
	}
	return dlb_plan(w->moves, w->list, from->n, SIZE_MAX, w->week, has_cell,
		to, &w->env.env);
}

static struct kept *
find(struct store *s, uint32_t cell)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->kept[i].cell == cell)
			return &s->kept[i];
	return NULL;
}

static void
give(struct network *w, unsigned from, unsigned to)
{
	size_t n = plan(w, &w->stores[from], &w->stores[to]);
	unsigned moved = 0;

	for (size_t i = 0; i < n && moved < w->c->contact; i++) {
		const struct dlb_plan_move *m = &w->moves[i];
		struct kept *k;

		if (m->give == 0 && !w->c->looks)
			continue;
		k = find(&w->stores[from], m->number);
		if (!k)
			continue; /* it gave way meanwhile */
		if (k->copies != WITHOUT_END)
			k->copies = m->keep;
		put(w, to, m->number,
			w->c->copies == 0 ? WITHOUT_END : m->give);
		moved++;
		w->transfers++;
	}
}

static void
meet(struct network *w)
{
	unsigned a = below(w, w->c->nodes), b = a;

	if (w->c->box_every && w->c->places && below(w, w->c->box_every) == 0)
		b = w->c->nodes + below(w, w->c->places);
	while (b == a)
		b = below(w, w->c->nodes);
	add_own(w, a);
	if (b < w->c->nodes)
		add_own(w, b);
	give(w, a, b);
	give(w, b, a);
}

/* ---- the whole -------------------------------------------------------------------------- */

static void
network_free(struct network *w)
{
	for (unsigned i = 0; w->stores && i < w->stores_n; i++) {
		free(w->stores[i].kept);
		free(w->stores[i].has);
	}
	free(w->stores);
	free(w->cells);
	free(w->list);
	free(w->moves);
}

static enum dlb_status
network_init(struct network *w, const struct sim_spread *c, uint64_t seed)
{
	unsigned most = c->store * 8;

	memset(w, 0, sizeof(*w));
	w->c = c;
	dlb_env_seeded_init(&w->env, seed, 0);
	w->stores_n = c->nodes + c->places;
	w->cells_cap = (c->nodes * c->meetings * c->weeks + 1) * c->own + 1;
	w->stores = calloc(w->stores_n, sizeof(*w->stores));
	w->cells = calloc(w->cells_cap, sizeof(*w->cells));
	w->list = calloc(most, sizeof(*w->list));
	w->moves = calloc(most, sizeof(*w->moves));
	if (!w->stores || !w->cells || !w->list || !w->moves)
		return DLB_NO_MEMORY;
	for (unsigned i = 0; i < w->stores_n; i++) {
		struct store *s = &w->stores[i];

		/* A box has room for more. */
		s->cap = i < c->nodes ? c->store : most;
		s->kept = calloc(s->cap, sizeof(*s->kept));
		s->has = calloc(w->cells_cap, 1);
		if (!s->kept || !s->has)
			return DLB_NO_MEMORY;
	}
	return DLB_OK;
}

static void
sum_up(const struct network *w, struct sim_spread_result *out)
{
	uint64_t kept = 0, looks = 0;

	memset(out, 0, sizeof(*out));
	out->sent = w->sent;
	for (unsigned i = 0; i < w->cells_n; i++)
		out->delivered += w->cells[i].came;
	for (unsigned i = 0; i < w->stores_n; i++)
		for (unsigned k = 0; k < w->stores[i].n; k++) {
			kept++;
			looks += w->stores[i].kept[k].copies == 0;
		}
	if (out->delivered)
		out->transfers = (double)w->transfers / out->delivered;
	if (kept)
		out->looks = (double)looks / (double)kept;
}

enum dlb_status
sim_spread_run(struct sim_spread_result *out, const struct sim_spread *config,
	uint64_t seed, struct dlb_error *err)
{
	struct network w;
	enum dlb_status st = network_init(&w, config, seed);

	if (st != DLB_OK) {
		network_free(&w);
		return dlb_fail(err, st, "out of memory");
	}
	for (w.week = 1; w.week <= config->weeks; w.week++) {
		unsigned n = config->nodes * config->meetings / 2;

		write_letters(&w);
		for (unsigned i = 0; i < n; i++)
			meet(&w);
	}
	sum_up(&w, out);
	network_free(&w);
	return DLB_OK;
}
