#include "pack_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

int
tree_setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	dlb_env_seeded_init(&t->env, 11, DLB_EPOCH_MS);
	/* In memory where there is such a place: a sync of a disk waits for all
	 * that others wrote there. */
	snprintf(t->dir, sizeof(t->dir), "%s/dlb-pack-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(t->dir));
	tree_folder(t, "in");
	tree_folder(t, "out");
	*state = t;
	return 0;
}

int
tree_teardown(void **state)
{
	struct tree *t = *state;
	char command[256];

	tree_regain_root();
	snprintf(command, sizeof(command),
		"chmod -R u+rwX %s 2>/dev/null; rm -rf %s", t->dir, t->dir);
	assert_int_equal(system(command), 0);
	free(t);
	return 0;
}

const char *
tree_at(const struct tree *t, const char *name)
{
	static char paths[8][8192];
	static unsigned next;
	char *p = paths[next++ % DLB_ARRAY_LEN(paths)];

	snprintf(p, sizeof(paths[0]), "%s/%s", t->dir, name);
	return p;
}

static void
write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wx");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void
tree_file(const struct tree *t, const char *name, const char *content)
{
	write_file(tree_at(t, name), content, strlen(content));
}

void
tree_folder(const struct tree *t, const char *name)
{
	assert_int_equal(mkdir(tree_at(t, name), 0755), 0);
}

void
tree_link(const struct tree *t, const char *name, const char *target)
{
	assert_int_equal(symlink(target, tree_at(t, name)), 0);
}

bool
tree_has(const struct tree *t, const char *name)
{
	struct stat st;

	return lstat(tree_at(t, name), &st) == 0;
}

void
tree_expect(const struct tree *t, const char *name, const char *content)
{
	char got[4096];
	FILE *f = fopen(tree_at(t, name), "r");
	size_t n;

	if (!f)
		fail_msg("%s is not there", name);
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	fclose(f);
	assert_string_equal(got, content);
}

void
tree_expect_entries(const struct tree *t, const char *name, size_t n)
{
	DIR *d = opendir(tree_at(t, name));
	const struct dirent *e;
	size_t count = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		count += strcmp(e->d_name, ".") != 0
			&& strcmp(e->d_name, "..") != 0;
	closedir(d);
	assert_int_equal(count, n);
}

/* ---- trees from a seed --------------------------------------------------------------- */

static uint32_t
below(struct tree *t, uint32_t n)
{
	return dlb_random_below(&t->env.env, n);
}

/* i makes it another name each time. */
static void
odd_name(struct tree *t, char out[static 256], unsigned i)
{
	static const char *const forms[] = {
		"%u",
		"with space %u ",
		"-dash%u",
		"..%u",
		".hidden%u",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xae%u",
		"\xff\xfe broken %u",
		"quote'\"\\$(x)%u",
		"~%u",
		"a.b.c%u",
		"CON%u:*?",
		"e\xcc\x81%u",
	};
	size_t len;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(out, 256, forms[below(t, DLB_ARRAY_LEN(forms))], i);
#pragma GCC diagnostic pop
	len = strlen(out);
	if (below(t, 12) == 0) {
		memset(out + len, 'L', 255 - len);
		out[255] = '\0';
	}
}

static void
set_metadata(struct tree *t, const char *path, bool folder)
{
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = below(t, 3) ? (time_t)below(t, UINT32_MAX) : 0,
			.tv_nsec = below(t, 1000000000)},
	};
	mode_t mode = below(t, 01000);

	/* What can not be read does not travel, but for root. */
	if (geteuid() != 0)
		mode |= folder ? 0500 : 0400;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
grow_file(struct tree *t, const char *path)
{
	static const size_t lens[] = {0, 1, 100, 65536, 300000};
	size_t len = lens[below(t, 5)];
	uint8_t *data = calloc(1, len + 1);

	if (len > 0 && below(t, 2))
		len -= below(t, (uint32_t)len);
	if (below(t, 2))
		dlb_random(&t->env.env, data, len);
	write_file(path, data, len);
	free(data);
	set_metadata(t, path, false);
}

