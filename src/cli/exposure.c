/*
 * dlb exposure: what a seizure of this machine would show, and what the last meeting
 * showed.
 *
 * Says what is so here, now; docs/threats.md says what is so in general.
 */
#include "backups.h"
#include "briefing.h"
#include "bulletins.h"
#include "format.h"
#include "json.h"
#include "keyring.h"
#include "node.h"
#include "roster.h"
#include "session.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct facts {
	/* of the files, which need no key */
	uint64_t satchel_len, satchel_on_disk, letterbox_len;
	int64_t touched_ms;
	bool serving, unlocked;
	/* of what the key opens */
	bool person, no_secret;
	uint64_t people, letters_in, unread, letters_out, again, boxes, nodes,
		authors, bulletins;
	uint64_t trips, lent; /* that others briefed; whose boxes it can open */
	uint64_t briefed;     /* by this home, and not forgotten yet */
	uint32_t logged, log_days;
	uint64_t shares;  /* of others' backups */
	unsigned holders; /* of one's own */
	uint64_t rosters, rostered;
	struct dlb_satchel_info satchel;
	struct dlb_keys_reach reach;
	struct dlb_last_meeting last;
	bool met;
};

/* ---- looking -------------------------------------------------------------------------- */

static bool
look_at(struct stat *st, const char *home, const char *name)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s", home, name);

	return n > 0 && (size_t)n < sizeof(path) && lstat(path, st) == 0;
}

static void
look_at_files(struct facts *f, const char *home)
{
	struct stat st;
	char name[32];

	for (unsigned i = 0; i < 4096; i++) {
		snprintf(name, sizeof(name), i ? "satchel.%u" : "satchel", i);
		if (!look_at(&st, home, name))
			break;
		f->satchel_len += (uint64_t)st.st_size;
		f->satchel_on_disk += (uint64_t)st.st_blocks * 512;
	}
	if (look_at(&st, home, "letterbox")) {
		f->letterbox_len = (uint64_t)st.st_size;
		f->touched_ms = (int64_t)st.st_mtim.tv_sec * 1000;
	}
	f->serving = look_at(&st, home, "socket") && S_ISSOCK(st.st_mode);
}

static bool
count_person(void *ctx, const struct dlb_correspondent *who)
{
	struct facts *f = ctx;

	(void)who;
	f->people++;
	return true;
}

static bool
count_in(void *ctx, const struct dlb_in_letter *letter)
{
	struct facts *f = ctx;

	if (!dlb_in_is_seen(letter))
		return true;
	f->letters_in++;
	f->unread += letter->state == DLB_IN_UNREAD;
	return true;
}

static bool
count_out(void *ctx, const struct dlb_out_letter *letter)
{
	struct facts *f = ctx;

	f->letters_out += dlb_out_is_seen(letter);
	f->again += dlb_out_is_seen(letter) && letter->again_ms > 0;
	return true;
}

static bool
count_box(void *ctx, const struct dlb_box *box)
{
	struct facts *f = ctx;

	(void)box;
	f->boxes++;
	return true;
}

static bool
count_trip(void *ctx, const struct dlb_trip *trip)
{
	struct facts *f = ctx;

	f->trips++;
	f->lent += trip->box.opens;
	return true;
}

static bool
count_briefed(void *ctx, const struct dlb_briefed *briefed)
{
	struct facts *f = ctx;

	(void)briefed;
	f->briefed++;
	return true;
}

static bool
count_author(void *ctx, const struct dlb_author *author)
{
	struct facts *f = ctx;

	(void)author;
	f->authors++;
	return true;
}

static bool
count_bulletin(void *ctx, const struct dlb_bulletin_row *row)
{
	struct facts *f = ctx;

	(void)row;
	f->bulletins++;
	return true;
}

static bool
count_node(void *ctx, const struct dlb_known_node *node)
{
	struct facts *f = ctx;

	(void)node;
	f->nodes++;
	return true;
}

static bool
count_share(void *ctx, const struct dlb_kept_share *share)
{
	struct facts *f = ctx;

	f->shares += !share->damaged;
	return true;
}

