/*
 * Reading a picture, in a process of its own: dlb-scan gets it as its standard
 * input, and what it writes is its answer. It is started anew each time, so that
 * none of this process's memory is in it.
 */
#include "picture.h"
#include "scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_LOOK_MS 2 /* between looks whether it has ended */

/* The picture as a file that has no name, read from its start. */
static enum dlb_status
make_input(int *fd, const uint8_t *data, size_t len, struct dlb_error *err)
{
	*fd = memfd_create("picture", MFD_CLOEXEC);
	while (*fd >= 0 && len > 0) {
		ssize_t n = write(*fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		data += n;
		len -= (size_t)n;
	}
	if (*fd >= 0 && len == 0 && lseek(*fd, 0, SEEK_SET) == 0)
		return DLB_OK;
	return dlb_fail_errno(err, errno, "no room to read a picture");
}

/* With nothing of this process but the two ends. 0 or an errno. */
static int
spawn(pid_t *child, const char *program, int in, int out)
{
	static char name[] = "dlb-scan";
	char *argv[] = {name, NULL}, *environment[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int e = posix_spawn_file_actions_init(&files);

	if (e != 0)
		return e;
	e = posix_spawnattr_init(&attributes);
	if (e != 0) {
		posix_spawn_file_actions_destroy(&files);
		return e;
	}
	sigemptyset(&none);
	sigfillset(&all);
	e = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(
			&files, out, STDOUT_FILENO);
	/* Libraries talk, and what they say is of the picture's making. */
	if (e == 0)
		e = posix_spawn_file_actions_addopen(
			&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (e == 0)
		e = posix_spawn_file_actions_addclosefrom_np(
			&files, STDERR_FILENO + 1);
	if (e == 0)
		e = posix_spawnattr_setsigmask(&attributes, &none);
	if (e == 0)
		e = posix_spawnattr_setsigdefault(&attributes, &all);
	if (e == 0)
		e = posix_spawnattr_setflags(&attributes,
			POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (e == 0)
		e = posix_spawn(
			child, program, &files, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return e;
}

static enum dlb_status
start(pid_t *child, int in, int out, const char *const scanners[],
	struct dlb_error *err)
{
	int e = ENOENT;

	for (size_t i = 0; e == ENOENT && scanners[i]; i++)
		e = spawn(child, scanners[i], in, out);
	if (e == ENOENT)
		return dlb_fail(err, DLB_UNSUPPORTED,
			"this dlb reads no pictures: dlb-scan is not beside it "
			"(it is built where libzbar-dev and libpng-dev are); "
			"scan the code with something else and give its text");
	return e == 0 ? DLB_OK
		      : dlb_fail_errno(err, e, "can not start dlb-scan");
}

/* What it writes until it ends. false: it took too long, or says too much. */
static bool
take_answer(
	struct dlb_buf *out, int fd, int64_t until, const struct dlb_env *env)
{
	size_t start = out->len;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = until - env->monotonic_ms(env->ctx);
		uint8_t bytes[1024];
		ssize_t n;

		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		if ((size_t)n > DLB_PICTURE_TEXT_MAX - (out->len - start)
			|| dlb_buf_append(out, bytes, (size_t)n) != DLB_OK)
			return false;
	}
}

static enum dlb_status
say_end(int code, struct dlb_error *err)
{
	switch (code) {
	case DLB_SCAN_TEXT:
		return DLB_OK;
	case DLB_SCAN_DAMAGED:
		return dlb_fail(err, DLB_MALFORMED,
			"the picture is damaged or cut short: copy it again");
	case DLB_SCAN_OTHER_KIND:
		return dlb_fail(err, DLB_UNSUPPORTED,
			"pictures of this kind are not read here: save it as "
			"PNG, or scan the code with something else and give its "
			"text");
	case DLB_SCAN_TOO_LARGE:
		return dlb_fail(err, DLB_LIMIT,
			"the picture is too large: cut out the code, or make the "
			"picture smaller (at most %u by %u pixels and %u million "
			"in all)",
			DLB_SCAN_SIDE_MAX, DLB_SCAN_SIDE_MAX,
			DLB_SCAN_PIXELS_MAX >> 20);
	case DLB_SCAN_NO_CODE:
		return dlb_fail(err, DLB_NOT_FOUND,
			"no QR code can be read in the picture: take it again, "
			"sharp, straight, and with the white around the code");
	case DLB_SCAN_SEVERAL:
		return dlb_fail(err, DLB_MALFORMED,
			"there is more than one QR code in the picture: cut out "
			"the one that is meant");
	case DLB_SCAN_NO_MEMORY:
		return dlb_fail(err, DLB_NO_MEMORY,
			"reading the picture takes too much memory: cut out the "
			"code, or make the picture smaller");
	default:
		return dlb_fail(err, DLB_FAILED,
			"dlb-scan could not be confined, or failed (code %d)",
			code);
	}
}

/* Until it has ended: it may close its output, and stay. false: it took too long. */
static bool
await_end(pid_t child, int64_t until, const struct dlb_env *env)
{
	for (;;) {
		siginfo_t ended = {0};

		if (waitid(P_PID, (id_t)child, &ended,
			    WEXITED | WNOHANG | WNOWAIT)
				!= 0
			|| ended.si_pid != 0)
			return true;
		if (env->monotonic_ms(env->ctx) >= until)
			return false;
		(void)poll(NULL, 0, END_LOOK_MS);
	}
}

static enum dlb_status
end(pid_t child, bool answered, struct dlb_error *err)
{
	int status = 0;

	if (!answered)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return dlb_fail_errno(err, errno, "dlb-scan got lost");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
		return dlb_fail(err, DLB_CANCELLED, "interrupted");
	if (!answered || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
		return dlb_fail(err, DLB_LIMIT,
			"reading the picture takes too long: cut out the code, or "
			"make the picture smaller");
	if (WIFSIGNALED(status))
		return dlb_fail(err, DLB_MALFORMED,
			"reading the picture failed (dlb-scan ended by signal "
			"%d): it may have been made to do that; do not trust it",
			WTERMSIG(status));
	return say_end(WEXITSTATUS(status), err);
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

enum dlb_status
dlb_picture_read(struct dlb_buf *out, const uint8_t *data, size_t len,
	const char *const scanners[], const struct dlb_env *env,
	struct dlb_error *err)
{
	int in = -1, ends[2] = {-1, -1};
	int64_t until = env->monotonic_ms(env->ctx) + DLB_PICTURE_MS_MAX;
	size_t before = out->len;
	enum dlb_status s;
	pid_t child = -1;

	if (len > DLB_PICTURE_LEN_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"the picture is too large: at most %u MiB",
			DLB_PICTURE_LEN_MAX >> 20);
	s = make_input(&in, data, len, err);
	if (s == DLB_OK && pipe2(ends, O_CLOEXEC) != 0)
		s = dlb_fail_errno(err, errno, "can not start dlb-scan");
	if (s == DLB_OK)
		s = start(&child, in, ends[1], scanners, err);
	close_one(&in);
	close_one(&ends[1]);
	if (s == DLB_OK)
		s = end(child,
			take_answer(out, ends[0], until, env)
				&& await_end(child, until, env),
			err);
	close_one(&ends[0]);
	if (s != DLB_OK)
		out->len = before;
	return s;
}
