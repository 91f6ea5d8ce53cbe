/*
 * restored: what is done once a letterbox was had again: telling people, and a note of how
 * far that is.
 *
 * The note goes into the commit that a letter begins with, and names the number that no
 * letter had before it: so a letter that was cut short is written again, and one that is
 * there is not, whenever the power goes.
 */
#include "backups.h"

#include "node_bulletins.h"
#include "node_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- whom ---------------------------------------------------------------------------------- */

struct people {
	struct dlb_correspondent *list;
	size_t n, cap;
	int64_t after;
	bool failed;
};

static bool
add_person(void *ctx, const struct dlb_correspondent *who)
{
	struct people *p = ctx;

	if (who->id <= p->after)
		return true;
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct dlb_correspondent *list =
			reallocarray(p->list, cap, sizeof(*list));

		if (!list) {
			p->failed = true;
			return false;
		}
		p->list = list;
		p->cap = cap;
	}
	p->list[p->n++] = *who;
	return true;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct dlb_correspondent *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static enum dlb_status
find_people(struct people *p, struct dlb_node *n, int64_t after,
	struct dlb_error *err)
{
	enum dlb_status st;

	p->after = after;
	st = dlb_correspondent_each(n->letterbox, add_person, p, err);
	if (st == DLB_OK && p->failed)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (p->n > 1)
		qsort(p->list, p->n, sizeof(*p->list), compare_ids);
	return st;
}

/* ---- how far it is -------------------------------------------------------------------------- */

struct looking {
	int64_t to, from, highest;
	bool there;
};

static bool
look_at_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct looking *k = ctx;

	if (!dlb_out_is_seen(letter))
		return true;
	if (letter->number > k->highest)
		k->highest = letter->number;
	if (letter->to == k->to && letter->number >= k->from)
		k->there = true;
	return true;
}

/* Numbers of letters that are to come are above all that are there. */
static enum dlb_status
look(struct looking *k, struct dlb_node *n, struct dlb_error *err)
{
	return dlb_out_each(n->letterbox, look_at_letter, k, err);
}

/* What is of that person alone is no reason to leave the others out. */
static bool
concerns_one(enum dlb_status st)
{
	switch (st) {
	case DLB_CLOCK: /* of their card: one's own was looked at */
	case DLB_MALFORMED:
	case DLB_REFUSED:
	case DLB_NOT_FOUND:
	case DLB_EXPIRED:
		return true;
	default:
		return false;
	}
}

struct telling {
	struct dlb_node *n;
	const char *text;
	struct dlb_restore_note *note;
	void (*said)(void *ctx, const char *text);
	void *ctx;
};

static enum dlb_status
tell_one(struct telling *t, const struct dlb_correspondent *who,
	struct dlb_error *err)
{
	struct dlb_send_options o = {.message = t->text,
		.message_len = strlen(t->text),
		.stdin_fd = -1};
	struct dlb_send_result result;
	enum dlb_status st =
		dlb_restore_note_set(t->n->letterbox, t->note, err);

	if (st == DLB_OK)
		st = dlb_node_send(
			t->n, who->id, &o, &result, NULL, NULL, NULL, err);
	if (st == DLB_OK) {
		t->note->from = result.last_number + 1;
		t->note->told_n++;
	} else if (concerns_one(st)) {
		dlb_error_prefix(err, "%s", who->name);
		if (t->said)
			t->said(t->ctx, err->msg);
		dlb_error_clear(err);
		t->note->failed_n++;
		st = DLB_OK;
	}
	if (st == DLB_OK)
		t->note->told = who->id;
	return st;
}

static enum dlb_status
tell_all(struct telling *t, const struct people *p, struct dlb_error *err)
{
	struct looking k = {
		.to = p->n ? p->list[0].id : 0, .from = t->note->from};
	enum dlb_status st = look(&k, t->n, err);
	size_t i = 0;

	if (st == DLB_OK && k.from > 0 && k.there) {
		t->note->told = p->list[i++].id;
		t->note->told_n++;
	}
	t->note->from = k.highest + 1;
	for (; st == DLB_OK && i < p->n; i++)
		st = tell_one(t, &p->list[i], err);
	return st;
}

enum dlb_status
dlb_node_tell_restored(struct dlb_node *n, const char *text,
	struct dlb_restore_note *note,
	void (*said)(void *ctx, const char *text), void *ctx,
	struct dlb_error *err)
{
	struct telling t = {
		.n = n, .text = text, .note = note, .said = said, .ctx = ctx};
	struct people people = {.n = 0};
	enum dlb_status st = dlb_restore_note_get(n->letterbox, note, err);

	if (st != DLB_OK || !note->tell)
		return st;
	st = dlb_clock_doubt(&n->clock, err);
	if (st == DLB_OK)
		st = find_people(&people, n, note->told, err);
	if (st == DLB_OK)
		st = tell_all(&t, &people, err);
	if (st == DLB_OK) {
		note->tell = false;
		st = dlb_restore_note_set(n->letterbox, note, err);
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	free(people.list);
	return st;
}

/* ---- the rest ---------------------------------------------------------------------------------- */

/* The home may have met boxes while it waited: whom it follows it knows from now on. */
enum dlb_status
dlb_node_restored_look(struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_restore_note note;
	enum dlb_status st = dlb_restore_note_get(n->letterbox, &note, err);

	if (st != DLB_OK || !note.look)
		return st;
	if (dlb_author_any(n->letterbox))
		st = dlb_node_find_bulletins(n, err);
	note.look = false;
	if (st == DLB_OK)
		st = dlb_restore_note_set(n->letterbox, &note, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

enum dlb_status
dlb_node_restored_card(struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_restore_note note;
	enum dlb_status st = dlb_restore_note_get(n->letterbox, &note, err);

	note.card = false;
	if (st == DLB_OK)
		st = dlb_restore_note_set(n->letterbox, &note, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

enum dlb_status
dlb_node_restored_tell(struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_restore_note note;
	enum dlb_status st = dlb_restore_note_get(n->letterbox, &note, err);

	note.tell = true;
	if (st == DLB_OK)
		st = dlb_restore_note_set(n->letterbox, &note, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}
