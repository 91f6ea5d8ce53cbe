/*
 * Reconciliation inside: what telling and hearing share. docs/meeting.md,
 * "Reconciliation".
 */
#ifndef DLB_RECONCILE_INTERNAL_H
#define DLB_RECONCILE_INTERNAL_H

#include "crypto.h"
#include "reconcile.h"

/* Both fields are sums (xor) over the ids that are part of the symbol. */
struct dlb_recon_symbol {
	uint64_t ids;
	uint32_t checks;
	uint32_t state; /* the decoder's: bits of what follows */
};
#define DLB_RECON_CLOSED 1 /* every id in it is known: it is zero for good */
#define DLB_RECON_QUEUED 2 /* is to be looked at */

static inline bool
dlb_recon_closed(const struct dlb_recon_symbol *symbol)
{
	return symbol->state & DLB_RECON_CLOSED;
}

/* An id that was found. */
struct dlb_recon_found {
	uint64_t id;
	union {
		uint32_t next; /* the symbol that it waits for */
		uint32_t at;   /* done: where in our set, or DLB_RECON_THEIRS */
	};
	uint32_t link; /* the next one that waits for it, from 1 */
};
#define DLB_RECON_THEIRS UINT32_MAX

/* All that is drawn for an id; its check is the lower half. */
static inline uint64_t
dlb_recon_hash(const struct dlb_recon_set *s, uint64_t id)
{
	uint8_t bytes[8];

	for (size_t i = sizeof(bytes); i > 0; i--, id >>= 8)
		bytes[i - 1] = (uint8_t)id;
	return dlb_siphash(s->key, bytes, sizeof(bytes));
}

/* The symbol that follows symbol i in those that the id with this hash is part of;
 * DLB_RECON_SYMBOLS_MAX where it is that or above. All are part of symbol 0. */
uint32_t dlb_recon_next(uint64_t hash, uint32_t i);

#endif
