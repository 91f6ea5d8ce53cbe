/*
 * Loaded before the C library of the program under test: counts what it does to the
 * disk, and at one of these moments kills it, or takes the power from the file
 * system that it works on.
 *
 *   MOMENT_AT=N         at the Nth event; 0 or none: only counts
 *   MOMENT_DO=kill      SIGKILL; a write under way is half done
 *   MOMENT_DO=cut       no power for the file systems of MOMENT_FS (one or more
 *                       directories, between them colons); the program goes on and
 *                       finds them gone, as when a stick is pulled
 *   MOMENT_DO=cut,kill  both, as when the whole machine loses power
 *   MOMENT_COUNT=FILE   where the number of events goes at the end
 *
 * An event is a call that changes a file system, or that waits for the medium.
 */
/* Under its own name each, whatever the program was told of offsets. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of linux/ext4.h, which not every system has: what was not written before is
 * lost, the journal's last transaction included. */
#define SHUTDOWN _IOR('X', 125, unsigned)
#define NO_LOG_FLUSH 2u

static atomic_long events;
static long at;
#define FS_MAX 4
static int fs[FS_MAX];
static size_t fs_n;
static const char *what = "", *count_file;

__attribute__((constructor)) static void
begin(void)
{
	const char *text = getenv("MOMENT_AT");
	char *paths = getenv("MOMENT_FS"), *rest = NULL;

	at = text ? atol(text) : 0;
	what = getenv("MOMENT_DO") ? getenv("MOMENT_DO") : "";
	count_file = getenv("MOMENT_COUNT");
	paths = paths ? strdup(paths) : NULL;
	for (char *p = paths ? strtok_r(paths, ":", &rest) : NULL;
		p && fs_n < FS_MAX; p = strtok_r(NULL, ":", &rest))
		fs[fs_n++] = open(p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(paths);
}

__attribute__((destructor)) static void
end(void)
{
	FILE *f = count_file ? fopen(count_file, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "%ld\n", atomic_load(&events));
	fclose(f);
}

/* Is this the moment? */
static int
now(void)
{
	return atomic_fetch_add(&events, 1) + 1 == at;
}

static void
act(void)
{
	for (size_t i = 0; strstr(what, "cut") && i < fs_n; i++) {
		unsigned flags = NO_LOG_FLUSH;

		if (ioctl(fs[i], SHUTDOWN, &flags) != 0) {
			dprintf(2, "moment: no power cut: %s\n",
				strerror(errno));
			_exit(99);
		}
	}
	if (strstr(what, "kill")) {
		kill(getpid(), SIGKILL);
		/* The signal is on its way. */
		for (;;)
			pause();
	}
}

static void *
next(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (!f)
		_exit(98);
	return f;
}

/* The call of the C library that has this one's name. */
#define REAL(ret, ...) (__extension__(ret(*)(__VA_ARGS__)) next(__func__))

/* ---- writes, of which a part may reach the file ---------------------------------- */

static ssize_t
written(ssize_t (*real)(int, const void *, size_t, off64_t), int fd,
	const void *data, size_t len, off64_t offset)
{
	if (now()) {
		if (strstr(what, "kill"))
			(void)!real(fd, data, len / 2, offset);
		act();
	}
	return real(fd, data, len, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return written(REAL(ssize_t, int, const void *, size_t, off64_t), fd,
		data, len, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	return written(REAL(ssize_t, int, const void *, size_t, off64_t), fd,
		data, len, offset);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t (*real)(int, const void *, size_t) =
		REAL(ssize_t, int, const void *, size_t);

	/* What is said to a person is no event. */
	if (fd > 2 && now()) {
		if (strstr(what, "kill"))
			(void)!real(fd, data, len / 2);
		act();
	}
	return real(fd, data, len);
}

/* ---- all other ------------------------------------------------------------------------ */

#define EVENT()                                                                \
	do {                                                                   \
		if (now())                                                     \
			act();                                                 \
	} while (0)

int
fdatasync(int fd)
{
	EVENT();
	return REAL(int, int)(fd);
}

int
fsync(int fd)
{
	EVENT();
	return REAL(int, int)(fd);
}

int
syncfs(int fd)
{
	EVENT();
	return REAL(int, int)(fd);
}

int
ftruncate64(int fd, off64_t len)
{
	EVENT();
	return REAL(int, int, off64_t)(fd, len);
}

int
fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
	EVENT();
	return REAL(int, int, int, off64_t, off64_t)(fd, mode, offset, len);
}

int
rename(const char *from, const char *to)
{
	EVENT();
	return REAL(int, const char *, const char *)(from, to);
}

int
renameat(int from_at, const char *from, int to_at, const char *to)
{
	EVENT();
	return REAL(int, int, const char *, int, const char *)(
		from_at, from, to_at, to);
}

int
renameat2(int from_at, const char *from, int to_at, const char *to,
	unsigned flags)
{
	EVENT();
	return REAL(int, int, const char *, int, const char *, unsigned)(
		from_at, from, to_at, to, flags);
}

int
unlink(const char *path)
{
	EVENT();
	return REAL(int, const char *)(path);
}

int
unlinkat(int dir, const char *path, int flags)
{
	EVENT();
	return REAL(int, int, const char *, int)(dir, path, flags);
}

int
mkdir(const char *path, mode_t mode)
{
	EVENT();
	return REAL(int, const char *, mode_t)(path, mode);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	EVENT();
	return REAL(int, int, const char *, mode_t)(dir, path, mode);
}

static mode_t
mode_of(int flags, va_list ap)
{
	return flags & O_CREAT ? va_arg(ap, mode_t) : 0;
}

int
open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (flags & O_CREAT)
		EVENT();
	return REAL(int, const char *, int, ...)(path, flags, mode);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (flags & O_CREAT)
		EVENT();
	return REAL(int, int, const char *, int, ...)(dir, path, flags, mode);
}
