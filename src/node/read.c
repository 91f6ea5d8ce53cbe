/*
 * read: a letter that came in, onto the disk or into a descriptor.
 */
#include "node_internal.h"
#include "pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct feed {
	struct dlb_unpack *unpack;
	enum dlb_status st;
};

static bool
feed_unpack(void *ctx, const uint8_t *data, size_t len, struct dlb_error *err)
{
	struct feed *f = ctx;

	f->st = dlb_unpack_write(f->unpack, data, len, err);
	return f->st == DLB_OK;
}

static enum dlb_status
keep_message(struct dlb_read_result *result, const struct dlb_unpack *u,
	struct dlb_error *err)
{
	const struct dlb_manifest *m = dlb_unpack_manifest(u);

	if (!m || m->fields.message_len == 0)
		return DLB_OK;
	if (dlb_buf_append(&result->message, m->fields.message,
		    m->fields.message_len) != DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return DLB_OK;
}

static enum dlb_status
write_out(struct dlb_node *n, const struct dlb_in_letter *letter,
	const struct dlb_read_options *options, struct dlb_read_result *result,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_unpack_options uo = {0};
	struct feed feed = {.st = DLB_OK};
	enum dlb_status st;

	uo.directory = options->directory;
	uo.fd = options->directory ? -1 : options->fd;
	uo.overwrite = options->overwrite;
	uo.content_len = letter->stripe.content_len;
	dlb_hex(uo.label, letter->stripe.letter_id, 8);
	st = dlb_unpack_open(&feed.unpack, &uo, err);
	if (st != DLB_OK)
		return st;
	st = dlb_node_content(n, letter, 0, feed_unpack, &feed, progress, err);
	if (st == DLB_OK)
		st = feed.st;
	if (st == DLB_OK)
		st = keep_message(result, feed.unpack, err);
	if (st == DLB_OK)
		st = dlb_unpack_finish(feed.unpack, &result->files, &result->bytes,
			result->first_path, sizeof(result->first_path), err);
	dlb_unpack_close(feed.unpack);
	return st;
}

enum dlb_status
dlb_node_read(struct dlb_node *n, int64_t number,
	const struct dlb_read_options *options, struct dlb_read_result *result,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_in_letter *letter = calloc(1, sizeof(*letter));
	enum dlb_status st;

	memset(result, 0, sizeof(*result));
	if (!letter)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	st = dlb_in_get(n->letterbox, letter, number, err);
	if (st != DLB_OK || letter->state == DLB_IN_DELETED) {
		st = dlb_fail(err, DLB_NOT_FOUND,
			"no letter %lld came in; see: dlb inbox",
			(long long)number);
		goto out;
	}
	st = write_out(n, letter, options, result, progress, err);
	if (st == DLB_PARTLY && dlb_node_recount(n, letter, NULL) == DLB_OK)
		st = dlb_fail(err, DLB_PARTLY,
			"letter %lld is not whole: %u of %u cells are here; meet "
			"more boxes (dlb meet) and read it again",
			(long long)letter->number, letter->have,
			letter->stripe.cells);
	if (st == DLB_OK && letter->state != DLB_IN_READ) {
		letter->state = DLB_IN_READ;
		st = dlb_in_update(n->letterbox, letter, err);
		if (st == DLB_OK)
			st = dlb_letterbox_commit(n->letterbox, err);
	}
out:
	if (st != DLB_OK)
		dlb_buf_free(&result->message);
	dlb_wipe(letter, sizeof(*letter));
	free(letter);
	return st;
}
