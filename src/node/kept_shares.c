/*
 * Shares of others' backups that this node keeps: what becomes of a letter with one,
 * and handing them back.
 *
 * One is kept as the letter that brought it, whose cells are held like those of any
 * letter that is here. Of a person all are kept that they may need: the newest, and
 * those from the last one on of which they know that enough holders have it; four at
 * most. Strangers' go to the inbox, as do those that are handed to this node's owner.
 */
#include "backups.h"

#include "backup_share.h"
#include "kinds.h"

#include <stdio.h>
#include <string.h>

#define KEPT_MAX 4 /* of one person */

/* ---- all that are here ----------------------------------------------------------------- */

struct each {
	struct dlb_node *n;
	bool (*fn)(void *ctx, const struct dlb_kept_share *share);
	void *ctx;
	int64_t keep_from_ms; /* of the last one */
};

static void
describe(struct dlb_kept_share *out, int64_t *keep_from_ms, struct dlb_node *n,
	const struct dlb_in_letter *letter)
{
	struct dlb_backup_share share;
	struct dlb_buf record = {0};

	memset(out, 0, sizeof(*out));
	out->number = letter->number;
	out->from = letter->from;
	out->sender = letter->sender;
	out->seen = dlb_in_is_seen(letter);
	out->came_ms = letter->arrived_ms;
	*keep_from_ms = 0;
	if (dlb_kind_content(n, letter, &record, NULL) == DLB_OK
		&& dlb_backup_share_parse(&share, record.data, record.len, NULL)
			== DLB_OK) {
		out->given = share.use == DLB_BACKUP_GIVEN;
		memcpy(out->backup_id, share.id, sizeof(out->backup_id));
		out->made_ms = share.made_s * 1000;
		out->need = share.need;
		*keep_from_ms = share.keep_from_s * 1000;
		dlb_wipe(&share, sizeof(share));
	} else {
		out->damaged = true;
	}
	dlb_buf_free(&record);
}

static bool
each_letter(void *ctx, const struct dlb_in_letter *letter)
{
	struct each *e = ctx;
	struct dlb_kept_share share;

	if (letter->kind != DLB_KIND_BACKUP_SHARE
		|| letter->state == DLB_IN_PARTLY || letter->again_of
		|| letter->stripe_of
		|| (letter->state == DLB_IN_UNREAD && !letter->shown))
		return true;
	describe(&share, &e->keep_from_ms, e->n, letter);
	return e->fn(e->ctx, &share);
}

enum dlb_status
dlb_node_kept_shares(struct dlb_node *n,
	bool (*fn)(void *ctx, const struct dlb_kept_share *share), void *ctx,
	struct dlb_error *err)
{
	struct each e = {.n = n, .fn = fn, .ctx = ctx};

	return dlb_in_kinds(n->letterbox, each_letter, &e, err);
}

/* ---- one that comes ---------------------------------------------------------------------- */

struct mine {
	int64_t number, made_ms, keep_from_ms;
	uint8_t id[DLB_BACKUP_ID_LEN];
};
/* Those of one person. */
struct shelf {
	struct dlb_node *n;
	int64_t owner;
	struct mine list[64];
	size_t count;
	bool all; /* those that are in the inbox too */
};

static bool
add_to_shelf(void *ctx, const struct dlb_in_letter *letter)
{
	struct shelf *s = ctx;
	struct dlb_kept_share share;
	int64_t keep_from_ms;
	struct mine *m;

	if (letter->kind != DLB_KIND_BACKUP_SHARE || letter->from != s->owner
		|| letter->state == DLB_IN_PARTLY || letter->again_of
		|| letter->stripe_of || s->count == DLB_ARRAY_LEN(s->list)
		|| (letter->state == DLB_IN_UNREAD && !letter->shown)
		|| (!s->all && letter->shown))
		return true;
	describe(&share, &keep_from_ms, s->n, letter);
	if (share.damaged || share.given)
		return true;
	m = &s->list[s->count++];
	m->number = share.number;
	m->made_ms = share.made_ms;
	m->keep_from_ms = keep_from_ms;
	memcpy(m->id, share.backup_id, sizeof(m->id));
	return true;
}

