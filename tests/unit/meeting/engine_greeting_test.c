/*
 * Who is there: those who share a secret see it, on this channel alone; nobody else
 * sees anything.
 */
#include "pair.h"
#include "raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WEEK 100

static struct dlb_meeting_secret
secret(uint8_t which, uint32_t ref, bool box)
{
	struct dlb_meeting_secret s = {.ref = ref, .box = box};

	memset(s.key, which, sizeof(s.key));
	return s;
}

static void
meet(struct pair *p, const struct dlb_meeting_secret *a, size_t a_n,
	const struct dlb_meeting_secret *b, size_t b_n)
{
	p->side[0].config.secrets = a;
	p->side[0].config.secrets_n = a_n;
	p->side[1].config.secrets = b;
	p->side[1].config.secrets_n = b_n;
	pair_meet(p);
}

static void
assert_match(const struct pair_side *s, uint32_t ref, bool box)
{
	for (size_t i = 0; i < s->matches_n; i++)
		if (s->matches[i].ref == ref && s->matches[i].box == box)
			return;
	fail();
}

static void
test_both_see_it(void **state)
{
	struct dlb_meeting_secret a[] = {secret(1, 11, false),
		secret(2, 12, false), secret(3, 13, true)};
	struct dlb_meeting_secret b[] = {secret(9, 21, false),
		secret(3, 22, true), secret(1, 23, false)};
	struct pair p;

	(void)state;
	pair_init(&p, 1);
	meet(&p, a, 3, b, 3);
	assert_int_equal(p.side[0].matches_n, 2);
	assert_match(&p.side[0], 11, false);
	assert_match(&p.side[0], 13, true);
	assert_int_equal(p.side[1].matches_n, 2);
	assert_match(&p.side[1], 23, false);
	assert_match(&p.side[1], 22, true);
	meet(&p, a, 2, b, 2);
	assert_true(p.side[0].peer_seen && p.side[1].peer_seen);
	assert_int_equal(p.side[0].matches_n + p.side[1].matches_n, 0);
	assert_int_equal(p.side[0].end, DLB_END_DONE);
	pair_free(&p);
}

/* 40 that go first, and 70 for 56 places. */
#define MANY (40 + 70)

/* A node goes before boxes; four are answered at most. */
static void
test_many(void **state)
{
	static struct dlb_meeting_secret a[MANY], b[40];
	unsigned seen = 0, last = 0;
	struct pair p;

	(void)state;
	for (uint8_t i = 0; i < 40; i++) {
		a[i] = secret(i, 100 + i, i != 20);
		b[i] = secret((uint8_t)(39 - i), 200 + i, i != 19);
	}
	pair_init(&p, 2);
	meet(&p, a, 32, b, 40);
	for (int i = 0; i < 2; i++)
		assert_int_equal(p.side[i].matches_n, DLB_MEETING_ANSWERS);
	assert_match(&p.side[0], 120, false);
	assert_match(&p.side[1], 219, false);
	/* Of more than there are tags for, some, each time others; first those that
	 * are not `last`. */
	for (uint32_t i = 40; i < MANY; i++) {
		a[i] = secret((uint8_t)i, i, false);
		memcpy(a[i].key + 8, &i, sizeof(i));
		a[i].last = true;
	}
	for (unsigned i = 0; i < 200; i++) {
		b[0] = a[MANY - 1 - i % 70];
		meet(&p, a, MANY, b, 1);
		last += p.side[0].matches_n == 1;
		assert_int_equal(p.side[0].matches_n, p.side[1].matches_n);
		b[0] = a[i % 40];
		meet(&p, a, MANY, b, 1);
		seen += p.side[0].matches_n == 1;
		assert_int_equal(p.side[0].matches_n, p.side[1].matches_n);
	}
	assert_int_equal(seen, 200);
	assert_in_range(last, 140, 180); /* 56 of 70 */
	pair_free(&p);
}

