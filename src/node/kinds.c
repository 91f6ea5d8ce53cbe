/*
 * kinds: letters that nodes write to each other; see kinds.h.
 *
 * Their content is one file whose name says the kind: a program that does not know it
 * shows a letter with that file.
 */
#include "kinds.h"

#include "backup.h"
#include "pack.h"

#include <string.h>

static const struct dlb_kind_handler handlers[] = {
	{DLB_KIND_RECEIPT, dlb_receipt_take},
	{DLB_KIND_BACKUP_SHARE, dlb_backup_take},
	{DLB_KIND_BRIEFING, dlb_briefing_take},
};

/* ---- out ------------------------------------------------------------------------------ */

static const char *
file_name(uint8_t kind)
{
	switch (kind) {
	case DLB_KIND_CARD:
		return "card";
	case DLB_KIND_BRIEFING:
		return "briefing";
	case DLB_KIND_ROSTER:
		return "roster";
	case DLB_KIND_BACKUP_SHARE:
		return "share of a backup";
	case DLB_KIND_BULLETIN:
		return "bulletin";
	default:
		return "content";
	}
}

static enum dlb_status
make_content(struct dlb_buf *content, const struct dlb_kind_out *out,
	struct dlb_error *err)
{
	struct dlb_manifest_fields fields = {.kind = out->kind,
		.codec = DLB_CODEC_NONE,
		.receipt_wanted = out->receipt_wanted};
	struct dlb_manifest_file file = {.type = DLB_FILE_REGULAR,
		.mode = 0600,
		.size = out->len,
		.path = file_name(out->kind)};
	enum dlb_status st;

	if (out->len > DLB_KIND_CONTENT_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%zu bytes are more than a letter between nodes may "
			"hold (%u)",
			out->len, DLB_KIND_CONTENT_MAX);
	file.path_len = (uint16_t)strlen(file.path);
	st = dlb_manifest_begin(content, &fields);
	if (st == DLB_OK)
		st = dlb_manifest_add(content, &file, err);
	if (st == DLB_OK)
		st = dlb_manifest_end(content);
	if (st == DLB_OK && out->len > 0)
		st = dlb_buf_append(content, out->content, out->len);
	return st == DLB_OK ? st : dlb_fail(err, st, "out of memory");
}

static enum dlb_status
seal_cells(struct dlb_sealer *sealer, struct dlb_sealing *l,
	const struct dlb_buf *content, struct dlb_error *err)
{
	size_t at = l->stripe.inline_len;
	enum dlb_status st = DLB_OK;

	for (uint32_t i = 1; st == DLB_OK && i < l->stripe.cells; i++) {
		size_t part = content->len - at;

		if (part > DLB_BULK_CONTENT_LEN)
			part = DLB_BULK_CONTENT_LEN;
		if (part > 0)
			memcpy(dlb_sealer_content(sealer), content->data + at,
				part);
		at += part;
		st = dlb_sealer_add(sealer, l, i, part, err);
	}
	if (st == DLB_OK)
		st = dlb_buf_append(
			&l->head, content->data, l->stripe.inline_len);
	l->whole = true;
	if (st == DLB_OK)
		st = dlb_sealer_add(sealer, l, 0, l->head.len, err);
	return st == DLB_OK ? dlb_sealer_flush(sealer, err) : st;
}

enum dlb_status
dlb_kind_store(struct dlb_node *n, struct dlb_sealing *l,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	const struct dlb_buf *content, struct dlb_error *err)
{
	struct dlb_sealer *sealer = NULL;
	enum dlb_status st;

	l->stripe.content_len = l->stripe.stripe_len = content->len;
	st = dlb_stripe_layout(&l->stripe, from->card_len);
	if (st != DLB_OK || l->stripe.cells > DLB_MEETING_OWN_CELLS)
		return dlb_fail(err, DLB_LIMIT,
			"this is too long for a letter between nodes");
	if (l->stripe.cells > dlb_satchel_room_held(n->satchel))
		return dlb_fail(err, DLB_NO_SPACE,
			"the home satchel has no room for it: delete letters "
			"(dlb outbox, dlb delete N), or make the satchel "
			"larger (dlb satchel --size SIZE)");
	st = dlb_sealer_new(&sealer, n, to, from, DLB_HELD | DLB_OWN, err);
	if (st == DLB_OK)
		st = seal_cells(sealer, l, content, err);
	if (st == DLB_OK)
		st = dlb_sealing_note(l, n, err);
	if (st != DLB_OK && sealer && dlb_sealer_undo(sealer, NULL) != DLB_OK) {
		/* The mark stays: the next opening looks for what is left. */
	}
	dlb_sealer_free(sealer);
	return st;
}

