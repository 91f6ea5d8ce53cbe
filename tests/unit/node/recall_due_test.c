/*
 * Tokens by themselves: for letters that arrived and for cover, when they are due, and
 * how many are shown in which order.
 */
#include "recall_world.h"

#include "exchange.h"

#include <stdlib.h>
#include <string.h>

static void
weeks_pass(struct fixture *f, int weeks)
{
	f->env.now_ms += weeks * DLB_WEEK_MS;
}

static unsigned
shown_on(struct fixture *f, const char *stick)
{
	struct dlb_satchel *s = open_stick(f, stick);
	struct dlb_satchel_info info;

	dlb_satchel_info(s, &info);
	dlb_satchel_close(s);
	return info.shown;
}

/* Of a letter whose receipt came most cells go in the weeks after, and of cover; of one
 * that nobody answered none. */
static void
an_answered_letter_is_called_back(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result answered, lost;
	struct dlb_buf a, b;
	struct dlb_node *n;
	unsigned cover;
	int64_t bob, carol;

	n = cast(f, &bob);
	fixture_home(f, "carol", false);
	carol = fixture_introduce(f, n, "carol");
	fixture_file(f, "film", 1500000, 1);
	answered = fixture_send(f, n, bob, "film", "for bob");
	lost = fixture_send(f, n, carol, "film", "for carol");
	a = names_of(f, n, answered.first_number);
	b = names_of(f, n, lost.first_number);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob", "usb");
	meets(f, "alice", "usb");
	/* Nothing is released at once. */
	assert_int_equal(on_stick(f, "usb", &a), answered.cells);
	assert_int_equal(tokens_on(f, "usb"), 0);
	/* Nor when a clock that nobody believes says that it is time. */
	weeks_pass(f, 9);
	meets(f, "alice", "usb");
	assert_int_equal(tokens_on(f, "usb"), 0);
	weeks_pass(f, -9);
	cover = shown_on(f, "usb") - (unsigned)(answered.cells + lost.cells);
	for (int i = 0; i < 7; i++) {
		weeks_pass(f, 1);
		meets(f, "alice", "usb");
	}
	/* One in four stays. */
	assert_in_range(on_stick(f, "usb", &a), 0, answered.cells / 2);
	assert_int_equal(on_stick(f, "usb", &b), lost.cells);
	assert_true(cover > 0);
	assert_true(tokens_on(f, "usb")
		> answered.cells - on_stick(f, "usb", &a) + cover / 4);
	dlb_buf_free(&a);
	dlb_buf_free(&b);
}

static void
days_are_one_distribution(void **state)
{
	struct dlb_out_letter cover = {.sealed_ms = FIXTURE_NOW_MS},
			      letter = {.sealed_ms = FIXTURE_NOW_MS, .to = 1};
	unsigned never = 0, early = 0, late = 0;

	(void)state;
	memset(cover.recall_key, 7, sizeof(cover.recall_key));
	memset(letter.recall_key, 7, sizeof(letter.recall_key));
	for (uint32_t i = 0; i < 4000; i++) {
		int64_t at = dlb_recall_due_ms(&cover, i), day;

		letter.arrived_ms = 0;
		assert_true(dlb_recall_due_ms(&letter, i) == INT64_MAX);
		letter.arrived_ms = FIXTURE_NOW_MS + 6 * DLB_DAY_MS;
		assert_true(dlb_recall_due_ms(&letter, i) == at);
		letter.arrived_ms = FIXTURE_NOW_MS + 20 * DLB_DAY_MS;
		if (at == INT64_MAX) {
			never++;
			continue;
		}
		day = (at - FIXTURE_NOW_MS) / DLB_DAY_MS;
		assert_in_range(day, 7, 41);
		early += day < 7 + 9;
		late += day >= 42 - 9;
		if (day < 20)
			assert_in_range(dlb_recall_due_ms(&letter, i),
				letter.arrived_ms,
				letter.arrived_ms + 14 * DLB_DAY_MS);
		letter.recalled_ms = 5;
		assert_int_equal(dlb_recall_due_ms(&letter, i), 5);
		letter.recalled_ms = 0;
	}
	assert_in_range(never, 880, 1120);
	assert_in_range(early, 670, 870);
	assert_in_range(late, 670, 870);
}

