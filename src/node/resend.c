/*
 * resend: letters of which no receipt came, given or sealed again.
 *
 * A sender keeps a letter's cells until it has arrived, and can give them again. They
 * keep no key to what they sent: so a letter is sealed again of the files it was made
 * of, those that its sender names, or, where they asked for it beforehand, those
 * whose paths were kept with the message ("recipe").
 */
#include "node_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define RECIPE_VERSION 1
#define PATHS_MAX 4096

/* ---- what is kept ----------------------------------------------------------------------- */

static enum dlb_status
add_bytes(struct dlb_buf *out, const void *data, size_t len)
{
	uint8_t head[4];
	struct dlb_writer w;

	dlb_writer_init(&w, head, sizeof(head));
	dlb_write_u32(&w, (uint32_t)len);
	if (dlb_buf_append(out, head, sizeof(head)) != DLB_OK)
		return DLB_NO_MEMORY;
	return len ? dlb_buf_append(out, data, len) : DLB_OK;
}

/* u8 version || u8 flags || tag key (32, or zero) || message || u32 paths || each;
 * message and paths with their length (u32) before them. */
static enum dlb_status
write_recipe(struct dlb_buf *out, const struct dlb_send_options *o,
	struct dlb_error *err)
{
	uint8_t head[2 + DLB_KEY_LEN + 4] = {RECIPE_VERSION,
		(uint8_t)(o->compress | (o->tag_key != NULL) << 1
			| o->last_resort << 2)};
	struct dlb_writer w;
	enum dlb_status st;

	if (o->paths_n > PATHS_MAX)
		return dlb_fail(err, DLB_LIMIT,
			"more than %d names: send a folder of them", PATHS_MAX);
	if (o->tag_key)
		memcpy(head + 2, o->tag_key, DLB_KEY_LEN);
	dlb_writer_init(&w, head + 2 + DLB_KEY_LEN, 4);
	dlb_write_u32(&w, (uint32_t)o->paths_n);
	st = dlb_buf_append(out, head, sizeof(head));
	if (st == DLB_OK)
		st = add_bytes(out, o->message, o->message_len);
	for (size_t i = 0; st == DLB_OK && i < o->paths_n; i++) {
		char *path = realpath(o->paths[i], NULL);

		if (!path)
			return dlb_fail_errno(err, errno,
				"can not find out where %s is", o->paths[i]);
		st = add_bytes(out, path, strlen(path));
		free(path);
	}
	dlb_wipe(head, sizeof(head));
	return st == DLB_OK ? st : dlb_fail(err, st, "out of memory");
}

enum dlb_status
dlb_node_keep_recipe(struct dlb_node *n, const struct dlb_send_options *options,
	const struct dlb_send_result *result, struct dlb_error *err)
{
	struct dlb_buf recipe = {0};
	enum dlb_status st;

	if (options->each)
		return dlb_fail(err, DLB_USAGE,
			"what is sent again by itself is one letter, not one of "
			"each file");
	for (size_t i = 0; i < options->paths_n; i++)
		if (strcmp(options->paths[i], "-") == 0)
			return dlb_fail(err, DLB_USAGE,
				"what comes by standard input is not kept, and "
				"can not be sent again by itself: name a file");
	st = write_recipe(&recipe, options, err);
	if (st == DLB_OK)
		st = dlb_out_set_recipe(
			n->letterbox, result->first_number, &recipe, err);
	dlb_buf_free(&recipe);
	return st;
}

struct recipe {
	struct dlb_send_options options;
	struct dlb_buf bytes; /* paths point into strings */
	char **paths;
	size_t paths_n;
	uint8_t tag_key[DLB_KEY_LEN];
	char *message;
};

static void
recipe_free(struct recipe *r)
{
	for (size_t i = 0; i < r->paths_n; i++)
		free(r->paths[i]);
	free(r->paths);
	free(r->message);
	dlb_buf_free(&r->bytes);
	dlb_wipe(r, sizeof(*r));
}

