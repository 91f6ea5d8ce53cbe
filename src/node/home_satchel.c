/*
 * home_satchel: the satchel of a home: making it, opening it, and making it anew,
 * in another size or where it was lost.
 *
 * Its root key lies in the letterbox. One that is made anew is called `satchel.next`
 * until it is whole and on the medium. Then one commit of the letterbox says how many
 * files it has: from there on it is the satchel of this home. Its files take the names of the old one's, and another commit says that they
 * have. Who opens the home in between ends what was begun; before the first commit
 * the old one serves, and what there is of the new one is removed.
 */
#include "node_internal.h"

#include <stdio.h>
#include <string.h>

#define NAME "satchel"
#define NEXT "satchel.next"
/* Half of them for letters, half for what is carried: each has to take the new
 * cells of a meeting and something beside them. */
#define SLOTS_MIN (4u * DLB_MEETING_OWN_CELLS)

static void
in_home(char out[static 4096], const struct dlb_node *n, const char *name,
	size_t part)
{
	if (part == 0)
		snprintf(out, 4096, "%s/%s", n->home, name);
	else
		snprintf(out, 4096, "%s/%s.%zu", n->home, name, part);
}

enum dlb_status
dlb_home_check_size(uint64_t size, struct dlb_error *err)
{
	if (size == 0 || dlb_satchel_slots_in(size) >= SLOTS_MIN)
		return DLB_OK;
	return dlb_fail(err, DLB_USAGE,
		"a satchel of that size holds next to nothing; give at least "
		"--size 17M");
}

static enum dlb_status
make(struct dlb_node *n, const char *name,
	const uint8_t root[static DLB_KEY_LEN], uint64_t size, bool sparse,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_satchel_options so = {0};
	char path[4096];

	so.slots = dlb_satchel_slots_in(size ? size : DLB_HOME_SIZE_DEFAULT);
	so.reserve = so.slots / 2;
	so.sparse = sparse;
	/* Its own way in is a random key that only the letterbox knows. */
	so.unlock.kind = DLB_UNLOCK_KEYFILE;
	so.unlock.secret = root;
	so.unlock.len = DLB_KEY_LEN;
	so.root = root;
	in_home(path, n, name, 0);
	return dlb_satchel_create(n->fs, path, &so, n->env, progress, err);
}

enum dlb_status
dlb_home_make_satchel(struct dlb_node *n, uint64_t size, bool sparse,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	uint8_t root[DLB_KEY_LEN];
	enum dlb_status st;

	dlb_random(n->env, root, sizeof(root));
	st = make(n, NAME, root, size, sparse, progress, err);
	if (st == DLB_OK)
		st = dlb_setting_set_blob(n->letterbox, DLB_SET_SATCHEL_ROOT,
			root, sizeof(root), err);
	if (st == DLB_OK)
		st = dlb_setting_set_int(n->letterbox, DLB_SET_SATCHEL_SIZE,
			(int64_t)(size ? size : DLB_HOME_SIZE_DEFAULT), err);
	dlb_wipe(root, sizeof(root));
	return st;
}

/* ---- opening ------------------------------------------------------------------------ */

/* No secret that a person could give would help, so none of these is a wrong key. */
static enum dlb_status
fail_open(enum dlb_status st, struct dlb_error *err)
{
	char why[sizeof(err->msg)] = "";

	if (st == DLB_WRONG_KEY || st == DLB_FORGED) {
		snprintf(why, sizeof(why),
			"it was overwritten, or is not this home's");
	} else if (st == DLB_CORRUPT || st == DLB_NOT_FOUND
		|| st == DLB_MALFORMED) {
		if (err)
			memcpy(why, err->msg, sizeof(why));
	} else {
		dlb_error_prefix(err, "the home satchel");
		return st;
	}
	return dlb_fail(err, DLB_CORRUPT,
		"the home satchel does not open: %.240s; put it back from a copy "
		"of the home, or make a new one: dlb satchel --new",
		why);
}

