/*
 * Cells that must be refused, each as a patch of a good one; and a few changes
 * that must not matter.
 *
 * What lies behind a seal is sealed anew with the same randomness: as the cipher
 * is a stream, only the changed bytes and the tag differ, and the patch stays
 * short.
 */
#include "vectors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct vector_bad *add(struct vectors *v, enum vector_check check,
	int file, enum dlb_status want, const char *fmt, ...) DLB_PRINTF(5, 6);

static struct vector_bad *
add(struct vectors *v, enum vector_check check, int file, enum dlb_status want,
	const char *fmt, ...)
{
	struct vector_bad *b = &v->bad[v->n_bad++];
	va_list args;

	vectors_need(v->n_bad <= VECTORS_BAD_MAX);
	va_start(args, fmt);
	vsnprintf(b->name, sizeof(b->name), fmt, args);
	va_end(args);
	b->check = check;
	b->file = file;
	b->want = want;
	return b;
}

static void
patch(struct vector_bad *b, size_t at, const void *bytes, size_t len)
{
	struct vector_patch *p = &b->patches[b->n_patches++];

	vectors_need(b->n_patches <= VECTORS_PATCHES_MAX
		&& len <= sizeof(p->bytes) && at + len <= DLB_CELL_LEN);
	p->at = (uint32_t)at;
	p->len = (uint32_t)len;
	memcpy(p->bytes, bytes, len);
}

static void
flip(const struct vectors *v, struct vector_bad *b, size_t at)
{
	uint8_t byte = v->files[b->file].cell[at] ^ 1;

	patch(b, at, &byte, 1);
}

/* Patches that make the base, within [from, to), what `cell` is. */
static void
patch_diff(const struct vectors *v, struct vector_bad *b, const uint8_t *cell,
	size_t from, size_t to)
{
	const uint8_t *base = v->files[b->file].cell;

	while (from < to) {
		size_t end = from;

		/* Runs may bridge a few bytes that are equal by chance. */
		while (end < to && end < from + 64
			&& memcmp(base + end, cell + end,
				   to - end < 4 ? to - end : 4)
				!= 0)
			end++;
		if (end > from)
			patch(b, from, cell + from, end - from);
		from = end > from ? end : from + 1;
	}
	vectors_need(b->n_patches > 0);
}

/* ---- the form, which couriers check ------------------------------------------------ */

