/*
 * The network of stores with tokens, and the guesses of those who pool.
 */
#include "tokens.h"

#include "meet_internal.h"

#include <stdlib.h>
#include <string.h>

#define LIFETIME_MS (12 * DLB_WEEK_MS)
#define NONE UINT32_MAX
#define NOBODY UINT16_MAX

struct letter {
	uint16_t from, to;
	uint32_t cells, came, first;
	uint32_t answers; /* a receipt: of which letter */
	struct dlb_out_letter row;
	bool done;
};

struct cell {
	uint32_t letter; /* NONE: cover */
	uint16_t maker;
	uint32_t meeting; /* in which it was new */
	int64_t born_ms, due_ms;
	bool came, back;
	/* to those who pool */
	int64_t seen_ms, token_ms;
	uint16_t seen_from, token_from, token_other;
};

struct store {
	uint32_t *cells;
	uint8_t *copies;
	unsigned n;
	uint8_t *has, *had, *refused; /* by cell */
	uint32_t *tokens;
	unsigned tokens_n;
	uint32_t *queue; /* letters' cells that wait */
	unsigned queue_n, queue_at, queue_cap;
	uint32_t *own; /* tokens that were not released */
	unsigned own_n, own_cap;
};

struct world {
	const struct sim_tokens *c;
	struct dlb_env_seeded env;
	struct store *stores;
	struct cell *cells;
	uint32_t cells_n, cells_cap;
	struct letter *letters;
	uint32_t letters_n, letters_cap;
	uint32_t meeting;
	int64_t now_ms;
	unsigned tokens_max;
	struct dlb_plan_cell *list;
	struct dlb_plan_move *moves;
	uint8_t cover_key[DLB_KEY_LEN];
	bool failed;
};

static uint32_t
below(struct world *w, uint32_t bound)
{
	return dlb_random_below(&w->env.env, bound);
}

static void
push(struct world *w, uint32_t **list, unsigned *n, unsigned *cap, uint32_t v)
{
	if (*n == *cap) {
		unsigned more = *cap ? 2 * *cap : 64;
		uint32_t *p = realloc(*list, more * sizeof(*p));

		if (!p) {
			w->failed = true;
			return;
		}
		*list = p;
		*cap = more;
	}
	(*list)[(*n)++] = v;
}

static bool
pools(const struct world *w, unsigned node)
{
	return node < w->c->pooling;
}

/* ---- letters ----------------------------------------------------------------------------- */

static void
write_letter(struct world *w, uint16_t from, uint16_t to, uint32_t cells,
	uint32_t answers)
{
	struct letter *l = &w->letters[w->letters_n];
	struct store *s = &w->stores[from];

	if (w->letters_n == w->letters_cap || w->cells_n + cells > w->cells_cap)
		return;
	*l = (struct letter){.from = from,
		.to = to,
		.cells = cells,
		.answers = answers,
		.first = w->cells_n,
		.row = {.to = 1, .sealed_ms = w->now_ms}};
	dlb_random(&w->env.env, l->row.recall_key, sizeof(l->row.recall_key));
	for (uint32_t i = 0; i < cells; i++) {
		w->cells[w->cells_n] = (struct cell){.letter = w->letters_n,
			.maker = from,
			.due_ms = INT64_MAX,
			.seen_from = NOBODY,
			.token_from = NOBODY,
			.token_other = NOBODY};
		push(w, &s->queue, &s->queue_n, &s->queue_cap, w->cells_n++);
	}
	w->letters_n++;
}

/* A letter's tokens, for who shows them. */
static void
set_due(struct world *w, struct letter *l)
{
	bool reader = w->c->rule == SIM_TOKENS_READER;
	struct store *s = &w->stores[reader ? l->to : l->from];

	for (uint32_t i = 0; i < l->cells; i++) {
		struct cell *c = &w->cells[l->first + i];

		c->due_ms = w->c->rule == SIM_TOKENS_SHIPPED
			? dlb_recall_due_ms(&l->row, i)
			: w->now_ms;
		push(w, &s->own, &s->own_n, &s->own_cap, l->first + i);
	}
}

