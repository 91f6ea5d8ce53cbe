/* Identity, cards as the months go by, and the secrets behind them: whatever card
 * a sender has, and at whatever time, the reader has the keys. */
#include "letterbox_test.h"

#include "state_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

static struct dlb_card
own_card(struct dlb_letterbox *l, bool is_short)
{
	struct dlb_buf bytes = {0};
	struct dlb_card card;

	assert_ok(dlb_letterbox_card(l, is_short, &bytes, NULL));
	assert_ok(dlb_card_parse(&card, bytes.data, bytes.len, NULL));
	dlb_buf_free(&bytes);
	return card;
}

static bool
renew(struct fixture *f, struct dlb_letterbox *l)
{
	bool renewed;

	assert_ok(dlb_letterbox_renew(l, &renewed, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	return renewed;
}

/* The opening secret of that id opens what is sealed to that key. */
static bool
opens(struct dlb_letterbox *l, uint32_t id, const uint8_t *key)
{
	static const uint8_t eseed[DLB_XWING_ESEED_LEN] = {1};
	uint8_t ct[DLB_XWING_CT_LEN], one[32], two[32];
	struct dlb_opener opener;
	const uint8_t *expanded;

	dlb_letterbox_opener(l, &opener);
	expanded = opener.opening(opener.ctx, id);
	if (!expanded)
		return false;
	assert_ok(dlb_xwing_encaps(ct, one, key, eseed));
	dlb_xwing_decaps_expanded(two, ct, expanded);
	return memcmp(one, two, 32) == 0;
}

static bool
finds(struct dlb_letterbox *l, uint16_t expiry_week, const uint8_t *key)
{
	const uint8_t *secrets[DLB_FINDING_MAX];
	size_t n =
		dlb_letterbox_finding(l, expiry_week, secrets, DLB_FINDING_MAX);

	for (size_t i = 0; i < n; i++) {
		uint8_t public[DLB_POINT_LEN];

		dlb_point_base(public, secrets[i]);
		if (memcmp(public, key, sizeof(public)) == 0)
			return true;
	}
	return false;
}

static void
the_first_card(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_card card = own_card(l, false), brief = own_card(l, true);

	assert_string_equal(card.name, "ann");
	assert_int_equal(card.serial, 16 * dlb_week_of(TEST_NOW_MS));
	assert_int_equal(card.issued_week, dlb_week_of(TEST_NOW_MS));
	assert_int_equal(card.opening_n, 12);
	/* May 2026 to April 2027. */
	assert_int_equal(card.opening[0].month, 28);
	assert_int_equal(card.opening[11].month, 39);
	assert_int_equal(card.finding_n, 5);
	assert_int_equal(card.finding[0].quarter, 9);
	assert_int_equal(card.finding[4].quarter, 13);
	assert_memory_equal(&card.identity, dlb_letterbox_identity(l),
		sizeof(card.identity));
	for (int i = 0; i < 12; i++)
		assert_true(
			opens(l, card.opening[i].month, card.opening[i].key));
	assert_true(opens(l, dlb_card_last_resort_id(&card), card.last_resort));
	assert_false(opens(l, 27, card.last_resort));
	assert_false(opens(l, 40, card.last_resort));
	assert_int_equal(brief.opening_n, 0);
	assert_int_equal(brief.finding_n, 1);
	assert_int_equal(brief.serial, card.serial);
	assert_memory_equal(
		&brief.finding[0], &card.finding[0], sizeof(card.finding[0]));
	assert_memory_equal(
		brief.last_resort, card.last_resort, sizeof(card.last_resort));
	/* One for each finding secret. */
	assert_int_equal(dlb_letterbox_generation(l), 1 + 5);
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_letterbox_generation(l), 1 + 5);
	assert_true(opens(l, 39, card.opening[11].key));
	dlb_letterbox_close(l);
}

static void
cards_are_renewed_monthly(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_card first = own_card(l, false), next;

	assert_false(renew(f, l));
	f->env.now_ms += 11 * DLB_DAY_MS; /* the 31st */
	assert_false(renew(f, l));
	f->env.now_ms += DLB_DAY_MS;
	assert_true(renew(f, l));
	assert_false(renew(f, l));
	next = own_card(l, false);
	assert_int_equal(next.serial, 16 * dlb_week_of(f->env.now_ms));
	assert_int_equal(next.opening[0].month, 29);
	assert_int_equal(next.opening[11].month, 40);
	/* The keys of months that both cover are the same, last-resort keys are
	 * not; what was there before opens still. */
	assert_memory_equal(
		next.opening[0].key, first.opening[1].key, DLB_XWING_PK_LEN);
	assert_memory_equal(next.finding[0].key, first.finding[0].key, 32);
	assert_memory_not_equal(
		next.last_resort, first.last_resort, DLB_XWING_PK_LEN);
	l = fixture_reopen(f, l);
	assert_true(opens(l, 28, first.opening[0].key));
	assert_true(opens(l, 40, next.opening[11].key));
	assert_true(
		opens(l, dlb_card_last_resort_id(&first), first.last_resort));
	assert_true(opens(l, dlb_card_last_resort_id(&next), next.last_resort));
	dlb_letterbox_close(l);
}

static void
copy_file(struct fixture *f, const char *from, const char *to)
{
	struct dlb_buf bytes = {0};
	char path[4096];

	snprintf(path, sizeof(path), "%s", fixture_path(f, to));
	assert_ok(dlb_file_load(&bytes, dlb_fs_posix(), fixture_path(f, from),
		1 << 24, &f->err));
	assert_ok(dlb_file_replace(
		dlb_fs_posix(), path, bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
}

/* Who puts back a copy of their home has forgotten which cards others hold since, and
 * has not the keys of these: the next one replaces them all. */
static void
an_old_copy_issues_newer_cards(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	uint64_t others_hold;

	dlb_letterbox_close(l);
	copy_file(f, "letterbox", "letterbox.copy");
	copy_file(f, "ring", "ring.copy");
	for (int month = 0; month < 4; month++) {
		f->env.now_ms += 29 * DLB_DAY_MS;
		l = fixture_open(f);
		renew(f, l);
		others_hold = own_card(l, false).serial;
		dlb_letterbox_close(l);
	}
	copy_file(f, "letterbox.copy", "letterbox");
	copy_file(f, "ring.copy", "ring");
	f->env.now_ms += 29 * DLB_DAY_MS;
	l = fixture_open(f);
	assert_ok(dlb_clock_confirm(l, &f->err));
	assert_true(renew(f, l));
	assert_true(own_card(l, false).serial > others_hold);
	dlb_letterbox_close(l);
}

static void
no_card_by_a_clock_that_jumped(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");

	f->env.now_ms += 400 * DLB_DAY_MS;
	assert_false(renew(f, l));
	assert_ok(dlb_clock_confirm(l, &f->err));
	assert_true(renew(f, l));
	dlb_letterbox_close(l);
}

/* Senders refuse a card that was issued by a clock far ahead: it is replaced as soon
 * as the clock is right. */
static void
a_card_from_the_future_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l;
	struct dlb_card card;
	uint64_t before;

	f->env.now_ms += 2000 * DLB_DAY_MS;
	l = fixture_create(f, "ann");
	before = own_card(l, false).serial;
	f->env.now_ms = TEST_NOW_MS;
	assert_false(renew(f, l));
	assert_ok(dlb_clock_confirm(l, &f->err));
	assert_true(renew(f, l));
	assert_false(renew(f, l));
	card = own_card(l, false);
	assert_int_equal(card.serial, before + 1);
	assert_int_equal(card.issued_week, dlb_week_of(TEST_NOW_MS));
	assert_int_equal(card.opening[0].month, dlb_month_of(TEST_NOW_MS));
	l = fixture_reopen(f, l);
	assert_true(opens(l, card.opening[0].month, card.opening[0].key));
	dlb_letterbox_close(l);
}

static void
what_renewal_made_can_be_undone(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_card first = own_card(l, false), next;
	bool renewed;

	f->env.now_ms += 20 * DLB_DAY_MS;
	assert_ok(dlb_letterbox_renew(l, &renewed, &f->err));
	assert_true(renewed);
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	next = own_card(l, false);
	assert_memory_equal(&next, &first, sizeof(first));
	assert_int_equal(dlb_letterbox_generation(l), 6);
	assert_true(renew(f, l));
	l = fixture_reopen(f, l);
	next = own_card(l, false);
	assert_true(next.serial > first.serial);
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	assert_true(opens(l, 40, next.opening[11].key));
	dlb_letterbox_close(l);
}

/* A reader who renews now and then over years, senders with cards of all ages and
 * clocks that are up to six days off: whatever they may seal to is found and
 * opened. */
static void
whatever_card_the_sender_has(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *reader = fixture_create(f, "reader"), *sender;
	struct dlb_card cards[64];
	struct dlb_correspondent who;
	size_t cards_n = 0, sealed = 0, refused = 0;
	char dir[64];

	memcpy(dir, f->dir, sizeof(dir));
	/* From the 1st of November on, over two turns of a year. */
	f->env.now_ms = 1793491200000LL;
	assert_ok(dlb_clock_confirm(reader, &f->err));
	snprintf(f->dir, sizeof(f->dir), "%.40s-s", dir);
	assert_int_equal(access(f->dir, F_OK), -1);
	assert_int_equal(mkdir(f->dir, 0700), 0);
	sender = fixture_create(f, "sender");
	for (int step = 0; step < 160; step++) {
		int64_t now = f->env.now_ms;
		bool renewed;

		assert_ok(dlb_letterbox_renew(reader, &renewed, &f->err));
		if (renewed || cards_n == 0) {
			assert_true(cards_n < DLB_ARRAY_LEN(cards));
			cards[cards_n++] = own_card(reader, step % 5 == 0);
		}
		for (size_t c = cards_n > 14 ? cards_n - 14 : 0; c < cards_n;
			c++) {
			if ((c + (size_t)step) % 3 > 0)
				continue;
			/* Each card as if it were the only one. */
			assert_ok(dlb_correspondent_add(
				sender, &who, &cards[c], NULL, &f->err));
			for (int skew = -6; skew <= 6; skew += 2) {
				int64_t at = now + skew * DLB_DAY_MS;
				struct dlb_seal_to to;
				struct dlb_seal_from from;
				enum dlb_status s;

				s = dlb_correspondent_seal_keys(sender, who.id,
					at, c % 3 == 0, &to, &from, &f->err);
				if (s == DLB_CLOCK) {
					refused++;
					continue;
				}
				assert_ok(s);
				sealed++;
				if (!finds(reader,
					    (uint16_t)(dlb_week_of(at)
						    + DLB_CELL_LIFETIME_WEEKS),
					    to.finding))
					fail_msg("not found: step %d card %zu "
						 "skew %d",
						step, c, skew);
				if (skew == 0 && step % 10 == 0)
					assert_true(opens(reader, to.opening_id,
						to.opening));
			}
			assert_ok(dlb_letterbox_rollback(sender, &f->err));
		}
		f->env.now_ms += 5 * DLB_DAY_MS + 3600 * 1000;
	}
	assert_true(sealed > 2000 && refused > 0);
	assert_ok(dlb_letterbox_commit(reader, &f->err));
	dlb_letterbox_close(sender);
	unlink(fixture_path(f, "letterbox"));
	unlink(fixture_path(f, "ring"));
	rmdir(f->dir);
	memcpy(f->dir, dir, sizeof(dir));
	reader = fixture_reopen(f, reader);
	assert_int_equal(dlb_letterbox_lost_keys(reader), 0);
	dlb_letterbox_close(reader);
}

static void
which_finding_secrets_are_tried(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	const uint8_t *s[DLB_FINDING_MAX];
	struct dlb_card card = own_card(l, false);
	uint16_t week = dlb_week_of(TEST_NOW_MS);
	uint8_t public[32];

	/* Now: the first quarter's only. A year on: newest first. */
	assert_int_equal(dlb_letterbox_finding(
				 l, (uint16_t)(week + 12), s, DLB_FINDING_MAX),
		1);
	assert_int_equal(dlb_letterbox_finding(l, (uint16_t)(week + 12 + 52), s,
				 DLB_FINDING_MAX),
		5);
	dlb_point_base(public, s[0]);
	assert_memory_equal(public, card.finding[4].key, 32);
	dlb_point_base(public, s[4]);
	assert_memory_equal(public, card.finding[0].key, 32);
	assert_int_equal(
		dlb_letterbox_finding(l, (uint16_t)(week + 64), s, 2), 2);
	/* Before all: the earliest. */
	assert_int_equal(dlb_letterbox_finding(l, 3, s, DLB_FINDING_MAX), 1);
	dlb_point_base(public, s[0]);
	assert_memory_equal(public, card.finding[0].key, 32);
	assert_int_equal(
		dlb_letterbox_finding(l, 0xffff, s, DLB_FINDING_MAX), 5);
	dlb_letterbox_close(l);
}

static void *
ask_opener(void *arg)
{
	struct dlb_opener *o = arg;
	uintptr_t sum = 0;

	for (uint32_t i = 0; i < 400; i++)
		sum ^= (uintptr_t)o->opening(o->ctx, 28 + i % 13);
	return (void *)sum;
}

static void
threads_may_ask_at_once(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_opener opener;
	pthread_t threads[4];
	void *sums[4];

	dlb_letterbox_opener(l, &opener);
	assert_memory_equal(&opener.reader, dlb_letterbox_identity(l),
		sizeof(opener.reader));
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, ask_opener, &opener),
			0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], &sums[i]);
	for (int i = 1; i < 4; i++)
		assert_ptr_equal(sums[i], sums[0]);
	dlb_letterbox_close(l);
}

