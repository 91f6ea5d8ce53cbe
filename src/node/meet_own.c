/*
 * The one exception to the rule that a meeting does not look at the letterbox: the
 * own new cells, a constant number of them, filled up with cover; and how far each
 * letter is afterwards.
 */
#include "meet_internal.h"

#include <stdlib.h>
#include <string.h>

struct own_list {
	struct meet *m;
	struct dlb_plan_move *moves; /* all waiting: those for now first */
	size_t now_n, spread_n, cap;
	uint32_t *spread;
	struct dlb_error *err;
	enum dlb_status st;
};

static bool
collect_own(void *ctx, const struct dlb_out_letter *letter)
{
	struct own_list *o = ctx;
	struct dlb_satchel *home = o->m->n->satchel;
	bool now = letter->now || o->m->options->release_now;
	struct dlb_buf names = {0};

	if (letter->state != DLB_OUT_WAITING ||
		(o->m->week && letter->expiry_week < o->m->week))
		return true;
	o->st = dlb_out_cells(o->m->n->letterbox, letter->number, &names, o->err);
	for (size_t i = 0; o->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number = dlb_satchel_find(home, names.data + i);
		struct dlb_entry e;

		if (number == DLB_NO_ENTRY || !dlb_satchel_entry(home, number, &e) ||
			!(e.flags & DLB_OWN) || o->now_n + o->spread_n >= o->cap)
			continue;
		if (now)
			o->moves[o->now_n++].number = number;
		else
			o->spread[o->spread_n++] = number;
	}
	dlb_buf_free(&names);
	return o->st == DLB_OK;
}

/* Cover goes the way of own cells: stored here, shown at once. Its recall key is
 * kept as a letter's to nobody. */
static enum dlb_status
make_cover(struct meet *m, size_t count, struct dlb_plan_move *moves,
	size_t *moves_n, struct dlb_error *err)
{
	static const uint8_t zeros[DLB_CELL_LEN];
	struct dlb_sealing sealing = {0};
	struct dlb_sealer *sealer = NULL;
	struct dlb_seal_from from = {0};
	struct dlb_seal_to to;
	const uint32_t *numbers;
	size_t numbers_n;
	enum dlb_status st;

	st = dlb_cover_init(&to, &from, &sealing.stripe, (uint32_t)count,
		(uint16_t)(dlb_week_of(m->n->clock.now_ms) +
			DLB_CELL_LIFETIME_WEEKS),
		m->n->env);
	if (st == DLB_OK)
		st = dlb_buf_append(&sealing.head, zeros, sizeof(zeros));
	if (st == DLB_OK)
		st = dlb_sealer_new(
			&sealer, m->n, &to, &from, DLB_SHOWN, err);
	for (uint32_t i = 0; st == DLB_OK && i < count; i++) {
		if (i > 0)
			memset(dlb_sealer_content(sealer), 0,
				DLB_BULK_CONTENT_LEN);
		st = dlb_sealer_add(
			sealer, &sealing, i, i ? DLB_BULK_CONTENT_LEN : 0, err);
	}
	if (st == DLB_OK)
		st = dlb_sealer_flush(sealer, err);
	if (st == DLB_OK) {
		numbers = dlb_sealer_numbers(sealer, &numbers_n);
		for (size_t i = 0; i < numbers_n; i++)
			moves[(*moves_n)++].number = numbers[i];
		memcpy(sealing.row.recall_key, sealing.stripe.recall_key,
			sizeof(sealing.row.recall_key));
		dlb_random(m->n->env, sealing.row.letter_id,
			sizeof(sealing.row.letter_id));
		sealing.row.state = DLB_OUT_SHOWN;
		sealing.row.sealed_ms = m->n->clock.now_ms;
		sealing.row.expiry_week = sealing.stripe.expiry_week;
		sealing.row.cells = (uint32_t)count;
		sealing.row.shown = (uint32_t)count;
		st = dlb_out_add(m->n->letterbox, &sealing.row, err);
	}
	if (st == DLB_OK)
		st = dlb_out_cells_append(m->n->letterbox, sealing.row.number,
			sealing.names.data, count, err);
	dlb_buf_free(&sealing.head);
	dlb_buf_free(&sealing.names);
	dlb_sealer_free(sealer);
	dlb_wipe(&sealing, sizeof(sealing));
	return st;
}