static void
courier_cells(struct vectors *v)
{
	static const struct {
		const char *name;
		uint8_t at, byte;
		enum dlb_status want;
	} bytes[] = {
		{"version 0", 0, 0, DLB_UNSUPPORTED},
		{"version 2", 0, 2, DLB_UNSUPPORTED},
		{"version 129", 0, 129, DLB_UNSUPPORTED},
		{"reserved byte 1", 1, 1, DLB_MALFORMED},
		{"reserved byte 4", 4, 0x80, DLB_MALFORMED},
		{"reserved byte 15", 15, 1, DLB_MALFORMED},
		{"another expiry", 2, 0xff, DLB_OK},
		{"another box tag", 16, 0xff, DLB_OK},
		{"another token hash", 32, 0xff, DLB_OK},
		{"another body", 96, 0xff, DLB_OK},
	};
	/* RFC 9496, appendix A.2, shows more of these. */
	static const struct {
		const char *name, *hex;
	} handles[] = {
		{"the identity",
			"0000000000000000000000000000000000000000000000"
			"000000000000000000"},
		{"p, the identity once more",
			"edffffffffffffffffffffffffffffffff"
			"ffffffffffffffffffffffffffff7f"},
		/* 4 is an element. */
		{"p + 4",
			"f1ffffffffffffffffffffffffffffffffffffffffffffffffffff"
			"ffffffff7f"},
		{"all ones",
			"ffffffffffffffffffffffffffffffffffffffffffffffffff"
			"ffffffffffffff"},
		{"a negative number",
			"01000000000000000000000000000000000000000"
			"00000000000000000000000"},
		{"not a square",
			"26948d35ca62e643e26a83177332e6b6afeb9d08e4268b6"
			"50f1f5bbd8d81d371"},
		{"a negative product",
			"3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93"
			"735c07ba14579630e"},
		{"p - 1, whose y is zero",
			"ecffffffffffffffffffffffffffffffff"
			"ffffffffffffffffffffffffffff7f"},
	};
	int file = v->letters[LETTER_SHORT].head_file;
	uint8_t handle[DLB_HANDLE_LEN];

	for (size_t i = 0; i < DLB_ARRAY_LEN(bytes); i++)
		patch(add(v, CHECK_COURIER, file, bytes[i].want, "%s",
			      bytes[i].name),
			bytes[i].at, &bytes[i].byte, 1);
	for (size_t i = 0; i < DLB_ARRAY_LEN(handles); i++) {
		vectors_need(dlb_unhex(handle, sizeof(handle), handles[i].hex)
			== DLB_OK);
		patch(add(v, CHECK_COURIER, file, DLB_MALFORMED, "handle: %s",
			      handles[i].name),
			DLB_AT_HANDLE, handle, sizeof(handle));
	}
	/* p less the element: the same point, but for the sign. */
	for (int i = 0, borrow = 0; i < DLB_HANDLE_LEN; i++) {
		int p = i == 0 ? 0xed : i == DLB_HANDLE_LEN - 1 ? 0x7f : 0xff;
		int d = p - v->files[file].cell[DLB_AT_HANDLE + i] - borrow;

		borrow = d < 0;
		handle[i] = (uint8_t)d;
	}
	patch(add(v, CHECK_COURIER, file, DLB_MALFORMED,
		      "handle: the negative of an element"),
		DLB_AT_HANDLE, handle, sizeof(handle));
	handle[31] = v->files[file].cell[95] | 0x80;
	patch(add(v, CHECK_COURIER, file, DLB_MALFORMED, "handle: bit 255"), 95,
		&handle[31], 1);
	patch(add(v, CHECK_HEAD, file, DLB_NOT_MINE,
		      "handle: bit 255, searched"),
		95, &handle[31], 1);
}

/* ---- heads with a byte changed, and wrong readers ------------------------------------ */

static void
flipped_heads(struct vectors *v)
{
	/* The long letter: box 2 is 3,112 bytes, box 3 begins at 4,392. */
	static const struct {
		const char *name;
		size_t at;
		enum dlb_status want;
	} flips[] = {
		{"version", 0, DLB_NOT_MINE},
		{"expiry", 3, DLB_NOT_MINE},
		{"reserved byte", 9, DLB_NOT_MINE},
		{"box tag", 16, DLB_OK},
		{"box tag's end", 31, DLB_OK},
		{"token hash", 32, DLB_NOT_MINE},
		{"token hash's end", 63, DLB_NOT_MINE},
		{"commitment 1", 96, DLB_NOT_MINE},
		{"commitment 1's end", 127, DLB_NOT_MINE},
		{"box 1", 128, DLB_FORGED},
		{"box 1's ciphertext of X-Wing", 700, DLB_FORGED},
		{"box 1's tag", 1279, DLB_FORGED},
		{"commitment 2", 1280, DLB_FORGED},
		{"box 2", 1312, DLB_FORGED},
		{"box 2's card", 4000, DLB_FORGED},
		{"box 2's tag", 4391, DLB_FORGED},
		{"commitment 3", 4392, DLB_FORGED},
		{"box 3", 4424, DLB_FORGED},
		{"box 3's content", 40000, DLB_FORGED},
		{"box 3's tag", 65520, DLB_FORGED},
		{"the last byte", 65535, DLB_FORGED},
	};
	int file = v->letters[LETTER_LONG].head_file;
	struct vector_bad *b;
	uint8_t handle[DLB_HANDLE_LEN];

	for (size_t i = 0; i < DLB_ARRAY_LEN(flips); i++)
		flip(v,
			add(v, CHECK_HEAD, file, flips[i].want, "changed: %s",
				flips[i].name),
			flips[i].at);
	dlb_point_base(handle, v->people[STRANGER].finding_secret);
	patch(add(v, CHECK_HEAD, file, DLB_NOT_MINE, "changed: handle"),
		DLB_AT_HANDLE, handle, sizeof(handle));
	b = add(v, CHECK_HEAD, file, DLB_NOT_MINE, "wrong reader: a stranger");
	b->reader = STRANGER;
	b = add(v, CHECK_HEAD, file, DLB_NOT_MINE, "wrong reader: the sender");
	b->reader = SENDER;
	b = add(v, CHECK_HEAD, file, DLB_NOT_FOUND, "the opening key is gone");
	b->without = true;
	for (int i = 0; i < v->n_files; i++)
		if (v->files[i].cover)
			add(v, CHECK_HEAD, i, DLB_NOT_MINE, "cover: %s",
				v->files[i].name);
	add(v, CHECK_HEAD, v->letters[LETTER_LONG].bulk[1].file, DLB_NOT_MINE,
		"a bulk cell, searched");
}

