/*
 * The two headers: each has key slots of its own, and the superblock sealed on
 * its own, so that no byte of the one tells that the other is there.
 * docs/satchel.md, section 3.
 *
 * Invariants: both superblocks say the same, the key slots of both headers
 * included; so whoever opens one header can mend the other with every way to
 * unlock it. The first header is written first, and wins where they differ.
 */
#include "satchel_internal.h"

#include <string.h>

#define SUPER_LEN (64 + 2 * DLB_KEYSLOTS_LEN)
#define SUPER_ZEROS 15
#define SUPER_AT DLB_KEYSLOTS_LEN
#define SUPER_SEALED_LEN (SUPER_LEN + DLB_XSEAL_OVERHEAD)

_Static_assert(
	SUPER_AT + SUPER_SEALED_LEN <= DLB_HEADER_LEN, "header too short");

void
dlb_satchel_keys_derive(
	struct dlb_satchel_keys *keys, const uint8_t id[static 32])
{
	dlb_derive(keys->entry, DLB_KEY_LEN, keys->root, DLB_KEY_LEN,
		"dlb satchel entries", id, 32);
	dlb_derive(keys->mask, DLB_KEY_LEN, keys->root, DLB_KEY_LEN,
		"dlb satchel mask", id, 32);
}

static void
super_key(
	uint8_t out[static DLB_KEY_LEN], const uint8_t root[static DLB_KEY_LEN])
{
	dlb_derive(out, DLB_KEY_LEN, root, DLB_KEY_LEN, "dlb satchel header",
		NULL, 0);
}

static void
super_encode(uint8_t out[static SUPER_LEN], const struct dlb_super *super)
{
	struct dlb_writer w;

	dlb_writer_init(&w, out, SUPER_LEN);
	dlb_write_u16(&w, DLB_SATCHEL_VERSION);
	dlb_write_u16(&w, super->flags);
	dlb_write_u32(&w, super->slots);
	dlb_write_u32(&w, super->entries);
	dlb_write_u32(&w, super->reserve);
	dlb_write_u8(&w, super->used);
	dlb_write_zeros(&w, SUPER_ZEROS);
	dlb_write_bytes(&w, super->id, sizeof(super->id));
	dlb_write_bytes(&w, super->keyslots, sizeof(super->keyslots));
}

static enum dlb_status
super_decode(struct dlb_super *super, const uint8_t in[static SUPER_LEN],
	struct dlb_error *err)
{
	struct dlb_layout l;
	struct dlb_reader r;
	uint16_t version;

	dlb_reader_init(&r, in, SUPER_LEN);
	version = dlb_read_u16(&r);
	if (version != DLB_SATCHEL_VERSION)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"it is of version %u, which this program does not know: "
			"take a newer one",
			version);
	super->flags = dlb_read_u16(&r);
	super->slots = dlb_read_u32(&r);
	super->entries = dlb_read_u32(&r);
	super->reserve = dlb_read_u32(&r);
	super->used = dlb_read_u8(&r);
	dlb_read_zeros(&r, SUPER_ZEROS);
	dlb_read_bytes(&r, super->id, sizeof(super->id));
	dlb_read_bytes(&r, super->keyslots, sizeof(super->keyslots));
	if (!dlb_reader_done(&r) || (super->flags & ~DLB_SUPER_SPARSE)
		|| super->slots < DLB_SATCHEL_SLOTS_MIN
		|| super->slots > DLB_SATCHEL_SLOTS_MAX
		|| super->reserve > super->slots)
		goto malformed;
	dlb_layout_init(&l, super->slots);
	if (super->entries == l.entries)
		return DLB_OK;
malformed:
	return dlb_fail(err, DLB_MALFORMED,
		"its header says what no satchel's header says");
}

void
dlb_header_make(uint8_t out[static DLB_HEADER_LEN],
	const struct dlb_super *super, unsigned which,
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_env *env)
{
	uint8_t plain[SUPER_LEN], key[DLB_KEY_LEN], nonce[DLB_XNONCE_LEN];
	uint8_t ad = (uint8_t)which;

	dlb_random(env, out, DLB_HEADER_LEN);
	dlb_random(env, nonce, sizeof(nonce));
	memcpy(out, super->keyslots[which], DLB_KEYSLOTS_LEN);
	super_encode(plain, super);
	super_key(key, root);
	dlb_xseal(out + SUPER_AT, key, nonce, &ad, 1, plain, sizeof(plain));
	dlb_wipe(key, sizeof(key));
	dlb_wipe(plain, sizeof(plain));
}

