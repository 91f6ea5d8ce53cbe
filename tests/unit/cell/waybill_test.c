/* The waybill, expiry, names and box tags. */
#include "test.h"

static int
setup(void **state)
{
	*state = cell_world_new(1);
	cell_world_head(*state, 100, NULL, 0);
	return 0;
}

static int
teardown(void **state)
{
	cell_world_free(*state);
	return 0;
}

static void
check_reads_what_was_sealed(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_world_head(w, 100, NULL, 0);
	struct dlb_waybill waybill;
	uint8_t token[DLB_TOKEN_LEN], hash[DLB_HASH_LEN];

	assert_ok(dlb_cell_check(&waybill, w->cell, NULL));
	assert_int_equal(waybill.expiry_week, FIXTURE_EXPIRY);
	assert_memory_equal(waybill.box_tag, w->cell + 16, 16);
	dlb_recall_token(token, s.recall_key, 0, 0);
	dlb_token_hash(hash, token);
	assert_memory_equal(waybill.token_hash, hash, sizeof(hash));
	assert_memory_equal(w->cell + 32, hash, sizeof(hash));
	assert_int_equal(w->cell[0], 1);
	assert_int_equal(w->cell[2] << 8 | w->cell[3], FIXTURE_EXPIRY);
}

static void
unknown_versions_are_refused(void **state)
{
	struct cell_world *w = *state;
	struct dlb_waybill waybill;
	struct dlb_error err;

	for (int v = 0; v < 256; v++) {
		enum dlb_status want = v == 1 ? DLB_OK : DLB_UNSUPPORTED;

		w->cell[0] = (uint8_t)v;
		assert_status(dlb_cell_check(&waybill, w->cell, &err), want);
	}
	assert_non_null(strstr(err.msg, "version 255"));
}

