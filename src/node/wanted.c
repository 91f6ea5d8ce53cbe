/*
 * wanted: the cells that letters of the inbox still lack, by the handles that
 * their heads foretell; and the hold that they get when they come.
 *
 * Nothing is believed because of a handle: a cell gets a hold only after it opened
 * under the letter's keys, so that nobody fills the reserve with look-alikes. What
 * a letter may claim is bounded before memory is taken for it.
 */
#include "following.h"
#include "kinds.h"
#include "share.h"

#include <stdlib.h>
#include <string.h>

struct want {
	uint8_t handle[DLB_HANDLE_LEN];
	uint32_t letter; /* in dlb_wanted.letters */
	uint32_t index;  /* of the cell; 0: a head */
	bool taken;
	bool unseen; /* a head whose handle is not known: it is not here */
};

struct dlb_wanted {
	struct dlb_node *n;
	struct dlb_in_letter *letters;
	/* Of each: its letter key is known, which shares may have to give first; and
	 * of bulletins the cores of their cells. */
	bool *keyed;
	struct dlb_buf *cores;
	size_t letters_n, letters_cap;
	struct want *wants;
	size_t wants_n, wants_cap;
	uint32_t *table;    /* open addressing over wants; +1, 0 empty */
	size_t table_len;   /* a power of two */
	size_t looked;      /* wants that were looked up at home */
	uint32_t reserve;   /* slots of the home that letters may hold */
	uint64_t strangers; /* cells of letters from strangers */
	struct dlb_following *following;
};

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

/* More than the home can hold: listed, so that the reader can ask for it in
 * parts, but nothing of it is waited for. */
static bool
too_large(const struct dlb_wanted *w, const struct dlb_in_letter *letter)
{
	return letter->stripe.cells > w->reserve;
}

void
dlb_wanted_free(struct dlb_wanted *w)
{
	if (!w)
		return;
	if (w->letters)
		dlb_wipe(w->letters, w->letters_cap * sizeof(*w->letters));
	for (size_t i = 0; i < w->letters_n; i++)
		dlb_buf_free(&w->cores[i]);
	dlb_following_free(w->following);
	free(w->letters);
	free(w->keyed);
	free(w->cores);
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
add_letter(struct dlb_wanted *w, const struct dlb_in_letter *letter)
{
	struct dlb_bulletin_row row;

	if (w->letters_n == w->letters_cap) {
		size_t cap = w->letters_cap ? 2 * w->letters_cap : 16;
		bool *keyed = realloc(w->keyed, cap * sizeof(*keyed));
		struct dlb_buf *cores;
		struct dlb_in_letter *p;

		if (!keyed)
			return DLB_NO_MEMORY;
		w->keyed = keyed;
		cores = realloc(w->cores, cap * sizeof(*cores));
		if (!cores)
			return DLB_NO_MEMORY;
		w->cores = cores;
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
	}
	memset(&w->cores[w->letters_n], 0, sizeof(*w->cores));
	if (letter->from < 0
		&& dlb_bulletin_of_letter(w->n->letterbox, &row,
			   &w->cores[w->letters_n], letter->number)
			!= DLB_OK)
		dlb_buf_free(&w->cores[w->letters_n]);
	w->keyed[w->letters_n] = letter->stripe.mode == DLB_STRIPE_WHOLE;
	w->letters[w->letters_n++] = *letter;
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

/* The handles of a letter's bulk cells join what is wanted. */
static enum dlb_status
want_bulk(struct dlb_wanted *w, uint32_t letter)
{
	const struct dlb_stripe *stripe = &w->letters[letter].stripe;
	struct handles h = {.stripe = stripe, .letter = letter};
	size_t more = stripe->cells - 1;

	if (too_large(w, &w->letters[letter]) || !w->keyed[letter])
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
	uint32_t number =
		dlb_satchel_find(w->n->satchel, w->letters[letter].head_name);
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

/* ---- keys that are shared ------------------------------------------------------- */

struct member {
	int64_t sealing; /* the number of the row that stands for it */
	uint32_t letter;
};

static int
compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->sealing != y->sealing)
		return x->sealing < y->sealing ? -1 : 1;
	return x->letter < y->letter ? -1 : x->letter > y->letter;
}

/* The stripes of one sealing. */
static enum dlb_status
join_members(struct dlb_wanted *w, const struct member *m, size_t n)
{
	const struct dlb_in_letter *rows[DLB_STRIPES_MAX] = {NULL};
	uint8_t key[DLB_KEY_LEN];
	enum dlb_status st = DLB_OK;

	if (n > DLB_STRIPES_MAX)
		n = DLB_STRIPES_MAX;
	for (size_t i = 0; i < n; i++)
		rows[i] = &w->letters[m[i].letter];
	/* Too few, or of no use: they wait. */
	if (dlb_stripes_key(key, rows, n) != DLB_OK)
		return DLB_OK;
	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		memcpy(w->letters[m[i].letter].stripe.letter_key, key,
			DLB_KEY_LEN);
		w->keyed[m[i].letter] = true;
		st = want_bulk(w, m[i].letter);
	}
	dlb_wipe(key, sizeof(key));
	return st;
}

