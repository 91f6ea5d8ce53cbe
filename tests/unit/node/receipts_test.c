/*
 * Receipts: who is told of what, once.
 */
#include "friends.h"

static void
a_sender_learns_that_it_arrived(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter first;
	struct dlb_send_result sent;
	struct dlb_meet_result met;
	int64_t bob;
	struct dlb_node *n = two_friends(f, &bob);

	fixture_file(f, "film", 300000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	fixture_meet(f, n, "usb");
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_SHOWN);
	assert_int_equal(held(n), sent.cells);
	dlb_node_close(n);

	met = meets(f, "bob");
	assert_int_equal(met.letters_complete, 1);
	/* The receipt went along in the meeting that brought the letter. */
	assert_int_equal(met.given_own, 64);
	n = fixture_open(f, "bob");
	assert_int_equal(held(n), sent.cells);
	dlb_node_close(n);

	met = meets(f, "alice");
	assert_int_equal(met.letters_new, 0);
	assert_int_equal(met.letters_complete, 0);
	n = fixture_open(f, "alice");
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_ARRIVED);
	assert_int_equal(held(n), 0);
	assert_int_equal(fixture_inbox(n, &first), 0);
	/* Its number is not taken by what nobody sees. */
	sent = fixture_send(f, n, bob, NULL, "more");
	assert_int_equal(sent.first_number, 2);
	dlb_node_close(n);
}

/* Whatever comes by again. */
static void
one_receipt_a_letter(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf ids = {0};
	int64_t bob, owed;
	struct dlb_node *n = two_friends(f, &bob);

	fixture_send(f, n, bob, NULL, "once");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	for (int i = 0; i < 3; i++) {
		meets(f, "alice");
		meets(f, "bob");
	}
	n = fixture_open(f, "bob");
	assert_int_equal(dlb_receipts_owed(dlb_node_letterbox(n), 0, &owed,
				 &ids, &f->err),
		DLB_NOT_FOUND);
	assert_int_equal(held(n), 1); /* the letter */
	dlb_node_close(n);
	dlb_buf_free(&ids);
}

static void
none_where_it_is_off(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_options quiet = {
		.message = "psst", .message_len = 4, .no_receipt = true};
	struct dlb_send_result sent[3];
	int64_t bob;
	struct dlb_node *n = two_friends(f, &bob);
	struct dlb_letterbox *l = dlb_node_letterbox(n);

	assert_dlb_ok(f,
		dlb_node_send(
			n, bob, &quiet, &sent[0], NULL, NULL, NULL, &f->err));
	assert_dlb_ok(f, dlb_correspondent_receipts(l, bob, false, &f->err));
	sent[1] = fixture_send(f, n, bob, NULL, "off with him");
	assert_dlb_ok(f, dlb_correspondent_receipts(l, bob, true, &f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");

	/* The reader's own wish counts too. */
	n = fixture_open(f, "bob");
	assert_dlb_ok(f,
		dlb_correspondent_receipts(
			dlb_node_letterbox(n), 1, false, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	sent[2] = fixture_send(f, n, bob, NULL, "is it off?");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");

	n = fixture_open(f, "alice");
	fixture_meet(f, n, "usb");
	for (size_t i = 0; i < DLB_ARRAY_LEN(sent); i++)
		assert_int_equal(
			state_of(f, n, sent[i].first_number), DLB_OUT_SHOWN);
	dlb_node_close(n);
}

/* A receipt says nothing of letters that went to others. */
static void
nobody_acknowledges_anothers_letter(void **state)
{
	struct fixture *f = *state;
	struct dlb_out_letter letter;
	int64_t bob, carol, number;
	struct dlb_node *n = two_friends(f, &bob);
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_send_result sent;

	fixture_home(f, "carol", false);
	carol = fixture_introduce(f, n, "carol");
	sent = fixture_send(f, n, bob, NULL, "for bob");
	assert_dlb_ok(f, dlb_out_get(l, &letter, sent.first_number, &f->err));
	assert_int_equal(dlb_out_arrived(l, carol, letter.letter_id,
				 f->env.now_ms, &number, &f->err),
		DLB_NOT_FOUND);
	assert_dlb_ok(f,
		dlb_out_arrived(l, bob, letter.letter_id, f->env.now_ms,
			&number, &f->err));
	assert_int_equal(number, sent.first_number);
	/* The first time is the time. */
	assert_int_equal(dlb_out_arrived(l, bob, letter.letter_id,
				 f->env.now_ms + 1, &number, &f->err),
		DLB_NOT_FOUND);
	dlb_node_close(n);
}

/* Who was a stranger is told once they are known. */
static void
a_stranger_is_told_later(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_correspondent who;
	struct dlb_in_letter letter;
	struct dlb_card card;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 48);
	sent = fixture_send(f, n, bob, NULL, "hello");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);

	meets(f, "bob");
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_SHOWN);
	dlb_node_close(n);

	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_dlb_ok(
		f, dlb_node_letter_card(n, letter.number, &card, &f->err));
	assert_dlb_ok(f,
		dlb_correspondent_add(
			dlb_node_letterbox(n), &who, &card, NULL, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_ARRIVED);
	dlb_node_close(n);
}

static void
many_letters_one_receipt(void **state)
{
	struct fixture *f = *state;
	struct dlb_out_letter letter;
	struct dlb_send_result sent;
	int64_t bob;
	struct dlb_node *n = two_friends(f, &bob);

	for (int i = 0; i < 40; i++)
		sent = fixture_send(f, n, bob, NULL, "one of many");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	assert_int_equal(meets(f, "bob").letters_complete, 40);
	n = fixture_open(f, "bob");
	assert_int_equal(held(n), 40);
	dlb_node_close(n);
	meets(f, "alice");
	n = fixture_open(f, "alice");
	for (int64_t i = 1; i <= sent.last_number; i++) {
		assert_dlb_ok(f,
			dlb_out_get(
				dlb_node_letterbox(n), &letter, i, &f->err));
		assert_int_equal(letter.state, DLB_OUT_ARRIVED);
	}
	dlb_node_close(n);
}

#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sender_learns_that_it_arrived),
		TEST(one_receipt_a_letter),
		TEST(none_where_it_is_off),
		TEST(nobody_acknowledges_anothers_letter),
		TEST(a_stranger_is_told_later),
		TEST(many_letters_one_receipt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
