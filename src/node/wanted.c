/*
 * wanted: the cells that letters of the inbox still lack, by the handles that
 * their heads foretell.
 *
 * Nothing is believed because of a handle: a cell gets a hold only after it opened
 * under the letter's keys, so that nobody fills the reserve with look-alikes. What
 * a letter may claim is bounded before memory is taken for it.
 */
#include "wanted_internal.h"

#include "following.h"

#include <stdlib.h>
#include <string.h>

/* Strangers' letters together take at most seven eighths of the reserve, so that
 * correspondents' always find some. */
bool
dlb_wanted_strangers_full(const struct dlb_wanted *w, uint32_t more)
{
	if (w->strangers + more <= (uint64_t)w->reserve * 7 / 8)
		return false;
	dlb_node_note_refused(w->n, w->strangers + more, more);
	return true;
}

bool
dlb_wanted_too_large(
	const struct dlb_wanted *w, const struct dlb_in_letter *letter)
{
	return letter->stripe.cells > w->reserve;
}

void
dlb_wanted_free(struct dlb_wanted *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->letters_n; i++)
		dlb_buf_free(&w->letters[i].cores);
	if (w->letters)
		dlb_wipe(w->letters, w->letters_cap * sizeof(*w->letters));
	dlb_following_free(w->following);
	free(w->letters);
	free(w->wants);
	free(w->table);
	free(w);
}

/* Handles are uniform group elements under keys that no courier has. */
static size_t
slot_of(const struct dlb_wanted *w, const uint8_t *handle)
{
	uint64_t h;

	memcpy(&h, handle, sizeof(h));
	return (size_t)(h >> 3) & (w->table_len - 1);
}

enum dlb_status
dlb_wanted_index(struct dlb_wanted *w, struct dlb_error *err)
{
	size_t len = 64;
	uint32_t *table;

	while (len < w->wants_n * 2)
		len *= 2;
	table = calloc(len, sizeof(*table));
	if (!table)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	free(w->table);
	w->table = table;
	w->table_len = len;
	for (size_t i = 0; i < w->wants_n; i++) {
		size_t at = slot_of(w, w->wants[i].handle);

		if (w->wants[i].unseen)
			continue;
		while (w->table[at])
			at = (at + 1) & (len - 1);
		w->table[at] = (uint32_t)i + 1;
	}
	return DLB_OK;
}

static enum dlb_status
grow_wants(struct dlb_wanted *w, size_t more)
{
	size_t cap = w->wants_cap ? w->wants_cap : 256;
	struct want *p;

	while (cap < w->wants_n + more)
		cap *= 2;
	if (cap == w->wants_cap)
		return DLB_OK;
	p = realloc(w->wants, cap * sizeof(*p));
	if (!p)
		return DLB_NO_MEMORY;
	w->wants = p;
	w->wants_cap = cap;
	return DLB_OK;
}

static enum dlb_status
grow_letters(struct dlb_wanted *w)
{
	size_t cap = w->letters_cap ? 2 * w->letters_cap : 16;
	struct wanted_letter *p;

	if (w->letters_n < w->letters_cap)
		return DLB_OK;
	/* Their keys are not to be left where they were. */
	p = calloc(cap, sizeof(*p));
	if (!p)
		return DLB_NO_MEMORY;
	if (w->letters_n) {
		memcpy(p, w->letters, w->letters_n * sizeof(*p));
		dlb_wipe(w->letters, w->letters_n * sizeof(*p));
	}
	free(w->letters);
	w->letters = p;
	w->letters_cap = cap;
	return DLB_OK;
}

static enum dlb_status
add_letter(struct dlb_wanted *w, const struct dlb_in_letter *row)
{
	struct wanted_letter *letter;
	struct dlb_bulletin_row bulletin;

	if (grow_letters(w) != DLB_OK)
		return DLB_NO_MEMORY;
	letter = &w->letters[w->letters_n++];
	*letter = (struct wanted_letter){
		.row = *row, .keyed = row->stripe.mode == DLB_STRIPE_WHOLE};
	if (row->from < 0
		&& dlb_bulletin_of_letter(w->n->letterbox, &bulletin,
			   &letter->cores, row->number)
			!= DLB_OK)
		dlb_buf_free(&letter->cores);
	return DLB_OK;
}

struct handles {
	struct want *wants;
	const struct dlb_stripe *stripe;
	uint32_t letter;
};

