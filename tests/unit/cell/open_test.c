/*
 * Finding and opening what was not sealed honestly: wrong keys, changed bytes,
 * senders who lie, forms that are not canonical; and what a trial costs.
 */
#include "counted.h"
#include "test.h"

#include <stdlib.h>

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

/* Opens as the reader, and looks that nothing is left where it fails. */
static enum dlb_status
open_closed(struct cell_world *w, const uint8_t *cell)
{
	enum dlb_status status;

	memset(w->opened, 0, sizeof(*w->opened));
	status = cell_world_open(w, &w->reader, cell);
	if (status != DLB_OK)
		assert_zeroed(w->opened, sizeof(*w->opened));
	return status;
}

/* ---- trials ---------------------------------------------------------------------- */

static void
a_trial_is_one_multiplication(void **state)
{
	struct cell_world *w = *state;
	uint8_t shared[DLB_POINT_LEN];
	uint8_t *prefix = malloc(DLB_TRIAL_LEN); /* not a byte more is read */

	cell_world_head(w, 1000, NULL, 0);
	memcpy(prefix, w->cell, DLB_TRIAL_LEN);
	point_muls = aead_opens = decaps = 0;
	assert_status(dlb_find(shared, prefix, w->other.finding_secret,
			      &w->other.identity),
		DLB_NOT_MINE);
	assert_zeroed(shared, sizeof(shared));
	assert_int_equal(point_muls, 1);
	assert_ok(dlb_find(
		shared, prefix, w->reader.finding_secret, &w->reader.identity));
	assert_int_equal(point_muls, 2);
	assert_int_equal(aead_opens, 0);
	assert_int_equal(decaps, 0);
	for (size_t i = 0; i < 32; i++) {
		prefix[96 + i] ^= 1;
		assert_status(dlb_find(shared, prefix, w->reader.finding_secret,
				      &w->reader.identity),
			DLB_NOT_MINE);
		prefix[96 + i] ^= 1;
	}
	free(prefix);
}

static void
opening_multiplies_no_more(void **state)
{
	struct cell_world *w = *state;

	cell_world_head(w, 1000, NULL, 0);
	point_muls = aead_opens = decaps = 0;
	assert_ok(open_closed(w, w->cell));
	assert_int_equal(point_muls, 1);
	assert_int_equal(aead_opens, 3);
	assert_int_equal(decaps, 1);
	assert_int_equal(w->reader.openings, 1);
}

static void
a_wrong_shared_point_opens_no_box(void **state)
{
	struct cell_world *w = *state;
	struct dlb_opener opener = cell_opener(&w->reader);
	uint8_t shared[DLB_POINT_LEN] = {2};

	cell_world_head(w, 1000, NULL, 0);
	point_muls = aead_opens = decaps = 0;
	assert_status(dlb_head_open(w->opened, w->aead, w->cell, shared,
			      &opener, NULL),
		DLB_NOT_MINE);
	assert_zeroed(w->opened, sizeof(*w->opened));
	assert_int_equal(point_muls + aead_opens + decaps, 0);
	assert_int_equal(w->reader.openings, 0);
}

static void
malformed_prefixes_are_nobodys(void **state)
{
	struct cell_world *w = *state;
	uint8_t shared[DLB_POINT_LEN];
	static const struct {
		size_t at;
		uint8_t set;
	} bad[] = {{0, 3}, {1, 1}, {4, 1}, {15, 1}, {95, 0x80}, {64, 1}};

	cell_world_head(w, 1000, NULL, 0);
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		memcpy(w->copy, w->cell, DLB_CELL_LEN);
		w->copy[bad[i].at] |= bad[i].set;
		memset(shared, 1, sizeof(shared));
		assert_status(
			dlb_find(shared, w->copy, w->reader.finding_secret,
				&w->reader.identity),
			DLB_NOT_MINE);
		assert_zeroed(shared, sizeof(shared));
	}
	memset(w->cell + 64, 0, 32);
	assert_status(open_closed(w, w->cell), DLB_NOT_MINE);
}