/* A stripe that comes when the key is known gets it from another one. */
static void
join_late(struct dlb_wanted *w, const struct member *m, size_t n, size_t known)
{
	for (size_t i = 0; i < n; i++)
		if (!w->keyed[m[i].letter])
			memcpy(w->letters[m[i].letter].stripe.letter_key,
				w->letters[m[known].letter].stripe.letter_key,
				DLB_KEY_LEN);
}

static enum dlb_status
join_group(struct dlb_wanted *w, const struct member *m, size_t n)
{
	enum dlb_status st = DLB_OK;
	size_t known = 0;

	while (known < n && !w->keyed[m[known].letter])
		known++;
	if (known == n)
		return join_members(w, m, n);
	join_late(w, m, n, known);
	for (size_t i = 0; st == DLB_OK && i < n; i++) {
		if (w->keyed[m[i].letter])
			continue;
		w->keyed[m[i].letter] = true;
		st = want_bulk(w, m[i].letter);
	}
	return st;
}

enum dlb_status
dlb_wanted_join(struct dlb_wanted *w, struct dlb_error *err)
{
	struct member *m = calloc(w->letters_n + 1, sizeof(*m));
	enum dlb_status st = DLB_OK;
	size_t n = 0, end;

	if (!m)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < w->letters_n; i++) {
		const struct dlb_in_letter *l = &w->letters[i];

		if (l->stripe.mode == DLB_STRIPE_THRESHOLD)
			m[n++] = (struct member){
				l->stripe_of ? l->stripe_of : l->number,
				(uint32_t)i};
	}
	qsort(m, n, sizeof(*m), compare_members);
	for (size_t at = 0; st == DLB_OK && at < n; at = end) {
		for (end = at + 1; end < n && m[end].sealing == m[at].sealing;)
			end++;
		st = join_group(w, m + at, end - at);
	}
	free(m);
	return st == DLB_OK ? st : dlb_fail(err, st, "out of memory");
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
			st = want_bulk(w, i);
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
	if (want_bulk(w, (uint32_t)w->letters_n - 1) != DLB_OK)
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
			|| !dlb_equal(name, w->letters[want->letter].head_name,
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
		if (w->letters[i].number != number)
			continue;
		w->letters[i].number = 0;
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
	const struct dlb_buf *cores = &w->cores[want->letter];
	uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];

	if (w->letters[want->letter].from >= 0)
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
		return dlb_equal(
			w->letters[want->letter].head_name, name, DLB_NAME_LEN);
	return is_signed(w, want, cell)
		&& dlb_bulk_check(aead, cell, &w->letters[want->letter].stripe,
			   want->index)
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

/* ---- what lies at home already ------------------------------------------------------------------ */

struct home_look {
	struct dlb_wanted *w;
	size_t first, part; /* the wants in this batch */
	uint32_t number[DLB_BATCH];
};

