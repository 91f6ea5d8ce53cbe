/*
 * The one exception to the rule that a meeting does not look at the letterbox: the
 * own new cells, a constant number of them, filled up with cover (cover.c).
 */
#include "cover_weeks.h"
#include "meet_internal.h"
#include "own_stripes.h"

#include <stdlib.h>
#include <string.h>

#define SET_OWN_MS "meet.own.ms"
#define SET_CHOSEN_MS "meet.chosen.ms"

/* What waits of one letter, or of one stripe of it. */
struct part {
	size_t at, n; /* within dlb_own_list.cells */
	bool now;     /* all of it, however much */
	bool goes;
	size_t split; /* place of its letter in dlb_own_list.splits, from 1 */
	uint8_t stripe;
};

struct dlb_own_list {
	struct dlb_node *n;
	bool release_now;
	uint16_t week;
	uint32_t *cells, *cover;
	size_t cells_n, cells_cap, cover_n;
	struct part *parts;
	size_t parts_n, parts_cap;
	struct dlb_split *splits;
	size_t splits_n, splits_cap;
	struct dlb_error *err;
	enum dlb_status st;
};

/* Room for one more in an array. */
static enum dlb_status
grow(void *array, size_t *cap, size_t n, size_t size, struct dlb_error *err)
{
	void **p = array;
	size_t more = *cap ? 2 * *cap : 64;
	void *q;

	if (n < *cap)
		return DLB_OK;
	q = realloc(*p, more * size);
	if (!q)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	*p = q;
	*cap = more;
	return DLB_OK;
}

/* Those of cells [from, to) of a letter that wait; a part, if any do. */
static enum dlb_status
list_part(struct dlb_own_list *l, const struct dlb_buf *names, size_t from,
	size_t to, struct part part)
{
	struct dlb_satchel *home = l->n->satchel;
	enum dlb_status st;

	part.at = l->cells_n;
	for (size_t i = from; i < to && (i + 1) * DLB_NAME_LEN <= names->len;
		i++) {
		uint32_t number =
			dlb_satchel_find(home, names->data + i * DLB_NAME_LEN);
		struct dlb_entry e;

		if (number != DLB_NO_ENTRY && l->cells_n < l->cells_cap
			&& dlb_satchel_entry(home, number, &e)
			&& (e.flags & DLB_OWN))
			l->cells[l->cells_n++] = number;
	}
	part.n = l->cells_n - part.at;
	if (part.n == 0)
		return DLB_OK;
	st = grow(&l->parts, &l->parts_cap, l->parts_n, sizeof(part), l->err);
	if (st == DLB_OK)
		l->parts[l->parts_n++] = part;
	return st;
}

static enum dlb_status
list_split(struct dlb_own_list *l, const struct dlb_out_letter *letter)
{
	enum dlb_status st = grow(&l->splits, &l->splits_cap, l->splits_n,
		sizeof(*l->splits), l->err);

	if (st != DLB_OK)
		return st;
	l->splits[l->splits_n] = (struct dlb_split){.number = letter->number,
		.sealed_ms = letter->sealed_ms,
		.cells = letter->cells / letter->stripes,
		.stripes = letter->stripes,
		.threshold = letter->threshold};
	dlb_split_name_reader(&l->splits[l->splits_n++], l->n, letter->to);
	return DLB_OK;
}

static void
list_cover(struct dlb_own_list *l, const struct dlb_buf *names)
{
	size_t first = l->cells_n;
	struct part none = {.n = 0};

	/* As a letter's; then out of the way. */
	l->st = list_part(l, names, 0, names->len / DLB_NAME_LEN, none);
	if (l->st != DLB_OK || l->cells_n == first)
		return;
	l->parts_n--;
	memcpy(l->cover + l->cover_n, l->cells + first,
		(l->cells_n - first) * sizeof(*l->cover));
	l->cover_n += l->cells_n - first;
	l->cells_n = first;
}

static bool
list_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct dlb_own_list *l = ctx;
	unsigned stripes = letter->stripes ? letter->stripes : 1;
	size_t each = letter->cells / stripes;
	struct part part = {.now = letter->now || l->release_now};
	struct dlb_buf names = {0};

	if (letter->state != DLB_OUT_WAITING
		|| (l->week && letter->expiry_week < l->week))
		return true;
	l->st = dlb_out_cells(l->n->letterbox, letter->number, &names, l->err);
	if (l->st == DLB_OK && letter->to == 0) {
		list_cover(l, &names);
		goto out;
	}
	if (l->st == DLB_OK && stripes > 1) {
		l->st = list_split(l, letter);
		part.split = l->splits_n;
	}
	for (unsigned i = 0; l->st == DLB_OK && i < stripes; i++) {
		part.stripe = (uint8_t)i;
		l->st = list_part(l, &names, i * each,
			i + 1 < stripes ? (i + 1) * each : letter->cells, part);
	}
