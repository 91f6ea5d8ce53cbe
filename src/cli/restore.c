/*
 * dlb restore: a letterbox from the shares of its backup.
 *
 * Nothing is made or changed before enough shares are here and have been joined. A new
 * home is whole before anything is said of it, and where that fails none is left.
 */
#include "backups.h"
#include "format.h"
#include "new_home.h"
#include "people.h"
#include "progress.h"
#include "restored.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct restoring {
	struct cli *c;
	const struct cli_args *a;
	struct dlb_restoring *shares;
	struct dlb_restoring_info info;
	struct dlb_restored restored;
	size_t refused; /* files and letters that are no shares */
};

static void
note_refused(void *ctx, const char *text)
{
	struct restoring *r = ctx;

	cli_warn("%s", text);
	r->refused++;
}

/* What is of no use is named, and not in the way of the others. */
static enum dlb_status
add_files(struct restoring *r, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < r->a->operands_n; i++) {
		const char *path = r->a->operands[i];
		struct dlb_buf bytes = {0};

		st = dlb_file_load(&bytes, dlb_fs_posix(), path,
			DLB_RESTORING_FILE_MAX, err);
		if (st == DLB_LIMIT) {
			note_refused(r, err->msg);
			st = DLB_OK;
		} else if (st == DLB_OK) {
			st = dlb_restoring_add(
				r->shares, path, bytes.data, bytes.len, err);
			if (st == DLB_MALFORMED || st == DLB_FORGED
				|| st == DLB_UNSUPPORTED) {
				note_refused(r, err->msg);
				st = DLB_OK;
			}
		}
		dlb_buf_free(&bytes);
	}
	return st;
}

static const char *
part_text(enum dlb_restoring_part part)
{
	switch (part) {
	case DLB_RESTORING_USED:
		return "taken";
	case DLB_RESTORING_SPARE:
		return "not needed";
	case DLB_RESTORING_TWICE:
		return "the same share again";
	case DLB_RESTORING_FALSE:
		return "false: it fits others, and together they give no backup";
	case DLB_RESTORING_RIVAL:
		return "of the backup of another person";
	default:
		return "of another backup: it does not combine with the others";
	}
}

static void
show_shares(struct restoring *r)
{
	for (size_t i = 0; i < dlb_restoring_count(r->shares); i++) {
		enum dlb_restoring_part part;
		const char *label = dlb_restoring_label(r->shares, i, &part);

		cli_say(r->c, "  %s: %s", label, part_text(part));
	}
}

/* One of them is false; by these words its owner, and others, can tell which. */
static void
show_rivals(const struct restoring *r)
{
	const struct dlb_restoring_info *i = &r->info;
	char when[CLI_FORMAT_MAX];

	cli_warn("taken together those are %s, as of %s:", i->backup.name,
		cli_time_here(when, i->made_ms));
	cli_print_fingerprint(&i->backup.identity);
	cli_warn("and those of the other person are %s, as of %s:",
		i->rival.name, cli_time_here(when, i->rival_made_ms));
	cli_print_fingerprint(&i->rival.identity);
}

static enum dlb_status
join(struct restoring *r, struct dlb_error *err)
{
	char when[CLI_FORMAT_MAX];
	enum dlb_status st = dlb_restoring_join(r->shares, &r->info, err);

	show_shares(r);
	if (st == DLB_REFUSED && r->info.rival_made_ms)
		show_rivals(r);
	if (st == DLB_PARTLY && dlb_restoring_count(r->shares) == 0)
		return dlb_fail(err, st,
			"no share of a backup is here yet: those who keep one hand "
			"it over with `dlb backup give`");
	if (st == DLB_PARTLY)
		return dlb_fail(err, st,
			"of the backup of %s %u more share%s needed: ask others "
			"who keep one",
			cli_time_here(when, r->info.made_ms), r->info.missing,
			r->info.missing == 1 ? " is" : "s are");
	return st;
}

/* ---- where it goes ----------------------------------------------------------------------- */

