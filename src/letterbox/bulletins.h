/*
 * bulletins: public letters and their authors. What a bulletin's content is and how
 * it is signed (bulletin.c), whom one follows (authors.c), which bulletins came and
 * which days and slots one's own have taken (bulletins.c). docs/letterbox.md, section
 * 7; how their cells are made and found: cell/bulletin.h.
 */
#ifndef DLB_BULLETINS_H
#define DLB_BULLETINS_H

#include "bulletin.h"
#include "card.h"

struct dlb_letterbox;

/* ---- the content (bulletin.c) ----------------------------------------------------- */

#define DLB_BULLETIN_HEAD_LEN 240
#define DLB_BULLETIN_TITLE_MAX 200
#define DLB_BULLETIN_NAME_MAX 255
#define DLB_BULLETIN_BODY_MAX (2u << 20)
#define DLB_BULLETIN_CELLS_MAX 64
#define DLB_BULLETIN_ID_LEN DLB_LETTER_ID_LEN

/* What is signed. */
struct dlb_bulletin {
	uint8_t kind; /* enum dlb_manifest_kind of what it holds: BULLETIN for people */
	uint8_t id[DLB_BULLETIN_ID_LEN];
	int64_t posted_ms;
	uint32_t day; /* of its handle: that of posted_ms, or the next */
	uint8_t slot;
	struct dlb_identity author;
	uint8_t title_len, name_len;
	uint64_t body_len;
	uint8_t content[DLB_HASH_LEN]; /* hash of title, name and body */
	uint8_t sealing[DLB_HASH_LEN]; /* dlb_bulletin_sealing */
};
/* Fills head from b with the signature of whose secret key that is. */
void dlb_bulletin_sign(uint8_t head[static DLB_BULLETIN_HEAD_LEN],
	const struct dlb_bulletin *b, const uint8_t sign_sk[static 64]);
/* Form and signature: DLB_MALFORMED, DLB_UNSUPPORTED, DLB_FORGED. len: of what there
 * is, of which the first DLB_BULLETIN_HEAD_LEN bytes are looked at. */
