/* Letters out and in: numbers, order, doubles, and that a deleted one is gone but
 * not forgotten. */
#include "letterbox_test.h"

#include "state_internal.h"

static struct dlb_out_letter
an_out(unsigned i)
{
	struct dlb_out_letter o = {.to = 3,
		.kind = DLB_KIND_LETTER,
		.state = DLB_OUT_SEALING,
		.now = true,
		.sealed_ms = TEST_NOW_MS,
		.expiry_week = 135,
		.content_len = 1ULL << 49,
		.files = 2,
		.cells = 7,
		.shown = 0};

	o.need = 3;
	o.stripes = 5;
	o.threshold = true;
	memset(o.letter_id, (int)i, sizeof(o.letter_id));
	memset(o.sealing_id, (int)i + 1, sizeof(o.sealing_id));
	memset(o.recall_key, (int)i + 2, sizeof(o.recall_key));
	snprintf(o.summary, sizeof(o.summary), "letter %u", i);
	return o;
}

/* Every field differs from every other. */
static struct dlb_in_letter
an_in(unsigned i)
{
	struct dlb_in_letter in = {.from = 4,
		.arrived_ms = TEST_NOW_MS + i,
		.state = DLB_IN_PARTLY,
		.have = 1,
		.whole = 2,
		.opening_id = 28, /* the month of the fixture */
		.box3_offset = 1400 + i};

	memset(&in.sender, 0x11, sizeof(in.sender));
	memset(in.head_name, 0x22, sizeof(in.head_name));
	in.stripe.mode = DLB_STRIPE_THRESHOLD;
	in.stripe.k = 2;
	in.stripe.n = 3;
	in.stripe.number = 1;
	for (int j = 0; j < 4; j++)
		in.stripe.letter_id[j] = (uint8_t)(i >> 8 * j);
	memset(in.stripe.sealing_id, 0x33, sizeof(in.stripe.sealing_id));
	memset(in.stripe.stripe_key, 0x44, sizeof(in.stripe.stripe_key));
	memset(in.stripe.letter_key, 0x55, sizeof(in.stripe.letter_key));
	memset(in.stripe.commitment, 0x66, sizeof(in.stripe.commitment));
	in.stripe.content_len = 0x1122334455667788;
	in.stripe.stripe_len = 0x99aabbccddeeff00;
	in.stripe.cells = 0x00fffffe;
	in.stripe.inline_len = 60001;
	in.stripe.expiry_week = 140;
	memset(in.box3_key, 0x77, sizeof(in.box3_key));
	memset(in.transcript, 0x88, sizeof(in.transcript));
	in.has_card = true;
	memset(in.card_key.key, 0x99, sizeof(in.card_key.key));
	memset(in.card_key.transcript, 0xaa, sizeof(in.card_key.transcript));
	return in;
}

static void
letters_out_are_kept(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_out_letter o = an_out(1), got;

	assert_ok(dlb_out_add(l, &o, &f->err));
	assert_int_equal(o.number, 1);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_out_get(l, &got, 1, &f->err));
	assert_memory_equal(&got, &o, sizeof(o));
	o.state = DLB_OUT_SHOWN;
	o.shown = 7;
	o.now = false;
	assert_ok(dlb_out_update(l, &o, &f->err));
	assert_ok(dlb_out_get(l, &got, 1, &f->err));
	assert_memory_equal(&got, &o, sizeof(o));
	o.number = 2;
	assert_int_equal(dlb_out_update(l, &o, &f->err), DLB_NOT_FOUND);
	assert_int_equal(dlb_out_get(l, &got, 2, &f->err), DLB_NOT_FOUND);
	assert_ok(dlb_out_delete(l, 1, &f->err));
	assert_int_equal(dlb_out_delete(l, 1, &f->err), DLB_NOT_FOUND);
	assert_int_equal(dlb_out_get(l, &got, 1, &f->err), DLB_NOT_FOUND);
	dlb_letterbox_close(l);
}

