/* A head opened again later, with what was kept of it and no other secret. */
#include "counted.h"
#include "test.h"

static int
setup(void **state)
{
	*state = cell_world_new(4);
	return 0;
}

static int
teardown(void **state)
{
	cell_world_free(*state);
	return 0;
}

static void
reopening_needs_no_other_secret(void **state)
{
	struct cell_world *w = *state;
	uint8_t card[40] = {1}, key[32], transcript[32];
	uint32_t offset;
	struct dlb_stripe s = cell_world_head(w, 70000, card, sizeof(card));
	uint8_t f[DLB_FIELDS_LEN], g[DLB_FIELDS_LEN];

	assert_ok(cell_world_open(w, &w->reader, w->cell));
	memcpy(key, w->opened->box3_key, 32);
	memcpy(transcript, w->opened->transcript, 32);
	offset = w->opened->box3_offset;
	assert_int_equal(offset, 1184 + 112 + 40);
	memset(w->opened, 0, sizeof(*w->opened));
	point_muls = decaps = 0;
	assert_ok(dlb_head_reopen(
		w->opened, w->aead, w->cell, key, offset, transcript, NULL));
	assert_int_equal(point_muls + decaps, 0);
	dlb_stripe_encode(f, &s);
	dlb_stripe_encode(g, &w->opened->stripe);
	assert_memory_equal(f, g, sizeof(f));
	assert_int_equal(w->opened->stripe.expiry_week, s.expiry_week);
	assert_memory_equal(w->opened->content, w->content, s.inline_len);
	assert_int_equal(w->opened->card_len, 0);
}

static enum dlb_status
reopen(struct cell_world *w, const uint8_t *key, uint32_t offset,
	const uint8_t *transcript)
{
	enum dlb_status status = dlb_head_reopen(
		w->opened, w->aead, w->cell, key, offset, transcript, NULL);

	if (status != DLB_OK)
		assert_zeroed(w->opened, sizeof(*w->opened));
	return status;
}

static void
reopening_refuses_what_does_not_fit(void **state)
{
	static const uint32_t offsets[] = {
		0, 1295, 25873, 65440, 65408, UINT32_MAX};
	struct cell_world *w = *state;
	uint8_t key[32], transcript[32];
	uint32_t offset;

	cell_world_head(w, 70000, NULL, 0);
	assert_ok(cell_world_open(w, &w->reader, w->cell));
	memcpy(key, w->opened->box3_key, 32);
	memcpy(transcript, w->opened->transcript, 32);
	offset = w->opened->box3_offset;
	for (size_t i = 0; i < DLB_ARRAY_LEN(offsets); i++)
		assert_status(
			reopen(w, key, offsets[i], transcript), DLB_MALFORMED);
	assert_status(reopen(w, key, offset + 1, transcript), DLB_FORGED);
	key[0] ^= 1;
	assert_status(reopen(w, key, offset, transcript), DLB_FORGED);
	key[0] ^= 1;
	transcript[0] ^= 1;
	assert_status(reopen(w, key, offset, transcript), DLB_FORGED);
	transcript[0] ^= 1;
	w->cell[50000] ^= 1;
	assert_status(reopen(w, key, offset, transcript), DLB_FORGED);
	w->cell[50000] ^= 1;
	assert_ok(reopen(w, key, offset, transcript));
}

static void
the_card_needs_no_other_secret(void **state)
{
	struct cell_world *w = *state;
	uint8_t card[300];
	struct dlb_card_key key;
	uint32_t offset;

	memset(card, 7, sizeof(card));
	cell_world_head(w, 70000, card, sizeof(card));
	assert_ok(cell_world_open(w, &w->reader, w->cell));
	key = w->opened->card_key;
	offset = w->opened->box3_offset;
	memset(w->opened, 0, sizeof(*w->opened));
	point_muls = decaps = 0;
	assert_ok(
		dlb_head_card(w->opened, w->aead, w->cell, &key, offset, NULL));
	assert_int_equal(point_muls + decaps, 0);
	assert_int_equal(w->opened->card_len, sizeof(card));
	assert_memory_equal(w->opened->card, card, sizeof(card));
	assert_memory_equal(&w->opened->sender, &w->sender.identity,
		sizeof(w->opened->sender));
	assert_null(w->opened->content);
}

static enum dlb_status
card_again(
	struct cell_world *w, const struct dlb_card_key *key, uint32_t offset)
{
	enum dlb_status status =
		dlb_head_card(w->opened, w->aead, w->cell, key, offset, NULL);

	if (status != DLB_OK)
		assert_zeroed(w->opened, sizeof(*w->opened));
	return status;
}

static void
a_card_that_is_not_there(void **state)
{
	static const uint32_t offsets[] = {
		0, 1295, 25873, 65440, 65408, UINT32_MAX};
	struct cell_world *w = *state;
	struct dlb_card_key key, none = {.key = {0}};
	uint8_t card[40] = {1};
	uint32_t offset;

	cell_world_head(w, 70000, NULL, 0);
	assert_ok(cell_world_open(w, &w->reader, w->cell));
	assert_memory_equal(&w->opened->card_key, &none, sizeof(none));
	offset = w->opened->box3_offset;
	assert_status(card_again(w, &none, offset), DLB_NOT_FOUND);

	cell_world_head(w, 70000, card, sizeof(card));
	assert_ok(cell_world_open(w, &w->reader, w->cell));
	key = w->opened->card_key;
	offset = w->opened->box3_offset;
	for (size_t i = 0; i < DLB_ARRAY_LEN(offsets); i++)
		assert_status(card_again(w, &key, offsets[i]), DLB_MALFORMED);
	assert_status(card_again(w, &key, offset + 1), DLB_FORGED);
	assert_status(card_again(w, &none, offset), DLB_FORGED);
	key.transcript[0] ^= 1;
	assert_status(card_again(w, &key, offset), DLB_FORGED);
	key.transcript[0] ^= 1;
	w->cell[96 + 1184 + 100] ^= 1;
	assert_status(card_again(w, &key, offset), DLB_FORGED);
	w->cell[96 + 1184 + 100] ^= 1;
	assert_ok(card_again(w, &key, offset));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reopening_needs_no_other_secret),
		TEST(reopening_refuses_what_does_not_fit),
		TEST(the_card_needs_no_other_secret),
		TEST(a_card_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