/* A cell came to whom it is for. */
static void
deliver(struct world *w, struct cell *c)
{
	struct letter *l = &w->letters[c->letter];

	c->came = true;
	if (++l->came < l->cells)
		return;
	l->done = true;
	if (l->answers == NONE) {
		if (w->c->rule == SIM_TOKENS_READER)
			set_due(w, l);
		write_letter(w, l->to, l->from, 1, c->letter);
		return;
	}
	l = &w->letters[l->answers];
	l->row.arrived_ms = w->now_ms;
	if (w->c->rule == SIM_TOKENS_SHIPPED
		|| w->c->rule == SIM_TOKENS_AT_ONCE)
		set_due(w, l);
}

/* ---- stores -------------------------------------------------------------------------------- */

static void
drop_at(struct store *s, unsigned i)
{
	s->has[s->cells[i]] = 0;
	s->cells[i] = s->cells[--s->n];
	s->copies[i] = s->copies[s->n];
}

static void
drop_cell(struct store *s, uint32_t cell)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->cells[i] == cell) {
			drop_at(s, i);
			return;
		}
}

static void
make_room(struct world *w, struct store *s)
{
	unsigned at;

	if (s->n < w->c->store)
		return;
	at = below(w, s->n);
	for (unsigned i = 0; i < 24; i++) {
		unsigned k = (at + i) % s->n;

		if (w->cells[s->cells[k]].born_ms + LIFETIME_MS < w->now_ms) {
			drop_at(s, k);
			return;
		}
	}
	drop_at(s, at);
}

static void
put(struct world *w, unsigned node, uint32_t cell, uint8_t copies)
{
	struct store *s = &w->stores[node];
	struct cell *c = &w->cells[cell];

	if (s->refused[cell])
		return;
	make_room(w, s);
	s->cells[s->n] = cell;
	s->copies[s->n++] = copies;
	s->has[cell] = s->had[cell] = 1;
	if (c->letter != NONE && !c->came && w->letters[c->letter].to == node)
		deliver(w, c);
}

