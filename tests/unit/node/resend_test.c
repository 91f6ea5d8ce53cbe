/*
 * Letters that are sent again: what arrives once, what a home keeps until then, and when
 * it happens by itself.
 */
#include "friends.h"

#include <stdio.h>
#include <string.h>

static void
send_lost(struct fixture *f, int64_t *bob, struct dlb_send_result *sent)
{
	struct dlb_node *n = two_friends(f, bob);

	fixture_file(f, "film", 300000, 1);
	*sent = fixture_send(f, n, *bob, "film", "look");
	/* This stick gets lost. */
	fixture_stick(f, n, "lost", 48);
	fixture_meet(f, n, "lost");
	dlb_node_close(n);
}

static struct dlb_send_result
send_again_by(struct fixture *f, int64_t number, const char *stick)
{
	const char *path = fixture_path(f, "film");
	struct dlb_send_options o = {.paths = &path,
		.paths_n = 1,
		.message = "look",
		.message_len = 4};
	struct dlb_send_result r;
	struct dlb_node *n = fixture_open(f, "alice");

	assert_dlb_ok(f,
		dlb_node_resend(n, number, &o, &r, NULL, NULL, NULL, &f->err));
	fixture_meet(f, n, stick);
	dlb_node_close(n);
	return r;
}

static struct dlb_send_result
send_again(struct fixture *f, int64_t number)
{
	return send_again_by(f, number, "usb");
}

static void
read_film(struct fixture *f, int64_t number)
{
	struct dlb_read_options o = {.directory = fixture_path(f, "out"),
		.fd = -1,
		.overwrite = true};
	struct dlb_read_result r;
	struct dlb_node *n = fixture_open(f, "bob");

	assert_dlb_ok(f, dlb_node_read(n, number, &o, &r, NULL, &f->err));
	assert_true(fixture_same(f, "film", "out/film"));
	dlb_buf_free(&r.message);
	dlb_node_close(n);
}

static void
what_was_lost_is_sent_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent, again;
	struct dlb_in_letter letter;
	struct dlb_out_letter out;
	struct dlb_node *n;
	int64_t bob;

	send_lost(f, &bob, &sent);
	again = send_again(f, sent.first_number);
	assert_int_equal(again.first_number, sent.first_number);
	n = fixture_open(f, "alice");
	assert_int_equal(
		held(n), again.cells); /* those of before are let go of */
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &out, sent.first_number,
			&f->err));
	assert_int_equal(out.state, DLB_OUT_SHOWN);
	dlb_node_close(n);
	assert_int_equal(meets(f, "bob").letters_complete, 1);
	/* The lost stick turns up. */
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "lost").letters_new, 0);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	dlb_node_close(n);
	read_film(f, letter.number);
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_ARRIVED);
	assert_int_equal(held(n), 0);
	dlb_node_close(n);
}

static enum dlb_spread
spread_it(void *ctx, uint64_t cells, uint64_t bytes)
{
	(void)ctx;
	(void)cells;
	(void)bytes;
	return DLB_SPREAD_SPREAD;
}

static struct dlb_send_result
send_part(struct fixture *f, struct dlb_node *n, int64_t to, int64_t again_of,
	const char *stick)
{
	const char *path = fixture_path(f, "film");
	struct dlb_send_options o = {
		.paths = &path, .paths_n = 1, .decide = spread_it};
	struct dlb_send_result r;

	if (again_of)
		assert_dlb_ok(f,
			dlb_node_resend(n, again_of, &o, &r, NULL, NULL, NULL,
				&f->err));
	else
		assert_dlb_ok(f,
			dlb_node_send(
				n, to, &o, &r, NULL, NULL, NULL, &f->err));
	fixture_meet(f, n, stick);
	return r;
}

/* What Bob's list shows: of the one letter, so many cells. */
static uint32_t
bob_has(struct fixture *f, struct dlb_node *n, struct dlb_in_letter *seen)
{
	struct dlb_in_letter letter;
	size_t people = 0;

	for (int64_t i = 1; i < 5; i++)
		if (dlb_in_get(dlb_node_letterbox(n), &letter, i, NULL)
				== DLB_OK
			&& dlb_in_is_seen(&letter) && people++ == 0)
			*seen = letter;
	assert_int_equal(people, 1);
	(void)f;
	return seen->have;
}

