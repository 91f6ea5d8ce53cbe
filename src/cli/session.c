/*
 * Opening the home.
 *
 * Invariant: no secret is asked for, and none is tried with the slow hash, before
 * the home is known to be there and free.
 */
#include "session.h"

#include "interrupt.h"
#include "keyring.h"
#include "lend.h"
#include "passphrase.h"
#include "term.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_SLICE_MS 200
#define TRIES 3

struct opening {
	struct cli *c;
	char home[4096];
	unsigned wait_ms;
	bool keeps; /* for as long as it runs: a home that is lent is no use */
	bool without; /* also where its satchel does not open */
	bool said_waiting;
};

static enum dlb_status
parse_wait(unsigned *wait_ms, const struct cli_args *a, struct dlb_error *err)
{
	const char *text = cli_value(a, "wait");
	char *end = NULL;
	unsigned long s = CLI_WAIT_DEFAULT_S;

	if (text) {
		errno = 0;
		s = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10)
						     : 0;
		if (!end || *end || errno || s > 86400)
			return dlb_fail(err, DLB_USAGE,
				"--wait %s: give seconds, 0 for not at all",
				text);
	}
	*wait_ms = (unsigned)s * 1000;
	return DLB_OK;
}

/* Says once who is in the way and for how long it will be borne. */
static void
say_waiting(struct opening *o, const struct dlb_error *busy)
{
	const char *end = strchr(busy->msg, ';');

	if (o->said_waiting)
		return;
	o->said_waiting = true;
	cli_note(o->c, "%.*s; waiting up to %u s",
		end ? (int)(end - busy->msg) : (int)strlen(busy->msg),
		busy->msg, o->wait_ms / 1000);
}

static enum dlb_status
open_node(struct dlb_node **out, const struct opening *o,
	const struct dlb_unlock *unlock, unsigned wait_ms,
	struct dlb_error *err)
{
	return (o->without ? dlb_node_open_without : dlb_node_open)(
		out, o->home, unlock, wait_ms, o->c->env, err);
}

/* From `dlb serve`, which keeps the home open and lends it to the other verbs; it
 * has it again when this process ends. DLB_BUSY where nobody lends it. */
static enum dlb_status
borrow(struct dlb_node **out, struct opening *o, struct dlb_error *err)
{
	uint8_t *key = dlb_secret_new(DLB_KEY_LEN);
	struct dlb_unlock unlock = {DLB_UNLOCK_ROOT, key, DLB_KEY_LEN};
	struct dlb_error why = {.status = DLB_OK};
	int fd;
	enum dlb_status st = DLB_BUSY;

	if (!key)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (dlb_borrow(o->home, o->wait_ms, key, &fd, &why) == DLB_OK) {
		st = open_node(out, o, &unlock, WAIT_SLICE_MS, err);
		/* The open descriptor is the claim on the home. */
		if (st != DLB_OK)
			close(fd);
	}
	dlb_secret_free(key);
	return st;
}

/* A second `dlb serve`: what to do is not to wait. Whoever holds the lock, a socket that
 * is there is that of one who serves; an old one is only seen where nobody does. */
static enum dlb_status
still_busy(const struct opening *o, struct dlb_error *err)
{
	char path[sizeof(o->home) + sizeof(DLB_LEND_FILE) + 1];

	snprintf(path, sizeof(path), "%s/" DLB_LEND_FILE, o->home);
	if (!o->keeps || access(path, F_OK) != 0)
		return DLB_BUSY;
	return dlb_fail(err, DLB_BUSY,
		"`dlb serve` runs in this home already, and one is enough; to "
		"start it with other options, end that one first");
}

/* In slices, so that Ctrl-C is noticed. The time waited counts once, however many
 * secrets are tried. */
static enum dlb_status
try_open(struct dlb_node **out, struct opening *o,
	const struct dlb_unlock *unlock, struct dlb_error *err)
{
	const struct dlb_env *env = o->c->env;
	int64_t until = env->monotonic_ms(env->ctx) + o->wait_ms;
	unsigned slice = 0;
	enum dlb_status st;

	for (;;) {
		st = open_node(out, o, unlock, slice, err);
		if (st == DLB_BUSY && !o->keeps && !o->said_waiting)
			st = borrow(out, o, err);
		if (st != DLB_BUSY)
			return st;
		if (env->monotonic_ms(env->ctx) >= until)
			return still_busy(o, err);
		if (cli_interrupted())
			return dlb_fail(err, DLB_CANCELLED, "interrupted");
		say_waiting(o, err);
		slice = WAIT_SLICE_MS;
	}
}

static enum dlb_status
ask_and_open(struct dlb_node **out, struct opening *o, struct dlb_error *err)
{
	struct cli_secret secret;
	enum dlb_status st = DLB_WRONG_KEY;

	for (int tries = 0; tries < TRIES; tries++) {
		st = cli_secret_ask(&secret, "Passphrase: ", err);
		if (st == DLB_NOT_FOUND)
			return dlb_fail(err, DLB_WRONG_KEY,
				"this home is locked and there is no terminal to ask "
				"for its passphrase; give --passphrase-file, "
				"--passphrase-fd or --key-file, or set "
				"DLB_PASSPHRASE_FILE or DLB_KEY_FILE");
		if (st != DLB_OK)
			return st;
		if (secret.unlock.len == 0) {
			cli_secret_free(&secret);
			return dlb_fail(
				err, DLB_CANCELLED, "no passphrase was given");
		}
		st = try_open(out, o, &secret.unlock, err);
		cli_secret_free(&secret);
		if (st != DLB_WRONG_KEY)
			return st;
		if (tries + 1 < TRIES)
			cli_warn("that is not the passphrase of this home");
	}
	return dlb_fail(err, DLB_WRONG_KEY,
		"the home in %s stays shut: it opens with none of what was "
		"typed; if it has a key file, give --key-file FILE",
		o->home);
}

