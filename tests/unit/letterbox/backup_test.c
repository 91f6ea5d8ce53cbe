/*
 * What a backup of a letterbox holds and does not, and letterboxes that are had again.
 */
#include "backup.h"
#include "bulletins.h"
#include "letterbox_test.h"
#include "state_internal.h"

#include <sys/stat.h>

#define CAP 2031616u

/* A letterbox that knows two others, has a box, and sent a letter. */
static struct dlb_letterbox *
make(struct fixture *f, struct other *bob, struct other *carol)
{
	struct dlb_letterbox *l = fixture_create(f, "alice");
	struct dlb_out_letter out = {.kind = DLB_KIND_LETTER, .cells = 1};
	struct dlb_box box = {.name = "usb"};
	struct dlb_correspondent c;

	other_init(bob, f, "bob", 7);
	other_init(carol, f, "carol", 9);
	assert_ok(dlb_correspondent_add(l, &c, &bob->card, NULL, &f->err));
	assert_ok(dlb_correspondent_verify(l, c.id, true, &f->err));
	out.to = c.id;
	assert_ok(dlb_correspondent_add(
		l, &c, &carol->card, "my carol", &f->err));
	assert_ok(dlb_correspondent_receipts(l, c.id, false, &f->err));
	dlb_random(&f->env.env, out.recall_key, sizeof(out.recall_key));
	dlb_random(&f->env.env, out.letter_id, sizeof(out.letter_id));
	dlb_random(&f->env.env, out.sealing_id, sizeof(out.sealing_id));
	assert_ok(dlb_out_add(l, &out, &f->err));
	dlb_random(&f->env.env, box.root, sizeof(box.root));
	assert_ok(dlb_box_save(l, &box, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	return l;
}

static void
back_up(struct dlb_letterbox *l, struct dlb_buf *out, bool boxes)
{
	struct dlb_backup_options o = {.no_boxes = !boxes, .cap = CAP};
	struct dlb_error err;
	struct dlb_backup_counts left_out;

	out->len = 0;
	assert_ok(dlb_backup_content(l, out, &o, &left_out, &err));
	assert_int_equal(left_out.people, 0);
	assert_true(out->len <= CAP);
}

static bool
holds(const struct dlb_buf *b, const void *what, size_t len)
{
	return memmem(b->data, b->len, what, len) != NULL;
}

/* Every secret of the letterbox is looked for, in its bytes. */
static void
nothing_that_opens_or_finds_is_in_it(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf content = {0};
	struct dlb_box box;
	struct other bob, carol;
	struct dlb_letterbox *l = make(f, &bob, &carol);
	struct dlb_out_letter out;
	uint8_t root[DLB_KEY_LEN];

	back_up(l, &content, false);
	/* That the search finds what is there: */
	assert_true(holds(&content, dlb_letterbox_secret(l)->sign_seed, 32));
	assert_true(holds(&content, dlb_letterbox_secret(l)->agree, 32));
	assert_true(holds(&content, bob.card.last_resort, 64));
	assert_true(l->epochs.n >= 12 + 4 + 1);
	for (size_t i = 0; i < l->epochs.n; i++) {
		const struct dlb_epoch *e = l->epochs.list[i];
		uint8_t expanded[DLB_XWING_EXPANDED_LEN];

		for (size_t at = 0; at + 16 <= 32; at += 16)
			assert_false(holds(&content, e->seed + at, 16));
		if (e->kind == 1)
			continue;
		dlb_xwing_expand(expanded, e->seed);
		for (size_t at = 0; at + 32 <= 1152; at += 32)
			assert_false(holds(&content, expanded + at, 32));
	}
	dlb_letterbox_root(l, root);
	assert_false(holds(&content, root, 16));
	assert_ok(dlb_out_get(l, &out, 1, &f->err));
	assert_false(holds(&content, out.recall_key, 16));
	assert_false(holds(&content, out.letter_id, 16));
	assert_ok(dlb_box_by_name(l, &box, "usb", &f->err));
	assert_false(holds(&content, box.root, 16));
	back_up(l, &content, true);
	assert_true(holds(&content, box.root, 32));
	dlb_buf_free(&content);
	dlb_letterbox_close(l);
}

static uint64_t
serial_of(struct dlb_letterbox *l)
{
	struct dlb_buf bytes = {0};
	struct dlb_error err;
	struct dlb_card card;

	assert_ok(dlb_letterbox_card(l, false, &bytes, &err));
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, &err));
	dlb_buf_free(&bytes);
	return card.serial;
}

