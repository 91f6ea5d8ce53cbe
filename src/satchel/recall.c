/*
 * Tokens: which cells give way to them, where they are written, which are dropped for
 * them. docs/satchel.md, section 4.
 *
 * A token takes the entry of the cell that it calls back, in one write to each table:
 * whatever a crash leaves is the cell or the token, never both and never neither. Where
 * the cell stays for its HELD claim, the token has an entry of its own, and a crash may
 * leave one of the two changes: the same token makes the other when it is next shown.
 *
 * Invariant: memory is changed only when the medium has been.
 */
#include "recall.h"

#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

#define NO_TOKEN 0xffffffffu

/* ---- what is refused ------------------------------------------------------------------ */

static bool
counts(const struct dlb_satchel *s, uint32_t number, uint16_t now_week)
{
	return !now_week || s->index.records[number].expiry_week >= now_week;
}

/* The entry of a token whose hash this is: the index has 8 bytes of it, the table the
 * rest. */
static uint32_t
find_token(struct dlb_satchel *s, const uint8_t hash[static 32],
	uint16_t now_week, struct dlb_aead *aead)
{
	uint32_t i = dlb_index_handle_first(&s->index, hash, DLB_REC_TOKEN);

	for (; i != DLB_NO_ENTRY;
		i = dlb_index_handle_next(&s->index, i, DLB_REC_TOKEN)) {
		struct dlb_entry_plain e;
		bool same = counts(s, i, now_week)
			&& dlb_table_entry(s, &e, i, aead, NULL) == DLB_OK
			&& memcmp(e.token_hash, hash, sizeof(e.token_hash))
				== 0;

		dlb_wipe(&e, sizeof(e));
		if (same)
			return i;
	}
	return DLB_NO_ENTRY;
}

bool
dlb_satchel_refuses(struct dlb_satchel *s, const uint8_t name[static 16],
	const uint8_t *token_hash, uint16_t now_week, struct dlb_aead *aead)
{
	uint32_t i = dlb_index_find(&s->index, name, DLB_REC_TOKEN);

	if (i != DLB_NO_ENTRY && counts(s, i, now_week))
		return true;
	return token_hash
		&& find_token(s, token_hash, now_week, aead) != DLB_NO_ENTRY;
}

/* ---- a recall at work ------------------------------------------------------------------ */

/* A cell that is here and whose hash is a token's. */
struct match {
	uint32_t number;
	uint32_t token;
};

struct recall {
	struct dlb_satchel *s;
	struct dlb_satchel_token *tokens;
	size_t n;
	uint16_t week;
	uint8_t (*hashes)[32];
	/* Tokens by the first bytes of their hashes; NO_TOKEN where free. */
	uint32_t *slots, *next;
	uint32_t mask;
	struct match *matches;
	size_t matches_n, matches_cap;
	/* Entries of tokens that go, and that others may have. */
	uint32_t *gone;
	size_t gone_n, gone_used;
	/* The outcome. */
	struct dlb_edit *edits;
	struct dlb_record *records; /* what the entry is in memory, by edit */
	struct dlb_change *changes; /* of cells that lose a claim alone */
	size_t edits_n, changes_n;
	uint32_t places; /* tokens that there may be more */
};

static uint32_t
prefix_of(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static enum dlb_status
index_tokens(struct recall *r, struct dlb_error *err)
{
	uint32_t size = 64;

	while (size < 4 * r->n)
		size *= 2;
	r->mask = size - 1;
	r->hashes = malloc((r->n + 1) * sizeof(*r->hashes));
	r->next = malloc((r->n + 1) * sizeof(*r->next));
	r->slots = malloc(size * sizeof(*r->slots));
	if (!r->hashes || !r->next || !r->slots)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	memset(r->slots, 0xff, size * sizeof(*r->slots));
	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t *slot;

		dlb_sha256(r->hashes[i], r->tokens[i].token,
			sizeof(r->tokens[i].token));
		slot = &r->slots[prefix_of(r->hashes[i]) & r->mask];
		r->next[i] = *slot;
		*slot = i;
		r->tokens[i].result = DLB_NOT_FOUND;
	}
	return DLB_OK;
}

static uint32_t
token_of(const struct recall *r, const uint8_t hash[static 32])
{
	uint32_t i = r->slots[prefix_of(hash) & r->mask];

	while (i != NO_TOKEN && memcmp(r->hashes[i], hash, 32) != 0)
		i = r->next[i];
	return i;
}

