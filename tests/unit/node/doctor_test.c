/*
 * What the doctor finds wrong in a home, and what it mends.
 */
#include "home_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* All findings that are not fine, in lines. */
struct findings {
	char text[2048];
	unsigned wrong;
};

static void
on_finding(void *ctx, enum dlb_finding_level level, const char *what,
	const char *mend)
{
	struct findings *f = ctx;
	size_t len = strlen(f->text);

	f->wrong += level == DLB_WRONG;
	if (level != DLB_FINE)
		snprintf(f->text + len, sizeof(f->text) - len, "%s: %s\n", what,
			mend);
}

static struct findings
look(struct fixture *f, struct dlb_node *n, bool thorough)
{
	struct findings out = {.wrong = 0};

	assert_dlb_ok(f,
		dlb_node_doctor(n, thorough, on_finding, &out, NULL, &f->err));
	return out;
}

/* Bytes of the middle of a home's satchel, which is as large as its slots are. */
static void
garble(struct fixture *f, const char *home_satchel)
{
	static uint8_t junk[1 << 20];
	int fd = open(fixture_path(f, home_satchel), O_WRONLY);

	assert_true(fd >= 0);
	memset(junk, 0x5a, sizeof(junk));
	for (off_t at = 8; at < 16; at++)
		assert_int_equal(
			pwrite(fd, junk, sizeof(junk), at << 20), sizeof(junk));
	close(fd);
}

static void
a_sound_home_has_nothing_wrong(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	n = fixture_open(f, "alice");
	found = look(f, n, true);
	assert_int_equal(found.wrong, 0);
	assert_string_equal(found.text, "");
	dlb_node_close(n);
}

static void
letters_that_lost_cells_wait_for_them_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter letter;
	struct findings found;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 5 << 20, 4);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 16);
	fixture_send(f, n, bob, "film.mkv", NULL);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	dlb_node_close(n);

	garble(f, "bob/satchel");
	n = fixture_open(f, "bob");
	found = look(f, n, true);
	assert_int_equal(found.wrong, 2);
	assert_non_null(strstr(found.text, "letter 1 in the inbox"));
	fixture_inbox(n, &letter);
	assert_int_equal(letter.state, DLB_IN_PARTLY);
	assert_in_range(letter.have, 1, letter.stripe.cells - 1);
	found = look(f, n, true);
	assert_int_equal(found.wrong, 0);
	assert_non_null(
		strstr(found.text, "1 letter in the inbox is not whole"));
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	fixture_inbox(n, &letter);
	assert_int_equal(letter.state, DLB_IN_UNREAD);
	dlb_node_close(n);
}

static void
letters_that_can_not_go_out_whole_are_named(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_file(f, "film.mkv", 5 << 20, 4);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_send(f, n, bob, "film.mkv", NULL);
	fixture_send(f, n, bob, "film.mkv", NULL);
	found = look(f, n, false);
	assert_non_null(strstr(found.text, "2 letters wait for a meeting"));
	dlb_node_close(n);
	garble(f, "alice/satchel");
	n = fixture_open(f, "alice");
	found = look(f, n, true);
	assert_int_equal(found.wrong, 2);
	assert_non_null(
		strstr(found.text, "letter 1 and 1 other in the outbox"));
	/* As long as they are there. */
	assert_int_equal(look(f, n, true).wrong, 1);
	assert_dlb_ok(f, dlb_node_delete(n, 1, &f->err));
	assert_dlb_ok(f, dlb_node_delete(n, 2, &f->err));
	assert_int_equal(look(f, n, true).wrong, 0);
	dlb_node_close(n);
}

