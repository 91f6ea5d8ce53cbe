/*
 * dlb doctor: what is wrong in this home, and how to mend it.
 */
#include "json.h"
#include "node.h"
#include "progress.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

struct findings {
	struct cli *c;
	struct cli_json json;
	bool as_json;
	unsigned wrong;
};

static const char *
level_name(enum dlb_finding_level level)
{
	switch (level) {
	case DLB_FINE:
		return "fine";
	case DLB_NOTE:
		return "note";
	default:
		return "wrong";
	}
}

static void
show_line(const char *first, const char *text)
{
	char shown[1024];

	printf("%-6s %s\n", first,
		dlb_printable(shown, sizeof(shown), text, strlen(text)));
}

static void
on_finding(void *ctx, enum dlb_finding_level level, const char *what,
	const char *mend)
{
	struct findings *f = ctx;

	cli_progress_clear();
	f->wrong += level == DLB_WRONG;
	if (f->as_json) {
		cli_json_object(&f->json, NULL);
		cli_json_text(&f->json, "level", level_name(level));
		cli_json_text(&f->json, "what", what);
		if (mend && mend[0])
			cli_json_text(&f->json, "mend", mend);
		else
			cli_json_null(&f->json, "mend");
		cli_json_end(&f->json, '}');
		return;
	}
	if (f->c->quiet && level == DLB_FINE)
		return;
	show_line(level_name(level), what);
	if (mend && mend[0])
		show_line("", mend);
}

static enum dlb_status
look(struct findings *f, struct dlb_node *n, const struct cli_args *a,
	struct dlb_error *err)
{
	enum dlb_status st;

	if (f->as_json) {
		cli_json_init(&f->json, stdout);
		cli_json_array(&f->json, NULL);
	}
	st = dlb_node_doctor(n, cli_flag(a, "thorough"), on_finding, f,
		cli_progress(f->c), err);
	cli_progress_clear();
	if (f->as_json) {
		cli_json_end(&f->json, ']');
		cli_json_finish(&f->json);
	}
	if (st != DLB_OK || f->wrong == 0)
		return st;
	return dlb_fail(err, DLB_FAILED, "%u thing%s wrong here, as said above",
		f->wrong, f->wrong == 1 ? " is" : "s are");
}

/* Alone: what was found with the clock in doubt would be out of date. */
static enum dlb_status
confirm_clock(struct cli *c, struct dlb_node *n, struct dlb_error *err)
{
	char now[17];
	enum dlb_status st = dlb_node_confirm_clock(n, err);

	if (st != DLB_OK)
		return st;
	dlb_time_text(now, dlb_now_ms(c->env));
	cli_say(c, "The clock, %s UTC, is taken as right.", now);
	return DLB_OK;
}

static enum dlb_status
new_keys(struct cli *c, struct dlb_node *n, struct dlb_error *err)
{
	uint32_t given_up;
	bool new_card;
	enum dlb_status st = dlb_keys_give_up(
		dlb_node_letterbox(n), &given_up, &new_card, err);

	if (st != DLB_OK)
		return st;
	cli_say(c,
		"%u key%s given up: letters that were sealed to %s will not open.",
		given_up, given_up == 1 ? " is" : "s are",
		given_up == 1 ? "it" : "them");
	if (new_card)
		cli_say(c,
			"There are new ones, and a card with them: give it to who "
			"writes to you (dlb card -o FILE).");
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct findings f = {.c = c, .as_json = cli_flag(a, "json")};
	bool confirm = cli_flag(a, "confirm-clock");
	bool keys = cli_flag(a, "new-keys");
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if ((confirm && keys)
		|| ((confirm || keys)
			&& (f.as_json || cli_flag(a, "thorough"))))
		return dlb_fail(err, DLB_USAGE,
			"--%s goes alone: run doctor again after it",
			confirm ? "confirm-clock" : "new-keys");
	st = cli_open_without(&n, c, a, err);
	if (st == DLB_OK && keys)
		st = new_keys(c, n, err);
	else if (st == DLB_OK)
		st = confirm ? confirm_clock(c, n, err) : look(&f, n, a, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"thorough", 0, NULL, "also read every cell; drop what is damaged"},
	{"confirm-clock", 0, NULL, "say that the clock is right as it is"},
	{"new-keys", 0, NULL, "give up keys that are gone, and make new ones"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "look for what is wrong, and say how to mend it",
	.text = "Looks at the home, the clock, the satchel and the letters, and says of\n"
		"each what is wrong and how to mend it. Exits with 1 where something\n"
		"is wrong.\n"
		"When the clock jumped by more than 30 days, or went back, nothing is\n"
		"destroyed, expires or is sealed until it is set or confirmed.\n"
		"When the file `ring` was lost or damaged, put it back from a copy of the\n"
		"home. Where there is none, --new-keys gives up the keys that are gone:\n"
		"what was sealed to them will not open, and a new card is made.",
	.example = "dlb doctor --thorough\ndlb doctor --confirm-clock",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