static void
shuffle(struct dlb_plan_move *moves, size_t n, const struct dlb_env *env)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dlb_random_below(env, (uint32_t)i);
		struct dlb_plan_move t = moves[i - 1];

		moves[i - 1] = moves[k];
		moves[k] = t;
	}
}

/* The moves of own new cells: all that are sent now, others up to the constant
 * number, cover for the rest. */
enum dlb_status
dlb_meet_plan_own(struct meet *m, struct dlb_plan_move **moves, size_t *moves_n,
	struct dlb_error *err)
{
	struct own_list o = {.m = m, .err = err, .st = DLB_OK};
	size_t real, cover;
	struct dlb_satchel_info info;
	enum dlb_status st;

	*moves = NULL;
	*moves_n = 0;
	dlb_satchel_info(m->n->satchel, &info);
	o.cap = info.held;
	o.moves = calloc(
		(size_t)info.held + 2 * DLB_MEETING_OWN_CELLS, sizeof(*o.moves));
	o.spread = calloc((size_t)info.held + 1, sizeof(*o.spread));
	if (!o.moves || !o.spread) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	st = dlb_out_each(m->n->letterbox, collect_own, &o, err);
	if (st == DLB_OK)
		st = o.st;
	if (st != DLB_OK)
		goto out;
	dlb_plan_own(o.now_n + o.spread_n, &real, &cover);
	*moves_n = o.now_n;
	for (size_t i = 0; *moves_n < real && i < o.spread_n; i++)
		o.moves[(*moves_n)++].number = o.spread[i];
	m->result->own_waiting = o.now_n + o.spread_n - *moves_n;
	if (cover && m->week)
		st = make_cover(m, cover, o.moves, moves_n, err);
	for (size_t i = 0; i < *moves_n; i++) {
		uint8_t start = dlb_copies_start(m->n->env);

		o.moves[i].give = start / 2;
		o.moves[i].keep = start - start / 2;
	}
	shuffle(o.moves, *moves_n, m->n->env);
out:
	free(o.spread);
	if (st == DLB_OK)
		*moves = o.moves;
	else
		free(o.moves);
	return st;
}

/* How far the letters are that wait: written down after their cells moved. */
struct progress_out {
	struct dlb_node *n;
	struct dlb_error *err;
	enum dlb_status st;
	struct dlb_out_letter *changed;
	size_t changed_n, cap;
};

static bool
count_shown(void *ctx, const struct dlb_out_letter *letter)
{
	struct progress_out *p = ctx;
	struct dlb_buf names = {0};
	struct dlb_out_letter now = *letter;

	if (letter->state != DLB_OUT_WAITING)
		return true;
	p->st = dlb_out_cells(p->n->letterbox, letter->number, &names, p->err);
	now.shown = now.cells;
	for (size_t i = 0; p->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number =
			dlb_satchel_find(p->n->satchel, names.data + i);
		struct dlb_entry e;

		if (number != DLB_NO_ENTRY &&
			dlb_satchel_entry(p->n->satchel, number, &e) &&
			(e.flags & DLB_OWN))
			now.shown--;
	}
	dlb_buf_free(&names);
	if (p->st != DLB_OK || now.shown == letter->shown)
		return p->st == DLB_OK;
	if (now.shown == now.cells)
		now.state = DLB_OUT_SHOWN;
	if (p->changed_n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct dlb_out_letter *q = realloc(p->changed, cap * sizeof(*q));

		if (!q) {
			p->st = dlb_fail(p->err, DLB_NO_MEMORY, "out of memory");
			return false;
		}
		p->changed = q;
		p->cap = cap;
	}
	p->changed[p->changed_n++] = now;
	return true;
}

enum dlb_status
dlb_meet_write_progress(struct dlb_node *n, struct dlb_error *err)
{
	struct progress_out p = {.n = n, .err = err, .st = DLB_OK};
	enum dlb_status st = dlb_out_each(n->letterbox, count_shown, &p, err);

	if (st == DLB_OK)
		st = p.st;
	for (size_t i = 0; st == DLB_OK && i < p.changed_n; i++)
		st = dlb_out_update(n->letterbox, &p.changed[i], err);
	if (p.changed)
		dlb_wipe(p.changed, p.changed_n * sizeof(*p.changed));
	free(p.changed);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}