/* Its card would be refused by everybody. */
static void
no_card_is_made_under_an_impossible_clock(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = NULL;

	f->env.now_ms = 1577836800000; /* 2020-01-01 */
	assert_int_equal(dlb_letterbox_create(&l, dlb_fs_posix(), f->dir,
				 &f->unlock, true, "ann", &f->env.env, &f->err),
		DLB_CLOCK);
	assert_null(l);
	assert_non_null(strstr(f->err.msg, "2020-01-01"));
	/* A courier's has none. */
	assert_ok(dlb_letterbox_create(&l, dlb_fs_posix(), f->dir, &f->unlock,
		false, NULL, &f->env.env, &f->err));
	assert_int_equal(
		dlb_letterbox_make_person(l, "ann", &f->err), DLB_CLOCK);
	dlb_letterbox_close(l);
}

/* Whatever is done meanwhile, a ring that is put back opens what it opened. */
static void
a_lost_ring_can_be_put_back(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_card card = own_card(l, false);
	struct dlb_buf ring = {0};
	uint32_t destroyed;

	dlb_letterbox_close(l);
	assert_ok(dlb_file_load(&ring, dlb_fs_posix(), fixture_path(f, "ring"),
		1 << 20, &f->err));
	assert_int_equal(unlink(fixture_path(f, "ring")), 0);
	l = fixture_open(f);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(dlb_letterbox_lost_keys(l), 18);
		/* What is tried now has to be tried again. */
		assert_int_equal(dlb_letterbox_generation(l), 0);
		assert_false(opens(l, 28, card.opening[0].key));
		assert_false(renew(f, l));
		assert_ok(dlb_keys_destroy(l, &destroyed, &f->err));
		assert_int_equal(destroyed, 0);
		assert_ok(dlb_letterbox_commit(l, &f->err));
		assert_int_equal(access(fixture_path(f, "ring"), F_OK), -1);
		f->env.now_ms += DLB_DAY_MS / 4;
		l = fixture_reopen(f, l);
	}
	dlb_letterbox_close(l);
	assert_ok(dlb_file_replace(dlb_fs_posix(), fixture_path(f, "ring"),
		ring.data, ring.len, &f->err));
	l = fixture_open(f);
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	assert_true(dlb_letterbox_generation(l) > 0);
	assert_true(opens(l, 28, card.opening[0].key));
	assert_false(renew(f, l));
	dlb_buf_free(&ring);
	dlb_letterbox_close(l);
}