/* Another letterbox in the same directory. */
static struct dlb_letterbox *
empty(struct fixture *f, const char *name, bool person)
{
	struct dlb_letterbox *l;
	char dir[sizeof(f->dir) + 16];

	snprintf(dir, sizeof(dir), "%s/%s", f->dir, name);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_ok(dlb_letterbox_create(&l, dlb_fs_posix(), dir, &f->unlock,
		person, person ? name : NULL, &f->env.env, &f->err));
	return l;
}

static void
what_was_there_is_there_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf content = {0};
	struct dlb_backup_info info;
	struct dlb_restored restored;
	struct dlb_correspondent c;
	struct other bob, carol;
	struct dlb_letterbox *l = make(f, &bob, &carol), *again;
	struct dlb_box box;
	int64_t made_s = TEST_NOW_MS / 1000;
	uint32_t day, again_day;
	uint8_t slot;

	back_up(l, &content, true);
	assert_ok(
		dlb_bulletin_take_slot(l, f->env.now_ms, &day, &slot, &f->err));
	assert_ok(dlb_backup_look(&info, content.data, content.len, &f->err));
	assert_string_equal(info.name, "alice");
	assert_int_equal(info.serial, serial_of(l));
	assert_int_equal(info.counts.people, 2);
	assert_int_equal(info.counts.boxes, 1);
	assert_memory_equal(&info.identity, dlb_letterbox_identity(l),
		sizeof(info.identity));
	again = empty(f, "again", false);
	assert_ok(dlb_letterbox_restore(again, &restored, content.data,
		content.len, made_s, 0, &f->err));
	assert_int_equal(restored.counts.people, 2);
	assert_int_equal(restored.counts.boxes, 1);
	assert_int_equal(restored.serial, made_s + 1);
	assert_int_equal(serial_of(again), made_s + 1);
	assert_memory_equal(dlb_letterbox_identity(again),
		dlb_letterbox_identity(l), sizeof(struct dlb_identity));
	assert_ok(dlb_correspondent_by_name(again, &c, "bob", &f->err));
	assert_true(c.verified);
	assert_int_equal(c.serial, 7);
	assert_true(c.receipts);
	assert_ok(dlb_correspondent_by_name(again, &c, "my carol", &f->err));
	assert_false(c.verified);
	assert_false(c.receipts);
	assert_ok(dlb_box_by_name(again, &box, "usb", &f->err));
	/* Handles of bulletins that may have been posted since are not used. */
	assert_ok(dlb_bulletin_take_slot(
		again, f->env.now_ms, &again_day, &slot, &f->err));
	assert_true(again_day > day);
	/* No secret of an epoch is one of before. */
	assert_int_equal(again->epochs.n, l->epochs.n);
	for (size_t i = 0; i < l->epochs.n; i++)
		for (size_t k = 0; k < again->epochs.n; k++)
			assert_memory_not_equal(l->epochs.list[i]->seed,
				again->epochs.list[k]->seed, 32);
	assert_ok(dlb_letterbox_commit(again, &f->err));
	/* Nobody's home is taken. */
	assert_int_equal(dlb_letterbox_restore(again, &restored, content.data,
				 content.len, made_s, 0, &f->err),
		DLB_EXISTS);
	dlb_letterbox_close(again);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
}

