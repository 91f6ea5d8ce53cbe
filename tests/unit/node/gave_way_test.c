/*
 * A meeting plans what it gives before it takes, and what comes in may push out what was to
 * go, and have its number: it is not given in its place.
 */
#include "home_fixture.h"

#include "meet_internal.h"

#include <stdio.h>
#include <string.h>

/* Half of them carry; an eighth of that is new in one meeting. */
#define SLOTS 2048
#define HOME_COPIES 128
#define BOX_COPIES 2

/* Cells that are shown, of a letter of which nobody has the head. */
static void
carry(struct fixture *f, struct dlb_node *n, struct dlb_satchel *to,
	uint32_t cells, uint8_t copies)
{
	struct dlb_stripe stripe = {.k = 1,
		.n = 1,
		.expiry_week = (uint16_t)(n->clock.trusted_week
			+ DLB_CELL_LIFETIME_WEEKS)};

	dlb_random(n->env, stripe.stripe_key, sizeof(stripe.stripe_key));
	dlb_random(n->env, stripe.letter_key, sizeof(stripe.letter_key));
	stripe.content_len = stripe.stripe_len =
		(uint64_t)cells * DLB_BULK_CONTENT_LEN;
	assert_int_equal(dlb_stripe_layout(&stripe, 0), DLB_OK);
	for (uint32_t i = 0; i < cells; i++) {
		uint8_t *cell = dlb_node_cell(n, 0);
		struct dlb_satchel_item item = {
			.cell = cell, .flags = DLB_SHOWN, .copies = copies};

		dlb_bulk_seal(
			cell, n->aead[0], &stripe, i + 1, NULL, 0, n->env);
		dlb_cell_name(item.core, item.name, cell);
		assert_dlb_ok(f,
			dlb_satchel_add(
				to, &item, 1, n->clock.trusted_week, &f->err));
		assert_int_equal(item.result, DLB_OK);
	}
	assert_dlb_ok(f, dlb_satchel_commit(to, &f->err));
}

static struct dlb_node *
courier(struct fixture *f, const char *name, uint32_t cells, uint8_t copies)
{
	struct dlb_home_options o = {.courier = true,
		.size = dlb_satchel_size_of(SLOTS),
		.sparse = true,
		.unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_node *n = NULL;

	assert_dlb_ok(f,
		dlb_node_create(&n, fixture_path(f, name), &o, &f->env.env,
			NULL, &f->err));
	carry(f, n, n->satchel, cells, copies);
	return n;
}

/* Of what came from there one copy is here, as the other one stayed there. */
static void
has_one_copy_of_each(const struct dlb_node *n, const struct dlb_satchel *giver)
{
	struct dlb_entry e, there;
	uint32_t both = 0;

	for (uint32_t at = 0; dlb_satchel_next(n->satchel, at, DLB_SHOWN, &e);
		at = e.number + 1) {
		uint8_t name[DLB_NAME_LEN] = {0};
		uint32_t number;

		memcpy(name, e.name, sizeof(e.name));
		number = dlb_satchel_find(giver, name);
		if (number == DLB_NO_ENTRY
			|| !dlb_satchel_entry(giver, number, &there)
			|| there.copies != 1)
			continue;
		both++;
		assert_int_equal(e.copies, 1);
	}
	assert_in_range(both, SLOTS / 2 / 8 / 2, SLOTS / 2 / 8);
}

static struct dlb_satchel *
open_box(struct fixture *f, struct dlb_node *n)
{
	const struct dlb_unlock unlock = {.kind = DLB_UNLOCK_OPEN};
	char path[512], name[DLB_BOX_NAME_MAX + 1];
	struct dlb_satchel *box = NULL;

	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, "usb"));
	assert_dlb_ok(f,
		dlb_node_box_open(n, &box, path, &unlock, true, name, &f->err));
	return box;
}

static void
what_came_is_not_given_back_to_a_box(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *n = courier(f, "carol", SLOTS / 2, HOME_COPIES);
	struct dlb_satchel *box;

	fixture_stick(f, n, "usb", 48);
	box = open_box(f, n);
	carry(f, n, box, 200, BOX_COPIES);
	dlb_satchel_close(box);
	assert_int_equal(fixture_meet(f, n, "usb").taken, SLOTS / 2 / 8);
	box = open_box(f, n);
	has_one_copy_of_each(n, box);
	dlb_satchel_close(box);
	dlb_node_close(n);
}

static void
what_came_is_not_given_back_to_a_folder(void **state)
{
	struct fixture *f = *state;
	struct dlb_node *dave = courier(f, "dave", 200, BOX_COPIES);
	struct dlb_node *n = courier(f, "carol", SLOTS / 2, HOME_COPIES);
	struct dlb_box_options o = {
		.cells = true, .unlock = {.kind = DLB_UNLOCK_OPEN}};
	struct dlb_box box;
	uint64_t size;

	fixture_mkdir(f, "sync");
	o.path = fixture_path(f, "sync");
	assert_dlb_ok(
		f, dlb_node_box_create(dave, &o, &box, &size, NULL, &f->err));
	fixture_meet(f, dave, "sync");
	assert_int_equal(fixture_meet(f, n, "sync").taken, SLOTS / 2 / 8);
	has_one_copy_of_each(n, dave->satchel);
	dlb_node_close(n);
	dlb_node_close(dave);
}

int
main(void)
{
#define TEST(t)                                                                \
	cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_came_is_not_given_back_to_a_box),
		TEST(what_came_is_not_given_back_to_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
