/* The index in memory: the layout it follows, groups from which one is chosen
 * evenly, chains that hostile names and handles do not make slow. */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fixture {
	struct dlb_layout layout;
	struct dlb_index ix;
	struct dlb_env_seeded env;
};

static void
init(struct fixture *f, uint32_t slots)
{
	dlb_env_seeded_init(&f->env, 1, 0);
	dlb_layout_init(&f->layout, slots);
	assert_int_equal(
		dlb_index_init(&f->ix, &f->layout, &f->env.env), DLB_OK);
	for (uint32_t i = 0; i < slots; i++)
		dlb_index_give_slot(&f->ix, i);
}

static struct dlb_entry_plain
cell_entry(struct fixture *f, uint8_t flags, uint32_t origin)
{
	struct dlb_entry_plain e = {
		.kind = DLB_ENTRY_CELL, .flags = flags, .origin = origin};

	dlb_random(&f->env.env, e.name, sizeof(e.name));
	dlb_random(&f->env.env, e.handle, sizeof(e.handle));
	return e;
}

static uint32_t
add(struct fixture *f, struct dlb_entry_plain *e)
{
	uint32_t number = dlb_index_pick(&f->ix, DLB_GROUP_FREE, &f->env.env);

	assert_int_not_equal(number, DLB_NO_ENTRY);
	if (e->kind == DLB_ENTRY_CELL)
		e->slot = dlb_index_take_slot(&f->ix, &f->env.env);
	dlb_record_set(&f->ix.records[number], e);
	dlb_index_add(&f->ix, number);
	return number;
}

/* order is a permutation, its groups hold what they should. */
static void
check_order(const struct fixture *f)
{
	const struct dlb_index *ix = &f->ix;

	for (uint32_t at = 0; at < ix->entries; at++) {
		const struct dlb_record *r = &ix->records[ix->order[at]];
		enum dlb_group g = at < ix->end[0] ? DLB_GROUP_FREE
			: at < ix->end[1]          ? DLB_GROUP_STRANGERS
						   : DLB_GROUP_OTHERS;
		bool stranger = (r->flags & DLB_SHOWN) && r->origin == 0
			&& !(r->flags & DLB_REC_PINNED);

		assert_int_equal(r->place, at);
		assert_int_equal(g == DLB_GROUP_FREE, r->flags == 0);
		assert_int_equal(g == DLB_GROUP_STRANGERS, stranger);
	}
}

static void
layout_is_aligned_and_does_not_overlap(void **state)
{
	static const uint32_t slots[] = {
		16, 17, 100, 1000, 65536, 1000000, DLB_SATCHEL_SLOTS_MAX};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(slots); i++) {
		struct dlb_layout l;

		dlb_layout_init(&l, slots[i]);
		assert_true(l.entries >= slots[i] + slots[i] / 4 + 64);
		assert_int_equal(l.entries % 16, 0);
		assert_int_equal(l.table[0], 4096);
		assert_true(l.slot >= l.table[0] + l.table_len);
		assert_int_equal(l.slot % 65536, 0);
		assert_int_equal(l.table[1], l.slot + 65536ull * slots[i]);
		assert_int_equal(l.table[1] % 4096, 0);
		assert_int_equal(l.header[1], l.table[1] + l.table_len);
		assert_int_equal(l.size, l.header[1] + 4096);
		assert_int_equal(dlb_satchel_size_of(slots[i]), l.size);
		assert_int_equal(dlb_satchel_slots_in(l.size), slots[i]);
		assert_int_equal(dlb_satchel_slots_in(l.size - 1),
			slots[i] == 16 ? 0 : slots[i] - 1);
	}
	assert_int_equal(dlb_satchel_slots_in(0), 0);
	assert_int_equal(
		dlb_satchel_slots_in(UINT64_MAX), DLB_SATCHEL_SLOTS_MAX);
}

static void
entries_come_and_go(void **state)
{
	struct fixture f;
	uint32_t numbers[64];

	(void)state;
	init(&f, 64);
	for (unsigned round = 0; round < 20; round++) {
		unsigned n = 1 + round * 3;

		for (unsigned i = 0; i < n; i++) {
			struct dlb_entry_plain e = cell_entry(
				&f, i % 3 ? DLB_SHOWN : DLB_HELD, i % 5 == 0);

			numbers[i] = add(&f, &e);
			assert_int_equal(
				dlb_index_find(&f.ix, e.name, DLB_REC_CELL),
				numbers[i]);
			assert_int_equal(
				dlb_index_find(&f.ix, e.name, DLB_REC_TOKEN),
				DLB_NO_ENTRY);
		}
		check_order(&f);
		assert_int_equal(f.ix.cells, n);
		assert_int_equal(f.ix.free_slots_n, 64 - n);
		for (unsigned i = 0; i < n; i++)
			dlb_index_pin(&f.ix, numbers[i], i % 2);
		check_order(&f);
		for (unsigned i = 0; i < n; i++)
			dlb_index_remove(&f.ix, numbers[i]);
		check_order(&f);
		assert_int_equal(f.ix.cells + f.ix.shown + f.ix.held, 0);
		assert_int_equal(f.ix.free_slots_n, 64);
	}
	dlb_index_free(&f.ix);
}

