/*
 * Having a letterbox again, with the power cut at every event, or the disk full: a home
 * that waits is its owner's, whole, or goes on waiting; a new one is whole, or is none. And
 * what is done then goes on wherever it was cut: each correspondent is told, and no one
 * twice.
 */
#include "crash_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_share.h"
#include "backups.h"
#include "bulletins.h"
#include "roster.h"

#define HOME_SIZE (24 << 20)

struct world {
	struct crash_world at; /* a home that waits, alone */
	char home[CRASH_PATH_MAX];
	char fresh[CRASH_PATH_MAX]; /* where there is none */
	struct dlb_buf records[2];  /* shares of Alice's backup */
	struct dlb_identity alice;
	uint64_t roster; /* number of her own */
};

static const enum crash_fate fates[] = {
	CRASH_ALL, CRASH_NONE, CRASH_SEEDED, CRASH_SEEDED};

/* ---- what was lost ------------------------------------------------------------------------ */

static enum dlb_status
make(struct world *w, struct crash_fs *disk, const char *path, const char *name,
	struct dlb_restoring *shares)
{
	struct dlb_restored restored;
	struct dlb_home_options o = {.name = name,
		.waits = name != NULL,
		.restoring = shares,
		.restored = &restored,
		.size = HOME_SIZE,
		.sparse = true,
		.unlock = open_to_all};
	struct dlb_node *n = NULL;
	enum dlb_status st = dlb_node_create_on(&n, crash_fs_fs(disk), path, &o,
		&w->at.env.env, NULL, &w->at.err);

	dlb_node_close(n);
	return st;
}

/* A box, an author whom she follows and trusts, a roster of her own. */
static void
give_her_things(struct world *w, struct dlb_node *n)
{
	struct dlb_letterbox *l = n->letterbox;
	struct dlb_box box = {.name = "harbour", .place = "pier 4"};
	struct dlb_roster_entry entry = {.revoked = false};
	struct dlb_correspondent bob;
	struct dlb_author author;
	struct dlb_buf bytes = {0};
	struct dlb_card *card = malloc(sizeof(*card));
	struct dlb_roster r;

	assert_non_null(card);
	must(w, dlb_correspondent_by_name(l, &bob, "bob", &w->at.err));
	must(w, dlb_correspondent_card(l, &bytes, bob.id, &w->at.err));
	must(w, dlb_card_parse(card, bytes.data, bytes.len, &w->at.err));
	must(w, dlb_author_add(l, &author, card, NULL, &w->at.err));
	must(w, dlb_roster_trust(l, &bob.identity, "bob", true, &w->at.err));
	memset(box.root, 0x77, sizeof(box.root));
	must(w, dlb_box_save(l, &box, &w->at.err));
	entry.identity = bob.identity;
	must(w, dlb_own_roster_put(l, &entry, &w->at.err));
	bytes.len = 0;
	must(w, dlb_own_roster_sign(l, &bytes, &w->at.err));
	must(w, dlb_roster_parse(&r, bytes.data, bytes.len, &w->at.err));
	w->roster = r.number;
	dlb_roster_free(&r);
	dlb_buf_free(&bytes);
	free(card);
}

static void
divide(struct world *w, struct dlb_node *n)
{
	struct dlb_backup_options options = {.cap = DLB_BACKUP_CONTENT_MAX};
	struct dlb_backup_what what = {
		.need = 2, .n = 2, .made_s = CRASH_NOW_MS / 1000};
	struct dlb_backup_counts left_out;
	struct dlb_buf content = {0};
	struct dlb_backup b;

	memset(&b, 0, sizeof(b));
	must(w,
		dlb_backup_content(n->letterbox, &content, &options, &left_out,
			&w->at.err));
	what.content = content.data;
	what.len = content.len;
	must(w, dlb_backup_make(&b, &what, &w->at.env.env, &w->at.err));
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
			dlb_backup_write(&w->records[i], &b, i), DLB_OK);
	dlb_backup_free(&b);
	dlb_buf_free(&content);
}