static char *
read_string(struct dlb_reader *r, size_t *len)
{
	const uint8_t *data;
	char *out;

	*len = dlb_read_u32(r);
	data = dlb_read_view(r, *len);
	if (r->failed)
		return NULL;
	out = malloc(*len + 1);
	if (!out)
		return NULL;
	if (*len)
		memcpy(out, data, *len);
	out[*len] = '\0';
	return out;
}

static enum dlb_status
read_recipe(struct recipe *out, struct dlb_error *err)
{
	struct dlb_reader r;
	uint8_t version, flags;
	uint32_t n;
	size_t len;

	dlb_reader_init(&r, out->bytes.data, out->bytes.len);
	version = dlb_read_u8(&r);
	flags = dlb_read_u8(&r);
	dlb_read_bytes(&r, out->tag_key, sizeof(out->tag_key));
	n = dlb_read_u32(&r);
	if (r.failed || version != RECIPE_VERSION || n > PATHS_MAX)
		goto bad;
	out->message = read_string(&r, &out->options.message_len);
	out->paths = calloc((size_t)n + 1, sizeof(*out->paths));
	if (!out->message || !out->paths)
		goto bad;
	for (; out->paths_n < n; out->paths_n++) {
		out->paths[out->paths_n] = read_string(&r, &len);
		if (!out->paths[out->paths_n])
			goto bad;
	}
	if (!dlb_reader_done(&r))
		goto bad;
	out->options.compress = flags & 1;
	out->options.tag_key = flags & 2 ? out->tag_key : NULL;
	out->options.last_resort = flags & 4;
	out->options.message = out->message;
	out->options.paths = (const char *const *)out->paths;
	out->options.paths_n = n;
	out->options.stdin_fd = -1;
	return DLB_OK;
bad:
	return dlb_fail(err, DLB_CORRUPT,
		"how the letter was made can not be read: name its files");
}

/* ---- once more -------------------------------------------------------------------------- */

/* As it went the first time. */
static enum dlb_spread
as_before(void *ctx, uint64_t cells, uint64_t bytes)
{
	const struct dlb_out_letter *old = ctx;

	(void)cells;
	(void)bytes;
	return old->now ? DLB_SPREAD_NOW : DLB_SPREAD_SPREAD;
}

static enum dlb_status
find_old(struct dlb_node *n, int64_t number, struct dlb_out_letter *old,
	struct dlb_error *err)
{
	if (dlb_out_get(n->letterbox, old, number, NULL) != DLB_OK
		|| !dlb_out_is_seen(old))
		return dlb_fail(err, DLB_NOT_FOUND,
			"there is no letter %lld that went out; see: dlb outbox",
			(long long)number);
	if (old->arrived_ms)
		return dlb_fail(err, DLB_EXISTS,
			"letter %lld has arrived: nothing is sent again",
			(long long)number);
	return DLB_OK;
}

static enum dlb_status
by_recipe(struct dlb_out_letter *old, struct recipe *r, struct dlb_error *err)
{
	enum dlb_status st = read_recipe(r, err);

	r->options.no_receipt = !old->receipt_wanted;
	r->options.again_ms = old->again_ms;
	r->options.decide = as_before;
	r->options.decide_ctx = old;
	return st;
}

/* Its cells as they are: those that are not carried any more go out as new ones do,
 * those that are get as many copies as new ones. */
static enum dlb_status
insert_again(struct dlb_node *n, struct dlb_out_letter *old,
	struct dlb_send_result *result, struct dlb_error *err)
{
	struct dlb_release r = {.n = n};
	struct dlb_buf names = {0};
	uint32_t waiting = 0;
	enum dlb_status st =
		dlb_out_cells(n->letterbox, old->number, &names, err);