/* ---- heads that were sealed dishonestly ------------------------------------------------ */

static void
forge_start(struct vectors *v, const struct vector_letter *l)
{
	cell_content(v->content, 0, l->stripe.inline_len);
	cell_forge_fill(&v->forge, &l->to, &l->from, &l->stripe, v->content);
}

static void
forge_seal(struct vectors *v, uint8_t *cell, const struct vector_letter *l,
	const struct dlb_seal_from *from)
{
	struct dlb_stripe s = l->stripe;

	s.tag_key = NULL;
	cell_forge_seal(cell, &v->forge, v->aead, &l->to, from, &s, &l->random);
}

static void
forged_box1(struct vectors *v)
{
	static const struct {
		const char *name;
		uint8_t at, bytes[2];
		enum dlb_status want;
	} cases[] = {
		{"reserved byte 6", 6, {1, 0}, DLB_MALFORMED},
		{"reserved byte 15", 14, {0, 0x80}, DLB_MALFORMED},
		{"box 2 of 0 bytes", 4, {0, 0}, DLB_MALFORMED},
		{"box 2 of 111 bytes", 4, {0, 111}, DLB_MALFORMED},
		{"box 2 of 24,689 bytes", 4, {0x60, 0x71}, DLB_MALFORMED},
		{"box 2 of 65,535 bytes", 4, {0xff, 0xff}, DLB_MALFORMED},
		{"box 2 a byte longer", 4, {0, 113}, DLB_FORGED},
		{"box 2 of 24,688 bytes", 4, {0x60, 0x70}, DLB_FORGED},
		{"opening id of another month", 2, {0, 99}, DLB_NOT_FOUND},
		{"opening id of last resort", 0, {0x80, 0}, DLB_NOT_FOUND},
	};
	const struct vector_letter *l = &v->letters[LETTER_SHORT];
	static uint8_t cell[DLB_CELL_LEN];

	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		forge_start(v, l);
		memcpy(v->forge.box1 + cases[i].at, cases[i].bytes, 2);
		forge_seal(v, cell, l, &l->from);
		/* What follows box 1 is not reached, or wrong in any case. */
		patch_diff(v,
			add(v, CHECK_HEAD, l->head_file, cases[i].want,
				"sealed: %s", cases[i].name),
			cell, DLB_AT_BODY, DLB_AT_BOX2);
	}
}

/* What stands at up to two places, so that one rule is broken and no other. */
struct box3_case {
	const char *name;
	size_t at;
	const char *hex;
	enum dlb_status want;
	size_t at2;
	const char *hex2;
};

static void
box3_set(struct vectors *v, size_t at, const char *hex)
{
	vectors_need(!hex
		|| dlb_unhex(v->forge.box3 + at, strlen(hex) / 2, hex)
			== DLB_OK);
}