/* Alice, who knows two; her disk is gone after this. */
static void
lose_a_machine(struct world *w)
{
	static const char *const names[] = {"alice", "bob", "carol"};
	char paths[3][CRASH_PATH_MAX];
	struct dlb_node *n = NULL;

	for (unsigned i = 0; i < 3; i++) {
		crash_world_path(&w->at, paths[i], names[i]);
		crash_world_home(&w->at, paths[i], names[i], HOME_SIZE);
		if (i > 0)
			crash_world_introduce(
				&w->at, paths[0], paths[i], false);
	}
	must(w,
		crash_world_open(
			&w->at, crash_fs_fs(w->at.base), &n, paths[0]));
	give_her_things(w, n);
	divide(w, n);
	w->alice = *dlb_letterbox_identity(n->letterbox);
	dlb_node_close(n);
	crash_fs_free(w->at.base);
	w->at.base = crash_fs_new(3);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	crash_world_begin(&w->at);
	crash_world_path(&w->at, w->home, "waiting");
	crash_world_path(&w->at, w->fresh, "fresh");
	lose_a_machine(w);
	must(w, make(w, w->at.base, w->home, "waiting", NULL));
	crash_fs_power_on(w->at.base, CRASH_ALL, 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	dlb_buf_free(&w->records[0]);
	dlb_buf_free(&w->records[1]);
	crash_world_end(&w->at);
	free(w);
	return 0;
}

static struct dlb_restoring *
joined(struct world *w)
{
	struct dlb_restoring_info info;
	struct dlb_restoring *r;

	must(w, dlb_restoring_new(&r, &w->at.err));
	for (unsigned i = 0; i < 2; i++)
		must(w,
			dlb_restoring_add(r, "a file", w->records[i].data,
				w->records[i].len, &w->at.err));
	must(w, dlb_restoring_join(r, &info, &w->at.err));
	dlb_restoring_set_tell(r, true);
	return r;
}

/* ---- what is there -------------------------------------------------------------------------- */

static struct dlb_node *
must_open(struct world *w, struct crash_fs *disk, const char *path)
{
	struct dlb_node *n = NULL;

	must(w, crash_world_open(&w->at, crash_fs_fs(disk), &n, path));
	return n;
}

static bool
count_person(void *ctx, const struct dlb_correspondent *who)
{
	(void)who;
	++*(unsigned *)ctx;
	return true;
}

static void
check_things(struct world *w, struct dlb_letterbox *l)
{
	struct dlb_roster_author trusted;
	struct dlb_restore_note note;
	struct dlb_author author;
	struct dlb_roster own;
	struct dlb_box box;
	unsigned people = 0;
	bool changed;

	must(w, dlb_correspondent_each(l, count_person, &people, &w->at.err));
	assert_int_equal(people, 2);
	must(w, dlb_box_by_name(l, &box, "harbour", &w->at.err));
	assert_string_equal(box.place, "pier 4");
	must(w, dlb_author_by_name(l, &author, "bob", &w->at.err));
	must(w, dlb_roster_author_by_name(l, &trusted, "bob", &w->at.err));
	assert_true(trusted.trusted);
	must(w, dlb_own_roster(l, &own, &changed, &w->at.err));
	assert_int_equal(own.number, w->roster);
	assert_int_equal(own.entries_n, 1);
	assert_false(changed);
	dlb_roster_free(&own);
	must(w, dlb_restore_note_get(l, &note, &w->at.err));
	assert_int_equal(note.restored.counts.people, 2);
	assert_int_equal(note.restored.counts.boxes, 1);
}

/* Who they are, and all that goes with it. */
static void
is_whole(struct world *w, struct dlb_node *n)
{
	struct dlb_letterbox *l = n->letterbox;
	struct dlb_card *card = malloc(sizeof(*card));
	struct dlb_buf bytes = {0};

	assert_non_null(card);
	assert_memory_equal(
		dlb_letterbox_identity(l), &w->alice, sizeof(w->alice));
	assert_false(dlb_letterbox_waits(l));
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	assert_int_equal(dlb_keys_condemned(l), 0);
	check_things(w, l);
	must(w, dlb_letterbox_card(l, false, &bytes, &w->at.err));
	must(w, dlb_card_parse(card, bytes.data, bytes.len, &w->at.err));
	assert_true(card->serial > CRASH_NOW_MS / 1000);
	assert_int_equal(card->opening_n, 12);
	dlb_buf_free(&bytes);
	free(card);
}

static enum dlb_status
restore(struct world *w, struct crash_fs *disk, struct dlb_restoring *r)
{
	struct dlb_restored restored;
	struct dlb_node *n = NULL;
	enum dlb_status st =
		crash_world_open(&w->at, crash_fs_fs(disk), &n, w->home);

	if (st == DLB_OK)
		st = dlb_node_restore(n, r, &restored, &w->at.err);
	dlb_node_close(n);
	return st;
}

/* Whatever is there: it waits and can be restored, or is whole. */
static bool
is_one_or_the_other(
	struct world *w, struct crash_fs *disk, struct dlb_restoring *r)
{
	struct dlb_node *n = must_open(w, disk, w->home);
	bool waits = dlb_letterbox_waits(n->letterbox);

	if (waits) {
		assert_memory_not_equal(dlb_letterbox_identity(n->letterbox),
			&w->alice, sizeof(w->alice));
		assert_int_equal(dlb_letterbox_lost_keys(n->letterbox), 0);
		dlb_node_close(n);
		must(w, restore(w, disk, r));
		n = must_open(w, disk, w->home);
	}
	is_whole(w, n);
	dlb_node_close(n);
	return waits;
}

/* ---- a home that waits ------------------------------------------------------------------------ */

static void
a_home_that_waits_is_restored_or_waits(void **state)
{
	struct world *w = *state;
	struct dlb_restoring *r = joined(w);
	unsigned waiting = 0, whole = 0;
	bool cut = true;

	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_clone(w->at.base);
		enum dlb_status st;

		crash_fs_cut_at(disk, k);
		st = restore(w, disk, r);
		cut = crash_fs_is_cut(disk);
		for (unsigned i = 0; i < DLB_ARRAY_LEN(fates); i++) {
			struct crash_fs *then = crash_fs_clone(disk);
			bool waits;

			crash_fs_power_on(then, fates[i], i);
			waits = is_one_or_the_other(w, then, r);
			assert_false(waits && st == DLB_OK);
			waiting += waits;
			whole += !waits;
			crash_fs_free(then);
		}
		crash_fs_free(disk);
	}
	assert_true(waiting > 5 && whole > 5);
	dlb_restoring_free(r);
}