static bool
count_roster(void *ctx, const struct dlb_roster_author *a)
{
	struct facts *f = ctx;

	f->rosters += a->number > 0;
	f->rostered += a->vouched + a->revoked;
	return true;
}

static enum dlb_status
look_inside(struct facts *f, struct dlb_node *n, struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_backup_note note;
	uint8_t key[DLB_KEY_LEN];
	enum dlb_status st;

	f->person = dlb_letterbox_is_person(l);
	f->no_secret = dlb_letterbox_is_open_to_all(l);
	f->unlocked = cli_keyring_get(dlb_node_home(n), key) == DLB_OK;
	dlb_wipe(key, sizeof(key));
	dlb_node_satchel_info(n, &f->satchel);
	f->met = dlb_node_last_meeting(n, &f->last) == DLB_OK;
	f->logged = dlb_audit_count(l);
	f->log_days = dlb_audit_keep_days(l);
	if (dlb_backup_note_get(l, &note, NULL) == DLB_OK)
		f->holders = note.n;
	st = dlb_correspondent_each(l, count_person, f, err);
	if (st == DLB_OK)
		st = dlb_author_each(l, count_author, f, err);
	if (st == DLB_OK)
		st = dlb_bulletin_each(l, 0, count_bulletin, f, err);
	if (st == DLB_OK)
		st = dlb_in_each(l, count_in, f, err);
	if (st == DLB_OK)
		st = dlb_out_each(l, count_out, f, err);
	if (st == DLB_OK)
		st = dlb_box_each(l, count_box, f, err);
	if (st == DLB_OK)
		st = dlb_trip_each(l, count_trip, f, err);
	if (st == DLB_OK)
		st = dlb_briefed_each(l, count_briefed, f, err);
	if (st == DLB_OK)
		st = dlb_known_node_each(l, count_node, f, err);
	if (st == DLB_OK)
		st = dlb_node_kept_shares(n, count_share, f, err);
	if (st == DLB_OK)
		st = dlb_roster_author_each(l, count_roster, f, err);
	if (st == DLB_OK)
		st = dlb_keys_reach(l, &f->reach, err);
	return st;
}

/* ---- saying ---------------------------------------------------------------------------- */

static void
show_locked(const struct facts *f, const char *home)
{
	char a[CLI_FORMAT_MAX], b[CLI_FORMAT_MAX], shown[4096];

	printf("Who takes this machine while it is locked sees:\n"
	       "  - that this program is here, and its home, %s\n",
		dlb_printable(shown, sizeof(shown), home, strlen(home)));
	printf("  - a satchel of %s that looks like random bytes%s\n",
		cli_size(a, f->satchel_len),
		f->satchel_on_disk + (1 << 20) < f->satchel_len
			? ", and,\n    as it was made sparse, how much of it was "
			  "ever used"
			: "");
	printf("  - a letterbox of %s, sealed, from whose length they may "
	       "guess\n    whether there are few letters or thousands\n",
		cli_size(a, f->letterbox_len));
	printf("  - when it was last used: %s\n",
		cli_time_here(b, f->touched_ms));
	printf("  and not what it carries, how much, for whom, or who you are.\n");
	if (f->no_secret)
		printf("\nThis home has NO PASSPHRASE: it is never locked. All that "
		       "follows is\nopen to who takes the machine.\n");
	if (f->unlocked)
		printf("\nIt is UNLOCKED now: every program of this user can open it "
		       "(dlb lock).\n");
	if (f->serving)
		printf("\n`dlb serve` may be running: while it is, every program of "
		       "this user can\nopen this home.\n");
}

static void
show_reach(const struct dlb_keys_reach *reach)
{
	char since[11], next[11];

	dlb_date_text(since, reach->since_ms);
	dlb_date_text(next, reach->next_ms);
	printf("  - and can open what they recorded of letters that were sealed to "
	       "you since\n    %s, deleted or not; for what is older no key is "
	       "here (dlb keys)\n",
		since);
	if (reach->next_ms)
		printf("    The oldest key is destroyed from %s on.\n", next);
}

