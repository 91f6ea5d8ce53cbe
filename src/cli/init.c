/*
 * dlb init: making a home.
 *
 * Nothing is asked and nothing written before all options are known to be good.
 * The home is whole before the card is written; a card's file that is in the way
 * stays as it is.
 */
#include "card_file.h"
#include "backup.h"
#include "format.h"
#include "new_home.h"
#include "people.h"
#include "progress.h"
#include "session.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The login name, as far as it can be one on a card. */
static void
login_name(char out[static DLB_CARD_NAME_MAX + 1])
{
	const struct passwd *pw = getpwuid(getuid());
	const char *name = pw && pw->pw_name[0] ? pw->pw_name : getenv("USER");

	if (!name || !*name)
		name = "me";
	dlb_printable(out, DLB_CARD_NAME_MAX + 1, name, strlen(name));
}

void
cli_card_path(char *out, size_t cap, const char *given, const char *name)
{
	if (given) {
		snprintf(out, cap, "%s", given);
		return;
	}
	snprintf(out, cap, "%s%s.card",
		name[0] == '.' || name[0] == '-' ? "_" : "", name);
	for (char *p = out; *p; p++)
		if (*p == '/')
			*p = '_';
}

enum dlb_status
cli_new_lock(struct cli_secret *secret, const struct cli_args *a,
	struct dlb_error *err)
{
	bool none = cli_flag(a, "no-passphrase");
	enum dlb_status st = cli_secret_from_options(secret, a, "", err);

	if (st != DLB_OK)
		return st;
	if (secret->given && none) {
		cli_secret_free(secret);
		return dlb_fail(err, DLB_USAGE,
			"give --no-passphrase or a secret, not both");
	}
	if (secret->given || none)
		return DLB_OK;
	st = cli_secret_from_environment(secret, err);
	if (st != DLB_OK || secret->given)
		return st;
	st = cli_secret_ask_new(
		secret, "A new passphrase for this home: ", err);
	if (st == DLB_NOT_FOUND)
		return dlb_fail(err, DLB_USAGE,
			"there is no terminal to ask for a passphrase; give "
			"--passphrase-file FILE, --passphrase-fd N, --key-file FILE "
			"or --no-passphrase");
	return st;
}

static enum dlb_status
read_options(struct dlb_home_options *o, const struct cli_args *a,
	struct dlb_error *err)
{
	const char *size = cli_value(a, "size");

	o->courier = cli_flag(a, "courier");
	o->sparse = cli_flag(a, "sparse");
	if (o->courier && (cli_value(a, "name") || cli_value(a, "card-file")))
		return dlb_fail(err, DLB_USAGE,
			"a courier has no card: leave out --name and --card-file, or "
			"--courier");
	o->waits = cli_flag(a, "restore");
	if (o->courier && o->waits)
		return dlb_fail(err, DLB_USAGE,
			"a courier has nothing to restore: leave out --courier "
			"or --restore");
	if (cli_flag(a, "now") && cli_flag(a, "spread"))
		return dlb_fail(
			err, DLB_USAGE, "give --now or --spread, not both");
	if (cli_flag(a, "now"))
		o->spread = DLB_SPREAD_NOW;
	if (cli_flag(a, "spread"))
		o->spread = DLB_SPREAD_SPREAD;
	return size ? cli_parse_size(&o->size, size, err) : DLB_OK;
}

static bool
is_that(const char *path, const struct dlb_buf *text)
{
	struct dlb_buf there = {0};
	bool same = dlb_file_load(&there, dlb_fs_posix(), path, text->len, NULL)
			== DLB_OK
		&& there.len == text->len
		&& memcmp(there.data, text->data, text->len) == 0;

	dlb_buf_free(&there);
	return same;
}

enum dlb_status
cli_put_card(struct cli *c, struct dlb_letterbox *l, const char *path,
	struct dlb_error *err)
{
	struct dlb_buf text = {0};
	enum dlb_status st = cli_card_text(&text, l, false, err);

