/*
 * dlb unlock, dlb lock: the home's key in the kernel's keyring, for a while.
 */
#include "format.h"
#include "keyring.h"
#include "session.h"

#define SECONDS_DEFAULT 3600u

static enum dlb_status
run_unlock(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	const char *span = cli_value(a, "for");
	char shown[CLI_FORMAT_MAX];
	unsigned seconds = SECONDS_DEFAULT;
	uint8_t *key = NULL;
	struct dlb_node *n = NULL;
	enum dlb_status st = DLB_OK;

	if (span)
		st = cli_parse_duration(&seconds, span, err);
	if (st == DLB_OK)
		st = cli_open(&n, c, a, err);
	if (st != DLB_OK)
		return st;
	key = dlb_secret_new(DLB_KEY_LEN);
	if (!key) {
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		goto out;
	}
	dlb_letterbox_root(dlb_node_letterbox(n), key);
	st = cli_keyring_put(dlb_node_home(n), key, seconds, err);
	if (st == DLB_OK) {
		cli_say(c, "Unlocked until %s; `dlb lock` ends it sooner.",
			cli_time_here(shown,
				dlb_now_ms(c->env) + (int64_t)seconds * 1000));
		cli_say(c,
			"Until then every program of this user can open "
			"this home.");
	}
out:
	dlb_secret_free(key);
	dlb_node_close(n);
	return st;
}

static enum dlb_status
run_lock(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	char home[4096];
	enum dlb_status st = dlb_home_path(home, sizeof(home), err);

	(void)a;
	if (st != DLB_OK)
		return st;
	if (cli_keyring_forget(home))
		cli_say(c, "Locked.");
	else
		cli_say(c, "It was not unlocked.");
	return DLB_OK;
}

static const struct cli_option options[] = {
	{"for", 0, "SPAN", "how long: 30m, 8h, 2d (default 1h)"},
};

const struct cli_verb cli_unlock = {
	.name = "unlock",
	.operands = "",
	.summary = "keep the home open for a while",
	.text = "Asks for the passphrase once and leaves the home's key with the\n"
		"kernel (in the keyring of this user, never on a disk), so that the\n"
		"other verbs need no passphrase until the time is over, the machine is\n"
		"switched off, or `dlb lock` is said. While it is there, every program\n"
		"of this user can read it.",
	.example = "dlb unlock --for 8h\ndlb lock",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run_unlock,
};

const struct cli_verb cli_lock = {
	.name = "lock",
	.operands = "",
	.summary = "end what `dlb unlock` began",
	.text = "Makes the kernel forget the home's key. What runs already, as\n"
		"`dlb serve` may, keeps the home open until it ends.",
	.example = "dlb lock",
	.run = run_lock,
};