out:
	dlb_buf_free(&names);
	return l->st == DLB_OK;
}

/* ---- cover ------------------------------------------------------------------------ */

static void
add_weeks(struct dlb_cover_weeks *weeks, const struct dlb_own_list *c,
	const uint32_t *numbers, size_t n)
{
	struct dlb_entry e;

	for (size_t i = 0; i < n && weeks->n < DLB_MEETING_OWN_CELLS; i++)
		if (dlb_satchel_entry(c->n->satchel, numbers[i], &e))
			dlb_cover_weeks_add(weeks, e.expiry_week);
}

/* count more cells of cover, appended to c->cover. */
static enum dlb_status
make_cover(struct dlb_own_list *c, size_t count, struct dlb_error *err)
{
	struct dlb_cover_weeks weeks;
	int64_t last = 0;

	if (dlb_setting_get_int(c->n->letterbox, SET_OWN_MS, &last) != DLB_OK)
		last = 0;
	dlb_cover_weeks_init(&weeks, c->n->env, c->n->clock.now_ms, last);
	/* Of a letter that is split, too: which stripe goes is not known yet. */
	for (size_t i = 0; i < c->parts_n; i++)
		if (c->parts[i].goes || c->parts[i].split)
			add_weeks(&weeks, c, c->cells + c->parts[i].at,
				c->parts[i].n);
	add_weeks(&weeks, c, c->cover, c->cover_n);
	return dlb_cover_make(c->n, &weeks, count, c->cover, &c->cover_n, err);
}

/* ---- what goes --------------------------------------------------------------------- */

static void
list_free(struct dlb_own_list *l)
{
	if (!l)
		return;
	free(l->cells);
	free(l->cover);
	free(l->parts);
	free(l->splits);
	free(l);
}

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

/* What must go now; then the letters that are soonest done: a message need not wait for
 * a film. */
static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->goes != y->goes)
		return x->goes ? -1 : 1;
	if (x->now != y->now)
		return x->now ? -1 : 1;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void
append(struct dlb_own_cells *own, const uint32_t *numbers, size_t n)
{
	memcpy(own->numbers + own->n, numbers, n * sizeof(*numbers));
	own->n += n;
}

/* The first so many parts that go, n cells of them; how many parts. */
static size_t
append_parts(struct dlb_own_cells *own, struct dlb_own_list *l, size_t n)
{
	size_t i = 0;

	if (l->parts_n > 0)
		qsort(l->parts, l->parts_n, sizeof(*l->parts), compare_parts);
	for (; i < l->parts_n && l->parts[i].goes && n > 0; i++) {
		size_t some = l->parts[i].n < n ? l->parts[i].n : n;

		append(own, l->cells + l->parts[i].at, some);
		n -= some;
	}
	return i;
}

/* How much of what goes is real and how much cover. */
static void
plan(const struct dlb_own_list *l, size_t *real, size_t *cover)
{
	size_t now = 0, goes = 0, beside;

	for (size_t i = 0; i < l->parts_n; i++) {
		goes += l->parts[i].goes ? l->parts[i].n : 0;
		now += l->parts[i].goes && l->parts[i].now ? l->parts[i].n : 0;
	}
	/* What is more than usual goes beside the usual number, so that it neither
	 * keeps the other letters waiting nor tells that there are some. */
	beside = now > DLB_MEETING_OWN_CELLS ? now : 0;
	dlb_plan_own(goes - beside, real, cover);
	*real += beside;
}

/* ---- stripes ------------------------------------------------------------------------ */

static enum dlb_status
choose_stripe(struct dlb_own_list *l, size_t split,
	const struct dlb_courier *to, bool vetted_known, struct dlb_error *err)
{
	const struct dlb_split *letter = &l->splits[split - 1];
	uint32_t waits[DLB_STRIPES_OUT_MAX] = {0};
	int stripe = DLB_STRIPE_NONE;
	const struct part *some = NULL;
	bool all;
	enum dlb_status st;

	for (size_t i = 0; i < l->parts_n; i++)
		if (l->parts[i].split == split) {
			some = &l->parts[i];
			waits[some->stripe] = (uint32_t)some->n;
		}
	st = dlb_stripe_choose(
		&stripe, l->n, letter, waits, to, vetted_known, err);
	all = some && dlb_split_is_for(letter, l->n, l->cells[some->at], to);
	for (size_t i = 0; i < l->parts_n; i++)
		if (l->parts[i].split == split)
			l->parts[i].goes = all || l->parts[i].stripe == stripe;
	return st;
}

