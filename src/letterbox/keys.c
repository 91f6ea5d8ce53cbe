/*
 * When the secrets of epochs end, and their destruction.
 *
 * Two steps, each one commit. First the database moves the secret from `epochs` to
 * `condemned`: from then on it serves no more, whatever happens. Then its record is
 * overwritten and synced, and the database forgets it. A crash in between is made
 * good by the next call, which overwrites once more: half a record is no secret
 * destroyed. No new secret takes the record of a condemned one, and a record that
 * holds another secret is let alone.
 *
 * What the ring has lost stays in the database, as the ring may be put back from a
 * copy, until it is due or its owner gives it up; until then no new secret is made.
 *
 * Days are counted from 1970, in UTC, by the highest time seen. Those of use are
 * noted only while something is due: the last three are all that is wanted.
 */
#include "keys.h"

#include "backup_internal.h"
#include "card_internal.h"
#include "state_internal.h"

#include <stdlib.h>
#include <string.h>

#define USE_DAYS 3
/* A week that began in a quarter is of that quarter. */
#define WEEK_DAYS 7

static const char own_keep[] = "days a key is kept";
static const char own_use_days[] = "days of use";
static const char own_lost[] = "keys lost";
static const char own_lost_ms[] = "keys lost at";

struct key_row {
	struct dlb_epoch *epoch; /* NULL: the ring has lost it */
	uint32_t kind, id, record;
	int64_t begun; /* a last-resort key */
	int64_t ended; /* the first day on which it was not of use; 0: not known */
	bool retired, condemned;
};

struct key_rows {
	struct key_row *list;
	size_t n;
};

/* So that no value of a damaged database makes a sum overflow. */
static int64_t
day_within(int64_t day)
{
	return day < 0 || day > UINT32_MAX ? 0 : day;
}

/* ---- reading ------------------------------------------------------------------------ */

static enum dlb_status
count_rows(struct dlb_letterbox *l, const char *sql, size_t *out,
	struct dlb_error *err)
{
	struct dlb_query q;

	*out = 0;
	dlb_query(&q, &l->db, sql);
	if (dlb_query_row(&q))
		*out = (size_t)dlb_query_get_int(&q);
	return dlb_query_end(&q, err);
}

static enum dlb_status
list_rows(struct dlb_letterbox *l, struct key_rows *out, struct dlb_error *err)
{
	static const char count[] = "SELECT count(*) FROM epochs";
	static const char sql[] = "SELECT kind, id, record, begun, ended"
				  " FROM epochs"
				  " ORDER BY kind, id";
	struct dlb_query q;
	size_t n;
	enum dlb_status s = count_rows(l, count, &n, err);

	out->n = 0;
	out->list = s == DLB_OK ? calloc(n + 1, sizeof(*out->list)) : NULL;
	if (s == DLB_OK && !out->list)
		s = dlb_fail(err, DLB_NO_MEMORY, "out of memory for keys");
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	while (out->n < n && dlb_query_row(&q)) {
		struct key_row *row = &out->list[out->n++];

		row->kind = (uint32_t)dlb_query_get_int(&q);
		row->id = (uint32_t)dlb_query_get_int(&q);
		row->record = (uint32_t)dlb_query_get_int(&q);
		row->begun = day_within(dlb_query_get_int(&q));
		row->ended = day_within(dlb_query_get_int(&q));
		row->epoch = dlb_epochs_find(&l->epochs, row->kind, row->id);
	}
	return dlb_query_end(&q, err);
}

uint32_t
dlb_keys_keep_days(struct dlb_letterbox *l)
{
	int64_t days;

	if (dlb_own_get_int(l, own_keep, &days) != DLB_OK
		|| days < DLB_KEEP_DAYS_MIN || days > DLB_KEEP_DAYS_MAX)
		return DLB_KEEP_DAYS_DEFAULT;
	return (uint32_t)days;
}

enum dlb_status
dlb_keys_set_keep_days(
	struct dlb_letterbox *l, uint32_t days, struct dlb_error *err)
{
	if (days < DLB_KEEP_DAYS_MIN || days > DLB_KEEP_DAYS_MAX)
		return dlb_fail(err, DLB_USAGE,
			"a key can be kept for %d to %d days after its end",
			DLB_KEEP_DAYS_MIN, DLB_KEEP_DAYS_MAX);
	return dlb_own_set_int(l, own_keep, days, err);
}

/* ---- when a key ends -------------------------------------------------------------------- */

static int64_t
month_day(uint32_t month)
{
	return dlb_month_start_ms((uint16_t)month) / DLB_DAY_MS;
}

