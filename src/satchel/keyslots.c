/*
 * Ways to unlock a satchel: which key slots of its two headers are used, and how
 * one is added. docs/satchel.md, section 3.
 *
 * crypto makes a block of key slots with a fresh salt and one secret in it. Here
 * a slot is added to a block that has a salt already. That is done by handing
 * crypto the old block, and the slot to take, as its randomness; what comes back
 * is checked to be the old block with that slot changed and no other byte.
 */
#include "satchel_internal.h"

#include <string.h>

#define SALT_LEN 32

struct replay {
	const struct dlb_env *env;
	const uint8_t *block;
	uint32_t slot;
};

static void
replay_random(void *ctx, void *out, size_t len)
{
	struct replay *r = ctx;

	if (len == DLB_KEYSLOTS_LEN)
		memcpy(out, r->block, len);
	else if (len == sizeof(r->slot))
		memcpy(out, &r->slot, len);
	else
		dlb_random(r->env, out, len);
}

static bool
only_slot_changed(const uint8_t *before, const uint8_t *after, unsigned slot)
{
	size_t at = SALT_LEN + (size_t)slot * DLB_KEYSLOT_LEN;
	size_t end = at + DLB_KEYSLOT_LEN;

	return memcmp(before, after, at) == 0
		&& memcmp(before + end, after + end, DLB_KEYSLOTS_LEN - end)
		== 0
		&& memcmp(before + at, after + at, DLB_XNONCE_LEN) != 0;
}

static enum dlb_status
put_slot(uint8_t block[static DLB_KEYSLOTS_LEN], unsigned slot,
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err)
{
	struct replay r = {env, block, slot};
	struct dlb_env replaying = *env;
	uint8_t made[DLB_KEYSLOTS_LEN];
	enum dlb_status s;

	replaying.ctx = &r;
	replaying.random = replay_random;
	s = dlb_keyslots_create(made, root, unlock, &replaying, err);
	if (s != DLB_OK)
		return s;
	if (!only_slot_changed(block, made, slot))
		return dlb_fail(
			err, DLB_FAILED, "a key slot could not be added");
	memcpy(block, made, sizeof(made));
	return DLB_OK;
}

enum dlb_status
dlb_super_add_unlock(struct dlb_super *super,
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err)
{
	struct dlb_super next = *super;
	unsigned slot;

	if (super->used == (1u << DLB_KEYSLOTS) - 1)
		return dlb_fail(err, DLB_FULL,
			"it can be unlocked in %d ways already, which is all "
			"there is room for",
			DLB_KEYSLOTS);
	do {
		slot = dlb_random_below(env, DLB_KEYSLOTS);
	} while (super->used >> slot & 1);
	next.used |= (uint8_t)(1u << slot);
	for (unsigned i = 0; i < 2; i++) {
		enum dlb_status s = put_slot(
			next.keyslots[i], slot, root, unlock, env, err);

		if (s != DLB_OK)
			return s;
	}
	*super = next;
	return DLB_OK;
}

enum dlb_status
dlb_super_init(struct dlb_super *super, uint32_t slots, uint32_t reserve,
	uint16_t flags, const uint8_t root[static DLB_KEY_LEN],
	const struct dlb_unlock *unlock, const struct dlb_env *env,
	struct dlb_error *err)
{
	struct dlb_layout l;

	dlb_layout_init(&l, slots);
	memset(super, 0, sizeof(*super));
	super->flags = flags;
	super->slots = slots;
	super->entries = l.entries;
	super->reserve = reserve;
	dlb_random(env, super->id, sizeof(super->id));
	dlb_random(env, super->keyslots, sizeof(super->keyslots));
	if (unlock->kind == DLB_UNLOCK_ROOT)
		return DLB_OK;
	return dlb_super_add_unlock(super, root, unlock, env, err);
}
