/*
 * Posting a bulletin: signing it, and sealing it to whoever has the author's card.
 *
 * The head is signed with a hash of its own sealing (what it says of the stripe, the
 * cores of all other cells, all of the content in it), so that a follower, who has all of
 * its keys, can put no other cell in the place of one. For that the other cells are sealed twice: they are
 * the same each time but for the box tag.
 */
#include "following.h"
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

struct posting {
	struct dlb_node *n;
	const struct dlb_bulletin_out *out;
	struct dlb_bulletin b;
	struct dlb_sealing *l;
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_buf card, content;
	struct dlb_bulletin_reader reader;
	uint8_t handle[DLB_HANDLE_LEN];
	size_t head_at; /* within content */
};

/* The manifest, of a lone file that has so many bytes. */
static enum dlb_status
begin_content(struct posting *p, uint64_t len, struct dlb_error *err)
{
	struct dlb_manifest_fields fields = {
		.kind = DLB_KIND_BULLETIN, .codec = DLB_CODEC_NONE};
	struct dlb_manifest_file file = {.type = DLB_FILE_REGULAR,
		.mode = 0600,
		.size = len,
		.path = "bulletin",
		.path_len = sizeof("bulletin") - 1};
	enum dlb_status st;

	p->content.len = 0;
	st = dlb_manifest_begin(&p->content, &fields);
	if (st == DLB_OK)
		st = dlb_manifest_add(&p->content, &file, err);
	if (st == DLB_OK)
		st = dlb_manifest_end(&p->content);
	return st == DLB_OK ? st : dlb_fail(err, st, "out of memory");
}

/* Each other cell takes room for its core, which may take one more. */
static enum dlb_status
lay_out(struct posting *p, struct dlb_error *err)
{
	struct dlb_stripe *t = &p->l->stripe;
	uint32_t cells = 1;

	for (;;) {
		uint64_t len = DLB_BULLETIN_HEAD_LEN
			+ (uint64_t)(cells - 1) * DLB_HASH_LEN + p->b.title_len
			+ p->b.name_len + p->b.body_len;
		enum dlb_status st = begin_content(p, len, err);

		if (st != DLB_OK)
			return st;
		t->content_len = t->stripe_len = p->content.len + len;
		if (dlb_stripe_layout(t, p->from.card_len) != DLB_OK
			|| t->cells > DLB_BULLETIN_CELLS_MAX)
			return dlb_fail(err, DLB_LIMIT,
				"this is too long for a bulletin");
		if (t->cells <= cells)
			break;
		cells = t->cells;
	}
	if (t->cells != cells)
		return dlb_fail(
			err, DLB_LIMIT, "this is too long for a bulletin");
	p->head_at = p->content.len;
	return DLB_OK;
}

static enum dlb_status
fill_content(struct posting *p, struct dlb_error *err)
{
	static const uint8_t zeros[DLB_BULLETIN_HEAD_LEN
		+ DLB_BULLETIN_CELLS_MAX * DLB_HASH_LEN];
	size_t head = DLB_BULLETIN_HEAD_LEN
		+ (size_t)(p->l->stripe.cells - 1) * DLB_HASH_LEN;

	if (dlb_buf_append(&p->content, zeros, head) != DLB_OK
		|| dlb_buf_append(&p->content, p->out->title, p->b.title_len)
			!= DLB_OK
		|| dlb_buf_append(&p->content, p->out->name, p->b.name_len)
			!= DLB_OK
		|| (p->out->len > 0
			&& dlb_buf_append(
				   &p->content, p->out->body, p->out->len)
				!= DLB_OK))
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return DLB_OK;
}

/* Cores, then the signature over their hash. */
static void
sign(struct posting *p)
{
	struct dlb_node *n = p->n;
	const struct dlb_stripe *t = &p->l->stripe;
	uint8_t *head = p->content.data + p->head_at;
	uint8_t *cores = head + DLB_BULLETIN_HEAD_LEN, pk[32], sk[64];

	for (uint32_t i = 1; i < t->cells; i++) {
		uint64_t offset;
		size_t len;

		dlb_stripe_range(t, i, &offset, &len);
		dlb_bulletin_core(cores + (size_t)(i - 1) * DLB_HASH_LEN,
			dlb_node_cell(n, 0), n->aead[0], t, i,
			len ? p->content.data + offset : NULL, len);
	}
	dlb_bulletin_sealing(p->b.sealing, t, p->content.data, p->head_at,
		cores, t->inline_len - p->head_at - DLB_BULLETIN_HEAD_LEN);
	dlb_ed25519_keypair(
		pk, sk, dlb_letterbox_secret(n->letterbox)->sign_seed);
	dlb_bulletin_sign(head, &p->b, sk);
	dlb_wipe(sk, sizeof(sk));
}

