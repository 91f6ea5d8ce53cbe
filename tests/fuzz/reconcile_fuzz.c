/*
 * Fuzz target for the hearer of symbols: what a hostile teller may say. Links
 * `meeting` alone.
 *
 *	u8 how many ids the hearer has (mod 64)
 *	u8 how many ids the teller says that it has; 255: it does not say
 *	u8 symbols at most, by 2
 *	then steps, on symbols that are the hearer's own to begin with:
 *	0 k      id k is put in wherever it is part of, or taken out
 *	1 k i    in symbol i alone
 *	2 i ...  12 bytes are added (xor) to symbol i
 *	3 n      n symbols more are told
 *	4 n k    id k is added to symbols i + n, i + 2n, ...
 *
 * Beyond memory errors: nothing is found twice, nor what contradicts the own set;
 * what is said to be done is so: the symbols heard are exactly those of the set that
 * the teller then must have; honest symbols are never refused.
 */
#include "reconcile_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SYMBOLS 512
#define OWN_MAX 64
#define IDS 256

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static const uint8_t key[DLB_RECON_KEY_LEN] = "a key of 16 byte";
/* The first 64 ascending: of these the hearer has the first. */
static uint64_t ids[IDS];

static struct {
	struct dlb_recon_set set;
	struct dlb_recon_decoder d;
	uint8_t told[SYMBOLS * DLB_RECON_SYMBOL_LEN];
	size_t at; /* of these were heard */
	bool differs[IDS];
	size_t differs_n;
	bool honest; /* only whole ids so far */
	bool done;
} f;

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
prepare(void)
{
	for (uint8_t k = 0; ids[IDS - 1] == 0; k++)
		ids[k] = dlb_siphash(key, &k, 1);
	qsort(ids, OWN_MAX, sizeof(*ids), compare);
}

static void
tell_of(uint8_t *out, const uint64_t *of, size_t n, size_t symbols)
{
	struct dlb_recon_set set;
	struct dlb_writer w;

	REQUIRE(dlb_recon_set_init(&set, key, of, n) == DLB_OK);
	REQUIRE(dlb_recon_grow(&set, symbols) == DLB_OK);
	dlb_writer_init(&w, out, symbols * DLB_RECON_SYMBOL_LEN);
	dlb_recon_write(&set, &w, 0, symbols);
	REQUIRE(!w.failed && w.len == symbols * DLB_RECON_SYMBOL_LEN);
	dlb_recon_set_free(&set);
}

static void
change(size_t i, const uint8_t by[static DLB_RECON_SYMBOL_LEN])
{
	/* What was told can not be told otherwise. */
	if (i < f.at)
		return;
	for (size_t k = 0; k < DLB_RECON_SYMBOL_LEN; k++)
		f.told[i * DLB_RECON_SYMBOL_LEN + k] ^= by[k];
}

static uint64_t
put(size_t i, uint64_t id)
{
	uint64_t hash = dlb_recon_hash(&f.set, id);
	uint8_t symbol[DLB_RECON_SYMBOL_LEN];
	struct dlb_writer w;

	dlb_writer_init(&w, symbol, sizeof(symbol));
	dlb_write_u64(&w, id);
	dlb_write_u32(&w, (uint32_t)hash);
	change(i, symbol);
	return hash;
}

static void
put_everywhere(uint8_t k)
{
	uint64_t hash = dlb_recon_hash(&f.set, ids[k]);

	if (f.at > 0)
		f.honest = false;
	for (uint32_t i = 0; i < SYMBOLS; i = dlb_recon_next(hash, i))
		put(i, ids[k]);
	f.differs_n += f.differs[k] ? (size_t)-1 : 1;
	f.differs[k] = !f.differs[k];
}

/* ---- what must hold ------------------------------------------------------------- */

static void
check_found(void)
{
	REQUIRE(f.d.found_n <= f.d.heard && f.d.heard <= f.d.limit);
	for (size_t i = 0; i < f.d.found_n; i++)
		for (size_t k = 0; k < i; k++)
			REQUIRE(f.d.found[i].id != f.d.found[k].id);
}

