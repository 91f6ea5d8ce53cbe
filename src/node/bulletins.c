/*
 * bulletins: those that came. A head is believed once its signature is seen to be the
 * author's and to be about this very cell: day and slot of its handle, its stripe, its
 * content, and the cores of all other cells. So a follower, who has every key but that of the
 * signature, can neither put words into an author's mouth nor keep theirs away.
 *
 * Of each author, and of all together, the newest are kept.
 */
#include "bulletins.h"

#include "following.h"
#include "rosters.h"

#include <stdlib.h>
#include <string.h>

static const struct dlb_bulletin_handler handlers[] = {
	{DLB_KIND_ROSTER, dlb_roster_bulletin},
};

static const struct dlb_bulletin_handler *
handler_of(uint8_t kind)
{
	for (size_t i = 0; i < DLB_ARRAY_LEN(handlers); i++)
		if (handlers[i].take && handlers[i].kind == kind)
			return &handlers[i];
	return NULL;
}

/* Is it of this author, of this day and slot, and of the week that the cell says? */
static bool
is_theirs(const struct dlb_bulletin_head *h, const struct dlb_author *a,
	const struct dlb_opened *o, const struct dlb_hit *hit,
	uint16_t expiry_week)
{
	return memcmp(&h->b.author, &a->identity, sizeof(a->identity)) == 0
		&& memcmp(&o->sender, &a->identity, sizeof(a->identity)) == 0
		&& memcmp(h->b.id, o->stripe.letter_id, sizeof(h->b.id)) == 0
		&& h->b.day == hit->day && h->b.slot == hit->slot
		&& dlb_week_of(h->b.posted_ms) + DLB_CELL_LIFETIME_WEEKS
		== expiry_week;
}

/* ---- room ---------------------------------------------------------------------------------- */

