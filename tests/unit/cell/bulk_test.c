/* Bulk cells: round trips, what binds them to their letter, and refusals. */
#include "test.h"

#include <stdlib.h>

static int
setup(void **state)
{
	*state = cell_world_new(5);
	return 0;
}

static int
teardown(void **state)
{
	cell_world_free(*state);
	return 0;
}

static size_t
seal(struct cell_world *w, const struct dlb_stripe *s, uint32_t index)
{
	uint64_t offset;
	size_t len;

	dlb_stripe_range(s, index, &offset, &len);
	cell_content(w->content, offset, len);
	dlb_bulk_seal(w->cell, w->aead, s, index, len ? w->content : NULL, len,
		w->env);
	return len;
}

static enum dlb_status
open_as(struct cell_world *w, const struct dlb_stripe *s, uint32_t index,
	const uint8_t *cell)
{
	size_t len = 99;
	enum dlb_status status;

	memset(w->out, 0xaa, sizeof(w->out));
	status = dlb_bulk_open(w->out, &len, w->aead, cell, s, index);
	if (status != DLB_OK) {
		assert_int_equal(len, 0);
		assert_zeroed(w->out, sizeof(w->out));
	}
	/* Who only asks gets the same answer. */
	assert_int_equal(dlb_bulk_check(w->aead, cell, s, index), status);
	return status;
}

static void
round_trip(struct cell_world *w, const struct dlb_stripe *s, uint32_t index)
{
	struct dlb_waybill waybill;
	uint8_t handle[DLB_HANDLE_LEN];
	size_t len = seal(w, s, index), got;

	assert_ok(dlb_cell_check(&waybill, w->cell, NULL));
	assert_int_equal(waybill.expiry_week, s->expiry_week);
	dlb_stripe_handle(handle, s->stripe_key, index);
	assert_memory_equal(w->cell + 64, handle, sizeof(handle));
	assert_ok(dlb_bulk_open(w->out, &got, w->aead, w->cell, s, index));
	assert_ok(dlb_bulk_check(w->aead, w->cell, s, index));
	assert_int_equal(got, len);
	assert_memory_equal(w->out, w->content, len);
	assert_zeroed(w->out + len, sizeof(w->out) - len);
}

static void
round_trips_at_the_edges(void **state)
{
	static const uint64_t lens[] = {63841, 63840 + 65423, 63840 + 65424,
		63840 + 65425, 63840 + 2 * 65424 - 1, 63840 + 2 * 65424,
		63840 + 8 * 65424 + 1, 1000000};
	struct cell_world *w = *state;

	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		struct dlb_stripe s = cell_stripe(lens[i], 0, w->env);

		for (uint32_t j = 1; j < s.cells; j++)
			round_trip(w, &s, j);
	}
}

/* A whole letter, from its cells alone. */
static void
a_letter_of_many_cells_comes_back(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_world_head(w, 1000000, NULL, 0);
	uint8_t *letter = malloc(s.stripe_len), *want = malloc(s.stripe_len);

	cell_content(want, 0, s.stripe_len);
	assert_ok(cell_world_open(w, &w->reader, w->cell));
	memcpy(letter, w->opened->content, w->opened->stripe.inline_len);
	for (uint32_t i = 1; i < s.cells; i++) {
		uint64_t offset;
		size_t len, got;

		seal(w, &s, i);
		dlb_stripe_range(&w->opened->stripe, i, &offset, &len);
		assert_ok(dlb_bulk_open(
			w->out, &got, w->aead, w->cell, &w->opened->stripe, i));
		assert_int_equal(got, len);
		memcpy(letter + offset, w->out, len);
	}
	assert_memory_equal(letter, want, s.stripe_len);
	free(letter);
	free(want);
}

static void
content_may_lie_in_the_cell(void **state)
{
	static const size_t lens[] = {0, 1, 65423, 65424};
	static const uint8_t tag[16] = {7};
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_stripe(200000, 0, w->env);

	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		cell_content(w->content, 0, lens[i]);
		dlb_bulk_seal_with(
			w->cell, w->aead, &s, 1, w->content, lens[i], tag);
		memcpy(w->copy + DLB_AT_BODY, w->content, lens[i]);
		dlb_bulk_seal_with(w->copy, w->aead, &s, 1,
			w->copy + DLB_AT_BODY, lens[i], tag);
		assert_memory_equal(w->cell, w->copy, DLB_CELL_LEN);
	}
}

static void
sealing_again_gives_the_same_cell(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_stripe(200000, 0, w->env);

	seal(w, &s, 2);
	memcpy(w->copy, w->cell, DLB_CELL_LEN);
	seal(w, &s, 2);
	memcpy(w->cell + 16, w->copy + 16, 16); /* the tag is random */
	assert_memory_equal(w->cell, w->copy, DLB_CELL_LEN);
}

static void
every_byte_but_the_tag_matters(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_stripe(200000, 0, w->env);

	seal(w, &s, 2);
	for (size_t i = 0; i < DLB_CELL_LEN; i += i < 200 ? 1 : 199) {
		bool tag = i >= 16 && i < 32;

		w->cell[i] ^= (uint8_t)(1 << i % 8);
		assert_status(
			open_as(w, &s, 2, w->cell), tag ? DLB_OK : DLB_FORGED);
		w->cell[i] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = DLB_CELL_LEN - 17; i < DLB_CELL_LEN; i++) {
		w->cell[i] ^= 0x80;
		assert_status(open_as(w, &s, 2, w->cell), DLB_FORGED);
		w->cell[i] ^= 0x80;
	}
	assert_ok(open_as(w, &s, 2, w->cell));
}

