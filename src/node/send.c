/*
 * send: a letter, or one of each file, from the disk into held cells of the home
 * satchel. Nothing leaves this home before a meeting.
 *
 * All or none: the letterbox learns of the letters in one commit after the last
 * cell; on failure the cells are taken back. The length of a letter decides how
 * its head looks, so where it is not known beforehand (standard input,
 * compression) the head is sealed last.
 */
#include "send_internal.h"
#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one letter ------------------------------------------------------------- */

static enum dlb_status
set_layout(struct dlb_sending *s, struct dlb_sealing *l, uint64_t content_len,
	struct dlb_error *err)
{
	l->stripe.content_len = content_len;
	l->stripe.stripe_len = content_len;
	if (dlb_stripe_layout(&l->stripe, s->from.card_len) != DLB_OK)
		return dlb_fail(err, DLB_LIMIT,
			"a letter of that size is beyond what this program can "
			"carry (1 TiB); split it");
	return DLB_OK;
}

enum dlb_status
dlb_sending_decide(struct dlb_sending *s, uint64_t cells, struct dlb_error *err)
{
	enum dlb_spread answer = DLB_SPREAD_ASK;
	int64_t standing = 0;

	if (s->decided || cells <= DLB_MEETING_OWN_CELLS)
		return DLB_OK;
	if (s->options->decide)
		answer = s->options->decide(
			s->options->decide_ctx, cells, cells * DLB_CELL_LEN);
	if (answer == DLB_SPREAD_ASK
		&& dlb_setting_get_int(
			   s->n->letterbox, DLB_SET_SPREAD, &standing)
			== DLB_OK)
		answer = (enum dlb_spread)standing;
	if (answer != DLB_SPREAD_NOW && answer != DLB_SPREAD_SPREAD)
		return dlb_fail(err, DLB_REFUSED,
			"this takes %llu cells and a meeting adds %d of its own; "
			"give --now (all at the next meeting: a courier can see that "
			"something big went in) or --spread (over %llu meetings)",
			(unsigned long long)cells, DLB_MEETING_OWN_CELLS,
			(unsigned long long)((cells + DLB_MEETING_OWN_CELLS - 1)
				/ DLB_MEETING_OWN_CELLS));
	s->decided = true;
	s->now = answer == DLB_SPREAD_NOW;
	return DLB_OK;
}

enum dlb_status
dlb_sending_room(struct dlb_sending *s, uint64_t cells, struct dlb_error *err)
{
	uint64_t room = dlb_satchel_room_held(s->n->satchel);

	if (cells <= room)
		return DLB_OK;
	return dlb_fail(err, DLB_NO_SPACE,
		"this needs %llu MiB of the home satchel and %llu MiB are left for "
		"letters; delete letters (dlb outbox, dlb delete N), or make the "
		"satchel larger (dlb satchel --size %lluM)",
		(unsigned long long)(cells * DLB_CELL_LEN >> 20) + 1,
		(unsigned long long)(room * DLB_CELL_LEN >> 20),
		(unsigned long long)(dlb_node_size_with(s->n, cells) >> 20)
			+ 1);
}

bool
dlb_sending_step(struct dlb_sending *s, uint64_t more)
{
	s->done += more;
	return dlb_progress_step(s->progress, "sealing", s->done, s->total);
}

static bool
still_wanted(void *ctx)
{
	return dlb_sending_step(ctx, 0);
}

