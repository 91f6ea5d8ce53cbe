/*
 * Memory: what is used is what was said, and where there is none everything fails in
 * good order, whichever allocation it is.
 */
#include "reconcile_test.h"

#include <malloc.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static struct {
	bool on;
	size_t allocations, fail_at; /* 1: the first; 0: none */
	size_t now, peak;
} watch;

static bool
fails(void)
{
	return watch.on && ++watch.allocations == watch.fail_at;
}

static void *
came(void *p)
{
	if (watch.on && p) {
		watch.now += malloc_usable_size(p);
		if (watch.now > watch.peak)
			watch.peak = watch.now;
	}
	return p;
}

static void
goes(void *p)
{
	if (watch.on && p)
		watch.now -= malloc_usable_size(p);
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : came(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : came(__real_calloc(n, size));
}

void *
__wrap_realloc(void *p, size_t size)
{
	size_t before = watch.on && p ? malloc_usable_size(p) : 0;
	void *q;

	if (fails())
		return NULL;
	q = __real_realloc(p, size);
	if (q && watch.on)
		watch.now -= before;
	return came(q);
}

void
__wrap_free(void *p)
{
	goes(p);
	__real_free(p);
}

static void
watch_start(size_t fail_at)
{
	memset(&watch, 0, sizeof(watch));
	watch.fail_at = fail_at;
	watch.on = true;
}

static struct dlb_env_seeded env;

static int
setup(void **state)
{
	(void)state;
	dlb_env_seeded_init(&env, 14, DLB_EPOCH_MS);
	return 0;
}

/* A whole course in two batches; DLB_OK or what went wrong first. */
static enum dlb_status
hear(const struct recon_pair *p, const uint8_t *told, size_t n)
{
	struct dlb_recon_set set;
	struct dlb_recon_decoder d;
	enum dlb_status status = dlb_recon_set_init(&set, p->key, p->b, p->b_n);

	if (status != DLB_OK) {
		dlb_recon_set_free(&set);
		return status;
	}
	dlb_recon_decoder_init(&d, &set, n, p->a_n);
	status = dlb_recon_grow(&set, 40);
	if (status == DLB_OK)
		status = dlb_recon_add(&d, told, 20);
	if (status == DLB_OK)
		status = dlb_recon_add(
			&d, told + 20 * DLB_RECON_SYMBOL_LEN, n - 20);
	if (status == DLB_OK && watch.fail_at == 0)
		recon_check(&d, p);
	if (status != DLB_OK)
		assert_false(dlb_recon_done(&d));
	dlb_recon_decoder_free(&d);
	dlb_recon_set_free(&set);
	return status;
}

static void
every_allocation_may_fail(void **state)
{
	struct recon_pair p;
	uint8_t *told;
	size_t failed = 0;

	(void)state;
	recon_pair_make(&p, &env.env, 300, 50, 50);
	told = recon_told(p.key, p.a, p.a_n, 300);
	for (size_t at = 1;; at++) {
		enum dlb_status status;

		watch_start(at);
		status = hear(&p, told, 300);
		watch.on = false;
		assert_int_equal(watch.now, 0);
		if (watch.allocations < at) {
			assert_int_equal(status, DLB_OK);
			break;
		}
		/* One that something else is done without may fail unseen. */
		assert_true(status == DLB_OK || status == DLB_NO_MEMORY);
		failed += status == DLB_NO_MEMORY;
	}
	assert_in_range(failed, 5, 20);
	free(told);
	recon_pair_free(&p);
}

/* The sums of further threads are done without. */
static void
growing_needs_no_more_than_its_symbols(void **state)
{
	struct recon_pair p;
	struct dlb_recon_set set;
	uint8_t *want, *got = malloc(100 * DLB_RECON_SYMBOL_LEN);
	struct dlb_writer w;

	(void)state;
	recon_pair_make(&p, &env.env, 40000, 0, 0);
	want = recon_told(p.key, p.a, p.a_n, 100);
	assert_int_equal(dlb_recon_set_init(&set, p.key, p.a, p.a_n), DLB_OK);
	watch_start(1);
	assert_int_equal(dlb_recon_grow(&set, 100), DLB_NO_MEMORY);
	assert_int_equal(set.made, 0);
	watch_start(2);
	assert_int_equal(dlb_recon_grow(&set, 100), DLB_OK);
	watch.on = false;
	dlb_writer_init(&w, got, 100 * DLB_RECON_SYMBOL_LEN);
	dlb_recon_write(&set, &w, 0, 100);
	assert_memory_equal(got, want, 100 * DLB_RECON_SYMBOL_LEN);
	dlb_recon_set_free(&set);
	free(got);
	free(want);
	recon_pair_free(&p);
}

static void
memory_is_as_said(void **state)
{
	struct recon_pair p;
	uint8_t *told;
	struct dlb_recon_set set;
	struct dlb_recon_decoder d;

	(void)state;
	assert_int_equal(dlb_recon_memory(1000, 50, false), 4000 + 800);
	assert_int_equal(dlb_recon_memory(1000, 50, true), 4000 + 2000);
	recon_pair_make(&p, &env.env, 30000, 2000, 2000);
	told = recon_told(p.key, p.a, p.a_n, 6000);
	watch_start(0);
	assert_int_equal(dlb_recon_set_init(&set, p.key, p.b, p.b_n), DLB_OK);
	assert_true(watch.now <= dlb_recon_memory(p.b_n, 0, false) + 64);
	dlb_recon_decoder_init(&d, &set, 6000, p.a_n);
	for (size_t at = 0; at < 6000; at += 100) {
		assert_int_equal(dlb_recon_add(&d,
					 told + at * DLB_RECON_SYMBOL_LEN, 100),
			DLB_OK);
		assert_true(
			watch.now <= dlb_recon_memory(p.b_n, 6000, true) + 256);
	}
	watch.on = false;
	recon_check(&d, &p);
	/* And for a moment more, never more than that. */
	assert_true(watch.peak <= dlb_recon_memory(p.b_n, 6000, true)
			+ 8 * p.b_n + (size_t)6000 * 16 + 256);
	watch.on = true;
	dlb_recon_decoder_free(&d);
	dlb_recon_set_free(&set);
	watch.on = false;
	assert_int_equal(watch.now, 0);
	free(told);
	recon_pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_allocation_may_fail, setup),
		cmocka_unit_test_setup(
			growing_needs_no_more_than_its_symbols, setup),
		cmocka_unit_test_setup(memory_is_as_said, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