static void
letters_in_are_kept(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter in = an_in(1), got;

	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_in_get(l, &got, in.number, &f->err));
	assert_memory_equal(&got, &in, sizeof(in));
	in.state = DLB_IN_UNREAD;
	in.have = 12;
	in.described = true;
	in.kind = DLB_KIND_RECEIPT;
	in.files = 3;
	in.files_len = 1ULL << 50;
	strcpy(in.summary, "hello");
	assert_ok(dlb_in_update(l, &in, &f->err));
	assert_ok(dlb_in_get(l, &got, in.number, &f->err));
	assert_memory_equal(&got, &in, sizeof(in));
	assert_int_equal(dlb_in_get(l, &got, 77, &f->err), DLB_NOT_FOUND);
	/* Without a card. */
	in = an_in(2);
	in.has_card = false;
	memset(&in.card_key, 0, sizeof(in.card_key));
	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_ok(dlb_in_get(l, &got, in.number, &f->err));
	assert_memory_equal(&got, &in, sizeof(in));
	dlb_letterbox_close(l);
}

/* What a home was made with before cards were kept, and the key's number: they are
 * taken for sealed to the last key that there is. */
static void
letters_of_before_have_no_card(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter in = an_in(1), got;

	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_int_equal(
		sqlite3_exec(l->db.sql,
			"DROP TABLE audit;"
			"DROP TABLE own_roster; DROP TABLE rosters;"
			"DROP TABLE vouched;"
			"DROP TRIGGER bulletin_gone; DROP TABLE bulletins;"
			"DROP TABLE authors; DROP TABLE bulletin_days;"
			"DROP INDEX out_ids; DROP INDEX in_kinds;"
			"DROP INDEX in_again; DROP INDEX out_recalls;"
			"ALTER TABLE letters_out DROP COLUMN recalled_ms;"
			"ALTER TABLE letters_out DROP COLUMN released;"
			"ALTER TABLE letters_out DROP COLUMN unreleased;"
			"DROP TRIGGER out_gone; DROP TRIGGER out_replaced;"
			"DROP TABLE out_given;"
			"DROP INDEX in_stripes; DROP INDEX in_split;"
			"ALTER TABLE letters_in DROP COLUMN stripe_of;"
			"ALTER TABLE letters_in DROP COLUMN stripes;"
			"ALTER TABLE letters_in DROP COLUMN whole;"
			"ALTER TABLE letters_in DROP COLUMN shown;"
			"ALTER TABLE letters_out DROP COLUMN need;"
			"ALTER TABLE letters_out DROP COLUMN stripes;"
			"ALTER TABLE letters_out DROP COLUMN threshold;"
			"ALTER TABLE letters_in DROP COLUMN again_of;"
			"ALTER TABLE letters_out DROP COLUMN again_ms;"
			"ALTER TABLE letters_out DROP COLUMN recipe;"
			"DROP TABLE receipts_owed; DROP TABLE trips;"
			"DROP TABLE briefed;"
			"ALTER TABLE boxes DROP COLUMN place;"
			"ALTER TABLE letters_in DROP COLUMN receipt;"
			"ALTER TABLE letters_in DROP COLUMN acked_week;"
			"ALTER TABLE letters_out DROP COLUMN kind;"
			"ALTER TABLE letters_out DROP COLUMN receipt;"
			"ALTER TABLE letters_out DROP COLUMN arrived_ms;"
			"ALTER TABLE correspondents DROP COLUMN receipts;"
			"ALTER TABLE letters_in DROP COLUMN card;"
			"ALTER TABLE letters_in DROP COLUMN opening;"
			"ALTER TABLE epochs DROP COLUMN begun;"
			"ALTER TABLE epochs DROP COLUMN ended;"
			"DROP TABLE condemned;"
			"PRAGMA user_version = 2",
			NULL, NULL, NULL),
		SQLITE_OK);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	in.has_card = false;
	memset(&in.card_key, 0, sizeof(in.card_key));
	in.opening_id = 39;
	in.whole = 0;
	assert_ok(dlb_in_get(l, &got, in.number, &f->err));
	assert_memory_equal(&got, &in, sizeof(in));
	dlb_letterbox_close(l);
}

