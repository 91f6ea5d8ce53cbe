/*
 * Asking on a terminal: signals that come between the prompt and the answer, and
 * a job in the background.
 *
 * Each test asks in a process of its own on a terminal of its own; write() is
 * wrapped, so that a signal comes exactly when the prompt is out and nothing waits
 * for an answer yet.
 */
#include "term.h"

#include "interrupt.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

static int signal_after_write;

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	ssize_t n = __real_write(fd, data, len);
	int number = signal_after_write;

	signal_after_write = 0;
	if (number)
		raise(number);
	return n;
}

/* Runs fn on a new terminal; *fd is the other end. */
static pid_t
on_terminal(int *fd, int (*fn)(void))
{
	pid_t child = forkpty(fd, NULL, NULL, NULL);

	assert_true(child >= 0);
	if (child == 0)
		_exit(fn());
	return child;
}

/* Waits until the child wrote `text`. */
static bool
saw(int fd, const char *text)
{
	char got[1024] = "";
	size_t len = 0;

	while (!strstr(got, text)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, PATIENCE_MS) != 1)
			return false;
		n = read(fd, got + len, sizeof(got) - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		got[len] = '\0';
	}
	return true;
}

/* What the child ends with, -1 where it does not end. */
static int
ended(int fd, pid_t child)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char rest[256];
	int status;

	/* The terminal is closed when the last who had it is gone. */
	while (poll(&p, 1, PATIENCE_MS) == 1
		&& read(fd, rest, sizeof(rest)) > 0) {
	}
	if (!(p.revents & (POLLHUP | POLLIN))) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		return -1;
	}
	close(fd);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
echo_is_on(void)
{
	struct termios t;

	return tcgetattr(STDIN_FILENO, &t) == 0 && (t.c_lflag & ECHO);
}

static int
ask_secret(void)
{
	uint8_t answer[16];
	size_t len;
	enum dlb_status st;

	cli_catch_interrupts();
	signal_after_write = SIGINT;
	st = cli_term_ask_secret(
		answer, sizeof(answer), &len, "Secret: ", NULL);
	return st == DLB_CANCELLED && echo_is_on() ? 0 : 1;
}

static void
an_interruption_before_the_answer_is_waited_for(void **state)
{
	int fd;
	pid_t child = on_terminal(&fd, ask_secret);

	(void)state;
	assert_int_equal(ended(fd, child), 0);
}

static int
ask_letter(void)
{
	char answer;

	cli_catch_interrupts();
	signal_after_write = SIGINT;
	return cli_term_ask_letter(&answer, "x or y? ", "xy", NULL)
			== DLB_CANCELLED
		? 0
		: 1;
}

static void
an_interruption_of_a_question(void **state)
{
	int fd;
	pid_t child = on_terminal(&fd, ask_letter);

	(void)state;
	assert_int_equal(ended(fd, child), 0);
}

static int
ask_when_in_front(void)
{
	uint8_t answer[16];
	size_t len;

	return cli_term_ask_secret(
		       answer, sizeof(answer), &len, "Secret: ", NULL)
				== DLB_OK
			&& len == 2 && memcmp(answer, "ok", 2) == 0
		? 0
		: 1;
}

/* A shell, as far as it is needed. */
static int
background_job(void)
{
	pid_t job;
	int status;

	signal(SIGTTOU, SIG_IGN); /* it moves others to the front */
	job = fork();
	if (job == 0) {
		signal(SIGTTOU, SIG_DFL);
		setpgid(0, 0);
		_exit(ask_when_in_front());
	}
	if (job < 0)
		return 2;
	setpgid(job, job);
	if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status))
		return 3;
	if (!echo_is_on() || tcsetpgrp(STDIN_FILENO, job) != 0)
		return 4;
	kill(job, SIGCONT);
	if (waitpid(job, &status, WUNTRACED) != job || !WIFEXITED(status))
		return 5;
	return WEXITSTATUS(status);
}

static void
a_job_in_the_background_waits_to_be_in_front(void **state)
{
	int fd;
	pid_t child = on_terminal(&fd, background_job);

	(void)state;
	assert_true(saw(fd, "Secret: "));
	assert_int_equal(write(fd, "ok\n", 3), 3);
	assert_int_equal(ended(fd, child), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_interruption_before_the_answer_is_waited_for),
		cmocka_unit_test(an_interruption_of_a_question),
		cmocka_unit_test(a_job_in_the_background_waits_to_be_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
