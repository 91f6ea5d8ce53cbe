/*
 * Key slots: the root key of a store, wrapped for each secret that may open it.
 *
 * Layout: salt (32) || 8 slots of nonce (24) || wrapped root key (32) || tag (16).
 * A slot is XChaCha20-Poly1305 under a key from the secret and the salt, with the
 * salt as associated data; an unused one is random bytes. No byte says which
 * slots are used, nor that these are slots at all.
 */
#include "crypto.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#define SALT_LEN 32
#define ARGON_PASSES 3
#define ARGON_MEMORY (256u << 20)
#define KEYFILE_LEN_MIN 32

_Static_assert(crypto_pwhash_SALTBYTES <= SALT_LEN, "Argon2id's salt");

static atomic_bool test_cost;

void
dlb_keyslots_set_test_cost(void)
{
	atomic_store(&test_cost, true);
}

static enum dlb_status
wrap_key_of_passphrase(uint8_t out[static DLB_KEY_LEN],
	const uint8_t salt[static SALT_LEN], const struct dlb_unlock *unlock,
	struct dlb_error *err)
{
	bool cheap = atomic_load(&test_cost);
	uint8_t slow[DLB_KEY_LEN];

	if (unlock->len == 0)
		return dlb_fail(err, DLB_USAGE, "the passphrase is empty");
	/* Argon2id takes 16 bytes of the salt; the derivation takes them all. */
	if (crypto_pwhash(slow, sizeof(slow), unlock->secret, unlock->len, salt,
		    cheap ? crypto_pwhash_argon2id_OPSLIMIT_MIN : ARGON_PASSES,
		    cheap ? crypto_pwhash_argon2id_MEMLIMIT_MIN : ARGON_MEMORY,
		    crypto_pwhash_ALG_ARGON2ID13)
		!= 0)
		return dlb_fail(err, DLB_NO_MEMORY,
			"a passphrase takes 256 MiB of memory to check, which "
			"can not be had: close other programs");
	dlb_derive(out, DLB_KEY_LEN, slow, sizeof(slow),
		"dlb keyslot passphrase", salt, SALT_LEN);
	dlb_wipe(slow, sizeof(slow));
	return DLB_OK;
}

static enum dlb_status
wrap_key(uint8_t out[static DLB_KEY_LEN], const uint8_t salt[static SALT_LEN],
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	switch (unlock->kind) {
	case DLB_UNLOCK_OPEN:
		dlb_derive(out, DLB_KEY_LEN, salt, SALT_LEN, "dlb keyslot open",
			NULL, 0);
		return DLB_OK;
	case DLB_UNLOCK_PASSPHRASE:
		return wrap_key_of_passphrase(out, salt, unlock, err);
	case DLB_UNLOCK_KEYFILE:
		if (unlock->len < KEYFILE_LEN_MIN)
			return dlb_fail(err, DLB_USAGE,
				"the key file is shorter than %d bytes",
				KEYFILE_LEN_MIN);
		dlb_derive(out, DLB_KEY_LEN, salt, SALT_LEN, "dlb keyslot file",
			unlock->secret, unlock->len);
		return DLB_OK;
	case DLB_UNLOCK_ROOT:
		break;
	}
	return dlb_fail(err, DLB_USAGE, "a root key is in no key slot");
}

enum dlb_status
dlb_keyslots_create(uint8_t out[static DLB_KEYSLOTS_LEN],
	const uint8_t root[static DLB_KEY_LEN], const struct dlb_unlock *unlock,
	const struct dlb_env *env, struct dlb_error *err)
{
	uint8_t key[DLB_KEY_LEN], nonce[DLB_XNONCE_LEN], *slot;
	enum dlb_status s;

	dlb_random(env, out, DLB_KEYSLOTS_LEN);
	s = wrap_key(key, out, unlock, err);
	if (s != DLB_OK) {
		memset(out, 0, DLB_KEYSLOTS_LEN);
		return s;
	}
	slot = out + SALT_LEN
		+ (size_t)dlb_random_below(env, DLB_KEYSLOTS) * DLB_KEYSLOT_LEN;
	dlb_random(env, nonce, sizeof(nonce));
	dlb_xseal(slot, key, nonce, out, SALT_LEN, root, DLB_KEY_LEN);
	dlb_wipe(key, sizeof(key));
	return DLB_OK;
}

enum dlb_status
dlb_keyslots_open(uint8_t root[static DLB_KEY_LEN],
	const uint8_t slots[static DLB_KEYSLOTS_LEN],
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	uint8_t key[DLB_KEY_LEN], got[DLB_KEY_LEN];
	bool found = false;
	enum dlb_status s;

	memset(root, 0, DLB_KEY_LEN);
	s = wrap_key(key, slots, unlock, err);
	if (s != DLB_OK)
		return s;
	/* All of them, so that the time does not tell which. */
	for (size_t i = 0; i < DLB_KEYSLOTS; i++) {
		const uint8_t *slot = slots + SALT_LEN + i * DLB_KEYSLOT_LEN;

		if (dlb_xopen(got, key, slots, SALT_LEN, slot, DLB_KEYSLOT_LEN)
			!= DLB_OK)
			continue;
		memcpy(root, got, DLB_KEY_LEN);
		found = true;
	}
	dlb_wipe(key, sizeof(key));
	dlb_wipe(got, sizeof(got));
	if (!found)
		return dlb_fail(err, DLB_WRONG_KEY,
			unlock->kind == DLB_UNLOCK_OPEN
				? "it is locked: a passphrase or a key file is "
				  "needed"
				: "it does not open with this secret");
	return DLB_OK;
}
