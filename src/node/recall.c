/*
 * recall: tokens of own cells, and when they are released.
 *
 * Each own cell, of a letter or of cover, has a day of its own on which its token is
 * due, drawn when it was sealed and from one distribution: so the day says nothing of
 * what the cell is. Of cover it is released then; of a letter too if it has arrived, and
 * else some days after its receipt came. One cell in four has none, as cells of letters
 * whose receipt never comes have none. A letter that its sender calls back has all of
 * its tokens due at once.
 *
 * A meeting releases DLB_MEETING_OWN_CELLS at most, as many as there are new cells, by
 * chance among all that are due, so that a letter's go with those of others and of cover.
 * What is released is kept in the home satchel as if it had been heard there: the cell
 * goes, and the token is passed on like any other.
 *
 * The satchel comes first and the letterbox notes it afterwards: a crash in between
 * releases a token twice, which changes nothing.
 */
#include "meet_internal.h"
#include "recall.h"

#include <stdlib.h>
#include <string.h>

#define DUE_FROM_MS (7 * DLB_DAY_MS)
#define DUE_SPAN_MS (35 * DLB_DAY_MS)
/* After a receipt that came later than the day that was drawn. */
#define LATE_SPAN_MS (14 * DLB_DAY_MS)
#define NEVER_IN 4

/* ---- when ----------------------------------------------------------------------------- */

int64_t
dlb_recall_due_ms(const struct dlb_out_letter *letter, uint32_t index)
{
	uint8_t draw[32], bytes[4];
	uint64_t never, at, late;
	struct dlb_writer w;
	struct dlb_reader r;
	int64_t due;

	if (letter->recalled_ms)
		return letter->recalled_ms;
	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u32(&w, index);
	dlb_derive(draw, sizeof(draw), letter->recall_key,
		sizeof(letter->recall_key), "dlb recall day", bytes,
		sizeof(bytes));
	dlb_reader_init(&r, draw, sizeof(draw));
	never = dlb_read_u64(&r) % NEVER_IN;
	at = dlb_read_u64(&r) % (uint64_t)DUE_SPAN_MS;
	late = dlb_read_u64(&r) % (uint64_t)LATE_SPAN_MS;
	dlb_wipe(draw, sizeof(draw));
	if (never == 0 || (letter->to != 0 && !letter->arrived_ms))
		return INT64_MAX;
	due = letter->sealed_ms + DUE_FROM_MS + (int64_t)at;
	if (letter->to != 0 && due < letter->arrived_ms)
		due = letter->arrived_ms + (int64_t)late;
	return due;
}

/* ---- what is due ------------------------------------------------------------------------ */

struct due {
	int64_t letter;
	uint32_t index;
	bool recalled;
};

struct releasing {
	struct dlb_node *n;
	struct due *due;
	size_t due_n, cap;
	struct dlb_satchel_token *tokens;
	size_t tokens_n;
	struct dlb_error *err;
	enum dlb_status st;
};

static bool
has_bit(const struct dlb_buf *bits, uint32_t i)
{
	return bits->data[i / 8] >> i % 8 & 1;
}

static void
set_bit(struct dlb_buf *bits, uint32_t i)
{
	bits->data[i / 8] |= (uint8_t)(1u << i % 8);
}

/* It waits for a meeting: nobody else has it yet. */
static bool
is_here_only(const struct dlb_node *n, const uint8_t name[static DLB_NAME_LEN])
{
	uint32_t number = dlb_satchel_find(n->satchel, name);
	struct dlb_entry e;

	return number != DLB_NO_ENTRY
		&& dlb_satchel_entry(n->satchel, number, &e)
		&& (e.flags & DLB_OWN);
}

static bool
add_due(struct releasing *r, const struct dlb_out_letter *letter,
	uint32_t index)
{
	if (r->due_n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 256;
		struct due *p = realloc(r->due, cap * sizeof(*p));

		if (!p) {
			r->st = dlb_fail(
				r->err, DLB_NO_MEMORY, "out of memory");
			return false;
		}
		r->due = p;
		r->cap = cap;
	}
	r->due[r->due_n++] =
		(struct due){letter->number, index, letter->recalled_ms != 0};
	return true;
}