static void
reserved_bytes_are_refused(void **state)
{
	static const struct dlb_waybill none;
	static const uint8_t reserved[] = {
		1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct cell_world *w = *state;
	struct dlb_waybill waybill;

	for (size_t i = 0; i < sizeof(reserved); i++) {
		for (int bit = 0; bit < 8; bit++) {
			w->cell[reserved[i]] = (uint8_t)(1 << bit);
			assert_status(dlb_cell_check(&waybill, w->cell, NULL),
				DLB_MALFORMED);
			assert_memory_equal(&waybill, &none, sizeof(none));
		}
		w->cell[reserved[i]] = 0;
	}
	assert_ok(dlb_cell_check(&waybill, w->cell, NULL));
}

static void
free_bytes_are_free(void **state)
{
	struct cell_world *w = *state;
	struct dlb_waybill waybill;

	memset(w->cell + 2, 0xff, 2);
	memset(w->cell + 16, 0xff, 48);
	memset(w->cell + DLB_AT_BODY, 0, DLB_BODY_LEN);
	assert_ok(dlb_cell_check(&waybill, w->cell, NULL));
	assert_int_equal(waybill.expiry_week, 0xffff);
}

/* p = 2^255 - 19, little-endian, plus a small number. */
static void
field_element(uint8_t out[static 32], int above)
{
	memset(out, 0xff, 32);
	out[0] = (uint8_t)(0xed + above);
	out[31] = 0x7f;
}

static void
handles_have_one_form(void **state)
{
	struct cell_world *w = *state;
	struct dlb_waybill waybill;
	uint8_t *handle = w->cell + 64;
	uint8_t good[32];

	memcpy(good, handle, sizeof(good));
	handle[31] |= 0x80;
	assert_status(dlb_cell_check(&waybill, w->cell, NULL), DLB_MALFORMED);
	memset(handle, 0, 32); /* the identity */
	assert_status(dlb_cell_check(&waybill, w->cell, NULL), DLB_MALFORMED);
	for (int above = 0; above < 19; above++) { /* not canonical */
		field_element(handle, above);
		assert_status(
			dlb_cell_check(&waybill, w->cell, NULL), DLB_MALFORMED);
	}
	memcpy(handle, good, sizeof(good));
	handle[0] |= 1; /* a negative field element */
	assert_status(dlb_cell_check(&waybill, w->cell, NULL), DLB_MALFORMED);
	memcpy(handle, good, sizeof(good));
	assert_ok(dlb_cell_check(&waybill, w->cell, NULL));
}

static void
expiry_is_the_last_week(void **state)
{
	(void)state;
	assert_status(dlb_cell_check_expiry(99, 100), DLB_EXPIRED);
	assert_ok(dlb_cell_check_expiry(100, 100));
	assert_ok(dlb_cell_check_expiry(114, 100));
	assert_status(dlb_cell_check_expiry(115, 100), DLB_REFUSED);
	assert_status(dlb_cell_check_expiry(0, 65535), DLB_EXPIRED);
	assert_status(dlb_cell_check_expiry(65535, 0), DLB_REFUSED);
	assert_ok(dlb_cell_check_expiry(65535, 65535));
	assert_ok(dlb_cell_check_expiry(0, 0));
}

static void
names_cover_every_byte(void **state)
{
	struct cell_world *w = *state;
	uint8_t core[32], name[32], core2[32], name2[32];

	dlb_cell_name(core, name, w->cell);
	for (size_t i = 0; i < DLB_CELL_LEN; i += i < 128 ? 1 : 1021) {
		bool tag = i >= 16 && i < 32;

		w->cell[i] ^= 0x10;
		dlb_cell_name(core2, name2, w->cell);
		w->cell[i] ^= 0x10;
		assert_int_equal(!memcmp(core, core2, 32), tag);
		assert_memory_not_equal(name, name2, 32);
	}
}

static void
names_are_as_specified(void **state)
{
	struct cell_world *w = *state;
	uint8_t core[32], name[32], want[32];
	uint8_t *flat = w->copy;

	memcpy(flat, w->cell, 16);
	memcpy(flat + 16, w->cell + 32, DLB_CELL_LEN - 32);
	dlb_sha256(want, flat, DLB_CELL_LEN - 16);
	dlb_cell_name(core, name, w->cell);
	assert_memory_equal(core, want, 32);
	memcpy(flat, core, 32);
	memcpy(flat + 32, w->cell + 16, 16);
	dlb_sha256(want, flat, 48);
	assert_memory_equal(name, want, 32);
}

static void
tags_are_of_the_box_or_random(void **state)
{
	struct cell_world *w = *state;
	struct dlb_seal_to to = cell_to(&w->reader);
	struct dlb_seal_from from = cell_from(&w->sender, &w->reader, NULL, 0);
	struct dlb_stripe s = cell_stripe(70000, 0, w->env);
	uint8_t tag_key[32] = {9}, core[32], name[32], tag[16], last[16];

	s.tag_key = tag_key;
	cell_content(w->content, 0, s.inline_len);
	assert_ok(dlb_head_seal(
		w->cell, w->aead, &to, &from, &s, w->content, w->env, NULL));
	dlb_cell_name(core, name, w->cell);
	dlb_box_tag(tag, tag_key, core);
	assert_memory_equal(w->cell + 16, tag, 16);
	tag_key[0] ^= 1;
	dlb_box_tag(last, tag_key, core);
	assert_memory_not_equal(last, tag, 16);

	dlb_bulk_seal(w->cell, w->aead, &s, 1, w->content, 100, w->env);
	dlb_cell_name(core, name, w->cell);
	dlb_box_tag(tag, tag_key, core);
	assert_memory_equal(w->cell + 16, tag, 16);

	s.tag_key = NULL;
	dlb_bulk_seal(w->cell, w->aead, &s, 1, w->content, 100, w->env);
	memcpy(last, w->cell + 16, 16);
	dlb_bulk_seal(w->cell, w->aead, &s, 1, w->content, 100, w->env);
	assert_memory_not_equal(w->cell + 16, last, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(check_reads_what_was_sealed),
		TEST(unknown_versions_are_refused),
		TEST(reserved_bytes_are_refused),
		TEST(free_bytes_are_free),
		TEST(handles_have_one_form),
		TEST(expiry_is_the_last_week),
		TEST(names_cover_every_byte),
		TEST(names_are_as_specified),
		TEST(tags_are_of_the_box_or_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