/* What was heard is what one hears of who has all but ours, and theirs. */
static void
check_done(void)
{
	static uint64_t set[OWN_MAX + SYMBOLS];
	static uint8_t again[sizeof(f.told)];
	size_t n = 0, ours = 0, ours_n = dlb_recon_ours_n(&f.d);

	for (size_t i = 0; i < f.set.n; i++)
		if (ours < ours_n && dlb_recon_ours(&f.d, ours) == i)
			ours++;
		else
			set[n++] = ids[i];
	REQUIRE(ours == ours_n);
	for (size_t i = 0; i < dlb_recon_theirs_n(&f.d); i++) {
		REQUIRE(i == 0
			|| dlb_recon_theirs(&f.d, i - 1)
				< dlb_recon_theirs(&f.d, i));
		set[n++] = dlb_recon_theirs(&f.d, i);
		REQUIRE(!bsearch(
			&set[n - 1], ids, f.set.n, sizeof(*ids), compare));
	}
	REQUIRE(f.d.peer_n == DLB_RECON_UNKNOWN || f.d.peer_n == n);
	qsort(set, n, sizeof(*set), compare);
	tell_of(again, set, n, f.at);
	REQUIRE(memcmp(again, f.told, f.at * DLB_RECON_SYMBOL_LEN) == 0);
}

static void
check_not_done(void)
{
	size_t more = dlb_recon_more(&f.d);

	REQUIRE(dlb_recon_theirs_n(&f.d) == 0);
	REQUIRE(dlb_recon_ours_n(&f.d) == 0);
	REQUIRE(more == 0
		|| (more <= f.d.limit
			&& dlb_recon_more_is_fair(f.d.heard, more)));
}

/* Returns false when it is over. */
static bool
tell(size_t n)
{
	enum dlb_status status;

	n = n < SYMBOLS - f.at ? n : SYMBOLS - f.at;
	status = dlb_recon_add(&f.d, f.told + f.at * DLB_RECON_SYMBOL_LEN, n);
	f.at += n;
	if (status == DLB_LIMIT) {
		REQUIRE(f.at > f.d.limit);
		REQUIRE(!dlb_recon_done(&f.d));
		return false;
	}
	REQUIRE(status == DLB_OK
		|| (status == DLB_FORGED
			&& (!f.honest || f.d.peer_n != DLB_RECON_UNKNOWN)));
	check_found();
	if (status != DLB_OK) {
		REQUIRE(dlb_recon_add(&f.d, f.told, 1) == status);
		REQUIRE(!dlb_recon_done(&f.d));
		return false;
	}
	if (!dlb_recon_done(&f.d)) {
		check_not_done();
	} else if (!f.done) {
		check_done();
		if (f.honest)
			REQUIRE(f.d.found_n == f.differs_n);
		f.done = true;
	}
	return true;
}

static bool
step(struct dlb_reader *r)
{
	uint8_t kind = dlb_read_u8(r) % 5, a = dlb_read_u8(r);
	const uint8_t *bytes;

	switch (kind) {
	case 0:
		put_everywhere(a);
		return true;
	case 1:
		put(dlb_read_u8(r), ids[a]);
		break;
	case 2:
		bytes = dlb_read_view(r, DLB_RECON_SYMBOL_LEN);
		if (!bytes)
			return true;
		change(a, bytes);
		break;
	case 3:
		return tell(a);
	default:
		a |= 1;
		for (size_t i = a, k = dlb_read_u8(r); i < SYMBOLS; i += a)
			put(i, ids[k]);
		break;
	}
	f.honest = false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dlb_reader r;
	uint8_t n, peer_n, limit;
	bool on = true;

	prepare();
	memset(&f, 0, sizeof(f));
	f.honest = true;
	dlb_reader_init(&r, data, len);
	n = dlb_read_u8(&r) % OWN_MAX;
	peer_n = dlb_read_u8(&r);
	limit = dlb_read_u8(&r);
	REQUIRE(dlb_recon_set_init(&f.set, key, ids, n) == DLB_OK);
	dlb_recon_decoder_init(&f.d, &f.set, (size_t)limit * 2,
		peer_n == 255 ? DLB_RECON_UNKNOWN : peer_n);
	tell_of(f.told, ids, n, SYMBOLS);
	while (on && dlb_reader_left(&r) > 0)
		on = step(&r);
	if (on)
		(void)tell(SYMBOLS);
	dlb_recon_decoder_free(&f.d);
	dlb_recon_set_free(&f.set);
	return 0;
}