static bool
collect_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct releasing *r = ctx;
	struct dlb_letterbox *l = r->n->letterbox;
	int64_t now = r->n->clock.now_ms;
	struct dlb_buf bits = {0}, names = {0};

	/* Other days than those of the person's word need a clock. */
	if (!letter->recalled_ms && !r->n->clock.trusted_week)
		return true;
	r->st = dlb_out_released(l, letter, &bits, r->err);
	for (uint32_t i = 0; r->st == DLB_OK && i < letter->cells; i++) {
		if (has_bit(&bits, i) || dlb_recall_due_ms(letter, i) > now)
			continue;
		if (names.len == 0)
			r->st = dlb_out_cells(
				l, letter->number, &names, r->err);
		if (r->st == DLB_OK
			&& names.len >= ((size_t)i + 1) * DLB_NAME_LEN
			&& !is_here_only(
				r->n, names.data + (size_t)i * DLB_NAME_LEN))
			add_due(r, letter, i);
	}
	dlb_buf_free(&bits);
	dlb_buf_free(&names);
	return r->st == DLB_OK;
}

/* By chance; those that a person called back first. */
static void
choose(struct releasing *r)
{
	size_t most = r->due_n < DLB_MEETING_OWN_CELLS ? r->due_n
						       : DLB_MEETING_OWN_CELLS;
	size_t recalled = 0;

	for (size_t i = 0; i < r->due_n; i++)
		if (r->due[i].recalled) {
			struct due t = r->due[i];

			r->due[i] = r->due[recalled];
			r->due[recalled++] = t;
		}
	for (size_t i = 0; i < most; i++) {
		size_t end = i < recalled ? recalled : r->due_n;
		size_t k = i + dlb_random_below(r->n->env, (uint32_t)(end - i));
		struct due t = r->due[i];

		r->due[i] = r->due[k];
		r->due[k] = t;
	}
	r->due_n = most;
}

/* ---- releasing them ----------------------------------------------------------------------- */

static enum dlb_status
make_token(struct releasing *r, const struct due *due, struct dlb_error *err)
{
	struct dlb_satchel_token *t = &r->tokens[r->tokens_n];
	struct dlb_out_letter letter;
	struct dlb_buf names = {0};
	enum dlb_status st =
		dlb_out_get(r->n->letterbox, &letter, due->letter, err);

	if (st == DLB_OK)
		st = dlb_out_cells(r->n->letterbox, due->letter, &names, err);
	if (st == DLB_OK) {
		/* The cells of one stripe after those of the one before. */
		uint32_t each = letter.cells / letter.stripes;

		dlb_recall_token(t->token, letter.recall_key,
			(uint8_t)(due->index / each), due->index % each);
		memcpy(t->name, names.data + (size_t)due->index * DLB_NAME_LEN,
			sizeof(t->name));
		t->expiry_week = letter.expiry_week;
		t->own = true;
		r->tokens_n++;
	}
	dlb_buf_free(&names);
	dlb_wipe(&letter, sizeof(letter));
	return st;
}

static enum dlb_status
note_released(struct dlb_node *n, const struct due *due, struct dlb_error *err)
{
	struct dlb_out_letter letter;
	struct dlb_buf bits = {0};
	enum dlb_status st =
		dlb_out_get(n->letterbox, &letter, due->letter, err);

	if (st == DLB_OK)
		st = dlb_out_released(n->letterbox, &letter, &bits, err);
	if (st == DLB_OK) {
		set_bit(&bits, due->index);
		st = dlb_out_set_released(n->letterbox, &letter, &bits, err);
	}
	dlb_buf_free(&bits);
	dlb_wipe(&letter, sizeof(letter));
	return st;
}

