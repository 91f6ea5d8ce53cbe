/*
 * Commands as the other end of a link.
 */
#include "command.h"
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct dlb_error err;
	struct dlb_command *c;
	int rd, wr;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->rd = f->wr = -1;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	dlb_command_free(f->c);
	if (f->rd >= 0)
		close(f->rd);
	if (f->wr >= 0)
		close(f->wr);
	free(f);
	return 0;
}

static void
start(struct fixture *f, const char *text)
{
	assert_int_equal(dlb_command_start(&f->c, text, &f->err), DLB_OK);
	dlb_command_fds(f->c, &f->rd, &f->wr);
}

static void
shut(struct fixture *f)
{
	close(f->rd);
	close(f->wr);
	f->rd = f->wr = -1;
}

/* All it writes, as text. */
static void
output(struct fixture *f, char out[static 512])
{
	size_t n = 0;
	ssize_t got;

	while (n < 511 && (got = read(f->rd, out + n, 511 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
}

static void
test_both_ways(void **state)
{
	struct fixture *f = *state;
	char text[512];
	int code = -1;

	start(f, "read x; echo \"got $x\"");
	assert_int_equal(write(f->wr, "this\n", 5), 5);
	output(f, text);
	assert_string_equal(text, "got this\n");
	shut(f);
	assert_int_equal(dlb_command_end(f->c, &code, &f->err), DLB_OK);
	assert_int_equal(code, 0);
	/* Told again as often as one asks. */
	assert_int_equal(dlb_command_end(f->c, NULL, &f->err), DLB_OK);
}

static void
test_codes(void **state)
{
	static const struct {
		const char *text, *says;
		int code;
	} cases[] = {
		{"exit 3", "code 3", 3},
		{"exec /nonexistent/command 2>/dev/null", "not found", 127},
		{"kill -TERM $$", "signal 15", 143},
	};
	struct fixture *f = *state;
	int code;

	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		start(f, cases[i].text);
		shut(f);
		assert_int_equal(
			dlb_command_end(f->c, &code, &f->err), DLB_FAILED);
		assert_int_equal(code, cases[i].code);
		assert_non_null(strstr(f->err.msg, cases[i].says));
		dlb_command_free(f->c);
		f->c = NULL;
	}
}

/* It has no descriptor of ours but its own, no blocked and no ignored signal. */
static void
test_inherits_nothing(void **state)
{
	struct fixture *f = *state;
	int leaked = open("/dev/null", O_RDONLY); /* not O_CLOEXEC */
	sigset_t set, before;
	char text[512];

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal(SIGPIPE, SIG_IGN);
	start(f,
		"for i in 3 4 5 6 7 8 9; do if (: <&$i) 2>/dev/null; then "
		"echo \"has $i\"; fi; done; "
		"grep -E '^Sig(Blk|Ign)' /proc/self/status | grep -o '.......$'");
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	output(f, text);
	/* Of 28 signals; the C library has two of its own beyond. */
	assert_string_equal(text, "0000000\n0000000\n");
	close(leaked);
}

static void
test_standard_descriptors_shut(void **state)
{
	struct fixture *f = *state;
	int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);
	char text[512];

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	start(f, "read x; echo $x");
	(void)!dup2(in, STDIN_FILENO);
	(void)!dup2(out, STDOUT_FILENO);
	close(in);
	close(out);
	/* What this process prints must not go into the link. */
	assert_true(f->rd > STDERR_FILENO && f->wr > STDERR_FILENO);
	assert_int_equal(write(f->wr, "y\n", 2), 2);
	output(f, text);
	assert_string_equal(text, "y\n");
}

/* Freed while it runs: killed and reaped. */
static void
test_free_kills(void **state)
{
	struct fixture *f = *state;
	char text[512];
	pid_t pid;

	start(f, "echo $$; exec 1>&-; read x");
	output(f, text);
	pid = atoi(text);
	assert_true(pid > 0);
	assert_int_equal(kill(pid, 0), 0);
	dlb_command_free(f->c);
	f->c = NULL;
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* A link through two real pipes, with nothing but cat behind: it hears itself. */
static void
test_link_over_cat(void **state)
{
	struct fixture *f = *state;
	const struct dlb_env *env = dlb_env_system();
	struct dlb_link_config config = {.caller = true, .name = "cat"};
	struct pollfd fds[DLB_LINK_FDS_MAX];
	enum dlb_status s = DLB_OK;
	struct dlb_link *l;
	int code;

	assert_int_equal(
		dlb_command_start(&f->c, "cat 2>/dev/null", &f->err), DLB_OK);
	dlb_command_fds(f->c, &config.read_fd, &config.write_fd);
	assert_int_equal(dlb_link_new(&l, env, &config, &f->err), DLB_OK);
	for (int i = 0; i < 20 && s == DLB_OK; i++) {
		poll(fds, dlb_link_poll(l, true, fds),
			dlb_link_deadline_ms(l) == 0 ? 0 : 1000);
		s = dlb_link_step(l, &f->err);
	}
	assert_int_equal(s, DLB_MALFORMED);
	assert_non_null(strstr(f->err.msg, "cat spoke out of turn"));
	dlb_link_free(l);
	/* It ends, well or not: its last line may have met a shut pipe. */
	(void)!dlb_command_end(f->c, &code, &f->err);
	assert_true(code == 0 || code == 1 || code == 128 + SIGPIPE);
}

/* One that ends at once: the link says so, then its code does. */
static void
test_link_over_nothing(void **state)
{
	struct fixture *f = *state;
	const struct dlb_env *env = dlb_env_system();
	struct dlb_link_config config = {.caller = true};
	struct pollfd fds[DLB_LINK_FDS_MAX];
	enum dlb_status s = DLB_OK;
	struct dlb_link *l;
	int code;

	assert_int_equal(dlb_command_start(&f->c, "exit 9", &f->err), DLB_OK);
	dlb_command_fds(f->c, &config.read_fd, &config.write_fd);
	assert_int_equal(dlb_link_new(&l, env, &config, &f->err), DLB_OK);
	for (int i = 0; i < 20 && s == DLB_OK; i++) {
		poll(fds, dlb_link_poll(l, true, fds),
			dlb_link_deadline_ms(l) == 0 ? 0 : 1000);
		s = dlb_link_step(l, &f->err);
	}
	assert_int_equal(s, DLB_IO);
	assert_non_null(strstr(f->err.msg, "hung up"));
	dlb_link_free(l);
	assert_int_equal(dlb_command_end(f->c, &code, &f->err), DLB_FAILED);
	assert_int_equal(code, 9);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_both_ways),
		TEST(test_codes),
		TEST(test_inherits_nothing),
		TEST(test_standard_descriptors_shut),
		TEST(test_free_kills),
		TEST(test_link_over_cat),
		TEST(test_link_over_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
