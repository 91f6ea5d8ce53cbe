/*
 * Others' cards: files in any form of a card, and pictures of its QR code. All of
 * it is hostile: who wants to be taken for someone else gives cards too.
 */
#include "card_file.h"

#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A card as text, with what a mail program put around it. */
#define CARD_FILE_MAX (DLB_CARD_LEN_MAX * 2 + 65536)
#define FIRST_READ 4096

static enum dlb_status
read_some(struct dlb_buf *out, int fd, size_t most, const char *name,
	struct dlb_error *err)
{
	while (out->len < most) {
		ssize_t n;

		if (out->len == out->cap
			&& dlb_buf_reserve(out, 2 * out->cap + FIRST_READ)
				!= DLB_OK)
			return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
		n = read(fd, out->data + out->len,
			most - out->len < out->cap - out->len
				? most - out->len
				: out->cap - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return dlb_fail_errno(
				err, errno, "can not read %s", name);
		if (n == 0)
			return DLB_OK;
		out->len += (size_t)n;
	}
	return DLB_OK;
}

/* A picture may be larger than a card. */
static enum dlb_status
read_descriptor(
	struct dlb_buf *out, int fd, const char *name, struct dlb_error *err)
{
	enum dlb_status st = read_some(out, fd, CARD_FILE_MAX + 1, name, err);

	if (st != DLB_OK || out->len <= CARD_FILE_MAX)
		return st;
	if (!dlb_picture_kind(out->data, out->len))
		return dlb_fail(
			err, DLB_LIMIT, "%s is too long to be a card", name);
	return read_some(out, fd, DLB_PICTURE_LEN_MAX + 1, name, err);
}

/* Beside this program, where it was built; where it was installed. */
static enum dlb_status
find_scanners(char first[static 4096], char second[static 4096],
	struct dlb_error *err)
{
	char self[4096 - 64], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));

	if (n <= 0 || (size_t)n >= sizeof(self))
		return dlb_fail(err, DLB_UNSUPPORTED,
			"this program can not find its own place, and with it "
			"dlb-scan, which reads pictures");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(first, 4096, "%s/dlb-scan", self);
	snprintf(second, 4096, "%s/../libexec/dlb/dlb-scan", self);
	return DLB_OK;
}

static enum dlb_status
read_picture(
	struct dlb_buf *raw, const struct dlb_env *env, struct dlb_error *err)
{
	char first[4096], second[4096];
	const char *const scanners[] = {first, second, NULL};
	struct dlb_buf text = {0};
	enum dlb_status st;

	st = find_scanners(first, second, err);
	if (st == DLB_OK)
		st = dlb_picture_read(
			&text, raw->data, raw->len, scanners, env, err);
	dlb_buf_free(raw);
	*raw = text;
	return st;
}

/* What is no card, in words of who sees a code and not its text. */
static enum dlb_status
parse(struct dlb_card *out, struct dlb_buf *raw, bool picture,
	struct dlb_error *err)
{
	struct dlb_buf bytes = {0};
	enum dlb_status st =
		dlb_card_load(out, &bytes, raw->data, raw->len, err);

	if (st != DLB_OK && picture)
		dlb_error_prefix(err, "the QR code says no card that is good");
	dlb_buf_free(&bytes);
	return st;
}

bool
cli_is_card_text(const char *what)
{
	size_t len = strlen(what);

	return (dlb_card_is_text(what, len) || dlb_card_is_digits(what, len))
		&& access(what, F_OK) != 0;
}

static enum dlb_status
load_file(struct dlb_card *out, const char *file, const struct dlb_env *env,
	struct dlb_error *err)
{
	bool standard = strcmp(file, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	const char *name = standard ? "standard input" : file;
	struct dlb_buf raw = {0};
	bool picture = false;
	enum dlb_status st;

	if (fd < 0)
		return dlb_fail_errno(err, errno, "can not open %s", file);
	st = read_descriptor(&raw, fd, name, err);
	if (!standard)
		close(fd);
	if (st != DLB_OK)
		goto out;
	picture = dlb_picture_kind(raw.data, raw.len) != NULL;
	if (picture)
		st = read_picture(&raw, env, err);
	if (st == DLB_OK)
		st = parse(out, &raw, picture, err);
	if (st != DLB_OK)
		dlb_error_prefix(err, "%s", name);
out:
	dlb_buf_free(&raw);
	return st;
}

enum dlb_status
cli_load_card(struct dlb_card *out, const char *what, const struct dlb_env *env,
	struct dlb_error *err)
{
	struct dlb_buf bytes = {0};
	enum dlb_status st;

	if (!cli_is_card_text(what))
		return load_file(out, what, env, err);
	st = dlb_card_load(
		out, &bytes, (const uint8_t *)what, strlen(what), err);
	dlb_buf_free(&bytes);
	return st;
}
