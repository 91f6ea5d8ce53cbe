/*
 * Which directories are watched, and when each is looked into.
 *
 * The kernel tells that something happened, not dependably what: events are
 * merged, lost when there are too many, and none comes for what another machine
 * does. So each is only a reason to look, after a pause; what is told to the caller
 * is the difference between two looks.
 */
#include "mounts_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define TABLE "/proc/self/mountinfo"
/* In one step; the rest with the next. */
#define READS_MAX 64
#define WATCHES_MAX 64
/* One mask for all: two places may share a watch, and the last mask counts. */
#define MASK                                                                   \
	(IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM    \
		| IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* After these a name is another file's, or nobody's. */
#define GIVEN_AWAY (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

int64_t
mounts_now(const struct dlb_mounts *m)
{
	return m->env->monotonic_ms(m->env->ctx);
}

void
mounts_limit(struct dlb_mounts *m, const char *what, const char *path)
{
	char shown[256];

	if (m->limited)
		return;
	m->limited = m->limit_waits = true;
	(void)!dlb_fail(&m->limit, DLB_LIMIT, "%s %s: not all are noticed",
		dlb_printable(shown, sizeof(shown), path, strlen(path)), what);
}

void
place_touch(struct dlb_mounts *m, struct place *p)
{
	p->last_ms = mounts_now(m);
	if (!p->dirty)
		p->first_ms = p->last_ms;
	p->dirty = true;
}

/* ---- watches ------------------------------------------------------------------ */

static void
unwatch(struct dlb_mounts *m, struct place *p)
{
	bool shared = false;

	for (size_t i = 0; i < m->places_n; i++)
		shared |= &m->places[i] != p && m->places[i].wd == p->wd;
	if (p->wd >= 0 && !shared)
		(void)!inotify_rm_watch(m->inotify, p->wd);
	p->wd = -1;
	p->itself = false;
}

/* Cuts the last component; false at the root. */
static bool
go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (strcmp(path, "/") == 0 || !slash)
		return false;
	slash[slash == path ? 1 : 0] = '\0';
	return true;
}

/* Watches the place, or where it is not there the nearest directory above it that
 * is. Asked from below each time: it may have been made in between. */
static void
watch(struct dlb_mounts *m, struct place *p)
{
	char at[DLB_MOUNTS_PATH_MAX];
	int wd;

	snprintf(at, sizeof(at), "%s", p->path);
	while ((wd = inotify_add_watch(m->inotify, at, MASK)) < 0) {
		if (errno == ENOSPC || errno == ENOMEM) {
			mounts_limit(m,
				"is not watched (fs.inotify.max_user_watches "
				"is used up)",
				p->path);
			break;
		}
		if (!go_up(at))
			break;
	}
	if (wd != p->wd)
		unwatch(m, p);
	p->wd = wd;
	p->itself = wd >= 0 && strcmp(at, p->path) == 0;
}

static void
look(struct dlb_mounts *m, struct place *p)
{
	int before;

	/* Until nothing was made below what is watched before it was. */
	for (int i = 0; i < WATCHES_MAX; i++) {
		before = p->wd;
		watch(m, p);
		if (p->wd == before)
			break;
	}
	place_look(m, p);
}

static bool
concerns(const struct place *p, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW)
		return true;
	if (e->wd != p->wd)
		return false;
	/* Of a directory full of other things only boxes count; above a place
	 * that is not there, anything might be it. */
	return !p->itself || e->len == 0
		|| strstr(e->name, DLB_STICK_BOX_SUFFIX) != NULL
		|| cells_concern(e->name);
}

static void
hear(struct dlb_mounts *m, const struct inotify_event *e)
{
	for (size_t i = 0; i < m->places_n; i++) {
		struct place *p = &m->places[i];

		if (!concerns(p, e))
			continue;
		if (e->mask & IN_UNMOUNT)
			place_emptied(p);
		if (p->itself && e->len > 0 && (e->mask & GIVEN_AWAY))
			place_replaced(p, e->name);
		if (e->mask & IN_IGNORED) {
			p->wd = -1;
			p->itself = false;
		}
		place_touch(m, p);
	}
}

static void
hear_all(struct dlb_mounts *m)
{
	union {
		struct inotify_event event;
		char bytes[16384];
	} buf;

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = read(m->inotify, &buf, sizeof(buf));

		if (n <= 0)
			return;
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e =
				(const void *)(buf.bytes + at);

			hear(m, e);
			at += (ssize_t)sizeof(*e) + e->len;
		}
	}
}

/* ---- places ------------------------------------------------------------------- */

static struct place *
place_at(struct dlb_mounts *m, const char *path)
{
	for (size_t i = 0; i < m->places_n; i++)
		if (strcmp(m->places[i].path, path) == 0)
			return &m->places[i];
	return NULL;
}

