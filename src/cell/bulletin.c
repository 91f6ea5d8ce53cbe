/*
 * The keys and handles of bulletins: see bulletin.h. docs/cell.md, section 12.
 */
#include "bulletin.h"

#include "cell_internal.h"

#include <string.h>

static void
derive(void *out, size_t len, const uint8_t key[static DLB_KEY_LEN],
	const char *label)
{
	dlb_derive(out, len, key, DLB_KEY_LEN, label, "", 0);
}

void
dlb_bulletin_reader(struct dlb_bulletin_reader *out,
	const uint8_t key[static DLB_KEY_LEN],
	const struct dlb_identity *author)
{
	uint8_t wide[64];

	derive(wide, sizeof(wide), key, "dlb bulletin finding");
	dlb_scalar_from_wide(out->finding, wide);
	derive(out->agree, sizeof(out->agree), key, "dlb bulletin agree");
	derive(out->opening, sizeof(out->opening), key, "dlb bulletin opening");
	memcpy(out->identity.sign, author->sign, sizeof(out->identity.sign));
	dlb_x25519_public(out->identity.agree, out->agree);
	dlb_wipe(wide, sizeof(wide));
}

void
dlb_bulletin_handle(uint8_t handle[static DLB_HANDLE_LEN],
	const uint8_t key[static DLB_KEY_LEN], uint32_t day, uint8_t slot)
{
	uint8_t at[5], uniform[64];
	struct dlb_writer w;

	dlb_writer_init(&w, at, sizeof(at));
	dlb_write_u32(&w, day);
	dlb_write_u8(&w, slot);
	dlb_derive(uniform, sizeof(uniform), key, DLB_KEY_LEN,
		"dlb bulletin handle", at, sizeof(at));
	dlb_point_from_uniform(handle, uniform);
	dlb_wipe(uniform, sizeof(uniform));
}

void
dlb_bulletin_seal_to(struct dlb_seal_to *to,
	const struct dlb_bulletin_reader *reader,
	const uint8_t handle[static DLB_HANDLE_LEN])
{
	memset(to, 0, sizeof(*to));
	to->identity = reader->identity;
	to->opening_id = DLB_BULLETIN_OPENING;
	dlb_xwing_public(to->opening, reader->opening);
	to->at.handle = handle;
	to->at.finding_secret = reader->finding;
}

static const uint8_t *
opening(void *ctx, uint32_t opening_id)
{
	return opening_id == DLB_BULLETIN_OPENING ? ctx : NULL;
}

void
dlb_bulletin_opener(struct dlb_opener *out,
	const struct dlb_bulletin_reader *reader,
	uint8_t expanded[static DLB_XWING_EXPANDED_LEN])
{
	dlb_xwing_expand(expanded, reader->opening);
	memset(out, 0, sizeof(*out));
	out->ctx = expanded;
	out->reader = reader->identity;
	out->agree_secret = reader->agree;
	out->opening = opening;
}

void
dlb_bulletin_core(uint8_t core[static DLB_HASH_LEN],
	uint8_t cell[static DLB_CELL_LEN], struct dlb_aead *aead,
	const struct dlb_stripe *stripe, uint32_t index, const uint8_t *content,
	size_t len)
{
	static const uint8_t no_tag[DLB_BOX_TAG_LEN];
	uint8_t name[DLB_NAME_LEN];

	dlb_bulk_seal_with(cell, aead, stripe, index, content, len, no_tag);
	dlb_cell_name(core, name, cell);
}

void
dlb_bulletin_sealing(uint8_t out[static DLB_HASH_LEN],
	const struct dlb_stripe *stripe, const uint8_t *before,
	size_t before_len, const uint8_t *behind, size_t behind_len)
{
	static const char label[] = "dlb bulletin sealing";
	uint8_t fields[DLB_FIELDS_LEN], len = sizeof(label) - 1;
	struct dlb_hash h;

	dlb_stripe_encode(fields, stripe);
	dlb_hash_init(&h);
	dlb_hash_update(&h, &len, 1);
	dlb_hash_update(&h, label, len);
	dlb_hash_update(&h, fields, sizeof(fields));
	dlb_hash_update(&h, before, before_len);
	dlb_hash_update(&h, behind, behind_len);
	dlb_hash_final(&h, out);
	dlb_wipe(fields, sizeof(fields));
}
