/*
 * Bulletins over time: how many are kept, what a restored home and a newer card do.
 */
#include "bulletins_world.h"

#include <stdlib.h>
#include <string.h>

/* ---- how much is kept ------------------------------------------------------------------- */

static void
the_newest_are_kept(void **state)
{
	struct fixture *f = *state;
	struct forger *m = calloc(1, sizeof(*m));
	uint8_t *old = malloc(DLB_CELL_LEN);
	struct dlb_node *n;
	struct dlb_satchel_info info;
	struct listing l;
	int64_t first;
	size_t most;

	assert_true(m && old);
	author_and_follower(f);
	forger_init(m, f, "alice");
	/* Older than all that are kept, and comes last. */
	forge(m, f, 0, SOUND);
	memcpy(old, m->cell, DLB_CELL_LEN);
	f->env.now_ms += DLB_DAY_MS;
	first = f->env.now_ms;
	n = fixture_open(f, "bob");
	dlb_node_satchel_info(n, &info);
	dlb_node_close(n);
	most = info.reserve / 4;
	assert_in_range(most, 40, 50);
	for (unsigned i = 0; i < 60; i++) {
		n = fixture_open(f, "bob");
		forge(m, f, (uint8_t)(i % 15), SOUND);
		insert(f, n, m->cell);
		fixture_meet(f, n, "usb");
		assert_true(bulletins(n, &l) <= most);
		assert_int_equal(held(n), l.n);
		dlb_node_close(n);
		f->env.now_ms += i % 15 == 14 ? DLB_DAY_MS : 1000;
	}
	assert_int_equal(l.n, most);
	assert_true(l.rows[0].posted_ms > first);
	n = fixture_open(f, "bob");
	insert(f, n, old);
	fixture_meet(f, n, "usb");
	assert_int_equal(bulletins(n, &l), most);
	assert_true(l.rows[0].posted_ms > first);
	assert_dlb_ok(f, dlb_node_unfollow(n, l.rows[0].author, &f->err));
	assert_int_equal(bulletins(n, &l), 0);
	assert_int_equal(held(n), 0);
	dlb_node_close(n);
	free(old);
	free(m);
}

/* Of two authors together the newest are kept. */
static void
all_authors_together_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct forger *m = calloc(2, sizeof(*m));
	size_t most, of[2] = {0};
	struct dlb_satchel_info info;
	struct dlb_node *n;
	struct listing l;

	assert_non_null(m);
	author_and_follower(f);
	fixture_home(f, "carol", false);
	n = fixture_open(f, "bob");
	follow(f, n, "carol", NULL);
	dlb_node_satchel_info(n, &info);
	most = info.reserve / 4;
	dlb_node_close(n);
	forger_init(&m[0], f, "alice");
	forger_init(&m[1], f, "carol");
	for (unsigned i = 0; i < 60; i++) {
		struct forger *who = &m[i < 30 ? 0 : 1];

		n = fixture_open(f, "bob");
		forge(who, f, (uint8_t)(i % 15), SOUND);
		insert(f, n, who->cell);
		fixture_meet(f, n, "usb");
		assert_true(bulletins(n, &l) <= most);
		dlb_node_close(n);
		f->env.now_ms += i % 15 == 14 ? DLB_DAY_MS : 1000;
	}
	assert_int_equal(l.n, most);
	for (size_t i = 0; i < l.n; i++)
		of[l.rows[i].author != l.rows[0].author]++;
	assert_int_equal(of[1], 30);
	assert_int_equal(of[0], most - 30);
	free(m);
}

/* One that is not whole goes when a newer one takes its room, and what still comes of
 * it in the same meeting is not held for it. */
static void
one_that_is_partly_here_gives_way(void **state)
{
	struct fixture *f = *state;
	uint8_t *body = calloc(1, 2 << 20);
	struct dlb_node *n;
	struct listing l;

	assert_non_null(body);
	author_and_follower(f);
	n = fixture_open(f, "alice");
	/* In whatever order they are found, some has to give way. */
	for (unsigned i = 0; i < 5; i++) {
		post(f, n, "large", body, 2 << 20);
		fixture_meet(f, n, "usb");
		dlb_node_close(n);
		f->env.now_ms += 1000;
		n = fixture_open(f, "alice");
	}
	dlb_node_close(n);
	n = bob_meets(f);
	assert_int_equal(bulletins(n, &l), 1);
	assert_int_equal(l.rows[0].slot, 4);
	assert_true(l.rows[0].taken);
	assert_int_equal(held(n), l.rows[0].cells);
	dlb_node_close(n);
	free(body);
}

/* ---- days, cards, handlers ---------------------------------------------------------------- */