static enum dlb_status
open_one(struct dlb_satchel **out, struct dlb_node *n, const char *name,
	const uint8_t root[static DLB_KEY_LEN], struct dlb_error *err)
{
	struct dlb_unlock unlock = {DLB_UNLOCK_ROOT, root, DLB_KEY_LEN};
	char path[4096];

	enum dlb_status st;

	in_home(path, n, name, 0);
	st = dlb_satchel_open(out, n->fs, path, &unlock, true, 0, n->env, err);
	if (st == DLB_WRONG_KEY)
		st = dlb_satchel_open_damaged(
			out, n->fs, path, &unlock, true, 0, n->env, err);
	return st;
}

static enum dlb_status
remove_parts(struct dlb_node *n, size_t first, struct dlb_error *err)
{
	char path[4096];
	size_t end = first;
	enum dlb_status st = DLB_OK;

	for (;; end++) {
		in_home(path, n, NAME, end);
		if (n->fs->ops->stat(n->fs, path, NULL, NULL, NULL) != DLB_OK)
			break;
	}
	/* From the end, so that a crash leaves none that is not found again. */
	while (st == DLB_OK && end > first) {
		in_home(path, n, NAME, --end);
		st = n->fs->ops->remove(n->fs, path, err);
	}
	return st;
}

/* The files of the next satchel, which is this home's already, take their names. */
static enum dlb_status
end_move(struct dlb_node *n, size_t parts, struct dlb_error *err)
{
	char from[4096], to[4096];
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < parts; i++) {
		in_home(from, n, NEXT, i);
		in_home(to, n, NAME, i);
		if (n->fs->ops->stat(n->fs, from, NULL, NULL, NULL) == DLB_OK)
			st = n->fs->ops->rename(n->fs, from, to, err);
	}
	if (st == DLB_OK)
		st = remove_parts(n, parts, err);
	if (st == DLB_OK)
		st = n->fs->ops->sync_dir(n->fs, n->home, err);
	if (st == DLB_OK)
		st = dlb_setting_set_int(
			n->letterbox, DLB_SET_SATCHEL_MOVE, 0, err);
	return st == DLB_OK ? dlb_letterbox_commit(n->letterbox, err) : st;
}

static enum dlb_status
remove_next(struct dlb_node *n, struct dlb_error *err)
{
	char path[4096];
	enum dlb_status st;

	in_home(path, n, NEXT, 0);
	st = dlb_span_clean(n->fs, path, err);
	if (st == DLB_OK)
		st = dlb_span_remove(n->fs, path, err);
	return st == DLB_NOT_FOUND ? DLB_OK : st;
}

/* Whatever a crash left of making it anew. */
static enum dlb_status
settle(struct dlb_node *n, struct dlb_error *err)
{
	int64_t parts = 0;

	if (dlb_setting_get_int(n->letterbox, DLB_SET_SATCHEL_MOVE, &parts)
			== DLB_OK
		&& parts > 0 && parts <= DLB_SPANS_MAX)
		return end_move(n, (size_t)parts, err);
	/* What can not be removed is in nobody's way. */
	(void)!remove_next(n, NULL);
	return DLB_OK;
}

static enum dlb_status
get_root(struct dlb_node *n, uint8_t root[static DLB_KEY_LEN],
	struct dlb_error *err)
{
	if (dlb_setting_get_blob(
		    n->letterbox, DLB_SET_SATCHEL_ROOT, root, DLB_KEY_LEN)
		== DLB_OK)
		return DLB_OK;
	return dlb_fail(err, DLB_CORRUPT,
		"the letterbox does not know its satchel; it was not made "
		"whole: remove %s and make it again",
		n->home);
}

enum dlb_status
dlb_home_open_satchel(struct dlb_node *n, struct dlb_error *err)
{
	uint8_t root[DLB_KEY_LEN];
	enum dlb_status st = get_root(n, root, err);

	if (st == DLB_OK)
		st = settle(n, err);
	if (st == DLB_OK) {
		st = open_one(&n->satchel, n, NAME, root, err);
		if (st != DLB_OK)
			st = fail_open(st, err);
	}
	dlb_wipe(root, sizeof(root));
	return st;
}

/* ---- making it anew --------------------------------------------------------------------- */

/* From here on the next one is this home's. Where the commit fails it is for the next
 * opening to see whether it did. */
