/*
 * home: the directory of one person or courier: lock, letterbox, ring, satchel
 * (home_satchel.c).
 *
 * One passphrase: the letterbox's key slots. Whoever holds the lock is the only one at work here.
 *
 * A home is there when its letterbox is, which is made last. Until then a file
 * called `making` says that what else there is may be removed again: it is what an
 * interruption left, and not a home that has lost its letterbox.
 */
#include "backups.h"
#include "trips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_STEP_MS 50
#define LOCK_TEXT_LEN 20

enum dlb_status
dlb_home_path(char *out, size_t cap, struct dlb_error *err)
{
	const char *base = getenv("DLB_HOME");
	const char *tail = "";
	int len;

	if (!base || !*base) {
		base = getenv("XDG_DATA_HOME");
		tail = "/dead-letter-box";
		/* The XDG specification has relative paths ignored. */
		if (!base || *base != '/') {
			base = getenv("HOME");
			tail = "/.local/share/dead-letter-box";
		}
	}
	if (!base || !*base)
		return dlb_fail(err, DLB_FAILED,
			"no place for a home: HOME is not set; set DLB_HOME");
	len = snprintf(out, cap, "%s%s", base, tail);
	if (len < 0 || (size_t)len >= cap)
		return dlb_fail(
			err, DLB_LIMIT, "the path of the home is too long");
	while (len > 1 && out[len - 1] == '/')
		out[--len] = '\0';
	return DLB_OK;
}

static void
in_home(char out[static 4096], const char *home, const char *name)
{
	snprintf(out, 4096, "%s/%s", home, name);
}

static enum dlb_status
look_for(struct dlb_fs *fs, const char *home, const char *name,
	struct dlb_error *err)
{
	char path[4096];

	in_home(path, home, name);
	return fs->ops->stat(fs, path, NULL, NULL, err);
}

/* What there is of a home without a letterbox: one that is being made has a mark. */
static enum dlb_status
look_without_letterbox(
	struct dlb_fs *fs, const char *home, struct dlb_error *err)
{
	if (look_for(fs, home, "making", NULL) != DLB_NOT_FOUND
		|| (look_for(fs, home, "satchel", NULL) != DLB_OK
			&& look_for(fs, home, "ring", NULL) != DLB_OK))
		return dlb_fail(err, DLB_NOT_FOUND,
			"there is no home in %s; make one with: dlb init",
			home);
	return dlb_fail(err, DLB_CORRUPT,
		"the home in %s has lost its file `letterbox`, without which "
		"nothing opens: put it back from a copy of the home, or move "
		"the directory away and begin anew with: dlb init",
		home);
}

static enum dlb_status
look_on(struct dlb_fs *fs, const char *home, struct dlb_error *err)
{
	struct dlb_error why = {.status = DLB_OK};
	enum dlb_status st = look_for(fs, home, "letterbox", &why);

	if (st == DLB_NOT_FOUND)
		return look_without_letterbox(fs, home, err);
	if (st != DLB_OK)
		return dlb_fail(err, st,
			"the home in %s can not be looked into (%.200s): is it "
			"another user's? Set DLB_HOME to one of your own",
			home, why.msg);
	return DLB_OK;
}

enum dlb_status
dlb_home_look(const char *home, struct dlb_error *err)
{
	return look_on(dlb_fs_posix(), home, err);
}

/* ---- the lock ------------------------------------------------------------------ */

/* Who holds it wrote its number there. */
static void
name_holder(struct dlb_fs *fs, const char *path, struct dlb_error *err)
{
	struct dlb_file *f = NULL;
	char text[32] = "";
	long pid = 0;

	if (fs->ops->open(fs, &f, path, DLB_OPEN_READ, false, NULL) == DLB_OK) {
		if (f->ops->read_at(f, text, LOCK_TEXT_LEN, 0, NULL) == DLB_OK)
			pid = strtol(text, NULL, 10);
		f->ops->close(f);
	}
	if (pid > 0)
		(void)dlb_fail(err, DLB_BUSY,
			"another dlb (process %ld) is at work in this home; wait "
			"for it to end, or give --wait SECONDS",
			pid);
	else
		(void)dlb_fail(err, DLB_BUSY,
			"another dlb is at work in this home; wait for it to end, "
			"or give --wait SECONDS");
}

