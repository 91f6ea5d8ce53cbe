/*
 * A letter's way through homes and sticks, and what must not happen on it.
 */
#include "home_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
read_to(struct fixture *f, struct dlb_node *n, int64_t number, const char *dir,
	const char *message)
{
	struct dlb_read_options o = {
		.directory = fixture_path(f, dir), .fd = -1};
	struct dlb_read_result r;

	assert_dlb_ok(f, dlb_node_read(n, number, &o, &r, NULL, &f->err));
	if (message) {
		assert_int_equal(r.message.len, strlen(message));
		assert_memory_equal(r.message.data, message, r.message.len);
	}
	dlb_buf_free(&r.message);
}

static void
a_letter_goes_by_two_sticks_and_a_courier(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter letter;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_large_home(f, "carol", true, 48);
	fixture_file(f, "photo.jpg", 300000, 7);

	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_send(f, n, bob, "photo.jpg", "as agreed");
	assert_int_equal(fixture_meet(f, n, "usb").given, 64);
	dlb_node_close(n);

	n = fixture_open(f, "carol");
	assert_int_equal(fixture_meet(f, n, "usb").taken, 64);
	fixture_stick(f, n, "other", 48);
	fixture_meet(f, n, "other");
	assert_int_equal(fixture_inbox(n, NULL), 0);
	dlb_node_close(n);

	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "other").letters_complete, 1);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_int_equal(letter.state, DLB_IN_UNREAD);
	assert_true(letter.described);
	fixture_mkdir(f, "out");
	read_to(f, n, letter.number, "out", "as agreed");
	assert_true(fixture_same(f, "photo.jpg", "out/photo.jpg"));
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_int_equal(letter.state, DLB_IN_READ);
	dlb_node_close(n);
}

static void
the_same_stick_again_delivers_nothing_twice(void **state)
{
	struct fixture *f = *state;
	struct dlb_meet_result r;
	struct dlb_in_letter letter;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_send(f, n, bob, NULL, "once");
	fixture_meet(f, n, "usb");
	assert_int_equal(fixture_meet(f, n, "usb").given, 64);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_new, 1);
	r = fixture_meet(f, n, "usb");
	assert_int_equal(r.letters_new, 0);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	/* Nor after it was deleted and the stick comes by once more. */
	assert_dlb_ok(f, dlb_node_delete(n, letter.number, &f->err));
	r = fixture_meet(f, n, "usb");
	assert_int_equal(r.letters_new, 0);
	assert_int_equal(fixture_inbox(n, NULL), 0);
	dlb_node_close(n);
}

/* Whoever counts can not tell a day with a letter from a day without. */
static void
a_meeting_adds_the_same_number_with_and_without_a_letter(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "without", 16);
	fixture_stick(f, n, "with", 16);
	assert_int_equal(fixture_meet(f, n, "without").box.shown, 64);
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	fixture_send(f, n, bob, NULL, "hello");
	assert_int_equal(fixture_meet(f, n, "without").box.shown, 128);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "without").letters_complete, 1);
	dlb_node_close(n);
}

/* A box that is too small for a letter: what was given to it stays there, and who
 * sent it is told of the rest, however often the two meet. */
static void
a_letter_that_does_not_fit_does_not_push_itself_out(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_meet_result met;
	struct dlb_node *n;
	uint64_t there;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 10 << 20, 3);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 5);
	sent = fixture_send(f, n, bob, "film.mkv", NULL);
	met = fixture_meet(f, n, "usb");
	there = met.given_own;
	assert_int_equal(there, met.box.slots);
	assert_in_range(sent.cells - there, 65, 120);
	assert_int_equal(met.own_no_room, sent.cells - there);
	assert_int_equal(met.own_waiting, sent.cells - there);
	met = fixture_meet(f, n, "usb");
	assert_in_range(met.given_own, 1, there / 8);
	assert_int_equal(met.displaced, met.given_own);
	assert_int_equal(met.own_no_room, sent.cells - there - met.given_own);
	dlb_node_close(n);
}

/* Without cover one could count what is real. */
static void
a_clock_in_doubt_gives_nothing_of_ones_own(void **state)
{
	struct fixture *f = *state;
	struct dlb_meet_result met;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	for (int i = 0; i < 3; i++)
		fixture_send(f, n, bob, NULL, "hello");
	dlb_node_close(n);
	f->env.now_ms += 40 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	met = fixture_meet(f, n, "usb");
	assert_int_equal(met.given_own, 0);
	assert_int_equal(met.own_waiting, 3);
	assert_dlb_ok(f, dlb_clock_confirm(n->letterbox, &f->err));
	assert_dlb_ok(f, dlb_node_look_at_clock(n, &f->err));
	assert_int_equal(fixture_meet(f, n, "usb").given_own, 64);
	dlb_node_close(n);
}

static void
a_large_letter_needs_an_answer(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct dlb_send_options o = {
		.paths = &path, .paths_n = 1, .stdin_fd = -1};
	struct dlb_send_result r;
	struct dlb_satchel_info info;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 6 << 20, 3);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	path = fixture_path(f, "film.mkv");
	assert_int_equal(
		dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err),
		DLB_REFUSED);
	assert_non_null(strstr(f->err.msg, "--now"));
	assert_non_null(strstr(f->err.msg, "--spread"));
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.used, 0);
	dlb_node_close(n);
}

