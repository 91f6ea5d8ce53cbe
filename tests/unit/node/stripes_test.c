/*
 * Letters that are split: which stripes give one, and what is made of stripes that
 * are too few, damaged, or not of one sealing.
 */
#include "share.h"
#include "stripes_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEN 250001

static unsigned
count_bits(unsigned set)
{
	unsigned n = 0;

	for (; set; set >>= 1)
		n += set & 1;
	return n;
}

/* One letter for each set of three of five. */
static void
try_every_set(struct fixture *f, bool threshold)
{
	struct world w;
	struct dlb_node *n;
	struct seen s;

	world_open(&w, f);
	fixture_file(f, "film", LEN, 1);
	for (unsigned set = 0; set < 32; set++)
		if (count_bits(set) == 3)
			world_drop_all_but(&w,
				world_send(&w, "film", 3, 5, threshold), 5,
				set);
	n = world_deliver(&w);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 10);
	assert_int_equal(s.rows, 30);
	for (size_t i = 0; i < s.n; i++) {
		char out[32], file[64];

		snprintf(out, sizeof(out), "out%zu", i);
		snprintf(file, sizeof(file), "out%zu/film", i);
		assert_dlb_ok(f, world_read(f, n, s.numbers[i], out));
		assert_true(fixture_same(f, "film", file));
		assert_dlb_ok(f, dlb_node_delete(n, s.numbers[i], &f->err));
	}
	assert_int_equal(world_held(n), 0);
	assert_int_equal(world_inbox(f, n).rows, 0);
	dlb_node_close(n);
}

static void
any_three_of_five_stripes_suffice(void **state)
{
	try_every_set(*state, false);
}

static void
any_three_of_five_stripes_of_a_threshold_suffice(void **state)
{
	try_every_set(*state, true);
}

/* All of them: one letter, as many stripes as came whole. */
static void
all_stripes_are_one_letter(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct dlb_node *n;
	struct seen s;

	world_open(&w, f);
	fixture_file(f, "film", LEN, 2);
	world_send(&w, "film", 2, 4, false);
	n = world_deliver(&w);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.last.state, DLB_IN_UNREAD);
	assert_int_equal(s.last.whole, 4);
	assert_string_equal(s.last.summary, "in stripes");
	assert_dlb_ok(f, world_read(f, n, s.numbers[0], "out"));
	assert_true(fixture_same(f, "film", "out/film"));
	dlb_node_close(n);
}

static void
two_of_three_wait_for_the_third(void **state)
{
	struct fixture *f = *state;

	for (unsigned threshold = 0; threshold < 2; threshold++) {
		struct world w;
		struct dlb_node *n;
		struct seen s;

		if (threshold)
			assert_int_equal(fixture_teardown(state), 0);
		if (threshold)
			assert_int_equal(fixture_setup(state), 0);
		f = *state;
		world_open(&w, f);
		fixture_file(f, "film", LEN, 3);
		world_drop_all_but(
			&w, world_send(&w, "film", 3, 5, threshold), 5, 0x12);
		n = world_deliver(&w);
		s = world_inbox(f, n);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.last.state, DLB_IN_PARTLY);
		assert_int_equal(s.last.whole, threshold ? 0 : 2);
		assert_int_equal(
			world_read(f, n, s.numbers[0], "out"), DLB_PARTLY);
		assert_non_null(strstr(f->err.msg, "of the 3 stripes"));
		/* Deleted, nothing of it is kept. */
		assert_dlb_ok(f, dlb_node_delete(n, s.numbers[0], &f->err));
		assert_int_equal(world_held(n), 0);
		dlb_node_close(n);
	}
}

/* With cells lost in each stripe, a letter waits for what it lacks. */
static void
a_stripe_with_a_hole_is_not_whole(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct dlb_node *n;
	struct seen s;
	int64_t number;

	world_open(&w, f);
	fixture_file(f, "film", LEN, 4);
	number = world_send(&w, "film", 3, 5, false);
	world_drop_cell(&w, number, 0, 1);
	world_drop_cell(&w, number, 4, 1);
	n = world_deliver(&w);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.last.state, DLB_IN_UNREAD);
	assert_int_equal(s.last.whole, 3);
	assert_int_equal(s.rows, 3);
	assert_dlb_ok(f, world_read(f, n, s.numbers[0], "out"));
	assert_true(fixture_same(f, "film", "out/film"));
	dlb_node_close(n);
}

/* ---- two of three, with all keys in hand ------------------------------------------- */

