/*
 * cli: the command line. One file a verb; this header is what they share.
 *
 * A verb is a row of a table: its words, options, text and example are data, so
 * that parsing, `dlb help` and the tests of the man page all read the same. Its
 * function prints what it did on standard output and returns a status with a
 * filled error; main alone prints errors and decides the exit code.
 */
#ifndef DLB_CLI_H
#define DLB_CLI_H

#include "args.h"
#include "base.h"

#include <stdio.h>

/* Exit codes: done, could not, wrong usage, partly done. */
enum cli_exit {
	CLI_EXIT_DONE = 0,
	CLI_EXIT_FAILED = 1,
	CLI_EXIT_USAGE = 2,
	CLI_EXIT_PARTLY = 3,
};

struct cli {
	const struct dlb_env *env;
	bool quiet;
	bool served; /* a `dlb serve` runs in the home that was opened */
	FILE *talk; /* where cli_say goes: standard error where a letter goes out */
};

/* Which options a verb has beside its own. */
#define CLI_OPENS_HOME 0x1 /* --wait and --passphrase-file and the like */
/* The same, but --passphrase-file and the like are for what the verb makes, and
 * the home's own are called --home-passphrase-file and so on. */
#define CLI_MAKES_LOCK 0x2

struct cli_verb {
	const char *name; /* "send"; "box create" */
	const char
		*operands; /* "WHO [PATH...]", for the first line of the help */
	const char *summary; /* a few words, for the list */
	const char *text;    /* what it does, in lines of at most 76 */
	const char *example; /* lines, each a command */
	const struct cli_option *options;
	size_t options_n;
	unsigned flags;
	size_t operands_min, operands_max;
	/* NULL: only groups others ("box"). DLB_PARTLY with an empty message:
	 * what is missing was said already. */
	enum dlb_status (*run)(
		struct cli *c, const struct cli_args *a, struct dlb_error *err);
};

/* ---- the verbs, in the order of the help (verbs.c) --------------------------- */

extern const struct cli_verb cli_init, cli_card, cli_know, cli_verify,
	cli_people, cli_send, cli_resend, cli_recall, cli_meet, cli_inbox,
	cli_outbox, cli_read, cli_delete, cli_backup, cli_backup_list,
	cli_backup_give, cli_backup_forget, cli_restore, cli_bulletins,
	cli_bulletin, cli_bulletin_post, cli_bulletin_follow,
	cli_bulletin_unfollow, cli_bulletin_read, cli_bulletin_prove,
	cli_bulletin_check, cli_box, cli_box_create, cli_box_list,
	cli_box_share, cli_box_add, cli_box_place, cli_box_forget, cli_brief,
	cli_trip, cli_node, cli_node_pair, cli_node_list, cli_node_vet,
	cli_node_forget, cli_roster, cli_roster_list, cli_roster_add,
	cli_roster_revoke, cli_roster_remove, cli_roster_publish,
	cli_roster_trust, cli_roster_forget, cli_roster_export,
	cli_roster_import, cli_serve, cli_nearby, cli_status, cli_satchel,
	cli_exposure, cli_audit, cli_audit_verify, cli_audit_export,
	cli_audit_on, cli_audit_off, cli_keys, cli_unlock, cli_lock, cli_doctor,
	cli_help;
extern const struct cli_verb *const cli_verbs[];
extern const size_t cli_verbs_n;

/* The verb that the first one or two words name; *used says how many. NULL where
 * there is none. */
const struct cli_verb *cli_verb_find(int argc, char *const *argv, int *used);
/* The verb's own options and those it shares, as sets to parse with. */
void cli_verb_options(const struct cli_verb *verb,
	struct cli_option_set sets[static CLI_OPTION_SETS_MAX]);
/* The name nearest to a mistyped one, or NULL where none is near. */
const char *cli_verb_nearest(const char *word);

/* ---- help (help.c) ------------------------------------------------------------- */

void cli_help_verb(const struct cli_verb *verb);
void cli_help_start(void);

/* ---- what verbs say to people (say.c) -------------------------------------------- */

/* One line on standard error, "dlb: ..." and printable only. */
void cli_say_error(const struct dlb_error *err);
/* The same for what is not a failure; silent with --quiet. */
void cli_note(const struct cli *c, const char *fmt, ...) DLB_PRINTF(2, 3);
/* One line on standard error that --quiet does not silence: what is missing, what
 * to beware of. */
void cli_warn(const char *fmt, ...) DLB_PRINTF(1, 2);
/* A line of what a verb did; silent with --quiet. */
void cli_say(const struct cli *c, const char *fmt, ...) DLB_PRINTF(2, 3);

#endif