static void
no_letter_comes_twice(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter a = an_in(1), b = an_in(1), c = an_in(2),
			     d = an_in(1), got;

	d.sender.agree[31] ^= 1;
	assert_false(dlb_in_seen(l, &a));
	assert_ok(dlb_in_add(l, &a, &f->err));
	assert_true(dlb_in_seen(l, &b));
	assert_false(dlb_in_seen(l, &d));
	assert_int_equal(dlb_in_add(l, &b, &f->err), DLB_DUPLICATE);
	assert_int_equal(b.number, a.number);
	assert_ok(dlb_in_add(l, &c, &f->err));
	/* The same id of another sender is another letter. */
	assert_ok(dlb_in_add(l, &d, &f->err));
	assert_int_equal(d.number, 3);
	assert_ok(dlb_in_delete(l, a.number, &f->err));
	assert_int_equal(dlb_in_delete(l, a.number, &f->err), DLB_NOT_FOUND);
	assert_true(dlb_in_seen(l, &b));
	assert_int_equal(dlb_in_update(l, &a, &f->err), DLB_NOT_FOUND);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	b = an_in(1);
	assert_int_equal(dlb_in_add(l, &b, &f->err), DLB_DUPLICATE);
	assert_int_equal(b.number, 1);
	assert_ok(dlb_in_get(l, &got, 1, &f->err));
	a = (struct dlb_in_letter){.number = 1, .state = DLB_IN_DELETED};
	assert_memory_equal(&got, &a, sizeof(a));
	/* To update to deleted is to delete. */
	c.state = DLB_IN_DELETED;
	assert_ok(dlb_in_update(l, &c, &f->err));
	assert_ok(dlb_in_get(l, &got, c.number, &f->err));
	assert_string_equal(got.summary, "");
	assert_int_equal(got.stripe.cells, 0);
	dlb_letterbox_close(l);
}

/* Who seals one letter again and again gets no more than so much of it kept. */
static void
sealings_of_one_letter_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter in = an_in(1);

	assert_ok(dlb_in_add(l, &in, &f->err));
	for (uint8_t i = 0; i < DLB_IN_AGAIN_MAX + 3; i++) {
		in = an_in(1);
		in.stripe.sealing_id[0] = (uint8_t)(0x80 + i);
		assert_int_equal(dlb_in_add(l, &in, &f->err),
			i < DLB_IN_AGAIN_MAX ? DLB_OK : DLB_DUPLICATE);
	}
	/* Another letter's are counted on their own. */
	in = an_in(2);
	assert_ok(dlb_in_add(l, &in, &f->err));
	in = an_in(2);
	in.stripe.sealing_id[0] = 0x80;
	assert_ok(dlb_in_add(l, &in, &f->err));
	dlb_letterbox_close(l);
}

static void
numbers_are_never_given_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_out_letter o = an_out(1);
	struct dlb_in_letter in = an_in(1);

	assert_ok(dlb_out_add(l, &o, &f->err));
	assert_ok(dlb_in_add(l, &in, &f->err));
	assert_int_equal(o.number, 1);
	assert_int_equal(in.number, 2);
	assert_ok(dlb_out_delete(l, 1, &f->err));
	assert_ok(dlb_in_delete(l, 2, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	o.number = 0;
	assert_ok(dlb_out_add(l, &o, &f->err));
	assert_int_equal(o.number, 3);
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	o.number = 0;
	assert_ok(dlb_out_add(l, &o, &f->err));
	assert_int_equal(o.number, 4);
	dlb_letterbox_close(l);
}

struct walk {
	struct dlb_letterbox *l;
	int64_t numbers[16];
	size_t n, stop;
};

static bool
walk_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct walk *w = ctx;

	w->numbers[w->n++] = letter->number;
	/* The list may change under the walk. */
	if (w->l)
		assert_ok(dlb_in_delete(w->l, letter->number, NULL));
	return w->n != w->stop;
}

static bool
walk_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct walk *w = ctx, inner = {0};

	w->numbers[w->n++] = letter->number;
	if (w->l)
		assert_ok(dlb_out_each(w->l, walk_out, &inner, NULL));
	return w->n != w->stop;
}