/* The same where single calls fail, as on a full disk. */
static void
a_failure_leaves_it_waiting(void **state)
{
	struct world *w = *state;
	struct dlb_restoring *r = joined(w);
	bool failed = true;

	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_clone(w->at.base), *then;

		crash_fs_fail(disk,
			CRASH_WRITE | CRASH_SYNC | CRASH_OPEN | CRASH_NAME, k,
			1, DLB_NO_SPACE);
		(void)!restore(w, disk, r);
		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		(void)is_one_or_the_other(w, then, r);
		crash_fs_free(then);
		crash_fs_free(disk);
	}
	dlb_restoring_free(r);
}

/* ---- a new one ------------------------------------------------------------------------------- */

static bool
has(struct world *w, struct crash_fs *disk, const char *name)
{
	struct dlb_fs *fs = crash_fs_fs(disk);
	char path[CRASH_PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", w->fresh, name);
	return fs->ops->stat(fs, path, NULL, NULL, NULL) == DLB_OK;
}

static void
a_new_home_is_whole_or_none(void **state)
{
	struct world *w = *state;
	struct dlb_restoring *r = joined(w);
	unsigned whole = 0, none = 0;
	bool cut = true;

	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_new(k);

		crash_fs_cut_at(disk, k);
		(void)!make(w, disk, w->fresh, NULL, r);
		cut = crash_fs_is_cut(disk);
		for (unsigned i = 0; i < DLB_ARRAY_LEN(fates); i++) {
			struct crash_fs *then = crash_fs_clone(disk);
			struct dlb_node *n;

			crash_fs_power_on(then, fates[i], i);
			if (!has(w, then, "letterbox")) {
				none++;
				must(w, make(w, then, w->fresh, NULL, r));
			} else {
				whole++;
			}
			n = must_open(w, then, w->fresh);
			is_whole(w, n);
			dlb_node_close(n);
			crash_fs_free(then);
		}
		crash_fs_free(disk);
	}
	assert_true(whole > 5 && none > 5);
	dlb_restoring_free(r);
}

static void
a_failure_leaves_no_new_home(void **state)
{
	struct world *w = *state;
	struct dlb_restoring *r = joined(w);
	bool failed = true;

	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_new(1), *then;
		enum dlb_status st;

		crash_fs_fail(disk, CRASH_ANY, k, 1, DLB_NO_SPACE);
		st = make(w, disk, w->fresh, NULL, r);
		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		if (st != DLB_OK) {
			assert_false(has(w, then, "letterbox"));
			assert_false(has(w, then, "ring"));
			assert_false(has(w, then, "satchel"));
		}
		crash_fs_free(then);
		crash_fs_free(disk);
	}
	dlb_restoring_free(r);
}

/* ---- what is done then ------------------------------------------------------------------------ */

