/*
 * Bulletins in a node: posting, following, reading, and what is done with those that
 * hold something for the node (a roster ...). Whose they are and which came:
 * letterbox/bulletins.h.
 *
 * A new kind that bulletins carry: post it with dlb_node_bulletin_post; to receive it,
 * its file has a function as dlb_bulletin_handler wants it, and bulletins.c names that
 * in its table. A kind without one is shown to people like a bulletin.
 */
#ifndef DLB_NODE_BULLETINS_H
#define DLB_NODE_BULLETINS_H

#include "bulletins.h"
#include "node.h"

/* ---- out (bulletin_post.c) -------------------------------------------------------- */

struct dlb_bulletin_out {
	uint8_t kind; /* DLB_KIND_BULLETIN: for people; DLB_KIND_ROSTER ... */
	const char *title, *name; /* "": none. name: of the file */
	const void *body;
	size_t len; /* at most DLB_BULLETIN_BODY_MAX */
};
/* Signs, seals, and commits; what the caller changed in the letterbox is committed
 * before. number (in the outbox) may be NULL; only bulletins for people
 * have one that is shown. DLB_CLOCK under a clock that is not believed. */
enum dlb_status dlb_node_bulletin_post(struct dlb_node *n,
	const struct dlb_bulletin_out *out, int64_t *number,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Signs one's own roster and posts it, both or neither (rosters.c). Commits. DLB_USAGE where
 * it is empty. */
enum dlb_status dlb_node_roster_publish(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- whom one follows (following.c) -------------------------------------------------- */

/* See dlb_author_add; then looks for what lies here already. Commits. found: how many
 * of theirs are here; may be NULL. */
enum dlb_status dlb_node_follow(struct dlb_node *n, struct dlb_author *out,
	const struct dlb_card *card, const char *name, uint64_t *found,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Looks for what lies here already of all whom one follows: those of a letterbox that was
 * had again, in a home that has met boxes before. Commits. */
enum dlb_status dlb_node_find_bulletins(
	struct dlb_node *n, struct dlb_error *err) DLB_MUST_CHECK;
/* With all bulletins of theirs that are here. Commits. */
enum dlb_status dlb_node_unfollow(struct dlb_node *n, int64_t author,
	struct dlb_error *err) DLB_MUST_CHECK;

/* ---- in (bulletins.c) --------------------------------------------------------------- */

/* Of an author, and of all together, the newest are kept. */
#define DLB_BULLETINS_EACH 64     /* of one author */
#define DLB_BULLETINS_EACH_PART 8 /* and in cells an eighth of the reserve */
#define DLB_BULLETINS_ALL_PART 4  /* of all together: a quarter */

/* One that is whole, and verified. */
struct dlb_bulletin_in {
	struct dlb_node *n;
	struct dlb_author author;
	struct dlb_bulletin signed_part;     /* kind, id, posted_ms ... */
	struct dlb_bulletin_content content; /* points into `bytes` */
	struct dlb_buf
		bytes; /* the head, then title, name and body: the proof */
};
void dlb_bulletin_in_free(struct dlb_bulletin_in *in);
/* Bulletin number N; DLB_PARTLY where cells are missing, which are wanted then. */
enum dlb_status dlb_node_bulletin(struct dlb_node *n,
	struct dlb_bulletin_in *out, int64_t number, struct dlb_error *err)
	DLB_MUST_CHECK;
/* The owner opened it: it is not new any more. Commits. */
enum dlb_status dlb_node_bulletin_opened(struct dlb_node *n, int64_t number,
	struct dlb_error *err) DLB_MUST_CHECK;

/* Gets a bulletin of its kind once, when it is whole; it is forgotten then. Changes the
 * letterbox as it needs to and commits nothing. Fails only where the letterbox does:
 * what makes no sense is passed over. in is the caller's. */
struct dlb_bulletin_handler {
	uint8_t kind;
	enum dlb_status (*take)(
		const struct dlb_bulletin_in *in, struct dlb_error *err);
};

/* A proof (dlb_bulletin_in.bytes): what it says, if its author signed that. */
enum dlb_status dlb_bulletin_proof(struct dlb_bulletin *out,
	struct dlb_bulletin_content *content, const uint8_t *data, size_t len,
	struct dlb_error *err) DLB_MUST_CHECK;

#endif