static void
a_cell_opens_in_its_own_place_only(void **state)
{
	struct cell_world *w = *state;
	const struct dlb_stripe s = cell_stripe(200000, 0, w->env);
	struct dlb_stripe other;

	seal(w, &s, 2);
	assert_status(open_as(w, &s, 1, w->cell), DLB_FORGED);
	assert_status(open_as(w, &s, 3, w->cell), DLB_FORGED);
	assert_status(open_as(w, &s, 0, w->cell), DLB_FORGED);
	assert_status(open_as(w, &s, 4, w->cell), DLB_FORGED);
	assert_status(open_as(w, &s, UINT32_MAX, w->cell), DLB_FORGED);
	other = s;
	other.stripe_key[5] ^= 1;
	assert_status(open_as(w, &other, 2, w->cell), DLB_FORGED);
	other = s;
	other.letter_key[31] ^= 0x80;
	assert_status(open_as(w, &other, 2, w->cell), DLB_FORGED);
	assert_ok(open_as(w, &s, 2, w->cell));
}

/* Written from docs/cell.md alone; `reserved` goes into byte 12. */
static void
seal_by_hand(struct cell_world *w, const struct dlb_stripe *s, uint32_t index,
	uint8_t reserved)
{
	uint8_t token[32], key[32], ad[80], data[36];
	uint8_t *c = w->cell;

	memset(c, 0, DLB_CELL_LEN);
	c[0] = 1;
	c[3] = (uint8_t)s->expiry_week;
	c[12] = reserved;
	dlb_recall_token(token, s->recall_key, s->number, index);
	dlb_token_hash(c + 32, token);
	dlb_stripe_handle(c + 64, s->stripe_key, index);
	memcpy(data, s->stripe_key, 32);
	memcpy(data + 32, (uint8_t[]){0, 0, 0, (uint8_t)index}, 4);
	dlb_derive(key, 32, s->letter_key, 32, "dlb bulk", data, 36);
	memcpy(ad, c, 16);
	memcpy(ad + 16, c + 32, 64);
	dlb_aead_seal(w->aead, c + 96, key, ad, 80, c + 96, 65424);
}

static void
cells_are_as_specified(void **state)
{
	struct cell_world *w = *state;
	struct dlb_stripe s = cell_stripe(63840 + 10 * 65424, 0, w->env);

	assert_int_equal(s.cells, 12); /* the last is padding */
	dlb_bulk_seal(w->copy, w->aead, &s, 11, NULL, 0, w->env);
	seal_by_hand(w, &s, 11, 0);
	assert_memory_equal(w->cell, w->copy, 16);
	assert_memory_equal(w->cell + 32, w->copy + 32, DLB_CELL_LEN - 32);
	assert_ok(open_as(w, &s, 11, w->cell));
	seal_by_hand(w, &s, 11, 1);
	assert_status(open_as(w, &s, 11, w->cell), DLB_FORGED);
	seal_by_hand(w, &s, 12, 0);
	assert_status(open_as(w, &s, 12, w->cell), DLB_FORGED);
	seal_by_hand(w, &s, 0, 0);
	assert_status(open_as(w, &s, 0, w->cell), DLB_FORGED);
}

/* A cell sealed over more than its content. */
static enum dlb_status
open_padded(struct cell_world *w, const struct dlb_stripe *s, uint32_t index,
	size_t at)
{
	memset(w->content, 0, DLB_BULK_CONTENT_LEN);
	w->content[at] = 1;
	dlb_bulk_seal(w->cell, w->aead, s, index, w->content,
		DLB_BULK_CONTENT_LEN, w->env);
	return open_as(w, s, index, w->cell);
}

static void
padding_must_be_zero(void **state)
{
	struct cell_world *w = *state;
	/* Cell 10 has five bytes of content, cell 11 none. */
	struct dlb_stripe s = cell_stripe(63840 + 9 * 65424 + 5, 0, w->env);

	assert_int_equal(s.cells, 12);
	assert_ok(open_padded(w, &s, 9, 65423));
	assert_ok(open_padded(w, &s, 10, 0));
	assert_ok(open_padded(w, &s, 10, 4));
	assert_status(open_padded(w, &s, 10, 5), DLB_FORGED);
	assert_status(open_padded(w, &s, 10, 40000), DLB_FORGED);
	assert_status(open_padded(w, &s, 10, 65423), DLB_FORGED);
	assert_status(open_padded(w, &s, 11, 0), DLB_FORGED);
	assert_status(open_padded(w, &s, 11, 65423), DLB_FORGED);
	round_trip(w, &s, 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(round_trips_at_the_edges),
		TEST(a_letter_of_many_cells_comes_back),
		TEST(content_may_lie_in_the_cell),
		TEST(sealing_again_gives_the_same_cell),
		TEST(every_byte_but_the_tag_matters),
		TEST(a_cell_opens_in_its_own_place_only),
		TEST(cells_are_as_specified),
		TEST(padding_must_be_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