static enum dlb_spread
all_at_once(void *ctx, uint64_t cells, uint64_t bytes)
{
	(void)ctx;
	(void)cells;
	(void)bytes;
	return DLB_SPREAD_NOW;
}

static enum dlb_spread
spread(void *ctx, uint64_t cells, uint64_t bytes)
{
	(void)ctx;
	assert_int_equal(cells * DLB_CELL_LEN, bytes);
	return DLB_SPREAD_SPREAD;
}

static void
a_spread_letter_goes_out_over_meetings(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct dlb_send_options o = {
		.paths = &path, .paths_n = 1, .stdin_fd = -1, .decide = spread};
	struct dlb_in_letter letter;
	struct dlb_send_result r;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 6 << 20, 3);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	path = fixture_path(f, "film.mkv");
	assert_dlb_ok(
		f, dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err));
	assert_true(r.cells > 64 && r.cells <= 128);
	assert_int_equal(fixture_meet(f, n, "usb").box.shown, 64);
	dlb_node_close(n);

	n = fixture_open(f, "bob");
	fixture_meet(f, n, "usb");
	if (fixture_inbox(n, &letter))
		assert_int_equal(letter.state, DLB_IN_PARTLY);
	dlb_node_close(n);

	n = fixture_open(f, "alice");
	assert_int_equal(fixture_meet(f, n, "usb").own_waiting, 0);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	fixture_mkdir(f, "out");
	read_to(f, n, letter.number, "out", NULL);
	assert_true(fixture_same(f, "film.mkv", "out/film.mkv"));
	dlb_node_close(n);
}

/* A message is not kept waiting by a film. */
static void
a_short_letter_goes_before_a_long_one(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct dlb_send_options o = {
		.paths = &path, .paths_n = 1, .stdin_fd = -1, .decide = spread};
	struct dlb_send_result film, r;
	struct dlb_out_letter letter;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 6 << 20, 3);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	path = fixture_path(f, "film.mkv");
	assert_dlb_ok(
		f, dlb_node_send(n, bob, &o, &film, NULL, NULL, NULL, &f->err));
	o.paths_n = 0;
	o.message = "come home";
	o.message_len = 9;
	assert_dlb_ok(
		f, dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err));
	assert_int_equal(fixture_meet(f, n, "usb").given, 64);
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &letter, r.first_number,
			&f->err));
	assert_int_equal(letter.state, DLB_OUT_SHOWN);
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &letter, film.first_number,
			&f->err));
	assert_int_equal(letter.shown, 63);
	dlb_node_close(n);
}

/* Standard input says too late that it does not fit: all is as before. */
static void
a_pipe_that_does_not_fit(void **state)
{
	struct fixture *f = *state;
	const char *path = "-";
	struct dlb_send_options o = {
		.paths = &path, .paths_n = 1, .decide = all_at_once};
	struct dlb_satchel_info info;
	struct dlb_send_result r;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 20 << 20, 3);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	o.stdin_fd = open(fixture_path(f, "film.mkv"), O_RDONLY);
	assert_true(o.stdin_fd >= 0);
	assert_int_equal(
		dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err),
		DLB_NO_SPACE);
	assert_non_null(strstr(f->err.msg, "--size"));
	close(o.stdin_fd);
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.used, 0);
	dlb_node_close(n);
}

static void
what_does_not_fit_is_refused_beforehand(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct dlb_send_options o = {
		.paths = &path, .paths_n = 1, .stdin_fd = -1, .decide = spread};
	struct dlb_satchel_info info;
	struct dlb_send_result r;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 20 << 20, 3);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	path = fixture_path(f, "film.mkv");
	assert_int_equal(
		dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err),
		DLB_NO_SPACE);
	assert_non_null(strstr(f->err.msg, "--size"));
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.used, 0);
	dlb_node_close(n);
}

static void
a_clock_years_off_seals_and_evicts_nothing(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_options o = {
		.message = "x", .message_len = 1, .stdin_fd = -1};
	struct dlb_satchel_info before, after;
	struct dlb_send_result r;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_meet(f, n, "usb");
	dlb_node_satchel_info(n, &before);
	dlb_node_close(n);

	f->env.now_ms += 3LL * 365 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	assert_int_equal(dlb_node_clock(n).trusted_week, 0);
	assert_int_equal(
		dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err),
		DLB_CLOCK);
	assert_non_null(strstr(f->err.msg, "--confirm-clock"));
	fixture_meet(f, n, "usb");
	dlb_node_satchel_info(n, &after);
	assert_int_equal(after.shown, before.shown);
	dlb_node_close(n);
}

