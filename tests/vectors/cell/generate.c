/*
 * Writes the vectors of docs/cell.md, section 9, into a directory that exists:
 *
 *	cell_vectors DIR
 */
#include "vectors.h"

#include <stdio.h>

static bool
write_file(const char *dir, const char *name, const void *data, size_t len)
{
	char path[4096];
	FILE *f;
	bool ok;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name)
		>= (int)sizeof(path))
		return false;
	f = fopen(path, "wb");
	if (!f)
		return false;
	ok = fwrite(data, 1, len, f) == len;
	return fclose(f) == 0 && ok;
}

int
main(int argc, char **argv)
{
	struct vectors *v;
	bool ok;

	if (argc != 2) {
		fprintf(stderr, "usage: cell_vectors DIR\n");
		return 2;
	}
	v = vectors_new();
	ok = write_file(argv[1], VECTORS_JSON, v->json.data, v->json.len);
	for (int i = 0; i < v->n_files; i++)
		ok &= write_file(argv[1], v->files[i].name, v->files[i].cell,
			DLB_CELL_LEN);
	if (!ok)
		fprintf(stderr, "cell_vectors: could not write all of %s\n",
			argv[1]);
	vectors_free(v);
	return ok ? 0 : 1;
}
