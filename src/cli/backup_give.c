/*
 * dlb backup give: handing back what one keeps for somebody, once it is sure that it is
 * they who ask.
 */
#include "backups.h"
#include "card_file.h"
#include "format.h"
#include "people.h"
#include "session.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct finding {
	int64_t owner;
	struct dlb_kept_share *list; /* newest last; owned */
	size_t n;
	bool failed;
};

static bool
find_share(void *ctx, const struct dlb_kept_share *s)
{
	struct finding *f = ctx;
	struct dlb_kept_share *p;

	if (s->from != f->owner || s->given || s->damaged)
		return true;
	p = reallocarray(f->list, f->n + 1, sizeof(*p));
	if (!p) {
		f->failed = true;
		return false;
	}
	f->list = p;
	f->list[f->n++] = *s;
	return true;
}

/* Whoever wants to be her will say that her machine was lost. */
static enum dlb_status
ask_whether_true(struct cli *c, const struct cli_args *a,
	const struct dlb_correspondent *owner,
	const struct dlb_correspondent *to, unsigned need,
	struct dlb_error *err)
{
	char prompt[DLB_PERSON_NAME_MAX + 128], answer = 'n';
	enum dlb_status st;

	if (cli_flag(a, "checked"))
		return DLB_OK;
	cli_warn("Who has %u such shares is %s: writes and signs as %s, to you "
		 "too.",
		need, owner->name, owner->name);
	cli_warn(
		"Anyone can say that their machine was lost. See %s, or hear a "
		"voice that you know and ask what only %s can tell; a letter or a "
		"message is not enough.",
		owner->name, owner->name);
	if (to) {
		cli_say(c, "The card it would be sealed to has these words; %s",
			owner->name);
		cli_say(c, "reads them to you (there: dlb card --words):");
		if (!c->quiet)
			cli_print_fingerprint(&to->identity);
	}
	fflush(stdout);
	snprintf(prompt, sizeof(prompt),
		"Is it %s who asks, without a doubt? n or y? ", owner->name);
	st = isatty(STDERR_FILENO)
		? cli_term_ask_letter(&answer, prompt, "ny", err)
		: DLB_NOT_FOUND;
	if (st == DLB_NOT_FOUND)
		return dlb_fail(err, DLB_REFUSED,
			"nothing was handed over; once you are sure that it is "
			"%s who asks, say --checked",
			owner->name);
	if (st == DLB_OK && answer != 'y')
		st = dlb_fail(err, DLB_REFUSED, "nothing was handed over");
	return st;
}

static enum dlb_status
give_letters(struct cli *c, struct dlb_node *n,
	const struct dlb_correspondent *owner,
	const struct dlb_correspondent *to, struct dlb_error *err)
{
	unsigned count = 0;
	enum dlb_status st =
		dlb_node_give_shares(n, owner->id, to->id, &count, err);

	if (st == DLB_OK)
		cli_say(c,
			"%u share%s of %s's backup%s %s sealed to %s; next: dlb meet "
			"/media/STICK",
			count, cli_s(count), owner->name, cli_s(count),
			count == 1 ? "is" : "are", to->name);
	return st;
}

/* The newest into FILE, those before it into FILE.2 and so on. */
static enum dlb_status
give_files(struct cli *c, struct dlb_node *n, const struct finding *f,
	const char *file, const struct dlb_correspondent *owner,
	struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < f->n; i++) {
		const struct dlb_kept_share *s = &f->list[f->n - 1 - i];
		struct dlb_buf bytes = {0};
		char path[4096], when[CLI_FORMAT_MAX];

		if (i == 0)
			snprintf(path, sizeof(path), "%s", file);
		else
			snprintf(path, sizeof(path), "%s.%zu", file, i + 1);
		st = dlb_node_share_bytes(n, s, &bytes, err);
		if (st == DLB_OK)
			st = cli_write_file(path, bytes.data, bytes.len,
				CLI_FILE_SECRET, err);
		if (st == DLB_OK)
			cli_say(c, "%s: the share of %s's backup of %s.", path,
				owner->name, cli_time_here(when, s->made_ms));
		dlb_buf_free(&bytes);
	}
	if (st == DLB_OK)
		cli_warn(
			"what is in a file is open to who gets it: put it into %s's "
			"hand, and delete it then",
			owner->name);
	return st;
}

static enum dlb_status
give(struct cli *c, const struct cli_args *a, struct dlb_node *n,
	struct dlb_error *err)
{
	const char *to_whom = cli_value(a, "to"), *file = cli_value(a, "file");
	struct dlb_correspondent owner, to = {.id = 0};
	struct finding f = {.n = 0};
	enum dlb_status st = cli_who(&owner, c, n, a->operands[0], err);

	f.owner = owner.id;
	if (st == DLB_OK)
		st = dlb_node_kept_shares(n, find_share, &f, err);
	if (st == DLB_OK && f.failed)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (st == DLB_OK && f.n == 0)
		st = dlb_fail(err, DLB_NOT_FOUND,
			"no share of a backup is kept for %s: `dlb backup list` "
			"shows for whom one is",
			owner.name);
	if (st == DLB_OK && to_whom)
		st = cli_who(&to, c, n, to_whom, err);
	if (st == DLB_OK && to_whom && to.id == owner.id)
		st = dlb_fail(err, DLB_USAGE,
			"this is the card of %s that was lost: what is sealed to it "
			"can not be read. Ask for the card of the home that restores "
			"it (dlb init --restore)",
			owner.name);
	if (st == DLB_OK)
		st = ask_whether_true(c, a, &owner, to_whom ? &to : NULL,
			f.list[f.n - 1].need, err);
	if (st == DLB_OK)
		st = to_whom ? give_letters(c, n, &owner, &to, err)
			     : give_files(c, n, &f, file, &owner, err);
	free(f.list);
	return st;
}

static enum dlb_status
run_give(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if (!cli_value(a, "to") == !cli_value(a, "file"))
		return dlb_fail(err, DLB_USAGE,
			"say where it goes: --to CARD, of the home that restores "
			"(made by dlb init --restore), or --file FILE");
	st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK)
		st = give(c, a, n, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option give_options[] = {
	{"to", 0, "CARD", "sealed to this card, as a letter"},
	{"file", 0, "FILE", "into a file, to be put into their hand"},
	{"checked", 0, NULL, "you are sure that it is they who ask"},
};

const struct cli_verb cli_backup_give = {
	.name = "backup give",
	.operands = "WHO",
	.summary = "hand back the shares that you keep for someone",
	.text = "Hands back to WHO, who has lost their letterbox, what you keep of their\n"
		"backup: sealed to the card of the home in which they restore it, or as a\n"
		"file. Who brings enough shares together is that person, so be sure that it\n"
		"is they who ask: see them, or hear their voice. What you keep stays.",
	.example = "dlb backup give alice --to restoring.card\n"
		   "dlb backup give alice --file /media/usb/share",
	.options = give_options,
	.options_n = DLB_ARRAY_LEN(give_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_give,
};