static void
grow_link(struct tree *t, const char *path, unsigned depth)
{
	static const char *const targets[] = {
		"x",
		"a/b c",
		"./here",
		".",
		"\xff\xfe",
		"x//y/",
	};
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1234567, .tv_nsec = 89}};

	assert_int_equal(
		symlink(depth > 0 && below(t, 3) == 0 ? "../up"
						      : targets[below(t, 6)],
			path),
		0);
	assert_int_equal(
		utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void
grow(struct tree *t, const char *dir, unsigned level, unsigned depth)
{
	unsigned n = below(t, 9);

	for (unsigned i = 0; i < n; i++) {
		char name[256], path[8192];

		odd_name(t, name, i);
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		switch (level < depth ? below(t, 5) : below(t, 3)) {
		case 0:
		case 1:
			grow_file(t, path);
			break;
		case 2:
			grow_link(t, path, level);
			break;
		default:
			assert_int_equal(mkdir(path, 0700), 0);
			grow(t, path, level + 1, depth);
			set_metadata(t, path, true);
			break;
		}
	}
}

void
tree_grow(struct tree *t, const char *name, unsigned depth)
{
	grow(t, tree_at(t, name), 0, depth);
}

/* ---- comparing ------------------------------------------------------------------------- */

static void
same_bytes(const char *a, const char *b)
{
	FILE *x = fopen(a, "r"), *y = fopen(b, "r");
	char p[4096], q[4096];
	size_t n;

	assert_non_null(x);
	assert_non_null(y);
	do {
		n = fread(p, 1, sizeof(p), x);
		assert_int_equal(fread(q, 1, sizeof(q), y), n);
		assert_memory_equal(p, q, n);
	} while (n > 0);
	fclose(x);
	fclose(y);
}

static void same_entry(const char *a, const char *b);

static size_t
same_names(const char *a, const char *b, bool descend)
{
	DIR *d = opendir(a);
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char x[8192], y[8192];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		if (!descend)
			continue;
		snprintf(x, sizeof(x), "%s/%s", a, e->d_name);
		snprintf(y, sizeof(y), "%s/%s", b, e->d_name);
		same_entry(x, y);
	}
	closedir(d);
	return n;
}

static void
same_entry(const char *a, const char *b)
{
	struct stat x, y;

	assert_int_equal(lstat(a, &x), 0);
	if (lstat(b, &y) != 0)
		fail_msg("%s is not there", b);
	if (x.st_mode != y.st_mode)
		fail_msg("%s: mode %o, not %o", b, y.st_mode, x.st_mode);
	if (x.st_mtim.tv_sec != y.st_mtim.tv_sec
		|| x.st_mtim.tv_nsec != y.st_mtim.tv_nsec)
		fail_msg("%s: time %ld.%ld, not %ld.%ld", b, y.st_mtim.tv_sec,
			y.st_mtim.tv_nsec, x.st_mtim.tv_sec, x.st_mtim.tv_nsec);
	if (S_ISLNK(x.st_mode)) {
		char p[4096] = "", q[4096] = "";

		assert_true(readlink(a, p, sizeof(p) - 1) > 0);
		assert_true(readlink(b, q, sizeof(q) - 1) > 0);
		assert_string_equal(p, q);
	} else if (S_ISDIR(x.st_mode)) {
		assert_int_equal(
			same_names(a, b, true), same_names(b, a, false));
	} else {
		assert_int_equal(x.st_size, y.st_size);
		same_bytes(a, b);
	}
}

void
tree_same(const struct tree *t, const char *a, const char *b)
{
	assert_int_equal(same_names(tree_at(t, a), tree_at(t, b), true),
		same_names(tree_at(t, b), tree_at(t, a), false));
}

/* ---- packing and unpacking --------------------------------------------------------------- */