static void
make_handle(void *ctx, size_t i, unsigned worker)
{
	struct handles *h = ctx;
	struct want *want = &h->wants[i];

	(void)worker;
	memset(want, 0, sizeof(*want));
	want->letter = h->letter;
	want->index = (uint32_t)i + 1;
	dlb_stripe_handle(want->handle, h->stripe->stripe_key, want->index);
}

enum dlb_status
dlb_wanted_bulk(struct dlb_wanted *w, uint32_t letter)
{
	const struct wanted_letter *of = &w->letters[letter];
	const struct dlb_stripe *stripe = &of->row.stripe;
	struct handles h = {.stripe = stripe, .letter = letter};
	size_t more = stripe->cells - 1;

	if (dlb_wanted_too_large(w, &of->row) || !of->keyed)
		return DLB_OK;
	if (grow_wants(w, more) != DLB_OK)
		return DLB_NO_MEMORY;
	h.wants = w->wants + w->wants_n;
	dlb_pool_run(more, make_handle, &h);
	w->wants_n += more;
	return DLB_OK;
}

static struct want *
want_head(struct dlb_wanted *w, uint32_t letter)
{
	struct want *want;

	if (grow_wants(w, 1) != DLB_OK)
		return NULL;
	want = &w->wants[w->wants_n++];
	memset(want, 0, sizeof(*want));
	want->letter = letter;
	return want;
}

/* A crash after a letter was written down may have cost its head the hold, or the
 * head itself, which then has to come again (dlb_wanted_head). */
static enum dlb_status
want_lost_head(struct dlb_wanted *w, uint32_t letter)
{
	uint32_t number = dlb_satchel_find(
		w->n->satchel, w->letters[letter].row.head_name);
	struct dlb_entry e;
	struct want *want;

	if (number != DLB_NO_ENTRY
		&& dlb_satchel_entry(w->n->satchel, number, &e)
		&& (e.flags & DLB_HELD))
		return DLB_OK;
	want = want_head(w, letter);
	if (!want)
		return DLB_NO_MEMORY;
	want->unseen = true;
	return DLB_OK;
}

/* ---- all that is wanted ----------------------------------------------------------- */

struct collect {
	struct dlb_wanted *w;
	enum dlb_status st;
};

static bool
collect_partly(void *ctx, const struct dlb_in_letter *letter)
{
	struct collect *c = ctx;

	if (letter->from == 0)
		c->w->strangers += letter->stripe.cells;
	if (letter->state == DLB_IN_PARTLY)
		c->st = add_letter(c->w, letter);
	return c->st == DLB_OK;
}

/* Which bulk cells are held already? */
static void
drop_held(struct dlb_wanted *w)
{
	for (size_t i = 0; i < w->wants_n; i++) {
		struct want *want = &w->wants[i];
		uint32_t number = DLB_NO_ENTRY;
		struct dlb_entry e;

		if (want->index == 0)
			continue;
		while (!want->taken
			&& (number = dlb_satchel_find_handle(
				    w->n->satchel, want->handle, number))
				!= DLB_NO_ENTRY)
			want->taken =
				dlb_satchel_entry(w->n->satchel, number, &e)
				&& (e.flags & DLB_HELD);
	}
}

enum dlb_status
dlb_wanted_new(
	struct dlb_wanted **out, struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_wanted *w = calloc(1, sizeof(*w));
	struct collect c = {.w = w, .st = DLB_OK};
	struct dlb_satchel_info info;
	enum dlb_status st;

	if (!w)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	w->n = n;
	dlb_satchel_info(n->satchel, &info);
	w->reserve = info.reserve;
	st = dlb_following_new(&w->following, n, err);
	if (st == DLB_OK)
		st = dlb_in_each(n->letterbox, collect_partly, &c, err);
	if (st == DLB_OK)
		st = c.st;
	for (uint32_t i = 0; st == DLB_OK && i < w->letters_n; i++) {
		st = want_lost_head(w, i);
		if (st == DLB_OK)
			st = dlb_wanted_bulk(w, i);
	}
	if (st == DLB_OK)
		st = dlb_wanted_join(w, err);
	if (st == DLB_OK) {
		drop_held(w);
		st = dlb_wanted_index(w, err);
	}
	if (st != DLB_OK) {
		dlb_wanted_free(w);
		return err && err->status == st
			? st
			: dlb_fail(err, st, "out of memory");
	}
	*out = w;
	return DLB_OK;
}

