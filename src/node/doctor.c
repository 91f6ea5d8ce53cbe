/*
 * doctor: what is wrong in this home, and how to mend it. Looks; with `thorough`
 * reads every cell and drops those that do not hold their name any more.
 */
#include "backup.h"
#include "node_internal.h"

#include <stdio.h>
#include <sys/stat.h>

struct looking {
	struct dlb_node *n;
	dlb_doctor_fn fn;
	void *ctx;
	uint32_t partly, waiting;
	uint16_t next_expiry;
};

static void
look_at_clock(struct looking *l)
{
	struct dlb_clock_view c = l->n->clock;
	char now[17], seen[17], ahead[11], what[160];
	uint16_t week;

	dlb_time_text(now, c.now_ms);
	dlb_time_text(seen, c.highest_ms);
	if (c.impossible) {
		snprintf(what, sizeof(what),
			"the clock says %s UTC, which can not be", now);
		l->fn(l->ctx, DLB_WRONG, what,
			"set the clock. Until then nothing is sealed, and nothing "
			"expires");
		return;
	}
	if (c.trusted_week && dlb_node_clock_behind(l->n, &week)) {
		dlb_date_text(ahead, dlb_week_start_ms(week));
		snprintf(what, sizeof(what),
			"the clock says %s UTC, and cells that were met say they "
			"were sealed in the week of %s",
			now, ahead);
		l->fn(l->ctx, DLB_NOTE, what,
			"set the clock; or, where it is right: dlb doctor "
			"--confirm-clock");
		return;
	}
	if (c.trusted_week) {
		snprintf(what, sizeof(what),
			"the clock (%s UTC) goes on from "
			"where it was",
			now);
		l->fn(l->ctx, DLB_FINE, what, "");
		return;
	}
	snprintf(what, sizeof(what),
		"the clock says %s UTC and was at %s before", now, seen);
	l->fn(l->ctx, DLB_WRONG, what,
		"set the clock; or, where it is right: dlb doctor --confirm-clock. "
		"Until then nothing is sealed, and nothing expires");
}

static void
look_at_home(struct looking *l)
{
	struct stat sb;

	if (stat(l->n->home, &sb) != 0)
		return;
	if (sb.st_mode & 077)
		l->fn(l->ctx, DLB_NOTE,
			"others on this machine can look into the "
			"home's directory",
			"chmod 700 the directory");
	else
		l->fn(l->ctx, DLB_FINE, "the home is its owner's alone", "");
}

static void
look_at_satchel(struct looking *l)
{
	struct dlb_satchel_info i;
	char what[160];
	uint32_t places;

	if (!l->n->satchel) {
		l->fn(l->ctx, DLB_WRONG, l->n->trouble.msg,
			"what is said there. A new one is empty: letters that came "
			"wait for their cells again, and those that had not left "
			"are to be sent again");
		return;
	}
	dlb_satchel_info(l->n->satchel, &i);
	places = i.slots - i.reserve;
	snprintf(what, sizeof(what),
		"the satchel opens: %u of %u places for carrying and %u of %u for "
		"letters are taken",
		i.shown, places, i.held, i.reserve);
	l->fn(l->ctx, DLB_FINE, what, "");
	if (i.mended) {
		snprintf(what, sizeof(what),
			"%u entries were mended that an interruption had left",
			i.mended);
		l->fn(l->ctx, DLB_NOTE, what, "");
	}
	if (i.reserve - i.held < i.reserve / 10)
		l->fn(l->ctx, DLB_NOTE, "there is little room left for letters",
			"delete letters that are done with (dlb delete N), or make "
			"the satchel larger (dlb satchel --size SIZE)");
}