/* Bulk cells up to the last byte of the pack; *index is the next one's. */
static enum dlb_status
seal_bulk(struct dlb_sending *s, struct dlb_sealing *l, struct dlb_pack *pack,
	uint32_t *index, uint64_t *content_len, struct dlb_error *err)
{
	bool counted = l->stripe.cells != 0;
	uint32_t room = dlb_satchel_room_held(s->n->satchel);

	for (;;) {
		size_t got;
		enum dlb_status st =
			dlb_pack_read(pack, dlb_sealer_content(s->sealer),
				DLB_BULK_CONTENT_LEN, &got, err);

		if (st != DLB_OK || got == 0)
			return st;
		if (counted ? *index >= l->stripe.cells
			    : *index >= DLB_CELLS_MAX - 1)
			return dlb_fail(err, DLB_LIMIT,
				"a file grew while it was read; send it again");
		if (!counted && *index >= room)
			return dlb_fail(err, DLB_NO_SPACE,
				"this is more than the %u MiB of the home satchel "
				"that are left for letters; delete letters (dlb "
				"outbox, dlb delete N), or make the satchel larger "
				"(dlb satchel --size SIZE)",
				room / (unsigned)((1 << 20) / DLB_CELL_LEN));
		*content_len += got;
		if (!counted && *index >= DLB_MEETING_OWN_CELLS) {
			st = dlb_sending_decide(s, (uint64_t)*index + 1, err);
			if (st != DLB_OK)
				return st;
		}
		st = dlb_sealer_add(s->sealer, l, (*index)++, got, err);
		if (st != DLB_OK)
			return st;
		if (!dlb_sending_step(s, got))
			return dlb_fail(err, DLB_CANCELLED,
				"interrupted; nothing was sent, nothing is left");
		if (got < DLB_BULK_CONTENT_LEN)
			return DLB_OK;
	}
}

static enum dlb_status
seal_padding(struct dlb_sending *s, struct dlb_sealing *l, uint32_t index,
	struct dlb_error *err)
{
	for (; index < l->stripe.cells; index++) {
		enum dlb_status st =
			dlb_sealer_add(s->sealer, l, index, 0, err);

		if (st != DLB_OK)
			return st;
	}
	return DLB_OK;
}

/* The content that the head takes: as much as fits beside the card. */
static enum dlb_status
read_head(struct dlb_sending *s, struct dlb_sealing *l, struct dlb_pack *pack,
	struct dlb_error *err)
{
	struct dlb_stripe full = l->stripe;
	enum dlb_status st;
	size_t got;

	full.content_len = full.stripe_len = DLB_CELL_LEN;
	if (dlb_stripe_layout(&full, s->from.card_len) != DLB_OK
		|| dlb_buf_reserve(&l->head, full.inline_len + 1) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_pack_read(pack, l->head.data, full.inline_len, &got, err);
	l->head.len = got;
	dlb_wipe(&full, sizeof(full));
	return st;
}

static enum dlb_status
seal_cells(struct dlb_sending *s, struct dlb_sealing *l, struct dlb_pack *pack,
	struct dlb_error *err)
{
	uint64_t known = dlb_pack_len(pack), len, patch_at;
	uint8_t patch[16];
	uint32_t index = 1;
	size_t patch_len;
	enum dlb_status st = DLB_OK;

	if (known != UINT64_MAX)
		st = set_layout(s, l, known, err);
	/* Nobody is asked how what does not fit should go. */
	if (st == DLB_OK && known != UINT64_MAX)
		st = dlb_sending_room(s, l->stripe.cells, err);
	if (st == DLB_OK && known != UINT64_MAX)
		st = dlb_sending_decide(s, l->stripe.cells, err);
	if (st == DLB_OK)
		st = read_head(s, l, pack, err);
	if (st != DLB_OK)
		return st;
	len = l->head.len;
	if (!dlb_sending_step(s, len))
		return dlb_fail(err, DLB_CANCELLED,
			"interrupted; nothing was sent, nothing is left");
	st = seal_bulk(s, l, pack, &index, &len, err);
	if (st != DLB_OK)
		return st;
	if (known != UINT64_MAX && len != known)
		return dlb_fail(err, DLB_FAILED,
			"a file became shorter while it was read; send it again");
	if (known == UINT64_MAX)
		st = dlb_sealer_wait(s->sealer, err);
	if (st == DLB_OK && known == UINT64_MAX)
		st = set_layout(s, l, len, err);
	if (st == DLB_OK)
		st = seal_padding(s, l, index, err);
	if (st != DLB_OK)
		return st;
	dlb_pack_patch(pack, &patch_at, patch, &patch_len);
	if (patch_len && patch_at + patch_len <= l->head.len)
		memcpy(l->head.data + patch_at, patch, patch_len);
	l->whole = true;
	return dlb_sealer_add(s->sealer, l, 0, l->head.len, err);
}

/* ---- what the letterbox remembers -------------------------------------------------- */

static enum dlb_status
replace_old(struct dlb_sending *s, struct dlb_sealing *l, struct dlb_error *err)
{
	enum dlb_status st;

	if (!s->options->again_of)
		return DLB_OK;
	l->row.number = s->old.number;
	st = dlb_release_out(&s->release, s->old.number, err);
	return st == DLB_OK
		? dlb_out_replace(s->n->letterbox, s->old.number, err)
		: st;
}

static bool
all_stored(const struct dlb_sealing *l)
{
	for (; l; l = l->next)
		if (!l->whole || l->stored < l->stripe.cells)
			return false;
	return true;
}

/* Letters whose last cell is stored go into the letterbox (uncommitted). */
static enum dlb_status
settle(struct dlb_sending *s, struct dlb_error *err)
{
	size_t kept = 0;
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; i < s->open_n; i++) {
		struct dlb_sealing *l = s->open[i];

		if (st != DLB_OK || !all_stored(l)) {
			s->open[kept++] = l;
			continue;
		}
		l->row.now = s->now;
		st = replace_old(s, l, err);
		if (st == DLB_OK)
			st = dlb_sealing_note(l, s->n, err);
		if (st != DLB_OK) {
			s->open[kept++] = l;
			continue;
		}
		if (s->result->letters++ == 0) {
			s->result->first_number = l->row.number;
			memcpy(s->first_sealing, l->row.sealing_id,
				sizeof(s->first_sealing));
		}
		s->result->last_number = l->row.number;
		s->result->cells += l->row.cells;
		s->result->content_len += l->stripe.content_len;
		dlb_sealing_free(l);
	}
	s->open_n = kept;
	return st;
}

