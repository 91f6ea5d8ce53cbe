/*
 * Finding one's own among cells: trials find heads, heads are opened and say which
 * other cells are wanted, and those get a hold when they come.
 */
#ifndef DLB_FINDING_H
#define DLB_FINDING_H

#include "node_internal.h"

/* Does this home look for anything of its own? A person's does, and one that follows
 * authors of bulletins (following.c). May ask the database: not for a pool's workers. */
bool dlb_node_looks(struct dlb_node *n);

/* ---- trials (trial.c) --------------------------------------------------------------- */

/* A trial reads the first whole blocks that hold the first bytes of a cell. */
#define DLB_PEEK_LEN ((DLB_TRIAL_LEN + 63) / 64 * 64)

/* A head that a trial found. */
struct dlb_hit {
	uint32_t number; /* of the satchel that was searched */
	bool refused; /* no room for a stranger's letter: to be looked at again */
	uint8_t shared[DLB_POINT_LEN];
	/* Not 0: the head of a bulletin of this author, with the handle of this day
	 * and slot. */
	int64_t author;
	uint32_t day;
	uint8_t slot;
};
/* Tries numbers[0..n) of a satchel; *hits is malloc'ed. Cells that are wanted (known
 * may be NULL) are no heads, and spare the trial. */
struct dlb_wanted;
enum dlb_status dlb_node_trial(struct dlb_node *n, struct dlb_satchel *where,
	const uint32_t *numbers, size_t numbers_n,
	const struct dlb_wanted *known, struct dlb_hit **hits, size_t *hits_n,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

/* One cell, of which the first DLB_TRIAL_LEN bytes are here. Any thread. */
bool dlb_node_try(struct dlb_node *n,
	const uint8_t prefix[static DLB_TRIAL_LEN], uint16_t expiry_week,
	uint8_t shared[static DLB_POINT_LEN]);

/* ---- what is wanted (wanted.c) ---------------------------------------------------------- */

/* Cells that letters of the inbox still lack, by handle. */
enum dlb_status dlb_wanted_new(struct dlb_wanted **out, struct dlb_node *n,
	struct dlb_error *err) DLB_MUST_CHECK;
void dlb_wanted_free(struct dlb_wanted *w);
struct dlb_node *dlb_wanted_node(const struct dlb_wanted *w);
/* Of authors who are followed. */
struct dlb_following;
const struct dlb_following *dlb_wanted_following(const struct dlb_wanted *w);
/* Is a cell that begins so a head of a bulletin of theirs? Any thread. */
bool dlb_wanted_bulletin(const struct dlb_wanted *w,
	const uint8_t prefix[static DLB_TRIAL_LEN], struct dlb_hit *hit);
/* A letter that is new: its head, which has this handle, and all other cells. */
enum dlb_status dlb_wanted_letter(struct dlb_wanted *w,
	const struct dlb_in_letter *letter,
	const uint8_t handle[static DLB_HANDLE_LEN], struct dlb_error *err)
	DLB_MUST_CHECK;
/* A letter that was deleted meanwhile: nothing of it is wanted any more. */
void dlb_wanted_forget(struct dlb_wanted *w, int64_t number);
/* A head that comes by of a letter that is known: its own may have been lost. */
void dlb_wanted_head(struct dlb_wanted *w,
	const uint8_t name[static DLB_NAME_LEN],
	const uint8_t handle[static DLB_HANDLE_LEN]);
/* Of thresholds of which enough heads are here, all other cells. After the last of
 * these (wanted_keys.c). */
enum dlb_status dlb_wanted_join(struct dlb_wanted *w, struct dlb_error *err)
	DLB_MUST_CHECK;
/* After that, before the next look-up. */
enum dlb_status dlb_wanted_index(struct dlb_wanted *w, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Would so many more cells be beyond what strangers may take? */
bool dlb_wanted_strangers_full(const struct dlb_wanted *w, uint32_t more);
/* Is this cell (65,536 bytes, with its name) one that is wanted, and true? Any
 * thread. *token is for dlb_wanted_take. */
bool dlb_wanted_check(const struct dlb_wanted *w, const uint8_t *cell,
	const uint8_t name[static 32], struct dlb_aead *aead, size_t *token);
/* Could a cell with this handle be wanted? Any thread. */
bool dlb_wanted_may_be(
	const struct dlb_wanted *w, const uint8_t handle[static 32]);
/* It is stored with a hold now; false: another cell took its place already. */
bool dlb_wanted_take(struct dlb_wanted *w, size_t token);

/* ---- what came, at its end (wanted_finish.c) ------------------------------------------ */

/* Holds what is wanted and lies in the home satchel already. */
enum dlb_status dlb_wanted_hold(struct dlb_wanted *w, struct dlb_error *err)
	DLB_MUST_CHECK;
/* That; then writes to the letterbox how far each letter is, describes what can be
 * described, commits. */
enum dlb_status dlb_wanted_finish(struct dlb_wanted *w,
	uint64_t *letters_complete, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- heads (heads.c, search.c) ---------------------------------------------------------- */

/* Opens the heads of hits and adds their letters to what is wanted and to the
 * letterbox, which the caller commits before it holds any cell of them.
 * letters_new and letters_refused are added to; hits say which were refused. */
enum dlb_status dlb_wanted_add_hits(struct dlb_wanted *w,
	struct dlb_satchel *where, struct dlb_hit *hits, size_t hits_n,
	uint64_t *letters_new, uint64_t *letters_refused, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The same with those cells of the home satchel that were not tried yet. */
enum dlb_status dlb_wanted_search_home(struct dlb_wanted *w,
	uint64_t *letters_new, uint64_t *letters_refused,
	const struct dlb_progress *progress, struct dlb_error *err)
	DLB_MUST_CHECK;

#endif
