/*
 * Ways to unlock a letterbox. Which key slots are used is known to nobody but the
 * database.
 *
 * crypto makes a block of slots with a fresh salt and one secret in it. To add one
 * to a block that has a salt, the block and the slot to take are handed to it in
 * the place of randomness, and what it made is taken only where it is the block
 * with that slot changed and nothing else.
 */
#include "state_internal.h"

#include <string.h>

#define SALT_LEN 32

static const char key[] = "key slots used";

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

static enum dlb_status
put_slot(struct dlb_letterbox *l, uint32_t slot,
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	struct replay r = {l->env, l->slots, slot};
	size_t at = SALT_LEN + (size_t)slot * DLB_KEYSLOT_LEN;
	size_t end = at + DLB_KEYSLOT_LEN;
	struct dlb_env env = *l->env;
	uint8_t made[DLB_KEYSLOTS_LEN];
	enum dlb_status s;

	env.ctx = &r;
	env.random = replay_random;
	s = dlb_keyslots_create(made, l->keys->root, unlock, &env, err);
	if (s != DLB_OK)
		return s;
	if (memcmp(made, l->slots, at) != 0
		|| memcmp(made + end, l->slots + end, DLB_KEYSLOTS_LEN - end)
			!= 0
		|| memcmp(made + at, l->slots + at, DLB_KEYSLOT_LEN) == 0)
		return dlb_fail(
			err, DLB_FAILED, "a key slot could not be added");
	memcpy(l->slots, made, sizeof(made));
	return DLB_OK;
}

/* In a random one of those that `used` leaves. */
static enum dlb_status
add(struct dlb_letterbox *l, int64_t used, const struct dlb_unlock *unlock,
	struct dlb_error *err)
{
	uint32_t slot;
	enum dlb_status s;

	do {
		slot = dlb_random_below(l->env, DLB_KEYSLOTS);
	} while (used >> slot & 1);
	s = put_slot(l, slot, unlock, err);
	if (s != DLB_OK)
		return s;
	return dlb_own_set_int(l, key, used | 1LL << slot, err);
}

enum dlb_status
dlb_slots_create(struct dlb_letterbox *l, const struct dlb_unlock *unlock,
	struct dlb_error *err)
{
	dlb_random(l->env, l->slots, sizeof(l->slots));
	return add(l, 0, unlock, err);
}

enum dlb_status
dlb_letterbox_add_unlock(struct dlb_letterbox *l,
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	int64_t used;
	enum dlb_status s = dlb_own_get_int(l, key, &used);

	if (s != DLB_OK)
		return dlb_fail(
			err, s, "which key slots are used can not be read");
	if (used == (1 << DLB_KEYSLOTS) - 1)
		return dlb_fail(err, DLB_FULL,
			"it can be unlocked in %d ways already, which is all "
			"there is room for",
			DLB_KEYSLOTS);
	return add(l, used, unlock, err);
}

bool
dlb_letterbox_is_open_to_all(const struct dlb_letterbox *l)
{
	static const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	uint8_t root[DLB_KEY_LEN];
	bool opens = dlb_keyslots_open(root, l->slots, &open, NULL) == DLB_OK;

	dlb_wipe(root, sizeof(root));
	return opens;
}
