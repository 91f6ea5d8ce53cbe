/*
 * A command as the other end of a link: two pipes, the shell, and its end.
 *
 * A pidfd stands for the process, so that waiting for it needs no signal handler and
 * has a limit. It stays in the caller's process group: in one of its own it could
 * not read a passphrase from the terminal.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct dlb_command {
	pid_t pid;
	int pidfd;
	int read_fd, write_fd; /* -1: handed over */
	bool reaped;
	int status; /* of waitpid */
};

static void
close_pair(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* 0 or an errno. */
static int
spawn(pid_t *pid, const char *text, int in, int out)
{
	char *argv[] = {"sh", "-c", (char *)(uintptr_t)text, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t set;
	int failed = posix_spawn_file_actions_init(&files);

	if (failed)
		return failed;
	failed = posix_spawnattr_init(&attr);
	if (failed) {
		posix_spawn_file_actions_destroy(&files);
		return failed;
	}
	failed = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(
			&files, out, STDOUT_FILENO);
	if (!failed)
		failed = posix_spawn_file_actions_addclosefrom_np(
			&files, STDERR_FILENO + 1);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(&attr, &set);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attr, &set);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (!failed)
		failed = posix_spawn(
			pid, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

/* A pipe neither end of which is a standard descriptor, should those be shut: what
 * this process prints would go into the link. 0 or an errno. */
static int
high_pipe(int fds[2])
{
	int low[2], failed = 0;

	if (pipe2(low, O_CLOEXEC) != 0)
		return errno;
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (fds[i] < 0)
			failed = errno;
	}
	close_pair(low);
	return failed;
}

enum dlb_status
dlb_command_start(
	struct dlb_command **out, const char *text, struct dlb_error *err)
{
	struct dlb_command *c = calloc(1, sizeof(*c));
	int in[2] = {-1, -1}, from[2] = {-1, -1}, failed;

	*out = NULL;
	if (!c)
		return dlb_fail(err, DLB_NO_MEMORY, "no memory for a command");
	c->pid = -1;
	c->pidfd = -1;
	failed = high_pipe(in);
	if (!failed)
		failed = high_pipe(from);
	if (!failed)
		failed = spawn(&c->pid, text, in[0], from[1]);
	if (!failed) {
		c->pidfd = pidfd_open(c->pid, 0);
		failed = c->pidfd < 0 ? errno : 0;
	}
	c->read_fd = from[0];
	c->write_fd = in[1];
	from[0] = in[1] = -1;
	close_pair(in);
	close_pair(from);
	if (failed) {
		dlb_command_free(c);
		return dlb_fail_errno(
			err, failed, "the command could not be started");
	}
	*out = c;
	return DLB_OK;
}

void
dlb_command_fds(struct dlb_command *c, int *read_fd, int *write_fd)
{
	*read_fd = c->read_fd;
	*write_fd = c->write_fd;
	c->read_fd = c->write_fd = -1;
}

static void
shut(struct dlb_command *c)
{
	int fds[2] = {c->read_fd, c->write_fd};

	close_pair(fds);
	c->read_fd = c->write_fd = -1;
}

/* Whether it has ended within that time. */
static bool
reap(struct dlb_command *c, int timeout_ms)
{
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	int n;

	if (c->reaped)
		return true;
	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	do
		n = waitpid(c->pid, &c->status, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0) /* someone else has, or SIGCHLD is ignored: never known */
		c->status = -1;
	c->reaped = true;
	return true;
}

enum dlb_status
dlb_command_end(struct dlb_command *c, int *code, struct dlb_error *err)
{
	static const int last_words[] = {SIGTERM, SIGKILL};
	int own = 0;

	code = code ? code : &own;
	*code = 255;
	shut(c);
	for (size_t i = 0;
		i < DLB_ARRAY_LEN(last_words) && !reap(c, DLB_COMMAND_END_MS);
		i++)
		kill(c->pid, last_words[i]);
	if (!reap(c, DLB_COMMAND_END_MS))
		return dlb_fail(err, DLB_FAILED,
			"the command does not end, not even when killed");
	if (c->status == -1)
		return dlb_fail(
			err, DLB_FAILED, "how the command ended is not known");
	if (WIFSIGNALED(c->status)) {
		*code = 128 + WTERMSIG(c->status);
		return dlb_fail(err, DLB_FAILED,
			"the command was ended by signal %d (%s)",
			WTERMSIG(c->status), strsignal(WTERMSIG(c->status)));
	}
	*code = WEXITSTATUS(c->status);
	if (*code == 127)
		return dlb_fail(err, DLB_FAILED,
			"the command was not found (code 127): is it installed, "
			"here and where it leads to?");
	if (*code != 0)
		return dlb_fail(err, DLB_FAILED,
			"the command ended with code %d: what it wrote says why",
			*code);
	return DLB_OK;
}

void
dlb_command_free(struct dlb_command *c)
{
	if (!c)
		return;
	shut(c);
	if (c->pid > 0 && !c->reaped) {
		kill(c->pid, SIGKILL);
		(void)!waitpid(c->pid, NULL, 0);
	}
	if (c->pidfd >= 0)
		close(c->pidfd);
	free(c);
}
