/*
 * dlb card: one's own card, for others.
 */
#include "card_file.h"
#include "people.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum dlb_status
cli_card_text(struct dlb_buf *out, struct dlb_letterbox *l, bool is_short,
	struct dlb_error *err)
{
	struct dlb_buf bytes = {0};
	enum dlb_status st = dlb_letterbox_card(l, is_short, &bytes, err);

	if (st == DLB_OK
		&& dlb_card_to_text(out, bytes.data, bytes.len) != DLB_OK)
		st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	/* With its terminating zero or without. */
	while (st == DLB_OK && out->len > 0 && out->data[out->len - 1] == '\0')
		out->len--;
	dlb_buf_free(&bytes);
	return st;
}

static enum dlb_status
sync_dir_of(const char *path, struct dlb_error *err)
{
	struct dlb_fs *fs = dlb_fs_posix();
	char dir[4096];

	if (dlb_path_dir(dir, sizeof(dir), path) != DLB_OK)
		return DLB_OK;
	return fs->ops->sync_dir(fs, dir, err);
}

enum dlb_status
cli_write_new_file(const char *path, const void *data, size_t len, bool secret,
	struct dlb_error *err)
{
	const uint8_t *p = data;
	enum dlb_status st = DLB_OK;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return dlb_fail(err, DLB_EXISTS,
			"%s is there already and stays as it is; name another file "
			"with -o",
			path);
	if (fd < 0)
		return dlb_fail_errno(err, errno, "can not write %s", path);
	while (len > 0 && st == DLB_OK) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			st = dlb_fail_errno(
				err, errno, "can not write %s", path);
			break;
		}
		p += n;
		len -= (size_t)n;
	}
	/* Cards are to be given away. Some media know no permissions. */
	if (!secret && fchmod(fd, 0644) != 0)
		errno = 0;
	/* Not every file can be synced. */
	if (st == DLB_OK && fsync(fd) != 0 && errno != EINVAL
		&& errno != ENOTSUP)
		st = dlb_fail_errno(err, errno, "can not write %s", path);
	if (close(fd) != 0 && st == DLB_OK)
		st = dlb_fail_errno(err, errno, "can not write %s", path);
	if (st == DLB_OK)
		st = sync_dir_of(path, err);
	if (st != DLB_OK)
		unlink(path);
	return st;
}

static enum dlb_status
show_words(struct cli *c, struct dlb_letterbox *l)
{
	cli_say(c, "Your fingerprint, for others to compare:");
	if (!c->quiet)
		cli_print_fingerprint(dlb_letterbox_identity(l));
	return DLB_OK;
}

static enum dlb_status
put_card(struct cli *c, const struct cli_args *a, struct dlb_letterbox *l,
	struct dlb_error *err)
{
	const char *file = cli_value(a, "output");
	struct dlb_buf text = {0};
	enum dlb_status st = cli_card_text(&text, l, cli_flag(a, "short"), err);

	if (st == DLB_OK && file && strcmp(file, "-") != 0) {
		st = cli_write_new_file(file, text.data, text.len, false, err);
		if (st == DLB_OK)
			cli_say(c, "Your card is in %s.", file);
		if (st == DLB_OK)
			st = show_words(c, l);
	} else if (st == DLB_OK) {
		fwrite(text.data, 1, text.len, stdout);
	}
	dlb_buf_free(&text);
	return st;
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_node *n = NULL;
	enum dlb_status st = cli_open_person(&n, c, a, err);

	if (st == DLB_OK && cli_flag(a, "words"))
		st = show_words(c, dlb_node_letterbox(n));
	else if (st == DLB_OK)
		st = put_card(c, a, dlb_node_letterbox(n), err);
	dlb_node_close(n);
	return st;
}

static const struct cli_option options[] = {
	{"short", 's', NULL, "a short card, for a QR code or a message"},
	{"words", 'w', NULL, "only the words of your fingerprint"},
	{"output", 'o', "FILE", "into a new file"},
};

const struct cli_verb cli_card = {
	.name = "card",
	.operands = "",
	.summary = "show your card, for others",
	.text = "Prints your card as text. Give it to whoever should be able to write\n"
		"to you; it holds nothing secret. A short card holds fewer keys; the\n"
		"full one follows with your first letter.",
	.example = "dlb card -o alice.card\ndlb card --short\ndlb card --words",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.flags = CLI_OPENS_HOME,
	.run = run,
};
