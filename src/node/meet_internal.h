/*
 * A meeting at work: shared by meet.c (plans, the order of things), own.c,
 * meet_give.c, meet_take.c and meet_progress.c.
 */
#ifndef DLB_NODE_MEET_INTERNAL_H
#define DLB_NODE_MEET_INTERNAL_H

#include "finding.h"
#include "trips.h"

/* ---- own new cells (own.c) ---------------------------------------------------- */

struct dlb_own_cells {
	uint32_t *numbers; /* entries of the home, in random order */
	size_t n;
	uint64_t waiting; /* cells of letters that wait for another meeting */
	uint32_t *cover;  /* which entries are only cover, ascending */
	size_t cover_n;
	struct dlb_own_list *list; /* what waits, until it is chosen from */
};
/* With whom it is. */
#define DLB_COURIER_NAME_MAX DLB_OUT_COURIER_MAX
struct dlb_courier {
	/* Tells known ones apart; empty: one of whom nothing is known. */
	char name[DLB_COURIER_NAME_MAX];
	bool vetted;
	const uint8_t *tag_key; /* it is this box; the caller's, or NULL */
};
/* What a node is called: by the secret that it is known by, so that it is the same one
 * however it came to be known. */
void dlb_courier_node(char name[static DLB_COURIER_NAME_MAX],
	const uint8_t secret[static DLB_KEY_LEN]);
/* As it is written down of strangers: who counts as another each time. */
#define DLB_COURIER_STRANGER "met "
void dlb_courier_draw(
	char name[static DLB_COURIER_NAME_MAX], struct dlb_node *n);
/* What waits, and enough cover to fill up with, whoever it goes to; nothing is to be
 * made any more when it is known who that is. week: 0, the clock is not trusted, and no
 * cover is made. Freed by dlb_own_free, also after a failure. */
enum dlb_status dlb_own_collect(struct dlb_own_cells *own, struct dlb_node *n,
	bool release_now, uint16_t week, struct dlb_error *err) DLB_MUST_CHECK;
/* The constant number for this courier: what is sent now, others, cover for the rest;
 * what is sent now and is more than that comes besides. Of a letter that is split the
 * stripe that is theirs, which is durable before any of it can be given. Nothing where
 * nothing was collected. Commits, whatever it is that goes: how long it takes must not
 * say that somebody gets the first of a stripe. */
enum dlb_status dlb_own_choose(struct dlb_own_cells *own,
	const struct dlb_courier *to, struct dlb_error *err) DLB_MUST_CHECK;
/* So many cells it may choose. */
size_t dlb_own_most(const struct dlb_own_cells *own);
void dlb_own_free(struct dlb_own_cells *own);
/* May own cells go along? Whenever somebody asked for the meeting; with one that
 * began by itself at most once in so long: who meets us again and again must not make
 * us fill the network with cover. */