enum dlb_status
dlb_recall_release(struct dlb_node *n, struct dlb_satchel_token **tokens,
	size_t *tokens_n, struct dlb_error *err)
{
	struct releasing r = {.n = n, .err = err, .st = DLB_OK};
	enum dlb_status st = dlb_out_recallable(
		n->letterbox, n->clock.trusted_week, collect_letter, &r, err);

	*tokens = NULL;
	*tokens_n = 0;
	if (st == DLB_OK)
		st = r.st;
	if (st == DLB_OK)
		choose(&r);
	r.tokens = calloc(DLB_MEETING_OWN_CELLS, sizeof(*r.tokens));
	if (st == DLB_OK && !r.tokens)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; st == DLB_OK && i < r.due_n; i++)
		st = make_token(&r, &r.due[i], err);
	if (st == DLB_OK && r.due_n > 0)
		st = dlb_satchel_recall(n->satchel, r.tokens, r.tokens_n,
			n->clock.trusted_week, err);
	for (size_t i = 0; st == DLB_OK && i < r.due_n; i++)
		st = note_released(n, &r.due[i], err);
	if (st == DLB_OK && r.due_n > 0)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK) {
		*tokens = r.tokens;
		*tokens_n = r.tokens_n;
		r.tokens = NULL;
	}
	if (r.tokens)
		dlb_wipe(r.tokens, r.tokens_n * sizeof(*r.tokens));
	free(r.tokens);
	free(r.due);
	return st;
}

/* ---- what a meeting shows ----------------------------------------------------------------- */

static void
shuffle(uint8_t (*list)[DLB_TOKEN_LEN], size_t n, const struct dlb_env *env)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dlb_random_below(env, (uint32_t)i);
		uint8_t t[DLB_TOKEN_LEN];

		memcpy(t, list[i - 1], sizeof(t));
		memcpy(list[i - 1], list[k], sizeof(t));
		memcpy(list[k], t, sizeof(t));
	}
}

static bool
among(const struct dlb_satchel_token *list, size_t n,
	const struct dlb_satchel_token *t)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i].token, t->token, sizeof(t->token)) == 0)
			return true;
	return false;
}

enum dlb_status
dlb_recall_show(struct dlb_node *n, bool own, uint8_t (*out)[DLB_TOKEN_LEN],
	size_t *out_n, struct dlb_error *err)
{
	struct dlb_satchel_token *released = NULL, *all = NULL;
	size_t released_n = 0, all_n = 0, k = 0;
	enum dlb_status st = DLB_OK;

	*out_n = 0;
	if (own)
		st = dlb_recall_release(n, &released, &released_n, err);
	if (st == DLB_OK)
		st = dlb_satchel_tokens(
			n->satchel, &all, &all_n, n->clock.trusted_week, err);
	if (st == DLB_OK) {
		for (size_t i = 0; i < released_n; i++)
			memcpy(out[k++], released[i].token, DLB_TOKEN_LEN);
		/* Of cells that nobody has: how many are due is nobody's
		 * business who does not hold them. */
		for (; own && k < DLB_MEETING_OWN_CELLS; k++)
			dlb_random(n->env, out[k], DLB_TOKEN_LEN);
		for (size_t i = 0; i < all_n && k < DLB_RECALL_SHOWN_MAX; i++)
			if (!among(released, released_n, &all[i]))
				memcpy(out[k++], all[i].token, DLB_TOKEN_LEN);
		shuffle(out, k, n->env);
		*out_n = k;
	}
	if (all)
		dlb_wipe(all, all_n * sizeof(*all));
	if (released)
		dlb_wipe(released, released_n * sizeof(*released));
	free(all);
	free(released);
	return st;
}

enum dlb_status
dlb_recall_heard(struct dlb_node *n, const uint8_t *tokens, size_t tokens_n,
	struct dlb_error *err)
{
	struct dlb_satchel_token *list = calloc(tokens_n + 1, sizeof(*list));
	enum dlb_status st;

	if (!list)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < tokens_n; i++)
		memcpy(list[i].token, tokens + i * DLB_TOKEN_LEN,
			DLB_TOKEN_LEN);
	st = dlb_satchel_recall(
		n->satchel, list, tokens_n, n->clock.trusted_week, err);
	dlb_wipe(list, (tokens_n + 1) * sizeof(*list));
	free(list);
	return st;
}