/* Does any cell of the stripe open under that key? */
static bool
opens_under(
	struct dlb_node *n, const struct dlb_in_letter *row, const uint8_t *key)
{
	static uint8_t cell[DLB_CELL_LEN], plain[DLB_BULK_CONTENT_LEN];
	struct dlb_stripe stripe = row->stripe;
	bool any = false;

	memcpy(stripe.letter_key, key, DLB_KEY_LEN);
	for (uint32_t i = 1; i < stripe.cells; i++) {
		uint8_t handle[DLB_HANDLE_LEN];
		uint32_t number;
		size_t len;

		dlb_stripe_handle(handle, stripe.stripe_key, i);
		number = dlb_satchel_find_handle(
			n->satchel, handle, DLB_NO_ENTRY);
		/* It is here: what is missing is the key. */
		assert_int_not_equal(number, DLB_NO_ENTRY);
		assert_int_equal(dlb_satchel_get(n->satchel, number, cell, NULL,
					 NULL, n->aead[0], true, NULL),
			DLB_OK);
		any |= dlb_bulk_open(plain, &len, n->aead[0], cell, &stripe, i)
			== DLB_OK;
	}
	return any;
}

static bool
keep_row(void *ctx, const struct dlb_in_letter *letter)
{
	struct dlb_in_letter **rows = ctx;

	for (; (*rows)->number; rows++)
		;
	**rows = *letter;
	return true;
}

/* Bob's home, unlocked, with two of three: the heads open, the key is not in them. */
static void
two_of_three_are_worth_nothing_with_the_readers_keys(void **state)
{
	struct fixture *f = *state;
	struct dlb_in_letter a = {.number = 0}, b = {.number = 0},
			     end = {.number = 0}, *rows[] = {&a, &b, &end};
	uint8_t key[DLB_KEY_LEN], zero[DLB_KEY_LEN] = {0};
	uint8_t shares[2][DLB_KEY_LEN], numbers[2];
	struct world w;
	struct dlb_node *n;

	world_open(&w, f);
	fixture_file(f, "film", LEN, 7);
	world_drop_all_but(&w, world_send(&w, "film", 3, 5, true), 5, 0x09);
	n = world_deliver(&w);
	assert_dlb_ok(f, dlb_in_each(n->letterbox, keep_row, rows, &f->err));
	assert_int_equal(end.number, 0);
	assert_int_equal(a.stripe.mode, DLB_STRIPE_THRESHOLD);
	assert_int_equal(a.stripe.inline_len, 0);
	assert_int_equal(a.have + b.have, 2);
	numbers[0] = a.stripe.number;
	numbers[1] = b.stripe.number;
	memcpy(shares[0], a.stripe.letter_key, DLB_KEY_LEN);
	memcpy(shares[1], b.stripe.letter_key, DLB_KEY_LEN);
	assert_int_equal(dlb_shares_join(key, numbers,
				 (const uint8_t(*)[DLB_KEY_LEN])shares, 2),
		DLB_OK);
	assert_false(dlb_key_fits(&a.stripe, key));
	assert_false(opens_under(n, &a, key));
	assert_false(opens_under(n, &b, key));
	assert_false(opens_under(n, &a, a.stripe.letter_key));
	assert_false(opens_under(n, &a, b.stripe.letter_key));
	assert_false(opens_under(n, &b, b.stripe.letter_key));
	assert_false(opens_under(n, &a, zero));
	dlb_node_close(n);
}

/* ---- stripes that someone made to harm ------------------------------------------- */

/* Seals heads (and no other cells) as Alice can, into her outgoing cells. */
static void
insert_head(struct world *w, const struct dlb_stripe *stripe)
{
	struct dlb_seal_to to;
	struct dlb_seal_from from;
	struct dlb_sealer *sealer;
	struct dlb_sealing *l = dlb_sealing_new(w->n);
	static const uint8_t zeros[DLB_CELL_LEN];

	assert_non_null(l);
	assert_dlb_ok(w->f,
		dlb_correspondent_seal_keys(w->n->letterbox, w->bob,
			w->n->clock.now_ms, false, &to, &from, &w->f->err));
	from.card_len = 0;
	l->stripe = *stripe;
	l->row.to = w->bob;
	l->row.kind = DLB_KIND_LETTER;
	l->row.now = true;
	assert_int_equal(
		dlb_buf_append(&l->head, zeros, sizeof(zeros)), DLB_OK);
	assert_dlb_ok(w->f,
		dlb_sealer_new(&sealer, w->n, &to, &from, DLB_HELD | DLB_OWN,
			&w->f->err));
	assert_dlb_ok(w->f,
		dlb_sealer_add(sealer, l, 0, l->stripe.inline_len, &w->f->err));
	assert_dlb_ok(w->f, dlb_sealer_flush(sealer, &w->f->err));
	/* One cell to give, whatever the stripe says. */
	l->stripe.cells = l->stripe.n = l->stripe.k = 1;
	assert_dlb_ok(w->f, dlb_sealing_note(l, w->n, &w->f->err));
	assert_dlb_ok(w->f, dlb_letterbox_commit(w->n->letterbox, &w->f->err));
	dlb_sealer_free(sealer);
	dlb_sealing_free(l);
}

