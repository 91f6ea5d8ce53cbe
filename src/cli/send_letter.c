/*
 * What `dlb send` and `dlb resend` do: sealing letters, and with --stick also handing
 * them to a box.
 *
 * A place that can not be met is found out before anything is sealed. From the
 * moment the letter is sealed nothing loses it: what then fails is reported as
 * partly done, with the letter's number.
 */
#include "format.h"
#include "people.h"
#include "progress.h"
#include "send.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

static void
note_left_out(void *ctx, const char *text)
{
	(void)ctx;
	cli_warn("%s", text);
}

/* "letter 12", "letters 12 to 31". */
static void
name_letters(struct cli_sending *s)
{
	const struct dlb_send_result *r = &s->result;

	if (r->letters == 1)
		snprintf(s->letters, sizeof(s->letters), "letter %lld",
			(long long)r->first_number);
	else
		snprintf(s->letters, sizeof(s->letters), "letters %lld to %lld",
			(long long)r->first_number, (long long)r->last_number);
}

/* What stripes wait for. */
static void
say_couriers(struct cli_sending *s)
{
	size_t known, vetted;

	if (s->options.of < 2
		|| dlb_node_couriers(s->n, &known, &vetted, NULL) != DLB_OK)
		return;
	if (known < s->options.of)
		cli_note(s->c,
			"there are %u stripes and %zu courier%s that can be "
			"told apart (paired nodes, those that rosters name, known boxes): one that has a "
			"stripe gets another after a week, strangers one a day; "
			"all that waits goes with: dlb meet WHERE --now",
			s->options.of, known, cli_s(known));
	if (s->options.threshold && vetted == 0)
		cli_note(s->c,
			"no node is vetted, so its stripes wait for none and go "
			"to whoever comes; to have them go to vetted nodes "
			"first: dlb node vet NAME");
	else if (s->options.threshold && vetted < s->options.of)
		cli_note(s->c,
			"%zu node%s vetted: the stripes wait two weeks for "
			"these, then go to others too",
			vetted, vetted == 1 ? " is" : "s are");
}

static void
say_sealed(struct cli_sending *s)
{
	const struct dlb_send_result *r = &s->result;
	char letters[sizeof(s->letters)];
	char size[CLI_FORMAT_MAX], cells[CLI_FORMAT_MAX];

	memcpy(letters, s->letters, sizeof(letters));
	letters[0] = 'L';
	if (r->same_cells) {
		cli_say(s->c, "%s for %s: its %s cell%s go%s out again.",
			letters, s->to.name, cli_count(cells, r->cells),
			cli_s(r->cells), r->cells == 1 ? "es" : "");
		return;
	}
	cli_say(s->c, "%s for %s: %s, sealed in %s cell%s.", letters,
		s->to.name, cli_size(size, r->content_len),
		cli_count(cells, r->cells), cli_s(r->cells));
	if (s->options.of > 1)
		cli_say(s->c, "Any %u of its %u stripes suffice%s.",
			s->options.need, s->options.of,
			s->options.threshold ? "; fewer are worth nothing"
					     : "");
	say_couriers(s);
}

static void
say_what_is_next(struct cli_sending *s)
{
	int64_t from_ms = dlb_node_own_from_ms(s->n);
	char when[CLI_FORMAT_MAX];

	if (!s->c->served)
		cli_say(s->c,
			"Nothing has left yet. Next: dlb meet /media/STICK");
	else if (from_ms == 0)
		cli_say(s->c,
			"Nothing has left yet. Next: the first meeting that "
			"`dlb serve` has.");
	else
		cli_say(s->c,
			"Nothing has left yet. Next: the first meeting that "
			"`dlb serve` has after %s; sooner: dlb meet",
			cli_time_here(when, from_ms));
}

/* To whom it went the first time. */
static enum dlb_status
find_again(struct cli_sending *s, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(s->n);
	struct dlb_out_letter letter;
	enum dlb_status st = dlb_out_get(l, &letter, s->again_of, NULL);

	if (st == DLB_OK && letter.to == DLB_TO_FOLLOWERS)
		return dlb_fail(err, DLB_USAGE,
			"number %lld is a bulletin: to post it again, dlb bulletin "
			"post FILE",
			(long long)s->again_of);
	if (st == DLB_OK)
		st = dlb_correspondent_by_id(l, &s->to, letter.to);
	dlb_wipe(&letter, sizeof(letter));
	return st == DLB_OK ? st
			    : dlb_fail(err, DLB_NOT_FOUND,
				    "there is no letter %lld that went out; "
				    "see: dlb outbox",
				    (long long)s->again_of);
}

static enum dlb_status
send_letter(struct cli_sending *s, struct dlb_error *err)
{
	struct dlb_stick stick;
	enum dlb_status st = cli_send_find_stick(s, &stick, err);

	if (st == DLB_OK)
		st = cli_send_read_via(s, err);
	if (st == DLB_OK && !s->again_of)
		st = cli_who(&s->to, s->c, s->n, s->a->operands[0], err);
	if (st == DLB_OK && s->again_of)
		st = find_again(s, err);
	if (st == DLB_OK && s->again_of)
		st = dlb_node_resend(s->n, s->again_of,
			s->as_kept ? NULL : &s->options, &s->result,
			note_left_out, s, cli_progress(s->c), err);
	else if (st == DLB_OK)
		st = dlb_node_send(s->n, s->to.id, &s->options, &s->result,
			note_left_out, s, cli_progress(s->c), err);
	dlb_wipe(s->tag_key, sizeof(s->tag_key));
	if (st == DLB_REFUSED && (s->cancelled || s->interrupted))
		return dlb_fail(err, DLB_CANCELLED, "%s; nothing was sent",
			s->cancelled ? "cancelled" : "interrupted");
	if (st != DLB_OK)
		return st;
	name_letters(s);
	say_sealed(s);
	if (cli_value(s->a, "stick"))
		st = cli_send_hand_over(s, &stick, err);
	else
		say_what_is_next(s);
	if (st == DLB_OK && s->result.skipped > 0)
		return dlb_fail(err, DLB_PARTLY,
			"%llu file%s could not travel and %s left out, as said above",
			(unsigned long long)s->result.skipped,
			cli_s(s->result.skipped),
			s->result.skipped == 1 ? "was" : "were");
	return st;
}

enum dlb_status
cli_send_run(struct cli_sending *s, struct dlb_error *err)
{
	enum dlb_status st = cli_send_read_options(s, err);

	if (st == DLB_OK)
		st = cli_open_person(&s->n, s->c, s->a, err);
	if (st == DLB_OK)
		st = send_letter(s, err);
	dlb_node_close(s->n);
	return st;
}
