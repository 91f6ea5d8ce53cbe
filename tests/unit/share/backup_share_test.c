/* Shares of backups: what enough of them give back, and what else they can be. */
#include "test.h"

#include "backup_share.h"

#include <stdio.h>

static struct dlb_env_seeded env;

static int
setup(void **state)
{
	(void)state;
	dlb_env_seeded_init(&env, 31, 0);
	return 0;
}

/* A backup of so many bytes, and what its holders get. */
struct made {
	struct dlb_backup backup;
	uint8_t *content;
	size_t len;
	struct dlb_buf records[DLB_BACKUP_HOLDERS_MAX];
};

static void
make(struct made *m, unsigned need, unsigned n, int64_t made_s, size_t len)
{
	struct dlb_backup_what what = {.need = need,
		.n = n,
		.made_s = made_s,
		.keep_from_s = made_s / 2,
		.len = len};
	struct dlb_error err;

	memset(m, 0, sizeof(*m));
	m->content = malloc(len + 1);
	m->len = len;
	if (len)
		dlb_random(&env.env, m->content, len);
	what.content = m->content;
	assert_ok(dlb_backup_make(&m->backup, &what, &env.env, &err));
	for (unsigned i = 0; i < n; i++)
		assert_ok(dlb_backup_write(&m->records[i], &m->backup, i));
}

static void
unmake(struct made *m)
{
	for (unsigned i = 0; i < m->backup.n; i++)
		dlb_buf_free(&m->records[i]);
	dlb_backup_free(&m->backup);
	free(m->content);
}

static void
parse(struct dlb_backup_share *out, const struct dlb_buf *record)
{
	struct dlb_error err;

	assert_ok(dlb_backup_share_parse(out, record->data, record->len, &err));
}

static void
gives(const struct made *m, const struct dlb_backup_share *shares, size_t n,
	const enum dlb_backup_part *expected)
{
	enum dlb_backup_part parts[DLB_BACKUP_HOLDERS_MAX + 8];
	struct dlb_buf content = {0};
	struct dlb_error err;
	unsigned missing;
	size_t which;

	assert_ok(dlb_backup_join(
		&content, parts, &which, &missing, shares, n, &err));
	assert_int_equal(missing, 0);
	assert_true(content.len >= m->len);
	assert_memory_equal(content.data, m->content, m->len);
	for (size_t i = m->len; i < content.len; i++)
		assert_int_equal(content.data[i], 0);
	assert_memory_equal(
		shares[which].id, m->backup.id, sizeof(m->backup.id));
	for (size_t i = 0; expected && i < n; i++)
		assert_int_equal(parts[i], expected[i]);
	dlb_buf_free(&content);
}

/* Every set of five, with every number that is needed. */
static void
any_need_of_them_give_it_and_fewer_do_not(void **state)
{
	(void)state;
	for (unsigned need = 2; need <= 5; need++) {
		struct made m;

		make(&m, need, 5, 1000, 300 * need);
		for (unsigned set = 1; set < 32; set++) {
			enum dlb_backup_part parts[5];
			struct dlb_backup_share shares[5];
			struct dlb_buf content = {0};
			struct dlb_error err;
			unsigned missing;
			size_t n = 0, which;

			for (unsigned i = 5; i-- > 0;)
				if (set >> i & 1)
					parse(&shares[n++], &m.records[i]);
			if (n >= need) {
				gives(&m, shares, n, NULL);
				continue;
			}
			assert_status(dlb_backup_join(&content, parts, &which,
					      &missing, shares, n, &err),
				DLB_PARTLY);
			assert_int_equal(missing, need - n);
			assert_int_equal(content.len, 0);
		}
		unmake(&m);
	}
}

static void
of_255_holders_all(void **state)
{
	struct dlb_backup_share *shares = calloc(255, sizeof(*shares));
	struct made m;

	(void)state;
	make(&m, 255, 255, 5, 10);
	for (unsigned i = 0; i < 255; i++)
		parse(&shares[i], &m.records[i]);
	gives(&m, shares, 255, NULL);
	unmake(&m);
	free(shares);
}

