/* Paired nodes, pairing codes, and a home of before there were any. */
#include "letterbox_test.h"

#include "letterbox_internal.h"

static struct dlb_known_node
a_node(const char *name, uint8_t fill)
{
	struct dlb_known_node n = {0};

	snprintf(n.name, sizeof(n.name), "%s", name);
	memset(n.secret, fill, sizeof(n.secret));
	n.added_ms = TEST_NOW_MS;
	return n;
}

static bool
collect(void *ctx, const struct dlb_known_node *node)
{
	strcat(ctx, node->name);
	return true;
}

static void
nodes_are_kept(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_known_node a = a_node("van", 1), b = a_node("ferry", 2), got;
	char names[64] = "";

	assert_ok(dlb_known_node_save(l, &a, &f->err));
	assert_ok(dlb_known_node_save(l, &b, &f->err));
	a.vetted = true;
	a.met_ms = TEST_NOW_MS + 5;
	assert_ok(dlb_known_node_save(l, &a, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_known_node_by_name(l, &got, "van", &f->err));
	assert_memory_equal(&got, &a, sizeof(a));
	assert_ok(dlb_known_node_each(l, collect, names, &f->err));
	assert_string_equal(names, "ferryvan");
	got = a_node("van", 3);
	assert_int_equal(dlb_known_node_save(l, &got, &f->err), DLB_EXISTS);
	got = a_node("bus", 2);
	assert_int_equal(dlb_known_node_save(l, &got, &f->err), DLB_EXISTS);
	got = a_node("-bus", 3);
	assert_int_equal(dlb_known_node_save(l, &got, &f->err), DLB_MALFORMED);
	assert_ok(dlb_known_node_forget(l, "van", &f->err));
	assert_int_equal(
		dlb_known_node_forget(l, "van", &f->err), DLB_NOT_FOUND);
	assert_int_equal(
		dlb_known_node_by_name(l, &got, "van", &f->err), DLB_NOT_FOUND);
	dlb_letterbox_close(l);
}

static void
nodes_have_a_maximum(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l = fixture_create(f, NULL);
	struct dlb_known_node n;

	for (unsigned i = 0; i < DLB_KNOWN_NODES_MAX; i++) {
		n = a_node("", 0);
		snprintf(n.name, sizeof(n.name), "n%u", i);
		memcpy(n.secret, &i, sizeof(i));
		assert_ok(dlb_known_node_save(l, &n, &f->err));
	}
	n = a_node("one more", 0xee);
	assert_int_equal(dlb_known_node_save(l, &n, &f->err), DLB_LIMIT);
	dlb_letterbox_close(l);
}

static void
codes_round_trip(void **state)
{
	struct fixture *f = *state;
	char code[DLB_PAIR_CODE_MAX], typed[DLB_PAIR_CODE_MAX * 2];
	uint8_t made[32], read[32], zero[32] = {0};

	for (int i = 0; i < 50; i++) {
		size_t n = 0;

		dlb_pair_code_make(code, made, &f->env.env);
		assert_true(strlen(code) < DLB_PAIR_CODE_MAX - 1);
		assert_ok(
			dlb_pair_code_read(read, code, strlen(code), &f->err));
		assert_memory_equal(made, read, 32);
		/* As people type: capitals, and the first four letters. */
		for (const char *p = code; *p;) {
			size_t len = strcspn(p, " ");

			n += (size_t)snprintf(typed + n, sizeof(typed) - n,
				"%.*s\n", (int)(len > 4 ? 4 : len), p);
			typed[n - 2] = (char)(typed[n - 2] & ~0x20);
			p += len + strspn(p + len, " ");
			while (*p == '-' || *p == ' ')
				p++;
		}
		assert_ok(dlb_pair_code_read(read, typed, n, &f->err));
		assert_memory_equal(made, read, 32);
	}
	/* Two words exchanged, one left out, one too many, one unknown. */
	assert_int_equal(
		dlb_pair_code_read(read, code, strlen(code) - 9, &f->err),
		DLB_MALFORMED);
	assert_memory_equal(read, zero, 32);
	snprintf(typed, sizeof(typed), "%s wolf", code);
	assert_int_equal(
		dlb_pair_code_read(read, typed, strlen(typed), &f->err),
		DLB_MALFORMED);
	snprintf(typed, sizeof(typed), "xylophone %s", strchr(code, ' '));
	assert_int_equal(
		dlb_pair_code_read(read, typed, strlen(typed), &f->err),
		DLB_MALFORMED);
	assert_int_equal(
		dlb_pair_code_read(read, "", 0, &f->err), DLB_MALFORMED);
}

/* Every code that differs in one word is refused, but for one in 65,536. */
static void
a_slip_is_noticed(void **state)
{
	struct fixture *f = *state;
	char code[DLB_PAIR_CODE_MAX], other[DLB_PAIR_CODE_MAX];
	uint8_t bytes[18], secret[32];
	unsigned passed = 0;

	dlb_pair_code_make(code, secret, &f->env.env);
	assert_ok(dlb_words_decode(bytes, 18, code, strlen(code)));
	for (unsigned at = 0; at < 18; at++)
		for (unsigned v = 1; v < 256; v++) {
			bytes[at] ^= (uint8_t)v;
			dlb_words_encode(other, sizeof(other), bytes, 18, 6);
			passed += dlb_pair_code_read(
					  secret, other, strlen(other), NULL)
				== DLB_OK;
			bytes[at] ^= (uint8_t)v;
		}
	assert_true(passed <= 2);
}

static void
words_are_strict(void **state)
{
	uint8_t out[3];

	(void)state;
	assert_ok(dlb_words_decode(out, 3, "Wolf, ZEBR. elbo", 16));
	assert_ok(dlb_words_decode(out, 3, "\n-wolf - zebra-elbow\t", 21));
	assert_int_equal(
		dlb_words_decode(out, 3, "wol zebra elbow", 15), DLB_MALFORMED);
	assert_int_equal(dlb_words_decode(out, 3, "wolf zebras elbow", 17),
		DLB_MALFORMED);
	assert_int_equal(dlb_words_decode(out, 3, "wolf;zebra elbow", 16),
		DLB_MALFORMED);
	assert_int_equal(dlb_words_decode(out, 3, "wolf\0zebra elbow", 16),
		DLB_MALFORMED);
}

/* Both sides come to one secret, and to another with somebody else. */
static void
cards_give_one_secret(void **state)
{
	struct fixture *f = *state;
	struct dlb_letterbox *l[3];
	struct dlb_identity id[3];
	struct dlb_identity none;
	uint8_t s[3][32];
	char base[64];

	memcpy(base, f->dir, sizeof(base));
	for (int i = 0; i < 3; i++) {
		snprintf(f->dir, sizeof(f->dir), "%s", base);
		l[i] = fixture_create(f, "someone");
		id[i] = *dlb_letterbox_identity(l[i]);
		unlink(fixture_path(f, "letterbox"));
		unlink(fixture_path(f, "ring"));
	}
	assert_ok(dlb_pair_secret_of(l[0], s[0], &id[1], &f->err));
	assert_ok(dlb_pair_secret_of(l[1], s[1], &id[0], &f->err));
	assert_ok(dlb_pair_secret_of(l[2], s[2], &id[0], &f->err));
	assert_memory_equal(s[0], s[1], 32);
	assert_memory_not_equal(s[0], s[2], 32);
	none = id[1];
	memset(none.agree, 0, sizeof(none.agree));
	assert_int_equal(
		dlb_pair_secret_of(l[0], s[0], &none, &f->err), DLB_MALFORMED);
	for (int i = 0; i < 3; i++)
		dlb_letterbox_close(l[i]);
	l[0] = fixture_create(f, NULL);
	assert_int_equal(
		dlb_pair_secret_of(l[0], s[0], &id[1], &f->err), DLB_USAGE);
	dlb_letterbox_close(l[0]);
}

/* The letterbox of the first release, made by it, in the first form of the tables:
 * it opens, keeps what it holds, and takes what is new. */
static void
the_first_release_opens(void **state)
{
	struct fixture *f = *state;
	const char *dir = getenv("DLB_VECTORS");
	struct dlb_buf bytes = {0};
	struct dlb_letterbox *l;
	struct dlb_known_node node = a_node("van", 1), got;
	struct dlb_box box;
	char path[4096];

	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/v1.letterbox", dir);
	assert_ok(
		dlb_file_load(&bytes, dlb_fs_posix(), path, 1 << 20, &f->err));
	assert_ok(dlb_file_replace(dlb_fs_posix(), fixture_path(f, "letterbox"),
		bytes.data, bytes.len, &f->err));
	dlb_buf_free(&bytes);
	l = fixture_open(f);
	assert_ok(dlb_known_node_save(l, &node, &f->err));
	/* A change that is undone does not undo the tables. */
	assert_ok(dlb_letterbox_rollback(l, &f->err));
	node.id = 0;
	assert_ok(dlb_known_node_save(l, &node, &f->err));
	assert_ok(dlb_letterbox_commit(l, &f->err));
	l = fixture_reopen(f, l);
	assert_ok(dlb_box_by_name(l, &box, "shelf", &f->err));
	assert_string_equal(box.path, "/media/stick/box");
	assert_ok(dlb_known_node_by_name(l, &got, "van", &f->err));
	assert_true(dlb_letterbox_is_person(l));
	dlb_letterbox_close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nodes_are_kept, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			nodes_have_a_maximum, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			codes_round_trip, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_slip_is_noticed, fixture_setup, fixture_teardown),
		cmocka_unit_test(words_are_strict),
		cmocka_unit_test_setup_teardown(
			cards_give_one_secret, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_first_release_opens,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("known nodes", tests, NULL, NULL);
}
