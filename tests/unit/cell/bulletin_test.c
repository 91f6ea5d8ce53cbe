/*
 * Bulletins: the reader that every follower is, and heads at handles that are foretold.
 */
#include "test.h"

#include "bulletin.h"

struct bulletin_world {
	struct cell_world *w;
	uint8_t key[DLB_KEY_LEN];
	struct dlb_bulletin_reader reader;
	uint8_t expanded[DLB_XWING_EXPANDED_LEN];
};

static int
setup(void **state)
{
	static struct bulletin_world b;

	b.w = cell_world_new(31);
	dlb_random(b.w->env, b.key, sizeof(b.key));
	dlb_bulletin_reader(&b.reader, b.key, &b.w->sender.identity);
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bulletin_world *b = *state;

	cell_world_free(b->w);
	return 0;
}

static struct dlb_stripe
seal(struct bulletin_world *b, uint32_t day, uint8_t slot)
{
	struct cell_world *w = b->w;
	struct dlb_seal_from from = {.identity = w->sender.identity};
	struct dlb_stripe s = cell_stripe(1000, 0, w->env);
	uint8_t handle[DLB_HANDLE_LEN];
	struct dlb_seal_to to;

	dlb_bulletin_handle(handle, b->key, day, slot);
	dlb_bulletin_seal_to(&to, &b->reader, handle);
	assert_ok(dlb_x25519(
		from.shared, w->sender.secret.agree, b->reader.identity.agree));
	cell_content(w->content, 0, 1000);
	assert_ok(dlb_head_seal(
		w->cell, w->aead, &to, &from, &s, w->content, w->env, NULL));
	assert_memory_equal(w->cell + DLB_AT_HANDLE, handle, DLB_HANDLE_LEN);
	return s;
}

static enum dlb_status
open_with(struct bulletin_world *b, const struct dlb_bulletin_reader *reader)
{
	struct dlb_opener opener;
	uint8_t shared[DLB_POINT_LEN];
	enum dlb_status s = dlb_find(
		shared, b->w->cell, reader->finding, &reader->identity);

	dlb_bulletin_opener(&opener, reader, b->expanded);
	return s == DLB_OK ? dlb_head_open(b->w->opened, b->w->aead, b->w->cell,
		       shared, &opener, NULL)
			   : s;
}

static void
who_has_the_card_opens_it(void **state)
{
	struct bulletin_world *b = *state;
	struct dlb_stripe s = seal(b, 20781, 3);
	struct dlb_bulletin_reader other;
	uint8_t key[DLB_KEY_LEN];

	assert_ok(open_with(b, &b->reader));
	assert_memory_equal(b->w->opened->stripe.letter_id, s.letter_id,
		sizeof(s.letter_id));
	assert_memory_equal(&b->w->opened->sender, &b->w->sender.identity,
		sizeof(struct dlb_identity));
	assert_memory_equal(b->w->opened->content, b->w->content, 1000);
	memcpy(key, b->key, sizeof(key));
	key[31] ^= 1;
	dlb_bulletin_reader(&other, key, &b->w->sender.identity);
	assert_int_equal(open_with(b, &other), DLB_NOT_MINE);
	/* The key of one author does not find what another posts. */
	dlb_bulletin_reader(&other, b->key, &b->w->other.identity);
	assert_int_equal(open_with(b, &other), DLB_NOT_MINE);
}

/* Handles are of one key, day and slot alone. */
static void
handles_are_all_different(void **state)
{
	struct bulletin_world *b = *state;
	uint8_t handles[64][DLB_HANDLE_LEN];
	size_t n = 0;

	for (uint32_t day = 20780; day < 20784; day++)
		for (uint8_t slot = 0; slot < DLB_BULLETIN_SLOTS; slot++) {
			dlb_bulletin_handle(handles[n], b->key, day, slot);
			assert_true(dlb_point_valid(handles[n]));
			for (size_t i = 0; i < n; i++)
				assert_memory_not_equal(
					handles[i], handles[n], DLB_HANDLE_LEN);
			n++;
		}
}

/* Even where a handle repeats no key does: the token hash is in the transcript. */
static void
no_key_is_used_twice(void **state)
{
	struct bulletin_world *b = *state;
	uint8_t first[DLB_CELL_LEN];
	size_t same = 0;

	seal(b, 20781, 3);
	memcpy(first, b->w->cell, sizeof(first));
	seal(b, 20781, 3);
	assert_memory_equal(first + DLB_AT_HANDLE, b->w->cell + DLB_AT_HANDLE,
		DLB_HANDLE_LEN);
	assert_memory_not_equal(
		first + DLB_AT_BODY, b->w->cell + DLB_AT_BODY, DLB_COMMIT_LEN);
	/* The same plaintext begins each box: under one key it would be the same. */
	for (size_t i = DLB_AT_BODY; i < DLB_CELL_LEN; i++)
		same += first[i] == b->w->cell[i];
	assert_true(same < 2 * DLB_BODY_LEN / 256);
}

/* The sealing binds all that a head says. */
static void
a_sealing_is_of_one_head(void **state)
{
	struct bulletin_world *b = *state;
	struct dlb_stripe s = cell_stripe(1000, 0, b->w->env), t;
	uint8_t want[DLB_HASH_LEN], got[DLB_HASH_LEN];
	static const uint8_t text[] = "before and behind";

	dlb_bulletin_sealing(want, &s, text, 7, text + 7, 10);
	dlb_bulletin_sealing(got, &s, text, 7, text + 7, 10);
	assert_memory_equal(want, got, sizeof(want));
	for (unsigned i = 0; i < 5; i++) {
		t = s;
		t.letter_id[0] ^= i == 0;
		t.sealing_id[0] ^= i == 1;
		t.stripe_key[0] ^= i == 2;
		t.letter_key[0] ^= i == 3;
		t.content_len ^= i == 4;
		dlb_bulletin_sealing(got, &t, text, 7, text + 7, 10);
		assert_memory_not_equal(want, got, sizeof(want));
	}
	dlb_bulletin_sealing(got, &s, text, 7, text + 7, 9);
	assert_memory_not_equal(want, got, sizeof(want));
	dlb_bulletin_sealing(got, &s, text + 1, 6, text + 7, 10);
	assert_memory_not_equal(want, got, sizeof(want));
}

/* A core is the same whenever the cell is sealed, whatever its tag. */
static void
cores_are_foretold(void **state)
{
	struct bulletin_world *b = *state;
	struct cell_world *w = b->w;
	struct dlb_stripe s = cell_stripe(200000, 0, w->env);
	uint8_t core[DLB_HASH_LEN], again[DLB_HASH_LEN], name[DLB_NAME_LEN];

	cell_content(w->content, 0, DLB_BULK_CONTENT_LEN);
	dlb_bulletin_core(core, w->copy, w->aead, &s, 1, w->content,
		DLB_BULK_CONTENT_LEN);
	dlb_bulk_seal(w->cell, w->aead, &s, 1, w->content, DLB_BULK_CONTENT_LEN,
		w->env);
	dlb_cell_name(again, name, w->cell);
	assert_memory_equal(core, again, sizeof(core));
	assert_memory_not_equal(w->cell, w->copy, DLB_WAYBILL_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_the_card_opens_it),
		cmocka_unit_test(handles_are_all_different),
		cmocka_unit_test(no_key_is_used_twice),
		cmocka_unit_test(a_sealing_is_of_one_head),
		cmocka_unit_test(cores_are_foretold),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
