/*
 * dlb box: making boxes, and knowing those of others.
 */
#include "card_file.h"
#include "format.h"
#include "json.h"
#include "passphrase.h"
#include "progress.h"
#include "session.h"
#include "table.h"
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct cli_verb cli_box = {
	.name = "box",
	.operands = "create|list|share|add|place|forget",
	.summary = "make boxes, and list, share, add and forget them",
	.text = "A box is a place for cells: a file on a stick or in a directory. One\n"
		"that is open can be met by anyone who finds it; one with a lock only by\n"
		"who knows its passphrase, or has its key from `dlb box share`.",
	.example = "dlb box create /media/usb",
};

/* ---- create ------------------------------------------------------------------------ */

static enum dlb_status
choose_lock(struct cli_secret *secret, const struct cli_args *a,
	struct dlb_error *err)
{
	enum dlb_status st = cli_secret_from_options(secret, a, "", err);

	if (st != DLB_OK)
		return st;
	if (secret->given && cli_flag(a, "open")) {
		cli_secret_free(secret);
		return dlb_fail(
			err, DLB_USAGE, "give --open or a secret, not both");
	}
	if (secret->given || cli_flag(a, "open"))
		return DLB_OK;
	st = cli_secret_ask_new(secret, "A passphrase for the box: ", err);
	if (st == DLB_NOT_FOUND)
		return dlb_fail(err, DLB_USAGE,
			"there is no terminal to ask for the box's passphrase; give "
			"--open, --passphrase-file FILE, --passphrase-fd N or "
			"--key-file FILE");
	return st;
}

static enum dlb_status
create_box(struct cli *c, struct dlb_node *n,
	const struct dlb_box_options *options, struct dlb_error *err)
{
	struct dlb_box box;
	uint64_t size = 0;
	char text[CLI_FORMAT_MAX];
	enum dlb_status st = dlb_node_box_create(
		n, options, &box, &size, cli_progress(c), err);

	if (st == DLB_OK) {
		cli_say(c, "Box %s is made: %s, %s.", box.name, box.path,
			cli_size(text, size));
		if (options->unlock.kind == DLB_UNLOCK_OPEN)
			cli_say(c,
				"Anyone who finds it can open it, but not read "
				"letters.");
		if (options->sparse)
			cli_say(c,
				"It is sparse: who sees it can tell how much of "
				"it was ever used.");
	}
	dlb_wipe(&box, sizeof(box));
	return st;
}

/* Nobody is asked for the passphrase of a box that can not be made. */
static enum dlb_status
check_place(const char *path, struct dlb_error *err)
{
	struct dlb_stick stick;
	enum dlb_status st =
		dlb_stick_locate(&stick, dlb_fs_posix(), path, err);

	if (st == DLB_NOT_FOUND)
		return dlb_fail(err, st,
			"%s can not be made: name a directory that is there (is the "
			"stick mounted?), or a file that ends in .dlb in one",
			path);
	if (st == DLB_OK && stick.exists)
		return dlb_fail(err, DLB_EXISTS,
			"there is a box already: %s; meet it with: dlb meet %s",
			stick.path, path);
	return st;
}

static enum dlb_status
run_create(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_box_options options = {.path = a->operands[0],
		.name = cli_value(a, "name"),
		.place = cli_value(a, "place"),
		.sparse = cli_flag(a, "sparse"),
		.cells = cli_flag(a, "cells"),
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	const char *size = cli_value(a, "size");
	struct cli_secret secret = {.given = false};
	struct dlb_node *n = NULL;
	enum dlb_status st =
		size ? cli_parse_size(&options.size, size, err) : DLB_OK;

	if (st == DLB_OK && size && options.size == 0)
		st = dlb_fail(err, DLB_USAGE, "--size 0 holds nothing");
	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st == DLB_OK && options.cells && options.sparse)
		st = dlb_fail(err, DLB_USAGE,
			"--cells takes space only as it is used anyway; leave out "
			"--sparse");
	if (st == DLB_OK && !options.cells)
		st = check_place(options.path, err);
	if (st == DLB_OK)
		st = choose_lock(&secret, a, err);
	if (st == DLB_OK && secret.given)
		options.unlock = secret.unlock;
	if (st == DLB_OK)
		st = create_box(c, n, &options, err);
	cli_secret_free(&secret);
	dlb_node_close(n);
	return st;
}

static const struct cli_option create_options[] = {
	{"size", 0, "SIZE", "as in 800M; else by what is free, up to 1G"},
	{"name", 0, "NAME", "how you call it; else after its path"},
	{"place", 0, "WORDS", "where it is, for who is to find it"},
	{"open", 0, NULL, "no lock: anyone who finds it can meet it"},
	{"passphrase-file", 0, "FILE", "the box's new passphrase, from a file"},
	{"passphrase-fd", 0, "N", "the same, from an open descriptor"},
	{"key-file", 0, "FILE", "the box's new key file"},
	{"cells", 0, NULL,
		"a directory of single cells, for a folder that is\n"
		"                              synced; PATH is one that is there"},
	{"sparse", 0, NULL,
		"take disk space only as it is used; this gives\n"
		"                              away how much was ever in it"},
};