static enum dlb_status
take_next(struct dlb_node *n, uint64_t size, struct dlb_error *err)
{
	size_t parts = (size_t)((size - 1) / DLB_SPAN_LEN + 1);
	enum dlb_status st = dlb_setting_set_int(
		n->letterbox, DLB_SET_SATCHEL_MOVE, (int64_t)parts, err);

	if (st == DLB_OK)
		st = dlb_setting_set_int(
			n->letterbox, DLB_SET_SATCHEL_SIZE, (int64_t)size, err);
	if (st == DLB_OK)
		st = dlb_audit_note(n->letterbox, DLB_AUDIT_SATCHEL_ANEW, &size,
			1, NULL, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st != DLB_OK) {
		(void)!dlb_letterbox_rollback(n->letterbox, NULL);
		return st;
	}
	dlb_satchel_close(n->satchel);
	n->satchel = NULL;
	return dlb_home_open_satchel(n, err);
}

/* For what is held and what is carried, half of the places each. */
static uint32_t
slots_for(uint32_t held, uint32_t shown)
{
	uint32_t half = held > shown ? held : shown;

	half = half > DLB_SATCHEL_SLOTS_MAX / 2 ? DLB_SATCHEL_SLOTS_MAX / 2
						: half;
	return 2 * half < SLOTS_MIN ? SLOTS_MIN : 2 * half;
}

uint64_t
dlb_node_size_for(const struct dlb_node *n, const struct dlb_in_letter *letter)
{
	uint32_t cells = letter->stripe.cells, missing = cells - letter->have;
	struct dlb_satchel_info i;

	if (letter->state != DLB_IN_PARTLY || letter->have > cells)
		return 0;
	dlb_satchel_info(n->satchel, &i);
	if (cells <= i.reserve && missing <= i.reserve - i.held)
		return 0;
	return dlb_node_size_with(n, missing);
}

uint64_t
dlb_node_size_with(const struct dlb_node *n, uint64_t more)
{
	struct dlb_satchel_info i;
	uint64_t held;

	dlb_satchel_info(n->satchel, &i);
	held = i.held + more;
	if (held > DLB_SATCHEL_SLOTS_MAX / 2)
		held = DLB_SATCHEL_SLOTS_MAX / 2;
	return dlb_satchel_size_of(slots_for((uint32_t)held, i.shown));
}

struct large {
	const struct dlb_node *n;
	struct dlb_large *out;
	uint64_t missing;
};

static bool
count_large(void *ctx, const struct dlb_in_letter *letter)
{
	struct large *l = ctx;

	if (!dlb_in_is_seen(letter) || dlb_node_size_for(l->n, letter) == 0)
		return true;
	if (l->out->letters++ == 0)
		l->out->first = letter->number;
	l->missing += letter->stripe.cells - letter->have;
	return true;
}

enum dlb_status
dlb_node_large(struct dlb_node *n, struct dlb_large *out, struct dlb_error *err)
{
	struct large l = {.n = n, .out = out};
	enum dlb_status st;

	memset(out, 0, sizeof(*out));
	st = dlb_in_each(n->letterbox, count_large, &l, err);
	out->size = dlb_node_size_with(n, l.missing);
	return st;
}

/* Strangers' letters take at most seven eighths of what is for letters. */
void
dlb_node_note_refused(
	struct dlb_node *n, uint64_t strangers_cells, uint64_t cells)
{
	uint64_t reserve = strangers_cells * 8 / 7 + 1;
	struct dlb_satchel_info i;

	dlb_satchel_info(n->satchel, &i);
	if (reserve < i.held + cells)
		reserve = i.held + cells;
	if (reserve > DLB_SATCHEL_SLOTS_MAX / 2)
		reserve = DLB_SATCHEL_SLOTS_MAX / 2;
	if (reserve > n->refused_reserve)
		n->refused_reserve = (uint32_t)reserve;
}

uint64_t
dlb_node_refused_size(const struct dlb_node *n)
{
	struct dlb_satchel_info i;

	if (n->refused_reserve == 0)
		return 0;
	dlb_satchel_info(n->satchel, &i);
	return dlb_satchel_size_of(slots_for(n->refused_reserve, i.shown));
}

