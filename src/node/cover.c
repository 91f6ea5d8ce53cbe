/*
 * Cover for a meeting: made and kept as the cells of letters are, held, own and not
 * shown, until a meeting has given it. So a meeting that breaks, or a peer that comes
 * only to look, leaves it for the next one. Its recall key is kept as a letter's to
 * nobody.
 */
#include "cover_weeks.h"
#include "meet_internal.h"

#include <stdlib.h>
#include <string.h>

/* Cells of cover that expire in one week. */
struct cover {
	struct dlb_sealing sealing;
	size_t count;
	uint16_t expiry_week;
};

#define COVERS_MAX ((size_t)DLB_CELL_LIFETIME_WEEKS + 1)

static enum dlb_status
add_cover(struct dlb_sealer *s, struct cover *c, struct dlb_error *err)
{
	static const uint8_t zeros[DLB_CELL_LEN];
	enum dlb_status st =
		dlb_buf_append(&c->sealing.head, zeros, sizeof(zeros));

	for (uint32_t i = 0; st == DLB_OK && i < c->count; i++) {
		if (i > 0)
			memset(dlb_sealer_content(s), 0, DLB_BULK_CONTENT_LEN);
		st = dlb_sealer_add(
			s, &c->sealing, i, i ? DLB_BULK_CONTENT_LEN : 0, err);
	}
	return st;
}

/* All at once: what is shown makes others give way, and is not to make its own. */
static enum dlb_status
seal_cover(struct dlb_node *n, struct cover *covers, size_t covers_n,
	struct dlb_sealer **sealer, uint8_t flags, struct dlb_error *err)
{
	struct dlb_seal_from from = {0};
	struct dlb_seal_to to = {.opening_id = 0};
	enum dlb_status st = DLB_OK;

	/* The last one's throwaway keys serve for all. */
	for (size_t i = 0; st == DLB_OK && i < covers_n; i++)
		st = dlb_cover_init(&to, &from, &covers[i].sealing.stripe,
			(uint32_t)covers[i].count, covers[i].expiry_week,
			n->env);
	if (st == DLB_OK)
		st = dlb_sealer_new(sealer, n, &to, &from, flags, err);
	for (size_t i = 0; st == DLB_OK && i < covers_n; i++)
		st = add_cover(*sealer, &covers[i], err);
	if (st == DLB_OK)
		st = dlb_sealer_flush(*sealer, err);
	/* Other threads may still read what is on this stack. */
	if (st != DLB_OK) {
		dlb_sealer_free(*sealer);
		*sealer = NULL;
	}
	return st;
}

static enum dlb_status
note_cover(struct dlb_node *n, struct dlb_sealing *sealing, size_t count,
	bool waits, struct dlb_error *err)
{
	struct dlb_out_letter *row = &sealing->row;
	enum dlb_status st;

	memcpy(row->recall_key, sealing->stripe.recall_key,
		sizeof(row->recall_key));
	dlb_random(n->env, row->letter_id, sizeof(row->letter_id));
	row->kind = DLB_KIND_LETTER;
	row->state = waits ? DLB_OUT_WAITING : DLB_OUT_SHOWN;
	row->sealed_ms = n->clock.now_ms;
	row->expiry_week = sealing->stripe.expiry_week;
	row->cells = (uint32_t)count;
	row->shown = waits ? 0 : (uint32_t)count;
	st = dlb_out_add(n->letterbox, row, err);
	if (st == DLB_OK)
		st = dlb_out_cells_append(n->letterbox, row->number,
			sealing->names.data, count, err);
	return st;
}

/* Of which weeks count cells are to be; how many weeks that makes. */
static size_t
draw_covers(struct dlb_cover_weeks *weeks, size_t count,
	struct cover covers[static COVERS_MAX])
{
	uint16_t now = dlb_week_of(weeks->now_ms);
	size_t each[COVERS_MAX] = {0}, n = 0;

	for (size_t i = 0; i < count; i++)
		each[dlb_cover_weeks_draw(weeks) - now]++;
	for (size_t i = 0; i < COVERS_MAX; i++)
		if (each[i] > 0) {
			covers[n].count = each[i];
			covers[n++].expiry_week = (uint16_t)(now + i);
		}
	return n;
}

static void
covers_free(struct cover *covers)
{
	for (size_t i = 0; covers && i < COVERS_MAX; i++) {
		dlb_buf_free(&covers[i].sealing.head);
		dlb_buf_free(&covers[i].sealing.names);
	}
	if (covers)
		dlb_wipe(covers, COVERS_MAX * sizeof(*covers));
	free(covers);
}

enum dlb_status
dlb_cover_make(struct dlb_node *n, struct dlb_cover_weeks *weeks, size_t count,
	uint32_t *out, size_t *out_n, struct dlb_error *err)
{
	struct cover *covers = calloc(COVERS_MAX, sizeof(*covers));
	struct dlb_sealer *sealer = NULL;
	/* Where letters fill the reserve it is shown at once, as if a meeting had
	 * given it: how much there is must not say how full the reserve is. */
	bool waits = dlb_satchel_room_held(n->satchel) >= count;
	const uint32_t *numbers = NULL;
	size_t numbers_n = 0, covers_n;
	enum dlb_status st = DLB_OK;

	if (!covers)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (waits) {
		st = dlb_node_doubt_holds(n, true, err);
		if (st == DLB_OK)
			st = dlb_letterbox_commit(n->letterbox, err);
	}
	covers_n = draw_covers(weeks, count, covers);
	if (st == DLB_OK)
		st = seal_cover(n, covers, covers_n, &sealer,
			waits ? DLB_HELD | DLB_OWN : DLB_SHOWN, err);
	for (size_t i = 0; st == DLB_OK && i < covers_n; i++)
		st = note_cover(
			n, &covers[i].sealing, covers[i].count, waits, err);
	if (st == DLB_OK && waits)
		st = dlb_node_doubt_holds(n, false, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		numbers = dlb_sealer_numbers(sealer, &numbers_n);
	if (numbers_n) {
		memcpy(out + *out_n, numbers, numbers_n * sizeof(*numbers));
		*out_n += numbers_n;
	}
	dlb_sealer_free(sealer);
	covers_free(covers);
	return st;
}