/* Of two sealings that are here in part, whichever is whole first is the letter. */
static void
sealed_twice_and_read_once(void **state, bool first)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_meet_result met;
	struct dlb_in_letter letter;
	struct dlb_node *n;
	int64_t bob;

	fixture_file(f, "film", 5 << 20, 1);
	n = two_friends(f, &bob);
	fixture_stick(f, n, "a", 48);
	fixture_stick(f, n, "b", 48);
	sent = send_part(f, n, bob, 0, "a");
	assert_in_range(sent.cells, 65, 127);
	/* The rest of it; Alice carries on what she has given. */
	if (first)
		fixture_meet(f, n, "b");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	fixture_meet(f, n, "a");
	assert_int_equal(bob_has(f, n, &letter), 64);
	dlb_node_close(n);

	n = fixture_open(f, "alice");
	send_part(f, n, bob, sent.first_number, "usb");
	if (!first)
		fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	met = fixture_meet(f, n, "usb");
	assert_int_equal(met.letters_new, 0);
	/* Where some of it gave way in the small homes, b has it. */
	if (first)
		met.letters_complete +=
			fixture_meet(f, n, "b").letters_complete;
	assert_int_equal(met.letters_complete, 1);
	assert_int_equal(bob_has(f, n, &letter), sent.cells);
	assert_int_equal(letter.state, DLB_IN_UNREAD);
	assert_int_equal(held(n), sent.cells);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	read_film(f, letter.number);
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_ARRIVED);
	dlb_node_close(n);
}

static void
the_first_sealing_is_whole_first(void **state)
{
	sealed_twice_and_read_once(state, true);
}

static void
the_second_sealing_is_whole_first(void **state)
{
	sealed_twice_and_read_once(state, false);
}

/* A letter that asked for it, until a receipt comes. */
static void
it_goes_again_by_itself(void **state)
{
	struct fixture *f = *state;
	char film[512];
	const char *path = film;
	struct dlb_send_options o = {.paths = &path,
		.paths_n = 1,
		.message = "look",
		.message_len = 4,
		.again_ms = 14 * DLB_DAY_MS};
	struct dlb_send_result r;
	struct dlb_out_letter before, after;
	struct dlb_in_letter letter;
	struct dlb_buf recipe = {0};
	struct dlb_node *n;
	int64_t bob;

	snprintf(film, sizeof(film), "%s", fixture_path(f, "film"));
	fixture_file(f, "film", 100000, 1);
	n = two_friends(f, &bob);
	fixture_stick(f, n, "lost", 48);
	assert_dlb_ok(
		f, dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err));
	fixture_meet(f, n, "lost");
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &before, r.first_number,
			&f->err));
	dlb_node_close(n);

	f->env.now_ms += 13 * DLB_DAY_MS;
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &after, r.first_number,
			&f->err));
	assert_memory_equal(after.sealing_id, before.sealing_id, 16);
	dlb_node_close(n);

	/* Nor by a clock that nobody believes. */
	f->env.now_ms += 40 * DLB_DAY_MS;
	meets(f, "alice");
	f->env.now_ms -= 40 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &after, r.first_number,
			&f->err));
	assert_memory_equal(after.sealing_id, before.sealing_id, 16);
	assert_dlb_ok(f,
		dlb_out_recipe(dlb_node_letterbox(n), r.first_number, &recipe,
			&f->err));
	assert_true(recipe.len > 0);
	dlb_node_close(n);

	f->env.now_ms += 2 * DLB_DAY_MS;
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &after, r.first_number,
			&f->err));
	assert_memory_equal(after.letter_id, before.letter_id, 16);
	assert_memory_not_equal(after.sealing_id, before.sealing_id, 16);
	assert_int_equal(after.sealed_ms, f->env.now_ms);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	fixture_inbox(n, &letter);
	dlb_node_close(n);
	read_film(f, letter.number);

	meets(f, "alice");
	f->env.now_ms += 15 * DLB_DAY_MS;
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &before, r.first_number,
			&f->err));
	assert_memory_equal(after.sealing_id, before.sealing_id, 16);
	/* Where its files are, and its message, is kept no longer than needed. */
	assert_dlb_ok(f,
		dlb_out_recipe(dlb_node_letterbox(n), r.first_number, &recipe,
			&f->err));
	assert_int_equal(recipe.len, 0);
	assert_int_equal(before.again_ms, 0);
	dlb_buf_free(&recipe);
	dlb_node_close(n);
}

static unsigned
receipts_out(struct dlb_node *n)
{
	struct dlb_out_letter letter;
	unsigned count = 0;

	/* What nobody sees has numbers from 2^37 on. */
	for (int64_t i = 0; i < 200; i++)
		count += dlb_out_get(dlb_node_letterbox(n), &letter,
				 (1LL << 37) + i, NULL)
				== DLB_OK
			&& letter.kind == DLB_KIND_RECEIPT;
	return count;
}