static void
test_known_only(void **state)
{
	struct dlb_meeting_secret a = secret(1, 1, false),
				  b = secret(2, 2, false),
				  box = secret(3, 3, true);
	struct pair p;

	(void)state;
	for (int who = 0; who < 2; who++) {
		pair_init(&p, 3);
		pair_add(&p, 0, 1, WEEK, 4);
		pair_add(&p, 1, 2, WEEK, 4);
		p.side[who].config.known_only = true;
		meet(&p, &a, 1, &b, 1);
		assert_int_equal(p.side[who].end, DLB_END_STRANGER);
		assert_int_equal(p.side[!who].end, DLB_END_REFUSED);
		assert_int_equal(p.side[0].store.n + p.side[1].store.n, 2);
		/* A box that both know does not make them known. */
		meet(&p, &box, 1, &box, 1);
		assert_int_equal(p.side[who].end, DLB_END_STRANGER);
		assert_true(p.side[who].peer_seen);
		meet(&p, &a, 1, &a, 1);
		assert_int_equal(p.side[who].end, DLB_END_DONE);
		assert_int_equal(p.side[!who].end, DLB_END_DONE);
		assert_int_equal(p.side[0].store.n + p.side[1].store.n, 4);
		pair_free(&p);
	}
}

/* Who is refused is told nothing but that. */
static void
test_stranger_hears_nothing(void **state)
{
	struct dlb_meeting_secret a = secret(1, 1, false);
	struct raw r;

	(void)state;
	raw_init(&r, false, 64);
	r.config.secrets = &a;
	r.config.secrets_n = 1;
	r.config.known_only = true;
	raw_start(&r);
	raw_hello(&r);
	assert_int_equal(r.said_n, 1);
	raw_expect_end(&r, DLB_END_STRANGER, DLB_BYE_REFUSED);
	raw_free(&r);

	/* A caller says its HELLO, and no more. */
	raw_init(&r, true, 64);
	r.config.secrets = &a;
	r.config.secrets_n = 1;
	r.config.known_only = true;
	raw_start(&r);
	raw_hello(&r);
	assert_int_equal(r.said_n, 2);
	raw_expect(&r, DLB_FRAME_HELLO);
	raw_expect_end(&r, DLB_END_STRANGER, DLB_BYE_REFUSED);
	raw_free(&r);
}

/* The one who decides by PEER decides before anything of the set is said. */
static void
test_stop_at_peer(void **state)
{
	struct dlb_meeting_action a;
	uint8_t hello[4 + 4 + 32 * 12] = {1, 0, 1, 132, 1, 1};
	struct raw r;

	(void)state;
	raw_init(&r, false, 64);
	raw_start(&r);
	assert_int_equal(
		dlb_meeting_receive(r.m, hello, sizeof(hello)), sizeof(hello));
	assert_true(dlb_meeting_next(r.m, &a));
	assert_int_equal(a.what, DLB_MEETING_PEER);
	assert_int_equal(a.matches_n, 0);
	dlb_meeting_stop(r.m, true);
	raw_act(&r);
	assert_int_equal(r.said_n, 1);
	raw_expect_end(&r, DLB_END_STRANGER, DLB_BYE_REFUSED);
	raw_free(&r);
}

/* ---- what is seen by whom ------------------------------------------------------------- */

#define HEARD_MAX 16384

struct heard {
	uint8_t bytes[2][HEARD_MAX]; /* what either side said first */
	size_t n[2];
};

static void
record(struct pair *p, int side, uint8_t *bytes, size_t len)
{
	struct heard *h = p->ctx;

	for (size_t i = 0; i < len && h->n[side] < HEARD_MAX; i++)
		h->bytes[side][h->n[side]++] = bytes[i];
}

static void
hear(struct heard *h, uint64_t seed, uint8_t exporter,
	const struct dlb_meeting_secret *s, size_t s_n)
{
	struct pair p;

	memset(h, 0, sizeof(*h));
	pair_init(&p, seed);
	for (int i = 0; i < 2; i++)
		memset(p.side[i].config.exporter, exporter, 32);
	p.mutate = record;
	p.ctx = h;
	meet(&p, s, s_n, s, s_n);
	pair_free(&p);
}

static bool
holds(const uint8_t *bytes, size_t n, const uint8_t *part, size_t len)
{
	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(bytes + i, part, len) == 0)
			return true;
	return false;
}

