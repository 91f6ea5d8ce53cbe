/*
 * search: which cells are for the reader here. A head is found by trial, one scalar
 * multiplication a cell and finding key; the other cells of a letter by the handles
 * that its head foretells.
 *
 * Nothing is believed because of a handle: a cell gets a hold only after it opened
 * under the letter's keys, so that nobody fills the reserve with look-alikes.
 */
#include "node_internal.h"
#include "pack.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- trials --------------------------------------------------------------------- */

struct trial {
	struct dlb_node *n;
	struct dlb_satchel *where;
	const uint32_t *numbers;
	struct dlb_hit *hits; /* one a number; .number is DLB_NO_ENTRY for none */
};

static void
try_one(void *ctx, size_t i, unsigned worker)
{
	struct trial *t = ctx;
	const struct dlb_identity *me = dlb_letterbox_identity(t->n->letterbox);
	const uint8_t *secrets[DLB_FINDING_MAX];
	uint8_t prefix[DLB_PEEK_LEN];
	struct dlb_entry e;
	size_t secrets_n;

	t->hits[i].number = DLB_NO_ENTRY;
	if (!dlb_satchel_entry(t->where, t->numbers[i], &e) ||
		dlb_satchel_peek(t->where, t->numbers[i], prefix, sizeof(prefix),
			t->n->aead[worker], NULL) != DLB_OK)
		return;
	secrets_n = dlb_letterbox_finding(
		t->n->letterbox, e.expiry_week, secrets, DLB_FINDING_MAX);
	for (size_t k = 0; k < secrets_n; k++)
		if (dlb_find(t->hits[i].shared, prefix, secrets[k], me) == DLB_OK) {
			t->hits[i].number = t->numbers[i];
			return;
		}
}

/* Trials between two looks at the clock and at the user's wish to stop. */
#define TRIAL_STEP 4096

enum dlb_status
dlb_node_trial(struct dlb_node *n, struct dlb_satchel *where,
	const uint32_t *numbers, size_t numbers_n, struct dlb_hit **hits,
	size_t *hits_n, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	struct trial t = {.n = n, .where = where};
	size_t kept = 0;

	*hits = NULL;
	*hits_n = 0;
	if (!dlb_letterbox_is_person(n->letterbox) || numbers_n == 0)
		return DLB_OK;
	t.hits = calloc(numbers_n, sizeof(*t.hits));
	if (!t.hits)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	*hits = t.hits;
	for (size_t at = 0; at < numbers_n; at += TRIAL_STEP) {
		size_t part = numbers_n - at < TRIAL_STEP ? numbers_n - at
							  : TRIAL_STEP;

		t.numbers = numbers + at;
		t.hits = *hits + at;
		dlb_pool_run(part, try_one, &t);
		if (!dlb_progress_step(
			    progress, "searching", at + part, numbers_n)) {
			free(*hits);
			*hits = NULL;
			return dlb_fail(err, DLB_CANCELLED,
				"interrupted; what was done is kept");
		}
	}
	for (size_t i = 0; i < numbers_n; i++)
		if ((*hits)[i].number != DLB_NO_ENTRY)
			(*hits)[kept++] = (*hits)[i];
	*hits_n = kept;
	return DLB_OK;
}

/* ---- what is wanted ------------------------------------------------------------------ */

struct want {
	uint8_t handle[DLB_HANDLE_LEN];
	uint32_t letter; /* in dlb_wanted.letters */
	uint32_t index;  /* of the cell; 0: a head */
	bool taken;
};

struct dlb_wanted {
	struct dlb_node *n;
	struct dlb_in_letter *letters;
	size_t letters_n, letters_cap;
	struct want *wants;
	size_t wants_n, wants_cap;
	uint32_t *table; /* open addressing over wants; +1, 0 empty */
	size_t table_len; /* a power of two */
	size_t looked; /* wants that were looked up at home */
	uint32_t reserve; /* slots of the home that letters may hold */
	uint64_t strangers; /* cells of letters from strangers */
};

/* Strangers' letters together take at most three quarters of the reserve, so that
 * correspondents' always find some. */