/* How many of a letter's cells, all of which are here, that key finds to be of its box. */
static unsigned
tagged(struct fixture *f, struct dlb_node *n, int64_t number,
	const uint8_t tag_key[static 32])
{
	static uint8_t cell[DLB_CELL_LEN];
	uint8_t core[DLB_HASH_LEN], tag[DLB_BOX_TAG_LEN];
	struct dlb_aead *aead;
	struct dlb_buf names = {0};
	unsigned count = 0;

	assert_dlb_ok(f, dlb_aead_new(&aead));
	assert_dlb_ok(f,
		dlb_out_cells(dlb_node_letterbox(n), number, &names, &f->err));
	for (size_t i = 0; i < names.len; i += DLB_NAME_LEN) {
		uint32_t at = dlb_satchel_find(n->satchel, names.data + i);

		assert_int_not_equal(at, DLB_NO_ENTRY);
		assert_dlb_ok(f,
			dlb_satchel_get(n->satchel, at, cell, core, NULL, aead,
				true, &f->err));
		dlb_box_tag(tag, tag_key, core);
		count += memcmp(tag, cell + 16, sizeof(tag)) == 0;
	}
	dlb_buf_free(&names);
	dlb_aead_free(aead);
	return count;
}

/* By itself it goes by way of the box that it went by. */
static void
it_goes_again_by_its_box(void **state)
{
	static const uint8_t tag_key[32] = {9};
	struct fixture *f = *state;
	char film[512];
	const char *path = film;
	struct dlb_send_options o = {.paths = &path,
		.paths_n = 1,
		.tag_key = tag_key,
		.again_ms = 14 * DLB_DAY_MS};
	struct dlb_out_letter before, after;
	struct dlb_send_result r;
	struct dlb_node *n;
	int64_t bob;

	snprintf(film, sizeof(film), "%s", fixture_path(f, "film"));
	fixture_file(f, "film", 100000, 1);
	n = two_friends(f, &bob);
	assert_dlb_ok(
		f, dlb_node_send(n, bob, &o, &r, NULL, NULL, NULL, &f->err));
	assert_int_equal(tagged(f, n, r.first_number, tag_key), r.cells);
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &before, r.first_number,
			&f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	f->env.now_ms += 15 * DLB_DAY_MS;
	n = fixture_open(f, "alice");
	fixture_meet(f, n, "usb");
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &after, r.first_number,
			&f->err));
	assert_memory_not_equal(after.sealing_id, before.sealing_id, 16);
	assert_int_equal(tagged(f, n, r.first_number, tag_key), r.cells);
	dlb_node_close(n);
}

/* The receipt got lost too: the second sealing is answered, once more. */
static void
a_lost_receipt_is_written_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_node *n;
	int64_t bob;

	send_lost(f, &bob, &sent);
	n = fixture_open(f, "bob");
	fixture_stick(f, n, "same", 48);
	fixture_stick(f, n, "later", 48);
	assert_int_equal(fixture_meet(f, n, "lost").letters_complete, 1);
	assert_dlb_ok(f, dlb_node_delete(n, 1, &f->err));
	assert_int_equal(receipts_out(n), 1);
	dlb_node_close(n);
	/* In the same week it can not have come back yet. Each by a stick of its own, as
	 * else the receipt would come back by it. */
	for (int i = 0; i < 3; i++) {
		static const char *const sticks[] = {"same", "later", "usb"};

		send_again_by(f, sent.first_number, sticks[i]);
		n = fixture_open(f, "bob");
		assert_int_equal(fixture_meet(f, n, sticks[i]).letters_new, 0);
		assert_int_equal(receipts_out(n), i == 0 ? 1 : 2);
		dlb_node_close(n);
		if (i == 0)
			f->env.now_ms += 3 * DLB_WEEK_MS;
	}
	n = fixture_open(f, "alice");
	fixture_meet(f, n, "later");
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_ARRIVED);
	dlb_node_close(n);
}

/* As if newcomers had pushed all that is held out of what is carried. */
static void
evict_held(struct fixture *f, struct dlb_node *n)
{
	struct dlb_entry e;

	for (uint32_t at = 0; dlb_satchel_next(n->satchel, at, DLB_HELD, &e);
		at = e.number + 1) {
		struct dlb_satchel_change change = {.number = e.number,
			.flags = (uint8_t)(e.flags & ~DLB_SHOWN),
			.copies = e.copies,
			.searched = e.searched};

		assert_dlb_ok(
			f, dlb_satchel_update(n->satchel, &change, 1, &f->err));
	}
}

