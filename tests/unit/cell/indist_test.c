/*
 * Who has no key can tell no cell from another: heads, bulk cells, cover and heads of
 * bulletins by the thousand, under the statistics of stats.h; and beside each statistic, cells
 * that are wrong in a small way, which it must catch.
 *
 * All is seeded: what passes, passes always. The limits are standard deviations.
 * Of 4,700 positions the worst is at 4.5 where nothing is wrong, and of their 1.2
 * million values (10 cells each, which is skewed) the worst is at 6.5.
 */
#include "test.h"

#include "bulletin.h"
#include "stats.h"

#define CELLS 2600
#define LIMIT_VALUE 9.0
#define LIMIT_WORST 7.0
#define LIMIT 5.0

struct kinds {
	struct cell_world *w;
	struct samples head, bulk, cover, bulletin;
};

/* ---- honest cells ------------------------------------------------------------------ */

/* As many letters from one sender to one reader: the hardest case. Short and long
 * ones, with a card and without. */
static void
make_heads(struct kinds *k)
{
	struct cell_world *w = k->w;
	uint8_t card[1000];

	cell_content(card, 0, sizeof(card));
	samples_init(&k->head, CELLS);
	for (size_t i = 0; i < CELLS; i++) {
		cell_world_head(
			w, i % 3 ? 20 : 100000, card, i % 2 ? sizeof(card) : 0);
		sample_take(&k->head, i, w->cell);
	}
}

/* Heads of bulletins of one author, of all slots of many days; a card rides along. */
static void
make_bulletins(struct kinds *k)
{
	struct cell_world *w = k->w;
	struct dlb_seal_from from = {.identity = w->sender.identity};
	uint8_t card[1000], key[DLB_KEY_LEN];
	struct dlb_bulletin_reader reader;

	cell_content(card, 0, sizeof(card));
	dlb_random(w->env, key, sizeof(key));
	dlb_bulletin_reader(&reader, key, &from.identity);
	assert_ok(dlb_x25519(
		from.shared, w->sender.secret.agree, reader.identity.agree));
	from.card = card;
	from.card_len = sizeof(card);
	samples_init(&k->bulletin, CELLS);
	for (size_t i = 0; i < CELLS; i++) {
		struct dlb_stripe s =
			cell_stripe(i % 3 ? 20 : 100000, sizeof(card), w->env);
		uint8_t handle[DLB_HANDLE_LEN];
		struct dlb_seal_to to;

		dlb_bulletin_handle(handle, key, (uint32_t)(20781 + i / 16),
			(uint8_t)(i % 16));
		dlb_bulletin_seal_to(&to, &reader, handle);
		cell_content(w->content, 0, s.inline_len);
		assert_ok(dlb_head_seal(w->cell, w->aead, &to, &from, &s,
			w->content, w->env, NULL));
		sample_take(&k->bulletin, i, w->cell);
	}
}

static void
make_bulk(struct kinds *k)
{
	struct cell_world *w = k->w;
	struct dlb_stripe s =
		cell_stripe((uint64_t)CELLS * DLB_BULK_CONTENT_LEN, 0, w->env);

	samples_init(&k->bulk, CELLS);
	cell_content(w->content, 0, DLB_BULK_CONTENT_LEN);
	for (uint32_t i = 0; i < CELLS; i++) {
		/* The same content all over; each eighth is padding alone. */
		dlb_bulk_seal(w->cell, w->aead, &s, i + 1, w->content,
			i % 8 ? DLB_BULK_CONTENT_LEN : 0, w->env);
		sample_take(&k->bulk, i, w->cell);
	}
}

static void
make_cover(struct kinds *k)
{
	static const uint8_t zeros[DLB_CELL_LEN];
	struct cell_world *w = k->w;
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_stripe s;

	samples_init(&k->cover, CELLS);
	for (size_t i = 0; i < CELLS; i++) {
		uint32_t index = i % 4;

		if (index == 0) {
			assert_ok(dlb_cover_init(
				&to, &from, &s, 4, FIXTURE_EXPIRY, w->env));
			assert_ok(dlb_head_seal(w->cell, w->aead, &to, &from,
				&s, zeros, w->env, NULL));
		} else {
			dlb_bulk_seal(w->cell, w->aead, &s, index, zeros,
				DLB_BULK_CONTENT_LEN, w->env);
		}
		sample_take(&k->cover, i, w->cell);
	}
}

