/*
 * The one exception to the rule that a meeting does not look at the letterbox: the
 * own new cells, a constant number of them, filled up with cover.
 *
 * Cover is made and kept as the cells of letters are: held, own and not shown, until
 * a meeting has given it. So a meeting that breaks, or a peer that comes only to
 * look, leaves it for the next one. Its recall key is kept as a letter's to nobody.
 */
#include "meet_internal.h"

#include <stdlib.h>
#include <string.h>

#define SET_OWN_MS "meet.own.ms"

/* What waits of one letter, within collecting.spread. */
struct part {
	size_t at, n;
};

struct collecting {
	struct dlb_node *n;
	struct dlb_own_cells *own;
	bool release_now;
	uint16_t week;
	/* All that waits: letters that go now, others, cover. Each has room for
	 * all that is held. */
	uint32_t *now, *spread, *cover;
	size_t now_n, spread_n, cover_n, cap;
	struct part *parts;
	size_t parts_n, parts_cap;
	struct dlb_error *err;
	enum dlb_status st;
};

static enum dlb_status
note_part(struct collecting *c, size_t at)
{
	if (c->parts_n == c->parts_cap) {
		size_t cap = c->parts_cap ? 2 * c->parts_cap : 64;
		struct part *p = realloc(c->parts, cap * sizeof(*p));

		if (!p)
			return dlb_fail(c->err, DLB_NO_MEMORY, "out of memory");
		c->parts = p;
		c->parts_cap = cap;
	}
	c->parts[c->parts_n++] = (struct part){at, c->spread_n - at};
	return DLB_OK;
}

static bool
collect_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct collecting *c = ctx;
	struct dlb_satchel *home = c->n->satchel;
	struct dlb_buf names = {0};
	uint32_t *to = c->spread;
	size_t *to_n = &c->spread_n, before = c->spread_n;

	if (letter->state != DLB_OUT_WAITING
		|| (c->week && letter->expiry_week < c->week))
		return true;
	if (letter->to == 0) {
		to = c->cover;
		to_n = &c->cover_n;
	} else if (letter->now || c->release_now) {
		to = c->now;
		to_n = &c->now_n;
	}
	c->st = dlb_out_cells(c->n->letterbox, letter->number, &names, c->err);
	for (size_t i = 0; c->st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number = dlb_satchel_find(home, names.data + i);
		struct dlb_entry e;

		if (number != DLB_NO_ENTRY && *to_n < c->cap
			&& dlb_satchel_entry(home, number, &e)
			&& (e.flags & DLB_OWN))
			to[(*to_n)++] = number;
	}
	dlb_buf_free(&names);
	if (c->st == DLB_OK && c->spread_n > before)
		c->st = note_part(c, before);
	return c->st == DLB_OK;
}

/* ---- cover ------------------------------------------------------------------------ */

static enum dlb_status
seal_cover(struct dlb_node *n, struct dlb_sealing *sealing,
	struct dlb_sealer **sealer, size_t count, uint8_t flags,
	struct dlb_error *err)
{
	static const uint8_t zeros[DLB_CELL_LEN];
	struct dlb_seal_from from = {0};
	struct dlb_seal_to to;
	enum dlb_status st;

	st = dlb_cover_init(&to, &from, &sealing->stripe, (uint32_t)count,
		(uint16_t)(dlb_week_of(n->clock.now_ms)
			+ DLB_CELL_LIFETIME_WEEKS),
		n->env);
	if (st == DLB_OK)
		st = dlb_buf_append(&sealing->head, zeros, sizeof(zeros));
	if (st == DLB_OK)
		st = dlb_sealer_new(sealer, n, &to, &from, flags, err);
	for (uint32_t i = 0; st == DLB_OK && i < count; i++) {
		if (i > 0)
			memset(dlb_sealer_content(*sealer), 0,
				DLB_BULK_CONTENT_LEN);
		st = dlb_sealer_add(
			*sealer, sealing, i, i ? DLB_BULK_CONTENT_LEN : 0, err);
	}
	return st == DLB_OK ? dlb_sealer_flush(*sealer, err) : st;
}