/* The first day on which nobody is to seal to it; 0: not known. */
static int64_t
end_of(const struct key_row *row)
{
	int64_t by_number;

	switch (row->kind) {
	case DLB_EPOCH_OPENING:
		return row->id < UINT16_MAX ? month_day(row->id + 1) : 0;
	case DLB_EPOCH_FINDING:
		if (row->id >= UINT16_MAX / 3)
			return 0;
		by_number = month_day(3 * (row->id + 1)) + WEEK_DAYS;
		return row->ended > by_number ? row->ended : by_number;
	default:
		return row->ended;
	}
}

enum dlb_status
dlb_keys_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_key *key), void *ctx,
	struct dlb_error *err)
{
	uint32_t keep = dlb_keys_keep_days(l);
	struct key_rows rows;
	enum dlb_status s = list_rows(l, &rows, err);
	bool more = true;

	for (size_t i = 0; s == DLB_OK && more && i < rows.n; i++) {
		const struct key_row *row = &rows.list[i];
		int64_t end = end_of(row);
		struct dlb_key key = {.kind = (enum dlb_epoch_kind)row->kind,
			.id = row->id,
			.begins_ms = row->begun * DLB_DAY_MS,
			.ends_ms = end * DLB_DAY_MS,
			.goes_ms = end ? (end + keep) * DLB_DAY_MS : 0};

		if (!row->epoch)
			continue;
		if (row->kind == DLB_EPOCH_OPENING)
			key.begins_ms = dlb_month_start_ms((uint16_t)row->id);
		if (row->kind == DLB_EPOCH_FINDING)
			key.begins_ms =
				dlb_month_start_ms((uint16_t)(3 * row->id));
		more = fn(ctx, &key);
	}
	free(rows.list);
	return s;
}

static bool
reach_of(void *ctx, const struct dlb_key *key)
{
	struct dlb_keys_reach *out = ctx;

	out->keys++;
	if (key->kind == DLB_EPOCH_FINDING || key->begins_ms == 0)
		return true;
	if (out->since_ms == 0 || key->begins_ms < out->since_ms) {
		out->since_ms = key->begins_ms;
		out->next_ms = key->goes_ms;
	}
	return true;
}

enum dlb_status
dlb_keys_reach(struct dlb_letterbox *l, struct dlb_keys_reach *out,
	struct dlb_error *err)
{
	memset(out, 0, sizeof(*out));
	return dlb_keys_each(l, reach_of, out, err);
}

/* ---- days of use ------------------------------------------------------------------------ */

/* Ascending; 0: none yet. */
struct use_days {
	uint32_t day[USE_DAYS];
};

static void
read_days(struct dlb_letterbox *l, struct use_days *out)
{
	uint8_t bytes[4 * USE_DAYS];
	struct dlb_reader r;

	memset(out, 0, sizeof(*out));
	if (dlb_own_get_blob(l, own_use_days, bytes, sizeof(bytes)) != DLB_OK)
		return;
	dlb_reader_init(&r, bytes, sizeof(bytes));
	for (size_t i = 0; i < USE_DAYS; i++)
		out->day[i] = dlb_read_u32(&r);
}

static enum dlb_status
write_days(struct dlb_letterbox *l, const struct use_days *days,
	struct dlb_error *err)
{
	uint8_t bytes[4 * USE_DAYS];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	for (size_t i = 0; i < USE_DAYS; i++)
		dlb_write_u32(&w, days->day[i]);
	return dlb_own_set_blob(l, own_use_days, bytes, sizeof(bytes), err);
}

/* Today as the last of them; false where it is that already. Days that are ahead of
 * it were counted by a clock that was set right since. */
static bool
note_day(struct use_days *days, uint32_t today)
{
	const size_t last = USE_DAYS - 1;

	while (days->day[last] > today) {
		memmove(days->day + 1, days->day, last * sizeof(days->day[0]));
		days->day[0] = 0;
	}
	if (days->day[last] == today)
		return false;
	memmove(days->day, days->day + 1, last * sizeof(days->day[0]));
	days->day[last] = today;
	return true;
}

/* ---- condemning ---------------------------------------------------------------------------- */

struct pass {
	struct dlb_letterbox *l;
	uint32_t today;
	struct key_rows rows;
	struct use_days days;
	bool new_day;
	size_t retired, condemned;
	bool give_up; /* what the ring has lost */
	uint32_t given_up;
};

/* When a last-resort key ends, nobody knows before; and no clock that was ahead is to
 * keep a key for longer. */
static void
retire(struct pass *p, struct key_row *row, uint32_t present)
{
	int64_t now = (int64_t)p->today + 1;

	if ((row->kind == DLB_EPOCH_LAST_RESORT && row->id != present
		    && row->ended == 0)
		|| row->ended > now) {
		row->ended = now;
		row->retired = true;
		p->retired++;
	}
}

