/*
 * The log of what this node did: appended to in the transaction of what it tells of, so
 * that neither is there without the other. docs/letterbox.md, "The log".
 *
 * What is beyond its time or its number is folded away from the old end: its hash is what
 * the log begins with from then on, so that an older head still leads to where it began.
 */
#include "audit_internal.h"

#include <stdio.h>
#include <string.h>

static const char own_ends[] = "audit ends";
static const char own_off[] = "audit off";
static const char own_keep[] = "audit keep days";
static const char own_strangers[] = "audit strangers";

#define ENDS_LEN (2 * (8 + DLB_HASH_LEN))

/* ---- records -------------------------------------------------------------------------- */

size_t
dlb_audit_encode(uint8_t out[static DLB_AUDIT_RECORD_MAX],
	const struct dlb_audit_record *record)
{
	struct dlb_writer w;

	dlb_writer_init(&w, out, DLB_AUDIT_RECORD_MAX);
	dlb_write_u64(&w, record->number);
	dlb_write_u64(&w, (uint64_t)(record->when_ms / 1000));
	dlb_write_u16(&w, (uint16_t)record->event);
	dlb_write_u8(&w, (uint8_t)record->values_n);
	for (size_t i = 0; i < record->values_n; i++)
		dlb_write_u64(&w, record->values[i]);
	dlb_write_bytes(&w, record->commitment, sizeof(record->commitment));
	return w.len;
}

enum dlb_status
dlb_audit_decode(struct dlb_audit_record *out, const uint8_t *bytes, size_t len)
{
	struct dlb_reader r;
	uint64_t seconds;

	memset(out, 0, sizeof(*out));
	dlb_reader_init(&r, bytes, len);
	out->number = dlb_read_u64(&r);
	seconds = dlb_read_u64(&r);
	out->event = dlb_read_u16(&r);
	out->values_n = dlb_read_u8(&r);
	if (seconds >= 1ULL << 40 || out->values_n > DLB_AUDIT_VALUES_MAX)
		r.failed = true;
	for (size_t i = 0; !r.failed && i < out->values_n; i++)
		out->values[i] = dlb_read_u64(&r);
	dlb_read_bytes(&r, out->commitment, sizeof(out->commitment));
	if (!dlb_reader_done(&r) || out->number == 0 || out->event == 0) {
		memset(out, 0, sizeof(*out));
		return DLB_MALFORMED;
	}
	out->when_ms = (int64_t)seconds * 1000;
	return DLB_OK;
}

void
dlb_audit_chain(uint8_t out[static DLB_HASH_LEN],
	const uint8_t before[static DLB_HASH_LEN], const uint8_t *bytes,
	size_t len)
{
	static const char label[] = "dlb audit record";
	struct dlb_hash h;

	dlb_hash_init(&h);
	dlb_hash_update(&h, label, sizeof(label) - 1);
	dlb_hash_update(&h, before, DLB_HASH_LEN);
	dlb_hash_update(&h, bytes, len);
	dlb_hash_final(&h, out);
}

void
dlb_audit_commit_name(uint8_t out[static DLB_HASH_LEN],
	const uint8_t salt[static DLB_AUDIT_SALT_LEN], const char *name)
{
	static const char label[] = "dlb audit name";
	struct dlb_hash h;

	dlb_hash_init(&h);
	dlb_hash_update(&h, label, sizeof(label) - 1);
	dlb_hash_update(&h, salt, DLB_AUDIT_SALT_LEN);
	dlb_hash_update(&h, name, strlen(name));
	dlb_hash_final(&h, out);
}

/* ---- both ends of the chain -------------------------------------------------------------- */

enum dlb_status
dlb_audit_ends_read(struct dlb_letterbox *l, struct dlb_audit_ends *out)
{
	uint8_t bytes[ENDS_LEN];
	struct dlb_reader r;
	enum dlb_status s = dlb_own_get_blob(l, own_ends, bytes, sizeof(bytes));

	memset(out, 0, sizeof(*out));
	if (s != DLB_OK)
		return s;
	dlb_reader_init(&r, bytes, sizeof(bytes));
	out->base.number = dlb_read_u64(&r);
	dlb_read_bytes(&r, out->base.hash, DLB_HASH_LEN);
	out->head.number = dlb_read_u64(&r);
	dlb_read_bytes(&r, out->head.hash, DLB_HASH_LEN);
	return DLB_OK;
}