static void
lists_go_by_number(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct walk w = {0};

	for (unsigned i = 0; i < 6; i++) {
		struct dlb_in_letter in = an_in(100 - i);
		struct dlb_out_letter o = an_out(i);

		assert_ok(dlb_in_add(l, &in, &f->err));
		assert_ok(dlb_out_add(l, &o, &f->err));
	}
	assert_ok(dlb_in_delete(l, 5, &f->err));
	assert_ok(dlb_in_each(l, walk_in, &w, &f->err));
	assert_int_equal(w.n, 5);
	assert_int_equal(w.numbers[0], 1);
	assert_int_equal(w.numbers[2], 7);
	assert_int_equal(w.numbers[4], 11);
	w = (struct walk){.l = l};
	assert_ok(dlb_out_each(l, walk_out, &w, &f->err));
	assert_int_equal(w.n, 6);
	assert_int_equal(w.numbers[5], 12);
	w = (struct walk){.stop = 2};
	assert_ok(dlb_out_each(l, walk_out, &w, &f->err));
	assert_int_equal(w.n, 2);
	w = (struct walk){.l = l};
	assert_ok(dlb_in_each(l, walk_in, &w, &f->err));
	assert_int_equal(w.n, 5);
	w = (struct walk){0};
	assert_ok(dlb_in_each(l, walk_in, &w, &f->err));
	assert_int_equal(w.n, 0);
	dlb_letterbox_close(l);
}

static void
names_of_cells(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_out_letter o = an_out(1), p = an_out(2);
	uint8_t names[10 * 32];
	struct dlb_buf got = {0};

	for (size_t i = 0; i < sizeof(names); i++)
		names[i] = (uint8_t)(i / 32);
	assert_ok(dlb_out_add(l, &o, &f->err));
	assert_ok(dlb_out_add(l, &p, &f->err));
	assert_ok(dlb_out_cells_append(l, p.number, names + 96, 1, &f->err));
	assert_ok(dlb_out_cells_append(l, o.number, names, 3, &f->err));
	assert_ok(dlb_out_cells_append(l, o.number, names, 0, &f->err));
	assert_ok(dlb_out_cells_append(l, o.number, names + 96, 7, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_out_cells(l, o.number, &got, &f->err));
	assert_int_equal(got.len, sizeof(names));
	assert_memory_equal(got.data, names, sizeof(names));
	assert_ok(dlb_out_cells(l, p.number, &got, &f->err));
	assert_int_equal(got.len, 32);
	assert_ok(dlb_out_delete(l, o.number, &f->err));
	assert_ok(dlb_out_cells(l, o.number, &got, &f->err));
	assert_int_equal(got.len, 0);
	assert_ok(dlb_out_cells(l, p.number, &got, &f->err));
	assert_int_equal(got.len, 32);
	assert_int_equal(
		dlb_out_cells_append(l, 0, names, 1, &f->err), DLB_NOT_FOUND);
	assert_int_equal(
		dlb_out_cells(l, INT64_MAX, &got, &f->err), DLB_NOT_FOUND);
	dlb_buf_free(&got);
	dlb_letterbox_close(l);
}

/* Deleted letters leave nothing in the image, and much of it free gives back. */
static void
what_is_deleted_is_wiped(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_in_letter in = an_in(1);
	const void *image;
	size_t before, after;

	for (unsigned i = 0; i < 6000; i++) {
		in = an_in(i);
		strcpy(in.summary, "to be forgotten");
		assert_ok(dlb_in_add(l, &in, &f->err));
	}
	assert_ok(dlb_letterbox_commit(l, &f->err));
	image = dlb_db_image(&l->db, &before);
	assert_non_null(memmem(image, before, "to be forgotten", 15));
	for (int64_t i = 1; i <= 6000; i++)
		assert_ok(dlb_in_delete(l, i, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	image = dlb_db_image(&l->db, &after);
	assert_null(memmem(image, after, "to be forgotten", 15));
	assert_null(memmem(image, after, in.box3_key, 32));
	assert_null(memmem(image, after, in.card_key.key, 32));
	assert_true(after < before / 2);
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_in_add(l, &in, &f->err), DLB_DUPLICATE);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(letters_out_are_kept),
		TEST(letters_in_are_kept),
		TEST(letters_of_before_have_no_card),
		TEST(no_letter_comes_twice),
		TEST(sealings_of_one_letter_are_bounded),
		TEST(numbers_are_never_given_again),
		TEST(lists_go_by_number),
		TEST(names_of_cells),
		TEST(what_is_deleted_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
