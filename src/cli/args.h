/*
 * args: options and operands of a verb, parsed by tables.
 *
 * Options may stand before, between and after operands; "--" ends them; "-" alone
 * is an operand. --name=value and --name value, -ovalue and -o value are the same.
 * A name may not be cut short: scripts would break when an option is added.
 */
#ifndef DLB_CLI_ARGS_H
#define DLB_CLI_ARGS_H

#include "base.h"

struct cli_option {
	const char *name; /* without the dashes */
	char letter;      /* 0: none */
	/* What the help calls it; NULL: a flag. "NAME...": it may be given again and
	 * again (cli_values). */
	const char *value;
	const char *help;
};

struct cli_option_set {
	const struct cli_option *options;
	size_t n;
};

#define CLI_OPTION_SETS_MAX 3
#define CLI_OPTIONS_MAX 32 /* of all sets together */

struct cli_args {
	struct cli_option_set sets[CLI_OPTION_SETS_MAX];
	const char *values[CLI_OPTIONS_MAX]; /* in the order of the sets */
	const char **operands;               /* owned; the strings are argv's */
	size_t operands_n;
	const char **all; /* owned; each value, in order, */
	size_t *all_at;   /* and of which option */
	size_t all_n;
};

/* DLB_USAGE names the option that is unknown, lacks its value or comes twice. */
enum dlb_status cli_args_parse(struct cli_args *out, int argc,
	char *const *argv,
	const struct cli_option_set sets[static CLI_OPTION_SETS_MAX],
	struct dlb_error *err) DLB_MUST_CHECK;
void cli_args_free(struct cli_args *a);

/* Asking for an option that no set has is the programmer's mistake. */
bool cli_flag(const struct cli_args *a, const char *name);
const char *cli_value(const struct cli_args *a, const char *name); /* or NULL */
/* All values of one that may be given again, cap at most; how many there are. */
size_t cli_values(const struct cli_args *a, const char *name, const char **out,
	size_t cap);
bool cli_has_option(const struct cli_args *a, const char *name);

/* The numbers of letters: 1 and up, digits only. */
enum dlb_status cli_parse_number(
	int64_t *out, const char *text, struct dlb_error *err) DLB_MUST_CHECK;
/* What an option counts: 1 or more. */
enum dlb_status cli_parse_count(unsigned *out, const char *text,
	const char *option, struct dlb_error *err) DLB_MUST_CHECK;

/* How many letters must be put in, left out, changed or swapped with their
 * neighbour to make one of the other; counts no further than `most` + 1. */
size_t cli_distance(const char *a, const char *b, size_t most);

#endif
