/*
 * describe: what a list shows of a letter that came in, out of its manifest.
 */
#include "node_internal.h"
#include "pack.h"

/* As the sender's list has it: folders are none. */
static uint32_t
count_files(const struct dlb_manifest *m)
{
	struct dlb_manifest_file file;
	uint32_t n = 0;
	size_t at = 0;

	while (dlb_manifest_next(m, &at, &file))
		n += file.type != DLB_FILE_DIR;
	return n;
}

/* Fills what a list shows, once enough of the content was written to u. */
static void
describe_by(struct dlb_in_letter *letter, const struct dlb_unpack *u)
{
	const struct dlb_manifest *m = dlb_unpack_manifest(u);

	if (!m)
		return;
	letter->kind = m->fields.kind;
	letter->receipt_wanted = m->fields.receipt_wanted;
	letter->files = count_files(m);
	letter->files_len = m->files_len;
	dlb_summary_of(m, letter->summary);
	letter->described = true;
}

static struct dlb_unpack *
describer(const struct dlb_in_letter *letter)
{
	struct dlb_unpack_options uo = {.fd = -1, .describe_only = true};
	struct dlb_unpack *u = NULL;

	uo.content_len = letter->stripe.content_len;
	return dlb_unpack_open(&u, &uo, NULL) == DLB_OK ? u : NULL;
}

/* A short letter's head says it all. */
void
dlb_describe_head(
	struct dlb_in_letter *letter, const uint8_t *content, size_t len)
{
	struct dlb_unpack *u = describer(letter);

	if (u && dlb_unpack_write(u, content, len, NULL) == DLB_OK)
		describe_by(letter, u);
	dlb_unpack_close(u);
}

static bool
until_described(
	void *ctx, const uint8_t *data, size_t len, struct dlb_error *err)
{
	return dlb_unpack_write(ctx, data, len, err) == DLB_OK
		&& dlb_unpack_manifest(ctx) == NULL;
}

/* A long list of files goes over several cells. */
void
dlb_describe(struct dlb_node *n, struct dlb_in_letter *letter)
{
	struct dlb_unpack *u;

	if (letter->described || letter->state != DLB_IN_UNREAD)
		return;
	u = describer(letter);
	if (u
		&& dlb_node_content(
			   n, letter, 0, until_described, u, NULL, NULL)
			== DLB_OK)
		describe_by(letter, u);
	dlb_unpack_close(u);
}