static struct dlb_stripe
some_stripe(struct world *w, uint8_t k, uint8_t n, uint8_t number, uint64_t len)
{
	struct dlb_sealing *l = dlb_sealing_new(w->n);
	struct dlb_stripe s;

	assert_non_null(l);
	s = l->stripe;
	dlb_sealing_free(l);
	s.k = k;
	s.n = n;
	s.number = number;
	s.content_len = len;
	s.stripe_len = len / k + (len % k > 0);
	assert_int_equal(dlb_stripe_layout(&s, 0), DLB_OK);
	return s;
}

/* Of the same sealing, another number and key. */
static struct dlb_stripe
sibling(struct world *w, const struct dlb_stripe *of, uint8_t number)
{
	struct dlb_stripe s = *of;

	s.number = number;
	dlb_random(w->n->env, s.stripe_key, sizeof(s.stripe_key));
	return s;
}

static void
stripes_that_disagree_are_not_put_together(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct dlb_stripe first, other;
	struct dlb_node *n;
	struct seen s;

	world_open(&w, f);
	first = some_stripe(&w, 2, 3, 0, 1000);
	insert_head(&w, &first);
	other = sibling(&w, &first, 0); /* the same number again */
	insert_head(&w, &other);
	other = sibling(&w, &first, 1); /* another n */
	other.n = 4;
	insert_head(&w, &other);
	other = sibling(&w, &first, 1); /* another length */
	other.content_len--;
	assert_int_equal(dlb_stripe_layout(&other, 0), DLB_OK);
	insert_head(&w, &other);
	other = sibling(&w, &first, 1); /* another letter key */
	other.letter_key[0] ^= 1;
	insert_head(&w, &other);
	n = world_deliver(&w);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.rows, 1);
	assert_int_equal(s.last.state, DLB_IN_PARTLY);
	assert_int_equal(s.last.whole, 1);
	dlb_node_close(n);
}

/* A threshold whose commitment is to another content, or to another key. */
static void
a_threshold_is_what_it_commits_to(void **state)
{
	for (unsigned wrong = 0; wrong < 2; wrong++) {
		uint8_t shares[3][DLB_KEY_LEN], key[DLB_KEY_LEN],
			content[DLB_HASH_LEN];
		struct fixture *f;
		struct world w;
		struct dlb_stripe first;
		struct dlb_node *n;
		struct seen s;

		if (wrong) {
			assert_int_equal(fixture_teardown(state), 0);
			assert_int_equal(fixture_setup(state), 0);
		}
		f = *state;
		world_open(&w, f);
		first = some_stripe(&w, 2, 3, 0, 0);
		first.mode = DLB_STRIPE_THRESHOLD;
		assert_int_equal(dlb_stripe_layout(&first, 0), DLB_OK);
		dlb_random(w.n->env, key, sizeof(key));
		dlb_random(w.n->env, content, sizeof(content));
		dlb_shares_make(shares, 2, 3, key, w.n->env);
		key[0] ^= (uint8_t)wrong;
		dlb_commit(first.commitment, &first, key, content);
		for (uint8_t i = 0; i < 3; i++) {
			struct dlb_stripe stripe = sibling(&w, &first, i);

			memcpy(stripe.letter_key, shares[i], DLB_KEY_LEN);
			insert_head(&w, &stripe);
		}
		n = world_deliver(&w);
		s = world_inbox(f, n);
		assert_int_equal(s.n, 1);
		assert_int_equal(
			world_read(f, n, s.numbers[0], "out"), DLB_FORGED);
		assert_non_null(strstr(f->err.msg, "ask its sender"));
		assert_int_equal(access(fixture_path(f, "out"), F_OK), -1);
		dlb_node_close(n);
	}
}

