/*
 * Fuzz target for putting stripes together. The first byte chooses, modulo 3:
 *   0  u16 length of the card, then the fields of a head, as someone sealed them
 *   1  u8 k, u8 n, u16 length, k numbers, content: columns of any stripes
 *   2  the stripes of a letter, any 3 of 5 with a threshold, as a hostile sender or
 *      their friends may change them, again and again: u8 number, u8 count, count
 *      times (u8 offset, u8 xor) over the fields
 *
 * Beyond memory errors: fields are taken in one form, and their blocks are the
 * content, each byte once; columns give the data they were made of, or are refused as
 * their numbers do not ascend; shares give the key that was divided, or none, and
 * fewer than are needed none in any case.
 */
#include "cell_internal.h"
#include "node_internal.h"
#include "share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

#define COLUMN_MAX 200 /* a few vectors of ISA-L, and what is left over */
#define FEW 16
#define NEED 3
#define OF 5
#define ROWS_MAX 16

/* ---- the fields of a head --------------------------------------------------------- */

static void
check_block(const struct dlb_stripe *s, uint32_t index, uint64_t from)
{
	uint64_t offset;
	size_t n, width;

	dlb_block_range(s, index, &offset, &n, &width);
	REQUIRE(width <= DLB_BULK_CONTENT_LEN && n <= width * s->k);
	REQUIRE(offset <= s->content_len && n <= s->content_len - offset);
	REQUIRE(n == 0 || from == UINT64_MAX || offset == from);
}

static void
check_blocks(const struct dlb_stripe *s)
{
	uint64_t at = 0;

	check_block(s, s->cells - 1, UINT64_MAX);
	check_block(s, s->cells / 2, UINT64_MAX);
	for (uint32_t i = 0; s->cells <= 256 && i < s->cells; i++) {
		uint64_t offset;
		size_t n, width;

		check_block(s, i, at);
		dlb_block_range(s, i, &offset, &n, &width);
		at += n;
	}
	REQUIRE(s->cells > 256 || at == s->content_len);
}

static void
attack_fields(struct dlb_reader *r)
{
	uint8_t fields[DLB_FIELDS_LEN] = {0}, again[DLB_FIELDS_LEN];
	size_t card_len = dlb_read_u16(r), left = dlb_reader_left(r);
	struct dlb_stripe s;

	dlb_read_bytes(
		r, fields, left < sizeof(fields) ? left : sizeof(fields));
	if (dlb_stripe_decode(&s, fields, card_len) != DLB_OK) {
		REQUIRE(dlb_all_zero((const uint8_t *)&s, sizeof(s)));
		return;
	}
	REQUIRE(s.k >= 1 && s.k <= s.n && s.number < s.n);
	REQUIRE(s.mode == DLB_STRIPE_WHOLE || s.k >= 2);
	REQUIRE(s.cells >= 1 && s.cells <= DLB_CELLS_MAX);
	REQUIRE(s.inline_len + card_len <= DLB_INLINE_CAP);
	REQUIRE(s.mode == DLB_STRIPE_WHOLE || s.inline_len == 0);
	dlb_stripe_encode(again, &s);
	REQUIRE(memcmp(again, fields, sizeof(fields)) == 0);
	check_blocks(&s);
}

/* ---- the erasure code ------------------------------------------------------------- */

/* Each on its own, so that a byte too far is seen. */
static void
columns_new(uint8_t **columns, unsigned n, size_t len)
{
	for (unsigned i = 0; i < n; i++) {
		columns[i] = calloc(1, len ? len : 1);
		REQUIRE(columns[i]);
	}
}

static void
columns_free(uint8_t **columns, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free(columns[i]);
}

static bool
ascend(const uint8_t *numbers, unsigned k, unsigned n)
{
	for (unsigned i = 0; i < k; i++)
		if (numbers[i] >= n || (i > 0 && numbers[i] <= numbers[i - 1]))
			return false;
	return true;
}

static void
join_columns(struct dlb_code *c, unsigned k, unsigned n, size_t len,
	uint8_t *const *all, const uint8_t *numbers)
{
	const uint8_t *given[DLB_STRIPES_MAX];
	uint8_t *got[DLB_STRIPES_MAX];
	enum dlb_status st;

	/* Where the number is none, any column does. */
	for (unsigned i = 0; i < k; i++)
		given[i] = all[numbers[i] % n];
	columns_new(got, k, len);
	st = dlb_code_data(c, got, numbers, given, len);
	REQUIRE(st == (ascend(numbers, k, n) ? DLB_OK : DLB_MALFORMED));
	for (unsigned i = 0; st == DLB_OK && i < k; i++)
		REQUIRE(memcmp(got[i], all[i], len) == 0);
	columns_free(got, k);
}

