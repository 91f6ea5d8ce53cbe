/*
 * node, inside: what its files share. A node owns the lock of its home, the
 * letterbox, the home satchel and one cipher context a thread.
 */
#ifndef DLB_NODE_INTERNAL_H
#define DLB_NODE_INTERNAL_H

#include "meeting.h"
#include "node.h"

/* Cells that are worked on at once: 16 MiB, few enough that an interruption is
 * noticed soon. */
#define DLB_BATCH 256
/* Cells that share what brings them onto the medium: 64 MiB. More are lost when a
 * stick is pulled, fewer wait for the medium more often. */
#define DLB_COMMIT_CELLS 1024

struct dlb_node {
	const struct dlb_env *env;
	struct dlb_fs *fs;
	char home[3072];
	struct dlb_file *lock;
	struct dlb_letterbox *letterbox;
	struct dlb_satchel *satchel; /* NULL: it did not open, for this: */
	struct dlb_error trouble;
	uint32_t refused_reserve; /* that refused letters of strangers need */
	struct dlb_clock_view clock;
	struct dlb_aead **aead; /* one a worker of the pool */
	unsigned aead_n;
	uint8_t *
		cells; /* DLB_BATCH cells, the batch at work; and one a worker */
};

/* Settings that node keeps in the letterbox. */
#define DLB_SET_SATCHEL_ROOT "satchel.root"
#define DLB_SET_SATCHEL_SIZE "satchel.size"
#define DLB_SET_SATCHEL_MOVE "satchel.move" /* files of satchel.next; or 0 */
#define DLB_SET_SPREAD "send.spread"
#define DLB_SET_HOLDS "holds.doubt"
#define DLB_SET_SEEN_WEEK "clock.seen"

uint8_t *dlb_node_cell(struct dlb_node *n, size_t i);
/* A cell's room for a worker of the pool alone. */
uint8_t *dlb_node_scratch(struct dlb_node *n, unsigned worker);