static int
group_setup(void **state)
{
	static struct kinds k;

	k.w = cell_world_new(8);
	make_heads(&k);
	make_bulk(&k);
	make_cover(&k);
	make_bulletins(&k);
	*state = &k;
	return 0;
}

static int
group_teardown(void **state)
{
	struct kinds *k = *state;

	samples_free(&k->head);
	samples_free(&k->bulk);
	samples_free(&k->cover);
	samples_free(&k->bulletin);
	cell_world_free(k->w);
	return 0;
}

#define assert_below(value, limit)                                             \
	do {                                                                   \
		if (!((value) < (limit)))                                      \
			fail_msg(#value " is %.1f", (double)(value));          \
	} while (0)
#define assert_above(value, limit)                                             \
	do {                                                                   \
		if (!((value) > (limit)))                                      \
			fail_msg(#value " is only %.1f", (double)(value));     \
	} while (0)

static void
assert_random(const struct samples *s)
{
	struct position_score positions = stat_positions(s);

	assert_below(positions.value, LIMIT_VALUE);
	assert_below(positions.worst, LIMIT_WORST);
	assert_below(positions.all, LIMIT);
	assert_below(stat_bits(s), LIMIT);
	assert_below(stat_serial(s), LIMIT);
	assert_int_equal(stat_invalid(s), 0);
	assert_int_equal(stat_relations(s), 0);
}

static void
heads_look_random(void **state)
{
	struct kinds *k = *state;

	assert_random(&k->head);
}

static void
bulk_cells_look_random(void **state)
{
	struct kinds *k = *state;

	assert_random(&k->bulk);
}

static void
cover_looks_random(void **state)
{
	struct kinds *k = *state;

	assert_random(&k->cover);
}

static void
bulletins_look_random(void **state)
{
	struct kinds *k = *state;

	assert_random(&k->bulletin);
}

static void
assert_alike(const struct samples *a, const struct samples *b)
{
	struct difference_score d = stat_difference(a, b);

	assert_below(d.worst, LIMIT_WORST);
	assert_below(d.all, LIMIT);
	assert_int_equal(stat_repeats(a, b), 0);
}

static void
kinds_look_alike(void **state)
{
	struct kinds *k = *state;

	assert_alike(&k->head, &k->bulk);
	assert_alike(&k->head, &k->cover);
	assert_alike(&k->bulk, &k->cover);
	assert_alike(&k->bulletin, &k->head);
	assert_alike(&k->bulletin, &k->bulk);
	assert_alike(&k->bulletin, &k->cover);
}

/* What is not random is the same in every cell of a week. */
static void
the_rest_of_the_waybill_is_constant(void **state)
{
	static const uint8_t want[16] = {1, 0, 0, FIXTURE_EXPIRY};
	struct kinds *k = *state;
	const struct samples *all[] = {
		&k->head, &k->bulk, &k->cover, &k->bulletin};

	for (size_t j = 0; j < DLB_ARRAY_LEN(all); j++)
		for (size_t i = 0; i < CELLS; i++)
			assert_memory_equal(
				sample_at(all[j], i), want, sizeof(want));
}

/* ---- cells that are wrong ------------------------------------------------------------ */

typedef void (*spoil_fn)(uint8_t *sample, size_t i, const struct dlb_env *env);

static void
spoil(struct samples *out, const struct kinds *k, spoil_fn fn)
{
	samples_copy(out, &k->head);
	for (size_t i = 0; i < out->n; i++)
		fn(sample_at(out, i), i, k->w->env);
}

static bool
one_in(uint32_t n, const struct dlb_env *env)
{
	return dlb_random_below(env, n) == 0;
}

static void
constant_byte(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)i, (void)env;
	p[DLB_AT_BODY + 40] = 0x5a;
}

static void
biased_byte(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)i;
	if (one_in(64, env))
		p[DLB_AT_BODY + 3000] = 0;
}

static void
biased_tag(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)i;
	if (one_in(64, env))
		p[DLB_AT_BOX_TAG + 7] = 0x11;
}