static void
lost_keys_can_be_given_up(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_card card = own_card(l, false);
	struct dlb_identity id = *dlb_letterbox_identity(l);
	uint64_t serial = card.serial;
	bool new_card;
	uint32_t n;

	assert_int_equal(
		dlb_keys_give_up(l, &n, &new_card, &f->err), DLB_USAGE);
	dlb_letterbox_close(l);
	assert_int_equal(unlink(fixture_path(f, "ring")), 0);
	l = fixture_open(f);
	f->env.now_ms += 40 * DLB_DAY_MS;
	assert_int_equal(
		dlb_keys_give_up(l, &n, &new_card, &f->err), DLB_CLOCK);
	f->env.now_ms -= 40 * DLB_DAY_MS;
	assert_int_equal(dlb_letterbox_lost_keys(l), 18);
	assert_ok(dlb_keys_give_up(l, &n, &new_card, &f->err));
	assert_int_equal(n, 18);
	assert_true(new_card);
	l = fixture_reopen(f, l);
	assert_memory_equal(dlb_letterbox_identity(l), &id, sizeof(id));
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	card = own_card(l, false);
	assert_int_equal(card.serial, serial + 1);
	assert_true(opens(l, 28, card.opening[0].key));
	assert_false(renew(f, l));
	dlb_letterbox_close(l);
}

