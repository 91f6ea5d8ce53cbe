/*
 * One entry of a table: what it says, and its sealed form. docs/satchel.md,
 * section 4.
 *
 * Invariants: what decode accepts, encode makes again bit for bit; whatever
 * encode is given by this module, decode accepts, so that no cell is lost at the
 * next opening for how it was marked.
 */
#include "satchel_internal.h"

#include <string.h>

#define TAIL_LEN 23

uint8_t
dlb_flags_tidy(uint8_t flags)
{
	flags &= DLB_REC_PUBLIC;
	if (!(flags & DLB_SHOWN))
		flags &= (uint8_t)~DLB_LOOK;
	if (!(flags & DLB_HELD))
		flags &= (uint8_t)~DLB_OWN;
	return flags;
}

void
dlb_entry_encode(uint8_t out[static DLB_ENTRY_PLAIN_LEN],
	const struct dlb_entry_plain *e)
{
	struct dlb_writer w;

	dlb_writer_init(&w, out, DLB_ENTRY_PLAIN_LEN);
	dlb_write_u8(&w, e->kind);
	dlb_write_u8(&w, e->flags);
	dlb_write_u8(&w, e->copies);
	dlb_write_u16(&w, e->searched);
	dlb_write_u16(&w, e->expiry_week);
	dlb_write_u16(&w, e->arrived_week);
	dlb_write_u32(&w, e->origin);
	dlb_write_u32(&w, e->slot);
	dlb_write_bytes(&w, e->name, sizeof(e->name));
	dlb_write_bytes(&w, e->core, sizeof(e->core));
	dlb_write_bytes(&w, e->handle, sizeof(e->handle));
	dlb_write_bytes(&w, e->box_tag, sizeof(e->box_tag));
	dlb_write_bytes(&w, e->token_hash, sizeof(e->token_hash));
	dlb_write_bytes(&w, e->secret, sizeof(e->secret));
	dlb_write_zeros(&w, TAIL_LEN);
}

static bool
all_zero(const void *data, size_t len)
{
	struct dlb_reader r;

	dlb_reader_init(&r, data, len);
	dlb_read_zeros(&r, len);
	return dlb_reader_done(&r);
}

static bool
cell_makes_sense(const struct dlb_entry_plain *e, uint32_t slots)
{
	return e->slot < slots && (e->flags & (DLB_SHOWN | DLB_HELD))
		&& e->flags == dlb_flags_tidy(e->flags);
}

static bool
token_makes_sense(const struct dlb_entry_plain *e)
{
	return e->slot == DLB_NO_SLOT && e->flags == 0 && e->copies == 0
		&& e->searched == 0 && all_zero(e->core, sizeof(e->core))
		&& all_zero(e->handle, sizeof(e->handle))
		&& all_zero(e->box_tag, sizeof(e->box_tag));
}

bool
dlb_entry_decode(struct dlb_entry_plain *e,
	const uint8_t in[static DLB_ENTRY_PLAIN_LEN], uint32_t slots)
{
	struct dlb_reader r;

	dlb_reader_init(&r, in, DLB_ENTRY_PLAIN_LEN);
	e->kind = dlb_read_u8(&r);
	e->flags = dlb_read_u8(&r);
	e->copies = dlb_read_u8(&r);
	e->searched = dlb_read_u16(&r);
	e->expiry_week = dlb_read_u16(&r);
	e->arrived_week = dlb_read_u16(&r);
	e->origin = dlb_read_u32(&r);
	e->slot = dlb_read_u32(&r);
	dlb_read_bytes(&r, e->name, sizeof(e->name));
	dlb_read_bytes(&r, e->core, sizeof(e->core));
	dlb_read_bytes(&r, e->handle, sizeof(e->handle));
	dlb_read_bytes(&r, e->box_tag, sizeof(e->box_tag));
	dlb_read_bytes(&r, e->token_hash, sizeof(e->token_hash));
	dlb_read_bytes(&r, e->secret, sizeof(e->secret));
	dlb_read_zeros(&r, TAIL_LEN);
	if (!dlb_reader_done(&r))
		return false;
	switch (e->kind) {
	case DLB_ENTRY_CELL:
		return cell_makes_sense(e, slots);
	case DLB_ENTRY_TOKEN:
		return token_makes_sense(e);
	default:
		return false;
	}
}

static void
number_bytes(uint8_t out[static 4], uint32_t number)
{
	struct dlb_writer w;

	dlb_writer_init(&w, out, 4);
	dlb_write_u32(&w, number);
}

void
dlb_entry_seal(uint8_t out[static DLB_ENTRY_LEN],
	const struct dlb_satchel_keys *keys, uint32_t number,
	const struct dlb_entry_plain *e, const struct dlb_env *env)
{
	uint8_t plain[DLB_ENTRY_PLAIN_LEN], nonce[DLB_XNONCE_LEN], ad[4];

	dlb_entry_encode(plain, e);
	number_bytes(ad, number);
	dlb_random(env, nonce, sizeof(nonce));
	dlb_xseal(
		out, keys->entry, nonce, ad, sizeof(ad), plain, sizeof(plain));
	dlb_wipe(plain, sizeof(plain));
}

enum dlb_entry_state
dlb_entry_open(struct dlb_entry_plain *e, const struct dlb_satchel_keys *keys,
	uint32_t number, const uint8_t in[static DLB_ENTRY_LEN], uint32_t slots)
{
	uint8_t plain[DLB_ENTRY_PLAIN_LEN], ad[4];
	bool good;

	number_bytes(ad, number);
	if (dlb_xopen(plain, keys->entry, ad, sizeof(ad), in, DLB_ENTRY_LEN)
		!= DLB_OK)
		return DLB_ENTRY_NONE;
	good = dlb_entry_decode(e, plain, slots);
	dlb_wipe(plain, sizeof(plain));
	return good ? DLB_ENTRY_GOOD : DLB_ENTRY_NONSENSE;
}
