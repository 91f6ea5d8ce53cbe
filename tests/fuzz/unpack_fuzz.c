/*
 * Fuzz target for unpacking: the content stream of a letter, into a directory and to
 * a descriptor.
 *
 * The first byte chooses how: bit 0 a descriptor, 1 overwrite, 2 the length is not
 * known, 3 the bytes after the manifest are compressed here (so that the mutations
 * get behind the codec), 4 to 7 the length of the pieces.
 *
 * Beyond memory errors: nothing outside the target changes, and a failure leaves
 * nothing in it (but for what overwriting had replaced already).
 */
#include "unpack_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

static char base[64], out[128];
static int base_fd, null_fd;

static void
remove_base(void)
{
	dlb_remove_tree(AT_FDCWD, base);
}

static void
prepare(void)
{
	snprintf(base, sizeof(base), "%s/dlb-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	REQUIRE(mkdtemp(base));
	snprintf(out, sizeof(out), "%s/out", base);
	base_fd = open(base, O_RDONLY | O_DIRECTORY);
	null_fd = open("/dev/null", O_WRONLY);
	REQUIRE(base_fd >= 0 && null_fd >= 0);
	atexit(remove_base);
}

static size_t
entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	REQUIRE(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void
touch(const char *name)
{
	int fd = openat(base_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	REQUIRE(fd >= 0);
	REQUIRE(write(fd, "mine", 4) == 4);
	close(fd);
}

/* The target has a file, a folder with one, and a link that leads out. */
static void
fresh_target(bool with_things)
{
	dlb_remove_tree(base_fd, "out");
	REQUIRE(mkdirat(base_fd, "out", 0755) == 0);
	if (!with_things)
		return;
	touch("out/f");
	REQUIRE(mkdirat(base_fd, "out/d", 0755) == 0);
	touch("out/d/f");
	REQUIRE(symlinkat("..", base_fd, "out/l") == 0);
}

/* What comes after the manifest, as one frame. */
static void
compress_rest(struct dlb_buf *stream)
{
	struct dlb_reader r;
	uint8_t frame[4096];
	size_t head, n;

	dlb_reader_init(&r, stream->data, stream->len);
	head = dlb_read_u32(&r);
	if (r.failed || head > dlb_reader_left(&r)
		|| stream->len - 4 - head > 3000)
		return;
	head += 4;
	n = ZSTD_compress(frame, sizeof(frame), stream->data + head,
		stream->len - head, 1);
	REQUIRE(!ZSTD_isError(n));
	stream->len = head;
	REQUIRE(dlb_buf_append(stream, frame, n) == DLB_OK);
}

static enum dlb_status
unpack(const struct dlb_buf *stream, const struct dlb_unpack_options *options,
	size_t piece)
{
	struct dlb_unpack *u = NULL;
	struct dlb_error err;
	uint64_t files, bytes;
	char first[4096], summary[256];
	enum dlb_status s;
	size_t at = 0;

	REQUIRE(dlb_unpack_open(&u, options, &err) == DLB_OK);
	for (s = DLB_OK; s == DLB_OK && at < stream->len; at += piece)
		s = dlb_unpack_write(u, stream->data + at,
			stream->len - at < piece ? stream->len - at : piece,
			&err);
	if (s == DLB_OK)
		s = dlb_unpack_finish(
			u, &files, &bytes, first, sizeof(first), &err);
	if (s == DLB_OK) {
		dlb_summary_of(dlb_unpack_manifest(u), summary);
		REQUIRE(dlb_utf8_valid(summary, strlen(summary)));
	}
	dlb_unpack_close(u);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dlb_unpack_options options = {.fd = -1, .label = "00ff"};
	struct dlb_buf stream = {0};
	enum dlb_status s;
	uint8_t how;

	if (!base[0])
		prepare();
	if (len < 1)
		return 0;
	how = data[0];
	REQUIRE(dlb_buf_append(&stream, data + 1, len - 1) == DLB_OK);
	if (how & 8)
		compress_rest(&stream);
	options.content_len = how & 4 ? UINT64_MAX : stream.len;
	options.overwrite = how & 2;
	if (how & 1)
		options.fd = null_fd;
	else
		options.directory = out;
	fresh_target(options.overwrite);
	s = unpack(&stream, &options, 1 + (size_t)(how >> 4) * 7);
	REQUIRE(entries(base) == 1);
	if (s != DLB_OK && !options.overwrite)
		REQUIRE(entries(out) == 0);
	REQUIRE(faccessat(base_fd, "out/.dlb-partial-00ff", F_OK,
			AT_SYMLINK_NOFOLLOW)
		!= 0);
	dlb_buf_free(&stream);
	return 0;
}