static enum dlb_status
take_lock(struct dlb_node *n, unsigned wait_ms, struct dlb_error *err)
{
	struct timespec step = {0, WAIT_STEP_MS * 1000000L};
	char path[4096], text[32];
	enum dlb_status st;
	unsigned waited = 0;
	int len;

	in_home(path, n->home, "lock");
	for (;;) {
		st = n->fs->ops->open(
			n->fs, &n->lock, path, DLB_OPEN_WRITE, true, err);
		if (st == DLB_NOT_FOUND)
			st = n->fs->ops->open(n->fs, &n->lock, path,
				DLB_OPEN_CREATE, true, err);
		if (st != DLB_BUSY && st != DLB_EXISTS)
			break;
		if (waited >= wait_ms) {
			name_holder(n->fs, path, err);
			return DLB_BUSY;
		}
		nanosleep(&step, NULL);
		waited += WAIT_STEP_MS;
	}
	if (st != DLB_OK)
		return st;
	len = snprintf(text, sizeof(text), "%-19ld\n", (long)getpid());
	if (n->lock->ops->write_at(n->lock, text, (size_t)len, 0, NULL)
		!= DLB_OK) {
		/* On a full disk who waits is not told for whom. */
	}
	return DLB_OK;
}

/* ---- life ------------------------------------------------------------------------ */

static enum dlb_status
node_new(struct dlb_node **out, struct dlb_fs *fs, const char *home,
	const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_node *n = calloc(1, sizeof(*n));

	if (!n)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	n->env = env;
	n->fs = fs;
	if (strlen(home) >= sizeof(n->home)) {
		free(n);
		return dlb_fail(
			err, DLB_LIMIT, "the path of the home is too long");
	}
	memcpy(n->home, home, strlen(home) + 1);
	n->aead_n = dlb_pool_width();
	n->aead = calloc(n->aead_n, sizeof(struct dlb_aead *));
	if (posix_memalign((void **)&n->cells, 4096,
		    ((size_t)DLB_BATCH + n->aead_n) * DLB_CELL_LEN)
		!= 0)
		n->cells = NULL;
	for (unsigned i = 0; n->aead && i < n->aead_n; i++)
		if (dlb_aead_new(&n->aead[i]) != DLB_OK) {
			dlb_node_close(n);
			return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		}
	if (!n->aead || !n->cells) {
		dlb_node_close(n);
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	*out = n;
	return DLB_OK;
}

uint8_t *
dlb_node_cell(struct dlb_node *n, size_t i)
{
	return n->cells + i * DLB_CELL_LEN;
}

uint8_t *
dlb_node_scratch(struct dlb_node *n, unsigned worker)
{
	return n->cells + ((size_t)DLB_BATCH + worker) * DLB_CELL_LEN;
}

void
dlb_node_close(struct dlb_node *n)
{
	if (!n)
		return;
	dlb_satchel_close(n->satchel);
	if (n->letterbox)
		dlb_letterbox_close(n->letterbox);
	if (n->lock)
		n->lock->ops->close(n->lock);
	for (unsigned i = 0; n->aead && i < n->aead_n; i++)
		if (n->aead[i])
			dlb_aead_free(n->aead[i]);
	free(n->aead);
	free(n->cells);
	free(n);
}

/* errno stays as it is. */
static bool
is_directory(const char *path)
{
	int before = errno;
	struct stat sb;
	bool is = stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);

	errno = before;
	return is;
}

/* A directory and its parents, each 0700 where it has to be made. */
static enum dlb_status
make_dirs(const char *path, struct dlb_error *err)
{
	char part[4096];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return dlb_fail(
			err, DLB_LIMIT, "the path of the home is too long");
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && !is_directory(part))
			return dlb_fail_errno(err, errno,
				"%s is not a directory and can not be made one; set "
				"DLB_HOME to another place",
				part);
		part[i] = i < len ? '/' : '\0';
	}
	return DLB_OK;
}

static enum dlb_status
remove_if_there(struct dlb_node *n, const char *name, struct dlb_error *err)
{
	char path[4096];
	enum dlb_status st;

	in_home(path, n->home, name);
	st = n->fs->ops->remove(n->fs, path, err);
	return st == DLB_NOT_FOUND ? DLB_OK : st;
}

/* All that is made before the letterbox. */
static enum dlb_status
remove_made(struct dlb_node *n, struct dlb_error *err)
{
	char path[4096];
	enum dlb_status st;

	in_home(path, n->home, "satchel");
	st = dlb_span_clean(n->fs, path, err);
	if (st == DLB_OK)
		st = dlb_span_remove(n->fs, path, err);
	if (st == DLB_OK || st == DLB_NOT_FOUND)
		st = remove_if_there(n, "ring", err);
	return st;
}

