/*
 * What others keep for years, as it was made once: rosters, exports of a log, shares of
 * backups. What is sound is read as it was, and what is not is refused.
 * docs/letterbox.md, section 12.
 *
 * DLB_VECTORS names the directory that their directories lie in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit.h"
#include "backup_share.h"
#include "backups.h"
#include "bulletins.h"
#include "letterbox.h"
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When the backups were made, and some days more. */
#define NOW_MS (DLB_EPOCH_MS + 100 * DLB_WEEK_MS + 3 * DLB_DAY_MS)

static void
load(struct dlb_buf *out, const char *dir, const char *name)
{
	const char *vectors = getenv("DLB_VECTORS");
	char path[4096];
	struct dlb_error err;

	assert_non_null(vectors);
	snprintf(path, sizeof(path), "%s/%s/%s", vectors, dir, name);
	out->len = 0;
	if (dlb_file_load(out, dlb_fs_posix(), path, 1 << 20, &err) != DLB_OK)
		fail_msg("%s", err.msg);
}

/* Each line of a list that begins so; two words of what follows. */
static unsigned
each_line(const char *dir, const char *list, const char *first,
	void (*fn)(void *ctx, const char *a, const char *b), void *ctx)
{
	struct dlb_buf text = {0};
	char *rest, *line;
	unsigned n = 0;

	load(&text, dir, list);
	assert_int_equal(dlb_buf_append(&text, "", 1), DLB_OK);
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char a[160] = "", b[160] = "";
		size_t len = strlen(first);

		if (strncmp(line, first, len) != 0 || line[len] != ' '
			|| sscanf(line + len, "%159s %159s", a, b) < 1)
			continue;
		fn(ctx, a, b);
		n++;
	}
	dlb_buf_free(&text);
	return n;
}

/* ---- rosters ----------------------------------------------------------------------------- */

static void
bad_roster(void *ctx, const char *name, const char *verdict)
{
	struct dlb_buf *bytes = ctx;
	struct dlb_roster r;
	enum dlb_status st;
	char file[64];

	snprintf(file, sizeof(file), "bad-%s.roster", name);
	load(bytes, "roster", file);
	st = dlb_roster_parse(&r, bytes->data, bytes->len, NULL);
	print_message("# %s: %s\n", name, dlb_status_text(st));
	assert_int_equal(st,
		strcmp(verdict, "forged") == 0                ? DLB_FORGED
			: strcmp(verdict, "unsupported") == 0 ? DLB_UNSUPPORTED
							      : DLB_MALFORMED);
}

static void
rosters_are_read(void **state)
{
	struct dlb_buf bytes = {0};
	struct dlb_roster r;

	(void)state;
	load(&bytes, "roster", "v1.roster");
	assert_int_equal(
		dlb_roster_parse(&r, bytes.data, bytes.len, NULL), DLB_OK);
	assert_int_equal(r.number, 1785000001);
	assert_int_equal(r.issued_ms, 1785000000000);
	assert_int_equal(r.days, 180);
	assert_int_equal(r.entries_n, 2);
	assert_string_equal(r.entries[0].note, "the ferry of Zo\u00eb");
	assert_true(r.entries[1].revoked);
	dlb_roster_free(&r);
	assert_true(
		each_line("roster", "v1.txt", "bad", bad_roster, &bytes) >= 20);
	dlb_buf_free(&bytes);
}

/* ---- logs ---------------------------------------------------------------------------------- */

static void
bad_log(void *ctx, const char *name, const char *where)
{
	struct dlb_buf *bytes = ctx;
	struct dlb_audit_check check = {.records = 0};
	bool form = strcmp(where, "form") == 0, end = strcmp(where, "0") == 0;
	enum dlb_status st;
	char file[64];

	snprintf(file, sizeof(file), "bad-%s.audit", name);
	load(bytes, "audit", file);
	st = dlb_audit_check(&check, bytes->data, bytes->len, NULL, NULL, NULL);
	print_message("# %s: %s after %llu\n", name, dlb_status_text(st),
		(unsigned long long)check.last.number);
	assert_int_not_equal(st, DLB_OK);
	if (!form)
		assert_int_equal(st, DLB_CORRUPT);
	if (!form && !end)
		assert_int_equal(check.last.number + 1, atoi(where));
	if (end)
		assert_true(check.last.number >= 4);
}

static bool
count_names(void *ctx, const struct dlb_audit_record *record)
{
	*(unsigned *)ctx += record->named && record->name[0];
	return true;
}

static void
is_head(void *ctx, const char *head, const char *none)
{
	char text[DLB_AUDIT_HEAD_TEXT];

	(void)none;
	dlb_audit_head_text(text, &((struct dlb_audit_check *)ctx)->last);
	assert_string_equal(text, head);
}

static void
logs_are_read(void **state)
{
	static const char *const names[] = {"v1.audit", "v1.named.audit"};
	struct dlb_buf bytes = {0};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct dlb_audit_check check = {.records = 0};
		unsigned named = 0;

		load(&bytes, "audit", names[i]);
		assert_int_equal(dlb_audit_check(&check, bytes.data, bytes.len,
					 count_names, &named, NULL),
			DLB_OK);
		assert_int_equal(check.records, 5);
		assert_int_equal(named, i ? 3 : 0);
		assert_int_equal(
			each_line("audit", "v1.txt", "head", is_head, &check),
			1);
	}
	assert_true(each_line("audit", "v1.txt", "bad", bad_log, &bytes) >= 20);
	dlb_buf_free(&bytes);
}

