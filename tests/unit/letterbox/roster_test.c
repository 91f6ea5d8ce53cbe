/* Rosters: their form and signature, whose count, and that nothing old comes back. */
#include "letterbox_test.h"

#include "roster.h"

/* Somebody with keys that agree; `fill` says who. */
struct hand {
	uint8_t sign_sk[64];
	struct dlb_identity identity;
};

static void
hand_init(struct hand *h, unsigned fill)
{
	uint8_t seed[32] = {0};

	seed[0] = (uint8_t)fill;
	seed[1] = (uint8_t)(fill >> 8);
	seed[31] = 7;
	dlb_ed25519_keypair(h->identity.sign, h->sign_sk, seed);
	dlb_x25519_public(h->identity.agree, seed);
}

static int
compare_entries(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct dlb_identity));
}

/* A roster of `author` that vouches for hands first .. first + n - 1. */
static void
sign(struct dlb_buf *out, const struct hand *author, uint64_t number,
	unsigned first, size_t n, bool revoked)
{
	struct dlb_roster r = {.number = number,
		.issued_ms = TEST_NOW_MS,
		.days = 180,
		.author = author->identity,
		.entries_n = n};

	r.entries = calloc(n + 1, sizeof(*r.entries));
	assert_non_null(r.entries);
	for (size_t i = 0; i < n; i++) {
		struct hand h;

		hand_init(&h, first + (unsigned)i);
		r.entries[i].identity = h.identity;
		r.entries[i].revoked = revoked;
		snprintf(r.entries[i].note, sizeof(r.entries[i].note), "n%u",
			first + (unsigned)i);
	}
	qsort(r.entries, n, sizeof(*r.entries), compare_entries);
	out->len = 0;
	assert_ok(dlb_roster_write(out, &r, author->sign_sk));
	dlb_roster_free(&r);
}

static void
it_round_trips(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0}, again = {0};
	struct dlb_roster r;
	struct hand author;

	hand_init(&author, 1);
	for (size_t n = 0; n < 4; n++) {
		sign(&bytes, &author, 5, 2, n, n == 3);
		assert_ok(dlb_roster_parse(&r, bytes.data, bytes.len, &f->err));
		assert_int_equal(r.number, 5);
		assert_int_equal(r.entries_n, n);
		again.len = 0;
		assert_ok(dlb_roster_write(&again, &r, author.sign_sk));
		assert_int_equal(again.len, bytes.len);
		assert_memory_equal(again.data, bytes.data, bytes.len);
		dlb_roster_free(&r);
	}
	sign(&bytes, &author, 5, 2, DLB_ROSTER_ENTRIES_MAX, false);
	assert_ok(dlb_roster_parse(&r, bytes.data, bytes.len, &f->err));
	dlb_roster_free(&r);
	dlb_buf_free(&bytes);
	dlb_buf_free(&again);
}

static void
any_change_is_refused(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf bytes = {0};
	struct dlb_roster r;
	struct hand author;

	hand_init(&author, 1);
	sign(&bytes, &author, 5, 2, 2, false);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.data[i] ^= 1;
		assert_int_not_equal(
			dlb_roster_parse(&r, bytes.data, bytes.len, &f->err),
			DLB_OK);
		assert_null(r.entries);
		bytes.data[i] ^= 1;
	}
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_not_equal(
			dlb_roster_parse(&r, bytes.data, len, &f->err), DLB_OK);
	assert_ok(dlb_buf_append(&bytes, "", 1));
	assert_int_equal(dlb_roster_parse(&r, bytes.data, bytes.len, &f->err),
		DLB_MALFORMED);
	dlb_buf_free(&bytes);
}