const struct cli_verb cli_box_create = {
	.name = "box create",
	.operands = "PATH",
	.summary = "make a box on a stick or in a directory",
	.text = "Makes a box: PATH is a directory, such as a mounted stick, or a file\n"
		"that ends in .dlb. It looks like random bytes and keeps its size. Its\n"
		"passphrase is asked for on the terminal where no option gives a lock;\n"
		"this home keeps its key.",
	.example = "dlb box create /media/usb --open\n"
		   "dlb box create /srv/cafe.dlb --size 2G --name cafe",
	.options = create_options,
	.options_n = DLB_ARRAY_LEN(create_options),
	.flags = CLI_MAKES_LOCK,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_create,
};

/* ---- list -------------------------------------------------------------------------- */

struct listing {
	struct cli_table table;
	struct cli_json json;
	size_t n;
};

static bool
list_box(void *ctx, const struct dlb_box *box)
{
	struct listing *l = ctx;

	cli_table_add(&l->table, "%s", box->name);
	cli_table_add(&l->table, "%s", box->path);
	cli_table_add(&l->table, "%s", box->place);
	l->n++;
	return true;
}

static bool
write_box(void *ctx, const struct dlb_box *box)
{
	struct listing *l = ctx;

	cli_json_object(&l->json, NULL);
	cli_json_text(&l->json, "name", box->name);
	if (box->path[0])
		cli_json_text(&l->json, "path", box->path);
	else
		cli_json_null(&l->json, "path");
	cli_json_text(&l->json, "place", box->place);
	cli_json_end(&l->json, '}');
	return true;
}