/* Whatever the others have seen, and however often it is restored. */
static void
the_serial_is_above_all_before(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf content = {0};
	struct dlb_restored restored;
	struct other bob, carol;
	struct dlb_letterbox *l = make(f, &bob, &carol), *a, *b, *c;
	int64_t made_s = TEST_NOW_MS / 1000;
	bool renewed;

	back_up(l, &content, false);
	f->env.now_ms += 60 * DLB_DAY_MS;
	a = empty(f, "a", false);
	assert_ok(dlb_letterbox_restore(
		a, &restored, content.data, content.len, made_s, 0, &f->err));
	/* A second restoring, when the first one has issued two more. */
	f->env.now_ms += 40 * DLB_DAY_MS;
	assert_ok(dlb_clock_confirm(a, &f->err));
	assert_ok(dlb_letterbox_renew(a, &renewed, &f->err));
	assert_true(renewed);
	assert_int_equal(serial_of(a), restored.serial + 1);
	b = empty(f, "b", false);
	assert_ok(dlb_letterbox_restore(
		b, &restored, content.data, content.len, made_s, 0, &f->err));
	assert_true(serial_of(b) > serial_of(a));
	/* One that was issued by a clock that was ahead. */
	c = empty(f, "c", false);
	assert_ok(dlb_letterbox_restore(c, &restored, content.data, content.len,
		made_s, 1ULL << 40, &f->err));
	assert_int_equal(serial_of(c), (1ULL << 40) + 1);
	assert_ok(dlb_letterbox_rollback(c, &f->err));
	dlb_letterbox_close(c);
	c = empty(f, "d", false);
	assert_int_equal(dlb_letterbox_restore(c, &restored, content.data,
				 content.len, made_s, UINT64_MAX, &f->err),
		DLB_LIMIT);
	/* The backup is of tomorrow. */
	assert_int_equal(
		dlb_letterbox_restore(c, &restored, content.data, content.len,
			f->env.now_ms / 1000 + 86400, 0, &f->err),
		DLB_CLOCK);
	dlb_letterbox_close(a);
	dlb_letterbox_close(b);
	dlb_letterbox_close(c);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
}

/* One that waits: its keys are destroyed, people that it came to know stay. */
static void
who_waited_is_who_they_were(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf content = {0}, before = {0}, own = {0};
	struct dlb_restored restored;
	struct dlb_correspondent c;
	struct dlb_card card;
	struct other bob, carol, newer, other;
	struct dlb_letterbox *l = make(f, &bob, &carol), *w;
	uint32_t destroyed;
	size_t keys;

	back_up(l, &content, false);
	w = empty(f, "waiting", true);
	assert_ok(dlb_letterbox_set_waits(w, true, &f->err));
	/* They know bob by a newer card, someone else by carol's name, and alice. */
	newer = bob;
	newer.card.serial = 8;
	other_sign(&newer);
	assert_ok(dlb_correspondent_add(w, &c, &newer.card, "robert", &f->err));
	other_init(&other, f, "my carol", 3);
	assert_ok(
		dlb_correspondent_add(w, &c, &other.card, "my carol", &f->err));
	assert_ok(dlb_letterbox_card(l, false, &own, &f->err));
	assert_ok(dlb_card_parse(&card, own.data, own.len, &f->err));
	assert_ok(dlb_correspondent_add(w, &c, &card, NULL, &f->err));
	assert_ok(dlb_letterbox_commit(w, &f->err));
	keys = w->epochs.n;
	for (size_t i = 0; i < keys; i++)
		assert_ok(dlb_buf_append(&before, w->epochs.list[i]->seed, 32));

	/* Undone, it waits as before. */
	assert_ok(dlb_letterbox_restore(w, &restored, content.data, content.len,
		TEST_NOW_MS / 1000, 0, &f->err));
	assert_ok(dlb_letterbox_rollback(w, &f->err));
	assert_true(dlb_letterbox_waits(w));
	assert_memory_not_equal(dlb_letterbox_identity(w),
		dlb_letterbox_identity(l), sizeof(struct dlb_identity));
	assert_int_equal(w->epochs.n, keys);
	for (size_t i = 0; i < keys; i++)
		assert_memory_equal(
			w->epochs.list[i]->seed, before.data + 32 * i, 32);

	assert_ok(dlb_letterbox_restore(w, &restored, content.data, content.len,
		TEST_NOW_MS / 1000, 0, &f->err));
	assert_ok(dlb_letterbox_commit(w, &f->err));
	assert_false(dlb_letterbox_waits(w));
	assert_true(dlb_keys_condemned(w) >= keys);
	assert_ok(dlb_keys_destroy(w, &destroyed, &f->err));
	assert_true(destroyed >= keys);
	assert_int_equal(dlb_keys_condemned(w), 0);
	for (size_t i = 0; i < w->epochs.n; i++)
		assert_null(memmem(
			before.data, before.len, w->epochs.list[i]->seed, 32));
	assert_ok(dlb_correspondent_by_name(w, &c, "bob", &f->err));
	assert_int_equal(c.serial, 8);
	assert_true(c.verified);
	assert_false(c.heard || c.greeted);
	assert_ok(dlb_correspondent_by_name(w, &c, "my carol-2", &f->err));
	assert_memory_equal(
		&c.identity, &carol.card.identity, sizeof(c.identity));
	assert_int_equal(
		dlb_correspondent_by_identity(w, &c, dlb_letterbox_identity(l)),
		DLB_NOT_FOUND);
	dlb_letterbox_close(w);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
	dlb_buf_free(&before);
	dlb_buf_free(&own);
}