static void
how_long_it_is_says_little(void **state)
{
	static const struct {
		size_t len, padded;
	} sizes[] = {{0, 65536}, {65536, 65536}, {65537, 131072},
		{1048577, DLB_BACKUP_CONTENT_MAX},
		{DLB_BACKUP_CONTENT_MAX, DLB_BACKUP_CONTENT_MAX}};

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(sizes); i++) {
		struct dlb_backup_share shares[2];
		struct made m;

		make(&m, 2, 2, 7, sizes[i].len);
		assert_int_equal(m.records[0].len,
			41 + DLB_BACKUP_COMMON_LEN + sizes[i].padded + 40);
		parse(&shares[0], &m.records[0]);
		parse(&shares[1], &m.records[1]);
		gives(&m, shares, 2, NULL);
		unmake(&m);
	}
}

/* Two backups of one content: fewer than enough of each do not add up. */
static void
shares_of_two_backups_do_not_combine(void **state)
{
	struct dlb_backup_share shares[6];
	enum dlb_backup_part parts[6];
	struct dlb_buf content = {0};
	struct dlb_error err;
	struct made old, new;
	unsigned missing;
	size_t which;

	(void)state;
	make(&old, 3, 5, 1000, 100);
	make(&new, 3, 5, 2000, 100);
	parse(&shares[0], &old.records[0]);
	parse(&shares[1], &old.records[1]);
	parse(&shares[2], &new.records[2]);
	parse(&shares[3], &new.records[3]);
	assert_status(dlb_backup_join(&content, parts, &which, &missing, shares,
			      4, &err),
		DLB_PARTLY);
	assert_int_equal(missing, 1);
	/* Of as many the newer one. */
	assert_int_equal(which, 2);
	assert_int_equal(parts[0], DLB_BACKUP_OTHER);
	assert_int_equal(content.len, 0);
	/* One that is whole comes before a newer one that is not, */
	parse(&shares[4], &old.records[4]);
	gives(&old, shares, 5,
		(const enum dlb_backup_part[]){DLB_BACKUP_USED, DLB_BACKUP_USED,
			DLB_BACKUP_OTHER, DLB_BACKUP_OTHER, DLB_BACKUP_USED});
	/* and of two the newer one. */
	parse(&shares[5], &new.records[0]);
	gives(&new, shares, 6, NULL);
	unmake(&old);
	unmake(&new);
}

static void
one_that_comes_twice_counts_once(void **state)
{
	struct dlb_backup_share shares[5];
	enum dlb_backup_part parts[5];
	struct dlb_buf content = {0};
	struct dlb_error err;
	struct made m;
	unsigned missing;
	size_t which;

	(void)state;
	make(&m, 3, 5, 1000, 100);
	parse(&shares[0], &m.records[0]);
	parse(&shares[1], &m.records[0]);
	parse(&shares[2], &m.records[1]);
	assert_status(dlb_backup_join(&content, parts, &which, &missing, shares,
			      3, &err),
		DLB_PARTLY);
	assert_int_equal(missing, 1);
	parse(&shares[3], &m.records[2]);
	parse(&shares[4], &m.records[3]);
	gives(&m, shares, 5,
		(const enum dlb_backup_part[]){DLB_BACKUP_USED,
			DLB_BACKUP_TWICE, DLB_BACKUP_USED, DLB_BACKUP_USED,
			DLB_BACKUP_SPARE});
	unmake(&m);
}

/* Each byte that counts: the holder's own part by its check, the common part by being
 * another backup than that of the others. */
