/*
 * Losing a machine: a backup that goes to five people, what they keep, hand back, and
 * what comes of it.
 */
#include "backup_world.h"

#include <stdlib.h>
#include <string.h>

/* Backup, letters, holders, hand back, restore, letters both ways. */
static void
a_lost_letterbox_is_had_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_restoring_info info;
	struct dlb_backup_note note;
	struct dlb_restored restored;
	struct dlb_in_letter letter;
	struct dlb_identity old;
	uint64_t old_serial;
	struct shares s;
	struct dlb_node *n;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	s = kept(f, "dave");
	assert_int_equal(s.n, 1);
	assert_false(s.list[0].given);
	assert_false(s.list[0].seen);
	assert_int_equal(s.list[0].need, 3);
	assert_int_equal(s.list[0].made_ms, FIXTURE_NOW_MS);
	n = fixture_open(f, "dave");
	assert_int_equal(letters_seen(n), 0);
	dlb_node_close(n);

	/* They say that they have them; frank is not asked to. */
	meets(f, "alice");
	n = fixture_open(f, "alice");
	assert_dlb_ok(
		f, dlb_backup_note_get(dlb_node_letterbox(n), &note, &f->err));
	assert_int_equal(dlb_backup_note_arrived(&note), 4);
	assert_int_equal(note.settled_s, note.made_s);
	old = *dlb_letterbox_identity(dlb_node_letterbox(n));
	old_serial = serial_of(f, n);
	dlb_node_close(n);

	/* The machine is gone. Two are too few. */
	f->env.now_ms += 3 * DLB_DAY_MS;
	make_waiting(f, "again");
	assert_int_equal(gives(f, "bob", "again"), 1);
	gives(f, "dave", "again");
	meets(f, "again");
	n = fixture_open(f, "again");
	assert_int_equal(letters_seen(n), 2);
	assert_int_equal(restore(f, n, &restored, &info), DLB_PARTLY);
	assert_int_equal(info.missing, 1);
	assert_true(dlb_letterbox_waits(dlb_node_letterbox(n)));
	assert_memory_not_equal(dlb_letterbox_identity(dlb_node_letterbox(n)),
		&old, sizeof(old));
	dlb_node_close(n);
	gives(f, "erin", "again");
	meets(f, "again");

	n = fixture_open(f, "again");
	assert_dlb_ok(f, restore(f, n, &restored, &info));
	assert_string_equal(info.backup.name, "alice");
	assert_int_equal(restored.counts.people, 5);
	assert_int_equal(restored.refused, 0);
	assert_true(restored.serial > old_serial);
	dlb_node_close(n);
	n = fixture_open(f, "again");
	assert_memory_equal(dlb_letterbox_identity(dlb_node_letterbox(n)), &old,
		sizeof(old));
	assert_int_equal(serial_of(f, n), restored.serial);
	assert_false(dlb_letterbox_waits(dlb_node_letterbox(n)));
	assert_true(person(f, n, "bob").verified);
	assert_false(person(f, n, "carol").verified);
	assert_false(person(f, n, "frank").receipts);
	assert_int_equal(dlb_keys_condemned(dlb_node_letterbox(n)), 0);
	/* Shares are not left behind. */
	assert_int_equal(letters_seen(n), 0);
	assert_int_equal(restore(f, n, &restored, &info), DLB_PARTLY);

	/* Both ways, and what was verified stays so. */
	fixture_send(f, n, id_of(f, n, "bob"), NULL, "it is me");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, &letter), 2);
	assert_int_equal(person(f, n, "alice").serial,
		serial_of(f, n) > 0 ? restored.serial : 0);
	assert_true(person(f, n, "alice").verified);
	fixture_send(f, n, id_of(f, n, "alice"), NULL, "so it is");
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "again");
	n = fixture_open(f, "again");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_string_equal(letter.summary, "so it is");
	assert_int_equal(letter.from, id_of(f, n, "bob"));
	dlb_node_close(n);
}