/* Whether there may be a token for it, from memory alone. */
static bool
may_match(const struct recall *r, const struct dlb_record *record)
{
	uint32_t prefix = prefix_of(record->recall);
	uint32_t i = r->slots[prefix & r->mask];

	if (!(record->flags & DLB_REC_CELL))
		return false;
	while (i != NO_TOKEN && prefix_of(r->hashes[i]) != prefix)
		i = r->next[i];
	return i != NO_TOKEN;
}

static bool
add_match(struct recall *r, uint32_t number, uint32_t token)
{
	if (r->matches_n == r->matches_cap) {
		size_t cap = r->matches_cap ? 2 * r->matches_cap : 64;
		struct match *p = realloc(r->matches, cap * sizeof(*p));

		if (!p)
			return false;
		r->matches = p;
		r->matches_cap = cap;
	}
	r->matches[r->matches_n++] = (struct match){number, token};
	return true;
}

/* A cell that only a letterbox holds is none of anybody's tokens but its maker's. */
static enum dlb_status
find_cells(struct recall *r, struct dlb_error *err)
{
	struct dlb_satchel *s = r->s;

	for (uint32_t i = 0; r->n > 0 && i < s->index.entries; i++) {
		const struct dlb_record *record = &s->index.records[i];
		struct dlb_entry_plain e;
		uint32_t token;
		enum dlb_status st;

		if (!may_match(r, record))
			continue;
		st = dlb_table_entry(s, &e, i, s->workers[0].aead, err);
		token = st == DLB_OK ? token_of(r, e.token_hash) : NO_TOKEN;
		dlb_wipe(&e, sizeof(e));
		/* What can not be read is lost already. */
		if (st != DLB_OK && st != DLB_CORRUPT)
			return st;
		if (token != NO_TOKEN
			&& ((record->flags & DLB_SHOWN) || r->tokens[token].own)
			&& !add_match(r, i, token))
			return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	return DLB_OK;
}

/* ---- room ------------------------------------------------------------------------------ */

struct candidate {
	uint32_t number;
	uint32_t rank;
};

static int
candidate_order(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* Those that have expired; then as many of strangers' as are needed, the soonest to
 * expire first, by chance among those of a week. */
static enum dlb_status
make_room(struct recall *r, size_t wanted, struct dlb_error *err)
{
	struct dlb_satchel *s = r->s;
	uint32_t most = s->layout.entries - s->layout.slots;
	uint32_t tokens = s->index.tokens, live;
	size_t n = 0;
	struct candidate *list = malloc((tokens + 1) * sizeof(*list));

	r->gone = malloc((tokens + 1) * sizeof(*r->gone));
	if (!list || !r->gone) {
		free(list);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	for (uint32_t i = 0; tokens > 0 && i < s->index.entries; i++) {
		const struct dlb_record *record = &s->index.records[i];

		if (!(record->flags & DLB_REC_TOKEN))
			continue;
		if (!counts(s, i, r->week))
			r->gone[r->gone_n++] = i;
		else if (record->origin == 0)
			list[n++] = (struct candidate){i,
				(uint32_t)record->expiry_week << 16
					| dlb_random_below(s->env, 1 << 16)};
	}
	live = tokens - (uint32_t)r->gone_n;
	if (live + wanted > most) {
		size_t over = live + wanted - most;

		qsort(list, n, sizeof(*list), candidate_order);
		for (size_t i = 0; i < n && i < over; i++, live--)
			r->gone[r->gone_n++] = list[i].number;
	}
	r->places = live < most ? most - live : 0;
	free(list);
	return DLB_OK;
}

/* ---- what is written -------------------------------------------------------------------- */

static void
set_edit(struct recall *r, uint32_t number, const struct dlb_entry_plain *e)
{
	size_t i = r->edits_n++;

	memset(&r->records[i], 0, sizeof(r->records[i]));
	if (e) {
		dlb_edit_seal(r->s, &r->edits[i], number, e);
		dlb_record_set(&r->records[i], e);
	} else {
		dlb_edit_erase(r->s, &r->edits[i], number);
	}
	r->records[i].place = number;
}

/* An entry that is free, or that a token leaves. */
static uint32_t
take_entry(struct recall *r)
{
	uint32_t number =
		dlb_index_pick(&r->s->index, DLB_GROUP_FREE, r->s->env);

	if (number != DLB_NO_ENTRY)
		dlb_index_pin(&r->s->index, number, true);
	else if (r->gone_used < r->gone_n)
		number = r->gone[r->gone_used++];
	return number;
}

static struct dlb_entry_plain
entry_of(const struct recall *r, uint32_t token, uint32_t origin)
{
	const struct dlb_satchel_token *t = &r->tokens[token];
	struct dlb_entry_plain e = {.kind = DLB_ENTRY_TOKEN,
		.expiry_week = t->expiry_week,
		.arrived_week = r->week,
		.origin = origin,
		.slot = DLB_NO_SLOT};

	memcpy(e.name, t->name, sizeof(e.name));
	memcpy(e.token_hash, r->hashes[token], sizeof(e.token_hash));
	memcpy(e.secret, t->token, sizeof(e.secret));
	return e;
}

/* The token into a place of its own, where there is one. */
static void
keep_apart(struct recall *r, uint32_t token, uint32_t origin)
{
	struct dlb_entry_plain e = entry_of(r, token, origin);
	uint32_t number = r->places > 0 ? take_entry(r) : DLB_NO_ENTRY;

	if (number != DLB_NO_ENTRY) {
		set_edit(r, number, &e);
		r->places--;
	}
	dlb_wipe(&e, sizeof(e));
}

static enum dlb_status
drop_cell(struct recall *r, const struct match *m, struct dlb_error *err)
{
	struct dlb_satchel *s = r->s;
	struct dlb_satchel_token *t = &r->tokens[m->token];
	const struct dlb_record *record = &s->index.records[m->number];
	struct dlb_change c = dlb_change_of(s, m->number);
	struct dlb_entry_plain e;
	/* The first cell of a token brings it in. */
	bool keep = t->result == DLB_NOT_FOUND
		&& (!r->week || record->expiry_week >= r->week);
	uint32_t origin = record->origin;
	enum dlb_status st = DLB_OK;

	if (t->result == DLB_NOT_FOUND) {
		t->result = DLB_OK;
		t->expiry_week = record->expiry_week;
		st = dlb_table_entry(s, &e, m->number, s->workers[0].aead, err);
		if (st == DLB_OK)
			memcpy(t->name, e.name, sizeof(t->name));
		dlb_wipe(&e, sizeof(e));
		if (st != DLB_OK)
			return st;
	}
	dlb_change_evict(&c);
	if (!t->own && (c.flags & DLB_HELD)) {
		st = dlb_change_edits(s, &r->edits[r->edits_n], &c, 1, err);
		if (st != DLB_OK)
			return st;
		/* Of the changes, not of the records. */
		memset(&r->records[r->edits_n], 0, sizeof(*r->records));
		r->records[r->edits_n++].place = DLB_NO_ENTRY;
		r->changes[r->changes_n++] = c;
		if (keep)
			keep_apart(r, m->token, origin);
	} else if (keep && r->places > 0) {
		e = entry_of(r, m->token, origin);
		set_edit(r, m->number, &e);
		dlb_wipe(&e, sizeof(e));
		r->places--;
	} else {
		set_edit(r, m->number, NULL);
	}
	return DLB_OK;
}

static enum dlb_status
make_edits(struct recall *r, struct dlb_error *err)
{
	size_t most = 2 * r->matches_n + r->gone_n + r->n + 1;
	enum dlb_status st = DLB_OK;

	r->edits = calloc(most, sizeof(*r->edits));
	r->records = calloc(most, sizeof(*r->records));
	r->changes = calloc(r->matches_n + 1, sizeof(*r->changes));
	if (!r->edits || !r->records || !r->changes)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; st == DLB_OK && i < r->matches_n; i++)
		st = drop_cell(r, &r->matches[i], err);
	for (uint32_t i = 0; st == DLB_OK && i < r->n; i++)
		if (r->tokens[i].own && r->tokens[i].result == DLB_NOT_FOUND) {
			r->tokens[i].result = DLB_OK;
			keep_apart(r, i, 0);
		}
	for (size_t i = r->gone_used; st == DLB_OK && i < r->gone_n; i++)
		set_edit(r, r->gone[i], NULL);
	return st;
}

/* In memory, what is on the medium now. The edits were put in another order. */
static void
take_in(struct recall *r)
{
	struct dlb_index *ix = &r->s->index;

	for (size_t i = 0; i < r->edits_n; i++) {
		const struct dlb_record *record = &r->records[i];
		uint32_t number = record->place;

		if (number == DLB_NO_ENTRY)
			continue;
		if (ix->records[number].flags & (DLB_REC_CELL | DLB_REC_TOKEN))
			dlb_index_remove(ix, number);
		if (!record->flags)
			continue;
		dlb_record_copy(&ix->records[number], record);
		dlb_index_add(ix, number);
	}
	dlb_change_apply(r->s, r->changes, r->changes_n);
}

/* Entries that were taken and are not needed, as nothing was written. */
static void
give_back(struct recall *r)
{
	struct dlb_index *ix = &r->s->index;

	for (size_t i = 0; i < r->edits_n; i++) {
		uint32_t number = r->records[i].place;

		if (number != DLB_NO_ENTRY
			&& ix->records[number].flags == DLB_REC_PINNED)
			dlb_index_forget(ix, number);
	}
}

static enum dlb_status
plan(struct recall *r, struct dlb_error *err)
{
	size_t wanted = 0;
	enum dlb_status st = index_tokens(r, err);

	if (st == DLB_OK)
		st = find_cells(r, err);
	for (uint32_t i = 0; st == DLB_OK && i < r->n; i++) {
		/* The same twice in a list is one. */
		if (token_of(r, r->hashes[i]) != i
			|| find_token(r->s, r->hashes[i], r->week,
				   r->s->workers[0].aead)
				!= DLB_NO_ENTRY)
			r->tokens[i].result = DLB_DUPLICATE;
		else
			wanted += r->tokens[i].own;
	}
	for (size_t i = 0; st == DLB_OK && i < r->matches_n; i++) {
		const struct dlb_satchel_token *t =
			&r->tokens[r->matches[i].token];

		wanted += !t->own && t->result == DLB_NOT_FOUND;
	}
	if (st == DLB_OK)
		st = make_room(r, wanted, err);
	return st == DLB_OK ? make_edits(r, err) : st;
}

static void
recall_free(struct recall *r)
{
	if (r->edits)
		dlb_wipe(r->edits, r->edits_n * sizeof(*r->edits));
	free(r->hashes);
	free(r->slots);
	free(r->next);
	free(r->matches);
	free(r->gone);
	free(r->edits);
	free(r->records);
	free(r->changes);
}

enum dlb_status
dlb_satchel_recall(struct dlb_satchel *s, struct dlb_satchel_token *tokens,
	size_t n, uint16_t now_week, struct dlb_error *err)
{
	struct recall r = {.s = s, .tokens = tokens, .n = n, .week = now_week};
	enum dlb_status st = dlb_satchel_check_writable(s, err);

	if (st == DLB_OK && n > DLB_SATCHEL_SLOTS_MAX)
		st = dlb_fail(err, DLB_USAGE, "too many tokens at once");
	if (st == DLB_OK)
		st = dlb_satchel_commit(s, err);
	if (st != DLB_OK || (n == 0 && s->index.tokens == 0))
		return st;
	st = plan(&r, err);
	if (st == DLB_OK)
		st = dlb_table_commit(s, r.edits, r.edits_n, err);
	if (st == DLB_OK)
		take_in(&r);
	else
		give_back(&r);
	recall_free(&r);
	return st;
}

/* ---- what is kept ------------------------------------------------------------------------ */

static bool
is_zero(const uint8_t *p, size_t len)
{
	struct dlb_reader reader;

	dlb_reader_init(&reader, p, len);
	dlb_read_zeros(&reader, len);
	return dlb_reader_done(&reader);
}

enum dlb_status
dlb_satchel_tokens(struct dlb_satchel *s, struct dlb_satchel_token **tokens,
	size_t *n, uint16_t now_week, struct dlb_error *err)
{
	*n = 0;
	*tokens = calloc((size_t)s->index.tokens + 1, sizeof(**tokens));
	if (!*tokens)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (uint32_t i = 0; i < s->index.entries; i++) {
		struct dlb_satchel_token *t = &(*tokens)[*n];
		struct dlb_entry_plain e;

		if (!(s->index.records[i].flags & DLB_REC_TOKEN)
			|| !counts(s, i, now_week)
			|| dlb_table_entry(s, &e, i, s->workers[0].aead, NULL)
				!= DLB_OK)
			continue;
		memcpy(t->token, e.secret, sizeof(t->token));
		memcpy(t->name, e.name, sizeof(t->name));
		t->expiry_week = e.expiry_week;
		/* A refusal by name has none to pass on. */
		*n += !is_zero(e.secret, sizeof(e.secret));
		dlb_wipe(&e, sizeof(e));
	}
	for (size_t i = *n; i > 1; i--) {
		size_t k = dlb_random_below(s->env, (uint32_t)i);
		struct dlb_satchel_token t = (*tokens)[i - 1];

		(*tokens)[i - 1] = (*tokens)[k];
		(*tokens)[k] = t;
	}
	return DLB_OK;
}
