/*
 * Small named values: settings, and beside them the letterbox's own (the identity,
 * one's card, counters), which no setting's name can reach.
 */
#include "state_internal.h"

#include <string.h>

#define KEY_MAX 64
#define TEXT_MAX 1000
#define BLOB_MAX 4096

enum space { OWN = 0, SETTINGS = 1 };

static const char select_value[] =
	"SELECT value FROM settings WHERE space = ?1 AND key = ?2";
static const char upsert_value[] =
	"INSERT INTO settings (space, key, value) VALUES (?1, ?2, ?3)"
	" ON CONFLICT (space, key) DO UPDATE SET value = excluded.value";

static void
start_query(struct dlb_query *q, struct dlb_letterbox *l, const char *sql,
	enum space space, const char *key)
{
	dlb_query(q, &l->db, sql);
	dlb_query_int(q, space);
	dlb_query_text(q, key);
}

/* DLB_NOT_FOUND, or a row is there. */
static enum dlb_status
start_get(struct dlb_query *q, struct dlb_letterbox *l, enum space space,
	const char *key)
{
	enum dlb_status s;

	start_query(q, l, select_value, space, key);
	if (dlb_query_row(q))
		return DLB_OK;
	s = dlb_query_end(q, NULL);
	return s == DLB_OK ? DLB_NOT_FOUND : s;
}

/* One of another type is a mistake of who asks, not damage. */
static enum dlb_status
end_get(struct dlb_query *q)
{
	enum dlb_status s = dlb_query_end(q, NULL);

	return s == DLB_CORRUPT ? DLB_MALFORMED : s;
}

static enum dlb_status
get_int(struct dlb_letterbox *l, enum space space, const char *key,
	int64_t *out)
{
	struct dlb_query q;
	enum dlb_status s = start_get(&q, l, space, key);

	*out = 0;
	if (s != DLB_OK)
		return s;
	*out = dlb_query_get_int(&q);
	return end_get(&q);
}

static enum dlb_status
get_blob(struct dlb_letterbox *l, enum space space, const char *key, void *out,
	size_t len)
{
	struct dlb_query q;
	enum dlb_status s = start_get(&q, l, space, key);

	memset(out, 0, len);
	if (s != DLB_OK)
		return s;
	dlb_query_get_blob(&q, out, len);
	return end_get(&q);
}

static enum dlb_status
set_int(struct dlb_letterbox *l, enum space space, const char *key, int64_t v,
	struct dlb_error *err)
{
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	start_query(&q, l, upsert_value, space, key);
	dlb_query_int(&q, v);
	return dlb_query_run(&q, err);
}

static enum dlb_status
set_blob(struct dlb_letterbox *l, enum space space, const char *key,
	const void *v, size_t len, struct dlb_error *err)
{
	struct dlb_query q;
	enum dlb_status s = dlb_db_change(&l->db, err);

	if (s != DLB_OK)
		return s;
	start_query(&q, l, upsert_value, space, key);
	dlb_query_blob(&q, v, len);
	return dlb_query_run(&q, err);
}

static enum dlb_status
check_key(const char *key, struct dlb_error *err)
{
	size_t len = strnlen(key, KEY_MAX + 1);

	if (len == 0 || len > KEY_MAX || !dlb_text_printable(key, len))
		return dlb_fail(err, DLB_MALFORMED,
			"not a name of a setting: one has at most %d bytes",
			KEY_MAX);
	return DLB_OK;
}

/* ---- settings ----------------------------------------------------------------------------- */

enum dlb_status
dlb_setting_get_text(
	struct dlb_letterbox *l, const char *key, char *out, size_t cap)
{
	struct dlb_query q;
	enum dlb_status s = start_get(&q, l, SETTINGS, key);

	if (cap > 0)
		out[0] = '\0';
	if (s != DLB_OK)
		return s;
	dlb_query_get_text(&q, out, cap);
	return end_get(&q);
}

enum dlb_status
dlb_setting_set_text(struct dlb_letterbox *l, const char *key,
	const char *value, struct dlb_error *err)
{
	size_t len = strnlen(value, TEXT_MAX + 1);
	struct dlb_query q;
	enum dlb_status s = check_key(key, err);

	if (s != DLB_OK)
		return s;
	if (len > TEXT_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%s: a setting has at most %d bytes", key, TEXT_MAX);
	if (!dlb_utf8_valid(value, len))
		return dlb_fail(err, DLB_MALFORMED, "%s: not UTF-8", key);
	s = dlb_db_change(&l->db, err);
	if (s != DLB_OK)
		return s;
	start_query(&q, l, upsert_value, SETTINGS, key);
	dlb_query_text(&q, value);
	return dlb_query_run(&q, err);
}

enum dlb_status
dlb_setting_get_int(struct dlb_letterbox *l, const char *key, int64_t *out)
{
	return get_int(l, SETTINGS, key, out);
}

enum dlb_status
dlb_setting_set_int(struct dlb_letterbox *l, const char *key, int64_t value,
	struct dlb_error *err)
{
	enum dlb_status s = check_key(key, err);

	return s == DLB_OK ? set_int(l, SETTINGS, key, value, err) : s;
}

enum dlb_status
dlb_setting_get_blob(
	struct dlb_letterbox *l, const char *key, uint8_t *out, size_t len)
{
	return get_blob(l, SETTINGS, key, out, len);
}

enum dlb_status
dlb_setting_set_blob(struct dlb_letterbox *l, const char *key,
	const uint8_t *value, size_t len, struct dlb_error *err)
{
	enum dlb_status s = check_key(key, err);

	if (s == DLB_OK && len > BLOB_MAX)
		s = dlb_fail(err, DLB_LIMIT,
			"%s: a setting has at most %d bytes", key, BLOB_MAX);
	return s == DLB_OK ? set_blob(l, SETTINGS, key, value, len, err) : s;
}

/* ---- one's own ------------------------------------------------------------------------------ */

enum dlb_status
dlb_own_get_int(struct dlb_letterbox *l, const char *key, int64_t *out)
{
	return get_int(l, OWN, key, out);
}

enum dlb_status
dlb_own_set_int(struct dlb_letterbox *l, const char *key, int64_t v,
	struct dlb_error *err)
{
	return set_int(l, OWN, key, v, err);
}

enum dlb_status
dlb_own_get_blob(
	struct dlb_letterbox *l, const char *key, void *out, size_t len)
{
	return get_blob(l, OWN, key, out, len);
}

enum dlb_status
dlb_own_get_buf(struct dlb_letterbox *l, const char *key, struct dlb_buf *out)
{
	struct dlb_query q;
	const void *data;
	size_t len;
	enum dlb_status s = start_get(&q, l, OWN, key), ended;

	if (s != DLB_OK)
		return s;
	data = dlb_query_view(&q, &len);
	s = dlb_buf_append(out, data, len);
	ended = end_get(&q);
	return s == DLB_OK ? ended : s;
}

enum dlb_status
dlb_own_set_blob(struct dlb_letterbox *l, const char *key, const void *v,
	size_t len, struct dlb_error *err)
{
	return set_blob(l, OWN, key, v, len, err);
}