static void
look_at_home(void *ctx, size_t i, unsigned worker)
{
	struct home_look *h = ctx;
	struct dlb_node *n = h->w->n;
	const struct want *want = &h->w->wants[h->first + i];
	uint32_t number = DLB_NO_ENTRY;
	size_t token;

	h->number[i] = DLB_NO_ENTRY;
	if (want->taken)
		return;
	if (want->index == 0) {
		h->number[i] = dlb_satchel_find(
			n->satchel, h->w->letters[want->letter].head_name);
		return;
	}
	while ((number = dlb_satchel_find_handle(
			n->satchel, want->handle, number))
		!= DLB_NO_ENTRY) {
		uint8_t *cell = dlb_node_cell(n, i);
		uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];

		if (dlb_satchel_get(n->satchel, number, cell, core, name,
			    n->aead[worker], true, NULL)
				== DLB_OK
			&& dlb_wanted_check(
				h->w, cell, name, n->aead[worker], &token)
			&& token == h->first + i) {
			h->number[i] = number;
			return;
		}
	}
}

/* Gives a hold to wanted cells that came before their head did. */
enum dlb_status
dlb_wanted_hold(struct dlb_wanted *w, struct dlb_error *err)
{
	struct home_look h = {.w = w};
	struct dlb_satchel_change changes[DLB_BATCH];

	for (; w->looked < w->wants_n; w->looked += h.part) {
		size_t part = w->wants_n - w->looked, n = 0;
		uint32_t room = dlb_satchel_room_held(w->n->satchel);
		enum dlb_status st;

		if (part > DLB_BATCH)
			part = DLB_BATCH;
		h.part = part;
		h.first = w->looked;
		dlb_pool_run(part, look_at_home, &h);
		for (size_t i = 0; i < part; i++) {
			struct dlb_entry e;

			if (h.number[i] == DLB_NO_ENTRY || n >= room
				|| !dlb_satchel_entry(
					w->n->satchel, h.number[i], &e))
				continue;
			changes[n++] =
				(struct dlb_satchel_change){.number = e.number,
					.flags = (uint8_t)(e.flags | DLB_HELD),
					.copies = e.copies,
					.searched = e.searched};
			w->wants[h.first + i].taken = true;
		}
		st = dlb_satchel_update(w->n->satchel, changes, n, err);
		if (st != DLB_OK)
			return st;
	}
	return DLB_OK;
}

enum dlb_status
dlb_wanted_finish(
	struct dlb_wanted *w, uint64_t *letters_complete, struct dlb_error *err)
{
	uint32_t *missing;
	enum dlb_status st;

	st = dlb_wanted_hold(w, err);
	if (st != DLB_OK)
		return st;
	missing = calloc(w->letters_n + 1, sizeof(*missing));
	if (!missing)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < w->wants_n; i++)
		if (!w->wants[i].taken)
			missing[w->wants[i].letter]++;
	for (size_t i = 0; st == DLB_OK && i < w->letters_n; i++) {
		struct dlb_in_letter *letter = &w->letters[i];

		if (letter->number == 0)
			continue;
		if (too_large(w, letter) || !w->keyed[i])
			missing[i] += letter->stripe.cells - 1;
		letter->have = letter->stripe.cells - missing[i];
		/* Whether one that is split is whole is seen from all its stripes. */
		if (letter->stripe.n > 1) {
			st = dlb_in_update(w->n->letterbox, letter, err);
			continue;
		}
		if (missing[i] == 0)
			letter->state = DLB_IN_UNREAD;
		dlb_describe(w->n, letter);
		st = dlb_in_update(w->n->letterbox, letter, err);
		if (missing[i] > 0 || !dlb_in_is_seen(letter))
			continue;
		++*letters_complete;
		if (st == DLB_OK)
			st = dlb_receipt_owe(w->n->letterbox, letter, err);
	}
	free(missing);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(w->n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_node_stripes(w->n, letters_complete, err);
	if (st == DLB_OK)
		st = dlb_node_resent(w->n, letters_complete, err);
	if (st == DLB_OK)
		st = dlb_node_kinds(w->n, err);
	return st == DLB_OK ? dlb_node_bulletins(w->n, err) : st;
}
