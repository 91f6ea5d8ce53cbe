/*
 * read: letters that came in, onto the disk or into a descriptor.
 *
 * Of many short letters the files are written in parallel into their staging
 * folders, brought onto the medium together, moved into place, and marked as read
 * in one commit. So that whatever breaks in between, what is in place is whole, and
 * a letter that is marked as read is in place.
 */
#include "node_internal.h"
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Letters that are read together: as many as leave room for other open files (one for
 * each at most, or two where they share no folder), and as much as is soon written. */
#define TOGETHER 768
#define TOGETHER_ALONE 256
#define TOGETHER_LEN (64ull << 20)
/* What has more cells than that keeps all cores busy alone. */
#define SHORT_LEN (1ull << 20)

/* One letter on its way out. */
struct outgoing {
	int64_t number;
	struct dlb_in_letter letter;
	struct dlb_unpack *unpack;
	struct dlb_read_result result;
	enum dlb_status st;
	struct dlb_error err;
};

struct reading {
	struct dlb_node *n;
	const struct dlb_read_options *options;
	const struct dlb_progress *progress;
	struct outgoing *out;
	size_t out_n;
	int directory; /* to bring onto the medium; -1: letters see to it each */
	struct dlb_stage *stage; /* or NULL: each has its own */
};

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
	if (dlb_buf_append(
		    &result->message, m->fields.message, m->fields.message_len)
		!= DLB_OK)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	return DLB_OK;
}

static enum dlb_status
unpack_letter(struct reading *r, struct outgoing *o, unsigned worker,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	const struct dlb_in_letter *letter = &o->letter;
	struct dlb_unpack_options uo = {.directory = r->options->directory,
		.fd = r->options->directory ? -1 : r->options->fd,
		.overwrite = r->options->overwrite,
		.synced_by_caller = r->directory >= 0,
		.stage = r->stage,
		.content_len = letter->stripe.content_len};
	struct feed feed = {.st = DLB_OK};
	enum dlb_status st;

	dlb_hex(uo.label, letter->stripe.letter_id, 8);
	st = dlb_unpack_open(&o->unpack, &uo, err);
	if (st != DLB_OK)
		return st;
	feed.unpack = o->unpack;
	st = dlb_node_content(
		r->n, letter, worker, feed_unpack, &feed, progress, err);
	if (st == DLB_OK)
		st = feed.st;
	if (st == DLB_OK)
		st = keep_message(&o->result, o->unpack, err);
	return st == DLB_OK ? dlb_unpack_complete(o->unpack, err) : st;
}

static enum dlb_status
take_out(struct reading *r, struct outgoing *o, unsigned worker,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	return r->options->show ? dlb_show_letter(r->n, &o->letter,
		       r->options->show_max, worker, &o->result, progress, err)
				: unpack_letter(r, o, worker, progress, err);
}

static void
unpack_one(void *ctx, size_t i, unsigned worker)
{
	struct reading *r = ctx;
	struct outgoing *o = &r->out[i];

	if (o->st == DLB_OK)
		o->st = take_out(r, o, worker, NULL, &o->err);
}

/* Not in parallel: it changes the letterbox. */
static void
recount(struct dlb_node *n, struct outgoing *o)
{
	char size[DLB_SIZE_TEXT_MAX];
	uint64_t needs;

	if (o->st != DLB_PARTLY
		|| dlb_node_recount(n, &o->letter, NULL) != DLB_OK)
		return;
	needs = dlb_node_size_for(n, &o->letter);
	if (needs)
		o->st = dlb_fail(&o->err, DLB_PARTLY,
			"letter %lld is not whole: %u of %u cells are here, and "
			"there is no room for the others: it needs a satchel of "
			"%s; make it so (dlb satchel --size %lluM) and meet more "
			"boxes (dlb meet)",
			(long long)o->number, o->letter.have,
			o->letter.stripe.cells, dlb_size_text(size, needs),
			(unsigned long long)(needs >> 20) + 1);
	else if (o->letter.stripe.n > 1)
		o->st = dlb_fail(&o->err, DLB_PARTLY,
			"letter %lld is not whole: %u of the %u stripes that it "
			"needs are here; meet more boxes (dlb meet) and read it "
			"again",
			(long long)o->number, o->letter.whole,
			o->letter.stripe.k);
	else
		o->st = dlb_fail(&o->err, DLB_PARTLY,
			"letter %lld is not whole: %u of %u cells are here; meet "
			"more boxes (dlb meet) and read it again",
			(long long)o->number, o->letter.have,
			o->letter.stripe.cells);
}

