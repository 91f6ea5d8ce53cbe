/*
 * dlb status: how full, how far, what waits.
 */
#include "backup.h"
#include "format.h"
#include "json.h"
#include "briefing.h"
#include "node.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

struct counts {
	uint64_t trips;
	uint64_t people, verified;
	uint64_t unread, partly;
	uint64_t waiting, waiting_cells;
};

static bool
count_person(void *ctx, const struct dlb_correspondent *who)
{
	struct counts *n = ctx;

	n->people++;
	n->verified += who->verified;
	return true;
}

static bool
count_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct counts *n = ctx;

	if (!dlb_in_is_seen(letter))
		return true;
	n->unread += letter->state == DLB_IN_UNREAD;
	n->partly += letter->state == DLB_IN_PARTLY;
	return true;
}

static bool
count_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct counts *n = ctx;

	if (!dlb_out_is_seen(letter) || letter->state != DLB_OUT_WAITING)
		return true;
	n->waiting++;
	n->waiting_cells += letter->cells - letter->shown;
	return true;
}

static bool
count_trip(void *ctx, const struct dlb_trip *trip)
{
	struct counts *n = ctx;

	(void)trip;
	n->trips++;
	return true;
}

static void
show_satchel(const struct dlb_satchel_info *info)
{
	char size[CLI_FORMAT_MAX], n[CLI_FORMAT_MAX], of[CLI_FORMAT_MAX];

	printf("satchel  %s\n", cli_size(size, info->size));
	printf("         %s of %s places for carrying are taken\n",
		cli_count(n, info->shown),
		cli_count(of, info->slots - info->reserve));
	printf("         %s of %s places for letters of this home are taken\n",
		cli_count(n, info->held), cli_count(of, info->reserve));
}

static void
show_letters(const struct counts *n, int64_t from_ms)
{
	char a[CLI_FORMAT_MAX], b[CLI_FORMAT_MAX], when[CLI_FORMAT_MAX];

	printf("inbox    %s unread", cli_count(a, n->unread));
	if (n->partly > 0)
		printf(", %s not whole yet", cli_count(a, n->partly));
	printf("\noutbox   ");
	if (n->waiting > 0)
		printf("%s letter%s wait%s for a meeting (%s cell%s)\n",
			cli_count(a, n->waiting), cli_s(n->waiting),
			n->waiting == 1 ? "s" : "",
			cli_count(b, n->waiting_cells),
			cli_s(n->waiting_cells));
	else
		printf("nothing waits\n");
	if (n->waiting > 0 && from_ms > 0)
		printf("         at once with `dlb meet`, by `dlb serve` after %s\n",
			cli_time_here(when, from_ms));
}

static void
show_people(const struct counts *n)
{
	char a[CLI_FORMAT_MAX], b[CLI_FORMAT_MAX];

	printf("people   %s, %s of them verified\n", cli_count(a, n->people),
		cli_count(b, n->verified));
}

static void
show_backup(struct dlb_letterbox *l)
{
	struct dlb_backup_note note;
	char when[CLI_FORMAT_MAX];
	unsigned arrived;

	if (dlb_letterbox_waits(l)) {
		printf("backup   this home waits for its shares (dlb restore)\n");
		return;
	}
	if (dlb_backup_note_get(l, &note, NULL) != DLB_OK)
		return;
	arrived = dlb_backup_note_arrived(&note);
	printf("backup   of %s, %u of %u are known to have a share%s\n",
		cli_time_here(when, note.made_s * 1000), arrived, note.n,
		arrived < note.need ? ": too few (dlb backup)" : "");
}

static void
write_backup(struct cli_json *j, struct dlb_letterbox *l)
{
	struct dlb_backup_note note;

	cli_json_bool(j, "waits_for_shares", dlb_letterbox_waits(l));
	if (dlb_backup_note_get(l, &note, NULL) != DLB_OK) {
		cli_json_null(j, "backup");
		return;
	}
	cli_json_object(j, "backup");
	cli_json_time(j, "made", note.made_s * 1000);
	cli_json_uint(j, "need", note.need);
	cli_json_uint(j, "holders", note.n);
	cli_json_uint(j, "arrived", dlb_backup_note_arrived(&note));
	cli_json_end(j, '}');
}