static void
remove_home_files(struct dlb_node *n)
{
	/* With the mark gone first, what is left would be taken for a home's. */
	if (remove_if_there(n, "letterbox", NULL) == DLB_OK
		&& remove_made(n, NULL) == DLB_OK
		&& remove_if_there(n, "making", NULL) == DLB_OK
		&& remove_if_there(n, "lock", NULL) == DLB_OK)
		(void)rmdir(n->home);
}

/* Clears what an interruption left, and nothing else; sets the mark. */
static enum dlb_status
begin_making(struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_file *mark = NULL;
	char path[4096];
	enum dlb_status st = look_on(n->fs, n->home, err);

	in_home(path, n->home, "making");
	if (n->fs->ops->stat(n->fs, path, NULL, NULL, NULL) == DLB_OK)
		return remove_made(n, err);
	if (st != DLB_NOT_FOUND)
		return st;
	st = n->fs->ops->open(n->fs, &mark, path, DLB_OPEN_CREATE, false, err);
	if (st == DLB_OK) {
		mark->ops->close(mark);
		st = n->fs->ops->sync_dir(n->fs, n->home, err);
	}
	if (st != DLB_OK)
		remove_home_files(n);
	return st;
}

/* What an interruption leaves beside a home that is whole. */
static void
tidy(struct dlb_node *n)
{
	static const char *const names[] = {
		"making", "letterbox.new", "ring.new"};

	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++)
		if (remove_if_there(n, names[i], NULL) != DLB_OK) {
			/* It is in nobody's way. */
		}
}

enum dlb_status
dlb_node_create(struct dlb_node **out, const char *home,
	const struct dlb_home_options *options, const struct dlb_env *env,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	return dlb_node_create_on(
		out, dlb_fs_posix(), home, options, env, progress, err);
}