static void
add_own(struct world *w, unsigned node)
{
	struct store *s = &w->stores[node];

	for (unsigned i = 0; i < w->c->own; i++) {
		uint8_t start = dlb_copies_start(&w->env.env);
		struct dlb_out_letter row = {.sealed_ms = w->now_ms};
		struct cell *c;
		uint32_t number;

		if (s->queue_at < s->queue_n) {
			number = s->queue[s->queue_at++];
			c = &w->cells[number];
		} else if (w->cells_n < w->cells_cap) {
			number = w->cells_n++;
			c = &w->cells[number];
			memcpy(row.recall_key, w->cover_key, DLB_KEY_LEN);
			*c = (struct cell){.letter = NONE,
				.maker = (uint16_t)node,
				.due_ms = dlb_recall_due_ms(&row, number),
				.seen_from = NOBODY,
				.token_from = NOBODY,
				.token_other = NOBODY};
			if (w->c->rule != SIM_TOKENS_NONE)
				push(w, &s->own, &s->own_n, &s->own_cap,
					number);
		} else {
			return;
		}
		c->born_ms = w->now_ms;
		c->meeting = w->meeting;
		put(w, node, number, start);
	}
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* Where there are too many, the soonest to expire goes. */
static void
keep_token(struct world *w, struct store *s, uint32_t cell)
{
	unsigned oldest = 0;

	if (s->refused[cell])
		return;
	s->refused[cell] = 1;
	if (s->tokens_n < w->tokens_max) {
		s->tokens[s->tokens_n++] = cell;
		return;
	}
	for (unsigned i = 1; i < s->tokens_n; i++)
		if (w->cells[s->tokens[i]].born_ms
			< w->cells[s->tokens[oldest]].born_ms)
			oldest = i;
	s->refused[s->tokens[oldest]] = 0;
	s->tokens[oldest] = cell;
}

/* As many of those that are due as there are new cells; to the front of the list of what
 * is shown. Returns how many. */
static unsigned
release(struct world *w, unsigned node, uint32_t *out)
{
	struct store *s = &w->stores[node];
	unsigned due = 0, n = 0;

	for (unsigned i = 0; i < s->own_n; i++)
		if (w->cells[s->own[i]].due_ms <= w->now_ms) {
			uint32_t t = s->own[i];

			s->own[i] = s->own[due];
			s->own[due++] = t;
		}
	while (n < w->c->own && due > 0) {
		unsigned k = below(w, due);
		uint32_t cell = s->own[k];

		s->own[k] = s->own[--due];
		s->own[due] = s->own[--s->own_n];
		drop_cell(s, cell);
		keep_token(w, s, cell);
		w->cells[cell].back = true;
		out[n++] = cell;
	}
	return n;
}

static void
note_token(struct world *w, uint32_t cell, unsigned from)
{
	struct cell *c = &w->cells[cell];

	/* Of a cell that none of them saw it is 32 bytes. */
	if (c->seen_from == NOBODY)
		return;
	if (c->token_from == NOBODY) {
		c->token_from = (uint16_t)from;
		c->token_ms = w->now_ms;
	}
	if (c->token_other == NOBODY && from != c->seen_from)
		c->token_other = (uint16_t)from;
}

static void
show_tokens(
	struct world *w, unsigned from, unsigned to, uint32_t *list, unsigned n)
{
	struct store *s = &w->stores[from], *t = &w->stores[to];
	unsigned start = s->tokens_n ? below(w, s->tokens_n) : 0;

	for (unsigned i = 0; i < s->tokens_n && n < w->c->shown; i++)
		list[n++] = s->tokens[(start + i) % s->tokens_n];
	for (unsigned i = 0; i < n; i++) {
		if (pools(w, to) && !pools(w, from))
			note_token(w, list[i], from);
		if (!t->has[list[i]])
			continue;
		drop_cell(t, list[i]);
		keep_token(w, t, list[i]);
	}
}

/* ---- meetings --------------------------------------------------------------------------------- */

static bool
has_cell(void *ctx, const uint8_t name[static 16])
{
	const struct store *s = ctx;
	uint32_t cell;

	memcpy(&cell, name, sizeof(cell));
	return s->has[cell] || s->refused[cell];
}

static void
give(struct world *w, unsigned from, unsigned to)
{
	struct store *s = &w->stores[from], *t = &w->stores[to];
	size_t n;

	for (unsigned i = 0; i < s->n; i++) {
		struct cell *c = &w->cells[s->cells[i]];
		struct dlb_plan_cell *p = &w->list[i];

		if (pools(w, to) && !pools(w, from) && c->seen_from == NOBODY) {
			c->seen_from = (uint16_t)from;
			c->seen_ms = w->now_ms;
		}
		memset(p, 0, sizeof(*p));
		p->number = i;
		memcpy(p->name, &s->cells[i], sizeof(s->cells[i]));
		p->expiry_week =
			(uint16_t)((c->born_ms + LIFETIME_MS) / DLB_WEEK_MS);
		p->copies = s->copies[i];
	}
	n = dlb_plan(w->moves, w->list, s->n, w->c->contact,
		(uint16_t)(w->now_ms / DLB_WEEK_MS), has_cell, t, &w->env.env);
	/* What is given pushes nothing out here. */
	for (size_t i = 0; i < n; i++)
		s->copies[w->moves[i].number] = w->moves[i].keep;
	for (size_t i = 0; i < n; i++)
		put(w, to, s->cells[w->moves[i].number], w->moves[i].give);
}

static void
meet(struct world *w, uint32_t *list)
{
	unsigned a = below(w, w->c->nodes), b = a;
	unsigned pair[2], n[2] = {0, 0};

	while (b == a)
		b = below(w, w->c->nodes);
	pair[0] = a;
	pair[1] = b;
	for (int i = 0; i < 2; i++) {
		w->meeting++;
		if (w->c->rule != SIM_TOKENS_NONE)
			n[i] = release(w, pair[i], list + i * w->c->shown);
	}
	for (int i = 0; i < 2; i++)
		show_tokens(w, pair[i], pair[!i], list + i * w->c->shown, n[i]);
	for (int i = 0; i < 2; i++) {
		w->meeting++;
		add_own(w, pair[i]);
	}
	give(w, a, b);
	give(w, b, a);
}

/* ---- what they make of it ----------------------------------------------------------------------- */

/* Anybody who held the cell and does not pool; `but` for one. */
static unsigned
holders(const struct world *w, uint32_t cell, unsigned but)
{
	unsigned n = 0;

	for (unsigned i = w->c->pooling; i < w->c->nodes; i++)
		n += i != but && w->stores[i].had[cell];
	return n;
}

static void
guess(struct sim_guess *g, bool right, unsigned among)
{
	double p = among ? 1.0 / among : 0;

	g->tries++;
	g->right += right;
	g->chance += p;
	g->variance += p * (1 - p);
}

/* One guess a letter: by the token of it that was seen first. */
static void
guess_reader(const struct world *w, const struct letter *l,
	struct sim_tokens_result *out)
{
	uint32_t first = NONE;

	for (uint32_t i = l->first; i < l->first + l->cells; i++)
		if (w->cells[i].token_from != NOBODY
			&& (first == NONE
				|| w->cells[i].token_ms
					< w->cells[first].token_ms))
			first = i;
	if (first == NONE || pools(w, l->from) || pools(w, l->to))
		return;
	guess(&out->first, w->cells[first].token_from == l->to,
		holders(w, first, NONE));
	if (w->cells[first].token_other != NOBODY)
		guess(&out->first_other, w->cells[first].token_other == l->to,
			holders(w, first, w->cells[first].seen_from));
}

static double
apart(const struct cell *a, const struct cell *b)
{
	int64_t d = a->token_ms - b->token_ms;

	return (double)(d < 0 ? -d : d);
}

/* Cells of one meeting have numbers that are near: a letter's come first of all, cover
 * when it goes. So they are looked for by meeting. */
struct by_meeting {
	uint32_t meeting, cell;
};

static int
meeting_order(const void *a, const void *b)
{
	const struct by_meeting *x = a, *y = b;

	if (x->meeting != y->meeting)
		return x->meeting < y->meeting ? -1 : 1;
	return (x->cell > y->cell) - (x->cell < y->cell);
}

static bool
guess_links(const struct world *w, struct sim_tokens_result *out)
{
	size_t n = 0, most = (size_t)w->cells_n * w->c->own + 1, a_n = 0,
	       b_n = 0;
	struct by_meeting *list = calloc(w->cells_n + 1, sizeof(*list));
	double *a = calloc(most, sizeof(*a)), *b = calloc(most, sizeof(*b));
	bool there = list && a && b;

	for (uint32_t i = 0; there && i < w->cells_n; i++)
		if (w->cells[i].token_from != NOBODY
			&& !pools(w, w->cells[i].maker))
			list[n++] = (struct by_meeting){w->cells[i].meeting, i};
	if (there)
		qsort(list, n, sizeof(*list), meeting_order);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1;
			k < n && list[k].meeting == list[i].meeting; k++) {
			const struct cell *x = &w->cells[list[i].cell];
			const struct cell *y = &w->cells[list[k].cell];

			if (x->letter != NONE && x->letter == y->letter)
				a[a_n++] = apart(x, y);
			else
				b[b_n++] = apart(x, y);
		}
	if (there)
		out->linked = sim_auc_of(a, a_n, b, b_n);
	free(list);
	free(a);
	free(b);
	return there;
}