static void
judge(struct pass *p, uint32_t keep)
{
	bool due = false;

	for (size_t i = 0; i < p->rows.n; i++) {
		int64_t end = end_of(&p->rows.list[i]);

		due = due || (end && end + keep <= p->today);
	}
	if (due)
		p->new_day = note_day(&p->days, p->today);
	for (size_t i = 0; i < p->rows.n; i++) {
		struct key_row *row = &p->rows.list[i];
		int64_t end = end_of(row);

		row->condemned = end && end + keep <= p->today
			&& end + keep <= p->days.day[0];
		if (p->give_up && !row->epoch && !row->condemned) {
			row->condemned = true;
			p->given_up++;
		}
		p->condemned += row->condemned;
	}
}

static enum dlb_status
write_row(struct dlb_letterbox *l, const struct key_row *row,
	struct dlb_error *err)
{
	static const char end[] =
		"UPDATE epochs SET ended = ?3 WHERE kind = ?1 AND id = ?2";
	static const char condemn[] =
		"INSERT OR REPLACE INTO condemned (kind, id, record)"
		" VALUES (?1, ?2, ?3)";
	static const char forget[] =
		"DELETE FROM epochs WHERE kind = ?1 AND id = ?2";
	struct dlb_query q;
	enum dlb_status s;

	dlb_query(&q, &l->db, row->condemned ? condemn : end);
	dlb_query_int(&q, row->kind);
	dlb_query_int(&q, row->id);
	dlb_query_int(&q, row->condemned ? row->record : row->ended);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK || !row->condemned)
		return s;
	dlb_query(&q, &l->db, forget);
	dlb_query_int(&q, row->kind);
	dlb_query_int(&q, row->id);
	return dlb_query_run(&q, err);
}

static enum dlb_status
write_verdict(struct pass *p, struct dlb_error *err)
{
	struct dlb_letterbox *l = p->l;
	enum dlb_status s = dlb_db_change(&l->db, err);

	for (size_t i = 0; s == DLB_OK && i < p->rows.n; i++)
		if (p->rows.list[i].retired || p->rows.list[i].condemned)
			s = write_row(l, &p->rows.list[i], err);
	if (s == DLB_OK && p->new_day)
		s = write_days(l, &p->days, err);
	if (s == DLB_OK && p->given_up) {
		s = dlb_own_set_int(l, own_lost, p->given_up, err);
		if (s == DLB_OK)
			s = dlb_own_set_int(
				l, own_lost_ms, p->today * DLB_DAY_MS, err);
		if (s == DLB_OK)
			s = dlb_audit_note(l, DLB_AUDIT_KEYS_GIVEN_UP,
				(const uint64_t[]){p->given_up}, 1, NULL, err);
	}
	if (s == DLB_OK)
		s = dlb_letterbox_commit(l, err);
	if (s != DLB_OK)
		return s;
	for (size_t i = 0; i < p->rows.n; i++) {
		const struct key_row *row = &p->rows.list[i];

		if (!row->condemned)
			continue;
		if (row->epoch)
			dlb_epochs_remove(&l->epochs, row->kind, row->id);
		else
			l->epochs.lost--;
	}
	return DLB_OK;
}

static enum dlb_status
condemn(struct dlb_letterbox *l, uint32_t today, bool give_up,
	struct dlb_error *err)
{
	struct pass p = {.l = l, .today = today, .give_up = give_up};
	struct dlb_card card;
	enum dlb_status s;

	s = dlb_card_decode(&card, l->card.data, l->card.len, err);
	if (s == DLB_OK)
		s = list_rows(l, &p.rows, err);
	if (s != DLB_OK)
		goto out;
	read_days(l, &p.days);
	for (size_t i = 0; i < p.rows.n; i++)
		retire(&p, &p.rows.list[i],
			(uint32_t)(card.serial & 0x7fffffff));
	judge(&p, dlb_keys_keep_days(l));
	if (p.retired || p.condemned || p.new_day)
		s = write_verdict(&p, err);
out:
	free(p.rows.list);
	return s;
}

/* What is lost is condemned with the others: nobody needs it. */
enum dlb_status
dlb_keys_condemn_all(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char condemn[] =
		"INSERT OR REPLACE INTO condemned (kind, id, record)"
		" SELECT kind, id, record FROM epochs";
	static const char forget[] = "DELETE FROM epochs";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, condemn);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, forget);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	/* A rollback loads them again. */
	l->epochs.changed = true;
	dlb_epochs_free(&l->epochs);
	l->epochs.lost = 0;
	return DLB_OK;
}

/* ---- destroying ------------------------------------------------------------------------------ */

