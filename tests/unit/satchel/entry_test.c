/* The form of one entry: round trips, and only the canonical form is accepted. */
#include "satchel_store.h"

#include "satchel_internal.h"

#include <string.h>

#define SLOTS 16

static struct dlb_entry_plain
some_cell(void)
{
	struct dlb_entry_plain e = {.kind = DLB_ENTRY_CELL,
		.flags = DLB_SHOWN | DLB_HELD,
		.copies = 3,
		.searched = 0x1234,
		.expiry_week = 112,
		.arrived_week = 100,
		.origin = 0xabcdef01,
		.slot = 15};

	memset(e.name, 1, sizeof(e.name));
	memset(e.core, 2, sizeof(e.core));
	memset(e.handle, 3, sizeof(e.handle));
	memset(e.box_tag, 4, sizeof(e.box_tag));
	memset(e.token_hash, 5, sizeof(e.token_hash));
	memset(e.secret, 6, sizeof(e.secret));
	return e;
}

static struct dlb_entry_plain
some_token(void)
{
	struct dlb_entry_plain e = {.kind = DLB_ENTRY_TOKEN,
		.expiry_week = 112,
		.arrived_week = 100,
		.origin = 7,
		.slot = DLB_NO_SLOT};

	memset(e.name, 1, sizeof(e.name));
	memset(e.token_hash, 5, sizeof(e.token_hash));
	memset(e.secret, 6, sizeof(e.secret));
	return e;
}

static bool
accepted(const struct dlb_entry_plain *e)
{
	uint8_t bytes[DLB_ENTRY_PLAIN_LEN], again[DLB_ENTRY_PLAIN_LEN];
	struct dlb_entry_plain out;

	dlb_entry_encode(bytes, e);
	if (!dlb_entry_decode(&out, bytes, SLOTS))
		return false;
	dlb_entry_encode(again, &out);
	assert_memory_equal(bytes, again, sizeof(bytes));
	return true;
}

static void
round_trips(void **state)
{
	struct dlb_entry_plain cell = some_cell(), token = some_token();

	(void)state;
	assert_true(accepted(&cell));
	assert_true(accepted(&token));
}

/* Where each field lies is the format: docs/satchel.md, section 4. */
static void
fields_lie_where_the_format_says(void **state)
{
	static const uint8_t head[] = {1, 3, 3, 0x12, 0x34, 0, 112, 0, 100,
		0xab, 0xcd, 0xef, 0x01, 0, 0, 0, 15};
	struct dlb_entry_plain e = some_cell();
	uint8_t bytes[DLB_ENTRY_PLAIN_LEN];

	(void)state;
	dlb_entry_encode(bytes, &e);
	assert_memory_equal(bytes, head, sizeof(head));
	assert_int_equal(bytes[17], 1);
	assert_int_equal(bytes[49], 2);
	assert_int_equal(bytes[81], 3);
	assert_int_equal(bytes[113], 4);
	assert_int_equal(bytes[129], 5);
	assert_int_equal(bytes[161], 6);
	assert_int_equal(bytes[193], 0);
	assert_int_equal(bytes[215], 0);
}

static void
other_forms_of_a_cell_are_refused(void **state)
{
	struct dlb_entry_plain e;

	(void)state;
#define REFUSED(change)                                                        \
	do {                                                                   \
		e = some_cell();                                               \
		change;                                                        \
		assert_false(accepted(&e));                                    \
	} while (0)
	REFUSED(e.kind = 0);
	REFUSED(e.kind = 3);
	REFUSED(e.slot = SLOTS);
	REFUSED(e.slot = DLB_NO_SLOT);
	REFUSED(e.flags = 0);
	REFUSED(e.flags = DLB_LOOK);
	REFUSED(e.flags = DLB_OWN);
	REFUSED(e.flags = DLB_HELD | DLB_LOOK);
	REFUSED(e.flags = DLB_SHOWN | DLB_OWN);
	REFUSED(e.flags = DLB_SHOWN | 0x10);
	REFUSED(e.flags = DLB_SHOWN | 0x80);
#undef REFUSED
}

static void
other_forms_of_a_token_are_refused(void **state)
{
	struct dlb_entry_plain e;

	(void)state;
#define REFUSED(change)                                                        \
	do {                                                                   \
		e = some_token();                                              \
		change;                                                        \
		assert_false(accepted(&e));                                    \
	} while (0)
	REFUSED(e.slot = 3);
	REFUSED(e.flags = DLB_SHOWN);
	REFUSED(e.copies = 1);
	REFUSED(e.searched = 1);
	REFUSED(e.core[31] = 1);
	REFUSED(e.handle[0] = 1);
	REFUSED(e.box_tag[15] = 1);
#undef REFUSED
}

static void
bytes_at_the_end_are_zero(void **state)
{
	struct dlb_entry_plain e = some_cell(), out;
	uint8_t bytes[DLB_ENTRY_PLAIN_LEN];

	(void)state;
	for (size_t i = 193; i < DLB_ENTRY_PLAIN_LEN; i++) {
		dlb_entry_encode(bytes, &e);
		bytes[i] = 0x80;
		assert_false(dlb_entry_decode(&out, bytes, SLOTS));
	}
}

/* Whatever flags a caller comes with, what is made of them is read again. */
static void
tidy_flags_are_accepted(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		struct dlb_entry_plain e = some_cell();

		e.flags = dlb_flags_tidy((uint8_t)flags);
		assert_int_equal(e.flags & (DLB_SHOWN | DLB_HELD),
			flags & (DLB_SHOWN | DLB_HELD));
		assert_int_equal(
			accepted(&e), (flags & (DLB_SHOWN | DLB_HELD)) != 0);
	}
}

static void
sealed_for_one_place(void **state)
{
	struct dlb_satchel_keys keys, other;
	struct dlb_env_seeded env;
	struct dlb_entry_plain e = some_cell(), out;
	uint8_t one[DLB_ENTRY_LEN], two[DLB_ENTRY_LEN];

	(void)state;
	memset(&keys, 9, sizeof(keys));
	memset(&other, 8, sizeof(other));
	dlb_env_seeded_init(&env, 1, 0);
	dlb_entry_seal(one, &keys, 5, &e, &env.env);
	dlb_entry_seal(two, &keys, 5, &e, &env.env);
	assert_memory_not_equal(one, two, sizeof(one));
	assert_int_equal(
		dlb_entry_open(&out, &keys, 5, one, SLOTS), DLB_ENTRY_GOOD);
	assert_int_equal(
		dlb_entry_open(&out, &keys, 6, one, SLOTS), DLB_ENTRY_NONE);
	assert_int_equal(
		dlb_entry_open(&out, &other, 5, one, SLOTS), DLB_ENTRY_NONE);
	assert_int_equal(
		dlb_entry_open(&out, &keys, 5, one, 15), DLB_ENTRY_NONSENSE);
	for (size_t i = 0; i < sizeof(one); i++) {
		one[i] ^= 1;
		assert_int_equal(dlb_entry_open(&out, &keys, 5, one, SLOTS),
			DLB_ENTRY_NONE);
		one[i] ^= 1;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(fields_lie_where_the_format_says),
		cmocka_unit_test(other_forms_of_a_cell_are_refused),
		cmocka_unit_test(other_forms_of_a_token_are_refused),
		cmocka_unit_test(bytes_at_the_end_are_zero),
		cmocka_unit_test(tidy_flags_are_accepted),
		cmocka_unit_test(sealed_for_one_place),
	};

	if (dlb_base_init() != DLB_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