static void
a_second_process_is_told_who_holds_the_home(void **state)
{
	struct fixture *f = *state;
	struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dlb_node *n, *m = NULL;
	char pid[32];

	fixture_home(f, "alice", false);
	n = fixture_open(f, "alice");
	assert_int_equal(dlb_node_open(&m, fixture_path(f, "alice"), &open, 0,
				 &f->env.env, &f->err),
		DLB_BUSY);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	assert_non_null(strstr(f->err.msg, pid));
	dlb_node_close(n);
}

/* Damages every cell of a stick but those of the first `spare` slots. */
static void
damage_stick(struct fixture *f, const char *box, size_t step)
{
	int fd = open(fixture_path(f, box), O_RDWR);
	struct stat sb;
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &sb), 0);
	for (off_t at = 300000; at < sb.st_size - 300000; at += (off_t)step) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
}

static void
damaged_cells_are_refused_and_come_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter letter;
	struct dlb_meet_result r;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 3 << 20, 9);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_stick(f, n, "second", 16);
	fixture_send(f, n, bob, "film.mkv", NULL);
	fixture_meet(f, n, "usb");
	fixture_meet(f, n, "second");
	dlb_node_close(n);
	damage_stick(f, "usb/box.dlb", 4 * 65536);

	n = fixture_open(f, "bob");
	r = fixture_meet(f, n, "usb");
	assert_true(r.refused > 0);
	assert_int_equal(r.letters_complete, 0);
	r = fixture_meet(f, n, "second");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_int_equal(letter.state, DLB_IN_UNREAD);
	fixture_mkdir(f, "out");
	read_to(f, n, letter.number, "out", NULL);
	assert_true(fixture_same(f, "film.mkv", "out/film.mkv"));
	dlb_node_close(n);
}

static void
a_full_home_still_finds_its_own(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter letter;
	struct dlb_satchel_info info;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_home(f, "other", false);
	n = fixture_open(f, "other");
	fixture_stick(f, n, "cover", 32);
	for (int i = 0; i < 4; i++)
		fixture_meet(f, n, "cover");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	for (int i = 0; i < 8; i++)
		fixture_meet(f, n, "cover");
	dlb_node_satchel_info(n, &info);
	assert_true(info.shown + 32 >= info.slots - info.reserve);
	dlb_node_close(n);

	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_file(f, "film.mkv", 4 << 20, 9);
	fixture_send(f, n, bob, "film.mkv", NULL);
	fixture_meet(f, n, "usb");
	fixture_meet(f, n, "cover");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	fixture_meet(f, n, "usb");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_int_equal(letter.state, DLB_IN_UNREAD);
	dlb_node_close(n);
}

static void
numbers_of_letters_never_shift(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result a, b;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	a = fixture_send(f, n, bob, NULL, "one");
	assert_dlb_ok(f, dlb_node_delete(n, a.first_number, &f->err));
	b = fixture_send(f, n, bob, NULL, "two");
	assert_true(b.first_number > a.first_number);
	assert_int_equal(
		dlb_node_delete(n, a.first_number, &f->err), DLB_NOT_FOUND);
	dlb_node_close(n);
}

static struct dlb_buf
card_at_opening(struct fixture *f, const char *who)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_buf bytes = {0};

	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(n), false, &bytes, &f->err));
	dlb_node_close(n);
	return bytes;
}

/* Whoever only looks at their card in a new month gives away one whose keys are
 * there tomorrow. */
static void
a_new_months_card_is_kept(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf before, first, second;
	struct dlb_card card;
	uint64_t serial;

	fixture_home(f, "alice", false);
	before = card_at_opening(f, "alice");
	f->env.now_ms += 20 * DLB_DAY_MS;
	first = card_at_opening(f, "alice");
	second = card_at_opening(f, "alice");
	assert_dlb_ok(f, dlb_card_parse(&card, first.data, first.len, &f->err));
	serial = card.serial;
	assert_dlb_ok(
		f, dlb_card_parse(&card, before.data, before.len, &f->err));
	assert_true(serial > card.serial);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	dlb_buf_free(&before);
	dlb_buf_free(&first);
	dlb_buf_free(&second);
}

#define JOURNEY(fn)                                                            \
	cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		JOURNEY(a_letter_goes_by_two_sticks_and_a_courier),
		JOURNEY(the_same_stick_again_delivers_nothing_twice),
		JOURNEY(a_meeting_adds_the_same_number_with_and_without_a_letter),
		JOURNEY(a_letter_that_does_not_fit_does_not_push_itself_out),
		JOURNEY(a_clock_in_doubt_gives_nothing_of_ones_own),
		JOURNEY(a_large_letter_needs_an_answer),
		JOURNEY(a_spread_letter_goes_out_over_meetings),
		JOURNEY(a_short_letter_goes_before_a_long_one),
		JOURNEY(what_does_not_fit_is_refused_beforehand),
		JOURNEY(a_pipe_that_does_not_fit),
		JOURNEY(a_clock_years_off_seals_and_evicts_nothing),
		JOURNEY(a_second_process_is_told_who_holds_the_home),
		JOURNEY(damaged_cells_are_refused_and_come_again),
		JOURNEY(a_full_home_still_finds_its_own),
		JOURNEY(numbers_of_letters_never_shift),
		JOURNEY(a_new_months_card_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