/* DLB_FORGED where the key does not open it. */
static enum dlb_status
header_open(struct dlb_super *super, const uint8_t raw[static DLB_HEADER_LEN],
	unsigned which, const uint8_t root[static DLB_KEY_LEN],
	struct dlb_error *err)
{
	uint8_t plain[SUPER_LEN], key[DLB_KEY_LEN], ad = (uint8_t)which;
	enum dlb_status s;

	super_key(key, root);
	s = dlb_xopen(plain, key, &ad, 1, raw + SUPER_AT, SUPER_SEALED_LEN);
	if (s == DLB_OK)
		s = super_decode(super, plain, err);
	dlb_wipe(key, sizeof(key));
	dlb_wipe(plain, sizeof(plain));
	return s;
}

/* ---- finding the root key ---------------------------------------------------------- */

struct header_pair {
	uint8_t raw[2][DLB_HEADER_LEN];
	bool there[2];
	uint64_t at[2];
	uint64_t size; /* of the file */
};

/* A sector that can not be read is what the other header is for. */
static enum dlb_status
read_header(struct header_pair *h, unsigned which, uint64_t at,
	struct dlb_file *file, struct dlb_error *err)
{
	enum dlb_status s = DLB_CORRUPT;

	h->at[which] = at;
	if (h->size >= DLB_HEADER_LEN && at <= h->size - DLB_HEADER_LEN)
		s = file->ops->read_at(
			file, h->raw[which], DLB_HEADER_LEN, at, err);
	h->there[which] = s == DLB_OK;
	return s;
}

static enum dlb_status
read_headers(
	struct header_pair *h, struct dlb_file *file, struct dlb_error *err)
{
	struct dlb_layout l;
	uint32_t slots;
	enum dlb_status s = file->ops->size(file, &h->size, err);

	if (s != DLB_OK)
		return s;
	if (h->size < DLB_HEADER_LEN)
		return dlb_fail(err, DLB_CORRUPT,
			"it is too short to be a satchel: it was cut off");
	/* Where the second one is follows from the length, as long as that is
	 * right; else the first one says it. */
	slots = dlb_satchel_slots_in(h->size);
	dlb_layout_init(&l, slots ? slots : DLB_SATCHEL_SLOTS_MIN);
	s = read_header(h, 0, l.header[0], file, err);
	(void)read_header(h, 1, l.header[1], file, NULL);
	return h->there[1] ? DLB_OK : s;
}

/* DLB_WRONG_KEY where neither header has a key slot that opens. */
static enum dlb_status
find_root(uint8_t root[static DLB_KEY_LEN], const struct header_pair *h,
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	enum dlb_status s = DLB_WRONG_KEY;

	if (unlock->kind == DLB_UNLOCK_ROOT) {
		if (unlock->len != DLB_KEY_LEN)
			return dlb_fail(err, DLB_USAGE,
				"a root key has %d bytes", DLB_KEY_LEN);
		memcpy(root, unlock->secret, DLB_KEY_LEN);
		return DLB_OK;
	}
	for (unsigned i = 0; i < 2 && s == DLB_WRONG_KEY; i++)
		if (h->there[i])
			s = dlb_keyslots_open(root, h->raw[i], unlock, err);
	return s;
}

static bool
same_super(const struct dlb_super *a, const struct dlb_super *b)
{
	uint8_t bytes[2][SUPER_LEN];

	super_encode(bytes[0], a);
	super_encode(bytes[1], b);
	return dlb_equal(bytes[0], bytes[1], SUPER_LEN);
}

/* Both superblocks, as far as they open. */
static void
open_headers(struct dlb_super got[static 2], enum dlb_status each[static 2],
	struct header_pair *h, const uint8_t root[static DLB_KEY_LEN],
	struct dlb_file *file, struct dlb_error *err)
{
	struct dlb_layout l;

