/*
 * Cells out. From any thread, with a context of the caller's.
 */
#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>

static enum dlb_status
damaged(struct dlb_satchel *s, uint32_t number, struct dlb_error *err)
{
	if (dlb_index_mark_damaged(&s->index, number))
		atomic_fetch_add(&s->damaged, 1);
	return dlb_fail(err, DLB_CORRUPT,
		"the cell at entry %u is damaged; `dlb doctor` drops it",
		number);
}

/* The entry, as it was when the index took it in. */
static enum dlb_status
entry_of_cell(struct dlb_satchel *s, struct dlb_entry_plain *e, uint32_t number,
	struct dlb_aead *aead, struct dlb_error *err)
{
	const struct dlb_record *r;
	struct dlb_entry is;
	enum dlb_status st;

	if (!dlb_satchel_entry(s, number, &is))
		return dlb_fail(err, DLB_NOT_FOUND,
			"there is no cell at entry %u", number);
	r = &s->index.records[number];
	st = dlb_table_entry(s, e, number, aead, err);
	if (st == DLB_OK
		&& (e->kind != DLB_ENTRY_CELL || e->slot != r->slot
			|| memcmp(e->name, r->name, sizeof(r->name)) != 0))
		st = DLB_CORRUPT;
	return st == DLB_CORRUPT ? damaged(s, number, err) : st;
}

static enum dlb_status
read_slot(struct dlb_satchel *s, const struct dlb_entry_plain *e, uint8_t *out,
	size_t len, struct dlb_aead *aead, struct dlb_error *err)
{
	enum dlb_status st = s->file->ops->read_at(s->file, out, len,
		s->layout.slot + (uint64_t)e->slot * DLB_SATCHEL_CELL_LEN, err);

	if (st == DLB_OK)
		dlb_stream_xor(aead, out, e->secret, 0, out, len);
	return st;
}

/* core covers all but the box tag; the name both. */
bool
dlb_cell_is(const uint8_t cell[static DLB_SATCHEL_CELL_LEN],
	const uint8_t core[static 32], const uint8_t name[static 32])
{
	uint8_t is_core[32], is_name[32];

	dlb_sha256_2(is_core, cell, DLB_CELL_BOX_TAG_AT,
		cell + DLB_CELL_TOKEN_HASH_AT,
		DLB_SATCHEL_CELL_LEN - DLB_CELL_TOKEN_HASH_AT);
	dlb_sha256_2(is_name, is_core, sizeof(is_core),
		cell + DLB_CELL_BOX_TAG_AT,
		DLB_CELL_TOKEN_HASH_AT - DLB_CELL_BOX_TAG_AT);
	return memcmp(is_core, core, 32) == 0 && memcmp(is_name, name, 32) == 0;
}

enum dlb_status
dlb_satchel_get(struct dlb_satchel *s, uint32_t number,
	uint8_t cell[static DLB_SATCHEL_CELL_LEN], uint8_t *core, uint8_t *name,
	struct dlb_aead *aead, bool verify, struct dlb_error *err)
{
	struct dlb_entry_plain e;
	enum dlb_status st = entry_of_cell(s, &e, number, aead, err);

	if (st == DLB_OK)
		st = read_slot(s, &e, cell, DLB_SATCHEL_CELL_LEN, aead, err);
	if (st == DLB_OK && verify && !dlb_cell_is(cell, e.core, e.name))
		st = damaged(s, number, err);
	if (st == DLB_OK && core)
		memcpy(core, e.core, sizeof(e.core));
	if (st == DLB_OK && name)
		memcpy(name, e.name, sizeof(e.name));
	if (st != DLB_OK)
		memset(cell, 0, DLB_SATCHEL_CELL_LEN);
	dlb_wipe(&e, sizeof(e));
	return st;
}

enum dlb_status
dlb_satchel_peek(struct dlb_satchel *s, uint32_t number, uint8_t *out,
	size_t len, struct dlb_aead *aead, struct dlb_error *err)
{
	struct dlb_entry_plain e;
	enum dlb_status st;

	if (len > DLB_SATCHEL_CELL_LEN)
		return dlb_fail(err, DLB_USAGE, "a cell is not that long");
	st = entry_of_cell(s, &e, number, aead, err);
	if (st == DLB_OK)
		st = read_slot(s, &e, out, len, aead, err);
	if (st != DLB_OK)
		memset(out, 0, len);
	dlb_wipe(&e, sizeof(e));
	return st;
}

enum dlb_status
dlb_satchel_details(struct dlb_satchel *s, uint32_t number,
	struct dlb_entry_details *out, struct dlb_aead *aead,
	struct dlb_error *err)
{
	struct dlb_entry_plain e;
	enum dlb_status st = entry_of_cell(s, &e, number, aead, err);

	memset(out, 0, sizeof(*out));
	if (st == DLB_OK) {
		memcpy(out->name, e.name, sizeof(out->name));
		memcpy(out->core, e.core, sizeof(out->core));
		memcpy(out->handle, e.handle, sizeof(out->handle));
		memcpy(out->box_tag, e.box_tag, sizeof(out->box_tag));
		memcpy(out->token_hash, e.token_hash, sizeof(out->token_hash));
	}
	dlb_wipe(&e, sizeof(e));
	return st;
}
