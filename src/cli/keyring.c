/*
 * The kernel's keyring of the user.
 *
 * A process may read a key only where it possesses it: the user's keyring is
 * therefore linked into the session's first, which not every login does.
 */
#include "keyring.h"

#include <errno.h>
#include <keyutils.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTION_MAX 48

static void
describe(char out[static DESCRIPTION_MAX], const char *home)
{
	static const char prefix[] = "dead-letter-box:";
	char *real = realpath(home, NULL);
	const char *path = real ? real : home;
	uint8_t hash[DLB_HASH_LEN];

	dlb_sha256(hash, path, strlen(path));
	memcpy(out, prefix, sizeof(prefix) - 1);
	dlb_hex(out + sizeof(prefix) - 1, hash, 12);
	free(real);
}

static bool
possess(void)
{
	return keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING)
		== 0;
}

static key_serial_t
find(const char *home)
{
	char description[DESCRIPTION_MAX];

	describe(description, home);
	if (!possess())
		return -1;
	return (key_serial_t)keyctl_search(
		KEY_SPEC_USER_KEYRING, "user", description, 0);
}

enum dlb_status
cli_keyring_put(const char *home, const uint8_t key[static DLB_KEY_LEN],
	unsigned seconds, struct dlb_error *err)
{
	char description[DESCRIPTION_MAX];
	key_serial_t id;

	describe(description, home);
	if (!possess())
		return dlb_fail_errno(err, errno,
			"the kernel does not keep keys here; unlock each time, or "
			"use a key file");
	/* A key of that name is replaced. */
	id = add_key(
		"user", description, key, DLB_KEY_LEN, KEY_SPEC_USER_KEYRING);
	if (id < 0)
		return dlb_fail_errno(
			err, errno, "the kernel did not take the key");
	if (keyctl_set_timeout(id, seconds) == 0)
		return DLB_OK;
	dlb_fail_errno(err, errno,
		"the kernel did not limit how long it keeps the key");
	keyctl_unlink(id, KEY_SPEC_USER_KEYRING);
	return err ? err->status : DLB_FAILED;
}

enum dlb_status
cli_keyring_get(const char *home, uint8_t key[static DLB_KEY_LEN])
{
	key_serial_t id = find(home);

	if (id >= 0 && keyctl_read(id, (char *)key, DLB_KEY_LEN) == DLB_KEY_LEN)
		return DLB_OK;
	dlb_wipe(key, DLB_KEY_LEN);
	return DLB_NOT_FOUND;
}

bool
cli_keyring_forget(const char *home)
{
	key_serial_t id = find(home);

	/* Revoked: whoever holds it otherwise can not read it either. */
	return id >= 0 && keyctl_revoke(id) == 0
		&& keyctl_unlink(id, KEY_SPEC_USER_KEYRING) == 0;
}
