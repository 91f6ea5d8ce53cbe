/*
 * Having a letterbox again, with the power cut at every event, or the disk full: a home
 * that waits is its owner's, whole, or goes on waiting; a new one is whole, or is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_share.h"
#include "backups.h"
#include "crash_fs.h"
#include "node_internal.h"

#define NOW_MS 1795521600000LL

static const struct dlb_unlock open_to_all = {.kind = DLB_UNLOCK_OPEN};
static struct dlb_env_seeded env;
static char home[128];
static struct dlb_buf records[2];
static struct dlb_identity alice;

static enum dlb_status
make(struct crash_fs *disk, const char *name, bool waits,
	struct dlb_restoring *shares, struct dlb_error *err)
{
	struct dlb_restored restored;
	struct dlb_home_options o = {.name = shares ? NULL : name,
		.waits = waits,
		.restoring = shares,
		.restored = &restored,
		.size = 24 << 20,
		.sparse = true,
		.unlock = open_to_all};
	struct dlb_node *n = NULL;
	enum dlb_status st = dlb_node_create_on(
		&n, crash_fs_fs(disk), home, &o, &env.env, NULL, err);

	dlb_node_close(n);
	return st;
}

static struct dlb_node *
must_open(struct crash_fs *disk)
{
	struct dlb_error err = {0};
	struct dlb_node *n = NULL;

	if (dlb_node_open_on(&n, crash_fs_fs(disk), home, &open_to_all, 0,
		    &env.env, &err)
		!= DLB_OK)
		fail_msg("%s", err.msg);
	return n;
}

static void
know(struct dlb_node *n, const char *whom)
{
	struct crash_fs *disk = crash_fs_new(2);
	struct dlb_buf bytes = {0};
	struct dlb_correspondent c;
	struct dlb_node *other;
	struct dlb_error err = {0};
	struct dlb_card card;

	assert_int_equal(make(disk, whom, false, NULL, &err), DLB_OK);
	other = must_open(disk);
	assert_int_equal(dlb_letterbox_card(dlb_node_letterbox(other), false,
				 &bytes, &err),
		DLB_OK);
	assert_int_equal(
		dlb_card_parse(&card, bytes.data, bytes.len, &err), DLB_OK);
	assert_int_equal(dlb_correspondent_add(
				 dlb_node_letterbox(n), &c, &card, NULL, &err),
		DLB_OK);
	dlb_buf_free(&bytes);
	dlb_node_close(other);
	crash_fs_free(disk);
}

/* Alice's, who knows two; her disk is gone after this. */
static void
make_backup(void)
{
	struct crash_fs *disk = crash_fs_new(1);
	struct dlb_backup_options options = {.cap = DLB_BACKUP_CONTENT_MAX};
	struct dlb_backup_what what = {
		.need = 2, .n = 2, .made_s = NOW_MS / 1000};
	struct dlb_error err = {0};
	struct dlb_buf content = {0};
	struct dlb_backup b;
	struct dlb_node *n;
	struct dlb_backup_counts left_out;

	memset(&b, 0, sizeof(b));
	assert_int_equal(make(disk, "alice", false, NULL, &err), DLB_OK);
	n = must_open(disk);
	know(n, "bob");
	know(n, "carol");
	alice = *dlb_letterbox_identity(dlb_node_letterbox(n));
	assert_int_equal(dlb_backup_content(dlb_node_letterbox(n), &content,
				 &options, &left_out, &err),
		DLB_OK);
	what.content = content.data;
	what.len = content.len;
	assert_int_equal(dlb_backup_make(&b, &what, &env.env, &err), DLB_OK);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(dlb_backup_write(&records[i], &b, i), DLB_OK);
	dlb_backup_free(&b);
	dlb_buf_free(&content);
	dlb_node_close(n);
	crash_fs_free(disk);
}