static void
one_of_a_group_is_chosen_evenly(void **state)
{
	struct fixture f;
	unsigned seen[200] = {0}, rounds = 200 * 100;
	double chi = 0;

	(void)state;
	init(&f, 256);
	for (unsigned i = 0; i < 200; i++) {
		struct dlb_entry_plain e = cell_entry(&f, DLB_SHOWN, i >= 150);

		e.arrived_week = (uint16_t)i;
		add(&f, &e);
	}
	for (unsigned i = 0; i < rounds; i++) {
		uint32_t number =
			dlb_index_pick(&f.ix, DLB_GROUP_STRANGERS, &f.env.env);

		seen[f.ix.records[number].arrived_week]++;
	}
	for (unsigned i = 0; i < 200; i++) {
		double want = i < 150 ? rounds / 150.0 : 0;

		if (i >= 150)
			assert_int_equal(seen[i], 0);
		else
			chi += (seen[i] - want) * (seen[i] - want) / want;
	}
	/* 149 degrees of freedom: beyond 4 standard deviations. */
	assert_true(chi < 149 + 4 * 17.3);
	dlb_index_free(&f.ix);
}

static void
several_cells_of_one_handle(void **state)
{
	struct fixture f;
	struct dlb_entry_plain e;
	uint32_t numbers[5], at;
	uint8_t handle[32];
	unsigned n = 0;

	(void)state;
	init(&f, 64);
	memset(handle, 7, sizeof(handle));
	for (unsigned i = 0; i < 5; i++) {
		e = cell_entry(&f, DLB_SHOWN, 0);
		memcpy(e.handle, handle, sizeof(handle));
		numbers[i] = add(&f, &e);
	}
	/* A token whose hash begins alike is none of them. */
	memset(&e, 0, sizeof(e));
	e.kind = DLB_ENTRY_TOKEN;
	e.slot = DLB_NO_SLOT;
	memcpy(e.token_hash, handle, sizeof(handle));
	add(&f, &e);
	dlb_index_remove(&f.ix, numbers[2]);
	dlb_index_remove(&f.ix, numbers[4]);
	for (at = dlb_index_handle_first(&f.ix, handle, DLB_REC_CELL);
		at != DLB_NO_ENTRY;
		at = dlb_index_handle_next(&f.ix, at, DLB_REC_CELL)) {
		assert_true(at == numbers[0] || at == numbers[1]
			|| at == numbers[3]);
		n++;
	}
	assert_int_equal(n, 3);
	at = dlb_index_handle_first(&f.ix, handle, DLB_REC_TOKEN);
	assert_int_not_equal(at, DLB_NO_ENTRY);
	assert_int_equal(
		dlb_index_handle_next(&f.ix, at, DLB_REC_TOKEN), DLB_NO_ENTRY);
	dlb_index_free(&f.ix);
}

/* Names that count up, and one handle for all: each as quick as random ones.
 * With plain lists this takes minutes. */
static void
hostile_names_and_handles_are_not_slow(void **state)
{
	struct fixture f;
	const uint32_t n = 100000;
	uint64_t steps = 0;

	(void)state;
	init(&f, n);
	for (uint32_t i = 0; i < n; i++) {
		struct dlb_entry_plain e = {
			.kind = DLB_ENTRY_CELL, .flags = DLB_SHOWN};

		e.name[3] = (uint8_t)i;
		e.name[7] = (uint8_t)(i >> 8);
		e.name[11] = (uint8_t)(i >> 16);
		add(&f, &e);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = i;

		/* As many steps as to the end of its chain. */
		while (f.ix.records[at].flags
			&& (at = f.ix.records[at].name_next) != DLB_NO_ENTRY)
			steps++;
	}
	assert_true(steps < 4 * (uint64_t)n);
	for (uint32_t i = 0; i < f.ix.entries; i++)
		if (f.ix.records[i].flags)
			dlb_index_remove(&f.ix, i);
	assert_int_equal(f.ix.cells, 0);
	dlb_index_free(&f.ix);
}

static void
damage_is_marked_once(void **state)
{
	struct fixture f;
	struct dlb_entry_plain e;
	uint32_t number;

	(void)state;
	init(&f, 16);
	e = cell_entry(&f, DLB_SHOWN, 0);
	number = add(&f, &e);
	assert_true(dlb_index_mark_damaged(&f.ix, number));
	assert_false(dlb_index_mark_damaged(&f.ix, number));
	dlb_index_remove(&f.ix, number);
	assert_true(dlb_index_mark_damaged(&f.ix, number));
	dlb_index_free(&f.ix);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_aligned_and_does_not_overlap),
		cmocka_unit_test(entries_come_and_go),
		cmocka_unit_test(one_of_a_group_is_chosen_evenly),
		cmocka_unit_test(several_cells_of_one_handle),
		cmocka_unit_test(hostile_names_and_handles_are_not_slow),
		cmocka_unit_test(damage_is_marked_once),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