static void
attack_code(struct dlb_reader *r)
{
	unsigned k = dlb_read_u8(r), n = dlb_read_u8(r);
	size_t len = dlb_read_u16(r) % (COLUMN_MAX + 1);
	uint8_t numbers[DLB_STRIPES_MAX] = {0}, last[DLB_STRIPES_MAX];
	uint8_t *all[DLB_STRIPES_MAX];
	struct dlb_code *c = NULL;
	enum dlb_status st = dlb_code_new(&c, k, n, NULL);

	REQUIRE(st == (k >= 1 && k <= n ? DLB_OK : DLB_USAGE));
	if (st != DLB_OK)
		return;
	for (unsigned i = 0; i < k; i++)
		numbers[i] = dlb_read_u8(r);
	columns_new(all, n, len);
	for (size_t at = 0; at < len * k && dlb_reader_left(r) > 0; at++)
		all[at % k][at / k] = dlb_read_u8(r);
	dlb_code_parity(c, all + k, (const uint8_t *const *)all, len);
	for (unsigned i = 0; i < k; i++)
		last[i] = (uint8_t)(n - k + i);
	join_columns(c, k, n, len, all, numbers);
	/* What one set left behind is not the next one's. Slow where k is large. */
	if (k <= FEW) {
		join_columns(c, k, n, len, all, last);
		join_columns(c, k, n, len, all, numbers);
	}
	columns_free(all, n);
	dlb_code_free(c);
}

/* ---- a threshold's stripes ---------------------------------------------------------- */

static struct {
	bool known;
	uint8_t key[DLB_KEY_LEN], content[DLB_HASH_LEN];
	uint8_t fields[OF][DLB_FIELDS_LEN];
} sound;

static void
prepare(void)
{
	uint8_t shares[OF][DLB_KEY_LEN];
	struct dlb_stripe s = {.mode = DLB_STRIPE_THRESHOLD,
		.k = NEED,
		.n = OF,
		.content_len = 1000,
		.stripe_len = 334};
	struct dlb_env_seeded env;

	REQUIRE(dlb_base_init() == DLB_OK);
	dlb_env_seeded_init(&env, 1, 0);
	dlb_random(&env.env, sound.key, sizeof(sound.key));
	dlb_random(&env.env, sound.content, sizeof(sound.content));
	dlb_random(&env.env, s.sealing_id, sizeof(s.sealing_id));
	REQUIRE(dlb_stripe_layout(&s, 0) == DLB_OK);
	dlb_commit(s.commitment, &s, sound.key, sound.content);
	dlb_shares_make(shares, NEED, OF, sound.key, &env.env);
	for (unsigned i = 0; i < OF; i++) {
		s.number = (uint8_t)i;
		memcpy(s.letter_key, shares[i], DLB_KEY_LEN);
		dlb_random(&env.env, s.stripe_key, sizeof(s.stripe_key));
		dlb_stripe_encode(sound.fields[i], &s);
	}
	sound.known = true;
}

/* The next stripe that comes; false where it is refused as it opens. */
static bool
next_row(struct dlb_reader *r, struct dlb_stripe *out, bool *changed)
{
	uint8_t fields[DLB_FIELDS_LEN], number = dlb_read_u8(r) % OF;
	unsigned count = dlb_read_u8(r);

	memcpy(fields, sound.fields[number], sizeof(fields));
	for (; count > 0 && dlb_reader_left(r) > 0; count--) {
		uint8_t at = dlb_read_u8(r);

		fields[at] ^= dlb_read_u8(r);
	}
	*changed = memcmp(fields, sound.fields[number], sizeof(fields)) != 0;
	return dlb_stripe_decode(out, fields, 0) == DLB_OK;
}

static bool
differ(const struct dlb_in_letter *const *rows, unsigned k)
{
	for (unsigned i = 0; i < k; i++)
		for (unsigned j = 0; j < i; j++)
			if (rows[i]->stripe.number == rows[j]->stripe.number)
				return false;
	return true;
}

static void
attack_threshold(struct dlb_reader *r)
{
	static struct dlb_in_letter rows[ROWS_MAX];
	const struct dlb_in_letter *of[ROWS_MAX];
	uint8_t key[DLB_KEY_LEN] = {0};
	bool changed, any = false;
	unsigned n = 0;
	enum dlb_status st;

	while (n < ROWS_MAX && dlb_reader_left(r) > 0) {
		if (!next_row(r, &rows[n].stripe, &changed))
			continue;
		/* Of those that count. */
		any |= changed && n < NEED;
		of[n] = &rows[n];
		n++;
	}
	st = dlb_stripes_key(key, of, n);
	if (n == 0 || n < rows[0].stripe.k) {
		REQUIRE(st == DLB_PARTLY && dlb_all_zero(key, sizeof(key)));
		return;
	}
	REQUIRE(st == DLB_OK || st == DLB_FORGED);
	if (st == DLB_OK) {
		REQUIRE(n >= NEED);
		REQUIRE(dlb_equal(key, sound.key, sizeof(key)));
	} else {
		REQUIRE(dlb_all_zero(key, sizeof(key)));
	}
	if (!any)
		REQUIRE((st == DLB_OK) == differ(of, NEED));
	if (st == DLB_OK && !any)
		REQUIRE(dlb_content_fits(&of[0]->stripe, key, sound.content));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dlb_reader r;

	if (!sound.known)
		prepare();
	dlb_reader_init(&r, data, len);
	switch (dlb_read_u8(&r) % 3) {
	case 0:
		attack_fields(&r);
		break;
	case 1:
		attack_code(&r);
		break;
	default:
		attack_threshold(&r);
	}
	return 0;
}
