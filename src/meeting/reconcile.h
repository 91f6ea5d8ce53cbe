/*
 * reconcile: what differs between two sets of ids, told by one end to the other in
 * about as many bytes as the difference asks for, however large the sets are
 * (Yang, Gilad, Alizadeh: Practical Rateless Set Reconciliation, SIGCOMM 2024).
 * docs/meeting.md, "Reconciliation", is the format.
 *
 * An id is eight bytes, a keyed hash of a name (dlb_siphash) under a key that is
 * new for each meeting. A set is any ascending run of ids without doubles: the
 * whole, or what starts with the same bits. The teller writes symbols of its set,
 * as many as dlb_recon_first says, then as many more as it is asked for. The hearer
 * takes the symbols of its own set from them, peels the rest apart, and knows what
 * each end lacks: it answers with the ids that it lacks itself.
 *
 *	teller                              hearer
 *	dlb_recon_set_init                  dlb_recon_set_init
 *	                                    dlb_recon_decoder_init
 *	dlb_recon_grow(first)
 *	dlb_recon_write ...                 dlb_recon_add ...
 *	                                    dlb_recon_done? dlb_recon_theirs, _ours
 *	dlb_recon_grow(more) ...            else ask for dlb_recon_more
 *
 * Two names of one set with one id (n^2 / 2^65: 3 in 100 million meetings of
 * 1,000,000): the caller keeps one of them, the other is not part of this meeting.
 * Names with one id on either side count as the same; the next meeting has another
 * key.
 *
 * Nothing here is kept between calls but in the structs; two sets do not know of
 * each other. No struct is for two threads at once.
 */
#ifndef DLB_RECONCILE_H
#define DLB_RECONCILE_H

#include "base.h"

#define DLB_RECON_KEY_LEN 16
#define DLB_RECON_SYMBOL_LEN 12
/* No index of a symbol reaches it: 16 million, 201 MB of symbols. */
#define DLB_RECON_SYMBOLS_MAX (1u << 24)
#define DLB_RECON_IDS_MAX (1u << 28)
#define DLB_RECON_UNKNOWN SIZE_MAX

struct dlb_recon_symbol;
struct dlb_recon_found;

/* A set and the symbols made of it. */
struct dlb_recon_set {
	const uint64_t *ids;
	size_t n;
	uint8_t key[DLB_RECON_KEY_LEN];
	uint32_t *next; /* the next symbol that each id is part of */
	struct dlb_recon_symbol *symbols;
	size_t made, cap;
};

/* ids: ascending, none twice, not more than DLB_RECON_IDS_MAX; the caller's, must
 * outlive the set. key: of this meeting, the same at both ends, not the one that
 * the ids are made with. DLB_NO_MEMORY. */
enum dlb_status dlb_recon_set_init(struct dlb_recon_set *s,
	const uint8_t key[static DLB_RECON_KEY_LEN], const uint64_t *ids,
	size_t n) DLB_MUST_CHECK;
/* Of zeros too, and twice. */
void dlb_recon_set_free(struct dlb_recon_set *s);
/* Makes the symbols up to `to`, on all cores; few large steps cost less than many
 * small ones. DLB_LIMIT above DLB_RECON_SYMBOLS_MAX, DLB_NO_MEMORY: the set is as it
 * was. */
enum dlb_status dlb_recon_grow(struct dlb_recon_set *s, size_t to)
	DLB_MUST_CHECK;
/* Writes symbols [from, from + n), which must be made, 12 bytes each. */
void dlb_recon_write(const struct dlb_recon_set *s, struct dlb_writer *w,
	size_t from, size_t n);

/* The bytes that a set, and its decoder if there is one, keep at most for n ids and
 * so many symbols (the decoder's limit): 4 an id, 16 or 40 a symbol. For a moment,
 * growing takes up to 8 an id more, and its symbols twice. */
