/*
 * dlb: the command line of Dead Letter Box.
 *
 * Finds the verb, parses its options, runs it, and turns what came of it into one
 * line on standard error and an exit code.
 */
#include "cli.h"

#include "interrupt.h"
#include "progress.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A descriptor that was closed must not become the home's: what is printed would
 * go into it. */
static bool
fill_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static enum cli_exit
exit_of(enum dlb_status st)
{
	switch (st) {
	case DLB_OK:
		return CLI_EXIT_DONE;
	case DLB_USAGE:
		return CLI_EXIT_USAGE;
	case DLB_PARTLY:
		return CLI_EXIT_PARTLY;
	default:
		return CLI_EXIT_FAILED;
	}
}

/* Does nobody read standard output any more? */
static bool
reader_left(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

/* What could not be printed was not done. Who went away needs no telling. */
static enum cli_exit
end_output(enum cli_exit code)
{
	bool failed = ferror(stdout) != 0;

	if (fflush(stdout) != 0)
		failed = true;
	if (!failed)
		return code;
	if (!reader_left())
		cli_warn("standard output could not be written whole");
	return code == CLI_EXIT_DONE ? CLI_EXIT_FAILED : code;
}

static enum dlb_status
check_operands(const struct cli_verb *v, const struct cli_args *a,
	struct dlb_error *err)
{
	if (a->operands_n < v->operands_min)
		return dlb_fail(err, DLB_USAGE,
			"something is missing: dlb %s %s (dlb help %s)",
			v->name, v->operands, v->name);
	if (a->operands_n > v->operands_max)
		return dlb_fail(err, DLB_USAGE,
			"%s is too much: dlb %s%s%s (dlb help %s)",
			a->operands[v->operands_max], v->name,
			v->operands[0] ? " " : "", v->operands, v->name);
	return DLB_OK;
}

/* Help is wanted most by who got the rest wrong. */
static bool
asks_help(int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0
			|| strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static enum dlb_status
run_verb(const struct cli_verb *v, int argc, char *const *argv,
	struct dlb_error *err)
{
	struct cli c = {.env = dlb_env_system(), .talk = stdout};
	struct cli_option_set sets[CLI_OPTION_SETS_MAX];
	struct cli_args args;
	enum dlb_status st;

	cli_verb_options(v, sets);
	st = cli_args_parse(&args, argc, argv, sets, err);
	if (st == DLB_OK ? cli_flag(&args, "help") : asks_help(argc, argv)) {
		cli_args_free(&args);
		cli_help_verb(v);
		return DLB_OK;
	}
	if (st == DLB_USAGE)
		return dlb_fail(err, st, "%s (dlb help %s)", err->msg, v->name);
	if (st != DLB_OK)
		return st;
	c.quiet = cli_flag(&args, "quiet");
	st = check_operands(v, &args, err);
	if (st == DLB_OK)
		st = v->run(&c, &args, err);
	cli_progress_clear();
	cli_args_free(&args);
	return st;
}

static enum dlb_status
unknown_verb(const char *word, struct dlb_error *err)
{
	const char *nearest = cli_verb_nearest(word);

	if (word[0] == '-')
		return dlb_fail(err, DLB_USAGE,
			"%s: options come after the verb; see: dlb help", word);
	if (nearest)
		return dlb_fail(err, DLB_USAGE,
			"there is no verb %s; did you mean `dlb %s`?", word,
			nearest);
	return dlb_fail(err, DLB_USAGE,
		"there is no verb %s; `dlb help` lists them", word);
}

static enum dlb_status
unknown_in_group(const struct cli_verb *group, int argc, char *const *argv,
	struct dlb_error *err)
{
	char name[64];
	const char *nearest;

	if (argc == 0 || strcmp(argv[0], "--help") == 0
		|| strcmp(argv[0], "-h") == 0) {
		cli_help_verb(group);
		return DLB_OK;
	}
	snprintf(name, sizeof(name), "%s %s", group->name, argv[0]);
	nearest = cli_verb_nearest(name);
	if (nearest && strcmp(nearest, group->name) != 0)
		return dlb_fail(err, DLB_USAGE,
			"there is no verb %s; did you mean `dlb %s`?", name,
			nearest);
	return dlb_fail(err, DLB_USAGE,
		"there is no verb %s; `dlb help %s` lists them", name,
		group->name);
}

static enum dlb_status
dispatch(int argc, char *const *argv, struct dlb_error *err)
{
	const struct cli_verb *v;
	int used;

	if (argc == 0) {
		cli_help_start();
		return DLB_OK;
	}
	if (strcmp(argv[0], "--version") == 0) {
		printf("dlb %s\n", CLI_VERSION);
		return DLB_OK;
	}
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
		static char help[] = "help";
		char *const words[] = {help, NULL};

		return run_verb(&cli_help, 0, words + 1, err);
	}
	v = cli_verb_find(argc, argv, &used);
	if (!v)
		return unknown_verb(argv[0], err);
	if (!v->run)
		return unknown_in_group(v, argc - used, argv + used, err);
	return run_verb(v, argc - used, argv + used, err);
}

int
main(int argc, char **argv)
{
	struct dlb_error err;
	enum cli_exit code;
	enum dlb_status st;

	dlb_error_clear(&err);
	if (!fill_descriptors())
		return CLI_EXIT_FAILED;
	umask(077);
	/* Widths of characters; everything else stays as in C. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	cli_catch_interrupts();
	st = dlb_base_init();
	if (st == DLB_OK)
		st = dispatch(argc > 0 ? argc - 1 : 0, argv + 1, &err);
	err.status = st;
	code = exit_of(st);
	/* A part that is missing may have been named already. */
	if (st != DLB_OK && !(st == DLB_PARTLY && !err.msg[0]))
		cli_say_error(&err);
	return end_output(code);
}
