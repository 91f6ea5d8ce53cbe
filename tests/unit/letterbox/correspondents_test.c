/* Correspondents: names, newer and older cards, strangers, and the keys that
 * letters to them are sealed to. */
#include "letterbox_test.h"

static struct dlb_correspondent
add(struct fixture *f, struct dlb_letterbox *l, const struct dlb_card *card,
	const char *name)
{
	struct dlb_correspondent c;

	assert_ok(dlb_correspondent_add(l, &c, card, name, &f->err));
	return c;
}

static void
names_are_unique(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent c;
	struct other o[2];

	other_init(&o[0], f, "../bob", 1);
	assert_string_equal(add(f, l, &o[0].card, NULL).name, "bob");
	other_init(&o[0], f, "", 1);
	other_init(&o[1], f, "", 1);
	assert_string_equal(add(f, l, &o[0].card, NULL).name, "someone");
	assert_string_equal(add(f, l, &o[1].card, NULL).name, "someone-2");
	other_init(&o[0], f, "eve", 1);
	assert_int_equal(
		dlb_correspondent_add(l, &c, &o[0].card, "bob", &f->err),
		DLB_EXISTS);
	assert_int_equal(
		dlb_correspondent_add(l, &c, &o[0].card, "-v", &f->err),
		DLB_MALFORMED);
	assert_string_equal(add(f, l, &o[0].card, "carol").name, "carol");
	assert_ok(dlb_correspondent_by_name(l, &c, "carol", &f->err));
	assert_int_equal(
		dlb_correspondent_rename(l, c.id, "bob", &f->err), DLB_EXISTS);
	assert_ok(dlb_correspondent_rename(l, c.id, "carol", &f->err));
	assert_ok(dlb_correspondent_rename(l, c.id, "dave", &f->err));
	assert_int_equal(dlb_correspondent_by_name(l, &c, "carol", &f->err),
		DLB_NOT_FOUND);
	assert_int_equal(
		dlb_correspondent_rename(l, 99, "x", &f->err), DLB_NOT_FOUND);
	dlb_letterbox_close(l);
}

/* Whoever calls themselves as a friend is called is not taken for the friend, nor
 * put beside them under a name that is nearly theirs. */
static void
a_known_name_with_other_keys_is_refused(void **state)
{
	static const char *const names[] = {"bob", "Bob", "../bob",
		"b\xcd\x8fob", /* a joiner that shows as nothing */
		"bob\xc2\xa0", /* a space at the end */
		"b\xd0\xbe"
		"b",              /* Cyrillic */
		"\xef\xbc\xa2ob", /* of full width */
		"b\xc3\xb6"
		"b",
		"bo\xcc\x88"
		"b",
		"b0b"};
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent bob, c, none = {0};
	struct other o;

	other_init(&o, f, "bob", 1);
	bob = add(f, l, &o.card, NULL);
	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++) {
		other_init(&o, f, names[i], 9);
		assert_int_equal(
			dlb_correspondent_add(l, &c, &o.card, NULL, &f->err),
			DLB_EXISTS);
		assert_memory_equal(&c, &none, sizeof(c));
		assert_non_null(strstr(f->err.msg, "other keys"));
		assert_null(strstr(f->err.msg, "verified"));
	}
	assert_ok(dlb_correspondent_verify(l, bob.id, true, &f->err));
	assert_int_equal(dlb_correspondent_add(l, &c, &o.card, NULL, &f->err),
		DLB_EXISTS);
	assert_non_null(strstr(f->err.msg, "and verified"));
	/* Nothing of the friend's changed. */
	assert_ok(dlb_correspondent_by_name(l, &c, "bob", &f->err));
	assert_memory_equal(&c.identity, &bob.identity, sizeof(c.identity));
	assert_int_equal(c.serial, 1);
	assert_true(c.verified);
	assert_string_equal(add(f, l, &o.card, "bob two").name, "bob two");
	dlb_letterbox_close(l);
}

static bool
count(void *ctx, const struct dlb_correspondent *c)
{
	char *names = ctx;

	strcat(names, c->name);
	strcat(names, " ");
	return strlen(names) < 8;
}

