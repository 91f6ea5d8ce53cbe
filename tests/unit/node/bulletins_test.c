/*
 * Bulletins from an author over a courier to those who follow: what arrives, what is
 * refused, and what is kept.
 */
#include "bulletins_world.h"
#include "finding.h"

#include <stdlib.h>
#include <string.h>

/* ---- the way there --------------------------------------------------------------------- */

static void
a_bulletin_goes_over_a_courier(void **state)
{
	static const size_t lens[] = {0, 11, 45000, 47000, 300000, 2 << 20};
	struct fixture *f = *state;
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	fixture_home(f, "courier", true);
	fixture_home(f, "bob", false);
	n = fixture_open(f, "courier");
	fixture_stick(f, n, "usb", 128);
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	assert_int_equal(follow(f, n, "alice", NULL), 0);
	dlb_node_close(n);
	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		uint8_t *body = calloc(1, lens[i] + 1);
		struct dlb_bulletin_in in;
		struct listing l;

		for (size_t k = 0; k < lens[i]; k++)
			body[k] = (uint8_t)(k * 7 + k / 256);
		n = fixture_open(f, "alice");
		post(f, n, "The news", body, lens[i]);
		fixture_meet(f, n, "usb");
		dlb_node_close(n);
		meets(f, "courier", "usb");
		assert_int_equal(meets(f, "bob", "usb").letters_complete, 0);
		n = fixture_open(f, "bob");
		assert_int_equal(bulletins(n, &l), i + 1);
		assert_dlb_ok(f,
			dlb_node_bulletin(n, &in, l.rows[i].letter, &f->err));
		assert_string_equal(in.author.name, "alice");
		assert_string_equal(in.content.title, "The news");
		assert_string_equal(in.content.name, "news.txt");
		assert_int_equal(in.content.len, lens[i]);
		assert_memory_equal(in.content.body, body, lens[i]);
		dlb_bulletin_in_free(&in);
		dlb_node_close(n);
		free(body);
		f->env.now_ms += 60000;
	}
}

/* Each is made by someone who has alice's card, and no more than that but where they
 * are alice. */
static void
what_is_not_the_authors_is_refused(void **state)
{
	struct fixture *f = *state;
	struct forger *m = calloc(1, sizeof(*m));
	struct listing l;

	assert_non_null(m);
	author_and_follower(f);
	forger_init(m, f, "alice");
	for (enum harm harm = SOUND; harm < HARMS; harm++) {
		struct dlb_node *n = fixture_open(f, "bob");

		forge(m, f, (uint8_t)(harm % 15), harm);
		insert(f, n, m->cell);
		fixture_meet(f, n, "usb");
		if (bulletins(n, &l) != 1)
			fail_msg("%zu bulletins after harm %d", l.n, harm);
		assert_int_equal(held(n), 1);
		dlb_node_close(n);
	}
	free(m);
}

/* A follower takes the author's head, with its signature, puts other words behind it, or
 * another stripe around it, and is there first: the true one is not taken for a double. */
static void
a_false_one_does_not_keep_the_true_one_away(void **state)
{
	static const enum harm harms[] = {WITH_OTHER_WORDS, OF_ANOTHER_STRIPE};
	struct fixture *f = *state;
	struct forger *m = calloc(1, sizeof(*m));
	struct listing l;

	assert_non_null(m);
	author_and_follower(f);
	forger_init(m, f, "alice");
	for (size_t i = 0; i < DLB_ARRAY_LEN(harms); i++) {
		struct dlb_node *n = fixture_open(f, "bob");
		uint64_t draws = f->env.counter;

		forge(m, f, (uint8_t)i, harms[i]);
		insert(f, n, m->cell);
		fixture_meet(f, n, "usb");
		assert_int_equal(bulletins(n, &l), i);
		/* The same ids and keys again. */
		f->env.counter = draws;
		forge(m, f, (uint8_t)i, SOUND);
		insert(f, n, m->cell);
		fixture_meet(f, n, "usb");
		assert_int_equal(bulletins(n, &l), i + 1);
		dlb_node_close(n);
	}
	free(m);
}

/* Every follower can make cells for a handle, and a letterbox that was copied posts at one
 * twice: who follows later finds in the home what is true, all of it. */
static void
who_follows_later_finds_all_at_one_handle(void **state)
{
	static const enum harm harms[] = {SIGNED_BY_ANOTHER, SOUND,
		WITH_OTHER_WORDS, OF_ANOTHER_STRIPE, SOUND, SENT_BY_ANOTHER};
	struct fixture *f = *state;
	struct forger *m = calloc(1, sizeof(*m));
	struct dlb_node *n;
	struct listing l;

	assert_non_null(m);
	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	forger_init(m, f, "alice");
	n = fixture_open(f, "bob");
	for (size_t i = 0; i < DLB_ARRAY_LEN(harms); i++) {
		forge(m, f, 3, harms[i]);
		insert(f, n, m->cell);
	}
	assert_int_equal(follow(f, n, "alice", NULL), 2);
	assert_int_equal(bulletins(n, &l), 2);
	assert_int_equal(held(n), 2);
	dlb_node_close(n);
	free(m);
}