static void
who_has_no_room_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "alice");
	struct dlb_backup_options o = {.cap = 3 * 17000};
	struct dlb_backup_info info;
	struct dlb_buf content = {0};
	struct other who;
	struct dlb_backup_counts left_out;
	int64_t ids[5];

	for (unsigned i = 0; i < 5; i++) {
		struct dlb_correspondent c;
		char name[8];

		snprintf(name, sizeof(name), "p%u", i);
		other_init(&who, f, name, 1);
		assert_ok(
			dlb_correspondent_add(l, &c, &who.card, NULL, &f->err));
		if (i == 3)
			assert_ok(dlb_correspondent_verify(
				l, c.id, true, &f->err));
		ids[i] = c.id;
	}
	o.first = &ids[4];
	o.first_n = 1;
	assert_ok(dlb_backup_content(l, &content, &o, &left_out, &f->err));
	assert_ok(dlb_backup_look(&info, content.data, content.len, &f->err));
	assert_int_equal(info.counts.people, 3);
	assert_int_equal(left_out.people, 2);
	assert_non_null(memmem(content.data, content.len, "\2p4", 3));
	assert_non_null(memmem(content.data, content.len, "\2p3", 3));
	assert_null(memmem(content.data, content.len, "\2p1", 3));
	/* Who keeps a share is not left out. */
	o.first = ids;
	o.first_n = 5;
	content.len = 0;
	assert_int_equal(
		dlb_backup_content(l, &content, &o, &left_out, &f->err),
		DLB_LIMIT);
	dlb_buf_free(&content);
	dlb_letterbox_close(l);
}