static bool
strangers_full(const struct dlb_wanted *w, uint32_t more)
{
	return w->strangers + more > (uint64_t)w->reserve * 3 / 4;
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

static enum dlb_status
index_wants(struct dlb_wanted *w)
{
	size_t len = 64;
	uint32_t *table;

	while (len < w->wants_n * 2)
		len *= 2;
	table = calloc(len, sizeof(*table));
	if (!table)
		return DLB_NO_MEMORY;
	free(w->table);
	w->table = table;
	w->table_len = len;
	for (size_t i = 0; i < w->wants_n; i++) {
		size_t at = slot_of(w, w->wants[i].handle);

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
	if (w->letters_n == w->letters_cap) {
		size_t cap = w->letters_cap ? 2 * w->letters_cap : 16;
		struct dlb_in_letter *p = calloc(cap, sizeof(*p));

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

	if (too_large(w, &w->letters[letter]))
		return DLB_OK;
	if (grow_wants(w, more) != DLB_OK)
		return DLB_NO_MEMORY;
	h.wants = w->wants + w->wants_n;
	dlb_pool_run(more, make_handle, &h);
	w->wants_n += more;
	return DLB_OK;
}

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
		uint32_t numbers[8];
		size_t found = dlb_satchel_find_handle(w->n->satchel,
			w->wants[i].handle, numbers, DLB_ARRAY_LEN(numbers));

		for (size_t k = 0; k < found; k++) {
			struct dlb_entry e;

			if (dlb_satchel_entry(w->n->satchel, numbers[k], &e) &&
				(e.flags & DLB_HELD))
				w->wants[i].taken = true;
		}
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
	st = dlb_in_each(n->letterbox, collect_partly, &c, err);
	if (st == DLB_OK)
		st = c.st;
	for (uint32_t i = 0; st == DLB_OK && i < w->letters_n; i++)
		st = want_bulk(w, i);
	if (st == DLB_OK) {
		drop_held(w);
		st = index_wants(w);
	}
	if (st != DLB_OK) {
		dlb_wanted_free(w);
		return err && err->status == st ? st
						: dlb_fail(err, st, "out of memory");
	}
	*out = w;
	return DLB_OK;
}

/* ---- heads ------------------------------------------------------------------------------ */

/* Fills what a list shows, once enough of the content was written to u. */
static void
describe_by(struct dlb_in_letter *letter, const struct dlb_unpack *u)
{
	const struct dlb_manifest *m = dlb_unpack_manifest(u);

	if (!m)
		return;
	letter->kind = m->fields.kind;
	letter->files = m->files_n;
	letter->files_len = m->files_len;
	dlb_summary_of(m, letter->summary);
	letter->described = true;
}

static struct dlb_unpack *
describer(const struct dlb_in_letter *letter)
{
	struct dlb_unpack_options uo = {.fd = -1, .describe_only = true};
	struct dlb_unpack *u = NULL;

	uo.content_len = letter->stripe.content_len;
	return dlb_unpack_open(&u, &uo, NULL) == DLB_OK ? u : NULL;
}

/* A short letter's head says it all. */
static void
describe_from(struct dlb_in_letter *letter, const uint8_t *content, size_t len)
{
	struct dlb_unpack *u = describer(letter);

	if (u && dlb_unpack_write(u, content, len, NULL) == DLB_OK)
		describe_by(letter, u);
	dlb_unpack_close(u);
}

static bool
until_described(void *ctx, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	return dlb_unpack_write(ctx, data, len, err) == DLB_OK &&
		dlb_unpack_manifest(ctx) == NULL;
}

/* A long list of files goes over several cells. */
static void
describe(struct dlb_node *n, struct dlb_in_letter *letter)
{
	struct dlb_unpack *u;

	if (letter->described || letter->state != DLB_IN_UNREAD)
		return;
	u = describer(letter);
	if (u && dlb_node_content(n, letter, until_described, u, NULL, NULL) ==
			DLB_OK)
		describe_by(letter, u);
	dlb_unpack_close(u);
}

/* The card that rode along: a correspondent's newer one, or a stranger's, who
 * stays a stranger until the owner says otherwise. */
static void
note_card(struct dlb_node *n, const struct dlb_opened *o,
	struct dlb_in_letter *letter)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_identity(n->letterbox, &who, &o->sender) !=
		DLB_OK)
		return;
	letter->from = who.id;
	if (!who.heard &&
		dlb_correspondent_mark(n->letterbox, who.id, true, false, NULL) !=
			DLB_OK) {
		/* Only means that our card rides along once more. */
	}
	if (o->card_len) {
		struct dlb_card *card = calloc(1, sizeof(*card));

		if (card &&
			dlb_card_parse(card, o->card, o->card_len, NULL) == DLB_OK &&
			dlb_equal(&card->identity, &o->sender,
				sizeof(card->identity)) &&
			card->serial > who.serial &&
			dlb_correspondent_add(
				n->letterbox, &who, card, NULL, NULL) != DLB_OK) {
			/* The one that is held goes on to serve. */
		}
		free(card);
	}
}

struct opened_head {
	enum dlb_status st;
	struct dlb_opened opened;
	uint8_t name[DLB_NAME_LEN];
	uint8_t handle[DLB_HANDLE_LEN];
	uint16_t expiry_week;
};