#define DLB_OWN_EVERY_MS (60LL * 60 * 1000)
bool dlb_own_allowed(struct dlb_node *n, bool by_itself);
/* They went, now; uncommitted. */
enum dlb_status dlb_own_note(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;
bool dlb_own_is_cover(const struct dlb_own_cells *own, uint32_t number);
/* The flags of an entry once it has been given. own may be NULL. */
uint8_t dlb_own_given_flags(
	const struct dlb_own_cells *own, const struct dlb_entry *e);

/* ---- tokens (recall.c) ---------------------------------------------------------- */

#define DLB_RECALL_SHOWN_MAX 1024 /* in a meeting over a link: half a cell */
/* When the token of a cell may be released; INT64_MAX: not as things are. */
int64_t dlb_recall_due_ms(const struct dlb_out_letter *letter, uint32_t index);
/* Releases so many of those that are due as a meeting may: they are kept in the home
 * satchel, their cells gone. Commits. *tokens is malloc'ed. */
struct dlb_satchel_token;
enum dlb_status dlb_recall_release(struct dlb_node *n,
	struct dlb_satchel_token **tokens, size_t *tokens_n,
	struct dlb_error *err) DLB_MUST_CHECK;
/* What a meeting over a link shows, in random order: out has room for
 * DLB_RECALL_SHOWN_MAX. own: tokens of own cells too, DLB_MEETING_OWN_CELLS of them with
 * random bytes filling up. */
enum dlb_status dlb_recall_show(struct dlb_node *n, bool own,
	uint8_t (*out)[DLB_TOKEN_LEN], size_t *out_n, struct dlb_error *err)
	DLB_MUST_CHECK;
/* What the other side shows. */
enum dlb_status dlb_recall_heard(struct dlb_node *n, const uint8_t *tokens,
	size_t tokens_n, struct dlb_error *err) DLB_MUST_CHECK;
/* Both ways, with a box that is a satchel; how many it had. */
enum dlb_status dlb_recall_with_box(struct dlb_node *n, struct dlb_satchel *box,
	bool gives, bool own, uint64_t *heard, struct dlb_error *err)
	DLB_MUST_CHECK;

/* Cells that move at once: few enough that what was read is still in a cache when
 * it is written. */
#define DLB_MEET_BATCH 64

struct meet {
	struct dlb_node *n;
	struct dlb_satchel *box;
	const struct dlb_meet_options *options;
	struct dlb_meet_result *result;
	const struct dlb_progress *progress;
	struct dlb_wanted *wanted;
	uint16_t week; /* 0: the clock is not trusted */
	/* the batch at work */
	const struct dlb_plan_move *moves;
	struct dlb_satchel_item items[DLB_MEET_BATCH];
	enum dlb_status got[DLB_MEET_BATCH];
	size_t token[DLB_MEET_BATCH];
	bool mine[DLB_MEET_BATCH], dear[DLB_MEET_BATCH];
	/* what has moved and is not on the medium yet: what this side is to say of
	 * it afterwards, and how many cells, own ones among them */
	struct dlb_satchel_change changes[DLB_COMMIT_CELLS + DLB_MEET_BATCH];
	size_t changes_n;
	size_t moved, moved_own;
	uint64_t done, total;
	uint64_t recalls_heard;
	size_t carry; /* how many more cells may come in to be carried on */
	bool *keep;   /* beyond that: which ones may be own */
	struct dlb_own_cells own;
	struct dlb_trips trips;
	/* The box is known by a briefing alone: it gets what is bound for it, and
	 * nothing else. */
	bool briefed;
	uint32_t *
		refused; /* heads in the box, ascending: not tried, as it were */
	size_t refused_n;
};

/* Free places, and those that newcomers may replace in one meeting. */
size_t dlb_meet_room(const struct dlb_satchel *s, uint16_t week);
/* Counts `more` cells as done; false: the user wants to stop. */
bool dlb_meet_step(struct meet *m, const char *what, size_t more);
enum dlb_status dlb_meet_interrupted(struct dlb_error *err);
/* Brings what has moved onto the other side's medium, then writes down here that it
 * has. Counts it: *count and *count_own (which may be NULL). */
enum dlb_status dlb_meet_settle(struct meet *m, struct dlb_satchel *to,
	struct dlb_satchel *from, uint64_t *count, uint64_t *count_own,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Moves those of a batch that could be read (m->got) to the front, items and moves
 * alike, and counts the others; returns how many are left. */
size_t dlb_meet_keep_sound(
	struct meet *m, struct dlb_plan_move *moves, size_t n);

/* ---- what moves (meet_give.c, meet_take.c, meet_progress.c) ------------------- */

/* Whom a box stands for. */
struct dlb_courier dlb_meet_courier(const char *box_name);
/* Writes down how far letters are, after their cells moved, and that this courier
 * took them. */
enum dlb_status dlb_meet_write_progress(struct dlb_node *n,
	const struct dlb_courier *courier, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_status dlb_meet_give(struct meet *m, struct dlb_plan_move *moves,
	size_t n, struct dlb_error *err) DLB_MUST_CHECK;
enum dlb_status dlb_meet_take(struct meet *m, struct dlb_plan_move *moves,
	size_t n, struct dlb_error *err) DLB_MUST_CHECK;

/* Moves that were planned before cells came in: leaves out those whose cell is not here
 * any more, as a newcomer may have its number. cells: what they were planned from, by
 * number. Returns how many are left. */
size_t dlb_meet_keep_here(struct dlb_plan_move *moves, size_t n,
	const struct dlb_plan_cell *cells, size_t cells_n,
	const struct dlb_satchel *home);

/* A meeting with a directory of single cells (meet_dir.c). */
enum dlb_status dlb_meet_dir(struct dlb_node *n, const char *dir,
	const struct dlb_meet_options *options, struct dlb_meet_result *result,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