/* What a person wants back goes before what has time. */
static void
what_is_wanted_back_goes_first(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_buf names;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	for (int i = 0; i < 3; i++)
		fixture_meet(f, n, "usb"); /* cover */
	dlb_node_close(n);
	for (int i = 0; i < 7; i++) {
		weeks_pass(f, 1);
		dlb_node_close(fixture_open(f, "alice"));
	}
	n = fixture_open(f, "alice");
	fixture_file(f, "film", 600000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	names = names_of(f, n, sent.first_number);
	fixture_meet(f, n, "other");
	assert_int_equal(on_stick(f, "other", &names), sent.cells);
	assert_int_equal(tokens_on(f, "other"), 0);
	recall(f, n, sent.first_number);
	fixture_meet(f, n, "other");
	assert_int_equal(on_stick(f, "other", &names), 0);
	dlb_node_close(n);
	dlb_buf_free(&names);
}

/* Which are cells' and which fill up is not to be seen from their order. */
static void
tokens_are_in_random_order(void **state)
{
	struct fixture *f = *state;
	static uint8_t all[DLB_RECALL_SHOWN_MAX][DLB_TOKEN_LEN],
		known[DLB_RECALL_SHOWN_MAX][DLB_TOKEN_LEN];
	struct dlb_send_result sent;
	size_t all_n, known_n, in_front = 0;
	int64_t bob;
	struct dlb_node *n = cast(f, &bob);

	fixture_file(f, "film", 1000000, 1);
	sent = fixture_send(f, n, bob, "film", "look");
	fixture_meet(f, n, "usb");
	recall(f, n, sent.first_number);
	assert_dlb_ok(f, dlb_recall_show(n, true, all, &all_n, &f->err));
	assert_dlb_ok(f, dlb_recall_show(n, false, known, &known_n, &f->err));
	assert_int_equal(all_n, 64);
	assert_int_equal(known_n, sent.cells);
	assert_in_range(known_n, 12, 32);
	for (size_t i = 0; i < known_n; i++)
		for (size_t k = 0; k < known_n; k++)
			in_front +=
				memcmp(all[i], known[k], DLB_TOKEN_LEN) == 0;
	assert_in_range(in_front, 1, known_n - 4);
	dlb_node_close(n);
}

/* What is shown over a link is as many as ever, due or not. */
static void
a_constant_number_is_shown(void **state)
{
	struct fixture *f = *state;
	static uint8_t tokens[DLB_RECALL_SHOWN_MAX][DLB_TOKEN_LEN];
	struct dlb_send_result sent;
	int64_t bob;
	size_t count;
	struct dlb_node *n = cast(f, &bob);

	assert_dlb_ok(f, dlb_recall_show(n, true, tokens, &count, &f->err));
	assert_int_equal(count, 64);
	assert_dlb_ok(f, dlb_recall_show(n, false, tokens, &count, &f->err));
	assert_int_equal(count, 0);
	sent = fixture_send(f, n, bob, NULL, "hello");
	fixture_meet(f, n, "usb");
	recall(f, n, sent.first_number);
	assert_dlb_ok(f, dlb_recall_show(n, true, tokens, &count, &f->err));
	assert_int_equal(count, 64);
	/* From now on it is one of those that are passed on. */
	assert_dlb_ok(f, dlb_recall_show(n, false, tokens, &count, &f->err));
	assert_int_equal(count, sent.cells);
	assert_dlb_ok(f, dlb_recall_show(n, true, tokens, &count, &f->err));
	assert_int_equal(count, 64 + sent.cells);
	dlb_node_close(n);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_answered_letter_is_called_back),
		cmocka_unit_test(days_are_one_distribution),
		TEST(what_is_wanted_back_goes_first),
		TEST(tokens_are_in_random_order),
		TEST(a_constant_number_is_shown),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