static void
they_are_found(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent c, got;
	char names[64] = "";
	struct other o;

	other_init(&o, f, "cy", 4);
	add(f, l, &o.card, NULL);
	other_init(&o, f, "al", 4);
	add(f, l, &o.card, NULL);
	other_init(&o, f, "bob", 5);
	c = add(f, l, &o.card, NULL);
	assert_int_equal(c.serial, 5);
	assert_true(c.added_ms == TEST_NOW_MS);
	assert_false(c.heard || c.greeted || c.verified);
	assert_ok(dlb_correspondent_mark(l, c.id, true, false, &f->err));
	assert_ok(dlb_correspondent_mark(l, c.id, false, true, &f->err));
	assert_ok(dlb_correspondent_mark(l, c.id, false, false, &f->err));
	assert_ok(dlb_correspondent_verify(l, c.id, true, &f->err));
	assert_int_equal(dlb_correspondent_mark(l, 99, true, true, &f->err),
		DLB_NOT_FOUND);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_correspondent_by_identity(l, &got, &o.card.identity));
	assert_int_equal(got.id, c.id);
	assert_string_equal(got.name, "bob");
	assert_true(got.heard && got.greeted && got.verified);
	assert_memory_equal(&got.identity, &o.card.identity, 64);
	assert_ok(dlb_correspondent_by_id(l, &got, c.id));
	assert_string_equal(got.name, "bob");
	o.card.identity.sign[0] ^= 1;
	assert_int_equal(
		dlb_correspondent_by_identity(l, &got, &o.card.identity),
		DLB_NOT_FOUND);
	assert_int_equal(dlb_correspondent_by_id(l, &got, 99), DLB_NOT_FOUND);
	assert_ok(dlb_correspondent_each(l, count, names, &f->err));
	assert_string_equal(names, "al bob cy ");
	names[0] = '\0';
	strcpy(names, "123456 ");
	assert_ok(dlb_correspondent_each(l, count, names, &f->err));
	assert_string_equal(names, "123456 al ");
	dlb_letterbox_close(l);
}

static void
ones_own_card_is_refused(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent c;
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	assert_ok(dlb_letterbox_card(l, false, &bytes, &f->err));
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	assert_int_equal(dlb_correspondent_add(l, &c, &card, NULL, &f->err),
		DLB_REFUSED);
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
}

static uint8_t
held_keys(struct fixture *f, struct dlb_letterbox *l, int64_t id,
	uint64_t *serial)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	/* With its signature. */
	assert_ok(dlb_correspondent_card(l, &bytes, id, &f->err));
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	*serial = card.serial;
	return card.opening_n;
}

static void
newer_cards_replace_older(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct other full, brief;
	int64_t id;
	/* serial and opening keys of the card; what is held afterwards */
	static const struct {
		uint64_t serial;
		bool is_short;
		uint64_t held;
		uint8_t keys;
	} steps[] = {
		{5, true, 5, 0},
		{4, false, 5, 0},
		{5, false, 5, 12},
		{5, true, 5, 12},
		{6, true, 5, 12}, /* the full one is the better one */
		{4, false, 5, 12},
		{7, false, 7, 12},
		{5, false, 7, 12},
	};

	other_init(&full, f, "bob", 1);
	for (size_t i = 0; i < DLB_ARRAY_LEN(steps); i++) {
		struct dlb_correspondent c;
		uint64_t serial;

		brief = full;
		brief.card.serial = steps[i].serial;
		if (steps[i].is_short) {
			brief.card.opening_n = 0;
			memset(brief.card.opening, 0,
				sizeof(brief.card.opening));
		}
		other_sign(&brief);
		c = add(f, l, &brief.card, i ? "other name" : NULL);
		assert_string_equal(c.name, "bob");
		id = c.id;
		assert_int_equal(c.serial, steps[i].held);
		assert_int_equal(held_keys(f, l, id, &serial), steps[i].keys);
		assert_int_equal(serial, steps[i].held);
	}
	/* Once the full one is of the past, a newer short one is better. */
	f->env.now_ms += 400 * DLB_DAY_MS;
	brief = full;
	brief.card.serial = 9;
	brief.card.opening_n = 0;
	memset(brief.card.opening, 0, sizeof(brief.card.opening));
	other_sign(&brief);
	assert_int_equal(add(f, l, &brief.card, NULL).serial, 9);
	dlb_letterbox_close(l);
}

/* What comes with a letter: only a sound, better card of the same person counts. */
static enum dlb_status
ride(struct fixture *f, struct dlb_letterbox *l, struct dlb_correspondent *c,
	const struct other *o, int flip)
{
	struct dlb_buf bytes = {0};
	enum dlb_status s;

	other_write(&bytes, o);
	if (flip >= 0)
		bytes.data[flip] ^= 1;
	s = dlb_correspondent_renew(l, c, bytes.data, bytes.len, &f->err);
	dlb_buf_free(&bytes);
	return s;
}