static enum dlb_status
check_fits(const struct dlb_node *n, uint64_t size, struct dlb_error *err)
{
	struct dlb_satchel_info i;
	char needs[DLB_SIZE_TEXT_MAX];
	uint32_t needed;

	dlb_satchel_info(n->satchel, &i);
	needed = slots_for(i.held, i.shown);
	if (dlb_satchel_slots_in(size) >= needed)
		return DLB_OK;
	return dlb_fail(err, DLB_USAGE,
		"the satchel holds %u cells for letters and carries %u: that "
		"takes %s; give at least --size %lluM",
		i.held, i.shown,
		dlb_size_text(needs, dlb_satchel_size_of(needed)),
		(unsigned long long)(dlb_satchel_size_of(needed) >> 20) + 1);
}

static enum dlb_status
fill_next(struct dlb_node *n, const uint8_t root[static DLB_KEY_LEN],
	uint64_t *size, uint32_t *damaged, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	struct dlb_satchel *next = NULL;
	struct dlb_satchel_info i;
	enum dlb_status st = open_one(&next, n, NEXT, root, err);

	if (st == DLB_OK && n->satchel)
		st = dlb_satchel_copy(next, n->satchel, damaged, progress, err);
	if (st == DLB_OK) {
		dlb_satchel_info(next, &i);
		*size = i.size;
	}
	dlb_satchel_close(next);
	return st;
}

static enum dlb_status
make_anew(struct dlb_node *n, uint64_t size, bool sparse, uint32_t *damaged,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	uint8_t root[DLB_KEY_LEN];
	enum dlb_status st = get_root(n, root, err);

	if (st == DLB_OK)
		st = remove_next(n, err);
	/* Under the same root key, so that either opens with any copy of the
	 * letterbox. */
	if (st == DLB_OK)
		st = make(n, NEXT, root, size, sparse, progress, err);
	if (st == DLB_OK)
		st = fill_next(n, root, &size, damaged, progress, err);
	dlb_wipe(root, sizeof(root));
	if (st == DLB_OK)
		return take_next(n, size, err);
	(void)!remove_next(n, NULL);
	return st;
}

enum dlb_status
dlb_node_satchel_resize(struct dlb_node *n, uint64_t size, bool sparse,
	struct dlb_damage *damage, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	uint32_t damaged = 0;
	enum dlb_status st = dlb_home_check_size(size, err);

	memset(damage, 0, sizeof(*damage));
	if (st == DLB_OK)
		st = check_fits(n, size, err);
	if (st == DLB_OK)
		st = make_anew(n, size, sparse, &damaged, progress, err);
	return st == DLB_OK && damaged ? dlb_node_damage(n, damage, err) : st;
}

/* As large as it was, or as what lies there. */
static uint64_t
size_of_lost(struct dlb_node *n)
{
	uint64_t size = 0, part;
	char path[4096];
	int64_t was;

	if (dlb_setting_get_int(n->letterbox, DLB_SET_SATCHEL_SIZE, &was)
			== DLB_OK
		&& was > 0)
		return (uint64_t)was;
	for (size_t i = 0; i < DLB_SPANS_MAX; i++) {
		in_home(path, n, NAME, i);
		if (n->fs->ops->stat(n->fs, path, &part, NULL, NULL) != DLB_OK)
			break;
		size += part;
	}
	return dlb_satchel_slots_in(size) < SLOTS_MIN ? 0 : size;
}

enum dlb_status
dlb_node_satchel_new(struct dlb_node *n, uint64_t size, bool sparse,
	struct dlb_damage *damage, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	uint32_t damaged = 0;
	enum dlb_status st = dlb_home_check_size(size, err);

	memset(damage, 0, sizeof(*damage));
	if (st == DLB_OK && n->satchel)
		st = dlb_fail(err, DLB_USAGE,
			"the satchel opens: --new would lose what it holds; for "
			"another size: dlb satchel --size SIZE");
	if (st == DLB_OK)
		st = make_anew(n, size ? size : size_of_lost(n), sparse,
			&damaged, progress, err);
	return st == DLB_OK ? dlb_node_damage(n, damage, err) : st;
}
