/* What a meeting adds of one's own: whose turn it is, and how much is to be seen. */
#include "home_fixture.h"

#include <string.h>

#define FILM_LEN (6u << 20)

static enum dlb_spread
spread(void *ctx, uint64_t cells, uint64_t bytes)
{
	(void)ctx;
	(void)cells;
	(void)bytes;
	return DLB_SPREAD_SPREAD;
}

static void
send_spread(struct fixture *f, struct dlb_node *n, int64_t to, const char *text)
{
	struct dlb_send_options o = {.message = text,
		.message_len = strlen(text),
		.stdin_fd = -1,
		.decide = spread};
	struct dlb_send_result r;

	assert_dlb_ok(
		f, dlb_node_send(n, to, &o, &r, NULL, NULL, NULL, &f->err));
}

/* A film goes now; with a message that waits, or without one. */
static struct dlb_meet_result
meet_with_film(
	struct fixture *f, const char *home, const char *stick, bool message)
{
	struct dlb_meet_result r;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, home, false);
	n = fixture_open(f, home);
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, stick, 24);
	if (message)
		send_spread(f, n, bob, "long before");
	fixture_send(f, n, bob, "film.mkv", NULL);
	r = fixture_meet(f, n, stick);
	dlb_node_close(n);
	return r;
}

static void
what_goes_now_starves_no_other(void **state)
{
	struct fixture *f = *state;
	struct dlb_meet_result with, without;
	struct dlb_node *n;

	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", FILM_LEN, 3);
	with = meet_with_film(f, "alice", "usb", true);
	without = meet_with_film(f, "carol", "other", false);
	assert_int_equal(with.own_waiting, 0);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 2);
	dlb_node_close(n);
	/* That there was a message is not to be seen. */
	assert_int_equal(with.given_own, without.given_own);
	assert_true(with.given_own > DLB_MEETING_OWN_CELLS + FILM_LEN / 65536);
}

/* What is no more than usual goes as usual. */
static void
what_is_small_goes_unseen_now_too(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "photo.jpg", 300000, 7);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	send_spread(f, n, bob, "long before");
	fixture_send(f, n, bob, "photo.jpg", NULL);
	assert_int_equal(
		fixture_meet(f, n, "usb").given_own, DLB_MEETING_OWN_CELLS);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 2);
	dlb_node_close(n);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_goes_now_starves_no_other),
		TEST(what_is_small_goes_unseen_now_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
