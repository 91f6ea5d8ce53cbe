/*
 * The things that a backup holds, put into a letterbox that is its owner's again.
 *
 * What is there already stays, as it may be newer; what has another's name gets a number.
 * What is not sound is counted and passed over: it must not keep the rest away.
 */
#include "backup_internal.h"
#include "correspondents_internal.h"

#include <string.h>

/* A home has room for so many of one name. */
#define NAMES_MAX 1000

/* ---- people ------------------------------------------------------------------------------ */

static enum dlb_status
settle_person(struct dlb_letterbox *l, struct dlb_correspondent *who,
	const struct dlb_backup_item *p, const char *name,
	struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	if (strcmp(who->name, name) != 0)
		s = dlb_correspondent_rename(l, who->id, name, err);
	/* Another one has the name here: it says enough that both are kept. */
	if (s == DLB_EXISTS)
		s = DLB_OK;
	if (s == DLB_OK && (p->flags & DLB_BACKUP_VERIFIED))
		s = dlb_correspondent_verify(l, who->id, true, err);
	if (s == DLB_OK && (p->flags & DLB_BACKUP_NO_RECEIPTS))
		s = dlb_correspondent_receipts(l, who->id, false, err);
	return s;
}

/* The name that the owner gave, else that with a number. */
static enum dlb_status
add_person(struct dlb_letterbox *l, const struct dlb_backup_item *p,
	struct dlb_restored *out, struct dlb_error *err)
{
	char clean[DLB_NAME_TEXT_MAX + 1], name[DLB_NAME_TEXT_MAX + 1];
	struct dlb_correspondent who;
	struct dlb_card card;
	enum dlb_status s;

	if (dlb_card_parse(&card, p->bytes, p->len, NULL) != DLB_OK) {
		out->refused++;
		return DLB_OK;
	}
	dlb_name_clean(clean, p->name);
	memcpy(name, clean, sizeof(name));
	s = dlb_correspondent_add(l, &who, &card, name, err);
	for (unsigned n = 2; s == DLB_EXISTS && n < NAMES_MAX; n++) {
		memcpy(name, clean, sizeof(name));
		dlb_name_number(name, n);
		s = dlb_correspondent_add(l, &who, &card, name, err);
	}
	if (s == DLB_OK)
		s = settle_person(l, &who, p, clean, err);
	out->counts.people += s == DLB_OK;
	return s;
}

/* ---- boxes --------------------------------------------------------------------------------- */

static bool
is_known(void *ctx, const struct dlb_box *box)
{
	const struct dlb_box **known = ctx;

	if (memcmp((*known)->root, box->root, sizeof(box->root)) != 0)
		return true;
	*known = NULL;
	return false;
}

static enum dlb_status
add_box(struct dlb_letterbox *l, const struct dlb_backup_item *item,
	struct dlb_restored *out, struct dlb_error *err)
{
	struct dlb_box box = item->box;
	const struct dlb_box *known = &box;
	char clean[DLB_NAME_TEXT_MAX + 1];
	enum dlb_status s = dlb_box_each(l, is_known, &known, err);

	if (s != DLB_OK || !known)
		goto out;
	dlb_name_clean(clean, item->name);
	memcpy(box.name, clean, sizeof(clean));
	s = dlb_box_save(l, &box, err);
	for (unsigned n = 2; s == DLB_EXISTS && n < NAMES_MAX; n++) {
		memcpy(box.name, clean, sizeof(clean));
		dlb_name_number(box.name, n);
		s = dlb_box_save(l, &box, err);
	}
	out->counts.boxes += s == DLB_OK;
out:
	dlb_wipe(&box, sizeof(box));
	return s;
}

/* ---- authors and rosters -------------------------------------------------------------------- */

static enum dlb_status
add_author(struct dlb_letterbox *l, const struct dlb_backup_item *item,
	struct dlb_restored *out, struct dlb_error *err)
{
	struct dlb_author a = {
		.identity = item->identity, .serial = item->number};
	enum dlb_status s;

	memcpy(a.name, item->name, sizeof(a.name));
	memcpy(a.key, item->key, sizeof(a.key));
	s = dlb_author_restore(l, &a, err);
	out->counts.authors += s == DLB_OK;
	/* The home that waited follows as many as can be. */
	if (s == DLB_LIMIT) {
		out->refused++;
		s = DLB_OK;
	}
	return s;
}