static enum dlb_status
sync_directory(const struct reading *r, struct dlb_error *err)
{
	char shown[256];

	if (!r->options->directory || r->directory < 0
		|| syncfs(r->directory) == 0)
		return DLB_OK;
	return dlb_fail_errno(err, errno,
		"what was written into \"%s\" did not reach the medium",
		dlb_printable(shown, sizeof(shown), r->options->directory,
			strlen(r->options->directory)));
}

/* Whatever is not failed yet fails with this. */
static void
fail_all(struct reading *r, const struct dlb_error *err)
{
	for (size_t i = 0; i < r->out_n; i++)
		if (r->out[i].st == DLB_OK) {
			r->out[i].st = err->status;
			r->out[i].err = *err;
		}
}

static void
place_all(struct reading *r)
{
	for (size_t i = 0; i < r->out_n; i++) {
		struct outgoing *o = &r->out[i];

		recount(r->n, o);
		if (o->st != DLB_OK || r->options->show)
			continue;
		o->result.whole = true;
		o->st = dlb_unpack_finish(o->unpack, &o->result.files,
			&o->result.bytes, o->result.first_path,
			sizeof(o->result.first_path), &o->err);
	}
}

static enum dlb_status
mark_all(struct reading *r, struct dlb_error *err)
{
	enum dlb_status st = DLB_OK;

	for (size_t i = 0; st == DLB_OK && i < r->out_n; i++) {
		struct outgoing *o = &r->out[i];

		if (o->st != DLB_OK || !o->result.whole
			|| o->letter.state == DLB_IN_READ)
			continue;
		o->letter.state = DLB_IN_READ;
		st = dlb_in_update(r->n->letterbox, &o->letter, err);
	}
	return st == DLB_OK ? dlb_letterbox_commit(r->n->letterbox, err) : st;
}

/* Letters that are loaded. How each went is in its st. */
static void
read_loaded(struct reading *r)
{
	struct dlb_error err;

	if (r->out_n == 1 && r->out[0].st == DLB_OK)
		r->out[0].st =
			take_out(r, &r->out[0], 0, r->progress, &r->out[0].err);
	else if (r->options->directory)
		dlb_pool_run(r->out_n, unpack_one, r);
	else
		/* One after the other into the one descriptor. */
		for (size_t i = 0; i < r->out_n; i++)
			unpack_one(r, i, 0);
	if (sync_directory(r, &err) != DLB_OK)
		fail_all(r, &err);
	place_all(r);
	if (sync_directory(r, &err) != DLB_OK || mark_all(r, &err) != DLB_OK)
		fail_all(r, &err);
	for (size_t i = 0; i < r->out_n; i++) {
		dlb_unpack_close(r->out[i].unpack);
		r->out[i].unpack = NULL;
		if (r->out[i].st != DLB_OK) {
			dlb_buf_free(&r->out[i].result.message);
			dlb_buf_free(&r->out[i].result.text);
		}
	}
}

static enum dlb_status
load(struct dlb_node *n, struct outgoing *o, int64_t number)
{
	memset(o, 0, sizeof(*o));
	o->number = number;
	o->st = dlb_in_get(n->letterbox, &o->letter, number, &o->err);
	if (o->st != DLB_OK || o->letter.state == DLB_IN_DELETED)
		o->st = dlb_fail(&o->err, DLB_NOT_FOUND,
			"no letter %lld came in; see: dlb inbox",
			(long long)number);
	return o->st;
}

