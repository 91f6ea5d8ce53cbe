/*
 * dlb satchel: the home's satchel: how full it is, in another size, a new one.
 */
#include "format.h"
#include "json.h"
#include "node.h"
#include "progress.h"
#include "session.h"

#include <stdio.h>

static void
show(const struct dlb_satchel_info *i)
{
	char size[CLI_FORMAT_MAX], n[CLI_FORMAT_MAX], of[CLI_FORMAT_MAX];

	printf("satchel  %s\n", cli_size(size, i->size));
	printf("         %s of %s places for carrying are taken\n",
		cli_count(n, i->shown), cli_count(of, i->slots - i->reserve));
	printf("         %s of %s places for letters of this home are taken\n",
		cli_count(n, i->held), cli_count(of, i->reserve));
}

static void
write_json(const struct dlb_satchel_info *i)
{
	struct cli_json j;

	cli_json_init(&j, stdout);
	cli_json_object(&j, NULL);
	cli_json_uint(&j, "size", i->size);
	cli_json_uint(&j, "carried", i->shown);
	cli_json_uint(&j, "carried_max", i->slots - i->reserve);
	cli_json_uint(&j, "kept", i->held);
	cli_json_uint(&j, "kept_max", i->reserve);
	cli_json_end(&j, '}');
	cli_json_finish(&j);
}

static void
say_made(struct cli *c, struct dlb_node *n, bool sparse)
{
	struct dlb_satchel_info i;
	char size[CLI_FORMAT_MAX];

	cli_progress_clear();
	dlb_node_satchel_info(n, &i);
	cli_say(c, "The home has a satchel of %s now.", cli_size(size, i.size));
	if (sparse)
		cli_say(c,
			"It is sparse: the disk shows how much of it was ever "
			"used.");
}

/* What could not be carried over, and what to do. */
static void
say_damage(const struct dlb_damage *d)
{
	if (d->shares)
		cli_warn(
			"%u share%s of others' backups that you kept %s gone: tell "
			"those whose backup you keep to make another one",
			d->shares, cli_s(d->shares),
			d->shares == 1 ? "is" : "are");
	if (d->in)
		cli_warn(
			"%u letter%s in the inbox (%lld%s) wait%s for cells "
			"again: meet boxes that still carry them (dlb meet PATH)",
			d->in, d->in == 1 ? "" : "s", (long long)d->in_first,
			d->in == 1 ? "" : " and on", d->in == 1 ? "s" : "");
	if (d->out)
		cli_warn(
			"%u letter%s in the outbox (%lld%s) lost cells that "
			"nobody has yet: seal %s again from what %s held (dlb "
			"resend NUMBER PATH...), or give up (dlb delete NUMBER)",
			d->out, d->out == 1 ? "" : "s", (long long)d->out_first,
			d->out == 1 ? "" : " and on",
			d->out == 1 ? "it" : "them",
			d->out == 1 ? "it" : "they");
}

static enum dlb_status
make(struct cli *c, struct dlb_node *n, const struct cli_args *a, uint64_t size,
	struct dlb_error *err)
{
	bool sparse = cli_flag(a, "sparse");
	struct dlb_damage damage;
	enum dlb_status st;

	if (cli_flag(a, "new"))
		st = dlb_node_satchel_new(
			n, size, sparse, &damage, cli_progress(c), err);
	else
		st = dlb_node_satchel_resize(
			n, size, sparse, &damage, cli_progress(c), err);
	cli_progress_clear();
	if (st != DLB_OK)
		return st;
	say_made(c, n, sparse);
	say_damage(&damage);
	return DLB_OK;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *text = cli_value(a, "size");
	bool anew = cli_flag(a, "new");
	struct dlb_satchel_info info;
	struct dlb_node *n = NULL;
	uint64_t size = 0;
	enum dlb_status st = DLB_OK;

	if (cli_flag(a, "json") && (text || anew))
		return dlb_fail(err, DLB_USAGE,
			"--json goes alone: show the satchel after it");
	if (cli_flag(a, "sparse") && !text && !anew)
		return dlb_fail(err, DLB_USAGE,
			"--sparse goes with --size SIZE or --new");
	if (text)
		st = cli_parse_size(&size, text, err);
	if (st == DLB_OK)
		st = anew ? cli_open_without(&n, c, a, err)
			  : cli_open(&n, c, a, err);
	if (st != DLB_OK)
		return st;
	if (text || anew) {
		st = make(c, n, a, size, err);
	} else {
		dlb_node_satchel_info(n, &info);
		if (cli_flag(a, "json"))
			write_json(&info);
		else
			show(&info);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"size", 0, "SIZE",
		"make it anew in that size, with all that it holds"},
	{"sparse", 0, NULL,
		"take disk space only as it is used; this gives\n"
		"                              away how much was ever in it"},
	{"new", 0, NULL, "an empty one, where it is lost or does not open"},
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_satchel = {
	.name = "satchel",
	.operands = "",
	.summary = "show the home's satchel, or make it larger, or anew",
	.text = "Shows how large the satchel of this home is and how full; half of it is\n"
		"for letters, half for what is carried for others.\n"
		"With --size it is made anew, and all that it holds is carried over; until\n"
		"that is done the old one serves, so that there is room needed for both.\n"
		"\n"
		"Where it was lost, cut off or overwritten, first look for a copy of it.\n"
		"Where there is none, --new makes an empty one: letters that came wait\n"
		"for their cells again, and those that had not left are to be sent again.",
	.example = "dlb satchel\ndlb satchel --size 4G",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