static enum dlb_status
keep_open(struct dlb_sending *s, struct dlb_sealing *l)
{
	if (s->open_n == s->open_cap) {
		size_t cap = s->open_cap ? 2 * s->open_cap : 64;
		struct dlb_sealing **p = realloc(s->open, cap * sizeof(*p));

		if (!p)
			return DLB_NO_MEMORY;
		s->open = p;
		s->open_cap = cap;
	}
	s->open[s->open_n++] = l;
	return DLB_OK;
}

/* ---- letters -------------------------------------------------------------------------- */

static enum dlb_status
open_pack(struct dlb_sending *s, struct dlb_pack **pack,
	const char *const *paths, size_t paths_n, bool quiet,
	struct dlb_error *err)
{
	struct dlb_pack_options po = {0};
	uint64_t skipped = 0;
	enum dlb_status st;

	po.paths = paths;
	po.paths_n = paths_n;
	po.stdin_name = s->options->stdin_name;
	po.stdin_fd = s->options->stdin_fd;
	po.compress = s->options->compress;
	po.fields.kind = DLB_KIND_LETTER;
	po.fields.receipt_wanted = s->receipt;
	po.fields.message = s->options->message;
	po.fields.message_len = s->options->message_len;
	po.note = quiet ? NULL : s->note;
	po.note_ctx = s->note_ctx;
	po.go_on = still_wanted;
	po.go_on_ctx = s;
	st = dlb_pack_open(pack, &po, &skipped, err);
	if (!quiet)
		s->result->skipped += skipped;
	return st;
}

static enum dlb_status
send_one(struct dlb_sending *s, const char *const *paths, size_t paths_n,
	struct dlb_error *err)
{
	struct dlb_pack *pack = NULL;
	struct dlb_sealing *l;
	enum dlb_status st;

	st = open_pack(s, &pack, paths, paths_n, false, err);
	if (st != DLB_OK)
		return st;
	l = dlb_sealing_new(s->n);
	if (!l || keep_open(s, l) != DLB_OK) {
		dlb_sealing_free(l);
		dlb_pack_close(pack);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	if (!s->options->each) {
		uint64_t len = dlb_pack_len(pack);

		s->total = len == UINT64_MAX ? 0 : len;
	}
	l->stripe.tag_key = s->options->tag_key;
	l->row.to = s->correspondent;
	l->row.kind = DLB_KIND_LETTER;
	l->row.receipt_wanted = s->receipt;
	l->row.again_ms = s->options->again_ms;
	if (s->options->again_of)
		memcpy(l->stripe.letter_id, s->old.letter_id,
			sizeof(l->stripe.letter_id));
	l->row.files = dlb_pack_files(pack);
	dlb_pack_summary(pack, l->row.summary);
	st = s->options->of > 1 ? dlb_send_stripes(s, l, pack, err)
				: seal_cells(s, l, pack, err);
	dlb_pack_close(pack);
	/* A full batch was stored on the way: its letters need no memory. */
	if (st == DLB_OK && s->open_n >= DLB_BATCH)
		st = settle(s, err);
	return st;
}

/* Before the first cell of many letters: what they need together. */
static enum dlb_status
measure_each(struct dlb_sending *s, char *const *list, size_t list_n,
	struct dlb_error *err)
{
	uint64_t cells = 0;
	enum dlb_status st;