/* One that is no roster, or of others' making, is not worth the rest. */
static enum dlb_status
take_roster(struct dlb_letterbox *l, struct dlb_roster_author *a,
	const struct dlb_backup_item *item, struct dlb_restored *out,
	struct dlb_error *err)
{
	enum dlb_status s;

	if (item->len == 0)
		return DLB_OK;
	s = dlb_roster_take(
		l, a, item->bytes, item->len, true, item->name, err);
	switch (s) {
	case DLB_MALFORMED:
	case DLB_UNSUPPORTED:
	case DLB_FORGED:
	case DLB_CLOCK:
	case DLB_REFUSED:
		out->refused++;
		return DLB_OK;
	case DLB_DUPLICATE:
	case DLB_EXPIRED:
		return DLB_OK;
	default:
		return s;
	}
}

static enum dlb_status
add_roster(struct dlb_letterbox *l, const struct dlb_backup_item *item,
	struct dlb_restored *out, struct dlb_error *err)
{
	bool trusted = (item->flags & DLB_BACKUP_TRUSTED) != 0;
	struct dlb_roster_author a;
	enum dlb_status s = DLB_OK;

	if (trusted)
		s = dlb_roster_trust(l, &item->identity, item->name, true, err);
	if (s == DLB_OK)
		s = take_roster(l, &a, item, out, err);
	if (s == DLB_OK)
		s = dlb_roster_author_by_identity(l, &a, &item->identity);
	if (s == DLB_OK)
		s = dlb_roster_set_floor(l, a.id, item->number, err);
	out->counts.rosters += s == DLB_OK;
	/* More than a home holds; or of oneself. */
	if (s == DLB_LIMIT || s == DLB_REFUSED || s == DLB_NOT_FOUND) {
		out->refused++;
		s = DLB_OK;
	}
	return s;
}

static enum dlb_status
add_own_roster(struct dlb_letterbox *l, const struct dlb_backup_item *item,
	struct dlb_restored *out, struct dlb_error *err)
{
	struct dlb_own_roster_kept kept = {.last = item->bytes,
		.last_len = item->len,
		.entries = item->changed ? item->entries : NULL,
		.entries_len = item->entries_len,
		.sent = {.number = item->sent, .issued_ms = item->sent_ms}};
	enum dlb_status s = dlb_own_roster_restore(l, &kept, err);

	out->counts.own_rosters += s == DLB_OK;
	if (s == DLB_MALFORMED) {
		out->refused++;
		s = DLB_OK;
	}
	return s;
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum dlb_status
add_item(struct dlb_letterbox *l, const struct dlb_backup_item *item,
	struct dlb_restored *out, struct dlb_error *err)
{
	switch (item->kind) {
	case DLB_BACKUP_PERSON:
		return add_person(l, item, out, err);
	case DLB_BACKUP_BOX:
		return add_box(l, item, out, err);
	case DLB_BACKUP_AUTHOR:
		return add_author(l, item, out, err);
	case DLB_BACKUP_ROSTER:
		return add_roster(l, item, out, err);
	case DLB_BACKUP_OWN_ROSTER:
		return add_own_roster(l, item, out, err);
	default:
		out->unknown++;
		return DLB_OK;
	}
}

/* Authors when all people are here, who may have their cards. */
static enum dlb_status
add_items(struct dlb_letterbox *l, struct dlb_backup_walk *w, bool authors,
	struct dlb_restored *out, struct dlb_error *err)
{
	struct dlb_backup_item item;
	enum dlb_status s = DLB_OK;

	do {
		if (!dlb_backup_next(w, &item))
			s = dlb_fail(err, DLB_MALFORMED, "not a backup");
		else if (item.kind != DLB_BACKUP_END
			&& (item.kind == DLB_BACKUP_AUTHOR) == authors)
			s = add_item(l, &item, out, err);
	} while (s == DLB_OK && item.kind != DLB_BACKUP_END);
	dlb_backup_item_clear(&item);
	return s;
}

enum dlb_status
dlb_restore_items(struct dlb_letterbox *l, struct dlb_backup_walk *w,
	struct dlb_restored *out, struct dlb_error *err)
{
	struct dlb_backup_walk again = *w;
	enum dlb_status s = add_items(l, w, false, out, err);

	return s == DLB_OK ? add_items(l, &again, true, out, err) : s;
}