	for (size_t i = 0; st == DLB_OK && i + DLB_NAME_LEN <= names.len;
		i += DLB_NAME_LEN) {
		uint32_t number = dlb_satchel_find(n->satchel, names.data + i);
		struct dlb_entry e;

		if (number == DLB_NO_ENTRY
			|| !dlb_satchel_entry(n->satchel, number, &e)
			|| !(e.flags & DLB_HELD))
			continue;
		result->cells++;
		if (!(e.flags & DLB_SHOWN))
			e.flags |= DLB_OWN;
		else
			e.copies = dlb_copies_start(n->env);
		waiting += (e.flags & DLB_OWN) != 0;
		if (dlb_release_note(&r, &e) != DLB_OK)
			st = dlb_fail(err, DLB_NO_MEMORY, "out of memory");
	}
	dlb_buf_free(&names);
	if (st == DLB_OK && result->cells < old->cells && old->recalled_ms)
		st = dlb_fail(err, DLB_CORRUPT,
			"letter %lld was called back, and its cells are gone: "
			"name what it held, and it is sealed anew",
			(long long)old->number);
	else if (st == DLB_OK && result->cells < old->cells)
		st = dlb_fail(err, DLB_CORRUPT,
			"%llu of %u cells of letter %lld are gone here: name "
			"what it held, and it is sealed anew",
			(unsigned long long)(old->cells - result->cells),
			old->cells, (long long)old->number);
	if (st == DLB_OK && waiting > 0) {
		old->state = DLB_OUT_WAITING;
		old->shown = old->cells - waiting;
		st = dlb_out_update(n->letterbox, old, err);
	}
	if (st == DLB_OK)
		st = dlb_letterbox_commit(n->letterbox, err);
	if (st == DLB_OK)
		st = dlb_satchel_update(n->satchel, r.changes, r.len, err);
	dlb_release_free(&r);
	result->same_cells = true;
	result->letters = 1;
	result->first_number = result->last_number = old->number;
	return st;
}

enum dlb_status
dlb_node_resend(struct dlb_node *n, int64_t number,
	const struct dlb_send_options *options, struct dlb_send_result *result,
	void (*note)(void *ctx, const char *text), void *note_ctx,
	const struct dlb_progress *progress, struct dlb_error *err)
{
	struct dlb_out_letter old;
	struct recipe r = {.paths_n = 0};
	enum dlb_status st;

	memset(result, 0, sizeof(*result));
	st = find_old(n, number, &old, err);
	if (st == DLB_OK && !options)
		st = dlb_out_recipe(n->letterbox, number, &r.bytes, err);
	if (st == DLB_OK && !options && r.bytes.len == 0) {
		st = insert_again(n, &old, result, err);
		goto out;
	}
	if (st == DLB_OK && options)
		r.options = *options;
	else if (st == DLB_OK)
		st = by_recipe(&old, &r, err);
	r.options.again_of = number;
	r.options.need = old.need;
	r.options.of = old.stripes;
	r.options.threshold = old.threshold;
	if (st == DLB_OK)
		st = dlb_node_send(n, old.to, &r.options, result, note,
			note_ctx, progress, err);
	if (err && st != DLB_OK && !options && r.paths_n > 0)
		st = dlb_fail(err, st,
			"%s; or name what it held: dlb resend %lld PATH",
			err->msg, (long long)number);
out:
	recipe_free(&r);
	dlb_wipe(&old, sizeof(old));
	return st;
}

/* ---- by themselves ---------------------------------------------------------------------- */

struct due {
	struct dlb_node *n;
	int64_t *numbers;
	size_t len, cap;
};

static bool
note_due(void *ctx, const struct dlb_out_letter *letter)
{
	struct due *d = ctx;

	if (!dlb_out_is_seen(letter) || letter->arrived_ms || !letter->again_ms
		|| letter->state == DLB_OUT_WAITING
		|| d->n->clock.now_ms - letter->sealed_ms < letter->again_ms)
		return true;
	if (d->len == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 16;
		int64_t *p = realloc(d->numbers, cap * sizeof(*p));

		if (!p)
			return false;
		d->numbers = p;
		d->cap = cap;
	}
	d->numbers[d->len++] = letter->number;
	return true;
}

void
dlb_node_resend_due(struct dlb_node *n)
{
	struct due d = {.n = n};
	struct dlb_send_result result;

	/* A clock that is not believed makes nothing due. */
	if (n->clock.trusted_week
		&& dlb_out_each(n->letterbox, note_due, &d, NULL) == DLB_OK)
		for (size_t i = 0; i < d.len; i++)
			if (dlb_node_resend(n, d.numbers[i], NULL, &result,
				    NULL, NULL, NULL, NULL)
				!= DLB_OK)
				continue;
	free(d.numbers);
}