static void
cards_ride_along(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct other full, brief, eve;
	static uint8_t long_card[DLB_CARD_LEN_MAX + 1] = {
		'D', 'L', 'B', 'C', 1};
	struct dlb_correspondent c;
	uint64_t serial;

	other_init(&full, f, "bob", 3);
	other_init(&eve, f, "bob", 9);
	brief = full;
	brief.card.opening_n = 0;
	memset(brief.card.opening, 0, sizeof(brief.card.opening));
	other_sign(&brief);
	c = add(f, l, &brief.card, NULL);
	/* The signature is the last of it. */
	assert_int_equal(ride(f, l, &c, &full, 16000), DLB_FORGED);
	assert_int_equal(ride(f, l, &c, &full, 2), DLB_MALFORMED);
	assert_int_equal(ride(f, l, &c, &eve, -1), DLB_FORGED);
	assert_int_equal(dlb_correspondent_renew(
				 l, &c, long_card, sizeof(long_card), &f->err),
		DLB_LIMIT);
	assert_int_equal(dlb_correspondent_renew(l, &c, long_card, 0, &f->err),
		DLB_MALFORMED);
	assert_int_equal(held_keys(f, l, c.id, &serial), 0);
	/* The full one of the same serial is what a short one waits for. */
	assert_ok(ride(f, l, &c, &full, -1));
	assert_int_equal(held_keys(f, l, c.id, &serial), 12);
	assert_ok(ride(f, l, &c, &brief, -1));
	assert_int_equal(held_keys(f, l, c.id, &serial), 12);
	full.card.serial = 8;
	assert_ok(ride(f, l, &c, &full, -1));
	assert_int_equal(c.serial, 8);
	/* What is not better is not looked at any further. */
	full.card.serial = 7;
	assert_ok(ride(f, l, &c, &full, 16000));
	held_keys(f, l, c.id, &serial);
	assert_int_equal(serial, 8);
	dlb_letterbox_close(l);
}

/* A card of next year would be of no use until then, and the older one gone. */
static void
a_card_that_is_ahead_replaces_none_of_use(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent c;
	struct other now, next;
	uint16_t week = dlb_week_of(TEST_NOW_MS);

	other_init(&now, f, "bob", 3);
	c = add(f, l, &now.card, NULL);
	next = now;
	next.card.serial = 4;
	next.card.issued_week = (uint16_t)(week + 2);
	other_sign(&next);
	assert_true(dlb_card_is_ahead(&next.card, TEST_NOW_MS));
	assert_int_equal(add(f, l, &next.card, NULL).serial, 3);
	assert_ok(ride(f, l, &c, &next, -1));
	assert_int_equal(c.serial, 3);
	/* Ahead by no more than clocks are. */
	next.card.issued_week = (uint16_t)(week + 1);
	other_sign(&next);
	assert_false(dlb_card_is_ahead(&next.card, TEST_NOW_MS));
	assert_int_equal(add(f, l, &next.card, NULL).serial, 4);
	/* Where the older one is of no use, nothing is lost. */
	next.card.serial = 5;
	next.card.issued_week = (uint16_t)(week + 60);
	other_sign(&next);
	f->env.now_ms += 400 * DLB_DAY_MS;
	assert_true(dlb_card_is_ahead(&next.card, f->env.now_ms));
	assert_int_equal(add(f, l, &next.card, NULL).serial, 5);
	next.card.serial = 6;
	next.card.issued_week++;
	other_sign(&next);
	assert_int_equal(add(f, l, &next.card, NULL).serial, 6);
	dlb_letterbox_close(l);
}

static void
a_strangers_letters_become_theirs(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter letter = {.state = DLB_IN_UNREAD,
				     .has_card = true},
			     got;
	struct dlb_correspondent c;
	struct other o, p;

	other_init(&o, f, "bob", 1);
	other_init(&p, f, "cy", 1);
	letter.sender = o.card.identity;
	assert_ok(dlb_in_add(l, &letter, &f->err));
	c = add(f, l, &p.card, NULL);
	assert_ok(dlb_in_get(l, &got, letter.number, &f->err));
	assert_int_equal(got.from, 0);
	assert_true(got.has_card);
	assert_false(c.heard);
	c = add(f, l, &o.card, NULL);
	assert_true(c.heard);
	assert_ok(dlb_correspondent_by_id(l, &c, c.id));
	assert_true(c.heard);
	assert_ok(dlb_in_get(l, &got, letter.number, &f->err));
	assert_int_equal(got.from, c.id);
	assert_false(got.has_card);
	dlb_letterbox_close(l);
}