static enum dlb_status
write_ends(struct dlb_letterbox *l, const struct dlb_audit_ends *ends,
	struct dlb_error *err)
{
	uint8_t bytes[ENDS_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u64(&w, ends->base.number);
	dlb_write_bytes(&w, ends->base.hash, DLB_HASH_LEN);
	dlb_write_u64(&w, ends->head.number);
	dlb_write_bytes(&w, ends->head.hash, DLB_HASH_LEN);
	return dlb_own_set_blob(l, own_ends, bytes, sizeof(bytes), err);
}

/* ---- folding ------------------------------------------------------------------------------ */

/* The first record, where it is to go: beyond the number, or its time. */
static enum dlb_status
find_old(struct dlb_letterbox *l, struct dlb_audit_ends *ends, bool *found,
	struct dlb_error *err)
{
	static const char sql[] =
		"SELECT record, hash FROM audit WHERE number = ?1";
	int64_t before =
		l->highest_ms - (int64_t)dlb_audit_keep_days(l) * DLB_DAY_MS;
	struct dlb_audit_record first;
	struct dlb_query q;

	*found = false;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, (int64_t)ends->base.number + 1);
	if (dlb_query_row(&q)) {
		size_t len;
		const void *bytes = dlb_query_view(&q, &len);

		*found = ends->head.number - ends->base.number
				> DLB_AUDIT_RECORDS_MAX
			|| dlb_audit_decode(&first, bytes, len) != DLB_OK
			|| first.when_ms < before;
		if (*found) {
			ends->base.number++;
			dlb_query_get_blob(&q, ends->base.hash, DLB_HASH_LEN);
		}
	}
	return dlb_query_end(&q, err);
}

static enum dlb_status
fold(struct dlb_letterbox *l, struct dlb_audit_ends *ends,
	struct dlb_error *err)
{
	static const char forget[] = "DELETE FROM audit WHERE number <= ?1";
	enum dlb_status s = DLB_OK;
	bool found = true, any = false;

	/* The one that was just written stays. */
	while (s == DLB_OK && found
		&& ends->base.number + 1 < ends->head.number) {
		s = find_old(l, ends, &found, err);
		any = any || found;
	}
	if (s != DLB_OK || !any)
		return s;
	return dlb_sql_run_int(&l->db, forget, (int64_t)ends->base.number, err);
}

/* ---- appending ---------------------------------------------------------------------------- */

static enum dlb_status
append(struct dlb_letterbox *l, struct dlb_audit_ends *ends,
	enum dlb_audit_event event, const uint64_t *values, size_t values_n,
	const char *name, struct dlb_error *err)
{
	static const char sql[] =
		"INSERT INTO audit (number, record, hash, salt,"
		" name) VALUES (?1, ?2, ?3, ?4, ?5)";
	struct dlb_audit_record record = {.event = event, .values_n = values_n};
	uint8_t bytes[DLB_AUDIT_RECORD_MAX], salt[DLB_AUDIT_SALT_LEN];
	int64_t now = dlb_now_ms(l->env);
	struct dlb_query q;
	size_t len;

	record.number = ends->head.number + 1;
	record.when_ms = now < 0 ? 0 : now;
	if (values_n > 0)
		memcpy(record.values, values, values_n * sizeof(*values));
	dlb_random(l->env, salt, sizeof(salt));
	dlb_audit_commit_name(record.commitment, salt, name);
	len = dlb_audit_encode(bytes, &record);
	dlb_audit_chain(ends->head.hash, ends->head.hash, bytes, len);
	ends->head.number = record.number;
	dlb_query(&q, &l->db, sql);
	dlb_query_int(&q, (int64_t)record.number);
	dlb_query_blob(&q, bytes, len);
	dlb_query_blob(&q, ends->head.hash, DLB_HASH_LEN);
	dlb_query_blob(&q, salt, sizeof(salt));
	dlb_query_text(&q, name);
	return dlb_query_run(&q, err);
}

/* A hash to begin with that no other log has. */
static enum dlb_status
begin(struct dlb_letterbox *l, struct dlb_audit_ends *ends,
	struct dlb_error *err)
{
	memset(ends, 0, sizeof(*ends));
	dlb_random(l->env, ends->base.hash, DLB_HASH_LEN);
	ends->head = ends->base;
	return append(l, ends, DLB_AUDIT_BEGUN, NULL, 0, "", err);
}

struct namesake {
	const char *name;
	bool found;
};

/* Who reads the log takes "BOB" for Bob. */
static bool
is_namesake(void *ctx, const struct dlb_correspondent *who)
{
	struct namesake *n = ctx;

	n->found = dlb_names_alike(n->name, who->name);
	return !n->found;
}