static void
show_briefings(const struct facts *f)
{
	char a[CLI_FORMAT_MAX], b[CLI_FORMAT_MAX];

	if (f->trips > 0) {
		printf("  - %s box%s that you were briefed to serve: where, until "
		       "when, by whom, and\n    how many carried cells are bound "
		       "there (dlb trip)\n",
			cli_count(a, f->trips), f->trips == 1 ? "" : "es");
		if (f->lent > 0)
			printf("  - the keys that open %s of them\n",
				cli_count(b, f->lent));
	}
	if (f->briefed > 0)
		printf("  - whom you briefed, for which boxes, until when, and with "
		       "what note\n    (dlb brief --list)\n");
}

static void
show_unlocked(const struct facts *f)
{
	char a[CLI_FORMAT_MAX], b[CLI_FORMAT_MAX];

	printf("\nWho has it unlocked, or your passphrase, sees:\n");
	if (f->person) {
		printf("  - who you are, and your %s correspondent%s by name\n",
			cli_count(a, f->people), cli_s(f->people));
		printf("  - %s letter%s that came (%s unread), whole, with their "
		       "senders\n",
			cli_count(a, f->letters_in), cli_s(f->letters_in),
			cli_count(b, f->unread));
		printf("  - of %s letter%s that you sent: to whom, when, how long, "
		       "the first line;\n    not the letters, whose keys are not "
		       "kept\n",
			cli_count(a, f->letters_out), cli_s(f->letters_out));
		if (f->again > 0)
			printf("  - where the files are of %s letter%s that go%s "
			       "again by itself until\n    it has arrived, and the "
			       "message of each\n",
				cli_count(a, f->again), cli_s(f->again),
				f->again == 1 ? "es" : "");
		printf("  - and can read what still comes for you, and write to you "
		       "in anyone's name\n");
		show_reach(&f->reach);
	}
	if (f->authors > 0)
		printf("  - which %s author%s you follow, and %s bulletin%s of "
		       "theirs\n",
			cli_count(a, f->authors), cli_s(f->authors),
			cli_count(b, f->bulletins), cli_s(f->bulletins));
	printf("  - the keys and places of %s box%s, the names of %s paired "
	       "node%s\n",
		cli_count(a, f->boxes), f->boxes == 1 ? "" : "es",
		cli_count(b, f->nodes), cli_s(f->nodes));
	show_briefings(f);
	if (f->shares)
		printf("  - %s share%s of others' backups, for whom, and of when: too "
		       "few to be\n    them, unless other holders are taken, too\n",
			cli_count(a, f->shares), cli_s(f->shares));
	if (f->holders)
		printf("  - who the %u are who keep shares of your backup\n",
			f->holders);
	if (f->rosters)
		printf("  - %s roster%s of others, which name %s node%s, and whose "
		       "word you take\n",
			cli_count(a, f->rosters), cli_s(f->rosters),
			cli_count(b, f->rostered), cli_s(f->rostered));
	if (f->logged)
		printf("  - the log of the last %u days: when this node met "
		       "others, and how much\n    moved (%s record%s; dlb audit)\n",
			f->log_days, cli_count(a, f->logged), cli_s(f->logged));
	printf("  - %s carried cell%s, and not what is in them: real or cover, "
	       "from whom,\n    for whom\n",
		cli_count(a, f->satchel.shown), cli_s(f->satchel.shown));
	printf("  Of deleted letters there is left a hash each, so that they do not "
	       "come\n  twice, until the key that they were sealed to is "
	       "destroyed.\n");
}

static void
show_last(const struct facts *f)
{
	const struct dlb_last_meeting *m = &f->last;
	char a[CLI_FORMAT_MAX], b[CLI_FORMAT_MAX], with[320];

	if (!f->met) {
		printf("\nThere was no meeting yet.\n");
		return;
	}
	printf("\nThe last meeting, %s, with %s, showed the other side:\n",
		cli_time_here(a, m->when_ms),
		dlb_printable(with, sizeof(with), m->with, strlen(m->with)));
	if (m->peer)
		printf("  - how many cells you carry (%s, by week of expiry), and of "
		       "any cell that\n    it has, whether you have it too\n",
			cli_count(a, m->carried));
	printf("  - %s cell%s from you, which of them it lacked, and that you "
	       "took %s\n",
		cli_count(a, m->given), cli_s(m->given),
		cli_count(b, m->taken));
	if (m->given_own > 64)
		printf("  - that %s new cells come from you, more than the usual 64: "
		       "something big went out\n",
			cli_count(a, m->given_own));
	else
		printf("  - that %s new cell%s may come from you, as many as in "
		       "a meeting without letters\n",
			cli_count(a, m->given_own), cli_s(m->given_own));
	if (m->peer)
		printf("Who listened on the network saw the two addresses, when, and "
		       "about how\nmuch went each way.\n");
}