static void
keys_that_are_gone_are_told(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	struct dlb_node *n;
	uint32_t given_up;
	bool new_card;

	fixture_home(f, "alice", false);
	assert_int_equal(unlink(fixture_path(f, "alice/ring")), 0);
	for (int i = 0; i < 2; i++) {
		n = fixture_open(f, "alice");
		found = look(f, n, false);
		assert_int_equal(found.wrong, 1);
		assert_non_null(strstr(found.text, "18 of your keys are gone"));
		assert_non_null(strstr(found.text, "--new-keys"));
		dlb_node_close(n);
	}
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_keys_give_up(n->letterbox, &given_up, &new_card, &f->err));
	assert_true(new_card);
	found = look(f, n, false);
	assert_int_equal(found.wrong, 0);
	assert_non_null(strstr(found.text, "18 of your keys were given up"));
	assert_non_null(strstr(found.text, "on 2026-11-24"));
	assert_non_null(strstr(found.text, "dlb card"));
	dlb_node_close(n);
	/* It stays said for as long as letters to them may come. */
	f->env.now_ms += 25 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	found = look(f, n, false);
	assert_int_equal(found.wrong, 0);
	assert_non_null(strstr(found.text, "18 of your keys were given up"));
	dlb_node_close(n);
	for (int i = 0; i < 3; i++) {
		f->env.now_ms += 25 * DLB_DAY_MS;
		dlb_node_close(fixture_open(f, "alice"));
	}
	n = fixture_open(f, "alice");
	assert_string_equal(look(f, n, false).text, "");
	dlb_node_close(n);
}

/* New keys are not made by a clock that is in doubt. */
static void
keys_that_wait_for_the_clock_are_told(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	struct dlb_node *n;
	uint32_t given_up;
	bool new_card;

	fixture_home(f, "alice", false);
	assert_int_equal(unlink(fixture_path(f, "alice/ring")), 0);
	f->env.now_ms += 100 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	found = look(f, n, false);
	assert_int_equal(found.wrong, 2);
	assert_non_null(strstr(found.text, "18 of your keys are gone"));
	assert_non_null(strstr(found.text, "confirm-clock"));
	assert_int_equal(
		dlb_keys_give_up(n->letterbox, &given_up, &new_card, &f->err),
		DLB_CLOCK);
	assert_dlb_ok(f, dlb_clock_confirm(dlb_node_letterbox(n), &f->err));
	assert_dlb_ok(f, dlb_node_look_at_clock(n, &f->err));
	assert_dlb_ok(f,
		dlb_keys_give_up(n->letterbox, &given_up, &new_card, &f->err));
	assert_int_equal(look(f, n, false).wrong, 0);
	dlb_node_close(n);
}

/* A home that was made with a clock that is behind knows no better: what it meets
 * does. */
static void
a_clock_that_cells_contradict_is_told(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n;
	uint16_t week;

	fixture_home(f, "alice", false);
	n = fixture_open(f, "alice");
	fixture_stick(f, n, "usb", 16);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	/* A week is nothing; three are. */
	f->env.now_ms -= 7 * DLB_DAY_MS;
	fixture_home(f, "bob", false);
	n = fixture_open(f, "bob");
	fixture_meet(f, n, "usb");
	assert_false(dlb_node_clock_behind(n, &week));
	dlb_node_close(n);
	f->env.now_ms -= 14 * DLB_DAY_MS;
	fixture_home(f, "carol", true);
	n = fixture_open(f, "carol");
	assert_true(fixture_meet(f, n, "usb").refused >= 64);
	dlb_node_close(n);
	n = fixture_open(f, "carol");
	assert_true(dlb_node_clock_behind(n, &week));
	assert_int_equal(week, dlb_week_of(FIXTURE_NOW_MS));
	assert_non_null(strstr(look(f, n, false).text, "2026-11-23"));
	/* Its owner knows better, or sets it. */
	assert_dlb_ok(f, dlb_node_confirm_clock(n, &f->err));
	assert_false(dlb_node_clock_behind(n, &week));
	fixture_meet(f, n, "usb");
	assert_true(dlb_node_clock_behind(n, &week));
	dlb_node_close(n);
	f->env.now_ms = FIXTURE_NOW_MS;
	n = fixture_open(f, "carol");
	assert_false(dlb_node_clock_behind(n, &week));
	assert_string_equal(look(f, n, false).text, "");
	dlb_node_close(n);
}

int
main(void)
{
#define DOCTOR(t)                                                              \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		DOCTOR(a_sound_home_has_nothing_wrong),
		DOCTOR(letters_that_lost_cells_wait_for_them_again),
		DOCTOR(letters_that_can_not_go_out_whole_are_named),
		DOCTOR(keys_that_are_gone_are_told),
		DOCTOR(keys_that_wait_for_the_clock_are_told),
		DOCTOR(a_clock_that_cells_contradict_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
