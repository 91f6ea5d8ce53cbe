/*
 * dlb backup: leaving with others what makes a lost letterbox one's own again; and what
 * one keeps for others.
 */
#include "backups.h"
#include "card_file.h"
#include "format.h"
#include "json.h"
#include "people.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOLDERS_MAX 255
#define MEETING_CELLS 64

/* ---- dlb backup: making one --------------------------------------------------------- */

struct holders {
	struct dlb_correspondent *list;
	int64_t *ids;
	size_t n;
};

static void
holders_free(struct holders *h)
{
	free(h->list);
	free(h->ids);
}

/* One's own name is no correspondent's. */
static enum dlb_status
find_holder(struct dlb_correspondent *out, struct cli *c, struct dlb_node *n,
	const char *name, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_buf bytes = {0};
	struct dlb_card own;
	enum dlb_status st = dlb_correspondent_by_name(l, out, name, NULL);

	if (st == DLB_OK)
		return st;
	if (dlb_letterbox_card(l, true, &bytes, NULL) == DLB_OK
		&& dlb_card_parse(&own, bytes.data, bytes.len, NULL) == DLB_OK
		&& strcmp(own.name, name) == 0)
		st = dlb_fail(err, DLB_USAGE,
			"%s is you: a share that you keep yourself is lost with "
			"the rest",
			name);
	else
		st = cli_who(out, c, n, name, err);
	dlb_buf_free(&bytes);
	return st;
}

static enum dlb_status
find_holders(struct holders *h, struct cli *c, struct dlb_node *n,
	const char *names, struct dlb_error *err)
{
	char *copy = strdup(names), *rest = copy, *name;
	enum dlb_status st = DLB_OK;

	h->list = calloc(HOLDERS_MAX, sizeof(*h->list));
	h->ids = calloc(HOLDERS_MAX, sizeof(*h->ids));
	if (!copy || !h->list || !h->ids)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	while (st == DLB_OK && (name = strsep(&rest, ",")) != NULL) {
		if (!*name)
			st = dlb_fail(err, DLB_USAGE,
				"--to wants names with commas between them: "
				"bob,carol,dave");
		else if (h->n == HOLDERS_MAX)
			st = dlb_fail(err, DLB_USAGE,
				"at most %d people keep shares of a backup",
				HOLDERS_MAX);
		else
			st = find_holder(&h->list[h->n], c, n, name, err);
		if (st == DLB_OK) {
			h->ids[h->n] = h->list[h->n].id;
			h->n++;
		}
	}
	free(copy);
	return st;
}

static bool
is_unverified(const struct dlb_correspondent *who)
{
	return !who->verified;
}

static bool
is_unheard(const struct dlb_correspondent *who)
{
	return !who->heard;
}

/* "bob, carol and dave": those of them that are so, or all. */
static size_t
join_names(char *out, size_t cap, const struct holders *h,
	bool (*is_so)(const struct dlb_correspondent *who))
{
	size_t len = 0, left = 0, first;

	for (size_t i = 0; i < h->n; i++)
		left += !is_so || is_so(&h->list[i]);
	first = left;
	out[0] = '\0';
	for (size_t i = 0; i < h->n && len < cap; i++) {
		if (is_so && !is_so(&h->list[i]))
			continue;
		len += (size_t)snprintf(out + len, cap - len, "%s%s",
			left == first       ? ""
				: left == 1 ? " and "
					    : ", ",
			h->list[i].name);
		left--;
	}
	return first;
}

static void
warn_of_holders(const struct holders *h)
{
	char names[512];
	size_t n = join_names(names, sizeof(names), h, is_unverified);

	if (n > 0)
		cli_warn("%s %s not verified: if a card is somebody else's, so "
			 "is the share. See: dlb help verify",
			names, n == 1 ? "is" : "are");
	n = join_names(names, sizeof(names), h, is_unheard);
	if (n > 0)
		cli_warn(
			"%s %s not written to you: where you are not known, the "
			"share waits in the inbox until you are (dlb know)",
			names, n == 1 ? "has" : "have");
}

static void
say_made(struct cli *c, const struct holders *h, unsigned need,
	const struct dlb_backup_result *r)
{
	char names[2048], size[CLI_FORMAT_MAX], n[CLI_FORMAT_MAX];
	uint64_t meetings = (r->cells + MEETING_CELLS - 1) / MEETING_CELLS;

	join_names(names, sizeof(names), h, NULL);
	cli_say(c, "A share of your backup is sealed to each of %s.", names);
	cli_say(c, "  any %u     of them can give it back; fewer have nothing",
		need);
	cli_say(c,
		"  holds     who you are and whom you know; no letters, and no "
		"key that opens one");
	cli_say(c, "  size      %s each, %s cells: with %s",
		cli_size(size, r->share_len), cli_count(n, r->cells),
		meetings > 1 ? "the coming meetings" : "the next meeting");
	if (r->left_out)
		cli_say(c, "  left out  %u people's cards, as there is no room",
			r->left_out);
	cli_say(c,
		"Any %u of them together can write in your name. Keep in mind who "
		"they are:",
		need);
	cli_say(c,
		"where this machine is gone, nothing says it. `dlb backup` shows "
		"who has it.");
}