/* What one satchel keeps, to another. */
static enum dlb_status
carry_over(struct dlb_satchel *to, struct dlb_satchel *from, uint16_t week,
	uint64_t *n, struct dlb_error *err)
{
	struct dlb_satchel_token *list = NULL;
	size_t list_n = 0;
	enum dlb_status st =
		dlb_satchel_tokens(from, &list, &list_n, week, err);

	if (st == DLB_OK)
		st = dlb_satchel_recall(to, list, list_n, week, err);
	if (list)
		dlb_wipe(list, list_n * sizeof(*list));
	free(list);
	*n = list_n;
	return st;
}

enum dlb_status
dlb_recall_with_box(struct dlb_node *n, struct dlb_satchel *box, bool gives,
	bool own, uint64_t *heard, struct dlb_error *err)
{
	struct dlb_satchel_token *released = NULL;
	size_t released_n = 0;
	uint64_t told;
	enum dlb_status st = DLB_OK;

	*heard = 0;
	if (gives && own)
		st = dlb_recall_release(n, &released, &released_n, err);
	free(released);
	if (st == DLB_OK)
		st = carry_over(
			n->satchel, box, n->clock.trusted_week, heard, err);
	if (st == DLB_OK && gives)
		st = carry_over(
			box, n->satchel, n->clock.trusted_week, &told, err);
	return st;
}

/* ---- a letter that its sender wants back ---------------------------------------------------- */

struct calling {
	struct dlb_node *n;
	struct dlb_release release;
	struct dlb_recall_result *result;
	struct dlb_error *err;
	enum dlb_status st;
};

/* Cells that have not left need no token. */
static bool
call_sealing(void *ctx, const struct dlb_out_letter *letter)
{
	struct calling *c = ctx;
	struct dlb_letterbox *l = c->n->letterbox;
	struct dlb_buf bits = {0}, names = {0};

	c->st = dlb_out_released(l, letter, &bits, c->err);
	if (c->st == DLB_OK)
		c->st = dlb_out_cells(l, letter->number, &names, c->err);
	for (uint32_t i = 0; c->st == DLB_OK && i < letter->cells
		&& names.len >= ((size_t)i + 1) * DLB_NAME_LEN;
		i++) {
		c->result->cells++;
		if (is_here_only(c->n, names.data + (size_t)i * DLB_NAME_LEN)) {
			c->result->never_left++;
			set_bit(&bits, i);
		} else if (has_bit(&bits, i)) {
			c->result->released++;
		}
	}
	if (c->st == DLB_OK)
		c->st = dlb_out_set_released(l, letter, &bits, c->err);
	if (c->st == DLB_OK
		&& dlb_release_out(&c->release, letter->number, c->err)
			!= DLB_OK)
		c->st = dlb_fail(c->err, DLB_NO_MEMORY, "out of memory");
	dlb_buf_free(&bits);
	dlb_buf_free(&names);
	return c->st == DLB_OK;
}

enum dlb_status
dlb_node_recall(struct dlb_node *n, int64_t number,
	struct dlb_recall_result *result, struct dlb_error *err)
{
	struct calling c = {.n = n,
		.release = {.n = n},
		.result = result,
		.err = err,
		.st = DLB_OK};
	struct dlb_out_letter letter;
	enum dlb_status st = dlb_out_get(n->letterbox, &letter, number, NULL);

	memset(result, 0, sizeof(*result));
	if (st != DLB_OK || !dlb_out_is_seen(&letter))
		return dlb_fail(err, DLB_NOT_FOUND,
			"there is no letter %lld here that you sent; see: dlb "
			"outbox",
			(long long)number);
	result->arrived_ms = letter.arrived_ms;
	st = dlb_out_recall(n->letterbox, number,
		letter.recalled_ms ? letter.recalled_ms : n->clock.now_ms, err);
	if (st == DLB_OK)
		st = dlb_out_sealings(
			n->letterbox, &letter, call_sealing, &c, err);
	if (st == DLB_OK)
		st = c.st;
	if (st == DLB_OK)
		st = dlb_release_commit(&c.release, err);
	dlb_release_free(&c.release);
	dlb_wipe(&letter, sizeof(letter));
	return st;
}
