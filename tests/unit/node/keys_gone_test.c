/*
 * Whoever takes the whole home and its secret after keys were destroyed opens none
 * of the letters of that time, and finds none of them, in whatever way they try; with
 * the home of before they do.
 */
#include "finding.h"
#include "home_fixture.h"

#include "state_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS 4 /* that lie on the stick for bob */
#define FINDING_ALL 256
/* Its serial (docs/letterbox.md, section 2). */
#define FIRST_CARD (16u * dlb_week_of(FIXTURE_NOW_MS))

static void
copy(struct fixture *f, const char *from, const char *to)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"rm -rf '%s/%s'; cp -a '%s/%s' '%s/%s'", f->dir, to, f->dir,
		from, f->dir, to);
	assert_int_equal(system(command), 0);
}

/* Bob's card as a person who has but the short one knows it. */
static int64_t
know_short_card(struct fixture *f, struct dlb_node *who)
{
	struct dlb_node *bob = fixture_open(f, "bob");
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_correspondent c;
	struct dlb_buf bytes = {0};

	assert_non_null(card);
	assert_dlb_ok(f,
		dlb_letterbox_card(
			dlb_node_letterbox(bob), true, &bytes, &f->err));
	assert_dlb_ok(f, dlb_card_parse(card, bytes.data, bytes.len, &f->err));
	assert_dlb_ok(f,
		dlb_correspondent_add(
			dlb_node_letterbox(who), &c, card, NULL, &f->err));
	assert_dlb_ok(
		f, dlb_letterbox_commit(dlb_node_letterbox(who), &f->err));
	dlb_buf_free(&bytes);
	free(card);
	dlb_node_close(bob);
	return c.id;
}

static size_t
count(struct dlb_node *n, const char *sql)
{
	struct dlb_query q;
	size_t out = 0;

	dlb_query(&q, &n->letterbox->db, sql);
	assert_true(dlb_query_row(&q));
	out = (size_t)dlb_query_get_int(&q);
	assert_int_equal(dlb_query_end(&q, NULL), DLB_OK);
	return out;
}

static const char rows[] = "SELECT count(*) FROM letters_in";
static const char heard[] = "SELECT count(*) FROM correspondents"
			    " WHERE heard <> 0";

/* To the opening key of November, of one cell and of many; and to the last-resort
 * key of bob's first card. Two came and were deleted, two bob has not met. */
static void
letters_of_november(struct fixture *f)
{
	struct dlb_in_letter letter;
	struct dlb_node *n;
	int64_t bob;

	fixture_home(f, "bob", false);
	fixture_home(f, "alice", false);
	fixture_home(f, "carol", false);
	fixture_file(f, "film.mkv", 1 << 20, 4);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 24);
	fixture_send(f, n, bob, NULL, "deleted");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "carol");
	bob = know_short_card(f, n);
	fixture_send(f, n, bob, NULL, "deleted, of a stranger");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	fixture_introduce(f, n, "alice");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 2);
	assert_int_equal(count(n, heard), 1);
	for (int64_t i = 1; i <= 2; i++) {
		assert_dlb_ok(f, dlb_in_get(n->letterbox, &letter, i, &f->err));
		assert_int_equal(letter.opening_id,
			letter.from ? 34
				    : (DLB_OPENING_LAST_RESORT | FIRST_CARD));
	}
	assert_dlb_ok(f, dlb_node_delete(n, 1, &f->err));
	assert_dlb_ok(f, dlb_node_delete(n, 2, &f->err));
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	bob = 1;
	fixture_send(f, n, bob, "film.mkv", "not met");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "carol");
	fixture_send(f, n, bob, NULL, "not met, of a stranger");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
}

/* Trials of every cell on the stick with every finding secret that there is; and
 * whether the opening keys are there. */
