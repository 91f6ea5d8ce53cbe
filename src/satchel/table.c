/*
 * The two tables. They hold the same entries; the second lies under a mask of
 * key stream, as two parts of a file that are alike would show that it is no
 * random bytes. docs/satchel.md, section 5.
 *
 * Invariant: nothing is written to the second table before what was written to
 * the first is on the medium, and the other way round; so whatever a crash
 * garbles in one is whole in the other.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

static void
mask(struct dlb_satchel *s, uint8_t *data, uint32_t first, uint32_t n,
	struct dlb_aead *aead)
{
	dlb_stream_xor(aead, data, s->keys->mask,
		(uint64_t)first * DLB_ENTRY_LEN, data,
		(size_t)n * DLB_ENTRY_LEN);
}

enum dlb_status
dlb_table_read(struct dlb_satchel *s, unsigned table, uint8_t *out,
	uint32_t first, uint32_t n, struct dlb_aead *aead,
	struct dlb_error *err)
{
	enum dlb_status st = s->file->ops->read_at(s->file, out,
		(size_t)n * DLB_ENTRY_LEN,
		s->layout.table[table] + (uint64_t)first * DLB_ENTRY_LEN, err);

	if (st == DLB_OK && table == 1)
		mask(s, out, first, n, aead);
	return st;
}

enum dlb_status
dlb_table_write(struct dlb_satchel *s, unsigned table, uint8_t *data,
	uint32_t first, uint32_t n, struct dlb_aead *aead,
	struct dlb_error *err)
{
	if (table == 1)
		mask(s, data, first, n, aead);
	return s->file->ops->write_at(s->file, data, (size_t)n * DLB_ENTRY_LEN,
		s->layout.table[table] + (uint64_t)first * DLB_ENTRY_LEN, err);
}

enum dlb_status
dlb_table_entry(struct dlb_satchel *s, struct dlb_entry_plain *out,
	uint32_t number, struct dlb_aead *aead, struct dlb_error *err)
{
	uint8_t bytes[DLB_ENTRY_LEN];
	enum dlb_status st = DLB_OK;

	for (unsigned table = 0; table < 2; table++) {
		st = dlb_table_read(s, table, bytes, number, 1, aead, err);
		if (st == DLB_OK
			&& dlb_entry_open(
				   out, s->keys, number, bytes, s->layout.slots)
				== DLB_ENTRY_GOOD)
			return DLB_OK;
	}
	dlb_wipe(out, sizeof(*out));
	if (st != DLB_OK)
		return st;
	return dlb_fail(err, DLB_CORRUPT,
		"an entry is damaged in both tables: its cell is lost");
}

/* ---- changes ------------------------------------------------------------------------- */

void
dlb_edit_erase(
	const struct dlb_satchel *s, struct dlb_edit *edit, uint32_t number)
{
	edit->number = number;
	dlb_random(s->env, edit->bytes, sizeof(edit->bytes));
}

void
dlb_edit_seal(const struct dlb_satchel *s, struct dlb_edit *edit,
	uint32_t number, const struct dlb_entry_plain *e)
{
	edit->number = number;
	dlb_entry_seal(edit->bytes, s->keys, number, e, s->env);
}

static int
edit_order(const void *a, const void *b)
{
	const struct dlb_edit *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static enum dlb_status
write_table(struct dlb_satchel *s, unsigned table, struct dlb_edit *edits,
	size_t n, struct dlb_error *err)
{
	struct dlb_aead *aead = s->workers[0].aead;

	for (size_t i = 0; i < n; i++) {
		enum dlb_status st = dlb_table_write(s, table, edits[i].bytes,
			edits[i].number, 1, aead, err);

		if (st != DLB_OK)
			return st;
	}
	return s->file->ops->sync(s->file, err);
}

enum dlb_status
dlb_table_commit(struct dlb_satchel *s, struct dlb_edit *edits, size_t n,
	struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	if (n == 0)
		return DLB_OK;
	/* In the medium's order, which is also any order. */
	qsort(edits, n, sizeof(*edits), edit_order);
	for (unsigned table = 0; table < 2 && st == DLB_OK; table++)
		st = write_table(s, table, edits, n, err);
	if (st != DLB_OK)
		s->failed = true;
	return st;
}
