/*
 * Briefings and revocations, as letters carry them. docs/letterbox.md.
 *
 *   u8 version (1) || u8 what || u64 serial || ...
 *   what 1, a briefing: u32 last day || u16 length || note || u8 count || boxes
 *     a box: u8 length || name || u8 length || place || u8 how || tag key ||
 *            meeting key || root key, where how is 1
 *   what 2, a revocation: u8 count || ids of boxes, 16 bytes each; 0: all
 *
 * Boxes stand in ascending order of their ids, none twice, so that there is one form.
 */
#include "briefing.h"

#include "letterbox_internal.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1

enum { BRIEFING = 1, REVOCATION = 2 };
enum { CARRIES = 0, OPENS = 1 };

/* ---- what it is made of ---------------------------------------------------------------- */

void
dlb_box_id(uint8_t id[static DLB_BOX_ID_LEN],
	const uint8_t tag_key[static DLB_KEY_LEN])
{
	dlb_derive(id, DLB_BOX_ID_LEN, tag_key, DLB_KEY_LEN, "dlb box id", NULL,
		0);
}

int64_t
dlb_day_end_ms(uint32_t day)
{
	return ((int64_t)day + 1) * DLB_DAY_MS;
}

void
dlb_day_text(char out[static 11], uint32_t day)
{
	dlb_date_text(out, (int64_t)day * DLB_DAY_MS);
}

/* The day of a date is sought by its text, so that there is one calendar. */
enum dlb_status
dlb_day_parse(uint32_t *day, const char *text)
{
	uint32_t low = 0, high = DLB_DAY_LAST_MAX;
	char there[11];

	if (strlen(text) != 10)
		return DLB_MALFORMED;
	for (size_t i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? text[i] != '-'
				     : text[i] < '0' || text[i] > '9')
			return DLB_MALFORMED;
	while (low < high) {
		uint32_t half = low + (high - low) / 2;

		dlb_day_text(there, half);
		if (strcmp(there, text) < 0)
			low = half + 1;
		else
			high = half;
	}
	dlb_day_text(there, low);
	*day = low;
	return strcmp(there, text) == 0 ? DLB_OK : DLB_MALFORMED;
}

bool
dlb_briefing_text_valid(const char *text, size_t max)
{
	char shown[DLB_BRIEFING_NOTE_MAX + 2];
	size_t len = strlen(text);

	if (len > max || len > DLB_BRIEFING_NOTE_MAX)
		return false;
	dlb_printable(shown, sizeof(shown), text, len);
	return strcmp(shown, text) == 0;
}

static int
compare_boxes(const void *a, const void *b)
{
	const struct dlb_briefing_box *x = a, *y = b;

	return memcmp(x->id, y->id, DLB_BOX_ID_LEN);
}