static enum dlb_status
run_list(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	static const struct cli_column columns[] = {{.title = "name"},
		{.title = "last seen at"}, {.title = "place"}};
	struct listing l = {.n = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	cli_table_init(&l.table, columns, DLB_ARRAY_LEN(columns));
	if (cli_flag(a, "json")) {
		cli_json_init(&l.json, stdout);
		cli_json_array(&l.json, NULL);
		st = dlb_box_each(dlb_node_letterbox(n), write_box, &l, err);
		cli_json_end(&l.json, ']');
		cli_json_finish(&l.json);
	} else {
		st = dlb_box_each(dlb_node_letterbox(n), list_box, &l, err);
		if (st == DLB_OK && l.n == 0)
			cli_say(c,
				"No boxes. `dlb box create PATH` makes one.");
		else if (st == DLB_OK)
			st = cli_table_print(
				&l.table, cli_term_width(STDOUT_FILENO), err);
	}
	cli_table_free(&l.table);
	dlb_node_close(n);
	return st;
}

static const struct cli_option list_options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_box_list = {
	.name = "box list",
	.operands = "",
	.summary = "list the boxes whose keys are known here",
	.text = "Lists the boxes whose keys this home keeps, and where each was last.",
	.example = "dlb box list",
	.options = list_options,
	.options_n = DLB_ARRAY_LEN(list_options),
	.flags = CLI_OPENS_HOME,
	.run = run_list,
};

/* ---- share, add, forget ------------------------------------------------------------- */

static enum dlb_status
share(struct cli *c, const struct dlb_box *box, const char *file,
	struct dlb_error *err)
{
	char text[DLB_BOX_TEXT_MAX + 2] = "";
	enum dlb_status st = dlb_box_to_text(text, box);
	size_t len = strlen(text);

	if (st != DLB_OK)
		return dlb_fail(
			err, st, "the box's key could not be written down");
	if (len == 0 || text[len - 1] != '\n')
		text[len++] = '\n';
	if (file && strcmp(file, "-") != 0) {
		st = cli_write_file(file, text, len, CLI_FILE_SECRET, err);
		if (st == DLB_OK)
			cli_say(c, "The key of box %s is in %s.", box->name,
				file);
	} else {
		fwrite(text, 1, len, stdout);
	}
	if (st == DLB_OK)
		cli_note(c,
			"whoever has this key can open the box: give it only to "
			"those who may");
	dlb_wipe(text, sizeof(text));
	return st;
}

static enum dlb_status
run_share(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	struct dlb_box box = {.id = 0};
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = dlb_box_by_name(
			dlb_node_letterbox(n), &box, a->operands[0], err);
	if (st == DLB_OK)
		st = share(c, &box, cli_value(a, "output"), err);
	dlb_wipe(&box, sizeof(box));
	dlb_node_close(n);
	return st;
}

static const struct cli_option share_options[] = {
	{"output", 'o', "FILE", "into a new file, readable by you alone"},
};

const struct cli_verb cli_box_share = {
	.name = "box share",
	.operands = "NAME",
	.summary = "print a box's key, for who may open it",
	.text = "Prints the key of a box as one line of text. Whoever has it can open\n"
		"the box, and send by way of it.",
	.example = "dlb box share cafe -o cafe.key",
	.options = share_options,
	.options_n = DLB_ARRAY_LEN(share_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_share,
};

/* The text itself, or what a file or standard input holds. */
static enum dlb_status
read_box_text(char *out, size_t cap, size_t *len, const char *what,
	struct dlb_error *err)
{
	bool standard = strcmp(what, "-") == 0;
	int fd;

	*len = strlen(what);
	if (strncmp(what, "dlb-box", 7) == 0 && access(what, F_OK) != 0) {
		if (*len > cap)
			return dlb_fail(err, DLB_MALFORMED,
				"that is too long to be a box's key");
		memcpy(out, what, *len);
		return DLB_OK;
	}
	*len = 0;
	fd = standard ? STDIN_FILENO : open(what, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return dlb_fail_errno(err, errno, "can not open %s", what);
	while (*len < cap) {
		ssize_t n = read(fd, out + *len, cap - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	if (!standard)
		close(fd);
	return *len < cap ? DLB_OK
			  : dlb_fail(err, DLB_MALFORMED,
				  "%s is too long to be a box's key", what);
}

static enum dlb_status
run_add(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *name = cli_value(a, "name");
	struct dlb_node *n = NULL;
	struct dlb_box box = {.id = 0};
	char text[4096];
	size_t len = 0;
	enum dlb_status st =
		read_box_text(text, sizeof(text), &len, a->operands[0], err);

	if (st == DLB_OK)
		st = dlb_box_from_text(&box, text, len, err);
	dlb_wipe(text, sizeof(text));
	if (st == DLB_OK && name && strlen(name) > DLB_BOX_NAME_MAX)
		st = dlb_fail(err, DLB_USAGE, "a name has at most %d bytes",
			DLB_BOX_NAME_MAX);
	if (st == DLB_OK && name)
		snprintf(box.name, sizeof(box.name), "%s", name);
	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st == DLB_OK)
		st = dlb_box_save(dlb_node_letterbox(n), &box, err);
	if (st == DLB_OK)
		st = dlb_letterbox_commit(dlb_node_letterbox(n), err);
	if (st == DLB_OK)
		cli_say(c, "Box %s is known now.", box.name);
	dlb_wipe(&box, sizeof(box));
	dlb_node_close(n);
	return st;
}

static const struct cli_option add_options[] = {
	{"name", 0, "NAME", "how you call it; else as who shared it does"},
};

const struct cli_verb cli_box_add = {
	.name = "box add",
	.operands = "KEY",
	.summary = "keep the key of a box that someone shared",
	.text = "Keeps the key of a box: a file from `dlb box share`, its text, or -\n"
		"for standard input. From then on the box opens here by itself.",
	.example = "dlb box add cafe.key",
	.options = add_options,
	.options_n = DLB_ARRAY_LEN(add_options),
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_add,
};

static enum dlb_status
run_forget(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = dlb_node_box_forget(n, a->operands[0], err);
	if (st == DLB_OK)
		cli_say(c,
			"The key of box %s is forgotten. The box itself stays "
			"where it is.",
			a->operands[0]);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
run_place(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	struct dlb_box box = {.id = 0};
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st == DLB_OK)
		st = dlb_box_by_name(
			dlb_node_letterbox(n), &box, a->operands[0], err);
	if (st == DLB_OK && strlen(a->operands[1]) > DLB_BOX_PLACE_MAX)
		st = dlb_fail(err, DLB_USAGE,
			"a place has at most %d bytes of text",
			DLB_BOX_PLACE_MAX);
	if (st == DLB_OK) {
		snprintf(box.place, sizeof(box.place), "%s", a->operands[1]);
		st = dlb_box_save(dlb_node_letterbox(n), &box, err);
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(dlb_node_letterbox(n), err);
	if (st == DLB_OK && box.place[0])
		cli_say(c, "Box %s is here: %s", box.name, box.place);
	else if (st == DLB_OK)
		cli_say(c, "Nothing is said of where box %s is.", box.name);
	dlb_wipe(&box, sizeof(box));
	dlb_node_close(n);
	return st;
}

const struct cli_verb cli_box_place = {
	.name = "box place",
	.operands = "NAME WORDS",
	.summary = "say in words where a box is",
	.text = "Keeps in words where a box is, for those with whom you share it or whom\n"
		"you brief. Empty words forget it.",
	.example = "dlb box place cafe \"behind the bar, ask for Ann\"",
	.flags = CLI_OPENS_HOME,
	.operands_min = 2,
	.operands_max = 2,
	.run = run_place,
};

const struct cli_verb cli_box_forget = {
	.name = "box forget",
	.operands = "NAME",
	.summary = "forget a box's key",
	.text = "Forgets the key of a box. The box itself stays as it is.",
	.example = "dlb box forget cafe",
	.flags = CLI_OPENS_HOME,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_forget,
};