	if (st == DLB_OK)
		st = cli_write_file(path, text.data, text.len, 0, err);
	/* Where it was cut short and is done again. */
	if (st == DLB_EXISTS && is_that(path, &text)) {
		dlb_error_clear(err);
		st = DLB_OK;
	}
	dlb_buf_free(&text);
	if (st == DLB_OK) {
		cli_say(c, "  card      %s, for whoever should write to you",
			path);
		cli_say(c,
			"            (as text, for a message: dlb card "
			"--short)");
	} else {
		cli_say(c, "  card      not written");
	}
	return st;
}

/* What a person sees of a new identity. The home is there whatever happens. */
static enum dlb_status
show_person(struct cli *c, struct dlb_node *n, const char *path,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	enum dlb_status st = cli_put_card(c, l, path, err);

	cli_say(c, "  home      %s", dlb_node_home(n));
	cli_say(c, "  words     for others to compare with your card:");
	if (!c->quiet)
		cli_print_fingerprint(dlb_letterbox_identity(l));
	if (!dlb_letterbox_waits(l))
		cli_say(c, "Next: dlb know FRIEND.card");
	else {
		cli_say(c,
			"Next: give this card to those who keep your shares, and "
			"read them the words.");
		cli_say(c,
			"They: dlb backup give YOU --to CARD. You meet what they "
			"met: dlb meet,");
		cli_say(c, "then: dlb restore");
	}
	if (st == DLB_OK)
		return st;
	if (st == DLB_EXISTS)
		return dlb_fail(err, DLB_PARTLY,
			"the home is made, but %s was there already and stays as it "
			"is; write your card with: dlb card -o FILE",
			path);
	dlb_error_prefix(err, "the home is made, but not the card");
	err->status = DLB_PARTLY;
	return DLB_PARTLY;
}

void
cli_show_new_home(struct cli *c, struct dlb_node *n,
	const struct dlb_home_options *o, const char *first)
{
	struct dlb_satchel_info info;
	char size[CLI_FORMAT_MAX];

	dlb_node_satchel_info(n, &info);
	cli_say(c, "%s", first);
	if (o->courier)
		cli_say(c, "  home      %s", dlb_node_home(n));
	cli_say(c, "  satchel   %s%s", cli_size(size, info.size),
		o->size ? "" : " (the default; --size gives another)");
	if (o->sparse)
		cli_say(c,
			"            sparse: the disk shows how much of it was "
			"ever used");
	if (o->unlock.kind == DLB_UNLOCK_OPEN)
		cli_say(c, "  lock      none: who gets this disk %s",
			o->courier ? "sees how much you carry"
				   : "reads your letters and writes as you");
}

/* The home of a courier gets a letterbox of its own. */
static enum dlb_status
make_person(struct cli *c, const char *home, const struct cli_args *a,
	const char *name, const char *path, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	struct dlb_letterbox *l;
	enum dlb_status st;

	/* Before a passphrase is asked for. */
	cli_note(c, "there is a home in %s already: opening it", home);
	st = cli_open(&n, c, a, err);
	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	/* Said twice, or cut short: it is there, and so is its card then. */
	if (cli_flag(a, "restore") && dlb_letterbox_waits(l)) {
		cli_say(c,
			"This home waits for the shares of your backup already.");
		st = show_person(c, n, path, err);
		dlb_node_close(n);
		return st;
	}
	if (dlb_letterbox_is_person(l))
		st = dlb_fail(err, DLB_EXISTS,
			"there is a letterbox in %s already; use it, or set DLB_HOME "
			"to another place",
			dlb_node_home(n));
	else if (cli_flag(a, "courier"))
		st = dlb_fail(err, DLB_EXISTS,
			"%s is a courier's home already; `dlb init` without "
			"--courier gives it a letterbox",
			dlb_node_home(n));
	else if (cli_value(a, "size") || cli_flag(a, "sparse")
		|| cli_flag(a, "no-passphrase"))
		st = dlb_fail(err, DLB_USAGE,
			"%s is a courier's home: it keeps its satchel and its lock; "
			"leave out --size, --sparse and --no-passphrase",
			dlb_node_home(n));
	if (st == DLB_OK)
		st = dlb_letterbox_make_person(l, name, err);
	if (st == DLB_OK && cli_flag(a, "restore"))
		st = dlb_letterbox_set_waits(l, true, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK) {
		cli_say(c,
			"This courier's home has a letterbox of its own now.");
		st = show_person(c, n, path, err);
	}
	dlb_node_close(n);
	return st;
}