static void
the_keys_of_now(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_buf own = {0};
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_correspondent c;
	uint8_t shared[32];
	struct other o;

	other_init(&o, f, "bob", 6);
	c = add(f, l, &o.card, NULL);
	assert_ok(dlb_letterbox_card(l, false, &own, &f->err));
	assert_ok(dlb_correspondent_seal_keys(
		l, c.id, TEST_NOW_MS, false, &to, &from, &f->err));
	assert_int_equal(to.opening_id, 28);
	assert_memory_equal(
		to.opening, o.card.opening[0].key, sizeof(to.opening));
	assert_memory_equal(
		to.finding, o.card.finding[0].key, sizeof(to.finding));
	assert_memory_equal(&to.identity, &o.card.identity, 64);
	assert_memory_equal(&from.identity, dlb_letterbox_identity(l), 64);
	assert_ok(dlb_x25519(
		shared, dlb_letterbox_secret(l)->agree, o.card.identity.agree));
	assert_memory_equal(from.shared, shared, 32);
	/* One's full card rides along, until they have it. */
	assert_int_equal(from.card_len, own.len);
	assert_memory_equal(from.card, own.data, own.len);
	assert_ok(dlb_correspondent_mark(l, c.id, true, false, &f->err));
	assert_ok(dlb_correspondent_seal_keys(
		l, c.id, TEST_NOW_MS, false, &to, &from, &f->err));
	assert_int_equal(from.card_len, own.len);
	assert_ok(dlb_correspondent_mark(l, c.id, true, true, &f->err));
	assert_ok(dlb_correspondent_seal_keys(
		l, c.id, TEST_NOW_MS, false, &to, &from, &f->err));
	assert_int_equal(from.card_len, 0);
	/* A new card of one's own rides along again. */
	f->env.now_ms += 20 * DLB_DAY_MS;
	bool renewed;
	assert_ok(dlb_letterbox_renew(l, &renewed, &f->err));
	assert_true(renewed);
	assert_ok(dlb_correspondent_seal_keys(
		l, c.id, f->env.now_ms, false, &to, &from, &f->err));
	assert_true(from.card_len > 0);
	assert_int_equal(to.opening_id, 29);
	assert_int_equal(dlb_correspondent_seal_keys(l, 99, TEST_NOW_MS, false,
				 &to, &from, &f->err),
		DLB_NOT_FOUND);
	dlb_buf_free(&own);
	dlb_letterbox_close(l);
}

static void
a_time_that_the_card_does_not_cover(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_correspondent c;
	struct other o;
	int64_t id, issued = dlb_week_start_ms(dlb_week_of(TEST_NOW_MS));

	other_init(&o, f, "bob", 6);
	id = add(f, l, &o.card, NULL).id;
	/* A year on: not unless told to. */
	assert_int_equal(dlb_correspondent_seal_keys(l, id,
				 TEST_NOW_MS + 360 * DLB_DAY_MS, false, &to,
				 &from, &f->err),
		DLB_CLOCK);
	assert_non_null(strstr(f->err.msg, "newer card"));
	assert_ok(dlb_correspondent_seal_keys(l, id,
		TEST_NOW_MS + 360 * DLB_DAY_MS, true, &to, &from, &f->err));
	assert_int_equal(to.opening_id, 0x80000006u);
	assert_memory_equal(to.opening, o.card.last_resort, sizeof(to.opening));
	assert_memory_equal(
		to.finding, o.card.finding[4].key, sizeof(to.finding));
	/* Before its issue: up to a week. */
	assert_ok(dlb_correspondent_seal_keys(
		l, id, issued - 7 * DLB_DAY_MS, false, &to, &from, &f->err));
	assert_int_equal(
		dlb_correspondent_seal_keys(l, id, issued - 7 * DLB_DAY_MS - 1,
			false, &to, &from, &f->err),
		DLB_CLOCK);
	assert_non_null(strstr(f->err.msg, "clock"));
	assert_int_equal(
		dlb_correspondent_seal_keys(l, id, issued - 7 * DLB_DAY_MS - 1,
			true, &to, &from, &f->err),
		DLB_CLOCK);
	/* A short card has but the one key. */
	other_init(&o, f, "cy", 7);
	o.card.opening_n = 0;
	memset(o.card.opening, 0, sizeof(o.card.opening));
	other_sign(&o);
	c = add(f, l, &o.card, NULL);
	assert_ok(dlb_correspondent_seal_keys(
		l, c.id, TEST_NOW_MS, false, &to, &from, &f->err));
	assert_int_equal(to.opening_id, 0x80000007u);
	dlb_letterbox_close(l);
}

static void
a_courier_sends_none(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct other o;

	other_init(&o, f, "bob", 1);
	assert_int_equal(
		dlb_correspondent_seal_keys(l, add(f, l, &o.card, NULL).id,
			TEST_NOW_MS, false, &to, &from, &f->err),
		DLB_REFUSED);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(names_are_unique),
		TEST(a_known_name_with_other_keys_is_refused),
		TEST(they_are_found),
		TEST(ones_own_card_is_refused),
		TEST(newer_cards_replace_older),
		TEST(cards_ride_along),
		TEST(a_card_that_is_ahead_replaces_none_of_use),
		TEST(a_strangers_letters_become_theirs),
		TEST(the_keys_of_now),
		TEST(a_time_that_the_card_does_not_cover),
		TEST(a_courier_sends_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
