/*
 * Cover: cells that mean nothing. docs/cell.md, section 7.
 *
 * Invariant: a cell of cover is made by the same functions, from the same kinds
 * of keys, as a cell of a letter. Where a public key need not have a secret, none
 * ever exists; where it must, it is wiped before the call returns.
 */
#include "cell_internal.h"

#include <string.h>

static void
throwaway_reader(struct dlb_seal_to *to, const struct dlb_env *env)
{
	uint8_t uniform[64], agree[32], seed[DLB_XWING_SEED_LEN];

	dlb_random(env, to->identity.sign, sizeof(to->identity.sign));
	dlb_random(env, agree, sizeof(agree));
	dlb_x25519_public(to->identity.agree, agree);
	dlb_random(env, uniform, sizeof(uniform));
	dlb_point_from_uniform(to->finding, uniform);
	dlb_random(env, seed, sizeof(seed));
	dlb_xwing_public(to->opening, seed);
	to->opening_id = 0;
	dlb_wipe(uniform, sizeof(uniform));
	dlb_wipe(agree, sizeof(agree));
	dlb_wipe(seed, sizeof(seed));
}

enum dlb_status
dlb_cover_init(struct dlb_seal_to *to, struct dlb_seal_from *from,
	struct dlb_stripe *stripe, uint32_t cells, uint16_t expiry_week,
	const struct dlb_env *env)
{
	memset(to, 0, sizeof(*to));
	memset(from, 0, sizeof(*from));
	memset(stripe, 0, sizeof(*stripe));
	if (cells < 1 || cells > DLB_CELLS_MAX)
		return DLB_USAGE;
	throwaway_reader(to, env);
	dlb_random(env, from->identity.sign, sizeof(from->identity.sign));
	dlb_random(env, from->identity.agree, sizeof(from->identity.agree));
	dlb_random(env, from->shared, sizeof(from->shared));
	stripe->k = 1;
	stripe->n = 1;
	dlb_random(env, stripe->letter_id, sizeof(stripe->letter_id));
	dlb_random(env, stripe->sealing_id, sizeof(stripe->sealing_id));
	dlb_random(env, stripe->stripe_key, sizeof(stripe->stripe_key));
	dlb_random(env, stripe->letter_key, sizeof(stripe->letter_key));
	dlb_random(env, stripe->recall_key, sizeof(stripe->recall_key));
	stripe->stripe_len = DLB_INLINE_CAP
		+ (dlb_padme(cells) - 1) * (uint64_t)DLB_BULK_CONTENT_LEN;
	stripe->content_len = stripe->stripe_len;
	stripe->expiry_week = expiry_week;
	return dlb_stripe_layout(stripe, 0);
}