static void
look_at_keys(struct looking *l)
{
	struct dlb_letterbox *box = l->n->letterbox;
	uint32_t lost = dlb_letterbox_lost_keys(box);
	uint32_t condemned = dlb_keys_condemned(box);
	int64_t when;
	char what[128], day[11];

	if (condemned) {
		snprintf(what, sizeof(what),
			"%u of your old keys %s not destroyed: the file `ring` "
			"could not be written",
			condemned, condemned == 1 ? "was" : "were");
		l->fn(l->ctx, DLB_WRONG, what,
			"the disk may be failing; each opening of the home tries "
			"again");
	}
	if (lost) {
		snprintf(what, sizeof(what),
			"%u of your keys %s gone: the file `ring` is damaged or "
			"missing",
			lost, lost == 1 ? "is" : "are");
		l->fn(l->ctx, DLB_WRONG, what,
			"put `ring` back from a copy of the home; or, where there "
			"is none: dlb doctor --new-keys. Until then letters that "
			"were sealed to them do not open, and no keys are made");
	} else if (dlb_keys_lost(box, &lost, &when)) {
		dlb_date_text(day, when);
		snprintf(what, sizeof(what),
			"%u of your keys %s given up on %s: the file `ring` was "
			"damaged or missing",
			lost, lost == 1 ? "was" : "were", day);
		l->fn(l->ctx, DLB_NOTE, what,
			"letters that were sealed to them do not open any more; new "
			"keys were made: give your new card to who writes to you "
			"(dlb card -o FILE)");
	}
}

static enum dlb_status
look_at_reach(struct looking *l, struct dlb_error *err)
{
	struct dlb_keys_reach reach;
	char what[192], since[11], next[11];
	enum dlb_status st;

	if (!dlb_letterbox_is_person(l->n->letterbox))
		return DLB_OK;
	st = dlb_keys_reach(l->n->letterbox, &reach, err);
	if (st != DLB_OK)
		return st;
	dlb_date_text(since, reach.since_ms);
	dlb_date_text(next, reach.next_ms);
	snprintf(what, sizeof(what),
		"letters to you that were sealed since %s can be opened with the "
		"keys that are here%s%s",
		since, reach.next_ms ? "; the oldest goes on " : "",
		reach.next_ms ? next : "");
	l->fn(l->ctx, DLB_FINE, what, "");
	return DLB_OK;
}

/* Whoever made one counts on it. */
static void
look_at_backup(struct looking *l)
{
	struct dlb_backup_note note;
	char what[192], day[11];
	unsigned arrived;

	if (dlb_backup_note_get(l->n->letterbox, &note, NULL) != DLB_OK)
		return;
	arrived = dlb_backup_note_arrived(&note);
	dlb_date_text(day, note.made_s * 1000);
	snprintf(what, sizeof(what),
		"of those who are to keep your backup of %s, %u of %u have said "
		"that they have it, and %u are needed",
		day, arrived, note.n, note.need);
	l->fn(l->ctx, arrived < note.need ? DLB_NOTE : DLB_FINE, what,
		arrived < note.need
			? "meet boxes (dlb meet PATH); after some weeks make "
			  "another one (dlb backup)"
			: "");
}

static bool
count_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct looking *l = ctx;

	if (letter->state == DLB_IN_PARTLY && letter->stripe_of == 0)
		l->partly++;
	return true;
}

static bool
count_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct looking *l = ctx;

	if (dlb_out_is_seen(letter) && letter->state == DLB_OUT_WAITING)
		l->waiting++;
	return true;
}

/* "letter 7", "letter 7 and 2 others". */
static void
name_letters(char *out, size_t cap, int64_t first, uint32_t n)
{
	if (n == 1)
		snprintf(out, cap, "letter %lld", (long long)first);
	else
		snprintf(out, cap, "letter %lld and %u other%s",
			(long long)first, n - 1, n == 2 ? "" : "s");
}

/* Those that no meeting makes whole, and no other finding is to count. */
static enum dlb_status
look_at_large(struct looking *l, struct dlb_error *err)
{
	char what[192], mend[128], letters[64], size[DLB_SIZE_TEXT_MAX];
	struct dlb_large large;
	enum dlb_status st = dlb_node_large(l->n, &large, err);

	if (st != DLB_OK || large.letters == 0)
		return st;
	l->partly -= large.letters;
	name_letters(letters, sizeof(letters), large.first, large.letters);
	snprintf(what, sizeof(what),
		"%s in the inbox: there is no room for what is missing, which "
		"needs a satchel of %s",
		letters, dlb_size_text(size, large.size));
	snprintf(mend, sizeof(mend),
		"dlb satchel --size %lluM, then meet boxes that carry the cells",
		(unsigned long long)(large.size >> 20) + 1);
	l->fn(l->ctx, DLB_NOTE, what, mend);
	return DLB_OK;
}

