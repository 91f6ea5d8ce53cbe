/* The secrets of epochs end, and are destroyed: when, what of, and nothing before its
 * time. */
#include "keys_world.h"

#include "state_internal.h"

#include <sys/stat.h>

struct listed {
	struct dlb_key key[64];
	size_t n;
};

static bool
list_key(void *ctx, const struct dlb_key *key)
{
	struct listed *list = ctx;

	assert_true(list->n < DLB_ARRAY_LEN(list->key));
	list->key[list->n++] = *key;
	return true;
}

static struct listed
list_keys(struct fixture *f, struct dlb_letterbox *l)
{
	struct listed out = {.n = 0};

	assert_ok(dlb_keys_each(l, list_key, &out, &f->err));
	return out;
}

static void
keys_are_listed(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct listed k = list_keys(f, l);
	struct dlb_keys_reach reach;

	assert_int_equal(k.n, 18);
	assert_int_equal(k.key[0].kind, DLB_EPOCH_FINDING);
	assert_int_equal(k.key[0].id, 9);
	/* April to June, and the week that began in June. */
	assert_true(k.key[0].begins_ms == 1775001600000);
	assert_true(k.key[0].ends_ms == QUARTER_GOES - DAY(90));
	assert_true(k.key[0].goes_ms == QUARTER_GOES);
	assert_int_equal(k.key[5].kind, DLB_EPOCH_OPENING);
	assert_int_equal(k.key[5].id, 28);
	assert_true(k.key[5].ends_ms == MAY_GOES - DAY(90));
	assert_true(k.key[5].goes_ms == MAY_GOES);
	assert_int_equal(k.key[17].kind, DLB_EPOCH_LAST_RESORT);
	assert_int_equal(k.key[17].id, FIRST_CARD);
	assert_true(
		k.key[17].begins_ms == TEST_NOW_MS - TEST_NOW_MS % DLB_DAY_MS);
	assert_true(k.key[17].ends_ms == 0 && k.key[17].goes_ms == 0);
	assert_ok(dlb_keys_reach(l, &reach, &f->err));
	assert_int_equal(reach.keys, 18);
	assert_true(reach.since_ms == k.key[5].begins_ms);
	assert_true(reach.next_ms == MAY_GOES);
	/* Superseded on the 2nd of June. */
	f->env.now_ms += DAY(13);
	assert_int_equal(use(f, l), 0);
	k = list_keys(f, l);
	assert_int_equal(k.n, 20);
	assert_int_equal(k.key[18].id, FIRST_CARD);
	assert_true(k.key[18].ends_ms == 1780444800000);
	assert_true(k.key[18].goes_ms == 1780444800000 + DAY(90));
	assert_int_equal(k.key[19].id, 16 * dlb_week_of(f->env.now_ms));
	assert_true(k.key[19].ends_ms == 0);
	dlb_letterbox_close(l);
}

static void
a_key_goes_on_the_third_day_of_use(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");

	use_until(f, l, MAY_GOES - 1);
	assert_int_equal(use(f, l), 0);
	f->env.now_ms = MAY_GOES;
	/* Often on a day is once. */
	for (int i = 0; i < 4; i++) {
		assert_int_equal(use(f, l), 0);
		f->env.now_ms += 3600 * 1000;
	}
	f->env.now_ms = MAY_GOES + DAY(5);
	assert_int_equal(use(f, l), 0);
	/* Days are kept. */
	l = fixture_reopen(f, l);
	assert_true(has(l, DLB_EPOCH_OPENING, 28));
	f->env.now_ms += DAY(1);
	assert_int_equal(use(f, l), 1);
	assert_false(has(l, DLB_EPOCH_OPENING, 28));
	assert_true(has(l, DLB_EPOCH_OPENING, 29));
	assert_true(has(l, DLB_EPOCH_FINDING, 9));
	assert_true(has(l, DLB_EPOCH_LAST_RESORT, FIRST_CARD));
	assert_int_equal(use(f, l), 0);
	l = fixture_reopen(f, l);
	assert_false(has(l, DLB_EPOCH_OPENING, 28));
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	/* Then the last-resort key of the first card, superseded in June: it was due
	 * on two of those days already. */
	f->env.now_ms = MAY_GOES + DAY(20);
	assert_int_equal(use_days(f, l, 3), 1);
	assert_false(has(l, DLB_EPOCH_LAST_RESORT, FIRST_CARD));
	/* And the quarter's, which the card of June, superseded on the 9th of July
	 * only, kept for two days more. */
	f->env.now_ms = QUARTER_GOES + DAY(2);
	assert_int_equal(use_days(f, l, 2), 0);
	assert_true(has(l, DLB_EPOCH_FINDING, 9));
	assert_true(use_days(f, l, 1) >= 1);
	assert_false(has(l, DLB_EPOCH_FINDING, 9));
	assert_true(has(l, DLB_EPOCH_FINDING, 10));
	dlb_letterbox_close(l);
}

