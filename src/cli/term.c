/*
 * Asking on the terminal.
 *
 * Invariants: echo is off only within one call, and every signal that could end or
 * stop the process meanwhile is caught, the terminal put back, and only then acted
 * on. Signals come through only while an answer is waited for, so that none is
 * lost between a look at the flag and the waiting. Nothing is asked from the
 * background.
 */
#include "term.h"

#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const int signals[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};
#define SIGNALS_N (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
	caught = number;
}

size_t
cli_term_width(int fd)
{
	struct winsize size;

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return CLI_TERM_WIDTH_DEFAULT;
	return size.ws_col;
}

size_t
cli_term_height(int fd)
{
	struct winsize size;

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)
		return CLI_TERM_HEIGHT_DEFAULT;
	return size.ws_row;
}

static int
open_tty(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool
cli_term_can_ask(void)
{
	int fd = open_tty();

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void
put(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR && !caught)
			continue;
		if (n <= 0)
			return; /* a terminal that is gone fails the read too */
		text += n;
		len -= (size_t)n;
	}
}

/* What signals did before, and which were let through. */
struct signals_before {
	sigset_t mask;
	struct sigaction action[SIGNALS_N];
};

static void
hold_signals(struct signals_before *before)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < SIGNALS_N; i++)
		/* Held, it would make of a read in the background an error. */
		if (signals[i] != SIGTTIN)
			sigaddset(&held, signals[i]);
	sigprocmask(SIG_BLOCK, &held, &before->mask);
	caught = 0;
}

static void
catch_signals(struct signals_before *before)
{
	struct sigaction sa = {0};

	hold_signals(before);
	sa.sa_handler = on_signal;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaction(signals[i], &sa, &before->action[i]);
}

static void
release_signals(const struct signals_before *before)
{
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaction(signals[i], &before->action[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* What came while asking, now that the terminal is as it was. true: ask again. */
static bool
act_on_signal(int number)
{
	if (number == SIGINT)
		return false;
	raise(number);
	return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* As `dlb status &` has it: stops until the shell lets it go on. false where nobody
 * will. */
static bool
come_to_the_front(int fd)
{
	pid_t front = tcgetpgrp(fd);

	while (front >= 0 && front != getpgrp()) {
		if (kill(0, SIGTTIN) != 0)
			return false;
		/* Still here and not in front: ignored, or an orphan. */
		front = tcgetpgrp(fd);
		if (front != getpgrp())
			return false;
	}
	return front >= 0;
}

/* A line, without its newline. The signals of `before` come through only while it
 * is waited for. */
static enum dlb_status
read_line(int fd, uint8_t *out, size_t cap, size_t *len,
	const struct signals_before *before, struct dlb_error *err)
{
	*len = 0;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = ppoll(&p, 1, NULL, &before->mask);
		uint8_t c = 0;
		ssize_t n;

		if (caught || cli_interrupted())
			return dlb_fail(err, DLB_CANCELLED, "interrupted");
		if (ready < 0 && errno == EINTR)
			continue;
		n = ready < 0 ? -1 : read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not read from the terminal");
		if (n == 0 || c == '\n' || c == '\r')
			return DLB_OK;
		if (*len == cap)
			return dlb_fail(err, DLB_LIMIT,
				"what was typed is too long (at most %zu bytes)",
				cap);
		out[(*len)++] = c;
	}
}

static enum dlb_status
ask_hidden(int fd, uint8_t *out, size_t cap, size_t *len, const char *prompt,
	struct dlb_error *err)
{
	struct signals_before signals_before;
	struct termios before, quiet;
	enum dlb_status st;
	bool changed;

	while (come_to_the_front(fd)) {
		catch_signals(&signals_before);
		changed = tcgetattr(fd, &before) == 0;
		if (changed) {
			quiet = before;
			quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
			quiet.c_lflag |= ICANON | ISIG;
			(void)tcsetattr(fd, TCSAFLUSH, &quiet);
		}
		put(fd, prompt);
		st = read_line(fd, out, cap, len, &signals_before, err);
		if (changed)
			(void)tcsetattr(fd, TCSAFLUSH, &before);
		put(fd, "\n");
		release_signals(&signals_before);
		if (st != DLB_CANCELLED)
			return st;
		dlb_wipe(out, cap);
		*len = 0;
		if (!act_on_signal(caught))
			return st;
	}
	return DLB_NOT_FOUND;
}

enum dlb_status
cli_term_ask_secret(uint8_t *out, size_t cap, size_t *len, const char *prompt,
	struct dlb_error *err)
{
	int fd = open_tty();
	enum dlb_status st;

	*len = 0;
	if (fd < 0)
		return DLB_NOT_FOUND;
	st = ask_hidden(fd, out, cap, len, prompt, err);
	close(fd);
	if (st != DLB_OK) {
		dlb_wipe(out, cap);
		*len = 0;
	}
	return st;
}

enum dlb_status
cli_term_ask_letter(char *out, const char *prompt, const char *letters,
	struct dlb_error *err)
{
	struct signals_before before;
	uint8_t line[64];
	size_t len;
	int fd = open_tty();
	enum dlb_status st;

	*out = letters[0];
	if (fd < 0)
		return DLB_NOT_FOUND;
	if (!come_to_the_front(fd)) {
		close(fd);
		return DLB_NOT_FOUND;
	}
	hold_signals(&before);
	for (;;) {
		put(fd, prompt);
		st = read_line(fd, line, sizeof(line), &len, &before, err);
		if (st == DLB_LIMIT)
			continue;
		if (st != DLB_OK || len == 0)
			break;
		/* From 'A' to 'a', and nothing else changes that matters. */
		if (strchr(letters, line[0] | 0x20)) {
			*out = (char)(line[0] | 0x20);
			break;
		}
	}
	if (st == DLB_CANCELLED)
		put(fd, "\n");
	sigprocmask(SIG_SETMASK, &before.mask, NULL);
	close(fd);
	return st;
}