/* With what `dlb unlock` left with the kernel; DLB_WRONG_KEY where it did not. */
static enum dlb_status
open_unlocked(struct dlb_node **out, struct opening *o, struct dlb_error *err)
{
	uint8_t *key = dlb_secret_new(DLB_KEY_LEN);
	struct dlb_unlock unlock = {DLB_UNLOCK_ROOT, key, DLB_KEY_LEN};
	enum dlb_status st = DLB_WRONG_KEY;

	if (!key)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (cli_keyring_get(o->home, key) == DLB_OK)
		st = try_open(out, o, &unlock, err);
	dlb_secret_free(key);
	return st;
}

static enum dlb_status
unlock(struct dlb_node **out, struct opening *o, const struct cli_args *a,
	struct dlb_error *err)
{
	static const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	/* Where --passphrase-file is for what is made, the home's are named. */
	const char *prefix = cli_has_option(a, "home-key-file") ? "home-" : "";
	struct cli_secret secret;
	enum dlb_status st = cli_secret_from_options(&secret, a, prefix, err);

	if (st == DLB_OK && !secret.given)
		st = cli_secret_from_environment(&secret, err);
	if (st != DLB_OK)
		return st;
	if (secret.given) {
		st = try_open(out, o, &secret.unlock, err);
		cli_secret_free(&secret);
		if (st == DLB_WRONG_KEY)
			return dlb_fail(err, DLB_WRONG_KEY,
				"the home in %s does not open with that passphrase "
				"or key",
				o->home);
		return st;
	}
	st = try_open(out, o, &open, err);
	if (st == DLB_WRONG_KEY)
		st = open_unlocked(out, o, err);
	return st == DLB_WRONG_KEY ? ask_and_open(out, o, err) : st;
}

static void
warn_of_clock(struct dlb_node *n)
{
	struct dlb_clock_view clock = dlb_node_clock(n);
	struct dlb_error why;
	char now[17], seen[11];
	uint16_t week;

	if (dlb_clock_doubt(&clock, &why) != DLB_OK)
		cli_warn("%s", why.msg);
	if (!clock.trusted_week || !dlb_node_clock_behind(n, &week))
		return;
	dlb_time_text(now, clock.now_ms);
	dlb_date_text(seen, dlb_week_start_ms(week));
	cli_warn("the clock says %s UTC, and cells that were met say they were "
		 "sealed in the week of %s; set it, or, where it is right: dlb "
		 "doctor --confirm-clock",
		now, seen);
}

static void
warn_of_keys(struct dlb_node *n)
{
	uint32_t lost = dlb_letterbox_lost_keys(dlb_node_letterbox(n));

	if (lost)
		cli_warn(
			"%u of your keys %s gone: the file `ring` in the home is "
			"damaged or missing; see dlb doctor",
			lost, lost == 1 ? "is" : "are");
}

static enum dlb_status
open_home(struct dlb_node **out, struct cli *c, const struct cli_args *a,
	bool keeps, bool without, struct dlb_error *err)
{
	struct opening o = {.c = c, .keeps = keeps, .without = without};
	enum dlb_status st = dlb_home_path(o.home, sizeof(o.home), err);

	*out = NULL;
	if (st == DLB_OK)
		st = parse_wait(&o.wait_ms, a, err);
	if (st == DLB_OK)
		st = dlb_home_look(o.home, err);
	if (st == DLB_OK)
		st = unlock(out, &o, a, err);
	/* Not only where it was borrowed: between two borrowers it is free. */
	if (st == DLB_OK)
		c->served = dlb_lender_there(o.home);
	if (st == DLB_OK && keeps && c->served) {
		dlb_node_close(*out);
		*out = NULL;
		return still_busy(&o, err);
	}
	if (st == DLB_OK && !cli_has_option(a, "confirm-clock"))
		warn_of_clock(*out);
	/* The doctor says it itself. */
	if (st == DLB_OK && !cli_has_option(a, "new-keys"))
		warn_of_keys(*out);
	return st;
}

enum dlb_status
cli_open(struct dlb_node **out, struct cli *c, const struct cli_args *a,
	struct dlb_error *err)
{
	return open_home(out, c, a, false, false, err);
}

enum dlb_status
cli_open_without(struct dlb_node **out, struct cli *c, const struct cli_args *a,
	struct dlb_error *err)
{
	return open_home(out, c, a, false, true, err);
}

enum dlb_status
cli_open_to_keep(struct dlb_node **out, struct cli *c, const struct cli_args *a,
	struct dlb_error *err)
{
	return open_home(out, c, a, true, false, err);
}

enum dlb_status
cli_open_person(struct dlb_node **out, struct cli *c, const struct cli_args *a,
	struct dlb_error *err)
{
	enum dlb_status st = cli_open(out, c, a, err);

	if (st != DLB_OK || dlb_letterbox_is_person(dlb_node_letterbox(*out)))
		return st;
	dlb_node_close(*out);
	*out = NULL;
	return dlb_fail(err, DLB_REFUSED,
		"this home is a courier's and has no letterbox of its own; make "
		"one with: dlb init");
}
