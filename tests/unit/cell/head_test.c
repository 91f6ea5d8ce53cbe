/* Sealing a head cell: what comes out opens again, lies where docs/cell.md says,
 * and is refused where the input is wrong. */
#include "test.h"

#include <stdio.h>

static int
setup(void **state)
{
	*state = cell_world_new(3);
	return 0;
}

static int
teardown(void **state)
{
	cell_world_free(*state);
	return 0;
}

static void
assert_same_stripe(const struct dlb_stripe *a, const struct dlb_stripe *b)
{
	uint8_t fa[DLB_FIELDS_LEN], fb[DLB_FIELDS_LEN];

	dlb_stripe_encode(fa, a);
	dlb_stripe_encode(fb, b);
	assert_memory_equal(fa, fb, sizeof(fa));
	assert_int_equal(a->expiry_week, b->expiry_week);
}

static void
round_trip(struct cell_world *w, uint64_t content_len, const uint8_t *card,
	size_t card_len)
{
	struct dlb_stripe s = cell_world_head(w, content_len, card, card_len);

	assert_ok(cell_world_open(w, &w->reader, w->cell));
	assert_same_stripe(&w->opened->stripe, &s);
	assert_memory_equal(&w->opened->sender, &w->sender.identity,
		sizeof(w->opened->sender));
	assert_int_equal(w->opened->opening_id, 24);
	assert_int_equal(w->opened->card_len, card_len);
	if (card_len)
		assert_memory_equal(w->opened->card, card, card_len);
	else
		assert_null(w->opened->card);
	if (s.inline_len)
		assert_memory_equal(
			w->opened->content, w->content, s.inline_len);
	else
		assert_null(w->opened->content);
}

static void
round_trips_at_the_edges(void **state)
{
	static const uint64_t lens[] = {0, 1, 255, 4096, 39263, 39264, 39265,
		63838, 63839, 63840, 63841, 65424, 63840 + 65424, 63840 + 65425,
		10000000};
	static const size_t cards[] = {0, 1, 2000, 24575, 24576};
	struct cell_world *w = *state;
	uint8_t card[DLB_CARD_RIDE_MAX];

	dlb_random(w->env, card, sizeof(card));
	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++)
		for (size_t j = 0; j < DLB_ARRAY_LEN(cards); j++)
			round_trip(w, lens[i], card, cards[j]);
}

static void
round_trips_anywhere(void **state)
{
	struct cell_world *w = *state;
	uint8_t card[DLB_CARD_RIDE_MAX];

	dlb_random(w->env, card, sizeof(card));
	for (int i = 0; i < 100; i++)
		round_trip(w, dlb_random_below(w->env, 200000), card,
			dlb_random_below(w->env, sizeof(card) + 1));
}

static void
a_letter_to_oneself_opens(void **state)
{
	struct cell_world *w = *state;

	w->sender = w->reader;
	round_trip(w, 1000, NULL, 0);
}

static void
a_stripe_of_a_threshold_holds_no_content(void **state)
{
	struct cell_world *w = *state;
	struct dlb_seal_to to = cell_to(&w->reader);
	struct dlb_seal_from from = cell_from(&w->sender, &w->reader, NULL, 0);
	struct dlb_stripe s = cell_stripe(0, 0, w->env);

	s.mode = DLB_STRIPE_THRESHOLD;
	s.k = 3;
	s.n = 5;
	s.number = 4;
	s.content_len = 100001;
	s.stripe_len = 33334;
	dlb_random(w->env, s.commitment, sizeof(s.commitment));
	assert_ok(dlb_stripe_layout(&s, 0));
	assert_int_equal(s.cells, 2);
	assert_ok(dlb_head_seal(
		w->cell, w->aead, &to, &from, &s, NULL, w->env, NULL));
	assert_ok(cell_world_open(w, &w->reader, w->cell));
	assert_same_stripe(&w->opened->stripe, &s);
	assert_null(w->opened->content);
}

static void
every_sealing_differs(void **state)
{
	struct cell_world *w = *state;
	struct dlb_seal_to to = cell_to(&w->reader);
	struct dlb_seal_from from = cell_from(&w->sender, &w->reader, NULL, 0);
	struct dlb_stripe s = cell_stripe(5, 0, w->env);

	assert_ok(dlb_head_seal(w->cell, w->aead, &to, &from, &s,
		(const uint8_t *)"hello", w->env, NULL));
	assert_ok(dlb_head_seal(w->copy, w->aead, &to, &from, &s,
		(const uint8_t *)"hello", w->env, NULL));
	/* Expiry and token are the same; nothing else is. */
	assert_memory_equal(w->cell + 32, w->copy + 32, 32);
	assert_memory_not_equal(w->cell + 16, w->copy + 16, 16);
	for (size_t at = 64; at < DLB_CELL_LEN; at += 32)
		assert_memory_not_equal(w->cell + at, w->copy + at, 32);
}

