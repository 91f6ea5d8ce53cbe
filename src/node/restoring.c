/*
 * restoring: shares that holders hand back, brought together, and a letterbox of them.
 *
 * Nothing of a backup is written anywhere before it is whole: then a letterbox becomes
 * its owner's in one commit, or does not.
 */
#include "backups.h"

#include "backup_share.h"
#include "kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 200

struct piece {
	char label[LABEL_MAX];
	struct dlb_buf record;
	int64_t number; /* of the letter that brought it; 0: a file */
	enum dlb_backup_part part;
};
struct dlb_restoring {
	struct piece pieces[DLB_RESTORING_MAX];
	struct dlb_backup_share shares[DLB_RESTORING_MAX]; /* of these */
	size_t n;
	struct dlb_buf content; /* once it is whole */
	uint8_t id[DLB_BACKUP_ID_LEN];
	int64_t made_s;
	uint16_t last_month;
	bool tell;
	uint64_t newest_serial;
};

enum dlb_status
dlb_restoring_new(struct dlb_restoring **out, struct dlb_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? DLB_OK
		    : dlb_fail(err, DLB_NO_MEMORY, "out of memory for shares");
}

void
dlb_restoring_free(struct dlb_restoring *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		dlb_buf_free(&r->pieces[i].record);
	dlb_buf_free(&r->content);
	dlb_wipe(r, sizeof(*r));
	free(r);
}

/* ---- bringing them together ----------------------------------------------------------- */

static enum dlb_status
add(struct dlb_restoring *r, const char *label, int64_t number,
	const uint8_t *data, size_t len, struct dlb_error *err)
{
	struct piece *p = &r->pieces[r->n];
	enum dlb_status st;

	if (r->n == DLB_RESTORING_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"more than %d shares: leave some of them out",
			DLB_RESTORING_MAX);
	dlb_printable(p->label, sizeof(p->label), label, strlen(label));
	st = dlb_buf_append(&p->record, data, len);
	if (st != DLB_OK)
		return dlb_fail(err, st, "out of memory for shares");
	st = dlb_backup_share_parse(
		&r->shares[r->n], p->record.data, p->record.len, err);
	if (st != DLB_OK) {
		dlb_error_prefix(err, "%s", p->label);
		dlb_buf_free(&p->record);
		return st;
	}
	p->number = number;
	r->n++;
	return DLB_OK;
}

enum dlb_status
dlb_restoring_add(struct dlb_restoring *r, const char *label,
	const uint8_t *data, size_t len, struct dlb_error *err)
{
	return add(r, label, 0, data, len, err);
}

struct at_home {
	struct dlb_restoring *r;
	struct dlb_node *n;
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
};

/* The name that their card says, if no other is known; it is a claim. */
static void
name_sender(char out[static LABEL_MAX], struct dlb_node *n,
	const struct dlb_in_letter *letter)
{
	struct dlb_correspondent who;
	struct dlb_card card;

	if (dlb_correspondent_by_id(n->letterbox, &who, letter->from) == DLB_OK)
		snprintf(out, LABEL_MAX, "%s (letter %lld)", who.name,
			(long long)letter->number);
	else if (dlb_node_letter_card(n, letter->number, &card, NULL) == DLB_OK
		&& card.name[0])
		snprintf(out, LABEL_MAX, "who says to be %s (letter %lld)",
			card.name, (long long)letter->number);
	else
		snprintf(out, LABEL_MAX, "letter %lld",
			(long long)letter->number);
}

static bool
add_letter(void *ctx, const struct dlb_in_letter *letter)
{
	struct at_home *h = ctx;
	struct dlb_error err = {.status = DLB_OK};
	struct dlb_buf record = {0};
	char label[LABEL_MAX];
	enum dlb_status st;

	if (letter->kind != DLB_KIND_BACKUP_SHARE || !letter->shown
		|| letter->state == DLB_IN_PARTLY)
		return true;
	name_sender(label, h->n, letter);
	st = dlb_kind_content(h->n, letter, &record, &err);
	if (st == DLB_OK)
		st = add(h->r, label, letter->number, record.data, record.len,
			&err);
	else
		dlb_error_prefix(&err, "%s", label);
	dlb_buf_free(&record);
	if (st != DLB_OK && h->note)
		h->note(h->note_ctx, err.msg);
	return true;
}

enum dlb_status
dlb_restoring_add_home(struct dlb_restoring *r, struct dlb_node *n,
	void (*note)(void *ctx, const char *text), void *note_ctx,
	struct dlb_error *err)
{
	struct at_home h = {.r = r, .n = n, .note = note, .note_ctx = note_ctx};

	return dlb_in_kinds(n->letterbox, add_letter, &h, err);
}

size_t
dlb_restoring_count(const struct dlb_restoring *r)
{
	return r->n;
}