static enum dlb_status
note_cover(struct dlb_node *n, struct dlb_sealing *sealing, size_t count,
	bool waits, struct dlb_error *err)
{
	struct dlb_out_letter *row = &sealing->row;
	enum dlb_status st;

	memcpy(row->recall_key, sealing->stripe.recall_key,
		sizeof(row->recall_key));
	dlb_random(n->env, row->letter_id, sizeof(row->letter_id));
	row->kind = DLB_KIND_LETTER;
	row->state = waits ? DLB_OUT_WAITING : DLB_OUT_SHOWN;
	row->sealed_ms = n->clock.now_ms;
	row->expiry_week = sealing->stripe.expiry_week;
	row->cells = (uint32_t)count;
	row->shown = waits ? 0 : (uint32_t)count;
	st = dlb_out_add(n->letterbox, row, err);
	if (st == DLB_OK)
		st = dlb_out_cells_append(n->letterbox, row->number,
			sealing->names.data, count, err);
	return st;
}

/* count more cells of cover, appended to c->cover. */
static enum dlb_status
make_cover(struct collecting *c, size_t count, struct dlb_error *err)
{
	struct dlb_node *n = c->n;
	struct dlb_sealing sealing = {0};
	struct dlb_sealer *sealer = NULL;
	/* Where letters fill the reserve it is shown at once, as if a meeting had
	 * given it: how much there is must not say how full the reserve is. */
	bool waits = dlb_satchel_room_held(n->satchel) >= count;
	const uint32_t *numbers = NULL;
	size_t numbers_n = 0;
	enum dlb_status st = DLB_OK;

	if (waits) {
		st = dlb_node_doubt_holds(n, true, err);
		if (st == DLB_OK)
			st = dlb_letterbox_commit(n->letterbox, err);
	}
	if (st == DLB_OK)
		st = seal_cover(n, &sealing, &sealer, count,
			waits ? DLB_HELD | DLB_OWN : DLB_SHOWN, err);
	if (st == DLB_OK)
		st = note_cover(n, &sealing, count, waits, err);
	if (st == DLB_OK && waits)
		st = dlb_node_doubt_holds(n, false, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		numbers = dlb_sealer_numbers(sealer, &numbers_n);
	if (numbers_n) {
		memcpy(c->cover + c->cover_n, numbers,
			numbers_n * sizeof(*numbers));
		c->cover_n += numbers_n;
	}
	/* First, as other threads may still read the letter. */
	dlb_sealer_free(sealer);
	dlb_buf_free(&sealing.head);
	dlb_buf_free(&sealing.names);
	dlb_wipe(&sealing, sizeof(sealing));
	return st;
}

/* ---- the choice -------------------------------------------------------------------- */

static void
shuffle(uint32_t *list, size_t n, const struct dlb_env *env)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dlb_random_below(env, (uint32_t)i);
		uint32_t t = list[i - 1];

		list[i - 1] = list[k];
		list[k] = t;
	}
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
append(struct dlb_own_cells *own, const uint32_t *numbers, size_t n)
{
	memcpy(own->numbers + own->n, numbers, n * sizeof(*numbers));
	own->n += n;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The letters that are soonest done go first: a message need not wait for a film. */
static void
append_spread(struct collecting *c, size_t n)
{
	qsort(c->parts, c->parts_n, sizeof(*c->parts), compare_parts);
	for (size_t i = 0; i < c->parts_n && n > 0; i++) {
		size_t some = c->parts[i].n < n ? c->parts[i].n : n;

		append(c->own, c->spread + c->parts[i].at, some);
		n -= some;
	}
}

static enum dlb_status
choose(struct collecting *c, struct dlb_error *err)
{
	struct dlb_own_cells *own = c->own;
	size_t waiting = c->now_n + c->spread_n, real, cover;
	/* What is more than usual goes beside the usual number, so that it neither
	 * keeps the other letters waiting nor tells that there are some. */
	size_t beside = c->now_n > DLB_MEETING_OWN_CELLS ? c->now_n : 0;
	enum dlb_status st = DLB_OK;

	dlb_plan_own(waiting - beside, &real, &cover);
	real += beside;
	own->waiting = waiting;
	/* Under a clock that is not believed no cover can be dated. Without it the
	 * others would see how much is real: all waits. */
	if (cover > c->cover_n && !c->week)
		return DLB_OK;
	if (cover > c->cover_n)
		st = make_cover(c, cover - c->cover_n, err);
	if (st != DLB_OK)
		return st;
	own->numbers = calloc(
		waiting + DLB_MEETING_OWN_CELLS + 1, sizeof(*own->numbers));
	if (!own->numbers)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	append(own, c->now, c->now_n);
	if (real > c->now_n)
		append_spread(c, real - c->now_n);
	own->waiting = waiting - own->n;
	append(own, c->cover, cover);
	shuffle(own->numbers, own->n, c->n->env);
	/* What is only cover is let go of once it has been given. */
	own->cover = c->cover;
	own->cover_n = c->cover_n;
	c->cover = NULL;
	qsort(own->cover, own->cover_n, sizeof(*own->cover), compare_numbers);
	return DLB_OK;
}

enum dlb_status
dlb_own_collect(struct dlb_own_cells *own, struct dlb_node *n, bool release_now,
	uint16_t week, struct dlb_error *err)
{
	struct collecting c = {.n = n,
		.own = own,
		.release_now = release_now,
		.week = week,
		.err = err,
		.st = DLB_OK};
	struct dlb_satchel_info info;
	enum dlb_status st;

	memset(own, 0, sizeof(*own));
	dlb_node_resend_due(n);
	dlb_satchel_info(n->satchel, &info);
	c.cap = info.held;
	c.now = calloc((size_t)info.held + 1, sizeof(*c.now));
	c.spread = calloc((size_t)info.held + 1, sizeof(*c.spread));
	c.cover = calloc(
		(size_t)info.held + DLB_MEETING_OWN_CELLS, sizeof(*c.cover));
	st = c.now && c.spread && c.cover
		? dlb_out_each(n->letterbox, collect_letter, &c, err)
		: dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK)
		st = c.st;
	if (st == DLB_OK)
		st = choose(&c, err);
	free(c.now);
	free(c.spread);
	free(c.cover);
	free(c.parts);
	if (st != DLB_OK)
		dlb_own_free(own);
	return st;
}