static enum dlb_status
make(struct cli *c, const struct cli_args *a, struct dlb_node *n,
	struct dlb_error *err)
{
	struct holders h = {.n = 0};
	struct dlb_backup_order order = {.boxes = cli_flag(a, "boxes")};
	struct dlb_backup_result result;
	enum dlb_status st =
		cli_parse_count(&order.need, cli_value(a, "need"), "need", err);

	if (st == DLB_OK)
		st = find_holders(&h, c, n, cli_value(a, "to"), err);
	if (st == DLB_OK) {
		order.holders = h.ids;
		order.holders_n = h.n;
		st = dlb_node_backup(n, &order, &result, err);
	}
	if (st == DLB_OK) {
		warn_of_holders(&h);
		say_made(c, &h, order.need, &result);
	}
	holders_free(&h);
	return st;
}

/* ---- dlb backup: who has it ------------------------------------------------------------ */

static void
holder_name(char out[static DLB_PERSON_NAME_MAX + 1], struct dlb_letterbox *l,
	int64_t id)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_id(l, &who, id) == DLB_OK)
		memcpy(out, who.name, sizeof(who.name));
	else
		memcpy(out, "?", sizeof("?"));
}

static void
show_state(struct cli *c, struct dlb_letterbox *l,
	const struct dlb_backup_note *note)
{
	char when[CLI_FORMAT_MAX], name[DLB_PERSON_NAME_MAX + 1];
	unsigned arrived = dlb_backup_note_arrived(note);

	printf("Backup of %s: any %u of %u give it back.\n",
		cli_time_here(when, note->made_s * 1000), note->need, note->n);
	for (unsigned i = 0; i < note->n; i++) {
		const struct dlb_backup_holder *h = &note->holders[i];

		holder_name(name, l, h->correspondent);
		if (h->arrived_ms)
			printf("  %s has a share, known since %s\n", name,
				cli_time_here(when, h->arrived_ms));
		else
			printf("  %s has not said so\n", name);
	}
	if (arrived < note->need)
		cli_warn(
			"%u of the %u that are needed have said that they have "
			"it: until then a lost machine may be lost for good. Meet "
			"boxes (dlb meet); after some weeks, make another one",
			arrived, note->need);
	else if (note->settled_s < note->made_s)
		cli_say(c, "It can be had again.");
}

static void
write_state(struct dlb_letterbox *l, const struct dlb_backup_note *note)
{
	char name[DLB_PERSON_NAME_MAX + 1];
	struct cli_json j;

	cli_json_init(&j, stdout);
	cli_json_object(&j, NULL);
	cli_json_time(&j, "made", note->made_s * 1000);
	cli_json_uint(&j, "need", note->need);
	cli_json_uint(&j, "arrived", dlb_backup_note_arrived(note));
	cli_json_array(&j, "holders");
	for (unsigned i = 0; i < note->n; i++) {
		holder_name(name, l, note->holders[i].correspondent);
		cli_json_object(&j, NULL);
		cli_json_text(&j, "name", name);
		cli_json_time(&j, "arrived", note->holders[i].arrived_ms);
		cli_json_end(&j, '}');
	}
	cli_json_end(&j, ']');
	cli_json_end(&j, '}');
	cli_json_finish(&j);
}

static enum dlb_status
state(struct cli *c, const struct cli_args *a, struct dlb_node *n,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_backup_note note;
	enum dlb_status st = dlb_backup_note_get(l, &note, err);

	if (st == DLB_NOT_FOUND)
		return dlb_fail(err, st,
			"there is no backup of this letterbox: make one with, say, "
			"dlb backup --need 3 --to bob,carol,dave,erin,frank");
	if (st != DLB_OK)
		return st;
	if (cli_flag(a, "json"))
		write_state(l, &note);
	else
		show_state(c, l, &note);
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	bool to = cli_value(a, "to") != NULL,
	     need = cli_value(a, "need") != NULL;
	struct dlb_node *n = NULL;
	enum dlb_status st;

	if (to != need || (cli_flag(a, "boxes") && !to))
		return dlb_fail(err, DLB_USAGE,
			"a backup wants both: --to NAME,NAME,... who keep a share "
			"each, and --need N, how many of them give it back");
	if (to && cli_flag(a, "json"))
		return dlb_fail(err, DLB_USAGE,
			"--json is for what was made: dlb backup --json");
	st = cli_open_person(&n, c, a, err);
	if (st == DLB_OK && dlb_letterbox_waits(dlb_node_letterbox(n)))
		st = dlb_fail(err, DLB_REFUSED,
			"this home waits for the shares of a backup and has none of "
			"its own: see what has come with dlb backup list, and have "
			"it again with dlb restore");
	if (st == DLB_OK)
		st = to ? make(c, a, n, err) : state(c, a, n, err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"to", 0, "NAME,...", "correspondents who keep a share each"},
	{"need", 0, "N", "how many of them give it back: 2 or more"},
	{"boxes", 0, NULL, "names and keys of your boxes, too"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_backup = {
	.name = "backup",
	.operands = "",
	.summary = "leave shares of who you are with others, against loss",
	.text = "With --to and --need: seals to each of those named, as a letter, a share\n"
		"of who you are and whom you know. Any N of them can give it back to you\n"
		"when this machine is lost (`dlb help restore`); fewer have nothing, and\n"
		"none of them learns who the others are. But any N who join without you\n"
		"can write in your name: choose people who would not. There are no letters\n"
		"in it, and no key that opens one.\n"
		"Without options: shows who has said that they have the last one.\n"
		"Make another one when you have come to know people whom it should hold.",
	.example = "dlb backup --need 3 --to bob,carol,dave,erin,frank\n"
		   "dlb backup",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};

/* ---- dlb backup list ------------------------------------------------------------------- */

struct listing {
	struct dlb_letterbox *l;
	struct cli_table table;
	struct cli_json json;
	size_t n;
};

static void
whose(char out[static DLB_PERSON_NAME_MAX + 32], struct dlb_letterbox *l,
	const struct dlb_kept_share *s)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_identity(l, &who, &s->sender) == DLB_OK)
		snprintf(out, DLB_PERSON_NAME_MAX + 32, "%s", who.name);
	else
		snprintf(out, DLB_PERSON_NAME_MAX + 32,
			"a stranger, letter %lld", (long long)s->number);
}