static void
what_is_no_backup_is_refused(void **state)
{
	struct fixture *f = *state;
	struct dlb_buf content = {0};
	struct dlb_backup_info info;
	struct dlb_restored restored;
	struct other bob, carol;
	struct dlb_letterbox *l = make(f, &bob, &carol), *e;

	back_up(l, &content, true);
	for (size_t len = 0; len < content.len; len += len < 300 ? 1 : 97)
		assert_int_equal(
			dlb_backup_look(&info, content.data, len, &f->err),
			DLB_MALFORMED);
	content.data[0] = 3;
	assert_int_equal(
		dlb_backup_look(&info, content.data, content.len, &f->err),
		DLB_UNSUPPORTED);
	content.data[0] = 2;
	assert_ok(dlb_buf_append(&content, "\0\0\0", 3));
	assert_ok(dlb_backup_look(&info, content.data, content.len, &f->err));
	content.data[content.len - 1] = 1;
	assert_int_equal(
		dlb_backup_look(&info, content.data, content.len, &f->err),
		DLB_MALFORMED);
	content.data[content.len - 1] = 0;
	/* A card in it that is not sound does not keep the others. */
	{
		uint8_t *card = memmem(
			content.data, content.len, bob.card.last_resort, 64);

		assert_non_null(card);
		card[3] ^= 1;
	}
	e = empty(f, "e", false);
	assert_ok(dlb_letterbox_restore(e, &restored, content.data, content.len,
		TEST_NOW_MS / 1000, 0, &f->err));
	assert_int_equal(restored.counts.people, 1);
	assert_int_equal(restored.refused, 1);
	dlb_letterbox_close(e);
	dlb_letterbox_close(l);
	dlb_buf_free(&content);
}

static void
who_has_it_is_remembered(void **state)
{
	struct fixture *f = *state;
	struct dlb_backup_note note = {.made_s = 77,
				       .settled_s = 5,
				       .need = 2,
				       .n = 3,
				       .counted = true,
				       .held = {.people = 1}},
			       got;
	struct dlb_backup_counts more;
	struct other bob, carol;
	struct dlb_letterbox *l = make(f, &bob, &carol);
	struct dlb_out_letter out;
	int64_t number;

	assert_int_equal(dlb_backup_note_get(l, &got, NULL), DLB_NOT_FOUND);
	assert_ok(dlb_backup_note_renew(l, &f->err));
	assert_ok(dlb_out_get(l, &out, 1, &f->err));
	note.holders[1].correspondent = out.to;
	memcpy(note.holders[1].letter_id, out.letter_id, sizeof(out.letter_id));
	note.holders[2].correspondent = 99;
	note.holders[2].arrived_ms = 4;
	assert_ok(dlb_backup_note_set(l, &note, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_backup_note_renew(l, &f->err));
	assert_ok(dlb_backup_note_get(l, &got, &f->err));
	assert_memory_equal(&got, &note, sizeof(note));
	assert_int_equal(dlb_backup_note_arrived(&got), 1);
	/* A person and a box came since. */
	assert_ok(dlb_backup_note_new(l, &got, &more, &f->err));
	assert_int_equal(more.people, 1);
	assert_int_equal(more.boxes, 1);
	assert_int_equal(more.authors + more.rosters + more.own_rosters, 0);
	got.no_boxes = true;
	assert_ok(dlb_backup_note_new(l, &got, &more, &f->err));
	assert_int_equal(more.boxes, 0);
	/* The second receipt makes it enough. */
	assert_ok(dlb_out_arrived(
		l, out.to, out.letter_id, 1234, &number, &f->err));
	assert_ok(dlb_backup_note_renew(l, &f->err));
	assert_ok(dlb_backup_note_get(l, &got, &f->err));
	assert_int_equal(got.holders[1].arrived_ms, 1234);
	assert_int_equal(got.settled_s, 77);
	dlb_letterbox_close(l);
}

static int
teardown(void **state)
{
	static const char *const names[] = {
		"again", "a", "b", "c", "d", "e", "waiting"};
	struct fixture *f = *state;

	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++) {
		char path[sizeof(f->dir) + 32];

		snprintf(path, sizeof(path), "%s/%s/letterbox", f->dir,
			names[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s/ring", f->dir, names[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		rmdir(path);
	}
	return fixture_teardown(state);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_that_opens_or_finds_is_in_it),
		TEST(what_was_there_is_there_again),
		TEST(the_serial_is_above_all_before),
		TEST(who_waited_is_who_they_were),
		TEST(who_has_no_room_is_left_out),
		TEST(what_is_no_backup_is_refused),
		TEST(who_has_it_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
