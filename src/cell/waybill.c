/*
 * What anyone may see and check of a cell: the waybill, the handle's form, the
 * name, the box tag. docs/cell.md, sections 2 and 3.
 *
 * Invariant: a cell that passes dlb_cell_check has no bit free to choose in its
 * waybill but expiry, box tag and token hash; what is reserved is zero.
 */
#include "cell_internal.h"

#include <string.h>

void
dlb_waybill_write(uint8_t cell[static DLB_WAYBILL_LEN], uint16_t expiry_week,
	const uint8_t token_hash[static DLB_HASH_LEN])
{
	struct dlb_writer w;

	dlb_writer_init(&w, cell, DLB_WAYBILL_LEN);
	dlb_write_u8(&w, DLB_CELL_VERSION);
	dlb_write_zeros(&w, DLB_AT_EXPIRY - DLB_AT_RESERVED);
	dlb_write_u16(&w, expiry_week);
	dlb_write_zeros(&w, DLB_AT_BOX_TAG - DLB_AT_RESERVED_2);
	dlb_write_zeros(&w, DLB_BOX_TAG_LEN);
	dlb_write_bytes(&w, token_hash, DLB_HASH_LEN);
}

enum dlb_status
dlb_waybill_read(
	struct dlb_waybill *out, const uint8_t waybill[static DLB_WAYBILL_LEN])
{
	struct dlb_reader r;
	uint8_t version;

	dlb_reader_init(&r, waybill, DLB_WAYBILL_LEN);
	version = dlb_read_u8(&r);
	dlb_read_zeros(&r, DLB_AT_EXPIRY - DLB_AT_RESERVED);
	out->expiry_week = dlb_read_u16(&r);
	dlb_read_zeros(&r, DLB_AT_BOX_TAG - DLB_AT_RESERVED_2);
	dlb_read_bytes(&r, out->box_tag, sizeof(out->box_tag));
	dlb_read_bytes(&r, out->token_hash, sizeof(out->token_hash));
	if (version == DLB_CELL_VERSION && dlb_reader_done(&r))
		return DLB_OK;
	memset(out, 0, sizeof(*out));
	return version == DLB_CELL_VERSION ? DLB_MALFORMED : DLB_UNSUPPORTED;
}

enum dlb_status
dlb_cell_check(struct dlb_waybill *out, const uint8_t cell[static DLB_CELL_LEN],
	struct dlb_error *err)
{
	enum dlb_status status = dlb_waybill_read(out, cell);

	if (status == DLB_UNSUPPORTED)
		return dlb_fail(err, status,
			"the cell is of version %u, which this program does "
			"not know",
			cell[DLB_AT_VERSION]);
	if (status != DLB_OK)
		return dlb_fail(err, status,
			"the cell's waybill has reserved bytes that are set");
	if (!dlb_point_valid(cell + DLB_AT_HANDLE)) {
		memset(out, 0, sizeof(*out));
		return dlb_fail(err, DLB_MALFORMED,
			"the cell's handle is not a canonical group element");
	}
	return DLB_OK;
}

enum dlb_status
dlb_cell_check_expiry(uint16_t expiry_week, uint16_t now_week)
{
	if (expiry_week < now_week)
		return DLB_EXPIRED;
	if (expiry_week - now_week
		> DLB_CELL_LIFETIME_WEEKS + DLB_CELL_SLACK_WEEKS)
		return DLB_REFUSED;
	return DLB_OK;
}

static void
core_of(uint8_t core[static DLB_HASH_LEN],
	const uint8_t cell[static DLB_CELL_LEN])
{
	dlb_sha256_2(core, cell, DLB_AT_BOX_TAG, cell + DLB_AT_TOKEN_HASH,
		DLB_CELL_LEN - DLB_AT_TOKEN_HASH);
}

void
dlb_cell_name(uint8_t core[static DLB_HASH_LEN],
	uint8_t name[static DLB_NAME_LEN],
	const uint8_t cell[static DLB_CELL_LEN])
{
	core_of(core, cell);
	dlb_sha256_2(name, core, DLB_HASH_LEN, cell + DLB_AT_BOX_TAG,
		DLB_BOX_TAG_LEN);
}

void
dlb_box_tag(uint8_t tag[static DLB_BOX_TAG_LEN],
	const uint8_t tag_key[static DLB_KEY_LEN],
	const uint8_t core[static DLB_HASH_LEN])
{
	dlb_derive(tag, DLB_BOX_TAG_LEN, tag_key, DLB_KEY_LEN, "dlb box tag",
		core, DLB_HASH_LEN);
}

void
dlb_cell_tag(uint8_t cell[static DLB_CELL_LEN], const uint8_t *tag_key,
	const uint8_t random_tag[static DLB_BOX_TAG_LEN])
{
	uint8_t core[DLB_HASH_LEN];

	if (!tag_key) {
		memcpy(cell + DLB_AT_BOX_TAG, random_tag, DLB_BOX_TAG_LEN);
		return;
	}
	core_of(core, cell);
	dlb_box_tag(cell + DLB_AT_BOX_TAG, tag_key, core);
}
