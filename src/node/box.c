/*
 * box: making boxes and opening them. A known box opens with the root key that the
 * letterbox keeps; any other by what the caller gives, or openly.
 */
#include "object.h"
#include "trips.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB (1ULL << 20)
#define BOX_SIZE_DEFAULT (1024 * MIB)

/* A path that means the same from any directory. */
static void
absolute(char *out, size_t cap, const char *path)
{
	char *real = realpath(path, NULL);

	int n = snprintf(out, cap, "%s", real ? real : path);

	/* Half a path would lead elsewhere. */
	if (n < 0 || (size_t)n >= cap)
		out[0] = '\0';
	free(real);
}

/* ---- opening ------------------------------------------------------------------ */

struct known {
	struct dlb_node *n;
	const char *path;
	const char *here; /* the same, absolute */
	bool same_path;   /* the pass: first those last seen here */
	bool writable;
	struct dlb_satchel *opened;
	struct dlb_box box;
	enum dlb_status st; /* what stopped the search, if anything */
	struct dlb_error *err;
};

static bool
try_known(void *ctx, const struct dlb_box *box)
{
	struct known *k = ctx;
	struct dlb_unlock unlock = {
		DLB_UNLOCK_ROOT, box->root, sizeof(box->root)};
	enum dlb_status st;

	if ((strcmp(box->path, k->here) == 0) != k->same_path)
		return true;
	st = dlb_satchel_open(&k->opened, k->n->fs, k->path, &unlock,
		k->writable, 0, k->n->env, k->err);
	if (st == DLB_WRONG_KEY)
		return true;
	k->st = st;
	if (st == DLB_OK)
		k->box = *box;
	return false;
}

/* Where it was last, for lists and for who says a name instead of a place. */
static void
note_place(struct dlb_node *n, struct dlb_box *box, const char *here)
{
	if (strcmp(box->path, here) == 0)
		return;
	snprintf(box->path, sizeof(box->path), "%s", here);
	if (dlb_box_save(n->letterbox, box, NULL) != DLB_OK
		|| dlb_letterbox_commit(n->letterbox, NULL) != DLB_OK) {
		/* It is found all the same. */
	}
}

/* With a key that a briefing lent. */
static enum dlb_status
open_by_trip(struct dlb_node *n, struct dlb_satchel **out, const char *path,
	bool writable, struct dlb_error *err)
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
			st = dlb_satchel_open(out, n->fs, path, &unlock,
				writable, 0, n->env, err);
	}
	dlb_trips_free(&trips);
	return st;
}

enum dlb_status
dlb_node_box_open(struct dlb_node *n, struct dlb_satchel **out,
	const char *path, const struct dlb_unlock *unlock, bool writable,
	char name[static DLB_BOX_NAME_MAX + 1], struct dlb_error *err)
{
	struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	char here[sizeof(((struct dlb_box *)NULL)->path)];
	struct known k = {.n = n,
		.path = path,
		.here = here,
		.writable = writable,
		.st = DLB_WRONG_KEY,
		.err = err};
	enum dlb_status st;

	name[0] = '\0';
	absolute(here, sizeof(here), path);
	for (int pass = 0; pass < 2 && k.st == DLB_WRONG_KEY; pass++) {
		k.same_path = pass == 0;
		st = dlb_box_each(n->letterbox, try_known, &k, err);
		if (st != DLB_OK)
			return st;
	}
	if (k.st == DLB_OK) {
		memcpy(name, k.box.name, sizeof(k.box.name));
		*out = k.opened;
		note_place(n, &k.box, here);
		dlb_wipe(&k.box, sizeof(k.box));
		return DLB_OK;
	}
	if (k.st != DLB_WRONG_KEY)
		return k.st;
	st = dlb_satchel_open(
		out, n->fs, path, &open, writable, 0, n->env, err);
	if (st == DLB_WRONG_KEY)
		st = open_by_trip(n, out, path, writable, err);
	if (st == DLB_WRONG_KEY && unlock)
		st = dlb_satchel_open(
			out, n->fs, path, unlock, writable, 0, n->env, err);
	if (st == DLB_WRONG_KEY)
		return dlb_fail(err, DLB_WRONG_KEY,
			unlock ? "%s does not open with that passphrase or key; or "
				 "it is not a box, or badly damaged"
			       : "%s is not a box that is open to all, nor one whose "
				 "key is known here; give its passphrase "
				 "(--box-passphrase-file), its key file "
				 "(--box-key-file), or: dlb box add KEY; a "
				 "briefing opens it where --may-open lent the "
				 "key",
			path);
	return st;
}