enum dlb_status dlb_bulletin_read(struct dlb_bulletin *out, const uint8_t *data,
	size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* Sets title_len, name_len, body_len and the hash. DLB_USAGE, saying what is wrong with
 * title or name; DLB_LIMIT. */
enum dlb_status dlb_bulletin_describe(struct dlb_bulletin *b, const char *title,
	const char *name, const void *body, size_t len, struct dlb_error *err)
	DLB_MUST_CHECK;
/* What follows the head (and the cores of its letter): views into rest. */
struct dlb_bulletin_content {
	char title[DLB_BULLETIN_TITLE_MAX + 1];
	char name[DLB_BULLETIN_NAME_MAX + 1]; /* of the file; may be empty */
	const uint8_t *body;
	size_t len;
};
/* DLB_FORGED where it is not what was signed. */
enum dlb_status dlb_bulletin_content(struct dlb_bulletin_content *out,
	const struct dlb_bulletin *b, const uint8_t *rest, size_t len,
	struct dlb_error *err) DLB_MUST_CHECK;

/* The content of a head cell (content: stripe->inline_len bytes of it), hostile: views
 * into it. Everything of docs/cell.md, 12.4, that needs nothing but the cell:
 * DLB_MALFORMED, DLB_UNSUPPORTED, DLB_FORGED. */
struct dlb_bulletin_head {
	struct dlb_bulletin b;
	const uint8_t *head;  /* DLB_BULLETIN_HEAD_LEN bytes */
	const uint8_t *cores; /* DLB_HASH_LEN each, of all cells but this */
	const uint8_t *rest;  /* title and name, and as much as is here */
	size_t rest_len;
};
enum dlb_status dlb_bulletin_open(struct dlb_bulletin_head *out,
	const struct dlb_stripe *stripe, const uint8_t *content,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- one's own (bulletins.c) -------------------------------------------------------- */

/* What the handles of one's bulletins come from: in one's card (identity.c). */
void dlb_letterbox_bulletin_key(
	const struct dlb_letterbox *l, uint8_t key[static DLB_KEY_LEN]);
/* The next free slot; taken with the next commit. DLB_LIMIT where the day has none. */
enum dlb_status dlb_bulletin_take_slot(struct dlb_letterbox *l, int64_t now_ms,
	uint32_t *day, uint8_t *slot, struct dlb_error *err) DLB_MUST_CHECK;
/* This letterbox was restored: which slots of today were taken is not known. None of
 * them is given any more (uncommitted). */
enum dlb_status dlb_bulletins_restored(struct dlb_letterbox *l, int64_t now_ms,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- whom one follows (authors.c) ----------------------------------------------------- */

#define DLB_AUTHORS_MAX 4096
struct dlb_author {
	int64_t id;
	char name[64 + 1];
	struct dlb_identity identity;
	uint64_t serial; /* of the card */
	int64_t added_ms;
	uint8_t key[DLB_KEY_LEN]; /* the bulletin key of the card */
};
/* A card that was checked (dlb_card_parse). name NULL: that of the correspondent whose
 * card it is, or the card's own, numbered where another author has it. Who is followed
 * already: the card of the greater serial counts, and *out says who. DLB_UNSUPPORTED
 * for a card without a bulletin key, DLB_REFUSED for one's own, DLB_EXISTS for a name
 * that is taken, DLB_LIMIT. */
enum dlb_status dlb_author_add(struct dlb_letterbox *l, struct dlb_author *out,
	const struct dlb_card *card, const char *name, struct dlb_error *err)
	DLB_MUST_CHECK;
/* DLB_EXISTS for a name that is another's. */
enum dlb_status dlb_author_rename(struct dlb_letterbox *l, int64_t id,
	const char *name, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_author_by_name(struct dlb_letterbox *l,
	struct dlb_author *out, const char *name, struct dlb_error *err)
	DLB_MUST_CHECK;
/* These two: DLB_NOT_FOUND without a message. */
enum dlb_status dlb_author_by_id(struct dlb_letterbox *l,
	struct dlb_author *out, int64_t id) DLB_MUST_CHECK;
enum dlb_status dlb_author_by_identity(struct dlb_letterbox *l,
	struct dlb_author *out, const struct dlb_identity *identity)
	DLB_MUST_CHECK;
/* A card that rode along with a bulletin of theirs: kept where it is sound, theirs and
 * newer. */
enum dlb_status dlb_author_renew(struct dlb_letterbox *l, struct dlb_author *a,
	const uint8_t *card, size_t len, struct dlb_error *err) DLB_MUST_CHECK;
/* One of a backup, by identity, name, serial and key: their card, where no correspondent has
 * it, comes with the next bulletin. Who is followed already stays as they are. */
enum dlb_status dlb_author_restore(struct dlb_letterbox *l,
	const struct dlb_author *kept, struct dlb_error *err) DLB_MUST_CHECK;
/* Appends canonical bytes. DLB_NOT_FOUND where the card is not here. */
enum dlb_status dlb_author_card(struct dlb_letterbox *l, struct dlb_buf *out,
	int64_t id, struct dlb_error *err) DLB_MUST_CHECK;
/* Does one follow anyone? */
bool dlb_author_any(struct dlb_letterbox *l);
/* By name. fn may change them. */
enum dlb_status dlb_author_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_author *a), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* With what is known of their bulletins, but for the letters. */
enum dlb_status dlb_author_forget(struct dlb_letterbox *l, int64_t id,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Bytes that the caller keeps of them (what `out` held is replaced), and a day. */
enum dlb_status dlb_author_window(struct dlb_letterbox *l, int64_t id,
	uint32_t *first_day, struct dlb_buf *out, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_author_set_window(struct dlb_letterbox *l, int64_t id,
	uint32_t first_day, const void *bytes, size_t len,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- which came (bulletins.c) ----------------------------------------------------------- */

struct dlb_bulletin_row {
	int64_t author;
	uint8_t id[DLB_BULLETIN_ID_LEN];
	int64_t letter; /* number of its letter in (from is -author); 0: gone */
	uint32_t day;
	uint8_t slot;
	uint8_t kind; /* of what it holds */
	int64_t posted_ms;
	uint32_t cells;
	uint32_t opened; /* so often by the owner of this home */
	bool taken;      /* it was whole, and who handles its kind had it */
};
/* cores: DLB_HASH_LEN bytes a cell but the head. DLB_DUPLICATE where this id of this
 * author is known. */
enum dlb_status dlb_bulletin_add(struct dlb_letterbox *l,
	const struct dlb_bulletin_row *row, const void *cores,
	struct dlb_error *err) DLB_MUST_CHECK;
bool dlb_bulletin_known(struct dlb_letterbox *l, int64_t author,
	const uint8_t id[static DLB_BULLETIN_ID_LEN]);
/* letter, opened, taken. */
enum dlb_status dlb_bulletin_update(struct dlb_letterbox *l,
	const struct dlb_bulletin_row *row, struct dlb_error *err)
	DLB_MUST_CHECK;
/* DLB_NOT_FOUND without a message; cores (may be NULL) is replaced. */
enum dlb_status dlb_bulletin_of_letter(struct dlb_letterbox *l,
	struct dlb_bulletin_row *out, struct dlb_buf *cores, int64_t letter)
	DLB_MUST_CHECK;
/* Those whose letter is here, the oldest first (author 0: of all). fn may change
 * them. */
enum dlb_status dlb_bulletin_each(struct dlb_letterbox *l, int64_t author,
	bool (*fn)(void *ctx, const struct dlb_bulletin_row *row), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* How many are for people and were not opened yet. */
enum dlb_status dlb_bulletin_unread(struct dlb_letterbox *l, uint64_t *count,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Those that were not handed over yet. */
enum dlb_status dlb_bulletin_waiting(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_bulletin_row *row), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* How many of an author are here, in how many cells; and cells of all. */
struct dlb_bulletin_usage {
	uint64_t count, cells, all_cells;
};
enum dlb_status dlb_bulletin_usage(struct dlb_letterbox *l,
	struct dlb_bulletin_usage *out, int64_t author, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Those of earlier days whose letter is gone: their handles are looked for no more. */
enum dlb_status dlb_bulletin_forget(struct dlb_letterbox *l, uint32_t before,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