struct opening {
	struct dlb_wanted *w;
	struct dlb_satchel *where;
	const struct dlb_hit *hits;
	struct opened_head *heads;
	struct dlb_opener opener;
};

static void
open_one(void *ctx, size_t i, unsigned worker)
{
	struct opening *o = ctx;
	struct opened_head *head = &o->heads[i];
	struct dlb_node *n = o->w->n;
	uint8_t *cell = dlb_node_cell(n, i), core[DLB_HASH_LEN];
	struct dlb_waybill waybill;

	head->st = dlb_satchel_get(o->where, o->hits[i].number, cell, core,
		head->name, n->aead[worker], true, NULL);
	if (head->st == DLB_OK)
		head->st = dlb_cell_check(&waybill, cell, NULL);
	if (head->st != DLB_OK)
		return;
	head->expiry_week = waybill.expiry_week;
	memcpy(head->handle, cell + DLB_WAYBILL_LEN, sizeof(head->handle));
	head->st = dlb_head_open(&head->opened, n->aead[worker], cell,
		o->hits[i].shared, &o->opener, NULL);
	/* What a threshold keeps closed is for a later release. */
	if (head->st == DLB_OK &&
		(head->opened.stripe.mode != DLB_STRIPE_WHOLE ||
			head->opened.stripe.k != 1))
		head->st = DLB_UNSUPPORTED;
}