/* dlb_node_create and dlb_node_open with another place for files. */
enum dlb_status dlb_node_create_on(struct dlb_node **out, struct dlb_fs *fs,
	const char *home, const struct dlb_home_options *options,
	const struct dlb_env *env, const struct dlb_progress *progress,
	struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_node_open_on(struct dlb_node **out, struct dlb_fs *fs,
	const char *home, const struct dlb_unlock *unlock, unsigned wait_ms,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- the satchel of a home (home_satchel.c) ------------------------------------ */

/* DLB_USAGE where it is too small; 0 is the default size. */
enum dlb_status dlb_home_check_size(uint64_t size, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The first one; its root key goes into the letterbox (uncommitted). */
enum dlb_status dlb_home_make_satchel(struct dlb_node *n, uint64_t size,
	bool sparse, const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Never DLB_WRONG_KEY: no secret of a person's opens it. */
enum dlb_status dlb_home_open_satchel(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;

/* A letter of a stranger was refused, of so many cells: with it theirs would have
 * strangers_cells. */
void dlb_node_note_refused(
	struct dlb_node *n, uint64_t strangers_cells, uint64_t cells);

/* ---- what a crash left (orphans.c) ------------------------------------------- */

/* Set (uncommitted) before cells are held that no letter knows yet, or letters
 * forgotten whose cells are still held; cleared with what makes it good. The next
 * opening looks for orphans where it is set. */
enum dlb_status dlb_node_doubt_holds(
	struct dlb_node *n, bool doubt, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_node_drop_orphans(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;
/* How many of a letter's cells may be held here. */
uint32_t dlb_node_held_cells(
	const struct dlb_node *n, const struct dlb_in_letter *letter);

/* ---- cells that are needed no more (delete.c) --------------------------------- */

/* What is let go of together: first {.n = n}, then the letters, then commit. */
struct dlb_release {
	struct dlb_node *n;
	struct dlb_satchel_change *changes;
	size_t len, cap;
};
/* An entry as it is to be. */
enum dlb_status dlb_release_note(
	struct dlb_release *r, const struct dlb_entry *e) DLB_MUST_CHECK;
/* With all its stripes; and one of them. */
enum dlb_status dlb_release_in(struct dlb_release *r,
	const struct dlb_in_letter *letter) DLB_MUST_CHECK;
enum dlb_status dlb_release_stripe(struct dlb_release *r,
	const struct dlb_in_letter *letter) DLB_MUST_CHECK;
enum dlb_status dlb_release_out(struct dlb_release *r, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;
/* With all that changed in the letterbox. */
enum dlb_status dlb_release_commit(struct dlb_release *r, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_release_free(struct dlb_release *r);

/* ---- letters out that have expired (expire.c) -------------------------------------- */

/* Under a clock that is believed, once a week. Commits. */
enum dlb_status dlb_node_expire(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- letters that are sealed again (resend.c) -------------------------------------- */

/* Notes (uncommitted) how the letters of result are made, one that was just sent by
 * these options; of many, each is of one path. */
enum dlb_status dlb_node_keep_recipe(struct dlb_node *n,
	const struct dlb_send_options *options,
	const struct dlb_send_result *result, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- letters that came sealed twice (resent.c) ------------------------------------ */

/* After cells came in. letters_complete is added to. Commits. */
enum dlb_status dlb_node_resent(struct dlb_node *n, uint64_t *letters_complete,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- letters that came in stripes (stripes.c) -------------------------------------- */

/* The stripes of one sealing that are known here, by their number. */
struct dlb_stripe_set {
	struct dlb_in_letter *rows;
	size_t n;
	/* The rows have the letter key: of a threshold the one that the shares give,
	 * which fits its commitment. */
	bool keyed;
};
/* letter: the row that stands for the sealing. */
enum dlb_status dlb_stripes_load(struct dlb_stripe_set *out, struct dlb_node *n,
	const struct dlb_in_letter *letter, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_stripes_free(struct dlb_stripe_set *set);
/* The letter key from the shares of stripes of one sealing; DLB_PARTLY where they are
 * too few, DLB_FORGED where they do not fit the commitment. */
enum dlb_status dlb_stripes_key(uint8_t key[static DLB_KEY_LEN],
	const struct dlb_in_letter *const *rows, size_t n) DLB_MUST_CHECK;
/* After cells came in: of what has enough whole stripes, those stay, and it is whole.
 * letters_complete is added to. Commits. */
enum dlb_status dlb_node_stripes(struct dlb_node *n, uint64_t *letters_complete,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Writes down (uncommitted) what there is of each row of the set, after something was
 * lost: they wait for cells again. */
enum dlb_status dlb_stripes_wait(struct dlb_node *n, struct dlb_stripe_set *set,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what damage left (damage.c) ---------------------------------------------- */

/* Looks, and writes down which wait again. */
enum dlb_status dlb_node_damage(struct dlb_node *n, struct dlb_damage *out,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- sealing in batches (seal.c) -------------------------------------------- */

/* A letter while its cells are being made. */
struct dlb_sealing {
	struct dlb_stripe stripe;
	struct dlb_buf head;  /* the content that the head carries */
	struct dlb_buf names; /* 32 bytes a cell, by index */
	uint32_t stored;      /* cells that are in the satchel */
	bool whole;           /* all of its cells were handed over */
	struct dlb_sealing
		*next; /* the next stripe, of a letter that is split */
	struct dlb_out_letter row;
};

/* With fresh keys; to be filled: what of row is not the sealing's own, and the layout.
 * NULL: no memory. */
struct dlb_sealing *dlb_sealing_new(struct dlb_node *n);
/* With the stripes behind it. */
void dlb_sealing_free(struct dlb_sealing *l);
/* All of its cells, or those of all its stripes, are stored: into the letterbox with it (uncommitted). */
enum dlb_status dlb_sealing_note(struct dlb_sealing *l, struct dlb_node *n,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Collects cells of one or many letters, seals a batch in parallel, stores it. */
struct dlb_sealer;
enum dlb_status dlb_sealer_new(struct dlb_sealer **out, struct dlb_node *n,
	const struct dlb_seal_to *to, const struct dlb_seal_from *from,
	uint8_t flags, struct dlb_error *err) DLB_MUST_CHECK;
/* Where the content of the next cell goes: DLB_BULK_CONTENT_LEN bytes. */
uint8_t *dlb_sealer_content(struct dlb_sealer *s);
/* Hands over cell `index`, whose len bytes of content are in that place (index 0:
 * in sealing->head). sealing stays the caller's until it is stored, and its stripe as
 * it is but after dlb_sealer_wait: other threads read it. */
enum dlb_status dlb_sealer_add(struct dlb_sealer *s,
	struct dlb_sealing *sealing, uint32_t index, size_t len,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Until no cell is being sealed. */
enum dlb_status dlb_sealer_wait(struct dlb_sealer *s, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Stores all, and brings it onto the medium. */
enum dlb_status dlb_sealer_flush(struct dlb_sealer *s, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Entries of all the cells stored so far, in the order of their sealing. */
const uint32_t *dlb_sealer_numbers(const struct dlb_sealer *s, size_t *n);
/* Takes back what was stored, and forgets what was not. */
enum dlb_status dlb_sealer_undo(struct dlb_sealer *s, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Before the letters that were handed over. */
void dlb_sealer_free(struct dlb_sealer *s);

/* ---- weeks in which cells were sealed (seen_weeks.c) ------------------------------------ */

#define DLB_SEEN_ENOUGH 8
struct dlb_seen_weeks {
	uint16_t latest[DLB_SEEN_ENOUGH]; /* of so many cells; descending */
};
void dlb_seen_add(struct dlb_seen_weeks *s, uint16_t expiry_week);
void dlb_seen_add_all(
	struct dlb_seen_weeks *s, const struct dlb_satchel *where);
/* Where so many are dated ahead of the clock, that is remembered; commits then. */
enum dlb_status dlb_seen_note(struct dlb_node *n,
	const struct dlb_seen_weeks *s, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what is carried (shown.c) -------------------------------------------------------- */

struct dlb_tag_key {
	uint8_t key[DLB_KEY_LEN];
	uint32_t ref; /* not 0 */
};
struct dlb_shown {
	struct dlb_entry entry;
	uint32_t
		box; /* the ref of the key whose tag it has; 0: of none of them */
};
/* All that is shown, with room for `more` behind it; *shown is malloc'ed. */
enum dlb_status dlb_node_list_shown(const struct dlb_satchel *where,
	size_t more, struct dlb_shown **shown, size_t *shown_n,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Sets `box` of each. */
void dlb_node_match_tags(struct dlb_node *n, struct dlb_satchel *where,
	const struct dlb_tag_key *keys, size_t keys_n, struct dlb_shown *shown,
	size_t shown_n);

/* Uncommitted. */
enum dlb_status dlb_last_meeting_note(struct dlb_node *n,
	const struct dlb_last_meeting *last, struct dlb_error *err)
	DLB_MUST_CHECK;
/* It keeps no name of a box: one was forgotten, or a trip is over. Uncommitted. */
enum dlb_status dlb_last_meeting_strike(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what of a letter can be shown (read_show.c) -------------------------------------- */

/* Fills out, which is empty: see dlb_read_options. */
enum dlb_status dlb_show_letter(struct dlb_node *n,
	const struct dlb_in_letter *letter, size_t text_max, unsigned worker,
	struct dlb_read_result *out, const struct dlb_progress *progress,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what a list shows (describe.c) ------------------------------------------------- */

/* From the start of its content; or, once it is whole, from its cells. */
void dlb_describe_head(
	struct dlb_in_letter *letter, const uint8_t *content, size_t len);
void dlb_describe(struct dlb_node *n, struct dlb_in_letter *letter);

/* ---- a letter's content (content.c) ----------------------------------------------- */

/* worker: as which the caller works, 0 outside of the pool. */

/* The letter's first cell, in the worker's room; NULL where it is not here whole. */
const uint8_t *dlb_node_head_cell(struct dlb_node *n,
	const struct dlb_in_letter *letter, unsigned worker);
/* Feeds the content of a letter, from its start, to fn until it is done, fn says
 * false, or a cell is missing (DLB_PARTLY). Of a letter that is split only outside of
 * the pool. */
enum dlb_status dlb_node_content(struct dlb_node *n,
	const struct dlb_in_letter *letter, unsigned worker,
	bool (*fn)(void *ctx, const uint8_t *data, size_t len,
		struct dlb_error *err),
	void *ctx, const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

/* The same of a letter that is split; outside of the pool (content_stripes.c). */
enum dlb_status dlb_node_content_stripes(struct dlb_node *n,
	const struct dlb_in_letter *letter,
	bool (*fn)(void *ctx, const uint8_t *data, size_t len,
		struct dlb_error *err),
	void *ctx, const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

/* After it could not be read whole: counts anew what is here, lets go of what is
 * damaged; it is PARTLY from then on, and its other cells are wanted. Commits. */
enum dlb_status dlb_node_recount(struct dlb_node *n,
	struct dlb_in_letter *letter, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- a directory as a box (box_dir.c) ------------------------------------------------- */

enum dlb_status dlb_node_dir_open(struct dlb_node *n,
	uint8_t root[static DLB_KEY_LEN], uint64_t *cells_max, const char *dir,
	const struct dlb_unlock *unlock, char name[static DLB_BOX_NAME_MAX + 1],
	struct dlb_error *err) DLB_MUST_CHECK;
/* Its lock only; the directory is there. */
enum dlb_status dlb_node_dir_create(struct dlb_node *n, const char *dir,
	uint64_t cells_max, const uint8_t root[static DLB_KEY_LEN],
	const struct dlb_unlock *unlock, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- boxes (box.c) ------------------------------------------------------------------ */

/* There is none at that path: err says which one was, where one was. */
void dlb_node_box_missing(
	struct dlb_node *n, const char *path, struct dlb_error *err);
/* Opens a box with what is known of it; *name is filled where it has one. */
enum dlb_status dlb_node_box_open(struct dlb_node *n, struct dlb_satchel **out,
	const char *path, const struct dlb_unlock *unlock, bool writable,
	char name[static DLB_BOX_NAME_MAX + 1], struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