/* Zeros in all stripes: no content stream, and said so. */
static void
content_that_is_none_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct dlb_stripe first, other;
	struct dlb_node *n;
	struct seen s;

	world_open(&w, f);
	first = some_stripe(&w, 2, 3, 1, 1000);
	insert_head(&w, &first);
	other = sibling(&w, &first, 2);
	insert_head(&w, &other);
	n = world_deliver(&w);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.rows, 2);
	assert_int_equal(s.last.state, DLB_IN_UNREAD);
	assert_int_not_equal(world_read(f, n, s.numbers[0], "out"), DLB_OK);
	assert_true(strlen(f->err.msg) > 0);
	assert_int_equal(access(fixture_path(f, "out"), F_OK), -1);
	dlb_node_close(n);
}

static void
damage(struct fixture *f, struct dlb_node *n, const struct dlb_in_letter *row)
{
	uint8_t handle[DLB_HANDLE_LEN];
	struct dlb_satchel_change c = {.number = DLB_NO_ENTRY};

	dlb_stripe_handle(handle, row->stripe.stripe_key, 1);
	c.number = dlb_satchel_find_handle(n->satchel, handle, DLB_NO_ENTRY);
	assert_int_not_equal(c.number, DLB_NO_ENTRY);
	assert_dlb_ok(f, dlb_satchel_update(n->satchel, &c, 1, &f->err));
}

struct damaging {
	struct fixture *f;
	struct dlb_node *n;
	unsigned left;
};

static bool
damage_some(void *ctx, const struct dlb_in_letter *row)
{
	struct damaging *d = ctx;

	if (d->left > 0) {
		d->left--;
		damage(d->f, d->n, row);
	}
	return true;
}

/* More stripes than suffice make good for cells that are lost here; what does not
 * suffice any more waits for them. */
static void
lost_cells_are_made_good_or_waited_for(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct dlb_node *n;
	struct damaging d = {.f = f, .left = 2};
	struct dlb_damage found;
	struct seen s;

	world_open(&w, f);
	fixture_file(f, "film", LEN, 8);
	world_send(&w, "film", 3, 5, false);
	n = world_deliver(&w);
	d.n = n;
	assert_dlb_ok(f, dlb_in_each(n->letterbox, damage_some, &d, &f->err));
	assert_dlb_ok(f, dlb_node_damage(n, &found, &f->err));
	assert_int_equal(found.in, 0);
	s = world_inbox(f, n);
	assert_dlb_ok(f, world_read(f, n, s.numbers[0], "one"));
	assert_true(fixture_same(f, "film", "one/film"));

	d.left = 3;
	assert_int_equal(s.rows, 5);
	/* Two have lost theirs already. */
	{
		struct dlb_stripe_set set;

		assert_dlb_ok(f, dlb_stripes_load(&set, n, &s.last, &f->err));
		for (size_t at = 0; at < set.n && d.left > 0; at++) {
			uint8_t handle[DLB_HANDLE_LEN];

			dlb_stripe_handle(
				handle, set.rows[at].stripe.stripe_key, 1);
			if (dlb_satchel_find_handle(
				    n->satchel, handle, DLB_NO_ENTRY)
				== DLB_NO_ENTRY)
				continue;
			damage(f, n, &set.rows[at]);
			d.left--;
		}
		dlb_stripes_free(&set);
	}
	assert_int_equal(world_read(f, n, s.numbers[0], "two"), DLB_PARTLY);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.last.state, DLB_IN_PARTLY);
	assert_int_equal(s.last.whole, 0);
	/* The stick still has them. */
	fixture_meet(f, n, "usb");
	s = world_inbox(f, n);
	assert_int_equal(s.last.state, DLB_IN_UNREAD);
	assert_dlb_ok(f, world_read(f, n, s.numbers[0], "two"));
	assert_true(fixture_same(f, "film", "two/film"));
	dlb_node_close(n);
}

