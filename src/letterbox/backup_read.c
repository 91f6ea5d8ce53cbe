/*
 * What a backup holds: read. docs/letterbox.md, "What a backup holds".
 *
 * Both versions are walked through item by item, so that who restores need not know
 * which one it is. What is of no known kind is passed over: a newer program wrote it.
 */
#include "backup_internal.h"
#include "briefing.h"

#include <string.h>

#define VERSION_MAX 2

/* ---- parts ----------------------------------------------------------------------------- */

static bool
read_text(struct dlb_reader *r, char *out, size_t cap)
{
	size_t len = dlb_read_u8(r);

	memset(out, 0, cap);
	if (len >= cap)
		return false;
	dlb_read_bytes(r, out, len);
	return !r->failed && strlen(out) == len;
}

static bool
read_name(struct dlb_reader *r, char out[static DLB_NAME_TEXT_MAX + 1])
{
	return read_text(r, out, DLB_NAME_TEXT_MAX + 1) && dlb_name_valid(out);
}

static void
read_identity(struct dlb_reader *r, struct dlb_identity *out)
{
	dlb_read_bytes(r, out->sign, sizeof(out->sign));
	dlb_read_bytes(r, out->agree, sizeof(out->agree));
}

static bool
read_person(struct dlb_reader *r, struct dlb_backup_item *out)
{
	bool ok = read_name(r, out->name);

	out->flags = dlb_read_u8(r);
	out->len = dlb_read_u16(r);
	out->bytes = dlb_read_view(r, out->len);
	return ok && !r->failed && out->len > 0 && out->len <= DLB_CARD_LEN_MAX
		&& !(out->flags
			& ~(DLB_BACKUP_VERIFIED | DLB_BACKUP_NO_RECEIPTS));
}

static bool
read_box(struct dlb_reader *r, struct dlb_backup_item *out, bool has_place)
{
	bool ok = read_name(r, out->name);

	memcpy(out->box.name, out->name, sizeof(out->name));
	dlb_read_bytes(r, out->box.root, sizeof(out->box.root));
	if (has_place)
		ok = read_text(r, out->box.place, sizeof(out->box.place)) && ok
			&& dlb_briefing_text_valid(
				out->box.place, DLB_BOX_PLACE_MAX);
	return ok && !r->failed;
}

static bool
read_author(struct dlb_reader *r, struct dlb_backup_item *out)
{
	bool ok = read_name(r, out->name);

	read_identity(r, &out->identity);
	out->number = dlb_read_u64(r);
	dlb_read_bytes(r, out->key, sizeof(out->key));
	return ok && !r->failed && out->number <= INT64_MAX;
}

static bool
read_roster(struct dlb_reader *r, struct dlb_backup_item *out)
{
	bool ok = read_name(r, out->name);

	read_identity(r, &out->identity);
	out->flags = dlb_read_u8(r);
	out->number = dlb_read_u64(r);
	out->len = dlb_read_u32(r);
	out->bytes = dlb_read_view(r, out->len);
	return ok && !r->failed && !(out->flags & ~DLB_BACKUP_TRUSTED)
		&& out->number <= INT64_MAX && out->len <= DLB_ROSTER_FILE_MAX;
}

static bool
read_own_roster(struct dlb_reader *r, struct dlb_backup_item *out)
{
	uint8_t changed = dlb_read_u8(r);
	uint64_t sent_s;

	out->sent = dlb_read_u64(r);
	sent_s = dlb_read_u64(r);
	out->len = dlb_read_u32(r);
	out->bytes = dlb_read_view(r, out->len);
	if (r->failed || changed > 1 || out->sent > INT64_MAX
		|| sent_s >= 1ULL << 40 || out->len > DLB_ROSTER_FILE_MAX)
		return false;
	out->changed = changed;
	out->sent_ms = (int64_t)sent_s * 1000;
	out->entries_len = changed ? dlb_reader_left(r) : 0;
	out->entries = dlb_read_view(r, out->entries_len);
	return !r->failed;
}

/* ---- one after the other ----------------------------------------------------------------- */

static bool
end(struct dlb_backup_walk *w, struct dlb_backup_item *out)
{
	out->kind = DLB_BACKUP_END;
	dlb_read_zeros(&w->r, dlb_reader_left(&w->r));
	return dlb_reader_done(&w->r);
}

static bool
next_1(struct dlb_backup_walk *w, struct dlb_backup_item *out)
{
	if (w->left == 0 && w->phase == 0) {
		w->phase = 1;
		w->left = dlb_read_u16(&w->r);
	}
	if (w->r.failed)
		return false;
	if (w->left == 0)
		return end(w, out);
	w->left--;
	out->kind = w->phase == 0 ? DLB_BACKUP_PERSON : DLB_BACKUP_BOX;
	return w->phase == 0 ? read_person(&w->r, out)
			     : read_box(&w->r, out, false);
}