/* ---- backups ------------------------------------------------------------------------------- */

struct joining {
	struct dlb_restoring *r;
	struct dlb_backup_share of; /* the one whose common part is here */
	unsigned n;
};

/* As its holder would hand it back. */
static void
add_other(void *ctx, const char *number, const char *hex)
{
	struct joining *j = ctx;
	struct dlb_backup_share share = j->of;
	struct dlb_buf bytes = {0};
	struct dlb_error err = {0};

	if (j->n++ >= 2)
		return;
	share.number = (uint8_t)atoi(number);
	assert_int_equal(
		dlb_unhex(share.share, sizeof(share.share), hex), DLB_OK);
	assert_int_equal(
		dlb_backup_share_give(&bytes, &share, NULL, 0), DLB_OK);
	if (dlb_restoring_add(j->r, number, bytes.data, bytes.len, &err)
		!= DLB_OK)
		fail_msg("%s", err.msg);
	dlb_buf_free(&bytes);
}

static void
check_sign(void *ctx, const char *hex, const char *none)
{
	const struct dlb_identity *identity = dlb_letterbox_identity(ctx);
	uint8_t sign[32];

	(void)none;
	assert_int_equal(dlb_unhex(sign, sizeof(sign), hex), DLB_OK);
	assert_memory_equal(identity->sign, sign, sizeof(sign));
}

/* A letterbox in memory, of three shares. */
static struct dlb_letterbox *
restore(const char *version, struct dlb_env_seeded *env,
	struct dlb_restored *had)
{
	static const struct dlb_unlock open = {DLB_UNLOCK_OPEN, NULL, 0};
	struct dlb_restoring_info info;
	struct joining j = {.n = 0};
	struct dlb_buf bytes = {0};
	struct dlb_error err = {0};
	struct dlb_letterbox *l;
	char list[16], share[16];

	snprintf(list, sizeof(list), "%s.txt", version);
	snprintf(share, sizeof(share), "%s.share", version);
	load(&bytes, "backup", share);
	assert_int_equal(dlb_restoring_new(&j.r, &err), DLB_OK);
	assert_int_equal(
		dlb_restoring_add(j.r, share, bytes.data, bytes.len, &err),
		DLB_OK);
	assert_int_equal(
		dlb_backup_share_parse(&j.of, bytes.data, bytes.len, &err),
		DLB_OK);
	assert_int_equal(dlb_restoring_join(j.r, &info, &err), DLB_PARTLY);
	assert_int_equal(each_line("backup", list, "share", add_other, &j), 3);
	if (dlb_restoring_join(j.r, &info, &err) != DLB_OK)
		fail_msg("%s", err.msg);
	dlb_env_seeded_init(env, 1, NOW_MS);
	assert_int_equal(dlb_letterbox_create(&l, dlb_fs_posix(), "/nowhere",
				 &open, false, NULL, &env->env, &err),
		DLB_OK);
	if (dlb_restoring_apply(j.r, l, had, &err) != DLB_OK)
		fail_msg("%s", err.msg);
	assert_int_equal(each_line("backup", list, "sign", check_sign, l), 1);
	dlb_restoring_free(j.r);
	dlb_buf_free(&bytes);
	return l;
}

static void
backups_are_had_again(void **state)
{
	struct dlb_correspondent bob;
	struct dlb_roster_author agency;
	struct dlb_env_seeded env;
	struct dlb_restored had;
	struct dlb_letterbox *l = restore("v1", &env, &had);
	struct dlb_author news;
	struct dlb_box box;

	(void)state;
	assert_int_equal(had.counts.people, 1);
	assert_int_equal(had.counts.boxes, 1);
	assert_int_equal(had.refused, 0);
	assert_int_equal(
		dlb_correspondent_by_name(l, &bob, "bob", NULL), DLB_OK);
	assert_true(bob.verified);
	assert_int_equal(dlb_box_by_name(l, &box, "harbour", NULL), DLB_OK);
	dlb_letterbox_close(l);

	l = restore("v2", &env, &had);
	assert_int_equal(had.refused + had.unknown, 0);
	assert_int_equal(had.counts.people, 1);
	assert_int_equal(had.counts.own_rosters, 1);
	assert_int_equal(dlb_box_by_name(l, &box, "harbour", NULL), DLB_OK);
	assert_string_equal(box.place, "pier 4");
	assert_int_equal(dlb_author_by_name(l, &news, "news", NULL), DLB_OK);
	assert_int_equal(
		dlb_roster_author_by_name(l, &agency, "agency", NULL), DLB_OK);
	assert_true(agency.trusted && agency.vouched == 1);
	assert_memory_equal(
		&agency.identity, &news.identity, sizeof(news.identity));
	dlb_letterbox_close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rosters_are_read),
		cmocka_unit_test(logs_are_read),
		cmocka_unit_test(backups_are_had_again),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