static void
one_that_was_altered_is_known(void **state)
{
	struct dlb_backup_share shares[4];
	struct dlb_error err;
	struct made m;

	(void)state;
	make(&m, 3, 4, 1000, 100);
	for (unsigned i = 0; i < 4; i++)
		parse(&shares[i], &m.records[i]);
	for (size_t at = 6; at < 41; at++) {
		struct dlb_backup_share bad;
		uint8_t *p = &m.records[0].data[at];

		*p ^= 1;
		assert_int_not_equal(
			dlb_backup_share_parse(&bad, m.records[0].data,
				m.records[0].len, &err),
			DLB_OK);
		if (at < 39)
			assert_status(err.status, DLB_FORGED);
		*p ^= 1;
	}
	for (size_t at = 41; at < m.records[0].len; at += at < 5000 ? 1 : 999) {
		enum dlb_backup_part parts[4];
		struct dlb_buf content = {0};
		unsigned missing;
		size_t which;

		m.records[0].data[at] ^= 1;
		if (dlb_backup_share_parse(&shares[0], m.records[0].data,
			    m.records[0].len, &err)
			== DLB_OK) {
			assert_status(dlb_backup_join(&content, parts, &which,
					      &missing, shares, 3, &err),
				DLB_PARTLY);
			gives(&m, shares, 4,
				(const enum dlb_backup_part[]){DLB_BACKUP_OTHER,
					DLB_BACKUP_USED, DLB_BACKUP_USED,
					DLB_BACKUP_USED});
		}
		m.records[0].data[at] ^= 1;
	}
	unmake(&m);
}

/* Who alters the common parts of all of them alters what they commit to. */
static void
what_was_altered_everywhere_is_refused(void **state)
{
	static const size_t places[] = {41, 57, 64, 65, 72, 73,
		41 + DLB_BACKUP_COMMON_LEN - 1, 41 + DLB_BACKUP_COMMON_LEN,
		41 + DLB_BACKUP_COMMON_LEN + 65536 + 39};
	struct made m;

	(void)state;
	make(&m, 2, 2, 0x0203040506, 100);
	for (size_t p = 0; p < DLB_ARRAY_LEN(places); p++) {
		struct dlb_backup_share shares[2];
		enum dlb_backup_part parts[2];
		struct dlb_buf content = {0};
		struct dlb_error err;
		unsigned missing;
		size_t which;
		bool read = true;

		for (unsigned i = 0; i < 2; i++) {
			m.records[i].data[places[p]] ^= 1;
			read = dlb_backup_share_parse(&shares[i],
				       m.records[i].data, m.records[i].len,
				       &err)
					== DLB_OK
				&& read;
		}
		/* That more are needed, nobody can tell. */
		if (read)
			assert_status(dlb_backup_join(&content, parts, &which,
					      &missing, shares, 2, &err),
				places[p] == 73 ? DLB_PARTLY : DLB_FORGED);
		assert_int_equal(content.len, 0);
		for (unsigned i = 0; i < 2; i++)
			m.records[i].data[places[p]] ^= 1;
	}
	unmake(&m);
}

static void
what_is_handed_back_is_the_same_share(void **state)
{
	static const uint8_t card[] = "the owner's card";
	struct dlb_buf given[3] = {{0}};
	struct dlb_backup_share kept, shares[3];
	struct made m;

	(void)state;
	make(&m, 3, 3, 1000, 100);
	for (unsigned i = 0; i < 3; i++) {
		parse(&kept, &m.records[i]);
		assert_int_equal(kept.use, DLB_BACKUP_KEEP);
		assert_int_equal(kept.made_s, 1000);
		assert_int_equal(kept.keep_from_s, 500);
		assert_int_equal(kept.need, 3);
		assert_ok(dlb_backup_share_give(
			&given[i], &kept, card, i ? sizeof(card) : 0));
		parse(&shares[i], &given[i]);
		assert_int_equal(shares[i].use, DLB_BACKUP_GIVEN);
		assert_int_equal(shares[i].card_len, i ? sizeof(card) : 0);
		if (i)
			assert_memory_equal(shares[i].card, card, sizeof(card));
	}
	gives(&m, shares, 3, NULL);
	for (unsigned i = 0; i < 3; i++)
		dlb_buf_free(&given[i]);
	unmake(&m);
}