	for (unsigned i = 0; i < 2; i++) {
		each[i] = DLB_FORGED;
		if (h->there[i])
			each[i] = header_open(&got[i], h->raw[i], i, root, err);
		if (i > 0 || each[0] != DLB_OK)
			continue;
		dlb_layout_init(&l, got[0].slots);
		if (h->at[1] != l.header[1])
			(void)read_header(h, 1, l.header[1], file, NULL);
	}
}

/* ---- a second header that is not where the length says ------------------------------- */

/* Where bytes follow, it stands where a smaller number of slots has it. That is looked at
 * only when both headers have failed in their places: a little, as most often the secret
 * is but the wrong one; further, where the root key is known to be right. */
#define NEAR 64
#define FAR 65536

struct search {
	struct header_pair *h;
	struct dlb_file *file;
	uint32_t slots; /* of the place that was read last */
	uint32_t left;  /* places */
};

static void
search_init(struct search *f, struct header_pair *h, struct dlb_file *file,
	uint32_t most)
{
	f->h = h;
	f->file = file;
	f->slots = dlb_satchel_slots_in(h->size);
	f->left = most;
}

/* Reads the next place, going down; false at the end. */
static bool
search_next(struct search *f)
{
	struct dlb_layout l;

	do {
		if (f->left == 0 || f->slots <= DLB_SATCHEL_SLOTS_MIN)
			return false;
		f->left--;
		dlb_layout_init(&l, --f->slots);
	} while (read_header(f->h, 1, l.header[1], f->file, NULL) != DLB_OK);
	return true;
}

/* In its key slots. A passphrase costs too much to be tried in many places. */
static bool
search_root(uint8_t root[static DLB_KEY_LEN], struct header_pair *h,
	struct dlb_file *file, const struct dlb_unlock *unlock)
{
	struct search f;

	if (unlock->kind != DLB_UNLOCK_OPEN
		&& unlock->kind != DLB_UNLOCK_KEYFILE)
		return false;
	search_init(&f, h, file, NEAR);
	while (search_next(&f))
		if (dlb_keyslots_open(root, h->raw[1], unlock, NULL) == DLB_OK)
			return true;
	return false;
}

/* One that says of itself that it is in its place. */
static bool
search_super(struct dlb_super *super, struct header_pair *h,
	struct dlb_file *file, const uint8_t root[static DLB_KEY_LEN],
	uint32_t most)
{
	struct search f;

	search_init(&f, h, file, most);
	while (search_next(&f))
		if (header_open(super, h->raw[1], 1, root, NULL) == DLB_OK
			&& super->slots == f.slots)
			return true;
	return false;
}

enum dlb_status
dlb_header_unlock(struct dlb_super *super, uint8_t root[static DLB_KEY_LEN],
	bool bad[static 2], struct dlb_file *file,
	const struct dlb_unlock *unlock, bool sure, struct dlb_error *err)
{
	struct header_pair h;
	struct dlb_super got[2];
	enum dlb_status s, each[2];
	unsigned best;

	s = read_headers(&h, file, err);
	if (s == DLB_OK)
		s = find_root(root, &h, unlock, err);
	if (s == DLB_WRONG_KEY && search_root(root, &h, file, unlock))
		s = DLB_OK;
	if (s != DLB_OK)
		return s;
	sure = sure || unlock->kind != DLB_UNLOCK_ROOT;
	open_headers(got, each, &h, root, file, err);
	if (each[0] == DLB_FORGED && each[1] == DLB_FORGED
		&& search_super(&got[1], &h, file, root, sure ? FAR : NEAR))
		each[1] = DLB_OK;
	best = each[0] == DLB_OK ? 0 : 1;
	if (each[best] != DLB_OK) {
		dlb_wipe(root, DLB_KEY_LEN);
		/* What a header said that could be opened comes first. */
		s = each[0] != DLB_FORGED ? each[0] : each[1];
		if (s != DLB_FORGED)
			return s;
		if (unlock->kind == DLB_UNLOCK_ROOT)
			return dlb_fail(err, DLB_WRONG_KEY,
				"it does not open with this key");
		return dlb_fail(
			err, DLB_CORRUPT, "both of its headers are damaged");
	}
	*super = got[best];
	for (unsigned i = 0; i < 2; i++)
		bad[i] = each[i] != DLB_OK || !same_super(&got[i], super)
			|| !dlb_equal(
				h.raw[i], super->keyslots[i], DLB_KEYSLOTS_LEN);
	return DLB_OK;
}
