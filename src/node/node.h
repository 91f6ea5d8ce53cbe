/*
 * node: ties a letterbox, a satchel and carriers together. One home, one process
 * at a time. What the command line (and later the page and the daemon) call.
 *
 * Prints nothing. What takes long reports through dlb_progress and stops when told.
 */
#ifndef DLB_NODE_H
#define DLB_NODE_H

#include "base.h"
#include "carrier.h"
#include "letterbox.h"
#include "satchel.h"

struct dlb_node;

/* ---- home (home.c) ------------------------------------------------------------------ */

/* Where a home lies: $DLB_HOME, else $XDG_DATA_HOME/dead-letter-box, else
 * ~/.local/share/dead-letter-box. */
enum dlb_status dlb_home_path(char *out, size_t cap, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Is there a home? Else why not, and what to do: DLB_NOT_FOUND, DLB_CORRUPT (it has
 * lost its letterbox), or why it can not be looked into. */
enum dlb_status dlb_home_look(const char *home, struct dlb_error *err)
	DLB_MUST_CHECK;

#define DLB_HOME_SIZE_DEFAULT (1ULL << 30)
enum dlb_spread {
	DLB_SPREAD_ASK = 0,
	DLB_SPREAD_NOW = 1,
	DLB_SPREAD_SPREAD = 2
};
struct dlb_restoring;
struct dlb_restored;
struct dlb_home_options {
	bool courier; /* no identity */
	bool waits;   /* for shares of a backup (backups.h) */
	/* NULL, or whose backup it is made of: joined before. Says what came of
	 * it. */
	struct dlb_restoring *restoring;
	struct dlb_restored *restored;
	const char *name; /* on the card; a person only */
	uint64_t size;    /* of the satchel; 0: the default */
	bool sparse;
	enum dlb_spread spread; /* standing answer */
	struct dlb_unlock unlock;
};
/* Makes the directory (0700), the letterbox, the satchel; on failure all is
 * removed again. DLB_EXISTS where there is one. */
enum dlb_status dlb_node_create(struct dlb_node **out, const char *home,
	const struct dlb_home_options *options, const struct dlb_env *env,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;
/* DLB_BUSY (naming the process that holds it) after waiting wait_ms. */
enum dlb_status dlb_node_open(struct dlb_node **out, const char *home,
	const struct dlb_unlock *unlock, unsigned wait_ms,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;
/* The same, but a home whose satchel does not open is opened without it: what
 * dlb_node_trouble tells, NULL where there is none. For the doctor and for
 * dlb_node_satchel_new; nothing else is to be done with it. */
enum dlb_status dlb_node_open_without(struct dlb_node **out, const char *home,
	const struct dlb_unlock *unlock, unsigned wait_ms,
	const struct dlb_env *env, struct dlb_error *err) DLB_MUST_CHECK;
const struct dlb_error *dlb_node_trouble(const struct dlb_node *n);
void dlb_node_close(struct dlb_node *n);
struct dlb_letterbox *dlb_node_letterbox(struct dlb_node *n);
void dlb_node_satchel_info(
	const struct dlb_node *n, struct dlb_satchel_info *out);
const char *dlb_node_home(const struct dlb_node *n);
struct dlb_clock_view dlb_node_clock(const struct dlb_node *n);
/* For who keeps it open for long: looks at the clock again, issues a new card and
 * destroys keys where it is time to. Not while a meeting is under way. */
enum dlb_status dlb_node_look_at_clock(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- its satchel, made anew (home_satchel.c) ------------------------------------- */

struct dlb_damage {
	uint32_t in; /* letters that came in and wait for cells again */
	int64_t in_first;
	uint32_t out; /* letters that go out and can not arrive whole */
	int64_t out_first;
	uint32_t
		shares; /* of others' backups that were kept here: they are gone */
};
/* In another size, with all that it holds, but for damaged cells: damage says what
 * these cost. Until the new one is whole and on the medium the old one serves. Where
 * it fails after that, n has no satchel, and the next opening ends it. DLB_USAGE
 * where it is too small. */
enum dlb_status dlb_node_satchel_resize(struct dlb_node *n, uint64_t size,
	bool sparse, struct dlb_damage *damage,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;
/* An empty one in the place of one that does not open; size 0: as large as that
 * one was. DLB_USAGE where it opens. */
enum dlb_status dlb_node_satchel_new(struct dlb_node *n, uint64_t size,
	bool sparse, struct dlb_damage *damage,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;
/* What size it needs to hold so many more cells of letters. */
uint64_t dlb_node_size_with(const struct dlb_node *n, uint64_t more);
/* What size it needs for a letter that is not whole to become so, and does not have;
 * 0: it has room for it. */
uint64_t dlb_node_size_for(
	const struct dlb_node *n, const struct dlb_in_letter *letter);
/* All such letters in the inbox. */
struct dlb_large {
	uint32_t letters;
	int64_t first; /* its number */
	uint64_t size; /* that all of them need */
};
enum dlb_status dlb_node_large(struct dlb_node *n, struct dlb_large *out,
	struct dlb_error *err) DLB_MUST_CHECK;
/* What size it needs for the largest letter of a stranger that was refused since the
 * home was opened; 0: none was. */
uint64_t dlb_node_refused_size(const struct dlb_node *n);

/* ---- the clock --------------------------------------------------------------------- */

/* Cells were seen that say they were sealed more than a week from now: the clock is
 * probably behind. *week: in which. (seen_weeks.c) */
bool dlb_node_clock_behind(struct dlb_node *n, uint16_t *week);
/* The owner says that the clock is right. DLB_CLOCK where that can not be. Commits. */
enum dlb_status dlb_node_confirm_clock(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- sending (send.c; what is sent: pack.c) -------------------------------------------- */

struct dlb_send_options {
	const char *const *paths; /* files and folders; "-" is standard input */
	size_t paths_n;
	const char *message; /* may be NULL */
	size_t message_len;
	const char *stdin_name; /* the name "-" gets; NULL: "stdin" */
	int stdin_fd;
	bool each; /* a letter of each path (a folder: of each file in it) */
	bool compress; /* zstd */
	bool last_resort;
	bool no_receipt; /* else one is asked for, but of whom receipts are off */
	int64_t again_of; /* a letter out that is sealed again; 0: a new one */
	int64_t again_ms; /* sent again by itself where no receipt came in so long;
			   * 0: not. Not with standard input. */
	const uint8_t *tag_key; /* 32 bytes of a box, or NULL */
	/* Split: any `need` of `of` stripes suffice; 0, 0 (or 1, 1): not. threshold:
	 * fewer tell nothing, even to who has the reader's keys; at least 2. */
	unsigned need, of;
	bool threshold;
	/* Called once the size is known, when the letter does not fit a meeting's
	 * constant number: DLB_SPREAD_NOW or _SPREAD, or _ASK to refuse. */
	enum dlb_spread (*decide)(void *ctx, uint64_t cells, uint64_t bytes);
	void *decide_ctx;
};
struct dlb_send_result {
	int64_t first_number; /* of the letters made */
	int64_t last_number;
	uint64_t letters;
	uint64_t cells;
	uint64_t content_len;
	uint64_t
		skipped; /* files that could not travel; each named by `note` */
	bool same_cells; /* nothing was sealed: those that are there go again */
};
/* Seals and stores; nothing leaves this home before a meeting. All letters or
 * none: on failure nothing is left. note: told of each thing left out and why. */
enum dlb_status dlb_node_send(struct dlb_node *n, int64_t correspondent,
	const struct dlb_send_options *options, struct dlb_send_result *result,
	void (*note)(void *ctx, const char *text), void *note_ctx,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

/* A letter out that may have been lost, sealed again with new keys under its old id,
 * so that it is not read twice, in as many stripes as before. options: what it held, as for dlb_node_send, whose
 * again_of is set here; NULL: as it was kept, for letters that are sent again by
 * themselves. Of others the same cells go out again then (same_cells), DLB_CORRUPT
 * where some are gone. DLB_NOT_FOUND; DLB_EXISTS where it has arrived. */
enum dlb_status dlb_node_resend(struct dlb_node *n, int64_t number,
	const struct dlb_send_options *options, struct dlb_send_result *result,
	void (*note)(void *ctx, const char *text), void *note_ctx,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;
/* All that are to be sent again by themselves, and are due. Those that can not be
 * wait for the next time. */
void dlb_node_resend_due(struct dlb_node *n);

/* ---- calling a letter back (recall.c) ----------------------------------------- */

struct dlb_recall_result {
	uint64_t cells;      /* of all its sealings */
	uint64_t never_left; /* let go of here: nobody else has them */
	uint64_t released;   /* whose tokens meetings have shown already */
	int64_t arrived_ms;  /* not 0: its reader has it */
};
/* All its tokens are due: the coming meetings show them, DLB_MEETING_OWN_CELLS each, and
 * who carries the cells drops them. Who has the letter keeps it. DLB_NOT_FOUND. Commits. */
enum dlb_status dlb_node_recall(struct dlb_node *n, int64_t number,
	struct dlb_recall_result *result, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- meeting a stick (meet.c) --------------------------------------------------- */

struct dlb_meet_options {
	const char *where;               /* a box's path or its directory */
	const struct dlb_unlock *unlock; /* NULL: known boxes, then open */
	bool collect_only;               /* takes, gives nothing */
	bool release_now; /* all waiting letters as if sent with --now */
	bool by_itself; /* nobody asked for this meeting: own cells go seldom */
};
struct dlb_meet_result {
	char box_path[4096];
	char box_name[DLB_BOX_NAME_MAX + 1]; /* empty where it has none */
	uint64_t given, taken;               /* cells */
	uint64_t given_own;   /* of these, own new ones with cover */
	uint64_t not_given;   /* the box had no room for */
	uint64_t own_waiting; /* own cells that still wait for a meeting */
	uint64_t own_no_room; /* of these, as the box has no room for them */
	uint64_t displaced;   /* cells of the box that gave way to new ones */
	uint64_t not_taken;   /* no room here */
	uint64_t refused;     /* damaged, expired, malformed */
	uint64_t letters_new; /* heads found */
	uint64_t letters_refused;  /* of strangers, beyond their quota */
	uint64_t letters_complete; /* that became complete in this meeting */
	bool box_read_only;
	bool briefed; /* served as a courier: it got what is bound for it alone */
	uint64_t objects; /* in a folder of single cells, after it */
	struct dlb_satchel_info box;
};
enum dlb_status dlb_node_meet(struct dlb_node *n,
	const struct dlb_meet_options *options, struct dlb_meet_result *result,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Meetings that begin by themselves take own new cells along once an hour: from when
 * on the next one does; 0: from now on. */
int64_t dlb_node_own_from_ms(struct dlb_node *n);
/* Is that the courier of dlb_out_taken one of whom nothing is known? */
bool dlb_courier_is_stranger(const char *name);
/* So many couriers are told apart: paired nodes, and boxes that have a name; and so many
 * of the nodes are vetted. */
enum dlb_status dlb_node_couriers(struct dlb_node *n, size_t *known,
	size_t *vetted, struct dlb_error *err) DLB_MUST_CHECK;
/* What the last one showed, to a box's owner or to the other node. DLB_NOT_FOUND
 * where there was none. */
struct dlb_last_meeting {
	int64_t when_ms;
	bool peer;        /* another node; else a box */
	char with[320];   /* whom, or which box */
	uint64_t carried; /* cells that were shown to be here; of a box: 0 */
	uint64_t given, given_own, taken;
};
enum dlb_status dlb_node_last_meeting(
	struct dlb_node *n, struct dlb_last_meeting *out) DLB_MUST_CHECK;

/* ---- reading (read.c; what is written: unpack.c) -------------------------------------------- */

struct dlb_read_options {
	const char *directory; /* where files go; or */
	int fd; /* a lone file's bytes, else a pax archive (if >= 0) */
	bool overwrite;
	bool again; /* read letters may be read again: always so; kept for --all */
	/* Neither of the two: what can be shown comes into the result. A letter that
	 * is more than its message and one file that is text of at most so many
	 * bytes is not marked as read. */
	bool show;
	size_t show_max;
};
struct dlb_read_result {
	uint64_t files;   /* folders not counted */
	uint64_t entries; /* of what is shown: folders, too */
	uint64_t bytes;
	struct dlb_buf message; /* the letter's; freed by the caller */
	char first_path[4096];  /* of what was written */
	bool whole;             /* all that the letter has is written or here */
	struct dlb_buf text;    /* a lone file's, shown; freed by the caller */
};
/* DLB_PARTLY with what is missing; DLB_EXISTS names the file in the way. What could
 * not be written whole is not there. Marks the letter as read. */
enum dlb_status dlb_node_read(struct dlb_node *n, int64_t number,
	const struct dlb_read_options *options, struct dlb_read_result *result,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Many, each as by dlb_node_read, and many times as fast where they are short: they
 * share what brings them onto the medium. */
struct dlb_read_each {
	void *ctx;
	/* Before a letter is written: not DLB_OK leaves it out, with that. May be
	 * NULL. */
	enum dlb_status (*may)(void *ctx, const struct dlb_in_letter *letter,
		struct dlb_error *err);
	/* How each went, in their order, once it is on the medium. letter is as it
	 * is now; result->message is freed afterwards. false: no more after those
	 * that are read with it. */
	bool (*done)(void *ctx, int64_t number,
		const struct dlb_in_letter *letter,
		const struct dlb_read_result *result, enum dlb_status st,
		const struct dlb_error *err);
};
enum dlb_status dlb_node_read_each(struct dlb_node *n, const int64_t *numbers,
	size_t numbers_n, const struct dlb_read_options *options,
	const struct dlb_read_each *each, const struct dlb_progress *progress,
	struct dlb_error *err) DLB_MUST_CHECK;
/* A letter in or out. Its cells lose their hold. */
enum dlb_status dlb_node_delete(struct dlb_node *n, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Letters that nodes write to each other (briefings ...): reads those that are whole, and
 * writes what is owed for any. After letters came in, and after a stranger became a
 * correspondent. Commits. (kinds.c) */
enum dlb_status dlb_node_kinds(struct dlb_node *n, struct dlb_error *err)
	DLB_MUST_CHECK;

/* ---- strangers (stranger.c) --------------------------------------------------------------------- */

/* The card that came with a stranger's letter, as good as one from a file: checked,
 * and the sender's own. DLB_NOT_FOUND where none came. */
enum dlb_status dlb_node_letter_card(struct dlb_node *n, int64_t number,
	struct dlb_card *card, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- boxes (box.c) ------------------------------------------------------------------------------ */

struct dlb_box_options {
	const char *path;  /* a directory: DLB_STICK_BOX_NAME in it */
	const char *name;  /* how one calls it; NULL: from the path */
	const char *place; /* in words; may be NULL */
	uint64_t size;     /* 0: chosen from the free space, at most 1 GiB */
	uint64_t size_min; /* at least that, when size is 0 */
	bool sparse;
	bool cells; /* a directory of single cells: path is one that is there */
	struct dlb_unlock unlock;
};
/* Makes it and remembers it. n may not be NULL. */
enum dlb_status dlb_node_box_create(struct dlb_node *n,
	const struct dlb_box_options *options, struct dlb_box *box,
	uint64_t *size, const struct dlb_progress *progress,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Its key, and its name in the log and of the last meeting. DLB_NOT_FOUND. Commits. */
enum dlb_status dlb_node_box_forget(struct dlb_node *n, const char *name,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- what is wrong here (doctor.c) --------------------------------------------------------------- */

enum dlb_finding_level { DLB_FINE, DLB_NOTE, DLB_WRONG };
/* Each finding: what, and how to mend it ("" where there is nothing to). */
typedef void (*dlb_doctor_fn)(void *ctx, enum dlb_finding_level level,
	const char *what, const char *mend);
enum dlb_status dlb_node_doctor(struct dlb_node *n, bool thorough,
	dlb_doctor_fn fn, void *ctx, const struct dlb_progress *progress,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