static void
a_value_too_frequent_is_seen(void **state)
{
	static const spoil_fn fns[] = {constant_byte, biased_byte, biased_tag};
	struct samples s;

	for (size_t i = 0; i < DLB_ARRAY_LEN(fns); i++) {
		spoil(&s, *state, fns[i]);
		assert_above(stat_positions(&s).value, LIMIT_VALUE);
		samples_free(&s);
	}
}

/* A letter of base64 in one place. */
static void
narrow_byte(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)i;
	if (one_in(4, env))
		p[SAMPLE_LEN - 1] = (uint8_t)(64 + p[SAMPLE_LEN - 1] % 64);
}

static void
the_worst_position_is_seen(void **state)
{
	struct samples s;

	spoil(&s, *state, narrow_byte);
	assert_above(stat_positions(&s).worst, LIMIT_WORST);
	samples_free(&s);
}

/* Each byte a little: no position stands out. */
static void
one_value_missing(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)i, (void)env;
	for (size_t j = DLB_AT_BODY; j < SAMPLE_LEN; j++)
		p[j] = p[j] == 0x42 ? 0x43 : p[j];
}

static void
all_positions_together_are_seen(void **state)
{
	struct samples s;

	spoil(&s, *state, one_value_missing);
	assert_above(stat_positions(&s).all, LIMIT);
	samples_free(&s);
}

/* One byte of 64 has its lowest bit cleared. */
static void
biased_bit(uint8_t *p, size_t i, const struct dlb_env *env)
{
	uint8_t at[SAMPLE_BODY / 64];

	(void)i;
	dlb_random(env, at, sizeof(at));
	for (size_t j = 0; j < sizeof(at); j++)
		p[DLB_AT_BODY + 64 * j + at[j] % 64] &= 0xfe;
}

static void
biased_bits_are_seen(void **state)
{
	struct samples s;

	spoil(&s, *state, biased_bit);
	assert_above(stat_bits(&s), LIMIT);
	samples_free(&s);
}

/* Now and then a byte follows the one 16 before it. */
static void
echo(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)i;
	for (int j = 0; j < 16; j++) {
		size_t at = DLB_AT_BODY + 16
			+ dlb_random_below(env, SAMPLE_BEGIN - 16);

		p[at] = p[at - 16];
	}
}

static void
correlated_bytes_are_seen(void **state)
{
	struct samples s;

	spoil(&s, *state, echo);
	assert_above(stat_serial(&s), LIMIT);
	samples_free(&s);
}

/* A handle that is not the encoding of an element. */
static void
raw_handle(uint8_t *p, size_t i, const struct dlb_env *env)
{
	if (i == 77)
		do
			dlb_random(env, p + DLB_AT_HANDLE, DLB_HANDLE_LEN);
		while (dlb_point_valid(p + DLB_AT_HANDLE));
}

static void
odd_handle(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)env;
	p[DLB_AT_HANDLE] |= i & 1;
}

static void
top_bit_handle(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)env;
	p[DLB_AT_HANDLE + 31] |= (uint8_t)(i << 7);
}

static void
handles_of_another_form_are_seen(void **state)
{
	static const spoil_fn fns[] = {raw_handle, odd_handle, top_bit_handle};
	struct samples s;

	for (size_t i = 0; i < DLB_ARRAY_LEN(fns); i++) {
		spoil(&s, *state, fns[i]);
		assert_true(stat_invalid(&s) > 0);
		samples_free(&s);
	}
}

/* Elements, but of a small range: each is valid, and its bytes look random. */
static void
small_multiple(uint8_t *p, size_t i, const struct dlb_env *env)
{
	uint8_t r[DLB_SCALAR_LEN] = {0};

	if (i % 100 == 0) {
		r[0] = (uint8_t)(1 + dlb_random_below(env, 255));
		dlb_point_base(p + DLB_AT_HANDLE, r);
	}
}

/* A counter: each handle is the one before plus B. */
static void
progression(uint8_t *p, size_t i, const struct dlb_env *env)
{
	uint8_t r[DLB_SCALAR_LEN] = {0};

	(void)env;
	r[0] = (uint8_t)(i + 1);
	r[1] = (uint8_t)((i + 1) >> 8);
	r[7] = 1;
	dlb_point_base(p + DLB_AT_HANDLE, r);
}