/* An opened head becomes a letter, unless it is known already. */
static enum dlb_status
admit(struct dlb_wanted *w, const struct opened_head *head,
	uint64_t *letters_new, uint64_t *letters_refused, struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	const struct dlb_opened *o = &head->opened;
	struct want *want;
	enum dlb_status st;

	if (!letter || grow_wants(w, 1) != DLB_OK) {
		free(letter);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	letter->sender = o->sender;
	memcpy(letter->head_name, head->name, sizeof(letter->head_name));
	letter->stripe = o->stripe;
	letter->stripe.expiry_week = head->expiry_week;
	letter->stripe.tag_key = NULL;
	letter->arrived_ms = w->n->clock.now_ms;
	letter->state = DLB_IN_PARTLY;
	letter->have = 0;
	memcpy(letter->box3_key, o->box3_key, sizeof(letter->box3_key));
	letter->box3_offset = o->box3_offset;
	memcpy(letter->transcript, o->transcript, sizeof(letter->transcript));
	note_card(w->n, o, letter);
	if (letter->from == 0 && strangers_full(w, o->stripe.cells)) {
		++*letters_refused;
		st = DLB_OK;
		goto out;
	}
	describe_from(letter, o->content, o->stripe.inline_len);
	st = dlb_in_add(w->n->letterbox, letter, err);
	if (st == DLB_DUPLICATE) {
		st = DLB_OK;
		goto out;
	}
	if (st == DLB_OK)
		st = add_letter(w, letter);
	if (st != DLB_OK)
		goto out;
	++*letters_new;
	if (letter->from == 0)
		w->strangers += o->stripe.cells;
	/* The head itself wants a hold. */
	want = &w->wants[w->wants_n++];
	memset(want, 0, sizeof(*want));
	want->letter = (uint32_t)w->letters_n - 1;
	memcpy(want->handle, head->handle, sizeof(want->handle));
	st = want_bulk(w, want->letter);
out:
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

enum dlb_status
dlb_wanted_add_hits(struct dlb_wanted *w, struct dlb_satchel *where,
	const struct dlb_hit *hits, size_t hits_n, uint64_t *letters_new,
	uint64_t *letters_refused, struct dlb_error *err)
{
	struct opening o = {.w = w, .where = where};
	enum dlb_status st = DLB_OK;

	if (hits_n == 0)
		return DLB_OK;
	dlb_letterbox_opener(w->n->letterbox, &o.opener);
	o.heads = calloc(DLB_BATCH, sizeof(*o.heads));
	if (!o.heads)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t at = 0; st == DLB_OK && at < hits_n; at += DLB_BATCH) {
		size_t part = hits_n - at < DLB_BATCH ? hits_n - at : DLB_BATCH;

		o.hits = hits + at;
		dlb_pool_run(part, open_one, &o);
		for (size_t i = 0; st == DLB_OK && i < part; i++)
			if (o.heads[i].st == DLB_OK)
				st = admit(w, &o.heads[i], letters_new,
					letters_refused, err);
	}
	dlb_wipe(o.heads, DLB_BATCH * sizeof(*o.heads));
	free(o.heads);
	if (st == DLB_OK && index_wants(w) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return st == DLB_OK ? dlb_letterbox_commit(w->n->letterbox, err) : st;
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

bool
dlb_wanted_check(const struct dlb_wanted *w, const uint8_t *cell,
	const uint8_t name[static 32], struct dlb_aead *aead, size_t *token)
{
	uint8_t plain[DLB_BULK_CONTENT_LEN];
	const struct want *want;
	size_t len;
	bool ok;

	if (!lookup(w, cell + DLB_WAYBILL_LEN, token))
		return false;
	want = &w->wants[*token];
	if (want->index == 0)
		return dlb_equal(w->letters[want->letter].head_name, name,
			DLB_NAME_LEN);
	ok = dlb_bulk_open(plain, &len, aead, cell,
		     &w->letters[want->letter].stripe, want->index) == DLB_OK;
	dlb_wipe(plain, sizeof(plain));
	return ok;
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
	uint32_t numbers[8];
	size_t found, token;

	h->number[i] = DLB_NO_ENTRY;
	if (want->taken)
		return;
	if (want->index == 0) {
		h->number[i] = dlb_satchel_find(n->satchel,
			h->w->letters[want->letter].head_name);
		return;
	}
	found = dlb_satchel_find_handle(
		n->satchel, want->handle, numbers, DLB_ARRAY_LEN(numbers));
	for (size_t k = 0; k < found; k++) {
		uint8_t *cell = dlb_node_cell(n, i);
		uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];

		if (dlb_satchel_get(n->satchel, numbers[k], cell, core, name,
			    n->aead[worker], true, NULL) == DLB_OK &&
			dlb_wanted_check(
				h->w, cell, name, n->aead[worker], &token) &&
			token == h->first + i) {
			h->number[i] = numbers[k];
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

			if (h.number[i] == DLB_NO_ENTRY || n >= room ||
				!dlb_satchel_entry(
					w->n->satchel, h.number[i], &e))
				continue;
			changes[n++] = (struct dlb_satchel_change){
				.number = e.number,
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
dlb_wanted_finish(struct dlb_wanted *w, uint64_t *letters_complete,
	struct dlb_error *err)
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

		if (too_large(w, letter))
			missing[i] += letter->stripe.cells - 1;
		letter->have = letter->stripe.cells - missing[i];
		if (missing[i] == 0) {
			letter->state = DLB_IN_UNREAD;
			++*letters_complete;
		}
		describe(w->n, letter);
		st = dlb_in_update(w->n->letterbox, letter, err);
	}
	free(missing);
	return st == DLB_OK ? dlb_letterbox_commit(w->n->letterbox, err) : st;
}

/* ---- the whole home -------------------------------------------------------------------------------- */

enum dlb_status
dlb_node_search(struct dlb_node *n, uint64_t *letters_new,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	uint16_t generation = dlb_letterbox_generation(n->letterbox);
	struct dlb_satchel_change *changes = NULL;
	struct dlb_wanted *w = NULL;
	struct dlb_hit *hits = NULL;
	struct dlb_satchel_info info;
	uint32_t *numbers = NULL;
	uint64_t complete = 0, refused = 0;
	size_t numbers_n = 0, hits_n = 0;
	struct dlb_entry e;
	enum dlb_status st;

	*letters_new = 0;
	if (!dlb_letterbox_is_person(n->letterbox))
		return DLB_OK;
	dlb_satchel_info(n->satchel, &info);
	numbers = calloc((size_t)info.used + 1, sizeof(*numbers));
	changes = calloc((size_t)info.used + 1, sizeof(*changes));
	if (!numbers || !changes) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	for (uint32_t at = 0; dlb_satchel_next(n->satchel, at,
		     DLB_SHOWN | DLB_HELD, &e);
		at = e.number + 1) {
		if (e.searched >= generation || numbers_n >= info.used)
			continue;
		changes[numbers_n] = (struct dlb_satchel_change){
			e.number, e.flags, e.copies, generation};
		numbers[numbers_n++] = e.number;
	}
	if (numbers_n == 0) {
		st = DLB_OK;
		goto out;
	}
	st = dlb_node_trial(
		n, n->satchel, numbers, numbers_n, &hits, &hits_n, progress, err);
	if (st == DLB_OK)
		st = dlb_wanted_new(&w, n, err);
	if (st == DLB_OK)
		st = dlb_wanted_add_hits(
			w, n->satchel, hits, hits_n, letters_new, &refused, err);
	/* Searched first: holding changes the flags that this would write. */
	if (st == DLB_OK)
		st = dlb_satchel_update(n->satchel, changes, numbers_n, err);
	if (st == DLB_OK)
		st = dlb_wanted_finish(w, &complete, err);
out:
	dlb_wanted_free(w);
	free(hits);
	free(numbers);
	free(changes);
	return st;
}