struct missing {
	char file[sizeof(((struct dlb_box *)NULL)->path)];
	char dir[sizeof(((struct dlb_box *)NULL)->path)];
	struct dlb_error *err;
};

/* It, the folder that it was, or the stick that it lay on. */
static bool
was_there(const struct missing *m, const char *path)
{
	size_t len = strlen(m->file);

	return strcmp(path, m->file) == 0 || strcmp(path, m->dir) == 0
		|| (strncmp(path, m->file, len) == 0
			&& strcmp(path + len, "/" DLB_STICK_BOX_NAME) == 0);
}

static bool
say_which(void *ctx, const struct dlb_box *box)
{
	struct missing *m = ctx;

	if (!box->path[0] || !was_there(m, box->path))
		return true;
	return dlb_fail(m->err, DLB_NOT_FOUND,
		       "box %s was at %.180s, and is not there now: put it in, "
		       "see that it is mounted, and meet again",
		       box->name, box->path)
		== DLB_OK;
}

void
dlb_node_box_missing(
	struct dlb_node *n, const char *path, struct dlb_error *err)
{
	struct missing m = {.err = err};
	const char *slash = strrchr(path, '/');
	char dir[sizeof(m.dir)];
	int len;

	if (dlb_path_dir(dir, sizeof(dir), path) != DLB_OK)
		return;
	absolute(m.dir, sizeof(m.dir), dir);
	len = snprintf(m.file, sizeof(m.file), "%s%s%s", m.dir,
		strcmp(m.dir, "/") == 0 ? "" : "/", slash ? slash + 1 : path);
	if (m.dir[0] && len > 0 && (size_t)len < sizeof(m.file)
		&& dlb_box_each(n->letterbox, say_which, &m, NULL) != DLB_OK) {
		/* What err says already is true, too. */
	}
}

/* ---- making -------------------------------------------------------------------- */

/* Half of what is free, between what is needed and 1 GiB: cover of all who meet it
 * fills a small one within days, and letters give way to it. */
static enum dlb_status
choose_size(const struct dlb_stick *stick,
	const struct dlb_box_options *options, uint64_t *size,
	struct dlb_error *err)
{
	/* Twice over, so that a second letter of the kind fits too. */
	uint64_t need = options->size_min + options->size_min / 4 + 4 * MIB;
	uint64_t want = stick->free / 2;

	if (options->size) {
		*size = options->size;
		if (stick->free < options->size && !options->sparse)
			return dlb_fail(err, DLB_NO_SPACE,
				"%llu MiB are free there, and the box is to take "
				"%llu MiB; give a smaller --size",
				(unsigned long long)(stick->free / MIB),
				(unsigned long long)(options->size / MIB));
		return DLB_OK;
	}
	if (stick->free == UINT64_MAX)
		return dlb_fail(err, DLB_USAGE,
			"that file system does not tell how much is free on it; "
			"make the box with: dlb box create %s --size SIZE",
			options->path);
	if (want > BOX_SIZE_DEFAULT)
		want = BOX_SIZE_DEFAULT;
	if (want < need)
		want = need;
	if (want > stick->free)
		return dlb_fail(err, DLB_NO_SPACE,
			"a box there needs at least %llu MiB, and %llu MiB are free; "
			"use a larger stick",
			(unsigned long long)(need / MIB),
			(unsigned long long)(stick->free / MIB));
	*size = want;
	return DLB_OK;
}

static void
default_name(char out[static DLB_BOX_NAME_MAX + 1], const char *path)
{
	char copy[4096], *slash, *suffix;
	size_t len = strlen(path);

	if (len >= sizeof(copy))
		len = sizeof(copy) - 1;
	memcpy(copy, path, len);
	copy[len] = '\0';
	slash = strrchr(copy, '/');
	/* "/media/usb/box.dlb" is called after the stick, not the file. */
	if (slash && strcmp(slash + 1, DLB_STICK_BOX_NAME) == 0) {
		*slash = '\0';
		slash = strrchr(copy, '/');
	}
	dlb_printable(out, DLB_BOX_NAME_MAX - 4, slash ? slash + 1 : copy,
		strlen(slash ? slash + 1 : copy));
	suffix = strstr(out, DLB_STICK_BOX_SUFFIX);
	if (suffix && suffix != out)
		*suffix = '\0';
	if (!*out)
		memcpy(out, "box", sizeof("box"));
}