static bool
guess_cover(const struct world *w, struct sim_tokens_result *out)
{
	double *real = calloc(w->cells_n + 1, sizeof(*real));
	double *cover = calloc(w->cells_n + 1, sizeof(*cover));
	size_t real_n = 0, cover_n = 0, unseen = 0, unseen_real = 0, all = 0,
	       all_real = 0, back_real = 0, back_cover = 0;
	bool there = real && cover;

	/* Only those whose twelve weeks are over. */
	for (uint32_t i = 0; there && i < w->cells_n; i++) {
		const struct cell *c = &w->cells[i];
		bool is_real = c->letter != NONE;

		if (c->seen_from == NOBODY || pools(w, c->maker)
			|| c->born_ms + LIFETIME_MS > w->now_ms)
			continue;
		all++;
		all_real += is_real;
		back_real += is_real && c->back;
		back_cover += !is_real && c->back;
		if (c->token_from == NOBODY) {
			unseen++;
			unseen_real += is_real;
		} else if (is_real) {
			real[real_n++] = (double)(c->token_ms - c->seen_ms);
		} else {
			cover[cover_n++] = (double)(c->token_ms - c->seen_ms);
		}
	}
	if (there)
		out->cover = sim_auc_of(real, real_n, cover, cover_n);
	if (all_real)
		out->back_real = (double)back_real / (double)all_real;
	if (all > all_real)
		out->back_cover = (double)back_cover / (double)(all - all_real);
	if (unseen)
		out->real_unseen = (double)unseen_real / (double)unseen;
	if (all)
		out->real_all = (double)all_real / (double)all;
	free(real);
	free(cover);
	return there;
}

