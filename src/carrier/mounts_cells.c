/*
 * A place that is itself a folder of single cells (cell_dir.h): told of when its lock
 * is there, when others have put cells in or taken some out, and every now and then, so
 * that what was sealed or taken here since gets there.
 *
 * Who meets it changes it, and the kernel tells of that too: so what lies there is
 * compared with what lay there at the end of the last meeting. Where the kernel does
 * not tell (another machine's doing on a network's file system), the directory's own
 * time is looked at once a minute.
 */
#include "cell_dir.h"
#include "mounts_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define POLL_MS 60000

void
cells_entry(struct cells_seen *seen, int dir, const char *name)
{
	struct stat st;

	seen->objects += dlb_cell_dir_is_name(name);
	if (strcmp(name, DLB_CELL_DIR_LOCK) == 0)
		seen->lock = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0
			&& S_ISREG(st.st_mode);
}

bool
cells_concern(const char *name)
{
	return strcmp(name, DLB_CELL_DIR_LOCK) == 0
		|| dlb_cell_dir_is_name(name);
}

static struct timespec
changed_at(const struct place *p)
{
	struct stat st;

	return stat(p->path, &st) == 0 ? st.st_mtim : (struct timespec){0};
}

void
cells_gone(struct place *p)
{
	struct cells *c = &p->cells;

	c->gone |= c->reported;
	c->present = c->reported = c->due = c->left = false;
}

void
cells_looked(
	struct dlb_mounts *m, struct place *p, const struct cells_seen *seen)
{
	struct cells *c = &p->cells;

	if (!seen->lock) {
		cells_gone(p);
		return;
	}
	c->present = true;
	c->objects = seen->objects;
	c->looked_ms = mounts_now(m);
	c->changed = changed_at(p);
	c->due |= !c->reported
		|| (!c->left && !place_is_met_once(p) && c->objects != c->met);
}

int64_t
cells_due_ms(const struct place *p)
{
	const struct cells *c = &p->cells;
	int64_t again = c->told_ms + DLB_MOUNTS_AGAIN_MS;

	if (!c->reported || place_is_met_once(p))
		return INT64_MAX;
	return c->looked_ms + POLL_MS < again ? c->looked_ms + POLL_MS : again;
}

void
cells_poll(struct dlb_mounts *m, struct place *p)
{
	struct cells *c = &p->cells;
	struct timespec now = changed_at(p);

	if (mounts_now(m) < cells_due_ms(p))
		return;
	c->looked_ms = mounts_now(m);
	c->due |= mounts_now(m) - c->told_ms >= DLB_MOUNTS_AGAIN_MS;
	if (now.tv_sec != c->changed.tv_sec
		|| now.tv_nsec != c->changed.tv_nsec)
		place_touch(m, p);
}

bool
cells_event(
	struct dlb_mounts *m, struct place *p, struct dlb_mounts_event *event)
{
	struct cells *c = &p->cells;

	if (!c->gone && !c->due)
		return false;
	snprintf(event->path, sizeof(event->path), "%s", p->path);
	event->medium = p->medium;
	event->kind = c->gone ? DLB_MOUNTS_GONE : DLB_MOUNTS_APPEARED;
	if (c->gone) {
		c->gone = false;
		return true;
	}
	event->again = c->reported;
	c->reported = true;
	c->due = false;
	c->met = c->objects;
	c->told_ms = mounts_now(m);
	return true;
}

/* ---- what the caller made of it ------------------------------------------------- */

static struct cells *
find(struct dlb_mounts *m, const char *path)
{
	for (size_t i = 0; i < m->places_n; i++)
		if (m->places[i].cells.reported
			&& strcmp(m->places[i].path, path) == 0)
			return &m->places[i].cells;
	return NULL;
}

void
dlb_mounts_met(struct dlb_mounts *m, const char *path, size_t objects)
{
	struct cells *c = find(m, path);

	if (!c)
		return;
	c->met = objects;
	c->left = false;
}

void
dlb_mounts_leave(struct dlb_mounts *m, const char *path)
{
	struct cells *c = find(m, path);

	if (c)
		c->left = true;
}