static void
forged_box3(struct vectors *v, const struct vector_letter *l,
	const struct box3_case *cases, size_t n)
{
	static uint8_t cell[DLB_CELL_LEN];
	struct vector_bad *b;

	for (size_t i = 0; i < n; i++) {
		forge_start(v, l);
		box3_set(v, cases[i].at, cases[i].hex);
		box3_set(v, cases[i].at2, cases[i].hex2);
		forge_seal(v, cell, l, &l->from);
		b = add(v, CHECK_HEAD, l->head_file, cases[i].want,
			"sealed, %s: %s", l->name, cases[i].name);
		patch_diff(v, b, cell, DLB_AT_BOX2, DLB_CELL_LEN);
	}
}

#define ZEROS_4 "00000000"
#define ZEROS_20 ZEROS_4 ZEROS_4 ZEROS_4 ZEROS_4 ZEROS_4
#define ZEROS_100 ZEROS_20 ZEROS_20 ZEROS_20 ZEROS_20 ZEROS_20
/* From content_len on: the layout of no content is the same for each mode and k.
 * The 28 bytes that were content are padding then. */
#define NO_CONTENT                                                             \
	ZEROS_4 ZEROS_4 ZEROS_4 ZEROS_4                                        \
		"0000000100000000" ZEROS_100 ZEROS_20 ZEROS_4 ZEROS_4

static void
forged_fields(struct vectors *v)
{
	/* content_len, stripe_len, cells, inline_len lie at 132 to 155. */
	static const struct box3_case short_cases[] = {
		{"mode 2", 0, "020202", DLB_MALFORMED, 132, NO_CONTENT},
		{"k is 0", 1, "00", DLB_MALFORMED, 132, NO_CONTENT},
		{"k beyond n", 1, "02", DLB_MALFORMED, 132, NO_CONTENT},
		{"n is 0", 2, "00", DLB_MALFORMED, 0, NULL},
		{"number is n", 3, "01", DLB_MALFORMED, 0, NULL},
		{"number below n", 2, "0201", DLB_OK, 0, NULL},
		{"a threshold of one", 0, "01", DLB_MALFORMED, 132, NO_CONTENT},
		{"a commitment without a threshold", 131, "01", DLB_MALFORMED,
			0, NULL},
		{"content longer than the stripe", 139, "1d", DLB_MALFORMED, 0,
			NULL},
		{"stripe longer than the content", 147, "1d000000010000001d",
			DLB_MALFORMED, 0, NULL},
		{"two cells", 148, "00000002", DLB_MALFORMED, 0, NULL},
		{"no cell", 148, "00000000", DLB_MALFORMED, 0, NULL},
		{"less in the head", 155, "1b", DLB_MALFORMED, 283, "00"},
		{"more in the head", 155, "1d", DLB_MALFORMED, 0, NULL},
		{"lengths of 2^63", 132, "80000000000000008000000000000000",
			DLB_MALFORMED, 0, NULL},
		{"lengths of 2^64 - 1", 132,
			"ffffffffffffffffffffffffffffffff00000001ffffffff",
			DLB_MALFORMED, 0, NULL},
		{"lengths beyond the limit", 132,
			"000000ff8ffff9d1000000ff8ffff9d1"
			"010800000000f960",
			DLB_MALFORMED, 0, NULL},
		{"reserved byte 156", 156, "01", DLB_MALFORMED, 0, NULL},
		{"reserved byte 255", 255, "80", DLB_MALFORMED, 0, NULL},
		{"padding's first byte", 284, "01", DLB_MALFORMED, 0, NULL},
		{"padding's middle", 40000, "01", DLB_MALFORMED, 0, NULL},
		{"padding's last byte", 64095, "01", DLB_MALFORMED, 0, NULL},
		{"other content", 256, "ff", DLB_OK, 0, NULL},
	};
	static const struct box3_case share_cases[] = {
		{"k is 1", 1, "01", DLB_MALFORMED, 132, "0000000000011170"},
		{"mode 0, laid out as a threshold", 0, "00", DLB_MALFORMED, 100,
			ZEROS_20 ZEROS_4 ZEROS_4 ZEROS_4},
		{"content in the head", 155, "01", DLB_MALFORMED, 0, NULL},
		{"stripe of another length", 147, "71", DLB_MALFORMED, 0, NULL},
		{"another share", 68, "00", DLB_OK, 0, NULL},
	};

	forged_box3(v, &v->letters[LETTER_SHORT], short_cases,
		DLB_ARRAY_LEN(short_cases));
	forged_box3(v, &v->letters[LETTER_SHARE], share_cases,
		DLB_ARRAY_LEN(share_cases));
}