const char *
dlb_restoring_label(
	const struct dlb_restoring *r, size_t i, enum dlb_restoring_part *part)
{
	*part = (enum dlb_restoring_part)r->pieces[i].part;
	return r->pieces[i].label;
}

_Static_assert((int)DLB_RESTORING_USED == (int)DLB_BACKUP_USED
		&& (int)DLB_RESTORING_SPARE == (int)DLB_BACKUP_SPARE
		&& (int)DLB_RESTORING_TWICE == (int)DLB_BACKUP_TWICE
		&& (int)DLB_RESTORING_OTHER == (int)DLB_BACKUP_OTHER
		&& (int)DLB_RESTORING_FALSE == (int)DLB_BACKUP_FALSE
		&& (int)DLB_RESTORING_RIVAL == (int)DLB_BACKUP_RIVAL,
	"one list, of which who calls needs not know the other");

/* Cards of the owner that holders know. What is not theirs, or not signed by them, says
 * nothing. */
static void
look_at_cards(const struct dlb_restoring *r, struct dlb_restoring_info *info)
{
	struct dlb_card card;

	for (size_t i = 0; i < r->n; i++) {
		const struct dlb_backup_share *s = &r->shares[i];

		if (s->card_len == 0
			|| dlb_card_parse(&card, s->card, s->card_len, NULL)
				!= DLB_OK
			|| memcmp(&card.identity, &info->backup.identity,
				   sizeof(card.identity))
				!= 0)
			continue;
		if (card.serial > info->newest_serial)
			info->newest_serial = card.serial;
		if (card.opening_n
			&& card.opening[card.opening_n - 1].month
				> info->last_month)
			info->last_month =
				card.opening[card.opening_n - 1].month;
	}
}

/* Shares that no backup was made of yet, and what they are in the whole. */
struct rest {
	struct dlb_backup_share shares[DLB_RESTORING_MAX];
	size_t at[DLB_RESTORING_MAX];
	enum dlb_backup_part parts[DLB_RESTORING_MAX];
	size_t n;
};

/* The backup that was looked at last goes: its shares are what `as` says, or, where it
 * is the one that counts, what they are to it. */
static void
take_out(struct dlb_restoring *r, struct rest *rest, bool counts,
	enum dlb_backup_part as)
{
	size_t kept = 0;

	for (size_t i = 0; i < rest->n; i++) {
		struct piece *p = &r->pieces[rest->at[i]];

		if (rest->parts[i] == DLB_BACKUP_OTHER) {
			rest->shares[kept] = rest->shares[i];
			rest->at[kept++] = rest->at[i];
		} else {
			p->part = counts ? rest->parts[i] : as;
		}
	}
	rest->n = kept;
}

static void
note_best(const struct dlb_restoring *r, struct dlb_restoring_info *info,
	size_t which)
{
	info->made_ms = r->shares[which].made_s * 1000;
	info->need = r->shares[which].need;
}

/* Who hands back enough shares of a backup of their own making is not to be taken for
 * the owner in silence: another whole one must be of the same person. */
static enum dlb_status
look_for_rival(struct dlb_restoring *r, struct rest *rest,
	struct dlb_restoring_info *info, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	while (st == DLB_OK && rest->n > 0) {
		struct dlb_backup_info other;
		struct dlb_buf content = {0};
		unsigned missing;
		size_t which;

		st = dlb_backup_join(&content, rest->parts, &which, &missing,
			rest->shares, rest->n, err);
		if (st == DLB_OK)
			st = dlb_backup_look(
				&other, content.data, content.len, err);
		dlb_buf_free(&content);
		if (st == DLB_NO_MEMORY)
			return st;
		dlb_error_clear(err);
		if (st == DLB_PARTLY)
			return DLB_OK;
		if (st == DLB_OK
			&& memcmp(&other.identity, &info->backup.identity,
				   sizeof(other.identity))
				!= 0) {
			info->rival = other;
			info->rival_made_ms = rest->shares[which].made_s * 1000;
			take_out(r, rest, false, DLB_BACKUP_RIVAL);
			return dlb_fail(err, DLB_REFUSED,
				"here are whole backups of two persons, and only "
				"one is you: leave out the shares of the other (a "
				"letter: dlb delete NUMBER; a file: do not name it)");
		}
		take_out(r, rest, false,
			st == DLB_OK ? DLB_BACKUP_OTHER : DLB_BACKUP_FALSE);
		st = DLB_OK;
	}
	return st;
}

/* The best whole backup that is one: what fits together and gives none is not in the
 * way of others. */
static enum dlb_status
find_best(struct dlb_restoring *r, struct rest *rest,
	struct dlb_restoring_info *info, struct dlb_error *err)
{
	enum dlb_status st;
	size_t which;