static void
write_json(const struct facts *f, const char *home)
{
	struct cli_json j;

	cli_json_init(&j, stdout);
	cli_json_object(&j, NULL);
	cli_json_text(&j, "home", home);
	cli_json_bool(&j, "passphrase", !f->no_secret);
	cli_json_bool(&j, "unlocked", f->unlocked);
	cli_json_bool(&j, "serving", f->serving);
	cli_json_object(&j, "locked");
	cli_json_uint(&j, "satchel", f->satchel_len);
	cli_json_uint(&j, "satchel_on_disk", f->satchel_on_disk);
	cli_json_uint(&j, "letterbox", f->letterbox_len);
	cli_json_time(&j, "last_used", f->touched_ms);
	cli_json_end(&j, '}');
	cli_json_object(&j, "open");
	cli_json_bool(&j, "person", f->person);
	cli_json_uint(&j, "correspondents", f->people);
	cli_json_uint(&j, "letters_in", f->letters_in);
	cli_json_uint(&j, "unread", f->unread);
	cli_json_uint(&j, "letters_out", f->letters_out);
	cli_json_uint(&j, "authors", f->authors);
	cli_json_uint(&j, "bulletins", f->bulletins);
	cli_json_uint(&j, "boxes", f->boxes);
	cli_json_uint(&j, "trips", f->trips);
	cli_json_uint(&j, "boxes_lent", f->lent);
	cli_json_uint(&j, "briefed", f->briefed);
	cli_json_uint(&j, "sent_again", f->again);
	cli_json_uint(&j, "nodes", f->nodes);
	cli_json_uint(&j, "shares_kept", f->shares);
	cli_json_uint(&j, "backup_holders", f->holders);
	cli_json_uint(&j, "log_records", f->logged);
	cli_json_uint(&j, "rosters", f->rosters);
	cli_json_uint(&j, "carried", f->satchel.shown);
	cli_json_uint(&j, "keys", f->reach.keys);
	cli_json_time(&j, "opens_since", f->reach.since_ms);
	cli_json_time(&j, "next_key_goes", f->reach.next_ms);
	cli_json_end(&j, '}');
	if (f->met) {
		cli_json_object(&j, "last_meeting");
		cli_json_time(&j, "when", f->last.when_ms);
		cli_json_text(&j, "with", f->last.with);
		cli_json_uint(&j, "carried", f->last.carried);
		cli_json_uint(&j, "given", f->last.given);
		cli_json_uint(&j, "given_own", f->last.given_own);
		cli_json_uint(&j, "taken", f->last.taken);
		cli_json_end(&j, '}');
	} else {
		cli_json_null(&j, "last_meeting");
	}
	cli_json_end(&j, '}');
	cli_json_finish(&j);
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct facts f = {.person = false};
	struct dlb_node *n = NULL;
	char home[4096];
	enum dlb_status st = dlb_home_path(home, sizeof(home), err);

	if (st != DLB_OK)
		return st;
	/* Before it is opened, which may change it. */
	look_at_files(&f, home);
	st = cli_open(&n, c, a, err);
	if (st == DLB_OK)
		st = look_inside(&f, n, err);
	if (st == DLB_OK && cli_flag(a, "json")) {
		write_json(&f, home);
	} else if (st == DLB_OK) {
		show_locked(&f, home);
		show_unlocked(&f);
		show_last(&f);
	}
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_exposure = {
	.name = "exposure",
	.operands = "",
	.summary = "what would a seizure of this machine show?",
	.text = "Says what who takes this machine would see, while it is locked and once\n"
		"it is open, and what the last meeting showed to the other side.",
	.example = "dlb exposure",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