struct dlb_node *
dlb_wanted_node(const struct dlb_wanted *w)
{
	return w->n;
}

enum dlb_status
dlb_wanted_letter(struct dlb_wanted *w, const struct dlb_in_letter *letter,
	const uint8_t handle[static DLB_HANDLE_LEN], struct dlb_error *err)
{
	struct want *want;

	if (add_letter(w, letter) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (letter->from == 0)
		w->strangers += letter->stripe.cells;
	/* The head itself wants a hold. */
	want = want_head(w, (uint32_t)w->letters_n - 1);
	if (!want)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	memcpy(want->handle, handle, sizeof(want->handle));
	if (dlb_wanted_bulk(w, (uint32_t)w->letters_n - 1) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return DLB_OK;
}

void
dlb_wanted_head(struct dlb_wanted *w, const uint8_t name[static DLB_NAME_LEN],
	const uint8_t handle[static DLB_HANDLE_LEN])
{
	for (size_t i = 0; i < w->wants_n; i++) {
		struct want *want = &w->wants[i];

		if (!want->unseen
			|| !dlb_equal(name,
				w->letters[want->letter].row.head_name,
				DLB_NAME_LEN))
			continue;
		memcpy(want->handle, handle, sizeof(want->handle));
		want->unseen = false;
	}
}

/* It has no row any more (its number is no letter's). */
void
dlb_wanted_forget(struct dlb_wanted *w, int64_t number)
{
	for (size_t i = 0; i < w->letters_n; i++) {
		if (w->letters[i].row.number != number)
			continue;
		w->letters[i].row.number = 0;
		for (size_t k = 0; k < w->wants_n; k++)
			if (w->wants[k].letter == i)
				w->wants[k].taken = true;
	}
}

/* ---- cells as they come by ------------------------------------------------------------------ */

static bool
lookup(const struct dlb_wanted *w, const uint8_t key[static 32], size_t *at)
{
	size_t slot = slot_of(w, key);

	for (; w->table[slot]; slot = (slot + 1) & (w->table_len - 1)) {
		const struct want *want = &w->wants[w->table[slot] - 1];

		if (!want->taken && memcmp(want->handle, key, 32) == 0) {
			*at = w->table[slot] - 1;
			return true;
		}
	}
	return false;
}

/* Every follower has the keys of a bulletin's cells: which they are was signed. */
static bool
is_signed(const struct dlb_wanted *w, const struct want *want,
	const uint8_t *cell)
{
	const struct wanted_letter *letter = &w->letters[want->letter];
	const struct dlb_buf *cores = &letter->cores;
	uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];

	if (letter->row.from >= 0)
		return true;
	if (cores->len < (size_t)want->index * DLB_HASH_LEN)
		return false;
	dlb_cell_name(core, name, cell);
	return dlb_equal(core,
		cores->data + (size_t)(want->index - 1) * DLB_HASH_LEN,
		sizeof(core));
}

const struct dlb_following *
dlb_wanted_following(const struct dlb_wanted *w)
{
	return w->following;
}

bool
dlb_wanted_bulletin(const struct dlb_wanted *w,
	const uint8_t prefix[static DLB_TRIAL_LEN], struct dlb_hit *hit)
{
	return dlb_following_try(w->following, prefix, hit);
}

bool
dlb_wanted_check(const struct dlb_wanted *w, const uint8_t *cell,
	const uint8_t name[static 32], struct dlb_aead *aead, size_t *token)
{
	const struct want *want;

	if (!lookup(w, cell + DLB_WAYBILL_LEN, token))
		return false;
	want = &w->wants[*token];
	if (want->index == 0)
		return dlb_equal(w->letters[want->letter].row.head_name, name,
			DLB_NAME_LEN);
	return is_signed(w, want, cell)
		&& dlb_bulk_check(aead, cell,
			   &w->letters[want->letter].row.stripe, want->index)
		== DLB_OK;
}

bool
dlb_wanted_may_be(const struct dlb_wanted *w, const uint8_t handle[static 32])
{
	size_t at;

	return lookup(w, handle, &at);
}

bool
dlb_wanted_take(struct dlb_wanted *w, size_t token)
{
	struct want *want = &w->wants[token];

	if (want->taken)
		return false;
	want->taken = true;
	return true;
}