static bool
read_body(struct dlb_reader *r, struct dlb_backup_item *out)
{
	switch (out->kind) {
	case DLB_BACKUP_PERSON:
		return read_person(r, out);
	case DLB_BACKUP_BOX:
		return read_box(r, out, true);
	case DLB_BACKUP_AUTHOR:
		return read_author(r, out);
	case DLB_BACKUP_ROSTER:
		return read_roster(r, out);
	case DLB_BACKUP_OWN_ROSTER:
		return read_own_roster(r, out);
	default:
		out->kind = DLB_BACKUP_UNKNOWN;
		dlb_read_view(r, dlb_reader_left(r));
		return true;
	}
}

static bool
next_2(struct dlb_backup_walk *w, struct dlb_backup_item *out)
{
	struct dlb_reader body;
	const uint8_t *view;
	uint8_t kind;
	uint32_t len;

	kind = dlb_read_u8(&w->r);
	if (w->r.failed)
		return false;
	if (kind == DLB_BACKUP_END)
		return end(w, out);
	len = dlb_read_u32(&w->r);
	view = dlb_read_view(&w->r, len);
	if (w->r.failed)
		return false;
	dlb_reader_init(&body, view, len);
	out->kind = (enum dlb_backup_kind)kind;
	return read_body(&body, out) && dlb_reader_done(&body);
}

bool
dlb_backup_next(struct dlb_backup_walk *w, struct dlb_backup_item *out)
{
	memset(out, 0, sizeof(*out));
	return w->version == 1 ? next_1(w, out) : next_2(w, out);
}

void
dlb_backup_item_clear(struct dlb_backup_item *item)
{
	dlb_wipe(item, sizeof(*item));
}

static bool
read_own(struct dlb_backup_walk *w, struct dlb_backup_info *out,
	uint8_t secret[static 64])
{
	struct dlb_reader *r = &w->r;
	uint8_t sk[64];
	bool ok;

	dlb_read_bytes(r, secret, 64);
	ok = read_text(r, out->name, sizeof(out->name))
		&& dlb_text_printable(out->name, strlen(out->name));
	out->serial = dlb_read_u64(r);
	out->last_month = dlb_read_u16(r);
	if (w->version == 1)
		w->left = dlb_read_u16(r);
	dlb_ed25519_keypair(out->identity.sign, sk, secret);
	dlb_x25519_public(out->identity.agree, secret + 32);
	dlb_wipe(sk, sizeof(sk));
	return ok && !r->failed;
}

enum dlb_status
dlb_backup_begin(struct dlb_backup_walk *w, struct dlb_backup_info *out,
	uint8_t secret[static 64], const uint8_t *content, size_t len,
	struct dlb_error *err)
{
	memset(out, 0, sizeof(*out));
	memset(w, 0, sizeof(*w));
	dlb_reader_init(&w->r, content, len);
	w->version = dlb_read_u8(&w->r);
	if (!w->r.failed && w->version > VERSION_MAX)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"this backup was made by a newer program: use that one");
	if (w->version == 0 || !read_own(w, out, secret)) {
		dlb_wipe(secret, 64);
		return dlb_fail(err, DLB_MALFORMED, "not a backup");
	}
	return DLB_OK;
}

/* ---- what there is ------------------------------------------------------------------------ */

static bool
count(struct dlb_backup_info *info, const struct dlb_backup_item *item)
{
	struct dlb_backup_counts *c = &info->counts;

	switch (item->kind) {
	case DLB_BACKUP_PERSON:
		return ++c->people <= DLB_BACKUP_ITEMS_MAX;
	case DLB_BACKUP_BOX:
		return ++c->boxes <= DLB_BACKUP_ITEMS_MAX;
	case DLB_BACKUP_AUTHOR:
		return ++c->authors <= DLB_BACKUP_ITEMS_MAX;
	case DLB_BACKUP_ROSTER:
		return ++c->rosters <= DLB_BACKUP_ITEMS_MAX;
	case DLB_BACKUP_OWN_ROSTER:
		return ++c->own_rosters <= 1;
	default:
		return ++info->unknown <= DLB_BACKUP_ITEMS_MAX;
	}
}

enum dlb_status
dlb_backup_look(struct dlb_backup_info *out, const uint8_t *content, size_t len,
	struct dlb_error *err)
{
	struct dlb_backup_walk w;
	struct dlb_backup_item item;
	uint8_t secret[64];
	bool ok = true;
	enum dlb_status s =
		dlb_backup_begin(&w, out, secret, content, len, err);

	dlb_wipe(secret, sizeof(secret));
	if (s == DLB_OK) {
		while ((ok = dlb_backup_next(&w, &item))
			&& item.kind != DLB_BACKUP_END && count(out, &item))
			continue;
		ok = ok && item.kind == DLB_BACKUP_END;
		dlb_backup_item_clear(&item);
	}
	if (s == DLB_OK && !ok)
		s = dlb_fail(err, DLB_MALFORMED, "not a backup");
	if (s != DLB_OK)
		memset(out, 0, sizeof(*out));
	return s;
}