/* Tags and answers are those of docs/meeting.md, and others on each channel. */
static void
test_nothing_repeats(void **state)
{
	struct dlb_meeting_secret s = secret(1, 1, false);
	struct heard a, b;

	(void)state;
	hear(&a, 1, 1, &s, 1);
	hear(&b, 1, 2, &s, 1);
	for (size_t i = 0; i < 2; i++) {
		uint8_t mac[16];

		for (uint8_t ex = 1; ex <= 2; ex++) {
			struct heard *h = ex == 1 ? &a : &b;
			uint8_t exporter[32];

			memset(exporter, ex, 32);
			dlb_derive(mac, 16, s.key, 32,
				i == 0 ? "dlb meeting caller"
				       : "dlb meeting listener",
				exporter, 32);
			/* There, as docs/meeting.md has it; not in the other. */
			assert_true(holds(
				h->bytes[i], h->n[i], mac, i == 0 ? 12 : 16));
			h = ex == 1 ? &b : &a;
			assert_false(holds(h->bytes[i], h->n[i], mac, 12));
		}
	}
	/* As long with a secret as without. */
	hear(&b, 1, 2, &s, 0);
	assert_memory_equal(a.bytes[0], b.bytes[0], 8);
	assert_memory_equal(a.bytes[1], b.bytes[1], 5);
}

/* What was said on one channel means nothing on another. */
static void
test_replay(void **state)
{
	struct dlb_meeting_secret s = secret(1, 1, false);
	struct heard h;
	struct raw r;

	(void)state;
	hear(&h, 1, 1, &s, 1);
	for (int same = 1; same >= 0; same--)
		for (int caller = 0; caller < 2; caller++) {
			size_t len = caller
				? 69
				: 4 + 388 + DLB_MEETING_MORE_TAGS * 8;

			/* The caller's tags and places are the same seed's. */
			raw_init(&r, caller, 0);
			memset(r.config.exporter, same ? 1 : 2, 32);
			r.config.secrets = &s;
			r.config.secrets_n = 1;
			r.config.known_only = true;
			raw_start(&r);
			raw_bytes(&r, h.bytes[!caller ? 0 : 1], len);
			assert_int_equal(r.over, !same);
			assert_int_equal(r.matches_n, same);
			if (!same)
				raw_expect_end(
					&r, DLB_END_STRANGER, DLB_BYE_REFUSED);
			raw_free(&r);
		}
}

/* What one shows can not be shown back. */
static void
test_mirror(void **state)
{
	struct dlb_meeting_secret s = secret(1, 1, false);
	uint8_t welcome[65] = {1};
	struct heard h;
	struct raw r;

	(void)state;
	hear(&h, 1, 1, &s, 1);
	for (size_t at = 0; at < 32; at += 4) {
		for (size_t i = 0; i < 4; i++)
			memcpy(welcome + 1 + 16 * i,
				h.bytes[0] + 8 + 12 * (at + i), 12);
		raw_init(&r, true, 0);
		memset(r.config.exporter, 1, 32);
		r.config.secrets = &s;
		r.config.secrets_n = 1;
		raw_start(&r);
		raw_say(&r, DLB_FRAME_WELCOME, welcome, sizeof(welcome));
		assert_int_equal(r.matches_n, 0);
		raw_free(&r);
	}
}

/* ---- boxes ------------------------------------------------------------------------------- */

/* Cells of a box that both know go first, whatever their week; of another box, not. */
static void
test_box_first(void **state)
{
	struct dlb_meeting_secret both = secret(1, 7, true),
				  mine[] = {secret(5, 8, true), both};
	struct pair p;

	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		size_t early = 0;

		pair_init(&p, 4);
		for (uint32_t i = 0; i < 90; i++) {
			struct pair_cell *c = pair_add(
				&p, 0, i, (uint16_t)(WEEK + i % 3), 16);

			c->c.box = i % 9 == 0 ? 7 : i % 9 == 1 ? 8 : 0;
			if (i >= 45)
				continue;
			c = pair_add(&p, 1, i, (uint16_t)(WEEK + i % 3), 16);
			c->c.box = shared && i % 9 == 0 ? 7 : 0;
		}
		meet(&p, mine, 2, &both, shared ? 1 : 0);
		assert_int_equal(p.side[0].end, DLB_END_DONE);
		assert_int_equal(p.side[1].end, DLB_END_DONE);
		assert_int_equal(p.side[1].store.n, 90);
		for (size_t k = 45; k < 50; k++) {
			const struct pair_cell *c = pair_find(
				&p, 0, p.side[1].store.cells[k].c.name);

			early += c->c.box == 7;
		}
		if (shared)
			assert_int_equal(early, 5);
		else
			assert_true(early < 5);
		pair_free(&p);
	}
}

