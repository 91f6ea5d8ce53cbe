#include "reconcile_test.h"

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void
recon_sort(uint64_t *ids, size_t n)
{
	if (n > 0)
		qsort(ids, n, sizeof(*ids), compare);
}

bool
recon_has(const uint64_t *ids, size_t n, uint64_t id)
{
	return n > 0 && bsearch(&id, ids, n, sizeof(*ids), compare);
}

static uint64_t *
draw_ids(const struct dlb_env *env, size_t n)
{
	uint64_t *ids = malloc(n * sizeof(*ids) + 1);

	assert_non_null(ids);
	dlb_random(env, ids, n * sizeof(*ids));
	recon_sort(ids, n);
	return ids;
}

static uint64_t *
merge(const uint64_t *x, size_t x_n, const uint64_t *y, size_t y_n)
{
	uint64_t *all = malloc((x_n + y_n) * sizeof(*all) + 1);

	assert_non_null(all);
	memcpy(all, x, x_n * sizeof(*x));
	memcpy(all + x_n, y, y_n * sizeof(*y));
	recon_sort(all, x_n + y_n);
	return all;
}

void
recon_pair_make(struct recon_pair *p, const struct dlb_env *env, size_t common,
	size_t only_a, size_t only_b)
{
	uint64_t *both = draw_ids(env, common);

	dlb_random(env, p->key, sizeof(p->key));
	p->only_a = draw_ids(env, only_a);
	p->only_b = draw_ids(env, only_b);
	p->only_a_n = only_a;
	p->only_b_n = only_b;
	p->a = merge(both, common, p->only_a, only_a);
	p->b = merge(both, common, p->only_b, only_b);
	p->a_n = common + only_a;
	p->b_n = common + only_b;
	free(both);
}

void
recon_pair_free(struct recon_pair *p)
{
	free(p->a);
	free(p->b);
	free(p->only_a);
	free(p->only_b);
	memset(p, 0, sizeof(*p));
}

uint8_t *
recon_told(const uint8_t key[static DLB_RECON_KEY_LEN], const uint64_t *ids,
	size_t ids_n, size_t n)
{
	struct dlb_recon_set s;
	struct dlb_writer w;
	uint8_t *told = malloc(n * DLB_RECON_SYMBOL_LEN + 1);

	assert_non_null(told);
	assert_int_equal(dlb_recon_set_init(&s, key, ids, ids_n), DLB_OK);
	assert_int_equal(dlb_recon_grow(&s, n), DLB_OK);
	dlb_writer_init(&w, told, n * DLB_RECON_SYMBOL_LEN);
	dlb_recon_write(&s, &w, 0, n);
	assert_false(w.failed);
	assert_int_equal(w.len, n * DLB_RECON_SYMBOL_LEN);
	dlb_recon_set_free(&s);
	return told;
}

void
hearer_init(struct hearer *h, const struct recon_pair *p, size_t limit,
	size_t peer_n)
{
	assert_int_equal(
		dlb_recon_set_init(&h->set, p->key, p->b, p->b_n), DLB_OK);
	dlb_recon_decoder_init(&h->d, &h->set, limit, peer_n);
}

void
hearer_free(struct hearer *h)
{
	dlb_recon_decoder_free(&h->d);
	dlb_recon_set_free(&h->set);
}

void
recon_check(const struct dlb_recon_decoder *d, const struct recon_pair *p)
{
	assert_true(dlb_recon_done(d));
	assert_int_equal(dlb_recon_theirs_n(d), p->only_a_n);
	assert_int_equal(dlb_recon_ours_n(d), p->only_b_n);
	for (size_t i = 0; i < p->only_a_n; i++)
		assert_true(dlb_recon_theirs(d, i) == p->only_a[i]);
	for (size_t i = 0; i < p->only_b_n; i++)
		assert_true(p->b[dlb_recon_ours(d, i)] == p->only_b[i]);
}

void
recon_check_hostile(const struct dlb_recon_decoder *d)
{
	assert_true(d->heard <= d->limit);
	assert_true(d->found_n <= d->heard);
	assert_true(d->failed == DLB_OK || !dlb_recon_done(d));
	for (size_t i = 0; i < d->found_n; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(d->found[i].id != d->found[k].id);
	if (!dlb_recon_done(d)) {
		assert_int_equal(dlb_recon_theirs_n(d), 0);
		assert_int_equal(dlb_recon_ours_n(d), 0);
		return;
	}
	assert_int_equal(
		d->found_n, dlb_recon_theirs_n(d) + dlb_recon_ours_n(d));
	for (size_t i = 0; i < dlb_recon_theirs_n(d); i++) {
		uint64_t id = dlb_recon_theirs(d, i);

		assert_true(i == 0 || dlb_recon_theirs(d, i - 1) < id);
		assert_false(recon_has(d->set->ids, d->set->n, id));
	}
	for (size_t i = 0; i < dlb_recon_ours_n(d); i++) {
		assert_true(dlb_recon_ours(d, i) < d->set->n);
		assert_true(i == 0
			|| dlb_recon_ours(d, i - 1) < dlb_recon_ours(d, i));
	}
}