enum dlb_status
dlb_node_create_on(struct dlb_node **out, struct dlb_fs *fs, const char *home,
	const struct dlb_home_options *options, const struct dlb_env *env,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = dlb_home_check_size(options->size, err);

	if (st == DLB_OK)
		st = make_dirs(home, err);
	if (st != DLB_OK)
		return st;
	st = node_new(&n, fs, home, env, err);
	if (st != DLB_OK)
		return st;
	st = take_lock(n, 0, err);
	if (st == DLB_OK && look_on(fs, home, NULL) == DLB_OK)
		st = dlb_fail(err, DLB_EXISTS,
			"there is a letterbox in %s already; use it, or set DLB_HOME "
			"to another place",
			home);
	if (st == DLB_OK)
		st = begin_making(n, err);
	if (st != DLB_OK) {
		dlb_node_close(n);
		return st;
	}
	st = dlb_letterbox_create(&n->letterbox, n->fs, n->home,
		&options->unlock, !options->courier && !options->restoring,
		options->name, env, err);
	if (st == DLB_OK && options->restoring)
		st = dlb_restoring_apply(options->restoring, n->letterbox,
			options->restored, err);
	if (st == DLB_OK && options->waits)
		st = dlb_letterbox_set_waits(n->letterbox, true, err);
	if (st == DLB_OK)
		st = dlb_setting_set_int(
			n->letterbox, DLB_SET_SPREAD, options->spread, err);
	if (st == DLB_OK)
		st = dlb_home_make_satchel(
			n, options->size, options->sparse, progress, err);
	if (st == DLB_OK)
		st = dlb_clock_look(n->letterbox, &n->clock, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_home_open_satchel(n, err);
	if (st != DLB_OK) {
		remove_home_files(n);
		dlb_node_close(n);
		return st;
	}
	tidy(n);
	*out = n;
	return DLB_OK;
}

/* ---- opening ------------------------------------------------------------------- */

enum dlb_status
dlb_node_open(struct dlb_node **out, const char *home,
	const struct dlb_unlock *unlock, unsigned wait_ms,
	const struct dlb_env *env, struct dlb_error *err)
{
	return dlb_node_open_on(
		out, dlb_fs_posix(), home, unlock, wait_ms, env, err);
}

/* A disk that can not be written keeps nobody from their letters. */
static enum dlb_status
commit_or_undo(struct dlb_node *n, struct dlb_error *err)
{
	if (dlb_letterbox_commit(n->letterbox, err) == DLB_OK)
		return DLB_OK;
	return dlb_letterbox_rollback(n->letterbox, err);
}

/* A card that is not on the disk with its keys must not be seen: who seals to it
 * could not be read. Where it can not be written, the old one goes on to serve. */
static enum dlb_status
renew_card(struct dlb_node *n, struct dlb_error *err)
{
	bool renewed = false;
	enum dlb_status st = dlb_letterbox_renew(n->letterbox, &renewed, err);

	return st == DLB_OK && renewed ? commit_or_undo(n, err) : st;
}

static enum dlb_status
drop_orphans(struct dlb_node *n, struct dlb_error *err)
{
	int64_t doubt = 0;

	if (dlb_setting_get_int(n->letterbox, DLB_SET_HOLDS, &doubt) != DLB_OK
		|| !doubt)
		return DLB_OK;
	/* The mark stays, and the next opening tries again. */
	if (dlb_node_drop_orphans(n, err) == DLB_OK)
		return DLB_OK;
	return dlb_letterbox_rollback(n->letterbox, err);
}

static enum dlb_status
open_any(struct dlb_node **out, struct dlb_fs *fs, const char *home,
	const struct dlb_unlock *unlock, unsigned wait_ms, bool without,
	const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = look_on(fs, home, err);

	if (st == DLB_OK)
		st = node_new(&n, fs, home, env, err);
	if (st != DLB_OK)
		return st;
	st = take_lock(n, wait_ms, err);
	if (st == DLB_OK)
		st = dlb_letterbox_open(
			&n->letterbox, n->fs, n->home, unlock, env, err);
	if (st == DLB_OK) {
		st = dlb_home_open_satchel(n, &n->trouble);
		if (st != DLB_OK && without)
			st = DLB_OK;
		else if (st != DLB_OK && err)
			*err = n->trouble;
	}
	if (st == DLB_OK)
		tidy(n);
	if (st == DLB_OK)
		st = dlb_node_look_at_clock(n, err);
	if (st == DLB_OK && n->satchel)
		st = drop_orphans(n, err);
	if (st != DLB_OK) {
		dlb_node_close(n);
		return st;
	}
	*out = n;
	return DLB_OK;
}

enum dlb_status
dlb_node_open_on(struct dlb_node **out, struct dlb_fs *fs, const char *home,
	const struct dlb_unlock *unlock, unsigned wait_ms,
	const struct dlb_env *env, struct dlb_error *err)
{
	return open_any(out, fs, home, unlock, wait_ms, false, env, err);
}

enum dlb_status
dlb_node_open_without(struct dlb_node **out, const char *home,
	const struct dlb_unlock *unlock, unsigned wait_ms,
	const struct dlb_env *env, struct dlb_error *err)
{
	return open_any(
		out, dlb_fs_posix(), home, unlock, wait_ms, true, env, err);
}

const struct dlb_error *
dlb_node_trouble(const struct dlb_node *n)
{
	return n->satchel ? NULL : &n->trouble;
}

/* What could not be destroyed serves no more; the next opening tries again, and the
 * doctor tells. */
static enum dlb_status
destroy_keys(struct dlb_node *n, struct dlb_error *err)
{
	uint32_t destroyed;

	if (dlb_keys_destroy(n->letterbox, &destroyed, err) == DLB_OK)
		return DLB_OK;
	return dlb_letterbox_rollback(n->letterbox, err);
}

enum dlb_status
dlb_node_look_at_clock(struct dlb_node *n, struct dlb_error *err)
{
	enum dlb_status st = dlb_clock_look(n->letterbox, &n->clock, err);

	/* The highest time seen is kept whatever the home is opened for: else who
	 * only looks for a month has a clock that jumped. */
	if (st == DLB_OK)
		st = commit_or_undo(n, err);
	if (st == DLB_OK && dlb_letterbox_is_person(n->letterbox)
		&& n->clock.trusted_week)
		st = renew_card(n, err);
	if (st == DLB_OK)
		st = destroy_keys(n, err);
	if (st == DLB_OK)
		st = dlb_node_trips_end(n, err);
	/* That it is put off to the next time does no harm. */
	if (st == DLB_OK && dlb_node_expire(n, NULL) != DLB_OK)
		st = dlb_letterbox_rollback(n->letterbox, err);
	return st;
}

struct dlb_letterbox *
dlb_node_letterbox(struct dlb_node *n)
{
	return n->letterbox;
}

void
dlb_node_satchel_info(const struct dlb_node *n, struct dlb_satchel_info *out)
{
	dlb_satchel_info(n->satchel, out);
}

const char *
dlb_node_home(const struct dlb_node *n)
{
	return n->home;
}

struct dlb_clock_view
dlb_node_clock(const struct dlb_node *n)
{
	return n->clock;
}