static void
a_clock_that_jumped_destroys_nothing(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_keys_reach reach;

	f->env.now_ms += DAY(2000);
	assert_int_equal(use_days(f, l, 10), 0);
	assert_int_equal(list_keys(f, l).n, 18);
	/* Confirmed it is believed, three days on. */
	assert_ok(dlb_clock_confirm(l, &f->err));
	assert_int_equal(use_days(f, l, 2), 0);
	assert_true(has(l, DLB_EPOCH_OPENING, 28));
	assert_true(has(l, DLB_EPOCH_FINDING, 10));
	/* Of the superseded card's all but its last-resort key and the finding keys
	 * that it was to be found with until then. */
	assert_int_equal(use_days(f, l, 1), 12 + 5 - 2);
	assert_true(has(l, DLB_EPOCH_LAST_RESORT, FIRST_CARD));
	assert_true(has(l, DLB_EPOCH_FINDING, 9));
	assert_true(has(l, DLB_EPOCH_FINDING, 13));
	/* With that one they reach back to the first card. */
	assert_ok(dlb_keys_reach(l, &reach, &f->err));
	assert_true(reach.since_ms == TEST_NOW_MS - TEST_NOW_MS % DLB_DAY_MS);
	dlb_letterbox_close(l);
}

/* Days of a clock that was ahead, and confirmed, do not count when it is right. */
static void
days_ahead_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");

	f->env.now_ms = MAY_GOES + DAY(40);
	assert_ok(dlb_clock_confirm(l, &f->err));
	assert_int_equal(use_days(f, l, 2), 0);
	f->env.now_ms = TEST_NOW_MS;
	assert_int_equal(use(f, l), 0);
	assert_ok(dlb_clock_confirm(l, &f->err));
	use_until(f, l, MAY_GOES);
	assert_int_equal(use_days(f, l, 2), 0);
	assert_true(has(l, DLB_EPOCH_OPENING, 28));
	assert_int_equal(use_days(f, l, 1), 1);
	/* Nor does it keep for longer what ended then. */
	assert_true(use_days(f, l, 60) >= 1);
	assert_false(has(l, DLB_EPOCH_LAST_RESORT, FIRST_CARD));
	dlb_letterbox_close(l);
}