static enum dlb_status
note(struct dlb_letterbox *l, enum dlb_audit_event event,
	const uint64_t *values, size_t values_n, const char *name,
	struct dlb_error *err)
{
	struct dlb_audit_ends ends;
	struct namesake person = {.name = name};
	char shown[DLB_AUDIT_NAME_MAX + 1];
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	/* What is called as a correspondent is goes unnamed: a node may be theirs. */
	if (name && name[0])
		s = dlb_correspondent_each(l, is_namesake, &person, err);
	if (s != DLB_OK)
		return s;
	if (person.found)
		name = NULL;
	dlb_printable(shown, sizeof(shown), name ? name : "",
		name ? strlen(name) : 0);
	s = dlb_audit_ends_read(l, &ends);
	if (s == DLB_NOT_FOUND)
		s = begin(l, &ends, err);
	else if (s != DLB_OK)
		return dlb_fail(err, s,
			"the log of this node can not be read: `dlb audit off "
			"--erase` begins it anew");
	if (s == DLB_OK)
		s = append(l, &ends, event, values, values_n, shown, err);
	if (s == DLB_OK)
		s = fold(l, &ends, err);
	return s == DLB_OK ? write_ends(l, &ends, err) : s;
}

/* ---- strangers ------------------------------------------------------------------------------ */

#define STRANGERS_MS (60LL * 60 * 1000)
#define WAITING_LEN (8 + 8 * (1 + DLB_AUDIT_STRANGER_VALUES))

/* What waits: since when, how many, and their values. */
struct waiting {
	int64_t since_ms;
	uint64_t values[1 + DLB_AUDIT_STRANGER_VALUES];
};

static void
read_waiting(struct dlb_letterbox *l, struct waiting *w)
{
	uint8_t bytes[WAITING_LEN];
	struct dlb_reader r;

	memset(w, 0, sizeof(*w));
	if (dlb_own_get_blob(l, own_strangers, bytes, sizeof(bytes)) != DLB_OK)
		return;
	dlb_reader_init(&r, bytes, sizeof(bytes));
	w->since_ms = (int64_t)dlb_read_u64(&r);
	for (size_t i = 0; i < DLB_ARRAY_LEN(w->values); i++)
		w->values[i] = dlb_read_u64(&r);
}

static enum dlb_status
write_waiting(struct dlb_letterbox *l, const struct waiting *waiting,
	struct dlb_error *err)
{
	uint8_t bytes[WAITING_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_u64(&w, (uint64_t)waiting->since_ms);
	for (size_t i = 0; i < DLB_ARRAY_LEN(waiting->values); i++)
		dlb_write_u64(&w, waiting->values[i]);
	return dlb_own_set_blob(l, own_strangers, bytes, sizeof(bytes), err);
}

static enum dlb_status
flush(struct dlb_letterbox *l, bool now, struct dlb_error *err)
{
	struct waiting w, none = {.since_ms = 0};
	int64_t age;
	enum dlb_status s;

	read_waiting(l, &w);
	age = dlb_now_ms(l->env) - w.since_ms;
	/* A clock that was set back keeps nothing waiting. */
	if (w.values[0] == 0 || (!now && age >= 0 && age < STRANGERS_MS))
		return DLB_OK;
	s = note(l, DLB_AUDIT_MET_STRANGERS, w.values, DLB_ARRAY_LEN(w.values),
		NULL, err);
	return s == DLB_OK ? write_waiting(l, &none, err) : s;
}

enum dlb_status
dlb_audit_flush(struct dlb_letterbox *l, struct dlb_error *err)
{
	return dlb_audit_is_on(l) ? flush(l, true, err) : DLB_OK;
}

enum dlb_status
dlb_audit_note_stranger(struct dlb_letterbox *l,
	const uint64_t values[static DLB_AUDIT_STRANGER_VALUES],
	struct dlb_error *err)
{
	struct waiting w;
	enum dlb_status s;

	if (!dlb_audit_is_on(l))
		return DLB_OK;
	s = flush(l, false, err);
	if (s != DLB_OK)
		return s;
	read_waiting(l, &w);
	if (w.values[0]++ == 0)
		w.since_ms = dlb_now_ms(l->env);
	for (size_t i = 0; i < DLB_AUDIT_STRANGER_VALUES; i++)
		w.values[1 + i] += values[i];
	return write_waiting(l, &w, err);
}

/* ---- all others -------------------------------------------------------------------------------- */

enum dlb_status
dlb_audit_note(struct dlb_letterbox *l, enum dlb_audit_event event,
	const uint64_t *values, size_t values_n, const char *name,
	struct dlb_error *err)
{
	enum dlb_status s;

