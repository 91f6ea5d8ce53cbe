/*
 * A small satchel on a disk in memory, and cells to put there: what the tests of
 * satchel, plain and with the power cut, share. A failure here fails the test.
 */
#ifndef SATCHEL_STORE_H
#define SATCHEL_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crash_fs.h"
#include "recall.h"
#include "satchel.h"

#define STORE_PATH "stick/box.dlb"
#define STORE_WEEK 100
#define STORE_EXPIRY 112
#define STORE_NOW_MS (DLB_EPOCH_MS + STORE_WEEK * DLB_WEEK_MS)

/* ---- cells ------------------------------------------------------------------------ */

struct test_cell {
	uint8_t bytes[DLB_SATCHEL_CELL_LEN];
	uint8_t core[32];
	uint8_t name[32];
};
#define TEST_CELLS 256
/* From here on they expire in week TEST_OLD_EXPIRY, which is past. */
#define TEST_OLD 200
#define TEST_OLD_EXPIRY 90
/* Cell i, the same in each run: a waybill as it should be, then random bytes. */
const struct test_cell *test_cell(unsigned i);
/* Which one that is; -1 where none (or one that was not asked for yet). */
int test_cell_named(const uint8_t name[static 16]);
/* What calls it back. */
struct dlb_satchel_token test_token(unsigned i);
/* An item that puts it, shown, with two copies. */
struct dlb_satchel_item test_item(unsigned i, uint8_t flags);

/* ---- a satchel ---------------------------------------------------------------------- */

struct store {
	struct crash_fs *disk;
	struct dlb_env_seeded seeded;
	struct dlb_satchel *s; /* NULL while closed */
	struct dlb_aead *aead;
	struct dlb_error err;
};

extern const struct dlb_unlock store_unlock; /* open to all */
/* Made and open. */
struct store *store_new(uint32_t slots, uint32_t reserve);
/* On a disk that there is, which it takes over; closed. */
struct store *store_on(struct crash_fs *disk);
void store_free(struct store *st);
/* Closes it where it is open. */
enum dlb_status store_open(struct store *st, bool writable) DLB_MUST_CHECK;
void store_open_ok(struct store *st);
void store_close(struct store *st);
struct dlb_satchel_info store_info(const struct store *st);

/* Puts n cells from `first` on in one batch; all are to be OK. */
void store_put(struct store *st, unsigned first, unsigned n, uint8_t flags);
enum dlb_status store_put_items(struct store *st,
	struct dlb_satchel_item *items, size_t n) DLB_MUST_CHECK;
/* Whether cell i is there, whole and as it was put. */
bool store_has(struct store *st, unsigned i);
unsigned store_count(struct store *st, unsigned first, unsigned n);
/* Its entry; is to be there. */
struct dlb_entry store_entry(struct store *st, unsigned i);
enum dlb_status store_set(struct store *st, unsigned i, uint8_t flags,
	uint8_t copies) DLB_MUST_CHECK;

#endif