size_t dlb_recon_memory(size_t n, size_t symbols, bool decoder);

/* The hearer's side; all pointers but the set's are its own. */
struct dlb_recon_decoder {
	struct dlb_recon_set *set;
	size_t limit, peer_n;
	size_t heard; /* symbols */
	size_t open;  /* of which so many are not explained yet */
	size_t cap;   /* of what follows */
	uint32_t *queue;
	size_t queue_at, queue_n;
	uint32_t *waiting, beyond;
	struct dlb_recon_found *found;
	size_t found_n, theirs_n;
	bool done;
	enum dlb_status failed;
};

/* Takes over the symbols of s, which must outlive d and can tell none any more once
 * some were added. limit: so many symbols are heard at most. peer_n: how many ids the
 * other end says that it has, or DLB_RECON_UNKNOWN. */
void dlb_recon_decoder_init(struct dlb_recon_decoder *d,
	struct dlb_recon_set *s, size_t limit, size_t peer_n);
/* Leaves the set to its owner. Of zeros too, and twice. */
void dlb_recon_decoder_free(struct dlb_recon_decoder *d);
/* The next n symbols, as they came: any bytes are symbols. Once it is done, more are
 * counted and dropped. Where the own set has not that many symbols yet, it is grown,
 * in large steps. DLB_FORGED: no two sets differ so (or by accident: once in 500,000
 * meetings at 100,000 differences, once in 30 million at 1,000). DLB_LIMIT above
 * limit, DLB_NO_MEMORY. After a failure it fails again, and says nothing of what it
 * found. */
enum dlb_status dlb_recon_add(struct dlb_recon_decoder *d,
	const uint8_t *symbols, size_t n) DLB_MUST_CHECK;
/* All is explained: what each end lacks is known. Until then the rest says 0. */
bool dlb_recon_done(const struct dlb_recon_decoder *d);
/* How many ids only they have; the i-th of these, ascending. None is in our set. */
size_t dlb_recon_theirs_n(const struct dlb_recon_decoder *d);
uint64_t dlb_recon_theirs(const struct dlb_recon_decoder *d, size_t i);
/* How many only we have; where in our set the i-th is, ascending. */
size_t dlb_recon_ours_n(const struct dlb_recon_decoder *d);
uint32_t dlb_recon_ours(const struct dlb_recon_decoder *d, size_t i);

/* ---- how much differs, how many symbols that takes (reconcile_size.c) -------------- */

/* Sums that say about how much two sets differ, whatever their size: at the square
 * root of 2 / 128, 12.5 %. Add the ids of a set (in parts, too) to zeros; 128 small
 * numbers go to the other end. */
#define DLB_RECON_COUNTERS 128
void dlb_recon_count(int32_t counters[static DLB_RECON_COUNTERS],
	const uint64_t *ids, size_t n);
/* About how many ids are in one of the sets and not in the other. Any counters
 * will do. */
uint64_t dlb_recon_differ(const int32_t a[static DLB_RECON_COUNTERS],
	const int32_t b[static DLB_RECON_COUNTERS]);

/* How many symbols to tell at once where about so many ids differ, so that in 19 of
 * 20 cases no more are asked for. Never 0, never above DLB_RECON_SYMBOLS_MAX. */
size_t dlb_recon_first(uint64_t differ);
/* The teller's n ids themselves are fewer bytes than the symbols would be. */
bool dlb_recon_ids_cheaper(size_t n, uint64_t differ);
/* How many symbols in all to ask for after those that were heard did not do: with
 * these, in most cases, it is done. 0 where it would be above the limit, or the ids
 * would be fewer bytes: ask for these. */
size_t dlb_recon_more(const struct dlb_recon_decoder *d);
/* The teller, asked for more: whoever asks for a few at a time, over and over, makes
 * it go through all its ids each time. False: a hearer does not ask so. */
bool dlb_recon_more_is_fair(size_t told, size_t to);

#endif
