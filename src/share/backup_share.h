/*
 * backup_share: a backup, divided so that any `need` of its holders give it back and
 * fewer have nothing. docs/letterbox.md, "The share of a backup".
 *
 * What a backup holds is the caller's; it is sealed under a fresh key, of which each
 * holder has a share. What is sealed, and what commits to it, is the same with all
 * holders: the common part. Pure: bytes in, bytes out.
 */
#ifndef DLB_BACKUP_SHARE_H
#define DLB_BACKUP_SHARE_H

#include "base.h"
#include "share.h"

#define DLB_BACKUP_HOLDERS_MAX 255
#define DLB_BACKUP_NEED_MIN                                                    \
	2 /* with one, each holder alone could be the owner */
#define DLB_BACKUP_ID_LEN 16
#define DLB_BACKUP_CHECK_LEN 16
#define DLB_BACKUP_CHECKS_LEN (255 * DLB_BACKUP_CHECK_LEN)
/* Of what is sealed: it is padded, to a power of two from the first on, or to the
 * last. */
#define DLB_BACKUP_CONTENT_MIN 65536u
#define DLB_BACKUP_CONTENT_MAX 2031616u
#define DLB_BACKUP_COMMON_LEN                                                  \
	(DLB_BACKUP_ID_LEN + 8 + 8 + 1 + DLB_BACKUP_CHECKS_LEN + DLB_HASH_LEN)
#define DLB_BACKUP_CARD_MAX 24576u /* as card.h has it */
#define DLB_BACKUP_SHARE_LEN_MAX                                               \
	(4 + 1 + 1 + 1 + DLB_KEY_LEN + 2 + DLB_BACKUP_CARD_MAX                 \
		+ DLB_BACKUP_COMMON_LEN + DLB_BACKUP_CONTENT_MAX               \
		+ DLB_XSEAL_OVERHEAD)

enum dlb_backup_use {
	DLB_BACKUP_KEEP = 1,  /* from the owner to a holder */
	DLB_BACKUP_GIVEN = 2, /* from a holder to who restores */
};

/* ---- making ------------------------------------------------------------------------ */

struct dlb_backup {
	uint8_t id[DLB_BACKUP_ID_LEN];
	struct dlb_buf common;
	unsigned n;
	uint8_t numbers[DLB_BACKUP_HOLDERS_MAX];
	uint8_t shares[DLB_BACKUP_HOLDERS_MAX][DLB_KEY_LEN];
};
struct dlb_backup_what {
	unsigned need, n;
	int64_t made_s;
	/* When the last one before it was made of which enough holders have their
	 * share; 0: none. Holders keep that and what is newer. Not above made_s. */
	int64_t keep_from_s;
	const uint8_t *content;
	size_t len; /* at most DLB_BACKUP_CONTENT_MAX */
};
/* *out is zero at first. DLB_USAGE for numbers that can not be; DLB_LIMIT. */
enum dlb_status dlb_backup_make(struct dlb_backup *out,
	const struct dlb_backup_what *what, const struct dlb_env *env,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_backup_free(struct dlb_backup *b);
/* What holder i gets. Appends. */
enum dlb_status dlb_backup_write(struct dlb_buf *out,
	const struct dlb_backup *b, unsigned i) DLB_MUST_CHECK;

/* ---- one share ----------------------------------------------------------------------- */

/* Points into the bytes it was read from. */
struct dlb_backup_share {
	enum dlb_backup_use use;
	uint8_t number;
	uint8_t share[DLB_KEY_LEN];
	const uint8_t *card; /* of the owner, from its holder; not checked */
	size_t card_len;     /* 0: none */
	const uint8_t *common;
	size_t common_len;
	/* Of the common part. */
	uint8_t id[DLB_BACKUP_ID_LEN];
	int64_t made_s, keep_from_s;
	uint8_t need;
	uint8_t digest[DLB_HASH_LEN]; /* of all of it */
};
/* DLB_MALFORMED; DLB_UNSUPPORTED; DLB_FORGED: it was altered, as its backup says. */
enum dlb_status dlb_backup_share_parse(struct dlb_backup_share *out,
	const uint8_t *data, size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* What its holder hands back, with the newest card of the owner that they have (NULL,
 * 0: none). Appends. */
enum dlb_status dlb_backup_share_give(struct dlb_buf *out,
	const struct dlb_backup_share *share, const uint8_t *card,
	size_t card_len) DLB_MUST_CHECK;

/* ---- joining --------------------------------------------------------------------------- */

enum dlb_backup_part {
	DLB_BACKUP_USED,
	DLB_BACKUP_SPARE, /* of the same backup, and not needed */
	DLB_BACKUP_TWICE, /* the same share as another one */
	DLB_BACKUP_OTHER, /* of another backup */
	/* Not said by dlb_backup_join, but by who looks at what comes of it: */
	DLB_BACKUP_FALSE, /* fits others, and together they give no backup */
	DLB_BACKUP_RIVAL, /* of a whole backup of another person */
};
/* Of the newest backup of which there are enough, what was sealed; else, of that of
 * which there are most, *missing says how many more are needed: DLB_PARTLY. parts[i] says
 * what each share is to that backup; *which is one of it. DLB_FORGED where the
 * shares do not give what they commit to. content is empty at first. */
enum dlb_status dlb_backup_join(struct dlb_buf *content,
	enum dlb_backup_part *parts, size_t *which, unsigned *missing,
	const struct dlb_backup_share *shares, size_t n, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
