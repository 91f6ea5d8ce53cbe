/*
 * Asking on the terminal.
 *
 * Invariant: echo is off only between set_echo(false) and set_echo(true) of one
 * call, and every signal that could end or stop the process in between is caught,
 * the terminal put back, and only then acted on.
 */
#include "term.h"

#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
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

static void
catch_signals(struct sigaction old[static SIGNALS_N])
{
	struct sigaction sa = {0};

	caught = 0;
	sa.sa_handler = on_signal; /* no SA_RESTART: the read must return */
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaction(signals[i], &sa, &old[i]);
}

static void
release_signals(const struct sigaction old[static SIGNALS_N])
{
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaction(signals[i], &old[i], NULL);
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

/* A line, without its newline. */
static enum dlb_status
read_line(int fd, uint8_t *out, size_t cap, size_t *len, struct dlb_error *err)
{
	*len = 0;
	for (;;) {
		uint8_t c = 0;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && (caught || cli_interrupted()))
			return dlb_fail(err, DLB_CANCELLED, "interrupted");
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
	struct sigaction old[SIGNALS_N];
	struct termios before, quiet;
	enum dlb_status st;
	bool changed;

	for (;;) {
		catch_signals(old);
		changed = tcgetattr(fd, &before) == 0;
		if (changed) {
			quiet = before;
			quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
			quiet.c_lflag |= ICANON | ISIG;
			(void)tcsetattr(fd, TCSAFLUSH, &quiet);
		}
		put(fd, prompt);
		st = read_line(fd, out, cap, len, err);
		if (changed)
			while (tcsetattr(fd, TCSAFLUSH, &before) != 0
				&& errno == EINTR) {
			}
		put(fd, "\n");
		release_signals(old);
		if (st != DLB_CANCELLED)
			return st;
		dlb_wipe(out, cap);
		*len = 0;
		if (!act_on_signal(caught))
			return st;
	}
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
	uint8_t line[64];
	size_t len;
	int fd = open_tty();
	enum dlb_status st;

	*out = letters[0];
	if (fd < 0)
		return DLB_NOT_FOUND;
	for (;;) {
		caught = 0;
		put(fd, prompt);
		st = read_line(fd, line, sizeof(line), &len, err);
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
	close(fd);
	return st;
}
