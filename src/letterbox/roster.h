/*
 * roster: the nodes and couriers that somebody vouches for, signed by them; whose word
 * this home takes, and what their rosters say. docs/letterbox.md, "Rosters".
 *
 * A roster says all that its author says at that time: a newer one takes the place of the
 * one before, whatever way it came, and an older one never. It names identities, so that
 * two nodes that are both in it recognise each other without having been paired: by the
 * secret that their static keys agree on (dlb_pair_secret_of).
 */
#ifndef DLB_ROSTER_H
#define DLB_ROSTER_H

#include "base.h"
#include "cell.h"

struct dlb_letterbox;

#define DLB_ROSTER_ENTRIES_MAX 1024
#define DLB_ROSTER_NOTE_MAX 64
#define DLB_ROSTER_DAYS                                                        \
	180 /* so long a roster vouches, where it is not renewed */
#define DLB_ROSTER_DAYS_MAX 3650
#define DLB_ROSTER_FILE_MAX (256u << 10)
#define DLB_ROSTERS_MAX 256 /* that are held */
#define DLB_ROSTERS_TRUSTED_MAX 16

/* ---- the document (roster.c) ------------------------------------------------------------ */

struct dlb_roster_entry {
	struct dlb_identity identity;
	bool revoked; /* it is not to be trusted, whoever else vouches for it */
	char note[DLB_ROSTER_NOTE_MAX + 1]; /* public; may be empty */
};
struct dlb_roster {
	uint64_t number;   /* of one author, only ever goes up */
	int64_t issued_ms; /* whole seconds */
	uint16_t
		days; /* that it vouches from then on; a revocation has no end */
	struct dlb_identity author;
	size_t entries_n;
	struct dlb_roster_entry *entries; /* ascending by identity; owned */
};
void dlb_roster_free(struct dlb_roster *r);
/* Canonical bytes with a signature by sign_sk, which is of the author. Appends.
 * DLB_MALFORMED where the entries are none. */
enum dlb_status dlb_roster_write(struct dlb_buf *out,
	const struct dlb_roster *r, const uint8_t sign_sk[static 64])
	DLB_MUST_CHECK;