void
tree_note(void *ctx, const char *text)
{
	struct tree *t = ctx;
	size_t at = strlen(t->notes);

	snprintf(t->notes + at, sizeof(t->notes) - at, "%s\n", text);
}

enum dlb_status
tree_pack(struct tree *t, struct dlb_buf *out, struct dlb_pack_options *options)
{
	static uint8_t piece[200000];
	uint8_t patch[16];
	struct dlb_pack *p = NULL;
	uint64_t len, offset;
	size_t got = 0, want = 0, patch_len;
	enum dlb_status s;

	t->notes[0] = '\0';
	options->note = tree_note;
	options->note_ctx = t;
	if (!options->fields.kind)
		options->fields.kind = DLB_KIND_LETTER;
	s = dlb_pack_open(&p, options, &t->skipped, &t->err);
	if (s != DLB_OK)
		return s;
	len = dlb_pack_len(p);
	while (s == DLB_OK && got == want) {
		want = 1 + below(t, below(t, 2) ? 100 : sizeof(piece) - 1);
		s = dlb_pack_read(p, piece, want, &got, &t->err);
		if (s == DLB_OK)
			assert_int_equal(
				dlb_buf_append(out, piece, got), DLB_OK);
	}
	if (s == DLB_OK) {
		assert_true(len == UINT64_MAX || len == out->len);
		dlb_pack_patch(p, &offset, patch, &patch_len);
		assert_true(patch_len == 0 || offset + patch_len <= 32768);
		memcpy(out->data + offset, patch, patch_len);
		/* The end stays the end. */
		assert_int_equal(
			dlb_pack_read(p, piece, 10, &got, &t->err), DLB_OK);
		assert_int_equal(got, 0);
	}
	dlb_pack_close(p);
	return s;
}

void
tree_pack_path(struct tree *t, struct dlb_buf *out, const char *name)
{
	const char *path = tree_at(t, name);
	struct dlb_pack_options options = {.paths = &path, .paths_n = 1};

	assert_int_equal(tree_pack(t, out, &options), DLB_OK);
}

struct dlb_unpack_options
tree_unpack_options(const struct tree *t)
{
	static char out[128];
	struct dlb_unpack_options o = {
		.directory = out,
		.fd = -1,
		.label = TEST_LABEL,
	};

	snprintf(out, sizeof(out), "%s/out", t->dir);
	return o;
}

enum dlb_status
tree_unpack(struct tree *t, const struct dlb_buf *stream,
	struct dlb_unpack_options options)
{
	struct dlb_unpack *u = NULL;
	enum dlb_status s;
	size_t at = 0;

	t->notes[0] = '\0';
	options.note = tree_note;
	options.note_ctx = t;
	if (options.content_len == 0)
		options.content_len = stream->len;
	s = dlb_unpack_open(&u, &options, &t->err);
	while (s == DLB_OK && at < stream->len) {
		size_t n = 1 + below(t, below(t, 2) ? 20 : 100000);
		uint8_t *exact; /* so that a sanitizer sees a read past it */

		if (n > stream->len - at)
			n = stream->len - at;
		exact = malloc(n);
		assert_non_null(exact);
		memcpy(exact, stream->data + at, n);
		s = dlb_unpack_write(u, exact, n, &t->err);
		free(exact);
		at += n;
	}
	if (s == DLB_OK)
		s = dlb_unpack_finish(u, &t->files, &t->bytes, t->first_path,
			sizeof(t->first_path), &t->err);
	dlb_unpack_close(u);
	return s;
}

bool
tree_drop_root(struct tree *t)
{
	if (geteuid() != 0)
		return true;
	if (chown(t->dir, NOBODY, NOBODY) != 0
		|| chown(tree_at(t, "in"), NOBODY, NOBODY) != 0
		|| chown(tree_at(t, "out"), NOBODY, NOBODY) != 0)
		return false;
	return seteuid(NOBODY) == 0;
}

void
tree_regain_root(void)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}
