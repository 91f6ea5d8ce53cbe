/*
 * A letterbox that is had again from a backup.
 *
 * Invariants: what is restored repeats nothing that was used before. Secrets of epochs
 * are fresh, so that no letter to an earlier card opens here, and the card's serial is
 * above that of any card that can have been issued since: above the newest that those
 * who keep the backup have seen, and above the seconds since 1970, which no one who
 * issues a card a month, or a thousand a day, keeps up with. The numbers of rosters that
 * it signs are two days above these seconds, as others take what is dated so far ahead.
 * Handles of bulletins come from day and slot: none of this day is used again. All else
 * that must not come twice (nonces, other handles, tokens, ids) is drawn at random when
 * it is used.
 */
#include "backup_internal.h"

#include "bulletins.h"
#include "correspondents_internal.h"

#include <string.h>

static const char own_waits[] = "waits for shares";

bool
dlb_letterbox_waits(struct dlb_letterbox *l)
{
	int64_t waits = 0;

	return dlb_own_get_int(l, own_waits, &waits) == DLB_OK && waits;
}

enum dlb_status
dlb_letterbox_set_waits(
	struct dlb_letterbox *l, bool waits, struct dlb_error *err)
{
	return dlb_own_set_int(l, own_waits, waits, err);
}

/* ---- the letterbox ------------------------------------------------------------------------ */

/* Who waited knew themselves by their old card, perhaps; and nobody was greeted by
 * who they are now. */
static enum dlb_status
forget_own(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char letters[] =
		"UPDATE letters_in SET correspondent = 0 WHERE correspondent ="
		" (SELECT id FROM correspondents WHERE identity = ?1)";
	static const char self[] =
		"DELETE FROM correspondents WHERE identity = ?1";
	static const char owed[] =
		"DELETE FROM receipts_owed WHERE correspondent NOT IN"
		" (SELECT id FROM correspondents)";
	static const char others[] =
		"UPDATE correspondents SET heard = 0, greeted = 0";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, letters);
	dlb_query_blob(&q, &l->identity, sizeof(l->identity));
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, self);
	dlb_query_blob(&q, &l->identity, sizeof(l->identity));
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, owed);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, others);
	return dlb_query_run(&q, err);
}

/* The clock dates keys, and no card may be older than one that was issued. */
static enum dlb_status
check_clock(struct dlb_letterbox *l, int64_t made_s, int64_t *now_s,
	struct dlb_error *err)
{
	struct dlb_clock_view clock;
	char now[17], made[17];
	enum dlb_status s = dlb_clock_look(l, &clock, err);

	if (s == DLB_OK)
		s = dlb_clock_doubt(&clock, err);
	if (s != DLB_OK)
		return s;
	*now_s = clock.now_ms / 1000;
	if (*now_s >= made_s)
		return DLB_OK;
	dlb_time_text(now, clock.now_ms);
	dlb_time_text(made, made_s * 1000);
	return dlb_fail(err, DLB_CLOCK,
		"the clock says %s, but the backup was made at %s: set the "
		"clock",
		now, made);
}

static uint64_t
highest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

enum dlb_status
dlb_letterbox_restore(struct dlb_letterbox *l, struct dlb_restored *out,
	const uint8_t *content, size_t len, int64_t made_s, uint64_t above,
	struct dlb_error *err)
{
	struct dlb_backup_info info;
	struct dlb_backup_walk walk;
	uint8_t secret[64] = {0};
	int64_t now_s = 0;
	enum dlb_status s = dlb_backup_look(&info, content, len, err);

	memset(out, 0, sizeof(*out));
	if (s == DLB_OK && l->is_person && !dlb_letterbox_waits(l))
		s = dlb_fail(err, DLB_EXISTS,
			"this home is a person's already, and stays so: a "
			"backup is restored into a new one");
	if (s == DLB_OK)
		s = check_clock(l, made_s, &now_s, err);
	if (s == DLB_OK)
		s = dlb_backup_begin(&walk, &info, secret, content, len, err);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s == DLB_OK)
		s = dlb_keys_condemn_all(l, err);
	if (s == DLB_OK)
		s = dlb_identity_restore(l, secret, info.name,
			highest(highest(info.serial, above), (uint64_t)now_s),
			err);
	if (s == DLB_OK)
		s = dlb_bulletins_restored(l, now_s * 1000, err);
	if (s == DLB_OK)
		s = forget_own(l, err);
	if (s == DLB_OK)
		s = dlb_own_roster_begin_anew(
			l, (uint64_t)now_s + DLB_ROSTER_AHEAD_MS / 1000, err);
	if (s == DLB_OK)
		s = dlb_rosters_renew(l, err);
	if (s == DLB_OK)
		s = dlb_restore_items(l, &walk, out, err);
	if (s == DLB_OK)
		s = dlb_letterbox_set_waits(l, false, err);
	if (s == DLB_OK) {
		struct dlb_card card;

		s = dlb_card_decode(&card, l->card.data, l->card.len, err);
		out->serial = card.serial;
	}
	dlb_wipe(secret, sizeof(secret));
	return s;
}