/* To whom, from whom, and at which handle. */
static enum dlb_status
prepare(struct posting *p, struct dlb_error *err)
{
	struct dlb_letterbox *l = p->n->letterbox;
	const struct dlb_identity *me = dlb_letterbox_identity(l);
	uint8_t key[DLB_KEY_LEN];
	enum dlb_status st;

	p->b.kind = p->out->kind;
	p->b.author = *me;
	p->b.posted_ms = p->n->clock.now_ms;
	memcpy(p->b.id, p->l->stripe.letter_id, sizeof(p->b.id));
	st = dlb_bulletin_describe(&p->b, p->out->title, p->out->name,
		p->out->body, p->out->len, err);
	if (st == DLB_OK)
		st = dlb_bulletin_take_slot(
			l, p->b.posted_ms, &p->b.day, &p->b.slot, err);
	/* A revocation does not wait for a day that has room. */
	if (st == DLB_LIMIT && p->out->kind == DLB_KIND_ROSTER)
		st = dlb_bulletin_take_slot(l, p->b.posted_ms + DLB_DAY_MS,
			&p->b.day, &p->b.slot, err);
	if (st == DLB_OK)
		st = dlb_letterbox_card(l, false, &p->card, err);
	if (st != DLB_OK)
		return st;
	dlb_letterbox_bulletin_key(l, key);
	dlb_bulletin_reader(&p->reader, key, me);
	dlb_bulletin_handle(p->handle, key, p->b.day, p->b.slot);
	dlb_bulletin_seal_to(&p->to, &p->reader, p->handle);
	p->from.identity = *me;
	p->from.card = p->card.data;
	p->from.card_len = p->card.len;
	if (dlb_x25519(p->from.shared, dlb_letterbox_secret(l)->agree,
		    p->reader.identity.agree)
		!= DLB_OK)
		return dlb_fail(
			err, DLB_FAILED, "one's own keys can not be read");
	return DLB_OK;
}

static enum dlb_status
store(struct posting *p, int64_t *number, struct dlb_error *err)
{
	struct dlb_out_letter *row = &p->l->row;
	enum dlb_status st;

	row->to = DLB_TO_FOLLOWERS;
	row->kind = p->out->kind;
	row->files = 1;
	dlb_printable(row->summary, sizeof(row->summary),
		p->b.title_len ? p->out->title : p->out->name,
		p->b.title_len ? p->b.title_len : p->b.name_len);
	st = dlb_kind_store(p->n, p->l, &p->to, &p->from, &p->content, err);
	if (st == DLB_OK && number)
		*number = row->number;
	return st;
}

enum dlb_status
dlb_bulletin_begin(struct dlb_node *n, struct dlb_error *err)
{
	if (!dlb_letterbox_is_person(n->letterbox))
		return dlb_fail(err, DLB_REFUSED,
			"this home is a courier's and has no identity to sign "
			"with; make one with: dlb init");
	return dlb_kind_begin(n, err);
}

enum dlb_status
dlb_bulletin_post(struct dlb_node *n, const struct dlb_bulletin_out *out,
	int64_t *number, struct dlb_error *err)
{
	struct posting p = {.n = n, .out = out};
	enum dlb_status st;

	p.l = dlb_sealing_new(n);
	st = p.l ? prepare(&p, err)
		 : dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK)
		st = lay_out(&p, err);
	if (st == DLB_OK)
		st = fill_content(&p, err);
	if (st == DLB_OK) {
		sign(&p);
		st = store(&p, number, err);
	}
	if (st == DLB_OK)
		st = dlb_kind_commit(n, err);
	if (st != DLB_OK)
		dlb_kind_undo(n);
	dlb_buf_free(&p.card);
	dlb_buf_free(&p.content);
	dlb_sealing_free(p.l);
	dlb_wipe(&p, sizeof(p));
	return st;
}

enum dlb_status
dlb_node_bulletin_post(struct dlb_node *n, const struct dlb_bulletin_out *out,
	int64_t *number, struct dlb_error *err)
{
	enum dlb_status st = dlb_bulletin_begin(n, err);

	return st == DLB_OK ? dlb_bulletin_post(n, out, number, err) : st;
}