/* What holders keep: the newest, and what the owner knows that enough have. */
static void
a_newer_one_takes_the_place_of_what_is_not_needed(void **state)
{
	struct fixture *f = *state;
	struct shares s;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	f->env.now_ms += 60000;
	/* Before she knows that it arrived: both are kept. */
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	assert_int_equal(kept(f, "bob").n, 2);
	/* She learns of both; the next one says that the second suffices. */
	meets(f, "alice");
	f->env.now_ms += 60000;
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	s = kept(f, "bob");
	assert_int_equal(s.n, 2);
	assert_int_equal(s.list[0].made_ms, FIXTURE_NOW_MS + 60000);
	assert_int_equal(s.list[1].made_ms, FIXTURE_NOW_MS + 120000);
	/* Many that she hears nothing of: four, and the one that is whole. */
	for (unsigned i = 0; i < 5; i++) {
		f->env.now_ms += 60000;
		assert_dlb_ok(f, back_up(f, 3));
	}
	meets(f, "bob");
	s = kept(f, "bob");
	assert_int_equal(s.n, 4);
	for (size_t i = 0; i < s.n; i++)
		assert_true(s.list[i].made_ms == FIXTURE_NOW_MS + 60000
			|| s.list[i].made_ms >= FIXTURE_NOW_MS + 5 * 60000);
}

static void
a_strangers_share_is_shown_and_kept_once_they_are_known(void **state)
{
	struct fixture *f = *state;
	struct dlb_backup_order order = {.need = 2};
	struct dlb_backup_result result;
	struct dlb_in_letter letter;
	struct dlb_correspondent who;
	struct dlb_card card;
	int64_t ids[2];
	unsigned count;
	struct shares s;
	struct dlb_node *n;

	make_world(f);
	fixture_home(f, "mallory", false);
	n = fixture_open(f, "mallory");
	ids[0] = fixture_introduce(f, n, "bob");
	ids[1] = fixture_introduce(f, n, "carol");
	order.holders = ids;
	order.holders_n = 2;
	assert_dlb_ok(f, dlb_node_backup(n, &order, &result, &f->err));
	fixture_meet(f, n, "usb");
	dlb_node_close(n);
	meets(f, "bob");
	s = kept(f, "bob");
	assert_int_equal(s.n, 1);
	assert_int_equal(s.list[0].from, 0);
	assert_true(s.list[0].seen);
	n = fixture_open(f, "bob");
	assert_int_equal(fixture_inbox(n, &letter), 1);
	assert_non_null(strstr(letter.summary, "to be kept"));
	assert_dlb_ok(
		f, dlb_node_letter_card(n, letter.number, &card, &f->err));
	assert_dlb_ok(f,
		dlb_correspondent_add(
			dlb_node_letterbox(n), &who, &card, NULL, &f->err));
	commit(f, n);
	assert_int_equal(
		dlb_node_give_shares(n, who.id, who.id, &count, &f->err),
		DLB_USAGE);
	assert_dlb_ok(f,
		dlb_node_give_shares(
			n, who.id, id_of(f, n, "alice"), &count, &f->err));
	assert_int_equal(count, 1);
	assert_dlb_ok(f, dlb_node_forget_shares(n, who.id, &count, &f->err));
	assert_int_equal(count, 1);
	assert_int_equal(dlb_node_forget_shares(n, who.id, &count, &f->err),
		DLB_NOT_FOUND);
	dlb_node_close(n);
	assert_int_equal(kept(f, "bob").n, 0);
}

