/*
 * Fuzz target for exports of the log. The first byte chooses:
 *   even  the rest is a file that someone gave as a log
 *   odd   the rest is records, each (u8 length, bytes), that are chained anew, so that
 *         what is behind the hashes is reached
 *
 * Beyond memory errors: what is said to be sound is so, record by record.
 */
#include "audit.h"
#include "crypto.h"

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

struct seen {
	uint64_t n, last;
};

static bool
look(void *ctx, const struct dlb_audit_record *r)
{
	struct seen *s = ctx;

	REQUIRE(r->number == s->last + 1 || s->n == 0);
	REQUIRE(r->values_n <= DLB_AUDIT_VALUES_MAX && r->event > 0);
	REQUIRE(strlen(r->name) <= DLB_AUDIT_NAME_MAX);
	REQUIRE(r->named || r->name[0] == '\0');
	s->n++;
	s->last = r->number;
	return true;
}

static void
attack(const uint8_t *data, size_t len)
{
	struct dlb_audit_check check = {.known = NULL};
	struct seen seen = {.n = 0};
	struct dlb_error err;

	if (dlb_audit_check(&check, data, len, look, &seen, &err) == DLB_OK) {
		REQUIRE(check.records == seen.n);
		REQUIRE(check.last.number - check.base.number == seen.n);
	}
}

static void
attack_chained(const uint8_t *data, size_t len)
{
	static uint8_t out[1 << 16];
	uint8_t hash[DLB_HASH_LEN] = {0};
	struct dlb_reader r;
	struct dlb_writer w;
	uint64_t n = 0;

	dlb_reader_init(&r, data, len);
	dlb_writer_init(&w, out, sizeof(out));
	dlb_write_bytes(&w, "dlbaudit\x01", 9);
	dlb_write_u64(&w, 0);
	dlb_write_bytes(&w, hash, sizeof(hash));
	dlb_write_u64(&w, 0);
	dlb_write_bytes(&w, hash, sizeof(hash));
	while (dlb_reader_left(&r) > 1 && w.len < sizeof(out) / 2) {
		size_t k = dlb_read_u8(&r);
		const uint8_t *record;
		struct dlb_hash h;

		k = k > dlb_reader_left(&r) ? dlb_reader_left(&r) : k;
		record = dlb_read_view(&r, k);
		dlb_hash_init(&h);
		dlb_hash_update(&h, "dlb audit record", 16);
		dlb_hash_update(&h, hash, sizeof(hash));
		dlb_hash_update(&h, record, k);
		dlb_hash_final(&h, hash);
		dlb_write_u16(&w, (uint16_t)k);
		dlb_write_bytes(&w, record, k);
		dlb_write_bytes(&w, hash, sizeof(hash));
		dlb_write_u8(&w, 0);
		n++;
	}
	REQUIRE(!w.failed);
	/* The head, last known. */
	{
		struct dlb_writer head;

		dlb_writer_init(&head, out + 9 + 40, 40);
		dlb_write_u64(&head, n);
		dlb_write_bytes(&head, hash, sizeof(hash));
	}
	attack(out, w.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] % 2 == 0)
		attack(data + 1, len - 1);
	else
		attack_chained(data + 1, len - 1);
	return 0;
}