static enum dlb_status
fill_shelf(struct shelf *s, struct dlb_node *n, int64_t owner, bool all,
	struct dlb_error *err)
{
	memset(s, 0, sizeof(*s));
	s->n = n;
	s->owner = owner;
	s->all = all;
	return dlb_in_kinds(n->letterbox, add_to_shelf, s, err);
}

/* The newest one, which says from when on they are to be kept. */
static const struct mine *
newest(const struct shelf *s)
{
	const struct mine *best = NULL;

	for (size_t i = 0; i < s->count; i++)
		if (!best || s->list[i].made_ms > best->made_ms)
			best = &s->list[i];
	return best;
}

static enum dlb_status
let_go(struct dlb_node *n, struct dlb_release *release, int64_t number,
	struct dlb_error *err)
{
	struct dlb_in_letter letter;
	enum dlb_status st = dlb_in_get(n->letterbox, &letter, number, err);

	if (st == DLB_OK)
		st = dlb_release_in(release, &letter);
	if (st == DLB_OK)
		st = dlb_in_delete(n->letterbox, number, err);
	dlb_wipe(&letter, sizeof(letter));
	return st;
}

/* Which one has to go: one that is not wanted any more; of too many the oldest, but not
 * the one that is known to be whole. SIZE_MAX: none. */
static size_t
too_many(const struct shelf *s)
{
	int64_t from = newest(s)->keep_from_ms;
	size_t oldest = SIZE_MAX;

	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].made_ms < from)
			return i;
	for (size_t i = 0; s->count > KEPT_MAX && i < s->count; i++)
		if (s->list[i].made_ms != from
			&& (oldest == SIZE_MAX
				|| s->list[i].made_ms
					< s->list[oldest].made_ms))
			oldest = i;
	return oldest;
}

static enum dlb_status
make_room(struct dlb_kind_in *in, struct shelf *s, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;
	size_t at;

	while (st == DLB_OK && (at = too_many(s)) != SIZE_MAX) {
		if (s->list[at].number == in->letter->number)
			in->verdict = DLB_KIND_FORGET;
		else
			st = let_go(
				in->n, in->release, s->list[at].number, err);
		s->list[at] = s->list[--s->count];
	}
	return st;
}

static enum dlb_status
keep(struct dlb_kind_in *in, const struct dlb_backup_share *share,
	struct dlb_error *err)
{
	struct shelf s;
	struct mine *m;
	enum dlb_status st =
		fill_shelf(&s, in->n, in->letter->from, false, err);

	if (st != DLB_OK)
		return st;
	in->verdict = DLB_KIND_KEEP;
	for (size_t i = 0; i < s.count; i++)
		if (dlb_equal(s.list[i].id, share->id, sizeof(share->id)))
			in->verdict = DLB_KIND_FORGET;
	if (in->verdict == DLB_KIND_FORGET || s.count == DLB_ARRAY_LEN(s.list))
		return DLB_OK;
	m = &s.list[s.count++];
	m->number = in->letter->number;
	m->made_ms = share->made_s * 1000;
	m->keep_from_ms = share->keep_from_s * 1000;
	memcpy(m->id, share->id, sizeof(m->id));
	return make_room(in, &s, err);
}

enum dlb_status
dlb_backup_take(struct dlb_kind_in *in, struct dlb_error *err)
{
	struct dlb_error why = {.status = DLB_OK};
	struct dlb_backup_share share;
	enum dlb_status st = in->st;
	char day[11];

	in->verdict = DLB_KIND_SHOW;
	if (st == DLB_OK)
		st = dlb_backup_share_parse(&share, in->content, in->len, &why);
	if (st != DLB_OK) {
		snprintf(in->summary, sizeof(in->summary), "%.200s",
			why.msg[0] ? why.msg : "a share of a backup, damaged");
		return DLB_OK;
	}
	dlb_date_text(day, share.made_s * 1000);
	if (share.use == DLB_BACKUP_GIVEN)
		snprintf(in->summary, sizeof(in->summary),
			"hands back a share of a backup of %s (dlb restore)",
			day);
	else
		snprintf(in->summary, sizeof(in->summary),
			"a share of their backup of %s, to be kept", day);
	st = share.use == DLB_BACKUP_KEEP && in->letter->from != 0
		? keep(in, &share, err)
		: DLB_OK;
	dlb_wipe(&share, sizeof(share));
	return st;
}