static void
show(struct dlb_node *n, const struct dlb_satchel_info *info,
	const struct counts *counts)
{
	bool person = dlb_letterbox_is_person(dlb_node_letterbox(n));
	struct dlb_clock_view clock = dlb_node_clock(n);
	char when[CLI_FORMAT_MAX], home[4096];

	dlb_printable(
		home, sizeof(home), dlb_node_home(n), strlen(dlb_node_home(n)));
	printf("home     %s%s\n", home, person ? "" : " (a courier's)");
	show_satchel(info);
	if (person) {
		show_people(counts);
		show_letters(counts, dlb_node_own_from_ms(n));
		show_backup(dlb_node_letterbox(n));
	}
	if (counts->trips > 0)
		printf("trip     %s box%s to serve (dlb trip)\n",
			cli_count(when, counts->trips),
			counts->trips == 1 ? "" : "es");
	printf("clock    %s%s\n", cli_time_here(when, clock.now_ms),
		clock.trusted_week ? "" : ", in doubt (dlb doctor)");
}

static void
write_json(struct dlb_node *n, const struct dlb_satchel_info *info,
	const struct counts *counts)
{
	struct dlb_clock_view clock = dlb_node_clock(n);
	struct cli_json j;

	cli_json_init(&j, stdout);
	cli_json_object(&j, NULL);
	cli_json_text(&j, "home", dlb_node_home(n));
	cli_json_bool(
		&j, "person", dlb_letterbox_is_person(dlb_node_letterbox(n)));
	cli_json_object(&j, "satchel");
	cli_json_uint(&j, "size", info->size);
	cli_json_uint(&j, "carried", info->shown);
	cli_json_uint(&j, "carried_max", info->slots - info->reserve);
	cli_json_uint(&j, "kept", info->held);
	cli_json_uint(&j, "kept_max", info->reserve);
	cli_json_end(&j, '}');
	cli_json_uint(&j, "people", counts->people);
	cli_json_uint(&j, "verified", counts->verified);
	cli_json_uint(&j, "unread", counts->unread);
	cli_json_uint(&j, "partly", counts->partly);
	cli_json_uint(&j, "trips", counts->trips);
	cli_json_uint(&j, "waiting", counts->waiting);
	cli_json_uint(&j, "waiting_cells", counts->waiting_cells);
	cli_json_time(&j, "serve_gives_from", dlb_node_own_from_ms(n));
	write_backup(&j, dlb_node_letterbox(n));
	cli_json_object(&j, "clock");
	cli_json_time(&j, "now", clock.now_ms);
	cli_json_time(&j, "highest_seen", clock.highest_ms);
	cli_json_bool(&j, "trusted", clock.trusted_week != 0);
	cli_json_end(&j, '}');
	cli_json_end(&j, '}');
	cli_json_finish(&j);
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_satchel_info info;
	struct counts counts = {.unread = 0};
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open(&n, c, a, err);

	if (st != DLB_OK)
		return st;
	dlb_node_satchel_info(n, &info);
	st = dlb_correspondent_each(
		dlb_node_letterbox(n), count_person, &counts, err);
	if (st == DLB_OK)
		st = dlb_in_each(dlb_node_letterbox(n), count_in, &counts, err);
	if (st == DLB_OK)
		st = dlb_out_each(
			dlb_node_letterbox(n), count_out, &counts, err);
	if (st == DLB_OK)
		st = dlb_trip_each(
			dlb_node_letterbox(n), count_trip, &counts, err);
	if (st == DLB_OK && cli_flag(a, "json"))
		write_json(n, &info, &counts);
	else if (st == DLB_OK)
		show(n, &info, &counts);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_status = {
	.name = "status",
	.operands = "",
	.summary = "show how full the satchel is, and what waits",
	.text = "Shows where the home is, how full its satchel is, how many people you\n"
		"know and have verified, how many letters are unread or wait for a\n"
		"meeting, who has your backup, and what the clock says.\n"
		"Meetings that `dlb serve` begins take letters along once an hour at most;\n"
		"where something waits, status says from when on they will.",
	.example = "dlb status",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
