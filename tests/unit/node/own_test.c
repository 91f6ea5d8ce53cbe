/* What a meeting adds of one's own: whose turn it is, and how much is to be seen. */
#include "home_fixture.h"

#include "cover_weeks.h"
#include "meet_internal.h"

#include <stdio.h>
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

/* Neither their order nor their counters tell a letter's cells from cover: a directory
 * shows in which order they came, and a stick that was pulled has the first of them. */
static void
a_letters_cells_go_among_cover(void **state)
{
	struct fixture *f = *state;
	struct dlb_own_cells own;
	struct dlb_courier to = {.vetted = false};
	unsigned real = 0, first = 0, most[2] = {0}, all[2] = {0};
	struct dlb_node *n;
	struct dlb_entry e;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "photo.jpg", 30 * 65536, 7);
	n = fixture_open(f, "alice");
	fixture_send(f, n, fixture_introduce(f, n, "bob"), "photo.jpg", NULL);
	assert_dlb_ok(f,
		dlb_own_collect(
			&own, n, false, dlb_week_of(f->env.now_ms), &f->err));
	assert_dlb_ok(f, dlb_own_choose(&own, &to, &f->err));
	assert_int_equal(own.n, DLB_MEETING_OWN_CELLS);
	for (size_t i = 0; i < own.n; i++) {
		bool cover = dlb_own_is_cover(&own, own.numbers[i]);

		assert_true(dlb_satchel_entry(n->satchel, own.numbers[i], &e));
		real += !cover;
		first += !cover && i < own.n / 2;
		all[cover]++;
		most[cover] += e.copies == DLB_COPIES_MAX;
	}
	assert_in_range(real, 30, 34);
	assert_in_range(first, real / 4, real - real / 4);
	for (int cover = 0; cover <= 1; cover++)
		assert_in_range(most[cover], all[cover] / 5,
			all[cover] - all[cover] / 5);
	dlb_own_free(&own);
	dlb_node_close(n);
}

/* What is on a stick has counters of its own. */
static void
nor_do_counters_on_a_stick(void **state)
{
	const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct fixture *f = *state;
	unsigned most[2] = {0}, all[2] = {0};
	struct dlb_buf names = {0};
	struct dlb_send_result sent;
	struct dlb_satchel *s;
	struct dlb_node *n;
	struct dlb_entry e;
	char path[512];

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "photo.jpg", 30 * 65536, 7);
	n = fixture_open(f, "alice");
	sent = fixture_send(
		f, n, fixture_introduce(f, n, "bob"), "photo.jpg", NULL);
	fixture_stick(f, n, "usb", 16);
	fixture_meet(f, n, "usb");
	assert_dlb_ok(f,
		dlb_out_cells(
			n->letterbox, sent.first_number, &names, &f->err));
	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, "usb"));
	assert_dlb_ok(f,
		dlb_satchel_open(&s, dlb_fs_posix(), path, &open, false, 0,
			&f->env.env, &f->err));
	for (uint32_t at = 0; dlb_satchel_next(s, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		bool letters = false;

		for (size_t i = 0; i < names.len; i += DLB_NAME_LEN)
			letters |=
				memcmp(names.data + i, e.name, sizeof(e.name))
				== 0;
		all[letters]++;
		most[letters] += e.copies == DLB_COPIES_MAX / 2;
	}
	assert_int_equal(all[0] + all[1], DLB_MEETING_OWN_CELLS);
	assert_in_range(all[1], 30, 34);
	for (int letters = 0; letters <= 1; letters++)
		assert_in_range(most[letters], all[letters] / 5,
			all[letters] - all[letters] / 5);
	dlb_satchel_close(s);
	dlb_buf_free(&names);
	dlb_node_close(n);
}

/* ---- in which weeks cells were sealed ------------------------------------------------- */

#define WEEK_MS (7 * 86400000LL)
#define NO_WEEK 0xffff

/* Of those that n's home has shown, how many expire in each week. */
static void
count_weeks(struct dlb_node *n, unsigned weeks[static 256])
{
	struct dlb_satchel_info info;
	struct dlb_entry e;

	memset(weeks, 0, 256 * sizeof(*weeks));
	dlb_satchel_info(n->satchel, &info);
	for (uint32_t i = 0; i < info.entries; i++)
		if (dlb_satchel_entry(n->satchel, i, &e)
			&& (e.flags & DLB_SHOWN)) {
			assert_true(e.expiry_week < 256);
			weeks[e.expiry_week]++;
		}
}

/* Weeks are written on every cell: that of a letter which has waited must be that of
 * cover, too, and cover of such weeks goes where no letter waited. */