/* The same with a step that nobody can guess. */
static void
hidden_progression(uint8_t *p, size_t i, const struct dlb_env *env)
{
	static uint8_t r[DLB_SCALAR_LEN];

	(void)env;
	for (int j = 0; j < 30; j++)
		r[j] = (uint8_t)(r[j] + (i == 0 ? 17 * j + 3 : 0));
	r[8] = (uint8_t)i;
	r[9] = (uint8_t)(i >> 8);
	dlb_point_base(p + DLB_AT_HANDLE, r);
}

static void
related_handles_are_seen(void **state)
{
	static const spoil_fn fns[] = {
		small_multiple, progression, hidden_progression};
	struct samples s;

	for (size_t i = 0; i < DLB_ARRAY_LEN(fns); i++) {
		spoil(&s, *state, fns[i]);
		assert_int_equal(stat_invalid(&s), 0);
		assert_true(stat_relations(&s) > 0);
		samples_free(&s);
	}
}

/* Two cells of one letter that share a few bytes. */
static void
shared_token(uint8_t *p, size_t i, const struct dlb_env *env)
{
	static uint8_t token_hash[8];

	(void)env;
	if (i == 10)
		memcpy(token_hash, p + DLB_AT_TOKEN_HASH, 8);
	if (i == 1900)
		memcpy(p + DLB_AT_TOKEN_HASH, token_hash, 8);
}

/* A box that starts as the waybill says. */
static void
own_echo(uint8_t *p, size_t i, const struct dlb_env *env)
{
	(void)env;
	if (i == 500)
		memcpy(p + DLB_AT_BODY, p + DLB_AT_BOX_TAG, 8);
}

static void
repeats_are_seen(void **state)
{
	static const spoil_fn fns[] = {shared_token, own_echo};
	struct kinds *k = *state;
	struct samples s;

	for (size_t i = 0; i < DLB_ARRAY_LEN(fns); i++) {
		spoil(&s, k, fns[i]);
		assert_true(stat_repeats(&s, NULL) > 0);
		samples_free(&s);
	}
	/* Between kinds: a handle that two cells have. */
	spoil(&s, k, constant_byte);
	memcpy(sample_at(&s, 3) + DLB_AT_HANDLE,
		sample_at(&k->bulk, 9) + DLB_AT_HANDLE, DLB_HANDLE_LEN);
	assert_int_equal(stat_repeats(&s, NULL), 0);
	assert_true(stat_repeats(&s, &k->bulk) > 0);
	samples_free(&s);
}

/* Handles drawn until the top bits are clear: valid, unrelated, and of one kind. */
static void
low_handle(uint8_t *p, size_t i, const struct dlb_env *env)
{
	uint8_t uniform[64];

	(void)i;
	if (!one_in(2, env))
		return;
	do {
		dlb_random(env, uniform, sizeof(uniform));
		dlb_point_from_uniform(p + DLB_AT_HANDLE, uniform);
	} while (p[DLB_AT_HANDLE + 31] >= 0x40);
}

static void
different_kinds_are_seen(void **state)
{
	struct kinds *k = *state;
	struct samples s;

	spoil(&s, k, low_handle);
	assert_int_equal(stat_invalid(&s), 0);
	assert_above(stat_difference(&s, &k->bulk).worst, LIMIT_WORST);
	samples_free(&s);
	spoil(&s, k, one_value_missing);
	assert_above(stat_difference(&s, &k->cover).all, LIMIT);
	samples_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_look_random),
		cmocka_unit_test(bulk_cells_look_random),
		cmocka_unit_test(cover_looks_random),
		cmocka_unit_test(bulletins_look_random),
		cmocka_unit_test(kinds_look_alike),
		cmocka_unit_test(the_rest_of_the_waybill_is_constant),
		cmocka_unit_test(a_value_too_frequent_is_seen),
		cmocka_unit_test(the_worst_position_is_seen),
		cmocka_unit_test(all_positions_together_are_seen),
		cmocka_unit_test(biased_bits_are_seen),
		cmocka_unit_test(correlated_bytes_are_seen),
		cmocka_unit_test(handles_of_another_form_are_seen),
		cmocka_unit_test(related_handles_are_seen),
		cmocka_unit_test(repeats_are_seen),
		cmocka_unit_test(different_kinds_are_seen),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