/* A name of one's choice must be free; a chosen one is made so. */
static enum dlb_status
save_box(struct dlb_node *n, struct dlb_box *box, bool named,
	struct dlb_error *err)
{
	size_t len = strlen(box->name);
	enum dlb_status st = dlb_box_save(n->letterbox, box, err);

	for (int i = 2; st == DLB_EXISTS && !named && i < 1000; i++) {
		snprintf(box->name + len, sizeof(box->name) - len, "-%d", i);
		st = dlb_box_save(n->letterbox, box, err);
	}
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

static enum dlb_status
create_dir(struct dlb_node *n, const struct dlb_box_options *options,
	struct dlb_box *box, uint64_t *size, struct dlb_error *err)
{
	uint64_t cells;
	enum dlb_status st;

	*size = options->size ? options->size : BOX_SIZE_DEFAULT;
	cells = *size / DLB_OBJECT_LEN;
	if (cells < DLB_SATCHEL_SLOTS_MIN)
		return dlb_fail(err, DLB_USAGE,
			"a box of that size holds next to nothing; give at least "
			"--size 2M");
	dlb_random(n->env, box->root, sizeof(box->root));
	st = dlb_node_dir_create(
		n, options->path, cells, box->root, &options->unlock, err);
	if (st != DLB_OK)
		return st;
	if (options->name)
		snprintf(box->name, sizeof(box->name), "%s", options->name);
	else
		default_name(box->name, options->path);
	absolute(box->path, sizeof(box->path), options->path);
	return save_box(n, box, options->name != NULL, err);
}

enum dlb_status
dlb_node_box_create(struct dlb_node *n, const struct dlb_box_options *options,
	struct dlb_box *box, uint64_t *size,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_satchel_options so = {0};
	struct dlb_stick stick;
	struct dlb_box other;
	enum dlb_status st;

	memset(box, 0, sizeof(*box));
	if (options->name
		&& dlb_box_by_name(n->letterbox, &other, options->name, NULL)
			== DLB_OK) {
		dlb_wipe(&other, sizeof(other));
		return dlb_fail(err, DLB_EXISTS,
			"there is a box called %s already; give another --name",
			options->name);
	}
	if (options->place) {
		if (!dlb_briefing_text_valid(options->place, DLB_BOX_PLACE_MAX))
			return dlb_fail(err, DLB_USAGE,
				"a place is one line of at most %d bytes of "
				"UTF-8, with no control characters",
				DLB_BOX_PLACE_MAX);
		snprintf(box->place, sizeof(box->place), "%s", options->place);
	}
	if (options->cells)
		return create_dir(n, options, box, size, err);
	st = dlb_stick_locate(&stick, n->fs, options->path, err);
	if (st == DLB_OK && stick.exists)
		st = dlb_fail(err, DLB_EXISTS,
			"there is a box already: %s; meet it with: dlb meet %s",
			stick.path, options->path);
	if (st == DLB_OK && stick.read_only)
		st = dlb_fail(err, DLB_READ_ONLY,
			"%s is read-only; mount it writable", options->path);
	/* What an interruption left of an earlier one takes room. */
	if (st == DLB_OK)
		st = dlb_span_clean(n->fs, stick.path, err);
	if (st == DLB_OK)
		st = dlb_stick_locate(&stick, n->fs, options->path, err);
	if (st == DLB_OK)
		st = choose_size(&stick, options, size, err);
	if (st != DLB_OK)
		return st;
	dlb_random(n->env, box->root, sizeof(box->root));
	so.slots = dlb_satchel_slots_in(*size);
	so.sparse = options->sparse;
	so.unlock = options->unlock;
	so.root = box->root;
	if (so.slots < DLB_SATCHEL_SLOTS_MIN)
		return dlb_fail(err, DLB_USAGE,
			"a box of that size holds next to nothing; give at least "
			"--size 2M");
	st = dlb_satchel_create(n->fs, stick.path, &so, n->env, progress, err);
	if (st != DLB_OK)
		return st;
	*size = dlb_satchel_size_of(so.slots);
	if (options->name)
		snprintf(box->name, sizeof(box->name), "%s", options->name);
	else
		default_name(box->name, stick.path);
	absolute(box->path, sizeof(box->path), stick.path);
	st = save_box(n, box, options->name != NULL, err);
	if (st != DLB_OK
		&& dlb_span_remove(n->fs, stick.path, NULL) != DLB_OK) {
		/* An empty box that nobody knows stays behind. */
	}
	return st;
}