/* A sector that is torn takes one secret and no other. */
static void
a_torn_sector_costs_one_key(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_buf ring = {0};
	unsigned lost = 0;
	int fd;

	dlb_letterbox_close(l);
	assert_ok(dlb_file_load(&ring, dlb_fs_posix(), fixture_path(f, "ring"),
		1 << 20, &f->err));
	assert_int_equal(ring.len, 96 * 4096);
	fd = open(fixture_path(f, "ring"), O_WRONLY);
	assert_true(fd >= 0);
	for (off_t at = 0; at < (off_t)ring.len; at += 4096) {
		uint8_t torn[4096];

		memset(torn, 0x55, sizeof(torn));
		assert_int_equal(pwrite(fd, torn, 4096, at), 4096);
		l = fixture_open(f);
		assert_true(dlb_letterbox_lost_keys(l) <= 1);
		lost += dlb_letterbox_lost_keys(l);
		dlb_letterbox_close(l);
		assert_int_equal(pwrite(fd, ring.data + at, 4096, at), 4096);
	}
	close(fd);
	assert_int_equal(lost, 18);
	/* A ring of another letterbox, or moved records, are none. */
	memmove(ring.data, ring.data + 4096, ring.len - 4096);
	assert_ok(dlb_file_replace(dlb_fs_posix(), fixture_path(f, "ring"),
		ring.data, ring.len - 5000, &f->err));
	l = fixture_open(f);
	assert_int_equal(dlb_letterbox_lost_keys(l), 18);
	dlb_letterbox_close(l);
	dlb_buf_free(&ring);
}

