/*
 * Writes the vectors of docs/letterbox.md, section 13, into a directory that exists:
 *
 *	audit_vectors DIR
 *
 * An export without names and one with them, and exports that are not sound: where it
 * matters their chain was made anew, so that nothing else is wrong with them. They are made
 * once for a version of the format, and read ever after.
 */
#include "audit_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS (DLB_EPOCH_MS + 100 * DLB_WEEK_MS)
#define HEADS_AT 9
#define RECORDS_AT (9 + 2 * 40)
#define RECORDS 5

struct row {
	uint8_t record[DLB_AUDIT_RECORD_MAX + 8];
	size_t len;
	uint8_t hash[DLB_HASH_LEN];
	uint8_t told[2 + DLB_AUDIT_SALT_LEN + DLB_AUDIT_NAME_MAX];
	size_t told_len;
};
/* An export, taken apart. */
struct log {
	struct dlb_audit_head base, head;
	struct row rows[RECORDS + 1];
	size_t n;
};

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "audit_vectors: %s\n", what);
	exit(1);
}

static void
save(const char *dir, const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.audit", dir, name);
	f = fopen(path, "wb");
	need(f && fwrite(data, 1, len, f) == len && fclose(f) == 0, path);
}

static void
take_apart(struct log *l, const struct dlb_buf *file)
{
	struct dlb_reader r;

	memset(l, 0, sizeof(*l));
	dlb_reader_init(&r, file->data, file->len);
	dlb_read_view(&r, HEADS_AT);
	l->base.number = dlb_read_u64(&r);
	dlb_read_bytes(&r, l->base.hash, DLB_HASH_LEN);
	l->head.number = dlb_read_u64(&r);
	dlb_read_bytes(&r, l->head.hash, DLB_HASH_LEN);
	while (dlb_reader_left(&r) > 0) {
		struct row *row = &l->rows[l->n++];

		need(l->n <= RECORDS, "too many records");
		row->len = dlb_read_u16(&r);
		dlb_read_bytes(&r, row->record, row->len);
		dlb_read_bytes(&r, row->hash, DLB_HASH_LEN);
		row->told[0] = dlb_read_u8(&r);
		row->told_len = 1;
		if (row->told[0] == 0)
			continue;
		dlb_read_bytes(&r, row->told + 1, DLB_AUDIT_SALT_LEN + 1);
		row->told_len += DLB_AUDIT_SALT_LEN + 1;
		dlb_read_bytes(&r, row->told + row->told_len,
			row->told[DLB_AUDIT_SALT_LEN + 1]);
		row->told_len += row->told[DLB_AUDIT_SALT_LEN + 1];
	}
	need(dlb_reader_done(&r) && l->n == RECORDS, "an export");
}

static void
put_together(struct dlb_buf *out, const struct log *l)
{
	uint8_t bytes[4096];
	struct dlb_writer w;

	dlb_writer_init(&w, bytes, sizeof(bytes));
	dlb_write_bytes(&w, "dlbaudit\1", HEADS_AT);
	dlb_write_u64(&w, l->base.number);
	dlb_write_bytes(&w, l->base.hash, DLB_HASH_LEN);
	dlb_write_u64(&w, l->head.number);
	dlb_write_bytes(&w, l->head.hash, DLB_HASH_LEN);
	for (size_t i = 0; i < l->n; i++) {
		const struct row *row = &l->rows[i];

		dlb_write_u16(&w, (uint16_t)row->len);
		dlb_write_bytes(&w, row->record, row->len);
		dlb_write_bytes(&w, row->hash, DLB_HASH_LEN);
		dlb_write_bytes(&w, row->told, row->told_len);
	}
	out->len = 0;
	need(!w.failed && dlb_buf_append(out, bytes, w.len) == DLB_OK, "room");
}

/* Records as they are now follow from each other again. */
static void
chain(struct log *l)
{
	const uint8_t *before = l->base.hash;

	for (size_t i = 0; i < l->n; i++) {
		dlb_audit_chain(l->rows[i].hash, before, l->rows[i].record,
			l->rows[i].len);
		before = l->rows[i].hash;
	}
	memcpy(l->head.hash, before, DLB_HASH_LEN);
}

/* number: the first record that does not follow; 0: the end is not as it says; "form":
 * it is no export. */
static void
save_bad(const char *dir, FILE *list, const char *name, const char *where,
	const struct log *l)
{
	struct dlb_buf bytes = {0};
	char file[64];

	put_together(&bytes, l);
	snprintf(file, sizeof(file), "bad-%s", name);
	save(dir, file, bytes.data, bytes.len);
	fprintf(list, "bad %s %s\n", name, where);
	dlb_buf_free(&bytes);
}

static void
spoil_records(const char *dir, FILE *list, const struct log *good)
{
	struct log l = *good;

	l.rows[1].record[20] ^= 1;
	save_bad(dir, list, "value", "2", &l);
	l = *good;
	l.rows[2].hash[0] ^= 1;
	save_bad(dir, list, "hash", "3", &l);
	l = *good;
	memmove(&l.rows[2], &l.rows[3], 2 * sizeof(l.rows[0]));
	l.n--;
	save_bad(dir, list, "missing", "3", &l);
	l = *good;
	l.rows[2] = good->rows[3];
	l.rows[3] = good->rows[2];
	save_bad(dir, list, "turned", "3", &l);
	l = *good;
	l.rows[2].told[l.rows[2].told_len - 1] ^= 1;
	save_bad(dir, list, "name", "3", &l);
	l = *good;
	l.rows[2].told[1] ^= 1;
	save_bad(dir, list, "salt", "3", &l);
	l = *good;
	l.rows[0].told[0] = 2;
	save_bad(dir, list, "told", "1", &l);
}