/* What was found in one part of a meeting hides nothing at its handle from the next. */
static void
one_that_was_found_hides_no_other(void **state)
{
	struct fixture *f = *state;
	struct forger *m = calloc(1, sizeof(*m));
	struct dlb_wanted *w;
	struct dlb_node *n;
	struct listing l;

	assert_non_null(m);
	author_and_follower(f);
	forger_init(m, f, "alice");
	n = fixture_open(f, "bob");
	assert_dlb_ok(f, dlb_wanted_new(&w, n, &f->err));
	for (size_t i = 0; i < 2; i++) {
		uint8_t core[DLB_HASH_LEN], name[DLB_NAME_LEN];
		uint64_t new_ones = 0, refused = 0;
		struct dlb_hit *hits;
		uint32_t number;
		size_t hits_n;

		forge(m, f, 3, SOUND);
		insert(f, n, m->cell);
		dlb_cell_name(core, name, m->cell);
		number = dlb_satchel_find(n->satchel, name);
		assert_dlb_ok(f,
			dlb_node_trial(n, n->satchel, &number, 1, w, &hits,
				&hits_n, NULL, &f->err));
		assert_int_equal(hits_n, 1);
		assert_dlb_ok(f,
			dlb_wanted_add_hits(w, n->satchel, hits, hits_n,
				&new_ones, &refused, &f->err));
		free(hits);
	}
	dlb_wanted_free(w);
	assert_dlb_ok(f, dlb_letterbox_commit(n->letterbox, &f->err));
	assert_int_equal(bulletins(n, &l), 2);
	dlb_node_close(n);
	free(m);
}

/* Once under each id, wherever it comes from. */
static void
what_was_here_does_not_come_again(void **state)
{
	struct fixture *f = *state;
	struct forger *m = calloc(1, sizeof(*m));
	struct dlb_node *n;
	struct listing l;
	uint8_t *first = malloc(DLB_CELL_LEN);

	assert_non_null(m);
	assert_non_null(first);
	author_and_follower(f);
	forger_init(m, f, "alice");
	forge(m, f, 0, SOUND);
	memcpy(first, m->cell, DLB_CELL_LEN);
	n = fixture_open(f, "bob");
	insert(f, n, first);
	fixture_meet(f, n, "usb");
	assert_int_equal(bulletins(n, &l), 1);
	assert_dlb_ok(f, dlb_node_delete(n, l.rows[0].letter, &f->err));
	assert_int_equal(bulletins(n, &l), 0);
	/* A box tag is nobody's: the cell has another name now. */
	first[16] ^= 1;
	insert(f, n, first);
	fixture_meet(f, n, "usb");
	assert_int_equal(bulletins(n, &l), 0);
	assert_int_equal(held(n), 0);
	/* Thirteen weeks later its handle is not looked for, and nothing is known of
	 * it any more; the cell has expired. */
	f->env.now_ms += 14 * DLB_WEEK_MS;
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	first[16] ^= 2;
	insert(f, n, first);
	fixture_meet(f, n, "usb");
	assert_int_equal(bulletins(n, &l), 0);
	dlb_node_close(n);
	free(first);
	free(m);
}

/* At each handle but the head's, with this content in place of the author's. */
static void
insert_false_cells(struct fixture *f, struct dlb_node *n,
	const struct dlb_in_letter *in, const uint8_t *body)
{
	uint8_t *cell = malloc(DLB_CELL_LEN);

	assert_non_null(cell);
	for (uint32_t i = 1; i < in->stripe.cells; i++) {
		uint64_t offset;
		size_t len;

		dlb_stripe_range(&in->stripe, i, &offset, &len);
		dlb_bulk_seal(cell, n->aead[0], &in->stripe, i,
			len ? body : NULL, len, &f->env.env);
		insert(f, n, cell);
	}
	free(cell);
}

/* How many cells are held that open with a body that begins so? */
static unsigned
held_of(struct dlb_node *n, const struct dlb_in_letter *in, const uint8_t *body)
{
	uint8_t handle[DLB_HANDLE_LEN], plain[DLB_BULK_CONTENT_LEN];
	uint32_t number = DLB_NO_ENTRY;
	unsigned count = 0;
	struct dlb_entry e;
	size_t len;

	dlb_stripe_handle(handle, in->stripe.stripe_key, 1);
	while ((number = dlb_satchel_find_handle(n->satchel, handle, number))
		!= DLB_NO_ENTRY) {
		assert_int_equal(
			dlb_satchel_get(n->satchel, number, dlb_node_cell(n, 0),
				NULL, NULL, n->aead[0], false, NULL),
			DLB_OK);
		assert_int_equal(dlb_bulk_open(plain, &len, n->aead[0],
					 dlb_node_cell(n, 0), &in->stripe, 1),
			DLB_OK);
		count += plain[0] == body[0]
			&& dlb_satchel_entry(n->satchel, number, &e)
			&& (e.flags & DLB_HELD);
	}
	return count;
}