/* The last copy of a box's cell goes to who has the box, as a copy; the box's cells
 * are compared for themselves in whatever way is cheaper. */
static void
test_box_sizes(void **state)
{
	static const uint32_t sizes[][3] = {
		{0, 0, 10},
		{0, 10, 0},
		{1, 1, 1},
		{2000, 2, 3},
		{10, 0, 900},
		{900, 0, 3},
	};
	struct dlb_meeting_secret box = secret(1, 7, true);

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++) {
		const uint32_t *n = sizes[i];
		uint32_t all = n[0] + n[1] + n[2];
		struct pair p;

		pair_init(&p, 10 + i);
		for (uint32_t k = 0; k < all; k++)
			for (int side = 0; side < 2; side++) {
				bool here = k < n[0]
					|| (k < n[0] + n[1]) == (side == 0);

				if (here)
					pair_add(&p, side, k, WEEK, 1)->c.box =
						7;
				/* As many of no box, that both have. */
				pair_add(&p, side, 50000 + k, WEEK, 1);
			}
		meet(&p, &box, 1, &box, 1);
		assert_int_equal(p.side[0].end, DLB_END_DONE);
		assert_int_equal(p.side[1].end, DLB_END_DONE);
		assert_int_equal(p.side[0].stats.given, n[1]);
		assert_int_equal(p.side[1].stats.given, n[2]);
		for (int side = 0; side < 2; side++)
			for (size_t k = 0; k < p.side[side].store.n; k++)
				assert_int_equal(
					p.side[side].store.cells[k].c.copies,
					1);
		pair_free(&p);
	}
}

/* Who is recognised so is given the cells of that box and no other, and gives all. */
static void
test_only_box(void **state)
{
	(void)state;
	for (int caller = 0; caller < 2; caller++)
		for (int limited = 0; limited < 2; limited++) {
			/* Of the first side: a box, the other's own secret, and a
			 * box that the other does not have. */
			struct dlb_meeting_secret mine[] = {secret(1, 7, true),
				secret(2, 8, false), secret(3, 9, true)};
			struct pair p;

			mine[1].only_box = limited ? 7 : 0;
			pair_init(&p, 60 + caller);
			for (uint32_t i = 0; i < 60; i++) {
				struct pair_cell *c =
					pair_add(&p, caller, i, WEEK, 16);

				c->c.box = i % 3 == 0 ? 7 : i % 3 == 1 ? 9 : 0;
				c->c.flags = i >= 50 ? DLB_MEETING_OWN : 0;
				pair_add(&p, 1 - caller, 100 + i, WEEK, 16);
			}
			if (caller == 0)
				meet(&p, mine, 3, mine, 2);
			else
				meet(&p, mine, 2, mine, 3);
			assert_int_equal(p.side[0].end, DLB_END_DONE);
			assert_int_equal(p.side[1].end, DLB_END_DONE);
			/* Both say so where both have the same secrets. */
			assert_int_equal(
				p.side[caller].stats.given, limited ? 20 : 60);
			assert_int_equal(p.side[1 - caller].stats.given,
				limited ? 0 : 60);
			pair_free(&p);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_see_it),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_known_only),
		cmocka_unit_test(test_stranger_hears_nothing),
		cmocka_unit_test(test_stop_at_peer),
		cmocka_unit_test(test_nothing_repeats),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_box_first),
		cmocka_unit_test(test_box_sizes),
		cmocka_unit_test(test_only_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