static size_t
hits(struct fixture *f, struct dlb_node *n)
{
	const uint8_t *secrets[FINDING_ALL];
	size_t secrets_n = dlb_letterbox_finding(
		n->letterbox, UINT16_MAX, secrets, FINDING_ALL);
	char name[DLB_BOX_NAME_MAX + 1], path[4096];
	struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dlb_satchel *box;
	struct dlb_entry e;
	size_t found = 0, cells = 0;

	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, "usb"));
	assert_dlb_ok(f,
		dlb_node_box_open(n, &box, path, &open, false, name, &f->err));
	assert_in_range(secrets_n, 1, FINDING_ALL - 1);
	for (uint32_t at = 0; dlb_satchel_next(box, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		uint8_t prefix[DLB_PEEK_LEN], shared[DLB_POINT_LEN];

		cells++;
		assert_dlb_ok(f,
			dlb_satchel_peek(box, e.number, prefix, sizeof(prefix),
				n->aead[0], &f->err));
		for (size_t i = 0; i < secrets_n; i++)
			found += dlb_find(shared, prefix, secrets[i],
					 dlb_letterbox_identity(n->letterbox))
				== DLB_OK;
	}
	assert_true(cells > LETTERS);
	dlb_satchel_close(box);
	return found;
}

static bool
opens(struct dlb_node *n, uint32_t id)
{
	struct dlb_opener opener;

	dlb_letterbox_opener(n->letterbox, &opener);
	return opener.opening(opener.ctx, id) != NULL;
}

static void
use_until(struct fixture *f, int64_t then_ms)
{
	while (f->env.now_ms < then_ms) {
		f->env.now_ms += 20 * DLB_DAY_MS;
		dlb_node_close(fixture_open(f, "bob"));
	}
}

static void
letters_of_destroyed_keys_stay_closed(void **state)
{
	struct fixture *f = *state;
	/* 2027-06-01: their quarter's finding key went in April. */
	int64_t then = FIXTURE_NOW_MS + 189 * DLB_DAY_MS;
	uint8_t seeds[3][32];
	struct dlb_node *n;

	letters_of_november(f);
	copy(f, "bob", "before");
	copy(f, "usb", "november");
	n = fixture_open(f, "before");
	assert_int_equal(hits(f, n), LETTERS);
	assert_true(
		opens(n, 34) && opens(n, DLB_OPENING_LAST_RESORT | FIRST_CARD));
	assert_int_equal(count(n, rows), 2);
	memcpy(seeds[0],
		dlb_epochs_find(&n->letterbox->epochs, DLB_EPOCH_FINDING, 11)
			->seed,
		32);
	memcpy(seeds[1],
		dlb_epochs_find(&n->letterbox->epochs, DLB_EPOCH_OPENING, 34)
			->seed,
		32);
	memcpy(seeds[2],
		dlb_epochs_find(&n->letterbox->epochs, DLB_EPOCH_LAST_RESORT,
			FIRST_CARD)
			->seed,
		32);
	/* And what was met is not known any more to have been. */
	assert_int_equal(fixture_meet(f, n, "usb").letters_new, 2);
	assert_int_equal(fixture_inbox(n, NULL), 2);
	dlb_node_close(n);
	copy(f, "before", "control");

	use_until(f, then);
	for (int days = 0; days < 2; days++) {
		int64_t now = f->env.now_ms;

		/* Whatever their clock says. */
		if (days == 1)
			f->env.now_ms = FIXTURE_NOW_MS + DLB_DAY_MS;
		copy(f, "bob", "after");
		copy(f, "november", "usb");
		n = fixture_open(f, "after");
		assert_int_equal(hits(f, n), 0);
		assert_false(opens(n, 34));
		assert_false(opens(n, DLB_OPENING_LAST_RESORT | FIRST_CARD));
		for (int i = 0; i < 3; i++)
			for (size_t k = 0; k < n->letterbox->epochs.n; k++)
				assert_memory_not_equal(
					n->letterbox->epochs.list[k]->seed,
					seeds[i], 32);
		assert_int_equal(fixture_meet(f, n, "usb").letters_new, 0);
		assert_int_equal(fixture_inbox(n, NULL), 0);
		/* Nor does anything say that there were any: not a row, not their
		 * numbers, not that somebody was heard from. */
		assert_int_equal(n->letterbox->next_number, 1);
		assert_int_equal(count(n, rows) + count(n, heard), 0);
		dlb_node_close(n);
		f->env.now_ms = now;
	}
	/* The keys of then do open them still, so that it was not the stick. */
	copy(f, "november", "usb");
	f->env.now_ms = FIXTURE_NOW_MS + DLB_DAY_MS;
	n = fixture_open(f, "control");
	assert_int_equal(hits(f, n), LETTERS);
	dlb_node_close(n);
}