/* All that `dlb restore --tell` does to a home that was restored. */
static enum dlb_status
finish(struct world *w, struct crash_fs *disk)
{
	struct dlb_restore_note note;
	struct dlb_node *n = NULL;
	enum dlb_status st =
		crash_world_open(&w->at, crash_fs_fs(disk), &n, w->home);

	if (st == DLB_OK)
		st = dlb_node_restored_look(n, &w->at.err);
	if (st == DLB_OK)
		st = dlb_node_restored_card(n, &w->at.err);
	if (st == DLB_OK)
		st = dlb_node_tell_restored(
			n, "again", &note, NULL, NULL, &w->at.err);
	dlb_node_close(n);
	return st;
}

struct told {
	struct dlb_node *n;
	int64_t to[8];
	size_t letters;
	uint32_t held;
};

static bool
look_at_letter(void *ctx, const struct dlb_out_letter *letter)
{
	struct told *t = ctx;
	struct dlb_buf names = {0};
	struct dlb_entry e;

	assert_true(dlb_out_is_seen(letter));
	assert_true(t->letters < DLB_ARRAY_LEN(t->to));
	t->to[t->letters++] = letter->to;
	assert_int_equal(
		dlb_out_cells(t->n->letterbox, letter->number, &names, NULL),
		DLB_OK);
	for (size_t i = 0; i + DLB_NAME_LEN <= names.len; i += DLB_NAME_LEN)
		t->held +=
			dlb_satchel_entry(t->n->satchel,
				dlb_satchel_find(t->n->satchel, names.data + i),
				&e)
			&& (e.flags & DLB_HELD);
	dlb_buf_free(&names);
	return true;
}

/* How many have a letter: none has two, and no cell is held that no letter knows. */
static size_t
count_told(
	struct world *w, struct crash_fs *disk, struct dlb_restore_note *note)
{
	struct dlb_node *n = must_open(w, disk, w->home);
	struct dlb_satchel_info info;
	struct told t = {.n = n};

	must(w, dlb_out_each(n->letterbox, look_at_letter, &t, &w->at.err));
	must(w, dlb_restore_note_get(n->letterbox, note, &w->at.err));
	dlb_node_satchel_info(n, &info);
	assert_int_equal(info.held, t.held);
	assert_int_equal(t.held, t.letters);
	assert_true(t.letters < 2 || t.to[0] != t.to[1]);
	assert_true(t.letters <= 2);
	dlb_node_close(n);
	return t.letters;
}

static void
no_cut_tells_anybody_twice(void **state)
{
	struct world *w = *state;
	struct dlb_restoring *r = joined(w);
	struct dlb_restore_note note;
	unsigned told[3] = {0};
	bool cut = true;

	must(w, restore(w, w->at.base, r));
	crash_fs_power_on(w->at.base, CRASH_ALL, 0);
	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_clone(w->at.base);
		enum dlb_status st;

		crash_fs_cut_at(disk, k);
		st = finish(w, disk);
		cut = crash_fs_is_cut(disk);
		for (unsigned i = 0; i < 3; i++) {
			struct crash_fs *then = crash_fs_clone(disk);
			size_t n;

			crash_fs_power_on(then, fates[i], k);
			n = count_told(w, then, &note);
			told[n]++;
			if (st == DLB_OK)
				assert_int_equal(n, 2);
			must(w, finish(w, then));
			assert_int_equal(count_told(w, then, &note), 2);
			assert_false(note.look || note.tell || note.card);
			assert_int_equal(note.told_n, 2);
			crash_fs_free(then);
		}
		crash_fs_free(disk);
	}
	assert_true(told[0] > 5 && told[1] > 5 && told[2] > 5);
	dlb_restoring_free(r);
}

/* A disk that is full stops it, and it goes on where there is room. */
static void
a_failure_tells_nobody_twice(void **state)
{
	struct world *w = *state;
	struct dlb_restoring *r = joined(w);
	struct dlb_restore_note note;
	bool failed = true;

	must(w, restore(w, w->at.base, r));
	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_clone(w->at.base), *then;

		crash_fs_fail(disk, CRASH_WRITE | CRASH_SYNC | CRASH_NAME, k, 1,
			DLB_NO_SPACE);
		(void)!finish(w, disk);
		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		must(w, finish(w, then));
		assert_int_equal(count_told(w, then, &note), 2);
		assert_int_equal(note.told_n, 2);
		assert_int_equal(note.failed_n, 0);
		crash_fs_free(then);
		crash_fs_free(disk);
	}
	dlb_restoring_free(r);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_home_that_waits_is_restored_or_waits),
		TEST(a_failure_leaves_it_waiting),
		TEST(a_new_home_is_whole_or_none),
		TEST(a_failure_leaves_no_new_home),
		TEST(no_cut_tells_anybody_twice),
		TEST(a_failure_tells_nobody_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