/* Over the records of the condemned, in the file too. */
static enum dlb_status
overwrite(struct dlb_letterbox *l, uint32_t *n, struct dlb_error *err)
{
	static const char sql[] = "SELECT kind, id, record FROM condemned";
	struct dlb_query q;
	enum dlb_status s;

	*n = 0;
	dlb_query(&q, &l->db, sql);
	while (dlb_query_row(&q)) {
		struct dlb_epoch e = {0};

		e.kind = (uint32_t)dlb_query_get_int(&q);
		e.id = (uint32_t)dlb_query_get_int(&q);
		e.record = (uint32_t)dlb_query_get_int(&q);
		dlb_ring_destroy(&l->ring, &e, l->keys->root, l->slots, l->env);
		++*n;
	}
	s = dlb_query_end(&q, err);
	if (s == DLB_OK && l->ring.changed)
		s = dlb_ring_save(&l->ring, l->fs, l->ring_file, err);
	/* One bad sector is not to be in the way of all that is saved later. */
	if (s != DLB_OK)
		dlb_ring_leave(&l->ring);
	return s;
}

static enum dlb_status
execute(struct dlb_letterbox *l, uint16_t week, uint32_t *destroyed,
	struct dlb_error *err)
{
	static const char forget[] = "DELETE FROM condemned";
	struct dlb_query q;
	uint32_t n = 0;
	enum dlb_status s;

	if (dlb_keys_condemned(l) == 0)
		return DLB_OK;
	/* The ring has nothing to be saved then but what is overwritten. */
	s = dlb_letterbox_commit(l, err);
	if (s == DLB_OK)
		s = overwrite(l, &n, err);
	if (s == DLB_OK)
		s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, forget);
	s = dlb_query_run(&q, err);
	if (s == DLB_OK)
		s = dlb_in_forget(l, err);
	if (s == DLB_OK)
		s = dlb_receipts_forget(l, week, err);
	if (s == DLB_OK)
		s = dlb_correspondents_forget(l, err);
	if (s == DLB_OK)
		s = dlb_number_lower(l, err);
	if (s == DLB_OK)
		s = dlb_audit_note(l, DLB_AUDIT_KEYS_DESTROYED,
			(const uint64_t[]){n}, 1, NULL, err);
	if (s == DLB_OK)
		s = dlb_letterbox_commit(l, err);
	if (s == DLB_OK)
		*destroyed = n;
	return s;
}

uint32_t
dlb_keys_condemned(struct dlb_letterbox *l)
{
	static const char sql[] = "SELECT count(*) FROM condemned";
	size_t n;

	return count_rows(l, sql, &n, NULL) == DLB_OK ? (uint32_t)n : 0;
}

enum dlb_status
dlb_keys_destroy(
	struct dlb_letterbox *l, uint32_t *destroyed, struct dlb_error *err)
{
	struct dlb_clock_view clock;
	enum dlb_status s;

	*destroyed = 0;
	if (!l->is_person)
		return DLB_OK;
	s = dlb_clock_look(l, &clock, err);
	if (s == DLB_OK && clock.trusted_week)
		s = condemn(l, (uint32_t)(clock.highest_ms / DLB_DAY_MS), false,
			err);
	if (s == DLB_OK)
		s = execute(l, clock.trusted_week, destroyed, err);
	return s;
}

/* ---- what was lost ------------------------------------------------------------------------------ */

/* Were a card issued before they are forgotten, it would take their place, and their
 * number be lost too. Where a crash is in between, the next renewal issues it. */
enum dlb_status
dlb_keys_give_up(struct dlb_letterbox *l, uint32_t *n, bool *new_card,
	struct dlb_error *err)
{
	struct dlb_clock_view clock;
	uint32_t destroyed;
	enum dlb_status s;

	*n = l->epochs.lost;
	*new_card = false;
	if (*n == 0)
		return dlb_fail(err, DLB_USAGE,
			"none of the keys is gone: new ones come by themselves, "
			"with the months");
	s = dlb_clock_look(l, &clock, err);
	if (s == DLB_OK)
		s = dlb_clock_doubt(&clock, err);
	if (s == DLB_OK)
		s = condemn(l, (uint32_t)(clock.highest_ms / DLB_DAY_MS), true,
			err);
	if (s == DLB_OK)
		s = execute(l, clock.trusted_week, &destroyed, err);
	if (s == DLB_OK)
		s = dlb_letterbox_renew(l, new_card, err);
	return s == DLB_OK ? dlb_letterbox_commit(l, err) : s;
}

bool
dlb_keys_lost(struct dlb_letterbox *l, uint32_t *n, int64_t *when_ms)
{
	int64_t lost = 0, at = 0;

	*n = 0;
	*when_ms = 0;
	if (dlb_own_get_int(l, own_lost, &lost) != DLB_OK
		|| dlb_own_get_int(l, own_lost_ms, &at) != DLB_OK || at < 0
		|| dlb_now_ms(l->env) - at
			> (int64_t)dlb_keys_keep_days(l) * DLB_DAY_MS)
		return false;
	*n = (uint32_t)lost;
	*when_ms = at;
	return true;
}
