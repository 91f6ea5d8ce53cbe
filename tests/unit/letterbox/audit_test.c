/* The log: what is in it, that changes of it are found, and that it stays bounded. */
#include "letterbox_test.h"

#include "audit_internal.h"
#include "briefing.h"

static void
note(struct fixture *f, struct dlb_letterbox *l, uint64_t n, const char *name)
{
	assert_ok(dlb_audit_note(
		l, DLB_AUDIT_KEYS_DESTROYED, &n, 1, name, &f->err));
}

static bool
collect(void *ctx, const struct dlb_audit_record *r)
{
	char text[320];

	snprintf(text, sizeof(text), "%llu:%u:%llu:%s ",
		(unsigned long long)r->number, r->event,
		(unsigned long long)(r->values_n ? r->values[0] : 0), r->name);
	strcat(ctx, text);
	return true;
}

static enum dlb_status
check(struct fixture *f, const struct dlb_buf *log, struct dlb_audit_check *out)
{
	return dlb_audit_check(out, log->data, log->len, NULL, NULL, &f->err);
}

static void
it_says_what_was_noted(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_check c = {.known = NULL};
	struct dlb_buf log = {0};
	char text[256] = "";

	assert_int_equal(
		dlb_audit_export(l, true, &log, &f->err), DLB_NOT_FOUND);
	note(f, l, 7, "ferry");
	note(f, l, 8, NULL);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	note(f, l, 9, "is undone");
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_ok(
		dlb_audit_check(&c, log.data, log.len, collect, text, &f->err));
	assert_string_equal(text, "1:1:0: 2:11:7:ferry 3:11:8: ");
	assert_int_equal(c.records, 3);
	assert_int_equal(dlb_audit_count(l), 3);
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

/* No trace of a name is in an export without names, and the head is the same. */
static void
names_only_when_asked(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_check a = {.known = NULL}, b = {.known = NULL};
	struct dlb_buf with = {0}, without = {0}, struck = {0};

	note(f, l, 7, "ferry");
	note(f, l, 7, "van");
	assert_ok(dlb_audit_export(l, true, &with, &f->err));
	assert_ok(dlb_audit_export(l, false, &without, &f->err));
	assert_ok(check(f, &with, &a));
	assert_ok(check(f, &without, &b));
	assert_memory_equal(&a.last, &b.last, sizeof(a.last));
	assert_non_null(memmem(with.data, with.len, "ferry", 5));
	assert_null(memmem(without.data, without.len, "ferry", 5));
	assert_ok(dlb_audit_strike(l, "ferry", &f->err));
	assert_ok(dlb_audit_export(l, true, &struck, &f->err));
	assert_ok(check(f, &struck, &a));
	assert_memory_equal(&a.last, &b.last, sizeof(a.last));
	assert_null(memmem(struck.data, struck.len, "ferry", 5));
	assert_non_null(memmem(struck.data, struck.len, "van", 3));
	dlb_buf_free(&with);
	dlb_buf_free(&without);
	dlb_buf_free(&struck);
	dlb_letterbox_close(l);
}

static void
any_change_is_found(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_check c = {.known = NULL};
	struct dlb_buf log = {0};

	for (unsigned i = 0; i < 5; i++)
		note(f, l, i, i % 2 ? "ferry" : NULL);
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	for (size_t i = 0; i < log.len; i++) {
		log.data[i] ^= 1;
		assert_int_not_equal(check(f, &log, &c), DLB_OK);
		log.data[i] ^= 1;
	}
	assert_ok(check(f, &log, &c));
	for (size_t len = 0; len < log.len; len++)
		assert_int_not_equal(
			dlb_audit_check(&c, log.data, len, NULL, NULL, &f->err),
			DLB_OK);
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

/* One record was changed where it lies. */
static void
the_first_broken_one_is_named(void **state)
{
	static const char sql[] =
		"UPDATE audit SET record = (SELECT record FROM audit"
		" WHERE number = 2) WHERE number = 4";
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_check c = {.known = NULL};
	struct dlb_buf log = {0};

	for (unsigned i = 0; i < 5; i++)
		note(f, l, i, NULL);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	assert_int_equal(sqlite3_exec(l->db.sql, sql, NULL, NULL, NULL), 0);
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_int_equal(check(f, &log, &c), DLB_CORRUPT);
	assert_non_null(strstr(f->err.msg, "record 4 "));
	assert_int_equal(c.last.number, 3);
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

static void
a_missing_end_is_noticed(void **state)
{
	static const char sql[] = "DELETE FROM audit WHERE number > 3";
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_check c = {.known = NULL};
	struct dlb_buf log = {0};

	for (unsigned i = 0; i < 5; i++)
		note(f, l, i, NULL);
	assert_ok(dlb_letterbox_commit(l, &f->err));
	assert_int_equal(sqlite3_exec(l->db.sql, sql, NULL, NULL, NULL), 0);
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_int_equal(check(f, &log, &c), DLB_CORRUPT);
	assert_non_null(strstr(f->err.msg, "ends after record 3, and 6"));
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

static void
a_head_is_known_again(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_head known, other;
	struct dlb_audit_check c = {.known = NULL};
	char text[DLB_AUDIT_HEAD_TEXT];
	struct dlb_buf log = {0};

	note(f, l, 1, NULL);
	assert_ok(dlb_audit_export(l, false, &log, &f->err));
	assert_ok(check(f, &log, &c));
	dlb_audit_head_text(text, &c.last);
	assert_ok(dlb_audit_head_read(&known, text, &f->err));
	assert_memory_equal(&known, &c.last, sizeof(known));
	note(f, l, 2, NULL);
	log.len = 0;
	assert_ok(dlb_audit_export(l, false, &log, &f->err));
	c.known = &known;
	assert_ok(check(f, &log, &c));
	assert_true(c.known_found);
	other = known;
	other.hash[31] ^= 1;
	c.known = &other;
	assert_ok(check(f, &log, &c));
	assert_false(c.known_found);
	text[strlen(text) - 1] = '\0';
	assert_int_equal(
		dlb_audit_head_read(&known, text, &f->err), DLB_MALFORMED);
	assert_int_equal(
		dlb_audit_head_read(&known, "12", &f->err), DLB_MALFORMED);
	assert_int_equal(
		dlb_audit_head_read(&known, "", &f->err), DLB_MALFORMED);
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

static void
old_ones_are_folded(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_check c = {.known = NULL};
	struct dlb_audit_head before;
	struct dlb_buf log = {0};

	for (unsigned i = 0; i < DLB_AUDIT_RECORDS_MAX + 10; i++)
		note(f, l, i, "a name of the usual length");
	assert_int_equal(dlb_audit_count(l), DLB_AUDIT_RECORDS_MAX);
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_true(log.len <= DLB_AUDIT_FILE_MAX);
	assert_ok(check(f, &log, &c));
	assert_int_equal(c.base.number, 11);
	before = c.last;
	/* Their time has passed; the last one stays. */
	f->env.now_ms += 20 * DLB_DAY_MS;
	assert_ok(dlb_clock_look(l, &(struct dlb_clock_view){0}, &f->err));
	note(f, l, 1, NULL);
	assert_int_equal(dlb_audit_count(l), DLB_AUDIT_RECORDS_MAX);
	assert_ok(dlb_audit_set_keep_days(l, 10, &f->err));
	assert_int_equal(dlb_audit_count(l), 1);
	log.len = 0;
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	c.known = &before;
	assert_ok(check(f, &log, &c));
	/* What it begins with is the head of then. */
	assert_true(c.known_found);
	assert_int_equal(dlb_audit_set_keep_days(l, 0, &f->err), DLB_USAGE);
	assert_int_equal(dlb_audit_set_keep_days(l, 3651, &f->err), DLB_USAGE);
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

/* It may be years ahead for a day. */
static void
a_wrong_clock_folds_nothing(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);

	note(f, l, 1, NULL);
	f->env.now_ms += 1000 * DLB_DAY_MS;
	assert_ok(dlb_clock_look(l, &(struct dlb_clock_view){0}, &f->err));
	note(f, l, 2, NULL);
	assert_int_equal(dlb_audit_count(l), 3);
	dlb_letterbox_close(l);
}

/* Who comes again and again takes one record an hour. */
static void
strangers_are_summed_up(void **state)
{
	static const uint64_t values[4] = {64, 64, 1, 0};
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_audit_check c = {.known = NULL};
	struct dlb_buf log = {0};
	char text[256] = "";

	note(f, l, 1, NULL);
	for (unsigned i = 0; i < 4000; i++)
		assert_ok(dlb_audit_note_stranger(l, values, &f->err));
	note(f, l, 2, NULL);
	assert_int_equal(dlb_audit_count(l), 3);
	f->env.now_ms += 60 * 60 * 1000;
	assert_ok(dlb_audit_note_stranger(l, values, &f->err));
	assert_int_equal(dlb_audit_count(l), 4);
	assert_ok(dlb_audit_flush(l, &f->err));
	assert_ok(dlb_audit_flush(l, &f->err));
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_ok(
		dlb_audit_check(&c, log.data, log.len, collect, text, &f->err));
	assert_string_equal(text, "1:1:0: 2:11:1: 3:11:2: 4:19:4000: 5:19:1: ");
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

static void
it_can_be_off(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_buf log = {0};
	struct dlb_audit_check c = {.known = NULL};
	char text[256] = "";

	note(f, l, 1, NULL);
	assert_ok(dlb_audit_set(l, false, false, &f->err));
	note(f, l, 2, NULL);
	assert_ok(dlb_audit_set(l, true, false, &f->err));
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_ok(
		dlb_audit_check(&c, log.data, log.len, collect, text, &f->err));
	assert_string_equal(text, "1:1:0: 2:11:1: 3:2:0: 4:3:0: ");
	assert_ok(dlb_audit_set(l, false, true, &f->err));
	assert_int_equal(dlb_audit_count(l), 0);
	note(f, l, 3, NULL);
	assert_int_equal(dlb_audit_count(l), 0);
	assert_int_equal(
		dlb_audit_export(l, true, &log, &f->err), DLB_NOT_FOUND);
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

static void
pairings_are_in_it(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_known_node n = {.name = "ferry", .vetted = true};
	struct dlb_audit_check c = {.known = NULL};
	struct dlb_buf log = {0};
	char text[256] = "";

	assert_ok(dlb_known_node_save(l, &n, &f->err));
	assert_ok(dlb_known_node_save(l, &n, &f->err));
	n.vetted = false;
	assert_ok(dlb_known_node_save(l, &n, &f->err));
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_ok(
		dlb_audit_check(&c, log.data, log.len, collect, text, &f->err));
	assert_string_equal(
		text, "1:1:0: 2:7:0:ferry 3:9:0:ferry 4:10:0:ferry ");
	assert_ok(dlb_known_node_forget(l, "ferry", &f->err));
	log.len = 0;
	text[0] = '\0';
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_ok(
		dlb_audit_check(&c, log.data, log.len, collect, text, &f->err));
	assert_string_equal(text, "1:1:0: 2:7:0: 3:9:0: 4:10:0: 5:8:0: ");
	dlb_buf_free(&log);
	dlb_letterbox_close(l);
}

/* The records with their names. */
static void
log_text(struct fixture *f, struct dlb_letterbox *l, char text[static 256])
{
	struct dlb_audit_check check = {.known = NULL};
	struct dlb_buf log = {0};

	text[0] = '\0';
	assert_ok(dlb_audit_export(l, true, &log, &f->err));
	assert_ok(dlb_audit_check(
		&check, log.data, log.len, collect, text, &f->err));
	dlb_buf_free(&log);
}

/* A node may be called as the person is whose it is, or nearly. */
static void
no_correspondent_is_named(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_known_node nodes[] = {{.name = "bob"}, {.name = "ferry"},
		{.name = "cafe"}, {.name = "BOB"}, {.name = "F\xc3\xa9rry"},
		{.name = "bobby"}};
	struct dlb_correspondent c;
	struct other o;
	char text[256];

	other_init(&o, f, "bob", 1);
	assert_ok(dlb_correspondent_add(l, &c, &o.card, NULL, &f->err));
	for (size_t i = 0; i < DLB_ARRAY_LEN(nodes); i++) {
		nodes[i].secret[0] = (uint8_t)i;
		assert_ok(dlb_known_node_save(l, &nodes[i], &f->err));
	}
	other_init(&o, f, "ferry", 1);
	assert_ok(dlb_correspondent_add(l, &c, &o.card, NULL, &f->err));
	log_text(f, l, text);
	assert_string_equal(text,
		"1:1:0: 2:7:0: 3:7:0: 4:7:0:cafe 5:7:0: 6:7:0: 7:7:0:bobby ");
	assert_ok(dlb_correspondent_rename(l, c.id, "cafe", &f->err));
	log_text(f, l, text);
	assert_string_equal(
		text, "1:1:0: 2:7:0: 3:7:0: 4:7:0: 5:7:0: 6:7:0: 7:7:0:bobby ");
	dlb_letterbox_close(l);
}

/* Of a trip that is over, or a box that was forgotten, the log keeps no name. */
static void
what_is_gone_has_no_name(void **state)
{
	static const char noted[] = "4:4:0:lyon 5:4:0:cafe 6:4:0:home ";
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_known_node ferry = {.name = "ferry", .secret = {1}};
	struct dlb_briefing *b = calloc(1, sizeof(*b));
	const char *boxes[] = {"cafe", "home"};
	struct dlb_trips_taken taken;
	struct dlb_correspondent c;
	char text[256];
	struct other o;
	unsigned ended;

	assert_non_null(b);
	other_init(&o, f, "bob", 1);
	assert_ok(dlb_correspondent_add(l, &c, &o.card, NULL, &f->err));
	assert_ok(dlb_known_node_save(l, &ferry, &f->err));
	for (size_t i = 0; i < 2; i++) {
		struct dlb_box box = {.root = {(uint8_t)i}};

		snprintf(box.name, sizeof(box.name), "%s", boxes[i]);
		assert_ok(dlb_box_save(l, &box, &f->err));
	}
	b->serial = 1;
	b->last_day = (uint32_t)(f->env.now_ms / DLB_DAY_MS) + 1;
	b->boxes_n = 1;
	snprintf(b->boxes[0].name, sizeof(b->boxes[0].name), "lyon");
	assert_ok(dlb_trips_take(
		l, c.id, b, f->env.now_ms, f->env.now_ms, &taken, &f->err));
	free(b);
	assert_ok(
		dlb_audit_note(l, DLB_AUDIT_PAIRED, NULL, 0, "ferry", &f->err));
	assert_ok(
		dlb_audit_note(l, DLB_AUDIT_MET_BOX, NULL, 0, "lyon", &f->err));
	assert_ok(
		dlb_audit_note(l, DLB_AUDIT_MET_BOX, NULL, 0, "cafe", &f->err));
	assert_ok(
		dlb_audit_note(l, DLB_AUDIT_MET_BOX, NULL, 0, "home", &f->err));
	assert_ok(dlb_trips_end(l, f->env.now_ms, &ended, &f->err));
	log_text(f, l, text);
	assert_non_null(strstr(text, noted));
	assert_ok(dlb_trips_end(
		l, f->env.now_ms + 2 * DLB_DAY_MS, &ended, &f->err));
	assert_int_equal(ended, 1);
	assert_ok(dlb_box_forget(l, "cafe", &f->err));
	log_text(f, l, text);
	assert_non_null(strstr(text, ":ferry 4:4:0: 5:4:0: 6:4:0:home "));
	dlb_letterbox_close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_says_what_was_noted,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			names_only_when_asked, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			any_change_is_found, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_first_broken_one_is_named,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_missing_end_is_noticed,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_head_is_known_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			old_ones_are_folded, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_wrong_clock_folds_nothing,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(strangers_are_summed_up,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			it_can_be_off, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			pairings_are_in_it, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(no_correspondent_is_named,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_gone_has_no_name,
			fixture_setup, fixture_teardown),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
