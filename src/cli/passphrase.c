/*
 * Reading secrets.
 *
 * A passphrase file's last newline is not part of it, so that an editor's file and
 * what is typed are the same. A descriptor is read up to the first newline and not
 * a byte further: what follows may be the letter.
 */
#include "passphrase.h"

#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
cli_secret_free(struct cli_secret *s)
{
	dlb_secret_free(s->memory);
	memset(s, 0, sizeof(*s));
}

static enum dlb_status
secret_new(struct cli_secret *out, enum dlb_unlock_kind kind, size_t cap,
	struct dlb_error *err)
{
	memset(out, 0, sizeof(*out));
	out->memory = dlb_secret_new(cap);
	if (!out->memory)
		return dlb_fail(err, DLB_NO_MEMORY,
			"no memory that can be locked; close other programs");
	out->unlock.kind = kind;
	out->unlock.secret = out->memory;
	out->given = true;
	return DLB_OK;
}

/* Up to cap bytes, or to the first newline where `line`; *len > cap: there was
 * more. */
static enum dlb_status
read_secret(int fd, uint8_t *out, size_t cap, bool line, size_t *len,
	const char *from, struct dlb_error *err)
{
	*len = 0;
	for (;;) {
		uint8_t more = 0;
		uint8_t *to = *len < cap ? out + *len : &more;
		size_t want = line || *len >= cap ? 1 : cap - *len;
		ssize_t n = read(fd, to, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not read %s", from);
		if (n == 0 || (line && *to == '\n'))
			return DLB_OK;
		*len += (size_t)n;
		if (*len > cap) {
			dlb_wipe(&more, sizeof(more));
			return DLB_OK;
		}
	}
}

static enum dlb_status
check_passphrase(struct cli_secret *s, size_t len, const char *from,
	struct dlb_error *err)
{
	const uint8_t *p = s->memory;

	if (len > CLI_PASSPHRASE_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%s is longer than a passphrase may be (%d bytes); give it "
			"as a key file",
			from, CLI_PASSPHRASE_MAX);
	if (len > 0 && p[len - 1] == '\n')
		len--;
	if (len > 0 && p[len - 1] == '\r')
		len--;
	if (len == 0)
		return dlb_fail(
			err, DLB_USAGE, "the passphrase in %s is empty", from);
	s->unlock.len = len;
	return DLB_OK;
}

static enum dlb_status
check_key_file(struct cli_secret *s, size_t len, const char *from,
	struct dlb_error *err)
{
	if (len > CLI_KEY_FILE_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"%s is longer than a key file may be (%d bytes)", from,
			CLI_KEY_FILE_MAX);
	if (len < 32)
		return dlb_fail(err, DLB_USAGE,
			"%s is shorter than a key file must be (32 bytes); make one "
			"with: head -c 32 /dev/urandom > FILE",
			from);
	s->unlock.len = len;
	return DLB_OK;
}

static enum dlb_status
from_file(struct cli_secret *out, enum dlb_unlock_kind kind, const char *path,
	struct dlb_error *err)
{
	bool key = kind == DLB_UNLOCK_KEYFILE;
	/* A byte more for each end that is cut off. */
	size_t cap = key ? CLI_KEY_FILE_MAX : CLI_PASSPHRASE_MAX + 2, len = 0;
	enum dlb_status st = secret_new(out, kind, cap, err);
	int fd = -1;

	if (st != DLB_OK)
		return st;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		st = dlb_fail_errno(err, errno, "can not open %s", path);
	else
		st = read_secret(fd, out->memory, cap, false, &len, path, err);
	if (st == DLB_OK)
		st = key ? check_key_file(out, len, path, err)
			 : check_passphrase(out, len, path, err);
	if (fd >= 0)
		close(fd);
	if (st != DLB_OK)
		cli_secret_free(out);
	return st;
}

static enum dlb_status
from_descriptor(
	struct cli_secret *out, const char *number, struct dlb_error *err)
{
	char *end = NULL, from[48];
	long fd = number[0] >= '0' && number[0] <= '9'
		? strtol(number, &end, 10)
		: -1;
	size_t len = 0;
	enum dlb_status st;

	if (fd < 0 || fd > 65535 || !end || *end)
		return dlb_fail(err, DLB_USAGE,
			"%s is not the number of a descriptor", number);
	st = secret_new(
		out, DLB_UNLOCK_PASSPHRASE, CLI_PASSPHRASE_MAX + 2, err);
	if (st != DLB_OK)
		return st;
	snprintf(from, sizeof(from), "descriptor %ld", fd);
	st = read_secret((int)fd, out->memory, CLI_PASSPHRASE_MAX + 2, true,
		&len, from, err);
	if (st == DLB_OK)
		st = check_passphrase(out, len, from, err);
	if (st != DLB_OK)
		cli_secret_free(out);
	return st;
}

static const char *
option(const struct cli_args *a, const char *prefix, const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	return cli_has_option(a, full) ? cli_value(a, full) : NULL;
}

enum dlb_status
cli_secret_from_options(struct cli_secret *out, const struct cli_args *a,
	const char *prefix, struct dlb_error *err)
{
	const char *file = option(a, prefix, "passphrase-file");
	const char *fd = option(a, prefix, "passphrase-fd");
	const char *key = option(a, prefix, "key-file");

	memset(out, 0, sizeof(*out));
	if (!!file + !!fd + !!key > 1)
		return dlb_fail(err, DLB_USAGE,
			"give one of --%spassphrase-file, --%spassphrase-fd and "
			"--%skey-file, not several",
			prefix, prefix, prefix);
	if (file)
		return from_file(out, DLB_UNLOCK_PASSPHRASE, file, err);
	if (fd)
		return from_descriptor(out, fd, err);
	if (key)
		return from_file(out, DLB_UNLOCK_KEYFILE, key, err);
	return DLB_OK;
}

enum dlb_status
cli_secret_from_environment(struct cli_secret *out, struct dlb_error *err)
{
	const char *file = getenv("DLB_PASSPHRASE_FILE");
	const char *key = getenv("DLB_KEY_FILE");
	enum dlb_status st = DLB_OK;

	memset(out, 0, sizeof(*out));
	if (file && *file && key && *key)
		return dlb_fail(err, DLB_USAGE,
			"both DLB_PASSPHRASE_FILE and DLB_KEY_FILE are set: unset "
			"one");
	if (file && *file)
		st = from_file(out, DLB_UNLOCK_PASSPHRASE, file, err);
	else if (key && *key)
		st = from_file(out, DLB_UNLOCK_KEYFILE, key, err);
	if (st != DLB_OK)
		dlb_error_prefix(err, "%s",
			file && *file ? "DLB_PASSPHRASE_FILE" : "DLB_KEY_FILE");
	return st;
}

enum dlb_status
cli_secret_ask(
	struct cli_secret *out, const char *prompt, struct dlb_error *err)
{
	size_t len = 0;
	enum dlb_status st =
		secret_new(out, DLB_UNLOCK_PASSPHRASE, CLI_PASSPHRASE_MAX, err);

	if (st == DLB_OK)
		st = cli_term_ask_secret(
			out->memory, CLI_PASSPHRASE_MAX, &len, prompt, err);
	out->unlock.len = len;
	if (st != DLB_OK)
		cli_secret_free(out);
	return st;
}

enum dlb_status
cli_secret_ask_new(
	struct cli_secret *out, const char *prompt, struct dlb_error *err)
{
	struct cli_secret again;
	enum dlb_status st;

	for (int tries = 0; tries < 3; tries++) {
		bool same;

		st = cli_secret_ask(out, prompt, err);
		if (st != DLB_OK)
			return st;
		if (out->unlock.len == 0) {
			cli_secret_free(out);
			cli_warn("an empty passphrase locks nothing");
			continue;
		}
		st = cli_secret_ask(&again, "Once more: ", err);
		if (st != DLB_OK) {
			cli_secret_free(out);
			return st;
		}
		same = out->unlock.len == again.unlock.len
			&& dlb_equal(
				out->memory, again.memory, again.unlock.len);
		cli_secret_free(&again);
		if (same)
			return DLB_OK;
		cli_secret_free(out);
		cli_warn("the two were not the same");
	}
	return dlb_fail(err, DLB_FAILED,
		"no passphrase was given twice the same; start again");
}