static void
a_malformed_cell_is_not_opened(void **state)
{
	struct cell_world *w = *state;
	struct dlb_opener opener = cell_opener(&w->reader);
	uint8_t shared[DLB_POINT_LEN];

	cell_world_head(w, 1000, NULL, 0);
	assert_ok(dlb_find(shared, w->cell, w->reader.finding_secret,
		&w->reader.identity));
	w->cell[0] = 2;
	assert_status(dlb_head_open(w->opened, w->aead, w->cell, shared,
			      &opener, NULL),
		DLB_UNSUPPORTED);
	w->cell[0] = 1;
	w->cell[15] = 1;
	assert_status(dlb_head_open(w->opened, w->aead, w->cell, shared,
			      &opener, NULL),
		DLB_MALFORMED);
	w->cell[15] = 0;
	/* libsodium would take this for the same element. */
	w->cell[95] |= 0x80;
	assert_status(dlb_head_open(w->opened, w->aead, w->cell, shared,
			      &opener, NULL),
		DLB_MALFORMED);
	w->cell[95] &= 0x7f;
	assert_ok(dlb_head_open(
		w->opened, w->aead, w->cell, shared, &opener, NULL));
}

/* ---- who may open ------------------------------------------------------------------ */

static void
only_the_reader_finds(void **state)
{
	struct cell_world *w = *state;
	struct cell_person half;

	cell_world_head(w, 1000, NULL, 0);
	assert_status(cell_world_open(w, &w->other, w->cell), DLB_NOT_MINE);
	assert_status(cell_world_open(w, &w->sender, w->cell), DLB_NOT_MINE);
	/* A finding key stands for one identity. */
	half = w->reader;
	half.identity.sign[0] ^= 1;
	assert_status(cell_world_open(w, &half, w->cell), DLB_NOT_MINE);
	half = w->reader;
	half.identity.agree[31] ^= 1;
	assert_status(cell_world_open(w, &half, w->cell), DLB_NOT_MINE);
	assert_ok(cell_world_open(w, &w->reader, w->cell));
}

static void
all_three_secrets_are_needed(void **state)
{
	struct cell_world *w = *state;
	struct cell_person part;

	cell_world_head(w, 1000, NULL, 0);
	part = w->reader;
	memcpy(part.expanded, w->other.expanded, sizeof(part.expanded));
	assert_status(cell_world_open(w, &part, w->cell), DLB_FORGED);
	part = w->reader;
	part.opening_id++;
	assert_status(cell_world_open(w, &part, w->cell), DLB_NOT_FOUND);
	assert_zeroed(w->opened, sizeof(*w->opened));
	part = w->reader;
	memcpy(part.secret.agree, w->other.secret.agree, 32);
	assert_status(cell_world_open(w, &part, w->cell), DLB_FORGED);
	part = w->reader;
	memcpy(part.finding_secret, w->other.finding_secret, 32);
	assert_status(cell_world_open(w, &part, w->cell), DLB_NOT_MINE);
}

/* ---- changed bytes --------------------------------------------------------------------- */

/* What a flipped byte at `at` must come to. Box 2 is 112 bytes and the card. */
static enum dlb_status
verdict(size_t at)
{
	if (at >= 16 && at < 32)
		return DLB_OK;
	/* Waybill, handle, and the commitment that a trial compares. */
	return at < 128 ? DLB_NOT_MINE : DLB_FORGED;
}

static void
every_byte_but_the_tag_matters(void **state)
{
	struct cell_world *w = *state;
	uint8_t card[40] = {1};

	cell_world_head(w, 70000, card, sizeof(card));
	for (size_t i = 0; i < DLB_CELL_LEN; i += i < 1536 ? 1 : 127) {
		w->cell[i] ^= (uint8_t)(1 << i % 8);
		assert_status(open_closed(w, w->cell), verdict(i));
		w->cell[i] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = DLB_CELL_LEN - 17; i < DLB_CELL_LEN; i++) {
		w->cell[i] ^= 0x80;
		assert_status(open_closed(w, w->cell), DLB_FORGED);
		w->cell[i] ^= 0x80;
	}
	assert_ok(open_closed(w, w->cell));
}

static void
parts_of_two_cells_do_not_mix(void **state)
{
	static const size_t cuts[] = {96, 128, 1280, 1392, 1424, 40000};
	struct cell_world *w = *state;

	cell_world_head(w, 1000, NULL, 0);
	memcpy(w->copy, w->cell, DLB_CELL_LEN);
	cell_world_head(w, 1000, NULL, 0);
	for (size_t i = 0; i < DLB_ARRAY_LEN(cuts); i++) {
		uint8_t mixed[DLB_CELL_LEN];

		memcpy(mixed, w->cell, DLB_CELL_LEN);
		memcpy(mixed + cuts[i], w->copy + cuts[i],
			DLB_CELL_LEN - cuts[i]);
		assert_true(open_closed(w, mixed) != DLB_OK);
	}
}

/* ---- senders who lie ---------------------------------------------------------------------- */

struct lie {
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_stripe stripe;
	struct dlb_head_random random;
	struct cell_forge *forge;
};