static bool
list_share(void *ctx, const struct dlb_kept_share *s)
{
	struct listing *l = ctx;
	char name[DLB_PERSON_NAME_MAX + 32], when[CLI_FORMAT_MAX];

	whose(name, l->l, s);
	if (s->damaged)
		cli_table_add(&l->table, "of no use, from %s", name);
	else if (s->given)
		cli_table_add(&l->table, "handed to you by %s", name);
	else
		cli_table_add(&l->table, "kept for %s", name);
	cli_table_add(&l->table, "%s",
		s->damaged ? "?" : cli_time_here(when, s->made_ms));
	cli_table_add(&l->table, "%s", cli_time_here(when, s->came_ms));
	if (s->damaged)
		cli_table_add(&l->table, "?");
	else
		cli_table_add(&l->table, "%u", s->need);
	l->n++;
	return true;
}

static bool
write_share(void *ctx, const struct dlb_kept_share *s)
{
	struct listing *l = ctx;
	char name[DLB_PERSON_NAME_MAX + 32];

	whose(name, l->l, s);
	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "from", name);
	cli_json_bool(&l->json, "handed_to_you", s->given);
	cli_json_bool(&l->json, "damaged", s->damaged);
	cli_json_time(&l->json, "made", s->made_ms);
	cli_json_time(&l->json, "came", s->came_ms);
	cli_json_uint(&l->json, "need", s->need);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
list_all(struct cli *c, struct dlb_node *n, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "share"},
		{.title = "backup of"}, {.title = "came", .spare = true},
		{.title = "needed", .right = true}};
	struct listing l = {.l = dlb_node_letterbox(n)};
	enum dlb_status st;

	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	st = dlb_node_kept_shares(n, list_share, &l, err);
	if (st == DLB_OK && l.n == 0)
		cli_say(c, "You keep no share of anybody's backup.");
	else if (st == DLB_OK)
		st = cli_table_print(
			&l.table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&l.table);
	return st;
}

static enum dlb_status
run_list(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	l.l = dlb_node_letterbox(n);
	if (!cli_flag(a, "json")) {
		st = list_all(c, n, err);
	} else {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_node_kept_shares(n, write_share, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option list_options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_backup_list = {
	.name = "backup list",
	.operands = "",
	.summary = "list what you keep of others' backups",
	.text = "Lists the shares of backups that you keep, for whom, of when, and how\n"
		"many are needed to have it again; and those that were handed to you.\n"
		"A share alone is worth nothing. That you keep one is nobody's business.",
	.example = "dlb backup list",
	.options = list_options,
	.options_n = DLB_ARRAY_LEN(list_options),
	.flags = CLI_OPENS_HOME,
	.run = run_list,
};

/* ---- dlb backup give ---------------------------------------------------------------------- */

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

/* ---- dlb backup forget --------------------------------------------------------------------- */

static enum dlb_status
run_forget(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_correspondent owner;
	struct dlb_node *n = NULL;
	unsigned count = 0;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st == DLB_OK)
		st = cli_who(&owner, c, n, a->operands[0], err);
	if (st == DLB_OK)
		st = dlb_node_forget_shares(n, owner.id, &count, err);
	if (st == DLB_OK)
		cli_say(c,
			"%u share%s of %s's backup %s gone. %s still counts on it: "
			"say so.",
			count, cli_s(count), owner.name,
			count == 1 ? "is" : "are", owner.name);
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_backup_forget = {
	.name = "backup forget",
	.operands = "WHO",
	.summary = "keep no share of someone's backup any more",
	.text = "Deletes what you keep of WHO's backup. They are not told: tell them, so\n"
		"that they ask someone else.",
	.example = "dlb backup forget alice",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_forget,
};
