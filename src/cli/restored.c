/*
 * What is said and done once a letterbox was had again.
 *
 * All of it comes from the note that the letterbox has, so that it is the same where it
 * was cut short and is done again.
 */
#include "restored.h"

#include "card_file.h"
#include "format.h"
#include "new_home.h"
#include "people.h"

#include <stdio.h>
#include <string.h>

static void
own_name(char out[static DLB_CARD_NAME_MAX + 1], struct dlb_letterbox *l)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	out[0] = '\0';
	if (dlb_letterbox_card(l, true, &bytes, NULL) == DLB_OK
		&& dlb_card_parse(&card, bytes.data, bytes.len, NULL) == DLB_OK)
		memcpy(out, card.name, sizeof(card.name));
	dlb_buf_free(&bytes);
}

/* ---- what there is -------------------------------------------------------------------- */

static void
say_had(struct cli *c, const struct dlb_restored *had)
{
	const struct dlb_backup_counts *n = &had->counts;
	char count[CLI_FORMAT_MAX];

	cli_say(c, "  people    %s", cli_count(count, n->people));
	if (n->boxes)
		cli_say(c, "  boxes     %s", cli_count(count, n->boxes));
	if (n->authors)
		cli_say(c, "  follows   %s", cli_count(count, n->authors));
	if (n->rosters || n->own_rosters)
		cli_say(c, "  rosters   %s%s", cli_count(count, n->rosters),
			n->own_rosters ? ", and your own" : "");
	if (had->refused)
		cli_say(c,
			"            %u things in it were not sound, or had no place",
			had->refused);
	if (had->unknown)
		cli_say(c,
			"            %u things in it are of a newer program, and "
			"were left out",
			had->unknown);
}

static void
say_lost(struct cli *c, uint16_t last)
{
	uint16_t month = dlb_month_of(dlb_now_ms(c->env));
	char day[11] = "";

	dlb_date_text(day, dlb_month_start_ms((uint16_t)(last + 1)));
	cli_say(c,
		"  lost      your letters; and what is sealed to your card of "
		"before");
	cli_say(c, "            does not open here.");
	if (last >= month)
		cli_say(c,
			"            Who gets no newer one goes on sealing to it until "
			"%s (%u month%s)",
			day, last - month + 1u, cli_s(last - month + 1u));
}

static void
say_restored(struct cli *c, struct dlb_node *n, const char *name,
	const struct dlb_restore_note *note)
{
	char when[CLI_FORMAT_MAX];

	cli_say(c, "This home is %s again, as of the backup of %s.", name,
		cli_time_here(when, note->made_s * 1000));
	cli_say(c, "  home      %s", dlb_node_home(n));
	say_had(c, &note->restored);
	say_lost(c, note->last_month);
	cli_say(c,
		"  words     which others know as yours; if they are not, this "
		"is not you:");
	if (!c->quiet)
		cli_print_fingerprint(
			dlb_letterbox_identity(dlb_node_letterbox(n)));
}

static void
say_next(struct cli *c, const struct dlb_restore_note *note)
{
	if (note->restored.counts.people && note->told_n == 0)
		cli_say(c,
			"Your new card goes with the next letter to each: write to "
			"them soon.");
	cli_say(c,
		"If the lost machine turns up: read there what is to be read, then "
		"delete its home.");
	cli_say(c,
		"If it was taken, who has it can write as you: tell your "
		"correspondents by voice.");
	cli_say(c, "Next: dlb backup --need N --to NAME,...");
}

void
cli_say_done_already(
	struct cli *c, struct dlb_node *n, const struct dlb_restore_note *note)
{
	char name[DLB_CARD_NAME_MAX + 1], when[CLI_FORMAT_MAX];

	own_name(name, dlb_node_letterbox(n));
	cli_say(c,
		"This home is %s again already, as of the backup of %s: nothing is "
		"left to do.",
		name, cli_time_here(when, note->made_s * 1000));
}

/* ---- what is done ------------------------------------------------------------------------ */

static void
note_failed(void *ctx, const char *text)
{
	(void)ctx;
	cli_warn("%s", text);
}

static enum dlb_status
tell(struct cli *c, struct dlb_node *n, struct dlb_restore_note *note,
	struct dlb_error *err)
{
	char text[512], day[11];
	enum dlb_status st;

	dlb_date_text(day, note->made_s * 1000);
	snprintf(text, sizeof(text),
		"I lost my machine and have my letterbox again, from a backup of "
		"%s. My new card comes with this letter. What you wrote to me "
		"since then may not have reached me: please send again what "
		"matters. If you are in doubt whether this is me, ask me by voice.",
		day);
	st = dlb_node_tell_restored(n, text, note, note_failed, NULL, err);
	if (st == DLB_OK)
		cli_say(c, "A letter to each of %u waits for a meeting.",
			note->told_n);
	if (st == DLB_OK && note->failed_n)
		return dlb_fail(err, DLB_PARTLY,
			"your letterbox is restored; %u people could not be "
			"written to, as said above",
			note->failed_n);
	if (st != DLB_OK)
		cli_warn(
			"your letterbox is restored, but not everyone is told: once "
			"that is mended, `dlb restore` goes on");
	return st;
}

/* A file that is in the way is for its owner to see to; what could not be written is tried
 * again by who says `dlb restore` again. */
static enum dlb_status
put_card(struct cli *c, const struct cli_args *a, struct dlb_node *n,
	const char *name, struct dlb_error *err)
{
	char path[4096];
	enum dlb_status st;

	cli_card_path(path, sizeof(path), cli_value(a, "card-file"), name);
	st = cli_put_card(c, dlb_node_letterbox(n), path, err);
	if (st != DLB_OK)
		cli_warn("your card was not written (%s): dlb card -o FILE",
			err->msg);
	dlb_error_clear(err);
	return st == DLB_OK || st == DLB_EXISTS ? dlb_node_restored_card(n, err)
						: DLB_OK;
}

enum dlb_status
cli_finish_restore(struct cli *c, const struct cli_args *a, struct dlb_node *n,
	struct dlb_error *err)
{
	char name[DLB_CARD_NAME_MAX + 1];
	struct dlb_restore_note note;
	enum dlb_status st =
		dlb_restore_note_get(dlb_node_letterbox(n), &note, err);

	if (st != DLB_OK)
		return st;
	own_name(name, dlb_node_letterbox(n));
	say_restored(c, n, name, &note);
	st = dlb_node_restored_look(n, err);
	if (st == DLB_OK && note.card)
		st = put_card(c, a, n, name, err);
	if (st == DLB_OK && note.tell)
		st = tell(c, n, &note, err);
	say_next(c, &note);
	return st;
}