/* An opening written from docs/cell.md alone, with the primitives of crypto.h. */
static void
layout_is_as_specified(void **state)
{
	struct cell_world *w = *state;
	uint8_t card[300], buf[2000], t0[32], t1[32], t2[32], s[32], kc[64];
	uint8_t chain[64], ss[32], plain[DLB_BODY_LEN];
	const uint8_t *c = w->cell;
	struct dlb_hash h;
	struct dlb_stripe stripe;
	size_t n = 0;

	dlb_random(w->env, card, sizeof(card));
	stripe = cell_world_head(w, 70000, card, sizeof(card));
	assert_ok(dlb_point_mul(s, w->reader.finding_secret, c + 64));

	n = (size_t)snprintf((char *)buf, sizeof(buf),
		"\x10"
		"dlb transcript 0%c%c",
		1, 1);
	memcpy(buf + n, w->reader.identity.sign, 32);
	memcpy(buf + n + 32, w->reader.identity.agree, 32);
	memcpy(buf + n + 64, c + 64, 32);
	memcpy(buf + n + 96, c + 2, 2);
	memcpy(buf + n + 98, c + 32, 32);
	dlb_hash_init(&h);
	dlb_hash_update(&h, buf, n + 130);
	dlb_hash_final(&h, t0);
	dlb_derive(kc, 64, s, 32, "dlb box 1", t0, 32);
	assert_memory_equal(c + 96, kc + 32, 32);
	assert_ok(
		dlb_aead_open(w->aead, plain, kc, t0, 32, c + 128, 1136 + 16));
	assert_memory_equal(
		plain, "\0\0\0\x18\x01\x9c\0\0\0\0\0\0\0\0\0\0", 16);
	dlb_xwing_decaps(ss, plain + 16, w->reader.opening_seed);

	dlb_derive(chain, 32, s, 32, "dlb chain 1", t0, 32);
	memcpy(chain + 32, ss, 32);
	dlb_hash_init(&h);
	dlb_hash_update(&h,
		"\x10"
		"dlb transcript 1",
		17);
	dlb_hash_update(&h, t0, 32);
	dlb_hash_update(&h, c + 96, 1184);
	dlb_hash_final(&h, t1);
	dlb_derive(kc, 64, chain, 64, "dlb box 2", t1, 32);
	assert_memory_equal(c + 1280, kc + 32, 32);
	assert_ok(dlb_aead_open(
		w->aead, plain, kc, t1, 32, c + 1312, 64 + 300 + 16));
	assert_memory_equal(plain, w->sender.identity.sign, 32);
	assert_memory_equal(plain + 32, w->sender.identity.agree, 32);
	assert_memory_equal(plain + 64, card, 300);

	dlb_derive(chain, 32, chain, 64, "dlb chain 2", t1, 32);
	assert_ok(dlb_x25519(chain + 32, w->reader.secret.agree, plain + 32));
	dlb_hash_init(&h);
	dlb_hash_update(&h,
		"\x10"
		"dlb transcript 2",
		17);
	dlb_hash_update(&h, t1, 32);
	dlb_hash_update(&h, c + 1280, 412);
	dlb_hash_update(&h, plain, 64);
	dlb_hash_final(&h, t2);
	dlb_derive(kc, 64, chain, 64, "dlb box 3", t2, 32);
	assert_memory_equal(c + 1692, kc + 32, 32);
	assert_ok(dlb_aead_open(
		w->aead, plain, kc, t2, 32, c + 1724, DLB_CELL_LEN - 1724));
	dlb_stripe_encode(buf, &stripe);
	assert_memory_equal(plain, buf, 256);
	assert_memory_equal(plain + 256, w->content, 63540);
}

static void
assert_refused(struct cell_world *w, enum dlb_status want,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	const struct dlb_stripe *s)
{
	struct dlb_error err = {0};

	memset(w->cell, 0xaa, sizeof(w->cell));
	assert_status(dlb_head_seal(w->cell, w->aead, to, from, s, w->content,
			      w->env, &err),
		want);
	assert_zeroed(w->cell, sizeof(w->cell));
	assert_status(err.status, want);
	assert_true(err.msg[0] != 0);
}

static void
wrong_input_is_refused(void **state)
{
	struct cell_world *w = *state;
	const struct dlb_seal_to to = cell_to(&w->reader);
	const struct dlb_seal_from from =
		cell_from(&w->sender, &w->reader, NULL, 0);
	const struct dlb_stripe s = cell_stripe(5000, 0, w->env);
	struct dlb_seal_to bad_to;
	struct dlb_seal_from bad_from;
	struct dlb_stripe bad_s;
	uint8_t card[DLB_CARD_RIDE_MAX + 1] = {0};

	bad_to = to;
	bad_to.finding[31] |= 0x80;
	assert_refused(w, DLB_MALFORMED, &bad_to, &from, &s);
	memset(bad_to.finding, 0, sizeof(bad_to.finding));
	assert_refused(w, DLB_MALFORMED, &bad_to, &from, &s);
	bad_to = to; /* coefficients beyond q */
	memset(bad_to.opening, 0xff, 3);
	assert_refused(w, DLB_MALFORMED, &bad_to, &from, &s);

	bad_from = from;
	bad_from.card = card;
	bad_from.card_len = sizeof(card);
	assert_refused(w, DLB_LIMIT, &to, &bad_from, &s);
	bad_from.card_len = SIZE_MAX;
	assert_refused(w, DLB_LIMIT, &to, &bad_from, &s);
	bad_from = from;
	memset(bad_from.shared, 0, sizeof(bad_from.shared));
	assert_refused(w, DLB_USAGE, &to, &bad_from, &s);

	bad_s = s;
	bad_s.inline_len--;
	assert_refused(w, DLB_USAGE, &to, &from, &bad_s);
	bad_s = s;
	bad_s.cells = 2;
	assert_refused(w, DLB_USAGE, &to, &from, &bad_s);
	bad_s = s;
	bad_s.number = 1;
	assert_refused(w, DLB_USAGE, &to, &from, &bad_s);
	bad_s = s;
	bad_s.stripe_len = bad_s.content_len = UINT64_MAX;
	assert_refused(w, DLB_USAGE, &to, &from, &bad_s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(round_trips_at_the_edges),
		TEST(round_trips_anywhere),
		TEST(a_letter_to_oneself_opens),
		TEST(a_stripe_of_a_threshold_holds_no_content),
		TEST(every_sealing_differs),
		TEST(layout_is_as_specified),
		TEST(wrong_input_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
