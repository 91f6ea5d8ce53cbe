/*
 * For --each: every regular file under the paths, as paths to open.
 */
#include "pack_internal.h"

#include <stdlib.h>
#include <string.h>

struct list {
	char **paths;
	size_t n, cap;
};

static enum dlb_status
out_of_memory(struct dlb_error *err)
{
	return dlb_fail(err, DLB_NO_MEMORY, "out of memory for names of files");
}

static enum dlb_status
list_add(struct list *l, char *path, struct dlb_error *err)
{
	if (!path)
		return out_of_memory(err);
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		char **paths = reallocarray(l->paths, cap, sizeof(*paths));

		if (!paths) {
			free(path);
			return out_of_memory(err);
		}
		l->paths = paths;
		l->cap = cap;
	}
	l->paths[l->n++] = path;
	return DLB_OK;
}

static enum dlb_status
list_visit(void *ctx, const struct dlb_walk_entry *e, struct dlb_error *err)
{
	size_t name_len = strlen(e->root->name), root_len;
	const char *below = e->path + name_len; /* empty or "/..." */
	size_t below_len = e->path_len - name_len;
	char *path;

	if (e->target)
		return dlb_fail(err, DLB_REFUSED,
			"a link does not travel without what it leads to");
	if (!S_ISREG(e->st->st_mode))
		return DLB_OK;
	root_len = strlen(e->root->path);
	while (below_len > 0 && root_len > 0
		&& e->root->path[root_len - 1] == '/')
		root_len--;
	path = malloc(root_len + below_len + 1);
	if (path) {
		memcpy(path, e->root->path, root_len);
		memcpy(path + root_len, below, below_len);
		path[root_len + below_len] = '\0';
	}
	return list_add(ctx, path, err);
}

enum dlb_status
dlb_pack_list(char ***out, size_t *n, const char *const *paths, size_t paths_n,
	void (*note)(void *ctx, const char *text), void *note_ctx,
	uint64_t *skipped, struct dlb_error *err)
{
	struct list list = {0};
	struct dlb_walk walk = {
		.visit = list_visit,
		.ctx = &list,
		.note = note,
		.note_ctx = note_ctx,
	};
	enum dlb_status s = DLB_OK;

	/* Each is a letter of its own, so that equal names do not matter. */
	for (size_t i = 0; i < paths_n && s == DLB_OK; i++) {
		if (strcmp(paths[i], "-") == 0) {
			s = list_add(&list, strdup(paths[i]), err);
			continue;
		}
		s = dlb_walk_init(&walk, &paths[i], 1, err);
		if (s == DLB_OK)
			s = dlb_walk_run(&walk, err);
		dlb_walk_free(&walk);
	}
	if (s != DLB_OK) {
		dlb_pack_list_free(list.paths, list.n);
		return s;
	}
	*out = list.paths;
	*n = list.n;
	if (skipped)
		*skipped = walk.skipped;
	return DLB_OK;
}

void
dlb_pack_list_free(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}