static enum dlb_status
look_at_letters(struct looking *l, struct dlb_error *err)
{
	char what[128];
	enum dlb_status st;

	st = dlb_in_each(l->n->letterbox, count_in, l, err);
	if (st == DLB_OK)
		st = dlb_out_each(l->n->letterbox, count_out, l, err);
	if (st != DLB_OK)
		return st;
	if (l->n->satchel)
		st = look_at_large(l, err);
	if (st != DLB_OK)
		return st;
	if (l->partly) {
		snprintf(what, sizeof(what),
			"%u letter%s in the inbox %s not "
			"whole yet",
			l->partly, l->partly == 1 ? "" : "s",
			l->partly == 1 ? "is" : "are");
		l->fn(l->ctx, DLB_NOTE, what, "meet more boxes: dlb meet PATH");
	}
	if (l->waiting) {
		snprintf(what, sizeof(what), "%u letter%s for a meeting",
			l->waiting, l->waiting == 1 ? " waits" : "s wait");
		l->fn(l->ctx, DLB_NOTE, what, "dlb meet PATH");
	}
	return DLB_OK;
}

static void
tell_damage(struct looking *l, uint32_t dropped, const struct dlb_damage *d)
{
	char what[160], letters[64];

	if (dropped) {
		snprintf(what, sizeof(what),
			"%u cell%s damaged and %s gone now", dropped,
			dropped == 1 ? " was" : "s were",
			dropped == 1 ? "is" : "are");
		l->fn(l->ctx, DLB_WRONG, what,
			"the disk may be failing; what was carried comes again "
			"with other couriers");
	}
	if (d->in) {
		name_letters(letters, sizeof(letters), d->in_first, d->in);
		snprintf(what, sizeof(what),
			"%s in the inbox: not whole any more", letters);
		l->fn(l->ctx, DLB_WRONG, what,
			"meet boxes that still carry the cells: dlb meet PATH");
	}
	if (d->shares) {
		snprintf(what, sizeof(what),
			"%u share%s of others' backups that you kept %s gone",
			d->shares, d->shares == 1 ? "" : "s",
			d->shares == 1 ? "is" : "are");
		l->fn(l->ctx, DLB_WRONG, what,
			"tell those whose backup you keep to make another one");
	}
	if (d->out) {
		name_letters(letters, sizeof(letters), d->out_first, d->out);
		snprintf(what, sizeof(what),
			"%s in the outbox: cells are gone that nobody has yet",
			letters);
		l->fn(l->ctx, DLB_WRONG, what,
			"seal it again from what it held: dlb resend NUMBER PATH...; "
			"or give it up: dlb delete NUMBER");
	}
}

enum dlb_status
dlb_node_doctor(struct dlb_node *n, bool thorough, dlb_doctor_fn fn, void *ctx,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct looking l = {.n = n, .fn = fn, .ctx = ctx};
	struct dlb_damage damage;
	uint32_t dropped = 0;
	enum dlb_status st;

	look_at_home(&l);
	look_at_clock(&l);
	look_at_satchel(&l);
	look_at_keys(&l);
	look_at_backup(&l);
	st = look_at_reach(&l, err);
	if (st == DLB_OK)
		st = look_at_letters(&l, err);
	if (st != DLB_OK || !thorough || !n->satchel)
		return st;
	st = dlb_satchel_scrub(n->satchel, &dropped, progress, err);
	if (st == DLB_OK)
		st = dlb_node_damage(n, &damage, err);
	if (st != DLB_OK)
		return st;
	if (dropped == 0 && damage.in == 0 && damage.out == 0
		&& damage.shares == 0) {
		fn(ctx, DLB_FINE, "every cell was read and holds its name", "");
		return DLB_OK;
	}
	tell_damage(&l, dropped, &damage);
	return DLB_OK;
}
