/*
 * Fuzz target for backups. The first byte chooses, modulo 3:
 *   0  the rest is a share, as someone hands it over
 *   1  three shares of which two are needed, and one of another backup; the rest is
 *      changes to them: (u8 which, u32 offset, u8 xor) again and again
 *   2  the rest is what was sealed, as a hostile owner would write it
 *
 * Beyond memory errors: shares that join give what was divided, whatever was changed in
 * them; what is taken is written the same again.
 */
#include "backup.h"
#include "backup_share.h"

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

#define SHARES 4
static const char what[] = "what a letterbox leaves with others";
static struct dlb_buf records[SHARES];

static void
prepare(void)
{
	struct dlb_env_seeded env;

	REQUIRE(dlb_base_init() == DLB_OK);
	dlb_env_seeded_init(&env, 1, 0);
	for (unsigned b = 0; b < 2; b++) {
		struct dlb_backup_what of = {.need = 2,
			.n = 3,
			.made_s = 1000 + b,
			.content = (const uint8_t *)what,
			.len = sizeof(what)};
		struct dlb_backup backup;

		memset(&backup, 0, sizeof(backup));
		REQUIRE(dlb_backup_make(&backup, &of, &env.env, NULL)
			== DLB_OK);
		for (unsigned i = 0; i < (b ? 1 : 3); i++)
			REQUIRE(dlb_backup_write(
					&records[b ? 3 : i], &backup, i)
				== DLB_OK);
		dlb_backup_free(&backup);
	}
}

static void
attack_share(const uint8_t *data, size_t len)
{
	struct dlb_buf again = {0};
	struct dlb_backup_share share, same;
	struct dlb_error err;

	if (dlb_backup_share_parse(&share, data, len, &err) != DLB_OK)
		return;
	REQUIRE(dlb_backup_share_give(
			&again, &share, share.card, share.card_len)
		== DLB_OK);
	REQUIRE(again.len == len);
	again.data[5] = data[5]; /* the use */
	REQUIRE(memcmp(again.data, data, len) == 0);
	REQUIRE(dlb_backup_share_parse(&same, again.data, again.len, &err)
		== DLB_OK);
	dlb_buf_free(&again);
}

static void
change(struct dlb_buf *copies, struct dlb_reader *r)
{
	while (dlb_reader_left(r) > 0) {
		uint8_t which = dlb_read_u8(r);
		uint32_t at = dlb_read_u32(r);
		uint8_t by = dlb_read_u8(r);

		if (!r->failed)
			copies[which % SHARES].data[at % copies[0].len] ^= by;
	}
}

static void
attack_join(const uint8_t *data, size_t len)
{
	struct dlb_buf copies[SHARES] = {{0}}, content = {0};
	struct dlb_backup_share shares[SHARES];
	enum dlb_backup_part parts[SHARES];
	struct dlb_error err;
	struct dlb_reader r;
	unsigned missing;
	size_t n = 0, which;

	for (unsigned i = 0; i < SHARES; i++)
		REQUIRE(dlb_buf_append(
				&copies[i], records[i].data, records[i].len)
			== DLB_OK);
	dlb_reader_init(&r, data, len);
	change(copies, &r);
	for (unsigned i = 0; i < SHARES; i++)
		n += dlb_backup_share_parse(
			     &shares[n], copies[i].data, copies[i].len, &err)
			== DLB_OK;
	if (dlb_backup_join(&content, parts, &which, &missing, shares, n, &err)
		== DLB_OK) {
		REQUIRE(missing == 0 && which < n);
		REQUIRE(content.len == DLB_BACKUP_CONTENT_MIN);
		REQUIRE(memcmp(content.data, what, sizeof(what)) == 0);
	} else {
		REQUIRE(content.len == 0);
	}
	dlb_buf_free(&content);
	for (unsigned i = 0; i < SHARES; i++)
		dlb_buf_free(&copies[i]);
}

static void
attack_content(const uint8_t *data, size_t len)
{
	struct dlb_backup_info info;
	struct dlb_error err;

	if (dlb_backup_look(&info, data, len, &err) != DLB_OK) {
		REQUIRE(info.counts.people == 0 && info.serial == 0);
		return;
	}
	REQUIRE(strlen(info.name) <= DLB_PERSON_NAME_MAX);
	REQUIRE((size_t)info.counts.people * 5 + (size_t)info.counts.boxes * 34
			+ (size_t)info.counts.authors * 107
			+ (size_t)info.counts.rosters * 78
			+ (size_t)info.unknown * 5
		< len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (records[0].len == 0)
		prepare();
	if (len == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		attack_share(data + 1, len - 1);
		break;
	case 1:
		attack_join(data + 1, len - 1);
		break;
	default:
		attack_content(data + 1, len - 1);
	}
	return 0;
}