enum dlb_status
dlb_bulletin_drop(struct dlb_release *r, const struct dlb_bulletin_row *row,
	struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	enum dlb_status st;

	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_in_get(r->n->letterbox, letter, row->letter, err);
	if (st == DLB_OK)
		st = dlb_release_in(r, letter);
	if (st == DLB_OK)
		st = dlb_in_delete(r->n->letterbox, row->letter, err);
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

struct room {
	struct dlb_node *n;
	struct dlb_wanted *w;
	struct dlb_release release;
	int64_t author, posted_ms;
	uint32_t cells;
};

struct oldest {
	bool there;
	struct dlb_bulletin_row row;
};

static bool
take_first(void *ctx, const struct dlb_bulletin_row *row)
{
	struct oldest *o = ctx;

	o->row = *row;
	o->there = true;
	return false;
}

/* The author's own go first; of all together, the oldest. *who: whose is to go, 0:
 * whoever's it is. False where there is room. */
static bool
is_full(const struct room *r, const struct dlb_bulletin_usage *u, int64_t *who)
{
	struct dlb_satchel_info info;
	uint64_t each_max, all_max;

	dlb_satchel_info(r->n->satchel, &info);
	all_max = info.reserve / DLB_BULLETINS_ALL_PART;
	each_max = info.reserve / DLB_BULLETINS_EACH_PART;
	/* One that is as long as can be is taken where it can be. */
	if (each_max < DLB_BULLETIN_CELLS_MAX)
		each_max = all_max < DLB_BULLETIN_CELLS_MAX
			? all_max
			: DLB_BULLETIN_CELLS_MAX;
	*who = r->author;
	if (u->count >= DLB_BULLETINS_EACH || u->cells + r->cells > each_max)
		return true;
	*who = 0;
	return u->all_cells + r->cells > all_max;
}

/* DLB_FULL where only newer ones could go. */
static enum dlb_status
make_room(struct room *r, struct dlb_error *err)
{
	struct dlb_letterbox *l = r->n->letterbox;
	struct dlb_bulletin_usage u;
	int64_t who;

	for (;;) {
		struct oldest o = {.there = false};
		enum dlb_status st = dlb_bulletin_usage(l, &u, r->author, err);

		if (st == DLB_OK && !is_full(r, &u, &who))
			return DLB_OK;
		if (st == DLB_OK)
			st = dlb_bulletin_each(l, who, take_first, &o, err);
		if (st == DLB_OK
			&& (!o.there || o.row.posted_ms >= r->posted_ms))
			return DLB_FULL;
		if (st == DLB_OK)
			st = dlb_bulletin_drop(&r->release, &o.row, err);
		if (st != DLB_OK)
			return st;
		dlb_wanted_forget(r->w, o.row.letter);
	}
}

/* ---- a head that came ----------------------------------------------------------------------- */

static void
renew_card(struct dlb_node *n, struct dlb_author *a, const struct dlb_opened *o)
{
	struct dlb_correspondent who;

	if (o->card_len == 0)
		return;
	if (dlb_author_renew(n->letterbox, a, o->card, o->card_len, NULL)
		!= DLB_OK) {
		/* The one that is held goes on to serve; also below. */
	}
	if (dlb_correspondent_by_identity(n->letterbox, &who, &a->identity)
			== DLB_OK
		&& dlb_correspondent_renew(
			   n->letterbox, &who, o->card, o->card_len, NULL)
			!= DLB_OK) {
	}
}

static enum dlb_status
add(struct dlb_node *n, struct dlb_wanted *w, const struct dlb_bulletin_head *h,
	struct dlb_in_letter *letter,
	const uint8_t handle[static DLB_HANDLE_LEN], struct dlb_error *err)
{
	struct dlb_bulletin_row row = {.author = -letter->from,
		.day = h->b.day,
		.slot = h->b.slot,
		.kind = h->b.kind,
		.posted_ms = h->b.posted_ms,
		.cells = letter->stripe.cells};
	const char *title = (const char *)h->rest;
	enum dlb_status st;

	dlb_printable(letter->summary, sizeof(letter->summary),
		h->b.title_len ? title : title + h->b.title_len,
		h->b.title_len ? h->b.title_len : h->b.name_len);
	st = dlb_in_add(n->letterbox, letter, err);
	if (st != DLB_OK)
		return st;
	memcpy(row.id, h->b.id, sizeof(row.id));
	row.letter = letter->number;
	st = dlb_bulletin_add(n->letterbox, &row, h->cores, err);
	return st == DLB_OK ? dlb_wanted_letter(w, letter, handle, err) : st;
}

static void
fill_letter(struct dlb_in_letter *letter, const struct dlb_node *n,
	const struct dlb_opened *o, const struct dlb_bulletin_head *h,
	const struct dlb_author *a, const uint8_t name[static DLB_NAME_LEN],
	uint16_t expiry_week)
{
	letter->from = -a->id;
	letter->sender = o->sender;
	memcpy(letter->head_name, name, sizeof(letter->head_name));
	letter->stripe = o->stripe;
	letter->stripe.expiry_week = expiry_week;
	letter->stripe.tag_key = NULL;
	letter->arrived_ms = n->clock.now_ms;
	letter->state = DLB_IN_PARTLY;
	letter->described = true;
	letter->kind = h->b.kind;
	letter->files = 1;
	letter->files_len = h->b.body_len;
	memcpy(letter->box3_key, o->box3_key, sizeof(letter->box3_key));
	letter->box3_offset = o->box3_offset;
	memcpy(letter->transcript, o->transcript, sizeof(letter->transcript));
	letter->opening_id = o->opening_id;
}

enum dlb_status
dlb_bulletin_admit(struct dlb_node *n, struct dlb_wanted *w,
	const struct dlb_opened *o, const struct dlb_hit *hit,
	const uint8_t name[static DLB_NAME_LEN],
	const uint8_t handle[static DLB_HANDLE_LEN], uint16_t expiry_week,
	struct dlb_error *err)
{
	struct room room = {
		.n = n, .w = w, .release = {.n = n}, .cells = o->stripe.cells};
	struct dlb_in_letter *letter;
	struct dlb_author a;
	struct dlb_bulletin_head h;
	enum dlb_status st;

	if (dlb_author_by_id(n->letterbox, &a, hit->author) != DLB_OK
		|| dlb_bulletin_open(&h, &o->stripe, o->content, NULL) != DLB_OK
		|| !is_theirs(&h, &a, o, hit, expiry_week))
		return DLB_OK;
	if (dlb_bulletin_known(n->letterbox, a.id, h.b.id)) {
		dlb_wanted_head(w, name, handle);
		return DLB_OK;
	}
	letter = calloc(1, sizeof(*letter));
	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	renew_card(n, &a, o);
	room.author = a.id;
	room.posted_ms = h.b.posted_ms;
	st = make_room(&room, err);
	if (st == DLB_OK) {
		fill_letter(letter, n, o, &h, &a, name, expiry_week);
		st = add(n, w, &h, letter, handle, err);
	}
	if (st == DLB_FULL)
		st = DLB_OK;
	if (st == DLB_OK && room.release.len > 0)
		st = dlb_release_commit(&room.release, err);
	dlb_release_free(&room.release);
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

/* ---- one that is whole ----------------------------------------------------------------------- */

void
dlb_bulletin_in_free(struct dlb_bulletin_in *in)
{
	dlb_buf_free(&in->bytes);
	memset(in, 0, sizeof(*in));
}

/* Of all cells that have the handle of bulk cell `index`, the one that was signed. */
static enum dlb_status
append_cell(struct dlb_node *n, struct dlb_buf *out, const struct dlb_stripe *t,
	uint32_t index, const uint8_t core[static DLB_HASH_LEN])
{
	uint8_t handle[DLB_HANDLE_LEN], plain[DLB_BULK_CONTENT_LEN];
	uint32_t number = DLB_NO_ENTRY;

	dlb_stripe_handle(handle, t->stripe_key, index);
	while ((number = dlb_satchel_find_handle(n->satchel, handle, number))
		!= DLB_NO_ENTRY) {
		uint8_t *cell = dlb_node_scratch(n, 0);
		uint8_t got[DLB_HASH_LEN], name[DLB_NAME_LEN];
		size_t len;

		if (dlb_satchel_get(n->satchel, number, cell, got, name,
			    n->aead[0], true, NULL)
				== DLB_OK
			&& dlb_equal(got, core, sizeof(got))
			&& dlb_bulk_open(
				   plain, &len, n->aead[0], cell, t, index)
				== DLB_OK)
			return dlb_buf_append(out, plain, len);
	}
	return DLB_PARTLY;
}

/* Head and all that follows, without the cores. */
static enum dlb_status
load(struct dlb_node *n, struct dlb_bulletin_in *in,
	const struct dlb_in_letter *letter)
{
	const uint8_t *cell = dlb_node_head_cell(n, letter, 0);
	struct dlb_opened *o = calloc(1, sizeof(*o));
	struct dlb_bulletin_head h;
	enum dlb_status st = o ? DLB_OK : DLB_NO_MEMORY;

	if (st == DLB_OK
		&& (!cell
			|| dlb_head_reopen(o, n->aead[0], cell,
				   letter->box3_key, letter->box3_offset,
				   letter->transcript, NULL)
				!= DLB_OK))
		st = DLB_PARTLY;
	if (st == DLB_OK
		&& dlb_bulletin_open(&h, &o->stripe, o->content, NULL)
			!= DLB_OK)
		st = DLB_FORGED;
	if (st == DLB_OK)
		st = dlb_buf_append(&in->bytes, h.cores - DLB_BULLETIN_HEAD_LEN,
			DLB_BULLETIN_HEAD_LEN);
	if (st == DLB_OK)
		st = dlb_buf_append(&in->bytes, h.rest, h.rest_len);
	for (uint32_t i = 1; st == DLB_OK && i < letter->stripe.cells; i++)
		st = append_cell(n, &in->bytes, &o->stripe, i,
			h.cores + (size_t)(i - 1) * DLB_HASH_LEN);
	if (o)
		dlb_wipe(o, sizeof(*o));
	free(o);
	return st;
}

enum dlb_status
dlb_bulletin_proof(struct dlb_bulletin *out,
	struct dlb_bulletin_content *content, const uint8_t *data, size_t len,
	struct dlb_error *err)
{
	enum dlb_status st = dlb_bulletin_read(out, data, len, err);

	memset(content, 0, sizeof(*content));
	return st == DLB_OK ? dlb_bulletin_content(content, out,
		       data + DLB_BULLETIN_HEAD_LEN,
		       len - DLB_BULLETIN_HEAD_LEN, err)
			    : st;
}

static enum dlb_status
read_whole(struct dlb_node *n, struct dlb_bulletin_in *out,
	const struct dlb_in_letter *letter, struct dlb_error *err)
{
	enum dlb_status st =
		dlb_author_by_id(n->letterbox, &out->author, -letter->from);

	if (st == DLB_OK)
		st = load(n, out, letter);
	if (st == DLB_PARTLY)
		return dlb_fail(err, st,
			"bulletin %lld is not whole: %u of %u cells are here; "
			"meet more boxes (dlb meet) and read it again",
			(long long)letter->number, letter->have,
			letter->stripe.cells);
	if (st != DLB_OK)
		return dlb_fail(err, st, "bulletin %lld can not be read: %s",
			(long long)letter->number, dlb_status_text(st));
	return dlb_bulletin_proof(&out->signed_part, &out->content,
		out->bytes.data, out->bytes.len, err);
}

enum dlb_status
dlb_node_bulletin(struct dlb_node *n, struct dlb_bulletin_in *out,
	int64_t number, struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	enum dlb_status st;

	memset(out, 0, sizeof(*out));
	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_in_get(n->letterbox, letter, number, NULL);
	if (st != DLB_OK || letter->state == DLB_IN_DELETED
		|| letter->from >= 0)
		st = dlb_fail(err, DLB_NOT_FOUND,
			"there is no bulletin %lld here; see: dlb bulletins",
			(long long)number);
	if (st == DLB_OK)
		st = read_whole(n, out, letter, err);
	/* Cells were damaged, or lost: from now on they are wanted again. */
	if (st == DLB_PARTLY && letter->state != DLB_IN_PARTLY
		&& dlb_node_recount(n, letter, NULL) == DLB_OK) {
		/* What is said stays true if it could not be counted. */
	}
	if (st != DLB_OK)
		dlb_bulletin_in_free(out);
	else
		out->n = n;
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

enum dlb_status
dlb_node_bulletin_opened(
	struct dlb_node *n, int64_t number, struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	struct dlb_bulletin_row row;
	enum dlb_status st;

	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_in_get(n->letterbox, letter, number, err);
	if (st == DLB_OK && letter->state == DLB_IN_UNREAD) {
		letter->state = DLB_IN_READ;
		st = dlb_in_update(n->letterbox, letter, err);
	}
	if (st == DLB_OK)
		st = dlb_bulletin_of_letter(n->letterbox, &row, NULL, number);
	if (st == DLB_OK) {
		row.opened += row.opened < UINT32_MAX;
		st = dlb_bulletin_update(n->letterbox, &row, err);
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}

/* ---- handing over ----------------------------------------------------------------------------- */

struct handing {
	struct dlb_node *n;
	struct dlb_release release;
	enum dlb_status st;
	struct dlb_error *err;
};

static enum dlb_status
hand_over(struct handing *g, struct dlb_bulletin_row *row,
	const struct dlb_in_letter *letter)
{
	const struct dlb_bulletin_handler *handler = handler_of(row->kind);
	struct dlb_bulletin_in in = {.n = g->n};
	enum dlb_status st = read_whole(g->n, &in, letter, NULL),
			taken = DLB_OK;

	/* Its cells are damaged, and will be wanted again. */
	if (st == DLB_PARTLY || st == DLB_NO_MEMORY)
		goto out;
	/* Signed, and not what was signed: its author's doing. */
	if (st != DLB_OK) {
		taken = dlb_bulletin_drop(&g->release, row, g->err);
		goto out;
	}
	row->taken = true;
	taken = dlb_bulletin_update(g->n->letterbox, row, g->err);
	if (taken == DLB_OK && handler) {
		taken = handler->take(&in, g->err);
		if (taken == DLB_OK)
			taken = dlb_bulletin_drop(&g->release, row, g->err);
	}
out:
	dlb_bulletin_in_free(&in);
	return taken;
}

static bool
look_at(void *ctx, const struct dlb_bulletin_row *r)
{
	struct handing *g = ctx;
	struct dlb_in_letter *letter;
	struct dlb_bulletin_row row = *r;

	letter = calloc(1, sizeof(*letter));
	g->st = letter ? dlb_in_get(g->n->letterbox, letter, row.letter, g->err)
		       : dlb_fail(g->err, DLB_NO_MEMORY, "out of memory");
	if (g->st == DLB_OK && letter->state != DLB_IN_PARTLY)
		g->st = hand_over(g, &row, letter);
	if (letter)
		dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return g->st == DLB_OK;
}

enum dlb_status
dlb_node_bulletins(struct dlb_node *n, struct dlb_error *err)
{
	struct handing g = {.n = n, .release = {.n = n}, .err = err};
	enum dlb_status st =
		dlb_bulletin_waiting(n->letterbox, look_at, &g, err);

	if (st == DLB_OK)
		st = g.st;
	if (st == DLB_OK)
		st = g.release.len > 0
			? dlb_release_commit(&g.release, err)
			: dlb_letterbox_commit(n->letterbox, err);
	dlb_release_free(&g.release);
	return st;
}