int64_t
dlb_node_own_from_ms(struct dlb_node *n)
{
	int64_t last = 0, now = n->clock.now_ms;

	/* A last time that is still to come is of a clock that was wrong. */
	if (dlb_setting_get_int(n->letterbox, SET_OWN_MS, &last) != DLB_OK
		|| now < last || now - last >= DLB_OWN_EVERY_MS)
		return 0;
	return last + DLB_OWN_EVERY_MS;
}

bool
dlb_own_allowed(struct dlb_node *n, bool by_itself)
{
	return !by_itself || dlb_node_own_from_ms(n) == 0;
}

enum dlb_status
dlb_own_note(struct dlb_node *n, struct dlb_error *err)
{
	return dlb_setting_set_int(
		n->letterbox, SET_OWN_MS, n->clock.now_ms, err);
}

void
dlb_own_free(struct dlb_own_cells *own)
{
	free(own->numbers);
	free(own->cover);
	memset(own, 0, sizeof(*own));
}

bool
dlb_own_is_cover(const struct dlb_own_cells *own, uint32_t number)
{
	return own->cover_n > 0
		&& bsearch(&number, own->cover, own->cover_n,
			sizeof(*own->cover), compare_numbers);
}

uint8_t
dlb_own_given_flags(const struct dlb_own_cells *own, const struct dlb_entry *e)
{
	uint8_t flags = (uint8_t)((e->flags & ~DLB_OWN) | DLB_SHOWN);

	if (own && dlb_own_is_cover(own, e->number))
		flags &= (uint8_t)~DLB_HELD;
	return flags;
}