/* ---- handing back ------------------------------------------------------------------------ */

/* With the newest card of the owner: a restored one must have a higher serial. */
static enum dlb_status
bytes_of(struct dlb_node *n, int64_t number, int64_t owner, struct dlb_buf *out,
	struct dlb_error *err)
{
	struct dlb_buf record = {0}, card = {0};
	struct dlb_in_letter letter;
	struct dlb_backup_share share;
	enum dlb_status st = dlb_in_get(n->letterbox, &letter, number, err);

	if (st == DLB_OK)
		st = dlb_kind_content(n, &letter, &record, err);
	if (st == DLB_OK)
		st = dlb_backup_share_parse(
			&share, record.data, record.len, err);
	if (st == DLB_OK && owner)
		st = dlb_correspondent_card(n->letterbox, &card, owner, err);
	if (st == DLB_OK) {
		st = dlb_backup_share_give(out, &share, card.data, card.len);
		if (st != DLB_OK)
			st = dlb_fail(err, st, "out of memory for a share");
	}
	dlb_wipe(&share, sizeof(share));
	dlb_wipe(&letter, sizeof(letter));
	dlb_buf_free(&record);
	dlb_buf_free(&card);
	return st;
}

enum dlb_status
dlb_node_share_bytes(struct dlb_node *n, const struct dlb_kept_share *share,
	struct dlb_buf *out, struct dlb_error *err)
{
	return bytes_of(n, share->number, share->from, out, err);
}

static enum dlb_status
fail_none(struct dlb_node *n, int64_t owner, struct dlb_error *err)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_id(n->letterbox, &who, owner) != DLB_OK)
		return dlb_fail(
			err, DLB_NOT_FOUND, "there is no such correspondent");
	return dlb_fail(err, DLB_NOT_FOUND,
		"no share of a backup is kept for %s: `dlb backup list` shows "
		"for whom one is",
		who.name);
}

enum dlb_status
dlb_node_give_shares(struct dlb_node *n, int64_t owner, int64_t to,
	unsigned *n_out, struct dlb_error *err)
{
	struct dlb_kind_out out = {.to = to,
		.kind = DLB_KIND_BACKUP_SHARE,
		.receipt_wanted = true};
	struct shelf s;
	enum dlb_status st = fill_shelf(&s, n, owner, true, err);

	*n_out = 0;
	if (st == DLB_OK && s.count == 0)
		st = fail_none(n, owner, err);
	if (st == DLB_OK && owner == to)
		st = dlb_fail(err, DLB_USAGE,
			"whoever lost a letterbox can not read what is sealed to "
			"it: ask for the card of the home that restores it (dlb "
			"init --restore)");
	if (st == DLB_OK)
		st = dlb_kind_begin(n, err);
	if (st != DLB_OK)
		return st;
	for (size_t i = 0; st == DLB_OK && i < s.count; i++) {
		struct dlb_buf record = {0};

		st = bytes_of(n, s.list[i].number, owner, &record, err);
		out.content = record.data;
		out.len = record.len;
		if (st == DLB_OK)
			st = dlb_kind_add(n, &out, NULL, err);
		*n_out += st == DLB_OK;
		dlb_buf_free(&record);
	}
	if (st == DLB_OK)
		st = dlb_kind_commit(n, err);
	if (st != DLB_OK)
		dlb_kind_undo(n);
	return st;
}

enum dlb_status
dlb_node_forget_shares(struct dlb_node *n, int64_t owner, unsigned *n_out,
	struct dlb_error *err)
{
	struct dlb_release release = {.n = n};
	struct shelf s;
	enum dlb_status st = fill_shelf(&s, n, owner, true, err);

	*n_out = 0;
	if (st == DLB_OK && s.count == 0)
		st = fail_none(n, owner, err);
	for (size_t i = 0; st == DLB_OK && i < s.count; i++) {
		st = let_go(n, &release, s.list[i].number, err);
		++*n_out;
	}
	if (st == DLB_OK)
		st = dlb_release_commit(&release, err);
	else if (dlb_letterbox_rollback(n->letterbox, NULL) != DLB_OK) {
		/* What was not committed is gone with the process. */
	}
	dlb_release_free(&release);
	return st;
}