/* What differs in all that follows is a file of its own. */
static void
forged_secrets(struct vectors *v)
{
	const struct vector_letter *l = &v->letters[LETTER_SHORT];
	int file = vectors_add_file(v, "bad-commitment");

	/* Box 3 is sealed over box 2 as it is, so that nothing else is wrong. */
	forge_start(v, l);
	v->forge.commitment2 = 1;
	forge_seal(v, v->files[file].cell, l, &l->from);
	add(v, CHECK_HEAD, file, DLB_FORGED, "sealed: commitment 2 alone");

	/* All agree with u = 0 on zero, and X-Wing goes on with that. */
	file = vectors_add_file(v, "xwing-order");
	forge_start(v, l);
	v->forge.small_order = v->people[l->reader].opening_seed;
	forge_seal(v, v->files[file].cell, l, &l->from);
	add(v, CHECK_HEAD, file, DLB_OK,
		"sealed: X-Wing's point of small order");
}

static void
forged_senders(struct vectors *v)
{
	const struct vector_letter *l = &v->letters[LETTER_SHORT];
	struct dlb_seal_from from =
		cell_from(&v->people[STRANGER], &v->people[READER], NULL, 0);
	int file = vectors_add_file(v, "bad-sender");

	/* A stranger who has the sender's public keys. */
	from.identity = l->from.identity;
	forge_start(v, l);
	forge_seal(v, v->files[file].cell, l, &from);
	add(v, CHECK_HEAD, file, DLB_FORGED, "sealed in another's name");

	/* u = 1 has a small order: all agree with it on zero. */
	file = vectors_add_file(v, "bad-order");
	memset(from.identity.agree, 0, sizeof(from.identity.agree));
	from.identity.agree[0] = 1;
	memset(from.shared, 0, sizeof(from.shared));
	memcpy(v->forge.box2, &from.identity, sizeof(from.identity));
	forge_seal(v, v->files[file].cell, l, &from);
	add(v, CHECK_HEAD, file, DLB_FORGED, "a sender's key of small order");
}

/* ---- bulk cells ----------------------------------------------------------------------- */

static struct vector_bad *
add_bulk(struct vectors *v, uint32_t file_index, uint32_t index,
	enum dlb_status want, const char *name)
{
	struct vector_bad *b = add(v, CHECK_BULK,
		v->letters[LETTER_LONG].bulk[file_index].file, want, "bulk: %s",
		name);

	b->letter = LETTER_LONG;
	b->index = index;
	return b;
}

/* Cell `index` of the long letter with a byte of its plaintext set. */
static void
padded_bulk(struct vectors *v, uint32_t index, size_t at, const char *name)
{
	const struct vector_letter *l = &v->letters[LETTER_LONG];
	static uint8_t cell[DLB_CELL_LEN];
	struct dlb_stripe s = l->stripe;
	uint64_t offset;
	size_t len;

	dlb_stripe_range(&s, index, &offset, &len);
	memset(v->content, 0, sizeof(v->content));
	cell_content(v->content, offset, len);
	v->content[at] = 1;
	dlb_bulk_seal_with(cell, v->aead, &s, index, v->content,
		DLB_BULK_CONTENT_LEN, l->bulk[index].box_tag);
	patch_diff(v, add_bulk(v, index, index, DLB_FORGED, name), cell,
		DLB_AT_BODY, DLB_CELL_LEN);
}