enum dlb_status
dlb_kind_seal(struct dlb_node *n, const struct dlb_kind_out *out,
	const struct dlb_buf *content, int64_t *number, struct dlb_error *err)
{
	struct dlb_sealing *l = dlb_sealing_new(n);
	struct dlb_seal_from from;
	struct dlb_seal_to to;
	enum dlb_status st;

	if (!l)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	l->row.to = out->to;
	l->row.kind = out->kind;
	l->row.receipt_wanted = out->receipt_wanted;
	st = dlb_correspondent_seal_keys(
		n->letterbox, out->to, n->clock.now_ms, false, &to, &from, err);
	if (st == DLB_OK)
		st = dlb_kind_store(n, l, &to, &from, content, err);
	if (st == DLB_OK && from.card_len)
		st = dlb_correspondent_mark(
			n->letterbox, out->to, false, true, err);
	if (st == DLB_OK && number)
		*number = l->row.number;
	dlb_wipe(&from, sizeof(from));
	dlb_sealing_free(l);
	return st;
}

enum dlb_status
dlb_kind_begin(struct dlb_node *n, struct dlb_error *err)
{
	enum dlb_status st = dlb_clock_doubt(&n->clock, err);

	if (st == DLB_OK)
		st = dlb_node_doubt_holds(n, true, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

enum dlb_status
dlb_kind_add(struct dlb_node *n, const struct dlb_kind_out *out,
	int64_t *number, struct dlb_error *err)
{
	struct dlb_kind_out o = *out;
	struct dlb_buf content = {0};
	struct dlb_correspondent who;
	enum dlb_status st = dlb_correspondent_by_id(n->letterbox, &who, o.to);

	if (st != DLB_OK)
		return dlb_fail(err, st, "there is no such correspondent");
	o.receipt_wanted = o.receipt_wanted && who.receipts;
	st = make_content(&content, &o, err);
	if (st == DLB_OK)
		st = dlb_kind_seal(n, &o, &content, number, err);
	if (content.data)
		dlb_wipe(content.data, content.len);
	dlb_buf_free(&content);
	return st;
}

enum dlb_status
dlb_kind_commit(struct dlb_node *n, struct dlb_error *err)
{
	enum dlb_status st = dlb_node_doubt_holds(n, false, err);

	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

void
dlb_kind_undo(struct dlb_node *n)
{
	int64_t doubt = 0;

	if (dlb_letterbox_rollback(n->letterbox, NULL) == DLB_OK
		&& dlb_setting_get_int(n->letterbox, DLB_SET_HOLDS, &doubt)
			== DLB_OK
		&& doubt && dlb_node_drop_orphans(n, NULL) != DLB_OK) {
		/* The mark stays: the next opening looks for what is left. */
	}
}

enum dlb_status
dlb_kind_send(struct dlb_node *n, const struct dlb_kind_out *out,
	int64_t *number, struct dlb_error *err)
{
	enum dlb_status st = dlb_kind_begin(n, err);

	if (st == DLB_OK)
		st = dlb_kind_add(n, out, number, err);
	if (st == DLB_OK)
		st = dlb_kind_commit(n, err);
	if (st != DLB_OK)
		dlb_kind_undo(n);
	return st;
}

/* ---- in --------------------------------------------------------------------------------- */

struct feeding {
	struct dlb_unpack *u;
	bool list_only;
	enum dlb_status st;
};

static bool
feed(void *ctx, const uint8_t *data, size_t len, struct dlb_error *err)
{
	struct feeding *f = ctx;

	f->st = dlb_unpack_write(f->u, data, len, err);
	return f->st == DLB_OK && !(f->list_only && dlb_unpack_manifest(f->u));
}

/* The manifest alone (content NULL), or a lone file's bytes too. */
static enum dlb_status
unpack(struct dlb_node *n, const struct dlb_in_letter *letter,
	struct feeding *f, struct dlb_buf *content)
{
	struct dlb_unpack_options uo = {.fd = -1,
		.describe_only = content == NULL,
		.text = content,
		.content_len = letter->stripe.content_len};
	enum dlb_status st = dlb_unpack_open(&f->u, &uo, NULL);

	f->list_only = content == NULL;
	f->st = DLB_OK;
	if (st == DLB_OK)
		st = dlb_node_content(n, letter, 0, feed, f, NULL, NULL);
	if (st == DLB_OK)
		st = f->st;
	if (st == DLB_OK && !dlb_unpack_manifest(f->u))
		st = DLB_MALFORMED;
	return st == DLB_OK && content ? dlb_unpack_complete(f->u, NULL) : st;
}

/* Is there a content at all, and may it be that long? */
static enum dlb_status
look_at_list(const struct dlb_manifest *m, bool *has_content)
{
	struct dlb_manifest_file f;
	size_t at = 0;

	*has_content = m->files_n > 0;
	if (m->files_n == 0)
		return DLB_OK;
	if (m->files_n > 1 || !dlb_manifest_next(m, &at, &f)
		|| f.type != DLB_FILE_REGULAR)
		return DLB_MALFORMED;
	return f.size <= DLB_KIND_CONTENT_MAX ? DLB_OK : DLB_LIMIT;
}

enum dlb_status
dlb_kind_content(struct dlb_node *n, const struct dlb_in_letter *letter,
	struct dlb_buf *out, struct dlb_error *err)
{
	struct feeding list = {.u = NULL}, whole = {.u = NULL};
	bool has_content = false;
	enum dlb_status st = unpack(n, letter, &list, NULL);

	if (st == DLB_OK)
		st = look_at_list(dlb_unpack_manifest(list.u), &has_content);
	if (st == DLB_OK && has_content)
		st = unpack(n, letter, &whole, out);
	dlb_unpack_close(list.u);
	dlb_unpack_close(whole.u);
	return st == DLB_OK ? st
			    : dlb_fail(err, st, "a letter can not be read");
}

struct taking {
	struct dlb_node *n;
	struct dlb_release release;
	enum dlb_status st;
	struct dlb_error *err;
};

static enum dlb_status
keep(struct taking *t, const struct dlb_in_letter *letter)
{
	struct dlb_in_letter kept = *letter;
	enum dlb_status st;

	kept.state = DLB_IN_READ;
	st = dlb_in_update(t->n->letterbox, &kept, t->err);
	dlb_wipe(&kept, sizeof(kept));
	return st;
}

static enum dlb_status
settle(struct taking *t, const struct dlb_kind_in *in)
{
	struct dlb_letterbox *l = t->n->letterbox;
	const struct dlb_in_letter *letter = in->letter;
	enum dlb_status st = DLB_OK;

	if (in->verdict == DLB_KIND_LATER)
		return DLB_OK;
	if (letter->kind != DLB_KIND_RECEIPT)
		st = dlb_receipt_owe(l, letter, t->err);
	if (st == DLB_OK && in->verdict == DLB_KIND_KEEP)
		return keep(t, letter);
	if (st == DLB_OK && in->verdict == DLB_KIND_SHOW)
		return dlb_in_show(l, letter->number, in->summary, t->err);
	if (st == DLB_OK)
		st = dlb_release_in(&t->release, letter);
	return st == DLB_OK ? dlb_in_delete(l, letter->number, t->err) : st;
}

static enum dlb_status
take(struct taking *t, const struct dlb_kind_handler *handler,
	const struct dlb_in_letter *letter)
{
	struct dlb_kind_in in = {.n = t->n,
		.letter = letter,
		.release = &t->release,
		.verdict = DLB_KIND_FORGET};
	struct feeding list = {.u = NULL}, whole = {.u = NULL};
	struct dlb_buf content = {0};
	bool has_content = false;
	enum dlb_status st;

	in.st = unpack(t->n, letter, &list, NULL);
	if (in.st == DLB_OK)
		in.st = look_at_list(dlb_unpack_manifest(list.u), &has_content);
	if (in.st == DLB_OK && has_content)
		in.st = unpack(t->n, letter, &whole, &content);
	if (in.st == DLB_OK) {
		in.fields = &dlb_unpack_manifest(list.u)->fields;
		in.content = content.data;
		in.len = content.len;
	}
	memcpy(in.summary, letter->summary, sizeof(in.summary));
	st = handler->take(&in, t->err);
	if (st == DLB_OK)
		st = settle(t, &in);
	dlb_unpack_close(list.u);
	dlb_unpack_close(whole.u);
	if (content.data)
		dlb_wipe(content.data, content.cap);
	dlb_buf_free(&content);
	return st;
}

static bool
take_one(void *ctx, const struct dlb_in_letter *letter)
{
	struct taking *t = ctx;

	/* Bulletins have their own (node_bulletins.h). */
	if (letter->from < 0)
		return true;
	/* A whole sealing of what is not whole takes its place first (resent.c). */
	if (letter->state != DLB_IN_UNREAD || letter->again_of
		|| letter->stripe_of || letter->shown)
		return true;
	for (size_t i = 0; i < DLB_ARRAY_LEN(handlers); i++)
		if (handlers[i].kind == letter->kind)
			t->st = take(t, &handlers[i], letter);
	return t->st == DLB_OK;
}

static enum dlb_status
take_all(struct dlb_node *n, struct dlb_error *err)
{
	struct taking t = {.n = n, .release = {.n = n}, .err = err};
	enum dlb_status st = dlb_in_kinds(n->letterbox, take_one, &t, err);

	if (st == DLB_OK)
		st = t.st;
	if (st == DLB_OK)
		st = t.release.len > 0
			? dlb_release_commit(&t.release, err)
			: dlb_letterbox_commit(n->letterbox, err);
	dlb_release_free(&t.release);
	return st;
}

enum dlb_status
dlb_node_kinds(struct dlb_node *n, struct dlb_error *err)
{
	enum dlb_status st = take_all(n, err);

	/* Receipts may have come for shares of a backup. */
	if (st == DLB_OK)
		st = dlb_backup_note_renew(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	/* A clock that is not believed would date them wrongly. */
	return st == DLB_OK && n->clock.trusted_week
		? dlb_receipts_write(n, err)
		: st;
}