enum dlb_status
dlb_node_read(struct dlb_node *n, int64_t number,
	const struct dlb_read_options *options, struct dlb_read_result *result,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct outgoing *o = calloc(1, sizeof(*o));
	struct reading r = {.n = n,
		.options = options,
		.progress = progress,
		.out = o,
		.out_n = 1,
		.directory = -1};
	enum dlb_status st;

	memset(result, 0, sizeof(*result));
	if (!o)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (load(n, o, number) == DLB_OK)
		read_loaded(&r);
	st = o->st;
	if (st == DLB_OK)
		*result = o->result;
	else if (err)
		*err = o->err;
	dlb_wipe(o, sizeof(*o));
	free(o);
	return st;
}

/* ---- many ------------------------------------------------------------------------------ */

static bool
is_short(const struct outgoing *o)
{
	return o->st != DLB_OK
		|| (o->letter.stripe.n == 1
			&& o->letter.stripe.content_len <= SHORT_LEN
			&& o->letter.files_len <= SHORT_LEN);
}

/* Loads the letters that are read next, together: at least one. A long one is read
 * alone. */
static void
load_some(struct reading *r, const struct dlb_read_each *each,
	const int64_t *numbers, size_t n)
{
	const size_t most = r->stage ? TOGETHER : TOGETHER_ALONE;
	uint64_t len = 0;

	for (r->out_n = 0; r->out_n < n && r->out_n < most;) {
		struct outgoing *o = &r->out[r->out_n];

		if (load(r->n, o, numbers[r->out_n]) == DLB_OK && each->may)
			o->st = each->may(each->ctx, &o->letter, &o->err);
		len += o->letter.stripe.content_len + o->letter.files_len;
		if (r->out_n > 0 && (!is_short(o) || len > TOGETHER_LEN))
			return;
		r->out_n++;
		if (!is_short(o))
			return;
	}
}

/* false: the caller wants no more. */
static bool
report(struct reading *r, const struct dlb_read_each *each)
{
	bool more = true;

	for (size_t i = 0; i < r->out_n; i++) {
		struct outgoing *o = &r->out[i];

		more = each->done(each->ctx, o->number, &o->letter, &o->result,
			       o->st, &o->err)
			&& more;
		dlb_buf_free(&o->result.message);
		dlb_buf_free(&o->result.text);
		dlb_wipe(&o->letter, sizeof(o->letter));
	}
	return more;
}

/* Made here, so that letters that are written at once need not agree on who makes
 * it. Where that is not possible, each says so itself. */
static int
open_directory(const char *path, bool *made)
{
	*made = mkdir(path, 0777) == 0;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum dlb_status
dlb_node_read_each(struct dlb_node *n, const int64_t *numbers, size_t numbers_n,
	const struct dlb_read_options *options,
	const struct dlb_read_each *each, const struct dlb_progress *progress,
	struct dlb_error *err)
{
	struct reading r = {.n = n, .options = options, .progress = progress};
	int directory = -1;
	bool made = false, more = true;
	size_t at = 0;

	r.out = calloc(TOGETHER, sizeof(*r.out));
	if (!r.out)
		return dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	if (options->directory)
		directory = open_directory(options->directory, &made);
	/* Where that is not possible, each tries with one of its own. */
	if (directory >= 0
		&& dlb_stage_open(&r.stage, directory, options->directory, NULL)
			!= DLB_OK)
		r.stage = NULL;
	while (more && at < numbers_n) {
		load_some(&r, each, numbers + at, numbers_n - at);
		r.directory = r.out_n > 1 ? directory : -1;
		read_loaded(&r);
		at += r.out_n;
		more = report(&r, each);
	}
	dlb_stage_close(r.stage);
	/* So that the folder does not come back when the power goes. */
	if (r.stage)
		(void)fsync(directory);
	if (directory >= 0)
		close(directory);
	/* Where nothing was put into it. */
	if (made)
		(void)rmdir(options->directory);
	dlb_wipe(r.out, TOGETHER * sizeof(*r.out));
	free(r.out);
	return DLB_OK;
}
