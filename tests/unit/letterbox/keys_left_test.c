/* What goes with a key: what was left of letters that were sealed to it. */
#include "keys_world.h"

#include "state_internal.h"

static struct dlb_in_letter
a_letter(unsigned i, uint32_t opening_id)
{
	struct dlb_in_letter in = {.from = 1,
		.arrived_ms = TEST_NOW_MS,
		.state = DLB_IN_UNREAD,
		.opening_id = opening_id};

	in.stripe.letter_id[0] = (uint8_t)i;
	in.stripe.cells = 1;
	return in;
}

static size_t
rows(struct dlb_letterbox *l, const char *sql)
{
	struct dlb_query q;
	int64_t n = -1;

	dlb_query(&q, &l->db, sql);
	if (dlb_query_row(&q))
		n = dlb_query_get_int(&q);
	assert_ok(dlb_query_end(&q, NULL));
	return (size_t)n;
}

static void
nothing_is_left_of_a_deleted_letter(void **state)
{
	static const char all[] = "SELECT count(*) FROM letters_in";
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter in, got;

	/* 1: kept. 2: deleted. 3: deleted, to June's key. 4: deleted, to the
	 * last-resort key. 5: kept, and deleted later. 6: deleted. */
	for (unsigned i = 1; i <= 6; i++) {
		in = a_letter(i,
			i == 3           ? 29
				: i == 4 ? DLB_OPENING_LAST_RESORT | FIRST_CARD
					 : 28);
		assert_ok(dlb_in_add(l, &in, &f->err));
		assert_int_equal(in.number, i);
		if (i != 1 && i != 5)
			assert_ok(dlb_in_delete(l, i, &f->err));
	}
	assert_ok(dlb_letterbox_commit(l, &f->err));
	assert_int_equal(rows(l, all), 6);
	use_until(f, l, MAY_GOES);
	assert_int_equal(use_days(f, l, 3), 1);
	assert_int_equal(rows(l, all), 4);
	in = a_letter(2, 28);
	assert_false(dlb_in_seen(l, &in));
	in = a_letter(3, 29);
	assert_true(dlb_in_seen(l, &in));
	in = a_letter(4, DLB_OPENING_LAST_RESORT | FIRST_CARD);
	assert_true(dlb_in_seen(l, &in));
	assert_ok(dlb_in_get(l, &got, 1, &f->err));
	/* Nor how many there were: the 6 is given again. */
	in = a_letter(7, 32);
	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_int_equal(in.number, 6);
	/* Deleted when the key has gone, it leaves nothing at all. */
	assert_ok(dlb_in_delete(l, 5, &f->err));
	assert_int_equal(rows(l, all), 4);
	assert_int_equal(dlb_in_get(l, &got, 5, &f->err), DLB_NOT_FOUND);
	/* The key of the first card goes next. */
	f->env.now_ms += DAY(20);
	assert_int_equal(use_days(f, l, 3), 1);
	assert_int_equal(rows(l, all), 3);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	in = a_letter(8, 32);
	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_int_equal(in.number, 7);
	dlb_letterbox_close(l);
}

/* A letter that was sealed again is remembered as long as it can come. */
static void
what_was_sealed_again_is_remembered_for_longer(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter in = a_letter(1, 28), again = a_letter(1, 30);

	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_ok(dlb_in_delete(l, in.number, &f->err));
	assert_int_equal(dlb_in_add(l, &again, &f->err), DLB_DUPLICATE);
	/* The first of them comes by again: that shortens nothing. */
	assert_int_equal(dlb_in_add(l, &in, &f->err), DLB_DUPLICATE);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	use_until(f, l, MAY_GOES);
	assert_int_equal(use_days(f, l, 3), 1);
	assert_true(dlb_in_seen(l, &again));
	use_until(f, l, MAY_GOES + DAY(61));
	assert_true(use_days(f, l, 3) > 0);
	assert_false(has(l, DLB_EPOCH_OPENING, 30));
	assert_false(dlb_in_seen(l, &again));
	dlb_letterbox_close(l);
}

/* That a letter of theirs came once goes too, where none is here. */
static void
who_was_heard_from_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent c[2];
	struct dlb_in_letter in = a_letter(1, 28);
	struct other o;

	for (int i = 0; i < 2; i++) {
		other_init(&o, f, i ? "bob" : "eve", 1);
		assert_ok(dlb_correspondent_add(
			l, &c[i], &o.card, NULL, &f->err));
		assert_ok(dlb_correspondent_mark(
			l, c[i].id, true, false, &f->err));
	}
	in.from = c[1].id;
	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	use_until(f, l, MAY_GOES);
	use_days(f, l, 3);
	for (int i = 0; i < 2; i++) {
		assert_ok(dlb_correspondent_by_id(l, &c[i], c[i].id));
		assert_int_equal(c[i].heard, i);
	}
	dlb_letterbox_close(l);
}

/* And that receipts were owed for them, or written. */
static void
receipts_are_forgotten_with_their_letters(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_correspondent c;
	struct dlb_out_letter o = {.kind = DLB_KIND_RECEIPT,
		.expiry_week = (uint16_t)(dlb_week_of(TEST_NOW_MS) + 12)};
	struct dlb_in_letter receipt = a_letter(9, 30);
	const uint8_t names[64] = {0};
	struct other other;

	other_init(&other, f, "bob", 1);
	assert_ok(dlb_correspondent_add(l, &c, &other.card, NULL, &f->err));
	for (unsigned i = 1; i <= 3; i++) {
		struct dlb_in_letter in = a_letter(i, i == 2 ? 30 : 28);

		in.from = c.id;
		in.sender = c.identity;
		in.receipt_wanted = true;
		assert_ok(dlb_in_add(l, &in, &f->err));
		assert_ok(dlb_receipt_owe(l, &in, &f->err));
		if (i < 3)
			assert_ok(dlb_in_delete(l, in.number, &f->err));
		o.number = 0;
		o.to = c.id;
		o.state = i == 1 ? DLB_OUT_SHOWN : DLB_OUT_WAITING;
		o.letter_id[0] = (uint8_t)i;
		assert_ok(dlb_out_add(l, &o, &f->err));
		assert_ok(dlb_out_cells_append(l, o.number, names, 1, &f->err));
	}
	receipt.kind = DLB_KIND_RECEIPT;
	assert_ok(dlb_in_add(l, &receipt, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	use_until(f, l, MAY_GOES);
	assert_int_equal(rows(l, "SELECT count(*) FROM receipts_owed"), 3);
	assert_int_equal(rows(l, "SELECT count(*) FROM out_cells"), 3);
	assert_int_equal(use_days(f, l, 3), 1);
	/* Of the one that has gone nothing, and no receipt that went out. */
	assert_int_equal(rows(l, "SELECT count(*) FROM receipts_owed"), 2);
	assert_int_equal(rows(l, "SELECT count(*) FROM letters_out"), 2);
	assert_int_equal(rows(l, "SELECT count(*) FROM out_cells"), 2);
	/* The numbers of receipts are no reason to go on counting. */
	assert_ok(dlb_in_delete(l, 3, &f->err));
	f->env.now_ms += DAY(20);
	assert_int_equal(use_days(f, l, 3), 1);
	assert_int_equal(l->next_number, 3);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_left_of_a_deleted_letter),
		TEST(what_was_sealed_again_is_remembered_for_longer),
		TEST(who_was_heard_from_is_forgotten),
		TEST(receipts_are_forgotten_with_their_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
