/*
 * read: a letter that came in, onto the disk or into a descriptor; and the end of
 * letters, in and out.
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
	st = dlb_node_content(n, letter, feed_unpack, &feed, progress, err);
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
			"there is no letter %lld here; see: dlb inbox",
			(long long)number);
		goto out;
	}
	st = write_out(n, letter, options, result, progress, err);
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

/* ---- deleting -------------------------------------------------------------------------- */

struct release {
	struct dlb_node *n;
	struct dlb_satchel_change *changes;
	size_t len, cap;
};

static enum dlb_status
release_entry(struct release *r, uint32_t number)
{
	struct dlb_entry e;

	if (number == DLB_NO_ENTRY ||
		!dlb_satchel_entry(r->n->satchel, number, &e) ||
		!(e.flags & DLB_HELD))
		return DLB_OK;
	if (r->len == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : DLB_BATCH;
		struct dlb_satchel_change *p =
			realloc(r->changes, cap * sizeof(*p));

		if (!p)
			return DLB_NO_MEMORY;
		r->changes = p;
		r->cap = cap;
	}
	r->changes[r->len++] = (struct dlb_satchel_change){
		.number = number,
		.flags = (uint8_t)(e.flags & ~(DLB_HELD | DLB_OWN)),
		.copies = e.copies,
		.searched = e.searched};
	return DLB_OK;
}

static enum dlb_status
release_in(struct release *r, const struct dlb_in_letter *letter)
{
	enum dlb_status st = release_entry(
		r, dlb_satchel_find(r->n->satchel, letter->head_name));
	struct dlb_satchel_info info;
	uint32_t cells = letter->stripe.cells;

	dlb_satchel_info(r->n->satchel, &info);
	if (cells > info.reserve) /* too large: nothing but the head was held */
		cells = 1;
	for (uint32_t i = 1; st == DLB_OK && i < cells; i++) {
		uint8_t handle[DLB_HANDLE_LEN];
		uint32_t numbers[8];
		size_t found;

		dlb_stripe_handle(handle, letter->stripe.stripe_key, i);
		found = dlb_satchel_find_handle(
			r->n->satchel, handle, numbers, DLB_ARRAY_LEN(numbers));
		for (size_t k = 0; st == DLB_OK && k < found; k++)
			st = release_entry(r, numbers[k]);
	}
	return st;
}

static enum dlb_status
release_out(struct release *r, int64_t number, struct dlb_error *err)
{
	struct dlb_buf names = {0};
	enum dlb_status st =
		dlb_out_cells(r->n->letterbox, number, &names, err);

	for (size_t i = 0; st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN)
		st = release_entry(
			r, dlb_satchel_find(r->n->satchel, names.data + i));
	dlb_buf_free(&names);
	return st;
}

/* The letterbox forgets first: a crash in between leaves held cells, which doctor
 * finds, and never a letter without its cells. */
enum dlb_status
dlb_node_delete(struct dlb_node *n, int64_t number, struct dlb_error *err)
{
	struct dlb_in_letter *in = calloc(1, sizeof(*in));
	struct dlb_out_letter out;
	struct release r = {.n = n};
	enum dlb_status st;

	if (!in)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (dlb_in_get(n->letterbox, in, number, NULL) == DLB_OK &&
		in->state != DLB_IN_DELETED) {
		st = release_in(&r, in);
		if (st == DLB_OK)
			st = dlb_in_delete(n->letterbox, number, err);
	} else if (dlb_out_get(n->letterbox, &out, number, NULL) == DLB_OK &&
		out.to != 0) {
		st = release_out(&r, number, err);
		if (st == DLB_OK)
			st = dlb_out_delete(n->letterbox, number, err);
	} else {
		st = dlb_fail(err, DLB_NOT_FOUND,
			"there is no letter %lld here; see: dlb inbox, dlb outbox",
			(long long)number);
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_satchel_update(n->satchel, r.changes, r.len, err);
	free(r.changes);
	dlb_wipe(in, sizeof(*in));
	free(in);
	return st;
}
