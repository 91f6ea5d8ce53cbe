/*
 * A directory as a box: opening it with what is known, and making one.
 */
#include "cell_dir.h"
#include "object.h"
#include "trips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct dir_known {
	const uint8_t *lock;
	uint8_t *root;
	uint64_t *cells_max;
	char *name;
	bool found;
};

static bool
try_known(void *ctx, const struct dlb_box *box)
{
	struct dir_known *k = ctx;
	struct dlb_unlock unlock = {
		DLB_UNLOCK_ROOT, box->root, sizeof(box->root)};

	k->found = dlb_object_lock_open(
			   k->root, k->cells_max, k->lock, &unlock, NULL)
		== DLB_OK;
	if (k->found)
		memcpy(k->name, box->name, sizeof(box->name));
	return !k->found;
}

/* With a key that a briefing lent. */
static enum dlb_status
open_by_trip(struct dlb_node *n, uint8_t root[static DLB_KEY_LEN],
	uint64_t *cells_max, const uint8_t *lock, struct dlb_error *err)
{
	struct dlb_trips trips;
	enum dlb_status st = dlb_trips_load(&trips, n, err);

	if (st == DLB_OK)
		st = DLB_WRONG_KEY;
	for (size_t i = 0; st == DLB_WRONG_KEY && i < trips.n; i++) {
		const struct dlb_briefing_box *box = &trips.boxes[i].box;
		struct dlb_unlock unlock = {
			DLB_UNLOCK_ROOT, box->root, sizeof(box->root)};

		if (box->opens)
			st = dlb_object_lock_open(
				root, cells_max, lock, &unlock, NULL);
	}
	dlb_trips_free(&trips);
	return st;
}

enum dlb_status
dlb_node_dir_open(struct dlb_node *n, uint8_t root[static DLB_KEY_LEN],
	uint64_t *cells_max, const char *dir, const struct dlb_unlock *unlock,
	char name[static DLB_BOX_NAME_MAX + 1], struct dlb_error *err)
{
	static const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dir_known k = {
		.root = root, .cells_max = cells_max, .name = name};
	struct dlb_buf lock = {0};
	char path[4200];
	enum dlb_status st;

	name[0] = '\0';
	snprintf(path, sizeof(path), "%s/" DLB_CELL_DIR_LOCK, dir);
	st = dlb_file_load(&lock, n->fs, path, DLB_OBJECT_LOCK_LEN, err);
	if (st == DLB_OK && lock.len != DLB_OBJECT_LOCK_LEN)
		st = dlb_fail(err, DLB_CORRUPT,
			"%s is not whole: restore it, or make the box anew",
			path);
	if (st != DLB_OK)
		goto out;
	k.lock = lock.data;
	st = dlb_box_each(n->letterbox, try_known, &k, err);
	if (st != DLB_OK || k.found)
		goto out;
	st = dlb_object_lock_open(root, cells_max, lock.data, &open, NULL);
	if (st == DLB_WRONG_KEY)
		st = open_by_trip(n, root, cells_max, lock.data, err);
	if (st == DLB_WRONG_KEY && unlock)
		st = dlb_object_lock_open(
			root, cells_max, lock.data, unlock, err);
	if (st == DLB_WRONG_KEY)
		dlb_fail(err, st,
			"%s is not a box that is open to all, nor one whose key is "
			"known here; give its passphrase (--box-passphrase-file), "
			"its key file (--box-key-file), or: dlb box add KEY; "
			"a briefing opens it where --may-open lent the key",
			dir);
out:
	dlb_buf_free(&lock);
	return st;
}

enum dlb_status
dlb_node_dir_create(struct dlb_node *n, const char *dir, uint64_t cells_max,
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_unlock *unlock,
	struct dlb_error *err)
{
	uint8_t lock[DLB_OBJECT_LOCK_LEN];
	char path[4200];
	struct stat st;
	enum dlb_status s;

	if (stat(dir, &st) != 0)
		return dlb_fail_errno(err, errno,
			"%s is to be a directory that is there", dir);
	if (!S_ISDIR(st.st_mode))
		return dlb_fail(err, DLB_USAGE,
			"%s is no directory; cells lie in one", dir);
	if (dlb_cell_dir_is(path, sizeof(path), dir))
		return dlb_fail(err, DLB_EXISTS,
			"%s is a box already; meet it with: dlb meet %s", dir,
			dir);
	s = dlb_object_lock_make(lock, root, cells_max, unlock, n->env, err);
	if (s != DLB_OK)
		return s;
	snprintf(path, sizeof(path), "%s/" DLB_CELL_DIR_LOCK, dir);
	return dlb_file_replace(n->fs, path, lock, sizeof(lock), err);
}