static void
spoil_forms(const char *dir, FILE *list, const struct log *good)
{
	struct log l = *good;

	l.rows[3].record[7]++;
	l.rows[4].record[7]++;
	l.head.number++;
	chain(&l);
	save_bad(dir, list, "number", "4", &l);
	l = *good;
	l.rows[3].record[8 + 2] = 1;
	chain(&l);
	save_bad(dir, list, "time", "4", &l);
	l = *good;
	memset(l.rows[3].record + 16, 0, 2);
	chain(&l);
	save_bad(dir, list, "event", "4", &l);
	/* Nine values, for which there is room. */
	l = *good;
	l.rows[3].len = 8 + 8 + 2 + 1 + 9 * 8 + DLB_HASH_LEN;
	l.rows[3].record[18] = 9;
	chain(&l);
	save_bad(dir, list, "values", "4", &l);
	l = *good;
	l.rows[3].record[l.rows[3].len++] = 0;
	chain(&l);
	save_bad(dir, list, "longer", "4", &l);
	l = *good;
	l.rows[3].len--;
	chain(&l);
	save_bad(dir, list, "shorter", "4", &l);
}

static void
spoil_ends(const char *dir, FILE *list, const struct log *good)
{
	struct dlb_buf bytes = {0};
	struct log l = *good;

	l.base.hash[0] ^= 1;
	save_bad(dir, list, "base", "1", &l);
	l = *good;
	l.n--;
	save_bad(dir, list, "cut", "0", &l);
	l = *good;
	l.head.hash[5] ^= 1;
	save_bad(dir, list, "head", "0", &l);
	/* One more, which follows, and of which the head does not speak. */
	l = *good;
	l.rows[RECORDS] = l.rows[0];
	l.n++;
	l.rows[RECORDS].record[7] = RECORDS + 1;
	chain(&l);
	l.head = good->head;
	save_bad(dir, list, "behind", "0", &l);
	put_together(&bytes, good);
	save(dir, "bad-end", bytes.data, bytes.len - 1);
	fprintf(list, "bad end %d\n", RECORDS);
	bytes.data[8] = 2;
	save(dir, "bad-version", bytes.data, bytes.len);
	fprintf(list, "bad version form\n");
	bytes.data[8] = 1;
	bytes.data[0] ^= 1;
	save(dir, "bad-magic", bytes.data, bytes.len);
	fprintf(list, "bad magic form\n");
	bytes.data[0] ^= 1;
	save(dir, "bad-start", bytes.data, RECORDS_AT - 1);
	fprintf(list, "bad start form\n");
	dlb_buf_free(&bytes);
}

static void
note(struct dlb_letterbox *l, struct dlb_env_seeded *env,
	enum dlb_audit_event event, const uint64_t *values, size_t n,
	const char *name)
{
	env->now_ms += 3600 * 1000;
	need(dlb_audit_note(l, event, values, n, name, NULL) == DLB_OK,
		"a record");
}

int
main(int argc, char **argv)
{
	static const struct dlb_unlock open = {DLB_UNLOCK_OPEN, NULL, 0};
	static const uint64_t met[] = {64, 64, 12, 3}, keys[] = {2};
	char path[4096], head[DLB_AUDIT_HEAD_TEXT];
	struct dlb_env_seeded env;
	struct dlb_buf bytes = {0};
	struct dlb_letterbox *l;
	struct log log;
	FILE *list;

	need(argc == 2 && dlb_base_init() == DLB_OK, "audit_vectors DIR");
	dlb_env_seeded_init(&env, 13, NOW_MS);
	need(dlb_letterbox_create(&l, dlb_fs_posix(), "/nowhere", &open, false,
		     NULL, &env.env, NULL)
			== DLB_OK,
		"a letterbox");
	note(l, &env, DLB_AUDIT_MET_BOX, met, 4, "harbour");
	note(l, &env, DLB_AUDIT_PAIRED, NULL, 0, "Zo\u00eb's ferry");
	note(l, &env, DLB_AUDIT_KEYS_DESTROYED, keys, 1, NULL);
	note(l, &env, DLB_AUDIT_MET_NODE, met, 4, "truck");
	snprintf(path, sizeof(path), "%s/v1.txt", argv[1]);
	list = fopen(path, "wb");
	need(list != NULL, path);
	need(dlb_audit_export(l, false, &bytes, NULL) == DLB_OK, "an export");
	save(argv[1], "v1", bytes.data, bytes.len);
	bytes.len = 0;
	need(dlb_audit_export(l, true, &bytes, NULL) == DLB_OK, "an export");
	save(argv[1], "v1.named", bytes.data, bytes.len);
	take_apart(&log, &bytes);
	dlb_audit_head_text(head, &log.head);
	fprintf(list, "head %s\n", head);
	for (size_t i = 0; i < log.n; i++) {
		const struct row *r = &log.rows[i];

		fprintf(list, "record %zu %u %.*s\n", i + 1, r->record[17],
			r->told_len > 1 ? r->told[DLB_AUDIT_SALT_LEN + 1] : 0,
			(const char *)r->told + DLB_AUDIT_SALT_LEN + 2);
	}
	spoil_records(argv[1], list, &log);
	spoil_forms(argv[1], list, &log);
	spoil_ends(argv[1], list, &log);
	need(fclose(list) == 0, path);
	dlb_buf_free(&bytes);
	dlb_letterbox_close(l);
	return 0;
}