static void
lie_init(struct lie *l, struct cell_world *w, size_t card_len)
{
	static const uint8_t card[DLB_CARD_RIDE_MAX] = {1, 2, 3};

	l->to = cell_to(&w->reader);
	l->from = cell_from(&w->sender, &w->reader, card, card_len);
	l->stripe = cell_stripe(500, card_len, w->env);
	cell_content(w->content, 0, 500);
	cell_head_random(&l->random, w->env);
	l->forge = malloc(sizeof(*l->forge));
	cell_forge_fill(l->forge, &l->to, &l->from, &l->stripe, w->content);
}

static enum dlb_status
lie_told(struct lie *l, struct cell_world *w)
{
	cell_forge_seal(w->cell, l->forge, w->aead, &l->to, &l->from,
		&l->stripe, &l->random);
	return open_closed(w, w->cell);
}

/* The forger, left alone, does what sealing does: what follows tests the reader. */
static void
the_forger_can_be_honest(void **state)
{
	struct cell_world *w = *state;
	struct lie l;

	lie_init(&l, w, 77);
	assert_ok(lie_told(&l, w));
	assert_ok(dlb_head_seal_with(w->copy, w->aead, &l.to, &l.from,
		&l.stripe, w->content, &l.random, NULL));
	assert_memory_equal(w->cell, w->copy, DLB_CELL_LEN);
	free(l.forge);
}

static void
nobody_seals_in_anothers_name(void **state)
{
	struct cell_world *w = *state;
	struct lie l;

	/* Other has the reader's card and the sender's, but not their secret. */
	lie_init(&l, w, 0);
	l.from = cell_from(&w->other, &w->reader, NULL, 0);
	l.from.identity = w->sender.identity;
	assert_status(lie_told(&l, w), DLB_FORGED);
	/* Nor does the agreement with the sender help. */
	l.from = cell_from(&w->other, &w->sender, NULL, 0);
	l.from.identity = w->sender.identity;
	assert_status(lie_told(&l, w), DLB_FORGED);
	/* Box 2 names one, the transcript another. */
	l.from = cell_from(&w->other, &w->reader, NULL, 0);
	assert_status(lie_told(&l, w), DLB_FORGED);
	free(l.forge);
}

/* Points of small order: an agreement with them is known to everyone. */
static void
small_order_senders_are_refused(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
	};
	struct cell_world *w = *state;
	struct lie l;

	lie_init(&l, w, 0);
	for (size_t i = 0; i < DLB_ARRAY_LEN(points); i++) {
		assert_ok(dlb_unhex(l.from.identity.agree, 32, points[i]));
		memset(l.from.shared, 0, sizeof(l.from.shared));
		cell_forge_fill(l.forge, &l.to, &l.from, &l.stripe, w->content);
		assert_status(lie_told(&l, w), DLB_FORGED);
	}
	free(l.forge);
}

static void
box1_has_one_form(void **state)
{
	struct cell_world *w = *state;
	struct lie l;

	lie_init(&l, w, 100);
	for (size_t i = 6; i < 16; i++) {
		l.forge->box1[i] = 1;
		assert_status(lie_told(&l, w), DLB_MALFORMED);
		l.forge->box1[i] = 0;
	}
	assert_int_equal(w->reader.openings, 0);
	assert_ok(lie_told(&l, w));
	l.forge->box1[0] = 0x80; /* an opening id that there is no key of */
	assert_status(lie_told(&l, w), DLB_NOT_FOUND);
	free(l.forge);
}

static void
box2_has_bounds(void **state)
{
	static const struct {
		size_t len;
		enum dlb_status want;
	} cases[] = {
		{0, DLB_MALFORMED},
		{47, DLB_MALFORMED},
		{48, DLB_MALFORMED},
		{111, DLB_MALFORMED},
		{112, DLB_FORGED},
		{211, DLB_FORGED},
		{212, DLB_OK},
		{213, DLB_FORGED},
		{24688, DLB_FORGED},
		{24689, DLB_MALFORMED},
		{65535, DLB_MALFORMED},
	};
	struct cell_world *w = *state;
	struct lie l;

	lie_init(&l, w, 100);
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		l.forge->box1[4] = (uint8_t)(cases[i].len >> 8);
		l.forge->box1[5] = (uint8_t)cases[i].len;
		assert_status(lie_told(&l, w), cases[i].want);
	}
	free(l.forge);
}