/* The stick is lost, and the letter was pushed out of what is carried. */
static void
the_same_cells_go_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent, again;
	struct dlb_in_letter letter;
	struct dlb_out_letter out;
	struct dlb_node *n;
	int64_t bob;

	send_lost(f, &bob, &sent);
	n = fixture_open(f, "alice");
	evict_held(f, n);
	assert_dlb_ok(f,
		dlb_node_resend(n, sent.first_number, NULL, &again, NULL, NULL,
			NULL, &f->err));
	assert_true(again.same_cells);
	assert_int_equal(again.cells, sent.cells);
	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &out, sent.first_number,
			&f->err));
	assert_int_equal(out.state, DLB_OUT_WAITING);
	assert_int_equal(fixture_meet(f, n, "usb").given_own, 64);
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_SHOWN);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	assert_int_equal(fixture_inbox(n, &letter), 1);
	dlb_node_close(n);
	read_film(f, letter.number);
}

/* So many of what is held have fewer copies than new cells start with. */
static unsigned
with_few_copies(struct dlb_node *n)
{
	struct dlb_entry e;
	unsigned count = 0;

	for (uint32_t at = 0; dlb_satchel_next(n->satchel, at, DLB_HELD, &e);
		at = e.number + 1)
		count += e.copies < 64;
	return count;
}

/* Those that are still carried get as many copies as new ones. */
static void
the_same_cells_have_new_copies(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent, again;
	struct dlb_node *n;
	int64_t bob;

	send_lost(f, &bob, &sent);
	n = fixture_open(f, "alice");
	assert_true(with_few_copies(n) > 0);
	assert_dlb_ok(f,
		dlb_node_resend(n, sent.first_number, NULL, &again, NULL, NULL,
			NULL, &f->err));
	assert_int_equal(again.cells, sent.cells);
	assert_int_equal(with_few_copies(n), 0);
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_SHOWN);
	dlb_node_close(n);
}

static size_t
rows_out(struct dlb_node *n, bool seen)
{
	struct dlb_out_letter letter;
	size_t rows = 0;

	/* Those that nobody sees have numbers from 2^37 on. */
	for (int64_t i = 0; i < 200; i++)
		rows += dlb_out_get(dlb_node_letterbox(n), &letter,
				(seen ? 0 : 1LL << 37) + i, NULL)
			== DLB_OK;
	return rows;
}

/* Cover, receipts and what was replaced go when their cells do; a letter stays and
 * says so. */
static void
what_expires_leaves_no_trace(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_result sent;
	struct dlb_node *n;
	int64_t bob;
	size_t rows, before;

	send_lost(f, &bob, &sent);
	send_again(f, sent.first_number);
	n = fixture_open(f, "alice");
	/* The first sealing, and cover of each week that it is of, twice. */
	before = rows_out(n, false);
	assert_true(before >= 3);
	assert_int_equal(held(n), sent.cells);
	dlb_node_close(n);
	for (int week = 0; week < 13; week++) {
		n = fixture_open(f, "alice");
		rows = rows_out(n, false);
		assert_in_range(rows, 1, before);
		before = rows;
		assert_int_equal(
			state_of(f, n, sent.first_number), DLB_OUT_SHOWN);
		dlb_node_close(n);
		f->env.now_ms += DLB_WEEK_MS;
	}
	n = fixture_open(f, "alice");
	assert_int_equal(rows_out(n, false), 0);
	assert_int_equal(state_of(f, n, sent.first_number), DLB_OUT_EXPIRED);
	assert_int_equal(held(n), 0);
	dlb_node_close(n);
}

static void
what_can_not_be_sent_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_send_options each = {.each = true, .again_ms = 1};
	struct dlb_send_result sent, r;
	int64_t bob;
	struct dlb_node *n = two_friends(f, &bob);
	const char *path = fixture_path(f, "film");

	fixture_file(f, "film", 1000, 1);
	sent = fixture_send(f, n, bob, NULL, "hello");
	assert_int_equal(
		dlb_node_resend(n, 77, NULL, &r, NULL, NULL, NULL, &f->err),
		DLB_NOT_FOUND);
	each.paths = &path;
	each.paths_n = 1;
	assert_int_equal(
		dlb_node_send(n, bob, &each, &r, NULL, NULL, NULL, &f->err),
		DLB_USAGE);
	/* Nothing is left of it. */
	assert_int_equal(held(n), sent.cells);
	dlb_node_close(n);
}

#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_lost_is_sent_again),
		TEST(the_first_sealing_is_whole_first),
		TEST(the_second_sealing_is_whole_first),
		TEST(it_goes_again_by_itself),
		TEST(it_goes_again_by_its_box),
		TEST(a_lost_receipt_is_written_again),
		TEST(what_expires_leaves_no_trace),
		TEST(the_same_cells_go_again),
		TEST(the_same_cells_have_new_copies),
		TEST(what_can_not_be_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