static struct dlb_restoring *
joined(void)
{
	struct dlb_restoring_info info;
	struct dlb_restoring *r;
	struct dlb_error err;

	assert_int_equal(dlb_restoring_new(&r, &err), DLB_OK);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(dlb_restoring_add(r, "a file", records[i].data,
					 records[i].len, &err),
			DLB_OK);
	assert_int_equal(dlb_restoring_join(r, &info, &err), DLB_OK);
	return r;
}

static bool
is_alice(struct dlb_node *n)
{
	return memcmp(dlb_letterbox_identity(dlb_node_letterbox(n)), &alice,
		       sizeof(alice))
		== 0;
}

static bool
count_person(void *ctx, const struct dlb_correspondent *who)
{
	(void)who;
	++*(unsigned *)ctx;
	return true;
}

/* Who they are, and all that goes with it. */
static void
is_whole(struct dlb_node *n)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_buf bytes = {0};
	struct dlb_error err = {0};
	struct dlb_card card;
	unsigned people = 0;

	assert_true(is_alice(n));
	assert_false(dlb_letterbox_waits(l));
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	assert_int_equal(dlb_keys_condemned(l), 0);
	assert_int_equal(
		dlb_correspondent_each(l, count_person, &people, &err), DLB_OK);
	assert_int_equal(people, 2);
	assert_int_equal(dlb_letterbox_card(l, false, &bytes, &err), DLB_OK);
	assert_int_equal(
		dlb_card_parse(&card, bytes.data, bytes.len, &err), DLB_OK);
	assert_true(card.serial > NOW_MS / 1000);
	assert_int_equal(card.opening_n, 12);
	dlb_buf_free(&bytes);
}

static enum dlb_status
restore(struct crash_fs *disk, struct dlb_restoring *r)
{
	struct dlb_restored restored;
	struct dlb_node *n = NULL;
	struct dlb_error err = {0};
	enum dlb_status st = dlb_node_open_on(
		&n, crash_fs_fs(disk), home, &open_to_all, 0, &env.env, &err);

	if (st == DLB_OK)
		st = dlb_node_restore(n, r, &restored, &err);
	dlb_node_close(n);
	return st;
}

/* Whatever is there: it waits and can be restored, or is whole. */
static bool
is_one_or_the_other(struct crash_fs *disk, struct dlb_restoring *r)
{
	struct dlb_node *n = must_open(disk);
	bool waits = dlb_letterbox_waits(dlb_node_letterbox(n));

	if (waits) {
		assert_false(is_alice(n));
		assert_int_equal(
			dlb_letterbox_lost_keys(dlb_node_letterbox(n)), 0);
		dlb_node_close(n);
		assert_int_equal(restore(disk, r), DLB_OK);
		n = must_open(disk);
	}
	is_whole(n);
	dlb_node_close(n);
	return waits;
}

static void
a_home_that_waits_is_restored_or_waits(void **state)
{
	struct crash_fs *base = crash_fs_new(3);
	struct dlb_restoring *r = joined();
	struct dlb_error err = {0};
	unsigned waiting = 0, whole = 0;
	bool cut = true;

	(void)state;
	assert_int_equal(make(base, "waiting", true, NULL, &err), DLB_OK);
	crash_fs_power_on(base, CRASH_ALL, 0);
	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_clone(base);
		enum dlb_status st;

		crash_fs_cut_at(disk, k);
		st = restore(disk, r);
		cut = crash_fs_is_cut(disk);
		for (unsigned i = 0; i < 4; i++) {
			struct crash_fs *then = crash_fs_clone(disk);
			bool waits;

			crash_fs_power_on(then,
				i == 0           ? CRASH_ALL
					: i == 1 ? CRASH_NONE
						 : CRASH_SEEDED,
				i);
			waits = is_one_or_the_other(then, r);
			assert_false(waits && st == DLB_OK);
			waiting += waits;
			whole += !waits;
			crash_fs_free(then);
		}
		crash_fs_free(disk);
	}
	assert_true(waiting > 5 && whole > 5);
	dlb_restoring_free(r);
	crash_fs_free(base);
}