/* What its author signs is not taken for that. */
static void
only_one_form(void **state)
{
	struct dlb_roster_entry e[2] = {{.note = "a"}, {.note = "b"}};
	struct dlb_roster r = {.number = 1,
		.issued_ms = TEST_NOW_MS,
		.days = 1,
		.entries_n = 2,
		.entries = e};
	struct dlb_buf bytes = {0};
	struct hand author, other;

	(void)state;
	hand_init(&author, 1);
	hand_init(&other, 2);
	r.author = author.identity;
	e[0].identity = e[1].identity = other.identity;
	/* Twice the same; then one without keys, and oneself. */
	assert_int_equal(
		dlb_roster_write(&bytes, &r, author.sign_sk), DLB_MALFORMED);
	r.entries_n = 1;
	assert_ok(dlb_roster_write(&bytes, &r, author.sign_sk));
	memset(e[0].identity.agree, 0, 32);
	assert_int_equal(
		dlb_roster_write(&bytes, &r, author.sign_sk), DLB_MALFORMED);
	e[0].identity = author.identity;
	assert_int_equal(
		dlb_roster_write(&bytes, &r, author.sign_sk), DLB_MALFORMED);
	e[0].identity = other.identity;
	strcpy(e[0].note, "\x1b[2J");
	assert_int_equal(
		dlb_roster_write(&bytes, &r, author.sign_sk), DLB_MALFORMED);
	e[0].note[0] = '\0';
	r.number = 0;
	assert_int_equal(
		dlb_roster_write(&bytes, &r, author.sign_sk), DLB_MALFORMED);
	r.number = 1;
	r.days = 0;
	assert_int_equal(
		dlb_roster_write(&bytes, &r, author.sign_sk), DLB_MALFORMED);
	dlb_buf_free(&bytes);
}

static enum dlb_status
take(struct fixture *f, struct dlb_letterbox *l, const struct dlb_buf *bytes)
{
	return dlb_roster_take(
		l, NULL, bytes->data, bytes->len, false, NULL, &f->err);
}

/* How many are vouched for, and what of `who`. */
static size_t
look(struct fixture *f, struct dlb_letterbox *l, unsigned who, bool *vouched,
	bool *revoked)
{
	struct dlb_vouched *list;
	const struct dlb_vouched *v;
	uint8_t secret[32];
	struct hand h;
	size_t n, all = 0;

	hand_init(&h, who);
	assert_ok(dlb_vouched_list(l, &list, &n, &f->err));
	assert_ok(dlb_pair_secret_of(l, secret, &h.identity, &f->err));
	v = dlb_vouched_find(list, n, secret);
	*vouched = v && v->vouched && !v->revoked;
	*revoked = v && v->revoked;
	for (size_t i = 0; i < n; i++)
		all += list[i].vouched && !list[i].revoked;
	dlb_vouched_free(list, n);
	return all;
}

static void
only_who_is_trusted_counts(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "carla");
	struct dlb_buf bytes = {0};
	struct hand author;
	bool vouched, revoked;

	hand_init(&author, 1);
	sign(&bytes, &author, 5, 2, 3, false);
	assert_int_equal(take(f, l, &bytes), DLB_NOT_FOUND);
	assert_non_null(strstr(f->err.msg, "dlb roster trust"));
	/* As a bulletin it is held, and does not count. */
	assert_ok(dlb_roster_take(
		l, NULL, bytes.data, bytes.len, true, "anna", &f->err));
	assert_int_equal(look(f, l, 2, &vouched, &revoked), 0);
	assert_ok(dlb_roster_trust(l, &author.identity, NULL, true, &f->err));
	/* Those three, and the author. */
	assert_int_equal(look(f, l, 2, &vouched, &revoked), 4);
	assert_true(vouched);
	assert_int_equal(look(f, l, 1, &vouched, &revoked), 4);
	assert_true(vouched);
	look(f, l, 9, &vouched, &revoked);
	assert_false(vouched || revoked);
	assert_ok(dlb_roster_trust(l, &author.identity, NULL, false, &f->err));
	assert_int_equal(look(f, l, 2, &vouched, &revoked), 0);
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
}