/* What was not deleted is its owner's, and is read for as long as they want. */
static void
letters_that_were_kept_are_read(void **state)
{
	struct fixture *f = *state;
	struct dlb_read_options o = {.fd = -1};
	struct dlb_read_result r = {.files = 0};
	struct dlb_in_letter letter;
	struct dlb_node *n;

	letters_of_november(f);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 2);
	dlb_node_close(n);
	use_until(f, FIXTURE_NOW_MS + 189 * DLB_DAY_MS);
	n = fixture_open(f, "bob");
	assert_false(opens(n, 34));
	/* Which of the two came first is chance. */
	assert_int_equal(fixture_inbox(n, &letter), 2);
	if (letter.files == 0)
		assert_dlb_ok(f,
			dlb_in_get(n->letterbox, &letter, letter.number + 1,
				&f->err));
	fixture_mkdir(f, "out");
	o.directory = fixture_path(f, "out");
	assert_dlb_ok(
		f, dlb_node_read(n, letter.number, &o, &r, NULL, &f->err));
	dlb_buf_free(&r.message);
	assert_int_equal(r.files, 1);
	assert_true(fixture_same(f, "film.mkv", "out/film.mkv"));
	/* And then it leaves nothing. */
	assert_dlb_ok(f, dlb_node_delete(n, letter.number, &f->err));
	assert_int_equal(
		dlb_in_get(n->letterbox, &letter, letter.number, &f->err),
		DLB_NOT_FOUND);
	dlb_node_close(n);
}

/* Who only looks, and for longer than a clock may jump. */
static void
the_time_seen_is_kept_by_whoever_looks(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n;

	fixture_home(f, "bob", true);
	for (int i = 0; i < 4; i++) {
		f->env.now_ms += 20 * DLB_DAY_MS;
		n = fixture_open(f, "bob");
		assert_true(dlb_node_clock(n).trusted_week > 0);
		dlb_node_close(n);
	}
}

static uint64_t
serial_of(struct fixture *f, struct dlb_node *n, bool own, int64_t who)
{
	struct dlb_buf bytes = {0};
	struct dlb_card *card = calloc(1, sizeof(*card));
	uint64_t serial;

	assert_non_null(card);
	assert_dlb_ok(f,
		own ? dlb_letterbox_card(n->letterbox, false, &bytes, &f->err)
		    : dlb_correspondent_card(
			    n->letterbox, &bytes, who, &f->err));
	assert_dlb_ok(f, dlb_card_parse(card, bytes.data, bytes.len, &f->err));
	serial = card->serial;
	dlb_buf_free(&bytes);
	free(card);
	return serial;
}

/* Alice writes, Bob takes it in, answers with a receipt, and Alice has that. */
static void
there_and_back(struct fixture *f, int64_t bob)
{
	struct dlb_node *n = fixture_open(f, "alice");

	fixture_send(f, n, bob, NULL, "are you there?");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_meet(f, n, "usb").letters_complete, 1);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
}

/* Who only reads and never writes hands out new cards all the same. */
static void
new_cards_ride_in_receipts(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n;
	uint64_t first, now;
	int64_t bob;

	fixture_home(f, "bob", false);
	fixture_home(f, "alice", false);
	n = fixture_open(f, "bob");
	first = serial_of(f, n, true, 0);
	fixture_introduce(f, n, "alice");
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 48);
	dlb_node_close(n);
	there_and_back(f, bob);
	for (int i = 0; i < 3; i++) {
		f->env.now_ms += 20 * DLB_DAY_MS;
		dlb_node_close(fixture_open(f, "bob"));
		dlb_node_close(fixture_open(f, "alice"));
	}
	n = fixture_open(f, "bob");
	now = serial_of(f, n, true, 0);
	dlb_node_close(n);
	assert_true(now > first);
	there_and_back(f, bob);
	n = fixture_open(f, "alice");
	assert_int_equal(serial_of(f, n, false, bob), now);
	dlb_node_close(n);
}

int
main(void)
{
#define GONE(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		GONE(letters_of_destroyed_keys_stay_closed),
		GONE(letters_that_were_kept_are_read),
		GONE(new_cards_ride_in_receipts),
		GONE(the_time_seen_is_kept_by_whoever_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