/* Every follower has the keys of all cells: cells that open, at the right handles, and
 * are not the author's. */
static void
other_cells_do_not_take_the_place_of_the_authors(void **state)
{
	struct fixture *f = *state;
	uint8_t *body = calloc(1, 300000);
	struct dlb_in_letter *in = calloc(1, sizeof(*in));
	struct dlb_bulletin_in got;
	struct dlb_node *n;
	struct listing l;

	assert_true(body && in);
	author_and_follower(f);
	fixture_home(f, "mallory", false);
	n = fixture_open(f, "mallory");
	follow(f, n, "alice", NULL);
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	post(f, n, "long", body, 300000);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	n = fixture_open(f, "mallory");
	fixture_meet(f, n, "usb");
	assert_int_equal(bulletins(n, &l), 1);
	assert_dlb_ok(f,
		dlb_in_get(
			dlb_node_letterbox(n), in, l.rows[0].letter, &f->err));
	dlb_node_close(n);
	n = fixture_open(f, "bob");
	body[0] = 1;
	assert_true(in->stripe.cells > 3);
	insert_false_cells(f, n, in, body);
	fixture_meet(f, n, "usb");
	assert_int_equal(bulletins(n, &l), 1);
	assert_int_equal(held(n), in->stripe.cells);
	assert_int_equal(held_of(n, in, body), 0);
	/* Others that come later; whichever is found first. */
	body[0] = 2;
	insert_false_cells(f, n, in, body);
	fixture_meet(f, n, "usb");
	assert_int_equal(held(n), in->stripe.cells);
	assert_dlb_ok(f, dlb_node_bulletin(n, &got, l.rows[0].letter, &f->err));
	body[0] = 0;
	assert_int_equal(got.content.len, 300000);
	assert_memory_equal(got.content.body, body, 300000);
	dlb_bulletin_in_free(&got);
	dlb_node_close(n);
	dlb_wipe(in, sizeof(*in));
	free(in);
	free(body);
}

/* ---- who follows whom shows nowhere ---------------------------------------------------- */

struct shown_cells {
	uint8_t names[512][DLB_NAME_LEN];
	size_t n;
};

static void
list_shown(struct dlb_node *n, struct shown_cells *out)
{
	struct dlb_entry e;

	out->n = 0;
	for (uint32_t at = 0; dlb_satchel_next(n->satchel, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		assert_true(out->n < DLB_ARRAY_LEN(out->names));
		assert_int_equal(
			dlb_satchel_get(n->satchel, e.number,
				dlb_node_cell(n, 0), NULL, out->names[out->n++],
				n->aead[0], true, NULL),
			DLB_OK);
	}
}

static bool
has_name(const struct shown_cells *s, const uint8_t name[static DLB_NAME_LEN])
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->names[i], name, DLB_NAME_LEN) == 0)
			return true;
	return false;
}

/* Two couriers, of whom one follows the author, carry the same cells on. */
static void
what_is_carried_does_not_depend_on_who_is_followed(void **state)
{
	static const char *const who[] = {"one", "two"};
	struct fixture *f = *state;
	struct shown_cells *shown = calloc(2, sizeof(*shown));
	struct dlb_node *n;

	assert_non_null(shown);
	fixture_home(f, "alice", false);
	for (size_t i = 0; i < 2; i++)
		fixture_home(f, who[i], true);
	n = fixture_open(f, "one");
	fixture_stick(f, n, "usb", 64);
	follow(f, n, "alice", NULL);
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	post(f, n, "news", "x", 1);
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	for (size_t i = 0; i < 2; i++) {
		struct dlb_meet_options o = {
			.where = fixture_path(f, "usb"), .collect_only = true};
		struct dlb_meet_result r;

		n = fixture_open(f, who[i]);
		assert_dlb_ok(f, dlb_node_meet(n, &o, &r, NULL, &f->err));
		list_shown(n, &shown[i]);
		assert_int_equal(held(n), i == 0 ? 1 : 0);
		dlb_node_close(n);
	}
	assert_int_equal(shown[0].n, shown[1].n);
	for (size_t i = 0; i < shown[0].n; i++)
		assert_true(has_name(&shown[1], shown[0].names[i]));
	free(shown);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_bulletin_goes_over_a_courier),
		TEST(what_is_not_the_authors_is_refused),
		TEST(a_false_one_does_not_keep_the_true_one_away),
		TEST(who_follows_later_finds_all_at_one_handle),
		TEST(one_that_was_found_hides_no_other),
		TEST(what_was_here_does_not_come_again),
		TEST(other_cells_do_not_take_the_place_of_the_authors),
		TEST(what_is_carried_does_not_depend_on_who_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