static void
nothing_old_comes_back(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "carla");
	struct dlb_buf old = {0}, new = {0}, other = {0};
	struct hand author;
	bool vouched, revoked;

	hand_init(&author, 1);
	sign(&old, &author, 5, 2, 2, false);
	sign(&new, &author, 6, 2, 1, true);
	sign(&other, &author, 6, 2, 2, false);
	assert_ok(dlb_roster_trust(l, &author.identity, "anna", true, &f->err));
	assert_ok(take(f, l, &old));
	look(f, l, 2, &vouched, &revoked);
	assert_true(vouched);
	assert_ok(take(f, l, &new));
	for (int i = 0; i < 2; i++) {
		look(f, l, 2, &vouched, &revoked);
		assert_true(revoked && !vouched);
		look(f, l, 3, &vouched, &revoked);
		assert_false(revoked || vouched);
		assert_int_equal(take(f, l, &old), DLB_EXPIRED);
		assert_int_equal(take(f, l, &new), DLB_DUPLICATE);
		assert_int_equal(take(f, l, &other), DLB_EXPIRED);
		assert_ok(dlb_letterbox_commit(l, &f->err));
		l = fixture_reopen(f, l);
	}
	/* Nor while they are not trusted. */
	assert_ok(dlb_roster_trust(l, &author.identity, NULL, false, &f->err));
	assert_int_equal(take(f, l, &old), DLB_EXPIRED);
	assert_ok(dlb_roster_trust(l, &author.identity, NULL, true, &f->err));
	look(f, l, 2, &vouched, &revoked);
	assert_true(revoked);
	dlb_buf_free(&old);
	dlb_buf_free(&new);
	dlb_buf_free(&other);
	dlb_letterbox_close(l);
}

static void
one_that_revokes_is_enough(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "carla");
	struct dlb_buf bytes = {0};
	struct hand a, b;
	bool vouched, revoked;

	hand_init(&a, 1);
	hand_init(&b, 20);
	assert_ok(dlb_roster_trust(l, &a.identity, "anna", true, &f->err));
	assert_ok(dlb_roster_trust(l, &b.identity, "anna", true, &f->err));
	sign(&bytes, &a, 5, 2, 2, false);
	assert_ok(take(f, l, &bytes));
	sign(&bytes, &b, 5, 3, 1, true);
	assert_ok(take(f, l, &bytes));
	look(f, l, 2, &vouched, &revoked);
	assert_true(vouched && !revoked);
	look(f, l, 3, &vouched, &revoked);
	assert_true(!vouched && revoked);
	assert_ok(dlb_roster_forget(l, &b.identity, &f->err));
	look(f, l, 3, &vouched, &revoked);
	assert_true(vouched && !revoked);
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
}

/* Vouching ends, where it is not renewed; a revocation does not. */
static void
vouching_ends(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "carla");
	struct dlb_buf bytes = {0};
	struct hand a, b;
	bool vouched, revoked;

	hand_init(&a, 1);
	hand_init(&b, 20);
	assert_ok(dlb_roster_trust(l, &a.identity, "anna", true, &f->err));
	assert_ok(dlb_roster_trust(l, &b.identity, "ben", true, &f->err));
	sign(&bytes, &a, 5, 2, 1, false);
	assert_ok(take(f, l, &bytes));
	sign(&bytes, &b, 5, 3, 1, true);
	assert_ok(take(f, l, &bytes));
	for (int i = 0; i < 10; i++) {
		look(f, l, 2, &vouched, &revoked);
		assert_int_equal(vouched, i < 9);
		look(f, l, 3, &vouched, &revoked);
		assert_true(revoked);
		f->env.now_ms += 20 * DLB_DAY_MS + 1;
		assert_ok(dlb_clock_look(
			l, &(struct dlb_clock_view){0}, &f->err));
	}
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
}