/* A letterbox that was restored does not know which slots of today are taken. */
static void
what_was_restored_takes_no_slot_twice(void **state)
{
	struct fixture *f = *state;
	struct dlb_bulletin_out out = {
		.kind = DLB_KIND_BULLETIN, .title = "", .name = "", .body = ""};
	struct dlb_node *n;
	struct listing l;

	author_and_follower(f);
	n = fixture_open(f, "alice");
	for (unsigned i = 0; i < DLB_BULLETIN_SLOTS; i++)
		post(f, n, "before", "x", 1);
	assert_int_equal(
		dlb_node_bulletin_post(n, &out, NULL, &f->err), DLB_LIMIT);
	assert_dlb_ok(f,
		dlb_bulletins_restored(
			dlb_node_letterbox(n), f->env.now_ms, &f->err));
	f->env.now_ms += 1000;
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_bulletins_restored(
			dlb_node_letterbox(n), f->env.now_ms, &f->err));
	post(f, n, "after", "x", 1);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = bob_meets(f);
	assert_int_equal(bulletins(n, &l), DLB_BULLETIN_SLOTS + 1);
	assert_int_equal(l.rows[DLB_BULLETIN_SLOTS].day, l.rows[0].day + 1);
	assert_int_equal(l.rows[DLB_BULLETIN_SLOTS].slot, 0);
	dlb_node_close(n);
	/* The next day goes on where it is. */
	f->env.now_ms += DLB_DAY_MS;
	n = fixture_open(f, "alice");
	post(f, n, "next", "x", 1);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = bob_meets(f);
	assert_int_equal(bulletins(n, &l), DLB_BULLETIN_SLOTS + 2);
	assert_int_equal(l.rows[DLB_BULLETIN_SLOTS + 1].day, l.rows[0].day + 1);
	assert_int_equal(l.rows[DLB_BULLETIN_SLOTS + 1].slot, 1);
	dlb_node_close(n);
}

/* They come for as long as their cells live, whatever day it is at the follower's. */
static void
bulletins_are_found_for_twelve_weeks(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n;
	struct listing l;

	author_and_follower(f);
	n = fixture_open(f, "alice");
	post(f, n, "old", "x", 1);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	/* The clock may not jump by more than a month. */
	for (unsigned i = 0; i < 4; i++) {
		f->env.now_ms += 21 * DLB_DAY_MS;
		dlb_node_close(fixture_open(f, "bob"));
	}
	n = bob_meets(f);
	assert_int_equal(bulletins(n, &l), 1);
	dlb_node_close(n);
}

/* The author's card rides along; an older one never takes the place of a newer. */
static void
a_newer_card_comes_with_a_bulletin(void **state)
{
	struct fixture *f = *state;
	struct dlb_card *old = calloc(1, sizeof(*old));
	struct dlb_author a;
	struct dlb_node *n;
	struct listing l;
	uint64_t first, newer;

	assert_non_null(old);
	author_and_follower(f);
	card_of(f, "alice", true, old);
	n = fixture_open(f, "bob");
	assert_dlb_ok(f,
		dlb_author_by_name(
			dlb_node_letterbox(n), &a, "alice", &f->err));
	first = a.serial;
	dlb_node_close(n);
	for (unsigned i = 0; i < 2; i++) {
		f->env.now_ms += 20 * DLB_DAY_MS;
		dlb_node_close(fixture_open(f, "bob"));
		dlb_node_close(fixture_open(f, "alice"));
	}
	n = fixture_open(f, "alice");
	post(f, n, "new card", "x", 1);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = bob_meets(f);
	assert_int_equal(bulletins(n, &l), 1);
	assert_dlb_ok(f,
		dlb_author_by_name(
			dlb_node_letterbox(n), &a, "alice", &f->err));
	assert_true(a.serial > first);
	newer = a.serial;
	assert_dlb_ok(f, dlb_node_follow(n, &a, old, NULL, NULL, &f->err));
	assert_int_equal(a.serial, newer);
	dlb_node_close(n);
	free(old);
}

/* A card of before says nothing of bulletins. */
static void
a_card_of_before_can_not_be_followed(void **state)
{
	struct fixture *f = *state;
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_author a;
	struct dlb_node *n;

	assert_non_null(card);
	author_and_follower(f);
	fixture_home(f, "carol", false);
	card_of(f, "carol", true, card);
	card->fields_len = 0;
	n = fixture_open(f, "bob");
	assert_int_equal(dlb_node_follow(n, &a, card, NULL, NULL, &f->err),
		DLB_UNSUPPORTED);
	assert_non_null(strstr(f->err.msg, "present card"));
	dlb_node_close(n);
	free(card);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_newest_are_kept),
		TEST(all_authors_together_are_bounded),
		TEST(one_that_is_partly_here_gives_way),
		TEST(what_was_restored_takes_no_slot_twice),
		TEST(bulletins_are_found_for_twelve_weeks),
		TEST(a_newer_card_comes_with_a_bulletin),
		TEST(a_card_of_before_can_not_be_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