static void
what_can_not_be_is_refused(void **state)
{
	static const struct {
		unsigned need, n;
		size_t len;
		enum dlb_status st;
	} cases[] = {{1, 5, 1, DLB_USAGE}, {0, 5, 1, DLB_USAGE},
		{4, 3, 1, DLB_USAGE}, {2, 1, 1, DLB_USAGE},
		{2, 256, 1, DLB_USAGE},
		{2, 2, DLB_BACKUP_CONTENT_MAX + 1, DLB_LIMIT}};
	uint8_t *content = calloc(1, DLB_BACKUP_CONTENT_MAX + 1);
	struct dlb_backup_share share;
	struct dlb_error err;
	struct made m;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		struct dlb_backup_what what = {.need = cases[i].need,
			.n = cases[i].n,
			.content = content,
			.len = cases[i].len};
		struct dlb_backup b;

		memset(&b, 0, sizeof(b));
		assert_status(dlb_backup_make(&b, &what, &env.env, &err),
			cases[i].st);
	}
	free(content);
	make(&m, 2, 2, 1000, 100);
	for (size_t len = 0; len < m.records[0].len;
		len += len < 4200 ? 1 : 777)
		assert_int_not_equal(dlb_backup_share_parse(&share,
					     m.records[0].data, len, &err),
			DLB_OK);
	m.records[0].data[4] = 2;
	assert_status(dlb_backup_share_parse(&share, m.records[0].data,
			      m.records[0].len, &err),
		DLB_UNSUPPORTED);
	m.records[0].data[4] = 1;
	assert_ok(dlb_buf_append(&m.records[0], "", 1));
	assert_status(dlb_backup_share_parse(&share, m.records[0].data,
			      m.records[0].len, &err),
		DLB_MALFORMED);
	unmake(&m);
}

/* The numbers that holders get do not say how many there are. */
static void
numbers_are_drawn_from_all(void **state)
{
	unsigned high = 0;

	(void)state;
	for (unsigned round = 0; round < 64; round++) {
		struct made m;

		make(&m, 2, 3, 1, 1);
		for (unsigned i = 0; i < 3; i++) {
			high += m.backup.numbers[i] > 127;
			for (unsigned k = 0; k < i; k++)
				assert_int_not_equal(m.backup.numbers[i],
					m.backup.numbers[k]);
		}
		unmake(&m);
	}
	assert_in_range(high, 64, 128);
}

/* What tests/vectors/backup has is had again by every version of the program. */
static void
the_first_backup_can_be_had_again(void **state)
{
	const char *dir = getenv("DLB_VECTORS");
	struct dlb_backup_share shares[3];
	enum dlb_backup_part parts[3];
	struct dlb_buf record = {0}, content = {0};
	char path[4096], line[256];
	struct dlb_error err;
	unsigned missing, number;
	size_t n = 1, which;
	FILE *list;

	(void)state;
	assert_non_null(dir);
	snprintf(path, sizeof(path), "%s/v1.share", dir);
	assert_ok(dlb_file_load(
		&record, dlb_fs_posix(), path, DLB_BACKUP_SHARE_LEN_MAX, &err));
	parse(&shares[0], &record);
	snprintf(path, sizeof(path), "%s/v1.txt", dir);
	list = fopen(path, "r");
	assert_non_null(list);
	while (n < 3 && fgets(line, sizeof(line), list)) {
		char hex[2 * DLB_KEY_LEN + 1];

		if (sscanf(line, "share %u %64s", &number, hex) != 2)
			continue;
		shares[n] = shares[0];
		shares[n].number = (uint8_t)number;
		assert_ok(dlb_unhex(shares[n++].share, DLB_KEY_LEN, hex));
	}
	fclose(list);
	assert_int_equal(n, 3);
	assert_ok(dlb_backup_join(
		&content, parts, &which, &missing, shares, 3, &err));
	assert_int_equal(content.len, DLB_BACKUP_CONTENT_MIN);
	assert_int_equal(content.data[0], 1);
	dlb_buf_free(&content);
	dlb_buf_free(&record);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(any_need_of_them_give_it_and_fewer_do_not),
		TEST(of_255_holders_all),
		TEST(how_long_it_is_says_little),
		TEST(shares_of_two_backups_do_not_combine),
		TEST(one_that_comes_twice_counts_once),
		TEST(one_that_was_altered_is_known),
		TEST(what_was_altered_everywhere_is_refused),
		TEST(what_is_handed_back_is_the_same_share),
		TEST(what_can_not_be_is_refused),
		TEST(numbers_are_drawn_from_all),
		TEST(the_first_backup_can_be_had_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