	do {
		st = dlb_backup_join(&r->content, rest->parts, &which,
			&info->missing, rest->shares, rest->n, err);
		if (rest->n == 0)
			return st;
		note_best(r, info, rest->at[which]);
		r->made_s = rest->shares[which].made_s;
		memcpy(r->id, rest->shares[which].id, sizeof(r->id));
		if (st == DLB_OK)
			st = dlb_backup_look(&info->backup, r->content.data,
				r->content.len, err);
		if (st == DLB_FORGED || st == DLB_MALFORMED) {
			dlb_buf_free(&r->content);
			take_out(r, rest, false, DLB_BACKUP_FALSE);
		} else {
			take_out(r, rest, true, DLB_BACKUP_OTHER);
		}
	} while ((st == DLB_FORGED || st == DLB_MALFORMED) && rest->n > 0);
	return st;
}

enum dlb_status
dlb_restoring_join(struct dlb_restoring *r, struct dlb_restoring_info *info,
	struct dlb_error *err)
{
	struct rest *rest = calloc(1, sizeof(*rest));
	enum dlb_status st;

	memset(info, 0, sizeof(*info));
	dlb_buf_free(&r->content);
	if (!rest)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory for shares");
	rest->n = r->n;
	for (size_t i = 0; i < r->n; i++) {
		rest->shares[i] = r->shares[i];
		rest->at[i] = i;
		r->pieces[i].part = DLB_BACKUP_OTHER;
	}
	st = find_best(r, rest, info, err);
	if (st == DLB_OK)
		st = look_for_rival(r, rest, info, err);
	dlb_wipe(rest, sizeof(*rest));
	free(rest);
	if (st != DLB_OK) {
		dlb_buf_free(&r->content);
		return st;
	}
	info->newest_serial = info->backup.serial;
	info->last_month = info->backup.last_month;
	look_at_cards(r, info);
	r->newest_serial = info->newest_serial;
	r->last_month = info->last_month;
	return DLB_OK;
}

bool
dlb_restoring_is_of(const struct dlb_restoring *r,
	const uint8_t backup_id[static DLB_BACKUP_ID_BYTES])
{
	for (size_t i = 0; i < r->n; i++)
		if (!dlb_equal(r->shares[i].id, backup_id, DLB_BACKUP_ID_LEN))
			return false;
	return r->n > 0;
}

void
dlb_restoring_set_tell(struct dlb_restoring *r, bool tell)
{
	r->tell = tell;
}

_Static_assert(DLB_BACKUP_ID_BYTES == DLB_BACKUP_ID_LEN,
	"as long in a letterbox as in a share");

/* ---- the letterbox ---------------------------------------------------------------------- */

enum dlb_status
dlb_restoring_apply(struct dlb_restoring *r, struct dlb_letterbox *l,
	struct dlb_restored *out, struct dlb_error *err)
{
	struct dlb_restore_note note = {.made_s = r->made_s,
		.last_month = r->last_month,
		.look = true,
		.card = true,
		.tell = r->tell};
	enum dlb_status st = dlb_letterbox_restore(l, out, r->content.data,
		r->content.len, r->made_s, r->newest_serial, err);

	memcpy(note.backup_id, r->id, sizeof(note.backup_id));
	note.restored = *out;
	return st == DLB_OK ? dlb_restore_note_set(l, &note, err) : st;
}

/* Whoever takes the home later is not to find them. */
static enum dlb_status
drop_shares(struct dlb_node *n, const struct dlb_restoring *r,
	struct dlb_release *release, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < r->n; i++) {
		struct dlb_in_letter letter;

		if (r->pieces[i].number == 0)
			continue;
		st = dlb_in_get(
			n->letterbox, &letter, r->pieces[i].number, err);
		if (st == DLB_OK)
			st = dlb_release_in(release, &letter);
		if (st == DLB_OK)
			st = dlb_in_delete(
				n->letterbox, r->pieces[i].number, err);
		dlb_wipe(&letter, sizeof(letter));
	}
	return st;
}

enum dlb_status
dlb_node_restore(struct dlb_node *n, struct dlb_restoring *r,
	struct dlb_restored *out, struct dlb_error *err)
{
	struct dlb_release release = {.n = n};
	enum dlb_status st = dlb_letterbox_commit(n->letterbox, err);

	if (st == DLB_OK) {
		st = dlb_restoring_apply(r, n->letterbox, out, err);
		if (st == DLB_OK)
			st = drop_shares(n, r, &release, err);
		if (st == DLB_OK)
			st = dlb_release_commit(&release, err);
		if (st != DLB_OK
			&& dlb_letterbox_rollback(n->letterbox, NULL)
				!= DLB_OK) {
			/* What was not committed is gone with the process. */
		}
	}
	dlb_release_free(&release);
	/* Those of the time of waiting are destroyed; if not now, then by the next
	 * opening. */
	return st == DLB_OK ? dlb_node_look_at_clock(n, err) : st;
}
