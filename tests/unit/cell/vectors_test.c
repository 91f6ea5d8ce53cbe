/*
 * The committed vectors: made again they are the same bytes, and this program
 * comes to the verdicts that they state.
 *
 * DLB_VECTORS names the directory they lie in.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "vectors.h"

static int
group_setup(void **state)
{
	*state = vectors_new();
	return 0;
}

static int
group_teardown(void **state)
{
	vectors_free(*state);
	return 0;
}

static void
assert_file(const char *name, const void *want, size_t len)
{
	const char *dir = getenv("DLB_VECTORS");
	char path[4096];
	uint8_t *data = malloc(len + 1);
	size_t got;
	FILE *f;

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("there is no %s", path);
	got = fread(data, 1, len + 1, f);
	fclose(f);
	if (got != len || memcmp(data, want, len) != 0)
		fail_msg("%s is not what this program makes", path);
	free(data);
}

static void
files_are_what_is_made(void **state)
{
	struct vectors *v = *state;

	assert_file(VECTORS_JSON, v->json.data, v->json.len);
	for (int i = 0; i < v->n_files; i++)
		assert_file(v->files[i].name, v->files[i].cell, DLB_CELL_LEN);
}

static enum dlb_status
open_head(struct vectors *v, struct dlb_opened *opened, enum vector_who who,
	bool without, const uint8_t *cell)
{
	struct cell_person person = v->people[who];
	struct dlb_opener opener = cell_opener(&person);
	uint8_t shared[DLB_POINT_LEN];
	enum dlb_status status;

	if (without)
		person.opening_id++;
	status =
		dlb_find(shared, cell, person.finding_secret, &person.identity);
	if (status != DLB_OK)
		return status;
	return dlb_head_open(opened, v->aead, cell, shared, &opener, NULL);
}

static void
heads_open(void **state)
{
	struct vectors *v = *state;
	struct dlb_opened *o = malloc(sizeof(*o));

	for (int i = 0; i < VECTORS_LETTERS; i++) {
		const struct vector_letter *l = &v->letters[i];
		uint8_t f[DLB_FIELDS_LEN], g[DLB_FIELDS_LEN];

		assert_ok(open_head(
			v, o, l->reader, false, v->files[l->head_file].cell));
		dlb_stripe_encode(f, &l->stripe);
		dlb_stripe_encode(g, &o->stripe);
		assert_memory_equal(f, g, sizeof(f));
		assert_memory_equal(&o->sender, &v->people[l->sender].identity,
			sizeof(o->sender));
		assert_int_equal(o->card_len, l->card_len);
		if (l->card_len)
			assert_memory_equal(o->card, v->card, l->card_len);
		cell_content(v->content, 0, l->stripe.inline_len);
		if (l->stripe.inline_len)
			assert_memory_equal(
				o->content, v->content, l->stripe.inline_len);
	}
	free(o);
}

static enum dlb_status
verdict(struct vectors *v, const struct vector_bad *b, const uint8_t *cell,
	struct dlb_opened *opened)
{
	struct dlb_waybill waybill;
	struct dlb_stripe s;
	size_t len;

	switch (b->check) {
	case CHECK_COURIER:
		return dlb_cell_check(&waybill, cell, NULL);
	case CHECK_HEAD:
		return open_head(v, opened, b->reader, b->without, cell);
	case CHECK_BULK:
		s = v->letters[b->letter].stripe;
		return dlb_bulk_open(
			opened->plain, &len, v->aead, cell, &s, b->index);
	}
	return DLB_FAILED;
}

static void
verdicts_are_as_stated(void **state)
{
	struct vectors *v = *state;
	struct dlb_opened *opened = malloc(sizeof(*opened));
	uint8_t *cell = malloc(DLB_CELL_LEN);

	assert_true(v->n_bad > 80);
	for (size_t i = 0; i < v->n_bad; i++) {
		const struct vector_bad *b = &v->bad[i];
		enum dlb_status got;

		memcpy(cell, v->files[b->file].cell, DLB_CELL_LEN);
		for (size_t j = 0; j < b->n_patches; j++)
			memcpy(cell + b->patches[j].at, b->patches[j].bytes,
				b->patches[j].len);
		got = verdict(v, b, cell, opened);
		if (got != b->want)
			fail_msg("\"%s\" is %s, not %s", b->name,
				vectors_verdict(got), vectors_verdict(b->want));
	}
	free(opened);
	free(cell);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_what_is_made),
		cmocka_unit_test(heads_open),
		cmocka_unit_test(verdicts_are_as_stated),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