static enum dlb_status
make_home(struct cli *c, const char *home, struct dlb_home_options *o,
	const struct cli_args *a, const char *path, struct dlb_error *err)
{
	struct cli_secret secret;
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_new_lock(&secret, a, err);

	if (st != DLB_OK)
		return st;
	o->unlock = secret.unlock;
	st = dlb_node_create(&n, home, o, c->env, cli_progress(c), err);
	cli_secret_free(&secret);
	if (st != DLB_OK)
		return st;
	cli_show_new_home(c, n, o,
		o->courier         ? "This machine carries letters now."
			: o->waits ? "This home waits for the shares of your "
				     "backup."
				   : "Your letterbox is made.");
	if (o->courier)
		cli_say(c, "Next: dlb meet /media/STICK");
	else
		st = show_person(c, n, path, err);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_home_options o = {.unlock = {.kind = DLB_UNLOCK_OPEN}};
	char home[4096], path[4096], login[DLB_CARD_NAME_MAX + 1];
	const char *name = cli_value(a, "name");
	enum dlb_status st = dlb_home_path(home, sizeof(home), err);

	if (st == DLB_OK)
		st = read_options(&o, a, err);
	if (st != DLB_OK)
		return st;
	login_name(login);
	if (o.waits && !name)
		name = "restoring";
	o.name = o.courier ? NULL : name ? name : login;
	cli_card_path(path, sizeof(path), cli_value(a, "card-file"),
		o.name ? o.name : "");
	st = dlb_home_look(home, err);
	if (st == DLB_OK)
		return make_person(c, home, a, o.name, path, err);
	if (st != DLB_NOT_FOUND)
		return st;
	dlb_error_clear(err);
	return make_home(c, home, &o, a, path, err);
}

static const struct cli_option options[] = {
	{"courier", 0, NULL, "carry for others only; no identity"},
	{"name", 0, "NAME", "on your card; else your login name"},
	{"card-file", 0, "FILE", "where your card goes; else NAME.card here"},
	{"restore", 0, NULL, "a home for the shares of a backup to come to"},
	{"size", 0, "SIZE", "of the satchel, as in 800M; else 1G"},
	{"sparse", 0, NULL,
		"take disk space only as it is used; this gives\n"
		"                              away how much was ever in it"},
	{"now", 0, NULL, "large letters always go with one meeting"},
	{"spread", 0, NULL, "large letters always spread over meetings"},
	{"no-passphrase", 0, NULL,
		"no lock: who gets this disk gets your letters"},
};

const struct cli_verb cli_init = {
	.name = "init",
	.operands = "",
	.summary = "make your letterbox, or a courier's home",
	.text = "Makes a home: your letterbox with your keys, and a satchel of a fixed\n"
		"size for the letters that you send, get and carry for others. Then\n"
		"writes your card, to be given to whoever should write to you, and shows\n"
		"the words of its fingerprint; `dlb card` prints it as text.\n"
		"\n"
		"The home is locked with a new passphrase, asked for twice on the\n"
		"terminal, or with what one of the options gives.\n"
		"In a courier's home, `dlb init` adds a letterbox.\n"
		"\n"
		"Where a letterbox was lost, --restore makes a home that only waits for\n"
		"what those hand back who keep its backup: see `dlb help restore`.",
	.example = "dlb init\n"
		   "dlb init --courier --size 16G --key-file /etc/dlb.key",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