	for (size_t i = 0; i < list_n; i++) {
		const char *path = list[i];
		struct dlb_stripe stripe = {.mode = s->options->threshold
				? DLB_STRIPE_THRESHOLD
				: DLB_STRIPE_WHOLE,
			.k = 1,
			.n = 1};
		unsigned k = s->options->of > 1 ? s->options->need : 1;
		struct dlb_pack *pack = NULL;
		uint64_t len;

		st = open_pack(s, &pack, &path, 1, true, err);
		if (st != DLB_OK)
			return st;
		len = dlb_pack_len(pack);
		if (len == UINT64_MAX)
			len = dlb_pack_files_len(pack) + DLB_BULK_CONTENT_LEN;
		dlb_pack_close(pack);
		stripe.content_len = len;
		stripe.stripe_len = len / k + (len % k > 0);
		if (dlb_stripe_layout(&stripe, s->from.card_len) != DLB_OK)
			return dlb_fail(err, DLB_LIMIT,
				"%s is beyond what a letter can carry (1 TiB); "
				"split it",
				path);
		cells += (uint64_t)stripe.cells
			* (s->options->of > 1 ? s->options->of : 1);
		s->total += len;
	}
	st = dlb_sending_room(s, cells, err);
	return st == DLB_OK ? dlb_sending_decide(s, cells, err) : st;
}

static enum dlb_status
send_each(struct dlb_sending *s, struct dlb_error *err)
{
	char **list = NULL;
	size_t list_n = 0;
	enum dlb_status st;

	st = dlb_pack_list(&list, &list_n, s->options->paths,
		s->options->paths_n, s->note, s->note_ctx, &s->result->skipped,
		err);
	if (st != DLB_OK)
		return st;
	if (list_n == 0)
		st = dlb_fail(err, DLB_NOT_FOUND,
			"there is no file to make a letter of");
	if (st == DLB_OK)
		st = measure_each(s, list, list_n, err);
	for (size_t i = 0; st == DLB_OK && i < list_n; i++) {
		const char *path = list[i];

		st = send_one(s, &path, 1, err);
	}
	dlb_pack_list_free(list, list_n);
	return st;
}

static enum dlb_status
check_split(const struct dlb_send_options *o, struct dlb_error *err)
{
	if (o->of > DLB_STRIPES_MAX)
		return dlb_fail(err, DLB_USAGE,
			"a letter has at most %d stripes, not %u",
			DLB_STRIPES_MAX, o->of);
	if (o->need > o->of || (o->of > 0 && o->need < 1))
		return dlb_fail(err, DLB_USAGE,
			"of %u stripes %u can not be needed: 1 to %u", o->of,
			o->need, o->of);
	if (o->threshold && o->need < 2)
		return dlb_fail(err, DLB_USAGE,
			"with a threshold, one stripe alone is worth nothing: at "
			"least 2 are needed");
	return DLB_OK;
}

static enum dlb_status
prepare(struct dlb_sending *s, struct dlb_error *err)
{
	struct dlb_clock_view c = s->n->clock;
	struct dlb_correspondent who;
	enum dlb_status st = check_split(s->options, err);

	if (st != DLB_OK)
		return st;
	if (!c.trusted_week) {
		char now[17], seen[17];

		dlb_time_text(now, c.now_ms);
		if (c.impossible)
			return dlb_fail(err, DLB_CLOCK,
				"the clock says %s, which can not be: set it",
				now);
		dlb_time_text(seen, c.highest_ms);
		return dlb_fail(err, DLB_CLOCK,
			"the clock says %s and was at %s before; couriers would "
			"refuse what is dated wrongly: set the clock, or say that it "
			"is right with: dlb doctor --confirm-clock",
			now, seen);
	}
	if (!dlb_letterbox_is_person(s->n->letterbox))
		return dlb_fail(err, DLB_REFUSED,
			"this home is a courier's and has no identity to send "
			"from; make one with: dlb init");
	st = dlb_correspondent_by_id(s->n->letterbox, &who, s->correspondent);
	if (st != DLB_OK)
		return dlb_fail(err, st, "there is no such correspondent");
	s->receipt = who.receipts && !s->options->no_receipt;
	if (s->options->again_of) {
		st = dlb_out_get(
			s->n->letterbox, &s->old, s->options->again_of, err);
		if (st != DLB_OK)
			return st;
	}
	st = dlb_correspondent_seal_keys(s->n->letterbox, s->correspondent,
		c.now_ms, s->options->last_resort, &s->to, &s->from, err);
	if (st == DLB_OK)
		st = dlb_sealer_new(&s->sealer, s->n, &s->to, &s->from,
			DLB_HELD | DLB_OWN, err);
	return st;
}

static bool
is_in_letterbox(struct dlb_sending *s)
{
	struct dlb_out_letter row;
	bool there = s->result->letters > 0
		&& dlb_out_get(
			   s->n->letterbox, &row, s->result->first_number, NULL)
			== DLB_OK
		&& memcmp(row.sealing_id, s->first_sealing,
			   sizeof(row.sealing_id))
			== 0;

	dlb_wipe(&row, sizeof(row));
	return there;
}

/* The commit may have come about though its end failed, or what came after it did. Then
 * the letters are in the letterbox, and their cells stay: nothing is undone once that is
 * durable. Otherwise nothing is left. Where not even that can be had, the mark stays, and the
 * next opening looks for what is left. */
static enum dlb_status
undo(struct dlb_sending *s, enum dlb_status st, struct dlb_error *err)
{
	struct dlb_node *n = s->n;

	if (dlb_letterbox_rollback(n->letterbox, NULL) != DLB_OK)
		return st;
	if (is_in_letterbox(s)) {
		if (dlb_node_doubt_holds(n, true, NULL) != DLB_OK
			|| dlb_letterbox_commit(n->letterbox, NULL) != DLB_OK)
			return st;
		dlb_error_clear(err);
		return DLB_OK;
	}
	if (dlb_sealer_undo(s->sealer, NULL) == DLB_OK
		&& dlb_node_doubt_holds(n, false, NULL) == DLB_OK
		&& dlb_letterbox_commit(n->letterbox, NULL) != DLB_OK) {
		/* As above. */
	}
	return st;
}

enum dlb_status
dlb_node_send(struct dlb_node *n, int64_t correspondent,
	const struct dlb_send_options *options, struct dlb_send_result *result,
	void (*note)(void *ctx, const char *text), void *note_ctx,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_sending s = {.n = n,
		.options = options,
		.result = result,
		.progress = progress,
		.correspondent = correspondent,
		.note = note,
		.note_ctx = note_ctx,
		.release = {.n = n}};
	enum dlb_status st;

	memset(result, 0, sizeof(*result));
	st = prepare(&s, err);
	if (st == DLB_OK)
		st = dlb_node_doubt_holds(n, true, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = options->each
			? send_each(&s, err)
			: send_one(&s, options->paths, options->paths_n, err);
	if (st == DLB_OK)
		st = dlb_sealer_flush(s.sealer, err);
	if (st == DLB_OK)
		st = settle(&s, err);
	if (st == DLB_OK && s.from.card_len)
		st = dlb_correspondent_mark(
			n->letterbox, correspondent, false, true, err);
	if (st == DLB_OK && options->again_ms)
		st = dlb_node_keep_recipe(n, options, result, err);
	if (st == DLB_OK)
		st = dlb_release_commit(&s.release, err);
	if (st != DLB_OK && s.sealer)
		st = undo(&s, st, err);
	for (size_t i = 0; i < s.open_n; i++)
		dlb_sealing_free(s.open[i]);
	free(s.open);
	dlb_sealer_free(s.sealer);
	dlb_release_free(&s.release);
	dlb_wipe(&s.old, sizeof(s.old));
	dlb_wipe(&s.from, sizeof(s.from));
	return st;
}