/* The path is longer where it can not be joined with a box's name. */
static bool
path_fits(const char *path)
{
	return strlen(path) + 1 + NAME_MAX < DLB_MOUNTS_PATH_MAX;
}

static struct place *
add_place(struct dlb_mounts *m, const char *path)
{
	struct place *p = &m->places[m->places_n];

	if (m->places_n == DLB_MOUNTS_PLACES_MAX || !path_fits(path)) {
		mounts_limit(m, "is one place too many, or too long", path);
		return NULL;
	}
	*p = (struct place){.path = strdup(path), .wd = -1};
	if (!p->path)
		return NULL;
	m->places_n++;
	return p;
}

/* Forgets places that nothing names any more and of which all has been told. */
static void
drop_places(struct dlb_mounts *m)
{
	for (size_t i = m->places_n; i-- > 0;) {
		struct place *p = &m->places[i];

		if (p->named || p->medium || p->boxes_n > 0 || p->cells.gone)
			continue;
		unwatch(m, p);
		place_free(p);
		*p = m->places[--m->places_n];
	}
}

/* ---- the table ---------------------------------------------------------------- */

static char *
read_table(const char *path, size_t *len)
{
	char *text = malloc(TABLE_MAX), *cut;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 0;

	while (text && fd >= 0 && n < TABLE_MAX
		&& (got = read(fd, text + n, TABLE_MAX - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (fd < 0 || got < 0) {
		free(text);
		return NULL;
	}
	*len = n;
	cut = realloc(text, n ? n : 1);
	return cut ? cut : text;
}

static void
note_mount(struct dlb_mounts *m, const struct mount_entry *e)
{
	struct place *p = place_at(m, e->point);

	if (!p)
		p = add_place(m, e->point);
	if (!p || p->listed)
		return;
	if (!p->medium || p->mount_id != e->id || p->major != e->major
		|| p->minor != e->minor) {
		if (p->medium || p->named)
			place_emptied(p);
		p->medium = true;
		p->mount_id = e->id;
		p->major = e->major;
		p->minor = e->minor;
		place_touch(m, p);
	}
	p->listed = true;
}

static void
go_through(struct dlb_mounts *m, const char *text, size_t len)
{
	struct mount_entry *e = malloc(sizeof(*e));
	const char *line;
	size_t n;

	if (!e)
		return;
	for (size_t i = 0; i < m->places_n; i++)
		m->places[i].listed = false;
	/* They are in the order of mounting: the last of a point is on top. */
	while (mountinfo_last(text, &len, &line, &n))
		if (mountinfo_parse(e, line, n) && mountinfo_is_medium(e))
			note_mount(m, e);
	free(e);
	for (size_t i = 0; i < m->places_n; i++) {
		struct place *p = &m->places[i];

		if (p->medium && !p->listed) {
			p->medium = false;
			place_emptied(p);
		}
		/* Something may have been mounted over it, or above it. */
		if (p->named)
			place_touch(m, p);
	}
}

/* Keeps text, to know it again. */
static void
take_table(struct dlb_mounts *m, char *text, size_t len)
{
	if (m->seen && m->seen_len == len && memcmp(m->seen, text, len) == 0) {
		free(text);
		return;
	}
	free(m->seen);
	m->seen = text;
	m->seen_len = len;
	go_through(m, text, len);
}

static void
look_at_table(struct dlb_mounts *m, bool first)
{
	struct pollfd p = {.fd = m->table_look, .events = POLLPRI};
	const char *path = m->table ? m->table : TABLE;
	size_t len = 0;
	char *text;

	if (!m->media)
		return;
	/* Asked first, then read: what changes in between wakes again. */
	if (poll(&p, 1, 0) <= 0 && !first && !m->table)
		return;
	text = read_table(path, &len);
	if (text)
		take_table(m, text, len);
}

/* ---- the whole ---------------------------------------------------------------- */

static enum dlb_status
add_named(struct dlb_mounts *m, const char *dir, struct dlb_error *err)
{
	char path[DLB_MOUNTS_PATH_MAX], shown[256];
	size_t n = strlen(dir);
	struct place *p;

	dlb_printable(shown, sizeof(shown), dir, n);
	if (dir[0] != '/')
		return dlb_fail(err, DLB_USAGE,
			"%s is not an absolute path: a directory to watch is "
			"named from the root",
			shown);
	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (n >= sizeof(path))
		return dlb_fail(err, DLB_LIMIT, "%s is too long", shown);
	memcpy(path, dir, n);
	path[n] = '\0';
	if (!path_fits(path))
		return dlb_fail(err, DLB_LIMIT, "%s is too long", shown);
	p = place_at(m, path);
	if (!p)
		p = add_place(m, path);
	if (!p)
		return dlb_fail(
			err, DLB_NO_MEMORY, "no memory to watch %s", shown);
	p->named = true;
	return DLB_OK;
}

static enum dlb_status
open_views(struct dlb_mounts *m, struct dlb_error *err)
{
	const char *path = m->table ? m->table : TABLE;

	m->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (m->inotify < 0)
		return dlb_fail_errno(err, errno,
			"directories can not be watched (are "
			"fs.inotify.max_user_instances used up?)");
	if (!m->media)
		return DLB_OK;
	m->table_poll = open(path, O_RDONLY | O_CLOEXEC);
	m->table_look = open(path, O_RDONLY | O_CLOEXEC);
	if (m->table_poll < 0 || m->table_look < 0)
		return dlb_fail_errno(err, errno,
			"what is mounted can not be watched (is /proc mounted?)");
	return DLB_OK;
}

enum dlb_status
dlb_mounts_new(struct dlb_mounts **out, const struct dlb_env *env,
	const struct dlb_mounts_config *config, struct dlb_error *err)
{
	struct dlb_mounts *m = calloc(1, sizeof(*m));
	enum dlb_status s = DLB_OK;

	*out = NULL;
	if (!m)
		return dlb_fail(err, DLB_NO_MEMORY, "no memory to watch");
	*m = (struct dlb_mounts){.env = env,
		.media = config->media,
		.table_poll = -1,
		.table_look = -1,
		.inotify = -1};
	m->places = calloc(DLB_MOUNTS_PLACES_MAX, sizeof(*m->places));
	m->table = config->table ? strdup(config->table) : NULL;
	if (!m->places || (config->table && !m->table))
		s = dlb_fail(err, DLB_NO_MEMORY, "no memory to watch");
	if (s == DLB_OK && config->dirs_n > DLB_MOUNTS_DIRS_MAX)
		s = dlb_fail(err, DLB_LIMIT,
			"%zu directories are to be watched: %d can be",
			config->dirs_n, DLB_MOUNTS_DIRS_MAX);
	for (size_t i = 0; s == DLB_OK && i < config->dirs_n; i++)
		s = add_named(m, config->dirs[i], err);
	if (s == DLB_OK)
		s = open_views(m, err);
	if (s != DLB_OK) {
		dlb_mounts_free(m);
		return s;
	}
	look_at_table(m, true);
	/* What is there already has been for long enough. */
	for (size_t i = 0; i < m->places_n; i++) {
		m->places[i].dirty = true;
		m->places[i].last_ms = mounts_now(m) - DLB_MOUNTS_QUIET_MS;
		m->places[i].first_ms = m->places[i].last_ms;
	}
	*out = m;
	return DLB_OK;
}

void
dlb_mounts_free(struct dlb_mounts *m)
{
	int fds[] = {m ? m->inotify : -1, m ? m->table_poll : -1,
		m ? m->table_look : -1};

	if (!m)
		return;
	for (size_t i = 0; i < DLB_ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (size_t i = 0; i < m->places_n; i++)
		place_free(&m->places[i]);
	free(m->places);
	free(m->table);
	free(m->seen);
	free(m);
}

unsigned
dlb_mounts_poll(const struct dlb_mounts *m,
	struct pollfd out[static DLB_MOUNTS_FDS_MAX])
{
	unsigned n = 0;

	out[n++] = (struct pollfd){.fd = m->inotify, .events = POLLIN};
	if (m->table_poll >= 0)
		out[n++] =
			(struct pollfd){.fd = m->table_poll, .events = POLLPRI};
	return n;
}

static int64_t
due_ms(const struct place *p)
{
	int64_t quiet = p->last_ms + DLB_MOUNTS_QUIET_MS;
	int64_t patience = p->first_ms + DLB_MOUNTS_PATIENCE_MS;

	if (!p->dirty)
		return INT64_MAX;
	return quiet < patience ? quiet : patience;
}

int64_t
dlb_mounts_deadline_ms(const struct dlb_mounts *m)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < m->places_n; i++) {
		int64_t look = due_ms(&m->places[i]);
		int64_t poll = cells_due_ms(&m->places[i]);

		first = look < first ? look : first;
		first = poll < first ? poll : first;
		poll = place_again_ms(&m->places[i]);
		first = poll < first ? poll : first;
	}
	return first;
}

void
dlb_mounts_step(struct dlb_mounts *m, struct dlb_mounts_event *event)
{
	*event = (struct dlb_mounts_event){.kind = DLB_MOUNTS_NONE};
	hear_all(m);
	look_at_table(m, false);
	for (size_t i = 0; i < m->places_n; i++) {
		cells_poll(m, &m->places[i]);
		if (mounts_now(m) >= due_ms(&m->places[i]))
			look(m, &m->places[i]);
	}
	if (m->limit_waits) {
		m->limit_waits = false;
		event->kind = DLB_MOUNTS_LIMIT;
		event->why = m->limit;
		return;
	}
	for (size_t i = 0; i < m->places_n; i++)
		if (place_event(m, &m->places[i], event)
			|| cells_event(m, &m->places[i], event))
			return;
	drop_places(m);
}
