/*
 * pty: runs a command on a terminal of its own and acts the person before it.
 *
 *   pty STEP... -- COMMAND [ARGUMENT...]
 *
 * Steps, in their order: "expect:TEXT" waits until TEXT has appeared after what was
 * expected before; "send:TEXT" types TEXT (\n a newline, \c Ctrl-C, \z Ctrl-Z);
 * "hidden" and "shown" check that echo is off or on; "cont" lets a stopped command
 * go on. Everything the command writes goes to standard output. The exit code is
 * the command's, 128 + the signal that ended it, 124 when a step took over ten
 * seconds, 125 when one failed.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 10000
#define SEEN_MAX (1 << 20)

static char seen[SEEN_MAX + 1];
static size_t seen_len, expected; /* what was matched ends there */

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes what comes within ms; false at the end of the command's terminal. */
static bool
take(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return true;
	n = read(fd, seen + seen_len, SEEN_MAX - seen_len);
	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	if (write(STDOUT_FILENO, seen + seen_len, (size_t)n) != n)
		return false;
	seen_len += (size_t)n;
	seen[seen_len] = '\0';
	return true;
}

static bool
expect(int fd, const char *text)
{
	long until = now_ms() + STEP_MS;
	char *at;

	while (!(at = strstr(seen + expected, text))) {
		if (now_ms() > until || !take(fd, 50))
			return false;
	}
	expected = (size_t)(at - seen) + strlen(text);
	return true;
}

static bool
type(int fd, const char *text)
{
	for (; *text; text++) {
		char c = *text;

		if (c == '\\' && text[1]) {
			text++;
			c = *text == 'n'       ? '\n'
				: *text == 'c' ? 3
				: *text == 'z' ? 26
					       : *text;
		}
		if (write(fd, &c, 1) != 1)
			return false;
	}
	return true;
}

/* The setting may come a moment after the prompt, or the other way round. */
static bool
echoes(int fd, bool wanted)
{
	long until = now_ms() + STEP_MS;
	struct termios t;

	while (now_ms() < until) {
		if (tcgetattr(fd, &t) == 0
			&& ((t.c_lflag & ECHO) != 0) == wanted)
			return true;
		take(fd, 20);
	}
	return false;
}

/* A stopped command is continued, as `fg` would. */
static bool
go_on(int fd, pid_t child)
{
	long until = now_ms() + STEP_MS;
	int status;

	while (now_ms() < until) {
		if (waitpid(child, &status, WUNTRACED | WNOHANG) == child)
			return WIFSTOPPED(status) && kill(child, SIGCONT) == 0;
		take(fd, 20);
	}
	return false;
}

static bool
step(int fd, pid_t child, const char *what)
{
	if (strncmp(what, "expect:", 7) == 0)
		return expect(fd, what + 7);
	if (strncmp(what, "send:", 5) == 0)
		return type(fd, what + 5);
	if (strcmp(what, "hidden") == 0)
		return echoes(fd, false);
	if (strcmp(what, "shown") == 0)
		return echoes(fd, true);
	if (strcmp(what, "cont") == 0)
		return go_on(fd, child);
	return false;
}

static int
finish(int fd, pid_t child)
{
	long until = now_ms() + STEP_MS;
	int status;

	while (now_ms() < until && take(fd, 50)) {
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (now_ms() > until) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return 124;
		}
		usleep(10000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	const char *columns = getenv("PTY_COLUMNS");
	int command = 1, fd;
	pid_t child;

	while (command < argc && strcmp(argv[command], "--") != 0)
		command++;
	if (command + 1 >= argc)
		return 125;
	if (columns)
		size.ws_col = (unsigned short)strtoul(columns, NULL, 10);
	child = forkpty(&fd, NULL, NULL, &size);
	if (child < 0)
		return 125;
	if (child == 0) {
		/* Alone in its group it would be an orphan, and not stop. */
		execvp(argv[command + 1], argv + command + 1);
		_exit(127);
	}
	for (int i = 1; i < command; i++)
		if (!step(fd, child, argv[i])) {
			fprintf(stderr, "pty: %s: did not come\n", argv[i]);
			kill(child, SIGKILL);
			waitpid(child, NULL, 0);
			return 125;
		}
	return finish(fd, child);
}
