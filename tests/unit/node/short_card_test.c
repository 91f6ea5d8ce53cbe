/*
 * A letter to a short card, as a QR code holds it, and the full card that comes
 * back with the answer: from then on letters are sealed to the key of the month.
 */
#include "home_fixture.h"

#include <string.h>

/* The name that a letter's key would have, were one sealed now. */
static uint32_t
opening_id(struct fixture *f, struct dlb_node *n, int64_t to_whom)
{
	struct dlb_seal_from from;
	struct dlb_seal_to to;

	assert_dlb_ok(f,
		dlb_correspondent_seal_keys(dlb_node_letterbox(n), to_whom,
			f->env.now_ms, false, &to, &from, &f->err));
	return to.opening_id;
}

static uint8_t
months_listed(struct fixture *f, struct dlb_node *n, int64_t id)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	assert_dlb_ok(f,
		dlb_correspondent_card(
			dlb_node_letterbox(n), &bytes, id, &f->err));
	assert_dlb_ok(f, dlb_card_parse(&card, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	return card.opening_n;
}

/* By the digits of the short card. */
static int64_t
scan(struct fixture *f, struct dlb_node *who, const char *whom)
{
	struct dlb_node *other = fixture_open(f, whom);
	struct dlb_buf bytes = {0}, digits = {0};
	struct dlb_correspondent c;
	struct dlb_card card;

	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(other), true, &bytes, &f->err));
	assert_int_equal(
		dlb_card_to_digits(&digits, bytes.data, bytes.len), DLB_OK);
	dlb_node_close(other);
	assert_dlb_ok(f,
		dlb_card_load(&card, &bytes, digits.data, digits.len, &f->err));
	assert_dlb_ok(f,
		dlb_correspondent_add(
			dlb_node_letterbox(who), &c, &card, NULL, &f->err));
	assert_dlb_ok(
		f, dlb_letterbox_commit(dlb_node_letterbox(who), &f->err));
	dlb_buf_free(&bytes);
	dlb_buf_free(&digits);
	return c.id;
}

/* Who meets the stick and finds one letter; its sender's number. */
static struct dlb_node *
collects(struct fixture *f, const char *who, const char *text,
	struct dlb_in_letter *letter)
{
	struct dlb_node *n = fixture_open(f, who);

	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	fixture_inbox(n, letter);
	assert_string_equal(letter->summary, text);
	return n;
}

static void
the_full_card_follows_by_letter(void **state)
{
	struct fixture *f = *state;
	struct dlb_correspondent alice;
	struct dlb_in_letter letter;
	struct dlb_card card;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	fixture_stick(f, n, "usb", 16);
	bob = scan(f, n, "bob");
	assert_int_equal(months_listed(f, n, bob), 0);
	assert_int_equal(opening_id(f, n, bob),
		DLB_OPENING_LAST_RESORT | 16u * dlb_week_of(FIXTURE_NOW_MS));
	fixture_send(f, n, bob, NULL, "by your code");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);

	/* Her card came along whole. */
	n = collects(f, "bob", "by your code", &letter);
	assert_dlb_ok(
		f, dlb_node_letter_card(n, letter.number, &card, &f->err));
	assert_int_equal(card.opening_n, DLB_CARD_OPENING_MAX);
	assert_dlb_ok(f,
		dlb_correspondent_add(
			dlb_node_letterbox(n), &alice, &card, NULL, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	assert_int_equal(
		opening_id(f, n, alice.id), dlb_month_of(f->env.now_ms));
	fixture_send(f, n, alice.id, NULL, "an answer");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);

	/* And his with the answer; whom she verified stays verified. */
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_correspondent_verify(
			dlb_node_letterbox(n), bob, true, &f->err));
	assert_dlb_ok(f, dlb_letterbox_commit(dlb_node_letterbox(n), &f->err));
	dlb_node_close(n);
	n = collects(f, "alice", "an answer", &letter);
	assert_int_equal(letter.from, bob);
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	assert_int_equal(months_listed(f, n, bob), DLB_CARD_OPENING_MAX);
	assert_int_equal(opening_id(f, n, bob), dlb_month_of(f->env.now_ms));
	assert_int_equal(
		dlb_correspondent_by_id(dlb_node_letterbox(n), &alice, bob),
		DLB_OK);
	assert_true(alice.verified);
	/* The code once more changes nothing. */
	scan(f, n, "bob");
	assert_int_equal(months_listed(f, n, bob), DLB_CARD_OPENING_MAX);
	fixture_send(f, n, bob, NULL, "to the month");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	dlb_node_close(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_full_card_follows_by_letter,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
