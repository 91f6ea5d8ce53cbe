/*
 * The boxes of one directory: what is found at each look, beside what was told.
 *
 * A box is its name until the kernel says that the name was given away. Inode
 * numbers do not help: FAT and FUSE draw new ones for the same file.
 */
#include "cell_dir.h"
#include "mounts_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct box *
find(struct place *p, const char *name)
{
	for (size_t i = 0; i < p->boxes_n; i++)
		if (!p->boxes[i].replaced
			&& strcmp(p->boxes[i].name, name) == 0)
			return &p->boxes[i];
	return NULL;
}

static size_t
present(const struct place *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->boxes_n; i++)
		n += p->boxes[i].present;
	return n;
}

static struct box *
add(struct dlb_mounts *m, struct place *p, const char *name)
{
	struct box *b;

	if (present(p) >= BOXES_MAX) {
		mounts_limit(m, "has more boxes than are watched", p->path);
		return NULL;
	}
	if (p->boxes_n == p->boxes_cap) {
		size_t cap = p->boxes_cap ? 2 * p->boxes_cap : 4;

		b = reallocarray(p->boxes, cap, sizeof(*b));
		if (!b)
			return NULL;
		p->boxes = b;
		p->boxes_cap = cap;
	}
	b = &p->boxes[p->boxes_n++];
	*b = (struct box){0};
	snprintf(b->name, sizeof(b->name), "%s", name);
	return b;
}

static void
found(struct dlb_mounts *m, struct place *p, const char *name,
	const struct stat *st, bool quiet)
{
	struct box *b = find(p, name);
	bool same = b && b->len == st->st_size
		&& b->changed.tv_sec == st->st_mtim.tv_sec
		&& b->changed.tv_nsec == st->st_mtim.tv_nsec;

	if (!b)
		b = add(m, p, name);
	if (!b)
		return;
	b->len = st->st_size;
	b->changed = st->st_mtim;
	b->present = true;
	b->steady = b->steady || same || quiet;
}

static void
look_through(struct dlb_mounts *m, struct place *p, bool quiet)
{
	DIR *d = opendir(p->path);
	struct cells_seen cells = {false, 0};
	const struct dirent *e;
	size_t seen = 0;

	if (!d) {
		cells_gone(p);
		return; /* not there (yet) */
	}
	while ((e = readdir(d)) != NULL) {
		struct stat st;

		cells_entry(&cells, dirfd(d), e->d_name);
		if (cells_concern(e->d_name))
			continue;
		if (++seen > ENTRIES_MAX) {
			mounts_limit(m, "has more entries than are looked at",
				p->path);
			break;
		}
		if (stick_find(dirfd(d), e->d_name, &st) == STICK_BOX)
			found(m, p, e->d_name, &st, quiet);
	}
	closedir(d);
	cells_looked(m, p, &cells);
}

/* What is not there and was never told of is forgotten. */
static void
forget(struct place *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->boxes_n; i++)
		if (p->boxes[i].present || p->boxes[i].reported)
			p->boxes[kept++] = p->boxes[i];
	p->boxes_n = kept;
}

void
place_look(struct dlb_mounts *m, struct place *p)
{
	int64_t now = mounts_now(m);
	bool quiet = now - p->last_ms >= DLB_MOUNTS_QUIET_MS;
	bool waits = false;

	for (size_t i = 0; i < p->boxes_n; i++)
		p->boxes[i].present = false;
	look_through(m, p, quiet);
	forget(p);
	for (size_t i = 0; i < p->boxes_n; i++)
		waits |= p->boxes[i].present && !p->boxes[i].steady;
	p->dirty = waits || !quiet;
	p->first_ms = now;
}

void
place_replaced(struct place *p, const char *name)
{
	struct box *b = find(p, name);

	if (strcmp(name, DLB_CELL_DIR_LOCK) == 0)
		cells_gone(p);
	if (!b)
		return;
	b->present = false;
	b->replaced = true;
	forget(p);
}

void
place_emptied(struct place *p)
{
	for (size_t i = 0; i < p->boxes_n; i++) {
		p->boxes[i].present = false;
		p->boxes[i].replaced = true;
	}
	cells_gone(p);
	forget(p);
}

static void
tell(const struct place *p, const struct box *b,
	enum dlb_mounts_event_kind kind, struct dlb_mounts_event *event)
{
	const char *slash = strcmp(p->path, "/") == 0 ? "" : "/";

	event->kind = kind;
	event->medium = p->medium;
	snprintf(event->path, sizeof(event->path), "%s%s%s", p->path, slash,
		b->name);
}

bool
place_is_met_once(const struct place *p)
{
	return p->medium && !p->named;
}

static int64_t
again_ms(const struct place *p, const struct box *b)
{
	return b->reported && b->present && !place_is_met_once(p)
		? b->told_ms + DLB_MOUNTS_AGAIN_MS
		: INT64_MAX;
}

int64_t
place_again_ms(const struct place *p)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < p->boxes_n; i++)
		if (again_ms(p, &p->boxes[i]) < first)
			first = again_ms(p, &p->boxes[i]);
	return first;
}

bool
place_event(
	struct dlb_mounts *m, struct place *p, struct dlb_mounts_event *event)
{
	/* One that went before one that came: they may have one name. */
	for (size_t i = 0; i < p->boxes_n; i++)
		if (p->boxes[i].reported && !p->boxes[i].present) {
			tell(p, &p->boxes[i], DLB_MOUNTS_GONE, event);
			p->boxes[i] = p->boxes[--p->boxes_n];
			return true;
		}
	for (size_t i = 0; i < p->boxes_n; i++)
		if ((!p->boxes[i].reported && p->boxes[i].present
			    && p->boxes[i].steady)
			|| again_ms(p, &p->boxes[i]) <= mounts_now(m)) {
			tell(p, &p->boxes[i], DLB_MOUNTS_APPEARED, event);
			event->again = p->boxes[i].reported;
			p->boxes[i].reported = true;
			p->boxes[i].told_ms = mounts_now(m);
			return true;
		}
	return false;
}

void
place_free(struct place *p)
{
	free(p->path);
	free(p->boxes);
}