static void
how_long_is_for_the_owner_to_say(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");

	assert_int_equal(dlb_keys_keep_days(l), 90);
	assert_int_equal(dlb_keys_set_keep_days(l, 6, &f->err), DLB_USAGE);
	assert_int_equal(dlb_keys_set_keep_days(l, 3651, &f->err), DLB_USAGE);
	assert_non_null(strstr(f->err.msg, "7 to 3650 days"));
	assert_int_equal(dlb_keys_keep_days(l), 90);
	assert_ok(dlb_keys_set_keep_days(l, 7, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_keys_keep_days(l), 7);
	assert_true(list_keys(f, l).key[5].goes_ms == MAY_GOES - DAY(83));
	f->env.now_ms = MAY_GOES - DAY(83);
	assert_int_equal(use_days(f, l, 3), 1);
	assert_false(has(l, DLB_EPOCH_OPENING, 28));
	/* Longer again: what is there stays. */
	assert_ok(dlb_keys_set_keep_days(l, 3650, &f->err));
	use_until(f, l, MAY_GOES + DAY(400));
	assert_int_equal(use_days(f, l, 3), 0);
	dlb_letterbox_close(l);
}

/* Which records of the one differ in the other. */
static size_t
records_that_differ(
	const struct dlb_buf *a, const struct dlb_buf *b, uint32_t *last)
{
	size_t n = 0;

	assert_int_equal(a->len, b->len);
	for (uint32_t i = 0; i < a->len / DLB_RING_RECORD_LEN; i++)
		if (memcmp(a->data + (size_t)i * DLB_RING_RECORD_LEN,
			    b->data + (size_t)i * DLB_RING_RECORD_LEN,
			    DLB_RING_RECORD_LEN)
			!= 0) {
			n++;
			*last = i;
		}
	return n;
}

static void
load_ring(struct fixture *f, struct dlb_buf *out)
{
	assert_ok(dlb_file_load(out, dlb_fs_posix(), fixture_path(f, "ring"),
		1 << 20, &f->err));
}

static void
its_record_is_overwritten_in_place(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_buf before = {0}, after = {0};
	struct stat was, is;
	uint32_t record, where = UINT32_MAX;
	struct dlb_epoch e = {.kind = DLB_EPOCH_OPENING, .id = 28};
	struct dlb_ring ring = {0};
	uint8_t seed[32];

	use_until(f, l, MAY_GOES);
	use_days(f, l, 2);
	/* It is the first of September. */
	assert_ok(dlb_letterbox_renew(l, &(bool){false}, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	record = dlb_epochs_find(&l->epochs, DLB_EPOCH_OPENING, 28)->record;
	load_ring(f, &before);
	assert_int_equal(stat(fixture_path(f, "ring"), &was), 0);
	assert_int_equal(use(f, l), 1);
	load_ring(f, &after);
	assert_int_equal(stat(fixture_path(f, "ring"), &is), 0);
	assert_int_equal(is.st_ino, was.st_ino);
	assert_int_equal(records_that_differ(&before, &after, &where), 1);
	assert_int_equal(where, record);
	/* Whoever has the root key finds it before, and nowhere afterwards. */
	e.record = record;
	ring.bytes = before;
	assert_true(dlb_ring_get(&ring, &e, l->keys->root, l->slots));
	memcpy(seed, e.seed, sizeof(seed));
	ring.bytes = after;
	for (e.record = 0; e.record < dlb_ring_records(&ring); e.record++)
		assert_false(dlb_ring_get(&ring, &e, l->keys->root, l->slots));
	assert_null(memmem(after.data, after.len, seed, sizeof(seed)));
	dlb_buf_free(&before);
	dlb_buf_free(&after);
	dlb_letterbox_close(l);
}

/* An old letterbox file beside a newer ring may name a record that has another
 * secret by now. */
static void
another_secret_is_let_alone(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_buf before = {0}, after = {0};
	uint32_t destroyed, where;
	char sql[128];

	snprintf(sql, sizeof(sql),
		"INSERT INTO condemned (kind, id, record) VALUES (2, 27, %u)",
		dlb_epochs_find(&l->epochs, DLB_EPOCH_OPENING, 30)->record);
	load_ring(f, &before);
	assert_ok(dlb_db_change(&l->db, &f->err));
	assert_int_equal(
		sqlite3_exec(l->db.sql, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(dlb_keys_condemned(l), 1);
	assert_ok(dlb_keys_destroy(l, &destroyed, &f->err));
	assert_int_equal(dlb_keys_condemned(l), 0);
	load_ring(f, &after);
	assert_int_equal(records_that_differ(&before, &after, &where), 0);
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	dlb_buf_free(&before);
	dlb_buf_free(&after);
	dlb_letterbox_close(l);
}

/* A new secret takes no record that is still to be overwritten. */
static void
a_condemned_record_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");

	assert_ok(dlb_db_change(&l->db, &f->err));
	assert_int_equal(sqlite3_exec(l->db.sql,
				 "WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL"
				 " SELECT i + 1 FROM r WHERE i < 95)"
				 " INSERT INTO condemned (kind, id, record)"
				 " SELECT 2, 27, i FROM r WHERE i NOT IN"
				 " (SELECT record FROM epochs)",
				 NULL, NULL, NULL),
		SQLITE_OK);
	f->env.now_ms += DAY(13);
	assert_ok(dlb_letterbox_renew(l, &(bool){false}, &f->err));
	assert_int_equal(dlb_ring_records(&l->ring), 192);
	assert_true(dlb_epochs_find(&l->epochs, DLB_EPOCH_OPENING, 40)->record
		>= 96);
	dlb_letterbox_close(l);
}

static void
what_the_ring_lost_is_told_and_then_done_with(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	bool new_card;
	int64_t when;
	uint32_t n;

	assert_false(dlb_keys_lost(l, &n, &when));
	dlb_letterbox_close(l);
	assert_int_equal(unlink(fixture_path(f, "ring")), 0);
	l = fixture_open(f);
	assert_int_equal(dlb_letterbox_lost_keys(l), 18);
	use(f, l);
	assert_int_equal(dlb_letterbox_lost_keys(l), 18);
	assert_ok(dlb_keys_give_up(l, &n, &new_card, &f->err));
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	assert_int_equal(list_keys(f, l).n, 18);
	assert_true(dlb_keys_lost(l, &n, &when));
	assert_int_equal(n, 18);
	assert_true(when == TEST_NOW_MS - TEST_NOW_MS % DLB_DAY_MS);
	f->env.now_ms += DAY(91);
	assert_false(dlb_keys_lost(l, &n, &when));
	dlb_letterbox_close(l);
}

/* Those that are due go like any other, and are not counted as lost any more. */
static void
what_is_lost_and_due_goes_by_itself(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	int64_t when;
	uint32_t n;

	dlb_letterbox_close(l);
	assert_int_equal(unlink(fixture_path(f, "ring")), 0);
	l = fixture_open(f);
	/* The opening key of the first month. */
	for (int i = 0; i < 6; i++) {
		f->env.now_ms += DAY(20);
		use(f, l);
	}
	use_days(f, l, 4);
	assert_int_equal(dlb_letterbox_lost_keys(l), 17);
	assert_false(dlb_keys_lost(l, &n, &when));
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_letterbox_lost_keys(l), 17);
	dlb_letterbox_close(l);
}

/* What was sealed to any card that its holder could take for good, within the days
 * that keys are kept: it is found and opened until the last of them. */
struct sealed {
	int64_t at_ms;
	uint32_t opening_id;
	uint8_t finding[32];
};

static void
check_sealed(struct dlb_letterbox *l, const struct sealed *s)
{
	uint16_t week =
		(uint16_t)(dlb_week_of(s->at_ms) + DLB_CELL_LIFETIME_WEEKS);
	const uint8_t *secrets[DLB_FINDING_MAX];
	size_t n = dlb_letterbox_finding(l, week, secrets, DLB_FINDING_MAX);
	uint8_t public[32];
	bool found = false;
	char at[11];

	for (size_t i = 0; i < n && !found; i++) {
		dlb_point_base(public, secrets[i]);
		found = memcmp(public, s->finding, sizeof(public)) == 0;
	}
	dlb_date_text(at, s->at_ms);
	if (!found)
		fail_msg("what was sealed on %s is not found", at);
	if (!has(l,
		    s->opening_id & DLB_OPENING_LAST_RESORT
			    ? DLB_EPOCH_LAST_RESORT
			    : DLB_EPOCH_OPENING,
		    s->opening_id & 0x7fffffff))
		fail_msg("what was sealed on %s does not open", at);
}

static void
nothing_goes_before_its_time(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "reader"), *sender;
	static struct sealed sealed[4096];
	size_t first = 0, n = 0;
	uint32_t destroyed = 0;
	struct dlb_card cards[2] = {{0}};
	char dir[64];

	memcpy(dir, f->dir, sizeof(dir));
	snprintf(f->dir, sizeof(f->dir), "%.40s-s", dir);
	assert_int_equal(mkdir(f->dir, 0700), 0);
	sender = fixture_create(f, "sender");
	for (int step = 0; step < 500; step++) {
		int64_t now = f->env.now_ms;

		destroyed += use(f, l);
		while (first < n && sealed[first].at_ms < now - DAY(90))
			first++;
		for (size_t i = first; i < n; i++)
			check_sealed(l, &sealed[i]);
		for (int i = 0; i < 2; i++) {
			struct dlb_correspondent who;
			struct dlb_seal_to to;
			struct dlb_seal_from from;
			struct dlb_buf bytes = {0};

			/* The full one may be up to months old. */
			if (i == 1 || step % 37 == 0) {
				assert_ok(dlb_letterbox_card(
					l, i == 1, &bytes, &f->err));
				assert_ok(dlb_card_parse(&cards[i], bytes.data,
					bytes.len, &f->err));
				dlb_buf_free(&bytes);
			}
			assert_ok(dlb_correspondent_add(
				sender, &who, &cards[i], NULL, &f->err));
			assert_ok(dlb_correspondent_seal_keys(sender, who.id,
				now, false, &to, &from, &f->err));
			assert_ok(dlb_letterbox_rollback(sender, &f->err));
			assert_true(n < DLB_ARRAY_LEN(sealed));
			sealed[n].at_ms = now;
			sealed[n].opening_id = to.opening_id;
			memcpy(sealed[n++].finding, to.finding, 32);
		}
		/* Now and then it is not used for three weeks. */
		f->env.now_ms += step % 50 == 49 ? DAY(22) : DAY(2) - 7000000;
	}
	assert_true(destroyed > 60);
	assert_true(list_keys(f, l).n < 32);
	dlb_letterbox_close(sender);
	unlink(fixture_path(f, "letterbox"));
	unlink(fixture_path(f, "ring"));
	rmdir(f->dir);
	memcpy(f->dir, dir, sizeof(dir));
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(keys_are_listed),
		TEST(a_key_goes_on_the_third_day_of_use),
		TEST(a_clock_that_jumped_destroys_nothing),
		TEST(days_ahead_are_forgotten),
		TEST(how_long_is_for_the_owner_to_say),
		TEST(its_record_is_overwritten_in_place),
		TEST(another_secret_is_let_alone),
		TEST(a_condemned_record_is_not_taken),
		TEST(what_the_ring_lost_is_told_and_then_done_with),
		TEST(what_is_lost_and_due_goes_by_itself),
		TEST(nothing_goes_before_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