static void
a_letter_that_waited_is_among_cover_of_its_week(void **state)
{
	struct fixture *f = *state;
	unsigned weeks[256], expiry, among = 0, without = 0, n_homes = 8;
	char home[16], stick[16];

	fixture_home(f, "bob", false);
	for (unsigned i = 0; i < 2 * n_homes; i++) {
		struct dlb_node *n;
		bool letter = i < n_homes;

		snprintf(home, sizeof(home), "home%u", i);
		snprintf(stick, sizeof(stick), "stick%u", i);
		fixture_home(f, home, false);
		n = fixture_open(f, home);
		fixture_stick(f, n, stick, 24);
		expiry = dlb_week_of(f->env.now_ms) + DLB_CELL_LIFETIME_WEEKS;
		if (letter)
			send_spread(f, n, fixture_introduce(f, n, "bob"), "hi");
		dlb_node_close(n);
		f->env.now_ms += WEEK_MS;
		n = fixture_open(f, home);
		assert_int_equal(fixture_meet(f, n, stick).given_own,
			DLB_MEETING_OWN_CELLS);
		count_weeks(n, weeks);
		among += letter && weeks[expiry] > 1;
		without += !letter && weeks[expiry] > 0;
		dlb_node_close(n);
	}
	assert_true(among >= n_homes - 2);
	assert_true(without >= 2);
}

/* Where letters fill the reserve and others' cells the rest, cover of one week makes none
 * of another give way. */
static void
cover_of_many_weeks_stays_in_a_full_home(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n;
	char stick[16];
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 5u << 20, 5);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	for (unsigned i = 0; i < 8; i++) {
		if (i < 2)
			fixture_send(f, n, bob, "film.mkv", NULL);
		dlb_node_close(n);
		n = fixture_open(f, "alice");
		snprintf(stick, sizeof(stick), "stick%u", i);
		fixture_stick(f, n, stick, 24);
		assert_true(fixture_meet(f, n, stick).given > 0);
		assert_true(i == 0
			|| dlb_satchel_room_held(n->satchel)
				< DLB_MEETING_OWN_CELLS);
		f->env.now_ms += WEEK_MS;
	}
	dlb_node_close(n);
}

/* How many of a meeting's cells are of the week before, over many meetings of each kind:
 * `letter` of them a letter's of that week, and the rest cover. */
static void
sums(struct dlb_env *env, unsigned letter, double *none, double *most)
{
	int64_t now = FIXTURE_NOW_MS, last = now - WEEK_MS;
	uint16_t before = dlb_week_of(last) + DLB_CELL_LIFETIME_WEEKS;
	const unsigned meetings = 2000;

	*none = *most = 0;
	for (unsigned m = 0; m < meetings; m++) {
		struct dlb_cover_weeks w;
		unsigned n = letter;

		dlb_cover_weeks_init(&w, env, now, last);
		for (unsigned i = 0; i < letter; i++)
			dlb_cover_weeks_add(&w, before);
		for (unsigned i = letter; i < DLB_MEETING_OWN_CELLS; i++)
			n += dlb_cover_weeks_draw(&w) == before;
		*none += n == 0;
		*most += n > DLB_MEETING_OWN_CELLS / 2;
	}
	*none /= meetings;
	*most /= meetings;
}

static void
how_many_are_of_a_week_says_little(void **state)
{
	struct fixture *f = *state;
	double none, most;

	/* Any number of them is usual, with no letter or with one of any size. */
	sums(&f->env.env, 0, &none, &most);
	assert_true(none < 0.5 && most > 0.25);
	sums(&f->env.env, 1, &none, &most);
	assert_true(most > 0.4 && most < 0.9);
	sums(&f->env.env, 30, &none, &most);
	assert_true(most > 0.5);
}

static void
cover_is_of_no_impossible_week(void **state)
{
	struct fixture *f = *state;
	const int64_t last[] = {0, 1, FIXTURE_NOW_MS - 100 * WEEK_MS,
		FIXTURE_NOW_MS - 1, FIXTURE_NOW_MS, FIXTURE_NOW_MS + WEEK_MS,
		-1, INT64_MAX, INT64_MIN};
	uint16_t now = dlb_week_of(FIXTURE_NOW_MS);

	for (size_t i = 0; i < DLB_ARRAY_LEN(last); i++) {
		struct dlb_cover_weeks w;

		dlb_cover_weeks_init(&w, &f->env.env, FIXTURE_NOW_MS, last[i]);
		dlb_cover_weeks_add(&w, NO_WEEK);
		dlb_cover_weeks_add(&w, now - 1);
		dlb_cover_weeks_add(&w, now + DLB_CELL_LIFETIME_WEEKS + 1);
		for (unsigned k = 0; k < 1000; k++) {
			uint16_t expiry = dlb_cover_weeks_draw(&w);

			assert_in_range(
				expiry, now, now + DLB_CELL_LIFETIME_WEEKS);
		}
		assert_true(w.n <= DLB_COVER_WEEKS_CAP);
	}
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_goes_now_starves_no_other),
		TEST(what_is_small_goes_unseen_now_too),
		TEST(a_letters_cells_go_among_cover),
		TEST(nor_do_counters_on_a_stick),
		TEST(a_letter_that_waited_is_among_cover_of_its_week),
		TEST(cover_of_many_weeks_stays_in_a_full_home),
		TEST(how_many_are_of_a_week_says_little),
		TEST(cover_is_of_no_impossible_week),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
