/*
 * keyring: the home's key in the kernel, for a while (keyrings(7), keyctl(2)).
 *
 * It lies in the keyring of the user, never on a disk, and goes by itself when its
 * time is over. While it is there, every program of this user can read it.
 */
#ifndef DLB_CLI_KEYRING_H
#define DLB_CLI_KEYRING_H

#include "base.h"
#include "crypto.h"

/* home: the path of the home, whichever way it is written. seconds: how long. */
enum dlb_status cli_keyring_put(const char *home,
	const uint8_t key[static DLB_KEY_LEN], unsigned seconds,
	struct dlb_error *err) DLB_MUST_CHECK;
/* DLB_NOT_FOUND without a message where it is not there (any more), or where the
 * kernel keeps no keys. */
enum dlb_status cli_keyring_get(
	const char *home, uint8_t key[static DLB_KEY_LEN]) DLB_MUST_CHECK;
/* false: there was none. */
bool cli_keyring_forget(const char *home);

#endif