/* Cell 1 of the long letter as it is, sealed with another byte before the body. */
static void
started_bulk(struct vectors *v, size_t at, uint8_t byte, const char *name)
{
	const struct vector_letter *l = &v->letters[LETTER_LONG];
	static uint8_t cell[DLB_CELL_LEN];
	uint8_t data[DLB_KEY_LEN + 4], key[DLB_KEY_LEN];
	uint8_t ad[DLB_AT_BOX_TAG + DLB_AT_BODY - DLB_AT_TOKEN_HASH];
	uint64_t offset;
	size_t len;

	dlb_stripe_range(&l->stripe, 1, &offset, &len);
	vectors_need(len == DLB_BULK_CONTENT_LEN);
	cell_content(v->content, offset, len);
	memcpy(cell, v->files[l->bulk[1].file].cell, DLB_AT_BODY);
	cell[at] = byte;
	memcpy(data, l->stripe.stripe_key, DLB_KEY_LEN);
	memcpy(data + DLB_KEY_LEN, "\0\0\0\1", 4);
	dlb_derive(key, sizeof(key), l->bulk_letter_key, DLB_KEY_LEN,
		"dlb bulk", data, sizeof(data));
	memcpy(ad, cell, DLB_AT_BOX_TAG);
	memcpy(ad + DLB_AT_BOX_TAG, cell + DLB_AT_TOKEN_HASH,
		DLB_AT_BODY - DLB_AT_TOKEN_HASH);
	dlb_aead_seal(v->aead, cell + DLB_AT_BODY, key, ad, sizeof(ad),
		v->content, len);
	patch_diff(
		v, add_bulk(v, 1, 1, DLB_FORGED, name), cell, 0, DLB_CELL_LEN);
}

/* Sealed for an index that the letter has not, without content. */
static void
indexed_bulk(
	struct vectors *v, uint32_t index, const char *file, const char *name)
{
	const struct vector_letter *l = &v->letters[LETTER_LONG];
	int i = vectors_add_file(v, file);
	struct vector_bad *b;

	dlb_bulk_seal_with(v->files[i].cell, v->aead, &l->stripe, index,
		v->content, 0, l->bulk[1].box_tag);
	b = add(v, CHECK_BULK, i, DLB_FORGED, "bulk: %s", name);
	b->letter = LETTER_LONG;
	b->index = index;
}

static void
bulk_cells(struct vectors *v)
{
	static const struct {
		const char *name;
		size_t at;
		enum dlb_status want;
	} flips[] = {
		{"version", 0, DLB_FORGED},
		{"reserved byte", 12, DLB_FORGED},
		{"expiry", 3, DLB_FORGED},
		{"box tag", 20, DLB_OK},
		{"token hash", 40, DLB_FORGED},
		{"handle", 70, DLB_FORGED},
		{"body", 96, DLB_FORGED},
		{"body's middle", 33000, DLB_FORGED},
		{"tag", 65535, DLB_FORGED},
	};

	for (size_t i = 0; i < DLB_ARRAY_LEN(flips); i++)
		flip(v, add_bulk(v, 1, 1, flips[i].want, flips[i].name),
			flips[i].at);
	add_bulk(v, 1, 2, DLB_FORGED, "as the next");
	started_bulk(v, 0, 2, "sealed, version 2");
	started_bulk(v, 1, 1, "sealed, reserved byte 1");
	started_bulk(v, 15, 1, "sealed, reserved byte 15");
	indexed_bulk(v, 0, "bad-index-0", "sealed as the head");
	indexed_bulk(v, 10, "bad-index-10", "sealed beyond the last");
	padded_bulk(v, 8, 1000, "padding's first byte");
	padded_bulk(v, 8, 65423, "padding's last byte");
	padded_bulk(v, 9, 0, "padding cell");
}

void
vectors_make_bad(struct vectors *v)
{
	courier_cells(v);
	flipped_heads(v);
	forged_box1(v);
	forged_fields(v);
	forged_senders(v);
	forged_secrets(v);
	bulk_cells(v);
}

const char *
vectors_verdict(enum dlb_status status)
{
	switch (status) {
	case DLB_OK:
		return "ok";
	case DLB_NOT_MINE:
		return "not mine";
	case DLB_FORGED:
		return "forged";
	case DLB_MALFORMED:
		return "malformed";
	case DLB_UNSUPPORTED:
		return "unsupported";
	case DLB_NOT_FOUND:
		return "no key";
	default:
		return "?";
	}
}