/* A box 2 really that short or long, so that only the bounds can refuse it. */
static void
box2_of_a_wrong_size_is_refused(void **state)
{
	static const size_t lens[] = {0, 1, 63, 64 + 24577, 40000};
	struct cell_world *w = *state;
	struct lie l;

	lie_init(&l, w, 0);
	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		size_t box = lens[i] + 48;

		l.forge->box2_len = lens[i];
		l.forge->box3_len = DLB_BODY_LEN - DLB_BOX1_LEN - box - 48;
		l.forge->box1[4] = (uint8_t)(box >> 8);
		l.forge->box1[5] = (uint8_t)box;
		assert_status(lie_told(&l, w), DLB_MALFORMED);
	}
	free(l.forge);
}

static void
box3_fills_the_cell(void **state)
{
	struct cell_world *w = *state;
	struct lie l;

	lie_init(&l, w, 0);
	l.forge->box3_len--;
	assert_status(lie_told(&l, w), DLB_FORGED);
	l.forge->box3_len = 756;
	assert_status(lie_told(&l, w), DLB_FORGED);
	free(l.forge);
}

static void
padding_must_be_zero(void **state)
{
	struct cell_world *w = *state;
	struct lie l;
	size_t first = DLB_FIELDS_LEN + 500, last;

	lie_init(&l, w, 100);
	last = l.forge->box3_len - 1;
	assert_int_equal(last, 63995);
	l.forge->box3[first - 1] ^= 1; /* content is free */
	assert_ok(lie_told(&l, w));
	for (size_t at = first; at <= last; at += 12647) {
		l.forge->box3[at] = 1;
		assert_status(lie_told(&l, w), DLB_MALFORMED);
		l.forge->box3[at] = 0;
	}
	l.forge->box3[last] = 0x80;
	assert_status(lie_told(&l, w), DLB_MALFORMED);
	free(l.forge);
}

/* Any change to what determines the layout, behind valid seals. */
static void
fields_are_checked_behind_the_seals(void **state)
{
	static const size_t at[] = {0, 1, 2, 3, 100, 131, 132, 139, 140, 147,
		148, 151, 152, 155, 156, 255};
	struct cell_world *w = *state;
	struct lie l;

	lie_init(&l, w, 100);
	for (size_t i = 0; i < DLB_ARRAY_LEN(at); i++) {
		uint8_t good = l.forge->box3[at[i]];

		/* More stripes than one, of which each is the whole, is a form
		 * of its own: n = 129, k = 1. */
		l.forge->box3[at[i]] = good ^ 0x80;
		assert_status(
			lie_told(&l, w), at[i] == 2 ? DLB_OK : DLB_MALFORMED);
		l.forge->box3[at[i]] = good;
	}
	free(l.forge);
}

/* ---- deniability ---------------------------------------------------------------------------- */

/* A reader can make, with their own secret and the sender's public keys, what
 * the sender could have made: so a cell proves nothing to a third party. */
static void
a_reader_can_make_the_same(void **state)
{
	struct cell_world *w = *state;
	struct lie l;
	struct dlb_seal_from claimed = {.identity = w->sender.identity};

	lie_init(&l, w, 0);
	assert_ok(dlb_x25519(claimed.shared, w->reader.secret.agree,
		w->sender.identity.agree));
	assert_ok(dlb_head_seal_with(w->cell, w->aead, &l.to, &claimed,
		&l.stripe, w->content, &l.random, NULL));
	assert_ok(open_closed(w, w->cell));
	assert_memory_equal(&w->opened->sender, &w->sender.identity,
		sizeof(claimed.identity));
	/* Byte for byte what the sender would have sealed. */
	assert_ok(dlb_head_seal_with(w->copy, w->aead, &l.to, &l.from,
		&l.stripe, w->content, &l.random, NULL));
	assert_memory_equal(w->cell, w->copy, DLB_CELL_LEN);
	free(l.forge);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_trial_is_one_multiplication),
		TEST(opening_multiplies_no_more),
		TEST(a_wrong_shared_point_opens_no_box),
		TEST(malformed_prefixes_are_nobodys),
		TEST(a_malformed_cell_is_not_opened),
		TEST(only_the_reader_finds),
		TEST(all_three_secrets_are_needed),
		TEST(every_byte_but_the_tag_matters),
		TEST(parts_of_two_cells_do_not_mix),
		TEST(the_forger_can_be_honest),
		TEST(nobody_seals_in_anothers_name),
		TEST(small_order_senders_are_refused),
		TEST(box1_has_one_form),
		TEST(box2_has_bounds),
		TEST(box2_of_a_wrong_size_is_refused),
		TEST(box3_fills_the_cell),
		TEST(padding_must_be_zero),
		TEST(fields_are_checked_behind_the_seals),
		TEST(a_reader_can_make_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
