/*
 * Homes on a disk whose power can be cut.
 */
#include "crash_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
crash_world_begin(struct crash_world *w)
{
	dlb_pool_limit(1);
	assert_int_equal(dlb_base_init(), DLB_OK);
	snprintf(w->dir, sizeof(w->dir), "/tmp/dlb-crash-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	dlb_env_seeded_init(&w->env, 5, CRASH_NOW_MS);
	w->base = crash_fs_new(1);
}

void
crash_world_end(struct crash_world *w)
{
	char command[256];

	crash_fs_free(w->base);
	snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	if (system(command) != 0)
		print_message("could not remove %s\n", w->dir);
}

void
crash_world_path(const struct crash_world *w, char out[static CRASH_PATH_MAX],
	const char *name)
{
	snprintf(out, CRASH_PATH_MAX, "%s/%s", w->dir, name);
}

void
crash_world_real_file(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fclose(f);
}

void
crash_world_home(struct crash_world *w, const char *path, const char *name,
	uint64_t size)
{
	struct dlb_home_options o = {.name = name,
		.size = size,
		.sparse = true,
		.unlock = open_to_all};
	struct dlb_node *n = NULL;

	must_with(&w->err,
		dlb_node_create_on(&n, crash_fs_fs(w->base), path, &o,
			&w->env.env, NULL, &w->err));
	dlb_node_close(n);
}

enum dlb_status
crash_world_open(struct crash_world *w, struct dlb_fs *fs, struct dlb_node **n,
	const char *path)
{
	return dlb_node_open_on(
		n, fs, path, &open_to_all, 0, &w->env.env, &w->err);
}

int64_t
crash_world_introduce(struct crash_world *w, const char *who, const char *whom,
	bool short_card)
{
	struct dlb_card *card = calloc(1, sizeof(*card));
	struct dlb_correspondent c;
	struct dlb_buf bytes = {0};
	struct dlb_node *n = NULL;

	assert_non_null(card);
	must_with(&w->err, crash_world_open(w, crash_fs_fs(w->base), &n, whom));
	must_with(&w->err,
		dlb_letterbox_card(n->letterbox, short_card, &bytes, &w->err));
	must_with(&w->err, dlb_letterbox_commit(n->letterbox, &w->err));
	dlb_node_close(n);
	must_with(
		&w->err, dlb_card_parse(card, bytes.data, bytes.len, &w->err));
	must_with(&w->err, crash_world_open(w, crash_fs_fs(w->base), &n, who));
	must_with(&w->err,
		dlb_correspondent_add(n->letterbox, &c, card, NULL, &w->err));
	must_with(&w->err, dlb_letterbox_commit(n->letterbox, &w->err));
	dlb_node_close(n);
	dlb_buf_free(&bytes);
	free(card);
	return c.id;
}