/* All that a reader asks for, but for the form. */
static bool
is_valid(const struct dlb_briefing *b)
{
	if (b->serial == 0 || b->serial > INT64_MAX
		|| b->boxes_n > DLB_BRIEFING_BOXES_MAX
		|| (!b->revocation && b->boxes_n == 0)
		|| b->last_day > DLB_DAY_LAST_MAX
		|| !dlb_briefing_text_valid(b->note, DLB_BRIEFING_NOTE_MAX))
		return false;
	for (size_t i = 0; i < b->boxes_n; i++) {
		if (i > 0 && compare_boxes(&b->boxes[i - 1], &b->boxes[i]) >= 0)
			return false;
		if (!b->revocation
			&& (!dlb_name_valid(b->boxes[i].name)
				|| !dlb_briefing_text_valid(
					b->boxes[i].place, DLB_BOX_PLACE_MAX)))
			return false;
	}
	return true;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void
write_box(struct dlb_writer *w, const struct dlb_briefing_box *box)
{
	dlb_write_u8(w, (uint8_t)strlen(box->name));
	dlb_write_bytes(w, box->name, strlen(box->name));
	dlb_write_u8(w, (uint8_t)strlen(box->place));
	dlb_write_bytes(w, box->place, strlen(box->place));
	dlb_write_u8(w, box->opens ? OPENS : CARRIES);
	dlb_write_bytes(w, box->tag_key, DLB_KEY_LEN);
	dlb_write_bytes(w, box->meeting_key, DLB_KEY_LEN);
	if (box->opens)
		dlb_write_bytes(w, box->root, DLB_KEY_LEN);
}

#define BOX_LEN_MAX (3 + DLB_BOX_NAME_MAX + DLB_BOX_PLACE_MAX + 3 * DLB_KEY_LEN)
#define LEN_MAX                                                                \
	(32 + DLB_BRIEFING_NOTE_MAX + DLB_BRIEFING_BOXES_MAX * BOX_LEN_MAX)

enum dlb_status
dlb_briefing_write(struct dlb_buf *out, struct dlb_briefing *b)
{
	uint8_t bytes[LEN_MAX];
	struct dlb_writer w;
	enum dlb_status st;

	for (size_t i = 0; i < b->boxes_n && !b->revocation; i++)
		dlb_box_id(b->boxes[i].id, b->boxes[i].tag_key);
	if (b->boxes_n > 0 && b->boxes_n <= DLB_BRIEFING_BOXES_MAX)
		qsort(b->boxes, b->boxes_n, sizeof(b->boxes[0]), compare_boxes);
	if (!is_valid(b))
		return DLB_MALFORMED;
	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u8(&w, VERSION);
	dlb_write_u8(&w, b->revocation ? REVOCATION : BRIEFING);
	dlb_write_u64(&w, b->serial);
	if (!b->revocation) {
		dlb_write_u32(&w, b->last_day);
		dlb_write_u16(&w, (uint16_t)strlen(b->note));
		dlb_write_bytes(&w, b->note, strlen(b->note));
	}
	dlb_write_u8(&w, (uint8_t)b->boxes_n);
	for (size_t i = 0; i < b->boxes_n; i++) {
		if (b->revocation)
			dlb_write_bytes(&w, b->boxes[i].id, DLB_BOX_ID_LEN);
		else
			write_box(&w, &b->boxes[i]);
	}
	st = w.failed ? DLB_LIMIT : dlb_buf_append(out, bytes, w.len);
	dlb_wipe(bytes, sizeof(bytes));
	return st;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A NUL in it makes it another text than was sent. */
static void
read_text(struct dlb_reader *r, char *out, size_t len, size_t max)
{
	const uint8_t *bytes = dlb_read_view(r, len);

	r->failed |= len > max || (bytes && memchr(bytes, '\0', len));
	if (r->failed)
		return;
	if (bytes)
		memcpy(out, bytes, len);
	out[len] = '\0';
}

static void
read_box(struct dlb_reader *r, struct dlb_briefing_box *box)
{
	uint8_t how;

	read_text(r, box->name, dlb_read_u8(r), DLB_BOX_NAME_MAX);
	read_text(r, box->place, dlb_read_u8(r), DLB_BOX_PLACE_MAX);
	how = dlb_read_u8(r);
	r->failed |= how > OPENS;
	dlb_read_bytes(r, box->tag_key, DLB_KEY_LEN);
	dlb_read_bytes(r, box->meeting_key, DLB_KEY_LEN);
	box->opens = how == OPENS;
	if (box->opens)
		dlb_read_bytes(r, box->root, DLB_KEY_LEN);
	dlb_box_id(box->id, box->tag_key);
}

enum dlb_status
dlb_briefing_read(struct dlb_briefing *out, const uint8_t *data, size_t len)
{
	struct dlb_reader r;
	uint8_t version, what;

	memset(out, 0, sizeof(*out));
	dlb_reader_init(&r, data, len);
	version = dlb_read_u8(&r);
	if (!r.failed && version != VERSION)
		return version == 0 ? DLB_MALFORMED : DLB_UNSUPPORTED;
	what = dlb_read_u8(&r);
	r.failed |= what != BRIEFING && what != REVOCATION;
	out->revocation = what == REVOCATION;
	out->serial = dlb_read_u64(&r);
	if (!r.failed && !out->revocation) {
		out->last_day = dlb_read_u32(&r);
		read_text(
			&r, out->note, dlb_read_u16(&r), DLB_BRIEFING_NOTE_MAX);
	}
	out->boxes_n = dlb_read_u8(&r);
	r.failed |= out->boxes_n > DLB_BRIEFING_BOXES_MAX;
	for (size_t i = 0; !r.failed && i < out->boxes_n; i++) {
		if (out->revocation)
			dlb_read_bytes(&r, out->boxes[i].id, DLB_BOX_ID_LEN);
		else
			read_box(&r, &out->boxes[i]);
	}
	if (dlb_reader_done(&r) && is_valid(out))
		return DLB_OK;
	dlb_wipe(out, sizeof(*out));
	return DLB_MALFORMED;
}