static enum dlb_status
into_new(struct restoring *r, const char *home, struct dlb_error *err)
{
	struct dlb_home_options o = {.restoring = r->shares,
		.restored = &r->restored,
		.sparse = cli_flag(r->a, "sparse")};
	const char *size = cli_value(r->a, "size");
	struct cli_secret secret;
	struct dlb_node *n = NULL;
	enum dlb_status st = DLB_OK;

	if (r->a->operands_n == 0)
		return dlb_fail(err, DLB_USAGE,
			"there is no home in %s: give files with shares, or make one "
			"that letters with shares can come to: dlb init --restore",
			home);
	if (size)
		st = cli_parse_size(&o.size, size, err);
	if (st == DLB_OK)
		st = add_files(r, err);
	if (st == DLB_OK)
		st = join(r, err);
	if (st == DLB_OK)
		st = cli_new_lock(&secret, r->a, err);
	if (st != DLB_OK)
		return st;
	o.unlock = secret.unlock;
	st = dlb_node_create(&n, home, &o, r->c->env, cli_progress(r->c), err);
	cli_secret_free(&secret);
	if (st == DLB_OK)
		st = cli_finish_restore(r->c, r->a, n, err);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
is_a_persons(const char *home, struct dlb_error *err)
{
	return dlb_fail(err, DLB_EXISTS,
		"the home in %s is a person's, and stays so: restore into another "
		"one (DLB_HOME=DIRECTORY dlb restore FILE..., or dlb init "
		"--restore)",
		home);
}

/* It was done here, and may have been cut short after the letterbox was had again: what is
 * left is done, and nothing twice. Files that are of another backup are for another home. */
static enum dlb_status
again(struct restoring *r, struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_restore_note note;
	enum dlb_status st = dlb_restore_note_get(l, &note, err);

	if (st == DLB_NOT_FOUND)
		return is_a_persons(dlb_node_home(n), err);
	if (st == DLB_OK && r->a->operands_n > 0) {
		st = add_files(r, err);
		if (st == DLB_OK
			&& !dlb_restoring_is_of(r->shares, note.backup_id))
			st = is_a_persons(dlb_node_home(n), err);
	}
	if (st == DLB_OK && cli_flag(r->a, "tell") && !note.tell
		&& note.told == 0) {
		note.tell = true;
		st = dlb_node_restored_tell(n, err);
	}
	if (st != DLB_OK)
		return st;
	if (note.look || note.card || note.tell) {
		cli_note(r->c,
			"this home was restored already, and something was left to "
			"do");
		return cli_finish_restore(r->c, r->a, n, err);
	}
	cli_say_done_already(r->c, n, &note);
	return DLB_OK;
}

static enum dlb_status
into_home(struct restoring *r, struct dlb_error *err)
{
	struct dlb_letterbox *l;
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, r->c, r->a, err);

	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	if (dlb_letterbox_is_person(l) && !dlb_letterbox_waits(l)) {
		st = again(r, n, err);
		dlb_node_close(n);
		return st;
	}
	if (cli_value(r->a, "size") || cli_flag(r->a, "sparse")
		|| cli_flag(r->a, "no-passphrase"))
		st = dlb_fail(err, DLB_USAGE,
			"%s is there already: it keeps its satchel and its lock; "
			"leave out --size, --sparse and --no-passphrase",
			dlb_node_home(n));
	if (st == DLB_OK)
		st = dlb_restoring_add_home(r->shares, n, note_refused, r, err);
	if (st == DLB_OK)
		st = add_files(r, err);
	if (st == DLB_OK)
		st = join(r, err);
	if (st == DLB_OK)
		st = dlb_node_restore(n, r->shares, &r->restored, err);
	if (st == DLB_OK)
		st = cli_finish_restore(r->c, r->a, n, err);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct restoring r = {.c = c, .a = a};
	char home[4096];
	enum dlb_status st = dlb_home_path(home, sizeof(home), err);

	if (st == DLB_OK)
		st = dlb_restoring_new(&r.shares, err);
	if (st != DLB_OK)
		return st;
	dlb_restoring_set_tell(r.shares, cli_flag(a, "tell"));
	st = dlb_home_look(home, err);
	if (st == DLB_OK) {
		st = into_home(&r, err);
	} else if (st == DLB_NOT_FOUND) {
		dlb_error_clear(err);
		st = into_new(&r, home, err);
	}
	dlb_restoring_free(r.shares);
	return st;
}

static const struct cli_option options[] = {
	{"tell", 0, NULL, "write to all correspondents, with the new card"},
	{"card-file", 0, "FILE", "where your card goes; else NAME.card here"},
	{"size", 0, "SIZE", "of a new home's satchel, as in 800M; else 1G"},
	{"sparse", 0, NULL, "take disk space only as it is used"},
	{"no-passphrase", 0, NULL, "no lock for a new home"},
};

const struct cli_verb cli_restore = {
	.name = "restore",
	.operands = "[FILE...]",
	.summary = "have your letterbox again, from shares of its backup",
	.text = "Joins the shares of your backup that others hand back: as files, or as\n"
		"letters to a home that `dlb init --restore` made for it. Once there are\n"
		"enough, the home is yours again: the same identity, so that who has\n"
		"verified you need not do it again, and the people you know. Letters are\n"
		"not in a backup, nor the keys that open them: a card with new ones is made,\n"
		"and goes along with your next letters (--tell writes to all at once).\n"
		"A person's home is never restored over. Shares of two backups do not\n"
		"combine; one that was altered is named, and others take its place.\n"
		"Said again where it was cut short, it goes on, and does nothing twice.",
	.example = "dlb init --restore\n"
		   "dlb restore --tell\n"
		   "dlb restore bob.share carol.share dave.share",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.operands_max = SIZE_MAX,
	.run = run,
};
