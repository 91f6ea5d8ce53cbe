/* ristretto255 against RFC 9496, and what libsodium lets pass and we do not. */
#include "crypto_test.h"
#include "vectors.h"

static void
check_multiple(const struct vectors *v)
{
	uint64_t n = vectors_number(v, "multiple");
	const uint8_t *want = vectors_get_len(v, "point", 32);
	uint8_t scalar[32] = {(uint8_t)n}, one[32] = {1}, got[32], base[32];

	dlb_point_base(got, scalar);
	assert_memory_equal(got, want, 32);
	assert_int_equal(dlb_point_valid(want), n != 0);
	dlb_point_base(base, one);
	/* Zero times an element is the identity, which is refused. */
	assert_int_equal(dlb_point_mul(got, scalar, base),
		n == 0 ? DLB_MALFORMED : DLB_OK);
	assert_memory_equal(got, want, 32);
}

static void
refused(const uint8_t p[static 32])
{
	uint8_t scalar[32] = {7}, got[32];
	static const uint8_t zero[32];

	assert_false(dlb_point_valid(p));
	memset(got, 0xee, 32);
	assert_int_equal(dlb_point_mul(got, scalar, p), DLB_MALFORMED);
	assert_memory_equal(got, zero, 32);
}

static void
rfc_9496(void **state)
{
	size_t multiples = 0, bad = 0, uniform = 0;
	struct vectors v;
	uint8_t got[32];

	(void)state;
	vectors_open(&v, "ristretto255.txt");
	while (vectors_next(&v)) {
		if (vectors_has(&v, "multiple") && ++multiples) {
			check_multiple(&v);
		} else if (vectors_has(&v, "bad") && ++bad) {
			refused(vectors_get_len(&v, "bad", 32));
		} else if (++uniform) {
			dlb_point_from_uniform(
				got, vectors_get_len(&v, "uniform", 64));
			assert_memory_equal(
				got, vectors_get_len(&v, "point", 32), 32);
		}
	}
	vectors_close(&v);
	assert_int_equal(multiples, 16);
	assert_int_equal(bad, 29);
	assert_int_equal(uniform, 11);
}

/* An element has one encoding: no second one with the top bit set. */
static void
bit_255_is_refused(void **state)
{
	struct dlb_env_seeded e;
	uint8_t s[32], p[32];

	(void)state;
	dlb_env_seeded_init(&e, 1, 0);
	for (int i = 0; i < 50; i++) {
		dlb_scalar_random(s, &e.env);
		dlb_point_base(p, s);
		assert_true(dlb_point_valid(p));
		p[31] |= 0x80;
		refused(p);
	}
	memset(p, 0, 32);
	refused(p);
	p[31] = 0x80;
	refused(p);
}

static void
multiplication_commutes(void **state)
{
	struct dlb_env_seeded e;
	uint8_t a[32], b[32], pa[32], pb[32], ab[32], ba[32];

	(void)state;
	dlb_env_seeded_init(&e, 2, 0);
	for (int i = 0; i < 20; i++) {
		dlb_scalar_random(a, &e.env);
		dlb_scalar_random(b, &e.env);
		assert_memory_not_equal(a, b, 32);
		dlb_point_base(pa, a);
		dlb_point_base(pb, b);
		assert_int_equal(dlb_point_mul(ab, a, pb), DLB_OK);
		assert_int_equal(dlb_point_mul(ba, b, pa), DLB_OK);
		assert_memory_equal(ab, ba, 32);
		assert_true(dlb_point_valid(ab));
		/* In place. */
		assert_int_equal(dlb_point_mul(pb, a, pb), DLB_OK);
		assert_memory_equal(ab, pb, 32);
	}
}

static void
wide_scalars_are_reduced(void **state)
{
	/* The order of the group (RFC 9496, section 4.4), little-endian. */
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
		0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10};
	uint8_t wide[64] = {0}, got[32], five[32] = {5};
	static const uint8_t zero[32];

	(void)state;
	memcpy(wide, order, 32);
	dlb_scalar_from_wide(got, wide);
	assert_memory_equal(got, zero, 32);
	wide[0] += 5;
	dlb_scalar_from_wide(got, wide);
	assert_memory_equal(got, five, 32);
	memset(wide, 0xff, 64);
	dlb_scalar_from_wide(got, wide);
	assert_true(got[31] <= 0x10);
	dlb_point_base(got, zero);
	assert_memory_equal(got, zero, 32);
}

static void
scalars_come_from_the_environment(void **state)
{
	struct dlb_env_seeded a, b;
	uint8_t x[32], y[32];

	(void)state;
	dlb_env_seeded_init(&a, 3, 0);
	dlb_env_seeded_init(&b, 3, 0);
	dlb_scalar_random(x, &a.env);
	dlb_scalar_random(y, &b.env);
	assert_memory_equal(x, y, 32);
	dlb_scalar_random(y, &b.env);
	assert_memory_not_equal(x, y, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_9496),
		cmocka_unit_test(bit_255_is_refused),
		cmocka_unit_test(multiplication_commutes),
		cmocka_unit_test(wide_scalars_are_reduced),
		cmocka_unit_test(scalars_come_from_the_environment),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