static bool
sum_up(const struct world *w, struct sim_tokens_result *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < w->letters_n; i++) {
		const struct letter *l = &w->letters[i];

		if (l->answers != NONE)
			continue;
		out->sent++;
		out->delivered += l->done;
		out->answered += l->row.arrived_ms != 0;
		guess_reader(w, l, out);
	}
	return guess_links(w, out) && guess_cover(w, out);
}

/* ---- the whole ------------------------------------------------------------------------------------ */

static void
world_free(struct world *w)
{
	for (unsigned i = 0; w->stores && i < w->c->nodes; i++) {
		struct store *s = &w->stores[i];

		free(s->cells);
		free(s->copies);
		free(s->has);
		free(s->had);
		free(s->refused);
		free(s->tokens);
		free(s->queue);
		free(s->own);
	}
	free(w->stores);
	free(w->cells);
	free(w->letters);
	free(w->list);
	free(w->moves);
}

static bool
world_init(struct world *w, const struct sim_tokens *c, uint64_t seed)
{
	bool there;

	memset(w, 0, sizeof(*w));
	w->c = c;
	dlb_env_seeded_init(&w->env, seed, 0);
	dlb_random(&w->env.env, w->cover_key, sizeof(w->cover_key));
	w->tokens_max = c->store / 4 + 64;
	w->cells_cap = c->nodes * c->meetings * c->weeks * c->own
		+ (uint32_t)(c->nodes * c->weeks * (c->letters + 1)
			* (c->size + 1));
	w->letters_cap = (uint32_t)(2 * c->nodes * c->weeks * (c->letters + 1));
	w->stores = calloc(c->nodes, sizeof(*w->stores));
	w->cells = calloc(w->cells_cap, sizeof(*w->cells));
	w->letters = calloc(w->letters_cap, sizeof(*w->letters));
	w->list = calloc(c->store, sizeof(*w->list));
	w->moves = calloc(c->store, sizeof(*w->moves));
	there = w->stores && w->cells && w->letters && w->list && w->moves;
	for (unsigned i = 0; there && i < c->nodes; i++) {
		struct store *s = &w->stores[i];

		s->cells = calloc(c->store, sizeof(*s->cells));
		s->copies = calloc(c->store, 1);
		s->has = calloc(w->cells_cap, 1);
		s->had = calloc(w->cells_cap, 1);
		s->refused = calloc(w->cells_cap, 1);
		s->tokens = calloc(w->tokens_max, sizeof(*s->tokens));
		there = s->cells && s->copies && s->has && s->had && s->refused
			&& s->tokens;
	}
	return there;
}

static void
write_letters(struct world *w)
{
	for (unsigned i = 0; i < w->c->nodes; i++) {
		unsigned n = (unsigned)w->c->letters;

		n += below(w, 1000000) < (w->c->letters - n) * 1000000;
		while (n-- > 0) {
			unsigned to = i;

			while (to == i)
				to = below(w, w->c->nodes);
			write_letter(w, (uint16_t)i, (uint16_t)to,
				1 + below(w, w->c->size), NONE);
		}
	}
}

enum dlb_status
sim_tokens_run(struct sim_tokens_result *out, const struct sim_tokens *config,
	uint64_t seed, struct dlb_error *err)
{
	struct world w;
	uint32_t *list = calloc(2 * config->shown + 1, sizeof(*list));
	unsigned n = config->nodes * config->meetings / 2;
	bool good = list && world_init(&w, config, seed);

	for (unsigned week = 0; good && week < config->weeks; week++) {
		w.now_ms = (week + 1) * DLB_WEEK_MS;
		write_letters(&w);
		for (unsigned i = 0; i < n; i++) {
			w.now_ms = (week + 1) * DLB_WEEK_MS
				+ (int64_t)i * DLB_WEEK_MS / n;
			meet(&w, list);
		}
		good = !w.failed;
	}
	good = good && sum_up(&w, out);
	if (list)
		world_free(&w);
	free(list);
	return good ? DLB_OK : dlb_fail(err, DLB_NO_MEMORY, "out of memory");
}
