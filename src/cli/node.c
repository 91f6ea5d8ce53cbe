/*
 * dlb node: the nodes that this one is paired with.
 */
#include "format.h"
#include "json.h"
#include "roster.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- dlb node pair ------------------------------------------------------------------ */

#define CODE_TEXT_MAX (4 * DLB_PAIR_CODE_MAX)

/* A line of a terminal; elsewhere all of standard input. */
static enum dlb_status
read_code(uint8_t secret[static DLB_KEY_LEN], struct dlb_error *err)
{
	char *text = dlb_secret_new(CODE_TEXT_MAX);
	bool asks = isatty(STDIN_FILENO);
	size_t len = 0;
	ssize_t got = 1;
	enum dlb_status st;

	if (!text)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (asks)
		fprintf(stderr, "The words that the other machine shows: ");
	while (got != 0 && len < CODE_TEXT_MAX
		&& !(asks && len > 0 && text[len - 1] == '\n')) {
		got = read(STDIN_FILENO, text + len, CODE_TEXT_MAX - len);
		if (got < 0 && errno == EINTR)
			break;
		if (got < 0) {
			st = dlb_fail_errno(
				err, errno, "can not read standard input");
			goto out;
		}
		len += (size_t)got;
	}
	if (got < 0)
		st = dlb_fail(err, DLB_CANCELLED, "interrupted");
	else
		st = dlb_pair_code_read(secret, text, len, err);
out:
	dlb_secret_free(text);
	return st;
}

static enum dlb_status
secret_of_card(struct dlb_known_node *node, struct dlb_letterbox *l,
	struct dlb_error *err)
{
	struct dlb_correspondent who;
	enum dlb_status st =
		dlb_correspondent_by_name(l, &who, node->name, err);

	if (st == DLB_OK)
		st = dlb_pair_secret_of(l, node->secret, &who.identity, err);
	return st;
}

static void
say_paired(struct cli *c, const struct dlb_known_node *node, const char *code,
	bool by_card)
{
	char shown[DLB_PAIR_CODE_MAX], *at = shown, *gap;

	cli_say(c, "Paired with %s.", node->name);
	if (by_card)
		cli_say(c,
			"%s says the same with your card: dlb node pair YOU --card",
			node->name);
	if (!code)
		return;
	snprintf(shown, sizeof(shown), "%s", code);
	printf("On the other machine: dlb node pair NAME --code, and these words:\n"
	       "\n");
	while ((gap = strstr(at, " - ")) != NULL) {
		*gap = '\0';
		printf("    %s\n", at);
		at = gap + 3;
	}
	printf("    %s\n\n", at);
	cli_say(c,
		"They are shown once. Tell them to nobody else: who knows them "
		"can pass for either of you.");
	dlb_wipe(shown, sizeof(shown));
}

static enum dlb_status
run_pair(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_known_node node = {.vetted = cli_flag(a, "vetted")};
	bool by_card = cli_flag(a, "card"), by_code = cli_flag(a, "code");
	char code[DLB_PAIR_CODE_MAX] = "";
	struct dlb_node *n = NULL;
	enum dlb_status st = DLB_OK;

	if (by_card && by_code)
		return dlb_fail(err, DLB_USAGE,
			"--card and --code are two ways; give one of them");
	if (strlen(a->operands[0]) > DLB_PERSON_NAME_MAX)
		return dlb_fail(err, DLB_USAGE, "the name is too long");
	memcpy(node.name, a->operands[0], strlen(a->operands[0]) + 1);
	if (by_code)
		st = read_code(node.secret, err);
	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st == DLB_OK && by_card)
		st = secret_of_card(&node, dlb_node_letterbox(n), err);
	else if (st == DLB_OK && !by_code)
		dlb_pair_code_make(code, node.secret, c->env);
	node.added_ms = dlb_now_ms(c->env);
	if (st == DLB_OK)
		st = dlb_known_node_save(dlb_node_letterbox(n), &node, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(dlb_node_letterbox(n), err);
	if (st == DLB_OK)
		say_paired(c, &node, code[0] ? code : NULL, by_card);
	dlb_wipe(&node, sizeof(node));
	dlb_wipe(code, sizeof(code));
	dlb_node_close(n);
	return st;
}

static const struct cli_option pair_options[] = {
	{"code", 0, NULL, "read the words that the other machine shows"},
	{"card", 0, NULL,
		"NAME is a correspondent: by your two cards,\n"
		"                              without a code"},
	{"vetted", 0, NULL, "count it among the vetted ones"},
};