/* Every check: form, order, limits, signature (DLB_FORGED). out is empty on failure. */
enum dlb_status dlb_roster_parse(struct dlb_roster *out, const uint8_t *data,
	size_t len, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- one's own (own_roster.c) ------------------------------------------------------------- */

/* In place of what was said of it. DLB_REFUSED for oneself, DLB_LIMIT, DLB_USAGE for a
 * courier's home. */
enum dlb_status dlb_own_roster_put(struct dlb_letterbox *l,
	const struct dlb_roster_entry *entry, struct dlb_error *err)
	DLB_MUST_CHECK;
/* DLB_NOT_FOUND without a message. */
enum dlb_status dlb_own_roster_remove(struct dlb_letterbox *l,
	const struct dlb_identity *identity, struct dlb_error *err)
	DLB_MUST_CHECK;
/* As it will be signed; out is freed by the caller. number and issued_ms are of the one
 * that was signed last, 0 where none was; changed: it has changed since. */
enum dlb_status dlb_own_roster(struct dlb_letterbox *l, struct dlb_roster *out,
	bool *changed, struct dlb_error *err) DLB_MUST_CHECK;
/* Signs it, with a number above all before. Appends. */
enum dlb_status dlb_own_roster_sign(struct dlb_letterbox *l,
	struct dlb_buf *out, struct dlb_error *err) DLB_MUST_CHECK;
/* The one that was signed last; DLB_NOT_FOUND without a message. Appends. */
enum dlb_status dlb_own_roster_last(
	struct dlb_letterbox *l, struct dlb_buf *out) DLB_MUST_CHECK;

/* The one that was signed last goes out to followers (uncommitted). */
enum dlb_status dlb_own_roster_sent(
	struct dlb_letterbox *l, struct dlb_error *err) DLB_MUST_CHECK;
struct dlb_roster_sent {
	uint64_t number; /* 0: none has gone out */
	int64_t issued_ms;
};
/* True where another one has been signed since: as a file, which nobody may have. */
bool dlb_own_roster_last_sent(
	struct dlb_letterbox *l, struct dlb_roster_sent *out);

/* ---- others' (rosters.c) --------------------------------------------------------------------- */

struct dlb_roster_author {
	int64_t id;
	struct dlb_identity identity;
	char name[64 + 1]; /* as this home calls them */
	bool trusted;      /* their word counts for policies */
	/* of the roster that is held; 0: none */
	uint64_t number;
	int64_t issued_ms, until_ms;
	uint32_t vouched, revoked;
	uint64_t
		floor; /* a roster of a lower number is not taken, held or not */
};
enum dlb_status dlb_roster_author_by_identity(struct dlb_letterbox *l,
	struct dlb_roster_author *out, const struct dlb_identity *identity)
	DLB_MUST_CHECK; /* DLB_NOT_FOUND without a message */
enum dlb_status dlb_roster_author_by_name(struct dlb_letterbox *l,
	struct dlb_roster_author *out, const char *name, struct dlb_error *err)
	DLB_MUST_CHECK;
/* By name. */
enum dlb_status dlb_roster_author_each(struct dlb_letterbox *l,
	bool (*fn)(void *ctx, const struct dlb_roster_author *a), void *ctx,
	struct dlb_error *err) DLB_MUST_CHECK;
/* Their word counts from now on, or no more. DLB_REFUSED for oneself, DLB_USAGE for a
 * courier's home, DLB_LIMIT. */
enum dlb_status dlb_roster_trust(struct dlb_letterbox *l,
	const struct dlb_identity *identity, const char *name, bool trust,
	struct dlb_error *err) DLB_MUST_CHECK;
/* What is held of them goes, and that they were trusted. */
enum dlb_status dlb_roster_forget(struct dlb_letterbox *l,
	const struct dlb_identity *identity, struct dlb_error *err)
	DLB_MUST_CHECK;
/* Takes a roster, by whatever way it came, in the place of an older one. anyone: of who is
 * not in the list too, who then is, untrusted, under that name. *out (may be NULL) is its
 * author. DLB_NOT_FOUND: of an author who is not in the list; DLB_DUPLICATE: held already;
 * DLB_EXPIRED: a newer one is held; DLB_CLOCK: it is dated more than two days ahead;
 * DLB_REFUSED: one's own. */
enum dlb_status dlb_roster_take(struct dlb_letterbox *l,
	struct dlb_roster_author *out, const uint8_t *data, size_t len,
	bool anyone, const char *name, struct dlb_error *err) DLB_MUST_CHECK;
/* The bytes of the roster that is held. Appends. */
enum dlb_status dlb_roster_held(struct dlb_letterbox *l, struct dlb_buf *out,
	int64_t author, struct dlb_error *err) DLB_MUST_CHECK;

/* ---- whom they vouch for (vouched.c) ------------------------------------------------------------ */

/* A node that trusted rosters, or one's own, speak of. */
struct dlb_vouched {
	uint8_t secret[32];
	int64_t id; /* stays as long as it is in a roster */
	bool vouched;
	bool revoked; /* by anyone who is trusted: outweighs all others */
	char name[2 * 64 + 4]; /* "NOTE (AUTHOR)" */
};
/* Ascending by secret, one for each; malloc'ed, wiped and freed by dlb_vouched_free. */
enum dlb_status dlb_vouched_list(struct dlb_letterbox *l,
	struct dlb_vouched **out, size_t *n, struct dlb_error *err)
	DLB_MUST_CHECK;
void dlb_vouched_free(struct dlb_vouched *list, size_t n);
/* NULL: nobody speaks of it. */
const struct dlb_vouched *dlb_vouched_find(const struct dlb_vouched *list,
	size_t n, const uint8_t secret[static 32]);

#endif