static void
a_full_ring_grows(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct dlb_card card;

	for (int i = 0; i < 36; i++) {
		f->env.now_ms += 29 * DLB_DAY_MS;
		renew(f, l);
	}
	assert_true(dlb_ring_records(&l->ring) == 192);
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	card = own_card(l, false);
	assert_true(opens(l, card.opening[11].month, card.opening[11].key));
	dlb_letterbox_close(l);
}

/* A new file in its place would leave the old one's secrets in free blocks. */
static void
the_ring_is_written_in_place(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, "ann");
	struct stat before, after;

	assert_int_equal(stat(fixture_path(f, "ring"), &before), 0);
	for (int i = 0; i < 36; i++) {
		f->env.now_ms += 29 * DLB_DAY_MS;
		renew(f, l);
	}
	assert_int_equal(stat(fixture_path(f, "ring"), &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_size, 2 * before.st_size);
	l = fixture_reopen(f, l);
	assert_int_equal(dlb_letterbox_lost_keys(l), 0);
	dlb_letterbox_close(l);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_first_card),
		TEST(cards_are_renewed_monthly),
		TEST(an_old_copy_issues_newer_cards),
		TEST(no_card_by_a_clock_that_jumped),
		TEST(a_card_from_the_future_is_replaced),
		TEST(what_renewal_made_can_be_undone),
		TEST(whatever_card_the_sender_has),
		TEST(which_finding_secrets_are_tried),
		TEST(threads_may_ask_at_once),
		TEST(no_card_is_made_under_an_impossible_clock),
		TEST(a_lost_ring_can_be_put_back),
		TEST(lost_keys_can_be_given_up),
		TEST(a_torn_sector_costs_one_key),
		TEST(a_full_ring_grows),
		TEST(the_ring_is_written_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