/* A share that lost a cell is of no use, and is not to look as if it were kept. */
static void
a_kept_share_that_is_damaged_is_told_of(void **state)
{
	struct fixture *f = *state;
	struct dlb_damage damage;
	struct dlb_entry e;
	struct dlb_node *n;

	make_world(f);
	assert_dlb_ok(f, back_up(f, 3));
	friends_meet(f);
	n = fixture_open(f, "dave");
	assert_dlb_ok(f, dlb_node_damage(n, &damage, &f->err));
	assert_int_equal(damage.shares, 0);
	assert_true(dlb_satchel_next(n->satchel, 0, DLB_HELD, &e));
	while (e.flags & DLB_OWN)
		assert_true(dlb_satchel_next(
			n->satchel, e.number + 1, DLB_HELD, &e));
	{
		struct dlb_satchel_change c = {.number = e.number,
			.flags = (uint8_t)(e.flags & ~DLB_HELD),
			.copies = e.copies,
			.searched = e.searched};

		assert_dlb_ok(
			f, dlb_satchel_update(n->satchel, &c, 1, &f->err));
	}
	assert_dlb_ok(f, dlb_node_damage(n, &damage, &f->err));
	assert_int_equal(damage.shares, 1);
	assert_int_equal(damage.in, 0);
	dlb_node_close(n);
	assert_int_equal(kept(f, "dave").n, 0);
	n = fixture_open(f, "dave");
	assert_dlb_ok(f, dlb_node_damage(n, &damage, &f->err));
	assert_int_equal(damage.shares, 0);
	dlb_node_close(n);
}

static void
what_can_not_be_is_refused_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct dlb_backup_note note;
	struct dlb_backup_result result;
	struct dlb_backup_order order = {.need = 3};
	struct dlb_satchel_info before, after;
	int64_t ids[300];
	struct dlb_node *n;

	make_world(f);
	n = fixture_open(f, "alice");
	dlb_node_satchel_info(n, &before);
	for (size_t i = 0; i < DLB_ARRAY_LEN(ids); i++)
		ids[i] = id_of(f, n, friends[i % FRIENDS]);
	order.holders = ids;
	order.holders_n = 5;
	order.need = 6;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_USAGE);
	order.need = 1;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_USAGE);
	order.need = 3;
	order.holders_n = 6;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_USAGE);
	assert_non_null(strstr(f->err.msg, "bob is named twice"));
	ids[4] = 4711;
	order.holders_n = 5;
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_NOT_FOUND);
	dlb_node_satchel_info(n, &after);
	assert_int_equal(after.held, before.held);
	assert_int_equal(
		dlb_backup_note_get(dlb_node_letterbox(n), &note, NULL),
		DLB_NOT_FOUND);
	dlb_node_close(n);
	/* A person's home is not restored over. */
	n = fixture_open(f, "bob");
	{
		struct dlb_restored restored;

		assert_int_equal(
			dlb_letterbox_restore(dlb_node_letterbox(n), &restored,
				(const uint8_t *)"", 0, 0, 0, &f->err),
			DLB_MALFORMED);
	}
	dlb_node_close(n);
}

/* The home has room for some of the shares, and not for all. */
static void
all_of_them_are_sealed_or_none(void **state)
{
	struct fixture *f = *state;
	struct dlb_satchel_info before, after;
	int64_t ids[FRIENDS];
	struct dlb_backup_order order = {
		.holders = ids, .holders_n = FRIENDS, .need = 3};
	struct dlb_backup_result result;
	struct dlb_backup_note note;
	struct dlb_node *n;

	make_world(f);
	n = fixture_open(f, "alice");
	fixture_file(f, "large", 7 * 65000, 1);
	do {
		fixture_send(f, n, id_of(f, n, "bob"), "large", NULL);
		dlb_node_satchel_info(n, &before);
	} while (before.reserve - before.held > 13);
	assert_in_range(before.reserve - before.held, 4, 13);
	for (size_t i = 0; i < FRIENDS; i++)
		ids[i] = id_of(f, n, friends[i]);
	assert_int_equal(
		dlb_node_backup(n, &order, &result, &f->err), DLB_NO_SPACE);
	assert_non_null(strstr(f->err.msg, "no room"));
	dlb_node_satchel_info(n, &after);
	assert_int_equal(after.held, before.held);
	assert_int_equal(
		dlb_backup_note_get(dlb_node_letterbox(n), &note, NULL),
		DLB_NOT_FOUND);
	dlb_node_close(n);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_lost_letterbox_is_had_again),
		TEST(a_newer_one_takes_the_place_of_what_is_not_needed),
		TEST(a_strangers_share_is_shown_and_kept_once_they_are_known),
		TEST(all_of_them_are_sealed_or_none),
		TEST(a_kept_share_that_is_damaged_is_told_of),
		TEST(what_can_not_be_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