	if (values_n > DLB_AUDIT_VALUES_MAX)
		return dlb_fail(err, DLB_LIMIT, "too much for the log");
	if (!dlb_audit_is_on(l))
		return DLB_OK;
	s = flush(l, false, err);
	return s == DLB_OK ? note(l, event, values, values_n, name, err) : s;
}

enum dlb_status
dlb_audit_strike(
	struct dlb_letterbox *l, const char *name, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE audit SET name = '', salt = x'' WHERE name = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK || !name[0])
		return s;
	dlb_query(&q, &l->db, sql);
	dlb_query_text(&q, name);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_audit_strike_person(
	struct dlb_letterbox *l, const char *name, struct dlb_error *err)
{
	static const char next[] = "SELECT name FROM audit WHERE name > ?1"
				   " ORDER BY name LIMIT 1";
	char found[DLB_AUDIT_NAME_MAX + 1] = "";
	enum dlb_status s = DLB_OK;
	struct dlb_query q;
	bool any = true;

	while (s == DLB_OK && any) {
		dlb_query(&q, &l->db, next);
		dlb_query_text(&q, found);
		any = dlb_query_row(&q);
		if (any)
			dlb_query_get_text(&q, found, sizeof(found));
		s = dlb_query_end(&q, err);
		if (s == DLB_OK && any && dlb_names_alike(found, name))
			s = dlb_audit_strike(l, found, err);
	}
	return s;
}

enum dlb_status
dlb_audit_strike_gone(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char sql[] =
		"UPDATE audit SET name = '', salt = x'' WHERE name <> ''"
		" AND name NOT IN (SELECT name FROM known_nodes)"
		" AND name NOT IN (SELECT name FROM boxes)"
		" AND name NOT IN (SELECT name FROM trips"
		" WHERE length(tag_key) > 0)";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, sql);
	return dlb_query_run(&q, err);
}

/* ---- what its owner says of it -------------------------------------------------------------- */

bool
dlb_audit_is_on(struct dlb_letterbox *l)
{
	int64_t off = 0;

	return dlb_own_get_int(l, own_off, &off) != DLB_OK || off == 0;
}

static enum dlb_status
erase_all(struct dlb_letterbox *l, struct dlb_error *err)
{
	static const char records[] = "DELETE FROM audit";
	static const char ends[] =
		"DELETE FROM settings WHERE space = 0 AND key = ?1";
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	dlb_query(&q, &l->db, records);
	s = dlb_query_run(&q, err);
	if (s != DLB_OK)
		return s;
	for (size_t i = 0; s == DLB_OK && i < 2; i++) {
		dlb_query(&q, &l->db, ends);
		dlb_query_text(&q, i ? own_strangers : own_ends);
		s = dlb_query_run(&q, err);
	}
	return s;
}

enum dlb_status
dlb_audit_set(
	struct dlb_letterbox *l, bool on, bool erase, struct dlb_error *err)
{
	bool was_on = dlb_audit_is_on(l);
	enum dlb_status s = DLB_OK;

	if (on == was_on && !erase)
		return DLB_OK;
	if (!on && was_on && !erase)
		s = flush(l, true, err);
	if (s == DLB_OK && !on && was_on && !erase)
		s = note(l, DLB_AUDIT_STOPPED, NULL, 0, NULL, err);
	if (s == DLB_OK && erase)
		s = erase_all(l, err);
	if (s == DLB_OK && on && !was_on && dlb_audit_count(l) > 0)
		s = note(l, DLB_AUDIT_RESUMED, NULL, 0, NULL, err);
	return s == DLB_OK ? dlb_own_set_int(l, own_off, !on, err) : s;
}

uint32_t
dlb_audit_keep_days(struct dlb_letterbox *l)
{
	int64_t days = 0;

	if (dlb_own_get_int(l, own_keep, &days) != DLB_OK
		|| days < DLB_AUDIT_KEEP_DAYS_MIN
		|| days > DLB_AUDIT_KEEP_DAYS_MAX)
		days = DLB_AUDIT_KEEP_DAYS_DEFAULT;
	return (uint32_t)days;
}

enum dlb_status
dlb_audit_set_keep_days(
	struct dlb_letterbox *l, uint32_t days, struct dlb_error *err)
{
	struct dlb_audit_ends ends;
	enum dlb_status s;

	if (days < DLB_AUDIT_KEEP_DAYS_MIN || days > DLB_AUDIT_KEEP_DAYS_MAX)
		return dlb_fail(err, DLB_USAGE,
			"the log is kept for %d to %d days",
			DLB_AUDIT_KEEP_DAYS_MIN, DLB_AUDIT_KEEP_DAYS_MAX);
	s = dlb_own_set_int(l, own_keep, days, err);
	if (s != DLB_OK || dlb_audit_ends_read(l, &ends) != DLB_OK)
		return s;
	s = fold(l, &ends, err);
	return s == DLB_OK ? write_ends(l, &ends, err) : s;
}

uint32_t
dlb_audit_count(struct dlb_letterbox *l)
{
	struct dlb_audit_ends ends;

	if (dlb_audit_ends_read(l, &ends) != DLB_OK)
		return 0;
	return (uint32_t)(ends.head.number - ends.base.number);
}