static enum dlb_status
choose_stripes(struct dlb_own_list *l, const struct dlb_courier *to,
	struct dlb_error *err)
{
	size_t known, vetted = 0;
	enum dlb_status st = DLB_OK;

	if (l->splits_n && !l->release_now)
		st = dlb_node_couriers(l->n, &known, &vetted, err);
	for (size_t i = 1; st == DLB_OK && !l->release_now && i <= l->splits_n;
		i++)
		st = choose_stripe(l, i, to, vetted > 0, err);
	return st;
}

/* Whose they are, before anything of them can be gone. */
static enum dlb_status
begin_stripes(struct dlb_own_list *l, size_t parts_n,
	const struct dlb_courier *to, struct dlb_error *err)
{
	struct dlb_letterbox *box = l->n->letterbox;
	enum dlb_status st = dlb_setting_set_int(
		box, SET_CHOSEN_MS, l->n->clock.now_ms, err);

	for (size_t i = 0; st == DLB_OK && i < parts_n; i++)
		if (l->parts[i].split)
			st = dlb_stripe_begin(l->n,
				l->splits[l->parts[i].split - 1].number,
				l->parts[i].stripe, to, err);
	return st == DLB_OK ? dlb_letterbox_commit(box, err) : st;
}

/* ---- the choice -------------------------------------------------------------------- */

enum dlb_status
dlb_own_choose(struct dlb_own_cells *own, const struct dlb_courier *to,
	struct dlb_error *err)
{
	struct dlb_own_list *l = own->list;
	size_t real, cover, parts;
	enum dlb_status st;

	if (!l)
		return DLB_OK;
	st = choose_stripes(l, to, err);
	plan(l, &real, &cover);
	own->waiting = l->cells_n;
	/* Under a clock that is not believed no cover can be dated. Without it the
	 * others would see how much is real: all waits. */
	if (st == DLB_OK && cover > l->cover_n && !l->week)
		goto out;
	if (st == DLB_OK && cover > l->cover_n)
		st = make_cover(l, cover - l->cover_n, err);
	if (st != DLB_OK)
		goto out;
	own->numbers = calloc(real + cover + 1, sizeof(*own->numbers));
	if (!own->numbers) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	parts = append_parts(own, l, real);
	own->waiting = l->cells_n - own->n;
	append(own, l->cover, cover);
	shuffle(own->numbers, own->n, l->n->env);
	/* What is only cover is let go of once it has been given. */
	own->cover = l->cover;
	own->cover_n = l->cover_n;
	l->cover = NULL;
	qsort(own->cover, own->cover_n, sizeof(*own->cover), compare_numbers);
	st = begin_stripes(l, parts, to, err);
out:
	own->list = NULL;
	list_free(l);
	return st;
}

/* As much cover as there is need of whoever it is that is met. */
static enum dlb_status
prepare(struct dlb_own_list *l, struct dlb_error *err)
{
	size_t real, cover;
	bool now = false;

	for (size_t i = 0; i < l->parts_n; i++) {
		l->parts[i].goes = !l->parts[i].split || l->release_now;
		now |= !l->parts[i].goes && l->parts[i].now;
	}
	plan(l, &real, &cover);
	if (now)
		cover = DLB_MEETING_OWN_CELLS;
	return cover > l->cover_n && l->week
		? make_cover(l, cover - l->cover_n, err)
		: DLB_OK;
}

enum dlb_status
dlb_own_collect(struct dlb_own_cells *own, struct dlb_node *n, bool release_now,
	uint16_t week, struct dlb_error *err)
{
	struct dlb_own_list *l = calloc(1, sizeof(*l));
	struct dlb_satchel_info info;
	enum dlb_status st = DLB_OK;

	memset(own, 0, sizeof(*own));
	if (!l)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	own->list = l;
	dlb_node_resend_due(n);
	dlb_satchel_info(n->satchel, &info);
	*l = (struct dlb_own_list){.n = n,
		.release_now = release_now,
		.week = week,
		.cells_cap = info.held,
		.err = err};
	l->cells = calloc((size_t)info.held + 1, sizeof(*l->cells));
	l->cover = calloc((size_t)info.held + 2 * DLB_MEETING_OWN_CELLS,
		sizeof(*l->cover));
	if (!l->cells || !l->cover)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK)
		st = dlb_out_each(n->letterbox, list_letter, l, err);
	if (st == DLB_OK)
		st = l->st;
	if (st == DLB_OK)
		st = prepare(l, err);
	l->err = NULL;
	if (st != DLB_OK)
		dlb_own_free(own);
	return st;
}

size_t
dlb_own_most(const struct dlb_own_cells *own)
{
	return own->list ? own->list->cells_n + DLB_MEETING_OWN_CELLS : 0;
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
	list_free(own->list);
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