/* A second sealing of the letter: its stripes are never put to those of the first. */
static void
stripes_of_two_sealings_are_not_mixed(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct dlb_node *n;
	struct seen s;
	struct dlb_send_result r;
	const char *path;
	struct dlb_send_options o = {
		.paths = &path, .paths_n = 1, .stdin_fd = -1};
	int64_t number;

	world_open(&w, f);
	fixture_file(f, "film", LEN, 5);
	number = world_send(&w, "film", 3, 5, false);
	world_drop_all_but(&w, number, 5, 0x03);
	fixture_meet_now(f, w.n, "usb");
	n = fixture_open(f, "bob");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);

	path = fixture_path(f, "film");
	assert_dlb_ok(f,
		dlb_node_resend(
			w.n, number, &o, &r, NULL, NULL, NULL, &f->err));
	assert_int_equal(r.cells, 10);
	world_drop_all_but(&w, number, 5, 0x0c);
	fixture_meet_now(f, w.n, "usb");
	n = fixture_open(f, "bob");
	fixture_meet(f, n, "usb");
	s = world_inbox(f, n);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.rows, 4);
	assert_int_equal(s.last.state, DLB_IN_PARTLY);
	dlb_node_close(n);

	/* The second sealing gets whole, and is the letter. */
	path = fixture_path(f, "film");
	assert_dlb_ok(f,
		dlb_node_resend(
			w.n, number, &o, &r, NULL, NULL, NULL, &f->err));
	world_drop_all_but(&w, number, 5, 0x1a);
	n = world_deliver(&w);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.rows, 3);
	assert_int_equal(s.last.state, DLB_IN_UNREAD);
	assert_dlb_ok(f, world_read(f, n, s.numbers[0], "out"));
	assert_true(fixture_same(f, "film", "out/film"));
	assert_dlb_ok(f, dlb_node_delete(n, s.numbers[0], &f->err));
	assert_int_equal(world_held(n), 0);
	dlb_node_close(n);
}

static void
what_can_not_be_split_is_refused(void **state)
{
	static const struct {
		unsigned need, of;
		bool threshold;
	} bad[] = {{4, 3, false}, {0, 3, false}, {2, 256, false}, {1, 3, true},
		{0, 0, true}, {3, 0, false}};
	struct fixture *f = *state;
	struct world w;

	world_open(&w, f);
	for (size_t i = 0; i < DLB_ARRAY_LEN(bad); i++) {
		struct dlb_send_options o = {.message = "m",
			.message_len = 1,
			.stdin_fd = -1,
			.need = bad[i].need,
			.of = bad[i].of,
			.threshold = bad[i].threshold};
		struct dlb_send_result r;

		assert_int_equal(dlb_node_send(w.n, w.bob, &o, &r, NULL, NULL,
					 NULL, &f->err),
			DLB_USAGE);
	}
	assert_int_equal(world_held(w.n), 0);
	dlb_node_close(w.n);
}

/* Standard input, whose size is written into the start of the content at the end. */
static void
what_is_piped_in_can_be_split(void **state)
{
	struct fixture *f = *state;
	struct world w;
	struct dlb_node *n;
	struct seen s;

	world_open(&w, f);
	fixture_file(f, "film", LEN, 6);
	for (unsigned threshold = 0; threshold < 2; threshold++) {
		static const char *const standard[] = {"-"};
		struct dlb_send_options o = {.paths = standard,
			.paths_n = 1,
			.stdin_name = "film",
			.need = 3,
			.of = 5,
			.threshold = threshold,
			.stdin_fd = open(fixture_path(f, "film"), O_RDONLY)};
		struct dlb_send_result r;

		assert_dlb_ok(f,
			dlb_node_send(
				w.n, w.bob, &o, &r, NULL, NULL, NULL, &f->err));
		close(o.stdin_fd);
		world_drop_all_but(&w, r.first_number, 5, 0x1c);
	}
	n = world_deliver(&w);
	s = world_inbox(f, n);
	assert_int_equal(s.n, 2);
	assert_dlb_ok(f, world_read(f, n, s.numbers[0], "a"));
	assert_true(fixture_same(f, "film", "a/film"));
	assert_dlb_ok(f, world_read(f, n, s.numbers[1], "b"));
	assert_true(fixture_same(f, "film", "b/film"));
	dlb_node_close(n);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(any_three_of_five_stripes_suffice),
		TEST(any_three_of_five_stripes_of_a_threshold_suffice),
		TEST(all_stripes_are_one_letter),
		TEST(two_of_three_wait_for_the_third),
		TEST(a_stripe_with_a_hole_is_not_whole),
		TEST(stripes_that_disagree_are_not_put_together),
		TEST(two_of_three_are_worth_nothing_with_the_readers_keys),
		TEST(a_threshold_is_what_it_commits_to),
		TEST(lost_cells_are_made_good_or_waited_for),
		TEST(content_that_is_none_is_an_error),
		TEST(stripes_of_two_sealings_are_not_mixed),
		TEST(what_can_not_be_split_is_refused),
		TEST(what_is_piped_in_can_be_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