/* Else one could vouch for ever, under a clock that was wrong for a moment. */
static void
one_that_is_dated_ahead_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "carla");
	struct dlb_buf bytes = {0};
	struct hand a;
	bool vouched, revoked;

	hand_init(&a, 1);
	assert_ok(dlb_roster_trust(l, &a.identity, "anna", true, &f->err));
	sign(&bytes, &a, 5, 2, 1, false);
	f->env.now_ms = TEST_NOW_MS - 2 * DLB_DAY_MS - 1000;
	assert_int_equal(take(f, l, &bytes), DLB_CLOCK);
	look(f, l, 2, &vouched, &revoked);
	assert_false(vouched);
	/* The same, once its time has come. */
	f->env.now_ms = TEST_NOW_MS - 2 * DLB_DAY_MS;
	assert_ok(take(f, l, &bytes));
	look(f, l, 2, &vouched, &revoked);
	assert_true(vouched);
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
}

static void
ones_own_counts_and_is_signed(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "carla");
	struct dlb_roster_entry e = {.note = "the ferry"};
	struct dlb_buf one = {0}, two = {0}, last = {0};
	struct dlb_roster r;
	struct hand h;
	bool vouched, revoked, changed;

	assert_int_equal(dlb_own_roster_sign(l, &one, &f->err), DLB_USAGE);
	e.identity = *dlb_letterbox_identity(l);
	assert_int_equal(dlb_own_roster_put(l, &e, &f->err), DLB_REFUSED);
	hand_init(&h, 3);
	e.identity = h.identity;
	assert_ok(dlb_own_roster_put(l, &e, &f->err));
	look(f, l, 3, &vouched, &revoked);
	assert_true(vouched);
	assert_ok(dlb_own_roster_sign(l, &one, &f->err));
	assert_ok(dlb_own_roster(l, &r, &changed, &f->err));
	assert_false(changed);
	dlb_roster_free(&r);
	e.revoked = true;
	assert_ok(dlb_own_roster_put(l, &e, &f->err));
	look(f, l, 3, &vouched, &revoked);
	assert_true(revoked);
	/* In the same second, or under a clock that was set back. */
	assert_ok(dlb_own_roster_sign(l, &two, &f->err));
	assert_ok(dlb_own_roster_last(l, &last));
	assert_int_equal(last.len, two.len);
	assert_ok(dlb_roster_parse(&r, two.data, two.len, &f->err));
	assert_int_equal(r.number, TEST_NOW_MS / 1000 + 1);
	assert_true(r.entries[0].revoked);
	dlb_roster_free(&r);
	/* What one signed is not another's. */
	assert_int_equal(take(f, l, &one), DLB_REFUSED);
	assert_ok(dlb_own_roster_remove(l, &h.identity, &f->err));
	assert_int_equal(
		dlb_own_roster_remove(l, &h.identity, &f->err), DLB_NOT_FOUND);
	look(f, l, 3, &vouched, &revoked);
	assert_false(vouched || revoked);
	dlb_buf_free(&one);
	dlb_buf_free(&two);
	dlb_buf_free(&last);
	dlb_letterbox_close(l);
}

static void
there_are_limits(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "carla");
	struct dlb_buf bytes = {0};
	struct hand h;

	for (unsigned i = 0; i < DLB_ROSTERS_MAX; i++) {
		hand_init(&h, 1000 + i);
		if (i < DLB_ROSTERS_TRUSTED_MAX) {
			assert_ok(dlb_roster_trust(
				l, &h.identity, "anna", true, &f->err));
			continue;
		}
		sign(&bytes, &h, 1, 1, 1, false);
		assert_ok(dlb_roster_take(
			l, NULL, bytes.data, bytes.len, true, "anna", &f->err));
	}
	assert_int_equal(dlb_roster_trust(l, &h.identity, "x", true, &f->err),
		DLB_LIMIT);
	hand_init(&h, 5000);
	sign(&bytes, &h, 1, 1, 1, false);
	assert_int_equal(dlb_roster_take(l, NULL, bytes.data, bytes.len, true,
				 "anna", &f->err),
		DLB_LIMIT);
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			it_round_trips, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			any_change_is_refused, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			only_one_form, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(only_who_is_trusted_counts,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(nothing_old_comes_back,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(one_that_revokes_is_enough,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			vouching_ends, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			one_that_is_dated_ahead_is_not_taken, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(ones_own_counts_and_is_signed,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			there_are_limits, fixture_setup, fixture_teardown),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
