/*
 * help: what each verb does, from the verbs' own tables.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#define OPTION_WIDTH 29

static void
print_option(const struct cli_option *o)
{
	char text[96];
	int n = snprintf(text, sizeof(text), "  %s--%s%s%s", "", o->name,
		o->value ? " " : "", o->value ? o->value : "");

	if (o->letter)
		n = snprintf(text, sizeof(text), "  -%c, --%s%s%s", o->letter,
			o->name, o->value ? " " : "", o->value ? o->value : "");
	if (n >= OPTION_WIDTH)
		printf("%s\n%*s %s\n", text, OPTION_WIDTH, "", o->help);
	else
		printf("%-*s %s\n", OPTION_WIDTH, text, o->help);
}

/* Each line of a text, indented. */
static void
print_lines(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		printf("  %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static bool
is_in(const struct cli_verb *v, const struct cli_verb *group)
{
	size_t len = strlen(group->name);

	return strncmp(v->name, group->name, len) == 0 && v->name[len] == ' ';
}

/* The verbs that begin with this one's name. */
static void
print_group(const struct cli_verb *group)
{
	int width = 14;
	bool any = false;

	for (size_t i = 0; i < cli_verbs_n; i++)
		if (is_in(cli_verbs[i], group)
			&& (int)strlen(cli_verbs[i]->name) > width)
			width = (int)strlen(cli_verbs[i]->name);
	for (size_t i = 0; i < cli_verbs_n; i++) {
		const struct cli_verb *v = cli_verbs[i];

		if (!is_in(v, group))
			continue;
		printf("%s  %-*s %s\n", any ? "" : "\n", width, v->name,
			v->summary);
		any = true;
	}
}

void
cli_help_verb(const struct cli_verb *verb)
{
	struct cli_option_set sets[CLI_OPTION_SETS_MAX];

	printf("dlb %s%s%s\n\n%s\n", verb->name, verb->operands[0] ? " " : "",
		verb->operands, verb->text);
	print_group(verb);
	if (verb->run) {
		printf("\nOptions:\n");
		cli_verb_options(verb, sets);
		for (size_t i = 0; i < CLI_OPTION_SETS_MAX; i++)
			for (size_t k = 0; k < sets[i].n; k++)
				print_option(&sets[i].options[k]);
	}
	printf("\nExample:\n");
	print_lines(verb->example);
}

void
cli_help_start(void)
{
	printf("dlb - letters that travel by hand, from one to the other\n"
	       "\n"
	       "  dlb init                    make your letterbox and your card\n"
	       "  dlb know bob.card           know a friend by their card\n"
	       "  dlb send bob report.pdf --stick /media/usb\n"
	       "  dlb read --from /media/usb -o .\n"
	       "\n"
	       "dlb help lists all verbs, dlb help VERB explains one.\n");
}

static enum dlb_status
help_one(const struct cli_args *a, struct dlb_error *err)
{
	char *words[2] = {NULL, NULL};
	const struct cli_verb *v;
	const char *nearest;
	int used;

	for (size_t i = 0; i < a->operands_n && i < 2; i++)
		words[i] = (char *)(uintptr_t)a->operands[i];
	v = cli_verb_find((int)a->operands_n, words, &used);
	if (v && (size_t)used == a->operands_n) {
		cli_help_verb(v);
		return DLB_OK;
	}
	nearest = cli_verb_nearest(a->operands[a->operands_n - 1]);
	if (nearest)
		return dlb_fail(err, DLB_USAGE,
			"there is no verb %s; did you mean `dlb help %s`?",
			a->operands[a->operands_n - 1], nearest);
	return dlb_fail(err, DLB_USAGE,
		"there is no verb %s; `dlb help` lists them",
		a->operands[a->operands_n - 1]);
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	(void)c;
	if (a->operands_n > 0)
		return help_one(a, err);
	printf("dlb VERB [OPTIONS] [WHAT]\n\n");
	for (size_t i = 0; i < cli_verbs_n; i++)
		if (!strchr(cli_verbs[i]->name, ' '))
			printf("  %-9s %s\n", cli_verbs[i]->name,
				cli_verbs[i]->summary);
	printf("\nThe home is in ~/.local/share/dead-letter-box, or where DLB_HOME "
	       "says.\n"
	       "dlb help VERB explains one verb; man dlb explains all.\n");
	return DLB_OK;
}

const struct cli_verb cli_help = {
	.name = "help",
	.operands = "[VERB]",
	.summary = "explain a verb",
	.text = "Lists the verbs, or explains one of them.",
	.example = "dlb help send\ndlb help box create",
	.operands_max = 2,
	.run = run,
};
