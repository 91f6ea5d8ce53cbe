/* Recall tokens in a meeting: all of them come, once, whatever else goes on; and what a
 * peer can not do with them. */
#include "pair.h"
#include "raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint8_t tokens[2][DLB_MEETING_TOKENS_MAX + 1][DLB_MEETING_TOKEN_LEN];

static void
fill_tokens(void)
{
	struct dlb_env_seeded env;

	dlb_env_seeded_init(&env, 3, 0);
	dlb_random(&env.env, tokens, sizeof(tokens));
}

static void
offer(struct pair *p, int side, size_t n)
{
	p->side[side].config.tokens = tokens[side][0];
	p->side[side].config.tokens_n = n;
}

static void
assert_came(struct pair *p, int side, size_t n)
{
	assert_int_equal(p->side[side].tokens_n, n);
	assert_int_equal(p->side[side].tokens_seen, n > 0);
	assert_memory_equal(p->side[side].tokens, tokens[!side], 32 * n);
}

/* ---- two engines ------------------------------------------------------------------------ */

static void
test_all_come_once(void **state)
{
	static const size_t numbers[] = {
		0, 1, 250, 251, DLB_MEETING_TOKENS_MAX};
	static struct pair p;

	(void)state;
	for (unsigned i = 0; i < 25; i++) {
		size_t a = numbers[i % 5], b = numbers[i / 5];

		pair_init(&p, i);
		p.delay_ms = i % 3 * 40;
		p.chunk_max = i % 2 ? 7777 : 0;
		pair_fill(&p, 60, i % 4 * 10, i % 7 * 5);
		offer(&p, 0, a);
		offer(&p, 1, b);
		pair_meet(&p);
		pair_assert_done(&p);
		assert_came(&p, 0, b);
		assert_came(&p, 1, a);
		pair_free(&p);
	}
}

/* What a broken meeting has not shown in full, nobody hears of. */
static void
test_all_or_none(void **state)
{
	static struct pair p;
	unsigned none = 0, all = 0;

	(void)state;
	for (uint64_t cut = 500; cut < 70000; cut += 1900) {
		pair_init(&p, 5);
		pair_fill(&p, 20, 2, 2);
		offer(&p, 0, 700);
		offer(&p, 1, 700);
		p.cut_at = cut;
		pair_meet(&p);
		for (int side = 0; side < 2; side++) {
			size_t n = p.side[side].tokens_n;

			assert_true(n == 0 || n == 700);
			none += n == 0;
			all += n == 700;
			assert_came(&p, side, n);
		}
		pair_free(&p);
	}
	assert_true(none > 3 && all > 3);
}

/* ---- one by hand ------------------------------------------------------------------------- */

static struct raw r;
static bool as_caller;

static void
begin(size_t n)
{
	raw_init(&r, as_caller, 0);
	r.config.tokens = tokens[0][0];
	r.config.tokens_n = n;
	raw_start(&r);
	raw_greet(&r, 0, 0);
}

static void
say(size_t n, uint16_t left)
{
	uint8_t buf[DLB_LIST_MAX];
	struct dlb_writer w;

	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u16(&w, left);
	dlb_write_bytes(&w, tokens[1], n * 32);
	raw_say(&r, DLB_FRAME_TOKENS, buf, w.len);
}

static void
finish(enum dlb_meeting_end end)
{
	raw_expect_end(&r, end, DLB_BYE_FAULT);
	assert_int_equal(r.tokens, 0);
	raw_free(&r);
}

static unsigned
frames_of_tokens(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < r.said_n; i++)
		n += r.said[i].type == DLB_FRAME_TOKENS;
	return n;
}

static void
test_what_adds_up(void **state)
{
	(void)state;
	for (int caller = 0; caller < 2; caller++) {
		as_caller = caller != 0;
		begin(0);
		say(250, 2);
		assert_int_equal(r.tokens, 0);
		say(2, 0);
		assert_int_equal(r.tokens, 1);
		assert_int_equal(r.tokens_n, 252);
		assert_memory_equal(r.token, tokens[1][1], 32);
		assert_int_equal(frames_of_tokens(), 0);
		raw_free(&r);
	}
}

static void
test_what_does_not(void **state)
{
	static const uint8_t odd[2 + 33];

	(void)state;
	for (int caller = 0; caller < 2; caller++) {
		as_caller = caller != 0;
		/* More than may be, in one go. */
		begin(3);
		say(1, DLB_MEETING_TOKENS_MAX);
		finish(DLB_END_FLOOD);
		/* Not what the frame before it said. */
		begin(3);
		say(2, 10);
		say(2, 9);
		finish(DLB_END_MALFORMED);
		begin(3);
		say(2, 10);
		say(11, 0);
		finish(DLB_END_MALFORMED);
		/* No whole tokens. */
		begin(3);
		raw_say(&r, DLB_FRAME_TOKENS, odd, sizeof(odd));
		finish(DLB_END_MALFORMED);
		/* Twice. */
		begin(3);
		say(2, 0);
		assert_int_equal(r.tokens, 1);
		r.tokens = 0;
		say(2, 0);
		finish(DLB_END_OUT_OF_TURN);
	}
}

static void
test_not_after_the_end(void **state)
{
	(void)state;
	as_caller = false;
	begin(3);
	raw_say(&r, DLB_FRAME_LAST, NULL, 0);
	raw_say(&r, DLB_FRAME_END, NULL, 0);
	say(1, 0);
	finish(DLB_END_OUT_OF_TURN);
}

/* A peer of version 1 knows none. */
static void
test_version_1(void **state)
{
	(void)state;
	for (int caller = 0; caller < 2; caller++) {
		as_caller = caller != 0;
		raw_init(&r, as_caller, 0);
		r.version = 1;
		r.config.tokens = tokens[0][0];
		r.config.tokens_n = 300;
		raw_start(&r);
		raw_greet(&r, 0, 0);
		assert_int_equal(frames_of_tokens(), 0);
		say(1, 0);
		finish(DLB_END_MALFORMED);
		begin(300);
		assert_int_equal(frames_of_tokens(), 2);
		raw_free(&r);
	}
}

static void
test_too_many_of_ours(void **state)
{
	struct dlb_error err;

	(void)state;
	raw_init(&r, true, 0);
	r.config.tokens = tokens[0][0];
	r.config.tokens_n = DLB_MEETING_TOKENS_MAX + 1;
	assert_int_equal(dlb_meeting_new(&r.m, &r.config, &err), DLB_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_come_once),
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_what_adds_up),
		cmocka_unit_test(test_what_does_not),
		cmocka_unit_test(test_not_after_the_end),
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_too_many_of_ours),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	fill_tokens();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