const struct cli_verb cli_node_pair = {
	.name = "node pair",
	.operands = "NAME",
	.summary = "make two machines know each other",
	.text = "Two machines that are paired recognise each other when they meet, and\n"
		"nobody else learns that they do. One of them makes a code of eighteen\n"
		"words and shows it; the other is told it (--code reads it from the\n"
		"terminal or standard input). Two people who hold each other's card\n"
		"need no code: each says --card.",
	.example = "dlb node pair ferry\n"
		   "dlb node pair office --code\n"
		   "dlb node pair bob --card",
	.options = pair_options,
	.options_n = DLB_ARRAY_LEN(pair_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_pair,
};

/* ---- dlb node list ------------------------------------------------------------------- */

struct listing {
	struct cli_table table;
	struct cli_json json;
	size_t n;
	struct dlb_vouched *vouched; /* what rosters say */
	size_t vouched_n;
};

/* What counts for --policy vetted. */
static const char *
vetted_text(const struct listing *l, const struct dlb_known_node *node)
{
	const struct dlb_vouched *v =
		dlb_vouched_find(l->vouched, l->vouched_n, node->secret);

	if (v && v->revoked)
		return "revoked";
	if (node->vetted)
		return "yes";
	return v && v->vouched ? "by a roster" : "no";
}

static bool
list_node(void *ctx, const struct dlb_known_node *node)
{
	struct listing *l = ctx;
	char when[CLI_FORMAT_MAX];

	cli_table_add(&l->table, "%s", node->name);
	cli_table_add(&l->table, "%s", vetted_text(l, node));
	cli_table_add(&l->table, "%s", cli_time_here(when, node->added_ms));
	cli_table_add(&l->table, "%s",
		node->met_ms ? cli_time_here(when, node->met_ms) : "never");
	l->n++;
	return true;
}

static bool
write_node(void *ctx, const struct dlb_known_node *node)
{
	struct listing *l = ctx;

	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "name", node->name);
	cli_json_bool(&l->json, "vetted", node->vetted);
	cli_json_bool(&l->json, "counts_as_vetted",
		strcmp(vetted_text(l, node), "yes") == 0
			|| strcmp(vetted_text(l, node), "by a roster") == 0);
	cli_json_time(&l->json, "paired", node->added_ms);
	cli_json_time(&l->json, "met", node->met_ms);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
list_nodes(struct cli *c, struct dlb_letterbox *box, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "name"},
		{.title = "vetted"}, {.title = "paired", .spare = true},
		{.title = "last met"}};
	struct listing l = {.n = 0};
	enum dlb_status st;

	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_vouched_list(box, &l.vouched, &l.vouched_n, err);
	if (st == DLB_OK)
		st = dlb_known_node_each(box, list_node, &l, err);
	if (st == DLB_OK && l.n == 0)
		cli_say(c, "None yet. `dlb node pair NAME` pairs one.");
	else if (st == DLB_OK)
		st = cli_table_print(
			&l.table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l.table);
	dlb_vouched_free(l.vouched, l.vouched_n);
	return st;
}

static enum dlb_status
run_list(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	if (!cli_flag(a, "json")) {
		st = list_nodes(c, dlb_node_letterbox(n), err);
		dlb_node_close(n);
		return st;
	}
	st = dlb_vouched_list(
		dlb_node_letterbox(n), &l.vouched, &l.vouched_n, err);
	if (st == DLB_OK) {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_known_node_each(
			dlb_node_letterbox(n), write_node, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	}
	dlb_vouched_free(l.vouched, l.vouched_n);
	dlb_node_close(n);
	return st;
}

static const struct cli_option list_options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_node_list = {
	.name = "node list",
	.operands = "",
	.summary = "list the nodes that this one knows",
	.text = "Lists the nodes that this one is paired with, whether each is vetted,\n"
		"and when it was last met.",
	.example = "dlb node list",
	.options = list_options,
	.options_n = DLB_ARRAY_LEN(list_options),
	.flags = CLI_OPENS_HOME,
	.run = run_list,
};

/* ---- dlb node vet, dlb node forget ----------------------------------------------------- */

static enum dlb_status
run_vet(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_known_node node;
	struct dlb_node *n = NULL;
	struct dlb_letterbox *l;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	l = dlb_node_letterbox(n);
	st = dlb_known_node_by_name(l, &node, a->operands[0], err);
	if (st == DLB_OK) {
		node.vetted = !cli_flag(a, "not");
		st = dlb_known_node_save(l, &node, err);
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(l, err);
	if (st == DLB_OK)
		cli_say(c, "%s is %s now.", node.name,
			node.vetted ? "vetted" : "not vetted any more");
	dlb_wipe(&node, sizeof(node));
	dlb_node_close(n);
	return st;
}

static const struct cli_option vet_options[] = {
	{"not", 0, NULL, "take it back"},
};

const struct cli_verb cli_node_vet = {
	.name = "node vet",
	.operands = "NAME",
	.summary = "say that a node is to be trusted more",
	.text = "A node whose owner you trust to carry and not to hoard. Where meetings\n"
		"are limited to vetted nodes, only these are met.",
	.example = "dlb node vet ferry\ndlb node vet ferry --not",
	.options = vet_options,
	.options_n = DLB_ARRAY_LEN(vet_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_vet,
};

static enum dlb_status
run_forget(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = dlb_known_node_forget(
			dlb_node_letterbox(n), a->operands[0], err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(dlb_node_letterbox(n), err);
	if (st == DLB_OK)
		cli_say(c, "%s is a stranger now.", a->operands[0]);
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_node_forget = {
	.name = "node forget",
	.operands = "NAME",
	.summary = "end a pairing",
	.text = "Forgets the node and the secret shared with it. It is a stranger from\n"
		"then on, on this side at once.",
	.example = "dlb node forget ferry",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_forget,
};

const struct cli_verb cli_node = {
	.name = "node",
	.operands = "pair|list|vet|forget",
	.summary = "the machines that this one recognises",
	.text = "Machines that are paired recognise each other when they meet; nobody\n"
		"else can tell which machine it is.",
	.example = "dlb node pair ferry\ndlb node list",
};