/* The same where single calls fail, as on a full disk. */
static void
a_failure_leaves_it_waiting(void **state)
{
	struct crash_fs *base = crash_fs_new(3);
	struct dlb_restoring *r = joined();
	struct dlb_error err = {0};
	bool failed = true;

	(void)state;
	assert_int_equal(make(base, "waiting", true, NULL, &err), DLB_OK);
	crash_fs_power_on(base, CRASH_ALL, 0);
	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_clone(base), *then;

		crash_fs_fail(disk,
			CRASH_WRITE | CRASH_SYNC | CRASH_OPEN | CRASH_NAME, k,
			1, DLB_NO_SPACE);
		(void)!restore(disk, r);
		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		(void)is_one_or_the_other(then, r);
		crash_fs_free(then);
		crash_fs_free(disk);
	}
	dlb_restoring_free(r);
	crash_fs_free(base);
}

static bool
has(struct crash_fs *disk, const char *name)
{
	struct dlb_fs *fs = crash_fs_fs(disk);
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	return fs->ops->stat(fs, path, NULL, NULL, NULL) == DLB_OK;
}

static void
a_new_home_is_whole_or_none(void **state)
{
	struct dlb_restoring *r = joined();
	unsigned whole = 0, none = 0;
	bool cut = true;

	(void)state;
	for (uint64_t k = 0; cut; k++) {
		struct crash_fs *disk = crash_fs_new(k);
		struct dlb_error err = {0};

		crash_fs_cut_at(disk, k);
		(void)!make(disk, NULL, false, r, &err);
		cut = crash_fs_is_cut(disk);
		for (unsigned i = 0; i < 4; i++) {
			struct crash_fs *then = crash_fs_clone(disk);
			struct dlb_node *n;

			crash_fs_power_on(then,
				i == 0           ? CRASH_ALL
					: i == 1 ? CRASH_NONE
						 : CRASH_SEEDED,
				i);
			if (!has(then, "letterbox")) {
				none++;
				if (make(then, NULL, false, r, &err) != DLB_OK)
					fail_msg("event %u: %s", (unsigned)k,
						err.msg);
			} else {
				whole++;
			}
			n = must_open(then);
			is_whole(n);
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
	struct dlb_restoring *r = joined();
	bool failed = true;

	(void)state;
	for (uint64_t k = 0; failed; k++) {
		struct crash_fs *disk = crash_fs_new(1), *then;
		struct dlb_error err = {0};
		enum dlb_status st;

		crash_fs_fail(disk, CRASH_ANY, k, 1, DLB_NO_SPACE);
		st = make(disk, NULL, false, r, &err);
		failed = crash_fs_failed(disk);
		then = crash_fs_clone(disk);
		if (st != DLB_OK) {
			assert_false(has(then, "letterbox"));
			assert_false(has(then, "ring"));
			assert_false(has(then, "satchel"));
		}
		crash_fs_free(then);
		crash_fs_free(disk);
	}
	dlb_restoring_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_home_that_waits_is_restored_or_waits),
		cmocka_unit_test(a_failure_leaves_it_waiting),
		cmocka_unit_test(a_new_home_is_whole_or_none),
		cmocka_unit_test(a_failure_leaves_no_new_home),
	};
	int result;

	dlb_pool_limit(1);
	if (dlb_base_init() != DLB_OK)
		return 1;
	dlb_env_seeded_init(&env, 5, NOW_MS);
	/* Directories are made on the real disk. */
	snprintf(home, sizeof(home), "/tmp/dlb-crash-XXXXXX");
	if (!mkdtemp(home))
		return 1;
	make_backup();
	result = cmocka_run_group_tests(tests, NULL, NULL);
	dlb_buf_free(&records[0]);
	dlb_buf_free(&records[1]);
	if (rmdir(home) != 0)
		print_message("# the home is gone already\n");
	return result;
}
